//! Today's date in the words of a chat template: C's `strftime` in English, in UTC.

use std::fmt::Write as _;

const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAY: u64 = 86_400; // seconds

/// Year, month from 1 and day from 1 of a day counted from 1 January 1970.
fn date(days: u64) -> (u64, u64, u64) {
    // Eras of 400 years that begin on 1 March (Hinnant, chrono-compatible low-level date
    // algorithms, 2021).
    let days = days + 719_468;
    let era = days / 146_097;
    let day = days % 146_097;
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (400 * era + year + u64::from(month <= 2), month, day)
}

/// The time `now`, in seconds since 1970, as `format` says; what it does not know stays.
pub(super) fn strftime(format: &str, now: u64) -> String {
    let (days, second) = (now / DAY, now % DAY);
    let (year, month, day) = date(days);
    let weekday = DAYS[((days + 3) % 7) as usize]; // 1 January 1970 was a Thursday
    let month_name = MONTHS[(month - 1) as usize];
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let hour12 = if hour % 12 == 0 { 12 } else { hour % 12 };
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut kind = chars.next();
        let plain = kind == Some('-');
        if plain {
            kind = chars.next();
        }
        let number = |out: &mut String, n: u64| match plain {
            true => write!(out, "{n}"),
            false => write!(out, "{n:02}"),
        };
        let done = match kind {
            Some('Y') => write!(out, "{year}"),
            Some('y') => number(&mut out, year % 100),
            Some('m') => number(&mut out, month),
            Some('d') => number(&mut out, day),
            Some('e') => write!(out, "{day:2}"),
            Some('H') => number(&mut out, hour),
            Some('I') => number(&mut out, hour12),
            Some('M') => number(&mut out, minute),
            Some('S') => number(&mut out, second),
            Some('p') => write!(out, "{}", if hour < 12 { "AM" } else { "PM" }),
            Some('A') => write!(out, "{weekday}"),
            Some('a') => write!(out, "{}", &weekday[..3]),
            Some('B') => write!(out, "{month_name}"),
            Some('b' | 'h') => write!(out, "{}", &month_name[..3]),
            Some('j') => write!(out, "{:03}", days - first_day(year) + 1),
            Some('F') => write!(out, "{year}-{month:02}-{day:02}"),
            Some('T') => write!(out, "{hour:02}:{minute:02}:{second:02}"),
            Some('Z') => write!(out, "UTC"),
            Some('%') => write!(out, "%"),
            Some(other) => write!(out, "%{other}"),
            None => write!(out, "%"),
        };
        done.expect("a string takes all that is written to it");
    }
    out
}

/// 1 January of a year, in days since that of 1970.
fn first_day(year: u64) -> u64 {
    let before = year - 1;
    before * 365 + before / 4 - before / 100 + before / 400 - 719_162
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_dates() {
        for (now, told) in [
            (0, "Thu 01 Jan 1970 001 00:00:00 12 AM"),
            (951_782_399, "Mon 28 Feb 2000 059 23:59:59 11 PM"),
            (951_782_400, "Tue 29 Feb 2000 060 00:00:00 12 AM"),
            (1_735_689_599, "Tue 31 Dec 2024 366 23:59:59 11 PM"),
            (4_107_542_400, "Mon 01 Mar 2100 060 00:00:00 12 AM"),
        ] {
            assert_eq!(strftime("%a %d %b %Y %j %T %I %p", now), told);
        }
        let now = 1_709_632_805;
        assert_eq!(
            strftime("%A, %-d %B '%y %F %e %-H:%M", now),
            "Tuesday, 5 March '24 2024-03-05  5 10:00"
        );
        assert_eq!(strftime("100%% %q %", now), "100% %q %");
    }
}
