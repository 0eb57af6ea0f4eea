//! Ranges of numbers → the decimal texts in them, exactly.

use std::ops::RangeInclusive;

use crate::lower::expr::{self, Expr};

/// Digits of a [`float`] at most, a lone leading zero not counted: what a 64-bit number can tell apart.
pub(crate) const DIGITS: u32 = 17;

/// Integers of `min..=max` without leading zeros and without `-0`.
pub(crate) fn int(min: i64, max: i64) -> Expr {
    let mut out = Vec::new();
    if min < 0 && min <= max {
        let least = if max < 0 { max.unsigned_abs() } else { 1 };
        out.push(expr::seq([expr::text("-"), naturals(least, min.unsigned_abs())]));
    }
    if max >= 0 && min <= max {
        out.push(naturals(min.max(0).unsigned_abs(), max.unsigned_abs()));
    }
    expr::alt(out)
}

/// Decimals of `min..=max` without exponent: `-?(0|[1-9]\d*)(\.\d+)?`, no negative zero, at most [`DIGITS`]
/// digits. A bound means its shortest decimal spelling, so nothing rounds.
pub(crate) fn float(min: Option<f64>, max: Option<f64>) -> Expr {
    let (min, max) = (min.unwrap_or(f64::NEG_INFINITY), max.unwrap_or(f64::INFINITY));
    if min.is_nan() || max.is_nan() || min > max {
        return Expr::Never;
    }
    let mut out = Vec::new();
    if min < 0.0 {
        let least = if max < 0.0 { Decimal::of(-max) } else { Decimal::least() };
        out.push(expr::seq([expr::text("-"), decimals(&least, &Decimal::of(-min))]));
    }
    if max >= 0.0 {
        out.push(decimals(&Decimal::of(min.max(0.0)), &Decimal::of(max)));
    }
    expr::alt(out)
}

/// A decimal number that is not negative.
#[derive(Clone)]
struct Decimal {
    /// Cut to what [`DIGITS`] digits can hold.
    whole: u64,
    /// Digits after the point.
    fraction: Vec<u8>,
}

impl Decimal {
    fn of(value: f64) -> Self {
        let largest = 10u64.pow(DIGITS) - 1;
        let text = format!("{}", value.abs());
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        match whole.parse::<u64>() {
            Ok(whole) if whole <= largest => Self { whole, fraction: fraction.bytes().map(|b| b - b'0').collect() },
            // Too large for our digits: as an upper bound it does not bind, as a lower one nothing reaches it.
            _ => Self { whole: largest + 1, fraction: Vec::new() },
        }
    }

    /// The smallest one above zero that [`DIGITS`] digits can write.
    fn least() -> Self {
        let mut fraction = vec![0; DIGITS as usize];
        fraction.iter_mut().last().into_iter().for_each(|digit| *digit = 1);
        Self { whole: 0, fraction }
    }
}

/// Decimals from `low` to `high`.
fn decimals(low: &Decimal, high: &Decimal) -> Expr {
    let part = |whole: u64, low: Option<&[u8]>, high: Option<&[u8]>| {
        let room = if whole == 0 { DIGITS } else { DIGITS.saturating_sub(length(whole)) };
        if length(whole) > DIGITS {
            return Expr::Never;
        }
        expr::seq([expr::text(whole.to_string()), fraction(low, high, room)])
    };
    if low.whole > high.whole {
        return Expr::Never;
    }
    if low.whole == high.whole {
        return part(low.whole, Some(&low.fraction), Some(&high.fraction));
    }
    let mut out = vec![part(low.whole, Some(&low.fraction), None), part(high.whole, None, Some(&high.fraction))];
    // Between the two, any fraction, as long as the whole part leaves room for digits.
    for (from, to) in by_length(low.whole.saturating_add(1)..=high.whole.saturating_sub(1)) {
        let room = if to == 0 { DIGITS } else { DIGITS.saturating_sub(length(to)) };
        if length(to) <= DIGITS {
            out.push(expr::seq([same_length(&digits(from), &digits(to)), fraction(None, None, room)]));
        }
    }
    expr::alt(out)
}

/// Nothing, or a point and up to `room` digits, with the value in `low..=high`.
fn fraction(low: Option<&[u8]>, high: Option<&[u8]>, room: u32) -> Expr {
    let whole = if low.is_none_or(zeros) { expr::nothing() } else { Expr::Never };
    if room == 0 {
        return whole;
    }
    expr::alt([whole, expr::seq([expr::text("."), tail(low, high, room, true)])])
}

/// Up to `room` digits `d` with `low ≤ 0.d ≤ high`; at least one where `some`.
fn tail(low: Option<&[u8]>, high: Option<&[u8]>, room: u32, some: bool) -> Expr {
    let low = low.filter(|low| !zeros(low));
    if low.is_none() && high.is_none() {
        return expr::repeat(digit(0, 9), u32::from(some), Some(room));
    }
    let mut out = Vec::new();
    if !some && low.is_none() {
        out.push(expr::nothing());
    }
    if room > 0 {
        // An exhausted bound goes on with zeros.
        let head = |digits: Option<&[u8]>, none: u8| digits.map_or(none, |d| d.first().copied().unwrap_or(0));
        let rest = |digits: Option<&[u8]>| digits.map(|d| d.get(1..).unwrap_or_default().to_vec());
        let (least, most) = (head(low, 0), head(high, 9));
        let (below, above) = (rest(low), rest(high));
        let mut on = |from: u8, to: u8, low: Option<&[u8]>, high: Option<&[u8]>| {
            out.push(expr::seq([digit(from, to), tail(low, high, room - 1, false)]));
        };
        let (bounded_below, bounded_above) = (low.is_some(), high.is_some());
        if least == most && bounded_below && bounded_above {
            on(least, most, below.as_deref(), above.as_deref());
        } else if least <= most {
            if bounded_below {
                on(least, least, below.as_deref(), None);
            }
            if bounded_above {
                on(most, most, None, above.as_deref());
            }
            let (from, to) = (least + u8::from(bounded_below), (most + 1) - u8::from(bounded_above));
            if from < to {
                on(from, to - 1, None, None);
            }
        }
    }
    expr::alt(out)
}

fn zeros(digits: &[u8]) -> bool {
    digits.iter().all(|digit| *digit == 0)
}

/// Natural numbers of `min..=max`.
fn naturals(min: u64, max: u64) -> Expr {
    expr::alt(by_length(min..=max).into_iter().map(|(from, to)| same_length(&digits(from), &digits(to))))
}

/// The range cut into ranges whose numbers have equally many digits; zero alone.
fn by_length(range: RangeInclusive<u64>) -> Vec<(u64, u64)> {
    let (mut from, to) = range.into_inner();
    let mut out = Vec::new();
    while from <= to {
        let last = if from == 0 { 0 } else { 10u64.checked_pow(length(from)).map_or(u64::MAX, |power| power - 1) };
        out.push((from, last.min(to)));
        match last.checked_add(1) {
            Some(next) => from = next,
            None => break,
        }
    }
    out
}

/// Numbers between two of equally many digits.
fn same_length(low: &[u8], high: &[u8]) -> Expr {
    let (Some((&least, low)), Some((&most, high))) = (low.split_first(), high.split_first()) else {
        return expr::nothing();
    };
    let count = low.len() as u32;
    if least == most {
        return expr::seq([digit(least, least), same_length(low, high)]);
    }
    let (lowest, highest) = (low.iter().all(|d| *d == 0), high.iter().all(|d| *d == 9));
    let mut out = Vec::new();
    if !lowest {
        out.push(expr::seq([digit(least, least), same_length(low, &vec![9; low.len()])]));
    }
    if !highest {
        out.push(expr::seq([digit(most, most), same_length(&vec![0; high.len()], high)]));
    }
    let (from, to) = (least + u8::from(!lowest), most - u8::from(!highest));
    if from <= to {
        out.push(expr::seq([digit(from, to), expr::repeat(digit(0, 9), count, Some(count))]));
    }
    expr::alt(out)
}

fn digit(from: u8, to: u8) -> Expr {
    let char = |digit: u8| char::from(b'0' + digit.min(9));
    if from == to { expr::text(char(from).to_string()) } else { expr::chars(&[(char(from), char(to))]) }
}

fn digits(number: u64) -> Vec<u8> {
    number.to_string().bytes().map(|byte| byte - b'0').collect()
}

fn length(number: u64) -> u32 {
    number.checked_ilog10().unwrap_or(0) + 1
}
