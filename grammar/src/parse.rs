//! From text to tree: runs the grammar and lowers what it found.

use pest::Parser;

use crate::diagnose::Diagnosis;
use crate::error::SyntaxError;
use crate::lower::Lower;
use crate::skim::{self, Brace};
use crate::span::{FileId, Span};
use crate::tree;

/// The generated parser. Its names stay in this crate.
pub(crate) mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "api.pest"]
    pub(crate) struct Grammar;
}

pub(crate) use grammar::{Grammar, Rule};

/// A text as tree, and what is wrong with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parse {
    /// What was written; mistakes are left out or `Bad`.
    pub file: tree::File,
    /// Mistakes in the order of the text. Empty: the whole text is in the tree.
    pub errors: Vec<SyntaxError>,
}

/// Reads `text`. Any text gives a tree; what is wrong with it is in [`Parse::errors`].
pub fn parse(file: FileId, text: &str) -> Parse {
    let skim = skim::skim(text);
    let shallow = skim.blot(text);
    let lone: Vec<Brace> = skim.brace.into_iter().collect();
    let first =
        attempt(text, &Diagnosis { file, text: &shallow, skim: &skim, lone: &lone, mended: false });
    if first.errors.is_empty() {
        return first;
    }
    // A brace without a partner breaks everything around it, so its block is read as the only mistake.
    match skim.mend(&shallow) {
        Some((mended, lone)) => attempt(
            text,
            &Diagnosis { file, text: &mended, skim: &skim, lone: &lone, mended: true },
        ),
        None => first,
    }
}

/// Reads what the diagnosis would look at: `text` with the same offsets, but for what would break more than itself.
fn attempt(text: &str, diagnosis: &Diagnosis<'_>) -> Parse {
    let file = diagnosis.file;
    let mut lower = Lower::new(file, text);
    let Ok(pairs) = Grammar::parse(Rule::file, diagnosis.text) else {
        return unreadable(file, text);
    };
    let tree = lower.file(pairs);
    let mut errors = lower.errors;
    errors.extend(diagnosis.errors(&lower.skipped));
    let told = |start: usize| errors.iter().any(|error| error.span.range().start == start);
    let deep = diagnosis.skim.deep.iter().map(|range| range.start);
    let untold: Vec<usize> = deep.filter(|&start| !told(start)).collect();
    errors.extend(
        untold.into_iter().map(|start| SyntaxError::too_deep(Span::new(file, start, start + 1))),
    );
    errors.sort_by_key(|error| error.span);
    Parse { file: tree, errors }
}

/// The grammar takes any text; what stops it is the room on the stack alone.
fn unreadable(file: FileId, text: &str) -> Parse {
    let span = Span::new(file, 0, text.len());
    let items = vec![tree::Item { kind: tree::ItemKind::Bad, doc: None, span }];
    let errors = vec![SyntaxError::too_deep(span.at_start())];
    Parse { file: tree::File { items, comments: Vec::new(), span }, errors }
}

#[cfg(test)]
mod shown;
