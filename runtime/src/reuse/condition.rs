//! What a caller has already: `If-None-Match` (RFC 9110 section 13.1.2).

use http::HeaderMap;
use http::header::{HeaderValue, IF_NONE_MATCH};

/// The tags of what a caller has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Condition(Vec<HeaderValue>);

impl Condition {
    /// What these header fields of a request say.
    pub(crate) fn of(headers: &HeaderMap) -> Condition {
        Condition(headers.get_all(IF_NONE_MATCH).iter().cloned().collect())
    }

    /// Whether the caller has what this tag stands for. Tags are compared weakly (section 8.8.3.2),
    /// and `*` stands for everything. What is no list of tags is not there.
    pub(crate) fn holds(&self, tag: &HeaderValue) -> bool {
        let wanted = opaque(tag.as_bytes());
        match self.0.as_slice() {
            [one] if one.as_bytes().trim_ascii() == b"*" => true,
            lines => lines.iter().any(|line| has(line.as_bytes(), wanted)),
        }
    }
}

/// A tag without what makes it weak.
fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

/// Whether a list of tags has this one. A tag may hold commas, and no quotes (section 8.8.3).
fn has(line: &[u8], wanted: &[u8]) -> bool {
    let mut rest = line;
    loop {
        rest = rest.trim_ascii_start();
        while let Some(more) = rest.strip_prefix(b",") {
            rest = more.trim_ascii_start();
        }
        let tag = opaque(rest);
        let end = tag.strip_prefix(b"\"").and_then(|inside| memchr::memchr(b'"', inside));
        let Some((tag, more)) = end.and_then(|end| tag.split_at_checked(end + 2)) else {
            return false;
        };
        if tag == wanted {
            return true;
        }
        rest = more;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly_one_by_one() {
        let holds = |lines: &[&'static str], tag: &'static str| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(IF_NONE_MATCH, HeaderValue::from_static(line));
            }
            Condition::of(&headers).holds(&HeaderValue::from_static(tag))
        };
        for (lines, tag) in [
            (&["\"a\""] as &[_], "\"a\""),
            (&["W/\"a\""], "\"a\""),
            (&["\"a\""], "W/\"a\""),
            (&["\"x\", W/\"y,z\" ,,\"a\""], "\"a\""),
            (&["\"x\"", "\"a\""], "\"a\""),
            (&["\"x,\", \"a,b\""], "\"a,b\""),
            (&[" * "], "\"a\""),
        ] {
            assert!(holds(lines, tag), "{lines:?} {tag}");
        }
        for (lines, tag) in [
            (&[] as &[_], "\"a\""),
            (&["a"], "\"a\""),
            (&["\"A\""], "\"a\""),
            (&["\"a"], "\"a\""),
            (&["\"x\" , *"], "\"a\""),
            (&["\"b,a\""], "\"a\""),
            (&["w/\"a\""], "\"a\""),
            (&[""], "\"a\""),
        ] {
            assert!(!holds(lines, tag), "{lines:?} {tag}");
        }
    }
}
