//! What is on its way to the other side: written in one piece where it can be.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};

/// Up to how many bytes a part of a body is copied behind what is before it, so that they are one piece: a
/// piece costs the system less than several do.
const TOGETHER: usize = 8 * 1024;
/// How many bytes are held before they are sent.
const ENOUGH: usize = 16 * 1024;
/// The largest room that is kept for the next message.
const KEPT: usize = 2 * ENOUGH;

thread_local! {
    /// Room for the next message of this core: connections that have nothing to send hold none.
    static ROOM: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Where a message goes.
pub(crate) trait Sink {
    /// Sends as much of these as the other side takes.
    fn poll_send(
        &mut self,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>>;

    /// Ready once nothing that was sent is held back.
    fn poll_settle(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>>;
}

/// Bytes that are to be sent: text, then a part of a body, then what ends that.
#[derive(Debug, Default)]
pub(crate) struct Out {
    text: Vec<u8>,
    /// How much of the text was sent.
    sent: usize,
    part: Bytes,
    end: &'static [u8],
    /// Whether the stream may hold something back.
    held: bool,
}

impl Out {
    /// What is written before everything that follows. There must be nothing to be sent but text.
    pub(crate) fn text(&mut self) -> &mut Vec<u8> {
        self.settle();
        self.held = true;
        self.room()
    }

    /// Adds a part of a body, and what ends it.
    pub(crate) fn push(&mut self, part: Bytes, end: &'static [u8]) {
        self.settle();
        self.held = true;
        self.part = part;
        self.end = end;
        if self.part.len() <= TOGETHER {
            self.settle();
        }
    }

    /// Makes text of a part that something is to be sent behind.
    fn settle(&mut self) {
        if !self.part.is_empty() || !self.end.is_empty() {
            let (part, end) = (std::mem::take(&mut self.part), std::mem::take(&mut self.end));
            let text = self.room();
            text.extend_from_slice(&part);
            text.extend_from_slice(end);
        }
    }

    fn room(&mut self) -> &mut Vec<u8> {
        if self.text.capacity() == 0 {
            self.text = ROOM.take();
        }
        &mut self.text
    }

    /// Whether another part can be added before what there is was sent.
    pub(crate) fn has_room(&self) -> bool {
        self.part.is_empty() && self.text.len() < ENOUGH
    }

    /// Whether everything was sent.
    pub(crate) fn is_done(&self) -> bool {
        !self.held
    }

    fn is_empty(&self) -> bool {
        self.sent == self.text.len() && self.part.is_empty() && self.end.is_empty()
    }

    /// Sends it all.
    pub(crate) fn poll(
        &mut self,
        sink: &mut impl Sink,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            let text = self.text.get(self.sent..).unwrap_or_default();
            let slices = [text, &self.part, self.end].map(IoSlice::new);
            let slices = match slices.iter().rposition(|slice| !slice.is_empty()) {
                Some(last) => slices.get(..=last).unwrap_or_default(),
                None => &slices,
            };
            match ready!(sink.poll_send(context, slices))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                size => self.take(size),
            }
        }
        self.clear();
        ready!(sink.poll_settle(context))?;
        self.held = false;
        Poll::Ready(Ok(()))
    }

    /// So many bytes were sent.
    fn take(&mut self, mut size: usize) {
        let text = size.min(self.text.len().saturating_sub(self.sent));
        self.sent += text;
        size -= text;
        let part = size.min(self.part.len());
        self.part.advance(part);
        size -= part;
        self.end = self.end.get(size..).unwrap_or_default();
    }

    /// Gives the room back that is not needed any more.
    fn clear(&mut self) {
        self.sent = 0;
        if self.text.capacity() > 0 {
            let mut room = std::mem::take(&mut self.text);
            room.clear();
            if room.capacity() <= KEPT {
                ROOM.set(room);
            }
        }
    }
}
