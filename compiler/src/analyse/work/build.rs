//! Values whose type is known: the answer, and the members of declared errors.

use super::compatible::{Fit, fit};
use super::elements::{self, Meant};
use super::nodes::Allow;
use super::scope::{Found, Guard, Lower};
use super::untyped::renamed;
use crate::analyse::values;
use crate::contract::endpoint::{ParamKind, Presence};
use crate::contract::types::{Const, Kind, ListBounds, Rule, Scalar, Type};
use crate::contract::work::{Build, NodeId, Operand, Parent};
use crate::diagnostic::{Code, Diagnostic};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{Object, Ref, Value, ValueKind};

/// What is taken of a value.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cut<'o> {
    /// `[..3]`: at most that many elements.
    pub(crate) first: Option<u64>,
    /// `{ label: .title, ... }`: what becomes of its parts.
    pub(crate) projection: Option<&'o Object>,
}

impl Lower<'_, '_> {
    /// A value of type `want`, or nothing and a finding.
    pub(crate) fn build(&mut self, value: &Value, want: &Type, allow: Allow) -> Option<Build> {
        if let Some(constant) = self.literal(value, want) {
            return self.constant(&constant, value.span, want);
        }
        // Anything is a `json`, so it may be made of anything that is in scope.
        let made = matches!(
            value.kind,
            ValueKind::Object(_)
                | ValueKind::Array(_)
                | ValueKind::Template(_)
                | ValueKind::Compare(..)
        );
        if made && matches!(want.kind, Kind::Json) {
            return self.any(value);
        }
        match &value.kind {
            ValueKind::Ref(reference) => self.reference(reference, want, allow),
            ValueKind::Template(_) => self.template(value, want),
            ValueKind::Object(object) => self.object(object, want, value.span),
            ValueKind::Array(items) => self.array(items, want, value.span),
            ValueKind::Compare(..) => {
                let Some(rule) = boolean(want) else {
                    let diagnostic = self.mismatch(value.span, "a comparison", want);
                    self.refuse(diagnostic);
                    return None;
                };
                let holds = self.condition(value).map(Build::Holds)?;
                Some(in_form(holds, rule))
            }
            ValueKind::Or(alternatives) => {
                let built: Vec<Option<Build>> =
                    alternatives.iter().map(|one| self.build(one, want, Allow::BOTH)).collect();
                built.into_iter().collect::<Option<Vec<_>>>().map(Build::Or)
            }
            ValueKind::Env(env) => match &want.kind {
                Kind::Scalar(wanted) => {
                    let copy = self.environment(env, Some(wanted)).map(Build::Copy)?;
                    Some(in_form(copy, wanted))
                }
                Kind::Json => self.environment(env, None).map(Build::Copy),
                Kind::Record(_)
                | Kind::List(..)
                | Kind::Map(_)
                | Kind::Union(_)
                | Kind::Foreign(_) => {
                    let diagnostic = self.mismatch(value.span, "a variable", want);
                    self.refuse(diagnostic);
                    None
                }
            },
            _ => {
                let diagnostic = self.mismatch(value.span, "something else", want);
                self.refuse(diagnostic);
                None
            }
        }
    }

    /// The constant that `value` writes, unless its word is a name in scope.
    fn literal(&self, value: &Value, want: &Type) -> Option<Const> {
        if let ValueKind::Ref(reference) = &value.kind
            && reference.steps.first().is_some_and(|step| self.is_name(&step.name.text))
        {
            return None;
        }
        // What an earlier version wrote knows fields by earlier names.
        let composed = matches!(value.kind, ValueKind::Object(_) | ValueKind::Array(_));
        if composed && renamed(want, self.origin, self.context.types) {
            return None;
        }
        // What holds records is built member by member: a rename reaches their names.
        if let (ValueKind::Object(_), Kind::Record(_) | Kind::Map(_) | Kind::Union(_))
        | (ValueKind::Array(_), Kind::List(..)) = (&value.kind, &want.kind)
        {
            return None;
        }
        values::constant(value, Some(want), self.context.types)
    }

    /// Whether `word` is a parameter or a call.
    pub(super) fn is_name(&self, word: &str) -> bool {
        let param = self.context.request.params.iter().any(|param| param.name == word);
        param || self.calls.iter().any(|(call, _)| call.name.text == word)
    }

    fn constant(&mut self, constant: &Const, span: Span, want: &Type) -> Option<Build> {
        let quoted = match &want.kind {
            Kind::Scalar(scalar) if is_as_text(scalar) => constant.plain().map(Const::Text),
            _ => None,
        };
        let constant = quoted.as_ref().unwrap_or(constant);
        match values::accepts(want, constant, self.context.types) {
            Ok(()) => Some(Build::Const(constant.clone())),
            Err(why) => {
                let wanted = values::spelling(want, self.context.types);
                self.refuse(
                    Diagnostic::new(
                        Code::TypeMismatch,
                        span,
                        format!("this is not {}", values::article(&wanted)),
                    )
                    .label(why)
                    .see(want.span, "declared here"),
                );
                None
            }
        }
    }

    fn reference(&mut self, reference: &Ref, want: &Type, allow: Allow) -> Option<Build> {
        let projection = reference.projection.as_ref();
        match self.find(reference)? {
            Found::Const(constant) => self.constant(&constant, reference.span, want),
            Found::Param(index) => {
                if let Some(object) = projection {
                    self.no_projection(object, "a parameter");
                    return None;
                }
                self.parameter(index, want, allow, reference.span)
            }
            Found::Item(index) => {
                if let Some(object) = projection {
                    self.no_projection(object, "a parameter");
                    return None;
                }
                self.item(index, want, reference.span)
            }
            Found::Node(node, first) => {
                self.reach(node, allow, reference.span)?;
                let built = self.project(node, Cut { first, projection }, want, reference.span);
                self.renames.behind(reference.span);
                built
            }
            found @ (Found::Each(..) | Found::EachOf(..)) => {
                let built = self.of_each(found, (want, allow), projection, reference.span);
                self.renames.behind(reference.span);
                built
            }
        }
    }

    /// A list of what is found in each element of a list, and of lists where there are several.
    fn of_each(
        &mut self,
        found: Found,
        (want, allow): (&Type, Allow),
        projection: Option<&Object>,
        span: Span,
    ) -> Option<Build> {
        let (list, first, inner) = match found {
            Found::Each(list, first, value) => (list, first, Found::Node(value, None)),
            Found::EachOf(list, first, inner) => (list, first, *inner),
            Found::Node(node, first) => {
                self.reach(node, allow, span)?;
                return self.project(node, Cut { first, projection }, want, span);
            }
            Found::Param(_) | Found::Item(_) | Found::Const(_) => return None,
        };
        self.reach(list, allow, span)?;
        let Kind::List(element, bounds) = &want.kind else {
            let diagnostic = self.mismatch(span, "a list", want);
            self.refuse(diagnostic);
            return None;
        };
        if bounds.unique {
            self.refuse(
                Diagnostic::new(Code::TypeMismatch, span, "what elements hold may be equal")
                    .label("no two may be equal here")
                    .see(want.span, "declared here")
                    .help("leave `unique` out, or take a list whose elements are these values"),
            );
            return None;
        }
        self.list_bounds(list, bounds, first, span)?;
        let inner_allow = Allow { absent: false, null: element.nullable };
        let element = self.of_each(inner, (element, inner_allow), projection, span)?;
        Some(Build::List { from: list, element: Box::new(element), first })
    }

    /// The element of a repeated parameter.
    fn item(&mut self, index: usize, want: &Type, span: Span) -> Option<Build> {
        let copy = Build::Copy(Operand::Item(index));
        let ParamKind::Many(have, _) = &self.context.request.params.get(index)?.kind else {
            return None;
        };
        let fits = match &want.kind {
            Kind::Json => Fit::Yes,
            Kind::Scalar(wanted) => fit(have, wanted),
            Kind::Record(_) | Kind::List(..) | Kind::Map(_) | Kind::Union(_) | Kind::Foreign(_) => {
                Fit::No
            }
        };
        match (fits, &want.kind) {
            (Fit::Yes, Kind::Scalar(wanted)) => Some(in_form(copy, wanted)),
            (Fit::Yes, _) => Some(copy),
            (Fit::Check, Kind::Scalar(wanted)) => Some(promised(copy, wanted)),
            _ => {
                let what = values::rule_spelling(&have.rule);
                let diagnostic = self.mismatch(span, &format!("`{what}`"), want);
                self.refuse(diagnostic);
                None
            }
        }
    }

    fn parameter(&mut self, index: usize, want: &Type, allow: Allow, span: Span) -> Option<Build> {
        let param = self.context.request.params.get(index)?;
        let guarded = self.guarded.contains(&Guard::Param(index));
        if param.presence == Presence::Optional
            && !(allow.absent || guarded)
            && matches!(param.kind, ParamKind::One(_))
        {
            if self.calling.is_some() {
                self.always(&Operand::Param(index), span)?;
            }
            self.refuse(
                Diagnostic::new(
                    Code::TypeMismatch,
                    span,
                    format!("`{}` may be absent", param.name),
                )
                .label("must be there in every answer")
                .see(param.span, "optional here")
                .help(format!("give a value that stands in: `{} or …`", param.name)),
            );
            return None;
        }
        let copy = Build::Copy(Operand::Param(index));
        let (have, wanted) = match (&param.kind, &want.kind) {
            (ParamKind::One(have), Kind::Scalar(wanted)) => (have, wanted),
            (ParamKind::Many(have, _), Kind::List(element, _)) => match &element.kind {
                Kind::Scalar(wanted) if fit(have, wanted) == Fit::Yes => {
                    return Some(in_form(copy, wanted));
                }
                _ => (have, have),
            },
            (ParamKind::One(_), Kind::Json) => return Some(copy),
            (have, _) => {
                let what = if matches!(have, ParamKind::Many(..)) { "a list" } else { "one value" };
                let diagnostic = self.mismatch(span, what, want);
                self.refuse(diagnostic);
                return None;
            }
        };
        match fit(have, wanted) {
            Fit::Yes if matches!(param.kind, ParamKind::One(_)) => Some(in_form(copy, wanted)),
            Fit::Check => Some(promised(copy, wanted)),
            _ => {
                let what = values::rule_spelling(&have.rule);
                let diagnostic = self.mismatch(span, &format!("`{what}`"), want);
                self.refuse(diagnostic);
                None
            }
        }
    }

    /// The value of `node` as a `want`: parts by name, extras left behind.
    pub(crate) fn project(
        &mut self,
        node: NodeId,
        cut: Cut<'_>,
        want: &Type,
        span: Span,
    ) -> Option<Build> {
        let Cut { first, projection } = cut;
        // The example of a record or a list has the answer's names, not the backend's.
        if matches!(want.kind, Kind::Scalar(_) | Kind::Json | Kind::Foreign(_)) {
            self.nodes.example(node, want.example.as_ref());
        }
        match &want.kind {
            Kind::Json => self.whole(node, None, span),
            Kind::Scalar(wanted) => {
                if let Some(object) = projection {
                    self.no_projection(object, "one value");
                    return None;
                }
                self.scalar(node, wanted, want, span)
            }
            Kind::Record(_) if projection.is_none() && self.is_whole(node, want) => {
                self.whole_as(node, want, span)
            }
            Kind::Map(_) | Kind::Union(_) | Kind::Foreign(_) => {
                if let Some(object) = projection {
                    self.no_parts(object, want);
                    return None;
                }
                self.whole_as(node, want, span)
            }
            Kind::Record(record) => {
                self.form(node, want, span)?;
                let asked = self.nodes.record(node, span);
                self.fits(asked, span)?;
                self.nodes.name(node, self.context.types.record(*record));
                let entries = projection.map(|object| object.entries.as_slice());
                self.elements.push(node);
                let members = self.members(*record, entries, Some(node), span);
                self.elements.pop();
                Some(Build::Record(Some(node), members?))
            }
            Kind::List(element, bounds) => {
                self.form(node, want, span)?;
                let asked = self.nodes.element(node, first, span);
                let inner = self.fits(asked, span)?;
                self.list_bounds(node, bounds, first, span)?;
                self.enter(inner, Allow { absent: false, null: element.nullable }, span)?;
                let element =
                    self.project(inner, Cut { first: None, projection }, element, span)?;
                Some(Build::List { from: node, element: Box::new(element), first })
            }
        }
    }

    /// Refuses a declared value of another form than `want`.
    fn form(&mut self, node: NodeId, want: &Type, span: Span) -> Option<()> {
        let Some(declared) = self.nodes.declared(node) else { return Some(()) };
        let form = |kind: &Kind| match kind {
            Kind::Record(_) => "one record",
            Kind::List(..) => "a list",
            Kind::Map(_) => "a map",
            Kind::Union(_) => "a union",
            _ => "a single value",
        };
        let (is, wanted) = (form(&declared.kind), form(&want.kind));
        if is == wanted {
            return Some(());
        }
        let (have, like) = (self.described(declared), self.described(want));
        let message = format!("{wanted} is wanted, and `{}` is {is}", self.spelled(node));
        let diagnostic = Diagnostic::new(Code::TypeMismatch, span, message)
            .label(have)
            .see(want.span, format!("{like} is declared"));
        let list = match (&declared.kind, &want.kind) {
            (Kind::Record(record), Kind::List(element, _)) => {
                elements::meant(self.context.types, *record, element, self.origin)
            }
            _ => None,
        };
        let diagnostic = match (&declared.kind, &want.kind) {
            (Kind::Map(_), _) => diagnostic
                .note("a map never becomes a record by itself, nor a record a map")
                .help("declare a record with optional fields where this comes from"),
            _ => diagnostic,
        };
        self.refuse(match list {
            Some(meant) => {
                let field = meant.field.name_as_of(self.origin);
                let path = format!("{}.{field}", self.spelled(node));
                projected(diagnostic, (&path, span), &meant)
            }
            None => diagnostic,
        });
        None
    }

    /// What a type is, in words: `a record { average, entries }`.
    fn described(&self, ty: &Type) -> String {
        match &ty.kind {
            Kind::Record(record) => {
                let record = self.context.types.record(*record);
                let names = record.fields.iter().map(|field| field.name_as_of(self.origin));
                let names: Vec<&str> = names.take(6).collect();
                format!("a record {{ {} }}", names.join(", "))
            }
            Kind::List(element, _) => {
                format!("a list of `{}`", values::spelling(element, self.context.types))
            }
            _ => values::article(&values::spelling(ty, self.context.types)),
        }
    }

    fn scalar(&mut self, node: NodeId, wanted: &Scalar, want: &Type, span: Span) -> Option<Build> {
        let copy = Build::Copy(Operand::Node(node));
        let Some(declared) = self.nodes.declared(node).cloned() else {
            let asked = self.nodes.scalar(node, Some(wanted), span);
            return self.fits(asked, span).map(|()| in_form(copy, wanted));
        };
        let fits = match &declared.kind {
            Kind::Scalar(have) => fit(have, wanted),
            _ => Fit::No,
        };
        match fits {
            Fit::Yes => Some(in_form(copy, wanted)),
            // A result that does not keep both rules is no result.
            Fit::Check if self.nodes.is_result(node) && joinable(&declared, wanted) => {
                let asked = self.nodes.scalar(node, Some(wanted), span);
                self.fits(asked, span).map(|()| in_form(copy, wanted))
            }
            Fit::Check => Some(promised(copy, wanted)),
            Fit::No => {
                let what = values::spelling(&declared, self.context.types);
                let diagnostic = self.mismatch(span, &format!("`{what}`"), want);
                self.refuse(diagnostic.see(declared.span, "declared here"));
                None
            }
        }
    }

    /// A list read with `[..n]` is cut, so its own length does not matter.
    fn list_bounds(
        &mut self,
        node: NodeId,
        wanted: &ListBounds,
        first: Option<u64>,
        span: Span,
    ) -> Option<()> {
        if let (Some(count), Some(max)) = (first, wanted.max)
            && count > max
        {
            self.refuse(
                Diagnostic::new(
                    Code::TypeMismatch,
                    span,
                    format!("up to {count} elements, and at most {max} are declared"),
                )
                .label("the answer could hold too many")
                .help(format!("write `[..{max}]`")),
            );
            return None;
        }
        let declared = match self.nodes.declared(node).map(|ty| &ty.kind) {
            Some(Kind::List(_, declared)) => Some(declared.clone()),
            _ => None,
        };
        match declared.filter(|_| !self.nodes.is_result(node)) {
            None => {
                let max = if first.is_some() { None } else { wanted.max };
                self.nodes.bounds(node, &ListBounds { max, ..wanted.clone() });
                Some(())
            }
            Some(have) => {
                let most = [have.max, first].into_iter().flatten().min();
                let fits = have.min >= wanted.min
                    && wanted.max.is_none_or(|max| most.is_some_and(|have| have <= max))
                    && (have.unique || !wanted.unique);
                if !fits {
                    self.refuse(
                        Diagnostic::new(
                            Code::TypeMismatch,
                            span,
                            "this list does not keep the bounds of the answer",
                        )
                        .label("callers may send more or fewer elements than the answer allows")
                        .help("cut it: `[..n]`, or change the bounds of one of the types"),
                    );
                }
                fits.then_some(())
            }
        }
    }

    fn template(&mut self, value: &Value, want: &Type) -> Option<Build> {
        let Kind::Scalar(wanted) = &want.kind else {
            let diagnostic = self.mismatch(value.span, "a text", want);
            self.refuse(diagnostic);
            return None;
        };
        let plain = Scalar { name: None, rule: Rule::Text(Default::default()) };
        let fits = fit(&plain, wanted);
        if fits == Fit::No {
            let diagnostic = self.mismatch(value.span, "a text", want);
            self.refuse(diagnostic);
            return None;
        }
        let text = Build::Text(self.within("a text", |this| this.text(value))?);
        Some(match fits {
            Fit::Check => Build::Promised(Box::new(text), wanted.clone()),
            _ => text,
        })
    }

    fn object(&mut self, object: &Object, want: &Type, span: Span) -> Option<Build> {
        let members = match &want.kind {
            Kind::Record(record) => self.members(*record, Some(&object.entries), None, span)?,
            Kind::Map(map) => self.entries(object, map, want)?,
            Kind::Union(union) => self.variant(object, *union)?,
            _ => {
                let diagnostic = self.mismatch(span, "a record", want);
                self.refuse(diagnostic);
                return None;
            }
        };
        Some(Build::Record(None, members))
    }

    fn array(&mut self, items: &[Value], want: &Type, span: Span) -> Option<Build> {
        let Kind::List(element, bounds) = &want.kind else {
            let diagnostic = self.mismatch(span, "a list", want);
            self.refuse(diagnostic);
            return None;
        };
        let count = items.len() as u64;
        if count < bounds.min || bounds.max.is_some_and(|max| count > max) {
            let diagnostic = self.mismatch(span, &format!("a list of {count} elements"), want);
            self.refuse(diagnostic);
            return None;
        }
        let allow = Allow { absent: false, null: element.nullable };
        let built: Vec<Option<Build>> =
            items.iter().map(|item| self.build(item, element, allow)).collect();
        built.into_iter().collect::<Option<Vec<_>>>().map(Build::Array)
    }

    fn no_projection(&mut self, object: &Object, what: &str) {
        self.refuse(
            Diagnostic::new(
                Code::TypeMismatch,
                object.span,
                format!("{what} has no fields to choose from"),
            )
            .label("a record or a list of records is wanted before this"),
        );
    }

    /// The same of what is taken as a whole.
    fn no_parts(&mut self, object: &Object, want: &Type) {
        let (what, way) = match want.kind {
            Kind::Map(_) => {
                ("a map", "leave the braces out: each value takes the form that is declared here")
            }
            Kind::Union(_) => {
                ("a union", "leave the braces out, or write one variant out, its tag included")
            }
            _ => ("what a schema describes", "leave the braces out"),
        };
        self.refuse(
            Diagnostic::new(
                Code::TypeMismatch,
                object.span,
                format!("{what} has no fields to choose from"),
            )
            .label("it is taken as a whole")
            .see(want.span, "declared here")
            .help(way),
        );
    }

    /// Whether a record is taken as a whole: the answer itself never is.
    fn is_whole(&self, node: NodeId, want: &Type) -> bool {
        let parent = &self.nodes.node(node).parent;
        matches!(parent, Parent::Field(..) | Parent::Element(_))
            && self.context.types.is_closed(want)
    }

    /// The finding about a value that is no `want`.
    pub(crate) fn mismatch(&self, span: Span, what: &str, want: &Type) -> Diagnostic {
        let wanted = values::spelling(want, self.context.types);
        Diagnostic::new(Code::TypeMismatch, span, format!("{what} is no `{wanted}`"))
            .label(format!("{} is wanted", values::article(&wanted)))
            .see(want.span, "declared here")
    }
}

/// Whether one rule can say both what is declared and what is wanted: there is one pattern, and one
/// format.
fn joinable(declared: &Type, wanted: &Scalar) -> bool {
    match (&declared.kind, &wanted.rule) {
        (Kind::Scalar(Scalar { rule: Rule::Text(have), .. }), Rule::Text(want)) => {
            (have.pattern.is_none() || want.pattern.is_none())
                && (have.format.is_none() || want.format.is_none())
        }
        _ => true,
    }
}

/// Whether JSON holds a scalar as a text that is none.
pub(super) fn is_as_text(scalar: &Scalar) -> bool {
    matches!(scalar.rule, Rule::AsText(_))
}

/// What `want` says of booleans, if they are its values.
fn boolean(want: &Type) -> Option<&Scalar> {
    match &want.kind {
        Kind::Scalar(scalar) if *scalar.rule.plain() == Rule::Bool => Some(scalar),
        _ => None,
    }
}

/// `build`, in the form in which JSON holds a `wanted`.
fn in_form(build: Build, wanted: &Scalar) -> Build {
    if is_as_text(wanted) { Build::AsText(Box::new(build)) } else { build }
}

/// `build`, if it keeps what `wanted` promises.
fn promised(build: Build, wanted: &Scalar) -> Build {
    in_form(Build::Promised(Box::new(build), wanted.plain()), wanted)
}

/// Adds what to write where a list in a record is meant.
fn projected(diagnostic: Diagnostic, (path, span): (&str, Span), meant: &Meant<'_>) -> Diagnostic {
    if meant.lacks.is_empty() {
        return diagnostic.help(format!("`{path}` is a list"));
    }
    let names: Vec<String> = meant.lacks.iter().map(|(name, _)| format!("`{name}`")).collect();
    let entries = meant.lacks.iter().map(|(name, found)| match found {
        Some(found) => format!("{name}: {found}"),
        None => format!("{name}: …"),
    });
    let text = format!("{path} {{ {}, ... }}", entries.collect::<Vec<_>>().join(", "));
    let help = format!(
        "`{path}` is a list whose elements fit except for {}: write `{text}`",
        names.join(" and ")
    );
    match meant.lacks.iter().all(|(_, found)| found.is_some()) {
        true => diagnostic.fix(help, span, text),
        false => diagnostic.help(help),
    }
}
