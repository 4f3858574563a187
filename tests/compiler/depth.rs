//! No nesting and no chain of a contract runs out of stack or of time, however long it is.

use gatewright_compiler::diagnostic::render::{self, Style};
use gatewright_compiler::fix::mend;
use gatewright_compiler::source::{Imported, Sources, Unit};
use gatewright_compiler::{
    Checked, Target, analyse, changes, codegen, flatten, generate, graph, mocks, plan, requests,
};
use std::time::{Duration, Instant};

/// The stack that every contract gets by with: half of what a thread of Rust has (2 MiB), an eighth
/// of what a program begins with on Linux (8 MiB), and all that it begins with on Windows.
const STACK: usize = 1 << 20;

/// How long a contract may take without optimization, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A nesting or a chain: what it is called, how much of it is tried at most, and a contract with
/// `n` of it.
type Row = (&'static str, usize, fn(usize) -> Sources);

/// `open` that many times, `core`, and `close` as often.
fn nested(open: &str, core: &str, close: &str, n: usize) -> String {
    format!("{}{core}{}", open.repeat(n), close.repeat(n))
}

/// `link` with every number up to `n`: `{i}` is the number, `{j}` the next.
fn chain(link: &str, n: usize) -> String {
    let one = |i: usize| link.replace("{i}", &i.to_string()).replace("{j}", &(i + 1).to_string());
    (0..n).map(one).collect()
}

const HEAD: &str = "api x { versions in path \"/v{n}\", timeout 1s }\n\
                    backend b at env B_URL { timeout 300ms }\n";

/// A contract of one file, with an API and a backend before `text`.
fn file(text: &str) -> Sources {
    let mut sources = Sources::new();
    sources.add("a.api", format!("{HEAD}{text}"));
    sources
}

/// One endpoint that answers `ty` with what a backend sends.
fn answer(ty: &str) -> Sources {
    file(&format!("version 1 {{ GET /x -> {{ a: {ty} }} {{ public, r = b GET /x, return r }} }}\n"))
}

/// One endpoint that takes `ty` and sends it on.
fn body(ty: &str) -> Sources {
    file(&format!("version 1 {{ POST /x ({ty}) -> 204 {{ public, _ = b POST /x (body) }} }}\n"))
}

/// One endpoint that answers JSON with `value` of its result.
fn value(value: &str) -> Sources {
    file(&format!(
        "version 1 {{ GET /x -> {{ a: json }} {{ public, r = b GET /x, return {{ a: {value} }} }} }}\n"
    ))
}

/// Declarations, of which `T0` is what an endpoint takes, sends on, and answers.
fn types(text: &str) -> Sources {
    file(&format!(
        "{text}version 1 {{\n  GET /x -> T0 {{ public, r = b GET /x, return r }}\n  \
         POST /x (T0) -> 204 {{ public, _ = b POST /x (body) }}\n}}\n"
    ))
}

/// What stands between braces of one endpoint without an answer.
fn endpoint(text: &str) -> Sources {
    file(&format!("version 1 {{\n  POST /x (json) -> 204 {{\n    public\n{text}  }}\n}}\n"))
}

const ROWS: &[Row] = &[
    ("lists", 500, |n| answer(&nested("[", "text", "]", n))),
    ("lists of a request", 500, |n| body(&nested("[", "text", "](..9)", n))),
    ("lists without an end", 500, |n| answer(&"[".repeat(n))),
    ("maps", 500, |n| answer(&nested("[text: ", "text", "]", n))),
    ("maps of a request", 500, |n| body(&nested("[text: ", "text", "](..9)", n))),
    ("maps as keys", 500, |n| answer(&nested("[", "text", ": text]", n))),
    ("records", 500, |n| answer(&nested("{ a: ", "text", " }", n))),
    ("records of a request", 500, |n| body(&nested("{ a: ", "text", " }", n))),
    ("records without an end", 400, |n| answer(&"{ a: ".repeat(n))),
    ("records over lines", 500, |n| answer(&nested("{\na: ", "text", "\n}", n))),
    ("lists of records", 500, |n| answer(&nested("[{ a: ", "text", " }]", n))),
    ("arguments", 500, |n| {
        types(&format!(
            "type P<T> {{ a?: T }}\ntype T0 {{ b: {} }}\n",
            nested("P<", "text", ">", n)
        ))
    }),
    ("arguments without an end", 500, |n| answer(&"P<".repeat(n))),
    ("bounds in bounds", 500, |n| answer(&format!("text{}", nested("(", "1", ")", n)))),
    ("parentheses without an end", 500, |n| answer(&format!("text{}", "(".repeat(n)))),
    ("comparisons that look like arguments", 500, |n| value(&"a<".repeat(n))),
    ("examples", 500, |n| file(&format!("type T = json eg {}\n", nested("[", "1", "]", n)))),
    ("examples of records", 500, |n| {
        file(&format!("type T = json eg {}\n", nested("{ a: ", "1", " }", n)))
    }),
    ("lists as values", 500, |n| value(&nested("[", "1", "]", n))),
    ("records as values", 500, |n| value(&nested("{ a: ", "r.b", " }", n))),
    ("projections", 500, |n| value(&format!("r {}", nested("{ a: .b ", "{ ... }", " }", n)))),
    ("values in paths", 500, |n| {
        endpoint(&format!("    _ = b POST /{}\n", nested("{{ a: ", "body", " }}", n)))
    }),
    ("values in texts", 500, |n| value(&format!("\"{}\"", nested("{", "r.a", "}", n)))),
    ("values that stand in", 500, |n| {
        file(&format!(
            "version 1 {{ GET /x -> {{ a: json }} {{ public, r = b GET /x else {}, return {{ a: r.a }} }} }}\n",
            nested("{ a: ", "1", " }", n)
        ))
    }),
    ("bodies for backends", 500, |n| {
        endpoint(&format!("    _ = b POST /x {}\n", nested("{ a: ", "body", " }", n)))
    }),
    ("paths into values", 500, |n| value(&format!("r{}", ".a".repeat(n)))),
    ("paths into elements", 500, |n| value(&format!("r{}", ".a[]".repeat(n)))),
    ("alternatives", 500, |n| value(&format!("{}\"none\"", "r.a or ".repeat(n)))),
    ("alternatives of many names", 400, |n| value(&format!("{}\"none\"", chain("r.a{i} or ", n)))),
    ("answers", 200, |n| {
        let errors = chain("error E{i} 409 \"e\"\n", n);
        file(&format!(
            "{errors}version 1 {{ GET /x -> {{ a: text }}{} {{ public, return {{ a: \"a\" }} }} }}\n",
            chain("\n    | E{i}", n)
        ))
    }),
    ("returns", 200, |n| {
        let returns = chain("    return { a: \"{i}\" } when r.a == {i}\n", n);
        file(&format!(
            "version 1 {{\n  GET /x -> {{ a: text }} {{\n    public\n    r = b GET /x\n{returns}    return {{ a: \"\" }}\n  }}\n}}\n"
        ))
    }),
    ("prefixes", 500, |n| {
        file(&format!(
            "version 1 {{ {} }}\n",
            nested("under /a { public, ", "GET /x -> 204 { }", " }", n)
        ))
    }),
    ("prefixes without an end", 400, |n| {
        file(&format!("version 1 {{ {}", "under /a { ".repeat(n)))
    }),
    ("segments", 500, |n| {
        file(&format!("version 1 {{ GET {}/x -> 204 {{ public }} }}\n", "/a".repeat(n)))
    }),
    ("parameters", 500, |n| {
        file(&format!("version 1 {{ GET {} -> 204 {{ public }} }}\n", chain("/{a{i}}", n)))
    }),
    ("paths that begin alike", 100, |n| {
        let all: String =
            (1..=n).map(|at| format!("  GET {} -> 204 {{ public }}\n", "/a".repeat(at))).collect();
        file(&format!("version 1 {{\n{all}}}\n"))
    }),
    ("segments of a call", 500, |n| endpoint(&format!("    _ = b POST {}\n", "/a".repeat(n)))),
    ("names with dots", 500, |n| answer(&format!("a{}", ".a".repeat(n)))),
    ("groups of a pattern", 500, |n| answer(&format!("text(/{}/)", nested("(", "a", ")", n)))),
    ("groups that repeat", 500, |n| answer(&format!("text(/{}/)", nested("(", "a", "b)*", n)))),
    ("groups that are counted", 500, |n| {
        answer(&format!("text(/{}/)", nested("(", "a", "){1,9}", n)))
    }),
    ("groups without an end", 500, |n| answer(&format!("text(/{}/)", "(".repeat(n)))),
    ("classes of a pattern", 500, |n| answer(&format!("text(/{}/)", nested("[a", "", "]", n)))),
    ("choices of a pattern", 500, |n| answer(&format!("text(/{}b/)", "a|".repeat(n)))),
    ("repetitions of a pattern", 500, |n| answer(&format!("text(/a{}/)", "*".repeat(n)))),
    ("counts of a pattern", 62, |n| answer(&format!("text(/{}/)", "a{0,50}".repeat(n.min(2))))),
    ("letters of a pattern", 2000, |n| answer(&format!("text(/{}/)", "a".repeat(n)))),
    ("names for names", 500, |n| {
        types(
            &format!("{}type L = T{n}\n", chain("type T{i} = T{j}\n", n))
                .replace(&format!("T{n}"), "text"),
        )
    }),
    ("names for lists", 400, |n| {
        types(&format!("{}type T{n} = text\n", chain("type T{i} = [T{j}](..9)\n", n)))
    }),
    ("names for maps", 400, |n| {
        types(&format!("{}type T{n} = text\n", chain("type T{i} = [text: T{j}](..9)\n", n)))
    }),
    ("records in records", 400, |n| {
        types(&format!("{}type T{n} {{ a: text }}\n", chain("type T{i} { a: T{j} }\n", n)))
    }),
    ("records that may miss", 400, |n| {
        types(&format!("{}type T{n} {{ a: text }}\n", chain("type T{i} { a?: T{j} }\n", n)))
    }),
    ("records in lists", 400, |n| {
        types(&format!("{}type T{n} {{ a: text }}\n", chain("type T{i} { a: [T{j}](..9) }\n", n)))
    }),
    ("records in a ring", 400, |n| {
        types(&format!("{}type T{n} {{ a: [T0](..9) }}\n", chain("type T{i} { a: T{j} }\n", n)))
    }),
    ("records in an endless ring", 400, |n| {
        types(&format!("{}type T{n} {{ a: T0 }}\n", chain("type T{i} { a: T{j} }\n", n)))
    }),
    ("unions in unions", 400, |n| {
        types(&format!(
            "{}type U{n} {{ a: text }}\ntype T0 {{ a: U0 }}\n",
            chain("union U{i} by k { a: { b: U{j} } }\n", n)
        ))
    }),
    ("unions of unions", 400, |n| {
        types(&format!(
            "{}type U{n} {{ a: text }}\ntype T0 {{ a: U0 }}\n",
            chain("union U{i} by k{i} { a: U{j} }\n", n)
        ))
    }),
    ("fields that are taken", 500, |n| {
        types(&format!("{}type T{n} {{ a: text }}\n", chain("type T{i} { ...T{j} }\n", n)))
    }),
    ("fields that are taken in a ring", 400, |n| {
        types(&format!("{}type T{n} {{ ...T0 }}\n", chain("type T{i} { ...T{j} }\n", n)))
    }),
    ("parameters of types", 200, |n| {
        let links = chain("type G{i}<T> { a: G{j}<T> }\n", n);
        types(&format!("{links}type G{n}<T> {{ a: T }}\ntype T0 {{ a: G0<text> }}\n"))
    }),
    ("parameters that double", 16, |n| {
        let links = chain("type G{i}<T> { a: G{j}<[T](..2)>, b: G{j}<T> }\n", n);
        types(&format!("{links}type G{n}<T> {{ a: T }}\ntype T0 {{ a: G0<text> }}\n"))
    }),
    ("records that double", 500, |n| {
        types(&format!("{}type T{n} {{ a: text }}\n", chain("type T{i} { a: T{j}, b: T{j} }\n", n)))
    }),
    ("fields", 500, |n| types(&format!("type T0 {{\n{}}}\n", chain("  a{i}: text(..{j})\n", n)))),
    ("values of an enum", 500, |n| {
        types(&format!("enum E {{ {} }}\ntype T0 {{ a: E }}\n", chain("v{i} ", n)))
    }),
    ("versions", 200, |n| {
        let first = "version 0 {\n  type T { a0: text }\n  GET /x -> T { public, r = b GET /x, return r }\n}\n";
        let links: String = (1..=n)
            .map(|i| format!("version {i} from {} {{ rename T.a{} to a{i} }}\n", i - 1, i - 1))
            .collect();
        file(&format!("{first}{links}"))
    }),
    ("versions in a ring", 200, |n| {
        let links: String =
            (1..n).map(|i| format!("version {i} from {} {{ }}\n", i % (n - 1) + 1)).collect();
        file(&links)
    }),
    ("policies", 500, |n| {
        file(&format!(
            "{}policy p{n} {{ timeout 1s }}\nversion 1 {{ GET /x -> 204 {{ public, use p0 }} }}\n",
            chain("policy p{i} { use p{j} }\n", n)
        ))
    }),
    ("policies in a ring", 500, |n| {
        file(&format!(
            "{}policy p{n} {{ use p0 }}\nversion 1 {{ GET /x -> 204 {{ public, use p0 }} }}\n",
            chain("policy p{i} { use p{j} }\n", n)
        ))
    }),
    ("calls that wait", 200, |n| {
        let calls = chain("    c{j} = b GET /x/{c{i}.id}\n", n);
        file(&format!(
            "version 1 {{\n  GET /x -> {{ a: text }} {{\n    public\n    c0 = b GET /x\n{calls}    return {{ a: c{n}.id }}\n  }}\n}}\n"
        ))
    }),
    ("calls that wait in a ring", 400, |n| {
        let calls = chain("    c{j} = b GET /x/{c{i}.id}\n", n);
        file(&format!(
            "version 1 {{\n  GET /x -> {{ a: text }} {{\n    public\n    c0 = b GET /x/{{c{n}.id}}\n{calls}    return {{ a: c{n}.id }}\n  }}\n}}\n"
        ))
    }),
    ("calls that change something", 30, |n| endpoint(&chain("    _ = b POST /x{i} (body)\n", n))),
    ("endpoints", 500, |n| {
        file(&format!("version 1 {{\n{}}}\n", chain("  GET /x{i} -> 204 { public }\n", n)))
    }),
    ("imports", 500, |n| {
        let mut sources = Sources::new();
        sources.add("a.api", format!("{HEAD}import \"../d0\" as d\nversion 1 {{ GET /x -> d.T {{ public, r = b GET /x, return r }} }}\n"));
        sources.import(Unit(0), "../d0", Imported::Unit(Unit(1)));
        for at in 0..n {
            let unit = Unit(u32::try_from(at + 1).expect("it is small"));
            sources.add_to(
                unit,
                format!("d{at}/a.api"),
                format!("import \"../d{}\" as d\ntype T {{ a?: d.T }}\n", at + 1),
            );
            sources.import(unit, format!("../d{}", at + 1), Imported::Unit(Unit(unit.0 + 1)));
        }
        let unit = Unit(u32::try_from(n + 1).expect("it is small"));
        sources.add_to(unit, format!("d{n}/a.api"), "type T { a?: text }\n");
        sources
    }),
    ("imports in a ring", 500, |n| {
        let mut sources = Sources::new();
        for at in 0..n {
            let unit = Unit(u32::try_from(at).expect("it is small"));
            sources.add_to(
                unit,
                format!("d{at}/a.api"),
                "import \"../next\" as d\ntype T { a?: d.T }\n",
            );
            let next = Unit((unit.0 + 1) % u32::try_from(n).expect("it is small"));
            sources.import(unit, "../next", Imported::Unit(next));
        }
        sources
    }),
    ("bodies of cases", 500, |n| {
        file(&format!(
            "version 1 {{ POST /x (json) -> 204 {{ public, _ = b POST /x (body) }} }}\n\
             case \"c\" {{\n  when POST /v1/x\n    body {0}\n  b POST /x {0} -> 200 {0}\n  then 204\n}}\n",
            nested("{ a: ", "1", " }", n)
        ))
    }),
    ("answers of mocks", 500, |n| {
        file(&format!(
            "version 1 {{ GET /x -> {{ a: json }} {{ public, r = b GET /x, return r }} }}\n\
             case \"c\" {{\n  when GET /v1/x\n  b GET /x\n{}  then 200 {}\n}}\n",
            "    -> 503\n".repeat(n),
            nested("{ a: ", "1", " }", n)
        ))
    }),
    ("consumers", 500, |n| {
        file(&format!(
            "version 1 {{ GET /x -> {{ a: text }} {{ public, r = b GET /x, return r }} }}\n\
             consumer c uses v1 {{ GET /x (a{}) }}{}\n",
            ".a".repeat(n),
            ", v1".repeat(n)
        ))
    }),
    ("documentation", 500, |n| file(&format!("{}type T = text\n", "/// a\n".repeat(n)))),
    ("comments", 500, |n| file(&format!("{}type T = text\n", "// a\n".repeat(n)))),
    ("lines", 500, |n| file(&"\n".repeat(n))),
    ("mistakes", 500, |n| file(&format!("version 1 {{\n{}}}\n", "  ?? {\n".repeat(n)))),
    ("marks without meaning", 500, |n| file(&"] ) > } ".repeat(n))),
    ("quotes", 500, |n| file(&"\"".repeat(n))),
    ("backslashes", 500, |n| value(&format!("\"{}\"", "\\\\".repeat(n)))),
    ("digits", 500, |n| value(&format!("1{}", "0".repeat(n)))),
];

/// Takes a contract through every function that meets one.
fn go_through(sources: &Sources) {
    let analysis = analyse(sources);
    let found = &analysis.diagnostics;
    render::text(found, sources, Style { colour: true, width: 100 });
    render::sarif(found, sources);
    for (_, source) in sources.iter() {
        if let Ok(once) = gatewright_grammar::format(&source.text) {
            assert_eq!(gatewright_grammar::format(&once).as_ref(), Ok(&once));
        }
    }
    if let Some(checked) = analysis.checked() {
        build(sources, checked);
    }
    mend(sources);
}

fn build(sources: &Sources, checked: &Checked) {
    let versions: Vec<String> = checked.versions().into_iter().rev().take(3).collect();
    let target = Target { name: "x".into(), versions: versions.clone(), ..Target::default() };
    let text = codegen::layout::single_file(&generate(&plan(checked, &target)), "x");
    drop(text);
    mocks(checked, &versions);
    requests(checked, &versions);
    for version in &versions {
        let _ = flatten(sources, checked, version);
    }
    let _ = changes::contracts(checked.contract(), checked.contract());
    if let Ok(graphs) = graph::graphs(checked, &[]) {
        let _ = (graph::text(&graphs), graph::svg(&graphs));
    }
}

#[test]
fn whatever_nests_is_handled_with_little_stack_and_in_time() {
    let only = std::env::var("GATEWRIGHT_NESTING").unwrap_or_default();
    for (name, most, contract) in ROWS.iter().filter(|row| row.0.contains(&only)) {
        for depth in [8, 62, *most].into_iter().filter(|depth| depth <= most) {
            let begin = Instant::now();
            let sources = contract(depth);
            // A thread that runs out of stack ends the whole program, and says its name.
            let named = format!("{depth} {name}");
            let thread = std::thread::Builder::new().name(named.clone()).stack_size(STACK);
            let run = thread.spawn(move || go_through(&sources)).expect("a thread can be made");
            assert!(run.join().is_ok(), "{named}");
            assert!(begin.elapsed() < PATIENCE, "{named}: {:?}", begin.elapsed());
            if !only.is_empty() {
                println!("{named}: {:?}", begin.elapsed());
            }
        }
    }
}
