//! From what cargo said to what a user can do.

use crate::error::Error;

/// What to do without cargo.
pub(super) const NO_CARGO: &str =
    "install Rust 1.95 or newer from https://rustup.rs, so that `cargo` is on the PATH";

/// A sign in cargo's words, the step that failed, and what to do.
struct Cause {
    signs: &'static [&'static str],
    step: &'static str,
    help: &'static str,
}

/// The first cause with a sign in the text counts.
const CAUSES: &[Cause] = &[
    Cause {
        signs: &["No space left on device", "StorageFull"],
        step: "compiling stopped: the disk is full",
        help: "free some space, or set GATEWRIGHT_CACHE to a directory on another disk",
    },
    Cause {
        signs: &["Permission denied (os error 13)", "Read-only file system"],
        step: "compiling stopped: a file could not be written",
        help: "set GATEWRIGHT_CACHE to a directory that can be written",
    },
    Cause {
        signs: &[
            "failed to download",
            "failed to query replaced source",
            "failed to fetch",
            "download of",
            "Could not resolve host",
            "Couldn't resolve host",
            "Could not connect",
            "Couldn't connect to server",
            "network failure",
            "SSL certificate problem",
        ],
        step: "fetching crates failed: the crate registry cannot be reached",
        help: "check the network, or cargo's own settings for a proxy or a mirror, then try again; \
               what was fetched is kept",
    },
    Cause {
        signs: &[
            "linker `cc` not found",
            "failed to find tool \"cc\"",
            "failed to find tool \"c++\"",
        ],
        step: "compiling failed: there is no C toolchain to link with",
        help: "install one, for example with `apt install gcc libc6-dev`",
    },
    Cause {
        signs: &["unable to find library -lc", "cannot find -lc", "cannot find -lm"],
        step: "linking failed: the C library for static programs is missing",
        help: "install it, for example with `apt install libc6-dev` or `dnf install glibc-static`",
    },
    Cause {
        signs: &["can't find crate for `std`", "can't find crate for `core`"],
        step: "compiling failed: the Rust toolchain has no standard library for this machine",
        help: "repair it, for example with `rustup target add $(rustc --print host-tuple)`",
    },
    Cause {
        signs: &["signal: 9, SIGKILL", "memory allocation of"],
        step: "compiling stopped: there was not enough memory",
        help: "close other programs, or build with fewer jobs: `CARGO_BUILD_JOBS=1`",
    },
];

/// The error for a build that failed with these words.
pub(super) fn explain(said: &str) -> Error {
    let cause = CAUSES.iter().find(|cause| cause.signs.iter().any(|sign| said.contains(sign)));
    match cause {
        Some(cause) => Error::world(cause.step).help(cause.help),
        None => Error::bug("compiling the generated gateway failed: this is a bug in gatewright")
            .help("report it together with the contract and the output"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Fault;

    #[test]
    fn the_world_is_told_apart_from_our_bugs() {
        let of = |said: &str| (explain(said).fault(), explain(said).to_string());
        let cases = [
            ("error: failed to write x\n  No space left on device (os error 28)", "disk is full"),
            ("error: failed to download from `https://…`\n[6] Could not resolve host", "registry"),
            ("error: linker `cc` not found", "C toolchain"),
            ("ld: cannot find -lc: No such file", "C library for static"),
            ("error[E0463]: can't find crate for `std`", "standard library"),
            ("(signal: 9, SIGKILL: kill)", "memory"),
        ];
        for (said, expected) in cases {
            let (fault, message) = of(said);
            assert_eq!(fault, Fault::World, "{said}");
            assert!(message.contains(expected), "{message}");
        }
        let (fault, message) = of("error[E0425]: cannot find value `x` in this scope");
        assert_eq!(fault, Fault::Bug);
        assert!(message.contains("a bug in gatewright"), "{message}");
    }
}
