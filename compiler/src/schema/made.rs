//! A value that a schema accepts.

use super::accept::{accepts, kind, same, takes};
use super::compare::kinds;
use super::read::anywhere;
use crate::contract::schema::{Kinds, Members, Schema, Test};
use crate::contract::types::{Const, Limit};
use crate::pattern;

/// How deep values are made. What a schema asks for beyond is not made.
const DEEPEST: usize = 12;

/// How many parts are tried in all.
const MOST: usize = 2_000;

/// A value that `schema` accepts, if one is found: it is looked at by the schema itself.
pub(crate) fn example(schema: &Schema) -> Option<Const> {
    let mut maker = Maker { schema, room: MOST };
    maker.some(&[schema.root], (0, &[]))
}

/// A value that `a` accepts and `b` refuses, if one is found.
pub(crate) fn outside(a: &Schema, b: &Schema) -> Option<Const> {
    let mut maker = Maker { schema: a, room: MOST };
    let mut values = vec![Const::Null, Const::List(Vec::new()), Const::Record(Vec::new())];
    values.extend(maker.several(a.root));
    // What is accepted may stand at a bound that only the other one has.
    values.extend(Maker { schema: b, room: MOST }.several(b.root));
    values.into_iter().find(|value| accepts(a, value).is_ok() && accepts(b, value).is_err())
}

struct Maker<'s> {
    schema: &'s Schema,
    room: usize,
}

impl<'s> Maker<'s> {
    /// A value that all of the rules accept, and that is none of `others`.
    fn some(&mut self, rules: &[usize], (depth, others): (usize, &[Const])) -> Option<Const> {
        self.room = self.room.checked_sub(1)?;
        if depth > DEEPEST {
            return None;
        }
        let mut choices = self.choices(rules);
        choices.truncate(16);
        choices.into_iter().find_map(|rules| {
            let tests = self.schema.tests(&rules);
            let candidates = self.candidates(&tests, depth);
            candidates.into_iter().find(|value| {
                let fits = rules.iter().all(|rule| takes(self.schema, *rule, value));
                fits && !others.iter().any(|other| same(other, value))
            })
        })
    }

    /// Values that may be as a rule says; of records also those with one member more.
    fn several(&mut self, rule: usize) -> Vec<Const> {
        let mut found = Vec::new();
        for rules in self.choices(&[rule]) {
            let tests = self.schema.tests(&rules);
            let plain = self.candidates(&tests, 0);
            for test in &tests {
                let Test::Members(members) = test else { continue };
                for (name, rule) in &members.named {
                    let inner = self.schema.tests(&[*rule]);
                    for value in self.candidates(&inner, 1).into_iter().chain([Const::Null]) {
                        found.extend(plain.iter().filter_map(|base| with(base, name, &value)));
                    }
                }
            }
            found.extend(plain);
        }
        found
    }

    /// The rules, each time with another of what they allow to choose from.
    fn choices(&self, rules: &[usize]) -> Vec<Vec<usize>> {
        let mut found = vec![rules.to_vec()];
        for test in self.schema.tests(rules) {
            let options: Vec<usize> = match test {
                Test::Any(all) | Test::One(all) => all.clone(),
                Test::If(test, then, _) => std::iter::once(*test).chain(*then).take(2).collect(),
                _ => continue,
            };
            let more = found.iter().flat_map(|rules| {
                options.iter().map(move |one| rules.iter().copied().chain([*one]).collect())
            });
            found = more.take(64).collect();
        }
        found.push(rules.to_vec());
        found
    }

    fn candidates(&mut self, tests: &[&'s Test], depth: usize) -> Vec<Const> {
        let told = tests.iter().find_map(|test| match test {
            Test::OneOf(values) => Some(values),
            _ => None,
        });
        if let Some(values) = told {
            return values.clone();
        }
        let kinds = kinds(tests);
        let mut found = Vec::new();
        let about = |kind: Kinds| kinds.0 & kind.0 != 0;
        if about(Kinds::RECORD) {
            found.extend(self.record(tests, depth));
        }
        if about(Kinds::LIST) {
            found.extend(self.list(tests, depth));
        }
        if about(Kinds::TEXT) {
            found.extend(texts(tests));
        }
        if about(Kinds::WHOLE) || about(Kinds::FRACTION) {
            found.extend(numbers(tests));
        }
        found.extend([Const::Bool(true), Const::Bool(false), Const::Null]);
        found.retain(|value| about(kind(value)));
        found
    }

    /// The least record: what is required, and what that needs.
    fn record(&mut self, tests: &[&'s Test], depth: usize) -> Option<Const> {
        let mut names: Vec<&String> = Vec::new();
        let mut least = 0;
        for test in tests {
            match test {
                Test::Required(more) => names.extend(more),
                Test::Size(min, _) => {
                    least = least.max(usize::try_from(*min).unwrap_or(usize::MAX));
                }
                _ => {}
            }
        }
        let of: Vec<&'s Members> = tests
            .iter()
            .filter_map(|test| match test {
                Test::Members(members) => Some(members),
                _ => None,
            })
            .collect();
        let optional = of.iter().flat_map(|members| &members.named).map(|(name, _)| name);
        names.extend(optional.take(least.saturating_sub(names.len())));
        for at in 0..names.len() {
            for test in tests {
                if let (Test::Needs(when, more), Some(name)) = (test, names.get(at))
                    && when == *name
                {
                    names.extend(more);
                }
            }
        }
        let mut members: Vec<(String, Const)> = Vec::new();
        for name in names {
            if members.iter().any(|(other, _)| other == name) {
                continue;
            }
            let rules: Vec<usize> =
                of.iter().flat_map(|members| of_member(members, name)).collect();
            members.push((name.clone(), self.some(&rules, (depth + 1, &[]))?));
        }
        Some(Const::Record(members))
    }

    fn list(&mut self, tests: &[&'s Test], depth: usize) -> Option<Const> {
        let least = tests.iter().map(|test| match test {
            Test::Count(min, _) | Test::Contains(_, min, _) => {
                usize::try_from(*min).unwrap_or(usize::MAX)
            }
            _ => 0,
        });
        let least = least.max().unwrap_or(0);
        if least > 64 {
            return None;
        }
        let unique = tests.contains(&&Test::Unique);
        let mut items: Vec<Const> = Vec::new();
        for at in 0..least {
            let rules = tests.iter().filter_map(|test| match test {
                Test::Elements(first, rest) => first.get(at).or(rest.as_ref()).copied(),
                Test::Contains(rule, min, _) if (at as u64) < *min => Some(*rule),
                _ => None,
            });
            let others = if unique { items.as_slice() } else { &[] };
            let item = self.some(&rules.collect::<Vec<usize>>(), (depth + 1, others))?;
            items.push(item);
        }
        Some(Const::List(items))
    }
}

/// A record with another member, in the place of one of the same name.
fn with(base: &Const, name: &str, value: &Const) -> Option<Const> {
    let Const::Record(members) = base else { return None };
    let others = members.iter().filter(|(other, _)| other != name).cloned();
    Some(Const::Record(others.chain([(name.to_owned(), value.clone())]).collect()))
}

fn of_member(members: &Members, name: &str) -> Vec<usize> {
    let named = members.named.iter().filter(|(other, _)| other == name).map(|(_, rule)| *rule);
    let matching = members.patterns.iter().filter(|(pattern, _)| {
        pattern::table(&anywhere(pattern)).is_ok_and(|table| table.matches(name))
    });
    let all: Vec<usize> = named.chain(matching.map(|(_, rule)| *rule)).collect();
    if all.is_empty() { members.rest.into_iter().collect() } else { all }
}

fn texts(tests: &[&Test]) -> Vec<Const> {
    let (mut least, mut most) = (0, None);
    let mut found: Vec<String> = vec!["text".into()];
    for test in tests {
        match test {
            Test::Length(min, max) => {
                least = least.max(usize::try_from(*min).unwrap_or(usize::MAX).min(10_000));
                most = most.into_iter().chain(*max).min();
            }
            Test::Pattern(pattern) => {
                let whole = pattern::table(&format!("(?:{pattern})")).ok();
                let part = pattern::table(&anywhere(pattern)).ok();
                found.extend(
                    [whole, part]
                        .into_iter()
                        .flatten()
                        .filter_map(|table| pattern::shortest(&table)),
                );
            }
            _ => {}
        }
    }
    let cut = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    found.push("x".repeat(least.min(cut)));
    found.push("text".chars().take(cut).collect());
    let padded: Vec<String> = found.iter().map(|one| format!("{one:x<least$}")).collect();
    found.into_iter().chain(padded).map(Const::Text).collect()
}

fn numbers(tests: &[&Test]) -> Vec<Const> {
    let mut found: Vec<String> = ["1", "0", "0.5"].map(str::to_owned).into();
    for test in tests {
        let (Test::Least(limit) | Test::Most(limit) | Test::Multiple(limit)) = test else {
            continue;
        };
        let own = super::read::digits(limit);
        let one = 10_i128.checked_pow(limit.scale).unwrap_or(1);
        let beside = [limit.digits.checked_add(one), limit.digits.checked_sub(one)];
        let beside = beside.into_iter().flatten();
        found.extend(beside.map(|digits| super::read::digits(&Limit { digits, ..*limit })));
        let whole = limit.digits.div_euclid(one);
        found.extend([whole, whole.saturating_add(1)].map(|whole| whole.to_string()));
        found.insert(0, own);
    }
    let multiples = tests.iter().filter_map(|test| match test {
        Test::Multiple(limit) => Some(limit),
        _ => None,
    });
    let least = tests.iter().find_map(|test| match test {
        Test::Least(limit) => Some(limit),
        _ => None,
    });
    for (step, least) in multiples.zip(least) {
        let scale = step.scale.max(least.scale);
        let lift = |one: &Limit| 10_i128.checked_pow(scale - one.scale)?.checked_mul(one.digits);
        if let Some((step, least)) = lift(step).zip(lift(least)) {
            for times in [least.div_euclid(step), least.div_euclid(step) + 1] {
                let digits = times.checked_mul(step);
                found.extend(
                    digits.map(|digits| {
                        super::read::digits(&Limit { digits, scale, inclusive: true })
                    }),
                );
            }
        }
    }
    found.into_iter().map(Const::Number).collect()
}
