//! JSON Schemas of files: read into rules, compared, and shown by values.

mod accept;
mod compare;
mod json;
mod keywords;
mod made;
mod read;
#[cfg(test)]
mod tests;

pub(crate) use accept::accepts;
pub(crate) use compare::included;
pub(crate) use made::{example, outside};
pub(crate) use read::{anywhere, digits};

use crate::contract::schema::Schema;
use crate::contract::types::Const;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{LOCK, Schema as Found, Sources};
use gatewright_grammar::tree::StringLit;
use gatewright_grammar::{FileId, Span};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A value that `schema` refuses, one of those that show it best.
pub(crate) fn refused(schema: &Schema) -> Const {
    let values =
        [Const::Null, Const::Bool(true), Const::Number("0".to_owned()), Const::Text(String::new())];
    let more = [Const::List(Vec::new()), Const::Record(Vec::new())];
    let refused = values.into_iter().chain(more).find(|value| accepts(schema, value).is_err());
    refused.unwrap_or(Const::Null)
}

/// The schemas that a contract names, each read once.
#[derive(Debug)]
pub(crate) struct Schemas<'s> {
    sources: &'s Sources,
    /// By the file that names it and its path.
    read: RefCell<BTreeMap<(FileId, String), Known>>,
}

/// A schema; nothing if it was refused.
type Known = Option<Arc<Schema>>;

impl<'s> Schemas<'s> {
    pub(crate) fn new(sources: &'s Sources) -> Self {
        Self { sources, read: RefCell::default() }
    }

    /// The schema of `json(schema "path")`; nothing and a finding, the first time, if it cannot be had.
    pub(crate) fn named(
        &self,
        path: &StringLit,
        diagnostics: &mut Diagnostics,
    ) -> Option<Arc<Schema>> {
        let key = (path.span.file, path.value.clone());
        if let Some(known) = self.read.borrow().get(&key) {
            return known.clone();
        }
        let found = self.find(path, diagnostics).map(Arc::new);
        self.read.borrow_mut().insert(key, found.clone());
        found
    }

    fn find(&self, path: &StringLit, diagnostics: &mut Diagnostics) -> Option<Schema> {
        // A lock holds the schema itself, as it was when it was published.
        if path.span.file == LOCK {
            let place = |_: std::ops::Range<usize>| path.span;
            return read::schema("schema", &path.value, &place, diagnostics);
        }
        let (file, found) = self.sources.schema_at(self.sources.unit(path.span.file), &path.value);
        match found {
            Found::Text(source) => {
                let place = |at: std::ops::Range<usize>| Span::new(file, at.start, at.end);
                let mut own = Diagnostics::default();
                let schema = read::schema(&path.value, &source.text, &place, &mut own);
                let named =
                    own.into_sorted().into_iter().map(|one| one.see(path.span, "named here"));
                diagnostics.extend(named);
                schema
            }
            other => {
                diagnostics.push(nowhere(path, other));
                None
            }
        }
    }

    /// A schema as the lock writes it: all of it in the place of its path.
    pub(crate) fn inlined(&self, path: &StringLit) -> Option<String> {
        let schema = self.named(path, &mut Diagnostics::default())?;
        Some(schema.text.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

fn nowhere(path: &StringLit, found: &Found) -> Diagnostic {
    let finding = |message: String| Diagnostic::new(Code::InvalidSchema, path.span, message);
    let name = &path.value;
    match found {
        Found::Text(_) | Found::Missing => finding(format!("there is no file `{name}`"))
            .label("nothing is there, seen from the directory of this file"),
        Found::Unreadable => finding(format!("`{name}` cannot be read as text"))
            .label("a file in UTF-8 was expected here"),
        Found::Outside => finding(format!("`{name}` lies outside of the contract's directory"))
            .label("a schema belongs to the contract that names it")
            .help("put the file into the directory of this contract, or below it"),
        Found::TooLarge => finding(format!("`{name}` is larger than a schema may be"))
            .label("1 MB at most")
            .help("leave out what this contract does not use"),
    }
}
