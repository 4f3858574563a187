//! The service behind all of them: answers that lie ready, over connections that stay.

use crate::{Fault, bare, bodies};
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

type Answers = Rc<HashMap<String, Vec<u8>>>;

/// Answers on a thread of its own, on the processor `core`, until the program ends.
///
/// # Errors
///
/// That it cannot listen.
pub(crate) fn start(core: Option<usize>) -> Result<SocketAddr, Fault> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    std::thread::Builder::new().name("origin".into()).spawn(move || {
        crate::process::pin(core);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime of one thread starts");
        tokio::task::LocalSet::new().block_on(&runtime, serve(listener));
    })?;
    Ok(address)
}

async fn serve(listener: std::net::TcpListener) {
    let listener = TcpListener::from_std(listener).expect("the listener does not block");
    let answers: Answers = Rc::new(answers());
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        tokio::task::spawn_local(connection(stream, Rc::clone(&answers)));
    }
}

/// Head and body by the last segment of the path.
fn answers() -> HashMap<String, Vec<u8>> {
    let whole = |body: &str| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
        format!("{head}{}\r\n\r\n{body}", body.len()).into_bytes()
    };
    let mut answers: HashMap<_, _> =
        bodies::all().iter().map(|(name, body)| ((*name).to_owned(), whole(body))).collect();
    answers.insert("orders".to_owned(), whole("{}"));
    for (path, size) in [("limited", "2k"), ("kept", "2k"), ("merged", "2k"), ("mine", "200")] {
        let answer = answers[size].clone();
        answers.insert(path.to_owned(), answer);
    }
    answers
}

async fn connection(mut stream: TcpStream, answers: Answers) {
    let mut buffer = Vec::with_capacity(16 * 1024);
    loop {
        let Some((end, answer)) = next(&buffer, &answers) else {
            match stream.read_buf(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => continue,
            }
        };
        if stream.write_all(answer).await.is_err() {
            return;
        }
        buffer.drain(..end);
    }
}

/// Where the first request ends, and its answer; nothing while it is not whole.
fn next<'a>(buffer: &[u8], answers: &'a Answers) -> Option<(usize, &'a [u8])> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let Ok(httparse::Status::Complete(head)) = request.parse(buffer) else { return None };
    let body = bare::body(request.headers);
    let path = request.path?.rsplit('/').next()?;
    let answer = answers.get(path).map_or(NOTHING, Vec::as_slice);
    (buffer.len() >= head + body).then_some((head + body, answer))
}

const NOTHING: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

#[cfg(test)]
mod tests {
    use crate::bodies::{all, order};

    #[test]
    fn bodies_are_json_of_the_size_that_their_name_says() {
        for (name, body) in all() {
            serde_json::from_str::<serde_json::Value>(&body).expect("it is JSON");
            let said = name.trim_end_matches('b').replace('k', "000");
            let said: usize = said.parse().expect("a name is a size");
            assert!(body.len().abs_diff(said) * 5 < said, "{name}: {}", body.len());
        }
        serde_json::from_str::<serde_json::Value>(&order(20)).expect("it is JSON");
    }
}
