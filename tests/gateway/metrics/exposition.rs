//! A strict reader of the two text forms of metrics.

use std::collections::{BTreeMap, BTreeSet};

/// The media type of Prometheus's text form.
pub(super) const PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";
/// The media type of OpenMetrics.
pub(super) const OPEN: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A family: its name as the form names it, what it is, and its series.
pub(super) struct Family {
    pub(super) name: String,
    kind: String,
    samples: BTreeMap<(String, Labels), f64>,
    /// What stands behind a bucket as an example of it: its labels, and how long it took.
    exemplars: Vec<(Labels, f64)>,
}

pub(super) type Labels = BTreeMap<String, String>;

/// A whole text.
pub(crate) struct Metrics(Vec<Family>);

impl Metrics {
    pub(super) fn plain(text: &str) -> Metrics {
        Metrics::read(text.lines(), "_total")
    }

    pub(super) fn open(text: &str) -> Metrics {
        let text = text.strip_suffix("# EOF\n").expect("it ends with its end");
        assert!(!text.contains("# EOF"));
        Metrics::read(text.lines(), "")
    }

    /// Reads families one after the other; `ending` is what the form adds to the name of one that
    /// holds a counter.
    fn read<'t>(lines: impl Iterator<Item = &'t str>, ending: &str) -> Metrics {
        let mut families: Vec<Family> = Vec::new();
        let mut help = None;
        for line in lines {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, text) = rest.split_once(' ').expect("a name and a text");
                assert!(!text.is_empty() && help.is_none(), "{line}");
                assert!(families.iter().all(|family| family.name != name), "{name} twice");
                help = Some(name);
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect("a name and a kind");
                assert_eq!(help.take(), Some(name), "HELP stands before TYPE");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                let name = match kind {
                    "counter" => {
                        let base = name.strip_suffix(ending).expect("the ending of the form");
                        assert!(!base.ends_with("_total"), "{line}");
                        format!("{base}_total")
                    }
                    _ => name.to_owned(),
                };
                assert!(is_name(&name), "{line}");
                families.push(Family {
                    name,
                    kind: kind.to_owned(),
                    samples: BTreeMap::new(),
                    exemplars: Vec::new(),
                });
            } else {
                assert!(help.is_none(), "nothing between HELP and TYPE: {line}");
                families.last_mut().expect("a family").add(line);
            }
        }
        families.iter().for_each(Family::check);
        Metrics(families)
    }

    pub(super) fn names(&self) -> BTreeSet<&str> {
        self.0.iter().map(|family| family.name.as_str()).collect()
    }

    pub(super) fn families(&self) -> impl Iterator<Item = &Family> {
        self.0.iter()
    }

    /// How many series a family has.
    pub(crate) fn series(&self, family: &str) -> usize {
        let found = self.0.iter().find(|one| one.name == family);
        found.unwrap_or_else(|| unreachable!("no {family}")).samples.len()
    }

    /// The examples of a family.
    pub(super) fn exemplars(&self, family: &str) -> &[(Labels, f64)] {
        let found = self.0.iter().find(|one| one.name == family);
        &found.unwrap_or_else(|| unreachable!("no {family}")).exemplars
    }

    /// How many series there are.
    pub(super) fn total(&self) -> usize {
        self.0.iter().map(|family| family.samples.len()).sum()
    }

    /// The value of the series with this name and exactly these labels.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels: Labels =
            labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let key = (name.to_owned(), labels);
        self.0.iter().find_map(|family| family.samples.get(&key).copied())
    }
}

impl Family {
    fn add(&mut self, line: &str) {
        let end = line.find(['{', ' ']).expect("a name");
        let (name, rest) = line.split_at(end);
        let endings: &[&str] = match self.kind.as_str() {
            "histogram" => &["_bucket", "_sum", "_count"],
            _ => &[""],
        };
        let own = endings.iter().any(|ending| name == format!("{}{ending}", self.name));
        assert!(own, "{line} is not of {}", self.name);
        let (labels, value) = match rest.strip_prefix('{') {
            Some(rest) => labels(rest),
            None => (Labels::new(), rest),
        };
        let value = value.strip_prefix(' ').expect("one space before the value");
        let value = match value.split_once(" # {") {
            Some((value, exemplar)) => {
                assert!(name.ends_with("_bucket"), "only buckets have examples: {line}");
                self.exemplars.push(exemplar_of(exemplar));
                value
            }
            None => value,
        };
        let value: f64 = value.parse().expect("a number");
        assert!(value.is_finite() && value >= 0.0, "{line}");
        let before = self.samples.insert((name.to_owned(), labels), value);
        assert_eq!(before, None, "{line} is there twice");
    }

    /// A histogram has buckets that grow up to its count, and a sum.
    fn check(&self) {
        if self.kind != "histogram" {
            return;
        }
        let mut spreads: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
        for ((name, labels), value) in &self.samples {
            let mut labels = labels.clone();
            let end = labels.remove("le");
            assert_eq!(end.is_some(), name.ends_with("_bucket"), "{name}");
            let spread = spreads.entry(labels).or_default();
            if let Some(end) = end {
                assert!(end == "+Inf" || end.contains('.'), "{end} is no canonical number");
                let end =
                    if end == "+Inf" { f64::INFINITY } else { end.parse().expect("a number") };
                spread.push((end, *value));
            }
        }
        for (labels, mut buckets) in spreads {
            buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
            assert!(buckets.is_sorted_by(|one, other| one.1 <= other.1), "{labels:?}");
            let all = self.samples.get(&(format!("{}_count", self.name), labels.clone()));
            let last = buckets.last().expect("buckets");
            assert_eq!((last.0, Some(&last.1)), (f64::INFINITY, all), "{labels:?}");
            assert!(self.samples.contains_key(&(format!("{}_sum", self.name), labels)));
        }
    }
}

/// An example: labels, a value, a moment.
fn exemplar_of(text: &str) -> (Labels, f64) {
    let (labels, rest) = labels(text);
    let length: usize = labels.iter().map(|(name, value)| name.len() + value.len()).sum();
    assert!(length <= 128, "{text}");
    let (value, moment) = rest.trim_start().split_once(' ').expect("a value and a moment");
    let moment: f64 = moment.parse().expect("seconds");
    assert!(moment > 1.7e9, "{text}");
    (labels, value.parse().expect("a number"))
}

/// Labels up to the closing brace, and what stands behind it.
fn labels(mut text: &str) -> (Labels, &str) {
    let mut labels = Labels::new();
    loop {
        let (name, rest) = text.split_once("=\"").expect("a label");
        assert!(is_name(name) && !name.contains(':'), "{name}");
        let mut value = String::new();
        let mut characters = rest.char_indices();
        let end = loop {
            match characters.next().expect("a closing quote") {
                (at, '"') => break at,
                (_, '\\') => value.push(match characters.next().expect("an escape").1 {
                    'n' => '\n',
                    escaped @ ('"' | '\\') => escaped,
                    other => unreachable!("\\{other} is no escape"),
                }),
                (_, other) => value.push(other),
            }
        };
        assert_eq!(labels.insert(name.to_owned(), value), None, "{name} twice");
        let rest = &rest[end + 1..];
        if let Some(rest) = rest.strip_prefix('}') {
            return (labels, rest);
        }
        text = rest.strip_prefix(',').expect("a comma or the end");
    }
}

fn is_name(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    name.chars().all(legal) && name.starts_with(|c: char| !c.is_ascii_digit())
}
