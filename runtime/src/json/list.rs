//! Reads lists.

use super::equality::all_different;
use super::pointer::Mark;
use super::raw::Raw;
use super::reader::{Read, Reader, Stop};
use super::scan::{self, Fault, byte};
use crate::check::ListRule;

/// How many bytes of memory the elements of a list get at first, if they need so many.
const FIRST: usize = 32 * 1024;

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
        // Others may be inside elements, each of which would claim as much.
        let outermost = !std::mem::replace(&mut self.listed, true);
        let mut values = Vec::new();
        while self.next_element(rule, &mut list)? {
            let start = self.at;
            match read(self) {
                Ok(value) => {
                    if outermost && values.is_empty() && size_of::<T>() > 0 {
                        values.reserve_exact(self.likely_elements(start, size_of::<T>()));
                    }
                    values.push(value);
                }
                Err(Stop::Violated) => list.sound = false,
                Err(Stop::Broken) => return Err(Stop::Broken),
            }
        }
        self.check_list(rule, &mut list)?;
        Ok(values)
    }

    /// How many elements there is room for at first: as many as follow if all are as long as the one that
    /// begins at `start`, and no more than [`FIRST`] allows.
    fn likely_elements(&self, start: usize, size: usize) -> usize {
        let length = self.at.saturating_sub(start) + 1;
        let left = self.text.len().saturating_sub(start);
        (left / length).min(FIRST / size).max(1)
    }

    /// A list of single values as one text, for [`flat`](super::Writer::flat) to write.
    pub fn flat(
        &mut self,
        rule: &ListRule,
        read: fn(&mut Reader<'a>) -> Read<Raw<'a>>,
    ) -> Read<Raw<'a>> {
        let start = self.at;
        self.list(rule, |reader| read(reader).map(drop))?;
        let json = self.text.get(start..self.at).expect("a list begins and ends with ASCII");
        Ok(Raw::checked(json))
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
    #[inline]
    fn next_element(&mut self, rule: &ListRule, list: &mut List) -> Read<bool> {
        let text = self.bytes();
        // Most senders put no blanks between tokens.
        let tight = byte(text, self.at) == b',' && byte(text, self.at + 1) > b' ';
        if tight && list.count > 0 && list.count < rule.keep.min(rule.max) {
            self.at += 1;
            list.count += 1;
            return Ok(true);
        }
        self.other_element(rule, list)
    }

    /// The same for the first one, the end of the list, and elements with blanks around them.
    #[inline(never)]
    fn other_element(&mut self, rule: &ListRule, list: &mut List) -> Read<bool> {
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
