//! The one form that every constraint is lowered to: regular expressions over characters, with calls of rules.
//!
//! Built through the functions below only, which keep it normal: no empty language inside another
//! expression, counted repetitions of counted repetitions merged, literal alternatives in one set.

use std::sync::Arc;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use crate::lower::regex::Spelling;

/// A set of texts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    /// No text at all.
    Never,
    /// Exactly these bytes; may be empty.
    Text(Vec<u8>),
    /// One of these, sorted and distinct.
    Texts(Vec<Vec<u8>>),
    /// One character.
    Class(ClassUnicode),
    /// One after the other.
    Seq(Vec<Expr>),
    /// Any one.
    Alt(Vec<Expr>),
    /// The same several times.
    Repeat(Box<Repeat>),
    /// A JSON array or object whose parts need no counting.
    Listed(Box<Listed>),
    /// A JSON array or object whose parts are counted, remembered or in any order.
    Turns(Box<Turns>),
    /// What the rule of this index allows.
    Rule(usize),
    /// A state graph, for what nested expressions cannot say.
    Machine(Arc<Machine>),
    /// Texts of so many characters along a state graph.
    Measured(Arc<Measured>),
    /// The insides of all JSON strings but these, which are sorted and of ASCII that stands for itself. Characters are
    /// spelled in the shortest way.
    AllBut(Arc<[Arc<str>]>),
}

/// `body` from `min` to `max` times, with `separator` between.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Repeat {
    pub body: Expr,
    pub separator: Vec<u8>,
    pub min: u32,
    pub max: Option<u32>,
}

/// Parts in order between brackets, with commas between those that are there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Listed {
    pub brackets: Brackets,
    pub parts: Vec<Part>,
    /// Whether a part is there only if all before it are, as in an array.
    pub prefix: bool,
    /// What may follow them, from `min` to `max` times.
    pub rest: Option<(Expr, u32, Option<u32>)>,
}

/// A part of [`Listed`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    /// What it begins with: the name of a property, with its quotes.
    pub name: Vec<u8>,
    /// What follows that.
    pub then: Expr,
    /// Whether it may be left out.
    pub optional: bool,
}

/// How an array or object is written around its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Brackets {
    pub open: u8,
    pub close: u8,
    /// The rule of white space, where some may stand.
    pub space: Option<usize>,
}

/// Parts between brackets, in turns that are counted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Turns {
    /// JSON pointer of where they come from, for messages.
    pub at: Arc<str>,
    pub brackets: Brackets,
    pub order: TurnOrder,
    /// Parts that are there once at most.
    pub slots: Vec<Slot>,
    /// Parts that may be there many times.
    pub rest: Vec<Branch>,
    /// How many parts there are, then how many hits of each counter: fewest and most.
    pub counts: Vec<(u32, Option<u32>)>,
    /// Whether the texts of [`Branch::fresh`] are all different.
    pub distinct: bool,
    /// Of objects of which any is right: what each of them is; none for one object.
    pub variants: Vec<Variant>,
    /// Branches, by their place among those of all slots and then the rest, all of whose texts are texts of another one of the same
    /// slot: that one.
    pub within: Vec<(u32, u32)>,
}

/// One of the objects that [`Turns`] are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variant {
    /// The branches that it has, by their place among those of all slots and then the rest, and the counters that each counts for.
    pub ways: Vec<(u32, u64)>,
    /// The slots that must be filled, ascending.
    pub required: Vec<u32>,
    /// How many hits of each counter there are: fewest and most.
    pub counts: Vec<(u32, Option<u32>)>,
}

/// In which order the slots of [`Turns`] are filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TurnOrder {
    /// As they stand, none left out before another; then the rest.
    Items,
    /// As they stand; then the rest.
    Fields,
    /// Any, the rest in between.
    Any,
}

/// A part of [`Turns`] that is there once at most.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Slot {
    /// What it begins with: the name of a property, with its quotes; empty in arrays.
    pub name: Vec<u8>,
    pub required: bool,
    pub ways: Vec<Branch>,
}

/// One way to take a turn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Branch {
    /// A text that no other turn may have.
    pub fresh: Option<Expr>,
    /// What follows it.
    pub then: Expr,
    /// The counters that the turn counts for, a bit for each.
    pub hits: u64,
}

/// States with labelled steps to others; from each state, the last one can be reached.
#[derive(Debug, PartialEq)]
pub(crate) struct Machine {
    /// Steps out of each state.
    pub steps: Vec<Vec<(Expr, usize)>>,
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub last: usize,
    /// Whether some path is the empty text.
    pub nullable: bool,
}

/// A deterministic automaton over characters, of whose texts only those of `min` to `max` characters count.
///
/// Each state is reached from the start and reaches an accepting one, but not always in as many characters as
/// the window leaves.
#[derive(Debug, PartialEq)]
pub(crate) struct Measured {
    /// Steps out of each state; their classes are disjoint.
    pub steps: Vec<Vec<(ClassUnicode, u32)>>,
    /// Whether a text may end in the state.
    pub accepts: Vec<bool>,
    /// Where it begins.
    pub start: u32,
    /// Fewest characters.
    pub min: u32,
    /// Most characters.
    pub max: Option<u32>,
    /// How each character is written.
    pub spelling: Spelling,
}

/// The empty text.
pub(crate) fn nothing() -> Expr {
    Expr::Text(Vec::new())
}

/// Exactly `text`.
pub(crate) fn text(text: impl AsRef<[u8]>) -> Expr {
    Expr::Text(text.as_ref().to_vec())
}

/// One character of these inclusive ranges.
pub(crate) fn chars(ranges: &[(char, char)]) -> Expr {
    class(ClassUnicode::new(ranges.iter().map(|(from, to)| ClassUnicodeRange::new(*from, *to))))
}

/// One character of `class`.
pub(crate) fn class(class: ClassUnicode) -> Expr {
    if class.ranges().is_empty() { Expr::Never } else { Expr::Class(class) }
}

/// All of `items`, one after the other.
pub(crate) fn seq(items: impl IntoIterator<Item = Expr>) -> Expr {
    let mut out: Vec<Expr> = Vec::new();
    let mut pending: Vec<Expr> = items.into_iter().collect();
    pending.reverse();
    while let Some(item) = pending.pop() {
        match (item, out.last_mut()) {
            (Expr::Never, _) => return Expr::Never,
            (Expr::Text(bytes), Some(Expr::Text(last))) => last.extend(bytes),
            (Expr::Text(bytes), _) if bytes.is_empty() => {}
            (Expr::Seq(inner), _) => pending.extend(inner.into_iter().rev()),
            (item, _) => out.push(item),
        }
    }
    match out.len() {
        0 => nothing(),
        1 => out.remove(0),
        _ => Expr::Seq(out),
    }
}

/// Any one of `items`.
pub(crate) fn alt(items: impl IntoIterator<Item = Expr>) -> Expr {
    let (mut texts, mut class, mut out) = (Vec::new(), ClassUnicode::empty(), Vec::new());
    let mut pending: Vec<Expr> = items.into_iter().collect();
    pending.reverse();
    while let Some(item) = pending.pop() {
        match item {
            Expr::Never => {}
            Expr::Alt(inner) => pending.extend(inner.into_iter().rev()),
            Expr::Text(bytes) => texts.push(bytes),
            Expr::Texts(more) => texts.extend(more),
            Expr::Class(more) => class.union(&more),
            item if out.contains(&item) => {}
            item => out.push(item),
        }
    }
    if !class.ranges().is_empty() {
        out.push(Expr::Class(class));
    }
    texts.sort_unstable();
    texts.dedup();
    match texts.len() {
        0 => {}
        1 => out.extend(texts.pop().map(Expr::Text)),
        _ => out.push(Expr::Texts(texts)),
    }
    match out.len() {
        0 => Expr::Never,
        1 => out.remove(0),
        _ => Expr::Alt(out),
    }
}

/// The texts along `steps` from the state `start` to `last`, none of them empty; states that do not lead there are
/// left without steps.
pub(crate) fn machine(mut steps: Vec<Vec<(Expr, usize)>>, start: usize, last: usize) -> Expr {
    let mut useful = vec![false; steps.len()];
    if let Some(last) = useful.get_mut(last) {
        *last = true;
    }
    let leads = |useful: &[bool], to: usize| useful.get(to).copied().unwrap_or(false);
    let mut changed = true;
    while changed {
        changed = false;
        for (state, steps) in steps.iter().enumerate().rev() {
            let found = steps.iter().any(|(label, to)| *label != Expr::Never && leads(&useful, *to));
            if found && !leads(&useful, state) {
                (useful[state], changed) = (true, true);
            }
        }
    }
    if !leads(&useful, start) {
        return Expr::Never;
    }
    for steps in &mut steps {
        steps.retain(|(label, to)| *label != Expr::Never && leads(&useful, *to));
    }
    Expr::Machine(Arc::new(Machine { steps, start, last, nullable: false }))
}

/// `body` or nothing.
pub(crate) fn optional(body: Expr) -> Expr {
    repeat(body, 0, Some(1))
}

/// `body` from `min` to `max` times.
pub(crate) fn repeat(body: Expr, min: u32, max: Option<u32>) -> Expr {
    separated(body, "", min, max)
}

/// `body` from `min` to `max` times with `separator` between.
pub(crate) fn separated(body: Expr, separator: &str, min: u32, max: Option<u32>) -> Expr {
    if max.is_some_and(|max| min > max) {
        return Expr::Never;
    }
    if body == Expr::Never {
        return if min == 0 { nothing() } else { Expr::Never };
    }
    if max == Some(0) || (body == nothing() && separator.is_empty()) {
        return nothing();
    }
    if min == 1 && max == Some(1) {
        return body;
    }
    // A body that may be empty can stand for any missing turn.
    let min = if separator.is_empty() && nullable(&body) { 0 } else { min };
    match body {
        Expr::Repeat(inner) if separator.is_empty() && inner.separator.is_empty() => {
            match merged((inner.min, inner.max), (min, max)) {
                Some((min, max)) => repeat(inner.body, min, max),
                None => Expr::Repeat(Box::new(Repeat { body: Expr::Repeat(inner), separator: "".into(), min, max })),
            }
        }
        body => Expr::Repeat(Box::new(Repeat { body, separator: separator.into(), min, max })),
    }
}

/// The counts `c` for which `x{c}` is `(x{inner}){outer}`; none if they have a gap.
pub(crate) fn merged(inner: (u32, Option<u32>), outer: (u32, Option<u32>)) -> Option<(u32, Option<u32>)> {
    let (least, most) = (u64::from(inner.0), inner.1.map(u64::from));
    let turns = u64::from(outer.0);
    // From k turns (k ≥ 1) to k + 1: the counts must touch.
    let touch = |k: u64| most.is_none_or(|most| (k + 1) * least <= k * most + 1);
    let whole = if turns == 0 { least <= 1 && touch(1) } else { touch(turns) };
    let times = |a: Option<u32>, b: Option<u32>| Some(a?.saturating_mul(b?));
    whole.then(|| (inner.0.saturating_mul(outer.0), times(inner.1, outer.1)))
}

/// Whether the empty text is in `expr`. Rules never allow the empty text.
pub(crate) fn nullable(expr: &Expr) -> bool {
    match expr {
        Expr::Never | Expr::Class(_) | Expr::Listed(_) | Expr::Turns(_) | Expr::Rule(_) => false,
        Expr::Text(bytes) => bytes.is_empty(),
        Expr::Texts(texts) => texts.first().is_some_and(Vec::is_empty),
        Expr::Seq(items) => items.iter().all(nullable),
        Expr::Alt(items) => items.iter().any(nullable),
        Expr::Repeat(repeat) => repeat.min == 0 || (repeat.separator.is_empty() && nullable(&repeat.body)),
        Expr::Machine(machine) => machine.nullable,
        Expr::Measured(measured) => {
            measured.min == 0 && measured.accepts.get(measured.start as usize).copied().unwrap_or(false)
        }
        Expr::AllBut(names) => names.first().is_none_or(|name| !name.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_merge_only_without_gaps() {
        let a = || text("a");
        let repeated = |min, max| repeat(a(), min, max);
        assert_eq!(repeat(repeated(1, Some(1000)), 1, Some(1000)), repeated(1, Some(1_000_000)));
        assert_eq!(repeat(repeated(0, None), 0, Some(3)), repeated(0, None));
        assert_eq!(repeat(repeated(2, Some(3)), 2, None), repeated(4, None));
        assert_ne!(repeat(repeated(2, Some(2)), 1, None), repeated(2, None));
        assert_ne!(repeat(repeated(2, None), 0, None), repeated(0, None));
    }

    #[test]
    fn an_impossible_part_makes_the_whole_impossible() {
        assert_eq!(seq([text("a"), Expr::Never]), Expr::Never);
        assert_eq!(alt([Expr::Never, text("a")]), text("a"));
        assert_eq!(repeat(Expr::Never, 0, None), nothing());
        assert_eq!(repeat(text("a"), 3, Some(2)), Expr::Never);
    }
}
