//! What a program says of itself, read and written, and what it is shipped in: bytes in, bytes out.

pub mod base64;
pub mod crates;
pub mod image;
pub mod key;
pub mod label;
mod program;
pub mod sbom;
mod text;

pub use crates::Crate;
pub use label::{Label, Texts, VersionLabel};
pub use program::Program;
pub use text::sha256;
