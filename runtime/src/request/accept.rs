//! What a caller accepts: the `Accept` field (RFC 9110 section 12.5.1).

use http::HeaderMap;
use http::header::ACCEPT;

/// One of the media ranges of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range<'a> {
    /// `application/json`, `text/*` or `*/*`, without parameters.
    pub(crate) essence: &'a str,
    /// How much it is wanted, from 0, not at all, to 1000.
    pub(crate) quality: u16,
}

/// How well media ranges fit a media type: the weight counts before how exactly it is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fit {
    /// How much it is wanted, from 0, not at all, to 1000.
    pub(crate) quality: u16,
    /// 2 by name, 1 by `text/*`, 0 by `*/*`.
    pub(crate) exactness: u8,
}

/// The media ranges of a request, in order.
pub(crate) fn ranges(headers: &HeaderMap) -> impl Iterator<Item = Range<'_>> {
    let lines = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(ranges_of)
}

/// The media ranges of a field, in order.
pub(crate) fn ranges_of(field: &str) -> impl Iterator<Item = Range<'_>> {
    field.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let essence = parts.next().filter(|essence| !essence.is_empty())?;
        let mut weights = parts.filter_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.trim().eq_ignore_ascii_case("q").then(|| weight(value.trim()))
        });
        Some(Range { essence, quality: weights.next_back().unwrap_or(1000) })
    })
}

/// How well a media type fits: what the most exact of the ranges says that it falls under.
pub(crate) fn fit<'a>(ranges: impl Iterator<Item = Range<'a>>, media_type: &str) -> Option<Fit> {
    let kind = media_type.split('/').next().unwrap_or_default();
    let fits = ranges.filter_map(|Range { essence, quality }| {
        let exactness = match essence.split_once('/')? {
            _ if essence.eq_ignore_ascii_case(media_type) => 2,
            (of, "*") if of.eq_ignore_ascii_case(kind) => 1,
            ("*", "*") => 0,
            _ => return None,
        };
        Some(Fit { quality, exactness })
    });
    fits.max_by_key(|fit| (fit.exactness, fit.quality))
}

/// How much a media type is wanted, from 0 to 1000. Without any range everything is wanted.
pub(crate) fn quality<'a>(ranges: impl Iterator<Item = Range<'a>>, media_type: &str) -> u16 {
    let mut ranges = ranges.peekable();
    if ranges.peek().is_none() {
        return 1000;
    }
    fit(ranges, media_type).map_or(0, |fit| fit.quality)
}

/// A weight in thousandths (RFC 9110 section 12.4.2). Old Java clients send `.2`; what else is no
/// weight weighs nothing.
fn weight(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match whole {
        "1" if digits && fraction.bytes().all(|byte| byte == b'0') => 1000,
        "0" if digits => format!("{fraction:0<3}").parse().unwrap_or(0),
        "" if digits && !fraction.is_empty() => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn wanted(accept: &str, media_type: &str) -> u16 {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_str(accept).expect("a value"));
        quality(ranges(&headers), media_type)
    }

    #[test]
    fn the_most_specific_range_counts() {
        let accept = "*/*;q=0.1, application/*;q=0.5, application/json; charset=utf-8 ;q=0.25";
        assert_eq!(wanted(accept, "application/json"), 250);
        assert_eq!(wanted(accept, "application/xml"), 500);
        assert_eq!(wanted(accept, "text/html"), 100);
        assert_eq!(wanted("text/html", "application/json"), 0);
        assert_eq!(wanted("application/json;q=0", "application/json"), 0);
        assert_eq!(quality(ranges(&HeaderMap::new()), "application/json"), 1000);
    }

    #[test]
    fn a_weight_that_cannot_be_read_weighs_nothing() {
        for odd in ["2", "1.5", "", "x", "0.1234", "0.x", "-1", "."] {
            assert_eq!(wanted(&format!("a/b;q={odd}"), "a/b"), 0, "{odd}");
        }
        for whole in ["1", "1.", "1.0", "1.000"] {
            assert_eq!(wanted(&format!("a/b;q={whole}"), "a/b"), 1000, "{whole}");
        }
        assert_eq!(wanted("a/b;Q=0.05", "a/b"), 50);
        assert_eq!(wanted("a/b;q=0.", "a/b"), 0);
    }

    #[test]
    fn what_an_old_java_client_sends_accepts_everything_a_little() {
        let accept = "text/html, image/gif, *; q=.2, */*; q=.2";
        assert_eq!(wanted(accept, "application/json"), 200);
        assert_eq!(wanted("*", "application/json"), 0);
    }
}
