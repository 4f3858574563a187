//! What breaks a promise is told whatever else is wrong, and can be moved into another version.

use super::{SHOP, alone, found, lock, with_lock};
use gatewright_compiler::analyse;
use gatewright_compiler::diagnostic::{Code, Diagnostic};
use gatewright_compiler::fix::mend;
use gatewright_compiler::source::Sources;

/// The shop with a second version that may still change.
fn two(second: &str) -> String {
    format!("{SHOP}\nversion 2 from 1 {second}\n")
}

fn broken(text: &str) -> Vec<Diagnostic> {
    let found = analyse(&with_lock(&alone(text), &lock())).diagnostics;
    let about = [Code::PublishedShapeChanged, Code::PublishedEndpointExtended];
    found.into_iter().filter(|one| about.contains(&one.code)).collect()
}

fn mended(text: &str) -> (Sources, String) {
    let mended = mend(&with_lock(&alone(text), &lock()));
    let text = mended.sources.iter().map(|(_, one)| one.text.clone()).collect();
    (mended.sources, text)
}

#[test]
fn a_broken_promise_is_told_first_whatever_else_is_wrong() {
    for (from, to, second) in [
        // The work behind the endpoint still says `title`.
        ("title: text(1..200)", "caption: text(1..200)", "{}"),
        // Another version edits what is gone.
        ("title: text(1..200)", "name: text(1..200)", "{ rename Product.title to name }"),
        ("query q: text(1..100)", "query q: text(1..50)", "{ remove GET /nowhere }"),
        ("query q: text(1..100)", "query q: text(1..50)", "{ GET /y -> Nothing { public } }"),
    ] {
        let text = two(second).replace(from, to);
        let all = analyse(&with_lock(&alone(&text), &lock())).diagnostics;
        assert!(all.len() > 1, "{to}: something else is wrong as well: {all:#?}");
        assert_eq!(all[0].code, Code::PublishedShapeChanged, "{to}: {all:#?}");
    }
    // Of a version whose own shape cannot be read nothing is said.
    let text = SHOP.replace("title: text(1..200)", "title: Txt");
    assert!(broken(&text).is_empty(), "{:#?}", broken(&text));
}

#[test]
fn a_change_is_moved_into_the_version_that_may_still_change() {
    for (from, to, second, member) in [
        (
            "title: text(1..200)",
            "title: text(1..300)",
            "{}",
            "change type Product { title: text(1..300) }",
        ),
        (
            "title: text(1..200)",
            "title?: text(1..200)",
            "{\n}",
            "change type Product { title?: text(1..200) }",
        ),
        (
            "title: text(1..200)",
            "title: text(1..300)",
            "{\n  rename Product.title to name\n}",
            "change type Product { title: text(1..300) }\n  rename Product.title to name",
        ),
        (
            "query q: text(1..100)",
            "query q: text(2..100)",
            "{}",
            "change GET /find { query q: text(2..100) }",
        ),
        (
            "query q: text(1..100)",
            "query q: text(1..100)\n query w?: text",
            "{}",
            "change GET /find { query w?: text }",
        ),
        ("NotFound 404", "NotFound 410", "{}", "change error NotFound 410"),
    ] {
        let before = two(second);
        let text = before.replacen(from, to, 1);
        let told = broken(&text);
        assert_eq!(told.len(), 1, "{to}: {told:#?}");
        assert!(told[0].helps[0].text.starts_with("keep version 1 as it was"), "{told:#?}");
        assert!(told[0].helps[0].fix.is_some(), "{to}: {told:#?}");
        let (sources, text) = mended(&text);
        assert!(text.contains(member), "{to}: {text}");
        let first =
            |text: &str| text.split("version 2").next().map(str::trim_end).map(str::to_owned);
        let words =
            |text: Option<String>| text.unwrap_or_default().split_whitespace().collect::<String>();
        assert_eq!(words(first(&text)), words(first(&before)), "{to}");
        assert!(analyse(&sources).checked().is_some(), "{to}: {text}");
    }
}

#[test]
fn a_renamed_field_takes_what_binds_it_along() {
    let renamed = |text: &str| {
        text.replacen("title: text(1..200)", "name: text(1..200)", 1)
            .replacen("title: item.name", "name: item.name", 1)
            .replacen("title: .name", "name: .name", 1)
    };
    let (sources, text) = mended(&renamed(&two("{}")));
    assert!(text.contains("title: item.name"), "{text}");
    assert!(text.contains("rename Product.title to name"), "{text}");
    assert!(analyse(&sources).checked().is_some(), "{text}");
    // A version that does it already gets nothing more.
    let already = two("{\n  rename Product.title to name\n}");
    let (_, text) = mended(&renamed(&already));
    assert_eq!(text, already);
}

#[test]
fn without_another_version_one_is_begun() {
    let text = SHOP.replace("title: text(1..200)", "title: text(1..300)");
    let told = broken(&text);
    let help = &told[0].helps[0];
    let said = "`version 2 from 1 { change type Product { title: text(1..300) } }`";
    assert!(help.text.ends_with(said), "{help:?}");
    let (_, text) = mended(&text);
    assert!(
        text.contains("\n\nversion 2 from 1 {\n  change type Product { title: text(1..300) }\n}"),
        "{text}"
    );
    assert_eq!(found(&text, &lock()), Vec::<String>::new());
}

#[test]
fn what_a_machine_cannot_put_back_is_said_in_the_words_of_the_language() {
    // What was asked for the answer is nowhere any more.
    let gone = two("{}");
    let (start, end) =
        (gone.find("  GET /find ->").expect("it is there"), gone.find("\n}\n").expect("an end"));
    let text = format!("{}{}", &gone[..start], &gone[end..]);
    let told = broken(&text);
    let help =
        told.iter().flat_map(|one| &one.helps).find(|one| one.text.contains("remove GET /find"));
    let help = help.unwrap_or_else(|| panic!("{told:#?}\n{text}"));
    assert!(help.fix.is_none(), "{help:?}");
    assert_eq!(mended(&text).1, text, "nothing is half done");
}
