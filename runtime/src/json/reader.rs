//! Pulls typed values out of a JSON text.

use super::Maybe;
use super::courses::Courses;
use super::number::Decimal;
use super::pointer::{Mark, pointers};
use super::raw::Raw;
use super::scan::{self, Extent, Fault, LEVELS};
use crate::check::{
    EnumRule, NumberKind, NumberRule, Other, Place, TextRule, Violation, Violations,
};

/// What reading yields.
pub type Read<T> = Result<T, Stop>;

/// Why a value cannot be had. What is wrong is with the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Nothing more can or need be read.
    Broken,
    /// The value is not what the contract says; it is recorded and passed over.
    Violated,
}

/// Reads a JSON text from its front, one value after the other.
///
/// Every function that reads a value expects to stand before one: at the top, after
/// a key, or inside the function given to [`list`](Reader::list).
#[derive(Debug)]
pub struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    /// How many more records and lists may be opened.
    pub(super) levels: u32,
    /// Whether a caller sent this, who has to keep to the contract in what it does not read, too.
    pub(super) strict: bool,
    /// How many more violations there is room for. In a result the last one stops the reading; in
    /// what a caller sent, those behind it are counted.
    room: usize,
    /// How many there were no room for.
    beyond: usize,
    marks: Vec<Mark>,
    /// Whether a list was begun.
    pub(super) listed: bool,
    /// How records went on so far; nothing where no whole body is read.
    pub(super) courses: Option<Box<Courses>>,
    /// The declared member that is being read.
    pub(super) field: &'static str,
    /// The declared members whose values an `else` replaced, and how often.
    replaced: Vec<(&'static str, u64)>,
}

impl<'a> Reader<'a> {
    /// For a backend's result: stops at the first violation, skips unknown members.
    pub(super) fn result() -> Reader<'a> {
        Reader {
            text: "",
            at: 0,
            levels: LEVELS,
            strict: false,
            room: 1,
            beyond: 0,
            marks: Vec::new(),
            listed: false,
            courses: None,
            field: "",
            replaced: Vec::new(),
        }
    }

    /// For a caller's body: goes on after a violation.
    pub(super) fn request(room: usize) -> Reader<'a> {
        Reader { strict: true, room, ..Reader::result() }
    }

    /// Before a value that was checked.
    pub(super) fn within(value: Raw<'a>) -> Reader<'a> {
        Reader { text: value.json(), ..Reader::result() }
    }

    /// Reads a whole text as one value.
    #[inline]
    pub(super) fn document<T>(
        &mut self,
        body: &'a [u8],
        read: impl FnOnce(&mut Reader<'a>) -> Read<T>,
    ) -> Read<T> {
        self.begin(body)?;
        self.courses = Some(Courses::take());
        let value = read(self);
        if let Some(courses) = self.courses.take() {
            courses.keep();
        }
        if !matches!(value, Err(Stop::Broken)) {
            self.end()?;
        }
        value
    }

    fn begin(&mut self, body: &'a [u8]) -> Read<()> {
        let Ok(text) = simdutf8::basic::from_utf8(body) else {
            let found = "bytes that are not UTF-8";
            return Err(self.stop(Mark { at: 0, member: None, expected: "JSON", found }));
        };
        self.text = text;
        self.at = scan::blank(self.bytes(), 0);
        Ok(())
    }

    fn end(&mut self) -> Read<()> {
        let end = scan::blank(self.bytes(), self.at);
        if end < self.text.len() { Err(self.malformed(Fault::Syntax(end))) } else { Ok(()) }
    }

    /// A text.
    pub fn text(&mut self, rule: &TextRule) -> Read<Raw<'a>> {
        let (text, plain) = self.string(rule.expected)?;
        if rule.surely_takes(text) {
            Ok(self.pass(text))
        } else {
            self.exact_text(rule, text, plain)
        }
    }

    /// A text of which all has to be looked at.
    #[inline(never)]
    fn exact_text(&mut self, rule: &TextRule, text: Raw<'a>, plain: bool) -> Read<Raw<'a>> {
        match rule.fault(text, plain) {
            None => Ok(self.pass(text)),
            Some(found) => Err(self.refuse(rule.expected, found)),
        }
    }

    /// A number. One of an integer type loses a fraction of zeros: `1.0` is read as `1`.
    pub fn number(&mut self, rule: &NumberRule) -> Read<Raw<'a>> {
        let Some(extent) = scan::number(self.bytes(), self.at) else {
            return Err(self.mistake(rule.expected));
        };
        let number = self.slice(self.at + extent.number);
        let simple = !extent.has_exponent();
        let surely = simple && rule.surely_takes(number.json(), extent.whole, extent.fraction());
        if !surely {
            self.check_number(rule, number, extent)?;
        }
        self.pass(number);
        let integer = matches!(rule.kind, NumberKind::Int | NumberKind::Int64);
        if !integer || !simple || extent.whole == extent.number {
            return Ok(number);
        }
        Ok(number.json().get(..extent.whole).map_or(number, Raw::checked))
    }

    /// Whether the exact value of a number is as the contract says.
    #[inline(never)]
    fn check_number(&mut self, rule: &NumberRule, number: Raw<'a>, extent: Extent) -> Read<()> {
        let fault = Decimal::of(number.json(), extent)
            .and_then(|decimal| rule.fault(&decimal, number.json()));
        fault.map_or(Ok(()), |found| Err(self.refuse(rule.expected, found)))
    }

    /// A boolean.
    pub fn boolean(&mut self) -> Read<Raw<'a>> {
        let word = if self.peek() == b't' { "true" } else { "false" };
        match scan::literal(self.bytes(), self.at, word) {
            Some(end) => Ok(self.pass(self.slice(end))),
            None => Err(self.mistake("bool")),
        }
    }

    /// A text that is one of a few. What replaces an undeclared one is read in its place.
    pub fn one_of(&mut self, rule: &EnumRule) -> Read<Raw<'a>> {
        let (text, plain) = self.string(rule.expected)?;
        let declared =
            if plain { rule.declares(text.quoted()) } else { rule.declares(&text.text()) };
        if declared {
            return Ok(self.pass(text));
        }
        match rule.other {
            Other::Refused => Err(self.refuse(rule.expected, "another text")),
            Other::Kept => Ok(self.pass(text)),
            Other::Becomes(_) if self.strict => Err(self.refuse(rule.expected, "another text")),
            Other::Becomes(declared) => {
                self.pass(text);
                self.replace();
                Ok(Raw::literal(declared))
            }
        }
    }

    #[cold]
    fn replace(&mut self) {
        match self.replaced.iter_mut().find(|(field, _)| *field == self.field) {
            Some((_, count)) => *count += 1,
            None => self.replaced.push((self.field, 1)),
        }
    }

    /// The declared members whose values an `else` replaced, and how often. A value that stands in
    /// no record is under an empty name.
    pub(super) fn replaced(self) -> Vec<(&'static str, u64)> {
        self.replaced
    }

    /// Any text, number or boolean.
    pub fn scalar(&mut self) -> Read<Raw<'a>> {
        match self.peek() {
            b'{' | b'[' | b'n' => Err(self.mistake("text, number or bool")),
            _ => self.any(),
        }
    }

    /// Any value. A record in it may repeat a key.
    pub fn any(&mut self) -> Read<Raw<'a>> {
        match scan::value(self.bytes(), self.at, self.levels) {
            Ok(end) => Ok(self.pass(self.slice(end))),
            Err(fault) => Err(self.malformed(fault)),
        }
    }

    /// Passes over any value.
    #[inline]
    pub fn skip(&mut self) -> Read<()> {
        match scan::value(self.bytes(), self.at, self.levels) {
            Ok(end) => {
                self.at = end;
                Ok(())
            }
            Err(fault) => Err(self.malformed(fault)),
        }
    }

    /// A value and its text.
    #[inline]
    pub fn raw_of<T>(
        &mut self,
        read: impl FnOnce(&mut Reader<'a>) -> Read<T>,
    ) -> Read<(Raw<'a>, T)> {
        let start = self.at;
        let value = read(self)?;
        let end = std::mem::replace(&mut self.at, start);
        Ok((self.pass(self.slice(end)), value))
    }

    /// A value or null; never absent.
    #[inline]
    pub fn or_null<T>(&mut self, read: impl FnOnce(&mut Reader<'a>) -> Read<T>) -> Read<Maybe<T>> {
        if self.peek() == b'n'
            && let Some(end) = scan::literal(self.bytes(), self.at, "null")
        {
            self.at = end;
            return Ok(Maybe::Null);
        }
        read(self).map(Maybe::Value)
    }

    #[inline]
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    #[inline]
    pub(super) fn peek(&self) -> u8 {
        scan::byte(self.bytes(), self.at)
    }

    /// The value that ends at an offset.
    #[inline]
    pub(super) fn slice(&self, end: usize) -> Raw<'a> {
        Raw::checked(self.text.get(self.at..end).expect("a value begins and ends with ASCII"))
    }

    /// Goes past a value that stands here.
    #[inline]
    fn pass(&mut self, value: Raw<'a>) -> Raw<'a> {
        self.at += value.json().len();
        value
    }

    /// The string that stands here, and whether it has no escapes.
    #[inline(always)]
    fn string(&mut self, expected: &'static str) -> Read<(Raw<'a>, bool)> {
        if self.peek() != b'"' {
            return Err(self.mistake(expected));
        }
        match scan::text(self.bytes(), self.at) {
            Some((end, plain)) => Ok((self.slice(end), plain)),
            None => Err(self.malformed(Fault::Syntax(self.at))),
        }
    }

    /// Records that the value here is of another kind, and passes over it.
    #[cold]
    pub(super) fn mistake(&mut self, expected: &'static str) -> Stop {
        let found = match self.peek() {
            b'"' => "text",
            b'{' => "a record",
            b'[' => "a list",
            b'n' => "null",
            b't' | b'f' => "a boolean",
            _ => "a number",
        };
        self.refuse(expected, found)
    }

    /// Records that the value here is not what the contract says, and passes over it.
    #[cold]
    pub(super) fn refuse(&mut self, expected: &'static str, found: &'static str) -> Stop {
        let end = match scan::value(self.bytes(), self.at, self.levels) {
            Ok(end) => end,
            Err(fault) => return self.malformed(fault),
        };
        let noted = self.note(Mark { at: self.at, member: None, expected, found });
        self.at = end;
        noted.err().unwrap_or(Stop::Violated)
    }

    /// Records that the text is not JSON.
    #[cold]
    pub(super) fn malformed(&mut self, fault: Fault) -> Stop {
        let (at, expected, found) = match fault {
            Fault::Syntax(at) if at >= self.text.len() => (at, "JSON", "an early end"),
            Fault::Syntax(at) => (at, "JSON", "something else"),
            Fault::Depth(at) => (at, "at most 64 levels", "another"),
        };
        self.stop(Mark { at, member: None, expected, found })
    }

    #[cold]
    fn stop(&mut self, mark: Mark) -> Stop {
        self.record(mark);
        Stop::Broken
    }

    /// Records what is wrong; stops if that is enough.
    #[cold]
    pub(super) fn note(&mut self, mark: Mark) -> Read<()> {
        if !self.strict {
            return Err(self.stop(mark));
        }
        self.record(mark);
        Ok(())
    }

    fn record(&mut self, mark: Mark) {
        if self.room == 0 {
            self.beyond += 1;
        } else {
            self.marks.push(mark);
            self.room -= 1;
        }
    }

    /// The first thing that is wrong, for a reading that stopped.
    #[cold]
    pub(super) fn first_violation(&self) -> Violation {
        let pointer = pointers(self.text, self.marks.get(..1).unwrap_or_default()).pop();
        let mark = self.marks.first();
        let (expected, found) =
            mark.map_or(("JSON", "something else"), |mark| (mark.expected, mark.found));
        let field = mark.and_then(|mark| mark.member).unwrap_or(self.field);
        Violation { pointer: pointer.unwrap_or_default(), field, expected, found }
    }

    /// Tells everything that is wrong, with its pointer, ordered by place. Whether nothing is.
    pub(super) fn report(mut self, violations: &mut Violations) -> bool {
        if self.marks.is_empty() && self.beyond == 0 {
            return true;
        }
        self.marks.sort_by_key(|mark| mark.at);
        for (pointer, mark) in pointers(self.text, &self.marks).into_iter().zip(&self.marks) {
            violations.add(Place::Body(pointer), mark.expected);
        }
        violations.count(self.beyond);
        false
    }
}
