//! Findings about text of another directory use the names that are written there.

use super::{Known, Units};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Sources, Unit};

/// Words the findings as the readers of each file know the names, and takes back warnings that
/// only tell the authors of another directory something about it.
pub(crate) fn localise(units: &Units, sources: &Sources, found: &mut Vec<Diagnostic>) {
    found.retain(|one| {
        let unit = sources.unit(one.primary.span.file);
        let theirs = unit != Unit(0) && is_theirs(one.code);
        !theirs && !units.follows(unit, one, sources)
    });
    for one in found {
        let Some(known) = units.units.get(&sources.unit(one.primary.span.file)) else { continue };
        let words = units.words(known);
        let helps = one.helps.iter_mut().flat_map(|help| {
            let fix = help.fix.as_mut().map(|fix| &mut fix.replacement);
            [&mut help.text].into_iter().chain(fix)
        });
        let labels = one.secondary.iter_mut().map(|label| &mut label.text);
        let texts = [&mut one.message, &mut one.primary.text].into_iter();
        for text in texts.chain(&mut one.notes).chain(labels).chain(helps) {
            for (from, to) in &words {
                *text = replaced(text, from, to);
            }
        }
    }
}

/// Whether a finding says that there is nothing of a name.
fn is_about_a_name(code: Code) -> bool {
    matches!(
        code,
        Code::UnknownBackend
            | Code::UnknownType
            | Code::UnknownError
            | Code::UnknownPolicy
            | Code::UnknownName
            | Code::NothingToChange
    )
}

/// Whether a warning is about how a directory is written, and not about what is built of it.
fn is_theirs(code: Code) -> bool {
    matches!(
        code,
        Code::UnusedAllow
            | Code::UnusedBackend
            | Code::UnusedField
            | Code::UnusedParameter
            | Code::UnusedPolicy
            | Code::UnusedError
            | Code::UnusedType
            | Code::MixedNaming
    )
}

impl Units {
    /// Whether a finding is only there because an import was refused.
    fn follows(&self, unit: Unit, one: &Diagnostic, sources: &Sources) -> bool {
        let refused = self.units.get(&unit).map_or(&[][..], |known| &known.refused);
        if refused.is_empty() || !is_about_a_name(one.code) {
            return false;
        }
        let span = one.primary.span;
        let text = sources.get(span.file).and_then(|source| source.text.get(span.range()));
        let first = text.and_then(|text| text.trim_start_matches('.').split_once('.'));
        first.is_some_and(|(first, _)| refused.iter().any(|name| name == first))
    }

    /// What stands before names in the contract, and what the unit `known` writes instead; longer
    /// ones first.
    fn words(&self, known: &Known) -> Vec<(String, String)> {
        let mut words: Vec<(String, String)> = Vec::new();
        if !known.prefix.is_empty() {
            words.push((known.prefix.clone(), String::new()));
        }
        for (name, to) in &known.imports {
            let prefix = self.prefix(*to);
            if !prefix.is_empty() && prefix != format!("{}.", name.text) {
                words.push((prefix.to_owned(), format!("{}.", name.text)));
            }
        }
        words.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
        words
    }
}

/// `text` with `from` replaced where a name begins.
fn replaced(text: &str, from: &str, to: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut end = 0;
    for (at, _) in text.match_indices(from) {
        let before = text.get(..at).unwrap_or_default();
        let inside = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '/' | '.');
        let begins = before.ends_with("...") || !before.ends_with(inside);
        if begins && at >= end {
            result.push_str(text.get(end..at).unwrap_or_default());
            result.push_str(to);
            end = at + from.len();
        }
    }
    result.push_str(text.get(end..).unwrap_or_default());
    result
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn only_the_beginning_of_a_name_is_replaced() {
        assert_eq!(
            replaced("`shared.Money` and [shared.Money]", "shared.", ""),
            "`Money` and [Money]"
        );
        assert_eq!(replaced("`unshared.Money`", "shared.", ""), "`unshared.Money`");
        assert_eq!(replaced("shared.shared.T", "shared.", ""), "shared.T");
    }
}
