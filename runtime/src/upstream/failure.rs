//! Why a call has no usable result.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use super::Fault;
use crate::bulkhead::COME_BACK;
use crate::check::Violation;
use crate::contract::{Backend, Condition};
use crate::error::{Error, Kind};
use crate::metrics::{self, Outcome};
use crate::observe;

/// Why a call has no usable result.
pub struct Failure(Box<Inner>);

struct Inner {
    backend: &'static Backend,
    operation: &'static str,
    reason: Reason,
}

/// The kinds of failure.
#[derive(Clone, Debug)]
pub(crate) enum Reason {
    /// No usable HTTP answer; what happened.
    Unreachable(String),
    /// The backend's name has no address.
    NoAddress,
    /// There is no token that the call could carry; why.
    #[cfg_attr(
        not(feature = "auth"),
        expect(dead_code, reason = "only who asks for tokens says so")
    )]
    NoToken(String),
    Timeout,
    Status(u16, Bytes),
    /// The result, or the request to be sent, is not what the contract says; what is wrong.
    Invalid(String),
    Open {
        retry_after: Duration,
    },
    /// As many requests are on their way to the backend as may be at once.
    Full,
    /// The caller's body, which the backend was being sent, did not arrive whole.
    Caller(Fault),
}

impl Failure {
    pub(crate) fn new(
        backend: &'static Backend,
        operation: &'static str,
        reason: Reason,
    ) -> Failure {
        Failure(Box::new(Inner { backend, operation, reason }))
    }

    /// A result that violates what the contract reads.
    pub fn invalid(
        backend: &'static Backend,
        operation: &'static str,
        violation: Violation,
    ) -> Failure {
        let Violation { pointer, field, expected, found } = violation;
        let place = if pointer.is_empty() { "the result" } else { &pointer };
        let what = format!("{place} must be {expected}, is {found}");
        let failure = Failure::new(backend, operation, Reason::Invalid(what));
        metrics::here(|core| core.misread(backend, operation, field));
        if let Some(identity) = observe::current() {
            identity.trail.misread(backend.name, operation);
        }
        observe::call_failed(&failure);
        failure
    }

    /// Whether the contract means this failure by `condition`.
    pub fn is(&self, condition: Condition) -> bool {
        self.0.reason.is(condition)
    }

    /// The body of an answer whose status is no success; empty for every other failure, and when
    /// there was more than 64 KiB of it.
    pub fn body(&self) -> &[u8] {
        match &self.0.reason {
            Reason::Status(_, body) => body,
            _ => &[],
        }
    }

    pub(crate) fn backend(&self) -> &'static Backend {
        self.0.backend
    }

    pub(crate) fn operation(&self) -> &'static str {
        self.0.operation
    }

    pub(crate) fn reason(&self) -> &Reason {
        &self.0.reason
    }
}

impl Reason {
    /// The word that it is counted under.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Reason::Unreachable(_) | Reason::NoAddress | Reason::NoToken(_) => Outcome::Unreachable,
            Reason::Timeout => Outcome::Timeout,
            Reason::Status(400..500, _) => Outcome::ClientError,
            Reason::Status(500..600, _) => Outcome::ServerError,
            Reason::Status(..) => Outcome::OtherStatus,
            Reason::Invalid(_) => Outcome::Invalid,
            Reason::Open { .. } => Outcome::BreakerOpen,
            Reason::Full => Outcome::Full,
            Reason::Caller(_) => Outcome::Caller,
        }
    }

    pub(crate) fn is(&self, condition: Condition) -> bool {
        match (self, condition) {
            (Reason::Status(status, _), Condition::Status(wanted)) => *status == wanted,
            (Reason::Status(status, _), Condition::Class(digit)) => status / 100 == digit,
            (Reason::Timeout, Condition::Timeout)
            | (
                Reason::Unreachable(_)
                | Reason::NoAddress
                | Reason::NoToken(_)
                | Reason::Open { .. }
                | Reason::Full,
                Condition::Unreachable,
            )
            | (Reason::Invalid(_), Condition::Invalid) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Unreachable(what) => write!(f, "unreachable: {what}"),
            Reason::NoToken(why) => write!(f, "no token for it: {why}"),
            Reason::NoAddress => f.write_str("the name has no address"),
            Reason::Timeout => f.write_str("timeout"),
            Reason::Status(status, _) => write!(f, "status {status}"),
            Reason::Invalid(what) => write!(f, "invalid: {what}"),
            Reason::Open { .. } => f.write_str("breaker open"),
            Reason::Full => f.write_str("too many requests on their way"),
            Reason::Caller(fault) => write!(f, "the caller's body: {fault:?}"),
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("backend", &self.0.backend.name)
            .field("operation", &self.0.operation)
            .field("reason", &self.0.reason)
            .finish()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { backend, operation, reason } = &*self.0;
        write!(f, "{} {operation}: {reason}", backend.name)
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        let cause = failure.to_string();
        let kind = match failure.0.reason {
            Reason::Timeout => Kind::BackendTimeout,
            Reason::NoAddress | Reason::NoToken(_) => {
                Kind::BackendUnavailable { retry_after: Duration::from_secs(1) }
            }
            Reason::Open { retry_after } => Kind::BackendUnavailable { retry_after },
            Reason::Full => Kind::BackendUnavailable { retry_after: COME_BACK },
            Reason::Caller(fault) => fault.kind(),
            Reason::Unreachable(_) | Reason::Status(..) | Reason::Invalid(_) => Kind::BackendFailed,
        };
        Error::from(kind).because(cause)
    }
}
