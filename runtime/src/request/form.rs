//! Forms: the pairs of `application/x-www-form-urlencoded`, as the JSON that a contract declares.

use std::borrow::Cow;

use bytes::Bytes;

use super::target::percent_decode;
use crate::contract::{FormField, FormKind};
use crate::error::{Error, Kind};
use crate::json::Writer;

/// A form as one JSON object, so that the one reader of bodies checks it. Its members stand in the
/// order of the pairs; all values of a list stand where the first of them does. A field that is
/// repeated and no list becomes a member that is repeated, and one that is not declared a member
/// of its name: the reader refuses both.
///
/// # Errors
///
/// 400 for bad percent-encoding and for text that is no UTF-8.
pub(crate) fn form_as_json(body: &[u8], fields: &[FormField]) -> Result<Bytes, Error> {
    let body = std::str::from_utf8(body).map_err(|_| malformed())?;
    let mut out = Writer::with_capacity(body.len() + 64);
    let mut seen = vec![false; fields.len()];
    out.raw("{");
    let mut rest = body;
    while !rest.is_empty() {
        let (pair, more) = rest.split_once('&').unwrap_or((rest, ""));
        if !pair.is_empty() {
            member(&mut out, (pair, rest), fields, &mut seen)?;
        }
        rest = more;
    }
    for (field, seen) in fields.iter().zip(seen) {
        if field.list && field.required && !seen {
            out.key(field.name);
            out.raw("[]");
        }
    }
    out.raw("}");
    Ok(out.finish().into())
}

fn malformed() -> Error {
    Kind::Malformed("the form is not percent-encoded UTF-8").into()
}

/// Writes what one pair is, the first of `rest`.
fn member(
    out: &mut Writer,
    (pair, rest): (&str, &str),
    fields: &[FormField],
    seen: &mut [bool],
) -> Result<(), Error> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let (name, value) = (decoded(name)?, decoded(value)?);
    let declared = fields.iter().position(|field| field.name == name);
    let Some((field, seen)) = declared.and_then(|at| Some((fields.get(at)?, seen.get_mut(at)?)))
    else {
        out.comma();
        out.text(&name);
        out.raw(":\"\"");
        return Ok(());
    };
    if field.list {
        if !std::mem::replace(seen, true) {
            out.key(field.name);
            list(out, rest, field)?;
        }
        return Ok(());
    }
    out.key(field.name);
    write(out, &value, field.kind);
    Ok(())
}

/// Writes all values of a field among `pairs`.
fn list(out: &mut Writer, pairs: &str, field: &FormField) -> Result<(), Error> {
    out.raw("[");
    for pair in pairs.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if decoded(name)? == field.name {
            out.comma();
            write(out, &decoded(value)?, field.kind);
        }
    }
    out.raw("]");
    Ok(())
}

fn decoded(encoded: &str) -> Result<Cow<'_, str>, Error> {
    if !encoded.contains(['%', '+']) {
        return Ok(Cow::Borrowed(encoded));
    }
    let mut text = String::new();
    let plain = |byte| if byte == b'+' { b' ' } else { byte };
    percent_decode(encoded.as_bytes(), plain, &mut text).ok_or_else(malformed)?;
    Ok(Cow::Owned(text))
}

/// A value of another kind than declared stays a text, which the reader refuses.
fn write(out: &mut Writer, value: &str, kind: FormKind) {
    let plain = match kind {
        FormKind::Text => false,
        FormKind::Number => crate::json::is_number(value),
        FormKind::Boolean => matches!(value, "true" | "false"),
    };
    if plain { out.raw(value) } else { out.text(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn field(name: &'static str, kind: FormKind, list: bool) -> FormField {
        FormField { name, kind, list, required: true }
    }

    const FIELDS: [FormField; 4] = [
        field("user", FormKind::Text, false),
        field("age", FormKind::Number, false),
        field("ok", FormKind::Boolean, false),
        field("tag", FormKind::Text, true),
    ];

    fn json(form: &str) -> String {
        let json = form_as_json(form.as_bytes(), &FIELDS).expect("a good form");
        String::from_utf8(json.to_vec()).expect("JSON is UTF-8")
    }

    #[test]
    fn pairs_become_members() {
        assert_eq!(
            json("user=a+b%2B%26%22&age=3&ok=true&tag=x"),
            r#"{"user":"a b+&\"","age":3,"ok":true,"tag":["x"]}"#
        );
        assert_eq!(json("tag=1&user=&tag=2&&t%61g=3"), r#"{"tag":["1","2","3"],"user":""}"#);
        assert_eq!(json(""), r#"{"tag":[]}"#);
    }

    #[test]
    fn what_is_wrong_is_left_to_the_reader() {
        assert_eq!(
            json("age=x&ok=1&user=a&user=b&tag=t&more=%00"),
            r#"{"age":"x","ok":"1","user":"a","user":"b","tag":["t"],"more":""}"#
        );
        assert_eq!(
            json("age=1,%22user%22:2&age=&tag=a"),
            r#"{"age":"1,\"user\":2","age":"","tag":["a"]}"#
        );
    }

    #[test]
    fn bad_encoding_is_refused() {
        for bad in [&b"a=%"[..], b"a=%f", b"%zz=1", b"a=%ff", b"a=\xff", b"tag=1&tag=%"] {
            assert_eq!(form_as_json(bad, &FIELDS).expect_err("bad").status(), 400);
        }
    }
}
