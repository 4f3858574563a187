//! `gatewright env`: what a gateway reads from its environment, as a template.

use super::Outcome;
use crate::args::{Env, EnvFormat};
use crate::load::load;
use crate::terminal::Terminal;
use gatewright_build::Error;
use gatewright_compiler::Checked;
use gatewright_compiler::contract::{Variable, VariableKind};

pub(crate) fn run(args: &Env, terminal: Terminal) -> Result<Outcome, Error> {
    let loaded = load(&args.contract.path)?;
    let Some(contract) = loaded.contract(terminal) else { return Ok(Outcome::Findings) };
    terminal.result(&match args.format {
        EnvFormat::Dotenv => dotenv(contract),
        EnvFormat::Kubernetes => kubernetes(contract),
        EnvFormat::Compose => compose(contract),
    });
    Ok(Outcome::Fine)
}

/// `# what it is` and `NAME=value`; what has a default is commented out.
fn dotenv(contract: &Checked) -> String {
    let mut text = heading(contract);
    for variable in contract.variables() {
        let value = variable.default.as_deref().unwrap_or_default();
        let hash = if variable.default.is_some() { "# " } else { "" };
        text += &format!("\n{}{hash}{}={value}\n", comment(variable, ""), variable.name);
    }
    text
}

/// The `env` list of a container; secrets are taken from a Secret with the name of the API.
fn kubernetes(contract: &Checked) -> String {
    let mut text = heading(contract) + "env:\n";
    for variable in contract.variables() {
        text += &comment(variable, "  ");
        let hash = if variable.default.is_some() { "# " } else { "" };
        text += &format!("  {hash}- name: {}\n", variable.name);
        text += &if variable.kind == VariableKind::Secret {
            format!(
                "  {hash}  valueFrom:\n  {hash}    secretKeyRef:\n  {hash}      name: {}\n  \
                 {hash}      key: {}\n",
                quoted(contract.api()),
                variable.name
            )
        } else {
            format!("  {hash}  value: {}\n", value(variable))
        };
    }
    text
}

/// The `environment` map of a service; secrets are taken from the shell.
fn compose(contract: &Checked) -> String {
    let mut text = heading(contract) + "environment:\n";
    for variable in contract.variables() {
        text += &comment(variable, "  ");
        let hash = if variable.default.is_some() { "# " } else { "" };
        let value = if variable.kind == VariableKind::Secret {
            quoted(&format!("${{{}:?}}", variable.name))
        } else {
            value(variable)
        };
        text += &format!("  {hash}{}: {value}\n", variable.name);
    }
    text
}

fn heading(contract: &Checked) -> String {
    format!("# The environment of {}. Lines without a hash must be filled in.\n", contract.api())
}

/// `# address of backend `catalog` (catalog-team)` and `# url, required`
fn comment(variable: &Variable, indent: &str) -> String {
    let about = variable.about.split_whitespace().collect::<Vec<_>>().join(" ");
    let need = if variable.default.is_some() { "optional" } else { "required" };
    let bounds = variable
        .bounds
        .as_ref()
        .map(|(least, most)| format!(", within {least}..{most}"))
        .unwrap_or_default();
    format!("{indent}# {about}\n{indent}# {}, {need}{bounds}\n", variable.kind.word())
}

fn value(variable: &Variable) -> String {
    quoted(variable.default.as_deref().unwrap_or_default())
}

/// A double-quoted string, which YAML reads as JSON does.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
