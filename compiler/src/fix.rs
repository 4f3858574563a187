//! Findings mended: the edits that a machine can make, made.

use crate::analyse::analyse;
use crate::diagnostic::{Code, Diagnostic, Fix};
use crate::source::{Sources, Unit};
use gatewright_grammar::{FileId, Span, line_column};

/// How often findings are looked for and mended: one edit can bring up what another can mend.
const ROUNDS: usize = 8;

/// How many edits of one round are tried one by one when all together break the text.
const ALONE: usize = 64;

/// A contract with its findings mended, as far as a machine can.
#[derive(Debug)]
pub struct Mended {
    /// The texts, under the same labels and in the same order.
    pub sources: Sources,
    /// What was done, in the order of doing.
    pub edits: Vec<Edit>,
}

/// An edit that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The finding that it mends.
    pub code: Code,
    /// What was done, in words: "write `catalog`".
    pub text: String,
    /// The label of the file.
    pub file: String,
    /// The line of the finding, from 1, in the text as it was when the edit was made.
    pub line: usize,
    /// Its column, from 1, in Unicode scalar values.
    pub column: usize,
}

/// Makes the edits that findings offer, until there are none left. Of edits that overlap, the
/// first is made, and the others are looked at again. No edit is kept that leads to text which
/// cannot be read.
pub fn mend(sources: &Sources) -> Mended {
    let mut mended = Mended { sources: sources.clone(), edits: Vec::new() };
    for _ in 0..ROUNDS {
        let found = analyse(&mended.sources).diagnostics;
        let offers = offers(&found, &mended.sources);
        let unread = unread(&found);
        let Some((sources, made)) = together(&mended.sources, &offers, unread) else { break };
        mended.edits.extend(made.iter().map(|offer| offer.edit(&mended.sources)));
        mended.sources = sources;
    }
    mended
}

/// A finding and the edit that mends it.
struct Offer<'f> {
    finding: &'f Diagnostic,
    text: &'f str,
    fix: &'f Fix,
}

impl Offer<'_> {
    fn edit(&self, sources: &Sources) -> Edit {
        let span = self.finding.primary.span;
        let source = sources.get(span.file);
        let text = source.map_or("", |source| source.text.as_str());
        let (line, column) = line_column(text, span.start as usize);
        Edit {
            code: self.finding.code,
            text: self.text.to_owned(),
            file: source.map_or_else(String::new, |source| source.label.clone()),
            line,
            column,
        }
    }
}

/// The first edit of each finding, in the order of the text, without those that overlap one
/// before them or lie outside of their file.
fn offers<'f>(found: &'f [Diagnostic], sources: &Sources) -> Vec<Offer<'f>> {
    let mut offers: Vec<Offer<'f>> = found
        .iter()
        .filter_map(|finding| {
            let mut helps = finding.helps.iter();
            let (text, fix) = helps.find_map(|help| Some((&help.text, help.fix.as_ref()?)))?;
            // What another directory says is for its authors to mend.
            let own = |span: Span| {
                let source = sources.get(span.file).filter(|one| one.unit == Unit::default());
                source.and_then(|source| source.text.get(span.range()))
            };
            let texts: Option<Vec<&str>> = fix.places().map(|(span, _)| own(span)).collect();
            let differs = texts?.into_iter().zip(fix.places()).any(|(old, (_, new))| old != new);
            differs.then_some(Offer { finding, text, fix })
        })
        .collect();
    // What follows from a broken promise is not mended to fit it.
    if offers.iter().any(|offer| offer.fix.is_tried) {
        offers.retain(|offer| offer.fix.is_tried);
    }
    offers.sort_by_key(|offer| offer.fix.span);
    let mut taken: Vec<Span> = Vec::new();
    offers.retain(|offer| {
        let free =
            offer.fix.places().all(|(span, _)| taken.iter().all(|other| !meet(span, *other)));
        if free {
            taken.extend(offer.fix.places().map(|(span, _)| span));
        }
        free
    });
    offers
}

/// Whether two edits cannot both be made: they share bytes, or insert at one place.
fn meet(one: Span, other: Span) -> bool {
    one.file == other.file
        && ((one.start < other.end && other.start < one.end)
            || (one.start == other.start && one.end == other.end))
}

/// The texts with all edits made, or with those that leave them readable; nothing if there are
/// none.
fn together<'o, 'f>(
    sources: &Sources,
    offers: &'o [Offer<'f>],
    unread: usize,
) -> Option<(Sources, Vec<&'o Offer<'f>>)> {
    if offers.is_empty() {
        return None;
    }
    let all: Vec<&Offer<'f>> = offers.iter().collect();
    let edited = edited(sources, &all);
    if self::unread(&analyse(&edited).diagnostics) <= unread {
        return Some((edited, all));
    }
    let mut kept: Vec<&Offer<'f>> = Vec::new();
    for offer in offers.iter().take(ALONE) {
        let tried = self::edited(sources, &[offer]);
        if self::unread(&analyse(&tried).diagnostics) <= unread {
            kept.push(offer);
        }
    }
    let edited = self::edited(sources, &kept);
    let fine = !kept.is_empty() && self::unread(&analyse(&edited).diagnostics) <= unread;
    fine.then_some((edited, kept))
}

/// How many findings are about text that cannot be read.
fn unread(found: &[Diagnostic]) -> usize {
    found.iter().filter(|one| one.code.is_about_text()).count()
}

/// The texts with edits made, the last first, so that places stay what they are.
fn edited(sources: &Sources, offers: &[&Offer<'_>]) -> Sources {
    sources.with_texts(|id, source| one(id, &source.text, offers))
}

fn one(file: FileId, text: &str, offers: &[&Offer<'_>]) -> String {
    let mut text = text.to_owned();
    let mut places: Vec<(Span, &str)> = offers.iter().flat_map(|one| one.fix.places()).collect();
    places.sort_by_key(|(span, _)| std::cmp::Reverse((span.start, span.end)));
    for (span, new) in places.into_iter().filter(|(span, _)| span.file == file) {
        text.replace_range(span.range(), new);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const API: &str = "api shop { }\nbackend catalog at \"http://catalog\" { timeout 300ms }\n";

    fn mended(text: &str) -> (String, Vec<String>) {
        let mut sources = Sources::new();
        sources.add("shop.api", format!("{API}{text}"));
        let mended = mend(&sources);
        let text = mended.sources.get(FileId(0)).expect("a text").text.clone();
        let edits = mended.edits.iter().map(|edit| {
            format!(
                "{}:{}:{} {}: {}",
                edit.file,
                edit.line,
                edit.column,
                edit.code.name(),
                edit.text
            )
        });
        (text.strip_prefix(API).unwrap_or(&text).to_owned(), edits.collect())
    }

    #[test]
    fn every_edit_is_made_and_told() {
        let (text, edits) = mended(
            "version 1 {\n  GET /items/{id: texts} -> { id: text } {\n    public\n    \
             item = catalogue GET /items/{idd}\n    return item\n  }\n}\n",
        );
        assert_eq!(
            text,
            "version 1 {\n  GET /items/{id: text} -> { id: text } {\n    public\n    \
             item = catalog GET /items/{id}\n    return item\n  }\n}\n"
        );
        assert_eq!(edits.len(), 3, "{edits:?}");
        assert!(edits.contains(&"shop.api:6:12 unknown-backend: write `catalog`".to_owned()));
    }

    #[test]
    fn what_is_fine_stays_as_it_is() {
        let text = "version 1 {\n  GET /health -> 204 { public }\n}\n";
        let with = format!("{API}{text}").replace("backend catalog", "backend promos");
        let mut sources = Sources::new();
        sources.add("shop.api", with);
        let mended = mend(&sources);
        assert_eq!(mended.edits.len(), 1, "the backend that is never called is deleted");
        assert_eq!(mend(&mended.sources).edits, [], "twice is as good as once");
    }
}
