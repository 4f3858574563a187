//! `gatewright publish`, `amend` and `retire`: what is written into a lock.

use super::Outcome;
use crate::args::{Amend, Publish, Retire, Signed};
use crate::git;
use crate::load::{load, pictures};
use crate::terminal::Terminal;
use gatewright_build::{Error, Input, read, write};
use gatewright_compiler::analyse;
use gatewright_compiler::diagnostic::Diagnostic;
use gatewright_compiler::diagnostic::render::{self, Style};
use gatewright_compiler::lock::{self, Amendment, Lock, Publication, Refused};
use gatewright_compiler::source::{LOCK, Sources};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) fn run(args: &Publish, terminal: Terminal) -> Result<Outcome, Error> {
    if let Some(revision) = &args.rebase {
        return rebase(args, revision, terminal);
    }
    let Some(label) = &args.version else { return Err(Error::wrong_use("which version?")) };
    let loaded = load(&args.contract.path)?;
    let Some(contract) = loaded.contract(terminal) else { return Ok(Outcome::Findings) };
    let input = &loaded.input;
    let signed = signed(&args.signed, &input.directory)?;
    let lock = match known(input, terminal) {
        Known::Damaged => return Ok(Outcome::Findings),
        Known::Lock(lock) => Some(*lock),
        Known::Nothing => None,
    };
    if let Some(lock) = lock.as_ref().filter(|lock| lock.api != contract.api()) {
        let message = format!("the directory has the lock of `{}` already", lock.api);
        return Err(Error::wrong_use(message).help("give each contract a directory of its own"));
    }
    let done = lock::publish(&input.sources, contract, lock.as_ref(), (label, &signed));
    keep(done, (input, lock.as_ref()), args.signed.dry_run, terminal)
}

pub(crate) fn amend(args: &Amend, terminal: Terminal) -> Result<Outcome, Error> {
    let input = read(&args.contract)?;
    let lock = match known(&input, terminal) {
        Known::Damaged => return Ok(Outcome::Findings),
        Known::Lock(lock) => lock,
        Known::Nothing => return Err(unpublished()),
    };
    let analysis = analyse(&input.sources.without_lock());
    let Some(contract) = analysis.checked() else {
        terminal.findings(&pictures(&analysis, &input, terminal));
        terminal.note(&super::check::summary(&analysis));
        return Ok(Outcome::Findings);
    };
    let amendment = Amendment {
        version: args.version.clone(),
        endpoints: args.endpoints.clone(),
        reason: args.reason.clone(),
    };
    let signed = lock::Signed { by: args.by.clone(), date: today()? };
    let done = lock::amend(&input.sources, contract, &lock, (&amendment, &signed));
    keep(done, (&input, Some(&lock)), args.dry_run, terminal)
}

pub(crate) fn retire(args: &Retire, terminal: Terminal) -> Result<Outcome, Error> {
    let input = read(&args.contract.path)?;
    let lock = match known(&input, terminal) {
        Known::Damaged => return Ok(Outcome::Findings),
        Known::Lock(lock) => lock,
        Known::Nothing => return Err(unpublished()),
    };
    let signed = signed(&args.signed, &input.directory)?;
    let done = lock::retire(&lock, &args.version, &signed);
    keep(done, (&input, Some(&lock)), args.signed.dry_run, terminal)
}

fn unpublished() -> Error {
    Error::wrong_use("nothing of this contract is published")
        .help("`gatewright publish 1` makes its lock")
}

/// Own entries behind those of another branch.
fn rebase(args: &Publish, revision: &str, terminal: Terminal) -> Result<Outcome, Error> {
    let input = read(&args.contract.path)?;
    let directory = &input.directory;
    if !git::is_revision(directory, revision)? {
        return Err(Error::wrong_use(format!("`{revision}` is no git revision"))
            .help("name the branch to write behind: `gatewright publish --rebase origin/main`"));
    }
    let Some(theirs) = git::text(directory, revision, lock::FILE)? else {
        let message = format!("there is no {} at {revision}", lock::FILE);
        return Err(Error::wrong_use(message));
    };
    let base = match Lock::read(&theirs) {
        Ok(base) => base,
        Err(damage) => {
            let mut sources = Sources::new();
            sources.lock(format!("{} at {revision}", lock::FILE), theirs);
            return Ok(report(&damage, &sources, terminal));
        }
    };
    let Some(source) = input.sources.get(LOCK) else { return Err(unpublished()) };
    let own = match sides(&source.text, &base) {
        Ok(own) => own,
        Err(damage) => return Ok(report(&damage, &input.shown(), terminal)),
    };
    keep(lock::rebase(&own, &base), (&input, None), args.signed.dry_run, terminal)
}

/// The own lock: of a file that a merge left in conflict, the side that is not `base`.
fn sides(text: &str, base: &Lock) -> Result<Lock, Box<Diagnostic>> {
    let whole = Lock::read(text);
    if whole.is_ok() || !text.lines().any(|line| line.starts_with("<<<<<<<")) {
        return whole;
    }
    let read = [Side::Ours, Side::Theirs].map(|side| Lock::read(&one_side(text, side)));
    let own = read.into_iter().flatten().find(|lock| lock.text() != base.text());
    own.map_or(whole, Ok)
}

/// A side of a conflict.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Ours,
    /// What both had; some styles of conflicts show it.
    Before,
    Theirs,
}

fn one_side(text: &str, wanted: Side) -> String {
    let mut at = None;
    let mut out = String::new();
    for line in text.lines() {
        at = match line.get(..7) {
            Some("<<<<<<<") => Some(Side::Ours),
            Some("|||||||") if at.is_some() => Some(Side::Before),
            Some("=======") if at.is_some() => Some(Side::Theirs),
            Some(">>>>>>>") if at.is_some() => None,
            _ => {
                if at.is_none_or(|side| side == wanted) {
                    out.push_str(line);
                    out.push('\n');
                }
                at
            }
        };
    }
    out
}

/// The lock beside a contract.
enum Known {
    Nothing,
    Lock(Box<Lock>),
    /// Its damage was told.
    Damaged,
}

fn known(input: &Input, terminal: Terminal) -> Known {
    let Some(source) = input.sources.get(LOCK) else { return Known::Nothing };
    match Lock::read(&source.text) {
        Ok(lock) => Known::Lock(Box::new(lock)),
        Err(damage) => {
            report(&damage, &input.shown(), terminal);
            Known::Damaged
        }
    }
}

fn report(damage: &Diagnostic, shown: &Sources, terminal: Terminal) -> Outcome {
    let style = Style { colour: true, width: terminal.width() };
    terminal.findings(&render::text(std::slice::from_ref(damage), shown, style));
    Outcome::Findings
}

/// Writes the lock, or says why not.
fn keep(
    done: Result<Publication, Refused>,
    (input, lock): (&Input, Option<&Lock>),
    dry_run: bool,
    terminal: Terminal,
) -> Result<Outcome, Error> {
    let done = match done {
        Ok(done) => done,
        Err(Refused::Damaged(damage)) => return Ok(report(&damage, &input.shown(), terminal)),
        Err(Refused::Use(message, help)) => {
            let error = Error::wrong_use(message);
            return Err(if help.is_empty() { error } else { error.help(help) });
        }
    };
    for name in &done.hurts {
        terminal.note(&format!("hurts {name}"));
    }
    if dry_run {
        let before = lock.map_or(0, |lock| common(lock.text(), &done.text));
        terminal.result(done.text.get(before..).unwrap_or_default());
        return Ok(Outcome::Fine);
    }
    let path = input.directory.join(lock::FILE);
    let expected = input.sources.get(LOCK).map(|source| source.text.as_bytes());
    write::durable(&path, expected, done.text.as_bytes())?;
    for entry in &done.entries {
        terminal.note(&format!("{}: {entry}", path.display()));
    }
    Ok(Outcome::Fine)
}

/// How many bytes two texts start with in common, up to the last line that is.
fn common(a: &str, b: &str) -> usize {
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    a.get(..same).and_then(|text| text.rfind('\n')).map_or(0, |at| at + 1)
}

fn signed(args: &Signed, directory: &Path) -> Result<lock::Signed, Error> {
    let by = args.by.clone().or_else(|| git::user(directory));
    let by = by.filter(|name| !name.trim().is_empty()).ok_or_else(|| {
        Error::wrong_use("nobody says who publishes").help("give a name: `--by storefront`")
    })?;
    Ok(lock::Signed { by, date: today()? })
}

/// The day in UTC: of `SOURCE_DATE_EPOCH`, else of the clock.
pub(super) fn today() -> Result<String, Error> {
    let seconds = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text.parse::<u64>().map_err(|_| {
            Error::wrong_use(format!("SOURCE_DATE_EPOCH is `{text}`, and not a number of seconds"))
        })?,
        Err(_) => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            now.map_err(|_| Error::world("the clock is before 1970"))?.as_secs()
        }
    };
    day(seconds / 86_400)
        .ok_or_else(|| Error::wrong_use("SOURCE_DATE_EPOCH lies behind the year 9999"))
}

/// The day that begins so many days after 1970-01-01; nothing behind the year 9999.
fn day(days: u64) -> Option<String> {
    let mut left = days;
    for year in 1970..=9999_u64 {
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        let length = if leap { 366 } else { 365 };
        if left >= length {
            left -= length;
            continue;
        }
        let february = if leap { 29 } else { 28 };
        let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        for (month, length) in (1..).zip(months) {
            if left < length {
                return Some(format!("{year:04}-{month:02}-{:02}", left + 1));
            }
            left -= length;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Side, day, one_side};

    #[test]
    fn days_are_those_of_the_calendar() {
        let told = |days| day(days).unwrap_or_default();
        assert_eq!([told(0), told(59), told(20_697)], ["1970-01-01", "1970-03-01", "2026-09-01"]);
        assert_eq!(told(11_016), "2000-02-29");
        assert_eq!(day(u64::MAX / 86_400), None);
    }

    #[test]
    fn a_conflict_has_two_sides() {
        let text = "a\n<<<<<<< HEAD\nb\n||||||| base\nx\n=======\nc\n>>>>>>> own\nd\n";
        assert_eq!(one_side(text, Side::Ours), "a\nb\nd\n");
        assert_eq!(one_side(text, Side::Theirs), "a\nc\nd\n");
    }
}
