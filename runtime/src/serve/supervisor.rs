//! What a service manager is told (`sd_notify(3)`).

use std::ffi::OsString;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// The service manager that started the gateway, if there is one that wants to know.
#[derive(Debug)]
pub(crate) struct Supervisor {
    socket: Option<(UnixDatagram, SocketAddr)>,
    /// Within which time it wants signs of life.
    watchdog: Option<Duration>,
}

impl Supervisor {
    /// Who listens, as the environment says. A socket that cannot be reached is none.
    pub(crate) fn of(lookup: &dyn Fn(&str) -> Option<OsString>) -> Supervisor {
        let text = |name: &str| lookup(name).and_then(|text| text.into_string().ok());
        let address = lookup("NOTIFY_SOCKET").and_then(|path| match path.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name).ok(),
            [b'/', ..] => SocketAddr::from_pathname(&path).ok(),
            _ => None,
        });
        let socket = address.and_then(|address| {
            let socket = UnixDatagram::unbound().ok()?;
            socket.set_nonblocking(true).ok()?;
            Some((socket, address))
        });
        let own = text("WATCHDOG_PID").is_none_or(|pid| pid == std::process::id().to_string());
        let micros = text("WATCHDOG_USEC").and_then(|micros| micros.parse().ok());
        let micros = micros.filter(|micros| own && *micros > 0);
        Supervisor { socket, watchdog: micros.map(Duration::from_micros) }
    }

    /// It answers requests.
    pub(crate) fn ready(&self) {
        self.say("READY=1");
    }

    /// It was asked to stop.
    pub(crate) fn stopping(&self) {
        self.say("STOPPING=1");
    }

    /// Gives signs of life while `well` says that there is life, for ever.
    pub(crate) async fn watch(&self, well: impl Fn() -> bool) {
        let Some(watchdog) = self.watchdog else { return std::future::pending().await };
        loop {
            if well() {
                self.say("WATCHDOG=1");
            }
            tokio::time::sleep(watchdog / 2).await;
        }
    }

    /// A manager that does not listen any more is no reason to stop.
    fn say(&self, word: &str) {
        if let Some((socket, address)) = &self.socket {
            let _ = socket.send_to_addr(word.as_bytes(), address);
        }
    }
}
