//! Whether every value of one schema is one of another.
//!
//! What is found is so; where it is not found, it may be so all the same.

use super::accept::{beyond_or_at, is_multiple, takes};
use super::read::anywhere;
use crate::contract::schema::{Kinds, Members, Schema, Test};
use crate::contract::types::Const;
use crate::pattern;
use std::collections::{HashMap, HashSet};

/// How many questions are asked before the answer is that it is not known.
const MOST: usize = 20_000;

/// Whether everything that `a` accepts is known to be accepted by `b`.
pub(crate) fn included(a: &Schema, b: &Schema) -> bool {
    if a == b {
        return true;
    }
    let mut known = Known { a, b, answers: HashMap::new(), log: Vec::new(), room: MOST };
    known.rules(&[a.root], b.root)
}

/// Whether what some rules of the one accept together is accepted by a rule of the other.
type Question = (Vec<usize>, usize);

/// Questions and their answers. Where one leads to itself it is taken to be answered with yes.
struct Known<'s> {
    a: &'s Schema,
    b: &'s Schema,
    answers: HashMap<Question, bool>,
    /// The questions in the order in which they were asked.
    log: Vec<Question>,
    room: usize,
}

impl<'s> Known<'s> {
    /// Whether what all of the rules `a` accept together is accepted by the rule `b`.
    fn rules(&mut self, a: &[usize], b: usize) -> bool {
        let Some(room) = self.room.checked_sub(1) else { return false };
        self.room = room;
        let mut rules: Vec<usize> = a.to_vec();
        rules.sort_unstable();
        rules.dedup();
        let question = (rules, b);
        if let Some(answer) = self.answers.get(&question) {
            return *answer;
        }
        let asked = self.log.len();
        self.log.push(question.clone());
        self.answers.insert(question.clone(), true);
        let answer = self.asked(a, b);
        if !answer {
            // What was found since may rest on this one being answered with yes.
            for later in self.log.drain(asked..) {
                if self.answers.get(&later) == Some(&true) {
                    self.answers.remove(&later);
                }
            }
            self.answers.insert(question, false);
        }
        answer
    }

    fn asked(&mut self, a: &[usize], b: usize) -> bool {
        let tests = self.a.tests(a);
        if kinds(&tests) == Kinds::default() {
            return true;
        }
        // Of few values each is asked.
        if let Some(values) = self.values(&tests) {
            return values.into_iter().all(|value| takes(self.b, b, value));
        }
        // One of several holds, so it is enough if each of them leads there. What was chosen is not
        // chosen from again: an answer must not rest on the question itself about the same value.
        let open = tests.iter().find_map(|test| match test {
            Test::Any(all) | Test::One(all) if !all.iter().any(|one| a.contains(one)) => Some(all),
            _ => None,
        });
        if let Some(all) = open
            && all.iter().all(|one| self.rules(&[a, &[*one]].concat(), b))
        {
            return true;
        }
        let other: &'s Schema = self.b;
        let checks = other.rules.get(b).map(Vec::as_slice).unwrap_or_default();
        checks.iter().all(|check| self.test((a, &tests), &check.test))
    }

    /// The values that there are, if they are told one by one.
    fn values(&self, tests: &[&'s Test]) -> Option<Vec<&'s Const>> {
        let values = tests.iter().find_map(|test| match test {
            Test::OneOf(values) => Some(values),
            _ => None,
        })?;
        let kinds = kinds(tests);
        Some(values.iter().filter(|value| kinds.holds(super::accept::kind(value))).collect())
    }

    /// Whether `test` holds for everything that the rules accept, whose tests are `tests`.
    fn test(&mut self, (a, tests): (&[usize], &[&'s Test]), test: &'s Test) -> bool {
        let kinds = kinds(tests);
        let has = |kind: Kinds| kinds.0 & kind.0 != 0;
        match test {
            Test::All(all) => all.iter().all(|one| self.rules(a, *one)),
            Test::Any(any) => any.iter().any(|one| self.rules(a, *one)),
            Test::Kinds(wanted) => wanted.holds(kinds),
            Test::Never => kinds == Kinds::default() || tests.contains(&&Test::Never),
            Test::Least(_) | Test::Most(_) | Test::Multiple(_) if !has(NUMBERS) => true,
            Test::Length(..) | Test::Pattern(_) if !has(Kinds::TEXT) => true,
            Test::Count(..) | Test::Unique | Test::Elements(..) | Test::Contains(..)
                if !has(Kinds::LIST) =>
            {
                true
            }
            Test::Size(..)
            | Test::Required(_)
            | Test::Needs(..)
            | Test::Members(_)
            | Test::Names(_)
            | Test::Depends(..)
                if !has(Kinds::RECORD) =>
            {
                true
            }
            Test::Elements(first, rest) => self.elements(tests, (first, rest.as_ref())),
            Test::Members(members) => self.members(tests, members),
            Test::Names(rule) => tests
                .iter()
                .any(|one| matches!(one, Test::Names(other) if self.rules(&[*other], *rule))),
            _ => tests
                .iter()
                .any(|one| implies(one, test) || self.alike(one, test, &mut HashSet::new())),
        }
    }

    /// Whether two tests are written in the same way.
    fn alike(&self, a: &Test, b: &Test, seen: &mut HashSet<(usize, usize)>) -> bool {
        let plain = |test: &Test| test.renumbered(&|_| 0);
        if plain(a) != plain(b) {
            return false;
        }
        let parts = |test: &Test| [test.beside(), test.below()].concat();
        parts(a).into_iter().zip(parts(b)).all(|(a, b)| {
            let (one, other) = (self.a.rules.get(a), self.b.rules.get(b));
            let (Some(one), Some(other)) = (one, other) else { return false };
            !seen.insert((a, b))
                || one.len() == other.len()
                    && one.iter().zip(other).all(|(a, b)| self.alike(&a.test, &b.test, seen))
        })
    }

    fn elements(&mut self, tests: &[&'s Test], (first, rest): (&[usize], Option<&usize>)) -> bool {
        let longest = tests.iter().filter_map(|test| match test {
            Test::Elements(first, _) => Some(first.len()),
            _ => None,
        });
        let places = longest.chain([first.len()]).max().unwrap_or(0);
        (0..=places).all(|at| {
            let Some(wanted) = first.get(at).or(rest) else { return true };
            let rules: Vec<usize> = tests
                .iter()
                .filter_map(|test| match test {
                    Test::Elements(first, rest) => first.get(at).or(rest.as_ref()).copied(),
                    _ => None,
                })
                .collect();
            self.rules(&rules, *wanted)
        })
    }

    fn members(&mut self, tests: &[&'s Test], wanted: &'s Members) -> bool {
        let of: Vec<&'s Members> = tests
            .iter()
            .filter_map(|test| match test {
                Test::Members(members) => Some(members),
                _ => None,
            })
            .collect();
        // Which names a pattern means is not looked into: the same ones must be said on both sides.
        let told = |members: &Members| {
            members.patterns.iter().map(|(pattern, _)| pattern.clone()).collect::<Vec<String>>()
        };
        if of.iter().any(|one| told(one) != told(wanted))
            || (of.is_empty() && !wanted.patterns.is_empty())
        {
            return false;
        }
        let names =
            of.iter().copied().chain([wanted]).flat_map(|one| &one.named).map(|(name, _)| name);
        let names: HashSet<&String> = names.collect();
        let mut names: Vec<&String> = names.into_iter().collect();
        names.sort();
        let rule = |members: &Members, name: &str| by_name(members, name).or(members.rest);
        names.into_iter().all(|name| {
            let Some(wanted) = rule(wanted, name) else { return true };
            let rules: Vec<usize> = of.iter().filter_map(|one| rule(one, name)).collect();
            self.rules(&rules, wanted)
        }) && wanted.rest.is_none_or(|wanted| {
            let rules: Vec<usize> = of.iter().filter_map(|one| one.rest).collect();
            self.rules(&rules, wanted)
        }) && wanted.patterns.iter().enumerate().all(|(at, (_, wanted))| {
            let rules = of.iter().filter_map(|one| Some(one.patterns.get(at)?.1));
            self.rules(&rules.collect::<Vec<usize>>(), *wanted)
        })
    }
}

const NUMBERS: Kinds = Kinds(Kinds::WHOLE.0 | Kinds::FRACTION.0);
const ALL: Kinds = Kinds(127);

/// The kinds that values can have for which all of the tests hold.
pub(super) fn kinds(tests: &[&Test]) -> Kinds {
    let all = tests.iter().filter_map(|test| match test {
        Test::Kinds(kinds) => Some(*kinds),
        Test::Never => Some(Kinds::default()),
        _ => None,
    });
    all.fold(ALL, |all, one| Kinds(all.0 & one.0))
}

fn by_name(members: &Members, name: &str) -> Option<usize> {
    members.named.iter().find(|(other, _)| other == name).map(|(_, rule)| *rule)
}

/// Whether one test about a value, not about its parts, makes the other hold.
fn implies(one: &Test, wanted: &Test) -> bool {
    let inside = |(min, max): (&u64, &Option<u64>), (least, most): (&u64, &Option<u64>)| {
        min >= least && most.is_none_or(|most| max.is_some_and(|max| max <= most))
    };
    match (one, wanted) {
        (Test::Least(have), Test::Least(want)) => beyond_or_at(have, want, false),
        (Test::Most(have), Test::Most(want)) => beyond_or_at(have, want, true),
        (Test::Multiple(have), Test::Multiple(want)) => is_multiple(have, want),
        (Test::Length(a, b), Test::Length(c, d))
        | (Test::Count(a, b), Test::Count(c, d))
        | (Test::Size(a, b), Test::Size(c, d)) => inside((a, b), (c, d)),
        (Test::Pattern(have), Test::Pattern(want)) => {
            let tables =
                pattern::table(&anywhere(have)).ok().zip(pattern::table(&anywhere(want)).ok());
            have == want || tables.is_some_and(|(have, want)| pattern::is_within(&have, &want))
        }
        (Test::Unique, Test::Unique) => true,
        (Test::Required(have), Test::Required(want)) => want.iter().all(|name| have.contains(name)),
        (Test::Needs(a, have), Test::Needs(b, want)) => {
            a == b && want.iter().all(|name| have.contains(name))
        }
        (Test::Required(have), Test::Needs(_, want)) => want.iter().all(|name| have.contains(name)),
        _ => false,
    }
}
