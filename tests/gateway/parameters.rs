//! Cookies, and several values in one parameter.

use gatewright_runtime::testing::{Answer, Gateway, Running, send};
use serde_json::{Value, json};

use crate::ask::{JSON, problem, value, violations};
use crate::contracts::requests::CONTRACT;

const UUID: &str = "0b9f3c52-6d1c-4b2e-8a44-5f2f9d6c0001";

fn gateway() -> Running {
    Gateway::start(&CONTRACT, &[])
}

fn cookies(gateway: &Running, lines: &[&str]) -> Answer {
    let fields: Vec<_> = lines.iter().map(|line| ("Cookie", *line)).collect();
    send(gateway.address(), "GET", "/v1/cookies", &fields, b"")
}

#[test]
fn declared_cookies_are_read_and_others_are_not() {
    let gateway = gateway();
    let sid = format!("sid={UUID}");
    let whole = json!({"sid": UUID, "theme": "NEW", "host": "a"});
    for lines in [
        vec![format!("{sid}; theme=NEW; __Host-id=a")],
        vec![format!("x=1;{sid};; =;theme=NEW; __Host-id = a ; y")],
        vec![sid.clone(), "theme=NEW; other=\"a;b".to_owned(), "__Host-id=a".to_owned()],
        vec![format!("SID=1; Theme=x; {sid}; theme=NEW; __Host-id=a; sid2=z; sid2=z")],
    ] {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(value(&cookies(&gateway, &lines)), whole, "{lines:?}");
    }
    let least = value(&cookies(&gateway, &["__Host-id=%41=b"]));
    assert_eq!(least, json!({"theme": "relevance", "host": "%41=b"}), "as sent");
}

#[test]
fn a_cookie_is_refused_by_its_name() {
    let gateway = gateway();
    for (lines, wrong) in [
        (vec!["__Host-id=a; sid=x"], vec!["cookie sid"]),
        (vec!["__Host-id=a; sid="], vec!["cookie sid"]),
        (vec!["__Host-id=a; theme=new"], vec!["cookie theme"]),
        (vec!["__Host-id=a; __Host-id=a"], vec!["cookie __Host-id"]),
        (vec!["__Host-id=a", "__Host-id=b; theme=x"], vec!["cookie theme", "cookie __Host-id"]),
        (vec!["__host-id=a"], vec!["cookie __Host-id"]),
        (vec!["__Host-id=0123456789"], vec!["cookie __Host-id"]),
        (vec!["__Host-id=\u{e9}\u{ff}0123456789"], vec!["cookie __Host-id"]),
        (vec![], vec!["cookie __Host-id"]),
    ] {
        let answer = cookies(&gateway, &lines);
        assert_eq!(violations(&answer), wrong, "{lines:?}");
        assert!(!answer.text().contains("0123456789"));
    }
}

fn commas(gateway: &Running, query: &str, languages: &[&str]) -> Answer {
    let fields: Vec<_> = languages.iter().map(|line| ("X-Languages", *line)).collect();
    send(gateway.address(), "GET", &format!("/v1/commas?{query}"), &fields, b"")
}

#[test]
fn values_stand_between_commas() {
    let gateway = gateway();
    let tags = |query: &str| value(&commas(&gateway, query, &[]))["tags"].clone();
    assert_eq!(tags("id[]=1&tag=a,b,c"), json!(["a", "b", "c"]));
    assert_eq!(tags("id[]=1&tag=a%2Cb,c%2c"), json!(["a,b", "c,"]));
    assert_eq!(tags("id[]=1&tag=a+b,%20,%25"), json!(["a b", " ", "%"]));
    assert_eq!(tags("id[]=1&tag="), json!([]));
    assert_eq!(tags("id[]=1"), json!([]));
    assert_eq!(value(&commas(&gateway, "id%5B%5D=7,8", &[]))["ids"], json!([7, 8]));
}

#[test]
fn what_stands_between_commas_is_checked() {
    let gateway = gateway();
    for (query, wrong) in [
        ("id[]=1&tag=a,", "query tag"),
        ("id[]=1&tag=,", "query tag"),
        ("id[]=1&tag=a,,b", "query tag"),
        ("id[]=1&tag=a&tag=b", "query tag"),
        ("id[]=1&tag=a,a", "query tag"),
        ("id[]=1&tag=a,b,c,d", "query tag"),
        ("id[]=1&tag=abcdef", "query tag"),
        ("id[]=1,x", "query id[]"),
        ("id[]=1%2C2", "query id[]"),
        ("id[]=", "query id[]"),
        ("id[]=1,2,3", "query id[]"),
        ("", "query id[]"),
        ("id[]=1&sort=price,NEW", "query sort"),
    ] {
        assert_eq!(violations(&commas(&gateway, query, &[])), [wrong], "{query}");
    }
}

#[test]
fn lists_have_defaults() {
    let gateway = gateway();
    let read = |query: &str| value(&commas(&gateway, query, &[]));
    let default = read("id[]=1");
    assert_eq!(
        (&default["langs"], &default["sorts"]),
        (&json!(["en", "de"]), &json!(["NEW", "price"]))
    );
    assert_eq!(read("id[]=1&sort=NEW&sort=NEW")["sorts"], json!(["NEW", "NEW"]));
}

#[test]
fn a_header_field_is_a_list_as_http_has_them() {
    let gateway = gateway();
    let read =
        |lines: &[&str]| -> Value { value(&commas(&gateway, "id[]=1", lines))["langs"].clone() };
    assert_eq!(read(&["a, b"]), json!(["a", "b"]));
    assert_eq!(read(&["a", " b ,,\tc "]), json!(["a", "b", "c"]));
    assert_eq!(read(&["\"a,b\" , c"]), json!(["a,b", "c"]));
    assert_eq!(read(&[""]), json!(["en", "de"]));
    for bad in
        [vec!["a,b,c,d"], vec!["a", "b", "c", "d"], vec!["1234567"], vec!["\"a"], vec!["\"\""]]
    {
        assert_eq!(
            violations(&commas(&gateway, "id[]=1", &bad)),
            ["header X-Languages"],
            "{bad:?}"
        );
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let gateway = gateway();
    let body = concat!(
        r#"{"lines":[{"sku":"S","quantity":0},{"sku":"p_000"},{"quantity":100,"more":1},"#,
        r#"{"sku":"p_000","quantity":1}],"ship_to":{"city":"","zip":"1","tags":["a","a"]},"#,
        r#""note":null,"gift":3,"price":1.234,"at":"now","x":1,"y/z":2}"#,
    );
    let fields = [JSON, ("X-E", "2026-02-30"), ("X-F", "1,b"), ("Cookie", "g=1; h=yes")];
    let target = "/v1/everything/0/SECRET?c=SECRET&d=x&e=1&f=2";
    let answer = send(gateway.address(), "POST", target, &fields, body.as_bytes());
    let expected = [
        "path a",
        "path b",
        "query c",
        "query d",
        "header X-E",
        "header X-F",
        "cookie g",
        "cookie h",
        "query e",
        "query f",
        "body /lines",
        "body /lines/0/sku",
        "body /lines/0/quantity",
        "body /lines/1/quantity",
        "body /lines/2/sku",
        "body /lines/2/quantity",
        "body /lines/2/more",
        "body /ship_to/city",
        "body /ship_to/zip",
        "body /ship_to/tags",
        "body /note",
        "body /gift",
        "body /price",
        "body /at",
        "body /x",
        "body /y~1z",
    ];
    let mut found = violations(&answer);
    let mut expected: Vec<String> = expected.map(String::from).to_vec();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    for declared in ["int(1..9)", "uuid", "int(1..99)", "date", "decimal(6,2)"] {
        assert!(answer.text().contains(&format!("expected {declared}")), "{declared}");
    }
    assert!(!answer.text().contains("SECRET") && !answer.text().contains("now"));
    assert_eq!(value(&answer).get("more"), None);
}

#[test]
fn of_40_violations_32_are_told_and_8_are_counted() {
    let gateway = gateway();
    // 8 parameters, 12 unknown ones of the query, 20 unknown members of the body.
    let unknown: Vec<String> = (0..12).map(|at| format!("u{at}=1")).collect();
    let members: Vec<String> = (0..20).map(|at| format!(r#""m{at}":1"#)).collect();
    let order = r#""lines":[{"sku":"p_1a2","quantity":2}],"ship_to":{"city":"K","tags":[]},"gift":null,"price":1,"at":"2026-11-22T10:00:00Z""#;
    let body = format!("{{{order},{}}}", members.join(","));
    let fields = [JSON, ("X-E", "x"), ("X-F", "x"), ("Cookie", "g=1; h=2")];
    let target = format!("/v1/everything/x/x?c=x&d=x&{}", unknown.join("&"));
    let answer = send(gateway.address(), "POST", &target, &fields, body.as_bytes());
    let document = problem(&answer, 400, "gateway:invalid-request");
    let found = violations(&answer);
    assert_eq!(found.len(), 32);
    for place in
        ["path a", "query c", "header X-E", "cookie h", "query u11", "body /m0", "body /m11"]
    {
        assert!(found.iter().any(|one| one == place), "{place}");
    }
    assert_eq!(document["more"], json!(8));
    let detail = document["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("8 more"), "{detail}");
}
