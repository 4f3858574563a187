//! What can go wrong with a request, and the one mapping from a failure to an answer.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use http::StatusCode;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LINK, RETRY_AFTER,
    WWW_AUTHENTICATE,
};

use crate::bulkhead::COME_BACK;
use crate::check::Violations;
use crate::contract::Version;
use crate::json::Writer;
use crate::response::Response;

/// Why a request is answered with a problem (RFC 9457).
///
/// Opaque on purpose: what callers see of it is decided here alone, and never holds an internal
/// address, a secret or a value that a caller sent.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Kind,
    /// For the log only.
    cause: Option<String>,
}

/// A problem that the contract declares.
#[derive(Debug)]
pub struct Problem {
    /// The status code of the answer.
    pub status: u16,
    /// The `type` member, `urn:problem:shop:not-found`.
    pub kind: &'static str,
    /// The `title` member: the declared text.
    pub title: &'static str,
}

/// The kinds of failure that have an answer of their own.
#[derive(Clone)]
pub(crate) enum Kind {
    Declared {
        problem: &'static Problem,
        members: Vec<u8>,
    },
    Invalid(Violations),
    Malformed(&'static str),
    NoRoute {
        /// What may be meant.
        detail: Option<Cow<'static, str>>,
        /// Values of `Link` fields.
        links: Vec<String>,
    },
    /// The version that is asked for has ended.
    Retired {
        /// Values of `Link` fields.
        links: Vec<String>,
    },
    /// A header field names a version that there is not.
    UnknownVersion {
        /// Those that there are.
        versions: &'static [Version],
    },
    Method {
        allow: String,
    },
    /// It is not known who calls.
    Unauthenticated {
        /// Values of `WWW-Authenticate` fields.
        challenges: Vec<String>,
    },
    /// Whoever calls may not do this.
    #[cfg_attr(not(feature = "auth"), expect(dead_code, reason = "nobody is asked who calls"))]
    Forbidden {
        /// The value of the `WWW-Authenticate` field.
        challenge: String,
    },
    /// Who calls cannot be found out for now.
    #[cfg_attr(not(feature = "auth"), expect(dead_code, reason = "nobody is asked who calls"))]
    AccessUnavailable,
    NotAcceptable,
    Slow,
    BodyTooLarge {
        limit: usize,
    },
    TargetTooLong {
        limit: usize,
    },
    Media {
        /// What is read instead.
        accept: &'static str,
        /// How a body may be compressed, where it was otherwise.
        coded: Option<&'static str>,
    },
    HeadersTooLarge {
        limit: usize,
    },
    /// There were as many requests as a limit allows.
    LimitReached {
        /// What it is called.
        title: &'static str,
        retry_after: Duration,
    },
    /// What limits have counted cannot be found out for now, and the contract says to wait for that.
    LimitsUnavailable,
    Internal,
    BackendFailed,
    BackendUnavailable {
        retry_after: Duration,
    },
    BackendTimeout,
    /// As many requests are being answered as may be at once.
    Overloaded,
    /// To operators: no requests are to be sent here.
    NotReady {
        why: &'static str,
    },
    /// To operators: the process is to be started anew.
    NotLive {
        why: String,
    },
}

/// How a kind looks to a caller.
struct Face {
    status: u16,
    kind: Cow<'static, str>,
    title: &'static str,
    detail: Option<Cow<'static, str>>,
}

impl Error {
    /// An error that the contract declares.
    pub fn declared(problem: &'static Problem) -> Error {
        Error::from(Kind::Declared { problem, members: Vec::new() })
    }

    /// Adds members to a declared problem: the text of a JSON object. Other kinds have none.
    #[must_use]
    pub fn with(mut self, object: Vec<u8>) -> Error {
        if let Kind::Declared { members, .. } = &mut self.0.kind {
            *members = object;
        }
        self
    }

    /// A request that violates the contract, with everything that is wrong with it.
    pub fn invalid_request(violations: Violations) -> Error {
        Error::from(Kind::Invalid(violations))
    }

    /// The status code of the answer.
    pub fn status(&self) -> u16 {
        self.0.kind.face().status
    }

    /// Whether the gateway itself is to blame.
    pub(crate) fn is_bug(&self) -> bool {
        matches!(self.0.kind, Kind::Internal)
    }

    /// Whether the contract declares it.
    pub(crate) fn is_declared(&self) -> bool {
        matches!(self.0.kind, Kind::Declared { .. })
    }

    /// How many bytes its members take.
    pub(crate) fn weight(&self) -> usize {
        match &self.0.kind {
            Kind::Declared { members, .. } => members.len(),
            _ => 0,
        }
    }

    /// What the log says beside the kind.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    #[must_use]
    pub(crate) fn because(mut self, cause: String) -> Error {
        self.0.cause = Some(cause);
        self
    }

    /// What the limit is called that a request has reached.
    pub(crate) fn limit(&self) -> Option<&'static str> {
        match &self.0.kind {
            Kind::LimitReached { title, .. } => Some(title),
            _ => None,
        }
    }

    /// What is wrong with the request, if that is why.
    pub(crate) fn violations(&self) -> Option<&Violations> {
        match &self.0.kind {
            Kind::Invalid(violations) => Some(violations),
            _ => None,
        }
    }

    /// The code of the problem: the last part of its type where the gateway has made it.
    pub(crate) fn code(&self) -> &'static str {
        match &self.0.kind {
            Kind::Declared { problem, .. } => problem.kind,
            other => other.gateway_problem().1,
        }
    }

    /// The `type` member of the answer.
    pub(crate) fn problem_type(&self) -> Cow<'static, str> {
        self.0.kind.face().kind
    }

    /// The problem document alone, for the request with this id: JSON on one line.
    pub(crate) fn into_document(self, request_id: &str) -> Vec<u8> {
        document(&self.0.kind, &self.0.kind.face(), request_id)
    }

    /// The answer, for the request with this id.
    pub(crate) fn into_response(self, request_id: &str) -> Response {
        let kind = self.0.kind;
        let face = kind.face();
        let status = StatusCode::from_u16(face.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = document(&kind, &face, request_id);
        let mut response = Response::bytes(status, body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match kind {
            Kind::Unauthenticated { challenges } => {
                let values = challenges.into_iter();
                values.filter_map(|one| HeaderValue::try_from(one).ok()).for_each(|one| {
                    headers.append(WWW_AUTHENTICATE, one);
                });
            }
            Kind::Forbidden { challenge } => {
                if let Ok(challenge) = HeaderValue::try_from(challenge) {
                    headers.insert(WWW_AUTHENTICATE, challenge);
                }
            }
            Kind::AccessUnavailable | Kind::LimitsUnavailable => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Kind::Method { allow } => {
                if let Ok(allow) = HeaderValue::try_from(allow) {
                    headers.insert(ALLOW, allow);
                }
            }
            Kind::NoRoute { links, .. } | Kind::Retired { links } => {
                let links = links.into_iter().filter_map(|link| HeaderValue::try_from(link).ok());
                links.for_each(|link| {
                    headers.append(LINK, link);
                });
            }
            // RFC 9110 section 15.5.16.
            Kind::Media { accept, coded } => {
                headers.insert(ACCEPT, HeaderValue::from_static(accept));
                if let Some(codings) = coded {
                    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(codings));
                }
            }
            Kind::Overloaded => {
                headers.insert(RETRY_AFTER, HeaderValue::from(COME_BACK.as_secs()));
            }
            Kind::BackendUnavailable { retry_after } | Kind::LimitReached { retry_after, .. } => {
                let seconds = retry_after.as_millis().div_ceil(1000).max(1);
                let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
                headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
            _ => {}
        }
        response
    }
}

/// The problem document (RFC 9457 section 3.1).
fn document(kind: &Kind, face: &Face, request_id: &str) -> Vec<u8> {
    let mut out = Writer::new();
    out.raw("{\"type\":");
    out.text(&face.kind);
    out.raw(",\"title\":");
    out.text(face.title);
    out.raw(",\"status\":");
    out.raw(&face.status.to_string());
    if let Some(detail) = &face.detail {
        out.raw(",\"detail\":");
        out.text(detail);
    }
    out.raw(",\"instance\":");
    out.text(&format!("urn:request:{request_id}"));
    match kind {
        Kind::Declared { members, .. } => {
            if let Some(members) = inside(members) {
                out.raw(",");
                out.raw(members);
            }
        }
        Kind::Invalid(violations) => {
            out.raw(",\"errors\":");
            violations.write(&mut out);
            if violations.more() > 0 {
                out.raw(",\"more\":");
                out.raw(&violations.more().to_string());
            }
        }
        Kind::UnknownVersion { versions } => {
            out.raw(",\"versions\":[");
            for version in *versions {
                out.comma();
                out.text(version.label);
            }
            out.raw("]");
        }
        _ => {}
    }
    out.raw("}");
    out.finish()
}

/// The members of an object's text, without its braces; nothing when there are none.
fn inside(object: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(object).ok()?.trim();
    let members = text.strip_prefix('{')?.strip_suffix('}')?.trim();
    (!members.is_empty()).then_some(members)
}

impl Kind {
    /// How the kind looks to a caller.
    fn face(&self) -> Face {
        match self {
            Kind::Declared { problem, .. } => Face {
                status: problem.status,
                kind: Cow::Borrowed(problem.kind),
                title: problem.title,
                detail: None,
            },
            other => {
                let (status, name, title) = other.gateway_problem();
                let kind = Cow::Owned(format!("urn:problem:gateway:{name}"));
                Face { status, kind, title, detail: other.detail() }
            }
        }
    }

    /// The one mapping from a kind of failure to a status, a problem type and a title.
    fn gateway_problem(&self) -> (u16, &'static str, &'static str) {
        match self {
            Kind::Invalid(_) | Kind::Malformed(_) => {
                (400, "invalid-request", "The request violates the contract")
            }
            Kind::UnknownVersion { .. } => (400, "unknown-version", "There is no such version"),
            Kind::Retired { .. } => (410, "retired", "This is not answered any more"),
            Kind::Unauthenticated { .. } => (401, "unauthenticated", "It is not known who calls"),
            Kind::Forbidden { .. } => (403, "forbidden", "Whoever calls may not do this"),
            Kind::AccessUnavailable => {
                (503, "access-unavailable", "Who calls cannot be found out at the moment")
            }
            Kind::NoRoute { .. } => (404, "no-route", "There is no such route"),
            Kind::Method { .. } => (405, "method", "This path does not answer this method"),
            Kind::NotAcceptable => {
                (406, "accept", "There is no answer in a form that the request accepts")
            }
            Kind::Slow => (408, "slow", "The request took too long to arrive"),
            Kind::BodyTooLarge { .. } => (413, "body", "The body is too large"),
            Kind::TargetTooLong { .. } => (414, "target", "The request target is too long"),
            Kind::Media { .. } => (415, "media", "The body has the wrong media type"),
            Kind::LimitReached { .. } => (429, "limit-reached", "There were too many requests"),
            Kind::LimitsUnavailable => {
                (503, "limits-unavailable", "What limits allow cannot be found out at the moment")
            }
            Kind::HeadersTooLarge { .. } => (431, "headers", "The header fields are too large"),
            Kind::Declared { .. } | Kind::Internal => {
                (500, "internal", "The gateway made a mistake")
            }
            Kind::BackendFailed => (502, "backend-failed", "A service behind the gateway failed"),
            Kind::BackendUnavailable { .. } => {
                (503, "backend-unavailable", "A service behind the gateway is not available")
            }
            Kind::BackendTimeout => {
                (504, "backend-timeout", "A service behind the gateway took too long")
            }
            Kind::Overloaded => (503, "overloaded", "There is too much to do at the moment"),
            Kind::NotReady { .. } => (503, "not-ready", "No requests are to be sent here"),
            Kind::NotLive { .. } => (503, "not-live", "The gateway does not work any more"),
        }
    }

    /// What there is to say beside the title.
    fn detail(&self) -> Option<Cow<'static, str>> {
        let limited = |what: &str, limit: &usize| {
            Cow::Owned(format!("the {what} may have at most {limit} bytes"))
        };
        Some(match self {
            Kind::Declared { .. } | Kind::Internal => return None,
            Kind::NoRoute { detail, .. } => return detail.clone(),
            Kind::Retired { links } if links.is_empty() => return None,
            Kind::Retired { .. } => "`Link` leads on".into(),
            Kind::UnknownVersion { .. } => "`versions` lists those that this gateway has".into(),
            Kind::Invalid(violations) if violations.more() > 0 => format!(
                "`errors` lists what is wrong and where; there are {} more",
                violations.more()
            )
            .into(),
            Kind::Invalid(_) => "`errors` lists what is wrong and where".into(),
            Kind::Malformed(what) => (*what).into(),
            Kind::Method { allow } => format!("it answers {allow}").into(),
            Kind::Unauthenticated { .. } => {
                "`WWW-Authenticate` says how callers show who they are here".into()
            }
            Kind::Forbidden { .. } => {
                "who calls is known, and was not granted what this needs".into()
            }
            Kind::AccessUnavailable => "what callers show cannot be checked; try again".into(),
            Kind::NotAcceptable => {
                "it answers `application/x-ndjson` and `text/event-stream`".into()
            }
            Kind::Slow => "the body did not arrive in time".into(),
            Kind::BodyTooLarge { limit } => limited("body", limit),
            Kind::TargetTooLong { limit } => limited("target", limit),
            Kind::Media { accept, coded: None } => {
                format!("this endpoint reads `{accept}` in UTF-8").into()
            }
            Kind::Media { accept, coded: Some("identity") } => {
                format!("this endpoint reads `{accept}` in UTF-8 that is not compressed").into()
            }
            Kind::Media { accept, coded: Some(codings) } => {
                format!("this endpoint reads `{accept}` in UTF-8, compressed once by one of {codings}, or not")
                    .into()
            }
            Kind::HeadersTooLarge { limit } => limited("header section", limit),
            Kind::LimitReached { title, .. } => format!(
                "`RateLimit-Policy` says what `{title}` allows, `Retry-After` when to come back"
            )
            .into(),
            Kind::LimitsUnavailable => "`Retry-After` says when to come back".into(),
            Kind::BackendFailed => "a service that this answer needs gave no usable result".into(),
            Kind::BackendUnavailable { .. } => {
                "a service that this answer needs cannot be asked at the moment".into()
            }
            Kind::BackendTimeout => {
                "a service that this answer needs did not answer in time".into()
            }
            Kind::Overloaded => "`Retry-After` says when to come back".into(),
            Kind::NotReady { why } => (*why).into(),
            Kind::NotLive { why } => why.clone().into(),
        })
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Error {
        Error(Box::new(Inner { kind, cause: None }))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let face = self.0.kind.face();
        let mut out = f.debug_struct("Error");
        out.field("status", &face.status).field("kind", &face.kind);
        out.field("cause", &self.0.cause).finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.kind.face().title)
    }
}

impl std::error::Error for Error {}
