//! What a token says, as far as every token says it (RFC 7519 section 4.1).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::challenge::Fault;
use super::jws::text_of;
use crate::contract::Tokens;
use crate::json::{self, Maybe, Raw, Writer};

/// Whom tokens must be from and for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) rules: &'static Tokens,
    pub(super) issuers: Vec<String>,
    pub(super) audiences: Vec<String>,
}

/// What a token says, once it was found to be from and for the right ones.
#[derive(Debug, PartialEq)]
pub(super) struct Claims {
    /// All that it says, lists where the contract wants lists.
    pub(super) text: String,
    /// Issuer and subject, if it has one.
    pub(super) id: Option<String>,
    pub(super) subject: Option<String>,
    /// Its own name (`jti`).
    pub(super) name: Option<String>,
    pub(super) scopes: Vec<String>,
    pub(super) roles: Vec<String>,
    /// From when on it is not accepted any more, in seconds since 1970.
    pub(super) end: f64,
}

/// The claims that are looked at, in alphabetical order.
const MEMBERS: &[&str; 10] =
    &["aud", "exp", "iat", "iss", "jti", "nbf", "roles", "scope", "scp", "sub"];

/// What the text of a token's claims says, for `wanted`, at this time.
///
/// # Errors
///
/// What is wrong with it. More than that it has ended is nobody's business.
pub(super) fn read(text: &[u8], wanted: &Wanted, now: SystemTime) -> Result<Claims, Fault> {
    let found = json::read_result(text, |reader| reader.members(MEMBERS));
    let [audience, ends, issued, issuer, name, begins, roles, scope, scp, subject] =
        found.map_err(|_| Fault::Invalid)?;
    let text = std::str::from_utf8(text).map_err(|_| Fault::Invalid)?;
    let issuer =
        text_of(issuer).filter(|one| wanted.issuers.contains(one)).ok_or(Fault::Invalid)?;
    if !wanted.audiences.is_empty() {
        let audiences = texts(&audience).ok_or(Fault::Invalid)?;
        if !audiences.iter().any(|one| wanted.audiences.contains(one)) {
            return Err(Fault::Invalid);
        }
    }
    let subject = optional_text(subject)?;
    if wanted.rules.subject && subject.is_none() {
        return Err(Fault::Invalid);
    }
    let end = within(wanted.rules.leeway, now, (ends, begins, issued))?;
    let mut scopes = words(&scope)?;
    scopes.extend(words(&scp)?);
    Ok(Claims {
        id: subject.as_ref().map(|subject| format!("{issuer} {subject}")),
        subject,
        name: optional_text(name)?,
        scopes,
        roles: words(&roles)?,
        text: listed(text, wanted.rules, (scope, audience)),
        end,
    })
}

/// When a token ends, the difference of clocks included; that it has begun, and has an end.
fn within(
    leeway: Duration,
    now: SystemTime,
    (ends, begins, issued): (Maybe<Raw<'_>>, Maybe<Raw<'_>>, Maybe<Raw<'_>>),
) -> Result<f64, Fault> {
    let now = now.duration_since(UNIX_EPOCH).map_err(|_| Fault::Invalid)?.as_secs_f64();
    let leeway = leeway.as_secs_f64();
    let end = date(ends)?.ok_or(Fault::Invalid)? + leeway;
    for begin in [date(begins)?, date(issued)?].into_iter().flatten() {
        if now + leeway < begin {
            return Err(Fault::Invalid);
        }
    }
    if now < end { Ok(end) } else { Err(Fault::Expired) }
}

/// A date as a number of seconds (RFC 7519 section 2); one that is there and is none is a fault.
fn date(value: Maybe<Raw<'_>>) -> Result<Option<f64>, Fault> {
    match value {
        Maybe::Absent => Ok(None),
        Maybe::Value(value) if value.json().starts_with(|first: char| first.is_ascii_digit()) => {
            let date = value.json().parse().ok().filter(|date: &f64| date.is_finite());
            date.map(Some).ok_or(Fault::Invalid)
        }
        _ => Err(Fault::Invalid),
    }
}

fn optional_text(value: Maybe<Raw<'_>>) -> Result<Option<String>, Fault> {
    match value {
        Maybe::Absent => Ok(None),
        Maybe::Value(value) if value.is_null() => Ok(None),
        Maybe::Null => Ok(None),
        there => text_of(there).map(Some).ok_or(Fault::Invalid),
    }
}

/// A text, or a list of texts.
fn texts(value: &Maybe<Raw<'_>>) -> Option<Vec<String>> {
    match value {
        Maybe::Value(value) if value.json().starts_with('[') => {
            value.elements().map(|one| text_of(Maybe::Value(one))).collect()
        }
        Maybe::Value(value) => text_of(Maybe::Value(*value)).map(|text| vec![text]),
        _ => None,
    }
}

/// The words of a text (RFC 8693 section 4.2), or a list of them; none where there is nothing.
fn words(value: &Maybe<Raw<'_>>) -> Result<Vec<String>, Fault> {
    let text = match value {
        Maybe::Absent | Maybe::Null => return Ok(Vec::new()),
        Maybe::Value(value) if value.is_null() => return Ok(Vec::new()),
        Maybe::Value(value) if value.json().starts_with('"') => value.text(),
        there => return texts(there).ok_or(Fault::Invalid),
    };
    Ok(text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect())
}

/// The text of all claims, with a list in the place of a text where the contract declares a list.
fn listed(
    text: &str,
    rules: &Tokens,
    (scope, audience): (Maybe<Raw<'_>>, Maybe<Raw<'_>>),
) -> String {
    let is_text = |value: &Raw<'_>| value.json().starts_with('"');
    let mut places: Vec<(usize, usize, Vec<u8>)> = Vec::new();
    let mut put = |value: Raw<'_>, words: Vec<String>| {
        let start = (value.json().as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
        let mut list = Writer::new();
        list.raw("[");
        for word in words {
            list.comma();
            list.text(&word);
        }
        list.raw("]");
        places.push((start, start.wrapping_add(value.json().len()), list.finish()));
    };
    if let Maybe::Value(scope) = scope
        && rules.scope_list
        && is_text(&scope)
    {
        put(scope, words(&Maybe::Value(scope)).unwrap_or_default());
    }
    if let Maybe::Value(audience) = audience
        && rules.audience_list
        && is_text(&audience)
    {
        put(audience, vec![audience.text().into_owned()]);
    }
    places.sort_by_key(|(start, ..)| *start);
    let mut out = String::with_capacity(text.len() + 8);
    let mut at = 0;
    for (start, end, list) in places {
        out.push_str(text.get(at..start).unwrap_or_default());
        out.push_str(std::str::from_utf8(&list).unwrap_or("[]"));
        at = end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::KeySource;

    static RULES: Tokens = Tokens {
        keys: KeySource::Secret("X"),
        issuers: &[],
        audiences: &[],
        leeway: Duration::from_secs(30),
        subject: true,
        scope_list: true,
        audience_list: true,
        revoked: None,
    };

    fn at(text: &str, now: u64) -> Result<Claims, Fault> {
        let wanted = Wanted {
            rules: &RULES,
            issuers: vec!["i".to_owned(), "j".to_owned()],
            audiences: vec!["a".to_owned(), "b".to_owned()],
        };
        read(text.as_bytes(), &wanted, UNIX_EPOCH + Duration::from_secs(now))
    }

    #[test]
    fn what_the_contract_reads_as_a_list_is_one() {
        let claims = at(
            r#"{ "scope" : "x  y", "iss":"j", "sub":"s", "aud" : "b" ,"exp":100,"more":[1]}"#,
            50,
        );
        let claims = claims.expect("claims");
        assert_eq!(claims.scopes, ["x", "y"]);
        assert_eq!(claims.id.as_deref(), Some("j s"));
        assert_eq!(
            claims.text,
            r#"{ "scope" : ["x","y"], "iss":"j", "sub":"s", "aud" : ["b"] ,"exp":100,"more":[1]}"#
        );
    }

    #[test]
    fn a_token_holds_from_its_beginning_to_its_end() {
        let one = r#"{"iss":"i","sub":"s","aud":["x","a"],"exp":100,"nbf":60,"iat":60.5}"#;
        for (now, expected) in [
            (0, Err(Fault::Invalid)),
            (30, Err(Fault::Invalid)),
            (31, Ok(())),
            (129, Ok(())),
            (130, Err(Fault::Expired)),
        ] {
            assert_eq!(at(one, now).map(|_| ()), expected, "{now}");
        }
    }

    #[test]
    fn what_is_missing_or_said_twice_is_a_fault() {
        let fine = r#"{"iss":"i","sub":"s","aud":"a","exp":100}"#;
        assert!(at(fine, 50).is_ok());
        for odd in [
            r#"{"sub":"s","aud":"a","exp":100}"#,
            r#"{"iss":"k","sub":"s","aud":"a","exp":100}"#,
            r#"{"iss":["i"],"sub":"s","aud":"a","exp":100}"#,
            r#"{"iss":"i","aud":"a","exp":100}"#,
            r#"{"iss":"i","sub":null,"aud":"a","exp":100}"#,
            r#"{"iss":"i","sub":7,"aud":"a","exp":100}"#,
            r#"{"iss":"i","sub":"s","exp":100}"#,
            r#"{"iss":"i","sub":"s","aud":"c","exp":100}"#,
            r#"{"iss":"i","sub":"s","aud":[],"exp":100}"#,
            r#"{"iss":"i","sub":"s","aud":["a",1],"exp":100}"#,
            r#"{"iss":"i","sub":"s","aud":"a"}"#,
            r#"{"iss":"i","sub":"s","aud":"a","exp":null}"#,
            r#"{"iss":"i","sub":"s","aud":"a","exp":"100"}"#,
            r#"{"iss":"i","sub":"s","aud":"a","exp":-1}"#,
            r#"{"iss":"i","sub":"s","aud":"a","exp":1e999}"#,
            r#"{"iss":"i","sub":"s","aud":"a","exp":100,"nbf":"0"}"#,
            r#"{"iss":"i","sub":"s","aud":"a","exp":100,"exp":200}"#,
            r#"{"iss":"i","sub":"s","sub":"t","aud":"a","exp":100}"#,
            r#"{"iss":"k","iss":"i","sub":"s","aud":"a","exp":100}"#,
            r#"{"iss":"i","sub":"s","aud":"a","exp":100,"scope":{"x":1}}"#,
            r#"{"iss":"i","sub":"s","aud":"a","exp":100,"roles":[1]}"#,
            r#"["iss","i"]"#,
            r#"{"iss":"i","sub":"s","aud":"a","exp":100}}"#,
            "",
        ] {
            assert_eq!(at(odd, 50).map(|_| ()), Err(Fault::Invalid), "{odd}");
        }
    }
}
