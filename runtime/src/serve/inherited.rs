//! Sockets that whoever started the gateway has opened for it (`sd_listen_fds(3)`).

use std::ffi::OsString;
use std::net::TcpListener;
use std::os::fd::{FromRawFd, RawFd};

use socket2::{SockRef, Type};

/// The first descriptor that is handed over.
const FIRST: RawFd = 3;
/// The most that are looked at.
const MOST: RawFd = 64;
/// The name of the operator's socket; any other is for callers.
const OPERATOR: &str = "operator";

/// Sockets that listen already.
#[derive(Debug, Default)]
pub(crate) struct Inherited {
    pub(crate) listen: Option<TcpListener>,
    pub(crate) operator: Option<TcpListener>,
}

impl Inherited {
    /// Takes what is meant for this process: what the environment says is for another one stays
    /// untouched, and what is no listening TCP socket is ignored. Of several sockets for one
    /// purpose the first counts.
    ///
    /// To be called once, before anything else opens descriptors.
    pub(crate) fn take(lookup: &dyn Fn(&str) -> Option<OsString>) -> Inherited {
        let text = |name: &str| lookup(name).and_then(|text| text.into_string().ok());
        let mut inherited = Inherited::default();
        let own = text("LISTEN_PID").and_then(|pid| pid.parse().ok()) == Some(std::process::id());
        let count = text("LISTEN_FDS").and_then(|count| count.parse::<RawFd>().ok());
        let (true, Some(count @ 1..=MOST)) = (own, count) else { return inherited };
        let names = text("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':');
        for descriptor in FIRST..FIRST + count {
            let place = match names.next() {
                Some(OPERATOR) => &mut inherited.operator,
                _ => &mut inherited.listen,
            };
            if place.is_none() {
                *place = listener(descriptor);
            }
        }
        inherited
    }
}

/// The listening TCP socket behind a descriptor, if it is one.
#[expect(unsafe_code, reason = "a descriptor that was handed over is a number and nothing else")]
fn listener(descriptor: RawFd) -> Option<TcpListener> {
    let link = std::fs::read_link(format!("/proc/self/fd/{descriptor}")).ok()?;
    if !link.to_string_lossy().starts_with("socket:") {
        return None;
    }
    // SAFETY: it is an open socket, as the system has just said, and nothing else in this process
    // owns it: whoever started the process has said that it is handed over, nothing has been
    // opened here yet, and each descriptor is looked at once.
    let listener = unsafe { TcpListener::from_raw_fd(descriptor) };
    let socket = SockRef::from(&listener);
    let listens = socket.is_listener().unwrap_or(false);
    let stream = socket.r#type().is_ok_and(|kind| kind == Type::STREAM);
    let inet = listener.local_addr().is_ok();
    let usable = listens && stream && inet && listener.set_nonblocking(true).is_ok();
    usable.then_some(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_for_others_stays_untouched() {
        let own = std::process::id().to_string();
        let other = (std::process::id() + 1).to_string();
        for (pid, count) in [
            (other.as_str(), "1"),
            ("", "1"),
            (own.as_str(), "0"),
            (own.as_str(), "-1"),
            (own.as_str(), "99999"),
            (own.as_str(), "x"),
        ] {
            let lookup = |name: &str| match name {
                "LISTEN_PID" => Some(OsString::from(pid)),
                "LISTEN_FDS" => Some(OsString::from(count)),
                _ => None,
            };
            let taken = Inherited::take(&lookup);
            assert!(taken.listen.is_none() && taken.operator.is_none(), "{pid} {count}");
        }
    }
}
