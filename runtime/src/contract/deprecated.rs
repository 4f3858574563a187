//! Parts of requests that are deprecated, for what is counted.

/// A deprecated part of what callers send.
#[derive(Clone, Copy, Debug)]
pub struct DeprecatedPart {
    /// What it is called: `query sort`, `Order.note`, `Status.paid`.
    pub name: &'static str,
    /// Where a request can have it: any of these.
    pub sent: &'static [Sent],
}

/// Where a request has a deprecated part. With a text it is there only where that is the value.
#[derive(Clone, Copy, Debug)]
pub enum Sent {
    /// As this parameter of the query.
    Query(&'static str, Option<&'static str>),
    /// As this header field.
    Header(&'static str, Option<&'static str>),
    /// As this cookie.
    Cookie(&'static str, Option<&'static str>),
    /// In the body, behind these steps.
    Body(&'static [BodyStep], Option<&'static str>),
}

/// A step into JSON.
#[derive(Clone, Copy, Debug)]
pub enum BodyStep {
    /// The member of this name.
    Member(&'static str),
    /// Each element of a list, or each value of a map.
    Each,
    /// The record itself, if the member of the first name is the second text.
    Tagged(&'static str, &'static str),
}
