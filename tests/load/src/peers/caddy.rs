//! Caddy: one processor for its scheduler, no administration.

use super::{Peer, Running, proxies};
use crate::Fault;
use crate::process::Process;
use crate::site::{Site, free};
use std::path::Path;
use std::process::Command;

pub(super) const PEER: Peer = Peer {
    name: "Caddy",
    program: "caddy",
    version: &["version"],
    start,
    does: |work| proxies(work, true),
};

fn start(site: &Site, program: &Path) -> Result<Running, Fault> {
    let (plain, tls) = (free()?, free()?);
    let (origin, certificate, key) = (site.origin, site.certificate.display(), site.key.display());
    let (at, secure) = (plain.port(), tls.port());
    let text = format!(
        "{{
  admin off
  auto_https off
  log {{
    level ERROR
  }}
}}
(origin) {{
  reverse_proxy {origin} {{
    transport http {{
      keepalive_idle_conns_per_host 512
      compression off
    }}
  }}
}}
http://:{at} {{
  import origin
}}
https://localhost:{secure} {{
  tls {certificate} {key}
  import origin
}}
"
    );
    let file = site.write("Caddyfile", &text)?;
    let mut caddy = Command::new(program);
    caddy.args(["run", "--adapter", "caddyfile", "--config"]).arg(&file);
    caddy.env("GOMAXPROCS", "1").env("HOME", &site.directory);
    let process = Process::start((caddy, site.core), plain, &site.directory.join("caddy.log"))?;
    Ok(Running::new(process, plain, Some(tls)))
}
