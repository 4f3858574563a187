//! Tree to text: the one canonical form of a contract.
//!
//! Layout is decided in two steps. Every construct becomes a [`Layout`] that says where lines may break, then the
//! layout is printed in the width there is. What the author wrote on several lines stays on several lines.

mod backend;
mod block;
mod call;
mod clause;
mod endpoint;
mod item;
mod layout;
mod people;
mod types;
mod values;
mod version;

use crate::error::SyntaxError;
use crate::parse::parse;
use crate::span::{FileId, Span};
use crate::tree::Comment;
use block::{Row, Style};
use layout::Layout;

/// How many columns a line may have before it is broken.
const WIDTH: usize = 140;

/// Prints `text` in its canonical form. A text with mistakes is left alone: its errors are returned.
///
/// # Errors
///
/// What is wrong with the text.
pub fn format(text: &str) -> Result<String, Vec<SyntaxError>> {
    format_in(WIDTH, text)
}

fn format_in(width: usize, text: &str) -> Result<String, Vec<SyntaxError>> {
    let parse = parse(FileId::default(), text);
    if !parse.errors.is_empty() {
        return Err(parse.errors);
    }
    let mut printer = Printer { text, comments: &parse.file.comments };
    let items: Vec<&dyn Row> = parse.file.items.iter().map(|item| item as &dyn Row).collect();
    let style = Style { first: "", between: "", blanks: true };
    let layout = printer.rows(&items, style, text.len());
    Ok(layout::print(layout, width))
}

/// Turns the tree into layout, in the order of the text.
struct Printer<'t> {
    text: &'t str,
    /// Comments that are not printed yet.
    comments: &'t [Comment],
}

impl<'t> Printer<'t> {
    /// What the author wrote at `span`.
    fn slice(&self, span: Span) -> &'t str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// The same as layout.
    fn source(&self, span: Span) -> Layout {
        Layout::from(self.slice(span))
    }

    /// Whether the author broke the line within `span`.
    fn is_broken(&self, span: Span) -> bool {
        self.slice(span).contains('\n')
    }
}

#[cfg(test)]
mod tests {
    use super::{format, format_in};
    use crate::parse::parse;
    use crate::span::FileId;

    #[track_caller]
    fn check(text: &str, formatted: &str) {
        assert_eq!(format(text).as_deref(), Ok(formatted));
        assert_eq!(format(formatted).as_deref(), Ok(formatted));
    }

    /// The tree without places.
    fn outline(text: &str) -> String {
        let debug = format!("{:?}", parse(FileId::default(), text).file);
        debug
            .split("Span {")
            .map(|piece| piece.split_once('}').map_or(piece, |(_, rest)| rest))
            .collect()
    }

    #[test]
    fn lines_that_are_too_long_are_broken_and_stay_so() {
        let everything = include_str!("../tests/data/format/everything.api");
        for width in [1, 20, 40, 60, 80, 100, 1000] {
            let narrow = format_in(width, everything).unwrap();
            assert_eq!(format_in(width, &narrow).unwrap(), narrow, "width {width}");
            assert_eq!(outline(&narrow), outline(everything), "width {width}");
        }
    }

    #[test]
    fn one_line_stays_one_line_and_several_stay_several() {
        check("type A {a:int,b:int}", "type A { a: int, b: int }\n");
        check("type A { a: int\n b: int }", "type A {\n  a: int\n  b: int\n}\n");
        check("enum A { a,b\tc }", "enum A { a b c }\n");
    }

    #[test]
    fn blank_lines_are_at_most_one_and_inside() {
        check(
            "\n\ntype A {\n\n a: int\n\n\n b: int\n\n}\n\n\n\nenv B: url\n\n",
            "type A {\n  a: int\n\n  b: int\n}\n\nenv B: url\n",
        );
    }

    #[test]
    fn tails_stay_where_they_are_written() {
        let call = |tails: &str| {
            format!("version 1 {{\n  GET /x -> Y {{\n    a = b GET /c{tails}\n  }}\n}}\n")
        };
        check(&call(" on 404 fail X else null"), &call(" on 404 fail X else null"));
        check(
            &call("\n  on 404 fail X else null"),
            &call("\n      on 404 fail X\n      else null"),
        );
        let long = format!(" on 404 fail X {{ a: {} }}", "b".repeat(100));
        check(
            &call(&format!("{long} else null")),
            &call(&format!("\n     {long}\n      else null")),
        );
    }

    #[test]
    fn comments_stay_with_what_they_stand_beside() {
        check(
            "type A { // first\n// second\n a: int // third\n/// doc\n// fourth\n b: int\n // fifth\n}// sixth",
            "type A { // first\n  // second\n  a: int // third\n  /// doc\n  // fourth\n  b: int\n  // fifth\n} // sixth\n",
        );
    }

    #[test]
    fn a_text_with_mistakes_is_left_alone() {
        assert_eq!(format("type A {").unwrap_err().len(), 1);
    }

    #[test]
    fn no_text_stays_no_text() {
        check("", "");
        assert_eq!(format(" \n\t\n").as_deref(), Ok(""));
    }
}
