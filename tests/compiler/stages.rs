//! What holds for a contract at every stage of the compiler, whatever its text is. Tests with dice
//! and fuzzing ask for the same.

use gatewright_compiler::diagnostic::Diagnostic;
use gatewright_compiler::diagnostic::render::{self, Style};
use gatewright_compiler::lock::{self, Refused, Signed};
use gatewright_compiler::source::Sources;
use gatewright_compiler::{
    Checked, Target, analyse, codegen, flatten, generate, mocks, plan, requests,
};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{ItemKind, Version, VersionMember, VersionMemberKind};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A contract of one file.
pub(crate) fn alone(text: &str) -> Sources {
    let mut sources = Sources::new();
    sources.add("a.api", text);
    sources
}

/// [`check_any`] for bytes; those that are no text are none.
#[allow(dead_code, reason = "only what spoils bytes needs it")]
pub(crate) fn check_bytes(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        check_any(&alone(text));
    }
}

/// How long a contract of a few hundred lines may take, through every stage and without
/// optimization, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// Analyses a contract, and takes it through every stage if it passes.
pub(crate) fn check_any(sources: &Sources) {
    let begin = Instant::now();
    let analysis = analyse(sources);
    check_findings(&analysis.diagnostics, sources);
    check_forms(sources);
    if let Some(checked) = analysis.checked() {
        let planned = check_generated(checked);
        if analysis.diagnostics.is_empty() {
            for (version, endpoints) in declared(sources) {
                // What the lock says has ended is answered 410, and nothing else.
                let ended = checked.contract().retired.iter().any(|one| one.label == version);
                let (built, expected) = (planned.get(&version), (!ended).then_some(&endpoints));
                assert_eq!(built, expected, "nothing is left out in silence");
            }
            check_published(sources, checked);
        }
    }
    assert!(begin.elapsed() < PATIENCE, "{:?}", begin.elapsed());
}

/// Findings are sorted, told once, and about places that are there; every form can show them.
fn check_findings(found: &[Diagnostic], sources: &Sources) {
    let inside = |span: Span| {
        let text = sources.get(span.file).map(|source| source.text.as_str());
        text.is_some_and(|text| text.get(span.range()).is_some())
    };
    for one in found {
        let labels = one.secondary.iter().map(|label| label.span);
        let fixes = one.helps.iter().filter_map(|help| Some(help.fix.as_ref()?.span));
        let nowhere = labels.chain(fixes).chain([one.primary.span]).find(|span| !inside(*span));
        assert_eq!(nowhere, None, "{one:?}");
    }
    let order = |one: &Diagnostic| {
        (one.severity, !one.code.is_about_lock(), one.primary.span, one.code.name())
    };
    assert!(found.is_sorted_by_key(order), "{found:#?}");
    let mut told: Vec<_> = found.iter().map(order).collect();
    told.dedup();
    assert_eq!(told.len(), found.len(), "{found:#?}");
    render::text(found, sources, Style { colour: true, width: 100 });
    render::json_lines(found, sources);
    render::github(found, sources);
    render::sarif(found, sources);
}

/// What can be read has one form, and that form is read as the same.
fn check_forms(sources: &Sources) {
    for (_, source) in sources.iter() {
        if let Ok(once) = gatewright_grammar::format(&source.text) {
            let twice = gatewright_grammar::format(&once);
            assert_eq!(twice.as_ref(), Ok(&once), "formatting is not done after one time");
        }
    }
}

/// How many endpoints each version that starts from nothing declares.
fn declared(sources: &Sources) -> BTreeMap<String, usize> {
    fn endpoints(members: &[VersionMember]) -> usize {
        let one = |member: &VersionMember| match &member.kind {
            VersionMemberKind::Endpoint(_) => 1,
            VersionMemberKind::Under { members, .. } => endpoints(members),
            _ => 0,
        };
        members.iter().map(one).sum()
    }
    // Versions of imported directories stay where they are.
    let own = sources.iter().filter(|(_, source)| source.unit.0 == 0);
    let files = own.map(|(id, source)| gatewright_grammar::parse(id, &source.text).file);
    let versions = files.flat_map(|file| file.items).filter_map(|item| match item.kind {
        ItemKind::Version(version) if version.from.is_none() => Some(version),
        _ => None,
    });
    let removes = |version: &Version| {
        version.members.iter().any(|one| matches!(one.kind, VersionMemberKind::Remove(_)))
    };
    let versions = versions.filter(|version| !removes(version));
    versions.map(|version| (version.label.text, endpoints(&version.members))).collect()
}

/// What is planned is generated, and what is generated is Rust. How many endpoints each version
/// has.
pub(crate) fn check_generated(checked: &Checked) -> BTreeMap<String, usize> {
    let versions = checked.versions();
    let target = Target { name: "gateway".into(), versions: versions.clone(), ..Target::default() };
    let plan = plan(checked, &target);
    let modules = generate(&plan);
    for module in &modules.modules {
        let parsed = syn::parse_file(&module.text);
        assert!(parsed.is_ok(), "{:?} in {:?}: {}", parsed.err(), module.path, module.text);
    }
    let text = codegen::layout::single_file(&modules, "gateway");
    assert!(syn::parse_file(&text).is_ok(), "{text}");
    mocks(checked, &versions);
    requests(checked, &versions);
    plan.versions.into_iter().map(|one| (one.label, one.endpoints.len())).collect()
}

/// Every version can be written out and published, or there is a reason for people.
fn check_published(sources: &Sources, checked: &Checked) {
    let signed = Signed { by: "somebody".to_owned(), date: "2026-03-01".to_owned() };
    for label in checked.versions() {
        if let Ok(flat) = flatten(sources, checked, &label) {
            assert_eq!(gatewright_grammar::format(&flat).as_deref(), Ok(flat.as_str()), "{flat}");
        }
        match lock::publish(sources, checked, None, (&label, &signed)) {
            Ok(published) => assert!(!published.entries.is_empty(), "{}", published.text),
            Err(Refused::Use(why, _)) => assert!(!why.is_empty()),
            Err(Refused::Damaged(found)) => unreachable!("it cannot be read again: {found:?}"),
        }
    }
}
