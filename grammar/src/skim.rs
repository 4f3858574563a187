//! A first look at a text, before the grammar reads it: brackets, quotes, and how deep they nest.
//!
//! The grammar descends one level per bracket, so depth is bounded here. The rest is kept for messages: which bracket
//! is never closed is clear from all brackets of a file, not from the place where the grammar gives up.

use std::borrow::Cow;
use std::ops::Range;

/// How deep braces, brackets and parentheses may nest.
pub(crate) const MAX_DEPTH: usize = 64;

/// How many lone braces are worth a guess.
const MAX_MENDED: usize = 8;

/// What a text looks like from outside.
#[derive(Debug, Default)]
pub(crate) struct Skim {
    /// Quotes without a second one on their line.
    pub(crate) quotes: Vec<usize>,
    /// The brace that most likely lacks its partner, if braces do not pair up.
    pub(crate) brace: Option<Brace>,
    /// Parentheses that pair up, over several lines, in the order of their ends.
    pub(crate) parentheses: Vec<Range<usize>>,
    /// What lies too deep, brackets included.
    pub(crate) deep: Vec<Range<usize>>,
}

/// A brace without a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Brace {
    /// A `{` that is never closed.
    Open(usize),
    /// A `}` that closes nothing.
    Close(usize),
}

impl Brace {
    /// Where it stands.
    pub(crate) fn at(self) -> usize {
        let (Self::Open(at) | Self::Close(at)) = self;
        at
    }
}

impl Skim {
    /// The first quote without an end in `range`.
    pub(crate) fn quote_in(&self, range: &Range<usize>) -> Option<usize> {
        let first = self.quotes.partition_point(|&quote| quote < range.start);
        self.quotes.get(first).copied().filter(|quote| range.contains(quote))
    }

    /// Where the first thing that lies too deep starts in `range`.
    pub(crate) fn deep_in(&self, range: &Range<usize>) -> Option<usize> {
        let first = self.deep.partition_point(|deep| deep.start < range.start);
        self.deep.get(first).map(|deep| deep.start).filter(|start| range.contains(start))
    }

    /// The innermost parentheses of several lines around `at`.
    pub(crate) fn parentheses_around(&self, at: usize) -> Option<&Range<usize>> {
        let first = self.parentheses.partition_point(|range| range.end <= at);
        self.parentheses.iter().skip(first).take(MAX_DEPTH).find(|range| range.contains(&at))
    }

    /// The text with everything too deep blotted out, at the same offsets.
    pub(crate) fn blot<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.deep.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut shallow = String::with_capacity(text.len());
        let mut done = 0;
        for range in &self.deep {
            shallow.push_str(text.get(done..range.start).unwrap_or_default());
            // To the end of a line it reads as a comment behind its first mark: that is passed over in one step.
            let ends_line =
                text.get(range.end..).is_some_and(|rest| rest.is_empty() || rest.starts_with('\n'));
            let mark = if ends_line && range.len() > 2 { "^//" } else { "" };
            shallow.push_str(mark);
            shallow.extend(std::iter::repeat_n('^', range.len() - mark.len()));
            done = range.end;
        }
        shallow.push_str(text.get(done..).unwrap_or_default());
        Cow::Owned(shallow)
    }

    /// The text with the blocks of lone braces blotted out, if braces pair up then, and those braces. How far a block
    /// without an end goes is told by indentation.
    pub(crate) fn mend(&self, text: &str) -> Option<(String, Vec<Brace>)> {
        let (mut text, mut braces) = (text.to_owned(), Vec::new());
        let mut lone = self.brace;
        while let Some(brace) = lone {
            if braces.len() == MAX_MENDED {
                return None;
            }
            let range = match brace {
                Brace::Open(at) => at..block_end(&text, at),
                Brace::Close(at) => at..at + 1,
            };
            text = Self { deep: vec![range], ..Self::default() }.blot(&text).into_owned();
            braces.push(brace);
            lone = skim(&text).brace;
        }
        (!braces.is_empty()).then_some((text, braces))
    }
}

/// Where a block that opens at `at` ends by its indentation: before the next line that is no further in.
fn block_end(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rfind('\n').map_or(0, |newline| newline + 1);
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let own = indent(text.get(line..).unwrap_or_default());
    let mut end = at;
    for (number, line) in text.get(at..).unwrap_or_default().split_inclusive('\n').enumerate() {
        if number > 0 && !line.trim().is_empty() && indent(line) <= own {
            break;
        }
        end += line.len();
    }
    text.get(at..end).map_or(at, |block| at + block.trim_end().len())
}

/// Looks over `text`.
pub(crate) fn skim(text: &str) -> Skim {
    let mut scan = Scan { bytes: text.as_bytes(), fresh: true, ..Scan::default() };
    while let Some(&byte) = scan.bytes.get(scan.at) {
        scan.step(byte);
    }
    scan.finish()
}

/// An open bracket.
#[derive(Clone, Copy, Debug)]
struct Open {
    kind: u8,
    at: usize,
    line: usize,
    indent: usize,
}

#[derive(Default)]
struct Scan<'t> {
    bytes: &'t [u8],
    at: usize,
    /// The number and indentation of the line, and whether nothing else has stood on it.
    line: usize,
    indent: usize,
    fresh: bool,
    /// Whether a quote of this line is alone: slashes behind it are no comment.
    quoted: bool,
    /// The last byte that is no space.
    last: u8,
    open: Vec<Open>,
    deep_from: Option<usize>,
    /// Braces that look wrong by their indentation, should braces not pair up.
    suspects: Suspects,
    found: Skim,
}

#[derive(Default)]
struct Suspects {
    open: Option<usize>,
    close: Option<usize>,
    stray: Option<usize>,
}

impl Scan<'_> {
    fn step(&mut self, byte: u8) {
        let at = self.at;
        self.at += 1;
        match byte {
            b'\n' => return self.next_line(),
            b' ' | b'\t' | b'\r' => {
                self.indent += usize::from(self.fresh);
                return;
            }
            b'"' if !self.quoted => self.text(at),
            b'/' => self.slash(),
            b'{' | b'[' | b'(' => self.opened(byte, at),
            // A comparison looks the same; it is forgotten at the end of its line.
            b'<' if self.last.is_ascii_alphanumeric() || self.last == b'_' => self.opened(byte, at),
            b'>' => {
                self.open.pop_if(|open| open.kind == b'<');
                self.shallow(at + 1);
            }
            b'}' => self.closed(b'{', at),
            b']' => self.closed(b'[', at),
            b')' => self.closed(b'(', at),
            _ => {}
        }
        self.fresh = false;
        self.last = byte;
    }

    fn next_line(&mut self) {
        while self.open.pop_if(|open| open.kind == b'<').is_some() {}
        self.shallow(self.at);
        (self.line, self.indent, self.fresh, self.quoted) = (self.line + 1, 0, true, false);
    }

    /// Passes over a text, or notes that its quote is alone.
    fn text(&mut self, quote: usize) {
        match self.behind(b'"') {
            Some(behind) => self.at = behind,
            None => {
                self.found.quotes.push(quote);
                self.quoted = true;
            }
        }
    }

    /// Passes over a comment or a pattern. Other slashes belong to paths.
    fn slash(&mut self) {
        let within = self.open.last().map(|open| open.kind);
        if self.bytes.get(self.at) == Some(&b'/') && !self.quoted {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            self.at += rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
        } else if within == Some(b'(') && matches!(self.last, b'(' | b',') {
            self.at = self.behind(b'/').unwrap_or(self.at);
        }
    }

    /// Where the next unescaped `end` on this line ends.
    fn behind(&self, end: u8) -> Option<usize> {
        let mut at = self.at;
        loop {
            match *self.bytes.get(at)? {
                b'\n' => return None,
                b'\\' => at += 2,
                byte if byte == end => return Some(at + 1),
                _ => at += 1,
            }
        }
    }

    fn opened(&mut self, kind: u8, at: usize) {
        if self.open.len() == MAX_DEPTH {
            self.deep_from = Some(at);
        }
        self.open.push(Open { kind, at, line: self.line, indent: self.indent });
    }

    /// Takes the partner of a closing bracket from the stack, with everything unclosed above it.
    fn closed(&mut self, kind: u8, at: usize) {
        let above = self.open.iter().rposition(|open| open.kind == kind || open.kind == b'{');
        let Some(partner) =
            above.and_then(|index| self.open.get(index).copied()).filter(|open| open.kind == kind)
        else {
            if kind == b'{' {
                self.suspects.stray.get_or_insert(at);
            }
            return;
        };
        let exact = self.open.last().is_some_and(|open| open.at == partner.at);
        self.open.truncate(above.unwrap_or_default());
        let before = self.bytes.get(..at).unwrap_or_default().trim_ascii_end().len();
        self.shallow(if exact { at + 1 } else { before });
        match kind {
            b'{' if self.fresh && partner.line != self.line => self.suspect(partner, at),
            b'(' if partner.line != self.line => self.found.parentheses.push(partner.at..at + 1),
            _ => {}
        }
    }

    /// A `}` on a line of its own stands below the line that opened its block, or one of the two is wrong.
    fn suspect(&mut self, partner: Open, at: usize) {
        if self.indent < partner.indent {
            self.suspects.open.get_or_insert(partner.at);
        } else if self.indent > partner.indent {
            self.suspects.close.get_or_insert(at);
        }
    }

    /// Ends what is too deep when the stack has become low enough.
    fn shallow(&mut self, end: usize) {
        if self.open.len() <= MAX_DEPTH
            && let Some(start) = self.deep_from.take()
        {
            self.found.deep.push(start..end);
        }
    }

    fn finish(mut self) -> Skim {
        if let Some(start) = self.deep_from {
            self.found.deep.push(start..self.bytes.len());
        }
        let unclosed = self.open.iter().rfind(|open| open.kind == b'{').map(|open| open.at);
        self.found.brace = match (unclosed, self.suspects.stray) {
            (Some(at), None) => Some(Brace::Open(self.suspects.open.unwrap_or(at))),
            (None, Some(at)) => Some(Brace::Close(self.suspects.close.unwrap_or(at))),
            (Some(open), Some(close)) if open < close => Some(Brace::Open(open)),
            (Some(_), Some(close)) => Some(Brace::Close(close)),
            (None, None) => None,
        };
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::{Brace, skim};

    #[test]
    fn braces_that_pair_up() {
        for text in ["a { b { } }", "\"{\" // {\n", "text(/[{]/, 1) {}", "a: text(1..2\n{ } )"] {
            assert_eq!(skim(text).brace, None, "{text}");
        }
    }

    #[test]
    fn the_likely_culprit_is_told_by_indentation() {
        assert_eq!(skim("a {\n  b {\n}\n").brace, Some(Brace::Open(8)));
        assert_eq!(skim("a {\n  b {\n  }\n").brace, Some(Brace::Open(2)));
        assert_eq!(skim("a {\n  }\n}\n").brace, Some(Brace::Close(6)));
        assert_eq!(skim("a }").brace, Some(Brace::Close(2)));
    }

    #[test]
    fn quotes_without_an_end() {
        let skim = skim("a: \"x\\\"\nb: \"http://{\nc: \"y\"");
        assert_eq!(skim.quotes, [3, 11]);
        assert_eq!(skim.brace, Some(Brace::Open(19)));
    }

    #[test]
    fn what_is_too_deep_is_blotted_out() {
        let text = format!("{}x{} y", "[".repeat(66), "]".repeat(66));
        let skim = skim(&text);
        assert_eq!((skim.deep.len(), skim.deep.first()), (1, Some(&(64..69))));
        assert_eq!(skim.blot(&text), format!("{}^^^^^{} y", "[".repeat(64), "]".repeat(64)));
    }

    #[test]
    fn a_mended_text_pairs_up() {
        let text = "a {\n  b {\n    c\n  d\n}\n";
        let (mended, lone) = skim(text).mend(text).unwrap();
        assert_eq!(lone, [Brace::Open(8)]);
        assert_eq!((mended.len(), skim(&mended).brace), (text.len(), None));
        assert!(mended.contains("\n  d\n}"));
    }
}
