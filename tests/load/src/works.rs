//! The work that is measured: what is asked, over what, and how often at a time.

use crate::bodies;
use std::fmt::Write;

/// How callers speak to a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Front {
    /// HTTP/1.1
    Plain,
    /// HTTP/1.1 in TLS
    Tls,
    /// HTTP/2 in TLS
    Two,
}

/// What a gateway does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Hands on what the service says.
    Pass,
    /// Takes the answer apart and makes another of it.
    Shaped,
    /// Asks several services at once and makes one answer.
    Merged,
    /// Checks who calls.
    Token,
    /// Counts who calls how often.
    Limited,
    /// Answers from memory.
    Kept,
    /// Checks what it is sent.
    Checked,
}

/// One row of work.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    /// As tables call it.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) front: Front,
    pub(crate) path: String,
    pub(crate) body: Option<String>,
    /// Connections at once; over HTTP/2, requests at once on four connections.
    pub(crate) at_once: usize,
}

impl Work {
    /// A request without a body, over HTTP/1.1.
    pub(crate) fn get(name: &'static str, kind: Kind, path: &str) -> Self {
        Self { name, kind, front: Front::Plain, path: path.to_owned(), body: None, at_once: 64 }
    }

    pub(crate) fn at_once(self, at_once: usize) -> Self {
        Self { at_once, ..self }
    }

    fn over(self, front: Front) -> Self {
        Self { front, ..self }
    }

    pub(crate) fn method(&self) -> &'static str {
        if self.body.is_some() { "POST" } else { "GET" }
    }

    /// Header fields besides `Host`, with the token that endpoints for known callers want.
    pub(crate) fn headers(&self, token: &str) -> Vec<(&'static str, String)> {
        let mut headers = vec![("accept", "application/json".to_owned())];
        if self.kind == Kind::Token {
            headers.push(("authorization", format!("Bearer {token}")));
        }
        if let Some(body) = &self.body {
            headers.push(("content-type", "application/json".to_owned()));
            headers.push(("content-length", body.len().to_string()));
        }
        headers
    }

    /// The request as HTTP/1.1 writes it.
    pub(crate) fn text(&self, token: &str) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\nHost: localhost\r\n", self.method(), self.path);
        for (name, value) in self.headers(token) {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        text.push_str("\r\n");
        text.push_str(self.body.as_deref().unwrap_or_default());
        text.into_bytes()
    }
}

/// All of the work, in the order of the tables.
pub(crate) fn all() -> Vec<Work> {
    let pass = |name, path| Work::get(name, Kind::Pass, path);
    let order = Work {
        body: Some(bodies::order(20)),
        ..Work::get("POST of 20 lines, checked", Kind::Checked, "/v1/orders")
    };
    vec![
        pass("pass 200 B", "/v1/pass/200"),
        pass("pass 2 KiB", "/v1/pass/2k"),
        pass("pass 2 KiB, 1 connection", "/v1/pass/2k").at_once(1),
        pass("pass 2 KiB, 256 connections", "/v1/pass/2k").at_once(256),
        pass("pass 20 KiB", "/v1/pass/20k"),
        pass("pass 200 KiB", "/v1/pass/200k").at_once(16),
        Work::get("one call shaped, 2 KiB", Kind::Shaped, "/v1/shaped/2k"),
        Work::get("one call shaped, 20 KiB", Kind::Shaped, "/v1/shaped/20k"),
        Work::get("one call shaped, 200 KiB", Kind::Shaped, "/v1/shaped/200k").at_once(16),
        Work::get("three calls merged", Kind::Merged, "/v1/merged"),
        Work::get("call with a token", Kind::Token, "/v1/mine"),
        Work::get("limited per address, 2 KiB", Kind::Limited, "/v1/limited"),
        Work::get("kept answer", Kind::Kept, "/v1/kept"),
        order,
        pass("pass 2 KiB, TLS", "/v1/pass/2k").over(Front::Tls),
        pass("pass 2 KiB, HTTP/2", "/v1/pass/2k").over(Front::Two),
    ]
}

/// What a quick look is about.
pub(crate) const HEART: &[&str] =
    &["pass 2 KiB", "one call shaped, 2 KiB", "three calls merged", "POST of 20 lines, checked"];
