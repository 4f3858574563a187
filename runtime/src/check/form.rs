//! Declared types as tables: what is read, checked and written as a whole.

use super::{EnumRule, ListRule, NumberRule, Schema, TextRule};

/// A declared type. Generated code holds one static per type that is taken whole; those of types
/// that contain themselves refer to each other.
#[derive(Debug)]
pub enum Form {
    /// Any JSON.
    Any,
    /// `true` or `false`.
    Boolean,
    /// A text.
    Text(&'static TextRule),
    /// A number.
    Number(&'static NumberRule),
    /// One of some texts.
    OneOf(&'static EnumRule),
    /// A number or boolean that is written as a text.
    AsText(&'static AsText),
    /// Elements of one type.
    List(&'static ListRule, Slot),
    /// Values under keys.
    Map(&'static MapForm),
    /// Named fields.
    Record(&'static [FieldForm]),
    /// A record that says by a text which of some it is.
    Union(&'static UnionForm),
    /// JSON as a schema says.
    Schema(&'static Schema),
}

/// A number or boolean that is written as a text.
#[derive(Debug)]
pub struct AsText {
    /// What it is: a [`Form::Number`] or [`Form::Boolean`].
    pub form: &'static Form,
    /// The type in the contract's words, such as `int as text`.
    pub expected: &'static str,
}

/// An element of a list, or a value of a map.
#[derive(Debug)]
pub struct Slot {
    /// What it is.
    pub form: &'static Form,
    /// Whether null is one of its values.
    pub nullable: bool,
}

/// A field of a record.
#[derive(Debug)]
pub struct FieldForm {
    /// The name it is read by.
    pub name: &'static str,
    /// What is written before its value: the name it is written by, as `"name":`.
    pub lead: &'static str,
    /// What it holds.
    pub form: &'static Form,
    /// Whether it may be absent.
    pub optional: bool,
    /// Whether null is one of its values.
    pub nullable: bool,
    /// The JSON text that an absent one stands for.
    pub default: Option<&'static str>,
}

/// Values under keys.
#[derive(Debug)]
pub struct MapForm {
    /// What the keys are: a [`Form::Text`] or [`Form::OneOf`].
    pub key: &'static Form,
    /// Each value.
    pub value: Slot,
    /// The fewest entries.
    pub min: usize,
    /// The most entries.
    pub max: usize,
    /// The number of entries in the contract's words: `at most 20 entries`.
    pub expected: &'static str,
}

/// A record that says by a text which of some it is.
#[derive(Debug)]
pub struct UnionForm {
    /// The name of the member that says it.
    pub tag: &'static str,
    /// What that member may be, in the contract's words.
    pub expected: &'static str,
    /// What each text stands for.
    pub variants: &'static [VariantForm],
}

/// A variant of a union.
#[derive(Debug)]
pub struct VariantForm {
    /// The text that says it.
    pub name: &'static str,
    /// The tag as it is written: `"kind":"card"`.
    pub lead: &'static str,
    /// The fields beside the tag.
    pub fields: &'static [FieldForm],
}

impl UnionForm {
    /// The variant of this name.
    pub(crate) fn variant(&self, name: &str) -> Option<&'static VariantForm> {
        self.variants.iter().find(|variant| variant.name == name)
    }
}

impl FieldForm {
    /// Whether a missing member is fine: in a result, null and absence count as each other.
    pub(crate) fn may_be_absent(&self, strict: bool) -> bool {
        self.optional || self.default.is_some() || !strict && self.nullable
    }

    /// Whether null is fine.
    pub(crate) fn may_be_null(&self, strict: bool) -> bool {
        self.nullable || !strict && (self.optional || self.default.is_some())
    }

    /// What is written instead of a value that is missing; nothing leaves the member out.
    pub(crate) fn stand_in(&self, null: bool) -> Option<&'static str> {
        match (self.nullable, self.default) {
            (true, _) if null => Some("null"),
            (_, Some(default)) => Some(default),
            (true, None) if !self.optional => Some("null"),
            _ => None,
        }
    }
}
