//! The same bodies as structs, for libraries that want them. Texts without escapes are borrowed.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;

#[derive(Deserialize)]
pub(crate) struct Page<'a> {
    #[serde(borrow)]
    items: Vec<Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    id: u64,
    #[serde(borrow)]
    title: Cow<'a, str>,
    amount: f64,
    #[serde(borrow)]
    currency: Cow<'a, str>,
    rating: f64,
    #[serde(borrow)]
    tags: Vec<Text<'a>>,
}

#[derive(Deserialize, Serialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Serialize)]
pub(crate) struct Out<'a> {
    items: Vec<Good<'a>>,
}

#[derive(Serialize)]
struct Good<'a> {
    id: u64,
    name: &'a str,
    price: Price<'a>,
    stars: f64,
    tags: &'a [Text<'a>],
}

#[derive(Serialize)]
struct Price<'a> {
    amount: f64,
    currency: &'a str,
}

/// What is kept of a page.
pub(crate) fn out<'a>(page: &'a Page<'a>) -> Out<'a> {
    let good = |item: &'a Item<'a>| Good {
        id: item.id,
        name: &item.title,
        price: Price { amount: item.amount, currency: &item.currency },
        stars: item.rating,
        tags: &item.tags,
    };
    Out { items: page.items.iter().map(good).collect() }
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "it is read to see whether it can be")]
pub(crate) struct Order<'a> {
    #[serde(borrow)]
    customer: Cow<'a, str>,
    #[serde(borrow)]
    currency: Cow<'a, str>,
    #[serde(borrow)]
    lines: Vec<Line<'a>>,
    #[serde(borrow)]
    placed: Cow<'a, str>,
    #[serde(default)]
    pub(crate) gift: bool,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "it is read to see whether it can be")]
struct Line<'a> {
    #[serde(borrow)]
    sku: Cow<'a, str>,
    count: u32,
    #[serde(borrow)]
    note: Option<Cow<'a, str>>,
}

/// Whether two answers are the same but for the last digits of fractions, which libraries print anew.
pub(crate) fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let [a, b] = [a, b].map(|number| number.as_f64().unwrap_or(f64::NAN));
            (a - b).abs() < 1e-6
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let same = |(name, a)| b.get(name).is_some_and(|b| alike(a, b));
            a.len() == b.len() && a.iter().all(same)
        }
        _ => a == b,
    }
}
