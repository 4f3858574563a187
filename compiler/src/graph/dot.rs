//! Graphs in the language of Graphviz.

use super::{Graph, Step};
use crate::check::duration;
use std::fmt::Write as _;

/// One cluster per endpoint, from its request to its answer.
pub(super) fn dot(graphs: &[Graph]) -> String {
    let mut text = "digraph gateway {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\"];\n".to_owned();
    for (at, graph) in graphs.iter().enumerate() {
        cluster(&mut text, at, graph);
    }
    text.push_str("}\n");
    text
}

fn cluster(text: &mut String, at: usize, graph: &Graph) {
    let label = quoted(&[graph.endpoint.as_str(), &graph.summary()]);
    let _ = writeln!(text, "  subgraph cluster_{at} {{\n    label={label};");
    let _ = writeln!(text, "    request_{at} [label=\"request\", shape=plaintext];");
    let _ = writeln!(text, "    answer_{at} [label=\"answer\", shape=plaintext];");
    for (index, call) in graph.calls.iter().enumerate() {
        let style = if call.required { "solid" } else { "dashed" };
        let width = if call.critical { 2 } else { 1 };
        let _ = writeln!(
            text,
            "    call_{at}_{index} [label={}, style={style}, penwidth={width}];",
            label_of(call)
        );
    }
    for (index, call) in graph.calls.iter().enumerate() {
        if call.after.is_empty() {
            let _ = writeln!(text, "    request_{at} -> call_{at}_{index};");
        }
        for before in &call.after {
            let waits = graph.calls.get(*before).map_or(0, Step::end);
            let _ = writeln!(
                text,
                "    call_{at}_{before} -> call_{at}_{index} [label={}];",
                quoted(&[duration(waits).as_str()])
            );
        }
        if !graph.calls.iter().any(|other| other.after.contains(&index)) {
            let _ = writeln!(text, "    call_{at}_{index} -> answer_{at};");
        }
    }
    if graph.calls.is_empty() {
        let _ = writeln!(text, "    request_{at} -> answer_{at};");
    }
    text.push_str("  }\n");
}

fn label_of(call: &Step) -> String {
    let head = format!("{}: {}", call.name, call.operation);
    let time = format!("up to {}", duration(call.longest));
    let notes = call.notes.iter().map(String::as_str);
    let lines: Vec<&str> = [head.as_str(), &time].into_iter().chain(notes).collect();
    quoted(&lines)
}

/// A quoted text of these lines; nothing in them is taken for an escape.
fn quoted(lines: &[&str]) -> String {
    let escaped = lines.iter().map(|line| line.replace('\\', "\\\\").replace('"', "\\\""));
    format!("\"{}\"", escaped.collect::<Vec<_>>().join("\\n"))
}
