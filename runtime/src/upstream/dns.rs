//! Where a service is, by its SRV records (RFC 2782), and where a host is (`hosts.rs`): asked of nameservers,
//! because the system's look-up knows no services, and does not say how long what it knows is good for.

mod hosts;
mod message;
mod servers;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::task::spawn_local;
use tokio::time::timeout;

pub(super) use self::hosts::addresses;
use self::message::{Content, Kind, Message, Record};
pub(crate) use self::servers::Nameservers;
use self::servers::Resolving;

/// How long a nameserver may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often all of them are asked before a look-up has failed.
const ROUNDS: usize = 2;
/// The most records of a service that are taken.
const MOST: usize = 64;
/// What records are good for, at least and at most, whatever they say.
const TIME: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(3600));
/// What a record with a weight is chosen as often as, beside one with none.
const SHARE: u32 = 100;

/// An address of a backend, and when it is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Site {
    pub(super) address: SocketAddr,
    /// Those of the lowest rank that can be asked are.
    pub(super) rank: u16,
    /// How much of the requests to its rank it gets, beside the shares of others.
    pub(super) share: u32,
}

impl From<SocketAddr> for Site {
    /// One among equals.
    fn from(address: SocketAddr) -> Site {
        Site { address, rank: 0, share: 1 }
    }
}

/// Where a service is, and for how long that is good; nothing while nobody knows.
pub(super) async fn sites(name: &str, nameservers: &Nameservers) -> Option<(Vec<Site>, Duration)> {
    let resolving = nameservers.now();
    let mut found = None;
    for full in resolving.names(name) {
        let message = ask(&resolving.servers, &full, Kind::Service).await?;
        let here = |record: &&Record| matches!(record.content, Content::Service { .. });
        if message.answers().any(|record| here(&record)) {
            found = Some(message);
            break;
        }
    }
    let message = found?;
    let services: Vec<_> = message.answers().filter_map(Service::of).take(MOST).collect();
    let asking = services.into_iter().map(|service| {
        let known = service.known(&message);
        let resolving = resolving.clone();
        spawn_local(async move { service.sites(known, &resolving).await })
    });
    let asking: Vec<_> = asking.collect();
    let (mut sites, mut time) = (Vec::new(), TIME.1);
    for one in asking {
        let Ok((of_one, good_for)) = one.await else { continue };
        sites.extend(of_one);
        time = time.min(good_for);
    }
    (!sites.is_empty()).then(|| (sites, time.max(TIME.0)))
}

/// One SRV record.
struct Service {
    rank: u16,
    share: u32,
    port: u16,
    target: String,
    time: Duration,
}

impl Service {
    /// What a record says; nothing for one that says that there is no such service.
    fn of(record: &Record) -> Option<Service> {
        let Content::Service { priority, weight, port, target } = &record.content else {
            return None;
        };
        // "A weight of 0 has a very small chance of being selected" beside others.
        let share = if *weight == 0 { 1 } else { u32::from(*weight) * SHARE };
        (!target.is_empty() && *port != 0).then(|| Service {
            rank: *priority,
            share,
            port: *port,
            target: target.clone(),
            time: record.time,
        })
    }

    /// The addresses of its target that came with the answer, and how long they are good for.
    fn known(&self, message: &Message) -> Vec<(IpAddr, Duration)> {
        let records = message.records.iter().filter(|record| record.owner == self.target);
        records.filter_map(address).collect()
    }

    /// Where it is, by these addresses or by those that nameservers know.
    async fn sites(
        self,
        mut known: Vec<(IpAddr, Duration)>,
        resolving: &Resolving,
    ) -> (Vec<Site>, Duration) {
        if known.is_empty() {
            known = hosts::of_host(&resolving.servers, &self.target).await.unwrap_or_default();
        }
        // Where nobody knows it, others are good for a moment only.
        let time = known.iter().map(|(_, time)| *time).min().unwrap_or(TIME.0).min(self.time);
        let site = |(ip, _): &(IpAddr, Duration)| Site {
            address: SocketAddr::new(*ip, self.port),
            rank: self.rank,
            share: self.share,
        };
        (known.iter().map(site).collect(), time)
    }
}

/// The address that a record holds.
fn address(record: &Record) -> Option<(IpAddr, Duration)> {
    match record.content {
        Content::V4(octets) => Some((Ipv4Addr::from(octets).into(), record.time)),
        Content::V6(octets) => Some((Ipv6Addr::from(octets).into(), record.time)),
        _ => None,
    }
}

/// What nameservers say of a name: also that there is nothing. Nothing when none of them says anything.
async fn ask(servers: &[SocketAddr], name: &str, kind: Kind) -> Option<Message> {
    for _ in 0..ROUNDS {
        for server in servers {
            // Who knows it could answer in the place of the nameserver.
            let id = RandomState::new().hash_one(name) as u16;
            let query = message::query(id, name, kind)?;
            let asked = timeout(PATIENCE, exchange(*server, &query)).await;
            let Ok(Ok(message)) = asked else { continue };
            if message.is_known() {
                return Some(message);
            }
        }
    }
    None
}

/// Asks over UDP, and over TCP what does not fit in there.
async fn exchange(server: SocketAddr, query: &[u8]) -> io::Result<Message> {
    let here: IpAddr =
        if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    // On a port that nobody knows, and only what comes from there is taken.
    let socket = UdpSocket::bind((here, 0)).await?;
    socket.connect(server).await?;
    socket.send(query).await?;
    let mut buffer = [0; 4096];
    loop {
        let size = socket.recv(&mut buffer).await?;
        match Message::read(buffer.get(..size).unwrap_or_default(), query) {
            Some(message) if message.is_cut => return over_tcp(server, query).await,
            Some(message) => return Ok(message),
            // It may be late, or of somebody else: the right one may come still.
            None => {}
        }
    }
}

async fn over_tcp(server: SocketAddr, query: &[u8]) -> io::Result<Message> {
    let mut stream = TcpStream::connect(server).await?;
    let size = u16::try_from(query.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    stream.write_all(&[&size.to_be_bytes(), query].concat()).await?;
    let size = stream.read_u16().await?;
    let mut buffer = vec![0; usize::from(size)];
    stream.read_exact(&mut buffer).await?;
    Message::read(&buffer, query).ok_or_else(|| io::ErrorKind::InvalidData.into())
}
