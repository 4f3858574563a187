//! Callers of a gateway that is tried out: a key that signs tokens for tests alone, and what keys and
//! passwords look like in an environment.

use aws_lc_rs::pbkdf2;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use std::num::NonZeroU32;

use crate::auth::sha256;

/// The key that signs. Everybody can read it here, so no gateway that serves may accept it: it is only
/// ever given to gateways of which this process is the issuer.
const SEED: [u8; 32] = *b"only for cases and mocks, not me";

/// The name of the key in its set.
const NAME: &str = "test";

/// As few rounds as a gateway accepts: nothing is kept safe by them.
const ROUNDS: u32 = 100_000;

/// A set of keys (RFC 7517) with the one that signs.
pub fn keys() -> String {
    let public = url(pair().public_key().as_ref());
    format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"{NAME}","x":"{public}"}}]}}"#)
}

/// A token with these claims, a JSON object, signed by the key of [`keys`].
pub fn token(claims: &str) -> String {
    let header = format!(r#"{{"alg":"EdDSA","kid":"{NAME}"}}"#);
    let message = format!("{}.{}", url(header.as_bytes()), url(claims.as_bytes()));
    let signature = pair().sign(message.as_bytes());
    format!("{message}.{}", url(signature.as_ref()))
}

/// A token with these claims, signed with a secret (HS256).
pub fn token_with_secret(claims: &str, secret: &str) -> String {
    use aws_lc_rs::hmac;
    let message = format!("{}.{}", url(br#"{"alg":"HS256"}"#), url(claims.as_bytes()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    format!("{message}.{}", url(hmac::sign(&key, message.as_bytes()).as_ref()))
}

/// An entry of a list of keys: `NAME:SHA256`.
pub fn key_entry(name: &str, key: &str) -> String {
    format!("{name}:{}", hex(&sha256(key.as_bytes())))
}

/// An entry of a list of passwords: `NAME:pbkdf2-sha256:…`.
pub fn password_entry(name: &str, password: &str) -> String {
    let salt = sha256(name.as_bytes());
    let mut hash = [0; 32];
    let rounds = NonZeroU32::new(ROUNDS).unwrap_or(NonZeroU32::MIN);
    let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
    pbkdf2::derive(algorithm, rounds, &salt, password.as_bytes(), &mut hash);
    format!("{name}:pbkdf2-sha256:{ROUNDS}:{}:{}", hex(&salt), hex(&hash))
}

/// The value of `Authorization` for a name and a password (RFC 7617).
pub fn basic(name: &str, password: &str) -> String {
    let text = base64(format!("{name}:{password}").as_bytes(), *b"+/");
    let missing = (4 - text.len() % 4) % 4;
    format!("Basic {text}{}", "=".repeat(missing))
}

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&SEED).expect("a seed has 32 bytes")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn url(bytes: &[u8]) -> String {
    base64(bytes, *b"-_")
}

/// Base64 (RFC 4648) without padding, with these as its last two letters.
fn base64(bytes: &[u8], last: [u8; 2]) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut out = String::with_capacity(bytes.len() / 3 * 4 + 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        let bits = bits << (8 * (3 - group.len()));
        for at in 0..=group.len() {
            let index = (bits >> (18 - 6 * at)) & 63;
            let letter = LETTERS.get(index).or(last.get(index.saturating_sub(62)));
            out.push(char::from(letter.copied().unwrap_or_default()));
        }
    }
    out
}
