//! What a backend says about itself, passed on to callers.

use super::Places;
use crate::contract::types::{Kind, Rule, Type, Types};
use crate::contract::work::{Build, Operand, Parent, ReplyValue, TextPart};
use crate::contract::{Endpoint, Problem};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    EndpointMemberKind, Entry, EntryKind, Outcome, TailKind, ValueKind,
};

/// Header fields that hold addresses.
const ADDRESSES: [&str; 4] = ["location", "content-location", "link", "refresh"];

pub(super) fn check(
    (types, errors): (&Types, &[Problem]),
    endpoint: &Endpoint,
    places: &Places<'_>,
    diagnostics: &mut Diagnostics,
) {
    for member in &places.tree.members {
        match &member.kind {
            EndpointMemberKind::Call(call) => {
                for tail in &call.tails {
                    let (TailKind::On(_, outcome) | TailKind::Else(outcome)) = &tail.kind else {
                        continue;
                    };
                    let Outcome::Fail(name, Some(members)) = outcome else { continue };
                    let problem = errors.iter().find(|problem| problem.name == name.text);
                    let Some(problem) = problem else { continue };
                    let entries = members.entries.iter();
                    let found = entries.filter_map(|entry| passed_on(types, problem, entry));
                    found.for_each(|one| diagnostics.push(error_text(one, &call.backend.text)));
                }
            }
            EndpointMemberKind::Reply { name, value, .. } => {
                if let Some(backend) = whole_address(endpoint, &name.text) {
                    diagnostics.push(address(value.span, &name.text, backend));
                }
            }
            _ => {}
        }
    }
}

/// A member of an error that takes free text of a failed call's answer: entry, declaration.
fn passed_on(types: &Types, problem: &Problem, entry: &Entry) -> Option<(Span, Span)> {
    let EntryKind::Field(name, value) = &entry.kind else { return None };
    let ValueKind::Ref(reference) = &value.kind else { return None };
    let first = reference.steps.first().filter(|_| !reference.of_element)?;
    if first.name.text != "error" {
        return None;
    }
    let fields = &types.record(problem.members?).fields;
    let field = fields.iter().find(|field| field.name == name.text)?;
    is_free(&field.ty).then_some((value.span, field.span))
}

/// Whether any text is a value of `ty`.
fn is_free(ty: &Type) -> bool {
    match &ty.kind {
        Kind::Json => true,
        Kind::Scalar(scalar) => match &scalar.rule {
            Rule::Text(text) => text.pattern.is_none() && text.format.is_none(),
            _ => false,
        },
        _ => false,
    }
}

fn error_text((value, field): (Span, Span), backend: &str) -> Diagnostic {
    Diagnostic::new(
        Code::ExposedText,
        value,
        format!("callers read what `{backend}` says about its failure"),
    )
    .label("passed on as it is")
    .see(field, "any text fits here")
    .note("error texts name hosts, tables and versions, and change without notice")
    .help("take a code with a pattern or an enum: `reason: enum { gone moved ... }`")
    .help("or write the text here: `detail: \"The item was sold meanwhile\"`")
}

/// The call whose result is the whole value of the header field `name` of the answer.
fn whole_address<'e>(endpoint: &'e Endpoint, name: &str) -> Option<&'e str> {
    if !ADDRESSES.iter().any(|other| name.eq_ignore_ascii_case(other)) {
        return None;
    }
    let node = match &endpoint.work.reply.iter().find(|reply| reply.name == name)?.value {
        ReplyValue::Text(text) => match text.parts.as_slice() {
            [TextPart::Value(Operand::Node(node))] => node,
            _ => return None,
        },
        ReplyValue::Typed { build: Build::Copy(Operand::Node(node)), .. } => node,
        ReplyValue::Typed { .. } => return None,
    };
    let Parent::Call(call) = endpoint.work.root(*node) else { return None };
    endpoint.work.calls.get(*call).map(|call| call.name.as_str())
}

fn address(value: Span, header: &str, call: &str) -> Diagnostic {
    Diagnostic::new(Code::ExposedText, value, format!("callers get an address that `{call}` made"))
        .label(format!("`{header}` as the backend writes it"))
        .note("a backend knows its own host and paths, not those of this gateway")
        .help("write the address that callers use: `\"/v1/orders/{order.id}\"`")
}
