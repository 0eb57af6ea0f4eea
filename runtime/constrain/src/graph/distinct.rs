//! Texts that must differ: of the items of an array, of the names of counted properties.
//!
//! While such a text is written, the place holds it; at its end it joins the texts that were used. A text is *barred* that
//! was used, or that would leave too few for the turns that must follow. A thread inside one is dropped as soon as all
//! that it can still become is barred. The distance to the end is that of one way, which each step along it keeps to: the
//! shortest, of equal ones the first in the order of bytes. So the lean language is that way.
//!
//! Few texts are compared: once the text cannot become equal to any that is known, any end of it will do. Texts are
//! compared as values: used ones are kept [`sorted`](equal::sorted).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::stack::{Stack, is_filler, is_quoted, is_space};
use super::{BOTTOM, BTreeSet, Frame, Graph, HIDDEN, LITERAL, StackId, StateId, Tables, TextId, Thread};
use crate::graph::equal::{self, Beginning, Value};
use crate::network::cost::{self, NEVER};
use crate::network::turns::{Move, Seen, Turns};
use crate::network::{Machine, Node, NodeId};

/// Bytes of a text that is chosen for its shortness.
const LONGEST: usize = 1 << 16;

/// What follows a captured text.
pub(super) struct Goal<'a> {
    pub machine: u32,
    pub turns: &'a Turns,
    /// What is seen after the turn, but for the text.
    pub next: Seen,
    /// The node at the end of the text.
    pub end: NodeId,
    /// Bytes to the end from behind the machine.
    pub below: u32,
}

/// A capture that is open on a stack.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    /// How many frames lie above it.
    above: u32,
    /// Where its text begins, and the node at its end.
    start: u32,
    end: NodeId,
    /// Below its frame.
    on: StackId,
}

/// The first capture that is open on a stack.
pub(super) struct Outer<'a> {
    /// Where its text begins.
    pub start: usize,
    /// Below the machine's frame.
    pub below: StackId,
    pub goal: Goal<'a>,
}

/// A way on: bytes to the end, what is read first, and where that leads; nowhere if the text ends there.
pub(super) struct Begun {
    pub cost: u32,
    bytes: Vec<u8>,
    /// What of that is captured, and what was before.
    text: Vec<u8>,
    to: Option<StateId>,
}

/// A way on to the end of a captured text.
#[derive(Debug)]
pub(super) struct Way {
    /// What is still read of the text.
    pub bytes: Vec<u8>,
    /// The whole text.
    pub text: Vec<u8>,
}

impl Graph {
    /// For each of `threads`, bytes to the end from it if it is inside a capture; `text` is what the place holds. Where what
    /// is captured may become a known text, all threads inside the same capture have the distance of the nearest: their
    /// way on is looked for once.
    pub(super) fn captured_costs(&mut self, tables: &Tables, threads: &[Thread], text: TextId) -> Vec<u32> {
        let inside = (0..threads.len()).filter(|at| threads.get(*at).is_some_and(|own| self.captures(own.stack) > 0));
        let mut costs = vec![NEVER; threads.len()];
        self.costs_inside(tables, (threads, text), (0, inside.collect()), &mut |at, cost| costs[at] = cost);
        costs
    }

    /// Tells the bytes from `inside`, which are among `threads` and inside more than `depth` captures, to behind the machine to which
    /// the capture of that depth belongs; at depth 0 to the end of all.
    fn costs_inside(
        &mut self,
        tables: &Tables,
        (threads, text): (&[Thread], TextId),
        (depth, inside): (usize, Vec<usize>),
        tell: &mut dyn FnMut(usize, u32),
    ) {
        // What lies below a machine makes no difference to what is inside.
        type Same = (u32, u32, u32, NodeId);
        type Own = (usize, StackId, u32);
        let mut captures: Vec<(Same, Vec<Own>)> = Vec::new();
        for at in inside {
            let Some(Open { start, end, on, .. }) = threads.get(at).and_then(|own| self.open(own.stack, depth)) else {
                continue;
            };
            let Some((machine, state, below)) = self.turn(on) else { continue };
            let own = (at, on, if depth == 0 { self.stack_cost(below) } else { 0 });
            let same = (machine, state, start, end);
            match captures.iter_mut().find(|(known, _)| *known == same) {
                Some((_, inside)) => inside.push(own),
                None => captures.push((same, vec![own])),
            }
        }
        let whole = self.text(text);
        for ((machine, state, start, end), inside) in captures {
            let Some(turns) = tables.net.turns(machine) else { continue };
            let goal = Goal { machine, turns, next: self.seen(turns, state), end, below: 0 };
            let written = whole.get(start as usize..).unwrap_or(&[]);
            let own: Vec<Thread> = inside.iter().filter_map(|(at, ..)| threads.get(*at)).copied().collect();
            if self.touches(goal.turns, &goal.next.used, written) {
                let place = self.within(tables, &own, &whole, depth);
                let key = (place, (machine, state), end, text);
                let cost = match self.captured.get(&key) {
                    Some(known) => *known,
                    None => {
                        let cost = self.begun(tables, place, written, &goal).map_or(NEVER, |begun| begun.cost);
                        self.bytes += 32;
                        self.captured.insert(key, cost);
                        cost
                    }
                };
                inside.iter().for_each(|(at, _, behind)| tell(*at, cost::sum(cost, *behind)));
                continue;
            }
            let end = self.ends(tables, &goal, None);
            let mut deeper: Vec<(usize, u32)> = Vec::new();
            for ((at, on, behind), thread) in inside.iter().zip(&own) {
                let (below, ahead, rest) = (self.stack_cost(*on), self.ahead(tables, thread), cost::sum(end, *behind));
                let inner = self.open(thread.stack, depth + 1).and_then(|inner| self.turn(inner.on));
                let inner = inner.map(|(.., below)| self.stack_cost(below));
                // What lies below the capture is no part of the way to its end.
                let own = match inner {
                    None if below < NEVER && ahead < NEVER - 1 => ahead.saturating_sub(below),
                    Some(inner) if below < NEVER && inner < NEVER - 1 => {
                        deeper.push((*at, cost::sum(inner.saturating_sub(below), rest)));
                        continue;
                    }
                    _ => {
                        let place = self.within(tables, &[*thread], &whole, depth);
                        self.state(place).cost
                    }
                };
                tell(*at, cost::sum(own, rest));
            }
            if !deeper.is_empty() {
                let inside = deeper.iter().map(|(at, _)| *at).collect();
                self.costs_inside(tables, (threads, text), (depth + 1, inside), &mut |at, cost| {
                    let rest = deeper.iter().find(|(known, _)| *known == at).map_or(NEVER, |(_, rest)| *rest);
                    tell(at, cost::sum(cost, rest));
                });
            }
        }
    }

    /// Whether anything that is open on the stacks of `threads` is compared with a text that begins like it.
    pub(super) fn is_touched(&self, tables: &Tables, threads: &[Thread], text: TextId) -> bool {
        let whole = self.text(text);
        let mut looked: Vec<(u32, StackId)> = Vec::new();
        threads.iter().any(|thread| {
            let mut at = thread.stack;
            while self.captures(at) > 0 {
                let Stack::Pushed(frame, below) = *self.stack(at) else { return true };
                if let Frame::Capture { start, .. } = frame
                    && !looked.contains(&(start, below))
                {
                    looked.push((start, below));
                    let Some((turns, seen)) = self.turns_of(tables, below) else { return true };
                    if self.touches(turns, &seen.used, whole.get(start as usize..).unwrap_or(&[])) {
                        return true;
                    }
                }
                at = below;
            }
            false
        })
    }

    /// The bytes, as bits, after which what is open on the stacks of `threads` may still be like a text that it is compared with:
    /// white space, too, which makes no text longer.
    pub(super) fn touched_by(&self, tables: &Tables, threads: &[Thread], text: TextId) -> [u64; 4] {
        let whole = self.text(text);
        let mut out = [0u64; 4];
        let mut note = |byte: u8| out[usize::from(byte) / 64] |= 1 << (byte % 64);
        (0..=u8::MAX).filter(|byte| is_space(*byte)).for_each(&mut note);
        let mut looked: Vec<(u32, StackId)> = Vec::new();
        for thread in threads {
            let mut at = thread.stack;
            while self.captures(at) > 0 {
                let Stack::Pushed(frame, below) = *self.stack(at) else { return [u64::MAX; 4] };
                if let Frame::Capture { start, .. } = frame
                    && !looked.contains(&(start, below))
                {
                    looked.push((start, below));
                    let Some((turns, seen)) = self.turns_of(tables, below) else { return [u64::MAX; 4] };
                    let touching = self.touching(turns, &seen.used, whole.get(start as usize..).unwrap_or(&[]));
                    (0..=u8::MAX).filter(|byte| touching[usize::from(*byte)]).for_each(&mut note);
                }
                at = below;
            }
        }
        out
    }

    /// The machine that a turn on top of `stack` belongs to, and what will be seen after it.
    fn turns_of<'a>(&self, tables: &'a Tables, stack: StackId) -> Option<(&'a Turns, Seen)> {
        let (machine, state, _) = self.turn(stack)?;
        match tables.net.machines.get(machine as usize) {
            Some(Machine::Turns(turns)) => Some((turns, self.seen(turns, state))),
            _ => None,
        }
    }

    /// Bytes from behind the comma after `seen` to behind the machine.
    pub(super) fn another_distinct(&mut self, tables: &Tables, machine: u32, turns: &Turns, seen: &Seen) -> u32 {
        let mut best = NEVER;
        for (way, goal, cost) in self.goals(tables, (machine, turns), seen, 0) {
            let cost = match captured(tables, &way) {
                Some((body, _)) => {
                    let start = self.enter(tables, body, BOTTOM, false);
                    self.from(tables, start, &[], &goal).map_or(NEVER, |begun| begun.cost)
                }
                None => cost,
            };
            best = best.min(cost);
        }
        best
    }

    /// The moves after `seen` that may lead to an end, what follows the text of each, and its distance; of slots with
    /// names, those of the least distance.
    pub(super) fn goals<'a>(
        &mut self,
        tables: &Tables,
        (machine, turns): (u32, &'a Turns),
        seen: &Seen,
        below: u32,
    ) -> Vec<(Move, Goal<'a>, u32)> {
        let onward = self.onward(tables, (machine, turns), seen).into_iter();
        let goal = |(way, next, cost)| {
            let end = captured(tables, &way).map_or(0, |(_, end)| end);
            (way, Goal { machine, turns, next, end, below }, cost)
        };
        onward.map(goal).collect()
    }

    /// The thread that reads what is left of a text, and then goes on from `next`, what is seen after it.
    pub(super) fn written(
        &mut self,
        tables: &Tables,
        goal: &Goal<'_>,
        (way, next): (&Way, Seen),
        below: StackId,
    ) -> Option<Thread> {
        let Some(Node::Captured { next: then }) = tables.net.nodes.get(goal.end as usize) else { return None };
        let (state, _) = self.number(tables, goal.machine, goal.turns, next);
        let stack = self.push(tables, Frame::Turn { machine: goal.machine, state }, below);
        let text = self.text_id(&way.bytes);
        Some(self.read(tables, Frame::Literal { text, at: 0, then: *then }, stack))
    }

    /// What is seen after `text` was captured; none if there was one like it, or no more like it can be.
    pub(super) fn used_up(&mut self, turns: &Turns, next: &Seen, text: &[u8]) -> Option<Seen> {
        let text = &*equal::sorted(text);
        let (at, cell) = self.unlike(turns, next, text)?;
        let id = self.text_id(text);
        self.read_value(id);
        let (below, above) = next.used.split_at(at);
        let used = below.iter().chain([&id]).chain(above).copied().collect();
        Some(Seen { cell, used, ..next.clone() })
    }

    /// Where `text`, which is sorted, would stand among the used ones, and the cell after it; none if it is barred.
    pub(super) fn unlike(&self, turns: &Turns, next: &Seen, text: &[u8]) -> Option<(usize, u32)> {
        let at = next.used.partition_point(|known| self.bytes_of(*known) < text);
        if next.used.get(at).is_some_and(|known| self.bytes_of(*known) == text) {
            return None;
        }
        let cell = turns.cells.draw(next.cell, turns.kind(text).unwrap_or(0))?;
        Some((at, cell))
    }

    /// Keeps a text that was used as a value, if it can be written in more than one order.
    pub(super) fn read_value(&mut self, id: TextId) {
        let text = self.text(id);
        if text.contains(&b'{') && !self.values.contains_key(&id) {
            let value = Value::of(text);
            self.bytes += value.held();
            self.values.insert(id, value);
        }
    }

    /// Bytes from the end of a captured text to the end of all. None stands for a text like no known one.
    fn ends(&mut self, tables: &Tables, goal: &Goal<'_>, text: Option<&[u8]>) -> u32 {
        let mut next = Seen { used: Box::default(), ..goal.next.clone() };
        if let Some(text) = text {
            let text = &*equal::sorted(text);
            if goal.next.used.binary_search_by(|known| self.bytes_of(*known).cmp(text)).is_ok() {
                return NEVER;
            }
            match goal.turns.cells.draw(next.cell, goal.turns.kind(text).unwrap_or(0)) {
                Some(cell) => next.cell = cell,
                None => return NEVER,
            }
        }
        let after = self.after(tables, (goal.machine, goal.turns), &next);
        cost::sum(tables.costs.node(goal.end), cost::sum(after, goal.below))
    }

    /// Whether `written` may become equal to a text that was used, or of which there are few.
    fn touches(&self, turns: &Turns, used: &[TextId], written: &[u8]) -> bool {
        if self.alike(turns, used, written).next().is_some() {
            return true;
        }
        // Only objects have more than one order.
        let mut values = self.values(turns, used).peekable();
        if values.peek().is_none() || !written.contains(&b'{') {
            return false;
        }
        let beginning = Beginning::of(written);
        values.any(|value| beginning.begins(value))
    }

    /// The bytes after which `written` still [`touches`](Self::touches) a text.
    fn touching(&self, turns: &Turns, used: &[TextId], written: &[u8]) -> [bool; 256] {
        let mut bytes = [false; 256];
        let mut note = |byte: u8| bytes[usize::from(byte)] = true;
        if !written.contains(&b'{') {
            self.alike(turns, used, written).filter_map(|rest| rest.first()).for_each(|byte| note(*byte));
            return bytes;
        }
        let beginning = Beginning::of(written);
        self.values(turns, used).for_each(|value| beginning.next(value).for_each(&mut note));
        if !is_quoted(written) {
            for end in [b',', b'}', b']'] {
                bytes[usize::from(end)] = self.touches(turns, used, &[written, &[end]].concat());
            }
        }
        bytes
    }

    /// What follows `written` in the texts that begin with it, of those that were used or of which there are few.
    fn alike<'a>(
        &'a self,
        turns: &'a Turns,
        used: &'a [TextId],
        written: &'a [u8],
    ) -> impl Iterator<Item = &'a [u8]> + 'a {
        let at = used.partition_point(|known| self.bytes_of(*known) < written);
        let used = used.iter().skip(at).map_while(|known| self.bytes_of(*known).strip_prefix(written));
        let scarce = &turns.supply.scarce;
        let at = scarce.partition_point(|(value, _)| value.text() < written);
        used.chain(scarce.iter().skip(at).map_while(|(value, _)| value.text().strip_prefix(written)))
    }

    /// The texts that were used, and those of which there are few.
    fn values<'a>(&'a self, turns: &'a Turns, used: &'a [TextId]) -> impl Iterator<Item = &'a Value> + 'a {
        let used = used.iter().filter_map(|known| self.values.get(known));
        used.chain(turns.supply.scarce.iter().map(|(value, _)| value))
    }

    /// The bytes that a token can spell at `state`, ascending; those of white space only where there are no others.
    pub(super) fn bytes_at(&self, tables: &Tables, state: StateId, text: &[u8]) -> Vec<u8> {
        let mut some = [false; 256];
        for thread in self.state(state).threads.iter() {
            for edge in self.edges(tables, thread) {
                some.iter_mut().take(usize::from(edge.high) + 1).skip(edge.low.into()).for_each(|some| *some = true);
            }
        }
        let spelt = (0..=255u8).filter(|byte| some[usize::from(*byte)] && tables.vocabulary.has_byte(*byte));
        let quoted = is_quoted(text);
        let (filler, bytes): (Vec<u8>, Vec<u8>) = spelt.partition(|byte| !quoted && is_space(*byte));
        if bytes.is_empty() { filler } else { bytes }
    }

    /// The best way on from `place`, where `written` is captured already.
    pub(super) fn from(&mut self, tables: &Tables, place: StateId, written: &[u8], goal: &Goal<'_>) -> Option<Begun> {
        if self.touches(goal.turns, &goal.next.used, written) {
            return self.begun(tables, place, written, goal);
        }
        let cost = cost::sum(self.state(place).cost, self.ends(tables, goal, None));
        let text = written.to_vec();
        (cost < NEVER).then_some(Begun { cost, bytes: Vec::new(), text, to: Some(place) })
    }

    /// The same where `written` may become equal to known texts: along these, what is nearest first.
    fn begun(&mut self, tables: &Tables, place: StateId, written: &[u8], goal: &Goal<'_>) -> Option<Begun> {
        // Bytes to the end at least, what is read, and what of it is captured; where that leads, nowhere at the end of the
        // text; whether it is touched.
        type Ahead = (u32, Vec<u8>, Vec<u8>, Option<StateId>, bool);
        let floor = self.ends(tables, goal, None);
        let least = if floor == NEVER { 0 } else { floor };
        let mut ahead: BinaryHeap<Reverse<Ahead>> = BinaryHeap::new();
        ahead.push(Reverse((0, Vec::new(), written.to_vec(), Some(place), true)));
        // Properties in another order lead to the same.
        let mut met: BTreeSet<(StateId, Vec<u8>)> = BTreeSet::new();
        while let Some(Reverse((cost, bytes, text, to, touched))) = ahead.pop() {
            let Some(place) = to.filter(|_| touched) else { return Some(Begun { cost, bytes, text, to }) };
            if text.contains(&b'{') && !met.insert((place, equal::sorted(&text).into_owned())) {
                continue;
            }
            let read = bytes.len() as u32;
            if self.state(place).complete {
                let cost = cost::sum(read, self.ends(tables, goal, Some(&text)));
                if cost < NEVER {
                    ahead.push(Reverse((cost, bytes.clone(), text.clone(), None, false)));
                }
            }
            // Of those that are not touched, the best is enough.
            let quoted = is_quoted(&text);
            let touching = self.touching(goal.turns, &goal.next.used, &text);
            let mut free: Option<(u32, Vec<u8>, Vec<u8>, StateId)> = None;
            let (mut longer, mut spelled) = (text.clone(), bytes);
            for byte in self.bytes_at(tables, place, &text) {
                let to = self.step(tables, place, byte);
                if !Self::is_live(to) || self.state(to).cost == NEVER {
                    continue;
                }
                let filler = !quoted && is_space(byte);
                if !filler {
                    longer.push(byte);
                }
                spelled.push(byte);
                let inside = cost::sum(read + 1, self.state(to).cost);
                if filler || touching[usize::from(byte)] {
                    let cost = cost::sum(inside, least);
                    ahead.push(Reverse((cost, spelled.clone(), longer.clone(), Some(to), true)));
                } else if floor < NEVER && free.as_ref().is_none_or(|(least, ..)| inside < *least) {
                    free = Some((inside, spelled.clone(), longer.clone(), to));
                }
                longer.truncate(text.len());
                spelled.pop();
            }
            if let Some((inside, bytes, text, to)) = free {
                ahead.push(Reverse((cost::sum(inside, floor), bytes, text, Some(to), false)));
            }
        }
        None
    }

    /// The best way on, to the end of the text.
    pub(super) fn way(&mut self, tables: &Tables, place: StateId, written: &[u8], goal: &Goal<'_>) -> Option<Way> {
        let Begun { mut bytes, mut text, to, .. } = self.from(tables, place, written, goal)?;
        let Some(to) = to else { return Some(Way { bytes, text }) };
        // Texts inside that make no difference to the way are left out, so that many ways go on through the same places.
        let mut at = self.lean(tables, to);
        while !self.state(at).complete && text.len() < LONGEST {
            let (byte, to) = self.nearest(tables, at, &text)?;
            if !is_filler(&text, byte) {
                text.push(byte);
            }
            bytes.push(byte);
            at = to;
        }
        Some(Way { bytes, text })
    }

    /// The byte that brings the end nearest from `at`, where `text` was captured, if any does, and where it leads. Ways from
    /// many places go on through the same ones, so it is looked for once.
    fn nearest(&mut self, tables: &Tables, at: StateId, text: &[u8]) -> Option<(u8, StateId)> {
        let key = (at, is_quoted(text));
        if let Some(known) = self.nearest.get(&key) {
            return *known;
        }
        let all = self.bytes_at(tables, at, text);
        // Bytes of one class lead to the same, unless the text then is a known one.
        let mut classes = [false; 256];
        let class = |byte: u8| tables.net.classes.get(usize::from(byte)).map_or(0, |class| usize::from(*class));
        let first = |byte: &u8| !std::mem::replace(&mut classes[class(*byte)], true);
        let few: Vec<u8> = all.iter().copied().filter(first).collect();
        let onward = self.onward_bytes(tables, at);
        let likely: Vec<u8> = few.iter().copied().filter(|byte| onward[usize::from(*byte)]).collect();
        let here = self.state(at).cost;
        let mut found = self.nearest_of(tables, at, &likely);
        // A byte brings the end nearer by one at most.
        if found.is_none_or(|(cost, ..)| cost + 1 < here) {
            found = self.nearest_of(tables, at, &few).or_else(|| self.nearest_of(tables, at, &all));
        }
        let found = found.map(|(_, byte, to)| (byte, to));
        self.bytes += 32;
        self.nearest.insert(key, found);
        found
    }

    /// The bytes that bring those threads of `at` nearer to the end that are nearest to it, as far as nodes tell.
    fn onward_bytes(&self, tables: &Tables, at: StateId) -> [bool; 256] {
        let mut onward = [false; 256];
        let threads = &self.state(at).threads;
        let least = threads.iter().map(|thread| self.ahead(tables, thread)).min();
        for thread in threads.iter().filter(|thread| Some(self.ahead(tables, thread)) == least) {
            let (here, named) = (tables.costs.node(thread.node), self.names(tables, thread).is_some());
            for edge in self.edges(tables, thread) {
                if named || thread.node == LITERAL || tables.costs.node(edge.to) < here {
                    onward[usize::from(edge.low)..=usize::from(edge.high)].fill(true);
                }
            }
        }
        onward
    }

    /// The one of `bytes` that brings the end nearest, of equal ones the first, if any does: how near, and where it leads.
    fn nearest_of(&mut self, tables: &Tables, at: StateId, bytes: &[u8]) -> Option<(u32, u8, StateId)> {
        let mut best: Option<(u32, u8, StateId)> = None;
        let here = self.state(at).cost;
        for byte in bytes {
            let to = self.step(tables, at, *byte);
            let cost = self.state(to).cost;
            if Self::is_live(to) && cost < best.map_or(here, |(least, ..)| least) {
                best = Some((cost, *byte, to));
                if cost + 1 == here {
                    break;
                }
            }
        }
        best
    }

    /// The open capture on `stack` that stands inside `depth` others.
    fn open(&mut self, stack: StackId, depth: usize) -> Option<Open> {
        if let Some(known) = self.opened.get(&stack) {
            return known.get(depth).copied();
        }
        let (mut above, mut at, mut found) = (0, stack, Vec::new());
        while self.captures(at) > 0
            && let Stack::Pushed(frame, on) = *self.stack(at)
        {
            if let Frame::Capture { start, end } = frame {
                found.push(Open { above, start, end, on });
            }
            (above, at) = (above + 1, on);
        }
        found.reverse();
        let open = found.get(depth).copied();
        self.bytes += 32 + found.len() * size_of::<Open>();
        self.opened.insert(stack, found.into());
        open
    }

    /// What lies on `stack` above the open capture that stands inside `depth` others, from the top.
    fn above(&mut self, stack: StackId, depth: usize) -> Vec<Frame> {
        let frames = self.open(stack, depth).map_or(0, |open| open.above as usize);
        let (mut out, mut at) = (Vec::with_capacity(frames), stack);
        while out.len() < frames
            && let Stack::Pushed(frame, on) = *self.stack(at)
        {
            out.push(frame);
            at = on;
        }
        out
    }

    /// The first open capture on `stack`.
    pub(super) fn outer<'a>(&mut self, tables: &'a Tables, stack: StackId) -> Option<Outer<'a>> {
        let Open { start, end, on, .. } = self.open(stack, 0)?;
        let (turns, next) = self.turns_of(tables, on)?;
        let (machine, _, below) = self.turn(on)?;
        let goal = Goal { machine, turns, next, end, below: self.stack_cost(below) };
        Some(Outer { start: start as usize, below, goal })
    }

    /// The place of `threads`, which are inside the same capture, itself inside `depth` others, within what that captures.
    pub(super) fn within(&mut self, tables: &Tables, threads: &[Thread], whole: &[u8], depth: usize) -> StateId {
        let mut inner: Vec<(NodeId, Vec<Frame>)> = Vec::with_capacity(threads.len());
        let mut first = None;
        for thread in threads {
            let above = self.above(thread.stack, depth);
            let starts = above.iter().filter_map(|frame| match frame {
                Frame::Capture { start, .. } => Some(*start),
                _ => None,
            });
            first = starts.chain(first).min();
            inner.push((thread.node, above));
        }
        let mut own: Vec<Thread> = Vec::with_capacity(inner.len());
        for (node, above) in inner {
            own.push(Thread { node, stack: self.moved(tables, &above, BOTTOM, first.unwrap_or(0)) });
        }
        own.sort_unstable();
        own.dedup();
        let text = match first {
            Some(first) => self.text_id(whole.get(first as usize..).unwrap_or(&[])),
            None => 0,
        };
        self.intern(tables, own.into(), text, false, false)
    }

    /// `frames`, from the top, on `stack`; their captures begin so many bytes earlier.
    fn moved(&mut self, tables: &Tables, frames: &[Frame], mut stack: StackId, by: u32) -> StackId {
        for frame in frames.iter().rev() {
            let frame = match *frame {
                Frame::Capture { start, end } => Frame::Capture { start: start.saturating_sub(by), end },
                frame => frame,
            };
            stack = self.push(tables, frame, stack);
        }
        stack
    }

    /// Makes the first of the captures that are open begin with the text, and gives that.
    pub(super) fn rebased(&mut self, tables: &Tables, threads: &mut [Thread], text: TextId) -> TextId {
        if text == 0 || text == HIDDEN {
            return text;
        }
        let mut stacks: Vec<(Vec<Frame>, StackId)> = Vec::with_capacity(threads.len());
        let mut first = u32::MAX;
        for thread in threads.iter() {
            let (mut frames, mut at) = (Vec::new(), thread.stack);
            while self.captures(at) > 0
                && let Stack::Pushed(frame, below) = *self.stack(at)
            {
                if let Frame::Capture { start, .. } = frame {
                    first = first.min(start);
                }
                frames.push(frame);
                at = below;
            }
            stacks.push((frames, at));
        }
        if first == 0 || first == u32::MAX {
            return text;
        }
        for (thread, (frames, below)) in threads.iter_mut().zip(stacks) {
            thread.stack = self.moved(tables, &frames, below, first);
        }
        threads.sort_unstable();
        let whole = self.text(text);
        self.text_id(whole.get(first as usize..).unwrap_or(&[]))
    }

    /// The stack behind a captured text, unless it is barred; where the text is hidden, it is like no known one.
    pub(super) fn end_capture(&mut self, tables: &Tables, stack: StackId, text: TextId) -> Option<StackId> {
        let Stack::Pushed(Frame::Capture { start, .. }, below) = *self.stack(stack) else { return None };
        let (turns, seen) = self.turns_of(tables, below)?;
        let (machine, _, below) = self.turn(below)?;
        let next = if text == HIDDEN {
            Seen { used: [HIDDEN].into(), ..seen }
        } else {
            let whole = self.text(text);
            self.used_up(turns, &seen, whole.get(start as usize..).unwrap_or(&[]))?
        };
        let (state, cost) = self.number(tables, machine, turns, next);
        (cost < NEVER).then(|| self.push(tables, Frame::Turn { machine, state }, below))
    }
}

/// What a move captures: the node that reads it, and the one at its end.
pub(super) fn captured(tables: &Tables, way: &Move) -> Option<(NodeId, NodeId)> {
    match tables.net.nodes.get(way.body as usize) {
        Some(Node::Capture { body, end }) => Some((*body, *end)),
        _ => None,
    }
}
