//! Graphs as a drawing: one row per call, from left to right in the worst case.

use super::{Graph, Step};
use crate::check::duration;
use std::fmt::Write as _;

/// The width of the drawing, and of what stands left of the bars, in pixels.
const WIDTH: u64 = 960;
const LEFT: u64 = 320;
const RIGHT: u64 = 90;
/// The height of a row, of its bar, and of what stands above the rows.
const ROW: u64 = 44;
const BAR: u64 = 14;
const HEAD: u64 = 64;

/// The graphs below each other.
pub(super) fn svg(graphs: &[Graph]) -> String {
    let height: u64 = graphs.iter().map(height_of).sum::<u64>().max(1);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    let mut top = 0;
    for graph in graphs {
        one(&mut text, graph, top);
        top += height_of(graph);
    }
    text.push_str("</svg>\n");
    text
}

fn height_of(graph: &Graph) -> u64 {
    HEAD + ROW * graph.calls.len() as u64 + 24
}

/// From milliseconds to pixels.
struct Scale {
    whole: u64,
}

impl Scale {
    fn x(&self, millis: u64) -> u64 {
        let room = u128::from(WIDTH - LEFT - RIGHT);
        let at = u128::from(millis.min(self.whole)) * room / u128::from(self.whole);
        LEFT + u64::try_from(at).unwrap_or(0)
    }
}

fn one(text: &mut String, graph: &Graph, top: u64) {
    let whole = graph.worst().max(graph.budget.unwrap_or(0)).max(1);
    let scale = Scale { whole };
    let (title, line) = (top + 26, top + 46);
    let _ = writeln!(
        text,
        "<text x=\"16\" y=\"{title}\" font-size=\"16\" font-weight=\"bold\">{}</text>",
        escaped(&graph.endpoint)
    );
    let _ = writeln!(
        text,
        "<text x=\"16\" y=\"{line}\" fill=\"#555555\">{}</text>",
        escaped(&graph.summary())
    );
    for (at, call) in graph.calls.iter().enumerate() {
        row(text, (call, graph), top + HEAD + ROW * at as u64, &scale);
    }
    waits(text, graph, top + HEAD, &scale);
    if let Some(budget) = graph.budget.filter(|_| !graph.calls.is_empty()) {
        let (x, from, to) = (scale.x(budget), top + HEAD - 10, top + height_of(graph) - 20);
        let _ = writeln!(
            text,
            "<line x1=\"{x}\" y1=\"{from}\" x2=\"{x}\" y2=\"{to}\" stroke=\"#b00020\" stroke-dasharray=\"4 3\"/>\n\
             <text x=\"{}\" y=\"{}\" fill=\"#b00020\" font-size=\"11\">{}</text>",
            x + 4,
            from + 8,
            escaped(&duration(budget))
        );
    }
}

fn row(text: &mut String, (call, graph): (&Step, &Graph), top: u64, scale: &Scale) {
    let fill = if call.critical { "#1f5f99" } else { "#8fb6d9" };
    let dash = if call.required { "" } else { " stroke-dasharray=\"4 2\"" };
    let (x, end) = (scale.x(call.start), scale.x(call.end()));
    let width = (end - x).max(2);
    let _ = writeln!(
        text,
        "<text x=\"16\" y=\"{}\"><tspan font-weight=\"bold\">{}</tspan> {}</text>",
        top + 14,
        escaped(&call.name),
        escaped(&short(&call.operation, 36))
    );
    let notes = graph.notes(call).join("; ");
    let _ = writeln!(
        text,
        "<text x=\"16\" y=\"{}\" fill=\"#555555\" font-size=\"11\">{}</text>",
        top + 30,
        escaped(&short(&notes, 52))
    );
    let _ = writeln!(
        text,
        "<rect x=\"{x}\" y=\"{}\" width=\"{width}\" height=\"{BAR}\" rx=\"2\" fill=\"{fill}\" stroke=\"#1f5f99\"{dash}><title>{}</title></rect>",
        top + 4,
        escaped(&notes)
    );
    let _ = writeln!(
        text,
        "<text x=\"{}\" y=\"{}\" font-size=\"11\">{}</text>",
        end + 6,
        top + 15,
        escaped(&duration(call.longest))
    );
}

/// A line from the end of a call down or up to the begin of each that waits for it.
fn waits(text: &mut String, graph: &Graph, top: u64, scale: &Scale) {
    let middle = |at: usize| top + ROW * at as u64 + 4 + BAR / 2;
    for (at, call) in graph.calls.iter().enumerate() {
        for before in &call.after {
            let end = graph.calls.get(*before).map_or(0, Step::end);
            let (x, to) = (scale.x(end), scale.x(call.start));
            let _ = writeln!(
                text,
                "<path d=\"M{x} {} V{} H{to}\" fill=\"none\" stroke=\"#999999\"/>",
                middle(*before),
                middle(at)
            );
        }
    }
}

/// At most that many characters.
fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
