//! The text of a JSON Schema to rules.

mod order;
mod words;

pub(crate) use words::digits;

use super::json::{self, Json, JsonKind, Member};
use super::keywords::{ASKING, DESCRIBING, HOLDING, REFUSED};
use crate::contract::schema::{Check, Members, Schema, Test};
use crate::contract::types::{Const, Limit};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::{analyse, pattern, suggest};
use gatewright_grammar::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The most rules of one schema: what a value costs grows with them.
const MOST: usize = 2048;

/// The dialect that schemas are written in.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The rules of a schema; nothing and findings if it cannot be read, or asks what is not compiled.
pub(super) fn schema(
    name: &str,
    text: &str,
    place: &dyn Fn(Range<usize>) -> Span,
    diagnostics: &mut Diagnostics,
) -> Option<Schema> {
    let document = match json::read(text.strip_prefix('\u{FEFF}').unwrap_or(text)) {
        Ok(document) => document,
        Err((at, why)) => {
            let finding =
                Diagnostic::new(Code::InvalidSchema, place(at), format!("`{name}` is no JSON"));
            diagnostics.push(finding.label(why));
            return None;
        }
    };
    let mut reader = Reader {
        document: &document,
        place,
        diagnostics,
        rules: Vec::new(),
        places: Vec::new(),
        known: BTreeMap::new(),
        described: BTreeSet::new(),
        whole: true,
    };
    let root = reader.rule(&document);
    let (rules, root) = reader.ordered(root)?;
    let mut written = String::new();
    print(&document, &reader.described, &mut written);
    reader.whole.then(|| Schema { name: name.to_owned(), text: written, rules, root })
}

/// Reads the schemas of one document.
struct Reader<'j, 'd> {
    document: &'j Json,
    place: &'d dyn Fn(Range<usize>) -> Span,
    diagnostics: &'d mut Diagnostics,
    rules: Vec<Vec<Check>>,
    /// Where each rule stands.
    places: Vec<Range<usize>>,
    /// The rule of the schema that begins at an offset.
    known: BTreeMap<usize, usize>,
    /// Where members begin that only describe.
    described: BTreeSet<usize>,
    /// Whether everything so far is compiled.
    whole: bool,
}

impl<'j> Reader<'j, '_> {
    fn refuse(
        &mut self,
        code: Code,
        at: &Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
    ) {
        self.push(Diagnostic::new(code, (self.place)(at.clone()), message).label(label));
    }

    fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
        self.whole = false;
    }

    /// What stands here is not what the standard says of this word.
    fn wrong(&mut self, at: &Range<usize>, word: &str, wanted: &str) {
        self.refuse(
            Code::InvalidSchema,
            at,
            format!("`{word}` is {wanted}"),
            "something else stands here",
        );
    }

    /// The rule of the schema `json`, which is read once.
    fn rule(&mut self, json: &'j Json) -> usize {
        if let Some(known) = self.known.get(&json.at.start) {
            return *known;
        }
        let at = self.rules.len();
        self.known.insert(json.at.start, at);
        self.rules.push(Vec::new());
        self.places.push(json.at.clone());
        if at == MOST {
            let message = format!("a schema has {MOST} parts at most");
            self.refuse(Code::UnsupportedSchema, &json.at, message, "too much from here on");
        }
        if at >= MOST {
            return at;
        }
        let checks = match &json.kind {
            JsonKind::Bool(true) => Vec::new(),
            JsonKind::Bool(false) => vec![check(Test::Never, "nothing")],
            JsonKind::Record(members) => self.members(json, members),
            _ => {
                let (message, label) =
                    ("a schema is a record, `true` or `false`", "this is neither");
                self.refuse(Code::InvalidSchema, &json.at, message, label);
                Vec::new()
            }
        };
        if let Some(slot) = self.rules.get_mut(at) {
            *slot = checks;
        }
        at
    }

    fn members(&mut self, json: &'j Json, members: &'j [Member]) -> Vec<Check> {
        let mut checks = Vec::new();
        for member in members {
            let word = member.name.as_str();
            if DESCRIBING.contains(&word) || word.starts_with("x-") {
                self.described.insert(member.at.start);
                self.describes(json, member);
            } else if HOLDING.contains(&word) {
                for one in self.record(member) {
                    self.rule(&one.value);
                }
            } else if ASKING.contains(&word) {
                checks.extend(self.check(json, member));
            } else {
                self.unknown(member);
            }
        }
        checks
    }

    fn describes(&mut self, json: &Json, member: &Member) {
        let text = match &member.value.kind {
            JsonKind::Text(text) => text.as_str(),
            _ => "",
        };
        let root = json.at == self.document.at;
        match member.name.as_str() {
            "$schema" if text.trim_end_matches('#') != DIALECT => {
                let message = "schemas are read as draft 2020-12";
                let span = (self.place)(member.value.at.clone());
                self.push(
                    Diagnostic::new(Code::UnsupportedSchema, span, message)
                        .label("this is another draft, whose words mean other things")
                        .help(format!("bring the schema up to date, and write `{DIALECT}`")),
                );
            }
            "$id" if !root => {
                let message = "a part of a schema has no address of its own here";
                self.refuse(
                    Code::UnsupportedSchema,
                    &member.at,
                    message,
                    "references would mean something else below",
                );
            }
            _ => {}
        }
    }

    fn unknown(&mut self, member: &Member) {
        let word = &member.name;
        let span = (self.place)(member.at.clone());
        let refused = REFUSED.iter().find(|(other, _)| other == word);
        let finding = |message: String| Diagnostic::new(Code::UnsupportedSchema, span, message);
        self.push(match refused {
            Some((_, instead)) => finding(format!("`{word}` is not compiled"))
                .label("no part of what a gateway checks")
                .help(*instead),
            None => {
                let all = ASKING.into_iter().chain(DESCRIBING).chain(HOLDING);
                let diagnostic = finding(format!("`{word}` is no word of JSON Schema"));
                match suggest::closest(word, all) {
                    Some(other) => diagnostic.label(format!("did you mean `{other}`?")),
                    None => diagnostic
                        .label("it would check nothing")
                        .help("delete it, or begin it with `x-` if other tools read it"),
                }
            }
        });
    }

    /// The check that a word asks for; nothing if it asks nothing, or as a part of another.
    fn check(&mut self, json: &'j Json, member: &'j Member) -> Option<Check> {
        let word = member.name.as_str();
        let test = match word {
            "$ref" => Test::All(vec![self.referred(member)?]),
            "type" => return self.kinds(member),
            "enum" => Test::OneOf(self.constants(member)?),
            "const" => Test::OneOf(vec![self.constant(&member.value)?]),
            "minimum" | "exclusiveMinimum" => Test::Least(self.limit(member, word == "minimum")?),
            "maximum" | "exclusiveMaximum" => Test::Most(self.limit(member, word == "maximum")?),
            "multipleOf" => Test::Multiple(self.divisor(member)?),
            "minLength" => Test::Length(self.count(member)?, None),
            "maxLength" => Test::Length(0, Some(self.count(member)?)),
            "pattern" => Test::Pattern(self.pattern(&member.value)?),
            "minItems" => Test::Count(self.count(member)?, None),
            "maxItems" => Test::Count(0, Some(self.count(member)?)),
            "minProperties" => Test::Size(self.count(member)?, None),
            "maxProperties" => Test::Size(0, Some(self.count(member)?)),
            "uniqueItems" => match member.value.kind {
                JsonKind::Bool(true) => Test::Unique,
                JsonKind::Bool(false) => return None,
                _ => return self.none(member, "`true` or `false`"),
            },
            "required" => Test::Required(self.names(&member.value, word)?),
            "dependentRequired" => return self.needs(member),
            "dependentSchemas" => return self.depends(member),
            "allOf" => Test::All(self.all(member)?),
            "anyOf" => Test::Any(self.all(member)?),
            "oneOf" => Test::One(self.all(member)?),
            "not" => Test::Not(self.rule(&member.value)),
            "propertyNames" => Test::Names(self.rule(&member.value)),
            "if" => self.conditional(json, member),
            "contains" => self.contains(json, member)?,
            // Each of these is read with the first of its group that is there.
            "prefixItems" | "items" => self.elements(json, member)?,
            "properties" | "patternProperties" | "additionalProperties" => {
                self.parts(json, member)?
            }
            // `minContains`, `maxContains`, `then` and `else` mean nothing alone.
            _ => return None,
        };
        Some(Check { expected: words::expected(&test), test })
    }

    fn none<T>(&mut self, member: &Member, wanted: &str) -> Option<T> {
        self.wrong(&member.value.at, &member.name, wanted);
        None
    }

    /// The schema that `$ref` leads to, in the same document.
    fn referred(&mut self, member: &Member) -> Option<usize> {
        let JsonKind::Text(target) = &member.value.kind else {
            return self.none(member, "a text");
        };
        let Some(pointer) = target.strip_prefix('#') else {
            let span = (self.place)(member.value.at.clone());
            self.push(
                Diagnostic::new(
                    Code::UnsupportedSchema,
                    span,
                    "a schema refers to its own parts only",
                )
                .label("this lies elsewhere")
                .help("copy what is meant into `$defs`, and write `\"#/$defs/name\"`"),
            );
            return None;
        };
        let found = decoded(pointer).and_then(|pointer| at(self.document, &pointer));
        if found.is_none() {
            let message = format!("there is no `{target}` in this schema");
            self.refuse(Code::InvalidSchema, &member.value.at, message, "this leads nowhere");
        }
        found.map(|json| self.rule(json))
    }

    fn kinds(&mut self, member: &Member) -> Option<Check> {
        let named: Vec<(&str, &Range<usize>)> = match &member.value.kind {
            JsonKind::Text(one) => vec![(one, &member.value.at)],
            JsonKind::List(list) => {
                let texts = list.iter().filter_map(|one| match &one.kind {
                    JsonKind::Text(text) => Some((text.as_str(), &one.at)),
                    _ => None,
                });
                texts.collect()
            }
            _ => Vec::new(),
        };
        if named.is_empty() {
            return self.none(member, "the name of a type, or a list of them");
        }
        let mut all = crate::contract::schema::Kinds::default();
        for (name, at) in &named {
            match words::kind(name) {
                Some(kind) => all = all.and(kind),
                None => {
                    let (message, label) = (
                        format!("there is no type `{name}`"),
                        "a type of JSON Schema was expected",
                    );
                    self.refuse(Code::InvalidSchema, at, message, label);
                    return None;
                }
            }
        }
        let test = Test::Kinds(all);
        Some(Check { expected: words::expected(&test), test })
    }

    fn constants(&mut self, member: &Member) -> Option<Vec<Const>> {
        let JsonKind::List(items) = &member.value.kind else { return self.none(member, "a list") };
        if items.is_empty() {
            return self.none(member, "a list of at least one value");
        }
        items.iter().map(|item| self.constant(item)).collect()
    }

    fn constant(&mut self, json: &Json) -> Option<Const> {
        Some(match &json.kind {
            JsonKind::Null => Const::Null,
            JsonKind::Bool(value) => Const::Bool(*value),
            JsonKind::Text(text) => Const::Text(text.clone()),
            JsonKind::Number(_) => Const::Number(self.number(json)?),
            JsonKind::List(items) => {
                let items: Option<Vec<Const>> =
                    items.iter().map(|item| self.constant(item)).collect();
                Const::List(items?)
            }
            JsonKind::Record(members) => {
                let member = |one: &Member| Some((one.name.clone(), self.constant(&one.value)?));
                let members: Option<Vec<(String, Const)>> = members.iter().map(member).collect();
                Const::Record(members?)
            }
        })
    }

    /// A number without an exponent.
    fn number(&mut self, json: &Json) -> Option<String> {
        let JsonKind::Number(text) = &json.kind else { return None };
        let plain = words::plain(text).filter(|plain| analyse::limit(plain, true).is_some());
        if plain.is_none() {
            let message = "a number of a schema has at most 30 digits";
            self.refuse(Code::UnsupportedSchema, &json.at, message, "too many digits");
        }
        plain
    }

    fn limit(&mut self, member: &Member, inclusive: bool) -> Option<Limit> {
        if !matches!(member.value.kind, JsonKind::Number(_)) {
            return self.none(member, "a number");
        }
        analyse::limit(&self.number(&member.value)?, inclusive)
    }

    fn divisor(&mut self, member: &Member) -> Option<Limit> {
        let limit = self.limit(member, true)?;
        if limit.digits <= 0 {
            return self.none(member, "a number above zero");
        }
        if limit.digits >= 10_i128.pow(18) {
            let message = "a divisor has at most 18 digits";
            self.refuse(Code::UnsupportedSchema, &member.value.at, message, "too many digits");
            return None;
        }
        Some(limit)
    }

    fn count(&mut self, member: &Member) -> Option<u64> {
        let text = match &member.value.kind {
            JsonKind::Number(_) => self.number(&member.value)?,
            _ => return self.none(member, "a whole number"),
        };
        let whole = text.split_once('.').map_or(text.as_str(), |(whole, fraction)| {
            if fraction.bytes().all(|digit| digit == b'0') { whole } else { "" }
        });
        match whole.parse() {
            Ok(count) => Some(count),
            Err(_) => self.none(member, "a whole number"),
        }
    }

    /// A pattern, which is looked for anywhere in a text.
    fn pattern(&mut self, json: &Json) -> Option<String> {
        let JsonKind::Text(text) = &json.kind else {
            self.wrong(&json.at, "pattern", "a text");
            return None;
        };
        self.matches(text, &json.at)
    }

    fn matches(&mut self, text: &str, at: &Range<usize>) -> Option<String> {
        let (message, label) = match pattern::table(&anywhere(text)) {
            Ok(_) => return Some(text.to_owned()),
            Err(pattern::Refused::TooLarge) => (
                "this pattern needs too large a table".to_owned(),
                "patterns become tables".to_owned(),
            ),
            Err(pattern::Refused::Invalid(why)) => ("this pattern is not compiled".to_owned(), why),
        };
        self.refuse(Code::UnsupportedSchema, at, message, label);
        None
    }

    fn names(&mut self, json: &Json, word: &str) -> Option<Vec<String>> {
        let JsonKind::List(items) = &json.kind else {
            self.wrong(&json.at, word, "a list of names");
            return None;
        };
        let names = items.iter().map(|item| match &item.kind {
            JsonKind::Text(name) => Some(name.clone()),
            _ => None,
        });
        let names: Option<Vec<String>> = names.collect();
        if names.is_none() {
            self.wrong(&json.at, word, "a list of names");
        }
        names
    }

    /// The members of a record that a word holds.
    fn record(&mut self, member: &'j Member) -> &'j [Member] {
        match &member.value.kind {
            JsonKind::Record(members) => members,
            _ => {
                self.wrong(&member.value.at, &member.name, "a record");
                &[]
            }
        }
    }

    /// One check for each name; several stand in a row of their own.
    fn needs(&mut self, member: &'j Member) -> Option<Check> {
        let mut checks = Vec::new();
        for one in self.record(member) {
            let test = Test::Needs(one.name.clone(), self.names(&one.value, &member.name)?);
            checks.push(Check { expected: words::expected(&test), test });
        }
        self.together(checks, &member.value.at)
    }

    fn depends(&mut self, member: &'j Member) -> Option<Check> {
        let mut checks = Vec::new();
        for one in self.record(member) {
            let test = Test::Depends(one.name.clone(), self.rule(&one.value));
            checks.push(Check { expected: words::expected(&test), test });
        }
        self.together(checks, &member.value.at)
    }

    fn together(&mut self, checks: Vec<Check>, at: &Range<usize>) -> Option<Check> {
        if checks.is_empty() {
            return None;
        }
        let rule = self.rules.len();
        self.rules.push(checks);
        self.places.push(at.clone());
        Some(check(Test::All(vec![rule]), ""))
    }

    fn all(&mut self, member: &'j Member) -> Option<Vec<usize>> {
        let JsonKind::List(items) = &member.value.kind else {
            return self.none(member, "a list of schemas");
        };
        if items.is_empty() {
            return self.none(member, "a list of at least one schema");
        }
        Some(items.iter().map(|item| self.rule(item)).collect())
    }

    fn conditional(&mut self, json: &'j Json, member: &'j Member) -> Test {
        let test = self.rule(&member.value);
        let mut branch = |word| json.member(word).map(|one| self.rule(&one.value));
        let (then, other) = (branch("then"), branch("else"));
        Test::If(test, then, other)
    }

    fn contains(&mut self, json: &'j Json, member: &'j Member) -> Option<Test> {
        let min = json.member("minContains").map_or(Some(1), |one| self.count(one))?;
        let max = match json.member("maxContains") {
            Some(one) => Some(self.count(one)?),
            None => None,
        };
        Some(Test::Contains(self.rule(&member.value), min, max))
    }

    /// The rules of elements, told with the first of the words that say them.
    fn elements(&mut self, json: &'j Json, member: &'j Member) -> Option<Test> {
        let first = json.member("prefixItems");
        if member.name == "items" && first.is_some() {
            return None;
        }
        let first = match first {
            Some(first) => self.all(first)?,
            None => Vec::new(),
        };
        let rest = json.member("items");
        if let Some(list) = rest.filter(|rest| matches!(rest.value.kind, JsonKind::List(_))) {
            let span = (self.place)(list.value.at.clone());
            self.push(
                Diagnostic::new(Code::UnsupportedSchema, span, "`items` is one schema")
                    .label("a list stood here in earlier drafts")
                    .help("write `prefixItems`"),
            );
            return None;
        }
        let rest = rest.map(|one| self.rest(&one.value, "no element here"));
        Some(Test::Elements(first, rest))
    }

    /// The rule of parts that nothing else tells of; `none` is expected where there may be none.
    fn rest(&mut self, json: &'j Json, none: &str) -> usize {
        let at = self.rule(json);
        if let (JsonKind::Bool(false), Some(slot)) = (&json.kind, self.rules.get_mut(at)) {
            *slot = vec![check(Test::Never, none)];
        }
        at
    }

    /// The rules of members, told with the first of the words that say them.
    fn parts(&mut self, json: &'j Json, member: &'j Member) -> Option<Test> {
        let words = ["properties", "patternProperties", "additionalProperties"];
        let mut there = words.into_iter().filter_map(|word| json.member(word));
        if there.next().is_some_and(|first| first.at != member.at) {
            return None;
        }
        let mut found = Members::default();
        if let Some(named) = json.member("properties") {
            for one in self.record(named) {
                found.named.push((one.name.clone(), self.rule(&one.value)));
            }
            found.named.sort();
        }
        if let Some(matching) = json.member("patternProperties") {
            for one in self.record(matching) {
                let pattern = self.matches(&one.name, &one.at);
                let rule = self.rule(&one.value);
                found.patterns.extend(pattern.map(|pattern| (pattern, rule)));
            }
        }
        found.rest = json
            .member("additionalProperties")
            .map(|one| self.rest(&one.value, "no member of this name"));
        Some(Test::Members(found))
    }
}

fn check(test: Test, expected: &str) -> Check {
    Check { test, expected: expected.to_owned() }
}

/// A pattern for whole texts that matches wherever `pattern` matches a part of one.
pub(crate) fn anywhere(pattern: &str) -> String {
    format!("(?s:.*)(?:{pattern})(?s:.*)")
}

/// A fragment without percent-encoding (RFC 6901 section 6).
fn decoded(fragment: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = fragment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// The value that a JSON pointer leads to (RFC 6901).
fn at<'j>(document: &'j Json, pointer: &str) -> Option<&'j Json> {
    if pointer.is_empty() {
        return Some(document);
    }
    let mut value = document;
    for step in pointer.strip_prefix('/')?.split('/') {
        let step = step.replace("~1", "/").replace("~0", "~");
        value = match &value.kind {
            JsonKind::Record(_) => &value.member(&step)?.value,
            JsonKind::List(items) => items.get(step.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}

/// The document as JSON, without the members that begin at one of `left_out`.
fn print(json: &Json, left_out: &BTreeSet<usize>, out: &mut String) {
    match &json.kind {
        JsonKind::Null => out.push_str("null"),
        JsonKind::Bool(value) => out.push_str(&value.to_string()),
        JsonKind::Number(text) => out.push_str(text),
        JsonKind::Text(text) => out.push_str(&Const::Text(text.clone()).json()),
        JsonKind::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                print(item, left_out, out);
            }
            out.push(']');
        }
        JsonKind::Record(members) => {
            let kept = members.iter().filter(|member| !left_out.contains(&member.at.start));
            out.push('{');
            for (at, member) in kept.enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                out.push_str(&Const::Text(member.name.clone()).json());
                out.push(':');
                print(&member.value, left_out, out);
            }
            out.push('}');
        }
    }
}
