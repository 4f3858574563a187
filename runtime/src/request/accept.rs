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

/// The media ranges of a request, in order. A weight that cannot be read counts as 1.
pub(crate) fn ranges(headers: &HeaderMap) -> impl Iterator<Item = Range<'_>> {
    let lines = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let essence = parts.next().filter(|essence| essence.contains('/'))?;
        let mut weights = parts.filter_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.trim().eq_ignore_ascii_case("q").then(|| weight(value.trim()))
        });
        Some(Range { essence, quality: weights.next_back().unwrap_or(1000) })
    })
}

/// How much a media type is wanted, from 0 to 1000: what the most specific of the ranges says that
/// it falls under. Without any range everything is wanted.
pub(crate) fn quality<'a>(ranges: impl Iterator<Item = Range<'a>>, media_type: &str) -> u16 {
    let kind = media_type.split('/').next().unwrap_or_default();
    let mut best: Option<(u8, u16)> = None;
    let mut none = true;
    for Range { essence, quality } in ranges {
        none = false;
        let (of, sub) = essence.split_once('/').unwrap_or((essence, ""));
        let specific = if essence.eq_ignore_ascii_case(media_type) {
            2
        } else if sub == "*" && of.eq_ignore_ascii_case(kind) {
            1
        } else if essence == "*/*" {
            0
        } else {
            continue;
        };
        if best.is_none_or(|(known, _)| specific > known) {
            best = Some((specific, quality));
        }
    }
    best.map_or(if none { 1000 } else { 0 }, |(_, quality)| quality)
}

/// A weight in thousandths (RFC 9110 section 12.4.2).
fn weight(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match whole {
        "0" if digits => format!("{fraction:0<3}").parse().unwrap_or(1000),
        _ => 1000,
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
    fn a_weight_that_cannot_be_read_counts_as_one() {
        for odd in ["1", "1.0", "2", "", "x", "0.1234", "0.x", "-1"] {
            assert_eq!(wanted(&format!("a/b;q={odd}"), "a/b"), 1000, "{odd}");
        }
        assert_eq!(wanted("a/b;Q=0.05", "a/b"), 50);
        assert_eq!(wanted("a/b;q=0.", "a/b"), 0);
    }
}
