//! A gateway inside a test, backends that behave as badly as told, and a client.
//!
//! Everything listens on the loopback interface, on ports that are free, and ends with the value
//! that holds it.
//!
//! ```ignore
//! let catalog = Backend::start().answer("GET", "/items/p_1", 200, r#"{"id":"p_1"}"#);
//! let gateway = Gateway::start(&shop::CONTRACT, &[("CATALOG_URL", &catalog.url())]);
//! let answer = get(gateway.address(), "/v1/products/p_1");
//! assert_eq!(answer.status, 200);
//! assert_eq!(catalog.requests().len(), 1);
//! ```
//!
//! What cannot happen in a sound test (no free port, an incomplete environment) panics, with the
//! reason.

mod backend;
mod client;
pub mod frames;
mod gateway;

pub use self::backend::{Backend, Received};
pub use self::client::{Answer, Client, get, send};
pub use self::gateway::{Gateway, Running, preflight, serve};

/// What `ask` says of the segments of a path, `None` where something in it is encoded or may not
/// stand there: what a gateway does with a path before it asks for its route.
#[inline]
pub fn segments<T>(path: &str, ask: impl FnOnce(&[&str]) -> T) -> Option<T> {
    crate::request::of_plain(path, ask)
}
