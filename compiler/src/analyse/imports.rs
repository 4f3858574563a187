//! Directories that a contract imports: what they declare joins it, under the name of the import.
//!
//! Behind this pass there is one contract. A declaration of another directory is called
//! `common.Money` everywhere, also where its own directory says `Money`; `localise` takes that back
//! in findings about text of that directory.

mod localise;
mod names;

pub(crate) use localise::localise;
pub(crate) use names::each;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{Imported, Sources, Unit};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{File, Ident, Import, Item, ItemKind};
use std::collections::{BTreeMap, VecDeque};

/// The units of a contract, the contract itself first.
#[derive(Debug, Default)]
pub(crate) struct Units {
    units: BTreeMap<Unit, Known>,
}

/// A unit, and how it is reached.
#[derive(Debug, Default)]
struct Known {
    /// What stands before its names: nothing for the contract itself, `common.` for what it
    /// imports, `common/base.` for what that imports.
    prefix: String,
    /// Its imports: the name and where it is written, and what it leads to.
    imports: Vec<(Ident, Unit)>,
    /// The names of imports that were refused: who mentions them stays silent.
    refused: Vec<String>,
}

/// Reads the imports, and gives the declarations of imported directories their names in the
/// contract. What only holds inside of them, such as their versions, is left out.
pub(crate) fn link(
    sources: &Sources,
    files: Vec<File>,
    diagnostics: &mut Diagnostics,
) -> (Vec<File>, Units) {
    let mut units = Units::default();
    units.units.insert(Unit(0), Known::default());
    let mut open = VecDeque::from([Unit(0)]);
    while let Some(unit) = open.pop_front() {
        let (imports, refused) = imports(unit, sources, &files, diagnostics);
        for (name, to) in &imports {
            let prefix = units.prefix(unit).trim_end_matches('.').to_owned();
            let prefix = if prefix.is_empty() { prefix } else { prefix + "/" };
            units.units.entry(*to).or_insert_with(|| {
                open.push_back(*to);
                Known { prefix: format!("{prefix}{}.", name.text), ..Known::default() }
            });
        }
        if let Some(known) = units.units.get_mut(&unit) {
            (known.imports, known.refused) = (imports, refused);
        }
    }
    circles(&units, diagnostics);
    let called = names::called(&files);
    let linked = files.into_iter().zip(sources.iter()).map(|(file, (_, source))| {
        if source.unit == Unit(0) { file } else { units.linked(file, source.unit, &called) }
    });
    let linked = linked.collect();
    unused(&units, sources, diagnostics);
    (linked, units)
}

/// The imports of a unit, each name once.
fn imports(
    unit: Unit,
    sources: &Sources,
    files: &[File],
    diagnostics: &mut Diagnostics,
) -> (Vec<(Ident, Unit)>, Vec<String>) {
    let own = files.iter().zip(sources.iter()).filter(|(_, (_, source))| source.unit == unit);
    let items: Vec<&Item> = own.flat_map(|(file, _)| &file.items).collect();
    let mut found: Vec<(Ident, Unit)> = Vec::new();
    let mut refused = Vec::new();
    for import in items.iter().filter_map(|item| match &item.kind {
        ItemKind::Import(import) => Some(import),
        _ => None,
    }) {
        let to = leads_to(import, unit, sources, diagnostics);
        // Of an import with two mistakes, the path is told first.
        let mut later = Diagnostics::default();
        let Some(name) = name(import, if to.is_some() { diagnostics } else { &mut later }) else {
            continue;
        };
        let Some(to) = to else {
            refused.push(name.text);
            continue;
        };
        let same_name = found.iter().find(|(old, _)| old.text == name.text);
        let same_place = found.iter().find(|(_, old)| *old == to);
        let backend = items.iter().find_map(|item| match &item.kind {
            ItemKind::Backend(backend) if backend.name.text == name.text => Some(&backend.name),
            _ => None,
        });
        if let Some((old, _)) = same_name {
            let what = format!("import `{}`", name.text);
            diagnostics.push(super::duplicate(&what, name.span, old.span));
        } else if let Some((old, _)) = same_place {
            let message = format!("this directory is imported already, as `{}`", old.text);
            diagnostics.push(
                Diagnostic::new(Code::InvalidImport, import.path.span, message)
                    .label("imported again")
                    .see(old.span, "first imported here")
                    .help("delete one of the imports"),
            );
            refused.push(name.text);
        } else if let Some(backend) = backend {
            let message = format!("`{}` is the name of a backend, too", name.text);
            diagnostics.push(
                Diagnostic::new(Code::DuplicateName, name.span, message)
                    .label("a call could mean both")
                    .see(backend.span, "the backend")
                    .help(format!("give the import another name: `as {}_api`", name.text)),
            );
        } else {
            found.push((name, to));
        }
    }
    (found, refused)
}

/// The unit that an import leads to, or nothing and a finding.
fn leads_to(
    import: &Import,
    from: Unit,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) -> Option<Unit> {
    let path = &import.path;
    let finding = |message: String| Diagnostic::new(Code::InvalidImport, path.span, message);
    let absolute = path.value.starts_with(['/', '\\']) || path.value.contains(":\\");
    diagnostics.push(match sources.imported(from, &path.value) {
        _ if absolute => finding("an import starts where the contract lies".to_owned())
            .label("this path means something on one machine only")
            .help("write the way from this directory to the other: `\"../common\"`"),
        Imported::Unit(to) if to == from => finding("a directory imports itself".to_owned())
            .label("all files of a directory are one unit already")
            .help("delete this line, and write the names without a directory before them"),
        Imported::Unit(to) => return Some(to),
        Imported::Missing => finding(format!("there is no directory `{}`", path.value))
            .label("nothing is there, seen from the directory of this file"),
        Imported::File => finding(format!("`{}` is a file", path.value))
            .label("only directories are imported")
            .help("import the directory that the file lies in"),
        Imported::Empty => finding(format!("there is no `.api` file in `{}`", path.value))
            .label("nothing is declared there"),
    });
    None
}

/// The name of an import: the one it is given, else the last part of the path.
fn name(import: &Import, diagnostics: &mut Diagnostics) -> Option<Ident> {
    if let Some(alias) = &import.alias {
        return Some(alias.clone());
    }
    let path = import.path.value.trim_end_matches('/');
    let last = path.rsplit('/').next().unwrap_or_default();
    let letters =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if letters(last) && last.bytes().next().is_some_and(|byte| !byte.is_ascii_digit()) {
        return Some(Ident { text: last.to_owned(), span: import.path.span });
    }
    let good: String =
        last.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' }).collect();
    let good = match good.trim_matches('_') {
        "" => "common".to_owned(),
        name if name.starts_with(|first: char| first.is_ascii_digit()) => format!("n{name}"),
        name => name.to_owned(),
    };
    let end = import.path.span.at_end();
    diagnostics.push(
        Diagnostic::new(Code::InvalidImport, import.path.span, "this import needs a name")
            .label(format!("`{last}` cannot stand before a dot"))
            .fix(format!("write `as {good}` behind it"), end, format!(" as {good}")),
    );
    None
}

/// Directories that import each other: each circle is told once, where it closes.
fn circles(units: &Units, diagnostics: &mut Diagnostics) {
    let mut done: Vec<Unit> = Vec::new();
    circle(units, &mut vec![Unit(0)], &mut Vec::new(), (&mut done, diagnostics));
}

fn circle<'u>(
    units: &'u Units,
    path: &mut Vec<Unit>,
    steps: &mut Vec<&'u Ident>,
    (done, diagnostics): (&mut Vec<Unit>, &mut Diagnostics),
) {
    let Some(last) = path.last().copied().filter(|last| !done.contains(last)) else { return };
    for (name, to) in units.units.get(&last).iter().flat_map(|known| &known.imports) {
        steps.push(name);
        if let Some(start) = path.iter().position(|open| open == to) {
            diagnostics.push(closed(steps.get(start..).unwrap_or_default(), name.span));
        } else {
            path.push(*to);
            circle(units, path, steps, (done, diagnostics));
            path.pop();
        }
        steps.pop();
    }
    done.push(last);
}

fn closed(steps: &[&Ident], span: Span) -> Diagnostic {
    let names: Vec<String> = steps.iter().map(|name| format!("`{}`", name.text)).collect();
    let others = steps.split_last().map_or(&[][..], |(_, others)| others);
    let diagnostic = Diagnostic::new(Code::ImportCycle, span, "directories import each other")
        .label("this leads back to where it began")
        .note(format!("the circle: {}", names.join(", then ")))
        .help("move what both need into a directory of its own, which imports neither");
    others.iter().fold(diagnostic, |diagnostic, step| {
        diagnostic.see(step.span, format!("then `{}` is imported", step.text))
    })
}

/// Imports of the contract itself that no name begins with.
fn unused(units: &Units, sources: &Sources, diagnostics: &mut Diagnostics) {
    let own = || sources.iter().filter(|(_, source)| source.unit == Unit(0));
    for (name, _) in units.units.get(&Unit(0)).iter().flat_map(|known| &known.imports) {
        if own().any(|(_, source)| names::begins_one(&name.text, &source.text)) {
            continue;
        }
        diagnostics.push(
            Diagnostic::new(
                Code::UnusedImport,
                name.span,
                format!("nothing of `{}` is used", name.text),
            )
            .label(format!("no name begins with `{}.`", name.text))
            .help("delete the import, or use what it brings"),
        );
    }
}

impl Units {
    /// The imports of the contract itself: the name, and what stands before the names of what it
    /// leads to.
    pub(crate) fn of_contract(&self) -> Vec<(String, String)> {
        let own = self.units.get(&Unit::default());
        let imports = own.into_iter().flat_map(|known| &known.imports);
        imports.map(|(name, to)| (name.text.clone(), self.prefix(*to).to_owned())).collect()
    }

    fn prefix(&self, unit: Unit) -> &str {
        self.units.get(&unit).map_or("", |known| &known.prefix)
    }

    /// The file with the names that its declarations have in the contract.
    fn linked(&self, mut file: File, unit: Unit, called: &[String]) -> File {
        let Some(known) = self.units.get(&unit) else {
            return File { items: Vec::new(), ..file };
        };
        let prefix = &known.prefix;
        file.items.retain_mut(|item| {
            names::each(item, &mut |name| self.rename(known, name));
            match &item.kind {
                // What nobody calls is no part of the gateway, and its variables are not wanted.
                ItemKind::Backend(backend) => called.contains(&backend.name.text),
                ItemKind::Env(_) | ItemKind::Auth(_) | ItemKind::Policy(_) => true,
                ItemKind::Type(_) | ItemKind::Enum(_) | ItemKind::Union(_) => true,
                ItemKind::Error(_) | ItemKind::Bad => true,
                _ => false,
            }
        });
        debug_assert!(!prefix.is_empty(), "only the contract itself has names without a prefix");
        file
    }

    /// Gives a name of the unit `known` the form that it has in the contract.
    fn rename(&self, known: &Known, name: &mut Ident) {
        let imported = name.text.split_once('.').and_then(|(first, rest)| {
            let (_, to) = known.imports.iter().find(|(import, _)| import.text == first)?;
            Some(format!("{}{rest}", self.prefix(*to)))
        });
        name.text = imported.unwrap_or_else(|| format!("{}{}", known.prefix, name.text));
    }
}
