//! Dates, times and lengths of time.

/// Reads a text from its front.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    /// Exactly so many digits.
    fn digits(&mut self, count: usize) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        digits.iter().try_fold(0, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
        })
    }

    /// Exactly so many digits that make a number up to `most`.
    fn upto(&mut self, count: usize, most: u32) -> Option<u32> {
        self.digits(count).filter(|&number| number <= most)
    }

    /// Whether one of these bytes follows; if so, goes past it.
    fn take(&mut self, bytes: &[u8]) -> bool {
        let found = self.0.first().is_some_and(|first| bytes.contains(first));
        if found {
            self.0 = self.0.get(1..).unwrap_or_default();
        }
        found
    }

    /// The same, or nothing goes on.
    fn expect(&mut self, byte: u8) -> Option<()> {
        self.take(&[byte]).then_some(())
    }

    /// As many digits as there are, at least one.
    fn some_digits(&mut self) -> Option<()> {
        let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.0 = self.0.get(count..)?;
        (count > 0).then_some(())
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

pub(super) fn is_date(text: &[u8]) -> bool {
    let mut rest = Rest(text);
    date(&mut rest).and_then(|()| rest.end()).is_some()
}

pub(super) fn is_instant(text: &[u8]) -> bool {
    instant(&mut Rest(text)).is_some()
}

pub(super) fn is_duration(text: &[u8]) -> bool {
    duration(&mut Rest(text)).is_some()
}

fn date(rest: &mut Rest<'_>) -> Option<()> {
    let year = rest.digits(4)?;
    rest.expect(b'-')?;
    let month = rest.digits(2)?;
    rest.expect(b'-')?;
    let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    (1..=days).contains(&rest.digits(2)?).then_some(())
}

fn instant(rest: &mut Rest<'_>) -> Option<()> {
    date(rest)?;
    rest.take(b"Tt").then_some(())?;
    let hour = rest.upto(2, 23)?;
    rest.expect(b':')?;
    let minute = rest.upto(2, 59)?;
    rest.expect(b':')?;
    let second = rest.upto(2, 60)?;
    if rest.take(b".") {
        rest.some_digits()?;
    }
    let east = offset(rest)?;
    rest.end()?;
    let day = 24 * 60;
    let utc = (hour * 60 + minute + day - east) % day;
    (second < 60 || utc == day - 1).then_some(())
}

/// The minutes that a time is ahead of UTC, from 0 to a day.
fn offset(rest: &mut Rest<'_>) -> Option<u32> {
    if rest.take(b"Zz") {
        return Some(0);
    }
    let east = rest.take(b"+");
    if !east {
        rest.expect(b'-')?;
    }
    let hours = rest.upto(2, 23)?;
    rest.expect(b':')?;
    let minutes = hours * 60 + rest.upto(2, 59)?;
    Some(if east { minutes } else { 24 * 60 - minutes })
}

fn duration(rest: &mut Rest<'_>) -> Option<()> {
    rest.expect(b'P')?;
    let date = !rest.0.starts_with(b"T");
    if date && units(rest, b"YMDW")? == b'W' {
        return rest.end();
    }
    if rest.take(b"T") {
        units(rest, b"HMS")?;
    }
    rest.end()
}

/// Numbers with their units, each unit right after the one before it in the list; a week stands
/// alone. The last unit.
fn units(rest: &mut Rest<'_>, units: &[u8]) -> Option<u8> {
    let mut last = None;
    while rest.0.first().is_some_and(u8::is_ascii_digit) {
        rest.some_digits()?;
        let (&unit, after) = rest.0.split_first()?;
        rest.0 = after;
        let place = units.iter().position(|&known| known == unit)?;
        let follows = match last {
            None => true,
            Some(last) => place == last + 1 && unit != b'W',
        };
        last = follows.then_some(place);
        last?;
    }
    units.get(last?).copied()
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use crate::check::Format;

    #[test]
    fn a_date_is_a_day_of_the_calendar() {
        check(
            Format::Date,
            &["2024-02-29", "2000-02-29", "0000-01-01", "9999-12-31", "2023-04-30"],
            &[
                "",
                "2023-02-29",
                "1900-02-29",
                "2023-04-31",
                "2023-00-10",
                "2023-13-01",
                "2023-01-00",
                "2023-01-32",
                "2023-1-01",
                "23-01-01",
                "2023-01-01Z",
                "2023/01/01",
                "20230101",
                "+023-01-01",
                "2023-01-0١",
            ],
        );
    }

    #[test]
    fn an_instant_has_an_offset() {
        check(
            Format::Instant,
            &[
                "2024-02-29T23:59:59Z",
                "2024-02-29t00:00:00z",
                "1985-04-12T23:20:50.52Z",
                "1996-12-19T16:39:57-08:00",
                "1937-01-01T12:00:27.870000000000001+00:20",
                "2024-01-01T00:00:00-00:00",
                "2024-01-01T00:00:00+23:59",
            ],
            &[
                "2024-02-29T23:59:59",
                "2024-02-29 23:59:59Z",
                "2023-02-29T00:00:00Z",
                "2024-01-01T24:00:00Z",
                "2024-01-01T23:60:00Z",
                "2024-01-01T00:00Z",
                "2024-01-01T00:00:00.Z",
                "2024-01-01T00:00:00+24:00",
                "2024-01-01T00:00:00+01:60",
                "2024-01-01T00:00:00+0100",
                "2024-01-01T00:00:00Z ",
                "2024-01-01",
                "2024-01-01T00:00:00,5Z",
            ],
        );
    }

    #[test]
    fn a_leap_second_ends_a_day_in_utc() {
        check(
            Format::Instant,
            &["1990-12-31T23:59:60Z", "1990-12-31T15:59:60.5-08:00", "1991-01-01T05:29:60+05:30"],
            &["1990-12-31T23:58:60Z", "1990-12-31T23:59:60-08:00", "1990-12-31T23:59:61Z"],
        );
    }

    #[test]
    fn a_duration_names_neighbouring_units() {
        check(
            Format::Duration,
            &["P4DT12H30M5S", "PT36H", "P1Y2M3D", "P2M", "P3W", "PT0S", "P1M1D", "PT5M3S", "P1Y"],
            &[
                "", "P", "PT", "P1", "1D", "P1YT", "PT1D", "P2D1Y", "P1D2H", "P2S", "P1Y2W",
                "P1W2D", "P1DW", "PT1H5S", "P1Y2D", "PT0.5S", "-P1D", "p1d", "P1DT", "P1D ",
                "PT1S1S", "P1WT1H",
            ],
        );
    }
}
