//! Cases that are played without a gateway.

use super::{Answered, Asked, Ending, Play, Reaction, coverage};
use crate::contract::Checked;
use crate::testing::check;

const CONTRACT: &str = r#"
error NotFound 404 "There is no such item"
version 1 {
  GET /items/{id: text(..9)} -> { name: text, level: int } | NotFound {
    public
    item = one GET /items/{id} on 404 fail NotFound
    level = two GET /levels/{id} else { count: 0 }
    return { name: item.name, level: level.count }
  }
  POST /items ({ name: text(..9) }) -> 204 {
    public
    made = one POST /items { name: body.name } with header X-From = "gateway"
  }
}
"#;

fn contract(case: &str) -> Checked {
    Checked(check(&format!("{CONTRACT}\ncase \"it\" {{\n{case}\n}}")))
}

fn play(case: &str) -> Play {
    Play::new(&contract(case), 0).expect("a case")
}

fn asked(backend: usize, request: &str, body: &str) -> Asked {
    let (method, target) = request.split_once(' ').expect("two words");
    let headers = vec![("x-from".to_owned(), "gateway".to_owned())];
    let (method, target) = (method.to_owned(), target.to_owned());
    Asked { backend, method, target, headers, body: body.into() }
}

fn ending(status: u16, body: &str) -> Ending {
    let kind = if status < 400 { "application/json" } else { "application/problem+json" };
    let headers = vec![("content-type".to_owned(), kind.to_owned())];
    let reply = Ok(Answered { status, headers, body: body.into() });
    Ending { reply, log: Vec::new(), crashed: None }
}

/// The status that a mock answers; 0 for silence, 1 for a closed connection.
fn status(reaction: Option<Reaction>) -> Option<u16> {
    reaction.map(|reaction| match reaction {
        Reaction::Answer { status, .. } => status,
        Reaction::Silence => 0,
        Reaction::Close(_) => 1,
    })
}

/// What is told of a case that does not hold: label, then notes.
fn told(play: Play, ending: &Ending) -> Vec<String> {
    let failure = play.end(ending).failure;
    failure.map_or(Vec::new(), |one| [vec![one.primary.text], one.notes].concat())
}

const GOOD: &str = "when GET /v1/items/a
one GET /items/a -> 200 { name: \"A\" }
two GET /levels/a -> 200 { count: 1 }
then 200 { name: \"A\", level: 1 }";

#[test]
fn what_is_asked_together_is_answered_together() {
    let mut play = play(GOOD);
    let first = play.asked(asked(0, "GET /items/a", ""));
    assert_eq!(status(play.reaction(first, 0)), None, "the other call is on its way");
    assert_eq!(status(play.reaction(first, 1_000)), Some(200), "or it is not");
    let second = play.asked(asked(1, "GET /levels/a", ""));
    assert_eq!(status(play.reaction(first, 0)), Some(200));
    assert_eq!(status(play.reaction(second, 0)), Some(200));
    assert_eq!(told(play, &ending(200, r#"{"level":1.0,"name":"A"}"#)), Vec::<String>::new());
}

#[test]
fn a_mock_that_is_never_asked_fails_the_case() {
    let mut play = play(GOOD);
    play.asked(asked(0, "GET /items/a", ""));
    let told = told(play, &ending(200, r#"{"level":1,"name":"A"}"#));
    assert_eq!(told, ["this was never asked"]);
}

#[test]
fn an_answer_is_given_once() {
    let mut play = play(&GOOD.replace("{ name: \"A\" }\n", "{ name: \"A\" }\n    -> 503\n"));
    let tickets: Vec<usize> = (0..3).map(|_| play.asked(asked(0, "GET /items/a", ""))).collect();
    play.asked(asked(1, "GET /levels/a", ""));
    let all: Vec<_> = tickets.iter().map(|ticket| status(play.reaction(*ticket, 0))).collect();
    assert_eq!(all, [Some(200), Some(503), Some(1)]);
    let told = told(play, &ending(200, r#"{"level":1,"name":"A"}"#));
    assert_eq!(told, ["asked 3 times", "the mock has an answer for 2 requests"]);
}

#[test]
fn a_request_that_nothing_answers_fails_the_case() {
    let mut play = play(GOOD);
    play.asked(asked(0, "GET /items/a", ""));
    play.asked(asked(1, "GET /levels/a", ""));
    let odd = play.asked(asked(1, "GET /levels/b", ""));
    assert_eq!(status(play.reaction(odd, 0)), Some(1));
    let told = told(play, &ending(200, r#"{"level":1,"name":"A"}"#));
    assert_eq!(told, ["`two` was asked `GET /levels/b`", "no mock of this case answers that"]);
}

#[test]
fn a_read_beside_a_failure_may_be_left_out_and_others_may_not() {
    let case = "when GET /v1/items/a\none GET /items/a -> 404\nthen 404 NotFound";
    let body = r#"{"type":"urn:problem:shop:not-found","title":"t","status":404}"#;
    let mut spare = play(case);
    spare.asked(asked(0, "GET /items/a", ""));
    let read = spare.asked(asked(1, "GET /levels/a", ""));
    assert_eq!(status(spare.reaction(read, 1_000)), Some(0), "nothing is answered");
    assert_eq!(told(spare, &ending(404, body)), Vec::<String>::new());

    let mut never = play(&case.replace("then", "two never\nthen"));
    never.asked(asked(0, "GET /items/a", ""));
    never.asked(asked(1, "GET /levels/a", ""));
    assert_eq!(told(never, &ending(404, body)), ["it was asked `GET /levels/a`"]);
}

#[test]
fn what_is_sent_is_compared() {
    let case = "when POST /v1/items\n    body { name: \"A\" }
one POST /items { name: \"A\" }
    header X-From = \"gateway\"
    header X-To = null
    -> 204
then 204";
    let mut right = play(case);
    right.asked(asked(0, "POST /items", r#"{"name":"A"}"#));
    assert!(right.changes_something());
    assert_eq!(told(right, &ending(204, "")), Vec::<String>::new());
    let mut wrong = play(&case.replace("X-To = null", "X-From = \"me\""));
    wrong.asked(asked(0, "POST /items", r#"{"name":"B","more":1}"#));
    let found = told(wrong, &ending(204, ""));
    let wanted = [
        "something else was sent",
        "`/name` is \"B\", not \"A\"",
        "`/more` is 1, not absent",
        "header `X-From` is \"gateway\", not \"me\"",
    ];
    assert_eq!(found, wanted);
}

#[test]
fn another_answer_is_told_with_its_name_and_what_was_wrong() {
    let play = play("when GET /v1/items/a\nthen 404 NotFound");
    let body = r#"{"type":"urn:problem:gateway:invalid-request","status":400,
        "errors":[{"in":"path","name":"id","detail":"expected text(..9)"}]}"#;
    let told = told(play, &ending(400, body));
    assert_eq!(told, ["the gateway answered 400 invalid-request", "path `id`: expected text(..9)"]);
}

#[test]
fn a_panic_or_an_end_fails_a_case_whatever_is_answered() {
    let run = |log: &str, crashed: Option<&str>| {
        let mut play = play(GOOD);
        play.asked(asked(0, "GET /items/a", ""));
        play.asked(asked(1, "GET /levels/a", ""));
        let mut ending = ending(200, r#"{"level":1,"name":"A"}"#);
        ending.log = vec![log.to_owned()];
        ending.crashed = crashed.map(str::to_owned);
        told(play, &ending)
    };
    let told = run(r#"{"event":"panicked","what":"oh","place":"x.rs:1"}"#, None);
    assert_eq!(told.first().map(String::as_str), Some("the gateway panicked"));
    assert_eq!(told.get(1).map(String::as_str), Some("oh at x.rs:1"));
    assert_eq!(run("", Some("signal: 6")), ["the gateway ended by itself: signal: 6"]);
    assert!(run("no json", None).is_empty());
}

#[test]
fn a_call_that_runs_out_of_time_unasked_is_a_busy_machine() {
    let late = r#"{"event":"call-failed","backend":"two","operation":"GET /levels/{id}","reason":"timeout"}"#;
    let starved = |answer: &str| {
        let mut play = play(&GOOD.replace("200 { count: 1 }", answer));
        play.asked(asked(0, "GET /items/a", ""));
        play.asked(asked(1, "GET /levels/a", ""));
        let mut ending = ending(200, r#"{"level":0,"name":"A"}"#);
        ending.log = vec![late.to_owned()];
        play.end(&ending).starved
    };
    assert!(starved("200 { count: 1 }"));
    assert!(!starved("timeout") && !starved("200 { count: 1 } after 400ms"));
}

#[test]
fn what_no_case_shows_is_listed() {
    let contract = contract(GOOD);
    let mut play = Play::new(&contract, 0).expect("a case");
    play.asked(asked(0, "GET /items/a", ""));
    play.asked(asked(1, "GET /levels/a", ""));
    let verdict = play.end(&ending(200, r#"{"level":1,"name":"A"}"#));
    let found = coverage(&contract, &[verdict.trace]);
    let gaps: Vec<String> =
        found.gaps.iter().map(|gap| format!("{} {}", gap.kind, gap.what)).collect();
    let wanted = [
        "error NotFound",
        "on on 404 fail of GET /items/{id}",
        "else else of GET /levels/{id}",
        "endpoint POST /v1/items",
        "return 204",
        "call POST /items",
    ];
    assert_eq!((found.total, gaps), (10, wanted.map(str::to_owned).to_vec()));
}
