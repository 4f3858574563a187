//! Tokens that calls to a backend carry: who asks for them, where, and for what.

use super::repeated;
use crate::analyse::values::plain_text;
use crate::analyse::variables::{Variables, Wanted};
use crate::contract::{Backend, Setting, TokenOf, VariableKind};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{self, BackendMemberKind, EnvValue, TokenMember, Value, ValueKind};

/// What a `send token` says; nothing, and a finding, if it lacks something.
pub(super) fn declared(
    backend: &str,
    token: &tree::TokenOf,
    variables: &mut Variables,
    diagnostics: &mut Diagnostics,
) -> Option<TokenOf> {
    let mut block = Block { backend, variables, diagnostics };
    let about = format!("address where tokens for backend `{backend}` are asked for");
    let url = block.variable(&token.from, VariableKind::Url, about);
    let (mut client, mut secret, mut scopes, mut audience) = (None, None, Vec::new(), None);
    let mut seen: Vec<(&str, Span)> = Vec::new();
    for member in &token.members {
        let (word, span) = said(member);
        if let Some((_, first)) = seen.iter().find(|(old, _)| *old == word) {
            block.diagnostics.push(repeated(word, span, *first));
            continue;
        }
        seen.push((word, span));
        match member {
            TokenMember::Client(value) => {
                client = block.setting(value, "name by which the issuer of tokens knows this");
            }
            TokenMember::Secret(from) => {
                let about = format!("secret by which tokens for backend `{backend}` are asked for");
                secret = block.variable(from, VariableKind::Secret, about);
            }
            TokenMember::Scope(said) => scopes = block.scopes(said),
            TokenMember::Audience(value) => {
                audience = block.setting(value, "service that tokens are for");
            }
        }
    }
    let upper = backend.rsplit('.').next().unwrap_or_default().to_ascii_uppercase();
    let missing = [("client", "CLIENT"), ("secret", "SECRET")];
    let missing = missing.iter().filter(|(word, _)| !seen.iter().any(|(old, _)| old == word));
    let (words, edits): (Vec<String>, Vec<String>) = missing
        .map(|(word, variable)| (format!("`{word}`"), format!("`{word} env {upper}_{variable}`")))
        .unzip();
    if !words.is_empty() {
        let message =
            format!("`send token` of `{backend}` does not say its {}", words.join(" and "));
        block.diagnostics.push(
            Diagnostic::new(Code::InvalidClause, token.span, message)
                .label("its issuer would not know who asks")
                .help(format!("add {}", edits.join(" and "))),
        );
    }
    let (url, client, secret) = (url?, client?, secret?);
    Some(TokenOf { url, client, secret, scopes, audience, span: token.span })
}

/// Refuses a field of the same meaning beside a token.
pub(super) fn alone(backend: &tree::Backend, lowered: &mut Backend, diagnostics: &mut Diagnostics) {
    let Some(token) = &lowered.token else { return };
    for member in &backend.members {
        let BackendMemberKind::Send(header) = &member.kind else { continue };
        if header.name.text.eq_ignore_ascii_case("authorization") {
            diagnostics.push(
                Diagnostic::new(
                    Code::InvalidHeader,
                    header.name.span,
                    "a call has one `Authorization`",
                )
                .label("the token stands there")
                .see(token.span, "the token")
                .help("delete one of them"),
            );
        }
    }
    lowered.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
}

/// The word of a member, and where it stands.
fn said(member: &TokenMember) -> (&'static str, Span) {
    match member {
        TokenMember::Client(value) => ("client", value.span),
        TokenMember::Secret(from) => ("secret", from.span),
        TokenMember::Scope(scopes) => {
            ("scope", scopes.first().map_or_else(Span::default, |first| first.span))
        }
        TokenMember::Audience(value) => ("audience", value.span),
    }
}

/// A `send token` while it is read.
struct Block<'b> {
    backend: &'b str,
    variables: &'b mut Variables,
    diagnostics: &'b mut Diagnostics,
}

impl Block<'_> {
    /// The name of the variable at `from`.
    fn variable(&mut self, from: &EnvValue, kind: VariableKind, about: String) -> Option<String> {
        if from.options.is_some() && kind == VariableKind::Secret {
            self.diagnostics.push(
                Diagnostic::new(Code::SecretInSource, from.span, "a secret has no default")
                    .label("everybody who reads the contract would know it")
                    .help(format!("write `env {}`", from.name.text)),
            );
            return None;
        }
        let found = self.variables.used(from, Wanted { kind, about }, self.diagnostics);
        found.map(|_| from.name.text.clone())
    }

    /// A text or a variable.
    fn setting(&mut self, value: &Value, about: &str) -> Option<Setting<String>> {
        match &value.kind {
            ValueKind::Env(env) => {
                let about = format!("{about}, for backend `{}`", self.backend);
                let wanted = Wanted { kind: VariableKind::Text, about };
                self.variables.used(env, wanted, self.diagnostics)
            }
            ValueKind::Template(parts)
                if plain_text(parts).is_some_and(|text| !text.is_empty()) =>
            {
                plain_text(parts).map(Setting::Fixed)
            }
            _ => {
                self.diagnostics.push(
                    Diagnostic::new(Code::InvalidClause, value.span, "this is no name of anybody")
                        .label("a text, or a variable of the environment")
                        .help("write `\"shop\"`, or `env NAME`"),
                );
                None
            }
        }
    }

    /// Scopes, each of the letters that one may have (RFC 6749 section 3.3).
    fn scopes(&mut self, said: &[tree::StringLit]) -> Vec<String> {
        let fine = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        let mut found = Vec::new();
        for scope in said {
            if scope.value.is_empty() || !scope.value.bytes().all(fine) {
                self.diagnostics.push(
                    Diagnostic::new(Code::InvalidClause, scope.span, "this is no scope")
                        .label("printable ASCII without blanks, quotes and backslashes")
                        .help("write one scope in each text: `scope \"read\" and \"write\"`"),
                );
                continue;
            }
            found.push(scope.value.clone());
        }
        found
    }
}
