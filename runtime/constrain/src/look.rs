//! Removes look-around: a regular expression with `^ $ \b \B` … → a [`Machine`] without.
//!
//! An assertion asks about the character before and the one after. So each state of the character automaton is
//! taken once for every kind of character before it and every *guess* of the kind after it; a step must then
//! begin with a character of the guessed kind. States from which the end cannot be reached are dropped, so a
//! wrong guess is never a live state.

use std::collections::HashMap;
use std::sync::Arc;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look, LookSet};

use crate::expr::{self, Expr, Machine};
use crate::groups;
use crate::regex::{self, Spelling};

/// States of the character automaton at most; counts are unrolled here.
const MOST_STATES: usize = 20_000;

/// What stands before or after a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Side {
    /// The end of the text.
    Edge,
    Lf,
    Cr,
    /// A letter, digit or `_` of ASCII.
    Word,
    /// Another word character.
    WideWord,
    Other,
}

/// The kinds that the assertions of `looks` tell apart; what is not among them counts as [`Side::Other`].
fn sides(looks: LookSet) -> Vec<Side> {
    let wide = [Look::WordUnicode, Look::WordUnicodeNegate, Look::WordStartUnicode, Look::WordEndUnicode];
    let half = [Look::WordStartHalfUnicode, Look::WordEndHalfUnicode];
    let mut sides = vec![Side::Edge, Side::Other];
    if looks.contains_anchor_line() {
        sides.extend([Side::Lf, Side::Cr]);
    }
    if looks.contains_word() {
        sides.push(Side::Word);
    }
    if wide.into_iter().chain(half).any(|look| looks.contains(look)) {
        sides.push(Side::WideWord);
    }
    sides
}

/// A state of the character automaton.
enum State {
    Class(ClassUnicode, usize),
    Split(Vec<usize>),
    Look(Look, usize),
    Accept,
}

/// Lowers `hir`, which has look-around; an error is the reason in words.
pub(crate) fn lower(hir: &Hir, spelling: Spelling) -> Result<Expr, String> {
    let mut states = vec![State::Accept];
    let start = compile(hir, 0, &mut states)?;
    Ok(product(&states, start, &sides(hir.properties().look_set()), spelling))
}

/// `hir` without the anchors that stand at the `start` or `end` of a match from end to end, where they always hold.
pub(crate) fn strip_anchors(hir: &Hir, start: bool, end: bool) -> Hir {
    match hir.kind() {
        HirKind::Look(Look::Start | Look::StartLF | Look::StartCRLF) if start => Hir::empty(),
        HirKind::Look(Look::End | Look::EndLF | Look::EndCRLF) if end => Hir::empty(),
        HirKind::Capture(capture) => strip_anchors(&capture.sub, start, end),
        HirKind::Alternation(items) => {
            Hir::alternation(items.iter().map(|item| strip_anchors(item, start, end)).collect())
        }
        HirKind::Concat(items) => {
            let mut items = items.clone();
            for (reverse, wanted) in [(false, start), (true, end)] {
                let mut at_edge = wanted;
                let count = items.len();
                for index in 0..count {
                    let index = if reverse { count - 1 - index } else { index };
                    if let Some(item) = items.get_mut(index).filter(|_| at_edge) {
                        *item = strip_anchors(item, !reverse, reverse);
                        at_edge = *item.kind() == HirKind::Empty;
                    }
                }
            }
            Hir::concat(items)
        }
        _ => hir.clone(),
    }
}

/// Adds the states of `hir` in front of `next`, and gives the first.
fn compile(hir: &Hir, next: usize, states: &mut Vec<State>) -> Result<usize, String> {
    let add = |state: State, states: &mut Vec<State>| {
        if states.len() >= MOST_STATES {
            return Err(format!("look-around together with counts needs more than {MOST_STATES} states"));
        }
        states.push(state);
        Ok(states.len() - 1)
    };
    match hir.kind() {
        HirKind::Empty => Ok(next),
        HirKind::Look(look) => add(State::Look(*look, next), states),
        HirKind::Class(class) => add(State::Class(regex::unicode(class), next), states),
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).map_err(|_| "it matches bytes that are not UTF-8")?;
            text.chars().rev().try_fold(next, |next, c| {
                add(State::Class(ClassUnicode::new([ClassUnicodeRange::new(c, c)]), next), states)
            })
        }
        HirKind::Capture(capture) => compile(&capture.sub, next, states),
        HirKind::Concat(items) => items.iter().rev().try_fold(next, |next, item| compile(item, next, states)),
        HirKind::Alternation(items) => {
            let heads = items.iter().map(|item| compile(item, next, states)).collect::<Result<_, _>>()?;
            add(State::Split(heads), states)
        }
        HirKind::Repetition(repetition) => {
            let mut at = next;
            match repetition.max {
                None => {
                    let head = add(State::Split(vec![next]), states)?;
                    let body = compile(&repetition.sub, head, states)?;
                    if let Some(State::Split(heads)) = states.get_mut(head) {
                        heads.push(body);
                    }
                    at = head;
                }
                Some(max) => {
                    for _ in repetition.min..max {
                        let body = compile(&repetition.sub, at, states)?;
                        at = add(State::Split(vec![body, next]), states)?;
                    }
                }
            }
            for _ in 0..repetition.min {
                at = compile(&repetition.sub, at, states)?;
                // Repetitions of nothing would go round without adding a state.
                add(State::Split(vec![at]), states)?;
            }
            Ok(at)
        }
    }
}

/// The product of the states with what is before and after each.
fn product(states: &[State], start: usize, sides: &[Side], spelling: Spelling) -> Expr {
    type Place = (usize, Side, Side);
    let mut index: HashMap<Place, usize> = HashMap::new();
    let mut places: Vec<Place> = Vec::new();
    let mut steps: Vec<Vec<(Expr, usize)>> = vec![Vec::new(), Vec::new()];
    let (first, last) = (0, 1);
    let mut parts: HashMap<(usize, Side), Expr> = HashMap::new();
    let mut place = |place: Place, places: &mut Vec<Place>, steps: &mut Vec<Vec<(Expr, usize)>>| {
        *index.entry(place).or_insert_with(|| {
            places.push(place);
            steps.push(Vec::new());
            steps.len() - 1
        })
    };
    for &after in sides {
        let to = place((start, Side::Edge, after), &mut places, &mut steps);
        steps[first].push((expr::nothing(), to));
    }
    let mut at = 0;
    while let Some(&(state, before, after)) = places.get(at) {
        let mut out = Vec::new();
        match &states[state] {
            State::Accept if after == Side::Edge => out.push((expr::nothing(), last)),
            State::Accept => {}
            State::Split(heads) => {
                for &head in heads {
                    out.push((expr::nothing(), place((head, before, after), &mut places, &mut steps)));
                }
            }
            State::Look(look, next) => {
                if holds(*look, before, after) {
                    out.push((expr::nothing(), place((*next, before, after), &mut places, &mut steps)));
                }
            }
            State::Class(class, next) => {
                let part = parts
                    .entry((state, after))
                    .or_insert_with(|| regex::spell_class(&restrict(class, after, sides), spelling))
                    .clone();
                if part != Expr::Never {
                    for &then in sides {
                        let to = place((*next, after, then), &mut places, &mut steps);
                        out.push((part.clone(), to));
                    }
                }
            }
        }
        steps[at + 2] = out;
        at += 1;
    }
    trim(steps, first, last)
}

/// Keeps the states from which `last` can be reached.
fn trim(mut steps: Vec<Vec<(Expr, usize)>>, first: usize, last: usize) -> Expr {
    let mut sources: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
    for (from, out) in steps.iter().enumerate() {
        out.iter().for_each(|(_, to)| sources[*to].push(from));
    }
    let mut useful = vec![false; steps.len()];
    let mut pending = vec![last];
    while let Some(at) = pending.pop() {
        if !std::mem::replace(&mut useful[at], true) {
            pending.extend(&sources[at]);
        }
    }
    if !useful[first] {
        return Expr::Never;
    }
    for out in &mut steps {
        out.retain(|(_, to)| useful[*to]);
    }
    let mut empty = vec![false; steps.len()];
    let mut pending = vec![first];
    while let Some(at) = pending.pop() {
        if !std::mem::replace(&mut empty[at], true) {
            pending.extend(steps[at].iter().filter(|(label, _)| *label == expr::nothing()).map(|(_, to)| *to));
        }
    }
    Expr::Machine(Arc::new(Machine { nullable: empty[last], steps, start: first, last }))
}

/// The characters of `class` that are of kind `side`, where only `sides` are told apart.
fn restrict(class: &ClassUnicode, side: Side, sides: &[Side]) -> ClassUnicode {
    let mut out = class.clone();
    if side == Side::Other {
        sides.iter().filter(|other| **other != side).for_each(|other| out.difference(&members(*other)));
    } else {
        out.intersect(&members(side));
    }
    out
}

/// The characters of a kind other than [`Side::Other`].
fn members(side: Side) -> ClassUnicode {
    let range = |from: char, to: char| ClassUnicode::new([ClassUnicodeRange::new(from, to)]);
    let mut word = groups::word().clone();
    match side {
        Side::Edge | Side::Other => ClassUnicode::empty(),
        Side::Lf => range('\n', '\n'),
        Side::Cr => range('\r', '\r'),
        Side::Word => {
            word.intersect(&range('\0', '\x7f'));
            word
        }
        Side::WideWord => {
            word.difference(&range('\0', '\x7f'));
            word
        }
    }
}

/// Whether `look` holds between `before` and `after`; the meaning of `regex-syntax`.
fn holds(look: Look, before: Side, after: Side) -> bool {
    let ascii = |side| side == Side::Word;
    let wide = |side| matches!(side, Side::Word | Side::WideWord);
    match look {
        Look::Start => before == Side::Edge,
        Look::End => after == Side::Edge,
        Look::StartLF => matches!(before, Side::Edge | Side::Lf),
        Look::EndLF => matches!(after, Side::Edge | Side::Lf),
        Look::StartCRLF => match before {
            Side::Edge | Side::Lf => true,
            Side::Cr => after != Side::Lf,
            _ => false,
        },
        Look::EndCRLF => match after {
            Side::Edge | Side::Cr => true,
            Side::Lf => before != Side::Cr,
            _ => false,
        },
        Look::WordAscii => ascii(before) != ascii(after),
        Look::WordAsciiNegate => ascii(before) == ascii(after),
        Look::WordUnicode => wide(before) != wide(after),
        Look::WordUnicodeNegate => wide(before) == wide(after),
        Look::WordStartAscii => !ascii(before) && ascii(after),
        Look::WordEndAscii => ascii(before) && !ascii(after),
        Look::WordStartUnicode => !wide(before) && wide(after),
        Look::WordEndUnicode => wide(before) && !wide(after),
        Look::WordStartHalfAscii => !ascii(before),
        Look::WordEndHalfAscii => !ascii(after),
        Look::WordStartHalfUnicode => !wide(before),
        Look::WordEndHalfUnicode => !wide(after),
    }
}
