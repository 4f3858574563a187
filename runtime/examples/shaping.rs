//! Shapes a backend's list as generated code does, beside the same over `serde_json::Value`.
//!
//! Of each item's 20 fields, 5 are kept and one of them is renamed; the list is wrapped in a record
//! of its own. `checked` gives each kept field bounds, a pattern of its type or a nested record.
//! Rounds are interleaved, and a ratio is the median of the ratios within each round.

use gatewright_runtime::codegen::{
    ANY_LIST, Bound, EnumRule, Format, INT, ListRule, Maybe, NUMBER, NumberKind, NumberRule, Other,
    Raw, Read, Reader, TEXT, TextRule, Writer, read_result,
};
use serde_json::{Value, json};
use std::hint::black_box;
use std::time::{Duration, Instant};

const ROUNDS: usize = 15;

/// Makes an answer of a backend's result.
type Shape = fn(&[u8]) -> Vec<u8>;

fn main() {
    let shapes: [Shape; 4] = [over_value, shape::<false>, shape::<true>, skip];
    for items in [4, 44, 440] {
        let body = backend_answer(items);
        let [expected, free, checked] = [over_value, shape::<false>, shape::<true>]
            .map(|shape| serde_json::from_slice::<Value>(&shape(&body)).expect("JSON"));
        assert!(free == expected && checked == expected);
        println!("{} bytes, {items} items", body.len());
        let names = ["Value", "shaped", "checked", "skipped"];
        for (name, (best, ratio)) in names.iter().zip(measure(&body, &shapes)) {
            let speed = body.len() as f64 / best.as_nanos() as f64;
            println!("  {name:8} {best:>10.2?}  {ratio:4.1} x Value  {speed:.2} GB/s");
        }
    }
}

/// For each shape the shortest time of one pass, and the median of its same-round ratios to the
/// first one.
fn measure(body: &[u8], shapes: &[Shape]) -> Vec<(Duration, f64)> {
    let passes = (4_000_000 / body.len()).max(1) as u32;
    let time = |shape: &Shape| {
        let start = Instant::now();
        for _ in 0..passes {
            black_box(shape(black_box(body)));
        }
        start.elapsed() / passes
    };
    let rounds: Vec<Vec<Duration>> =
        (0..ROUNDS).map(|_| shapes.iter().map(time).collect()).collect();
    let of_shape = |shape: usize| {
        let best = rounds.iter().map(|round| round[shape]).min().expect("there are rounds");
        let ratio = |round: &Vec<Duration>| round[0].as_secs_f64() / round[shape].as_secs_f64();
        let mut ratios: Vec<f64> = rounds.iter().map(ratio).collect();
        ratios.sort_by(f64::total_cmp);
        (best, ratios[ROUNDS / 2])
    };
    (0..shapes.len()).map(of_shape).collect()
}

fn backend_answer(items: usize) -> Vec<u8> {
    let item = |n: usize| {
        json!({
            "id": format!("p_{n:08x}"), "sku": format!("SKU-{}", n * 7919 % 100_000),
            "title": format!("Größe {n} – \"robust\" case"), "brand": "Acme & Söhne", "stock": n * 31 % 500,
            "price": { "amount": n as f64 * 1.25 + 0.5, "currency": if n.is_multiple_of(3) { "USD" } else { "EUR" } },
            "rating": 3.7, "reviews": n % 90, "weight": 0.25, "active": !n.is_multiple_of(5), "discount": null,
            "category": "cases", "created": "2024-02-29T12:00:00Z", "updated": "2025-06-01T08:30:00.5+02:00",
            "vendor": { "id": n % 17, "name": "Müller" }, "tags": ["new", "sale", "a\tb"],
            "dims": { "w": 10, "h": 2.5, "d": 0.75 }, "url": format!("https://shop.example/p/{n}"),
            "note": "ships\nin two days", "warehouse": "B-12",
        })
    };
    let items: Vec<Value> = (0..items).map(item).collect();
    serde_json::to_vec(&json!({ "total": items.len(), "page": 1, "items": items })).expect("JSON")
}

fn over_value(body: &[u8]) -> Vec<u8> {
    let mut body: Value = serde_json::from_slice(body).expect("JSON");
    let product = |item: &mut Value| {
        let mut keep = |name: &str| item[name].take();
        json!({
            "id": keep("id"), "name": keep("title"), "stock": keep("stock"),
            "price": keep("price"), "created": keep("created"),
        })
    };
    let items = body["items"].as_array_mut().expect("a list");
    let products: Vec<Value> = items.iter_mut().map(product).collect();
    let answer = json!({ "found": { "total": body["total"].take(), "products": products } });
    serde_json::to_vec(&answer).expect("JSON")
}

fn skip(body: &[u8]) -> Vec<u8> {
    read_result(body, |reader| reader.skip()).expect("JSON");
    Vec::new()
}

static ID: TextRule = TextRule { min: 10, max: 10, expected: "text(10)", ..TEXT };
static TITLE: TextRule = TextRule { min: 1, max: 200, expected: "text(1..200)", ..TEXT };
static STOCK: NumberRule = NumberRule { min: at_least(0), expected: "int(0..)", ..INT };
static AMOUNT: NumberRule = NumberRule {
    kind: NumberKind::Decimal { precision: 12, scale: 2 },
    min: at_least(0),
    max: None,
    expected: "decimal(12,2)(0..)",
};
static CREATED: TextRule = TextRule { format: Some(Format::Instant), expected: "instant", ..TEXT };
static CURRENCY: EnumRule =
    EnumRule { values: &["EUR", "USD", "GBP"], other: Other::Refused, expected: "Currency" };
static ITEMS: ListRule = ListRule { max: 1000, expected: "[Item](..1000)", ..ANY_LIST };

const fn at_least(digits: i128) -> Option<Bound> {
    Some(Bound { digits, scale: 0, inclusive: true })
}

struct Found<'a> {
    total: Raw<'a>,
    items: Vec<Item<'a>>,
}

struct Item<'a> {
    id: Raw<'a>,
    title: Raw<'a>,
    stock: Raw<'a>,
    price: Price<'a>,
    created: Raw<'a>,
}

struct Price<'a> {
    amount: Raw<'a>,
    currency: Raw<'a>,
}

fn found<'a, const CHECKED: bool>(reader: &mut Reader<'a>) -> Read<Found<'a>> {
    let mut object = reader.object()?;
    let (mut total, mut items) = (Maybe::Absent, Maybe::Absent);
    while let Some(place) = reader.member(&mut object, &["total", "items"])? {
        match place {
            0 => reader.leaf(&mut total, |reader| reader.number(&INT))?,
            1 => reader.field(&mut items, |reader| {
                reader.list(if CHECKED { &ITEMS } else { &ANY_LIST }, item::<CHECKED>)
            })?,
            _ => {}
        }
    }
    let total = reader.required_leaf(&object, total, "total");
    let items = reader.required(&object, items, "items");
    Ok(Found { total: total?, items: items? })
}

fn item<'a, const CHECKED: bool>(reader: &mut Reader<'a>) -> Read<Item<'a>> {
    let mut object = reader.object()?;
    let (mut id, mut title, mut stock) = (Maybe::Absent, Maybe::Absent, Maybe::Absent);
    let (mut price, mut created) = (Maybe::Absent, Maybe::Absent);
    while let Some(place) =
        reader.member(&mut object, &["id", "title", "stock", "price", "created"])?
    {
        match place {
            0 => {
                reader.leaf(&mut id, |reader| reader.text(if CHECKED { &ID } else { &TEXT }))?;
            }
            1 => {
                reader
                    .leaf(&mut title, |reader| reader.text(if CHECKED { &TITLE } else { &TEXT }))?;
            }
            2 => {
                reader.leaf(&mut stock, |reader| {
                    reader.number(if CHECKED { &STOCK } else { &INT })
                })?;
            }
            3 => reader.field(&mut price, self::price::<CHECKED>)?,
            4 => {
                reader.leaf(&mut created, |reader| {
                    reader.text(if CHECKED { &CREATED } else { &TEXT })
                })?;
            }
            _ => {}
        }
    }
    let id = reader.required_leaf(&object, id, "id");
    let title = reader.required_leaf(&object, title, "title");
    let stock = reader.required_leaf(&object, stock, "stock");
    let price = reader.required(&object, price, "price");
    let created = reader.required_leaf(&object, created, "created");
    Ok(Item { id: id?, title: title?, stock: stock?, price: price?, created: created? })
}

fn price<'a, const CHECKED: bool>(reader: &mut Reader<'a>) -> Read<Price<'a>> {
    let mut object = reader.object()?;
    let (mut amount, mut currency) = (Maybe::Absent, Maybe::Absent);
    while let Some(place) = reader.member(&mut object, &["amount", "currency"])? {
        match place {
            0 => {
                reader.leaf(&mut amount, |reader| {
                    reader.number(if CHECKED { &AMOUNT } else { &NUMBER })
                })?;
            }
            1 if CHECKED => {
                reader.leaf(&mut currency, |reader| reader.one_of(&CURRENCY))?;
            }
            1 => reader.leaf(&mut currency, |reader| reader.text(&TEXT))?,
            _ => {}
        }
    }
    let amount = reader.required_leaf(&object, amount, "amount");
    let currency = reader.required_leaf(&object, currency, "currency");
    Ok(Price { amount: amount?, currency: currency? })
}

fn shape<const CHECKED: bool>(body: &[u8]) -> Vec<u8> {
    let found = read_result(body, found::<CHECKED>).expect("as the contract says");
    let mut out = Writer::with_capacity(body.len() / 2);
    out.after("{\"found\":{\"total\":", found.total);
    out.raw(",\"products\":[");
    for item in &found.items {
        out.comma();
        out.after("{\"id\":", item.id);
        out.after(",\"name\":", item.title);
        out.after(",\"stock\":", item.stock);
        out.after(",\"price\":{\"amount\":", item.price.amount);
        out.after(",\"currency\":", item.price.currency);
        out.after("},\"created\":", item.created);
        out.raw("}");
    }
    out.raw("]}}");
    out.finish()
}
