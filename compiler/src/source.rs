//! The texts of a contract, each with the label that messages show.

use gatewright_grammar::FileId;

/// The id of the lock, which is no text of the contract itself.
pub const LOCK: FileId = FileId(u32::MAX - 1);

/// The texts of one contract, and of the directories that it imports. A label is shown, never
/// opened.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
    imports: Vec<(Unit, String, Imported)>,
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

    /// The text with this id.
    pub fn get(&self, id: FileId) -> Option<&Source> {
        if id == LOCK {
            return self.lock.as_ref();
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
        for source in other.files.iter_mut().chain(&mut other.lock) {
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
