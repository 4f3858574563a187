//! Wrong use, help, `explain`.

use crate::program::{Folder, GOOD, Said};

#[test]
fn wrong_use_exits_with_2() {
    let folder = Folder::new("usage", &[("tiny.api", GOOD)]);
    for args in [
        &["frobnicate"][..],
        &["check", "--format", "yaml"],
        &["build", "--version", "1", "--all-in-one"],
        &["fmt", "--stdin", "tiny.api"],
        &[],
    ] {
        let said = folder.run(args);
        assert_eq!(said.code, Some(2), "{args:?}: {said:?}");
        assert!(said.out.is_empty() && !said.err.is_empty(), "{args:?}: {said:?}");
    }
    for command in ["build", "generate", "run", "mock"] {
        folder.run(&[command, "--version", "9"]).is(
            2,
            "",
            "error: the contract has no version 9\n  = help: its versions are: 1\n",
        );
    }
}

#[test]
fn a_contract_with_errors_stops_every_command_that_needs_one() {
    let folder = Folder::new("usage-bad", &[("tiny.api", &crate::bad())]);
    for command in ["build", "generate", "run", "mock", "env"] {
        let said = folder.run(&[command]);
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{command}");
        assert!(said.err.starts_with("error[unknown-backend]: "), "{command}: {}", said.err);
        assert!(said.err.ends_with("\n1 error\n"), "{command}: {}", said.err);
    }
    assert!(!folder.path("dist").exists() && !folder.path("gateway").exists());
}

#[test]
fn an_environment_that_is_not_complete_is_told_before_anything_is_built() {
    let folder = Folder::new("usage-env", &[("tiny.api", GOOD)]);
    let output = folder.program(&["run"]).env_remove("PEOPLE_URL").output();
    Said::new(&output.expect("the program runs")).is(
        3,
        "",
        "error: the environment is not complete\n  \
         = missing: PEOPLE_URL  url       address of backend `people`\n  \
         = help: set them, or try the gateway without backends: `gatewright run --mock`\n",
    );
}

#[test]
fn help_and_version_are_results() {
    let folder = Folder::new("usage-help", &[]);
    let help = folder.run(&["--help"]);
    assert_eq!((help.code, help.err.as_str()), (Some(0), ""));
    assert!(help.out.contains("Exit codes:") && help.out.contains("Begin with:"), "{}", help.out);
    let version = folder.run(&["--version"]);
    version.is(0, &format!("gatewright {}\n", env!("CARGO_PKG_VERSION")), "");
}

#[test]
fn a_code_is_explained() {
    let folder = Folder::new("explain", &[]);
    let page = folder.run(&["explain", "unknown-backend"]);
    assert_eq!((page.code, page.err.as_str()), (Some(0), ""));
    assert!(page.out.starts_with("unknown-backend: "), "{}", page.out);
    let list = folder.run(&["explain"]);
    assert_eq!(list.code, Some(0));
    assert!(list.out.lines().any(|line| line.starts_with("unknown-backend  ")), "{}", list.out);
    folder.run(&["explain", "unknown-backnd"]).is(
        2,
        "",
        "error: there is no code `unknown-backnd`\n  = help: did you mean `unknown-backend`?\n",
    );
}
