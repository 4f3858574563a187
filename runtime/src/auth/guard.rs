//! Who is let in: one guard per way to say who calls.

use std::io;
use std::sync::Arc;

use http::HeaderMap;

use super::basic::{Checked, Passwords};
use super::challenge::{Challenge, Fault};
use super::claims::Wanted;
use super::fields::{self, Shown};
use super::jws;
use super::keys::Keys;
use super::revoked::Revoked;
use super::source::{Keeping, Place, Source};
use super::tokens::{Found, Tokens};
use super::{Certificate, Principal};
use crate::contract::{self, Access, Contract, KeySource, Scheme, SchemeKind, Setting};
use crate::error::{Error, Kind};
use crate::json::Writer;
use crate::upstream::Address;

/// What a scheme checks with, read from the environment.
#[derive(Debug)]
pub(crate) enum Prepared {
    Keys(Keys),
    Passwords(Box<Passwords>),
    Tokens(Tokens),
    /// Authorities are kept with what secures connections, which asks for their certificates.
    Certificates,
}

impl Prepared {
    /// Reads what `scheme` checks with; `text` is the text of a variable, if that has one.
    ///
    /// # Errors
    ///
    /// The variable, and what is wrong with it. One that has no text has a fault already.
    pub(crate) fn read(
        scheme: &'static Scheme,
        text: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Prepared, (&'static str, String)> {
        let list = |variable: &'static str| text(variable).ok_or((variable, String::new()));
        match &scheme.kind {
            SchemeKind::ApiKey { keys, .. } => {
                let parsed = Keys::parse(&list(keys)?);
                parsed.map(Prepared::Keys).map_err(|reason| (*keys, reason))
            }
            SchemeKind::Basic { keys } => {
                let parsed = Passwords::parse(&list(keys)?);
                parsed
                    .map(|one| Prepared::Passwords(Box::new(one)))
                    .map_err(|reason| (*keys, reason))
            }
            SchemeKind::Tokens(tokens) => self::tokens(scheme, tokens, text).map(Prepared::Tokens),
            SchemeKind::Certificate { .. } if cfg!(feature = "tls") => Ok(Prepared::Certificates),
            SchemeKind::Certificate { authorities } => {
                Err((authorities, "is set, but this gateway is built without TLS".to_owned()))
            }
        }
    }
}

/// What tokens are checked with.
fn tokens(
    scheme: &'static Scheme,
    rules: &'static contract::Tokens,
    text: &dyn Fn(&str) -> Option<String>,
) -> Result<Tokens, (&'static str, String)> {
    let lookup = |variable: &'static str| text(variable).ok_or((variable, String::new()));
    let texts = |settings: &'static [Setting]| {
        let one = |setting: &Setting| match *setting {
            Setting::Fixed(text) => Ok(text.to_owned()),
            Setting::Env(variable) => lookup(variable),
        };
        settings.iter().map(one).collect::<Result<Vec<_>, _>>()
    };
    let issuers = texts(rules.issuers)?;
    let audiences = texts(rules.audiences)?;
    let wanted = Wanted { rules, issuers, audiences };
    let revoked = match rules.revoked {
        Some(contract::Revoked { from, refresh }) => {
            let list = Revoked::read((scheme.name, refresh), &lookup(from)?);
            Some(Arc::new(list.map_err(|reason| (from, reason))?))
        }
        None => None,
    };
    match rules.keys {
        KeySource::Secret(variable) => {
            let secret = jws::secret(&lookup(variable)?).map_err(|reason| (variable, reason))?;
            Ok(Tokens::with_secret(wanted, secret, revoked))
        }
        KeySource::Set { url, refresh } => {
            let place = Place::Set(reachable(&lookup(url)?).map_err(|reason| (url, reason))?);
            let source = Source::new(scheme.name, place, refresh);
            Ok(Tokens::with_keys_of(wanted, source, revoked))
        }
        KeySource::Issuer { refresh } => {
            let variable = match rules.issuers.first() {
                Some(Setting::Env(variable)) => variable,
                _ => "",
            };
            let issuer = lookup(variable)?;
            let place = Place::of_issuer(&issuer).map_err(|reason| (variable, reason))?;
            let source = Source::new(scheme.name, place, refresh);
            Ok(Tokens::with_keys_of(wanted, source, revoked))
        }
    }
}

/// An address that can be asked.
///
/// # Errors
///
/// Why not, as it stands behind the name of its variable.
pub(super) fn reachable(text: &str) -> Result<Address, String> {
    let address = Address::parse(text).and_then(|address| match address.secure {
        true if !cfg!(feature = "tls") => Err("but this gateway is built without TLS"),
        _ => Ok(address),
    });
    address.map_err(|reason| format!("is an address {reason}"))
}

/// What lets callers in, the same for all cores.
#[derive(Debug)]
pub(crate) struct Guards {
    realm: &'static str,
    /// One for each scheme, at its index.
    list: Vec<Prepared>,
    /// Whoever asks for keys, for as long as somebody is to be let in.
    _keeping: Option<Keeping>,
}

/// What one scheme says of a request.
enum Verdict {
    /// Nothing is shown that it could check.
    Nothing,
    Refused(Fault),
    /// It cannot be checked for now.
    Unavailable(&'static str),
    In(Arc<Principal>),
}

/// Why nobody has let a caller in, the worst thing last.
#[derive(Default)]
struct Refusals {
    challenges: Vec<String>,
    insufficient: Option<String>,
    unavailable: Option<&'static str>,
}

impl Guards {
    /// Guards with what was read for each scheme. Keys are asked for from now on.
    ///
    /// # Errors
    ///
    /// When nobody can be made to ask.
    pub(crate) fn start(contract: &Contract, list: Vec<Prepared>) -> io::Result<Guards> {
        let tokens = || {
            list.iter().filter_map(|one| match one {
                Prepared::Tokens(tokens) => Some(tokens),
                Prepared::Keys(_) | Prepared::Passwords(_) | Prepared::Certificates => None,
            })
        };
        let sources = tokens().filter_map(|one| one.source().cloned()).collect();
        let lists = tokens().filter_map(|one| one.revoked().cloned()).collect();
        let keeping = Keeping::start(sources, lists)?;
        Ok(Guards { realm: contract.api, list, _keeping: keeping })
    }

    /// Whether every scheme can check callers: keys of tokens may not be there yet.
    pub(crate) fn are_ready(&self) -> bool {
        self.list.iter().all(|one| match one {
            Prepared::Tokens(tokens) => tokens.are_ready(),
            Prepared::Keys(_) | Prepared::Passwords(_) | Prepared::Certificates => true,
        })
    }

    /// Who calls, where somebody must be let in; nothing where anybody may call. A connection may
    /// have shown a certificate.
    ///
    /// # Errors
    ///
    /// 401 when no scheme knows the caller, 403 when one does and it is not enough, 503 when
    /// nothing could be checked.
    pub(crate) async fn admit(
        &self,
        access: &'static Access,
        headers: &HeaderMap,
        certificate: Option<&Certificate>,
    ) -> Result<Option<Arc<Principal>>, Error> {
        let Access::Schemes { any, scopes, roles } = access else { return Ok(None) };
        let mut refusals = Refusals::default();
        for scheme in *any {
            let fault = match self.check(scheme, (headers, certificate)).await {
                Verdict::In(principal) if principal.has(scopes, roles) => {
                    return Ok(Some(principal));
                }
                Verdict::In(_) => {
                    let fault = Fault::Insufficient(scopes);
                    refusals.insufficient = Some(self.challenge(scheme, Some(fault)));
                    continue;
                }
                Verdict::Unavailable(why) => {
                    refusals.unavailable = Some(why);
                    continue;
                }
                Verdict::Refused(fault) => Some(fault),
                Verdict::Nothing => None,
            };
            refusals.challenges.push(self.challenge(scheme, fault));
        }
        Err(refusals.into())
    }

    fn challenge(&self, scheme: &'static Scheme, fault: Option<Fault>) -> String {
        Challenge::of(scheme, self.realm, fault).to_string()
    }

    #[cfg_attr(
        not(feature = "tls"),
        expect(unused_variables, reason = "nobody shows a certificate")
    )]
    async fn check(
        &self,
        scheme: &'static Scheme,
        (headers, certificate): (&HeaderMap, Option<&Certificate>),
    ) -> Verdict {
        match (&scheme.kind, self.list.get(scheme.index)) {
            (SchemeKind::ApiKey { header, .. }, Some(Prepared::Keys(keys))) => {
                match fields::key(headers, header) {
                    Shown::Nothing => Verdict::Nothing,
                    Shown::Broken => Verdict::Refused(Fault::Invalid),
                    Shown::Value(key) => match keys.name_of(key) {
                        Some(name) => self.named(scheme, name),
                        None => Verdict::Refused(Fault::Invalid),
                    },
                }
            }
            (SchemeKind::Basic { .. }, Some(Prepared::Passwords(passwords))) => {
                let shown = match fields::authorization(headers, "Basic") {
                    Shown::Nothing => return Verdict::Nothing,
                    Shown::Broken => None,
                    Shown::Value(token) => fields::name_and_password(token),
                };
                let Some((name, password)) = shown else { return Verdict::Refused(Fault::Invalid) };
                match passwords.check(&name, &password).await {
                    Checked::Right => self.named(scheme, &name),
                    Checked::Wrong => Verdict::Refused(Fault::Invalid),
                    Checked::Busy => Verdict::Unavailable("too many passwords are being checked"),
                }
            }
            (SchemeKind::Tokens(_), Some(Prepared::Tokens(tokens))) => {
                match fields::authorization(headers, "Bearer") {
                    Shown::Nothing => Verdict::Nothing,
                    Shown::Broken => Verdict::Refused(Fault::Invalid),
                    Shown::Value(token) => match tokens.check(token, (scheme, self.realm)).await {
                        Found::Good(principal) => Verdict::In(principal),
                        Found::Bad(fault) => Verdict::Refused(fault),
                        Found::NoKeys => {
                            Verdict::Unavailable("there are no keys to check tokens with")
                        }
                        Found::NoList => {
                            Verdict::Unavailable("there is no list of tokens that do not count")
                        }
                    },
                }
            }
            #[cfg(feature = "tls")]
            (SchemeKind::Certificate { authorities }, Some(Prepared::Certificates)) => {
                let Some(certificate) = certificate else { return Verdict::Nothing };
                match certificate.principal((scheme, self.realm), authorities) {
                    Some(principal) => Verdict::In(principal),
                    None => Verdict::Refused(Fault::Invalid),
                }
            }
            // A guard of another kind than its scheme lets nobody in.
            _ => Verdict::Unavailable("nothing is known of this scheme"),
        }
    }

    /// A caller of whom a name is known.
    fn named(&self, scheme: &'static Scheme, name: &str) -> Verdict {
        let mut claims = Writer::new();
        claims.raw("{\"name\":");
        claims.text(name);
        claims.raw("}");
        let Ok(claims) = String::from_utf8(claims.finish()) else {
            return Verdict::Refused(Fault::Invalid);
        };
        Verdict::In(Arc::new(Principal {
            scheme,
            realm: self.realm,
            claims,
            id: Some(name.to_owned()),
            scopes: Vec::new(),
            roles: Vec::new(),
        }))
    }
}

impl From<Refusals> for Error {
    fn from(refusals: Refusals) -> Error {
        let Refusals { challenges, insufficient, unavailable } = refusals;
        if let Some(challenge) = insufficient {
            return Kind::Forbidden { challenge }.into();
        }
        match unavailable {
            // What cannot be checked for now may be right: the caller is not told to forget it.
            Some(why) => Error::from(Kind::AccessUnavailable).because(why.to_owned()),
            None => Kind::Unauthenticated { challenges }.into(),
        }
    }
}
