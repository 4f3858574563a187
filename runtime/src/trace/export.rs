//! From the cores' buffers to the collector.

use std::io;
use std::sync::Arc;
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::LocalSet;

use super::choice::{Choice, Protocol, Sampler};
use super::proto::{self, Proto};
use super::spans::SPANS;
use super::spool::{Batch, Spool};
use crate::metrics::Metrics;
use crate::observe;
use crate::upstream::{Collector, Refusal};

/// How many batches may wait for the collector.
const QUEUE: usize = 64;
/// How many bytes are sent at once.
const LARGEST: usize = 512 * 1024;
/// How often spans are sent again, and how long to wait before, doubled each time.
const RETRIES: u32 = 4;
const PAUSE: Duration = Duration::from_secs(1);
/// How long the end of a gateway waits for its spans.
const PATIENCE: Duration = Duration::from_secs(3);

/// The thread that sends, seen from the gateway.
pub(crate) struct Exporter {
    sampler: Sampler,
    batches: Sender<Batch>,
    thread: JoinHandle<()>,
}

impl Exporter {
    /// Sends to this collector from now on.
    ///
    /// # Errors
    ///
    /// When the thread cannot be started.
    pub(crate) fn start(choice: Choice, metrics: Arc<Metrics>) -> io::Result<Exporter> {
        let (batches, queue) = mpsc::channel(QUEUE);
        let sampler = choice.sampler;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let work = move || {
            LocalSet::new().block_on(&runtime, Sending::new(choice, metrics).all(queue));
        };
        let thread = std::thread::Builder::new().name("traces".to_owned()).spawn(work)?;
        Ok(Exporter { sampler, batches, thread })
    }

    /// A buffer for one core.
    pub(crate) fn spool(&self) -> Spool {
        Spool::new(self.sampler, self.batches.clone())
    }

    /// Waits until everything is sent, not for ever. Every core has to have ended.
    pub(crate) fn finish(self) {
        let Exporter { batches, thread, .. } = self;
        drop(batches);
        let begin = Instant::now();
        while !thread.is_finished() && begin.elapsed() < PATIENCE {
            sleep(Duration::from_millis(2));
        }
    }
}

/// What is sent, and to whom.
struct Sending {
    collector: Collector,
    protocol: Protocol,
    /// The resource and the scope of all spans, as they are sent.
    resource: Vec<u8>,
    scope: Vec<u8>,
    metrics: Arc<Metrics>,
    /// Whether the last spans were lost.
    away: bool,
}

impl Sending {
    fn new(choice: Choice, metrics: Arc<Metrics>) -> Sending {
        let Choice { address, protocol, headers, resource, .. } = choice;
        let mut all = Proto::default();
        for (name, value) in &resource {
            all.text(1, name, value);
        }
        let mut scope = Proto::default();
        scope.bytes(1, b"gatewright");
        scope.bytes(2, env!("CARGO_PKG_VERSION").as_bytes());
        let collector = Collector::new(address, headers);
        let (resource, scope) = (all.0, scope.0);
        Sending { collector, protocol, resource, scope, metrics, away: false }
    }

    /// Sends what comes until nobody is left who could hand over more.
    async fn all(mut self, mut queue: Receiver<Batch>) {
        while let Some(mut batch) = queue.recv().await {
            while batch.bytes.len() < LARGEST
                && let Ok(more) = queue.try_recv()
            {
                batch.bytes.extend_from_slice(&more.bytes);
                batch.spans += more.spans;
            }
            let message = self.message(&batch.bytes);
            match self.send(message, &queue).await {
                Ok(refused) => {
                    let refused = refused.min(batch.spans);
                    self.metrics.spans(batch.spans - refused, refused);
                    if std::mem::take(&mut self.away) {
                        observe::collector_back();
                    }
                }
                Err(why) => {
                    self.metrics.spans(0, batch.spans);
                    if !std::mem::replace(&mut self.away, true) {
                        observe::collector_lost(&why);
                    }
                }
            }
        }
    }

    /// An `ExportTraceServiceRequest`.
    fn message(&self, spans: &[u8]) -> Vec<u8> {
        debug_assert_eq!(SPANS, 2, "spans are that field of a scope");
        let mut out = Proto(Vec::with_capacity(spans.len() + self.resource.len() + 64));
        out.message(1, |out| {
            out.bytes(1, &self.resource);
            out.message(2, |out| {
                out.bytes(1, &self.scope);
                out.0.extend_from_slice(spans);
            });
        });
        out.0
    }

    /// Sends a message, again if that may help. Says how many spans the collector refused.
    async fn send(&mut self, message: Vec<u8>, queue: &Receiver<Batch>) -> Result<u64, String> {
        let message = bytes::Bytes::from(message);
        let mut pause = PAUSE;
        for _ in 0..RETRIES {
            let sent = match self.protocol {
                Protocol::Grpc => self.collector.call(&message).await,
                Protocol::Http => self.collector.post(&message).await,
            };
            let (why, wait) = match sent {
                Ok(answer) => return Ok(proto::rejected(&answer)),
                Err(Refusal { why, again: Some(wait) }) => (why, wait),
                Err(Refusal { why, again: None }) => return Err(why),
            };
            // A gateway that ends does not wait for somebody who is away.
            if queue.is_closed() {
                return Err(why);
            }
            tokio::time::sleep(pause.max(wait)).await;
            pause *= 2;
        }
        Err("the collector did not take them in time".to_owned())
    }
}
