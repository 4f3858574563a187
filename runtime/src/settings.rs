//! What the environment sets: read and checked whole, before anything listens.

mod approach;
mod describe;
mod own;
mod report;
mod value;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
#[cfg(feature = "tls")]
use std::path::Path;
#[cfg(feature = "auth")]
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use http::header::{HeaderMap, HeaderName, HeaderValue};

pub(crate) use self::describe::describe;
pub(crate) use self::own::OWN;
use self::own::UNSET;
use self::report::Fault;
pub(crate) use self::report::Report;
use crate::access::{Choice, Form};
use crate::auth::Prepared;
#[cfg(feature = "tls")]
use crate::contract::SchemeKind;
use crate::contract::{Backend, Contract, Grant, Setting, TimeSetting, Variable, VariableKind};
use crate::request::Proxies;
use crate::response::field_value;
#[cfg(feature = "tls")]
use crate::server::tls::{Loaded, Secured};
#[cfg(all(feature = "tls", feature = "store"))]
use crate::store::is_secure;
use crate::trace;
#[cfg(feature = "tls")]
use crate::upstream::{AUTHORITIES, Trust, authorities};
use crate::upstream::{Address, Approach, is_framing};
#[cfg(feature = "auth")]
use crate::upstream::{Asks, Tokens};

/// What every gateway reads from its environment, whatever its contract. None has to be set.
pub fn own_variables() -> &'static [Variable] {
    &OWN
}

/// A complete environment.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    /// Where operators ask; nothing if they are not to.
    pub(crate) operator: Option<SocketAddr>,
    pub(crate) log: Choice,
    pub(crate) cores: usize,
    pub(crate) drain_delay: Duration,
    pub(crate) drain_limit: Duration,
    /// What secures connections of callers, if they are to be.
    #[cfg(feature = "tls")]
    pub(crate) secured: Option<(Secured, Loaded)>,
    /// Who says truly where a request comes from.
    pub(crate) proxies: Proxies,
    /// Whether they say so ahead of each connection.
    pub(crate) announced: bool,
    /// For how long connections last.
    pub(crate) keep_alive: KeepAlive,
    /// What browsers are told of how to ask from then on, over TLS.
    pub(crate) hsts: Option<HeaderValue>,
    /// Whom the store must be, if the contract says how it is trusted.
    #[cfg(feature = "tls")]
    pub(crate) store_trust: Option<Trust>,
    /// How many bytes of results are kept.
    pub(crate) cache: usize,
    /// Where spans go, if anything is traced. Taken by the server that starts.
    pub(crate) traces: Option<trace::Choice>,
    /// What each scheme checks callers with, at its index. Taken by the server that starts.
    pub(crate) schemes: Mutex<Vec<Prepared>>,
    /// One for each backend, at its index.
    pub(crate) backends: Vec<BackendSettings>,
    /// What was read, in the order of declaration, the contract's before the gateway's own.
    pub(crate) read: Vec<Read>,
    spans: BTreeMap<&'static str, Duration>,
    /// The text of each variable of the contract, in its order.
    texts: Vec<String>,
}

/// For how long connections of callers last, as far as the environment says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeepAlive {
    /// How long one may wait for its next request.
    pub(crate) idle: Option<Duration>,
    /// How old it is when it takes its last request.
    pub(crate) age: Option<Duration>,
    /// How many requests it takes.
    pub(crate) requests: Option<u64>,
}

/// A variable that was read.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) variable: &'static Variable,
    /// Whether the environment says it, and not the contract.
    pub(crate) set: bool,
    /// Its text; nothing for a secret, and where there is neither a text nor a default.
    pub(crate) shown: Option<String>,
}

/// What the environment and the contract say about one backend together.
#[derive(Debug)]
pub(crate) struct BackendSettings {
    pub(crate) address: Address,
    pub(crate) timeout: Duration,
    pub(crate) headers: HeaderMap,
    /// How connections to it are made.
    pub(crate) approach: Approach,
    /// Tokens that its calls carry.
    #[cfg(feature = "auth")]
    pub(crate) tokens: Option<Arc<Tokens>>,
}

/// Whether a variable may hold several addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Many {
    Yes,
    No,
}

impl Many {
    /// The address of a backend may be several, with commas between them.
    fn of(contract: &Contract, variable: &Variable) -> Many {
        let here = |backend: &&Backend| matches!(backend.address, Setting::Env(name) if name == variable.name);
        if contract.backends.iter().copied().any(|backend| here(&backend)) {
            Many::Yes
        } else {
            Many::No
        }
    }
}

/// Where a variable's text comes from.
pub(crate) type Lookup<'l> = &'l dyn Fn(&str) -> Option<OsString>;

impl Settings {
    /// Reads and checks everything that `contract` and this crate ask for.
    ///
    /// # Errors
    ///
    /// All faults in one report.
    pub(crate) fn read(contract: &Contract, lookup: Lookup<'_>) -> Result<Settings, Report> {
        let mut reader = Reader { lookup, texts: BTreeMap::new(), faults: Vec::new() };
        for variable in contract.environment.iter().chain(&OWN) {
            reader.read(variable, Many::of(contract, variable));
        }
        let listen = reader.socket("LISTEN").flatten();
        let operator = reader.socket("OPERATOR");
        let log = reader.log();
        let proxies = reader.proxies();
        reader.announced();
        let hsts = reader.hsts();
        let traces = reader.traces(contract.api);
        #[cfg(feature = "tls")]
        let secured = reader.secured(contract);
        reader.transport();
        #[cfg(feature = "tls")]
        let store_trust = reader.store_trust(contract);
        // All of them, so that each can report its faults.
        let backends: Vec<_> =
            contract.backends.iter().map(|backend| reader.backend(backend)).collect();
        let schemes = reader.schemes(contract);
        let Reader { texts, faults, .. } = reader;
        let backends = backends.into_iter().collect::<Option<_>>();
        let complete = (listen, operator, log, proxies, backends, faults.is_empty());
        let (Some(listen), Some(operator), Some(log), Some(proxies), Some(backends), true) =
            complete
        else {
            return Err(Report::new(contract, faults));
        };
        let read = contract.environment.iter().chain(&OWN);
        let read = read.map(|variable| Read::of(variable, lookup, &texts)).collect();
        let spans = texts
            .iter()
            .filter_map(|(name, text)| Some((*name, value::duration(text)?)))
            .collect::<BTreeMap<_, _>>();
        let span = |name: &str| spans.get(name).copied().unwrap_or_default();
        let text = |variable: &Variable| texts.get(variable.name).cloned().unwrap_or_default();
        let of_contract = contract.environment.iter().map(text).collect();
        let number = |name: &str| texts.get(name).and_then(|text| text.parse::<usize>().ok());
        Ok(Settings {
            listen,
            operator,
            log,
            cores: number("CORES").unwrap_or_else(available_cores),
            #[cfg(feature = "tls")]
            secured,
            #[cfg(feature = "tls")]
            store_trust,
            proxies,
            announced: texts.get("PROXY_PROTOCOL").is_some_and(|text| text == "true"),
            keep_alive: KeepAlive::of(&spans, &texts),
            hsts,
            drain_delay: span("DRAIN_DELAY"),
            drain_limit: span("DRAIN_LIMIT"),
            cache: number("CACHE_MB").unwrap_or(0).saturating_mul(1_000_000),
            traces,
            schemes: Mutex::new(schemes),
            backends,
            read,
            spans,
            texts: of_contract,
        })
    }

    /// Those of a gateway that only this process asks: it listens on the loopback interface, on a free
    /// port, without TLS, and tells nobody of what it does.
    pub(crate) fn hidden(self) -> Settings {
        Settings {
            listen: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0),
            operator: None,
            log: Choice { form: None, share: 0.0 },
            cores: 1,
            #[cfg(feature = "tls")]
            secured: None,
            announced: false,
            traces: None,
            ..self
        }
    }

    /// How callers speak to it: `https` or `http`.
    pub(crate) fn scheme(&self) -> &'static str {
        #[cfg(feature = "tls")]
        if self.secured.is_some() {
            return "https";
        }
        "http"
    }

    /// The text of the variable at this place of [`Contract::environment`]; empty if there is none.
    pub(crate) fn variable(&self, index: usize) -> &str {
        self.texts.get(index).map_or("", String::as_str)
    }

    /// The text of the contract's variable of this name; empty if there is none.
    pub(crate) fn named(&self, name: &str) -> &str {
        let place = self.read.iter().position(|read| read.variable.name == name);
        place.map_or("", |place| self.variable(place))
    }

    /// A time span; nothing when the variable is no declared duration.
    pub(crate) fn span(&self, setting: TimeSetting) -> Option<Duration> {
        match setting {
            TimeSetting::Fixed(span) => Some(span),
            TimeSetting::Env(name) => self.spans.get(name).copied(),
        }
    }
}

impl KeepAlive {
    fn of(
        spans: &BTreeMap<&'static str, Duration>,
        texts: &BTreeMap<&'static str, String>,
    ) -> KeepAlive {
        let known = |name: &str| spans.get(name).copied();
        let requests = texts.get("KEEP_ALIVE_REQUESTS").and_then(|text| text.parse().ok());
        KeepAlive { idle: known("KEEP_ALIVE_IDLE"), age: known("KEEP_ALIVE_AGE"), requests }
    }
}

impl Read {
    fn of(
        variable: &'static Variable,
        lookup: Lookup<'_>,
        texts: &BTreeMap<&'static str, String>,
    ) -> Read {
        let set = lookup(variable.name).is_some_and(|text| !text.is_empty());
        let shown = texts.get(variable.name).filter(|_| variable.kind != VariableKind::Secret);
        Read { variable, set, shown: shown.cloned() }
    }
}

fn available_cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Reads variables and collects what is wrong.
struct Reader<'l> {
    lookup: Lookup<'l>,
    texts: BTreeMap<&'static str, String>,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    /// Reads one variable. An empty text counts as not set: that is what a template with a hole
    /// leaves behind.
    fn read(&mut self, variable: &Variable, many: Many) {
        let set = (self.lookup)(variable.name).filter(|text| !text.is_empty());
        let text = match set.map(OsString::into_string) {
            Some(Ok(text)) => Some(text),
            Some(Err(_)) => {
                self.faults.push(Fault::invalid(variable, "is not UTF-8".into()));
                return;
            }
            None => variable.default.map(str::to_owned),
        };
        match text {
            Some(text) => match value::check(variable, many, &text) {
                Ok(()) => {
                    self.texts.insert(variable.name, text);
                }
                Err(reason) => self.faults.push(Fault::invalid(variable, reason)),
            },
            None if UNSET.contains(&variable.name) => {}
            None => self.faults.push(Fault::missing(variable)),
        }
    }

    /// The socket address that one of the gateway's own variables holds; nothing inside for `off`,
    /// and nothing at all, and a fault, for what is none.
    fn socket(&mut self, name: &str) -> Option<Option<SocketAddr>> {
        let text = self.texts.get(name)?;
        if text == "off" && name != "LISTEN" {
            return Some(None);
        }
        let parsed = match text.strip_prefix(':') {
            Some(port) => format!("[::]:{port}").parse(),
            None => text.parse(),
        };
        if parsed.is_err() {
            let own = OWN.iter().find(|own| own.name == name);
            let example = own.and_then(|own| own.default).unwrap_or_default();
            let example = example.replace("[::]", "127.0.0.1");
            let reason = format!("is `{text}`, must be an address and a port such as `{example}`");
            self.faults.extend(own.map(|own| Fault::invalid(own, reason)));
        }
        parsed.ok().map(Some)
    }

    /// What is logged; nothing, and a fault, for a form that is none.
    fn log(&mut self) -> Option<Choice> {
        let text = self.texts.get("LOG")?;
        let form = match text.as_str() {
            "json" => Some(Form::Json),
            "combined" => Some(Form::Combined),
            "off" => None,
            _ => {
                let reason = format!("is `{text}`, must be `json`, `combined` or `off`");
                let own = OWN.iter().find(|own| own.name == "LOG");
                self.faults.extend(own.map(|own| Fault::invalid(own, reason)));
                return None;
            }
        };
        // What is no number has its fault already.
        let share = self.texts.get("LOG_SAMPLE")?.parse().ok()?;
        Some(Choice { form, share })
    }

    /// Where spans go; nothing, and faults, for what cannot be.
    fn traces(&mut self, api: &str) -> Option<trace::Choice> {
        let text = |name: &str| self.texts.get(name).map_or("", String::as_str);
        let texts = trace::Texts {
            endpoint: text("OTEL_EXPORTER_OTLP_ENDPOINT"),
            protocol: text("OTEL_EXPORTER_OTLP_PROTOCOL"),
            headers: text("OTEL_EXPORTER_OTLP_HEADERS"),
            service: text("OTEL_SERVICE_NAME"),
            attributes: text("OTEL_RESOURCE_ATTRIBUTES"),
            sampler: text("OTEL_TRACES_SAMPLER"),
            argument: text("OTEL_TRACES_SAMPLER_ARG"),
        };
        trace::Choice::read(texts, api).unwrap_or_else(|faults| {
            let own = |name| OWN.iter().find(|own| own.name == name);
            let faults = faults.into_iter();
            let faults = faults.filter_map(|(name, text)| Some(Fault::invalid(own(name)?, text)));
            self.faults.extend(faults);
            None
        })
    }

    /// What secures connections of callers, if they are to be; a fault for what cannot.
    #[cfg(feature = "tls")]
    fn secured(&mut self, contract: &Contract) -> Option<(Secured, Loaded)> {
        let mut callers: Vec<&'static str> = Vec::new();
        for scheme in contract.schemes {
            if let SchemeKind::Certificate { authorities } = scheme.kind
                && !callers.contains(&authorities)
            {
                // One that is missing has its fault already.
                self.texts.get(authorities)?;
                callers.push(authorities);
            }
        }
        let read = Secured::read(&|name| self.texts.get(name).cloned(), &callers);
        let loaded = read.and_then(|secured| {
            secured.map(|secured| secured.load().map(|loaded| (secured, loaded))).transpose()
        });
        match loaded {
            Ok(secured) => secured,
            Err((name, reason)) => {
                let all = contract.environment.iter().chain(&OWN);
                let own = all.into_iter().find(|own| own.name == name);
                self.faults.extend(own.map(|own| Fault::invalid(own, reason)));
                None
            }
        }
    }

    /// A fault for a file of authorities that cannot be used.
    #[cfg(feature = "tls")]
    fn transport(&mut self) {
        let Some(path) = self.texts.get(AUTHORITIES) else { return };
        if let Err(reason) = authorities(Path::new(path)) {
            let own = OWN.iter().find(|own| own.name == AUTHORITIES);
            self.faults.extend(own.map(|own| Fault::invalid(own, reason)));
        }
    }

    /// Whom the store must be, if the contract says so; a fault where that cannot be read. One that is
    /// missing has its fault already.
    #[cfg(all(feature = "tls", feature = "store"))]
    fn store_trust(&mut self, contract: &Contract) -> Option<Trust> {
        let store = contract.store?;
        if !is_secure(self.texts.get(store.address)?) {
            return None;
        }
        let name = store.authorities?;
        let read = Trust::of_store(name, self.texts.get(name)?);
        if let Err(reason) = &read {
            let variable = contract.environment.iter().find(|known| known.name == name);
            self.faults.extend(variable.map(|known| Fault::invalid(known, reason.clone())));
        }
        read.ok()
    }

    /// There is no store.
    #[cfg(all(feature = "tls", not(feature = "store")))]
    #[expect(clippy::unused_self, reason = "as where there is one")]
    fn store_trust(&mut self, _: &Contract) -> Option<Trust> {
        None
    }

    /// A fault for what asks for TLS.
    #[cfg(not(feature = "tls"))]
    fn transport(&mut self) {
        for own in OWN.iter().filter(|own| ["TLS_CERT", "TLS_KEY"].contains(&own.name)) {
            if self.texts.contains_key(own.name) {
                let reason = "is set, but this gateway is built without TLS".to_owned();
                self.faults.push(Fault::invalid(own, reason));
            }
        }
    }

    /// The proxies that are trusted; nothing, and a fault, for what are no networks.
    fn proxies(&mut self) -> Option<Proxies> {
        let Some(text) = self.texts.get("TRUSTED_PROXIES") else { return Some(Proxies::default()) };
        match Proxies::parse(text) {
            Ok(proxies) => Some(proxies),
            Err(reason) => {
                let own = OWN.iter().find(|own| own.name == "TRUSTED_PROXIES");
                let reason = format!("is no list of networks: {reason}");
                self.faults.extend(own.map(|own| Fault::invalid(own, reason)));
                None
            }
        }
    }

    /// A fault for proxies that are to be listened to, and are nobody.
    fn announced(&mut self) {
        let asked = self.texts.get("PROXY_PROTOCOL").is_some_and(|text| text == "true");
        if asked && !self.texts.contains_key("TRUSTED_PROXIES") {
            let own = OWN.iter().find(|own| own.name == "PROXY_PROTOCOL");
            let reason = "is `true`, but `TRUSTED_PROXIES` names no proxy".to_owned();
            self.faults.extend(own.map(|own| Fault::invalid(own, reason)));
        }
    }

    /// The value of `Strict-Transport-Security` (RFC 6797 section 6.1); a fault for what says none.
    fn hsts(&mut self) -> Option<HeaderValue> {
        let text = self.texts.get("HSTS")?;
        let mut words = text.split_ascii_whitespace();
        let span = words.next().and_then(value::duration);
        let further = words.try_fold(String::new(), |all, word| match word {
            "includeSubDomains" | "preload" => Some(format!("{all}; {word}")),
            _ => None,
        });
        let value = span.zip(further).and_then(|(span, further)| {
            HeaderValue::try_from(format!("max-age={}{further}", span.as_secs())).ok()
        });
        if value.is_none() {
            let reason = format!(
                "is `{text}`, must be a time such as `365d`, and `includeSubDomains` or `preload` behind it if that is meant"
            );
            let own = OWN.iter().find(|own| own.name == "HSTS");
            self.faults.extend(own.map(|own| Fault::invalid(own, reason)));
        }
        value
    }

    /// What callers are checked with; a fault for each scheme that cannot be.
    fn schemes(&mut self, contract: &Contract) -> Vec<Prepared> {
        let mut prepared = Vec::new();
        for scheme in contract.schemes {
            match Prepared::read(scheme, &|name| self.texts.get(name).cloned()) {
                Ok(one) => prepared.push(one),
                // A variable that is missing or wrong has its fault already.
                Err((name, _)) if self.faults.iter().any(|fault| fault.is_about(name)) => {}
                Err((name, reason)) => self.faults.push(Fault::of_scheme(scheme, name, reason)),
            }
        }
        prepared
    }

    /// The settings of a backend; nothing, and a fault unless there is one already, when a part
    /// is not usable.
    fn backend(&mut self, backend: &Backend) -> Option<BackendSettings> {
        let address = self.address(backend);
        let timeout = match backend.timeout {
            TimeSetting::Fixed(span) => Some(span),
            TimeSetting::Env(name) => {
                self.text(backend, Setting::Env(name)).and_then(|text| value::duration(&text))
            }
        };
        let mut headers = HeaderMap::new();
        for (name, setting) in backend.headers {
            let Some(text) = self.text(backend, *setting) else { continue };
            let field = HeaderName::from_bytes(name.as_bytes()).ok();
            match (field.filter(|field| !is_framing(field)), field_value(&text)) {
                (Some(field), Some(value)) => {
                    headers.append(field, value);
                }
                _ => {
                    let reason = format!("is no value that header field `{name}` can have");
                    self.faults.push(Fault::of_backend(backend, *setting, reason));
                }
            }
        }
        let tokens = match backend.token {
            Some(grant) => Some(self.tokens(backend, grant)?),
            None => None,
        };
        #[cfg(not(feature = "auth"))]
        let _: Option<()> = tokens;
        let approach = self.approach(backend, address.as_ref()?);
        Some(BackendSettings {
            address: address?,
            timeout: timeout?,
            headers,
            approach: approach?,
            #[cfg(feature = "auth")]
            tokens,
        })
    }

    /// Tokens for a backend; nothing, and a fault unless there is one already, when they cannot be
    /// asked for.
    #[cfg(feature = "auth")]
    fn tokens(&mut self, backend: &Backend, grant: Grant) -> Option<Arc<Tokens>> {
        let url = self.text(backend, Setting::Env(grant.url));
        let client = self.text(backend, grant.client);
        let secret = self.text(backend, Setting::Env(grant.secret));
        let audience = match grant.audience {
            Some(setting) => Some(self.text(backend, setting)?),
            None => None,
        };
        let (client, secret) = (client?, secret?);
        let address = Address::parse(&url?).and_then(|address| match address.secure {
            true if !cfg!(feature = "tls") => Err("but this gateway is built without TLS"),
            _ => Ok(address),
        });
        let address = match address {
            Ok(address) => address,
            Err(reason) => {
                let reason = format!("is an address {reason}");
                self.faults.push(Fault::of_backend(backend, Setting::Env(grant.url), reason));
                return None;
            }
        };
        let asks = Asks {
            client: &client,
            secret: &secret,
            scopes: grant.scopes,
            audience: audience.as_deref(),
        };
        Some(Arc::new(Tokens::new(backend.name, address, asks)))
    }

    /// A fault: nobody could ask for tokens.
    #[cfg(not(feature = "auth"))]
    fn tokens(&mut self, backend: &Backend, grant: Grant) -> Option<()> {
        let reason = "is set, but this gateway is built without tokens".to_owned();
        self.faults.push(Fault::of_backend(backend, Setting::Env(grant.url), reason));
        None
    }

    fn address(&mut self, backend: &Backend) -> Option<Address> {
        let text = self.text(backend, backend.address)?;
        let parsed = Address::parse_list(&text).and_then(|address| match address.secure {
            true if !cfg!(feature = "tls") => Err("but this gateway is built without TLS"),
            _ => Ok(address),
        });
        if let Err(reason) = parsed {
            // A text that may hold credentials is not repeated.
            let reason = match text.contains('@') {
                true => format!("is an address {reason}"),
                false => format!("is `{text}`, {reason}"),
            };
            self.faults.push(Fault::of_backend(backend, backend.address, reason));
        }
        parsed.ok()
    }

    /// The text of a setting. A variable that is missing or wrong has its fault already; one that
    /// the contract does not declare gets it here.
    fn text(&mut self, backend: &Backend, setting: Setting) -> Option<String> {
        match setting {
            Setting::Fixed(text) => Some(text.to_owned()),
            Setting::Env(name) => {
                let text = self.texts.get(name).cloned();
                if text.is_none() && !self.faults.iter().any(|fault| fault.is_about(name)) {
                    let reason = "is not declared by the contract".to_owned();
                    self.faults.push(Fault::of_backend(backend, setting, reason));
                }
                text
            }
        }
    }
}
