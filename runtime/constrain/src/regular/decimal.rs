//! Exact decimal numbers of any size, read from JSON texts.

use std::cmp::Ordering;

/// A set of numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Numbers {
    /// Whole numbers only, however they are written: `1.0` is one.
    pub integer: bool,
    /// Without a point and an exponent, as draft 4 means its integers: `1.0` is none.
    pub plain: bool,
    /// The lower bound, and whether it is left out itself.
    pub min: Option<(Decimal, bool)>,
    /// The upper bound, and whether it is left out itself.
    pub max: Option<(Decimal, bool)>,
    /// Each number is a multiple of all of these, which are above zero.
    pub multiple_of: Vec<Decimal>,
    /// One spelling for each number, so that equal numbers are equal texts.
    pub canonical: bool,
}

impl Numbers {
    /// The integers that have 64 bits.
    pub(crate) fn of_64_bits() -> Self {
        let bound = |end: i64| Decimal::parse(&end.to_string()).map(|end| (end, false));
        Self { integer: true, min: bound(i64::MIN), max: bound(i64::MAX), ..Self::default() }
    }
}

/// `±digits × 10^exponent`, with no zero digit at either end; zero has no digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Decimal {
    negative: bool,
    /// From 0 to 9.
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    /// Reads a JSON number; none if `text` is not one, or its exponent is beyond ±10^9.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
                if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return None;
                }
                (mantissa, exponent.parse::<i64>().ok().filter(|exponent| exponent.abs() <= 1_000_000_000)?)
            }
            None => (rest, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (mantissa, ""),
        };
        let plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !plain(whole) || !plain(fraction) || (whole.len() > 1 && whole.starts_with('0')) {
            return None;
        }
        let digits = whole.bytes().chain(fraction.bytes()).map(|byte| byte - b'0').collect();
        Some(Self::new(negative, digits, exponent - i64::try_from(fraction.len()).ok()?))
    }

    /// `±digits × 10^exponent` in its one form.
    fn new(negative: bool, mut digits: Vec<u8>, mut exponent: i64) -> Self {
        while digits.last() == Some(&0) {
            digits.pop();
            exponent += 1;
        }
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        digits.drain(..zeros);
        if digits.is_empty() {
            return Self { negative: false, digits, exponent: 0 };
        }
        Self { negative, digits, exponent }
    }

    /// Whether it is zero.
    pub(crate) fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// Whether it is below zero.
    pub(crate) fn is_negative(&self) -> bool {
        self.negative
    }

    /// The digits from the first that is not zero to the last, and the power of ten of the first.
    pub(super) fn parts(&self) -> (&[u8], i64) {
        (&self.digits, self.exponent + self.digits.len() as i64 - 1)
    }

    /// The power of ten of the first digit; zero's is below all.
    fn magnitude(&self) -> i64 {
        if self.is_zero() { i64::MIN } else { self.parts().1 }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = || self.magnitude().cmp(&other.magnitude()).then_with(|| self.digits.cmp(&other.digits));
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => size(),
            (true, true) => size().reverse(),
        }
    }
}
