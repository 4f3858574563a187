//! Backends that do what a script says, one request after the other.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::sync::oneshot;
use tokio::task::{LocalSet, spawn_local};

use crate::metrics::Peer;
use crate::stream::{Socket, Stream};

/// The longest body that is read.
const MAX_BODY: usize = 64 << 20;

/// How long to wait before a script is asked again for what it does not know yet.
const TICK: Duration = Duration::from_millis(1);

/// A request that a backend received.
#[derive(Clone, Debug)]
pub struct Received {
    /// The backend, counted as they were started.
    pub backend: usize,
    /// The method.
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// The header fields in order; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What a backend does about a request.
#[derive(Clone, Debug)]
pub enum Deed {
    /// It answers, and closes the connection behind the answer.
    Answer {
        /// The status code.
        status: u16,
        /// Header fields in order.
        headers: Vec<(String, String)>,
        /// The body; nothing: none.
        body: Option<String>,
        /// What passes before.
        delay: Duration,
    },
    /// It keeps the connection and says nothing.
    Silence,
    /// It closes the connection without an answer.
    Close {
        /// What passes before.
        delay: Duration,
    },
}

/// Says what backends do. It is called from one thread.
pub trait Script: Send + Sync + 'static {
    /// A request has come. The number names it from here on.
    fn received(&self, request: Received) -> usize;

    /// What to do about it, so long after it came; nothing: that is not known yet.
    fn deed(&self, request: usize, since: Duration) -> Option<Deed>;
}

/// Scripted backends that run until this value is dropped.
pub struct Scripted {
    addresses: Vec<SocketAddr>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

impl Scripted {
    /// Starts so many backends on the loopback interface, each on a port of its own, all on one
    /// thread. They answer once this returns.
    ///
    /// # Errors
    ///
    /// When there is no free port, or the thread cannot be started.
    pub fn start(backends: usize, script: Arc<dyn Script>) -> io::Result<Scripted> {
        let mut listeners = Vec::with_capacity(backends);
        let mut addresses = Vec::with_capacity(backends);
        for _ in 0..backends {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            listener.set_nonblocking(true)?;
            addresses.push(listener.local_addr()?);
            listeners.push(listener);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name("mocks".to_owned()).spawn(move || {
            LocalSet::new().block_on(&runtime, async move {
                for (backend, listener) in listeners.into_iter().enumerate() {
                    if let Ok(listener) = tokio::net::TcpListener::from_std(listener) {
                        spawn_local(serve(listener, backend, Arc::clone(&script)));
                    }
                }
                let _ = stopped.await;
            });
        })?;
        Ok(Scripted { addresses, stop: Some(stop), thread: Some(thread) })
    }

    /// Where the backends listen, in their order.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(listener: tokio::net::TcpListener, backend: usize, script: Arc<dyn Script>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let script = Arc::clone(&script);
        spawn_local(async move {
            let service = service_fn(move |request| {
                let work: Pin<Box<dyn Future<Output = Result<_, Closed>>>> =
                    Box::pin(answer(request, backend, Arc::clone(&script)));
                work
            });
            let mut builder = http1::Builder::new();
            builder.header_read_timeout(None);
            let stream = Stream::new(Socket::new(stream), Peer::Caller);
            // A connection that breaks is the script's choice, or the gateway's.
            let _ = builder.serve_connection(stream, service).await;
        });
    }
}

/// The connection ends without an answer.
#[derive(Debug)]
struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("closed by the script")
    }
}

impl std::error::Error for Closed {}

async fn answer(
    request: http::Request<Incoming>,
    backend: usize,
    script: Arc<dyn Script>,
) -> Result<http::Response<Full<Bytes>>, Closed> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await.map_err(|_| Closed)?;
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let number = script.received(Received {
        backend,
        method: head.method.as_str().to_owned(),
        target: head.uri.to_string(),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: body.to_bytes().to_vec(),
    });
    let begin = Instant::now();
    let deed = loop {
        match script.deed(number, begin.elapsed()) {
            Some(deed) => break deed,
            None => tokio::time::sleep(TICK).await,
        }
    };
    match deed {
        Deed::Silence => std::future::pending::<Result<_, Infallible>>().await.map_err(|_| Closed),
        Deed::Close { delay } => {
            tokio::time::sleep(delay).await;
            Err(Closed)
        }
        Deed::Answer { status, headers, body, delay } => {
            tokio::time::sleep(delay).await;
            response(status, &headers, body).ok_or(Closed)
        }
    }
}

fn response(
    status: u16,
    headers: &[(String, String)],
    body: Option<String>,
) -> Option<http::Response<Full<Bytes>>> {
    let has_body = body.is_some();
    let mut response = http::Response::new(Full::from(body.unwrap_or_default()));
    *response.status_mut() = http::StatusCode::from_u16(status).ok()?;
    let fields = response.headers_mut();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        fields.append(name, HeaderValue::from_str(value).ok()?);
    }
    if has_body && !fields.contains_key(CONTENT_TYPE) {
        fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    // A connection that is used again could break between two requests, and be tried again.
    fields.insert(CONNECTION, HeaderValue::from_static("close"));
    Some(response)
}
