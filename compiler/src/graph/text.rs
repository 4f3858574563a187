//! Graphs as aligned text.

use super::{Graph, Step};
use crate::check::duration;
use std::fmt::Write as _;

/// How many columns the longest bar has.
const WIDTH: u64 = 32;

/// The graphs, an empty line between two.
pub(super) fn text(graphs: &[Graph]) -> String {
    graphs.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn one(graph: &Graph) -> String {
    let mut text = format!("{}\n  {}\n", graph.endpoint, graph.summary());
    if graph.calls.is_empty() {
        text.push_str("  no calls\n");
        return text;
    }
    text.push('\n');
    let name = graph.calls.iter().map(|call| call.name.chars().count()).max().unwrap_or(0);
    let span = graph.calls.iter().map(|call| times(call).chars().count()).max().unwrap_or(0);
    let indent = " ".repeat(name + 4);
    for call in &graph.calls {
        let bar = bar(call, graph.worst());
        let (padded, times) = (format!("{:name$}", call.name), format!("{:span$}", times(call)));
        let _ = writeln!(text, "  {padded}  {bar}  {times}  {}", call.operation);
        for note in graph.notes(call) {
            let _ = writeln!(text, "{indent}{note}");
        }
    }
    text
}

/// `0 to 600ms`
fn times(call: &Step) -> String {
    let start = if call.start == 0 { "0".to_owned() } else { duration(call.start) };
    format!("{start} to {}", duration(call.end()))
}

/// Where the call lies in the whole; on the longest path it is drawn thick.
fn bar(call: &Step, worst: u64) -> String {
    let column = |millis: u64| {
        let at = u128::from(millis) * u128::from(WIDTH) / u128::from(worst.max(1));
        usize::try_from(at).unwrap_or(0)
    };
    let (start, end) = (column(call.start), column(call.end()).max(column(call.start) + 1));
    let mark = if call.critical { "━" } else { "─" };
    let width = usize::try_from(WIDTH).unwrap_or(0) + 1;
    let rest = width.saturating_sub(end);
    format!("{}{}{}", " ".repeat(start), mark.repeat(end - start), " ".repeat(rest))
}
