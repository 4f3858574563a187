//! "Did you mean": the known name closest to one that is not known.

/// The name among `known` that `name` is most likely meant to be: the same but for case, or
/// within an edit distance of a third of its length.
pub(crate) fn closest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let length = name.chars().count();
    let limit = (length / 3).max(1);
    // What an imported directory imports itself has a name that nobody can write.
    let known = known.filter(|other| name.contains('/') || !other.contains('/'));
    known
        .map(|other| {
            let same = other.eq_ignore_ascii_case(name);
            (if same { 0 } else { strsim::damerau_levenshtein(name, other) }, other)
        })
        .filter(|(distance, other)| {
            let shared = *distance < length.max(other.chars().count());
            *distance <= limit && shared && *other != name
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn case_comes_before_distance_and_far_names_are_not_suggested() {
        let known = ["catalog", "Catalogue", "stock"];
        assert_eq!(closest("catalogue", known.into_iter()), Some("Catalogue"));
        assert_eq!(closest("catalg", known.into_iter()), Some("catalog"));
        assert_eq!(closest("users", known.into_iter()), None);
        assert_eq!(closest("a", ["b", "ab"].into_iter()), Some("ab"), "something is shared");
    }
}
