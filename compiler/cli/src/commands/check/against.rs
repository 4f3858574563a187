//! `--against`: nothing that another state published was taken back, and what else is different.

use crate::args::{Check, Format};
use crate::load::Loaded;
use crate::origin::{self, Origin};
use crate::terminal::Terminal;
use gatewright_build::Error;
use gatewright_compiler::analyse;
use gatewright_compiler::changes::{self, Side, render};
use gatewright_compiler::diagnostic::Diagnostic;
use gatewright_compiler::diagnostic::render::{Style, text};
use gatewright_compiler::lock::{Lock, continuation};
use gatewright_compiler::source::LOCK;

/// Findings about the own lock beside that of the other state, or beside what a gateway was made
/// with. For people, says what changed about versions that nobody was promised.
pub(super) fn compare(
    spec: &str,
    (args, loaded): (&Check, &Loaded),
    terminal: Terminal,
) -> Result<Vec<Diagnostic>, Error> {
    let origin = origin::resolve(spec, &args.contract.path)?;
    let own = loaded.input.sources.get(LOCK).map(|source| Lock::read(&source.text));
    let own = match own {
        // The analysis told of it.
        Some(Err(_)) => return Ok(Vec::new()),
        Some(Ok(lock)) => Some(lock),
        None => None,
    };
    let mut found = Vec::new();
    if let Some(served) = &origin.served {
        let api = loaded.analysis().comparable().map(|contract| &contract.api);
        if api.is_some_and(|api| *api != served.api) {
            let message = format!("{} is a gateway of `{}`", origin.name, served.api);
            return Err(Error::wrong_use(message).help("compare with a gateway of this API"));
        }
        found.extend(served.continuation(own.as_ref(), &origin.name));
    }
    if let Some(earlier) = origin.lock() {
        match Lock::read(earlier) {
            Ok(earlier) => found.extend(continuation(own.as_ref(), &earlier, &origin.name)),
            Err(damage) => {
                let style = Style { colour: true, width: terminal.width() };
                terminal.findings(&text(&[*damage], &origin.shown, style));
                return Err(Error::wrong_use(format!("the lock of {} is damaged", origin.name)));
            }
        }
    }
    if args.format == Format::Text && found.is_empty() {
        report(&origin, loaded, own.as_ref(), terminal);
    }
    Ok(found)
}

/// What changed about versions that are in no lock, and about all that a gateway serves.
fn report(origin: &Origin, loaded: &Loaded, lock: Option<&Lock>, terminal: Terminal) {
    let sources = &loaded.input.sources;
    let (other, what) = match &origin.served {
        Some(served) => (served.analyse(&origin.sources, sources), ""),
        None => (analyse(&origin.sources.without_lock()), "unpublished, "),
    };
    let (Some(old), Some(new)) = (other.comparable(), loaded.analysis().comparable()) else {
        return;
    };
    let mut all = Vec::new();
    for version in &new.versions {
        let known = old.versions.iter().find(|one| one.label == version.label);
        let published = lock.is_some_and(|lock| lock.is_published(&version.label));
        let wanted = origin.served.is_some() || !published;
        if let (Some(before), true) = (known, wanted) {
            let sides = (Side::of(old, before), Side::of(new, version));
            all.extend(changes::versions(sides.0, sides.1));
        }
    }
    if all.iter().any(|change| change.verdict > changes::Verdict::Invisible) {
        let texts = render::Texts { old: &origin.shown, new: &loaded.input.shown() };
        terminal.note(&format!("{what}compared with {}:", origin.name));
        terminal.note(render::text(&all, texts).trim_end());
    }
}
