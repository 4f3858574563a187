//! Generic types that use themselves with an ever larger argument.

use crate::analyse::versions::{FlatFieldKind, FlatKind, FlatType};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{Base, FieldKind, Type};

/// A generic declaration uses another with an argument that holds its own parameter.
struct Use {
    from: usize,
    to: usize,
    /// Whether the argument is more than the parameter: `[T]`, `Page<T>`.
    grows: bool,
    span: Span,
}

/// Reports the declarations that would be made into types without end, and returns them.
///
/// A circle of uses ends if every argument on it is the parameter as it is: then the same type
/// comes round again. With one that grows, each round makes another type.
pub(super) fn check(declared: &[FlatType], diagnostics: &mut Diagnostics) -> Vec<usize> {
    let uses = uses(declared);
    let mut endless: Vec<usize> = Vec::new();
    for grown in uses.iter().filter(|one| one.grows) {
        let Some(circle) = way(&uses, grown.to, grown.from, declared.len()) else { continue };
        let known = endless.contains(&grown.from);
        endless.extend(circle.iter().map(|one| one.from).chain([grown.from]));
        if !known {
            diagnostics.push(finding(declared, grown, &circle));
        }
    }
    endless
}

fn finding(declared: &[FlatType], grown: &Use, circle: &[&Use]) -> Diagnostic {
    let name = |at: usize| declared.get(at).map_or("", |one| &one.name.text);
    let first = name(grown.from);
    let second =
        if grown.to == grown.from { "itself".into() } else { format!("`{}`", name(grown.to)) };
    let mut path = format!("`{first}` uses {second}");
    for step in circle {
        path.push_str(&format!(", which uses `{}`", name(step.to)));
    }
    let message = format!("`{first}` would be made into types without end");
    let diagnostic = Diagnostic::new(Code::EndlessType, grown.span, message)
        .label("here the argument grows, each time round")
        .note(path)
        .help("use the parameter as it is here, or a type that does not hold it");
    circle.iter().fold(diagnostic, |diagnostic, step| {
        diagnostic.see(step.span, format!("and this leads back to `{}`", name(step.to)))
    })
}

/// The shortest way from `from` to `to`.
fn way(uses: &[Use], from: usize, to: usize, count: usize) -> Option<Vec<&Use>> {
    let mut seen = vec![false; count];
    let mut open = std::collections::VecDeque::from([(from, Vec::new())]);
    while let Some((at, path)) = open.pop_front() {
        if at == to {
            return Some(path);
        }
        let Some(new @ false) = seen.get_mut(at) else { continue };
        *new = true;
        for one in uses.iter().filter(|one| one.from == at) {
            let longer: Vec<&Use> = path.iter().copied().chain([one]).collect();
            open.push_back((one.to, longer));
        }
    }
    None
}

fn uses(declared: &[FlatType]) -> Vec<Use> {
    let mut uses = Vec::new();
    for (from, one) in declared.iter().enumerate() {
        let Some(parameter) = &one.parameter else { continue };
        let parameter = parameter.text.as_str();
        each_type(&one.kind, &mut |ty| {
            let Base::Generic(name, argument) = &ty.base else { return };
            let to = declared
                .iter()
                .position(|other| other.name.text == name.text && other.parameter.is_some());
            let itself = matches!(&argument.base, Base::Name(name) if name.text == parameter);
            if let Some(to) = to
                && mentions_in(argument, parameter)
            {
                uses.push(Use { from, to, grows: !itself, span: name.span });
            }
        });
    }
    uses
}

/// Whether a declaration mentions `parameter`.
pub(super) fn mentions(kind: &FlatKind, parameter: &str) -> bool {
    let mut found = false;
    each_type(kind, &mut |ty| found |= is(ty, parameter));
    found
}

fn mentions_in(ty: &Type, parameter: &str) -> bool {
    let mut found = false;
    each(ty, &mut |ty| found |= is(ty, parameter));
    found
}

fn is(ty: &Type, parameter: &str) -> bool {
    matches!(&ty.base, Base::Name(name) if name.text == parameter)
}

/// Visits every type that a declaration is written with.
fn each_type<'t>(kind: &'t FlatKind, visit: &mut dyn FnMut(&'t Type)) {
    match kind {
        FlatKind::Alias { ty, .. } => each(ty, visit),
        FlatKind::Record(fields) => {
            for field in fields {
                match &field.kind {
                    FlatFieldKind::Spread(ty) => each(ty, visit),
                    FlatFieldKind::Named(named) => each(&named.ty, visit),
                }
            }
        }
        FlatKind::Enum(_) => {}
        FlatKind::Union(union) => union.variants.iter().for_each(|one| each(&one.ty, visit)),
    }
}

fn each<'t>(ty: &'t Type, visit: &mut dyn FnMut(&'t Type)) {
    visit(ty);
    match &ty.base {
        Base::List(inner) | Base::Generic(_, inner) => each(inner, visit),
        Base::Map(key, value) => {
            each(key, visit);
            each(value, visit);
        }
        Base::Record(record) => {
            for field in &record.fields {
                match &field.kind {
                    FieldKind::Spread(ty) => each(ty, visit),
                    FieldKind::Named(named) => each(&named.ty, visit),
                }
            }
        }
        Base::Enum(_) | Base::Name(_) => {}
    }
}
