//! What an answer is to be: values with room for others.

use super::{Lower, unknown_value};
use crate::analyse::{bounds, types::SCALARS, values};
use crate::contract::cases::{Expected, Pattern, Wanted};
use crate::contract::types::{Const, Kind, Record, Scalar, Type};
use crate::contract::{RecordId, Version};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::suggest;
use gatewright_grammar::tree::{CaseBody, EntryKind, Ident, Object, Value, ValueKind};

/// Members that every problem document has (RFC 9457 section 3.1). Cases compare those they name.
pub(crate) const OF_EVERY_PROBLEM: [&str; 5] = ["type", "title", "status", "detail", "instance"];

/// Makes patterns, in the words of one version.
pub(super) struct Patterns<'v, 'd> {
    /// The version and its index; nothing where no endpoint answers.
    pub(super) version: Option<(usize, &'v Version)>,
    pub(super) diagnostics: &'d mut Diagnostics,
}

/// What is known about a value that is to be.
#[derive(Clone, Copy)]
pub(super) enum Known<'t> {
    /// Nothing.
    Nothing,
    /// It has this type.
    Type(&'t Type),
    /// It is a problem with these members.
    Problem(Option<RecordId>),
}

impl Lower<'_, '_> {
    /// A body that is expected.
    pub(super) fn expected(
        &mut self,
        body: &CaseBody,
        known: Option<Known<'_>>,
        version: Option<(usize, &Version)>,
    ) -> Option<Expected> {
        match body {
            CaseBody::Json(value) => Patterns { version, diagnostics: &mut *self.diagnostics }
                .pattern(value, known.unwrap_or(Known::Nothing))
                .map(Expected::Json),
            CaseBody::Text(value) => {
                let text = match &value.kind {
                    ValueKind::Template(parts) => values::plain_text(parts),
                    _ => None,
                };
                if text.is_none() {
                    self.diagnostics.push(unknown_value(value.span));
                }
                text.map(Expected::Text)
            }
        }
    }
}

impl<'v> Patterns<'v, '_> {
    /// The pattern that `value` writes; nothing and a finding if no answer can be like it.
    pub(super) fn pattern(&mut self, value: &Value, known: Known<'_>) -> Option<Pattern> {
        match &value.kind {
            ValueKind::Any(word) => self.wanted(word).map(Pattern::Any),
            ValueKind::Object(object) => self.object(object, known),
            ValueKind::Array(items) => self.list(items, value, known),
            _ => self.scalar(value, known),
        }
    }

    fn scalar(&mut self, value: &Value, known: Known<'_>) -> Option<Pattern> {
        let ty = match known {
            Known::Type(ty) => Some(ty),
            _ => None,
        };
        let nothing = crate::contract::Types::default();
        let types = self.version.map_or(&nothing, |(_, version)| &version.types);
        let Some(constant) = values::constant(value, ty, types) else {
            match ty.filter(|_| values::single_word(value).is_some()) {
                Some(ty) => {
                    let wanted = self.spelling(ty);
                    self.impossible(value, &wanted, "not one of its values".to_owned());
                }
                None => self.diagnostics.push(unknown_value(value.span)),
            }
            return None;
        };
        if let Some(ty) = ty
            && let Err(why) = values::accepts(ty, &constant, types)
        {
            let wanted = values::article(&values::spelling(ty, types));
            self.diagnostics.push(
                Diagnostic::new(
                    Code::ImpossibleCase,
                    value.span,
                    format!("the answer has {wanted} here"),
                )
                .label(why),
            );
            return None;
        }
        Some(Pattern::Is(constant))
    }

    fn list(&mut self, items: &[Value], value: &Value, known: Known<'_>) -> Option<Pattern> {
        let element = match known {
            Known::Type(ty) => match &ty.kind {
                Kind::List(element, bounds) => {
                    let count = items.len() as u64;
                    if count < bounds.min || bounds.max.is_some_and(|max| count > max) {
                        let wanted = self.spelling(ty);
                        self.impossible(value, &wanted, format!("this has {count} elements"));
                        return None;
                    }
                    Known::Type(element)
                }
                Kind::Scalar(_) | Kind::Record(_) => {
                    let wanted = self.spelling(ty);
                    self.impossible(value, &wanted, "this is a list".to_owned());
                    return None;
                }
                _ => Known::Nothing,
            },
            Known::Nothing => Known::Nothing,
            Known::Problem(_) => {
                self.impossible(value, "a problem document", "this is a list".to_owned());
                return None;
            }
        };
        let items: Vec<_> = items.iter().map(|item| self.pattern(item, element)).collect();
        Some(Pattern::List(items.into_iter().collect::<Option<_>>()?))
    }

    fn object(&mut self, object: &Object, known: Known<'_>) -> Option<Pattern> {
        let (record, problem) = match known {
            Known::Nothing => (None, false),
            Known::Problem(members) => (members.and_then(|id| self.record(id)), true),
            Known::Type(ty) => match &ty.kind {
                Kind::Record(id) => (self.record(*id), false),
                Kind::Scalar(_) | Kind::List(..) => {
                    let wanted = self.spelling(ty);
                    self.impossible(
                        &Value { kind: ValueKind::Object(object.clone()), span: object.span },
                        &wanted,
                        "this is a record".to_owned(),
                    );
                    return None;
                }
                _ => (None, false),
            },
        };
        let declared = record.is_some() || matches!(known, Known::Problem(_));
        let (mut members, mut more, mut fine) = (Vec::new(), false, true);
        for entry in &object.entries {
            let EntryKind::Field(name, value) = &entry.kind else {
                more = true;
                if !matches!(&entry.kind, EntryKind::Spread(None)) {
                    self.diagnostics.push(unknown_value(entry.span));
                    fine = false;
                }
                continue;
            };
            let of_every = problem && OF_EVERY_PROBLEM.contains(&name.text.as_str());
            let field = record
                .and_then(|record| record.fields.iter().find(|field| field.name == name.text));
            if field.is_none() && declared && !of_every {
                self.unknown_field(name, record);
                fine = false;
                continue;
            }
            let known = field.map_or(Known::Nothing, |field| Known::Type(&field.ty));
            match self.pattern(value, known) {
                Some(pattern) => members.push((name.text.clone(), pattern)),
                None => fine = false,
            }
        }
        if !more && fine {
            fine = self.complete(object, record, &members);
        }
        fine.then_some(Pattern::Record { members, more })
    }

    /// Whether everything that the answer always has is there.
    fn complete(
        &mut self,
        object: &Object,
        record: Option<&Record>,
        members: &[(String, Pattern)],
    ) -> bool {
        let fields = record.map(|record| record.fields.as_slice()).unwrap_or_default();
        let there = |name: &str| members.iter().any(|(member, _)| member == name);
        let missing: Vec<_> =
            fields.iter().filter(|field| !field.optional && !there(&field.name)).collect();
        let Some(first) = missing.first() else { return true };
        let names: Vec<String> = missing.iter().map(|field| format!("`{}`", field.name)).collect();
        self.diagnostics.push(
            Diagnostic::new(
                Code::ImpossibleCase,
                object.span,
                format!("the answer always has {}", names.join(", ")),
            )
            .label("missing here, and this is compared exactly")
            .see(first.span, "declared here")
            .help("write what it is, or `...` for what does not matter"),
        );
        false
    }

    fn unknown_field(&mut self, name: &Ident, record: Option<&Record>) {
        let owner = record.and_then(|record| record.name.as_ref());
        let owner = owner.map_or("the answer".to_owned(), |owner| format!("`{owner}`"));
        let message = format!("{owner} has no field `{}`", name.text);
        let diagnostic = Diagnostic::new(Code::UnknownField, name.span, message);
        let fields = record.map(|record| record.fields.as_slice()).unwrap_or_default();
        let near = suggest::closest(&name.text, fields.iter().map(|field| field.name.as_str()));
        let diagnostic = match near {
            Some(near) => diagnostic.meant(name.span, near),
            None => diagnostic.label("not declared"),
        };
        self.diagnostics.push(match record {
            Some(record) => diagnostic.see(record.span, "declared here"),
            None => diagnostic,
        });
    }

    /// The type behind `any`: one of the language, or one that the version declares and answers.
    pub(super) fn wanted(&mut self, word: &Ident) -> Option<Wanted> {
        let (at, version) = self.version.map_or((0, None), |(at, version)| (at, Some(version)));
        let kind = if word.text == "json" {
            Some(Kind::Json)
        } else if SCALARS.contains(&word.text.as_str()) {
            // Of how many digits is not asked here.
            let digits = Ident { text: "number".to_owned(), span: word.span };
            let word = if word.text == "decimal" { &digits } else { word };
            let rule = bounds::scalar(word, &[], self.diagnostics)?;
            Some(Kind::Scalar(Scalar { name: None, rule }))
        } else {
            version.and_then(|version| named(version, &word.text))
        };
        let Some(kind) = kind else {
            let message = format!("there is no type called `{}` to be any of", word.text);
            let diagnostic = Diagnostic::new(Code::UnknownType, word.span, message);
            self.diagnostics.push(match suggest::closest(&word.text, SCALARS.into_iter()) {
                Some(near) => diagnostic.meant(word.span, near),
                None => diagnostic.label("neither a type of the language nor one that is answered"),
            });
            return None;
        };
        let ty = Type { kind, nullable: false, example: None, span: word.span };
        Some(Wanted { word: word.text.clone(), ty, version: at })
    }

    fn record(&self, id: RecordId) -> Option<&'v Record> {
        self.version.map(|(_, version)| version.types.record(id))
    }

    fn spelling(&self, ty: &Type) -> String {
        let nothing = crate::contract::Types::default();
        let types = self.version.map_or(&nothing, |(_, version)| &version.types);
        values::article(&values::spelling(ty, types))
    }

    fn impossible(&mut self, value: &Value, wanted: &str, why: String) {
        let message = format!("the answer has {wanted} here");
        self.diagnostics
            .push(Diagnostic::new(Code::ImpossibleCase, value.span, message).label(why));
    }
}

/// The declared type of this name, if an answer or an error of the version has one.
fn named(version: &Version, name: &str) -> Option<Kind> {
    let answers = version.endpoints.iter().flat_map(|endpoint| &endpoint.success);
    let answers = answers.filter_map(|success| success.ty.as_ref());
    let members = version.errors.iter().filter_map(|problem| problem.members);
    let mut open: Vec<Kind> = answers.map(|ty| ty.kind.clone()).collect();
    open.extend(members.map(Kind::Record));
    let mut seen: Vec<RecordId> = Vec::new();
    while let Some(kind) = open.pop() {
        match &kind {
            Kind::Scalar(scalar) if scalar.name.as_deref() == Some(name) => return Some(kind),
            Kind::List(element, _) => open.push(element.kind.clone()),
            Kind::Record(id) if !seen.contains(id) => {
                seen.push(*id);
                let record = version.types.record(*id);
                if record.name.as_deref() == Some(name) {
                    return Some(kind);
                }
                open.extend(record.fields.iter().map(|field| field.ty.kind.clone()));
            }
            _ => {}
        }
    }
    None
}

/// Whether `value` is one that a type has.
pub(crate) fn is_any(
    wanted: &Wanted,
    value: &Const,
    version: Option<&Version>,
) -> Result<(), String> {
    let nothing = crate::contract::Types::default();
    let types = version.map_or(&nothing, |version| &version.types);
    values::accepts(&wanted.ty, value, types)
}
