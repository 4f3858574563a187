//! Compiles the example contracts and those of the tests, the way a user's build script would.

fn main() {
    for contract in gatewright_build::contracts(["examples", "tests/load/contract"]) {
        gatewright_build::compile(&contract);
    }
    // These are full of what the compiler warns of, on purpose.
    for contract in gatewright_build::contracts(["tests/data/generate"]) {
        gatewright_build::compile_quietly(&contract);
    }
}
