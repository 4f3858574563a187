//! Everything that is wrong with an environment, in one message.

use std::fmt;

use super::OWN;
use crate::contract::{Backend, Contract, Scheme, Setting, Variable, VariableKind};

/// One thing that is wrong.
#[derive(Debug)]
pub(super) struct Fault {
    missing: bool,
    /// A variable, or a backend whose fixed address is wrong.
    name: String,
    text: String,
}

impl Fault {
    pub(super) fn missing(variable: &Variable) -> Fault {
        Fault { missing: true, name: variable.name.to_owned(), text: variable.about.to_owned() }
    }

    pub(super) fn invalid(variable: &Variable, text: String) -> Fault {
        Fault { missing: false, name: variable.name.to_owned(), text }
    }

    /// A setting that its backend cannot use.
    pub(super) fn of_backend(backend: &Backend, setting: Setting, text: String) -> Fault {
        let name = match setting {
            Setting::Env(name) => name.to_owned(),
            Setting::Fixed(_) => format!("backend `{}`", backend.name),
        };
        Fault { missing: false, name, text }
    }

    /// What a scheme cannot check callers with: a variable, or the whole scheme.
    pub(super) fn of_scheme(scheme: &Scheme, variable: &str, text: String) -> Fault {
        let name = match variable {
            "" => format!("auth `{}`", scheme.name),
            name => name.to_owned(),
        };
        let text =
            if text.is_empty() { "is not declared by the contract".to_owned() } else { text };
        Fault { missing: false, name, text }
    }

    pub(super) fn is_about(&self, name: &str) -> bool {
        self.name == name
    }
}

/// All that is wrong with an environment.
pub(crate) struct Report {
    api: &'static str,
    variables: usize,
    /// Each with its variable's kind.
    faults: Vec<(Fault, &'static str)>,
}

impl Report {
    /// Puts what is missing before what is wrong, and each in the order of declaration.
    pub(super) fn new(contract: &Contract, faults: Vec<Fault>) -> Report {
        let declared = |fault: &Fault| {
            let mut all = contract.environment.iter().chain(&OWN).enumerate();
            all.find(|(_, variable)| fault.is_about(variable.name))
        };
        let kind =
            |fault: &Fault| declared(fault).map_or("", |(_, variable)| variable.kind.as_str());
        let place = |fault: &Fault| declared(fault).map_or(usize::MAX, |(place, _)| place);
        let with_kind = |fault| {
            let kind = kind(&fault);
            (fault, kind)
        };
        let mut faults: Vec<_> = faults.into_iter().map(with_kind).collect();
        faults.sort_by_key(|(fault, _)| (!fault.missing, place(fault)));
        Report { api: contract.api, variables: contract.environment.len(), faults }
    }
}

impl fmt::Debug for Report {
    /// The message for people: it is all there is to say in a failed test, too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "error[environment-incomplete]: the environment is not complete; the gateway did not start"
        )?;
        let names = self.faults.iter().map(|(fault, _)| fault.name.chars().count()).max();
        let kinds = self.faults.iter().map(|(_, kind)| kind.len()).max();
        let (names, kinds) = (names.unwrap_or(0), kinds.unwrap_or(0));
        for (Fault { missing, name, text }, kind) in &self.faults {
            let sort = if *missing { "missing" } else { "invalid" };
            let line = format!("   = {sort}: {name:names$}  {kind:kinds$}  {text}");
            writeln!(f, "{}", line.trim_end())?;
        }
        let Report { api, variables, .. } = self;
        let noun = if *variables == 1 { "variable" } else { "variables" };
        write!(f, "   = help: `{api} --env` prints all {variables} {noun} with their meaning")
    }
}

impl VariableKind {
    /// The kind as contracts write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            VariableKind::Url => "url",
            VariableKind::Duration => "duration",
            VariableKind::Int => "int",
            VariableKind::Number => "number",
            VariableKind::Text => "text",
            VariableKind::Bool => "bool",
            VariableKind::Secret => "secret",
        }
    }
}
