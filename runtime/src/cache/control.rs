//! What a backend says about keeping its answers (RFC 9111).

use std::time::Duration;

use http::HeaderMap;
use http::header::{AGE, CACHE_CONTROL, VARY};

/// What every request has a value of its own of, so that no key can hold it.
const OF_EVERY_REQUEST: [&str; 6] =
    ["*", "traceparent", "x-request-id", "forwarded", "x-forwarded-for", "x-forwarded-host"];

/// How long an answer may be used again, as far as its backend has a say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The longest that it is fresh; nothing: as long as the contract says.
    pub(crate) fresh: Option<Duration>,
    /// Whether it may be used when it is not fresh any more.
    pub(crate) stale: bool,
}

impl Told {
    /// What these header fields of an answer say; nothing if it may not be kept.
    ///
    /// `no-store`, `private` and `no-cache` forbid it (section 5.2.2), also with field names behind
    /// them. `s-maxage`, else `max-age`, limits it, less the `Age` that the answer came with (section
    /// 4.2). `must-revalidate` and `proxy-revalidate` forbid stale use. What cannot be read counts as
    /// stale at once. A key holds all that is sent, so `Vary` forbids only what every request has a
    /// value of its own of (section 4.1).
    pub(crate) fn of(headers: &HeaderMap) -> Option<Told> {
        let vary = members(headers, VARY.as_str());
        let own = |name: &str| OF_EVERY_REQUEST.iter().any(|one| name.eq_ignore_ascii_case(one));
        if vary.into_iter().any(own) {
            return None;
        }
        let (mut shared, mut most, mut stale) = (None, None, true);
        for directive in members(headers, CACHE_CONTROL.as_str()) {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            let seconds = || {
                let digits = value.trim().trim_matches('"');
                let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
                // More digits than fit are a very long time (section 1.2.2).
                if valid { digits.parse().unwrap_or(u64::from(u32::MAX)) } else { 0 }
            };
            match name.trim().to_ascii_lowercase().as_str() {
                "no-store" | "private" | "no-cache" => return None,
                "s-maxage" => {
                    shared = Some(shared.map_or_else(seconds, |known: u64| known.min(seconds())));
                    // Section 5.2.2.10: it implies `proxy-revalidate`.
                    stale = false;
                }
                "max-age" => {
                    most = Some(most.map_or_else(seconds, |known: u64| known.min(seconds())));
                }
                "must-revalidate" | "proxy-revalidate" => stale = false,
                _ => {}
            }
        }
        let age = headers.get(AGE).and_then(|age| age.to_str().ok()?.trim().parse::<u64>().ok());
        let fresh = shared.or(most).map(|most| most.saturating_sub(age.unwrap_or(0)));
        let fresh = fresh.map(|seconds| Duration::from_secs(seconds.min(u64::from(u32::MAX))));
        let usable = fresh != Some(Duration::ZERO) || stale;
        usable.then_some(Told { fresh, stale })
    }
}

/// The members of a list field, over all its lines. Commas in quotes only ever stand in lists of
/// field names, which make no difference here.
fn members<'h>(headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|one| !one.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(fields: &[(&'static str, &'static str)]) -> Option<Told> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, http::HeaderValue::from_static(value));
        }
        Told::of(&headers)
    }

    #[test]
    fn a_backend_can_forbid_to_keep_its_answer() {
        for value in [
            "no-store",
            "private",
            "No-Cache",
            "max-age=60, private=\"set-cookie, x\"",
            "max-age=60 ,no-store",
        ] {
            assert_eq!(told(&[("cache-control", value)]), None, "{value}");
        }
        assert_eq!(told(&[("cache-control", "max-age=9"), ("cache-control", "no-store")]), None);
        assert_eq!(told(&[("vary", "Accept, *")]), None);
        assert_eq!(told(&[("vary", "X-Forwarded-For")]), None);
        assert!(told(&[("vary", "Accept, Accept-Language")]).is_some());
    }

    #[test]
    fn a_backend_can_say_for_how_long() {
        let fresh =
            |fields: &[_]| told(fields).and_then(|told| told.fresh).map(|fresh| fresh.as_secs());
        assert_eq!(told(&[]), Some(Told { fresh: None, stale: true }));
        assert_eq!(fresh(&[("cache-control", "public, max-age=60")]), Some(60));
        assert_eq!(fresh(&[("cache-control", "s-maxage=\"5\", max-age=60")]), Some(5));
        assert_eq!(fresh(&[("cache-control", "max-age=60"), ("age", "50")]), Some(10));
        assert_eq!(fresh(&[("cache-control", "max-age=5"), ("age", "50")]), Some(0));
        assert_eq!(fresh(&[("cache-control", "max-age=60, max-age=5")]), Some(5));
        assert_eq!(
            fresh(&[("cache-control", "max-age=99999999999999999999999")]),
            Some(u64::from(u32::MAX))
        );
        assert_eq!(told(&[("cache-control", "max-age=nonsense, must-revalidate")]), None);
        let strict = told(&[("cache-control", "max-age=5, must-revalidate")]);
        assert_eq!(strict.map(|told| told.stale), Some(false));
        assert_eq!(told(&[("cache-control", "s-maxage=0")]), None);
    }
}
