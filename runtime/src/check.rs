//! The rules of a contract for texts, numbers, enumerations and lists, and what breaks them.
//!
//! Rules are statics in generated code. The reader of JSON bodies applies them, and each can be asked
//! about text from elsewhere: paths, queries, headers.

mod carried;
mod form;
mod format;
mod list;
mod number;
mod one_of;
mod param;
mod pattern;
mod schema;
mod text;
mod violations;

pub use carried::{FIELD, FieldRule, ORIGINS, OriginsRule, SEGMENT, SegmentRule};
pub use form::{AsText, FieldForm, Form, MapForm, Slot, UnionForm, VariantForm};
pub use format::Format;
pub use list::{ANY_LIST, ListRule};
pub use number::{Bound, INT, NUMBER, NumberKind, NumberRule};
pub use one_of::{EnumRule, Other};
pub use param::{BOOLEAN, BooleanRule, Rule, optional, repeated, repeated_or, required};
pub use pattern::Pattern;
pub use schema::{Schema, SchemaCheck, SchemaMembers, SchemaTest};
pub use text::{TEXT, TextRule};
pub use violations::{Place, Violation, Violations};

/// Whether a text from outside JSON is a boolean: `true` or `false`.
pub(crate) fn accepts_boolean(text: &str) -> bool {
    matches!(text, "true" | "false")
}
