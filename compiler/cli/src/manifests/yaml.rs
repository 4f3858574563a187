//! Documents as YAML, in the order in which they were made.

use serde_json::Value;
use std::fmt::Write as _;

/// A document. The value of a member called `#` is a comment before what follows it.
pub(super) fn yaml(value: &Value) -> String {
    let mut out = String::new();
    block(&mut out, value, 0);
    out
}

fn block(out: &mut String, value: &Value, depth: usize) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if name.starts_with('#') {
                    for line in value.as_str().unwrap_or_default().lines() {
                        let _ = writeln!(out, "{indent}# {line}");
                    }
                    continue;
                }
                let _ = write!(out, "{indent}{}:", scalar(&Value::from(name.as_str())));
                behind(out, value, depth + 1);
            }
        }
        Value::Array(items) => {
            for item in items {
                let mut text = String::new();
                block(&mut text, item, depth + 1);
                let first = text.trim_start();
                let _ = write!(out, "{indent}- {first}");
            }
        }
        scalar_value => {
            let _ = writeln!(out, "{indent}{}", scalar(scalar_value));
        }
    }
}

/// What stands behind a colon.
fn behind(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(members) if members.is_empty() => out.push_str(" {}\n"),
        Value::Array(items) if items.is_empty() => out.push_str(" []\n"),
        Value::Object(_) | Value::Array(_) => {
            out.push('\n');
            block(out, value, depth);
        }
        value => {
            let _ = writeln!(out, " {}", scalar(value));
        }
    }
}

/// A text without quotes where nobody could take it for something else.
fn scalar(value: &Value) -> String {
    let Some(text) = value.as_str() else { return value.to_string() };
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if plain { text.to_owned() } else { value.to_string() }
}

#[cfg(test)]
mod tests {
    use super::yaml;
    use serde_json::json;
    use yaml_rust2::YamlLoader;

    #[test]
    fn what_is_written_is_read() {
        let value = json!({
            "a": { "#": "a comment", "b": ["x", "y: z", { "c": 1, "d": [2] }, [3]] },
            "e": {}, "f": [], "no": "no", "g": "1", "h": true, "i": "two\nlines", "/j": "a#b",
        });
        let text = yaml(&value);
        let read = YamlLoader::load_from_str(&text).expect("YAML");
        let read = read.first().expect("a document");
        assert_eq!(read["a"]["b"][1].as_str(), Some("y: z"), "{text}");
        assert_eq!(read["a"]["b"][2]["d"][0].as_i64(), Some(2), "{text}");
        assert_eq!(read["a"]["b"][3][0].as_i64(), Some(3), "{text}");
        assert_eq!((read["no"].as_str(), read["g"].as_str()), (Some("no"), Some("1")), "{text}");
        assert_eq!(read["i"].as_str(), Some("two\nlines"), "{text}");
        assert!(text.contains("  # a comment\n"), "{text}");
        assert!(read["e"].as_hash().is_some_and(|one| one.is_empty()), "{text}");
    }
}
