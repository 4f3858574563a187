//! Content codings (RFC 9110 section 8.4.1): which of them a caller takes, and which its body has.

mod body;
mod decode;
mod encode;
mod kept;

use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderValue};

pub(crate) use self::body::Coded;
pub(crate) use self::decode::decode;
pub(crate) use self::encode::whole;
pub(crate) use self::kept::Kept;
use crate::request::ranges_of;

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    /// RFC 8878.
    Zstandard,
    /// RFC 7932.
    Brotli,
    /// RFC 1952.
    Gzip,
    /// RFC 1950. It is taken, and not offered: who knows it knows gzip.
    Deflate,
}

/// What answers can have, that first which saves most for the time it takes.
const OFFERED: [Coding; 3] = [Coding::Zstandard, Coding::Brotli, Coding::Gzip];

/// What bodies of requests can have, as callers are told of it.
pub(crate) const TAKEN: &str = "gzip, br, zstd, deflate";

/// What a caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// An answer as it is.
    Plain,
    /// This coding, or none.
    Coded(Coding),
    /// This coding, however short the answer is.
    Only(Coding),
}

impl Coding {
    /// The name that stands in header fields.
    pub(crate) const fn name(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Coding::Zstandard => "zstd",
            Coding::Brotli => "br",
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
        })
    }

    /// The coding of a name, in any letters.
    fn named(name: &str) -> Option<Coding> {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        match name {
            _ if is("zstd") => Some(Coding::Zstandard),
            _ if is("br") => Some(Coding::Brotli),
            // RFC 9110 section 8.4.1.3.
            _ if is("gzip") || is("x-gzip") => Some(Coding::Gzip),
            _ if is("deflate") => Some(Coding::Deflate),
            _ => None,
        }
    }

    /// Its place among those that are offered.
    fn place(self) -> Option<usize> {
        OFFERED.iter().position(|one| *one == self)
    }
}

/// What the caller of a request wants (RFC 9110 section 12.5.3).
pub(crate) fn wanted(headers: &HeaderMap) -> Wanted {
    let lines = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    let (mut each, mut others, mut identity) = ([None; OFFERED.len()], None, None);
    for one in lines.flat_map(ranges_of) {
        let place = Coding::named(one.essence).and_then(Coding::place);
        if let Some(slot) = place.and_then(|place| each.get_mut(place)) {
            *slot = Some(one.quality);
        } else if one.essence == "*" {
            others = Some(one.quality);
        } else if one.essence.eq_ignore_ascii_case("identity") {
            identity = Some(one.quality);
        }
    }
    let weighed = OFFERED.into_iter().zip(each);
    let weighed = weighed.map(|(coding, quality)| (coding, quality.or(others).unwrap_or(0)));
    // Of those that weigh the same the first one.
    let best =
        weighed.filter(|(_, quality)| *quality > 0).rev().max_by_key(|(_, quality)| *quality);
    match (best, identity) {
        (None, _) => Wanted::Plain,
        (Some((_, quality)), Some(plain)) if plain > quality => Wanted::Plain,
        (Some((coding, _)), Some(0)) => Wanted::Only(coding),
        (Some((coding, _)), None) if others == Some(0) => Wanted::Only(coding),
        (Some((coding, _)), _) => Wanted::Coded(coding),
    }
}

/// The coding of a body; nothing inside for one that has none.
///
/// # Errors
///
/// When it has several, or one that is not known.
pub(crate) fn of_body(headers: &HeaderMap) -> Result<Option<Coding>, Unknown> {
    let mut found = None;
    for line in headers.get_all(CONTENT_ENCODING) {
        for name in line.to_str().map_err(|_| Unknown)?.split(',').map(str::trim) {
            if name.is_empty() || name.eq_ignore_ascii_case("identity") {
                continue;
            }
            let coding = Coding::named(name).ok_or(Unknown)?;
            if found.replace(coding).is_some() {
                return Err(Unknown);
            }
        }
    }
    Ok(found)
}

/// A coding that is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unknown;

/// Whether what has this media type gets shorter by it: texts do, and pictures are short already.
pub(crate) fn is_worth_it(media_type: &HeaderValue) -> bool {
    const TYPES: [&str; 9] = [
        "application/javascript",
        "application/json",
        "application/graphql-response+json",
        "application/wasm",
        "application/x-ndjson",
        "application/x-www-form-urlencoded",
        "application/xml",
        "application/yaml",
        "image/svg+xml",
    ];
    let Ok(text) = media_type.to_str() else { return false };
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let texts = essence.starts_with("text/");
    texts || essence.ends_with("+json") || essence.ends_with("+xml") || TYPES.contains(&&*essence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&'static str]) -> Wanted {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT_ENCODING, HeaderValue::from_static(line));
        }
        wanted(&headers)
    }

    #[test]
    fn the_caller_weighs_and_of_equal_ones_the_first_is_taken() {
        use Coding::{Brotli, Gzip, Zstandard};
        use Wanted::{Coded, Only, Plain};
        for (lines, expected) in [
            (&[][..], Plain),
            (&[""], Plain),
            (&["identity"], Plain),
            (&["deflate, compress"], Plain),
            (&["gzip, deflate, br, zstd"], Coded(Zstandard)),
            (&["gzip, deflate, br"], Coded(Brotli)),
            (&["gzip"], Coded(Gzip)),
            (&["x-gzip"], Coded(Gzip)),
            (&["GZIP;Q=0.5 , br;q=0.4"], Coded(Gzip)),
            (&["gzip", "br;q=0.9"], Coded(Gzip)),
            (&["*"], Coded(Zstandard)),
            (&["*;q=0.5, gzip"], Coded(Gzip)),
            (&["zstd;q=0, *"], Coded(Brotli)),
            (&["gzip;q=0, br;q=0, zstd;q=0"], Plain),
            (&["gzip;q=0.5, identity"], Plain),
            (&["gzip, identity;q=0.5"], Coded(Gzip)),
            (&["gzip, identity;q=0"], Only(Gzip)),
            (&["br, *;q=0"], Only(Brotli)),
            (&["br, *;q=0, identity;q=0.1"], Coded(Brotli)),
            (&["*;q=0"], Plain),
            (&["identity;q=0"], Plain),
        ] {
            assert_eq!(of(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_body_has_one_coding() {
        let of = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(CONTENT_ENCODING, HeaderValue::from_static(line));
            }
            of_body(&headers)
        };
        assert_eq!(of(&[]), Ok(None));
        assert_eq!(of(&["identity"]), Ok(None));
        assert_eq!(of(&["Zstd"]), Ok(Some(Coding::Zstandard)));
        assert_eq!(of(&["identity, deflate"]), Ok(Some(Coding::Deflate)));
        for wrong in [&["gzip, gzip"][..], &["gzip", "br"], &["compress"], &["g"]] {
            assert_eq!(of(wrong), Err(Unknown), "{wrong:?}");
        }
    }

    #[test]
    fn texts_get_shorter_and_pictures_do_not() {
        for text in ["application/json; charset=utf-8", "Text/Html", "application/problem+json"] {
            assert!(is_worth_it(&HeaderValue::from_static(text)), "{text}");
        }
        for other in ["image/png", "application/zip", "application/octet-stream", "", "json"] {
            assert!(!is_worth_it(&HeaderValue::from_static(other)), "{other}");
        }
    }
}
