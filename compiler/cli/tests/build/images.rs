//! Images that are signed and sent, and looked at with the tools of others.

use super::artifact::chroot;
use super::{Folder, Running, alone, get, said, two_versions};
use crate::program::Said;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::io::{BufReader, Lines, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{ChildStdout, Command};
use std::time::{Duration, Instant};

/// What a program prints.
type Log = Lines<BufReader<ChildStdout>>;

/// A registry on a port of its own that takes everything from everybody, and its address.
///
/// It ends with whoever reads what it prints.
pub(crate) fn registry(folder: &Folder, more: &str) -> ((Running, Log), String) {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr());
    let host = port.expect("a free port").to_string();
    let root = folder.path("kept").display().to_string();
    let config = format!(
        "version: 0.1\nlog: {{ level: error }}\nstorage: {{ filesystem: {{ rootdirectory: {root} }} }}\n\
         http: {{ addr: {host} }}\n{more}"
    );
    folder.write("registry.yml", &config);
    let mut registry = Command::new("docker-registry");
    let registry = Running::start(registry.arg("serve").arg(folder.path("registry.yml")));
    let begin = Instant::now();
    while TcpStream::connect(&host).is_err() {
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "docker-registry is installed and starts"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    (registry, host)
}

/// A program of others, in this folder.
fn other(folder: &Folder, program: &str, args: &[&str]) -> Said {
    let output = Command::new(program).args(args).current_dir(folder.path("")).output();
    Said::new(&output.unwrap_or_else(|error| unreachable!("{program} is installed: {error}")))
}

#[track_caller]
fn well(folder: &Folder, program: &str, args: &[&str]) -> String {
    let said = other(folder, program, args);
    assert_eq!(said.code, Some(0), "{program} {args:?}: {}{}", said.out, said.err);
    said.out
}

/// Keys as OpenSSL makes them: `NAME.key` and `NAME.pub`.
fn keys(folder: &Folder) {
    let curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
    for (name, kind) in [("ann", &curve[..]), ("bob", &["-algorithm", "ed25519"])] {
        let (private, public) = (format!("{name}.key"), format!("{name}.pub"));
        well(folder, "openssl", &[&["genpkey", "-out", &private], kind].concat());
        well(folder, "openssl", &["pkey", "-in", &private, "-pubout", "-out", &public]);
    }
}

#[test]
fn images_are_signed_and_whoever_has_the_key_can_tell() {
    let _alone = alone();
    let folder = Folder::new("images", &[("tiny.api", &two_versions())]);
    let built = said(&folder, &["build", "--dev"]);
    assert_eq!(built.code, Some(0), "{}", built.err);
    keys(&folder);
    signed_in_an_archive(&folder);
    signed_in_a_registry(&folder);
}

/// In an archive, by either kind of key, and by nobody else.
fn signed_in_an_archive(folder: &Folder) {
    let image = |more: &[&str]| {
        folder.run(&[&["image", "dist/tiny-v1", "dist/tiny-v2", "--quiet"], more].concat())
    };
    let plain = image(&["--out", "plain.tar"]);
    for (name, other) in [("ann", "bob"), ("bob", "ann")] {
        let (private, public) = (format!("{name}.key"), format!("{name}.pub"));
        let signed = image(&["--out", "signed.tar", "--sign", &private]);
        signed.is(0, &plain.out, "");
        let verified = folder.run(&["verify", "signed.tar", "--key", &public]);
        assert_eq!(verified.code, Some(0), "{}{}", verified.out, verified.err);
        let by = format!(" is signed by {public}\n");
        assert_eq!(verified.out.matches(&by).count(), 2, "{}", verified.out);
        for version in ["1", "2"] {
            let line = format!(
                "signed.tar: tiny-v{version} is tiny {version}: its texts give the code that its label names\n"
            );
            assert!(verified.out.contains(&line), "{}", verified.out);
        }
        let refused = folder.run(&["verify", "signed.tar", "--key", &format!("{other}.pub")]);
        let why = format!("is signed, and not by the other half of {other}.pub\n");
        assert_eq!((refused.code, refused.out.matches(&why).count()), (Some(1), 2), "{refused:?}");
    }
    let refused = folder.run(&["verify", "plain.tar", "--key", "ann.pub"]);
    assert_eq!((refused.code, refused.out.matches(" is not signed\n").count()), (Some(1), 2));
    changed(folder);
    let said = folder.run(&["image", "dist/tiny-v1", "--sign", "ann.pub"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.starts_with("error: ann.pub is a public key: "), "{}", said.err);
    let said = folder.run(&["verify", "signed.tar", "--key", "ann.key"]);
    assert!(said.err.starts_with("error: ann.key is a private key: "), "{}", said.err);
    let said = folder.run(&["verify", "dist/tiny-v1", "--key", "ann.pub"]);
    assert_eq!(said.code, Some(2), "{said:?}");
}

/// Wherever a byte of an archive is another one, something is said of it.
fn changed(folder: &Folder) {
    let whole = fs::read(folder.path("signed.tar")).expect("it was written");
    let find = |text: &[u8]| whole.windows(text.len()).position(|one| one == text);
    let document = find(b"\"docker-manifest-digest\":\"sha256:").expect("what is signed") + 40;
    let manifest = find(b"\"layers\":[{").expect("a manifest") + 20;
    let program = find(b"\x1f\x8b\x08\0\0\0\0\0").expect("a layer") + 1000;
    for at in [document, manifest, program] {
        let mut bytes = whole.clone();
        let byte = bytes.get_mut(at).expect("within");
        *byte = if *byte == b'0' { b'1' } else { b'0' };
        fs::write(folder.path("changed.tar"), bytes).expect("a file can be written");
        let said = folder.run(&["verify", "changed.tar", "--key", "bob.pub"]);
        assert_eq!(said.code, Some(1), "{said:?}");
        let why = "changed.tar: holds other bytes than sha256:";
        assert!(said.out.starts_with(why), "{}", said.out);
    }
}

/// In a registry: others find the signature where cosign puts it, and believe it.
fn signed_in_a_registry(folder: &Folder) {
    let (_registry, host) = registry(folder, "");
    let to = format!("{host}/acme/tiny");
    let push = |more: &[&str]| {
        folder.run(&[&["push", "dist/tiny-v1", "dist/tiny-v2", "--to", &to], more].concat())
    };
    let image = format!("{to}:2");
    let first = push(&[]);
    assert_eq!(first.code, Some(0), "{}", first.err);
    let unsigned = folder.run(&["verify", &image, "--key", "ann.pub"]);
    assert_eq!(unsigned.code, Some(1), "{unsigned:?}");
    assert!(unsigned.out.ends_with("(2) is not signed\n"), "{}", unsigned.out);
    for (name, kept) in [("ann", false), ("ann", true), ("bob", false)] {
        let said = push(&["--index", "all", "--sign", &format!("{name}.key")]);
        assert_eq!(said.code, Some(0), "{}", said.err);
        let told = if kept { "there  the signature of sha256:" } else { "signed  sha256:" };
        assert_eq!(said.err.matches(told).count(), 3, "{}", said.err);
    }
    in_one(folder, &to);
    // The second did not take away what the first had signed.
    for name in ["ann", "bob"] {
        let said = folder.run(&["verify", &image, "--key", &format!("{name}.pub")]);
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(said.out.contains(&format!("(2) is signed by {name}.pub\n")), "{}", said.out);
        assert!(said.out.contains(": tiny-v2 is tiny 2: "), "{}", said.out);
    }
    believed(folder, &host, &image);
    let said = folder.run(&["verify", &format!("{to}:9"), "--key", "ann.pub"]);
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.err.contains("has nothing called 9 in acme/tiny"), "{}", said.err);
    damaged(folder, &image);
}

/// All versions under one name, as others see them and take them along.
fn in_one(folder: &Folder, to: &str) {
    let from = format!("docker://{to}:all");
    let raw = well(folder, "skopeo", &["inspect", "--raw", "--tls-verify=false", &from]);
    let index: Value = serde_json::from_str(&raw).expect("JSON");
    assert_eq!(index["mediaType"], "application/vnd.oci.image.index.v1+json");
    let below = index["manifests"].as_array().expect("a list");
    let versions = below.iter().map(|one| &one["annotations"]["org.opencontainers.image.version"]);
    assert_eq!(versions.collect::<Vec<_>>(), ["2", "1"], "{index:#}");
    let seen = well(folder, "skopeo", &["inspect", "--tls-verify=false", &from]);
    let seen: Value = serde_json::from_str(&seen).expect("JSON");
    assert_eq!(seen["Labels"]["org.opencontainers.image.title"], "tiny-v2", "the newest is run");
    let copy = ["copy", "--quiet", "--all", "--src-tls-verify=false", &from];
    well(folder, "skopeo", &[&copy[..], &["oci-archive:all.tar:all"]].concat());
    let inspected = folder.run(&["inspect", "all.tar"]);
    assert_eq!(inspected.code, Some(0), "{}", inspected.err);
    for program in ["\ntiny-v1  ", "\ntiny-v2  "] {
        assert!(inspected.out.contains(program), "{}", inspected.out);
    }
    let there = folder.run(&["inspect", &format!("{to}:all")]);
    assert_eq!((there.code, there.out.matches("\n  sha256  ").count()), (Some(0), 2), "{there:?}");
    let verified = folder.run(&["verify", &format!("{to}:all"), "--key", "ann.pub"]);
    assert_eq!(verified.code, Some(0), "{}{}", verified.out, verified.err);
    assert!(verified.out.contains("(all) is signed by ann.pub\n"), "{}", verified.out);
    assert_eq!(verified.out.matches("its texts give the code").count(), 2, "{}", verified.out);
    let said = folder.run(&["image", "dist/tiny-v1", "--index", "1"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    let twice = folder.run(&["image", "dist/tiny-v1", "dist/tiny-v1", "--out", "twice.tar"]);
    assert_eq!(twice.code, Some(2), "{twice:?}");
    assert!(twice.err.contains("gets the tag `1`, which a program before it has"), "{twice:?}");
}

/// Where podman keeps what runs. It refuses a path of more than 50 bytes, as a checkout may have.
struct RunRoot(String);

impl RunRoot {
    fn new() -> RunRoot {
        RunRoot(format!("/tmp/gatewright-podman-{}", std::process::id()))
    }
}

impl Drop for RunRoot {
    fn drop(&mut self) {
        // What is left there is small, and no test reads it.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What the engine unpacks is run with what it says; engines themselves may not run everywhere.
#[test]
fn a_container_engine_loads_images_and_what_is_in_them_runs() {
    let _alone = alone();
    let folder = &Folder::new("images-loaded", &[("tiny.api", &two_versions())]);
    let built = said(folder, &["build", "--dev"]);
    assert_eq!(built.code, Some(0), "{}", built.err);
    let made = folder.run(&[
        "image",
        "dist/tiny-v1",
        "dist/tiny-v2",
        "--out",
        "all.tar",
        "--index",
        "all",
    ]);
    assert_eq!(made.code, Some(0), "{}", made.err);
    let root = folder.path("podman").display().to_string();
    let run = RunRoot::new();
    let podman = |args: &[&str]| {
        let own = ["--root", &root, "--runroot", &run.0, "--storage-driver", "vfs"];
        well(folder, "podman", &[&own[..], args].concat())
    };
    let names = podman(&["load", "--quiet", "-i", "all.tar"]);
    for name in ["localhost/tiny:1", "localhost/tiny:2", "localhost/tiny:latest"] {
        assert!(names.contains(name), "{names}");
    }
    let seen = podman(&["image", "inspect", "tiny:2"]);
    let seen: Value = serde_json::from_str(&seen).expect("JSON");
    let config = &seen[0]["Config"];
    assert_eq!(config["User"], "65532:65532");
    assert_eq!(config["Labels"]["org.opencontainers.image.title"], "tiny-v2");
    let mounted = podman(&["image", "mount", "tiny:2"]);
    let place = folder.path("unpacked");
    well(folder, "cp", &["-a", mounted.trim(), &place.display().to_string()]);
    // What an engine adds.
    folder.write("unpacked/etc/hosts", "127.0.0.1 localhost people.test\n");
    let backend = backend();
    for host in ["localhost", "people.test"] {
        let mut command = chroot(&place);
        command.arg(config["Entrypoint"][0].as_str().expect("a program"));
        answers(command.env("PEOPLE_URL", format!("http://{host}:{backend}")));
    }
}

/// A backend that knows Ada; its port.
fn backend() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut head = [0; 4096];
            let _ = stream.read(&mut head);
            let body = r#"{"first_name":"Ada"}"#;
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
                 connection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    port
}

/// A gateway starts, answers, and ends when it is asked to.
fn answers(command: &mut Command) {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr());
    let address = port.expect("a free port").to_string();
    let mut child =
        command.env("LISTEN", &address).env("OPERATOR", "127.0.0.1:0").spawn().expect("it runs");
    let begin = Instant::now();
    let answer = loop {
        match get(&address, "/v2/people/ada") {
            Ok(answer) => break answer,
            Err(_) if begin.elapsed() < Duration::from_secs(20) => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(error) => {
                let _ = child.kill();
                unreachable!("it does not answer: {error}");
            }
        }
    };
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process");
    kill_process(pid, Signal::TERM).expect("it is asked to end");
    let begin = Instant::now();
    let ended = loop {
        match child.try_wait().expect("it is known") {
            Some(status) => break Some(status),
            None if begin.elapsed() > Duration::from_secs(20) => {
                let _ = child.kill();
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    assert_eq!(answer, ("HTTP/1.1 200 OK".to_owned(), r#"{"full_name":"Ada"}"#.to_owned()));
    assert_eq!(ended.and_then(|status| status.code()), Some(0), "it ends well");
}

/// Others find the signatures where cosign looks for them, and OpenSSL believes what is signed.
fn believed(folder: &Folder, host: &str, image: &str) {
    let policy = serde_json::json!({
        "default": [{
            "type": "sigstoreSigned",
            "keyPath": folder.path("ann.pub"),
            "signedIdentity": { "type": "matchRepository" },
        }],
    });
    folder.write("policy.json", &policy.to_string());
    let attached = format!("docker:\n  {host}:\n    use-sigstore-attachments: true\n");
    folder.write("registries.d/here.yaml", &attached);
    let registries = folder.path("registries.d").display().to_string();
    let from = format!("docker://{image}");
    let rules = ["--policy", "policy.json", "--registries.d", &registries, "--debug"];
    let copy = ["copy", "--src-tls-verify=false", "--remove-signatures", &from, "dir:copied"];
    let said = other(folder, "skopeo", &[&rules[..], &copy].concat());
    // Some distributions do not let it look at what it found.
    let found = "Found a sigstore attachment manifest with 2 layers";
    assert!(said.err.contains(found), "{}{}", said.out, said.err);

    let seen = well(folder, "skopeo", &["inspect", "--tls-verify=false", &from]);
    let seen: Value = serde_json::from_str(&seen).expect("JSON");
    let digest = seen["Digest"].as_str().expect("a digest");
    let tag = format!("docker://{host}/acme/tiny:{}.sig", digest.replace(':', "-"));
    well(folder, "skopeo", &["copy", "--src-tls-verify=false", &tag, "dir:signatures"]);
    let manifest: Value =
        serde_json::from_slice(&bytes(folder, "signatures/manifest.json")).expect("JSON");
    let [ann, bob] = &manifest["layers"].as_array().expect("layers")[..] else {
        unreachable!("{manifest:#}")
    };
    for (layer, check) in [
        (ann, &["dgst", "-sha256", "-verify", "ann.pub", "-signature", "signature"][..]),
        (bob, &["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "bob.pub", "-sigfile"]),
    ] {
        assert_eq!(layer["mediaType"], "application/vnd.dev.cosign.simplesigning.v1+json");
        let kept = layer["digest"].as_str().expect("a digest").replace("sha256:", "signatures/");
        let document: Value = serde_json::from_slice(&bytes(folder, &kept)).expect("JSON");
        assert_eq!(document["critical"]["image"]["docker-manifest-digest"], digest);
        let place = &document["critical"]["identity"]["docker-reference"];
        assert_eq!(*place, format!("{host}/acme/tiny").as_str());
        let text = layer["annotations"]["dev.cosignproject.cosign/signature"].as_str();
        folder.write("signature.txt", &format!("{}\n", text.expect("a signature")));
        let decode = ["base64", "-d", "-A", "-in", "signature.txt", "-out", "signature"];
        well(folder, "openssl", &decode);
        let rest = if check.contains(&"dgst") { vec![] } else { vec!["signature", "-in"] };
        well(folder, "openssl", &[check, &rest, &[kept.as_str()]].concat());
    }
}

fn bytes(folder: &Folder, name: &str) -> Vec<u8> {
    fs::read(folder.path(name)).expect("a file")
}

/// What the registry keeps is changed, and that is noticed.
fn damaged(folder: &Folder, image: &str) {
    let mut found = Vec::new();
    files(&folder.path("kept"), &mut found);
    let mut count = 0;
    for path in found {
        let mut bytes = fs::read(&path).expect("a file");
        let part = b"docker-manifest-digest\":\"sha256:";
        let Some(at) = bytes.windows(part.len()).position(|one| one == part) else { continue };
        let byte = bytes.get_mut(at + part.len()).expect("a digest");
        *byte = if *byte == b'0' { b'1' } else { b'0' };
        fs::write(&path, bytes).expect("it can be written");
        count += 1;
    }
    assert_eq!(count, 3, "what both keys signed is the same, for each image and the index");
    let said = folder.run(&["verify", image, "--key", "ann.pub"]);
    assert_eq!((said.code, said.out.as_str()), (Some(3), ""), "{}", said.err);
    assert!(said.err.contains("or gives other bytes"), "{}", said.err);
}

/// Every file below.
fn files(path: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(path).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}
