//! Rules that only report: a contract they find fault with can still be built.

pub(crate) mod allow;
pub(crate) mod budget_exceeded;
mod no_timeout;
mod unused_backend;
mod unused_parameter;

use crate::contract::Contract;
use crate::diagnostic::Diagnostics;
use gatewright_grammar::tree::File;

/// The rules about a contract as a whole.
pub(crate) fn all(contract: &Contract, files: &[File], diagnostics: &mut Diagnostics) {
    unused_backend::check(contract, files, diagnostics);
    no_timeout::check(contract, diagnostics);
    unused_parameter::check(contract, diagnostics);
}
