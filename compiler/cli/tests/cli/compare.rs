//! `compare` beside servers that answer as gateways could.

use crate::program::{Folder, GOOD, Said};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// What was asked: request line and header fields in one text.
type Asked = Arc<Mutex<Vec<String>>>;

/// Answers what `answer` says of a request line: a status line with perhaps fields, and a body.
fn server(answer: impl Fn(&str) -> (String, String) + Send + Sync + 'static) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    let asked = Asked::default();
    let log = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let head = head(&stream);
            // Whoever only looks whether somebody listens says nothing.
            let Some(line) = head.lines().next() else { continue };
            let (status, body) = answer(line);
            log.lock().expect("nobody panicked").push(head.clone());
            let length = body.len();
            let _ = write!(
                &stream,
                "HTTP/1.1 {status}\r\nDate: {length}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
            );
        }
    });
    (address, asked)
}

fn head(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim_end().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    let _ = reader.read_exact(&mut body);
    head + &String::from_utf8_lossy(&body)
}

fn ada(_: &str) -> (String, String) {
    ("200 OK".to_owned(), r#"{"name":"Ada"}"#.to_owned())
}

fn cases() -> String {
    format!(
        "{GOOD}\ncase \"somebody is there\" {{\n  when GET /v1/people/ada\n  \
         people GET /people/ada -> 200 {{ first_name: \"Ada\" }}\n  then 200 {{ name: \"Ada\" }}\n}}\n\n\
         case \"a service is away\" {{\n  when GET /v1/people/ada\n  people GET /people/ada -> 503\n  \
         then 502\n}}\n\n\
         case \"nothing is there\" {{\n  when GET /v1/nothing\n  then 404 no-route\n}}\n"
    )
}

fn compare(folder: &Folder, ends: [&str; 2], more: &[&str]) -> Said {
    folder.run(&[&["compare", ends[0], ends[1]], more].concat())
}

#[test]
fn gateways_that_answer_alike_are_alike() {
    let folder = Folder::new("compare-alike", &[("tiny.api", &cases())]);
    let (blue, asked) = server(ada);
    let (green, _) = server(|_| ("200 OK".to_owned(), "{ \"name\": \"\\u0041da\" }".to_owned()));
    compare(&folder, [&blue, &green], &[]).is(
        0,
        "alike    GET /v1/people/{id}: 1 request\nalike    no endpoint: 1 request\n2 requests: 2 alike\n",
        "",
    );
    let asked = asked.lock().expect("nobody panicked");
    let lines: Vec<_> = asked.iter().filter_map(|head| head.lines().next()).collect();
    assert_eq!(lines, ["GET /v1/people/ada HTTP/1.1", "GET /v1/nothing HTTP/1.1"]);
    assert!(asked.iter().all(|head| head.contains("X-Request-Id: compare-")), "{asked:?}");
}

#[test]
fn what_differs_is_named_unless_the_contract_or_blue_itself_explains_it() {
    let folder = Folder::new("compare-differs", &[("tiny.api", &cases())]);
    let count = AtomicUsize::new(0);
    let (blue, _) = server(move |_| {
        let count = count.fetch_add(1, Ordering::Relaxed);
        ("200 OK\r\nX-A: 1".to_owned(), format!(r#"{{"name":"Ada","now":{count}}}"#))
    });
    let (green, _) = server(|line| match line.contains("people") {
        true => ("200 OK\r\nX-A: 2".to_owned(), r#"{"name":null,"now":77}"#.to_owned()),
        false => ada(line),
    });
    let said = compare(&folder, [&blue, &green], &["--ignore", "x-a", "--ignore", "/now"]);
    said.is(
        1,
        "differs  GET /v1/people/{id}: 1 of 1 request\n  GET /v1/people/ada  (case \"somebody is there\")\n    \
         /name: blue \"Ada\", green null\nalike    no endpoint: 1 request\n2 requests: 1 alike, 1 differs\n",
        "",
    );
    // What blue answers now so and now so is no difference, though nobody says to ignore it.
    let said = compare(&folder, [&blue, &green], &["--ignore", "x-a"]);
    assert!(said.code == Some(1) && !said.out.contains("/now"), "{said:?}");
    let said = compare(&folder, [&blue, &green], &[]);
    assert!(said.out.contains("    header x-a: blue \"1\", green \"2\"\n"), "{said:?}");

    // Before this edit a name was never null.
    folder.write("before/tiny.api", GOOD);
    let edited = cases().replace("{ name: text eg \"Ada\" }", "{ name: text | null eg \"Ada\" }");
    folder.write("tiny.api", &edited);
    let args = ["--against", "before", "--ignore", "x-a", "--ignore", "/now"];
    let said = compare(&folder, [&blue, &green], &args);
    assert_eq!(said.code, Some(0), "{said:?}");
    let line = "changed  GET /v1/people/{id}: 1 of 1 request, as the contract says\n  \
                the contract changed 200.name field/became-nullable\n";
    assert!(said.out.starts_with(line), "{said:?}");
    assert!(said.out.ends_with("2 requests: 1 alike, 1 as the contract changed\n"), "{said:?}");
    let json = compare(&folder, [&blue, &green], &[&args[..], &["--format", "json"]].concat());
    let json: Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(json["format"], "gatewright-compare-1");
    let found = &json["endpoints"][0]["differing"][0];
    assert_eq!((&found["explained"], &found["target"]), (&true.into(), &"/v1/people/ada".into()));
    assert_eq!(found["differences"][0]["at"], "/name");
}

#[test]
fn recordings_are_asked_and_what_changes_something_is_left_out() {
    let har = r#"{"log":{"entries":[
      {"request":{"method":"GET","url":"http://old.example/v1/people/bob?x=1","headers":[{"name":"Cookie","value":"a=b"}]}},
      {"request":{"method":"GET","url":"http://old.example/style.css","headers":[]}},
      {"request":{"method":"DELETE","url":"http://old.example/v1/people/bob","headers":[]}}]}}"#;
    let log = "{\"event\":\"request\",\"method\":\"GET\",\"path\":\"/v1/people/eve\"}\n";
    let text = GOOD.replace(
        "  GET /people",
        "  DELETE /people/{id: Id} -> 204 {\n    public\n    gone = people DELETE /people/{id}\n    return 204\n  }\n\n  GET /people",
    );
    let files = [("tiny.api", text.as_str()), ("a.har", har), ("access.log", log)];
    let folder = Folder::new("compare-replay", &files);
    let ((blue, asked), (green, _)) = (server(ada), server(ada));
    let replay = ["--replay", "a.har", "--replay", "access.log", "--header", "X-Who: me"];
    compare(&folder, [&blue, &green], &replay).is(
        0,
        "alike    GET /v1/people/{id}: 2 requests\n2 requests: 2 alike\n",
        "left out because they lead to no endpoint: 1 request\n\
         left out because they change something: 1 request; `--unsafe` sends them\n",
    );
    {
        let asked = asked.lock().expect("nobody panicked");
        let first = asked.first().expect("a request");
        assert!(first.starts_with("GET /v1/people/bob?x=1 HTTP/1.1\r\n"), "{first}");
        assert!(first.contains("Cookie: a=b\r\n") && first.contains("X-Who: me\r\n"), "{first}");
    }
    let said = compare(&folder, [&blue, &green], &[&replay[..], &["--unsafe"]].concat());
    assert!(said.out.contains("alike    DELETE /v1/people/{id}: 1 request\n"), "{said:?}");
}

#[test]
fn what_cannot_be_compared_is_said() {
    let folder = Folder::new("compare-wrong", &[("tiny.api", GOOD), ("empty.log", "nothing\n")]);
    let (blue, _) = server(ada);
    let said = compare(&folder, [&blue, "http://127.0.0.1:1"], &[]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.starts_with("error: there is nothing to ask\n"), "{said:?}");
    let said = compare(&folder, [&blue, &blue], &["--replay", "empty.log"]);
    assert!(said.err.starts_with("error: empty.log records no request\n"), "{said:?}");
    let said = compare(&folder, [&blue, &blue], &["--header", "nothing"]);
    assert!(said.err.starts_with("error: `nothing` is no header field\n"), "{said:?}");
    folder.write("tiny.api", &cases());
    let said = compare(&folder, [&blue, "http://127.0.0.1:1"], &[]);
    assert_eq!((said.code, said.out.as_str()), (Some(3), ""), "{said:?}");
    assert!(said.err.starts_with("error: cannot ask http://127.0.0.1:1: "), "{said:?}");
}
