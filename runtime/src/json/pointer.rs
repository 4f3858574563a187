//! Finds the JSON pointer of a place in a document (RFC 6901).
//!
//! Reading remembers offsets only. Whoever reports a place walks through the document again.

use super::raw::Raw;
use super::scan::{blank, byte, string};
use std::fmt::Write;

/// The most characters of a key that a pointer repeats.
const LONGEST_KEY: usize = 64;

/// A place where a document is not what the contract says.
#[derive(Debug)]
pub(super) struct Mark {
    /// The offset of the value. All before it is well-formed.
    pub(super) at: usize,
    /// The member that the record there lacks or should not have as it is.
    pub(super) member: Option<&'static str>,
    /// What the contract says.
    pub(super) expected: &'static str,
    /// The kind of what is there.
    pub(super) found: &'static str,
}

/// The pointers of the marks, which stand by rising offset.
pub(super) fn pointers(text: &str, marks: &[Mark]) -> Vec<String> {
    let mut path = Path { text, open: Vec::new() };
    let mut marks = marks.iter().peekable();
    let mut pointers = Vec::with_capacity(marks.len());
    let mut at = 0;
    while marks.peek().is_some() {
        at = blank(text.as_bytes(), at);
        let end = token(text.as_bytes(), at);
        let here = |mark: &&Mark| mark.at < end || end == at;
        while let Some(mark) = marks.next_if(here) {
            pointers.push(path.pointer(mark.member));
        }
        path.step(at, end);
        at = end;
    }
    pointers
}

/// The offset after the token at an offset; the same offset at the end of the text.
fn token(text: &[u8], at: usize) -> usize {
    match byte(text, at) {
        b'"' => string(text, at).unwrap_or(text.len()),
        b',' | b':' | b'{' | b'}' | b'[' | b']' => at + 1,
        _ => {
            let word = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
            let rest = text.get(at..).unwrap_or_default();
            at + rest.iter().take_while(word).count()
        }
    }
}

/// Where in a document a walk is: the records and lists that are open.
struct Path<'a> {
    text: &'a str,
    open: Vec<Open<'a>>,
}

enum Open<'a> {
    /// A record, at the member with this key.
    Record(Option<Raw<'a>>),
    /// A list, at the element with this index.
    List(usize),
}

impl Path<'_> {
    /// Goes past a token.
    fn step(&mut self, at: usize, end: usize) {
        match (byte(self.text.as_bytes(), at), self.open.last_mut()) {
            (b'{', _) => self.open.push(Open::Record(None)),
            (b'[', _) => self.open.push(Open::List(0)),
            (b'}' | b']', _) => drop(self.open.pop()),
            (b',', Some(Open::Record(key))) => *key = None,
            (b',', Some(Open::List(index))) => *index += 1,
            (b'"', Some(Open::Record(key @ None))) => {
                *key = self.text.get(at..end).map(Raw::checked);
            }
            _ => {}
        }
    }

    fn pointer(&self, member: Option<&'static str>) -> String {
        let mut pointer = String::new();
        for open in &self.open {
            match open {
                Open::Record(Some(key)) => push(&mut pointer, &key.text()),
                Open::Record(None) => {}
                Open::List(index) => write!(pointer, "/{index}").expect("a string takes all"),
            }
        }
        if let Some(member) = member {
            push(&mut pointer, member);
        }
        pointer
    }
}

/// Appends a key as a reference token (RFC 6901 section 3), cut where it is too long to repeat.
fn push(pointer: &mut String, key: &str) {
    pointer.push('/');
    for character in key.chars().take(LONGEST_KEY) {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
    if key.chars().nth(LONGEST_KEY).is_some() {
        pointer.push('…');
    }
}
