//! The storefront of a shop: `cargo run --example shop`.

gatewright_runtime::include_gateway!("shop");

fn main() -> std::process::ExitCode {
    gatewright_runtime::serve(&shop::CONTRACT)
}
