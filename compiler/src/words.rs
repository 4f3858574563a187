//! The words that a name is made of.

/// The words of a name: split at case changes and at everything that is no letter or digit.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last_lower = false;
    let mut open = false;
    for char in name.chars() {
        if !char.is_ascii_alphanumeric() {
            open = false;
            continue;
        }
        if !open || (char.is_ascii_uppercase() && last_lower) {
            words.push(String::new());
            open = true;
        }
        if let Some(word) = words.last_mut() {
            word.push(char.to_ascii_lowercase());
        }
        last_lower = !char.is_ascii_uppercase();
    }
    words
}

/// `NotFound` to `not-found`.
pub(crate) fn kebab(name: &str) -> String {
    words(name).join("-")
}

#[cfg(test)]
mod tests {
    use super::kebab;

    #[test]
    fn a_name_in_any_case_is_written_with_hyphens() {
        assert_eq!(kebab("PaymentDeclined"), "payment-declined");
        assert_eq!(kebab("not_found"), "not-found");
    }
}
