//! Types beyond records and lists: inside themselves, maps, unions, defaults, numbers as texts.

use gatewright_runtime::testing::{Answer, Backend, Gateway, Running, get};
use serde_json::{Value, json};

use crate::ask::{NOBODY, post, problem, value, violations};
use crate::contracts::types::CONTRACT;

fn gateway(one: &str) -> Running {
    Gateway::start(&CONTRACT, &[("ONE_URL", one)])
}

/// What the gateway makes of one result. The backend has a path of the same name.
#[track_caller]
fn of(target: &str, result: &str) -> Answer {
    let path = target.split(['/', '?']).nth(2).unwrap_or_default();
    let one = Backend::start().answer("GET", &format!("/{path}"), 200, result);
    get(gateway(&one.url()).address(), target)
}

/// The text of an answer with status 200.
#[track_caller]
fn text(target: &str, result: &str) -> String {
    let answer = of(target, result);
    assert_eq!(answer.status, 200, "{target} {result}: {}", answer.text());
    answer.text()
}

/// Sends a body that is taken, with a backend that is asked for `asked`: the answer, and the body
/// that the backend got.
#[track_caller]
fn taken_for(target: &str, asked: &str, body: &str) -> (String, String) {
    let one = Backend::start().answer("POST", asked, 200, "{}");
    let answer = post(&gateway(&one.url()), target, body);
    assert_eq!(answer.status, 200, "{target} {body}: {} {:?}", answer.text(), one.requests());
    let sent = one.requests().into_iter().next().expect("the backend is asked");
    (answer.text(), String::from_utf8(sent.body).expect("UTF-8"))
}

/// The same with a backend that is asked for the same path.
#[track_caller]
fn taken(target: &str, body: &str) -> (String, String) {
    taken_for(target, target.strip_prefix("/v1").unwrap_or(target), body)
}

/// What a refused body is told.
#[track_caller]
fn refused(target: &str, body: &str) -> Vec<String> {
    violations(&post(&gateway(NOBODY), target, body))
}

#[test]
fn a_type_inside_itself_is_read_and_written_to_any_depth() {
    let tree = r#"{"secret":1,"children":[{"children":[],"name":"b","note":null},
        {"name":"c","note":"n","parent":null,"children":[{"name":"d","children":[]}]}],"name":"a"}"#;
    let expected = json!({"name": "a", "children": [
        {"name": "b", "note": null, "children": []},
        {"name": "c", "note": "n", "children": [{"name": "d", "children": []}]}]});
    let answer: Value = serde_json::from_str(&text("/v1/categories", tree)).expect("JSON");
    assert_eq!(answer, expected);
    let forest = format!(r#"{{"list":[{tree},{tree}]}}"#);
    let answer: Value = serde_json::from_str(&text("/v1/forest", &forest)).expect("JSON");
    assert_eq!(answer, json!({"trees": [expected, expected]}));
    for broken in [
        r#"{"name":"a"}"#,
        r#"{"name":"a","children":[{"name":"b"}]}"#,
        r#"{"name":"a","children":[{"name":"b","children":null}]}"#,
        r#"{"name":"a","children":[{"name":"","children":[]}]}"#,
        r#"{"name":"a","children":[{"name":"b","name":"b","children":[]}]}"#,
        r#"{"name":"a","children":[],"parent":{"name":7,"children":[]}}"#,
    ] {
        problem(&of("/v1/categories", broken), 502, "gateway:backend-failed");
    }
}

#[test]
fn callers_are_told_everything_that_is_wrong_inside() {
    let (answer, sent) = taken(
        "/v1/categories",
        r#"{"name":"a","children":[{"name":"b","children":[]}],"parent":{"name":"c","children":[]},"note":null}"#,
    );
    assert!(sent.contains(r#""parent":{"name":"c","children":[]}"#), "{sent}");
    assert!(answer.contains(r#""children":[{"name":"b","children":[]}]"#), "{answer}");
    let body = r#"{"name":"a","children":[
        {"name":"","children":[],"x":1,"x/~":2},
        {"children":[],"parent":null},
        {"name":"b","children":[{"name":"c","children":[],"name":"c"}],"note":7}]}"#;
    assert_eq!(
        refused("/v1/categories", body),
        [
            "body /children/0/name",
            "body /children/0/x",
            "body /children/0/x~1~0",
            "body /children/1/name",
            "body /children/1/parent",
            "body /children/2/children/0/name",
            "body /children/2/note",
        ]
    );
}

#[test]
fn data_may_be_sixty_four_levels_deep() {
    let nested = |levels: usize| {
        let open = r#"{"name":"a","children":["#.repeat(levels / 2);
        format!("{open}{}", "]}".repeat(levels / 2))
    };
    let deepest = nested(64);
    assert_eq!(taken("/v1/categories", &deepest).1, deepest);
    assert!(of("/v1/categories", &deepest).status == 200);
    let deeper = format!(r#"{{"name":"a","children":[],"parent":{deepest}}}"#);
    assert_eq!(refused("/v1/categories", &deeper).len(), 1);
    problem(&of("/v1/categories", &deeper), 502, "gateway:backend-failed");
    let far = nested(100_000);
    problem(&of("/v1/categories", &far), 502, "gateway:backend-failed");
}

#[test]
fn a_part_of_a_whole_is_read_beside_it() {
    let found = r#"{"root":{"name":"a","children":[],
        "parent":{"name":"b","children":[],"parent":{"name":"c","children":[]}}}}"#;
    let answer: Value = serde_json::from_str(&text("/v1/parts", found)).expect("JSON");
    assert_eq!((&answer["name"], &answer["grand"]), (&json!("a"), &json!("c")));
    assert_eq!(answer["tree"]["parent"]["parent"]["name"], "c");
    let alone = r#"{"root":{"name":"a","children":[],"extra":true}}"#;
    assert_eq!(
        text("/v1/parts", alone),
        r#"{"tree":{"name":"a","children":[]},"name":"a","grand":null}"#
    );
    let (answer, sent) = taken(
        "/v1/nested",
        r#"{"tree":{"name":"a","children":[],"parent":{"name":"up","children":[]}},"payment":{"iban":"x","kind":"bank-transfer"}}"#,
    );
    assert!(sent.ends_with(r#","up":"up"}"#), "{sent}");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!((&answer["up"], &answer["kind"]), (&json!("up"), &json!("bank-transfer")));
    assert_eq!(answer["payment"], json!({"kind": "bank-transfer", "iban": "x"}));
    let (answer, _) = taken("/v1/nested", r#"{"tree":{"name":"a","children":[]}}"#);
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!((&answer["up"], &answer["kind"]), (&json!("none"), &json!("none")));
    assert_eq!(answer["payment"], Value::Null);
}

#[test]
fn maps_are_taken_by_value() {
    let shelf = r#"{"labels":{"b":"x","a":"y"},"prices":{"small":{"amount":1.50,"x":1}},
        "boxes":{"":{"k/1":{"id":1,"inner":{"id":2,"y":0}}}}}"#;
    assert_eq!(
        text("/v1/shelf", shelf),
        concat!(
            r#"{"labels":{"b":"x","a":"y"},"prices":{"small":{"amount":"1.50"}},"#,
            r#""boxes":{"":{"k/1":{"id":1,"inner":{"id":2}}}}}"#
        )
    );
    let bare = r#"{"labels":{},"prices":null,"boxes":{}}"#;
    assert_eq!(text("/v1/shelf", bare), bare);
    for (wrong, right) in [
        (r#""A":"x""#, r#""a":"x""#),
        (r#""a":"toolong""#, r#""a":"short""#),
        (r#""a":null"#, r#""a":"""#),
        (r#""a":"x","b":"x","c":"x","d":"x""#, r#""a":"x","b":"x","c":"x""#),
        (r#""a":"x","\u0061":"x""#, r#""\u0061":"x""#),
    ] {
        let body = |labels: &str| format!(r#"{{"labels":{{{labels}}},"boxes":{{}}}}"#);
        problem(&of("/v1/shelf", &body(wrong)), 502, "gateway:backend-failed");
        assert_eq!(of("/v1/shelf", &body(right)).status, 200, "{right}");
        assert_eq!(refused("/v1/shelf", &body(wrong)).len(), 1, "{wrong}");
        let (_, sent) = taken("/v1/shelf", &body(right));
        assert_eq!(sent, format!(r#"{{"labels":{{{right}}}}}"#));
    }
    let no_map = r#"{"labels":[],"boxes":7}"#;
    assert_eq!(refused("/v1/shelf", no_map), ["body /labels", "body /boxes"]);
}

#[test]
fn keys_and_values_of_maps_have_pointers() {
    let body = r#"{"labels":{"A/~":"x","b":"toolong"},"prices":{"huge":{"amount":"1"},"small":{"amount":1,"cents":"2"}},
        "boxes":{"k":{"i":{"id":1,"inner":{"id":"2","z":1}}}}}"#;
    assert_eq!(
        refused("/v1/shelf", body),
        [
            "body /labels/A~1~0",
            "body /labels/b",
            "body /prices/huge",
            "body /prices/small/amount",
            "body /prices/small/cents",
            "body /boxes/k/i/inner/id",
            "body /boxes/k/i/inner/z",
        ]
    );
}

#[test]
fn many_keys_are_told_apart() {
    let entries = |count: usize| {
        (0..count).map(|at| format!(r#""k{at}":{{}}"#)).collect::<Vec<_>>().join(",")
    };
    let body = |entries: &str| format!(r#"{{"labels":{{}},"boxes":{{{entries}}}}}"#);
    let many = body(&entries(5000));
    assert_eq!(text("/v1/shelf", &many), many);
    let twice = body(&format!(r#"{},"k7":{{}}"#, entries(5000)));
    problem(&of("/v1/shelf", &twice), 502, "gateway:backend-failed");
}

#[test]
fn maps_have_fallbacks_and_are_written_out() {
    assert_eq!(text("/v1/labels", r#"{"labels":{"a":"b"},"c":1}"#), r#"{"labels":{"a":"b"}}"#);
    let answer = get(gateway(NOBODY).address(), "/v1/labels");
    assert_eq!(
        (answer.text().as_str(), answer.header("fallback")),
        (r#"{"labels":{}}"#, Some("labels"))
    );
    assert_eq!(
        text("/v1/written/7", r#"{"small":{"amount":"2.0","cents":3}}"#).replace("/v1/written", ""),
        r#"{"labels":{"first":"7","second":"x"},"prices":{"small":{"amount":"2.0","cents":3}}}"#
    );
}

#[test]
fn a_union_is_told_by_its_tag_wherever_that_stands() {
    let card = r#"{"number":"1234","x":{"kind":"split"},"kind":"card"}"#;
    let split = r#"{"parts":[{"kind":"bank-transfer","iban":"i"},{"iban":"z","parts":[{"kind":"card","number":"4321","owner":null}],"kind":"split"}],"kind":"split"}"#;
    let found = format!(r#"{{"payment":{card},"all":[{split}]}}"#);
    assert_eq!(
        text("/v1/payment", &found),
        concat!(
            r#"{"payment":{"kind":"card","number":"1234"},"#,
            r#""all":[{"kind":"split","parts":[{"kind":"bank-transfer","iban":"i"},"#,
            r#"{"kind":"split","parts":[{"kind":"card","number":"4321"}]}]}]}"#
        )
    );
    for broken in [
        r#"{"number":"1234"}"#,
        r#"{"kind":"cash"}"#,
        r#"{"kind":null,"number":"1234"}"#,
        r#"{"kind":"card","kind":"card","number":"1234"}"#,
        r#"{"kind":"card","iban":"1234"}"#,
        r#"["card"]"#,
        "null",
    ] {
        let found = format!(r#"{{"payment":{broken},"all":[]}}"#);
        problem(&of("/v1/payment", &found), 502, "gateway:backend-failed");
    }
}

#[test]
fn each_variant_is_checked_strictly() {
    let body = r#"{"number":"1234","kind":"card"}"#;
    let (answer, sent) = taken("/v1/payment", body);
    assert_eq!((answer.as_str(), sent.as_str()), (r#"{"kind":"card","number":"1234"}"#, body));
    for (body, told) in [
        (r#"{"number":"1234"}"#, vec!["body /kind"]),
        (r#"{"number":"1234","kind":"cash","y":1}"#, vec!["body /kind"]),
        (r#"{"number":"1234","kind":7}"#, vec!["body /kind"]),
        (r#"{"number":"1","kind":"card","iban":"x"}"#, vec!["body /number", "body /iban"]),
        (r#"{"kind":"split","parts":[{"kind":"split"}]}"#, vec!["body /parts/0/parts"]),
        (r#"{"kind":"split","parts":[]}"#, vec!["body /parts"]),
        (
            r#"{"parts":[{"kind":"x"},{"kind":"card","number":"12345"}],"kind":"split"}"#,
            vec!["body /parts/0/kind", "body /parts/1/number"],
        ),
        (r#"{"kind":"card","number":"1234","kind":"card"}"#, vec!["body /kind"]),
    ] {
        assert_eq!(refused("/v1/payment", body), told, "{body}");
    }
    let answer = post(&gateway(NOBODY), "/v1/payment", r#"{"kind":"cash"}"#);
    assert!(
        answer.text().contains("expected one of card, bank-transfer, split"),
        "{}",
        answer.text()
    );
}

#[test]
fn a_variant_is_written_out_with_its_tag() {
    let one = Backend::start().answer("GET", "/owner", 200, r#"{"name":"Ann"}"#);
    let answer = get(gateway(&one.url()).address(), "/v1/pay/1234");
    assert_eq!(answer.text(), r#"{"kind":"card","number":"1234","owner":"Ann"}"#);
    let one = Backend::start().answer("GET", "/owner", 200, "{}");
    let answer = get(gateway(&one.url()).address(), "/v1/pay/1234");
    assert_eq!(answer.text(), r#"{"kind":"card","number":"1234"}"#);
}

const FILLED: &str = r#"{"size":20,"unit":"cm","tags":["a"],"deep":{"on":true,"level":1}}"#;

#[test]
fn an_absent_field_is_its_default_wherever_it_is_read_or_sent_on() {
    let settings = |asked: &str, body: &str| taken_for("/v1/settings", asked, body);
    let (answer, sent) = settings("/settings?size=20&on=true", "{}");
    assert_eq!((answer.as_str(), sent.as_str()), (FILLED, FILLED));
    let given = r#"{"size":7,"unit":"mm","tags":[],"deep":{"on":false,"level":2},"note":"n"}"#;
    let (answer, sent) = settings("/settings?size=7&on=false", given);
    assert_eq!((answer.as_str(), sent.as_str()), (given, given));
    let (answer, sent) = settings("/settings?size=20&on=false", r#"{"deep":{"on":false}}"#);
    assert!(answer.contains(r#""deep":{"on":false,"level":1}"#), "{answer}");
    assert_eq!(answer, sent);
    assert_eq!(
        refused("/v1/settings", r#"{"size":null,"unit":"km","deep":{}}"#),
        ["body /size", "body /unit", "body /deep/on"]
    );
}

#[test]
fn results_that_lack_a_field_with_a_default_have_it() {
    assert_eq!(text("/v1/settings", "{}"), FILLED);
    assert_eq!(
        text("/v1/settings", r#"{"size":null,"unit":null,"tags":null,"deep":null}"#),
        FILLED
    );
    problem(&of("/v1/settings", r#"{"size":0}"#), 502, "gateway:backend-failed");
}

const SUM: &str = "123456789012345678901234.0123456789";

#[test]
fn numbers_as_texts_keep_every_digit() {
    let exact = |result: &str| {
        let one = Backend::start().answer("GET", "/exact/7", 200, result);
        get(gateway(&one.url()).address(), "/v1/exact/7")
    };
    let written = |count: &str, flag: &str, big: &str| {
        format!(r#"{{"sum":{SUM},"count":{count},"flag":{flag},"big":{big}}}"#)
    };
    let expected = written(r#""12""#, r#""true""#, r#""-9223372036854775808""#);
    // A result may hold the text or the plain form.
    assert_eq!(exact(&expected).text(), expected);
    assert_eq!(exact(&written("12", "true", "-9223372036854775808")).text(), expected);
    for (count, flag, big) in [
        (r#""""#, "true", "1"),
        (r#""1.5""#, "true", "1"),
        (r#""+1""#, "true", "1"),
        (r#"" 1""#, "true", "1"),
        ("1", r#""TRUE""#, "1"),
        ("1", "1", "1"),
        ("1", "true", r#""9223372036854775808""#),
    ] {
        problem(&exact(&written(count, flag, big)), 502, "gateway:backend-failed");
    }
    let longer = "1234567890123456789012345678901234567890";
    let long = written("1", "true", "1").replace(SUM, longer);
    problem(&exact(&long), 502, "gateway:backend-failed");
}

#[test]
fn decimals_are_never_a_float() {
    let one = |sum: &str| {
        let result = format!(r#"{{"sum":{sum},"count":1,"flag":true,"big":1}}"#);
        let one = Backend::start().answer("GET", "/exact/7", 200, &result);
        get(gateway(&one.url()).address(), "/v1/exact/7").text()
    };
    for sum in ["0.1", "0.30000000000", "-0.0", "1e3", "1.50", SUM, "9007199254740993"] {
        assert!(one(sum).contains(&format!(r#""sum":{sum},"#)), "{sum}: {}", one(sum));
    }
    for sum in ["0.00000000001", "1e-11", "1e24", r#""1""#] {
        assert!(one(sum).contains("gateway:backend-failed"), "{sum}: {}", one(sum));
    }
}

#[test]
fn callers_send_numbers_as_texts_only() {
    let body = format!(r#"{{"sum":{SUM},"count":"12","flag":"false","big":"5"}}"#);
    let asked = format!("/exact?sum={SUM}&count=12");
    let (answer, sent) = taken_for("/v1/exact", &asked, &body);
    assert_eq!(
        answer,
        format!(r#"{{"sum":"{SUM}","count":12,"flag":false,"big":"5","more":true}}"#)
    );
    assert_eq!(sent, format!(r#"{{"all":{body},"count":"12"}}"#));
    assert_eq!(
        refused("/v1/exact", r#"{"sum":"1","count":12,"flag":false,"big":"x"}"#),
        ["body /sum", "body /count", "body /flag", "body /big"]
    );
}

#[test]
fn two_results_are_compared_as_values() {
    let same = |a: &str, b: &str| {
        let of = |x: &str| format!(r#"{{"x":{x},"y":{x},"z":{x}}}"#);
        let one =
            Backend::start().answer("GET", "/a", 200, &of(a)).answer("GET", "/b", 200, &of(b));
        let answer = value(&get(gateway(&one.url()).address(), "/v1/same?name=n"));
        assert_eq!(answer["same"], answer["either"], "{a} {b}");
        assert_ne!(answer["same"], answer["other"], "{a} {b}");
        answer["same"] == true
    };
    for (a, b) in [("1", "1.0"), ("1e2", "100"), (r#""é""#, r#""\u00e9""#), ("true", "true")] {
        assert!(same(a, b), "{a} {b}");
    }
    for (a, b) in [(r#""5""#, "5"), (r#""true""#, "true"), ("1", "1.5"), (r#""1""#, r#""1.0""#)] {
        assert!(!same(a, b), "{a} {b}");
    }
    let of = |z: &str| format!(r#"{{"x":1,"y":1,"z":{z}}}"#);
    let one = Backend::start().answer("GET", "/a", 200, &of("null")).answer(
        "GET",
        "/b",
        200,
        &of(r#""q\u0022""#),
    );
    let answer = value(&get(gateway(&one.url()).address(), "/v1/same?name=q%22"));
    assert_eq!(answer["either"], true);
}

#[test]
fn unique_elements_differ_as_values() {
    let list = |elements: &str| of("/v1/unique", &format!(r#"{{"list":[{elements}]}}"#)).status;
    for (elements, status) in [
        ("1,1.0", 502),
        (r#""a","\u0061""#, 502),
        (r#"{"a":1,"b":[2]},{"b":[2.0],"a":1}"#, 502),
        ("[1,2],[2,1]", 200),
        (r#"1,"1",true,"true",null"#, 200),
    ] {
        assert_eq!(list(elements), status, "{elements}");
    }
    let many: Vec<String> = (0..20_000).map(|at| format!(r#"{{"id":{at},"x":[{at}]}}"#)).collect();
    let start = std::time::Instant::now();
    assert_eq!(list(&many.join(",")), 200);
    assert_eq!(list(&format!(r#"{},{{"x":[7],"id":7.0}}"#, many.join(","))), 502);
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

/// What a backend may send for a field, or a caller.
const SENT: [Option<&str>; 3] = [Some("7"), Some("null"), None];

/// A value, or nothing; an error is a violated result.
type Becomes = Result<Option<&'static str>, ()>;

/// What becomes of it in each of `f: T`, `f?: T`, `f: T | null` and `f?: T | null`.
const BECOMES: [(&str, [Becomes; 3]); 4] = [
    ("a", [Ok(Some("7")), Err(()), Err(())]),
    ("b", [Ok(Some("7")), Ok(None), Ok(None)]),
    ("c", [Ok(Some("7")), Ok(Some("null")), Ok(Some("null"))]),
    ("d", [Ok(Some("7")), Ok(Some("null")), Ok(None)]),
];

/// `{"a":1,"c":1}` with one field as it says.
fn four(name: &str, value: Option<&str>) -> Value {
    let mut four = json!({"a": 1, "c": 1});
    match value {
        Some(value) => four[name] = serde_json::from_str(value).expect("JSON"),
        None => drop(four.as_object_mut().and_then(|four| four.remove(name))),
    }
    four
}

/// The places where such a record can stand, each with `one` in it and `other` in the rest.
fn places(one: &Value, other: &Value) -> Vec<Value> {
    let tagged = |value: &Value| {
        let mut value = value.clone();
        value["kind"] = json!("four");
        value
    };
    let within = |value: &Value| {
        let mut outer = other.clone();
        outer["next"] = value.clone();
        outer
    };
    let all = |plain: &Value, list: &Value, map: &Value, union: &Value, tree: &Value| {
        json!({
            "plain": plain, "list": [list], "map": {"k": map}, "union": tagged(union),
            "tree": within(tree),
        })
    };
    vec![
        all(one, other, other, other, other),
        all(other, one, other, other, other),
        all(other, other, one, other, other),
        all(other, other, other, one, other),
        all(other, other, other, other, one),
    ]
}

#[test]
fn absence_and_null_become_what_was_promised_everywhere() {
    let other = four("b", Some("1"));
    for (name, becomes) in BECOMES {
        for (sent, becomes) in SENT.iter().zip(becomes) {
            let bodies = places(&four(name, *sent), &other);
            for (place, body) in bodies.iter().enumerate() {
                let answer = of("/v1/absence", &body.to_string());
                let Ok(value) = becomes else {
                    problem(&answer, 502, "gateway:backend-failed");
                    continue;
                };
                assert_eq!(answer.status, 200, "{body}: {}", answer.text());
                let expected = places(&four(name, value), &other).swap_remove(place);
                assert_eq!(crate::ask::value(&answer), expected, "{body}");
            }
        }
    }
}

#[test]
fn absence_and_null_of_callers_are_not_changed() {
    let other = four("b", Some("1"));
    let fine = |name: &str, sent: Option<&str>| {
        matches!((name, sent), (_, Some("7")) | ("b" | "d", None) | ("c" | "d", Some(_)))
    };
    for (name, _) in BECOMES {
        for sent in SENT {
            for body in places(&four(name, sent), &other) {
                let one = Backend::start().answer("POST", "/absence", 200, "{}");
                let answer = post(&gateway(&one.url()), "/v1/absence", &body.to_string());
                if fine(name, sent) {
                    assert_eq!(value(&answer), body);
                    let sent: Value =
                        serde_json::from_slice(&one.requests()[0].body).expect("JSON");
                    assert_eq!(sent, body);
                } else {
                    let told = violations(&answer);
                    assert!(told.len() == 1 && told[0].ends_with(name), "{body}: {told:?}");
                }
            }
        }
    }
}

#[test]
fn enums_inside_of_types_are_closed_replaced_or_open() {
    let paint = |paint: &str| format!(r#"{{"paint":{paint}}}"#);
    let unknown = paint(r#"{"colour":"pink","finish":"gloss","size":"small"}"#);
    let expected = r#"{"paint":{"colour":"other","finish":"gloss","size":"small"}}"#;
    assert_eq!(text("/v1/paint", &unknown), expected);
    let inner = r#"{"colour":"red","finish":"matt","size":"small","next":{"colour":"red","finish":"matt","size":"huge"}}"#;
    problem(&of("/v1/paint", &paint(inner)), 502, "gateway:backend-failed");
    assert_eq!(refused("/v1/paint", &unknown), ["body /paint/colour"]);
    assert_eq!(refused("/v1/paint", &paint(inner)), ["body /paint/next/size"]);
}

#[test]
fn ignored_fields_are_ignored_inside_of_types_too() {
    let body = r#"{"x":1,"payment":{"y":1,"kind":"split","parts":[{"kind":"card","number":"1234","iban":"z"}]},"boxes":{"k":{"id":1,"z":1}}}"#;
    let answer = post(&gateway(NOBODY), "/v1/loose", body);
    assert_eq!(
        answer.text(),
        r#"{"payment":{"kind":"split","parts":[{"kind":"card","number":"1234"}]},"boxes":{"k":{"id":1}}}"#
    );
    let broken = body.replace("1234", "12").replace(r#""id":1"#, r#""id":"1""#);
    assert_eq!(refused("/v1/loose", &broken), ["body /payment/parts/0/number", "body /boxes/k/id"]);
}

#[test]
fn a_rename_reaches_every_level_of_a_type() {
    let old = r#"{"name":"a","children":[{"name":"b","children":[]}],"title":"no"}"#;
    let new = r#"{"title":"a","children":[{"title":"b","children":[]}]}"#;
    let one = Backend::start().answer("GET", "/categories", 200, old);
    assert_eq!(get(gateway(&one.url()).address(), "/v2/categories").text(), new);
    // Backends that version 1 calls know the names of version 1.
    let (answer, sent) = taken_for("/v2/categories", "/categories", new);
    assert_eq!(
        (answer.as_str(), sent.as_str()),
        (new, r#"{"name":"a","children":[{"name":"b","children":[]}]}"#)
    );
    assert_eq!(refused("/v2/categories", old).len(), 3);
    let found = format!(
        r#"{{"root":{{"name":"a","children":[],"parent":{}}}}}"#,
        r#"{"name":"b","children":[]}"#
    );
    let one = Backend::start().answer("GET", "/parts", 200, &found);
    let answer = value(&get(gateway(&one.url()).address(), "/v2/parts"));
    assert_eq!((&answer["name"], &answer["tree"]["parent"]["title"]), (&json!("a"), &json!("b")));
    let nested = r#"{"tree":{"title":"a","children":[],"parent":{"title":"up","children":[]}}}"#;
    let (answer, sent) = taken_for("/v2/nested", "/nested", nested);
    assert!(answer.contains(r#""up":"up""#) && answer.contains(r#""title":"a""#), "{answer}");
    assert_eq!(
        sent,
        r#"{"tree":{"name":"a","children":[],"parent":{"name":"up","children":[]}},"up":"up"}"#
    );
}

#[test]
fn a_later_version_changes_a_union() {
    let cash = r#"{"kind":"cash","amount":"5"}"#;
    assert_eq!(refused("/v1/payment", cash), ["body /kind"]);
    let (answer, sent) = taken_for("/v2/payment", "/payment", cash);
    assert_eq!((answer.as_str(), sent.as_str()), (cash, cash));
    let transfer = r#"{"kind":"bank-transfer","account":"x"}"#;
    let (answer, sent) = taken_for("/v2/payment", "/payment", transfer);
    assert_eq!(answer, transfer);
    assert_eq!(sent, r#"{"kind":"bank-transfer","iban":"x"}"#);
    let split = r#"{"kind":"split","parts":[{"kind":"cash","amount":"5"}]}"#;
    assert_eq!(taken_for("/v2/payment", "/payment", split).0, split);
}

#[test]
fn typed_results_hold_every_type() {
    let result = r#"{"payment":{"x":1,"number":"1234","kind":"card"},"settings":{"size":null},
        "tree":{"name":"a","children":[],"parent":{"name":"b","children":[]},"x":1},"labels":{"a":"b"}}"#;
    let one =
        Backend::start().answer("GET", "/typed", 200, result).answer("POST", "/typed", 200, "{}");
    let answer = value(&get(gateway(&one.url()).address(), "/v1/typed"));
    let expected = json!({
        "payment": {"kind": "card", "number": "1234"}, "kind": "card",
        "tree": {"name": "a", "children": [], "parent": {"name": "b", "children": []}},
        "up": "b", "size": 20, "labels": {"a": "b"},
    });
    assert_eq!(answer, expected);
    let sent = one.requests().into_iter().find(|request| request.method == "POST");
    let sent: Value = serde_json::from_slice(&sent.expect("it is asked").body).expect("JSON");
    assert_eq!(sent, json!({"all": {"kind": "card", "number": "1234"}, "labels": {"a": "b"}}));
    let broken = result.replace("1234", "12");
    problem(&of("/v1/typed", &broken), 502, "gateway:backend-failed");
    let broken = result.replace("card", "cash");
    problem(&of("/v1/typed", &broken), 502, "gateway:backend-failed");
}
