//! A day of the calendar, until which a known leak is accepted.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A day: year, month from 1, day from 1. Later days are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

const SECONDS_A_DAY: u64 = 24 * 60 * 60;

impl Date {
    /// The day, in UTC, of what a clock shows.
    pub fn of(time: SystemTime) -> Date {
        let since = time.duration_since(UNIX_EPOCH);
        Date::of_unix_seconds(since.map_or(0, |since| since.as_secs()))
    }

    /// The day, in UTC, of a moment in seconds since 1970. This module has no clock: whoever has
    /// one says what day it is.
    pub fn of_unix_seconds(seconds: u64) -> Date {
        let mut days = seconds / SECONDS_A_DAY;
        let mut year = 1970;
        // No clock is so wrong that this takes long, and none that is shown later than this year.
        while year < 9999 && days >= days_of_year(year) {
            days -= days_of_year(year);
            year += 1;
        }
        let mut month = 1;
        while month < 12 && days >= u64::from(days_of_month(year, month)) {
            days -= u64::from(days_of_month(year, month));
            month += 1;
        }
        let day = (days + 1).min(days_of_month(year, month).into()) as u8;
        Date { year, month, day }
    }
}

fn is_leap_year(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of_year(year: u16) -> u64 {
    if is_leap_year(year) { 366 } else { 365 }
}

fn days_of_month(year: u16, month: u8) -> u8 {
    match month {
        2 if is_leap_year(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl FromStr for Date {
    type Err = String;

    /// `YYYY-MM-DD`, a day that there is.
    fn from_str(text: &str) -> Result<Date, String> {
        let wrong = || {
            let typed: String = text.chars().take(100).collect();
            format!("'{typed}' is no date; give a day as YYYY-MM-DD, as in 2027-01-31")
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts[..] else {
            return Err(wrong());
        };
        if [year.len(), month.len(), day.len()] != [4, 2, 2] || !parts.iter().all(|p| digits(p)) {
            return Err(wrong());
        }
        let year = year.parse().map_err(|_| wrong())?;
        let month: u8 = month.parse().map_err(|_| wrong())?;
        let day: u8 = day.parse().map_err(|_| wrong())?;
        let is_day = (1..=12).contains(&month) && (1..=days_of_month(year, month)).contains(&day);
        is_day
            .then_some(Date { year, month, day })
            .ok_or_else(wrong)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    /// A text, or a date as TOML writes it: without quotes.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "a date is a day as YYYY-MM-DD, as in 2027-01-31"
        )]
        enum Typed {
            Date(toml::value::Datetime),
            Text(String),
        }
        let text = match Typed::deserialize(deserializer)? {
            Typed::Date(date) => date.to_string(),
            Typed::Text(text) => text,
        };
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_that_there_are() {
        for (text, is_day) in [
            ("2027-01-31", true),
            ("2028-02-29", true),
            ("2000-02-29", true),
            ("2027-02-29", false),
            ("2100-02-29", false),
            ("2027-04-31", false),
            ("2027-13-01", false),
            ("2027-00-01", false),
            ("2027-01-00", false),
            ("2027-1-31", false),
            ("27-01-31", false),
            ("+027-01-31", false),
            ("2027-01-31T10:00:00", false),
            ("2027/01/31", false),
            ("", false),
        ] {
            let date = text.parse::<Date>();
            assert_eq!(date.is_ok(), is_day, "{text}");
            assert!(!is_day || date.unwrap().to_string() == text);
        }
    }

    /// Against `date -u -d @SECONDS +%F`.
    #[test]
    fn moments_have_days() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (86_400, "1970-01-02"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_798_761_599, "2026-12-31"),
            (1_798_761_600, "2027-01-01"),
            (4_107_542_400, "2100-03-01"),
            (u64::MAX, "9999-12-31"),
        ] {
            assert_eq!(Date::of_unix_seconds(seconds).to_string(), day, "{seconds}");
        }
        let [earlier, later] = ["2026-12-31", "2027-01-01"].map(|day| day.parse::<Date>().unwrap());
        assert!(earlier < later);
    }
}
