//! What cargo says, as progress and as the path of a program.

use super::{Line, Progress};
use serde_json::Value;
use std::path::PathBuf;

/// What was said so far.
#[derive(Debug, Default)]
pub(super) struct Output {
    programs: Vec<(String, PathBuf)>,
    said: String,
}

impl Output {
    /// Takes a line in; what it says about progress, if anything.
    pub(super) fn take(&mut self, line: &Line) -> Option<Progress> {
        match line {
            Line::Message(text) => {
                self.programs.extend(program(text));
                None
            }
            Line::Said(text) => {
                let step = step(text);
                if step.is_none() {
                    self.said.push_str(text);
                    self.said.push('\n');
                }
                step
            }
        }
    }

    /// The path of the program with this name.
    pub(super) fn program(&self, name: &str) -> Option<PathBuf> {
        self.programs.iter().find(|(own, _)| own == name).map(|(_, path)| path.clone())
    }

    /// Everything that was said and is no progress.
    pub(super) fn said(&self) -> &str {
        &self.said
    }
}

/// Name and path of the program that a `compiler-artifact` message announces.
fn program(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(message).ok()?;
    if message.get("reason")?.as_str()? != "compiler-artifact" {
        return None;
    }
    let name = message.get("target")?.get("name")?.as_str()?;
    Some((name.to_owned(), PathBuf::from(message.get("executable")?.as_str()?)))
}

/// `Building [==>   ] 12/52: hyper, tokio` and the lines about fetching.
fn step(line: &str) -> Option<Progress> {
    let line = line.trim_start();
    let (verb, rest) = line.split_once(' ')?;
    match verb {
        "Building" => counts(rest),
        "Updating" | "Downloading" | "Downloaded" | "Fetch" => Some(Progress::Fetching),
        _ => None,
    }
}

fn counts(bar: &str) -> Option<Progress> {
    let (_, counts) = bar.split_once("] ")?;
    let (counts, name) = counts.split_once(": ").unwrap_or((counts, ""));
    let (done, total) = counts.trim().split_once('/')?;
    Some(Progress::Compiling {
        done: done.parse().ok()?,
        total: total.parse().ok()?,
        name: name.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_tells_how_far_it_is() {
        let mut output = Output::default();
        let mut said = |text: &str| output.take(&Line::Said(text.into()));
        assert_eq!(
            said("    Building [====>     ] 12/52: hyper, tokio      "),
            Some(Progress::Compiling { done: 12, total: 52, name: "hyper, tokio".into() })
        );
        assert_eq!(
            said("    Building [=====>    ] 13/52"),
            Some(Progress::Compiling { done: 13, total: 52, name: String::new() })
        );
        assert_eq!(said(" Downloading 3 crates"), Some(Progress::Fetching));
        assert_eq!(said("    Building [=====>    ] x/52"), None);
        assert_eq!(said("error: linking failed"), None);
        assert!(output.said().ends_with("error: linking failed\n"));
        assert!(!output.said().contains("Downloading"));
    }

    #[test]
    fn the_program_is_found_by_name() {
        let mut output = Output::default();
        for message in [
            r#"{"reason":"compiler-artifact","target":{"name":"gateway_shop"},"executable":null}"#,
            r#"{"reason":"compiler-artifact","target":{"name":"shop"},"executable":"/t/shop"}"#,
            r#"{"reason":"build-finished","success":true}"#,
            "not json",
        ] {
            assert_eq!(output.take(&Line::Message(message.into())), None);
        }
        assert_eq!(output.program("shop"), Some(PathBuf::from("/t/shop")));
        assert_eq!(output.program("gateway_shop"), None);
    }
}
