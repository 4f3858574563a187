//! Remembers how records go on from member to member, so that those that follow are read by comparison.
//!
//! Senders write their records by one program: the same keys in the same order. What was found out about the
//! bytes `,"id":` once, which name they are, then holds wherever they stand again between two members.

use super::reader::Reader;
use super::record::{Object, TIGHT};
use super::scan;

/// How many bytes of a text are compared at once.
const WORD: usize = 16;

/// The most bytes of a key with what is around it, `,"":`.
const LONGEST: usize = 2 * WORD;

/// The most members that are remembered of a record.
const MEMBERS: usize = 64;

/// How many of them there is room for at first.
const FIRST: usize = 24;

/// No course, and no name.
pub(super) const NONE: usize = usize::MAX;

/// The way through the records that are read by the same names.
#[derive(Debug)]
pub(super) struct Course {
    names: &'static [&'static str],
    /// Whether others than these are violations.
    strict: bool,
    /// The first one begins with a brace, the others with a comma.
    steps: Vec<Step>,
    /// The body that they were last used for, by its number.
    body: u64,
    /// How many keys of it were found along the course, and how many were not; what was learned of it counts as found.
    found: usize,
    missed: usize,
}

impl Course {
    /// One that nothing was learned for.
    pub(super) fn new(names: &'static [&'static str], strict: bool) -> Course {
        let steps = Vec::with_capacity(FIRST);
        Course { names, strict, steps, body: 0, found: 0, missed: 0 }
    }

    /// Whether it is that of records which are read so.
    #[inline(always)]
    pub(super) fn is_of(&self, names: &'static [&'static str], strict: bool) -> bool {
        std::ptr::eq(self.names, names) && self.strict == strict
    }

    /// Forgets what did not hold for most of the body before.
    #[inline]
    pub(super) fn begin(&mut self, body: u64) {
        if self.body == body {
            return;
        }
        if self.missed > self.found {
            self.steps.clear();
        }
        (self.body, self.found, self.missed) = (body, 0, 0);
    }

    /// Remembers a step as the first one, or as the one that stands `at` a place; the place behind it.
    fn learn(&mut self, step: Step, at: Option<usize>) -> Option<usize> {
        // A body that begins otherwise than the one before was written by another program.
        if at.is_none() && self.found == 0 {
            self.steps.clear();
        }
        let next = at.unwrap_or(0);
        // What is learned of another record of this kind stays what it is.
        let fits = at.is_none() == self.steps.is_empty() && next <= self.steps.len();
        if !fits || self.steps.len() == MEMBERS {
            self.missed += 1;
            return None;
        }
        if next == self.steps.len() {
            self.found += 1;
        } else {
            self.missed += 1;
        }
        self.steps.insert(next, step);
        Some(next + 1)
    }
}

/// The step that the member in front is if one or two are left out, and those behind it.
#[inline(never)]
fn later_step<'c>(steps: &'c [Step], rest: &[u8]) -> Option<(&'c Step, &'c [Step])> {
    let mut later = (1..3).filter_map(|left_out| steps.get(left_out..)?.split_first());
    later.find(|(step, _)| step.stands(rest))
}

/// A key, and what it means.
#[derive(Debug)]
struct Step {
    /// The first bytes, from the comma or brace before the quote on, and which of them count.
    head: u128,
    mask: u128,
    /// The last ones of a key that is longer than those.
    tail: u128,
    /// How many bytes there are up to the value.
    length: usize,
    /// The place of the name; [`NONE`] of one that nobody reads.
    place: usize,
}

impl Step {
    /// The step of a key of so many bytes that `rest` begins with.
    fn new(rest: &[u8], length: usize, place: Option<usize>) -> Option<Step> {
        let mask = u128::MAX >> (8 * WORD.saturating_sub(length));
        let head = word(rest)? & mask;
        let tail = word(rest.get(length.saturating_sub(WORD)..)?)?;
        let place = place.unwrap_or(NONE);
        (length <= LONGEST).then_some(Step { head, mask, tail, length, place })
    }

    /// Whether `rest` begins with the key, and is not so short that nobody can tell at once.
    #[inline(always)]
    fn stands(&self, rest: &[u8]) -> bool {
        let Some(head) = word(rest) else { return false };
        if (head ^ self.head) & self.mask != 0 {
            return false;
        }
        self.length <= WORD || rest.get(self.length - WORD..).and_then(word) == Some(self.tail)
    }
}

#[inline(always)]
fn word(text: &[u8]) -> Option<u128> {
    text.first_chunk().map(|chunk| u128::from_le_bytes(*chunk))
}

impl Reader<'_> {
    /// Goes along the course to the value of the next member that is read: its place among the names. Nothing where the
    /// course does not go on, or a value is not well-formed; the members before are behind the reader then.
    #[inline(never)]
    pub(super) fn follow(&mut self, object: &mut Object) -> Option<usize> {
        let text = self.bytes();
        let course = self.courses.as_mut()?.get(object.course)?;
        let mut rest = scan::from(text, if object.untouched { object.start } else { self.at });
        let mut steps = course.steps.get(object.step..)?;
        let found = loop {
            let (step, later) = match steps.split_first() {
                Some((step, later)) if step.stands(rest) => (step, later),
                _ => match later_step(steps, rest) {
                    Some(found) => found,
                    None => break None,
                },
            };
            let Some(value) = rest.get(step.length..).map(scan::unblank) else { break None };
            if step.place != NONE {
                (rest, steps) = (value, later);
                break Some(step.place);
            }
            let after = match scan::passed(value) {
                Some(after) => after,
                None => match scan::value(text, text.len() - value.len(), self.levels) {
                    Ok(end) => scan::from(text, end),
                    Err(_) => break None,
                },
            };
            (rest, steps) = (after, later);
        };
        let next = course.steps.len() - steps.len();
        if let Some(name) = found.and_then(|place| course.names.get(place)) {
            self.field = name;
        }
        // Before the first key nothing has changed.
        if next > 0 {
            course.found += next - object.step;
            (object.untouched, object.step) = (false, next);
            self.at = text.len() - rest.len();
        }
        found
    }

    /// Remembers the key from `from` on, whose value stands here, unless it is escaped or has blanks around it.
    pub(super) fn learn(
        &mut self,
        object: &mut Object,
        (from, key): (usize, usize),
        place: Option<usize>,
    ) {
        let text = self.bytes();
        let courses = self.courses.as_mut();
        let Some(course) = courses.and_then(|courses| courses.get(object.course)) else { return };
        let length = self.at - from;
        if length != key + TIGHT {
            course.missed += 1;
        } else if let Some(step) = Step::new(scan::from(text, from), length, place) {
            // Only the first key has a brace.
            let at = if from == object.start { None } else { Some(object.step) };
            object.step = course.learn(step, at).unwrap_or(object.step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::MEMBERS;
    use crate::check::{ListRule, Violations};
    use crate::json::{Maybe, Raw, Read, Reader, read_request, read_result};

    const NAMES: &[&str] = &["id", "name", "a_key_that_is_longer"];

    static LIST: ListRule =
        ListRule { min: 0, max: usize::MAX, keep: usize::MAX, unique: false, expected: "list" };

    /// Records as they follow one another in a list: most are well-formed.
    const RECORDS: &[&str] = &[
        r#"{"id":1,"skip":{"x":[1,2.5,{"y":null}]},"name":"a","a_key_that_is_longer":true}"#,
        r#"{"name":"b","id":2}"#,
        r#"{"id":3}"#,
        "{}",
        r#"{ "id" : 4 , "name" : "c" }"#,
        r#"{"id":5,"extra":"x","name":"d"}"#,
        r#"{"id":6,"id":7}"#,
        r#"{"\u0069d":8,"name":"e"}"#,
        r#"{"id":9,"skip":{"x":[1,}"#,
        r#"{"id":10{"id":11}"#,
        r#"{"name":"b"{"id":11}"#,
        r#"{"id":12,"skip":"\"escaped\\","name":"f"}"#,
        r#"{"id":13,"skip":01,"name":"g"}"#,
        r#"{"id":14,"skip":1.,"name":"h"}"#,
        r#"{"id":15,"skip":tru,"name":"i"}"#,
        r#"{"id": 16,"name":"j", "skip":[]}"#,
        r#"{"id":17,"a_key_that_is_longex":1,"a_key_that_is_so_long_that_nobody_remembers_it":2}"#,
        r#"{"id":18,"skip":-1,"name":"k"}"#,
        r#"{"id":19,"skip":12345678901234567.5e3,"name":"l"}"#,
        r#"{"id":20,"skip":1.25,"name":"m","a_key_that_is_longer":{"id":[true,false]}}"#,
        r#"{"id":21,"skip":"a text that is longer than a chunk, é","name":"n"}"#,
        "{\"id\":22,\"skip\":\"\u{1}\",\"name\":\"o\"}",
        r#"{"id":23,"skip":null,"name":"p",}"#,
    ];

    type Record<'a> = [Maybe<Raw<'a>>; 3];

    fn record<'a>(reader: &mut Reader<'a>, along: bool) -> Read<Record<'a>> {
        let mut slots = [Maybe::Absent; 3];
        let mut object = reader.object()?;
        while let Some(place) = if along {
            reader.member(&mut object, NAMES)?
        } else {
            reader.member_among(&mut object, NAMES)?
        } {
            reader.leaf(&mut slots[place], Reader::any)?;
        }
        Ok(slots)
    }

    /// What a backend's result is read as, and a caller's body, with what is wrong with them.
    fn read(json: &str, along: bool) -> String {
        let list = |reader: &mut Reader<'_>| {
            let records = reader.list(&LIST, |reader| record(reader, along))?;
            Ok(format!("{records:?}"))
        };
        let mut violations = Violations::new();
        let request = read_request(json.as_bytes(), list, &mut violations);
        format!("{:?} {request:?} {violations:?}", read_result(json.as_bytes(), list))
    }

    #[test]
    fn a_course_changes_nothing_about_what_is_read() {
        for a in RECORDS {
            for b in RECORDS {
                for c in RECORDS {
                    for end in ["]", "]                                        "] {
                        let json = format!("[{a},{b},{c},{a}{end}");
                        assert_eq!(read(&json, true), read(&json, false), "{json}");
                    }
                }
            }
        }
    }

    #[test]
    fn records_too_deep_are_found_along_a_course() {
        let shallow = format!("{{\"id\":1,\"skip\":{}1{}}}", "[".repeat(62), "]".repeat(62));
        let deep = format!("{{\"id\":1,\"skip\":{}1{}}}", "[".repeat(63), "]".repeat(63));
        for (json, fits) in
            [(format!("[{shallow},{shallow}]"), true), (format!("[{shallow},{deep}]"), false)]
        {
            assert_eq!(read(&json, true), read(&json, false), "{json}");
            assert_eq!(read(&json, true).starts_with("Ok"), fits, "{json}");
        }
    }

    #[test]
    fn most_records_are_read_along_a_course() {
        let json = format!("[{0},{0},{0}]{1}", RECORDS[0], " ".repeat(40));
        let mut lengths = Vec::new();
        let read = read_result(json.as_bytes(), |reader| {
            let records = reader.list(&LIST, |reader| {
                let read = record(reader, true)?;
                let course = reader.courses.as_mut().and_then(|courses| courses.get(0));
                lengths.push(course.map_or(0, |course| course.steps.len()));
                Ok(read)
            })?;
            Ok(records.len())
        });
        assert_eq!((read.ok(), lengths), (Some(3), vec![4, 4, 4]));
    }

    /// How many keys of a body were found along the course that bodies before have left, and how many were not.
    fn found(json: &str) -> (usize, usize) {
        let mut counts = None;
        let read = read_result(json.as_bytes(), |reader| {
            record(reader, true)?;
            let course = reader.courses.as_mut().and_then(|courses| courses.get(0));
            counts = course.map(|course| (course.found, course.missed));
            Ok(())
        });
        assert!(read.is_ok(), "{json}");
        counts.expect("a record has a course")
    }

    #[test]
    fn a_course_holds_for_the_next_body() {
        let end = " ".repeat(40);
        assert_eq!(found(&format!(r#"{{"id":1,"skip":2,"name":"a"}}{end}"#)), (3, 0), "learned");
        assert_eq!(found(&format!(r#"{{"id":4,"skip":[],"name":"b"}}{end}"#)), (3, 0));
    }

    #[test]
    fn what_one_body_teaches_makes_no_other_slower_for_long() {
        let usual = format!(r#"{{"id":1,"skip":2,"name":"a"}}{}"#, " ".repeat(40));
        let others: String = (0..MEMBERS).map(|number| format!(r#","x{number}":1"#)).collect();
        for odd in [r#"{"x":1,"y":2,"id":1}"#.to_owned(), format!(r#"{{"id":1{others}}}"#)] {
            found(&odd);
            found(&usual);
            found(&usual);
            assert_eq!(found(&usual), (3, 0), "{odd}");
        }
    }
}
