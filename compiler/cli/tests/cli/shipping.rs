//! What is installed, and what pipelines run: packages, pages, completions, recipes.

use crate::program::{Folder, Said};
use std::fs;
use std::path::Path;
use std::process::Command;
use yaml_rust2::{Yaml, YamlLoader};

const PAGE: &str = include_str!("../../../manual/shipping.md");

/// What the shell makes of words that start with `$` and of stars, for the sake of reading options.
fn words(line: &str) -> Vec<String> {
    let line = line.split([';', '|', '>']).next().unwrap_or(line);
    let plain = line.replace(['"', '\''], "").replace("dist/shop-v*", "dist/shop-v1 dist/shop-v2");
    plain.split_whitespace().skip(1).map(str::to_owned).collect()
}

/// Every line that a document has run.
fn lines(yaml: &Yaml, found: &mut Vec<String>) {
    match yaml {
        Yaml::String(text) => found.extend(text.lines().map(|line| line.trim().to_owned())),
        Yaml::Array(all) => all.iter().for_each(|one| lines(one, found)),
        Yaml::Hash(all) => all.values().for_each(|one| lines(one, found)),
        _ => {}
    }
}

#[test]
fn recipes_for_shipping_are_yaml_and_run_commands_that_there_are() {
    let folder = Folder::new("shipping", &[]);
    let blocks: Vec<&str> = PAGE.split("```yaml\n").skip(1).collect();
    assert_eq!(blocks.len(), 2);
    for block in blocks {
        let text = block.split("```").next().unwrap_or(block);
        let read = YamlLoader::load_from_str(text).expect("a recipe is YAML");
        let mut found = Vec::new();
        read.iter().for_each(|one| lines(one, &mut found));
        let ours: Vec<&String> =
            found.iter().filter(|line| line.starts_with("gatewright ")).collect();
        let mut commands = Vec::new();
        for line in ours {
            let mut args = words(line);
            commands.extend(args.first().cloned());
            // Options that there are not are told before help is.
            args.push("--help".to_owned());
            let said = folder.run(&args.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(said.code, Some(0), "{line}: {}", said.err);
        }
        for command in ["check", "diff", "test", "build", "verify", "image", "push", "manifests"] {
            assert!(commands.iter().any(|one| one == command), "{command} in {commands:?}");
        }
    }
    let wrong = folder.run(&["check", "api", "--no-such", "--help"]);
    assert_eq!(wrong.code, Some(2), "help does not hide a wrong option");
}

#[test]
fn there_is_a_page_for_every_command_and_it_says_what_help_says() {
    let folder = Folder::new("man", &[]);
    assert_eq!(folder.run(&["man", "--out", "man", "--quiet"]).code, Some(0));
    let help = folder.run(&["--help"]).out;
    let commands = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next());
    let names = commands.expect("a list").lines().filter_map(|line| {
        let line = line.strip_prefix("  ")?;
        line.split(' ').next().filter(|name| !name.is_empty() && *name != "help")
    });
    let names: Vec<&str> = names.collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        let page = folder.read(&format!("man/gatewright-{name}.1"));
        assert!(page.contains(&format!(".TH gatewright-{name} 1")), "{page}");
        let help = folder.run(&[name, "--help"]).out;
        let options = help.split_whitespace().filter(|word| word.starts_with("--"));
        for option in options.filter(|word| word.chars().skip(2).all(char::is_alphanumeric)) {
            let written = option.replace('-', "\\-");
            assert!(page.contains(&written), "{name}: {option}");
        }
    }
    assert!(folder.path("man/gatewright-version-new.1").exists());
    let first = folder.run(&["man"]);
    assert_eq!((first.code, first.out), (Some(0), folder.read("man/gatewright.1")));
}

/// A program of others.
fn well(folder: &Folder, program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).current_dir(folder.path("")).output();
    let said = Said::new(&output.unwrap_or_else(|error| unreachable!("{program}: {error}")));
    assert_eq!(said.code, Some(0), "{program} {args:?}: {}{}", said.out, said.err);
    said.out
}

#[test]
fn packages_are_equal_for_equal_programs_and_what_they_install_runs() {
    let folder = Folder::new("packages", &[]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging/package");
    let script = script.display().to_string();
    // Without what a debugger reads, it is smaller to pack.
    let whole = env!("CARGO_BIN_EXE_gatewright");
    well(&folder, "strip", &["-o", "gatewright", whole]);
    for out in ["one", "two"] {
        let told = well(&folder, &script, &["gatewright", out]);
        assert_eq!(told, folder.read(&format!("{out}/SHA256SUMS")));
    }
    assert_eq!(folder.read("one/SHA256SUMS"), folder.read("two/SHA256SUMS"), "they are equal");
    let sums = folder.read("one/SHA256SUMS");
    let names: Vec<&str> = sums.lines().filter_map(|line| line.split("  ").nth(1)).collect();
    let [archive, package] = names.as_slice() else { unreachable!("{sums}") };
    let output = Command::new("sha256sum")
        .args(["--check", "--quiet", "SHA256SUMS"])
        .current_dir(folder.path("one"))
        .output();
    assert!(output.expect("it runs").status.success());

    let field = |name: &str| well(&folder, "dpkg-deb", &["-f", &format!("one/{package}"), name]);
    assert_eq!(field("Package"), "gatewright\n");
    assert_eq!(field("Version"), concat!(env!("CARGO_PKG_VERSION"), "\n"));
    assert!(field("Depends").starts_with("libc6 (>= 2."), "{}", field("Depends"));
    well(&folder, "dpkg-deb", &["-x", &format!("one/{package}"), "root"]);
    let version = concat!("gatewright ", env!("CARGO_PKG_VERSION"), "\n");
    let installed = folder.path("root/usr/bin/gatewright").display().to_string();
    assert_eq!(well(&folder, &installed, &["--version"]), version);
    for (path, of) in [
        ("usr/share/bash-completion/completions/gatewright", "bash"),
        ("usr/share/zsh/vendor-completions/_gatewright", "zsh"),
        ("usr/share/fish/vendor_completions.d/gatewright.fish", "fish"),
    ] {
        let script = folder.read(&format!("root/{path}"));
        assert_eq!(script, folder.run(&["completions", of]).out, "{of}");
    }
    well(&folder, "gzip", &["-t", "root/usr/share/man/man1/gatewright-check.1.gz"]);
    assert!(folder.path("root/usr/share/doc/gatewright/copyright").exists());

    // As an administrator, it is installed and removed as any other.
    if rustix::process::geteuid().is_root() {
        for part in ["updates", "info", "triggers"] {
            fs::create_dir_all(folder.path(&format!("system/var/lib/dpkg/{part}"))).expect("ours");
        }
        folder.write("system/var/lib/dpkg/status", "");
        let system = folder.path("system").display().to_string();
        let dpkg = |args: &[&str]| {
            let own = ["--root", &system, "--force-not-root", "--force-depends", "--log=/dev/null"];
            well(&folder, "dpkg", &[&own[..], args].concat())
        };
        dpkg(&["-i", &format!("one/{package}")]);
        let installed = format!("{system}/usr/bin/gatewright");
        assert_eq!(well(&folder, &installed, &["--version"]), version);
        dpkg(&["-r", "gatewright"]);
        assert!(!Path::new(&installed).exists());
    }
    well(&folder, "tar", &["-xzf", &format!("one/{archive}")]);
    let unpacked = archive.trim_end_matches(".tar.gz");
    let program = folder.path(&format!("{unpacked}/gatewright")).display().to_string();
    assert_eq!(well(&folder, &program, &["--version"]), version);
    assert!(folder.path(&format!("{unpacked}/man/gatewright-build.1")).exists());
}
