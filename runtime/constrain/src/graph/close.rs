//! From threads to a place: follows everything that reads no byte.

use super::stack::{Here, Stack};
use super::{AMBIGUOUS, BOTTOM, DEAD, Frame, Graph, HARD_LIMIT, HIDDEN, LITERAL, MERGED_DEPTH, MOST_THREADS};
use super::{MOST_VISITS, Met, UNSURE};
use super::{NodeId, StackId, StateId, Tables, TextId, Thread};
use crate::hash::QuickMap;
use crate::lower::expr::TurnOrder;
use crate::network::cost::{self, NEVER};
use crate::network::meter::Meter;
use crate::network::turns::{Move, Seen, Turns};
use crate::network::{Counter, Machine, Network, Node};

/// Captures inside each other in which the text is free; inside more, each text is a given one.
const MOST_NESTED: u32 = 32;

/// A closure in progress.
struct Closing {
    pending: Vec<Thread>,
    /// The text since the first open capture.
    text: TextId,
    lean: bool,
    complete: bool,
    /// Whether threads were left out because texts that are hidden decide about them.
    unsure: bool,
    /// Fewest turns past the least count with which the head of a loop was met.
    heads: QuickMap<(u32, StackId), u32>,
    /// The stacks of what begins here.
    begun: Vec<StackId>,
}

impl Closing {
    /// `frame` on `below`: it begins here.
    fn push(&mut self, graph: &mut Graph, tables: &Tables, frame: Frame, below: StackId) -> StackId {
        let stack = graph.push(tables, frame, below);
        self.begun.push(stack);
        stack
    }
}

impl Graph {
    /// The place of what `pending` leads to without reading a byte.
    pub(super) fn close(&mut self, tables: &Tables, pending: Vec<Thread>, text: TextId, lean: bool) -> StateId {
        if self.bytes > HARD_LIMIT {
            return AMBIGUOUS;
        }
        // Its memory serves the next closure.
        let mut met = std::mem::take(&mut self.met);
        let place = self.closed(tables, pending, text, lean, &mut met);
        met.clear();
        self.met = met;
        place
    }

    fn closed(&mut self, tables: &Tables, pending: Vec<Thread>, text: TextId, lean: bool, met: &mut Met) -> StateId {
        let net = &tables.net;
        let mut threads: Vec<Thread> = Vec::new();
        let (heads, begun) = (QuickMap::default(), Vec::new());
        let mut at = Closing { pending, text, lean, complete: false, unsure: false, heads, begun };
        while let Some(thread) = at.pending.pop() {
            if thread.node == LITERAL {
                threads.push(thread);
                continue;
            }
            let Some(kind) = net.nodes.get(thread.node as usize) else { continue };
            if !met.insert(thread) {
                continue;
            }
            if met.len() > MOST_VISITS {
                return AMBIGUOUS;
            }
            // What was followed on a stack that leads to more need not be followed on this one. A stack that is any of
            // several is followed on each of them.
            let whole = matches!(kind, Node::Split { .. } | Node::Skip { .. } | Node::Call { .. });
            let each = |graph: &Self, stack| !whole && matches!(graph.stack(stack), Stack::Any(_));
            if self.captures(thread.stack) == 0
                && !each(self, thread.stack)
                && met.beside(thread).any(|other| !each(self, other) && self.is_within(thread.stack, other))
            {
                continue;
            }
            // Stacks that were made one stay so until their tops matter; turns are counted on each alone.
            match (kind, self.stack(thread.stack)) {
                _ if whole => self.follow(tables, (thread.node, *kind), thread.stack, &mut at),
                (_, Stack::Any(members)) => {
                    at.pending.extend(members.iter().map(|stack| Thread { node: thread.node, stack: *stack }));
                }
                (Node::Bytes { .. }, _) => threads.push(thread),
                _ => self.follow(tables, (thread.node, *kind), thread.stack, &mut at),
            }
        }
        threads.sort_unstable();
        threads.dedup();
        let mut inside = None;
        if text != HIDDEN && threads.iter().any(|thread| self.captures(thread.stack) > 0) {
            let costs = self.captured_costs(tables, &threads, text);
            inside = costs.iter().min().copied();
            let mut costs = costs.into_iter();
            threads.retain(|thread| costs.next().is_some_and(|cost| cost < NEVER) || self.captures(thread.stack) == 0);
        }
        let text = match at.unsure {
            true => UNSURE,
            false => self.rebased(tables, &mut threads, text),
        };
        self.drop_worse(net, &mut threads);
        self.merge(tables, &mut threads, at.begun);
        if threads.len() > MOST_THREADS {
            return AMBIGUOUS;
        }
        if threads.is_empty() && !at.complete && !at.unsure {
            DEAD
        } else {
            self.intern_at(tables, threads.into(), text, (at.complete, lean), inside)
        }
    }

    /// Follows a node that reads no byte.
    fn follow(&mut self, tables: &Tables, (node, kind): (NodeId, Node), stack: StackId, at: &mut Closing) {
        let net = &tables.net;
        match kind {
            Node::Bytes { .. } => {}
            Node::Split { first, count } => {
                for target in first..first + count {
                    if !at.lean || tables.costs.lean.get(target as usize) == Some(&true) {
                        let to = net.targets.get(target as usize).copied();
                        at.pending.extend(to.map(|node| Thread { node, stack }));
                    }
                }
            }
            Node::Skip { body, exit } => {
                at.pending.push(Thread { node: exit, stack });
                if !at.lean {
                    at.pending.push(Thread { node: body, stack });
                }
            }
            Node::Call { rule, next } => {
                let node = net.starts.get(rule as usize).copied().unwrap_or(0);
                // A call at the end of a rule needs no way back: right recursion does not grow the stack.
                let stack = match net.nodes.get(next as usize) {
                    Some(Node::Return) => stack,
                    _ => at.push(self, tables, Frame::Return(next), stack),
                };
                at.pending.push(Thread { node, stack });
            }
            Node::Return if stack == BOTTOM => at.complete = true,
            Node::Return => {
                if let Stack::Pushed(Frame::Return(node), below) = *self.stack(stack) {
                    at.pending.push(Thread { node, stack: below });
                }
            }
            Node::Push { machine, later } => match net.machines.get(machine as usize) {
                Some(Machine::Repeat(by)) => self.first_repeat(tables, (machine, by), later, stack, at),
                Some(Machine::Turns(turns)) => {
                    let start = turns.start();
                    let accepts = turns.accepts(&start);
                    if accepts {
                        at.pending.push(Thread { node: turns.empty, stack });
                    }
                    if !accepts || !at.lean {
                        self.take(tables, (machine, turns), &start, stack, at);
                    }
                }
                Some(Machine::Meter(meter)) => self.measure(tables, (machine, meter), meter.start, stack, at),
                None => {}
            },
            Node::Head { machine } => {
                let Some((_, state, below)) = self.turn(stack) else { return };
                match net.machines.get(machine as usize) {
                    Some(Machine::Repeat(by)) => self.next_repeat(tables, (machine, by), state, below, at),
                    Some(Machine::Turns(turns)) => {
                        let accepts = turns.accepts(&self.seen(turns, state));
                        if accepts {
                            at.pending.push(Thread { node: turns.exit, stack: below });
                        }
                        if self.hides(stack) && turns.distinct && *self.seen(turns, state).used == [HIDDEN] {
                            at.unsure |= self.stack_cost(stack) < NEVER;
                        } else if !accepts || !at.lean {
                            let stack = at.push(self, tables, Frame::Comma { machine, state }, below);
                            if self.stack_cost(stack) < NEVER {
                                at.pending.push(Thread { node: turns.comma, stack });
                            }
                        }
                    }
                    Some(Machine::Meter(meter)) => self.measure(tables, (machine, meter), state, below, at),
                    None => {}
                }
            }
            Node::Choose { machine } => {
                let Stack::Pushed(Frame::Comma { state, .. }, below) = *self.stack(stack) else { return };
                if let Some(Machine::Turns(turns)) = net.machines.get(machine as usize) {
                    let seen = self.seen(turns, state);
                    self.take(tables, (machine, turns), &seen, below, at);
                }
            }
            Node::Names { machine, .. } | Node::Named { machine } => {
                self.in_names(tables, (machine, node), kind, stack, at);
            }
            Node::Capture { body, end } => {
                let start = if at.text == HIDDEN { HIDDEN } else { self.text(at.text).len() as u32 };
                let stack = at.push(self, tables, Frame::Capture { start, end }, stack);
                at.pending.push(Thread { node: body, stack });
            }
            Node::Captured { .. } if stack == BOTTOM => at.complete = true,
            Node::Captured { next } => {
                if let Some(stack) = self.end_capture(tables, stack, at.text) {
                    at.pending.push(Thread { node: next, stack });
                }
            }
        }
    }

    /// The first turn of a counted repetition.
    fn first_repeat(
        &mut self,
        tables: &Tables,
        (machine, by): (u32, &Counter),
        later: bool,
        stack: StackId,
        at: &mut Closing,
    ) {
        if by.min == 0 {
            at.pending.push(Thread { node: by.exit, stack });
        }
        let node = if later { by.again } else { by.body };
        if (by.min > 0 || !at.lean) && tables.costs.node(node) < NEVER {
            let stack = at.push(self, tables, Frame::Turn { machine, state: 1 }, stack);
            at.pending.push(Thread { node, stack });
        }
    }

    /// Out of a counted repetition after `turn` turns, or into the next.
    fn next_repeat(
        &mut self,
        tables: &Tables,
        (machine, by): (u32, &Counter),
        turn: u32,
        below: StackId,
        at: &mut Closing,
    ) {
        if turn >= by.min {
            // Past the least count, fewer turns allow all that more turns do. This also ends the
            // rounds of a body that may be empty (its least count is 0).
            let fewest = at.heads.entry((machine, below)).or_insert(NEVER);
            if *fewest <= turn {
                return;
            }
            *fewest = turn;
            at.pending.push(Thread { node: by.exit, stack: below });
        }
        let more = (turn < by.min || !at.lean) && by.max.is_none_or(|max| turn < max);
        if more && tables.costs.node(by.again) < NEVER {
            let stack = at.push(self, tables, Frame::Turn { machine, state: by.forward(turn, 1) }, below);
            at.pending.push(Thread { node: by.again, stack });
        }
    }

    /// Another turn of an array or object after `seen`.
    fn take(
        &mut self,
        tables: &Tables,
        (machine, turns): (u32, &Turns),
        seen: &Seen,
        stack: StackId,
        at: &mut Closing,
    ) {
        if turns.distinct {
            // Too many texts are used, or captured, to go on with any.
            let enough = turns.supply.enough;
            let many = enough > 0 && !turns.accepts(seen) && seen.used.len() + turns.missing(seen) > enough
                || self.captures(stack) >= MOST_NESTED;
            if at.text == HIDDEN && !(seen.used.is_empty() && turns.supply.scarce.is_empty()) {
                at.unsure = true;
                return;
            } else if at.lean || many {
                at.pending.extend(self.planned_turn(tables, (machine, turns), seen, stack));
                return;
            }
        }
        let mut moves: Vec<(Move, Seen, u32)> = Vec::new();
        match turns.names.root {
            Some(node) if !at.lean => {
                self.leading(tables, (machine, turns), turns.repeated(seen).iter(), seen, &mut moves);
                let (state, _) = self.number(tables, machine, turns, seen.clone());
                let stack = at.push(self, tables, Frame::Comma { machine, state }, stack);
                at.pending.push(Thread { node, stack });
            }
            _ => moves = self.onward(tables, (machine, turns), seen),
        }
        if at.lean {
            nearest(tables, &mut moves, |(way, _, cost)| (way.body, *cost));
            // Turns that may be taken in any order would be met in all orders: the first is enough.
            let first = moves.first().map(|(_, next, _)| next.clone());
            moves.retain(|(_, next, _)| Some(next) == first.as_ref());
        }
        for (way, next, _) in moves {
            let (state, _) = self.number(tables, machine, turns, next);
            let stack = at.push(self, tables, Frame::Turn { machine, state }, stack);
            at.pending.push(self.begin(tables, turns, &way, stack));
        }
    }

    /// The moves after `seen` that lead on, what is seen after each, and its distance; of slots with names, those of the
    /// least distance.
    pub(super) fn onward(
        &mut self,
        tables: &Tables,
        (machine, turns): (u32, &Turns),
        seen: &Seen,
    ) -> Vec<(Move, Seen, u32)> {
        if !turns.variants.is_empty() {
            return tables.costs.leading_variant(turns, seen).into_iter().collect();
        }
        let mut out = Vec::new();
        if turns.names.is_empty() {
            let ways = turns.open(seen).flat_map(|slot| turns.ways(slot));
            self.leading(tables, (machine, turns), ways, seen, &mut out);
        } else {
            let (state, _) = self.number(tables, machine, turns, seen.clone());
            let named = self.named(tables, (machine, turns), state);
            let least = named.iter().min().copied().filter(|least| *least < NEVER);
            let slots = turns.names.order.iter().zip(&*named).filter(|(_, cost)| Some(**cost) == least);
            let mut slots: Vec<u32> = slots.map(|(slot, _)| *slot).collect();
            slots.sort_unstable();
            let ways = |slot: &u32| turns.slots.get(*slot as usize).map_or(&[][..], |slot| turns.ways(slot));
            if turns.order == TurnOrder::Any {
                // Which of them comes first makes no difference.
                let near = slots.iter().position(|slot| ways(slot).iter().any(|way| tables.costs.is_near(way.body)));
                slots = slots.get(near.unwrap_or(0)).copied().into_iter().collect();
            }
            self.leading(tables, (machine, turns), slots.iter().flat_map(ways), seen, &mut out);
        }
        self.leading(tables, (machine, turns), turns.repeated(seen).iter(), seen, &mut out);
        out
    }

    /// Adds those of `ways` that lead on after `seen`.
    fn leading<'a>(
        &mut self,
        tables: &Tables,
        (machine, turns): (u32, &Turns),
        ways: impl Iterator<Item = &'a Move>,
        seen: &Seen,
        out: &mut Vec<(Move, Seen, u32)>,
    ) {
        for way in ways {
            let Some(next) = turns.next(seen, way) else { continue };
            let cost = self.distance_of(tables, (machine, turns), way, &next);
            if cost < NEVER {
                out.push((*way, next, cost));
            }
        }
        turns.keep_best(out);
    }

    /// The thread that begins a turn by `way`, on the stack behind its name.
    pub(super) fn begin(&mut self, tables: &Tables, turns: &Turns, way: &Move, stack: StackId) -> Thread {
        match way.slot.and_then(|slot| turns.slots.get(slot as usize)) {
            Some(slot) if !slot.name.is_empty() => {
                let text = self.text_id(&slot.name);
                self.read(tables, Frame::Literal { text, at: 0, then: way.body }, stack)
            }
            _ => Thread { node: way.body, stack },
        }
    }

    /// On in the tree of a machine's names, if any of those that begin so may be written.
    fn in_names(
        &mut self,
        tables: &Tables,
        (machine, node): (u32, NodeId),
        kind: Node,
        stack: StackId,
        at: &mut Closing,
    ) {
        let Stack::Pushed(Frame::Comma { state, .. }, below) = *self.stack(stack) else { return };
        let Some(Machine::Turns(turns)) = tables.net.machines.get(machine as usize) else { return };
        let Some(place) = turns.names.place(node) else { return };
        let named = self.named(tables, (machine, turns), state);
        if named.get(place.range()).is_none_or(|all| all.iter().all(|cost| *cost == NEVER)) {
            return;
        }
        if let Node::Names { next, .. } = kind {
            return at.pending.push(Thread { node: next, stack });
        }
        let seen = self.seen(turns, state);
        let mut moves: Vec<(Move, Seen, u32)> = Vec::new();
        let ways = turns.ways_at(node).filter(|way| turns.allows(&seen, way));
        self.leading(tables, (machine, turns), ways, &seen, &mut moves);
        for (way, next, _) in moves {
            let (state, _) = self.number(tables, machine, turns, next);
            let stack = at.push(self, tables, Frame::Turn { machine, state }, below);
            at.pending.push(Thread { node: way.body, stack });
        }
    }

    /// Out of a measured text in `state`, or one character on.
    fn measure(
        &mut self,
        tables: &Tables,
        (machine, meter): (u32, &Meter),
        state: u32,
        below: StackId,
        at: &mut Closing,
    ) {
        let accepts = meter.accepts(state);
        if accepts {
            at.pending.push(Thread { node: meter.exit, stack: below });
            if at.lean {
                return;
            }
        }
        let table = tables.costs.table(machine);
        let moves = meter
            .each(state)
            .map(|(node, to)| (node, to, cost::sum(tables.costs.node(node), meter.distance(to, table))));
        let mut moves: Vec<(NodeId, u32, u32)> = moves.filter(|(_, _, cost)| *cost < NEVER).collect();
        if at.lean {
            nearest(tables, &mut moves, |(node, _, cost)| (*node, *cost));
        }
        for (node, state, _) in moves {
            let stack = at.push(self, tables, Frame::Turn { machine, state }, below);
            at.pending.push(Thread { node, stack });
        }
    }

    /// Makes one thread of those, sorted, that are at the same node of a rule, and of those that are at the same turn.
    fn merge(&mut self, tables: &Tables, threads: &mut Vec<Thread>, begun: Vec<StackId>) {
        if !threads.windows(2).any(|pair| matches!(pair, [a, b] if a.node == b.node)) {
            return;
        }
        let mut here = Here::new(begun);
        let mut out = Vec::with_capacity(threads.len());
        for same in threads.chunk_by(|a, b| a.node == b.node) {
            let stacks: Vec<StackId> = same.iter().map(|thread| thread.stack).collect();
            let node = same.first().map_or(0, |thread| thread.node);
            let stacks = if stacks.len() > 1 { self.merged(tables, &stacks, &mut here, MERGED_DEPTH) } else { stacks };
            // Where they return to matters at the end of the rule only: until then they are one.
            let (returns, mut stacks): (Vec<StackId>, Vec<StackId>) =
                stacks.into_iter().partition(|stack| self.returns(*stack));
            if !returns.is_empty() {
                stacks.push(self.any(&returns));
            }
            out.extend(stacks.into_iter().map(|stack| Thread { node, stack }));
        }
        out.sort_unstable();
        *threads = out;
    }

    /// Drops those of the sorted `threads` from which nothing leads on that does not from another one.
    fn drop_worse(&mut self, net: &Network, threads: &mut Vec<Thread>) {
        let mut worse: Vec<Thread> = Vec::new();
        for same in threads.chunk_by(|a, b| a.node == b.node).filter(|same| same.len() > 1) {
            self.worse_turns(net, same, &mut worse);
            self.worse_counts(net, same, &mut worse);
        }
        if !worse.is_empty() {
            worse.sort_unstable();
            threads.retain(|thread| worse.binary_search(thread).is_err());
        }
    }

    /// Of threads that differ only in the turn of a loop past its least count, all but the one with most turns left.
    fn worse_turns(&self, net: &Network, threads: &[Thread], worse: &mut Vec<Thread>) {
        let key = |thread: &Thread| {
            let (counter, turn, below) = self.turn(thread.stack)?;
            let past = net.counter(counter).is_some_and(|by| turn >= by.min);
            past.then_some(((counter, below), turn))
        };
        let mut fewest: QuickMap<(u32, StackId), u32> = QuickMap::default();
        for (place, turn) in threads.iter().filter_map(key) {
            let least = fewest.entry(place).or_insert(turn);
            *least = turn.min(*least);
        }
        let is_worse = |thread: &&Thread| key(thread).is_some_and(|(place, turn)| fewest.get(&place) != Some(&turn));
        worse.extend(threads.iter().filter(is_worse));
    }

    /// Of threads that differ only in what was counted in an array or object, those that others serve for.
    fn worse_counts(&mut self, net: &Network, threads: &[Thread], worse: &mut Vec<Thread>) {
        let mut counted: Vec<_> = threads
            .iter()
            .filter_map(|thread| {
                let (comma, machine, state, below) = match *self.stack(thread.stack) {
                    Stack::Pushed(Frame::Turn { machine, state }, below) => (false, machine, state, below),
                    Stack::Pushed(Frame::Comma { machine, state }, below) => (true, machine, state, below),
                    _ => return None,
                };
                let turns = net.turns(machine).filter(|turns| turns.cells.len > 1 || !turns.variants.is_empty())?;
                Some(((machine, self.but_for_counts(turns, state), below, comma), state, *thread))
            })
            .collect();
        counted.sort_unstable();
        for same in counted.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            let Some(turns) = same.first().and_then(|((machine, ..), ..)| net.turns(*machine)) else { continue };
            for (_, one, thread) in same {
                // Of those that lead to the same, the first is kept.
                let mut others = same.iter().filter(|(_, other, _)| other != one);
                if others.any(|(_, other, _)| {
                    self.serves(turns, *other, *one) && (other < one || !self.serves(turns, *one, *other))
                }) {
                    worse.push(*thread);
                }
            }
        }
    }
}

/// Keeps the moves that lead to the end soonest; `about` gives the node and the distance of one.
fn nearest<T>(tables: &Tables, moves: &mut Vec<T>, about: impl Fn(&T) -> (NodeId, u32)) {
    let least = moves.iter().map(|way| about(way).1).min().unwrap_or(NEVER);
    moves.retain(|way| about(way).1 <= least);
    if moves.iter().any(|way| tables.costs.is_near(about(way).0)) {
        moves.retain(|way| tables.costs.is_near(about(way).0));
    }
}
