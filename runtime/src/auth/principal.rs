//! Whoever calls, once that is known.

use std::borrow::Cow;

use super::challenge::{Challenge, Fault};
use crate::contract::Scheme;
use crate::error::{Error, Kind};
use crate::json::{self, Read, Reader};
use crate::reuse::Parts;

/// Whoever calls.
///
/// It has no `Debug` that shows what is known of somebody: that is for the contract alone.
pub(crate) struct Principal {
    pub(super) scheme: &'static Scheme,
    /// The name of the API, for what a refused caller is told.
    pub(super) realm: &'static str,
    /// What is known, a JSON object.
    pub(super) claims: String,
    /// What tells this caller from others of the same scheme, if anything does.
    pub(super) id: Option<String>,
    #[cfg(feature = "auth")]
    pub(super) scopes: Vec<String>,
    #[cfg(feature = "auth")]
    pub(super) roles: Vec<String>,
}

impl Principal {
    /// The scheme that let the caller in.
    pub(crate) fn scheme(&self) -> &'static Scheme {
        self.scheme
    }

    /// What tells this caller from all others of the same scheme: the name of a key, a user, the
    /// issuer and subject of a token. Nothing for a token without a subject.
    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The text of one claim, `sub`, in plain form; nothing where it is missing, null, or no text,
    /// number or boolean.
    pub(crate) fn claim(&self, name: &'static str) -> Option<Cow<'_, str>> {
        let mut found = json::Maybe::Absent;
        json::read_result(self.claims.as_bytes(), |reader| {
            let mut object = reader.object()?;
            while reader.member_among(&mut object, &[name])?.is_some() {
                reader.leaf(&mut found, Reader::any)?;
            }
            Ok(())
        })
        .ok()?;
        match found {
            json::Maybe::Value(value) if !value.json().starts_with(['{', '[']) => {
                Some(value.plain())
            }
            _ => None,
        }
    }

    /// Writes what tells this caller from all others, and what is known of them under these names,
    /// as it was sent. Nothing where callers cannot be told apart.
    pub(crate) fn write_key(&self, claims: &[&'static str], key: &mut Parts) -> Option<()> {
        key.number(self.scheme.index);
        key.part(self.id()?.as_bytes());
        let mut found = vec![json::Maybe::Absent; claims.len()];
        json::read_result(self.claims.as_bytes(), |reader| {
            let mut object = reader.object()?;
            while let Some(place) = reader.member_among(&mut object, claims)? {
                if let Some(slot) = found.get_mut(place) {
                    reader.field(slot, Reader::any)?;
                }
            }
            Ok(())
        })
        .ok()?;
        for one in found {
            match one {
                json::Maybe::Value(value) => key.part(value.json().as_bytes()),
                json::Maybe::Null => key.part(b"null"),
                _ => key.part(b""),
            }
        }
        Some(())
    }

    /// Reads what is known of the caller.
    ///
    /// # Errors
    ///
    /// 401 when it is not what the contract declares of it. The log says what is wrong, without the
    /// value.
    #[inline]
    pub(crate) fn read<'a, T>(
        &'a self,
        read: impl FnOnce(&mut Reader<'a>) -> Read<T>,
    ) -> Result<T, Error> {
        json::read_result(self.claims.as_bytes(), read)
            .map_err(|violation| self.strange(&violation))
    }

    /// The error about a caller of whom something is not known that every caller of its scheme has.
    #[cold]
    pub(crate) fn lacks(&self, what: &str) -> Error {
        let challenge = Challenge::of(self.scheme, self.realm, Some(Fault::Invalid));
        let kind = Kind::Unauthenticated { challenges: vec![challenge.to_string()] };
        Error::from(kind)
            .because(format!("the token of `{}` has no single value at `{what}`", self.scheme.name))
    }

    #[cold]
    fn strange(&self, violation: &crate::check::Violation) -> Error {
        let challenge = Challenge::of(self.scheme, self.realm, Some(Fault::Invalid));
        let kind = Kind::Unauthenticated { challenges: vec![challenge.to_string()] };
        Error::from(kind).because(format!(
            "the token of `{}` has {} at {:?}, which must be {}",
            self.scheme.name, violation.found, violation.pointer, violation.expected
        ))
    }

    /// The error about an endpoint that reads what is known of a caller who is not known: the
    /// compiler lets no contract say that.
    #[cold]
    pub(crate) fn of_nobody() -> Error {
        Error::from(Kind::Internal).because("nothing is known of who calls".to_owned())
    }

    /// Whether the caller has all of these.
    #[cfg(feature = "auth")]
    pub(super) fn has(&self, scopes: &[&str], roles: &[&str]) -> bool {
        let all = |wanted: &[&str], held: &[String]| {
            wanted.iter().all(|one| held.iter().any(|other| other == one))
        };
        all(scopes, &self.scopes) && all(roles, &self.roles)
    }
}

impl std::fmt::Debug for Principal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Principal").field("scheme", &self.scheme.name).finish_non_exhaustive()
    }
}
