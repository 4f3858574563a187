//! What the system says of the process. What it does not say is left out.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use super::exposition::{Kind, Page};

/// Ticks of a second in `/proc` (proc(5): `USER_HZ`, which is part of the interface of Linux).
const TICKS: f64 = 100.0;

/// Writes the families about the process, by the names that Prometheus's libraries give them.
pub(super) fn write(page: &mut Page, started: SystemTime) {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(seconds) = processor_time(&stat) {
        page.family("process_cpu_seconds", Kind::Counter, "Time of processors used, in seconds.");
        page.sample(&[], seconds);
    }
    for (name, field, help) in [
        ("process_resident_memory_bytes", "VmRSS:", "Memory in use, in bytes."),
        ("process_virtual_memory_bytes", "VmSize:", "Address space in use, in bytes."),
    ] {
        if let Some(size) = kilobytes(&status, field) {
            page.family(name, Kind::Gauge, help);
            page.sample(&[], size * 1024);
        }
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        page.family("process_open_fds", Kind::Gauge, "Open file descriptors.");
        // One of them is that of the directory.
        page.sample(&[], open.count().saturating_sub(1));
    }
    if let Some(most) = descriptors() {
        page.family("process_max_fds", Kind::Gauge, "The most file descriptors at once.");
        page.sample(&[], most);
    }
    let started = started.duration_since(UNIX_EPOCH).unwrap_or_default();
    page.family("process_start_time_seconds", Kind::Gauge, "When it started, in Unix time.");
    page.sample(&[], started.as_secs_f64());
}

/// User and system time; the name of the program, which stands in parentheses before them, may hold
/// anything.
fn processor_time(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    Some(f64::from(ticks()?.checked_add(ticks()?)?) / TICKS)
}

fn kilobytes(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// How many descriptors the process may have, where the system says so.
pub(crate) fn descriptors() -> Option<u64> {
    most_descriptors(&fs::read_to_string("/proc/self/limits").ok()?)
}

fn most_descriptors(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_read() {
        let stat = "7 (a) (b c) S 1 7 7 0 -1 4194304 1 2 3 4 150 50 0 0 20 0 5 0 100 1 1";
        assert_eq!(processor_time(stat), Some(2.0));
        assert_eq!(kilobytes("Name:\tx\nVmRSS:\t  2048 kB\n", "VmRSS:"), Some(2048));
        let limits =
            "Max processes  1 2 processes\nMax open files            1024   4096   files\n";
        assert_eq!(most_descriptors(limits), Some(1024));
        for broken in ["", "7", ")", "VmRSS: x kB", "Max open files unlimited"] {
            assert_eq!(processor_time(broken), None);
            assert_eq!(kilobytes(broken, "VmRSS:"), None);
            assert_eq!(most_descriptors(broken), None);
        }
    }
}
