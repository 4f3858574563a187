//! The header fields in which callers show who they are.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::base64;

/// What a caller shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown<'a> {
    /// Nothing of this kind.
    Nothing,
    /// Something, and it is not to be understood: a field that is there twice, or broken.
    Broken,
    /// The credentials.
    Value(&'a str),
}

/// The value of a header field that holds a key. Blanks around it do not count (RFC 9110 section
/// 5.5); two lines are two callers.
pub(super) fn key<'a>(headers: &'a HeaderMap, name: &str) -> Shown<'a> {
    let mut lines = headers.get_all(name).iter();
    let Some(line) = lines.next() else { return Shown::Nothing };
    match line.to_str() {
        Ok(value) if lines.next().is_none() && !value.is_empty() => Shown::Value(value),
        _ => Shown::Broken,
    }
}

/// The credentials of an `Authorization` field (RFC 9110 section 11.6.2) with this scheme, whose
/// name may be written in any letters. Those with another scheme are none of this kind.
pub(super) fn authorization<'a>(headers: &'a HeaderMap, scheme: &str) -> Shown<'a> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let Some(line) = lines.next() else { return Shown::Nothing };
    let Some(value) = line.to_str().ok().filter(|_| lines.next().is_none()) else {
        return Shown::Broken;
    };
    let (word, rest) = value.split_once(' ').unwrap_or((value, ""));
    if !word.eq_ignore_ascii_case(scheme) {
        return Shown::Nothing;
    }
    let token = rest.trim_start_matches(' ');
    if is_token68(token) { Shown::Value(token) } else { Shown::Broken }
}

/// RFC 9110 section 11.2.
fn is_token68(text: &str) -> bool {
    let trimmed = text.trim_end_matches('=');
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !trimmed.is_empty() && trimmed.bytes().all(legal)
}

/// The name and the password of Basic credentials (RFC 7617 section 2): UTF-8, no control
/// characters, the first colon between them.
pub(super) fn name_and_password(token: &str) -> Option<(String, String)> {
    let text = String::from_utf8(base64::padded(token.as_bytes())?).ok()?;
    let (name, password) = text.split_once(':')?;
    let legal = |text: &str| !text.chars().any(char::is_control);
    (legal(name) && legal(password)).then(|| (name.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn bearer(lines: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(AUTHORIZATION, HeaderValue::from_static(line));
        }
        headers
    }

    #[test]
    fn a_scheme_may_be_written_in_any_letters() {
        for line in ["Bearer a.b.c", "bearer a.b.c", "BEARER   a.b.c"] {
            let headers = bearer(&[line]);
            assert_eq!(authorization(&headers, "Bearer"), Shown::Value("a.b.c"), "{line}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_read_in_none() {
        for lines in [
            &["Bearer a.b.c", "Bearer d.e.f"][..],
            &["Bearer"],
            &["Bearer "],
            &["Bearer a b"],
            &["Bearer a,b"],
            &["Bearer \ta"],
            &["Bearer =a"],
            &["Bearer a.b.c, Basic Zm9v"],
        ] {
            assert_eq!(authorization(&bearer(lines), "Bearer"), Shown::Broken, "{lines:?}");
        }
        assert_eq!(authorization(&bearer(&["Basic Zm9v"]), "Bearer"), Shown::Nothing);
        assert_eq!(authorization(&bearer(&["Bearera.b.c"]), "Bearer"), Shown::Nothing);
    }

    #[test]
    fn names_end_at_the_first_colon() {
        let read = |token| name_and_password(token);
        assert_eq!(read("YTpiOmM="), Some(("a".to_owned(), "b:c".to_owned())));
        assert_eq!(read("YWJj"), None, "there is no colon");
        assert_eq!(read("YTpiCg=="), None, "a line ends in it");
        assert_eq!(read("/zp/"), None, "it is no UTF-8");
    }
}
