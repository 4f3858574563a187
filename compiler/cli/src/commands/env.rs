//! `gatewright env`: what a gateway reads from its environment, as a template.

use super::Outcome;
use crate::args::{Env, EnvFormat};
use crate::load::look_at;
use crate::terminal::Terminal;
use gatewright_build::Error;
use gatewright_compiler::Checked;
use gatewright_compiler::contract::{Variable, VariableKind};
use gatewright_runtime::codegen as rt;
use gatewright_runtime::own_variables;

pub(crate) fn run(args: &Env, terminal: Terminal) -> Result<Outcome, Error> {
    let loaded = look_at(&args.contract.path)?;
    let Some(contract) = loaded.contract(terminal) else { return Ok(Outcome::Findings) };
    terminal.result(&match args.format {
        EnvFormat::Dotenv => dotenv(contract),
        EnvFormat::Kubernetes => kubernetes(contract),
        EnvFormat::Compose => compose(contract),
    });
    Ok(Outcome::Fine)
}

/// A variable of the contract, or one that every gateway reads.
struct Entry {
    name: String,
    kind: &'static str,
    secret: bool,
    required: bool,
    value: String,
    bounds: Option<(String, String)>,
    about: String,
}

impl From<&Variable> for Entry {
    fn from(variable: &Variable) -> Entry {
        Entry {
            name: variable.name.clone(),
            kind: variable.kind.word(),
            secret: variable.kind == VariableKind::Secret,
            required: variable.default.is_none(),
            value: variable.default.clone().unwrap_or_default(),
            bounds: variable.bounds.clone(),
            about: variable.about.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }
}

impl From<&rt::Variable> for Entry {
    fn from(variable: &rt::Variable) -> Entry {
        Entry {
            name: variable.name.to_owned(),
            kind: variable.kind.as_str(),
            secret: variable.kind == rt::VariableKind::Secret,
            required: false,
            value: variable.default.unwrap_or_default().to_owned(),
            bounds: variable.bounds.map(|(least, most)| (least.to_owned(), most.to_owned())),
            about: variable.about.to_owned(),
        }
    }
}

impl Entry {
    /// What comments out a line that need not be filled in.
    fn hash(&self) -> &'static str {
        if self.required { "" } else { "# " }
    }

    /// `# address of backend `catalog` (catalog-team)` and `# url, required`
    fn comment(&self, indent: &str) -> String {
        let need = if self.required { "required" } else { "optional" };
        let bounds = match &self.bounds {
            Some((least, most)) => format!(", within {least}..{most}"),
            None => String::new(),
        };
        format!("{indent}# {}\n{indent}# {}, {need}{bounds}\n", self.about, self.kind)
    }
}

/// A line about the contract, its variables, a line about all gateways, theirs.
fn document(contract: &Checked, list: &str, entry: impl Fn(&Entry) -> String) -> String {
    let api = contract.api();
    let mut text =
        format!("# The environment of {api}. Lines without a hash must be filled in.\n{list}");
    text.extend(contract.variables().iter().map(|one| entry(&one.into())));
    text += "\n# The gateway's own settings.\n";
    text.extend(own_variables().iter().map(|one| entry(&one.into())));
    text
}

/// `# what it is` and `NAME=value`; what need not be set is commented out.
fn dotenv(contract: &Checked) -> String {
    document(contract, "", |one| {
        format!("\n{}{}{}={}\n", one.comment(""), one.hash(), one.name, one.value)
    })
}

/// The `env` list of a container; secrets are taken from a Secret with the name of the API.
fn kubernetes(contract: &Checked) -> String {
    document(contract, "env:\n", |one| {
        let (hash, name) = (one.hash(), &one.name);
        let value = match one.secret {
            false => format!("  {hash}  value: {}\n", quoted(&one.value)),
            true => format!(
                "  {hash}  valueFrom:\n  {hash}    secretKeyRef:\n  {hash}      name: {}\n  \
                 {hash}      key: {name}\n",
                quoted(contract.api()),
            ),
        };
        format!("{}  {hash}- name: {name}\n{value}", one.comment("  "))
    })
}

/// The `environment` map of a service; secrets are taken from the shell.
fn compose(contract: &Checked) -> String {
    document(contract, "environment:\n", |one| {
        let (hash, name) = (one.hash(), &one.name);
        let value = match one.secret {
            true => quoted(&format!("${{{name}:?}}")),
            false => quoted(&one.value),
        };
        format!("{}  {hash}{name}: {value}\n", one.comment("  "))
    })
}

/// A double-quoted string, which YAML reads as JSON does.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
