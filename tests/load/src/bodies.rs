//! What the service answers: items of twenty fields, as services write them.

use std::fmt::Write;

/// The bodies by their size as a path says it: `200`, `200b`, `2k`, `20k`, `200k`.
pub(crate) fn all() -> Vec<(&'static str, String)> {
    vec![
        ("200", small()),
        ("200b", small()),
        ("2k", items(4)),
        ("20k", items(42)),
        ("200k", items(424)),
    ]
}

/// One object of about 200 bytes.
fn small() -> String {
    r#"{"id":4711,"title":"Kettle, brushed steel","sku":"KTL-0042","rating":4.5,"votes":318,"active":true,"stock":{"berlin":12,"lyon":0},"updated":"2026-03-01T10:15:30Z","tags":["kitchen","steel"],"note":null}"#
        .to_owned()
}

/// A page of so many items, about 430 bytes each.
fn items(count: u32) -> String {
    let mut page = String::from("{\"items\":[");
    for index in 0..count {
        if index > 0 {
            page.push(',');
        }
        item(&mut page, index);
    }
    let _ = write!(page, "],\"total\":{count},\"next\":null}}");
    page
}

fn item(page: &mut String, index: u32) {
    let cents = (index * 37) % 100;
    let _ = write!(
        page,
        "{{\"id\":{id},\"sku\":\"KTL-{id:04}\",\"title\":\"Kessel \\\"No. {index}\\\" für zwei\",\
         \"amount\":{whole}.{cents:02},\"currency\":\"EUR\",\"rating\":{stars}.{tenth},\
         \"votes\":{votes},\"active\":true,\"tags\":[\"kitchen\",\"steel\",\"séries {index}\"],\
         \"size\":{{\"w\":{w},\"h\":22.5,\"d\":18}},\"weight\":1.25,\"maker\":{{\"id\":{maker},\
         \"name\":\"Gebrüder Süß\"}},\"stock\":{stock},\"created\":\"2026-03-01T10:15:30Z\",\
         \"updated\":\"2026-04-02T11:16:31Z\",\"color\":\"brushed\",\"sold\":{sold},\"ean\":\
         \"4006381{ean:06}\",\"parent\":null,\"rank\":{index}}}",
        id = 1000 + index,
        whole = 19 + index % 80,
        stars = 1 + index % 4,
        tenth = index % 10,
        votes = index * 7,
        w = 14 + index % 9,
        maker = 70 + index % 5,
        stock = index % 50,
        sold = index * 13,
        ean = 333_930 + index,
    );
}

/// An order that the contract takes, with so many lines.
pub(crate) fn order(lines: u32) -> String {
    let mut order = String::from(
        "{\"customer\":\"7c9e6679-7425-40de-944b-e07fc1f90ae7\",\"currency\":\"EUR\",\"lines\":[",
    );
    for index in 0..lines {
        if index > 0 {
            order.push(',');
        }
        let _ = write!(
            order,
            "{{\"sku\":\"KTL-{:04}\",\"count\":{},\"note\":\"für \\\"oben\\\" {index}\"}}",
            index,
            1 + index % 9
        );
    }
    order.push_str("],\"placed\":\"2026-03-01T10:15:30Z\",\"gift\":true}");
    order
}
