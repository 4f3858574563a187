//! Rules that the endpoints of a version share: each distinct one is a static.

mod forms;

use super::{FormPlan, Names, RuleKind, RulePlan};
use crate::analyse::values::{rule_spelling, scalar_accepts};
use crate::analyse::work::{Fit, fit};
use crate::contract::endpoint::Shape;
use crate::contract::schema::Schema;
use crate::contract::types::{
    Const, Enumeration, Number, NumberKind, Rest, Rule, Scalar, Text, Types,
};
use crate::contract::work::Form;
use std::cmp::Ordering;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// The rules of a version, in order of first use.
#[derive(Debug)]
pub(crate) struct Rules<'t> {
    types: &'t Types,
    list: Vec<RulePlan>,
    /// Rules by their spelling, so that large contracts are not searched one by one.
    index: HashMap<String, Vec<usize>>,
    statics: Names,
    readers: Names,
    /// Tables of declared types.
    forms: Vec<FormPlan>,
    /// Tables by what they read and write.
    form_index: HashMap<String, usize>,
    /// Places of tables that are still to be filled.
    unfilled: VecDeque<(usize, Form)>,
}

impl<'t> Rules<'t> {
    /// No rules yet, of a version with these types.
    pub(crate) fn new(types: &'t Types) -> Self {
        Self {
            types,
            list: Vec::new(),
            index: HashMap::new(),
            statics: Names::default(),
            readers: Names::default(),
            forms: Vec::new(),
            form_index: HashMap::new(),
            unfilled: VecDeque::new(),
        }
    }

    /// The static of the rule of a scalar.
    pub(crate) fn scalar(&mut self, scalar: &Scalar) -> String {
        self.all(std::slice::from_ref(scalar)).0
    }

    /// The reader of values that keep all of `scalars`.
    pub(crate) fn reader(&mut self, scalars: &[Scalar]) -> String {
        let (ident, reader) = self.all(scalars);
        if let Some(rule) = self.list.iter_mut().find(|rule| rule.ident == ident) {
            rule.read = true;
        }
        reader
    }

    fn all(&mut self, scalars: &[Scalar]) -> (String, String) {
        let Some((first, rest)) = scalars.split_first() else {
            return (String::new(), String::new());
        };
        let rule = rest.iter().fold(first.rule.clone(), |rule, other| both(&rule, &other.rule));
        let name = scalars.iter().find_map(|scalar| scalar.name.clone());
        if let Rule::AsText(inner) = &rule
            && let Rule::Number(_) = **inner
        {
            self.scalar(&Scalar { name: None, rule: (**inner).clone() });
        }
        let spelling = rule_spelling(&rule);
        let wanted = name.unwrap_or_else(|| spelling.clone());
        let plan = self.add(RuleKind::Scalar(rule), &wanted, &spelling);
        (plan.0, plan.1)
    }

    /// The static of the rule of a list.
    pub(crate) fn list(&mut self, kind: RuleKind) -> String {
        let RuleKind::List { min, max, unique, keep } = kind else { return String::new() };
        let max_text = max.map(|max| max.to_string()).unwrap_or_default();
        let unique_text = if unique { " unique" } else { "" };
        let keep_text = keep.map(|keep| format!(" first {keep}")).unwrap_or_default();
        let wanted = format!("list {min} {max_text}{unique_text}{keep_text}");
        let expected = match (min, max) {
            (0, None) => "a list".to_owned(),
            (0, Some(max)) => format!("a list of at most {max} elements"),
            (min, None) => format!("a list of at least {min} elements"),
            (min, Some(max)) if min == max => format!("a list of {min} elements"),
            (min, Some(max)) => format!("a list of {min} to {max} elements"),
        };
        let expected = if unique { expected + ", no two of them equal" } else { expected };
        self.add(RuleKind::List { min, max, unique, keep }, &wanted, &expected).0
    }

    /// The static of a schema.
    pub(crate) fn schema(&mut self, schema: &Arc<Schema>) -> String {
        self.add(RuleKind::Schema(Arc::clone(schema)), &schema.name, &schema.text).0
    }

    /// The static of what a segment looks like.
    pub(crate) fn shape(&mut self, shape: &Shape) -> String {
        let values: Vec<String> =
            shape.between.iter().map(|_| "{}".into()).chain(["{}".into()]).collect();
        let spelling = shape.join(&values);
        let wanted = format!("segment {spelling}");
        self.add(RuleKind::Shape(shape.clone()), &wanted, &spelling).0
    }

    fn add(&mut self, kind: RuleKind, wanted: &str, expected: &str) -> (String, String) {
        let same = self.index.entry(expected.to_owned()).or_default();
        let found = same.iter().filter_map(|at| self.list.get(*at)).find(|old| old.kind == kind);
        if let Some(old) = found {
            return (old.ident.clone(), old.reader.clone());
        }
        same.push(self.list.len());
        let ident = self.statics.constant(wanted);
        let reader = self.readers.local(wanted);
        let expected = expected.to_owned();
        let (name, read) = (reader.clone(), false);
        self.list.push(RulePlan { ident: ident.clone(), reader: name, expected, kind, read });
        (ident, reader)
    }

    /// The rules and tables.
    pub(crate) fn into_lists(self) -> (Vec<RulePlan>, Vec<FormPlan>) {
        (self.list, self.forms)
    }
}

/// The rule that a value keeps when it keeps both.
fn both(a: &Rule, b: &Rule) -> Rule {
    let scalar = |rule: &Rule| Scalar { name: None, rule: rule.clone() };
    if let (Rule::AsText(_), _) | (_, Rule::AsText(_)) = (a, b) {
        return Rule::AsText(Box::new(both(a.plain(), b.plain())));
    }
    if fit(&scalar(a), &scalar(b)) == Fit::Yes {
        return a.clone();
    }
    match (a, b) {
        (Rule::Text(a), Rule::Text(b)) => Rule::Text(Text {
            min: a.min.max(b.min),
            max: [a.max, b.max].into_iter().flatten().min(),
            pattern: a.pattern.clone().or_else(|| b.pattern.clone()),
            format: a.format.or(b.format),
        }),
        (Rule::Number(a), Rule::Number(b)) => Rule::Number(number(a, b)),
        (Rule::Enum(values), other) | (other, Rule::Enum(values)) => {
            let kept = values.values.iter().filter(|(_, wire)| {
                scalar_accepts(&scalar(other), &Const::Text(wire.clone())).is_ok()
            });
            let rest = match &values.rest {
                Rest::Becomes(text) => Rest::Becomes(text.clone()),
                Rest::Closed | Rest::Open => Rest::Closed,
            };
            Rule::Enum(Enumeration { values: kept.cloned().collect(), rest })
        }
        _ => b.clone(),
    }
}

fn number(a: &Number, b: &Number) -> Number {
    let kind = match (a.kind, b.kind) {
        (NumberKind::Decimal(p, s), NumberKind::Decimal(q, t)) => {
            let (whole, scale) = ((p - s).min(q - t), s.min(t));
            NumberKind::Decimal(whole + scale, scale)
        }
        (NumberKind::Int, _) | (_, NumberKind::Int) => NumberKind::Int,
        (NumberKind::Int64, _) | (_, NumberKind::Int64) => NumberKind::Int64,
        (decimal @ NumberKind::Decimal(..), _) | (_, decimal @ NumberKind::Decimal(..)) => decimal,
        (NumberKind::Number, NumberKind::Number) => NumberKind::Number,
    };
    let tighter = |a: Option<_>, b: Option<_>, wins: Ordering| match (a, b) {
        (Some(a), Some(b)) => {
            let order = crate::analyse::compare_bounds(&a, &b);
            Some(if order == wins { a } else { b })
        }
        (a, b) => a.or(b),
    };
    Number {
        kind,
        min: tighter(a.min, b.min, Ordering::Greater),
        max: tighter(a.max, b.max, Ordering::Less),
    }
}
