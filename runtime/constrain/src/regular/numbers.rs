//! Sets of numbers → the JSON texts that write them, exactly.
//!
//! **The spellings.** A number is written as a decimal, `-?(0|[1-9]\d{0,59})(\.\d{1,40})?`, or with an exponent,
//! `-?[0-9](\.\d{1,16})?[eE][+-]?\d{1,3}`, from e-300 to e300; from e-4 to e15, where printers write decimals, it has at most
//! three digits after the point. So what Python, JavaScript and Rust print of a 64-bit number or of a whole number of up to 60 digits is
//! among them, and nothing that a reader of 64-bit numbers takes for infinite. Every set here is all spellings of its
//! numbers, so intersection and complement of the texts are those of the numbers.
//!
//! **The canonical spelling** is the decimal one without `-0` and without zeros at the end of a fraction.
//!
//! A set is read off a machine that follows a text character by character, with just enough memory: how the digits
//! compare to each bound so far, the remainder of a division, and counts.

use std::cmp::Ordering;
use std::hash::BuildHasherDefault;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::alphabet::{Alphabet, Group};
use super::decimal::{Decimal, Numbers};
use super::dfa::{DEAD, Dfa, Op, State};
use super::{Core, Lang, Reason, packed};
use crate::hash::QuickMap;

/// Digits before the point at most.
const WHOLE: u32 = 60;
/// Digits after the point at most.
const FRACTION: u32 = 40;
/// Digits after the point at most, where an exponent follows.
const MANTISSA: u32 = 16;
/// The same, where the exponent is one of those that printers write as decimals.
const SHORT: u32 = 3;
/// The largest exponent, and without its sign the smallest.
const LARGEST: [u8; 3] = [3, 0, 0];
/// Exponents from this on, and from below minus that, may follow more digits than [`SHORT`].
const ABOVE: [u8; 2] = [1, 6];
const BELOW: [u8; 1] = [5];
/// States of a machine at most, before it is made small.
const MOST_PLACES: usize = 60_000;
/// The largest divisor, without the powers of ten that it has.
const MOST_DIVISOR: u32 = 20_000;
/// Zeros that a divisor may have at its end, and digits after its point, at most.
const MOST_SHIFT: i64 = 100;

/// Sets of numbers that are kept: schemas have the same few over and over.
const KEPT: usize = 256;

/// The texts of `numbers`.
pub(super) fn lang(numbers: &Numbers) -> Result<Lang, Reason> {
    static MADE: Mutex<QuickMap<Numbers, Lang>> = Mutex::new(QuickMap::with_hasher(BuildHasherDefault::new()));
    let made = || MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(lang) = made().get(numbers) {
        return Ok(lang.clone());
    }
    let lang = make(numbers)?;
    let mut made = made();
    if made.len() < KEPT {
        made.insert(numbers.clone(), lang.clone());
    }
    Ok(lang)
}

pub(super) fn make(numbers: &Numbers) -> Result<Lang, Reason> {
    let known = known()?;
    let base = match numbers {
        Numbers { plain: true, .. } => &known.plain,
        Numbers { integer: true, .. } => &known.integers,
        _ => &known.all,
    };
    let bounded = numbers.min.is_some() || numbers.max.is_some();
    if !bounded && numbers.multiple_of.is_empty() && !numbers.canonical {
        return Ok(base.clone());
    }
    let mut made: Option<Dfa> = None;
    let mut narrow = |dfa: Dfa| -> Result<(), Reason> {
        made = Some(match made.take() {
            Some(made) => made.product(&dfa, Op::And)?,
            None => dfa,
        });
        Ok(())
    };
    for ((bound, exclusive), side) in [(&numbers.min, Ordering::Greater), (&numbers.max, Ordering::Less)]
        .into_iter()
        .filter_map(|(bound, side)| bound.as_ref().map(|bound| (bound, side)))
    {
        narrow(read_off(&Bound::new(bound, side, *exclusive))?)?;
    }
    for divisor in &numbers.multiple_of {
        if divisor.is_zero() || divisor.is_negative() {
            return Err(Reason::Pattern("it is no multiple of a number above zero".into()));
        }
        narrow(read_off(&Multiple::of(divisor)?)?)?;
    }
    if numbers.canonical {
        narrow(read_off(&Canonical)?)?;
    }
    let base = base.parts.first().map(|part| part.core.dfa()).transpose()?;
    Ok(match (made, base) {
        (Some(made), Some(base)) => Lang::whole(Core::made(base.product(&made, Op::And)?)),
        _ => Lang::never(),
    })
}

/// All numbers, the whole ones, and those of them that are plainly written: the cheapest expression of each, and its
/// automaton.
struct Known {
    all: Lang,
    integers: Lang,
    plain: Lang,
}

fn known() -> Result<&'static Known, Reason> {
    static KNOWN: OnceLock<Result<Known, Reason>> = OnceLock::new();
    let ready = |at: usize| packed::made(at)?.parts.first()?.core.dfa().ok().map(Arc::unwrap_or_clone);
    let make = || {
        let (all, integers) = match (ready(packed::NUMBERS), ready(packed::INTEGERS)) {
            (Some(all), Some(integers)) => (all, integers),
            _ => fresh()?,
        };
        Ok(Known {
            all: Lang::written(&all_numbers(), all)?,
            integers: Lang::written(&all_integers(), integers)?,
            plain: Lang::regex(PLAIN_INTEGERS)?,
        })
    };
    KNOWN.get_or_init(make).as_ref().map_err(Clone::clone)
}

/// The automata of all numbers and of the whole ones.
fn fresh() -> Result<(Dfa, Dfa), Reason> {
    let all = read_off(&Universe)?;
    let integers = all.product(&read_off(&Multiple::new(1, 0))?, Op::And)?;
    Ok((all, integers))
}

/// All numbers, and the whole ones.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = Lang> {
    let (all, integers) = fresh().unwrap();
    [all, integers].into_iter().map(|dfa| Lang::whole(Core::made(dfa)))
}

/// Exponents of up to [`LARGEST`], and those of them that printers use.
const ANY_POWER: &str = "[eE][+-]?(?:[0-2]?[0-9]{1,2}|300)";
const HIGH_POWER: &str = "[eE]\\+?(?:0?(?:1[6-9]|[2-9][0-9])|[12][0-9]{2}|300)";
const LOW_POWER: &str = "[eE]-(?:0{0,2}[5-9]|0?[1-9][0-9]|[12][0-9]{2}|300)";

const PLAIN_INTEGERS: &str = "-?(?:0|[1-9][0-9]{0,59})";

fn all_numbers() -> String {
    let short = format!("(?:[1-9](?:\\.[0-9]{{1,3}})?|0(?:\\.0{{1,3}})?){ANY_POWER}");
    let long = format!("(?:[1-9]\\.[0-9]{{4,16}}|0\\.0{{4,16}})(?:{HIGH_POWER}|{LOW_POWER})");
    format!("-?(?:(?:0|[1-9][0-9]{{0,59}})(?:\\.[0-9]{{1,40}})?|{short}|{long})")
}

fn all_integers() -> String {
    // The exponent is at least the number of digits after the point, zeros at the end apart.
    let one = "[1-9](?:\\.0{1,3})?[eE](?:\\+?(?:[0-2]?[0-9]{1,2}|300)|-0{1,3})";
    let two = "[1-9]\\.[1-9]0{0,2}[eE]\\+?(?:0{0,2}[1-9]|[0-2]?[1-9][0-9]|[12]0[0-9]|300)";
    let three = "[1-9]\\.[0-9][1-9]0?[eE]\\+?(?:0{0,2}[2-9]|[0-2]?[1-9][0-9]|[12]0[0-9]|300)";
    let four = "[1-9]\\.[0-9]{2}[1-9][eE]\\+?(?:0{0,2}[3-9]|[0-2]?[1-9][0-9]|[12]0[0-9]|300)";
    let long = format!("[1-9]\\.[0-9]{{4,16}}{HIGH_POWER}|0\\.0{{4,16}}(?:{HIGH_POWER}|{LOW_POWER})");
    let zero = format!("0(?:\\.0{{1,3}})?{ANY_POWER}");
    format!("-?(?:(?:0|[1-9][0-9]{{0,59}})(?:\\.0{{1,40}})?|{one}|{two}|{three}|{four}|{long}|{zero})")
}

/// What a text of a number goes on with.
#[derive(Debug, Clone, Copy)]
enum Event {
    Minus,
    Whole(u8),
    Point,
    Fraction(u8),
    Exponent,
    /// The exponent is below zero.
    Below,
    Power(u8),
}

/// A property of numbers that a machine with finite memory can tell.
trait Watch {
    type Memory: Clone + Eq + std::hash::Hash;
    fn start(&self) -> Self::Memory;
    /// The memory after `event`; none if no number that goes on so has the property.
    fn read(&self, memory: &Self::Memory, event: Event) -> Option<Self::Memory>;
    /// Whether a number that ends here has the property.
    fn holds(&self, memory: &Self::Memory) -> bool;
}

/// Where in a number a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    Start,
    Minus,
    Whole,
    Point,
    Fraction,
    Exponent,
    Sign,
    Power,
}

/// The place after `c`, and what that means.
fn step(place: Place, c: char) -> Option<(Place, Option<Event>)> {
    let digit = c.to_digit(10).and_then(|digit| u8::try_from(digit).ok());
    Some(match (place, c, digit) {
        (Place::Start, '-', _) => (Place::Minus, Some(Event::Minus)),
        (Place::Start | Place::Minus | Place::Whole, _, Some(digit)) => (Place::Whole, Some(Event::Whole(digit))),
        (Place::Whole, '.', _) => (Place::Point, Some(Event::Point)),
        (Place::Point | Place::Fraction, _, Some(digit)) => (Place::Fraction, Some(Event::Fraction(digit))),
        (Place::Whole | Place::Fraction, 'e' | 'E', _) => (Place::Exponent, Some(Event::Exponent)),
        (Place::Exponent, '+', _) => (Place::Sign, None),
        (Place::Exponent, '-', _) => (Place::Sign, Some(Event::Below)),
        (Place::Exponent | Place::Sign | Place::Power, _, Some(digit)) => (Place::Power, Some(Event::Power(digit))),
        _ => return None,
    })
}

const CHARS: [char; 15] = ['+', '-', '.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'E', 'e'];

/// The texts of the numbers that `watch` says have the property; minimal.
fn read_off<W: Watch>(watch: &W) -> Result<Dfa, Reason> {
    static ALPHABET: OnceLock<Arc<Alphabet>> = OnceLock::new();
    let mut dfa = Dfa::new(ALPHABET.get_or_init(|| Arc::new(Alphabet::singles(&CHARS))).clone());
    let mut known: QuickMap<(Place, W::Memory), State> = QuickMap::default();
    let mut places = vec![(Place::Start, watch.start())];
    known.insert((Place::Start, watch.start()), 1);
    let mut steps: Vec<(Group, State)> = Vec::new();
    let mut at = 0;
    while let Some((place, memory)) = places.get(at).cloned() {
        steps.clear();
        // Neighbours often lead to the same.
        let mut last: Option<((Place, W::Memory), State)> = None;
        for (index, c) in CHARS.into_iter().enumerate() {
            let Some((place, event)) = step(place, c) else { continue };
            let memory = match event {
                Some(event) => watch.read(&memory, event),
                None => Some(memory.clone()),
            };
            let Some(memory) = memory else { continue };
            let key = (place, memory);
            let to = match &last {
                Some((same, to)) if *same == key => *to,
                _ => *known.entry(key.clone()).or_insert_with_key(|key| {
                    places.push(key.clone());
                    places.len() as State
                }),
            };
            last = Some((key, to));
            steps.push((index as Group + 1, to));
        }
        if places.len() > MOST_PLACES {
            return Err(Reason::Limit { what: "states to read a number", limit: MOST_PLACES });
        }
        let ends = matches!(place, Place::Whole | Place::Fraction | Place::Power) && watch.holds(&memory);
        dfa.push(ends, DEAD, steps.iter().copied());
        at += 1;
    }
    dfa.start = 1;
    Ok(dfa.minimal())
}

/// How a whole number, of which the digits come one by one, compares to another. Zeros in front do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Along {
    length: usize,
    order: Ordering,
}

impl Along {
    const NEW: Self = Self { length: 0, order: Ordering::Equal };

    /// One more digit of the number that is compared to `other`.
    fn read(self, digit: u8, other: &[u8]) -> Self {
        match (self.length, digit) {
            (0, 0) => self,
            (length, _) if length >= other.len() => Self { length: other.len() + 1, order: Ordering::Greater },
            (length, digit) => Self { length: length + 1, order: self.order.then_with(|| digit.cmp(&other[length])) },
        }
    }

    fn order(self, other: &[u8]) -> Ordering {
        self.length.cmp(&other.len()).then(self.order)
    }
}

/// How digits that come one by one, the first at the place of the first of others, compare to those.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Beside {
    /// The same so far: this many digits.
    Same(usize),
    Decided(Ordering),
}

impl Beside {
    fn read(self, digit: u8, other: &[u8]) -> Self {
        match self {
            Self::Same(at) => match (digit.cmp(other.get(at).unwrap_or(&0)), at) {
                // Past the other's end, zeros change nothing.
                (Ordering::Equal, at) => Self::Same((at + 1).min(other.len())),
                (order, _) => Self::Decided(order),
            },
            decided => decided,
        }
    }

    fn order(self, other: &[u8]) -> Ordering {
        match self {
            // The others end in no zero.
            Self::Same(at) if at < other.len() => Ordering::Less,
            Self::Same(_) => Ordering::Equal,
            Self::Decided(order) => order,
        }
    }
}

/// The numbers on one side of a bound.
struct Bound {
    zero: bool,
    negative: bool,
    /// The digits before the point, those after it, all from the first that is not zero, and the power of ten of this one.
    whole: Vec<u8>,
    fraction: Vec<u8>,
    digits: Vec<u8>,
    power: i64,
    /// The digits of the power without its sign.
    power_digits: Vec<u8>,
    side: Ordering,
    exclusive: bool,
}

impl Bound {
    fn new(bound: &Decimal, side: Ordering, exclusive: bool) -> Self {
        let (digits, power) = bound.parts();
        // Beyond the digits that a decimal can have, one more tells which is larger.
        let (most, least) = (i64::from(WHOLE) + 1, -i64::from(FRACTION) - 1);
        let (mut whole, mut fraction) = (Vec::new(), Vec::new());
        if !bound.is_zero() {
            for place in (least..=power.clamp(least, most)).rev() {
                let index = usize::try_from(power - place).ok();
                let digit = index.and_then(|index| digits.get(index)).copied().unwrap_or(0);
                if place >= 0 { whole.push(digit) } else { fraction.push(digit) }
            }
            // Of digits below the last place it only counts that there are some.
            if power < least || digits.len() as i64 > power - least + 1 {
                fraction.last_mut().into_iter().for_each(|last| *last = 1);
            }
            let gap = usize::try_from(-1 - power.clamp(least, -1)).unwrap_or(0);
            if power < 0 {
                fraction.splice(0..0, std::iter::repeat_n(0, gap));
            }
        }
        while fraction.last() == Some(&0) {
            fraction.pop();
        }
        let power_digits = decimal_digits(power);
        let (zero, negative) = (bound.is_zero(), bound.is_negative());
        Self { zero, negative, whole, fraction, digits: digits.to_vec(), power, power_digits, side, exclusive }
    }

    /// Whether a number with this sign, and which is so much larger than the bound without signs, is in the set.
    fn wants(&self, negative: bool, zero: bool, size: Ordering) -> bool {
        let order = match (zero, self.zero) {
            (true, true) => Ordering::Equal,
            (true, false) => {
                if self.negative {
                    Ordering::Greater
                } else {
                    Ordering::Less
                }
            }
            (false, true) => {
                if negative {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
            (false, false) if negative != self.negative => {
                if negative {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
            (false, false) => {
                if negative {
                    size.reverse()
                } else {
                    size
                }
            }
        };
        order == self.side || (order == Ordering::Equal && !self.exclusive)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Compared {
    Decimal {
        negative: bool,
        zero: bool,
        whole: Along,
        fraction: Beside,
        mantissa: Option<Beside>,
    },
    Power {
        negative: bool,
        zero: bool,
        mantissa: Ordering,
        below: bool,
        power: Along,
    },
    /// Whatever follows.
    Known(bool),
}

impl Watch for Bound {
    type Memory = Compared;

    fn start(&self) -> Compared {
        let mantissa = Some(Beside::Same(0));
        Compared::Decimal { negative: false, zero: true, whole: Along::NEW, fraction: Beside::Same(0), mantissa }
    }

    fn read(&self, memory: &Compared, event: Event) -> Option<Compared> {
        let mut memory = memory.clone();
        match (&mut memory, event) {
            (Compared::Known(_), _) => {}
            (Compared::Decimal { negative, .. }, Event::Minus) => *negative = true,
            (Compared::Decimal { zero, whole, mantissa, .. }, Event::Whole(digit)) => {
                *zero &= digit == 0;
                // With an exponent there is one digit before the point.
                *mantissa = if whole.length == 0 { Some(Beside::Same(0).read(digit, &self.digits)) } else { None };
                *whole = whole.read(digit, &self.whole);
            }
            (Compared::Decimal { .. }, Event::Point) => {}
            (Compared::Decimal { zero, fraction, mantissa, .. }, Event::Fraction(digit)) => {
                *zero &= digit == 0;
                *fraction = fraction.read(digit, &self.fraction);
                *mantissa = mantissa.map(|mantissa| mantissa.read(digit, &self.digits));
            }
            (Compared::Decimal { negative, zero, mantissa, .. }, Event::Exponent) => {
                let mantissa = (*mantissa)?.order(&self.digits);
                memory =
                    Compared::Power { negative: *negative, zero: *zero, mantissa, below: false, power: Along::NEW };
            }
            (Compared::Power { below, .. }, Event::Below) => *below = true,
            (Compared::Power { power, .. }, Event::Power(digit)) => *power = power.read(digit, &self.power_digits),
            _ => return None,
        }
        // Where the signs differ, or the digits before the point decide, the rest does not count.
        if let Compared::Decimal { negative, zero: false, whole, mantissa: None, .. } = &memory
            && whole.length > self.whole.len()
        {
            memory = Compared::Known(self.wants(*negative, false, Ordering::Greater));
        }
        Some(memory)
    }

    fn holds(&self, memory: &Compared) -> bool {
        match memory {
            Compared::Known(holds) => *holds,
            Compared::Decimal { negative, zero, whole, fraction, .. } => {
                let size = whole.order(&self.whole).then(fraction.order(&self.fraction));
                self.wants(*negative, *zero, size)
            }
            Compared::Power { negative, zero, mantissa, below, power } => {
                let size = power.order(&self.power_digits);
                let power = match (*below && power.length > 0, self.power < 0) {
                    (true, true) => size.reverse(),
                    (true, false) => Ordering::Less,
                    (false, true) => Ordering::Greater,
                    (false, false) => size,
                };
                self.wants(*negative, *zero, power.then(*mantissa))
            }
        }
    }
}

/// The multiples of `divisor × 10^shift`; the divisor is no multiple of ten.
struct Multiple {
    divisor: u32,
    shift: i64,
    /// What the divisor leaves of the powers of ten.
    tens: Vec<u32>,
    /// For each rest, the smallest power of ten by which it becomes a multiple of the divisor.
    powers: Vec<Option<i64>>,
}

impl Multiple {
    fn of(number: &Decimal) -> Result<Self, Reason> {
        let (digits, power) = number.parts();
        let shift = power + 1 - digits.len() as i64;
        let divisor = digits.iter().try_fold(0u32, |sum, digit| {
            sum.checked_mul(10)?.checked_add(u32::from(*digit)).filter(|sum| *sum <= MOST_DIVISOR)
        });
        let divisor = divisor
            .ok_or(Reason::Limit { what: "as a divisor, zeros at its end apart", limit: MOST_DIVISOR as usize })?;
        if shift.abs() > MOST_SHIFT {
            return Err(Reason::Limit { what: "zeros in a divisor", limit: MOST_SHIFT as usize });
        }
        Ok(Self::new(divisor.max(1), shift))
    }

    fn new(divisor: u32, shift: i64) -> Self {
        let tens: Vec<u32> =
            std::iter::successors(Some(1 % divisor), |ten| Some(ten * 10 % divisor)).take(256).collect();
        // The divisor has fewer than 32 factors of two.
        let power = |rest: u32| tens.iter().take(32).position(|ten| (rest * ten).is_multiple_of(divisor));
        let powers = (0..divisor).map(|rest| power(rest).map(|power| power as i64)).collect();
        Self { divisor, shift, tens, powers }
    }

    /// `number × 10^power`, without what the divisor divides.
    fn scaled(&self, number: u32, power: i64) -> u32 {
        let ten = usize::try_from(power).ok().and_then(|power| self.tens.get(power));
        number * ten.unwrap_or(&0) % self.divisor
    }
}

/// What is known of a number's divisibility.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Rest {
    Digits(Digits),
    /// The exponent has to be at least this, its sign and its digits, if anything.
    Power {
        least: Option<(bool, Vec<u8>)>,
        below: bool,
        power: Along,
    },
}

/// Digits, of which those at the end that are zero stand apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Digits {
    /// Digits before the point, of which only 0, 1 and more are told apart.
    whole: u8,
    point: bool,
    /// Whether all are zero.
    zero: bool,
    /// What the divisor leaves of the others, read as one whole number.
    rest: u32,
    /// The number is that whole number divided by ten to this power.
    places: i64,
    /// Zeros at the end.
    zeros: i64,
}

impl Multiple {
    /// Keeps no more of the digits than counts where no exponent can follow; none if it is no multiple then.
    fn decimal(&self, mut digits: Digits) -> Option<Digits> {
        if digits.point {
            let last = (-self.shift).max(0);
            digits.zeros = digits.zeros.min(last - digits.places);
            return (digits.places <= last).then_some(digits);
        }
        let factors =
            |factor: u32| (0..32).take_while(|power| self.divisor.is_multiple_of(factor.pow(power + 1))).count();
        let most = self.shift.max(0) + factors(2).max(factors(5)) as i64;
        if digits.zeros > most {
            digits.rest = self.scaled(digits.rest, digits.zeros - most);
            (digits.zeros, digits.places) = (most, -most);
        }
        Some(digits)
    }

    fn digit(&self, mut digits: Digits, digit: u8) -> Option<Digits> {
        if !digits.point {
            digits.whole = (digits.whole + 1).min(2);
        }
        if digit != 0 {
            let before = self.scaled(digits.rest, digits.zeros + 1);
            digits.rest = (before + u32::from(digit)) % self.divisor;
            digits.places = if digits.point { digits.places + digits.zeros + 1 } else { 0 };
            digits.zeros = 0;
            digits.zero = false;
        } else if digits.point {
            digits.zeros += 1;
        } else if !digits.zero {
            digits.zeros += 1;
            digits.places -= 1;
        }
        // With an exponent there is one digit before the point and few after it.
        let mantissa = digits.whole == 1 && digits.places + digits.zeros <= i64::from(MANTISSA);
        if mantissa { Some(digits) } else { self.decimal(Digits { whole: 2, ..digits }) }
    }

    /// The least power of ten that makes a multiple of the digits; none if none does.
    fn least(&self, digits: &Digits) -> Option<i64> {
        Some(self.powers.get(digits.rest as usize).copied().flatten()? + self.shift + digits.places)
    }
}

impl Watch for Multiple {
    type Memory = Rest;

    fn start(&self) -> Rest {
        Rest::Digits(Digits { whole: 0, point: false, zero: true, rest: 0, places: 0, zeros: 0 })
    }

    fn read(&self, memory: &Rest, event: Event) -> Option<Rest> {
        let mut memory = memory.clone();
        match (&mut memory, event) {
            (Rest::Digits(digits), Event::Whole(digit) | Event::Fraction(digit)) => {
                *digits = self.digit(*digits, digit)?;
            }
            (Rest::Digits(digits), Event::Point) => digits.point = true,
            (Rest::Digits(digits), Event::Exponent) => {
                let least = if digits.zero { None } else { Some(self.least(digits)?) };
                let least = least.map(|least| (least < 0, decimal_digits(least)));
                memory = Rest::Power { least, below: false, power: Along::NEW };
            }
            (Rest::Power { below, .. }, Event::Below) => *below = true,
            (Rest::Power { least: Some((_, digits)), power, .. }, Event::Power(digit)) => {
                *power = power.read(digit, digits);
            }
            _ => {}
        }
        Some(memory)
    }

    fn holds(&self, memory: &Rest) -> bool {
        match memory {
            Rest::Digits(digits) => digits.zero || self.least(digits).is_some_and(|least| least <= 0),
            Rest::Power { least: None, .. } => true,
            Rest::Power { least: Some((negative, digits)), below, power } => {
                let size = power.order(digits);
                match (*below && power.length > 0, *negative) {
                    (true, true) => size != Ordering::Greater,
                    (true, false) => false,
                    (false, true) => true,
                    (false, false) => size != Ordering::Less,
                }
            }
        }
    }
}

/// The digits of a number without its sign; none for zero.
fn decimal_digits(number: i64) -> Vec<u8> {
    let text = if number == 0 { String::new() } else { number.unsigned_abs().to_string() };
    text.bytes().map(|byte| byte - b'0').collect()
}

/// All numbers that are written as the head of this file says.
struct Universe;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Written {
    Digits { whole: u32, lead: bool, zero: bool, fraction: u32 },
    Power { long: bool, below: bool, count: u32, most: Along, least: Along },
}

impl Watch for Universe {
    type Memory = Written;

    fn start(&self) -> Written {
        Written::Digits { whole: 0, lead: false, zero: true, fraction: 0 }
    }

    fn read(&self, memory: &Written, event: Event) -> Option<Written> {
        let mut memory = memory.clone();
        match (&mut memory, event) {
            (Written::Digits { whole, lead, zero, .. }, Event::Whole(digit)) => {
                if *lead || *whole == WHOLE {
                    return None;
                }
                *lead = digit == 0 && *whole == 0;
                *zero &= digit == 0;
                *whole += 1;
            }
            (Written::Digits { fraction, zero, .. }, Event::Fraction(digit)) => {
                if *fraction == FRACTION {
                    return None;
                }
                *zero &= digit == 0;
                *fraction += 1;
            }
            (Written::Digits { whole, lead, zero, fraction }, Event::Exponent) => {
                if *whole != 1 || *fraction > MANTISSA || (*lead && !*zero) {
                    return None;
                }
                let long = *fraction > SHORT;
                memory = Written::Power { long, below: false, count: 0, most: Along::NEW, least: Along::NEW };
            }
            (Written::Power { below, .. }, Event::Below) => *below = true,
            (Written::Power { below, count, most, least, .. }, Event::Power(digit)) => {
                if *count == 3 {
                    return None;
                }
                *count += 1;
                *most = most.read(digit, &LARGEST);
                *least = least.read(digit, if *below { &BELOW } else { &ABOVE });
            }
            _ => {}
        }
        Some(memory)
    }

    fn holds(&self, memory: &Written) -> bool {
        match memory {
            Written::Digits { .. } => true,
            Written::Power { long, below, most, least, .. } => {
                let bound: &[u8] = if *below { &BELOW } else { &ABOVE };
                most.order(&LARGEST) != Ordering::Greater && (!*long || least.order(bound) != Ordering::Less)
            }
        }
    }
}

/// The canonical spellings.
struct Canonical;

impl Watch for Canonical {
    /// Whether there is a sign, whether all digits are zero, and whether the last one of a fraction is.
    type Memory = (bool, bool, bool);

    fn start(&self) -> Self::Memory {
        (false, true, false)
    }

    fn read(&self, (minus, zero, end): &Self::Memory, event: Event) -> Option<Self::Memory> {
        match event {
            Event::Minus => Some((true, *zero, *end)),
            Event::Whole(digit) => Some((*minus, *zero && digit == 0, false)),
            Event::Point => Some((*minus, *zero, true)),
            Event::Fraction(digit) => Some((*minus, *zero && digit == 0, digit == 0)),
            Event::Exponent | Event::Below | Event::Power(_) => None,
        }
    }

    fn holds(&self, (minus, zero, end): &Self::Memory) -> bool {
        !(*end || *minus && *zero)
    }
}
