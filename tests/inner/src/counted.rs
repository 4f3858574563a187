//! Counts instructions, which are the same whatever else the machine does.

use crate::Fault;
use crate::entrants::{Contest, Entrant};
use std::process::Command;

/// Instructions that each piece of work may take: what it takes, and a tenth more.
const BOUNDS: &[(&str, u64)] = &[
    ("shaping 2 KiB", 24_700),
    ("shaping 2 KiB, every value checked", 29_100),
    ("shaping 20 KiB", 231_000),
    ("shaping 20 KiB, every value checked", 278_000),
    ("shaping 200 KiB", 2_300_000),
    ("shaping 200 KiB, every value checked", 2_780_000),
    ("checking an order of 20 lines", 37_100),
    ("finding one of 10 routes", 780),
    ("finding one of 100 routes", 860),
    ("finding one of 1000 routes", 1_240),
];

/// Does one piece of work where callgrind counts, after it was done where nobody does.
pub(crate) fn once(contests: &mut [Contest], name: &str) -> Result<(), Fault> {
    let contest = contests.iter_mut().find(|contest| contest.name == name);
    let entrant = contest.and_then(|contest| contest.entrants.first_mut());
    let entrant = entrant.ok_or_else(|| format!("there is no contest `{name}`"))?;
    for _ in 0..3 {
        (entrant.work)();
    }
    collected_by_callgrind(entrant);
    Ok(())
}

/// Callgrind begins and ends to count here.
#[inline(never)]
fn collected_by_callgrind(entrant: &mut Entrant) {
    (entrant.work)();
    std::hint::black_box(entrant);
}

/// Counts all of the work of this product.
///
/// # Errors
///
/// Some takes more than its bound, or has none; or callgrind is not there.
pub(crate) fn hold(contests: &[Contest]) -> Result<(), Fault> {
    let mut beyond = Vec::new();
    for contest in contests {
        let count = instructions(&contest.name)? / u64::from(contest.times);
        let per_byte = contest.bytes.map_or(String::new(), |bytes| {
            format!(", {:.2} per byte", count as f64 / bytes as f64)
        });
        println!("{}: {count} instructions{per_byte}", contest.name);
        let bound = BOUNDS.iter().find(|(name, _)| *name == contest.name);
        match bound {
            Some((_, bound)) if count <= *bound => {}
            Some((_, bound)) => beyond.push(format!("{}: {count} of {bound}", contest.name)),
            None => beyond.push(format!("{}: {count}, and no bound", contest.name)),
        }
    }
    match beyond.as_slice() {
        [] => Ok(()),
        beyond => Err(format!("more instructions than there may be: {}", beyond.join("; ")).into()),
    }
}

fn instructions(name: &str) -> Result<u64, Fault> {
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--toggle-collect=*collected_by_callgrind*")
        .arg(std::env::current_exe()?)
        .args(["--once", name])
        .output()
        .map_err(|error| format!("valgrind does not start: {error}"))?;
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    let count = said.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    let count = count.filter(|count| run.status.success() && *count > 0);
    count.ok_or_else(|| format!("callgrind did not count `{name}`: {said}").into())
}
