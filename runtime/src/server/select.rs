//! Which version a request asks for: by its path, by a header field, or by what it accepts.

use http::header::{HeaderName, HeaderValue, VARY};
use http::request::Parts;

use super::lifecycle::encoded;
use crate::contract::{Contract, Elsewhere, Selection, Version};
use crate::error::{Error, Kind};
use crate::request::{quality, ranges};
use crate::response::Response;

/// The version that a request asks for. `path` are its decoded segments.
///
/// # Errors
///
/// 404 when its path names none, 400 when a field of it names one that there is not, and 410 when
/// it names one that has been retired.
pub(super) fn version(
    contract: &'static Contract,
    parts: &Parts,
    path: &[&str],
) -> Result<&'static Version, Error> {
    match contract.selection {
        Selection::Path { .. } => by_path(contract, parts.uri.path(), path),
        Selection::Header { name, default } => {
            let mut values = parts.headers.get_all(name).iter();
            match (values.next(), values.next()) {
                (None, _) => by_label(contract, default),
                (Some(one), None) => by_label(contract, one.to_str().unwrap_or_default()),
                (Some(_), Some(_)) => Err(unknown(contract)),
            }
        }
        Selection::Media { before, after, default } => {
            let label = |essence: &str| {
                let small = essence.to_ascii_lowercase();
                small.strip_prefix(before)?.strip_suffix(after).map(str::to_owned)
            };
            by_media_type(contract, parts, default)
                .or_else(|| {
                    let mut wanted = ranges(&parts.headers).filter(|range| range.quality > 0);
                    wanted
                        .find_map(|range| label(range.essence))
                        .map(|label| by_label(contract, &label))
                })
                // What is accepted has nothing to do with versions.
                .unwrap_or_else(|| by_label(contract, default))
        }
    }
}

/// The version whose media type is wanted most, if one is wanted. The default version is also what
/// a caller gets who wants `application/json`, or anything.
fn by_media_type(
    contract: &'static Contract,
    parts: &Parts,
    default: &str,
) -> Option<Result<&'static Version, Error>> {
    let wanted = |version: &Version| {
        let named = ranges(&parts.headers)
            .filter(|range| range.essence.eq_ignore_ascii_case(version.media_type));
        let named = named.map(|range| range.quality).max();
        if version.label != default {
            return (named.unwrap_or(0), false);
        }
        let any = quality(ranges(&parts.headers), "application/json");
        (named.unwrap_or(0).max(any), true)
    };
    let best = contract.versions.iter().max_by_key(|version| wanted(version))?;
    (wanted(best).0 > 0).then_some(Ok(best))
}

fn by_label(contract: &'static Contract, label: &str) -> Result<&'static Version, Error> {
    if let Some(version) = contract.versions.iter().find(|version| version.label == label) {
        return Ok(version);
    }
    let retired = contract.elsewhere.iter().find(|other| other.retired && other.label == label);
    match retired {
        Some(other) => Err(Kind::Retired { links: about(other) }.into()),
        None => Err(unknown(contract)),
    }
}

fn unknown(contract: &'static Contract) -> Error {
    Kind::UnknownVersion { versions: contract.versions }.into()
}

fn by_path(
    contract: &'static Contract,
    raw: &str,
    path: &[&str],
) -> Result<&'static Version, Error> {
    if let Some(version) = contract.versions.iter().find(|one| path.starts_with(one.prefix)) {
        return Ok(version);
    }
    if let Some(other) = contract.elsewhere.iter().find(|one| path.starts_with(one.prefix)) {
        let mut links = about(other);
        links.extend(instead(contract, other, raw, path));
        return Err(match other.retired {
            true => Kind::Retired { links }.into(),
            false => {
                Kind::NoRoute { detail: Some("another gateway answers this version".into()), links }
                    .into()
            }
        });
    }
    let detail = names_a_version(contract, path).then(|| {
        let labels: Vec<&str> = contract.versions.iter().map(|version| version.label).collect();
        format!("this gateway has no such version, it has {}", labels.join(", ")).into()
    });
    Err(Kind::NoRoute { detail, links: Vec::new() }.into())
}

/// Whether a path begins as one of a version does, with a number or a date.
fn names_a_version(contract: &Contract, path: &[&str]) -> bool {
    let Selection::Path { before, after } = contract.selection else { return false };
    let count = format!("{before}1{after}").matches('/').count();
    let Some(front) = path.get(..count) else { return false };
    let front = format!("/{}", front.join("/"));
    let label = front.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    label.is_some_and(|label| {
        label.bytes().any(|byte| byte.is_ascii_digit())
            && label.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
    })
}

/// Where to read about a version that is not here.
fn about(other: &Elsewhere) -> Vec<String> {
    other.see.map(|see| format!("<{see}>; rel=\"sunset\"")).into_iter().collect()
}

/// The same path in a version that is here: the latest one behind the version that was asked for,
/// else the latest before it.
fn instead(
    contract: &'static Contract,
    other: &Elsewhere,
    raw: &str,
    path: &[&str],
) -> Option<String> {
    let rest = path.get(other.prefix.len()..)?;
    let has = |version: &&Version| {
        let whole: Vec<&str> = version.prefix.iter().chain(rest).copied().collect();
        !(version.route)(&whole).is_empty()
    };
    let (earlier, later) = contract.versions.split_at_checked(other.place)?;
    let (version, relation) = match later.iter().rev().find(has) {
        Some(version) => (version, "successor-version"),
        None => (earlier.iter().rev().find(has)?, "predecessor-version"),
    };
    let own = raw.splitn(other.prefix.len() + 2, '/').nth(other.prefix.len() + 1);
    let own = own.map(|own| format!("/{}", encoded(own))).unwrap_or_default();
    Some(format!("</{}{own}>; rel=\"{relation}\"", version.prefix.join("/")))
}

/// Says which version answers, and what it depends on, as far as it does not stand in the path.
/// `passed` is whether the answer is a backend's own.
pub(super) fn name(
    contract: &Contract,
    version: Option<&Version>,
    passed: bool,
    response: &mut Response,
) {
    match contract.selection {
        Selection::Path { .. } => {}
        Selection::Header { name, .. } => {
            let headers = response.headers_mut();
            headers.append(VARY, HeaderValue::from_static(name));
            if let (Some(version), Ok(name)) = (version, HeaderName::from_bytes(name.as_bytes())) {
                headers.insert(name, HeaderValue::from_static(version.label));
            }
        }
        Selection::Media { .. } => {
            let headers = response.headers_mut();
            // A stream depends on it, too.
            if headers
                .get_all(VARY)
                .iter()
                .all(|old| !old.as_bytes().eq_ignore_ascii_case(b"accept"))
            {
                headers.append(VARY, HeaderValue::from_static("Accept"));
            }
            if let Some(version) = version.filter(|_| !passed) {
                response.name_json(version.media_type);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Endpoint;

    const fn version(label: &'static str, media_type: &'static str) -> Version {
        Version {
            label,
            digest: "",
            draft: false,
            published: None,
            prefix: &[],
            media_type,
            lifecycle: None,
            source: "",
            endpoints: &[],
            route: |_| -> &'static [&'static Endpoint] { &[] },
        }
    }

    static MEDIA: Contract = Contract {
        api: "shop",
        versions: &[
            version("1", "application/vnd.shop.v1+json"),
            version("2", "application/vnd.shop.v2+json"),
            version("3", "application/vnd.shop.v3+json"),
        ],
        selection: Selection::Media {
            before: "application/vnd.shop.v",
            after: "+json",
            default: "2",
        },
        elsewhere: &[Elsewhere {
            label: "0",
            prefix: &[],
            place: 0,
            retired: true,
            see: Some("https://shop.example/v0"),
        }],
        ..Contract::EMPTY
    };

    /// The label of the version that is chosen, or the status of the refusal.
    fn chosen(accept: Option<&str>) -> Result<&'static str, u16> {
        let mut request = http::Request::builder().uri("/x");
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let found = super::version(&MEDIA, &parts, &["x"]);
        found.map(|version| version.label).map_err(|error| error.status())
    }

    #[test]
    fn the_media_type_that_is_wanted_most_decides() {
        let v = |label: &str| format!("application/vnd.shop.v{label}+json");
        for (accept, label) in [
            (v("1"), "1"),
            (v("1").to_uppercase(), "1"),
            (format!("{}, {};q=0.5", v("1"), v("3")), "1"),
            (format!("{};q=0.5, {}", v("1"), v("3")), "3"),
            (format!("{}, */*;q=0.1", v("1")), "1"),
            (format!("{}, */*;q=0.1", v("9")), "2"),
            (format!("{};q=0.4, application/json", v("1")), "2"),
        ] {
            assert_eq!(chosen(Some(&accept)), Ok(label), "{accept}");
        }
    }

    #[test]
    fn who_names_no_version_gets_the_default() {
        for accept in [None, Some("*/*"), Some("application/*"), Some("application/json")] {
            assert_eq!(chosen(accept), Ok("2"), "{accept:?}");
        }
        assert_eq!(chosen(Some("text/event-stream")), Ok("2"), "says nothing about versions");
    }

    #[test]
    fn a_version_that_is_not_there_is_refused() {
        assert_eq!(chosen(Some("application/vnd.shop.v9+json")), Err(400));
        assert_eq!(chosen(Some("application/vnd.shop.v0+json")), Err(410), "retired");
        assert_eq!(chosen(Some("application/vnd.shop.v+json")), Err(400));
    }
}
