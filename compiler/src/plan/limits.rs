//! Names of limits: what is counted together has one name, and nothing else has it.

use super::LimitPlan;
use super::access::{self, SchemePlan};
use crate::contract::terms::{Across, By, Limit};
use crate::contract::{Endpoint, Version};

/// The limits of an endpoint, by the statics of `schemes`.
pub(super) fn plan(
    version: &Version,
    endpoint: &Endpoint,
    schemes: &[SchemePlan],
) -> Vec<LimitPlan> {
    let all = &endpoint.terms.limits;
    let plans = all.iter().map(|limit| LimitPlan {
        name: name(version, endpoint, limit),
        title: title(limit, all),
        of: of(limit, schemes),
        limit: limit.clone(),
    });
    plans.collect()
}

fn of(limit: &Limit, schemes: &[SchemePlan]) -> Option<(String, Option<String>)> {
    let names: Vec<&str> = schemes.iter().map(|one| one.scheme.name.as_str()).collect();
    let (name, claim) = limit.by.scheme(&names)?;
    Some((access::ident(schemes, name)?, claim.map(str::to_owned)))
}

/// `api per ip`, `version 1 across orders per ip`, `version 1 GET /v1/me`. It holds neither the rate nor
/// what changes when something else is edited: gateways that share a store find each other by it.
fn name(version: &Version, endpoint: &Endpoint, limit: &Limit) -> String {
    let label = &version.label;
    let mut name = match &limit.across {
        Across::Api => "api".to_owned(),
        Across::Version => format!("version {label}"),
        Across::Group(group) => format!("version {label} across {group}"),
        Across::Endpoint => format!("version {label} {} {}", endpoint.method, endpoint.template),
    };
    if limit.by != By::All {
        name.push_str(&format!(" per {}", limit.by));
    }
    name
}

/// `ip`, or `ip across api` beside another one that counts by the same.
fn title(limit: &Limit, all: &[Limit]) -> String {
    let mut title = match &limit.by {
        By::All => "all".to_owned(),
        by => by.to_string(),
    };
    let others = all.iter().filter(|other| other.by == limit.by).count();
    if let (true, Some(word)) = (others > 1, limit.across.word()) {
        title.push_str(&format!(" across {word}"));
    }
    title
}
