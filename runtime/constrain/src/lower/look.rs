//! Removes look-around: a regular expression with `^ $ \b \B` … → an automaton over characters without.
//!
//! An assertion asks about the character before and the one after. So each state of the character automaton is
//! taken once for every kind of character before it and every *guess* of the kind after it; a step must then
//! begin with a character of the guessed kind. States from which the end cannot be reached are dropped, so a
//! wrong guess is never a live state.

use std::collections::HashMap;
use std::sync::Arc;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look, LookSet, Repetition};

use crate::groups;
use crate::lower::expr::{self, Expr, Machine};
use crate::lower::regex::{self, Spelling};

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
    Class(usize, usize),
    Split(Vec<usize>),
    Look(Look, usize),
    Mark(usize, usize),
    Accept,
}

/// A non-deterministic automaton over characters.
pub(crate) struct Nfa {
    /// The classes that its steps name.
    pub classes: Vec<ClassUnicode>,
    /// Steps out of each state.
    pub steps: Vec<Vec<(Label, usize)>>,
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub last: usize,
}

/// What a step asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    Nothing,
    /// A character of this class.
    Class(usize),
    /// That the assertion holds here that the capture group of this number stands for.
    Mark(usize),
}

/// Lowers `hir`, which has look-around; an error is the reason in words.
pub(crate) fn lower(hir: &Hir, spelling: Spelling) -> Result<Expr, String> {
    let mut nfa = automaton(hir, 0)?;
    if !trim(&mut nfa) {
        return Ok(Expr::Never);
    }
    let spelled: Vec<Expr> = nfa.classes.iter().map(|class| regex::spell_class(class, spelling)).collect();
    let label = |label: &Label| match label {
        Label::Class(class) => spelled[*class].clone(),
        Label::Nothing | Label::Mark(_) => expr::nothing(),
    };
    let steps = nfa.steps.iter().map(|out| out.iter().map(|(of, to)| (label(of), *to)).collect());
    let steps: Vec<Vec<(Expr, usize)>> = steps.collect();
    let mut empty = vec![false; steps.len()];
    let mut pending = vec![nfa.start];
    while let Some(at) = pending.pop() {
        if !std::mem::replace(&mut empty[at], true) {
            pending.extend(nfa.steps[at].iter().filter(|(label, _)| *label == Label::Nothing).map(|(_, to)| *to));
        }
    }
    Ok(Expr::Machine(Arc::new(Machine { nullable: empty[nfa.last], steps, start: nfa.start, last: nfa.last })))
}

/// The automaton of the texts that `hir` matches from end to end. Its capture groups of a number below `marks`
/// stand for assertions and match nothing; an error is the reason in words.
pub(crate) fn automaton(hir: &Hir, marks: usize) -> Result<Nfa, String> {
    let mut compiler = Compiler { marks, states: vec![State::Accept], classes: Vec::new() };
    let start = compiler.compile(hir, 0)?;
    let Compiler { states, classes, .. } = compiler;
    if !hir.properties().look_set().is_empty() {
        return Ok(product(&states, start, classes, &sides(hir.properties().look_set())));
    }
    let steps = states.into_iter().map(|state| match state {
        State::Class(class, next) => vec![(Label::Class(class), next)],
        State::Split(heads) => heads.into_iter().map(|head| (Label::Nothing, head)).collect(),
        State::Mark(mark, next) => vec![(Label::Mark(mark), next)],
        State::Look(..) | State::Accept => Vec::new(),
    });
    Ok(Nfa { classes, steps: steps.collect(), start, last: 0 })
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

struct Compiler {
    marks: usize,
    states: Vec<State>,
    classes: Vec<ClassUnicode>,
}

impl Compiler {
    fn add(&mut self, state: State) -> Result<usize, String> {
        if self.states.len() >= MOST_STATES {
            return Err(format!("with its counts written out it needs more than {MOST_STATES} states"));
        }
        self.states.push(state);
        Ok(self.states.len() - 1)
    }

    fn class(&mut self, class: ClassUnicode, next: usize) -> Result<usize, String> {
        let class = intern(&mut self.classes, class);
        self.add(State::Class(class, next))
    }

    /// What is repeated and how often, counts of counts made one where they can be.
    fn repeated<'a>(&self, repetition: &'a Repetition) -> (&'a Hir, u32, Option<u32>) {
        let (mut body, mut min, mut max) = (&*repetition.sub, repetition.min, repetition.max);
        loop {
            match body.kind() {
                HirKind::Capture(capture) if capture.index as usize >= self.marks => body = &capture.sub,
                HirKind::Repetition(inner) => match expr::merged((inner.min, inner.max), (min, max)) {
                    Some(counts) => (body, (min, max)) = (&inner.sub, counts),
                    None => return (body, min, max),
                },
                _ => return (body, min, max),
            }
        }
    }

    /// Adds the states of `hir` in front of `next`, and gives the first.
    fn compile(&mut self, hir: &Hir, next: usize) -> Result<usize, String> {
        match hir.kind() {
            HirKind::Empty => Ok(next),
            HirKind::Look(look) => self.add(State::Look(*look, next)),
            HirKind::Class(class) => self.class(regex::unicode(class), next),
            HirKind::Literal(literal) => {
                let text = std::str::from_utf8(&literal.0).map_err(|_| "it matches bytes that are not UTF-8")?;
                text.chars()
                    .rev()
                    .try_fold(next, |next, c| self.class(ClassUnicode::new([ClassUnicodeRange::new(c, c)]), next))
            }
            HirKind::Capture(capture) if (capture.index as usize) < self.marks => {
                self.add(State::Mark(capture.index as usize, next))
            }
            HirKind::Capture(capture) => self.compile(&capture.sub, next),
            HirKind::Concat(items) => items.iter().rev().try_fold(next, |next, item| self.compile(item, next)),
            HirKind::Alternation(items) => {
                let heads = items.iter().map(|item| self.compile(item, next)).collect::<Result<_, _>>()?;
                self.add(State::Split(heads))
            }
            HirKind::Repetition(repetition) => {
                let (body, min, max) = self.repeated(repetition);
                let mut at = next;
                match max {
                    None => {
                        let head = self.add(State::Split(vec![next]))?;
                        let body = self.compile(body, head)?;
                        if let Some(State::Split(heads)) = self.states.get_mut(head) {
                            heads.push(body);
                        }
                        at = head;
                    }
                    Some(max) => {
                        for _ in min..max {
                            let body = self.compile(body, at)?;
                            at = self.add(State::Split(vec![body, next]))?;
                        }
                    }
                }
                for _ in 0..min {
                    at = self.compile(body, at)?;
                    // Repetitions of nothing would go round without adding a state.
                    self.add(State::Split(vec![at]))?;
                }
                Ok(at)
            }
        }
    }
}

/// The index of `class` in `classes`, where it is added unless it is there.
fn intern(classes: &mut Vec<ClassUnicode>, class: ClassUnicode) -> usize {
    classes.iter().position(|known| *known == class).unwrap_or_else(|| {
        classes.push(class);
        classes.len() - 1
    })
}

/// The product of the states with what is before and after each.
fn product(states: &[State], start: usize, mut classes: Vec<ClassUnicode>, sides: &[Side]) -> Nfa {
    type Place = (usize, Side, Side);
    let mut index: HashMap<Place, usize> = HashMap::new();
    let mut places: Vec<Place> = Vec::new();
    let mut steps: Vec<Vec<(Label, usize)>> = vec![Vec::new(), Vec::new()];
    let (first, last) = (0, 1);
    let mut parts: HashMap<(usize, Side), Option<usize>> = HashMap::new();
    let mut place = |place: Place, places: &mut Vec<Place>| {
        *index.entry(place).or_insert_with(|| {
            places.push(place);
            places.len() + 1
        })
    };
    for &after in sides {
        steps[first].push((Label::Nothing, place((start, Side::Edge, after), &mut places)));
    }
    let mut at = 0;
    while let Some(&(state, before, after)) = places.get(at) {
        let mut out = Vec::new();
        match &states[state] {
            State::Accept if after == Side::Edge => out.push((Label::Nothing, last)),
            State::Accept => {}
            State::Split(heads) => {
                for &head in heads {
                    out.push((Label::Nothing, place((head, before, after), &mut places)));
                }
            }
            State::Look(look, next) => {
                if holds(*look, before, after) {
                    out.push((Label::Nothing, place((*next, before, after), &mut places)));
                }
            }
            State::Mark(mark, next) => out.push((Label::Mark(*mark), place((*next, before, after), &mut places))),
            State::Class(class, next) => {
                let part = *parts.entry((*class, after)).or_insert_with(|| {
                    let part = restrict(&classes[*class], after, sides);
                    (!part.ranges().is_empty()).then(|| intern(&mut classes, part))
                });
                if let Some(part) = part {
                    for &then in sides {
                        out.push((Label::Class(part), place((*next, after, then), &mut places)));
                    }
                }
            }
        }
        steps.push(out);
        at += 1;
    }
    Nfa { classes, steps, start: first, last }
}

/// Drops the steps from which the end cannot be reached; false if it cannot be reached at all.
fn trim(nfa: &mut Nfa) -> bool {
    let mut sources: Vec<Vec<usize>> = vec![Vec::new(); nfa.steps.len()];
    for (from, out) in nfa.steps.iter().enumerate() {
        out.iter().for_each(|(_, to)| sources[*to].push(from));
    }
    let mut useful = vec![false; nfa.steps.len()];
    let mut pending = vec![nfa.last];
    while let Some(at) = pending.pop() {
        if !std::mem::replace(&mut useful[at], true) {
            pending.extend(&sources[at]);
        }
    }
    for out in &mut nfa.steps {
        out.retain(|(_, to)| useful[*to]);
    }
    useful[nfa.start]
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
