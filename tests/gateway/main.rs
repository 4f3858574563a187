//! Gateways over sockets, against backends that behave and backends that do not.

mod ask;
/// Who calls, as the program has it for cases and mocks.
#[path = "../../compiler/cli/src/callers.rs"]
mod callers;
mod compressed;
mod contracts;
mod differential;
#[path = "reference/all.rs"]
mod reference;

mod access;
mod answers;
mod attacks;
mod bodies;
mod breakers;
mod broken;
mod browser;
mod caches;
mod certificates;
mod copies;
mod cors;
mod counted;
mod counting;
mod crowds;
mod deadlines;
mod deployed;
mod each;
mod edge;
mod environment;
mod everything;
mod examples;
mod failures;
mod faults;
mod fields;
mod forms;
mod granted;
mod hops;
mod joining;
mod kept;
mod lifecycle;
mod limits;
mod lists;
mod metrics;
mod mocked;
mod names;
mod operate;
mod operations;
mod order;
mod overload;
mod parameters;
mod parts;
mod pass;
mod paths;
mod poured;
mod promises;
mod proxied;
mod proxies;
mod quotas;
mod reading;
mod requests;
mod results;
mod retired;
mod retries;
mod reuse;
mod routing;
mod schemas;
mod sending;
mod shaped;
mod shapes;
mod shop;
mod smoke;
mod soak;
mod standins;
mod statuses;
mod streams;
mod stumbles;
mod tokens;
mod traces;
mod transport;
mod traps;
mod two;
mod types;
mod validated;
mod versions;

/// Where the repository is.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");
