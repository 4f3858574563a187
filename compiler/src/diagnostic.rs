//! What is wrong with a contract: a code, a place, and a way out.

pub mod code;
pub mod render;

use crate::source::Sources;
pub use code::Code;
use gatewright_grammar::Span;
use std::collections::HashMap;

/// The pages about all codes: a heading per code, in the order of the registry.
const PAGES: &str = include_str!("../diagnostics.md");

/// The page about the code of this name, as Markdown without its heading.
pub fn explain(code: &str) -> Option<&'static str> {
    let code = Code::named(code)?;
    let heading = format!("\n## {}\n", code.name());
    let (_, page) = PAGES.split_once(&heading)?;
    let page = page.split("\n## ").next().unwrap_or(page);
    Some(page.trim())
}

/// One thing that is wrong, or worth a look.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// Its stable name.
    pub code: Code,
    /// Whether it stops the build.
    pub severity: Severity,
    /// What is wrong, in the reader's terms, one line.
    pub message: String,
    /// Where, and why at that place.
    pub primary: Label,
    /// What it clashes with, in the order of telling.
    pub secondary: Vec<Label>,
    /// Consequences and facts.
    pub notes: Vec<String>,
    /// What to do; each is one edit that compiles.
    pub helps: Vec<Help>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The contract cannot be built.
    Error,
    /// The contract can be built, and is probably not what its author wants.
    Warning,
}

/// A place and what to say there.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What to say there; may be empty.
    pub text: String,
}

/// A way out.
#[derive(Clone, Debug, PartialEq)]
pub struct Help {
    /// In words.
    pub text: String,
    /// As an edit, where a machine can make it.
    pub fix: Option<Fix>,
}

/// An edit: the bytes of `span` become `replacement`.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// What is replaced; empty to insert.
    pub span: Span,
    /// What takes its place.
    pub replacement: String,
    /// What else is replaced by what, at other places: none of it makes sense alone.
    pub also: Vec<(Span, String)>,
    /// Whether it is kept only where it leads to a contract with fewer errors.
    pub(crate) is_tried: bool,
}

impl Fix {
    /// Every place with what is written there.
    pub fn places(&self) -> impl Iterator<Item = (Span, &str)> {
        let also = self.also.iter().map(|(span, text)| (*span, text.as_str()));
        std::iter::once((self.span, self.replacement.as_str())).chain(also)
    }

    /// The texts with this edit made.
    pub(crate) fn made(&self, sources: &Sources) -> Sources {
        let mut places: Vec<(Span, &str)> = self.places().collect();
        places.sort_by_key(|(span, _)| std::cmp::Reverse((span.start, span.end)));
        sources.with_texts(|id, source| {
            let mut text = source.text.clone();
            for (span, new) in places.iter().filter(|(span, _)| span.file == id) {
                if text.get(span.range()).is_some() {
                    text.replace_range(span.range(), new);
                }
            }
            text
        })
    }
}

impl Diagnostic {
    /// A finding at `span` with the severity its code has.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            primary: Label { span, text: String::new() },
            secondary: Vec::new(),
            notes: Vec::new(),
            helps: Vec::new(),
        }
    }

    /// What to say at the place.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Another place that belongs to it.
    #[must_use]
    pub fn see(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    /// A consequence or a fact.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// A way out in words.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.helps.push(Help { text: text.into(), fix: None });
        self
    }

    /// A way out that a machine can take.
    #[must_use]
    pub fn fix(
        mut self,
        text: impl Into<String>,
        span: Span,
        replacement: impl Into<String>,
    ) -> Self {
        let replacement = replacement.into();
        let fix = Fix { span, replacement, also: Vec::new(), is_tried: false };
        self.helps.push(Help { text: text.into(), fix: Some(fix) });
        self
    }

    /// Whether another finding tells of the same mistake.
    fn is_about_the_same(&self, other: &Diagnostic) -> bool {
        self.code == other.code && self.primary.span == other.primary.span
    }

    /// Takes over the places that only `other` names.
    fn join(&mut self, other: Diagnostic) {
        let new = |label: &Label| self.secondary.iter().all(|old| old.span != label.span);
        let more: Vec<Label> = other.secondary.into_iter().filter(new).collect();
        if self.message == other.message {
            self.secondary.extend(more);
        }
    }

    /// The word at `span` is probably meant to be `other`.
    #[must_use]
    pub fn meant(self, span: Span, other: &str) -> Self {
        self.label(format!("did you mean `{other}`?")).fix(format!("write `{other}`"), span, other)
    }

    /// The same with another severity, for a code whose weight depends on the construct.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

/// Findings as they are made. Sorted and without repetition once they leave.
#[derive(Debug, Default)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Adds a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// Adds findings.
    pub fn extend(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        self.found.extend(diagnostics);
    }

    /// Adds all findings of `others`.
    pub fn join(&mut self, others: Diagnostics) {
        self.found.extend(others.found);
    }

    /// What was found so far.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.found.iter()
    }

    /// Whether an error is among them.
    pub fn has_errors(&self) -> bool {
        self.found.iter().any(|one| one.severity == Severity::Error)
    }

    /// Takes out the findings that `matches`; whether there were any.
    pub fn take(&mut self, matches: impl Fn(&Diagnostic) -> bool) -> bool {
        let before = self.found.len();
        self.found.retain(|one| !matches(one));
        self.found.len() < before
    }

    /// Adds the findings of another version. One that is not known yet and that `inherited` says
    /// something about, because its line stands in an earlier version, gets that label.
    pub fn inherit(
        &mut self,
        others: Diagnostics,
        inherited: impl Fn(&Diagnostic) -> Option<(Span, String)>,
    ) {
        let known = self.found.len();
        for one in others.found {
            let same = |old: &Diagnostic| old.is_about_the_same(&one);
            let new = !self.found.iter().take(known).any(same);
            let label = inherited(&one).filter(|_| new);
            self.push(match label {
                Some((span, text)) => one.see(span, text),
                None => one,
            });
        }
    }

    /// All findings: errors first, and of those what breaks a promise, because others often follow
    /// from it; then by place. A finding that two versions share, because one
    /// inherits the line, is told once, with the places of both.
    pub fn into_sorted(self) -> Vec<Diagnostic> {
        let mut found: Vec<Diagnostic> = Vec::with_capacity(self.found.len());
        let mut told: HashMap<(&str, Span), usize> = HashMap::new();
        for one in self.found {
            let next = found.len();
            let at = *told.entry((one.code.name(), one.primary.span)).or_insert(next);
            match found.get_mut(at) {
                Some(old) => old.join(one),
                None => found.push(one),
            }
        }
        found.sort_by_key(|one| {
            (one.severity, !one.code.is_about_lock(), one.primary.span, one.code.name())
        });
        found
    }
}
