//! One request to a server on this machine, and its whole answer.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HOST, HeaderName, HeaderValue};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::metrics::Peer;
use crate::stream::{Socket, Stream};

/// The longest answer that is read.
const MAX_BODY: usize = 64 << 20;

/// A request.
#[derive(Clone, Debug)]
pub struct Question {
    /// The method.
    pub method: String,
    /// Path and query, encoded.
    pub target: String,
    /// Header fields in order.
    pub headers: Vec<(String, String)>,
    /// The body; nothing: none.
    pub body: Option<String>,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The header fields in order; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Asks on a connection of its own, and waits at most `limit` for the whole answer.
///
/// # Errors
///
/// There is no whole answer, or the request cannot be sent; in words.
pub fn ask(address: SocketAddr, question: &Question, limit: Duration) -> Result<Reply, String> {
    within(limit, async { exchange(connect(address).await?, address, question).await })
}

/// Asks as [`ask`] does, on a connection that is secured as `config` says. The server is `localhost`.
///
/// # Errors
///
/// Besides those of [`ask`]: the server does not show what is trusted, or refuses what it is shown.
#[cfg(feature = "tls")]
pub fn ask_securely(
    (address, config): (SocketAddr, std::sync::Arc<rustls::ClientConfig>),
    question: &Question,
    limit: Duration,
) -> Result<Reply, String> {
    within(limit, async {
        let name = rustls::pki_types::ServerName::try_from("localhost");
        let name = name.map_err(|error| error.to_string())?;
        let connector = tokio_rustls::TlsConnector::from(config);
        let secured = connector.connect(name, connect(address).await?).await;
        let secured = secured.map_err(|error| format!("the connection broke: {error}"))?;
        exchange(secured, address, question).await
    })
}

fn within(
    limit: Duration,
    work: impl Future<Output = Result<Reply, String>>,
) -> Result<Reply, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(async {
        match tokio::time::timeout(limit, work).await {
            Ok(reply) => reply,
            Err(_) => Err(format!("not within {} s", limit.as_secs())),
        }
    })
}

async fn connect(address: SocketAddr) -> Result<Socket, String> {
    let stream = tokio::net::TcpStream::connect(address).await;
    let stream = stream.map_err(|error| format!("it cannot be reached: {error}"))?;
    let _ = stream.set_nodelay(true);
    Ok(Socket::new(stream))
}

async fn exchange(
    io: impl AsyncRead + AsyncWrite + Unpin,
    address: SocketAddr,
    question: &Question,
) -> Result<Reply, String> {
    let request = request(address, question)?;
    let broken = |error: hyper::Error| format!("the connection broke: {error}");
    let (mut sender, connection) =
        http1::handshake(Stream::new(io, Peer::Caller)).await.map_err(broken)?;
    let asking = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_BODY).collect().await;
        let body = body.map_err(|error| format!("the answer broke off: {error}"))?;
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let field = |(name, value): (&HeaderName, &HeaderValue)| (name.to_string(), text(value));
        Ok(Reply {
            status: head.status.as_u16(),
            headers: head.headers.iter().map(field).collect(),
            body: body.to_bytes().to_vec(),
        })
    };
    let mut connection = std::pin::pin!(connection);
    let mut asking = std::pin::pin!(asking);
    let mut open = true;
    std::future::poll_fn(|context| {
        // Whoever asks also drives the connection.
        if open && connection.as_mut().poll(context).is_ready() {
            open = false;
        }
        asking.as_mut().poll(context)
    })
    .await
}

fn request(address: SocketAddr, question: &Question) -> Result<http::Request<Full<Bytes>>, String> {
    let body = question.body.clone().unwrap_or_default();
    let mut request = http::Request::new(Full::from(body));
    *request.method_mut() =
        question.method.parse().map_err(|_| format!("`{}` is no method", question.method))?;
    *request.uri_mut() =
        question.target.parse().map_err(|_| format!("`{}` cannot be sent", question.target))?;
    let headers = request.headers_mut();
    for (name, value) in &question.headers {
        let field = HeaderName::from_bytes(name.as_bytes()).ok();
        let value = HeaderValue::from_str(value).ok();
        let (Some(field), Some(value)) = (field, value) else {
            return Err(format!("header `{name}` cannot be sent"));
        };
        headers.append(field, value);
    }
    if !headers.contains_key(HOST)
        && let Ok(host) = HeaderValue::from_str(&address.to_string())
    {
        headers.insert(HOST, host);
    }
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    Ok(request)
}
