//! What was set out to be reached, beside what was measured.

use crate::measure::{Table, median};
use crate::standing::Standing;
use std::fmt::Write;

/// A ratio of two gateways at the same work.
struct Goal {
    what: &'static str,
    work: &'static str,
    ours: &'static str,
    theirs: &'static str,
    of: fn(&Table, &str, &str) -> Option<f64>,
    bound: f64,
}

const QUIET: &str = "gatewright";
const LOGGING: &str = "gatewright, logging";

const fn cpu(what: &'static str, work: &'static str, theirs: &'static str, bound: f64) -> Goal {
    Goal { what, work, ours: QUIET, theirs, of: time, bound }
}

const GOALS: &[Goal] = &[
    Goal {
        ours: LOGGING,
        ..cpu("passing 2 KiB, both with an access log", "pass 2 KiB", "nginx, logging", 0.90)
    },
    cpu("passing 2 KiB, both without", "pass 2 KiB", "nginx", 0.80),
    cpu("passing 2 KiB", "pass 2 KiB", "pingora", 0.40),
    cpu("passing 2 KiB", "pass 2 KiB", "Envoy", 0.30),
    cpu("passing 2 KiB", "pass 2 KiB", "KrakenD", 0.15),
    Goal { of: tail, ..cpu("p99 of passing 2 KiB at a fixed rate", "pass 2 KiB", "nginx", 1.0) },
    cpu("passing 200 KiB", "pass 200 KiB", "nginx", 0.50),
    cpu("shaping 2 KiB, nginx passes it", "one call shaped, 2 KiB", "nginx", 1.0),
    cpu("shaping 20 KiB, nginx passes it", "one call shaped, 20 KiB", "nginx", 1.6),
    cpu("shaping 200 KiB, nginx passes it", "one call shaped, 200 KiB", "nginx", 2.5),
    cpu("three calls merged, nginx passes one", "three calls merged", "nginx", 1.9),
    cpu("shaping 2 KiB", "one call shaped, 2 KiB", "KrakenD", 0.10),
    cpu("shaping 20 KiB", "one call shaped, 20 KiB", "KrakenD", 0.05),
    cpu("three calls merged", "three calls merged", "KrakenD", 0.10),
];

fn time(table: &Table, ours: &str, theirs: &str) -> Option<f64> {
    Some(median(table.ratios(table.row(ours)?, table.row(theirs)?)))
}

fn tail(table: &Table, ours: &str, theirs: &str) -> Option<f64> {
    Some(table.row(ours)?.fixed?[1] / table.row(theirs)?.fixed?[1])
}

/// The table of goals, as Markdown. Goals whose peer did not take part are left out.
pub(crate) fn table(tables: &[Table], standing: &[Standing]) -> String {
    let mut text = String::from("| goal | over | bound | measured | |\n|---|---|---:|---:|---|\n");
    for goal in GOALS {
        let table = tables.iter().find(|table| table.work.name == goal.work);
        let Some(value) = table.and_then(|table| (goal.of)(table, goal.ours, goal.theirs)) else {
            continue;
        };
        row(&mut text, goal.what, goal.theirs, (goal.bound, "×"), value);
    }
    let find = |name: &str| standing.iter().find(|standing| standing.name == name);
    if let Some(ours) = find(QUIET) {
        if let Some(nginx) = find("nginx") {
            row(&mut text, "start to first answer", "nginx", (0.30, "×"), ours.first / nginx.first);
        }
        row(&mut text, "memory when idle", "", (5.0, "MiB"), ours.idle / 1024.0);
        row(&mut text, "memory per idle connection", "", (8.0, "KiB"), ours.connection);
        row(&mut text, "program with TLS", "", (7.0, "MiB"), ours.file);
    }
    text
}

/// A row of a table of goals: what, over whom, the bound and what was measured.
pub(crate) fn row(
    text: &mut String,
    what: &str,
    over: &str,
    (bound, unit): (f64, &str),
    value: f64,
) {
    let held = if value <= bound { "held" } else { "**missed**" };
    let _ =
        writeln!(text, "| {what} | {over} | ≤ {bound:.2} {unit} | {value:.2} {unit} | {held} |");
}
