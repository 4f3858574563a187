//! KrakenD: `no-op` where it passes on, `allow` and `mapping` where it shapes.

use super::{Does, Peer, Running};
use crate::Fault;
use crate::process::Process;
use crate::site::{Site, free};
use crate::works::{Front, Kind, Work};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

pub(super) const PEER: Peer =
    Peer { name: "KrakenD", program: "krakend", version: &["version"], start, does };

fn does(work: &Work) -> Does {
    match (work.front, work.kind) {
        (Front::Plain, Kind::Pass | Kind::Shaped | Kind::Merged) => Does::Work,
        (Front::Plain, Kind::Checked | Kind::Token) => Does::Passes,
        _ => Does::Not,
    }
}

fn start(site: &Site, program: &Path) -> Result<Running, Fault> {
    let plain = free()?;
    let origin = format!("http://{}", site.origin);
    let call = |path: &str| json!({ "url_pattern": path, "host": [origin], "disable_host_sanitize": true });
    let raw = |path: &str, method: &str| {
        let mut call = call(path);
        call["encoding"] = json!("no-op");
        json!({ "endpoint": path, "method": method, "output_encoding": "no-op", "backend": [call] })
    };
    // Fields inside of lists cannot be chosen, so it keeps them whole.
    let shaped = |path: &str, calls: &[Value]| json!({ "endpoint": path, "backend": calls });
    let mut page = call("/v1/pass/{size}");
    page["allow"] = json!(["items"]);
    let mut two = call("/v1/pass/2k");
    two["allow"] = json!(["items"]);
    let text = json!({
        "version": 3, "port": plain.port(), "timeout": "5s", "cache_ttl": "0s",
        "endpoints": [
            raw("/v1/pass/{size}", "GET"), raw("/v1/mine", "GET"), raw("/v1/orders", "POST"),
            shaped("/v1/shaped/{size}", &[page]),
            shaped("/v1/merged", &[two, call("/v1/pass/200"), call("/v1/pass/200b")]),
        ],
        "extra_config": { "router": { "disable_access_log": true } },
    });
    let file = site.write("krakend.json", &text.to_string())?;
    let mut krakend = Command::new(program);
    krakend.arg("run").arg("-c").arg(&file).env("GOMAXPROCS", "1");
    let process = Process::start((krakend, site.core), plain, &site.directory.join("krakend.log"))?;
    Ok(Running::new(process, plain, None))
}
