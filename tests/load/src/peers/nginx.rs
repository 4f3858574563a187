//! nginx: one worker, connections kept on both sides, no files for bodies.

use super::{Does, Peer, Running, proxies};
use crate::Fault;
use crate::process::Process;
use crate::site::{Site, free};
use crate::works::{Kind, Work};
use std::path::Path;
use std::process::Command;

pub(super) const QUIET: Peer = Peer {
    name: "nginx",
    program: "nginx",
    version: &["-v"],
    start: |site, program| start(site, program, false),
    does,
};

pub(super) const LOGGING: Peer =
    Peer { name: "nginx, logging", start: |site, program| start(site, program, true), ..QUIET };

fn does(work: &Work) -> Does {
    match work.kind {
        Kind::Limited | Kind::Kept => Does::Work,
        _ => proxies(work, true),
    }
}

fn start(site: &Site, program: &Path, logging: bool) -> Result<Running, Fault> {
    let (plain, tls) = (free()?, free()?);
    let name = if logging { "nginx-logging" } else { "nginx" };
    let directory = site.directory.join(name);
    std::fs::create_dir_all(directory.join("kept"))?;
    let place = directory.display();
    let log = if logging {
        format!("access_log {place}/access.log combined buffer=64k flush=1s;")
    } else {
        "access_log off;".to_owned()
    };
    let (origin, certificate, key) = (site.origin, site.certificate.display(), site.key.display());
    let text = format!(
        "daemon off; worker_processes 1; pid {place}/pid; error_log stderr crit; user root;
events {{ worker_connections 16384; }}
http {{
  {log}
  client_body_temp_path {place}/bodies; proxy_temp_path {place}/answers;
  fastcgi_temp_path {place}/f; uwsgi_temp_path {place}/u; scgi_temp_path {place}/s;
  keepalive_requests 100000000; keepalive_timeout 1h; tcp_nodelay on;
  proxy_cache_path {place}/kept keys_zone=kept:8m;
  limit_req_zone $binary_remote_addr zone=callers:8m rate=1000000r/s;
  upstream origin {{ server {origin}; keepalive 512; keepalive_requests 100000000; }}
  proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_set_header Host $host;
  proxy_buffers 16 16k; proxy_buffer_size 16k; proxy_max_temp_file_size 0; client_body_buffer_size 64k;
  server {{
    listen {plain} reuseport; listen {tls} ssl http2 reuseport;
    ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_session_tickets off;
    location / {{ proxy_pass http://origin; }}
    location /v1/limited {{ limit_req zone=callers burst=1000000 nodelay; proxy_pass http://origin; }}
    location /v1/kept {{ proxy_cache kept; proxy_cache_valid 200 60s; proxy_pass http://origin; }}
  }}
}}
"
    );
    let file = site.write(&format!("{name}.conf"), &text)?;
    let mut nginx = Command::new(program);
    nginx.arg("-c").arg(&file).arg("-p").arg(&directory).args(["-e", "stderr"]);
    let process =
        Process::start((nginx, site.core), plain, &site.directory.join(format!("{name}.log")))?;
    Ok(Running::new(process, plain, Some(tls)))
}
