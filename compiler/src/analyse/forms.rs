//! Bodies that are sent as the fields of a form.

use super::types::Resolver;
use crate::contract::endpoint::{FormField, FormKind};
use crate::contract::types::{Kind, Rule, Scalar, Type};
use crate::diagnostic::{Code, Diagnostic};
use gatewright_grammar::Span;

/// The fields of a form of type `ty`, which stands at `span`; nothing and findings if some of it
/// has no spelling in a form.
pub(crate) fn fields(ty: &Type, span: Span, resolver: &mut Resolver<'_>) -> Option<Vec<FormField>> {
    let Kind::Record(id) = &ty.kind else {
        resolver.diagnostics.push(
            Diagnostic::new(Code::InvalidParameter, span, "a form is a record")
                .label("its fields are what the form has")
                .help(
                    "declare a type with the fields: `type Login { user: text, password: text }`",
                ),
        );
        return None;
    };
    let record = resolver.types.record(*id).clone();
    let mut fields = Some(Vec::new());
    for field in &record.fields {
        let spelled = match &field.ty.kind {
            _ if field.ty.nullable => None,
            Kind::Scalar(scalar) => Some((scalar, false)),
            Kind::List(element, _) => match &element.kind {
                Kind::Scalar(scalar) if !element.nullable => Some((scalar, true)),
                _ => None,
            },
            _ => None,
        };
        let Some((scalar, list)) = spelled else {
            let message = format!("`{}` has no spelling in a form", field.name);
            resolver.diagnostics.push(
                Diagnostic::new(Code::InvalidParameter, field.span, message)
                    .label("a field of a form is a text, number or boolean, or a list of them")
                    .see(span, "this form")
                    .help("take the body as JSON: leave `form` out"),
            );
            fields = None;
            continue;
        };
        let field = FormField {
            name: field.name.clone(),
            kind: kind(scalar),
            list,
            required: !field.optional && field.default.is_none(),
        };
        fields = fields.map(|mut fields| {
            fields.push(field);
            fields
        });
    }
    fields
}

fn kind(scalar: &Scalar) -> FormKind {
    match scalar.rule {
        // What JSON holds as a text is a text to the reader of the body.
        Rule::Text(_) | Rule::Enum(_) | Rule::AsText(_) => FormKind::Text,
        Rule::Number(_) => FormKind::Number,
        Rule::Bool => FormKind::Boolean,
    }
}
