//! What is read of results in the language, with what is in it: so that it can be read again.

use super::Operation;
use crate::analyse::values::{list_spelling, rule_spelling};
use crate::analyse::work::quoted;
use crate::contract::types::{Kind, RecordId, Rest, Rule, Type, Types, UnionId};
use std::collections::BTreeMap;

/// The declarations that types lead to, each once.
#[derive(Default)]
pub(crate) struct Shapes {
    /// By version, what it is there, and the version whose names are read.
    names: BTreeMap<(String, Of, usize), String>,
    declared: BTreeMap<String, String>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Record(RecordId),
    Union(UnionId),
}

/// The declared types of a version, and the version whose names are read, as an index.
#[derive(Clone, Copy)]
pub(super) struct Names<'t> {
    pub(super) label: &'t str,
    pub(super) types: &'t Types,
    pub(super) reads: usize,
}

impl Shapes {
    /// The declarations, a line each.
    pub(crate) fn declarations(self) -> Vec<String> {
        self.declared.into_values().collect()
    }

    /// A type; records and unions that have a name are called by it.
    pub(super) fn ty(&mut self, names: Names<'_>, ty: &Type) -> String {
        let mut text = match &ty.kind {
            Kind::Json => return "json".to_owned(),
            Kind::Foreign(schema) => {
                let text = schema.text.replace('\\', "\\\\").replace('"', "\\\"");
                return format!("json(schema \"{text}\")");
            }
            Kind::Scalar(scalar) => rule(&scalar.rule),
            Kind::List(element, bounds) => {
                format!("[{}]{}", self.ty(names, element), list_spelling(bounds))
            }
            Kind::Map(map) => {
                let value = self.ty(names, &map.value);
                format!("[{}: {value}]{}", rule(&map.key.rule), list_spelling(&map.bounds))
            }
            Kind::Record(id) => match &names.types.record(*id).name {
                Some(name) => self.named(names, (Of::Record(*id), name)),
                None => self.fields(names, *id),
            },
            Kind::Union(id) => {
                let name = &names.types.union(*id).name;
                self.named(names, (Of::Union(*id), name))
            }
        };
        if ty.nullable {
            text.push_str(" | null");
        }
        text
    }

    /// The name of a declaration, which is made once; one that leads to itself is known by then.
    fn named(&mut self, names: Names<'_>, (of, name): (Of, &str)) -> String {
        let key = (names.label.to_owned(), of, names.reads);
        if let Some(name) = self.names.get(&key) {
            return name.clone();
        }
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let mut own = plain.clone();
        let mut count = 1;
        while self.declared.contains_key(&own) {
            count += 1;
            own = format!("{plain}_{count}");
        }
        self.names.insert(key, own.clone());
        self.declared.insert(own.clone(), String::new());
        let text = match of {
            Of::Record(id) => format!("type {own} {}", self.fields(names, id)),
            Of::Union(id) => {
                let union = names.types.union(id);
                let variants: Vec<String> = union
                    .variants
                    .iter()
                    .map(|one| format!("{}: {}", quoted(&one.name), self.fields(names, one.record)))
                    .collect();
                format!("union {own} by {} {{ {} }}", quoted(&union.tag), variants.join(", "))
            }
        };
        self.declared.insert(own.clone(), text);
        own
    }

    fn fields(&mut self, names: Names<'_>, id: RecordId) -> String {
        let fields = &names.types.record(id).fields;
        let field = |field: &crate::contract::types::Field, shapes: &mut Self| {
            let mark = if field.optional { "?" } else { "" };
            let name = quoted(field.name_as_of(names.reads));
            format!("{name}{mark}: {}", shapes.ty(names, &field.ty))
        };
        let rows: Vec<String> = fields.iter().map(|one| field(one, self)).collect();
        format!("{{ {} }}", rows.join(", "))
    }
}

/// A scalar, with the texts of its values.
pub(super) fn rule(own: &Rule) -> String {
    match own {
        Rule::Enum(values) => {
            let text =
                |wire: &str| format!("\"{}\"", wire.replace('\\', "\\\\").replace('"', "\\\""));
            let value = |(at, (name, wire)): (usize, &(String, String))| match quoted(wire) {
                plain if plain == *wire && plain != "else" => plain,
                _ if quoted(name) == *name => format!("{name} = {}", text(wire)),
                _ => format!("v{at} = {}", text(wire)),
            };
            let all: Vec<String> = values.values.iter().enumerate().map(value).collect();
            // Whatever else comes is taken for something.
            let rest = if values.rest == Rest::Closed { "" } else { " ..." };
            format!("enum {{ {}{rest} }}", all.join(" "))
        }
        Rule::AsText(inner) => format!("{} as text", rule(inner)),
        other => rule_spelling(other),
    }
}

/// What is read of an operation, a line each, with the declarations that it leads to behind.
pub(crate) fn lines(operation: &Operation<'_>) -> Vec<String> {
    let mut shapes = Shapes::default();
    let mut rows: Vec<String> =
        super::read_as(operation, &mut shapes).iter().map(super::Read::row).collect();
    rows.extend(shapes.declarations());
    rows
}
