//! The texts of a contract, each with the label that messages show.

use gatewright_grammar::FileId;

/// The id of the lock, which is no text of the contract itself.
pub const LOCK: FileId = FileId(u32::MAX - 1);

/// The id of the first schema; those of others lie below it.
const FIRST_SCHEMA: u32 = u32::MAX - 2;

/// The texts of one contract, and of the directories that it imports. A label is shown, never
/// opened.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
    imports: Vec<(Unit, String, Imported)>,
    schemas: Vec<(Unit, String, Schema)>,
    lock: Option<Source>,
    shares_lock: bool,
}

/// One text.
#[derive(Clone, Debug)]
pub struct Source {
    /// What messages call it: `v1.api`.
    pub label: String,
    /// Its text.
    pub text: String,
    /// What it belongs to.
    pub unit: Unit,
}

/// Files that are one unit: those of the contract itself, number 0, or those of a directory that
/// is imported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unit(pub u32);

/// What the path of an import leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    /// The files of a directory.
    Unit(Unit),
    /// Nothing.
    Missing,
    /// A file.
    File,
    /// A directory without `.api` files.
    Empty,
}

/// What the path of `json(schema "…")` leads to.
#[derive(Clone, Debug)]
pub enum Schema {
    /// A file.
    Text(Source),
    /// Nothing.
    Missing,
    /// Something that is no file, or no text.
    Unreadable,
    /// A file that does not lie in the directory of the contract that names it, or below.
    Outside,
    /// More than [`MOST_OF_SCHEMA`] bytes.
    TooLarge,
}

/// The most bytes of a schema's file.
pub const MOST_OF_SCHEMA: u64 = 1 << 20;

impl Sources {
    /// No texts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text of the contract itself. Results do not depend on the order, but ids do: add
    /// sorted by label.
    pub fn add(&mut self, label: impl Into<String>, text: impl Into<String>) -> FileId {
        self.add_to(Unit::default(), label, text)
    }

    /// Adds a text of `unit`. Those of the contract itself come first.
    pub fn add_to(
        &mut self,
        unit: Unit,
        label: impl Into<String>,
        text: impl Into<String>,
    ) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(Source { label: label.into(), text: text.into(), unit });
        id
    }

    /// Adds the lock of the contract: what is published of it. Its id is [`LOCK`].
    pub fn lock(&mut self, label: impl Into<String>, text: impl Into<String>) {
        let unit = Unit::default();
        self.lock = Some(Source { label: label.into(), text: text.into(), unit });
    }

    /// Takes the lock away, so that nothing is compared with it.
    #[must_use]
    pub fn without_lock(&self) -> Self {
        Self { lock: None, ..self.clone() }
    }

    /// Says that the lock may be that of another contract in the same directory.
    pub fn share_lock(&mut self) {
        self.shares_lock = true;
    }

    /// Whether the lock may be that of another contract in the same directory.
    pub fn shares_lock(&self) -> bool {
        self.shares_lock
    }

    /// Says what `import "path"`, written in a file of `from`, leads to.
    pub fn import(&mut self, from: Unit, path: impl Into<String>, leads_to: Imported) {
        self.imports.push((from, path.into(), leads_to));
    }

    /// What `import "path"`, written in a file of `from`, leads to; to nothing if nobody said.
    pub fn imported(&self, from: Unit, path: &str) -> Imported {
        let found = self.imports.iter().find(|(unit, text, _)| *unit == from && text == path);
        found.map_or(Imported::Missing, |(_, _, leads_to)| *leads_to)
    }

    /// Says what `json(schema "path")`, written in a file of `from`, leads to.
    pub fn schema(&mut self, from: Unit, path: impl Into<String>, leads_to: Schema) {
        self.schemas.push((from, path.into(), leads_to));
    }

    /// Takes the schemas of `other`, for texts that name the same ones.
    pub fn schemas_of(&mut self, other: &Sources) {
        self.schemas.clone_from(&other.schemas);
    }

    /// What `json(schema "path")`, written in a file of `from`, leads to, and the id of its text;
    /// to nothing if nobody said.
    pub fn schema_at(&self, from: Unit, path: &str) -> (FileId, &Schema) {
        let found = self.schemas.iter().position(|(unit, text, _)| *unit == from && text == path);
        let found = found.and_then(|at| Some((at, &self.schemas.get(at)?.2)));
        found.map_or((FileId::default(), &Schema::Missing), |(at, schema)| {
            let below = u32::try_from(at).unwrap_or(u32::MAX);
            (FileId(FIRST_SCHEMA.saturating_sub(below)), schema)
        })
    }

    /// The texts of the schemas.
    pub fn schemas(&self) -> impl Iterator<Item = &Source> {
        self.schemas.iter().filter_map(|(.., schema)| match schema {
            Schema::Text(source) => Some(source),
            _ => None,
        })
    }

    /// The text with this id.
    pub fn get(&self, id: FileId) -> Option<&Source> {
        if id == LOCK {
            return self.lock.as_ref();
        }
        let schema = FIRST_SCHEMA.checked_sub(id.0).and_then(|at| usize::try_from(at).ok());
        if let Some((.., Schema::Text(source))) = schema.and_then(|at| self.schemas.get(at)) {
            return Some(source);
        }
        self.files.get(id.0 as usize)
    }

    /// What the text with this id belongs to.
    pub fn unit(&self, id: FileId) -> Unit {
        self.get(id).map_or_else(Unit::default, |source| source.unit)
    }

    /// Every text of the contract with its id, in order; the lock is not among them.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        (0..).map(FileId).zip(&self.files)
    }

    /// The same texts under other labels.
    #[must_use]
    pub fn relabelled(&self, label: impl Fn(&str) -> String) -> Self {
        let mut other = self.clone();
        let schemas = other.schemas.iter_mut().filter_map(|(.., schema)| match schema {
            Schema::Text(source) => Some(source),
            _ => None,
        });
        for source in other.files.iter_mut().chain(&mut other.lock).chain(schemas) {
            source.label = label(&source.label);
        }
        other
    }

    /// The same files with other texts.
    #[must_use]
    pub fn with_texts(&self, text: impl Fn(FileId, &Source) -> String) -> Self {
        let mut other = self.clone();
        for ((id, source), new) in self.iter().zip(&mut other.files) {
            new.text = text(id, source);
        }
        other
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

/// The paths that a text imports, in the order of the text.
pub fn imports(text: &str) -> Vec<String> {
    // Most contracts import nothing, and need not be read twice.
    if !text.contains("import") {
        return Vec::new();
    }
    let file = gatewright_grammar::parse(FileId::default(), text).file;
    let paths = file.items.into_iter().filter_map(|item| match item.kind {
        gatewright_grammar::tree::ItemKind::Import(import) => Some(import.path.value),
        _ => None,
    });
    paths.collect()
}

/// The paths of schemas that a text names, in the order of the text; those in comments, too.
pub fn schemas(text: &str) -> Vec<String> {
    let behind = text.match_indices("schema").filter_map(|(at, word)| {
        let rest = text.get(at + word.len()..)?.trim_start_matches([' ', '\t', '\r']);
        let path = rest.strip_prefix('"')?.split(['"', '\n', '\\']).next()?;
        rest.get(1 + path.len()..)?.starts_with('"').then(|| path.to_owned())
    });
    let mut found: Vec<String> = Vec::new();
    for path in behind {
        if !found.contains(&path) {
            found.push(path);
        }
    }
    found
}
