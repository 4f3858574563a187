//! Gatewright's pure core: contract text in, checked contract and generated Rust out.

pub mod alike;
mod analyse;
pub mod changes;
mod check;
pub mod codegen;
pub mod contract;
pub mod diagnostic;
pub mod fix;
mod flatten;
pub mod graph;
pub mod lock;
pub mod needs;
mod pattern;
pub mod plan;
pub mod proof;
mod samples;
mod schema;
pub mod served;
pub mod source;
mod suggest;
#[cfg(test)]
mod testing;
pub mod who;
mod words;

pub use analyse::{Analysis, analyse};
pub use codegen::generate;
pub use contract::Checked;
pub use diagnostic::explain;
pub use flatten::{flatten, flatten_as};
pub use plan::{Target, plan};
pub use samples::{MockBackend, MockOperation, SampleRequest, mocks, requests};

/// The compiler's version, as generated files name it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
