//! Tells whether JSON values are the same.

use super::number::{Decimal, compare_numbers};
use super::raw::Raw;
use super::reader::{Read, Reader};
use super::writer::Writer;
use crate::check::ANY_LIST;

/// Whether two JSON texts are the same value: numbers by value, strings by decoded text, lists
/// element by element, records whatever the order of their members.
pub fn same_json(a: &str, b: &str) -> bool {
    let [a, b] = [a, b].map(|json| Raw::checked(json.trim_ascii()));
    let kind = |value: Raw<'_>| match value.json().as_bytes().first() {
        Some(b'-' | b'0'..=b'9') => b'0',
        Some(&first) => first,
        None => 0,
    };
    match (kind(a), kind(b)) {
        (b'0', b'0') => compare_numbers(a.json(), b.json()).is_eq(),
        (b'"', b'"') => a.text() == b.text(),
        (b'[', b'[') | (b'{', b'{') => canonical(a).is_ok_and(|a| canonical(b) == Ok(a)),
        _ => a == b,
    }
}

/// Whether no two of the checked values are the same.
pub(super) fn all_different<'a>(values: impl Iterator<Item = Raw<'a>>) -> bool {
    let values: Read<Vec<String>> = values.map(canonical).collect();
    values.is_ok_and(|mut values| {
        values.sort_unstable();
        values.is_sorted_by(|a, b| a < b)
    })
}

/// A text that two values have in common if they are the same.
fn canonical(value: Raw<'_>) -> Read<String> {
    let mut out = Writer::with_capacity(value.json().len());
    write(&mut Reader::within(value), &mut out)?;
    Ok(out.into_string())
}

fn write(reader: &mut Reader<'_>, out: &mut Writer) -> Read<()> {
    match reader.peek() {
        b'{' => write_record(reader, out),
        b'[' => write_list(reader, out),
        _ => {
            let value = reader.any()?;
            match Decimal::parse(value.json()) {
                Some(number) => out.raw(&number.canonical()),
                None if value.is_text() => out.text(&value.text()),
                None => out.value(value),
            }
            Ok(())
        }
    }
}

fn write_list(reader: &mut Reader<'_>, out: &mut Writer) -> Read<()> {
    out.raw("[");
    reader.list(&ANY_LIST, |reader| {
        out.comma();
        write(reader, out)
    })?;
    out.raw("]");
    Ok(())
}

/// The members by key; those of one key in the order in which they stand.
fn write_record(reader: &mut Reader<'_>, out: &mut Writer) -> Read<()> {
    let mut object = reader.object()?;
    let mut members = Vec::new();
    while let Some(key) = reader.key(&mut object)? {
        let mut value = Writer::new();
        write(reader, &mut value)?;
        members.push((key, value));
    }
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    out.raw("{");
    for (key, value) in members {
        out.comma();
        out.text(&key);
        out.raw(":");
        out.raw(value.as_str());
    }
    out.raw("}");
    Ok(())
}
