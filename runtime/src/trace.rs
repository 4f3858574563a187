//! Traces: a span for each request and each call, sent to a collector (OTLP) by a thread of its own.
//!
//! A core writes spans into a buffer that it alone has, in the form in which they are sent, and hands it over when it is
//! large or old. It never waits: where the collector is too slow or away, spans are lost, and counted.

mod choice;
mod context;
mod export;
mod proto;
mod spans;
mod spool;

use std::cell::OnceCell;
use std::time::Duration;

use http::HeaderValue;

pub(crate) use self::choice::{Choice, Texts};
pub(crate) use self::context::Context;
pub(crate) use self::export::Exporter;
pub(crate) use self::spans::{Asked, Made, Retry};
pub(crate) use self::spool::Spool;

/// How old a span may get before it is handed over.
const AGE: Duration = Duration::from_millis(500);

thread_local! {
    /// The spans of the core that this thread is.
    static CORE: OnceCell<Spool> = const { OnceCell::new() };
}

/// What becomes of a request's place in a trace.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Begun {
    /// Nothing is traced here: it stays where its caller put it.
    Off,
    /// It is none of those that are traced.
    Left,
    /// It has a span of its own.
    Drawn(Context),
}

/// Makes this thread trace what it answers. It does so once.
pub(crate) fn trace_here(spool: Spool) {
    CORE.with(|cell| {
        let _ = cell.set(spool);
    });
}

/// Decides about a request that came with this place in a trace, if it came with one.
pub(crate) fn begin(arrived: Option<&HeaderValue>) -> Begun {
    CORE.with(|core| {
        let Some(spool) = core.get() else { return Begun::Off };
        let parent = arrived.and_then(|value| Context::read(value.as_bytes()));
        let context = Context::below(parent);
        if spool.sampler().draws(parent, context) { Begun::Drawn(context) } else { Begun::Left }
    })
}

/// Writes the span of a request that has ended.
pub(crate) fn asked(span: &Asked<'_>) {
    CORE.with(|core| core.get().map(|spool| spool.note(|out| span.write(out))));
}

/// Writes the span of a call that has ended.
pub(crate) fn made(span: &Made<'_>) {
    CORE.with(|core| core.get().map(|spool| spool.note(|out| span.write(out))));
}

/// Hands over what has become old, for ever; returns at once where nothing is traced.
pub(crate) async fn hand_over() {
    while CORE.with(|core| core.get().is_some()) {
        tokio::time::sleep(AGE).await;
        CORE.with(|core| core.get().map(Spool::flush));
    }
}

/// Hands over all there is: this thread is about to end.
pub(crate) fn finish_here() {
    CORE.with(|core| core.get().map(Spool::finish));
}
