//! Envoy: one worker, no access log, no request ids.

use super::{Peer, Running, proxies};
use crate::Fault;
use crate::process::Process;
use crate::site::{Site, free};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

pub(super) const PEER: Peer = Peer {
    name: "Envoy",
    program: "envoy",
    version: &["--version"],
    start,
    does: |work| proxies(work, true),
};

fn start(site: &Site, program: &Path) -> Result<Running, Fault> {
    let (plain, tls) = (free()?, free()?);
    let file = site.write("envoy.json", &configuration(site, plain, tls).to_string())?;
    let mut envoy = Command::new(program);
    envoy.arg("-c").arg(&file).args(["--concurrency", "1", "-l", "off", "--use-dynamic-base-id"]);
    let process = Process::start((envoy, site.core), plain, &site.directory.join("envoy.log"))?;
    Ok(Running::new(process, plain, Some(tls)))
}

fn configuration(site: &Site, plain: SocketAddr, tls: SocketAddr) -> Value {
    let kind = |name: &str| format!("type.googleapis.com/envoy.extensions.{name}");
    let context = json!({
        "@type": kind("transport_sockets.tls.v3.DownstreamTlsContext"),
        "common_tls_context": {
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_certificates": [{
                "certificate_chain": { "filename": site.certificate },
                "private_key": { "filename": site.key },
            }],
        },
    });
    let secure = json!({ "name": "tls", "typed_config": context });
    json!({
        "static_resources": {
            "listeners": [listener("plain", plain, None), listener("tls", tls, Some(secure))],
            "clusters": [{
                "name": "origin",
                "type": "STATIC",
                "connect_timeout": "5s",
                "circuit_breakers": { "thresholds": [{
                    "max_connections": 100_000, "max_requests": 100_000,
                    "max_pending_requests": 100_000,
                }] },
                "load_assignment": {
                    "cluster_name": "origin",
                    "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": address(site.origin) } }] }],
                },
            }],
        },
    })
}

fn listener(name: &str, at: SocketAddr, secure: Option<Value>) -> Value {
    let kind = |name: &str| format!("type.googleapis.com/envoy.extensions.filters.{name}");
    let manager = json!({
        "@type": kind("network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": name,
        "generate_request_id": false,
        "route_config": { "virtual_hosts": [{
            "name": "all",
            "domains": ["*"],
            "routes": [{ "match": { "prefix": "/" }, "route": { "cluster": "origin" } }],
        }] },
        "http_filters": [{
            "name": "router",
            "typed_config": { "@type": kind("http.router.v3.Router") },
        }],
    });
    let mut chain = json!({ "filters": [{ "name": "http", "typed_config": manager }] });
    if let (Some(secure), Some(chain)) = (secure, chain.as_object_mut()) {
        chain.insert("transport_socket".to_owned(), secure);
    }
    json!({ "name": name, "address": address(at), "filter_chains": [chain] })
}

fn address(at: SocketAddr) -> Value {
    json!({ "socket_address": { "address": at.ip(), "port_value": at.port() } })
}
