//! A request passed on to a backend as it comes, and its answer as it comes back.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HeaderMap, HeaderValue, UPGRADE};
use http::uri::PathAndQuery;
use http::{Method, StatusCode};
use tokio::time::{Instant, sleep_until};

use super::attempt::{Calling, is_tried_again, verdict};
use super::course::Course;
use super::download::{Download, From};
use super::failure::{Failure, Reason};
use super::fields::Fields;
use super::forward::{self, IDEMPOTENCY_KEY};
use super::link::{AnswerHead, Broken, Head, Link, Look, Wanted};
use super::replicas::Picked;
use super::upload::{Fault, Sent, Upload};
use super::visits::Visits;
use super::{Gateway, Upstream};
use crate::contract::{Backend, Condition};
use crate::items::Source;
use crate::observe;
use crate::request::{Deadline, Identity};
use crate::response::Response;

/// A request that is being passed on.
pub type Passing<'c> = Pin<Box<dyn Future<Output = Result<Response, Failure>> + 'c>>;

/// A request to be passed on.
pub(super) struct PassOn {
    pub(super) gateway: Gateway,
    pub(super) backend: &'static Backend,
    pub(super) operation: &'static str,
    pub(super) method: Method,
    pub(super) target: PathAndQuery,
    pub(super) headers: Fields,
    /// What is sent, where the contract says it.
    pub(super) body: Bytes,
    /// What the caller sends, if it sends a body.
    pub(super) upload: Option<Upload>,
    /// Whether the caller asks for another protocol.
    pub(super) upgrades: bool,
    /// How long the backend may take to begin its answer, from the last byte of the request.
    pub(super) limit: Duration,
    /// When the answer to a request without a body must have begun, all attempts included.
    pub(super) deadline: Deadline,
    /// Answers that the contract turns into something else.
    pub(super) caught: &'static [Condition],
    pub(super) identity: Rc<Identity>,
}

/// The head of an answer, and the connection that its body comes over.
type Answered = (Link, AnswerHead);

/// An answer that has begun.
struct Begun {
    head: AnswerHead,
    /// The connection that its body comes over.
    link: Link,
    /// The address at its other end.
    from: Option<Picked>,
}

impl Begun {
    /// Gives the connection back, for the next request.
    fn done(link: Link, from: Option<&Picked>) {
        if let Some(from) = from {
            from.pool.put(link);
        }
    }
}

impl PassOn {
    /// A request for a stream. Every answer that is no success is turned into something else.
    pub(super) fn opens(calling: Calling, limit: Duration) -> PassOn {
        const FAILURES: &[Condition] =
            &[Condition::Class(3), Condition::Class(4), Condition::Class(5)];
        let Calling { gateway, backend, operation, outgoing, deadline, identity, .. } = calling;
        PassOn {
            gateway,
            backend,
            operation,
            method: outgoing.method.as_http(),
            target: outgoing.target,
            headers: outgoing.headers,
            body: outgoing.body,
            upload: None,
            upgrades: false,
            limit: limit.min(deadline.remaining().unwrap_or_default()),
            deadline,
            caught: FAILURES,
            identity,
        }
    }

    /// Passes the request on: attempts until one is answered, or none is left.
    pub(super) fn run(self) -> Passing<'static> {
        // A block, as that does not move what it takes.
        Box::pin(async move {
            let mut course = Course::begin(self.backend, self.operation, &self.identity);
            let answered = match self.attempts(&mut course).await {
                Ok(begun) if self.catches(&begun) => Err(Box::pin(self.reason(begun)).await),
                Ok(begun) => self.answer(begun),
                Err(reason) => Err(reason),
            };
            course.end(&answered);
            answered.map_err(|reason| self.failure(reason))
        })
    }

    /// Asks for a stream: the same, but for what is made of the answer.
    pub(super) async fn open(self) -> Result<Source, Failure> {
        let mut course = Course::begin(self.backend, self.operation, &self.identity);
        let opened = async {
            let begun = self.attempts(&mut course).await?;
            if begun.head.status == StatusCode::SWITCHING_PROTOCOLS {
                return Err(unasked());
            }
            if self.catches(&begun) {
                return Err(self.reason(begun).await);
            }
            let (head, body) = self.settled(begun);
            let call = (self.backend, self.operation);
            Source::new(call, &head.headers, body, Rc::clone(&self.identity))
        };
        let opened = opened.await;
        course.end(&opened);
        opened.map_err(|reason| self.failure(reason))
    }

    /// Makes a failure of a reason, and logs it.
    fn failure(&self, reason: Reason) -> Failure {
        let failure = Failure::new(self.backend, self.operation, reason);
        observe::within(&self.identity, || observe::call_failed(&failure));
        failure
    }

    /// An answer that would be asked for again is taken where it cannot be: after the last
    /// attempt, and once a part of the caller's body is gone.
    async fn attempts(&self, course: &mut Course) -> Result<Begun, Reason> {
        let again = self.method.is_idempotent() || self.headers.contains(&IDEMPOTENCY_KEY);
        let most = if again { self.backend.retries } else { 0 };
        let upstream = self.gateway.upstream(self.backend);
        upstream.inspect(|upstream| upstream.budget.call());
        let mut nth = 1;
        let mut visits = Visits::of(course);
        loop {
            let begun = self.attempt(&mut visits).await;
            if let Ok((_, head)) = &begun {
                visits.answered(head.status);
            }
            course.saw(visits.seen());
            if nth > most {
                return arrived(begun, visits);
            }
            let reason = match &begun {
                Ok((_, head)) => status(head),
                Err(Reason::Open { .. } | Reason::Full | Reason::Caller(_)) => {
                    return arrived(begun, visits);
                }
                Err(reason) => reason.clone(),
            };
            let pause = visits.pause(nth);
            let whole = !self.upload.as_ref().is_some_and(Upload::touched);
            let again = whole
                && is_tried_again(self.backend, &reason)
                && self.deadline.remaining().is_some_and(|remaining| remaining > pause);
            if !again || !course.afford(upstream) {
                return arrived(begun, visits);
            }
            nth += 1;
            drop(begun);
            visits.leave();
            course.again(&reason);
            tokio::time::sleep(pause).await;
        }
    }

    /// One attempt, if the breaker lets it through.
    async fn attempt(&self, visits: &mut Visits) -> Result<Answered, Reason> {
        let upstream = self.gateway.upstream(self.backend).ok_or(Reason::NoAddress)?;
        let permit = match self.gateway.0.gates.of(self.backend) {
            Some(gate) => Some(gate.enter().map_err(|retry_after| Reason::Open { retry_after })?),
            None => None,
        };
        let begun = self.in_time(upstream, pin!(self.begin(upstream, visits))).await;
        let begun = begun.and_then(|begun| begun);
        // What a caller does wrong says nothing about the backend: the permit is given back.
        let said = match &begun {
            Ok((_, head)) => verdict(Some(&status(head))),
            Err(reason) => verdict(Some(reason)),
        };
        visits.note(said, permit);
        begun
    }

    /// Sends the request over a connection and waits for the head of the answer.
    async fn begin(&self, upstream: &Upstream, visits: &mut Visits) -> Result<Answered, Reason> {
        visits.begin(upstream).await?;
        let wanted = if self.upgrades { Wanted::One } else { Wanted::Any };
        let look = Look::of(self.upload.is_none() && self.method.is_idempotent());
        let limit = self.limit.min(upstream.timeout);
        if let Some(mut link) = visits.ready(upstream, (limit, wanted, look)).await {
            match link.begin(&self.head(visits), self.body()).await {
                Ok(head) => {
                    visits.hear(upstream, head.status, &head.headers);
                    return Ok((link, head));
                }
                Err(Broken { unsent, unanswered, .. })
                    if !self.upload.as_ref().is_some_and(Upload::touched)
                        && (unsent || (unanswered && self.method.is_idempotent())) => {}
                Err(broken) => return Err(self.blame(broken)),
            }
        }
        let mut link = visits.connect(upstream, (limit, wanted)).await?;
        match link.begin(&self.head(visits), self.body()).await {
            Ok(head) => {
                visits.hear(upstream, head.status, &head.headers);
                Ok((link, head))
            }
            Err(broken) => Err(self.blame(broken)),
        }
    }

    /// The backend cannot be blamed for a body that the caller did not finish.
    fn blame(&self, broken: Broken) -> Reason {
        match self.upload.as_ref().and_then(Upload::fault) {
            Some(fault) => Reason::Caller(fault),
            None => Reason::Unreachable(broken.what),
        }
    }

    /// The head of the request as it goes to where `visits` is.
    fn head<'h>(&'h self, visits: &'h Visits) -> Head<'h> {
        Head {
            method: self.method.clone(),
            target: &self.target,
            headers: &self.headers,
            instead: visits.instead(&self.headers),
        }
    }

    fn body(&self) -> Sent {
        match &self.upload {
            Some(upload) => Sent::Passed(upload.clone()),
            None => Sent::Whole(self.body.clone()),
        }
    }

    /// Waits for `work` while there is time: the backend's counts from the last byte that was
    /// passed on, the caller's while it sends nothing.
    async fn in_time<T>(
        &self,
        upstream: &Upstream,
        mut work: Pin<&mut impl Future<Output = T>>,
    ) -> Result<T, Reason> {
        let start = Instant::now();
        let limit = self.limit.min(upstream.timeout);
        let due = || match &self.upload {
            None => (self.deadline.instant().min(start + limit), None),
            Some(upload) => match upload.due() {
                Some(due) => (due, Some(upload)),
                None => (upload.moved().max(start) + limit, None),
            },
        };
        let mut timer = pin!(sleep_until(due().0));
        poll_fn(|context| {
            if let Some(upload) = &self.upload {
                upload.watch(context);
            }
            if let Poll::Ready(value) = work.as_mut().poll(context) {
                return Poll::Ready(Ok(value));
            }
            let (due, caller) = due();
            if timer.deadline() != due {
                timer.as_mut().reset(due);
            }
            ready!(timer.as_mut().poll(context));
            Poll::Ready(Err(match caller {
                Some(upload) => {
                    upload.give_up(Fault::Slow);
                    Reason::Caller(Fault::Slow)
                }
                None => Reason::Timeout,
            }))
        })
        .await
    }

    /// Whether the contract turns this answer into something else.
    fn catches(&self, begun: &Begun) -> bool {
        let status = begun.head.status;
        let caught = Reason::Status(status.as_u16(), Bytes::new());
        let conditions = if status.is_success() { &[] } else { self.caught };
        conditions.iter().any(|condition| caught.is(*condition))
    }

    /// What there is instead of such an answer.
    async fn reason(&self, begun: Begun) -> Reason {
        let Begun { head, mut link, from } = begun;
        let body = tokio::time::timeout(self.limit, link.rest()).await.unwrap_or_default();
        Begun::done(link, from.as_ref());
        Reason::Status(head.status.as_u16(), body)
    }

    /// What the caller is answered.
    fn answer(&self, begun: Begun) -> Result<Response, Reason> {
        if begun.head.status == StatusCode::SWITCHING_PROTOCOLS {
            return self.tunnel(begun.link, begun.head.headers);
        }
        let (head, body) = self.settled(begun);
        Ok(match body {
            Some(body) => Response::passed(head.status, head.headers, body),
            None => Response::bodiless(head.status, head.headers),
        })
    }

    /// The head of an answer as it is passed on, and its body, if it has one.
    fn settled(&self, begun: Begun) -> (AnswerHead, Option<Download>) {
        let Begun { mut head, link, from } = begun;
        forward::end_to_end(&mut head.headers);
        if link.is_end_stream() {
            Begun::done(link, from.as_ref());
            return (head, None);
        }
        let from = From {
            picked: from,
            backend: self.backend,
            operation: self.operation,
            identity: Rc::clone(&self.identity),
            upload: self.upload.clone(),
        };
        (head, Some(Download::new(link, from)))
    }

    /// The answer to a change of protocol: what follows it is bytes both ways.
    fn tunnel(&self, link: Link, mut headers: HeaderMap) -> Result<Response, Reason> {
        let protocol = headers.get(UPGRADE).cloned();
        let (true, Some(protocol)) = (self.upgrades, protocol) else {
            return Err(unasked());
        };
        let tunnel = link.into_tunnel().ok_or_else(unasked)?;
        forward::end_to_end(&mut headers);
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol);
        Ok(Response::tunnel(headers, tunnel))
    }
}

/// The status of an answer, as a reason to ask again.
fn status(head: &AnswerHead) -> Reason {
    Reason::Status(head.status.as_u16(), Bytes::new())
}

/// An answer with the address that it came from.
fn arrived(answered: Result<Answered, Reason>, visits: Visits) -> Result<Begun, Reason> {
    answered.map(|(link, head)| Begun { head, link, from: visits.arrived() })
}

/// A change of protocol that nobody wanted.
fn unasked() -> Reason {
    Reason::Invalid("it changed the protocol without being asked".to_owned())
}
