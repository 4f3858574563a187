//! What the gateway relies on as a Pact: interactions that the backend's own tests can replay.

use super::schema::{Definitions, of_result};
use super::{Asked, Needs};
use crate::contract::types::Const;
use crate::contract::work::{
    Build, Condition, NodeId, Operand, Parent, PathPart, QueryPart, TextExpr, TextPart,
};
use crate::samples::{self, Samples};
use serde_json::{Map, Value, json};

/// The version of the Pact specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pact {
    /// 3.0
    V3,
    /// 4.0
    V4,
}

/// One document: the API is the consumer, the backend the provider. An interaction for each call of
/// each endpoint, and one for each status of a failure that the endpoint tells apart.
pub fn pact(needs: &Needs<'_>, version: Pact) -> String {
    let calls = needs.operations.iter().flat_map(|operation| &operation.calls);
    let interactions: Vec<Value> = calls.flat_map(|asked| interactions(asked, version)).collect();
    let number = if version == Pact::V3 { "3.0.0" } else { "4.0" };
    let document = json!({
        "consumer": { "name": needs.contract.api },
        "provider": { "name": needs.backend.name },
        "interactions": interactions,
        "metadata": { "pactSpecification": { "version": number } },
    });
    format!("{document:#}\n")
}

fn interactions(asked: &Asked<'_>, version: Pact) -> Vec<Value> {
    let whose = format!("`{}` of {}", asked.call.name, asked.by());
    let request = Request { asked, samples: Samples::new(&asked.version.types) }.request(version);
    let one = |description: String, state: String, response: Value| {
        let mut one = json!({
            "description": description,
            "providerStates": [{ "name": state }],
            "request": request,
            "response": response,
        });
        if version == Pact::V4 {
            one["type"] = Value::from("Synchronous/HTTP");
            one["pending"] = Value::from(false);
        }
        one
    };
    let mut found = vec![one(whose.clone(), "it answers".to_owned(), success(asked, version))];
    for handler in &asked.call.handlers {
        for condition in &handler.conditions {
            if let Condition::Status(status) = condition {
                let description = format!("{whose}, {status}");
                let state = format!("it answers {status}");
                found.push(one(description, state, json!({ "status": status })));
            }
        }
    }
    found
}

/// What is read of a success, with rules instead of values.
fn success(asked: &Asked<'_>, version: Pact) -> Value {
    let mut found = json!({ "status": 200 });
    if asked.endpoint.work.answered(asked.call).is_none() {
        return found;
    }
    let samples = Samples::new(&asked.version.types);
    let body = of(&samples::body(asked.endpoint, asked.call, &samples));
    let mut types = Definitions::default();
    let schema = of_result(asked, &mut types);
    let mut rules = Map::new();
    matchers(&schema, &types, ("$", &body), &mut rules);
    found["headers"] = json!({ "Content-Type": header("application/json", version) });
    found["body"] = content(body, version);
    if !rules.is_empty() {
        found["matchingRules"] = json!({ "body": rules });
    }
    found
}

/// A header field is a text in version 3, and a list in version 4.
fn header(value: &str, version: Pact) -> Value {
    if version == Pact::V3 { Value::from(value) } else { json!([value]) }
}

fn content(body: Value, version: Pact) -> Value {
    match version {
        Pact::V3 => body,
        Pact::V4 => {
            json!({ "content": body, "contentType": "application/json", "encoded": false })
        }
    }
}

fn of(value: &Const) -> Value {
    serde_json::from_str(&value.json()).unwrap_or(Value::Null)
}

fn any_of(matchers: Value) -> Value {
    json!({ "matchers": [matchers], "combine": "AND" })
}

/// A rule for each value of the example that the schema says something about.
fn matchers(
    schema: &Value,
    types: &Definitions,
    (path, example): (&str, &Value),
    found: &mut Map<String, Value>,
) {
    let schema = resolved(schema, types);
    if let Some(all) = schema.get("allOf").and_then(Value::as_array) {
        all.iter().for_each(|one| matchers(one, types, (path, example), found));
        return;
    }
    match example {
        Value::Object(members) => {
            let variants = schema.get("oneOf").and_then(Value::as_array);
            let schemas = variants.map_or_else(|| vec![&schema], |all| all.iter().collect());
            for (name, value) in members {
                let property = |schema: &&Value| schema.get("properties")?.get(name).cloned();
                let rest = schema.get("additionalProperties").cloned();
                if let Some(own) = schemas.iter().find_map(property).or(rest) {
                    let step = serde_json::Value::from(name.as_str());
                    let path = match name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                        true => format!("{path}.{name}"),
                        false => format!("{path}[{step}]"),
                    };
                    matchers(&own, types, (&path, value), found);
                }
            }
        }
        Value::Array(items) => {
            let least = schema.get("minItems").cloned().unwrap_or_else(|| Value::from(0));
            found.insert(path.to_owned(), any_of(json!({ "match": "type", "min": least })));
            if let (Some(own), Some(first)) = (schema.get("items"), items.first()) {
                matchers(own, types, (&format!("{path}[*]"), first), found);
            }
        }
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            found.insert(path.to_owned(), any_of(scalar(&schema)));
        }
    }
}

/// The schema behind references, and without null.
fn resolved(schema: &Value, types: &Definitions) -> Value {
    let mut schema = schema;
    for _ in 0..16 {
        let name = schema.get("$ref").and_then(Value::as_str);
        let name = name.and_then(|name| name.strip_prefix("#/$defs/"));
        let first = schema.get("anyOf").and_then(|all| all.get(0));
        match (name.and_then(|name| types.done.get(name)), first) {
            (Some(next), _) | (None, Some(next)) => schema = next,
            (None, None) => break,
        }
    }
    schema.clone()
}

fn scalar(schema: &Value) -> Value {
    let text = |name: &str| schema.get(name).and_then(Value::as_str);
    if let Some(pattern) = text("pattern") {
        return json!({ "match": "regex", "regex": pattern });
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let words = values.iter().filter_map(Value::as_str).map(escaped);
        let words: Vec<String> = words.collect();
        return json!({ "match": "regex", "regex": format!("^(?:{})$", words.join("|")) });
    }
    match text("type") {
        Some("integer") => json!({ "match": "integer" }),
        Some("number") => json!({ "match": "number" }),
        Some("boolean") => json!({ "match": "boolean" }),
        _ => json!({ "match": "type" }),
    }
}

/// A text that a regular expression takes literally.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, char| {
        if char.is_ascii_punctuation() {
            escaped.push('\\');
        }
        escaped.push(char);
        escaped
    })
}

/// Makes the request of one call.
struct Request<'a> {
    asked: &'a Asked<'a>,
    samples: Samples<'a>,
}

impl Request<'_> {
    fn request(&self, version: Pact) -> Value {
        let call = self.asked.call;
        let (mut path, mut pattern) = (String::new(), String::new());
        for part in &call.path {
            let (text, rule) = match part {
                PathPart::Literal(text) => (text.clone(), escaped(text)),
                PathPart::Value(value) => (encoded(&self.plain(value)), "[^/]+".to_owned()),
                PathPart::Rest(at) => (self.param(*at), ".+".to_owned()),
            };
            path.push_str(&text);
            pattern.push_str(&rule);
        }
        let path = if path.is_empty() { "/".to_owned() } else { path };
        let mut found = json!({ "method": call.method, "path": path });
        let mut rules = Map::new();
        if call.path.iter().any(|part| !matches!(part, PathPart::Literal(_))) {
            let rule = json!({ "match": "regex", "regex": format!("^{pattern}$") });
            rules.insert("path".to_owned(), any_of(rule));
        }
        self.query(&mut found, &mut rules);
        if !call.headers.is_empty() {
            let (mut headers, mut own) = (Map::new(), Map::new());
            for (name, text) in &call.headers {
                headers.insert(name.clone(), header(&self.text(text), version));
                own.insert(name.clone(), any_of(json!({ "match": "type" })));
            }
            found["headers"] = Value::Object(headers);
            rules.insert("header".to_owned(), Value::Object(own));
        }
        if let Some(body) = &call.body {
            found["body"] = content(of(&self.build(body)), version);
            rules.insert("body".to_owned(), json!({ "$": any_of(json!({ "match": "type" })) }));
        }
        if !rules.is_empty() {
            found["matchingRules"] = Value::Object(rules);
        }
        found
    }

    fn query(&self, found: &mut Value, rules: &mut Map<String, Value>) {
        let (mut query, mut own) = (Map::new(), Map::new());
        for part in &self.asked.call.query {
            let (name, value, varies) = match part {
                QueryPart::Literal(text) => {
                    let (name, value) = text.split_once('=').unwrap_or((text, ""));
                    (name.to_owned(), value.to_owned(), false)
                }
                QueryPart::Value(name, value) | QueryPart::Each(name, value) => {
                    (name.clone(), self.plain(value), true)
                }
                QueryPart::Text(name, text) => (name.clone(), self.text(text), true),
            };
            if varies {
                own.insert(name.clone(), any_of(json!({ "match": "type" })));
            }
            let values = query.entry(name).or_insert_with(|| json!([]));
            if let Some(values) = values.as_array_mut() {
                values.push(Value::from(value));
            }
        }
        if !query.is_empty() {
            found["query"] = Value::Object(query);
        }
        if !own.is_empty() {
            rules.insert("query".to_owned(), Value::Object(own));
        }
    }

    fn param(&self, at: usize) -> String {
        samples::sample(self.asked.endpoint, at).unwrap_or_default()
    }

    fn node(&self, id: NodeId) -> Const {
        let work = &self.asked.endpoint.work;
        let name = match &work.node(id).parent {
            Parent::Field(_, name) => name.as_str(),
            Parent::Call(_)
            | Parent::Body
            | Parent::Claims(_)
            | Parent::ErrorBody(..)
            | Parent::Element(_) => "value",
        };
        self.samples.node(work, id, name)
    }

    fn operand(&self, value: &Operand) -> Const {
        match value {
            Operand::Param(at) | Operand::Item(at) => Const::Text(self.param(*at)),
            Operand::Node(id) => self.node(*id),
            Operand::Const(value) => value.clone(),
            Operand::Or(all) => all.first().map_or(Const::Null, |first| self.operand(first)),
            Operand::Each { value, .. } => self.node(*value),
            // What it is differs between environments.
            Operand::Env(_) => Const::Text("value".to_owned()),
        }
    }

    fn plain(&self, value: &Operand) -> String {
        self.operand(value).plain().unwrap_or_default()
    }

    fn text(&self, text: &TextExpr) -> String {
        let part = |part: &TextPart| match part {
            TextPart::Literal(text) => text.clone(),
            TextPart::Value(value) => self.plain(value),
        };
        text.parts.iter().map(part).collect()
    }

    fn build(&self, build: &Build) -> Const {
        match build {
            Build::Const(value) => value.clone(),
            Build::Copy(value) => self.operand(value),
            Build::Promised(inner, _) => self.build(inner),
            Build::AsText(inner) => {
                let plain = self.build(inner);
                plain.plain().map_or(plain, Const::Text)
            }
            Build::Default { value, .. } => self.build(value),
            Build::Whole(node, _) => self.node(*node),
            Build::Record(_, members) => {
                let member = |one: &crate::contract::work::Member| {
                    (one.name.clone(), self.build(&one.value))
                };
                Const::Record(members.iter().map(member).collect())
            }
            Build::List { element, .. } => Const::List(vec![self.build(element)]),
            Build::Array(items) => Const::List(items.iter().map(|one| self.build(one)).collect()),
            Build::Holds(_) => Const::Bool(true),
            Build::Text(text) => Const::Text(self.text(text)),
            Build::Or(all) => all.first().map_or(Const::Null, |first| self.build(first)),
        }
    }
}

/// A text as one segment of a path.
fn encoded(text: &str) -> String {
    samples::encode(text)
}
