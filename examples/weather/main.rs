//! A public API, renamed and nested: `cargo run --example weather`.

gatewright_runtime::include_gateway!("weather");

fn main() -> std::process::ExitCode {
    gatewright_runtime::serve(&weather::CONTRACT)
}
