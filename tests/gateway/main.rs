//! Gateways over sockets, against backends that behave and backends that do not.

mod ask;
mod contracts;

mod answers;
mod bodies;
mod breakers;
mod broken;
mod deadlines;
mod each;
mod edge;
mod environment;
mod everything;
mod examples;
mod failures;
mod forms;
mod lifecycle;
mod mocked;
mod names;
mod operations;
mod order;
mod parameters;
mod pass;
mod paths;
mod requests;
mod results;
mod retries;
mod reuse;
mod routing;
mod sending;
mod shapes;
mod shop;
mod standins;
mod statuses;
mod traps;
mod types;
mod validated;
