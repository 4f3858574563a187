//! A call that nothing limits holds its caller for as long as the backend likes.

use crate::contract::Contract;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

pub(super) fn check(contract: &Contract, diagnostics: &mut Diagnostics) {
    for (at, backend) in contract.backends.iter().enumerate() {
        if !backend.timeout_is_default {
            continue;
        }
        let mut users = Vec::new();
        for endpoint in contract.versions.iter().flat_map(|version| &version.endpoints) {
            let unlimited =
                |call: &&crate::contract::Call| call.backend == at && call.within.is_none();
            if endpoint.work.calls.iter().any(|call| unlimited(&call)) {
                users.push(format!("{} {}", endpoint.method, endpoint.template));
            }
        }
        let users = match users.as_slice() {
            [] => continue,
            [one] => one.clone(),
            [one, other] => format!("{one} and {other}"),
            [one, other, more @ ..] => format!("{one}, {other} and {} more", more.len()),
        };
        diagnostics.push(
            Diagnostic::new(
                Code::NoTimeout,
                backend.span,
                "nothing limits how long this call may take",
            )
            .label("no `timeout` here, and no `within` at the calls that use it")
            .note(format!("used by {users}; the built-in limit of 30 s applies"))
            .help("add `{ timeout 200ms }` here"),
        );
    }
}
