//! Writes JSON into one growing buffer.

use std::fmt::{Display, Write};
use std::ops::Range;

use super::raw::Raw;
use super::scan::{byte, loose, portable_loose, special};
use crate::digits::Digits;
use crate::result::Body;

/// The most room that a text has before anything is written.
const MOST: usize = 64 * 1024;

/// How much room that is not needed goes along with a finished text.
const SPARE: usize = 1024;

/// A JSON text in the making. It writes what it is told, in order; that brackets match is up to
/// whoever calls it.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    json: String,
}

impl Writer {
    /// An empty text.
    pub fn new() -> Writer {
        Writer::default()
    }

    /// An empty text with room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Writer {
        Writer { json: String::with_capacity(bytes) }
    }

    /// An empty text with room for what is mostly made of results of this length.
    pub fn like(results: &[&Body]) -> Writer {
        let length: usize = results.iter().map(|body| body.len()).sum();
        Writer::with_capacity((length / 2).clamp(512, MOST))
    }

    /// An empty text in a buffer that held another one.
    pub(crate) fn reusing(mut buffer: Vec<u8>) -> Writer {
        buffer.clear();
        Writer::resume(buffer)
    }

    /// A text that goes on where another one was finished.
    pub(crate) fn resume(text: Vec<u8>) -> Writer {
        Writer { json: String::from_utf8(text).unwrap_or_default() }
    }

    /// Appends a value as it is shown, such as a number.
    pub(crate) fn show(&mut self, value: impl Display) {
        let _ = write!(self.json, "{value}");
    }

    /// Appends a number in at least so many decimal digits.
    pub(crate) fn number(&mut self, number: u64, least: usize) {
        self.json.push_str(&Digits::decimal(number, least));
    }

    /// Appends JSON text as it is: `{"id":`.
    pub fn raw(&mut self, json: &str) {
        self.json.push_str(json);
    }

    /// Appends text of the contract and a value behind it: `,"id":` and `7`. The pair is what
    /// answers are mostly made of, so it is one call.
    pub fn after(&mut self, text: &str, value: Raw<'_>) {
        let value = value.json();
        self.json.reserve(text.len() + value.len());
        self.json.push_str(text);
        self.json.push_str(value);
    }

    /// Appends a value as it was sent.
    pub fn value(&mut self, value: Raw<'_>) {
        self.json.push_str(value.json());
    }

    /// Appends a checked list of single values, without the blanks between them.
    pub fn flat(&mut self, list: Raw<'_>) {
        let json = list.json();
        if is_tight(json.as_bytes()) {
            return self.json.push_str(json);
        }
        self.loose(list);
    }

    /// [`flat`](Self::flat) of a list with blanks.
    #[inline(never)]
    fn loose(&mut self, list: Raw<'_>) {
        let json = list.json();
        // What is copied in one piece goes from `from` on.
        let (mut from, mut end) = (0, 1);
        for element in list.elements() {
            let start = element.json().as_ptr().addr() - json.as_ptr().addr();
            if start > end + usize::from(end > 1) {
                self.piece(json, from..end);
                if end > 1 {
                    self.json.push(',');
                }
                from = start;
            }
            end = start + element.json().len();
        }
        if json.len() == end + 1 {
            self.piece(json, from..end + 1);
        } else {
            self.piece(json, from..end);
            self.json.push(']');
        }
    }

    fn piece(&mut self, json: &str, range: Range<usize>) {
        self.json.push_str(json.get(range).unwrap_or_default());
    }

    /// Appends a string in quotes, with escapes for quotes, backslashes and control characters (RFC
    /// 8259 section 7).
    pub fn text(&mut self, text: &str) {
        self.json.push('"');
        let mut rest = text;
        while let Some((plain, escaped)) = rest.split_at_checked(special(rest.as_bytes(), 0)) {
            self.json.push_str(plain);
            let Some(after) = escaped.get(1..) else { break };
            self.escape(byte(escaped.as_bytes(), 0));
            rest = after;
        }
        self.json.push('"');
    }

    fn escape(&mut self, character: u8) {
        const HEX: [char; 16] =
            ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
        let short = match character {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            _ => "\\u00",
        };
        self.json.push_str(short);
        if short.len() > 2 {
            let [high, low] = [character >> 4, character & 15].map(usize::from);
            self.json.extend([HEX.get(high), HEX.get(low)].into_iter().flatten());
        }
    }

    /// Appends `"name":`, after a comma unless it is the first thing in its record.
    pub fn key(&mut self, name: &'static str) {
        self.comma();
        self.text(name);
        self.json.push(':');
    }

    /// Appends a comma unless it would be the first thing in its record or list.
    pub fn comma(&mut self) {
        if !matches!(self.json.as_bytes().last(), None | Some(b'[' | b'{')) {
            self.json.push(',');
        }
    }

    /// Appends `true` or `false`.
    pub fn boolean(&mut self, value: bool) {
        self.json.push_str(if value { "true" } else { "false" });
    }

    /// The bytes written, UTF-8. They may be kept for long, so room that was never needed is given back.
    pub fn finish(mut self) -> Vec<u8> {
        if self.json.capacity() / 2 > self.json.len() + SPARE {
            self.json.shrink_to_fit();
        }
        self.json.into_bytes()
    }

    #[inline]
    pub(super) fn into_string(self) -> String {
        self.json
    }

    /// What is written so far.
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.json
    }
}

/// Whether a checked list of single values surely has no blanks between them. Those would touch a bracket or a comma; so
/// may blanks inside texts.
fn is_tight(list: &[u8]) -> bool {
    let mut rest = list;
    while let (Some(a), Some(b)) = (rest.first_chunk(), rest.get(1..).and_then(<[u8]>::first_chunk))
    {
        if loose(a, b) {
            return false;
        }
        rest = rest.get(a.len()..).unwrap_or_default();
    }
    match (list.last_chunk::<17>().map(|[a @ .., _]| a), list.last_chunk()) {
        (Some(a), Some(b)) => !loose(a, b),
        _ => !portable_loose(rest, rest.get(1..).unwrap_or_default()),
    }
}

/// A text as JSON, with quotes and escapes.
pub fn json_text(text: &str) -> String {
    let mut out = Writer::with_capacity(text.len() + 2);
    out.text(text);
    out.json
}

#[cfg(test)]
mod tests {
    use super::{Raw, Writer};

    #[test]
    fn commas_come_between_members_and_elements_only() {
        let mut out = Writer::new();
        out.raw("{");
        out.key("a");
        out.raw("[");
        for word in ["[", "{"] {
            out.comma();
            out.text(word);
        }
        out.raw("]");
        out.key("b");
        out.boolean(false);
        out.key("c");
        out.value(Raw::literal("1e2"));
        out.raw("}");
        assert_eq!(out.as_str(), r#"{"a":["[","{"],"b":false,"c":1e2}"#);
    }

    #[test]
    fn a_number_has_at_least_so_many_digits() {
        for number in [0, 1, 9, 10, 99, 1_234, u64::MAX] {
            for least in [0, 1, 2, 4, 20, 30] {
                let mut out = Writer::new();
                out.number(number, least);
                let width = least.min(20);
                assert_eq!(out.as_str(), format!("{number:0width$}"), "{least}");
            }
        }
    }

    #[test]
    fn a_finished_text_takes_little_more_room_than_it_needs() {
        let mut out = Writer::with_capacity(64 * 1024);
        out.raw("{}");
        assert!(out.finish().capacity() < 4096);
    }

    #[test]
    fn a_flat_list_loses_its_blanks_and_nothing_else() {
        for (list, written) in [
            ("[]", "[]"),
            ("[ \n ]", "[]"),
            ("[1]", "[1]"),
            ("[ 1]", "[1]"),
            ("[1 ]", "[1]"),
            (r#"["a, b","[ ]", "c" ,"d"]"#, r#"["a, b","[ ]","c","d"]"#),
            ("[ 1.50 , -2e3,\t0 ]", "[1.50,-2e3,0]"),
            (r#"[ "\" ]" ]"#, r#"["\" ]"]"#),
        ] {
            let mut out = Writer::new();
            out.flat(Raw::literal(list));
            assert_eq!(out.as_str(), written, "{list}");
        }
    }

    #[test]
    fn what_a_string_cannot_hold_is_escaped() {
        let mut out = Writer::with_capacity(32);
        out.text("\"\\/\n\r\t\u{0}\u{1f}\u{7f}é😀 that is longer than one chunk\n");
        let escaped = r#""\"\\/\n\r\t\u0000\u001f"#;
        let rest = "\u{7f}é😀 that is longer than one chunk\\n\"";
        assert_eq!(String::from_utf8(out.finish()), Ok(format!("{escaped}{rest}")));
    }
}
