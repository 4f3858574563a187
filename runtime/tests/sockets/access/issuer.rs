//! Keys of an issuer, tokens that it signs, and a server that gives the keys out as a test says.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

/// A key of an issuer that exists in tests alone.
pub(crate) struct Key {
    pub(crate) id: &'static str,
    pub(crate) algorithm: Algorithm,
    private: &'static str,
    public: &'static str,
}

pub(crate) const RSA: Key = Key {
    id: "rsa-1",
    algorithm: Algorithm::RS256,
    private: "MIIEowIBAAKCAQEAtKvIcPAifjbFAZ0ED9gQQYnjqwDQc/ebOv+hn3q92L0DE7OteFGPUBbjFNxxq4/lv/q3A9olcKgjLqj3H4ki/RHfdOIiSzJHRk2rwWu3QqT2PqpuLaNOkd/pRLysKgTOLTYL3dQ4yH1gM+m4Qn0V4dtV/PPghK4eRq0YT0F0pG2Z211EZLXLTgl9WYqw0nbWV/G+Ae5mOxsBN9GKcijkiI6NaJgS2QQzPQoEl19aouICzTy2JvI9JfhEq7y1ipyldb0eqo/IcojXRYMxD3Y+D8MrJzBK9++142Ud3E9gDpt6vwm5khT3XCWZOPWQogcwI+loqBhoT2VvPPMFFWZT4wIDAQABAoIBAAu3unvMr0gFUFiu8NUAO+msQkZUerCSxhAZBUf9I3P7qkfsVttfWs6kdVzkgUDRx+JgJd+LlfMNDJ8ZmVGDyO+l6ZrAkd3TqHjAT9vvGwcpAMmGrzepiE6AubXaEMZ24lJfV3yvJ3GlZAhp56f0SeeInLaXsJ+aVV9bGaEGS0TgtPghuMl5IMCuckCpY5pC61CFElVqT+k957/TWlUzDWlIMLZtMrEBmEDM7TBOl++uOJR2HOPzxbDLc7CF+E3qR7jr7DI9tnVDxt4vqzRQUzYG2xolqr0P6ixm5xQbEjiDvjcHRLtsLYAZ6NZvtmm41cN9pejkBrtMmCQHd+X/XVUCgYEA3vY0x9aqWqHmk7D8z+0FaAdRBAHDoS8bUElAUN2iA+ZHq11wFnAmv9IPcOT8AE7P99g5IByGWkn25tvP7nbg2Q7EpijRrqkiHRMENmBg1fAOqxipVmoGKnWypgPkNfaAdmt+blq4Px0wFL/YnJvhJu/t6NpOfAaZ4diXJ91rwD0CgYEAz3FT6n1d2UzfnJcE7wpztwtP4QeBkatA1BddoUKId4P52fdJSPo9G5TTnCUTYp+WUYDh5bf9RLnoV7NWRxlcHh6oa5utIm5KvkuExIoxK6IvenxG4R3wVhPNTQ2AMcxXM3+xQIOlik4co647Ohp9o4Sp1fU9+bIVovn1im/ihp8CgYBymHDAVaDxPE1ak5kc9WHV+gy11oJKEgAj38Jizcc74dvsQ/YcUkBYTwsIp2iub9OMO2IBEygqt+Fi/o98rTUb2u9Px6Md9mhGMUP0/sxGqT+gyOggNhY9NIlBsrZU1gFo3A77gT05kzLnN0OKGsQ6Uw8gozO7o1jsL3phTvjWsQKBgQC0zcDnU4eV22PW1uXs9v4uX0SrDODItyvU79yirhvFl5kQenE8kybpwEjEAqinwBLDTQMXNssfuK2iquObKqZYdj4zNEeuB9VLkQTSTORYdI7PQjyA/5g3XiEFdKv0O3cRos06PsPtDPH3U+e5V9eDyyBAJPV0idxD5Xs2wxf8XwKBgDjhZsYqU+u5+a2sl/91ZBGgJ0fR/EHc5Ztwkyyu8QxRLFPkPjH96OqDGrebKAbPcfMu3PUHwYZllGpqnF9QpNcelQmanlCGSyN90qva1IfWcZ9JD2dIYv2mJIJItgM4ZcAaqC/kcK1ErFTVYCVpGW37mWK81osObSmWGi877WP3",
    public: r#"{"kty":"RSA","kid":"rsa-1","use":"sig","n":"tKvIcPAifjbFAZ0ED9gQQYnjqwDQc_ebOv-hn3q92L0DE7OteFGPUBbjFNxxq4_lv_q3A9olcKgjLqj3H4ki_RHfdOIiSzJHRk2rwWu3QqT2PqpuLaNOkd_pRLysKgTOLTYL3dQ4yH1gM-m4Qn0V4dtV_PPghK4eRq0YT0F0pG2Z211EZLXLTgl9WYqw0nbWV_G-Ae5mOxsBN9GKcijkiI6NaJgS2QQzPQoEl19aouICzTy2JvI9JfhEq7y1ipyldb0eqo_IcojXRYMxD3Y-D8MrJzBK9--142Ud3E9gDpt6vwm5khT3XCWZOPWQogcwI-loqBhoT2VvPPMFFWZT4w","e":"AQAB"}"#,
};
pub(crate) const OTHER: Key = Key {
    id: "rsa-2",
    algorithm: Algorithm::RS256,
    private: "MIIEowIBAAKCAQEAosaWc/QKo4eE//SX5RiiGhyVd4ahJSwVj/w/zm3pAhINItlsAZO0ZEj/kzUgFtC5Vd+GcuadDjk6SpsHOqbG/GOtkStdUSfn8VAiqM5s+D78IVlTDDNDACMCs46R1W290hKuwDchXOO+nodZCA6xGdJmnZa1YaHv+XQoSf/sbLxbGeSkwjQksMX2js5LADe6emkDhJ2PkG9adwGfIHevPffmVtGVDz18q0oOp4mbLimI2SW6VSS6cLJj3UUKpxl+tvfk3onQYvp9Fl2l2tVUoRkABo5vBURZNeNGL6PbiZXZPwOVUguunPL7XXKhrX+KH13ZCySsLePKtk3qVlEdGwIDAQABAoIBAARCY9h359L2OykDCpOtMwl+evv4/8l8H4cetI3sLiWZ0rjGBxkv3Y+l1PSfD/TMFGimimgCS25kv/cIzhK4uRc/0nn5SdFTiBjphGapAPMqaFv4PUyVIM+YziH9sCigdpzP7iOyFANQVrVJcsjbsMJ6UQ+v/5U+inJOgE/JzLMRqTKxE2salfPEIffFi8k1cB9TvnrjuwOUAoBMx7ny4VJGjK2uhQN72+hFDdQdVIOpdD3bBF6QddSQA/uAdmOnCNnz/nvXhsUQFZCbXndew6G3PZr5M8exJPPsRhomBoxdBM+xXXze+AUbeJ2pBrbb4/PtRqJd8ysV0+pFmxQaS00CgYEA1pOYeFtf7E2vuF3gBopGquhKC+bY/n1DgkpoBVshhcLdUspzczMj7Xj4kF3Ny1+TfA1YKwhAeWSFPZIhJl9gIgeweqTZ0GYguf1mN+p6TCCvwv3tm4NpmfJJIefbrZssMyy7iF/A2RPcwrpp/DVSgKuh3VbBcl2GDAPBr4MlaM8CgYEAwjL9BhWmZd1otwhTFRnY6umxi0dkmBrLwY6PanWx3n1B/jvkKAoY2Bm82wpPkIsZ99Ije0UQnvDw3RlZQrZd4f5Q293g/eoQK6O3klACc0UAeH1g/HSf6MTMwj63bkH0YNVsbta6EFr17bVnYhYz7pBvwHbIPP0EMR7Y4KD1AfUCgYA/Y/EaNVxcMgMkg08of3crDF67r2IRpK3p8tNSKb74hj3eNILw2H3XrPI5rAyc9UpbzpFqfRCXDDQ0oVP7wxdiVkUzpjnW0CUA7TRidnnUvZ9PCrdERwlOen5Sbu2+FuZy49cvDaKqPqzsNigTYylRa+Lwwa16fNiZ+g4hLKxDjwKBgDTBvVNF1mqd97ChplB5MSDAU+dOgdmAjhILNJLrXmLfDGqQwq7N72nltBSdfHf8EhXtFI6MeLN1KTonhMRG3sJiYH0ajeDtEW+JjnlFGyVNfY8+IHb1B+woaqfqedKOQGF+GXMTCoEe9Oia+3b+KSWKP5G9szA+XEEr7Cc6EtVxAoGBAMg+w/0n+L+WZNOOExih3UV2i3DrcovDrZfle8ZOLCXMiNP9MbYJ2kexyFHmDS95XalUIZ6gwuEIoPVrl+p6KMBLE0mO/Yxu3m86GbLK9d+Q1RAuLkGAC2FJzAos+Fb0L+lcq2Vel42x0T63htuXimyCG2T1gzWmfGQ3CnPPWsug",
    public: r#"{"kty":"RSA","kid":"rsa-2","n":"osaWc_QKo4eE__SX5RiiGhyVd4ahJSwVj_w_zm3pAhINItlsAZO0ZEj_kzUgFtC5Vd-GcuadDjk6SpsHOqbG_GOtkStdUSfn8VAiqM5s-D78IVlTDDNDACMCs46R1W290hKuwDchXOO-nodZCA6xGdJmnZa1YaHv-XQoSf_sbLxbGeSkwjQksMX2js5LADe6emkDhJ2PkG9adwGfIHevPffmVtGVDz18q0oOp4mbLimI2SW6VSS6cLJj3UUKpxl-tvfk3onQYvp9Fl2l2tVUoRkABo5vBURZNeNGL6PbiZXZPwOVUguunPL7XXKhrX-KH13ZCySsLePKtk3qVlEdGw","e":"AQAB"}"#,
};
pub(crate) const P256: Key = Key {
    id: "p256",
    algorithm: Algorithm::ES256,
    private: "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgqmQMc8pZJL8Vma1WzN5lVMzNZPVnJPgOk0mOJgjhM5ChRANCAARGX14XVFWwz7mOfpW3JojTvpnoeM+Ciz9lnMk1lUilRwoCljZwSmMmLy++7FAcKL5C17389EnPKVcTmEpIIdYL",
    public: r#"{"kty":"EC","kid":"p256","crv":"P-256","alg":"ES256","x":"Rl9eF1RVsM-5jn6VtyaI076Z6HjPgos_ZZzJNZVIpUc","y":"CgKWNnBKYyYvL77sUBwovkLXvfz0Sc8pVxOYSkgh1gs"}"#,
};
pub(crate) const P384: Key = Key {
    id: "p384",
    algorithm: Algorithm::ES384,
    private: "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAdim0i0sTVZ7KSuQ0HUdcsxX42MMzEmg1GgQ4sRom7SyOYUARcETP4xh7EuwVMjXehZANiAAT55WDiiD3vmjsmvCXDoctS0wCXKE3VpQGgio4FNkL1Lo/V2LpxsB4HJ34BVw7UplBr33A4i98IFb0YEIepyUjXtNZJjMXbF2S3ez3ZXntUc1ASSdTdMLpk21YhQHHT2gY=",
    public: r#"{"kty":"EC","kid":"p384","crv":"P-384","key_ops":["verify"],"x":"-eVg4og975o7Jrwlw6HLUtMAlyhN1aUBoIqOBTZC9S6P1di6cbAeByd-AVcO1KZQ","y":"a99wOIvfCBW9GBCHqclI17TWSYzF2xdkt3s92V57VHNQEknU3TC6ZNtWIUBx09oG"}"#,
};
pub(crate) const EDWARDS: Key = Key {
    id: "ed",
    algorithm: Algorithm::EdDSA,
    private: "MC4CAQAwBQYDK2VwBCIEIOPY1553hiof3aJsoNPbDQiHZtPR/m5ozdM0/FPJbwjs",
    public: r#"{"kty":"OKP","kid":"ed","crv":"Ed25519","x":"ORbgBccORkuWQKUFiY-Vpu8IFseLnVDHndL6lljt9GY"}"#,
};

/// The public part of [`RSA`] as text, which whoever has the set can make.
pub(crate) const RSA_PEM: &str = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAtKvIcPAifjbFAZ0ED9gQ\nQYnjqwDQc/ebOv+hn3q92L0DE7OteFGPUBbjFNxxq4/lv/q3A9olcKgjLqj3H4ki\n/RHfdOIiSzJHRk2rwWu3QqT2PqpuLaNOkd/pRLysKgTOLTYL3dQ4yH1gM+m4Qn0V\n4dtV/PPghK4eRq0YT0F0pG2Z211EZLXLTgl9WYqw0nbWV/G+Ae5mOxsBN9GKcijk\niI6NaJgS2QQzPQoEl19aouICzTy2JvI9JfhEq7y1ipyldb0eqo/IcojXRYMxD3Y+\nD8MrJzBK9++142Ud3E9gDpt6vwm5khT3XCWZOPWQogcwI+loqBhoT2VvPPMFFWZT\n4wIDAQAB\n-----END PUBLIC KEY-----\n";

/// A secret that two sides share.
pub(crate) const SECRET: &str = "a secret of well more than thirty-two bytes, as it should be: 64+";

impl Key {
    fn encoding(&self) -> EncodingKey {
        let der = base64(self.private);
        match self.algorithm {
            Algorithm::ES256 | Algorithm::ES384 => EncodingKey::from_ec_der(&der),
            Algorithm::EdDSA => EncodingKey::from_ed_der(&der),
            _ => EncodingKey::from_rsa_der(&der),
        }
    }

    /// A token with these claims, signed by this key under its name.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_as(self.algorithm, Some(self.id), claims)
    }

    /// A token with these claims, signed by this key.
    pub(crate) fn sign_as(&self, algorithm: Algorithm, id: Option<&str>, claims: &Value) -> String {
        let header = Header { kid: id.map(str::to_owned), ..Header::new(algorithm) };
        encode(&header, claims, &self.encoding()).expect("a token")
    }

    /// A token whose claims are this text, signed by this key under its name.
    pub(crate) fn sign_text(&self, claims: &str) -> String {
        let header = format!(r#"{{"alg":"RS256","kid":"{}"}}"#, self.id);
        self.sign_texts(&header, claims)
    }

    /// A token whose header is this text, signed by this key.
    pub(crate) fn sign_under(&self, header: &str, claims: &Value) -> String {
        self.sign_texts(header, &claims.to_string())
    }

    fn sign_texts(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", url(header.as_bytes()), url(claims.as_bytes()));
        let key = self.encoding();
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, self.algorithm);
        format!("{message}.{}", signature.expect("a signature"))
    }
}

/// A token with these claims, signed with a secret.
pub(crate) fn sign_secretly(algorithm: Algorithm, secret: &[u8], claims: &Value) -> String {
    encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret)).expect("a token")
}

/// The claims of a caller that may come in, for five minutes.
pub(crate) fn claims() -> Value {
    json!({
        "iss": "https://id.example",
        "aud": "shop",
        "sub": "8f14e45f-ceea-467f-9b0e-2a1b7c1d0001",
        "exp": now() + 300,
        "scope": "read write",
        "roles": ["buyer"],
    })
}

/// The same with some of them changed; null takes one away.
pub(crate) fn claims_with(changed: Value) -> Value {
    let mut claims = claims();
    let (Some(all), Value::Object(changed)) = (claims.as_object_mut(), changed) else {
        return claims;
    };
    for (name, value) in changed {
        if value.is_null() {
            all.remove(&name);
        } else {
            all.insert(name, value);
        }
    }
    claims
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_secs()
}

/// A set of keys.
pub(crate) fn set(keys: &[&Key]) -> String {
    let keys: Vec<&str> = keys.iter().map(|key| key.public).collect();
    format!("{{\"keys\":[{}]}}", keys.join(","))
}

/// Base64 for URLs, without padding.
pub(crate) fn url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - group.len()));
        for at in 0..=group.len() {
            let index = (bits >> (18 - 6 * at)) & 63;
            out.push(char::from(LETTERS[index as usize]));
        }
    }
    out
}

/// What a text in the usual alphabet stands for.
fn base64(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bits = 0_u32;
    let mut count = 0;
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            _ => 63,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

/// How an issuer answers.
#[derive(Clone)]
pub(crate) enum Reply {
    Set(String),
    Status(u16),
    /// Nothing comes for this long.
    Silence(Duration),
    /// More than anybody should read.
    Flood,
    /// The connection is closed.
    Close,
}

/// A server of an issuer.
pub(crate) struct Issuer {
    address: String,
    reply: Arc<Mutex<Reply>>,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    /// Answers from now on, for as long as the process is there.
    pub(crate) fn start(reply: Reply) -> Issuer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}/keys", listener.local_addr().expect("an address"));
        let (reply, asked) = (Arc::new(Mutex::new(reply)), Arc::new(AtomicUsize::new(0)));
        let (said, count) = (Arc::clone(&reply), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                let reply = said.lock().expect("nobody panics with it").clone();
                std::thread::spawn(move || answer(stream, &reply));
            }
        });
        Issuer { address, reply, asked }
    }

    pub(crate) fn url(&self) -> &str {
        &self.address
    }

    /// Answers otherwise from now on.
    pub(crate) fn says(&self, reply: Reply) {
        *self.reply.lock().expect("nobody panics with it") = reply;
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Waits until it was asked this often.
    pub(crate) fn wait_for(&self, count: usize) {
        let start = Instant::now();
        while self.asked() < count {
            assert!(start.elapsed() < Duration::from_secs(20), "asked {} times", self.asked());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn answer(mut stream: std::net::TcpStream, reply: &Reply) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.extend_from_slice(&byte),
            _ => return,
        }
    }
    let answer = |status: u16, body: &str| {
        format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    };
    let text = match reply {
        Reply::Set(body) => answer(200, body),
        Reply::Status(status) => {
            format!("HTTP/1.1 {status} X\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n")
        }
        Reply::Silence(pause) => {
            std::thread::sleep(*pause);
            return;
        }
        Reply::Flood => answer(200, &format!("{{\"keys\":[\"{}\"]}}", "a".repeat(1 << 20))),
        Reply::Close => return,
    };
    let _ = stream.write_all(text.as_bytes());
}
