//! Types with a parameter: `Page<Hit>` is a type of its own, made once for each argument.

mod endless;

use super::{Parts, Resolver, Slot, State, plain};
use crate::analyse::values;
use crate::analyse::versions::FlatType;
use crate::contract::types::{Kind, Record, Rule, Scalar, Text, Type};
use crate::diagnostic::{Code, Diagnostic};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{self, Ident};
use std::collections::HashMap;

/// The most types that the generic types of one version are made into.
const MOST: usize = 1_000;

/// The most types that are looked at to tell what is wrong with a declaration, whatever it is made
/// into, once another one is known to be made into too many.
const TRIED: usize = 16;

/// The longest name of an instance, in bytes: `Page<Page<Hit>>`.
const LONGEST: usize = 2_000;

/// The generic types of a version, and what they were made into.
#[derive(Debug, Default)]
pub(super) struct Generics {
    /// The parameter of the declaration being resolved, and what it stands for.
    bound: Option<(String, Type)>,
    /// Slots by declaration and argument.
    instances: HashMap<(usize, String), usize>,
    /// Declarations that can be made into no type at all: who mentions them stays silent.
    refused: Vec<usize>,
    /// Whether the version has been told that it makes too many.
    pub(super) too_many: bool,
    /// How many instances were made in all, those that were only tried among them.
    made: usize,
}

impl Generics {
    /// What `name` stands for, if it is the parameter of the declaration being resolved.
    pub(super) fn bound(&self, name: &str) -> Option<&Type> {
        self.bound.as_ref().filter(|(parameter, _)| parameter == name).map(|(_, ty)| ty)
    }

    /// Forgets the parameter, for a declaration that has none; what it was comes back.
    pub(super) fn bind(&mut self, bound: Option<(String, Type)>) -> Option<(String, Type)> {
        std::mem::replace(&mut self.bound, bound)
    }
}

impl Resolver<'_> {
    /// What is wrong with the generic declarations themselves, whatever they are made into.
    pub(super) fn generics(&mut self) {
        self.generics.refused = endless::check(self.declared, self.diagnostics);
        for (at, one) in self.declared.iter().enumerate() {
            let Some(parameter) = &one.parameter else { continue };
            self.parameter(one, parameter);
            if !self.generics.refused.contains(&at) {
                self.whatever_it_is(at, one.name.span);
            }
        }
    }

    fn parameter(&mut self, one: &FlatType, parameter: &Ident) {
        let name = &parameter.text;
        let declared = self.declared.iter().find(|other| other.name.text == *name);
        if declared.is_some() || super::is_builtin(name) {
            let message = format!("the parameter `{name}` has the name of a type");
            let diagnostic = Diagnostic::new(Code::DuplicateName, parameter.span, message)
                .label("inside of the declaration, the name could mean both")
                .help("choose another name, such as `T`");
            self.diagnostics.push(match declared {
                Some(declared) => diagnostic.see(declared.name.span, "the type of this name"),
                None => diagnostic,
            });
        } else if !endless::mentions(&one.kind, name) {
            let message = format!("`{}<{name}>` never uses `{name}`", one.name.text);
            self.diagnostics.push(
                Diagnostic::new(Code::UnusedParameter, parameter.span, message)
                    .label("every argument makes the same type")
                    .help(format!(
                        "use `{name}` as the type of a field, or leave the parameter out"
                    )),
            );
        }
    }

    /// Reports what no argument can make right: the findings that a text, any JSON and a record
    /// as argument have in common.
    fn whatever_it_is(&mut self, at: usize, span: Span) {
        let outside = std::mem::take(self.diagnostics);
        let (types, slots) = (self.types.clone(), self.slots.len());
        let instances = self.generics.instances.clone();
        let (refused, pending) = (self.refused.clone(), std::mem::take(&mut self.pending));
        let record = Record { name: None, fields: Vec::new(), span };
        let record = Kind::Record(self.types.add(record));
        let text = Kind::Scalar(Scalar { name: None, rule: Rule::Text(Text::default()) });
        let mut common: Option<Vec<Diagnostic>> = None;
        let told = self.generics.too_many;
        for kind in [text, Kind::Json, record] {
            let nullable = matches!(kind, Kind::Json);
            self.instance(at, Type { nullable, ..plain(kind, span) }, span);
            let whole = self.drain_some(if told { TRIED } else { usize::MAX });
            self.look_at_values();
            let mut found = std::mem::take(self.diagnostics).into_sorted();
            if !whole {
                // A type that was not completed looks as if it had no fields.
                found.clear();
            }
            let known = |one: &Diagnostic| {
                found
                    .iter()
                    .any(|other| one.code == other.code && one.primary.span == other.primary.span)
            };
            common = Some(match common {
                None => found,
                Some(common) => common.into_iter().filter(known).collect(),
            });
            self.generics.too_many = told;
            self.slots.truncate(slots);
            self.refused.clone_from(&refused);
            self.generics.instances.clone_from(&instances);
        }
        self.types = types;
        self.pending = pending;
        *self.diagnostics = outside;
        for one in common.into_iter().flatten() {
            self.generics.too_many |= one.code == Code::TooManyTypes;
            self.diagnostics.push(one);
        }
    }

    /// The meaning of `Page<Hit>`; nothing if a part of it was refused.
    pub(super) fn generic(&mut self, name: &Ident, argument: &tree::Type) -> Option<Type> {
        let Some(at) = self.index.get(name.text.as_str()).copied() else {
            self.ty(argument);
            return self.unknown_or_scalar(name, argument.span);
        };
        let one = self.declared.get(at)?;
        // Where the argument is a type that leads here again, what this type does with it decides
        // whether that ends.
        let argument_type = self.resolve_optional(true, |this| this.ty(argument));
        if one.parameter.is_none() {
            self.diagnostics.push(no_parameter(name, argument.span, Some(one)));
            return None;
        }
        if self.generics.refused.contains(&at) {
            return None;
        }
        self.instance(at, argument_type?, name.span.to(argument.span))
    }

    fn unknown_or_scalar(&mut self, name: &Ident, argument: Span) -> Option<Type> {
        if super::is_builtin(&name.text) || self.generics.bound(&name.text).is_some() {
            self.diagnostics.push(no_parameter(name, argument, None));
            return None;
        }
        self.unknown(name)
    }

    /// The generic declaration at `at` with its parameter bound, resolved once for each argument.
    fn instance(&mut self, at: usize, argument: Type, used: Span) -> Option<Type> {
        let one = self.declared.get(at)?;
        let key = (at, self.key(&argument));
        if let Some(slot) = self.generics.instances.get(&key).copied() {
            return self.slot(slot, used);
        }
        let name = format!("{}<{}>", one.name.text, values::spelling(&argument, &self.types));
        if self.generics.instances.len() >= MOST || name.len() > LONGEST {
            self.too_many(one, used);
            return None;
        }
        let parameter = one.parameter.as_ref().map(|parameter| (parameter.text.clone(), argument));
        let slot = self.slots.len();
        self.generics.made += 1;
        self.slots.push(Slot {
            declared: at,
            name,
            bound: parameter,
            state: State::Untouched,
            parts: Parts::Untouched,
        });
        self.generics.instances.insert(key, slot);
        self.slot(slot, used)
    }

    /// What tells arguments apart.
    fn key(&self, ty: &Type) -> String {
        let mut key = match &ty.kind {
            Kind::Scalar(scalar) => format!("{scalar:?}"),
            Kind::Record(id) => format!("{id:?}"),
            Kind::List(element, bounds) => format!("[{}]{bounds:?}", self.key(element)),
            Kind::Json => "json".to_owned(),
            Kind::Foreign(schema) => format!("json {}", schema.text),
            Kind::Map(map) => {
                format!("[{:?}: {}]{:?}", map.key, self.key(&map.value), map.bounds)
            }
            Kind::Union(id) => format!("{id:?}"),
        };
        if ty.nullable {
            key.push_str(" | null");
        }
        if let Some(example) = &ty.example {
            key.push_str(&format!(" eg {}", example.json()));
        }
        key
    }

    fn too_many(&mut self, one: &FlatType, used: Span) {
        if std::mem::replace(&mut self.generics.too_many, true) {
            return;
        }
        let message = format!("`{}<…>` would be made into too many types", one.name.text);
        self.diagnostics.push(
            Diagnostic::new(Code::TooManyTypes, used, message)
                .label("one more than there can be")
                .see(one.name.span, "made again and again, each time with another argument")
                .note(format!("a version has room for {MOST} types made of generic ones"))
                .help("write the types that are wanted without a parameter"),
        );
    }

    /// The finding about `Page` without an argument.
    pub(super) fn without_argument(&mut self, one: &FlatType, used: Span) {
        let (name, parameter) = (&one.name.text, one.parameter.as_ref());
        let parameter = parameter.map_or("T", |parameter| &parameter.text);
        let message = format!("`{name}` needs an argument");
        let others = self.declared.iter().filter(|other| other.parameter.is_none());
        let example = others.map(|other| other.name.text.as_str()).next().unwrap_or("text");
        self.diagnostics.push(
            Diagnostic::new(Code::TypeArgument, used, message)
                .label(format!("of what? The declaration leaves `{parameter}` open"))
                .see(one.name.span, "declared here")
                .help(format!("write `{name}<{example}>`, or what else is meant")),
        );
    }
}

fn no_parameter(name: &Ident, argument: Span, declared: Option<&FlatType>) -> Diagnostic {
    let message = format!("`{}` has no parameter", name.text);
    let diagnostic = Diagnostic::new(Code::TypeArgument, argument, message)
        .label("nothing of the type is left open")
        .help(format!("write `{}` alone", name.text));
    match declared {
        Some(one) => diagnostic.see(one.name.span, "declared here"),
        None => diagnostic,
    }
}

#[cfg(test)]
mod tests {
    use super::Resolver;
    use crate::analyse::versions;
    use crate::diagnostic::Diagnostics;
    use crate::schema::Schemas;
    use gatewright_grammar::FileId;
    use std::fmt::Write;

    /// How many instances a chain of declarations is made into, each of which mentions the one
    /// before it in itself.
    fn made(count: usize) -> usize {
        let mut text = String::from("version 1 { type G0<T> { a: T }\n");
        for at in 1..count {
            let _ = writeln!(text, "type G{at}<T> {{ a: G{0}<G{0}<T>> }}", at - 1);
        }
        text.push('}');
        let parse = gatewright_grammar::parse(FileId(0), &text);
        assert!(parse.errors.is_empty(), "{:?}", parse.errors);
        let mut found = Diagnostics::default();
        let (flats, _) = versions::flatten(&[parse.file], &mut found);
        let flat = flats.first().expect("there is a version");
        let sources = crate::source::Sources::default();
        let schemas = Schemas::new(&sources);
        let mut resolver = Resolver::new(flat, &schemas, &mut found);
        resolver.all();
        resolver.generics.made
    }

    #[test]
    fn twice_as_many_declarations_are_not_much_more_work() {
        let (few, many) = (made(31), made(62));
        assert!(many < 2 * few, "{few} and {many}");
    }
}
