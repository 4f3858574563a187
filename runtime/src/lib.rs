//! What a gateway that Gatewright generates is made of: the server, the calls to backends, the
//! reading and writing of JSON, and everything else that does not depend on the contract.
//!
//! A generated gateway names this crate only through [`codegen`], and its whole `main` is a call of
//! [`serve`]. This is a gateway by hand, with one backend and one endpoint:
//!
//! ```
//! use std::time::Duration;
//!
//! use gatewright_runtime::codegen as rt;
//!
//! static CATALOG: rt::Backend = rt::Backend {
//!     index: 0,
//!     name: "catalog",
//!     owner: "",
//!     address: rt::Setting::Fixed("http://127.0.0.1:9000"),
//!     timeout: rt::TimeSetting::Fixed(Duration::from_millis(300)),
//!     retries: 1,
//!     retry_on: &[],
//!     in_flight: None,
//!     authorities: None,
//!     certificate: None,
//!     breaker: None,
//!     headers: &[],
//!     token: None,
//!     max_body: 1 << 20,
//!     operations: &["GET /items/{id}"],
//! };
//!
//! static GET_ITEM: rt::Endpoint = rt::Endpoint {
//!     index: 0,
//!     method: rt::Method::Get,
//!     template: "/v1/items/{id}",
//!     rest: false,
//!     version: "1",
//!     timeout: rt::TimeSetting::Fixed(Duration::from_millis(800)),
//!     max_body: 0,
//!     limits: &[],
//!     body: rt::BodyKind::None,
//!     access: rt::Access::Public,
//!     lifecycle: None,
//!     fallbacks: &[],
//!     places: &[("path", "id")],
//!     deprecated: &[],
//!     successor: None,
//!     reuse: rt::Reuse::Unsaid,
//!     compress: rt::Compress::NONE,
//!     cors: None,
//!     answer: |gateway, request| Box::pin(get_item(gateway, request)),
//! };
//!
//! /// Asks the catalogue for an item and passes on its name.
//! async fn get_item(gateway: rt::Gateway, request: rt::Request) -> Result<rt::Response, rt::Error> {
//!     let mut call = rt::Call::new(&CATALOG, rt::Method::Get, "GET /items/{id}");
//!     call.literal("/items/");
//!     call.segment(request.segment(2));
//!     let body = call.send(&gateway, &request).await?;
//!     let mut name = rt::Maybe::Absent;
//!     rt::read_result(&body, |reader| {
//!         let mut object = reader.object()?;
//!         while let Some(place) = reader.member(&mut object, &["name"])? {
//!             match place {
//!                 0 => reader.leaf(&mut name, |reader| reader.text(&rt::TEXT))?,
//!                 _ => {}
//!             }
//!         }
//!         Ok(())
//!     })
//!     .map_err(|violation| rt::Failure::invalid(&CATALOG, "GET /items/{id}", violation))?;
//!     let mut out = rt::Writer::new();
//!     out.raw("{\"name\":");
//!     match name {
//!         rt::Maybe::Value(name) => out.value(name),
//!         _ => out.raw("null"),
//!     }
//!     out.raw("}");
//!     Ok(rt::Response::json(200, out))
//! }
//!
//! static CONTRACT: rt::Contract = rt::Contract {
//!     api: "shop",
//!     versions: &[rt::Version {
//!         label: "1",
//!         digest: "",
//!         draft: false,
//!         published: None,
//!         prefix: &["v1"],
//!         media_type: "application/json",
//!         lifecycle: None,
//!         source: "",
//!         endpoints: &[&GET_ITEM],
//!         route: |segments| match segments {
//!             ["v1", "items", _] => const { &[&GET_ITEM] },
//!             _ => &[],
//!         },
//!     }],
//!     compiler: "by hand",
//!     backends: &[&CATALOG],
//!     ..rt::Contract::EMPTY
//! };
//!
//! fn main() -> std::process::ExitCode {
//!     # if true { return std::process::ExitCode::SUCCESS }
//!     gatewright_runtime::serve(&CONTRACT)
//! }
//! ```
//!
//! # Features
//!
//! | feature | brings |
//! |---|---|
//! | `auth` | keys, passwords and tokens of callers |
//! | `store` | limits that several gateways count together |
//! | `tls` | `https` towards backends |
//! | `mock` | `mock`: backends that answer from a contract |
//! | `testing` | `testing`: a gateway inside a test, fake backends, a client |
//! | `source` | `SOURCE`: the text of this crate, for the compiler to carry |

pub mod codegen;
#[cfg(feature = "mock")]
pub mod mock;
#[cfg(feature = "testing")]
pub mod testing;

mod access;
mod auth;
mod bulkhead;
mod cache;
mod calendar;
mod check;
#[cfg(feature = "compress")]
mod coding;
mod contract;
#[cfg(feature = "tls")]
mod der;
mod digits;
mod error;
mod http1;
mod items;
mod json;
mod limit;
mod metrics;
mod observe;
mod operator;
#[cfg(feature = "tls")]
mod pem;
mod pipe;
mod request;
mod response;
mod result;
mod reuse;
mod run;
mod serve;
mod server;
mod settings;
#[cfg(feature = "source")]
mod source;
#[cfg(feature = "store")]
mod store;
mod stream;
mod trace;
mod upstream;

pub use serve::serve;
pub use settings::own_variables;
#[cfg(feature = "source")]
pub use source::SOURCE;

/// Puts what a program says of itself into sections of its file, so that it can be read without
/// running it: from three files, its label, its contract's texts, and the crates it is made of.
///
/// Only where programs are ELF files; elsewhere what is said is in the program, but has no name.
#[doc(hidden)]
#[macro_export]
macro_rules! label {
    ($label:literal, $contents:literal, $dependencies:literal $(,)?) => {
        #[used]
        #[cfg_attr(target_os = "linux", unsafe(link_section = ".gatewright.label"))]
        static LABEL: [u8; include_bytes!($label).len()] = *include_bytes!($label);
        #[used]
        #[cfg_attr(target_os = "linux", unsafe(link_section = ".gatewright.contents"))]
        static CONTENTS: [u8; include_bytes!($contents).len()] = *include_bytes!($contents);
        #[used]
        #[cfg_attr(target_os = "linux", unsafe(link_section = ".dep-v0"))]
        static DEPENDENCIES: [u8; include_bytes!($dependencies).len()] =
            *include_bytes!($dependencies);
    };
}

/// Includes the gateway that a build script compiled from the contract of this name.
///
/// ```ignore
/// mod shop {
///     gatewright_runtime::include_gateway!("shop");
/// }
/// ```
#[macro_export]
macro_rules! include_gateway {
    ($name:literal) => {
        include!(concat!(env!("OUT_DIR"), "/", $name, ".rs"));
    };
}
