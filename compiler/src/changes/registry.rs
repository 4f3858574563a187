//! Every rule by which two contracts are compared.

use super::Verdict;
use super::sets::Position;

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its stable name: `field/removed`.
    pub id: &'static str,
    /// What happened, in words.
    pub title: &'static str,
    /// How bad it is, and for whom.
    pub judged: Judged,
    /// What shows it.
    pub shown: Shown,
    /// The rule of the opposite change.
    pub mirror: Mirror,
}

/// How a rule is judged.
#[derive(Debug)]
pub enum Judged {
    /// For callers, always the same.
    Caller(Verdict),
    /// For who runs the backend.
    Backend(Verdict),
    /// For who runs the gateway.
    Operator(Verdict),
    /// By where the value stands: in a request, in an answer, in a result.
    Position([Verdict; 3]),
    /// By the sets of values: breaking where a value is lost in a request or result, or gained in
    /// an answer.
    Sets,
}

/// What shows a rule.
#[derive(Debug)]
pub enum Shown {
    /// Two texts.
    Texts,
    /// Two texts, under the name of another rule or finding.
    Elsewhere(&'static str),
    /// A test of what a command or the lock does with it: `file: name`.
    Test(&'static str),
    /// Nothing, for this reason.
    Never(&'static str),
}

/// The rule of the opposite change.
#[derive(Debug)]
pub enum Mirror {
    /// Another one.
    Rule(&'static str),
    /// The same rule, with both sides swapped.
    Itself,
    /// None, and why.
    None(&'static str),
}

impl Rule {
    /// The rule called `id`.
    pub fn named(id: &str) -> Option<&'static Rule> {
        RULES.iter().find(|rule| rule.id == id)
    }

    /// How bad the rule is at `position`, for a change that takes values (`narrows`) or gives some.
    pub(crate) fn verdict(&self, position: Position, narrows: Verdict, widens: Verdict) -> Verdict {
        match &self.judged {
            Judged::Caller(verdict) | Judged::Backend(verdict) | Judged::Operator(verdict) => {
                *verdict
            }
            Judged::Position([request, response, read]) => match position {
                Position::Param | Position::Request => *request,
                Position::Response => *response,
                Position::Read => *read,
            },
            Judged::Sets => match position {
                Position::Param | Position::Request if narrows == Verdict::Invisible => {
                    widens.min(Verdict::Additive)
                }
                Position::Param | Position::Request | Position::Read => narrows,
                Position::Response => widens,
            },
        }
    }
}

const fn rule(
    id: &'static str,
    title: &'static str,
    (judged, shown, mirror): (Judged, Shown, Mirror),
) -> Rule {
    Rule { id, title, judged, shown, mirror }
}

/// All rules, by area.
#[rustfmt::skip]
pub const RULES: &[Rule] = &[
    rule("endpoint/added", "an endpoint is new", (Judged::Caller(Verdict::Additive), Shown::Texts, Mirror::Rule("endpoint/removed"))),
    rule("endpoint/removed", "an endpoint is gone", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("endpoint/added"))),
    rule("endpoint/retired", "an endpoint is gone after its sunset", (Judged::Caller(Verdict::Invisible), Shown::Test("compiler/cli/tests/cli/publish.rs: a_version_lives_and_ends"), Mirror::None("a retired endpoint does not come back"))),
    rule("endpoint/moved", "an endpoint has another method or path", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Itself)),
    rule("endpoint/shadowed", "a new route takes requests away from another endpoint", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::None("a route that is gone gives its requests back, which its own removal says"))),
    rule("endpoint/param-renamed", "a path parameter has another name; requests stay the same", (Judged::Caller(Verdict::Risky), Shown::Texts, Mirror::Itself)),
    rule("endpoint/renamed", "an endpoint has another name in documents and clients", (Judged::Caller(Verdict::Risky), Shown::Texts, Mirror::Itself)),
    rule("endpoint/idempotency-lost", "repeating a request is not safe any more", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::None("an endpoint that becomes safe to repeat takes nothing away"))),
    rule("endpoint/streaming-changed", "an answer became a stream, or is none any more", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Itself)),
    rule("endpoint/passthrough-changed", "an endpoint became a raw proxy, or is none any more", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Itself)),
    rule("status/success-removed", "a status of success is not answered any more", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("status/success-added"))),
    rule("status/success-added", "there is one more status of success", (Judged::Caller(Verdict::Risky), Shown::Texts, Mirror::Rule("status/success-removed"))),
    rule("status/success-changed", "success has another status", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Itself)),
    rule("error/added", "an endpoint can fail in one more way", (Judged::Caller(Verdict::Risky), Shown::Texts, Mirror::Rule("error/removed"))),
    rule("error/removed", "an endpoint cannot fail in this way any more", (Judged::Caller(Verdict::Additive), Shown::Texts, Mirror::Rule("error/added"))),
    rule("error/status-changed", "an error has another status", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Itself)),
    rule("error/code-changed", "an error has another name, and with it another problem type", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Itself)),
    rule("error/format-changed", "errors are written in another format", (Judged::Caller(Verdict::Breaking), Shown::Never("errors have one format: problem details of RFC 9457"), Mirror::Itself)),
    rule("media/request-added", "a request may have another format, too", (Judged::Caller(Verdict::Additive), Shown::Texts, Mirror::Rule("media/request-removed"))),
    rule("media/request-removed", "a request may not have this format any more", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("media/request-added"))),
    rule("media/response-added", "an answer can have another format, too", (Judged::Caller(Verdict::Risky), Shown::Never("answers are JSON, and streams the form of it that `Accept` asks for; what is passed on promises no type"), Mirror::Rule("media/response-removed"))),
    rule("media/response-removed", "an answer cannot have this format any more", (Judged::Caller(Verdict::Breaking), Shown::Never("answers are JSON, and streams the form of it that `Accept` asks for; what is passed on promises no type"), Mirror::Rule("media/response-added"))),
    rule("media/response-changed", "an answer has another media type", (Judged::Caller(Verdict::Breaking), Shown::Never("answers are JSON, and streams the form of it that `Accept` asks for; what is passed on promises no type"), Mirror::Itself)),
    rule("param/added-required", "a parameter is new and must be sent", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("param/removed"))),
    rule("param/added-optional", "a parameter is new and may be sent", (Judged::Caller(Verdict::Additive), Shown::Texts, Mirror::Rule("param/removed"))),
    rule("param/removed", "a parameter is gone", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("param/added-optional"))),
    rule("param/renamed", "a parameter has another name", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Itself)),
    rule("param/relocated", "a parameter stands elsewhere in the request", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Itself)),
    rule("param/became-required", "a parameter must be sent", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("param/became-optional"))),
    rule("param/became-optional", "a parameter need not be sent any more", (Judged::Caller(Verdict::Additive), Shown::Texts, Mirror::Rule("param/became-required"))),
    rule("param/default-changed", "a parameter that is not sent means something else", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Itself)),
    rule("param/encoding-changed", "several values of a parameter are written otherwise", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Itself)),
    rule("param/strictness-raised", "parameters that are not declared are refused", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("param/strictness-lowered"))),
    rule("param/strictness-lowered", "parameters that are not declared are ignored", (Judged::Caller(Verdict::Additive), Shown::Texts, Mirror::Rule("param/strictness-raised"))),
    rule("body/added-required", "a request must have a body", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("body/removed"))),
    rule("body/added-optional", "a request may have a body", (Judged::Caller(Verdict::Additive), Shown::Texts, Mirror::Rule("body/removed"))),
    rule("body/removed", "a request has no body any more", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("body/added-required"))),
    rule("body/became-required", "a body must be sent", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("body/became-optional"))),
    rule("body/became-optional", "a body need not be sent any more", (Judged::Caller(Verdict::Additive), Shown::Texts, Mirror::Rule("body/became-required"))),
    rule("body/strictness-raised", "fields that are not declared are refused", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("body/strictness-lowered"))),
    rule("body/strictness-lowered", "fields that are not declared are ignored", (Judged::Caller(Verdict::Additive), Shown::Texts, Mirror::Rule("body/strictness-raised"))),
    rule("field/added-required", "a field is new and always there", (Judged::Position([Verdict::Breaking, Verdict::Additive, Verdict::Breaking]), Shown::Texts, Mirror::Rule("field/removed"))),
    rule("field/added-optional", "a field is new and may be absent", (Judged::Position([Verdict::Additive, Verdict::Additive, Verdict::Invisible]), Shown::Texts, Mirror::Rule("field/removed"))),
    rule("field/removed", "a field is gone", (Judged::Position([Verdict::Breaking, Verdict::Breaking, Verdict::Invisible]), Shown::Texts, Mirror::Rule("field/added-optional"))),
    rule("field/renamed", "a field has another name", (Judged::Position([Verdict::Breaking, Verdict::Breaking, Verdict::Breaking]), Shown::Texts, Mirror::Itself)),
    rule("field/moved", "a field stands elsewhere", (Judged::Position([Verdict::Breaking, Verdict::Breaking, Verdict::Breaking]), Shown::Texts, Mirror::Itself)),
    rule("field/became-required", "a field is always there", (Judged::Position([Verdict::Breaking, Verdict::Additive, Verdict::Breaking]), Shown::Texts, Mirror::Rule("field/became-optional"))),
    rule("field/became-optional", "a field may be absent", (Judged::Position([Verdict::Additive, Verdict::Breaking, Verdict::Invisible]), Shown::Texts, Mirror::Rule("field/became-required"))),
    rule("field/became-nullable", "a field may be null", (Judged::Position([Verdict::Additive, Verdict::Breaking, Verdict::Invisible]), Shown::Texts, Mirror::Rule("field/became-not-null"))),
    rule("field/became-not-null", "a field is never null", (Judged::Position([Verdict::Breaking, Verdict::Additive, Verdict::Breaking]), Shown::Texts, Mirror::Rule("field/became-nullable"))),
    rule("field/default-changed", "a field that is not sent means something else", (Judged::Position([Verdict::Breaking, Verdict::Risky, Verdict::Invisible]), Shown::Texts, Mirror::Itself)),
    rule("field/direction-changed", "a field is only read or only written", (Judged::Position([Verdict::Invisible, Verdict::Invisible, Verdict::Invisible]), Shown::Elsewhere("`field/removed` and `field/added-optional` of the one type that loses or gains it"), Mirror::Itself)),
    rule("field/reordered", "fields stand in another order", (Judged::Position([Verdict::Invisible, Verdict::Invisible, Verdict::Invisible]), Shown::Texts, Mirror::Itself)),
    rule("type/replaced", "a value has another type", (Judged::Sets, Shown::Texts, Mirror::Itself)),
    rule("type/widened", "a type has more values", (Judged::Sets, Shown::Texts, Mirror::Rule("type/narrowed"))),
    rule("type/narrowed", "a type has fewer values", (Judged::Sets, Shown::Texts, Mirror::Rule("type/widened"))),
    rule("type/encoding-changed", "the same value is written otherwise", (Judged::Sets, Shown::Texts, Mirror::Itself)),
    rule("type/precision-lowered", "a number has fewer digits", (Judged::Sets, Shown::Texts, Mirror::Rule("type/widened"))),
    rule("type/renamed", "a type has another name; values stay the same", (Judged::Position([Verdict::Risky, Verdict::Risky, Verdict::Invisible]), Shown::Texts, Mirror::Itself)),
    rule("type/inlined", "a type has no name any more, or got one; values stay the same", (Judged::Position([Verdict::Risky, Verdict::Risky, Verdict::Invisible]), Shown::Texts, Mirror::Itself)),
    rule("enum/value-added", "an enum has one more value", (Judged::Sets, Shown::Texts, Mirror::Rule("enum/value-removed"))),
    rule("enum/value-removed", "an enum has one value less", (Judged::Sets, Shown::Texts, Mirror::Rule("enum/value-added"))),
    rule("enum/value-renamed", "a value of an enum is written otherwise", (Judged::Sets, Shown::Texts, Mirror::Itself)),
    rule("enum/introduced", "a text became an enum", (Judged::Sets, Shown::Texts, Mirror::Rule("enum/dropped"))),
    rule("enum/dropped", "an enum became a text", (Judged::Sets, Shown::Texts, Mirror::Rule("enum/introduced"))),
    rule("enum/opened", "an enum lets other values through", (Judged::Sets, Shown::Texts, Mirror::Rule("enum/closed"))),
    rule("enum/closed", "an enum has its declared values only", (Judged::Sets, Shown::Texts, Mirror::Rule("enum/opened"))),
    rule("enum/fallback-changed", "other values become another one", (Judged::Position([Verdict::Invisible, Verdict::Risky, Verdict::Invisible]), Shown::Texts, Mirror::Itself)),
    rule("enum/reordered", "values stand in another order", (Judged::Position([Verdict::Invisible, Verdict::Invisible, Verdict::Invisible]), Shown::Texts, Mirror::Itself)),
    rule("union/variant-added", "a union has one more variant", (Judged::Sets, Shown::Texts, Mirror::Rule("union/variant-removed"))),
    rule("union/variant-removed", "a union has one variant less", (Judged::Sets, Shown::Texts, Mirror::Rule("union/variant-added"))),
    rule("union/tag-renamed", "another field tells variants apart", (Judged::Sets, Shown::Texts, Mirror::Itself)),
    rule("union/tag-value-changed", "a variant is told by another value", (Judged::Sets, Shown::Texts, Mirror::Itself)),
    rule("union/introduced", "a record became a union", (Judged::Sets, Shown::Texts, Mirror::Rule("union/dropped"))),
    rule("union/dropped", "a union became a record", (Judged::Sets, Shown::Texts, Mirror::Rule("union/introduced"))),
    rule("foreign/tightened", "a schema of a file refuses more", (Judged::Sets, Shown::Texts, Mirror::Rule("foreign/loosened"))),
    rule("foreign/loosened", "a schema of a file refuses less", (Judged::Sets, Shown::Texts, Mirror::Rule("foreign/tightened"))),
    rule("constraint/tightened", "bounds are closer", (Judged::Sets, Shown::Texts, Mirror::Rule("constraint/loosened"))),
    rule("constraint/loosened", "bounds are wider", (Judged::Sets, Shown::Texts, Mirror::Rule("constraint/tightened"))),
    rule("constraint/pattern-added", "a text must match a pattern", (Judged::Sets, Shown::Texts, Mirror::Rule("constraint/pattern-removed"))),
    rule("constraint/pattern-removed", "a text need not match a pattern any more", (Judged::Sets, Shown::Texts, Mirror::Rule("constraint/pattern-added"))),
    rule("constraint/pattern-loosened", "a pattern matches more", (Judged::Sets, Shown::Texts, Mirror::Rule("constraint/pattern-changed"))),
    rule("constraint/pattern-changed", "a pattern matches other texts", (Judged::Sets, Shown::Texts, Mirror::Itself)),
    rule("header/added", "an answer has another header field", (Judged::Caller(Verdict::Additive), Shown::Texts, Mirror::Rule("header/removed"))),
    rule("header/removed", "an answer has lost a header field", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("header/added"))),
    rule("header/became-optional", "a header field may be absent", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("header/became-required"))),
    rule("header/became-required", "a header field is always there", (Judged::Caller(Verdict::Invisible), Shown::Texts, Mirror::Rule("header/became-optional"))),
    rule("header/renamed", "a header field has another name", (Judged::Caller(Verdict::Breaking), Shown::Elsewhere("`header/removed` and `header/added`"), Mirror::Itself)),
    rule("auth/added", "callers must say who they are", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("auth/removed"))),
    rule("auth/removed", "anybody may call", (Judged::Caller(Verdict::Additive), Shown::Texts, Mirror::Rule("auth/added"))),
    rule("auth/alternative-added", "there is another way to say who calls", (Judged::Caller(Verdict::Additive), Shown::Texts, Mirror::Rule("auth/alternative-removed"))),
    rule("auth/alternative-removed", "there is one way less to say who calls", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("auth/alternative-added"))),
    rule("auth/scheme-changed", "callers say who they are in another way", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Itself)),
    rule("auth/location-changed", "a key stands elsewhere", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Itself)),
    rule("auth/scope-added", "one more scope is needed", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("auth/scope-removed"))),
    rule("auth/scope-removed", "a scope is not needed any more", (Judged::Caller(Verdict::Additive), Shown::Texts, Mirror::Rule("auth/scope-added"))),
    rule("auth/claim-required", "a claim is needed", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::None("a claim that is not used any more takes nothing away"))),
    rule("auth/issuer-changed", "other tokens are accepted", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Itself)),
    rule("auth/leeway-shortened", "old tokens are refused sooner", (Judged::Caller(Verdict::Risky), Shown::Texts, Mirror::None("more time hurts nobody"))),
    rule("auth/revoked-removed", "tokens that were taken back count again", (Judged::Operator(Verdict::Risky), Shown::Texts, Mirror::None("what the issuer took back is refused like any token that does not count"))),
    rule("limit/added", "calls are limited", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("limit/removed"))),
    rule("limit/tightened", "fewer calls are allowed", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("limit/loosened"))),
    rule("limit/loosened", "more calls are allowed", (Judged::Caller(Verdict::Additive), Shown::Texts, Mirror::Rule("limit/tightened"))),
    rule("limit/removed", "calls are not limited any more", (Judged::Caller(Verdict::Additive), Shown::Texts, Mirror::Rule("limit/added"))),
    rule("limit/key-changed", "calls are counted by something else", (Judged::Caller(Verdict::Risky), Shown::Texts, Mirror::Itself)),
    rule("timeout/shortened", "an answer has less time", (Judged::Caller(Verdict::Risky), Shown::Texts, Mirror::Rule("timeout/lengthened"))),
    rule("timeout/lengthened", "an answer has more time", (Judged::Caller(Verdict::Invisible), Shown::Texts, Mirror::Rule("timeout/shortened"))),
    rule("size/shrunk", "requests must be smaller", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("size/grown"))),
    rule("size/grown", "requests may be larger", (Judged::Caller(Verdict::Additive), Shown::Texts, Mirror::Rule("size/shrunk"))),
    rule("cache/added", "answers can be old", (Judged::Caller(Verdict::Risky), Shown::Texts, Mirror::Rule("cache/removed"))),
    rule("cache/longer", "answers can be older", (Judged::Caller(Verdict::Risky), Shown::Texts, Mirror::Rule("cache/shorter"))),
    rule("cache/removed", "answers are made for each request", (Judged::Caller(Verdict::Invisible), Shown::Texts, Mirror::Rule("cache/added"))),
    rule("cache/shorter", "answers are kept for less time", (Judged::Caller(Verdict::Invisible), Shown::Texts, Mirror::Rule("cache/longer"))),
    rule("cache/shared", "callers share answers that they did not share", (Judged::Operator(Verdict::Risky), Shown::Texts, Mirror::None("answers that are not shared any more leak nothing"))),
    rule("cors/narrowed", "fewer web pages may call", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("cors/widened"))),
    rule("cors/widened", "more web pages may call", (Judged::Caller(Verdict::Additive), Shown::Texts, Mirror::Rule("cors/narrowed"))),
    rule("compress/requests-refused", "requests may not be compressed any more", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("compress/requests-taken"))),
    rule("compress/requests-taken", "requests may be compressed", (Judged::Caller(Verdict::Additive), Shown::Texts, Mirror::Rule("compress/requests-refused"))),
    rule("compress/answers-changed", "answers are compressed otherwise", (Judged::Caller(Verdict::Invisible), Shown::Texts, Mirror::Itself)),
    rule("avail/call-became-required", "the endpoint fails where a call fails", (Judged::Caller(Verdict::Risky), Shown::Texts, Mirror::Rule("avail/call-became-optional"))),
    rule("avail/call-became-optional", "the endpoint survives where a call fails", (Judged::Caller(Verdict::Invisible), Shown::Texts, Mirror::Rule("avail/call-became-required"))),
    rule("avail/fallback-changed", "something else stands in for a result that failed", (Judged::Caller(Verdict::Risky), Shown::Texts, Mirror::Itself)),
    rule("avail/error-remapped", "a failure of a backend becomes another error", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Itself)),
    rule("page/default-changed", "a page that is not asked for in detail has other elements", (Judged::Caller(Verdict::Breaking), Shown::Elsewhere("`param/default-changed` of the parameter"), Mirror::Itself)),
    rule("page/scheme-changed", "pages are asked for otherwise", (Judged::Caller(Verdict::Breaking), Shown::Elsewhere("`param/removed` and `param/added-optional` of the parameters that ask for a page"), Mirror::Itself)),
    rule("page/total-dropped", "an answer does not say how many there are", (Judged::Caller(Verdict::Breaking), Shown::Elsewhere("`field/removed` of the field"), Mirror::None("a total that is new is field/added-required"))),
    rule("life/deprecated", "callers are told to leave", (Judged::Caller(Verdict::Invisible), Shown::Texts, Mirror::Rule("life/undeprecated"))),
    rule("life/undeprecated", "callers may stay", (Judged::Caller(Verdict::Invisible), Shown::Texts, Mirror::Rule("life/deprecated"))),
    rule("life/sunset-missing", "something goes, and nobody says when", (Judged::Caller(Verdict::Breaking), Shown::Elsewhere("`deprecated-without-date`"), Mirror::None("a date that is there is life/sunset-later"))),
    rule("life/sunset-invalid", "a date of the end cannot be right", (Judged::Caller(Verdict::Breaking), Shown::Elsewhere("`sunset-before-deprecation` and `invalid-date`"), Mirror::None("a valid date is no change"))),
    rule("life/sunset-too-soon", "callers have less time than they were promised", (Judged::Caller(Verdict::Breaking), Shown::Elsewhere("`sunset-too-soon`"), Mirror::None("a date far enough is no change"))),
    rule("life/sunset-earlier", "the end comes sooner than announced", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("life/sunset-later"))),
    rule("life/sunset-later", "the end comes later than announced", (Judged::Caller(Verdict::Invisible), Shown::Texts, Mirror::Rule("life/sunset-earlier"))),
    rule("life/sunset-removed", "the date of the end is gone, and the deprecation is not", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::None("a date that is new is life/deprecated"))),
    rule("life/removed-before-sunset", "something goes before the date that was told", (Judged::Caller(Verdict::Breaking), Shown::Test("compiler/cli/tests/cli/publish.rs: a_version_lives_and_ends"), Mirror::None("what is still there is no change"))),
    rule("life/stability-lowered", "a version is a draft again", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("life/stability-raised"))),
    rule("life/stability-raised", "a version is no draft any more", (Judged::Caller(Verdict::Invisible), Shown::Texts, Mirror::Rule("life/stability-lowered"))),
    rule("life/stability-invalid", "a level of stability that does not exist", (Judged::Caller(Verdict::Breaking), Shown::Elsewhere("`unexpected-text`"), Mirror::None("a valid word is no change"))),
    rule("life/number-not-raised", "a published version breaks, and has its old number", (Judged::Caller(Verdict::Breaking), Shown::Test("tests/compiler/lock.rs: what_callers_rely_on_may_not_change"), Mirror::None("a number that is raised is life/version-added"))),
    rule("life/version-added", "there is another version", (Judged::Caller(Verdict::Additive), Shown::Texts, Mirror::Rule("life/version-retired"))),
    rule("life/version-retired", "a version is gone", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Rule("life/version-added"))),
    rule("life/selection-changed", "callers name the version otherwise", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Itself)),
    rule("life/default-version-changed", "a request that names no version gets another one", (Judged::Caller(Verdict::Breaking), Shown::Texts, Mirror::Itself)),
    rule("life/parent-changed", "a version starts from another one and means the same", (Judged::Caller(Verdict::Invisible), Shown::Test("tests/compiler/rules.rs: a_version_from_another_one_with_the_same_meaning_is_the_same"), Mirror::Itself)),
    rule("wire/call-added", "a backend is asked once more", (Judged::Caller(Verdict::Invisible), Shown::Texts, Mirror::Rule("wire/call-removed"))),
    rule("wire/call-removed", "a backend is asked once less", (Judged::Backend(Verdict::Additive), Shown::Texts, Mirror::Rule("wire/call-added"))),
    rule("wire/call-changed", "a backend is asked for something else", (Judged::Backend(Verdict::Breaking), Shown::Texts, Mirror::Itself)),
    rule("wire/copy-changed", "calls are copied to other backends", (Judged::Backend(Verdict::Risky), Shown::Texts, Mirror::Itself)),
    rule("wire/sends-more", "a backend is sent more", (Judged::Backend(Verdict::Risky), Shown::Texts, Mirror::Rule("wire/sends-less"))),
    rule("wire/sends-less", "a backend is sent less", (Judged::Backend(Verdict::Risky), Shown::Texts, Mirror::Rule("wire/sends-more"))),
    rule("wire/needs-more", "more of a result is needed", (Judged::Backend(Verdict::Breaking), Shown::Texts, Mirror::Rule("wire/needs-less"))),
    rule("wire/needs-less", "less of a result is needed", (Judged::Backend(Verdict::Additive), Shown::Texts, Mirror::Rule("wire/needs-more"))),
    rule("wire/source-changed", "a value comes from somewhere else", (Judged::Caller(Verdict::Risky), Shown::Texts, Mirror::Itself)),
    rule("wire/order-changed", "a call waits for others", (Judged::Caller(Verdict::Invisible), Shown::Texts, Mirror::Itself)),
    rule("wire/retry-changed", "failed calls are repeated otherwise", (Judged::Backend(Verdict::Risky), Shown::Texts, Mirror::Itself)),
    rule("wire/breaker-changed", "calls stop at other failures", (Judged::Backend(Verdict::Risky), Shown::Texts, Mirror::Itself)),
    rule("wire/connection-changed", "a backend is connected to otherwise", (Judged::Backend(Verdict::Risky), Shown::Texts, Mirror::Itself)),
    rule("wire/claim-forwarded", "a claim leaves for a backend", (Judged::Backend(Verdict::Additive), Shown::Texts, Mirror::None("a claim that stays here is seen by fewer"))),
    rule("ops/env-added", "a variable must be set", (Judged::Operator(Verdict::Breaking), Shown::Texts, Mirror::Rule("ops/env-removed"))),
    rule("ops/env-optional", "a variable may be set", (Judged::Operator(Verdict::Additive), Shown::Texts, Mirror::Rule("ops/env-removed"))),
    rule("ops/env-removed", "a variable is not read any more", (Judged::Operator(Verdict::Invisible), Shown::Texts, Mirror::Rule("ops/env-added"))),
    rule("ops/env-retyped", "a variable holds something else", (Judged::Operator(Verdict::Breaking), Shown::Texts, Mirror::Itself)),
    rule("ops/env-narrowed", "a variable has closer bounds", (Judged::Operator(Verdict::Breaking), Shown::Texts, Mirror::None("wider bounds take nothing away"))),
    rule("ops/versions-changed", "a program serves other versions", (Judged::Operator(Verdict::Risky), Shown::Test("compiler/cli/tests/build.rs: every_version_is_a_program_unless_all_are_one"), Mirror::Itself)),
    rule("ops/port-changed", "the runtime listens elsewhere", (Judged::Operator(Verdict::Risky), Shown::Never("no contract says it: a release of the runtime does, in its changelog"), Mirror::Itself)),
    rule("ops/metric-renamed", "a metric has another name", (Judged::Operator(Verdict::Risky), Shown::Never("no contract says it: a release of the runtime does, in its changelog"), Mirror::Itself)),
    rule("ops/log-changed", "events are logged otherwise", (Judged::Operator(Verdict::Risky), Shown::Never("no contract says it: a release of the runtime does, in its changelog"), Mirror::Itself)),
    rule("proof/case-added", "a case is new", (Judged::Caller(Verdict::Invisible), Shown::Texts, Mirror::Rule("proof/case-removed"))),
    rule("proof/case-removed", "a case is gone, and what it proved", (Judged::Caller(Verdict::Risky), Shown::Texts, Mirror::Rule("proof/case-added"))),
    rule("proof/case-changed", "a case proves something else", (Judged::Caller(Verdict::Risky), Shown::Texts, Mirror::Itself)),
    rule("people/owner-changed", "somebody else answers for it", (Judged::Caller(Verdict::Invisible), Shown::Texts, Mirror::Itself)),
    rule("people/consumer-added", "somebody says that they rely on it", (Judged::Caller(Verdict::Invisible), Shown::Texts, Mirror::Rule("people/consumer-removed"))),
    rule("people/consumer-removed", "somebody does not rely on it any more", (Judged::Caller(Verdict::Invisible), Shown::Texts, Mirror::Rule("people/consumer-added"))),
    rule("docs/changed", "only words changed", (Judged::Caller(Verdict::Invisible), Shown::Texts, Mirror::Itself)),
];

#[cfg(test)]
mod tests {
    use super::{Mirror, RULES, Rule};

    #[test]
    fn every_rule_has_its_mirror_or_says_why_not() {
        for rule in RULES {
            match rule.mirror {
                Mirror::Itself => {}
                Mirror::None(why) => assert!(why.len() > 10, "{}", rule.id),
                Mirror::Rule(other) => {
                    let other =
                        Rule::named(other).unwrap_or_else(|| panic!("{}: {other}", rule.id));
                    assert!(
                        !matches!(other.mirror, Mirror::None(_)),
                        "{} and {}",
                        rule.id,
                        other.id
                    );
                    assert_eq!(area(rule), area(other), "{} and {}", rule.id, other.id);
                }
            }
        }
    }

    fn area(rule: &Rule) -> &str {
        rule.id.split_once('/').map_or("", |(area, _)| area)
    }

    #[test]
    fn names_are_there_once() {
        for (at, rule) in RULES.iter().enumerate() {
            assert!(RULES.iter().skip(at + 1).all(|other| other.id != rule.id), "{}", rule.id);
        }
        assert_eq!(RULES.len(), 174);
    }
}
