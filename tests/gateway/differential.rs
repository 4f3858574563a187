//! The gateway beside a slow reference, for tests with dice and for fuzzing.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use gatewright_compiler::Checked;
use gatewright_compiler::analyse;
use gatewright_compiler::contract::{Endpoint, Type, Version};
use gatewright_runtime::testing::{Answer, Client, Gateway, Running};
use serde_json::Value;

use crate::reference::documents::{self, Choices};
use crate::reference::places;
use crate::reference::sent::Sent;
use crate::reference::shape::Shape;
use crate::{ROOT, contracts};

const JSON: &[(&str, &str)] = &[("Content-Type", "application/json")];

/// What became of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Taken,
    Refused,
}

/// The contract in a folder of `tests/data/generate`.
pub(crate) fn contract(name: &str) -> Checked {
    let path = format!("{ROOT}/tests/data/generate/{name}");
    let input = gatewright_build::read(path.as_ref());
    let input = input.expect("the contract is there");
    analyse(&input.sources).into_checked().expect("the contract has no errors")
}

/// Asks the endpoints of the contract `shaped`, whose results and bodies are taken as a declared
/// type.
pub(crate) struct Shaping {
    checked: Checked,
    /// Version and endpoint.
    places: Vec<(usize, usize)>,
    source: Source,
    client: Client,
    _gateway: Running,
}

impl Shaping {
    pub(crate) fn start() -> Shaping {
        let checked = contract("shaped");
        let source = Source::start();
        let url = format!("http://{}", source.address);
        let gateway = Gateway::start(&contracts::shaped::CONTRACT, &[("SOURCE_URL", &url)]);
        let versions = checked.contract().versions.iter().enumerate();
        let places = versions.flat_map(|(version, one)| {
            (0..one.endpoints.len()).map(move |endpoint| (version, endpoint))
        });
        let places = places.collect();
        let client = Client::connect(gateway.address());
        Shaping { checked, places, source, client, _gateway: gateway }
    }

    /// How many endpoints there are.
    pub(crate) fn endpoints(&self) -> usize {
        self.places.len()
    }

    /// `GET /v1/scalars`
    pub(crate) fn name(&self, at: usize) -> String {
        let (_, endpoint) = self.at(at);
        format!("{} {}", endpoint.method, endpoint.template)
    }

    fn at(&self, at: usize) -> (&Version, &Endpoint) {
        let (version, endpoint) = self.places[at % self.places.len()];
        let version = &self.checked.contract().versions[version];
        (version, &version.endpoints[endpoint])
    }

    /// The version whose names backends and callers know, as an index: for a result the one that
    /// wrote the endpoint.
    fn names(&self, at: usize) -> usize {
        let (version, endpoint) = self.at(at);
        if endpoint.body.is_some() {
            return usize::MAX;
        }
        let behind = |version: &Version, endpoint: &Endpoint| {
            let prefix = format!("/{}", version.prefix.join("/"));
            endpoint.template.strip_prefix(&prefix).map(str::to_owned)
        };
        let own = behind(version, endpoint);
        let versions = &self.checked.contract().versions;
        let has = |version: &Version| {
            version
                .endpoints
                .iter()
                .any(|one| behind(version, one) == own && one.method == endpoint.method)
        };
        versions.iter().position(has).expect("the endpoint is in its own version")
    }

    fn ty(&self, at: usize) -> &Type {
        let (_, endpoint) = self.at(at);
        endpoint.success[0].ty.as_ref().expect("every answer has a body")
    }

    /// A text for an endpoint: every eighth is good.
    pub(crate) fn text(&self, at: usize, round: usize) -> Vec<u8> {
        let mut choices = Choices::new((at * 1_000_003 + round * 7919 + 1) as u64, self.names(at));
        let (version, _) = self.at(at);
        let mut document = documents::good(self.ty(at), &version.types, &mut choices);
        for _ in 0..round % 4 {
            documents::spoil(&mut document, &mut choices);
        }
        // Escapes in what is `as text` are refused.
        let plain = round.is_multiple_of(8);
        let text = if plain { document.text() } else { document.dressed(&mut choices) };
        let mut text = text.into_bytes();
        if round % 4 == 3 {
            documents::spoil_text(&mut text, &mut choices);
        }
        text
    }

    /// Some texts for every endpoint, each behind its number.
    #[allow(dead_code, reason = "fuzzing begins with them")]
    pub(crate) fn seeds(&self) -> Vec<Vec<u8>> {
        seeds(self.endpoints(), |at, round| self.text(at, round))
    }

    /// Has the gateway and the reference take one text.
    ///
    /// # Panics
    ///
    /// When they do not agree.
    pub(crate) fn compare(&mut self, at: usize, text: &[u8]) -> Ended {
        let (version, endpoint) = self.at(at);
        let strict = endpoint.body.is_some();
        let shape = Shape { types: &version.types, names: self.names(at), strict };
        let expected = Sent::parse(text).and_then(|sent| shape.value(&sent, self.ty(at)));
        let (method, target) = (endpoint.method.clone(), endpoint.template.clone());
        let answer = if strict {
            ask(&mut self.client, (&method, &target), JSON, text)
        } else {
            self.source.say(text);
            ask(&mut self.client, (&method, &target), &[], b"")
        };
        let shown = String::from_utf8_lossy(text);
        let Some(expected) = expected else {
            let status = if strict { 400 } else { 502 };
            assert_eq!(answer.status, status, "{method} {target}: {shown}\n{}", answer.text());
            return Ended::Refused;
        };
        assert_eq!(answer.status, 200, "{method} {target}: {shown}\n{}", answer.text());
        let ordered = |text: &str| Sent::parse(text.as_bytes()).map(|sent| sent.ordered());
        let found = answer.text();
        assert_eq!(ordered(&found), ordered(&expected), "{method} {target}: {shown}");
        assert_eq!(found.len(), expected.len(), "{method} {target}: {shown}\n{found}\n{expected}");
        Ended::Taken
    }
}

/// Asks the endpoints of the contract `validated`, which only look at what callers send.
pub(crate) struct Validation {
    checked: Checked,
    client: Client,
    _gateway: Running,
}

impl Validation {
    pub(crate) fn start() -> Validation {
        let checked = contract("validated");
        let gateway = Gateway::start(&contracts::validated::CONTRACT, &[]);
        let client = Client::connect(gateway.address());
        Validation { checked, client, _gateway: gateway }
    }

    /// How many endpoints there are.
    pub(crate) fn endpoints(&self) -> usize {
        self.version().endpoints.len()
    }

    /// `/v1/scalars`
    pub(crate) fn name(&self, at: usize) -> &str {
        &self.at(at).template
    }

    fn version(&self) -> &Version {
        &self.checked.contract().versions[0]
    }

    fn at(&self, at: usize) -> &Endpoint {
        &self.version().endpoints[at % self.endpoints()]
    }

    fn ty(&self, at: usize) -> &Type {
        &self.at(at).body.as_ref().expect("every endpoint has a body").ty
    }

    /// A text for an endpoint: every fourth is good.
    pub(crate) fn text(&self, at: usize, round: usize) -> Vec<u8> {
        let mut choices = Choices::new((at * 1_000_003 + round * 7919 + 1) as u64, usize::MAX);
        let mut document = documents::good(self.ty(at), &self.version().types, &mut choices);
        for _ in 0..round % 4 {
            documents::spoil(&mut document, &mut choices);
        }
        let mut text = document.dressed(&mut choices).into_bytes();
        if round % 8 == 7 {
            documents::spoil_text(&mut text, &mut choices);
        }
        text
    }

    /// Some texts for every endpoint, each behind its number.
    #[allow(dead_code, reason = "fuzzing begins with them")]
    pub(crate) fn seeds(&self) -> Vec<Vec<u8>> {
        seeds(self.endpoints(), |at, round| self.text(at, round))
    }

    /// Has the gateway and the reference look at one text.
    ///
    /// # Panics
    ///
    /// When they do not agree whether it is wrong, or where.
    pub(crate) fn compare(&mut self, at: usize, text: &[u8]) -> Ended {
        let target = self.at(at).template.clone();
        let answer = ask(&mut self.client, ("POST", &target), JSON, text);
        let shown = || format!("{target}: {}\n{}", String::from_utf8_lossy(text), answer.text());
        let Some(sent) = Sent::parse(text) else {
            assert_eq!(answer.status, 400, "{}", shown());
            return Ended::Refused;
        };
        let ignores = self.at(at).ignore_fields;
        let wrong = places::wrong(&sent.document(), self.ty(at), &self.version().types, ignores);
        if wrong.is_empty() {
            assert_eq!(answer.status, 204, "{}", shown());
            return Ended::Taken;
        }
        assert_eq!(answer.status, 400, "{}", shown());
        let (found, more) = refused(&answer);
        match more {
            0 => assert_eq!(found, wrong, "{}", shown()),
            _ => assert!(found.is_subset(&wrong), "{}", shown()),
        }
        Ended::Refused
    }
}

fn seeds(endpoints: usize, text: impl Fn(usize, usize) -> Vec<u8>) -> Vec<Vec<u8>> {
    let all = (0..endpoints).flat_map(|at| (0..8).map(move |round| (at, round)));
    let behind = |(at, round): (usize, usize)| {
        let mut seed = vec![u8::try_from(at).expect("there are few endpoints")];
        seed.extend(text(at, round));
        seed
    };
    all.map(behind).collect()
}

fn ask(
    client: &mut Client,
    (method, target): (&str, &str),
    fields: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    client.request(method, target, fields, body);
    client.answer(method).expect("a whole answer")
}

/// The places that an answer says are wrong, and how many more there are.
fn refused(answer: &Answer) -> (BTreeSet<String>, u64) {
    let problem: Value = serde_json::from_slice(&answer.body).expect("a problem is JSON");
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    let pointer = |error: &Value| {
        assert_eq!(error["in"], "body", "{}", answer.text());
        error["pointer"].as_str().expect("a pointer").to_owned()
    };
    (errors.iter().map(pointer).collect(), problem["more"].as_u64().unwrap_or(0))
}

/// A backend that answers every request with what it was told last.
struct Source {
    says: Arc<Mutex<Vec<u8>>>,
    address: SocketAddr,
}

impl Source {
    fn start() -> Source {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let says = Arc::<Mutex<Vec<u8>>>::default();
        let said = Arc::downgrade(&says);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(said) = said.upgrade() else { return };
                std::thread::spawn(move || serve(stream, &said));
            }
        });
        Source { says, address }
    }

    fn say(&self, text: &[u8]) {
        text.clone_into(&mut self.says.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Drop for Source {
    /// Wakes the thread that accepts, so that it ends.
    fn drop(&mut self) {
        self.says = Arc::default();
        let _ = TcpStream::connect(self.address);
    }
}

/// Answers requests without a body until the connection ends.
fn serve(stream: TcpStream, says: &Mutex<Vec<u8>>) {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|length| length > 0) {
        if line.trim_end().is_empty() {
            let body = says.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let mut answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                body.len()
            )
            .into_bytes();
            answer.extend(body);
            if reader.get_mut().write_all(&answer).is_err() {
                return;
            }
        }
        line.clear();
    }
}
