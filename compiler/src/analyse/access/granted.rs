//! Who may call an endpoint, and what is known of them there.

use super::Schemes;
use crate::analyse::clauses::Held;
use crate::contract::terms::SchemeKind;
use crate::contract::types::Type;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::suggest;
use gatewright_grammar::tree::{Clause, ClauseKind, Ident};

/// What an endpoint knows of who calls.
#[derive(Debug)]
pub(crate) struct Known {
    /// The name in scope, `customer`.
    pub(crate) name: String,
    /// The scheme, as an index into those of the contract.
    pub(crate) scheme: usize,
    /// A record; null where the caller came in another way.
    pub(crate) ty: Type,
}

/// What the clauses of an endpoint lead to: what is known of whom they let in. Nothing, and a
/// finding, if one of the ways in cannot be checked: nobody is let in by what is left.
pub(crate) fn granted(
    clauses: &[Held<'_>],
    (schemes, claims): (&Schemes, &[Option<Type>]),
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Known>> {
    let Some((clause, names)) = clauses.iter().rev().find_map(|clause| match &clause.kind {
        ClauseKind::Auth { schemes, .. } => Some((clause, schemes)),
        _ => None,
    }) else {
        return Some(Vec::new());
    };
    let mut known: Vec<Known> = Vec::new();
    let mut whole = true;
    for name in names {
        let Some(at) = schemes.by_name(&name.text) else {
            diagnostics.push(schemes.unknown(name));
            whole = false;
            continue;
        };
        let Some(declared) = schemes.list.get(at) else { continue };
        whole &= !declared.refused;
        whole &= can_be_granted(clause.clause, name, declared.scheme.kind, diagnostics);
        match claims.get(at).cloned().flatten() {
            None => whole = false,
            Some(ty) if !known.iter().any(|old| old.name == name.text) => {
                let ty = Type { nullable: names.len() > 1, ..ty };
                known.push(Known { name: name.text.clone(), scheme: at, ty });
            }
            Some(_) => {
                diagnostics.push(
                    Diagnostic::new(
                        Code::DuplicateName,
                        name.span,
                        format!("`{}` is named twice", name.text),
                    )
                    .label("named again")
                    .help("delete one of them"),
                );
                whole = false;
            }
        }
    }
    whole.then_some(known)
}

impl Schemes {
    /// The finding about a name that no block has.
    pub(crate) fn unknown(&self, name: &Ident) -> Diagnostic {
        let message = format!("there is no `auth` block called `{}`", name.text);
        let diagnostic = Diagnostic::new(Code::UnknownAuth, name.span, message);
        let names = self.names();
        match suggest::closest(&name.text, names.iter().map(String::as_str)) {
            Some(other) => diagnostic.meant(name.span, other),
            None if name.text.contains('.') => diagnostic.label("not declared"),
            None => diagnostic.label("not declared").help(format!(
                "declare it: `auth {} = api_key {{ header X-Api-Key, keys env {}_KEYS }}`",
                name.text,
                name.text.to_ascii_uppercase()
            )),
        }
    }
}

/// Whether callers of this kind can have scopes and roles, where some are asked for.
fn can_be_granted(
    clause: &Clause,
    name: &Ident,
    kind: SchemeKind,
    diagnostics: &mut Diagnostics,
) -> bool {
    let ClauseKind::Auth { scopes, roles, .. } = &clause.kind else { return true };
    let Some(first) = scopes.first().or(roles.first()) else { return true };
    if kind == SchemeKind::Jwt {
        return true;
    }
    let word = if scopes.is_empty() { "roles" } else { "scopes" };
    diagnostics.push(
        Diagnostic::new(
            Code::InvalidAuth,
            first.span,
            format!("callers by `{}` have no {word}", name.text),
        )
        .label("only tokens hold them")
        .see(name.span, format!("{} callers", kind.word()))
        .help(format!("let `{}` in at an endpoint of its own, or delete this", name.text)),
    );
    false
}
