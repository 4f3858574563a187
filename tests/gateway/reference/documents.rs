//! JSON documents made of choices: good ones of a type, and ways to spoil them and their text.

use gatewright_compiler::contract::types::{
    Enumeration, Field, Format, Kind, ListBounds, Map, Number, Rest, Rule, Scalar, Text, Type,
    Types, Union,
};

/// A JSON value that keeps what others lose: digits, order, and members of one name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Document {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Document>),
    Record(Vec<(String, Document)>),
}

/// A text with some of its characters as escapes.
fn dressed_text(text: &str, choices: &mut Choices) -> String {
    let escaped = |character: char| {
        let mut units = [0; 2];
        let units = character.encode_utf16(&mut units).iter();
        units.map(|unit| format!("\\u{unit:04x}")).collect::<String>()
    };
    if choices.below(4) > 0 {
        return serde_json::Value::from(text).to_string();
    }
    let mut out = String::from("\"");
    for character in text.chars() {
        match (choices.below(3), character) {
            (0, _) | (_, '\0'..' ') => out.push_str(&escaped(character)),
            (1, 'A'..) => out.push_str(&escaped(character).to_uppercase().replace("\\U", "\\u")),
            (_, '"' | '\\' | '/') => out.extend(['\\', character]),
            _ => out.push(character),
        }
    }
    out + "\""
}

/// Makes the text of a document different, whatever that makes of it.
pub(crate) fn spoil_text(text: &mut Vec<u8>, choices: &mut Choices) {
    let place = choices.below(text.len() + 1);
    match choices.below(7) {
        0 => text.truncate(place),
        1 if place < text.len() => drop(text.remove(place)),
        2 => text.insert(place, choices.of(b"{}[]\"\\:,0-+.eEntf \0\x1f\x80\xff")),
        3 => insert(
            text,
            place,
            choices.of(&["\\ud800", "\\udc00", "\\ud83c\\udf75", "\\x", "\\u12", "\u{feff}"]),
        ),
        4 => insert(
            text,
            place,
            choices.of(&[
                "00",
                "1e",
                ".",
                "999999999999999999999999999999",
                "e999999999999999999999",
                "null",
            ]),
        ),
        5 => {
            let depth = choices.of(&[10, 60, 63, 64, 65, 70, 500]);
            let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            // In the place of a value, if there is one that is easy to see.
            let digit = text.iter().position(u8::is_ascii_digit).unwrap_or(place);
            text.splice(digit..(digit + 1).min(text.len()), nested.into_bytes());
        }
        _ => text.extend_from_slice(choices.of(&[" ", "\n", "\0", "{}", ",", "]"]).as_bytes()),
    }
}

fn insert(text: &mut Vec<u8>, place: usize, what: &str) {
    text.splice(place..place, what.bytes());
}

/// Numbers that look random and are the same every time (xorshift).
pub(crate) struct Choices {
    state: u64,
    /// The version whose names records have, as an index.
    names: usize,
    /// How many more records and lists are made before all that may be missing is.
    room: usize,
}

impl Choices {
    /// Documents have the names of version `names`.
    pub(crate) fn new(seed: u64, names: usize) -> Choices {
        Choices { state: 0x9e37_79b9_7f4a_7c15 ^ (seed << 17), names, room: 0 }
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state % end.max(1) as u64).expect("it is below a usize")
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
    pub(crate) fn text(&self) -> String {
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

    /// Its text with blanks and escapes wherever there may be some.
    pub(crate) fn dressed(&self, choices: &mut Choices) -> String {
        let blank = |choices: &mut Choices| choices.of(&["", "", "", " ", "\n\t", "\r\n  "]);
        match self {
            Document::Text(text) => dressed_text(text, choices),
            Document::List(all) => {
                let mut parts = Vec::new();
                for one in all {
                    let before = blank(choices);
                    parts.push(format!("{before}{}{}", one.dressed(choices), blank(choices)));
                }
                format!("[{}{}]", parts.join(","), if all.is_empty() { blank(choices) } else { "" })
            }
            Document::Record(members) => {
                let mut parts = Vec::new();
                for (name, one) in members {
                    let [a, b, c] = [(); 3].map(|()| blank(choices));
                    let name = dressed_text(name, choices);
                    parts.push(format!(
                        "{a}{name}{b}:{c}{}{}",
                        one.dressed(choices),
                        blank(choices)
                    ));
                }
                format!(
                    "{{{}{}}}",
                    parts.join(","),
                    if members.is_empty() { blank(choices) } else { "" }
                )
            }
            single => single.text(),
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
pub(crate) fn good(ty: &Type, types: &Types, choices: &mut Choices) -> Document {
    choices.room = 40;
    value(ty, types, choices)
}

fn value(ty: &Type, types: &Types, choices: &mut Choices) -> Document {
    choices.room = choices.room.saturating_sub(1);
    if ty.nullable && (choices.room == 0 || choices.below(4) == 0) {
        return Document::Null;
    }
    match &ty.kind {
        Kind::Scalar(one) => scalar(one, choices),
        Kind::Record(id) => {
            let members = members(&types.record(*id).fields, types, choices);
            record(members, choices)
        }
        Kind::List(element, bounds) => list(element, bounds, types, choices),
        Kind::Map(one) => map(one, types, choices),
        Kind::Union(id) => variant(types.union(*id), types, choices),
        Kind::Json => anything(choices, 3),
        Kind::Foreign(_) => unreachable!("schemas are compared with another validator"),
    }
}

fn members(fields: &[Field], types: &Types, choices: &mut Choices) -> Vec<(String, Document)> {
    let mut members = Vec::new();
    for field in fields {
        let may_be_missing = field.optional || field.default.is_some();
        if !may_be_missing || choices.room > 0 && choices.often() {
            let name = field.name_as_of(choices.names).to_owned();
            members.push((name, value(&field.ty, types, choices)));
        }
    }
    members
}

/// Members may come in any order.
fn record(mut members: Vec<(String, Document)>, choices: &mut Choices) -> Document {
    if choices.often() {
        for at in (1..members.len()).rev() {
            members.swap(at, choices.below(at + 1));
        }
    }
    Document::Record(members)
}

/// One of the variants; where there is no room, the one with the fewest fields.
fn variant(union: &Union, types: &Types, choices: &mut Choices) -> Document {
    let fields = |at: usize| types.record(union.variants[at].record).fields.as_slice();
    let all = 0..union.variants.len();
    let at = match choices.room {
        0 => all.min_by_key(|at| fields(*at).len()).expect("a union has variants"),
        _ => choices.below(all.len()),
    };
    let mut members = members(fields(at), types, choices);
    let tag = Document::Text(union.variants[at].name.clone());
    members.insert(choices.below(members.len() + 1), (union.tag.clone(), tag));
    record(members, choices)
}

fn map(map: &Map, types: &Types, choices: &mut Choices) -> Document {
    let mut members: Vec<(String, Document)> = Vec::new();
    for _ in 0..count(&map.bounds, choices) * 20 {
        let Document::Text(key) = scalar(&map.key, choices) else { continue };
        let wanted = (members.len() as u64) < map.bounds.max.unwrap_or(3).min(3 + map.bounds.min);
        if wanted && !members.iter().any(|(known, _)| *known == key) {
            members.push((key, value(&map.value, types, choices)));
        }
    }
    Document::Record(members)
}

fn count(bounds: &ListBounds, choices: &mut Choices) -> usize {
    let least = usize::try_from(bounds.min).unwrap_or(0);
    let most = bounds.max.map_or(least + 3, |max| usize::try_from(max).unwrap_or(least));
    if choices.room == 0 { least } else { least + choices.below(most - least + 1) }
}

fn list(element: &Type, bounds: &ListBounds, types: &Types, choices: &mut Choices) -> Document {
    let count = count(bounds, choices);
    let mut all: Vec<Document> = Vec::new();
    for _ in 0..count * 20 {
        if all.len() == count {
            break;
        }
        let one = value(element, types, choices);
        let again = bounds.unique && all.iter().any(|old| super::rules::equal(old, &one));
        if !again {
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
        "123456789012345678901234.5678901234",
        "1e300",
        "0.000000000000000000000000000000000000000000000000000001e54",
    ];
    for _ in 0..400 {
        let one = choices.of(&candidates);
        if super::rules::is_number(one, rule) {
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
pub(crate) fn spoil(document: &mut Document, choices: &mut Choices) {
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
                "123456789012345678901234567890123456789012345678901234567890",
                "1e-999999999999999999999",
                "9223372036854775808",
                "0e99999999999999999999",
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
                        "LA",
                        "true",
                        "-2.50",
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
