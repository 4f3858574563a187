//! A browser decides what pages may read: Chromium, without a window, is asked.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Backend, Gateway};

use crate::ask::unused_port;
use crate::contracts::cors::CONTRACT;

/// How long a browser may take to start and to show a page.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a page says that tries everything at `BASE`: a line for each, `NAME: STATUS TEXT` or `NAME: refused`.
const PAGE: &str = r#"<!doctype html><title>page</title><pre id="said"></pre><script>
const base = "BASE";
const tried = [
  ["reads", "/v1/items/a", {}],
  ["sends a field", "/v1/items/a", { headers: { "X-Wish": "w" } }],
  ["sends JSON", "/v1/items/a", { method: "PUT", headers: { "Content-Type": "application/json" }, body: '{"name":"n"}' }],
  ["reads a problem", "/v1/items/gone", {}],
  ["reads what is open", "/v1/open", {}],
  ["deletes", "/v1/items/a", { method: "DELETE" }],
  ["sends another field", "/v1/items/a", { headers: { "X-Other": "w" } }],
  ["shows cookies", "/v1/items/a", { credentials: "include" }],
];
(async () => {
  const lines = [];
  for (const [name, path, how] of tried) {
    try {
      const answer = await fetch(base + path, how);
      const location = answer.headers.get("Location") ?? "-";
      const hidden = answer.headers.get("Cache-Status") ?? "-";
      lines.push(`${name}: ${answer.status} ${location} ${hidden}`);
    } catch (error) {
      lines.push(`${name}: refused`);
    }
  }
  lines.push("that is all");
  document.getElementById("said").textContent = lines.join("\n");
})();
</script>"#;

/// What a page at `origin` says once it has tried everything.
#[track_caller]
fn said(url: &str) -> Vec<String> {
    let folder = std::env::temp_dir().join(format!("gatewright-browser-{}", std::process::id()));
    let mut command = Command::new("chromium");
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]);
    command.args(["--no-first-run", "--disable-extensions", "--disable-background-networking"]);
    command.arg(format!("--user-data-dir={}", folder.display()));
    command.args(["--virtual-time-budget=10000", "--dump-dom", url]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = child.unwrap_or_else(|error| unreachable!("chromium: {error}"));
    let begin = Instant::now();
    while child.try_wait().is_ok_and(|ended| ended.is_none()) {
        if begin.elapsed() > PATIENCE {
            let _ = child.kill();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let shown = child.wait_with_output().expect("it has ended").stdout;
    let _ = std::fs::remove_dir_all(folder);
    let shown = String::from_utf8_lossy(&shown).into_owned();
    let said =
        shown.split_once("<pre id=\"said\">").and_then(|(_, rest)| rest.split_once("</pre>"));
    let (said, _) = said.unwrap_or_else(|| unreachable!("it shows {shown}"));
    said.lines().map(str::to_owned).collect()
}

/// A server of this page.
fn page(base: &str) -> Backend {
    let page = PAGE.replace("BASE", base);
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n",
        page.len()
    );
    Backend::start().raw("GET", "/", format!("{head}{page}").as_bytes())
}

fn store() -> Backend {
    Backend::start()
        .answer("GET", "/items/a", 200, r#"{"id":"a"}"#)
        .answer("GET", "/items/gone", 404, "{}")
        .answer("GET", "/open", 200, r#"{"id":"o"}"#)
        .answer("PUT", "/items/a", 204, "")
        .answer("DELETE", "/items/a", 204, "")
}

#[test]
fn a_page_may_do_what_the_contract_grants_it_and_no_more() {
    let store = store();
    // Which origin is granted is known before the page is, and the page before the gateway's address.
    let listen = format!("127.0.0.1:{}", unused_port());
    let shop = page(&format!("http://{listen}"));
    let pages = shop.url();
    let env =
        [("STORE_URL", &*store.url()), ("PAGES", pages.as_str()), ("LISTEN", listen.as_str())];
    let _gateway = Gateway::start(&CONTRACT, &env);
    let granted = [
        "reads: 200 /v1/items/a -",
        "sends a field: 200 /v1/items/a -",
        "sends JSON: 204 - -",
        "reads a problem: 410 - -",
        "reads what is open: 200 - -",
        "deletes: refused",
        "sends another field: refused",
        "shows cookies: refused",
        "that is all",
    ];
    assert_eq!(said(&shop.url()), granted);
    // What the browser did not let the page ask never came.
    let asked = store.requests();
    assert!(asked.iter().all(|one| one.method != "DELETE"), "{asked:#?}");
    assert!(asked.iter().all(|one| one.header("x-other").is_none()));

    let stranger = page(&format!("http://{listen}"));
    let before = store.requests().len();
    let refused = [
        "reads: refused",
        "sends a field: refused",
        "sends JSON: refused",
        "reads a problem: refused",
        "reads what is open: 200 - -",
        "deletes: refused",
        "sends another field: refused",
        "shows cookies: refused",
        "that is all",
    ];
    assert_eq!(said(&stranger.url()), refused);
    // What needs no leave to be asked is asked, and stays unread; what changes something is not.
    let later = store.requests().split_off(before);
    assert!(later.iter().all(|one| one.method == "GET"), "{later:#?}");
}
