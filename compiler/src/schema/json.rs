//! JSON with the place of every value.

use std::ops::Range;

/// How many lists and records may stand in each other.
const LEVELS: usize = 64;

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Json {
    pub(super) kind: JsonKind,
    pub(super) at: Range<usize>,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum JsonKind {
    Null,
    Bool(bool),
    /// Its text.
    Number(String),
    Text(String),
    List(Vec<Json>),
    Record(Vec<Member>),
}

/// A member of a record.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: String,
    /// Where the name stands, quotes included.
    pub(super) at: Range<usize>,
    pub(super) value: Json,
}

impl Json {
    /// The member `name`.
    pub(super) fn member(&self, name: &str) -> Option<&Member> {
        match &self.kind {
            JsonKind::Record(members) => members.iter().find(|member| member.name == name),
            _ => None,
        }
    }
}

/// Why a text is no JSON: where, and in words.
pub(super) type Fault = (Range<usize>, &'static str);

/// Reads a text as one value. A name that a record has twice is a fault.
pub(super) fn read(text: &str) -> Result<Json, Fault> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(LEVELS)?;
    reader.blank();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.fault("nothing may stand behind the value")),
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// The byte behind blanks.
    fn next(&mut self) -> Option<u8> {
        self.blank();
        self.peek()
    }

    fn fault(&self, why: &'static str) -> Fault {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let width = rest.chars().next().map_or(0, char::len_utf8);
        (self.at..self.at + width, why)
    }

    fn value(&mut self, levels: usize) -> Result<Json, Fault> {
        let first = self.next();
        let start = self.at;
        let kind = match first {
            Some(b'{') => self.record(levels)?,
            Some(b'[') => self.list(levels)?,
            Some(b'"') => JsonKind::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", JsonKind::Bool(true))?,
            Some(b'f') => self.word("false", JsonKind::Bool(false))?,
            Some(b'n') => self.word("null", JsonKind::Null)?,
            Some(_) => return Err(self.fault("a value was expected")),
            None => return Err(self.fault("the text ends too early")),
        };
        Ok(Json { kind, at: start..self.at })
    }

    fn word(&mut self, word: &str, kind: JsonKind) -> Result<JsonKind, Fault> {
        if !self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(self.fault("a value was expected"));
        }
        self.at += word.len();
        Ok(kind)
    }

    fn number(&mut self) -> Result<JsonKind, Fault> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.find(|char: char| !matches!(char, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'));
        let text = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        if !is_number(text) {
            return Err((self.at..self.at + text.len(), "this is no number"));
        }
        self.at += text.len();
        Ok(JsonKind::Number(text.to_owned()))
    }

    fn string(&mut self) -> Result<String, Fault> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        self.at += 1;
        loop {
            match bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
                None => return Err((start..self.text.len(), "this text is never closed")),
            }
        }
        self.at += 1;
        let text = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_str(text).map_err(|_| (start..self.at, "this is no text of JSON"))
    }

    fn list(&mut self, levels: usize) -> Result<JsonKind, Fault> {
        let Some(levels) = levels.checked_sub(1) else { return Err(self.fault(TOO_DEEP)) };
        self.at += 1;
        let mut items = Vec::new();
        if self.next() == Some(b']') {
            self.at += 1;
            return Ok(JsonKind::List(items));
        }
        loop {
            items.push(self.value(levels)?);
            match self.next() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(self.fault("`,` or `]` was expected")),
            }
        }
        self.at += 1;
        Ok(JsonKind::List(items))
    }

    fn record(&mut self, levels: usize) -> Result<JsonKind, Fault> {
        let Some(levels) = levels.checked_sub(1) else { return Err(self.fault(TOO_DEEP)) };
        self.at += 1;
        let mut members: Vec<Member> = Vec::new();
        let mut names = std::collections::BTreeSet::new();
        if self.next() == Some(b'}') {
            self.at += 1;
            return Ok(JsonKind::Record(members));
        }
        loop {
            if self.next() != Some(b'"') {
                return Err(self.fault("a name in quotes was expected"));
            }
            let start = self.at;
            let name = self.string()?;
            let at = start..self.at;
            if !names.insert(name.clone()) {
                return Err((at, "this name stands twice in one record"));
            }
            if self.next() != Some(b':') {
                return Err(self.fault("`:` was expected"));
            }
            self.at += 1;
            members.push(Member { name, at, value: self.value(levels)? });
            match self.next() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.fault("`,` or `}` was expected")),
            }
        }
        self.at += 1;
        Ok(JsonKind::Record(members))
    }
}

const TOO_DEEP: &str = "lists and records stand in each other 64 times at most";

/// Whether a text is a number (RFC 8259 section 6).
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    let exponent = exponent.map(|text| text.strip_prefix(['+', '-']).unwrap_or(text));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(digits)
}
