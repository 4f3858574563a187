//! Asks somebody who is no backend: for keys, for lists. Apart from requests, and seldom.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, HOST, HeaderValue, USER_AGENT};
use http_body_util::Full;
use tokio::net::lookup_host;
use tokio::time::timeout;

use super::Address;
use super::connect::Origin;
use super::exchange::judge;
use super::failure::Reason;
use super::link::{Link, Wanted};
use super::upload::Sent;

/// How long asking may take, connecting included.
const PATIENCE: Duration = Duration::from_secs(5);

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
    const AGENT: &str = concat!("gatewright/", env!("CARGO_PKG_VERSION"));
    let asking = async {
        let (origin, mut link) = connect(address).await?;
        let path = if address.prefix.is_empty() { "/" } else { &address.prefix };
        let mut request = http::Request::new(Sent::Whole(Full::new(Bytes::new())));
        *request.uri_mut() = path
            .parse()
            .map_err(|_| Reason::Invalid("its address has no usable path".to_owned()))?;
        let headers = request.headers_mut();
        headers.insert(HOST, origin.authority.clone());
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        let answer = link.ask(request, limit).await;
        judge(answer.map_err(|broken| Reason::Unreachable(broken.what))?, limit)
    };
    timeout(PATIENCE, asking).await.unwrap_or(Err(Reason::Timeout))
}

/// A connection to the first address of the first host that accepts one.
async fn connect(address: &Address) -> Result<(Origin, Link), Reason> {
    let mut last = Reason::NoAddress;
    for host in &address.hosts {
        let origin = Origin::new(host, address.secure);
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
