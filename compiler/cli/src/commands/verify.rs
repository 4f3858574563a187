//! `gatewright verify`: whether a program is what it says, and what a contract says.

use super::Outcome;
use super::image::key;
use super::inspect::{bytes, is_in_registry, program};
use crate::args::Verify;
use crate::labels;
use crate::load::{Backends, Loaded, features, load};
use crate::registry::{Registry, parted};
use crate::terminal::Terminal;
use gatewright_artifact::image::signature::Verdict;
use gatewright_artifact::image::{Layout, Signed};
use gatewright_artifact::key::PublicKey;
use gatewright_artifact::{Label, Program, Texts, image};
use gatewright_build::{Cache, Error, How, Mode, Order, Place, build_labelled, facts};
use gatewright_compiler::codegen::Modules;
use gatewright_compiler::source::{Source, Sources};
use gatewright_compiler::{Checked, Target, VERSION, analyse, generate, plan};
use gatewright_runtime::SOURCE;
use std::borrow::Cow;
use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::path::Path;

/// What is looked at: a program, and what it is called.
struct Held {
    name: String,
    program: Program,
    bytes: Vec<u8>,
}

pub(crate) fn run(args: &Verify, terminal: Terminal) -> Result<Outcome, Error> {
    let held = match held(args, terminal)? {
        Ok(held) => held,
        Err(wrong) => return Ok(refused(&args.what, &wrong, terminal)),
    };
    let mut outcome = Outcome::Fine;
    for one in &held {
        if looked_at(args, one, terminal)? == Outcome::Findings {
            outcome = Outcome::Findings;
        }
    }
    Ok(outcome)
}

/// The programs in what was named, or why it is not trusted.
fn held(args: &Verify, terminal: Terminal) -> Result<Result<Vec<Held>, Vec<String>>, Error> {
    let key = args.key.as_deref().map(public).transpose()?;
    let path = Path::new(&args.what);
    let layout = if is_in_registry(&args.what) {
        let (place, reference) = parted(&args.what);
        let files = Registry::named(place, args.plain_http)?.layout(reference)?;
        Layout::of(files)
    } else {
        let bytes = bytes(path)?;
        if !image::is_archive(&bytes) {
            if key.is_some() {
                let message = format!("{} is no image, and programs are not signed", args.what);
                return Err(Error::wrong_use(message).help("sign an image of it"));
            }
            let program = program(path)?;
            return Ok(Ok(vec![Held { name: args.what.clone(), program, bytes }]));
        }
        Layout::read(&bytes)
    };
    Ok(layout
        .and_then(|layout| images(&layout, args, key, terminal))
        .unwrap_or_else(|why| Err(vec![why])))
}

/// The programs of images, or which of the images the key did not sign.
fn images(
    layout: &Layout,
    args: &Verify,
    key: Option<PublicKey>,
    terminal: Terminal,
) -> Result<Result<Vec<Held>, Vec<String>>, String> {
    let images = layout.images()?;
    if let (Some(key), Some(path)) = (key, &args.key) {
        let (signed, wrong): (Vec<Signed>, Vec<Signed>) =
            layout.signed(&key)?.into_iter().partition(|one| one.verdict == Verdict::Signed);
        if !wrong.is_empty() {
            return Ok(Err(wrong.iter().map(|one| unsigned(one, path)).collect()));
        }
        for one in signed {
            let (tags, by) = (one.tags.join(", "), path.display());
            let line = format!("{}: {} ({tags}) is signed by {by}\n", args.what, one.digest);
            terminal.result(&line);
        }
    }
    let named = images.into_iter().map(|one| Held {
        name: format!("{}: {}", args.what, one.program.label.program),
        program: one.program,
        bytes: one.bytes,
    });
    Ok(Ok(named.collect()))
}

/// Why an image does not count as signed.
fn unsigned(one: &Signed, key: &Path) -> String {
    let (image, key) = (format!("{} ({})", one.digest, one.tags.join(", ")), key.display());
    match one.verdict {
        Verdict::ByOthers => format!("{image} is signed, and not by the other half of {key}"),
        Verdict::Elsewhere => format!("{image} has a signature that {key} knows, of another image"),
        Verdict::Unsigned | Verdict::Signed => format!("{image} is not signed"),
    }
}

/// A key that tells who signed.
fn public(path: &Path) -> Result<PublicKey, Error> {
    let refused = |why: String| {
        let message = format!("{} {why}", path.display());
        Error::wrong_use(message).help("write it: `openssl pkey -in KEY -pubout -out FILE`")
    };
    PublicKey::read(&key(path)?).map_err(refused)
}

fn looked_at(args: &Verify, held: &Held, terminal: Terminal) -> Result<Outcome, Error> {
    let Held { name, program, bytes } = held;
    let wrong = own(program);
    if !wrong.is_empty() {
        return Ok(refused(name, &wrong, terminal));
    }
    let Some(path) = &args.contract else {
        let how = match can_generate(&program.label) {
            true => "its texts give the code that its label names",
            false => "it was made by another compiler, so its code was not generated again",
        };
        terminal.result(&format!("{name} is {}: {how}\n", what(&program.label)));
        return Ok(Outcome::Fine);
    };
    let loaded = load(path)?;
    let Some(contract) = loaded.contract(terminal) else { return Ok(Outcome::Findings) };
    let wrong = compared(program, &loaded, contract)?;
    if !wrong.is_empty() {
        return Ok(refused(name, &wrong, terminal));
    }
    let contract = &*without_drafts(contract, &program.label);
    let shown = path.display();
    if args.no_build {
        let text = format!("{name} is {}: made of the texts of {shown}\n", what(&program.label));
        terminal.result(&text);
        return Ok(Outcome::Fine);
    }
    let again = rebuilt(&program.label, (&loaded, contract), path, terminal)?;
    if again != *bytes {
        let wrong = "built again from the same texts by the same compiler, it has other bytes";
        return Ok(refused(name, &[wrong.to_owned()], terminal));
    }
    let text =
        format!("{name} is {}: built again from {shown}, it is the same\n", what(&program.label));
    terminal.result(&text);
    Ok(Outcome::Fine)
}

/// `shop 1, 2`
fn what(label: &Label) -> String {
    format!("{} {}", label.api, label.labels().join(", "))
}

fn refused(name: &str, wrong: &[String], terminal: Terminal) -> Outcome {
    for line in wrong {
        terminal.result(&format!("{name}: {line}\n"));
    }
    Outcome::Findings
}

/// Whether this program would generate the same code as the one that made it.
fn can_generate(label: &Label) -> bool {
    let runtime = gatewright_build::runtime_digest(SOURCE);
    label.compiler == VERSION && label.fact("runtime") == Some(&runtime)
}

/// What is wrong with a program by itself: texts that do not give the code that its label names.
fn own(program: &Program) -> Vec<String> {
    if !can_generate(&program.label) {
        return Vec::new();
    }
    let carried = program.label.versions.iter().filter_map(|version| {
        let modules = carried(program, &version.label)?;
        let digest = modules.ok().and_then(|modules| modules.digests.first().cloned());
        match digest {
            Some((_, digest)) if digest == version.sha256 => None,
            _ => Some(format!(
                "the text of version {} that it carries does not give the code that it names",
                version.label
            )),
        }
    });
    carried.collect()
}

/// The code that the text of a version gives which the program carries; nothing if it carries none.
fn carried(program: &Program, label: &str) -> Option<Result<Modules, ()>> {
    let (_, text) = program.texts.versions.iter().find(|(own, _)| own == label)?;
    let mut sources = Sources::new();
    sources.add("carried.api", text.as_str());
    let analysis = analyse(&sources);
    Some(analysis.checked().map(|contract| code(contract, label)).ok_or(()))
}

/// The code of one version.
fn code(contract: &Checked, label: &str) -> Modules {
    let versions = vec![label.to_owned()];
    generate(&plan(contract, &Target { versions, ..Target::default() }))
}

/// The contract without drafts, unless the program has some.
fn without_drafts<'c>(contract: &'c Checked, label: &Label) -> Cow<'c, Checked> {
    match label.versions.iter().any(|version| version.draft) {
        true => Cow::Borrowed(contract),
        false => Cow::Owned(contract.without_drafts()),
    }
}

/// In what a program differs from a contract.
fn compared(program: &Program, loaded: &Loaded, contract: &Checked) -> Result<Vec<String>, Error> {
    let label = &program.label;
    if label.api != contract.api() {
        return Ok(vec![format!("it is `{}`, and the contract `{}`", label.api, contract.api())]);
    }
    let contract = &*without_drafts(contract, label);
    let target = target(label, loaded, contract);
    let texts = other_texts(program, labels::texts(&loaded.input.sources, &target));
    let here = contract.versions();
    let whole = LazyCell::new(|| whole(program, loaded));
    let mut wrong = Vec::new();
    for version in &label.versions {
        if !here.contains(&version.label) {
            wrong.push(format!("the contract has no version {}", version.label));
        } else if can_generate(label) {
            let new = code(contract, &version.label);
            let is_same = new.digests.first().is_some_and(|(_, digest)| *digest == version.sha256);
            if !is_same || !texts.is_empty() {
                let old = whole.as_ref().map(|old| code(old, &version.label));
                let old = old.or_else(|| carried(program, &version.label)?.ok());
                wrong.extend(differing(old, &new, (&version.label, is_same)));
            }
        }
    }
    wrong.extend(texts);
    Ok(wrong)
}

/// The contract as the program carries it; nothing if it was made of other files than these.
fn whole(program: &Program, loaded: &Loaded) -> Option<Checked> {
    let theirs: BTreeMap<_, _> = program.texts.files.iter().cloned().collect();
    let sources = &loaded.input.sources;
    if sources.iter().any(|(_, source)| !theirs.contains_key(&source.label)) {
        return None;
    }
    let old = |source: &Source| theirs.get(&source.label).cloned().unwrap_or_default();
    let analysis = analyse(&sources.with_texts(|_, source| old(source)));
    Some(without_drafts(analysis.checked()?, &program.label).into_owned())
}

/// The texts that the program was not made of, or that it alone was made of.
fn other_texts(program: &Program, texts: Texts) -> Vec<String> {
    let mut wrong = Vec::new();
    let theirs: BTreeMap<_, _> = program.texts.files.iter().cloned().collect();
    let ours: BTreeMap<_, _> = texts.files.into_iter().collect();
    for (name, text) in &ours {
        match theirs.get(name) {
            None => wrong.push(format!("it was made without {name}")),
            Some(other) if other != text => {
                let line = text.lines().zip(other.lines()).take_while(|(a, b)| a == b).count() + 1;
                wrong.push(format!("{name} is another text, from line {line} on"));
            }
            Some(_) => {}
        }
    }
    let gone = theirs.keys().filter(|name| !ours.contains_key(*name));
    wrong.extend(gone.map(|name| format!("it was made with {name}, which is not there")));
    if texts.lock != program.texts.lock {
        wrong.push("api.lock is another text".to_owned());
    }
    wrong
}

/// The endpoints in which a version differs from what the contract gives, by themselves or by what
/// they share.
fn differing(old: Option<Modules>, new: &Modules, (label, is_same): (&str, bool)) -> Vec<String> {
    let Some(old) = old else {
        return if is_same { Vec::new() } else { vec![format!("version {label} is other code")] };
    };
    let (old, new) = (old.reach(), new.reach());
    let mut found = Vec::new();
    for (path, one) in &new {
        let name = &one.request;
        match old.get(path) {
            None => found.push(format!("version {label}: it does not have {name}")),
            Some(other) if other != one => {
                found.push(format!("version {label}: {name} differs"));
            }
            Some(_) => {}
        }
    }
    let gone = old.iter().filter(|(path, _)| !new.contains_key(*path));
    found.extend(
        gone.map(|(_, one)| format!("version {label}: the contract lacks {}", one.request)),
    );
    if found.is_empty() && !is_same {
        found.push(format!("version {label}: what its endpoints share differs"));
    }
    found
}

fn target(label: &Label, loaded: &Loaded, contract: &Checked) -> Target {
    let target = Target {
        name: label.program.clone(),
        versions: label.versions.iter().map(|version| version.label.clone()).collect(),
        revision: label.revision.clone().unwrap_or_default(),
        ..Target::default()
    };
    target.carrying(&loaded.input.sources, contract)
}

/// The bytes of the program, built again.
fn rebuilt(
    label: &Label,
    (loaded, contract): (&Loaded, &Checked),
    path: &Path,
    terminal: Terminal,
) -> Result<Vec<u8>, Error> {
    let how = match label.fact("profile") {
        Some("release") => How { target: label.fact("target"), ..How::usual(Mode::Release) },
        _ => {
            let message = "it was built with `--dev`, whose bytes may differ every time";
            return Err(Error::wrong_use(message).help("`--no-build` compares texts and code"));
        }
    };
    let features = features(contract, Backends::Real);
    let target = target(label, loaded, contract);
    let order = Order { contract, target, features, runtime: SOURCE };
    for (name, text) in facts(&order, how)? {
        let theirs = label.fact(name).unwrap_or_default();
        if theirs != text {
            let message = format!(
                "it cannot be built again here: its {name} was `{theirs}`, and here it is `{text}`"
            );
            return Err(Error::world(message).help(
                "build with what it was built with, or compare texts and code with `--no-build`",
            ));
        }
    }
    let cache = Cache::open()?;
    let place = cache.program(path, &format!("verify-{}", label.program));
    let mut bar = terminal.progress(&label.program);
    build_labelled(
        &order,
        Place { cache: &cache, contract: path, program: &place, how },
        &|known| labels::files((&loaded.input.sources, contract), &order.target, known),
        &mut |progress| bar.step(&progress),
    )?;
    drop(bar);
    bytes(&place)
}
