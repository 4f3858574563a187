//! The moment as `Date` says it (RFC 9110 section 5.6.7), written once a second.

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::calendar::Date;

/// How long such a date is.
const LENGTH: usize = 29;

thread_local! {
    /// The second that was written last, and how.
    static LAST: Cell<(u64, [u8; LENGTH])> = const { Cell::new((u64::MAX, [b' '; LENGTH])) };
}

/// The present second as `Date` says it.
pub(super) fn present() -> [u8; LENGTH] {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    LAST.with(|last| {
        let (second, text) = last.get();
        if second == now {
            return text;
        }
        let text = written(now);
        last.set((now, text));
        text
    })
}

/// A second after 1970: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn written(seconds: u64) -> [u8; LENGTH] {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let date = Date::at(seconds);
    let day = usize::try_from(seconds / 86_400 % 7).unwrap_or_default();
    let text = format!(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
        DAYS.get(day).unwrap_or(&"Thu"),
        date.day,
        date.month_name(),
        date.year,
        date.hour,
        date.minute,
        date.second
    );
    let mut fixed = [b' '; LENGTH];
    for (place, byte) in fixed.iter_mut().zip(text.bytes()) {
        *place = byte;
    }
    fixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_one_form() {
        for (seconds, expected) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_795_456_799, "Mon, 23 Nov 2026 17:59:59 GMT"),
        ] {
            assert_eq!(written(seconds), expected.as_bytes(), "{expected}");
        }
        assert_eq!(present().len(), LENGTH);
    }
}
