//! HTTP/1.1 and 1.0 towards callers.

mod ask;
mod date;
mod machine;
mod room;
#[cfg(test)]
mod tests;
mod wire;
mod write;

use std::net::IpAddr;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::time::Instant;

use self::machine::{Machine, Service};
use self::room::{Ask, Room};
use super::io::Io;
use super::watch::{Work, Working};
use super::{Carrier, HEADROOM, Life, Origin, Shown};
use crate::error::Kind;
use crate::request::Arriving;
use crate::response::AnswerBody;
use crate::server::answer::{answer, refuse};
use crate::server::core::{Core, Counted};
use crate::server::record::Record;
use crate::stream::Stream;
use crate::upstream::Tunnel;

/// Serves a connection until it ends; then what follows a change of protocol.
pub(super) async fn serve(core: &Counted, stream: Stream<Io>, (peer, shown): Origin, life: Life) {
    let limits = core.limits;
    let callers = Callers {
        core: Rc::clone(core),
        peer,
        shown,
        work: Rc::clone(&life.work),
        begun: Instant::now(),
    };
    let most = limits.target + limits.headers + HEADROOM;
    let mut machine = Machine::new(stream, callers, (limits, most));
    life.run(&mut machine).await;
    if let Some((tunnel, stream, early)) = machine.into_tunnel() {
        Box::pin(tunnel.run(stream.into_inner(), early)).await;
    }
}

/// What answers the requests of one connection.
struct Callers {
    core: Rc<Core>,
    peer: IpAddr,
    shown: Rc<Shown>,
    work: Rc<Work>,
    begun: Instant,
}

/// A request, and what is known of its connection.
struct Asked {
    core: Rc<Core>,
    origin: (IpAddr, Rc<Shown>),
    working: Working,
    request: http::Request<Arriving>,
}

impl Service for Callers {
    type Asked = Asked;
    type Body = AnswerBody;
    type Tunnel = Tunnel;

    fn ask(&mut self, request: http::Request<Arriving>) -> (Room<Asked>, bool) {
        let working = Working::start(&self.work);
        let limits = self.core.limits;
        let last = limits.requests.is_some_and(|most| self.work.taken() >= most)
            || limits.age.is_some_and(|age| self.begun.elapsed() >= age);
        let origin = (self.peer, Rc::clone(&self.shown));
        (Room::of(Asked { core: Rc::clone(&self.core), origin, working, request }), last)
    }

    fn refuse(&mut self, kind: Kind) -> http::Response<AnswerBody> {
        refuse(&self.core, (self.peer, &self.shown), kind)
    }
}

impl Ask for Asked {
    type Answer = (http::Response<AnswerBody>, Option<Tunnel>);

    /// Answers it, and keeps what is counted of it for as long as that takes.
    async fn answer(self) -> Self::Answer {
        let Asked { core, origin: (peer, shown), working, request } = self;
        let mut record = Record::begin(peer);
        let (mut response, tunnel) = answer(core, (peer, &shown), request, &mut record).await;
        let identity = record.identity();
        response.body_mut().hold((working, record), identity);
        (response, tunnel)
    }
}

impl<V: Service> Carrier for Machine<Io, V> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        Machine::poll(self, context)
    }

    fn close(&mut self) {
        Machine::close(self);
    }
}
