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
    let parse = parse(FileId::default(), text);
    if !parse.errors.is_empty() {
        return Err(parse.errors);
    }
    let mut printer = Printer { text, comments: &parse.file.comments };
    let items: Vec<&dyn Row> = parse.file.items.iter().map(|item| item as &dyn Row).collect();
    let style = Style { first: "", between: "", blanks: true };
    let layout = printer.rows(&items, style, text.len());
    Ok(layout::print(layout, WIDTH))
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
