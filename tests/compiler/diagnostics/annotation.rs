//! Findings written under the text they are about.
//!
//! ```text
//!     item = catalogue GET /items/{id}
//!     //     ^^^^^^^^^ unknown-backend: there is no backend called `catalogue`
//!     //   label: did you mean `catalog`?
//!     //   see: 3 `catalog`: declared here
//!     //   help: write `catalog` [fix]
//! ```
//!
//! Marks that follow the slashes at once begin where the slashes begin. `1..3` in the place of
//! marks names columns. `warning` stands before the code of a warning. Of the lines behind the
//! message each kind may be left out: what is written is compared.

use gatewright_compiler::diagnostic::Code;

/// The text of a file without its annotations, and the annotations.
#[derive(Clone, Debug)]
pub(crate) struct Annotated {
    /// What the compiler reads.
    pub(crate) text: String,
    /// The number that each line of `text` has in the file, from 1.
    pub(crate) lines: Vec<usize>,
    pub(crate) findings: Vec<Finding>,
}

/// A finding, as an annotation writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The line of the text without annotations, from 0.
    pub(crate) line: usize,
    /// First column and the one behind the last, from 1.
    pub(crate) columns: (usize, usize),
    pub(crate) warning: bool,
    pub(crate) code: String,
    pub(crate) message: String,
    /// Kind and text of what follows: `("help", "write `catalog` [fix]")`.
    pub(crate) more: Vec<(&'static str, String)>,
}

/// The kinds of lines that can follow a message, in the order of telling.
pub(crate) const KINDS: [&str; 4] = ["label", "see", "note", "help"];

/// Takes the annotations out of a file.
pub(crate) fn read(file: &str) -> Annotated {
    let mut annotated = Annotated { text: String::new(), lines: Vec::new(), findings: Vec::new() };
    let mut open = false;
    for (at, line) in file.split_inclusive('\n').enumerate() {
        let above = annotated.lines.len().saturating_sub(1);
        if let Some(finding) = finding(line, above) {
            annotated.findings.push(finding);
            open = true;
        } else if let Some(more) = more(line).filter(|_| open) {
            let last = annotated.findings.last_mut();
            last.expect("only an annotation opens").more.push(more);
        } else {
            annotated.text.push_str(line);
            annotated.lines.push(at + 1);
            open = false;
        }
    }
    annotated
}

fn finding(line: &str, above: usize) -> Option<Finding> {
    let slashes = line.find("//").filter(|at| line[..*at].trim().is_empty())?;
    let rest = &line[slashes + 2..];
    let marks = rest.trim_start_matches(' ');
    let start = slashes + 2 + (rest.len() - marks.len());
    let (columns, rest) = if marks.starts_with('^') {
        let length = marks.bytes().take_while(|byte| *byte == b'^').count();
        let first = if start == slashes + 2 { slashes } else { start };
        ((first + 1, start + length + 1), &marks[length..])
    } else {
        let (columns, rest) = marks.split_once(' ')?;
        let (first, last) = columns.split_once("..")?;
        ((first.parse().ok()?, last.parse().ok()?), rest)
    };
    let (code, message) = rest.trim().split_once(": ")?;
    let (warning, code) = code.strip_prefix("warning ").map_or((false, code), |code| (true, code));
    let (code, message) = (code.to_owned(), message.to_owned());
    Some(Finding { line: above, columns, warning, code, message, more: Vec::new() })
}

fn more(line: &str) -> Option<(&'static str, String)> {
    let rest = line.trim().strip_prefix("//")?.trim_start();
    let kind = KINDS.into_iter().find(|kind| rest.starts_with(&format!("{kind}: ")))?;
    Some((kind, rest[kind.len() + 2..].to_owned()))
}

impl Finding {
    /// Whether the registry has its code.
    pub(crate) fn is_registered(&self) -> bool {
        Code::named(&self.code).is_some()
    }

    /// Whether this annotation describes `found`; kinds of lines it leaves out are not compared.
    pub(crate) fn describes(&self, found: &Finding) -> bool {
        let of = |finding: &Finding, kind: &str| -> Vec<String> {
            let lines = finding.more.iter().filter(|(other, _)| *other == kind);
            lines.map(|(_, text)| text.clone()).collect()
        };
        let same = |kind: &&str| of(self, kind).is_empty() || of(self, kind) == of(found, kind);
        let head = Finding { more: Vec::new(), ..self.clone() };
        head == Finding { more: Vec::new(), ..found.clone() } && KINDS.iter().all(same)
    }

    /// The annotation as it stands under `line`.
    pub(crate) fn print(&self, line: &str) -> String {
        let indent = line.len() - line.trim_start().len();
        let (first, last) = self.columns;
        let length = last.saturating_sub(first).max(1);
        let slashes = if first > 3 { indent.min(first - 4) } else { 0 };
        let marks = if first > 3 {
            format!(
                "{}//{}{}",
                " ".repeat(slashes),
                " ".repeat(first - slashes - 3),
                "^".repeat(length)
            )
        } else if length > 2 {
            format!("{}//{}", " ".repeat(first - 1), "^".repeat(length - 2))
        } else {
            format!("// {first}..{last}")
        };
        let warning = if self.warning { "warning " } else { "" };
        let mut text = format!("{marks} {warning}{}: {}\n", self.code, self.message);
        let more = " ".repeat(marks.find("//").unwrap_or(0));
        for (kind, line) in &self.more {
            text.push_str(&format!("{more}//   {kind}: {line}\n"));
        }
        text
    }
}

#[test]
fn annotations_are_read_as_they_are_printed() {
    let places = ["api x", "  api x", "    api x"];
    for (line, columns) in places.iter().flat_map(|line| (1..8).map(move |first| (line, first))) {
        for length in 1..5 {
            let finding = Finding {
                line: 0,
                columns: (columns, columns + length),
                warning: length == 2,
                code: "unknown-name".into(),
                message: "there is `a: b` here".into(),
                more: vec![("label", "here".into()), ("help", "write `a: b` [fix]".into())],
            };
            let file = format!("{line}\n{}rest\n", finding.print(line));
            let annotated = read(&file);
            assert_eq!(annotated.findings, [finding], "{file}");
            assert_eq!(annotated.text, format!("{line}\nrest\n"));
            assert_eq!(annotated.lines, [1, 5]);
        }
    }
}
