//! Findings mended: the edits that a machine can make, made.

use crate::analyse::analyse;
use crate::diagnostic::{Code, Diagnostic, Fix};
use crate::source::{Source, Sources, Unit};
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
            let own = |source: &&Source| source.unit == Unit::default();
            let source = sources.get(fix.span.file).filter(own)?;
            let replaced = source.text.get(fix.span.range())?;
            (replaced != fix.replacement).then_some(Offer { finding, text, fix })
        })
        .collect();
    offers.sort_by_key(|offer| offer.fix.span);
    let mut end: Option<Span> = None;
    offers.retain(|offer| {
        let span = offer.fix.span;
        let overlaps = end.is_some_and(|last: Span| {
            last.file == span.file
                && (span.start < last.end || (span.start == last.start && span.end == last.end))
        });
        if !overlaps {
            end = Some(span);
        }
        !overlaps
    });
    offers
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
    for offer in offers.iter().rev().filter(|offer| offer.fix.span.file == file) {
        text.replace_range(offer.fix.span.range(), &offer.fix.replacement);
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
