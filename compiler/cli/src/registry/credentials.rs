//! User and password for a registry: from the environment, or where others keep them.

use gatewright_artifact::base64;
use gatewright_build::Error;
use serde_json::Value;
use std::env;
use std::fmt;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Who asks.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    user: String,
    password: String,
}

/// Without the password.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials of {}", self.user)
    }
}

impl Credentials {
    /// The value of `Authorization` (RFC 7617).
    pub(super) fn basic(&self) -> String {
        format!("Basic {}", base64::encoded(format!("{}:{}", self.user, self.password).as_bytes()))
    }

    /// `user:password`, in Base64.
    fn of_field(text: &str) -> Option<Self> {
        let plain = String::from_utf8(base64::decoded(text)?).ok()?;
        let (user, password) = plain.split_once(':')?;
        Some(Self { user: user.to_owned(), password: password.to_owned() })
    }
}

/// The credentials for the registry at `host`: `REGISTRY_USERNAME` and `REGISTRY_PASSWORD`, else the
/// first of the files that has some.
///
/// # Errors
///
/// A file cannot be read, or is something else.
pub(super) fn of(host: &str) -> Result<Option<Credentials>, Error> {
    let set = |name| env::var(name).ok().filter(|text| !text.is_empty());
    if let (Some(user), Some(password)) = (set("REGISTRY_USERNAME"), set("REGISTRY_PASSWORD")) {
        return Ok(Some(Credentials { user, password }));
    }
    for path in files() {
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::file("read", &path, &error)),
        };
        let found = in_file(&text, host, &helper);
        let found = found.map_err(|why| Error::world(format!("{}: {why}", path.display())))?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The files that podman and docker keep credentials in.
fn files() -> Vec<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let docker = set("DOCKER_CONFIG").or_else(|| Some(env::home_dir()?.join(".docker")));
    let all = [
        set("REGISTRY_AUTH_FILE"),
        set("XDG_RUNTIME_DIR").map(|path| path.join("containers/auth.json")),
        docker.map(|path| path.join("config.json")),
    ];
    all.into_iter().flatten().collect()
}

/// What keeps credentials, asked about a server: its answer.
type Helper<'h> = &'h dyn Fn(&str, &str) -> Result<Option<Credentials>, String>;

/// What a file says of `host`: credentials, or the program that has them.
fn in_file(text: &str, host: &str, helper: Helper<'_>) -> Result<Option<Credentials>, String> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?;
    let names = names(host);
    let own = |list: &str| {
        let list = value.get(list).and_then(Value::as_object);
        names.iter().find_map(|name| list?.get(name))
    };
    let server = names.first().map_or(host, String::as_str);
    if let Some(program) = own("credHelpers").and_then(Value::as_str) {
        return helper(program, server);
    }
    let field = own("auths").and_then(|one| one.get("auth")).and_then(Value::as_str);
    if let Some(field) = field.filter(|field| !field.is_empty()) {
        let read = Credentials::of_field(field);
        return read.map(Some).ok_or_else(|| format!("has no user and password for {host}"));
    }
    match value.get("credsStore").and_then(Value::as_str) {
        Some(program) => helper(program, server),
        None => Ok(None),
    }
}

/// What a file may call a host.
fn names(host: &str) -> Vec<String> {
    if host == "docker.io" {
        return vec!["https://index.docker.io/v1/".to_owned(), host.to_owned()];
    }
    vec![host.to_owned(), format!("https://{host}"), format!("http://{host}")]
}

/// Asks `docker-credential-NAME`.
fn helper(name: &str, server: &str) -> Result<Option<Credentials>, String> {
    if Path::new(name).components().count() != 1 {
        return Err(format!("names a program `{name}`, which is none"));
    }
    let program = format!("docker-credential-{name}");
    let failed = |error: std::io::Error| format!("cannot run {program}: {error}");
    let mut child = Command::new(&program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        // One that does not read it has its reasons, and says them with its exit code.
        let _ = input.write_all(server.as_bytes());
    }
    let output = child.wait_with_output().map_err(failed)?;
    // It knows none.
    if !output.status.success() {
        return Ok(None);
    }
    let value: Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| format!("{program} does not answer in JSON"))?;
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok(text("Username").zip(text("Secret")).map(|(user, password)| Credentials { user, password }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nobody(_: &str, _: &str) -> Result<Option<Credentials>, String> {
        Ok(None)
    }

    #[test]
    fn a_file_has_credentials_for_hosts() {
        let text = r#"{"auths": {"r.example": {"auth": "YW5uOnM6dA=="}, "b.example": {"auth": "!"}},
            "credHelpers": {"h.example": "vault"}}"#;
        let found = in_file(text, "r.example", &nobody).unwrap().expect("credentials");
        assert_eq!((found.user.as_str(), found.password.as_str()), ("ann", "s:t"));
        assert_eq!(found.basic(), "Basic YW5uOnM6dA==");
        assert!(!format!("{found:?}").contains("s:t"));
        assert_eq!(in_file(text, "x.example", &nobody), Ok(None));
        assert!(in_file(text, "b.example", &nobody).is_err());
        assert!(in_file("[", "b.example", &nobody).is_err());
        let asked = in_file(text, "h.example", &|program, server| {
            Ok(Some(Credentials { user: program.into(), password: server.into() }))
        });
        assert_eq!(asked.unwrap().expect("credentials").user, "vault");
    }
}
