//! What the compiler says about contracts with mistakes, and that it says nothing about others.
//!
//! `UPDATE=1` writes what is found under the text; read it before keeping it.

pub(crate) mod annotation;

use crate::contracts::{self, Unit};
use annotation::{Annotated, Finding};
use gatewright_compiler::diagnostic::{Code, Diagnostic, Fix, Help, Label, Severity};
use gatewright_compiler::fix::mend;
use gatewright_compiler::source::Sources;
use gatewright_compiler::{Analysis, analyse};
use gatewright_grammar::{Span, line_column};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A contract with annotations.
struct Case {
    topic: String,
    path: PathBuf,
    unit: Unit,
    files: Vec<Annotated>,
}

fn cases() -> Vec<Case> {
    let case = |(topic, path): (String, PathBuf)| {
        let unit = contracts::unit(&path);
        let files = unit.files.iter().map(|(_, text)| annotation::read(text)).collect();
        Case { topic, path, unit, files }
    };
    contracts::annotated().into_iter().map(case).collect()
}

impl Case {
    fn sources(&self) -> Sources {
        self.unit.sources().with_texts(|id, _| self.files[id.0 as usize].text.clone())
    }

    /// The findings in each file, in the order of the text.
    fn found(&self, analysis: &Analysis) -> Vec<Vec<Finding>> {
        let mut found: Vec<Vec<Finding>> = vec![Vec::new(); self.files.len()];
        let mut sorted: Vec<&Diagnostic> = analysis.diagnostics.iter().collect();
        sorted.sort_by_key(|one| one.primary.span);
        for one in sorted {
            let (file, one) = self.shown(one);
            found[file].push(self.finding(&one));
        }
        found
    }

    /// The finding and the file it is shown in. JSON has no comments, so what is found in a schema
    /// stands where the schema is named.
    fn shown(&self, one: &Diagnostic) -> (usize, Diagnostic) {
        let (span, mut one) = (one.primary.span, one.clone());
        if (span.file.0 as usize) < self.files.len() {
            return (span.file.0 as usize, one);
        }
        let schema = self.unit.sources();
        let schema = schema.get(span.file).expect("a schema");
        let (line, _) = line_column(&schema.text, span.start as usize);
        let quoted = first_line(&schema.text, span);
        one.primary.text = format!("{}:{line} `{quoted}`: {}", schema.label, one.primary.text);
        one.primary.span = one.secondary.remove(0).span;
        (one.primary.span.file.0 as usize, one)
    }

    fn finding(&self, one: &Diagnostic) -> Finding {
        let (line, columns) = self.place(one.primary.span);
        let mut more = vec![("label", one.primary.text.clone())];
        more.extend(one.secondary.iter().map(|label| ("see", self.see(label, one))));
        more.extend(one.notes.iter().map(|note| ("note", note.clone())));
        more.extend(one.helps.iter().map(|help| ("help", help_line(help))));
        more.retain(|(_, text)| !text.is_empty());
        Finding {
            line,
            columns,
            warning: one.severity == Severity::Warning,
            code: one.code.name().to_owned(),
            message: one.message.clone(),
            more,
        }
    }

    /// The line from 0, and the columns up to the end of that line.
    fn place(&self, span: Span) -> (usize, (usize, usize)) {
        let text = &self.files[span.file.0 as usize].text;
        let (line, first) = line_column(text, span.start as usize);
        // An empty range is shown as one mark.
        (line - 1, (first, first + first_line(text, span).chars().count().max(1)))
    }

    fn see(&self, label: &Label, one: &Diagnostic) -> String {
        let at = label.span.file.0 as usize;
        let (line, _) = self.place(label.span);
        let line = self.files[at].lines[line];
        let other = if label.span.file == one.primary.span.file {
            String::new()
        } else {
            format!("{}:", self.unit.files[at].0)
        };
        let quoted = first_line(&self.files[at].text, label.span);
        format!("{other}{line} `{quoted}`: {}", label.text)
    }

    /// Puts what is found under the text.
    fn update(&mut self) {
        let analysis = analyse(&self.sources());
        // Annotations move lines, and other annotations name them: print twice.
        for _ in 0..2 {
            let found = self.found(&analysis);
            for (file, found) in self.files.iter_mut().zip(found) {
                file.findings = found;
                file.lines = numbers(file);
            }
        }
        for ((label, _), file) in self.unit.files.iter().zip(&self.files) {
            let path = if self.path.is_dir() { self.path.join(label) } else { self.path.clone() };
            fs::write(path, print(file)).expect("a file that can be written");
        }
    }
}

/// The part of `span` on its first line.
fn first_line(text: &str, span: Span) -> &str {
    text[span.range()].lines().next().unwrap_or("")
}

fn help_line(help: &Help) -> String {
    let text = help.text.replace('\n', "\\n");
    if help.fix.is_some() { format!("{text} [fix]") } else { text }
}

/// The number of each line once the annotations stand under them.
fn numbers(file: &Annotated) -> Vec<usize> {
    let mut next = 1;
    let mut numbers = Vec::new();
    for line in 0..file.lines.len() {
        numbers.push(next);
        let under = file.findings.iter().filter(|finding| finding.line == line);
        next += 1 + under.map(|finding| 1 + finding.more.len()).sum::<usize>();
    }
    numbers
}

fn print(file: &Annotated) -> String {
    let mut printed = String::new();
    let lines = if file.text.is_empty() { vec![""] } else { file.text.lines().collect() };
    for (at, line) in lines.into_iter().enumerate() {
        printed.push_str(&format!("{line}\n"));
        let under = file.findings.iter().filter(|finding| finding.line == at);
        under.for_each(|finding| printed.push_str(&finding.print(line)));
    }
    printed
}

fn updating() -> bool {
    std::env::var_os("UPDATE").is_some()
}

#[test]
fn findings_are_as_annotated() {
    let mut faults = Vec::new();
    for mut case in cases() {
        if updating() && case.topic != "clean" {
            case.update();
        }
        let analysis = analyse(&case.sources());
        let found = case.found(&analysis);
        for ((label, _), (file, found)) in case.unit.files.iter().zip(case.files.iter().zip(found))
        {
            let at = Path::new(&case.unit.name).with_file_name(label);
            faults.extend(differences(&at.display().to_string(), file, &found));
        }
    }
    assert!(faults.is_empty(), "{}\nUPDATE=1 writes what is found.", faults.join("\n"));
}

/// What is found and not annotated, and what is annotated and not found.
fn differences(path: &str, file: &Annotated, found: &[Finding]) -> Vec<String> {
    let mut open: Vec<&Finding> = found.iter().collect();
    let mut missing = Vec::new();
    for wanted in &file.findings {
        match open.iter().position(|found| wanted.describes(found)) {
            Some(at) => drop(open.remove(at)),
            None => missing.push(wanted),
        }
    }
    let show = |what: &str, finding: &Finding| {
        let line = file.text.lines().nth(finding.line).unwrap_or("");
        let number = file.lines.get(finding.line).copied().unwrap_or(1);
        format!("{path}:{number}: {what}\n{line}\n{}", finding.print(line))
    };
    let missing = missing.into_iter().map(|finding| show("annotated, and not found", finding));
    missing
        .chain(open.into_iter().map(|finding| show("found, and not annotated", finding)))
        .collect()
}

#[test]
fn nothing_is_said_about_clean_contracts() {
    for case in cases().into_iter().filter(|case| case.topic == "clean") {
        assert!(case.files.iter().all(|file| file.findings.is_empty()), "{}", case.unit.name);
    }
}

#[test]
fn contracts_that_are_built_have_no_mistakes() {
    for unit in contracts::built() {
        let mut found = analyse(&unit.sources()).diagnostics;
        // Examples are silent; contracts of tests may be warned of.
        let example = unit.name.starts_with("examples");
        found.retain(|one| example || one.severity == Severity::Error);
        let messages: Vec<String> = found.into_iter().map(|one| one.message).collect();
        assert!(messages.is_empty(), "{}: {messages:#?}", unit.name);
    }
}

#[test]
fn every_code_has_a_case_that_raises_it_and_one_beside_it_that_does_not() {
    let cases = cases();
    let clean = |name: &str| cases.iter().any(|case| case.topic == "clean" && stem(case) == name);
    let raised = |name: &str| {
        let files = cases.iter().flat_map(|case| &case.files);
        files.flat_map(|file| &file.findings).any(|finding| finding.code == name)
    };
    // Raised by running a case, which the tests of `gatewright test` do, or by comparing with a
    // lock, which `lock.rs` does.
    let elsewhere = |code: &Code| *code == Code::CaseFailed || code.is_about_lock();
    let names = Code::ALL.iter().filter(|code| !elsewhere(code)).map(|code| code.name());
    let names: Vec<&str> = names.collect();
    let without: Vec<&str> = names.iter().copied().filter(|name| !raised(name)).collect();
    assert!(without.is_empty(), "nothing raises {without:?}");
    let without: Vec<&str> = names.iter().copied().filter(|name| !clean(name)).collect();
    assert!(without.is_empty(), "no file of this name in `clean` for {without:?}");
}

fn stem(case: &Case) -> String {
    case.path.file_stem().unwrap_or_default().display().to_string()
}

#[test]
fn every_code_that_is_annotated_is_registered() {
    for case in cases() {
        let findings = case.files.iter().flat_map(|file| &file.findings);
        let unknown: Vec<&Finding> = findings.filter(|one| !one.is_registered()).collect();
        assert!(unknown.is_empty(), "{}: {unknown:?}", case.unit.name);
    }
}

#[test]
fn messages_keep_to_the_rules_of_wording() {
    for case in cases() {
        for one in analyse(&case.sources()).diagnostics {
            let helps = one.helps.iter().map(|help| &help.text);
            let labels = one.secondary.iter().map(|label| &label.text);
            let texts = [&one.message, &one.primary.text].into_iter().chain(&one.notes);
            for text in texts.chain(helps).chain(labels) {
                let place = format!("{}: {text:?}", case.unit.name);
                assert!(!text.is_empty(), "{place} of `{}` says nothing", one.message);
                let loud = text.replace("!=", "").contains('!');
                assert!(!text.ends_with('.') && !loud, "{place} is no sentence");
                let lower = text.to_lowercase();
                for word in ["please", "invalid input", "unexpected token", "not allowed"] {
                    assert!(!lower.contains(word), "{place} says `{word}`");
                }
                let first = text.chars().next().is_some_and(|c| !c.is_uppercase());
                assert!(first || text.starts_with("RFC"), "{place} starts in lower case");
            }
        }
    }
}

#[test]
fn a_fix_removes_its_finding_and_makes_no_other_error() {
    let mut faults = Vec::new();
    for case in cases() {
        let sources = case.sources();
        let before = analyse(&sources).diagnostics;
        for one in &before {
            for fix in one.helps.iter().filter_map(|help| help.fix.as_ref()) {
                let fixed = fixed(&sources, fix);
                let after = analyse(&fixed).diagnostics;
                if let Some(fault) = fault((one, fix), &before, (&after, &fixed)) {
                    faults.push(format!(
                        "{}: {fault}, fixed with {:?}",
                        case.unit.name, fix.replacement
                    ));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is wrong after `one` was mended, if something is. A mended line can bring up what other
/// lines hide; it has no other error itself.
fn fault(
    (one, fix): (&Diagnostic, &Fix),
    before: &[Diagnostic],
    (after, fixed): (&[Diagnostic], &Sources),
) -> Option<String> {
    let count = |found: &[Diagnostic], one: &Diagnostic| {
        found.iter().filter(|other| other.code == one.code && other.message == one.message).count()
    };
    if count(after, one) >= count(before, one) {
        return Some(format!("`{}` is still there", one.message));
    }
    let line = |span: Span| {
        let text = fixed.get(span.file).map_or("", |source| source.text.as_str());
        (span.file, line_column(text, span.start as usize).0)
    };
    let new = after.iter().find(|other| {
        let unread = other.code.is_about_text();
        let error = other.severity == Severity::Error;
        let here = unread || line(other.primary.span) == line(fix.span);
        error && here && count(after, other) > count(before, other)
    });
    new.map(|new| format!("`{}` has led to `{}`", one.message, new.message))
}

#[test]
fn what_a_machine_can_mend_is_mended_for_good() {
    for case in cases() {
        let sources = case.sources();
        let mended = mend(&sources);
        let errors = |sources: &Sources| {
            let found = analyse(sources).diagnostics;
            found.iter().filter(|one| one.code.is_about_text()).count()
        };
        assert!(errors(&mended.sources) <= errors(&sources), "{}", case.unit.name);
        let again = mend(&mended.sources).edits;
        assert!(again.is_empty(), "{}: {again:#?}", case.unit.name);
    }
}

/// The texts with an edit made.
fn fixed(sources: &Sources, fix: &Fix) -> Sources {
    sources.with_texts(|id, source| {
        let mut text = source.text.clone();
        if id == fix.span.file {
            text.replace_range(fix.span.range(), &fix.replacement);
        }
        text
    })
}

#[test]
fn every_place_is_a_range_of_its_file() {
    for case in cases() {
        let sources = case.sources();
        let spans = analyse(&sources).diagnostics.into_iter().flat_map(|one| {
            let fixes = one.helps.into_iter().filter_map(|help| Some(help.fix?.span));
            let labels = one.secondary.into_iter().map(|label| label.span);
            fixes.chain(labels).chain([one.primary.span]).collect::<Vec<Span>>()
        });
        let files: BTreeSet<u32> = sources.iter().map(|(id, _)| id.0).collect();
        for span in spans {
            let schema = sources
                .schemas()
                .any(|one| sources.get(span.file).is_some_and(|source| std::ptr::eq(source, one)));
            assert!(files.contains(&span.file.0) || schema, "{}: {span:?}", case.unit.name);
            let text = sources.get(span.file).map(|source| source.text.as_str()).unwrap_or("");
            assert!(text.get(span.range()).is_some(), "{}: {span:?}", case.unit.name);
        }
    }
}
