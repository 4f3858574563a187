//! Who calls in a case: `as customer { sub: "…" }`.

use super::{Lower, unknown_value};
use crate::analyse::access::Declared;
use crate::analyse::values;
use crate::contract::cases::Caller;
use crate::contract::terms::SchemeKind;
use crate::contract::types::Types;
use crate::diagnostic::{Code, Diagnostic};
use crate::suggest;
use gatewright_grammar::tree::{EntryKind, Ident};

/// What tokens say that no contract needs to declare.
const USUAL: [&str; 10] =
    ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "scope", "scp", "roles"];

/// What a case can choose of a certificate.
const CHOSEN: [&str; 3] = ["name", "dns", "uris"];

impl Lower<'_, '_> {
    /// Who calls; nothing inside where nobody is known, and nothing at all, and a finding, where it
    /// cannot be said.
    pub(super) fn caller(&mut self) -> Option<Option<Caller>> {
        let Some((name, object)) = &self.when.principal else { return Some(None) };
        let schemes = self.around.schemes;
        let Some(declared) = schemes.named(&name.text) else {
            self.diagnostics.push(schemes.unknown(name));
            return None;
        };
        let mut known: Vec<&str> = declared.claims().collect();
        match declared.scheme.kind {
            SchemeKind::Jwt => known.extend(USUAL),
            SchemeKind::Mtls => known = CHOSEN.to_vec(),
            SchemeKind::ApiKey | SchemeKind::Basic => {}
        }
        let mut caller = Caller { scheme: name.text.clone(), claims: Vec::new() };
        let mut fine = true;
        for entry in object.iter().flat_map(|object| &object.entries) {
            let EntryKind::Field(claim, value) = &entry.kind else {
                self.diagnostics.push(unknown_value(entry.span));
                fine = false;
                continue;
            };
            if !known.contains(&claim.text.as_str()) {
                self.diagnostics.push(unknown(declared, claim, &known));
                fine = false;
                continue;
            }
            match values::constant(value, None, &Types::default()) {
                Some(value) => caller.claims.push((claim.text.clone(), value)),
                None => {
                    self.diagnostics.push(unknown_value(value.span));
                    fine = false;
                }
            }
        }
        fine.then_some(Some(caller))
    }
}

/// The finding about a claim that nobody can have.
fn unknown(declared: &Declared, claim: &Ident, known: &[&str]) -> Diagnostic {
    let message = format!("nothing is known of `{}` called `{}`", declared.scheme.name, claim.text);
    let finding = Diagnostic::new(Code::UnknownField, claim.span, message)
        .see(declared.scheme.span, "declared here");
    if declared.claims().any(|other| other == claim.text) {
        return Diagnostic::new(
            Code::UnknownField,
            claim.span,
            format!("a case cannot choose `{}` of a certificate", claim.text),
        )
        .label("it follows from the others")
        .help("the certificate is made when the case runs, of `name`, `dns` and `uris`");
    }
    match suggest::closest(&claim.text, known.iter().copied()) {
        Some(near) => finding.meant(claim.span, near),
        None => finding.label("not declared"),
    }
}
