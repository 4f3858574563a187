//! A proxy with nothing in it but the way of bytes: what any gateway on this machine pays at least.
//!
//! It reads a head to know where the message ends, and hands the message on as it came. It changes no
//! field, waits as long as it has to, counts nothing and trusts both sides: a measure, not a proxy to use.

use crate::Fault;
use std::cell::RefCell;
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Connections to the service that wait for a request.
type Idle = Rc<RefCell<Vec<TcpStream>>>;

/// Hands on what comes to `listen`, with one thread, until the process is ended.
///
/// # Errors
///
/// That it cannot listen.
pub(crate) fn run(listen: SocketAddr, origin: SocketAddr) -> std::result::Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, accept(listen, origin))
}

async fn accept(listen: SocketAddr, origin: SocketAddr) -> std::result::Result<(), Fault> {
    let listener = TcpListener::bind(listen).await?;
    let idle = Idle::default();
    loop {
        let (caller, _) = listener.accept().await?;
        caller.set_nodelay(true)?;
        // A connection that ends or breaks takes nothing else with it.
        let served = serve(caller, origin, Rc::clone(&idle));
        tokio::task::spawn_local(async move { drop(served.await) });
    }
}

/// One request after another, until the caller has no more.
async fn serve(mut caller: TcpStream, origin: SocketAddr, idle: Idle) -> Result<()> {
    let (mut asked, mut said) = (Vec::with_capacity(8192), Vec::with_capacity(8192));
    loop {
        // There has to be a request before a connection is worth taking.
        if asked.is_empty() && caller.read_buf(&mut asked).await? == 0 {
            return Ok(());
        }
        let kept = idle.borrow_mut().pop();
        let mut service = match kept {
            Some(service) => service,
            None => connect(origin).await?,
        };
        hand_on(&mut caller, &mut service, &mut asked, request).await?;
        hand_on(&mut service, &mut caller, &mut said, answer).await?;
        idle.borrow_mut().push(service);
    }
}

async fn connect(origin: SocketAddr) -> Result<TcpStream> {
    let service = TcpStream::connect(origin).await?;
    service.set_nodelay(true)?;
    Ok(service)
}

/// Hands on one message, of which `buffer` may hold the beginning; what comes after it stays there.
async fn hand_on(
    from: &mut TcpStream,
    to: &mut TcpStream,
    buffer: &mut Vec<u8>,
    length: fn(&[u8]) -> Option<usize>,
) -> Result<()> {
    let mut left = loop {
        match length(buffer) {
            Some(length) => break length,
            None => read(from, buffer).await?,
        }
    };
    loop {
        let now = left.min(buffer.len());
        to.write_all(&buffer[..now]).await?;
        buffer.drain(..now);
        left -= now;
        if left == 0 {
            return Ok(());
        }
        read(from, buffer).await?;
    }
}

async fn read(from: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<()> {
    match from.read_buf(buffer).await? {
        0 => Err(Error::from(ErrorKind::UnexpectedEof)),
        _ => Ok(()),
    }
}

/// Bytes of a request with its body, once its head is whole.
fn request(buffer: &[u8]) -> Option<usize> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let Ok(httparse::Status::Complete(head)) = request.parse(buffer) else { return None };
    Some(head + body(request.headers))
}

/// Bytes of an answer with its body, once its head is whole.
fn answer(buffer: &[u8]) -> Option<usize> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut answer = httparse::Response::new(&mut headers);
    let Ok(httparse::Status::Complete(head)) = answer.parse(buffer) else { return None };
    Some(head + body(answer.headers))
}

/// What `Content-Length` says.
pub(crate) fn body(headers: &[httparse::Header<'_>]) -> usize {
    let length = |header: &httparse::Header<'_>| {
        let named = header.name.eq_ignore_ascii_case("content-length");
        named.then(|| std::str::from_utf8(header.value).ok()?.parse::<usize>().ok()).flatten()
    };
    headers.iter().find_map(length).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_ends_where_its_head_says() {
        let head = b"POST / HTTP/1.1\r\ncontent-LENGTH: 4\r\n\r\n";
        assert_eq!(request(&head[..head.len() - 1]), None);
        assert_eq!(request(head), Some(head.len() + 4));
        let head = b"HTTP/1.1 204 No Content\r\n\r\n";
        assert_eq!(answer(&[head, &b"HTTP/1.1 200 OK"[..]].concat()), Some(head.len()));
    }
}
