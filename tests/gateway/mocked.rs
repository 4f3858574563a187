//! Gateways whose backends are mocks made from the contract: every request that the compiler
//! suggests is answered with success. Callers are those of `gatewright run --mock`.

#[path = "../../compiler/cli/src/certificates.rs"]
#[allow(dead_code, reason = "files with certificates are for people")]
mod certificates;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use certificates::Certificates;
use gatewright_compiler::contract::cases::Caller;
use gatewright_compiler::proof::plausible;
use gatewright_compiler::{Checked, MockBackend, MockOperation, SampleRequest, analyse};
use gatewright_runtime::codegen::{Contract, Store};
use gatewright_runtime::mock::{self, Operation, Question, ask_securely};
use gatewright_runtime::testing::{Answer, Gateway, Running, send};

use crate::callers;
use crate::contracts;

/// A contract's folder, and the gateway that was compiled from it.
type Compiled = (&'static str, &'static Contract);

/// Every contract that is here as a gateway.
const ALL: &[Compiled] = &[
    ("examples/bookings", &contracts::bookings::CONTRACT),
    ("examples/fleet", &contracts::fleet::CONTRACT),
    ("examples/media", &contracts::media::CONTRACT),
    ("examples/parcels", &contracts::parcels::CONTRACT),
    ("examples/shop", &contracts::shop::CONTRACT),
    ("examples/smallest", &contracts::smallest::CONTRACT),
    ("examples/weather", &contracts::weather::CONTRACT),
    ("tests/data/generate/access", &contracts::access::CONTRACT),
    ("tests/data/generate/answers", &contracts::answers::CONTRACT),
    ("tests/data/generate/by_header", &contracts::by_header::CONTRACT),
    ("tests/data/generate/by_media", &contracts::by_media::CONTRACT),
    ("tests/data/generate/caches", &contracts::caches::CONTRACT),
    ("tests/data/generate/calls", &contracts::calls::CONTRACT),
    ("tests/data/generate/compressed", &contracts::compressed::CONTRACT),
    ("tests/data/generate/copies", &contracts::copies::CONTRACT),
    ("tests/data/generate/counted", &contracts::counted::CONTRACT),
    ("tests/data/generate/cors", &contracts::cors::CONTRACT),
    ("tests/data/generate/each", &contracts::each::CONTRACT),
    ("tests/data/generate/ending", &contracts::ending::CONTRACT),
    ("tests/data/generate/environment", &contracts::environment::CONTRACT),
    ("tests/data/generate/everything", &contracts::everything::CONTRACT),
    ("tests/data/generate/faults", &contracts::faults::CONTRACT),
    ("tests/data/generate/fields", &contracts::fields::CONTRACT),
    ("tests/data/generate/granted", &contracts::granted::CONTRACT),
    ("tests/data/generate/limits", &contracts::limits::CONTRACT),
    ("tests/data/generate/lists", &contracts::lists::CONTRACT),
    ("tests/data/generate/names", &contracts::names::CONTRACT),
    ("tests/data/generate/paths", &contracts::paths::CONTRACT),
    ("tests/data/generate/operations", &contracts::operations::CONTRACT),
    ("tests/data/generate/overload", &contracts::overload::CONTRACT),
    ("tests/data/generate/parts", &contracts::parts::CONTRACT),
    ("tests/data/generate/pass", &contracts::pass::CONTRACT),
    ("tests/data/generate/policies", &contracts::policies::CONTRACT),
    ("tests/data/generate/quotas", &contracts::quotas::CONTRACT),
    ("tests/data/generate/requests", &contracts::requests::CONTRACT),
    ("tests/data/generate/reuse", &contracts::reuse::CONTRACT),
    ("tests/data/generate/results", &contracts::results::CONTRACT),
    ("tests/data/generate/routes", &contracts::routes::CONTRACT),
    ("tests/data/generate/shaped", &contracts::shaped::CONTRACT),
    ("tests/data/generate/shapes", &contracts::shapes::CONTRACT),
    ("tests/data/generate/smoke", &contracts::smoke::CONTRACT),
    ("tests/data/generate/schemas", &contracts::schemas::CONTRACT),
    ("tests/data/generate/sending", &contracts::sending::CONTRACT),
    ("tests/data/generate/types", &contracts::types::CONTRACT),
    ("tests/data/generate/statuses", &contracts::statuses::CONTRACT),
    ("tests/data/generate/streams", &contracts::streams::CONTRACT),
    ("tests/data/generate/transport", &contracts::transport::CONTRACT),
    ("tests/data/generate/traps", &contracts::traps::CONTRACT),
    ("tests/data/generate/validated", &contracts::validated::CONTRACT),
];

/// The contracts under `examples/`.
pub(crate) fn examples() -> impl Iterator<Item = Compiled> {
    ALL.iter().copied().filter(|(folder, _)| folder.starts_with("examples/"))
}

/// A folder of the repository.
pub(crate) fn path(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

/// A gateway and the mocks that it calls.
pub(crate) struct Mocked {
    pub(crate) gateway: Running,
    pub(crate) checked: Checked,
    /// What the gateway was given.
    env: Vec<(String, String)>,
    /// Where callers show certificates, those.
    certificates: Option<Certificates>,
    _mocks: mock::Running,
}

/// Starts the gateway of a folder, with mocks for all its backends.
#[track_caller]
pub(crate) fn start((folder, contract): Compiled) -> Mocked {
    let input = gatewright_build::read(&path(folder)).expect("the contract is there");
    let checked = analyse(&input.sources).into_checked().expect("the contract has no errors");
    // As build scripts do.
    let checked = checked.without_drafts();
    let backends = gatewright_compiler::mocks(&checked, &checked.versions());
    let whole = checked.contract();
    let backends = backends.into_iter().map(backend).chain(callers::issuers(whole));
    let mocks = mock::start(backends.collect()).expect("free ports");
    let mut env: Vec<(String, String)> = Vec::new();
    for mock in mocks.addresses() {
        let variable = mock.variable.clone().expect("no backend has a fixed address");
        env.push((variable, format!("http://{}", mock.address)));
    }
    let requests = gatewright_compiler::requests(&checked, &checked.versions());
    let known: Vec<Caller> = requests.into_iter().filter_map(|one| one.caller).collect();
    env.extend(callers::environment(whole, &known));
    let certificates = Certificates::of(whole).expect("certificates can be made");
    env.extend(certificates.iter().flat_map(Certificates::environment));
    let unset = checked
        .variables()
        .iter()
        .filter(|one| one.default.is_none() && env.iter().all(|(name, _)| *name != one.name));
    let unset: Vec<_> = unset.map(|one| (one.name.clone(), plausible(one))).collect();
    env.extend(unset);
    let given: Vec<_> = env.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let gateway = Gateway::start(without_store(contract), &given);
    Mocked { gateway, checked, env, certificates, _mocks: mocks }
}

/// The same where nobody is refused because no store is there, as where `run --mock` builds it.
fn without_store(contract: &'static Contract) -> &'static Contract {
    match contract.store {
        Some(store) if store.refuse => {
            let store = Some(Store { refuse: false, ..store });
            Box::leak(Box::new(Contract { store, ..*contract }))
        }
        _ => contract,
    }
}

impl Mocked {
    /// The answer to a request. Where callers show certificates, this one shows that of `who`. A
    /// gateway that has not heard of any issuer yet is asked again.
    #[track_caller]
    pub(crate) fn ask(
        &self,
        (method, target): (&str, &str),
        fields: &[(&str, &str)],
        (body, who): (&[u8], Option<&Caller>),
    ) -> Answer {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let answer = self.once((method, target), fields, (body, who));
            let early = answer.status == 503 && answer.text().contains(":access-unavailable\"");
            if !early || Instant::now() > end {
                return answer;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    #[track_caller]
    fn once(
        &self,
        (method, target): (&str, &str),
        fields: &[(&str, &str)],
        (body, who): (&[u8], Option<&Caller>),
    ) -> Answer {
        let Some(certificates) = &self.certificates else {
            return send(self.gateway.address(), method, target, fields, body);
        };
        let shown = who.map(|who| certificates.shown(self.checked.contract(), who));
        let shown = shown.transpose().expect("a certificate").flatten();
        let config = certificates.config(shown.as_ref()).expect("a way to connect");
        let question = Question {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            body: (!body.is_empty()).then(|| String::from_utf8_lossy(body).into_owned()),
        };
        let limit = Duration::from_secs(10);
        let reply = ask_securely((self.gateway.address(), config), &question, limit);
        let reply = reply.expect("an answer");
        Answer { status: reply.status, headers: reply.headers, body: reply.body }
    }
}

fn backend(mock: MockBackend) -> mock::MockBackend {
    let operation = |MockOperation { method, path, rest, status, body, stream }| Operation {
        method,
        path,
        rest,
        status,
        body,
        stream,
    };
    mock::MockBackend {
        name: mock.name,
        variable: mock.variable,
        port: 0,
        operations: mock.operations.into_iter().map(operation).collect(),
    }
}

#[track_caller]
fn ask(mocked: &Mocked, request: &SampleRequest) -> Answer {
    let mut fields = request.headers.clone();
    let says = fields.iter().any(|(name, _)| *name == "Content-Type");
    let (name, value) = crate::ask::JSON;
    fields.extend((request.body.is_some() && !says).then(|| (name.to_owned(), value.to_owned())));
    let who = request.caller.as_ref();
    let contract = mocked.checked.contract();
    fields.extend(who.and_then(|who| callers::field(contract, who, &mocked.env)));
    let fields: Vec<_> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let body = request.body.as_deref().unwrap_or_default();
    mocked.ask((&request.method, &request.target), &fields, (body.as_bytes(), who))
}

/// What a made-up request cannot ask with success: callers there need certificates or a store,
/// and a version is answered 410. Tests of their names ask them.
const ELSEWHERE: [&str; 5] = [
    "tests/data/generate/certificates",
    "tests/data/generate/kept",
    "tests/data/generate/retired",
    "tests/data/generate/shared",
    "tests/data/generate/strict",
];

#[test]
fn every_suggested_request_is_answered_with_success() {
    let mut failed = Vec::new();
    for (folder, contract) in ALL {
        let mocked = start((folder, contract));
        let requests = gatewright_compiler::requests(&mocked.checked, &mocked.checked.versions());
        assert!(!requests.is_empty(), "{folder}");
        for request in requests {
            let answer = ask(&mocked, &request);
            if !(200..300).contains(&answer.status) || answer.header("fallback").is_some() {
                failed.push(format!("{folder}: {request:?}\n{answer:?}"));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_contract_is_here_as_a_gateway() {
    let folders = gatewright_build::contracts([path("examples"), path("tests/data/generate")]);
    let known: Vec<_> = ALL.iter().map(|(folder, _)| *folder).chain(ELSEWHERE).map(path).collect();
    let missing: Vec<_> = folders.iter().filter(|folder| !known.contains(folder)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
