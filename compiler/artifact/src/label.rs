//! What a program says of itself: which contract, which versions, built by what.

use crate::crates::{self, Crate};
use crate::text::{packed, unpacked};
use serde_json::{Map, Value, json};

/// The section of a program that holds its label, as JSON.
pub const LABEL: &str = ".gatewright.label";

/// The section with the texts of its contract and what is known of its crates, as compressed JSON.
pub const CONTENTS: &str = ".gatewright.contents";

/// The section with its crates in the form that scanners for known faults read.
pub const DEPENDENCIES: &str = ".dep-v0";

/// What a program is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// The name of its API: `shop`.
    pub api: String,
    /// Its own name: `shop-v1`.
    pub program: String,
    /// The version of the compiler that made it.
    pub compiler: String,
    /// The revision of the contract's sources, if it was known.
    pub revision: Option<String>,
    /// The versions that it answers.
    pub versions: Vec<VersionLabel>,
    /// What it was built by and how, as names and texts: `rustc`, `target`.
    pub build: Vec<(String, String)>,
}

/// A version that a program answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionLabel {
    /// `1`
    pub label: String,
    /// Whether nobody may rely on it.
    pub draft: bool,
    /// Its revision, if it was published: `1.2`.
    pub revision: Option<String>,
    /// The digest of its last entry in the lock, in hexadecimal.
    pub chain: Option<String>,
    /// The digest of its code, in hexadecimal.
    pub sha256: String,
}

/// The texts that a program was made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// The files of its contract, of what that imports, and schemas: name and text.
    pub files: Vec<(String, String)>,
    /// What is published.
    pub lock: Option<String>,
    /// Its versions as contracts of their own: label and text.
    pub versions: Vec<(String, String)>,
}

impl Label {
    /// What the section [`LABEL`] holds.
    pub fn write(&self) -> Vec<u8> {
        let versions = self.versions.iter().map(|one| {
            json!({
                "version": one.label,
                "draft": one.draft,
                "revision": one.revision,
                "chain": one.chain,
                "sha256": one.sha256,
            })
        });
        let versions: Vec<Value> = versions.collect();
        let build: Map<String, Value> =
            self.build.iter().map(|(name, text)| (name.clone(), text.as_str().into())).collect();
        let value = json!({
            "format": 1,
            "api": self.api,
            "program": self.program,
            "compiler": self.compiler,
            "revision": self.revision,
            "versions": versions,
            "build": build,
        });
        value.to_string().into_bytes()
    }

    /// Reads what [`Label::write`] wrote.
    ///
    /// # Errors
    ///
    /// It is something else: why.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let value = value(bytes)?;
        match value.get("format").and_then(Value::as_u64) {
            Some(1) => {}
            Some(other) => return Err(format!("has the form {other}, which is not known")),
            None => return Err("does not say which form it has".to_owned()),
        }
        Self::served(&value)
    }

    /// Reads what a gateway that runs says of itself on its operator's port.
    ///
    /// # Errors
    ///
    /// It is something else: why.
    pub fn served(value: &Value) -> Result<Self, String> {
        let versions = list(value, "versions")?.iter().map(|version| {
            Ok(VersionLabel {
                label: text(version, "version").ok_or("holds a version without a name")?,
                draft: version.get("draft").and_then(Value::as_bool).unwrap_or_default(),
                revision: text(version, "revision"),
                chain: text(version, "chain"),
                sha256: text(version, "sha256").unwrap_or_default(),
            })
        });
        let build = value.get("build").and_then(Value::as_object);
        Ok(Self {
            api: text(value, "api").ok_or("names no API")?,
            program: text(value, "program").unwrap_or_default(),
            compiler: text(value, "compiler").unwrap_or_default(),
            revision: text(value, "revision"),
            versions: versions.collect::<Result<_, String>>()?,
            build: build.into_iter().flatten().filter_map(pair).collect(),
        })
    }

    /// The labels of its versions.
    pub fn labels(&self) -> Vec<&str> {
        self.versions.iter().map(|version| version.label.as_str()).collect()
    }

    /// What it was built by and how, under this name.
    pub fn fact(&self, name: &str) -> Option<&str> {
        let found = self.build.iter().find(|(own, _)| own == name);
        found.map(|(_, text)| text.as_str())
    }
}

/// What the section [`CONTENTS`] holds.
pub fn contents(texts: &Texts, crates: &[Crate]) -> Vec<u8> {
    let pairs = |pairs: &[(String, String)], name: &str| -> Vec<Value> {
        pairs.iter().map(|(key, text)| json!({ name: key, "text": text })).collect()
    };
    let value = json!({
        "files": pairs(&texts.files, "name"),
        "lock": texts.lock,
        "versions": pairs(&texts.versions, "version"),
        "crates": crates::written(crates, |places| places.into()),
    });
    packed(value.to_string().as_bytes())
}

/// Reads what [`contents`] wrote.
///
/// # Errors
///
/// It is something else: why.
pub fn read_contents(bytes: &[u8]) -> Result<(Texts, Vec<Crate>), String> {
    let value = value(&unpacked(bytes)?)?;
    let pairs = |list: &[Value], name: &str| -> Vec<(String, String)> {
        list.iter().filter_map(|one| Some((text(one, name)?, text(one, "text")?))).collect()
    };
    let texts = Texts {
        files: pairs(list(&value, "files")?, "name"),
        lock: text(&value, "lock"),
        versions: pairs(list(&value, "versions")?, "version"),
    };
    Ok((texts, crates::read(list(&value, "crates")?)?))
}

fn value(bytes: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(bytes).map_err(|error| format!("holds no JSON: {error}"))
}

pub(crate) fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn list<'v>(value: &'v Value, name: &str) -> Result<&'v [Value], String> {
    let list = value.get(name).and_then(Value::as_array);
    list.map(Vec::as_slice).ok_or_else(|| format!("has no list of {name}"))
}

fn pair((name, value): (&String, &Value)) -> Option<(String, String)> {
    Some((name.clone(), value.as_str()?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label() -> Label {
        Label {
            api: "shop".into(),
            program: "shop-v1".into(),
            compiler: "0.1.0".into(),
            revision: None,
            versions: vec![VersionLabel {
                label: "1".into(),
                revision: Some("1.2".into()),
                chain: Some("ab".into()),
                sha256: "cd".into(),
                draft: false,
            }],
            build: vec![("rustc".into(), "1.95.0".into()), ("flags".into(), String::new())],
        }
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(Label::read(&label().write()), Ok(label()));
        assert_eq!(label().write(), label().write());
        let texts = Texts {
            files: vec![("shop.api".into(), "api shop {}\n".into())],
            lock: None,
            versions: vec![("1".into(), "version 1 {}\n".into())],
        };
        let one = Crate { name: "bytes".into(), version: "1.0.0".into(), ..Crate::default() };
        let read = read_contents(&contents(&texts, std::slice::from_ref(&one)));
        assert_eq!(read, Ok((texts, vec![one])));
    }

    #[test]
    fn what_is_no_label_is_refused_and_says_why() {
        for (text, why) in [
            ("", "no JSON"),
            ("{}", "which form"),
            (r#"{"format":2}"#, "the form 2"),
            (r#"{"format":1}"#, "no list of versions"),
            (r#"{"format":1,"versions":[]}"#, "no API"),
            (r#"{"format":1,"api":"a","versions":[{}]}"#, "without a name"),
        ] {
            let error = Label::read(text.as_bytes()).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
