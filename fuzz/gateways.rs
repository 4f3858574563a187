//! What the targets share that hold gateways against a reference.

#[path = "../tests/gateway/differential.rs"]
pub(crate) mod differential;
#[path = "../tests/gateway/reference/all.rs"]
pub(crate) mod reference;
#[path = "seeds.rs"]
pub(crate) mod seeds;

/// The gateways, compiled by the build script.
pub(crate) mod contracts {
    gatewright_runtime::include_gateway!("shaped");
    gatewright_runtime::include_gateway!("validated");
}

/// The folder of the repository.
pub(crate) const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
