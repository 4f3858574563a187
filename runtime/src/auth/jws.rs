//! Signatures of tokens (RFC 7515, RFC 7518), and the keys that they are checked with.
//!
//! The key decides what a signature can be, never the token: a token only says which of the few
//! algorithms of a kind of key was used. So a public key is never taken for a secret, and `none` is
//! no algorithm.

use aws_lc_rs::hmac;
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
    EcdsaVerificationAlgorithm, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, RsaParameters, UnparsedPublicKey,
};

use super::base64;
use crate::json::{self, Maybe, Raw, Reader};

/// The longest token, in bytes. Header fields as a whole may have 32 KB.
const LONGEST: usize = 16 * 1024;

/// An algorithm of a signature (RFC 7518 section 3.1, RFC 8037 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    Es512,
    EdDsa,
    Hs256,
    Hs384,
    Hs512,
}

impl Algorithm {
    pub(super) fn named(name: &str) -> Option<Algorithm> {
        Some(match name {
            "RS256" => Algorithm::Rs256,
            "RS384" => Algorithm::Rs384,
            "RS512" => Algorithm::Rs512,
            "PS256" => Algorithm::Ps256,
            "PS384" => Algorithm::Ps384,
            "PS512" => Algorithm::Ps512,
            "ES256" => Algorithm::Es256,
            "ES384" => Algorithm::Es384,
            "ES512" => Algorithm::Es512,
            // RFC 9864 gives the one curve that is read here a name of its own.
            "EdDSA" | "Ed25519" => Algorithm::EdDsa,
            "HS256" => Algorithm::Hs256,
            "HS384" => Algorithm::Hs384,
            "HS512" => Algorithm::Hs512,
            _ => return None,
        })
    }

    fn rsa(self) -> Option<&'static RsaParameters> {
        Some(match self {
            Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
            Algorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
            Algorithm::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
            Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
            Algorithm::Ps384 => &RSA_PSS_2048_8192_SHA384,
            Algorithm::Ps512 => &RSA_PSS_2048_8192_SHA512,
            _ => return None,
        })
    }
}

/// A key that signatures are checked with.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key {
    /// Its name in its set.
    pub(super) id: Option<String>,
    /// The one algorithm that it is for, if its set says so.
    pub(super) algorithm: Option<Algorithm>,
    pub(super) material: Material,
}

/// What a key is made of.
#[derive(Clone, PartialEq)]
pub(super) enum Material {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// A point of the curve, uncompressed.
    P256(Vec<u8>),
    P384(Vec<u8>),
    P521(Vec<u8>),
    Ed25519(Vec<u8>),
    /// What both sides know.
    Secret(Vec<u8>),
}

impl std::fmt::Debug for Material {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Material::Rsa { .. } => "an RSA key",
            Material::P256(_) | Material::P384(_) | Material::P521(_) => "a key of a curve",
            Material::Ed25519(_) => "an Ed25519 key",
            Material::Secret(_) => "a secret",
        })
    }
}

impl Key {
    /// Whether signatures by this algorithm can be checked with it.
    pub(super) fn is_for(&self, algorithm: Algorithm) -> bool {
        use Algorithm::{EdDsa, Es256, Es384, Es512, Hs256, Hs384, Hs512};
        let fits = match &self.material {
            Material::Rsa { .. } => algorithm.rsa().is_some(),
            Material::P256(_) => algorithm == Es256,
            Material::P384(_) => algorithm == Es384,
            Material::P521(_) => algorithm == Es512,
            Material::Ed25519(_) => algorithm == EdDsa,
            // A secret has as many bytes as the digest, or more (RFC 7518 section 3.2).
            Material::Secret(secret) => match algorithm {
                Hs256 => secret.len() >= 32,
                Hs384 => secret.len() >= 48,
                Hs512 => secret.len() >= 64,
                _ => false,
            },
        };
        fits && self.algorithm.is_none_or(|own| own == algorithm)
    }

    /// Whether `signature` is that of `message`.
    fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        if !self.is_for(algorithm) {
            return false;
        }
        let curve = |algorithm: &'static EcdsaVerificationAlgorithm, point: &[u8]| {
            UnparsedPublicKey::new(algorithm, point).verify(message, signature).is_ok()
        };
        match &self.material {
            Material::Rsa { modulus, exponent } => algorithm.rsa().is_some_and(|parameters| {
                let key = PublicKeyComponents { n: modulus, e: exponent };
                key.verify(parameters, message, signature).is_ok()
            }),
            Material::P256(point) => curve(&ECDSA_P256_SHA256_FIXED, point),
            Material::P384(point) => curve(&ECDSA_P384_SHA384_FIXED, point),
            Material::P521(point) => curve(&ECDSA_P521_SHA512_FIXED, point),
            Material::Ed25519(key) => {
                let key: UnparsedPublicKey<&[u8]> =
                    UnparsedPublicKey::new(&ED25519, key.as_slice());
                key.verify(message, signature).is_ok()
            }
            Material::Secret(secret) => {
                let digest = match algorithm {
                    Algorithm::Hs384 => hmac::HMAC_SHA384,
                    Algorithm::Hs512 => hmac::HMAC_SHA512,
                    _ => hmac::HMAC_SHA256,
                };
                // Compares in constant time.
                hmac::verify(&hmac::Key::new(digest, secret), message, signature).is_ok()
            }
        }
    }
}

/// A token whose parts were read. Nothing it says is known to be so.
pub(super) struct Token<'t> {
    /// What is signed: header and claims as they were sent.
    message: &'t [u8],
    signature: Vec<u8>,
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    claims: Vec<u8>,
}

impl<'t> Token<'t> {
    /// Reads a token in its compact form (RFC 7515 section 3.1); nothing where it is none that is
    /// accepted from anybody.
    pub(super) fn parse(token: &'t str) -> Option<Token<'t>> {
        if token.len() > LONGEST {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        if claims.contains('.') {
            return None;
        }
        let header = base64::url(header.as_bytes())?;
        let Header { algorithm, key_id } = Header::parse(&header)?;
        Some(Token {
            message: message.as_bytes(),
            signature: base64::url(signature.as_bytes())?,
            algorithm,
            key_id,
            claims: base64::url(claims.as_bytes())?,
        })
    }

    /// The claims, if this key has signed them.
    pub(super) fn signed_by(&self, key: &Key) -> Option<&[u8]> {
        let signed = key.verifies(self.algorithm, self.message, &self.signature);
        signed.then_some(self.claims.as_slice())
    }
}

struct Header {
    algorithm: Algorithm,
    key_id: Option<String>,
}

impl Header {
    /// Addresses and keys that a token brings itself, `jku`, `jwk`, `x5u` and `x5c`, are not looked at:
    /// nobody who asks decides what he is checked with.
    fn parse(text: &[u8]) -> Option<Header> {
        let [mut algorithm, mut key_id, mut kind, mut critical] = [const { Maybe::Absent }; 4];
        json::read_result(text, |reader| {
            let mut object = reader.object()?;
            while let Some(place) = reader.member(&mut object, &["alg", "kid", "typ", "crit"])? {
                let slot = match place {
                    0 => &mut algorithm,
                    1 => &mut key_id,
                    2 => &mut kind,
                    _ => &mut critical,
                };
                reader.leaf(slot, Reader::any)?;
            }
            Ok(())
        })
        .ok()?;
        // What must be understood and is not (RFC 7515 section 4.1.11).
        if !matches!(critical, Maybe::Absent) || !is_access_token(kind)? {
            return None;
        }
        let algorithm = Algorithm::named(&text_of(algorithm)?)?;
        let key_id = match key_id {
            Maybe::Absent => None,
            there => Some(text_of(there)?),
        };
        Some(Header { algorithm, key_id })
    }
}

/// Whether the type of a token lets it say who calls (RFC 8725 section 3.11, RFC 9068 section 2.1):
/// tokens about logouts or proofs of possession do not. Nothing for what is no type.
fn is_access_token(kind: Maybe<Raw<'_>>) -> Option<bool> {
    if matches!(kind, Maybe::Absent) {
        return Some(true);
    }
    let kind = text_of(kind)?.to_ascii_lowercase();
    let kind = kind.strip_prefix("application/").unwrap_or(&kind);
    Some(matches!(kind, "jwt" | "at+jwt"))
}

/// The text that a value is, if it is one.
pub(super) fn text_of(value: Maybe<Raw<'_>>) -> Option<String> {
    match value {
        Maybe::Value(value) if value.json().starts_with('"') => Some(value.text().into_owned()),
        _ => None,
    }
}

/// The keys of a set (RFC 7517 section 5) that signatures can be checked with; nothing if it is no
/// set. Those of another kind or use are passed over, as section 5 says.
pub(super) fn keys(set: &[u8]) -> Option<Vec<Key>> {
    /// The most keys of a set.
    const MOST: usize = 256;
    let mut keys: Maybe<Vec<Option<Key>>> = Maybe::Absent;
    json::read_result(set, |reader| {
        let mut object = reader.object()?;
        while reader.member(&mut object, &["keys"])?.is_some() {
            reader.field(&mut keys, |reader| reader.list(&crate::check::ANY_LIST, key))?;
        }
        Ok(())
    })
    .ok()?;
    match keys {
        Maybe::Value(keys) if keys.len() <= MOST => Some(keys.into_iter().flatten().collect()),
        _ => None,
    }
}

/// The members of a key that are looked at, in alphabetical order.
const MEMBERS: &[&str; 10] = &["alg", "crv", "e", "key_ops", "kid", "kty", "n", "use", "x", "y"];

fn key(reader: &mut Reader<'_>) -> json::Read<Option<Key>> {
    let [algorithm, curve, exponent, operations, id, kind, modulus, used, x, y] =
        reader.members(MEMBERS)?;
    // A key that says what it is for is for nothing else.
    let signs = matches!(used, Maybe::Absent) || text_of(used).as_deref() == Some("sig");
    let verifies = match operations {
        Maybe::Absent => true,
        Maybe::Value(list) if list.json().starts_with('[') => {
            list.elements().any(|one| one.json() == "\"verify\"")
        }
        _ => false,
    };
    if !signs || !verifies {
        return Ok(None);
    }
    let bytes = |value: Maybe<Raw<'_>>| base64::url(text_of(value)?.as_bytes());
    let kind = text_of(kind);
    let curve = text_of(curve);
    let material = match (kind.as_deref(), curve.as_deref()) {
        (Some("RSA"), _) => rsa(bytes(modulus), bytes(exponent)),
        (Some("EC"), Some("P-256")) => point(bytes(x), bytes(y), 32).map(Material::P256),
        (Some("EC"), Some("P-384")) => point(bytes(x), bytes(y), 48).map(Material::P384),
        (Some("EC"), Some("P-521")) => point(bytes(x), bytes(y), 66).map(Material::P521),
        (Some("OKP"), Some("Ed25519")) => bytes(x).filter(|x| x.len() == 32).map(Material::Ed25519),
        // A secret in a set that everybody can read is none.
        _ => None,
    };
    let algorithm = match algorithm {
        Maybe::Absent => Some(None),
        there => text_of(there).and_then(|name| Algorithm::named(&name)).map(Some),
    };
    let (Some(material), Some(algorithm)) = (material, algorithm) else { return Ok(None) };
    Ok(Some(Key { id: text_of(id), algorithm, material }))
}

fn rsa(modulus: Option<Vec<u8>>, exponent: Option<Vec<u8>>) -> Option<Material> {
    let (modulus, exponent) = (modulus?, exponent?);
    // Smaller ones can be broken, larger ones take too long (RFC 7518 section 3.3).
    let fits = (256..=1024).contains(&modulus.len()) && (1..=8).contains(&exponent.len());
    fits.then_some(Material::Rsa { modulus, exponent })
}

/// A point, uncompressed. That it lies on its curve is looked at when it is used.
fn point(x: Option<Vec<u8>>, y: Option<Vec<u8>>, length: usize) -> Option<Vec<u8>> {
    let (x, y) = (x?, y?);
    (x.len() == length && y.len() == length).then(|| [&[4], x.as_slice(), y.as_slice()].concat())
}

/// A secret that tokens are signed with.
///
/// # Errors
///
/// What is wrong, as it stands after the variable's name.
pub(super) fn secret(text: &str) -> Result<Key, String> {
    let secret = text.as_bytes().to_vec();
    if secret.len() < 32 {
        return Err("must be of 32 bytes or more (RFC 7518 section 3.2)".to_owned());
    }
    Ok(Key { id: None, algorithm: None, material: Material::Secret(secret) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_of_the_standard_is_read() {
        // RFC 7515 appendix A.1, whose key is in appendix A.1.1.
        let key = base64::url(
            b"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
        );
        let key =
            Key { id: None, algorithm: None, material: Material::Secret(key.expect("a key")) };
        let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let token = Token::parse(token).expect("a token");
        let claims = token.signed_by(&key).expect("a signature");
        assert!(claims.starts_with(b"{\"iss\":\"joe\""));
        let other = Key { material: Material::Secret(vec![1; 64]), ..key };
        assert!(token.signed_by(&other).is_none());
    }

    #[test]
    fn a_header_that_asks_for_more_or_says_it_twice_is_none() {
        let parse = |header: &str| Header::parse(header.as_bytes()).is_some();
        assert!(parse(r#"{"alg":"RS256"}"#));
        assert!(parse(
            r#"{"alg":"ES256","kid":"../../etc/passwd","typ":"at+JWT","jku":"http://a"}"#
        ));
        for odd in [
            r#"{}"#,
            r#"{"alg":"none"}"#,
            r#"{"alg":"NONE"}"#,
            r#"{"alg":"rs256"}"#,
            r#"{"alg":""}"#,
            r#"{"alg":null}"#,
            r#"{"alg":["RS256"]}"#,
            r#"{"alg":"none","alg":"RS256"}"#,
            r#"{"alg":"RS256","alg":"none"}"#,
            r#"{"alg":"RS256","kid":7}"#,
            r#"{"alg":"RS256","kid":"a","kid":"b"}"#,
            r#"{"alg":"RS256","crit":["exp"],"exp":1}"#,
            r#"{"alg":"RS256","crit":[]}"#,
            r#"{"alg":"RS256","crit":["b64"],"b64":false}"#,
            r#"{"alg":"RS256","typ":"logout+jwt"}"#,
            r#"{"alg":"RS256","typ":"dpop+jwt"}"#,
            r#"{"alg":"RS256","typ":1}"#,
            r#"["RS256"]"#,
            r#"{"alg":"RS256"} "x""#,
            r#"RS256"#,
        ] {
            assert!(!parse(odd), "{odd}");
        }
    }

    #[test]
    fn what_is_no_token_is_none() {
        let good = "eyJhbGciOiJIUzI1NiJ9.e30.AA";
        assert!(Token::parse(good).is_some());
        let long = format!("eyJhbGciOiJIUzI1NiJ9.{}.AA", "A".repeat(LONGEST));
        for odd in [
            "",
            ".",
            "..",
            "a.b.c",
            "eyJhbGciOiJIUzI1NiJ9.e30",
            "eyJhbGciOiJIUzI1NiJ9.e30.AA.AA",
            "eyJhbGciOiJIUzI1NiJ9.e30.AA.AA.AA",
            "eyJhbGciOiJIUzI1NiJ9.e30.A",
            "eyJhbGciOiJIUzI1NiJ9.e30.AB",
            "eyJhbGciOiJIUzI1NiJ9=.e30.AA",
            "eyJhbGciOiJIUzI1NiJ9.e30=.AA",
            "eyJhbGciOiJIUzI1NiJ9.e30.AA==",
            &long,
        ] {
            assert!(Token::parse(odd).is_none(), "{odd}");
        }
    }

    #[test]
    fn keys_of_a_set_are_for_what_they_say() {
        let n = "A".repeat(342);
        let set = format!(
            r#"{{"keys":[
                {{"kty":"RSA","kid":"fine","n":"{n}","e":"AQAB"}},
                {{"kty":"RSA","kid":"short","n":"AAAA","e":"AQAB"}},
                {{"kty":"RSA","kid":"encrypts","use":"enc","n":"{n}","e":"AQAB"}},
                {{"kty":"RSA","kid":"signs","key_ops":["sign"],"n":"{n}","e":"AQAB"}},
                {{"kty":"RSA","kid":"odd","alg":"RSA-OAEP","n":"{n}","e":"AQAB"}},
                {{"kty":"oct","kid":"secret","k":"AAAA"}},
                {{"kty":"EC","crv":"secp256k1","x":"AAAA","y":"AAAA"}},
                {{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}},
                {{"kty":"later","kid":7}},
                {{}}
            ],"more":1}}"#
        );
        let keys = keys(set.as_bytes()).expect("a set");
        let names: Vec<_> = keys.iter().map(|key| key.id.as_deref()).collect();
        assert_eq!(names, [Some("fine")]);
        let fine = keys.first().expect("a key");
        for algorithm in ["RS256", "RS512", "PS256"] {
            assert!(fine.is_for(Algorithm::named(algorithm).expect("known")));
        }
        for algorithm in ["HS256", "ES256", "EdDSA"] {
            assert!(!fine.is_for(Algorithm::named(algorithm).expect("known")), "{algorithm}");
        }
        for odd in ["", "{}", "[]", "{\"keys\":{}}", "{\"keys\":[1]}", "<html>", "{\"keys\":[]"] {
            assert!(super::keys(odd.as_bytes()).is_none(), "{odd}");
        }
        assert_eq!(super::keys(b"{\"keys\":[]}"), Some(Vec::new()));
    }
}
