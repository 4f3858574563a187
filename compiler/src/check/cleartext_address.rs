//! An address outside of the own network, without TLS.

use crate::contract::{Contract, Setting};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{Address, File, ItemKind};
use std::net::IpAddr;

/// Names that the public DNS does not have (RFC 2606, RFC 6761, RFC 6762, RFC 8375, ICANN's list).
const PRIVATE: [&str; 14] = [
    "localhost",
    "local",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "arpa",
    "svc",
    "test",
    "example",
    "invalid",
    "cluster",
];

pub(super) fn check(contract: &Contract, files: &[File], diagnostics: &mut Diagnostics) {
    for backend in &contract.backends {
        let Setting::Fixed(url) = &backend.address else { continue };
        let mut hosts = url.split(',').filter_map(plain).map(host);
        let scheme = if url.trim_start().starts_with("h2c") { "h2c" } else { "http" };
        let Some(host) = hosts.find(|host| !is_near(host)) else { continue };
        let Some(span) = written(files, backend.span) else { continue };
        let secret = backend.headers.iter().find(|(_, value)| matches!(value, Setting::Env { .. }));
        let mut diagnostic = Diagnostic::new(
            Code::CleartextAddress,
            span,
            format!("requests to `{}` can be read and changed on their way", backend.name),
        )
        .label(format!("`{host}` lies outside, and `{scheme}` does not encrypt"));
        if let Some((name, _)) = secret {
            diagnostic = diagnostic.note(format!("`{name}` is sent with every one of them"));
        }
        let secured = ["http://", "h2c://", "http+srv://", "h2c+srv://"]
            .into_iter()
            .zip(["https://", "https://", "https+srv://", "https+srv://"])
            .fold(url.clone(), |url, (plain, secure)| url.replace(plain, secure));
        diagnostics.push(diagnostic.help(format!("write `\"{secured}\"`")));
    }
}

/// What stands behind the scheme of an address without TLS.
fn plain(address: &str) -> Option<&str> {
    let address = address.trim();
    let (scheme, rest) = address.split_once("://")?;
    matches!(scheme, "http" | "h2c" | "http+srv" | "h2c+srv").then_some(rest)
}

/// `shop.example` of `shop.example:8080/x`
fn host(rest: &str) -> &str {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    match authority.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or(address),
        None => authority.split(':').next().unwrap_or(authority),
    }
}

/// Whether `host` is this machine, or one that only the own network knows.
fn is_near(host: &str) -> bool {
    if let Ok(address) = host.parse::<IpAddr>() {
        return match address {
            IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
            IpAddr::V6(v6) => {
                v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local()
            }
        };
    }
    let host = host.trim_end_matches('.');
    match host.rsplit_once('.') {
        None => true,
        Some((_, last)) => PRIVATE.iter().any(|name| name.eq_ignore_ascii_case(last)),
    }
}

/// Where the address of the backend whose name stands at `name` is written.
fn written(files: &[File], name: Span) -> Option<Span> {
    files.iter().flat_map(|file| &file.items).find_map(|item| match &item.kind {
        ItemKind::Backend(backend) if backend.name.span == name => match &backend.address {
            Address::Url(url) => Some(url.span),
            Address::Env(_) => None,
        },
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::{host, is_near};

    #[test]
    fn names_of_the_own_network_are_near() {
        for near in
            ["catalog", "localhost:8080", "127.0.0.1", "[::1]:80", "10.1.2.3/x", "192.168.0.1"]
        {
            assert!(is_near(host(near)), "{near}");
        }
        for near in ["catalog.default.svc", "db.internal", "shop.example", "x.cluster.local."] {
            assert!(is_near(host(near)), "{near}");
        }
        for far in
            ["catalog.com", "1.1.1.1", "[2606:4700::1]", "api.partner.de:8080/v1", "local.com"]
        {
            assert!(!is_near(host(far)), "{far}");
        }
    }
}
