//! A change of a published version, as an edit of one that may still change.

mod unit;

use super::Lock;
use super::state::State;
use crate::changes::Change;
use crate::diagnostic::{Diagnostic, Fix, Severity};
use crate::source::{LOCK, Sources};
use gatewright_grammar::tree::{File, Item, ItemKind, Version, VersionMember, VersionMemberKind};
use gatewright_grammar::{Span, parse};
use std::collections::HashMap;
use unit::{Declared, declared};

/// How many moves are tried: each costs an analysis.
const TRIED: usize = 4;

/// A contract and its lock, looked at from a published version.
pub(super) struct Around<'a> {
    pub(super) sources: &'a Sources,
    pub(super) files: &'a [File],
    pub(super) lock: &'a Lock,
    /// The published version.
    pub(super) label: &'a str,
}

/// What it takes to make a change somewhere else.
pub(super) struct Move {
    /// Where it goes, in words: `in version 2`.
    pub(super) place: String,
    /// What to write there, in one line.
    pub(super) said: String,
    /// The edits; nothing if a machine cannot put the old text back.
    pub(super) fix: Option<Fix>,
}

/// A change in the words of a later version.
#[derive(Default)]
struct Edit {
    /// What to write, in one line.
    said: String,
    /// What to write in full, a member each.
    members: Vec<String>,
    /// What makes the published version what it was; nothing if nobody knows that.
    back: Option<Vec<(Span, String)>>,
}

impl<'a> Around<'a> {
    /// Where the change that all of `group` come from can be made, and how.
    pub(super) fn moved(&self, group: &[Change]) -> Option<Move> {
        let change = group.first()?;
        let keys: Vec<&str> = group.iter().filter_map(|one| one.endpoint.as_deref()).collect();
        let mut edit = self.edit(change, &keys)?;
        let Some(free) = self.free() else { return self.fresh(edit) };
        let place = format!("in version {}", free.0.label.text);
        if Self::has(free.0, &edit.said) {
            // It was made there before, and only the published version is to be put back.
            edit.members.clear();
        }
        let insert = self.inserted(free, &edit.members);
        let fix = edit.back.take().and_then(|back| fix(back, insert));
        Some(Move { place, said: edit.said, fix })
    }

    /// The version that the change can be made in, if there is one.
    pub(super) fn next(&self) -> Option<&'a str> {
        self.free().map(|(version, _)| version.label.text.as_str())
    }

    /// The same in a version that there is not.
    fn fresh(&self, edit: Edit) -> Option<Move> {
        let mut labels: Vec<u64> = Vec::new();
        let published = self.lock.entries.iter().map(|entry| entry.version.as_str());
        let written = versions(self.files).map(|(version, _)| version.label.text.as_str());
        for label in published.chain(written) {
            labels.push(label.parse().ok()?);
        }
        let (last, item) = versions(self.files).filter(|(one, _)| !one.draft).last()?;
        let label = labels.into_iter().max()? + 1;
        let head = format!("version {label} from {}", last.label.text);
        let said = format!("{head} {{ {} }}", edit.said);
        let text = format!("\n\n{head} {{\n  {}\n}}", edit.members.join("\n  "));
        let insert = Some((item.span.at_end(), text));
        let fix = edit.back.and_then(|back| fix(back, insert));
        Some(Move { place: "in a version of its own".to_owned(), said, fix })
    }

    /// The last version that starts from the published one and may still change.
    fn free(&self) -> Option<(&'a Version, &'a Item)> {
        let free = |version: &Version| !self.lock.is_published(&version.label.text);
        let versions: Vec<_> = versions(self.files).collect();
        let from =
            |version: &Version| self.chain(&version.label.text).iter().any(|one| one == self.label);
        versions.into_iter().rfind(|(version, _)| free(version) && from(version))
    }

    /// A version and those it starts from.
    fn chain(&self, label: &str) -> Vec<String> {
        let mut chain = vec![label.to_owned()];
        while let Some(from) = chain.last().and_then(|last| {
            let (version, _) = versions(self.files).find(|(one, _)| one.label.text == *last)?;
            version.from.as_ref().filter(|from| !chain.contains(&from.text))
        }) {
            chain.push(from.text.clone());
        }
        chain
    }

    /// Whether a version renames what `said` renames.
    fn has(version: &Version, said: &str) -> bool {
        version.members.iter().any(|member| match &member.kind {
            VersionMemberKind::Rename(one) => {
                format!("rename {} to {}", one.from.text, one.to.text) == said
            }
            _ => false,
        })
    }

    /// Members before the edits of a version: those are about what it then starts from.
    fn inserted(
        &self,
        (version, item): (&Version, &Item),
        members: &[String],
    ) -> Option<(Span, String)> {
        if members.is_empty() {
            return None;
        }
        let text = &self.sources.get(item.span.file)?.text;
        let whole = text.get(item.span.range())?;
        let brace = item.span.range().end.checked_sub(1).filter(|_| whole.ends_with('}'))?;
        let at = |at: usize, text: String| Some((Span::new(item.span.file, at, at), text));
        let members = members.join("\n  ");
        let head = |one: &&VersionMember| {
            matches!(one.kind, VersionMemberKind::Deprecated(_) | VersionMemberKind::Clause(_))
        };
        let open = item.span.range().start + whole.find('{')?;
        let head = version.members.iter().take_while(head).last();
        let head = head.map_or(open, |member| member.span.range().end);
        let line = text.get(head..brace)?.find('\n').map(|end| head + end + 1);
        match line {
            Some(line) => at(line, format!("  {members}\n")),
            None => at(brace, format!("\n  {members}\n")),
        }
    }

    fn edit(&self, change: &Change, keys: &[&str]) -> Option<Edit> {
        let state = State::of(self.lock, self.label)?;
        let masked = state.masked();
        let locked = [parse(LOCK, &masked).file];
        let old = declared(&locked, &[self.label.to_owned()]);
        let own = declared(self.files, &self.chain(self.label));
        let both = unit::Both { sources: self.sources, masked: &masked, own: &own, old: &old };
        let written = change.new.filter(|new| new.file != LOCK);
        let here = written.and_then(|at| within(&own, at).map(|one| (one, at)));
        let there = change.old.and_then(|at| within(&old, at).map(|one| (one, at)));
        match (here, there) {
            (Some((one, at)), _) => both.changed(one, at, (change, keys)),
            (None, Some((one, at))) => both.gone(one, at, change),
            (None, None) => None,
        }
    }
}

fn within<'d, 't>(all: &'d [Declared<'t>], at: Span) -> Option<&'d Declared<'t>> {
    all.iter().find(|one| one.span.contains(at))
}

fn versions(files: &[File]) -> impl Iterator<Item = (&Version, &Item)> {
    files.iter().flat_map(|file| &file.items).filter_map(|item| match &item.kind {
        ItemKind::Version(version) => Some((version, item)),
        _ => None,
    })
}

fn fix(back: Vec<(Span, String)>, insert: Option<(Span, String)>) -> Option<Fix> {
    let mut edits = back.into_iter().chain(insert);
    let (span, replacement) = edits.next()?;
    Some(Fix { span, replacement, also: edits.collect(), is_tried: true })
}

/// Takes back the edits of findings that do not lead to a contract with fewer errors and no others:
/// who put the old text aside may have changed more than that. What to write stays among the words.
pub(crate) fn prove(
    sources: &Sources,
    found: &mut [Diagnostic],
    analyse: impl Fn(&Sources) -> Vec<Diagnostic>,
) {
    let errors = |found: &[Diagnostic]| {
        let mut counts: HashMap<(&'static str, String), usize> = HashMap::new();
        for one in found.iter().filter(|one| one.severity == Severity::Error) {
            *counts.entry((one.code.name(), one.message.clone())).or_default() += 1;
        }
        counts
    };
    let before = errors(found);
    let helps = found.iter_mut().flat_map(|one| &mut one.helps);
    let moves = helps.filter(|help| help.fix.as_ref().is_some_and(|fix| fix.is_tried));
    for (index, help) in moves.enumerate() {
        let Some(fix) = help.fix.take().filter(|_| index < TRIED) else { continue };
        let after = errors(&analyse(&fix.made(sources)));
        let known = after.iter().all(|(what, count)| before.get(what) >= Some(count));
        if known && after.values().sum::<usize>() < before.values().sum() {
            help.fix = Some(fix);
        }
    }
}
