//! Texts and lists of a body that callers may make as long as the body.

use super::walk;
use crate::contract::types::{Enumeration, Kind, Rest, Rule, Type};
use crate::contract::{Contract, Endpoint, Version};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;

pub(super) fn check(contract: &Contract, diagnostics: &mut Diagnostics) {
    for version in &contract.versions {
        for endpoint in &version.endpoints {
            body(version, endpoint, diagnostics);
        }
    }
}

/// One finding about each body: the first place without a bound, and the others beside it.
fn body(version: &Version, endpoint: &Endpoint, diagnostics: &mut Diagnostics) {
    let mut found: Vec<(Span, String)> = Vec::new();
    walk::received(version, endpoint, &mut |ty, field| {
        if let Some(way_out) = unbounded(ty)
            && found.iter().all(|(span, _)| *span != ty.span)
        {
            let name = field.map_or("the body".to_owned(), |field| format!("`{}`", field.name));
            found.push((ty.span, format!("{name}: {way_out}")));
        }
    });
    let mut found = found.into_iter();
    let Some((span, first)) = found.next() else { return };
    let (name, way_out) = first.split_once(": ").unwrap_or((&first, ""));
    let mut diagnostic = Diagnostic::new(
        Code::UnboundedInput,
        span,
        format!("callers may make {name} as long as they like"),
    )
    .label("no upper bound");
    for (span, text) in found {
        let (name, _) = text.split_once(": ").unwrap_or((&text, ""));
        diagnostic = diagnostic.see(span, format!("{name} has none either"));
    }
    diagnostics.push(
        diagnostic
            .note(format!(
                "only the size of the whole body is limited, to {}",
                size(endpoint.max_body)
            ))
            .note("after publishing, a bound is breaking for callers who send more")
            .help(format!("say how long it can be: {way_out}")),
    );
}

/// An example of what bounds the type, if nothing does.
fn unbounded(ty: &Type) -> Option<&'static str> {
    match &ty.kind {
        Kind::List(_, bounds) if bounds.max.is_none() => Some("`[…](..50)`"),
        Kind::Map(map) if map.bounds.max.is_none() => match &map.key.rule {
            // There are no more keys than the enum has values.
            Rule::Enum(Enumeration { rest: Rest::Closed | Rest::Becomes(_), .. }) => None,
            _ => Some("`[…: …](..50)`"),
        },
        Kind::Scalar(scalar) => match &scalar.rule {
            Rule::Text(text) => {
                let bare = text.max.is_none() && text.pattern.is_none() && text.format.is_none();
                bare.then_some("`text(..200)`")
            }
            _ => None,
        },
        _ => None,
    }
}

/// `64KB`
fn size(bytes: u64) -> String {
    match bytes {
        _ if bytes > 0 && bytes.is_multiple_of(1 << 20) => format!("{}MB", bytes >> 20),
        _ if bytes > 0 && bytes.is_multiple_of(1 << 10) => format!("{}KB", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
}
