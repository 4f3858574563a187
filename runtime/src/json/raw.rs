//! One JSON value as text.

use super::escape::decode;
use super::number::Decimal;
use super::scan::{LEVELS, blank, byte, colon, string, value};
use std::borrow::Cow;

/// The JSON text of one value, checked, as it was sent: strings keep their quotes and escapes,
/// numbers their digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raw<'a>(&'a str);

impl<'a> Raw<'a> {
    #[inline]
    pub(crate) fn checked(json: &'a str) -> Raw<'a> {
        Raw(json)
    }

    /// A value that the contract itself spells, as JSON text without whitespace around it. Nobody
    /// checks it.
    #[inline]
    pub const fn literal(json: &'static str) -> Raw<'static> {
        Raw(json)
    }

    /// The JSON text.
    #[inline]
    pub fn json(self) -> &'a str {
        self.0
    }

    /// What is between the quotes of a string, escapes as they are; the JSON text of anything else.
    #[inline]
    pub(crate) fn quoted(self) -> &'a str {
        self.0.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(self.0)
    }

    #[inline]
    pub(super) fn is_text(self) -> bool {
        self.0.starts_with('"')
    }

    /// The decoded text of a string; the JSON text of anything else.
    #[inline]
    pub fn text(self) -> Cow<'a, str> {
        if self.is_text() { decode(self.quoted()) } else { Cow::Borrowed(self.0) }
    }

    /// The value as it stands in paths, queries, headers and templates: decoded text, `true`,
    /// `false`, a number without an exponent. A number that would take more than 400 digits keeps
    /// its exponent.
    pub fn plain(self) -> Cow<'a, str> {
        let number = matches!(byte(self.0.as_bytes(), 0), b'-' | b'0'..=b'9');
        if number { plain_number(self.0) } else { self.text() }
    }

    /// Whether this is the boolean true.
    #[inline]
    pub fn is_true(self) -> bool {
        self.0 == "true"
    }

    /// Whether this is null.
    #[inline]
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// The elements of a list; none of anything else.
    pub fn elements(self) -> impl Iterator<Item = Raw<'a>> {
        let list = self.0.starts_with('[');
        Elements { json: self.0, at: if list { 0 } else { self.0.len() } }
    }

    /// The members of a record, their keys decoded; none of anything else.
    pub(crate) fn members(self) -> impl Iterator<Item = (Cow<'a, str>, Raw<'a>)> {
        let record = self.0.starts_with('{');
        Members { json: self.0, at: if record { 0 } else { self.0.len() } }
    }
}

/// What is left of a checked record, from its brace or a comma on.
struct Members<'a> {
    json: &'a str,
    at: usize,
}

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, Raw<'a>);

    fn next(&mut self) -> Option<(Cow<'a, str>, Raw<'a>)> {
        let text = self.json.as_bytes();
        let start = blank(text, self.at + 1);
        let end = (byte(text, start) == b'"').then(|| string(text, start))??;
        let key = Raw(self.json.get(start..end)?).text();
        let start = colon(text, end).ok()?;
        let end = value(text, start, LEVELS).ok()?;
        self.at = blank(text, end);
        self.json.get(start..end).map(|value| (key, Raw(value)))
    }
}

/// What is left of a checked list, from its bracket or a comma on.
struct Elements<'a> {
    json: &'a str,
    at: usize,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Raw<'a>;

    fn next(&mut self) -> Option<Raw<'a>> {
        let text = self.json.as_bytes();
        let start = blank(text, self.at + 1);
        let end = value(text, start, LEVELS).ok()?;
        self.at = blank(text, end);
        self.json.get(start..end).map(Raw)
    }
}

/// A number without an exponent, unless it would take more than 400 digits.
pub fn plain_number(number: &str) -> Cow<'_, str> {
    if !number.contains(['e', 'E']) {
        return Cow::Borrowed(number);
    }
    let plain = Decimal::parse(number).and_then(|number| number.plain());
    plain.map_or(Cow::Borrowed(number), Cow::Owned)
}
