//! Cases: which are gone, which are new, and which prove something else.

use super::Change;
use crate::contract::cases::{Case, Mock, ProblemName, Reply};
use crate::contract::{Contract, Version};

/// What changed about the cases of two contracts, which are matched by their titles.
pub(super) fn compare(old: &Contract, new: &Contract) -> Vec<Change> {
    let mut found = Vec::new();
    let place = |case: &Case| format!("case \"{}\"", case.title);
    for case in &old.cases {
        let mut others = new.cases.iter().filter(|other| other.title == case.title);
        let Some(first) = others.next() else {
            let change = Change::new("proof/case-removed", None).place(place(case));
            found.push(change.at(case.span, None));
            continue;
        };
        if !is_same((old, case), (new, first))
            && !others.any(|one| is_same((old, case), (new, one)))
        {
            let change = Change::new("proof/case-changed", None).place(place(case));
            let change = change.spelled(story(old, case), story(new, first));
            found.push(change.at(case.span, first.span));
        }
    }
    for case in &new.cases {
        if old.cases.iter().all(|other| other.title != case.title) {
            let change = Change::new("proof/case-added", None).place(place(case));
            found.push(change.at(None, case.span));
        }
    }
    found
}

/// Request and answer in short: `GET /v1/a, 2 mocks, then 200`.
fn story(contract: &Contract, case: &Case) -> String {
    let reply = match problem(contract, case) {
        Some(name) => name,
        None => case.reply.status.to_string(),
    };
    let mocks = match case.mocks.len() {
        0 => String::new(),
        1 => ", 1 mock".to_owned(),
        count => format!(", {count} mocks"),
    };
    format!("{} {}{mocks}, then {reply}", case.request.method, case.request.target)
}

fn problem(contract: &Contract, case: &Case) -> Option<String> {
    match case.reply.problem.as_ref()? {
        ProblemName::Gateway(name) => Some(name.clone()),
        ProblemName::Declared(at) => {
            let version: &Version = contract.versions.get(case.endpoint?.0)?;
            version.errors.get(*at).map(|problem| problem.name.clone())
        }
    }
}

/// Whether two cases send, answer and expect the same.
fn is_same((old, a): (&Contract, &Case), (new, b): (&Contract, &Case)) -> bool {
    let (was, is) = (&a.request, &b.request);
    let request = (&was.method, &was.target, &was.headers, &was.body)
        == (&is.method, &is.target, &is.headers, &is.body);
    let never = |contract: &Contract, case: &Case| {
        let mut names: Vec<String> =
            case.never.iter().map(|(at, _)| backend(contract, *at)).collect();
        names.sort();
        names
    };
    let mocks = a.mocks.len() == b.mocks.len()
        && a.mocks.iter().zip(&b.mocks).all(|(a, b)| is_same_mock((old, a), (new, b)));
    let replies =
        |a: &Reply, b: &Reply| (a.status, &a.body, &a.headers) == (b.status, &b.body, &b.headers);
    request
        && a.env == b.env
        && never(old, a) == never(new, b)
        && mocks
        && replies(&a.reply, &b.reply)
        && problem(old, a) == problem(new, b)
}

fn is_same_mock((old, a): (&Contract, &Mock), (new, b): (&Contract, &Mock)) -> bool {
    backend(old, a.backend) == backend(new, b.backend)
        && (&a.method, &a.written, &a.body, &a.headers, &a.answers)
            == (&b.method, &b.written, &b.body, &b.headers, &b.answers)
}

fn backend(contract: &Contract, at: usize) -> String {
    contract.backends.get(at).map_or_else(String::new, |backend| backend.name.clone())
}
