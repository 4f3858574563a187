//! Pages of other origins: what a `cors` clause grants.

use super::values;
use super::variables::Variables;
use crate::contract::cors::{Cors, Origin};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{self, DurationLit, Pages, Value, ValueKind};
use std::net::Ipv6Addr;

/// How long a browser remembers a preflight where nothing is declared.
const DEFAULT_MAX_AGE: u64 = 600;

/// The longest that is worth to be written: no browser remembers it beyond a day.
const LONGEST_MAX_AGE: u64 = 86_400;

/// What a clause grants; nothing for `cors none`, and where a part of it is refused.
pub(crate) fn granted(
    cors: &tree::Cors,
    variables: &mut Variables,
    diagnostics: &mut Diagnostics,
) -> Option<Cors> {
    let max_age = cors.max_age.as_ref();
    let max_age = max_age.map_or(Some(DEFAULT_MAX_AGE), |time| self::max_age(time, diagnostics));
    let origins = match &cors.pages {
        Pages::None => return None,
        Pages::Any => {
            if let Some(span) = cors.credentials {
                diagnostics.push(exposed("pages of any origin", span));
                return None;
            }
            None
        }
        Pages::Of(values) => Some(origins(values, cors.credentials, variables, diagnostics)?),
    };
    Some(Cors { origins, credentials: cors.credentials.is_some(), max_age: max_age? })
}

fn max_age(time: &DurationLit, diagnostics: &mut Diagnostics) -> Option<u64> {
    let seconds = time.millis / 1_000;
    let (whole, kept) = (time.millis.is_multiple_of(1_000), seconds <= LONGEST_MAX_AGE);
    if !whole || !kept {
        let label =
            if whole { "no browser remembers it beyond a day" } else { "it is counted in seconds" };
        diagnostics.push(
            Diagnostic::new(Code::InvalidClause, time.span, "no browser does as this says")
                .label(label)
                .help("write whole seconds up to a day, such as `10min`"),
        );
        return None;
    }
    Some(seconds)
}

/// All origins of a clause, or nothing and a finding.
fn origins(
    values: &[Value],
    credentials: Option<Span>,
    variables: &mut Variables,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Origin>> {
    let mut found: Vec<Origin> = Vec::new();
    let mut refused = false;
    for value in values {
        let origin = match &value.kind {
            ValueKind::Env(env) => variables.origins(env, diagnostics).map(Origin::Variable),
            ValueKind::Template(parts) => {
                let text = values::plain_text(parts);
                text.and_then(|text| written(&text, value.span, credentials, diagnostics))
            }
            _ => {
                diagnostics.push(no_origin("this is no origin", value.span));
                None
            }
        };
        match origin {
            Some(origin) if found.contains(&origin) => {
                diagnostics.push(
                    Diagnostic::new(Code::InvalidOrigin, value.span, "an origin is named twice")
                        .label("it stands before this one already"),
                );
                refused = true;
            }
            Some(origin) => found.push(origin),
            None => refused = true,
        }
    }
    (!refused).then_some(found)
}

/// The origin that stands in a text, or nothing and a finding.
fn written(
    text: &str,
    span: Span,
    credentials: Option<Span>,
    diagnostics: &mut Diagnostics,
) -> Option<Origin> {
    if text == "*" {
        let any = no_origin("`*` is written `any`", span).fix("write `any`", span, "any");
        diagnostics.push(any);
        return None;
    }
    let diagnostic = match read(text) {
        Ok(Origin::Label(..)) if credentials.is_some() => exposed("all pages below a host", span)
            .see(credentials.unwrap_or(span), "asked for here"),
        Ok(origin) => return Some(origin),
        Err(Fault::Spelled(other)) => {
            let message = format!("browsers send this origin as `{other}`");
            Diagnostic::new(Code::InvalidOrigin, span, message)
                .label("it is compared byte by byte, and would never match")
                .fix(format!("write `\"{other}\"`"), span, format!("\"{other}\""))
        }
        Err(Fault::Wrong(why)) => no_origin("this is no origin", span).label(why),
    };
    diagnostics.push(diagnostic);
    None
}

fn no_origin(message: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::InvalidOrigin, span, message)
        .label("an origin is scheme, host and port")
        .help("write one such as `\"https://shop.example\"`, a variable, or `any`")
}

/// The finding about credentials for pages that nobody knows.
fn exposed(whom: &str, span: Span) -> Diagnostic {
    let message = format!("{whom} would act with the cookies of whoever looks at them");
    Diagnostic::new(Code::InvalidOrigin, span, message)
        .label("only pages of origins that are named as a whole can be trusted so far")
        .help("name the origins one by one, or leave out `with credentials`")
}

/// Why a text is no origin.
enum Fault {
    /// It is one that browsers spell so.
    Spelled(String),
    /// What is wrong with it.
    Wrong(&'static str),
}

/// The origin that a text is, as browsers spell it (RFC 6454 section 6.2).
fn read(text: &str) -> Result<Origin, Fault> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(Fault::Wrong("it has no scheme: `https://` or `http://`"));
    };
    let scheme = scheme.to_ascii_lowercase();
    // Apps have schemes of their own: `capacitor://localhost`.
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    if !scheme.starts_with(|first: char| first.is_ascii_lowercase()) || !scheme.bytes().all(legal) {
        return Err(Fault::Wrong("its scheme is none"));
    }
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if !matches!(path, "" | "/") {
        return Err(Fault::Wrong("all pages of a host have one origin: no path belongs to it"));
    }
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, port)) => {
            let address: Result<Ipv6Addr, _> = inside.parse();
            let address =
                address.map_err(|_| Fault::Wrong("in brackets stands an IPv6 address"))?;
            (format!("[{address}]"), port)
        }
        None => {
            let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            (host.to_ascii_lowercase(), port)
        }
    };
    let port = self::port(&scheme, port)?;
    let label = host.strip_prefix("*.");
    host_name(label.unwrap_or(&host))?;
    let numeric = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    if label
        .is_some_and(|below| !below.contains('.') || below.rsplit('.').next().is_some_and(numeric))
    {
        return Err(Fault::Wrong(
            "that is nearly everybody: a host below which all are yours has a dot",
        ));
    }
    let spelled = format!("{scheme}://{host}{port}");
    if spelled != text {
        return Err(Fault::Spelled(spelled));
    }
    Ok(match label {
        Some(below) => Origin::Label(format!("{scheme}://"), format!(".{below}{port}")),
        None => Origin::Exact(spelled),
    })
}

/// `:8443`, or nothing where it is that of the scheme.
fn port(scheme: &str, text: &str) -> Result<String, Fault> {
    let Some(digits) = text.strip_prefix(':') else {
        return match text {
            "" => Ok(String::new()),
            _ => Err(Fault::Wrong("behind the host stands at most a port")),
        };
    };
    match (scheme, digits.parse::<u16>()) {
        ("http", Ok(80)) | ("https", Ok(443)) => Ok(String::new()),
        (_, Ok(port)) if port > 0 => Ok(format!(":{port}")),
        _ => Err(Fault::Wrong("a port is a number from 1 to 65535")),
    }
}

fn host_name(host: &str) -> Result<(), Fault> {
    if host.starts_with('[') {
        return Ok(());
    }
    if host.contains('*') {
        return Err(Fault::Wrong("`*.` can stand in front of a host, and nowhere else"));
    }
    if !host.is_ascii() {
        return Err(Fault::Wrong("browsers send such a host in punycode, `xn--…`"));
    }
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let labels = host.split('.').all(|label| !label.is_empty());
    if !labels || !host.bytes().all(legal) {
        return Err(Fault::Wrong("it has no host"));
    }
    Ok(())
}

/// Whether a text is a list of origins with commas between them, as a variable may hold.
pub(super) fn is_list(text: &str) -> bool {
    let exact = |one: &str| matches!(read(one.trim()), Ok(Origin::Exact(_)));
    text.trim().is_empty() || text.split(',').all(exact)
}

#[cfg(test)]
mod tests {
    use super::{Origin, is_list};
    use crate::testing::{check, messages};

    /// Whose pages may call the first endpoint; nothing if nobody's.
    fn origins(clauses: &str) -> Option<Option<Vec<Origin>>> {
        let text = format!("version 1 {{ {clauses} GET /a -> 204 {{ public }} }}");
        let contract = check(&text);
        contract.versions[0].endpoints[0].cors.as_ref().map(|cors| cors.origins.clone())
    }

    #[test]
    fn origins_are_exact_or_leave_one_label_open() {
        let exact = Origin::Exact("https://shop.example:8443".to_owned());
        let label = Origin::Label("https://".to_owned(), ".shop.example".to_owned());
        let variable = Origin::Variable("PAGES".to_owned());
        assert_eq!(
            origins(
                r#"cors "https://shop.example:8443" or "https://*.shop.example" or env PAGES,"#
            ),
            Some(Some(vec![exact, label, variable]))
        );
        assert_eq!(origins("cors any,"), Some(None));
        assert_eq!(origins("cors none,"), None);
        assert_eq!(origins(""), None);
        for origin in ["http://localhost:3000", "http://[::1]:3000", "capacitor://localhost"] {
            assert!(origins(&format!("cors \"{origin}\",")).is_some(), "{origin}");
        }
    }

    #[test]
    fn what_no_browser_sends_is_refused() {
        let refused = |text: &str| {
            let text = format!("version 1 {{ cors {text}, GET /a -> 204 {{ public }} }}");
            messages(&text).iter().any(|one| one.starts_with("invalid-origin"))
        };
        for wrong in [
            "\"shop.example\"",
            "\"https://\"",
            "\"https://shop.example/\"",
            "\"https://shop.example/a\"",
            "\"https://Shop.example\"",
            "\"HTTPS://shop.example\"",
            "\"https://shop.example:443\"",
            "\"http://shop.example:80\"",
            "\"https://shop.example:0\"",
            "\"https://shop.example:\"",
            "\"https://me@shop.example\"",
            "\"https://[::0001]\"",
            "\"https://[x]\"",
            "\"https://[::1]x\"",
            "\"https://münchen.example\"",
            "\"https://*\"",
            "\"https://*.example\"",
            "\"https://*.0.0.1\"",
            "\"https://a.*.example\"",
            "\"*\"",
            "\"null\"",
            "\"\"",
            "3",
            "\"https://a.example\" or \"https://a.example\"",
            "any with credentials",
            "\"https://*.shop.example\" with credentials",
        ] {
            assert!(refused(wrong), "{wrong}");
        }
        assert!(!refused("\"https://shop.example\" with credentials"));
    }

    #[test]
    fn a_variable_holds_a_list() {
        for good in ["", "https://a.example", "https://a.example, http://localhost:3000"] {
            assert!(is_list(good), "{good}");
        }
        for bad in ["*", "https://a.example/", "https://*.a.example", "https://a.example,", "null"]
        {
            assert!(!is_list(bad), "{bad}");
        }
    }
}
