//! Declarations, and the ones that are read nowhere else: imports, the api block, variables, authentication, policies.

use super::cursor::{Cursor, Node, only};
use super::{Lower, Place};
use crate::parse::Rule;
use crate::tree::{
    Api, ApiMember, ApiMemberKind, Auth, AuthMember, DurationLit, Env, EnvOptions, EnvValue, Ident,
    Import, Item, ItemKind, KeysFrom, Owner, Policy, Store, Versions,
};

impl Lower<'_> {
    pub(super) fn item(&mut self, node: Node<'_>) -> Item {
        let mut cursor = Cursor::of(node);
        let doc = self.doc(&mut cursor);
        let node = cursor.any();
        let span = self.span(&node);
        let kind = match node.as_rule() {
            Rule::import => ItemKind::Import(self.import(node)),
            Rule::api => ItemKind::Api(self.api(node)),
            Rule::env => ItemKind::Env(self.env(node)),
            Rule::backend => ItemKind::Backend(self.backend(node)),
            Rule::auth => ItemKind::Auth(self.auth(node)),
            Rule::policy => ItemKind::Policy(self.policy(node)),
            Rule::error_decl => ItemKind::Error(self.error_decl(node)),
            Rule::type_decl => ItemKind::Type(self.type_decl(node)),
            Rule::enum_decl => ItemKind::Enum(self.enum_decl(node)),
            Rule::union_decl => ItemKind::Union(self.union_decl(node)),
            Rule::version => ItemKind::Version(self.version(node)),
            Rule::consumer => ItemKind::Consumer(self.consumer(node)),
            _ => ItemKind::Case(self.case(node)),
        };
        Item { kind, doc, span }
    }

    fn import(&mut self, node: Node<'_>) -> Import {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_import);
        let path = self.string(cursor.take(Rule::string));
        let alias = cursor.flag(Rule::k_as).then(|| self.ident(cursor.take(Rule::ident)));
        Import { path, alias }
    }

    fn api(&mut self, node: Node<'_>) -> Api {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_api);
        let name = self.ident(cursor.take(Rule::ident));
        Api { name, members: self.members(&mut cursor, Place::Api, Self::api_member) }
    }

    fn api_member(&mut self, node: Node<'_>) -> ApiMember {
        let node = only(node);
        let span = self.span(&node);
        let kind = match node.as_rule() {
            Rule::owner => ApiMemberKind::Owner(self.owner(node)),
            Rule::versions => ApiMemberKind::Versions(self.versions(node)),
            Rule::errors => ApiMemberKind::Errors(self.second_ident(node)),
            Rule::published => {
                let mut cursor = Cursor::of(node);
                cursor.take(Rule::k_published);
                ApiMemberKind::Published { additive: cursor.flag(Rule::k_additive) }
            }
            Rule::notice => {
                let mut cursor = Cursor::of(node);
                cursor.take(Rule::k_notice);
                ApiMemberKind::Notice(self.duration(cursor.take(Rule::duration)))
            }
            Rule::in_flight => ApiMemberKind::InFlight(self.in_flight(node)),
            Rule::store => ApiMemberKind::Store(self.store(node)),
            _ => ApiMemberKind::Clause(self.clause(node)),
        };
        ApiMember { kind, span }
    }

    fn store(&mut self, node: Node<'_>) -> Store {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_store);
        let from = self.env_value(cursor.take(Rule::env_v));
        let trusts = cursor.flag(Rule::k_ca);
        let authorities = trusts.then(|| self.env_value(cursor.take(Rule::env_v)));
        let timed = cursor.flag(Rule::k_timeout);
        let timeout = timed.then(|| self.duration(cursor.take(Rule::duration)));
        let away = cursor.flag(Rule::k_else).then(|| self.ident(cursor.any()));
        Store { from, authorities, timeout, away }
    }

    pub(super) fn owner(&mut self, node: Node<'_>) -> Owner {
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_owner);
        let name = self.ident(cursor.take(Rule::name));
        let contact = cursor.opt(Rule::contact).map(|node| Self::contact(&node));
        Owner { name, contact, span }
    }

    fn versions(&mut self, node: Node<'_>) -> Versions {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_versions);
        cursor.take(Rule::k_in);
        match cursor.any().as_rule() {
            Rule::k_path => Versions::Path(self.string(cursor.take(Rule::string))),
            Rule::k_media => {
                let pattern = self.string(cursor.take(Rule::string));
                Versions::Media { pattern, default: self.default_version(&mut cursor) }
            }
            _ => {
                let name = self.ident(cursor.take(Rule::name));
                Versions::Header { name, default: self.default_version(&mut cursor) }
            }
        }
    }

    fn default_version(&mut self, cursor: &mut Cursor<'_>) -> Option<Ident> {
        let mut inner = Cursor::of(cursor.opt(Rule::default_version)?);
        inner.take(Rule::k_default);
        Some(self.ident(only(inner.take(Rule::version_label))))
    }

    fn env(&mut self, node: Node<'_>) -> Env {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_env);
        let name = self.ident(cursor.take(Rule::ident));
        let ty = self.ty(cursor.take(Rule::ty));
        Env { name, ty, options: cursor.opt(Rule::env_opt).map(|node| self.env_options(node)) }
    }

    pub(super) fn env_value(&mut self, node: Node<'_>) -> EnvValue {
        let span = self.span(&node);
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_env);
        let name = self.ident(cursor.take(Rule::ident));
        EnvValue {
            name,
            options: cursor.opt(Rule::env_opt).map(|node| self.env_options(node)),
            span,
        }
    }

    fn env_options(&mut self, node: Node<'_>) -> EnvOptions {
        let mut cursor = Cursor::of(node);
        let default = self.literal(cursor.take(Rule::literal));
        let bounds = cursor.flag(Rule::k_in).then(|| {
            let low = self.literal(cursor.take(Rule::literal));
            cursor.take(Rule::dots);
            (low, self.literal(cursor.take(Rule::literal)))
        });
        EnvOptions { default, bounds }
    }

    fn auth(&mut self, node: Node<'_>) -> Auth {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_auth);
        let name = self.ident(cursor.take(Rule::ident));
        let scheme = self.ident(cursor.take(Rule::scheme));
        Auth { name, scheme, members: self.members(&mut cursor, Place::Auth, Self::auth_member) }
    }

    fn auth_member(&mut self, node: Node<'_>) -> AuthMember {
        let node = only(node);
        let rule = node.as_rule();
        let mut cursor = Cursor::of(node);
        cursor.any();
        match rule {
            Rule::keys => {
                let from = match cursor.opt(Rule::k_from) {
                    Some(node) => {
                        let issuer = self.leaf(&cursor.take(Rule::k_issuer));
                        KeysFrom::Issuer(self.leaf(&node).to(issuer))
                    }
                    None => KeysFrom::Env(self.env_value(cursor.take(Rule::env_v))),
                };
                AuthMember::Keys { from, refresh: self.refresh(&mut cursor) }
            }
            Rule::revoked => {
                let from = self.env_value(cursor.take(Rule::env_v));
                AuthMember::Revoked { from, refresh: self.refresh(&mut cursor) }
            }
            Rule::secret => AuthMember::Secret(self.env_value(cursor.take(Rule::env_v))),
            Rule::issuer => AuthMember::Issuer(self.value(cursor.take(Rule::value))),
            Rule::audience => AuthMember::Audience(self.value(cursor.take(Rule::value))),
            Rule::claims => AuthMember::Claims(self.record(cursor.take(Rule::fields))),
            Rule::auth_header => AuthMember::Header(self.ident(cursor.take(Rule::name))),
            _ => AuthMember::Leeway(self.duration(cursor.take(Rule::duration))),
        }
    }

    fn refresh(&mut self, cursor: &mut Cursor<'_>) -> Option<DurationLit> {
        cursor.flag(Rule::k_refresh).then(|| self.duration(cursor.take(Rule::duration)))
    }

    fn policy(&mut self, node: Node<'_>) -> Policy {
        let mut cursor = Cursor::of(node);
        cursor.take(Rule::k_policy);
        let name = self.ident(cursor.take(Rule::ident));
        let clauses = self.members(&mut cursor, Place::Policy, Self::clause);
        Policy { name, clauses }
    }

    /// The word behind a keyword.
    pub(super) fn second_ident(&mut self, node: Node<'_>) -> crate::tree::Ident {
        let mut cursor = Cursor::of(node);
        cursor.any();
        self.ident(cursor.take(Rule::ident))
    }
}

#[cfg(test)]
mod tests {
    use crate::lower::samples::item;
    use crate::tree::{ApiMemberKind, AuthMember, ItemKind, KeysFrom, ValueKind, Versions};

    #[test]
    fn an_import_with_and_without_a_name() {
        let ItemKind::Import(import) = item("import \"../common\" as common") else { panic!() };
        assert_eq!(
            (import.path.value.as_str(), import.alias.unwrap().text.as_str()),
            ("../common", "common")
        );
        let ItemKind::Import(import) = item("import \"../common\"") else { panic!() };
        assert_eq!(import.alias, None);
    }

    #[test]
    fn the_api_block() {
        let text = "api shop {\n  owner web <web@shop.example>\n  versions in header Api-Version default 2\n\
                    errors problem, published additive, notice 180d\n timeout 1s }";
        let ItemKind::Api(api) = item(text) else { panic!() };
        let kinds: Vec<ApiMemberKind> = api.members.into_iter().map(|member| member.kind).collect();
        let [owner, versions, errors, published, notice, clause] = &kinds[..] else {
            panic!("{kinds:?}")
        };
        assert!(
            matches!(owner, ApiMemberKind::Owner(owner) if owner.contact.as_deref() == Some("web@shop.example"))
        );
        let ApiMemberKind::Versions(Versions::Header { name, default }) = versions else {
            panic!()
        };
        assert_eq!(
            (name.text.as_str(), default.as_ref().unwrap().text.as_str()),
            ("Api-Version", "2")
        );
        assert!(matches!(errors, ApiMemberKind::Errors(form) if form.text == "problem"));
        assert!(matches!(published, ApiMemberKind::Published { additive: true }));
        assert!(matches!(notice, ApiMemberKind::Notice(time) if time.millis == 180 * 86_400_000));
        assert!(matches!(clause, ApiMemberKind::Clause(_)));
    }

    #[test]
    fn variables_have_types_defaults_and_bounds() {
        let ItemKind::Env(env) = item("env WAIT: duration = 150ms in 50ms..500ms") else {
            panic!()
        };
        let options = env.options.unwrap();
        let (low, high) = options.bounds.unwrap();
        let millis =
            |kind: &ValueKind| if let ValueKind::Duration(time) = kind { time.millis } else { 0 };
        assert_eq!(
            [&options.default, &low, &high].map(|value| millis(&value.kind)),
            [150, 50, 500]
        );
    }

    #[test]
    fn authentication() {
        let text = "auth customer = jwt { keys env URL refresh 15min, issuer env ISSUER, audience \"shop\"\n\
                    claims { sub: uuid }, header X-Key, leeway 30s }";
        let ItemKind::Auth(auth) = item(text) else { panic!() };
        assert_eq!(auth.scheme.text, "jwt");
        let [
            AuthMember::Keys { from: KeysFrom::Env(from), refresh: Some(refresh) },
            _,
            _,
            AuthMember::Claims(claims),
            header,
            leeway,
        ] = &auth.members[..]
        else {
            panic!("{:?}", auth.members)
        };
        assert_eq!(
            (from.name.text.as_str(), refresh.millis, claims.fields.len()),
            ("URL", 900_000, 1)
        );
        assert!(matches!(header, AuthMember::Header(name) if name.text == "X-Key"));
        assert!(matches!(leeway, AuthMember::Leeway(time) if time.text == "30s"));
    }
}
