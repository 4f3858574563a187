//! Gives every declared backend an id and its clauses.

mod tokens;
mod trust;

use super::clauses::timeout;
use super::limits;
use super::variables::{Variables, Wanted};
use super::{operations, values};
use crate::contract::{Backend, Breaker, Condition, Setting, VariableKind};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    self, Address, BackendMember, BackendMemberKind, File, HeaderValue, ItemKind, Retry, ValueKind,
};
use std::collections::HashMap;

/// The longest one attempt may take where nothing is declared.
const DEFAULT_TIMEOUT: u64 = 30_000;

/// The longest result body where nothing is declared.
const DEFAULT_MAX_BODY: u64 = 4 << 20;

/// The most further attempts.
const MOST_RETRIES: u32 = 10;

/// The backends of a contract.
#[derive(Debug, Default)]
pub(crate) struct Backends {
    /// In the order of the text.
    pub(crate) list: Vec<Backend>,
    /// The operations of each.
    operations: Vec<Vec<tree::Operation>>,
    index: HashMap<String, usize>,
}

impl Backends {
    /// The backend called `name`, as an index.
    pub(crate) fn by_name(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// The operations that the backend with this index declares.
    pub(crate) fn operations(&self, backend: usize) -> &[tree::Operation] {
        self.operations.get(backend).map(Vec::as_slice).unwrap_or_default()
    }

    /// The names of all backends.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|backend| backend.name.as_str())
    }
}

/// The backends the files declare. Of two declarations of one name the first counts.
pub(crate) fn declare(
    files: &[File],
    variables: &mut Variables,
    diagnostics: &mut Diagnostics,
) -> Backends {
    let mut backends = Backends::default();
    for item in files.iter().flat_map(|file| &file.items) {
        let ItemKind::Backend(backend) = &item.kind else { continue };
        let name = &backend.name;
        if let Some(first) = backends.by_name(&name.text) {
            let first = backends.list.get(first).map_or(name.span, |first| first.span);
            let what = format!("backend `{}`", name.text);
            diagnostics.push(super::duplicate(&what, name.span, first));
            continue;
        }
        let lowered = one(backend, variables, diagnostics);
        backends.index.insert(name.text.clone(), backends.list.len());
        backends.list.push(lowered);
        backends.operations.push(operations::declared(backend, diagnostics));
    }
    backends
}

fn one(
    backend: &tree::Backend,
    variables: &mut Variables,
    diagnostics: &mut Diagnostics,
) -> Backend {
    let owner = backend.members.iter().find_map(|member| match &member.kind {
        BackendMemberKind::Owner(owner) => Some(owner.name.text.clone()),
        _ => None,
    });
    let mut lowered = Backend {
        name: backend.name.text.clone(),
        address: address(backend, owner.as_deref(), variables, diagnostics),
        owner,
        timeout: Setting::Fixed(DEFAULT_TIMEOUT),
        timeout_is_default: true,
        retries: 0,
        retry_on: Vec::new(),
        breaker: None,
        in_flight: None,
        authorities: None,
        certificate: None,
        headers: Vec::new(),
        token: None,
        max_body: DEFAULT_MAX_BODY,
        span: backend.name.span,
    };
    let mut seen: HashMap<&'static str, Span> = HashMap::new();
    for member in &backend.members {
        if let Some(word) = word(&member.kind)
            && let Some(first) = seen.insert(word, member.span)
        {
            diagnostics.push(repeated(word, member.span, first));
            continue;
        }
        apply(&mut lowered, member, variables, diagnostics);
    }
    tokens::alone(backend, &mut lowered, diagnostics);
    lowered
}

fn word(kind: &BackendMemberKind) -> Option<&'static str> {
    Some(match kind {
        BackendMemberKind::Owner(_) => "owner",
        BackendMemberKind::Timeout(_) => "timeout",
        BackendMemberKind::Retry(_) => "retry",
        BackendMemberKind::Breaker(_) => "breaker",
        BackendMemberKind::InFlight(_) => "in flight",
        BackendMemberKind::MaxBody(_) => "max_body",
        BackendMemberKind::Ca(_) => "ca",
        BackendMemberKind::Certificate { .. } => "certificate",
        BackendMemberKind::Token(_) => "send token",
        BackendMemberKind::Send(_) | BackendMemberKind::Operation(_) | BackendMemberKind::Bad => {
            return None;
        }
    })
}

/// The finding about something that a block can say once.
pub(crate) fn repeated(word: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::new(Code::InvalidClause, span, format!("`{word}` is said twice"))
        .label("said again")
        .see(first, "first said here")
        .help("delete one of them")
}

fn apply(
    backend: &mut Backend,
    member: &BackendMember,
    variables: &mut Variables,
    diagnostics: &mut Diagnostics,
) {
    match &member.kind {
        BackendMemberKind::Owner(_) | BackendMemberKind::Operation(_) | BackendMemberKind::Bad => {}
        BackendMemberKind::Timeout(clause) => {
            let about = format!("timeout of one attempt at backend `{}`", backend.name);
            if let Some(setting) = timeout(clause, &about, variables, diagnostics) {
                backend.timeout = setting;
                backend.timeout_is_default = false;
            }
        }
        BackendMemberKind::Retry(retry) => attempts(backend, retry, diagnostics),
        BackendMemberKind::Breaker(breaker) => {
            let Ok(failures @ 1..) = breaker.failures.text.parse::<u32>() else {
                diagnostics
                    .push(whole(breaker.failures.span, "a breaker needs at least one failure"));
                return;
            };
            let within = breaker.within.as_ref().map(|within| within.millis);
            backend.breaker = Some(Breaker { failures, within, open: breaker.open.millis });
        }
        BackendMemberKind::InFlight(clause) => {
            backend.in_flight = limits::in_flight(clause, diagnostics);
        }
        BackendMemberKind::Send(header) => send(backend, header, variables, diagnostics),
        BackendMemberKind::Token(token) => {
            backend.token = tokens::declared(&backend.name, token, variables, diagnostics);
        }
        BackendMemberKind::MaxBody(size) => backend.max_body = size.bytes,
        BackendMemberKind::Ca(from) => {
            trust::is_secured(backend, "ca", member.span, diagnostics);
            backend.authorities = trust::authorities(&backend.name, from, variables, diagnostics);
        }
        BackendMemberKind::Certificate { chain, key } => {
            trust::is_secured(backend, "certificate", member.span, diagnostics);
            let shown = (chain, key);
            backend.certificate = trust::certificate(&backend.name, shown, variables, diagnostics);
        }
    }
}

fn whole(span: Span, message: &str) -> Diagnostic {
    Diagnostic::new(Code::InvalidClause, span, message).label("not such a number")
}

fn attempts(backend: &mut Backend, retry: &Retry, diagnostics: &mut Diagnostics) {
    match retry.attempts.text.parse::<u32>() {
        Ok(attempts) if attempts <= MOST_RETRIES => backend.retries = attempts,
        _ => diagnostics.push(whole(
            retry.attempts.span,
            "`retry` takes a whole number of further attempts, at most 10",
        )),
    }
    backend.retry_on = retry.on.iter().filter_map(|one| condition(one, diagnostics)).collect();
}

/// What `404`, `5xx`, `timeout` and so on mean.
pub(crate) fn condition(
    condition: &tree::Condition,
    diagnostics: &mut Diagnostics,
) -> Option<Condition> {
    Some(match condition.text.as_str() {
        "4xx" => Condition::Class(4),
        "5xx" => Condition::Class(5),
        "timeout" => Condition::Timeout,
        "unreachable" => Condition::Unreachable,
        "invalid" => Condition::Invalid,
        status => match status.parse::<u16>() {
            Ok(status @ 300..=599) => Condition::Status(status),
            _ => {
                diagnostics.push(
                    Diagnostic::new(
                        Code::InvalidStatus,
                        condition.span,
                        format!("{status} is not a status a call can fail with"),
                    )
                    .label("2xx is success; a failure has a status from 300 to 599"),
                );
                return None;
            }
        },
    })
}

fn address(
    backend: &tree::Backend,
    owner: Option<&str>,
    variables: &mut Variables,
    diagnostics: &mut Diagnostics,
) -> Setting<String> {
    match &backend.address {
        Address::Env(value) => {
            let owner = owner.map(|owner| format!(" ({owner})")).unwrap_or_default();
            let about = format!("address of backend `{}`{owner}", backend.name.text);
            let wanted = Wanted { kind: VariableKind::Url, about };
            let setting = variables.used(value, wanted, diagnostics);
            setting.unwrap_or_else(|| Setting::Fixed(String::new()))
        }
        Address::Url(url) => {
            if let Some(fault) = addresses_fault(&url.value) {
                diagnostics.push(
                    Diagnostic::new(Code::InvalidAddress, url.span, "this address cannot be called")
                        .label(fault)
                        .help("write it as `\"http://host:port\"`, several with commas between them, or `env NAME` if it differs between environments"),
                );
            }
            Setting::Fixed(url.value.clone())
        }
    }
}

/// The most addresses that a backend can be given.
const MOST_ADDRESSES: usize = 64;

/// Why `text` cannot be the address of a backend, or several with commas between them.
pub(crate) fn addresses_fault(text: &str) -> Option<&'static str> {
    let all: Vec<&str> = text.split(',').map(str::trim).collect();
    let [first, others @ ..] = all.as_slice() else { return None };
    if all.len() > 1 && all.contains(&"") {
        return Some("an address is missing beside a comma");
    }
    if let Some(fault) = all.iter().find_map(|one| address_fault(one)) {
        return Some(fault);
    }
    let parts = |address: &str| {
        let (scheme, rest) = address.split_once("://").unwrap_or_default();
        let (_, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        (scheme.to_owned(), path.trim_end_matches('/').to_owned())
    };
    if others.iter().any(|other| parts(other) != parts(first)) {
        return Some("several addresses of one backend differ in their hosts and ports alone");
    }
    if others.iter().enumerate().any(|(at, other)| all.iter().take(at + 1).any(|one| one == other))
    {
        return Some("one address stands here twice");
    }
    (all.len() > MOST_ADDRESSES).then_some("a backend has at most 64 addresses")
}

/// Why `url` cannot be an address.
fn address_fault(url: &str) -> Option<&'static str> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Some("it has no scheme: `http://`, `https://` or `h2c://`");
    };
    let (scheme, is_service) = match scheme.strip_suffix("+srv") {
        Some(scheme) => (scheme, true),
        None => (scheme, false),
    };
    if !["http", "https", "h2c"].contains(&scheme) {
        return Some("only `http`, `https` and `h2c` can be called");
    }
    let authority = rest.split('/').next().unwrap_or("");
    if authority.contains('@') {
        return Some("a user or password does not belong into an address");
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').unwrap_or(("", "")),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let v6 = authority.starts_with('[');
    let name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if host.is_empty() || (!v6 && !host.bytes().all(name)) {
        return Some("it has no host");
    }
    if v6 && host.parse::<std::net::Ipv6Addr>().is_err() {
        return Some("what stands in brackets is no IPv6 address");
    }
    if is_service && !port.is_empty() {
        return Some("the records of a service say its port");
    }
    if is_service && (v6 || host.parse::<std::net::Ipv4Addr>().is_ok()) {
        return Some("the name of a service stands behind `+srv://`");
    }
    if !is_service && is_service_name(host) {
        return Some("a service is looked up where `+srv` stands behind the scheme: `http+srv://`");
    }
    let digits = port.strip_prefix(':').unwrap_or("1");
    if digits.parse::<u16>().map_or(true, |port| port == 0)
        || (!port.is_empty() && !port.starts_with(':'))
    {
        return Some("a port is a number from 1 to 65535");
    }
    if rest.contains(['?', '#', ' ']) || !rest.is_ascii() {
        return Some("only host, port and a path can stand here");
    }
    None
}

/// Whether a name begins like those of services (RFC 2782), `_http._tcp.`.
fn is_service_name(host: &str) -> bool {
    let mut labels = host.splitn(3, '.');
    let marked = |label: Option<&str>| label.is_some_and(|label| label.starts_with('_'));
    marked(labels.next()) && marked(labels.next()) && labels.next().is_some()
}

fn send(
    backend: &mut Backend,
    header: &HeaderValue,
    variables: &mut Variables,
    diagnostics: &mut Diagnostics,
) {
    if !super::signature::is_header_name(&header.name, diagnostics) {
        return;
    }
    let name = header.name.text.clone();
    let value = match &header.value.kind {
        ValueKind::Env(value) => {
            let about = format!("header {name} of calls to backend `{}`", backend.name);
            variables.used(value, Wanted { kind: VariableKind::Secret, about }, diagnostics)
        }
        _ => values::constant(&header.value, None, &crate::contract::Types::default())
            .and_then(|constant| super::variables::fixed(&constant)),
    };
    match value {
        Some(Setting::Fixed(_)) if sounds_secret(&name) => {
            diagnostics.push(sent_secret(backend, header));
        }
        Some(value) => backend.headers.push((name, value)),
        None => diagnostics.push(
            Diagnostic::new(
                Code::InvalidHeader,
                header.value.span,
                "a sent header is a text or comes from the environment",
            )
            .label("not known when the gateway starts")
            .help("a value of the request goes to one call: `with header Name = value`"),
        ),
    }
}

/// Whether a header field of this name tells who may do something.
pub(crate) fn sounds_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words = ["key", "token", "secret", "password", "authorization", "cookie"];
    name != "idempotency-key" && words.iter().any(|word| name.contains(word))
}

/// A secret that stands in the text at `span`.
pub(crate) fn secret(span: Span) -> Diagnostic {
    Diagnostic::new(Code::SecretInSource, span, "a secret is written in the source")
        .label("looks like a key")
        .note("the contract is the same in staging and production, and everyone who can read it would know the key")
}

fn sent_secret(backend: &Backend, header: &HeaderValue) -> Diagnostic {
    let variable = format!("{}_KEY", backend.name.to_ascii_uppercase());
    let text = format!("`send header {} = env {variable}`", header.name.text);
    secret(header.value.span)
        .fix(text, header.value.span, format!("env {variable}"))
        .help("and revoke this one: it is in the history of the file from now on")
}
