//! Text and syntax tree of the contract language, and its formatter.
//!
//! [`parse`] turns any text into a [`tree::File`] and a list of errors: it never fails as a whole and never panics.
//! What could not be read stands in the tree as `Bad`, everything beside it is kept. [`format()`] prints a text in its
//! one canonical form.

mod diagnose;
mod error;
mod format;
mod keywords;
mod lower;
mod parse;
mod skim;
pub mod span;
pub mod tree;

pub use error::{Help, SyntaxError};
pub use format::format;
pub use keywords::KEYWORDS;
pub use parse::{Parse, parse};
pub use span::{FileId, Span, line_column};
