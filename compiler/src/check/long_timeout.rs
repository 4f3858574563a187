//! Endpoints that may keep their callers waiting for long.

use super::walk;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::tree::{ClauseKind, File, Timeout};

/// What people wait for without leaving, in milliseconds.
const PATIENCE: u64 = 5_000;
/// What most clients and proxies wait for.
const CLIENTS: u64 = 30_000;
/// What next to nothing between caller and gateway waits for.
const NOBODY: u64 = 60_000;

pub(super) fn check(files: &[File], diagnostics: &mut Diagnostics) {
    for clause in walk::clauses(files) {
        let ClauseKind::Timeout(Timeout::Fixed(time)) = &clause.kind else { continue };
        let millis = time.millis;
        if millis <= PATIENCE {
            continue;
        }
        let told = if millis <= CLIENTS {
            "people leave after a few seconds"
        } else if millis <= NOBODY {
            "most clients and proxies give up after 30 seconds"
        } else {
            "next to every client, proxy and balancer gives up after a minute"
        };
        let mut diagnostic = Diagnostic::new(
            Code::LongTimeout,
            clause.span,
            format!("callers may wait for {}", time.text),
        )
        .label(told);
        if millis > CLIENTS {
            diagnostic = diagnostic
                .note("they ask again while the first request still holds its backends")
                .help("answer 202 at once, and let callers ask for the outcome");
        }
        diagnostics.push(
            diagnostic
                .help("write a `timeout` of 5s or less, nearest to the endpoint that needs it"),
        );
    }
}
