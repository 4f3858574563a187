//! The compiler as a whole: text in, findings, text and Rust out.

mod audit;
mod changes;
mod contracts;
mod depth;
mod diagnostics;
mod digests;
mod flatten;
mod fuzz;
mod generate;
mod hard_cases;
mod large;
mod lock;
mod manual;
mod properties;
mod reach;
mod rules;
mod stages;
mod tidy;
