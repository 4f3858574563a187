//! Rules that the endpoints of a version share, and their readers.

use super::tokens::{ident, number, option};
use super::{forms, schemas};
use crate::contract::endpoint::Shape;
use crate::contract::types::{Format, Limit, Number, NumberKind, Rest, Rule, Text};
use crate::pattern::{self, Table};
use crate::plan::{FormPlan, RuleKind, RulePlan};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// The items of a version's `types` module.
pub(crate) fn items(rules: &[RulePlan], forms: &[FormPlan]) -> Vec<TokenStream> {
    let mut items = Vec::new();
    if !rules.is_empty() || !forms.is_empty() {
        items.push(quote!(
            use gatewright_runtime::codegen as rt;
        ));
    }
    for rule in rules {
        match &rule.kind {
            RuleKind::Scalar(Rule::Bool) => {}
            RuleKind::Scalar(Rule::Text(text)) => {
                items.extend(table(rule, text));
                items.push(text_rule(rule, text));
                items.extend(reader(rule, "text"));
            }
            RuleKind::Scalar(Rule::Number(digits)) => {
                items.push(number_rule(rule, digits));
                items.extend(reader(rule, "number"));
            }
            RuleKind::Scalar(Rule::Enum(values)) => {
                let values_list: Vec<&str> =
                    values.values.iter().map(|(_, wire)| wire.as_str()).collect();
                items.push(enum_rule(rule, &values_list, &values.rest));
                items.extend(reader(rule, "one_of"));
            }
            RuleKind::Scalar(Rule::AsText(inner)) => {
                items.push(as_text(rule, inner, rules));
                items.extend(reader(rule, "as_text"));
            }
            RuleKind::List { .. } => items.push(list_rule(rule)),
            RuleKind::Shape(shape) => items.push(segment(rule, shape)),
            RuleKind::Schema(schema) => items.extend(schemas::items(rule, schema)),
        }
    }
    items.extend(forms.iter().flat_map(forms::items));
    items
}

/// ```ignore
/// /// `{}.json`
/// pub static SEGMENT_JSON: rt::Shape = rt::Shape { before: "", between: &[], after: ".json" };
/// ```
fn segment(rule: &RulePlan, shape: &Shape) -> TokenStream {
    let (doc, name) = (doc(rule), ident(&rule.ident));
    let Shape { before, between, after } = shape;
    quote! {
        #[doc = #doc]
        pub static #name: rt::Shape =
            rt::Shape { before: #before, between: &[#(#between),*], after: #after };
    }
}

fn pattern_ident(rule: &RulePlan) -> Ident {
    format_ident!("{}_PATTERN", rule.ident)
}

/// ```ignore
/// /// `/p_[a-z0-9]{8}/` as an automaton over bytes.
/// static SKU_PATTERN: rt::Pattern = rt::Pattern { … };
/// ```
fn table(rule: &RulePlan, text: &Text) -> Option<TokenStream> {
    let pattern = text.pattern.as_ref()?;
    let doc = format!(" `/{pattern}/` as an automaton over bytes.");
    Some(automaton(&pattern_ident(rule), &doc, &pattern::table(pattern).ok()?))
}

/// The static of an automaton.
pub(super) fn automaton(ident: &Ident, doc: &str, table: &Table) -> TokenStream {
    let classes = table.classes.iter().map(number);
    let transitions = table.transitions.iter().map(number);
    let accepting = table.accepting.iter().map(number);
    let (stride, start) = (number(table.stride), number(table.start));
    quote! {
        #[doc = #doc]
        static #ident: rt::Pattern = rt::Pattern {
            classes: &[#(#classes),*],
            stride: #stride,
            transitions: &[#(#transitions),*],
            start: #start,
            dead: 0,
            accepting: &[#(#accepting),*],
        };
    }
}

/// ```ignore
/// /// `text(1..200)`
/// pub static TEXT_1_200: rt::TextRule = rt::TextRule { min: 1, max: 200, … };
/// ```
fn text_rule(rule: &RulePlan, text: &Text) -> TokenStream {
    let (doc, name, expected) = (doc(rule), ident(&rule.ident), &rule.expected);
    let (min, max) = (number(text.min), most(text.max));
    let pattern = option(text.pattern.as_ref().map(|_| {
        let table = pattern_ident(rule);
        quote!(&#table)
    }));
    let format = option(text.format.map(|format| {
        let variant = ident(format_name(format));
        quote!(rt::Format::#variant)
    }));
    quote! {
        #[doc = #doc]
        pub static #name: rt::TextRule = rt::TextRule {
            min: #min,
            max: #max,
            pattern: #pattern,
            format: #format,
            expected: #expected,
        };
    }
}

fn doc(rule: &RulePlan) -> String {
    format!(" `{}`", rule.expected)
}

pub(super) fn most(value: Option<u64>) -> TokenStream {
    match value {
        Some(value) => number(value),
        None => quote!(usize::MAX),
    }
}

fn format_name(format: Format) -> &'static str {
    match format {
        Format::Date => "Date",
        Format::Instant => "Instant",
        Format::Duration => "Duration",
        Format::Uuid => "Uuid",
        Format::Email => "Email",
        Format::Url => "Url",
        Format::Bytes => "Bytes",
    }
}

/// ```ignore
/// /// `int(1..5)`
/// pub static INT_1_5: rt::NumberRule = rt::NumberRule { kind: rt::NumberKind::Int, … };
/// ```
fn number_rule(rule: &RulePlan, rule_of: &Number) -> TokenStream {
    let (doc, name, expected) = (doc(rule), ident(&rule.ident), &rule.expected);
    let kind = match rule_of.kind {
        NumberKind::Int => quote!(rt::NumberKind::Int),
        NumberKind::Int64 => quote!(rt::NumberKind::Int64),
        NumberKind::Number => quote!(rt::NumberKind::Number),
        NumberKind::Decimal(precision, scale) => {
            let (precision, scale) = (number(precision), number(scale));
            quote!(rt::NumberKind::Decimal { precision: #precision, scale: #scale })
        }
    };
    let (min, max) = (bound(rule_of.min), bound(rule_of.max));
    quote! {
        #[doc = #doc]
        pub static #name: rt::NumberRule =
            rt::NumberRule { kind: #kind, min: #min, max: #max, expected: #expected };
    }
}

fn bound(limit: Option<Limit>) -> TokenStream {
    option(limit.map(|Limit { digits, scale, inclusive }| {
        let (digits, scale) = (number(digits), number(scale));
        quote!(rt::Bound { digits: #digits, scale: #scale, inclusive: #inclusive })
    }))
}

/// ```ignore
/// /// `Currency`
/// pub static CURRENCY: rt::EnumRule = rt::EnumRule { values: &["EUR", "USD"], … };
/// ```
fn enum_rule(rule: &RulePlan, values: &[&str], rest: &Rest) -> TokenStream {
    let (doc, name, expected) = (doc(rule), ident(&rule.ident), &rule.expected);
    let other = match rest {
        Rest::Closed => quote!(rt::Other::Refused),
        Rest::Open => quote!(rt::Other::Kept),
        Rest::Becomes(wire) => {
            let json = serde_json::Value::from(wire.as_str()).to_string();
            quote!(rt::Other::Becomes(#json))
        }
    };
    quote! {
        #[doc = #doc]
        pub static #name: rt::EnumRule =
            rt::EnumRule { values: &[#(#values),*], other: #other, expected: #expected };
    }
}

/// ```ignore
/// /// `int as text`
/// pub static INT_AS_TEXT: rt::AsText = rt::AsText { form: &rt::Form::Number(&INT), … };
/// ```
fn as_text(rule: &RulePlan, inner: &Rule, rules: &[RulePlan]) -> TokenStream {
    let (doc, name, expected) = (doc(rule), ident(&rule.ident), &rule.expected);
    let same = |one: &&RulePlan| one.kind == RuleKind::Scalar(inner.clone());
    let form = match rules.iter().find(same) {
        Some(number) => {
            let number = ident(&number.ident);
            quote!(rt::Form::Number(&#number))
        }
        None => quote!(rt::Form::Boolean),
    };
    quote! {
        #[doc = #doc]
        pub static #name: rt::AsText = rt::AsText { form: &#form, expected: #expected };
    }
}

/// ```ignore
/// /// a list of at most 3 elements
/// pub static LIST_0_3: rt::ListRule = rt::ListRule { min: 0, max: 3, … };
/// ```
fn list_rule(rule: &RulePlan) -> TokenStream {
    let RuleKind::List { min, max, unique, keep } = &rule.kind else { return TokenStream::new() };
    let (doc, name, expected) = (format!(" {}", rule.expected), ident(&rule.ident), &rule.expected);
    let (min, max, keep) = (number(min), most(*max), most(*keep));
    quote! {
        #[doc = #doc]
        pub static #name: rt::ListRule = rt::ListRule {
            min: #min,
            max: #max,
            unique: #unique,
            keep: #keep,
            expected: #expected,
        };
    }
}

/// ```ignore
/// /// Reads a `Sku`.
/// pub fn sku<'a>(reader: &mut rt::Reader<'a>) -> rt::Read<rt::Raw<'a>> {
///     reader.text(&SKU)
/// }
/// ```
fn reader(rule: &RulePlan, method: &str) -> Option<TokenStream> {
    let (rule_ident, name, method) = (ident(&rule.ident), ident(&rule.reader), ident(method));
    let doc = format!(" Reads `{}`.", rule.expected);
    rule.read.then(|| {
        quote! {
            #[doc = #doc]
            pub fn #name<'a>(reader: &mut rt::Reader<'a>) -> rt::Read<rt::Raw<'a>> {
                reader.#method(&#rule_ident)
            }
        }
    })
}
