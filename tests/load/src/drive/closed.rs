//! Callers who ask again as soon as they are answered.

use super::{Slice, whole};
use crate::Fault;
use crate::site::Site;
use crate::works::{Front, Work};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http2;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio_rustls::TlsConnector;

/// Requests over HTTP/2 share so many connections.
const CONNECTIONS: usize = 4;

/// Callers that are connected.
pub(crate) struct Callers {
    connections: Vec<Connection>,
    request: Rc<Request>,
}

enum Connection {
    One(Box<dyn Stream>),
    Two(http2::SendRequest<Full<Bytes>>),
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

struct Request {
    text: Vec<u8>,
    two: hyper::Request<Full<Bytes>>,
}

impl Callers {
    /// Connects as many as the work says.
    pub(crate) async fn connect(
        address: SocketAddr,
        work: &Work,
        token: &str,
        site: &Site,
    ) -> Result<Self, Fault> {
        let mut connections = Vec::new();
        while connections.len() < work.at_once {
            match work.front {
                Front::Plain => connections.push(Connection::One(Box::new(tcp(address).await?))),
                Front::Tls => {
                    let stream = tls(address, site, "http/1.1").await?;
                    connections.push(Connection::One(Box::new(stream)));
                }
                Front::Two => {
                    let sender = two(tls(address, site, "h2").await?).await?;
                    let each = work.at_once.div_ceil(CONNECTIONS);
                    connections.extend((0..each).map(|_| Connection::Two(sender.clone())));
                }
            }
        }
        let request = Rc::new(Request { text: work.text(token), two: two_request(work, token)? });
        Ok(Self { connections, request })
    }

    /// Asks for so long.
    pub(crate) async fn ask(&mut self, local: &LocalSet, during: Duration) -> Slice {
        let slice = Rc::new(RefCell::new(Slice::default()));
        let begin = Instant::now();
        let until = begin + during;
        let tasks: Vec<_> = self
            .connections
            .drain(..)
            .map(|mut connection| {
                let (slice, request) = (Rc::clone(&slice), Rc::clone(&self.request));
                local.spawn_local(async move {
                    let lasts = connection.ask_until(until, &request, &slice).await;
                    lasts.then_some(connection)
                })
            })
            .collect();
        for task in tasks {
            self.connections.extend(task.await.ok().flatten());
        }
        let mut slice = slice.take();
        slice.elapsed = begin.elapsed();
        slice
    }

    /// One request, for its status and body.
    ///
    /// # Errors
    ///
    /// That there is no answer.
    pub(crate) async fn once(&mut self) -> Result<(u16, Vec<u8>), Fault> {
        let connection = self.connections.first_mut().ok_or("nobody is connected")?;
        let mut buffer = Vec::new();
        let status = connection.ask(&self.request, &mut buffer).await?;
        Ok((status, buffer))
    }
}

impl Connection {
    /// Whether it can be used again.
    async fn ask_until(
        &mut self,
        until: Instant,
        request: &Request,
        slice: &RefCell<Slice>,
    ) -> bool {
        let mut buffer = Vec::with_capacity(16 * 1024);
        while Instant::now() < until {
            let begin = Instant::now();
            let status = self.ask(request, &mut buffer).await;
            let good = matches!(status, Ok(200..=299));
            slice.borrow_mut().note(begin.elapsed(), good);
            if status.is_err() {
                return false;
            }
        }
        true
    }

    /// Leaves the body in `buffer`.
    async fn ask(&mut self, request: &Request, buffer: &mut Vec<u8>) -> Result<u16, Fault> {
        buffer.clear();
        match self {
            Connection::One(stream) => {
                stream.write_all(&request.text).await?;
                loop {
                    if stream.read_buf(buffer).await? == 0 {
                        return Err("the connection was closed".into());
                    }
                    if let Some((_, status)) = whole(buffer) {
                        return Ok(status);
                    }
                }
            }
            Connection::Two(sender) => {
                sender.ready().await?;
                let answer = sender.send_request(request.two.clone()).await?;
                let status = answer.status().as_u16();
                let mut body = answer.into_body();
                while let Some(frame) = body.frame().await {
                    if let Ok(data) = frame?.into_data() {
                        buffer.extend_from_slice(&data);
                    }
                }
                Ok(status)
            }
        }
    }
}

async fn tcp(address: SocketAddr) -> Result<TcpStream, Fault> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn tls(
    address: SocketAddr,
    site: &Site,
    protocol: &str,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Fault> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&site.certificate)?)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions()?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let connector = TlsConnector::from(Arc::new(config));
    let name = ServerName::try_from("localhost")?;
    Ok(connector.connect(name, tcp(address).await?).await?)
}

async fn two(stream: impl Stream + 'static) -> Result<http2::SendRequest<Full<Bytes>>, Fault> {
    let mut builder = http2::Builder::new(Local);
    builder.initial_stream_window_size(1 << 20).initial_connection_window_size(16 << 20);
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
    tokio::task::spawn_local(connection);
    Ok(sender)
}

fn two_request(work: &Work, token: &str) -> Result<hyper::Request<Full<Bytes>>, Fault> {
    let mut request = hyper::Request::builder().method(work.method());
    request = request.uri(format!("https://localhost{}", work.path));
    for (name, value) in work.headers(token) {
        request = request.header(name, value);
    }
    let body = Bytes::from(work.body.clone().unwrap_or_default());
    Ok(request.body(Full::new(body))?)
}

/// Tasks of hyper stay on this thread.
#[derive(Clone)]
struct Local;

impl<F: Future + 'static> hyper::rt::Executor<F> for Local {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}
