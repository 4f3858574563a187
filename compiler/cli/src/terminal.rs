//! Everything that is printed: results to standard output, the rest to standard error.

use crate::args::When;
use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};
use gatewright_build::{Error, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// How long a plain progress line is the last word, if there is something else to say.
const PAUSE: Duration = Duration::from_secs(3);
/// How long it is the last word if there is not.
const SILENCE: Duration = Duration::from_secs(15);
/// How long a build may take before it is worth a line.
const PROMPT: Duration = Duration::from_secs(1);

const BAD: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();

/// How to print. That nobody reads what is printed is no reason to stop: write errors are ignored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    quiet: bool,
}

impl Terminal {
    /// `colour` holds for both streams; `auto` looks at each, and at NO_COLOR.
    pub(crate) fn new(colour: When, quiet: bool) -> Self {
        match colour {
            When::Auto => ColorChoice::Auto,
            When::Always => ColorChoice::Always,
            When::Never => ColorChoice::Never,
        }
        .write_global();
        Self { quiet }
    }

    /// A result, as it is.
    pub(crate) fn result(self, text: &str) {
        let mut out = anstream::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Findings of a command whose result is something else.
    pub(crate) fn findings(self, text: &str) {
        let _ = anstream::stderr().lock().write_all(text.as_bytes());
    }

    /// A line about what happened; not when quiet.
    pub(crate) fn note(self, line: &str) {
        if !self.quiet {
            let _ = writeln!(anstream::stderr().lock(), "{line}");
        }
    }

    /// `note` with its first word as a heading: `built  dist/shop-v1`.
    pub(crate) fn done(self, what: &str, line: &str) {
        self.note(&format!("{GOOD}{what}{GOOD:#}  {line}"));
    }

    /// A line that another program wrote, or that must be read.
    pub(crate) fn pass_on(self, line: &str) {
        let _ = writeln!(anstream::stderr().lock(), "{line}");
    }

    /// Why a command failed.
    pub(crate) fn complain(self, error: &Error) {
        let _ = writeln!(anstream::stderr().lock(), "{BAD}error{BAD:#}: {error}");
    }

    /// Columns that pictures of source text may use. Constant where nobody looks, so that output
    /// does not depend on the window it was made in.
    pub(crate) fn width(self) -> usize {
        let seen = if io::stdout().is_terminal() { terminal_size::terminal_size() } else { None };
        seen.map_or(120, |(width, _)| usize::from(width.0).clamp(60, 160))
    }

    /// The progress of building `what`.
    pub(crate) fn progress(self, what: &str) -> Bar {
        let kind = if self.quiet {
            Kind::Silent
        } else if io::stderr().is_terminal() {
            Kind::Line(line())
        } else {
            Kind::Plain { spoken: String::new(), next: Instant::now() + PROMPT }
        };
        Bar { what: what.to_owned(), kind, terminal: self }
    }
}

fn line() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} {wide_msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Shows progress: one changing line on a terminal, a line every few seconds elsewhere.
#[derive(Debug)]
pub(crate) struct Bar {
    what: String,
    kind: Kind,
    terminal: Terminal,
}

#[derive(Debug)]
enum Kind {
    Silent,
    Line(ProgressBar),
    Plain {
        /// The last line.
        spoken: String,
        /// When another line may follow.
        next: Instant,
    },
}

impl Bar {
    /// Takes a step.
    pub(crate) fn step(&mut self, progress: &Progress) {
        match &mut self.kind {
            Kind::Silent => {}
            Kind::Line(bar) => bar.set_message(short(&self.what, progress)),
            Kind::Plain { spoken, next } => {
                let line = long(&self.what, progress);
                let now = Instant::now();
                let due = if line == *spoken { *next + (SILENCE - PAUSE) } else { *next };
                if now >= due {
                    self.terminal.note(&line);
                    *spoken = line;
                    *next = now + PAUSE;
                }
            }
        }
    }
}

impl Bar {
    /// Shows a line of another kind, on a terminal only.
    pub(crate) fn show(&self, line: String) {
        if let Kind::Line(bar) = &self.kind {
            bar.set_message(line);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Kind::Line(bar) = &self.kind {
            bar.finish_and_clear();
        }
    }
}

/// `building shop 34/52 hyper`
fn short(what: &str, progress: &Progress) -> String {
    match progress {
        Progress::Compiling { done, total, name } => {
            format!("building {what} {done}/{total} {name}")
        }
        _ => long(what, progress),
    }
}

/// `building shop: 34 of 52 crates, hyper`
fn long(what: &str, progress: &Progress) -> String {
    match progress {
        Progress::Waiting => format!("building {what}: waiting for another build"),
        Progress::Fetching => format!("building {what}: fetching crates"),
        Progress::Compiling { done, total, name } if name.is_empty() => {
            format!("building {what}: {done} of {total} crates")
        }
        Progress::Compiling { done, total, name } => {
            format!("building {what}: {done} of {total} crates, {name}")
        }
    }
}

/// `0.8 s`
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_says_how_far_and_what() {
        let compiling = Progress::Compiling { done: 34, total: 52, name: "hyper".into() };
        assert_eq!(short("shop", &compiling), "building shop 34/52 hyper");
        assert_eq!(long("shop", &compiling), "building shop: 34 of 52 crates, hyper");
        assert_eq!(short("shop", &Progress::Fetching), "building shop: fetching crates");
    }
}
