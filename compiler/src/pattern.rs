//! Patterns of texts as automata: checked, compared and turned into tables at compile time.
//!
//! A pattern matches whole texts, as if it stood between `^` and `$`, in time linear in the text.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use gatewright_grammar::Span;
use regex_automata::dfa::{Automaton, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::sync::LazyLock;

/// The largest table, in entries.
const MOST_ENTRIES: usize = 1 << 16;

/// The most memory determinization may take, in bytes.
const MOST_MEMORY: usize = 4 << 20;

/// How deep groups, repetitions and classes may nest in each other.
const DEEPEST: u32 = 48;

/// An automaton over UTF-8 bytes. State 0 refuses whatever follows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table {
    /// The class of each byte.
    pub(crate) classes: [u8; 256],
    /// How many classes there are.
    pub(crate) stride: u16,
    /// `state * stride + class` to state.
    pub(crate) transitions: Vec<u16>,
    /// The state before the first byte.
    pub(crate) start: u16,
    /// The states that accept, ascending.
    pub(crate) accepting: Vec<u16>,
}

/// Why a pattern has no table.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It cannot be read.
    Invalid(String),
    /// Its table would be too large.
    TooLarge,
}

/// Patterns that most texts match, each with what little it refuses.
static TRIVIAL: LazyLock<Vec<(Table, &str)>> = LazyLock::new(|| {
    let all = [
        (r"(?s).*", "every text matches"),
        (r".*", "every text of one line matches"),
        (r"(?s).+", "every text matches but the empty one, and a length says that better"),
        (r".+", "every text of one line matches but the empty one"),
    ];
    all.into_iter().filter_map(|(pattern, why)| Some((table(pattern).ok()?, why))).collect()
});

/// Refuses a pattern that cannot be read, matches nothing, or is too large.
pub(crate) fn check(pattern: &str, span: Span, diagnostics: &mut Diagnostics) -> Option<()> {
    let diagnostic = match table(pattern) {
        Ok(table) if shortest(&table).is_some() => {
            let trivial = TRIVIAL.iter().find(|(other, _)| *other == table);
            diagnostics.extend(trivial.map(|(_, why)| everything(span, why)));
            return Some(());
        }
        Ok(_) => Diagnostic::new(Code::TrivialPattern, span, "this pattern matches nothing")
            .severity(Severity::Error)
            .label("no text can satisfy it"),
        Err(Refused::Invalid(why)) => {
            Diagnostic::new(Code::InvalidPattern, span, "this pattern cannot be read").label(why)
        }
        Err(Refused::TooLarge) => Diagnostic::new(
            Code::PatternTooLarge,
            span,
            "this pattern needs too large a table",
        )
        .label("patterns become tables that are walked byte by byte")
        .help("bound the length instead: `text(1..200, /[a-z]+/)` rather than `/[a-z]{1,200}/`"),
    };
    diagnostics.push(diagnostic);
    None
}

fn everything(span: Span, why: &str) -> Diagnostic {
    Diagnostic::new(Code::TrivialPattern, span, "this pattern says nothing")
        .label(why)
        .help("give a length instead, `text(1..200)`, or say which characters: `/[a-z0-9-]+/`")
}

/// The automaton of `pattern`.
pub(crate) fn table(pattern: &str) -> Result<Table, Refused> {
    let config = dense::Config::new()
        .match_kind(MatchKind::All)
        .start_kind(regex_automata::dfa::StartKind::Anchored)
        .dfa_size_limit(Some(MOST_MEMORY))
        .determinize_size_limit(Some(MOST_MEMORY))
        .minimize(false);
    let nfa = thompson::Config::new().nfa_size_limit(Some(MOST_MEMORY)).shrink(false);
    let dfa = dense::Builder::new()
        .configure(config)
        .syntax(syntax())
        .thompson(nfa)
        .build(pattern)
        .map_err(|error| refused(pattern, &error))?;
    let start = start::Config::new().anchored(Anchored::Yes);
    let start = dfa.start_state(&start).map_err(|error| Refused::Invalid(error.to_string()))?;
    flatten(&dfa, start)
}

fn syntax() -> regex_automata::util::syntax::Config {
    regex_automata::util::syntax::Config::new().nest_limit(DEEPEST)
}

fn refused(pattern: &str, error: &dense::BuildError) -> Refused {
    if let Err(syntax) = regex_automata::util::syntax::parse_with(pattern, &syntax()) {
        return Refused::Invalid(last_line(&syntax.to_string()));
    }
    // A limit on the way to the table is the source of the error.
    let source = std::error::Error::source(error).map(ToString::to_string);
    let text = format!("{error} {}", source.unwrap_or_default());
    let limit = ["size", "limit", "large"].iter().any(|word| text.contains(word));
    if error.is_size_limit_exceeded() || limit {
        Refused::TooLarge
    } else {
        Refused::Invalid("word boundaries and line anchors are not available here".into())
    }
}

fn last_line(text: &str) -> String {
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or(text);
    line.trim().trim_start_matches("error: ").to_owned()
}

/// Numbers the states that can be reached, state 0 for those from which nothing can be accepted.
fn flatten(dfa: &dense::DFA<Vec<u32>>, start: StateID) -> Result<Table, Refused> {
    let mut order = vec![start];
    let mut numbers: HashMap<StateID, usize> = HashMap::from([(start, 0)]);
    let mut rows: Vec<Vec<usize>> = Vec::new();
    let mut at = 0;
    while let Some(&state) = order.get(at) {
        let mut row = Vec::with_capacity(256);
        for byte in 0..=u8::MAX {
            let next = dfa.next_state(state, byte);
            let number = *numbers.entry(next).or_insert_with(|| {
                order.push(next);
                order.len() - 1
            });
            row.push(number);
        }
        rows.push(row);
        at += 1;
        if rows.len() > 4096 {
            return Err(Refused::TooLarge);
        }
    }
    let accepts: Vec<bool> =
        order.iter().map(|&state| dfa.is_match_state(dfa.next_eoi_state(state))).collect();
    compress(&merge(&rows, &accepts), &accepts)
}

/// The block of each state, numbered by their first states: states in one block accept the same
/// texts (Hopcroft's refinement, which takes few steps also where states stand in a long row).
fn merge(rows: &[Vec<usize>], accepts: &[bool]) -> (Vec<usize>, Vec<Vec<usize>>) {
    let sources = sources(rows);
    let mut blocks = Blocks::new(accepts);
    let mut open: BTreeSet<(usize, usize)> = (0..blocks.states.len())
        .flat_map(|at| (0..sources.len()).map(move |by| (at, by)))
        .collect();
    while let Some((at, by)) = open.pop_first() {
        let into = blocks.states.get(at).into_iter().flatten();
        let from = into.filter_map(|to| sources.get(by)?.get(*to)).flatten();
        for (old, new) in blocks.split(&from.copied().collect::<Vec<usize>>()) {
            for by in 0..sources.len() {
                let smaller = if blocks.size(new) <= blocks.size(old) { new } else { old };
                open.insert((if open.contains(&(old, by)) { new } else { smaller }, by));
            }
        }
    }
    let mut numbers: BTreeMap<usize, usize> = BTreeMap::new();
    let number = |block: &usize| {
        let fresh = numbers.len();
        *numbers.entry(*block).or_insert(fresh)
    };
    (blocks.of.iter().map(number).collect(), rows.to_vec())
}

/// For each class of bytes that do the same everywhere: which states lead to each state by it.
fn sources(rows: &[Vec<usize>]) -> Vec<Vec<Vec<usize>>> {
    let column = |byte: usize| rows.iter().map(move |row| row.get(byte).copied().unwrap_or(0));
    let distinct: BTreeSet<Vec<usize>> = (0..256).map(|byte| column(byte).collect()).collect();
    let turned = |column: Vec<usize>| {
        let mut sources = vec![Vec::new(); rows.len()];
        for (from, to) in column.into_iter().enumerate() {
            if let Some(slot) = sources.get_mut(to) {
                slot.push(from);
            }
        }
        sources
    };
    distinct.into_iter().map(turned).collect()
}

/// States in blocks.
struct Blocks {
    /// The block of each state.
    of: Vec<usize>,
    /// The states of each block.
    states: Vec<Vec<usize>>,
}

impl Blocks {
    fn new(accepts: &[bool]) -> Self {
        let of: Vec<usize> = accepts.iter().map(|&accept| usize::from(accept)).collect();
        let mut states = vec![Vec::new(), Vec::new()];
        for (state, &block) in of.iter().enumerate() {
            if let Some(block) = states.get_mut(block) {
                block.push(state);
            }
        }
        Self { of, states }
    }

    fn size(&self, block: usize) -> usize {
        self.states.get(block).map_or(0, Vec::len)
    }

    /// Takes `apart` out of the blocks that have other states besides: the old and new blocks.
    fn split(&mut self, apart: &[usize]) -> Vec<(usize, usize)> {
        let mut touched: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for &state in apart {
            let block = self.of.get(state).copied().unwrap_or(0);
            touched.entry(block).or_default().insert(state);
        }
        touched.retain(|block, states| states.len() < self.size(*block));
        let mut pairs = Vec::new();
        for (old, states) in touched {
            let new = self.states.len();
            for &state in &states {
                if let Some(block) = self.of.get_mut(state) {
                    *block = new;
                }
            }
            if let Some(block) = self.states.get_mut(old) {
                block.retain(|state| !states.contains(state));
            }
            self.states.push(states.into_iter().collect());
            pairs.push((old, new));
        }
        pairs
    }
}

fn compress(
    (block, rows): &(Vec<usize>, Vec<Vec<usize>>),
    accepts: &[bool],
) -> Result<Table, Refused> {
    let count = block.iter().max().map_or(0, |most| most + 1);
    let mut merged: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut accepting = vec![false; count];
    for (state, &to) in block.iter().enumerate() {
        if let (Some(row), Some(slot)) = (rows.get(state), merged.get_mut(to)) {
            *slot = row.iter().map(|&target| block.get(target).copied().unwrap_or(0)).collect();
        }
        if let Some(slot) = accepting.get_mut(to) {
            *slot |= accepts.get(state).copied().unwrap_or(false);
        }
    }
    let dead = merged.iter().enumerate().position(|(at, row)| {
        !accepting.get(at).copied().unwrap_or(false) && row.iter().all(|&to| to == at)
    });
    let number = |state: usize| match dead {
        Some(dead) if state == dead => 0,
        Some(dead) if state < dead => state + 1,
        Some(_) => state,
        None => state + 1,
    };
    assemble(&merged, &accepting, &number, block.first().copied().unwrap_or(0))
}

fn assemble(
    merged: &[Vec<usize>],
    accepting: &[bool],
    number: &dyn Fn(usize) -> usize,
    start: usize,
) -> Result<Table, Refused> {
    let states = (0..merged.len()).map(number).max().map_or(1, |most| most + 1);
    let mut columns: Vec<Vec<usize>> = Vec::new();
    let mut classes = [0_u8; 256];
    for (byte, class) in classes.iter_mut().enumerate() {
        let mut column = vec![0; states];
        for (state, row) in merged.iter().enumerate() {
            if let (Some(slot), Some(&to)) = (column.get_mut(number(state)), row.get(byte)) {
                *slot = number(to);
            }
        }
        let at = columns.iter().position(|other| *other == column).unwrap_or_else(|| {
            columns.push(column);
            columns.len() - 1
        });
        *class = u8::try_from(at).unwrap_or(u8::MAX);
    }
    let small = |value: usize| u16::try_from(value).map_err(|_| Refused::TooLarge);
    if states * columns.len() > MOST_ENTRIES {
        return Err(Refused::TooLarge);
    }
    let mut transitions = Vec::with_capacity(states * columns.len());
    for state in 0..states {
        for column in &columns {
            transitions.push(small(column.get(state).copied().unwrap_or(0))?);
        }
    }
    let mut accepting: Vec<u16> = accepting
        .iter()
        .enumerate()
        .filter(|(_, accepts)| **accepts)
        .map(|(state, _)| small(number(state)))
        .collect::<Result<_, _>>()?;
    accepting.sort_unstable();
    let stride = small(columns.len())?;
    Ok(Table { classes, stride, transitions, start: small(number(start))?, accepting })
}

impl Table {
    /// The state behind `byte`.
    pub(crate) fn next(&self, state: u16, byte: u8) -> u16 {
        let class = self.classes.get(usize::from(byte)).copied().unwrap_or(0);
        let at = usize::from(state) * usize::from(self.stride) + usize::from(class);
        self.transitions.get(at).copied().unwrap_or(0)
    }

    /// Whether a text may end in `state`.
    pub(crate) fn accepts(&self, state: u16) -> bool {
        self.accepting.binary_search(&state).is_ok()
    }

    /// Whether the whole of `text` matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.accepts(text.bytes().fold(self.start, |state, byte| self.next(state, byte)))
    }
}

/// Bytes in the order in which examples prefer them.
fn preferred() -> impl Iterator<Item = u8> {
    let first = (b'a'..=b'z').chain(b'0'..=b'9').chain(b'A'..=b'Z');
    first.chain(b"-_. ".iter().copied()).chain(0x21..=0xff).chain(0..0x20)
}

/// A shortest text that matches.
pub(crate) fn shortest(table: &Table) -> Option<String> {
    common(table, table)
}

/// A shortest text that matches both, if there is one.
pub(crate) fn common(a: &Table, b: &Table) -> Option<String> {
    let start = (a.start, b.start);
    let mut from: Steps<Pair> = Steps::new();
    let mut queue = VecDeque::from([start]);
    while let Some(state) = queue.pop_front() {
        if a.accepts(state.0) && b.accepts(state.1) {
            return spell(&from, start, state);
        }
        for byte in preferred() {
            let next = (a.next(state.0, byte), b.next(state.1, byte));
            let dead = next.0 == 0 || next.1 == 0;
            if !dead && next != start && !from.contains_key(&next) {
                from.insert(next, (state, byte));
                queue.push_back(next);
            }
        }
    }
    None
}

/// Whether every text that matches `a` matches `b`.
pub(crate) fn is_within(a: &Table, b: &Table) -> bool {
    let start = (a.start, b.start);
    let mut seen = HashSet::from([start]);
    let mut queue = VecDeque::from([start]);
    while let Some(state) = queue.pop_front() {
        if a.accepts(state.0) && !b.accepts(state.1) {
            return false;
        }
        for byte in 0..=u8::MAX {
            let next = (a.next(state.0, byte), b.next(state.1, byte));
            if next.0 != 0 && seen.insert(next) {
                queue.push_back(next);
            }
        }
    }
    true
}

/// A state of each of two automata.
type Pair = (u16, u16);

/// How a state of a search was reached first: from which, by which byte.
pub(crate) type Steps<S> = HashMap<S, (S, u8)>;

/// The text that leads from `start` to `end`.
pub(crate) fn spell<S: Copy + Eq + Hash>(from: &Steps<S>, start: S, end: S) -> Option<String> {
    let mut bytes = Vec::new();
    let mut state = end;
    while state != start {
        let (before, byte) = from.get(&state)?;
        bytes.push(*byte);
        state = *before;
    }
    bytes.reverse();
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::{Refused, common, shortest, table};

    #[test]
    fn patterns_match_whole_texts() {
        let sku = table("p_[a-z0-9]{8}").expect("valid");
        assert!(sku.matches("p_1a2b3c4d"));
        assert!(!sku.matches("xp_1a2b3c4d"));
        assert!(!sku.matches("p_1a2b3c4d5"));
        assert!(!sku.matches(""));
        let either = table("a|ab").expect("valid");
        assert!(either.matches("ab"), "alternatives have no order");
        let any = table("é.*").expect("valid");
        assert!(any.matches("é→") && !any.matches("e"));
    }

    #[test]
    fn examples_are_short_and_readable() {
        assert_eq!(
            shortest(&table("p_[a-z0-9]{8}").expect("valid")).as_deref(),
            Some("p_aaaaaaaa")
        );
        assert_eq!(shortest(&table("[A-Z]{2}").expect("valid")).as_deref(), Some("AA"));
    }

    #[test]
    fn overlaps_are_found_with_a_witness() {
        let sku = table("p_[a-z0-9]{8}").expect("valid");
        let slug = table("[a-z]+(-[a-z]+)*").expect("valid");
        let word = table("[a-z_0-9]+").expect("valid");
        assert_eq!(common(&sku, &slug), None);
        assert_eq!(common(&sku, &word).as_deref(), Some("p_aaaaaaaa"));
    }

    #[test]
    fn unreadable_and_huge_patterns_are_refused() {
        assert!(matches!(table("a("), Err(Refused::Invalid(_))));
        assert!(matches!(table(r"a\b"), Err(Refused::Invalid(_))));
        assert!(matches!(table(r"(\w{1,30}){1,200}x"), Err(Refused::TooLarge)));
    }
}
