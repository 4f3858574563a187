//! Where a host is, by its records A and AAAA (RFC 1035, RFC 3596), whichever names stand for its own.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::task::spawn_local;

use super::message::{Kind, Message};
use super::servers::Nameservers;
use super::{TIME, address, ask};

/// How often a name may stand for another one.
const ALIASES: usize = 8;

/// Addresses, and how long each of them is good for.
pub(super) type Found = Vec<(IpAddr, Duration)>;

/// Where a host is, and for how long that is good; nothing where nameservers do not know it, or are not
/// to be asked: what the system knows by itself comes first.
pub(in crate::upstream) async fn addresses(
    host: &str,
    nameservers: &Nameservers,
) -> Option<(Vec<IpAddr>, Duration)> {
    if is_local(host) {
        return None;
    }
    let resolving = nameservers.now();
    for full in resolving.names(host) {
        let found = of_host(&resolving.servers, &full).await?;
        if let Some(time) = found.iter().map(|(_, time)| *time).min() {
            let all = found.into_iter().map(|(address, _)| address).collect();
            return Some((all, time.clamp(TIME.0, TIME.1)));
        }
    }
    None
}

/// The addresses of both kinds, asked for at once; nothing when nobody says anything.
pub(super) async fn of_host(servers: &[SocketAddr], name: &str) -> Option<Found> {
    let (others, named) = (servers.to_vec(), name.to_owned());
    let other = spawn_local(async move { of_kind(&others, named, Kind::V6).await });
    let one = of_kind(servers, name.to_owned(), Kind::V4).await;
    let other = other.await.ok().flatten();
    match (one, other) {
        (Some(one), Some(other)) => Some([one, other].concat()),
        // That there is none of one kind says nothing about the other.
        (one, other) => one.or(other).filter(|found| !found.is_empty()),
    }
}

/// The addresses of one kind, also of another name that this one stands for.
async fn of_kind(servers: &[SocketAddr], name: String, kind: Kind) -> Option<Found> {
    let (mut name, mut time) = (name.to_ascii_lowercase(), TIME.1);
    for _ in 0..ALIASES {
        let message = ask(servers, &name, kind).await?;
        let (real, holds) = follow(&message, &name);
        time = time.min(holds);
        let here = message.answers().filter(|record| record.owner == real);
        let found: Found =
            here.filter_map(address).map(|(ip, of_it)| (ip, of_it.min(time))).collect();
        if !found.is_empty() || real == name {
            return Some(found);
        }
        // Who was asked does not know the other name, or does not ask for it.
        name = real;
    }
    Some(Found::new())
}

/// What a name stands for by this answer, and how long that is so.
fn follow(message: &Message, name: &str) -> (String, Duration) {
    let (mut real, mut time) = (name, TIME.1);
    for _ in 0..ALIASES {
        let mut aliases = message.answers().filter(|record| record.owner == real);
        let Some((target, holds)) = aliases.find_map(|record| record.alias()) else { break };
        (real, time) = (target, time.min(holds));
    }
    (real.to_owned(), time)
}

/// Whether the system knows a name without asking: this machine, and what `/etc/hosts` names. The file is
/// read each time: it is short, and may change.
fn is_local(host: &str) -> bool {
    let name = host.trim_end_matches('.');
    let last = name.rsplit('.').next().unwrap_or_default();
    // RFC 6761 section 6.3.
    last.eq_ignore_ascii_case("localhost")
        || names(&std::fs::read_to_string("/etc/hosts").unwrap_or_default(), name)
}

/// Whether the text of a file of hosts names one.
fn names(text: &str, host: &str) -> bool {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines
        .flat_map(|line| line.split_whitespace().skip(1))
        .any(|name| name.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_own_names_are_not_asked_for() {
        for name in ["localhost", "LOCALHOST.", "shop.localhost"] {
            assert!(is_local(name), "{name}");
        }
        let text =
            "127.0.0.1 localhost\n10.0.0.7\tCatalog.internal catalog # stock\n#10.0.0.8 off\n";
        for (name, expected) in [
            ("catalog", true),
            ("catalog.INTERNAL", true),
            ("stock", false),
            ("off", false),
            ("10.0.0.7", false),
            ("internal", false),
        ] {
            assert_eq!(names(text, name), expected, "{name}");
        }
    }
}
