//! The environment of a gateway that is tried out with mocks.

use gatewright_build::Error;
use gatewright_compiler::Checked;
use gatewright_compiler::contract::Variable;
use gatewright_compiler::proof::plausible;
use std::ffi::OsString;

/// Reports every variable that must be set and is not, before a build that would be for nothing.
///
/// # Errors
///
/// There is one.
pub(crate) fn demand(
    contract: &Checked,
    set: impl Fn(&str) -> Option<OsString>,
) -> Result<(), Error> {
    let unset = |variable: &&Variable| {
        variable.default.is_none() && set(&variable.name).is_none_or(|value| value.is_empty())
    };
    let missing: Vec<&Variable> = contract.variables().iter().filter(unset).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let width = missing.iter().map(|variable| variable.name.len()).max().unwrap_or(0);
    let lines = missing.iter().map(|variable| {
        let Variable { name, kind, about, .. } = variable;
        format!("\n  = missing: {name:width$}  {:8}  {about}", kind.word())
    });
    Err(Error::world(format!("the environment is not complete{}", lines.collect::<String>()))
        .help("set them, or try the gateway without backends: `gatewright run --mock`"))
}

/// What to add to the environment: the addresses of `mocks`, and for every other variable that must
/// be set and is not, a value that its kind and bounds allow.
pub(crate) fn complete(
    contract: &Checked,
    mocks: &[(String, String)],
    set: impl Fn(&str) -> Option<OsString>,
) -> Vec<(String, String)> {
    let mut added = mocks.to_vec();
    for variable in contract.variables() {
        let mocked = mocks.iter().any(|(name, _)| *name == variable.name);
        let given = set(&variable.name).is_some_and(|value| !value.is_empty());
        if !mocked && !given && variable.default.is_none() {
            added.push((variable.name.clone(), plausible(variable)));
        }
    }
    added
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatewright_compiler::analyse;
    use gatewright_compiler::source::Sources;

    const TEXT: &str = r#"api tiny {}
backend people at env PEOPLE_URL {
  timeout env PEOPLE_TIMEOUT = 1s in 100ms..2s
  send header X-Api-Key = env PEOPLE_KEY
}
version 1 {
  GET /people/{id: text} -> { name: text } { public, person = people GET /people/{id} }
}
"#;

    fn contract() -> Checked {
        let mut sources = Sources::new();
        sources.add("tiny.api", TEXT);
        analyse(&sources).into_checked().expect("a contract without errors")
    }

    #[test]
    fn mocks_and_plausible_values_complete_what_is_not_set() {
        let mocks = [("PEOPLE_URL".to_owned(), "http://127.0.0.1:7".to_owned())];
        let added = complete(&contract(), &mocks, |_| None);
        let key = ("PEOPLE_KEY".to_owned(), "mock".to_owned());
        assert_eq!(added, [mocks[0].clone(), key]);
        let set = |name: &str| (name == "PEOPLE_KEY").then(|| OsString::from("mine"));
        assert_eq!(complete(&contract(), &mocks, set), mocks);
    }

    #[test]
    fn what_must_be_set_is_demanded_all_at_once() {
        let told = demand(&contract(), |_| None).unwrap_err().to_string();
        assert!(told.contains("\n  = missing: PEOPLE_URL  url "), "{told}");
        assert!(told.contains("\n  = missing: PEOPLE_KEY  secret "), "{told}");
        assert!(!told.contains("PEOPLE_TIMEOUT"), "{told}");
        assert!(demand(&contract(), |_| Some("x".into())).is_ok());
    }
}
