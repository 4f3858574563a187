//! Tables in Markdown.

use crate::timed::{Outcome, Row};
use std::fmt::Write;

const HEAD: &str = "# Inner loops

What happens between two bodies, without a socket: generated code beside libraries that do the same. Written by
`cargo bench -p gatewright-inner -- --write`; `--quick` takes a few seconds.

- The code is generated from `tests/inner/contract`; its readers and writers are called as an endpoint calls them.
- Of each item of twenty fields, five are kept, renamed and grouped. Everybody makes the same answer.
- All take turns in slices of 40 ms. Time is that of the least disturbed slice; the ratio is the median of ratios within a round, with its
  quartiles. **Times belong to the machine; compare ratios.**
- Allocations are those of one call, buffers that grow included.

";

/// All tables.
pub(crate) fn text(outcomes: &[Outcome]) -> String {
    let mut text = HEAD.to_owned();
    text.push_str(
        "| work | who | ns | GB/s | times as fast as the second (quartiles) | allocations |\n",
    );
    text.push_str("|---|---|---:|---:|---:|---:|\n");
    for outcome in outcomes {
        for row in &outcome.rows {
            line(&mut text, outcome, row);
        }
    }
    text
}

fn line(text: &mut String, outcome: &Outcome, row: &Row) {
    let [low, middle, high] = [0.25, 0.5, 0.75].map(|part| quantile(row.ratios.clone(), part));
    let rate =
        outcome.bytes.map_or("–".to_owned(), |bytes| format!("{:.2}", bytes as f64 / row.least));
    let _ = writeln!(
        text,
        "| {} | {} | {:.0} | {rate} | {middle:.2} ({low:.2}–{high:.2}) | {} |",
        outcome.name, row.name, row.least, row.allocations
    );
}

fn quantile(mut values: Vec<f64>, part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len().saturating_sub(1) as f64 * part).round() as usize;
    values.get(at).copied().unwrap_or(f64::NAN)
}
