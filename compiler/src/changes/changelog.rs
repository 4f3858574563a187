//! Changes as news: what callers must do first, a type once with the endpoints that it reaches.

mod atom;
mod render;
mod sentence;

use super::{Change, Verdict, Whom};
pub use atom::atom;
pub use render::{Title, json, markdown, text};
pub use sentence::sentence;

/// For whom an entry is, and what for. In the order of a changelog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Callers must change something.
    Act,
    /// Callers may have to.
    Look,
    /// Callers can use it.
    New,
    /// How often, how fast, how old.
    Promises,
    /// What ends, and when.
    Life,
    /// For those who run backends.
    Backends,
    /// For those who run the gateway.
    Operators,
}

impl Section {
    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Section::Act => "Callers must act",
            Section::Look => "Callers should look",
            Section::New => "New for callers",
            Section::Promises => "Promises",
            Section::Life => "Ends of life",
            Section::Backends => "For those who run backends",
            Section::Operators => "For those who run the gateway",
        }
    }

    /// Its name for machines.
    pub fn name(self) -> &'static str {
        match self {
            Section::Act => "act",
            Section::Look => "look",
            Section::New => "new",
            Section::Promises => "promises",
            Section::Life => "life",
            Section::Backends => "backends",
            Section::Operators => "operators",
        }
    }

    /// Where a change belongs; nothing for one that is no news.
    fn of(change: &Change) -> Option<Self> {
        let (area, _) = change.rule.id.split_once('/')?;
        match (area, change.verdict) {
            ("life", _) => return Some(Section::Life),
            (_, Verdict::Invisible) => return None,
            _ => {}
        }
        Some(match (&change.whom, area, change.verdict) {
            (Whom::Backend(_), ..) => Section::Backends,
            (Whom::Operators, ..) => Section::Operators,
            (
                Whom::Callers,
                "timeout" | "size" | "limit" | "cache" | "avail" | "cors" | "compress",
                _,
            ) => Section::Promises,
            (Whom::Callers, _, Verdict::Breaking) => Section::Act,
            (Whom::Callers, _, Verdict::Risky) => Section::Look,
            (Whom::Callers, _, Verdict::Additive | Verdict::Invisible) => Section::New,
        })
    }
}

/// One piece of news.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it stands.
    pub section: Section,
    /// The change, as it is for the first place.
    pub change: Change,
    /// Where it is noticed: an endpoint, the place in it, and the fingerprint of the change there.
    pub reaches: Vec<(Option<String>, String, String)>,
}

impl Entry {
    /// The endpoints that it reaches, without repetition; none for what is of no endpoint.
    pub fn endpoints(&self) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        for endpoint in self.reaches.iter().filter_map(|(endpoint, ..)| endpoint.as_deref()) {
            if !found.contains(&endpoint) {
                found.push(endpoint);
            }
        }
        found
    }
}

/// The news among `changes`: by section, then by the endpoints they reach. What one line of both
/// texts causes in several endpoints is one entry.
pub fn entries(changes: &[Change]) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    let mut known: std::collections::HashMap<_, usize> = std::collections::HashMap::new();
    for change in changes {
        let Some(section) = Section::of(change) else { continue };
        let cause = (
            (section, change.rule.id, change.verdict.word()),
            (change.was.clone(), change.is.clone()),
            (change.old, change.new),
            // What has no place of its own is only the same within its endpoint.
            (change.old.is_none() && change.new.is_none()).then(|| change.endpoint.clone()),
        );
        let reach = (change.endpoint.clone(), change.place.clone(), change.fingerprint());
        let entry = known.get(&cause).and_then(|at| found.get_mut(*at));
        match entry {
            Some(entry) => {
                entry.reaches.push(reach);
                let new = change.hurts.iter().filter(|one| !entry.change.hurts.contains(one));
                let new: Vec<String> = new.cloned().collect();
                entry.change.hurts.extend(new);
            }
            None => {
                known.insert(cause, found.len());
                found.push(Entry { section, change: change.clone(), reaches: vec![reach] });
            }
        }
    }
    let order = |entry: &Entry| {
        let endpoints: Vec<String> = entry.endpoints().into_iter().map(str::to_owned).collect();
        (entry.section, endpoints)
    };
    found.sort_by_cached_key(order);
    found
}
