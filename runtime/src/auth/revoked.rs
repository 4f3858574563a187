//! Tokens that do not count any more, though they have not ended: a list, looked at again and again.

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::sleep;

use super::guard::reachable;
use crate::json::{self, Maybe, Raw};
use crate::observe;
use crate::upstream::{Address, fetch};

/// The largest list, in bytes.
const LARGEST: usize = 4 << 20;
/// The most entries of a list.
const MOST: usize = 100_000;
/// How soon a list that could not be had is looked at again, first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// The list of one scheme, the same for all cores.
pub(super) struct Revoked {
    scheme: &'static str,
    place: Place,
    refresh: Duration,
    /// The last list that could be had; nothing before the first.
    list: RwLock<Option<Arc<List>>>,
}

/// Where a list is.
enum Place {
    Url(Address),
    File(PathBuf),
}

/// Names of tokens (`jti`), and those whom none counts of (`sub`).
#[derive(Debug, Default, PartialEq)]
struct List {
    tokens: HashSet<String>,
    subjects: HashSet<String>,
}

impl Revoked {
    /// The list that a variable with this text leads to: an address, or the path of a file.
    ///
    /// # Errors
    ///
    /// Why there can be none, as it stands behind the name of the variable.
    pub(super) fn read(
        (scheme, refresh): (&'static str, Duration),
        text: &str,
    ) -> Result<Revoked, String> {
        let place = match text.contains("://") {
            true => Place::Url(reachable(text)?),
            false => Place::File(PathBuf::from(text)),
        };
        Ok(Revoked { scheme, place, refresh, list: RwLock::default() })
    }

    /// Whether there was a list.
    pub(super) fn is_there(&self) -> bool {
        self.state().is_some()
    }

    /// Whether a token of this name, about this subject, does not count; nothing while that is not
    /// known.
    pub(super) fn has(&self, token: Option<&str>, subject: Option<&str>) -> Option<bool> {
        let list = self.state()?;
        let token = token.is_some_and(|token| list.tokens.contains(token));
        Some(token || subject.is_some_and(|subject| list.subjects.contains(subject)))
    }

    fn state(&self) -> Option<Arc<List>> {
        self.list.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks at the list for ever.
    pub(super) async fn keep(self: Arc<Revoked>) {
        let mut pause = RETRY.0;
        loop {
            let next = match self.look().await {
                Ok(list) => {
                    *self.list.write().unwrap_or_else(PoisonError::into_inner) =
                        Some(Arc::new(list));
                    pause = RETRY.0;
                    self.refresh
                }
                Err(reason) => {
                    observe::list_failed(self.scheme, &reason, self.is_there());
                    let next = pause.min(self.refresh);
                    pause = (pause * 2).min(RETRY.1);
                    next
                }
            };
            sleep(next).await;
        }
    }

    async fn look(&self) -> Result<List, String> {
        match &self.place {
            Place::Url(address) => {
                let body = fetch(address, "application/json", LARGEST).await;
                parse(&body.map_err(|reason| reason.to_string())?)
            }
            Place::File(path) => {
                let unread = |error: std::io::Error| format!("the file cannot be read: {error}");
                let about = std::fs::metadata(path).map_err(unread)?;
                if !about.is_file() || about.len() > LARGEST as u64 {
                    return Err(format!("it is no file of at most {LARGEST} bytes"));
                }
                parse(&std::fs::read(path).map_err(unread)?)
            }
        }
    }
}

impl fmt::Debug for Revoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revoked").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

/// `{"jti":["…"],"sub":["…"]}`, at least one of them.
fn parse(text: &[u8]) -> Result<List, String> {
    let found = json::read_result(text, |reader| reader.members(&["jti", "sub"]));
    let [tokens, subjects] = found.map_err(|_| "it is no JSON object".to_owned())?;
    if matches!((&tokens, &subjects), (Maybe::Absent, Maybe::Absent)) {
        return Err("it has neither `jti` nor `sub`".to_owned());
    }
    let list = List { tokens: texts(&tokens)?, subjects: texts(&subjects)? };
    if list.tokens.len() + list.subjects.len() > MOST {
        return Err(format!("it has more than {MOST} entries"));
    }
    Ok(list)
}

fn texts(value: &Maybe<Raw<'_>>) -> Result<HashSet<String>, String> {
    let odd = || "an entry is no text".to_owned();
    match value {
        Maybe::Absent => Ok(HashSet::new()),
        Maybe::Value(value) if value.json().starts_with('[') => {
            let text = |one: Raw<'_>| match one.json().starts_with('"') {
                true => Ok(one.text().into_owned()),
                false => Err(odd()),
            };
            value.elements().take(MOST + 1).map(text).collect()
        }
        _ => Err(odd()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_whole_or_none() {
        let list = parse(br#"{"jti":["a","b"],"sub":["c"],"more":1}"#).expect("a list");
        assert_eq!((list.tokens.len(), list.subjects.len()), (2, 1));
        assert!(parse(br#"{"jti":[]}"#).is_ok());
        for odd in [
            "",
            "{}",
            "[]",
            "<html>",
            r#"{"jti":"a"}"#,
            r#"{"jti":[1]}"#,
            r#"{"jti":null}"#,
            r#"{"jti":["a"]"#,
            r#"{"jti":["a"],"jti":[]}"#,
            r#"{"tokens":["a"]}"#,
        ] {
            assert!(parse(odd.as_bytes()).is_err(), "{odd}");
        }
        let many: Vec<String> = (0..=MOST).map(|number| format!("\"{number}\"")).collect();
        assert!(parse(format!("{{\"jti\":[{}]}}", many.join(",")).as_bytes()).is_err());
    }
}
