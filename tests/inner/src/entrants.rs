//! Who does which work.

use crate::contracts::inner::v1::{get_checked, get_plain, post_orders};
use crate::{Fault, bodies, routing, typed};
use bytes::Bytes;
use serde_json::{Value, json};
use std::hint::black_box;

/// One piece of work.
pub(crate) struct Contest {
    pub(crate) name: String,
    /// How many bytes are read; nothing if that says little.
    pub(crate) bytes: Option<usize>,
    /// How often the work is done by one call.
    pub(crate) times: u32,
    /// Whoever does it, this product first. Ratios are to the second.
    pub(crate) entrants: Vec<Entrant>,
}

/// Whoever does a piece of work.
pub(crate) struct Entrant {
    pub(crate) name: &'static str,
    pub(crate) work: Box<dyn FnMut()>,
}

impl Entrant {
    pub(crate) fn new(name: &'static str, work: impl FnMut() + 'static) -> Entrant {
        Entrant { name, work: Box::new(work) }
    }
}

/// All of the work, after a look at whether everybody does the same.
pub(crate) fn all() -> Result<Vec<Contest>, Fault> {
    let mut contests = Vec::new();
    for (size, body) in bodies::all() {
        let shown = match size {
            "2k" => "2 KiB",
            "20k" => "20 KiB",
            "200k" => "200 KiB",
            _ => continue,
        };
        contests.push(plain(shown, body.clone())?);
        contests.push(checked(shown, body)?);
    }
    contests.sort_by_key(|contest| !contest.name.starts_with("shaping"));
    contests.push(order(bodies::order(20))?);
    contests.extend(routing::contests()?);
    Ok(contests)
}

type Shape = fn(&Bytes) -> Result<Vec<u8>, Fault>;

fn plain(size: &str, body: String) -> Result<Contest, Fault> {
    let all: [(&'static str, Shape); 4] = [
        ("gatewright", |body| Ok(get_plain::shape(body.clone()).map_err(|_| "refused")?)),
        ("serde_json, tree of values", |body| shaped_tree(body, &[])),
        ("serde_json, typed", |body| {
            Ok(serde_json::to_vec(&typed::out(&serde_json::from_slice(body)?))?)
        }),
        ("sonic-rs, typed", |body| {
            Ok(sonic_rs::to_vec(&typed::out(&sonic_rs::from_slice(body)?))?)
        }),
    ];
    shaping(format!("shaping {size}"), body, all)
}

fn checked(size: &str, body: String) -> Result<Contest, Fault> {
    let all: [(&'static str, Shape); 2] = [
        ("gatewright", |body| Ok(get_checked::shape(body.clone()).map_err(|_| "refused")?)),
        ("serde_json, tree of values, nothing checked", |body| shaped_tree(body, &["created"])),
    ];
    shaping(format!("shaping {size}, every value checked"), body, all)
}

fn shaping<const N: usize>(
    name: String,
    body: String,
    all: [(&'static str, Shape); N],
) -> Result<Contest, Fault> {
    let body = Bytes::from(body);
    let mut first = None;
    for (who, shape) in &all {
        let value: Value = serde_json::from_slice(&shape(&body)?)?;
        let first = first.get_or_insert_with(|| value.clone());
        if !typed::alike(first, &value) {
            return Err(format!("{name}: {who} makes something else").into());
        }
    }
    let bytes = Some(body.len());
    let entrants = all.into_iter().map(|(name, shape)| {
        let body = body.clone();
        Entrant::new(name, move || {
            black_box(shape(black_box(&body))).expect("it was shaped before");
        })
    });
    Ok(Contest { name, bytes, times: 1, entrants: entrants.collect() })
}

/// The same by a tree of values, which is taken apart rather than copied.
fn shaped_tree(body: &[u8], more: &[&str]) -> Result<Vec<u8>, Fault> {
    let mut page: Value = serde_json::from_slice(body)?;
    let items = page.get_mut("items").and_then(Value::as_array_mut).ok_or("no items")?;
    let mut shaped = Vec::with_capacity(items.len());
    for item in items {
        let mut take = |name| item.get_mut(name).map(Value::take).ok_or("a field is missing");
        let mut one = json!({
            "id": take("id")?,
            "name": take("title")?,
            "price": { "amount": take("amount")?, "currency": take("currency")? },
            "stars": take("rating")?,
            "tags": take("tags")?,
        });
        for name in more {
            one[*name] = take(name)?;
        }
        shaped.push(one);
    }
    Ok(serde_json::to_vec(&json!({ "items": shaped }))?)
}

type Check = fn(&[u8]) -> bool;

fn order(body: String) -> Result<Contest, Fault> {
    let all: [(&'static str, Check); 4] = [
        ("gatewright", post_orders::check),
        ("serde_json, tree of values, nothing checked", |body| {
            serde_json::from_slice::<Value>(body).is_ok_and(|order| !black_box(order).is_null())
        }),
        ("serde_json, typed, kinds checked", |body| {
            serde_json::from_slice::<typed::Order<'_>>(body)
                .is_ok_and(|order| black_box(order).gift)
        }),
        ("sonic-rs, typed, kinds checked", |body| {
            sonic_rs::from_slice::<typed::Order<'_>>(body).is_ok_and(|order| black_box(order).gift)
        }),
    ];
    let name = "checking an order of 20 lines".to_owned();
    if let Some((who, _)) = all.iter().find(|(_, check)| !check(body.as_bytes())) {
        return Err(format!("{name}: {who} refuses it").into());
    }
    let bytes = Some(body.len());
    let entrants = all.into_iter().map(|(name, check)| {
        let body = body.clone();
        Entrant::new(name, move || {
            black_box(check(black_box(body.as_bytes())));
        })
    });
    Ok(Contest { name, bytes, times: 1, entrants: entrants.collect() })
}
