//! One mistake is one message at its place, and nothing beside it is lost.

use gatewright_grammar::span::{FileId, line_column};
use gatewright_grammar::tree::{ItemKind, VersionMemberKind};
use gatewright_grammar::{SyntaxError, parse};

/// Messages as lines: place, what stands there, code, message, label, and the fixes.
fn told(text: &str) -> Vec<String> {
    let parse = parse(FileId::default(), text);
    parse.errors.iter().map(|error| line(text, error)).collect()
}

fn line(text: &str, error: &SyntaxError) -> String {
    let (line, column) = line_column(text, error.span.range().start);
    let found = &text[error.span.range()];
    let fixes = error.helps.iter().filter_map(|help| help.edit.as_ref());
    let fixes: String = fixes.map(|(_, with)| format!(" [fix: {with}]")).collect();
    format!("{line}:{column} `{found}` {}: {}; {}{fixes}", error.code, error.message, error.label)
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(told(text), expected, "{text}");
}

/// A line in the block of an endpoint is the only mistake, and its neighbours are kept.
#[track_caller]
fn check_line(line: &str, expected: &str) {
    let text = format!(
        "version 1 {{\n  GET /x -> Y {{\n    public\n    {line}\n    timeout 2s\n  }}\n}}\n"
    );
    check(&text, &[expected]);
    let file = parse(FileId::default(), &text).file;
    let ItemKind::Version(version) = &file.items[0].kind else {
        unreachable!("the version is kept")
    };
    let VersionMemberKind::Endpoint(endpoint) = &version.members[0].kind else {
        unreachable!("the endpoint is kept")
    };
    assert!(endpoint.members.len() >= 2, "public and timeout are kept");
}

/// The names of the declarations that are kept.
fn kept(text: &str) -> Vec<String> {
    let items = parse(FileId::default(), text).file.items;
    let names = items.into_iter().filter_map(|item| match item.kind {
        ItemKind::Type(decl) => Some(decl.name.text),
        ItemKind::Enum(decl) => Some(decl.name.text),
        ItemKind::Backend(backend) => Some(backend.name.text),
        ItemKind::Version(version) => {
            let kept =
                version.members.iter().filter(|member| member.kind != VersionMemberKind::Bad);
            Some(format!("{} of {}", kept.count(), version.label.text))
        }
        _ => None,
    });
    names.collect()
}

#[test]
fn an_endpoint_without_an_arrow() {
    let text = "version 1 {\n  GET /search Hits {\n    public\n  }\n  GET /b -> Hits\n}\n";
    check(
        text,
        &["2:15 `Hits` expected-response: an endpoint must say what it answers; \
           expected `->` before the response type [fix: -> ]"],
    );
    let error = &parse(FileId::default(), text).errors[0];
    assert_eq!(error.helps[0].text, "write `GET /search -> Hits {`");
    assert_eq!(
        error.notes,
        ["a request body would go in parentheses before the arrow: `POST /search (Query) -> Hits`"]
    );
    assert_eq!(kept(text), ["1 of 1"]);
    check(
        "version 1 {\n  GET /a => A\n  GET /b\n}",
        &[
            "2:10 `=>` expected-response: an endpoint must say what it answers; \
             expected `->` before the response type [fix: ->]",
            "3:9 `` expected-response: an endpoint must say what it answers; expected `->` and a response type",
        ],
    );
}

#[test]
fn an_endpoint_outside_of_a_version() {
    let text =
        "type A = text\n\n/// Is it there?\nGET /health/{id: text} -> 204\n\ntype B = text\n";
    check(
        text,
        &[
            "4:1 `GET /health/{id: text}` endpoint-outside-version: an endpoint belongs to a version; \
           this endpoint is in no version",
        ],
    );
    let error = &parse(FileId::default(), text).errors[0];
    assert_eq!(error.helps[0].text, "move it into `version 1 { … }`");
    assert_eq!(error.notes.len(), 1);
    assert_eq!(kept(text), ["A", "B"]);
}

#[test]
fn a_block_that_is_never_closed() {
    let text = "version 1 {\n  GET /x -> Y {\n    public\n\n  GET /z -> Z {\n    public\n  }\n}\ntype A { a: text }\n";
    check(text, &["2:15 `{` unclosed-block: a block is never closed; no `}` belongs to this `{`"]);
    assert_eq!(kept(text), ["1 of 1", "A"]);
    let text = "backend a at env A {\n  timeout 1s\n\nbackend b at env B\ntype C { d text }\n";
    check(
        text,
        &[
            "1:20 `{` unclosed-block: a block is never closed; no `}` belongs to this `{`",
            "5:12 `text` unexpected-text: `text` does not belong here; expected `:` and a type [fix: :]",
        ],
    );
    assert_eq!(kept(text), ["b", "C"]);
}

#[test]
fn a_brace_that_closes_nothing() {
    let text = "version 1 {\n  GET /x -> Y {\n    public\n  }\n  }\n  GET /z -> Z\n}\ntype A { a: text }\n";
    check(
        text,
        &[
            "5:3 `}` unexpected-text: a `}` closes nothing; every block is closed before this one [fix: ]",
        ],
    );
    assert_eq!(kept(text), ["2 of 1", "A"]);
    check(
        "version 1\n  GET /x -> Y { public }\n}\ntype A { a: text }\n",
        &["1:10 `` unexpected-text: this line ends too early; expected `{`, `draft` or `from`"],
    );
}

#[test]
fn texts_and_patterns_without_an_end() {
    check_line(
        "return { title: \"abc }",
        "4:21 `\"abc }` unclosed-text: a text is never closed; no second `\"` follows on this line",
    );
    check_line(
        "return { title: \"{x ",
        "4:21 `\"{x` unclosed-text: a text is never closed; no second `\"` follows on this line",
    );
    check(
        "backend x at \"http://x {\n}\ntype A = text(/a-z)\ntype B = text\n",
        &[
            "1:14 `\"http://x {` unclosed-text: a text is never closed; no second `\"` follows on this line",
            "3:15 `/a-z)` unclosed-text: a pattern is never closed; no second `/` follows on this line",
        ],
    );
}

#[test]
fn a_line_break_inside_of_parentheses() {
    check_line(
        "query q: text(1..\n      200, unique)",
        "4:22 `` stray-newline: a line ends inside of parentheses; \
         parentheses open and close on one line [fix: (1..200, unique)]",
    );
    check_line(
        "query q: text(1..200",
        "4:25 `` unexpected-text: this line ends too early; expected `)` or `,`",
    );
}

#[test]
fn misspelled_keywords() {
    check(
        "backnd a at env A\ntype B = text\n",
        &["1:1 `backnd` unexpected-text: `backnd` means nothing at the top of a file; \
           did you mean `backend`? [fix: backend]"],
    );
    check_line(
        "retrun { a: b }",
        "4:5 `retrun` unexpected-text: `retrun` means nothing in an endpoint's block; \
         did you mean `return`? [fix: return]",
    );
    check_line(
        "x = a GTE /items/{id}\n      on 404 fail NotFound\n      else null",
        "4:11 `GTE` unexpected-text: `GTE` does not belong here; did you mean `GET`? [fix: GET]",
    );
    check_line(
        "x = a GET /items/{id}\n      on 404 fial NotFound\n      else null",
        "5:14 `fial` unexpected-text: `fial` does not belong here; did you mean `fail`? [fix: fail]",
    );
    check(
        "version 1 {\n  get /x -> Y\n  deprecated sinc 2026-01-01, sunset 2027-01-01\n}",
        &[
            "2:3 `get` unexpected-text: `get` means nothing in a version; did you mean `GET`? [fix: GET]",
            "3:14 `sinc` unexpected-text: `sinc` does not belong here; did you mean `since`? [fix: since]",
        ],
    );
}

#[test]
fn keywords_know_where_they_belong() {
    check(
        "version 1 {\n  query q: text\n  backend a at env A\n}",
        &[
            "2:3 `query` unexpected-text: `query` does not belong in a version; it belongs in an endpoint's block",
            "3:3 `backend` unexpected-text: `backend` does not belong in a version; it belongs at the top of a file",
        ],
    );
    check_line(
        "rename A.b to c",
        "4:5 `rename` unexpected-text: `rename` does not belong in an endpoint's block; it belongs in a version",
    );
    check_line(
        "else null",
        "4:5 `else` unexpected-text: `else` belongs to a call; no call stands before it",
    );
}

#[test]
fn several_mistakes_in_one_line_and_block() {
    check(
        "type A { name String, b: text, c: }\nbackend b at env B { timeot 1s, owner c, retry x, timeout 5 }\n",
        &[
            "1:15 `String` unexpected-text: `String` does not belong here; expected `:` and a type [fix: :]",
            "1:35 `}` unexpected-text: `}` does not belong here; expected a type",
            "2:22 `timeot` unexpected-text: `timeot` means nothing in a backend; \
             did you mean `timeout`? [fix: timeout]",
            "2:48 `x` unexpected-text: `x` does not belong here; expected a number",
            "2:59 `5` unexpected-text: `5` does not belong here; expected a time such as `300ms` or `env`",
        ],
    );
    check_line(
        "query q: int = 1 a: text",
        "4:22 `a` unexpected-text: `a` does not belong here; expected `,` or a new line",
    );
    check_line(
        "return",
        "4:11 `` unexpected-text: this line ends too early; expected a status such as `404` or a value",
    );
}

#[test]
fn documentation_of_nothing() {
    let nothing = "this documentation documents nothing; no declaration or member follows";
    check(
        "version 1 {\n  public\n  /// more\n}\n/// end",
        &[
            &format!("3:3 `/// more` unexpected-text: {nothing}"),
            &format!("5:1 `/// end` unexpected-text: {nothing}"),
        ],
    );
}

#[test]
fn texts_with_wrong_escapes_and_holes() {
    check(
        r#"env A: text = "x\qy\u\u{110000}""#,
        &[
            r"1:17 `\q` unexpected-text: `\q` means nothing in a text; a backslash starts an escape [fix: \\q]",
            r"1:20 `\u` unexpected-text: `\u` means nothing in a text; a backslash starts an escape [fix: \\u]",
            r"1:22 `\u{110000}` unexpected-text: `110000` is the number of no character; expected a Unicode scalar value in hexadecimal, such as `20AC`",
        ],
    );
    check(
        r#"env A: text = "{1 +} {b} } {""#,
        &[
            r"1:19 `+` unexpected-text: this is no value; expected a value such as `item.name`",
            r"1:26 `}` unexpected-text: a `}` in a text closes nothing; no `{` stands before it [fix: \}]",
            r"1:28 `{` unclosed-block: a `{` in a text is never closed; a value starts here, but no `}` follows [fix: \{]",
        ],
    );
}

#[test]
fn calls_say_things_once() {
    check_line(
        "x = a GET /b cache 1s else null cache 2s",
        "4:37 `cache 2s` unexpected-text: a call has one `cache`; this is the second one [fix: ]",
    );
}

#[test]
fn nesting_is_bounded() {
    let deep = |depth: usize| {
        let (open, close) = ("{ a: ".repeat(depth), " }".repeat(depth));
        format!("type A = {open}text{close}\ntype B = text\n")
    };
    assert_eq!(told(&deep(64)), [""; 0]);
    let message = "1:330 `{` nested-too-deep: nested deeper than 64 levels; this one is too deep";
    check(&deep(65), &[message]);
    check(&deep(1000), &[message]);
    assert_eq!(kept(&deep(65)), ["A", "B"]);
    let endless =
        ["{", "(", "[", "a<", "type A {\n", "type A = [", "x: {", "under /x {\n", "return {a:["];
    for unit in endless {
        let text = format!("version 1 {{\n  GET /x -> Y {{\n{}\n", unit.repeat(200));
        assert!(!told(&text).is_empty());
    }
}

#[test]
fn habits_of_other_languages() {
    check_line(
        "x := a GET /b",
        "4:7 `:=` unexpected-text: `:=` does not belong here; \
         `=` stands before what a name means [fix: =]",
    );
    check_line(
        "return { id = a.id }",
        "4:17 `=` unexpected-text: `=` does not belong here; \
         `:` stands between a name and what it is [fix: :]",
    );
    check_line(
        "return { id: 'a' }",
        "4:18 `'a'` unexpected-text: `'a'` does not belong here; \
         a text stands in double quotes [fix: \"a\"]",
    );
    check_line(
        "x = a GET /b on 404: fail C",
        "4:24 `:` unexpected-text: `:` does not belong here; nothing stands behind `404` [fix: ]",
    );
    check_line(
        "x = a GET /b on 404 -> C",
        "4:25 `->` unexpected-text: `->` does not belong here; \
         `fail` stands before the error [fix: fail]",
    );
    check_line(
        "x = a GET /b otherwise null",
        "4:18 `otherwise` unexpected-text: `otherwise` does not belong here; \
         `else` says what stands in [fix: else]",
    );
    check_line(
        "query q: text?",
        "4:18 `?` unexpected-text: `?` does not belong here; \
         it stands behind the name [fix: ?: text]",
    );
    check_line(
        "query q: text[]",
        "4:18 `[]` unexpected-text: `[]` does not belong here; \
         a list is its element in brackets [fix: [text]]",
    );
    check_line(
        "timeout 1s;",
        "4:15 `;` unexpected-text: `;` does not belong here; \
         a member ends with its line; a comma separates two on one line [fix: ]",
    );
    check_line(
        "# more",
        "4:5 `#` unexpected-text: `#` does not belong here; \
         a comment begins with two slashes [fix: //]",
    );
    check_line(
        "/* more */",
        "4:5 `/*` unexpected-text: `/*` does not belong here; \
         a comment is `//` to the end of its line [fix: // more]",
    );
}

#[test]
fn habits_at_the_top_and_in_versions() {
    check(
        "backend a at http://a { timeout: 1s }\nbackend b at $B_URL\nbackend c at ${C_URL}\nbackend d = D_URL\n",
        &[
            "1:14 `http://a` unexpected-text: `http://a` does not belong here; \
             an address stands in double quotes [fix: \"http://a\"]",
            "2:14 `$B_URL` unexpected-text: `$B_URL` does not belong here; \
             `env` stands before a variable of the environment [fix: env B_URL]",
            "3:14 `${C_URL}` unexpected-text: `${C_URL}` does not belong here; \
             `env` stands before a variable of the environment [fix: env C_URL]",
            "4:11 `=` unexpected-text: `=` does not belong here; `at` stands before an address [fix: at]",
        ],
    );
    check(
        "enum A { a | b }\nenum B { a: \"A\" }\nversion v2 from v1 { }\nconsumer web uses 1\n",
        &[
            "1:12 `|` unexpected-text: `|` does not belong here; \
             values are separated by spaces or commas [fix: ]",
            "2:11 `:` unexpected-text: `:` does not belong here; \
             `=` stands before what a value is in JSON [fix: =]",
            "3:9 `v2` unexpected-text: `v2` does not belong here; a version is a number or a date [fix: 2]",
            "4:19 `1` unexpected-text: `1` does not belong here; a version is used by its name [fix: v1]",
        ],
    );
    check(
        "version 1 {\n  POST /a New -> 201\n  GET /b: 204\n  GET \"/c\" -> 204\n  GET d -> 204\n  OPTIONS /e -> 204\n  GET /f/{id: text}-> 204\n}\n",
        &[
            "2:11 `New` unexpected-text: a request body stands in parentheses; \
             what stands before `->` is what callers send [fix: (New)]",
            "3:9 `:` expected-response: an endpoint must say what it answers; \
             expected `->` before the response type [fix:  ->]",
            "4:7 `\"/c\"` unexpected-text: `\"/c\"` does not belong here; a path stands without quotes [fix: /c]",
            "5:7 `d` unexpected-text: `d` does not belong here; a path begins with `/` [fix: /d]",
            "6:3 `OPTIONS` unexpected-text: `OPTIONS` cannot be declared; the gateway answers it for every path",
        ],
    );
}

#[test]
fn mistakes_in_nested_records_are_told_one_by_one() {
    let text = "type A { a: { b c, d: { e = int, f: int? } }, g h, i: int }\n\
                union U by kind { a B, c: D, e }\n";
    check(
        text,
        &[
            "1:17 `c` unexpected-text: `c` does not belong here; expected `:` and a type [fix: :]",
            "1:27 `=` unexpected-text: `=` does not belong here; \
             `:` stands between a name and what it is [fix: :]",
            "1:40 `?` unexpected-text: `?` does not belong here; it stands behind the name [fix: ?: int]",
            "1:49 `h` unexpected-text: `h` does not belong here; expected `:` and a type [fix: :]",
            "2:21 `B` unexpected-text: `B` does not belong here; expected `:` and a type [fix: :]",
            "2:32 `}` unexpected-text: `}` does not belong here; expected `:` and a type",
        ],
    );
    assert_eq!(kept(text), ["A"]);
}
