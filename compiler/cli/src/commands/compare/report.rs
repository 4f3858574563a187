//! What a comparison found, for people and for machines.

use super::ask::Gateways;
use super::{Differing, Group, LeftOut};
use crate::args::CompareFormat;
use crate::terminal::Terminal;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Why a request is left out that is not safe.
pub(super) const CHANGES: &str = "they change something";
/// Why a request is left out that nobody could send.
pub(super) const SAYS_WHO: &str = "their cases say who calls";

/// The most requests of an endpoint, and differences of a request, that are written out.
const SHOWN: (usize, usize) = (5, 10);

pub(super) struct Report<'a> {
    pub(super) api: &'a str,
    pub(super) gateways: &'a Gateways,
    pub(super) groups: &'a [Group],
    pub(super) left_out: &'a [LeftOut],
}

/// How many requests there were, and what came of them.
struct Counts {
    asked: usize,
    explained: usize,
    differing: usize,
}

impl Report<'_> {
    pub(super) fn print(&self, format: CompareFormat, terminal: Terminal) {
        match format {
            CompareFormat::Text => {
                terminal.result(&self.text());
                for line in self.not_asked() {
                    terminal.note(&line);
                }
            }
            CompareFormat::Json => terminal.result(&format!("{:#}\n", self.document())),
        }
    }

    fn counts(&self) -> Counts {
        let all = || self.groups.iter().flat_map(|group| &group.differing);
        let explained = all().filter(|one| one.is_explained()).count();
        Counts {
            asked: self.groups.iter().map(|group| group.asked).sum(),
            explained,
            differing: all().count() - explained,
        }
    }

    fn text(&self) -> String {
        let mut out = String::new();
        for group in self.groups {
            let name = group.endpoint.as_deref().unwrap_or("no endpoint");
            let (asked, differing) = (group.asked, group.differing.len());
            let of = format!("{differing} of {}", requests(asked));
            let differs = group.differing.iter().any(|one| !one.is_explained());
            let _ = match (differing, differs) {
                (0, _) => writeln!(out, "alike    {name}: {}", requests(asked)),
                (_, false) => writeln!(out, "changed  {name}: {of}, as the contract says"),
                (_, true) => writeln!(out, "differs  {name}: {of}"),
            };
            if differing > 0 {
                group.reasons.lines().iter().for_each(|line| {
                    let _ = writeln!(out, "  the contract changed {line}");
                });
            }
            let shown = group.differing.iter().filter(|one| !differs || !one.is_explained());
            shown.take(SHOWN.0).for_each(|one| one_of(&mut out, one));
        }
        let counts = self.counts();
        let alike = counts.asked - counts.explained - counts.differing;
        let _ = write!(out, "{}: {alike} alike", requests(counts.asked));
        if counts.explained > 0 {
            let _ = write!(out, ", {} as the contract changed", counts.explained);
        }
        if counts.differing > 0 {
            let verb = if counts.differing == 1 { "differs" } else { "differ" };
            let _ = write!(out, ", {} {verb}", counts.differing);
        }
        out.push('\n');
        out
    }

    /// A line for each reason why requests were not sent.
    fn not_asked(&self) -> Vec<String> {
        let mut reasons: Vec<&str> = Vec::new();
        for one in self.left_out {
            if !reasons.contains(&one.why) {
                reasons.push(one.why);
            }
        }
        let line = |why: &str| {
            let way = match why {
                CHANGES => "; `--unsafe` sends them",
                SAYS_WHO => "; `--header \"Authorization: …\"` lets them in",
                _ => "",
            };
            because(why, self.left_out) + way
        };
        reasons.into_iter().map(line).collect()
    }

    fn document(&self) -> Value {
        let counts = self.counts();
        let endpoint = |group: &Group| {
            json!({
                "endpoint": group.endpoint,
                "requests": group.asked,
                "changes": group.reasons.lines(),
                "differing": group.differing.iter().map(differing).collect::<Vec<_>>(),
            })
        };
        let left_out = |one: &LeftOut| {
            json!({
                "from": one.from, "method": one.request.method, "target": one.request.target,
                "why": one.why,
            })
        };
        json!({
            "format": "gatewright-compare-1",
            "api": self.api,
            "blue": self.gateways.blue.to_string(),
            "green": self.gateways.green.to_string(),
            "requests": counts.asked,
            "explained": counts.explained,
            "differing": counts.differing,
            "endpoints": self.groups.iter().map(endpoint).collect::<Vec<_>>(),
            "left_out": self.left_out.iter().map(left_out).collect::<Vec<_>>(),
        })
    }
}

/// `1 request`, `7 requests`
fn requests(count: usize) -> String {
    if count == 1 { "1 request".to_owned() } else { format!("{count} requests") }
}

/// `because they change something: 3 requests`
pub(super) fn because(why: &str, left_out: &[LeftOut]) -> String {
    let count = left_out.iter().filter(|one| one.why == why).count();
    format!("left out because {why}: {}", requests(count))
}

/// A request, and what differs.
fn one_of(out: &mut String, one: &Differing) {
    let _ = writeln!(out, "  {} {}  ({})", one.request.method, one.request.target, one.from);
    for (difference, explained) in one.found.iter().take(SHOWN.1) {
        let word = if *explained { "  (changed)" } else { "" };
        let (at, blue, green) = (difference.at.text(), &difference.blue, &difference.green);
        let _ = writeln!(out, "    {at}: blue {blue}, green {green}{word}");
    }
    if one.found.len() > SHOWN.1 {
        let _ = writeln!(out, "    and {} more", one.found.len() - SHOWN.1);
    }
}

fn differing(one: &Differing) -> Value {
    let found = one.found.iter().map(|(difference, explained)| {
        json!({
            "at": difference.at.text(), "blue": difference.blue, "green": difference.green,
            "explained": explained,
        })
    });
    json!({
        "from": one.from, "method": one.request.method, "target": one.request.target,
        "explained": one.is_explained(),
        "differences": found.collect::<Vec<_>>(),
    })
}
