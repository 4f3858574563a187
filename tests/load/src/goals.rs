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
const BARE: &str = "bare proxy";

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
    let mut text = String::from(
        "| goal | over | bound | measured | | a bare proxy |\n|---|---|---:|---:|---|---:|\n",
    );
    for goal in GOALS {
        let table = tables.iter().find(|table| table.work.name == goal.work);
        let of = |ours| table.and_then(|table| (goal.of)(table, ours, goal.theirs));
        let Some(value) = of(goal.ours) else { continue };
        let least = of(BARE).map_or("–".to_owned(), |least| format!("{least:.2} ×"));
        let row = row(goal.what, goal.theirs, (goal.bound, "×"), value);
        let _ = writeln!(text, "{row} {least} |");
    }
    let find = |name: &str| standing.iter().find(|standing| standing.name == name);
    if let Some(ours) = find(QUIET) {
        let mut add = |what, over, bound, value| {
            let _ = writeln!(text, "{} – |", row(what, over, bound, value));
        };
        if let Some(nginx) = find("nginx") {
            add("start to first answer", "nginx", (0.30, "×"), ours.first / nginx.first);
        }
        add("memory when idle", "", (5.0, "MiB"), ours.idle / 1024.0);
        add("memory per idle connection", "", (8.0, "KiB"), ours.connection);
        add("program with TLS", "", (7.0, "MiB"), ours.file);
    }
    text
}

/// A row of a table of goals: what, over whom, the bound and what was measured.
pub(crate) fn row(what: &str, over: &str, (bound, unit): (f64, &str), value: f64) -> String {
    let held = if value <= bound { "held" } else { "**missed**" };
    format!("| {what} | {over} | ≤ {bound:.2} {unit} | {value:.2} {unit} | {held} |")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Round, Row};
    use crate::works::{Kind, Work};

    #[test]
    fn the_least_stands_beside_what_was_measured() {
        let row = |name, cpu| {
            let round = Round { cpu, per_second: 1.0, p50: 1.0, p99: 1.0 };
            Row { name, passes: false, rounds: vec![round], kernel: 0.5, fixed: None, failed: 0 }
        };
        let work = Work::get("pass 2 KiB", Kind::Pass, "/");
        let rows = vec![row("nginx", 10.0), row(BARE, 7.5), row(QUIET, 15.0)];
        let text = table(&[Table { work, rate: 1, rows }], &[]);
        let goal =
            "| passing 2 KiB, both without | nginx | ≤ 0.80 × | 1.50 × | **missed** | 0.75 × |";
        assert_eq!(text.lines().skip(2).collect::<Vec<_>>(), [goal]);
    }
}
