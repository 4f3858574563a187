//! Asks somebody who is no backend: for keys, for lists. Apart from requests, and seldom.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use tokio::net::lookup_host;
use tokio::time::timeout;

use super::Address;
use super::connect::{Approach, Origin};
use super::exchange::judge;
use super::failure::Reason;
use super::fields::Fields;
use super::link::{Head, Instead, Link, Wanted};

/// How long asking may take, connecting included.
const PATIENCE: Duration = Duration::from_secs(5);

/// What somebody is asked for.
pub(crate) struct Asked {
    /// Media types that are read.
    pub(crate) accept: &'static str,
    /// The most that is read, in bytes.
    pub(crate) limit: usize,
    /// A form that is sent, with what says who sends it; nothing: it is asked with GET.
    pub(crate) form: Option<(HeaderValue, Bytes)>,
}

/// Asks `address` with GET for at most `limit` bytes. A redirect is no answer: who asks decides whom.
///
/// # Errors
///
/// There is no such answer.
pub(crate) async fn fetch(
    address: &Address,
    accept: &'static str,
    limit: usize,
) -> Result<Bytes, Reason> {
    ask(address, Asked { accept, limit, form: None }).await
}

/// Asks `address`, as [`fetch`] does, for whatever is wanted.
///
/// # Errors
///
/// There is no such answer.
pub(crate) async fn ask(address: &Address, asked: Asked) -> Result<Bytes, Reason> {
    let Asked { accept, limit, form } = asked;
    const AGENT: &str = concat!("gatewright/", env!("CARGO_PKG_VERSION"));
    let asking = async {
        let (origin, mut link) = connect(address).await?;
        let path = if address.prefix.is_empty() { "/" } else { &address.prefix };
        let (who, body) = form.unzip();
        let method = if who.is_some() { Method::POST } else { Method::GET };
        let target = path
            .parse()
            .map_err(|_| Reason::Invalid("its address has no usable path".to_owned()))?;
        let mut headers = Fields::default();
        headers.set(HOST, origin.authority.clone());
        headers.set(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.set(ACCEPT, HeaderValue::from_static(accept));
        if let Some(who) = who {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.set(CONTENT_TYPE, form);
            headers.set(AUTHORIZATION, who);
        }
        let instead = Instead::default();
        let head = Head { method, target: &target, headers: &headers, instead };
        let answer = link.ask(&head, body.unwrap_or_default(), limit).await;
        judge(answer.map_err(|broken| Reason::Unreachable(broken.what))?, limit)
    };
    timeout(PATIENCE, asking).await.unwrap_or(Err(Reason::Timeout))
}

/// A connection to the first address of the first host that accepts one.
async fn connect(address: &Address) -> Result<(Origin, Link), Reason> {
    let mut last = Reason::NoAddress;
    for host in &address.hosts {
        let origin = Origin::new(host, address, &Approach::default());
        let Ok(found) = lookup_host((host.name.as_str(), host.port)).await else { continue };
        for one in found {
            match origin.connect(one, None, Wanted::One).await {
                Ok(link) => return Ok((origin, link)),
                Err(reason) => last = reason,
            }
        }
    }
    Err(last)
}
