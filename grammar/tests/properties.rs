//! What holds for every text: `parse` is total, `format` keeps the tree and is done after one pass.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use gatewright_grammar::span::{FileId, Span};
use gatewright_grammar::{KEYWORDS, format, parse};
use proptest::prelude::*;

/// Every contract of the repository.
static CONTRACTS: LazyLock<Vec<(PathBuf, String)>> = LazyLock::new(|| {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for dir in ["../examples", "../tests", "tests/data"] {
        collect(&crate_dir.join(dir), &mut found);
    }
    assert!(found.len() >= 7, "the shop and the formatted samples are always there");
    found.sort();
    found
});

/// Contracts without mistakes.
static CLEAN: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let texts = CONTRACTS.iter().map(|(_, text)| text.as_str());
    texts.filter(|text| parse(FileId::default(), text).errors.is_empty()).collect()
});

fn collect(dir: &Path, found: &mut Vec<(PathBuf, String)>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for path in entries.map(|entry| entry.expect("a readable directory").path()) {
        if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "api") {
            let text = fs::read_to_string(&path).expect("a readable contract");
            found.push((path, text));
        }
    }
}

/// A tree as text, without places.
fn outline(text: &str) -> String {
    let debug = format!("{:?}", parse(FileId::default(), text).file);
    let mut outline = String::with_capacity(debug.len());
    for (index, piece) in debug.split("Span {").enumerate() {
        let rest =
            if index == 0 { Some(piece) } else { piece.split_once('}').map(|(_, rest)| rest) };
        outline.push_str(rest.expect("a place ends in a brace"));
    }
    outline
}

/// What holds for any text at all.
fn check_any(text: &str) {
    let parse = parse(FileId(7), text);
    let mut last = Span::new(FileId(7), 0, 0);
    for error in &parse.errors {
        assert!(last.start <= error.span.start, "errors stand in the order of the text");
        last = error.span;
        let edits = error.helps.iter().filter_map(|help| help.edit.as_ref());
        for span in edits.map(|(span, _)| *span).chain([error.span]) {
            assert_eq!(span.file, FileId(7));
            assert!(
                text.get(span.range()).is_some(),
                "{span:?} of {error:?} is no range of {text:?}"
            );
        }
        assert!(!error.message.is_empty() && !error.label.is_empty());
    }
    if parse.errors.is_empty() {
        assert!(
            !format!("{:?}", parse.file).contains("kind: Bad"),
            "what is left out has a reason: {text:?}"
        );
        check_clean(text);
    }
}

/// What holds for a text without mistakes.
fn check_clean(text: &str) {
    let once = format(text).expect("a text without mistakes");
    let twice =
        format(&once).unwrap_or_else(|errors| unreachable!("{errors:#?}\n{text}\n-->\n{once}"));
    assert_eq!(once, twice, "formatting again changes nothing\n{text}");
    let (before, after) = (outline(text), outline(&once));
    let same = before.bytes().zip(after.bytes()).take_while(|(left, right)| left == right).count();
    let near = |outline: &str| {
        outline.get(same.saturating_sub(80)..(same + 80).min(outline.len())).map(str::to_owned)
    };
    assert!(
        before == after,
        "formatting keeps the tree: {:?} became {:?}\n{text}\n-->\n{once}",
        near(&before),
        near(&after)
    );
    let ends_once = once.is_empty() || (once.ends_with('\n') && !once.ends_with("\n\n"));
    assert!(ends_once, "a file ends in one line break: {once:?}");
    assert!(once.lines().all(|line| line.trim_end() == line), "no line ends in space\n{once}");
}

#[test]
fn formatting_keeps_every_contract() {
    for (path, text) in CONTRACTS.iter() {
        let errors = parse(FileId::default(), text).errors;
        if errors.is_empty() {
            check_clean(text);
        } else {
            assert!(
                !path.starts_with(concat!(env!("CARGO_MANIFEST_DIR"), "/tests")),
                "{path:?}: {errors:#?}"
            );
        }
    }
}

#[test]
fn the_shop_is_in_its_canonical_form() {
    let shop = CONTRACTS
        .iter()
        .filter(|(path, _)| path.parent().is_some_and(|dir| dir.ends_with("data/shop")));
    let shop: Vec<_> = shop.collect();
    assert_eq!(shop.len(), 5);
    for (path, text) in shop {
        assert_eq!(format(text).as_ref(), Ok(text), "{path:?}");
    }
}

#[test]
fn everything_in_its_canonical_form() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/format");
    let formatted = format(&fs::read_to_string(data.join("everything.api")).unwrap()).unwrap();
    let golden = data.join("everything.formatted.api");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&golden, &formatted).unwrap();
    }
    assert_eq!(formatted, fs::read_to_string(golden).unwrap());
}

/// Every prefix of the shop, and some of every other contract. Without optimisation every seventh has to do.
#[test]
fn any_prefix_is_read() {
    let every = if cfg!(debug_assertions) { 7 } else { 1 };
    for (path, text) in CONTRACTS.iter() {
        let is_shop = path.parent().is_some_and(|dir| dir.ends_with("data/shop"));
        let step = if is_shop { every } else { 61 * every };
        for end in (0..text.len()).step_by(step).filter(|&end| text.is_char_boundary(end)) {
            check_any(&text[..end]);
        }
    }
}

#[test]
fn line_ends_and_a_byte_order_mark_change_nothing() {
    for text in CLEAN.iter() {
        let windows = format!("\u{FEFF}{}", text.replace('\n', "\r\n"));
        assert_eq!(outline(&windows), outline(text));
        assert_eq!(format(&windows), format(text));
    }
}

/// Words, marks and nonsense for mutations.
fn scrap() -> impl Strategy<Value = String> {
    let marks = [
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "<",
        ">",
        "\"",
        "/",
        "//",
        "///",
        ":",
        "=",
        ",",
        ".",
        "..",
        "...",
        "->",
        "|",
        "?",
        "\n",
        "\r\n",
        " ",
        "\\",
        "\\u{",
        "é",
        "\u{FEFF}",
        "1",
        "404",
        "300ms",
        "2026-01-01",
        "GET",
        "x",
        "Sku",
        "_",
        "-",
    ];
    let keywords: Vec<String> = KEYWORDS.iter().map(|word| format!(" {word} ")).collect();
    prop_oneof![
        3 => proptest::sample::select(marks.to_vec()).prop_map(str::to_owned),
        1 => proptest::sample::select(keywords),
        1 => ".{0,6}",
    ]
}

/// An edit of a text: the place and the length of what goes as shares of the text, and what comes instead.
fn edit() -> impl Strategy<Value = (f64, usize, String)> {
    (0.0..1.0, prop_oneof![Just(0_usize), 0..4_usize, 0..80_usize], scrap())
}

fn edited(text: &str, edits: &[(f64, usize, String)]) -> String {
    let mut text = text.to_owned();
    for (place, length, scrap) in edits {
        let at = text.floor_char_boundary((place * text.len() as f64) as usize);
        let end = text.floor_char_boundary((at + length).min(text.len()));
        text.replace_range(at..end.max(at), scrap);
    }
    text
}

/// A contract with other space and more comments: before a line, behind a line, between lines.
fn respaced(text: &str, choices: &[u8]) -> String {
    let mut choices = choices.iter().cycle();
    let mut respaced = String::new();
    for line in text.lines() {
        let mut chance = || choices.next().copied().unwrap_or_default();
        let is_doc = line.contains("///");
        match chance() {
            0..8 => respaced.push_str("// a comment\n"),
            8..16 => respaced.push_str("\n\n\n\t // another one\r\n\n"),
            16..24 => respaced.push_str("\n\n"),
            _ => {}
        }
        if chance() < 16 && !is_doc {
            respaced.push_str(
                &line
                    .replace(" = ", "   =\t")
                    .replace(" | ", "|")
                    .replace(": ", ":")
                    .replace(", ", " , "),
            );
        } else {
            respaced.push_str(line.trim_start());
        }
        match chance() {
            0..16 if !is_doc => respaced.push_str("//behind"),
            16..32 => respaced.push_str("  \t"),
            _ => {}
        }
        respaced.push_str(if chance() < 16 { "\r\n" } else { "\n" });
    }
    respaced
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(text in "\\PC{0,120}") {
        check_any(&text);
    }

    #[test]
    fn any_row_of_words_is_read(scraps in proptest::collection::vec(scrap(), 0..60)) {
        check_any(&scraps.concat());
    }

    #[test]
    fn any_edit_of_a_contract_is_read(
        file in any::<proptest::sample::Index>(),
        edits in proptest::collection::vec(edit(), 1..6),
    ) {
        check_any(&edited(&file.get::<(PathBuf, String)>(&CONTRACTS).1, &edits));
    }

    #[test]
    fn space_and_comments_do_not_change_the_tree(
        file in any::<proptest::sample::Index>(),
        choices in proptest::collection::vec(0_u8..255, 20..300),
    ) {
        let text = respaced(file.get::<&str>(&CLEAN), &choices);
        let errors = parse(FileId::default(), &text).errors;
        prop_assert!(errors.is_empty(), "{errors:#?}\n{text}");
        check_clean(&text);
    }
}
