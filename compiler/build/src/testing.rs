//! Folders for tests.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A folder that is gone when the test ends.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A folder with these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("gatewright-test-{}-{number}", std::process::id());
        let folder = Folder(fs::canonicalize(std::env::temp_dir()).expect("a place").join(name));
        fs::create_dir_all(&folder.0).expect("a folder can be made");
        for (path, text) in files {
            let path = folder.path(path);
            fs::create_dir_all(path.parent().expect("inside")).expect("a folder can be made");
            fs::write(path, text).expect("a file can be written");
        }
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.0.clone() } else { self.0.join(name) }
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a text file")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
