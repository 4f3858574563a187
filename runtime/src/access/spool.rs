//! From a core's buffer to the output.

use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{Choice, Entry, Form};
use crate::json::Writer;
use crate::metrics::{self, Metrics};
use crate::observe;

/// How many bytes are handed over at once.
const BATCH: usize = 16 * 1024;
/// How many bytes a core holds while nobody takes them.
const MOST: usize = 128 * 1024;
/// How many batches may wait for the output.
const QUEUE: usize = 64;
/// How long the end of a gateway waits for its log.
const PATIENCE: Duration = Duration::from_secs(2);

/// Lines on their way to the output.
struct Batch {
    bytes: Vec<u8>,
    lines: u64,
    /// Lines that were lost before these.
    lost: u64,
    /// Where the buffer goes when it is written.
    back: SyncSender<Vec<u8>>,
}

/// The thread that writes, seen from the gateway.
pub(crate) struct Log {
    choice: Choice,
    batches: SyncSender<Batch>,
    thread: JoinHandle<()>,
}

impl Log {
    /// A log that is written to `out`; nothing if nothing is to be logged.
    ///
    /// # Errors
    ///
    /// When the thread cannot be started.
    pub(crate) fn start(
        choice: Choice,
        metrics: Arc<Metrics>,
        out: impl Write + Send + 'static,
    ) -> io::Result<Option<Log>> {
        if choice.form.is_none() {
            return Ok(None);
        }
        let (batches, queue) = mpsc::sync_channel(QUEUE);
        let thread = std::thread::Builder::new().name("log".to_owned());
        let thread = thread.spawn(move || write_all(&queue, out, &metrics))?;
        Ok(Some(Log { choice, batches, thread }))
    }

    /// A buffer for one core.
    pub(crate) fn spool(&self) -> Option<Spool> {
        let (back, empty) = mpsc::sync_channel(4);
        Some(Spool {
            form: self.choice.form?,
            choice: self.choice,
            buffer: RefCell::default(),
            lines: Cell::new(0),
            lost: Cell::new(0),
            batches: RefCell::new(Some(self.batches.clone())),
            back,
            empty,
        })
    }

    /// Waits until everything is written, not for ever. Every core has to have ended.
    pub(crate) fn finish(self) {
        let Log { batches, thread, .. } = self;
        drop(batches);
        let begin = Instant::now();
        while !thread.is_finished() {
            if begin.elapsed() > PATIENCE {
                return observe::log_unfinished();
            }
            sleep(Duration::from_millis(2));
        }
    }
}

fn write_all(queue: &Receiver<Batch>, mut out: impl Write, metrics: &Metrics) {
    while let Ok(Batch { mut bytes, lines, mut lost, back }) = queue.recv() {
        if out.write_all(&bytes).and_then(|()| out.flush()).is_err() {
            metrics.unwritten(lines);
            lost += lines;
        }
        if lost > 0 {
            observe::lines_lost(lost);
        }
        bytes.clear();
        // A core that has ended, or has buffers enough, does not want it back.
        let _ = back.try_send(bytes);
    }
}

/// One core's lines.
pub(crate) struct Spool {
    form: Form,
    choice: Choice,
    buffer: RefCell<Writer>,
    lines: Cell<u64>,
    lost: Cell<u64>,
    /// Nothing once the core has ended.
    batches: RefCell<Option<SyncSender<Batch>>>,
    back: SyncSender<Vec<u8>>,
    /// Buffers that were written.
    empty: Receiver<Vec<u8>>,
}

impl Spool {
    /// Adds a line, if the request is to be logged and there is room.
    pub(super) fn note(&self, entry: &Entry<'_>) {
        if !entry.failed() && !self.choice.draws() {
            return;
        }
        let length = {
            let mut buffer = self.buffer.borrow_mut();
            if buffer.as_str().len() >= MOST {
                self.lost.set(self.lost.get() + 1);
                metrics::here(|core| core.lines_lost.one());
                return;
            }
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            entry.write(self.form, now, &mut buffer);
            buffer.as_str().len()
        };
        self.lines.set(self.lines.get() + 1);
        if length >= BATCH {
            self.flush();
        }
    }

    /// Hands over what there is. Says whether it is gone; if not, it is tried again with the next.
    pub(super) fn flush(&self) -> bool {
        let mut buffer = self.buffer.borrow_mut();
        let batches = self.batches.borrow();
        let Some(batches) = batches.as_ref().filter(|_| !buffer.as_str().is_empty()) else {
            return true;
        };
        let empty = Writer::reusing(self.empty.try_recv().unwrap_or_default());
        let bytes = std::mem::replace(&mut *buffer, empty).finish();
        let (lines, lost) = (self.lines.take(), self.lost.take());
        match batches.try_send(Batch { bytes, lines, lost, back: self.back.clone() }) {
            Ok(()) => true,
            Err(TrySendError::Full(batch) | TrySendError::Disconnected(batch)) => {
                *buffer = Writer::resume(batch.bytes);
                self.lines.set(batch.lines);
                self.lost.set(batch.lost);
                false
            }
        }
    }

    /// Hands over the rest, and waits for that a little.
    pub(super) fn finish(&self) {
        let begin = Instant::now();
        while !self.flush() && begin.elapsed() < PATIENCE {
            sleep(Duration::from_millis(5));
        }
        self.batches.take();
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::{Condvar, Mutex};

    use super::super::Trail;
    use super::*;
    use crate::contract::Contract;

    /// Whether an output is held up, and what it has.
    type Held = Mutex<(bool, Vec<u8>)>;

    /// An output that can be held up.
    #[derive(Clone, Default)]
    struct Out(Arc<(Held, Condvar)>);

    impl Out {
        fn hold(&self, held: bool) {
            self.0.0.lock().expect("no panic").0 = held;
            self.0.1.notify_all();
        }

        fn text(&self) -> String {
            String::from_utf8(self.0.0.lock().expect("no panic").1.clone()).expect("UTF-8")
        }
    }

    impl Write for Out {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (state, moved) = &*self.0;
            let held = state.lock().expect("no panic");
            let mut free = moved.wait_while(held, |(held, _)| *held).expect("no panic");
            free.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn note(spool: &Spool, path: &str, status: u16) {
        let trail = Trail::default();
        spool.note(&Entry {
            id: "r1",
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            method: "GET",
            path,
            protocol: http::Version::HTTP_11,
            endpoint: None,
            status: Some(status),
            bytes: 0,
            took: Duration::ZERO,
            problem: None,
            limit: None,
            auth: None,
            consumer: None,
            fallbacks: &[],
            reused: None,
            trail: &trail,
        });
    }

    fn log(share: f64, out: &Out) -> (Log, Spool) {
        let metrics = Arc::new(Metrics::new(&Contract::EMPTY, 1));
        let choice = Choice { form: Some(Form::Combined), share };
        let log = Log::start(choice, metrics, out.clone()).expect("a thread").expect("it is on");
        let spool = log.spool().expect("it is on");
        (log, spool)
    }

    #[test]
    fn everything_is_written_in_order_by_the_end() {
        let out = Out::default();
        let (log, spool) = log(1.0, &out);
        for number in 0..2000 {
            note(&spool, &format!("/{number}"), 200);
        }
        spool.finish();
        log.finish();
        let text = out.text();
        let paths: Vec<_> = text.lines().filter_map(|line| line.split(' ').nth(6)).collect();
        assert_eq!(paths, (0..2000).map(|number| format!("/{number}")).collect::<Vec<_>>());
    }

    #[test]
    fn an_output_that_stands_still_costs_lines_and_no_time_and_no_memory() {
        let out = Out::default();
        out.hold(true);
        let (log, spool) = log(1.0, &out);
        let path = format!("/{}", "x".repeat(999));
        let begin = Instant::now();
        for _ in 0..4000 {
            note(&spool, &path, 200);
        }
        assert!(begin.elapsed() < Duration::from_secs(2));
        assert!(spool.lost.get() > 1000, "{}", spool.lost.get());
        assert!(spool.buffer.borrow().as_str().len() < MOST + 2048);
        let lost = spool.lost.get();
        out.hold(false);
        spool.finish();
        log.finish();
        assert_eq!(out.text().lines().count() as u64 + lost, 4000);
    }

    #[test]
    fn a_share_is_drawn_and_what_failed_is_always_there() {
        let out = Out::default();
        let (log, spool) = log(0.25, &out);
        for _ in 0..4000 {
            note(&spool, "/fine", 200);
        }
        for _ in 0..10 {
            note(&spool, "/failed", 503);
        }
        spool.finish();
        log.finish();
        let text = out.text();
        let fine = text.matches("/fine ").count();
        assert!((700..1300).contains(&fine), "{fine}");
        assert_eq!(text.matches("/failed ").count(), 10);
    }
}
