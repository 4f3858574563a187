//! Modules to the files of a package, or to one file for a build script.

use super::rust;
use super::{Module, Modules};
use askama::Template;
use std::collections::{BTreeMap, BTreeSet};

/// Relative path, always with `/`, to content.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What a package needs to know besides its modules.
#[derive(Clone, Debug)]
pub struct PackageOptions {
    /// The name of the program it builds: `shop-v1`.
    pub name: String,
    /// Where the runtime's source lies, seen from the package: `runtime` or `../gatewright-runtime`.
    pub runtime: String,
    /// The features of the runtime that this gateway needs: `auth`, `compress`, `store`, `tls`.
    pub features: Vec<String>,
    /// The text of `Cargo.lock`. Package names and dependencies are the same for all gateways, so
    /// one text fits all.
    pub lock: String,
    /// Whether the program carries a label, in the files [`LABEL`], [`CONTENTS`] and
    /// [`DEPENDENCIES`], which whoever builds adds.
    pub labelled: bool,
}

/// The file of a package for what its program says of itself: becomes the section
/// `.gatewright.label`.
pub const LABEL: &str = "label/label.json";

/// The file for the contract's texts: becomes the section `.gatewright.contents`.
pub const CONTENTS: &str = "label/contents";

/// The file for the crates that the program is made of: becomes the section `.dep-v0`.
pub const DEPENDENCIES: &str = "label/dependencies";

/// Features of the runtime that a package can ask for. All are known to every package, because
/// cargo resolves a lock with all features of a package.
const FEATURES: &[&str] = &["auth", "compress", "store", "tls"];

/// The lints that generated code does not obey: what a contract declares need not be answered
/// anywhere, and a long endpoint is one long function.
const ALLOWED: &str = "#![allow(dead_code, clippy::too_many_lines)]\n";

/// The files of a package that builds one program.
///
/// `Cargo.toml`, `Cargo.lock`, `README.md`, `.gitignore`, `src/main.rs`, `src/lib.rs` and one file
/// for every other module: `src/v1.rs`, `src/v1/get_products_id.rs`.
pub fn package(modules: &Modules, options: &PackageOptions) -> Files {
    let tree = Tree::new(modules);
    let mut files = Files::new();
    for path in tree.paths() {
        let mut text = rust::header(&modules.origin);
        text.push_str(&tree.text(path, |_| String::new()));
        files.insert(file_of(path), text.into_bytes());
    }
    files.insert("src/main.rs".into(), main(modules, options).into_bytes());
    files.insert("Cargo.toml".into(), manifest(modules, options).into_bytes());
    files.insert("Cargo.lock".into(), options.lock.clone().into_bytes());
    files.insert("README.md".into(), readme(modules, options).into_bytes());
    files.insert(".gitignore".into(), b"/target\n".to_vec());
    files
}

/// One text with a public module `name` around everything, for `OUT_DIR`.
///
/// ```text
/// pub mod shop {
///     pub static CONTRACT: rt::Contract = …;
///     pub mod v1 { … }
/// }
/// ```
pub fn single_file(modules: &Modules, name: &str) -> String {
    let tree = Tree::new(modules);
    let header = rust::header(&modules.origin);
    let inside = rust::indent(&tree.nested(&[]));
    format!("{header}pub mod {} {{\n{inside}}}\n", rust::identifier(name))
}

/// The modules by path, with the parents that no module was given for.
struct Tree<'m> {
    modules: BTreeMap<&'m [String], Option<&'m Module>>,
    /// Paths in the order in which they were given, parents before children.
    order: Vec<&'m [String]>,
}

impl<'m> Tree<'m> {
    fn new(modules: &'m Modules) -> Self {
        let mut tree = Tree { modules: BTreeMap::new(), order: Vec::new() };
        tree.declare(&[]);
        for module in &modules.modules {
            for length in 0..=module.path.len() {
                tree.declare(module.path.get(..length).unwrap_or_default());
            }
            tree.modules.insert(&module.path, Some(module));
        }
        tree
    }

    fn declare(&mut self, path: &'m [String]) {
        if !self.modules.contains_key(path) {
            self.modules.insert(path, None);
            self.order.push(path);
        }
    }

    fn paths(&self) -> impl Iterator<Item = &'m [String]> {
        self.order.iter().copied()
    }

    /// The modules directly in `path`, in the order in which they were given.
    fn children(&self, path: &[String]) -> Vec<&'m [String]> {
        let direct = |child: &&'m [String]| {
            child.len() == path.len() + 1 && child.get(..path.len()) == Some(path)
        };
        self.order.iter().copied().filter(direct).collect()
    }

    /// The text of one module: documentation, allowed lints at the root, child modules, items.
    /// `body` gives the braces of a child, or nothing where the child has its own file.
    fn text(&self, path: &[String], body: impl Fn(&[String]) -> String) -> String {
        let module = self.modules.get(path).copied().flatten();
        let mut parts = Vec::new();
        parts.push(module.map(|module| rust::inner_doc(&module.doc)).unwrap_or_default());
        parts.push(if path.is_empty() { ALLOWED.to_owned() } else { String::new() });
        parts
            .push(self.children(path).into_iter().map(|child| declaration(child, &body)).collect());
        parts.push(module.map(|module| module.text.clone()).unwrap_or_default());
        parts.retain(|part| !part.is_empty());
        parts.join("\n")
    }

    fn nested(&self, path: &[String]) -> String {
        self.text(path, |child| format!(" {{\n{}}}", rust::indent(&self.nested(child))))
    }
}

/// `pub mod v1;` or `pub mod v1 { … }`
fn declaration(child: &[String], body: impl Fn(&[String]) -> String) -> String {
    let name = child.last().map(String::as_str).unwrap_or_default();
    let body = body(child);
    if body.is_empty() { format!("pub mod {name};\n") } else { format!("pub mod {name}{body}\n") }
}

/// `src/v1/get_products_id.rs`; the root is `src/lib.rs`.
fn file_of(path: &[String]) -> String {
    if path.is_empty() { "src/lib.rs".into() } else { format!("src/{}.rs", path.join("/")) }
}

/// The library's name. It differs from gateway to gateway, because cargo keeps two libraries of
/// one name apart by their name only when they share a target directory.
fn library(options: &PackageOptions) -> String {
    format!("gateway_{}", rust::identifier(&options.name))
}

/// A string of Rust's, TOML's and JSON's common kind.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[derive(Template)]
#[template(path = "main.rs.j2", escape = "none")]
struct Main<'a> {
    header: &'a str,
    name: &'a str,
    library: &'a str,
    /// The files of its label, seen from `src/main.rs`, in quotes; empty without one.
    label: Vec<String>,
}

fn main(modules: &Modules, options: &PackageOptions) -> String {
    let header = rust::header(&modules.origin);
    let library = library(options);
    let label: &[&str] = if options.labelled { &[LABEL, CONTENTS, DEPENDENCIES] } else { &[] };
    let label = label.iter().map(|file| quoted(&format!("../{file}"))).collect();
    render(&Main { header: &header, name: &options.name, library: &library, label })
}

#[derive(Template)]
#[template(path = "Cargo.toml.j2", escape = "none")]
struct Manifest<'a> {
    version: &'a str,
    origin: String,
    name: String,
    library: String,
    runtime: String,
    /// Whether the runtime lies inside the package's folder, where cargo would take it for a member.
    inside: bool,
    default: Vec<String>,
    features: &'a [&'a str],
}

fn manifest(modules: &Modules, options: &PackageOptions) -> String {
    let wanted: BTreeSet<&str> = options.features.iter().map(String::as_str).collect();
    render(&Manifest {
        version: crate::VERSION,
        origin: modules.origin.split_whitespace().collect::<Vec<_>>().join(" "),
        name: quoted(&options.name),
        library: library(options),
        runtime: quoted(&options.runtime),
        inside: !options.runtime.starts_with(['.', '/']),
        default: wanted.into_iter().map(quoted).collect(),
        features: FEATURES,
    })
}

#[derive(Template)]
#[template(path = "README.md.j2", escape = "none")]
struct Readme<'a> {
    modules: &'a Modules,
    name: &'a str,
    version: &'a str,
    parts: Vec<Part<'a>>,
}

/// A version and its endpoints, a line each.
struct Part<'a> {
    name: &'a str,
    endpoints: Vec<String>,
}

fn readme(modules: &Modules, options: &PackageOptions) -> String {
    render(&Readme { modules, name: &options.name, version: crate::VERSION, parts: parts(modules) })
}

fn parts(modules: &Modules) -> Vec<Part<'_>> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    for module in &modules.modules {
        let [version, _] = module.path.as_slice() else { continue };
        let mut lines = module.doc.lines().filter(|line| !line.is_empty());
        let Some(signature) = lines.next().filter(|line| names_a_request(line)) else { continue };
        let line = lines
            .next()
            .map_or_else(|| signature.to_owned(), |first| format!("{signature}: {first}"));
        match parts.iter_mut().find(|part| part.name == version) {
            Some(part) => part.endpoints.push(line),
            None => parts.push(Part { name: version, endpoints: vec![line] }),
        }
    }
    parts
}

/// Whether a line of documentation opens with a method and a path in backticks, as an endpoint's does.
fn names_a_request(line: &str) -> bool {
    line.strip_prefix('`').and_then(|rest| rest.split_once(' ')).is_some_and(|(method, path)| {
        !method.is_empty()
            && method.bytes().all(|byte| byte.is_ascii_uppercase())
            && path.starts_with('/')
    })
}

fn render(template: &impl Template) -> String {
    template.render().expect("writing plain fields to a string cannot fail")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop() -> Modules {
        let module = |path: &[&str], doc: &str, item: &str| Module {
            path: path.iter().map(|&part| part.to_owned()).collect(),
            doc: doc.to_owned(),
            text: format!("{item}\n"),
        };
        Modules {
            contract: "shop".into(),
            origin: "shop.api (sha256 00)".into(),
            digests: Vec::new(),
            modules: vec![
                module(&[], "The gateway.", "pub static CONTRACT: u8 = v1::b::ONE;"),
                module(&["v1", "b"], "`GET /b -> B`\n\nOne b.\nMore.", "pub static ONE: u8 = 1;"),
                module(&["v1", "a"], "Shared types.", "pub static TWO: u8 = 2;"),
            ],
        }
    }

    fn options() -> PackageOptions {
        PackageOptions {
            name: "shop-v1".into(),
            runtime: "runtime".into(),
            features: vec!["tls".into()],
            lock: "version = 4\n".into(),
            labelled: false,
        }
    }

    fn text(files: &Files, path: &str) -> String {
        String::from_utf8(files.get(path).expect(path).clone()).unwrap()
    }

    #[test]
    fn a_module_is_a_file_and_parents_are_made() {
        let files = package(&shop(), &options());
        let names: Vec<_> = files.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                ".gitignore",
                "Cargo.lock",
                "Cargo.toml",
                "README.md",
                "src/lib.rs",
                "src/main.rs",
                "src/v1.rs",
                "src/v1/a.rs",
                "src/v1/b.rs"
            ]
        );
        assert!(text(&files, "src/v1.rs").ends_with("Edits are lost.\npub mod b;\npub mod a;\n"));
        let lib = text(&files, "src/lib.rs");
        assert!(lib.contains("//! The gateway.\n\n#![allow("), "{lib}");
        assert!(lib.ends_with("\npub mod v1;\n\npub static CONTRACT: u8 = v1::b::ONE;\n"), "{lib}");
    }

    #[test]
    fn the_manifest_names_the_program_and_only_the_features_it_needs() {
        let with = text(&package(&shop(), &options()), "Cargo.toml");
        assert!(with.contains("name = \"shop-v1\""), "{with}");
        assert!(with.contains("name = \"gateway_shop_v1\""), "{with}");
        assert!(with.contains("default = [\"tls\"]"), "{with}");
        assert!(with.contains("[workspace]\nexclude = [\"runtime\"]"), "{with}");
        let beside = PackageOptions {
            runtime: "../gatewright-runtime".into(),
            features: Vec::new(),
            ..options()
        };
        let without = text(&package(&shop(), &beside), "Cargo.toml");
        assert!(without.contains("default = []"), "{without}");
        assert!(!without.contains("exclude"), "{without}");
    }

    #[test]
    fn the_readme_lists_endpoints_by_version() {
        let readme = text(&package(&shop(), &options()), "README.md");
        assert!(readme.contains("\n## v1\n\n- `GET /b -> B`: One b.\n"), "{readme}");
        assert!(!readme.contains("Shared types"), "{readme}");
    }

    #[test]
    fn one_file_nests_modules_and_is_rust() {
        let text = single_file(&shop(), "my-shop");
        let file = syn::parse_file(&text).expect("one file parses");
        assert_eq!(file.items.len(), 1);
        assert!(text.contains("\npub mod my_shop {\n    //! The gateway.\n"), "{text}");
        assert!(text.contains("        pub mod b {\n            //! `GET /b -> B`\n"), "{text}");
    }

    #[test]
    fn a_label_is_named_where_there_is_one() {
        let main = |labelled| {
            text(&package(&shop(), &PackageOptions { labelled, ..options() }), "src/main.rs")
        };
        assert!(!main(false).contains("label!"), "{}", main(false));
        let with = main(true);
        assert!(with.contains("label! {\n    \"../label/label.json\",\n"), "{with}");
        syn::parse_file(&with).expect("it parses");
    }

    #[test]
    fn the_same_modules_give_the_same_bytes() {
        assert_eq!(package(&shop(), &options()), package(&shop(), &options()));
    }
}
