//! Dates against a calendar that counts day by day.

use proptest::prelude::*;
use sgl_check::builtins::Builtin::*;
use sgl_host::Value;

use super::{call, config};

/// Year, month and day.
type Day = (i64, i64, i64);

const DAY: i64 = 86_400;
/// Days from the first day of the year 0 to the first of 1970, as `the_calendar_day_by_day` counts them.
const EPOCH: i64 = 719_528;

/// From the rule as the bull of 1582 has it.
fn month_length(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 400 == 0 => 29,
        2 if year % 100 == 0 => 28,
        2 if year % 4 == 0 => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn next_day((year, month, day): Day) -> Day {
    if day < month_length(year, month) {
        (year, month, day + 1)
    } else if month < 12 {
        (year, month + 1, 1)
    } else {
        (year + 1, 1, 1)
    }
}

fn new((year, month, day): Day, seconds: i64) -> Value {
    let parts = [year, month, day, seconds / 3600, seconds / 60 % 60, seconds % 60];
    call(DateNew, parts.map(Value::Int)).unwrap()
}

fn any_day() -> impl Strategy<Value = Day> {
    (0i64..=9999, 1i64..=12, 1i64..=31).prop_map(|(year, month, day)| (year, month, day.min(month_length(year, month))))
}

/// `date.add` with these, in the order of its parameters.
fn add(date: &Value, [years, months, days, hours, minutes, seconds]: [i64; 6]) -> Option<Value> {
    let more = [years, months, days, hours, minutes, seconds].map(Value::Int);
    call(DateAdd, [date.clone()].into_iter().chain(more)).ok()
}

#[test]
fn the_calendar_day_by_day() {
    let mut day = (0, 1, 1);
    let (mut weekday, mut of_year) = (6, 1);
    for number in 0.. {
        let looked_at = day.2 == 1 || day.2 >= 28 && day.1 <= 3 || number % 61 == 0;
        if looked_at {
            let seconds = number % DAY;
            let (date, epoch) = (new(day, seconds), Value::Int((number - EPOCH) * DAY + seconds));
            assert_eq!(call(DateToEpoch, [date.clone()]), Ok(epoch.clone()), "{day:?}");
            assert_eq!(call(DateFromEpoch, [epoch]), Ok(date.clone()), "{day:?}");
            assert_eq!(call(DateWeekday, [date.clone()]), Ok(Value::Int(weekday)), "{day:?}");
            let written = call(DateFormat, [date, Value::str("%j")]);
            assert_eq!(written, Ok(Value::str(format!("{of_year:03}"))), "{day:?}");
        }
        let next = next_day(day);
        if next.1 != day.1 {
            let [year, month] = [day.0, day.1].map(Value::Int);
            assert_eq!(call(DateDaysInMonth, [year.clone(), month]), Ok(Value::Int(day.2)));
            if day.1 == 2 {
                assert_eq!(call(DateIsLeap, [year]), Ok(Value::Bool(day.2 == 29)));
            }
        }
        of_year = if next.0 == day.0 { of_year + 1 } else { 1 };
        weekday = weekday % 7 + 1;
        day = next;
        if day == (1970, 1, 1) {
            assert_eq!(number + 1, EPOCH);
        }
        if day.0 == 10_000 {
            break;
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn days_later_are_counted(day in any_day(), seconds in 0..DAY, days in 0i64..900) {
        let mut later = day;
        for _ in 0..days {
            later = next_day(later);
        }
        let (from, to) = (new(day, seconds), (later.0 <= 9999).then(|| new(later, seconds)));
        prop_assert_eq!(add(&from, [0, 0, days, 0, 0, 0]), to.clone());
        if let Some(to) = to {
            prop_assert_eq!(add(&to, [0, 0, -days, 0, 0, 0]), Some(from.clone()));
            prop_assert_eq!(call(DateDaysBetween, [from.clone(), to.clone()]), Ok(Value::Int(days)));
            prop_assert_eq!(call(DateDaysBetween, [to.clone(), from.clone()]), Ok(Value::Int(-days)));
            prop_assert_eq!(call(DateSecondsBetween, [from, to]), Ok(Value::Int(days * DAY)));
        }
    }

    #[test]
    fn months_later_end_with_a_shorter_month(day in any_day(), years in -3i64..4, months in -30i64..31) {
        let (mut year, mut month) = (day.0, day.1);
        let all = years * 12 + months;
        for _ in 0..all.abs() {
            month += all.signum();
            if month == 13 {
                (year, month) = (year + 1, 1);
            } else if month == 0 {
                (year, month) = (year - 1, 12);
            }
        }
        let exists = (0..=9999).contains(&year);
        let expected = exists.then(|| new((year, month, day.2.min(month_length(year, month))), 5));
        prop_assert_eq!(add(&new(day, 5), [years, months, 0, 0, 0, 0]), expected);
    }

    #[test]
    fn times_add_up_to_seconds(day in any_day(), hours in -50i64..50, minutes in -100i64..100, seconds: i32) {
        let (from, seconds) = (new(day, 3661), i64::from(seconds));
        let moved = add(&from, [0, 0, 0, hours, minutes, seconds]);
        let all = hours * 3600 + minutes * 60 + seconds;
        prop_assert_eq!(&moved, &add(&from, [0, 0, 0, 0, 0, all]));
        if let Some(to) = moved {
            prop_assert_eq!(call(DateSecondsBetween, [from, to]), Ok(Value::Int(all)));
        }
    }

    #[test]
    fn what_is_written_reads_back(day in any_day(), seconds in 0..DAY, offset in -1439i64..1440) {
        let date = new(day, seconds);
        let Ok(Value::Str(written)) = call(DateFormat, [date.clone()]) else { panic!() };
        prop_assert_eq!(call(DateParse, [Value::Str(written.clone())]), Ok(date.clone()));
        let sign = if offset < 0 { '-' } else { '+' };
        let away = format!("{written}{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60);
        let expected = add(&date, [0, 0, 0, 0, -offset, 0]).unwrap_or(Value::None);
        prop_assert_eq!(call(DateParse, [Value::str(away)]), Ok(expected));
    }

    #[test]
    fn no_text_and_no_numbers_panic(text: String, digits in "[-+0-9:TZ.]{0,25}", parts: [i64; 6]) {
        let _ = (call(DateParse, [Value::str(text.clone())]), call(DateParse, [Value::str(digits)]));
        let _ = call(DateFormat, [new((2024, 2, 29), 0), Value::str(text)]);
        let _ = (call(DateNew, parts.map(Value::Int)), add(&new((2024, 2, 29), 0), parts));
        let _ = (call(DateFromEpoch, [Value::Int(parts[0])]), call(DateDaysInMonth, [parts[0], parts[1]].map(Value::Int)));
        let _ = call(DateIsLeap, [Value::Int(parts[0])]);
    }
}
