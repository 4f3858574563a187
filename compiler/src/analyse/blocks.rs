//! What a block can say once, and what only an edit can say.

use super::backends::repeated;
use super::edits::same_clause;
use super::limits;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    Api, ApiMemberKind, Change, Clause, ClauseKind, EndpointMember, EndpointMemberKind, File,
    ItemKind, VersionMember, VersionMemberKind,
};

/// Reports what blocks say twice.
pub(crate) fn check(files: &[File], diagnostics: &mut Diagnostics) {
    for item in files.iter().flat_map(|file| &file.items) {
        match &item.kind {
            ItemKind::Api(api) => self::api(api, diagnostics),
            ItemKind::Version(version) => members(&version.members, diagnostics),
            ItemKind::Policy(policy) => {
                let once = policy.clauses.iter().map(|one| (Once::Clause(one), one.span));
                report(once, diagnostics);
            }
            _ => {}
        }
    }
}

/// What stands in a block, as far as it can stand there once.
#[derive(Clone, Copy)]
enum Once<'t> {
    Word(&'static str),
    Clause(&'t Clause),
    Header(&'t str),
}

impl Once<'_> {
    fn same(self, other: Once<'_>) -> bool {
        match (self, other) {
            (Once::Word(a), Once::Word(b)) => a == b,
            (Once::Clause(a), Once::Clause(b)) => match (&a.kind, &b.kind) {
                // `limit none` stands beside others: they are all that holds.
                (ClauseKind::Limit(a), ClauseKind::Limit(b)) => limits::key(a) == limits::key(b),
                _ => same_clause(a, b),
            },
            (Once::Header(a), Once::Header(b)) => a.eq_ignore_ascii_case(b),
            _ => false,
        }
    }

    fn word(self) -> String {
        match self {
            Once::Word(word) => word.to_owned(),
            Once::Header(name) => format!("reply header {name}"),
            Once::Clause(clause) => word(clause).to_owned(),
        }
    }
}

/// The words that a clause begins with.
pub(crate) fn word(clause: &Clause) -> &'static str {
    match &clause.kind {
        ClauseKind::Public => "public",
        ClauseKind::Auth { .. } => "auth",
        ClauseKind::Limit(_) => "limit",
        ClauseKind::Timeout(_) => "timeout",
        ClauseKind::Cache(_) => "cache",
        ClauseKind::MaxBody(_) => "max_body",
        ClauseKind::Cors(_) => "cors",
        ClauseKind::Compress(_) => "compress",
        ClauseKind::Unknown { params: true, .. } => "unknown params",
        ClauseKind::Unknown { params: false, .. } => "unknown fields",
        ClauseKind::Use(_) => "use",
    }
}

fn report<'t>(block: impl Iterator<Item = (Once<'t>, Span)>, diagnostics: &mut Diagnostics) {
    let mut seen: Vec<(Once<'_>, Span)> = Vec::new();
    for (new, span) in block {
        match seen.iter().find(|(old, _)| old.same(new)) {
            Some((_, first)) => diagnostics.push(repeated(&new.word(), span, *first)),
            None => seen.push((new, span)),
        }
    }
}

fn api(api: &Api, diagnostics: &mut Diagnostics) {
    let once = api.members.iter().filter_map(|member| {
        let once = match &member.kind {
            ApiMemberKind::Owner(_) => Once::Word("owner"),
            ApiMemberKind::Versions(_) => Once::Word("versions"),
            ApiMemberKind::Errors(_) => Once::Word("errors"),
            ApiMemberKind::Published { .. } => Once::Word("published"),
            ApiMemberKind::Notice(_) => Once::Word("notice"),
            ApiMemberKind::InFlight(_) => Once::Word("in flight"),
            ApiMemberKind::Store(_) => Once::Word("store"),
            ApiMemberKind::Clause(clause) => Once::Clause(clause),
            ApiMemberKind::Bad => return None,
        };
        Some((once, member.span))
    });
    report(once, diagnostics);
}

fn members(members: &[VersionMember], diagnostics: &mut Diagnostics) {
    let once = members.iter().filter_map(|member| match &member.kind {
        VersionMemberKind::Clause(clause) => Some((Once::Clause(clause), member.span)),
        VersionMemberKind::Deprecated(_) => Some((Once::Word("deprecated"), member.span)),
        _ => None,
    });
    report(once, diagnostics);
    for member in members {
        match &member.kind {
            VersionMemberKind::Under { members, .. } => self::members(members, diagnostics),
            VersionMemberKind::Endpoint(endpoint) => {
                work(&endpoint.members, diagnostics);
                nothing_inherited(&endpoint.members, diagnostics);
            }
            VersionMemberKind::Change(Change::Endpoint { members, .. }) => {
                work(members, diagnostics);
            }
            _ => {}
        }
    }
}

fn work(members: &[EndpointMember], diagnostics: &mut Diagnostics) {
    let once = members.iter().filter_map(|member| {
        let once = match &member.kind {
            EndpointMemberKind::Clause(clause) => Once::Clause(clause),
            EndpointMemberKind::Deprecated(_) => Once::Word("deprecated"),
            EndpointMemberKind::Reply { name, .. } => Once::Header(&name.text),
            _ => return None,
        };
        Some((once, member.span))
    });
    report(once, diagnostics);
}

fn nothing_inherited(members: &[EndpointMember], diagnostics: &mut Diagnostics) {
    for member in members {
        let EndpointMemberKind::Remove(kind, name) = &member.kind else { continue };
        let message = format!("there is no {} `{}` to remove", kind.text, name.text);
        diagnostics.push(
            Diagnostic::new(Code::NothingToChange, member.span, message)
                .label("this endpoint is declared here, and inherits nothing")
                .fix("delete this line", member.span, ""),
        );
    }
}
