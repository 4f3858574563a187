//! Values as a contract writes them.

use crate::contract::types::Const;

/// A value as a case writes it. A number with an exponent, which the language does not have, stands
/// as any number.
pub(super) fn spelled(value: &Const) -> String {
    match value {
        Const::Null | Const::Bool(_) => value.json(),
        Const::Number(text) if text.contains(['e', 'E']) => "any number".to_owned(),
        Const::Number(text) => text.clone(),
        Const::Text(text) => text_literal(text),
        Const::List(items) => {
            let items: Vec<String> = items.iter().map(spelled).collect();
            format!("[{}]", items.join(", "))
        }
        Const::Record(members) if members.is_empty() => "{}".to_owned(),
        Const::Record(members) => {
            let member =
                |(name, value): &(String, Const)| format!("{}: {}", name_of(name), spelled(value));
            let members: Vec<String> = members.iter().map(member).collect();
            format!("{{ {} }}", members.join(", "))
        }
    }
}

/// A name as a member of a record has it.
fn name_of(name: &str) -> String {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    if begins && name.bytes().all(letter) { name.to_owned() } else { text_literal(name) }
}

/// A quoted text with its escapes.
pub(super) fn text_literal(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' | '{' | '}' => {
                out.push('\\');
                out.push(letter);
            }
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            letter if letter.is_control() => {
                out.push_str(&format!("\\u{{{:X}}}", u32::from(letter)));
            }
            letter => out.push(letter),
        }
    }
    out + "\""
}

/// The same where braces mean nothing.
pub(super) fn title_literal(text: &str) -> String {
    text_literal(text).replace("\\{", "{").replace("\\}", "}")
}

#[cfg(test)]
mod tests {
    use super::spelled;
    use crate::proof::json::parse;

    #[test]
    fn values_are_spelled_so_that_the_language_reads_them() {
        let json = r#"{"a":[1.50,null,true],"x-y":"{\"q\"}\n","e":1e3,"o":{},"":[]}"#;
        let text = spelled(&parse(json).expect("JSON"));
        let wanted =
            r#"{ a: [1.50, null, true], "x-y": "\{\"q\"\}\n", e: any number, o: {}, "": [] }"#;
        assert_eq!(text, wanted);
        let case = format!("case \"x\" {{\n  when GET /x\n  then 200 {text}\n}}\n");
        assert!(gatewright_grammar::format(&case).is_ok());
    }
}
