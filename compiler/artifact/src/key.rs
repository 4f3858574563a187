//! Keys that sign, and their public halves: ECDSA with P-256 and SHA-256, or Ed25519, as PEM (RFC 7468).

use crate::base64;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, ParsedPublicKey,
};
use std::fmt;

/// What keys may be, for messages.
const KINDS: &str = "ECDSA keys with P-256 sign, and Ed25519 keys";

/// A key that signs. It does not show itself.
pub struct Signer(Pair);

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// The public half of a key, which tells whether that key signed something.
pub struct PublicKey(ParsedPublicKey);

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey")
    }
}

impl Signer {
    /// Reads a key that no password protects: `PRIVATE KEY` (PKCS #8) or `EC PRIVATE KEY` (RFC 5915).
    ///
    /// # Errors
    ///
    /// It is something else: what.
    pub fn read(pem: &str) -> Result<Self, String> {
        let blocks = blocks(pem);
        for (label, der) in &blocks {
            if matches!(label.as_str(), "PRIVATE KEY" | "EC PRIVATE KEY") {
                return Self::of_der(der);
            }
        }
        Err(match blocks.first() {
            _ if pem.contains("-----BEGIN ENCRYPTED SIGSTORE ")
                || pem.contains("-----BEGIN ENCRYPTED COSIGN ") =>
            {
                "is protected by cosign's password, which cosign alone takes off: sign with a key that \
                 OpenSSL made, which `cosign import-key-pair --key FILE` gives to cosign as well"
                    .to_owned()
            }
            // The second is what OpenSSL wrote before version 3 (RFC 1421).
            _ if pem.contains("-----BEGIN ENCRYPTED ") || pem.contains("Proc-Type: 4,ENCRYPTED") => {
                "is protected by a password: `openssl pkey -in FILE -out PLAIN` takes it off".to_owned()
            }
            Some((label, _)) if label == "PUBLIC KEY" => {
                "is a public key: the private half of it signs".to_owned()
            }
            Some((label, _)) => format!("holds a `{label}`, and no key that signs"),
            None => "is no key in PEM".to_owned(),
        })
    }

    fn of_der(der: &[u8]) -> Result<Self, String> {
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            return Ok(Self(Pair::Ed25519(pair)));
        }
        let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, der);
        match pair {
            Ok(pair) => Ok(Self(Pair::Ecdsa(pair))),
            Err(_) => Err(format!("is a key of another kind: {KINDS}")),
        }
    }

    /// The signature of a message: that of ECDSA as ASN.1, with a number of its own each time.
    ///
    /// # Errors
    ///
    /// The machine gives no random numbers.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        match &self.0 {
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Ecdsa(pair) => match pair.sign(&SystemRandom::new(), message) {
                Ok(signature) => Ok(signature.as_ref().to_vec()),
                Err(_) => Err("cannot sign: the machine gives no random numbers".to_owned()),
            },
        }
    }

    /// The half that others get.
    pub fn public(&self) -> PublicKey {
        let parsed = match &self.0 {
            Pair::Ecdsa(pair) => {
                ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, pair.public_key().as_ref())
            }
            Pair::Ed25519(pair) => ParsedPublicKey::new(&ED25519, pair.public_key().as_ref()),
        };
        PublicKey(parsed.expect("a key pair has a public half"))
    }
}

impl PublicKey {
    /// Reads a `PUBLIC KEY` (RFC 5280, section 4.1.2.7).
    ///
    /// # Errors
    ///
    /// It is something else: what.
    pub fn read(pem: &str) -> Result<Self, String> {
        let blocks = blocks(pem);
        let Some((label, _)) = blocks.first() else {
            return Err("is no key in PEM".to_owned());
        };
        let Some((_, der)) = blocks.iter().find(|(label, _)| label == "PUBLIC KEY") else {
            return Err(match label.ends_with("PRIVATE KEY") {
                true => "is a private key: its public half tells who signed".to_owned(),
                false => format!("holds a `{label}`, and no public key"),
            });
        };
        let read = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, der);
        let read = read.or_else(|_| ParsedPublicKey::new(&ED25519, der));
        read.map(Self).map_err(|_| format!("is a key of another kind: {KINDS}"))
    }

    /// Whether the other half made this signature of this message.
    pub fn holds(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}

/// The labels and contents of what stands between `BEGIN` and `END` in PEM; what is no Base64 is left out.
fn blocks(pem: &str) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut rest = pem;
    while let Some((_, behind)) = rest.split_once("-----BEGIN ") {
        let Some((label, behind)) = behind.split_once("-----") else { break };
        let Some((text, behind)) = behind.split_once(&format!("-----END {label}-----")) else {
            break;
        };
        let text: String = text.chars().filter(|one| !one.is_ascii_whitespace()).collect();
        found.extend(base64::decoded(&text).map(|der| (label.to_owned(), der)));
        rest = behind;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::encoding::{AsDer as _, EcPrivateKeyRfc5915Der};
    use aws_lc_rs::signature::{ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaSigningAlgorithm};

    fn pem(label: &str, der: &[u8]) -> String {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", base64::encoded(der))
    }

    fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
        EcdsaKeyPair::generate(algorithm).unwrap()
    }

    /// Private and public: PKCS #8 and RFC 5915, as others write them.
    fn keys() -> [(String, String); 3] {
        let (one, two) =
            (ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING), ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING));
        let three = Ed25519KeyPair::generate().unwrap();
        let public = |pair: &EcdsaKeyPair| pair.public_key().as_der().unwrap();
        let old: EcPrivateKeyRfc5915Der<'_> = two.private_key().as_der().unwrap();
        let old = pem("EC PARAMETERS", &[6, 0]) + &pem("EC PRIVATE KEY", old.as_ref());
        let new = pem("PRIVATE KEY", one.to_pkcs8v1().unwrap().as_ref());
        let curve = pem("PRIVATE KEY", three.to_pkcs8v1().unwrap().as_ref());
        [
            (new, pem("PUBLIC KEY", public(&one).as_ref())),
            (old, pem("PUBLIC KEY", public(&two).as_ref())),
            (curve, pem("PUBLIC KEY", three.public_key().as_der().unwrap().as_ref())),
        ]
    }

    #[test]
    fn the_public_half_knows_what_the_other_signed() {
        let keys = keys();
        for (at, (private, _)) in keys.iter().enumerate() {
            let signer = Signer::read(private).unwrap();
            let signature = signer.sign(b"a text").unwrap();
            for (other, (_, key)) in keys.iter().enumerate() {
                let key = PublicKey::read(key).unwrap();
                assert_eq!(key.holds(b"a text", &signature), at == other, "{at} {other}");
                assert!(!key.holds(b"another", &signature));
            }
            let own = signer.public();
            assert!(own.holds(b"a text", &signature) && !own.holds(b"a text", b""));
        }
    }

    #[test]
    fn what_is_no_key_says_so() {
        let [(private, public), ..] = keys();
        let wrong = |text: &str| Signer::read(text).unwrap_err();
        assert_eq!(wrong(&public), "is a public key: the private half of it signs");
        assert_eq!(wrong("x"), "is no key in PEM");
        assert_eq!(wrong("-----BEGIN X-----\nAA"), "is no key in PEM");
        let old = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0A\n\n\
                   AAAA\n-----END EC PRIVATE KEY-----\n";
        for protected in [&pem("ENCRYPTED PRIVATE KEY", &[1]), old] {
            assert!(wrong(protected).contains("`openssl pkey -in FILE"), "{}", wrong(protected));
        }
        for name in ["SIGSTORE", "COSIGN"] {
            let protected = pem(&format!("ENCRYPTED {name} PRIVATE KEY"), b"{}");
            assert!(wrong(&protected).contains("cosign import-key-pair"), "{protected}");
        }
        let long = ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING).to_pkcs8v1().unwrap();
        assert!(wrong(&pem("PRIVATE KEY", long.as_ref())).starts_with("is a key of another kind"));
        let wrong = |text: &str| PublicKey::read(text).unwrap_err();
        assert!(wrong(&private).starts_with("is a private key: "));
        assert!(wrong(&private.replace("PRIVATE", "PUBLIC")).contains("another kind"));
        assert_eq!(wrong(""), "is no key in PEM");
    }
}
