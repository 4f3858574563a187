//! The crates that a program is made of, as cargo resolves them.

use crate::label::text;
use crate::text::packed;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// One crate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Whether it comes from the public registry; else it was made beside the program.
    pub registry: bool,
    /// The digest of what the registry gave, SHA-256 in hexadecimal.
    pub checksum: Option<String>,
    /// Under which terms it may be used, as an SPDX expression.
    pub license: Option<String>,
    /// Whether it is at work only while the program is built.
    pub build: bool,
    /// Whether it is the program itself.
    pub root: bool,
    /// The crates that it uses, as places in the list.
    pub uses: Vec<usize>,
}

/// How a crate is reached from the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reached {
    Build,
    Run,
}

/// The crates of a package, from what `cargo metadata` says of it and its lock: those that are
/// linked, and those that are at work while it is built, sorted by name and version.
///
/// # Errors
///
/// What cargo said is not understood: why.
pub fn resolved(metadata: &str, lock: &str) -> Result<Vec<Crate>, String> {
    let value: Value = serde_json::from_str(metadata).map_err(|error| error.to_string())?;
    let resolve = value.get("resolve").ok_or("it has no `resolve`")?;
    let root = text(resolve, "root").ok_or("it has no root")?;
    let nodes: BTreeMap<&str, &Value> = entries(resolve, "nodes");
    let packages: BTreeMap<&str, &Value> = entries(&value, "packages");
    let mut reached: BTreeMap<&str, Reached> = BTreeMap::new();
    let mut open = vec![(root.as_str(), Reached::Run)];
    while let Some((id, how)) = open.pop() {
        if reached.get(id).is_some_and(|known| *known >= how) {
            continue;
        }
        reached.insert(id, how);
        open.extend(
            uses(nodes.get(id).copied())
                .into_iter()
                .map(|(other, edge)| (other, if edge == Reached::Build { edge } else { how })),
        );
    }
    let checksums = checksums(lock);
    let mut found = Vec::new();
    for (id, how) in &reached {
        let package = packages.get(id).ok_or_else(|| format!("it does not tell about {id}"))?;
        let one = Crate {
            name: text(package, "name").unwrap_or_default(),
            version: text(package, "version").unwrap_or_default(),
            registry: text(package, "source").is_some_and(|from| from.starts_with("registry+")),
            license: text(package, "license"),
            build: *how == Reached::Build,
            root: *id == root,
            ..Crate::default()
        };
        let key = (one.name.clone(), one.version.clone());
        found.push((*id, Crate { checksum: checksums.get(&key).cloned(), ..one }));
    }
    found.sort_by(|(_, a), (_, b)| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    let places: BTreeMap<&str, usize> =
        found.iter().enumerate().map(|(place, (id, _))| (*id, place)).collect();
    let linked = found.iter().map(|(id, one)| {
        let others = uses(nodes.get(id).copied()).into_iter();
        let others: BTreeSet<usize> =
            others.filter_map(|(other, _)| places.get(other).copied()).collect();
        Crate { uses: others.into_iter().collect(), ..one.clone() }
    });
    Ok(linked.collect())
}

/// The objects of a list under their `id`.
fn entries<'v>(value: &'v Value, name: &str) -> BTreeMap<&'v str, &'v Value> {
    let list = value.get(name).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|one| Some((one.get("id")?.as_str()?, one))).collect()
}

/// What a node depends on, without what only its tests need.
fn uses(node: Option<&Value>) -> Vec<(&str, Reached)> {
    let deps = node.and_then(|node| node.get("deps")).and_then(Value::as_array);
    let edge = |dep: &'_ Value| {
        let kinds = dep.get("dep_kinds")?.as_array()?;
        let kind = |kind: &Value| match kind.get("kind").and_then(Value::as_str) {
            None => Some(Reached::Run),
            Some("build") => Some(Reached::Build),
            Some(_) => None,
        };
        kinds.iter().filter_map(kind).max()
    };
    let deps = deps.into_iter().flatten();
    deps.filter_map(|dep| Some((dep.get("pkg")?.as_str()?, edge(dep)?))).collect()
}

/// The checksums of a lock by name and version.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let mut found = BTreeMap::new();
    for block in lock.split("[[package]]").skip(1) {
        let field = |name: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
            line.map(|text| text.trim_matches('"').to_owned())
        };
        if let (Some(name), Some(version), Some(checksum)) =
            (field("name"), field("version"), field("checksum"))
        {
            found.insert((name, version), checksum);
        }
    }
    found
}

/// What the section `.dep-v0` holds: the form of `cargo auditable`, which scanners for known faults
/// read.
pub fn auditable(crates: &[Crate]) -> Vec<u8> {
    let packages = crates.iter().map(|one| {
        let mut fields = Map::new();
        fields.insert("name".into(), one.name.as_str().into());
        fields.insert("version".into(), one.version.as_str().into());
        fields.insert("source".into(), if one.registry { "crates.io" } else { "local" }.into());
        if one.build {
            fields.insert("kind".into(), "build".into());
        }
        if !one.uses.is_empty() {
            fields.insert("dependencies".into(), one.uses.clone().into());
        }
        if one.root {
            fields.insert("root".into(), true.into());
        }
        Value::Object(fields)
    });
    let packages: Vec<Value> = packages.collect();
    packed(json!({ "packages": packages }).to_string().as_bytes())
}

/// Crates as JSON; `uses` is written of the places of those that a crate uses.
pub(crate) fn written(crates: &[Crate], uses: impl Fn(&[usize]) -> Value) -> Vec<Value> {
    let one = |one: &Crate| {
        json!({
            "name": one.name,
            "version": one.version,
            "registry": one.registry,
            "checksum": one.checksum,
            "license": one.license,
            "build": one.build,
            "root": one.root,
            "uses": uses(&one.uses),
        })
    };
    crates.iter().map(one).collect()
}

/// Crates for machines: as a program carries them, but those that a crate uses by name and version.
pub fn listed(crates: &[Crate]) -> Vec<Value> {
    written(crates, |places| {
        let used = places.iter().filter_map(|place| crates.get(*place));
        used.map(|one| Value::from(format!("{} {}", one.name, one.version))).collect()
    })
}

pub(crate) fn read(list: &[Value]) -> Result<Vec<Crate>, String> {
    let yes = |value: &Value, name: &str| value.get(name).and_then(Value::as_bool) == Some(true);
    let one = |value: &Value| {
        let uses = value.get("uses").and_then(Value::as_array).into_iter().flatten();
        let uses = uses.filter_map(|place| usize::try_from(place.as_u64()?).ok());
        Ok(Crate {
            name: text(value, "name").ok_or("holds a crate without a name")?,
            version: text(value, "version").unwrap_or_default(),
            registry: yes(value, "registry"),
            checksum: text(value, "checksum"),
            license: text(value, "license"),
            build: yes(value, "build"),
            root: yes(value, "root"),
            uses: uses.filter(|place| *place < list.len()).collect(),
        })
    };
    list.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = r#"{
      "packages": [
        {"id": "r", "name": "gateway", "version": "0.0.0", "source": null, "license": null},
        {"id": "b", "name": "bytes", "version": "1.2.3", "source": "registry+https://x", "license": "MIT"},
        {"id": "c", "name": "cc", "version": "1.0.0", "source": "registry+https://x", "license": "MIT"},
        {"id": "t", "name": "proptest", "version": "1.0.0", "source": "registry+https://x", "license": "MIT"}
      ],
      "resolve": {"root": "r", "nodes": [
        {"id": "r", "deps": [
          {"pkg": "b", "dep_kinds": [{"kind": null}, {"kind": "dev"}]},
          {"pkg": "t", "dep_kinds": [{"kind": "dev"}]}]},
        {"id": "b", "deps": [{"pkg": "c", "dep_kinds": [{"kind": "build"}]}]},
        {"id": "c", "deps": []},
        {"id": "t", "deps": []}
      ]}}"#;
    const LOCK: &str =
        "version = 4\n\n[[package]]\nname = \"bytes\"\nversion = \"1.2.3\"\nchecksum = \"ab\"\n";

    #[test]
    fn linked_and_building_crates_are_found_and_those_of_tests_are_not() {
        let found = resolved(METADATA, LOCK).unwrap();
        let names: Vec<_> = found.iter().map(|one| (one.name.as_str(), one.build)).collect();
        assert_eq!(names, [("bytes", false), ("cc", true), ("gateway", false)]);
        assert_eq!(found.first().unwrap().checksum.as_deref(), Some("ab"));
        assert_eq!(found.first().unwrap().uses, [1]);
        assert!(found.last().unwrap().root);
        assert!(resolved("{}", LOCK).is_err());
    }

    #[test]
    fn scanners_find_what_they_know() {
        let bytes = auditable(&resolved(METADATA, LOCK).unwrap());
        let text = String::from_utf8(crate::text::unpacked(&bytes).unwrap()).unwrap();
        assert_eq!(
            text,
            r#"{"packages":[{"name":"bytes","version":"1.2.3","source":"crates.io","dependencies":[1]},{"name":"cc","version":"1.0.0","source":"crates.io","kind":"build"},{"name":"gateway","version":"0.0.0","source":"local","dependencies":[0],"root":true}]}"#
        );
    }
}
