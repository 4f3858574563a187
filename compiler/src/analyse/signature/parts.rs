//! Segments of a path that are texts with parameters between them: `{id}.json`.

use super::{Request, add, path_param, percent_decode};
use crate::analyse::types::Resolver;
use crate::contract::endpoint::{Place, RouteSegment, Shape};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{Ident, Segment, SegmentPart};

/// Adds a segment to the route, and its parameters to the request.
pub(super) fn segment(
    request: &mut Request,
    segment: &Segment,
    resolver: &mut Resolver<'_>,
) -> Option<()> {
    let shape = shape(segment, resolver.diagnostics)?;
    let at = request.route.len();
    let mut params = Vec::new();
    let mut whole = true;
    for part in &segment.parts {
        // One for the rest of a path has a finding of its own.
        let SegmentPart::Param { name, ty, span, rest: false } = part else { continue };
        let place = Place::Part(at, params.len());
        params.push(request.params.len());
        let param = path_param(name, ty.as_ref(), (place, *span), resolver);
        let added = param.and_then(|param| add(&mut request.params, param, resolver.diagnostics));
        whole &= added.is_some();
    }
    request.route.push(RouteSegment::Parts(shape, params));
    whole.then_some(())
}

/// The texts around the parameters of a segment; nothing and a finding where two of them touch.
fn shape(segment: &Segment, diagnostics: &mut Diagnostics) -> Option<Shape> {
    let mut shape = Shape { before: String::new(), between: Vec::new(), after: String::new() };
    let mut text = String::new();
    let mut first: Option<Span> = None;
    for part in &segment.parts {
        match part {
            SegmentPart::Text(literal) => text.push_str(&decoded(literal, diagnostics)?),
            SegmentPart::Param { rest: true, .. } => return None,
            SegmentPart::Param { span, .. } => {
                match first {
                    None => shape.before = std::mem::take(&mut text),
                    Some(first) if text.is_empty() => {
                        diagnostics.push(touching(*span, first));
                        return None;
                    }
                    Some(_) => shape.between.push(std::mem::take(&mut text)),
                }
                first = Some(*span);
            }
        }
    }
    shape.after = text;
    Some(shape)
}

fn decoded(text: &Ident, diagnostics: &mut Diagnostics) -> Option<String> {
    let decoded = percent_decode(&text.text);
    if decoded.is_none() {
        diagnostics.push(
            Diagnostic::new(Code::InvalidPath, text.span, "this segment can never be asked for")
                .label("what is percent-encoded is no UTF-8"),
        );
    }
    decoded
}

fn touching(span: Span, first: Span) -> Diagnostic {
    Diagnostic::new(Code::InvalidPath, span, "nothing stands between two parameters")
        .label("nobody can say where this one begins")
        .see(first, "and the one before it ends")
        .help("write a text between them, or give each a segment of its own: `{a}-{b}`, `{a}/{b}`")
}
