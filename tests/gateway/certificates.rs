//! Who may call, by certificates that are shown when a connection is made.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Backend, Gateway, Running};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, SanType, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};

use crate::ask::NOBODY;
use crate::contracts::certificates::CONTRACT;

/// The SHA-256 of `staff-key-1`.
const STAFF_KEYS: &str = "alice:29c5964b10164845ab1f9ce6c75bd3c0d19515b125bce6f0fa183593414c77a2";

/// Whoever signs certificates.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
struct Shown {
    certificate: String,
    key: String,
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

impl Authority {
    fn new(name: &str) -> Authority {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, key()).expect("an authority"))
    }

    fn sign(&self, params: &CertificateParams) -> Shown {
        let key = key();
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        Shown { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// The certificate of somebody of this name, for calls.
    fn caller(&self, name: &str) -> Shown {
        self.sign(&params(name))
    }

    /// The certificate of the gateway.
    fn gateway(&self) -> Shown {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(&params)
    }

    fn pem(&self) -> String {
        self.0.pem()
    }
}

/// A gateway, its authorities, and what callers trust.
struct World {
    gateway: Running,
    partners: Authority,
    services: Authority,
    trusted: Authority,
}

fn world(things: &str, more: &[(&str, &str)]) -> World {
    let (partners, services) = (Authority::new("Partners"), Authority::new("Services"));
    let (partner_ca, service_ca) = (partners.pem(), services.pem());
    let trusted = Authority::new("Gateways");
    let own = trusted.gateway();
    let given = [
        ("THINGS_URL", things),
        ("STAFF_KEYS", STAFF_KEYS),
        ("TLS_CERT", &own.certificate),
        ("TLS_KEY", &own.key),
        ("PARTNER_CA", &partner_ca),
        ("SERVICE_CA", &service_ca),
    ];
    let env: Vec<_> = more.iter().chain(&given).copied().collect();
    let gateway = Gateway::start(&CONTRACT, &env);
    World { gateway, partners, services, trusted }
}

type Secure = StreamOwned<ClientConnection, TcpStream>;

impl World {
    /// What callers connect with: a certificate, if they have one, and those behind it.
    fn config(&self, shown: &[&Shown]) -> Arc<ClientConfig> {
        self.config_of(shown, rustls::ALL_VERSIONS)
    }

    fn config_of(
        &self,
        shown: &[&Shown],
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.trusted.0.der().clone()).expect("an authority");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .expect("versions that there are")
            .with_root_certificates(roots);
        Arc::new(match shown.first() {
            None => builder.with_no_client_auth(),
            Some(first) => {
                let der = |one: &&Shown| {
                    CertificateDer::from_pem_slice(one.certificate.as_bytes()).expect("one")
                };
                let key = PrivateKeyDer::from_pem_slice(first.key.as_bytes()).expect("a key");
                let chain = shown.iter().map(der).collect();
                builder.with_client_auth_cert(chain, key).expect("a key for the certificate")
            }
        })
    }

    fn connect(&self, config: &Arc<ClientConfig>) -> Secure {
        connect(config, self.gateway.address())
    }

    /// The answer to a caller with this certificate.
    fn ask(&self, target: &str, shown: &Shown) -> Reply {
        ask(&mut self.connect(&self.config(&[shown])), target, "").expect("an answer")
    }
}

fn connect(config: &Arc<ClientConfig>, address: SocketAddr) -> Secure {
    let name = ServerName::try_from("localhost").expect("a name");
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a positive time");
    StreamOwned::new(ClientConnection::new(Arc::clone(config), name).expect("a session"), stream)
}

#[derive(Debug)]
struct Reply {
    status: u16,
    head: String,
    body: Value,
}

/// Asks on a connection that stays; header lines end in CR LF.
fn ask(secure: &mut Secure, target: &str, fields: &str) -> Result<Reply, String> {
    let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
    secure.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
    reply(secure)
}

fn reply(secure: &mut Secure) -> Result<Reply, String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.parse().expect("a number"));
            if body.len() >= length {
                let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
                let body = serde_json::from_str(body).unwrap_or(Value::Null);
                return Ok(Reply { status: status.expect("a status"), head, body });
            }
        }
        let mut part = [0; 4096];
        match secure.read(&mut part).map_err(|error| error.to_string())? {
            0 => return Err("it closed".to_owned()),
            size => bytes.extend(part.iter().take(size)),
        }
    }
}

#[test]
fn a_certificate_says_who_calls() {
    let world = world(NOBODY, &[]);
    let mut params = params("acme");
    params.distinguished_name.push(DnType::OrganizationName, "Acme, Ltd");
    let uri = "spiffe://acme/orders";
    params.subject_alt_names = vec![
        SanType::DnsName("orders.acme.example".try_into().expect("ASCII")),
        SanType::URI(uri.try_into().expect("ASCII")),
    ];
    let shown = world.partners.sign(&params);
    let answer = world.ask("/v1/me", &shown);
    assert_eq!(answer.status, 200, "{answer:?}");
    let print = answer.body["fingerprint"].clone();
    assert_eq!(
        answer.body,
        json!({
            "subject": "O=Acme\\, Ltd,CN=acme",
            "name": "acme",
            "issuer": "CN=Partners",
            "dns": ["orders.acme.example"],
            "uris": [uri],
            "fingerprint": print,
        })
    );
    let other = world.ask("/v1/me", &world.partners.caller("acme"));
    assert_ne!(other.body["fingerprint"], print);
    assert_eq!((other.body["dns"].clone(), other.body["uris"].clone()), (json!([]), json!([])));
}

#[test]
fn who_shows_none_is_told_so_and_gets_in_elsewhere() {
    let world = world(NOBODY, &[]);
    for versions in [&[&rustls::version::TLS12], &[&rustls::version::TLS13]] {
        let mut secure = world.connect(&world.config_of(&[], versions));
        assert_eq!(ask(&mut secure, "/v1/open", "").expect("an answer").status, 204);
        let refused = ask(&mut secure, "/v1/me", "").expect("an answer");
        assert_eq!(
            (refused.status, &refused.body["type"]),
            (401, &json!("urn:problem:gateway:unauthenticated"))
        );
        let challenge = "www-authenticate: clientcertificate realm=\"certificates\"";
        assert!(refused.head.contains(challenge), "{}", refused.head);
        let key = "X-Api-Key: staff-key-1\r\n";
        let staff = ask(&mut secure, "/v1/anybody", key).expect("an answer");
        assert_eq!(staff.body, json!({"partner": null, "service": null, "staff": "alice"}));
        let shown = world.partners.caller("acme");
        let mut secure = world.connect(&world.config_of(&[&shown], versions));
        for _ in 0..3 {
            let known = ask(&mut secure, "/v1/anybody", "").expect("an answer");
            assert_eq!(known.body, json!({"partner": "CN=acme", "service": null, "staff": null}));
        }
    }
}

/// Each block has authorities of its own: a certificate that is good for one is not for the other.
#[test]
fn authorities_of_one_block_vouch_for_nobody_in_another() {
    let world = world(NOBODY, &[]);
    let partner = world.partners.caller("acme");
    let mut params = params("orders");
    params.subject_alt_names = vec![SanType::URI("spiffe://a".try_into().expect("ASCII"))];
    let service = world.services.sign(&params);
    assert_eq!(world.ask("/v1/me", &partner).status, 200);
    assert_eq!(world.ask("/v1/service", &partner).status, 401);
    assert_eq!(world.ask("/v1/me", &service).status, 401);
    assert_eq!(world.ask("/v1/service", &service).status, 204);
    let known = world.ask("/v1/anybody", &service);
    assert_eq!(known.body, json!({"partner": null, "service": "orders", "staff": null}));
}

#[test]
fn a_certificate_that_does_not_say_what_is_declared_lets_nobody_in() {
    let world = world(NOBODY, &[]);
    let uri = |name: &str| SanType::URI(name.try_into().expect("ASCII"));
    for (name, uris, status) in [
        ("orders", vec!["spiffe://a"], 204),
        ("Orders", vec!["spiffe://a"], 401),
        ("orders", vec![], 401),
        ("orders", vec!["spiffe://a", "spiffe://b"], 401),
    ] {
        let mut params = params(name);
        params.subject_alt_names = uris.into_iter().map(uri).collect();
        let answer = world.ask("/v1/service", &world.services.sign(&params));
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

/// Nobody gets as far as a request with a certificate that is not what it claims to be.
#[test]
fn what_cannot_be_verified_is_no_connection() {
    let world = world(NOBODY, &[]);
    let mut old = params("acme");
    (old.not_before, old.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    let mut early = params("acme");
    (early.not_before, early.not_after) = (date_time_ymd(2090, 1, 1), date_time_ymd(2091, 1, 1));
    let mut server = params("acme");
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let shown = [
        world.partners.sign(&old),
        world.partners.sign(&early),
        world.partners.sign(&server),
        // The name of the authority, and another key.
        Authority::new("Partners").caller("acme"),
        world.trusted.caller("acme"),
    ];
    for (number, shown) in shown.iter().enumerate() {
        let mut secure = world.connect(&world.config(&[shown]));
        assert!(ask(&mut secure, "/v1/open", "").is_err(), "{number}");
    }
}

/// An authority may have others sign, as long as its certificates lead to it.
#[test]
fn a_chain_leads_to_its_authority() {
    let world = world(NOBODY, &[]);
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Partners in the north");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let north = CertifiedIssuer::signed_by(params, key(), &world.partners.0).expect("one");
    let north = Authority(north);
    let shown = north.caller("acme");
    let between = Shown { certificate: north.pem(), key: String::new() };
    let mut secure = world.connect(&world.config(&[&shown, &between]));
    let known = ask(&mut secure, "/v1/me", "").expect("an answer");
    assert_eq!(known.body["issuer"], "CN=Partners in the north");
    // A caller is no authority.
    let caller = self::params("acme");
    let own = key();
    let caller = CertifiedIssuer::signed_by(caller, own, &world.partners.0).expect("one");
    let caller = Authority(caller);
    let (shown, between) =
        (caller.caller("root"), Shown { certificate: caller.pem(), key: String::new() });
    let mut secure = world.connect(&world.config(&[&shown, &between]));
    assert!(ask(&mut secure, "/v1/open", "").is_err());
}

/// What the environment asks of all callers holds for those of the contract, too.
#[test]
fn an_operator_can_ask_for_more() {
    let all = Authority::new("All");
    let all_ca = all.pem();
    let world = world(NOBODY, &[("TLS_CLIENT_CA", &all_ca)]);
    let mut secure = world.connect(&world.config(&[]));
    assert!(ask(&mut secure, "/v1/open", "").is_err(), "everybody must show one");
    let mut secure = world.connect(&world.config(&[&world.partners.caller("acme")]));
    assert!(ask(&mut secure, "/v1/me", "").is_err(), "and one of that authority");
    let known = all.caller("acme");
    assert_eq!(world.ask("/v1/open", &known).status, 204);
    assert_eq!(world.ask("/v1/me", &known).status, 401, "which is none of the block's");
}

#[test]
fn authorities_of_a_file_change_while_the_gateway_runs() {
    let folder =
        std::env::temp_dir().join(format!("gatewright-authorities-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("partners.pem");
    let (before, after) = (Authority::new("Before"), Authority::new("After"));
    fs::write(&file, before.pem()).expect("it can be written");
    let world = world(NOBODY, &[("PARTNER_CA", file.to_str().expect("UTF-8"))]);
    let mut secure = world.connect(&world.config(&[&before.caller("acme")]));
    assert_eq!(ask(&mut secure, "/v1/me", "").expect("an answer").status, 200);
    fs::write(&file, "half a file").expect("it can be written");
    fs::write(&file, after.pem()).expect("it can be written");
    let start = Instant::now();
    // Also a connection that was made before.
    while ask(&mut secure, "/v1/me", "").expect("an answer").status == 200 {
        assert!(start.elapsed() < Duration::from_secs(20), "the file is not used");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(ask(&mut secure, "/v1/open", "").expect("an answer").status, 204);
    assert_eq!(world.ask("/v1/me", &after.caller("acme")).status, 200);
    let mut secure = world.connect(&world.config(&[&before.caller("acme")]));
    assert!(ask(&mut secure, "/v1/open", "").is_err());
    let _ = fs::remove_dir_all(folder);
}

/// A session that goes on later knows its caller still.
#[test]
fn a_session_that_is_resumed_has_its_caller() {
    let world = world(NOBODY, &[]);
    let config = world.config(&[&world.partners.caller("acme")]);
    for round in 0..3 {
        let mut secure = world.connect(&config);
        let known = ask(&mut secure, "/v1/me", "").expect("an answer");
        assert_eq!(known.body["name"], "acme");
        let resumed = secure.conn.handshake_kind() == Some(rustls::HandshakeKind::Resumed);
        assert_eq!(resumed, round > 0);
    }
}

#[test]
fn what_is_known_goes_where_the_contract_says() {
    let things = Backend::start().answer("POST", "/things", 200, r#"{"id":"t"}"#);
    let world = world(&things.url(), &[]);
    let shown = world.partners.caller("acme");
    let mut secure = world.connect(&world.config(&[&shown]));
    let body = r#"{"name":"x"}"#;
    let head = "POST /v1/things HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    secure.write_all(request.as_bytes()).expect("it is sent");
    assert_eq!(reply(&mut secure).expect("an answer").body, json!({"id": "t"}));
    let sent: Value = serde_json::from_slice(&things.requests()[0].body).expect("JSON");
    assert_eq!(sent, json!({"name": "x", "by": "CN=acme"}));
}

#[test]
fn a_gateway_that_cannot_check_does_not_start() {
    let (own, other) = (Authority::new("Gateways").gateway(), Authority::new("Partners"));
    let good = other.pem();
    let env = |partner: &str, with: bool| {
        let all = [
            ("THINGS_URL", NOBODY),
            ("STAFF_KEYS", STAFF_KEYS),
            ("SERVICE_CA", good.as_str()),
            ("PARTNER_CA", partner),
            ("TLS_CERT", own.certificate.as_str()),
            ("TLS_KEY", own.key.as_str()),
        ];
        Gateway::refusal(&CONTRACT, if with { &all } else { &all[..4] })
    };
    assert_eq!(env(&good, true), None);
    let without = env(&good, false).expect("nobody could show a certificate");
    assert!(without.contains("TLS_CERT"), "{without}");
    for (partner, said) in [
        ("", "missing: PARTNER_CA"),
        ("/nowhere/ca.pem", "/nowhere/ca.pem"),
        (own.key.as_str(), "holds no certificate"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no authority"),
    ] {
        let report = env(partner, true).expect("a fault");
        assert!(report.contains("PARTNER_CA") && report.contains(said), "{report}");
    }
}
