//! What a gateway counts, read by a parser that forgives nothing.

mod exposition;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Backend, Client, Gateway, Running, get, send};

use self::exposition::{Family, Metrics, OPEN, PLAIN};
use crate::ask::NOBODY;
use crate::contracts::{pass, shop, statuses, validated};

const V1: &str = "/v1/products/p_1a2b3c4d";
const PRODUCT: [(&str, &str); 3] =
    [("method", "GET"), ("endpoint", "/v1/products/{id}"), ("version", "1")];
const ITEM: &str = r#"{"id":"p_1a2b3c4d","name":"Shoes",
    "pricing":{"gross":{"amount":59.90,"currency":"EUR"}}}"#;

/// What a gateway counted, as Prometheus and as OpenMetrics read it; both say the same families.
fn metrics(gateway: &Running) -> Metrics {
    let open = opened(gateway);
    let plain = get(gateway.operator(), "/metrics");
    assert_eq!((plain.status, plain.header("content-type")), (200, Some(PLAIN)));
    let plain = Metrics::plain(&plain.text());
    assert_eq!(plain.names(), open.names());
    plain
}

/// What a gateway counted, as OpenMetrics reads it.
fn opened(gateway: &Running) -> Metrics {
    let open = [("Accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")];
    let open = send(gateway.operator(), "GET", "/metrics", &open, b"");
    assert_eq!(open.header("content-type"), Some(OPEN));
    Metrics::open(&open.text())
}

/// A shop with these addresses of catalogue and reviews.
fn shop(catalog: &str, reviews: &str) -> Running {
    let env = [("CATALOG_URL", catalog), ("REVIEWS_URL", reviews), ("CORES", "2")];
    Gateway::start(&shop::CONTRACT, &crate::shop::environment(&env))
}

/// The same with one more label.
fn with<'a>(labels: [(&'a str, &'a str); 3], more: (&'a str, &'a str)) -> [(&'a str, &'a str); 4] {
    let [one, two, three] = labels;
    [one, two, three, more]
}

/// Waits until a series has a value: an answer is there before it is counted.
pub(crate) fn wait(
    gateway: &Running,
    family: &str,
    labels: &[(&str, &str)],
    value: f64,
) -> Metrics {
    let begin = Instant::now();
    loop {
        let metrics = metrics(gateway);
        if metrics.value(family, labels) == Some(value) || begin.elapsed() > Duration::from_secs(5)
        {
            assert_eq!(metrics.value(family, labels), Some(value), "{family} {labels:?}");
            return metrics;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_gateway_that_was_asked_nothing_says_so_in_both_forms() {
    let gateway = shop(NOBODY, NOBODY);
    // The kernel tells the time of processors in hundredths of a second.
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(50) {
        std::hint::spin_loop();
    }
    let metrics = metrics(&gateway);
    assert_eq!(metrics.value("gatewright_cores", &[]), Some(2.0));
    assert_eq!(metrics.value("gatewright_requests_in_flight", &[]), Some(0.0));
    assert_eq!(metrics.series("gatewright_requests_total"), 0);
    let digest = shop::CONTRACT.versions[1].digest;
    let labels = [("version", "2"), ("revision", ""), ("sha256", digest)];
    assert_eq!(metrics.value("gatewright_version_info", &labels), Some(1.0));
    for (state, value) in [("closed", 1.0), ("open", 0.0), ("half-open", 0.0)] {
        let labels = [("backend", "catalog"), ("state", state)];
        assert_eq!(metrics.value("gatewright_breaker_state", &labels), Some(value));
    }
    for name in [
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_start_time_seconds",
    ] {
        assert!(metrics.value(name, &[]).is_some_and(|value| value > 0.0), "{name}");
    }
}

#[test]
fn requests_calls_and_stand_ins_are_counted_in_the_words_of_the_contract() {
    let catalog = Backend::start().answer("GET", "/items/p_1a2b3c4d", 200, ITEM);
    let gateway = shop(&catalog.url(), NOBODY);
    for _ in 0..3 {
        assert_eq!(get(gateway.address(), V1).status, 200);
    }
    assert_eq!(get(gateway.address(), "/v1/products/p_00000000").status, 404);
    assert_eq!(get(gateway.address(), "/v1/products/none").status, 400);
    assert_eq!(get(gateway.address(), "/v9/products").status, 404);

    let nowhere = [("method", ""), ("endpoint", ""), ("version", ""), ("status", "404")];
    let metrics = wait(&gateway, "gatewright_requests_total", &nowhere, 1.0);
    for (status, count) in [("200", 3.0), ("404", 1.0), ("400", 1.0)] {
        let labels = with(PRODUCT, ("status", status));
        assert_eq!(metrics.value("gatewright_requests_total", &labels), Some(count), "{status}");
    }
    for (problem, count) in [("urn:problem:shop:not-found", 1.0), ("invalid-request", 1.0)] {
        let labels = with(PRODUCT, ("problem", problem));
        assert_eq!(metrics.value("gatewright_problems_total", &labels), Some(count), "{problem}");
    }
    let lost = [nowhere[0], nowhere[1], nowhere[2], ("problem", "no-route")];
    assert_eq!(metrics.value("gatewright_problems_total", &lost), Some(1.0));
    assert_eq!(metrics.value("gatewright_deprecated_requests_total", &PRODUCT), Some(5.0));
    assert_eq!(metrics.value("gatewright_request_duration_seconds_count", &PRODUCT), Some(5.0));
    for fields in ["reviews", "in_stock"] {
        let labels = with(PRODUCT, ("fields", fields));
        assert_eq!(metrics.value("gatewright_fallbacks_total", &labels), Some(3.0), "{fields}");
    }
    let wrong = [PRODUCT[0], PRODUCT[1], PRODUCT[2], ("in", "path"), ("name", "id")];
    assert_eq!(metrics.value("gatewright_violations_total", &wrong), Some(1.0));

    let item = [("backend", "catalog"), ("operation", "GET /items/{id}")];
    let outcome = |outcome| [item[0], item[1], ("outcome", outcome)];
    assert_eq!(metrics.value("gatewright_calls_total", &outcome("ok")), Some(3.0));
    assert_eq!(metrics.value("gatewright_calls_total", &outcome("4xx")), Some(1.0));
    assert_eq!(metrics.value("gatewright_call_duration_seconds_count", &item), Some(4.0));
    assert_eq!(metrics.value("gatewright_call_retries_total", &item), Some(0.0));
    let ratings =
        [("backend", "reviews"), ("operation", "GET /ratings"), ("outcome", "unreachable")];
    assert!(metrics.value("gatewright_calls_total", &ratings).is_some_and(|count| count >= 3.0));
    for peer in ["callers", "backends"] {
        for name in ["gatewright_received_bytes_total", "gatewright_sent_bytes_total"] {
            let bytes = metrics.value(name, &[("peer", peer)]);
            assert!(bytes.is_some_and(|bytes| bytes > 100.0), "{name} {peer}");
        }
    }
    let made = metrics.value("gatewright_backend_connections_total", &[("backend", "catalog")]);
    assert!(made.is_some_and(|made| (1.0..=2.0).contains(&made)), "{made:?}");
}

#[test]
fn an_open_breaker_further_attempts_and_unreadable_results_are_seen() {
    let broken = Backend::start().answer("GET", "/items/p_1a2b3c4d", 503, "{}");
    let gateway = shop(&broken.url(), NOBODY);
    for _ in 0..4 {
        get(gateway.address(), V1);
    }
    let open = [("backend", "catalog"), ("state", "open")];
    let metrics = wait(&gateway, "gatewright_breaker_state", &open, 1.0);
    let item = [("backend", "catalog"), ("operation", "GET /items/{id}")];
    let retries = metrics.value("gatewright_call_retries_total", &item);
    assert!(retries.is_some_and(|count| count >= 2.0), "{retries:?}");
    let labels = [item[0], item[1], ("outcome", "breaker-open")];
    assert!(metrics.value("gatewright_calls_total", &labels).is_some_and(|count| count >= 1.0));

    let wrong = Backend::start().answer("GET", "/items/p_1a2b3c4d", 200, r#"{"id":7}"#);
    let gateway = shop(&wrong.url(), NOBODY);
    assert_eq!(get(gateway.address(), V1).status, 502);
    let of_id = [item[0], item[1], ("field", "id")];
    let metrics = wait(&gateway, "gatewright_invalid_results_total", &of_id, 1.0);
    let labels = [item[0], item[1], ("outcome", "ok")];
    assert_eq!(metrics.value("gatewright_calls_total", &labels), Some(1.0));
}

#[test]
fn a_request_counts_as_in_flight_until_its_end_and_as_aborted_if_nobody_waits() {
    const ORDER: &str = r#"{"id":"a","total":1.50,"state":"open","lines":[]}"#;
    const NEXT: [(&str, &str); 3] = [("method", "GET"), ("endpoint", "/v1/next"), ("version", "1")];
    let orders = Backend::start().slow("GET", "/next", Duration::from_millis(250), ORDER);
    let env = [("ORDERS_URL", &*orders.url()), ("STOCK_URL", NOBODY)];
    let gateway = Gateway::start(&statuses::CONTRACT, &env);
    let ask = |address: SocketAddr| {
        let mut client = Client::connect(address);
        client.request("GET", "/v1/next", &[], b"");
        client
    };
    let mut first = ask(gateway.address());
    wait(&gateway, "gatewright_requests_in_flight", &[], 1.0);
    let before = metrics(&gateway).value("gatewright_connections_open", &[]);
    assert_eq!(before, Some(1.0));
    assert_eq!(first.answer("GET").expect("an answer").status, 200);
    wait(&gateway, "gatewright_requests_in_flight", &[], 0.0);

    let second = ask(gateway.address());
    wait(&gateway, "gatewright_requests_in_flight", &[], 1.0);
    drop(second);
    let metrics = wait(&gateway, "gatewright_requests_aborted_total", &NEXT, 1.0);
    let labels = with(NEXT, ("status", "200"));
    assert_eq!(metrics.value("gatewright_requests_total", &labels), Some(1.0));
    let item = [("backend", "orders"), ("operation", "GET /next"), ("outcome", "dropped")];
    wait(&gateway, "gatewright_calls_total", &item, 1.0);
}

#[test]
fn what_is_passed_on_counts_until_its_last_byte() {
    let files = Backend::start().slow("GET", "/files/a", Duration::from_millis(60), "content");
    let env = [("FILES_URL", &*files.url()), ("FILES_KEY", "k-1"), ("FLAKY_URL", NOBODY)];
    let gateway = Gateway::start(&pass::CONTRACT, &env);
    let answer = get(gateway.address(), "/v1/files/a");
    assert_eq!((answer.status, answer.text().as_str()), (200, "content"));
    let labels = [("method", "GET"), ("endpoint", "/v1/files/{path*}"), ("version", "1")];
    wait(&gateway, "gatewright_requests_total", &with(labels, ("status", "200")), 1.0);
    wait(&gateway, "gatewright_requests_in_flight", &[], 0.0);
    let call = [("backend", "files"), ("operation", "GET /files/{path*}"), ("outcome", "ok")];
    wait(&gateway, "gatewright_calls_total", &call, 1.0);
}

#[test]
fn callers_cannot_add_series() {
    let gateway = Gateway::start(&validated::CONTRACT, &[]);
    let before = metrics(&gateway).total();
    for turn in 0..40 {
        get(gateway.address(), &format!("/v1/{turn}?q{turn}={turn}"));
    }
    let nowhere = [("method", ""), ("endpoint", ""), ("version", ""), ("status", "404")];
    let after = wait(&gateway, "gatewright_requests_total", &nowhere, 40.0);
    // One for the status, and one for the problem.
    assert_eq!(after.total(), before + 2);
}

/// Both examples and the manual list the same families as a gateway that has everything.
#[test]
fn the_manual_lists_every_family() {
    let env = [("OTEL_EXPORTER_OTLP_ENDPOINT", NOBODY)];
    let gateway = Gateway::start(&shop::CONTRACT, &crate::shop::environment(&env));
    get(gateway.address(), V1);
    let all = metrics(&gateway);
    let manual = include_str!("../../compiler/manual/metrics.md");
    let listed: Vec<&str> =
        manual.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let own: Vec<&str> = all.families().map(|Family { name, .. }| name.as_str()).collect();
    for name in &own {
        assert!(listed.contains(name), "{name} is not in the manual");
    }
    for name in &listed {
        assert!(own.contains(name), "{name} is in the manual only");
    }
}

/// Times lead to traces: a bucket shows the last request in it that is traced, to those who ask for a
/// form that has room for it.
#[test]
fn a_time_leads_to_a_trace_where_there_is_one() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let catalog = Backend::start().answer("GET", "/items/p_1a2b3c4d", 200, ITEM);
    let env = [("CATALOG_URL", &*catalog.url()), ("OTEL_EXPORTER_OTLP_ENDPOINT", NOBODY)];
    let gateway = Gateway::start(&shop::CONTRACT, &crate::shop::environment(&env));
    let ask = |flags: &str| {
        let place = format!("00-{TRACE}-00f067aa0ba902b7-{flags}");
        let fields = [("traceparent", place.as_str())];
        send(gateway.address(), "GET", V1, &fields, b"");
    };
    ask("00");
    wait(&gateway, "gatewright_request_duration_seconds_count", &PRODUCT, 1.0);
    assert_eq!(opened(&gateway).exemplars("gatewright_request_duration_seconds").len(), 0);
    ask("01");
    wait(&gateway, "gatewright_request_duration_seconds_count", &PRODUCT, 2.0);
    let metrics = opened(&gateway);
    let [(labels, took)] = metrics.exemplars("gatewright_request_duration_seconds") else {
        unreachable!("one request is traced")
    };
    assert_eq!(labels.get("trace_id").map(String::as_str), Some(TRACE));
    assert!(labels.get("span_id").is_some_and(|span| span.len() == 16) && *took < 10.0);
    let calls = metrics.exemplars("gatewright_call_duration_seconds");
    assert!(!calls.is_empty() && calls.iter().all(|(labels, _)| labels["trace_id"] == TRACE));
}

/// What the dashboard for Grafana asks is counted, under these names and with these labels.
#[test]
fn the_dashboard_asks_for_what_there_is() {
    let dashboard = include_str!("../../dashboards/grafana.json");
    let dashboard: serde_json::Value = serde_json::from_str(dashboard).expect("JSON");
    let listed = labels_of_the_manual();
    let mut asked = std::collections::BTreeSet::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        let targets = panel["targets"].as_array().cloned().unwrap_or_default();
        assert_eq!(targets.is_empty(), panel["type"] == "row", "{}", panel["title"]);
        for target in &targets {
            let text = target["expr"].as_str().expect("a question");
            asked.extend(checked(text, &listed));
        }
    }
    for variable in dashboard["templating"]["list"].as_array().expect("variables").iter().skip(1) {
        let text = variable["definition"].as_str().expect("a question");
        checked(text, &listed);
    }
    assert!(asked.len() > 25, "{asked:?}");
}

/// Each metric of the manual, and its labels.
fn labels_of_the_manual() -> Vec<(String, Vec<String>)> {
    let manual = include_str!("../../compiler/manual/metrics.md");
    let rows = manual.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| {
        let mut cells = row.split('|');
        let name = cells.next().unwrap_or_default().trim().trim_end_matches('`');
        let labels =
            cells.nth(1).unwrap_or_default().split(',').map(|label| label.trim().trim_matches('`'));
        (name.to_owned(), labels.map(str::to_owned).collect())
    })
    .collect()
}

/// The metrics that a question names. Whatever it selects or sums by is a label of one of them, or of the
/// place where Prometheus found them.
#[track_caller]
fn checked(question: &str, listed: &[(String, Vec<String>)]) -> Vec<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = || question.split(|c| !word(c)).filter(|word| !word.is_empty());
    let mut known: Vec<&str> = vec!["job", "instance", "le"];
    let mut found = Vec::new();
    for name in
        words().filter(|word| word.starts_with("gatewright_") || word.starts_with("process_"))
    {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        let one =
            listed.iter().find(|(listed, _)| *listed == name || Some(listed.as_str()) == base);
        let (name, labels) =
            one.unwrap_or_else(|| unreachable!("{name} is not counted: {question}"));
        known.extend(labels.iter().map(String::as_str));
        found.push(name.clone());
    }
    assert!(!found.is_empty(), "{question}");
    let lists = question.split("by (").skip(1).filter_map(|rest| rest.split(')').next());
    let summed = lists.flat_map(|list| list.split(',').map(str::trim));
    let braces = question.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let selected =
        braces.flat_map(|list| list.split(',').filter_map(|one| one.split(['=', '!']).next()));
    for label in summed.chain(selected) {
        assert!(known.contains(&label), "{label} is no label: {question}");
    }
    found
}
