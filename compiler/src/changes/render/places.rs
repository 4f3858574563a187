//! Where changes stand, in lines and columns: lines are looked for once in each text.

use super::Texts;
use crate::source::Sources;
use gatewright_grammar::{FileId, Span};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Places in the texts of both sides.
pub(super) struct Places<'s> {
    pub(super) old: Lines<'s>,
    pub(super) new: Lines<'s>,
}

/// Places in the texts of one side.
pub(super) struct Lines<'s> {
    sources: &'s Sources,
    starts: RefCell<HashMap<FileId, Rc<Vec<usize>>>>,
}

impl<'s> Places<'s> {
    pub(super) fn of(texts: Texts<'s>) -> Self {
        let lines = |sources| Lines { sources, starts: RefCell::default() };
        Self { old: lines(texts.old), new: lines(texts.new) }
    }
}

impl<'s> Lines<'s> {
    /// Label, line and column, both from 1.
    pub(super) fn place(&self, span: Span) -> Option<(&'s str, usize, usize)> {
        let source = self.sources.get(span.file)?;
        let text = source.text.as_str();
        let mut starts = self.starts.borrow_mut();
        let starts = starts.entry(span.file).or_insert_with(|| {
            let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
            Rc::new(std::iter::once(0).chain(breaks).collect())
        });
        let at = span.range().start.min(text.len());
        let line = starts.partition_point(|start| *start <= at);
        let start = line.checked_sub(1).and_then(|line| starts.get(line)).copied().unwrap_or(0);
        let column = text.get(start..at).unwrap_or_default().chars().count() + 1;
        Some((&source.label, line, column))
    }

    /// `shop.api:6:33`
    pub(super) fn text(&self, span: Option<Span>) -> Option<String> {
        let (label, line, column) = self.place(span?)?;
        Some(format!("{label}:{line}:{column}"))
    }
}
