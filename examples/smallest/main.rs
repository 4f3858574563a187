//! The smallest contract: `cargo run --example smallest`.

gatewright_runtime::include_gateway!("smallest");

fn main() -> std::process::ExitCode {
    gatewright_runtime::serve(&smallest::CONTRACT)
}
