//! Gateways whose backends are mocks made from the contract: every request that the compiler
//! suggests is answered with success.

use std::path::{Path, PathBuf};

use gatewright_compiler::proof::plausible;
use gatewright_compiler::{Checked, MockBackend, MockOperation, SampleRequest, analyse};
use gatewright_runtime::codegen::Contract;
use gatewright_runtime::mock::{self, Operation};
use gatewright_runtime::testing::{Answer, Gateway, Running, send};

use crate::callers;
use crate::contracts;

/// A contract's folder, and the gateway that was compiled from it.
type Compiled = (&'static str, &'static Contract);

/// Every contract that is here as a gateway.
const ALL: &[Compiled] = &[
    ("examples/bookings", &contracts::bookings::CONTRACT),
    ("examples/media", &contracts::media::CONTRACT),
    ("examples/shop", &contracts::shop::CONTRACT),
    ("examples/smallest", &contracts::smallest::CONTRACT),
    ("examples/weather", &contracts::weather::CONTRACT),
    ("tests/data/generate/access", &contracts::access::CONTRACT),
    ("tests/data/generate/answers", &contracts::answers::CONTRACT),
    ("tests/data/generate/by_header", &contracts::by_header::CONTRACT),
    ("tests/data/generate/by_media", &contracts::by_media::CONTRACT),
    ("tests/data/generate/caches", &contracts::caches::CONTRACT),
    ("tests/data/generate/calls", &contracts::calls::CONTRACT),
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
    ("tests/data/generate/schemas", &contracts::schemas::CONTRACT),
    ("tests/data/generate/sending", &contracts::sending::CONTRACT),
    ("tests/data/generate/types", &contracts::types::CONTRACT),
    ("tests/data/generate/statuses", &contracts::statuses::CONTRACT),
    ("tests/data/generate/streams", &contracts::streams::CONTRACT),
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
    environment: Vec<(String, String)>,
    _mocks: mock::Running,
}

/// Starts the gateway of a folder, with mocks for all its backends.
#[track_caller]
pub(crate) fn start((folder, contract): Compiled) -> Mocked {
    let input = gatewright_build::read(&path(folder)).expect("the contract is there");
    let checked = analyse(&input.sources).into_checked().expect("the contract has no errors");
    // As build scripts do.
    let checked = checked.without_drafts();
    let versions = checked.versions();
    let backends = gatewright_compiler::mocks(&checked, &versions).into_iter().map(backend);
    let issuers = callers::issuers(checked.contract());
    let mocks = mock::start(backends.chain(issuers).collect()).expect("free ports");
    let mut env: Vec<(String, String)> = Vec::new();
    for mock in mocks.addresses() {
        let variable = mock.variable.clone().expect("no backend has a fixed address");
        env.push((variable, format!("http://{}", mock.address)));
    }
    let requests = gatewright_compiler::requests(&checked, &versions);
    let callers: Vec<_> = requests.into_iter().filter_map(|one| one.caller).collect();
    env.extend(callers::environment(checked.contract(), &callers));
    let unset = checked
        .variables()
        .iter()
        .filter(|one| one.default.is_none() && env.iter().all(|(name, _)| *name != one.name));
    let unset: Vec<_> = unset.map(|one| (one.name.clone(), plausible(one))).collect();
    env.extend(unset);
    let texts: Vec<_> = env.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let gateway = Gateway::start(contract, &texts);
    Mocked { gateway, checked, environment: env, _mocks: mocks }
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
    let gateway = &mocked.gateway;
    let known = request.caller.as_ref();
    let shown =
        known.and_then(|who| callers::field(mocked.checked.contract(), who, &mocked.environment));
    let fields = request.headers.iter().chain(&shown);
    let mut fields: Vec<_> = fields.map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let says = fields.iter().any(|(name, _)| *name == "Content-Type");
    fields.extend((request.body.is_some() && !says).then_some(crate::ask::JSON));
    let body = request.body.as_deref().unwrap_or_default();
    send(gateway.address(), &request.method, &request.target, &fields, body.as_bytes())
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
