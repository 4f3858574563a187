//! What the rules of the grammar are called in messages.

use crate::keywords::KEYWORDS;
use crate::lower::Place;
use crate::parse::Rule;

/// What `rule` reads, in words; nothing where naming it would not help.
pub(super) fn words(rule: Rule) -> Option<String> {
    if let Some(fixed) = of_mark(rule).or_else(|| of_literal(rule)).or_else(|| of_group(rule)) {
        return Some(fixed.to_owned());
    }
    let name = format!("{rule:?}");
    let keyword = name.strip_prefix("k_").unwrap_or(&name);
    KEYWORDS.contains(&keyword).then(|| format!("`{keyword}`"))
}

fn of_mark(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::open | Rule::brace | Rule::block | Rule::edits | Rule::variants | Rule::use_list => {
            "`{`"
        }
        Rule::close | Rule::brace_end => "`}`",
        Rule::paren | Rule::args | Rule::body => "`(`",
        Rule::paren_end => "`)`",
        Rule::bracket | Rule::index => "`[`",
        Rule::bracket_end => "`]`",
        Rule::angle => "`<`",
        Rule::angle_end => "`>`",
        Rule::is_a => "`:` and a type",
        Rule::colon => "`:` and a value",
        Rule::eq | Rule::env_opt | Rule::default => "`=`",
        Rule::comma => "`,`",
        Rule::dot | Rule::element => "`.`",
        Rule::dots => "`..`",
        Rule::rest | Rule::spread => "`...`",
        Rule::optional => "`?`",
        Rule::star => "`*`",
        Rule::arrow => "`->` and what is answered",
        Rule::pipe => "`|`",
        Rule::nullable => "`| null`",
        Rule::compare => "a comparison",
        Rule::as_text | Rule::principal => "`as`",
        Rule::by_comma => "`by comma`",
        Rule::on_line => "`cache`",
        Rule::when_body => "`body`",
        Rule::when_env => "`env`",
        Rule::raw_text => "`text`",
        Rule::delay => "`after`",
        Rule::mock_answer => "`->` and what is answered",
        Rule::header_value => "`header`",
        Rule::successor => "`use`",
        _ => return None,
    })
}

fn of_literal(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::ident
        | Rule::name
        | Rule::qual
        | Rule::backend_name
        | Rule::problem_name
        | Rule::operation_name
        | Rule::enum_value
        | Rule::step => "a name",
        Rule::string => "a text in double quotes",
        Rule::regex => "a pattern between slashes",
        Rule::date => "a date such as `2026-09-01`",
        Rule::number => "a number",
        Rule::duration => "a time such as `300ms`",
        Rule::size => "a size such as `2MB`",
        Rule::rate => "a rate such as `50/s`",
        Rule::across_path => "a path such as `/admin`",
        Rule::contact => "a contact such as `<team@shop.example>`",
        Rule::method => "a method such as `GET`",
        Rule::status => "a status such as `404`",
        Rule::path | Rule::call_path | Rule::raw_path => "a path such as `/items`",
        Rule::v | Rule::use_of => "a version such as `v1`",
        Rule::version_label => "a version such as `1`",
        Rule::scheme => "`jwt`, `api_key`, `mtls` or `basic`",
        Rule::cond => "a failure such as `404` or `timeout`",
        Rule::failure => "`timeout`, `unreachable` or `invalid`",
        Rule::declaration => "`type`, `enum`, `union` or `error`",
        Rule::dropped => "`query`, `header` or `call`",
        _ => return None,
    })
}

fn of_group(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::ty | Rule::list => "a type",
        Rule::value | Rule::alt | Rule::literal | Rule::r#ref | Rule::words => "a value",
        Rule::object => "an object in braces",
        Rule::entry => "an entry such as `name: value`",
        Rule::record | Rule::record_ty | Rule::fields => "fields in braces",
        Rule::enum_body => "values in braces",
        Rule::limits => "bounds in parentheses",
        Rule::lim => "a bound such as `1..200`",
        Rule::resp => "a type or a status",
        Rule::outcome => "`fail` or a value",
        Rule::tail => "`on`, `else` or another tail",
        Rule::arg => "an argument such as `id: id`",
        Rule::field | Rule::edit => "a field such as `id: text`",
        Rule::variant => "a variant such as `card: Card`",
        Rule::use_endpoint => "an endpoint such as `GET /items`",
        Rule::mock => "a backend such as `stock GET /levels/1 -> 200`",
        Rule::exchange => "a request such as `GET /items`, or `never`",
        Rule::endpoint | Rule::signature => "an endpoint",
        Rule::call => "a call",
        Rule::clause => "a clause such as `timeout 2s`",
        Rule::access => "`public` or `auth`",
        Rule::granted => "`with`",
        Rule::item => Place::File.wants(),
        Rule::api_m => Place::Api.wants(),
        Rule::backend_m => Place::Backend.wants(),
        Rule::auth_m => Place::Auth.wants(),
        Rule::token_m => "`client`, `secret`, `scope` or `audience`",
        Rule::version_m => Place::Version.wants(),
        Rule::under_m => Place::Under.wants(),
        Rule::endpoint_m => Place::Endpoint.wants(),
        _ => return None,
    })
}

/// Keywords of clauses.
const CLAUSES: [&str; 10] = [
    "auth", "cache", "compress", "cors", "limit", "max_body", "public", "timeout", "unknown", "use",
];

impl Place {
    /// Every place that has keywords of its own, the ones that are likely meant first.
    pub(super) const ALL: [Self; 9] = [
        Self::File,
        Self::Version,
        Self::Endpoint,
        Self::Backend,
        Self::Api,
        Self::Auth,
        Self::Edits,
        Self::Policy,
        Self::Under,
    ];

    /// What stands there.
    pub(super) fn wants(self) -> &'static str {
        match self {
            Self::File => "a declaration such as `type` or `version`",
            Self::Api => "a member such as `owner`, `versions` or `timeout`",
            Self::Backend => "a member such as `owner`, `timeout` or an operation",
            Self::Auth => "a member such as `keys`, `issuer` or `header`",
            Self::Policy => "a clause such as `timeout 2s`",
            Self::Fields | Self::Edits => "a field such as `id: text`",
            Self::Version => "an endpoint, a declaration or a clause",
            Self::Under => "an endpoint or a clause",
            Self::Endpoint => "a parameter, a call, `return` or a clause",
            Self::Values => "a value such as `open`, or `open = \"OPEN\"`",
            Self::Uses => "an endpoint such as `GET /items/{id}`",
            Self::Mocks => "what a backend is asked, such as `stock GET /levels/1 -> 200`",
            Self::When => "a request such as `when GET /v1/items/1`",
            Self::Then => "an answer such as `then 200 { id: 1 }`",
        }
    }

    /// Where that is, behind "belongs" or "means nothing".
    pub(super) fn inside(self) -> &'static str {
        match self {
            Self::File => "at the top of a file",
            Self::Api => "in the `api` block",
            Self::Backend => "in a backend",
            Self::Auth => "in an `auth` block",
            Self::Policy => "in a policy",
            Self::Fields => "in a list of fields",
            Self::Edits => "in a change of a type",
            Self::Version => "in a version",
            Self::Under => "in an `under` block",
            Self::Endpoint => "in an endpoint's block",
            Self::Values => "in an enum",
            Self::Uses => "in what a consumer uses",
            Self::Mocks | Self::When | Self::Then => "in a case",
        }
    }

    /// The keywords that start something there.
    pub(super) fn keywords(self) -> Vec<&'static str> {
        let (own, clauses): (&[&'static str], bool) = match self {
            Self::File => (
                &[
                    "import", "api", "env", "backend", "auth", "policy", "error", "type", "enum",
                    "union", "version", "consumer", "case",
                ],
                false,
            ),
            Self::Api => {
                (&["owner", "versions", "errors", "published", "notice", "in", "store"], true)
            }
            Self::Backend => (
                &[
                    "owner",
                    "timeout",
                    "retry",
                    "breaker",
                    "in",
                    "send",
                    "max_body",
                    "ca",
                    "certificate",
                ],
                false,
            ),
            Self::Auth => {
                let own = &[
                    "keys", "secret", "issuer", "audience", "claims", "header", "leeway", "revoked",
                ];
                (own, false)
            }
            Self::Policy => (&[], true),
            Self::Fields | Self::Values | Self::Uses | Self::Mocks => (&[], false),
            Self::When => (&["when", "header", "body", "env"], false),
            Self::Then => (&["then", "header"], false),
            Self::Edits => (&["remove"], false),
            Self::Version => (
                &[
                    "deprecated",
                    "rename",
                    "remove",
                    "change",
                    "under",
                    "type",
                    "enum",
                    "union",
                    "error",
                ],
                true,
            ),
            Self::Under => (&["under"], true),
            Self::Endpoint => {
                (&["deprecated", "query", "header", "cookie", "reply", "return", "remove"], true)
            }
        };
        let clauses = if clauses { &CLAUSES[..] } else { &[] };
        own.iter().chain(clauses).copied().collect()
    }
}

/// The keywords that `rule` can start with, for suggestions.
pub(super) fn keywords(rule: Rule) -> Vec<&'static str> {
    match rule {
        Rule::item => Place::File.keywords(),
        Rule::api_m => Place::Api.keywords(),
        Rule::backend_m => Place::Backend.keywords(),
        Rule::auth_m => Place::Auth.keywords(),
        Rule::token_m => vec!["client", "secret", "scope", "audience"],
        Rule::clause => Place::Policy.keywords(),
        Rule::edit => Place::Edits.keywords(),
        Rule::version_m => Place::Version.keywords(),
        Rule::under_m => Place::Under.keywords(),
        Rule::endpoint_m => Place::Endpoint.keywords(),
        Rule::tail => vec!["with", "within", "copy", "when", "on", "else"],
        Rule::outcome => vec!["fail"],
        Rule::cond | Rule::failure => vec!["timeout", "unreachable", "invalid"],
        Rule::scheme => vec!["jwt", "api_key", "mtls", "basic"],
        Rule::declaration => vec!["type", "enum", "union", "error"],
        Rule::dropped => vec!["query", "header", "call"],
        Rule::method => METHODS.to_vec(),
        _ => {
            let name = format!("{rule:?}");
            let word = name.strip_prefix("k_").unwrap_or(&name);
            KEYWORDS.iter().copied().filter(|keyword| *keyword == word).collect()
        }
    }
}

/// The request methods of the language.
pub(super) const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];
