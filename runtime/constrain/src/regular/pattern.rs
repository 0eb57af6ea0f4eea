//! A regular expression and its automaton, which is made when it is first asked for.

use std::sync::{Arc, OnceLock};

use regex_syntax::hir::{ClassUnicode, Hir, HirKind};

use super::Reason;
use super::determine::{self, Check};
use super::dfa::{DEAD, Dfa};
use super::ecma;
use super::lengths::Lengths;
use super::lower;
use crate::lower::expr::Expr;
use crate::lower::regex::{Spelling, unicode};
use crate::{accept, lower::look, lower::regex};

/// A language of texts: a regular expression, or only an automaton.
#[derive(Debug)]
pub(super) struct Pattern {
    source: Option<Source>,
    dfa: OnceLock<Result<Arc<Dfa>, Reason>>,
    lengths: OnceLock<Result<Arc<Lengths>, Reason>>,
    /// The automaton as an expression inside a JSON string.
    spelled: OnceLock<Result<Expr, Reason>>,
}

/// The texts that `hir` matches from end to end.
#[derive(Debug)]
struct Source {
    hir: Hir,
    checks: Vec<Check>,
    /// Fewest and most characters; where there is look-around, those of the automaton count.
    bounds: (u32, Option<u32>),
}

impl Pattern {
    /// The texts that `hir` matches, with `checks` for its marks; none if there are none.
    pub fn of(hir: Hir, checks: Vec<Check>) -> Result<Option<Self>, Reason> {
        let Some(bounds) = span(&hir) else { return Ok(None) };
        let asserts = !checks.is_empty() || !hir.properties().look_set().is_empty();
        let pattern = Self {
            source: Some(Source { hir, checks, bounds }),
            dfa: OnceLock::new(),
            lengths: OnceLock::new(),
            spelled: OnceLock::new(),
        };
        // Assertions may leave nothing.
        if asserts && pattern.dfa()?.start == DEAD {
            return Ok(None);
        }
        Ok(Some(pattern))
    }

    /// The texts that both `hir` and `dfa` say; none if there are none.
    pub fn known(hir: Hir, dfa: Dfa) -> Option<Self> {
        let bounds = span(&hir)?;
        let source = Some(Source { hir, checks: Vec::new(), bounds });
        Some(Self {
            source,
            dfa: OnceLock::from(Ok(Arc::new(dfa))),
            lengths: OnceLock::new(),
            spelled: OnceLock::new(),
        })
    }

    /// The texts of `dfa`; none if there are none.
    pub fn made(dfa: Dfa) -> Option<Self> {
        let alive = dfa.start != DEAD;
        alive.then(|| Self {
            source: None,
            dfa: OnceLock::from(Ok(Arc::new(dfa))),
            lengths: OnceLock::new(),
            spelled: OnceLock::new(),
        })
    }

    /// The regular expression, where it has one without look-ahead and look-behind.
    pub fn hir(&self) -> Option<&Hir> {
        self.source.as_ref().filter(|source| source.checks.is_empty()).map(|source| &source.hir)
    }

    /// Whether the expression asserts what stands around.
    pub fn asserts(&self) -> bool {
        self.source.as_ref().is_some_and(|s| !s.checks.is_empty() || !s.hir.properties().look_set().is_empty())
    }

    /// Whether any text may stand before or after what is looked for.
    pub fn searches(&self) -> bool {
        let any = |item: Option<&Hir>| item == Some(&ecma::anything());
        self.hir().is_some_and(|hir| match hir.kind() {
            HirKind::Concat(items) => any(items.first()) || any(items.last()),
            HirKind::Alternation(items) => items
                .iter()
                .any(|item| matches!(item.kind(), HirKind::Concat(items) if any(items.first()) || any(items.last()))),
            _ => false,
        })
    }

    /// The minimal automaton.
    pub fn dfa(&self) -> Result<Arc<Dfa>, Reason> {
        let made = self.dfa.get_or_init(|| {
            let Some(source) = &self.source else { return Ok(Arc::new(Dfa::texts(&[])?)) };
            let nfa = look::automaton(&source.hir, source.checks.len()).map_err(Reason::Pattern)?;
            Ok(Arc::new(determine::determinise(&nfa, &source.checks)?))
        });
        made.clone()
    }

    /// The automaton as an expression.
    pub fn machine(&self, spelling: Spelling) -> Result<Expr, Reason> {
        let make = || Ok(lower::machine(&*self.dfa()?, spelling));
        match spelling {
            Spelling::Plain => make(),
            Spelling::Json => self.spelled.get_or_init(make).clone(),
        }
    }

    /// Numbers of characters to the end of [`Self::dfa`].
    pub fn lengths(&self) -> Result<Arc<Lengths>, Reason> {
        self.lengths.get_or_init(|| Lengths::new(&*self.dfa()?).map(Arc::new)).clone()
    }

    /// Fewest and most characters; both occur.
    pub fn bounds(&self) -> (u32, Option<u32>) {
        match (&self.source, self.asserts()) {
            (Some(source), false) => source.bounds,
            _ => self.dfa().ok().and_then(|dfa| dfa.bounds()).unwrap_or((0, None)),
        }
    }

    /// The class and counts, where the expression is no more than that.
    pub fn class(&self) -> Option<(ClassUnicode, u32, Option<u32>)> {
        match self.hir()?.kind() {
            HirKind::Class(class) => Some((unicode(class), 1, Some(1))),
            HirKind::Repetition(repetition) => match repetition.sub.kind() {
                HirKind::Class(class) => Some((unicode(class), repetition.min, repetition.max)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether `text` is one of the texts.
    pub fn contains(&self, text: &str) -> bool {
        match self.dfa() {
            Ok(dfa) => dfa.contains(text),
            // Too large to be deterministic: the matcher, which counts, reads it.
            Err(_) => self.hir().is_some_and(|hir| {
                let expr = regex::expression(hir, Spelling::Plain);
                expr.is_ok_and(|expr| accept::reads(expr, text).unwrap_or(false))
            }),
        }
    }
}

/// Fewest and most characters that `hir` matches, look-around apart; none if it matches nothing.
fn span(hir: &Hir) -> Option<(u32, Option<u32>)> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some((0, Some(0))),
        HirKind::Literal(literal) => {
            let count = std::str::from_utf8(&literal.0).ok()?.chars().count();
            let count = u32::try_from(count).ok()?;
            Some((count, Some(count)))
        }
        HirKind::Class(class) => (!unicode(class).ranges().is_empty()).then_some((1, Some(1))),
        HirKind::Capture(capture) => span(&capture.sub),
        HirKind::Repetition(repetition) => match span(&repetition.sub) {
            None => (repetition.min == 0).then_some((0, Some(0))),
            Some((least, most)) => {
                let most = match (most, repetition.max) {
                    (Some(0), _) => Some(0),
                    (Some(most), Some(max)) => most.checked_mul(max),
                    _ => None,
                };
                Some((least.saturating_mul(repetition.min), most))
            }
        },
        HirKind::Concat(items) => items.iter().try_fold((0u32, Some(0u32)), |(least, most), item| {
            let (a, b) = span(item)?;
            Some((least.saturating_add(a), most.zip(b).and_then(|(most, b)| most.checked_add(b))))
        }),
        HirKind::Alternation(items) => items
            .iter()
            .filter_map(span)
            .reduce(|(least, most), (a, b)| (least.min(a), most.zip(b).map(|(most, b)| most.max(b)))),
    }
}
