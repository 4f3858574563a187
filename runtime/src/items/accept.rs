//! Which form of a stream a caller accepts (RFC 9110 section 12.5.1).

use http::HeaderMap;

use super::Format;
use crate::request::{Fit, fit, quality, ranges};

/// The form to answer with: the one that the caller weighs higher, of two that weigh the same the
/// one that is named more exactly, else lines. Without the field anything is accepted. Nothing if
/// neither is.
pub(super) fn choose(headers: &HeaderMap) -> Option<Format> {
    let weighed = |kind: &str| fit(ranges(headers), kind).filter(|fit| fit.quality > 0);
    let [lines, events]: [Option<Fit>; 2] =
        ["application/x-ndjson", "text/event-stream"].map(weighed);
    if events > lines {
        return Some(Format::Events);
    }
    (quality(ranges(headers), "application/x-ndjson") > 0).then_some(Format::Lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::ACCEPT;

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
