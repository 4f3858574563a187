//! What is printed to be filled in: `new`, `env`, `completions`.

use crate::program::{Folder, GOOD};

#[test]
fn a_new_contract_checks_and_is_formatted() {
    let folder = Folder::new("new", &[]);
    folder.run(&["new", "hello"]).is(
        0,
        "",
        "made  hello/hello.api\ntry it without any backend: gatewright run hello --mock\n",
    );
    folder.run(&["check", "hello", "--deny", "warnings"]).is(0, "", "");
    folder.run(&["fmt", "--check", "hello"]).is(0, "", "");
    assert!(folder.read("hello/README.md").starts_with("# hello\n"));
    assert!(!folder.read("hello/README.md").contains("NAME"));
}

#[test]
fn a_new_contract_overwrites_nothing_and_has_a_name() {
    let folder = Folder::new("new-taken", &[("hello/mine.txt", "mine")]);
    folder.run(&["new", "hello"]).is(
        2,
        "",
        "error: hello is already there\n  \
         = help: choose another name, or write a contract into it by hand\n",
    );
    folder.run(&["new", "../Hello"]).is(
        2,
        "",
        "error: `../Hello` cannot be the name of an API\n  \
         = help: use lower case letters, digits and `_`, beginning with a letter\n",
    );
}

#[test]
fn the_environment_is_a_template() {
    let contract = GOOD.replace(
        "{ timeout 1s }",
        "{\n  owner crew\n  timeout env PEOPLE_TIMEOUT = 1s in 100ms..2s\n  \
         send header X-Api-Key = env PEOPLE_KEY\n}",
    );
    let folder = Folder::new("env", &[("tiny.api", &contract)]);
    let dotenv = folder.run(&["env"]);
    assert_eq!((dotenv.code, dotenv.err.as_str()), (Some(0), ""));
    let (contract, own) = dotenv.out.split_once("# The gateway's own settings.").expect("both");
    let lines: Vec<_> =
        contract.lines().filter(|line| line.contains('=') || line.contains("within")).collect();
    assert_eq!(
        lines,
        [
            "PEOPLE_URL=",
            "# duration, optional, within 100ms..2s",
            "# PEOPLE_TIMEOUT=1s",
            "PEOPLE_KEY="
        ]
    );
    assert!(own.contains("\n# LISTEN=[::]:8080\n"), "{own}");
    assert!(own.contains("\n# int, optional, within 1..1024\n# CORES=\n"), "{own}");
    let kubernetes = folder.run(&["env", "--format", "kubernetes"]).out;
    assert!(kubernetes.contains("  - name: PEOPLE_URL\n    value: \"\"\n"), "{kubernetes}");
    assert!(
        kubernetes.contains("        name: \"tiny\"\n        key: PEOPLE_KEY\n"),
        "{kubernetes}"
    );
    assert!(
        kubernetes.contains("  # - name: PEOPLE_TIMEOUT\n  #   value: \"1s\"\n"),
        "{kubernetes}"
    );
    assert!(
        kubernetes.contains("  # - name: LISTEN\n  #   value: \"[::]:8080\"\n"),
        "{kubernetes}"
    );
    let compose = folder.run(&["env", "--format", "compose"]).out;
    assert!(compose.contains("  # DRAIN_LIMIT: \"30s\"\n"), "{compose}");
    assert!(compose.contains("  PEOPLE_URL: \"\"\n"), "{compose}");
    assert!(compose.contains("  PEOPLE_KEY: \"${PEOPLE_KEY:?}\"\n"), "{compose}");
}

#[test]
fn every_shell_has_completions() {
    let folder = Folder::new("completions", &[]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = folder.run(&["completions", shell]);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{shell}");
        assert!(said.out.contains("gatewright") && said.out.contains("generate"), "{shell}");
    }
}
