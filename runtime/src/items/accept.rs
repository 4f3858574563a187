//! Which form of a stream a caller accepts (RFC 9110 section 12.5.1).

use http::HeaderMap;
use http::header::ACCEPT;

use super::Format;

/// The form to answer with: the one that the caller weighs higher, of two that weigh the same the
/// one that is named more exactly, else lines. Without the field anything is accepted. Nothing if
/// neither is.
pub(super) fn choose(headers: &HeaderMap) -> Option<Format> {
    let mut ranges = Vec::new();
    for line in headers.get_all(ACCEPT) {
        let text = line.to_str().unwrap_or_default();
        ranges.extend(text.split(',').map(str::trim).filter(|range| !range.is_empty()));
    }
    if ranges.is_empty() {
        return Some(Format::Lines);
    }
    let weigh = |kind: &str| {
        let fits = ranges.iter().filter_map(|range| weight(range, kind));
        // The most exact range decides what a kind weighs.
        fits.max().map(|(exact, weight)| (weight, exact)).filter(|(weight, _)| *weight > 0)
    };
    match (weigh("application/x-ndjson"), weigh("text/event-stream")) {
        (None, None) => None,
        (lines, events) if events > lines => Some(Format::Events),
        _ => Some(Format::Lines),
    }
}

/// How exactly `range` names `kind`, and what it weighs in thousandths; nothing if it does not.
fn weight(range: &str, kind: &str) -> Option<(u8, u16)> {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let family = kind.split('/').next().unwrap_or_default();
    let exact = match name.split_once('/') {
        _ if name.eq_ignore_ascii_case(kind) => 2,
        Some((own, "*")) if own.eq_ignore_ascii_case(family) => 1,
        Some(("*", "*")) => 0,
        _ => return None,
    };
    let quality = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    Some((exact, quality.map_or(1000, thousandths)))
}

/// `0.25` as 250; what is no weight (RFC 9110 section 12.4.2) weighs nothing.
fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.bytes().all(|byte| byte.is_ascii_digit()) && fraction.len() <= 3;
    match (whole, digits) {
        ("1", true) if fraction.bytes().all(|byte| byte == b'0') => 1000,
        ("0", true) => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_chooses_the_form() {
        let (lines, events) = (Some(Format::Lines), Some(Format::Events));
        for (accept, form) in [
            (None, lines),
            (Some(""), lines),
            (Some("*/*"), lines),
            (Some("application/*"), lines),
            (Some("text/*"), events),
            (Some("text/event-stream"), events),
            (Some("TEXT/Event-Stream; charset=utf-8"), events),
            (Some("text/event-stream, */*"), events),
            (Some("text/event-stream;q=0.5, */*"), lines),
            (Some("application/x-ndjson, text/event-stream"), lines),
            (Some("application/x-ndjson;q=0.8, text/event-stream;q=0.9"), events),
            (Some("*/*, application/x-ndjson;q=0"), events),
            (Some("application/json"), None),
            (Some("*/*;q=0"), None),
            (Some("text/event-stream;q=0.000, application/*;q=2"), None),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(ACCEPT, accept.parse().expect("a value"));
            }
            assert_eq!(choose(&headers), form, "{accept:?}");
        }
    }
}
