//! The keyword somebody meant.

/// The candidate that `word` most likely stands for: equal but for case, or at an edit distance of at most a third.
pub(super) fn closest<'c>(word: &str, candidates: &[&'c str]) -> Option<&'c str> {
    let limit = word.chars().count().max(3) / 3;
    let of_case = candidates.iter().find(|candidate| candidate.eq_ignore_ascii_case(word));
    let near = || {
        let distances = candidates.iter().map(|candidate| (distance(word, candidate), candidate));
        distances.filter(|(distance, _)| *distance <= limit).min_by_key(|(distance, _)| *distance)
    };
    of_case.copied().or_else(|| near().map(|(_, candidate)| *candidate))
}

/// Insertions, deletions, replacements and swaps of neighbours between two words.
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut rows = vec![(0..=right.len()).collect::<Vec<usize>>()];
    for (i, a) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let replaced = rows[i][j] + usize::from(a != b);
            let mut best = replaced.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::{closest, distance};

    #[test]
    fn distances() {
        assert_eq!(distance("backnd", "backend"), 1);
        assert_eq!(distance("retrun", "return"), 1);
        assert_eq!(distance("", "api"), 3);
    }

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        assert_eq!(closest("Backend", &["api", "backend"]), Some("backend"));
        assert_eq!(closest("vesrion", &["versions", "version"]), Some("version"));
        assert_eq!(closest("service", &["version", "consumer"]), None);
    }
}
