//! `gatewright inspect` and `gatewright sbom`: what a program says of itself.

use super::Outcome;
use crate::args::{Inspect, InspectFormat, Sbom};
use crate::fetch;
use crate::origin::gateway;
use crate::registry::{Registry, parted};
use crate::terminal::Terminal;
use gatewright_artifact::image::Layout;
use gatewright_artifact::{Label, Program, crates, image, sbom};
use gatewright_build::Error;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// The most bytes of a program.
const MOST: u64 = 512 << 20;

pub(crate) fn run(args: &Inspect, terminal: Terminal) -> Result<Outcome, Error> {
    let text = if gateway::is_address(&args.what) {
        running(&args.what, args.format)?
    } else if is_in_registry(&args.what) {
        let (place, reference) = parted(&args.what);
        let files = Registry::named(place, args.plain_http)?.layout(reference)?;
        images(&args.what, Layout::of(files), args.format)?
    } else {
        held(Path::new(&args.what), args.format)?
    };
    terminal.result(&text);
    Ok(Outcome::Fine)
}

pub(crate) fn bill(args: &Sbom, terminal: Terminal) -> Result<Outcome, Error> {
    terminal.result(&sbom::cyclone_dx(&program(&args.program)?));
    Ok(Outcome::Fine)
}

/// What a file holds: a program, or an archive of images with one in each.
fn held(path: &Path, format: InspectFormat) -> Result<String, Error> {
    let file = bytes(path)?;
    if !image::is_archive(&file) {
        let program = program(path)?;
        return Ok(match format {
            InspectFormat::Text => text(&program),
            InspectFormat::Json => format!("{:#}\n", document(&program)),
        });
    }
    images(&path.display().to_string(), Layout::read(&file), format)
}

/// Whether this names an image in a registry: it begins with a host, and there is no such file.
pub(crate) fn is_in_registry(what: &str) -> bool {
    let host = what.split_once('/').map_or("", |(host, _)| host);
    let is_host = host == "localhost" || host.trim_start_matches('.').contains(['.', ':']);
    is_host && !Path::new(what).exists()
}

/// What images hold, each with its digest and its tags before it.
fn images(
    what: &str,
    layout: Result<Layout, String>,
    format: InspectFormat,
) -> Result<String, Error> {
    let images = layout.and_then(|layout| layout.images());
    let images = images.map_err(|why| Error::wrong_use(format!("{what} {why}")))?;
    let mut out = String::new();
    for one in &images {
        let tags = one.tags.join(", ");
        match format {
            InspectFormat::Text => {
                let _ = writeln!(out, "{}  {tags}", one.digest);
                out.push_str(&text(&one.program));
            }
            InspectFormat::Json => {
                let mut document = document(&one.program);
                if let Some(fields) = document.as_object_mut() {
                    fields
                        .insert("image".into(), json!({ "digest": one.digest, "tags": one.tags }));
                }
                let _ = writeln!(out, "{document}");
            }
        }
    }
    Ok(out)
}

/// Reads a program.
///
/// # Errors
///
/// The file cannot be read, or is no program of a gateway.
pub(crate) fn program(path: &Path) -> Result<Program, Error> {
    let bytes = bytes(path)?;
    Program::read(&bytes).map_err(|why| Error::wrong_use(format!("{} {why}", path.display())))
}

/// A file that may be large.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |error| Error::file("read", path, &error);
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MOST {
        let message = format!("{} is larger than 512 MB, so it is no gateway", path.display());
        return Err(Error::wrong_use(message));
    }
    Ok(bytes)
}

/// What a gateway that runs says of itself.
fn running(what: &str, format: InspectFormat) -> Result<String, Error> {
    let address = gateway::address(what)?;
    let answer = fetch::get(&address)?;
    let value: Option<Value> = serde_json::from_slice(&answer).ok();
    let label = value.as_ref().and_then(|value| Label::served(value).ok());
    let (Some(value), Some(label)) = (value, label) else {
        return Err(Error::world(format!("{address} does not answer as a gateway does"))
            .help("give the address of the operator's port, which `OPERATOR` says"));
    };
    Ok(match format {
        InspectFormat::Text => format!("{}\n{}", label.api, facts(&label)),
        InspectFormat::Json => format!("{value:#}\n"),
    })
}

fn text(program: &Program) -> String {
    let label = &program.label;
    let mebibytes = program.size as f64 / f64::from(1 << 20);
    let kind = if program.is_static { "static" } else { "not static" };
    let mut out = format!("{}  {mebibytes:.1} MiB, {kind}\n", label.program);
    let _ = writeln!(out, "  sha256    {}", program.sha256);
    out.push_str(&facts(label));
    let build = program.crates.iter().filter(|one| one.build).count();
    let linked = program.crates.len() - build;
    let _ = writeln!(out, "  crates    {linked} linked, {build} more to build it");
    let names = program.texts.files.iter().map(|(name, _)| name.as_str());
    let lock = program.texts.lock.iter().map(|_| "api.lock");
    let _ = writeln!(out, "  texts     {}", names.chain(lock).collect::<Vec<_>>().join(", "));
    out
}

/// Versions, revision, and what it was built by, a line each.
fn facts(label: &Label) -> String {
    let mut out = String::new();
    for version in &label.versions {
        let draft = if version.draft { "  draft" } else { "" };
        let revision =
            version.revision.as_ref().map_or_else(String::new, |one| format!("  revision {one}"));
        let _ = writeln!(out, "  version   {}{revision}{draft}", version.label);
        let _ = writeln!(out, "            sha256 {}", version.sha256);
    }
    if let Some(revision) = &label.revision {
        let _ = writeln!(out, "  revision  {revision}");
    }
    let _ = writeln!(out, "  compiler  gatewright {}", label.compiler);
    for (name, text) in label.build.iter().filter(|(_, text)| !text.is_empty()) {
        let _ = writeln!(out, "  {name:8}  {text}");
    }
    out
}

/// Everything, for machines.
fn document(program: &Program) -> Value {
    let label = &program.label;
    let versions = label.versions.iter().map(|version| {
        let texts = &program.texts.versions;
        let text = texts.iter().find(|(own, _)| *own == version.label).map(|(_, text)| text);
        json!({
            "version": version.label,
            "draft": version.draft,
            "revision": version.revision,
            "chain": version.chain,
            "sha256": version.sha256,
            "source": text,
        })
    });
    let build = label.build.iter().map(|(name, text)| (name.clone(), Value::from(text.as_str())));
    let files = program.texts.files.iter().map(|(name, text)| json!({"name": name, "text": text}));
    json!({
        "api": label.api,
        "program": label.program,
        "sha256": program.sha256,
        "size": program.size,
        "static": program.is_static,
        "compiler": label.compiler,
        "revision": label.revision,
        "build": build.collect::<serde_json::Map<_, _>>(),
        "versions": versions.collect::<Vec<_>>(),
        "contract": { "files": files.collect::<Vec<_>>(), "lock": program.texts.lock },
        "crates": crates::listed(&program.crates),
    })
}
