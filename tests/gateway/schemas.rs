//! What schemas of files describe: checked in requests and results, as another validator does it.

use gatewright_runtime::testing::{Backend, Gateway, Running, get, send};
use serde_json::{Value, json};

use crate::ask::{JSON, NOBODY, fetch, post, problem, value, violations};
use crate::contracts::schemas::CONTRACT;

fn gateway(one: &str) -> Running {
    Gateway::start(&CONTRACT, &[("ONE_URL", one)])
}

const SCHEMAS: [(&str, &str); 6] = [
    ("person", include_str!("../data/generate/schemas/person.json")),
    ("tree", include_str!("../data/generate/schemas/tree.json")),
    ("shape", include_str!("../data/generate/schemas/shape.json")),
    ("list", include_str!("../data/generate/schemas/list.json")),
    ("numbers", include_str!("../data/generate/schemas/numbers.json")),
    ("names", include_str!("../data/generate/schemas/names.json")),
];

/// The validator of others for a schema. Formats only describe (JSON Schema 2020-12, 7.2.1).
fn reference(schema: &str) -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(schema).expect("JSON");
    jsonschema::draft202012::options()
        .should_validate_formats(false)
        .build(&schema)
        .expect("a schema")
}

/// Values to begin with: each is right by one of the schemas, or nearly.
fn seeds(name: &str) -> Vec<Value> {
    match name {
        "person" => vec![
            json!({"name": "Ann", "age": 3, "role": {"a": [1]}, "kind": "person", "tag": "xb", "extra": [null]}),
            json!({"name": "é😀", "mail": "a@b", "tag": null, "home": {"city": "Ulm", "x": 1}, "work": {"city": "", "zip": "a123"}}),
            json!({"name": "", "age": 150, "role": "boss", "never": 1, "tag": "a1", "work": {"city": "U"}}),
        ],
        "tree" => vec![
            json!({"value": 1, "left": {"value": 2, "left": {"value": 3.5, "right": 6}, "right": null}, "right": 3}),
            json!({"value": 0, "left": "x", "right": {"value": 1, "left": null, "right": 9}}),
            json!({"value": 0, "left": 4, "right": {"left": null}}),
        ],
        "shape" => vec![
            json!({"kind": "circle", "radius": 2.5, "unit": "cm", "border": 1, "colour": "red"}),
            json!({"kind": "square", "side": 100.25, "unit": "px", "alpha": 0.5, "fill": true, "colour": 1}),
            json!({"kind": "circle", "radius": 1, "points": [1, 2, 3], "hidden": 1, "unit": "px"}),
            json!({"kind": "free", "points": [[], {}, 1], "side": 101}),
        ],
        "list" => vec![
            json!(["a", 1, null, 7, {"x": 1}]),
            json!(["a", 5.0, [5], 5, 9.5, {}]),
            json!(["a", 6, 6.0]),
            json!({"any": 1}),
        ],
        "numbers" => vec![
            json!([0.01, 7, -14, 0.07, "x", 12345678901234567890_u64]),
            json!(999999.0),
            json!([1e-2, 1, 0.005, 1e2, 700]),
            json!(-15),
        ],
        _ => vec![
            json!({"x-a": "t", "x-count": "ab", "plain": true, "more": 3}),
            json!({"n": 1, "one": 2, "é": 3}),
            json!({"x-n": null, "A": 1, "plain": 0, "e": "1"}),
        ],
    }
}

/// Numbers that look random and are the same each time (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).expect("small")
    }

    fn leaf(&mut self) -> Value {
        let leaves = [
            json!(null),
            json!(true),
            json!(0),
            json!(1.0),
            json!(3),
            json!(6),
            json!(0.5),
            json!(150),
            json!(-15.5),
            json!(0.01),
            json!(1e3),
            json!(""),
            json!("a"),
            json!("person"),
            json!("ab123@x"),
            json!("circle"),
            json!("éé"),
            json!("much too long a text"),
            json!([]),
            json!({}),
            json!([1, 1.0]),
            json!({"value": 1}),
            json!({"city": "x", "zip": "999"}),
            json!([5, "a", 7, 7]),
        ];
        leaves[self.below(leaves.len())].clone()
    }

    /// The value with one change somewhere.
    fn changed(&mut self, value: &Value) -> Value {
        let mut value = value.clone();
        match &mut value {
            Value::Object(members) if self.below(4) > 0 => {
                let names: Vec<String> = members.keys().cloned().collect();
                match self.below(4) {
                    0 if !names.is_empty() => drop(members.remove(&names[self.below(names.len())])),
                    1 => {
                        let more = [
                            "value", "left", "right", "unit", "alpha", "x-z", "plain", "kind",
                            "Zed", "hidden", "name",
                        ];
                        members.insert(more[self.below(more.len())].to_owned(), self.leaf());
                    }
                    _ if !names.is_empty() => {
                        let name = &names[self.below(names.len())];
                        members[name] = self.changed(&members[name].clone());
                    }
                    _ => {}
                }
            }
            Value::Array(items) if self.below(4) > 0 => match self.below(3) {
                0 if !items.is_empty() => drop(items.remove(self.below(items.len()))),
                1 => items.push(self.leaf()),
                _ if !items.is_empty() => {
                    let at = self.below(items.len());
                    items[at] = self.changed(&items[at].clone());
                }
                _ => {}
            },
            _ => value = self.leaf(),
        }
        value
    }
}

#[test]
fn schemas_accept_what_another_validator_accepts() {
    let gateway = gateway(NOBODY);
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for (name, schema) in SCHEMAS {
        let reference = reference(schema);
        let (mut accepted, mut refused) = (0, 0);
        for seed in seeds(name) {
            let mut value = seed.clone();
            for turn in 0..80 {
                let answer = post(&gateway, &format!("/v1/{name}"), &value.to_string());
                let right = reference.is_valid(&value);
                assert_eq!(
                    answer.status,
                    if right { 204 } else { 400 },
                    "{name}: {value}\n{}",
                    answer.text()
                );
                *(if right { &mut accepted } else { &mut refused }) += 1;
                // From what is right one comes to what is nearly right.
                let base = if turn % 4 == 3 || !right && turn % 2 == 0 { &seed } else { &value };
                value = dice.changed(base);
            }
        }
        assert!(accepted > 20 && refused > 20, "{name}: {accepted} and {refused}");
    }
}

#[test]
fn callers_are_told_every_violation_with_its_place() {
    let gateway = gateway(NOBODY);
    let told = |target: &str, body: Value| violations(&post(&gateway, target, &body.to_string()));
    let person =
        json!({"name": "", "age": 1.5, "kind": "x", "never": 1, "more": 2, "home": {"zip": 3}});
    assert_eq!(
        told("/v1/person", person),
        [
            "body /name",
            "body /age",
            "body /kind",
            "body /never",
            "body /more",
            "body /home/city",
            "body /home/zip"
        ]
    );
    assert_eq!(told("/v1/person", json!([])), ["body "]);
    assert_eq!(told("/v1/tree", json!({"value": 1, "right": 4})), ["body /right"]);
    assert_eq!(told("/v1/list", json!(["a", 1, 1, "b"])), ["body ", "body ", "body /3"]);
    let answer = post(&gateway, "/v1/names", r#"{"x-count": "a", "A": 1, "plain": null}"#);
    let document = problem(&answer, 400, "gateway:invalid-request");
    let details: Vec<&str> = document["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .filter_map(|one| one["detail"].as_str())
        .collect();
    assert_eq!(
        details,
        [
            "expected text of at least 2 characters",
            "expected text with /^[a-zé-]*$/",
            "expected bool",
            "expected another form"
        ]
    );
}

#[test]
fn a_name_that_stands_twice_is_a_violation_wherever_a_schema_looks() {
    let gateway = gateway(NOBODY);
    for (target, body) in [
        ("/v1/person", r#"{"name":"a","name":"b"}"#),
        ("/v1/tree", r#"{"value":1,"left":{"value":1,"value":1}}"#),
    ] {
        assert_eq!(violations(&post(&gateway, target, body)).len(), 1, "{body}");
    }
    for broken in ["", "{", r#"{"name":"a"} x"#, r#"{"name":"a",}"#, r#"{"name":tru}"#] {
        assert_eq!(post(&gateway, "/v1/person", broken).status, 400, "{broken}");
    }
}

#[test]
fn schemas_that_mention_each_other_cost_no_more_than_the_value_is_long() {
    let gateway = gateway(NOBODY);
    // Each level is asked by several rules, each of which asks the next level by several.
    let deep = |levels: usize| {
        let open = r#"{"value":1,"left":{"value":2,"right":3,"left":"#;
        format!("{}null{}", open.repeat(levels), "}}".repeat(levels))
    };
    let start = std::time::Instant::now();
    assert_eq!(post(&gateway, "/v1/tree", &deep(30)).status, 204);
    assert!(start.elapsed() < std::time::Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(violations(&post(&gateway, "/v1/tree", &deep(33))).len(), 1, "more than 64 levels");
    assert_eq!(post(&gateway, "/v1/tree", &deep(20_000)).status, 400);
}

#[test]
fn what_callers_send_goes_on_as_it_was_sent() {
    let one = Backend::start().answer("PUT", "/persons", 200, r#"{"done":true}"#);
    let gateway = gateway(&one.url());
    let person = r#"{ "name":"A\u0041", "age": 1.0e1, "extra": [ 1 ] }"#;
    let send = |person: &str, others: &str| {
        let body =
            format!(r#"{{"person":{person},"others":{others},"by":{{"x":{{"name":"y"}}}}}}"#);
        send(gateway.address(), "PUT", "/v1/persons", &[JSON], body.as_bytes())
    };
    let answer = send(person, "[]");
    assert_eq!((answer.status, value(&answer)), (200, json!({"done": true})));
    assert_eq!(String::from_utf8_lossy(&one.requests()[0].body), person);
    assert_eq!(violations(&send(person, r#"[{"name":"b"},{"name":7}]"#)), ["body /others/1/name"]);
    assert_eq!(violations(&send("null", "[]")), ["body /person"]);
    assert_eq!(one.requests().len(), 1);
}

#[test]
fn results_are_checked_as_a_whole_once_something_of_them_is_read() {
    let one = |person: &str| {
        let body = format!(r#"{{"person":{person},"note":null,"more":1}}"#);
        Backend::start().answer("GET", "/persons/7", 200, &body)
    };
    let right = one(r#"{"name":"Ann","extra":{"x":1}}"#);
    let right = gateway(&right.url());
    let expected = json!({"person": {"name": "Ann", "extra": {"x": 1}}, "name": "Ann"});
    assert_eq!(fetch(&right, "/v1/persons/7"), expected);
    assert_eq!(fetch(&right, "/v1/names/7"), json!({"name": "Ann"}));
    let wrong = one(r#"{"name":"Ann","age":-1}"#);
    let wrong = gateway(&wrong.url());
    for target in ["/v1/persons/7", "/v1/names/7"] {
        problem(&get(wrong.address(), target), 502, "gateway:backend-failed");
    }
    // Nobody reads it here.
    assert_eq!(fetch(&wrong, "/v1/notes/7"), json!({}));
}

#[test]
fn untyped_results_are_checked_by_the_schema_of_the_answer() {
    let answer = |body: &str| {
        let one = Backend::start().answer("GET", "/untyped", 200, body);
        get(gateway(&one.url()).address(), "/v1/untyped")
    };
    let right = answer(r#"{"all":[["a",7],{"x":1}],"first":[7],"more":1}"#);
    assert_eq!(value(&right), json!({"all": [["a", 7], {"x": 1}], "first": [7]}));
    // Null is one of its values, and one that may be missing is not more than that in a result.
    assert_eq!(answer(r#"{"all":[],"first":null}"#).status, 200);
    for wrong in [r#"{"all":[["a"]]}"#, r#"{"all":[],"first":[8]}"#, r#"{"all":[null]}"#] {
        problem(&answer(wrong), 502, "gateway:backend-failed");
    }
}

#[test]
fn a_value_of_the_contract_itself_was_looked_at_by_the_compiler() {
    let expected =
        json!({"person": {"name": "us", "role": "admin", "home": {"city": "Ulm", "more": [1, 2]}}});
    assert_eq!(fetch(&gateway(NOBODY), "/v1/fixed"), expected);
}
