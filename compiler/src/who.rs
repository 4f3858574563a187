//! Who relies on an endpoint, or on a field of its answers.

use crate::contract::types::{Kind, Type, Types};
use crate::contract::{Consumer, Contract, Endpoint, Version};
use crate::suggest;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// An endpoint of one version, and who relies on it.
#[derive(Debug)]
pub struct Relied<'c> {
    /// The version's label.
    pub version: &'c str,
    /// `GET /products/{id}`, without the version in front.
    pub endpoint: String,
    /// The field that was asked for, `reviews.stars`; empty for the whole.
    pub field: String,
    /// Those who rely on it, with the fields that they read; none: all of them.
    pub by: Vec<(&'c Consumer, Vec<String>)>,
}

/// Who relies on what `asked` names: `GET /products/{id}`, or with a field behind it,
/// `GET /products/{id}.reviews.stars`; the version may stand in front of the path. In each version
/// that has it, or in one.
///
/// # Errors
///
/// What was asked for does not exist: why, and what may be meant.
pub fn who<'c>(
    contract: &'c Contract,
    asked: &str,
    version: Option<&str>,
) -> Result<Vec<Relied<'c>>, (String, Option<String>)> {
    let chosen = |one: &&Version| version.is_none_or(|label| one.label == label);
    let versions: Vec<&Version> = contract.versions.iter().filter(chosen).collect();
    let mut found = Vec::new();
    let mut without_field = None;
    for version in &versions {
        for (at, endpoint) in version.endpoints.iter().enumerate() {
            let Some(field) = field(version, endpoint, asked) else { continue };
            let steps: Vec<&str> = field.split('.').filter(|step| !step.is_empty()).collect();
            if !has(version, endpoint, &steps) {
                without_field = Some((key(version, endpoint), field.to_owned()));
                continue;
            }
            found.push(Relied {
                version: &version.label,
                endpoint: key(version, endpoint),
                field: field.to_owned(),
                by: consumers(contract, (version, at), &steps),
            });
        }
    }
    match without_field {
        _ if !found.is_empty() => Ok(found),
        Some((key, field)) => Err((format!("the answer of `{key}` has no field `{field}`"), None)),
        None => Err(unknown(&versions, asked)),
    }
}

fn unknown(versions: &[&Version], asked: &str) -> (String, Option<String>) {
    let keys: Vec<String> = versions
        .iter()
        .flat_map(|version| version.endpoints.iter().map(|endpoint| key(version, endpoint)))
        .collect();
    let meant = suggest::closest(asked, keys.iter().map(String::as_str));
    let help = match meant {
        Some(key) => format!("did you mean `{key}`?"),
        None => format!("its endpoints are: {}", keys.join(", ")),
    };
    (format!("the contract has no endpoint `{asked}`"), Some(help))
}

/// `GET /products/{id}`
fn key(version: &Version, endpoint: &Endpoint) -> String {
    let prefix: usize = version.prefix.iter().map(|segment| segment.len() + 1).sum();
    let path = endpoint.template.get(prefix..).unwrap_or_default();
    format!("{} {}", endpoint.method, if path.is_empty() { "/" } else { path })
}

/// What stands behind the endpoint in `asked`; nothing if it names another one.
fn field<'a>(version: &Version, endpoint: &Endpoint, asked: &'a str) -> Option<&'a str> {
    let with_version = format!("{} {}", endpoint.method, endpoint.template);
    [key(version, endpoint), with_version].iter().find_map(|key| {
        let rest = asked.strip_prefix(key.as_str())?;
        if rest.is_empty() { Some("") } else { rest.strip_prefix('.') }
    })
}

fn has(version: &Version, endpoint: &Endpoint, steps: &[&str]) -> bool {
    steps.is_empty()
        || endpoint
            .success
            .iter()
            .filter_map(|success| success.ty.as_ref())
            .any(|ty| leads(&version.types, ty, steps))
}

/// Whether the fields `steps` lead somewhere, through lists, maps and unions.
fn leads(types: &Types, ty: &Type, steps: &[&str]) -> bool {
    let Some((first, rest)) = steps.split_first() else { return true };
    match &ty.kind {
        Kind::Scalar(_) => false,
        // What is in it is not declared.
        Kind::Json | Kind::Foreign(_) => true,
        Kind::List(element, _) => leads(types, element, steps),
        Kind::Map(map) => leads(types, &map.value, rest),
        Kind::Record(id) => {
            let fields = &types.record(*id).fields;
            fields.iter().any(|field| field.name == *first && leads(types, &field.ty, rest))
        }
        Kind::Union(id) => {
            let union = types.union(*id);
            let variants = union.variants.iter().flat_map(|one| &types.record(one.record).fields);
            let mut fields = variants.filter(|field| field.name == *first);
            (union.tag == *first && rest.is_empty())
                || fields.any(|field| leads(types, &field.ty, rest))
        }
    }
}

fn consumers<'c>(
    contract: &'c Contract,
    (version, at): (&Version, usize),
    steps: &[&str],
) -> Vec<(&'c Consumer, Vec<String>)> {
    let number = contract.versions.iter().position(|one| one.label == version.label);
    let mut found = Vec::new();
    for consumer in &contract.consumers {
        for used in consumer.uses.iter().filter(|used| Some(used.version) == number) {
            let Some(endpoints) = &used.endpoints else {
                found.push((consumer, Vec::new()));
                continue;
            };
            let Some(own) = endpoints.iter().find(|one| one.endpoint == at) else { continue };
            let fields = own.fields.iter().filter(|field| {
                // Who reads a part relies on the whole, and the other way round.
                field.path.iter().zip(steps).all(|(a, b)| a == b)
            });
            let fields: Vec<String> = fields.map(|field| field.path.join(".")).collect();
            if own.fields.is_empty() || !fields.is_empty() {
                found.push((consumer, fields));
            }
        }
    }
    found
}

/// For people: a heading per version, and a line per consumer.
pub fn text(all: &[Relied<'_>]) -> String {
    let mut out = String::new();
    for (at, one) in all.iter().enumerate() {
        let blank = if at == 0 { "" } else { "\n" };
        let field = if one.field.is_empty() { String::new() } else { format!(": `{}`", one.field) };
        let _ = writeln!(out, "{blank}{} of version {}{field}", one.endpoint, one.version);
        if one.by.is_empty() {
            let _ = writeln!(out, "  nobody says that they rely on it");
        }
        let called = |consumer: &Consumer| match &consumer.contact {
            Some(contact) => format!("{} <{contact}>", consumer.name),
            None => consumer.name.clone(),
        };
        let width = one.by.iter().map(|(consumer, _)| called(consumer).chars().count()).max();
        for (consumer, fields) in &one.by {
            let reads = if fields.is_empty() { "all of it".to_owned() } else { fields.join(", ") };
            let _ =
                writeln!(out, "  {:width$}  {reads}", called(consumer), width = width.unwrap_or(0));
        }
    }
    out
}

/// One JSON object per endpoint and version: `version`, `endpoint`, `field` or null, and `consumers`
/// with `name`, `contact` or null, and the `fields` they read, empty for all.
pub fn json_lines(all: &[Relied<'_>]) -> String {
    let line = |one: &Relied<'_>| {
        let consumer = |(consumer, fields): &(&Consumer, Vec<String>)| json!({ "name": consumer.name, "contact": consumer.contact, "fields": fields });
        let field = Some(&one.field).filter(|field| !field.is_empty());
        let consumers: Vec<Value> = one.by.iter().map(consumer).collect();
        let (version, endpoint) = (one.version, &one.endpoint);
        json!({ "version": version, "endpoint": endpoint, "field": field, "consumers": consumers })
    };
    all.iter().map(|one| format!("{}\n", line(one))).collect()
}
