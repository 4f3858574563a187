//! Heads that are requests, and heads that are none.
