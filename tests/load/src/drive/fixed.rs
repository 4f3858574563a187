//! Callers who ask at a fixed rate, however long answers take.
//!
//! A wait counts from when a request was meant to leave, so callers who are held up count as waiting.
//! Each connection has a thread that sleeps until its turn: timers of tokio know milliseconds only.

use super::{Slice, whole};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many callers take turns.
const CALLERS: u32 = 32;

/// Asks `rate` times a second for so long.
pub(crate) fn ask(
    address: SocketAddr,
    request: &[u8],
    rate: u32,
    during: Duration,
    core: Option<usize>,
) -> Slice {
    let request: Arc<[u8]> = request.into();
    let begin = Instant::now() + Duration::from_millis(50);
    let gap = Duration::from_secs(1) / rate.max(1);
    let callers: Vec<_> = (0..CALLERS)
        .map(|place| {
            let request = Arc::clone(&request);
            std::thread::spawn(move || {
                crate::process::pin(core);
                caller(address, &request, (begin + gap * place, gap * CALLERS), begin + during)
            })
        })
        .collect();
    let mut all = Slice { elapsed: during, ..Slice::default() };
    for caller in callers {
        let Ok(slice) = caller.join() else { continue };
        all.answered += slice.answered;
        all.failed += slice.failed;
        all.waits.extend(slice.waits);
    }
    all
}

/// Asks at `first` and every `gap` from then on.
fn caller(
    address: SocketAddr,
    request: &[u8],
    (first, gap): (Instant, Duration),
    until: Instant,
) -> Slice {
    let mut slice = Slice::default();
    let mut buffer = Vec::with_capacity(16 * 1024);
    let mut stream = None;
    let mut turn = first;
    while turn < until {
        std::thread::sleep(turn.saturating_duration_since(Instant::now()));
        let answer = exchange(&mut stream, address, request, &mut buffer);
        slice.note(turn.elapsed(), matches!(answer, Some(200..=299)));
        if answer.is_none() {
            stream = None;
        }
        turn += gap;
    }
    slice
}

fn exchange(
    stream: &mut Option<TcpStream>,
    address: SocketAddr,
    request: &[u8],
    buffer: &mut Vec<u8>,
) -> Option<u16> {
    let stream = match stream {
        Some(stream) => stream,
        None => {
            let new = TcpStream::connect(address).ok()?;
            new.set_nodelay(true).ok()?;
            new.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
            stream.insert(new)
        }
    };
    stream.write_all(request).ok()?;
    buffer.clear();
    let mut piece = [0; 16 * 1024];
    loop {
        match stream.read(&mut piece).ok()? {
            0 => return None,
            read => buffer.extend_from_slice(piece.get(..read)?),
        }
        if let Some((_, status)) = whole(buffer) {
            return Some(status);
        }
    }
}
