//! The words that mean something.

/// Every keyword of the language, sorted. They are words only where the grammar asks for them, so most may also name things.
pub const KEYWORDS: &[&str] = &[
    "additive", "and", "any", "api", "api_key", "as", "at", "audience", "auth", "backend",
    "basic", "body", "breaker", "burst", "by", "cache", "call", "case", "change", "claims",
    "comma", "consumer", "cookie", "cors", "default", "deprecated", "draft", "each", "eg",
    "else", "enum", "env", "error", "errors", "fail", "failures", "false", "fields", "from",
    "frozen", "hard", "header", "ignored", "import", "in", "invalid", "issuer", "jwt", "keys",
    "leeway", "limit", "max", "max_body", "media", "mtls", "never", "none", "notice", "null",
    "of", "on", "open", "or", "owner", "params", "pass", "path", "per", "policy", "private",
    "public", "published", "query", "refresh", "refused", "remove", "rename", "reply", "retry",
    "return", "schema", "scope", "see", "send", "shared", "since", "smoke", "stale", "stream",
    "sunset", "text", "then", "timeout", "to", "true", "type", "under", "union", "unique",
    "unknown", "unreachable", "use", "uses", "version", "versions", "when", "with", "within",
];

#[cfg(test)]
mod tests {
    use super::KEYWORDS;

    #[test]
    fn the_list_is_the_grammars() {
        let grammar = include_str!("api.pest");
        let rules = grammar.lines().filter_map(|line| line.strip_prefix("k_")?.split_once(" = "));
        let words: Vec<&str> = rules.map(|(word, _)| word).collect();
        assert_eq!(words, KEYWORDS);
        assert!(KEYWORDS.is_sorted());
    }
}
