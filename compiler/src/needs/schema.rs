//! What is read of results as JSON Schema (draft 2020-12).

use super::{Asked, Needs};
use crate::analyse::values::limit_text;
use crate::contract::schema::Schema;
use crate::contract::types::{
    Format, Kind, Limit, ListBounds, Number, NumberKind, Record, Rest, Rule, Text, Type, Types,
};
use crate::contract::work::{Form, NodeId, Parent, Shape, Work};
use serde_json::{Map, Value, json};

/// One document. `$defs` holds a schema per operation under its key, `GET /items/{}`: what a result
/// must be so that every endpoint that reads it works. Declared types that are read as a whole stand
/// beside them.
pub fn schema(needs: &Needs<'_>) -> String {
    let mut types = Definitions::default();
    let mut operations = Map::new();
    for operation in &needs.operations {
        let mut whole = json!({});
        for asked in &operation.calls {
            whole = both(whole, of_result(asked, &mut types));
        }
        operations.insert(operation.key.clone(), whole);
    }
    operations.extend(types.done);
    let (api, backend) = (&needs.contract.api, &needs.backend.name);
    let document = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("What {api} reads of {backend}"),
        "$defs": operations,
    });
    format!("{document:#}\n")
}

/// Schemas of declared types, by version and name.
#[derive(Default)]
pub(super) struct Definitions {
    pub(super) done: Map<String, Value>,
}

/// What one call reads of a result.
pub(super) fn of_result(asked: &Asked<'_>, types: &mut Definitions) -> Value {
    let work = &asked.endpoint.work;
    match work.answered(asked.call) {
        Some(node) => Reader { asked, types }.node(work, node),
        None => json!({}),
    }
}

struct Reader<'a, 'd> {
    asked: &'a Asked<'a>,
    types: &'d mut Definitions,
}

impl Reader<'_, '_> {
    fn node(&mut self, work: &Work, id: NodeId) -> Value {
        let node = work.node(id);
        let own = match &node.shape {
            Shape::Any => json!({}),
            Shape::AnyScalar => json!({ "type": ["string", "number", "boolean"] }),
            Shape::Scalar(rules) => {
                rules.iter().fold(json!({}), |all, one| both(all, rule(&one.rule)))
            }
            Shape::Record(fields) => self.record(work, fields),
            Shape::List { element, min, max, unique, .. } => {
                let bounds = ListBounds { min: *min, max: *max, unique: *unique };
                list(self.node(work, *element), &bounds)
            }
        };
        let forms = node.forms.iter().map(|form| self.form(form));
        let all = forms.collect::<Vec<_>>().into_iter().fold(own, both);
        if node.null_ok { nullable(all) } else { all }
    }

    fn record(&mut self, work: &Work, fields: &[NodeId]) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for id in fields {
            let Parent::Field(_, name) = &work.node(*id).parent else { continue };
            properties.insert(name.clone(), self.node(work, *id));
            if !work.node(*id).absent_ok {
                required.push(Value::from(name.as_str()));
            }
        }
        object(properties, required)
    }

    fn form(&mut self, form: &Form) -> Value {
        let types = &self.asked.version.types;
        self.typed(types, &form.ty, form.reads)
    }

    /// A declared type, its fields called as version `reads` does.
    fn typed(&mut self, types: &Types, ty: &Type, reads: usize) -> Value {
        let own = match &ty.kind {
            Kind::Json => return json!({}),
            Kind::Foreign(schema) => return embedded(schema),
            Kind::Scalar(scalar) => rule(&scalar.rule),
            Kind::List(element, bounds) => list(self.typed(types, element, reads), bounds),
            Kind::Map(map) => {
                let mut own = json!({
                    "type": "object",
                    "propertyNames": rule(&map.key.rule),
                    "additionalProperties": self.typed(types, &map.value, reads),
                });
                bounds(&mut own, ["minProperties", "maxProperties"], &map.bounds);
                own
            }
            Kind::Record(id) => {
                let record = types.record(*id);
                let name = match &record.name {
                    Some(name) => format!("v{}.{name}", self.asked.version.label),
                    None => format!("v{}.{id:?}", self.asked.version.label),
                };
                self.defined(&format!("{name}.{reads}"), |reader| {
                    reader.fields(types, record, reads, None)
                })
            }
            Kind::Union(id) => {
                let union = types.union(*id);
                let name = format!("v{}.{}.{reads}", self.asked.version.label, union.name);
                self.defined(&name, |reader| {
                    let variants = union.variants.iter().map(|variant| {
                        let tag = Some((union.tag.as_str(), variant.name.as_str()));
                        reader.fields(types, types.record(variant.record), reads, tag)
                    });
                    json!({ "oneOf": variants.collect::<Vec<_>>() })
                })
            }
        };
        if ty.nullable { nullable(own) } else { own }
    }

    /// A reference to a schema that is made once; one that leads to itself is known by then.
    fn defined(&mut self, name: &str, make: impl FnOnce(&mut Self) -> Value) -> Value {
        let name: String =
            name.chars().filter(|char| char.is_alphanumeric() || "._-".contains(*char)).collect();
        if !self.types.done.contains_key(&name) {
            self.types.done.insert(name.clone(), Value::Null);
            let made = make(self);
            self.types.done.insert(name.clone(), made);
        }
        json!({ "$ref": format!("#/$defs/{name}") })
    }

    /// The fields of a record; a result may lack what is optional, or have null in its place.
    fn fields(
        &mut self,
        types: &Types,
        record: &Record,
        reads: usize,
        tag: Option<(&str, &str)>,
    ) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        if let Some((tag, value)) = tag {
            properties.insert(tag.to_owned(), json!({ "const": value }));
            required.push(Value::from(tag));
        }
        for field in &record.fields {
            let name = field.name_as_of(reads).to_owned();
            let own = self.typed(types, &field.ty, reads);
            if !field.optional {
                required.push(Value::from(name.as_str()));
            }
            properties.insert(name, if field.optional { nullable(own) } else { own });
        }
        object(properties, required)
    }
}

fn object(properties: Map<String, Value>, required: Vec<Value>) -> Value {
    let mut found = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        found["required"] = Value::from(required);
    }
    found
}

fn list(element: Value, own: &ListBounds) -> Value {
    let mut found = json!({ "type": "array", "items": element });
    bounds(&mut found, ["minItems", "maxItems"], own);
    if own.unique {
        found["uniqueItems"] = Value::from(true);
    }
    found
}

fn bounds(schema: &mut Value, [least, most]: [&str; 2], own: &ListBounds) {
    if own.min > 0 {
        schema[least] = Value::from(own.min);
    }
    if let Some(max) = own.max {
        schema[most] = Value::from(max);
    }
}

fn nullable(schema: Value) -> Value {
    if schema == json!({}) { schema } else { json!({ "anyOf": [schema, { "type": "null" }] }) }
}

/// What both ask for: records and lists part by part, other things side by side.
fn both(a: Value, b: Value) -> Value {
    if a == b || b == json!({}) {
        return a;
    }
    if a == json!({}) {
        return b;
    }
    match (a, b) {
        (Value::Object(mut a), Value::Object(b)) if mergeable(&a) && mergeable(&b) => {
            for (name, value) in b {
                let old = a.remove(&name);
                let merged = match (name.as_str(), old) {
                    (_, None) => value,
                    ("properties", Some(Value::Object(mut old))) => {
                        let Value::Object(new) = value else { continue };
                        for (field, schema) in new {
                            let known = old.remove(&field).unwrap_or_else(|| json!({}));
                            old.insert(field, both(known, schema));
                        }
                        Value::Object(old)
                    }
                    ("required", Some(Value::Array(mut old))) => {
                        let Value::Array(new) = value else { continue };
                        let new = new.into_iter().filter(|one| !old.contains(one));
                        let new: Vec<Value> = new.collect();
                        old.extend(new);
                        Value::Array(old)
                    }
                    (_, Some(old)) => old,
                };
                a.insert(name, merged);
            }
            Value::Object(a)
        }
        (a, b) => json!({ "allOf": [a, b] }),
    }
}

/// Whether a schema is that of a record and nothing else.
fn mergeable(schema: &Map<String, Value>) -> bool {
    let known = ["type", "properties", "required"];
    schema.get("type") == Some(&Value::from("object"))
        && schema.keys().all(|name| known.contains(&name.as_str()))
}

/// A scalar as a result may hold it.
fn rule(rule: &Rule) -> Value {
    match rule {
        Rule::Bool => json!({ "type": "boolean" }),
        Rule::Number(number) => self::number(number),
        Rule::Text(text) => self::text(text),
        Rule::Enum(values) if values.rest == Rest::Closed => {
            let values: Vec<&str> = values.values.iter().map(|(_, wire)| wire.as_str()).collect();
            json!({ "enum": values })
        }
        // Others are passed on, or replaced.
        Rule::Enum(_) => json!({ "type": "string" }),
        Rule::AsText(inner) => {
            json!({ "anyOf": [{ "type": "string" }, self::rule(inner)] })
        }
    }
}

fn text(text: &Text) -> Value {
    let mut found = json!({ "type": "string" });
    if text.min > 0 {
        found["minLength"] = Value::from(text.min);
    }
    if let Some(max) = text.max {
        found["maxLength"] = Value::from(max);
    }
    if let Some(pattern) = &text.pattern {
        found["pattern"] = Value::from(format!("^(?:{pattern})$"));
    }
    let format = match text.format {
        Some(Format::Date) => "date",
        Some(Format::Instant) => "date-time",
        Some(Format::Duration) => "duration",
        Some(Format::Uuid) => "uuid",
        Some(Format::Email) => "email",
        Some(Format::Url) => "uri",
        Some(Format::Bytes) => {
            found["contentEncoding"] = Value::from("base64");
            return found;
        }
        None => return found,
    };
    found["format"] = Value::from(format);
    found
}

fn number(number: &Number) -> Value {
    let mut found = match number.kind {
        NumberKind::Int | NumberKind::Int64 => json!({ "type": "integer" }),
        NumberKind::Number => json!({ "type": "number" }),
        NumberKind::Decimal(_, scale) => {
            let step = Limit { digits: 1, scale: u32::from(scale), inclusive: true };
            json!({ "type": "number", "multipleOf": plain(&step) })
        }
    };
    let ends = [
        (number.min, ["minimum", "exclusiveMinimum"]),
        (number.max, ["maximum", "exclusiveMaximum"]),
    ];
    for (end, [closed, open]) in ends {
        if let Some(end) = end {
            found[if end.inclusive { closed } else { open }] = plain(&end);
        }
    }
    found
}

/// The number as JSON has it.
fn plain(limit: &Limit) -> Value {
    serde_json::from_str(&limit_text(limit)).unwrap_or(Value::Null)
}

/// A schema of a file. It has an address of its own, so that it goes on referring to its own parts.
fn embedded(schema: &Schema) -> Value {
    let mut own = serde_json::from_str(&schema.text).unwrap_or(Value::Bool(true));
    if let (Value::Object(members), true) = (&mut own, schema.text.contains("\"$ref\"")) {
        let digest = crate::lock::digest(&schema.text);
        members.insert("$id".to_owned(), Value::from(format!("urn:schema:{digest}")));
    }
    own
}
