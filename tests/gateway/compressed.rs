//! Answers that are compressed as their callers want it, and requests that are compressed already.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::mpsc::channel;
use std::time::Duration;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::{GzEncoder, ZlibEncoder};
use gatewright_runtime::testing::frames::{Frames, Outcome, kind};
use gatewright_runtime::testing::{Answer, Backend, Gateway, Running, get, send};

use crate::ask::{JSON, problem};
use crate::contracts::compressed::CONTRACT;
use crate::pass::{HEAD, played, until};

const EVERY: [&str; 3] = ["gzip", "br", "zstd"];

fn start(store: &str) -> Running {
    Gateway::start(&CONTRACT, &[("STORE_URL", store)])
}

/// A result with so many items.
fn items(count: usize) -> String {
    let item = |nth| format!(r#"{{"name":"item {nth}","note":"{}"}}"#, nth * 7_919 % 10_007);
    let all: Vec<_> = (0..count).map(item).collect();
    format!(r#"{{"items":[{}]}}"#, all.join(","))
}

fn store(items: &str) -> Backend {
    Backend::start().answer("GET", "/items", 200, items)
}

fn ask(gateway: &Running, target: &str, accepted: &str) -> Answer {
    send(gateway.address(), "GET", target, &[("Accept-Encoding", accepted)], b"")
}

/// A body as it was.
fn plain(coding: &str, body: &[u8]) -> String {
    let mut text = Vec::new();
    match coding {
        "gzip" => MultiGzDecoder::new(body).read_to_end(&mut text),
        "br" => brotli::Decompressor::new(body, 4096).read_to_end(&mut text),
        "zstd" => zstd::stream::read::Decoder::new(body).expect("memory").read_to_end(&mut text),
        other => unreachable!("{other}"),
    }
    .expect("it is compressed so");
    String::from_utf8(text).expect("a text")
}

/// A body, compressed.
fn coded(coding: &str, text: &[u8]) -> Vec<u8> {
    let written = match coding {
        "gzip" | "x-gzip" => {
            let mut writer = GzEncoder::new(Vec::new(), Compression::default());
            writer.write_all(text).and_then(|()| writer.finish())
        }
        "deflate" => {
            let mut writer = ZlibEncoder::new(Vec::new(), Compression::default());
            writer.write_all(text).and_then(|()| writer.finish())
        }
        "br" => {
            let mut writer = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 20);
            writer.write_all(text).map(|()| writer.into_inner())
        }
        _ => zstd::stream::encode_all(text, 3),
    };
    written.expect("memory")
}

#[test]
fn an_answer_is_compressed_as_its_caller_wants_it() {
    let long = items(200);
    let store = store(&long);
    let gateway = start(&store.url());
    let whole = get(gateway.address(), "/v1/items");
    assert_eq!(
        (whole.header("content-encoding"), whole.header("vary")),
        (None, Some("accept-encoding"))
    );
    assert_eq!(whole.text(), long);
    for coding in EVERY {
        let answer = ask(&gateway, "/v1/items", coding);
        assert_eq!(answer.header("content-encoding"), Some(coding));
        assert_eq!(answer.headers("vary"), ["accept-encoding"]);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let length = answer.body.len().to_string();
        assert_eq!(answer.header("content-length"), Some(length.as_str()));
        assert!(answer.body.len() * 3 < long.len(), "{coding}: {length}");
        assert_eq!(plain(coding, &answer.body), long, "{coding}");
        // The same of a head alone.
        let headers = [("Accept-Encoding", coding)];
        let head = send(gateway.address(), "HEAD", "/v1/items", &headers, b"");
        assert_eq!(
            (head.header("content-encoding"), head.header("content-length")),
            (Some(coding), Some(length.as_str()))
        );
    }
    for (accepted, expected) in [
        ("gzip, deflate, br, zstd", Some("zstd")),
        ("gzip;q=0.5, br;q=0.4", Some("gzip")),
        ("gzip;q=0, br;q=0, *", Some("zstd")),
        ("identity, gzip;q=0.5", None),
        ("deflate", None),
        ("", None),
    ] {
        let answer = ask(&gateway, "/v1/items", accepted);
        assert_eq!(answer.header("content-encoding"), expected, "{accepted}");
    }
}

#[test]
fn what_would_gain_nothing_stays_as_it_is() {
    let short = items(3);
    let store = store(&short).answer("GET", "/empty", 200, "{}");
    let gateway = start(&store.url());
    let answer = ask(&gateway, "/v1/items", "gzip");
    assert_eq!((answer.header("content-encoding"), answer.text()), (None, short.clone()));
    assert_eq!(answer.header("vary"), Some("accept-encoding"));
    // Unless nothing else is wanted.
    let answer = ask(&gateway, "/v1/items", "gzip, identity;q=0");
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert_eq!(plain("gzip", &answer.body), short);
    // Nothing is wanted that there is: what there is is better than nothing.
    assert_eq!(ask(&gateway, "/v1/items", "identity;q=0").text(), short);
    let empty = ask(&gateway, "/v1/empty", "gzip, identity;q=0");
    assert_eq!(
        (empty.status, empty.header("content-encoding"), empty.header("vary")),
        (204, None, None)
    );
    // Problems are short.
    let missing = ask(&gateway, "/v1/nothing", "gzip");
    assert_eq!((missing.status, missing.header("content-encoding")), (404, None));
}

#[test]
fn the_contract_says_where_and_from_which_size_on() {
    let long = items(1_000);
    assert!((8_000..64_000).contains(&long.len()));
    let store = store(&long);
    let gateway = start(&store.url());
    for target in ["/v1/late", "/v1/never"] {
        let answer = ask(&gateway, target, "gzip");
        assert_eq!(
            (answer.header("content-encoding"), answer.text()),
            (None, long.clone()),
            "{target}"
        );
    }
    assert_eq!(ask(&gateway, "/v1/never", "gzip").header("vary"), None);
    let store = self::store(&items(4_000));
    let gateway = start(&store.url());
    assert_eq!(ask(&gateway, "/v1/late", "gzip").header("content-encoding"), Some("gzip"));
    assert_eq!(ask(&gateway, "/v1/never", "gzip").header("content-encoding"), None);
}

#[test]
fn a_long_answer_is_compressed_while_it_is_sent() {
    let long = items(5_000);
    let store = store(&long);
    let gateway = start(&store.url());
    for coding in EVERY {
        let answer = ask(&gateway, "/v1/items", coding);
        assert_eq!(answer.header("transfer-encoding"), Some("chunked"), "{coding}");
        assert!(answer.body.len() * 3 < long.len());
        assert_eq!(plain(coding, &answer.body), long, "{coding}");
    }
    let mut frames = Frames::connect(gateway.address(), &[]);
    frames.request(1, ("GET", "/v1/items"), &[("accept-encoding", "br")], b"");
    let Outcome::Answer(200, body) = frames.outcome(1) else { unreachable!("an answer") };
    assert_eq!(plain("br", &body), long);
}

#[test]
fn a_kept_answer_is_compressed_once_and_its_tag_is_weak() {
    let long = items(300);
    let store = store(&long);
    let gateway = start(&store.url());
    for coding in ["zstd", "gzip", "zstd", "gzip", "br"] {
        let answer = ask(&gateway, "/v1/kept", coding);
        assert_eq!(plain(coding, &answer.body), long, "{coding}");
        let tag = answer.header("etag").expect("a tag").to_owned();
        assert!(tag.starts_with("W/\""), "{tag}");
        let again = [("Accept-Encoding", coding), ("If-None-Match", tag.as_str())];
        let unchanged = send(gateway.address(), "GET", "/v1/kept", &again, b"");
        assert_eq!((unchanged.status, unchanged.header("etag")), (304, Some(tag.as_str())));
        assert_eq!(unchanged.headers("vary"), ["accept-encoding"]);
    }
    let whole = get(gateway.address(), "/v1/kept");
    assert!(whole.header("etag").is_some_and(|tag| tag.starts_with('"')));
    assert_eq!(whole.text(), long);
    assert_eq!(store.requests().len(), 1);
}

#[test]
fn an_item_of_a_stream_is_let_out_at_once() {
    for coding in EVERY {
        let (told, more) = channel::<()>();
        let (url, _backend) = played(move |mut stream: TcpStream| {
            until(&mut stream, HEAD);
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";
            stream.write_all(head.as_bytes()).expect("sent");
            for name in ["a", "b", "c"] {
                let line = format!("{{\"name\":\"{name}\",\"note\":\"\"}}\n");
                write!(stream, "{:x}\r\n{line}\r\n", line.len()).expect("sent");
                more.recv_timeout(Duration::from_secs(10)).expect("the caller has it");
            }
            stream.write_all(b"0\r\n\r\n").expect("sent");
        });
        let gateway = start(&url);
        let mut frames = Frames::connect(gateway.address(), &[]);
        frames.request(1, ("GET", "/v1/ticks"), &[("accept-encoding", coding)], b"");
        let (mut body, mut seen) = (Vec::new(), 0);
        while seen < 3 {
            let frame = frames.read().expect("an item");
            if frame.kind == kind::DATA {
                body.extend_from_slice(&frame.payload);
            }
            let lines = so_far(coding, &body).lines().count();
            assert!(lines <= seen + 1, "{coding}: one at a time");
            if lines > seen {
                seen = lines;
                told.send(()).expect("it waits");
            }
        }
        assert!(so_far(coding, &body).contains(r#""name":"c""#), "{coding}");
    }
}

/// What can be read of a body that goes on.
fn so_far(coding: &str, body: &[u8]) -> String {
    let mut text = Vec::new();
    let mut reader: Box<dyn Read> = match coding {
        "gzip" => Box::new(MultiGzDecoder::new(body)),
        "br" => Box::new(brotli::Decompressor::new(body, 4096)),
        _ => Box::new(zstd::stream::read::Decoder::new(body).expect("memory")),
    };
    let mut byte = [0];
    while reader.read(&mut byte).is_ok_and(|size| size > 0) {
        text.push(byte[0]);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// What a backend says of a file, and what a caller gets who accepts gzip.
fn passed(fields: &str, body: &[u8]) -> Answer {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n{fields}\r\n");
    let store = Backend::start().raw_open("GET", "/files/a", &[head.as_bytes(), body].concat());
    let gateway = start(&store.url());
    ask(&gateway, "/v1/files/a", "gzip")
}

#[test]
fn what_is_passed_on_is_compressed_where_it_may_be() {
    let page = "<p>a page</p>\n".repeat(500);
    let answer = passed(
        "Content-Type: text/html\r\nETag: \"1\"\r\nAccept-Ranges: bytes\r\n",
        page.as_bytes(),
    );
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert_eq!((answer.header("etag"), answer.header("accept-ranges")), (Some("W/\"1\""), None));
    assert_eq!(plain("gzip", &answer.body), page);
    for fields in [
        "Content-Type: text/html\r\nCache-Control: public, No-Transform\r\n",
        "Content-Type: text/html\r\nContent-Encoding: br\r\n",
        "Content-Type: text/html\r\nContent-Digest: sha-256=:abc:\r\n",
        "Content-Type: text/html\r\nContent-Range: bytes 0-1/2\r\n",
        "Content-Type: image/png\r\n",
        "",
    ] {
        let fields = format!("ETag: \"1\"\r\n{fields}");
        let answer = passed(&fields, page.as_bytes());
        assert_eq!(answer.text(), page, "{fields}");
        assert_eq!(answer.header("etag"), Some("\"1\""), "{fields}");
        assert_ne!(answer.header("content-encoding"), Some("gzip"), "{fields}");
    }
}

#[test]
fn a_request_may_be_compressed_where_the_contract_says_so() {
    let gateway = start("http://127.0.0.1:1");
    let body = format!(r#"{{"text":"{}"}}"#, "to be or not ".repeat(500));
    for coding in ["gzip", "x-gzip", "deflate", "br", "zstd"] {
        let headers = [JSON, ("Content-Encoding", coding)];
        let sent = coded(coding, body.as_bytes());
        let answer = send(gateway.address(), "POST", "/v1/notes", &headers, &sent);
        assert_eq!((answer.status, answer.text()), (200, body.clone()), "{coding}");
        let cut = sent.get(..sent.len() / 2).expect("a part");
        problem(
            &send(gateway.address(), "POST", "/v1/notes", &headers, cut),
            400,
            "gateway:invalid-request",
        );
        problem(
            &send(gateway.address(), "POST", "/v1/plain", &headers, &sent),
            415,
            "gateway:media",
        );
    }
    for wrong in ["compress", "gzip, br", "snappy"] {
        let headers = [JSON, ("Content-Encoding", wrong)];
        let answer = send(gateway.address(), "POST", "/v1/notes", &headers, body.as_bytes());
        problem(&answer, 415, "gateway:media");
        assert_eq!(answer.header("accept-encoding"), Some("gzip, br, zstd, deflate"));
    }
    let headers = [JSON, ("Content-Encoding", "gzip")];
    let answer = send(gateway.address(), "POST", "/v1/plain", &headers, &coded("gzip", b"{}"));
    assert_eq!(answer.header("accept-encoding"), Some("identity"));
    // What comes out is read as strictly as what was never compressed.
    let answer =
        send(gateway.address(), "POST", "/v1/notes", &headers, &coded("gzip", b"{\"text\":7}"));
    problem(&answer, 400, "gateway:invalid-request");
}

#[test]
fn a_bomb_is_as_long_as_what_comes_out_of_it() {
    let gateway = start("http://127.0.0.1:1");
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let bomb = coded(coding, &vec![b' '; 4 << 20]);
        assert!(bomb.len() < 8 * 1024, "{coding}: {}", bomb.len());
        let headers = [JSON, ("Content-Encoding", coding)];
        let answer = send(gateway.address(), "POST", "/v1/notes", &headers, &bomb);
        problem(&answer, 413, "gateway:body");
    }
}

#[test]
fn curl_reads_what_is_compressed() {
    let long = items(500);
    let store = store(&long);
    let gateway = start(&store.url());
    let url = format!("http://{}/v1/items", gateway.address());
    for coding in EVERY {
        let field = format!("Accept-Encoding: {coding}");
        let output = Command::new("curl").args(["-s", "--compressed", "-H", &field, &url]).output();
        let output = output.expect("curl is installed");
        assert_eq!(String::from_utf8_lossy(&output.stdout), long, "{coding}");
    }
}

#[test]
fn a_result_that_is_compressed_unasked_is_invalid() {
    let body = coded("gzip", items(3).as_bytes());
    let length = body.len();
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n");
    let store = Backend::start().raw_open("GET", "/items", &[head.as_bytes(), &body].concat());
    let gateway = start(&store.url());
    problem(&get(gateway.address(), "/v1/items"), 502, "gateway:backend-failed");
    let asked = store.requests();
    assert_eq!(asked.first().and_then(|one| one.header("accept-encoding")), None);
}
