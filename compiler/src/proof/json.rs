//! JSON text to a value that keeps the digits of its numbers.

use crate::contract::types::Const;

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 128;

/// The value that `text` writes (RFC 8259), or what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Const, String> {
    let mut parser = Parser { text, at: 0 };
    let value = parser.value(0)?;
    parser.space();
    if parser.at < text.len() {
        return Err(parser.wrong("something stands behind the value"));
    }
    Ok(value)
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl Parser<'_> {
    fn value(&mut self, depth: usize) -> Result<Const, String> {
        if depth > MAX_DEPTH {
            return Err(self.wrong("it is nested too deeply"));
        }
        self.space();
        match self.peek() {
            Some(b'{') => self.record(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.string().map(Const::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn record(&mut self, depth: usize) -> Result<Const, String> {
        self.at += 1;
        let mut members: Vec<(String, Const)> = Vec::new();
        if self.ends(b'}') {
            return Ok(Const::Record(members));
        }
        loop {
            self.space();
            let name = self.string()?;
            if members.iter().any(|(other, _)| *other == name) {
                return Err(self.wrong(&format!("the member `{name}` stands twice")));
            }
            self.expect(b':')?;
            let value = self.value(depth + 1)?;
            members.push((name, value));
            if self.ends(b'}') {
                return Ok(Const::Record(members));
            }
            self.expect(b',')?;
        }
    }

    fn list(&mut self, depth: usize) -> Result<Const, String> {
        self.at += 1;
        let mut items = Vec::new();
        if self.ends(b']') {
            return Ok(Const::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.ends(b']') {
                return Ok(Const::List(items));
            }
            self.expect(b',')?;
        }
    }

    /// A text. What stands between its quotes is left to serde, which knows all escapes.
    fn string(&mut self) -> Result<String, String> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.wrong("a text in quotes is wanted"));
        }
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
                None => return Err(self.wrong("a text does not end")),
            }
        }
        self.at += 1;
        let quoted = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_str(quoted).map_err(|_| self.wrong("this is no JSON text"))
    }

    fn number(&mut self) -> Result<Const, String> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
            self.at += 1;
        }
        let digits = self.text.get(start..self.at).unwrap_or_default();
        match serde_json::from_str::<serde_json::Value>(digits) {
            Ok(serde_json::Value::Number(_)) => Ok(Const::Number(digits.to_owned())),
            _ => Err(self.wrong("this is no number")),
        }
    }

    fn word(&mut self) -> Result<Const, String> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let words =
            [("null", Const::Null), ("true", Const::Bool(true)), ("false", Const::Bool(false))];
        match words.into_iter().find(|(word, _)| rest.starts_with(word)) {
            Some((word, value)) => {
                self.at += word.len();
                Ok(value)
            }
            None => Err(self.wrong("a value is wanted")),
        }
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn ends(&mut self, mark: u8) -> bool {
        self.space();
        let ends = self.peek() == Some(mark);
        self.at += usize::from(ends);
        ends
    }

    fn expect(&mut self, mark: u8) -> Result<(), String> {
        if self.ends(mark) {
            return Ok(());
        }
        Err(self.wrong(&format!("`{}` is wanted", char::from(mark))))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn wrong(&self, what: &str) -> String {
        format!("{what}, at byte {}", self.at.min(self.text.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn values_come_back_as_they_were_written() {
        for text in [
            "null",
            "[]",
            "{}",
            r#"{"a":[1.50,-2e3,true,{"b":"x\"é"}],"c":null}"#,
            "0.10",
            r#""\u00e9""#,
        ] {
            let value = parse(text).expect("JSON");
            assert_eq!(parse(&value.json()), Ok(value), "{text}");
        }
        assert_eq!(parse(" [ 1.50 ] ").expect("JSON").json(), "[1.50]");
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in
            ["", "{", "[1,]", "{\"a\":1,\"a\":2}", "01", "1 2", "nul", "\"\\x\"", "\"", "{\"a\" 1}"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"[".repeat(200)).is_err());
        assert!(parse(&format!("{}{}", "[".repeat(200), "]".repeat(200))).is_err());
    }
}
