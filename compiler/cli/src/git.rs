//! What git knows, asked of its program; no working tree is touched.

use gatewright_build::Error;
use std::path::Path;
use std::process::Command;

/// What git prints; nothing if it refuses.
pub(crate) fn ask(directory: &Path, args: &[&str]) -> Result<Option<Vec<u8>>, Error> {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let output = Command::new("git").arg("-C").arg(directory).args(args).output();
    let output = output.map_err(|error| Error::world(format!("cannot run git: {error}")))?;
    Ok(output.status.success().then_some(output.stdout))
}

/// Whether `revision` names a commit that is here.
pub(crate) fn is_revision(directory: &Path, revision: &str) -> Result<bool, Error> {
    let commit = format!("{revision}^{{commit}}");
    let plain = !revision.starts_with('-') && !revision.is_empty();
    Ok(plain && ask(directory, &["rev-parse", "--verify", "--quiet", &commit])?.is_some())
}

/// The text of the file `name` in `directory` at `revision`; nothing if there is none.
pub(crate) fn text(directory: &Path, revision: &str, name: &str) -> Result<Option<String>, Error> {
    let object = format!("{revision}:./{name}");
    let Some(bytes) = ask(directory, &["show", &object])? else { return Ok(None) };
    let text = String::from_utf8(bytes);
    text.map(Some).map_err(|_| Error::world(format!("{name} at {revision} is not UTF-8")))
}

/// Who works here: git's `user.name`, or the user of the machine.
pub(crate) fn user(directory: &Path) -> Option<String> {
    let named = ask(directory, &["config", "user.name"]).ok().flatten();
    let named = named.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    let variable = |name: &str| std::env::var(name).ok();
    named
        .filter(|name| !name.is_empty())
        .or_else(|| variable("USER"))
        .or_else(|| variable("USERNAME"))
        .filter(|name| !name.is_empty())
}
