//! Header fields with several values in one.

/// The elements of a list (RFC 9110 section 5.6.1); nothing if a quoted one does not end, has an
/// escape, or is followed by something else.
pub(super) fn list(line: &str) -> Option<Vec<&str>> {
    let mut elements = Vec::new();
    let mut rest = line.trim_matches([' ', '\t']);
    while !rest.is_empty() {
        let (element, more) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (element, more) = quoted.split_once('"')?;
                let more = more.trim_start_matches([' ', '\t']);
                if element.contains('\\') || !(more.is_empty() || more.starts_with(',')) {
                    return None;
                }
                elements.push(element);
                ("", more.strip_prefix(',').unwrap_or_default())
            }
            None => rest.split_once(',').unwrap_or((rest, "")),
        };
        let element = element.trim_end_matches([' ', '\t']);
        if !element.is_empty() {
            elements.push(element);
        }
        rest = more.trim_start_matches([' ', '\t']);
    }
    Some(elements)
}

/// The values of the cookies called `name` (RFC 6265 section 4.2.1): names are case-sensitive,
/// blanks around a pair do not count, a part without `=` is no cookie.
pub(super) fn cookies<'l>(line: &'l [u8], name: &'l [u8]) -> impl Iterator<Item = &'l [u8]> {
    line.split(|byte| *byte == b';').filter_map(move |pair| {
        let pair = pair.trim_ascii();
        let equals = memchr::memchr(b'=', pair)?;
        let (found, value) = pair.split_at_checked(equals)?;
        (found.trim_ascii_end() == name).then_some(value.get(1..)?.trim_ascii_start())
    })
}

#[cfg(test)]
mod tests {
    use super::{cookies, list};

    #[test]
    fn elements_stand_between_commas() {
        assert_eq!(list("a, b ,c"), Some(vec!["a", "b", "c"]));
        assert_eq!(list(" ,a,, ,b, "), Some(vec!["a", "b"]));
        assert_eq!(list(""), Some(vec![]));
        assert_eq!(list("\"a,b\", c\t,\"\" ,d \"e\""), Some(vec!["a,b", "c", "", "d \"e\""]));
        for bad in ["\"a", "\"a\"b", "\"a\\\"b\"", "a,\"b"] {
            assert_eq!(list(bad), None, "{bad}");
        }
    }

    #[test]
    fn cookies_are_found_by_their_exact_name() {
        let found = |line: &'static str| -> Vec<&str> {
            cookies(line.as_bytes(), b"sid")
                .map(|value| std::str::from_utf8(value).expect("ASCII"))
                .collect()
        };
        assert_eq!(found("a=1; sid=2;b=3"), ["2"]);
        assert_eq!(found("sid = \"x=y\" ; SID=3; xsid=4; sid2=5"), ["\"x=y\""]);
        assert_eq!(found("sid=1;sid=2"), ["1", "2"]);
        assert_eq!(found("sid="), [""]);
        for none in ["sid", "", ";;", "=sid", "a=sid", "a=1,sid=2"] {
            assert!(found(none).is_empty(), "{none}");
        }
    }
}
