//! What is said to a store, and what it answers (the protocol of Redis, version 2).

/// The longest line, and the longest text, in an answer. What a store has to say is much shorter.
const LONGEST: usize = 64 * 1024;
/// The most elements of a list.
const MOST: i64 = 1024;

/// What a store answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Status(String),
    Error(String),
    Number(i64),
    /// Nothing inside for what is not there.
    Text(Option<Vec<u8>>),
    List(Vec<Reply>),
}

/// Appends a command, word by word.
pub(super) fn command(out: &mut Vec<u8>, words: &[&[u8]]) {
    head(out, b'*', words.len());
    for word in words {
        head(out, b'$', word.len());
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
}

fn head(out: &mut Vec<u8>, mark: u8, number: usize) {
    out.push(mark);
    out.extend_from_slice(number.to_string().as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// The first answer among these bytes and how many it takes; nothing while it is not whole.
///
/// # Errors
///
/// When they are no answer of a store.
pub(super) fn reply(bytes: &[u8]) -> Result<Option<(Reply, usize)>, &'static str> {
    let mut input = Input { bytes, at: 0 };
    let found = input.reply(2)?;
    Ok(found.map(|reply| (reply, input.at)))
}

struct Input<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Input<'b> {
    fn reply(&mut self, depth: u8) -> Result<Option<Reply>, &'static str> {
        let Some(line) = self.line()? else { return Ok(None) };
        let (mark, rest) = line.split_first().ok_or("an empty line")?;
        let text = std::str::from_utf8(rest).map_err(|_| "a line that is no UTF-8")?;
        let number = || text.parse::<i64>().map_err(|_| "no number where one belongs");
        Ok(Some(match mark {
            b'+' => Reply::Status(text.to_owned()),
            b'-' => Reply::Error(text.to_owned()),
            b':' => Reply::Number(number()?),
            b'$' => match number()? {
                -1 => Reply::Text(None),
                length => {
                    let length = usize::try_from(length).ok().filter(|one| *one <= LONGEST);
                    let Some(text) = self.text(length.ok_or("a text that is too long")?)? else {
                        return Ok(None);
                    };
                    Reply::Text(Some(text.to_vec()))
                }
            },
            b'*' if depth > 0 => {
                let count = number()?;
                if !(0..=MOST).contains(&count) {
                    return Err("a list that is too long");
                }
                let mut list = Vec::new();
                for _ in 0..count {
                    let Some(one) = self.reply(depth - 1)? else { return Ok(None) };
                    list.push(one);
                }
                Reply::List(list)
            }
            _ => return Err("bytes of another protocol"),
        }))
    }

    /// Up to the next line break, which must come soon.
    fn line(&mut self) -> Result<Option<&'b [u8]>, &'static str> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(end) = memchr::memchr(b'\n', rest) else {
            return if rest.len() > LONGEST { Err("a line that is too long") } else { Ok(None) };
        };
        let line = rest.get(..end).unwrap_or_default();
        self.at += end + 1;
        line.strip_suffix(b"\r").map(Some).ok_or("a line that ends in another way")
    }

    fn text(&mut self, length: usize) -> Result<Option<&'b [u8]>, &'static str> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(text) = rest.get(..length + 2) else { return Ok(None) };
        self.at += length + 2;
        text.strip_suffix(b"\r\n").map(Some).ok_or("a text that is longer than it says")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_lists_of_texts() {
        let mut out = Vec::new();
        command(&mut out, &[b"SET", b"k\r\n", b""]);
        assert_eq!(out, b"*3\r\n$3\r\nSET\r\n$3\r\nk\r\n\r\n$0\r\n\r\n");
    }

    #[test]
    fn answers_are_read_once_they_are_whole() {
        let bytes = b"*3\r\n:0\r\n$2\r\nab\r\n$-1\r\n+OK\r\n-NOSCRIPT no\r\n";
        let list = Reply::List(vec![
            Reply::Number(0),
            Reply::Text(Some(b"ab".to_vec())),
            Reply::Text(None),
        ]);
        for end in 0..21 {
            assert_eq!(reply(&bytes[..end]), Ok(None), "{end}");
        }
        assert_eq!(reply(bytes), Ok(Some((list, 21))));
        assert_eq!(reply(&bytes[21..]), Ok(Some((Reply::Status("OK".into()), 5))));
        assert_eq!(reply(&bytes[26..]), Ok(Some((Reply::Error("NOSCRIPT no".into()), 14))));
    }

    #[test]
    fn what_is_no_answer_is_refused_and_bounded() {
        for bytes in [
            &b"HTTP/1.1 400 Bad Request\r\n"[..],
            b"\r\n",
            b":x\r\n",
            b"+OK\n",
            b"$99999999\r\n",
            b"$-2\r\n",
            b"$1\r\nab\r\n",
            b"*1025\r\n",
            b"*-1\r\n",
            b"*1\r\n*1\r\n*1\r\n:1\r\n",
            b"+\xff\r\n",
        ] {
            assert!(reply(bytes).is_err(), "{bytes:?}");
        }
        assert!(reply(&vec![b'a'; LONGEST + 1]).is_err());
    }
}
