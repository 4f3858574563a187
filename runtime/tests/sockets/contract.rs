//! A contract written by hand: what a generated crate looks like to the runtime.
//!
//! `/v1/{backend}/items/{id}` asks that backend for `/items/{id}` and passes on what it says, so
//! a test chooses policies by the backend's name and behaviour by the item's id.

use std::pin::pin;
use std::time::Duration;

use gatewright_runtime::codegen as rt;
use gatewright_runtime::testing::{Gateway, Running};

const SECOND: Duration = Duration::from_secs(1);

/// A backend that is given its policies here and its address by the test.
const fn backend(index: usize, name: &'static str, address: &'static str) -> rt::Backend {
    rt::Backend {
        index,
        name,
        owner: "tests",
        address: rt::Setting::Env(address),
        timeout: rt::TimeSetting::Fixed(Duration::from_millis(300)),
        retries: 0,
        retry_on: &[],
        in_flight: None,
        authorities: None,
        certificate: None,
        breaker: None,
        headers: &[],
        token: None,
        max_body: 4096,
        operations: &["/items/{id}"],
    }
}

static PLAIN: rt::Backend = rt::Backend {
    headers: &[
        ("x-api-key", rt::Setting::Env("PLAIN_KEY")),
        ("x-kind", rt::Setting::Fixed("plain")),
    ],
    ..backend(0, "plain", "PLAIN_URL")
};
static RETRYING: rt::Backend = rt::Backend { retries: 2, ..backend(1, "retrying", "RETRYING_URL") };
static BREAKING: rt::Backend = rt::Backend {
    breaker: Some(rt::Breaker { failures: 3, within: None, open: Duration::from_millis(300) }),
    ..backend(2, "breaking", "BREAKING_URL")
};
static PICKY: rt::Backend = rt::Backend {
    retries: 1,
    retry_on: &[rt::Condition::Status(500), rt::Condition::Timeout],
    ..backend(3, "picky", "PICKY_URL")
};
static PATIENT: rt::Backend = rt::Backend {
    timeout: rt::TimeSetting::Env("PATIENT_TIMEOUT"),
    ..backend(4, "patient", "PATIENT_URL")
};

static BACKENDS: [&rt::Backend; 5] = [&PLAIN, &RETRYING, &BREAKING, &PICKY, &PATIENT];

const fn url(name: &'static str) -> rt::Variable {
    rt::Variable {
        name,
        kind: rt::VariableKind::Url,
        default: Some("http://127.0.0.1:1"),
        bounds: None,
        rules: &[],
        about: "address of a backend",
    }
}

/// The contract of the tests.
pub(crate) static CONTRACT: rt::Contract = rt::Contract {
    api: "shop",
    versions: &[rt::Version {
        label: "1",
        digest: "6b86b273",
        draft: false,
        published: None,
        prefix: &[],
        media_type: "application/json",
        lifecycle: None,
        source: "api shop {}\n\nversion 1 {}\n",
        endpoints: &[&GET_ITEM],
        route,
    }],
    compiler: "gatewright 0.0.0",
    environment: &[
        rt::Variable { default: None, about: "address of backend `plain`", ..url("PLAIN_URL") },
        url("RETRYING_URL"),
        url("BREAKING_URL"),
        url("PICKY_URL"),
        url("PATIENT_URL"),
        rt::Variable {
            kind: rt::VariableKind::Secret,
            default: Some("k3y"),
            about: "what backend `plain` is shown",
            ..url("PLAIN_KEY")
        },
        rt::Variable {
            kind: rt::VariableKind::Duration,
            default: Some("2s"),
            bounds: Some(("100ms", "5s")),
            about: "how long an attempt at backend `patient` may take",
            ..url("PATIENT_TIMEOUT")
        },
    ],
    backends: &BACKENDS,
    ..rt::Contract::EMPTY
};

const fn endpoint(
    method: rt::Method,
    template: &'static str,
    answer: fn(rt::Gateway, rt::Request) -> rt::Answering,
) -> rt::Endpoint {
    rt::Endpoint {
        index: 0,
        method,
        template,
        rest: false,
        version: "1",
        timeout: rt::TimeSetting::Fixed(SECOND),
        max_body: 1024,
        limits: &[],
        body: rt::BodyKind::None,
        access: rt::Access::Public,
        lifecycle: None,
        fallbacks: &[],
        places: &[],
        deprecated: &[],
        successor: None,
        reuse: rt::Reuse::Unsaid,
        compress: rt::Compress::NONE,
        cors: None,
        answer,
    }
}

const ITEM: &str = "/v1/{backend}/items/{id}";
const JSON: rt::BodyKind = rt::BodyKind::Json { required: true };

static ENDING: rt::Lifecycle = rt::Lifecycle {
    deprecation: Some("@1788220800"),
    sunset: Some(rt::Sunset {
        date: "Mon, 01 Mar 2027 00:00:00 GMT",
        at: 1_803_859_200,
        ends: None,
        later: rt::Counter::new(),
    }),
    links: &["<https://shop.example/end>; rel=\"sunset\""],
};

static GET_ITEM: rt::Endpoint =
    endpoint(rt::Method::Get, ITEM, |g, r| Box::pin(item(g, r, rt::Method::Get)));
static PUT_ITEM: rt::Endpoint = rt::Endpoint {
    body: JSON,
    ..endpoint(rt::Method::Put, ITEM, |g, r| Box::pin(item(g, r, rt::Method::Put)))
};
static POST_ITEM: rt::Endpoint = rt::Endpoint {
    body: rt::BodyKind::Json { required: false },
    ..endpoint(rt::Method::Post, ITEM, |g, r| Box::pin(item(g, r, rt::Method::Post)))
};
pub(crate) static ENDING_GET: rt::Endpoint = rt::Endpoint {
    lifecycle: Some(&ENDING),
    successor: Some(rt::Successor::Prefix("/v1", "/v2")),
    reuse: rt::Reuse::Unsaid,
    compress: rt::Compress::NONE,
    ..endpoint(rt::Method::Get, "/v1/ending/{id}", |g, r| Box::pin(item_of(g, r, &PLAIN, 2)))
};
static ROOT: rt::Endpoint =
    endpoint(rt::Method::Get, "/", |_, _| Box::pin(async { Ok(rt::Response::empty(204)) }));
static PANIC: rt::Endpoint =
    endpoint(rt::Method::Get, "/v1/panic", |_, _| Box::pin(async { panic!("as asked") }));
static BOTH: rt::Endpoint = endpoint(rt::Method::Get, "/v1/both", |g, r| Box::pin(both(g, r)));
static CHAIN: rt::Endpoint = endpoint(rt::Method::Get, "/v1/chain", |g, r| Box::pin(chain(g, r)));
static EXISTS: rt::Endpoint =
    endpoint(rt::Method::Get, "/v1/exists/{id}", |g, r| Box::pin(exists(g, r)));
static SEARCH: rt::Endpoint =
    endpoint(rt::Method::Get, "/v1/search", |g, r| Box::pin(search(g, r)));
static ECHO: rt::Endpoint = endpoint(rt::Method::Get, "/v1/echo/{text}", |_, r| {
    Box::pin(async move {
        let mut body = rt::Writer::new();
        body.text(r.segment(2));
        let mut response = rt::Response::json(200, body);
        response.header("x-echo", r.segment(2))?;
        Ok(response)
    })
});

fn route(segments: &[&str]) -> &'static [&'static rt::Endpoint] {
    match segments {
        [] => const { &[&ROOT] },
        ["v1", "panic"] => const { &[&PANIC] },
        ["v1", "both"] => const { &[&BOTH] },
        ["v1", "chain"] => const { &[&CHAIN] },
        ["v1", "search"] => const { &[&SEARCH] },
        ["v1", "exists", _] => const { &[&EXISTS] },
        ["v1", "echo", _] => const { &[&ECHO] },
        ["v1", "ending", _] => const { &[&ENDING_GET] },
        ["v1", _, "items", _] => const { &[&GET_ITEM, &PUT_ITEM, &POST_ITEM] },
        _ => &[],
    }
}

static NOT_FOUND: rt::Problem =
    rt::Problem { status: 404, kind: "urn:problem:shop:not-found", title: "There is no such item" };

/// Asks the backend that the path names, with the caller's body if there is one.
async fn item(
    gateway: rt::Gateway,
    request: rt::Request,
    method: rt::Method,
) -> Result<rt::Response, rt::Error> {
    let name = request.segment(1);
    let backend = BACKENDS.iter().find(|backend| backend.name == name);
    let backend = backend.copied().ok_or_else(|| rt::Error::declared(&NOT_FOUND))?;
    let mut call = rt::Call::new(backend, method, "/items/{id}");
    call.literal("/items/");
    call.segment(request.segment(3));
    let mut violations = rt::Violations::new();
    if let Some(key) = request.header("idempotency-key", &mut violations) {
        call.header("idempotency-key", key);
    }
    if !request.body().is_empty() {
        rt::read_request(request.body(), rt::Reader::any, &mut violations);
        call.json(request.body().to_vec());
    }
    if !violations.is_empty() {
        return Err(rt::Error::invalid_request(violations));
    }
    pass(call.send(&gateway, &request).await, backend)
}

async fn item_of(
    gateway: rt::Gateway,
    request: rt::Request,
    backend: &'static rt::Backend,
    segment: usize,
) -> Result<rt::Response, rt::Error> {
    let mut call = rt::Call::new(backend, rt::Method::Get, "/items/{id}");
    call.literal("/items/");
    call.segment(request.segment(segment));
    pass(call.send(&gateway, &request).await, backend)
}

/// The result as it is, if it is JSON; 404 as the declared problem, with a member from its body.
fn pass(
    result: Result<rt::Bytes, rt::Failure>,
    backend: &'static rt::Backend,
) -> Result<rt::Response, rt::Error> {
    match result {
        Ok(body) => {
            let mut out = rt::Writer::new();
            if !body.is_empty() {
                let value = rt::read_result(&body, rt::Reader::any)
                    .map_err(|violation| rt::Failure::invalid(backend, "/items/{id}", violation))?;
                out.value(value);
            }
            Ok(rt::Response::json(200, out))
        }
        Err(failure) if failure.is(rt::Condition::Status(404)) => {
            let mut members = rt::Writer::new();
            members.raw("{\"length\":");
            members.raw(&failure.body().len().to_string());
            members.raw("}");
            Err(rt::Error::declared(&NOT_FOUND).with(members.finish()))
        }
        Err(failure) => Err(failure.into()),
    }
}

/// Asks with `HEAD`.
async fn exists(gateway: rt::Gateway, request: rt::Request) -> Result<rt::Response, rt::Error> {
    let mut call = rt::Call::new(&PLAIN, rt::Method::Head, "HEAD /items/{id}");
    call.literal("/items/");
    call.segment(request.segment(2));
    let body = call.send(&gateway, &request).await?;
    Ok(rt::Response::empty(if body.is_empty() { 204 } else { 500 }))
}

/// Asks `plain` for `/left` and `/right` at once; the right one has a stand-in.
async fn both(gateway: rt::Gateway, request: rt::Request) -> Result<rt::Response, rt::Error> {
    let left = rt::Pending::new();
    let right = rt::Pending::new();
    {
        let ask = async |path: &'static str| {
            let mut call = rt::Call::new(&PLAIN, rt::Method::Get, "/side");
            call.literal(path);
            call.send(&gateway, &request).await
        };
        let mut first = pin!(async {
            match ask("/left").await {
                Ok(body) => {
                    left.set(Some(body));
                    rt::End::Done
                }
                Err(failure) => rt::End::Failed(failure.into()),
            }
        });
        let mut second = pin!(async {
            right.set(ask("/right").await.ok());
            rt::End::Done
        });
        rt::run(&mut [
            rt::Step { call: first.as_mut(), required: true },
            rt::Step { call: second.as_mut(), required: false },
        ])
        .await?;
    }
    let text = |body: Option<&rt::Bytes>| {
        body.map_or("null".to_owned(), |body| String::from_utf8_lossy(body).into_owned())
    };
    let mut out = rt::Writer::new();
    out.raw(&format!("[{},{}]", text(left.get()), text(right.get())));
    let mut response = rt::Response::json(200, out);
    if right.get().is_none() {
        response.fallback("right");
    }
    Ok(response)
}

/// Asks `plain` for `/first`, then for what that says, within 200 ms.
async fn chain(gateway: rt::Gateway, request: rt::Request) -> Result<rt::Response, rt::Error> {
    let first = rt::Pending::new();
    let second = rt::Pending::new();
    {
        let mut follow = pin!(async {
            let Some(next): Option<&String> = first.ready().await else {
                return rt::End::NotMade;
            };
            let mut call = rt::Call::new(&PLAIN, rt::Method::Get, "/next/{id}");
            call.literal("/next/");
            call.segment(next);
            call.within(Duration::from_millis(200));
            match call.send(&gateway, &request).await {
                Ok(body) => {
                    second.set(Some(body));
                    rt::End::Done
                }
                Err(failure) => rt::End::Failed(failure.into()),
            }
        });
        let mut lead = pin!(async {
            let mut call = rt::Call::new(&PLAIN, rt::Method::Get, "/first");
            call.literal("/first");
            match call.send(&gateway, &request).await {
                Ok(body) => {
                    first.set(Some(String::from_utf8_lossy(&body).into_owned()));
                    rt::End::Done
                }
                Err(failure) => {
                    first.set(None);
                    rt::End::Failed(failure.into())
                }
            }
        });
        rt::run(&mut [
            rt::Step { call: lead.as_mut(), required: true },
            rt::Step { call: follow.as_mut(), required: true },
        ])
        .await?;
    }
    let mut out = rt::Writer::new();
    out.raw(&String::from_utf8_lossy(second.get().map_or(b"null", |body| body)));
    Ok(rt::Response::json(200, out))
}

/// Checks a query and passes it on.
async fn search(gateway: rt::Gateway, request: rt::Request) -> Result<rt::Response, rt::Error> {
    let mut violations = rt::Violations::new();
    let query = request.query();
    query.refuse_unknown(&["q", "tag"], &mut violations);
    let text = query.one("q", &mut violations).unwrap_or_default();
    if !violations.is_empty() {
        return Err(rt::Error::invalid_request(violations));
    }
    let mut call = rt::Call::new(&PLAIN, rt::Method::Get, "/find");
    call.literal("/find");
    call.query_literal("size=20");
    call.query("text", text);
    for tag in query.all("tag") {
        call.query("tag", tag);
    }
    pass(call.send(&gateway, &request).await, &PLAIN)
}

/// A gateway for the contract of the tests, with `plain` at this address.
#[track_caller]
pub(crate) fn gateway(plain: &str) -> Running {
    Gateway::start(&CONTRACT, &[("PLAIN_URL", plain)])
}
