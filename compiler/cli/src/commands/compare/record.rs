//! Requests that were recorded: HAR files, and access logs.

use gatewright_build::Error;
use gatewright_compiler::alike::Request;
use serde_json::Value;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The largest recording, in bytes.
const MOST: u64 = 64 << 20;

/// Fields that belong to a connection, or to what asked once, and not to the request.
const LEFT_OUT: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "if-modified-since",
    "if-none-match",
    "keep-alive",
    "proxy-connection",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-request-id",
];

/// The requests of a recording, each with its place: the number of an entry, or of a line.
///
/// # Errors
///
/// The file cannot be read, or nothing in it is a request.
pub(super) fn read(path: &Path) -> Result<Vec<(usize, Request)>, Error> {
    let failed = |error| Error::file("read", path, &error);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MOST {
        return Err(Error::wrong_use(format!("{} is larger than 64 MB", path.display()))
            .help("split it, or take a part of it"));
    }
    let text = String::from_utf8_lossy(&bytes);
    let found = requests(text.trim_start_matches('\u{feff}'));
    if found.is_empty() {
        return Err(Error::wrong_use(format!("{} records no request", path.display())).help(
            "give a HAR file, as browsers and proxies write it, or an access log: a JSON object or a line of web servers per request",
        ));
    }
    Ok(found)
}

fn requests(text: &str) -> Vec<(usize, Request)> {
    let archive = serde_json::from_str::<Value>(text).ok();
    let entries = archive.as_ref().and_then(|value| value.pointer("/log/entries")?.as_array());
    match entries {
        Some(entries) => {
            let found = entries.iter().enumerate().map(|(at, one)| (at + 1, entry(one)));
            found.filter_map(|(at, one)| Some((at, one?))).collect()
        }
        None => {
            let found = text.lines().enumerate().map(|(at, one)| (at + 1, line(one)));
            found.filter_map(|(at, one)| Some((at, one?))).collect()
        }
    }
}

/// An entry of a HAR file.
fn entry(entry: &Value) -> Option<Request> {
    let request = entry.get("request")?;
    let text = |value: &Value, name: &str| Some(value.get(name)?.as_str()?.to_owned());
    let headers = request.get("headers").and_then(Value::as_array).into_iter().flatten();
    let headers = headers.filter_map(|one| Some((text(one, "name")?, text(one, "value")?)));
    let is_kept = |(name, value): &(String, String)| {
        let small = name.to_ascii_lowercase();
        is_name(name) && !LEFT_OUT.contains(&small.as_str()) && !value.contains(['\r', '\n', '\0'])
    };
    let body = request.get("postData").and_then(|data| text(data, "text"));
    // Of a form that was sent in parts, the parts alone are recorded.
    if body.is_none() && request.get("postData").is_some_and(Value::is_object) {
        return None;
    }
    Some(Request {
        method: method(&text(request, "method")?)?,
        target: target(&text(request, "url")?)?,
        headers: headers.filter(is_kept).collect(),
        body,
    })
}

/// A line of an access log: that of a gateway, or that of a web server.
fn line(line: &str) -> Option<Request> {
    let of = |method_text: &str, target_text: &str| {
        let (headers, body) = (Vec::new(), None);
        Some(Request { method: method(method_text)?, target: target(target_text)?, headers, body })
    };
    if line.starts_with('{') {
        let value: Value = serde_json::from_str(line).ok()?;
        if value.get("event")?.as_str()? != "request" {
            return None;
        }
        return of(value.get("method")?.as_str()?, value.get("path")?.as_str()?);
    }
    let mut words = line.split('"').nth(1)?.split(' ');
    let (method, target, protocol) = (words.next()?, words.next()?, words.next()?);
    if !protocol.starts_with("HTTP/") || words.next().is_some() {
        return None;
    }
    of(method, target)
}

fn method(text: &str) -> Option<String> {
    let is_one = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase());
    is_one.then(|| text.to_owned())
}

/// Path and query of an address, or of what is one already.
fn target(text: &str) -> Option<String> {
    let text = text.split('#').next().unwrap_or_default();
    let path = match text.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => {
            rest.get(rest.find(['/', '?']).unwrap_or(rest.len())..)?
        }
        _ => text,
    };
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    path.bytes().all(|byte| byte.is_ascii_graphic()).then_some(path)
}

/// Whether this can be the name of a header field (RFC 9110 section 5.6.2).
pub(super) fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let line = |(at, one): (usize, Request)| {
            let headers: Vec<_> =
                one.headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let body = one.body.unwrap_or_default();
            format!("{at} {} {} [{}] {body}", one.method, one.target, headers.join(","))
        };
        requests(text).into_iter().map(line).collect()
    }

    #[test]
    fn an_archive_gives_its_requests_without_what_belongs_to_connections() {
        let text = r#"{"log":{"version":"1.2","entries":[
          {"request":{"method":"GET","url":"https://shop.example/v1/items?q=a%20b#top","headers":[
            {"name":":authority","value":"shop.example"},{"name":"Host","value":"shop.example"},
            {"name":"Accept","value":"application/json"},{"name":"If-None-Match","value":"x"}]}},
          {"request":{"method":"POST","url":"https://shop.example","headers":[],
            "postData":{"mimeType":"application/json","text":"{\"a\":1}"}}},
          {"request":{"method":"POST","url":"/x","headers":[],"postData":{"params":[]}}},
          {"request":{"method":"get it","url":"/x","headers":[]}},
          {"request":{"method":"GET","url":"/a b","headers":[]}},
          7]}}"#;
        let found = ["1 GET /v1/items?q=a%20b [Accept=application/json] ", "2 POST / [] {\"a\":1}"];
        assert_eq!(told(text), found);
    }

    #[test]
    fn logs_give_what_they_tell() {
        let text = concat!(
            "{\"time\":\"2026\",\"event\":\"request\",\"method\":\"GET\",\"path\":\"/v1/a\"}\n",
            "{\"event\":\"started\",\"address\":\"127.0.0.1:1\"}\n",
            "192.0.2.7 - - [23/Nov/2026:09:00:00 +0000] \"GET /v1/b?x=1 HTTP/1.1\" 502 214 \"-\" \"-\"\n",
            "192.0.2.7 - - [23/Nov/2026:09:00:00 +0000] \"\\x16\\x03\" 400 0 \"-\" \"-\"\n",
            "{\"event\":\"request\",\"method\":\"GET\",\"path\":null}\n",
            "and nothing else\n",
        );
        assert_eq!(told(text), ["1 GET /v1/a [] ", "3 GET /v1/b?x=1 [] "]);
    }
}
