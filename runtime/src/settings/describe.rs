//! The environment of a gateway as a commented list that can be filled in.

use std::fmt::Write;

use super::{Lookup, Many, OWN};
use crate::contract::{Contract, Variable, VariableKind};

/// All variables with their meaning, kind, default and bounds, and whether they are set. Texts
/// that are set stay where they are: one of them may be a secret.
pub(crate) fn describe(contract: &Contract, lookup: Lookup<'_>) -> String {
    let mut out = format!("# The environment of {}.\n", contract.api);
    for variable in contract.environment {
        let many = Many::of(contract, variable);
        paragraph(&mut out, (variable, many), lookup);
    }
    out.push_str("\n# The gateway's own settings.\n");
    for variable in &OWN {
        paragraph(&mut out, (variable, Many::No), lookup);
    }
    out
}

fn paragraph(out: &mut String, (variable, many): (&Variable, Many), lookup: Lookup<'_>) {
    let Variable { name, kind, default, bounds, about, .. } = *variable;
    let optional = default.is_some() || OWN.iter().any(|own| own.name == name);
    let _ = writeln!(out, "\n# {about}");
    let several = if many == Many::Yes { " or several with commas between" } else { "" };
    let needed = if optional { "optional" } else { "required" };
    let _ = write!(out, "# {}{several}, {needed}", kind.as_str());
    if let Some((low, high)) = bounds {
        let _ = write!(out, ", within {low}..{high}");
    }
    for rule in variable.rules {
        let _ = write!(out, ", {}", rule.expected());
    }
    let set = lookup(name).is_some_and(|text| !text.is_empty());
    let _ = writeln!(out, ", {}", if set { "set" } else { "not set" });
    let shown = default.filter(|_| kind != VariableKind::Secret).unwrap_or_default();
    let _ = writeln!(out, "{}{name}={shown}", if optional { "# " } else { "" });
}
