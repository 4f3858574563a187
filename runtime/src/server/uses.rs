//! What callers still ask for and send though it is deprecated, and which of them do.

use crate::auth::Principal;
use crate::contract::{BodyStep, Contract, Endpoint, SchemeKind, Sent};
use crate::json::{Raw, Read, Reader, read_result};
use crate::metrics;
use crate::request::Request;

/// Counts what of a request is deprecated. It costs nothing where nothing is.
pub(super) fn count(contract: &Contract, endpoint: &Endpoint, request: &Request) {
    if endpoint.lifecycle.is_none() && endpoint.deprecated.is_empty() {
        return;
    }
    let consumer = request.principal.as_deref().and_then(|one| consumer(contract, one));
    metrics::here(|core| {
        if endpoint.lifecycle.is_some() {
            core.deprecated(endpoint, None, consumer);
        }
        for (at, part) in endpoint.deprecated.iter().enumerate() {
            if part.sent.iter().any(|sent| has(request, *sent)) {
                core.deprecated(endpoint, Some(at), consumer);
            }
        }
    });
}

/// The name of the consumer that a caller is, if it is one.
pub(super) fn name(contract: &Contract, principal: &Principal) -> Option<&'static str> {
    if contract.consumers.is_empty() {
        return None;
    }
    contract.consumers.get(consumer(contract, principal)?).copied()
}

/// The consumer of the contract that a caller is: the one that a key, a user or a certificate's
/// subject is named after, or the client that a token was made for (RFC 9068 section 2.2, `azp` of OpenID Connect Core).
fn consumer(contract: &Contract, principal: &Principal) -> Option<usize> {
    let place = |name: &str| contract.consumers.iter().position(|one| *one == name);
    match principal.scheme().kind {
        SchemeKind::ApiKey { .. } | SchemeKind::Basic { .. } | SchemeKind::Certificate { .. } => {
            place(principal.id()?)
        }
        SchemeKind::Tokens(_) => {
            let claims = ["client_id", "azp"];
            claims.into_iter().find_map(|name| place(&principal.claim(name)?))
        }
    }
}

fn has(request: &Request, sent: Sent) -> bool {
    let is = |value: &str, wanted: Option<&str>| wanted.is_none_or(|wanted| value == wanted);
    match sent {
        Sent::Query(name, wanted) => {
            let mut values = request.query().all(name).flat_map(|value| {
                // A value with commas may be several.
                std::iter::once(value).chain(value.split(',').filter(|one| one.len() < value.len()))
            });
            values.any(|value| is(value, wanted))
        }
        Sent::Header(name, wanted) => {
            let mut values = request.headers.get_all(name).iter();
            values.any(|value| value.to_str().is_ok_and(|value| is(value, wanted)))
        }
        Sent::Cookie(name, wanted) => {
            let mut values = request.cookies(name);
            values.any(|value| std::str::from_utf8(value).is_ok_and(|value| is(value, wanted)))
        }
        Sent::Body(path, wanted) => in_body(&request.body, path, wanted),
    }
}

/// Whether something in a body stands there. A body that is no JSON has nothing.
fn in_body(body: &[u8], path: &'static [BodyStep], wanted: Option<&str>) -> bool {
    let mut found = false;
    let read = read_result(body, |reader| walk(reader, path, wanted, &mut found));
    read.is_ok() && found
}

/// Goes through the value here along a path.
fn walk(
    reader: &mut Reader<'_>,
    path: &'static [BodyStep],
    wanted: Option<&str>,
    found: &mut bool,
) -> Read<()> {
    let value = reader.any()?;
    *found |= leads(value, path, wanted);
    Ok(())
}

fn leads(value: Raw<'_>, path: &'static [BodyStep], wanted: Option<&str>) -> bool {
    let Some((step, rest)) = path.split_first() else {
        return wanted.is_none_or(|wanted| value.json().starts_with('"') && value.text() == wanted);
    };
    match step {
        BodyStep::Member(name) => {
            value.members().any(|(key, value)| key == *name && leads(value, rest, wanted))
        }
        BodyStep::Each => {
            let members = value.members().map(|(_, value)| value);
            value.elements().chain(members).any(|value| leads(value, rest, wanted))
        }
        BodyStep::Tagged(tag, variant) => {
            let mut members = value.members();
            members.any(|(key, value)| key == *tag && value.text() == *variant)
                && leads(value, rest, wanted)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::in_body;
    use crate::contract::BodyStep::{self, Each, Member, Tagged};

    #[test]
    fn a_path_leads_through_lists_maps_and_variants() {
        static NOTE: &[BodyStep] = &[Member("lines"), Each, Member("note")];
        static CARD: &[BodyStep] = &[Member("pay"), Tagged("kind", "card"), Member("cvc")];
        static KIND: &[BodyStep] = &[Member("pay"), Member("kind")];
        for (body, path, wanted, expected) in [
            (r#"{"lines":[{},{"note":null}]}"#, NOTE, None, true),
            (r#"{"lines":{"a":{"note":1}}}"#, NOTE, None, true),
            (r#"{"lines":[{"other":1}],"note":1}"#, NOTE, None, false),
            (r#"{"lines":"note"}"#, NOTE, None, false),
            (r#"{"pay":{"cvc":1,"kind":"card"}}"#, CARD, None, true),
            (r#"{"pay":{"cvc":1,"kind":"cash"}}"#, CARD, None, false),
            (r#"{"pay":{"kind":"c\u0061sh"}}"#, KIND, Some("cash"), true),
            (r#"{"pay":{"kind":"card"}}"#, KIND, Some("cash"), false),
            (r#"{"pay":{"kind":7}}"#, KIND, Some("7"), false),
            (r#"{"pay":{"kind":"cash"}"#, KIND, Some("cash"), false),
            ("", KIND, None, false),
        ] {
            assert_eq!(in_body(body.as_bytes(), path, wanted), expected, "{body}");
        }
    }
}
