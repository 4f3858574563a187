//! Gateways as processes: started on a processor of their own, asked what they have used, ended.

use crate::Fault;
use rustix::process::{Resource, Rlimit, Signal};
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A program that runs, with all that it has started itself. It is ended when this is dropped.
pub(crate) struct Process {
    child: Child,
    /// From its start until it took the first connection.
    pub(crate) started: Duration,
}

/// What a program has used since it started.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    /// On a processor, in nanoseconds.
    pub(crate) total: u64,
    /// In its own code and in the kernel, in ticks, which are coarse.
    pub(crate) user: u64,
    pub(crate) system: u64,
}

impl Process {
    /// Starts `command` on one processor and waits until it takes connections at `address`.
    ///
    /// # Errors
    ///
    /// That something listens there already, that it does not start, and that it ends or takes no
    /// connection within 20 s; with what it said.
    pub(crate) fn start(
        (mut command, core): (Command, Option<usize>),
        address: SocketAddr,
        log: &Path,
    ) -> Result<Self, Fault> {
        if TcpStream::connect(address).is_ok() {
            return Err(format!("something else listens on {address}").into());
        }
        let file = fs::File::create(log)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let begin = Instant::now();
        let child = spawned(&mut command, core)?;
        let mut process = Self { child, started: Duration::ZERO };
        while TcpStream::connect(address).is_err() {
            let ended = process.child.try_wait()?.is_some();
            if ended || begin.elapsed() > Duration::from_secs(20) {
                let said = fs::read_to_string(log).unwrap_or_default();
                return Err(format!("it does not listen on {address}:\n{said}").into());
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        process.started = begin.elapsed();
        Ok(process)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has used, with its children, those that have ended left out.
    pub(crate) fn used(&self) -> Used {
        self.family().iter().map(|pid| used(*pid)).fold(Used::default(), |sum, one| Used {
            total: sum.total + one.total,
            user: sum.user + one.user,
            system: sum.system + one.system,
        })
    }

    /// Nanoseconds on a processor of each thread whose name begins so, in the order of names.
    pub(crate) fn threads(&self, begins: &str) -> Vec<u64> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id()));
        let named = |path: &Path| {
            let name = fs::read_to_string(path.join("comm")).ok()?;
            Some((name.trim().strip_prefix(begins)?.to_owned(), on_processor(path)?))
        };
        let tasks = tasks.into_iter().flatten().flatten();
        let mut threads: Vec<_> = tasks.filter_map(|task| named(&task.path())).collect();
        threads.sort();
        threads.into_iter().map(|(_, time)| time).collect()
    }

    /// Its memory in KiB, pages that several processes share counted by their shares.
    pub(crate) fn memory(&self) -> u64 {
        let shares = |pid: &u32| {
            let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        self.family().iter().filter_map(shares).sum()
    }

    fn family(&self) -> Vec<u32> {
        let mut family = vec![self.child.id()];
        let mut at = 0;
        while let Some(pid) = family.get(at) {
            let path = format!("/proc/{pid}/task/{pid}/children");
            let children = fs::read_to_string(path).unwrap_or_default();
            family.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
            at += 1;
        }
        family
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        for pid in self.family().iter().rev() {
            let pid = i32::try_from(*pid).ok().and_then(rustix::process::Pid::from_raw);
            if let Some(pid) = pid {
                let _ = rustix::process::kill_process(pid, Signal::KILL);
            }
        }
        let _ = self.child.wait();
    }
}

/// `schedstat` counts in nanoseconds, and a thread at a time; `stat` tells code and kernel apart.
fn used(pid: u32) -> Used {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let total = tasks.filter_map(|task| on_processor(&task.path())).sum();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name stands in brackets and may hold spaces; what follows begins with the third field.
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let field = |at: usize| rest.split_whitespace().nth(at).and_then(|text| text.parse().ok());
    Used { total, user: field(11).unwrap_or(0), system: field(12).unwrap_or(0) }
}

/// Nanoseconds that the thread in this folder of `/proc` was on a processor.
fn on_processor(task: &Path) -> Option<u64> {
    let text = fs::read_to_string(task.join("schedstat")).ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// Starts a command on one processor, which it has from the thread that starts it. A program that does this, such as
/// `taskset`, would take part in what is measured.
fn spawned(command: &mut Command, core: Option<usize>) -> std::io::Result<Child> {
    std::thread::scope(|scope| {
        let spawn = scope.spawn(|| {
            pin(core);
            command.spawn()
        });
        spawn
            .join()
            .unwrap_or_else(|_| Err(std::io::Error::other("the thread that starts it ended")))
    })
}

/// Keeps the calling thread on one processor.
pub(crate) fn pin(core: Option<usize>) {
    let Some(core) = core else { return };
    let mut set = rustix::thread::CpuSet::new();
    set.set(core);
    let _ = rustix::thread::sched_setaffinity(None, &set);
}

/// Lets this program, and those that it starts, have as many files and connections as they may.
///
/// # Errors
///
/// That the system refuses.
pub(crate) fn more_files() -> Result<(), Fault> {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    Ok(rustix::process::setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?)
}

/// Nanoseconds in a tick of `stat`.
pub(crate) fn tick() -> u64 {
    1_000_000_000 / rustix::param::clock_ticks_per_second().max(1)
}
