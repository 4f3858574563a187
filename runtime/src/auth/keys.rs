//! Names with digests, as an operator lists them, and keys that are looked for among them.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;

/// The most keys that a variable may list: every one of them is looked at for each request.
const MOST: usize = 10_000;

/// The entries of a variable: `web:HASH, mobile:HASH`, with commas, blanks or lines between them.
///
/// # Errors
///
/// What is wrong, as it stands after the variable's name. Nothing of the text is repeated.
pub(super) fn entries(text: &str) -> Result<Vec<(String, String)>, String> {
    let pieces = text.split([',', ' ', '\t', '\r', '\n']).filter(|piece| !piece.is_empty());
    let mut found = Vec::new();
    for (at, piece) in pieces.enumerate() {
        let number = at + 1;
        let Some((name, hash)) = piece.split_once(':') else {
            return Err(format!("has no `:` in entry {number}, which must be `NAME:HASH`"));
        };
        if name.is_empty() || !name.bytes().all(is_name_byte) {
            return Err(format!(
                "has a name in entry {number} that is not of letters, digits and `-._@`"
            ));
        }
        found.push((name.to_owned(), hash.to_owned()));
    }
    match found.len() {
        0 => Err("lists nobody".to_owned()),
        1..=MOST => Ok(found),
        _ => Err(format!("lists more than {MOST} entries")),
    }
}

/// A name reaches logs, metrics and backends, so it is plain.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._@".contains(&byte)
}

/// Keys by their digests. A name may have several: the old one and the new one, while callers change.
pub(crate) struct Keys {
    list: Vec<(String, [u8; 32])>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("count", &self.list.len()).finish()
    }
}

impl Keys {
    /// Reads `web:SHA256, mobile:SHA256`, digests in hexadecimal digits.
    ///
    /// # Errors
    ///
    /// What is wrong, as it stands after the variable's name.
    pub(super) fn parse(text: &str) -> Result<Keys, String> {
        let mut list: Vec<(String, [u8; 32])> = Vec::new();
        for (at, (name, hash)) in entries(text)?.into_iter().enumerate() {
            let number = at + 1;
            let Some(digest) = unhex(&hash).and_then(|bytes| bytes.try_into().ok()) else {
                return Err(format!(
                    "has no SHA-256 in entry {number}, which must be `NAME:` and 64 hexadecimal \
                     digits: `printf %s \"$KEY\" | sha256sum`"
                ));
            };
            if digest == sha256(b"") {
                return Err(format!("has the SHA-256 of nothing in entry {number}"));
            }
            if list.iter().any(|(other, same)| *same == digest && *other != name) {
                return Err(format!("has one key for two names, again in entry {number}"));
            }
            list.push((name, digest));
        }
        Ok(Keys { list })
    }

    /// The name of a key. All are compared, each as a whole: how long that takes says nothing about
    /// any of them.
    pub(super) fn name_of(&self, key: &str) -> Option<&str> {
        let digest = sha256(key.as_bytes());
        let mut found = None;
        for (name, own) in &self.list {
            if verify_slices_are_equal(own, &digest).is_ok() {
                found = Some(name.as_str());
            }
        }
        found
    }
}

/// SHA-256 of some bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, bytes);
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Bytes that are written in hexadecimal digits.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| u8::try_from(char::from(*byte).to_digit(16)?).ok();
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of `swordfish` and of `opensesame`.
    const SWORDFISH: &str = "b9f195c5cc7ef6afadbfbc42892ad47d3b24c6bc94bb510c4564a90a14e8b799";
    const SESAME: &str = "d9fb92e3bbe65be1f1aad4a82eef4567f7a1ebe2cd110c8049b9698be7a70c88";

    #[test]
    fn a_key_has_a_name_and_a_name_may_have_two_keys() {
        let text = format!("web:{SWORDFISH},\n  web:{}", SESAME.to_ascii_uppercase());
        let keys = Keys::parse(&text).expect("keys");
        assert_eq!(keys.name_of("swordfish"), Some("web"));
        for wrong in ["", "Swordfish", "swordfish ", SWORDFISH] {
            assert_eq!(keys.name_of(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_list_that_is_broken_is_refused_and_not_repeated() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for (text, reason) in [
            (String::new(), "nobody"),
            (" , ".to_owned(), "nobody"),
            (SWORDFISH.to_owned(), "`:`"),
            (format!(":{SWORDFISH}"), "name"),
            (format!("a/b:{SWORDFISH}"), "name"),
            ("web:swordfish".to_owned(), "64"),
            (format!("web:{}", &SWORDFISH[1..]), "64"),
            (format!("web:+{}", &SWORDFISH[1..]), "64"),
            (format!("web:{empty}"), "nothing"),
            (format!("web:{SWORDFISH},mobile:{SWORDFISH}"), "two names"),
        ] {
            let error = Keys::parse(&text).map(|_| ()).expect_err(&text);
            assert!(error.contains(reason), "{text}: {error}");
            assert!(!error.contains("swordfish") && !error.contains(&SWORDFISH[1..9]), "{error}");
        }
    }
}
