//! JSON Schemas as tables.

use super::tokens::{ident, number, option};
use super::types::{automaton, most};
use crate::contract::schema::{Check, Members, Schema, Test};
use crate::contract::types::Limit;
use crate::pattern;
use crate::plan::RulePlan;
use crate::schema::{anywhere, digits};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeMap;

/// ```ignore
/// /// `address.json`
/// pub static ADDRESS_JSON: rt::Schema = rt::Schema { rules: &[&[rt::SchemaCheck { … }]], root: 0 };
/// ```
pub(crate) fn items(rule: &RulePlan, schema: &Schema) -> Vec<TokenStream> {
    let (doc, name) = (format!(" `{}`", schema.name), ident(&rule.ident));
    let mut patterns: BTreeMap<&str, Ident> = BTreeMap::new();
    for pattern in schema.rules.iter().flatten().flat_map(|check| written(&check.test)) {
        let next = format_ident!("{}_PATTERN_{}", rule.ident, patterns.len());
        patterns.entry(pattern).or_insert(next);
    }
    let tables = patterns.iter().filter_map(|(written, ident)| {
        let doc = format!(" `/{written}/` anywhere in a text, as an automaton over bytes.");
        Some(automaton(ident, &doc, &pattern::table(&anywhere(written)).ok()?))
    });
    let mut items: Vec<TokenStream> = tables.collect();
    let rules = schema.rules.iter().map(|checks| {
        let checks = checks.iter().map(|check| self::check(check, &patterns));
        quote!(&[#(#checks),*])
    });
    let root = number(schema.root);
    items.push(quote! {
        #[doc = #doc]
        pub static #name: rt::Schema = rt::Schema { rules: &[#(#rules),*], root: #root };
    });
    items
}

/// The patterns that a test writes.
fn written(test: &Test) -> Vec<&str> {
    match test {
        Test::Pattern(pattern) => vec![pattern],
        Test::Members(members) => {
            members.patterns.iter().map(|(pattern, _)| pattern.as_str()).collect()
        }
        _ => Vec::new(),
    }
}

fn check(check: &Check, patterns: &BTreeMap<&str, Ident>) -> TokenStream {
    let (test, expected) = (test(&check.test, patterns), &check.expected);
    quote!(rt::SchemaCheck { test: rt::SchemaTest::#test, expected: #expected })
}

fn test(test: &Test, patterns: &BTreeMap<&str, Ident>) -> TokenStream {
    match test {
        Test::Never => quote!(Never),
        Test::Kinds(kinds) => {
            let bits = number(kinds.0);
            quote!(Kinds(#bits))
        }
        Test::OneOf(values) => {
            let values = values.iter().map(crate::contract::types::Const::json);
            quote!(OneOf(&[#(#values),*]))
        }
        Test::Least(limit) => bound("Least", limit),
        Test::Most(limit) => bound("Most", limit),
        Test::Multiple(limit) => {
            let (digits, scale) = (number(limit.digits), number(limit.scale));
            quote!(Multiple(#digits, #scale))
        }
        Test::Length(least, top) => counted("Length", *least, *top),
        Test::Count(least, top) => counted("Count", *least, *top),
        Test::Size(least, top) => counted("Size", *least, *top),
        Test::Pattern(pattern) => {
            let table = patterns.get(pattern.as_str());
            quote!(Pattern(&#table))
        }
        Test::Unique => quote!(Unique),
        Test::Elements(first, rest) => {
            let (first, rest) = (places(first), place(*rest));
            quote!(Elements(#first, #rest))
        }
        Test::Contains(one, least, top) => {
            let (one, least, top) = (number(one), number(least), most(*top));
            quote!(Contains(#one, #least, #top))
        }
        Test::Required(names) => quote!(Required(&[#(#names),*])),
        Test::Needs(name, names) => quote!(Needs(#name, &[#(#names),*])),
        Test::Members(members) => self::members(members, patterns),
        Test::Names(_) | Test::All(_) | Test::Any(_) | Test::One(_) => of_rules(test),
        Test::Not(_) | Test::If(..) | Test::Depends(..) => of_rules(test),
    }
}

/// Tests that ask other rules.
fn of_rules(test: &Test) -> TokenStream {
    match test {
        Test::Names(one) => {
            let one = number(one);
            quote!(Names(#one))
        }
        Test::All(all) => {
            let all = places(all);
            quote!(All(#all))
        }
        Test::Any(all) => {
            let all = places(all);
            quote!(Any(#all))
        }
        Test::One(all) => {
            let all = places(all);
            quote!(One(#all))
        }
        Test::Not(one) => {
            let one = number(one);
            quote!(Not(#one))
        }
        Test::If(test, then, other) => {
            let (test, then, other) = (number(test), place(*then), place(*other));
            quote!(If(#test, #then, #other))
        }
        Test::Depends(name, one) => {
            let one = number(one);
            quote!(Depends(#name, #one))
        }
        _ => quote!(Never),
    }
}

fn members(members: &Members, patterns: &BTreeMap<&str, Ident>) -> TokenStream {
    let named = members.named.iter().map(|(name, rule)| {
        let rule = number(rule);
        quote!((#name, #rule))
    });
    let matching = members.patterns.iter().map(|(pattern, rule)| {
        let (table, rule) = (patterns.get(pattern.as_str()), number(rule));
        quote!((&#table, #rule))
    });
    let rest = place(members.rest);
    quote!(Members(rt::SchemaMembers {
        named: &[#(#named),*],
        patterns: &[#(#matching),*],
        rest: #rest,
    }))
}

fn bound(kind: &str, limit: &Limit) -> TokenStream {
    let (kind, digits, inclusive) = (ident(kind), digits(limit), limit.inclusive);
    quote!(#kind(#digits, #inclusive))
}

fn counted(kind: &str, least: u64, top: Option<u64>) -> TokenStream {
    let (kind, least, top) = (ident(kind), number(least), most(top));
    quote!(#kind(#least, #top))
}

fn places(rules: &[usize]) -> TokenStream {
    let rules = rules.iter().map(number);
    quote!(&[#(#rules),*])
}

fn place(rule: Option<usize>) -> TokenStream {
    option(rule.map(number))
}
