//! Traces: what a collector is sent, and that nobody waits for it.

#[path = "traces/collector.rs"]
mod collector;

use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Answer, Backend, Gateway, Running, get, send};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

use self::collector::{Collector, Spans, read};
use crate::ask::{NOBODY, timed};
use crate::contracts::shop::CONTRACT;

const ITEM: &str = r#"{"id":"p_1a2b3c4d","name":"Shoes",
    "pricing":{"gross":{"amount":59.90,"currency":"EUR"}}}"#;
const RATINGS: &str = r#"{"average":4.5,"entries":[]}"#;
const PAGE: &str = "/v2/products/p_1a2b3c4d";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const ABOVE: &str = "00f067aa0ba902b7";

/// The services of a page.
struct Services {
    catalog: Backend,
    reviews: Backend,
    stock: Backend,
}

fn services(catalog: Backend) -> Services {
    let reviews = Backend::start().answer("GET", "/ratings?sku=p_1a2b3c4d&limit=3", 200, RATINGS);
    let stock = Backend::start().answer("GET", "/levels/p_1a2b3c4d", 200, r#"{"available":7}"#);
    Services { catalog, reviews, stock }
}

fn well() -> Services {
    services(Backend::start().answer("GET", "/items/p_1a2b3c4d", 200, ITEM))
}

/// A shop with these services that sends its spans there.
fn gateway(services: &Services, endpoint: &str, more: &[(&str, &str)]) -> Running {
    let urls = [&services.catalog, &services.reviews, &services.stock].map(Backend::url);
    let mut env: Vec<(&str, &str)> = more.to_vec();
    let names = ["CATALOG_URL", "REVIEWS_URL", "STOCK_URL"];
    env.extend(names.iter().zip(&urls).map(|(name, url)| (*name, url.as_str())));
    env.push(("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint));
    let env = crate::shop::environment(&env);
    Gateway::start(&CONTRACT, &env)
}

/// Asks for a page as somebody who is traced, or says that it is not.
fn page(gateway: &Running, flags: &str) -> Answer {
    let place = format!("00-{TRACE}-{ABOVE}-{flags}");
    let fields = [("traceparent", place.as_str()), ("tracestate", "a=1"), ("tracestate", "b=2")];
    send(gateway.address(), "GET", PAGE, &fields, b"")
}

/// Collects over HTTP/1.1, and answers so.
fn plain(status: u16) -> Backend {
    Backend::start().answer("POST", "/v1/traces", status, "")
}

/// What such a collector was sent once the gateway has ended.
#[track_caller]
fn sent(gateway: Running, collector: &Backend) -> Spans {
    assert_eq!(gateway.stop(), 0);
    let bodies = collector.requests().into_iter().map(|request| request.body);
    read(bodies)
}

#[test]
fn a_request_is_a_span_and_each_call_is_one_below_it() {
    let (services, collector) = (well(), plain(200));
    let more = [
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abc, x-tenant=shop"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test,service.name=other"),
        ("OTEL_SERVICE_NAME", "storefront"),
    ];
    let gateway = gateway(&services, &collector.url(), &more);
    let answer = page(&gateway, "01");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let id = answer.header("x-request-id").expect("an id").to_owned();
    let spans = sent(gateway, &collector);
    let request = collector.requests().remove(0);
    for (name, value) in [
        ("content-type", "application/x-protobuf"),
        ("authorization", "Bearer abc"),
        ("x-tenant", "shop"),
    ] {
        assert_eq!(request.header(name), Some(value));
    }
    assert_eq!(spans.resource("service.name"), ["storefront"]);
    assert_eq!(spans.resource("deployment.environment.name"), ["test"]);
    assert_eq!(spans.resource("telemetry.sdk.name"), ["gatewright"]);

    assert_eq!(spans.all.len(), 4, "{:#?}", spans.all);
    let server = spans.named("GET /v2/products/{id}");
    assert_eq!(server.kind(), SpanKind::Server);
    assert_eq!((hex(&server.trace_id), hex(&server.parent_span_id)), (TRACE.into(), ABOVE.into()));
    assert_eq!(server.flags & 0x3ff, 0x301, "sampled, below somebody who is elsewhere");
    for (name, value) in [
        ("http.request.method", "GET"),
        ("http.route", "/v2/products/{id}"),
        ("url.path", PAGE),
        ("url.scheme", "http"),
        ("network.protocol.version", "1.1"),
        ("client.address", "127.0.0.1"),
        ("http.response.status_code", "200"),
        ("gatewright.version", "2"),
        ("gatewright.request", id.as_str()),
        ("gatewright.cache", "miss"),
    ] {
        assert_eq!(spans.says(server, name).as_deref(), Some(value), "{name}");
    }
    assert!(server.status.as_ref().is_none_or(|status| status.code() == StatusCode::Unset));
    are_below(server, &spans, &services);
}

/// Looks at the spans of the calls of the product page.
fn are_below(server: &Span, spans: &Spans, services: &Services) {
    for (operation, backend) in [
        ("GET /items/{id}", &services.catalog),
        ("GET /ratings", &services.reviews),
        ("GET /levels/{id}", &services.stock),
    ] {
        let call = spans.named(operation);
        assert_eq!((call.kind(), &call.trace_id), (SpanKind::Client, &server.trace_id));
        assert_eq!(call.parent_span_id, server.span_id, "{operation}");
        assert!(server.start_time_unix_nano <= call.start_time_unix_nano + 1_000_000);
        assert!(call.start_time_unix_nano < call.end_time_unix_nano);
        assert!(call.end_time_unix_nano <= server.end_time_unix_nano + 1_000_000);
        let received = backend.requests().remove(0);
        let place = format!("00-{TRACE}-{}-01", hex(&call.span_id));
        assert_eq!(received.header("traceparent"), Some(place.as_str()), "{operation}");
        assert_eq!(received.header("tracestate"), Some("a=1,b=2"));
        let port = backend.address().port().to_string();
        for (name, value) in [
            ("http.request.method", "GET"),
            ("url.template", operation.trim_start_matches("GET ")),
            ("gatewright.outcome", "ok"),
            ("http.response.status_code", "200"),
            ("server.address", "127.0.0.1"),
            ("server.port", port.as_str()),
            ("network.peer.address", "127.0.0.1"),
        ] {
            assert_eq!(spans.says(call, name).as_deref(), Some(value), "{operation}: {name}");
        }
    }
}

#[test]
fn attempts_fallbacks_and_what_failed_are_told() {
    let catalog = Backend::start()
        .answer("GET", "/items/p_1a2b3c4d", 503, "{}")
        .answer("GET", "/items/p_1a2b3c4d", 200, ITEM)
        .answer("GET", "/items/p_1a2b3c4d", 500, "{}");
    let (services, collector) = (services(catalog), plain(200));
    services.reviews.refuse();
    let gateway = gateway(&services, &collector.url(), &[]);
    assert_eq!(page(&gateway, "01").status, 200);
    // What stood in is kept by nobody, so this one is made anew, and fails.
    assert_eq!(page(&gateway, "01").status, 502);
    assert_eq!(get(gateway.address(), "/v2/nothing").status, 404);
    let spans = sent(gateway, &collector);

    let pages = spans.of("GET /v2/products/{id}");
    assert_eq!(pages.len(), 2);
    assert_eq!(spans.says(pages[0], "gatewright.fallbacks").as_deref(), Some("reviews, rating"));
    assert_eq!(spans.error(pages[0]), None);
    assert_eq!(spans.error(pages[1]).as_deref(), Some("backend-failed"));
    let calls = spans.of("GET /items/{id}");
    assert_eq!(spans.says(calls[0], "http.request.resend_count").as_deref(), Some("1"));
    let [retry] = calls[0].events.as_slice() else { unreachable!("{:#?}", calls[0]) };
    assert_eq!((retry.name.as_str(), spans.error(calls[0])), ("retry", None));
    assert_eq!(spans.error(calls[1]).as_deref(), Some("500"), "500 is not tried again");
    let reviews = spans.of("GET /ratings");
    assert_eq!(spans.error(reviews[0]).as_deref(), Some("unreachable"));
    assert_eq!(spans.says(reviews[0], "http.response.status_code"), None);
    let lost = spans.named("GET");
    assert_eq!(spans.says(lost, "http.route"), None, "it led nowhere");
    assert_eq!(spans.says(lost, "gatewright.problem").as_deref(), Some("no-route"));
    assert_eq!((spans.error(lost), lost.parent_span_id.len()), (None, 0));
}

#[test]
fn a_breaker_that_is_open_is_an_outcome() {
    let services = services(Backend::start().answer("GET", "/items/p_1a2b3c4d", 500, "{}"));
    let collector = plain(200);
    let gateway = gateway(&services, &collector.url(), &[]);
    for _ in 0..6 {
        page(&gateway, "01");
    }
    let spans = sent(gateway, &collector);
    let outcomes: Vec<_> = spans
        .of("GET /items/{id}")
        .into_iter()
        .filter_map(|span| spans.says(span, "gatewright.outcome"))
        .collect();
    assert_eq!(outcomes, ["5xx", "5xx", "5xx", "5xx", "5xx", "breaker-open"]);
}

#[test]
fn whoever_calls_decides_unless_the_sampler_does() {
    let count = |sampler: &str, flags: &str| {
        let (services, collector) = (well(), plain(200));
        let more = [("OTEL_TRACES_SAMPLER", sampler), ("OTEL_TRACES_SAMPLER_ARG", "0")];
        let gateway = gateway(&services, &collector.url(), &more);
        assert_eq!(page(&gateway, flags).status, 200);
        let spans = sent(gateway, &collector).all.len();
        let told = services.stock.requests().remove(0);
        let told = told.header("traceparent").unwrap_or_default().to_owned();
        assert!(told.starts_with(&format!("00-{TRACE}-")), "{told}");
        // Who is not traced adds nothing, and says the place of its caller.
        assert_eq!(told.contains(ABOVE), spans == 0, "{told}");
        (spans, told.ends_with("01"))
    };
    assert_eq!(count("parentbased_always_on", "00"), (0, false));
    assert_eq!(count("parentbased_always_off", "01"), (4, true));
    assert_eq!(count("always_on", "00"), (4, true));
    assert_eq!(count("traceidratio", "01"), (0, false));
}

#[test]
fn a_collector_that_speaks_grpc_is_called_and_called_again() {
    let services = well();
    // 14 is UNAVAILABLE: the same spans are sent again, over the same connection.
    let collector = Collector::start(&[14, 0]);
    let more = [("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("OTEL_EXPORTER_OTLP_HEADERS", "x-a=b")];
    let gateway = gateway(&services, &collector.url(), &more);
    assert_eq!(page(&gateway, "01").status, 200);
    let calls = collector.wait_for(2);
    assert_eq!(calls[0].body, calls[1].body);
    assert_eq!(calls[0].connection, calls[1].connection);
    let path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    assert_eq!((calls[0].path.as_str(), calls[0].field("te")), (path, Some("trailers")));
    assert_eq!(calls[0].field("content-type"), Some("application/grpc"));
    assert_eq!(calls[0].field("x-a"), Some("b"));
    let spans = read([calls[1].message().to_vec()]);
    assert_eq!(spans.all.len(), 4);
    assert_eq!(spans.resource("service.name"), ["shop"]);
    wait_until(|| counted(&gateway, "sent") == Some(4));
    assert_eq!(counted(&gateway, "lost"), Some(0));
}

#[test]
fn a_collector_that_refuses_costs_spans_and_they_are_counted() {
    for (status, grpc) in [(400, false), (200, true)] {
        let (services, refusing) = (well(), plain(status));
        // 3 is INVALID_ARGUMENT: the same would be refused again.
        let calling = Collector::start(&[3]);
        let (url, protocol) = match grpc {
            true => (calling.url(), "grpc"),
            false => (refusing.url(), "http/protobuf"),
        };
        let gateway = gateway(&services, &url, &[("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)]);
        assert_eq!(page(&gateway, "01").status, 200);
        wait_until(|| counted(&gateway, "lost") == Some(4));
        assert_eq!(counted(&gateway, "sent"), Some(0));
    }
}

/// A collector may say that it took the message and not all spans in it.
#[test]
fn spans_that_are_refused_one_by_one_count_as_lost() {
    let services = well();
    // partial_success { rejected_spans: 3 }
    let collector = Backend::start().raw_open(
        "POST",
        "/v1/traces",
        b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n\x0a\x02\x08\x03",
    );
    let gateway = gateway(&services, &collector.url(), &[]);
    assert_eq!(page(&gateway, "01").status, 200);
    wait_until(|| counted(&gateway, "lost") == Some(3));
    assert_eq!(counted(&gateway, "sent"), Some(1));
}

#[test]
fn nobody_waits_for_a_collector_that_is_away_or_hangs() {
    let hanging = Backend::start().slow("POST", "/v1/traces", Duration::from_secs(60), "");
    for endpoint in [NOBODY.to_owned(), hanging.url()] {
        let services = well();
        let gateway = gateway(&services, &endpoint, &[]);
        page(&gateway, "01");
        let mut slowest = Duration::ZERO;
        for _ in 0..40 {
            // It was kept, and costs nothing but its span.
            let (answer, took) = timed(&gateway, PAGE);
            assert_eq!(answer.status, 200);
            slowest = slowest.max(took);
        }
        assert!(slowest < Duration::from_secs(1), "{slowest:?}");
        let begin = Instant::now();
        assert_eq!(gateway.stop(), 0);
        assert!(begin.elapsed() < Duration::from_secs(8), "the end does not wait for ever");
    }
}

#[test]
fn nothing_is_traced_or_counted_without_a_collector() {
    let services = well();
    let gateway = gateway(&services, "", &[("OTEL_TRACES_SAMPLER", "always_on")]);
    assert_eq!(page(&gateway, "01").status, 200);
    assert_eq!(counted(&gateway, "sent"), None);
    let received = services.catalog.requests().remove(0);
    let place = format!("00-{TRACE}-{ABOVE}-01");
    assert_eq!(received.header("traceparent"), Some(place.as_str()));
    assert_eq!(received.header("tracestate"), Some("a=1,b=2"), "its list goes with it");
    let odd = [("traceparent", "00-odd"), ("tracestate", "a=1")];
    send(gateway.address(), "GET", "/v2/products/p_00000000", &odd, b"");
    let received = services.catalog.requests().remove(1);
    assert_eq!(received.header("tracestate"), None, "it belongs to a place that is none");
}

#[test]
fn everything_that_is_wrong_with_it_is_told_before_the_start() {
    let env = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization: Basic c2VjcmV0"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
    ];
    let text = Gateway::refusal(&CONTRACT, &env).expect("a refusal");
    for name in ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_TRACES_SAMPLER"]
    {
        assert!(text.contains(&format!("invalid: {name}")), "{text}");
    }
    assert!(!text.contains("c2VjcmV0"), "{text}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How many spans are counted as that; nothing if none are counted.
fn counted(gateway: &Running, state: &str) -> Option<u64> {
    let metrics = get(gateway.operator(), "/metrics").text();
    let name = format!("gatewright_spans_total{{state=\"{state}\"}} ");
    metrics.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok())
}

#[track_caller]
fn wait_until(holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(20), "it does not come true");
        std::thread::sleep(Duration::from_millis(20));
    }
}
