//! Answers that are streams of items: each is written by generated code as it comes, and sent.

mod accept;
mod events;
mod feed;
mod lines;
mod source;

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, VARY};

pub(crate) use self::feed::Feed;
pub(crate) use self::source::ACCEPTED;
pub use self::source::Source;
use crate::error::{Error, Kind};
use crate::json::Writer;
use crate::request::Request;
use crate::response::Response;
use crate::upstream::Gateway;

/// How many bytes of items wait for the caller before no further one is asked for.
const BUFFER: usize = 16 * 1024;

/// What makes the items of an answer, until there are no more.
pub type Making = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

/// How items are written for a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// One per line, `application/x-ndjson`.
    Lines,
    /// One per event, `text/event-stream`.
    Events,
}

/// What the maker of items and the body of the answer share.
struct Shared {
    format: Format,
    head: Cell<Option<Response>>,
    begun: Cell<bool>,
    buffer: RefCell<Vec<u8>>,
}

/// Where generated code puts the items of an answer.
pub struct Items(Rc<Shared>);

/// Answers with items: what `make` does until [`Items::begin`] decides the answer's head, what it
/// does from there on is its body.
///
/// # Errors
///
/// Those of `make` before that point, and that the caller accepts neither form of a stream: 406.
pub async fn stream(
    gateway: Gateway,
    request: Request,
    make: fn(Gateway, Request, Items) -> Making,
) -> Result<Response, Error> {
    let format = accept::choose(&request.headers).ok_or(Kind::NotAcceptable)?;
    let identity = Rc::clone(&request.identity);
    let shared = Rc::new(Shared {
        format,
        head: Cell::new(None),
        begun: Cell::new(false),
        buffer: RefCell::default(),
    });
    let mut making = make(gateway, request, Items(Rc::clone(&shared)));
    let ended = std::future::poll_fn(|context| match making.as_mut().poll(context) {
        Poll::Ready(ended) => Poll::Ready(Some(ended)),
        Poll::Pending if shared.begun.get() => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await;
    match (shared.head.take(), ended) {
        (Some(head), ended) => {
            Ok(head.with_items(Box::new(Feed::new(shared, making, ended, identity))))
        }
        (None, Some(Err(error))) => Err(error),
        (None, _) => Err(Error::from(Kind::Internal).because("a stream without a head".to_owned())),
    }
}

impl Items {
    /// Decides the head of the answer: no problem can take its place from here on.
    pub fn begin(&self, mut head: Response) {
        let kind = match self.0.format {
            Format::Lines => "application/x-ndjson",
            Format::Events => "text/event-stream",
        };
        let headers = head.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        // What has no end cannot be kept, and the form depends on what the caller asked for.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.append(VARY, HeaderValue::from_static("accept"));
        self.0.head.set(Some(head));
        self.0.begun.set(true);
    }

    /// Sends an item, the text of a JSON value. `source` is where it came from: an event keeps its
    /// id. Waits while the caller has more to take than 16 KiB.
    pub async fn send(&self, source: &Source, item: Writer) {
        {
            let mut buffer = self.0.buffer.borrow_mut();
            match self.0.format {
                Format::Lines => {
                    on_one_line(&mut buffer, &item.finish());
                    buffer.push(b'\n');
                }
                Format::Events => {
                    source.fields(&mut buffer);
                    buffer.extend_from_slice(b"data: ");
                    on_one_line(&mut buffer, &item.finish());
                    buffer.extend_from_slice(b"\n\n");
                }
            }
        }
        // The body asks again each time it has taken what is here.
        std::future::poll_fn(|_| match self.0.buffer.borrow().len() {
            0..BUFFER => Poll::Ready(()),
            _ => Poll::Pending,
        })
        .await;
    }
}

impl std::fmt::Debug for Items {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Items").field("format", &self.0.format).finish_non_exhaustive()
    }
}

/// Appends the text of a JSON value without line breaks. They stand between values only, where any
/// white space does: a string has none.
fn on_one_line(out: &mut Vec<u8>, json: &[u8]) {
    let start = out.len();
    out.extend_from_slice(json);
    let item = out.get_mut(start..).unwrap_or_default();
    if memchr::memchr2(b'\n', b'\r', item).is_some() {
        item.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
    }
}
