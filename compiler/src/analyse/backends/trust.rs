//! How connections to backends are secured: whom they must be, and what they are shown.

use crate::analyse::variables::{Variables, Wanted};
use crate::contract::{Backend, Setting, VariableKind};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::EnvValue;

/// The variable with the authorities whose certificates a backend shows.
pub(super) fn authorities(
    backend: &str,
    from: &EnvValue,
    variables: &mut Variables,
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    let about = format!("authorities in PEM whose certificates backend `{backend}` shows");
    variable(from, (VariableKind::Text, about), variables, diagnostics)
}

/// The variables with the certificate that a backend is shown, and with its key.
pub(super) fn certificate(
    backend: &str,
    (chain, key): (&EnvValue, &EnvValue),
    variables: &mut Variables,
    diagnostics: &mut Diagnostics,
) -> Option<(String, String)> {
    let about = format!("certificate in PEM that backend `{backend}` is shown");
    let chain = variable(chain, (VariableKind::Text, about), variables, diagnostics);
    let about = format!("key in PEM of the certificate that backend `{backend}` is shown");
    let key = variable(key, (VariableKind::Secret, about), variables, diagnostics);
    chain.zip(key)
}

fn variable(
    from: &EnvValue,
    (kind, about): (VariableKind, String),
    variables: &mut Variables,
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    match variables.used(from, Wanted { kind, about }, diagnostics)? {
        Setting::Env { name, .. } => Some(name),
        Setting::Fixed(_) => None,
    }
}

/// A finding about a clause that only `https` gives a meaning.
pub(super) fn is_secured(backend: &Backend, word: &str, span: Span, diagnostics: &mut Diagnostics) {
    if ["http://", "h2c://", "http+srv://", "h2c+srv://"]
        .iter()
        .any(|scheme| begins(backend, scheme))
    {
        let message = format!("`{word}` makes no difference to an address without TLS");
        diagnostics.push(
            Diagnostic::new(Code::InvalidClause, span, message)
                .label("nobody shows a certificate there")
                .help("write the address with `https://`, or take it from the environment"),
        );
    }
}

fn begins(backend: &Backend, scheme: &str) -> bool {
    let Setting::Fixed(address) = &backend.address else { return false };
    address.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
}
