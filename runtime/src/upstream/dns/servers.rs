//! Who is asked for services and hosts, and by which names: `/etc/resolv.conf`, or what the environment says.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The port of nameservers.
const PORT: u16 = 53;
/// The most nameservers that are asked, and the most domains that are looked in.
const MOST: usize = 6;

/// The nameservers that the environment names; those of the system if it names none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Nameservers(Vec<SocketAddr>);

/// Who is asked, and how, at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resolving {
    pub(super) servers: Vec<SocketAddr>,
    /// The domains that short names may lie in.
    search: Vec<String>,
    /// How many dots a name has that is looked for as it is first.
    dots: usize,
}

impl Nameservers {
    /// Reads addresses with commas between them, each with a port or without.
    ///
    /// # Errors
    ///
    /// What is wrong, to be put after "is `…`, ".
    pub(crate) fn parse(text: &str) -> Result<Nameservers, String> {
        let all: Option<Vec<_>> = text.split(',').map(|one| server(one.trim())).collect();
        match all {
            None => {
                Err("must be addresses like `10.0.0.2` or `[::1]:5353`, with commas between".into())
            }
            Some(all) if all.len() > MOST => Err(format!("must be at most {MOST} addresses")),
            Some(all) => Ok(Nameservers(all)),
        }
    }

    /// Whom to ask. The system's file is read each time: it is short, and may change.
    pub(super) fn now(&self) -> Resolving {
        let system = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
        let resolving = Resolving::of(&system);
        match self.0.as_slice() {
            [] => resolving,
            given => Resolving { servers: given.to_vec(), ..resolving },
        }
    }
}

fn server(text: &str) -> Option<SocketAddr> {
    let alone = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT));
    alone.ok().or_else(|| text.parse().ok())
}

impl Resolving {
    /// What the text of a `resolv.conf` says. Lines that say nothing are passed over, as all who read
    /// such files do.
    fn of(text: &str) -> Resolving {
        let (mut servers, mut search, mut dots) = (Vec::new(), Vec::new(), 1);
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                // The zone of a link-local address is lost; such servers are not asked.
                Some("nameserver") => servers.extend(words.next().and_then(server)),
                // The last of several lines counts.
                Some("search" | "domain") => {
                    search = words.map(|word| word.trim_matches('.').to_owned()).collect();
                }
                Some("options") => {
                    let number = |word: &str| word.strip_prefix("ndots:")?.parse::<usize>().ok();
                    dots = words.filter_map(number).next_back().map_or(dots, |dots| dots.min(15));
                }
                _ => {}
            }
        }
        servers.truncate(MOST);
        search.retain(|domain: &String| !domain.is_empty());
        search.truncate(MOST);
        if servers.is_empty() {
            servers.push(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), PORT));
        }
        Resolving { servers, search, dots }
    }

    /// What is asked for in turn until something is found: the name in each of the domains, and as it is;
    /// that one first if it looks whole. A dot at its end says that it is.
    pub(super) fn names(&self, name: &str) -> Vec<String> {
        if let Some(whole) = name.strip_suffix('.') {
            return vec![whole.to_owned()];
        }
        let inside = self.search.iter().map(|domain| format!("{name}.{domain}"));
        let mut names: Vec<_> = inside.collect();
        let first = name.matches('.').count() >= self.dots;
        names.insert(if first { 0 } else { names.len() }, name.to_owned());
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_a_cluster_is_read() {
        let text = "# made\nsearch shop.svc.cluster.local svc.cluster.local.\nnameserver 10.96.0.10\n\
                    nameserver fd00::1\nnameserver nobody\noptions timeout:1 ndots:5\n";
        let resolving = Resolving::of(text);
        let servers: Vec<_> = resolving.servers.iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["10.96.0.10:53", "[fd00::1]:53"]);
        assert_eq!(
            resolving.names("_http._tcp.catalog"),
            [
                "_http._tcp.catalog.shop.svc.cluster.local",
                "_http._tcp.catalog.svc.cluster.local",
                "_http._tcp.catalog"
            ]
        );
        assert_eq!(resolving.names("_http._tcp.a.b.c.d").first().unwrap(), "_http._tcp.a.b.c.d");
        assert_eq!(resolving.names("_http._tcp.a."), ["_http._tcp.a"]);
    }

    #[test]
    fn without_a_file_this_machine_is_asked_by_whole_names() {
        let resolving = Resolving::of("");
        assert_eq!(resolving.servers, [SocketAddr::from(([127, 0, 0, 1], 53))]);
        assert_eq!(resolving.names("_http._tcp.a"), ["_http._tcp.a"]);
    }

    #[test]
    fn the_environment_names_addresses() {
        let given = Nameservers::parse("10.0.0.2, 10.0.0.3:5353,::1, [::1]:5353").expect("four");
        let shown: Vec<_> = given.now().servers.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["10.0.0.2:53", "10.0.0.3:5353", "[::1]:53", "[::1]:5353"]);
        for bad in ["", "dns.example", "10.0.0.2,", "10.0.0.2:x"] {
            assert!(Nameservers::parse(bad).is_err(), "{bad}");
        }
        assert!(Nameservers::parse(&["::1"; 7].join(",")).is_err());
    }
}
