//! A contract as generated code reads it, and orders that keep to it more or less.

use super::reference::{Field, Reference, Shape};
use crate::check::{
    ANY_LIST, Bound, EnumRule, INT, ListRule, NUMBER, NumberRule, Other, Place, TEXT, TextRule,
    Violations,
};
use crate::json::{Maybe, Raw, Read, Reader, Writer, read_request, read_result};
use proptest::prelude::*;
use serde_json::{Value, json};

static ID: TextRule = TextRule { min: 1, max: 4, expected: "text(1..4)", ..TEXT };
static COUNT: NumberRule = NumberRule {
    min: Some(Bound { digits: -2, scale: 0, inclusive: true }),
    max: Some(Bound { digits: 9, scale: 0, inclusive: true }),
    expected: "int(-2..9)",
    ..INT
};
static CURRENCY: EnumRule =
    EnumRule { values: &["EUR", "USD"], other: Other::Refused, expected: "Currency" };
static LINES: ListRule = ListRule { min: 1, max: 3, expected: "[Line](1..3)", ..ANY_LIST };
static TAGS: ListRule =
    ListRule { max: 4, unique: true, expected: "[text](..4, unique)", ..ANY_LIST };

struct Order<'a> {
    id: Raw<'a>,
    gift: Maybe<Raw<'a>>,
    price: Price<'a>,
    lines: Vec<Line<'a>>,
    tags: Maybe<Vec<Raw<'a>>>,
}

struct Price<'a> {
    amount: Raw<'a>,
    currency: Maybe<Raw<'a>>,
}

struct Line<'a> {
    count: Raw<'a>,
    note: Maybe<Raw<'a>>,
}

fn order<'a>(reader: &mut Reader<'a>) -> Read<Order<'a>> {
    let mut object = reader.object()?;
    let (mut id, mut gift, mut price) = (Maybe::Absent, Maybe::Absent, Maybe::Absent);
    let (mut lines, mut tags) = (Maybe::Absent, Maybe::Absent);
    while let Some(place) = reader.member(&mut object, &["id", "gift", "price", "lines", "tags"])? {
        match place {
            0 => reader.field(&mut id, |reader| reader.text(&ID))?,
            1 => reader.field(&mut gift, Reader::boolean)?,
            2 => reader.field(&mut price, self::price)?,
            3 => reader.field(&mut lines, |reader| reader.list(&LINES, line))?,
            4 => {
                reader
                    .field(&mut tags, |reader| reader.list(&TAGS, |reader| reader.text(&TEXT)))?;
            }
            _ => {}
        }
    }
    let id = reader.required(&object, id, "id");
    let gift = reader.nullable(&object, gift, "gift");
    let price = reader.required(&object, price, "price");
    let lines = reader.required(&object, lines, "lines");
    let tags = reader.either(&object, tags, "tags");
    Ok(Order { id: id?, gift: gift?, price: price?, lines: lines?, tags: tags? })
}

fn price<'a>(reader: &mut Reader<'a>) -> Read<Price<'a>> {
    let mut object = reader.object()?;
    let (mut amount, mut currency) = (Maybe::Absent, Maybe::Absent);
    while let Some(place) = reader.member(&mut object, &["amount", "currency"])? {
        match place {
            0 => reader.field(&mut amount, |reader| reader.number(&NUMBER))?,
            1 => reader.field(&mut currency, |reader| reader.one_of(&CURRENCY))?,
            _ => {}
        }
    }
    let amount = reader.required(&object, amount, "amount");
    let currency = reader.optional(&object, currency, "currency");
    Ok(Price { amount: amount?, currency: currency? })
}

fn line<'a>(reader: &mut Reader<'a>) -> Read<Line<'a>> {
    let mut object = reader.object()?;
    let (mut count, mut note) = (Maybe::Absent, Maybe::Absent);
    while let Some(place) = reader.member(&mut object, &["count", "note"])? {
        match place {
            0 => reader.field(&mut count, |reader| reader.number(&COUNT))?,
            1 => reader.field(&mut note, |reader| reader.text(&TEXT))?,
            _ => {}
        }
    }
    let count = reader.required(&object, count, "count");
    let note = reader.optional(&object, note, "note");
    Ok(Line { count: count?, note: note? })
}

/// The same contract, told again for the reference.
fn shape() -> Shape {
    let field = |name, promise: &str, shape| Field {
        name,
        may_lack: promise.starts_with('?'),
        may_be_null: promise.ends_with("null"),
        shape,
    };
    let any = || Shape::Text(0, usize::MAX);
    let line =
        Shape::Record(vec![field("count", "", Shape::Int(-2.0, 9.0)), field("note", "?", any())]);
    let price = Shape::Record(vec![
        field("amount", "", Shape::Number),
        field("currency", "?", Shape::OneOf(&["EUR", "USD"])),
    ]);
    Shape::Record(vec![
        field("id", "", Shape::Text(1, 4)),
        field("gift", "null", Shape::Bool),
        field("price", "", price),
        field("lines", "", Shape::List(Box::new(line), 1, 3, false)),
        field("tags", "?null", Shape::List(Box::new(any()), 0, 4, true)),
    ])
}

fn written(order: &Order<'_>) -> Value {
    let value = |out: &mut Writer, name, value: &Maybe<Raw<'_>>| match value {
        Maybe::Value(value) => {
            out.key(name);
            out.value(*value);
        }
        Maybe::Null => {
            out.key(name);
            out.raw("null");
        }
        Maybe::Absent | Maybe::Violated => {}
    };
    let mut out = Writer::new();
    out.raw("{\"id\":");
    out.value(order.id);
    value(&mut out, "gift", &order.gift);
    out.key("price");
    out.raw("{\"amount\":");
    out.value(order.price.amount);
    value(&mut out, "currency", &order.price.currency);
    out.raw("},\"lines\":[");
    for line in &order.lines {
        out.comma();
        out.raw("{\"count\":");
        out.value(line.count);
        value(&mut out, "note", &line.note);
        out.raw("}");
    }
    out.raw("]");
    match &order.tags {
        Maybe::Value(tags) => {
            out.raw(",\"tags\":[");
            for tag in tags {
                out.comma();
                out.value(*tag);
            }
            out.raw("]");
        }
        Maybe::Null => out.raw(",\"tags\":null"),
        Maybe::Absent | Maybe::Violated => {}
    }
    out.raw("}");
    serde_json::from_slice(&out.finish()).expect("JSON")
}

/// Whether both readers keep the same and find the same wrong, for a result and a request.
pub(super) fn agree(order: &Value) -> Result<(), TestCaseError> {
    let body = order.to_string();
    agree_on(body.as_bytes(), order)
}

/// Whether what is read of a body, which may be broken, is an order.
pub(super) fn agree_if_read(body: &[u8]) -> Result<(), TestCaseError> {
    if read_result(body, order).is_ok() {
        let value = serde_json::from_slice(body);
        prop_assert!(value.is_ok(), "{:?}", value);
        agree_on(body, &value.expect("asserted"))?;
    }
    Ok(())
}

fn agree_on(body: &[u8], order: &Value) -> Result<(), TestCaseError> {
    let read = |strict| {
        let mut reference = Reference { strict, wrong: Vec::new() };
        let kept = reference.read(&shape(), order, "");
        reference.wrong.sort_unstable();
        (kept, reference.wrong)
    };

    let (kept, wrong) = read(false);
    match read_result(body, self::order) {
        Ok(order) => prop_assert_eq!((written(&order), &wrong), (kept, &vec![])),
        Err(violation) => prop_assert!(wrong.contains(&violation.pointer), "{:?}", violation),
    }

    let (kept, wrong) = read(true);
    let mut violations = Violations::new();
    let order = read_request(body, self::order, &mut violations);
    let mut told: Vec<String> = violations.places().filter_map(pointer).collect();
    told.sort_unstable();
    prop_assert_eq!(told, wrong);
    prop_assert_eq!(order.map(|order| written(&order)), violations.is_empty().then_some(kept));
    Ok(())
}

fn pointer(place: &Place) -> Option<String> {
    if let Place::Body(pointer) = place { Some(pointer.clone()) } else { None }
}

/// Orders in which each part may be right, wrong, null, missing or unknown.
pub(super) fn orders() -> impl Strategy<Value = Value> {
    let text = || "[a-zé\"\\\\]{0,5}".prop_map(Value::from);
    let line =
        record(vec![("count", (-3..11).prop_map(Value::from).boxed()), ("note", text().boxed())]);
    let currency = prop::sample::select(vec!["EUR", "USD", "usd"]).prop_map(Value::from);
    // Quarters, because serde_json reads some other fractions as their neighbours.
    let amount = any::<i16>().prop_map(|quarters| Value::from(f64::from(quarters) / 4.0));
    let price = record(vec![("amount", amount.boxed()), ("currency", currency.boxed())]);
    record(vec![
        ("id", text().boxed()),
        ("gift", any::<bool>().prop_map(Value::from).boxed()),
        ("price", price),
        ("lines", prop::collection::vec(line, 0..5).prop_map(Value::from).boxed()),
        ("tags", prop::collection::vec(text(), 0..6).prop_map(Value::from).boxed()),
        ("x/~", Just(json!([{ "id": 1 }, null])).boxed()),
    ])
}

fn record(fields: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let wrong =
        prop::sample::select(vec![json!(7.5), json!("?"), json!([1]), json!({}), json!(true)]);
    let member = move |(name, right): (&'static str, BoxedStrategy<Value>)| {
        let present = if name == "x/~" { 1 } else { 30 };
        prop_oneof![
            present => right.prop_map(move |value| Some((name.to_owned(), value))),
            1 => wrong.clone().prop_map(move |value| Some((name.to_owned(), value))),
            1 => Just(Some((name.to_owned(), Value::Null))),
            1 => Just(None),
        ]
    };
    let members: Vec<_> = fields.into_iter().map(member).collect();
    let members =
        members.prop_map(|members| Value::Object(members.into_iter().flatten().collect()));
    members.boxed()
}
