//! One request as a line.

use std::net::IpAddr;
use std::time::Duration;

use super::{Called, Form, Trail};
use crate::calendar::{Date, Timestamp};
use crate::contract::Endpoint;
use crate::json::Writer;
use crate::request::text_of;
use crate::reuse::Reused;

/// What a line says. It holds no query, no header field and no body.
#[derive(Debug)]
pub(crate) struct Entry<'e> {
    pub(crate) id: &'e str,
    pub(crate) peer: IpAddr,
    pub(crate) method: &'e str,
    /// The path, as it was sent.
    pub(crate) path: &'e str,
    pub(crate) protocol: http::Version,
    pub(crate) endpoint: Option<&'static Endpoint>,
    /// Nothing for a request that nobody waited for any more.
    pub(crate) status: Option<u16>,
    /// Of the answer's body.
    pub(crate) bytes: u64,
    pub(crate) took: Duration,
    /// Why it failed: the problem's code.
    pub(crate) problem: Option<&'static str>,
    /// The limit that it was refused for.
    pub(crate) limit: Option<&'static str>,
    /// The scheme by which it is known who calls.
    pub(crate) auth: Option<&'static str>,
    /// The declared consumer who calls.
    pub(crate) consumer: Option<&'static str>,
    pub(crate) fallbacks: &'e [&'static str],
    /// Where the answer comes from, if it can be used again.
    pub(crate) reused: Option<Reused>,
    pub(crate) trail: &'e Trail,
}

impl Entry<'_> {
    /// Whether it is logged in any case: what fails is rare, or all that matters.
    pub(super) fn failed(&self) -> bool {
        self.status.is_none_or(|status| status >= 500)
    }

    /// Writes the line, for this moment after 1970.
    pub(super) fn write(&self, form: Form, now: Duration, out: &mut Writer) {
        match form {
            Form::Json => self.json(now, out),
            Form::Combined => self.combined(now, out),
        }
    }

    fn json(&self, now: Duration, out: &mut Writer) {
        out.raw("{\"time\":\"");
        out.show(Timestamp(now));
        out.raw("\",\"event\":\"request\",\"request\":");
        out.text(self.id);
        out.raw(",\"client\":\"");
        out.raw(&text_of(self.peer.to_canonical()));
        out.raw("\",\"method\":");
        out.text(self.method);
        out.raw(",\"path\":");
        out.text(self.path);
        if let Some(endpoint) = self.endpoint {
            out.raw(",\"endpoint\":");
            out.text(endpoint.template);
            out.raw(",\"version\":");
            out.text(endpoint.version);
        }
        out.raw(",\"status\":");
        match self.status {
            Some(status) => out.number(status.into(), 1),
            None => out.raw("null"),
        }
        out.raw(",\"bytes\":");
        out.number(self.bytes, 1);
        out.raw(",\"ms\":");
        millis(self.took, out);
        if let Some(problem) = self.problem {
            out.raw(",\"problem\":");
            out.text(problem);
        }
        let more = [("limit", self.limit), ("auth", self.auth), ("consumer", self.consumer)];
        for (name, value) in more {
            if let Some(value) = value {
                out.show(format_args!(",\"{name}\":"));
                out.text(value);
            }
        }
        if !self.fallbacks.is_empty() {
            out.raw(",\"fallbacks\":[");
            for fields in self.fallbacks {
                out.comma();
                out.text(fields);
            }
            out.raw("]");
        }
        if let Some(reused) = self.reused {
            out.raw(",\"cache\":");
            out.text(reused.as_str());
        }
        self.calls(out);
        out.raw("}\n");
    }

    fn calls(&self, out: &mut Writer) {
        let mut calls = self.trail.calls().peekable();
        if calls.peek().is_none() {
            return;
        }
        out.raw(",\"calls\":[");
        for Called { backend, operation, outcome, took, times, attempts } in calls {
            out.comma();
            out.raw("{\"backend\":");
            out.text(backend);
            out.raw(",\"operation\":");
            out.text(operation);
            out.raw(",\"outcome\":");
            out.text(outcome.as_str());
            out.raw(",\"ms\":");
            millis(took, out);
            out.raw(",\"attempts\":");
            out.number(attempts.into(), 1);
            if times > 1 {
                out.raw(",\"times\":");
                out.number(times.into(), 1);
            }
            out.raw("}");
        }
        out.raw("]");
        if self.trail.more() > 0 {
            out.show(format_args!(",\"more_calls\":{}", self.trail.more()));
        }
    }

    /// The line of Apache's `combined` format. What it has no place for is left out; `-` stands for
    /// the two header fields that are never written.
    fn combined(&self, now: Duration, out: &mut Writer) {
        let date = Date::at(now.as_secs());
        let Date { year, day, hour, minute, second, .. } = date;
        let month = date.month_name();
        out.show(format_args!(
            "{} - - [{day:02}/{month}/{year:04}:{hour:02}:{minute:02}:{second:02} +0000] \"",
            self.peer.to_canonical()
        ));
        plain(self.method, out);
        out.raw(" ");
        plain(self.path, out);
        let (protocol, status) = (self.protocol, self.status.unwrap_or(GONE));
        out.show(format_args!(" {protocol:?}\" {status} {} \"-\" \"-\"\n", self.bytes));
    }
}

/// What stands for the status of a request whose caller went away, as with other servers.
const GONE: u16 = 499;

/// A span in milliseconds, to the microsecond.
fn millis(span: Duration, out: &mut Writer) {
    let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    out.number(micros / 1000, 1);
    out.raw(".");
    out.number(micros % 1000, 3);
}

/// A text that cannot leave its place between quotes: everything that is not visible ASCII, quotes
/// and backslashes as `\xHH`.
fn plain(text: &str, out: &mut Writer) {
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' | ..=b' ' | 0x7f.. => out.show(format_args!("\\x{byte:02x}")),
            visible => out.show(char::from(visible)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::metrics::Outcome;

    fn entry<'e>(path: &'e str, trail: &'e Trail) -> Entry<'e> {
        Entry {
            id: "r1",
            peer: IpAddr::V6(Ipv4Addr::LOCALHOST.to_ipv6_mapped()),
            method: "GET",
            path,
            protocol: http::Version::HTTP_11,
            endpoint: None,
            status: Some(200),
            bytes: 12,
            took: Duration::from_micros(1_234),
            problem: None,
            limit: None,
            auth: None,
            consumer: None,
            fallbacks: &[],
            reused: None,
            trail,
        }
    }

    fn line(form: Form, entry: &Entry<'_>) -> String {
        let mut out = Writer::new();
        entry.write(form, Duration::from_millis(1_788_220_799_007), &mut out);
        out.as_str().to_owned()
    }

    #[test]
    fn a_line_is_json_whatever_callers_send() {
        let trail = Trail::default();
        let took = Duration::from_micros(900);
        let (backend, outcome) = ("catalog", Outcome::Timeout);
        let operation = "GET /items/{id}";
        trail.called(Called { backend, operation, outcome, took, times: 1, attempts: 2 });
        let fallbacks = ["reviews, stars", "stock"];
        let entry = Entry {
            status: None,
            problem: Some("backend-timeout"),
            limit: Some("ip"),
            auth: Some("partner"),
            consumer: Some("web"),
            fallbacks: &fallbacks,
            reused: Some(Reused::Unkept),
            ..entry("/a\"\n\\", &trail)
        };
        assert_eq!(
            line(Form::Json, &entry),
            concat!(
                r#"{"time":"2026-08-31T23:59:59.007Z","event":"request","request":"r1","#,
                r#""client":"127.0.0.1","method":"GET","path":"/a\"\n\\","status":null,"#,
                r#""bytes":12,"ms":1.234,"problem":"backend-timeout","#,
                r#""limit":"ip","auth":"partner","consumer":"web","#,
                r#""fallbacks":["reviews, stars","stock"],"cache":"unkept","calls":[{"backend":"catalog","#,
                r#""operation":"GET /items/{id}","outcome":"timeout","ms":0.900,"attempts":2}]}"#,
                "\n"
            )
        );
    }

    #[test]
    fn a_combined_line_stays_one_line_of_eleven_parts() {
        let trail = Trail::default();
        let entry = entry("/a\"b\\c\r\n\u{7f}é", &trail);
        assert_eq!(
            line(Form::Combined, &entry),
            concat!(
                r#"127.0.0.1 - - [31/Aug/2026:23:59:59 +0000] "GET /a\x22b\x5cc\x0d\x0a\x7f"#,
                r#"\xc3\xa9 HTTP/1.1" 200 12 "-" "-""#,
                "\n"
            )
        );
        let gone = Entry { status: None, ..entry };
        assert!(line(Form::Combined, &gone).contains("\" 499 12 \""));
    }
}
