//! Texts that must differ: of the items of an array, of the names of counted properties.
//!
//! While such a text is written, the place holds it; at its end it joins the texts that were used. A thread inside one is
//! dropped as soon as all that it can still become is barred: was used, or would leave too few for the turns to come.
//! The lean language writes one given text, the shortest that does it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::stack::{Stack, is_filler};
use super::{BOTTOM, Frame, Graph, LITERAL, StackId, StateId, Tables, TextId, Thread};
use crate::cost::{self, NEVER, UNSPELLED};
use crate::error::ConstrainError;
use crate::network::{Machine, Node, NodeId};
use crate::turns::{Move, Seen, Turns};

/// States looked at for one place at most to find out whether different texts are left; what is not found by then is not allowed.
const MOST_TRIES: usize = 5_000;
/// Texts that are listed of one language at most.
const MOST_LISTED: usize = 4_096;
/// Places kept while texts are listed.
const MOST_AHEAD: usize = 20_000;
/// Bytes of a text that is chosen for its shortness.
const LONGEST: usize = 1 << 16;

/// What may become a text: bytes at least, the text so far, where it leads, whether it is whole.
type Begun = (u32, Vec<u8>, StateId, bool);

/// The shortest texts of a language, as far as they were asked for.
#[derive(Debug, Default)]
pub(super) struct Listing {
    found: Vec<TextId>,
    ahead: BinaryHeap<Reverse<Begun>>,
    begun: bool,
    /// Whether texts are being looked for.
    busy: bool,
}

/// `used` and `text`.
fn with(used: &[TextId], text: TextId) -> Box<[TextId]> {
    let at = used.partition_point(|other| *other < text);
    let (below, above) = used.split_at(at);
    below.iter().chain([&text]).chain(above).copied().collect()
}

/// The turn that is taken first on a short way to the end.
pub(super) struct First {
    /// From its beginning to behind the machine.
    pub cost: u32,
    way: Move,
    /// The text it captures.
    text: Option<TextId>,
    next: Seen,
}

/// The first capture that is open on a stack.
struct Outer<'a> {
    /// What lies above it, from the top.
    above: Vec<Frame>,
    /// The stack with it on top.
    held: StackId,
    start: usize,
    /// The node at its end.
    end: NodeId,
    machine: u32,
    turns: &'a Turns,
    /// What is seen after the turn.
    seen: Seen,
    /// Below the machine's frame.
    below: StackId,
}

impl Graph {
    /// The machines whose parts must differ, and have too few different texts for that: there is no way through them.
    pub fn scarce(&mut self, tables: &Tables) -> Result<Vec<u32>, ConstrainError> {
        let mut out = Vec::new();
        self.nested += 1;
        for (machine, of) in (0..).zip(&tables.net.machines) {
            let Machine::Turns(turns) = of else { continue };
            if !turns.distinct || turns.accepts(&turns.start()) {
                continue;
            }
            self.tries = 0;
            if self.planned(tables, machine, turns, &turns.start()).is_none() {
                if self.tries >= MOST_TRIES {
                    return Err(ConstrainError::Limit {
                        what: "texts looked at for parts that differ",
                        limit: MOST_TRIES,
                    });
                }
                out.push(machine);
            }
        }
        self.nested -= 1;
        Ok(out)
    }

    /// The turns after `seen` that lead to an end.
    pub(super) fn distinct_turns(
        &mut self,
        tables: &Tables,
        (machine, turns): (u32, &Turns),
        seen: &Seen,
        stack: StackId,
    ) -> Vec<Thread> {
        let mut out = Vec::new();
        for (way, mut next) in self.ways(tables, machine, turns, seen) {
            match captured(tables, &way) {
                Some((body, _)) => {
                    next.barred = self.barred(tables, machine, turns, &next);
                    if !next.barred.is_empty() {
                        let start = self.enter(tables, body, BOTTOM, false);
                        if self.escape(tables, start, &[], &next.barred).is_none() {
                            continue;
                        }
                    }
                }
                None if self.number(tables, machine, turns, next.clone()).1 == NEVER => continue,
                None => {}
            }
            let (state, _) = self.number(tables, machine, turns, next);
            let stack = self.push(tables, Frame::Turn { machine, state }, stack);
            out.push(Thread { node: way.body, stack });
        }
        out
    }

    /// The one turn that the lean language takes after `seen`, where the place holds `text`.
    pub(super) fn planned_turn(
        &mut self,
        tables: &Tables,
        (machine, turns): (u32, &Turns),
        seen: &Seen,
        text: TextId,
        stack: StackId,
    ) -> Option<Thread> {
        let first = self.planned(tables, machine, turns, seen)?;
        let mut next = first.next;
        if first.text.is_some() {
            // It is added when it has been read.
            next.used = seen.used.clone();
        }
        let (state, _) = self.number(tables, machine, turns, next);
        let stack = self.push(tables, Frame::Turn { machine, state }, stack);
        let Some((text_id, (_, end))) = first.text.zip(captured(tables, &first.way)) else {
            return Some(Thread { node: first.way.body, stack });
        };
        let start = self.text(text).len() as u32;
        let stack = self.push(tables, Frame::Capture { start, end }, stack);
        Some(self.read(tables, Frame::Literal { text: text_id, at: 0, then: end }, stack))
    }

    /// The moves after `seen` that may lead to an end, those that lead there soonest first.
    fn ways(&self, tables: &Tables, machine: u32, turns: &Turns, seen: &Seen) -> Vec<(Move, Seen)> {
        let mut out = Vec::new();
        turns.each(seen, |way, next| {
            let cost = cost::sum(tables.costs.node(way.body), tables.costs.after(machine, turns, &next));
            if cost < NEVER {
                out.push((cost, way, next));
            }
        });
        out.sort_by_key(|(cost, ..)| *cost);
        out.into_iter().map(|(_, way, next)| (way, next)).collect()
    }

    /// A short way from behind the comma after `seen` to the end, if there is one.
    pub(super) fn planned(&mut self, tables: &Tables, machine: u32, turns: &Turns, seen: &Seen) -> Option<First> {
        let accepts = turns.accepts(seen);
        for (way, mut next) in self.ways(tables, machine, turns, seen) {
            // A turn that counts for nothing brings the end no nearer.
            if !accepts && (next.cell, next.place, &next.slots) == (seen.cell, seen.place, &seen.slots) {
                continue;
            }
            let Some((body, end)) = captured(tables, &way) else {
                let cost = self.number(tables, machine, turns, next.clone()).1;
                let cost = cost::sum(tables.costs.node(way.body), cost);
                if cost < NEVER {
                    return Some(First { cost, way, text: None, next });
                }
                continue;
            };
            // Other turns take so many of its texts at most.
            let need = missing(turns, &next) + 1;
            let texts = self.list(tables, body, need + seen.used.len());
            let fresh: Vec<TextId> = texts.into_iter().filter(|text| !seen.used.contains(text)).take(need).collect();
            for text in fresh {
                self.tries += 1;
                if self.tries > MOST_TRIES {
                    return None;
                }
                next.used = with(&seen.used, text);
                let cost = cost::sum(self.number(tables, machine, turns, next.clone()).1, tables.costs.node(end));
                let cost = cost::sum(cost, self.text(text).len() as u32);
                if cost < NEVER {
                    return Some(First { cost, way, text: Some(text), next });
                }
            }
        }
        None
    }

    /// Bytes from after a turn to behind the machine.
    pub(super) fn distinct_cost(&mut self, tables: &Tables, machine: u32, turns: &Turns, seen: &Seen) -> u32 {
        if turns.accepts(seen) {
            return tables.costs.node(turns.exit);
        }
        if tables.costs.after(machine, turns, seen) == NEVER {
            return NEVER;
        }
        let first = self.planned(tables, machine, turns, seen);
        first.map_or(NEVER, |first| cost::sum(first.cost, tables.costs.node(turns.comma)))
    }

    /// The texts that a turn must not have after which `next` is seen.
    fn barred(&mut self, tables: &Tables, machine: u32, turns: &Turns, next: &Seen) -> Box<[TextId]> {
        if turns.accepts(next) {
            return next.used.clone();
        }
        let many = missing(turns, next) + next.used.len() + 1;
        let mut scarce: Vec<TextId> = Vec::new();
        for way in &turns.moves {
            if let Some((body, _)) = captured(tables, way) {
                let texts = self.list(tables, body, many);
                if texts.len() < many {
                    scarce.extend(texts);
                }
            }
        }
        scarce.sort_unstable();
        scarce.dedup();
        let mut out = next.used.to_vec();
        for text in scarce {
            if !next.used.contains(&text) {
                let after = Seen { used: with(&next.used, text), ..next.clone() };
                if self.number(tables, machine, turns, after).1 == NEVER {
                    out.push(text);
                }
            }
        }
        out.sort_unstable();
        out.into()
    }

    /// The `most` shortest texts that `body` captures, or all.
    fn list(&mut self, tables: &Tables, body: NodeId, most: usize) -> Vec<TextId> {
        let most = most.min(MOST_LISTED);
        let listing = self.listings.entry(body).or_default();
        if listing.busy || listing.found.len() >= most {
            // Inside a text of the same language only shorter ones can stand, and those are found already.
            return listing.found.iter().take(most).copied().collect();
        }
        let begun = std::mem::replace(&mut listing.begun, true);
        listing.busy = true;
        let mut ahead = std::mem::take(&mut listing.ahead);
        let before = ahead.len();
        let mut found = listing.found.clone();
        if !begun {
            let start = self.enter(tables, body, BOTTOM, false);
            if Self::is_live(start) {
                ahead.push(Reverse((self.state(start).cost, Vec::new(), start, false)));
            }
        }
        self.nested += 1;
        while found.len() < most && self.tries < MOST_TRIES {
            self.tries += 1;
            let Some(Reverse((_, text, state, whole))) = ahead.pop() else { break };
            if whole {
                let text = self.text_id(&text);
                found.push(text);
                self.listings.entry(body).or_default().found.push(text);
                continue;
            }
            if self.state(state).complete {
                ahead.push(Reverse((text.len() as u32, text.clone(), state, true)));
            }
            if text.len() > LONGEST || ahead.len() > MOST_AHEAD {
                continue;
            }
            for byte in self.bytes_at(tables, state) {
                let to = self.step(tables, state, byte);
                if Self::is_live(to) && !is_filler(&text, byte) {
                    let longer: Vec<u8> = text.iter().copied().chain([byte]).collect();
                    let cost = cost::sum(self.state(to).cost, longer.len() as u32);
                    ahead.push(Reverse((cost, longer, to, false)));
                }
            }
        }
        self.nested -= 1;
        self.charge(ahead.len().saturating_sub(before) * 64);
        let listing = self.listings.entry(body).or_default();
        (listing.ahead, listing.busy) = (ahead, false);
        found
    }

    /// The bytes that are read at `state`, ascending.
    fn bytes_at(&self, tables: &Tables, state: StateId) -> Vec<u8> {
        let mut some = [false; 256];
        for thread in self.state(state).threads.iter() {
            for edge in self.edges(tables, thread) {
                some.iter_mut().take(usize::from(edge.high) + 1).skip(edge.low.into()).for_each(|some| *some = true);
            }
        }
        (0..=255u8).filter(|byte| some[usize::from(*byte)]).collect()
    }

    /// The shortest text from `from`, where `written` is captured already, after which the captured text is not barred.
    fn escape(&mut self, tables: &Tables, from: StateId, written: &[u8], barred: &[TextId]) -> Option<Vec<u8>> {
        // A text that would need one like it inside itself has no end.
        if self.escaping.contains(&from) {
            return None;
        }
        self.nested += 1;
        self.escaping.push(from);
        let found = self.shortest_escape(tables, from, written, barred);
        self.escaping.pop();
        self.nested -= 1;
        found
    }

    fn shortest_escape(
        &mut self,
        tables: &Tables,
        from: StateId,
        written: &[u8],
        barred: &[TextId],
    ) -> Option<Vec<u8>> {
        let barred: Vec<Vec<u8>> =
            barred.iter().filter_map(|id| Some(self.text(*id).strip_prefix(written)?.to_vec())).collect();
        let mut best: Option<(u32, Vec<u8>, StateId)> = None;
        let mut pending = vec![(from, Vec::new())];
        while let Some((state, path)) = pending.pop() {
            let depth = path.len() as u32;
            self.tries += 1;
            if self.tries > MOST_TRIES {
                return None;
            }
            if !Self::is_live(state) || best.as_ref().is_some_and(|(least, ..)| *least <= depth) {
                continue;
            }
            let below: Vec<&Vec<u8>> = barred.iter().filter(|text| text.starts_with(&path)).collect();
            if self.state(state).complete && below.iter().all(|text| text.len() > path.len()) {
                best = Some((depth, path, state));
                continue;
            }
            let so_far = [written, path.as_slice()].concat();
            let (filler, bytes): (Vec<u8>, Vec<u8>) =
                self.bytes_at(tables, state).into_iter().partition(|byte| is_filler(&so_far, *byte));
            if bytes.is_empty() {
                // A thread in white space goes on to where the text goes on.
                pending.extend(filler.iter().map(|byte| (self.step(tables, state, *byte), path.clone())));
            }
            for byte in bytes {
                let to = self.step(tables, state, byte);
                if !Self::is_live(to) {
                    continue;
                }
                let longer: Vec<u8> = path.iter().copied().chain([byte]).collect();
                if below.iter().any(|text| text.get(path.len()) == Some(&byte)) {
                    pending.push((to, longer));
                } else {
                    let cost = cost::sum(depth + 1, self.state(to).cost);
                    if best.as_ref().is_none_or(|(least, ..)| cost < *least) {
                        best = Some((cost, longer, to));
                    }
                }
            }
        }
        let (_, mut path, mut state) = best?;
        // From there on, any shortest text.
        while !self.state(state).complete && path.len() < LONGEST {
            let steps: Vec<(u8, StateId)> = {
                let bytes = self.bytes_at(tables, state);
                bytes.into_iter().map(|byte| (byte, self.step(tables, state, byte))).collect()
            };
            let (byte, to) =
                steps.into_iter().filter(|(_, to)| Self::is_live(*to)).min_by_key(|(_, to)| self.state(*to).cost)?;
            path.push(byte);
            state = to;
        }
        Some(path)
    }

    /// The first open capture on `stack`.
    fn outer<'a>(&self, tables: &'a Tables, stack: StackId) -> Option<Outer<'a>> {
        let (mut above, mut at, mut found) = (Vec::new(), stack, None);
        while let Stack::Pushed(frame, below) = *self.stack(at) {
            if let Frame::Capture { start, end } = frame {
                found = Some((above.len(), at, start as usize, end, below));
            }
            if !self.captures(at) {
                break;
            }
            above.push(frame);
            at = below;
        }
        let (frames, held, start, end, below) = found?;
        above.truncate(frames);
        let (machine, state, below) = self.turn(below)?;
        let Some(Machine::Turns(turns)) = tables.net.machines.get(machine as usize) else { return None };
        Some(Outer { above, held, start, end, machine, turns, seen: self.seen(turns, state), below })
    }

    /// The place of `thread` alone within what is captured.
    fn within(&mut self, tables: &Tables, thread: &Thread, outer: &Outer<'_>, text: TextId) -> StateId {
        let stack = outer.above.iter().rev().fold(BOTTOM, |below, frame| self.push(tables, *frame, below));
        self.intern(tables, [Thread { node: thread.node, stack }].into(), text, false, false)
    }

    /// Whether any of the texts starts with `written`.
    fn touches(&self, texts: &[TextId], written: &[u8]) -> bool {
        texts.iter().any(|id| self.texts.get(*id as usize).is_some_and(|text| text.starts_with(written)))
    }

    /// Whether it matters at `state` which text a capture becomes.
    pub fn is_touchy(&self, tables: &Tables, state: StateId) -> bool {
        let whole = self.text(self.state(state).text);
        self.state(state).threads.iter().filter(|thread| self.captures(thread.stack)).any(|thread| {
            self.outer(tables, thread.stack).is_none_or(|outer| {
                let written = whole.get(outer.start..).unwrap_or(&[]);
                let inner = outer.above.iter().any(|frame| matches!(frame, Frame::Capture { .. }));
                inner || self.touches(&outer.seen.barred, written)
            })
        })
    }

    /// Whether what `thread` captures can still become a text that is not barred.
    pub(super) fn is_open(&mut self, tables: &Tables, thread: &Thread, text: TextId) -> bool {
        let Some(outer) = self.outer(tables, thread.stack) else { return false };
        let whole = self.text(text);
        let written = whole.get(outer.start..).unwrap_or(&[]);
        if !self.touches(&outer.seen.barred, written) {
            return true;
        }
        let at = self.within(tables, thread, &outer, text);
        self.escape(tables, at, written, &outer.seen.barred).is_some()
    }

    /// Bytes to the end at most from `node` on `stack`, whatever was read at `state` to come there.
    pub fn left(&mut self, tables: &Tables, state: StateId, node: NodeId, stack: StackId) -> u32 {
        let thread = Thread { node, stack };
        if !self.captures(stack) {
            return self.ahead(tables, &thread);
        }
        match self.is_touchy(tables, state) {
            // It depends on what was read, so it must be looked at where that matters.
            true => self.ahead(tables, &thread).max(UNSPELLED - 1),
            false => self.captured_cost(tables, &thread, self.state(state).text),
        }
    }

    /// Bytes to the end from `thread` inside a capture.
    pub(super) fn captured_cost(&mut self, tables: &Tables, thread: &Thread, text: TextId) -> u32 {
        let Some(outer) = self.outer(tables, thread.stack) else { return NEVER };
        let whole = self.text(text);
        let written = whole.get(outer.start..).unwrap_or(&[]);
        let touched = self.touches(&outer.seen.barred, written);
        if outer.turns.accepts(&outer.seen) && !touched {
            return self.ahead(tables, thread);
        }
        if !touched {
            // Which text it becomes is open; at worst the one that would be best for the next turn.
            let mut next = Seen { barred: Box::default(), ..outer.seen.clone() };
            let best = self.planned(tables, outer.machine, outer.turns, &next).and_then(|first| first.text);
            let kept = best.is_some_and(|best| outer.seen.barred.contains(&best));
            if let Some(best) = best.filter(|_| !kept) {
                next.used = with(&next.used, best);
            }
            let after = self.number(tables, outer.machine, outer.turns, next).1;
            let own = self.ahead(tables, thread).saturating_sub(self.stack_cost(outer.held));
            let all = cost::sum(own, cost::sum(after, self.stack_cost(outer.below)));
            // Where that one is kept for the turns to come, there is an end, but how far it is must be looked at.
            return if kept { all.max(UNSPELLED - 1) } else { all };
        }
        let at = self.within(tables, thread, &outer, text);
        let Some(rest) = self.escape(tables, at, written, &outer.seen.barred) else { return NEVER };
        self.chosen_cost(tables, &outer, written, &rest)
    }

    /// The same in the lean language, where one given text is captured.
    pub(super) fn lean_captured_cost(&mut self, tables: &Tables, thread: &Thread, text: TextId) -> u32 {
        let Some(outer) = self.outer(tables, thread.stack) else { return NEVER };
        let Stack::Pushed(Frame::Literal { text: literal, at, .. }, _) = *self.stack(thread.stack) else {
            return self.ahead(tables, thread);
        };
        let (whole, literal) = (self.text(text), self.text(literal));
        let rest = literal.get(at as usize..).unwrap_or(&[]);
        self.chosen_cost(tables, &outer, whole.get(outer.start..).unwrap_or(&[]), rest)
    }

    /// Bytes to the end where `rest` is left of the captured text.
    fn chosen_cost(&mut self, tables: &Tables, outer: &Outer<'_>, written: &[u8], rest: &[u8]) -> u32 {
        let chosen = self.text_id(&[written, rest].concat());
        let next = Seen { used: with(&outer.seen.used, chosen), barred: Box::default(), ..outer.seen.clone() };
        let after = self.number(tables, outer.machine, outer.turns, next).1;
        let after = cost::sum(cost::sum(after, tables.costs.node(outer.end)), self.stack_cost(outer.below));
        cost::sum(after, rest.len() as u32)
    }

    /// The stack behind a captured text, unless it is barred.
    pub(super) fn end_capture(&mut self, tables: &Tables, stack: StackId, text: TextId) -> Option<StackId> {
        let Stack::Pushed(Frame::Capture { start, .. }, below) = *self.stack(stack) else { return None };
        let (machine, state, below) = self.turn(below)?;
        let Some(Machine::Turns(turns)) = tables.net.machines.get(machine as usize) else { return None };
        let seen = self.seen(turns, state);
        let whole = self.text(text);
        let text = self.text_id(whole.get(start as usize..).unwrap_or(&[]));
        if seen.barred.contains(&text) || seen.used.contains(&text) {
            return None;
        }
        let next = Seen { used: with(&seen.used, text), barred: Box::default(), ..seen };
        let (state, cost) = self.number(tables, machine, turns, next);
        (cost < NEVER).then(|| self.push(tables, Frame::Turn { machine, state }, below))
    }

    /// `threads` with each capture on the way to one given text, for the lean language.
    pub(super) fn settled(&mut self, tables: &Tables, threads: &[Thread], text: TextId) -> Vec<Thread> {
        let mut out = Vec::with_capacity(threads.len());
        for thread in threads {
            if !self.captures(thread.stack) || thread.node == LITERAL {
                out.push(*thread);
                continue;
            }
            let Some(outer) = self.outer(tables, thread.stack) else { continue };
            let whole = self.text(text);
            let written = whole.get(outer.start..).unwrap_or(&[]);
            let at = self.within(tables, thread, &outer, text);
            if let Some(rest) = self.escape(tables, at, written, &outer.seen.barred) {
                let text = self.text_id(&rest);
                out.push(self.read(tables, Frame::Literal { text, at: 0, then: outer.end }, outer.held));
            }
        }
        out.sort_unstable();
        out.dedup();
        out
    }
}

/// What a move captures: the node that reads it, and the one at its end.
fn captured(tables: &Tables, way: &Move) -> Option<(NodeId, NodeId)> {
    match tables.net.nodes.get(way.body as usize) {
        Some(Node::Capture { body, end }) => Some((*body, *end)),
        _ => None,
    }
}

/// How many turns can be missing at most.
fn missing(turns: &Turns, seen: &Seen) -> usize {
    turns.cells.missing(seen.cell) as usize + turns.slots.len().saturating_sub(seen.place as usize)
}
