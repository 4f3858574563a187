//! Limits that several gateways count together, in a store.
//!
//! What a gateway counts itself is a part of what all count. So a limit that is reached here is reached, and the
//! store need not be asked; and when it is away, what is known here goes on from where it is.

use std::time::Duration;

use super::meter::Refused;
use super::{Caller, Limited};
use crate::contract::Contract;
use crate::settings::Settings;

/// A limit of a request, by its place among those of the endpoint, and what is left of it.
pub(super) type Own = (usize, (u64, Duration));

/// Why what all gateways have counted lets no call through.
#[cfg_attr(not(feature = "store"), expect(dead_code, reason = "nothing is counted together"))]
pub(super) enum Refusal {
    /// The limit at this place is reached.
    Reached(usize, Refused),
    /// It cannot be found out, and the contract says to refuse then.
    Away,
}

/// What a core asks for what all gateways have counted.
#[derive(Default)]
pub(crate) struct Joint {
    #[cfg(feature = "store")]
    store: Option<(crate::store::Store, bool)>,
}

#[cfg(not(feature = "store"))]
impl Joint {
    /// Nothing that could be asked: a contract with shared limits is not served.
    pub(crate) fn start(_: &Contract, _: &Settings) -> Joint {
        Joint::default()
    }

    pub(super) async fn count(
        &self,
        _: (&Contract, &Limited),
        _: Caller<'_>,
        _: Vec<Own>,
    ) -> Result<Vec<Own>, Refusal> {
        Err(Refusal::Away)
    }
}

#[cfg(feature = "store")]
impl Joint {
    /// The store of a contract, asked for from now on. Within the tasks of a core.
    pub(crate) fn start(contract: &Contract, settings: &Settings) -> Joint {
        let refuse = contract.store.is_some_and(|store| store.refuse);
        let store = crate::store::Store::start(contract, settings);
        Joint { store: store.map(|store| (store, refuse)) }
    }

    /// Counts a call that this gateway has counted together with all others, and says what is left of its
    /// limits.
    pub(super) async fn count(
        &self,
        (contract, limited): (&Contract, &Limited),
        caller: Caller<'_>,
        own: Vec<Own>,
    ) -> Result<Vec<Own>, Refusal> {
        use crate::store::Counted;
        // A contract that shares limits has a store: without one nobody could say what is left.
        let Some((store, refuse)) = &self.store else { return Err(Refusal::Away) };
        let rate = |at: usize| limited.limits.get(at).map(|applied| applied.tally.rate());
        let asks = own.iter().filter_map(|(at, _)| ask(contract, limited, caller, *at));
        match store.take(&asks.collect::<Vec<_>>()).await {
            Ok(Counted::Taken(used)) => {
                let states = own.iter().zip(used);
                Ok(states
                    .filter_map(|((at, _), used)| Some((*at, rate(*at)?.left(used))))
                    .collect())
            }
            Ok(Counted::Refused(place, used)) => {
                let at = own.get(place).map(|(at, _)| *at);
                let refused = at.and_then(|at| Some((at, rate(at)?.refused(used))));
                Err(refused.map_or(Refusal::Away, |(at, refused)| Refusal::Reached(at, refused)))
            }
            Err(_) if *refuse => Err(Refusal::Away),
            Err(_) => Ok(own),
        }
    }
}

/// What the store is asked about one limit. Its name there does not depend on who asks, so that all
/// gateways of the API find each other.
#[cfg(feature = "store")]
fn ask(
    contract: &Contract,
    limited: &Limited,
    caller: Caller<'_>,
    at: usize,
) -> Option<crate::store::Ask> {
    use crate::contract::By;
    let applied = limited.limits.get(at)?;
    let mut key = format!("gatewright:{}:{}:", contract.api, applied.limit.name).into_bytes();
    match (applied.limit.by, &applied.field, caller.principal) {
        (By::Ip, ..) => key.extend_from_slice(network(caller.address).as_bytes()),
        (By::Header(_), Some(field), _) => {
            for value in caller.headers.get_all(field) {
                // What no value of a field holds.
                key.push(0);
                key.extend_from_slice(value.as_bytes());
            }
        }
        (By::Caller(_), _, Some(principal)) => key.extend_from_slice(principal.id()?.as_bytes()),
        (By::Claim(_, claim), _, Some(principal)) => {
            key.extend_from_slice(principal.claim(claim)?.as_bytes());
        }
        _ => {}
    }
    Some(crate::store::Ask { key, rate: applied.tally.rate().parts() })
}

/// An address, or the first 64 bits of an IPv6 address.
#[cfg(feature = "store")]
fn network(address: std::net::IpAddr) -> String {
    match address.to_canonical() {
        std::net::IpAddr::V4(address) => address.to_string(),
        std::net::IpAddr::V6(address) => {
            let first = address.to_bits() >> 64 << 64;
            format!("{}/64", std::net::Ipv6Addr::from_bits(first))
        }
    }
}
