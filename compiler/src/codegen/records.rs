//! Records that a version reads in several places, and what writes them.

use super::scope::Scope;
use super::tokens::{ident, mentions};
use super::{answer, reader};
use crate::plan::{RecordPlan, VersionPlan, WriterPlan};
use proc_macro2::TokenStream;
use quote::quote;

/// ```ignore
/// /// A `Product`, as it is read.
/// pub struct Product<'a> { … }
///
/// /// Writes a `Product`.
/// pub fn write_product(value: &Product<'_>, out: &mut rt::Writer) -> Result<(), rt::Error> { … }
/// ```
pub(crate) fn items(plan: &VersionPlan) -> Vec<TokenStream> {
    let records: Vec<TokenStream> = plan.records.iter().flat_map(|one| record(plan, one)).collect();
    let mut items = Vec::new();
    for module in ["records", "types"] {
        if records.iter().any(|item| mentions(item, module)) {
            let module = ident(module);
            items.push(quote!(use super::#module;));
        }
    }
    if !records.is_empty() {
        items.push(quote!(
            use gatewright_runtime::codegen as rt;
        ));
    }
    items.extend(records);
    items
}

fn record(plan: &VersionPlan, record: &RecordPlan) -> Vec<TokenStream> {
    let Some(endpoint) = plan.endpoints.get(record.endpoint) else { return Vec::new() };
    let node = record.node.0 as usize;
    let doc = format!(" A `{}`, as it is read.", record.ident);
    let mut items = reader::record(endpoint, node, &doc, &quote!(pub));
    items.extend(record.writers.iter().filter_map(|one| writer(plan, record, one)));
    items
}

fn writer(plan: &VersionPlan, record: &RecordPlan, writer: &WriterPlan) -> Option<TokenStream> {
    let endpoint = plan.endpoints.get(writer.endpoint)?;
    let doc = format!(" Writes a `{}`.", record.ident);
    let write = ident(&writer.ident);
    let ty = reader::value_type(endpoint, writer.node.0 as usize, &quote!('_));
    let scope = Scope::lent(endpoint, writer.node);
    let members = answer::members(&writer.members, &scope);
    Some(quote! {
        #[doc = #doc]
        pub fn #write(value: &#ty, out: &mut rt::Writer) -> Result<(), rt::Error> {
            #members
            Ok(())
        }
    })
}
