//! HTTP/1.1 and 1.0 towards callers.

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use http::Method;
use http::header::{CONNECTION, HeaderValue, TRANSFER_ENCODING};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use tokio::time::Instant;

use super::io::Io;
use super::watch::Working;
use super::{Carrier, HEADROOM, Life, Origin};
use crate::response::AnswerBody;
use crate::server::answer::answer;
use crate::server::core::Counted;
use crate::server::record::Record;
use crate::stream::Stream;
use crate::upstream::Tunnel;

/// Serves a connection until it ends; then what follows a change of protocol.
pub(super) async fn serve(core: &Counted, stream: Stream<Io>, (peer, shown): Origin, life: Life) {
    let tunnel = Rc::<Cell<Option<Tunnel>>>::default();
    let work = Rc::clone(&life.work);
    let (limits, begun) = (core.limits, Instant::now());
    let service = service_fn(|request: http::Request<Incoming>| {
        let core = Rc::clone(core);
        let working = Working::start(&work);
        let (tunnel, shown) = (Rc::clone(&tunnel), Rc::clone(&shown));
        let tunnels = request.method() == Method::CONNECT;
        let enough = limits.requests.is_some_and(|most| work.taken() >= most)
            || limits.age.is_some_and(|age| begun.elapsed() >= age);
        let last = enough || tunnels || request.headers().contains_key(TRANSFER_ENCODING);
        async move {
            let mut record = Record::begin(peer);
            let (mut response, changed) = answer(core, (peer, &shown), request, &mut record).await;
            if changed.is_some() {
                tunnel.set(changed);
            }
            if last {
                // hyper does not tell whether `Content-Length` was there too. Then another reader may
                // see the end of the body elsewhere, and in what follows a request that its sender
                // was never asked for (RFC 9112 section 6.1). So may one who believes in a tunnel.
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            let identity = record.identity();
            response.body_mut().hold((working, record), identity);
            Ok::<_, Infallible>(response)
        }
    });
    let mut builder = http1::Builder::new();
    // hyper's own timer would cost an allocation per request, and make no difference between a
    // caller who is idle and one who is slow; `Watch` does both jobs.
    builder.header_read_timeout(None);
    builder.max_header_size(core.limits.target + core.limits.headers + HEADROOM);
    let mut connection = builder.serve_connection(stream, service);
    life.run(&mut connection).await;
    if let Some(tunnel) = tunnel.take() {
        let parts = connection.into_parts();
        tunnel.run(parts.io.into_inner(), parts.read_buf).await;
    }
}

impl<S> Carrier for http1::Connection<Stream<Io>, S>
where
    S: HttpService<Incoming, ResBody = AnswerBody, Error = Infallible>,
{
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        Future::poll(Pin::new(self), context).map(|_| ())
    }

    fn close(&mut self) {
        Pin::new(self).graceful_shutdown();
    }
}
