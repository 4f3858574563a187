//! Policies: clauses under a name, and what they say where they are used.

use super::clauses::Held;
use super::edits::same_clause;
use super::versions::order;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::suggest;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    ApiMemberKind, Change, Clause, ClauseKind, EndpointMember, EndpointMemberKind, File, Ident,
    ItemKind, Policy, VersionMember, VersionMemberKind,
};
use std::collections::HashMap;

/// How many policies may use each other, one behind the other.
const LONGEST: usize = 16;

/// The policies of a contract.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    list: Vec<Named>,
}

/// A policy with the clauses of those that it uses; nearer ones behind those that they replace.
#[derive(Debug)]
struct Named {
    name: Ident,
    clauses: Vec<Clause>,
}

/// Reads the policies, and reports what is wrong with them and where they are used.
pub(crate) fn declare(files: &[File], diagnostics: &mut Diagnostics) -> Policies {
    let mut written: Vec<&Policy> = Vec::new();
    for item in files.iter().flat_map(|file| &file.items) {
        let ItemKind::Policy(policy) = &item.kind else { continue };
        let name = &policy.name;
        match written.iter().find(|old| old.name.text == name.text) {
            Some(old) => {
                let what = format!("policy `{}`", name.text);
                diagnostics.push(super::duplicate(&what, name.span, old.name.span));
            }
            None => written.push(policy),
        }
    }
    circles(&written, diagnostics);
    let mut policies = Policies::default();
    let mut known = HashMap::new();
    for policy in &written {
        let clauses = expand(&written, policy, (&mut Vec::new(), &mut known));
        policies.list.push(Named { name: policy.name.clone(), clauses });
    }
    let mut used: Vec<String> = Vec::new();
    for block in blocks(files) {
        policies.check(&block, &mut used, diagnostics);
    }
    policies.unused(&used, diagnostics);
    policies
}

/// The clauses of a policy, those of the policies that it uses first. A circle is cut, and so is
/// what is refused as too deep. `known` are the clauses that were found so far.
fn expand<'t>(
    written: &[&'t Policy],
    policy: &'t Policy,
    (open, known): (&mut Vec<&'t str>, &mut HashMap<&'t str, Vec<Clause>>),
) -> Vec<Clause> {
    if let Some(clauses) = known.get(policy.name.text.as_str()) {
        return clauses.clone();
    }
    open.push(&policy.name.text);
    let mut clauses = Vec::new();
    for name in policy.clauses.iter().filter_map(used) {
        let found = written.iter().find(|other| other.name.text == name.text);
        let cut = open.len() == LONGEST || open.contains(&name.text.as_str());
        if let Some(other) = found.filter(|_| !cut) {
            add(&mut clauses, expand(written, other, (open, known)));
        }
    }
    open.pop();
    let own = policy.clauses.iter().filter(|one| used(one).is_none());
    let mut own: Vec<Clause> = own.cloned().collect();
    own.sort_by_key(order);
    add(&mut clauses, own);
    known.insert(&policy.name.text, clauses.clone());
    clauses
}

/// Puts the `nearer` clauses behind the others, in the place of those that they replace.
fn add(clauses: &mut Vec<Clause>, nearer: Vec<Clause>) {
    clauses.retain(|old| !nearer.iter().any(|new| same_clause(old, new)));
    clauses.extend(nearer);
}

fn used(clause: &Clause) -> Option<&Ident> {
    match &clause.kind {
        ClauseKind::Use(name) => Some(name),
        _ => None,
    }
}

/// Policies that use each other: each circle is told once, at the use that closes it.
fn circles(written: &[&Policy], diagnostics: &mut Diagnostics) {
    let mut told: Vec<&str> = Vec::new();
    for policy in written {
        let mut path = vec![*policy];
        circle(written, &mut path, (&mut told, diagnostics));
    }
}

fn circle<'t>(
    written: &[&'t Policy],
    path: &mut Vec<&'t Policy>,
    (told, diagnostics): (&mut Vec<&'t str>, &mut Diagnostics),
) {
    let Some(last) = path.last().copied() else { return };
    if told.contains(&last.name.text.as_str()) {
        return;
    }
    for name in last.clauses.iter().filter_map(used) {
        let Some(next) = written.iter().find(|other| other.name.text == name.text) else {
            continue;
        };
        if let Some(start) = path.iter().position(|open| open.name.text == name.text) {
            let round = path.get(start..).unwrap_or_default();
            diagnostics.push(endless(round, name));
        } else if path.len() == LONGEST {
            diagnostics.push(
                Diagnostic::new(
                    Code::TooDeep,
                    name.span,
                    "policies use each other too many levels deep",
                )
                .label(format!("{LONGEST} policies lead here, one using the next"))
                .help("write what is wanted into one policy"),
            );
        } else {
            path.push(next);
            circle(written, path, (told, diagnostics));
            path.pop();
        }
    }
    told.push(&last.name.text);
}

fn endless(round: &[&Policy], closing: &Ident) -> Diagnostic {
    let mut message = format!("policy `{}` uses ", closing.text);
    let between: Vec<String> =
        round.iter().skip(1).map(|policy| format!("`{}`, which uses ", policy.name.text)).collect();
    message.push_str(&between.concat());
    message.push_str(if between.is_empty() { "itself" } else { "it again" });
    let diagnostic = Diagnostic::new(Code::PolicyCycle, closing.span, message)
        .label("this closes the circle")
        .help("delete one of the uses, or move what both need into a third policy");
    round.iter().fold(diagnostic, |diagnostic, policy| {
        diagnostic.see(policy.name.span, "one of the circle")
    })
}

/// Clauses that stand in one block.
pub(crate) fn blocks(files: &[File]) -> Vec<Vec<&Clause>> {
    let mut found: Vec<Vec<&Clause>> = Vec::new();
    for item in files.iter().flat_map(|file| &file.items) {
        match &item.kind {
            ItemKind::Api(api) => {
                let own = api.members.iter().filter_map(|member| match &member.kind {
                    ApiMemberKind::Clause(clause) => Some(clause),
                    _ => None,
                });
                found.push(own.collect());
            }
            ItemKind::Policy(policy) => found.push(policy.clauses.iter().collect()),
            ItemKind::Version(version) => members(&version.members, &mut found),
            _ => {}
        }
    }
    found
}

fn members<'t>(members: &'t [VersionMember], found: &mut Vec<Vec<&'t Clause>>) {
    let own = members.iter().filter_map(|member| match &member.kind {
        VersionMemberKind::Clause(clause) => Some(clause),
        _ => None,
    });
    found.push(own.collect());
    for member in members {
        match &member.kind {
            VersionMemberKind::Under { members, .. } => self::members(members, found),
            VersionMemberKind::Endpoint(endpoint) => found.push(work(&endpoint.members)),
            VersionMemberKind::Change(Change::Endpoint { members, .. }) => {
                found.push(work(members));
            }
            _ => {}
        }
    }
}

fn work(members: &[EndpointMember]) -> Vec<&Clause> {
    let own = members.iter().filter_map(|member| match &member.kind {
        EndpointMemberKind::Clause(clause) => Some(clause),
        _ => None,
    });
    own.collect()
}

impl Policies {
    fn named(&self, name: &str) -> Option<&Named> {
        self.list.iter().find(|policy| policy.name.text == name)
    }

    /// The clauses with those of the used policies in the place of each `use`.
    pub(crate) fn expanded<'c>(&'c self, clauses: Vec<Held<'c>>) -> Vec<Held<'c>> {
        let mut all = Vec::with_capacity(clauses.len());
        for held in clauses {
            match used(held.clause) {
                Some(name) => {
                    let found = self.named(&name.text).into_iter().flat_map(|one| &one.clauses);
                    all.extend(found.map(|clause| Held { clause, ..held }));
                }
                None => all.push(held),
            }
        }
        all
    }

    /// Reports uses of what is not declared, and policies of one block that clash.
    fn check(&self, block: &[&Clause], seen: &mut Vec<String>, diagnostics: &mut Diagnostics) {
        let mut before: Vec<(&Ident, &Named)> = Vec::new();
        for name in block.iter().copied().filter_map(used) {
            let Some(policy) = self.named(&name.text) else {
                diagnostics.push(self.unknown(name));
                continue;
            };
            seen.push(name.text.clone());
            for (_, other) in before.iter().filter(|(old, _)| old.text != name.text) {
                if let Some((first, second)) = clash(block, other, policy) {
                    diagnostics.push(clashing((other, first), (policy, second), name.span));
                }
            }
            before.push((name, policy));
        }
    }

    fn unknown(&self, name: &Ident) -> Diagnostic {
        let message = format!("there is no policy called `{}`", name.text);
        let diagnostic = Diagnostic::new(Code::UnknownPolicy, name.span, message);
        let known = self.list.iter().map(|policy| policy.name.text.as_str());
        match suggest::closest(&name.text, known) {
            Some(other) => diagnostic.meant(name.span, other),
            None if name.text.contains('.') => diagnostic.label("not declared"),
            None => diagnostic
                .label("not declared")
                .help(format!("declare it: `policy {} {{ timeout 300ms }}`", name.text)),
        }
    }

    fn unused(&self, used: &[String], diagnostics: &mut Diagnostics) {
        for policy in self.list.iter().filter(|policy| !used.contains(&policy.name.text)) {
            let name = &policy.name;
            diagnostics.push(
                Diagnostic::new(
                    Code::UnusedPolicy,
                    name.span,
                    format!("policy `{}` is never used", name.text),
                )
                .label("it limits nothing")
                .help(format!("write `use {}` where it is to hold, or delete it", name.text)),
            );
        }
    }
}

/// Two clauses of one kind that two policies of a block set, unless the block itself decides.
fn clash<'p>(block: &[&Clause], a: &'p Named, b: &'p Named) -> Option<(&'p Clause, &'p Clause)> {
    let decided = |one: &Clause| {
        block.iter().any(|written| used(written).is_none() && same_clause(one, written))
    };
    let pairs =
        a.clauses.iter().flat_map(|first| b.clauses.iter().map(move |second| (first, second)));
    let mut pairs = pairs.filter(|(first, second)| {
        // Both may have it from a third policy.
        first.span != second.span && (same_clause(second, first) || same_clause(first, second))
    });
    pairs.find(|(first, _)| !decided(first))
}

fn clashing(
    (a, first): (&Named, &Clause),
    (b, second): (&Named, &Clause),
    place: Span,
) -> Diagnostic {
    let word = super::blocks::word(second);
    let (a, b) = (&a.name.text, &b.name.text);
    Diagnostic::new(
        Code::InvalidClause,
        place,
        format!("`{a}` and `{b}` both set `{word}`, and both are used here"),
    )
    .label("which of the two holds is left open")
    .see(first.span, format!("set by `{a}`"))
    .see(second.span, format!("set by `{b}`"))
    .help(format!("write the `{word}` that is meant beside them: it wins over policies"))
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, messages};

    const POLICIES: &str = "api shop { timeout 1s, public }
        backend one at \"http://one\" { timeout 300ms }
        policy fast { timeout 200ms, max_body 2KB }
        policy small { use fast, max_body 1KB }
        policy slow { timeout 5s }\n";

    /// Budget and longest body of the first endpoint of the last version.
    fn limits(versions: &str) -> (Option<u64>, u64) {
        let contract = check(&format!("{POLICIES}{versions}"));
        let endpoint = &contract.versions.last().expect("a version").endpoints[0];
        (endpoint.timeout.most(), endpoint.max_body)
    }

    #[test]
    fn a_policy_says_what_its_clauses_say_where_it_is_used() {
        assert_eq!(limits("version 1 { GET /a -> 204 { use fast } }"), (Some(200), 2 << 10));
        assert_eq!(limits("version 1 { use fast, GET /a -> 204 }"), (Some(200), 2 << 10));
        assert_eq!(
            limits("version 1 { under /u { use fast, GET /a -> 204 } }"),
            (Some(200), 2 << 10)
        );
        let nearer = "version 1 { use fast, under /u { use slow, GET /a -> 204 } }";
        assert_eq!(limits(nearer), (Some(5_000), 2 << 10));
    }

    #[test]
    fn what_is_written_beside_a_policy_wins() {
        for block in ["use fast, timeout 3s", "timeout 3s, use fast"] {
            let endpoint = format!("version 1 {{ GET /a -> 204 {{ {block} }} }}");
            assert_eq!(limits(&endpoint), (Some(3_000), 2 << 10));
            let version = format!("version 1 {{ {block}, GET /a -> 204 }}");
            assert_eq!(limits(&version), (Some(3_000), 2 << 10));
            let under = format!("version 1 {{ under /u {{ {block}, GET /a -> 204 }} }}");
            assert_eq!(limits(&under), (Some(3_000), 2 << 10));
        }
    }

    #[test]
    fn a_policy_may_use_another_and_replace_a_part_of_it() {
        assert_eq!(limits("version 1 { GET /a -> 204 { use small } }"), (Some(200), 1 << 10));
    }

    #[test]
    fn a_later_version_is_nearer_than_what_it_inherits() {
        let base = "version 1 { GET /a -> 204 { use fast, timeout 3s } }";
        let changed = |edit: &str| {
            limits(&format!("{base}\nversion 2 from 1 {{ change GET /a {{ {edit} }} }}"))
        };
        assert_eq!(changed("use slow"), (Some(5_000), 2 << 10), "what slow leaves open stays");
        assert_eq!(changed("max_body 4KB"), (Some(3_000), 4 << 10));
    }

    #[test]
    fn two_policies_of_a_block_clash_unless_the_block_decides() {
        let both = |more: &str| {
            messages(&format!(
                "{POLICIES}version 1 {{ GET /a -> 204 {{ use fast, use slow {more} }} }}"
            ))
            .into_iter()
            .filter(|one| !one.contains("never used"))
            .collect::<Vec<_>>()
        };
        assert_eq!(
            both(""),
            ["invalid-clause: `fast` and `slow` both set `timeout`, and both are used here"]
        );
        assert_eq!(both(", timeout 1s"), [] as [String; 0]);
    }
}
