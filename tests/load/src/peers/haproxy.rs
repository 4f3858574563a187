//! HAProxy: one thread, connections to the service shared by callers.

use super::{Does, Peer, Running, proxies};
use crate::Fault;
use crate::process::Process;
use crate::site::{Site, free};
use crate::works::{Kind, Work};
use std::fs;
use std::path::Path;
use std::process::Command;

pub(super) const PEER: Peer =
    Peer { name: "HAProxy", program: "haproxy", version: &["-v"], start, does };

fn does(work: &Work) -> Does {
    match work.kind {
        Kind::Limited => Does::Work,
        _ => proxies(work, true),
    }
}

fn start(site: &Site, program: &Path) -> Result<Running, Fault> {
    let (plain, tls) = (free()?, free()?);
    let both = [fs::read_to_string(&site.certificate)?, fs::read_to_string(&site.key)?].concat();
    let both = site.write("haproxy.pem", &both)?;
    let (origin, both) = (site.origin, both.display());
    let text = format!(
        "global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  http-reuse always
  no log
frontend callers
  bind {plain}
  bind {tls} ssl crt {both} alpn h2,http/1.1
  stick-table type ip size 100k expire 10s store http_req_rate(1s)
  http-request track-sc0 src if {{ path /v1/limited }}
  http-request deny deny_status 429 if {{ path /v1/limited }} {{ sc_http_req_rate(0) gt 1000000 }}
  default_backend origin
backend origin
  server one {origin} pool-max-conn -1
"
    );
    let file = site.write("haproxy.cfg", &text)?;
    let mut haproxy = Command::new(program);
    haproxy.arg("-db").arg("-f").arg(&file);
    let process = Process::start((haproxy, site.core), plain, &site.directory.join("haproxy.log"))?;
    Ok(Running::new(process, plain, Some(tls)))
}
