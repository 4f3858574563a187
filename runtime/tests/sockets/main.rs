//! Gateways over real sockets, against backends that behave and backends that do not.

#![allow(clippy::panic, reason = "a test that cannot go on says so")]

mod contract;

mod access;
mod addresses;
mod bodies;
mod calls;
mod failures;
mod framing;
mod hostile;
mod identity;
mod logging;
mod mocks;
mod names;
mod nameserver;
mod policies;
mod pool;
mod problems;
mod program;
mod routing;
mod services;
mod stop;
mod supervised;
