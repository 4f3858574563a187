//! The result of a call: its body, what is read of it, and what stands in for it.

use std::cell::OnceCell;

use bytes::Bytes;

use crate::check::Rule;
use crate::contract::Backend;
use crate::error::{Error, Kind};
use crate::json::{Read, Reader, read_counted, read_result};
use crate::metrics;
use crate::upstream::{Cached, Failure};

/// Holds the body of a result, and of what stands in for it, while parts of them are in use.
#[derive(Debug, Default)]
pub struct Body {
    result: OnceCell<Bytes>,
    stand_in: OnceCell<Bytes>,
}

impl Body {
    /// Nothing yet.
    pub const fn new() -> Body {
        Body { result: OnceCell::new(), stand_in: OnceCell::new() }
    }

    /// How many bytes there are.
    pub(crate) fn len(&self) -> usize {
        [&self.result, &self.stand_in].into_iter().filter_map(OnceCell::get).map(Bytes::len).sum()
    }

    /// Keeps the body of a successful call and reads it.
    ///
    /// # Errors
    ///
    /// The call's own failure, or that the result violates what is read of it. `call` says for the
    /// log which it was.
    #[inline]
    pub fn read<'b, T>(
        &'b self,
        result: Result<Bytes, Failure>,
        call: (&'static Backend, &'static str),
        read: fn(&mut Reader<'b>) -> Read<T>,
    ) -> Result<T, Failure> {
        let bytes = result?;
        let (backend, operation) = call;
        let body = keep(&self.result, bytes);
        let replaced = |fields: &[_]| replaced(backend, operation, fields);
        read_counted(body, read, replaced)
            .map_err(|violation| Failure::invalid(backend, operation, violation))
    }

    /// The same for a result that others may get, too: one that violates what is read is forgotten.
    ///
    /// # Errors
    ///
    /// As [`Body::read`].
    #[inline]
    pub fn read_cached<'b, T>(
        &'b self,
        result: Result<Cached, Failure>,
        call: (&'static Backend, &'static str),
        read: fn(&mut Reader<'b>) -> Read<T>,
    ) -> Result<T, Failure> {
        let cached = result?;
        let read = self.read(Ok(cached.body()), call, read);
        if read.is_err() {
            cached.forget();
        }
        read
    }

    /// Keeps a value that was built to stand in for a result, and reads it; nothing if it does
    /// not have what is read of the result.
    #[inline]
    pub fn built<'b, T>(
        &'b self,
        json: Vec<u8>,
        read: fn(&mut Reader<'b>) -> Read<T>,
    ) -> Option<T> {
        read_result(keep(&self.stand_in, Bytes::from(json)), read).ok()
    }
}

/// Counts values that the contract does not name and says what becomes of.
#[cold]
fn replaced(backend: &Backend, operation: &str, fields: &[(&'static str, u64)]) {
    metrics::here(|core| core.replaced(backend, operation, fields));
}

fn keep(cell: &OnceCell<Bytes>, bytes: Bytes) -> &[u8] {
    cell.get_or_init(|| bytes)
}

/// Reads a value of the contract that stands in for a result.
#[inline]
pub fn stand_in<T>(json: &'static str, read: fn(&mut Reader<'static>) -> Read<T>) -> Option<T> {
    read_result(json.as_bytes(), read).ok()
}

/// Checks a text that becomes part of an answer.
///
/// # Errors
///
/// The text is not what the answer promises: it came from a backend or a caller, and another rule
/// held there.
pub fn promise(text: &str, rule: &dyn Rule) -> Result<(), Error> {
    if rule.accepts(text) { Ok(()) } else { Err(broken_promise(rule.expected())) }
}

/// The failure of an answer that lacks something it promises.
#[cold]
pub fn broken_promise(expected: &'static str) -> Error {
    Error::from(Kind::BackendFailed).because(format!("the answer must hold {expected}"))
}
