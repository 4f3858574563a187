//! One connection of a caller: served by hyper, watched for those who are too slow.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::answer::answer;
use super::core::{Core, Counted};
use super::record::Record;
use super::{Limits, Phase};
use crate::auth::Certificate;
use crate::metrics::Peer;
use crate::stream::{Activity, Socket, Stream};
use crate::upstream::Tunnel;

/// How many bytes hyper may hold of a head beyond our own limits, so that those who are a little
/// over them get a problem document and only the rest a bare status.
const HEADROOM: usize = 32 * 1024;

/// How long a drained server waits for the first request of a connection. Whoever has connected is
/// about to send one.
const FIRST_WORD: Duration = Duration::from_millis(500);

/// Serves a connection until it ends, is given up, or has been drained.
pub(super) async fn serve(
    core: Counted,
    stream: TcpStream,
    peer: IpAddr,
    phase: watch::Receiver<Phase>,
) {
    // Answers are written whole: waiting for more would only delay them.
    let _ = stream.set_nodelay(true);
    let Some(io) = Io::open(&core, Socket::new(stream)).await else { return };
    let shown = Rc::new(io.shown(&core));
    let stream = Stream::new(io, Peer::Caller);
    let work = Rc::<Work>::default();
    let mut watch = Watch::new(core.limits, stream.activity(), Rc::clone(&work));
    let tunnel = Rc::<Cell<Option<Tunnel>>>::default();
    let service = service_fn(|request| {
        let core = Rc::clone(&core);
        let working = Working::start(&work);
        let (tunnel, shown) = (Rc::clone(&tunnel), Rc::clone(&shown));
        async move {
            let mut record = Record::begin(peer);
            let (mut response, changed) = answer(core, (peer, &shown), request, &mut record).await;
            if changed.is_some() {
                tunnel.set(changed);
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
    let mut draining = pin!(drains(phase.clone()));
    let mut patience = pin!(async {
        drains(phase).await;
        sleep(FIRST_WORD).await;
    });
    let (mut drains, mut closing) = (false, false);
    poll_fn(|context| {
        loop {
            if Pin::new(&mut connection).poll(context).is_ready() || watch.poll(context).is_ready()
            {
                return Poll::Ready(());
            }
            drains = drains || draining.as_mut().poll(context).is_ready();
            let mut late = || patience.as_mut().poll(context).is_ready();
            if closing || !drains || (work.taken.get() == 0 && !late()) {
                return Poll::Pending;
            }
            closing = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
    })
    .await;
    if let Some(tunnel) = tunnel.take() {
        let parts = connection.into_parts();
        tunnel.run(parts.io.into_inner(), parts.read_buf).await;
    }
}

/// What a connection shows of its caller.
pub(super) struct Shown {
    /// Whether it is encrypted.
    pub(super) secure: bool,
    /// A certificate whose key the caller has.
    pub(super) certificate: Option<Certificate>,
}

/// A connection of a caller, as its bytes are read and written.
enum Io {
    Plain(Socket),
    #[cfg(feature = "tls")]
    Secure(Box<tokio_rustls::server::TlsStream<Socket>>),
}

impl Io {
    /// Secures a connection, if it is to be; nothing when that fails or takes too long.
    #[cfg(feature = "tls")]
    async fn open(core: &Counted, socket: Socket) -> Option<Io> {
        let Some(acceptor) = &core.acceptor else { return Some(Io::Plain(socket)) };
        let secured = tokio::time::timeout(core.limits.handshake, acceptor.secure(socket)).await;
        Some(Io::Secure(Box::new(secured.ok()?.ok()?)))
    }

    #[cfg(not(feature = "tls"))]
    #[expect(clippy::unused_async, reason = "with TLS there is something to wait for")]
    async fn open(_: &Counted, socket: Socket) -> Option<Io> {
        Some(Io::Plain(socket))
    }

    /// What is known of the caller before anything is asked.
    fn shown(&self, core: &Core) -> Shown {
        let certificate = match self {
            #[cfg(all(feature = "auth", feature = "tls"))]
            Io::Secure(stream) => core.acceptor.as_ref().and_then(|acceptor| {
                Certificate::of(stream.get_ref().1.peer_certificates()?, acceptor.clone())
            }),
            _ => None,
        };
        Shown { secure: !matches!(self, Io::Plain(_)), certificate }
    }
}

/// Calls a function of what is inside.
macro_rules! inside {
    ($io:expr, $inner:ident => $call:expr) => {
        match $io {
            Io::Plain($inner) => $call,
            #[cfg(feature = "tls")]
            Io::Secure($inner) => $call,
        }
    };
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        inside!(self.get_mut(), inner => Pin::new(inner).poll_read(context, buffer))
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        inside!(self.get_mut(), inner => Pin::new(inner).poll_write(context, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        inside!(self.get_mut(), inner => Pin::new(inner).poll_write_vectored(context, slices))
    }

    fn is_write_vectored(&self) -> bool {
        inside!(self, inner => inner.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        inside!(self.get_mut(), inner => Pin::new(inner).poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        inside!(self.get_mut(), inner => Pin::new(inner).poll_shutdown(context))
    }
}

/// Waits until the server drains.
async fn drains(mut phase: watch::Receiver<Phase>) {
    let _ = phase.wait_for(|phase| *phase == Phase::Draining).await;
}

/// The requests of one connection.
#[derive(Default)]
struct Work {
    /// How many are being answered.
    active: Cell<u32>,
    /// How many there have been.
    taken: Cell<u64>,
}

/// One request while it is being answered.
struct Working(Rc<Work>);

impl Working {
    fn start(work: &Rc<Work>) -> Working {
        work.active.set(work.active.get() + 1);
        work.taken.set(work.taken.get() + 1);
        Working(Rc::clone(work))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.active.set(self.0.active.get().saturating_sub(1));
    }
}

/// Gives up a connection that waits too long for its caller.
struct Watch {
    limits: Limits,
    activity: Rc<Activity>,
    work: Rc<Work>,
    /// How many requests it has seen; some come and go between two looks.
    seen: u64,
    state: State,
    timer: Pin<Box<Sleep>>,
}

/// What a connection waits for.
#[derive(Clone, Copy)]
enum State {
    /// The first byte of a request; `received` bytes had come before.
    Request { since: Instant, received: u64 },
    /// The rest of a head.
    Head { since: Instant },
    /// Its answer, which has limits of its own.
    Answer,
}

impl Watch {
    fn new(limits: Limits, activity: Rc<Activity>, work: Rc<Work>) -> Watch {
        let since = Instant::now();
        // A connection that never says anything is as good as one that says it slowly.
        let timer = Box::pin(sleep_until(since + limits.head_time));
        Watch { limits, activity, work, seen: 0, state: State::Head { since }, timer }
    }

    /// Ready once the connection is to be given up. To be polled after the connection.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.state = self.next_state();
        self.seen = self.work.taken.get();
        loop {
            let due = self.due();
            // The timer is only ever moved forward here, when it fires too early for what has
            // happened since: a busy connection does not touch it.
            if due.is_some_and(|due| due < self.timer.deadline()) {
                self.timer.as_mut().reset(due.unwrap_or_else(Instant::now));
            }
            if self.timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            match due {
                Some(due) if due <= Instant::now() => return Poll::Ready(()),
                later => {
                    let later = later.unwrap_or_else(|| Instant::now() + self.limits.idle);
                    self.timer.as_mut().reset(later);
                }
            }
        }
    }

    fn next_state(&self) -> State {
        let received = self.activity.received.get();
        match self.state {
            _ if self.work.active.get() > 0 => State::Answer,
            state if matches!(state, State::Answer) || self.work.taken.get() != self.seen => {
                State::Request { since: Instant::now(), received }
            }
            State::Request { received: before, .. } if received != before => {
                State::Head { since: Instant::now() }
            }
            state => state,
        }
    }

    /// When the connection is to be given up as things stand.
    fn due(&self) -> Option<Instant> {
        let waits = match self.state {
            State::Request { since, .. } => Some(since + self.limits.idle),
            State::Head { since } => Some(since + self.limits.head_time),
            State::Answer => None,
        };
        let stalls = self.activity.stalled.get().map(|since| since + self.limits.stall);
        match (waits, stalls) {
            (Some(waits), Some(stalls)) => Some(waits.min(stalls)),
            (waits, stalls) => waits.or(stalls),
        }
    }
}
