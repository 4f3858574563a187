//! What rolls gateways out: manifests for clusters, units for one host, services for one machine.

mod compose;
mod kubernetes;
mod systemd;
mod yaml;

pub(crate) use compose::compose;
pub(crate) use kubernetes::kubernetes;
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

    /// What it calls: what that is called, and its port, or what says where it is, a variable in most cases.
    pub(crate) fn backends(&self) -> Vec<(String, Result<u16, String>)> {
        let backends = self.contract.backends.iter().map(|backend| {
            let at = match &backend.address {
                Setting::Fixed(url) if is_service(url) => Err("its SRV record".to_owned()),
                Setting::Fixed(url) => Ok(port(url)),
                Setting::Env { name, .. } => Err(name.clone()),
            };
            (backend.name.clone(), at)
        });
        backends.collect()
    }
}

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

/// Whether an address leaves it to the DNS which port it is.
fn is_service(url: &str) -> bool {
    url.split_once("://").is_some_and(|(scheme, _)| scheme.ends_with("+srv"))
}

/// The port of an address.
fn port(url: &str) -> u16 {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let authority = rest.split(['/', '?', ',']).next().unwrap_or_default();
    let usual = if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 };
    authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(usual)
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
        assert_eq!(port("http://a"), 80);
        assert_eq!(port("https://a/x:1"), 443);
        assert_eq!(port("http://[::1]:9000/x"), 9000);
        assert_eq!(port("http://a:81,http://b:82"), 81);
    }
}
