//! Bars in SVG: one group for each work, one bar for each gateway.

use crate::measure::{Row, Table, median};
use std::fmt::Write;

const COLORS: &[&str] = &[
    "#7f8c8d", "#b2babb", "#d4ac0d", "#2e86c1", "#8e44ad", "#a04000", "#c0392b", "#1e8449",
    "#82c99a",
];
const BAR: usize = 13;
const LEFT: usize = 200;
const WIDTH: usize = 560;

/// A drawing of one number of every row, logarithmic, since peers differ by orders of magnitude.
pub(crate) fn bars(title: &str, unit: &str, tables: &[Table], value: fn(&Row) -> f64) -> String {
    let values = tables.iter().flat_map(|table| table.rows.iter().map(value));
    let (least, most) = values
        .filter(|value| value.is_finite() && *value > 0.0)
        .fold((f64::INFINITY, 1.0_f64), |(least, most), value| (least.min(value), most.max(value)));
    let least = if least.is_finite() { least / 2.0 } else { 0.5 };
    let scale =
        |value: f64| (value / least).ln().max(0.0) / (most / least).ln().max(1e-9) * WIDTH as f64;
    let mut body = String::new();
    let mut top = 56;
    for table in tables {
        let _ = writeln!(
            body,
            "<text x=\"8\" y=\"{}\" font-weight=\"bold\">{}</text>",
            top,
            text(table.work.name)
        );
        top += 6;
        for row in &table.rows {
            bar(&mut body, top, row, (value(row), scale(value(row))));
            top += BAR;
        }
        top += 26;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{top}\" viewBox=\"0 0 {0} {top}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"8\" y=\"24\" font-size=\"15\">{1}, {2}, logarithmic</text>\n{body}</svg>\n",
        LEFT + WIDTH + 90,
        text(title),
        text(unit),
    )
}

fn bar(body: &mut String, top: usize, row: &Row, (value, width): (f64, f64)) {
    if !value.is_finite() {
        return;
    }
    let color = crate::peers::ALL.iter().position(|peer| peer.name == row.name).unwrap_or(0);
    let color = COLORS.get(color).unwrap_or(&"#000");
    let passes = if row.passes { " (passes)" } else { "" };
    let base = top + BAR - 3;
    let _ = writeln!(
        body,
        "<text x=\"{}\" y=\"{base}\" text-anchor=\"end\">{}{passes}</text>\
         <rect x=\"{LEFT}\" y=\"{top}\" width=\"{width:.1}\" height=\"{}\" fill=\"{color}\"/>\
         <text x=\"{:.1}\" y=\"{base}\">{value:.1}</text>",
        LEFT - 6,
        text(row.name),
        BAR - 2,
        LEFT as f64 + width + 4.0,
    );
}

fn text(raw: &str) -> String {
    raw.replace('&', "&amp;").replace('<', "&lt;")
}

/// Microseconds on a processor per request.
pub(crate) fn cpu(row: &Row) -> f64 {
    median(row.rounds.iter().map(|round| round.cpu).collect())
}

/// The 99th of a hundred waits at the fixed rate, in microseconds.
pub(crate) fn p99(row: &Row) -> f64 {
    row.fixed.map_or(f64::NAN, |fixed| fixed[1])
}
