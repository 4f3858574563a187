//! `gatewright graph`: the calls of endpoints, in their order and with their times.

use super::Outcome;
use crate::args::{Graph, GraphFormat};
use crate::load::look_at;
use crate::terminal::Terminal;
use gatewright_build::Error;
use gatewright_compiler::graph;
use std::path::Path;

pub(crate) fn run(args: &Graph, terminal: Terminal) -> Result<Outcome, Error> {
    // The path may be left out: then the first word is an endpoint already.
    let (path, first) = match &args.path {
        Some(word) if is_endpoint(word) => (".", Some(word)),
        Some(path) => (path.as_str(), None),
        None => (".", None),
    };
    let wanted: Vec<String> =
        first.into_iter().chain(&args.endpoints).map(|one| plain(one)).collect();
    let loaded = look_at(Path::new(path))?;
    let Some(contract) = loaded.contract(terminal) else { return Ok(Outcome::Findings) };
    let graphs = graph::graphs(contract, &wanted).map_err(|(unknown, known)| {
        let error = Error::wrong_use(format!("there is no endpoint `{unknown}`"));
        error.help(format!("there are: {}", known.join(", ")))
    })?;
    terminal.result(&match args.format {
        GraphFormat::Text => graph::text(&graphs),
        GraphFormat::Dot => graph::dot(&graphs),
        GraphFormat::Svg => graph::svg(&graphs),
    });
    Ok(Outcome::Fine)
}

/// Whether a word is a method and a path: `GET /v1/products/{id}`.
fn is_endpoint(word: &str) -> bool {
    let method = word.split_whitespace().next().unwrap_or("");
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
    word.contains(" /") && methods.contains(&method)
}

/// An endpoint with one space between method and path.
fn plain(word: &str) -> String {
    word.split_whitespace().collect::<Vec<_>>().join(" ")
}
