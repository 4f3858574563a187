//! A program that is a gateway, and something else besides.

use std::process::ExitCode;

gatewright_runtime::include_gateway!("smallest");

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("--routes") => {
            for version in smallest::CONTRACT.versions {
                for endpoint in version.endpoints {
                    println!("{} {}", endpoint.method.as_str(), endpoint.template);
                }
            }
            ExitCode::SUCCESS
        }
        // Everything that a gateway can be asked for: `--env`, `--check`, `--preflight`, …
        _ => gatewright_runtime::serve(&smallest::CONTRACT),
    }
}
