//! What rolls gateways out: manifests for clusters, units for one host, services for one machine.

mod compose;
mod kubernetes;
mod kustomize;
mod systemd;
mod yaml;

pub(crate) use compose::compose;
pub(crate) use kubernetes::kubernetes;
pub(crate) use kustomize::{OVERLAYS, kustomize};
pub(crate) use systemd::systemd;

use gatewright_compiler::contract::{Contract, Selection, Setting, VariableKind};
use gatewright_compiler::{Checked, Target};
use std::collections::BTreeMap;

/// Files by their names.
pub(crate) type Files = BTreeMap<String, String>;

/// How long a gateway goes on serving once it was asked to stop, in seconds: what a load balancer
/// needs to notice.
const DRAIN_DELAY: u64 = 5;

/// How long requests in flight may take after that unless one may take longer, in seconds.
const DRAIN_LIMIT: u64 = 30;

/// What is rolled out.
pub(crate) struct Rollout<'a> {
    contract: &'a Contract,
    /// The name of the API, as hosts are named.
    pub(crate) name: String,
    /// What images are called.
    pub(crate) image: String,
    /// Where programs lie on a host.
    pub(crate) folder: String,
    /// Whether each program runs twice, and a switch says which of both is asked.
    pub(crate) blue_green: bool,
    pub(crate) programs: Vec<Program>,
    /// What variables are, as far as it was said; no secrets.
    pub(crate) values: BTreeMap<String, String>,
}

/// Where something is that gateways call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// At these ports.
    Ports(Vec<u16>),
    /// At ports that records of the DNS say.
    Named,
    /// Wherever this variable says.
    Variable(String),
}

/// A program.
pub(crate) struct Program {
    /// `shop-v1`
    pub(crate) name: String,
    /// The tag of its image: `1`, or `latest`.
    pub(crate) tag: String,
    /// What its paths begin with: `/v1`; `/` where the path does not say the version.
    pub(crate) prefixes: Vec<String>,
    /// How long it may take to end, in seconds, without and with the time before it begins.
    pub(crate) drain: u64,
    pub(crate) grace: u64,
}

/// A variable that whoever rolls out fills in.
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) is_secret: bool,
    /// What it is unless somebody says otherwise.
    pub(crate) default: Option<String>,
}

impl<'a> Rollout<'a> {
    pub(crate) fn new(contract: &'a Checked, targets: &[Target]) -> Self {
        let whole = contract.contract();
        let programs = targets.iter().map(|target| program(whole, target)).collect();
        Self {
            contract: whole,
            name: hosted(&whole.api),
            image: whole.api.clone(),
            folder: "/usr/local/bin".to_owned(),
            blue_green: false,
            programs,
            values: BTreeMap::new(),
        }
    }

    /// What the contract reads from the environment.
    pub(crate) fn wanted(&self) -> Vec<Wanted> {
        let variables = self.contract.variables.iter().map(|one| Wanted {
            name: one.name.clone(),
            about: one.about.split_whitespace().collect::<Vec<_>>().join(" "),
            is_secret: one.kind == VariableKind::Secret,
            default: one.default.clone(),
        });
        variables.collect()
    }

    /// Takes what variables are: lines of `NAME=value`, and comments.
    ///
    /// # Errors
    ///
    /// A line is something else, or says a secret: which.
    pub(crate) fn read(&mut self, text: &str) -> Result<(), String> {
        let wanted = self.wanted();
        for (line, text) in (1..).zip(text.lines().map(str::trim)) {
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let parts = text.split_once('=');
            let Some((name, value)) = parts.filter(|(name, _)| name.chars().all(word)) else {
                return Err(format!("line {line} is no `NAME=value`"));
            };
            let is_secret = |one: &Wanted| one.is_secret && one.name == name;
            if SECRETS.contains(&name) || wanted.iter().any(is_secret) {
                return Err(format!("line {line}: {name} is a secret, and manifests are kept"));
            }
            if !value.is_empty() {
                self.values.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(())
    }

    /// What it calls: what that is called, and where it is.
    pub(crate) fn calls(&self) -> Vec<(String, At)> {
        let mut calls = Vec::new();
        for backend in &self.contract.backends {
            let at = match &backend.address {
                Setting::Fixed(url) => at(url),
                Setting::Env { name, .. } if self.values.contains_key(name) => continue,
                Setting::Env { name, .. } => At::Variable(name.clone()),
            };
            calls.push((backend.name.clone(), at));
        }
        let addresses = self.values.iter().filter(|(_, value)| value.contains("://"));
        calls.extend(addresses.map(|(name, value)| (name.clone(), at(value))));
        calls
    }
}

/// Secrets of every gateway.
const SECRETS: [&str; 2] = ["OTEL_EXPORTER_OTLP_HEADERS", "TLS_KEY"];

fn program(contract: &Contract, target: &Target) -> Program {
    let versions = contract.versions.iter();
    let versions: Vec<_> =
        versions.filter(|version| target.versions.contains(&version.label)).collect();
    let longest = versions.iter().flat_map(|version| &version.endpoints);
    let longest = longest.map(|endpoint| milliseconds(&endpoint.timeout)).max().unwrap_or(0);
    let drain = longest.div_ceil(1000).max(DRAIN_LIMIT);
    let prefixes = match &contract.selection {
        Selection::Path { before, after } => {
            versions.iter().map(|version| format!("{before}{}{after}", version.label)).collect()
        }
        Selection::Header { .. } | Selection::Media { .. } => vec!["/".to_owned()],
    };
    let tag = match versions.as_slice() {
        [version] if target.name != contract.api => version.label.clone(),
        _ => "latest".to_owned(),
    };
    let name = hosted(&target.name);
    Program { name, tag, prefixes, drain, grace: DRAIN_DELAY + drain + 5 }
}

/// The most that it can be.
fn milliseconds(setting: &Setting<u64>) -> u64 {
    match setting {
        Setting::Fixed(value) => *value,
        // What an operator may set is within a day at most, and no reason to wait so long.
        Setting::Env { .. } => 0,
    }
}

/// A name as hosts have it: letters, digits and `-`.
fn hosted(name: &str) -> String {
    name.replace('_', "-")
}

/// Where addresses lead to, which have commas between them.
fn at(urls: &str) -> At {
    let mut ports: Vec<u16> = Vec::new();
    for url in urls.split(',').map(str::trim) {
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let scheme = scheme.to_ascii_lowercase();
        if scheme.ends_with("+srv") {
            return At::Named;
        }
        let usual = match scheme.as_str() {
            "https" => 443,
            "redis" | "rediss" => 6379,
            _ => 80,
        };
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let port = authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        let port = port.unwrap_or(usual);
        if !ports.contains(&port) {
            ports.push(port);
        }
    }
    At::Ports(ports)
}

/// What is set for every gateway that others probe and that is stopped in turns.
fn settings(program: &Program) -> [(&'static str, String); 3] {
    [
        ("OPERATOR", "[::]:9090".to_owned()),
        ("DRAIN_DELAY", format!("{DRAIN_DELAY}s")),
        ("DRAIN_LIMIT", format!("{}s", program.drain)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_those_of_addresses() {
        for (text, ports) in [
            ("http://a", &[80][..]),
            ("https://a/x:1", &[443]),
            ("http://[::1]:9000/x", &[9000]),
            ("http://a:81, http://b:82,http://c:81", &[81, 82]),
            ("redis://limits", &[6379]),
        ] {
            assert_eq!(at(text), At::Ports(ports.to_vec()), "{text}");
        }
        assert_eq!(at("http+srv://_http._tcp.catalog.internal"), At::Named);
    }
}
