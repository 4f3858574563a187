//! Names in the style of the few, where most have another.

use super::walk;
use crate::contract::{Contract, Place};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Sources;
use gatewright_grammar::Span;
use std::collections::BTreeSet;

/// How many places one finding shows.
const SHOWN: usize = 5;

/// How many names make a style.
const CLEAR: usize = 3;

/// How words are put together in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Style {
    Snake,
    Camel,
    Pascal,
    Kebab,
}

impl Style {
    fn word(self) -> &'static str {
        match self {
            Style::Snake => "snake_case",
            Style::Camel => "camelCase",
            Style::Pascal => "PascalCase",
            Style::Kebab => "kebab-case",
        }
    }
}

pub(super) fn check(contract: &Contract, sources: &Sources, diagnostics: &mut Diagnostics) {
    let mut fields = BTreeSet::new();
    let mut parameters = BTreeSet::new();
    for version in &contract.versions {
        for endpoint in &version.endpoints {
            let mut see = |_: &_, field: Option<&crate::contract::types::Field>| {
                fields.extend(field.map(|field| (field.span, field.name.clone())));
            };
            walk::sent(version, endpoint, &mut see);
            walk::received(version, endpoint, &mut see);
            let queries = endpoint.params.iter().filter(|param| param.place == Place::Query);
            parameters.extend(queries.map(|param| (param.span, param.wire.clone())));
        }
    }
    told("fields", &fields, sources, diagnostics);
    told("query parameters", &parameters, sources, diagnostics);
}

/// One finding about all names that are not in the style of most.
fn told(
    what: &str,
    names: &BTreeSet<(Span, String)>,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) {
    let styled: Vec<(Style, Span, &str)> = names
        .iter()
        // A name in quotes is meant to be odd.
        .filter(|(span, _)| !begins(*span, "\"", sources))
        .filter_map(|(span, name)| Some((style(name)?, *span, name.as_str())))
        .collect();
    let count = |style| styled.iter().filter(|(other, ..)| *other == style).count();
    let styles: BTreeSet<Style> = styled.iter().map(|(style, ..)| *style).collect();
    let Some(most) = styles.into_iter().max_by_key(|style| count(*style)) else { return };
    let odd: Vec<_> = styled.iter().filter(|(style, ..)| *style != most).collect();
    // Without a clear majority there is no style to keep to.
    let clear = count(most) > odd.len() && count(most) >= CLEAR;
    let Some(((_, span, name), more)) = odd.split_first().filter(|_| clear) else { return };
    let label = |style: Style, name: &str| format!("`{name}` is {}", style.word());
    let odd_style = style(name).unwrap_or(most);
    let at = |span: Span, name: &str| written(span, name, sources);
    let mut diagnostic = Diagnostic::new(
        Code::MixedNaming,
        at(*span, name),
        format!("most {what} are {}, and `{name}` is not", most.word()),
    )
    .label(format!("{}, as {} of {}", odd_style.word(), odd.len(), styled.len()));
    for (style, span, name) in more.iter().take(SHOWN) {
        diagnostic = diagnostic.see(at(*span, name), label(*style, name));
    }
    let diagnostic = diagnostic.note("callers guess names by the ones they know");
    diagnostics.push(diagnostic.help(format!("write `{}`", converted(name, most))));
}

/// The name alone, where it begins what `span` holds.
fn written(span: Span, name: &str, sources: &Sources) -> Span {
    let length = u32::try_from(name.len()).unwrap_or(0);
    if begins(span, name, sources) {
        Span { end: span.start.saturating_add(length), ..span }
    } else {
        span
    }
}

fn begins(span: Span, name: &str, sources: &Sources) -> bool {
    let text = sources.get(span.file).and_then(|source| source.text.get(span.range()));
    text.is_some_and(|text| text.starts_with(name))
}

/// The style of a name; nothing for a single word in lower case, which fits to each.
fn style(name: &str) -> Option<Style> {
    let name = name.trim_start_matches('_');
    let upper = name.contains(|c: char| c.is_ascii_uppercase());
    let lower = name.contains(|c: char| c.is_ascii_lowercase());
    match name {
        _ if name.contains('-') => Some(Style::Kebab),
        _ if name.contains('_') => Some(Style::Snake),
        _ if !upper || !lower => None,
        _ if name.starts_with(|c: char| c.is_ascii_uppercase()) => Some(Style::Pascal),
        _ => Some(Style::Camel),
    }
}

/// `shipTo` as `ship_to`
fn converted(name: &str, style: Style) -> String {
    let mut words: Vec<String> = vec![String::new()];
    for c in name.chars() {
        if c == '_' || c == '-' {
            words.push(String::new());
            continue;
        }
        let begins = c.is_ascii_uppercase()
            && words.last().is_some_and(|word| word.ends_with(|c: char| !c.is_ascii_uppercase()));
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    let words: Vec<String> =
        words.iter().filter(|word| !word.is_empty()).map(|word| word.to_lowercase()).collect();
    let capital = |word: &String| {
        let mut chars = word.chars();
        chars.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(chars).collect::<String>()
    };
    match style {
        Style::Snake => words.join("_"),
        Style::Kebab => words.join("-"),
        Style::Pascal => words.iter().map(capital).collect(),
        Style::Camel => {
            let rest = words.iter().skip(1).map(capital);
            words.first().cloned().into_iter().chain(rest).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Style, converted, style};

    #[test]
    fn names_have_a_style_if_they_have_two_words() {
        let styles = ["id", "ship_to", "shipTo", "ShipTo", "ship-to", "SKU", "_links", "zip2"];
        assert_eq!(
            styles.map(style),
            [
                None,
                Some(Style::Snake),
                Some(Style::Camel),
                Some(Style::Pascal),
                Some(Style::Kebab),
                None,
                None,
                None,
            ]
        );
    }

    #[test]
    fn names_are_converted_word_by_word() {
        assert_eq!(converted("shipToName", Style::Snake), "ship_to_name");
        assert_eq!(converted("HTMLText", Style::Kebab), "htmltext");
        assert_eq!(converted("ship_to", Style::Camel), "shipTo");
        assert_eq!(converted("ship-to", Style::Pascal), "ShipTo");
    }
}
