//! How a registry wants to know who asks (RFC 9110, section 11.6.1).

/// What `WWW-Authenticate` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User and password.
    Basic,
    /// A token from somewhere else.
    Bearer {
        /// Where.
        realm: String,
        /// What to ask there: `service=…&scope=…`.
        query: String,
    },
}

impl Challenge {
    /// Reads the field; nothing if it asks for something else.
    pub(super) fn read(field: &str) -> Option<Self> {
        let (scheme, rest) = field.split_once(' ').unwrap_or((field, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Challenge::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut realm = None;
        let mut query = Vec::new();
        for (name, value) in pairs(rest) {
            match name.as_str() {
                "realm" => realm = Some(value),
                "service" | "scope" => query.push(format!("{name}={}", escaped(&value))),
                _ => {}
            }
        }
        Some(Challenge::Bearer { realm: realm?, query: query.join("&") })
    }
}

/// `name="value", …`; commas and quotes may stand within quotes.
fn pairs(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((name, behind)) = rest.split_once('=') {
        let name = name.trim_matches([' ', ',']).to_ascii_lowercase();
        let (value, behind) = match behind.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => behind.split_at(behind.find(',').unwrap_or(behind.len())),
        };
        found.push((name, value.to_owned()));
        rest = behind;
    }
    found
}

/// A value as a query holds it.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/,".contains(&byte);
    let one = |byte: u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_asked_for_where_the_registry_says() {
        let field = r#"Bearer realm="https://auth.example/token",service="r e",scope="repository:a/b:pull,push""#;
        let realm = "https://auth.example/token".to_owned();
        let query = "service=r%20e&scope=repository:a/b:pull,push".to_owned();
        assert_eq!(Challenge::read(field), Some(Challenge::Bearer { realm, query }));
        assert_eq!(Challenge::read("Basic realm=\"x\""), Some(Challenge::Basic));
        assert_eq!(Challenge::read("Negotiate"), None);
        assert_eq!(Challenge::read("Bearer service=\"x"), None);
    }
}
