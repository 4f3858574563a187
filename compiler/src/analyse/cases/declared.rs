//! Whether a backend that keeps what is declared of it could answer as a mock does.

use super::{About, Lower};
use crate::analyse::values::scalar_accepts;
use crate::contract::cases::{MockAnswer, MockAnswerKind, Payload};
use crate::contract::types::{Const, Field, Kind, RecordId, Rest, Rule, Scalar, Type, Types};
use crate::diagnostic::{Code, Diagnostic};
use crate::schema;
use gatewright_grammar::tree::{self, MockAnswerKind as Written};

impl Lower<'_, '_> {
    /// Refuses answers with success that break what is declared of the result of every call that
    /// gets them.
    pub(super) fn keep_declared(
        &mut self,
        written: &[tree::MockAnswer],
        answers: &[MockAnswer],
        (calls, about): (&[usize], Option<About<'_>>),
    ) -> Option<()> {
        let about = about?;
        let types = &about.version.types;
        let asked = calls.iter().filter_map(|at| about.endpoint.work.calls.get(*at));
        let asked: Vec<_> = asked.collect();
        let mut fine = true;
        for (written, answer) in written.iter().zip(answers) {
            let MockAnswerKind::Status(200..=299, Some(Payload::Json(value))) = &answer.kind else {
                continue;
            };
            let Written::Status(_, Some(body)) = &written.kind else { continue };
            let broken = asked.iter().map(|call| {
                let (ty, origin) = call.declared.as_ref()?;
                Some((ty, broken(value, ty, (types, *origin))?, &call.operation))
            });
            let Some(broken) = broken.collect::<Option<Vec<_>>>() else { continue };
            let Some((ty, Broken { path, why }, operation)) = broken.into_iter().next() else {
                continue;
            };
            fine = false;
            let place = if path.is_empty() { "it".to_owned() } else { format!("`{path}`") };
            self.diagnostics.push(
                Diagnostic::new(
                    Code::ImpossibleCase,
                    body.value().span,
                    format!("this is not what `{operation}` is declared to answer"),
                )
                .label(format!("{place} {why}"))
                .see(ty.span, "declared here")
                .help("for a backend that breaks what is declared, write `-> invalid`"),
            );
        }
        fine.then_some(())
    }
}

/// Where a value breaks its type, and how.
struct Broken {
    /// `pricing.gross`; empty for the whole.
    path: String,
    why: String,
}

impl Broken {
    fn new(why: impl Into<String>) -> Option<Broken> {
        Some(Broken { path: String::new(), why: why.into() })
    }

    fn within(mut self, step: &str) -> Broken {
        let point = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{step}{point}{}", self.path);
        self
    }
}

/// The types, and the version whose names fields have on the wire.
type Names<'t> = (&'t Types, usize);

/// How a result breaks what is declared of it; results may hold more than that.
fn broken(value: &Const, ty: &Type, names: Names<'_>) -> Option<Broken> {
    match (&ty.kind, value) {
        (Kind::Json, _) => None,
        (Kind::Foreign(schema), _) => {
            schema::accepts(schema, value).err().and_then(|why| Broken::new(why.as_str()))
        }
        (_, Const::Null) if ty.nullable => None,
        (_, Const::Null) => Broken::new("is null"),
        (Kind::Scalar(scalar), value) => of_scalar(scalar, value),
        (Kind::Record(id), Const::Record(members)) => of_record(*id, members, names),
        (Kind::Record(_), _) => Broken::new("is no record"),
        (Kind::Union(id), Const::Record(members)) => {
            let union = names.0.union(*id);
            let tag = members.iter().find(|(name, _)| *name == union.tag);
            let variant = union.variants.iter().find(
                |variant| matches!(tag, Some((_, Const::Text(text))) if *text == variant.name),
            );
            match variant {
                Some(variant) => of_record(variant.record, members, names),
                None => Broken::new("says no variant").map(|broken| broken.within(&union.tag)),
            }
        }
        (Kind::Union(_), _) => Broken::new("is no record"),
        (Kind::List(element, bounds), Const::List(values)) => {
            let count = values.len() as u64;
            if count < bounds.min || bounds.max.is_some_and(|max| count > max) {
                return Broken::new(format!("has {count} elements"));
            }
            let mut all = values.iter().enumerate();
            all.find_map(|(at, one)| Some(broken(one, element, names)?.within(&format!("[{at}]"))))
        }
        (Kind::List(..), _) => Broken::new("is no list"),
        (Kind::Map(map), Const::Record(members)) => {
            let mut all = members.iter();
            all.find_map(|(key, one)| {
                let wrong = of_scalar(&map.key, &Const::Text(key.clone()));
                wrong.or_else(|| broken(one, &map.value, names)).map(|one| one.within(key))
            })
        }
        (Kind::Map(_), _) => Broken::new("is no map"),
    }
}

fn of_record(id: RecordId, members: &[(String, Const)], names: Names<'_>) -> Option<Broken> {
    let (types, origin) = names;
    let field = |field: &Field| {
        let name = field.name_as_of(origin);
        let member = members.iter().find(|(other, _)| other == name).map(|(_, value)| value);
        let optional = field.optional || field.ty.nullable;
        match member {
            None | Some(Const::Null) if optional => None,
            None => Broken::new("is missing").map(|broken| broken.within(name)),
            Some(value) => broken(value, &field.ty, names).map(|broken| broken.within(name)),
        }
    };
    types.record(id).fields.iter().find_map(field)
}

fn of_scalar(scalar: &Scalar, value: &Const) -> Option<Broken> {
    let text = matches!(value, Const::Text(_));
    match &scalar.rule {
        Rule::AsText(_) if text => None,
        // What a backend sends besides is passed on or replaced.
        Rule::Enum(values) if text && values.rest != Rest::Closed => None,
        _ => match scalar_accepts(scalar, value) {
            Ok(()) => None,
            Err(why) => Broken::new(format!("is {}: {why}", value.json())),
        },
    }
}
