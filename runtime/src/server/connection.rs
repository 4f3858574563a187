//! One connection of a caller: served, and watched for those who are too slow.

mod io;
mod one;
mod proxied;
mod two;
mod watch;

use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::watch::Receiver;
use tokio::time::sleep;

use self::io::{Io, Protocol};
use self::proxied::Carried;
use self::watch::{Verdict, Watch, Work};
use super::Phase;
use super::core::Counted;
use crate::auth::Certificate;
use crate::metrics::Peer;
use crate::stream::{Socket, Stream};

/// How many bytes may be held of a head beyond our own limits, so that those who are a little over them
/// are known: by their path and in the log.
const HEADROOM: usize = 32 * 1024;

/// How long a drained server waits for the first request of a connection. Whoever has connected is
/// about to send one.
const FIRST_WORD: Duration = Duration::from_millis(500);

/// Serves a connection until it ends, is given up, or has been drained.
pub(super) async fn serve(core: Counted, stream: TcpStream, peer: IpAddr, phase: Receiver<Phase>) {
    // Answers are written whole: waiting for more would only delay them.
    let _ = stream.set_nodelay(true);
    let opening = open(&core, Socket::new(stream), peer);
    // Boxed, so that a connection does not keep the room that it took to open it.
    let opening = Box::pin(in_time(opening, phase.clone()));
    let Some(Some((carried, io, protocol))) = opening.await else { return };
    let mut shown = io.shown(&core);
    shown.secure |= carried.secure;
    let from = (carried.address, Rc::new(shown));
    let stream = Stream::new(io, Peer::Caller);
    let work = Rc::<Work>::default();
    let seen = (Rc::clone(&work), core.rests());
    let watch = Watch::new(core.limits, (protocol, stream.activity()), seen);
    let life = Life { watch, work, phase };
    match protocol {
        Protocol::One => one::serve(&core, stream, from, life).await,
        // The rarer one takes more room, which it is to take only where it is spoken.
        Protocol::Two => Box::pin(two::serve(&core, stream, from, life)).await,
    }
}

/// Finds out whom a connection is of and what is spoken over it; nothing for one that is to be closed.
async fn open(core: &Counted, socket: Socket, peer: IpAddr) -> Option<(Carried, Io, Protocol)> {
    let carried = proxied::caller(core, &socket, peer).await?;
    let (io, protocol) = Io::open(core, socket).await?;
    Some((carried, io, protocol))
}

/// What a connection shows of its caller.
pub(super) struct Shown {
    /// Whether it is encrypted, up to here or up to a proxy that says so.
    pub(super) secure: bool,
    /// A certificate whose key the caller has.
    pub(super) certificate: Option<Certificate>,
}

/// Where a connection comes from, and what it shows.
type Origin = (IpAddr, Rc<Shown>);

/// Waits for who connects; nothing once a drained server has waited long enough.
async fn in_time<T>(opening: impl Future<Output = T>, phase: Receiver<Phase>) -> Option<T> {
    let late = async {
        drains(phase).await;
        sleep(FIRST_WORD).await;
        None
    };
    super::core::race(async { Some(opening.await) }, late).await
}

/// A connection that is served.
trait Carrier {
    /// Ready once it has ended.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()>;
    /// Lets it take no more requests, and end after those that it has.
    fn close(&mut self);
}

/// What lasts as long as a connection.
struct Life {
    watch: Watch,
    work: Rc<Work>,
    phase: Receiver<Phase>,
}

impl Life {
    /// Goes on until the connection has ended, is given up, or has been drained.
    async fn run(self, carrier: &mut impl Carrier) {
        let Life { mut watch, work, mut phase } = self;
        let mut draining = pin!(drains(phase.clone()));
        let mut patience = pin!(async { sleep(FIRST_WORD).await });
        let (mut told, mut drains, mut closing) = (false, false, false);
        poll_fn(|context| {
            loop {
                if carrier.poll(context).is_ready() {
                    return Poll::Ready(());
                }
                let enough = match watch.poll(context) {
                    Poll::Ready(Verdict::Drop) => return Poll::Ready(()),
                    Poll::Ready(Verdict::Close) => true,
                    Poll::Pending => false,
                };
                // It has said whom to wake, so it is asked again only once there is news.
                if !drains && (!told || phase.has_changed().unwrap_or(true)) {
                    told = true;
                    phase.mark_unchanged();
                    drains = draining.as_mut().poll(context).is_ready();
                }
                let mut late = || patience.as_mut().poll(context).is_ready();
                let drained = drains && (work.taken() > 0 || late());
                if closing || !(enough || drained) {
                    return Poll::Pending;
                }
                closing = true;
                watch.closes();
                carrier.close();
            }
        })
        .await;
    }
}

/// Waits until the server drains.
async fn drains(mut phase: Receiver<Phase>) {
    let _ = phase.wait_for(|phase| *phase == Phase::Draining).await;
}
