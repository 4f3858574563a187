//! Which part of a gateway a function belongs to.

/// Parts, and what the names of their functions begin with. The first that fits counts.
const PARTS: &[(&str, &[&str])] = &[
    ("heads and framing", &["gatewright_runtime::http1"]),
    (
        "JSON, read and written",
        &["gatewright_runtime::json", "gatewright_runtime::value", "simdutf8"],
    ),
    ("caller's connection", &["gatewright_runtime::server", "gatewright_runtime::answer"]),
    ("backend's connection", &["gatewright_runtime::upstream", "gatewright_runtime::call"]),
    (
        "log, metrics, traces",
        &[
            "gatewright_runtime::log",
            "gatewright_runtime::metrics",
            "gatewright_runtime::trac",
            "gatewright_runtime::record",
        ],
    ),
    ("the rest of the runtime", &["gatewright_runtime"]),
    ("what the contract became", &["gateway_"]),
    ("waiting and waking", &["tokio", "mio", "futures", "epoll_"]),
    ("header maps, shared bytes", &["http::", "bytes::", "hyper", "h2::"]),
    (
        "copying",
        &[
            "memcpy",
            "memmove",
            "memset",
            "memcmp",
            "bcmp",
            "__memcpy",
            "__memmove",
            "__memset",
            "__memcmp",
        ],
    ),
    (
        "allocating",
        &[
            "malloc",
            "free",
            "realloc",
            "calloc",
            "_int_",
            "unlink_chunk",
            "__rust",
            "__rdl",
            "alloc::alloc",
            "cfree",
            "sysmalloc",
        ],
    ),
    (
        "calls of the system",
        &[
            "send",
            "recv",
            "writev",
            "readv",
            "__libc_",
            "clock_",
            "__vdso",
            "syscall",
            "__errno",
            "std::time",
            "std::sys",
        ],
    ),
    ("the standard library", &["core::", "alloc::", "std::"]),
];

/// What the other parts are not.
const OTHER: &str = "other";

/// All parts, in the order of the table.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    PARTS.iter().map(|(part, _)| *part).chain([OTHER])
}

/// The part of a function. A method of a trait belongs to the type that it is for, and a generic
/// function of the standard library to itself.
pub(super) fn of(function: &str) -> &'static str {
    let name = function.trim_start_matches(['<', '&', '*', '(']);
    let name = name.trim_start_matches("mut ").trim_start_matches("dyn ");
    let part = PARTS.iter().find(|(_, begins)| begins.iter().any(|one| name.starts_with(one)));
    part.map_or(OTHER, |(part, _)| part)
}

#[cfg(test)]
mod tests {
    use super::{OTHER, of};

    #[test]
    fn a_method_belongs_to_its_type() {
        let json = "<gatewright_runtime::json::Reader as core::iter::Iterator>::next";
        assert_eq!(of(json), "JSON, read and written");
        assert_eq!(
            of("<&mut tokio::net::TcpStream as tokio::io::AsyncRead>::poll_read"),
            "waiting and waking"
        );
        assert_eq!(of("gateway_load_v1::v1::answer::{{closure}}"), "what the contract became");
        assert_eq!(of("0x0000000000819400"), OTHER);
    }
}
