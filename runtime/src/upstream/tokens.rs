//! Tokens that calls to a backend carry (RFC 6749 section 4.4): asked for when the first call needs
//! one, by one request at a time for all cores, and again ahead of their end.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::HeaderValue;
use tokio::sync::watch;

use super::Address;
use super::call::encode_field;
use super::failure::Reason;
use super::fetch::{Asked, ask};
use crate::auth::base64;
use crate::json::{self, Maybe};
use crate::observe;

/// The largest answer of an issuer, in bytes.
const LARGEST: usize = 64 * 1024;
/// The longest token, in bytes.
const LONGEST: usize = 16 * 1024;
/// How long a token is used whose answer does not say when it ends (RFC 6749 section 5.1).
const UNKNOWN_END: Duration = Duration::from_secs(300);
/// The longest that a token is used, whatever its answer says.
const LONGEST_USE: Duration = Duration::from_secs(24 * 3600);
/// How long before its end a token is asked for anew, at most: a quarter of its time if that is less.
const AHEAD: Duration = Duration::from_secs(60);
/// How long before its end a token is not used any more, at most: a tenth of its time if that is less.
const MARGIN: Duration = Duration::from_secs(5);
/// How soon an issuer is asked again that had no token to give, first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// How soon a token is let go again because a backend refuses it: one that refuses all of them does
/// not make the gateway ask more often.
const REFUSED: Duration = Duration::from_secs(10);

/// The tokens for one backend, the same for all cores.
pub(crate) struct Tokens {
    backend: &'static str,
    address: Address,
    /// Who asks.
    authorization: HeaderValue,
    /// What is asked for, a form.
    form: Bytes,
    state: Mutex<State>,
    /// How often an issuer has answered, told to those who wait.
    answers: watch::Sender<u64>,
}

/// What is known of tokens.
#[derive(Default)]
struct State {
    held: Option<Held>,
    /// Whether an answer is on its way.
    asking: bool,
    /// After a failure: when to ask again, how long to wait after the next one, and what was wrong.
    failed: Option<(Instant, Duration, String)>,
    /// When a backend last refused a token.
    refused: Option<Instant>,
}

/// A token in use.
struct Held {
    /// `Bearer …`
    value: HeaderValue,
    /// From when on another is asked for.
    stale: Instant,
    /// From when on it is not used.
    end: Instant,
}

/// What to do for a call that needs a token.
enum Step {
    Use(HeaderValue),
    Fail(String),
    Wait,
}

/// Sees to it that somebody else asks if whoever asks does not come to an end.
struct Asking(Arc<Tokens>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.lock().asking = false;
        self.0.answers.send_modify(|answers| *answers += 1);
    }
}

/// Who asks for tokens, and what for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asks<'t> {
    pub(crate) client: &'t str,
    pub(crate) secret: &'t str,
    pub(crate) scopes: &'t [&'static str],
    pub(crate) audience: Option<&'t str>,
}

impl Tokens {
    /// Tokens of the issuer at `address`, none of which is asked for yet.
    pub(crate) fn new(backend: &'static str, address: Address, grant: Asks<'_>) -> Tokens {
        // Both are encoded as parts of a form before they are put together (RFC 6749 section 2.3.1).
        let mut who = String::new();
        encode_field(grant.client, &mut who);
        who.push(':');
        encode_field(grant.secret, &mut who);
        let basic = format!("Basic {}", base64::encode(who.as_bytes()));
        let mut authorization =
            HeaderValue::try_from(basic).unwrap_or_else(|_| HeaderValue::from_static(""));
        authorization.set_sensitive(true);
        let mut form = "grant_type=client_credentials".to_owned();
        let scopes = grant.scopes.join(" ");
        let scope = Some(scopes.as_str()).filter(|scopes| !scopes.is_empty());
        for (name, value) in [("scope", scope), ("audience", grant.audience)] {
            if let Some(value) = value {
                form.push('&');
                form.push_str(name);
                form.push('=');
                encode_field(value, &mut form);
            }
        }
        let answers = watch::Sender::new(0);
        let (form, state) = (Bytes::from(form), Mutex::default());
        Tokens { backend, address, authorization, form, state, answers }
    }

    /// The value of `Authorization` for a call that begins now. Whoever comes while a token is being
    /// asked for waits for the same answer.
    ///
    /// # Errors
    ///
    /// No token can be had: the issuer gives none, or did not a moment ago.
    pub(super) async fn token(self: &Arc<Tokens>) -> Result<HeaderValue, Reason> {
        let mut answers = self.answers.subscribe();
        loop {
            match self.step() {
                Step::Use(value) => return Ok(value),
                Step::Fail(reason) => return Err(Reason::NoToken(reason)),
                Step::Wait => {}
            }
            if answers.changed().await.is_err() {
                return Err(Reason::NoToken("nobody asks for one".to_owned()));
            }
        }
    }

    /// Lets go of a token that the backend does not accept, unless that was so a moment ago, or
    /// another has taken its place already. Says whether there can be a better one.
    pub(super) fn refused(&self, value: &HeaderValue) -> bool {
        let mut state = self.lock();
        let Some(held) = &state.held else { return state.failed.is_none() };
        if held.value != *value {
            return true;
        }
        if state.refused.is_some_and(|last| last.elapsed() < REFUSED) {
            return false;
        }
        state.held = None;
        state.refused = Some(Instant::now());
        true
    }

    fn step(self: &Arc<Tokens>) -> Step {
        let now = Instant::now();
        let mut state = self.lock();
        let held = state.held.as_ref().filter(|held| now < held.end);
        let (value, stale) =
            (held.map(|held| held.value.clone()), held.is_none_or(|held| held.stale <= now));
        let pause = state.failed.as_ref().filter(|(until, ..)| now < *until);
        let failed = pause.map(|(.., reason)| reason.clone());
        if stale && !state.asking && failed.is_none() {
            state.asking = true;
            let asking = Asking(Arc::clone(self));
            // In a task of its own: whoever has begun it may go before the answer comes.
            tokio::task::spawn_local(async move {
                let outcome = asking.0.fetch().await;
                asking.0.take(outcome);
            });
        }
        match (value, failed) {
            (Some(value), _) => Step::Use(value),
            (None, Some(reason)) => Step::Fail(reason),
            (None, None) => Step::Wait,
        }
    }

    /// Takes note of what an issuer has said.
    fn take(&self, outcome: Result<(HeaderValue, Duration), String>) {
        let now = Instant::now();
        let mut state = self.lock();
        match outcome {
            Ok((value, time)) => {
                let (stale, end) =
                    (now + (time - AHEAD.min(time / 4)), now + (time - MARGIN.min(time / 10)));
                state.held = Some(Held { value, stale, end });
                state.failed = None;
            }
            Err(reason) => {
                let pause = state.failed.as_ref().map_or(RETRY.0, |(_, pause, _)| *pause);
                let held = state.held.as_ref().is_some_and(|held| now < held.end);
                state.failed = Some((now + pause, (pause * 2).min(RETRY.1), reason.clone()));
                drop(state);
                observe::token_failed(self.backend, &reason, held);
            }
        }
    }

    /// A token, and how long it may be used.
    async fn fetch(&self) -> Result<(HeaderValue, Duration), String> {
        let asked = Asked {
            accept: "application/json",
            limit: LARGEST,
            form: Some((self.authorization.clone(), self.form.clone())),
        };
        match ask(&self.address, asked).await {
            Ok(body) => read(&body),
            // Why it refuses is for its own log, and may repeat what it was told.
            Err(reason) => Err(reason.to_string()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Tokens {
    /// Secrets stand in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("backend", &self.backend).finish_non_exhaustive()
    }
}

/// What an issuer answers (RFC 6749 section 5.1).
fn read(body: &[u8]) -> Result<(HeaderValue, Duration), String> {
    const MEMBERS: &[&str; 3] = &["access_token", "expires_in", "token_type"];
    let found = json::read_result(body, |reader| reader.members(MEMBERS));
    let [token, ends, kind] = found.map_err(|_| "the answer is no JSON object".to_owned())?;
    let text = |value: &Maybe<json::Raw<'_>>| match value {
        Maybe::Value(value) if value.json().starts_with('"') => Some(value.text().into_owned()),
        _ => None,
    };
    if !text(&kind).is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")) {
        return Err("the answer has no token of type `Bearer`".to_owned());
    }
    // RFC 6750 section 2.1: what else there is could not be told from the rest of a request.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    let token = text(&token).filter(|token| !token.is_empty() && token.len() <= LONGEST);
    let token = token.filter(|token| token.bytes().all(plain));
    let value = token.and_then(|token| HeaderValue::try_from(format!("Bearer {token}")).ok());
    let mut value = value.ok_or("the answer has no usable `access_token`")?;
    value.set_sensitive(true);
    let seconds: Option<f64> = match &ends {
        Maybe::Absent | Maybe::Null => return Ok((value, UNKNOWN_END)),
        Maybe::Value(ends) if ends.is_null() => return Ok((value, UNKNOWN_END)),
        Maybe::Value(ends) => ends.plain().parse().ok().filter(|time: &f64| *time >= 1.0),
        Maybe::Violated => None,
    };
    let seconds = seconds.ok_or("the token of the answer has ended already")?;
    let time = Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_USE);
    Ok((value, time.min(LONGEST_USE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Result<(String, u64), String> {
        let (value, time) = read(text.as_bytes())?;
        Ok((value.to_str().expect("ASCII").to_owned(), time.as_secs()))
    }

    #[test]
    fn an_answer_is_a_bearer_and_has_an_end() {
        let good = |text: &str, time: u64| {
            assert_eq!(at(text), Ok(("Bearer a.b-c".to_owned(), time)), "{text}");
        };
        good(r#"{"access_token":"a.b-c","token_type":"Bearer","expires_in":60}"#, 60);
        good(r#"{"token_type":"bearer","expires_in":"60","access_token":"a.b-c","x":[]}"#, 60);
        good(r#"{"access_token":"a.b-c","token_type":"BEARER"}"#, 300);
        good(r#"{"access_token":"a.b-c","token_type":"Bearer","expires_in":null}"#, 300);
        good(r#"{"access_token":"a.b-c","token_type":"Bearer","expires_in":1e300}"#, 86_400);
        for odd in [
            "",
            "[]",
            "<html>",
            "{}",
            r#"{"access_token":"a"}"#,
            r#"{"access_token":"a","token_type":"mac","expires_in":60}"#,
            r#"{"access_token":"","token_type":"Bearer","expires_in":60}"#,
            r#"{"access_token":"a b","token_type":"Bearer","expires_in":60}"#,
            r#"{"access_token":"a\r\nX: y","token_type":"Bearer","expires_in":60}"#,
            r#"{"access_token":["a"],"token_type":"Bearer","expires_in":60}"#,
            r#"{"access_token":"a","token_type":"Bearer","expires_in":0}"#,
            r#"{"access_token":"a","token_type":"Bearer","expires_in":-1}"#,
            r#"{"access_token":"a","token_type":"Bearer","expires_in":"soon"}"#,
            r#"{"access_token":"a","token_type":"Bearer","expires_in":[]}"#,
            r#"{"access_token":"a","access_token":"b","token_type":"Bearer"}"#,
        ] {
            assert!(at(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn who_asks_is_encoded_before_it_is_put_together() {
        let address = Address::parse("http://127.0.0.1:1/token").expect("an address");
        let grant = Asks {
            client: "a:b c",
            secret: "ä/%",
            scopes: &["read", "write"],
            audience: Some("https://orders.example/"),
        };
        let tokens = Tokens::new("orders", address, grant);
        // `a%3Ab+c:%C3%A4%2F%25`
        assert_eq!(tokens.authorization, "Basic YSUzQWIrYzolQzMlQTQlMkYlMjU=");
        assert_eq!(
            tokens.form,
            "grant_type=client_credentials&scope=read+write&audience=https%3A%2F%2Forders.example%2F"
        );
        assert!(!format!("{tokens:?}").contains("Basic"));
    }
}
