//! Lorries with certificates: `cargo run --example fleet`.

gatewright_runtime::include_gateway!("fleet");

fn main() -> std::process::ExitCode {
    gatewright_runtime::serve(&fleet::CONTRACT)
}
