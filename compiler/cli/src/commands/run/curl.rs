//! Requests as lines for a shell.

use super::shown::Shown;
use gatewright_compiler::SampleRequest;
use std::fmt::Write;
use std::net::SocketAddr;

/// How a gateway is reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way<'a> {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// What callers show, where connections are secured.
    pub(crate) shown: Option<&'a Shown>,
}

impl Way<'_> {
    /// `http://127.0.0.1:8080`
    pub(crate) fn base(&self) -> String {
        let scheme = if self.shown.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }
}

/// `curl 'http://127.0.0.1:8080/v1/products/p_1a2b3c4d'`
pub(crate) fn line(request: &SampleRequest, way: &Way<'_>) -> String {
    let mut line = String::from("curl");
    if let Some(shown) = way.shown {
        line += &format!(" --cacert {}", quoted(&shown.trusted().to_string_lossy()));
        if let Some(own) = request.caller.as_ref().and_then(|who| shown.of(who)) {
            line += &format!(" --cert {}", quoted(&own.to_string_lossy()));
        }
    }
    if request.method != "GET" {
        line += &format!(" -X {}", request.method);
    }
    for (name, value) in &request.headers {
        line += &format!(" -H {}", quoted(&format!("{name}: {value}")));
    }
    if let Some(body) = &request.body {
        let says = |(name, _): &(String, String)| name.eq_ignore_ascii_case("content-type");
        if !request.headers.iter().any(says) {
            line += " -H 'content-type: application/json'";
        }
        line += &format!(" -d {}", quoted(body));
    }
    // Writing to a string cannot fail.
    let _ = write!(line, " {}", quoted(&format!("{}{}", way.base(), request.target)));
    line
}

/// The text as one word of a shell, quoted where it must be.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:[]".contains(&byte);
    if text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_pasted_into_a_shell() {
        let way = Way { address: "127.0.0.1:8080".parse().unwrap(), shown: None };
        let mut request = SampleRequest {
            method: "GET".into(),
            target: "/v1/products/p_1".into(),
            headers: Vec::new(),
            caller: None,
            body: None,
        };
        assert_eq!(line(&request, &way), "curl http://127.0.0.1:8080/v1/products/p_1");
        request.method = "POST".into();
        request.target = "/v1/find?q=it's".into();
        request.headers = vec![("X-Key".into(), "a b".into())];
        request.body = Some("{}".into());
        assert_eq!(
            line(&request, &way),
            "curl -X POST -H 'X-Key: a b' -H 'content-type: application/json' -d '{}' \
             'http://127.0.0.1:8080/v1/find?q=it'\\''s'"
        );
    }
}
