//! Endpoints: what callers send and get, and the work behind it.

use super::types::{Const, ListBounds, Scalar, Type};
use super::{Cors, Lifecycle, Setting, Terms, Work};
use gatewright_grammar::Span;
use std::sync::Arc;

/// Method and path, what callers send, what they get.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// `GET`
    pub method: String,
    /// The whole path, version prefix included.
    pub route: Vec<RouteSegment>,
    /// `/v1/products/{id}`
    pub template: String,
    /// Documentation.
    pub doc: Vec<String>,
    /// What documents call it, if it has a name.
    pub name: Option<String>,
    /// The contract line as written: `GET /products/{id: Sku} -> Product | NotFound`.
    pub signature: String,
    /// Path, query and header parameters in order.
    pub params: Vec<Param>,
    /// The body callers send.
    pub body: Option<Body>,
    /// How it answers.
    pub manner: Manner,
    /// What successful answers are, in order; each has a status of its own.
    pub success: Vec<Success>,
    /// Declared errors, as indices into the version's errors.
    pub errors: Vec<usize>,
    /// The budget in milliseconds.
    pub timeout: Setting<u64>,
    /// The longest request body in bytes.
    pub max_body: u64,
    /// Whether query parameters that are not declared are accepted and dropped.
    pub ignore_params: bool,
    /// Whether body fields that are not declared are accepted and dropped.
    pub ignore_fields: bool,
    /// Who may call, how often, and how old answers may be.
    pub terms: Terms,
    /// Which pages of other origins may call.
    pub cors: Option<Cors>,
    /// What may be compressed.
    pub compress: Compress,
    /// When it goes, if not with its version.
    pub lifecycle: Lifecycle,
    /// Calls and answer.
    pub work: Arc<Work>,
    /// The contract line.
    pub span: Span,
}

/// What an endpoint sends and takes compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compress {
    /// From how many bytes on an answer is; nothing if none is.
    pub answers: Option<u64>,
    /// Whether the body of a request may be.
    pub requests: bool,
}

/// A segment of a route.
#[derive(Clone, Debug, PartialEq)]
pub enum RouteSegment {
    /// Decoded literal text.
    Literal(String),
    /// A parameter, as an index into the endpoint's parameters.
    Param(usize),
    /// Texts with parameters between them, and those parameters in order.
    Parts(Shape, Vec<usize>),
    /// A parameter for this segment and all behind it; the last of its route.
    Rest(usize),
}

/// What a segment looks like that holds one value or more: `{name}.{kind}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// What it begins with; may be empty.
    pub before: String,
    /// What stands between each two values, never empty.
    pub between: Vec<String>,
    /// What it ends with; may be empty.
    pub after: String,
}

impl Shape {
    /// The values in a decoded segment, none of them empty; nothing if it looks otherwise. Where a
    /// text between values occurs more than once, its last place counts.
    pub fn split<'s>(&self, segment: &'s str) -> Option<Vec<&'s str>> {
        let mut rest =
            segment.strip_prefix(self.before.as_str())?.strip_suffix(self.after.as_str())?;
        let mut values = Vec::new();
        for between in self.between.iter().rev() {
            let (last, _) = rest.char_indices().next_back()?;
            let place = rest.get(..last)?.rfind(between.as_str())?;
            values.push(rest.get(place + between.len()..)?);
            rest = rest.get(..place)?;
        }
        values.push(rest);
        values.reverse();
        (!rest.is_empty()).then_some(values)
    }

    /// The segment that these values make.
    pub fn join(&self, values: &[String]) -> String {
        let mut text = self.before.clone();
        for (at, value) in values.iter().enumerate() {
            if let Some(between) = at.checked_sub(1).and_then(|at| self.between.get(at)) {
                text.push_str(between);
            }
            text.push_str(value);
        }
        text + &self.after
    }
}

/// A path, query or header parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Where it stands in a request.
    pub place: Place,
    /// Its name on the wire.
    pub wire: String,
    /// Its name in scope.
    pub name: String,
    /// What it holds.
    pub kind: ParamKind,
    /// Whether several values stand in one, with commas between them, instead of repeating it.
    pub by_comma: bool,
    /// Whether it must be there.
    pub presence: Presence,
    /// An example value.
    pub example: Option<Const>,
    /// Where it is declared.
    pub span: Span,
}

/// Where a parameter stands in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The path segment with this index.
    Path(usize),
    /// In the path segment with this index, the value with this number.
    Part(usize, usize),
    /// The path segment with this index and all behind it.
    Rest(usize),
    /// The query.
    Query,
    /// A header field.
    Header,
    /// A cookie.
    Cookie,
}

impl Place {
    /// Whether it is somewhere in the path.
    pub fn is_in_path(self) -> bool {
        matches!(self, Place::Path(_) | Place::Part(..) | Place::Rest(_))
    }
}

/// What a parameter holds.
#[derive(Clone, Debug)]
pub enum ParamKind {
    /// One value.
    One(Scalar),
    /// Several values.
    Many(Scalar, ListBounds),
}

/// Whether a parameter must be there.
#[derive(Clone, Debug, PartialEq)]
pub enum Presence {
    /// It must be there.
    Required,
    /// It may be absent.
    Optional,
    /// It may be absent, and then is this.
    Default(Const),
}

/// The body callers send.
#[derive(Clone, Debug)]
pub struct Body {
    /// Its type.
    pub ty: Type,
    /// The fields of a form, if it is one and not JSON.
    pub form: Option<Vec<FormField>>,
    /// Whether it may be absent.
    pub optional: bool,
}

/// How an endpoint answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// With JSON of a declared type, or a status alone.
    Whole,
    /// With whatever the backend of its only call answers.
    Pass,
    /// With items of a declared type, each as it comes from one of its calls.
    Stream,
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq)]
pub struct FormField {
    /// Its name.
    pub name: String,
    /// How its values stand in JSON.
    pub kind: FormKind,
    /// Whether it may be repeated.
    pub list: bool,
    /// Whether it must be there; a list that is not there is then an empty one.
    pub required: bool,
}

/// How the value of a form stands in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormKind {
    /// In quotes.
    Text,
    /// As the number it is.
    Number,
    /// As `true` or `false`.
    Boolean,
}

/// What a successful answer is.
#[derive(Clone, Debug)]
pub struct Success {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub ty: Option<Type>,
    /// Where it is declared.
    pub span: Span,
}
