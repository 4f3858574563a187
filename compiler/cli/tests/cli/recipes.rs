//! The recipes of the manual: they are YAML, and what they run does what they want.

use crate::program::{Folder, GOOD};
use std::path::Path;
use std::process::Command;
use yaml_rust2::{Yaml, YamlLoader};

const PAGE: &str = include_str!("../../../manual/pull-requests.md");

/// The recipes, each with the text that it is read from.
fn recipes() -> Vec<Yaml> {
    let blocks = PAGE.split("```yaml\n").skip(1);
    let texts = blocks.map(|rest| rest.split("```").next().unwrap_or(rest));
    let read = |text| YamlLoader::load_from_str(text).expect("a recipe is YAML");
    texts.flat_map(read).collect()
}

/// Every text in a document.
fn texts<'y>(yaml: &'y Yaml, found: &mut Vec<&'y str>) {
    match yaml {
        Yaml::String(text) => found.push(text),
        Yaml::Array(all) => all.iter().for_each(|one| texts(one, found)),
        Yaml::Hash(all) => all.values().for_each(|one| texts(one, found)),
        _ => {}
    }
}

/// Runs a line of a recipe as its runner would.
fn shell(folder: &Folder, line: &str) -> Option<i32> {
    let program = Path::new(env!("CARGO_BIN_EXE_gatewright")).parent().expect("a directory");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(folder.path(""));
    command.env("PATH", format!("{}:{path}", program.display())).env("BASE", "main");
    command.output().expect("a shell runs").status.code()
}

#[test]
fn recipes_are_yaml_and_say_what_broke() {
    let recipes = recipes();
    assert_eq!(recipes.len(), 2, "GitHub's and GitLab's");
    assert_eq!(
        recipes[0]["jobs"]["contract"]["steps"][0]["uses"].as_str(),
        Some("actions/checkout@v4")
    );
    assert!(recipes[1]["contract"]["script"].as_vec().is_some_and(|lines| lines.len() == 5));
    for (at, recipe) in recipes.iter().enumerate() {
        let name = format!("recipe-{at}");
        let folder = Folder::new(&name, &[("api/tiny.api", GOOD)]);
        folder.git(&["init", "-q"]);
        folder.git(&["add", "."]);
        folder.git(&["commit", "-q", "-m", "first"]);
        // What the recipe fetches.
        folder.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
        folder.git(&["fetch", "-q", ".", "HEAD"]);
        folder.write("api/tiny.api", &GOOD.replace("text eg \"Ada\"", "text | null eg \"Ada\""));
        let mut found = Vec::new();
        texts(recipe, &mut found);
        let ours = found.into_iter().filter(|line| line.starts_with("gatewright "));
        let ours: Vec<&str> = ours.collect();
        let [check, diff] = ours.as_slice() else { unreachable!("{ours:?}") };
        assert_eq!(shell(&folder, check), Some(0), "{check}");
        let diff = diff.split(" || ").next().unwrap_or(diff);
        assert_eq!(shell(&folder, diff), Some(1), "{diff}");
        let told = folder.read("changes.md");
        assert!(told.contains("| breaking | field/became-nullable |"), "{told}");

        // A lock on the branch, and another one here.
        folder.write("api/tiny.api", GOOD);
        assert_eq!(folder.run(&["publish", "1", "api", "--by", "a"]).code, Some(0));
        folder.git(&["add", "."]);
        folder.git(&["commit", "-q", "-m", "second"]);
        folder.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
        folder.git(&["fetch", "-q", ".", "HEAD"]);
        assert_eq!(shell(&folder, check), Some(0), "{check}");
        std::fs::remove_file(folder.path("api/api.lock")).expect("it was written");
        assert_eq!(folder.run(&["publish", "1", "api", "--by", "b"]).code, Some(0));
        assert_eq!(shell(&folder, check), Some(1), "{check}");
    }
}
