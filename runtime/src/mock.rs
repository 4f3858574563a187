//! Backends that answer from a contract: each operation has one fixed answer.
//!
//! They serve a gateway that is tried out on one machine. They listen on the loopback interface
//! and end with the value that [`start`] returns.

mod ask;
#[cfg(feature = "auth")]
pub mod caller;
mod scripted;

#[cfg(feature = "tls")]
pub use self::ask::ask_securely;
pub use self::ask::{Question, Reply, ask};
pub use self::scripted::{Deed, Received, Script, Scripted};

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::rc::Rc;
use std::thread::JoinHandle;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::sync::oneshot;
use tokio::task::{LocalSet, spawn_local};

use crate::json::Writer;
use crate::metrics::Peer;
use crate::request::{FEW, Segments};
use crate::stream::{Socket, Stream};

/// Stands in the body of an operation for where its mock listens: `http://127.0.0.1:PORT`.
///
/// A mock says where it is only after it listens there: a port that is chosen before may be
/// somebody else's by then.
pub const HERE: &str = "mock://here";

/// A backend to stand in for.
#[derive(Clone, Debug)]
pub struct MockBackend {
    /// Its name in the contract.
    pub name: String,
    /// The variable that holds its address, if it has one.
    pub variable: Option<String>,
    /// The port to listen on; 0 takes any free one.
    pub port: u16,
    /// What it answers. The first operation that matches counts.
    pub operations: Vec<Operation>,
}

/// One operation of a backend and its answer.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The method, in capitals.
    pub method: String,
    /// The path's segments, decoded; `None` stands for any one segment.
    pub path: Vec<Option<String>>,
    /// Whether any number of segments, at least one, may follow.
    pub rest: bool,
    /// The status code of the answer.
    pub status: u16,
    /// The JSON text of the answer, if it has a body; [`HERE`] in it becomes the mock's address.
    pub body: Option<String>,
    /// Whether the body is a stream: one JSON text per line.
    pub stream: bool,
}

/// Where a mock listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MockAddress {
    /// The backend's name.
    pub name: String,
    /// The variable that holds its address, if it has one.
    pub variable: Option<String>,
    /// Where it listens.
    pub address: SocketAddr,
}

/// Mocks that run until this value is dropped.
#[derive(Debug)]
pub struct Running {
    addresses: Vec<MockAddress>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Where the mocks listen, in the order in which they were given.
    pub fn addresses(&self) -> &[MockAddress] {
        &self.addresses
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Starts the mocks, all on one thread of their own. They answer once this returns.
///
/// # Errors
///
/// When a port is taken, or the thread cannot be started.
pub fn start(backends: Vec<MockBackend>) -> io::Result<Running> {
    let mut mocks = Vec::new();
    let mut addresses = Vec::new();
    for mut backend in backends {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, backend.port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        backend.settle(address);
        let (name, variable) = (backend.name.clone(), backend.variable.clone());
        addresses.push(MockAddress { name, variable, address });
        mocks.push((listener, backend));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let thread = std::thread::Builder::new().name("mocks".to_owned()).spawn(move || {
        LocalSet::new().block_on(&runtime, async move {
            for (listener, backend) in mocks {
                if let Ok(listener) = tokio::net::TcpListener::from_std(listener) {
                    spawn_local(serve(listener, Rc::new(backend)));
                }
            }
            let _ = stopped.await;
        });
    })?;
    Ok(Running { addresses, stop: Some(stop), thread: Some(thread) })
}

async fn serve(listener: tokio::net::TcpListener, backend: Rc<MockBackend>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let backend = Rc::clone(&backend);
        spawn_local(async move {
            let service = service_fn(move |request| {
                let answer = backend.answer(&request);
                async move { Ok::<_, Infallible>(answer) }
            });
            let mut builder = http1::Builder::new();
            builder.header_read_timeout(None);
            let stream = Stream::new(Socket::new(stream), Peer::Caller);
            // A connection that breaks is the other side's choice.
            let _ = builder.serve_connection(stream, service).await;
        });
    }
}

impl MockBackend {
    /// Puts into its answers where it listens.
    fn settle(&mut self, address: SocketAddr) {
        let here = format!("http://{address}");
        for body in self.operations.iter_mut().filter_map(|one| one.body.as_mut()) {
            if body.contains(HERE) {
                *body = body.replace(HERE, &here);
            }
        }
    }

    fn answer(&self, request: &http::Request<Incoming>) -> http::Response<Full<Bytes>> {
        let segments = Segments::parse(request.uri()).ok();
        let known = segments.and_then(|segments| {
            let mut room = [""; FEW];
            let list = segments.list(&mut room);
            self.operations.iter().find(|one| one.matches(request.method(), &list))
        });
        let (status, kind, body) = match known {
            Some(Operation { status, body, stream, .. }) => {
                let kind = if *stream { "application/x-ndjson" } else { "application/json" };
                (*status, kind, body.clone().unwrap_or_default())
            }
            None => (404, "application/problem+json", self.unknown()),
        };
        let mut response = http::Response::new(Full::from(body));
        *response.status_mut() =
            http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        if known.is_none_or(|operation| operation.body.is_some()) {
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        response
    }

    /// A problem that lists what the mock knows.
    fn unknown(&self) -> String {
        let mut out = Writer::new();
        out.raw("{\"type\":\"urn:problem:mock:unknown-operation\",\"title\":");
        out.text(&format!("The mock of `{}` does not know this operation", self.name));
        out.raw(",\"status\":404,\"known\":[");
        for operation in &self.operations {
            out.comma();
            out.text(&operation.to_string());
        }
        out.raw("]}");
        out.as_str().to_owned()
    }
}

impl Operation {
    fn matches(&self, method: &http::Method, segments: &[&str]) -> bool {
        let fits = |(wanted, segment): (&Option<String>, &&str)| match wanted {
            Some(wanted) => wanted == segment,
            None => !segment.is_empty(),
        };
        let length = match self.rest {
            true => self.path.len() < segments.len(),
            false => self.path.len() == segments.len(),
        };
        self.method == method.as_str() && length && self.path.iter().zip(segments).all(fits)
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ", self.method)?;
        for segment in &self.path {
            write!(f, "/{}", segment.as_deref().unwrap_or("{}"))?;
        }
        if self.rest { write!(f, "/{{*}}") } else { Ok(()) }
    }
}
