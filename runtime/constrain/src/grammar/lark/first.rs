//! A terminal's regular expression → the texts that a backtracking matcher takes for it.
//!
//! Lark finds a terminal by matching its pattern where the text stands, and then by matching it again in all that is
//! shorter. So a text is one of the terminal's exactly if the *first* match in it, in the order in which Python tries
//! the ways, is the whole of it: in `/".*?"/` the string ends at the first quote, and `/a|ab/` never matches `ab`.
//! These texts are regular: a deterministic automaton whose states are ordered lists of threads, cut behind the first
//! that has ended (Pike's simulation, made an automaton as RE2 does).
//!
//! A look-behind runs its automaton beside the threads. A look-ahead is a duty that a thread takes along; a thread that
//! ends with a duty open cuts the others only once the duty is done. Both see the text of the terminal alone: an
//! assertion that asks what stands beside it is refused.

use std::collections::{HashMap, HashSet};

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look};

use super::python::{Check, check_of};
use crate::groups;
use crate::lower::expr::{self, Expr};
use crate::lower::regex::{self, Spelling};

/// States of the automaton with choices at most; counts are unrolled here.
const MOST_STATES: usize = 20_000;
/// Threads followed at most.
const MOST_WORK: usize = 200_000;

/// Why a pattern is no terminal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It matches no text.
    Never,
    /// It matches the empty text.
    Empty,
    /// An assertion asks about what stands before the terminal.
    Before,
    /// An assertion asks about what stands behind the terminal.
    Behind,
    /// It uses what is not supported.
    Unsupported(&'static str),
    /// Its automaton is too large.
    Large,
}

/// The texts of a terminal.
#[derive(Debug)]
pub(super) struct Terminal {
    /// Its automaton; none if that is too large.
    dfa: Option<Dfa>,
    /// The pattern itself, where all that it matches are texts of the terminal.
    hir: Option<Hir>,
}

impl Terminal {
    /// The texts of `hir`, whose named groups stand for `checks`.
    pub fn new(hir: &Hir, checks: &[Check]) -> Result<Self, Why> {
        let asserts = asserts(hir);
        let built = Builder::new(hir, checks).and_then(|mut builder| {
            let mut dfa = builder.build()?;
            dfa.trim()?;
            Ok((dfa, builder.cuts))
        });
        match built {
            Ok((dfa, cuts)) => Ok(Self { dfa: Some(dfa), hir: (!cuts && !asserts).then(|| hir.clone()) }),
            // Without assertions and lazy counts, a pattern too large for this order counts with all its texts.
            Err(Why::Large) if !asserts && !is_lazy(hir) => match hir.properties().minimum_len() {
                None => Err(Why::Never),
                Some(0) => Err(Why::Empty),
                Some(_) => Ok(Self { dfa: None, hir: Some(hir.clone()) }),
            },
            Err(why) => Err(why),
        }
    }

    /// The texts, each character spelled as `spelling` says.
    pub fn expr(&self, spelling: Spelling) -> Result<Expr, Why> {
        match (&self.hir, &self.dfa) {
            (Some(hir), _) => regex::expression(hir, spelling).map_err(|_| Why::Large),
            (None, Some(dfa)) => Ok(dfa.expr(None, None, spelling)),
            (None, None) => Err(Why::Large),
        }
    }

    /// The characters that texts begin with.
    pub fn begins(&self) -> ClassUnicode {
        match &self.dfa {
            Some(dfa) => dfa.out_of(0),
            None => ClassUnicode::new([ClassUnicodeRange::new('\0', char::MAX)]),
        }
    }

    /// The texts by the characters with which a longer text would go on: these characters, and states that end them.
    pub fn longest(&self) -> Result<Vec<(ClassUnicode, Vec<usize>)>, Why> {
        let Some(dfa) = &self.dfa else { return Err(Why::Large) };
        let mut out: Vec<(ClassUnicode, Vec<usize>)> = Vec::new();
        for state in (0..dfa.accepts.len()).filter(|state| dfa.accepts[*state]) {
            let mut longer = ClassUnicode::empty();
            for (to, class) in dfa.steps[state].iter().zip(&dfa.groups) {
                if to.is_some_and(|to| dfa.accepts[to]) {
                    longer.union(class);
                }
            }
            match out.iter_mut().find(|(known, _)| *known == longer) {
                Some((_, states)) => states.push(state),
                None => out.push((longer, vec![state])),
            }
        }
        Ok(out)
    }

    /// The texts that end in one of `ends`, if given, and begin with no character of `not`.
    pub fn part(&self, not: &ClassUnicode, ends: Option<&[usize]>, spelling: Spelling) -> Result<Expr, Why> {
        Ok(self.dfa.as_ref().ok_or(Why::Large)?.expr(Some(not), ends, spelling))
    }
}

fn any_part(hir: &Hir, of: &impl Fn(&Hir) -> bool) -> bool {
    of(hir)
        || match hir.kind() {
            HirKind::Repetition(repetition) => any_part(&repetition.sub, of),
            HirKind::Capture(capture) => any_part(&capture.sub, of),
            HirKind::Concat(items) | HirKind::Alternation(items) => items.iter().any(|item| any_part(item, of)),
            _ => false,
        }
}

fn asserts(hir: &Hir) -> bool {
    any_part(hir, &|part| match part.kind() {
        HirKind::Look(_) => true,
        HirKind::Capture(capture) => capture.name.as_deref().and_then(check_of).is_some(),
        _ => false,
    })
}

fn is_lazy(hir: &Hir) -> bool {
    any_part(hir, &|part| matches!(part.kind(), HirKind::Repetition(repetition) if !repetition.greedy))
}

/// A state of the automaton with choices.
#[derive(Debug)]
enum State {
    /// The end of the pattern, here.
    Accept,
    /// The end of the pattern, further up.
    Ended,
    /// A character of the class of this number.
    Class(usize, u32),
    /// Any of these, the first one first.
    Split(Vec<u32>),
    /// Whether the look-around of this number holds.
    Check(usize, u32),
    /// Whether nothing stands before.
    Start(u32),
}

const ACCEPT: u32 = 0;
const ENDED: u32 = 1;

/// A look-around as states.
#[derive(Debug, Clone, Copy)]
struct Assertion {
    start: u32,
    ahead: bool,
    negative: bool,
}

/// A state, and what must hold of the text that follows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Thread {
    state: u32,
    duties: Vec<Duty>,
}

/// That one of these threads must come to its end, or none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Duty {
    negative: bool,
    threads: Vec<Thread>,
}

impl Duty {
    /// Whether it is decided, and how.
    fn settled(&self) -> Option<bool> {
        let ended = |thread: &Thread| thread.state == ACCEPT && thread.duties.is_empty();
        match self.threads.iter().any(ended) {
            true => Some(!self.negative),
            false if self.threads.is_empty() => Some(self.negative),
            false => None,
        }
    }

    /// Whether it holds if the text ends here.
    fn holds_at_end(&self) -> bool {
        let ended = |thread: &Thread| thread.state == ACCEPT && thread.duties.iter().all(Duty::holds_at_end);
        self.threads.iter().any(ended) != self.negative
    }
}

/// What is known where the threads are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Here {
    /// Whether no character has been read.
    at_start: bool,
    /// For each look-behind, the states of its automaton.
    behind: Vec<Vec<u32>>,
}

/// A deterministic automaton over groups of characters.
#[derive(Debug)]
struct Dfa {
    groups: Vec<ClassUnicode>,
    /// For each state, where the groups lead, if anywhere.
    steps: Vec<Vec<Option<usize>>>,
    accepts: Vec<bool>,
}

struct Builder {
    states: Vec<State>,
    classes: Vec<ClassUnicode>,
    assertions: Vec<Assertion>,
    start: u32,
    /// For each class, whether it has each group.
    has: Vec<Vec<bool>>,
    groups: Vec<ClassUnicode>,
    work: usize,
    /// Whether an end cut threads off that had not ended.
    cuts: bool,
}

impl Builder {
    fn new(hir: &Hir, checks: &[Check]) -> Result<Self, Why> {
        let mut out = Self {
            states: vec![State::Accept, State::Ended],
            classes: Vec::new(),
            assertions: Vec::new(),
            start: ACCEPT,
            has: Vec::new(),
            groups: Vec::new(),
            work: 0,
            cuts: false,
        };
        out.start = out.compile(hir, checks, ACCEPT, false)?;
        out.partition();
        Ok(out)
    }

    fn add(&mut self, state: State) -> Result<u32, Why> {
        if self.states.len() >= MOST_STATES {
            return Err(Why::Large);
        }
        self.states.push(state);
        Ok(self.states.len() as u32 - 1)
    }

    fn add_class(&mut self, class: &ClassUnicode, next: u32) -> Result<u32, Why> {
        let index = self.classes.iter().position(|known| known == class).unwrap_or_else(|| {
            self.classes.push(class.clone());
            self.classes.len() - 1
        });
        self.add(State::Class(index, next))
    }

    fn add_check(&mut self, start: u32, ahead: bool, negative: bool, next: u32) -> Result<u32, Why> {
        self.assertions.push(Assertion { start, ahead, negative });
        self.add(State::Check(self.assertions.len() - 1, next))
    }

    /// The states of `hir` in front of `next`; in a look-behind where `behind`.
    fn compile(&mut self, hir: &Hir, checks: &[Check], next: u32, behind: bool) -> Result<u32, Why> {
        match hir.kind() {
            HirKind::Empty => Ok(next),
            HirKind::Class(class) => self.add_class(&regex::unicode(class), next),
            HirKind::Literal(literal) => {
                let text = std::str::from_utf8(&literal.0).map_err(|_| Why::Unsupported("bytes that are no text"))?;
                text.chars()
                    .rev()
                    .try_fold(next, |next, c| self.add_class(&ClassUnicode::new([ClassUnicodeRange::new(c, c)]), next))
            }
            HirKind::Look(look) => self.look(*look, next, behind),
            HirKind::Capture(capture) => {
                let check = capture.name.as_deref().and_then(check_of).and_then(|index| checks.get(index));
                let Some(check) = check else { return self.compile(&capture.sub, checks, next, behind) };
                if behind {
                    return Err(Why::Unsupported("look-around inside a look-behind"));
                }
                let start = self.compile(&check.hir, checks, ACCEPT, !check.ahead)?;
                self.add_check(start, check.ahead, check.negative, next)
            }
            HirKind::Concat(items) => {
                items.iter().rev().try_fold(next, |next, item| self.compile(item, checks, next, behind))
            }
            HirKind::Alternation(items) => {
                let heads = items.iter().map(|item| self.compile(item, checks, next, behind));
                let heads = heads.collect::<Result<_, _>>()?;
                self.add(State::Split(heads))
            }
            HirKind::Repetition(repetition) => {
                let order = |body: u32, past: u32| {
                    State::Split(if repetition.greedy { vec![body, past] } else { vec![past, body] })
                };
                let mut at = next;
                match repetition.max {
                    None => {
                        at = self.add(State::Split(Vec::new()))?;
                        let body = self.compile(&repetition.sub, checks, at, behind)?;
                        if let Some(head) = self.states.get_mut(at as usize) {
                            *head = order(body, next);
                        }
                    }
                    Some(max) => {
                        for _ in repetition.min..max {
                            let body = self.compile(&repetition.sub, checks, at, behind)?;
                            at = self.add(order(body, next))?;
                        }
                    }
                }
                for _ in 0..repetition.min {
                    at = self.compile(&repetition.sub, checks, at, behind)?;
                    // Repetitions of nothing would go round without adding a state.
                    at = self.add(State::Split(vec![at]))?;
                }
                Ok(at)
            }
        }
    }

    fn look(&mut self, look: Look, next: u32, behind: bool) -> Result<u32, Why> {
        let range = |from: char, to: char| ClassUnicode::new([ClassUnicodeRange::new(from, to)]);
        let mut word = groups::word().clone();
        if matches!(look, Look::WordAscii | Look::WordAsciiNegate) {
            word.intersect(&range('\0', '\x7f'));
        }
        if behind && look != Look::Start {
            return Err(Why::Unsupported("an anchor or `\\b` inside a look-behind"));
        }
        match look {
            Look::Start => self.add(State::Start(next)),
            Look::StartLF | Look::StartCRLF => {
                let line = self.add_class(&range('\n', '\n'), ACCEPT)?;
                let start = self.add(State::Start(ACCEPT))?;
                let either = self.add(State::Split(vec![start, line]))?;
                self.add_check(either, false, false, next)
            }
            Look::End => {
                let more = self.add_class(&range('\0', char::MAX), ACCEPT)?;
                self.add_check(more, true, true, next)
            }
            Look::EndLF | Look::EndCRLF => {
                let mut rest = range('\n', '\n');
                rest.negate();
                let more = self.add_class(&rest, ACCEPT)?;
                self.add_check(more, true, true, next)
            }
            Look::WordAscii | Look::WordUnicode | Look::WordAsciiNegate | Look::WordUnicodeNegate => {
                let differs = matches!(look, Look::WordAscii | Look::WordUnicode);
                let one = self.add_class(&word, ACCEPT)?;
                let mut ways = Vec::new();
                for before in [true, false] {
                    let after = self.add_check(one, true, before == differs, next)?;
                    ways.push(self.add_check(one, false, !before, after)?);
                }
                self.add(State::Split(ways))
            }
            _ => Err(Why::Unsupported("`\\b{…}`")),
        }
    }

    /// The characters that no class tells apart are one group.
    fn partition(&mut self) {
        let mut cuts: Vec<u32> = vec![0, 0xd800, 0xe000];
        for range in self.classes.iter().flat_map(|class| class.ranges()) {
            cuts.extend([u32::from(range.start()), u32::from(range.end()) + 1]);
        }
        cuts.sort_unstable();
        cuts.dedup();
        let mut known: HashMap<Vec<usize>, Vec<ClassUnicodeRange>> = HashMap::new();
        for (at, from) in cuts.iter().enumerate() {
            let to = cuts.get(at + 1).map_or(u32::from(char::MAX), |next| next - 1);
            let (Some(from), Some(to)) = (char::from_u32(*from), char::from_u32(to)) else { continue };
            let holds = |class: &ClassUnicode| {
                let ranges = class.ranges();
                ranges.get(ranges.partition_point(|range| range.end() < from)).is_some_and(|r| r.start() <= from)
            };
            let of: Vec<usize> = (0..self.classes.len()).filter(|class| holds(&self.classes[*class])).collect();
            if !of.is_empty() {
                known.entry(of).or_default().push(ClassUnicodeRange::new(from, to));
            }
        }
        let mut parts: Vec<(Vec<usize>, Vec<ClassUnicodeRange>)> = known.into_iter().collect();
        parts.sort_unstable_by_key(|(_, ranges)| ranges.first().map(ClassUnicodeRange::start));
        self.has = vec![vec![false; parts.len()]; self.classes.len()];
        for (group, (of, ranges)) in parts.into_iter().enumerate() {
            of.into_iter().for_each(|class| self.has[class][group] = true);
            self.groups.push(ClassUnicode::new(ranges));
        }
    }

    fn build(&mut self) -> Result<Dfa, Why> {
        let mut dfa = Dfa { groups: self.groups.clone(), steps: Vec::new(), accepts: Vec::new() };
        let mut here = Here { at_start: true, behind: vec![Vec::new(); self.assertions.len()] };
        here.behind = self.behind(&here, None);
        let mut list = Vec::new();
        self.close(Thread { state: self.start, duties: Vec::new() }, &here, &mut HashSet::new(), &mut list, true)?;
        if accepts(&list) {
            return Err(Why::Empty);
        }
        let mut known: HashMap<(Here, Vec<Thread>), usize> = HashMap::from([((here.clone(), list.clone()), 0)]);
        let mut places = vec![(here, list)];
        while let Some((here, list)) = places.get(dfa.steps.len()).cloned() {
            dfa.accepts.push(accepts(&list));
            let mut out = Vec::with_capacity(self.groups.len());
            for group in 0..self.groups.len() {
                let mut next = Here { at_start: false, behind: Vec::new() };
                next.behind = self.behind(&here, Some(group));
                let threads = self.step(&list, group, &next)?;
                if threads.iter().all(|thread| thread.state == ENDED) {
                    out.push(None);
                    continue;
                }
                let fresh = places.len();
                let to = *known.entry((next.clone(), threads.clone())).or_insert(fresh);
                if to == fresh {
                    places.push((next, threads));
                }
                out.push(Some(to));
            }
            dfa.steps.push(out);
        }
        Ok(dfa)
    }

    /// The threads after a character of `group`, in order, cut behind the first that has surely ended.
    fn step(&mut self, list: &[Thread], group: usize, here: &Here) -> Result<Vec<Thread>, Why> {
        let (mut out, mut seen) = (Vec::new(), HashSet::new());
        for (at, thread) in list.iter().enumerate() {
            let next = match self.states.get(thread.state as usize) {
                Some(State::Class(class, next)) if self.has[*class][group] => *next,
                Some(State::Accept | State::Ended) => ENDED,
                _ => continue,
            };
            let Some(duties) = self.step_duties(&thread.duties, group, here)? else { continue };
            if next == ENDED && duties.is_empty() {
                self.cuts |= at + 1 < list.len();
                break;
            }
            if self.close(Thread { state: next, duties }, here, &mut seen, &mut out, true)? {
                self.cuts |= at + 1 < list.len();
                break;
            }
        }
        Ok(out)
    }

    /// What is left of `duties`; none where one of them fails.
    fn step_duties(&mut self, duties: &[Duty], group: usize, here: &Here) -> Result<Option<Vec<Duty>>, Why> {
        let mut out = Vec::new();
        for duty in duties {
            let (mut threads, mut seen) = (Vec::new(), HashSet::new());
            for thread in &duty.threads {
                let next = match self.states.get(thread.state as usize) {
                    Some(State::Class(class, next)) if self.has[*class][group] => *next,
                    Some(State::Accept) => ACCEPT,
                    _ => continue,
                };
                if let Some(duties) = self.step_duties(&thread.duties, group, here)? {
                    self.close(Thread { state: next, duties }, here, &mut seen, &mut threads, false)?;
                }
            }
            threads.sort_unstable();
            let duty = Duty { negative: duty.negative, threads };
            match duty.settled() {
                Some(true) => {}
                Some(false) => return Ok(None),
                None => out.push(duty),
            }
        }
        out.sort_unstable();
        out.dedup();
        Ok(Some(out))
    }

    /// Follows what reads no character, in order. True if a thread of the pattern itself (`main`) has surely ended,
    /// so that nothing behind it counts.
    fn close(
        &mut self,
        from: Thread,
        here: &Here,
        seen: &mut HashSet<Thread>,
        out: &mut Vec<Thread>,
        main: bool,
    ) -> Result<bool, Why> {
        // With each thread: whether it has taken on a duty here.
        let mut pending = vec![(from, false)];
        while let Some((thread, fresh)) = pending.pop() {
            if !seen.insert(thread.clone()) {
                continue;
            }
            self.work += 1 + thread.duties.len();
            if self.work > MOST_WORK {
                return Err(Why::Large);
            }
            let go = |state: u32| Thread { state, duties: thread.duties.clone() };
            match self.states.get(thread.state as usize) {
                Some(State::Split(heads)) => pending.extend(heads.iter().rev().map(|head| (go(*head), fresh))),
                Some(State::Start(_)) if main && here.at_start => return Err(Why::Before),
                Some(State::Start(next)) if here.at_start => pending.push((go(*next), fresh)),
                Some(State::Check(index, next)) => {
                    let (index, next) = (*index, *next);
                    let Some(check) = self.assertions.get(index).copied() else { continue };
                    if !check.ahead {
                        if main && here.at_start {
                            return Err(Why::Before);
                        }
                        if here.behind.get(index).is_some_and(|set| set.contains(&ACCEPT)) != check.negative {
                            pending.push((go(next), fresh));
                        }
                        continue;
                    }
                    let mut threads = Vec::new();
                    let start = Thread { state: check.start, duties: Vec::new() };
                    self.close(start, here, &mut HashSet::new(), &mut threads, false)?;
                    threads.sort_unstable();
                    let duty = Duty { negative: check.negative, threads };
                    match duty.settled() {
                        Some(true) => pending.push((go(next), fresh)),
                        Some(false) => {}
                        None => {
                            let mut thread = go(next);
                            thread.duties.push(duty);
                            thread.duties.sort_unstable();
                            thread.duties.dedup();
                            pending.push((thread, true));
                        }
                    }
                }
                Some(State::Accept) if main => {
                    if fresh {
                        return Err(Why::Behind);
                    }
                    let ended = thread.duties.is_empty();
                    out.push(thread);
                    if ended {
                        self.cuts |= !pending.is_empty();
                        return Ok(true);
                    }
                }
                Some(State::Accept | State::Ended | State::Class(..)) => out.push(thread),
                _ => {}
            }
        }
        Ok(false)
    }

    /// The states of the look-behinds after a character of `group`, or at the start.
    fn behind(&self, here: &Here, group: Option<usize>) -> Vec<Vec<u32>> {
        let sets = self.assertions.iter().enumerate().map(|(index, check)| {
            if check.ahead {
                return Vec::new();
            }
            let mut set: Vec<u32> = Vec::new();
            let mut pending = vec![check.start];
            for state in here.behind.get(index).into_iter().flatten() {
                match (self.states.get(*state as usize), group) {
                    (Some(State::Class(class, next)), Some(group)) if self.has[*class][group] => pending.push(*next),
                    _ => {}
                }
            }
            let mut seen = HashSet::new();
            while let Some(state) = pending.pop() {
                if !seen.insert(state) {
                    continue;
                }
                match self.states.get(state as usize) {
                    Some(State::Split(heads)) => pending.extend(heads),
                    Some(State::Start(next)) if group.is_none() => pending.push(*next),
                    Some(State::Class(..) | State::Accept) => set.push(state),
                    _ => {}
                }
            }
            set.sort_unstable();
            set
        });
        sets.collect()
    }
}

/// Whether a text may end where the threads are.
fn accepts(list: &[Thread]) -> bool {
    let ended = list
        .iter()
        .find(|thread| matches!(thread.state, ACCEPT | ENDED) && thread.duties.iter().all(Duty::holds_at_end));
    ended.is_some_and(|thread| thread.state == ACCEPT)
}

impl Dfa {
    /// Keeps the steps from which a text can end.
    fn trim(&mut self) -> Result<(), Why> {
        let mut sources: Vec<Vec<usize>> = vec![Vec::new(); self.steps.len()];
        for (from, steps) in self.steps.iter().enumerate() {
            steps.iter().flatten().for_each(|to| sources[*to].push(from));
        }
        let mut useful = vec![false; self.steps.len()];
        let mut pending: Vec<usize> = (0..self.steps.len()).filter(|state| self.accepts[*state]).collect();
        while let Some(state) = pending.pop() {
            if !std::mem::replace(&mut useful[state], true) {
                pending.extend(&sources[state]);
            }
        }
        for to in self.steps.iter_mut().flatten() {
            *to = to.filter(|to| useful[*to]);
        }
        if useful.first() == Some(&true) { Ok(()) } else { Err(Why::Never) }
    }

    /// The characters of the steps out of `state`.
    fn out_of(&self, state: usize) -> ClassUnicode {
        let mut out = ClassUnicode::empty();
        let steps = self.steps.get(state).into_iter().flatten().zip(&self.groups);
        steps.filter(|(to, _)| to.is_some()).for_each(|(_, class)| out.union(class));
        out
    }

    /// The texts that begin with no character of `not` and end in one of `ends`.
    fn expr(&self, not: Option<&ClassUnicode>, ends: Option<&[usize]>, spelling: Spelling) -> Expr {
        let first = self.steps.len();
        let last = first + 1;
        let mut out: Vec<Vec<(Expr, usize)>> = Vec::with_capacity(last + 1);
        for state in (0..first).chain([0]) {
            let not = not.filter(|_| out.len() == first);
            let mut classes: Vec<(usize, ClassUnicode)> = Vec::new();
            for (to, class) in self.steps[state].iter().zip(&self.groups) {
                let Some(to) = *to else { continue };
                match classes.iter_mut().find(|(known, _)| *known == to) {
                    Some((_, known)) => known.union(class),
                    None => classes.push((to, class.clone())),
                }
            }
            let mut steps = Vec::with_capacity(classes.len() + 1);
            for (to, mut class) in classes {
                not.into_iter().for_each(|not| class.difference(not));
                steps.push((regex::spell_class(&class, spelling), to));
            }
            if self.accepts[state] && ends.is_none_or(|ends| ends.contains(&state)) {
                steps.push((expr::nothing(), last));
            }
            out.push(steps);
        }
        out.push(Vec::new());
        expr::machine(out, first, last)
    }
}
