//! A path parameter without a type that a backend gets in a query or a header field.

use super::Places;
use crate::contract::work::{Call, QueryPart};
use crate::contract::{Endpoint, Place, visit};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::tree::SegmentPart;
use std::collections::BTreeSet;

pub(super) fn check(endpoint: &Endpoint, places: &Places<'_>, diagnostics: &mut Diagnostics) {
    let parts = places.tree.path.segments.iter().flat_map(|segment| &segment.parts);
    for part in parts {
        let SegmentPart::Param { name, ty: None, span, rest: false } = part else { continue };
        let of_path = |param: &&crate::contract::Param| {
            matches!(param.place, Place::Path(_) | Place::Part(..)) && param.name == name.text
        };
        let Some(index) = endpoint.params.iter().position(|param| of_path(&param)) else {
            continue;
        };
        let Some(call) = endpoint.work.calls.iter().find(|call| sent(call).contains(&index)) else {
            continue;
        };
        diagnostics.push(
            Diagnostic::new(
                Code::UntypedParameter,
                *span,
                format!(
                    "any text fits `{}`, and a backend gets it in a query or a header",
                    name.text
                ),
            )
            .label("no type")
            .see(call.span, "sent from here")
            .help(format!("say what it looks like: `{{{}: text(1..64)}}`", name.text)),
        );
    }
}

/// The parameters that `call` sends outside of its path and body.
fn sent(call: &Call) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let see = &mut |read: visit::Read| {
        if let visit::Read::Param(index) = read {
            found.insert(index);
        }
    };
    for part in &call.query {
        match part {
            QueryPart::Literal(_) => {}
            QueryPart::Value(_, one) | QueryPart::Each(_, one) => visit::operand(one, see),
            QueryPart::Text(_, one) => visit::text(one, see),
        }
    }
    call.headers.iter().for_each(|(_, one)| visit::text(one, see));
    found
}
