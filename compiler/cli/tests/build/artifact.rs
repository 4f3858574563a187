//! What programs are and say: built twice, read, verified, and run in an empty place.

use super::images::registry;
use super::{Folder, Running, alone, ask, gatewright, get, said};
use crate::program::GOOD;
use serde_json::Value;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A backend that accepts connections.
fn people() -> &'static TcpListener {
    static PEOPLE: OnceLock<TcpListener> = OnceLock::new();
    PEOPLE.get_or_init(|| TcpListener::bind("127.0.0.1:0").expect("a free port"))
}

/// A contract that asks a backend by a name, and without TLS.
fn contract() -> String {
    let port = people().local_addr().expect("bound").port();
    GOOD.replace("at env PEOPLE_URL", &format!("at \"http://people.test:{port}\""))
}

fn read(folder: &Folder, name: &str) -> String {
    fs::read_to_string(folder.path(name)).expect("a text")
}

fn bytes(folder: &Folder, name: &str) -> Vec<u8> {
    fs::read(folder.path(name)).expect("a program was built")
}

#[test]
fn a_program_is_the_same_wherever_it_is_built_and_is_what_it_says() {
    let _alone = alone();
    let folder = Folder::new("artifact", &[("tiny.api", &contract())]);
    assert_eq!(folder.run(&["publish", "1", "--by", "storefront"]).code, Some(0));
    let built = said(&folder, &["build", "--revision", "abc"]);
    assert_eq!(built.code, Some(0), "{}", built.err);
    elsewhere(&folder);
    inspected(&folder);
    verified(&folder);
    in_an_empty_place(&folder);
    shipped(&folder);
    pushed(&folder);
}

/// Another directory, another cache, an empty home of cargo and crates that lie in a directory, so that
/// no network is needed; one job, another time zone.
fn elsewhere(folder: &Folder) {
    let vendored = said(folder, &["vendor", "crates"]);
    assert_eq!(vendored.code, Some(0), "{}", vendored.err);
    let lock = read(folder, "api.lock");
    let files = [("deep/er/tiny.api", contract()), ("deep/er/api.lock", lock)];
    let other = Folder::new("artifact-elsewhere", &[("cargo/empty", "")]);
    for (name, text) in &files {
        other.write(name, text);
    }
    let crates = folder.path("crates").display().to_string();
    let mut command = gatewright(&other, &["build", "--revision", "abc", "--vendored", &crates]);
    command
        .current_dir(other.path("deep/er"))
        .args(["--target", &host()])
        .env("GATEWRIGHT_CACHE", other.path("cache"))
        .env("CARGO_HOME", other.path("cargo"))
        .envs([("HTTPS_PROXY", "http://127.0.0.1:1"), ("CARGO_NET_OFFLINE", "true")])
        .envs([("CARGO_BUILD_JOBS", "1"), ("TZ", "Asia/Tokyo"), ("LC_ALL", "C")])
        .envs([("RUSTFLAGS", "-Copt-level=1"), ("CFLAGS", "-O1"), ("USER", "somebody")]);
    let built = command.output().expect("the program runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let (one, two) = (bytes(folder, "dist/tiny-v1"), bytes(&other, "deep/er/dist/tiny-v1"));
    assert!(one == two, "two builds differ: {} and {} bytes", one.len(), two.len());
    let _ = fs::remove_dir_all(other.path("cache"));
    for place in [other.path("cargo"), folder.path("")] {
        let place = place.to_string_lossy().trim_end_matches('/').to_owned();
        let found = one.windows(place.len()).any(|window| window == place.as_bytes());
        assert!(!found, "the program names {place}");
    }
    let _ = fs::remove_dir_all(folder.path("crates"));
    // What earlier builds have left is enough, too.
    let offline = said(folder, &["build", "--revision", "abc", "--offline", "--out", "offline"]);
    assert_eq!(offline.code, Some(0), "{}", offline.err);
    assert!(bytes(folder, "offline/tiny-v1") == one, "a build without a network differs");
}

/// This machine, by its name in Rust.
fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("it names the machine").to_owned()
}

fn inspected(folder: &Folder) {
    let text = folder.run(&["inspect", "dist/tiny-v1"]);
    assert_eq!(text.code, Some(0), "{}", text.err);
    for part in ["MiB, static\n", "revision 1.0\n", "  revision  abc\n", "  rustc     rustc 1."] {
        assert!(text.out.contains(part), "{part} in {}", text.out);
    }
    assert!(text.out.ends_with("  texts     tiny.api, api.lock\n"), "{}", text.out);
    let json = folder.run(&["inspect", "dist/tiny-v1", "--format", "json"]).out;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["contract"]["files"][0]["text"], contract().as_str());
    assert_eq!(json["contract"]["lock"], read(folder, "api.lock").as_str());
    let named = |name: &str| {
        let all = json["crates"].as_array().expect("crates");
        all.iter().find(|one| one["name"] == name).cloned()
    };
    let hyper = named("hyper").expect("a gateway has hyper");
    assert_eq!((&hyper["license"], &hyper["build"]), (&"MIT".into(), &false.into()));
    assert_eq!(hyper["checksum"].as_str().map(str::len), Some(64));
    assert!(hyper["uses"][0].as_str().is_some_and(|one| one.contains(' ')), "{hyper}");
    assert_eq!(named("rustls"), None, "this one has no TLS");
    // What the program says when it runs is the same.
    let version = ask(folder, "dist/tiny-v1", "--version").out;
    let sha256 = json["versions"][0]["sha256"].as_str().expect("a digest");
    assert!(version.contains(&format!("sha256 {sha256}\n")), "{version}");
    for (name, fact) in json["build"].as_object().expect("facts") {
        let fact = fact.as_str().expect("text");
        assert!(version.contains(&format!("\n{name} {fact}\n")), "{name} in {version}");
    }
    let bill = folder.run(&["sbom", "dist/tiny-v1"]).out;
    let bill: Value = serde_json::from_str(&bill).expect("JSON");
    assert_eq!(bill["metadata"]["component"]["hashes"][0]["content"], json["sha256"]);
    let purls: Vec<_> = bill["components"].as_array().expect("a list").iter().collect();
    let hyper = format!("pkg:cargo/hyper@{}", hyper["version"].as_str().expect("text"));
    assert!(purls.iter().any(|one| one["purl"] == hyper.as_str()), "{bill:#}");
}

fn verified(folder: &Folder) {
    let program = "dist/tiny-v1";
    folder.run(&["verify", program]).is(
        0,
        "dist/tiny-v1 is tiny 1: its texts give the code that its label names\n",
        "",
    );
    let again = said(folder, &["verify", program, ".", "--quiet"]);
    again.is(0, "dist/tiny-v1 is tiny 1: built again from ., it is the same\n", "");
    let verify = |text: &str| {
        folder.write("tiny.api", text);
        folder.run(&["verify", program, ".", "--no-build"])
    };
    let same = verify(&contract());
    assert_eq!(same.code, Some(0), "{}{}", same.out, same.err);
    let commented = verify(&format!("{}// more\n", contract()));
    let line = contract().lines().count() + 1;
    commented.is(1, &format!("dist/tiny-v1: tiny.api is another text, from line {line} on\n"), "");
    let changed = verify(&contract().replace("person.first_name", "person.first_namf"));
    assert_eq!(changed.code, Some(1), "{}", changed.err);
    let named = "dist/tiny-v1: version 1: GET /people/{id: Id} differs\n";
    assert!(changed.out.starts_with(named), "{}", changed.out);
    let slower = verify(&contract().replacen("timeout 1s", "timeout 2s", 1));
    assert_eq!(slower.code, Some(1), "{}", slower.err);
    assert!(slower.out.starts_with(named), "{}", slower.out);
    folder.write("tiny.api", &contract());
    let hostile = bytes(folder, program);
    for (name, bytes) in [
        ("cut", hostile.get(..hostile.len() / 2).unwrap_or_default().to_vec()),
        ("text", b"#!/bin/sh\n".to_vec()),
    ] {
        fs::write(folder.path(name), bytes).expect("a file can be written");
        for command in ["verify", "inspect", "sbom"] {
            let said = folder.run(&[command, name]);
            assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{command} {name}");
            assert!(said.err.starts_with(&format!("error: {name} ")), "{}", said.err);
        }
    }
    // A text that was exchanged in the file does not give the digest that is named.
    let digest = folder.run(&["inspect", program, "--format", "json"]).out;
    let digest: Value = serde_json::from_str(&digest).expect("JSON");
    let digest = digest["versions"][0]["sha256"].as_str().expect("a digest").as_bytes();
    let forged: Vec<u8> = String::from_utf8_lossy(digest).chars().rev().map(|c| c as u8).collect();
    let mut bytes = hostile;
    while let Some(at) = bytes.windows(digest.len()).position(|window| window == digest) {
        bytes.splice(at..at + digest.len(), forged.iter().copied());
    }
    fs::write(folder.path("forged"), bytes).expect("a file can be written");
    let said = folder.run(&["verify", "forged"]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    assert!(said.out.contains("does not give the code that it names"), "{}", said.out);
}

/// Runs it where there is nothing but itself and a file of hosts, as container engines make one.
fn in_an_empty_place(folder: &Folder) {
    let root = folder.path("root");
    fs::create_dir_all(root.join("etc")).expect("a folder can be made");
    fs::copy(folder.path("dist/tiny-v1"), root.join("gateway")).expect("it is copied");
    fs::write(root.join("etc/hosts"), "127.0.0.1 localhost people.test\n").expect("it is written");
    let program = |environment: &[(&str, &str)], arguments: &[&str]| {
        let mut command = chroot(&root);
        command.arg("/gateway").args(arguments).envs(environment.iter().copied());
        command
    };
    let port = TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr());
    let operator = port.expect("a free port").to_string();
    let environment = [("LISTEN", "127.0.0.1:0"), ("OPERATOR", operator.as_str()), ("LOG", "off")];
    let health = || program(&environment, &["--health"]).output().expect("it runs");
    assert_eq!(health().status.code(), Some(1));
    let preflight = program(&environment, &["--preflight"]).output().expect("it runs");
    let text = String::from_utf8_lossy(&preflight.stdout);
    assert!(text.contains("reached after"), "a name is looked up: {text}");
    let (_running, mut lines) = Running::start(&mut program(&environment, &[]));
    let begin = Instant::now();
    while !health().status.success() {
        assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", lines.next());
        std::thread::sleep(Duration::from_millis(20));
    }
    let (_, body) = get(&operator, "/contract").expect("it answers");
    let body: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(body["build"]["profile"], "release");
    let address = format!("http://{operator}");
    let asked = folder.run(&["inspect", &address]);
    assert_eq!(asked.code, Some(0), "{}", asked.err);
    let own = folder.run(&["inspect", "dist/tiny-v1"]).out;
    for line in asked.out.lines().skip(1) {
        assert!(own.contains(line), "{line} in {own}");
    }
}

/// `chroot` as the user of images, in a namespace of one's own where that is not the administrator's.
pub(crate) fn chroot(root: &Path) -> Command {
    let administrator = rustix::process::geteuid().is_root();
    let mut command = if administrator {
        let mut command = Command::new("chroot");
        command.arg("--userspec=65532:65532");
        command
    } else {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "chroot"]);
        command
    };
    // Engines give what images say, and nothing of their own.
    command.arg(root).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command
}

/// Puts it into an image, and that through the tools of others.
fn shipped(folder: &Folder) {
    let first = folder.run(&["image", "dist/tiny-v1", "--quiet"]);
    assert_eq!(first.code, Some(0), "{}", first.err);
    let (digest, names) = first.out.trim().split_once("  ").expect("a digest and names");
    assert_eq!(names, "tiny:1 tiny:1.0 tiny:1-abc tiny:abc tiny:latest");
    let archive = bytes(folder, "dist/tiny.oci.tar");
    folder.run(&["image", "dist/tiny-v1", "--out", "again.tar", "--quiet"]).is(0, &first.out, "");
    assert!(bytes(folder, "again.tar") == archive, "two images differ");
    let inspected = folder.run(&["inspect", "dist/tiny.oci.tar"]);
    assert!(inspected.out.starts_with(&format!("{digest}  1, 1.0,")), "{}", inspected.out);
    let program = folder.run(&["inspect", "dist/tiny-v1"]).out;
    assert!(inspected.out.ends_with(&program), "{}", inspected.out);
    folder.run(&["image", "dist/tiny-v1", "--tag", "a b"]).is(
        2,
        "",
        "error: `a b` cannot be a tag\n  \
         = help: use letters, digits, `_`, `.` and `-`, at most 128 of them\n",
    );
    let image = "oci-archive:dist/tiny.oci.tar:latest";
    let seen = skopeo(folder, &["inspect", image]);
    assert_eq!(seen["Digest"], digest);
    assert_eq!(seen["Labels"]["org.opencontainers.image.revision"], "abc");
    assert_eq!(seen["Labels"]["org.opencontainers.image.version"], "1.0");
    assert_eq!((&seen["Os"], &seen["Architecture"]), (&"linux".into(), &"amd64".into()));
    let config = skopeo(folder, &["inspect", "--config", image]);
    assert_eq!(config["config"]["User"], "65532:65532");
    assert_eq!(config["config"]["Entrypoint"][0], "/gateway");
}

/// What skopeo answers.
fn skopeo(folder: &Folder, args: &[&str]) -> Value {
    let output = Command::new("skopeo").args(args).current_dir(folder.path("")).output();
    let output = output.expect("skopeo is installed");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "skopeo {args:?}: {said}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Sends it to a registry that knows one user, and gets it back from there.
fn pushed(folder: &Folder) {
    // The password `secret`, by bcrypt.
    let users = "ann:$2y$05$26PWR38jSN3j4Aufjfk5O.S/hpGJvWoiaf3oMBRnuKTeHAWrj5.Ey\n";
    folder.write("users", users);
    let users = folder.path("users").display().to_string();
    let asked = format!("auth: {{ htpasswd: {{ realm: here, path: {users} }} }}\n");
    let (_registry, host) = registry(folder, &asked);
    let to = format!("{host}/acme/tiny");
    let push = |name: &str, password: &str| {
        let mut command = folder.program(&["push", "dist/tiny-v1", "--to", &to]);
        command.env("DOCKER_CONFIG", folder.path("nobody")).env_remove("XDG_RUNTIME_DIR");
        command.env("REGISTRY_USERNAME", name).env("REGISTRY_PASSWORD", password);
        crate::program::Said::new(&command.output().expect("the program runs"))
    };
    let stranger = push("", "");
    assert_eq!(stranger.code, Some(3), "{}", stranger.out);
    assert!(stranger.err.contains("answers 401"), "{}", stranger.err);
    assert!(stranger.err.contains("help: log in with"), "{}", stranger.err);
    assert_eq!(push("ann", "wrong").code, Some(3));
    let first = push("ann", "secret");
    assert_eq!(first.code, Some(0), "{}", first.err);
    assert_eq!(first.err.matches("sent  sha256:").count(), 2, "{}", first.err);
    assert_eq!(first.err.matches(" KiB\n").count(), 1, "what it is run by is small: {}", first.err);
    let digest = folder.run(&["image", "dist/tiny-v1", "--quiet"]).out;
    let digest = digest.split(' ').next().expect("a digest");
    assert!(first.out.starts_with(&format!("{to}@{digest}  {to}:1 {to}:1.0 ")), "{}", first.out);
    let again = push("ann", "secret");
    assert_eq!(again.err.matches("there  sha256:").count(), 2, "{}", again.err);
    let latest = format!("docker://{to}:latest");
    let seen = skopeo(folder, &["inspect", "--tls-verify=false", "--creds=ann:secret", &latest]);
    assert_eq!(seen["Digest"], digest);
    let pulled = Command::new("skopeo")
        .args(["copy", "--quiet", "--src-tls-verify=false", "--src-creds=ann:secret", &latest])
        .arg("oci-archive:pulled.tar:latest")
        .current_dir(folder.path(""))
        .status();
    assert!(pulled.expect("skopeo is installed").success());
    let inspected = folder.run(&["inspect", "pulled.tar"]).out;
    assert!(inspected.starts_with(&format!("{digest}  latest\n")), "{inspected}");
}
