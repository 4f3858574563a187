//! Quoted texts: escapes, and the holes of templates.

use pest::Parser;

use super::Lower;
use super::cursor::Node;
use crate::error::SyntaxError;
use crate::parse::{Grammar, Rule};
use crate::skim::MAX_DEPTH;
use crate::span::Span;
use crate::tree::{TemplatePart, Value};

impl Lower<'_> {
    /// The text between the quotes where holes mean nothing: escapes resolved, braces kept.
    pub(super) fn plain_text(&mut self, node: &Node<'_>) -> String {
        let (inside, start) = self.inside(node);
        let mut text = String::with_capacity(inside.len());
        let mut at = 0;
        while let Some(letter) = inside.get(at..).and_then(|rest| rest.chars().next()) {
            if letter == '\\' {
                at += self.escape(&inside[at..], start + at, &mut text);
            } else {
                text.push(letter);
                at += letter.len_utf8();
            }
        }
        text
    }

    /// The text between the quotes where `{…}` is a value.
    pub(super) fn template(&mut self, node: &Node<'_>) -> Vec<TemplatePart> {
        let (inside, start) = self.inside(node);
        let (mut parts, mut text, mut at) = (Vec::new(), String::new(), 0);
        while let Some(letter) = inside.get(at..).and_then(|rest| rest.chars().next()) {
            match letter {
                '\\' => at += self.escape(&inside[at..], start + at, &mut text),
                '{' => {
                    if !text.is_empty() {
                        parts.push(TemplatePart::Text(std::mem::take(&mut text)));
                    }
                    let (value, length) = self.hole(&inside[at..], start + at);
                    parts.extend(value.map(TemplatePart::Hole));
                    at += length;
                }
                '}' => {
                    self.lone_brace(start + at);
                    at += 1;
                }
                _ => {
                    text.push(letter);
                    at += letter.len_utf8();
                }
            }
        }
        if !text.is_empty() {
            parts.push(TemplatePart::Text(text));
        }
        parts
    }

    /// The text between the quotes, and where in the file it starts.
    fn inside<'n>(&self, node: &Node<'n>) -> (&'n str, usize) {
        let quoted = node.as_str();
        let inside =
            quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(quoted);
        (inside, self.base + node.as_span().start() + 1)
    }

    /// Resolves the escape that `rest` starts with, and says how many bytes it has.
    fn escape(&mut self, rest: &str, start: usize, text: &mut String) -> usize {
        let letter = rest.get(1..).and_then(|rest| rest.chars().next());
        let resolved = match letter {
            Some(same @ ('"' | '\\' | '{' | '}')) => same,
            Some('n') => '\n',
            Some('t') => '\t',
            Some('u') => return self.unicode_escape(rest, start, text),
            _ => {
                let length = 1 + letter.map_or(0, char::len_utf8);
                let span = Span::new(self.file, start, start + length);
                let written = rest.get(..length).unwrap_or(rest);
                self.errors.push(SyntaxError::unknown_escape(span, written));
                return length;
            }
        };
        text.push(resolved);
        2
    }

    /// `\u{20AC}`: one Unicode scalar value in hexadecimal.
    fn unicode_escape(&mut self, rest: &str, start: usize, text: &mut String) -> usize {
        let digits = rest
            .get(2..)
            .and_then(|rest| rest.strip_prefix('{'))
            .and_then(|rest| rest.split_once('}'));
        let Some((digits, _)) = digits else {
            self.errors
                .push(SyntaxError::unknown_escape(Span::new(self.file, start, start + 2), "\\u"));
            return 2;
        };
        let length = digits.len() + 4;
        let hexadecimal =
            !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let value =
            u32::from_str_radix(digits, 16).ok().filter(|_| hexadecimal).and_then(char::from_u32);
        match value {
            Some(letter) => text.push(letter),
            None => {
                let span = Span::new(self.file, start, start + length);
                self.errors.push(SyntaxError::no_character(span, digits));
            }
        }
        length
    }

    /// Reads the hole that `rest` starts with, and says how many bytes it has.
    fn hole(&mut self, rest: &str, start: usize) -> (Option<Value>, usize) {
        let Some(length) = closed(rest) else {
            self.errors.push(SyntaxError::open_hole(Span::new(self.file, start, start + 1)));
            return (None, rest.len());
        };
        let inside = &rest[1..length - 1];
        if inside.matches(['{', '[', '(']).count() > MAX_DEPTH {
            self.errors.push(SyntaxError::too_deep(Span::new(self.file, start, start + 1)));
            return (None, length);
        }
        let value = match Grammar::parse(Rule::value_only, inside) {
            Ok(mut pairs) => {
                let outer = std::mem::replace(&mut self.base, start + 1);
                let value = pairs
                    .next()
                    .and_then(|only| only.into_inner().find(|node| node.as_rule() == Rule::value));
                let value = value.map(|node| self.value(node));
                self.base = outer;
                value
            }
            Err(error) => {
                let error = crate::error::in_hole(self.file, start + 1, inside, &error);
                self.errors.push(error);
                None
            }
        };
        (value, length)
    }

    fn lone_brace(&mut self, at: usize) {
        self.errors.push(SyntaxError::lone_brace(Span::new(self.file, at, at + 1)));
    }
}

/// How many bytes the braces that `text` starts with hold, themselves included.
fn closed(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}
