//! Generated Rust: modules as tokens, then as files.

mod access;
mod answer;
mod calls;
mod conditions;
mod cors;
mod endpoint;
mod forms;
pub mod layout;
mod lifecycle;
mod pass;
mod reach;
mod reader;
mod records;
mod response;
mod reuse;
mod root;
mod routes;
pub(crate) mod rust;
mod schemas;
mod scope;
mod smoke;
mod spread;
mod stream;
mod tokens;
mod types;
mod writes;

pub use self::reach::Reach;
use crate::plan::{Plan, VersionPlan};
use proc_macro2::TokenStream;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// A gateway as Rust modules.
#[derive(Clone, Debug, Default)]
pub struct Modules {
    /// The name of the API, `shop`.
    pub contract: String,
    /// What they were made from: `shop.api (sha256 …)`.
    pub origin: String,
    /// The digest of each version's code, SHA-256 in hexadecimal, by label, in contract order.
    pub digests: Vec<(String, String)>,
    /// Every module, in order.
    pub modules: Vec<Module>,
}

/// One module.
#[derive(Clone, Debug)]
pub struct Module {
    /// Its place: nothing for the crate's root, `v1`, or `v1` and `get_products_id`.
    pub path: Vec<String>,
    /// Its documentation, line by line, without the comment signs.
    pub doc: String,
    /// Its items as formatted Rust: `use` first, no `mod`.
    pub text: String,
}

impl Module {
    /// Formats the items, each of which parses alone. The tokens are let go: they take a hundred
    /// times the memory of their text.
    fn new(path: Vec<String>, doc: impl Into<String>, items: &[TokenStream]) -> Self {
        Self { path, doc: doc.into(), text: rust::items(items) }
    }
}

/// Writes a gateway as Rust modules. Equal plans give equal modules.
pub fn generate(plan: &Plan) -> Modules {
    let versions: Vec<Vec<Module>> = plan.versions.iter().map(version).collect();
    let both = plan.versions.iter().zip(&versions);
    let digests: Vec<String> = both.map(|(plan, modules)| digest(&alone(plan, modules))).collect();
    let mut modules = vec![
        Module::new(Vec::new(), root_doc(plan), &root::items(plan, &digests)),
        Module::new(
            vec!["upstreams".into()],
            "The services that the gateway calls.",
            &root::upstreams(&plan.upstreams),
        ),
    ];
    modules.extend(environment(plan));
    if !plan.schemes.is_empty() {
        modules.push(Module::new(
            vec!["schemes".into()],
            "How callers say who they are.",
            &access::schemes(&plan.schemes),
        ));
    }
    modules.extend(versions.into_iter().flatten());
    let labels = plan.versions.iter().map(|version| version.label.clone());
    let digests: Vec<(String, String)> = labels.zip(digests).collect();
    let names: Vec<String> = digests
        .iter()
        .map(|(label, digest)| {
            format!("{}/{label}@{}", plan.api, digest.get(..16).unwrap_or(digest))
        })
        .collect();
    Modules { contract: plan.api.clone(), origin: names.join(", "), digests, modules }
}

fn root_doc(plan: &Plan) -> String {
    let mut doc = format!("The gateway `{}`.", plan.name);
    if !plan.doc.is_empty() {
        doc = format!("{doc}\n\n{}", plan.doc.join("\n"));
    }
    doc
}

/// Where endpoints find variables, and what their texts must be; nothing if no endpoint takes one.
fn environment(plan: &Plan) -> Vec<Module> {
    let places = root::places(&plan.variables);
    if places.is_empty() {
        return Vec::new();
    }
    let path = vec!["variables".to_owned()];
    vec![
        Module::new(path.clone(), "The places of variables.", &places),
        Module::new(
            [path, vec!["types".to_owned()]].concat(),
            "Rules of the texts of variables.",
            &types::items(&plan.variable_rules, &[]),
        ),
    ]
}

/// The modules of one version.
fn version(plan: &VersionPlan) -> Vec<Module> {
    let path = |name: &str| vec![plan.module.clone(), name.to_owned()];
    let mut doc = format!("Version {}.", plan.label);
    if !plan.doc.is_empty() {
        doc = format!("{doc}\n\n{}", plan.doc.join("\n"));
    }
    let mut modules = vec![
        Module::new(vec![plan.module.clone()], doc, &root::version_items(plan)),
        Module::new(
            path("errors"),
            "Errors that the contract declares.",
            &root::errors(&plan.errors),
        ),
        Module::new(
            path("routes"),
            "Which request leads where.",
            &routes::items(&plan.routes, &plan.endpoints),
        ),
        Module::new(
            path("types"),
            "Rules of values that several endpoints share, and their readers.",
            &types::items(&plan.rules, &plan.forms),
        ),
    ];
    let records = records::items(plan);
    if !records.is_empty() {
        modules.push(Module::new(
            path("records"),
            "Records that several places read alike, and what writes them.",
            &records,
        ));
    }
    modules.extend(spread::over(&plan.endpoints, |one| {
        let mut doc = format!("`{}`", one.signature);
        if !one.doc.is_empty() {
            doc = format!("{doc}\n\n{}", one.doc.join("\n"));
        }
        Module::new(path(&one.module), doc, &endpoint::items(one))
    }));
    modules
}

/// The modules of a version without what other versions add to it: where its successors are.
fn alone<'m>(plan: &VersionPlan, modules: &'m [Module]) -> Vec<Cow<'m, Module>> {
    let mut found: Vec<Cow<'_, Module>> = modules.iter().map(Cow::Borrowed).collect();
    for endpoint in plan.endpoints.iter().filter(|endpoint| endpoint.successor.is_some()) {
        let path = [plan.module.as_str(), endpoint.module.as_str()];
        if let Some(module) = found.iter_mut().find(|module| module.path == path) {
            let endpoint = crate::plan::EndpointPlan { successor: None, ..endpoint.clone() };
            module.to_mut().text = rust::items(&endpoint::items(&endpoint));
        }
    }
    found
}

/// SHA-256 over a version's modules, in hexadecimal: it depends on that version alone.
fn digest(modules: &[Cow<'_, Module>]) -> String {
    let mut hasher = Sha256::new();
    for module in modules {
        hasher.update(module.path.join("/"));
        hasher.update([0]);
        hasher.update(&module.doc);
        hasher.update([0]);
        hasher.update(&module.text);
        hasher.update([0]);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
