//! The `api` block, and what stands beside it at the top of files.

use super::limits;
use super::selection::Said;
use crate::contract::InFlight;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Sources;
use gatewright_grammar::tree::{self, ApiMemberKind, Clause, DurationLit, File, ItemKind};

/// What the `api` block says.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) name: String,
    pub(crate) doc: Vec<String>,
    /// How requests name a version.
    pub(crate) selection: Option<Said>,
    /// How long before its sunset a deprecation is announced.
    pub(crate) notice: Option<DurationLit>,
    pub(crate) clauses: Vec<Clause>,
    /// How many requests may be answered at once.
    pub(crate) in_flight: Option<InFlight>,
    /// What gateways count shared limits in, as it is written.
    pub(crate) store: Option<tree::Store>,
    /// `published additive`
    pub(crate) additive: bool,
}

/// The one `api` block of a contract.
pub(crate) fn api(files: &[File], diagnostics: &mut Diagnostics) -> Option<Api> {
    let blocks = files.iter().flat_map(|file| &file.items).filter_map(|item| match &item.kind {
        ItemKind::Api(api) => Some((item, api)),
        _ => None,
    });
    let mut first: Option<(&tree::Item, &tree::Api)> = None;
    for (item, api) in blocks {
        match first {
            None => first = Some((item, api)),
            Some((_, first)) => {
                diagnostics.push(super::duplicate("the API", api.name.span, first.name.span));
            }
        }
    }
    let Some((item, api)) = first else {
        missing(files, diagnostics);
        return None;
    };
    let mut found = Api {
        name: api.name.text.clone(),
        doc: item.doc.as_ref().map(|doc| doc.lines.clone()).unwrap_or_default(),
        selection: None,
        notice: None,
        clauses: Vec::new(),
        in_flight: None,
        store: None,
        additive: false,
    };
    for member in &api.members {
        api_member(&mut found, member, diagnostics);
    }
    Some(found)
}

/// A file that cannot be read may hold the block; then its own message is enough.
fn missing(files: &[File], diagnostics: &mut Diagnostics) {
    let bad = |item: &tree::Item| matches!(item.kind, ItemKind::Bad);
    if files.iter().flat_map(|file| &file.items).any(bad) {
        return;
    }
    let span = files.first().map(|file| file.span.at_start()).unwrap_or_default();
    diagnostics.push(
        Diagnostic::new(Code::MissingApi, span, "a contract needs an `api` block")
            .label("no file of this contract has one")
            .help("add `api shop { versions in path \"/v{n}\" }`"),
    );
}

fn api_member(api: &mut Api, member: &tree::ApiMember, diagnostics: &mut Diagnostics) {
    match &member.kind {
        ApiMemberKind::Versions(versions) => {
            api.selection.get_or_insert_with(|| Said::new(versions, member.span));
        }
        ApiMemberKind::Errors(word) if word.text != "problem" => diagnostics.push(
            Diagnostic::new(
                Code::InvalidClause,
                word.span,
                format!("`errors {}` does not exist", word.text),
            )
            .label("errors are answered as problem+json (RFC 9457)")
            .fix("write `problem`", word.span, "problem"),
        ),
        ApiMemberKind::Published { additive } => api.additive = *additive,
        ApiMemberKind::Notice(notice) => api.notice = Some(notice.clone()),
        ApiMemberKind::InFlight(in_flight) => {
            api.in_flight = limits::in_flight(in_flight, diagnostics);
        }
        ApiMemberKind::Store(store) => api.store = Some(store.clone()),
        ApiMemberKind::Clause(clause) => api.clauses.push(clause.clone()),
        ApiMemberKind::Owner(_) | ApiMemberKind::Errors(_) | ApiMemberKind::Bad => {}
    }
}

/// How callers select a version, as the contract says it or by default.
pub(crate) fn selection(files: &[File], sources: &Sources) -> String {
    let members = files.iter().flat_map(|file| &file.items).flat_map(|item| match &item.kind {
        ItemKind::Api(api) => api.members.as_slice(),
        _ => &[],
    });
    let written = members.filter(|member| matches!(member.kind, ApiMemberKind::Versions(_)));
    let mut text = written.filter_map(|member| {
        let source = sources.get(member.span.file)?;
        let words = source.text.get(member.span.range())?.split_whitespace();
        Some(words.collect::<Vec<_>>().join(" "))
    });
    text.next().unwrap_or_else(|| "versions in path \"/v{n}\"".to_owned())
}
