//! The compiler as a whole: text in, findings, text and Rust out.

mod contracts;
mod diagnostics;
mod properties;
