//! From one request to its answer. Never fails: what goes wrong is an answer too.

use std::borrow::Cow;
use std::cell::RefCell;
#[cfg(not(feature = "compress"))]
use std::convert::Infallible;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http_body::Body;
use tokio::task::spawn_local;
use tokio::time::timeout_at;

#[cfg(feature = "compress")]
use super::compressed;
use super::connection::Shown;
use super::core::{Core, Crowded};
use super::panic::{Panicked, caught};
use super::record::Record;
use super::{Limits, cors, head, lifecycle, reused, select, uses};
use crate::auth::{self, Principal};
use crate::check::{Place, Violations};
#[cfg(feature = "compress")]
use crate::coding::{self, Coding, Wanted};
#[cfg(feature = "compress")]
use crate::contract::Access;
use crate::contract::{BodyKind, Contract, Cors, Endpoint, Lifecycle, Reuse, Selection, Version};
use crate::error::{Error, Kind};
use crate::limit::{Caller, Quota};
use crate::observe;
use crate::request::{
    Arriving, BodyLimits, Deadline, FEW, Identity, Pairs, Passed, Remote, Request, Segments, drain,
    form_as_json, read,
};
use crate::response::{AnswerBody, Response};
use crate::reuse::{self, Reused};
use crate::upstream::{Gateway, Tunnel, Upload};

/// How much of a body that nobody reads is taken away before the connection is given up.
const DRAINED: BodyLimits = BodyLimits { size: 256 * 1024, time: Duration::from_secs(5) };
/// How long after its deadline a handler is given up. Its calls end at the deadline, so this is
/// only ever seen when something waits for nothing.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// A request whose path has been read.
struct Arrived {
    parts: Parts,
    segments: Segments,
    identity: Rc<Identity>,
    remote: Remote,
}

/// What the head alone decides.
enum Route {
    /// The request asks how the path may be asked.
    Options(Response),
    Endpoint(&'static Endpoint),
}

/// What a request asks for, as far as it is known.
struct Asked {
    contract: &'static Contract,
    version: Option<&'static Version>,
    endpoint: Option<&'static Endpoint>,
    /// What its limits have left for the caller.
    quota: Option<Quota>,
    /// The origin of the page that asks, as far as that makes a difference.
    page: Option<HeaderValue>,
    /// Whether the caller asks over TLS.
    secure: bool,
    /// How the caller takes a body that can be compressed.
    #[cfg(feature = "compress")]
    wanted: Wanted,
}

impl Asked {
    /// What is known before anything was read.
    fn of(contract: &'static Contract, secure: bool) -> Asked {
        Asked {
            contract,
            version: None,
            endpoint: None,
            quota: None,
            page: None,
            secure,
            #[cfg(feature = "compress")]
            wanted: Wanted::Plain,
        }
    }

    /// Which pages may read the answer.
    fn cors(&self) -> Option<&'static Cors> {
        match self.endpoint {
            Some(endpoint) => endpoint.cors,
            None => self.contract.cors,
        }
    }

    /// What callers are told about the end of what they ask for: the nearest counts.
    fn lifecycle(&self) -> Option<&'static Lifecycle> {
        match self.endpoint {
            Some(endpoint) => endpoint.lifecycle,
            None => self.version.and_then(|version| version.lifecycle),
        }
    }
}

/// Answers one request.
pub(super) async fn answer(
    core: Rc<Core>,
    (peer, shown): (IpAddr, &Shown),
    request: http::Request<Arriving>,
    record: &mut Record,
) -> (http::Response<AnswerBody>, Option<Tunnel>) {
    let (mut parts, body) = request.into_parts();
    let mut body = Some(body);
    let host = head::settle(&mut parts);
    let identity = Rc::new(Identity::of(&parts.headers));
    let mut remote = core.gateway.remote(peer, &parts.headers);
    if shown.secure {
        remote.scheme = "https";
    }
    record.is(&identity, &parts, remote);
    let mut asked = Asked::of(core.contract, remote.scheme == "https");
    let arrived = host.and_then(|()| arrive(&core, parts, (&identity, remote), &mut asked));
    let answered = match arrived {
        Err(error) => Err(error),
        Ok((_, Route::Options(answer))) => Ok(answer),
        Ok((arrived, Route::Endpoint(found))) => {
            record.leads_to(found);
            #[cfg(feature = "compress")]
            if found.compress.answers.is_some() {
                asked.wanted = coding::wanted(&arrived.parts.headers);
            }
            let (remote, headers) = (&arrived.remote, &arrived.parts.headers);
            match admit(&core, (remote, headers), None, &mut asked).await {
                Err(error) => Err(error),
                Ok(()) => {
                    let found = (arrived, found);
                    handle((&core, shown), found, &mut asked, (&mut body, record)).await
                }
            }
        }
    };
    if let Some(body) = body.filter(|body| !body.is_end_stream()) {
        spawn_local(drain(body, DRAINED));
    }
    finish(answered, asked, (&core, record), &identity)
}

/// The answer to what is no request.
pub(super) fn refuse(
    core: &Core,
    (peer, shown): (IpAddr, &Shown),
    kind: Kind,
) -> http::Response<AnswerBody> {
    let mut record = Record::begin(peer);
    let identity = Rc::new(Identity::of(&HeaderMap::new()));
    let asked = Asked::of(core.contract, shown.secure);
    let (response, _) = finish(Err(kind.into()), asked, (core, &mut record), &identity);
    response
}

/// Counts the request to an endpoint, unless a limit is reached: as far as limits ask for nothing, and
/// once it is known who calls by those that ask for that.
async fn admit(
    core: &Core,
    (remote, headers): (&Remote, &HeaderMap),
    principal: Option<&Principal>,
    asked: &mut Asked,
) -> Result<(), Error> {
    let (Some(version), Some(endpoint)) = (asked.version, asked.endpoint) else { return Ok(()) };
    let caller = Caller { address: remote.address, headers, principal };
    core.limiters.admit((version, endpoint), caller, &mut asked.quota, &core.joint).await
}

/// Checks the head and finds the route.
fn arrive(
    core: &Core,
    parts: Parts,
    (identity, remote): (&Rc<Identity>, Remote),
    asked: &mut Asked,
) -> Result<(Arrived, Route), Error> {
    asked.page = asked.cors().and_then(|_| cors::page(&parts.headers));
    head::check(&parts, core.limits)?;
    if parts.extensions.get::<Crowded>().is_some() {
        return Err(Kind::Overloaded.into());
    }
    let segments = Segments::parse(&parts.uri)?;
    if let Some(answer) = preflight(core, &segments, &parts) {
        let identity = Rc::clone(identity);
        return Ok((Arrived { parts, segments, identity, remote }, Route::Options(answer)));
    }
    let route = route(&segments, &parts, asked);
    if asked.page.is_none() {
        asked.page = asked.cors().and_then(|_| cors::page(&parts.headers));
    }
    if let Some(lifecycle) = asked.lifecycle() {
        lifecycle::check(lifecycle, asked.endpoint, core.limits.clock)?;
    }
    let route = route?;
    Ok((Arrived { parts, segments, identity: Rc::clone(identity), remote }, route))
}

/// The answer to a page that asks what it may send, if it may send that. What names the version of
/// the request may not come along with the question: then all versions are looked at.
fn preflight(core: &Core, segments: &Segments, parts: &Parts) -> Option<Response> {
    let method = cors::preflight(parts)?;
    let page = cors::page(&parts.headers)?;
    let mut room = [""; FEW];
    let list = segments.list(&mut room);
    let (list, slash) = without_slash(&list);
    let versions = core.contract.versions.iter();
    let meant = |version: &&Version| match core.contract.selection {
        Selection::Path { .. } => list.starts_with(version.prefix),
        Selection::Header { .. } | Selection::Media { .. } => true,
    };
    let mut allowed = String::new();
    let mut granted: Vec<&'static Cors> = Vec::new();
    for version in versions.filter(meant) {
        let Ok(endpoints) = of_version(version, list, slash) else { continue };
        let cors = of_method(&endpoints, method).and_then(|endpoint| endpoint.cors);
        if let Some(cors) = cors.filter(|cors| cors::grants(cors, &page, &core.gateway)) {
            allowed = allow(&endpoints);
            granted.push(cors);
        }
    }
    let mut response = (!granted.is_empty()).then(|| options(&allowed))?;
    cors::permit(&mut response, &granted, (&page, method), &parts.headers);
    Some(response)
}

/// The endpoint that answers a method: `HEAD` is answered by what answers `GET`.
fn of_method(endpoints: &[&'static Endpoint], method: &str) -> Option<&'static Endpoint> {
    let named = |name: &str| endpoints.iter().find(|one| one.method.as_str() == name).copied();
    named(method).or_else(|| named("GET").filter(|_| method == "HEAD"))
}

/// The endpoint at a path, or how it may be asked.
fn route(segments: &Segments, parts: &Parts, asked: &mut Asked) -> Result<Route, Error> {
    let method = &parts.method;
    let endpoints = endpoints(segments, parts, asked)?;
    match of_method(&endpoints, method.as_str()) {
        Some(endpoint) => {
            asked.endpoint = Some(endpoint);
            Ok(Route::Endpoint(endpoint))
        }
        None if method == http::Method::OPTIONS => Ok(Route::Options(options(&allow(&endpoints)))),
        None => Err(Kind::Method { allow: allow(&endpoints) }.into()),
    }
}

/// The endpoints at a path, at least one.
fn endpoints(
    segments: &Segments,
    parts: &Parts,
    asked: &mut Asked,
) -> Result<Cow<'static, [&'static Endpoint]>, Error> {
    let mut room = [""; FEW];
    let list = segments.list(&mut room);
    let (list, slash) = without_slash(&list);
    let version = select::version(asked.contract, parts, list)?;
    asked.version = Some(version);
    of_version(version, list, slash)
}

/// The segments of a path without an empty last one, and whether there is one.
fn without_slash<'l, 'p>(list: &'l [&'p str]) -> (&'l [&'p str], bool) {
    match list.split_last() {
        Some((&"", before)) => (before, true),
        _ => (list, false),
    }
}

/// The endpoints of a version at a path, at least one.
fn of_version(
    version: &Version,
    list: &[&str],
    slash: bool,
) -> Result<Cow<'static, [&'static Endpoint]>, Error> {
    // An empty segment never is a parameter's value.
    let whole = list.iter().all(|segment| !segment.is_empty());
    let found = if whole { (version.route)(list) } else { &[] };
    if !slash && !found.is_empty() {
        return Ok(Cow::Borrowed(found));
    }
    // A slash at the end can belong to `{path*}`, but never leads past a more literal route to
    // what may be the same place.
    let slashed: Vec<_> = found.iter().filter(|endpoint| endpoint.rest).copied().collect();
    if slashed.is_empty() {
        let exists = "this path exists without its trailing slash";
        let detail = (!found.is_empty()).then_some(Cow::Borrowed(exists));
        return Err(Kind::NoRoute { detail, links: Vec::new() }.into());
    }
    Ok(Cow::Owned(slashed))
}

/// The methods of a path as `Allow` lists them (RFC 9110 section 10.2.1).
fn allow(endpoints: &[&Endpoint]) -> String {
    let mut methods: Vec<_> = endpoints.iter().map(|endpoint| endpoint.method.as_str()).collect();
    if methods.contains(&"GET") && !methods.contains(&"HEAD") {
        methods.push("HEAD");
    }
    methods.push("OPTIONS");
    methods.join(", ")
}

fn options(allow: &str) -> Response {
    let mut response = Response::empty(204);
    if let Ok(allow) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}

/// Reads the rest of the request and runs the endpoint.
async fn handle(
    (core, shown): (&Core, &Shown),
    (arrived, endpoint): (Arrived, &'static Endpoint),
    asked: &mut Asked,
    (body, record): (&mut Option<Arriving>, &mut Record),
) -> Result<Response, Error> {
    let Arrived { mut parts, segments, identity, remote } = arrived;
    let timeout = core
        .gateway
        .span(endpoint.timeout)
        .ok_or_else(|| Error::from(Kind::Internal).because("no timeout is set".to_owned()))?;
    // Before anything is read of a body: who may not call costs nothing.
    let principal =
        core.guards.admit(&endpoint.access, &parts.headers, shown.certificate.as_ref()).await?;
    if let Some(principal) = principal.as_deref() {
        record.comes_from(principal.scheme().name, uses::name(core.contract, principal));
        admit(core, (&remote, &parts.headers), Some(principal), asked).await?;
    }
    auth::forget(&endpoint.access, &mut parts.headers);
    let mut passed = Passed::default();
    let whole = match endpoint.body {
        BodyKind::Passed { .. } => {
            passed = self::passed(&parts, endpoint, body, timeout);
            Bytes::new()
        }
        _ => whole_body(&parts, endpoint, body, core.limits).await?,
    };
    let pairs = pairs(&parts, endpoint)?;
    let mut request = Request {
        segments,
        pairs,
        headers: parts.headers,
        body: whole,
        deadline: Deadline::after(timeout),
        identity,
        remote,
        principal,
        passed,
        heard: None,
    };
    uses::count(core.contract, endpoint, &request);
    if let Reuse::By(reusable) = endpoint.reuse {
        reusable.check.map_or(Ok(()), |check| check(&request))?;
        if let Some(key) = reuse::key(endpoint, reusable, &request) {
            let asked = reused::Asked { endpoint, reusable, key, timeout };
            return reused::answer(core, asked, request, record).await;
        }
        record.reuses(Reused::Unkept);
    }
    // A body that is slow to arrive takes no place, and what is shed was read: the connection goes on.
    if let Some(place) = core.limiters.enter().await? {
        record.takes(place);
        // Its time is that of the work, not of the wait.
        request.deadline = Deadline::after(timeout);
    }
    perform(&core.gateway, endpoint, request).await
}

/// Runs the endpoint, to the end of its time.
pub(super) async fn perform(
    gateway: &Gateway,
    endpoint: &'static Endpoint,
    request: Request,
) -> Result<Response, Error> {
    let (identity, deadline) = (Rc::clone(&request.identity), request.deadline);
    let gateway = gateway.clone();
    let answering = caught(&identity, || (endpoint.answer)(gateway, request));
    if let BodyKind::Passed { .. } = endpoint.body {
        // Its limits count from the last byte of the body, and hold in there.
        return answering.await.unwrap_or_else(|Panicked| Err(Kind::Internal.into()));
    }
    match timeout_at(deadline.instant() + GRACE, answering).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(Panicked)) => Err(Kind::Internal.into()),
        Err(_) => Err(Error::from(Kind::BackendTimeout)
            .because("the endpoint did not end by its deadline".to_owned())),
    }
}

/// What is passed on of a request.
fn passed(
    parts: &Parts,
    endpoint: &Endpoint,
    body: &mut Option<Arriving>,
    limit: Duration,
) -> Passed {
    let upload = body.take_if(|body| !body.is_end_stream());
    Passed {
        method: parts.method.clone(),
        version: parts.version,
        query: parts.uri.query().map(str::to_owned),
        upload: RefCell::new(upload.map(|body| Upload::new(body, endpoint.max_body))),
        limit,
    }
}

/// The parameters of the query. A query that is only passed on may be anything.
fn pairs(parts: &Parts, endpoint: &Endpoint) -> Result<Pairs, Error> {
    match endpoint.body {
        BodyKind::Passed { query: false } => Pairs::parse(""),
        _ => Pairs::parse(parts.uri.query().unwrap_or_default()),
    }
}

/// The body that the endpoint takes; empty when it takes none.
async fn whole_body(
    parts: &Parts,
    endpoint: &Endpoint,
    body: &mut Option<Arriving>,
    limits: Limits,
) -> Result<Bytes, Error> {
    let Some(body) = body else { return Ok(Bytes::new()) };
    let there = !body.is_end_stream();
    let coding = match endpoint.body {
        _ if !there => None,
        BodyKind::None => None,
        _ => head::check_media_type(parts, endpoint)?,
    };
    let size = match endpoint.body {
        BodyKind::None | BodyKind::Passed { .. } => endpoint.max_body.max(DRAINED.size),
        BodyKind::Json { .. } | BodyKind::Form { .. } => endpoint.max_body,
    };
    let bytes = read(body, BodyLimits { size, time: limits.body_time }).await?;
    let bytes = plain(bytes, coding, size).await?;
    match endpoint.body {
        BodyKind::None | BodyKind::Passed { .. } => Ok(Bytes::new()),
        // What is sent as a form, and has no fields.
        BodyKind::Form { fields, .. } if !bytes.is_empty() || head::is_form(parts) => {
            form_as_json(&bytes, fields)
        }
        BodyKind::Json { required: true } | BodyKind::Form { required: true, .. }
            if bytes.is_empty() =>
        {
            let mut violations = Violations::new();
            violations.add(Place::Body(String::new()), "a body");
            Err(Error::invalid_request(violations))
        }
        BodyKind::Json { .. } | BodyKind::Form { .. } => Ok(bytes),
    }
}

/// A body as it was before it was compressed, of at most `limit` bytes.
#[cfg(feature = "compress")]
async fn plain(body: Bytes, coding: Option<Coding>, limit: usize) -> Result<Bytes, Error> {
    match coding {
        Some(coding) if !body.is_empty() => coding::decode(&body, coding, limit).await,
        _ => Ok(body),
    }
}

/// A body that cannot have been compressed.
#[cfg(not(feature = "compress"))]
async fn plain(body: Bytes, _: Option<Infallible>, _: usize) -> Result<Bytes, Error> {
    Ok(body)
}

/// Completes an answer with what every one carries.
fn finish(
    answered: Result<Response, Error>,
    asked: Asked,
    (core, record): (&Core, &mut Record),
    identity: &Rc<Identity>,
) -> (http::Response<AnswerBody>, Option<Tunnel>) {
    let Asked { contract, version, endpoint, .. } = asked;
    let cors = asked.cors();
    let mut response = answered.unwrap_or_else(|error| {
        record.failed(&error);
        if error.status() >= 500 {
            observe::within(identity, || observe::answered_badly(endpoint, &error));
        }
        let bug = error.is_bug();
        let mut response = error.into_response(identity.id());
        if bug {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    });
    let passed = endpoint.is_some_and(|one| matches!(one.body, BodyKind::Passed { .. }));
    select::name(contract, version, passed, &mut response);
    let headers = response.headers_mut();
    if passed {
        cors::silence(headers);
    }
    if endpoint.is_some_and(|endpoint| !matches!(endpoint.reuse, Reuse::Unsaid)) {
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    if let Some(lifecycle) = asked.lifecycle() {
        lifecycle::announce(lifecycle, headers);
    }
    if let Some(successor) = endpoint.and_then(|endpoint| endpoint.successor) {
        lifecycle::lead_on(successor, record.path(), headers);
    }
    if let Some(quota) = asked.quota {
        quota.tell(headers);
    }
    const ID: HeaderName = HeaderName::from_static("x-request-id");
    headers.insert(ID, identity.header());
    if let Some(cors) = cors {
        cors::disclose(cors, asked.page.as_ref(), &core.gateway, headers);
    }
    // Behind what says which fields a page may read: these are for its browser.
    if !passed {
        headers.entry(X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    }
    if let Some(hsts) = core.gateway.hsts().filter(|_| asked.secure) {
        headers.entry(STRICT_TRANSPORT_SECURITY).or_insert_with(|| hsts.clone());
    }
    #[cfg(feature = "compress")]
    if let Some(endpoint) = endpoint
        && let Some(from) = endpoint.compress.answers
    {
        let open = matches!(endpoint.access, Access::Public).then_some(endpoint.index);
        compressed::compress(&mut response, (asked.wanted, from), open);
    }
    record.answered(&mut response);
    response.into_http()
}
