//! A registry of images, by the protocol of the OCI's distribution specification.

mod challenge;
mod credentials;
mod pull;

use crate::fetch::{Address, Answer, Ask, send};
use challenge::Challenge;
use credentials::Credentials;
use gatewright_artifact::image::{Blob, Image};
use gatewright_build::{Error, Fault};
pub(crate) use pull::parted;
use serde_json::Value;
use std::net::IpAddr;
use std::thread;
use std::time::Duration;

/// The most time for one request.
const PATIENCE: Duration = Duration::from_secs(30);

/// The most time for sending a layer.
const LONG: Duration = Duration::from_secs(600);

/// How often a request is made that fails for reasons that may pass, and the first pause after it.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(300);

/// A place for images in a registry: `registry.example/team/shop`.
pub(crate) struct Registry {
    address: Address,
    /// `team/shop`
    name: String,
    credentials: Option<Credentials>,
    /// The value of `Authorization`, once somebody asked who this is.
    authorization: Option<String>,
}

/// What became of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It was there.
    Before,
    /// It is there.
    Now,
}

impl Registry {
    /// The place that `text` names. What is on this machine is asked without TLS, as is everything if
    /// `plain` says so.
    ///
    /// # Errors
    ///
    /// It names none, or the files with credentials cannot be read.
    pub(crate) fn named(text: &str, plain: bool) -> Result<Self, Error> {
        let wrong = |why: &str| {
            Error::wrong_use(format!("`{text}` names no place in a registry: {why}"))
                .help("write host and name: `registry.example/team/shop`")
        };
        let (host, name) = text.split_once('/').ok_or_else(|| wrong("it has no `/`"))?;
        let bare = host.rsplit_once(':').map_or(host, |(host, _)| host);
        let is_local = bare == "localhost"
            || bare.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if !host.contains(['.', ':']) && host != "localhost" {
            return Err(wrong("it begins with no host"));
        }
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/".contains(c);
        if name.is_empty() || !name.chars().all(word) || name.contains("//") {
            return Err(wrong("the name has small letters, digits, `.`, `_`, `-` and `/` only"));
        }
        // The one registry whose images are called by another host than its own.
        let server = if host == "docker.io" { "registry-1.docker.io" } else { host };
        Ok(Self {
            address: Address::of_host(server, !plain && !is_local)?,
            name: name.to_owned(),
            credentials: credentials::of(host)?,
            authorization: None,
        })
    }

    /// Sends a blob, unless it is there.
    ///
    /// # Errors
    ///
    /// The registry does not take it.
    pub(crate) fn blob(&mut self, blob: &Blob) -> Result<Sent, Error> {
        let path = format!("/v2/{}/blobs/{}", self.name, blob.digest());
        let there = self.ask("HEAD", &self.address.at(&path)?, &[], &[])?;
        if there.status == 200 {
            return Ok(Sent::Before);
        }
        let begin = self.address.at(&format!("/v2/{}/blobs/uploads/", self.name))?;
        let answer = self.ask("POST", &begin, &[], &[])?;
        let Some(location) = answer.header("location").filter(|_| answer.status == 202) else {
            return Err(self.refused("an upload", &answer));
        };
        let mut place = begin.led_to(location)?;
        let join = if place.path.contains('?') { '&' } else { '?' };
        place = place.at(&format!("{}{join}digest={}", place.path, blob.digest()))?;
        let headers = [("Content-Type", "application/octet-stream".to_owned())];
        let answer = self.ask("PUT", &place, &headers, &blob.bytes)?;
        match answer.status {
            201 | 204 => Ok(Sent::Now),
            _ => Err(self.refused(&blob.digest(), &answer)),
        }
    }

    /// Puts the manifest of an image under each of its tags.
    ///
    /// # Errors
    ///
    /// The registry does not take it.
    pub(crate) fn manifest(&mut self, image: &Image) -> Result<(), Error> {
        let headers = [("Content-Type", image.manifest.media_type.to_owned())];
        for tag in &image.tags {
            let path = format!("/v2/{}/manifests/{tag}", self.name);
            let address = self.address.at(&path)?;
            let answer = self.ask("PUT", &address, &headers, &image.manifest.bytes)?;
            if answer.status != 201 {
                return Err(self.refused(&format!("the tag `{tag}`"), &answer));
            }
        }
        Ok(())
    }

    /// Why the registry does not take something, in its own words.
    fn refused(&self, what: &str, answer: &Answer) -> Error {
        let value: Option<Value> = serde_json::from_slice(&answer.body).ok();
        let said = value.as_ref().and_then(|value| {
            let first = value.pointer("/errors/0")?;
            let text = |name: &str| first.get(name).and_then(Value::as_str);
            text("message").or(text("code")).map(str::to_owned)
        });
        let said = said.map_or_else(String::new, |said| {
            let said: String = said.chars().filter(|one| !one.is_control()).take(300).collect();
            format!(": {said}")
        });
        let place = self.address.authority();
        let message = format!("{place} refuses {what}: it answers {}{said}", answer.status);
        match answer.status {
            401 | 403 if self.credentials.is_none() => Error::world(message).help(
                "log in with `docker login` or `podman login`, or set REGISTRY_USERNAME and REGISTRY_PASSWORD",
            ),
            401 | 403 => Error::world(message).help("it knows who you are, or does not believe it"),
            _ => Error::world(message),
        }
    }

    /// Asks, again where the fault may pass, and once more with credentials where they are asked for.
    fn ask(
        &mut self,
        method: &'static str,
        address: &Address,
        headers: &[(&'static str, String)],
        body: &[u8],
    ) -> Result<Answer, Error> {
        let answer = self.patiently(method, address, (headers, body))?;
        if answer.status != 401 || !address.is_beside(&self.address) {
            return Ok(answer);
        }
        let Some(challenge) = answer.header("www-authenticate").and_then(Challenge::read) else {
            return Ok(answer);
        };
        match self.answered(&challenge)? {
            Some(authorization) => self.authorization = Some(authorization),
            None => return Ok(answer),
        }
        self.patiently(method, address, (headers, body))
    }

    fn patiently(
        &self,
        method: &'static str,
        address: &Address,
        (headers, body): (&[(&'static str, String)], &[u8]),
    ) -> Result<Answer, Error> {
        let mut headers = headers.to_vec();
        // Others than the registry, where layers may go to, have their own ways to know who it is.
        let own = self.authorization.iter().filter(|_| address.is_beside(&self.address));
        headers.extend(own.map(|value| ("Authorization", value.clone())));
        let patience = if body.len() > 1 << 20 { LONG } else { PATIENCE };
        let ask = Ask { method, address, headers: &headers, body, patience };
        let mut pause = PAUSE;
        for _ in 1..ATTEMPTS {
            match send(&ask) {
                Ok(answer) if !matches!(answer.status, 408 | 429 | 500 | 502..=504) => {
                    return Ok(answer);
                }
                Err(error) if error.fault() != Fault::World => return Err(error),
                Ok(_) | Err(_) => thread::sleep(pause),
            }
            pause *= 3;
        }
        send(&ask)
    }

    /// The value of `Authorization` that answers a challenge; nothing if there are no credentials for
    /// it.
    fn answered(&self, challenge: &Challenge) -> Result<Option<String>, Error> {
        let basic = self.credentials.as_ref().map(Credentials::basic);
        let Challenge::Bearer { realm, query } = challenge else { return Ok(basic) };
        let realm = Address::parse(realm)?;
        if basic.is_some() && self.address.is_secure() && !realm.is_secure() {
            let message = format!(
                "{} asks to send a password to {realm}, where others can read it",
                self.address.authority()
            );
            return Err(Error::world(message));
        }
        let address = realm.at(&format!("{}?{query}", realm.path))?;
        let headers: Vec<_> = basic.into_iter().map(|value| ("Authorization", value)).collect();
        let (body, patience) = (&[][..], PATIENCE);
        let ask = Ask { method: "GET", address: &address, headers: &headers, body, patience };
        let answer = send(&ask)?;
        let value: Option<Value> = serde_json::from_slice(&answer.body).ok();
        let token = value.as_ref().and_then(|value| {
            let token = value.get("token").or_else(|| value.get("access_token"))?;
            token.as_str()
        });
        match token.filter(|_| answer.status == 200) {
            Some(token) => Ok(Some(format!("Bearer {token}"))),
            None => Err(self.refused(&format!("who this is, by {realm}"), &answer)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Registry;

    #[test]
    fn a_place_has_a_host_and_a_name() {
        for text in ["registry.example/shop", "localhost/shop", "127.0.0.1:5000/a/b", "h:1/x"] {
            assert!(Registry::named(text, false).is_ok(), "{text}");
        }
        for text in ["shop", "team/shop", "h.example/", "h.example/Shop", "h.example/a//b", "/a"] {
            assert!(Registry::named(text, false).is_err(), "{text}");
        }
        let secure = |text: &str| Registry::named(text, false).expect(text).address.is_secure();
        assert!(secure("registry.example/shop"));
        assert!(!secure("127.0.0.1:5000/shop"));
    }
}
