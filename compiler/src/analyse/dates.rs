//! Calendar days.

/// Whether `text` is a day of the Gregorian calendar, as `2026-09-01`.
pub(crate) fn is_day(text: &str) -> bool {
    parts(text).is_some()
}

/// Year, month and day.
pub(crate) fn parts(text: &str) -> Option<(i64, i64, i64)> {
    let mut numbers = text.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let longest = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    (1..=longest).contains(&day).then_some((year, month, day))
}

/// Days since 1970-01-01.
pub(crate) fn days(text: &str) -> Option<i64> {
    let (year, month, day) = parts(text)?;
    // Years start in March, so that the leap day comes last.
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// The day that is so many days after 1970-01-01.
pub(crate) fn day(days: i64) -> String {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Midnight UTC as an HTTP date (RFC 9110 section 5.6.7): `Mon, 01 Mar 2027 00:00:00 GMT`.
pub(crate) fn http_date(text: &str) -> Option<String> {
    const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (year, month, day) = parts(text)?;
    let weekday = WEEKDAYS.get(usize::try_from(days(text)?.rem_euclid(7)).ok()?)?;
    let month = MONTHS.get(usize::try_from(month - 1).ok()?)?;
    Some(format!("{weekday}, {day:02} {month} {year:04} 00:00:00 GMT"))
}

#[cfg(test)]
mod tests {
    use super::{day, days, http_date, is_day};

    #[test]
    fn days_that_do_not_exist_are_refused() {
        assert!(is_day("2028-02-29") && is_day("2000-02-29"));
        assert!(!is_day("2026-02-29") && !is_day("1900-02-29") && !is_day("2026-13-01"));
    }

    #[test]
    fn days_are_counted_from_the_epoch() {
        assert_eq!(days("1970-01-01"), Some(0));
        assert_eq!(days("2026-09-01").map(|days| days * 86_400), Some(1_788_220_800));
    }

    #[test]
    fn a_count_of_days_is_a_day_again() {
        for text in ["1970-01-01", "2000-02-29", "2026-12-31", "2028-03-01", "2100-02-28"] {
            assert_eq!(days(text).map(day).as_deref(), Some(text));
        }
    }

    #[test]
    fn http_dates_have_the_right_weekday() {
        assert_eq!(http_date("2027-03-01").as_deref(), Some("Mon, 01 Mar 2027 00:00:00 GMT"));
    }
}
