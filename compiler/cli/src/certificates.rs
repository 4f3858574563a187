//! Certificates for gateways that are tried out, and for who calls them. Each run makes its own, and
//! forgets them.

use gatewright_build::Error;
use gatewright_compiler::contract::Contract;
use gatewright_compiler::contract::cases::Caller;
use gatewright_compiler::contract::terms::{Keys, Scheme};
use gatewright_compiler::contract::types::Const;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, SanType,
};
use rustls::ClientConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;

/// An authority that signs.
type Authority = CertifiedIssuer<'static, KeyPair>;

/// What a gateway needs that knows callers by their certificates.
pub(crate) struct Certificates {
    /// Who has signed the certificate of the gateway.
    trusted: Authority,
    /// The certificate of the gateway, and its key, in PEM.
    own: Shown,
    /// Who signs those of callers, by the variable that names them.
    authorities: Vec<(String, Authority)>,
}

/// A certificate with its key.
pub(crate) struct Shown {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Shown {
    /// Both, in PEM.
    pub(crate) fn pem(&self) -> String {
        format!("{}{}", self.certificate.pem(), self.key.serialize_pem())
    }
}

impl Certificates {
    /// What the gateway of this contract needs; nothing where nobody shows a certificate.
    ///
    /// # Errors
    ///
    /// None can be made.
    pub(crate) fn of(contract: &Contract) -> Result<Option<Certificates>, Error> {
        let variables: Vec<&String> = contract.schemes.iter().filter_map(variable).collect();
        if variables.is_empty() {
            return Ok(None);
        }
        let make = || {
            let trusted = authority("Gateways that are tried out")?;
            let mut params =
                CertificateParams::new(["localhost", "127.0.0.1", "::1"].map(str::to_owned))?;
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            let own = sign(&trusted, &params)?;
            let mut authorities: Vec<(String, Authority)> = Vec::new();
            for variable in variables {
                if authorities.iter().all(|(known, _)| known != variable) {
                    authorities.push((variable.clone(), authority(variable)?));
                }
            }
            Ok(Some(Certificates { trusted, own, authorities }))
        };
        make().map_err(|error: rcgen::Error| unmade(&error))
    }

    /// The variables with which a gateway has its certificate, and knows those of callers.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let mut found = vec![
            ("TLS_CERT".to_owned(), self.own.certificate.pem()),
            ("TLS_KEY".to_owned(), self.own.key.serialize_pem()),
        ];
        let authorities = self.authorities.iter();
        found.extend(authorities.map(|(variable, authority)| (variable.clone(), authority.pem())));
        found
    }

    /// The authority of the gateway, in PEM.
    pub(crate) fn trusted(&self) -> String {
        self.trusted.pem()
    }

    /// What somebody shows; nothing if not by a certificate.
    ///
    /// # Errors
    ///
    /// No certificate can say what the contract says of them.
    pub(crate) fn shown(&self, contract: &Contract, who: &Caller) -> Result<Option<Shown>, Error> {
        let scheme = contract.schemes.iter().find(|scheme| scheme.name == who.scheme);
        let Some(variable) = scheme.and_then(variable) else { return Ok(None) };
        let found = self.authorities.iter().find(|(known, _)| known == variable);
        let Some((_, authority)) = found else { return Ok(None) };
        let make = || {
            let said = |name: &str| who.claims.iter().find(|(known, _)| known == name);
            let name = said("name").and_then(|(_, value)| value.plain());
            let mut params = CertificateParams::default();
            let name = name.unwrap_or_else(|| "caller".to_owned());
            params.distinguished_name.push(DnType::CommonName, name);
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            for name in said("dns").map(|(_, value)| texts(value)).unwrap_or_default() {
                params.subject_alt_names.push(SanType::DnsName(name.try_into()?));
            }
            for uri in said("uris").map(|(_, value)| texts(value)).unwrap_or_default() {
                params.subject_alt_names.push(SanType::URI(uri.try_into()?));
            }
            sign(authority, &params)
        };
        make().map(Some).map_err(|error| unmade(&error))
    }

    /// How to connect to the gateway, and what to show it.
    ///
    /// # Errors
    ///
    /// The certificate cannot be used.
    pub(crate) fn config(&self, shown: Option<&Shown>) -> Result<Arc<ClientConfig>, Error> {
        let make = || {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(self.trusted.der().clone())?;
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            let builder = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()?
                .with_root_certificates(roots);
            let Some(Shown { certificate, key }) = shown else {
                return Ok(builder.with_no_client_auth());
            };
            let key = PrivateKeyDer::try_from(key.serialize_der());
            let key = key.map_err(|reason| rustls::Error::General(reason.to_owned()))?;
            let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
            builder.with_client_auth_cert(chain, key)
        };
        make().map(Arc::new).map_err(|error: rustls::Error| unmade(&error))
    }
}

fn unmade(error: &dyn std::error::Error) -> Error {
    Error::world(format!("no certificate can be made to try this out: {error}"))
}

/// The variable with the authorities of a scheme.
fn variable(scheme: &Scheme) -> Option<&String> {
    match &scheme.keys {
        Some(Keys::Authorities(variable)) => Some(variable),
        _ => None,
    }
}

fn authority(name: &str) -> Result<Authority, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

fn sign(authority: &Authority, params: &CertificateParams) -> Result<Shown, rcgen::Error> {
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, authority)?;
    Ok(Shown { certificate, key })
}

/// A text, or a list of them.
fn texts(value: &Const) -> Vec<String> {
    match value {
        Const::List(all) => all.iter().filter_map(Const::plain).collect(),
        one => one.plain().into_iter().collect(),
    }
}
