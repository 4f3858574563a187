//! The files of the schemas that a contract names.

use super::shown_directory;
use gatewright_compiler::source::{MOST_OF_SCHEMA, Schema, Source, Sources, Unit, schemas};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Reads the schemas that the texts of `sources` name; `units` says where each of them lies, seen
/// from `root`. The files, sorted.
pub(super) fn read(root: &Path, units: &[(Unit, PathBuf)], sources: &mut Sources) -> Vec<PathBuf> {
    let named = sources
        .iter()
        .flat_map(|(_, source)| schemas(&source.text).into_iter().map(|path| (source.unit, path)));
    let mut named: Vec<(Unit, String)> = named.collect();
    named.sort();
    named.dedup();
    let mut files = Vec::new();
    for (unit, path) in named {
        let seen = units.iter().find(|(one, _)| *one == unit).map(|(_, seen)| seen.as_path());
        let seen = seen.unwrap_or(Path::new(""));
        let found = one(root, seen, unit, &path);
        if !matches!(found, Schema::Outside) {
            files.push(root.join(seen).join(&path));
        }
        sources.schema(unit, path, found);
    }
    files.sort();
    files.dedup();
    files
}

fn one(root: &Path, seen: &Path, unit: Unit, path: &str) -> Schema {
    let inside = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if !Path::new(path).components().all(inside) || path.contains('\\') {
        return Schema::Outside;
    }
    let directory = root.join(seen);
    let (Ok(real), Ok(home)) =
        (fs::canonicalize(directory.join(path)), fs::canonicalize(shown_directory(&directory)))
    else {
        return Schema::Missing;
    };
    // A link may lead out, too.
    if !real.starts_with(&home) {
        return Schema::Outside;
    }
    let Ok(about) = fs::metadata(&real) else { return Schema::Missing };
    if !about.is_file() {
        return Schema::Unreadable;
    }
    if about.len() > MOST_OF_SCHEMA {
        return Schema::TooLarge;
    }
    match fs::read_to_string(&real) {
        Ok(text) => {
            Schema::Text(Source { label: seen.join(path).display().to_string(), text, unit })
        }
        Err(_) => Schema::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use crate::read::read;
    use crate::testing::Folder;
    use gatewright_compiler::source::{MOST_OF_SCHEMA, Schema, Unit};

    #[test]
    fn a_schema_lies_in_the_directory_of_its_contract_or_below() {
        let large = " ".repeat(usize::try_from(MOST_OF_SCHEMA).unwrap() + 1);
        let folder = Folder::new(&[
            (
                "shop/shop.api",
                "import \"../lib\"\ntype A = json(schema \"a.json\")\ntype B = json(schema  \"deep/./b.json\")\n\
                 type C = json(schema \"../lib/l.json\")\ntype D = json(schema \"/etc/hosts\")\n\
                 type E = json(schema \"gone.json\")\ntype F = json(schema \"deep\")\ntype G = json(schema \"large.json\")",
            ),
            ("shop/a.json", "true"),
            ("shop/large.json", &large),
            ("shop/deep/b.json", "false"),
            ("lib/lib.api", "type L = json(schema \"l.json\")"),
            ("lib/l.json", "{}"),
        ]);
        let input = read(&folder.path("shop")).unwrap();
        let at = |unit, path: &str| match input.sources.schema_at(Unit(unit), path) {
            (id, Schema::Text(source)) => {
                assert_eq!(input.sources.get(id).unwrap().label, source.label);
                format!("{} {}", source.label, source.text)
            }
            (_, other) => format!("{other:?}"),
        };
        assert_eq!(at(0, "a.json"), "a.json true");
        assert_eq!(at(0, "deep/./b.json"), "deep/./b.json false");
        assert_eq!(at(0, "../lib/l.json"), "Outside");
        assert_eq!(at(0, "/etc/hosts"), "Outside");
        assert_eq!(at(0, "gone.json"), "Missing");
        assert_eq!(at(0, "deep"), "Unreadable");
        assert_eq!(at(0, "large.json"), "TooLarge");
        assert_eq!(at(1, "l.json"), "../lib/l.json {}");
        assert!(
            input.schemas.contains(&folder.path("shop/gone.json")),
            "a build script waits for it"
        );
        assert!(input.schemas.contains(&folder.path("shop/../lib/l.json")));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_does_not_lead_out() {
        let folder = Folder::new(&[
            ("shop/shop.api", "type A = json(schema \"a.json\")"),
            ("secret.json", "{}"),
        ]);
        std::os::unix::fs::symlink(folder.path("secret.json"), folder.path("shop/a.json")).unwrap();
        let input = read(&folder.path("shop")).unwrap();
        assert!(matches!(input.sources.schema_at(Unit(0), "a.json").1, Schema::Outside));
    }
}
