//! One request from its head to the end of its answer: what is counted and logged of it.

use std::net::IpAddr;
use std::rc::Rc;
use std::time::Instant;

use http::request::Parts;

use crate::access::{self, Entry};
use crate::bulkhead::Place;
use crate::contract::Endpoint;
use crate::error::Error;
use crate::metrics;
use crate::request::{Identity, Remote};
use crate::response::Response;
use crate::reuse::Reused;
use crate::trace::{self, Asked};

/// A request on its way. When it is dropped, the request has ended.
#[derive(Debug)]
pub(super) struct Record {
    start: Instant,
    peer: IpAddr,
    head: Option<Head>,
    endpoint: Option<&'static Endpoint>,
    status: Option<u16>,
    /// Bytes of an answer that is at hand as a whole.
    bytes: u64,
    problem: Option<&'static str>,
    /// The limit that it was refused for.
    limit: Option<&'static str>,
    /// The scheme by which it is known who calls.
    auth: Option<&'static str>,
    /// The declared consumer who calls.
    consumer: Option<&'static str>,
    fallbacks: Vec<&'static str>,
    /// Where its answer comes from, if that can be used again.
    reused: Option<Reused>,
    /// Its place among the requests that are answered at once.
    place: Option<Place>,
}

/// What a line needs of the head.
#[derive(Debug)]
struct Head {
    identity: Rc<Identity>,
    method: http::Method,
    uri: http::Uri,
    protocol: http::Version,
    /// How it came: `https` or `http`.
    scheme: &'static str,
}

impl Record {
    /// A head has arrived from there.
    pub(super) fn begin(peer: IpAddr) -> Record {
        metrics::here(|core| core.begun.one());
        Record {
            start: Instant::now(),
            peer,
            head: None,
            endpoint: None,
            status: None,
            bytes: 0,
            problem: None,
            limit: None,
            auth: None,
            consumer: None,
            fallbacks: Vec::new(),
            reused: None,
            place: None,
        }
    }

    /// It is this request, from this caller.
    pub(super) fn is(&mut self, identity: &Rc<Identity>, parts: &Parts, caller: Remote) {
        self.peer = caller.address;
        self.head = Some(Head {
            identity: Rc::clone(identity),
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            protocol: parts.version,
            scheme: caller.scheme,
        });
    }

    pub(super) fn identity(&self) -> Option<Rc<Identity>> {
        self.head.as_ref().map(|head| Rc::clone(&head.identity))
    }

    /// The path as it was sent.
    pub(super) fn path(&self) -> &str {
        self.head.as_ref().map_or("", |head| head.uri.path())
    }

    /// It has this place until it has ended: for as long as a body is passed on or items are sent.
    pub(super) fn takes(&mut self, place: Place) {
        self.place = Some(place);
    }

    /// It leads to this endpoint.
    pub(super) fn leads_to(&mut self, endpoint: &'static Endpoint) {
        self.endpoint = Some(endpoint);
    }

    /// It is known who calls: by this scheme, and which consumer that is.
    pub(super) fn comes_from(&mut self, auth: &'static str, consumer: Option<&'static str>) {
        self.auth = Some(auth);
        self.consumer = consumer;
    }

    /// Its answer can be used again, and comes from there.
    pub(super) fn reuses(&mut self, reused: Reused) {
        self.reused = Some(reused);
        if let Some(endpoint) = self.endpoint {
            metrics::here(|core| core.reused(endpoint, reused));
        }
    }

    /// It fails so.
    pub(super) fn failed(&mut self, error: &Error) {
        self.problem = Some(error.code());
        metrics::here(|core| core.failed(self.endpoint, error.code()));
        if let (Some(endpoint), Some(violations)) = (self.endpoint, error.violations()) {
            metrics::here(|core| core.violated(endpoint, violations));
        }
        self.limit = error.limit();
        if let (Some(endpoint), Some(limit)) = (self.endpoint, error.limit()) {
            metrics::here(|core| core.limited(endpoint, limit));
        }
    }

    /// It is answered so.
    pub(super) fn answered(&mut self, response: &mut Response) {
        self.status = Some(response.status());
        let head = self.head.as_ref().is_some_and(|head| head.method == http::Method::HEAD);
        self.bytes = if head { 0 } else { response.length() };
        self.fallbacks = response.take_fallbacks();
        if let Some(endpoint) = self.endpoint {
            for fields in &self.fallbacks {
                metrics::here(|core| core.fell_back(endpoint, fields));
            }
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let took = self.start.elapsed();
        let span = self.head.as_ref().and_then(|head| head.identity.span);
        metrics::here(|core| {
            core.ended.one();
            match self.status {
                Some(status) => core.answered(self.endpoint, status, took, span),
                None => core.aborted(self.endpoint),
            }
        });
        let Some(head) = &self.head else { return };
        let trail = &head.identity.trail;
        let entry = Entry {
            id: head.identity.id(),
            peer: self.peer,
            method: head.method.as_str(),
            path: head.uri.path(),
            protocol: head.protocol,
            endpoint: self.endpoint,
            status: self.status,
            bytes: self.bytes + trail.bytes(),
            took,
            problem: self.problem,
            limit: self.limit,
            auth: self.auth,
            consumer: self.consumer,
            fallbacks: &self.fallbacks,
            reused: self.reused,
            trail,
        };
        if let Some(context) = span {
            trace::asked(&Asked { context, scheme: head.scheme, entry: &entry });
        }
        access::note(&entry);
    }
}
