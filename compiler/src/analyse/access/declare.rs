//! `auth` blocks: what each says, and what it lacks.

use super::{Declared, HELD, Schemes, held, named};
use crate::analyse::edits::flat_field;
use crate::analyse::policies::blocks;
use crate::analyse::signature::is_header_name;
use crate::analyse::values::plain_text;
use crate::analyse::variables::{Variables, Wanted};
use crate::analyse::{backends, duplicate};
use crate::contract::terms::{Keys, Registered, Scheme, SchemeKind};
use crate::contract::{Setting, VariableKind};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::suggest;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    self, Auth, AuthMember, Base, ClauseKind, DurationLit, EnvValue, FieldKind, File, Ident,
    ItemKind, KeysFrom, Value, ValueKind,
};

/// How often a set of keys is asked for again where nothing is declared.
const REFRESH: u64 = 15 * 60_000;

/// By how much clocks may differ where nothing is declared, in milliseconds.
const LEEWAY: u64 = 30_000;

/// The most that clocks may differ by: beyond it, an expired token is an accepted one.
const MOST_LEEWAY: u64 = 10 * 60_000;

/// The shortest time after which keys are asked for again: their issuer serves others, too.
const LEAST_REFRESH: u64 = 30_000;

/// How often a list of tokens that do not count is looked at where nothing is declared.
const LOOK: u64 = 60_000;

/// The shortest time after which it is looked at again.
const LEAST_LOOK: u64 = 5_000;

/// The `auth` blocks of the files. Of two of one name the first counts.
pub(crate) fn declare(
    files: &[File],
    variables: &mut Variables,
    diagnostics: &mut Diagnostics,
) -> Schemes {
    let used: Vec<&str> = blocks(files)
        .into_iter()
        .flatten()
        .filter_map(|clause| match &clause.kind {
            ClauseKind::Auth { schemes, .. } => Some(schemes),
            _ => None,
        })
        .flatten()
        .map(|name| name.text.as_str())
        .collect();
    let mut found = Schemes::default();
    for item in files.iter().flat_map(|file| &file.items) {
        let ItemKind::Auth(auth) = &item.kind else { continue };
        let name = &auth.name;
        if let Some(first) = found.by_name(&name.text).and_then(|at| found.list.get(at)) {
            let what = format!("`auth {}`", name.text);
            diagnostics.push(duplicate(&what, name.span, first.scheme.span));
            continue;
        }
        let used = used.contains(&name.text.as_str());
        diagnostics.extend((!used).then(|| unused(name)));
        // What nobody asks for needs nothing from the environment.
        let variables = used.then_some(&mut *variables);
        found.list.push(Block { auth, variables, diagnostics, whole: true }.declared());
    }
    found
}

fn unused(name: &Ident) -> Diagnostic {
    let message = format!("`auth {}` is never asked for", name.text);
    Diagnostic::new(Code::UnusedAuth, name.span, message)
        .label("no endpoint lets anybody in by it")
        .help(format!("write `auth {}` where it is to hold, or delete it", name.text))
}

/// An `auth` block while it is read.
struct Block<'b> {
    auth: &'b Auth,
    /// Nothing where nobody asks for the block.
    variables: Option<&'b mut Variables>,
    diagnostics: &'b mut Diagnostics,
    whole: bool,
}

impl Block<'_> {
    fn declared(mut self) -> Declared {
        let auth = self.auth;
        let name = &auth.name;
        let kind = match auth.scheme.text.as_str() {
            "jwt" => SchemeKind::Jwt,
            "api_key" => SchemeKind::ApiKey,
            "basic" => SchemeKind::Basic,
            _ => SchemeKind::Mtls,
        };
        let mut scheme = Scheme {
            name: name.text.clone(),
            kind,
            keys: None,
            revoked: None,
            header: None,
            issuers: Vec::new(),
            audiences: Vec::new(),
            leeway: LEEWAY,
            claims: Registered::default(),
            span: name.span,
        };
        let mut claims = None;
        let mut seen: Vec<(&str, Span)> = Vec::new();
        for member in &auth.members {
            let (word, span) = said(member);
            if let Some((_, first)) = seen.iter().find(|(old, _)| *old == word) {
                self.refuse(backends::repeated(word, span, *first));
                continue;
            }
            seen.push((word, span));
            if !of_kind(kind).contains(&word) {
                self.misplaced(kind, word, span);
                continue;
            }
            match member {
                AuthMember::Claims(record) => claims = Some(record),
                other => self.member(&mut scheme, other),
            }
        }
        self.lacks(&scheme, &seen);
        let (fields, claims_span) = match (kind, claims) {
            (_, Some(record)) => {
                if kind == SchemeKind::Mtls {
                    self.held(record);
                }
                scheme.claims = registered(record);
                (record.fields.iter().map(|field| flat_field(field, 0)).collect(), record.span)
            }
            (SchemeKind::Jwt, None) => (Vec::new(), name.span),
            (SchemeKind::Mtls, None) => (held(name.span), name.span),
            (SchemeKind::ApiKey | SchemeKind::Basic, None) => (named(name.span), name.span),
        };
        Declared { scheme, claims: fields, claims_span, refused: !self.whole }
    }

    fn refuse(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
        self.whole = false;
    }

    fn misplaced(&mut self, kind: SchemeKind, word: &str, span: Span) {
        let message = format!("`{}` has no `{word}`", kind.word());
        let allowed: Vec<String> = of_kind(kind).iter().map(|one| format!("`{one}`")).collect();
        self.refuse(
            Diagnostic::new(Code::InvalidAuth, span, message)
                .label("this says nothing here")
                .see(self.auth.scheme.span, "the kind of the block")
                .help(format!("delete it; such a block has {}", allowed.join(", "))),
        );
    }

    /// Refuses what no certificate says, and texts where it says several.
    fn held(&mut self, record: &tree::Record) {
        for field in &record.fields {
            let FieldKind::Named(named) = &field.kind else { continue };
            let name = &named.name;
            let Some((_, list)) = HELD.iter().find(|(known, _)| *known == name.text) else {
                let message = format!("certificates do not say `{}`", name.text);
                let finding = Diagnostic::new(Code::UnknownField, name.span, message);
                let names = || HELD.iter().map(|(known, _)| *known);
                self.refuse(match suggest::closest(&name.text, names()) {
                    Some(near) => finding.meant(name.span, near),
                    None => {
                        let known: Vec<String> = names().map(|one| format!("`{one}`")).collect();
                        finding
                            .label("nothing says this of a caller")
                            .help(format!("they say {}", known.join(", ")))
                    }
                });
                continue;
            };
            let base = &named.ty.base;
            let fits = match base {
                Base::List(_) => *list,
                Base::Map(..) | Base::Record(_) => false,
                _ => !list,
            };
            if !fits {
                let (is, write) = match list {
                    true => ("a list", "[text]"),
                    false => ("one text", "text"),
                };
                let message = format!("`{}` of a certificate is {is}", name.text);
                self.refuse(
                    Diagnostic::new(Code::InvalidAuth, named.ty.span, message)
                        .label("no caller could be let in")
                        .help(format!("write `{}: {write}`, or a narrower type of it", name.text)),
                );
            }
        }
    }

    fn member(&mut self, scheme: &mut Scheme, member: &AuthMember) {
        let name = scheme.name.clone();
        match member {
            AuthMember::Keys { .. } | AuthMember::Revoked { .. } => self.sources(scheme, member),
            AuthMember::Secret(from) => {
                let about =
                    format!("secret that tokens of `{name}` are signed with, 32 bytes or more");
                let secret = self.variable(from, VariableKind::Secret, about);
                scheme.keys = scheme.keys.take().or(secret.map(Keys::Secret));
            }
            AuthMember::Issuer(value) => {
                let about = format!("issuer of tokens of `{name}`");
                scheme.issuers = match self.discovers() {
                    Some(keys) => self.discovered(value, keys, about),
                    None => self.settings(value, &about),
                };
            }
            AuthMember::Audience(value) => {
                let about = format!("audience that tokens of `{name}` are for");
                scheme.audiences = self.settings(value, &about);
            }
            AuthMember::Header(field) => {
                self.whole &= is_header_name(field, self.diagnostics);
                scheme.header = Some(field.text.to_ascii_lowercase());
            }
            AuthMember::Leeway(time) if time.millis > MOST_LEEWAY => {
                let message = "clocks do not differ by that much";
                self.refuse(
                    Diagnostic::new(Code::InvalidAuth, time.span, message)
                        .label("tokens are accepted for this long after they have ended")
                        .help("write at most `10min`; clocks that are set by NTP differ by less than a second"),
                );
            }
            AuthMember::Leeway(time) => scheme.leeway = time.millis,
            AuthMember::Claims(_) => {}
        }
    }

    /// What callers are checked with, and what they are looked up in.
    fn sources(&mut self, scheme: &mut Scheme, member: &AuthMember) {
        let name = scheme.name.clone();
        match member {
            AuthMember::Keys { from: KeysFrom::Env(from), refresh } => {
                scheme.keys = self.keys((scheme.kind, &name), from, refresh.as_ref());
            }
            AuthMember::Keys { from: KeysFrom::Issuer(span), .. }
                if scheme.kind != SchemeKind::Jwt =>
            {
                self.refuse(
                    Diagnostic::new(Code::InvalidAuth, *span, "only tokens have an issuer")
                        .label("nobody to ask for keys")
                        .help(format!("write `keys env {}_KEYS`", name.to_ascii_uppercase())),
                );
            }
            AuthMember::Keys { refresh, .. } => {
                let every = self.refresh(refresh.as_ref(), (REFRESH, LEAST_REFRESH));
                scheme.keys = Some(Keys::Discovered(every));
            }
            AuthMember::Revoked { from, refresh } => {
                let about =
                    format!("list of tokens of `{name}` that do not count: a file, or its address");
                let every = self.refresh(refresh.as_ref(), (LOOK, LEAST_LOOK));
                let found = self.variable(from, VariableKind::Text, about);
                scheme.revoked = found.map(|variable| (variable, every));
            }
            _ => {}
        }
    }

    /// What callers are checked with, by `keys`.
    fn keys(
        &mut self,
        (kind, name): (SchemeKind, &str),
        from: &EnvValue,
        refresh: Option<&DurationLit>,
    ) -> Option<Keys> {
        if kind == SchemeKind::Jwt {
            let about = format!("address of the keys that tokens of `{name}` are signed with");
            let every = self.refresh(refresh, (REFRESH, LEAST_REFRESH));
            return self.variable(from, VariableKind::Url, about).map(|url| Keys::Set(url, every));
        }
        if let Some(refresh) = refresh {
            let (message, help) = match kind {
                SchemeKind::Mtls => (
                    "authorities are looked at every 5 seconds",
                    "delete `refresh`; a file that changes is used at once",
                ),
                _ => (
                    "keys of the environment are read once",
                    "delete `refresh`; a new key needs a new process",
                ),
            };
            self.refuse(
                Diagnostic::new(Code::InvalidAuth, refresh.span, message)
                    .label("this says nothing here")
                    .help(help),
            );
        }
        if kind == SchemeKind::Mtls {
            let about =
                format!("authorities of certificates of `{name}`, in PEM, or files of them");
            return self.variable(from, VariableKind::Text, about).map(Keys::Authorities);
        }
        let about = match kind {
            SchemeKind::Basic => {
                format!("passwords of `{name}`: `NAME:HASH`, with commas between them")
            }
            _ => format!("keys of `{name}`: `NAME:SHA256`, with commas between them"),
        };
        self.variable(from, VariableKind::Secret, about).map(Keys::List)
    }

    /// How often something is asked for again: as often as is said, else as `usual` says, and no more
    /// often than `least`.
    fn refresh(&mut self, refresh: Option<&DurationLit>, (usual, least): (u64, u64)) -> u64 {
        let (message, help) = match least {
            LEAST_LOOK => ("this looks at the list too often", "write `5s` or more"),
            _ => (
                "this asks for keys too often",
                "write `30s` or more; a key that is not known yet is asked for at once anyway",
            ),
        };
        match refresh {
            Some(time) if time.millis < least => {
                self.refuse(
                    Diagnostic::new(Code::InvalidAuth, time.span, message)
                        .label("every process of the gateway asks this often")
                        .help(help),
                );
                usual
            }
            Some(time) => time.millis,
            None => usual,
        }
    }

    /// Where the block says that its issuer knows the keys.
    fn discovers(&self) -> Option<Span> {
        self.auth.members.iter().find_map(|member| match member {
            AuthMember::Keys { from: KeysFrom::Issuer(span), .. } => Some(*span),
            _ => None,
        })
    }

    /// The issuer that is asked where its keys are: the address of one.
    fn discovered(&mut self, value: &Value, keys: Span, about: String) -> Vec<Setting<String>> {
        let ValueKind::Env(env) = &value.kind else {
            let message = "keys are asked for at one issuer, whose address is in the environment";
            self.refuse(
                Diagnostic::new(Code::InvalidAuth, value.span, message)
                    .label("not one variable")
                    .see(keys, "asks it for keys")
                    .help("write `issuer env JWT_ISSUER`, and a block for each issuer: `auth customer or service`"),
            );
            return Vec::new();
        };
        let Some(variables) = &mut self.variables else {
            return vec![Setting::Env { name: env.name.text.clone(), most: None }];
        };
        let wanted = Wanted { kind: VariableKind::Url, about };
        let found = variables.used(env, wanted, self.diagnostics);
        self.whole &= found.is_some();
        found.into_iter().collect()
    }

    /// The name of the variable at `from`.
    fn variable(&mut self, from: &EnvValue, kind: VariableKind, about: String) -> Option<String> {
        if from.options.is_some() {
            self.refuse(
                Diagnostic::new(Code::InvalidAuth, from.span, "keys have no default")
                    .label("everybody who reads the contract would know it")
                    .help(format!("write `env {}`", from.name.text)),
            );
            return None;
        }
        let Some(variables) = &mut self.variables else { return Some(from.name.text.clone()) };
        let found = variables.used(from, Wanted { kind, about }, self.diagnostics);
        self.whole &= found.is_some();
        found.map(|_| from.name.text.clone())
    }

    /// A text or a variable, or several with `or` between them.
    fn settings(&mut self, value: &Value, about: &str) -> Vec<Setting<String>> {
        match &value.kind {
            ValueKind::Or(all) => all.iter().flat_map(|one| self.settings(one, about)).collect(),
            ValueKind::Env(env) => {
                let Some(variables) = &mut self.variables else {
                    return vec![Setting::Env { name: env.name.text.clone(), most: None }];
                };
                let wanted = Wanted { kind: VariableKind::Text, about: about.to_owned() };
                let found = variables.used(env, wanted, self.diagnostics);
                self.whole &= found.is_some();
                found.into_iter().collect()
            }
            ValueKind::Template(parts)
                if plain_text(parts).is_some_and(|text| !text.is_empty()) =>
            {
                plain_text(parts).map(Setting::Fixed).into_iter().collect()
            }
            _ => {
                self.refuse(
                    Diagnostic::new(Code::InvalidAuth, value.span, "this is no name of anybody")
                        .label("a text, or a variable of the environment")
                        .help("write `\"shop\"`, `env NAME`, or several with `or` between them"),
                );
                Vec::new()
            }
        }
    }

    /// Says what the block lacks.
    fn lacks(&mut self, scheme: &Scheme, seen: &[(&str, Span)]) {
        let Auth { name, scheme: word, .. } = self.auth;
        let has = |word: &str| seen.iter().any(|(old, _)| *old == word);
        let upper = name.text.rsplit('.').next().unwrap_or_default().to_ascii_uppercase();
        let missing = |what: &str, help: String| {
            let message = format!("`auth {}` does not say {what}", name.text);
            Diagnostic::new(Code::IncompleteAuth, name.span, message)
                .label(format!("{} is checked with it", an(word)))
                .help(help)
        };
        if let (SchemeKind::Jwt, Some((_, keys)), Some((_, secret))) = (
            scheme.kind,
            seen.iter().find(|(word, _)| *word == "keys"),
            seen.iter().find(|(word, _)| *word == "secret"),
        ) {
            self.refuse(
                Diagnostic::new(Code::InvalidAuth, *secret, "tokens are signed in one way")
                    .label("a secret beside public keys")
                    .see(*keys, "public keys")
                    .note("where both are accepted, a public key can be used as a secret")
                    .help(
                        "delete one of them, or declare a second block: `auth customer or service`",
                    ),
            );
        }
        let mut found = Vec::new();
        match scheme.kind {
            SchemeKind::Jwt => {
                if !has("keys") && !has("secret") {
                    let help =
                        format!("add `keys env {upper}_JWKS_URL`, or `secret env {upper}_SECRET`");
                    found.push(missing("what tokens are signed with", help));
                }
                if !has("issuer") {
                    let help =
                        format!("add `issuer env {upper}_ISSUER`, or the text that `iss` has");
                    found.push(missing("who issues its tokens", help));
                }
                if !has("audience") {
                    self.diagnostics.push(any_audience(name));
                }
            }
            SchemeKind::Mtls => {
                if !has("keys") {
                    let help = format!("add `keys env {upper}_CA`, the authorities in PEM");
                    found.push(missing("whose certificates it accepts", help));
                }
            }
            SchemeKind::ApiKey | SchemeKind::Basic => {
                if !has("keys") {
                    let help = format!("add `keys env {upper}_KEYS`");
                    found.push(missing("which keys it accepts", help));
                }
                if scheme.kind == SchemeKind::ApiKey && !has("header") {
                    let help = "add `header X-Api-Key`".to_owned();
                    found.push(missing("where the key stands", help));
                }
            }
        }
        found.into_iter().for_each(|one| self.refuse(one));
    }
}

fn any_audience(name: &Ident) -> Diagnostic {
    let message = format!("`auth {}` accepts tokens for any audience", name.text);
    Diagnostic::new(Code::AnyAudience, name.span, message)
        .label("nothing says whom its tokens are for")
        .note(
            "whoever gets a token for another service of the same issuer can call this one with it",
        )
        .help("add `audience \"shop\"`, with the text that `aud` has in tokens for this API")
}

fn an(word: &Ident) -> String {
    match word.text.as_str() {
        "api_key" => "an `api_key`".to_owned(),
        "mtls" => "an `mtls`".to_owned(),
        other => format!("a `{other}`"),
    }
}

/// The word of a member, and where it stands.
fn said(member: &AuthMember) -> (&'static str, Span) {
    match member {
        AuthMember::Keys { from, .. } => ("keys", from.span()),
        AuthMember::Revoked { from, .. } => ("revoked", from.span),
        AuthMember::Secret(from) => ("secret", from.span),
        AuthMember::Issuer(value) => ("issuer", value.span),
        AuthMember::Audience(value) => ("audience", value.span),
        AuthMember::Claims(record) => ("claims", record.span),
        AuthMember::Header(name) => ("header", name.span),
        AuthMember::Leeway(time) => ("leeway", time.span),
    }
}

/// What a block of this kind can say.
fn of_kind(kind: SchemeKind) -> &'static [&'static str] {
    match kind {
        SchemeKind::Jwt => &["keys", "secret", "issuer", "audience", "claims", "leeway", "revoked"],
        SchemeKind::ApiKey => &["keys", "header"],
        SchemeKind::Basic => &["keys"],
        SchemeKind::Mtls => &["keys", "claims"],
    }
}

/// What the claims say of those that have a meaning of their own.
fn registered(record: &tree::Record) -> Registered {
    let field = |name: &str| {
        record.fields.iter().find_map(|field| match &field.kind {
            FieldKind::Named(named) if named.name.text == name => Some(named),
            _ => None,
        })
    };
    let list = |name| field(name).is_some_and(|one| matches!(one.ty.base, Base::List(_)));
    Registered {
        declared: true,
        subject: field("sub").is_some_and(|one| !one.optional && !one.ty.nullable),
        scope_list: list("scope"),
        audience_list: list("aud"),
    }
}
