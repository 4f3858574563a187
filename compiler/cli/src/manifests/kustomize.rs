//! A base for Kustomize, and an overlay for each environment.

use super::kubernetes::{documents, named, programs, route};
use super::yaml::yaml;
use super::{Files, Program, Rollout};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

const KIND: [(&str, &str); 2] =
    [("apiVersion", "kustomize.config.k8s.io/v1beta1"), ("kind", "Kustomization")];

/// What overlays begin with. They are written once, and belong to whoever edits them.
pub(crate) const OVERLAYS: &str = "overlays/";

/// The base, which is the contract's, and what environments differ in.
pub(crate) fn kustomize(rollout: &Rollout<'_>, overlays: &[String]) -> Files {
    let mut files = Files::new();
    let mut names = Vec::new();
    for (name, text) in programs(rollout) {
        names.push(name.clone());
        files.insert(format!("base/{name}"), text);
    }
    let name = format!("{}-route.yaml", rollout.name);
    files.insert(format!("base/{name}"), yaml(&route(rollout)));
    names.push(name);
    files.insert("base/kustomization.yaml".into(), yaml(&base(rollout, &names)));
    files.insert(format!("base/{}.env", rollout.name), values(rollout));
    for overlay in overlays {
        let at = format!("{OVERLAYS}{overlay}/");
        files.insert(format!("{at}kustomization.yaml"), yaml(&of_overlay(rollout, overlay)));
        files.insert(format!("{at}{}.env", rollout.name), missing(rollout));
        for program in &rollout.programs {
            files.insert(format!("{at}{}.yaml", program.name), patches(rollout, program));
        }
    }
    files
}

/// A list of resources, and the variables. A change of these rolls pods out, because the name of their ConfigMap
/// changes.
fn base(rollout: &Rollout<'_>, names: &[String]) -> Value {
    let mut list = kustomization();
    list.insert("resources".into(), names.into());
    let variables = json!({
        "name": rollout.name,
        "envs": [format!("{}.env", rollout.name)],
        "options": { "labels": { "app.kubernetes.io/name": rollout.name } },
    });
    list.insert("configMapGenerator".into(), json!([variables]));
    list.into()
}

fn of_overlay(rollout: &Rollout<'_>, overlay: &str) -> Value {
    let mut list = kustomization();
    list.insert("namespace".into(), format!("{}-{overlay}", rollout.name).into());
    list.insert("resources".into(), json!(["../../base"]));
    let variables = json!({
        "name": rollout.name,
        "behavior": "merge",
        "envs": [format!("{}.env", rollout.name)],
    });
    list.insert("configMapGenerator".into(), json!([variables]));
    let patches = rollout.programs.iter();
    let patches = patches.map(|program| json!({ "path": format!("{}.yaml", program.name) }));
    list.insert("patches".into(), patches.collect());
    list.into()
}

fn kustomization() -> Map<String, Value> {
    KIND.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text))).collect()
}

/// The variables that are the same everywhere: those that were given; the others as comments.
fn values(rollout: &Rollout<'_>) -> String {
    let mut out = String::from("# the same in every environment\n");
    for one in rollout.wanted().iter().filter(|one| !one.is_secret) {
        let (name, about) = (&one.name, &one.about);
        if !rollout.values.contains_key(name) {
            let default = one.default.as_deref().unwrap_or_default();
            let _ = writeln!(out, "# {about}\n# {name}={default}");
        }
    }
    for (name, value) in &rollout.values {
        let _ = writeln!(out, "{name}={value}");
    }
    out
}

/// The variables that an environment must say: those without a default that were not given.
fn missing(rollout: &Rollout<'_>) -> String {
    let mut out = String::from("# what is different here\n");
    let wanted = rollout.wanted();
    let missing = |one: &&super::Wanted| {
        !one.is_secret && one.default.is_none() && !rollout.values.contains_key(&one.name)
    };
    for one in wanted.iter().filter(missing) {
        let _ = writeln!(out, "# {}; must be set\n{}=", one.about, one.name);
    }
    out
}

/// What environments differ in: which image, how many pods, and which colour is asked.
fn patches(rollout: &Rollout<'_>, program: &Program) -> String {
    let mut all = Vec::new();
    let colours: &[&str] = if rollout.blue_green { &["blue", "green"] } else { &[""] };
    for colour in colours {
        let name = named(program, colour);
        let image = format!("{}:{}", rollout.image, program.tag);
        all.push(json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": { "name": name },
            "spec": { "template": { "spec": {
                "containers": [{ "name": "gateway", "image": image }],
            } } },
        }));
        all.push(json!({
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": { "name": name },
            "spec": { "minReplicas": 2, "maxReplicas": 10 },
        }));
    }
    if rollout.blue_green {
        all.push(json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": { "name": program.name },
            "spec": { "selector": {
                "#": "the switch: `green` once the pods of that colour are ready, `blue` to go back",
                "colour": "blue",
            } },
        }));
    }
    documents(&all)
}
