//! `--fix`: the edits that findings offer, made in the files.

use crate::args::Check;
use crate::commands::Outcome;
use crate::load::{Loaded, load};
use crate::terminal::Terminal;
use gatewright_build::{Error, write};
use gatewright_compiler::fix::{Edit, mend};
use gatewright_compiler::source::Sources;
use similar::TextDiff;

/// Makes the edits and says which. What is found afterwards is in the result.
pub(super) fn write(before: Loaded, args: &Check, terminal: Terminal) -> Result<Loaded, Error> {
    let mended = mend(&before.input.sources);
    if mended.edits.is_empty() {
        return Ok(before);
    }
    let sources = &before.input.sources;
    let changes = changed(sources, &mended.sources);
    let changes = before.input.files.iter().zip(&changes);
    let changes = changes.filter_map(|(path, (old, new))| Some((path, old, new.as_ref()?)));
    // All or nothing, as far as other writers let it be known.
    for (path, old, _) in changes.clone() {
        write::unchanged(path, old.as_bytes())?;
    }
    for (path, old, new) in changes {
        write::replace(path, old.as_bytes(), new.as_bytes())?;
    }
    let shown = before.input.shown();
    for edit in &mended.edits {
        terminal.done("fixed", &told(edit, sources, &shown));
    }
    load(&args.contract.path)
}

/// Prints what would change, as a patch.
pub(super) fn preview(before: &Loaded, terminal: Terminal) -> Outcome {
    let sources = &before.input.sources;
    let mended = mend(sources);
    let shown = before.input.shown();
    let mut patch = String::new();
    for ((_, shown), (old, new)) in shown.iter().zip(changed(sources, &mended.sources)) {
        let Some(new) = new else { continue };
        let label = &shown.label;
        let diff = TextDiff::from_lines(old, new.as_str());
        let (from, to) = (format!("a/{label}"), format!("b/{label}"));
        patch.push_str(&diff.unified_diff().header(&from, &to).to_string());
    }
    terminal.result(&patch);
    for edit in &mended.edits {
        terminal.note(&format!("would fix  {}", told(edit, sources, &shown)));
    }
    let broken = before.analysis().checked().is_none();
    if broken || !mended.edits.is_empty() { Outcome::Findings } else { Outcome::Fine }
}

/// The text of each file, and what it becomes if that is something else. A file that was in the
/// one form is put into it again.
fn changed<'s>(before: &'s Sources, after: &'s Sources) -> Vec<(&'s str, Option<String>)> {
    let both = before.iter().zip(after.iter());
    both.map(|((_, old), (_, new))| {
        if old.text == new.text {
            return (old.text.as_str(), None);
        }
        let formatted = |text: &str| gatewright_grammar::format(text).ok();
        let was = formatted(&old.text).is_some_and(|text| text == old.text);
        let new = formatted(&new.text).filter(|_| was).unwrap_or_else(|| new.text.clone());
        (old.text.as_str(), Some(new))
    })
    .collect()
}

/// `v1.api:14:12 unknown-backend: write `catalog``
fn told(edit: &Edit, sources: &Sources, shown: &Sources) -> String {
    let labels = sources.iter().zip(shown.iter());
    let found = labels.map(|((_, one), (_, shown))| (&one.label, &shown.label));
    let label = found.into_iter().find(|(own, _)| **own == edit.file);
    let file = label.map_or(&edit.file, |(_, shown)| shown);
    format!("{file}:{}:{} {}: {}", edit.line, edit.column, edit.code.name(), edit.text)
}
