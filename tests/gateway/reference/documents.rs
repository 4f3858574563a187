//! JSON documents made of choices: good ones of a type, and ways to spoil them.

use gatewright_compiler::contract::types::{
    Enumeration, Field, Format, Kind, ListBounds, Number, Rest, Rule, Scalar, Text, Type, Types,
};

/// A JSON value that keeps what others lose: digits, order, and members of one name.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Document {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Document>),
    Record(Vec<(String, Document)>),
}

/// Numbers that look random and are the same every time (xorshift).
pub(super) struct Choices(u64);

impl Choices {
    pub(super) fn new(seed: u64) -> Choices {
        Choices(0x9e37_79b9_7f4a_7c15 ^ (seed << 17))
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).expect("it is below a usize")
    }

    fn often(&mut self) -> bool {
        self.below(3) > 0
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all.get(self.below(all.len())).cloned().expect("there is something to choose from")
    }
}

impl Document {
    /// Its text, with blanks and members as they come.
    pub(super) fn text(&self) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let join = |parts: Vec<String>| parts.join(", ");
        match self {
            Document::Null => "null".to_owned(),
            Document::Bool(value) => value.to_string(),
            Document::Number(digits) => digits.clone(),
            Document::Text(text) => quoted(text),
            Document::List(all) => format!("[{}]", join(all.iter().map(Self::text).collect())),
            Document::Record(members) => {
                let member =
                    |(name, one): &(String, Document)| format!("{}:{}", quoted(name), one.text());
                format!("{{ {} }}", join(members.iter().map(member).collect()))
            }
        }
    }

    /// How many values there are in it.
    fn size(&self) -> usize {
        1 + match self {
            Document::List(all) => all.iter().map(Self::size).sum(),
            Document::Record(members) => members.iter().map(|(_, one)| one.size()).sum(),
            _ => 0,
        }
    }

    /// The value at a place, counted from the front.
    fn at(&mut self, place: usize) -> Option<&mut Document> {
        if place == 0 {
            return Some(self);
        }
        let mut left = place - 1;
        let inner: Vec<&mut Document> = match self {
            Document::List(all) => all.iter_mut().collect(),
            Document::Record(members) => members.iter_mut().map(|(_, one)| one).collect(),
            _ => Vec::new(),
        };
        for one in inner {
            let size = one.size();
            if left < size {
                return one.at(left);
            }
            left -= size;
        }
        None
    }
}

/// A document of type `ty`.
pub(super) fn good(ty: &Type, types: &Types, choices: &mut Choices) -> Document {
    if ty.nullable && choices.below(4) == 0 {
        return Document::Null;
    }
    match &ty.kind {
        Kind::Scalar(one) => scalar(one, choices),
        Kind::Record(id) => record(&types.record(*id).fields, types, choices),
        Kind::List(element, bounds) => list(element, bounds, types, choices),
        _ => anything(choices, 3),
    }
}

fn record(fields: &[Field], types: &Types, choices: &mut Choices) -> Document {
    let mut members = Vec::new();
    for field in fields {
        if !field.optional || choices.often() {
            members.push((field.name.clone(), good(&field.ty, types, choices)));
        }
    }
    // Members may come in any order.
    for at in (1..members.len()).rev() {
        members.swap(at, choices.below(at + 1));
    }
    Document::Record(members)
}

fn list(element: &Type, bounds: &ListBounds, types: &Types, choices: &mut Choices) -> Document {
    let least = usize::try_from(bounds.min).unwrap_or(0);
    let most = bounds.max.map_or(least + 3, |max| usize::try_from(max).unwrap_or(least));
    let count = least + choices.below(most - least + 1);
    let mut all: Vec<Document> = Vec::new();
    for _ in 0..count * 20 {
        let one = good(element, types, choices);
        let again = bounds.unique && all.iter().any(|old| super::reference::equal(old, &one));
        if all.len() < count && !again {
            all.push(one);
        }
    }
    Document::List(all)
}

fn scalar(scalar: &Scalar, choices: &mut Choices) -> Document {
    match &scalar.rule {
        Rule::Bool => Document::Bool(choices.often()),
        Rule::Enum(Enumeration { values, rest }) => {
            let wires: Vec<&String> = values.iter().map(|(_, wire)| wire).collect();
            match rest {
                Rest::Closed | Rest::Becomes(_) => Document::Text(choices.of(&wires).clone()),
                _ if choices.often() => Document::Text(choices.of(&wires).clone()),
                _ => Document::Text("unheard-of".to_owned()),
            }
        }
        Rule::Text(rule) => Document::Text(text(rule, choices)),
        Rule::Number(rule) => Document::Number(number(rule, choices)),
        Rule::AsText(_) => match self::scalar(&scalar.plain(), choices) {
            Document::Number(digits) => Document::Text(digits),
            other => Document::Text(other.text()),
        },
    }
}

fn text(rule: &Text, choices: &mut Choices) -> String {
    match (rule.pattern.as_deref(), rule.format) {
        (Some(_), _) => choices.of(&["p_a1z", "p_000", "p_zzz"]).to_owned(),
        (None, Some(Format::Uuid)) => choices
            .of(&["0b9f3c52-6d1c-4b2e-8a44-5f2f9d6c0001", "FFFFFFFF-ffff-4FFF-bfff-ffffffffffff"])
            .to_owned(),
        (None, Some(_)) => choices.of(&["2026-02-28", "2024-02-29", "1999-12-31"]).to_owned(),
        (None, None) => {
            let most = rule.max.map_or(rule.min + 6, |max| max.min(rule.min + 6));
            let count = usize::try_from(rule.min).unwrap_or(0)
                + choices.below(usize::try_from(most - rule.min).unwrap_or(0) + 1);
            (0..count)
                .map(|_| {
                    choices.of(&['a', 'Z', '0', ' ', '"', '\\', '/', 'é', '🍵', '\n', '\u{0}'])
                })
                .collect()
        }
    }
}

/// A number within the bounds, however it is written.
fn number(rule: &Number, choices: &mut Choices) -> String {
    let candidates = [
        "0",
        "1",
        "-1",
        "2",
        "9",
        "-3",
        "12",
        "0.5",
        "1.0",
        "0.25",
        "1e0",
        "10E-1",
        "-0",
        "0.0",
        "5e-1",
        "9007199254740991",
        "-9007199254740991",
        "9223372036854775807",
        "1234.5",
        "9999.99",
        "-1.5",
        "1.99",
        "100e-2",
        "0.01",
    ];
    for _ in 0..400 {
        let one = choices.of(&candidates);
        if super::reference::is_number(one, rule) {
            return one.to_owned();
        }
    }
    let limit = rule.min.or(rule.max).expect("unbounded numbers have been found");
    limit.digits.to_string()
}

/// Any JSON, not too deep.
fn anything(choices: &mut Choices, depth: usize) -> Document {
    let kinds = if depth == 0 { 4 } else { 6 };
    match choices.below(kinds) {
        0 => Document::Null,
        1 => Document::Bool(choices.often()),
        2 => Document::Number(choices.of(&["0", "-1.5e300", "1E+2", "0.10"]).to_owned()),
        3 => Document::Text(choices.of(&["", "a", "\u{1f375}\\\""]).to_owned()),
        4 => Document::List((0..choices.below(3)).map(|_| anything(choices, depth - 1)).collect()),
        _ => {
            let names = ["a", "b", "x/y~z"];
            let count = choices.below(3);
            let member = |_| (choices.of(&names).to_owned(), anything(choices, depth - 1));
            Document::Record((0..count).map(member).collect())
        }
    }
}

/// Makes one thing in a document different.
pub(super) fn spoil(document: &mut Document, choices: &mut Choices) {
    let place = choices.below(document.size());
    let Some(one) = document.at(place) else { return };
    match one {
        Document::Record(members) if choices.often() => spoil_record(members, choices),
        Document::List(all) if choices.often() => spoil_list(all, choices),
        Document::Number(digits) if choices.often() => {
            let near = [
                "-0.5",
                "10",
                "13",
                "-4",
                "1.001",
                "2.0000001",
                "1e400",
                "9007199254740992",
                "0.000",
                "99999.9",
                "-1.51",
                "2",
            ];
            *digits = choices.of(&near).to_owned();
        }
        Document::Text(text) if choices.often() => match choices.below(4) {
            0 => text.clear(),
            1 => text.push_str("xyz"),
            2 => *text = text.to_uppercase(),
            _ => {
                *text = choices
                    .of(&[
                        "p_A00",
                        "p_0000",
                        "2026-02-29",
                        "reds",
                        "other",
                        "small",
                        "0b9f3c526d1c4b2e8a445f2f9d6c0001",
                    ])
                    .to_owned();
            }
        },
        other => *other = anything(choices, 2),
    }
}

fn spoil_record(members: &mut Vec<(String, Document)>, choices: &mut Choices) {
    let at = choices.below(members.len());
    match choices.below(4) {
        0 if at < members.len() => drop(members.remove(at)),
        1 => members
            .push((choices.of(&["more", "a/b", "m~n", "", "é"]).to_owned(), anything(choices, 1))),
        2 => members.extend(members.get(at).cloned()),
        _ => {
            if let Some((_, one)) = members.get_mut(at) {
                *one = Document::Null;
            }
        }
    }
}

fn spoil_list(all: &mut Vec<Document>, choices: &mut Choices) {
    let at = choices.below(all.len());
    match choices.below(3) {
        0 if at < all.len() => drop(all.remove(at)),
        1 => all.extend(vec![all.get(at).cloned().unwrap_or(Document::Null); 1 + choices.below(3)]),
        _ => all.push(anything(choices, 1)),
    }
}
