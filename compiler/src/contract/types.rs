//! Types with every name resolved.

use super::schema::Schema;
use gatewright_grammar::Span;
use std::sync::Arc;

/// How many parts a type may have, all its records written out, to be read part by part wherever it
/// is mentioned. Larger ones, and those that contain themselves, are read as a whole.
const PARTS: usize = 128;

/// How many records and lists may stand in each other for that.
const LEVELS: usize = 16;

/// The records and unions of one version.
#[derive(Clone, Debug, Default)]
pub struct Types {
    records: Vec<Record>,
    unions: Vec<Union>,
}

/// A record in [`Types`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(u32);

/// A union in [`Types`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnionId(u32);

impl Types {
    /// Adds a record.
    pub fn add(&mut self, record: Record) -> RecordId {
        let id = RecordId(u32::try_from(self.records.len()).unwrap_or(u32::MAX));
        self.records.push(record);
        id
    }

    /// Gives a record its fields, which may mention the record itself.
    pub fn fill(&mut self, id: RecordId, fields: Vec<Field>) {
        if let Some(record) = self.records.get_mut(id.0 as usize) {
            record.fields = fields;
        }
    }

    /// Adds a union.
    pub fn add_union(&mut self, union: Union) -> UnionId {
        let id = UnionId(u32::try_from(self.unions.len()).unwrap_or(u32::MAX));
        self.unions.push(union);
        id
    }

    /// Gives a union its variants, which may mention the union itself.
    pub fn fill_union(&mut self, id: UnionId, variants: Vec<Variant>) {
        if let Some(union) = self.unions.get_mut(id.0 as usize) {
            union.variants = variants;
        }
    }

    /// The record with this id.
    pub fn record(&self, id: RecordId) -> &Record {
        self.records.get(id.0 as usize).expect("ids are made by `add` of the same version")
    }

    /// The union with this id.
    pub fn union(&self, id: UnionId) -> &Union {
        self.unions.get(id.0 as usize).expect("ids are made by `add_union` of the same version")
    }

    /// Every record.
    pub fn records(&self) -> impl Iterator<Item = (RecordId, &Record)> {
        let id = |at| RecordId(u32::try_from(at).unwrap_or(u32::MAX));
        self.records.iter().enumerate().map(move |(at, record)| (id(at), record))
    }

    /// Every union.
    pub fn unions(&self) -> impl Iterator<Item = (UnionId, &Union)> {
        let id = |at| UnionId(u32::try_from(at).unwrap_or(u32::MAX));
        self.unions.iter().enumerate().map(move |(at, union)| (id(at), union))
    }

    /// The types as results are read by them: a field that may be missing may be null as well, and
    /// the other way round.
    #[must_use]
    pub(crate) fn loosened(&self) -> Types {
        let mut types = self.clone();
        for field in types.records.iter_mut().flat_map(|record| &mut record.fields) {
            field.optional |= field.ty.nullable || matches!(field.ty.kind, Kind::Json);
            field.ty.nullable = field.optional;
        }
        types
    }

    /// Whether a value is read as a whole where nothing in it is asked for: maps, unions, and
    /// records that have very many parts, as one inside itself has.
    pub fn is_closed(&self, ty: &Type) -> bool {
        match &ty.kind {
            Kind::Map(..) | Kind::Union(_) | Kind::Foreign(_) => true,
            Kind::Record(_) => {
                let mut room = PARTS;
                !self.spend(ty, &mut room, LEVELS)
            }
            Kind::List(..) | Kind::Scalar(_) | Kind::Json => false,
        }
    }

    /// Takes the parts of a type from `room`; whether there was enough of it.
    fn spend(&self, ty: &Type, room: &mut usize, levels: usize) -> bool {
        let (Some(left), Some(levels)) = (room.checked_sub(1), levels.checked_sub(1)) else {
            return false;
        };
        *room = left;
        match &ty.kind {
            Kind::Record(id) => {
                self.record(*id).fields.iter().all(|field| self.spend(&field.ty, room, levels))
            }
            Kind::List(element, _) => self.spend(element, room, levels),
            Kind::Scalar(_) | Kind::Json | Kind::Map(..) | Kind::Union(_) | Kind::Foreign(_) => {
                true
            }
        }
    }
}

/// A record that says by one of its members which of some it is.
#[derive(Clone, Debug)]
pub struct Union {
    /// `Payment`
    pub name: String,
    /// The member that says it: `kind`.
    pub tag: String,
    /// What its values stand for.
    pub variants: Vec<Variant>,
    /// Where it is declared.
    pub span: Span,
}

/// A variant of a [`Union`].
#[derive(Clone, Debug)]
pub struct Variant {
    /// The value of the tag: `card`.
    pub name: String,
    /// The fields beside the tag.
    pub record: RecordId,
    /// Where it is declared.
    pub span: Span,
}

impl Union {
    /// The tag as a type: one of the variants' names.
    pub fn tags(&self) -> Enumeration {
        let values = self.variants.iter().map(|one| (one.name.clone(), one.name.clone()));
        Enumeration { values: values.collect(), rest: Rest::Closed }
    }
}

/// A set of named fields.
#[derive(Clone, Debug)]
pub struct Record {
    /// `Product`; nothing for a record written in place.
    pub name: Option<String>,
    /// Its fields in order.
    pub fields: Vec<Field>,
    /// Where it is declared.
    pub span: Span,
}

/// A field of a record.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name on the wire.
    pub name: String,
    /// Whether it may be absent.
    pub optional: bool,
    /// What it holds.
    pub ty: Type,
    /// An example value.
    pub example: Option<Const>,
    /// The value of an absent field in a request.
    pub default: Option<Const>,
    /// Where it is declared.
    pub span: Span,
    /// The version that added it, as an index.
    pub added: usize,
    /// Earlier names, each with the version that ended it.
    pub renames: Vec<(usize, String)>,
}

impl Field {
    /// The name that text written for version `version` knows it by.
    pub fn name_as_of(&self, version: usize) -> &str {
        let earlier = self.renames.iter().find(|(ended, _)| *ended > version);
        earlier.map_or(&self.name, |(_, name)| name)
    }
}

/// A type.
#[derive(Clone, Debug)]
pub struct Type {
    /// What it is.
    pub kind: Kind,
    /// Whether null is one of its values.
    pub nullable: bool,
    /// An example value given by its declaration.
    pub example: Option<Const>,
    /// Where it is used.
    pub span: Span,
}

/// What a type is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// One value without parts.
    Scalar(Scalar),
    /// Named fields.
    Record(RecordId),
    /// Elements of one type.
    List(Box<Type>, ListBounds),
    /// Values of one type under keys, which are texts.
    Map(Box<Map>),
    /// One of some records.
    Union(UnionId),
    /// Any JSON.
    Json,
    /// JSON as a schema says.
    Foreign(Arc<Schema>),
}

/// Values of one type under keys.
#[derive(Clone, Debug)]
pub struct Map {
    /// What the keys are: a text or an enum.
    pub key: Scalar,
    /// Each value.
    pub value: Type,
    /// How many entries there are.
    pub bounds: ListBounds,
}

/// The bounds of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListBounds {
    /// The fewest elements.
    pub min: u64,
    /// The most elements.
    pub max: Option<u64>,
    /// Whether no two elements are equal.
    pub unique: bool,
}

/// A value without parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    /// The name of the declaration it comes from: `Sku`.
    pub name: Option<String>,
    /// What it may be.
    pub rule: Rule,
}

/// What a scalar may be.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// A text.
    Text(Text),
    /// A number.
    Number(Number),
    /// `true` or `false`.
    Bool,
    /// One of some texts.
    Enum(Enumeration),
    /// A number or boolean that JSON holds as a text.
    AsText(Box<Rule>),
}

impl Rule {
    /// The values that a rule allows, however JSON holds them.
    pub fn plain(&self) -> &Rule {
        match self {
            Rule::AsText(inner) => inner,
            rule => rule,
        }
    }
}

impl Scalar {
    /// The same values as JSON holds them without `as text`.
    #[must_use]
    pub fn plain(&self) -> Scalar {
        Scalar { name: self.name.clone(), rule: self.rule.plain().clone() }
    }
}

/// A text and its bounds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Text {
    /// The fewest Unicode scalar values.
    pub min: u64,
    /// The most Unicode scalar values.
    pub max: Option<u64>,
    /// An anchored regular expression.
    pub pattern: Option<String>,
    /// A format with a name.
    pub format: Option<Format>,
}

/// A format of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 3339 full-date.
    Date,
    /// RFC 3339 date-time.
    Instant,
    /// ISO 8601 duration.
    Duration,
    /// RFC 9562.
    Uuid,
    /// A mail address.
    Email,
    /// An absolute URL.
    Url,
    /// RFC 4648 base64.
    Bytes,
}

/// A number and its bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// Which numbers.
    pub kind: NumberKind,
    /// The lower bound.
    pub min: Option<Limit>,
    /// The upper bound.
    pub max: Option<Limit>,
}

/// Which numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberKind {
    /// Integers that JavaScript can hold.
    Int,
    /// 64-bit integers.
    Int64,
    /// Binary floating point.
    Number,
    /// Decimal digits: how many in all, how many behind the point.
    Decimal(u8, u8),
}

/// A bound of a number: `digits / 10^scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The digits without a point.
    pub digits: i128,
    /// How many of them stand behind the point.
    pub scale: u32,
    /// Whether the bound itself is allowed.
    pub inclusive: bool,
}

/// One of some texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Enumeration {
    /// The values: name in the contract, text on the wire.
    pub values: Vec<(String, String)>,
    /// What happens to other values.
    pub rest: Rest,
}

/// What happens to a value an enum does not declare.
#[derive(Clone, Debug, PartialEq)]
pub enum Rest {
    /// It violates the contract.
    Closed,
    /// It is passed on.
    Open,
    /// It is replaced by this text.
    Becomes(String),
}

/// A value known at compile time.
#[derive(Clone, Debug, PartialEq)]
pub enum Const {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// Digits as written.
    Number(String),
    /// A text.
    Text(String),
    /// Elements.
    List(Vec<Const>),
    /// Members in order.
    Record(Vec<(String, Const)>),
}

impl Const {
    /// The JSON text.
    pub fn json(&self) -> String {
        match self {
            Const::Null => "null".into(),
            Const::Bool(value) => value.to_string(),
            Const::Number(text) => text.clone(),
            Const::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
            Const::List(items) => {
                let items: Vec<String> = items.iter().map(Const::json).collect();
                format!("[{}]", items.join(","))
            }
            Const::Record(members) => {
                let member = |(name, value): &(String, Const)| {
                    format!("{}:{}", serde_json::Value::from(name.as_str()), value.json())
                };
                let members: Vec<String> = members.iter().map(member).collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }

    /// The text for a path, query or header; nothing for lists, records and null.
    pub fn plain(&self) -> Option<String> {
        match self {
            Const::Bool(value) => Some(value.to_string()),
            Const::Number(text) | Const::Text(text) => Some(text.clone()),
            Const::Null | Const::List(_) | Const::Record(_) => None,
        }
    }

    /// The member of a record.
    pub fn member(&self, name: &str) -> Option<&Const> {
        match self {
            Const::Record(members) => members.iter().find(|(key, _)| key == name).map(|(_, v)| v),
            _ => None,
        }
    }
}
