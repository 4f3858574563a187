//! What callers send and get: path, parameters, body, answers.

mod answers;
mod parts;

pub(crate) use answers::{Answers, answers, declared, error_named};

use super::access::Known;
use super::duplicate;
use super::edits::path_text;
use super::forms;
use super::types::Resolver;
use super::versions::FlatEndpoint;
use crate::contract::endpoint::{Body, Param, ParamKind, Place, Presence, RouteSegment};
use crate::contract::types::{Kind, Rule, Scalar, Text, Type};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{self, Base, EndpointMemberKind, Ident, Path, SegmentPart};

/// How many segments a path may have. Routes are matched segment in segment.
const SEGMENTS: usize = 64;

/// The request side of an endpoint.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) route: Vec<RouteSegment>,
    pub(crate) template: String,
    pub(crate) params: Vec<Param>,
    pub(crate) body: Option<(Body, String)>,
    /// What is known of whoever calls.
    pub(crate) known: Vec<Known>,
}

/// The request of `endpoint`; nothing if a part of it was refused.
pub(crate) fn request(
    endpoint: &FlatEndpoint,
    prefix: &[String],
    resolver: &mut Resolver<'_>,
) -> Option<Request> {
    let mut request = Request {
        route: prefix.iter().cloned().map(RouteSegment::Literal).collect(),
        template: prefix.iter().map(|segment| format!("/{segment}")).collect(),
        params: Vec::new(),
        body: None,
        known: Vec::new(),
    };
    let mut whole = true;
    let count: usize =
        endpoint.prefix.iter().chain([&endpoint.tree.path]).map(|path| path.segments.len()).sum();
    if count > SEGMENTS {
        resolver.diagnostics.push(
            Diagnostic::new(
                Code::TooDeep,
                endpoint.tree.path.span,
                format!("this path has {count} segments"),
            )
            .label(format!("a path has at most {SEGMENTS} segments, prefixes included"))
            .help("take the rest of a path as one parameter: `/files/{path*}`"),
        );
        return None;
    }
    let mut paths = endpoint.prefix.iter().chain([&endpoint.tree.path]).peekable();
    while let Some(path) = paths.next() {
        let text = path_text(path);
        if text != "/" {
            request.template.push_str(&text);
        }
        let more = paths.peek().is_some_and(|path| !path.segments.is_empty());
        whole &= rest_is_last(path, more, resolver.diagnostics).is_some();
        whole &= segments(&mut request, path, resolver).is_some();
    }
    for member in &endpoint.tree.members {
        whole &= match &member.kind {
            EndpointMemberKind::Query(param) => {
                parameter(&mut request.params, param, Place::Query, resolver).is_some()
            }
            EndpointMemberKind::Header(param) => {
                is_header_name(&param.name, resolver.diagnostics)
                    && parameter(&mut request.params, param, Place::Header, resolver).is_some()
            }
            EndpointMemberKind::Cookie(param) => {
                is_cookie_name(&param.name, resolver.diagnostics)
                    && parameter(&mut request.params, param, Place::Cookie, resolver).is_some()
            }
            _ => true,
        };
    }
    whole &= body(&mut request, &endpoint.tree, resolver).is_some();
    whole.then_some(request)
}

/// Refuses a parameter for the rest of a path that does not end the route: in the middle of
/// `path`, or with `more` behind it.
fn rest_is_last(path: &Path, more: bool, diagnostics: &mut Diagnostics) -> Option<()> {
    for (at, segment) in path.segments.iter().enumerate() {
        let last = at + 1 == path.segments.len() && !more;
        for part in &segment.parts {
            let SegmentPart::Param { name, rest: true, span, .. } = part else { continue };
            if last && segment.parts.len() == 1 {
                continue;
            }
            let way = format!("`{{{}}}` is a parameter for one segment", name.text);
            diagnostics.push(super::work::rest_not_last(*span).help(way));
            return None;
        }
    }
    Some(())
}

fn segments(request: &mut Request, path: &Path, resolver: &mut Resolver<'_>) -> Option<()> {
    for segment in &path.segments {
        match segment.parts.as_slice() {
            [SegmentPart::Text(text)] => {
                let literal = literal(text, resolver.diagnostics)?;
                request.route.push(RouteSegment::Literal(literal));
            }
            [SegmentPart::Param { name, rest, ty, span }] => {
                let (at, index) = (request.route.len(), request.params.len());
                let (place, segment) = match rest {
                    false => (Place::Path(at), RouteSegment::Param(index)),
                    true => (Place::Rest(at), RouteSegment::Rest(index)),
                };
                let param = path_param(name, ty.as_ref(), (place, *span), resolver)?;
                request.route.push(segment);
                add(&mut request.params, param, resolver.diagnostics)?;
            }
            _ => parts::segment(request, segment, resolver)?,
        }
    }
    Some(())
}

/// The parameter `name` at a place of the path.
fn path_param(
    name: &Ident,
    ty: Option<&tree::Type>,
    (place, span): (Place, Span),
    resolver: &mut Resolver<'_>,
) -> Option<Param> {
    let (scalar, example) = path_type(name, ty, resolver)?;
    if matches!(place, Place::Rest(_)) {
        plain_text(name, ty, &scalar, resolver.diagnostics)?;
    }
    Some(Param {
        place,
        wire: name.text.clone(),
        name: name.text.clone(),
        example,
        kind: ParamKind::One(scalar),
        by_comma: false,
        presence: Presence::Required,
        span,
    })
}

/// Refuses a type for the rest of a path that is no plain text.
fn plain_text(
    name: &Ident,
    ty: Option<&tree::Type>,
    scalar: &Scalar,
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    if matches!(&scalar.rule, Rule::Text(text) if text.format.is_none()) {
        return Some(());
    }
    let message = format!("`{}` is the rest of a path, which is a text", name.text);
    diagnostics.push(
        Diagnostic::new(Code::InvalidParameter, ty.map_or(name.span, |ty| ty.span), message)
            .label("segments with `/` between them are never one of these")
            .help("use `text`, with bounds or a pattern, or a parameter for one segment"),
    );
    None
}

fn literal(text: &Ident, diagnostics: &mut Diagnostics) -> Option<String> {
    // Nobody asks for a colon in front; other routers write parameters so.
    if let Some(name) = text.text.strip_prefix(':').filter(|name| !name.is_empty()) {
        let message = format!("`{}` is no parameter", text.text);
        let diagnostic = Diagnostic::new(Code::InvalidPath, text.span, message)
            .label("callers would have to send the colon");
        let fixed = format!("{{{name}}}");
        diagnostics.push(diagnostic.fix(format!("write `{fixed}`"), text.span, fixed));
        return None;
    }
    let decoded = percent_decode(&text.text);
    match decoded {
        Some(decoded) if decoded != "." && decoded != ".." => Some(decoded),
        _ => {
            diagnostics.push(
                Diagnostic::new(
                    Code::InvalidPath,
                    text.span,
                    "this segment can never be asked for",
                )
                .label("callers' software resolves it before it is sent")
                .help("leave it out of the path"),
            );
            None
        }
    }
}

/// The text of percent escapes (RFC 3986 section 2.1), if it is UTF-8.
pub(crate) fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| (byte? as char).to_digit(16);
            let (high, low) = (digit(rest.next())?, digit(rest.next())?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

type Example = Option<crate::contract::types::Const>;

fn path_type(
    name: &Ident,
    ty: Option<&tree::Type>,
    resolver: &mut Resolver<'_>,
) -> Option<(Scalar, Example)> {
    let Some(written) = ty else {
        return Some((Scalar { name: None, rule: Rule::Text(Text::default()) }, None));
    };
    let ty = resolver.ty(written)?;
    let example = ty.example.clone();
    match one_value(&ty) {
        Some(scalar) => Some((scalar, example)),
        None => {
            let message = format!("`{}` has no spelling in a path", name.text);
            resolver.diagnostics.push(
                Diagnostic::new(Code::InvalidParameter, written.span, message)
                    .label("one segment holds one text, number or boolean"),
            );
            None
        }
    }
}

fn one_value(ty: &Type) -> Option<Scalar> {
    match &ty.kind {
        Kind::Scalar(scalar) if !ty.nullable => Some(scalar.plain()),
        _ => None,
    }
}

fn add(params: &mut Vec<Param>, param: Param, diagnostics: &mut Diagnostics) -> Option<()> {
    if ["true", "false", "null"].contains(&param.name.as_str()) {
        let name = Ident { text: param.name.clone(), span: param.span };
        diagnostics
            .push(super::work::reserved(&name).help("`as other` gives it another name in scope"));
        return None;
    }
    let same_wire = |old: &&Param| {
        std::mem::discriminant(&old.place) == std::mem::discriminant(&param.place)
            && match param.place {
                Place::Header => old.wire.eq_ignore_ascii_case(&param.wire),
                _ => old.wire == param.wire,
            }
    };
    if let Some(old) = params.iter().find(|old| old.name == param.name || same_wire(old)) {
        let what = format!("parameter `{}`", param.name);
        diagnostics.push(renamable(&param, duplicate(&what, param.span, old.span)));
        return None;
    }
    params.push(param);
    Some(())
}

fn renamable(param: &Param, diagnostic: Diagnostic) -> Diagnostic {
    match param.place {
        place if place.is_in_path() => diagnostic,
        _ => diagnostic.help("`as other` gives it another name in scope"),
    }
}

fn parameter(
    params: &mut Vec<Param>,
    written: &tree::Param,
    place: Place,
    resolver: &mut Resolver<'_>,
) -> Option<()> {
    let ty = resolver.ty(&written.ty)?;
    let kind = match &ty.kind {
        Kind::Scalar(scalar) if !ty.nullable => ParamKind::One(scalar.plain()),
        Kind::List(element, bounds) if place != Place::Cookie && !ty.nullable => one_value(element)
            .map(|scalar| ParamKind::Many(scalar, bounds.clone()))
            .or_else(|| no_spelling(written, resolver))?,
        _ => no_spelling(written, resolver)?,
    };
    commas(written, &kind, place, resolver.diagnostics)?;
    let presence = presence(written, &kind, &ty, resolver)?;
    let example = written.example.as_ref().and_then(|value| resolver.constant(&ty, value));
    let name = written.alias.as_ref().map_or_else(
        || written.name.text.to_ascii_lowercase().replace('-', "_"),
        |alias| alias.text.clone(),
    );
    let name = if place == Place::Query && written.alias.is_none() {
        written.name.text.replace('-', "_")
    } else {
        name
    };
    if !in_scope(&name) {
        resolver.diagnostics.push(unspeakable(&written.name));
        return None;
    }
    let param = Param {
        place,
        wire: written.name.text.clone(),
        name,
        kind,
        by_comma: written.by_comma,
        presence,
        example: example.or(ty.example),
        span: written.name.span,
    };
    add(params, param, resolver.diagnostics)
}

/// Refuses `by comma` where there is one value, and a header field with several values without it.
fn commas(
    written: &tree::Param,
    kind: &ParamKind,
    place: Place,
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    let many = matches!(kind, ParamKind::Many(..));
    if written.by_comma && !many {
        diagnostics.push(
            Diagnostic::new(
                Code::InvalidParameter,
                written.ty.span,
                format!("`{}` is one value, which has no commas to be split at", written.name.text),
            )
            .label("`by comma` is for lists")
            .help("make it a list: `[text] by comma`, or leave `by comma` out"),
        );
        return None;
    }
    if place == Place::Header && many && !written.by_comma {
        diagnostics.push(
            Diagnostic::new(
                Code::InvalidParameter,
                written.ty.span,
                format!("several values of `{}` stand in one header field", written.name.text),
            )
            .label("a list with commas between its elements (RFC 9110 section 5.6.1)")
            .fix(
                "write `by comma` behind the type",
                written.ty.span.at_end(),
                " by comma",
            ),
        );
        return None;
    }
    Some(())
}

/// Whether calls can name it.
fn in_scope(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|char| char.is_ascii_alphanumeric() || char == '_')
}

/// `query "filter[name]": text` without another name.
fn unspeakable(name: &Ident) -> Diagnostic {
    let message = format!("`{}` needs a name that can be written in a call", name.text);
    let plain = |char: char| if char.is_ascii_alphanumeric() { char } else { '_' };
    let plain: String = name.text.chars().map(plain).collect();
    let plain = plain.trim_matches('_');
    let other = if in_scope(plain) { plain } else { "other" };
    Diagnostic::new(Code::InvalidParameter, name.span, message)
        .label("this is its name on the wire only")
        .help(format!("give it one behind its type: `as {other}`"))
}

/// Whether `name` can be that of a cookie (RFC 6265 section 4.1.1).
fn is_cookie_name(name: &Ident, diagnostics: &mut Diagnostics) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let valid = !name.text.is_empty() && name.text.bytes().all(token);
    if !valid {
        diagnostics.push(
            Diagnostic::new(
                Code::InvalidParameter,
                name.span,
                format!("`{}` cannot be the name of a cookie", name.text),
            )
            .label("letters, digits and marks such as `-` and `_` are (RFC 6265)"),
        );
    }
    valid
}

fn no_spelling(written: &tree::Param, resolver: &mut Resolver<'_>) -> Option<ParamKind> {
    let message = format!("`{}` has no spelling in a request", written.name.text);
    resolver.diagnostics.push(
        Diagnostic::new(Code::InvalidParameter, written.ty.span, message)
            .label("a parameter is a text, number or boolean; in a query or header also a list of them")
            .help("send records in the body"),
    );
    None
}

fn presence(
    written: &tree::Param,
    kind: &ParamKind,
    ty: &Type,
    resolver: &mut Resolver<'_>,
) -> Option<Presence> {
    let Some(default) = &written.default else {
        let optional =
            written.optional || matches!(kind, ParamKind::Many(_, bounds) if bounds.min == 0);
        return Some(if optional { Presence::Optional } else { Presence::Required });
    };
    resolver.constant(ty, default).map(Presence::Default)
}

/// Whether `name` can be a header field of a request (RFC 9110 section 5.1) that the gateway does
/// not set itself.
pub(crate) fn is_header_name(name: &Ident, diagnostics: &mut Diagnostics) -> bool {
    const OWN: [&str; 15] = [
        "connection",
        "content-length",
        "content-type",
        "expect",
        "forwarded",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-request-id",
        "traceparent",
        "tracestate",
        "date",
    ];
    let own = OWN.contains(&name.text.to_ascii_lowercase().as_str());
    if own {
        diagnostics.push(
            Diagnostic::new(
                Code::InvalidHeader,
                name.span,
                format!("`{}` belongs to the gateway itself", name.text),
            )
            .label("the gateway sets or reads it")
            .help("use another header field"),
        );
    }
    !own
}

fn body(
    request: &mut Request,
    endpoint: &tree::Endpoint,
    resolver: &mut Resolver<'_>,
) -> Option<()> {
    let Some(body) = &endpoint.body else { return Some(()) };
    let method = &endpoint.method.text;
    if matches!(method.as_str(), "GET" | "HEAD" | "DELETE") {
        let article = if method == "GET" || method == "DELETE" { "a" } else { "an" };
        let ty = match &body.ty.base {
            Base::Name(name) => &name.text,
            _ => "…",
        };
        resolver.diagnostics.push(
            Diagnostic::new(
                Code::BodyOnGet,
                body.span,
                format!("{article} {method} request cannot carry a body"),
            )
            .label("body declared here")
            .note("caches, proxies and many clients drop it (RFC 9110 gives it no meaning)")
            .help("declare the fields as parameters: `query q: text(1..100)`")
            .help(format!("or make it `POST {} ({ty})`", path_text(&endpoint.path))),
        );
        return None;
    }
    let ty = resolver.ty(&body.ty)?;
    let name = body.name.as_ref().map_or_else(|| "body".to_owned(), |name| name.text.clone());
    if let Some(param) = request.params.iter().find(|param| param.name == name) {
        resolver.diagnostics.push(
            duplicate(&format!("`{name}`"), body.span, param.span)
                .help("`(Type as other)` gives the body another name"),
        );
        return None;
    }
    let form = match body.form {
        true => Some(forms::fields(&ty, body.ty.span, resolver)?),
        false => None,
    };
    request.body = Some((Body { ty, form, optional: body.optional }, name));
    Some(())
}
