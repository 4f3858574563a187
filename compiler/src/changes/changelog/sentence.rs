//! What a change asks of those who read about it, in a sentence.

use super::super::{Change, Verdict};

/// Where a change is noticed.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// In what callers send.
    Request,
    /// In what they get.
    Answer,
    /// In neither.
    Other,
}

fn place(change: &Change) -> Place {
    let first = change.place.split(['.', '[', ' ']).next().unwrap_or_default();
    match first {
        "request" | "query" | "header" | "cookie" | "path" => Place::Request,
        "error" => Place::Answer,
        _ if !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit()) => Place::Answer,
        _ => Place::Other,
    }
}

/// The place without the status or `request` in front of it.
fn name(change: &Change) -> &str {
    match place(change) {
        Place::Answer | Place::Request => {
            change.place.split_once('.').map_or(change.place.as_str(), |(_, rest)| rest)
        }
        Place::Other => &change.place,
    }
}

/// What to do, or what can be done: `read `name` instead of `title``.
pub fn sentence(change: &Change) -> String {
    let was = change.was.as_deref().unwrap_or_default();
    let is = change.is.as_deref().unwrap_or_default();
    let endpoint = change.endpoint.as_deref().unwrap_or_default();
    let name = name(change);
    let verb = if place(change) == Place::Request { "send" } else { "read" };
    match change.rule.id {
        "endpoint/added" => format!("`{endpoint}` is new"),
        "endpoint/removed" => format!("`{endpoint}` is gone: stop calling it"),
        "endpoint/moved" => format!("call `{is}` instead of `{was}`"),
        "endpoint/shadowed" => format!("some requests to `{was}` are answered by `{is}`"),
        "status/success-changed" => format!("expect status {is} instead of {was}"),
        "status/success-added" => format!("expect status {is}, too"),
        "status/success-removed" => format!("status {was} is not answered any more"),
        "error/added" => format!("expect the error {is}, too"),
        "error/removed" => format!("the error {was} is not answered any more"),
        "error/code-changed" => format!("expect the error `{is}` instead of `{was}`"),
        "error/status-changed" => {
            format!("expect status {is} instead of {was} of `{}`", change.place)
        }
        "param/added-required" | "param/became-required" => format!("send `{}`", change.place),
        "param/added-optional" => format!("`{}` can be sent", change.place),
        "param/became-optional" => format!("`{}` need not be sent", change.place),
        "param/removed" => format!("stop sending `{}`", change.place),
        "param/renamed" | "param/relocated" => format!("send `{is}` instead of `{was}`"),
        "param/default-changed" | "field/default-changed" => {
            format!("without `{}`, {is} is meant instead of {was}", change.place)
        }
        "body/added-required" | "body/became-required" => "send a body".to_owned(),
        "body/removed" => "stop sending a body".to_owned(),
        "field/renamed" | "field/moved" => format!("{verb} `{is}` instead of `{was}`"),
        _ => fields(change, name).unwrap_or_else(|| plain(change)),
    }
}

/// The same for fields, where it depends on who writes them.
fn fields(change: &Change, name: &str) -> Option<String> {
    Some(match (change.rule.id, place(change)) {
        ("field/removed", Place::Answer) => format!("do not expect `{name}`"),
        ("field/removed", Place::Request) => format!("stop sending `{name}`"),
        ("field/added-required", Place::Answer) => format!("answers have `{name}`"),
        ("field/added-required" | "field/became-required", Place::Request) => {
            format!("send `{name}`")
        }
        ("field/added-optional", Place::Answer) => format!("answers can have `{name}`"),
        ("field/added-optional", Place::Request) => format!("`{name}` can be sent"),
        ("field/became-required", Place::Answer) => format!("`{name}` is always there"),
        ("field/became-optional", Place::Answer) => format!("`{name}` may be absent"),
        ("field/became-optional", Place::Request) => format!("`{name}` need not be sent"),
        ("field/became-nullable", Place::Answer) => format!("`{name}` may be null"),
        ("field/became-nullable", Place::Request) => format!("`{name}` can be null"),
        ("field/became-not-null", Place::Answer) => format!("`{name}` is never null"),
        ("field/became-not-null", Place::Request) => format!("do not send null as `{name}`"),
        _ => return None,
    })
}

/// What happened, and how it was and is.
fn plain(change: &Change) -> String {
    let mut text = change.rule.title.to_owned();
    if !change.place.is_empty() {
        text.push_str(&format!(": `{}`", change.place));
    }
    match (&change.was, &change.is) {
        (Some(was), Some(is)) => text.push_str(&format!(" was {was}, is {is}")),
        (Some(was), None) if *was != change.place => text.push_str(&format!(" was {was}")),
        (None, Some(is)) if *is != change.place => text.push_str(&format!(" is {is}")),
        (None | Some(_), None | Some(_)) => {}
    }
    if change.verdict == Verdict::Breaking
        && let Some(note) = change.notes.first()
    {
        text.push_str(&format!(" ({note})"));
    }
    text
}
