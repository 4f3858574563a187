//! Speaks to whoever collects spans: again and again, over one connection, apart from requests.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{
    ACCEPT, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, RETRY_AFTER, TE, USER_AGENT,
};
use http::uri::PathAndQuery;
use http::{Method, StatusCode};
use tokio::net::lookup_host;
use tokio::time::timeout;

use super::Address;
use super::connect::{Approach, Origin, open};
use super::fields::Fields;
use super::link::{Head, Instead, Link, Two, Wanted};
use super::upload::Sent;
use crate::request::Chunks;

/// How long one message may take, connecting included.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest answer that is read, in bytes.
const LARGEST: usize = 64 * 1024;
/// The longest that a collector is left alone because it asks for it.
const LONGEST: Duration = Duration::from_secs(30);

/// A collector of spans (OTLP 1.x).
pub(crate) struct Collector {
    address: Address,
    headers: HeaderMap,
    /// The connection that the last message went over.
    link: Option<(HeaderValue, Link)>,
}

/// Why a message was not taken.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) why: String,
    /// Whether it may be taken later, and after how long at the soonest.
    pub(crate) again: Option<Duration>,
}

impl Refusal {
    fn later(why: impl Into<String>) -> Refusal {
        Refusal { why: why.into(), again: Some(Duration::ZERO) }
    }
}

/// What is spoken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Speech {
    One,
    Two,
}

impl Collector {
    /// One that is there, and is sent these fields with each message.
    pub(crate) fn new(address: Address, headers: HeaderMap) -> Collector {
        Collector { address, headers, link: None }
    }

    /// Sends a message as the body of a POST (OTLP/HTTP), and returns the body of the answer.
    ///
    /// # Errors
    ///
    /// It was not taken.
    pub(crate) async fn post(&mut self, message: &Bytes) -> Result<Bytes, Refusal> {
        let path = format!("{}/v1/traces", self.address.prefix);
        let kind = HeaderValue::from_static("application/x-protobuf");
        let sending = async {
            let (status, headers, body, _) = self.ask(&path, (kind, message), Speech::One).await?;
            if status.is_success() {
                return Ok(body);
            }
            let why = format!("the collector answered {}", status.as_u16());
            let later = matches!(status.as_u16(), 429 | 502 | 503 | 504);
            let again = later.then(|| wait(&headers));
            Err(Refusal { why, again })
        };
        timeout(PATIENCE, sending).await.unwrap_or_else(|_| Err(late()))
    }

    /// Sends a message as a call (OTLP/gRPC), and returns what is returned.
    ///
    /// # Errors
    ///
    /// It was not taken.
    pub(crate) async fn call(&mut self, message: &Bytes) -> Result<Bytes, Refusal> {
        const PATH: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
        let kind = HeaderValue::from_static("application/grpc");
        let mut framed = BytesMut::with_capacity(message.len() + 5);
        framed.put_u8(0);
        framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
        framed.extend_from_slice(message);
        let framed = framed.freeze();
        let sending = async {
            let (status, headers, body, trailers) =
                self.ask(PATH, (kind, &framed), Speech::Two).await?;
            if status != StatusCode::OK {
                let later = matches!(status.as_u16(), 429 | 502 | 503 | 504);
                let why = format!("the collector answered {}", status.as_u16());
                return Err(Refusal { why, again: later.then_some(Duration::ZERO) });
            }
            // A call that fails at once has its end in the head.
            let end = trailers.get("grpc-status").or_else(|| headers.get("grpc-status"));
            match end.and_then(|end| end.to_str().ok()?.parse::<u32>().ok()) {
                Some(0) => Ok(body.get(5..).map_or_else(Bytes::new, |rest| body.slice_ref(rest))),
                // Cancelled, too late, exhausted, aborted, out of range, away, lost.
                Some(code @ (1 | 4 | 8 | 10 | 11 | 14 | 15)) => {
                    Err(Refusal::later(format!("the collector ended the call with {code}")))
                }
                Some(code) => Err(Refusal {
                    why: format!("the collector ended the call with {code}"),
                    again: None,
                }),
                None => Err(Refusal::later("the collector did not end the call")),
            }
        };
        timeout(PATIENCE, sending).await.unwrap_or_else(|_| Err(late()))
    }

    /// Asks over the connection that is there, or over a fresh one.
    async fn ask(
        &mut self,
        path: &str,
        (kind, message): (HeaderValue, &Bytes),
        speech: Speech,
    ) -> Result<(StatusCode, HeaderMap, Bytes, HeaderMap), Refusal> {
        const AGENT: &str = concat!("gatewright/", env!("CARGO_PKG_VERSION"));
        let target = PathAndQuery::try_from(path);
        let target = target.unwrap_or_else(|_| PathAndQuery::from_static("/"));
        loop {
            let known = self.link.take();
            let used = known.is_some();
            let (authority, mut link) = match known {
                Some(known) => known,
                None => self.connect(speech).await.map_err(Refusal::later)?,
            };
            let mut headers = Fields::default();
            headers.set(HOST, authority.clone());
            headers.set(USER_AGENT, HeaderValue::from_static(AGENT));
            headers.set(ACCEPT, kind.clone());
            headers.set(CONTENT_TYPE, kind.clone());
            if speech == Speech::Two {
                headers.set(TE, HeaderValue::from_static("trailers"));
            }
            for (name, value) in &self.headers {
                headers.set(name.clone(), value.clone());
            }
            let (method, instead) = (Method::POST, Instead::default());
            let head = Head { method, target: &target, headers: &headers, instead };
            match answer(&mut link, &head, message).await {
                Ok(answer) => {
                    self.link = Some((authority, link));
                    return Ok(answer);
                }
                // It may have been closed while nothing was to be sent.
                Err(_) if used => {}
                Err(why) => return Err(Refusal::later(why)),
            }
        }
    }

    async fn connect(&self, speech: Speech) -> Result<(HeaderValue, Link), String> {
        let mut last = "the collector has no address".to_owned();
        for host in &self.address.hosts {
            let found = lookup_host((host.name.as_str(), host.port)).await;
            let Ok(found) = found else { continue };
            for one in found {
                let linked = match (speech, self.address.secure) {
                    (Speech::Two, false) => match open(one).await {
                        Ok(socket) => Two::open(socket, false).await.map(Link::Two),
                        Err(error) => Err(format!("cannot connect: {}", error.kind())),
                    },
                    (speech, _) => {
                        let wanted = if speech == Speech::Two { Wanted::Any } else { Wanted::One };
                        let origin = Origin::new(host, &self.address, &Approach::default());
                        let linked = origin.connect(one, None, wanted).await;
                        linked.map_err(|reason| reason.to_string())
                    }
                };
                match linked {
                    Ok(Link::One(_)) if speech == Speech::Two => {
                        last = "the collector does not speak HTTP/2".to_owned();
                    }
                    Ok(link) => return Ok((host.authority.clone(), link)),
                    Err(why) => last = why,
                }
            }
        }
        Err(last)
    }
}

/// The whole answer, with what stands behind its body.
async fn answer(
    link: &mut Link,
    head: &Head<'_>,
    message: &Bytes,
) -> Result<(StatusCode, HeaderMap, Bytes, HeaderMap), String> {
    let answered = link.begin(head, Sent::Whole(message.clone())).await;
    let answered = answered.map_err(|broken| broken.what)?;
    let mut trailers = HeaderMap::new();
    let mut whole = Chunks::default();
    while let Some(next) = link.frame().await {
        match next?.into_data() {
            Ok(data) => whole.push(data, LARGEST).ok_or("the answer is too large")?,
            Err(other) => trailers = other.into_trailers().unwrap_or_default(),
        }
    }
    Ok((answered.status, answered.headers, whole.finish(), trailers))
}

/// How long the collector asks to be left alone, in seconds (RFC 9110 section 10.2.3).
fn wait(headers: &HeaderMap) -> Duration {
    let seconds = headers.get(RETRY_AFTER).and_then(|text| text.to_str().ok()?.trim().parse().ok());
    Duration::from_secs(seconds.unwrap_or(0)).min(LONGEST)
}

fn late() -> Refusal {
    Refusal::later("the collector took too long")
}
