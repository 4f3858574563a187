//! What is read of results and bodies: a struct of borrowed texts per record, and its reader.

use super::tokens::{ident, number};
use crate::contract::work::{NodeId, Parent};
use crate::plan::{EndpointPlan, ReadPlan, ShapePlan};
use proc_macro2::TokenStream;
use quote::quote;

/// Structs and readers of every record the endpoint reads.
pub(crate) fn structs(plan: &EndpointPlan) -> Vec<TokenStream> {
    let mut items = Vec::new();
    for (at, shape) in plan.shapes.iter().enumerate() {
        if !shape.shared && is_read(plan, at) {
            let doc = format!(" What is read of `{}`.", place(plan, at));
            items.extend(record(plan, at, &doc, &TokenStream::new()));
        }
    }
    items
}

/// The struct and reader of a record, with this documentation and visibility.
pub(crate) fn record(
    plan: &EndpointPlan,
    node: usize,
    doc: &str,
    visible: &TokenStream,
) -> Vec<TokenStream> {
    let Some(ReadPlan::Record(name, fields)) = plan.shapes.get(node).map(|shape| &shape.read)
    else {
        return Vec::new();
    };
    let fields = fields.iter().filter_map(|at| Some((*at, plan.shapes.get(*at)?)));
    let fields: Vec<(usize, &ShapePlan)> = fields.collect();
    let structure = structure(plan, (name, doc), &fields, visible);
    vec![structure, implementation(plan, (node, name), &fields, visible)]
}

/// The path of a record's struct.
fn path(shape: &ShapePlan, name: &str) -> TokenStream {
    let name = ident(name);
    if shape.shared { quote!(records::#name) } else { quote!(#name) }
}

/// Whether anything reads the whole that `node` is a part of. The body of a failed answer is read
/// only where a handler asks for it; a request body always.
fn is_read(plan: &EndpointPlan, node: usize) -> bool {
    is_sent(plan, node) || plan.shapes.get(node).is_some_and(|shape| shape.used)
}

/// Whether `node` is a part of what callers send.
fn is_sent(plan: &EndpointPlan, node: usize) -> bool {
    let id = NodeId(u32::try_from(node).unwrap_or(u32::MAX));
    matches!(plan.work.root(id), Parent::Body | Parent::Claims(_))
}

/// The fields that are held: what nobody reads is checked and dropped.
fn held<'s>(fields: &[(usize, &'s ShapePlan)]) -> Vec<(usize, &'s ShapePlan)> {
    fields.iter().filter(|(_, shape)| shape.used).copied().collect()
}

/// Whether a record's struct borrows anything.
fn borrows(plan: &EndpointPlan, node: usize) -> bool {
    let Some(shape) = plan.shapes.get(node) else { return false };
    match &shape.read {
        ReadPlan::Record(_, fields) => {
            shape.raw
                || fields.iter().any(|field| {
                    plan.shapes.get(*field).is_some_and(|shape| shape.used) && borrows(plan, *field)
                })
        }
        ReadPlan::List(_, element) => shape.raw || borrows(plan, *element),
        _ => true,
    }
}

/// Whether the struct of a record has a lifetime: whether one of its fields borrows.
fn has_lifetime(plan: &EndpointPlan, fields: &[(usize, &ShapePlan)]) -> bool {
    held(fields).iter().any(|(at, _)| borrows(plan, *at))
}

/// ```ignore
/// /// What is read of `item`.
/// struct Item<'a> {
///     id: rt::Raw<'a>,
///     pricing: rt::Maybe<ItemPricing<'a>>,
/// }
/// ```
fn structure(
    plan: &EndpointPlan,
    (name, doc): (&str, &str),
    fields: &[(usize, &ShapePlan)],
    visible: &TokenStream,
) -> TokenStream {
    let lifetime = has_lifetime(plan, fields).then(|| quote!(<'a>));
    let name = ident(name);
    let held = held(fields);
    if held.is_empty() {
        return quote!(#[doc = #doc] #visible struct #name;);
    }
    let fields = held.iter().map(|(at, shape)| {
        let field = ident(&shape.field);
        let ty = slot_type(plan, *at, &quote!('a));
        let doc = format!(" Its `{}`.", shape.field);
        let doc = (!visible.is_empty()).then(|| quote!(#[doc = #doc]));
        quote!(#doc #visible #field: #ty)
    });
    quote! {
        #[doc = #doc]
        #visible struct #name #lifetime {
            #(#fields),*
        }
    }
}

/// `item.pricing`
fn place(plan: &EndpointPlan, node: usize) -> String {
    let Some(found) = plan.work.nodes.get(node) else { return String::new() };
    match &found.parent {
        Parent::Call(call) => plan.work.calls.get(*call).map_or("_", |call| &call.name).to_owned(),
        Parent::Body => "body".into(),
        Parent::Claims(at) => {
            plan.work.claims.get(*at).map_or_else(String::new, |claims| claims.name.clone())
        }
        Parent::ErrorBody(..) => "error".into(),
        Parent::Field(up, name) => format!("{}.{name}", place(plan, up.0 as usize)),
        Parent::Element(up) => format!("{}[]", place(plan, up.0 as usize)),
    }
}

/// The type of what is held of a node, a `Maybe` where it can be missing.
fn slot_type(plan: &EndpointPlan, node: usize, lifetime: &TokenStream) -> TokenStream {
    let ty = value_type(plan, node, lifetime);
    match plan.shapes.get(node) {
        Some(shape) if shape.maybe() => quote!(rt::Maybe<#ty>),
        _ => ty,
    }
}

/// The type of what is held of a node.
pub(crate) fn value_type(plan: &EndpointPlan, node: usize, lifetime: &TokenStream) -> TokenStream {
    let Some(shape) = plan.shapes.get(node) else { return quote!(()) };
    let ty = match &shape.read {
        ReadPlan::Record(name, fields) => {
            let name = path(shape, name);
            let fields: Vec<(usize, &ShapePlan)> = fields
                .iter()
                .filter_map(|at| plan.shapes.get(*at).map(|shape| (*at, shape)))
                .collect();
            let lifetime = has_lifetime(plan, &fields).then(|| quote!(<#lifetime>));
            quote!(#name #lifetime)
        }
        ReadPlan::List(_, element) => {
            let element = slot_type(plan, *element, lifetime);
            quote!(Vec<#element>)
        }
        _ => return quote!(rt::Raw<#lifetime>),
    };
    if shape.raw { quote!((rt::Raw<#lifetime>, #ty)) } else { ty }
}

/// ```ignore
/// impl<'a> Item<'a> {
///     fn read(reader: &mut rt::Reader<'a>) -> rt::Read<Self> {
///         let mut slot_id = rt::Maybe::Absent;
///         let mut slot_pricing = rt::Maybe::Absent;
///         let mut object = reader.object()?;
///         while let Some(place) = reader.member(&mut object, &["id", "pricing"])? {
///             match place {
///                 0 => { reader.leaf(&mut slot_id, types::sku)?; }
///                 _ => { reader.field(&mut slot_pricing, ItemPricing::read)?; }
///             }
///         }
///         let slot_id = reader.required_leaf(&object, slot_id, "id");
///         let slot_pricing = reader.required(&object, slot_pricing, "pricing");
///         Ok(Self { id: slot_id?, pricing: slot_pricing? })
///     }
/// }
/// ```
fn implementation(
    plan: &EndpointPlan,
    (node, name): (usize, &str),
    fields: &[(usize, &ShapePlan)],
    visible: &TokenStream,
) -> TokenStream {
    let name = ident(name);
    let (outer, inner) = match has_lifetime(plan, fields) {
        true => (quote!(<'a>), quote!('a)),
        false => (TokenStream::new(), quote!('_)),
    };
    let self_type = if has_lifetime(plan, fields) { quote!(#name<'a>) } else { quote!(#name) };
    let slots = fields.iter().map(|(_, shape)| slot(shape));
    let names = fields.iter().map(|(_, shape)| &shape.wire);
    let body = members(plan, fields);
    let lenient = plan.ignore_fields && is_sent(plan, node);
    let member = if lenient { quote!(member_of_any) } else { quote!(member) };
    let next = quote!(reader.#member(&mut object, &[#(#names),*])?);
    let each = match fields.len() {
        0 | 1 => quote!(while #next.is_some() { #body }),
        _ => quote!(while let Some(place) = #next { #body }),
    };
    let ends = fields.iter().map(|(at, shape)| {
        let (wire, slot) = (&shape.wire, slot(shape));
        let leaf = if is_leaf(shape) { "_leaf" } else { "" };
        let end = ident(&format!("{}{leaf}", end(shape)));
        let fill = shape.default.as_ref().map(|json| {
            let read = reader(plan, *at);
            let nullable = shape.null_ok;
            quote!(let #slot = reader.fill(#slot, (#json, #nullable), #read);)
        });
        quote!(#fill let #slot = reader.#end(&object, #slot, #wire);)
    });
    let checked = fields.iter().filter(|(_, shape)| !shape.used).map(|(_, shape)| slot(shape));
    let value = construct(fields);
    let doc = (!visible.is_empty()).then(|| quote!(#[doc = " Reads one."]));
    quote! {
        impl #outer #self_type {
            #doc
            #visible fn read(reader: &mut rt::Reader<#inner>) -> rt::Read<Self> {
                #(let mut #slots = rt::Maybe::Absent;)*
                let mut object = reader.object()?;
                #each
                #(#ends)*
                #(#checked?;)*
                Ok(#value)
            }
        }
    }
}

/// What reads the member at `place`. The last field needs no number: only known members come.
fn members(plan: &EndpointPlan, fields: &[(usize, &ShapePlan)]) -> TokenStream {
    let mut reads: Vec<TokenStream> = fields
        .iter()
        .map(|(at, shape)| {
            let (slot, read) = (slot(shape), reader(plan, *at));
            let field = if is_leaf(shape) { quote!(leaf) } else { quote!(field) };
            quote!(reader.#field(&mut #slot, #read)?;)
        })
        .collect();
    let Some(last) = reads.pop() else { return TokenStream::new() };
    if reads.is_empty() {
        return last;
    }
    let places = (0..reads.len()).map(number);
    quote! {
        match place {
            #(#places => { #reads })*
            _ => { #last }
        }
    }
}

/// Whether a node is one value, held as its text.
fn is_leaf(shape: &ShapePlan) -> bool {
    !matches!(shape.read, ReadPlan::Record(..) | ReadPlan::List(..))
}

fn construct(fields: &[(usize, &ShapePlan)]) -> TokenStream {
    let held = held(fields);
    if held.is_empty() {
        return quote!(Self);
    }
    let fields = held.iter().map(|(_, shape)| {
        let (field, slot) = (ident(&shape.field), slot(shape));
        quote!(#field: #slot?)
    });
    quote!(Self { #(#fields),* })
}

/// The local of a field while its record is read: never one of the reader's own.
fn slot(shape: &ShapePlan) -> proc_macro2::Ident {
    ident(&format!("slot_{}", shape.field))
}

/// What the contract promises of a field, as a method of the reader.
fn end(shape: &ShapePlan) -> &'static str {
    match (shape.absent_ok, shape.null_ok) {
        (false, false) => "required",
        (true, false) => "optional",
        (false, true) => "nullable",
        (true, true) => "either",
    }
}

/// A function that reads the value of a node.
pub(crate) fn reader(plan: &EndpointPlan, node: usize) -> TokenStream {
    let Some(shape) = plan.shapes.get(node) else { return quote!(rt::Reader::any) };
    let read = match &shape.read {
        ReadPlan::Any => return quote!(rt::Reader::any),
        ReadPlan::Scalar => return quote!(rt::Reader::scalar),
        ReadPlan::Boolean => return quote!(rt::Reader::boolean),
        ReadPlan::Rule(name) => {
            let name = ident(name);
            return quote!(types::#name);
        }
        ReadPlan::Record(name, _) => {
            let name = path(shape, name);
            quote!(#name::read)
        }
        ReadPlan::Flat(rule, element) => {
            let (rule, element) = (ident(rule), ident(element));
            return quote!(|reader| reader.flat(&types::#rule, types::#element));
        }
        ReadPlan::Forms(tables) => {
            let tables = tables.iter().map(|table| ident(table));
            return quote!(|reader| reader.forms(&[#(&types::#tables),*]));
        }
        ReadPlan::List(rule, element) => {
            let rule = ident(rule);
            let element = or_null(plan, *element);
            quote!(|reader| reader.list(&types::#rule, #element))
        }
    };
    match shape.forms.as_slice() {
        [] => {}
        [form] => {
            let form = ident(&form.reader);
            return quote!(|reader| reader.parts_of(types::#form, #read));
        }
        forms => {
            let tables = forms.iter().map(|form| ident(&form.ident));
            let whole = quote!(|reader| reader.forms(&[#(&types::#tables),*]));
            return quote!(|reader| reader.parts_of(#whole, #read));
        }
    }
    if shape.raw { quote!(|reader| reader.raw_of(#read)) } else { read }
}

/// A function that reads the value of a node that may be null.
fn or_null(plan: &EndpointPlan, node: usize) -> TokenStream {
    let read = reader(plan, node);
    match plan.shapes.get(node) {
        Some(shape) if shape.null_ok => quote!(|reader| reader.or_null(#read)),
        _ => read,
    }
}

/// The type of a whole result, inside a function.
pub(crate) fn root_type(plan: &EndpointPlan, node: usize) -> TokenStream {
    let ty = value_type(plan, node, &quote!('_));
    match plan.shapes.get(node) {
        Some(shape) if shape.null_ok => quote!(rt::Maybe<#ty>),
        _ => ty,
    }
}

/// A function that reads a whole result or body.
pub(crate) fn root_reader(plan: &EndpointPlan, node: usize) -> TokenStream {
    or_null(plan, node)
}
