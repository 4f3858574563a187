//! What ties a request to logs and traces: its id and its trace context.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::access::Trail;
use crate::trace::{self, Begun, Context};

/// The field that carries a request's id, in and out.
pub(crate) const REQUEST_ID: &str = "x-request-id";
const REQUEST_ID_FIELD: HeaderName = HeaderName::from_static(REQUEST_ID);
const TRACEPARENT_FIELD: HeaderName = HeaderName::from_static(TRACEPARENT);
/// The field of the W3C Trace Context.
pub(crate) const TRACEPARENT: &str = "traceparent";
/// The field in which others along the way add to that (section 3.3).
pub(crate) const TRACESTATE: &str = "tracestate";
/// The longest of these that is passed on, in bytes: four times what everybody has to pass on.
const LONGEST_STATE: usize = 2048;

/// The id and the trace context of one request.
#[derive(Debug)]
pub(crate) struct Identity {
    /// The id: letters, digits and `._-`.
    id: HeaderValue,
    pub(crate) traceparent: HeaderValue,
    pub(crate) tracestate: Option<HeaderValue>,
    /// Its span, if it is traced here.
    pub(crate) span: Option<Context>,
    /// What the request leaves behind for the log.
    pub(crate) trail: Trail,
}

impl Identity {
    /// Takes over what the caller sent where it is well formed, and makes the rest.
    pub(crate) fn of(headers: &HeaderMap) -> Identity {
        let arrived =
            headers.get(TRACEPARENT_FIELD).filter(|value| is_traceparent(value.as_bytes()));
        let begun = trace::begin(arrived);
        let mut made = None;
        let id = headers.get(REQUEST_ID_FIELD).filter(|value| is_id(value.as_bytes())).cloned();
        Identity {
            id: id.unwrap_or_else(|| made.get_or_insert_with(Fresh::new).id.clone()),
            traceparent: place(arrived, begun, &mut made),
            tracestate: arrived.and_then(|_| states(headers)),
            span: match begun {
                Begun::Drawn(context) => Some(context),
                Begun::Off | Begun::Left => None,
            },
            trail: Trail::default(),
        }
    }

    /// The same request, for what is done beside it and is none of what its line says.
    pub(crate) fn beside(&self) -> Identity {
        let Identity { id, traceparent, tracestate, span, .. } = self;
        Identity {
            id: id.clone(),
            traceparent: traceparent.clone(),
            tracestate: tracestate.clone(),
            span: *span,
            trail: Trail::default(),
        }
    }

    /// The id.
    pub(crate) fn id(&self) -> &str {
        self.id.to_str().unwrap_or_default()
    }

    /// The same as a field value.
    pub(crate) fn header(&self) -> HeaderValue {
        self.id.clone()
    }
}

/// What a request has that comes without.
struct Fresh {
    id: HeaderValue,
    /// A trace of its own. It is marked as sampled: backends that follow their parent's choice would
    /// otherwise stop tracing altogether.
    traceparent: HeaderValue,
}

impl Fresh {
    /// Both in one piece of memory: every request has them.
    fn new() -> Fresh {
        const ID: usize = 32;
        let odd = |number: u64| number | 1;
        let [one, two, three] = [random(), random(), random()].map(digits);
        let [four, five] = [odd(random()), odd(random())].map(digits);
        let text = [&one[..], &two, b"00-", &three, &four, b"-", &five, b"-01"].concat();
        let mut id = Bytes::from(text);
        let traceparent = id.split_off(ID);
        let value = |text| {
            HeaderValue::from_maybe_shared(text).expect("hexadecimal digits and `-` are a value")
        };
        Fresh { id: value(id), traceparent: value(traceparent) }
    }
}

/// Whether an id of a caller is taken over.
fn is_id(text: &[u8]) -> bool {
    let legal = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=128).contains(&text.len()) && text.iter().all(legal)
}

/// Whether a `traceparent` may be passed on (W3C Trace Context, section 3.2).
fn is_traceparent(value: &[u8]) -> bool {
    let hex = |field: &[u8], length| {
        field.len() == length && field.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let zero = |field: &[u8]| field.iter().all(|byte| *byte == b'0');
    let mut fields = value.split(|byte| *byte == b'-');
    let mut next = || fields.next().unwrap_or_default();
    let (version, trace, parent, flags) = (next(), next(), next(), next());
    let ends = fields.next().is_none();
    hex(version, 2)
        && version != b"ff"
        && hex(trace, 32)
        && !zero(trace)
        && hex(parent, 16)
        && !zero(parent)
        && hex(flags, 2)
        && (ends || version != b"00")
        && value.len() <= 512
}

/// What calls carry, unless each has a span of its own.
fn place(arrived: Option<&HeaderValue>, begun: Begun, made: &mut Option<Fresh>) -> HeaderValue {
    match (begun, arrived) {
        (Begun::Drawn(context), _) => context.header(),
        (Begun::Off, Some(arrived)) => arrived.clone(),
        (Begun::Off, None) => made.get_or_insert_with(Fresh::new).traceparent.clone(),
        (Begun::Left, arrived) => {
            let above = arrived.and_then(|value| Context::read(value.as_bytes()));
            above.unwrap_or_else(|| Context::below(None)).untraced()
        }
    }
}

/// What others along the way said, as one list; nothing if that is too long.
fn states(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut all = headers.get_all(TRACESTATE).iter();
    let first = all.next()?;
    if all.size_hint().1 == Some(0) {
        return (first.len() <= LONGEST_STATE).then(|| first.clone());
    }
    let joined = all.fold(first.as_bytes().to_vec(), |mut joined, next| {
        joined.push(b',');
        joined.extend_from_slice(next.as_bytes());
        joined
    });
    (joined.len() <= LONGEST_STATE).then(|| HeaderValue::from_bytes(&joined).ok()).flatten()
}

/// A number in sixteen hexadecimal digits. Every request has five of them, which are not worth the
/// machinery of `format!`.
fn digits(number: u64) -> [u8; 16] {
    let mut digits = [0; 16];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(number.to_be_bytes()) {
        pair.copy_from_slice(&PAIRS[usize::from(byte)]);
    }
    digits
}

/// Every byte in two hexadecimal digits.
const PAIRS: [[u8; 2]; 256] = {
    let digits = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    pairs
};

/// A number that is hard to foresee but no secret: ids, spreading of pauses.
pub(crate) fn random() -> u64 {
    thread_local! {
        static STATE: Cell<u64> = Cell::new(RandomState::new().hash_one(0_u8));
    }
    // SplitMix64.
    let state = STATE.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
    STATE.set(state);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(name: &'static str, value: &'static str) -> Identity {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        Identity::of(&headers)
    }

    #[test]
    fn an_id_of_the_caller_is_kept_if_it_is_harmless() {
        assert_eq!(identity(REQUEST_ID, "Run.7_a-b").id(), "Run.7_a-b");
        for odd in ["", "a b", "a\tb", "{}", "a/b"] {
            assert_eq!(identity(REQUEST_ID, odd).id().len(), 32, "{odd:?}");
        }
    }

    #[test]
    fn ids_differ() {
        let none = HeaderMap::new();
        let ids: std::collections::BTreeSet<_> =
            (0..1000).map(|_| Identity::of(&none).id().to_owned()).collect();
        assert_eq!(ids.len(), 1000);
    }

    #[test]
    fn a_well_formed_trace_context_is_passed_on() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let later = "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-ever";
        for value in [good, later] {
            assert_eq!(identity(TRACEPARENT, value).traceparent, value);
        }
        for bad in [
            "",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        ] {
            let fresh = identity(TRACEPARENT, bad).traceparent;
            assert_ne!(fresh, bad);
            assert!(is_traceparent(fresh.as_bytes()), "{fresh:?}");
        }
    }
}
