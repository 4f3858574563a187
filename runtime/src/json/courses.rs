//! Keeps the courses of records from one body to the next, for each core.
//!
//! A backend writes its answers by one program as well: what was learned of one body mostly holds for the next. Where
//! it does not, the course is forgotten and learned again, so nobody's bodies make those of others slower for long.

use super::course::{Course, NONE};
use std::cell::Cell;

/// The most kinds of records that are remembered.
const MOST: usize = 1024;

/// The courses of all records that were read so far.
#[derive(Debug, Default)]
pub(super) struct Courses {
    list: Vec<Course>,
    /// Where in the list the course of some names is, in order.
    places: Vec<(Key, usize)>,
    /// The one that was found last.
    last: usize,
    /// How many bodies were begun.
    body: u64,
}

/// Where the names are that a record is read by, how many, and whether others than these are violations.
type Key = (usize, usize, bool);

thread_local! {
    /// Those of this core, while no body is being read.
    static KEPT: Cell<Option<Box<Courses>>> = const { Cell::new(None) };
}

impl Courses {
    /// Those of this core, for a body that begins.
    pub(super) fn take() -> Box<Courses> {
        let mut courses = KEPT.take().unwrap_or_default();
        courses.body += 1;
        courses
    }

    /// Keeps them for the next body.
    pub(super) fn keep(self: Box<Courses>) {
        KEPT.set(Some(self));
    }

    /// The number of the course of a record that is read by these names, as it is for the body that is being read;
    /// [`NONE`] if there are too many.
    #[inline]
    pub(super) fn find(&mut self, names: &'static [&'static str], strict: bool) -> usize {
        let key = (names.as_ptr().addr(), names.len(), strict);
        if !self.list.get(self.last).is_some_and(|last| last.is_of(names, strict)) {
            self.last = self.place(key, names);
        }
        if let Some(course) = self.list.get_mut(self.last) {
            course.begin(self.body);
        }
        self.last
    }

    #[inline(never)]
    fn place(&mut self, key: Key, names: &'static [&'static str]) -> usize {
        match self.places.binary_search_by_key(&key, |(key, _)| *key) {
            Ok(found) => self.places.get(found).map_or(NONE, |(_, place)| *place),
            Err(_) if self.list.len() == MOST => NONE,
            Err(between) => {
                let place = self.list.len();
                self.list.push(Course::new(names, key.2));
                self.places.insert(between, (key, place));
                place
            }
        }
    }

    #[inline]
    pub(super) fn get(&mut self, number: usize) -> Option<&mut Course> {
        self.list.get_mut(number)
    }
}
