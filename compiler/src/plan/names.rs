//! Contract names to Rust identifiers: case, keywords, collisions.

use std::collections::HashSet;

use crate::words::words;

/// Words that Rust keeps for itself, in any edition.
const KEYWORDS: [&str; 53] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "union", "Self",
];

/// The identifiers of one scope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// A scope in which `reserved` are taken.
    pub(crate) fn new(reserved: &[&str]) -> Self {
        Self { taken: reserved.iter().map(|&name| name.to_owned()).collect() }
    }

    /// `Idempotency-Key` to `idempotency_key`.
    pub(crate) fn local(&mut self, name: &str) -> String {
        self.unique(snake(name))
    }

    /// `NotFound` to `NOT_FOUND`.
    pub(crate) fn constant(&mut self, name: &str) -> String {
        self.unique(snake(name).to_ascii_uppercase())
    }

    /// `pricing gross` to `PricingGross`.
    pub(crate) fn structure(&mut self, name: &str) -> String {
        self.apart(pascal(name), "")
    }

    fn unique(&mut self, wanted: String) -> String {
        self.apart(wanted, "_")
    }

    /// `wanted`, or that with a number behind `separator`.
    fn apart(&mut self, wanted: String, separator: &str) -> String {
        let base = if KEYWORDS.contains(&wanted.as_str()) { wanted + "_" } else { wanted };
        let mut name = base.clone();
        let mut count = 2;
        while !self.taken.insert(name.clone()) {
            name = format!("{}{separator}{count}", base.trim_end_matches('_'));
            count += 1;
        }
        name
    }
}

fn snake(name: &str) -> String {
    let joined = words(name).join("_");
    match joined.chars().next() {
        None => "unnamed".into(),
        Some(first) if first.is_ascii_digit() => format!("n{joined}"),
        Some(_) => joined,
    }
}

fn pascal(name: &str) -> String {
    let capital = |word: &String| {
        let mut chars = word.chars();
        let first = chars.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(chars).collect::<String>()
    };
    let joined: String = words(name).iter().map(capital).collect();
    match joined.chars().next() {
        None => "Unnamed".into(),
        Some(first) if first.is_ascii_digit() => format!("N{joined}"),
        Some(_) => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn names_take_rusts_case_and_never_collide() {
        let mut names = Names::new(&["request"]);
        assert_eq!(names.local("Idempotency-Key"), "idempotency_key");
        assert_eq!(names.local("idempotencyKey"), "idempotency_key_2");
        assert_eq!(names.local("request"), "request_2");
        assert_eq!(names.local("type"), "type_");
        assert_eq!(names.local("2fa"), "n2fa");
        assert_eq!(names.local("名"), "unnamed");
        assert_eq!(names.constant("NotFound"), "NOT_FOUND");
        assert_eq!(names.structure("item pricing_gross"), "ItemPricingGross");
        assert_eq!(Names::new(&["Result"]).structure("result"), "Result2");
    }
}
