//! Who may call, header fields of answers, and what is needed of backends, as a lock holds them.

use super::{alone, are_refused, edited, found, published};
use gatewright_compiler::diagnostic::Code;

const SHOP: &str = r#"api shop { timeout 2s }
backend catalog at env CATALOG_URL { timeout 300ms }
type Tenant = text(1..20)
auth customer = jwt {
  keys env JWKS_URL refresh 10min
  issuer env ISSUER
  audience "shop" or "market"
  leeway 20s
  claims { sub: uuid, tenant?: Tenant }
}
auth staff = api_key { header X-Api-Key, keys env STAFF_KEYS }
auth nobody = basic { keys env NOBODY }
version 1 {
  GET /a -> { a: text } {
    auth customer or staff
    x = catalog GET /a
    reply header X-Left: int(0..100) = x.left
    reply header X-May: text(..20) = x.may
    reply header Location = "/v1/a"
    return { a: x.a }
  }
  GET /b -> { a: text } { public, x = catalog GET /b, return { a: x.a } }
}
"#;

fn lock() -> String {
    published(&alone(SHOP), None, "1").expect("it can be published")
}

#[test]
fn a_lock_holds_how_callers_say_who_they_are() {
    let lock = lock();
    let has = |text: &str| assert!(lock.contains(text), "{text}\n{lock}");
    has("\n  auth customer sha ");
    has("claims { sub: uuid, tenant?: Tenant }");
    has("\n  type Tenant sha ");
    has("\n  auth staff sha ");
    has("    reply header X-Left: int(0..100) always\n");
    has("    reply header Location: text always\n");
    assert!(!lock.contains("nobody"), "nobody asks for it");
    assert_eq!(found(SHOP, &lock), Vec::<String>::new());
}

#[test]
fn what_callers_must_show_may_not_change() {
    let refused = [
        ("issuer env ISSUER", "issuer env OTHER", "published-shape-changed: auth/issuer-changed"),
        ("\"shop\" or \"market\"", "\"shop\"", "published-shape-changed: auth/issuer-changed"),
        ("sub: uuid", "sub: email", "published-shape-changed: type/replaced"),
        ("tenant?: Tenant", "tenant: Tenant", "published-shape-changed: auth/claim-required"),
        ("text(1..20)\nauth", "text(1..9)\nauth", "published-shape-changed: constraint/tightened"),
        ("leeway 20s", "leeway 5s", "published-shape-changed: auth/leeway-shortened"),
        ("header X-Api-Key", "header X-Key", "published-shape-changed: auth/location-changed"),
        (
            "auth staff = api_key { header X-Api-Key, keys env STAFF_KEYS }",
            "auth staff = basic { keys env STAFF_KEYS }",
            "published-shape-changed: auth/scheme-changed",
        ),
        (
            "auth customer or staff",
            "auth customer",
            "published-shape-changed: auth/alternative-removed",
        ),
        (
            "int(0..100) = x.left",
            "int(0..200) = x.left",
            "published-shape-changed: constraint/loosened",
        ),
        ("reply header X-May: text(..20) = x.may", "", "published-shape-changed: header/removed"),
        (
            "reply header Location = \"/v1/a\"",
            "reply header Location: text(..5) | null = x.to",
            "published-shape-changed: header/became-optional",
        ),
    ];
    are_refused((SHOP, &lock()), &refused);
}

/// Where the keys are, and the list of tokens that do not count, are texts that the lock reads again.
#[test]
fn a_lock_holds_issuers_with_keys_and_lists_of_tokens() {
    let text = SHOP.replace("keys env JWKS_URL refresh 10min", "keys from issuer refresh 10min");
    let text = text.replace("leeway 20s", "leeway 20s\n  revoked env REVOKED refresh 5s");
    let lock = published(&alone(&text), None, "1").expect("it can be published");
    for held in ["keys from issuer\n", "revoked env REVOKED\n"] {
        assert!(lock.contains(held), "{held}\n{lock}");
    }
    assert_eq!(found(&text, &lock), Vec::<String>::new());
    // Nothing of it is promised to callers.
    for to in ["keys env JWKS_URL", "keys from issuer refresh 30s"] {
        let edited = text.replace("keys from issuer refresh 10min", to);
        assert_eq!(found(&edited, &lock), Vec::<String>::new(), "{to}");
    }
    for to in ["", "revoked env OTHER"] {
        let edited = text.replace("revoked env REVOKED refresh 5s", to);
        assert_eq!(found(&edited, &lock), Vec::<String>::new(), "{to}");
    }
    assert_eq!(found(SHOP, &lock), Vec::<String>::new());
    assert_eq!(found(&text, &self::lock()), Vec::<String>::new());
    let other = text.replace("issuer env ISSUER", "issuer env OTHER");
    let told = found(&other, &lock);
    let wanted = "published-shape-changed: auth/issuer-changed";
    assert!(told.iter().any(|one| one.starts_with(wanted)), "{told:#?}");
}

#[test]
fn how_callers_are_checked_may_change() {
    for (from, to) in [
        ("keys env JWKS_URL refresh 10min", "keys env KEYS refresh 20min"),
        ("\"shop\" or \"market\"", "\"market\" or \"shop\""),
        ("leeway 20s", "leeway 30s"),
        ("tenant?: Tenant", "tenant?: text(1..20)"),
        ("auth customer or staff", "auth staff or customer"),
        ("int(0..100) = x.left", "int(0..100) = x.rest"),
    ] {
        assert_eq!(edited((SHOP, &lock()), from, to), Vec::<String>::new(), "{to}");
    }
    let renamed = SHOP.replace("auth staff", "auth people").replace("or staff", "or people");
    assert_eq!(found(&renamed, &lock()), Vec::<String>::new(), "nobody sees the name of a block");
}

/// The warnings about a contract with this lock.
fn warned(text: &str, lock: &str) -> Vec<String> {
    let sources = super::with_lock(&alone(text), lock);
    let found = gatewright_compiler::analyse(&sources).diagnostics;
    let more = found.iter().filter(|one| one.code == Code::BackendNeedsMore);
    more.map(|one| format!("{} {}", one.primary.text, one.notes.join(" "))).collect()
}

const WIRED: &str = r#"api shop { timeout 2s }
backend catalog at env CATALOG_URL { owner catalog-team, timeout 300ms }
version 1 {
  GET /a -> { a: text(..20), b?: int } {
    public
    x = catalog GET /a
    return { a: x.name, b: x.price.amount }
  }
  GET /c -> 204 { public, _ = catalog POST /seen }
}
"#;

#[test]
fn a_backend_of_which_more_is_needed_is_named_until_that_is_published() {
    let lock = published(&alone(WIRED), None, "1").expect("it can be published");
    assert!(lock.contains("    name: text(..20)\n    price.amount?: int\n"), "{lock}");
    let quiet = |to: &str| assert_eq!(warned(to, &lock), Vec::<String>::new(), "{to}");
    quiet(WIRED);
    quiet(&WIRED.replace("x.price.amount", "x.price.net"));
    quiet(
        &WIRED
            .replace("x = catalog GET /a", "x = catalog GET /a\n    y = catalog GET /y")
            .replace("x.price.amount", "y.b"),
    );
    for (from, to, wanted) in [
        ("a: x.name", "a: x.title", "`title: text(..20)`"),
        ("{ a: text(..20)", "{ a: text(..10)", "`name: text(..10)`"),
        ("b?: int", "b: int", "`price.amount: int`"),
    ] {
        assert!(WIRED.contains(from), "{from}");
        let edited = WIRED.replace(from, to);
        let told = warned(&edited, &lock);
        assert_eq!(told.len(), 1, "{to}: {told:?}");
        assert!(told[0].contains(wanted) && told[0].contains("catalog-team answers"), "{told:?}");
    }
    let edited = WIRED.replace("a: x.name", "a: x.title").replace("_ = catalog POST /seen", "");
    let again = published(&alone(&edited), Some(&lock), "1").expect("needs changed");
    assert!(again.contains("\nversion 1 rewired 2026-03-01 by storefront revision 1.0 chain"));
    assert!(again.contains("POST /seen sha ") && again.contains(" nothing\n"), "{again}");
    assert_eq!(warned(&edited, &again), Vec::<String>::new());
}

const READ: &str = r#"api shop { timeout 2s }
backend catalog at env CATALOG_URL {
  timeout 300ms
  tree = GET /tree -> Tree
  paid = GET /paid -> Payment
  by = GET /by -> [text(..5): Price]
}
type Tree { name: text(..20), parts: [Tree](..9) }
type Price { amount: int(0..99) }
union Payment by kind { card: Card, cash: Cash }
type Card { number: text(..16) }
type Cash { note?: text }
version 1 {
  GET /tree -> Tree { public, x = catalog.tree(), return x }
  GET /paid -> { how: Payment } { public, x = catalog.paid(), return { how: x } }
  GET /by -> { all: [text(..5): Price] } { public, x = catalog.by(), return { all: x } }
  GET /one -> { name: text(..20), kind: enum { a b ... } } { public, x = catalog GET /one, return x }
}
"#;

#[test]
fn what_is_needed_is_compared_by_what_is_in_it() {
    let lock = published(&alone(READ), None, "1").expect("it can be published");
    for row in [
        "    type Tree { name: text(..20), parts: [Tree](..9) }\n",
        "    union Payment by kind { card: { number: text(..16) }, cash: { note?: text } }\n",
        "    the whole: [text(..5): Price]\n",
        "    type Price { amount: int(0..99) }\n",
    ] {
        assert!(lock.contains(row), "{row}{lock}");
    }
    assert_eq!(warned(READ, &lock), Vec::<String>::new());
    for (from, to, more) in [
        ("name: text(..20), parts", "name: text(..10), parts", true),
        ("name: text(..20), parts", "name: text(..30), parts", false),
        ("parts: [Tree](..9)", "parts: [Tree](..3)", true),
        ("parts: [Tree](..9)", "parts?: [Tree](..9)", false),
        ("amount: int(0..99)", "amount: int(0..9)", true),
        ("amount: int(0..99)", "amount: int(0..999)", false),
        ("text(..16)", "text(..4)", true),
        ("text(..16)", "text(..40)", false),
        ("note?: text", "note: text", true),
        ("card: Card, cash: Cash", "card: Card", true),
        ("card: Card, cash: Cash", "card: Card, cash: Cash, gold: Cash", false),
        ("name: text(..20), kind", "name: text(..30), kind", false),
        ("name: text(..20), kind", "name: text(..10), kind", true),
        ("enum { a b ... }", "enum { a b c ... }", false),
        ("enum { a b ... }", "enum { a b }", true),
        ("name: text(..20), kind", "name?: text(..20), kind", false),
    ] {
        assert!(READ.contains(from), "{from}");
        let told = warned(&READ.replace(from, to), &lock);
        assert_eq!(!told.is_empty(), more, "{to}: {told:?}");
    }
    // A type is its content, and not its name.
    let renamed = READ.replace("Tree", "Branch").replace("Price", "Cost");
    assert_eq!(warned(&renamed, &lock), Vec::<String>::new());
}

#[test]
fn how_much_is_passed_on_is_a_promise() {
    let pass = "api raw { timeout 2s }\nbackend files at env FILES_URL { timeout 300ms }\nversion 1 {\n\
                PUT /files/{path*} -> pass { public, max_body 20MB, raw = files PUT /files/{path*} }\n}\n";
    let lock = published(&alone(pass), None, "1").expect("it can be published");
    assert!(lock.contains("    max_body 20MB\n"), "{lock}");
    are_refused((pass, &lock), &[("20MB", "10MB", "published-promise-weakened: size/shrunk")]);
    assert_eq!(edited((pass, &lock), "20MB", "30MB"), Vec::<String>::new());
}
