//! Conditions: comparisons of what is in scope.

use super::nodes::Allow;
use super::scope::{Found, Lower, is_null, position};
use crate::analyse::values;
use crate::contract::endpoint::ParamKind;
use crate::contract::types::{Const, Kind, Number, NumberKind, Rest, Rule, Scalar};
use crate::contract::work::{Comparison, Cond, Operand, Parent};
use crate::diagnostic::{Code, Diagnostic};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{CompareOp, Ref, Value, ValueKind};

impl Lower<'_, '_> {
    /// Whether something holds, or nothing and a finding.
    pub(crate) fn condition(&mut self, value: &Value) -> Option<Cond> {
        let ValueKind::Compare(left, op, right) = &value.kind else {
            return self.compared(value, Some(&boolean())).map(Cond::Is);
        };
        let equal = matches!(op, CompareOp::Equal);
        let ordering = !matches!(op, CompareOp::Equal | CompareOp::NotEqual);
        match (is_null(left), is_null(right)) {
            (true, true) => return Some(Cond::Null(Operand::Const(Const::Null), equal)),
            (true, false) | (false, true) if !ordering => {
                let other = if is_null(left) { right } else { left };
                return self.presence(other).map(|operand| Cond::Null(operand, equal));
            }
            _ => {}
        }
        if ordering || self.is_number(left) || self.is_number(right) {
            let number = number();
            let left = self.compared(left, Some(&number));
            let right = self.compared(right, Some(&number));
            return Some(Cond::Numbers(left?, comparison(*op), right?));
        }
        self.known_value(left, right)?;
        self.known_value(right, left)?;
        self.no_bare_value(left, right)?;
        self.no_bare_value(right, left)?;
        let rule = self.rule_of(left).or_else(|| self.rule_of(right));
        let left = self.compared(left, rule.as_ref());
        let right = self.compared(right, rule.as_ref());
        Some(Cond::Same(left?, right?, equal))
    }

    /// Refuses a text that no value of the enum on the other side is. Values are compared as they
    /// are on the wire.
    fn known_value(&mut self, text: &Value, other: &Value) -> Option<()> {
        let (ValueKind::Template(parts), ValueKind::Ref(reference)) = (&text.kind, &other.kind)
        else {
            return Some(());
        };
        let (Some(word), Some(Rule::Enum(values))) =
            (values::plain_text(parts), self.scalar_at(reference).map(|scalar| scalar.rule))
        else {
            return Some(());
        };
        let is_value = values.values.iter().any(|(_, wire)| *wire == word);
        let other = match &values.rest {
            Rest::Open => true,
            Rest::Becomes(other) => *other == word,
            Rest::Closed => false,
        };
        if is_value || other {
            return Some(());
        }
        let message = format!("`{}` is never \"{word}\"", self.written_as(reference));
        let diagnostic = Diagnostic::new(Code::TypeMismatch, text.span, message);
        let named = values.values.iter().find(|(name, _)| *name == word);
        let texts = values.values.iter().map(|(_, wire)| format!("\"{wire}\""));
        let texts: Vec<String> = texts.take(8).collect();
        self.refuse(match named {
            Some((name, wire)) => diagnostic
                .label(format!("the value `{name}` is \"{wire}\" on the wire"))
                .fix(format!("write \"{wire}\""), text.span, format!("\"{wire}\"")),
            None => diagnostic
                .label("the enum has no such value")
                .help(format!("it is one of {}", texts.join(", "))),
        });
        None
    }

    /// Refuses the name of a value where a text is wanted: `order.status == paid`.
    fn no_bare_value(&mut self, name: &Value, other: &Value) -> Option<()> {
        let (ValueKind::Ref(bare), ValueKind::Ref(reference)) = (&name.kind, &other.kind) else {
            return Some(());
        };
        let [step] = bare.steps.as_slice() else { return Some(()) };
        let word = step.name.text.as_str();
        let known = |(names, _): (Vec<&str>, _)| names.contains(&word);
        if bare.of_element || self.in_scope().into_iter().any(known) {
            return Some(());
        }
        let Some(Rule::Enum(values)) = self.scalar_at(reference).map(|scalar| scalar.rule) else {
            return Some(());
        };
        let Some((_, wire)) = values.values.iter().find(|(name, _)| name == word) else {
            return Some(());
        };
        let text = serde_json::Value::from(wire.as_str()).to_string();
        let message = format!("there is nothing called `{word}` here");
        self.refuse(
            Diagnostic::new(Code::UnknownName, name.span, message)
                .label("a value of an enum is compared as the text that it is in JSON")
                .fix(format!("write {text}"), name.span, text),
        );
        None
    }

    fn written_as(&self, reference: &Ref) -> String {
        let steps = reference.steps.iter().map(|step| step.name.text.as_str());
        steps.collect::<Vec<_>>().join(".")
    }

    /// The scalar that is declared of a parameter, or at a field of the body or of a typed result.
    fn scalar_at(&self, reference: &Ref) -> Option<Scalar> {
        if let [step] = reference.steps.as_slice() {
            let params = &self.context.request.params;
            let param = params.iter().find(|param| param.name == step.name.text)?;
            return match &param.kind {
                ParamKind::One(scalar) => Some(scalar.clone()),
                ParamKind::Many(..) => None,
            };
        }
        self.declared_at(reference)
    }

    fn is_number(&self, value: &Value) -> bool {
        matches!(self.rule_of(value), Some(Scalar { rule: Rule::Number(_), .. }))
    }

    /// What is known of a side before it is read.
    fn rule_of(&self, value: &Value) -> Option<Scalar> {
        let plain = |rule| Some(Scalar { name: None, rule });
        match &value.kind {
            ValueKind::Number(_) => Some(number()),
            ValueKind::Template(_) => plain(Rule::Text(Default::default())),
            ValueKind::Env(env) => self.context.variables.borrow().declared(&env.name.text),
            ValueKind::Ref(reference) => {
                let [step] = reference.steps.as_slice() else {
                    return self.declared_at(reference).and_then(|scalar| plain(kind_of(&scalar)));
                };
                if matches!(step.name.text.as_str(), "true" | "false") {
                    return Some(boolean());
                }
                let params = &self.context.request.params;
                let param = params.iter().find(|param| param.name == step.name.text)?;
                match &param.kind {
                    ParamKind::One(scalar) => plain(kind_of(scalar)),
                    ParamKind::Many(..) => None,
                }
            }
            _ => None,
        }
    }

    /// The scalar that is declared at a field of the body or of a typed result.
    fn declared_at(&self, reference: &Ref) -> Option<Scalar> {
        let (first, rest) = reference.steps.split_first()?;
        if reference.of_element || first.index.is_some() {
            return None;
        }
        let word = &first.name.text;
        let body = self.context.request.body.as_ref().filter(|(_, name)| name == word);
        let call = self.calls.iter().position(|(call, _)| call.name.text == *word);
        let mut ty = match (body, call) {
            (Some((body, _)), _) => &body.ty,
            (None, Some(call)) => self.written(call)?.result?.0,
            (None, None) => {
                let known = &self.context.request.known;
                &known.iter().find(|known| known.name == *word)?.ty
            }
        };
        for step in rest {
            let Kind::Record(record) = &ty.kind else { return None };
            let record = self.context.types.record(*record);
            let at = position(record, &step.name.text, self.origin)?;
            ty = &record.fields.get(at).filter(|_| step.index.is_none())?.ty;
        }
        match &ty.kind {
            Kind::Scalar(scalar) => Some(scalar.clone()),
            _ => None,
        }
    }

    /// One side of a comparison. What can be missing by declaration makes it false.
    fn compared(&mut self, value: &Value, rule: Option<&Scalar>) -> Option<Operand> {
        if let ValueKind::Env(env) = &value.kind {
            return self.environment(env, rule);
        }
        let ValueKind::Ref(reference) = &value.kind else {
            let operand = self.operand(value, Allow::NOTHING)?;
            return self.comparable(operand, rule, value.span);
        };
        match self.find(reference)? {
            Found::Node(node, None) if reference.projection.is_none() => {
                let optional = match self.nodes.root_of(node) {
                    Parent::Call(call) if !self.nodes.is_result(node) => self.can_be_null(*call),
                    _ => self.nodes.declared(node).is_some(),
                };
                let allow = if optional { Allow::BOTH } else { Allow::NOTHING };
                // Without it the comparison would not hold in silence, whichever answer is given.
                let firm = self.nodes.firmly(true);
                let reached = self.reach(node, allow, reference.span);
                self.nodes.firmly(firm);
                reached?;
                self.compared_node(node, rule, reference)?;
                Some(Operand::Node(node))
            }
            Found::Param(index) => self.compared_param(index, rule, reference),
            Found::Item(index) => {
                let param = self.context.request.params.get(index)?;
                let (ParamKind::One(have) | ParamKind::Many(have, _)) = &param.kind;
                match rule {
                    Some(rule) if kind_of(rule) != kind_of(have) => {
                        let diagnostic = Diagnostic::new(
                            Code::TypeMismatch,
                            reference.span,
                            "this element cannot be compared with that",
                        );
                        self.refuse(diagnostic.label("the two sides have different types"));
                        None
                    }
                    _ => Some(Operand::Item(index)),
                }
            }
            Found::Const(constant) => {
                self.comparable(Operand::Const(constant), rule, reference.span)
            }
            _ => {
                self.refuse(
                    Diagnostic::new(
                        Code::TypeMismatch,
                        reference.span,
                        "only single values can be compared",
                    )
                    .label("this is a list"),
                );
                None
            }
        }
    }

    /// Refuses a constant of another type than the other side has.
    fn comparable(
        &mut self,
        operand: Operand,
        rule: Option<&Scalar>,
        span: Span,
    ) -> Option<Operand> {
        let fine = match (&operand, rule.map(|rule| &rule.rule)) {
            (Operand::Const(constant), Some(rule)) => matches!(
                (constant, rule),
                (Const::Text(_), Rule::Text(_) | Rule::Enum(_))
                    | (Const::Number(_), Rule::Number(_))
                    | (Const::Bool(_), Rule::Bool)
            ),
            _ => true,
        };
        if fine {
            return Some(operand);
        }
        self.refuse(
            Diagnostic::new(
                Code::TypeMismatch,
                span,
                "this cannot be compared with the other side",
            )
            .label("the two sides have different types"),
        );
        None
    }

    fn compared_node(
        &mut self,
        node: crate::contract::NodeId,
        rule: Option<&Scalar>,
        reference: &Ref,
    ) -> Option<()> {
        let declared = self.nodes.declared(node).map(|ty| ty.kind.clone());
        let asked = match declared {
            Some(Kind::Scalar(scalar)) => {
                let same = rule.is_none_or(|rule| {
                    matches!(
                        (&rule.rule, scalar.rule.plain()),
                        (Rule::Number(_), Rule::Number(_))
                            | (Rule::Bool, Rule::Bool)
                            | (Rule::Text(_), Rule::Text(_) | Rule::Enum(_))
                    )
                });
                if same { Ok(()) } else { self.nodes.scalar(node, rule, reference.span) }
            }
            _ => self.nodes.scalar(node, rule, reference.span),
        };
        self.fits(asked, reference.span)
    }

    fn compared_param(
        &mut self,
        index: usize,
        rule: Option<&Scalar>,
        reference: &Ref,
    ) -> Option<Operand> {
        let param = self.context.request.params.get(index)?;
        let fine = match (&param.kind, rule.map(|rule| &rule.rule)) {
            (ParamKind::Many(..), _) => false,
            (ParamKind::One(_), None) => true,
            (ParamKind::One(scalar), Some(rule)) => matches!(
                (rule, &scalar.rule),
                (Rule::Number(_), Rule::Number(_))
                    | (Rule::Bool, Rule::Bool)
                    | (Rule::Text(_), Rule::Text(_) | Rule::Enum(_))
            ),
        };
        if fine {
            return Some(Operand::Param(index));
        }
        let message = format!("`{}` cannot be compared with this", param.name);
        let declared = param.span;
        self.refuse(
            Diagnostic::new(Code::TypeMismatch, reference.span, message)
                .label("the two sides have different types")
                .see(declared, "declared here"),
        );
        None
    }

    /// A side of `… == null`: whatever it is, it may be missing.
    fn presence(&mut self, value: &Value) -> Option<Operand> {
        let ValueKind::Ref(reference) = &value.kind else {
            return self.operand(value, Allow::BOTH);
        };
        match self.find(reference)? {
            Found::Node(node, None) => {
                self.reach(node, Allow::BOTH, reference.span)?;
                Some(Operand::Node(node))
            }
            Found::Param(index) => Some(Operand::Param(index)),
            Found::Item(index) => Some(Operand::Item(index)),
            Found::Const(constant) => Some(Operand::Const(constant)),
            _ => self.operand(value, Allow::BOTH),
        }
    }
}

/// What a scalar is, its bounds aside.
fn kind_of(scalar: &Scalar) -> Rule {
    match scalar.rule.plain() {
        Rule::Number(_) => number().rule,
        Rule::Bool => Rule::Bool,
        Rule::Text(_) | Rule::Enum(_) | Rule::AsText(_) => Rule::Text(Default::default()),
    }
}

fn number() -> Scalar {
    Scalar {
        name: None,
        rule: Rule::Number(Number { kind: NumberKind::Number, min: None, max: None }),
    }
}

fn boolean() -> Scalar {
    Scalar { name: None, rule: Rule::Bool }
}

fn comparison(op: CompareOp) -> Comparison {
    match op {
        CompareOp::Equal => Comparison::Equal,
        CompareOp::NotEqual => Comparison::NotEqual,
        CompareOp::AtLeast => Comparison::AtLeast,
        CompareOp::AtMost => Comparison::AtMost,
        CompareOp::Greater => Comparison::Greater,
        CompareOp::Less => Comparison::Less,
    }
}

#[cfg(test)]
mod tests {
    use crate::contract::work::Cond;
    use crate::testing::{endpoint, in_endpoint};

    fn condition(text: &str) -> Cond {
        let endpoint = endpoint(&format!(
            "GET /x/{{id: text}} -> {{ x: text }} {{
               public
               query size?: int
               query flag: bool = true
               a = one GET /a else null
               b = one GET /b when {text} else {{ x: \"\" }}
               return {{ x: b.x }}
             }}"
        ));
        let call = endpoint.work.calls.iter().find(|call| call.name == "b").cloned();
        call.and_then(|call| call.when).expect("a condition")
    }

    #[test]
    fn numbers_texts_and_null_are_compared_each_in_its_way() {
        assert!(matches!(condition("size > 1"), Cond::Numbers(..)));
        assert!(matches!(condition("a.size == 1"), Cond::Numbers(..)));
        assert!(matches!(condition("a.size >= size"), Cond::Numbers(..)));
        assert!(matches!(condition("a.name == \"x\""), Cond::Same(_, _, true)));
        assert!(matches!(condition("a.name != id"), Cond::Same(_, _, false)));
        assert!(matches!(condition("flag == true"), Cond::Same(_, _, true)));
        assert!(matches!(condition("a != null"), Cond::Null(_, false)));
        assert!(matches!(condition("null == a.name"), Cond::Null(_, true)));
        assert!(matches!(condition("flag"), Cond::Is(_)));
    }

    #[test]
    fn a_text_is_compared_with_what_an_enum_is_on_the_wire() {
        let found = |text: &str| {
            let text = format!(
                "enum Status {{ paid = \"PAID\" open = \"O\" else unknown }}\n\
                 GET /x -> {{ x: bool }} {{ public, query s: Status, return {{ x: s == {text} }} }}"
            );
            in_endpoint(&text)
        };
        assert!(found("\"PAID\"").is_empty() && found("\"unknown\"").is_empty());
        for wrong in ["\"paid\"", "\"other\"", "\"\""] {
            let found = found(wrong);
            assert!(found.iter().any(|one| one.starts_with("type-mismatch")), "{wrong}: {found:?}");
        }
        let open =
            "GET /x -> { x: bool } { public, query s: enum { a b ... }, return { x: s == \"c\" } }";
        assert!(in_endpoint(open).is_empty());
    }

    #[test]
    fn the_name_of_a_value_is_no_text() {
        let found = |text: &str| {
            let text = format!(
                "enum Status {{ paid = \"PAID\" open closed = \"C\" }}\n\
                 GET /x/{{open: text}} -> {{ x: bool }} {{
                    public, query s: Status, return {{ x: {text} }} }}"
            );
            in_endpoint(&text)
        };
        for wrong in ["s == paid", "closed != s"] {
            let found = found(wrong);
            assert!(matches!(&*found, [one] if one.starts_with("unknown-name")), "{found:?}");
        }
        assert!(found("s == open").is_empty(), "a name in scope is what it is there");
    }

    #[test]
    fn sides_of_different_types_are_refused() {
        for text in ["id > 1", "flag == \"x\"", "size == \"x\"", "id == true"] {
            let found = in_endpoint(&format!(
                "GET /x/{{id: text}} -> {{ x: text }} {{
                   public
                   query size: int = 1
                   query flag: bool = true
                   b = one GET /b/{{size}}/{{flag}} when {text} else {{ x: \"\" }}
                   return {{ x: b.x }}
                 }}"
            ));
            assert!(found.iter().any(|one| one.starts_with("type-mismatch")), "{text}: {found:?}");
        }
    }
}
