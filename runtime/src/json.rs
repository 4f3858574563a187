//! Reads JSON bodies in one pass against a contract and writes answers, without a tree of values.
//!
//! Generated code pulls the values it wants, in whatever order they come, as borrowed slices of the
//! body; everything else is skipped. Every byte is checked on the way: grammar (RFC 8259), UTF-8,
//! escapes, depth. Answers are written by appending slices to one buffer.

mod course;
mod courses;
mod equality;
mod escape;
mod form;
mod list;
mod maybe;
mod number;
mod pointer;
mod raw;
mod reader;
mod record;
mod scan;
mod schema;
mod writer;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use equality::same_json;
pub use maybe::Maybe;
pub use number::compare_numbers;
pub use raw::{Raw, plain_number};
pub use reader::{Read, Reader, Stop};
pub use record::Object;
pub use writer::{Writer, json_text};

pub(crate) use escape::count as count_scalars;
pub(crate) use number::Decimal;

/// Whether the whole of `text` is a JSON number (RFC 8259 section 6).
pub(crate) fn is_number(text: &str) -> bool {
    scan::number(text.as_bytes(), 0).is_some_and(|extent| extent.number == text.len())
}

use crate::check::{Violation, Violations};

/// Reads a backend's result. Members that the contract does not name are skipped.
///
/// # Errors
///
/// The first thing that is not as the contract says, or not JSON in UTF-8.
#[inline]
pub fn read_result<'a, T>(
    body: &'a [u8],
    read: impl FnOnce(&mut Reader<'a>) -> Read<T>,
) -> Result<T, Violation> {
    let mut reader = Reader::result();
    reader.document(body, read).map_err(|_| reader.first_violation())
}

/// [`read_result`] that calls `replaced` with the members whose values an `else` replaced, and how
/// often.
///
/// # Errors
///
/// As [`read_result`].
#[inline]
pub(crate) fn read_counted<'a, T>(
    body: &'a [u8],
    read: impl FnOnce(&mut Reader<'a>) -> Read<T>,
    replaced: impl FnOnce(&[(&'static str, u64)]),
) -> Result<T, Violation> {
    let mut reader = Reader::result();
    let value = reader.document(body, read).map_err(|_| reader.first_violation())?;
    let fields = reader.replaced();
    if !fields.is_empty() {
        replaced(&fields);
    }
    Ok(value)
}

/// Reads a caller's body. Members that the contract does not name are violations. Adds what is wrong
/// to `violations`, ordered by place; `None` if anything is.
#[inline]
pub fn read_request<'a, T>(
    body: &'a [u8],
    read: impl FnOnce(&mut Reader<'a>) -> Read<T>,
    violations: &mut Violations,
) -> Option<T> {
    let mut reader = Reader::request(violations.room());
    let value = reader.document(body, read);
    let sound = reader.report(violations);
    value.ok().filter(|_| sound)
}
