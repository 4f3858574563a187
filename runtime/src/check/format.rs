//! The spellings that a text type may promise.

mod encoding;
mod net;
mod time;

/// A spelling with a standard behind it. Checking takes time linear in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `2024-02-29`: a day of the calendar (RFC 3339 section 5.6, `full-date`).
    Date,
    /// `2024-02-29T12:00:00.5+01:00`: a time with its offset from UTC (RFC 3339 section 5.6,
    /// `date-time`). A leap second may end any day, as told in UTC.
    Instant,
    /// `P1DT12H`: a length of time (ISO 8601 as in RFC 3339 appendix A), in capital letters.
    Duration,
    /// Groups of 8, 4, 4, 4 and 12 hexadecimal digits (RFC 9562 section 4).
    Uuid,
    /// A mailbox without quotes and address literals: dots and atoms (RFC 5322 section 3.4.1), `@`, a
    /// domain name (RFC 5321 section 4.1.2), 254 bytes in all.
    Email,
    /// A URI with a scheme and a host (RFC 3986 section 3).
    Url,
    /// Base64 with padding and no stray bits (RFC 4648 section 4).
    Bytes,
}

impl Format {
    pub(crate) fn accepts(self, text: &str) -> bool {
        let text = text.as_bytes();
        match self {
            Format::Date => time::is_date(text),
            Format::Instant => time::is_instant(text),
            Format::Duration => time::is_duration(text),
            Format::Uuid => encoding::is_uuid(text),
            Format::Email => net::is_email(text),
            Format::Url => net::is_url(text),
            Format::Bytes => encoding::is_base64(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    pub(super) fn check(format: Format, taken: &[&str], refused: &[&str]) {
        for text in taken {
            assert!(format.accepts(text), "{text} is refused");
        }
        for text in refused {
            assert!(!format.accepts(text), "{text} is taken");
        }
    }
}
