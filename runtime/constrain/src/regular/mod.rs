//! Regular languages of texts: patterns, formats, constants, lengths and numbers in, with intersection, union and
//! complement; an [`Expr`] out.
//!
//! The steps:
//! 1. [`ecma`], [`formats`] and [`numbers`] read what a schema says; [`crate::lower::look`] makes non-deterministic automata of it.
//! 2. [`determine`] makes these deterministic over the [`alphabet`] of what they tell apart, [`minimal`] small.
//! 3. [`dfa`] has product, complement and questions; [`lengths`] what numbers of characters are possible.
//! 4. [`Lang`] puts off each step until it is needed, keeps texts that were listed and lengths apart from automata,
//!    and [`lower`] writes the cheapest expression.

mod alphabet;
mod decimal;
mod determine;
mod dfa;
mod ecma;
mod formats;
mod lengths;
mod lower;
mod minimal;
mod numbers;
mod packed;
mod pattern;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

pub(crate) use decimal::{Decimal, Numbers};
use dfa::{Dfa, Op};
use pattern::Pattern;
use regex_syntax::hir::{Hir, HirKind, Repetition};

use crate::lower::expr::Expr;
use crate::lower::regex::{self, Spelling};

/// Texts that an expression has are listed if there are no more than this.
const LISTED: usize = 32;

/// Counts of a class up to this are written out where an automaton is made.
const COUNTED: u32 = 64;

/// Why a language cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Reason {
    /// The pattern does not parse, or says what no automaton can check.
    #[error("{0}")]
    Pattern(String),
    /// Building would take more than a fixed limit.
    #[error("it needs more than {limit} {what}")]
    Limit {
        /// What is counted.
        what: &'static str,
        /// How much of it is allowed.
        limit: usize,
    },
}

/// A set of texts over Unicode characters.
///
/// The lengths are cut into windows, each with the texts of these lengths: so a bound on the length costs no states, and
/// the complement of a window is one. No part is empty.
#[derive(Debug, Clone)]
pub(crate) struct Lang {
    /// Disjoint windows, in order.
    parts: Vec<Part>,
}

/// The texts of `core` with `min` to `max` characters.
#[derive(Debug, Clone)]
struct Part {
    core: Core,
    min: u32,
    max: Option<u32>,
}

#[derive(Debug, Clone)]
enum Core {
    /// Every text.
    Any,
    /// These, sorted and distinct.
    Texts(Arc<Vec<String>>),
    /// What an expression or an automaton allows.
    Pattern(Arc<Pattern>),
}

impl Lang {
    /// Every text.
    pub(crate) fn any() -> Self {
        Self::lengths(0, None)
    }

    /// No text.
    pub(crate) fn never() -> Self {
        Self { parts: Vec::new() }
    }

    /// One of these texts.
    pub(crate) fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let texts: BTreeSet<&str> = texts.into_iter().collect();
        Self::whole(Core::listed(texts.into_iter().map(str::to_owned).collect()))
    }

    /// Texts of `min` to `max` characters.
    pub(crate) fn lengths(min: u32, max: Option<u32>) -> Self {
        if max.is_some_and(|max| max < min) {
            return Self::never();
        }
        Self { parts: vec![Part { core: Core::Any, min, max }] }
    }

    /// The texts that `pattern`, in the syntax of the `regex` crate, matches from end to end.
    pub(crate) fn regex(pattern: &str) -> Result<Self, Reason> {
        Self::matching(regex::parse(pattern).map_err(Reason::Pattern)?, Vec::new())
    }

    /// The texts in which the ECMA-262 `pattern` finds a match, as JSON Schema means it.
    pub(crate) fn ecma(pattern: &str) -> Result<Self, Reason> {
        let (hir, checks) = ecma::parse(pattern)?;
        Self::matching(hir, checks)
    }

    fn matching(hir: Hir, checks: Vec<determine::Check>) -> Result<Self, Reason> {
        if checks.is_empty()
            && let Some(texts) = listed(&hir)
        {
            return Ok(Self::texts(texts.iter().map(String::as_str)));
        }
        // Counts of one class are a window.
        if let HirKind::Repetition(Repetition { min, max, sub, .. }) = hir.kind()
            && (*min > COUNTED || max.is_some_and(|max| max > COUNTED))
            && matches!(sub.kind(), HirKind::Class(_))
        {
            let all = Repetition { min: 0, max: None, greedy: true, sub: sub.clone() };
            return Self::matching(Hir::repetition(all), checks)?.and(&Self::lengths(*min, *max));
        }
        Ok(Self::whole(Pattern::of(hir, checks)?.map(|pattern| Core::Pattern(Arc::new(pattern)))))
    }

    /// The texts of `dfa`, for which `pattern` is a cheap expression.
    fn written(pattern: &str, dfa: Dfa) -> Result<Self, Reason> {
        let hir = regex::parse(pattern).map_err(Reason::Pattern)?;
        Ok(Self::whole(Pattern::known(hir, dfa).map(|pattern| Core::Pattern(Arc::new(pattern)))))
    }

    /// The texts of a `format` of JSON Schema, where we know it.
    pub(crate) fn format(name: &str) -> Option<Self> {
        formats::find(name)
    }

    /// The same texts, of which only automata are kept.
    fn determined(&self) -> Result<Self, Reason> {
        let determined = |part: &Part| {
            let core = if let Core::Pattern(pattern) = &part.core {
                Core::made((*pattern.dfa()?).clone())
            } else {
                Some(part.core.clone())
            };
            Ok(core.map(|core| Part { core, ..*part }))
        };
        let parts = self.parts.iter().filter_map(|part| determined(part).transpose()).collect::<Result<_, Reason>>()?;
        Ok(Self { parts })
    }

    /// The JSON texts of the numbers in `numbers`.
    pub(crate) fn number(numbers: &Numbers) -> Result<Self, Reason> {
        numbers::lang(numbers)
    }

    fn whole(core: Option<Core>) -> Self {
        Self { parts: core.map(|core| Part { core: core.all_if_any(), min: 0, max: None }).into_iter().collect() }
    }

    /// The texts in both.
    pub(crate) fn and(&self, other: &Self) -> Result<Self, Reason> {
        self.combine(other, Op::And)
    }

    /// The texts in either.
    pub(crate) fn or(&self, other: &Self) -> Result<Self, Reason> {
        self.combine(other, Op::Or)
    }

    /// The texts that are not in `other`.
    pub(crate) fn minus(&self, other: &Self) -> Result<Self, Reason> {
        self.combine(other, Op::Minus)
    }

    /// All other texts.
    #[cfg(test)]
    pub(crate) fn not(&self) -> Result<Self, Reason> {
        Self::any().minus(self)
    }

    fn combine(&self, other: &Self, op: Op) -> Result<Self, Reason> {
        let all = self.parts.iter().chain(&other.parts);
        let mut cuts: Vec<u32> = all.flat_map(|part| [Some(part.min), part.max.and_then(after)]).flatten().collect();
        cuts.push(0);
        cuts.sort_unstable();
        cuts.dedup();
        let mut parts: Vec<Part> = Vec::new();
        for (at, min) in cuts.iter().enumerate() {
            let max = cuts.get(at + 1).map(|next| next - 1);
            let Some(core) = Core::combine(self.at(*min), other.at(*min), op)? else { continue };
            match parts.last_mut() {
                Some(last) if last.max.and_then(after) == Some(*min) && last.core.same(&core) => last.max = max,
                _ => parts.push(Part { core, min: *min, max }),
            }
        }
        let mut out = Vec::with_capacity(parts.len());
        for part in parts {
            out.extend(part.tidy()?);
        }
        // A lone part whose texts have the right lengths anyway needs no window.
        if let [only] = out.as_mut_slice()
            && only.covers()
        {
            (only.min, only.max) = (0, None);
        }
        Ok(Self { parts: out })
    }

    /// The texts of `length` characters are those of this core.
    fn at(&self, length: u32) -> Option<&Core> {
        self.parts
            .iter()
            .find(|part| part.min <= length && part.max.is_none_or(|max| length <= max))
            .map(|part| &part.core)
    }

    /// Whether there is no text in it. Exact.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether every text is known to be in it; cheap, so it may miss a roundabout way to say so.
    pub(crate) fn is_any(&self) -> bool {
        matches!(self.parts.as_slice(), [Part { core: Core::Any, min: 0, max: None }])
    }

    /// Whether `text` is in it.
    pub(crate) fn contains(&self, text: &str) -> bool {
        let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        match self.at(length) {
            None => false,
            Some(Core::Any) => true,
            Some(Core::Texts(texts)) => texts.binary_search_by(|known| known.as_str().cmp(text)).is_ok(),
            Some(Core::Pattern(pattern)) => pattern.contains(text),
        }
    }

    /// All texts, sorted, if there are at most `most` and they are found within the limits.
    pub(crate) fn members(&self, most: usize) -> Option<Vec<String>> {
        let mut out = Vec::new();
        for part in &self.parts {
            out.extend(part.members(most)?);
            if out.len() > most {
                return None;
            }
        }
        out.sort_unstable();
        Some(out)
    }

    /// Fewest and most characters of a text; none if there is no text.
    #[cfg(test)]
    pub(crate) fn bounds(&self) -> Option<(u32, Option<u32>)> {
        let least = self.parts.first()?.shortest();
        let part = self.parts.last()?;
        let most = match (part.core.bounds().1, part.max) {
            (Some(most), Some(max)) => Some(most.min(max)),
            (most, max) => most.or(max),
        };
        Some((least, most))
    }

    /// Fewest characters of a text; none if there is no text.
    #[cfg(test)]
    pub(crate) fn shortest(&self) -> Option<u32> {
        self.bounds().map(|(least, _)| least)
    }

    /// The texts as an expression, each character spelled as `spelling` says.
    pub(crate) fn expr(&self, spelling: Spelling) -> Result<Expr, Reason> {
        let parts = self.parts.iter().map(|part| part.expr(spelling)).collect::<Result<Vec<_>, _>>()?;
        Ok(crate::lower::expr::alt(parts))
    }
}

fn after(length: u32) -> Option<u32> {
    length.checked_add(1)
}

impl Part {
    /// The part with no more texts listed and no more repetitions than it has; none if it is empty.
    fn tidy(self) -> Result<Option<Self>, Reason> {
        let Self { core, min, max } = self;
        let within = |length: u32| length >= min && max.is_none_or(|max| length <= max);
        let core = match core {
            Core::Any if max == Some(0) => Core::listed(vec![String::new()]),
            Core::Any => Some(Core::Any),
            Core::Texts(texts) if min == 0 && max.is_none() => Some(Core::Texts(texts)),
            Core::Texts(texts) => {
                let length = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
                Core::listed(texts.iter().filter(|text| within(length(text))).cloned().collect())
            }
            Core::Pattern(pattern) => {
                let (least, most) = pattern.bounds();
                if most.is_some_and(|most| most < min) || max.is_some_and(|max| max < least) {
                    None
                } else if within(least) || most.is_some_and(within) || pattern.class().is_some() {
                    Some(Core::Pattern(pattern))
                } else {
                    let start = pattern.dfa()?.start;
                    pattern.lengths()?.within(start, min, max).then_some(Core::Pattern(pattern))
                }
            }
        };
        Ok(core.map(|core| Self { core, min, max }))
    }

    /// Whether every text of the core is in the window.
    fn covers(&self) -> bool {
        let (least, most) = self.core.bounds();
        least >= self.min && self.max.is_none_or(|max| most.is_some_and(|most| most <= max))
    }

    #[cfg(test)]
    fn shortest(&self) -> u32 {
        let (least, _) = self.core.bounds();
        match &self.core {
            Core::Pattern(pattern) if least < self.min => {
                let found = pattern.dfa().and_then(|dfa| Ok(pattern.lengths()?.next(dfa.start, self.min)));
                found.ok().flatten().unwrap_or(self.min)
            }
            _ => least.max(self.min),
        }
    }

    fn members(&self, most: usize) -> Option<Vec<String>> {
        match &self.core {
            Core::Texts(texts) => (texts.len() <= most).then(|| texts.to_vec()),
            Core::Any => None,
            Core::Pattern(pattern) => match (self.covers(), pattern.bounds().1) {
                (true, None) => None,
                (true, Some(_)) => pattern.dfa().ok()?.members(most),
                (false, _) => {
                    let window = Dfa::lengths(self.min, self.max?)?;
                    pattern.dfa().ok()?.product(&window, Op::And).ok()?.members(most)
                }
            },
        }
    }
}

impl Core {
    /// These texts, sorted and distinct; none if there are none.
    fn listed(texts: Vec<String>) -> Option<Self> {
        (!texts.is_empty()).then(|| Self::Texts(Arc::new(texts)))
    }

    fn made(dfa: Dfa) -> Option<Self> {
        if dfa.is_full(dfa.start) {
            return Some(Self::Any);
        }
        Pattern::made(dfa).map(|pattern| Self::Pattern(Arc::new(pattern)))
    }

    /// [`Core::Any`] for the expression that repeats any character.
    fn all_if_any(self) -> Self {
        match &self {
            Self::Pattern(pattern) => match pattern.class() {
                Some((mut class, 0, None)) => {
                    class.negate();
                    if class.ranges().is_empty() { Self::Any } else { self }
                }
                _ => self,
            },
            _ => self,
        }
    }

    fn bounds(&self) -> (u32, Option<u32>) {
        match self {
            Self::Any => (0, None),
            Self::Texts(texts) => {
                let lengths = || texts.iter().map(|text| u32::try_from(text.chars().count()).unwrap_or(u32::MAX));
                (lengths().min().unwrap_or(0), lengths().max())
            }
            Self::Pattern(pattern) => pattern.bounds(),
        }
    }

    /// Whether both are known to be the same; cheap.
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, Self::Any) => true,
            (Self::Texts(a), Self::Texts(b)) => a == b,
            (Self::Pattern(a), Self::Pattern(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    fn dfa(&self) -> Result<Arc<Dfa>, Reason> {
        match self {
            Self::Any => Ok(Arc::new(Dfa::texts(&[])?.complement())),
            Self::Texts(texts) => Ok(Arc::new(Dfa::texts(texts)?)),
            Self::Pattern(pattern) => pattern.dfa(),
        }
    }

    fn contains(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Texts(texts) => texts.binary_search_by(|known| known.as_str().cmp(text)).is_ok(),
            Self::Pattern(pattern) => pattern.contains(text),
        }
    }

    /// The texts of `a` and `b` that `op` wants; none if there are none.
    fn combine(a: Option<&Self>, b: Option<&Self>, op: Op) -> Result<Option<Self>, Reason> {
        let (a, b) = match (a, b, op) {
            (Some(a), Some(b), _) => (a, b),
            (Some(a), None, Op::Or | Op::Minus) => return Ok(Some(a.clone())),
            (None, Some(b), Op::Or) => return Ok(Some(b.clone())),
            _ => return Ok(None),
        };
        if a.same(b) {
            return Ok((op != Op::Minus).then(|| a.clone()));
        }
        Ok(match (a, b, op) {
            (Self::Any, b, Op::And) => Some(b.clone()),
            (a, Self::Any, Op::And) => Some(a.clone()),
            (Self::Any, _, Op::Or) | (_, Self::Any, Op::Or) => Some(Self::Any),
            (_, Self::Any, Op::Minus) => None,
            (Self::Any, b, Op::Minus) => Self::made(b.dfa()?.complement()),
            (Self::Texts(texts), other, Op::And) | (other, Self::Texts(texts), Op::And) => {
                Self::listed(texts.iter().filter(|text| other.contains(text)).cloned().collect())
            }
            (Self::Texts(texts), other, Op::Minus) => {
                Self::listed(texts.iter().filter(|text| !other.contains(text)).cloned().collect())
            }
            (Self::Texts(a), Self::Texts(b), Op::Or) => {
                let all: BTreeSet<&String> = a.iter().chain(b.iter()).collect();
                Self::listed(all.into_iter().cloned().collect())
            }
            (Self::Pattern(pattern), Self::Texts(texts), Op::Minus) if !texts.iter().any(|t| pattern.contains(t)) => {
                Some(a.clone())
            }
            (Self::Pattern(p), Self::Pattern(q), Op::Or) => match (p.hir(), q.hir()) {
                (Some(p), Some(q)) => {
                    let both = Hir::alternation(vec![p.clone(), q.clone()]);
                    Pattern::of(both, Vec::new())?.map(|pattern| Self::Pattern(Arc::new(pattern)))
                }
                _ => Self::made(a.dfa()?.product(&*b.dfa()?, op)?),
            },
            _ => Self::made(a.dfa()?.product(&*b.dfa()?, op)?),
        })
    }
}

/// The texts that `hir` matches, if they are few and read off without an automaton.
fn listed(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Empty => Some(vec![String::new()]),
        HirKind::Literal(literal) => Some(vec![String::from_utf8(literal.0.to_vec()).ok()?]),
        HirKind::Capture(capture) => listed(&capture.sub),
        HirKind::Class(class) => {
            let class = regex::unicode(class);
            let count = class.ranges().iter().map(|range| range.len()).sum::<usize>();
            let chars = || class.ranges().iter().flat_map(|range| range.start()..=range.end());
            (count <= LISTED).then(|| chars().map(String::from).collect())
        }
        HirKind::Repetition(repetition) if (repetition.min, repetition.max) == (0, Some(1)) => {
            let mut texts = listed(&repetition.sub)?;
            texts.push(String::new());
            Some(texts)
        }
        HirKind::Alternation(items) => {
            let texts: Vec<String> = items.iter().map(listed).collect::<Option<Vec<_>>>()?.concat();
            (texts.len() <= 8 * LISTED).then_some(texts)
        }
        HirKind::Concat(items) => items.iter().try_fold(vec![String::new()], |heads, item| {
            let tails = listed(item)?;
            let both = || heads.iter().flat_map(|head| tails.iter().map(move |tail| format!("{head}{tail}")));
            (heads.len() * tails.len() <= LISTED).then(|| both().collect())
        }),
        HirKind::Repetition(_) | HirKind::Look(_) => None,
    }
}
