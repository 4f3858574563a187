//! What the reader takes, refuses and says about it.

use super::{Maybe, Raw, Read, Reader, read_request, read_result, same_json};
use crate::check::{
    ANY_LIST, Bound, EnumRule, INT, ListRule, NUMBER, NumberRule, Other, TEXT, TextRule, Violation,
    Violations,
};
use serde_json::Value;

static TITLE: TextRule = TextRule { min: 1, max: 5, expected: "text(1..5)", ..TEXT };
static STARS: NumberRule = NumberRule {
    min: Some(Bound { digits: 1, scale: 0, inclusive: true }),
    max: Some(Bound { digits: 5, scale: 0, inclusive: true }),
    expected: "int(1..5)",
    ..INT
};
static REVIEWS: ListRule = ListRule { min: 1, max: 2, expected: "[Review](1..2)", ..ANY_LIST };

/// `title: text(1..5), stars: int(1..5), note?: text, gift: bool | null, more?: [Review](1..2) | null`
struct Review<'a> {
    title: Raw<'a>,
    stars: Raw<'a>,
    note: Maybe<Raw<'a>>,
    gift: Maybe<Raw<'a>>,
    more: Maybe<Vec<Review<'a>>>,
}

fn review<'a>(reader: &mut Reader<'a>) -> Read<Review<'a>> {
    let mut object = reader.object()?;
    let (mut title, mut stars, mut note) = (Maybe::Absent, Maybe::Absent, Maybe::Absent);
    let (mut gift, mut more) = (Maybe::Absent, Maybe::Absent);
    while let Some(place) =
        reader.member(&mut object, &["title", "stars", "note", "gift", "more"])?
    {
        match place {
            0 => reader.field(&mut title, |reader| reader.text(&TITLE))?,
            1 => reader.field(&mut stars, |reader| reader.number(&STARS))?,
            2 => reader.field(&mut note, |reader| reader.text(&TEXT))?,
            3 => reader.field(&mut gift, Reader::boolean)?,
            4 => reader.field(&mut more, |reader| reader.list(&REVIEWS, review))?,
            _ => {}
        }
    }
    let title = reader.required(&object, title, "title");
    let stars = reader.required(&object, stars, "stars");
    let note = reader.optional(&object, note, "note");
    let gift = reader.nullable(&object, gift, "gift");
    let more = reader.either(&object, more, "more");
    Ok(Review { title: title?, stars: stars?, note: note?, gift: gift?, more: more? })
}

fn result(body: &str) -> Result<Review<'_>, Violation> {
    read_result(body.as_bytes(), review)
}

/// What a caller is told of.
fn refused(body: &str) -> Vec<String> {
    let mut violations = Violations::new();
    let value = read_request(body.as_bytes(), review, &mut violations);
    assert_eq!(value.is_none(), !violations.is_empty());
    let mut out = super::Writer::new();
    violations.write(&mut out);
    let told: Vec<Value> = serde_json::from_str(out.as_str()).expect("JSON");
    told.iter()
        .map(|violation| {
            let word = |key: &str| violation[key].as_str().expect("a text").to_owned();
            [word("in"), word("pointer"), word("detail")].join(" ")
        })
        .collect()
}

fn first(body: &str) -> [String; 3] {
    let violation = result(body).err().expect("it is refused");
    [violation.pointer, violation.expected.to_owned(), violation.found.to_owned()]
}

#[test]
fn fields_come_in_any_order_between_unknown_ones() {
    let body = r#" { "gift" : true , "x":{"stars":[7,{}]}, "stars":4,"more":[{"gift":null,"title":"b",
        "stars":1.0}],"y":[], "title":"\u00e4\"" } "#;
    let review = result(body).expect("as the contract says");
    assert_eq!(review.title.text(), "ä\"");
    assert_eq!(review.title.json(), r#""\u00e4\"""#);
    assert_eq!(review.stars.json(), "4");
    assert!(review.gift.value().expect("a value").is_true() && review.note.is_absent());
    let more = review.more.value().expect("a list");
    assert!(more.iter().all(|review| review.gift.is_null() && review.stars.json() == "1"));
}

#[test]
fn escaped_keys_are_keys() {
    let body = r#"{"\u0074itle":"a","s\u0074ars":1,"gift":null,"\/":0}"#;
    assert_eq!(result(body).expect("as the contract says").title.json(), "\"a\"");
    assert_eq!(refused(body), ["body /~1 expected no member of this name"]);
}

#[test]
fn a_results_null_is_what_was_promised() {
    let review = |note, gift, more| {
        format!(r#"{{"title":"a","stars":1,"note":{note},"gift":{gift},"more":{more}}}"#)
    };
    let body = review("null", "null", "null");
    let read = result(&body).expect("as the contract says");
    assert!(read.note.is_absent() && read.gift.is_null() && read.more.is_null());
    assert_eq!(refused(&body), ["body /note expected a value or nothing"]);
}

#[test]
fn a_result_stops_at_the_first_violation() {
    assert_eq!(first("[]"), ["", "a record", "a list"]);
    assert_eq!(first(r#"{"stars":"4","title":7}"#), ["/stars", "int(1..5)", "text"]);
    assert_eq!(first(r#"{"stars":6}"#), ["/stars", "int(1..5)", "a number beyond its bounds"]);
    assert_eq!(first(r#"{"stars":1,"gift":true}"#), ["/title", "a value", "nothing"]);
    assert_eq!(first(r#"{"title":null,"stars":1}"#), ["/title", "a value", "null"]);
    assert_eq!(first(r#"{"title":"a","stars":1}"#), ["/gift", "a value or null", "nothing"]);
    assert_eq!(first(r#"{"x":[1,{"y":tru}]}"#), ["/x/1/y", "JSON", "something else"]);
    assert_eq!(first(r#"{"title":"a""#), ["/title", "JSON", "an early end"]);
    assert_eq!(
        first(r#"{"more":[{"title":"abcdef"}]}"#),
        ["/more/0/title", "text(1..5)", "text of another length"]
    );
    let twice = r#"{"title":"a","t\u0069tle":"b"}"#;
    assert_eq!(first(twice), ["/title", "one member of this name", "another"]);
}

#[test]
fn a_request_is_told_everything() {
    let body = r#"{"x":1,"title":"","more":[{"title":"a","stars":6,"gift":1,"a/b~":{}},
        {"title":"b","stars":1,"gift":null},7,8],"title":"b","note":null}"#;
    assert_eq!(
        refused(body),
        [
            "body /stars expected a value",
            "body /note expected a value or nothing",
            "body /gift expected a value or null",
            "body /x expected no member of this name",
            "body /title expected text(1..5)",
            "body /more expected [Review](1..2)",
            "body /more/0/stars expected int(1..5)",
            "body /more/0/gift expected bool",
            "body /more/0/a~1b~0 expected no member of this name",
            "body /title expected one member of this name",
        ]
    );
    assert_eq!(refused(r#"{"title":"a","stars":1,"gift":null}"#), [""; 0]);
}

#[test]
fn a_request_that_is_not_json_is_told_what_came_before() {
    assert_eq!(
        refused(r#"{"stars":0,"title":"a" "gift":null}"#),
        ["body /stars expected int(1..5)", "body /title expected JSON"]
    );
    assert_eq!(refused(""), ["body  expected JSON"]);
    let mut violations = Violations::new();
    assert!(read_request(b"\"\xff\"", Reader::skip, &mut violations).is_none());
    assert!(!violations.is_empty());
}

#[test]
fn a_request_is_told_of_32_violations_and_their_keys_in_short() {
    let key = "ü".repeat(100);
    let body = format!("{{{}", format!(r#""{key}":[],"#).repeat(1000));
    let told = refused(&body);
    assert_eq!(told.len(), 32);
    let mut violations = Violations::new();
    let cut = format!("{body}\"a\" 1}}");
    let read = read_request(
        cut.as_bytes(),
        |reader| {
            let mut object = reader.object()?;
            reader.member(&mut object, &[])
        },
        &mut violations,
    );
    assert!(read.is_none());
    assert_eq!(violations.more(), 1000 - 32 + 1, "the broken end counts too");
    let short = format!("body /{}… expected no member of this name", "ü".repeat(64));
    assert!(told.iter().all(|violation| *violation == short));
}

#[test]
fn violations_that_are_known_leave_less_room() {
    let mut violations = Violations::new();
    for at in 0..32 {
        violations.add(crate::check::Place::Query(format!("q{at}").into()), "text");
    }
    assert!(read_request(b"7", Reader::skip, &mut violations).is_some());
    let text = |reader: &mut Reader<'_>| reader.text(&TEXT).map(drop);
    assert!(read_request(b"7", text, &mut violations).is_none());
    assert_eq!(violations.more(), 1);
}

#[test]
fn lists_are_bounded() {
    let list = |body: &str, rule: &ListRule| {
        let read = read_result(body.as_bytes(), |reader| reader.list(rule, Reader::scalar));
        read.map(|list| list.len()).map_err(|violation| violation.found)
    };
    assert_eq!(list("[ ]", &ANY_LIST), Ok(0));
    assert_eq!(list("[ 1 , \"a\" , true ]", &ANY_LIST), Ok(3));
    assert_eq!(list("[]", &REVIEWS), Err("a shorter list"));
    assert_eq!(list("[1,2]", &REVIEWS), Ok(2));
    assert_eq!(list("[1,2,3]", &REVIEWS), Err("a longer list"));
    assert_eq!(list("{}", &ANY_LIST), Err("a record"));
    for body in ["[,]", "[1,]", "[1 2]", "[1}", "[", "[1"] {
        assert!(list(body, &ANY_LIST).is_err(), "{body}");
    }
}

#[test]
fn a_list_is_kept_up_to_a_length_and_checked_beyond() {
    let rule = ListRule { keep: 2, max: 2, unique: true, ..ANY_LIST };
    let list = |body: &str| {
        let read =
            read_result(body.as_bytes(), |reader| reader.list(&rule, |reader| reader.number(&INT)));
        read.map(|list| list.len()).map_err(|violation| violation.pointer)
    };
    assert_eq!(list(r#"[1,2,"a",{"b":[]},1]"#), Ok(2));
    assert_eq!(list("[1,2,nul]"), Err("/2".to_owned()));
    assert_eq!(list("[1,2,]"), Err("/2".to_owned()));
    assert_eq!(list("[1,2,3"), Err("/2".to_owned()));
}

#[test]
fn equal_elements_are_found_whatever_they_are() {
    let rule = ListRule { unique: true, ..ANY_LIST };
    let unique =
        |body: &str| read_result(body.as_bytes(), |reader| reader.list(&rule, Reader::any)).is_ok();
    assert!(unique(r#"[1,"1",[1],{"a":1},true,null,[],{},"a",[1,1],{"a":2},{"b":1}]"#));
    for body in ["[1,2,1.0]", r#"["a","b","\u0061"]"#, "[[1,[2]],[1.0,[2e0]]]", "[null,null]"] {
        assert!(!unique(body), "{body}");
    }
    assert!(!unique(r#"[{"a":1,"b":[{}]},{ "b" : [ { } ], "a" : 1 }]"#));
}

#[test]
fn same_json_means_the_same_value() {
    assert!(
        same_json("1e2", "100.0") && same_json("-0", "0") && same_json(r#""\n""#, r#""\u000a""#)
    );
    assert!(same_json(" [1, 2]", "[1,2]\n") && !same_json("[1,2]", "[2,1]"));
    assert!(!same_json("true", "\"true\"") && !same_json("true", "false"));
    assert!(!same_json(r#"{"a":1}"#, r#"{"a":1,"b":1}"#) && !same_json("[1]", "[1,2]"));
}

#[test]
fn enumerations_know_what_becomes_of_others() {
    let read = |body: &'static str, other| {
        let rule = EnumRule { values: &["EUR", "ä"], other, expected: "Currency" };
        read_result(body.as_bytes(), |reader| reader.one_of(&rule)).map(Raw::json)
    };
    assert_eq!(read(r#""EUR""#, Other::Refused), Ok(r#""EUR""#));
    assert_eq!(read(r#""\u00e4""#, Other::Refused), Ok(r#""\u00e4""#));
    assert!(read(r#""USD""#, Other::Refused).is_err());
    assert_eq!(read(r#""USD""#, Other::Kept), Ok(r#""USD""#));
    assert_eq!(read(r#""USD""#, Other::Becomes(r#""EUR""#)), Ok(r#""EUR""#));
    assert!(read("7", Other::Kept).is_err() && read("null", Other::Becomes(r#""EUR""#)).is_err());
    // What counts is the text, not how it is written.
    let rule = EnumRule { values: &[r"L\u0041"], other: Other::Refused, expected: "Size" };
    let read = |body: &'static str| read_result(body.as_bytes(), |reader| reader.one_of(&rule));
    assert!(read(r#""L\u0041""#).is_err() && read(r#""L\\u0041""#).is_ok());
}

#[test]
fn values_of_any_type_keep_their_text() {
    let any = |body: &'static str| read_result(body.as_bytes(), Reader::any).map(Raw::json);
    for body in ["null", "-1.5e+3", r#"{"a":[1, {"a":2,"a":3}]}"#, "[ ]", r#""\ud83d\ude00""#] {
        assert_eq!(any(body), Ok(body));
    }
    let scalar = |body: &str| read_result(body.as_bytes(), Reader::scalar).is_ok();
    assert!(["1", "true", "\"\""].into_iter().all(scalar));
    assert!(!["null", "[]", "{}", "tru"].into_iter().any(scalar));
    let both =
        |reader: &mut Reader<'static>| reader.raw_of(|reader| reader.list(&ANY_LIST, Reader::any));
    let (raw, list) = read_result(b" [1, [2]] ", both).expect("a list");
    assert_eq!((raw.json(), list.len()), ("[1, [2]]", 2));
    assert!(raw.elements().map(Raw::json).eq(list.into_iter().map(Raw::json)));
    assert_eq!(raw.elements().last().map(|last| last.elements().count()), Some(1));
    assert_eq!(Raw::literal("{\"a\":1}").elements().count(), 0);
}

#[test]
fn a_value_may_be_null() {
    let read =
        |body: &'static str| read_result(body.as_bytes(), |reader| reader.or_null(Reader::boolean));
    assert_eq!(read("null"), Ok(Maybe::Null));
    assert_eq!(read("true"), Ok(Maybe::Value(Raw::literal("true"))));
    assert!(
        read("nul").is_err() && read("7").is_err() && read("").is_err() && read("nulll").is_err()
    );
}

#[test]
fn values_are_written_plainly_outside_json() {
    let plain = |json| Raw::literal(json).plain();
    assert_eq!(plain(r#""a\u002fb""#), "a/b");
    assert_eq!(plain("true"), "true");
    for (json, text) in [
        ("59.90", "59.90"),
        ("-0", "-0"),
        ("1e2", "100"),
        ("1.5e1", "15"),
        ("-1.25E+1", "-12.5"),
        ("1e-3", "0.001"),
        ("12e-1", "1.2"),
        ("120.0e-1", "12"),
        ("0e9", "0"),
        ("1e999999999", "1e999999999"),
        ("1e-999999999", "1e-999999999"),
        ("1e99999999999999999999999", "1e99999999999999999999999"),
    ] {
        assert_eq!(plain(json), text);
    }
}

#[test]
fn depth_is_limited_alike_for_what_is_read_and_skipped() {
    fn nested<'a>(reader: &mut Reader<'a>) -> Read<Vec<()>> {
        reader.list(&ANY_LIST, |reader| nested(reader).map(drop))
    }
    for (levels, fits) in [(63, true), (64, true), (65, false), (100_000, false)] {
        let body = [vec![b'['; levels], vec![b']'; levels]].concat();
        assert_eq!(read_result(&body, Reader::skip).is_ok(), fits, "{levels}");
        assert_eq!(read_result(&body, nested).is_ok(), fits, "{levels}");
        let half = [vec![b'['; levels]].concat();
        assert!(read_result(&half, Reader::any).is_err());
    }
    let beside = format!("[{}[]]", "[[[]]],".repeat(200));
    assert!(read_result(beside.as_bytes(), nested).is_ok());
    let reviews = r#"{"title":"a","stars":1,"gift":null},"#.repeat(200);
    let reviews = format!("[{}]", reviews.trim_end_matches(','));
    let read = |reader: &mut Reader<'_>| reader.list(&ANY_LIST, |reader| review(reader).map(drop));
    assert!(read_result(reviews.as_bytes(), read).is_ok());
    let records = format!("{}{}", r#"{"a":"#.repeat(200), "[]");
    let violation = read_result(records.as_bytes(), Reader::skip).expect_err("too deep");
    assert_eq!((violation.expected, violation.pointer.len()), ("at most 64 levels", 128));
}

const SOUND: &str =
    r#"{"title":"a","stars":4,"gift":true,"x":{"n":4.5,"s":"b","l":[true,null,"c"]}}"#;

/// What may go wrong in it, in parts that are kept and parts that are skipped.
const CORRUPTIONS: &[(&str, &str)] = &[
    ("\"a\"", "\"a\u{1}\""),
    ("\"b\"", "\"b\u{1f}\""),
    ("\"a\"", r#""\x""#),
    ("\"b\"", r#""\x""#),
    ("\"c\"", r#""\u12g4""#),
    ("\"a\"", r#""\ud800""#),
    ("\"b\"", r#""\ud800""#),
    ("\"b\"", r#""\udc00""#),
    ("\"b\"", r#""\ud800\u0061""#),
    ("\"c\"", r#""\ud800\ud800""#),
    ("\"x\"", r#""\udfff""#),
    ("\"n\"", r#""\ud800""#),
    ("true,null", "truE,null"),
    (",null", ",nul"),
    ("\"gift\":true", "\"gift\":tru"),
    ("4.5", "04.5"),
    ("4.5", "4."),
    ("4.5", ".5"),
    ("4.5", "+4"),
    ("4.5", "4e"),
    ("4.5", "- 4"),
    ("4.5", "NaN"),
    ("\"stars\":4", "\"stars\":04"),
    ("\"stars\":4", "\"stars\":4.0.0"),
    ("\"stars\":4", "\"stars\":\"4\""),
    ("\"stars\":4", "\"stars\":[4]"),
    ("4.5,", "4.5 "),
    ("true,null", "true null"),
    ("4,", "4 "),
    ("\"n\":", "\"n\" "),
    ("\"stars\":", "\"stars\" "),
    ("\"n\"", "n"),
    ("\"n\"", "1"),
    ("]", "}"),
    ("}}", "]}"),
    ("}}", "}]"),
    ("}}", "},}"),
    ("\"c\"]", "\"c\",]"),
    ("{\"n\"", "{,\"n\""),
    ("[true", "[,true"),
    ("{\"n\"", "\u{feff}{\"n\""),
    ("}}", "}} x"),
    ("}}", "}}}"),
    ("}}", "}}{}"),
    ("}}", "}}\0"),
    ("\"gift\"", "\"stars\":4,\"gift\""),
    ("\"gift\"", "\"\\u0073tars\":4,\"gift\""),
];

#[test]
fn no_corruption_passes() {
    assert!(result(SOUND).is_ok());
    for (from, to) in CORRUPTIONS {
        let corrupt = SOUND.replacen(from, to, 1);
        assert_ne!(corrupt, SOUND);
        assert!(result(&corrupt).is_err(), "{corrupt}");
        assert!(!refused(&corrupt).is_empty(), "{corrupt}");
    }
    for length in 0..SOUND.len() {
        assert!(result(&SOUND[..length]).is_err(), "{length}");
    }
    for at in 0..SOUND.len() {
        for byte in [0xFF, 0xC3, 0x80, 0] {
            let mut corrupt = SOUND.as_bytes().to_vec();
            corrupt[at] = byte;
            assert!(read_result(&corrupt, review).is_err(), "{at}");
        }
    }
}

#[test]
fn numbers_arrive_as_sent() {
    let read = |body: &'static str, rule| {
        read_result(body.as_bytes(), |reader| reader.number(rule)).map(Raw::json).ok()
    };
    for number in ["0.10", "-0.0", "1E2", "12345678901234567890.10"] {
        assert_eq!(read(number, &NUMBER), Some(number));
    }
    assert_eq!(read("9007199254740991", &INT), Some("9007199254740991"));
    assert_eq!(read("-7.000", &INT), Some("-7"));
    assert_eq!(read("7e0", &INT), Some("7e0"));
    assert_eq!(read("7.5", &INT), None);
    assert_eq!(read("1e999999999", &NUMBER), None);
}
