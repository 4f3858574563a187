//! Declarations, imports, the api block, variables, authentication, policies.

use super::Printer;
use super::block::Row;
use super::layout::Layout;
use crate::span::Span;
use crate::tree::{
    Api, ApiMember, ApiMemberKind, Auth, AuthMember, Doc, Env, EnvOptions, EnvValue, Import, Item,
    ItemKind, KeysFrom, Owner, Policy, Versions,
};

impl Row for Item {
    fn span(&self) -> Span {
        self.span
    }

    fn doc(&self) -> Option<&Doc> {
        self.doc.as_ref()
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        match &self.kind {
            ItemKind::Import(import) => printer.import(import),
            ItemKind::Api(api) => printer.api(api, self.span),
            ItemKind::Env(env) => printer.env(env),
            ItemKind::Backend(backend) => printer.backend(backend, self.span),
            ItemKind::Auth(auth) => printer.auth(auth, self.span),
            ItemKind::Policy(policy) => printer.policy(policy, self.span),
            ItemKind::Error(error) => printer.error_decl(error),
            ItemKind::Type(ty) => printer.type_decl(ty),
            ItemKind::Enum(decl) => printer.enum_decl(decl),
            ItemKind::Union(union) => printer.union_decl(union, self.span),
            ItemKind::Version(version) => printer.version(version, self.span),
            ItemKind::Consumer(consumer) => printer.consumer(consumer),
            ItemKind::Case(case) => printer.case(case, self.span),
            ItemKind::Bad => printer.source(self.span),
        }
    }
}

impl Row for ApiMember {
    fn span(&self) -> Span {
        self.span
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        match &self.kind {
            ApiMemberKind::Owner(owner) => printer.owner(owner),
            ApiMemberKind::Versions(versions) => printer.versions(versions),
            ApiMemberKind::Errors(form) => Layout::from("errors ").then(printer.source(form.span)),
            ApiMemberKind::Published { additive: true } => Layout::from("published additive"),
            ApiMemberKind::Published { additive: false } => Layout::from("published frozen"),
            ApiMemberKind::Notice(time) => Layout::from("notice ").then(printer.source(time.span)),
            ApiMemberKind::InFlight(in_flight) => printer.in_flight(in_flight),
            ApiMemberKind::Store(store) => {
                let timeout = store.timeout.as_ref().map(|time| printer.source(time.span));
                let away = store.away.as_ref().map(|word| printer.source(word.span));
                let from = printer.env_value(&store.from);
                let authorities = store.authorities.as_ref().map(|from| printer.env_value(from));
                Layout::from("store ")
                    .then(from)
                    .then_if(" ca ", authorities)
                    .then_if(" timeout ", timeout)
                    .then_if(" else ", away)
            }
            ApiMemberKind::Clause(clause) => printer.clause(clause),
            ApiMemberKind::Bad => printer.source(self.span),
        }
    }
}

impl Row for AuthMember {
    fn span(&self) -> Span {
        match self {
            Self::Keys { from, refresh } => {
                refresh.as_ref().map_or(from.span(), |time| from.span().to(time.span))
            }
            Self::Revoked { from, refresh } => {
                refresh.as_ref().map_or(from.span, |time| from.span.to(time.span))
            }
            Self::Secret(from) => from.span,
            Self::Issuer(value) | Self::Audience(value) => value.span,
            Self::Claims(record) => record.span,
            Self::Header(name) => name.span,
            Self::Leeway(time) => time.span,
        }
    }

    fn layout(&self, printer: &mut Printer<'_>) -> Layout {
        match self {
            Self::Keys { from, refresh } => {
                let refresh = refresh.as_ref().map(|time| printer.source(time.span));
                let from = match from {
                    KeysFrom::Env(env) => printer.env_value(env),
                    KeysFrom::Issuer(_) => Layout::from("from issuer"),
                };
                Layout::from("keys ").then(from).then_if(" refresh ", refresh)
            }
            Self::Revoked { from, refresh } => {
                let refresh = refresh.as_ref().map(|time| printer.source(time.span));
                Layout::from("revoked ").then(printer.env_value(from)).then_if(" refresh ", refresh)
            }
            Self::Secret(from) => Layout::from("secret ").then(printer.env_value(from)),
            Self::Issuer(value) => Layout::from("issuer ").then(printer.value(value)),
            Self::Audience(value) => Layout::from("audience ").then(printer.value(value)),
            Self::Claims(record) => Layout::from("claims ").then(printer.record(record)),
            Self::Header(name) => Layout::from("header ").then(printer.source(name.span)),
            Self::Leeway(time) => Layout::from("leeway ").then(printer.source(time.span)),
        }
    }
}

impl Printer<'_> {
    fn import(&mut self, import: &Import) -> Layout {
        let alias = import.alias.as_ref().map(|alias| self.source(alias.span));
        Layout::from("import ").then(self.source(import.path.span)).then_if(" as ", alias)
    }

    fn api(&mut self, api: &Api, span: Span) -> Layout {
        let head = format!("api {} ", api.name.text);
        Layout::from(head).then(self.braces(&dyn_rows(&api.members), span))
    }

    pub(super) fn owner(&mut self, owner: &Owner) -> Layout {
        Layout::from(format!("owner {}{}", owner.name.text, contact(owner.contact.as_deref())))
    }

    fn versions(&mut self, versions: &Versions) -> Layout {
        match versions {
            Versions::Path(pattern) => {
                Layout::from("versions in path ").then(self.source(pattern.span))
            }
            Versions::Media { pattern, default } => Layout::from("versions in media ")
                .then(self.source(pattern.span))
                .then_if(" default ", default.as_ref().map(|label| Layout::from(&*label.text))),
            Versions::Header { name, default } => {
                Layout::from(format!("versions in header {}", name.text))
                    .then_if(" default ", default.as_ref().map(|label| Layout::from(&*label.text)))
            }
        }
    }

    fn env(&mut self, env: &Env) -> Layout {
        let head = Layout::from(format!("env {}: ", env.name.text)).then(self.ty(&env.ty));
        let options = env.options.as_ref().map(|options| self.env_options(options));
        head.then_if(" = ", options)
    }

    pub(super) fn env_value(&mut self, env: &EnvValue) -> Layout {
        let options = env.options.as_ref().map(|options| self.env_options(options));
        Layout::from(format!("env {}", env.name.text)).then_if(" = ", options)
    }

    fn env_options(&mut self, options: &EnvOptions) -> Layout {
        let default = self.value(&options.default);
        let bounds = options
            .bounds
            .as_ref()
            .map(|(low, high)| self.value(low).then("..").then(self.value(high)));
        default.then_if(" in ", bounds)
    }

    fn auth(&mut self, auth: &Auth, span: Span) -> Layout {
        let head = format!("auth {} = {} ", auth.name.text, auth.scheme.text);
        Layout::from(head).then(self.braces(&dyn_rows(&auth.members), span))
    }

    fn policy(&mut self, policy: &Policy, span: Span) -> Layout {
        let head = format!("policy {} ", policy.name.text);
        Layout::from(head).then(self.braces(&dyn_rows(&policy.clauses), span))
    }
}

/// ` <team@shop.example>`, or nothing.
pub(super) fn contact(contact: Option<&str>) -> String {
    contact.map_or_else(String::new, |contact| format!(" <{contact}>"))
}

/// Rows of one kind as rows of any kind.
pub(super) fn dyn_rows<R: Row>(rows: &[R]) -> Vec<&dyn Row> {
    rows.iter().map(|row| row as &dyn Row).collect()
}
