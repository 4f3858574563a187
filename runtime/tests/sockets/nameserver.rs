//! A nameserver that a test plays.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What a nameserver knows of a name: the kind of the record, how many seconds it is good for, its content.
pub(crate) type Known = BTreeMap<String, Vec<(u16, u32, Vec<u8>)>>;

/// A nameserver over UDP, and over TCP for what is longer than 512 bytes (RFC 1035 section 4.2).
pub(crate) struct Nameserver {
    pub(crate) state: Arc<State>,
    pub(crate) address: SocketAddr,
}

#[derive(Default)]
pub(crate) struct State {
    known: Mutex<Known>,
    asked: AtomicUsize,
    pub(crate) over_tcp: AtomicUsize,
    /// It says of a name that stands for another one what that one is, too.
    pub(crate) follows: AtomicBool,
    /// It answers every question with SERVFAIL.
    pub(crate) failing: AtomicBool,
    ended: AtomicBool,
}

impl Nameserver {
    pub(crate) fn start() -> Nameserver {
        let (udp, tcp) = (0..100)
            .find_map(|_| {
                let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
                let tcp = TcpListener::bind(udp.local_addr().expect("bound")).ok()?;
                Some((udp, tcp))
            })
            .expect("a port that is free for both");
        let state = Arc::new(State::default());
        let address = udp.local_addr().expect("bound");
        let here = Arc::clone(&state);
        std::thread::spawn(move || {
            let mut buffer = [0; 512];
            while let Ok((size, from)) = udp.recv_from(&mut buffer) {
                if here.ended.load(Ordering::Acquire) {
                    return;
                }
                here.asked.fetch_add(1, Ordering::AcqRel);
                let mut answer = here.answer(&buffer[..size]);
                if answer.len() > 512 {
                    answer.truncate(512);
                    answer[2] |= 0x02;
                }
                let _ = udp.send_to(&answer, from);
            }
        });
        let here = Arc::clone(&state);
        std::thread::spawn(move || {
            while let Ok((stream, _)) = tcp.accept() {
                if here.ended.load(Ordering::Acquire) {
                    return;
                }
                here.over_tcp.fetch_add(1, Ordering::AcqRel);
                let _ = here.serve(stream);
            }
        });
        Nameserver { state, address }
    }

    /// What it says from now on.
    pub(crate) fn knows(&self, known: Known) {
        *self.state.known.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }

    pub(crate) fn asked(&self) -> usize {
        self.state.asked.load(Ordering::Acquire)
    }
}

impl Drop for Nameserver {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::Release);
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let _ = udp.send_to(&[], self.address);
        let _ = TcpStream::connect(self.address);
    }
}

impl State {
    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut size = [0; 2];
        stream.read_exact(&mut size)?;
        let mut query = vec![0; usize::from(u16::from_be_bytes(size))];
        stream.read_exact(&mut query)?;
        let answer = self.answer(&query);
        let size = u16::try_from(answer.len()).expect("it fits");
        stream.write_all(&[size.to_be_bytes().as_slice(), &answer].concat())
    }

    fn answer(&self, query: &[u8]) -> Vec<u8> {
        let (asked, at) = read_name(query, 12);
        let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let code = match known.get(&asked) {
            _ if self.failing.load(Ordering::Acquire) => 2,
            None => 3,
            Some(_) => 0,
        };
        // The name of the question, and what stands for it.
        let mut here = records(&known, &asked, &[0xc0, 12], kind);
        if self.follows.load(Ordering::Acquire) {
            let aliases: Vec<_> = here.iter().filter(|one| one.1 == 5).cloned().collect();
            for (.., target) in aliases {
                here.extend(records(&known, &read_name(&target, 0).0, &target, kind));
            }
        }
        here.retain(|_| code == 0);
        let count = u16::try_from(here.len()).expect("a few").to_be_bytes();
        let mut answer = [&query[..2], &[0x81, 0x80 | code, 0, 1, count[0], count[1]]].concat();
        answer.extend([0; 4]);
        answer.extend(&query[12..]);
        for (owner, kind, seconds, content) in here {
            answer.extend(owner);
            answer.extend(kind.to_be_bytes());
            answer.extend([0, 1]);
            answer.extend(seconds.to_be_bytes());
            answer.extend(u16::try_from(content.len()).expect("short").to_be_bytes());
            answer.extend(content);
        }
        answer
    }
}

/// What is known of a name: the records of a kind, and the names that it stands for, by this owner.
fn records(
    known: &Known,
    name: &str,
    owner: &[u8],
    kind: u16,
) -> Vec<(Vec<u8>, u16, u32, Vec<u8>)> {
    let all = known.get(name).into_iter().flatten().filter(|(known, ..)| [kind, 5].contains(known));
    all.map(|(kind, seconds, content)| (owner.to_vec(), *kind, *seconds, content.clone())).collect()
}

/// A name that is written out, and where it ends.
fn read_name(bytes: &[u8], mut at: usize) -> (String, usize) {
    let mut text = String::new();
    while let Some(size) = bytes.get(at).copied().filter(|size| *size > 0) {
        let end = at + 1 + usize::from(size);
        if !text.is_empty() {
            text.push('.');
        }
        text.push_str(&String::from_utf8_lossy(&bytes[at + 1..end]));
        at = end;
    }
    (text, at)
}

/// A name as messages have it.
pub(crate) fn name(text: &str) -> Vec<u8> {
    let label = |label: &str| {
        let size = u8::try_from(label.len()).expect("short");
        [&[size], label.as_bytes()].concat()
    };
    let mut bytes: Vec<u8> = text.split('.').flat_map(label).collect();
    bytes.push(0);
    bytes
}
