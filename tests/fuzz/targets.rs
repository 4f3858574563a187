//! What is fuzzed: the functions that meet text and bytes of strangers first. Each panics when
//! something it promises does not hold.

#![allow(dead_code, reason = "each program that includes this file uses one of the functions")]

use gatewright_compiler::analyse;
use gatewright_compiler::source::Sources;
use gatewright_runtime::codegen as rt;

/// Any text has a tree, what is right has one form, and analysis ends.
pub(crate) fn parser(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut sources = Sources::new();
    let file = sources.add("fuzzed.api", text);
    let parse = gatewright_grammar::parse(file, text);
    for error in &parse.errors {
        assert!(error.span.range().end <= text.len(), "an error lies behind the end");
    }
    if parse.errors.is_empty() {
        let once = gatewright_grammar::format(text).expect("it has no errors");
        let twice = gatewright_grammar::format(&once).expect("the form has no errors");
        assert_eq!(once, twice, "formatting is not done after one time");
    }
    let _ = analyse(&sources);
}

/// What is read as a record with texts, numbers, a record and a list in it.
struct Item<'a> {
    id: rt::Raw<'a>,
    price: rt::Maybe<rt::Raw<'a>>,
    tags: Vec<rt::Raw<'a>>,
}

fn item<'a>(reader: &mut rt::Reader<'a>) -> rt::Read<Item<'a>> {
    let mut slot_id = rt::Maybe::Absent;
    let mut slot_price = rt::Maybe::Absent;
    let mut slot_tags = rt::Maybe::Absent;
    let mut object = reader.object()?;
    while let Some(place) = reader.member(&mut object, &["id", "price", "tags"])? {
        match place {
            0 => reader.leaf(&mut slot_id, |reader| reader.text(&rt::TEXT))?,
            1 => reader.leaf(&mut slot_price, |reader| reader.number(&rt::NUMBER))?,
            _ => reader
                .field(&mut slot_tags, |reader| reader.list(&rt::ANY_LIST, rt::Reader::scalar))?,
        }
    }
    let slot_id = reader.required_leaf(&object, slot_id, "id");
    let slot_price = reader.optional_leaf(&object, slot_price, "price");
    let slot_tags = reader.required(&object, slot_tags, "tags");
    Ok(Item { id: slot_id?, price: slot_price?, tags: slot_tags? })
}

/// What the reader accepts is JSON, and what is copied from it is JSON again, with equal values.
pub(crate) fn reader(data: &[u8]) {
    let any = rt::read_result(data, rt::Reader::any);
    // Numbers beyond double precision are JSON that the other parser does not hold.
    let comparable = !data.iter().any(|byte| matches!(byte, b'e' | b'E')) && data.len() < 200;
    if any.is_ok() && comparable {
        let other: Result<serde_json::Value, _> = serde_json::from_slice(data);
        assert!(other.is_ok(), "accepted, and no JSON");
    }
    let mut violations = rt::Violations::new();
    let strict = rt::read_request(data, item, &mut violations);
    assert_eq!(strict.is_none(), !violations.is_empty());
    let Ok(item) = rt::read_result(data, item) else { return };
    let mut out = rt::Writer::new();
    out.after("{\"id\":", item.id);
    if let rt::Maybe::Value(price) = item.price {
        out.after(",\"price\":", price);
    }
    out.raw(",\"tags\":[");
    for tag in &item.tags {
        out.comma();
        out.value(*tag);
    }
    out.raw("]}");
    let copied = out.finish();
    assert!(rt::read_result(&copied, rt::Reader::any).is_ok(), "what was copied is no JSON");
}
