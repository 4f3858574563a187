//! How JSON is written: the answer, bodies that backends are sent, members of errors.

use super::scope::{Access, Scope, TextAccess};
use super::tokens::{ident, number};
use super::writes::Writes;
use crate::contract::types::Scalar;
use crate::contract::work::{Build, Form, Member, Missing, NodeId, Operand, TextExpr};
use crate::plan::{EndpointPlan, PresencePlan, ReadPlan};
use proc_macro2::TokenStream;
use quote::quote;

/// What is written where a value is missing.
#[derive(Clone, Default)]
struct Gone {
    /// Where it is null.
    null: Writes,
    /// Where it is absent.
    absent: Writes,
}

impl Gone {
    fn both(writes: Writes) -> Self {
        Self { null: writes.clone(), absent: writes }
    }
}

/// What is written around a value.
struct Around<'g> {
    /// Before it, if it is there.
    lead: Writes,
    /// Instead of it, if it is not.
    gone: &'g Gone,
    strict: Strictness,
    /// Whether numbers and booleans are written as texts.
    quoted: bool,
}

/// How a value that must be there and is not ends the writing.
#[derive(Clone, Copy, PartialEq)]
enum Strictness {
    /// The answer fails.
    Promised,
    /// The failure of a call that is being turned into a declared error fails differently.
    Failing,
    /// It is null.
    Sent,
    /// The call is not made: what it sends would break what its operation asks.
    Asked,
}

/// The body of an answer, written to `out`; with `nullable` it may be null.
pub(crate) fn promised(
    build: &Build,
    nullable: bool,
    what: &str,
    scope: &Scope<'_>,
) -> TokenStream {
    let strict = Strictness::Promised;
    let mut gone = bail(what, strict);
    if nullable {
        gone.null = null();
    }
    written(build, scope, &gone, strict)
}

/// A value that may be missing, written to `out`: null where it is.
pub(crate) fn perhaps_null(build: &Build, scope: &Scope<'_>) -> TokenStream {
    written(build, scope, &Gone::both(null()), Strictness::Promised)
}

fn bail(what: &str, strict: Strictness) -> Gone {
    let what = match strict {
        Strictness::Asked => what.to_owned(),
        _ => format!("`{what}`"),
    };
    let broken = quote!(rt::broken_promise(#what));
    Gone::both(Writes::code(match strict {
        Strictness::Failing => quote!(return rt::End::Failed(#broken);),
        Strictness::Asked => quote!(call.missing(#what);),
        Strictness::Promised | Strictness::Sent => quote!(return Err(#broken);),
    }))
}

fn null() -> Writes {
    Writes::literal("null")
}

/// A body that a backend is sent, or a value that stands in for a result.
pub(crate) fn sent(build: &Build, scope: &Scope<'_>) -> TokenStream {
    written(build, scope, &Gone::both(null()), Strictness::Sent)
}

/// The body of a call. One that is absent is not sent.
pub(crate) fn call_body(build: &Build, scope: &Scope<'_>) -> TokenStream {
    if is_there(build, scope) {
        let write = written(build, scope, &Gone::both(null()), Strictness::Asked);
        return quote! {
            let mut out = rt::Writer::new();
            #write
            call.json(out.finish());
        };
    }
    let gone = Gone { null: null(), absent: Writes::code(quote!(break 'body false;)) };
    let write = written(build, scope, &gone, Strictness::Asked);
    quote! {
        let mut out = rt::Writer::new();
        let written = 'body: {
            #write
            true
        };
        if written {
            call.json(out.finish());
        }
    }
}

/// The members of a declared error, inside a call.
pub(crate) fn failing(build: &Build, scope: &Scope<'_>) -> TokenStream {
    let strict = Strictness::Failing;
    written(build, scope, &bail("the error", strict), strict)
}

fn written(build: &Build, scope: &Scope<'_>, gone: &Gone, strict: Strictness) -> TokenStream {
    emit(build, scope, &Around { lead: Writes::default(), gone, strict, quoted: false }).tokens()
}

/// Writes `build`, or what stands instead of it where it is missing.
fn emit(build: &Build, scope: &Scope<'_>, around: &Around<'_>) -> Writes {
    match build {
        Build::Const(constant) => around.lead.clone().then(Writes::literal(constant.json())),
        Build::Copy(operand) => copy(operand, scope, around, None),
        Build::Promised(inner, scalar) => match &**inner {
            Build::Copy(operand) => copy(operand, scope, around, Some(scalar)),
            Build::Text(text) => self::text(text, scope, around, Some(scalar)),
            other => emit(other, scope, around),
        },
        Build::Record(None, members) => {
            around.lead.clone().then(record(members, scope, around.strict))
        }
        Build::Record(Some(node), members) => {
            match_node(scope, (*node, "record"), around.gone, &|scope| {
                let record = match scope.plan.writers.get(node) {
                    Some(write) if around.strict == Strictness::Promised => {
                        shared(*node, write, scope)
                    }
                    _ => record(members, scope, around.strict),
                };
                around.lead.clone().then(record)
            })
        }
        Build::List { from, element, first } => list((*from, *first), element, scope, around),
        Build::Array(items) => array(items, scope, around),
        Build::Holds(cond) => {
            let holds = super::conditions::condition(cond, scope);
            let value = quotes(Writes::code(quote!(out.boolean(#holds);)), around);
            around.lead.clone().then(value)
        }
        Build::Whole(node, form) => whole((*node, form), scope, around),
        Build::AsText(inner) => {
            let lead = around.lead.clone();
            emit(inner, scope, &Around { lead, quoted: true, ..*around })
        }
        Build::Default { value, default, nullable } => {
            let absent = around.lead.clone().then(Writes::literal(default.json()));
            let null = match nullable {
                true => around.lead.clone().then(null()),
                false => absent.clone(),
            };
            let (lead, gone) = (around.lead.clone(), Gone { null, absent });
            emit(value, scope, &Around { lead, gone: &gone, ..*around })
        }
        Build::Text(text) => self::text(text, scope, around, None),
        Build::Or(all) => first_of(all, scope, around),
    }
}

/// Writes with `write` where `node` is there, with the node bound to a local.
fn match_node(
    scope: &Scope<'_>,
    (node, local): (NodeId, &str),
    gone: &Gone,
    write: &dyn Fn(&Scope<'_>) -> Writes,
) -> Writes {
    match scope.access(node) {
        Access::There(_) => write(scope),
        Access::Perhaps(value) => {
            let local = ident(local);
            let inner = scope.with(node.0 as usize, quote!(#local));
            let write = write(&inner).tokens();
            Writes::code(perhaps(&value, &local, &write, gone))
        }
    }
}

fn perhaps(
    value: &TokenStream,
    local: &proc_macro2::Ident,
    write: &TokenStream,
    gone: &Gone,
) -> TokenStream {
    let (null, absent) = (gone.null.tokens(), gone.absent.tokens());
    if null.to_string() == absent.to_string() {
        let otherwise = (!null.is_empty()).then(|| quote!(else { #null }));
        return quote! {
            if let rt::Maybe::Value(#local) = #value {
                #write
            } #otherwise
        };
    }
    quote! {
        match #value {
            rt::Maybe::Value(#local) => { #write }
            rt::Maybe::Null => { #null }
            rt::Maybe::Absent | rt::Maybe::Violated => { #absent }
        }
    }
}

/// Copies a value in scope; with a scalar, only if it keeps its rule.
fn copy(
    operand: &Operand,
    scope: &Scope<'_>,
    around: &Around<'_>,
    promised: Option<&Scalar>,
) -> Writes {
    match operand {
        Operand::Node(node) => match_node(scope, (*node, "value"), around.gone, &|scope| {
            let Access::There(value) = scope.access(*node) else { return Writes::default() };
            let text = scope.text_of(*node);
            let check = promised
                .map(|scalar| promise(scope.plan, scalar, &quote!(&#value.plain()), around.strict));
            // A local that a pattern binds is a reference, a field is not.
            let leaf = scope.is_leaf(*node) && scope.is_bound(*node);
            let star = leaf.then(|| quote!(*));
            let value = quotes(Writes::value(quote!(#star #value #text)), around);
            Writes::code(quote!(#check)).then(around.lead.clone()).then(value)
        }),
        Operand::Param(index) => param(*index, scope, around, promised),
        Operand::Item(index) => {
            let quoted = scope.plan.params.get(*index).is_some_and(|param| param.quoted);
            let check = promised
                .map(|scalar| promise(scope.plan, scalar, &quote!(each_element), around.strict));
            let write = if quoted {
                quote!(out.text(each_element);)
            } else {
                quote!(out.raw(each_element);)
            };
            let value = quotes(Writes::code(write), around);
            Writes::code(quote!(#check)).then(around.lead.clone()).then(value)
        }
        Operand::Env(index) => {
            let quoted = scope.plan.environment.get(*index).is_some_and(|one| one.quoted);
            let (name, _) = scope.variable(*index);
            let write = if quoted { quote!(out.text(#name);) } else { quote!(out.raw(#name);) };
            around.lead.clone().then(quotes(Writes::code(write), around))
        }
        Operand::Const(constant) => around.lead.clone().then(Writes::literal(constant.json())),
        Operand::Or(all) => {
            let all: Vec<Build> = all.iter().cloned().map(Build::Copy).collect();
            first_of(&all, scope, around)
        }
        Operand::Each { list: from, first, value } => {
            let element = Build::Copy(Operand::Node(*value));
            list((*from, *first), &element, scope, around)
        }
    }
}

/// `value`, in quotes where numbers and booleans are written as texts.
fn quotes(value: Writes, around: &Around<'_>) -> Writes {
    match around.quoted {
        true => Writes::literal("\"").then(value).then(Writes::literal("\"")),
        false => value,
    }
}

/// Writes a value that was read as a whole.
///
/// ```ignore
/// if !out.form(item.category, &types::CATEGORY) {
///     return Err(rt::broken_promise("`Category`"));
/// }
/// ```
fn whole((node, form): (NodeId, &Form), scope: &Scope<'_>, around: &Around<'_>) -> Writes {
    let key = form.key();
    let found = scope.plan.forms.iter().find(|(other, _)| *other == key);
    let table = ident(found.map_or("MISSING", |(_, table)| table));
    match_node(scope, (node, "value"), around.gone, &|scope| {
        let Access::There(value) = scope.access(node) else { return Writes::default() };
        let text = scope.text_of(node);
        let star = (scope.is_leaf(node) && scope.is_bound(node)).then(|| quote!(*));
        let write = quote!(out.form(#star #value #text, &types::#table));
        let broken = quote!(rt::broken_promise("a value of its declared type"));
        let write = match around.strict {
            Strictness::Promised => quote!(if !#write { return Err(#broken); }),
            Strictness::Failing => quote!(if !#write { return rt::End::Failed(#broken); }),
            Strictness::Asked => quote!(if !#write { call.missing("a value of its type"); }),
            // What callers sent was checked by the same table.
            Strictness::Sent => quote!(#write;),
        };
        around.lead.clone().then(Writes::code(write))
    })
}

/// ```ignore
/// rt::promise(&item.name.plain(), &types::TEXT_1_200)?;
/// ```
fn promise(
    plan: &EndpointPlan,
    scalar: &Scalar,
    text: &TokenStream,
    strict: Strictness,
) -> TokenStream {
    let rule = promised_rule(plan, scalar);
    if strict == Strictness::Asked {
        return quote!(call.keeps(#text, #rule););
    }
    if strict == Strictness::Failing {
        return quote! {
            if let Err(broken) = rt::promise(#text, #rule) {
                return rt::End::Failed(broken);
            }
        };
    }
    quote!(rt::promise(#text, #rule)?;)
}

/// The static of a rule that is promised.
pub(crate) fn promised_rule(plan: &EndpointPlan, scalar: &Scalar) -> TokenStream {
    match plan.promises.iter().find(|(rule, _)| *rule == scalar.rule) {
        Some((_, name)) => {
            let name = ident(name);
            quote!(&types::#name)
        }
        None => quote!(&rt::BOOLEAN),
    }
}

fn param(
    index: usize,
    scope: &Scope<'_>,
    around: &Around<'_>,
    promised: Option<&Scalar>,
) -> Writes {
    let Some(param) = scope.plan.params.get(index) else { return Writes::default() };
    let name = ident(&param.ident);
    let write = |value: TokenStream| match (param.quoted, around.quoted) {
        (true, _) => quote!(out.text(#value);),
        (false, true) => quote!(out.raw("\""); out.raw(#value); out.raw("\"");),
        (false, false) => quote!(out.raw(#value);),
    };
    if param.list.is_some() {
        let element = write(quote!(value));
        let elements = quote! {
            for value in #name.iter() {
                out.comma();
                #element
            }
        };
        let open = around.lead.clone().then(Writes::literal("["));
        return open.then(Writes::code(elements)).then(Writes::literal("]"));
    }
    let check = promised.map(|scalar| promise(scope.plan, scalar, &quote!(#name), around.strict));
    let value = Writes::code(write(quote!(#name)));
    let write = Writes::code(quote!(#check)).then(around.lead.clone()).then(value);
    if param.presence != PresencePlan::Optional {
        return write;
    }
    let (write, absent) = (write.tokens(), around.gone.absent.tokens());
    let otherwise = (!absent.is_empty()).then(|| quote!(else { #absent }));
    Writes::code(quote! {
        if let Some(#name) = #name {
            #write
        } #otherwise
    })
}

fn text(
    text: &TextExpr,
    scope: &Scope<'_>,
    around: &Around<'_>,
    promised: Option<&Scalar>,
) -> Writes {
    let (before, joined) = scope.joined(text, &quote!(break 'text false));
    let check = promised.map(|scalar| promise(scope.plan, scalar, &quote!(text), around.strict));
    let lead = around.lead.tokens();
    let write = quote! {
        let text: &str = #joined;
        #check
        #lead
        out.text(text);
    };
    if before.is_empty() {
        return Writes::code(quote!({ #write }));
    }
    let absent = around.gone.absent.tokens();
    let written = quote! {
        'text: {
            #before
            #write
            true
        }
    };
    Writes::code(match absent.is_empty() {
        true => quote!(let _ = #written;),
        false => quote! {
            let written = #written;
            if !written {
                #absent
            }
        },
    })
}

/// ```ignore
/// records::write_product(&item.product, &mut out)?;
/// ```
fn shared(node: NodeId, write: &str, scope: &Scope<'_>) -> Writes {
    let Access::There(value) = scope.access(node) else { return Writes::default() };
    let (write, out) = (ident(write), scope.writer());
    // A local that a pattern binds is a reference, a field is not.
    let borrow = (!scope.is_bound(node)).then(|| quote!(&));
    Writes::code(quote!(records::#write(#borrow #value, #out)?;))
}

/// What writes the members of a shared record, to a writer that is lent.
pub(crate) fn members(members: &[Member], scope: &Scope<'_>) -> TokenStream {
    record(members, scope, Strictness::Promised).tokens()
}

/// `{`, members, `}`: commas are literal text as far as it is known which members are there.
fn record(members: &[Member], scope: &Scope<'_>, strict: Strictness) -> Writes {
    let mut writes = Writes::literal("{");
    let mut comma = Comma::None;
    for member in members {
        let name = serde_json::Value::from(member.name.as_str()).to_string();
        let certain = member.missing == Missing::Never;
        let lead = match comma {
            Comma::None if certain => Writes::literal(format!("{name}:")),
            Comma::Literal => Writes::literal(format!(",{name}:")),
            Comma::None | Comma::AtRunTime => {
                let name = &member.name;
                Writes::code(quote!(out.key(#name);))
            }
        };
        comma = match comma {
            _ if certain => Comma::Literal,
            Comma::None => Comma::AtRunTime,
            other => other,
        };
        let gone = gone(member, &lead, strict);
        writes = writes.then(emit(
            &member.value,
            scope,
            &Around { lead, gone: &gone, strict, quoted: false },
        ));
    }
    writes.then(Writes::literal("}"))
}

/// Whether the next member of a record has a comma before it.
#[derive(Clone, Copy, PartialEq)]
enum Comma {
    /// It is the first.
    None,
    /// Members before it may all be missing.
    AtRunTime,
    /// A member before it is always there.
    Literal,
}

fn gone(member: &Member, lead: &Writes, strict: Strictness) -> Gone {
    let null = lead.clone().then(null());
    match member.missing {
        Missing::Never if strict != Strictness::Sent => bail(&member.name, strict),
        Missing::Never | Missing::Null => Gone::both(null),
        Missing::Dropped => Gone::default(),
        Missing::Kept => Gone { null, absent: Writes::default() },
    }
}

fn list(
    (from, first): (NodeId, Option<u64>),
    element: &Build,
    scope: &Scope<'_>,
    around: &Around<'_>,
) -> Writes {
    if let ReadPlan::Flat(..) = scope.shape(from.0 as usize).read {
        return flat(from, scope, around);
    }
    match_node(scope, (from, "list"), around.gone, &|scope| {
        let Some(elements) = elements(scope, from, first) else { return Writes::default() };
        let mut inner = scope.clone();
        inner.bind(elements.node, quote!(element), scope.shape(elements.node).maybe());
        let write = written(element, &inner, &Gone::both(null()), around.strict);
        let each = elements.each;
        let each = quote! {
            for element in #each {
                out.comma();
                #write
            }
        };
        let open = around.lead.clone().then(Writes::literal("["));
        open.then(Writes::code(each)).then(Writes::literal("]"))
    })
}

/// Writes a list that is held as one text.
///
/// ```ignore
/// out.raw(",\"tags\":");
/// out.flat(item.tags);
/// ```
fn flat(from: NodeId, scope: &Scope<'_>, around: &Around<'_>) -> Writes {
    match_node(scope, (from, "list"), around.gone, &|scope| {
        let Access::There(list) = scope.access(from) else { return Writes::default() };
        let star = scope.is_bound(from).then(|| quote!(*));
        around.lead.clone().then(Writes::code(quote!(out.flat(#star #list);)))
    })
}

/// The elements of a list that is there, and the node of one of them.
struct Elements {
    each: TokenStream,
    node: usize,
}

fn elements(scope: &Scope<'_>, from: NodeId, first: Option<u64>) -> Option<Elements> {
    let Access::There(list) = scope.access(from) else { return None };
    let ReadPlan::List(_, node) = scope.shape(from.0 as usize).read else { return None };
    let parts = scope.parts(from);
    let take = first.map(|first| {
        let first = number(usize::try_from(first).unwrap_or(usize::MAX));
        quote!(.take(#first))
    });
    Some(Elements { each: quote!(#list #parts.iter() #take), node })
}

fn array(items: &[Build], scope: &Scope<'_>, around: &Around<'_>) -> Writes {
    let gone = Gone::both(null());
    let mut writes = around.lead.clone().then(Writes::literal("["));
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            writes = writes.then(Writes::literal(","));
        }
        let around =
            Around { lead: Writes::default(), gone: &gone, strict: around.strict, quoted: false };
        writes = writes.then(emit(item, scope, &around));
    }
    writes.then(Writes::literal("]"))
}

/// Writes the first alternative that is there.
///
/// ```ignore
/// 'first: {
///     let written = 'written: {
///         if let rt::Maybe::Value(value) = gift.name.get() { out.value(*value); } else { break 'written false; }
///         true
///     };
///     if written {
///         break 'first;
///     }
///     out.raw("\"none\"");
/// }
/// ```
fn first_of(all: &[Build], scope: &Scope<'_>, around: &Around<'_>) -> Writes {
    let certain = all.iter().position(|one| is_there(one, scope));
    let all = certain.and_then(|at| all.get(..=at)).unwrap_or(all);
    let Some((last, others)) = all.split_last() else { return around.gone.absent.clone() };
    let gone = Gone::both(around.gone.absent.clone());
    let (lead, strict, quoted) = (around.lead.clone(), around.strict, around.quoted);
    let around_last = Around { lead, gone: &gone, strict, quoted };
    let last = emit(last, scope, &around_last);
    if others.is_empty() {
        return last;
    }
    let next = Gone::both(Writes::code(quote!(break 'written false;)));
    let others = others.iter().map(|one| {
        let around = Around { lead: around.lead.clone(), gone: &next, strict, quoted };
        let write = emit(one, scope, &around).tokens();
        quote! {
            let written = 'written: {
                #write
                true
            };
            if written {
                break 'first;
            }
        }
    });
    let last = last.tokens();
    Writes::code(quote! {
        'first: {
            #(#others)*
            #last
        }
    })
}

/// Whether a value is there in every answer.
fn is_there(build: &Build, scope: &Scope<'_>) -> bool {
    match build {
        Build::Const(_) | Build::Holds(_) | Build::Array(_) | Build::Record(None, _) => true,
        Build::Copy(operand) => match operand {
            Operand::Node(node) => matches!(scope.access(*node), Access::There(_)),
            other => matches!(scope.text(other), TextAccess::There(_)),
        },
        Build::Promised(inner, _) | Build::AsText(inner) => is_there(inner, scope),
        Build::Default { .. } => true,
        Build::Record(Some(node), _) | Build::List { from: node, .. } | Build::Whole(node, _) => {
            matches!(scope.access(*node), Access::There(_))
        }
        Build::Text(text) => scope.joined(text, &TokenStream::new()).0.is_empty(),
        Build::Or(all) => all.iter().any(|one| is_there(one, scope)),
    }
}

/// Does `write` for each value of a repeated query pair.
pub(crate) fn each(
    operand: &Operand,
    scope: &Scope<'_>,
    write: &dyn Fn(TokenStream) -> TokenStream,
) -> TokenStream {
    match operand {
        Operand::Param(at) => {
            let Some(param) = scope.plan.params.get(*at) else { return TokenStream::new() };
            let name = ident(&param.ident);
            let value =
                if param.is_number() { quote!(&rt::plain_number(value)) } else { quote!(value) };
            let write = write(value);
            quote!(for value in #name.iter() { #write })
        }
        Operand::Each { list: from, first, value } => {
            let each = match_node(scope, (*from, "list"), &Gone::default(), &|scope| {
                let Some(elements) = elements(scope, *from, *first) else {
                    return Writes::default();
                };
                let mut inner = scope.clone();
                inner.bind(elements.node, quote!(element), scope.shape(elements.node).maybe());
                let body = match inner.argument(&Operand::Node(*value)) {
                    TextAccess::There(value) => write(value),
                    TextAccess::Perhaps(value) => {
                        let write = write(quote!(&value));
                        quote!(if let Some(value) = #value { #write })
                    }
                };
                let each = elements.each;
                Writes::code(quote!(for element in #each { #body }))
            });
            each.tokens()
        }
        _ => TokenStream::new(),
    }
}
