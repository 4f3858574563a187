//! What rolls gateways out is YAML and units that say what the contract says.

#![allow(clippy::panic, reason = "a test that cannot go on says so")]

use crate::program::{Folder, GOOD};
use yaml_rust2::{Yaml, YamlLoader};

pub(crate) fn two_versions() -> String {
    let key = "{\n  timeout 1s\n  send header X-Api-Key = env PEOPLE_KEY\n}";
    let contract = GOOD.replace("{ timeout 1s }", key);
    format!("{contract}\nversion 2 from 1 {{\n  rename Person.name to full_name\n}}\n")
}

fn documents(text: &str) -> Vec<Yaml> {
    YamlLoader::load_from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// Kind and name.
fn named(one: &Yaml) -> String {
    let text = |one: &Yaml| one.as_str().unwrap_or_default().to_owned();
    format!("{} {}", text(&one["kind"]), text(&one["metadata"]["name"]))
}

fn find<'d>(documents: &'d [Yaml], name: &str) -> &'d Yaml {
    let found = documents.iter().find(|one| named(one) == name);
    found.unwrap_or_else(|| panic!("{name} is not among {:?}", documents.iter().map(named)))
}

#[test]
fn a_cluster_gets_everything_for_each_version() {
    let folder = Folder::new("manifests", &[("tiny.api", &two_versions())]);
    let said = folder.run(&["manifests", "--image", "registry.example/tiny"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert_eq!(folder.run(&["manifests", "--image", "registry.example/tiny"]).out, said.out);
    let all = documents(&said.out);
    for version in ["tiny-v1", "tiny-v2"] {
        for kind in [
            "Deployment",
            "HorizontalPodAutoscaler",
            "Service",
            "PodDisruptionBudget",
            "NetworkPolicy",
            "ServiceMonitor",
        ] {
            find(&all, &format!("{kind} {version}"));
        }
    }
    assert_eq!(all.len(), 14);
    assert_eq!(find(&all, "ConfigMap tiny")["data"]["PEOPLE_URL"].as_str(), Some(""));
    assert!(find(&all, "ConfigMap tiny")["data"]["PEOPLE_KEY"].is_badvalue(), "it is a secret");
    let pod = &find(&all, "Deployment tiny-v2")["spec"]["template"]["spec"];
    assert_eq!(pod["terminationGracePeriodSeconds"].as_i64(), Some(40));
    let gateway = &pod["containers"][0];
    assert_eq!(gateway["image"].as_str(), Some("registry.example/tiny:2"));
    let keys: Vec<_> = gateway["env"].as_vec().expect("a list").iter().collect();
    let key = keys.iter().find(|one| one["name"].as_str() == Some("PEOPLE_KEY"));
    let key = &key.expect("the key")["valueFrom"]["secretKeyRef"];
    assert_eq!((key["name"].as_str(), key["key"].as_str()), (Some("tiny"), Some("PEOPLE_KEY")));
    let rules = &find(&all, "HTTPRoute tiny")["spec"]["rules"];
    assert_eq!(rules[1]["matches"][0]["path"]["value"].as_str(), Some("/v2"));
    assert_eq!(rules[1]["backendRefs"][0]["name"].as_str(), Some("tiny-v2"));
}

#[test]
fn blue_and_green_are_two_deployments_and_a_switch() {
    let folder = Folder::new("manifests-colours", &[("tiny.api", &two_versions())]);
    let said = folder.run(&["manifests", "--blue-green", "--version", "1", "--out", "deploy"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let text = folder.read("deploy/tiny-v1.yaml");
    let all = documents(&text);
    find(&all, "Deployment tiny-v1-blue");
    let green = find(&all, "Deployment tiny-v1-green");
    let label = &green["spec"]["template"]["metadata"]["labels"]["colour"];
    assert_eq!(label.as_str(), Some("green"));
    let switch = &find(&all, "Service tiny-v1")["spec"]["selector"]["colour"];
    assert_eq!(switch.as_str(), Some("blue"));
    let list = documents(&folder.read("deploy/kustomization.yaml"));
    let list = list.first().expect("a document")["resources"].as_vec().expect("a list");
    for file in list {
        folder.read(&format!("deploy/{}", file.as_str().expect("a name")));
    }
    assert_eq!(list.len(), 3);
}

#[test]
fn a_host_gets_units_and_a_machine_services() {
    let folder = Folder::new("manifests-host", &[("tiny.api", &two_versions())]);
    let said = folder.run(&["manifests", "--for", "systemd", "--out", "units", "--bin", "/opt"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let unit = folder.read("units/tiny-v2.service");
    for line in [
        "Type=notify",
        "ExecStart=/opt/tiny-v2",
        "EnvironmentFile=/etc/tiny/tiny-v2.env",
        "Environment=OPERATOR=127.0.0.1:9091 DRAIN_DELAY=5s DRAIN_LIMIT=30s",
        "TimeoutStopSec=40",
    ] {
        assert!(unit.lines().any(|one| one == line), "{line} in {unit}");
    }
    assert!(folder.read("units/tiny-v2.socket").contains("\nListenStream=8081\n"));
    assert!(folder.read("units/tiny-v1.env").contains("\nPEOPLE_URL=\n"));

    let said = folder.run(&["manifests", "--for", "compose", "--all-in-one"]);
    let all = documents(&said.out);
    let service = &all.first().expect("a document")["services"]["tiny"];
    assert_eq!(service["image"].as_str(), Some("tiny:latest"));
    assert_eq!(service["environment"]["PEOPLE_URL"].as_str(), Some("${PEOPLE_URL:?}"));
    assert_eq!(service["healthcheck"]["test"][1].as_str(), Some("/gateway"));
}
