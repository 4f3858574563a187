//! Builds by others, for others, and without a network.

use super::{Folder, alone, get, said};
use crate::program::Running;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn a_build_script_of_somebody_else_makes_a_gateway() {
    let _alone = alone();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/embedded");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("embedded");
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--locked", "--quiet"]).current_dir(&example);
    cargo.env("CARGO_TARGET_DIR", &target).env("CARGO_PROFILE_DEV_DEBUG", "0");
    for name in ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS", "CARGO_BUILD_TARGET"] {
        cargo.env_remove(name);
    }
    let built = cargo.output().expect("cargo runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let program = target.join("debug/embedded");
    let routes = Command::new(&program).arg("--routes").output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&routes.stdout), "GET /v1/hello/{name}\n");

    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr());
    let operator = port.expect("a free port").to_string();
    let mut command = Command::new(&program);
    command.env("GREETER_URL", "http://127.0.0.1:1").env("OPERATOR", &operator);
    let (_running, mut lines) =
        Running::start(command.env("LISTEN", "127.0.0.1:0").env("LOG", "off"));
    let begin = Instant::now();
    while get(&operator, "/ready").is_err() {
        assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", lines.next());
        std::thread::sleep(Duration::from_millis(20));
    }
    let (status, body) = get(&operator, "/contract").expect("it answers");
    assert!(status.contains("200") && body.contains("\"api\":\"hello\""), "{status} {body}");
}

#[test]
fn what_cannot_be_built_for_or_from_is_said_before_anything_is_built() {
    let folder = Folder::new("outside", &[("tiny.api", crate::GOOD), ("empty/x", "")]);
    let build = |args: &[&str]| said(&folder, &[&["build"], args].concat());
    let unknown = build(&["--target", "x86_65-unknown-linux-gnu"]);
    assert_eq!(unknown.code, Some(3), "{unknown:?}");
    let line = "error: Rust knows no machine called `x86_65-unknown-linux-gnu`\n";
    assert!(unknown.err.contains(line), "{unknown:?}");
    let missing = build(&["--target", "s390x-unknown-linux-gnu"]);
    assert!(missing.err.contains("`rustup target add s390x-unknown-linux-gnu`"), "{missing:?}");
    let empty = build(&["--vendored", "empty"]);
    assert_eq!(empty.code, Some(2), "{empty:?}");
    assert!(empty.err.starts_with("error: empty holds no crates\n"), "{empty:?}");
    assert!(!folder.path("dist").exists());
}
