//! What a build script calls: contracts to Rust in `OUT_DIR`.

use crate::read::Input;
use crate::{all_in_one, fail, modules, read, write};
use gatewright_compiler::analyse;
use gatewright_compiler::codegen::layout;
use gatewright_compiler::source::Unit;
use gatewright_grammar::parse;
use gatewright_grammar::tree::ItemKind;
use std::env;
use std::path::{Path, PathBuf};

/// Compiles the contract at `path`, a file or a directory, into `OUT_DIR/NAME.rs`, where NAME is
/// the path's last part without its ending. For build scripts.
///
/// A contract with errors becomes Rust that does not compile and whose message is the findings:
/// only what includes it fails. Warnings are shown by cargo. Drafts are left out.
pub fn compile(path: impl AsRef<Path>) {
    for warning in compiled(path.as_ref()) {
        println!("{warning}");
    }
}

/// [`compile`] for contracts that something else checks: their warnings are not shown.
pub fn compile_quietly(path: impl AsRef<Path>) {
    compiled(path.as_ref());
}

/// Writes what the contract at `path` becomes, and gives its warnings as lines for cargo.
fn compiled(path: &Path) -> Vec<String> {
    println!("cargo::rerun-if-changed={}", path.display());
    let lock = path.with_file_name(gatewright_compiler::lock::FILE);
    if path.is_file() && lock.is_file() {
        println!("cargo::rerun-if-changed={}", lock.display());
    }
    let Some(out) = env::var_os("OUT_DIR").map(PathBuf::from) else {
        println!(
            "cargo::error=`gatewright_build::compile` is for build scripts: there is no OUT_DIR"
        );
        return Vec::new();
    };
    let compiled = Compiled::new(path);
    for directory in &compiled.imported {
        println!("cargo::rerun-if-changed={}", directory.display());
    }
    for (name, text) in &compiled.files {
        if let Err(error) = write::file(&out.join(name), text.as_bytes()) {
            println!("cargo::error={}", error.to_string().replace('\n', " "));
        }
    }
    compiled.warnings
}

/// Every directory under `directories`, they themselves included, that holds a contract. For build
/// scripts that compile all of them: cargo runs the script again when one is added.
///
/// A directory without an `api` block that another imports is a part of that one, and none itself.
pub fn contracts<P: AsRef<Path>>(directories: impl IntoIterator<Item = P>) -> Vec<PathBuf> {
    let directories: Vec<P> = directories.into_iter().collect();
    for directory in &directories {
        println!("cargo::rerun-if-changed={}", directory.as_ref().display());
    }
    let found = read::find(directories);
    let parts: Vec<PathBuf> = found
        .iter()
        .filter_map(|directory| read::read(directory).ok())
        .flat_map(|input| input.imported)
        .filter_map(|part| part.canonicalize().ok())
        .collect();
    let is_part = |directory: &PathBuf| {
        directory.canonicalize().is_ok_and(|directory| parts.contains(&directory))
            && read::read(directory).is_ok_and(|input| !declares_api(&input))
    };
    found.into_iter().filter(|directory| !is_part(directory)).collect()
}

/// Whether a file of the directory itself has an `api` block.
fn declares_api(input: &Input) -> bool {
    let own = input.sources.iter().filter(|(_, source)| source.unit == Unit::default());
    let mut items = own.flat_map(|(id, source)| parse(id, &source.text).file.items);
    items.any(|item| matches!(item.kind, ItemKind::Api(_)))
}

/// What a build script writes and shows for one contract.
struct Compiled {
    files: Vec<(String, String)>,
    warnings: Vec<String>,
    /// The directories beside the contract's own that it was read from.
    imported: Vec<PathBuf>,
}

impl Compiled {
    fn new(path: &Path) -> Self {
        let input = match read::read(path) {
            Ok(input) => input,
            Err(error) => return Self::refused(&read::name(path), error.to_string()),
        };
        let analysis = analyse(&input.sources);
        let shown = input.shown();
        let warnings = fail::warnings(&analysis.diagnostics, &shown);
        let Some(contract) = analysis.checked() else {
            let message = fail::message(&analysis.diagnostics, &shown);
            return Self {
                warnings,
                imported: [input.imported, input.schemas].concat(),
                ..Self::refused(&input.name, message)
            };
        };
        let contract = &contract.without_drafts();
        let target = all_in_one(contract, "").carrying(&input.sources, contract);
        let modules = modules(contract, &target);
        let text = layout::single_file(&modules, &input.name);
        Self {
            files: vec![(format!("{}.rs", input.name), text)],
            warnings,
            imported: [input.imported, input.schemas].concat(),
        }
    }

    fn refused(name: &str, message: String) -> Self {
        let files =
            vec![(format!("{name}.rs"), fail::source(name)), (format!("{name}.err"), message)];
        Self { files, warnings: Vec::new(), imported: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    const TINY: &str = "api tiny {}\n\nversion 1 {\n  \
        GET /items/{id: text} -> { id: text } { public, return { id: id } }\n}\n";

    fn compiled(name: &str, text: &str) -> Compiled {
        Compiled::new(&Folder::new(&[(name, text)]).path(name))
    }

    #[test]
    fn a_contract_becomes_one_module_with_the_name_of_its_file() {
        let compiled = compiled("my-shop.api", TINY);
        let [(name, text)] = compiled.files.as_slice() else { panic!("{:?}", compiled.files) };
        assert_eq!(name, "my-shop.rs");
        assert!(text.contains("\npub mod my_shop {\n"), "{text}");
        assert!(text.contains("pub static CONTRACT: "), "{text}");
        assert_eq!(compiled.warnings, [] as [String; 0]);
    }

    #[test]
    fn a_contract_with_errors_becomes_a_message_of_the_rust_compiler() {
        let compiled = compiled("shop.api", &TINY.replace("id: id }", "id: sku }"));
        let [(_, rust), (_, message)] = compiled.files.as_slice() else {
            panic!("{:?}", compiled.files)
        };
        assert_eq!(rust, "compile_error!(include_str!(\"shop.err\"));\n");
        assert!(message.contains("error[unknown-name]: "), "{message}");
        assert!(message.contains("shop.api:4:"), "{message}");
    }

    #[test]
    fn a_warning_is_one_line_for_cargo() {
        let unused = "backend promos at env PROMOS_URL { timeout 1s }\n";
        let compiled = compiled("shop.api", &format!("{TINY}{unused}"));
        let [warning] = compiled.warnings.as_slice() else { panic!("{:?}", compiled.warnings) };
        assert!(warning.starts_with("cargo::warning=") && warning.ends_with(" [unused-backend]"));
        assert_eq!(compiled.files.len(), 1);
    }

    #[test]
    fn a_path_without_a_contract_becomes_a_message_too() {
        let compiled = Compiled::new(Path::new("/not/there/shop.api"));
        let message = compiled.files.iter().find(|(name, _)| name == "shop.err");
        assert!(message.is_some_and(|(_, text)| text.starts_with("there is no file")));
    }
}
