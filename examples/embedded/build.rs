//! Compiles the contract. Cargo runs it again when a contract file changes.

fn main() {
    gatewright_build::compile("../smallest/smallest.api");
}
