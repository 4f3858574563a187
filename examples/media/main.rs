//! Episodes of a radio station: `cargo run --example media`.

gatewright_runtime::include_gateway!("media");

fn main() -> std::process::ExitCode {
    gatewright_runtime::serve(&media::CONTRACT)
}
