//! Cases that a program asks its real backends before it serves.

use super::Target;
use crate::contract::cases::{Field, ProblemName};
use crate::contract::{Case, Contract};

/// A case, as far as it holds whatever backends know.
#[derive(Clone, Debug)]
pub struct SmokePlan {
    /// What it shows.
    pub title: String,
    /// `GET`
    pub method: String,
    /// Path and query as written.
    pub target: String,
    /// Header fields in order.
    pub headers: Vec<(String, String)>,
    /// The status of the answer.
    pub status: u16,
    /// The `type` of the problem that is answered.
    pub problem: Option<String>,
    /// Header fields in small letters, and whether the answer has them.
    pub fields: Vec<(String, bool)>,
    /// Why it cannot be asked; nothing: it can.
    pub left_out: Option<String>,
}

/// The smoke cases of the versions that the program serves.
pub(super) fn plan(contract: &Contract, target: &Target) -> Vec<SmokePlan> {
    let is_served = |case: &&Case| match case.endpoint {
        None => true,
        Some((at, _)) => {
            let version = contract.versions.get(at);
            version.is_some_and(|version| target.versions.contains(&version.label))
        }
    };
    let cases = contract.cases.iter().filter(|case| case.smoke);
    cases.filter(is_served).map(|case| one(contract, case)).collect()
}

fn one(contract: &Contract, case: &Case) -> SmokePlan {
    let problem = case.reply.problem.as_ref().and_then(|name| match name {
        ProblemName::Gateway(name) => Some(format!("urn:problem:gateway:{name}")),
        ProblemName::Declared(index) => {
            let version = contract.versions.get(case.endpoint?.0)?;
            Some(version.errors.get(*index)?.kind(&contract.api))
        }
    });
    let fields = case.reply.headers.iter();
    let fields = fields.map(|(name, field)| (name.to_ascii_lowercase(), *field != Field::Absent));
    let set: Vec<&str> = case.env.iter().map(|(name, _)| name.as_str()).collect();
    let left_out = match (&case.caller, set.is_empty()) {
        (Some(_), _) => Some("it says who calls, and nobody here can show that".to_owned()),
        (None, false) => Some(format!("it sets {}", set.join(", "))),
        (None, true) => None,
    };
    SmokePlan {
        title: case.title.clone(),
        method: case.request.method.clone(),
        target: case.request.target.clone(),
        headers: case.request.headers.clone(),
        status: case.reply.status,
        problem,
        fields: fields.collect(),
        left_out,
    }
}
