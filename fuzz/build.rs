//! Compiles the contracts whose gateways are fuzzed, the way a user's build script would.

fn main() {
    for contract in ["shaped", "validated"] {
        gatewright_build::compile_quietly(format!("../tests/data/generate/{contract}"));
    }
}
