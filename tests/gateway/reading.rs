//! Any bytes are read or refused, and what is read is what another reader of JSON reads.

use gatewright_runtime::codegen as rt;

/// What is telling to begin with.
pub(crate) const SEEDS: &[&str] = &[
    r#"{"id":"p_1\u0061\ud83d\ude00","price":59.90,"tags":["\\\"",-1.5e-3,true,0.10]}"#,
    r#"[[],[[{"a":[{}]}]],null,true,false,"",-0,1E+2,{"id":{"id":[]}}]"#,
    r#" {"price":null,"tags":[],"more":{"id":1,"id":2}, "id" : "" } "#,
    r#"{"id":"x","tags":[1],"tags":[2],"price":"1"}"#,
];

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
///
/// # Panics
///
/// When that is not so.
pub(crate) fn check(data: &[u8]) {
    let any = rt::read_result(data, rt::Reader::any);
    let other = serde_json::from_slice::<&serde_json::value::RawValue>(data);
    if let (Ok(any), Ok(other)) = (&any, &other) {
        assert_eq!(any.json(), other.get());
    }
    assert!(any.is_err() || other.is_ok(), "accepted, and no JSON");
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

#[cfg(test)]
mod tests {
    use super::{SEEDS, check};
    use crate::reference::documents::{Choices, spoil_text};

    #[test]
    fn spoilt_json_never_breaks_the_reader() {
        let mut choices = Choices::new(7, usize::MAX);
        for seed in SEEDS {
            check(seed.as_bytes());
            for round in 0..5_000 {
                let mut text = seed.as_bytes().to_vec();
                for _ in 0..=round % 3 {
                    spoil_text(&mut text, &mut choices);
                }
                check(&text);
            }
        }
    }
}
