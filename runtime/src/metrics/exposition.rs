//! Metrics as text: Prometheus 0.0.4, or OpenMetrics 1.0.0 for those who ask for it.

use std::fmt::{Display, Write};
use std::time::UNIX_EPOCH;

use super::count::{Exemplar, Spread};
use crate::request::{fit, quality, ranges_of};

/// The two forms that metrics are read in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Prometheus,
    OpenMetrics,
}

impl Form {
    /// What an `Accept` field prefers; Prometheus's own form unless it says that it reads the
    /// other one at least as gladly.
    pub(crate) fn preferred(accept: &str) -> Form {
        let open = fit(ranges_of(accept), "application/openmetrics-text");
        let named = open.filter(|open| open.exactness == 2 && open.quality > 0);
        if named.is_some_and(|open| open.quality >= quality(ranges_of(accept), "text/plain")) {
            Form::OpenMetrics
        } else {
            Form::Prometheus
        }
    }

    /// The media type of the text.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Form::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Form::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// What a family of series is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// The labels of a series.
pub(super) type Labels<'l> = &'l [(&'static str, &'l str)];

/// A text of metrics in the making: family by family, each with all of its series.
#[derive(Debug)]
pub(crate) struct Page {
    form: Form,
    text: String,
    name: &'static str,
    kind: Kind,
}

impl Page {
    pub(crate) fn new(form: Form) -> Page {
        Page { form, text: String::with_capacity(16 * 1024), name: "", kind: Kind::Gauge }
    }

    /// Begins a family. The name of a counter is without `_total`.
    pub(super) fn family(&mut self, name: &'static str, kind: Kind, help: &str) {
        (self.name, self.kind) = (name, kind);
        let word = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        // OpenMetrics names a family of counters without the ending of its samples.
        let total = match (self.form, kind) {
            (Form::Prometheus, Kind::Counter) => "_total",
            _ => "",
        };
        let _ = writeln!(self.text, "# HELP {name}{total} {help}");
        let _ = writeln!(self.text, "# TYPE {name}{total} {word}");
    }

    /// Adds a series to the family.
    pub(super) fn sample(&mut self, labels: Labels<'_>, value: impl Display) {
        let suffix = if self.kind == Kind::Counter { "_total" } else { "" };
        self.line(suffix, labels, None, value);
    }

    /// Adds the series of one histogram to the family. Bounds are in seconds. A reader of OpenMetrics
    /// is shown the last of each bucket that is traced (OpenMetrics 1.0.0, "Exemplars").
    pub(super) fn histogram(&mut self, labels: Labels<'_>, bounds: &[f64], spread: &Spread) {
        let mut total = 0;
        let ends = bounds.iter().map(|bound| format!("{bound:?}")).chain(["+Inf".to_owned()]);
        for ((end, count), exemplar) in ends.zip(&spread.buckets).zip(&spread.exemplars) {
            total += count;
            match exemplar.filter(|_| self.form == Form::OpenMetrics) {
                None => self.line("_bucket", labels, Some(&end), total),
                Some(Exemplar { context, took, at }) => {
                    let at = at.duration_since(UNIX_EPOCH).unwrap_or_default();
                    let shown = format_args!(
                        "{total} # {{trace_id=\"{:032x}\",span_id=\"{:016x}\"}} {:?} {}.{:03}",
                        context.trace,
                        context.span,
                        took.as_secs_f64(),
                        at.as_secs(),
                        at.subsec_millis()
                    );
                    self.line("_bucket", labels, Some(&end), shown);
                }
            }
        }
        self.line("_sum", labels, None, format_args!("{:?}", seconds(spread.sum)));
        self.line("_count", labels, None, total);
    }

    fn line(&mut self, suffix: &str, labels: Labels<'_>, le: Option<&str>, value: impl Display) {
        let _ = write!(self.text, "{}{suffix}", self.name);
        let all = labels.iter().copied().chain(le.map(|le| ("le", le)));
        for (at, (name, value)) in all.enumerate() {
            let mark = if at == 0 { '{' } else { ',' };
            let _ = write!(self.text, "{mark}{name}=\"");
            self.escaped(value);
            self.text.push('"');
        }
        let close = if labels.is_empty() && le.is_none() { "" } else { "}" };
        let _ = writeln!(self.text, "{close} {value}");
    }

    fn escaped(&mut self, value: &str) {
        for character in value.chars() {
            match character {
                '\\' => self.text.push_str("\\\\"),
                '"' => self.text.push_str("\\\""),
                '\n' => self.text.push_str("\\n"),
                other => self.text.push(other),
            }
        }
    }

    /// The whole text.
    pub(crate) fn finish(mut self) -> String {
        if self.form == Form::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }
}

#[expect(clippy::cast_precision_loss, reason = "a sum that large is no matter of nanoseconds")]
fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::trace::Context;

    #[test]
    fn a_reader_gets_the_form_that_it_asks_for() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
        for accept in
            [prometheus, "application/openmetrics-text", "application/OpenMetrics-text; q=1"]
        {
            assert_eq!(Form::preferred(accept), Form::OpenMetrics, "{accept}");
        }
        for accept in [
            "",
            "*/*",
            "text/html, */*",
            "text/plain",
            "application/openmetrics-text;q=0",
            "application/openmetrics-text;q=x",
            "application/openmetrics-text;q=0.2, text/plain;q=0.9",
        ] {
            assert_eq!(Form::preferred(accept), Form::Prometheus, "{accept}");
        }
    }

    #[test]
    fn the_two_forms_differ_in_four_places() {
        let page = |form| {
            let mut page = Page::new(form);
            page.family("a", Kind::Counter, "Help.");
            page.sample(&[("x", "\"\\\n")], 2_u64);
            page.family("b_seconds", Kind::Histogram, "Help.");
            let mut spread = Spread { sum: 2_500_000_000, ..Spread::default() };
            [spread.buckets[0], spread.buckets[2]] = [1, 2];
            let context = Context::read(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
            spread.exemplars[0] = Some(Exemplar {
                context: context.expect("it is well formed"),
                took: Duration::from_millis(43),
                at: UNIX_EPOCH + Duration::from_millis(1_795_424_400_123),
            });
            page.histogram(&[], &[0.5, 1.0], &spread);
            page.finish()
        };
        let shown = " # {trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\",span_id=\"00f067aa0ba902b7\"} \
                     0.043 1795424400.123";
        let rest = |shown: &str| {
            let first = format!("b_seconds_bucket{{le=\"0.5\"}} 1{shown}\n");
            first
                + "b_seconds_bucket{le=\"1.0\"} 1\nb_seconds_bucket{le=\"+Inf\"} 3\n\
                   b_seconds_sum 2.5\nb_seconds_count 3\n"
        };
        let (plain, open) = (rest(""), rest(shown));
        let heads = "# HELP b_seconds Help.\n# TYPE b_seconds histogram\n";
        let sample = "a_total{x=\"\\\"\\\\\\n\"} 2\n";
        assert_eq!(
            page(Form::Prometheus),
            format!("# HELP a_total Help.\n# TYPE a_total counter\n{sample}{heads}{plain}")
        );
        assert_eq!(
            page(Form::OpenMetrics),
            format!("# HELP a Help.\n# TYPE a counter\n{sample}{heads}{open}# EOF\n")
        );
    }
}
