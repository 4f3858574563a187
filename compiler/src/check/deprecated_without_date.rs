//! Callers that are told to leave, and neither by when nor where to.

use super::walk;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::tree::{ApiMemberKind, DurationLit, File, ItemKind};

pub(super) fn check(files: &[File], diagnostics: &mut Diagnostics) {
    let notice = notice(files);
    for deprecated in walk::deprecations(files) {
        if deprecated.sunset.is_some() {
            continue;
        }
        let somewhere = deprecated.successor.is_some() || deprecated.see.is_some();
        let diagnostic = match notice {
            Some(notice) => Diagnostic::new(
                Code::DeprecatedWithoutDate,
                deprecated.span,
                "this goes, and callers are not told when",
            )
            .label("no `sunset`")
            .see(notice.span, format!("a notice of {} is promised", notice.text)),
            None if somewhere => continue,
            None => Diagnostic::new(
                Code::DeprecatedWithoutDate,
                deprecated.span,
                "callers are told to leave, and neither by when nor where to",
            )
            .label("no `sunset`, no `use`, no `see`"),
        };
        diagnostics.push(
            diagnostic
                .help("say when: `sunset 2027-03-01`")
                .help("or say what takes its place: `use GET /products/{id}`, `see \"https://…\"`"),
        );
    }
}

/// The notice that the `api` block promises.
fn notice(files: &[File]) -> Option<&DurationLit> {
    let items = files.iter().flat_map(|file| &file.items);
    items
        .filter_map(|item| match &item.kind {
            ItemKind::Api(api) => Some(&api.members),
            _ => None,
        })
        .flatten()
        .find_map(|member| match &member.kind {
            ApiMemberKind::Notice(notice) => Some(notice),
            _ => None,
        })
}
