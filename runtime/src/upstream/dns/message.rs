//! Questions to nameservers and their answers, as bytes (RFC 1035 section 4).

use std::time::Duration;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    V4,
    V6,
    /// RFC 2782.
    Service,
}

/// What a nameserver says.
#[derive(Debug)]
pub(super) struct Message {
    /// Whether it did not fit into a packet.
    pub(super) is_cut: bool,
    code: u8,
    pub(super) records: Vec<Record>,
    /// How many of them answer the question; the others were added to that.
    answers: usize,
}

/// One record of a kind that is known here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// In small letters and without the last dot, like all names here.
    pub(super) owner: String,
    /// How long it may be kept.
    pub(super) time: Duration,
    pub(super) content: Content,
}

impl Record {
    /// The name that its owner stands for, and for how long, if it says one.
    pub(super) fn alias(&self) -> Option<(&str, Duration)> {
        match &self.content {
            Content::Alias(target) => Some((target, self.time)),
            _ => None,
        }
    }
}

/// What a record holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    V4([u8; 4]),
    V6([u8; 16]),
    /// The name that its owner stands for.
    Alias(String),
    Service {
        priority: u16,
        weight: u16,
        port: u16,
        target: String,
    },
}

/// The class of everything in the internet.
const INTERNET: u16 = 1;
/// The bytes of a head.
const HEAD: usize = 12;
/// The most bytes of a name.
const LONGEST: usize = 255;
/// The most records of an answer that are read.
const MOST: u16 = 1024;

impl Kind {
    fn number(self) -> u16 {
        match self {
            Kind::V4 => 1,
            Kind::V6 => 28,
            Kind::Service => 33,
        }
    }
}

/// A question with this id; nothing for what is no name.
pub(super) fn query(id: u16, name: &str, kind: Kind) -> Option<Vec<u8>> {
    // It wants to be answered by whoever asks others in turn.
    const FLAGS: u16 = 0x0100;
    let mut bytes = Vec::with_capacity(HEAD + name.len() + 6);
    for number in [id, FLAGS, 1, 0, 0, 0] {
        bytes.extend(number.to_be_bytes());
    }
    for label in name.trim_end_matches('.').split('.') {
        let size = u8::try_from(label.len()).ok().filter(|size| (1..64).contains(size))?;
        bytes.push(size);
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    if bytes.len() > HEAD + LONGEST {
        return None;
    }
    for number in [kind.number(), INTERNET] {
        bytes.extend(number.to_be_bytes());
    }
    Some(bytes)
}

impl Message {
    /// Reads an answer to this question; nothing for what is none.
    pub(super) fn read(bytes: &[u8], query: &[u8]) -> Option<Message> {
        let mut reader = Reader { bytes, at: 0 };
        let (id, flags) = (reader.u16()?, reader.u16()?);
        let questions = reader.u16()?;
        let counts = [reader.u16()?, reader.u16()?, reader.u16()?];
        let asked = query.get(HEAD..)?;
        let again = bytes.get(HEAD..HEAD + asked.len())?;
        let is_answer = flags & 0x8000 != 0 && questions == 1;
        if !is_answer || query.get(..2)? != id.to_be_bytes() || !again.eq_ignore_ascii_case(asked) {
            return None;
        }
        reader.at = HEAD + asked.len();
        let mut message = Message {
            is_cut: flags & 0x0200 != 0,
            code: flags.to_be_bytes()[1] & 0x0f,
            records: Vec::new(),
            answers: 0,
        };
        if message.is_cut {
            return Some(message);
        }
        // Answers, who is responsible, and what may be of use besides.
        for (section, count) in counts.into_iter().enumerate() {
            for _ in 0..count.min(MOST) {
                let record = reader.record()?;
                message.records.extend(record.filter(|_| section != 1));
            }
            if section == 0 {
                message.answers = message.records.len();
            }
        }
        Some(message)
    }

    /// Whether the nameserver knows what it was asked for, be it that there is no such name.
    pub(super) fn is_known(&self) -> bool {
        const NO_SUCH_NAME: u8 = 3;
        matches!(self.code, 0 | NO_SUCH_NAME)
    }

    /// What was asked for. Where a name stands for another, both are there.
    pub(super) fn answers(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().take(self.answers)
    }
}

/// Reads from the front.
struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Reader<'_> {
    fn take<const SIZE: usize>(&mut self) -> Option<[u8; SIZE]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(SIZE)?)?.try_into().ok()?;
        self.at += SIZE;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_be_bytes)
    }

    /// A name. What it refers to must lie before it, so it has an end.
    fn name(&mut self) -> Option<String> {
        let mut text = String::new();
        let (mut at, mut first, mut behind) = (self.at, self.at, None);
        loop {
            let size = *self.bytes.get(at)?;
            match size {
                0 => {
                    self.at = behind.unwrap_or(at + 1);
                    return Some(text);
                }
                1..64 => {
                    let label = self.bytes.get(at + 1..at + 1 + usize::from(size))?;
                    if !text.is_empty() {
                        text.push('.');
                    }
                    // Other bytes are in no name that could be asked for.
                    text.extend(label.iter().map(|byte| char::from(byte.to_ascii_lowercase())));
                    at += 1 + usize::from(size);
                    if text.len() > 2 * LONGEST {
                        return None;
                    }
                }
                0xc0.. => {
                    let low = *self.bytes.get(at + 1)?;
                    behind.get_or_insert(at + 2);
                    at = usize::from(u16::from_be_bytes([size & 0x3f, low]));
                    if at >= first {
                        return None;
                    }
                    first = at;
                }
                _ => return None,
            }
        }
    }

    /// The next record; nothing inside for one of a kind that is not known here.
    fn record(&mut self) -> Option<Option<Record>> {
        let owner = self.name()?;
        let (kind, class) = (self.u16()?, self.u16()?);
        // Times with the highest bit set are none (RFC 2181 section 8).
        let time = u32::from_be_bytes(self.take()?);
        let time = Duration::from_secs(if time >> 31 == 0 { time.into() } else { 0 });
        let size = usize::from(self.u16()?);
        let end = self.at.checked_add(size).filter(|end| *end <= self.bytes.len())?;
        let content = match (class, kind, size) {
            (INTERNET, 1, 4) => Some(Content::V4(self.take()?)),
            (INTERNET, 5, _) => Some(Content::Alias(self.name()?)),
            (INTERNET, 28, 16) => Some(Content::V6(self.take()?)),
            (INTERNET, 33, _) => Some(self.service()?),
            _ => None,
        };
        self.at = end;
        Some(content.map(|content| Record { owner, time, content }))
    }

    fn service(&mut self) -> Option<Content> {
        let (priority, weight, port) = (self.u16()?, self.u16()?, self.u16()?);
        Some(Content::Service { priority, weight, port, target: self.name()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer to `query` with these records: owner, kind, content.
    fn answer(query: &[u8], records: &[(&[u8], u16, &[u8])]) -> Vec<u8> {
        let mut bytes = query.to_vec();
        bytes[2..4].copy_from_slice(&[0x81, 0x80]);
        bytes[7] = u8::try_from(records.len()).expect("a few");
        for (owner, kind, content) in records {
            bytes.extend(*owner);
            bytes.extend(kind.to_be_bytes());
            bytes.extend(INTERNET.to_be_bytes());
            bytes.extend(60_u32.to_be_bytes());
            bytes.extend(u16::try_from(content.len()).expect("short").to_be_bytes());
            bytes.extend(*content);
        }
        bytes
    }

    fn asked() -> Vec<u8> {
        query(7, "_http._tcp.Shop.example.", Kind::Service).expect("a name")
    }

    #[test]
    fn names_are_written_shorter_and_read_whole() {
        let query = asked();
        // `a` and what stands behind the service and the protocol in the question.
        let target = b"\0\x01\0\x02\x1f\x90\x01a\xc0\x17";
        let bytes = answer(&query, &[(b"\xc0\x0c", 33, target), (b"\x01a\xc0\x17", 1, &[9; 4])]);
        let message = Message::read(&bytes, &query).expect("an answer");
        assert!(message.is_known() && !message.is_cut);
        let content = Content::Service {
            priority: 1,
            weight: 2,
            port: 8080,
            target: "a.shop.example".into(),
        };
        let time = Duration::from_secs(60);
        let owner = "_http._tcp.shop.example".to_owned();
        assert_eq!(message.records.first(), Some(&Record { owner, time, content }));
        let content = Content::V4([9; 4]);
        let other = Record { owner: "a.shop.example".into(), time, content };
        assert_eq!(message.records.last(), Some(&other));
    }

    #[test]
    fn what_answers_something_else_is_no_answer() {
        let query = asked();
        let good = answer(&query, &[]);
        assert!(Message::read(&good, &query).is_some());
        for (place, byte) in [(1, 8), (2, 0x01), (5, 2), (14, b'x'), (good.len() - 1, 3)] {
            let mut bad = good.clone();
            bad[place] = byte;
            assert!(Message::read(&bad, &query).is_none(), "{place}");
        }
    }

    #[test]
    fn names_that_lead_to_themselves_end() {
        let query = asked();
        let end = u8::try_from(query.len()).expect("short");
        for owner in [[0xc0, end], [0xc0, end + 1], [0xff, 0xff], [0x40, 0x01]] {
            assert!(Message::read(&answer(&query, &[(&owner, 1, &[9; 4])]), &query).is_none());
        }
    }

    #[test]
    fn whatever_comes_is_read_or_is_not() {
        let query = asked();
        let target = b"\0\x01\0\x02\x1f\x90\x01a\xc0\x17";
        let good = answer(&query, &[(b"\xc0\x0c", 33, target), (b"\x01a\xc0\x17", 28, &[9; 16])]);
        for size in 0..good.len() {
            assert!(Message::read(&good[..size], &query).is_none(), "{size}");
        }
        let mut state = 7_u64;
        for _ in 0..20_000 {
            let mut bad = good.clone();
            for _ in 0..3 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let place = usize::try_from(state >> 33).expect("31 bits") % bad.len();
                bad[place] = state.to_be_bytes()[3];
            }
            let _ = Message::read(&bad, &query);
        }
    }

    #[test]
    fn what_is_no_name_is_not_asked_for() {
        for name in ["", "a..b", ".a", &"x".repeat(64), &"abc.".repeat(70)] {
            assert_eq!(query(1, name, Kind::V4), None, "{name}");
        }
    }
}
