//! Compiles the example contracts and those of the tests, the way a user's build script would.

fn main() {
    for contract in gatewright_build::contracts(["examples", "tests/data/generate"]) {
        gatewright_build::compile(&contract);
    }
}
