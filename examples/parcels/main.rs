//! Parcels of a carrier: `cargo run --example parcels`.

gatewright_runtime::include_gateway!("parcels");

fn main() -> std::process::ExitCode {
    gatewright_runtime::serve(&parcels::CONTRACT)
}
