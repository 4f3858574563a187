//! Runs cargo in a generated package and finds the program it made.

mod output;
mod remedy;

use crate::error::Error;
use crate::how::How;
use crate::toolchain::{C_FLAGS, CRATES, Toolchain};
use output::Output;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

/// What a build is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Another process builds.
    Waiting,
    /// Packages of other authors are fetched.
    Fetching,
    /// Crates are compiled: how many are done, of how many, and which are at work.
    Compiling {
        /// Done.
        done: usize,
        /// In all.
        total: usize,
        /// At work, separated by commas.
        name: String,
    },
}

/// How quick the build is to be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The same source gives the same bytes.
    Release,
    /// As fast a program, and its own crate is compiled incrementally. Everything it rests on is
    /// shared with release builds.
    Dev,
}

/// How often the last step is told again while a crate takes its time.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// One run of cargo.
#[derive(Clone, Debug)]
pub struct Job<'a> {
    /// The package's directory.
    pub package: &'a Path,
    /// The program's name.
    pub program: &'a str,
    /// The target directory.
    pub target: &'a Path,
    /// The directory that is called `/gatewright` in the program, so that it does not say where it
    /// was built.
    pub root: &'a Path,
    /// The file for everything that cargo says.
    pub log: &'a Path,
    /// How it is built.
    pub how: How<'a>,
}

/// Builds and returns the path of the program.
///
/// # Errors
///
/// There is no usable toolchain, cargo cannot be run, or the build fails. What cargo said is in the
/// log.
pub fn build(job: &Job<'_>, progress: &mut dyn FnMut(Progress)) -> Result<PathBuf, Error> {
    let toolchain = Toolchain::find(job.how.target)?;
    let mut log = open_log(job.log)?;
    let mut child = command(job, &toolchain).spawn().map_err(|error| {
        Error::world(format!("cannot run cargo: {error}")).help(remedy::NO_CARGO)
    })?;
    let mut output = Output::default();
    let mut last = None;
    let lines = lines(&mut child);
    loop {
        let step = match lines.recv_timeout(HEARTBEAT) {
            Ok(line) => {
                // A log that cannot be written is no reason to stop a build that works.
                let _ = writeln!(log, "{}", line.text());
                output.take(&line)
            }
            Err(RecvTimeoutError::Timeout) => last.clone(),
            Err(RecvTimeoutError::Disconnected) => break,
        };
        if let Some(step) = step {
            last = Some(step.clone());
            progress(step);
        }
    }
    let status = child.wait().map_err(|error| Error::world(format!("lost cargo: {error}")))?;
    match output.program(job.program) {
        Some(path) if status.success() => Ok(path),
        _ => Err(remedy::explain(output.said()).log(job.log)),
    }
}

/// A line that cargo wrote.
#[derive(Debug)]
enum Line {
    /// A message in JSON.
    Message(String),
    /// Words for a person.
    Said(String),
}

impl Line {
    fn text(&self) -> &str {
        match self {
            Line::Message(text) | Line::Said(text) => text,
        }
    }
}

/// More codegen units than a contract has endpoints, so that each stays in one of its own. Of 256, which
/// is what an incremental build has, those of a long contract are put together by their sizes: one
/// endpoint that grows puts others together, and nearly all of them are compiled again.
const APART: &str = "profile.release.package.gateway.codegen-units=65536";

/// `cargo build --locked …` in a fixed environment: what would change the bytes is not inherited.
fn command(job: &Job<'_>, toolchain: &Toolchain) -> Command {
    let mut command = Command::new("cargo");
    command.args(["build", "--release", "--locked", "--message-format=json-render-diagnostics"]);
    command.args(["--bin", job.program, "--target", &toolchain.target]);
    job.how.supply.say(&mut command);
    if job.how.mode == Mode::Dev {
        command.args(["--config", "profile.release.package.gateway.incremental=true"]);
        command.args(["--config", APART]);
    }
    for (name, _) in std::env::vars_os() {
        if changes_bytes(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
    command
        .current_dir(job.package)
        .env("CARGO_TARGET_DIR", job.target)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(job, toolchain))
        .env("CFLAGS", c_flags(job, toolchain))
        .env("SOURCE_DATE_EPOCH", "0")
        .env("CARGO_TERM_COLOR", "never")
        .env("CARGO_TERM_PROGRESS_WHEN", "always")
        .env("CARGO_TERM_PROGRESS_WIDTH", "160")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Whether a variable would change what is built, how it is spoken about or where it lands.
fn changes_bytes(name: &str) -> bool {
    const EXACT: &[&str] = &[
        "RUSTFLAGS",
        "CARGO_INCREMENTAL",
        "CARGO_BUILD_INCREMENTAL",
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_BUILD_TARGET_DIR",
        "CARGO_BUILD_BUILD_DIR",
        "CARGO_TERM_QUIET",
        "CARGO_TERM_VERBOSE",
    ];
    // Flags for the C compiler and for tools beside it, for every target or for one of them.
    const PARTS: &[&str] = &["CFLAGS", "CPPFLAGS", "LDFLAGS", "RUSTFLAGS"];
    EXACT.contains(&name)
        || name.starts_with("CARGO_PROFILE_")
        || PARTS.iter().any(|part| name.contains(part))
}

/// Flags of the compiler, separated as `CARGO_ENCODED_RUSTFLAGS` wants them. They must not differ
/// between packages, or nothing is shared in the target directory.
fn flags(job: &Job<'_>, toolchain: &Toolchain) -> OsString {
    let mut flags: Vec<OsString> = toolchain.flags().into_iter().map(Into::into).collect();
    for (directory, name) in renamed(job, toolchain) {
        flags.push(renaming("--remap-path-prefix=", &directory, &name));
    }
    flags.join(std::ffi::OsStr::new("\u{1f}"))
}

/// Flags of the C compiler, for the cryptography that is written in C. Its flags have blanks between
/// them, so a directory with a blank keeps its name.
fn c_flags(job: &Job<'_>, toolchain: &Toolchain) -> OsString {
    let renamed = renamed(job, toolchain).into_iter();
    let plain = renamed.filter(|(directory, _)| {
        !directory.as_os_str().as_encoded_bytes().iter().any(u8::is_ascii_whitespace)
    });
    let flags = plain.map(|(directory, name)| renaming("-ffile-prefix-map=", &directory, &name));
    let flags = std::iter::once(OsString::from(C_FLAGS)).chain(flags);
    flags.collect::<Vec<_>>().join(std::ffi::OsStr::new(" "))
}

/// Directories with other names in programs: those of the machine, and where crates were vendored.
fn renamed(job: &Job<'_>, toolchain: &Toolchain) -> Vec<(PathBuf, String)> {
    let mut renamed = toolchain.renamed(job.root);
    let vendored = job.how.supply.directory().map(Path::to_path_buf);
    renamed.extend(vendored.map(|directory| (directory, CRATES.to_owned())));
    renamed
}

fn renaming(flag: &str, directory: &Path, name: &str) -> OsString {
    let mut flag = OsString::from(flag);
    flag.push(directory);
    flag.push("=");
    flag.push(name);
    flag
}

fn open_log(path: &Path) -> Result<File, Error> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent)
        .and_then(|()| File::create(path))
        .map_err(|error| Error::file("write", path, &error))
}

/// Both streams of `child`, line by line, until it closes them.
fn lines(child: &mut Child) -> Receiver<Line> {
    let (sender, receiver) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        let sender = sender.clone();
        thread::spawn(move || forward(stdout, b"\n", Line::Message, &sender));
    }
    if let Some(stderr) = child.stderr.take() {
        // The progress bar goes back to the start of its line.
        thread::spawn(move || forward(stderr, b"\r\n", Line::Said, &sender));
    }
    receiver
}

fn forward(stream: impl Read, ends: &[u8], kind: fn(String) -> Line, sender: &Sender<Line>) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    while let Ok(true) = next_line(&mut reader, ends, &mut line) {
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        if !text.is_empty() && sender.send(kind(text)).is_err() {
            return;
        }
    }
}

/// Reads up to any of `ends`; whether there was anything left to read.
fn next_line(reader: &mut impl BufRead, ends: &[u8], line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(!line.is_empty());
        }
        let end = buffer.iter().position(|byte| ends.contains(byte));
        let (text, used) = match end {
            Some(end) => (buffer.get(..end), end + 1),
            None => (Some(buffer), buffer.len()),
        };
        line.extend_from_slice(text.unwrap_or_default());
        reader.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_both_kinds_of_break() {
        let mut reader = BufReader::with_capacity(3, &b"one\rtwo three\n\nfour"[..]);
        let mut line = Vec::new();
        let mut lines = Vec::new();
        while next_line(&mut reader, b"\r\n", &mut line).unwrap() {
            lines.push(String::from_utf8(line.clone()).unwrap());
        }
        assert_eq!(lines, ["one", "two three", "", "four"]);
    }

    #[test]
    fn flags_do_not_name_the_package() {
        let toolchain = Toolchain {
            target: "x86_64-unknown-linux-gnu".into(),
            cargo_home: PathBuf::from("/home/me/.cargo"),
            rustc: "rustc 1.95.0".into(),
            library: Some("/rustc/abc".into()),
            sysroot: Some("/home/me/rust".into()),
        };
        let job = Job {
            package: Path::new("/cache/packages/shop-1/shop-v1"),
            program: "shop-v1",
            target: Path::new("/cache/target"),
            root: Path::new("/cache"),
            log: Path::new("/cache/logs/shop-v1.log"),
            how: How::usual(Mode::Release),
        };
        let flags = flags(&job, &toolchain).into_string().unwrap();
        assert!(flags.starts_with("-Ctarget-feature=+crt-static\u{1f}"), "{flags}");
        assert!(flags.contains("--remap-path-prefix=/cache=/gatewright\u{1f}"), "{flags}");
        assert!(!flags.contains("packages"), "{flags}");
        assert!(flags.contains("=/home/me/rust/lib/rustlib/src/rust=/rustc/abc"), "{flags}");
        let c = c_flags(&job, &toolchain).into_string().unwrap();
        assert!(
            c.starts_with("-DMY_ASSEMBLER_IS_TOO_OLD_FOR_512AVX -ffile-prefix-map=/home/me/"),
            "{c}"
        );
    }

    #[test]
    fn what_changes_the_bytes_is_not_inherited() {
        assert!(changes_bytes("RUSTFLAGS"));
        assert!(changes_bytes("CARGO_PROFILE_RELEASE_LTO"));
        assert!(changes_bytes("CFLAGS_x86_64_unknown_linux_gnu"));
        assert!(changes_bytes("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS"));
        assert!(!changes_bytes("CARGO_BUILD_JOBS"));
        assert!(!changes_bytes("CARGO_HOME"));
    }
}
