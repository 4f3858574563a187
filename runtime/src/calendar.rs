//! Moments as dates, in UTC.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

/// A moment after 1970, by the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: u64,
    /// From 1.
    pub(crate) month: u64,
    /// From 1.
    pub(crate) day: u64,
    pub(crate) hour: u64,
    pub(crate) minute: u64,
    pub(crate) second: u64,
}

impl Date {
    /// The date so many seconds after the beginning of 1970.
    pub(crate) fn at(seconds: u64) -> Date {
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        // Days are counted in years that begin in March, so that the leap day comes last.
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        Date { year, month, day, hour, minute, second }
    }

    /// The month as web servers write it: `Nov`.
    pub(crate) fn month_name(self) -> &'static str {
        const NAMES: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let at = usize::try_from(self.month).ok().and_then(|month| month.checked_sub(1));
        at.and_then(|at| NAMES.get(at)).unwrap_or(&"-")
    }
}

/// A moment after 1970 in UTC, shown to the millisecond (RFC 3339 section 5.6): `2026-08-31T23:59:59.007Z`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timestamp(pub(crate) Duration);

impl Display for Timestamp {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let Date { year, month, day, hour, minute, second } = Date::at(self.0.as_secs());
        let milli = u64::from(self.0.subsec_millis());
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let mut parts = text.split_mut(|byte| !byte.is_ascii_digit());
        for mut number in [year, month, day, hour, minute, second, milli] {
            for place in parts.next().into_iter().flatten().rev() {
                *place = b'0' + u8::try_from(number % 10).unwrap_or_default();
                number /= 10;
            }
        }
        out.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_know_the_calendar() {
        let at = |millis| Timestamp(Duration::from_millis(millis)).to_string();
        assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(at(951_782_400_123), "2000-02-29T00:00:00.123Z");
        assert_eq!(at(1_788_220_799_999), "2026-08-31T23:59:59.999Z");
        assert_eq!(at(4_107_542_400_000), "2100-03-01T00:00:00.000Z");
        assert_eq!(Date::at(0).month_name(), "Jan");
        assert_eq!(Date::at(4_102_444_799).month_name(), "Dec");
    }
}
