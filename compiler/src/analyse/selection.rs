//! How requests name their version: in the path, in a header field, in the media type they accept.

use super::signature::is_header_name;
use super::versions::Flat;
use crate::contract::Selection;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{Ident, StringLit, Versions};

/// What `versions in …` says, with `{n}` where the label stands.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    versions: Versions,
    span: Span,
}

impl Said {
    pub(crate) fn new(versions: &Versions, span: Span) -> Self {
        Self { versions: versions.clone(), span }
    }
}

/// The selection of an API; the usual one where what it says is refused.
pub(crate) fn resolve(
    said: Option<&Said>,
    flats: &[Flat],
    diagnostics: &mut Diagnostics,
) -> Selection {
    let Some(Said { versions, span }) = said else { return Selection::default() };
    let found = match versions {
        Versions::Path(path) => self::path(path, diagnostics),
        Versions::Header { name, default } => {
            let fine = is_header_name(name, diagnostics) && is_free(name, diagnostics);
            let wanted = Wanted { span: *span, what: format!("`{}`", name.text), flats };
            let default = wanted.default(default.as_ref(), diagnostics);
            let name = name.text.clone();
            default.filter(|_| fine).map(|default| Selection::Header { name, default })
        }
        Versions::Media { pattern, default } => {
            let parts = media(pattern, diagnostics);
            let wanted = Wanted { span: *span, what: "such a type".to_owned(), flats };
            let default = wanted.default(default.as_ref(), diagnostics);
            parts.zip(default).map(|((before, after), default)| Selection::Media {
                before,
                after,
                default,
            })
        }
    };
    found.unwrap_or_default()
}

/// The selection as a lock has it: the version that is the default stands elsewhere in it.
pub(crate) fn promised(said: Option<&Said>) -> Selection {
    let mut found = Diagnostics::default();
    let label = |default: &Option<Ident>| {
        default.as_ref().map(|label| label.text.clone()).unwrap_or_default()
    };
    let selection = said.and_then(|said| match &said.versions {
        Versions::Path(path) => self::path(path, &mut found),
        Versions::Header { name, default } => {
            Some(Selection::Header { name: name.text.clone(), default: label(default) })
        }
        Versions::Media { pattern, default } => media(pattern, &mut found).map(|parts| {
            let (before, after) = parts;
            Selection::Media { before, after, default: label(default) }
        }),
    });
    selection.unwrap_or_default()
}

fn path(path: &StringLit, diagnostics: &mut Diagnostics) -> Option<Selection> {
    if let Some((before, after)) = path.value.split_once("{n}")
        && valid_prefix(before, after)
    {
        return Some(Selection::Path { before: before.to_owned(), after: after.to_owned() });
    }
    diagnostics.push(
        Diagnostic::new(Code::InvalidVersions, path.span, "the version has no place in this path")
            .label("wanted: a path from `/` on with `{n}` in it")
            .fix("write `\"/v{n}\"`", path.span, "\"/v{n}\""),
    );
    None
}

fn valid_prefix(before: &str, after: &str) -> bool {
    let fine = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte))
    };
    before.starts_with('/')
        && fine(before)
        && fine(after)
        && !after.ends_with('/')
        && !format!("{before}1{after}").contains("//")
}

/// Fields that say something else of a request, or are kept from other origins by browsers.
fn is_free(name: &Ident, diagnostics: &mut Diagnostics) -> bool {
    const TAKEN: [&str; 12] = [
        "accept",
        "accept-encoding",
        "accept-language",
        "authorization",
        "cache-control",
        "cookie",
        "if-match",
        "if-none-match",
        "origin",
        "range",
        "user-agent",
        "vary",
    ];
    let taken = TAKEN.contains(&name.text.to_ascii_lowercase().as_str());
    if taken {
        let message = format!("`{}` says something else already", name.text);
        diagnostics.push(
            Diagnostic::new(Code::InvalidHeader, name.span, message)
                .label("its values have a meaning of their own (RFC 9110)")
                .fix("write `Api-Version`", name.span, "Api-Version"),
        );
    }
    !taken
}

/// What stands before and behind the label in a media type (RFC 6838 section 4.2), in small
/// letters.
fn media(pattern: &StringLit, diagnostics: &mut Diagnostics) -> Option<(String, String)> {
    let text = pattern.value.to_ascii_lowercase();
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte);
    let is_type = |text: &str| {
        text.split_once('/').is_some_and(|(kind, subtype)| {
            kind.starts_with(|first: char| first.is_ascii_alphanumeric())
                && subtype.starts_with(|first: char| first.is_ascii_alphanumeric())
                && kind.bytes().all(fine)
                && subtype.bytes().all(fine)
        })
    };
    let found = text.split_once("{n}").filter(|(before, after)| {
        before.contains('/') && is_type(&format!("{before}1{after}")) && after.ends_with("+json")
    });
    if let Some((before, after)) = found {
        return Some((before.to_owned(), after.to_owned()));
    }
    let diagnostic = Diagnostic::new(
        Code::InvalidVersions,
        pattern.span,
        "the version has no place in this media type",
    )
    .label("wanted: a type of JSON with `{n}` in it, `application/vnd.shop.v{n}+json`");
    let stem = text.split("{n}").next().unwrap_or_default().trim_end_matches("+json");
    let stem = stem.trim_end_matches(".v").trim_end_matches('.');
    diagnostics.push(match is_type(stem) {
        true => {
            let whole = format!("\"{stem}.v{{n}}+json\"");
            diagnostic.fix(format!("write `{whole}`"), pattern.span, whole)
        }
        false => diagnostic,
    });
    None
}

/// Which version a request gets that names none.
struct Wanted<'a> {
    span: Span,
    /// What such a request lacks.
    what: String,
    flats: &'a [Flat],
}

impl Wanted<'_> {
    fn default(&self, said: Option<&Ident>, diagnostics: &mut Diagnostics) -> Option<String> {
        let lasting = self.flats.iter().filter(|flat| !flat.draft);
        let labels: Vec<&str> = lasting.map(|flat| flat.label.as_str()).collect();
        let Some(said) = said else {
            diagnostics.push(self.missing(&labels));
            return None;
        };
        let version = self.flats.iter().find(|flat| flat.label == said.text);
        // Where there is nothing but drafts, nobody gets anything else.
        let draft = version.filter(|flat| flat.draft && self.flats.iter().any(|one| !one.draft));
        if let Some(draft) = draft {
            diagnostics.push(
                Diagnostic::new(
                    Code::InvalidVersions,
                    said.span,
                    format!("version {} is a draft: nobody may get it unasked", said.text),
                )
                .label("the default")
                .see(draft.span, "declared as a draft"),
            );
            return None;
        }
        if version.is_some() || labels.is_empty() {
            return Some(said.text.clone());
        }
        let message = format!("there is no version {}", said.text);
        let diagnostic = Diagnostic::new(Code::UnknownVersion, said.span, message);
        diagnostics.push(match labels.as_slice() {
            [one] => diagnostic.label("not declared").fix(
                format!("write `default {one}`"),
                said.span,
                (*one).to_owned(),
            ),
            all => diagnostic.label(format!("declared are the versions {}", all.join(", "))),
        });
        None
    }

    fn missing(&self, labels: &[&str]) -> Diagnostic {
        let message = format!("nothing says which version a request without {} gets", self.what);
        let diagnostic = Diagnostic::new(Code::InvalidVersions, self.span, message)
            .label("no `default`")
            .note("callers who name none get this one for ever: another one would break them");
        match labels {
            [one] => diagnostic.fix(
                format!("add `default {one}`"),
                self.span.at_end(),
                format!(" default {one}"),
            ),
            [first, ..] => diagnostic.help(format!(
                "add `default {first}`, or another one of the versions {}",
                labels.join(", ")
            )),
            [] => diagnostic.help("add `default 1`"),
        }
    }
}
