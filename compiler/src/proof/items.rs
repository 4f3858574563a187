//! Streams in cases: what is sent item by item stands in a case as the list of its items.

use super::play::Answered;
use crate::contract::types::Const;

/// How mocks send streams.
const LINES: &str = "application/x-ndjson";

/// The items of a list, one per line.
pub(super) fn lines(items: &Const) -> String {
    let items = match items {
        Const::List(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    items.iter().map(|item| format!("{}\n", item.json())).collect()
}

/// The header field that says that a body is a stream.
pub(super) fn field() -> (String, String) {
    ("Content-Type".to_owned(), LINES.to_owned())
}

/// An answer whose items, if it is a stream, stand in a list. Its header fields are as they came.
pub(super) fn listed(answered: &Answered) -> Answered {
    let kind = answered.values("content-type").concat();
    let Ok(text) = std::str::from_utf8(&answered.body) else { return answered.clone() };
    let items: Vec<&str> = match kind.split(';').next().unwrap_or_default() {
        LINES => text.lines().filter(|line| !line.is_empty()).collect(),
        "text/event-stream" => {
            text.lines().filter_map(|line| line.strip_prefix("data: ")).collect()
        }
        _ => return answered.clone(),
    };
    Answered { body: format!("[{}]", items.join(",")).into_bytes(), ..answered.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_stream_are_lists() {
        for (kind, body, list) in [
            ("application/x-ndjson", "{\"a\":1}\n2\n", "[{\"a\":1},2]"),
            ("application/x-ndjson", "", "[]"),
            ("text/event-stream", ":\n\nid: 1\ndata: 1\n\ndata: \"x\"\n\n", "[1,\"x\"]"),
            ("application/json", "[1]\n", "[1]\n"),
        ] {
            let headers = vec![("content-type".to_owned(), kind.to_owned())];
            let answered = Answered { status: 200, headers, body: body.into() };
            assert_eq!(String::from_utf8(listed(&answered).body).as_deref(), Ok(list), "{kind}");
        }
    }

    #[test]
    fn the_items_of_a_list_are_lines() {
        let number = |digits: &str| Const::Number(digits.to_owned());
        assert_eq!(lines(&Const::List(vec![number("1"), Const::Null])), "1\nnull\n");
        assert_eq!(lines(&number("1")), "1\n");
    }
}
