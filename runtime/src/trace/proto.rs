//! Protocol buffers, as far as spans need them: what is written, and two numbers of an answer.

/// A message in the making.
#[derive(Debug, Default)]
pub(super) struct Proto(pub(super) Vec<u8>);

/// How a value is laid out (Encoding of Protocol Buffers, "Message Structure").
const VARINT: u32 = 0;
const I64: u32 = 1;
const LENGTH: u32 = 2;
const I32: u32 = 5;

impl Proto {
    fn tag(&mut self, field: u32, layout: u32) {
        self.varint(u64::from(field << 3 | layout));
    }

    fn varint(&mut self, mut value: u64) {
        loop {
            let [low, ..] = value.to_le_bytes();
            value >>= 7;
            if value == 0 {
                return self.0.push(low & 0x7f);
            }
            self.0.push(low | 0x80);
        }
    }

    /// A number that is never negative.
    pub(super) fn number(&mut self, field: u32, value: u64) {
        self.tag(field, VARINT);
        self.varint(value);
    }

    pub(super) fn fixed64(&mut self, field: u32, value: u64) {
        self.tag(field, I64);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn fixed32(&mut self, field: u32, value: u32) {
        self.tag(field, I32);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn bytes(&mut self, field: u32, value: &[u8]) {
        self.tag(field, LENGTH);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
    }

    /// A message within this one. Its length is put in front once it is known.
    pub(super) fn message(&mut self, field: u32, write: impl FnOnce(&mut Proto)) {
        self.tag(field, LENGTH);
        let start = self.0.len();
        write(self);
        let length = self.0.len() - start;
        self.varint(length as u64);
        let digits = self.0.len() - start - length;
        if let Some(written) = self.0.get_mut(start..) {
            written.rotate_right(digits);
        }
    }

    /// An attribute that is a text.
    pub(super) fn text(&mut self, field: u32, name: &str, value: &str) {
        self.attribute(field, name, |out| out.bytes(1, value.as_bytes()));
    }

    /// An attribute that is a number.
    pub(super) fn count(&mut self, field: u32, name: &str, value: u64) {
        self.attribute(field, name, |out| out.number(3, value));
    }

    /// An attribute that is a list of texts.
    pub(super) fn texts(&mut self, field: u32, name: &str, values: &[&str]) {
        self.attribute(field, name, |out| {
            out.message(5, |out| {
                for value in values {
                    out.message(1, |out| out.bytes(1, value.as_bytes()));
                }
            });
        });
    }

    fn attribute(&mut self, field: u32, name: &str, value: impl FnOnce(&mut Proto)) {
        self.message(field, |out| {
            out.bytes(1, name.as_bytes());
            out.message(2, value);
        });
    }
}

/// A value of a message that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value<'m> {
    Number(u64),
    Bytes(&'m [u8]),
    Other,
}

/// How many spans an answer says were refused (`ExportTracePartialSuccess.rejected_spans`); none if it
/// says nothing that can be read.
pub(super) fn rejected(answer: &[u8]) -> u64 {
    let Some(Value::Bytes(partial)) = find(answer, 1) else { return 0 };
    match find(partial, 1) {
        Some(Value::Number(count)) => count,
        _ => 0,
    }
}

/// The last value of a field.
fn find(mut message: &[u8], field: u64) -> Option<Value<'_>> {
    let mut found = None;
    while !message.is_empty() {
        let tag = take_varint(&mut message)?;
        let value = match tag & 7 {
            0 => Value::Number(take_varint(&mut message)?),
            1 => take(&mut message, 8).map(|_| Value::Other)?,
            2 => {
                let length = usize::try_from(take_varint(&mut message)?).ok()?;
                Value::Bytes(take(&mut message, length)?)
            }
            5 => take(&mut message, 4).map(|_| Value::Other)?,
            _ => return None,
        };
        if tag >> 3 == field {
            found = Some(value);
        }
    }
    found
}

fn take<'m>(message: &mut &'m [u8], length: usize) -> Option<&'m [u8]> {
    let (taken, rest) = message.split_at_checked(length)?;
    *message = rest;
    Some(taken)
}

fn take_varint(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *take(message, 1)?.first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_stands_in_front_however_long_it_is() {
        for length in [0, 1, 127, 128, 16_383, 16_384] {
            let mut out = Proto::default();
            out.number(7, 300);
            out.message(1, |out| out.0.resize(out.0.len() + length, 9));
            let Some(Value::Bytes(inner)) = find(&out.0, 1) else { unreachable!("{length}") };
            assert_eq!((inner.len(), find(&out.0, 7)), (length, Some(Value::Number(300))));
        }
    }

    #[test]
    fn what_was_refused_is_read_from_any_bytes() {
        let mut answer = Proto::default();
        answer.message(1, |out| {
            out.bytes(2, b"too old");
            out.number(1, 17);
        });
        assert_eq!(rejected(&answer.0), 17);
        for cut in 0..answer.0.len() {
            assert_eq!(rejected(answer.0.get(..cut).unwrap_or_default()), 0, "{cut}");
        }
        for odd in
            [&b""[..], b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", b"\x0b", b"\x0a\xff\x01"]
        {
            assert_eq!(rejected(odd), 0);
        }
    }
}
