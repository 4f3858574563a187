//! Declared types as tables, and their readers.

use super::tokens::{ident, number, option};
use crate::plan::{FieldPlan, FormExpr, FormKind, FormPlan, FormSlot, VariantPlan};
use proc_macro2::TokenStream;
use quote::quote;

/// ```ignore
/// /// `Category`
/// pub static CATEGORY: rt::Form = rt::Form::Record(&[rt::FieldForm { name: "parent", form: &CATEGORY, … }]);
/// ```
pub(crate) fn items(plan: &FormPlan) -> Vec<TokenStream> {
    let (doc, name) = (format!(" `{}`", plan.spelling), ident(&plan.ident));
    let form = match &plan.kind {
        FormKind::Record(fields) => {
            let fields = self::fields(fields);
            quote!(rt::Form::Record(#fields))
        }
        FormKind::Union { tag, expected, variants } => {
            let variants = variants.iter().map(|one| variant(tag, one));
            quote!(rt::Form::Union(&rt::UnionForm {
                tag: #tag,
                expected: #expected,
                variants: &[#(#variants),*],
            }))
        }
        FormKind::Value(value) => form(value),
    };
    let table = quote! {
        #[doc = #doc]
        pub static #name: rt::Form = #form;
    };
    let whole = plan.read.then(|| reader(plan, &plan.reader, "form"));
    let any = plan.read_of_any.then(|| reader(plan, &plan.reader_of_any, "form_of_any"));
    [Some(table), whole, any].into_iter().flatten().collect()
}

/// ```ignore
/// /// Reads `Category`.
/// pub fn category<'a>(reader: &mut rt::Reader<'a>) -> rt::Read<rt::Raw<'a>> {
///     reader.form(&CATEGORY)
/// }
/// ```
fn reader(plan: &FormPlan, name: &str, method: &str) -> TokenStream {
    let doc = format!(" Reads `{}`.", plan.spelling);
    let (name, method, table) = (ident(name), ident(method), ident(&plan.ident));
    quote! {
        #[doc = #doc]
        pub fn #name<'a>(reader: &mut rt::Reader<'a>) -> rt::Read<rt::Raw<'a>> {
            reader.#method(&#table)
        }
    }
}

fn variant(tag: &str, plan: &VariantPlan) -> TokenStream {
    let name = &plan.name;
    let lead = format!("{}:{}", json(tag), json(name));
    let fields = fields(&plan.fields);
    quote!(rt::VariantForm { name: #name, lead: #lead, fields: #fields })
}

fn fields(fields: &[FieldPlan]) -> TokenStream {
    let fields = fields.iter().map(|field| {
        let FieldPlan { name, optional, nullable, .. } = field;
        let lead = format!("{}:", json(&field.written));
        let form = form(&field.form);
        let default = option(field.default.as_ref().map(|json| quote!(#json)));
        quote!(rt::FieldForm {
            name: #name,
            lead: #lead,
            form: &#form,
            optional: #optional,
            nullable: #nullable,
            default: #default,
        })
    });
    quote!(&[#(#fields),*])
}

/// A type in a table; one that has a table of its own is that.
fn form(plan: &FormExpr) -> TokenStream {
    let by = |kind: &str, rule: &str| {
        let (kind, rule) = (ident(kind), ident(rule));
        quote!(rt::Form::#kind(&#rule))
    };
    match plan {
        FormExpr::Any => quote!(rt::Form::Any),
        FormExpr::Boolean => quote!(rt::Form::Boolean),
        FormExpr::Text(rule) => by("Text", rule),
        FormExpr::Number(rule) => by("Number", rule),
        FormExpr::OneOf(rule) => by("OneOf", rule),
        FormExpr::AsText(rule) => by("AsText", rule),
        FormExpr::Schema(rule) => by("Schema", rule),
        FormExpr::List(rule, element) => {
            let (rule, element) = (ident(rule), slot(element));
            quote!(rt::Form::List(&#rule, #element))
        }
        FormExpr::Map { key, value, min, max, expected } => {
            let (key, value, min) = (form(key), slot(value), number(min));
            let max = max.map_or_else(|| quote!(usize::MAX), number);
            quote!(rt::Form::Map(&rt::MapForm {
                key: &#key,
                value: #value,
                min: #min,
                max: #max,
                expected: #expected,
            }))
        }
        FormExpr::Named(table) => {
            let table = ident(table);
            quote!(#table)
        }
    }
}

fn slot(plan: &FormSlot) -> TokenStream {
    let (form, nullable) = (form(&plan.form), plan.nullable);
    quote!(rt::Slot { form: &#form, nullable: #nullable })
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
