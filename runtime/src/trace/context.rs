//! The place of a request or a call in a trace (W3C Trace Context).

use std::fmt::Write;

use http::HeaderValue;

use crate::request::random;

/// The flag that says: whoever is above is traced (section 3.2.2.5.1).
const SAMPLED: u8 = 1;
/// The flag that says: the trace's number was drawn by chance.
const RANDOM: u8 = 2;

/// A span of a trace, whoever has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Context {
    /// The number of the trace, never 0.
    pub(crate) trace: u128,
    /// The number of the span, never 0.
    pub(crate) span: u64,
    /// The span above it; 0 if there is none.
    pub(super) parent: u64,
    flags: u8,
}

impl Context {
    /// Reads a well-formed `traceparent`.
    pub(crate) fn read(value: &[u8]) -> Option<Context> {
        let text = std::str::from_utf8(value).ok()?;
        let mut fields = text.split('-').skip(1);
        let trace = u128::from_str_radix(fields.next()?, 16).ok()?;
        let span = u64::from_str_radix(fields.next()?, 16).ok()?;
        let flags = u8::from_str_radix(fields.next()?, 16).ok()?;
        Some(Context { trace, span, parent: 0, flags })
    }

    /// A span below this one, or the first of a trace of its own.
    pub(crate) fn below(parent: Option<Context>) -> Context {
        let span = random() | 1;
        match parent {
            Some(parent) => Context { span, parent: parent.span, ..parent },
            None => {
                let trace = u128::from(random()) << 64 | u128::from(random() | 1);
                Context { trace, span, parent: 0, flags: RANDOM }
            }
        }
    }

    /// Whether it says that it is traced.
    pub(super) fn is_sampled(self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// Flags as spans carry them, with the word on whether the one above is somewhere else.
    pub(super) fn span_flags(self) -> u32 {
        const KNOWN: u32 = 0x100;
        const REMOTE: u32 = 0x200;
        let remote = if self.parent == 0 { 0 } else { REMOTE };
        u32::from(self.flags | SAMPLED) | KNOWN | remote
    }

    /// What whoever is below is told of it, if it is traced.
    pub(crate) fn header(self) -> HeaderValue {
        self.told(self.flags | SAMPLED)
    }

    /// The same for one that is not.
    pub(crate) fn untraced(self) -> HeaderValue {
        self.told(self.flags & !SAMPLED)
    }

    fn told(self, flags: u8) -> HeaderValue {
        let mut text = String::with_capacity(55);
        let _ = write!(text, "00-{:032x}-{:016x}-{flags:02x}", self.trace, self.span);
        HeaderValue::try_from(text).expect("hexadecimal digits and `-`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_below_another_is_of_its_trace() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let above = Context::read(text.as_bytes()).expect("it is well formed");
        assert_eq!((above.header(), above.is_sampled()), (HeaderValue::from_static(text), true));
        let below = Context::below(Some(above));
        assert_eq!((below.trace, below.parent), (above.trace, above.span));
        assert_ne!(below.span, above.span);
        let told = below.untraced();
        let told = told.to_str().expect("ASCII");
        assert!(told.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-") && told.ends_with("-00"));
    }

    #[test]
    fn a_trace_of_its_own_has_nothing_above() {
        let first = Context::below(None);
        assert_eq!(first.parent, 0);
        assert!(first.trace != 0 && first.span != 0);
        assert_ne!(first.trace, Context::below(None).trace);
        let header = first.header();
        assert_eq!(Context::read(header.as_bytes()).map(|one| one.trace), Some(first.trace));
    }
}
