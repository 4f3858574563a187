//! What stands at a place, for people.

use std::ops::Range;

use super::Diagnosis;

impl Diagnosis<'_> {
    /// The lines of a range on one line.
    pub(super) fn joined(&self, range: &Range<usize>) -> String {
        let lines = self.text.get(range.clone()).unwrap_or_default().lines().map(str::trim);
        let spaced = lines
            .map(|line| if line.ends_with(',') { format!("{line} ") } else { line.to_owned() });
        spaced.collect()
    }

    /// Where the text of a member starts: behind its documentation and the comments around it.
    pub(super) fn body(&self, range: &Range<usize>) -> usize {
        let mut at = range.start;
        for line in self.text.get(range.clone()).unwrap_or_default().split_inclusive('\n') {
            let text = line.trim_start();
            if !text.is_empty() && !text.starts_with("//") {
                return at + (line.len() - text.len());
            }
            at += line.len();
        }
        range.end
    }

    /// The letters, digits, `_` and `-` at `at`.
    pub(super) fn word(&self, at: usize) -> &str {
        let rest = self.text.get(at..).unwrap_or_default();
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
            .unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    /// What stands at `at`, for people: a word, a text, a mark. Empty at the end of a line.
    pub(super) fn token(&self, at: usize) -> &str {
        const MARKS: [&str; 10] = ["...", "..", "->", "=>", "==", "!=", ">=", "<=", "///", "//"];
        let rest = self.text.get(at..).unwrap_or_default();
        let word = self.word(at);
        if !word.is_empty() && !word.starts_with('-') {
            return word;
        }
        if let Some(mark) = MARKS.into_iter().find(|mark| rest.starts_with(mark)) {
            return mark;
        }
        match rest.chars().next() {
            None | Some('\n' | '\r') => "",
            Some('"') => rest.get(..self.line_end(at) - at).and_then(quoted).unwrap_or("\""),
            Some(letter) => rest.get(..letter.len_utf8()).unwrap_or_default(),
        }
    }

    /// The end of the line that `at` is on, without trailing space.
    pub(super) fn line_end(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        at + rest.split('\n').next().unwrap_or_default().trim_end().len()
    }

    /// The end of `GET /path` at `at`.
    pub(super) fn route_end(&self, at: usize) -> usize {
        let line = self.text.get(at..self.line_end(at)).unwrap_or_default();
        let path = line.find('/').unwrap_or(line.len());
        let mut depth = 0_usize;
        for (offset, letter) in line.char_indices().skip_while(|(offset, _)| *offset < path) {
            match letter {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                ' ' | '\t' if depth == 0 => return at + offset,
                _ => {}
            }
        }
        at + line.len()
    }
}

/// The text in quotes that `line` starts with.
fn quoted(line: &str) -> Option<&str> {
    let end = line.get(1..)?.find('"')?;
    line.get(..end + 2)
}
