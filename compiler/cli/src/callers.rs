//! Callers of a gateway that is tried out here: what lets them in, and what they show.

use gatewright_compiler::contract::cases::Caller;
use gatewright_compiler::contract::terms::{Keys, Scheme, SchemeKind};
use gatewright_compiler::contract::types::Const;
use gatewright_compiler::contract::{Contract, Setting};
use gatewright_runtime::mock::{HERE, MockBackend, Operation, caller};

/// A secret that tokens are signed with; a gateway that is tried out has no other.
const SECRET: &str = "a secret for cases and mocks alone, as long as HS512 needs it to be";

/// When tokens end, in seconds since 1970: on the first day of 2100.
const END: u64 = 4_102_444_800;

/// Mocks of issuers: some give out the keys of tokens that are signed here, or say where those are,
/// some lists of tokens that do not count, and some tokens for backends.
pub(crate) fn issuers(contract: &Contract) -> Vec<MockBackend> {
    let mut found: Vec<MockBackend> = Vec::new();
    let mut put = |name: String, variable: &str, operations: Vec<Operation>| {
        let variable = Some(variable.to_owned());
        if found.iter().all(|other| other.variable != variable) {
            found.push(MockBackend { name, variable, port: 0, operations });
        }
    };
    for scheme in &contract.schemes {
        let name = &scheme.name;
        match (&scheme.keys, scheme.issuers.first()) {
            (Some(Keys::Set(variable, _)), _) => {
                put(format!("keys of {name}"), variable, vec![says("GET", "", caller::keys())]);
            }
            (Some(Keys::Discovered(_)), Some(Setting::Env { name: variable, .. })) => {
                let document = format!(r#"{{"issuer":"{HERE}","jwks_uri":"{HERE}/keys"}}"#);
                let operations = vec![
                    says("GET", "/.well-known/openid-configuration", document),
                    says("GET", "/keys", caller::keys()),
                ];
                put(format!("issuer of {name}"), variable, operations);
            }
            _ => {}
        }
        if let Some((variable, _)) = &scheme.revoked {
            let none = r#"{"jti":[],"sub":[]}"#.to_owned();
            put(format!("list of {name}"), variable, vec![says("GET", "", none)]);
        }
    }
    for backend in &contract.backends {
        let Some(token) = &backend.token else { continue };
        let given = r#"{"access_token":"mock","token_type":"Bearer","expires_in":3600}"#;
        let operations = vec![says("POST", "", given.to_owned())];
        put(format!("tokens for {}", backend.name), &token.url, operations);
    }
    found
}

fn says(method: &str, path: &str, body: String) -> Operation {
    Operation {
        method: method.to_owned(),
        path: path.split('/').skip(1).map(|segment| Some(segment.to_owned())).collect(),
        rest: false,
        status: 200,
        body: Some(body),
        stream: false,
    }
}

/// The variables with which a gateway lets in these callers, and nobody else.
pub(crate) fn environment(contract: &Contract, callers: &[Caller]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for scheme in &contract.schemes {
        let (variable, value) = match &scheme.keys {
            Some(Keys::List(variable)) => (variable, list(scheme, callers)),
            Some(Keys::Secret(variable)) => (variable, SECRET.to_owned()),
            Some(Keys::Set(..) | Keys::Discovered(_) | Keys::Authorities(_)) | None => continue,
        };
        match found.iter_mut().find(|(name, _)| name == variable) {
            // Two blocks may share their keys.
            Some((_, known)) if matches!(scheme.keys, Some(Keys::List(_))) => {
                known.push(',');
                known.push_str(&value);
            }
            Some(_) => {}
            None => found.push((variable.clone(), value)),
        }
    }
    found
}

/// The entries of those who call by this scheme; of somebody who never does, if there are none.
fn list(scheme: &Scheme, callers: &[Caller]) -> String {
    let mut names: Vec<String> =
        callers.iter().filter(|one| one.scheme == scheme.name).map(name).collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        names.push("nobody".to_owned());
    }
    let entry = |name: &String| match scheme.kind {
        SchemeKind::Basic => caller::password_entry(name, &shown(name)),
        _ => caller::key_entry(name, &shown(name)),
    };
    names.iter().map(entry).collect::<Vec<_>>().join(",")
}

/// The header field by which a gateway with this environment knows the caller.
pub(crate) fn field(
    contract: &Contract,
    who: &Caller,
    environment: &[(String, String)],
) -> Option<(String, String)> {
    let scheme = contract.schemes.iter().find(|scheme| scheme.name == who.scheme)?;
    let name = name(who);
    let authorization = |value: String| Some(("Authorization".to_owned(), value));
    match (scheme.kind, &scheme.keys) {
        (SchemeKind::ApiKey, _) => Some((scheme.header.clone()?, shown(&name))),
        (SchemeKind::Basic, _) => authorization(caller::basic(&name, &shown(&name))),
        (SchemeKind::Jwt, Some(Keys::Secret(_))) => {
            let claims = claims(contract, (scheme, who), environment);
            authorization(format!("Bearer {}", caller::token_with_secret(&claims, SECRET)))
        }
        (SchemeKind::Jwt, _) => {
            let claims = claims(contract, (scheme, who), environment);
            authorization(format!("Bearer {}", caller::token(&claims)))
        }
        (SchemeKind::Mtls, _) => None,
    }
}

/// The claims of a token: those that are said, and what a gateway asks of every token.
fn claims(
    contract: &Contract,
    (scheme, who): (&Scheme, &Caller),
    environment: &[(String, String)],
) -> String {
    let text = |setting: &Setting<String>| match setting {
        Setting::Fixed(text) => Some(text.clone()),
        Setting::Env { name, .. } => {
            let given = environment.iter().rev().find(|(known, _)| known == name);
            let given = given.map(|(_, text)| text.clone()).or_else(|| std::env::var(name).ok());
            let variable = contract.variables.iter().find(|variable| variable.name == *name);
            given.or_else(|| variable?.default.clone())
        }
    };
    let first = |all: &[Setting<String>]| all.first().and_then(text).map(Const::Text);
    let usual = [
        ("iss", first(&scheme.issuers)),
        ("aud", first(&scheme.audiences)),
        ("exp", Some(Const::Number(END.to_string()))),
    ];
    let mut members = who.claims.clone();
    for (name, value) in usual {
        if members.iter().all(|(known, _)| known != name) {
            members.extend(value.map(|value| (name.to_owned(), value)));
        }
    }
    Const::Record(members).json()
}

/// The name of somebody who shows a key or a password.
fn name(who: &Caller) -> String {
    let name = who.claims.iter().find(|(known, _)| known == "name");
    name.and_then(|(_, value)| value.plain()).unwrap_or_else(|| "caller".to_owned())
}

/// The key or the password of somebody.
fn shown(name: &str) -> String {
    format!("key-of-{name}")
}
