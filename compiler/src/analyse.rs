//! Text to contract: the order of the passes.

mod access;
mod backends;
mod blocks;
mod bounds;
mod cases;
mod claims;
pub(crate) mod clauses;
mod consequences;
mod consumers;
mod cors;
mod dates;
mod declare;
mod deprecated;
pub(crate) mod edits;
mod endpoints;
mod forms;
pub(crate) mod imports;
pub(crate) mod limits;
mod operations;
pub(crate) mod policies;
mod reuse;
mod routes;
mod selection;
mod signature;
mod terms;
mod types;
pub(crate) mod values;
mod variables;
pub(crate) mod versions;
pub(crate) mod work;

pub(crate) use bounds::{compare as compare_bounds, limit};
pub(crate) use cases::{OF_EVERY_PROBLEM, best_endpoint, fits_path, is_any, target_parts};
pub(crate) use consumers::resolve as resolve_consumers;
pub(crate) use dates::{days, http_date, is_day};
pub(crate) use routes::shapes;
pub(crate) use signature::percent_decode;

use crate::check;
use crate::contract::{Checked, Contract, Selection, Version};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::lock;
use crate::lock::{Lock, Written};
use crate::schema::Schemas;
use crate::source::{LOCK, Sources};
use gatewright_grammar::tree::{File, ItemKind};
use gatewright_grammar::{Span, SyntaxError};
use std::cell::RefCell;

/// What analysis found.
#[derive(Debug)]
pub struct Analysis {
    /// Findings: errors first, then by place.
    pub diagnostics: Vec<Diagnostic>,
    checked: Option<Checked>,
    /// The contract where no gateway is made of it: what a lock holds, or what a gateway serves.
    another: Option<Contract>,
}

impl Analysis {
    /// Findings about something that no gateway is made of, and the contract that it is, if it is one.
    pub(crate) fn of_another(diagnostics: Vec<Diagnostic>, contract: Option<Contract>) -> Self {
        Self { diagnostics, checked: None, another: contract }
    }

    /// The contract, if there are no errors.
    pub fn checked(&self) -> Option<&Checked> {
        self.checked.as_ref()
    }

    /// The contract, if there are no errors.
    pub fn into_checked(self) -> Option<Checked> {
        self.checked
    }

    /// The contract to compare with others: of what a lock holds no gateway is made. Nothing if
    /// there are errors.
    pub fn comparable(&self) -> Option<&Contract> {
        self.checked.as_ref().map(Checked::contract).or(self.another.as_ref())
    }
}

/// Reads and checks a contract. Any text is fine: what is wrong with it is in the findings.
///
/// Beside texts, a lock is what they are compared with; without any it is the contract itself, with
/// what is published and no work behind it.
pub fn analyse(sources: &Sources) -> Analysis {
    let mut analysis = looked_at(sources);
    lock::prove(sources, &mut analysis.diagnostics, |other| looked_at(other).diagnostics);
    analysis
}

fn looked_at(sources: &Sources) -> Analysis {
    if let (true, Some(source)) = (sources.is_empty(), sources.get(LOCK)) {
        return match Lock::read(&source.text).and_then(|lock| lock.contract()) {
            Ok(contract) => Analysis::of_another(Vec::new(), Some(contract)),
            Err(damage) => Analysis::of_another(vec![*damage], None),
        };
    }
    let mut diagnostics = Diagnostics::default();
    let mut files: Vec<File> = Vec::new();
    let mut unread: Vec<Span> = Vec::new();
    for (id, source) in sources.iter() {
        let parse = gatewright_grammar::parse(id, &source.text);
        unread.extend(parse.errors.iter().map(|error| error.span));
        parse.errors.into_iter().for_each(|error| diagnostics.push(syntax(error)));
        files.push(parse.file);
    }
    let (files, units) = imports::link(sources, files, &mut diagnostics);
    let mut contract = self::contract(sources, &files, &mut diagnostics);
    if let Some(contract) = &contract {
        check::all(contract, &files, sources, &mut diagnostics);
    }
    lock::judge(sources, &files, contract.as_mut(), &mut diagnostics);
    consequences::take_back(&unread, &files, sources, &mut diagnostics);
    check::allow::apply(&files, sources, &mut diagnostics);
    let checked = contract.filter(|_| !diagnostics.has_errors()).map(Checked);
    let mut diagnostics = diagnostics.into_sorted();
    imports::localise(&units, sources, &mut diagnostics);
    Analysis { diagnostics, checked, another: None }
}

/// The passes in order. Without an `api` block there is nothing to go on with.
fn contract(sources: &Sources, files: &[File], diagnostics: &mut Diagnostics) -> Option<Contract> {
    let api = declare::api(files, diagnostics);
    blocks::check(files, diagnostics);
    let mut variables = variables::declared(sources, files, diagnostics);
    let backends = backends::declare(files, &mut variables, diagnostics);
    let schemes = access::declare(files, &mut variables, diagnostics);
    let variables = RefCell::new(variables);
    let policies = policies::declare(files, diagnostics);
    let (flats, origins) = versions::flatten(files, diagnostics);
    let api = api?;
    let selection = selection::resolve(api.selection.as_ref(), &flats, diagnostics);
    let schemas = Schemas::new(sources);
    let mut versions = Vec::new();
    for flat in &flats {
        let surroundings = endpoints::Surroundings {
            sources,
            schemas: &schemas,
            api: &api,
            backends: &backends,
            origins: &origins,
            policies: &policies,
            selection: &selection,
            schemes: &schemes,
            promised: false,
            flats: &flats,
        };
        let mut own = Diagnostics::default();
        versions.push(endpoints::version(&surroundings, flat, &variables, &mut own));
        diagnostics.inherit(own, |one| inherited(&origins, flat, one));
    }
    let store = limits::settle(files, (&api, &versions, &schemes), &variables, diagnostics);
    let consumers = consumers::resolve(files, &versions, &flats, diagnostics);
    operations::uncalled(&backends, &flats, &schemas, diagnostics);
    let around = cases::Around {
        selection: &selection,
        versions: &versions,
        flats: &flats,
        backends: &backends.list,
        schemes: &schemes,
    };
    let levels = endpoints::Levels { api: &api, origins: &origins, policies: &policies };
    let cors = clauses::cors(&levels.of_api(), &variables, diagnostics);
    let variables = variables.into_inner().in_order();
    let cases = cases::resolve(files, &around, &variables, diagnostics);
    Some(Contract {
        api: api.name,
        doc: api.doc,
        selection,
        in_flight: api.in_flight,
        store,
        retired: Vec::new(),
        variables,
        backends: backends.list,
        schemes: schemes.list.into_iter().map(|one| one.scheme).collect(),
        versions,
        consumers,
        cases,
        cors,
        additive: api.additive,
    })
}

/// Where a version inherits the line that a finding in it is about, if it did not write it itself.
fn inherited(
    origins: &versions::Origins,
    flat: &versions::Flat,
    one: &Diagnostic,
) -> Option<(Span, String)> {
    let elsewhere = origins.within(one.primary.span).is_some_and(|rank| rank != flat.rank);
    elsewhere.then(|| (flat.span, format!("version {} inherits this line", flat.label)))
}

/// The version that `files` declare beside their `api` block, without the work behind endpoints:
/// what callers are promised, and nothing else.
pub(crate) fn promised(
    sources: &Sources,
    files: &[File],
) -> (Option<(Version, Selection)>, Vec<Diagnostic>) {
    let mut found = Diagnostics::default();
    let version = without_work(sources, files, None, &mut found);
    (version.map(|(version, selection, _)| (version, selection)), found.into_sorted())
}

/// The version `label` without the work behind endpoints, whatever is wrong with that and with
/// versions that it does not start from; nothing if its shape cannot be told.
pub(crate) fn shape(sources: &Sources, files: &[File], label: &str) -> Option<Contract> {
    let mut chain = vec![label.to_owned()];
    let versions = || {
        files.iter().flat_map(|file| &file.items).filter_map(|item| match &item.kind {
            ItemKind::Version(version) => Some(version),
            _ => None,
        })
    };
    while let Some(from) = chain.last().and_then(|last| {
        let version = versions().find(|version| version.label.text == *last)?;
        version.from.as_ref().filter(|from| !chain.contains(&from.text))
    }) {
        chain.push(from.text.clone());
    }
    let mut files = files.to_vec();
    for file in &mut files {
        file.items.retain(|item| match &item.kind {
            ItemKind::Version(version) => chain.contains(&version.label.text),
            _ => true,
        });
    }
    let mut found = Diagnostics::default();
    let (version, selection, api) = without_work(sources, &files, Some(label), &mut found)?;
    let mut contract = lock::bare(&api.name, selection, vec![version]);
    contract.additive = api.additive;
    (!found.has_errors()).then_some(contract)
}

/// The version `label`, or the first, as far as callers are promised something.
fn without_work(
    sources: &Sources,
    files: &[File],
    label: Option<&str>,
    found: &mut Diagnostics,
) -> Option<(Version, Selection, declare::Api)> {
    let api = declare::api(files, found)?;
    let selection = selection::promised(api.selection.as_ref());
    let mut variables = variables::declared(sources, files, found);
    let policies = policies::declare(files, found);
    let (flats, origins) = versions::flatten(files, found);
    let surroundings = endpoints::Surroundings {
        sources,
        schemas: &Schemas::new(sources),
        api: &api,
        backends: &backends::Backends::default(),
        origins: &origins,
        policies: &policies,
        selection: &selection,
        schemes: &access::declare(files, &mut variables, found),
        promised: true,
        flats: &flats,
    };
    let variables = RefCell::new(variables);
    let flat = flats.iter().find(|flat| label.is_none_or(|label| flat.label == label))?;
    let version = endpoints::version(&surroundings, flat, &variables, found);
    Some((version, selection, api))
}

/// A version of a contract as callers see it.
pub(crate) fn surface(sources: &Sources, contract: &Contract, label: &str) -> Vec<Written> {
    let files: Vec<File> = sources
        .iter()
        .map(|(id, source)| gatewright_grammar::parse(id, &source.text).file)
        .collect();
    let mut found = Diagnostics::default();
    let (files, _) = imports::link(sources, files, &mut found);
    let policies = policies::declare(&files, &mut found);
    let (flats, origins) = versions::flatten(&files, &mut found);
    let version = contract.versions.iter().find(|version| version.label == label);
    let flat = flats.iter().find(|flat| flat.label == label);
    let (Some(api), Some(version), Some(flat)) = (declare::api(&files, &mut found), version, flat)
    else {
        return Vec::new();
    };
    let around = endpoints::Levels { api: &api, origins: &origins, policies: &policies };
    let clauses = flat.endpoints.iter().map(|endpoint| around.clauses(flat, endpoint)).collect();
    let selection = declare::selection(&files, sources);
    let auths = files.iter().flat_map(|file| &file.items).filter_map(|item| match &item.kind {
        ItemKind::Auth(auth) => Some(auth),
        _ => None,
    });
    let auths = auths.collect();
    lock::version(&lock::Surface { sources, contract, flat, version, selection, clauses, auths })
}

fn syntax(error: SyntaxError) -> Diagnostic {
    let code = Code::named(error.code).unwrap_or(Code::UnexpectedText);
    let mut diagnostic = Diagnostic::new(code, error.span, error.message).label(error.label);
    diagnostic.notes = error.notes;
    for help in error.helps {
        diagnostic = match help.edit {
            Some((span, replacement)) => diagnostic.fix(help.text, span, replacement),
            None => diagnostic.help(help.text),
        };
    }
    diagnostic
}

/// The finding about something that is declared twice.
pub(crate) fn duplicate(what: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::new(Code::DuplicateName, span, format!("{what} is declared twice"))
        .label("declared again")
        .see(first, "first declared here")
        .help("delete one of them, or give it another name")
}
