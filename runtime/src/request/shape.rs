//! Segments of a path that are texts with values between them: `{id}.json`.

/// What a segment looks like that holds one value or more.
#[derive(Debug)]
pub struct Shape {
    /// What it begins with; may be empty.
    pub before: &'static str,
    /// What stands between each two values, never empty.
    pub between: &'static [&'static str],
    /// What it ends with; may be empty.
    pub after: &'static str,
}

impl Shape {
    /// Whether a decoded segment looks like this.
    pub fn matches(&self, segment: &str) -> bool {
        self.part(segment, 0).is_some()
    }

    /// The value with this number, counted from 0; nothing if the segment looks otherwise.
    ///
    /// No value is empty. Where a text between values occurs more than once, its last place counts:
    /// of `{name}.{kind}`, `a.tar.gz` has the kind `gz`.
    pub fn part<'s>(&self, segment: &'s str, index: usize) -> Option<&'s str> {
        let mut rest = segment.strip_prefix(self.before)?.strip_suffix(self.after)?;
        let mut found = None;
        for (at, between) in self.between.iter().enumerate().rev() {
            // The last character belongs to the value behind.
            let (last, _) = rest.char_indices().next_back()?;
            let place = rest.get(..last)?.rfind(between)?;
            if at + 1 == index {
                found = rest.get(place + between.len()..);
            }
            rest = rest.get(..place)?;
        }
        if rest.is_empty() {
            return None;
        }
        if index == 0 { Some(rest) } else { found }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(shape: &Shape, segment: &str) -> Option<Vec<String>> {
        let all = (0..=shape.between.len()).map(|at| shape.part(segment, at).map(str::to_owned));
        let all: Option<Vec<String>> = all.collect();
        assert_eq!(all.is_some(), shape.matches(segment), "{segment}");
        all
    }

    #[test]
    fn a_value_stands_between_the_texts() {
        let shape = Shape { before: "v", between: &[], after: ".json" };
        assert_eq!(parts(&shape, "v1.json"), Some(vec!["1".to_owned()]));
        assert_eq!(parts(&shape, "vé.json.json"), Some(vec!["é.json".to_owned()]));
        for other in ["v.json", "1.json", "v1", "v1.json ", "", "v", ".json"] {
            assert_eq!(parts(&shape, other), None, "{other}");
        }
        let same = Shape { before: "a", between: &[], after: "a" };
        assert_eq!(parts(&same, "a"), None, "one text is not both");
        assert_eq!(parts(&same, "aa"), None);
    }

    #[test]
    fn the_last_place_of_a_text_between_counts_and_no_value_is_empty() {
        let name = Shape { before: "", between: &["."], after: "" };
        assert_eq!(parts(&name, "a.tar.gz"), Some(vec!["a.tar".into(), "gz".into()]));
        assert_eq!(parts(&name, "a."), None);
        assert_eq!(parts(&name, ".a"), None);
        assert_eq!(parts(&name, "a..é"), Some(vec!["a.".into(), "é".into()]));
        assert_eq!(parts(&name, "a.."), Some(vec!["a".into(), ".".into()]));
        let three = Shape { before: "", between: &["-", "--"], after: "" };
        assert_eq!(parts(&three, "a-b--c"), Some(vec!["a".into(), "b".into(), "c".into()]));
        assert_eq!(parts(&three, "a--b--c"), Some(vec!["a-".into(), "b".into(), "c".into()]));
        assert_eq!(parts(&three, "a--c"), None);
    }
}
