//! Reads records: their keys in any order, then what the contract says about each field.

use super::Maybe;
use super::course;
use super::pointer::Mark;
use super::raw::Raw;
use super::reader::{Read, Reader, Stop};
use super::scan::{self, Fault, byte};
use std::borrow::Cow;

/// How many bytes there are around a key that has no blanks beside it: `,"":`.
pub(super) const TIGHT: usize = 4;

/// A record that is being read.
#[derive(Debug)]
pub struct Object {
    /// The offset of its brace.
    pub(super) start: usize,
    /// Whether no key was read yet.
    pub(super) untouched: bool,
    /// The name that most likely comes next.
    pub(super) likely: usize,
    /// One bit for each name, and for others that look like it; nothing until it is needed.
    pub(super) known: u64,
    /// The declared member that the record is in.
    pub(super) outer: &'static str,
    /// The number of its course, and of the step that comes next there.
    pub(super) course: usize,
    pub(super) step: usize,
}

impl<'a> Reader<'a> {
    /// Goes into a record.
    #[inline]
    pub fn object(&mut self) -> Read<Object> {
        if self.peek() != b'{' {
            return Err(self.mistake("a record"));
        }
        let start = self.at;
        self.open()?;
        let outer = self.field;
        let course = course::NONE;
        Ok(Object { start, untouched: true, likely: 0, known: 0, outer, course, step: 0 })
    }

    /// The next member that is among `names`: its place there; `None` at the end of the record.
    /// Its value has to be read before the next one. Others are violations in a caller's body, and
    /// passed over in a result.
    #[inline]
    pub fn member(
        &mut self,
        object: &mut Object,
        names: &'static [&'static str],
    ) -> Read<Option<usize>> {
        let strict = self.strict;
        self.next_along(object, names, strict)
    }

    /// [`member`](Self::member) of names that are known at run time only.
    pub(crate) fn member_among(
        &mut self,
        object: &mut Object,
        names: &[&'static str],
    ) -> Read<Option<usize>> {
        let strict = self.strict;
        self.next_of(object, names, strict)
    }

    /// The values of a whole record that stand under `names`, as they are written; other members are
    /// taken as [`member`](Self::member) takes them.
    #[cfg(feature = "auth")]
    pub(crate) fn members<const N: usize>(
        &mut self,
        names: &'static [&'static str; N],
    ) -> Read<[Maybe<Raw<'a>>; N]> {
        let mut found = [const { Maybe::Absent }; N];
        let mut object = self.object()?;
        while let Some(place) = self.member(&mut object, names)? {
            if let Some(slot) = found.get_mut(place) {
                self.leaf(slot, Reader::any)?;
            }
        }
        Ok(found)
    }

    /// [`member`](Self::member) that passes over other members in a caller's body too.
    #[inline]
    pub fn member_of_any(
        &mut self,
        object: &mut Object,
        names: &'static [&'static str],
    ) -> Read<Option<usize>> {
        self.next_along(object, names, false)
    }

    /// [`next_of`](Self::next_of), along the course of such records.
    #[inline]
    fn next_along(
        &mut self,
        object: &mut Object,
        names: &'static [&'static str],
        strict: bool,
    ) -> Read<Option<usize>> {
        if object.untouched
            && let Some(courses) = &mut self.courses
        {
            object.course = courses.find(names, strict);
        }
        match self.follow(object) {
            Some(place) => Ok(Some(place)),
            None => self.next_of(object, names, strict),
        }
    }

    /// The next member without a course.
    #[inline(never)]
    fn next_of(
        &mut self,
        object: &mut Object,
        names: &[&'static str],
        strict: bool,
    ) -> Read<Option<usize>> {
        let text = self.bytes();
        if self.peek() == b'}' && !object.untouched {
            self.leave(object);
            return Ok(None);
        }
        loop {
            let from = if object.untouched { object.start } else { self.at };
            // Most senders put no blanks between tokens, and keep keys short.
            let tight = if object.untouched { None } else { scan::tight_key(text, self.at) };
            let (place, length) = if let Some(key) = tight {
                self.at += key.len() + TIGHT;
                (object.place(names, key), key.len())
            } else {
                let Some(start) = self.next_key(object, self.at)? else { return Ok(None) };
                self.at = start;
                let key = self.other_key(scan::special(text, start + 1))?;
                (object.place(names, key.as_bytes()), key.len())
            };
            if place.is_some() || !strict {
                self.learn(object, (from, length), place);
            }
            if let Some(place) = place {
                return Ok(Some(self.found(object, names, place)));
            }
            if strict {
                self.unwelcome("no member of this name", "one")?;
            } else {
                let end = scan::behind(text, self.at, self.levels);
                self.at = end.map_err(|fault| self.malformed(fault))?;
            }
        }
    }

    /// Remembers which name was found.
    #[inline(always)]
    fn found(&mut self, object: &mut Object, names: &[&'static str], place: usize) -> usize {
        object.likely = place + 1;
        self.field = names.get(place).copied().unwrap_or_default();
        place
    }

    /// The offset of the next key behind `at`, where a record begins or a member ends; `None` at the
    /// end of the record.
    fn next_key(&mut self, object: &mut Object, at: usize) -> Read<Option<usize>> {
        let text = self.bytes();
        let mut at = scan::blank(text, at);
        match byte(text, at) {
            b'}' => {
                self.at = at;
                self.leave(object);
                return Ok(None);
            }
            _ if object.untouched => (object.untouched, object.step) = (false, 1),
            b',' => at = scan::blank(text, at + 1),
            _ => return Err(self.malformed(Fault::Syntax(at))),
        }
        if byte(text, at) == b'"' { Ok(Some(at)) } else { Err(self.malformed(Fault::Syntax(at))) }
    }

    /// The next key, decoded; `None` at the end of the record. The member's value has to be read
    /// before the next key.
    #[inline]
    pub(super) fn key(&mut self, object: &mut Object) -> Read<Option<Cow<'a, str>>> {
        let text = self.bytes();
        let Some(at) = self.next_key(object, self.at)? else { return Ok(None) };
        self.at = at;
        let end = scan::special(text, at + 1);
        self.other_key(end).map(Some)
    }

    /// The key that stands here, up to an offset at least; goes past its colon.
    fn other_key(&mut self, end: usize) -> Read<Cow<'a, str>> {
        let text = self.bytes();
        if byte(text, end) != b'"' {
            return self.escaped_key();
        }
        let start = self.at + 1;
        self.at = scan::colon(text, end + 1).map_err(|fault| self.malformed(fault))?;
        let key = self.text.get(start..end).expect("a key stands between quotes");
        Ok(Cow::Borrowed(key))
    }

    #[cold]
    fn escaped_key(&mut self) -> Read<Cow<'a, str>> {
        let text = self.bytes();
        let Some(end) = scan::string(text, self.at) else {
            return Err(self.malformed(Fault::Syntax(self.at)));
        };
        let key = self.slice(end).text();
        self.at = scan::colon(text, end).map_err(|fault| self.malformed(fault))?;
        Ok(key)
    }

    /// The value of a member: null, or what `read` yields. A second member of the same name is a
    /// violation.
    #[inline]
    pub fn field<T>(
        &mut self,
        slot: &mut Maybe<T>,
        read: impl FnOnce(&mut Reader<'a>) -> Read<T>,
    ) -> Read<()> {
        if !slot.is_absent() {
            return self.unwelcome("one member of this name", "another");
        }
        *slot = match self.or_null(read) {
            Ok(value) => value,
            Err(Stop::Violated) => Maybe::Violated,
            Err(Stop::Broken) => return Err(Stop::Broken),
        };
        Ok(())
    }

    /// [`field`](Self::field) for a single value. Single values are the bulk of what is read: that
    /// they share one function keeps what is compiled for each endpoint small.
    pub fn leaf(
        &mut self,
        slot: &mut Maybe<Raw<'a>>,
        read: fn(&mut Reader<'a>) -> Read<Raw<'a>>,
    ) -> Read<()> {
        self.field(slot, read)
    }

    /// Passes over a member that should not be there.
    #[cold]
    pub(super) fn unwelcome(&mut self, expected: &'static str, found: &'static str) -> Read<()> {
        self.note(Mark { at: self.at, member: None, expected, found })?;
        self.skip()
    }

    /// A field with a default, after the record: where it is absent, `json` is read in its place.
    /// In a result null counts as absent, unless it is `nullable`.
    #[inline]
    pub fn fill<T>(
        &mut self,
        slot: Maybe<T>,
        (json, nullable): (&'static str, bool),
        read: impl FnOnce(&mut Reader<'a>) -> Read<T>,
    ) -> Maybe<T> {
        let null = self.strict || nullable;
        match slot {
            Maybe::Null if null => Maybe::Null,
            Maybe::Absent | Maybe::Null => {
                Reader::within(Raw::literal(json)).or_null(read).unwrap_or(Maybe::Violated)
            }
            slot => slot,
        }
    }

    /// The value of `f: T`, after the record: it is there.
    #[inline]
    pub fn required<T>(&mut self, object: &Object, slot: Maybe<T>, name: &'static str) -> Read<T> {
        match slot {
            Maybe::Value(value) => Ok(value),
            Maybe::Absent => Err(self.lacking(object, name, ["a value", "nothing"])),
            Maybe::Null => Err(self.lacking(object, name, ["a value", "null"])),
            Maybe::Violated => Err(Stop::Violated),
        }
    }

    /// The value of `f?: T`, after the record: not null. A backend's null counts as absent.
    #[inline]
    pub fn optional<T>(
        &mut self,
        object: &Object,
        slot: Maybe<T>,
        name: &'static str,
    ) -> Read<Maybe<T>> {
        match slot {
            Maybe::Violated => Err(Stop::Violated),
            Maybe::Null if self.strict => {
                Err(self.lacking(object, name, ["a value or nothing", "null"]))
            }
            Maybe::Null => Ok(Maybe::Absent),
            slot => Ok(slot),
        }
    }

    /// The value of `f: T | null`, after the record: it is there.
    #[inline]
    pub fn nullable<T>(
        &mut self,
        object: &Object,
        slot: Maybe<T>,
        name: &'static str,
    ) -> Read<Maybe<T>> {
        match slot {
            Maybe::Violated => Err(Stop::Violated),
            Maybe::Absent => Err(self.lacking(object, name, ["a value or null", "nothing"])),
            slot => Ok(slot),
        }
    }

    /// The value of `f?: T | null`, after the record.
    #[inline]
    pub fn either<T>(
        &mut self,
        _object: &Object,
        slot: Maybe<T>,
        _name: &'static str,
    ) -> Read<Maybe<T>> {
        match slot {
            Maybe::Violated => Err(Stop::Violated),
            slot => Ok(slot),
        }
    }

    /// [`required`](Self::required) for a single value. Most are there, which is all that is compiled in place.
    #[inline]
    pub fn required_leaf(
        &mut self,
        object: &Object,
        slot: Maybe<Raw<'a>>,
        name: &'static str,
    ) -> Read<Raw<'a>> {
        if let Maybe::Value(value) = slot { Ok(value) } else { self.no_leaf(object, &slot, name) }
    }

    /// What [`required_leaf`](Self::required_leaf) says where there is no value.
    #[cold]
    #[inline(never)]
    fn no_leaf(
        &mut self,
        object: &Object,
        slot: &Maybe<Raw<'a>>,
        name: &'static str,
    ) -> Read<Raw<'a>> {
        self.required(object, *slot, name)
    }

    /// [`optional`](Self::optional) for a single value.
    pub fn optional_leaf(
        &mut self,
        object: &Object,
        slot: Maybe<Raw<'a>>,
        name: &'static str,
    ) -> Read<Maybe<Raw<'a>>> {
        self.optional(object, slot, name)
    }

    /// [`nullable`](Self::nullable) for a single value.
    pub fn nullable_leaf(
        &mut self,
        object: &Object,
        slot: Maybe<Raw<'a>>,
        name: &'static str,
    ) -> Read<Maybe<Raw<'a>>> {
        self.nullable(object, slot, name)
    }

    /// [`either`](Self::either) for a single value.
    pub fn either_leaf(
        &mut self,
        object: &Object,
        slot: Maybe<Raw<'a>>,
        name: &'static str,
    ) -> Read<Maybe<Raw<'a>>> {
        self.either(object, slot, name)
    }

    /// Records what a field should be and is.
    #[cold]
    fn lacking(&mut self, object: &Object, name: &'static str, says: [&'static str; 2]) -> Stop {
        let [expected, found] = says;
        let mark = Mark { at: object.start, member: Some(name), expected, found };
        self.note(mark).err().unwrap_or(Stop::Violated)
    }

    /// Goes past the brace that closes a record.
    #[inline]
    fn leave(&mut self, object: &Object) {
        self.close(self.at);
        self.field = object.outer;
    }

    /// Goes past an opening bracket.
    #[inline]
    pub(super) fn open(&mut self) -> Read<()> {
        let Some(levels) = self.levels.checked_sub(1) else {
            return Err(self.malformed(Fault::Depth(self.at)));
        };
        self.levels = levels;
        self.at = scan::blank(self.bytes(), self.at + 1);
        Ok(())
    }

    /// Goes past the closing bracket at an offset.
    #[inline]
    pub(super) fn close(&mut self, at: usize) {
        self.levels += 1;
        self.at = at + 1;
    }
}

impl Object {
    /// The place of a decoded key among `names`, which are the same for all keys of a record.
    #[inline(always)]
    fn place(&mut self, names: &[&'static str], key: &[u8]) -> Option<usize> {
        if self.known == 0 {
            self.known = names.iter().fold(0, |known, name| known | look(name.as_bytes()));
        }
        // Most keys that nobody reads look like none of those that are read.
        if self.known & look(key) == 0 {
            return None;
        }
        // Senders keep to one order, so the name behind the last one is the likeliest.
        if names.get(self.likely).is_some_and(|name| same(name.as_bytes(), key)) {
            return Some(self.likely);
        }
        names.iter().position(|name| same(name.as_bytes(), key))
    }
}

/// One bit that tells most names apart, by their length and first byte.
#[inline]
fn look(name: &[u8]) -> u64 {
    let first = name.first().copied().unwrap_or(0);
    1 << (usize::from(first).wrapping_add(name.len().wrapping_mul(11)) & 63)
}

/// Whether two names are equal, without a call for those that are not long.
#[inline]
fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    if a.len() > 16 {
        return a == b;
    }
    if let (Some(first), Some(last)) = (a.first_chunk::<8>(), a.last_chunk::<8>()) {
        return b.first_chunk() == Some(first) && b.last_chunk() == Some(last);
    }
    if let (Some(first), Some(last)) = (a.first_chunk::<4>(), a.last_chunk::<4>()) {
        return b.first_chunk() == Some(first) && b.last_chunk() == Some(last);
    }
    a.iter().eq(b)
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn names_of_every_length_are_told_apart() {
        let name: Vec<u8> = (0..40).collect();
        for length in 0..name.len() {
            let a = &name[..length];
            assert!(same(a, &name.clone()[..length]), "{length}");
            assert!(!same(a, &name[..=length]), "{length}");
            for at in 0..length {
                let mut b = a.to_vec();
                b[at] ^= 1;
                assert!(!same(a, &b), "{length}, {at}");
            }
        }
    }
}
