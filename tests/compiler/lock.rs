//! Locks: written from every contract, compared with it, and never taken for what they are not.

#![allow(clippy::panic, reason = "a test that cannot go on says so")]

mod moves;
mod terms;

use crate::contracts::built;
use gatewright_compiler::diagnostic::{Code, Severity};
use gatewright_compiler::fix::mend;
use gatewright_compiler::lock::{
    Act, Amendment, Lock, Refused, Signed, amend, publish, rebase, retire,
};
use gatewright_compiler::source::Sources;
use gatewright_compiler::{Checked, Target, analyse, plan};

fn signed(date: &str) -> Signed {
    Signed { by: "storefront".to_owned(), date: date.to_owned() }
}

fn checked(sources: &Sources) -> Checked {
    let analysis = analyse(sources);
    let found: Vec<_> = analysis
        .diagnostics
        .iter()
        .filter(|one| one.severity == Severity::Error)
        .map(|one| format!("{}: {}\n{}", one.code.name(), one.message, one.primary.text))
        .collect();
    analysis.into_checked().unwrap_or_else(|| panic!("{found:#?}"))
}

fn alone(text: &str) -> Sources {
    let mut sources = Sources::new();
    sources.add("shop.api", text);
    sources
}

fn with_lock(sources: &Sources, lock: &str) -> Sources {
    let mut sources = sources.clone();
    sources.lock("api.lock", lock);
    sources
}

/// The lock with `label` published in it.
fn published(sources: &Sources, lock: Option<&str>, label: &str) -> Result<String, String> {
    let contract = checked(sources);
    let known = lock.map(|text| Lock::read(text).expect("a lock"));
    let sources = lock.map_or_else(|| sources.clone(), |lock| with_lock(sources, lock));
    match publish(&sources, &contract, known.as_ref(), (label, &signed("2026-03-01"))) {
        Ok(done) => Ok(done.text),
        Err(Refused::Use(why, _)) => Err(why),
        Err(Refused::Damaged(damage)) => panic!("{damage:#?}"),
    }
}

/// What is found about a contract with this lock, as `code: message`.
fn found(text: &str, lock: &str) -> Vec<String> {
    let found = analyse(&with_lock(&alone(text), lock)).diagnostics;
    let errors = found.iter().filter(|one| one.severity == Severity::Error);
    errors.map(|one| format!("{}: {}", one.code.name(), one.primary.text)).collect()
}

#[test]
fn every_contract_can_be_published_and_keeps_what_it_promised() {
    let mut versions = 0;
    for unit in built() {
        let sources = unit.sources();
        let mut lock: Option<String> = None;
        for label in checked(&sources).versions() {
            match published(&sources, lock.as_deref(), &label) {
                Ok(text) => lock = Some(text),
                Err(why) => {
                    let known = ["has no endpoint", "two endpoints are called", "is a draft"];
                    assert!(known.iter().any(|one| why.contains(one)), "{}: {why}", unit.name);
                }
            }
            versions += 1;
        }
        let Some(lock) = lock else { continue };
        let read = Lock::read(&lock).unwrap_or_else(|why| panic!("{}: {why:#?}", unit.name));
        assert_eq!(read.text(), lock);
        checked(&with_lock(&sources, &lock));
        for label in read.live() {
            let again = published(&sources, Some(&lock), label).expect_err("nothing is new");
            assert!(again.contains("nothing about it is new"), "{}: {again}", unit.name);
        }
    }
    assert!(versions > 20, "{versions}");
}

const SHOP: &str = r#"api shop { timeout 2s }
backend catalog at env CATALOG_URL { timeout 300ms }
backend reviews at env REVIEWS_URL { timeout 300ms }
error NotFound 404 "There is no such resource"
consumer mobile <m@shop.example> uses v1 { GET /products/{id} (title) }
version 1 {
  type Sku = text(/p_[a-z0-9]{8}/)
  type Product { id: Sku, title: text(1..200), stars?: number }
  GET /products/{id: Sku} -> Product | NotFound {
    public
    item = catalog GET /items/{id} on 404 fail NotFound
    rated = reviews GET /ratings?sku={id} else null
    return { id: id, title: item.name, stars: rated.average }
  }
  GET /find -> [Product](..50) {
    public
    query q: text(1..100)
    hits = catalog GET /query?text={q}
    return hits.all { id: .sku, title: .name }
  }
}
case "a product" {
  when GET /v1/products/p_1a2b3c4d
  catalog GET /items/p_1a2b3c4d -> 200 { name: "Shoes" }
  reviews GET /ratings?sku=p_1a2b3c4d -> timeout
  then 200 { id: "p_1a2b3c4d", title: "Shoes" }
}
"#;

fn lock() -> String {
    published(&alone(SHOP), None, "1").expect("it can be published")
}

/// What an edit of a contract is called that is published in `lock`.
fn edited((text, lock): (&str, &str), from: &str, to: &str) -> Vec<String> {
    assert!(text.contains(from), "{from}");
    found(&text.replace(from, to), lock)
}

/// Each edit is refused, with these words.
fn are_refused(published: (&str, &str), edits: &[(&str, &str, &str)]) {
    for (from, to, wanted) in edits {
        let told = edited(published, from, to);
        assert!(told.iter().any(|one| one.starts_with(wanted)), "{to}: {told:#?}");
    }
}

#[test]
fn what_callers_do_not_see_may_change() {
    for (from, to) in [
        ("item.name", "item.name or \"?\""),
        ("timeout 300ms }\nerror", "timeout 200ms }\nerror"),
        ("type Sku = ", "/// The number of a product.\n  type Sku = "),
        ("{ id: Sku, title", "{ id: text(/p_[a-z0-9]{8}/), title"),
        ("consumer mobile", "consumer web uses v1\nconsumer mobile"),
        ("timeout 2s }", "timeout 3s }"),
        (
            "id: Sku, title: text(1..200), stars?: number",
            "stars?: number, title: text(1..200), id: Sku",
        ),
        ("version 1 {", "version 1 {\n  deprecated since 2026-09-01, sunset 2027-03-01\n"),
        (
            "GET /find ->",
            "GET /top -> Product {\n public\n item = catalog GET /top\n return item\n }\n GET /find ->",
        ),
        ("case \"a product\" {", "// A comment.\ncase \"a product\"   {\n"),
        ("200 { name: \"Shoes\" }", "200 { name: \"Shoes\", more: 1 }"),
        (
            "case \"a",
            "case \"none\" {\n when GET /v1/products/p_00000000\n catalog GET /items/p_00000000 -> 404\n then 404 NotFound\n}\ncase \"a",
        ),
    ] {
        let told = edited((SHOP, &lock()), from, to);
        assert!(told.is_empty(), "{to}: {told:#?}");
    }
}

#[test]
fn what_callers_rely_on_may_not_change() {
    let refused = [
        (
            "title: text(1..200)",
            "title?: text(1..200)",
            "published-shape-changed: field/became-optional",
        ),
        (
            "query q: text(1..100)",
            "query q: text(1..50)",
            "published-shape-changed: constraint/tightened",
        ),
        (
            "query q: text(1..100)",
            "query q: text(1..200)",
            "published-endpoint-extended: constraint/loosened",
        ),
        (
            "query q: text(1..100)",
            "query q: text(1..100)\n    query lang?: text(..5)",
            "published-endpoint-extended: param/added-optional",
        ),
        (
            "api shop { timeout 2s }",
            "api shop { timeout 1s }",
            "published-promise-weakened: timeout/shortened",
        ),
        (
            "GET /find -> [Product](..50)",
            "GET /search -> [Product](..50)",
            "published-shape-changed: endpoint/removed",
        ),
        (
            "api shop {",
            "api shop {\n  versions in path \"/api/v{n}\"\n",
            "published-promise-weakened: life/selection-changed",
        ),
        (
            "reviews GET /ratings?sku={id} else null",
            "reviews GET /ratings?sku={id}",
            "published-promise-weakened: avail/call-became-required",
        ),
        ("version 1 {", "version 2 {", "published-version-missing: callers were promised this"),
        (
            "title: \"Shoes\" }\n",
            "title: \"Shoes\", ... }\n",
            "published-case-changed: proof/case-changed",
        ),
        ("case \"a product\"", "case \"one\"", "published-case-changed: proof/case-removed"),
        (
            "GET /find ->",
            "GET /products/p_aaaaaaaa -> Product {\n public\n item = catalog GET /top\n return item\n }\n GET /find ->",
            "route-shadowed: endpoint/shadowed",
        ),
    ];
    are_refused((SHOP, &lock()), &refused);
}

#[test]
fn a_text_that_was_changed_can_be_put_back() {
    for (from, to) in [
        ("title: text(1..200)", "title: text(1..300)"),
        ("stars?: number", "stars?: number | null"),
    ] {
        let sources = with_lock(&alone(&SHOP.replace(from, to)), &lock());
        assert!(!found(&SHOP.replace(from, to), &lock()).is_empty(), "{to}");
        let mended = mend(&sources);
        let text: Vec<&str> = mended.sources.iter().map(|(_, one)| one.text.as_str()).collect();
        assert_eq!(found(text[0], &lock()), Vec::<String>::new(), "{to}: {}", text[0]);
        let told = analyse(&sources).diagnostics;
        let mut helps = told.iter().flat_map(|one| &one.helps);
        let back = helps.any(|help| help.text.starts_with("or put back ") && help.fix.is_some());
        assert!(back, "{told:#?}");
    }
}

#[test]
fn a_version_that_has_more_than_was_published_says_so() {
    let reported = |text: &str, lock: &str| {
        let contract = checked(&with_lock(&alone(text), lock));
        let published = contract.contract().versions[0].published.clone();
        published.expect("it is published").reported()
    };
    let joined = SHOP.replace(HISTORY[0].0, HISTORY[0].1);
    assert_ne!(joined, SHOP);
    assert_eq!(reported(SHOP, &lock()), "1.0");
    assert_eq!(reported(&joined, &lock()), "1.0+");
    assert_eq!(reported(&SHOP.replace("catalog GET /top", "catalog GET /best"), &lock()), "1.0");
    let again = published(&alone(&joined), Some(&lock()), "1").expect("an endpoint");
    assert_eq!(reported(&joined, &again), "1.1");
}

#[test]
fn an_api_may_let_published_endpoints_take_more() {
    let additive = SHOP.replace("api shop {", "api shop {\n  published additive\n");
    let more = additive.replace("query q: text(1..100)", "query q: text(1..200)");
    assert_eq!(found(&more, &lock()), Vec::<String>::new());
    let text = published(&alone(&more), Some(&lock()), "1").expect("there is more");
    let grown = Lock::read(&text).expect("a lock");
    let last = grown.entries.last().expect("an entry");
    assert_eq!((last.act, last.endpoint.as_deref()), (Act::Revised, Some("GET /find")));
    assert_eq!(grown.revision("1"), Some("1.1"));
    let back = found(&additive, &text);
    assert!(back.iter().any(|one| one.starts_with("published-shape-changed")), "{back:#?}");
    assert!(grown.continues(&Lock::read(&lock()).expect("a lock")).is_ok());
}

#[test]
fn who_is_hurt_is_named() {
    let renamed = SHOP
        .replace("title: text(1..200)", "name: text(1..200)")
        .replace("title: item.name", "name: item.name")
        .replace("title: .name", "name: .name");
    let sources = with_lock(&alone(&renamed), &lock());
    let found = analyse(&sources).diagnostics;
    let one = found.iter().find(|one| one.code == Code::PublishedShapeChanged).expect("a finding");
    assert!(one.notes.iter().any(|note| note == "hurts: mobile <m@shop.example>"), "{one:#?}");
    assert!(
        one.helps[0].text.contains("`version 2 from 1 { rename Product.title to name }`"),
        "{one:#?}"
    );
    let old = one.secondary.first().expect("the published line");
    let lock = sources.get(old.span.file).expect("the lock");
    assert_eq!(
        (lock.label.as_str(), old.text.as_str()),
        ("api.lock", "published 2026-03-01 by storefront")
    );
    assert!(lock.text[old.span.range()].starts_with("title: text(1..200)"), "{old:?}");
}

const HISTORY: [(&str, &str); 4] = [
    (
        "GET /find ->",
        "GET /top -> Product {\n public\n item = catalog GET /top\n return item\n }\n GET /find ->",
    ),
    ("version 1 {", "version 1 {\n  deprecated since 2026-09-01, sunset 2027-03-01\n"),
    (
        "deprecated since 2026-09-01, sunset 2027-03-01",
        "deprecated since 2026-09-01, sunset 2027-06-01",
    ),
    (
        "case \"a",
        "case \"none\" {\n when GET /v1/products/p_00000000\n catalog GET /items/p_00000000 -> 404\n then 404 NotFound\n}\ncase \"a",
    ),
];

/// The shop after some time, and its lock.
fn history() -> (String, String) {
    let (mut text, mut lock) = (SHOP.to_owned(), lock());
    for (from, to) in HISTORY {
        text = text.replace(from, to);
        lock =
            published(&alone(&text), Some(&lock), "1").unwrap_or_else(|why| panic!("{to}: {why}"));
    }
    text = text.replace("title: text(1..200)", "title: text(1..300)");
    let sources = with_lock(&alone(&text), &lock);
    let contract = checked(&sources.without_lock());
    let amendment = Amendment {
        version: "1".to_owned(),
        endpoints: ["GET /products/{id}", "GET /find", "GET /top"].map(str::to_owned).into(),
        reason: "longer titles \"at last\"".to_owned(),
    };
    let known = Lock::read(&lock).expect("a lock");
    let done = amend(&sources, &contract, &known, (&amendment, &signed("2026-10-01")));
    let done = done.unwrap_or_else(|why| panic!("{why:?}"));
    assert_eq!(done.hurts, ["mobile <m@shop.example>"]);
    (text, done.text)
}

#[test]
fn a_lock_grows_with_what_happens() {
    let (text, lock) = history();
    let read = Lock::read(&lock).expect("a lock");
    let acts: Vec<(Act, &str)> =
        read.entries.iter().map(|one| (one.act, one.revision.as_str())).collect();
    assert_eq!(
        acts,
        [
            (Act::Published, "1.0"),
            (Act::Added, "1.1"),
            (Act::Deprecated, "1.1"),
            (Act::Deprecated, "1.1"),
            (Act::Proved, "1.1"),
            (Act::Amended, "1.2"),
            (Act::Amended, "1.2"),
            (Act::Amended, "1.2"),
        ]
    );
    assert_eq!(found(&text, &lock), Vec::<String>::new());
    let closer = text.replace("sunset 2027-06-01", "sunset 2027-05-01");
    let told = found(&closer, &lock);
    assert!(told.iter().any(|one| one.starts_with("sunset-moved-closer")), "{told:#?}");
    let before = retire(&read, "1", &signed("2027-05-31")).map(|_| ());
    assert!(matches!(before, Err(Refused::Use(why, _)) if why.contains("from 2027-06-01 on")));
    let after = retire(&read, "1", &signed("2027-06-01")).expect("the day has come").text;
    let retired = Lock::read(&after).expect("a lock");
    assert!(retired.is_retired("1") && retired.live().is_empty());
    assert!(retired.continues(&read).is_ok() && read.continues(&retired).is_err());
    let contract = checked(&with_lock(&alone(&text), &after));
    assert_eq!(contract.contract().retired[0].label, "1");
}

#[test]
fn an_amendment_names_all_that_it_changes() {
    let text = SHOP.replace("title: text(1..200)", "title: text(1..300)");
    let lock = lock();
    let sources = with_lock(&alone(&text), &lock);
    let contract = checked(&sources.without_lock());
    let known = Lock::read(&lock).expect("a lock");
    let mut amendment = Amendment {
        version: "1".to_owned(),
        endpoints: vec!["GET /find".to_owned()],
        reason: "longer titles".to_owned(),
    };
    let mut told = |endpoints: &[&str]| {
        amendment.endpoints = endpoints.iter().map(|one| (*one).to_owned()).collect();
        match amend(&sources, &contract, &known, (&amendment, &signed("2026-10-01"))) {
            Err(Refused::Use(why, _)) => why,
            other => format!("{other:?}"),
        }
    };
    assert!(told(&["GET /find"]).contains("reaches `GET /products/{id}` as well"));
    let all = ["GET /find", "GET /products/{id}", "GET /none"];
    assert!(told(&all).contains("nothing about `GET /none`"));
}

#[test]
fn a_lock_that_somebody_touched_is_never_taken_for_one() {
    let (_, lock) = history();
    lines_that_are_touched(&lock);
    entries_that_are_touched(&lock);
    words_that_are_touched(&lock);
    damaged("", "nothing");
    damaged("lock 1 shop\n\nend of 0 entries\n", "no entry");
    damaged(&(lock + "\n"), "more behind the end");
}

/// Asserts that reading `text` fails, with a place in it.
fn damaged(text: &str, what: &str) {
    let told = Lock::read(text).expect_err(what);
    assert_eq!(told.code, Code::LockDamaged, "{what}");
    let place = text.get(told.primary.span.range());
    assert!(place.is_some(), "{what}: {told:?}");
}

fn lines_that_are_touched(lock: &str) {
    let lines: Vec<&str> = lock.lines().collect();
    for at in 0..lines.len() {
        let cut: String = lines[..at].iter().flat_map(|line| [line, "\n"]).collect();
        damaged(&cut, "cut off behind a line");
        damaged(cut.trim_end_matches('\n'), "cut off within a line");
        let without = [&lines[..at], &lines[at + 1..]].concat().join("\n") + "\n";
        damaged(&without, "a line taken out");
        let twice = [&lines[..=at], &lines[at..]].concat().join("\n") + "\n";
        damaged(&twice, "a line twice");
        if at > 0 && lines[at] != lines[at - 1] {
            let mut swapped = lines.clone();
            swapped.swap(at, at - 1);
            damaged(&(swapped.join("\n") + "\n"), "two lines in another order");
        }
        let spaced = format!("{} ", lines[at]);
        let spaced = [&lines[..at], &[spaced.as_str()], &lines[at + 1..]].concat();
        damaged(&(spaced.join("\n") + "\n"), "a space at the end of a line");
    }
}

fn entries_that_are_touched(lock: &str) {
    let entries: Vec<&str> = lock.split("\n\n").collect();
    for at in 1..entries.len() - 1 {
        let without = [&entries[..at], &entries[at + 1..]].concat().join("\n\n");
        damaged(&without, "an entry taken out");
        if at < entries.len() - 2 {
            // Without the last entries it is an earlier lock, which only a later one can tell.
            damaged(&without.replace("end of 8", "end of 7"), "an entry taken out, and counted");
        }
        let twice = [&entries[..=at], &entries[at..]].concat().join("\n\n");
        damaged(&twice, "an entry twice");
        damaged(&twice.replace("end of 8", "end of 9"), "an entry twice, and counted");
        if at > 1 {
            let mut swapped = entries.clone();
            swapped.swap(at, at - 1);
            damaged(&swapped.join("\n\n"), "two entries in another order");
        }
    }
}

fn words_that_are_touched(lock: &str) {
    for (from, to) in [
        ("lock 1", "lock 2"),
        ("shop", "show"),
        ("2026-03-01", "2026-03-02"),
        ("storefront", "checkout"),
        ("text(1..200)", "text(1..250)"),
        ("NotFound", "Missing"),
        ("revision 1.1", "revision 1.2"),
        ("at last", "at once"),
        ("sunset 2027-06-01", "sunset 2027-05-01"),
        ("then 404", "then 405"),
        ("\n", "\r\n"),
        ("\n\n", "\n<<<<<<< HEAD\n"),
        ("\n\n", "\n\n\n"),
        ("", "\u{feff}"),
    ] {
        assert!(lock.contains(from), "{from}");
        damaged(&lock.replacen(from, to, 1), to);
    }
}

#[test]
fn no_change_of_a_byte_goes_unseen() {
    let (_, lock) = history();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut dice = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % (1 << 30)).expect("small")
    };
    for _ in 0..2000 {
        let mut bytes = lock.as_bytes().to_vec();
        for _ in 0..=dice() % 3 {
            let (at, byte) = (dice() % bytes.len(), u8::try_from(dice() % 256).expect("a byte"));
            match dice() % 4 {
                0 => drop(bytes.remove(at)),
                1 => bytes.insert(at, byte),
                2 => bytes[at] ^= 1 << (byte % 8),
                _ => bytes[at] = byte,
            }
        }
        let Ok(text) = String::from_utf8(bytes) else { continue };
        assert!(text == lock || Lock::read(&text).is_err(), "{text}");
    }
}

#[test]
fn a_lock_of_another_api_is_refused() {
    let other = SHOP.replace("api shop", "api store");
    let told = found(&other, &lock());
    assert_eq!(told, ["lock-of-another-api: another API"]);
    let mut sources = with_lock(&alone(&other), &lock());
    sources.share_lock();
    checked(&sources);
}

#[test]
fn entries_of_two_branches_follow_each_other() {
    let base = lock();
    let own = SHOP.replace(HISTORY[0].0, HISTORY[0].1);
    let own = published(&alone(&own), Some(&base), "1").expect("an endpoint");
    let theirs = SHOP.replace(HISTORY[1].0, HISTORY[1].1);
    let theirs = published(&alone(&theirs), Some(&base), "1").expect("an end");
    let read = |text: &str| Lock::read(text).expect("a lock");
    let done = rebase(&read(&own), &read(&theirs)).expect("they go together").text;
    let both = read(&done);
    let acts: Vec<Act> = both.entries.iter().map(|one| one.act).collect();
    assert_eq!(acts, [Act::Published, Act::Deprecated, Act::Added]);
    assert!(both.continues(&read(&theirs)).is_ok());
    assert_eq!(both.continues(&read(&own)), Err(1));
    let text = SHOP.replace(HISTORY[0].0, HISTORY[0].1).replace(HISTORY[1].0, HISTORY[1].1);
    assert_eq!(found(&text, &done), Vec::<String>::new());
    assert!(rebase(&read(&base), &read(&base)).is_err());
    let other =
        SHOP.replace(HISTORY[0].0, &HISTORY[0].1.replace("catalog GET /top", "catalog GET /best"));
    let other = published(&alone(&other), Some(&base), "1").expect("an endpoint");
    let other = other.replace("storefront", "checkout");
    assert!(Lock::read(&other).is_err());
    let last = published(&alone(&text), Some(&theirs), "1").expect("an endpoint");
    assert!(rebase(&read(&own), &read(&last)).is_err(), "both added one endpoint");
}

#[test]
fn a_version_that_ended_is_gone_and_others_may_start_from_it() {
    let end = "version 1 {\n  deprecated since 2026-09-01, sunset 2027-03-01, see \"https://shop.example/docs\"\n";
    let text =
        SHOP.replace("version 1 {", end) + "version 2 from 1 { rename Product.title to name }\n";
    let first = published(&alone(&text), None, "1").expect("a lock");
    let both = published(&alone(&text), Some(&first), "2").expect("a lock");
    let read = Lock::read(&both).expect("a lock");
    let done = retire(&read, "1", &signed("2027-03-01")).expect("the day has come").text;
    let contract = checked(&with_lock(&alone(&text), &done));
    assert_eq!(contract.versions(), ["2"]);
    let published = contract.contract().versions[0].published.clone().expect("it is published");
    assert_eq!((published.revision.as_str(), published.ahead), ("2.0", false));
    assert!(contract.contract().cases.is_empty(), "they are about version 1");
    let target =
        Target { name: "shop".to_owned(), versions: contract.versions(), ..Target::default() };
    let elsewhere = plan(&contract, &target).elsewhere;
    let [one] = elsewhere.as_slice() else { panic!("{elsewhere:?}") };
    assert_eq!((one.label.as_str(), one.retired), ("1", true));
    assert_eq!(one.see.as_deref(), Some("https://shop.example/docs"));
    let draft = found(&text.replace("version 2 from 1 {", "version 2 from 1 draft {"), &done);
    assert_eq!(
        draft,
        ["published-promise-weakened: life/stability-lowered: nobody may rely on a draft"]
    );
    let again = publish(
        &with_lock(&alone(&text), &done),
        &contract,
        Some(&Lock::read(&done).expect("a lock")),
        ("1", &signed("2027-03-02")),
    );
    assert!(matches!(again, Err(Refused::Use(..))));
}

#[test]
fn a_version_that_a_header_field_names_stays_where_it_is() {
    let by =
        |text: &str| SHOP.replace("api shop {", &format!("api shop {{\n  versions in {text}\n"));
    let header = by("header Api-Version default 1").replace("GET /v1/", "GET /");
    let lock = published(&alone(&header), None, "1").expect("a lock");
    assert_eq!(found(&header, &lock), Vec::<String>::new());
    let two = header.clone() + "version 2 from 1 {}\n";
    assert_eq!(found(&two, &lock), Vec::<String>::new());
    let told = found(&two.replace("default 1", "default 2"), &lock);
    let wanted = "published-promise-weakened: life/default-version-changed";
    assert!(told.iter().any(|one| one.starts_with(wanted)), "{told:#?}");
    let told = found(&by("header Other default 1").replace("GET /v1/", "GET /"), &lock);
    let wanted = "published-promise-weakened: life/selection-changed";
    assert!(told.iter().any(|one| one.starts_with(wanted)), "{told:#?}");
}

#[test]
fn a_lock_is_a_contract_that_can_be_compared() {
    let lock = Lock::read(&lock()).expect("a lock");
    let old = lock.contract().expect("it can be read");
    let shorter = checked(&alone(&SHOP.replace("query q: text(1..100)", "query q: text(1..50)")));
    let rules = |changes: Vec<gatewright_compiler::changes::Change>| {
        let ids = changes.into_iter().map(|change| (change.rule.id, change.verdict.word()));
        ids.collect::<Vec<_>>()
    };
    let found = rules(gatewright_compiler::changes::contracts(&old, shorter.contract()));
    assert_eq!(found, [("constraint/tightened", "breaking")]);
    let found = rules(gatewright_compiler::changes::contracts(shorter.contract(), &old));
    assert_eq!(found, [("constraint/loosened", "additive")]);
}
