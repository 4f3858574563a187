//! Manifests for Kubernetes, and what lists them for Kustomize.

use super::yaml::yaml;
use super::{At, Files, Program, Rollout, settings};
use serde_json::{Map, Value, json};

/// A file with what programs share, one for each program, the route to them, and the list of all.
pub(crate) fn kubernetes(rollout: &Rollout<'_>) -> Files {
    let mut files = Files::new();
    files.insert(format!("{}.yaml", rollout.name), yaml(&config(rollout)));
    files.extend(programs(rollout));
    files.insert(format!("{}-route.yaml", rollout.name), yaml(&route(rollout)));
    let names: Vec<String> = files.keys().cloned().collect();
    let list = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": names,
    });
    files.insert("kustomization.yaml".to_owned(), yaml(&list));
    files
}

/// A file for each program.
pub(super) fn programs(rollout: &Rollout<'_>) -> Files {
    let file = |program: &Program| {
        (format!("{}.yaml", program.name), documents(&of_program(rollout, program)))
    };
    rollout.programs.iter().map(file).collect()
}

pub(super) fn documents(all: &[Value]) -> String {
    all.iter().map(yaml).collect::<Vec<_>>().join("---\n")
}

fn of_program(rollout: &Rollout<'_>, program: &Program) -> Vec<Value> {
    let mut all = Vec::new();
    let colours: &[&str] = if rollout.blue_green { &["blue", "green"] } else { &[""] };
    for colour in colours {
        all.push(deployment(rollout, program, colour));
        all.push(scaler(rollout, program, colour));
    }
    all.push(service(rollout, program));
    all.push(budget(rollout, program));
    all.push(network(rollout, program));
    all.push(monitor(rollout, program));
    all
}

/// `shop-v1`, or `shop-v1-blue`.
pub(super) fn named(program: &Program, colour: &str) -> String {
    if colour.is_empty() { program.name.clone() } else { format!("{}-{colour}", program.name) }
}

/// What tells the pods of a program, and of one colour of it.
fn labels(rollout: &Rollout<'_>, program: &Program, colour: &str) -> Map<String, Value> {
    let mut labels = Map::new();
    labels.insert("app.kubernetes.io/name".into(), rollout.name.as_str().into());
    labels.insert("app.kubernetes.io/instance".into(), program.name.as_str().into());
    if !colour.is_empty() {
        labels.insert("colour".into(), colour.into());
    }
    labels
}

fn metadata(rollout: &Rollout<'_>, program: &Program, name: &str) -> Value {
    json!({ "name": name, "labels": labels(rollout, program, "") })
}

/// What is no secret of the environment. Empty values are to be filled in.
fn config(rollout: &Rollout<'_>) -> Value {
    let mut data = Map::new();
    for one in rollout.wanted().iter().filter(|one| !one.is_secret) {
        let about = format!("# {}", one.name);
        if rollout.values.contains_key(&one.name) {
            continue;
        }
        match &one.default {
            None => {
                data.insert(about, format!("{}; must be set", one.about).into());
                data.insert(one.name.clone(), "".into());
            }
            Some(default) => {
                let text =
                    format!("{}\n{}: {}", one.about, one.name, Value::from(default.as_str()));
                data.insert(about, text.into());
            }
        }
    }
    for (name, value) in &rollout.values {
        data.insert(name.clone(), value.as_str().into());
    }
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": rollout.name,
            "labels": { "app.kubernetes.io/name": rollout.name },
        },
        "data": data,
    })
}

fn deployment(rollout: &Rollout<'_>, program: &Program, colour: &str) -> Value {
    let mut spec = Map::new();
    if rollout.blue_green {
        spec.insert("#".into(), "how many run says the HorizontalPodAutoscaler".into());
    }
    spec.insert("selector".into(), json!({ "matchLabels": labels(rollout, program, colour) }));
    spec.insert(
        "strategy".into(),
        json!({
            "type": "RollingUpdate",
            "rollingUpdate": { "maxSurge": 1, "maxUnavailable": 0 },
        }),
    );
    spec.insert(
        "template".into(),
        json!({
            "metadata": { "labels": labels(rollout, program, colour) },
            "spec": {
                "automountServiceAccountToken": false,
                "terminationGracePeriodSeconds": program.grace,
                "securityContext": {
                    "runAsNonRoot": true,
                    "runAsUser": 65532,
                    "runAsGroup": 65532,
                    "seccompProfile": { "type": "RuntimeDefault" },
                },
                "topologySpreadConstraints": [{
                    "maxSkew": 1,
                    "topologyKey": "kubernetes.io/hostname",
                    "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": { "matchLabels": labels(rollout, program, colour) },
                }],
                "containers": [container(rollout, program)],
            },
        }),
    );
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(rollout, program, &named(program, colour)),
        "spec": spec,
    })
}

fn container(rollout: &Rollout<'_>, program: &Program) -> Value {
    let mut env: Vec<Value> = settings(program)
        .into_iter()
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    for one in rollout.wanted().iter().filter(|one| one.is_secret) {
        let mut key = json!({ "name": rollout.name, "key": one.name });
        if let (Some(_), Some(fields)) = (&one.default, key.as_object_mut()) {
            fields.insert("optional".into(), true.into());
        }
        env.push(json!({ "name": one.name, "valueFrom": { "secretKeyRef": key } }));
    }
    let probe = |path: &str, period: u64, failures: u64| {
        json!({
            "httpGet": { "path": path, "port": "operator" },
            "periodSeconds": period,
            "failureThreshold": failures,
        })
    };
    json!({
        "name": "gateway",
        "image": format!("{}:{}", rollout.image, program.tag),
        "ports": [
            { "name": "http", "containerPort": 8080 },
            { "name": "operator", "containerPort": 9090 },
        ],
        "envFrom": [{ "configMapRef": { "name": rollout.name } }],
        "env": env,
        "startupProbe": probe("/ready", 1, 60),
        "readinessProbe": probe("/ready", 2, 1),
        "livenessProbe": probe("/live", 10, 3),
        "resources": {
            "requests": { "cpu": "100m", "memory": "32Mi" },
            "limits": { "memory": "256Mi" },
        },
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": { "drop": ["ALL"] },
        },
    })
}

fn scaler(rollout: &Rollout<'_>, program: &Program, colour: &str) -> Value {
    let name = named(program, colour);
    json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(rollout, program, &name),
        "spec": {
            "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": name },
            "minReplicas": 2,
            "maxReplicas": 10,
            "metrics": [{
                "type": "Resource",
                "resource": {
                    "name": "cpu",
                    "target": { "type": "Utilization", "averageUtilization": 70 },
                },
            }],
        },
    })
}

fn service(rollout: &Rollout<'_>, program: &Program) -> Value {
    let mut selector = Map::new();
    if rollout.blue_green {
        let switch =
            "the switch: `green` once the pods of that colour are ready, `blue` to go back";
        selector.insert("#".into(), switch.into());
    }
    let colour = if rollout.blue_green { "blue" } else { "" };
    selector.extend(labels(rollout, program, colour));
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(rollout, program, &program.name),
        "spec": {
            "selector": selector,
            "ports": [
                { "name": "http", "port": 80, "targetPort": "http" },
                { "name": "operator", "port": 9090, "targetPort": "operator" },
            ],
        },
    })
}

fn budget(rollout: &Rollout<'_>, program: &Program) -> Value {
    json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(rollout, program, &program.name),
        "spec": {
            "maxUnavailable": 1,
            "selector": { "matchLabels": labels(rollout, program, "") },
        },
    })
}

/// Callers and probes come in; names are looked up, and backends are called, by their ports.
fn network(rollout: &Rollout<'_>, program: &Program) -> Value {
    let mut egress = vec![json!({
        "# names": "names",
        "ports": [
            { "port": 53, "protocol": "UDP" },
            { "port": 53, "protocol": "TCP" },
        ],
    })];
    for (name, at) in rollout.calls() {
        let (about, ports) = match at {
            At::Ports(ports) => (
                name,
                ports.iter().map(|port| json!({ "port": port, "protocol": "TCP" })).collect(),
            ),
            At::Named => (
                format!("{name}: the port that the DNS says"),
                vec![json!({ "port": 1, "endPort": 65535, "protocol": "TCP" })],
            ),
            At::Variable(variable) => (
                format!("{name}: the port that {variable} says"),
                vec![
                    json!({ "port": 80, "protocol": "TCP" }),
                    json!({ "port": 443, "protocol": "TCP" }),
                ],
            ),
        };
        let rule = json!({ "#": about, "ports": ports });
        if !egress.contains(&rule) {
            egress.push(rule);
        }
    }
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(rollout, program, &program.name),
        "spec": {
            "podSelector": { "matchLabels": labels(rollout, program, "") },
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{ "ports": [
                { "port": "http", "protocol": "TCP" },
                { "port": "operator", "protocol": "TCP" },
            ] }],
            "egress": egress,
        },
    })
}

fn monitor(rollout: &Rollout<'_>, program: &Program) -> Value {
    json!({
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": metadata(rollout, program, &program.name),
        "spec": {
            "selector": { "matchLabels": labels(rollout, program, "") },
            "endpoints": [{ "port": "operator", "path": "/metrics" }],
        },
    })
}

/// Which program answers which paths.
pub(super) fn route(rollout: &Rollout<'_>) -> Value {
    let rules = rollout.programs.iter().map(|program| {
        let paths = program.prefixes.iter();
        let matches: Vec<Value> =
            paths.map(|path| json!({ "path": { "type": "PathPrefix", "value": path } })).collect();
        json!({ "matches": matches, "backendRefs": [{ "name": program.name, "port": 80 }] })
    });
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {
            "name": rollout.name,
            "labels": { "app.kubernetes.io/name": rollout.name },
        },
        "spec": {
            "#": "the Gateway of the cluster",
            "parentRefs": [{ "name": "gateway" }],
            "rules": rules.collect::<Vec<_>>(),
        },
    })
}
