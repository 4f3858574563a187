//! Reads what callgrind writes: instructions of each function.

use std::collections::BTreeMap;

/// Instructions that each function executed itself, by its name.
///
/// The format is that of the manual of valgrind, "Callgrind Format Specification": names are written out
/// where they come first, and as numbers after; the line behind `calls=` tells what was called.
pub(super) fn own(text: &str) -> BTreeMap<String, u64> {
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    let (mut function, mut called) = ("", false);
    for line in text.lines() {
        let named = line.strip_prefix("fn=").map(|name| (name, true));
        let named = named.or_else(|| line.strip_prefix("cfn=").map(|name| (name, false)));
        if let Some((name, here)) = named {
            let (number, name) = name.split_once(' ').unwrap_or((name, ""));
            if !name.is_empty() {
                names.insert(number, name);
            }
            if here {
                function = names.get(number).copied().unwrap_or(number);
            }
        } else if line.starts_with("calls=") {
            called = true;
        } else if let Some(count) = cost(line)
            && !std::mem::take(&mut called)
        {
            *found.entry(function.to_owned()).or_default() += count;
        }
    }
    found
}

/// The count in a line of costs, which begins with a place.
fn cost(line: &str) -> Option<u64> {
    if !line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
        return None;
    }
    line.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::own;

    #[test]
    fn what_is_called_counts_where_it_is_called() {
        let text = "positions: line\nevents: Ir\nfn=(1) outer\n10 5\ncfn=(2) inner\ncalls=3 20\n11 300\n* 7\n\
                    fn=(2)\n20 290\n+1 10\n\nfn=(1)\n12 1\ntotals: 313\n";
        let found = own(text);
        assert_eq!(found.get("outer"), Some(&13));
        assert_eq!(found.get("inner"), Some(&300));
        assert_eq!(found.len(), 2);
    }
}
