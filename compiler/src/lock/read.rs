//! Text to lock: every line has its place, and every digest is computed again.

use super::{Act, Block, BlockKind, Entry, Lock, chained, digest, head_line, last_line, seed};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::LOCK;
use gatewright_grammar::Span;
use std::ops::Range;

/// The most bytes of a lock.
const MOST: usize = 64 << 20;

/// Lines that a merge leaves behind.
const MARKS: [&str; 4] = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"];

impl Lock {
    /// Reads a lock and computes all of its digests again.
    ///
    /// # Errors
    ///
    /// It was edited, cut off, merged badly, or is no lock: the first place that shows it.
    pub fn read(text: &str) -> Result<Lock, Box<Diagnostic>> {
        if text.len() > MOST {
            return Err(damage(0..0, "the lock is larger than any that is written").into());
        }
        let mut lines = Lines { text, at: 0 };
        let mut lock = Lock { api: String::new(), entries: Vec::new(), text: text.to_owned() };
        lock.api = first(&mut lines)?;
        let mut chain = seed(&lock.api);
        loop {
            let Some(line) = lines.next()? else { return Err(cut_off(text).into()) };
            let end = last_line(lock.entries.len());
            if lines.slice(&line) == end {
                return match lines.next()? {
                    None if !lock.entries.is_empty() => {
                        endpoints(&mut lock)?;
                        Ok(lock)
                    }
                    None => Err(damage(line, "the lock holds no entry").into()),
                    Some(more) => Err(damage(more, "the lock goes on behind its end").into()),
                };
            }
            if lines.slice(&line).starts_with("end of ") {
                let message = "the lock does not hold as many entries as its last line says";
                return Err(damage(line, message)
                    .label(format!("there are {}", lock.entries.len()))
                    .into());
            }
            let entry = entry(&mut lines, line, &chain)?;
            follows(&lock, &entry)?;
            chain.clone_from(&entry.chain);
            lock.entries.push(entry);
        }
    }
}

/// A finding about text that `gatewright` did not write.
pub(super) fn damage(at: Range<usize>, message: &str) -> Diagnostic {
    Diagnostic::new(Code::LockDamaged, span(&at), message)
        .label("not as it was written")
        .note("a lock is written by `gatewright` alone, and only ever grows")
        .help("`git checkout HEAD -- api.lock` brings the last committed one back; then repeat `gatewright publish`")
}

pub(super) fn span(at: &Range<usize>) -> Span {
    Span::new(LOCK, at.start, at.end)
}

fn cut_off(text: &str) -> Diagnostic {
    let last = text.trim_end_matches('\n').rfind('\n').map_or(0, |at| at + 1);
    damage(last..text.trim_end_matches('\n').len(), "the lock is cut off")
        .label("the last line, `end of … entries`, is missing behind this")
}

/// The lines of a text, each ended by a line break.
struct Lines<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lines<'t> {
    fn slice(&self, at: &Range<usize>) -> &'t str {
        self.text.get(at.clone()).unwrap_or_default()
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next line, without its line break.
    fn next(&mut self) -> Result<Option<Range<usize>>, Box<Diagnostic>> {
        if self.rest().is_empty() {
            return Ok(None);
        }
        let Some(length) = self.rest().find('\n') else {
            return Err(damage(self.at..self.text.len(), "the lock is cut off")
                .label("this line does not end")
                .into());
        };
        let line = self.at..self.at + length;
        self.at = line.end + 1;
        let written = self.slice(&line);
        if MARKS.iter().any(|mark| written.starts_with(mark)) {
            return Err(conflict(line).into());
        }
        if written.ends_with('\r') {
            let message = "the lines of the lock end with carriage returns";
            return Err(damage(line, message)
                .help("write `api.lock text eol=lf` into `.gitattributes`, and check it out again")
                .into());
        }
        Ok(Some(line))
    }

    /// The next line if it is indented.
    fn indented(&mut self) -> Result<Option<Range<usize>>, Box<Diagnostic>> {
        if !self.rest().starts_with("  ") {
            return Ok(None);
        }
        self.next()
    }
}

fn conflict(at: Range<usize>) -> Diagnostic {
    Diagnostic::new(Code::LockDamaged, span(&at), "the lock holds a conflict of a merge")
        .label("both sides added entries here")
        .note("entries follow each other, so two that follow the same one cannot both stay as they are")
        .help("`gatewright publish --rebase origin/main` takes the entries of that branch and writes yours behind them")
}

/// `lock 1 shop` and the blank line behind it.
fn first(lines: &mut Lines<'_>) -> Result<String, Box<Diagnostic>> {
    let Some(line) = lines.next()? else {
        return Err(damage(0..0, "the lock is empty").into());
    };
    let text = lines.slice(&line);
    let api = text.strip_prefix("lock 1 ").unwrap_or_default();
    let name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if api.is_empty() || !api.bytes().all(name) || text != head_line(api) {
        if text.starts_with("lock ") && !text.starts_with("lock 1 ") {
            let message = "this lock was written by another version of `gatewright`";
            return Err(Diagnostic::new(Code::LockDamaged, span(&line), message)
                .label("this one reads `lock 1`")
                .into());
        }
        return Err(damage(line, "this is no lock").label("wanted: `lock 1 NAME`").into());
    }
    match lines.next()? {
        Some(blank) if blank.is_empty() => Ok(api.to_owned()),
        Some(other) => Err(damage(other, "the lock was edited").into()),
        None => Err(cut_off(lines.text).into()),
    }
}

fn entry(
    lines: &mut Lines<'_>,
    head: Range<usize>,
    before: &str,
) -> Result<Entry, Box<Diagnostic>> {
    let mut entry = head_of(lines, head.clone())?;
    let body = lines.at;
    let mut blocks: Vec<Range<usize>> = Vec::new();
    while let Some(line) = lines.indented()? {
        let starts = lines.slice(&line).chars().nth(2).is_some_and(|one| one.is_ascii_lowercase());
        match blocks.last_mut() {
            Some(block) if !starts => block.end = line.end,
            _ => blocks.push(line.start + 2..line.end),
        }
    }
    entry.whole = head.start..lines.at;
    let body_text = lines.slice(&(body..lines.at)).to_owned();
    match lines.next()? {
        Some(blank) if blank.is_empty() => {}
        Some(other) => return Err(damage(other, "the lock was edited").into()),
        None => return Err(cut_off(lines.text).into()),
    }
    for at in blocks {
        entry.blocks.push(block(lines, at)?);
    }
    let plain = lines.slice(&(head.start..entry.chain_at.start - " chain ".len()));
    if chained(before, plain, &body_text) != entry.chain {
        return Err(damage(entry.chain_at, "the lock was edited")
            .label("this digest is not that of the entry and those before it")
            .into());
    }
    Ok(entry)
}

/// The words of a first line, with their places; a text in quotes is one word.
fn words(text: &str, start: usize) -> Option<Vec<(String, Range<usize>)>> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (word, length) = if rest.starts_with('"') {
            quoted(rest)?
        } else {
            let length = rest.find(' ').unwrap_or(rest.len());
            (rest.get(..length)?.to_owned(), length)
        };
        words.push((word, start + at..start + at + length));
        at += length;
        match text.get(at..)? {
            "" => break,
            more if more.starts_with(' ') && more.len() > 1 => at += 1,
            _ => return None,
        }
    }
    Some(words)
}

/// The text in quotes that `rest` starts with, and how many bytes it takes with them.
fn quoted(rest: &str) -> Option<(String, usize)> {
    let mut out = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((out, at + 1)),
            '\\' => out.push(chars.next().filter(|(_, next)| ['"', '\\'].contains(next))?.1),
            other => out.push(other),
        }
    }
    None
}

/// `version 1 added 2026-05-12 GET /find by maria revision 1.1 chain 77aa…`
fn head_of(lines: &Lines<'_>, line: Range<usize>) -> Result<Entry, Box<Diagnostic>> {
    let edited = |at: Range<usize>| Box::new(damage(at, "the lock was edited"));
    let words = words(lines.slice(&line), line.start).ok_or_else(|| edited(line.clone()))?;
    let mut words = words.into_iter();
    let mut next = |wanted: Option<&str>| match words.next() {
        Some((word, at)) if wanted.is_none_or(|wanted| wanted == word) => Ok((word, at)),
        Some((_, at)) => Err(edited(at)),
        None => Err(edited(line.clone())),
    };
    next(Some("version"))?;
    let (version, version_at) = next(None)?;
    let (act, act_at) = next(None)?;
    let act = Act::ALL.into_iter().find(|one| one.word() == act);
    let act = act.ok_or_else(|| edited(act_at))?;
    let (date, date_at) = next(None)?;
    if !crate::analyse::is_day(&date) || !is_label(&version) {
        return Err(edited(version_at.start..date_at.end));
    }
    let mut endpoint = None;
    if act.is_of_endpoint() {
        endpoint = Some(format!("{} {}", next(None)?.0, next(None)?.0));
    }
    let mut reason = None;
    if act == Act::Amended {
        reason = Some(next(None)?.0);
        next(Some("approved"))?;
    }
    next(Some("by"))?;
    let (by, _) = next(None)?;
    next(Some("revision"))?;
    let (revision, revision_at) = next(None)?;
    next(Some("chain"))?;
    let (chain, chain_at) = next(None)?;
    if !chain.bytes().all(|byte| byte.is_ascii_hexdigit()) || chain.len() != 64 {
        return Err(edited(chain_at));
    }
    if let Some((_, at)) = words.next() {
        return Err(edited(at));
    }
    let number = revision.strip_prefix(&version).and_then(|rest| rest.strip_prefix('.'));
    if number.is_none_or(|number| number.parse::<u32>().is_err()) {
        return Err(edited(revision_at));
    }
    Ok(Entry {
        version,
        act,
        date,
        endpoint,
        by,
        reason,
        revision,
        chain,
        blocks: Vec::new(),
        head: line.clone(),
        chain_at,
        date_at,
        whole: line,
    })
}

fn is_label(text: &str) -> bool {
    crate::analyse::is_day(text)
        || (!text.is_empty() && text.len() < 10 && text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What can follow in the history of a version.
fn follows(lock: &Lock, entry: &Entry) -> Result<(), Box<Diagnostic>> {
    let version = &entry.version;
    let message = match (lock.is_published(version), entry.act) {
        (true, Act::Published) => format!("version {version} is published twice"),
        (false, act) if act != Act::Published => format!("version {version} was never published"),
        (true, _) if lock.is_retired(version) => format!("version {version} is retired already"),
        (true | false, _) => return Ok(()),
    };
    Err(damage(entry.head.clone(), &message).into())
}

/// A declaration, with its digest computed again.
fn block(lines: &Lines<'_>, at: Range<usize>) -> Result<Block, Box<Diagnostic>> {
    let text = lines.slice(&at);
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let kind = match word {
        "versions" => BlockKind::Selection,
        "deprecated" => BlockKind::Deprecated,
        "auth" => BlockKind::Auth,
        "type" | "enum" | "union" => BlockKind::Type,
        "error" => BlockKind::Error,
        "endpoint" => BlockKind::Endpoint,
        "needs" => BlockKind::Needs,
        "case" => BlockKind::Case,
        "without" => {
            let title = rest.strip_prefix("case ").and_then(quoted);
            let Some((key, _)) = title else {
                return Err(damage(at, "the lock was edited").into());
            };
            return Ok(Block { kind: BlockKind::Without, key, at, own: Vec::new() });
        }
        _ => return Err(damage(at, "the lock was edited").into()),
    };
    if matches!(kind, BlockKind::Selection | BlockKind::Deprecated) {
        return Ok(Block { kind, key: String::new(), at, own: Vec::new() });
    }
    let Some(sha) = sha(text) else {
        return Err(damage(at.clone(), "the lock was edited")
            .label("this is not what the digest was made of")
            .into());
    };
    let head = text.get(..sha.start).unwrap_or_default();
    let key = match kind {
        BlockKind::Case => quoted(rest).map(|(title, _)| title),
        // Its path is read once everything is known to be as it was written.
        BlockKind::Endpoint => Some(head.to_owned()),
        BlockKind::Needs => Some(head.get("needs ".len()..).unwrap_or_default().to_owned()),
        _ => rest.split([' ', '<']).next().map(str::to_owned),
    };
    let Some(key) = key else { return Err(damage(at, "the lock was edited").into()) };
    let mut own = Vec::new();
    own.push(at.start + sha.start..at.start + sha.end);
    if kind == BlockKind::Endpoint {
        own.push(at.start..at.start + "endpoint ".len());
        let mut start = at.start;
        for line in text.split('\n') {
            if line.strip_prefix("    ").is_some_and(super::state::is_kept) {
                own.push(start..start + line.len());
            }
            start += line.len() + 1;
        }
    }
    Ok(Block { kind, key, at, own })
}

/// Names the endpoints by method and path.
fn endpoints(lock: &mut Lock) -> Result<(), Box<Diagnostic>> {
    for block in lock.entries.iter_mut().flat_map(|entry| &mut entry.blocks) {
        if block.kind == BlockKind::Endpoint {
            let key = super::print::endpoint_key(&block.key);
            block.key = key.ok_or_else(|| {
                damage(block.at.clone(), "an endpoint of the lock cannot be read")
            })?;
        }
    }
    Ok(())
}

/// Where ` sha …` stands whose digest is that of the text without it.
fn sha(text: &str) -> Option<Range<usize>> {
    let mark = " sha ";
    let line = text.lines().next()?;
    line.match_indices(mark).find_map(|(start, _)| {
        let end = start + mark.len() + 32;
        let found = text.get(start + mark.len()..end)?;
        let without = format!("{}{}", text.get(..start)?, text.get(end..)?);
        (digest(&without) == found).then_some(start..end)
    })
}
