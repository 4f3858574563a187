//! What a gateway reads from its environment, in a place that all versions share.
//!
//! A version's own code names a variable and never its number or its rules, so that it stays the same
//! whatever other versions read.

use super::rules::Rules;
use super::{Names, RulePlan};
use crate::contract::types::Types;
use crate::contract::{Contract, Variable, Version, Want};
use std::collections::BTreeSet;

/// A variable of the environment, with the rules that its text must keep.
#[derive(Clone, Debug)]
pub struct VariablePlan {
    /// What is declared.
    pub variable: Variable,
    /// The constant that holds its place; nothing if no endpoint takes its text.
    pub ident: Option<String>,
    /// What its text must be, because of where it goes.
    pub rules: Vec<WantPlan>,
}

/// What the text of a variable must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantPlan {
    /// What this static says.
    Rule(String),
    /// A value that a header field can have.
    Field,
    /// A whole segment of a path.
    Segment,
    /// Origins of pages, with commas between them.
    Origins,
    /// The address of a store.
    Store,
}

/// The variables in the order of the text, and the rules of those that the endpoints of `versions`
/// take.
pub(super) fn plan<'v>(
    contract: &Contract,
    versions: impl Iterator<Item = &'v Version>,
) -> (Vec<VariablePlan>, Vec<RulePlan>) {
    let works = versions.flat_map(|version| &version.endpoints).map(|endpoint| &endpoint.work);
    let used: BTreeSet<&str> =
        works.flat_map(|work| &work.environment).map(|one| one.name.as_str()).collect();
    // What is wanted of a text is a scalar, which needs no record.
    let types = Types::default();
    let (mut rules, mut names) = (Rules::new(&types), Names::default());
    let mut variable = |variable: &Variable| {
        let is_used = used.contains(variable.name.as_str());
        let wants = variable.wants.iter().filter_map(|want| match want {
            Want::Field => Some(WantPlan::Field),
            Want::Segment => Some(WantPlan::Segment),
            Want::Origins => Some(WantPlan::Origins),
            Want::Store => Some(WantPlan::Store),
            Want::Rule(scalar) => is_used.then(|| WantPlan::Rule(rules.scalar(scalar))),
        });
        VariablePlan {
            ident: is_used.then(|| names.constant(&variable.name)),
            rules: wants.collect(),
            variable: variable.clone(),
        }
    };
    let variables = contract.variables.iter().map(&mut variable).collect();
    (variables, rules.into_lists().0)
}
