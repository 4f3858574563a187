//! Services for Compose.

use super::yaml::yaml;
use super::{Files, Program, Rollout, settings};
use serde_json::{Map, Value, json};

/// One file with a service for each program, on ports from 8080 on.
pub(crate) fn compose(rollout: &Rollout<'_>) -> Files {
    let services = rollout.programs.iter().zip(8080_u16..);
    let services = services.map(|(one, port)| (one.name.clone(), service(rollout, one, port)));
    let document = json!({
        "name": rollout.name,
        "services": services.collect::<Map<_, _>>(),
    });
    Files::from([("compose.yaml".to_owned(), yaml(&document))])
}

fn service(rollout: &Rollout<'_>, program: &Program, port: u16) -> Value {
    let mut environment: Map<String, Value> = Map::new();
    for (name, value) in &rollout.values {
        environment.insert(name.clone(), preset(name, value));
    }
    for one in rollout.wanted() {
        environment.insert(format!("# {}", one.name), one.about.as_str().into());
        // What must be set is asked for by name.
        let value = match rollout.values.get(&one.name).or(one.default.as_ref()) {
            None => format!("${{{}:?}}", one.name).into(),
            Some(default) => preset(&one.name, default),
        };
        environment.insert(one.name, value);
    }
    let own = settings(program).into_iter();
    environment.extend(own.map(|(name, value)| (name.to_owned(), value.into())));
    json!({
        "image": format!("{}:{}", rollout.image, program.tag),
        "ports": [format!("{port}:8080")],
        "environment": environment,
        "healthcheck": {
            "test": ["CMD", "/gateway", "--health"],
            "interval": "10s",
            "timeout": "5s",
            "start_period": "10s",
        },
        "read_only": true,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "stop_grace_period": format!("{}s", program.grace),
        "restart": "unless-stopped",
    })
}

/// What the shell says, else this.
fn preset(name: &str, value: &str) -> Value {
    format!("${{{name}-{}}}", value.replace('$', "$$")).into()
}
