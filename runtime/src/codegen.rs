//! The names that generated code may use, and nothing else.
//!
//! Generated gateways open with `use gatewright_runtime::codegen as rt;`. What stands here follows
//! semantic versioning; the rest of the crate is free to change.

// Generic functions that generated code instantiates are `#[inline]` throughout this crate: such an
// instance lives with the endpoint that uses it, so that an edit of one endpoint compiles that one
// again. Others would share a unit of this crate's name with those of all endpoints.

pub use bytes::Bytes;

pub use crate::check::{
    ANY_LIST, AsText, BOOLEAN, BooleanRule, Bound, EnumRule, FIELD, FieldForm, FieldRule, Form,
    Format, INT, ListRule, MapForm, NUMBER, NumberKind, NumberRule, ORIGINS, OriginsRule, Other,
    Pattern, Place, Rule, SEGMENT, Schema, SchemaCheck, SchemaMembers, SchemaTest, SegmentRule,
    Slot, TEXT, TextRule, UnionForm, VariantForm, Violation, Violations, optional, repeated,
    repeated_or, required,
};
pub use crate::contract::{
    Access, Answering, Backend, BodyKind, BodyStep, Breaker, By, CheckOfCaller, Compress,
    Condition, Contract, Cors, Counter, DeprecatedPart, Elsewhere, Endpoint, FormField, FormKind,
    Grant, InFlight, KeySource, Lifecycle, Limit, Method, Origin, Piece, Published, Reusable,
    Reuse, Revoked, Scheme, SchemeKind, Selection, Sent, Setting, Smoke, Store, Successor, Sunset,
    TimeSetting, Tokens, Variable, VariableKind, Version,
};
pub use crate::error::{Error, Problem};
pub use crate::items::{Items, Making, Source, stream};
pub use crate::json::{
    Maybe, Object, Raw, Read, Reader, Stop, Writer, compare_numbers, json_text, plain_number,
    read_request, read_result, same_json,
};
pub use crate::request::{Deadline, Query, Request, Shape};
pub use crate::response::Response;
pub use crate::result::{Body, broken_promise, promise, stand_in};
pub use crate::run::{Bodies, End, Pending, Step, collected, each, results, run};
#[cfg(feature = "store")]
pub use crate::store::{STORE, StoreRule};
pub use crate::upstream::{
    Cached, Caching, Call, Failure, Gateway, Keeping, Opening, Passing, Sending,
};
