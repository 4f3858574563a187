//! What is done to a published version beside publishing more of it.

use super::contract::Baseline;
use super::judge::{self, Broken};
use super::print::Written;
use super::publish::{Publication, Refused, Signed, Step, Writer, declarations, verified};
use super::state::State;
use super::{Act, BlockKind, Lock};
use crate::analyse;
use crate::contract::Checked;
use crate::source::Sources;

/// A promise that is broken on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amendment {
    /// The version.
    pub version: String,
    /// The endpoints that change: `GET /products/{id}`.
    pub endpoints: Vec<String>,
    /// Why.
    pub reason: String,
}

/// Writes down that published endpoints change, for a reason. `contract` was analysed without the
/// lock.
///
/// # Errors
///
/// Nothing about the endpoints is against what is published, others change as well, or the version
/// is not published.
pub fn amend(
    sources: &Sources,
    contract: &Checked,
    lock: &Lock,
    (amendment, signed): (&Amendment, &Signed),
) -> Result<Publication, Refused> {
    let contract = contract.contract();
    let label = amendment.version.as_str();
    let state = published(lock, label)?;
    if amendment.reason.trim().is_empty() {
        return Err(Refused::new("an amendment needs a reason", "give it with `--reason`"));
    }
    let mut baseline = Baseline::of(lock, sources).map_err(Refused::Damaged)?;
    baseline.contract.consumers = judge::consumers(sources, &baseline);
    let broken = judge::broken(sources, (lock, &baseline), contract, label);
    covered(&broken, amendment)?;
    let surface = analyse::surface(sources, contract, label);
    let mut writer = Writer::new(&lock.api, Some(lock), signed);
    let mut declared = declarations(&state, &surface);
    declared.extend(super::needs::rewired(&state, &surface));
    for key in &amendment.endpoints {
        let own = |one: &&Written| one.kind == BlockKind::Endpoint && one.key == *key;
        let mut blocks: Vec<&Written> = std::mem::take(&mut declared);
        blocks.extend(surface.iter().find(own));
        let cases: Vec<Written> = broken
            .iter()
            .filter(|one| one.endpoint.as_deref() == Some(key.as_str()))
            .filter_map(|one| one.case.as_deref())
            .flat_map(|title| dropped(title, &surface))
            .collect();
        blocks.extend(&cases);
        let step = Step { reason: Some(&amendment.reason), ..Step::of(label, Act::Amended, key) };
        writer.entry(step, &blocks);
    }
    if broken.iter().any(|one| one.brings_another) {
        let is_new = |one: &&Written| {
            one.kind == BlockKind::Endpoint && state.get(one.kind, &one.key).is_none()
        };
        for one in surface.iter().filter(is_new) {
            writer.entry(Step::of(label, Act::Added, &one.key), &[one]);
        }
    }
    let mut hurts: Vec<String> = broken.into_iter().flat_map(|one| one.hurts).collect();
    hurts.sort();
    hurts.dedup();
    verified(sources, (contract, label), writer.end(hurts))
}

/// A case that does not hold any more, and what it shows now.
fn dropped(title: &str, surface: &[Written]) -> Vec<Written> {
    let is = surface.iter().find(|one| one.kind == BlockKind::Case && one.key == title);
    match is {
        Some(case) => vec![case.clone()],
        None => vec![Written::without(title)],
    }
}

/// Every broken promise is of an endpoint that is named, and every one that is named breaks one.
fn covered(broken: &[Broken], amendment: &Amendment) -> Result<(), Refused> {
    let version = &amendment.version;
    for one in broken {
        let Some(endpoint) = &one.endpoint else {
            let message = format!("{} is no change of an endpoint", one.what);
            return Err(Refused::new(
                message,
                "what a version as a whole was promised cannot be amended",
            ));
        };
        if !amendment.endpoints.contains(endpoint) {
            let message = format!("the change reaches `{endpoint}` as well: {}", one.what);
            let all = [amendment.endpoints.as_slice(), std::slice::from_ref(endpoint)].concat();
            let all: Vec<String> = all.iter().map(|one| format!("\"{one}\"")).collect();
            let help = format!("name all of them: `gatewright amend {version} {}`", all.join(" "));
            return Err(Refused::new(message, help));
        }
    }
    for endpoint in &amendment.endpoints {
        if broken.iter().all(|one| one.endpoint.as_ref() != Some(endpoint)) {
            let known: Vec<&str> =
                broken.iter().filter_map(|one| one.endpoint.as_deref()).collect();
            let message =
                format!("nothing about `{endpoint}` is against version {version} as published");
            let help = if known.is_empty() {
                "edit the contract first: an amendment writes down what it says".to_owned()
            } else {
                format!("changed are: {}", known.join(", "))
            };
            return Err(Refused::new(message, help));
        }
    }
    Ok(())
}

/// Writes down that a version is not served any more.
///
/// # Errors
///
/// It is not published, or callers were not told of an end that has passed by now.
pub fn retire(lock: &Lock, label: &str, signed: &Signed) -> Result<Publication, Refused> {
    let state = published(lock, label)?;
    let told = state.get(BlockKind::Deprecated, "").map(|block| state.text(block));
    let sunset = told.as_deref().and_then(|text| {
        let day = text.split("sunset ").nth(1)?.get(..10)?;
        analyse::is_day(day).then(|| day.to_owned())
    });
    let Some(sunset) = sunset else {
        let message = format!("callers of version {label} were never told when it ends");
        return Err(Refused::new(
            message,
            format!(
                "say so in it, `deprecated since …, sunset …`, and `gatewright publish {label}`"
            ),
        ));
    };
    if signed.date < sunset {
        let message =
            format!("version {label} may be retired from {sunset} on, and it is {}", signed.date);
        return Err(Refused::new(
            message,
            "callers were told that day: keep serving them until then",
        ));
    }
    let mut writer = Writer::new(&lock.api, Some(lock), signed);
    writer.entry(Step::new(label, Act::Retired), &[]);
    Ok(writer.end(Vec::new()))
}

fn published<'l>(lock: &'l Lock, label: &'l str) -> Result<State<'l>, Refused> {
    if lock.is_retired(label) {
        return Err(Refused::new(
            format!("version {label} is retired already"),
            "nothing is left to do",
        ));
    }
    State::of(lock, label).ok_or_else(|| {
        let live = lock.live().join(", ");
        Refused::new(format!("version {label} is not published"), format!("published are: {live}"))
    })
}

/// Writes the entries of `own` that `base` does not have behind those of `base`.
///
/// # Errors
///
/// They are locks of different APIs, nothing is to be done, or both did the same thing otherwise.
pub fn rebase(own: &Lock, base: &Lock) -> Result<Publication, Refused> {
    if own.api != base.api {
        let message = format!("one is the lock of `{}`, the other of `{}`", own.api, base.api);
        return Err(Refused::new(message, "take the lock of the same API"));
    }
    let shared = own
        .entries
        .iter()
        .zip(&base.entries)
        .take_while(|(own, base)| own.chain == base.chain)
        .count();
    let signed = Signed { by: String::new(), date: String::new() };
    let mut writer = Writer::new(&base.api, Some(base), &signed);
    let theirs = base.entries.get(shared..).unwrap_or_default();
    for entry in own.entries.get(shared..).unwrap_or_default() {
        let clash = theirs.iter().find(|other| {
            let whole = [Act::Published, Act::Retired];
            let ends = whole.contains(&other.act) || whole.contains(&entry.act);
            let same = other.endpoint == entry.endpoint && other.act.is_of_endpoint();
            other.version == entry.version && (ends || same)
        });
        if let Some(clash) = clash {
            let head = base.slice(&clash.head);
            let head = head.split(" revision ").next().unwrap_or_default();
            let message = format!("both branches changed version {} here: `{head}`", entry.version);
            return Err(Refused::new(
                message,
                "take the lock of the other branch as it is, and publish again",
            ));
        }
        let body = own.text().get(entry.head.end + 1..entry.whole.end).unwrap_or_default();
        let step = Step {
            label: &entry.version,
            act: entry.act,
            endpoint: entry.endpoint.as_deref(),
            reason: entry.reason.as_deref(),
        };
        writer.raw(step, (&entry.by, &entry.date), body);
    }
    if writer.is_unchanged() && theirs.is_empty() {
        return Err(Refused::new(
            "the lock goes on from that one already",
            "nothing is to be done",
        ));
    }
    Ok(writer.end(Vec::new()))
}
