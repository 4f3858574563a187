//! Texts as automata with a length, and the formats that no automaton is exact for.

use super::{Position, Within, is_open};
use crate::analyse::values::scalar_accepts;
use crate::contract::types::{Const, Format, Rule, Scalar};
use crate::pattern::{self, Steps, Table};
use std::cell::OnceCell;
use std::collections::{HashMap, VecDeque};
use std::sync::LazyLock;

/// How many states a comparison looks at before it gives up.
const MOST_STATES: usize = 1 << 17;

/// How many states are looked at to list texts.
const MOST_LISTED: usize = 1 << 14;

/// The automaton of all texts, which most comparisons need.
static ANY: LazyLock<Option<Table>> = LazyLock::new(|| pattern::table("(?s:.)*").ok());

/// The texts of a scalar.
pub(crate) struct Texts<'r> {
    rule: &'r Rule,
    shape: Shape,
    table: OnceCell<Option<Table>>,
    min: u64,
    max: Option<u64>,
}

/// What is known of the texts, their length aside.
enum Shape {
    /// All of them.
    Any,
    /// Those of a pattern.
    Pattern(String),
    /// These.
    Values(Vec<String>),
    /// Those of a format; each matches the pattern, if there is one.
    Format(Format, Option<&'static str>),
}

impl<'r> Texts<'r> {
    /// The texts of `rule`; nothing if its values are no texts.
    pub(crate) fn of(rule: &'r Rule, position: Position) -> Option<Self> {
        let (shape, min, max) = match rule {
            Rule::Enum(values) if is_open(values, position) => (Shape::Any, 0, None),
            Rule::Enum(values) => {
                let values = values.values.iter().map(|(_, wire)| wire.clone()).collect();
                (Shape::Values(values), 0, None)
            }
            Rule::Text(text) => match (text.format, &text.pattern) {
                (Some(format), _) => {
                    let (pattern, min, max) = known(format);
                    (Shape::Format(format, pattern), min, max)
                }
                (None, Some(pattern)) => (Shape::Pattern(pattern.clone()), text.min, text.max),
                (None, None) => (Shape::Any, text.min, text.max),
            },
            Rule::Number(_) | Rule::Bool | Rule::AsText(_) => return None,
        };
        Some(Self { rule, shape, table: OnceCell::new(), min, max })
    }

    /// The texts of this set that are not in `other`.
    pub(crate) fn outside(&self, other: &Texts<'_>) -> Within {
        match (&self.shape, &other.shape) {
            (Shape::Values(values), _) => match values.iter().find(|value| !other.has(value)) {
                Some(value) => Within::No(Const::Text(value.clone())),
                None => Within::Yes,
            },
            (Shape::Format(a, _), Shape::Format(b, _)) if a == b => Within::Yes,
            (Shape::Format(..), Shape::Any) if self.fits(other) => Within::Yes,
            (Shape::Any, Shape::Any) => {
                let texts = [self.min, other.max.map_or(self.min, |max| max.saturating_add(1))];
                let texts = texts.map(|length| length.max(self.min));
                let found = texts.into_iter().find(|length| {
                    self.max.is_none_or(|max| *length <= max)
                        && (*length < other.min || other.max.is_some_and(|max| *length > max))
                });
                match found {
                    Some(length) => Within::No(Const::Text(letters(length))),
                    None => Within::Yes,
                }
            }
            _ => self.search(other),
        }
    }

    /// Whether every length of this set is one of the other.
    fn fits(&self, other: &Texts<'_>) -> bool {
        let most = other.max.is_none_or(|max| self.max.is_some_and(|own| own <= max));
        self.min >= other.min && most
    }

    fn has(&self, text: &str) -> bool {
        if let (Shape::Pattern(_), Some(table)) = (&self.shape, self.table()) {
            let length = text.chars().count() as u64;
            return length >= self.min
                && self.max.is_none_or(|max| length <= max)
                && table.matches(text);
        }
        match &self.shape {
            Shape::Values(values) => values.iter().any(|value| value == text),
            _ => self.accepts(text),
        }
    }

    /// What the rule itself says of one text.
    fn accepts(&self, text: &str) -> bool {
        let length = text.chars().count() as u64;
        if let Shape::Any = self.shape {
            return length >= self.min && self.max.is_none_or(|max| length <= max);
        }
        let scalar = Scalar { name: None, rule: self.rule.clone() };
        scalar_accepts(&scalar, &Const::Text(text.to_owned())).is_ok()
    }

    /// An automaton that accepts at least the texts of this set; nothing if it would be too large.
    fn table(&self) -> Option<&Table> {
        let regex = || match &self.shape {
            Shape::Pattern(pattern) => pattern.clone(),
            Shape::Values(values) => {
                values.iter().map(|value| escaped(value)).collect::<Vec<_>>().join("|")
            }
            Shape::Any | Shape::Format(_, None) => "(?s:.)*".to_owned(),
            Shape::Format(_, Some(pattern)) => (*pattern).to_owned(),
        };
        if let Shape::Any | Shape::Format(_, None) = &self.shape {
            return ANY.as_ref();
        }
        self.table.get_or_init(|| pattern::table(&regex()).ok()).as_ref()
    }

    /// Whether the automaton accepts no other text, lengths aside.
    fn is_exact(&self) -> bool {
        match &self.shape {
            Shape::Any | Shape::Pattern(_) | Shape::Values(_) => true,
            Shape::Format(format, _) => *format == Format::Uuid,
        }
    }

    /// A text that is in both.
    pub(crate) fn common(&self, other: &Texts<'_>) -> Option<String> {
        let (a, b) = (self.table()?, other.table()?);
        let walk = Walk { a, b, own: (self.min, self.max), other: (other.min, other.max) };
        match walk.first(&|state| walk.is_own(state) && walk.is_other(state)) {
            Found::Text(text) => Some(text),
            Found::Nothing | Found::TooLarge => None,
        }
    }

    fn search(&self, other: &Texts<'_>) -> Within {
        let (Some(a), Some(b)) = (self.table(), other.table()) else { return Within::Unknown };
        let walk = Walk { a, b, own: (self.min, self.max), other: (other.min, other.max) };
        match walk.difference() {
            Found::Text(text) if self.is_exact() || self.accepts(&text) => {
                Within::No(Const::Text(text))
            }
            Found::Text(_) | Found::TooLarge => Within::Unknown,
            Found::Nothing if other.is_exact() => Within::Yes,
            // What the automaton accepts may still violate the format.
            Found::Nothing => match self.several(8).0.into_iter().find(|one| !is_in(one, other)) {
                Some(witness) => Within::No(witness),
                None => Within::Unknown,
            },
        }
    }

    /// Different texts of the set, as many as there are up to `count`, and whether there may be more
    /// although there are fewer.
    pub(crate) fn several(&self, count: usize) -> (Vec<Const>, bool) {
        let (texts, more): (Vec<String>, bool) = match &self.shape {
            Shape::Values(values) => {
                let mut different: Vec<String> = Vec::new();
                for value in values {
                    if different.len() < count && !different.contains(value) {
                        different.push(value.clone());
                    }
                }
                (different, false)
            }
            Shape::Any => (plain((self.min, self.max), count), false),
            Shape::Format(format, _) => ((0..count).map(|at| sample(*format, at)).collect(), false),
            Shape::Pattern(_) => match self.table() {
                Some(table) => {
                    Walk { a: table, b: table, own: (self.min, self.max), other: (0, None) }
                        .several(count)
                }
                None => (Vec::new(), true),
            },
        };
        (texts.into_iter().map(Const::Text).collect(), more)
    }
}

/// Texts of these lengths, the shortest first.
fn plain((min, max): (u64, Option<u64>), count: usize) -> Vec<String> {
    let empty = (min == 0).then(String::new);
    let length = min.max(1);
    if max.is_some_and(|max| length > max) {
        return empty.into_iter().take(count).collect();
    }
    let letters = ('a'..='z').chain('A'..='Z').chain('0'..='9').chain('\u{4e00}'..='\u{9fff}');
    let rest = repeat("a", length - 1);
    let others = letters.map(|letter| format!("{letter}{rest}"));
    empty.into_iter().chain(others).take(count).collect()
}

fn is_in(text: &Const, set: &Texts<'_>) -> bool {
    matches!(text, Const::Text(text) if set.accepts(text))
}

/// A pattern that every text of a format matches, and how long such a text can be.
fn known(format: Format) -> (Option<&'static str>, u64, Option<u64>) {
    match format {
        Format::Date => (Some("[0-9]{4}-[0-9]{2}-[0-9]{2}"), 10, Some(10)),
        Format::Uuid => (
            Some("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"),
            36,
            Some(36),
        ),
        Format::Instant => (None, 20, None),
        Format::Duration => (None, 2, None),
        Format::Email => (None, 3, Some(254)),
        Format::Url => (None, 4, None),
        Format::Bytes => (None, 0, None),
    }
}

/// The text of a format with this number.
fn sample(format: Format, at: usize) -> String {
    match format {
        Format::Date => {
            let (year, month, day) = (2026 + at / 336, at / 28 % 12 + 1, at % 28 + 1);
            format!("{:04}-{month:02}-{day:02}", year.min(9999))
        }
        Format::Instant => format!("{}T12:00:00Z", sample(Format::Date, at)),
        Format::Duration => format!("PT{}H", at + 1),
        Format::Uuid => format!("00000000-0000-4000-8000-{at:012}"),
        Format::Email => format!("a{at}@shop.example"),
        Format::Url => format!("https://a.example/{at}"),
        Format::Bytes => {
            let letter = |at: usize| char::from(b'A' + u8::try_from(at % 26).unwrap_or(0));
            let letters = [letter(at / 17_576), letter(at / 676), letter(at / 26), letter(at)];
            letters.iter().collect()
        }
    }
}

fn letters(length: u64) -> String {
    repeat("a", length)
}

/// So many of one letter; of very many, a few stand for all.
fn repeat(letter: &str, length: u64) -> String {
    letter.repeat(usize::try_from(length.min(100_000)).unwrap_or(100_000))
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, char| {
        if !char.is_alphanumeric() {
            escaped.push('\\');
        }
        escaped.push(char);
        escaped
    })
}

/// Two automata that walk one text, which is counted.
struct Walk<'t> {
    a: &'t Table,
    b: &'t Table,
    own: (u64, Option<u64>),
    other: (u64, Option<u64>),
}

/// The states of both, and how many characters have begun; beyond every bound they are not told
/// apart.
type State = (u16, u16, u64);

enum Found {
    Text(String),
    Nothing,
    TooLarge,
}

impl Walk<'_> {
    /// A shortest text that the first accepts at its lengths and the second does not at its own.
    fn difference(&self) -> Found {
        self.first(&|state| self.is_own(state) && !self.is_other(state))
    }

    fn is_own(&self, (a, _, length): State) -> bool {
        self.a.accepts(a) && within(length, self.own)
    }

    fn is_other(&self, (_, b, length): State) -> bool {
        self.b.accepts(b) && within(length, self.other)
    }

    fn first(&self, wanted: &dyn Fn(State) -> bool) -> Found {
        let start = (self.a.start, self.b.start, 0);
        let bytes = self.bytes();
        let mut from: Steps<State> = Steps::new();
        let mut queue = VecDeque::from([start]);
        while let Some(state) = queue.pop_front() {
            if wanted(state) {
                return pattern::spell(&from, start, state).map_or(Found::TooLarge, Found::Text);
            }
            for &byte in &bytes {
                let next = self.step(state, byte);
                let is_long = self.own.1.is_some_and(|max| next.2 > max);
                if next.0 == 0 || is_long || next == start || from.contains_key(&next) {
                    continue;
                }
                if from.len() > MOST_STATES {
                    return Found::TooLarge;
                }
                from.insert(next, (state, byte));
                queue.push_back(next);
            }
        }
        Found::Nothing
    }

    /// Texts that the first accepts at its lengths, short ones first, and whether there may be more
    /// although there are fewer than `count`.
    fn several(&self, count: usize) -> (Vec<String>, bool) {
        let Some(distances) = self.distances() else {
            let first = match self.first(&|state| self.is_own(state)) {
                Found::Text(text) => vec![text],
                Found::Nothing | Found::TooLarge => Vec::new(),
            };
            return (first.into_iter().take(count).collect(), true);
        };
        let readable = (b'a'..=b'z').chain(b'0'..=b'9').chain(b'A'..=b'Z');
        let bytes: Vec<u8> = readable.chain(0..=0xff).collect();
        let mut found: Vec<String> = Vec::new();
        let start = (self.a.start, self.a.start, 0);
        let mut queue: VecDeque<(State, Vec<u8>)> = VecDeque::new();
        queue.extend(distances.contains_key(&start).then(|| (start, Vec::new())));
        while let Some((state, text)) = queue.pop_front() {
            if found.len() >= count {
                break;
            }
            if self.is_own(state)
                && let Ok(text) = String::from_utf8(text.clone())
            {
                found.push(text);
            }
            let mut ways: Vec<(usize, State, u8)> = Vec::new();
            for &byte in &bytes {
                let next = self.step(state, byte);
                let known = ways.iter().any(|(_, _, other)| *other == byte);
                if let Some(distance) = distances.get(&next).filter(|_| !known) {
                    ways.push((*distance, next, byte));
                }
            }
            ways.sort_by_key(|(distance, ..)| *distance);
            // Each leads to a text of its own, so there need not be more than are wanted.
            let room = count.saturating_sub(found.len() + queue.len()).max(1);
            queue.extend(ways.into_iter().take(room).map(|(_, next, byte)| {
                let mut text = text.clone();
                text.push(byte);
                (next, text)
            }));
        }
        (found, false)
    }

    /// Of each state from which a text goes on to be accepted: by how many bytes at least. Nothing
    /// if there are too many states.
    fn distances(&self) -> Option<HashMap<State, usize>> {
        let start = (self.a.start, self.a.start, 0);
        let bytes = self.bytes();
        let mut before: HashMap<State, Vec<State>> = HashMap::from([(start, Vec::new())]);
        let mut open = vec![start];
        while let Some(state) = open.pop() {
            for &byte in &bytes {
                let next = self.step(state, byte);
                if next.0 == 0 || self.own.1.is_some_and(|max| next.2 > max) {
                    continue;
                }
                if before.len() > MOST_LISTED {
                    return None;
                }
                let known = before.entry(next).or_insert_with(|| {
                    open.push(next);
                    Vec::new()
                });
                known.push(state);
            }
        }
        let mut found: HashMap<State, usize> = HashMap::new();
        let ends = before.keys().copied().filter(|state| self.is_own(*state));
        let mut queue: VecDeque<(State, usize)> = ends.map(|state| (state, 0)).collect();
        while let Some((state, distance)) = queue.pop_front() {
            if found.contains_key(&state) {
                continue;
            }
            found.insert(state, distance);
            let earlier = before.get(&state).into_iter().flatten();
            queue.extend(earlier.map(|state| (*state, distance + 1)));
        }
        Some(found)
    }

    fn step(&self, (a, b, length): State, byte: u8) -> State {
        let begins = byte & 0b1100_0000 != 0b1000_0000;
        let length = (length + u64::from(begins)).min(self.longest());
        (self.a.next(a, byte), self.b.next(b, byte), length)
    }

    /// The number of characters from which on no bound tells lengths apart.
    fn longest(&self) -> u64 {
        let bounds = [self.own.0, self.other.0, self.own.1.unwrap_or(0), self.other.1.unwrap_or(0)];
        bounds.into_iter().max().unwrap_or(0).saturating_add(1)
    }

    /// One byte of each kind that the two tell apart, readable ones first.
    fn bytes(&self) -> Vec<u8> {
        let readable = (b'a'..=b'z').chain(b'0'..=b'9').chain(b'A'..=b'Z');
        let all = readable.chain(b"-_. ".iter().copied()).chain(0x21..=0xff).chain(0..0x20);
        let kind = |byte: u8| {
            let class = |table: &Table| table.classes.get(usize::from(byte)).copied();
            (class(self.a), class(self.b), byte & 0b1100_0000 == 0b1000_0000)
        };
        let mut kinds = Vec::new();
        let mut bytes = Vec::new();
        for byte in all {
            if !kinds.contains(&kind(byte)) {
                kinds.push(kind(byte));
                bytes.push(byte);
            }
        }
        bytes
    }
}

fn within(length: u64, (min, max): (u64, Option<u64>)) -> bool {
    length >= min && max.is_none_or(|max| length <= max)
}
