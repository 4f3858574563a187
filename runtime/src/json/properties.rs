//! Properties of reading and writing, with serde_json and exact integers to compare with.

mod order;
mod reference;

use super::scan;
use super::scan::{
    LEVELS, any_number, digits, loose, no_digits, passed, portable_loose, portable_no_digits,
    portable_specials, special, tight_key,
};
use super::{Decimal, Raw, Reader, Writer, compare_numbers, read_result, same_json};
use crate::check::{ANY_LIST, Bound, NUMBER, NumberRule};
use proptest::prelude::*;
use serde_json::Value;

/// JSON texts of all kinds, in all spellings.
fn json() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        number(),
        string(),
    ];
    scalar.prop_recursive(4, 40, 5, |inner| {
        let member = (string(), blank(), inner.clone())
            .prop_map(|(key, blank, value)| format!("{key}{blank}:{blank}{value}"));
        let join = |open: &'static str, close: &'static str| {
            move |(blank, parts): (String, Vec<String>)| {
                format!("{open}{blank}{}{blank}{close}", parts.join(&format!("{blank},")))
            }
        };
        prop_oneof![
            (blank(), prop::collection::vec(inner, 0..5)).prop_map(join("[", "]")),
            (blank(), prop::collection::vec(member, 0..5)).prop_map(join("{", "}")),
        ]
    })
}

fn blank() -> impl Strategy<Value = String> {
    "[ \n\r\t]{0,2}"
}

fn number() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,2})?"
}

fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z ]{1,20}".boxed(),
        1 => "[^\"\\\\\\x00-\\x1f]".boxed(),
        1 => "\\\\[\"\\\\/bfnrt]".boxed(),
        1 => "\\\\u[0-9a-cA-CeEfF][0-9a-fA-F]{3}".boxed(),
        1 => "\\\\u[dD][89abAB][0-9a-fA-F]{2}\\\\u[dD][c-fC-F][0-9a-fA-F]{2}".boxed(),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

/// Texts from the alphabet of JSON that are mostly not JSON.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    const TOKENS: [&[u8]; 29] = [
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"\"",
        b"\"a\"",
        b"\"b\":",
        b"\\",
        b"\\u",
        b"\\ud800",
        b"\\udc00",
        b"0041",
        b"0",
        b"12",
        b"-",
        b".",
        b"e",
        b"E+1",
        b"true",
        b"null",
        b"fals",
        b" ",
        b"\n",
        b"\x01",
        b"\xff",
        b"\xc3\xa9",
        b"\0",
    ];
    let token = prop::sample::select(TOKENS.as_slice());
    prop::collection::vec(token, 0..12).prop_map(|tokens| tokens.concat())
}

/// The text with a byte changed, put in or left out.
fn mutated(json: impl Strategy<Value = String>) -> impl Strategy<Value = Vec<u8>> {
    (json, any::<prop::sample::Index>(), 0..3, any::<u8>()).prop_map(|(json, place, how, byte)| {
        let mut json = json.into_bytes();
        let at = place.index(json.len());
        match how {
            0 => json[at] = byte,
            1 => json.insert(at, byte),
            _ => drop(json.remove(at)),
        }
        json
    })
}

/// Whether serde_json takes a text; `None` where it has limits that the grammar has not.
fn is_json(text: &[u8]) -> Option<bool> {
    match serde_json::from_slice::<Value>(text) {
        Ok(_) => Some(true),
        Err(error) if error.to_string().contains("out of range") => None,
        Err(_) => Some(false),
    }
}

fn agrees(text: &[u8]) -> Result<(), TestCaseError> {
    if let Some(sound) = is_json(text) {
        prop_assert_eq!(read_result(text, Reader::skip).is_ok(), sound);
        prop_assert_eq!(read_result(text, Reader::any).is_ok(), sound);
    }
    Ok(())
}

/// A number as `mantissa × 10^exponent`, in one of its spellings.
fn spelled() -> impl Strategy<Value = (i128, i32, String)> {
    (-100_000i128..100_000, -8..8, 0..4usize, -3..6i32).prop_map(
        |(mantissa, exponent, zeros, shift)| {
            let digits = format!("{}{}", mantissa.abs(), "0".repeat(zeros));
            let after = usize::try_from(shift).unwrap_or(0).min(digits.len() - 1);
            let (whole, fraction) = digits.split_at(digits.len() - after);
            let whole = if after > 0 { whole } else { &digits };
            let point = if after > 0 { format!(".{fraction}") } else { String::new() };
            let power = exponent - zeros as i32 + after as i32;
            let sign = if mantissa < 0 { "-" } else { "" };
            let power = if power == 0 { String::new() } else { format!("e{power}") };
            (mantissa, exponent, format!("{sign}{whole}{point}{power}"))
        },
    )
}

/// Values of few kinds, so that two are often the same.
fn value() -> impl Strategy<Value = Value> {
    let text = prop::sample::select(vec!["", "a", "b", "\u{e9}\"", "1"]);
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2..3).prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    scalar.prop_recursive(3, 8, 2, move |inner| {
        let member = (text.clone().prop_map(str::to_owned), inner.clone());
        let record = prop::collection::vec(member, 0..3);
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(Value::from),
            record.prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A value with everything escaped, its numbers as fractions, its members in the other order.
fn respelled(value: &Value) -> String {
    let text = |text: &str| {
        let units = text.encode_utf16().map(|unit| format!("\\u{unit:04X}"));
        format!("\"{}\"", units.collect::<String>())
    };
    match value {
        Value::Number(number) => format!("{number}.0e0"),
        Value::String(string) => text(string),
        Value::Array(list) => {
            format!("[ {} ]", list.iter().map(respelled).collect::<Vec<_>>().join(" , "))
        }
        Value::Object(record) => {
            let member =
                |(key, value): (&String, _)| format!("{} : {}", text(key), respelled(value));
            format!("{{ {} }}", record.iter().rev().map(member).collect::<Vec<_>>().join(" , "))
        }
        other => other.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_json_text_is_read(text in json()) {
        prop_assert_ne!(is_json(text.as_bytes()), Some(false), "{}", text);
        prop_assert!(read_result(text.as_bytes(), Reader::any).is_ok());
        agrees(text.as_bytes())?;
    }

    #[test]
    fn only_json_is_read(noise in noise(), mutated in mutated(json()), bytes: Vec<u8>) {
        agrees(&noise)?;
        agrees(&mutated)?;
        agrees(&bytes)?;
    }

    #[test]
    fn no_part_of_a_json_text_is_one(text in json(), place: prop::sample::Index) {
        agrees(&text.as_bytes()[..place.index(text.len())])?;
    }

    #[test]
    fn strings_are_decoded(text in string()) {
        let raw = read_result(text.as_bytes(), Reader::any).expect("JSON");
        let decoded: String = serde_json::from_str(&text).expect("JSON");
        prop_assert_eq!(raw.text(), decoded.as_str());
        prop_assert_eq!(super::count_scalars(raw.quoted()), decoded.chars().count());
    }

    #[test]
    fn strings_are_encoded(text: String, controls in "[\\x00-\\x7f]{0,40}") {
        for text in [text, controls] {
            let mut out = Writer::new();
            out.text(&text);
            prop_assert_eq!(serde_json::from_str::<String>(out.as_str()).expect("JSON"), text);
        }
    }

    #[test]
    fn the_end_of_plain_text_is_found(text in prop::collection::vec(prop_oneof![9 => 0x20..0xFFu8, 1 => any::<u8>()], 0..50)) {
        let found = text.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
        prop_assert_eq!(special(&text, 0), found.unwrap_or(text.len()));
        if let Some(chunk) = text.first_chunk() {
            let portable = portable_specials(chunk).trailing_zeros() as usize;
            prop_assert_eq!(special(&text, 0).min(16), portable.min(16));
        }
    }

    #[test]
    fn the_end_of_digits_is_found(text in prop::collection::vec(prop_oneof![9 => b'0'..=b'9', 1 => any::<u8>()], 0..30)) {
        let found = text.iter().position(|byte| !byte.is_ascii_digit());
        prop_assert_eq!(digits(&text, 0), found.unwrap_or(text.len()));
    }

    #[test]
    fn numbers_of_a_few_bytes_end_where_all_do(
        text in prop_oneof!["-?[0-9]{0,18}[.]?[0-9]{0,6}[eE]?[-+]?[0-9]{0,3}[ ,.}e-]{0,20}", "[-0-9.eE+, ]{0,40}"],
    ) {
        let text = text.as_bytes();
        let parts = |extent: scan::Extent| (extent.whole, extent.mantissa, extent.number);
        prop_assert_eq!(scan::number(text, 0).map(parts), any_number(text, 0).map(parts));
    }

    #[test]
    fn digits_are_told_apart_on_any_machine(chunk in prop::array::uniform16(prop_oneof![4 => 0x2C..0x3Du8, 1 => any::<u8>()])) {
        prop_assert_eq!(no_digits(&chunk), portable_no_digits(&chunk));
    }

    #[test]
    fn blanks_beside_commas_are_found_on_any_machine(a in "[ \t,\\[\\]\"x]{16}", b in "[ \t,\\[\\]\"x]{16}") {
        let chunks = a.as_bytes().first_chunk().zip(b.as_bytes().first_chunk());
        let (a, b) = chunks.expect("both have sixteen bytes");
        prop_assert_eq!(loose(a, b), portable_loose(a, b));
    }

    #[test]
    fn what_is_passed_at_once_is_a_value(
        text in prop_oneof![
            "-?[0-9]{1,18}[.]?[0-9]{0,6}[eE]?[0-9]{0,3}[,}][ -~]{0,20}",
            "\"[a-zé\\\\\u{1}]{0,20}\"[ ,}][ -~]{0,20}",
            "(true|false|null|tru|nul)[,}]",
        ],
    ) {
        let text = text.as_bytes();
        if let Some(rest) = passed(text) {
            prop_assert_eq!(scan::value(text, 0, LEVELS), Ok(text.len() - rest.len()));
        }
    }

    #[test]
    fn a_tight_key_is_a_plain_one(text in ",?\"[a-z\\\\é]{0,18}\"? ?: ?[1\"].{0,30}") {
        let rest = text.strip_prefix(",\"").filter(|_| text.len() >= 32);
        let key = rest.and_then(|rest| rest.split_once('"')).filter(|(key, rest)| {
            let value = rest.strip_prefix(':').and_then(|value| value.chars().next());
            let plain = !key.contains(|one| one == '\\' || one < ' ');
            key.len() <= 16 && plain && value.is_some_and(|value| value > ' ')
        });
        prop_assert_eq!(tight_key(text.as_bytes(), 0), key.map(|(key, _)| key.as_bytes()));
    }

    #[test]
    fn a_list_of_single_values_is_written_as_they_are(
        values in prop::collection::vec((blank(), prop_oneof![string(), number()], blank()), 0..6),
        (empty, around) in (blank(), blank()),
    ) {
        let spaced: Vec<String> = values.iter().map(|(before, value, after)| format!("{before}{value}{after}")).collect();
        let inner = if spaced.is_empty() { empty } else { spaced.join(",") };
        let list = format!("{around}[{inner}]{around}");
        let plain: Vec<&str> = values.iter().map(|(_, value, _)| value.as_str()).collect();
        let read = read_result(list.as_bytes(), |reader| reader.flat(&ANY_LIST, Reader::any));
        let mut out = Writer::new();
        out.flat(read.expect("a list"));
        prop_assert_eq!(out.as_str(), format!("[{}]", plain.join(",")));
    }

    #[test]
    fn bounds_are_those_of_exact_values((a, e, first) in spelled(), (b, f, _) in spelled()) {
        let scaled = |mantissa: i128, exponent: i32| mantissa * 10i128.pow((exponent + 8) as u32);
        let (exact, other) = (scaled(a, e), scaled(b, f));
        for inclusive in [true, false] {
            let bound = Some(Bound { digits: other, scale: 8, inclusive });
            let least = NumberRule { min: bound, ..NUMBER };
            let most = NumberRule { max: bound, ..NUMBER };
            let read = |rule| read_result(first.as_bytes(), |reader| reader.number(rule)).is_ok();
            prop_assert_eq!(read(&least), exact > other || inclusive && exact == other);
            prop_assert_eq!(read(&most), exact < other || inclusive && exact == other);
        }
    }

    #[test]
    fn numbers_compare_exactly((a, e, first) in spelled(), (b, f, second) in spelled()) {
        let scaled = |mantissa: i128, exponent: i32| mantissa * 10i128.pow((exponent + 8) as u32);
        let (exact, other) = (scaled(a, e), scaled(b, f));
        prop_assert_eq!(compare_numbers(&first, &second), exact.cmp(&other));
        prop_assert_eq!(same_json(&first, &second), exact == other);
        prop_assert_eq!(same_json(&format!("[{first}]"), &format!("[{second}]")), exact == other);
        let number = Decimal::parse(&first).expect("a number");
        prop_assert_eq!(number.compare(other, 8), Some(exact.cmp(&other)));
        prop_assert_eq!(number.fractional_digits() == 0, exact % 10i128.pow(8) == 0);
    }

    #[test]
    fn plain_numbers_are_equal_and_have_no_exponent((_, _, text) in spelled()) {
        let plain = Raw::checked(&text).plain();
        prop_assert!(!plain.contains('e'), "{}", plain);
        prop_assert!(compare_numbers(&plain, &text).is_eq());
    }

    #[test]
    fn same_json_means_the_same_value(a in value(), b in value()) {
        prop_assert!(same_json(&a.to_string(), &respelled(&a)), "{}", a);
        prop_assert_eq!(same_json(&a.to_string(), &respelled(&b)), a == b);
    }

    #[test]
    fn orders_are_read_as_the_reference_reads_them(order in order::orders()) {
        order::agree(&order)?;
    }

    #[test]
    fn broken_orders_are_not_read(order in mutated(order::orders().prop_map(|order| order.to_string()))) {
        order::agree_if_read(&order)?;
    }
}
