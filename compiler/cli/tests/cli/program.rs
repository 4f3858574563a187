//! Folders with contracts, and the program run in them.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

/// A contract without findings.
pub(crate) const GOOD: &str = r#"api tiny {
  versions in path "/v{n}"
  timeout 2s
}

backend people at env PEOPLE_URL { timeout 1s }

version 1 {
  type Id = text(/[a-z]+/) eg "ada"
  type Person { name: text eg "Ada" }

  GET /people/{id: Id} -> Person {
    public
    person = people GET /people/{id}
    return { name: person.first_name }
  }
}
"#;

/// A folder of one test, empty at its start.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = Folder(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name));
        let _ = fs::remove_dir_all(&folder.0);
        fs::create_dir_all(&folder.0).expect("a folder can be made");
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("inside")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }

    /// The program, to be run in this folder.
    pub(crate) fn program(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gatewright"));
        command.args(args).current_dir(&self.0).env_remove("NO_COLOR");
        command
    }

    /// What the program says.
    pub(crate) fn run(&self, args: &[&str]) -> Said {
        Said::new(&self.program(args).output().expect("the program runs"))
    }
}

/// A program that runs until the test is over, however that ends.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(command: &mut Command) -> (Self, Lines<BufReader<ChildStdout>>) {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program runs");
        let out = child.stdout.take().expect("its output is piped");
        (Running(child), BufReader::new(out).lines())
    }
}

impl Drop for Running {
    /// Asks for an end, as Ctrl-C would, so that the program stops what it has started itself.
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        for _ in 0..500 {
            if matches!(self.0.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a program left behind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn new(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Asserts all of it.
    #[track_caller]
    pub(crate) fn is(&self, code: i32, out: &str, err: &str) {
        let expected = Said { code: Some(code), out: out.to_owned(), err: err.to_owned() };
        assert_eq!(*self, expected, "\n--- out\n{}\n--- err\n{}", self.out, self.err);
    }
}
