//! The namespace `date`: days and times of the civil (proleptic Gregorian) calendar, in UTC, without leap seconds.
//!
//! Days are counted as in Howard Hinnant's "chrono-compatible low-level date algorithms".

use std::sync::Arc;

use indexmap::IndexMap;
use sgl_check::builtins::Builtin;

use crate::ops::{Args, bounded, unexpected};
use crate::{HostError, Value};

const DAY: i64 = 86_400;
/// Years beyond have no four digits.
const YEARS: std::ops::RangeInclusive<i64> = 0..=9999;
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
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const FIELDS: [&str; 6] = ["year", "month", "day", "hour", "minute", "second"];

/// A day and a time that exist.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

pub(super) fn call(builtin: Builtin, args: &mut Args) -> Result<Value, HostError> {
    match builtin {
        Builtin::DateNew => {
            let mut parts = [args.int()?, args.int()?, args.int()?, 0, 0, 0];
            for part in parts.iter_mut().skip(3) {
                *part = args.given().map(Args::int).transpose()?.unwrap_or(0);
            }
            Civil::new(parts).ok_or_else(|| no_date(parts))?.value()
        }
        Builtin::DateParse => parse(&args.str()?).map_or(Ok(Value::None), Civil::value),
        Builtin::DateFormat => {
            let date = date(args)?;
            let pattern = args.given().map(Args::str).transpose()?;
            bounded(date.format(pattern.as_deref().unwrap_or("%Y-%m-%dT%H:%M:%S"))?)
        }
        Builtin::DateAdd => {
            let date = date(args)?;
            let mut more = || Ok(args.given().map(Args::int).transpose()?.unwrap_or(0));
            let (years, months): (i64, i64) = (more()?, more()?);
            let (days, hours, minutes, seconds): (i64, i64, i64, i64) = (more()?, more()?, more()?, more()?);
            let moved = date.months_later(i128::from(years) * 12 + i128::from(months)).and_then(|date| {
                let time = [(days, DAY), (hours, 3600), (minutes, 60), (seconds, 1)];
                let time: i128 = time.iter().map(|(n, unit)| i128::from(*n) * i128::from(*unit)).sum();
                Civil::of_epoch(i64::try_from(i128::from(date.epoch()) + time).ok()?)
            });
            moved.ok_or_else(beyond)?.value()
        }
        Builtin::DateDaysBetween => {
            let (from, to) = (date(args)?, date(args)?);
            Ok(Value::Int(to.days() - from.days()))
        }
        Builtin::DateSecondsBetween => {
            let (from, to) = (date(args)?, date(args)?);
            Ok(Value::Int(to.epoch() - from.epoch()))
        }
        Builtin::DateWeekday => Ok(Value::Int(date(args)?.weekday() + 1)),
        Builtin::DateFromEpoch => {
            let seconds = args.float()?.floor();
            let date = if seconds.abs() < 1e12 { Civil::of_epoch(seconds as i64) } else { None };
            date.ok_or_else(beyond)?.value()
        }
        Builtin::DateToEpoch => Ok(Value::Int(date(args)?.epoch())),
        Builtin::DateDaysInMonth => match (args.int()?, args.int()?) {
            (year, month @ 1..=12) if YEARS.contains(&year) => Ok(Value::Int(days_in_month(year, month))),
            (year, month) => Err(HostError::BadArgument(format!("there is no month {month} of the year {year}"))),
        },
        Builtin::DateIsLeap => Ok(Value::Bool(is_leap(args.int()?))),
        other => Err(HostError::Internal(format!("{} is not computed on values", other.signature()))),
    }
}

fn date(args: &mut Args) -> Result<Civil, HostError> {
    let record = args.any()?;
    let Value::Record(_, fields) = &record else { return Err(unexpected("a date", &record)) };
    let mut parts = [0; 6];
    for (part, name) in parts.iter_mut().zip(FIELDS) {
        match fields.get(name) {
            Some(Value::Int(number)) => *part = *number,
            _ => return Err(unexpected("a date", &record)),
        }
    }
    Civil::new(parts).ok_or_else(|| no_date(parts))
}

fn no_date([year, month, day, hour, minute, second]: [i64; 6]) -> HostError {
    HostError::BadArgument(format!("there is no date {year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"))
}

fn beyond() -> HostError {
    HostError::BadArgument("the date lies outside of the years 0 to 9999".into())
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Civil {
    fn new([year, month, day, hour, minute, second]: [i64; 6]) -> Option<Civil> {
        let is_day =
            YEARS.contains(&year) && (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
        let is_time = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
        (is_day && is_time).then_some(Civil { year, month, day, hour, minute, second })
    }

    fn value(self) -> Result<Value, HostError> {
        let parts = [self.year, self.month, self.day, self.hour, self.minute, self.second];
        let fields: IndexMap<Arc<str>, Value> =
            FIELDS.iter().zip(parts).map(|(name, part)| ((*name).into(), Value::Int(part))).collect();
        Value::record(None, fields)
    }

    /// Days since 1970-01-01.
    fn days(self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let of_era = year - era * 400;
        let of_year = (153 * ((self.month + 9) % 12) + 2) / 5 + self.day - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    /// Seconds since 1970-01-01.
    fn epoch(self) -> i64 {
        self.days() * DAY + self.hour * 3600 + self.minute * 60 + self.second
    }

    fn of_epoch(seconds: i64) -> Option<Civil> {
        let (days, time) = (seconds.div_euclid(DAY) + 719_468, seconds.rem_euclid(DAY));
        let era = days.div_euclid(146_097);
        let of_era = days - era * 146_097;
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        Civil::new([year, month, day, time / 3600, time / 60 % 60, time % 60])
    }

    /// The same day so many months later, or the last one of a shorter month.
    fn months_later(self, months: i128) -> Option<Civil> {
        let month = i64::try_from(i128::from(self.year * 12 + self.month - 1) + months).ok()?;
        let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
        let day = self.day.min(days_in_month(year, month));
        Civil::new([year, month, day, self.hour, self.minute, self.second])
    }

    /// 0 for Monday.
    fn weekday(self) -> i64 {
        (self.days() + 3).rem_euclid(7)
    }

    fn format(self, pattern: &str) -> Result<String, HostError> {
        let mut written = String::new();
        let mut chars = pattern.chars();
        while let Some(char) = chars.next() {
            if char != '%' {
                written.push(char);
                continue;
            }
            let name = |names: &[&str], at: i64| names.get(at as usize).copied().unwrap_or_default().to_string();
            let short = |name: String| name.chars().take(3).collect();
            let part: String = match chars.next() {
                Some('Y') => format!("{:04}", self.year),
                Some('m') => format!("{:02}", self.month),
                Some('d') => format!("{:02}", self.day),
                Some('e') => self.day.to_string(),
                Some('H') => format!("{:02}", self.hour),
                Some('M') => format!("{:02}", self.minute),
                Some('S') => format!("{:02}", self.second),
                Some('B') => name(&MONTHS, self.month - 1),
                Some('b') => short(name(&MONTHS, self.month - 1)),
                Some('A') => name(&WEEKDAYS, self.weekday()),
                Some('a') => short(name(&WEEKDAYS, self.weekday())),
                Some('j') => format!("{:03}", self.days() - Civil { month: 1, day: 1, ..self }.days() + 1),
                Some('%') => "%".into(),
                other => {
                    let code: String = ['%'].into_iter().chain(other).collect();
                    return Err(HostError::BadArgument(format!(
                        "`{code}` means nothing in the format of a date: %Y %m %d %e %H %M %S %B %b %A %a %j %% do"
                    )));
                }
            };
            written.push_str(&part);
        }
        Ok(written)
    }
}

/// ISO 8601: a day, and perhaps a time with its offset from UTC, which is taken away.
fn parse(text: &str) -> Option<Civil> {
    let (day, time) = match text.split_once(['T', 't', ' ']) {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    let mut parts = [0; 6];
    digits(day, '-', &[4, 2, 2], parts.get_mut(..3)?)?;
    let Some(time) = time else { return Civil::new(parts) };
    let (time, offset) = match time.find(['Z', 'z', '+', '-']) {
        Some(at) => time.split_at(at),
        None => (time, ""),
    };
    let (time, fraction) = time.split_once(['.', ',']).unwrap_or((time, "0"));
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let widths: &[usize] = if time.len() == 5 { &[2, 2] } else { &[2, 2, 2] };
    digits(time, ':', widths, parts.get_mut(3..)?)?;
    let civil = Civil::new(parts)?;
    let mut away = [0; 2];
    let sign = match offset.get(..1) {
        None | Some("Z" | "z") if offset.len() <= 1 => return Some(civil),
        Some("+") => -1,
        Some("-") => 1,
        _ => return None,
    };
    let offset = offset.get(1..)?;
    let colon =
        if offset.contains(':') { offset.into() } else { offset.get(..2)?.to_string() + ":" + offset.get(2..)? };
    digits(colon.trim_end_matches(':'), ':', if colon.len() > 3 { &[2, 2] } else { &[2] }, &mut away)?;
    let [hours, minutes] = away;
    ((0..24).contains(&hours) && (0..60).contains(&minutes)).then_some(())?;
    Civil::of_epoch(civil.epoch() + sign * (hours * 3600 + minutes * 60))
}

/// Numbers of so many digits, with separators between them.
fn digits(text: &str, separator: char, widths: &[usize], into: &mut [i64]) -> Option<()> {
    let parts: Vec<&str> = text.split(separator).collect();
    (parts.len() == widths.len()).then_some(())?;
    for ((part, width), slot) in parts.iter().zip(widths).zip(into) {
        let sound = part.len() == *width && part.bytes().all(|byte| byte.is_ascii_digit());
        *slot = part.parse().ok().filter(|_| sound)?;
    }
    Some(())
}
