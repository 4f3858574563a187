//! Tables in Markdown.

use crate::goals;
use crate::measure::{Row, Table, median, quantile};
use crate::standing::Standing;
use std::fmt::Write;

/// All that was measured.
pub(crate) struct Report {
    /// Lines about the machine and the versions.
    pub(crate) about: Vec<String>,
    pub(crate) tables: Vec<Table>,
    pub(crate) standing: Vec<Standing>,
}

impl Report {
    /// The whole report.
    pub(crate) fn text(&self) -> String {
        let mut text = String::from("## Goals\n\n");
        text.push_str(&goals::table(&self.tables, &self.standing));
        text.push_str("\n## Standing still\n\n");
        text.push_str(&standing(&self.standing));
        for table in &self.tables {
            let _ = write!(text, "\n## {}\n\n{}", heading(table), work(table));
        }
        text.push_str("\n## Machine and versions\n\n");
        for line in &self.about {
            let _ = writeln!(text, "- {line}");
        }
        text
    }
}

fn heading(table: &Table) -> String {
    let name = table.work.name;
    name.chars().take(1).flat_map(char::to_uppercase).chain(name.chars().skip(1)).collect()
}

/// The table of one work. Ratios are to its first row.
pub(crate) fn work(table: &Table) -> String {
    let Some(first) = table.rows.first() else { return String::new() };
    let mut text = format!(
        "| gateway | CPU µs/request | user | kernel | × {} (quartiles) | requests/s | p50 µs | p99 µs | at {}/s: p50 | p99 | p99.9 |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
        first.name, table.rate
    );
    for row in &table.rows {
        line(&mut text, table, row, first);
    }
    text
}

fn line(text: &mut String, table: &Table, row: &Row, first: &Row) {
    let of =
        |value: fn(&crate::measure::Round) -> f64| median(row.rounds.iter().map(value).collect());
    let cpu = of(|round| round.cpu);
    let ratios = table.ratios(row, first);
    let ratio = median(ratios.clone());
    let (low, high) = (quantile(ratios.clone(), 0.25), quantile(ratios, 0.75));
    let fixed = row.fixed.map_or("| – | – | –".to_owned(), |[p50, p99, p999]| {
        format!("| {p50:.0} | {p99:.0} | {p999:.0}")
    });
    let passes = if row.passes { " (passes)" } else { "" };
    let failed = if row.failed > 0 { format!(", {} failed", row.failed) } else { String::new() };
    let _ = writeln!(
        text,
        "| {}{passes}{failed} | {cpu:.1} | {:.1} | {:.1} | {ratio:.2} ({low:.2}–{high:.2}) | {:.0} | {:.0} | {:.0} {fixed} |",
        row.name,
        cpu * (1.0 - row.kernel),
        cpu * row.kernel,
        of(|round| round.per_second),
        of(|round| round.p50),
        of(|round| round.p99),
    );
}

fn standing(rows: &[Standing]) -> String {
    let mut text = String::from(
        "| gateway | start to first answer, ms | idle, MiB | per idle connection, KiB | program, MiB |\n\
         |---|---:|---:|---:|---:|\n",
    );
    for row in rows {
        let _ = writeln!(
            text,
            "| {} | {:.1} | {:.1} | {:.1} | {:.1} |",
            row.name,
            row.first,
            row.idle / 1024.0,
            row.connection,
            row.file
        );
    }
    text
}
