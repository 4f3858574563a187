//! Reads lists.

use super::equality::all_different;
use super::pointer::Mark;
use super::raw::Raw;
use super::reader::{Read, Reader, Stop};
use super::scan::{self, Fault, byte};
use crate::check::ListRule;

/// A list that is being read.
struct List {
    /// The offset of its bracket.
    start: usize,
    /// How many elements were read.
    count: usize,
    /// Whether nothing is wrong with it.
    sound: bool,
}

impl<'a> Reader<'a> {
    /// A list, each element as `read` yields it.
    #[inline]
    pub fn list<T>(
        &mut self,
        rule: &ListRule,
        mut read: impl FnMut(&mut Reader<'a>) -> Read<T>,
    ) -> Read<Vec<T>> {
        let mut list = self.open_list(rule)?;
        let mut values = Vec::new();
        while self.next_element(rule, &mut list)? {
            match read(self) {
                Ok(value) => values.push(value),
                Err(Stop::Violated) => list.sound = false,
                Err(Stop::Broken) => return Err(Stop::Broken),
            }
        }
        self.check_list(rule, &mut list)?;
        Ok(values)
    }

    fn open_list(&mut self, rule: &ListRule) -> Read<List> {
        if self.peek() != b'[' {
            return Err(self.mistake(rule.expected));
        }
        let start = self.at;
        self.open()?;
        Ok(List { start, count: 0, sound: true })
    }

    /// Whether there is another element to read; else the list is closed.
    fn next_element(&mut self, rule: &ListRule, list: &mut List) -> Read<bool> {
        let text = self.bytes();
        let at = scan::blank(text, self.at);
        self.at = match byte(text, at) {
            b']' => {
                self.close(at);
                return Ok(false);
            }
            _ if list.count == 0 => at,
            b',' => scan::blank(text, at + 1),
            _ => return Err(self.malformed(Fault::Syntax(at))),
        };
        if list.count >= rule.keep.min(rule.max) {
            return self.pass_rest(rule, list);
        }
        list.count += 1;
        Ok(true)
    }

    /// Passes over the elements that are too many, from the one here on.
    #[cold]
    fn pass_rest(&mut self, rule: &ListRule, list: &mut List) -> Read<bool> {
        if list.count < rule.keep {
            self.blame(rule, list, "a longer list")?;
        }
        let text = self.bytes();
        loop {
            self.skip()?;
            let at = scan::blank(text, self.at);
            match byte(text, at) {
                b',' => self.at = scan::blank(text, at + 1),
                b']' => break self.close(at),
                _ => return Err(self.malformed(Fault::Syntax(at))),
            }
        }
        Ok(false)
    }

    /// Checks what only the whole list tells.
    fn check_list(&mut self, rule: &ListRule, list: &mut List) -> Read<()> {
        if list.count < rule.min {
            self.blame(rule, list, "a shorter list")?;
        }
        if rule.unique && list.sound {
            let json = self.text.get(list.start..self.at).unwrap_or_default();
            if !all_different(Raw::checked(json).elements().take(list.count)) {
                self.blame(rule, list, "a list with equal elements")?;
            }
        }
        if list.sound { Ok(()) } else { Err(Stop::Violated) }
    }

    #[cold]
    fn blame(&mut self, rule: &ListRule, list: &mut List, found: &'static str) -> Read<()> {
        list.sound = false;
        self.note(Mark { at: list.start, member: None, expected: rule.expected, found })
    }
}
