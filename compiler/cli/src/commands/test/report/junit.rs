//! The report as JUnit's XML.

use super::{Report, located};
use gatewright_compiler::diagnostic::render::{self, Style};
use gatewright_compiler::source::Sources;
use std::fmt::Write as _;
use std::time::Duration;

/// The columns of the pictures in it.
const WIDTH: usize = 120;

/// One suite, with a test case per case.
pub(super) fn document(report: &Report<'_>, sources: &Sources) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let (tests, failures, time) = (report.ran.len(), report.failed(), seconds(report.took));
    let api = escaped(report.api);
    let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" time=\"{time}\"");
    let _ = writeln!(text, "<testsuites name=\"{api}\" {counts}>");
    let _ = writeln!(text, "  <testsuite name=\"{api}\" {counts} skipped=\"0\">");
    for one in report.ran {
        let Some(listed) = report.listed(one) else { continue };
        let (file, line, _) = located(listed.span, sources);
        let _ = write!(
            text,
            "    <testcase name=\"{}\" classname=\"{api}\" file=\"{}\" line=\"{line}\" time=\"{}\"",
            escaped(&listed.title),
            escaped(&file),
            seconds(one.took),
        );
        match &one.verdict.failure {
            None => text.push_str("/>\n"),
            Some(failure) => {
                let style = Style { colour: false, width: WIDTH };
                let picture = render::text(std::slice::from_ref(failure), sources, style);
                let message = escaped(&failure.primary.text);
                let _ = writeln!(text, ">");
                let _ = writeln!(
                    text,
                    "      <failure type=\"{}\" message=\"{message}\">{}</failure>",
                    failure.code.name(),
                    escaped(&picture),
                );
                text.push_str("    </testcase>\n");
            }
        }
    }
    text.push_str("  </testsuite>\n</testsuites>\n");
    text
}

/// `1.234`
fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}

/// Text as XML 1.0 can hold it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(letter),
            // Control characters and these two are no characters of XML 1.0 (section 2.2).
            letter if letter.is_control() || matches!(letter, '\u{FFFE}' | '\u{FFFF}') => {
                out.push('\u{FFFD}');
            }
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn any_text_can_stand_in_xml() {
        assert_eq!(escaped("a<b>&\"c\"\u{1b}\n"), "a&lt;b&gt;&amp;&quot;c&quot;\u{FFFD}\n");
    }
}
