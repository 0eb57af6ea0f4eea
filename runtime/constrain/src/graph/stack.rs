//! Stacks: what was called and begun and not yet left, shared between places, each with its distance to the end.

use std::sync::Arc;

use super::{BOTTOM, BTreeSet, FEW, Graph, HIDDEN, LITERAL, StackId, StateId, Tables, TextId, Thread};
use crate::hash::QuickMap;
use crate::lower::expr::TurnOrder;
use crate::network::cost::{self, NEVER, UNSPELLED};
use crate::network::turns::{Move, Seen, Turns};
use crate::network::{Machine, NodeId};

/// Frames looked at to find that a stack leads nowhere but where another one leads, at most.
const WITHIN_DEPTH: u32 = 16;

/// What lies on a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Frame {
    /// A rule was called: go on at this node.
    Return(NodeId),
    /// Inside a turn of a machine, which will be in this state after it.
    Turn { machine: u32, state: u32 },
    /// Behind the comma after that state.
    Comma { machine: u32, state: u32 },
    /// A text is captured: it began so many bytes into that of the place ([`HIDDEN`]: nobody looks at it), and ends at
    /// that node.
    Capture { start: u32, end: NodeId },
    /// The rest of this text, from a byte on, is what follows; then goes on at a node.
    Literal { text: TextId, at: u32, then: NodeId },
}

/// What was called and not yet left.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Stack {
    Bottom,
    /// This frame on that stack.
    Pushed(Frame, StackId),
    /// Any one of these stacks, none of which is of this kind; only below a frame.
    Any(Box<[StackId]>),
}

#[derive(Debug)]
pub(super) struct Held {
    pub stack: Stack,
    /// Bytes to the end from behind all that is on it.
    pub cost: u32,
    /// Whether no set of stacks lies below: it is one stack.
    pub single: bool,
    /// Captures that are open.
    pub captures: u32,
    /// Whether it holds texts, used ones or one in progress …
    pub compares: bool,
    /// … or holds none in their place.
    pub hides: bool,
}

/// Threads apart from the graph that they were found in; their stacks, states and texts are places in the lists.
#[derive(Debug)]
pub(crate) struct Loose {
    /// From 1: 0 is the bottom.
    stacks: Vec<Stack>,
    threads: Vec<Thread>,
    seen: Vec<(u32, Seen)>,
    texts: Vec<Arc<[u8]>>,
    text: TextId,
}

/// What begins at one place, where stacks are made one.
pub(super) struct Here {
    /// The stacks whose frame on top begins here, sorted.
    begun: Vec<StackId>,
    /// What stacks became that were merged.
    merged: QuickMap<Vec<StackId>, StackId>,
}

impl Here {
    /// The place at which the frames on top of these stacks begin.
    pub fn new(mut begun: Vec<StackId>) -> Self {
        begun.sort_unstable();
        begun.dedup();
        Self { begun, merged: QuickMap::default() }
    }
}

impl Graph {
    pub(super) fn stack(&self, id: StackId) -> &Stack {
        self.stacks.get(id as usize).map_or(&Stack::Bottom, |held| &held.stack)
    }

    /// The machine that `thread` is directly inside a turn of, its state after the turn, and the stack below.
    pub fn turn(&self, stack: StackId) -> Option<(u32, u32, StackId)> {
        match self.stack(stack) {
            Stack::Pushed(Frame::Turn { machine, state }, below) => Some((*machine, *state, *below)),
            _ => None,
        }
    }

    /// Bytes to the end from behind all that is on `stack`.
    pub fn stack_cost(&self, stack: StackId) -> u32 {
        self.stacks.get(stack as usize).map_or(NEVER, |held| held.cost)
    }

    /// Whether `stack` is one stack, not several that share frames.
    fn is_single(&self, stack: StackId) -> bool {
        self.stacks.get(stack as usize).is_some_and(|held| held.single)
    }

    /// Captures that are open on `stack`.
    pub(super) fn captures(&self, stack: StackId) -> u32 {
        self.stacks.get(stack as usize).map_or(0, |held| held.captures)
    }

    /// Whether texts stand on `stack`.
    pub(super) fn compares(&self, stack: StackId) -> bool {
        self.stacks.get(stack as usize).is_some_and(|held| held.compares)
    }

    /// Whether texts were left out of `stack`.
    pub(super) fn hides(&self, stack: StackId) -> bool {
        self.stacks.get(stack as usize).is_some_and(|held| held.hides)
    }

    /// Bytes to the end from `thread`, where no text on its stack is like a known one.
    pub fn ahead(&self, tables: &Tables, thread: &Thread) -> u32 {
        if let Some((machine, named, below)) = self.names(tables, thread)
            && let Some(turns) = tables.net.turns(machine)
            && let Some(place) = turns.names.place(thread.node)
        {
            let all = named.get(place.range()).unwrap_or(&[]);
            let least = all.iter().min().copied().unwrap_or(NEVER);
            if least == NEVER {
                return NEVER;
            }
            let slot = turns.names.order.get(place.first as usize).and_then(|slot| turns.slots.get(*slot as usize));
            let read = match slot.filter(|_| !tables.spelled) {
                Some(slot) => spelling(tables, slot.name.iter().take(place.read as usize)),
                None => place.read,
            };
            return cost::sum(least.saturating_sub(read), self.stack_cost(below));
        }
        let own = if thread.node == LITERAL { 0 } else { tables.costs.node(thread.node) };
        cost::sum(own, self.stack_cost(thread.stack))
    }

    /// The machine in the tree of whose names `thread` is, the distance by each name, and the stack below.
    pub fn names(&self, tables: &Tables, thread: &Thread) -> Option<(u32, &Arc<[u32]>, StackId)> {
        let Stack::Pushed(Frame::Comma { machine, state }, below) = *self.stack(thread.stack) else { return None };
        tables.net.turns(machine)?.names.place(thread.node)?;
        Some((machine, self.named.get(&(machine, state))?, below))
    }

    /// For each name of a machine, the distance from before it where it is written after that state.
    pub(super) fn named(&mut self, tables: &Tables, (machine, turns): (u32, &Turns), state: u32) -> Arc<[u32]> {
        if let Some(known) = self.named.get(&(machine, state)) {
            return known.clone();
        }
        let named: Arc<[u32]> = tables.costs.named(machine, turns, &self.seen(turns, state)).into();
        self.bytes += 48 + named.len() * 4;
        self.named.insert((machine, state), named.clone());
        named
    }

    /// `frame` on `below`.
    pub fn push(&mut self, tables: &Tables, frame: Frame, below: StackId) -> StackId {
        let stack = Stack::Pushed(frame, below);
        if let Some(known) = self.stack_ids.get(&stack) {
            return *known;
        }
        let own = match frame {
            Frame::Return(node) => tables.costs.node(node),
            Frame::Turn { machine, state } => self.rest(tables, machine, state),
            Frame::Comma { machine, state } => self.another(tables, machine, state),
            Frame::Capture { .. } => 0,
            Frame::Literal { text, at, then } => {
                let text = self.text(text);
                cost::sum(spelling(tables, text.iter().skip(at as usize)), tables.costs.node(then))
            }
        };
        let cost = cost::sum(own, self.stack_cost(below));
        self.hold(stack, cost)
    }

    /// Bytes from the end of a turn to behind the machine.
    fn rest(&self, tables: &Tables, machine: u32, state: u32) -> u32 {
        match remembering(tables, machine) {
            Some(_) => self.seen.get(state as usize).map_or(NEVER, |(_, _, cost)| *cost),
            None => tables.costs.rest(&tables.net, machine, state),
        }
    }

    /// Bytes from behind the comma after a turn to behind the machine.
    fn another(&mut self, tables: &Tables, machine: u32, state: u32) -> u32 {
        let Some(Machine::Turns(turns)) = tables.net.machines.get(machine as usize) else { return NEVER };
        let seen = self.seen(turns, state);
        let hidden = *seen.used == [HIDDEN];
        if turns.distinct && !hidden {
            return self.another_distinct(tables, machine, turns, &seen);
        }
        let mut best = NEVER;
        if turns.names.is_empty() {
            best = tables.costs.another(machine, turns, &seen);
        } else {
            best = self.named(tables, (machine, turns), state).iter().min().copied().unwrap_or(best);
            for way in turns.repeated(&seen) {
                let Some(next) = turns.next(&seen, way) else { continue };
                best = best.min(self.distance_of(tables, (machine, turns), way, &next));
            }
        }
        // How far it is where some texts are used must be looked at.
        if hidden && best < NEVER { best.max(UNSPELLED - 1) } else { best }
    }

    /// The state of that number.
    pub(super) fn seen(&self, turns: &Turns, state: u32) -> Seen {
        match turns.remembers() {
            true => self.seen.get(state as usize).map(|(_, seen, _)| seen.clone()).unwrap_or_default(),
            false => turns.state(state),
        }
    }

    /// The number of a state and its distance to behind the machine.
    pub(super) fn number(&mut self, tables: &Tables, machine: u32, turns: &Turns, seen: Seen) -> (u32, u32) {
        if !turns.remembers() {
            return (turns.index(&seen), tables.costs.after(machine, turns, &seen));
        }
        let key = (machine, seen);
        if let Some(known) = self.seen_ids.get(&key) {
            return (*known, self.seen.get(*known as usize).map_or(NEVER, |(_, _, cost)| *cost));
        }
        let cost = self.after(tables, (machine, turns), &key.1);
        let id = self.seen.len() as u32;
        self.bytes += 240 + key.1.slots.len() * 24 + key.1.used.len() * 12;
        key.1.used.iter().for_each(|text| self.read_value(*text));
        self.seen.push((machine, key.1.clone(), cost));
        let alike = (machine, turns.without_counts(&key.1));
        let next = self.alike_ids.len() as u32;
        self.alike.push(*self.alike_ids.entry(alike).or_insert(next));
        self.seen_ids.insert(key, id);
        (id, cost)
    }

    /// A number that states of `turns` share which differ in what was counted only.
    pub(super) fn but_for_counts(&self, turns: &Turns, state: u32) -> u32 {
        match turns.remembers() {
            true => self.alike.get(state as usize).copied().unwrap_or(NEVER),
            false => turns.state(state).place,
        }
    }

    /// Whether all that may follow the state `other` of `turns` may also follow `one`, which is like it.
    pub(super) fn serves(&mut self, turns: &Turns, one: u32, other: u32) -> bool {
        let served = |graph: &Self| {
            let counted = |state| turns.counted(&graph.seen(turns, state));
            turns.serves(&counted(one), &counted(other))
        };
        if !turns.remembers() {
            return served(self);
        }
        if let Some(known) = self.serves.get(&(one, other)) {
            return *known;
        }
        let serves = served(self);
        self.bytes += 16;
        self.serves.insert((one, other), serves);
        serves
    }

    /// Distance from after `seen` to behind the machine.
    pub(super) fn after(&mut self, tables: &Tables, (machine, turns): (u32, &Turns), seen: &Seen) -> u32 {
        let single = turns.cells.len == 1;
        if turns.order != TurnOrder::Any || single && turns.variants.is_empty() {
            return tables.costs.after(machine, turns, seen);
        }
        let key = (machine, seen.slots.clone());
        let row = match self.rows.get(&key) {
            Some(row) => row,
            None => {
                let row: Arc<[u32]> = match single {
                    true => [tables.costs.after(machine, turns, seen)].into(),
                    false => tables.costs.row(turns, seen).into(),
                };
                self.bytes += 64 + row.len() * 4;
                self.rows.entry(key).or_insert(row)
            }
        };
        row.get(seen.cell as usize).copied().unwrap_or(NEVER)
    }

    /// Distance from before a turn of `way`, after which `next` is seen, to behind the machine.
    pub(super) fn distance_of(&mut self, tables: &Tables, of: (u32, &Turns), way: &Move, next: &Seen) -> u32 {
        tables.costs.distance_by(of.1, way, next, |seen| self.after(tables, of, seen))
    }

    pub(super) fn text(&self, id: TextId) -> Arc<[u8]> {
        self.texts.get(id as usize).cloned().unwrap_or_else(|| Arc::from([]))
    }

    pub(super) fn bytes_of(&self, id: TextId) -> &[u8] {
        self.texts.get(id as usize).map_or(&[], |text| text)
    }

    pub(super) fn text_id(&mut self, text: &[u8]) -> TextId {
        if let Some(known) = self.text_ids.get(text) {
            return *known;
        }
        let (id, text): (TextId, Arc<[u8]>) = (self.texts.len() as TextId, text.into());
        self.bytes += 64 + text.len();
        self.texts.push(text.clone());
        self.text_ids.insert(text, id);
        id
    }

    /// `text` and then `byte`, but for white space between the parts of JSON: by that no two texts differ.
    pub(super) fn longer(&mut self, text: TextId, byte: u8) -> TextId {
        let mut longer = self.text(text).to_vec();
        if is_filler(&longer, byte) {
            return text;
        }
        longer.push(byte);
        self.text_id(&longer)
    }

    /// The byte that a thread which reads a given text reads next.
    pub(super) fn next_byte(&self, stack: StackId) -> Option<u8> {
        match self.stack(stack) {
            Stack::Pushed(Frame::Literal { text, at, .. }, _) => {
                self.texts.get(*text as usize)?.get(*at as usize).copied()
            }
            _ => None,
        }
    }

    /// Such a thread one byte on.
    pub(super) fn past_byte(&mut self, tables: &Tables, stack: StackId) -> Thread {
        match *self.stack(stack) {
            Stack::Pushed(Frame::Literal { text, at, then }, below) => {
                self.read(tables, Frame::Literal { text, at: at + 1, then }, below)
            }
            _ => Thread { node: LITERAL, stack },
        }
    }

    /// The thread that reads what is left of a literal on `below`.
    pub(super) fn read(&mut self, tables: &Tables, literal: Frame, below: StackId) -> Thread {
        match literal {
            Frame::Literal { text, at, then } if self.text(text).len() <= at as usize => {
                Thread { node: then, stack: below }
            }
            frame => Thread { node: LITERAL, stack: self.push(tables, frame, below) },
        }
    }

    /// Whether nothing but the end of a rule looks at what is on top of `stack`.
    pub(super) fn returns(&self, stack: StackId) -> bool {
        let is_return = matches!(self.stack(stack), Stack::Pushed(Frame::Return(_), _) | Stack::Any(_));
        is_return && self.captures(stack) == 0
    }

    /// Any one of `members`.
    pub(super) fn any(&mut self, members: &[StackId]) -> StackId {
        let members = self.flat(members);
        self.one_of(members)
    }

    /// The stacks that `members` are any of, sorted.
    fn flat(&self, members: &[StackId]) -> Vec<StackId> {
        let mut all: Vec<StackId> = Vec::with_capacity(members.len());
        for member in members {
            match self.stack(*member) {
                Stack::Any(inner) => all.extend(inner),
                _ => all.push(*member),
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Any one of `members`, sorted and none of them of this kind.
    fn one_of(&mut self, mut members: Vec<StackId>) -> StackId {
        self.drop_within(&mut members);
        match members.as_slice() {
            [only] => *only,
            all => {
                let cost = all.iter().map(|member| self.stack_cost(*member)).min().unwrap_or(NEVER);
                self.hold(Stack::Any(all.into()), cost)
            }
        }
    }

    /// Drops the stacks that lead nowhere but where another one of them leads.
    fn drop_within(&mut self, members: &mut Vec<StackId>) {
        if members.len() < 2 {
            return;
        }
        let mut tops: QuickMap<Option<Frame>, Vec<StackId>> = QuickMap::default();
        // Those that were held last lead to most.
        for member in members.iter().rev() {
            let top = match self.stack(*member) {
                Stack::Pushed(frame, _) => Some(*frame),
                _ => None,
            };
            let same = tops.entry(top).or_default();
            let mut last = same.iter().rev().take(FEW);
            if !last.any(|other| self.is_within(*member, *other)) {
                let first = same.len().saturating_sub(FEW);
                let mut at = 0..;
                same.retain(|other| at.next() < Some(first) || !self.is_within(*other, *member));
                same.push(*member);
            }
        }
        *members = tops.into_values().flatten().collect();
        members.sort_unstable();
    }

    /// Whether `stack` is known to lead nowhere but where `other` leads: each of its frames stands on `other`, too
    /// (a simulation).
    pub(super) fn is_within(&mut self, stack: StackId, other: StackId) -> bool {
        self.looked_within(stack, other, WITHIN_DEPTH)
    }

    fn looked_within(&mut self, stack: StackId, other: StackId, depth: u32) -> bool {
        // What leads to all that another one does is as near to the end.
        let farther = self.stack_cost(stack) < self.stack_cost(other);
        if stack == other || depth == 0 || farther || self.is_single(other) {
            return stack == other;
        }
        let (of, with) = (self.stack(stack), self.stack(other));
        if let (Stack::Pushed(frame, below), Stack::Pushed(same, under)) = (of, with) {
            let (below, under) = (*below, *under);
            return frame == same && self.looked_within(below, under, depth - 1);
        }
        let (members, with) = match (of, with) {
            (Stack::Any(members), _) => (members.clone(), None),
            (_, Stack::Any(members)) => (members.clone(), Some(other)),
            _ => return false,
        };
        if let Some(known) = self.within.get(&(stack, other)) {
            return *known;
        }
        let within = match with {
            None => members.iter().all(|member| self.looked_within(*member, other, depth)),
            Some(_) => members.iter().rev().any(|member| self.looked_within(stack, *member, depth)),
        };
        self.bytes += 24;
        self.within.insert((stack, other), within);
        within
    }

    /// The stacks, sorted, those with the same frame on top made one, and below it those of frames that begin `here`.
    pub(super) fn merged(&mut self, tables: &Tables, stacks: &[StackId], here: &mut Here, depth: u32) -> Vec<StackId> {
        let (mut pushed, mut out): (Vec<(Frame, StackId)>, Vec<StackId>) = (Vec::new(), Vec::new());
        for id in stacks {
            match self.stack(*id) {
                // Captures are told apart one by one.
                Stack::Pushed(frame, below) if self.captures(*id) == 0 => pushed.push((*frame, *below)),
                _ => out.push(*id),
            }
        }
        pushed.sort_unstable();
        for same in pushed.chunk_by(|a, b| a.0 == b.0) {
            let (Some((frame, first)), belows) = (same.first(), same.iter().map(|(_, below)| *below)) else { continue };
            let below = match same.len() {
                1 => *first,
                _ => self.merged_below(tables, &belows.collect::<Vec<_>>(), here, depth.saturating_sub(1)),
            };
            out.push(self.push(tables, *frame, below));
        }
        out.sort_unstable();
        out.dedup();
        out
    }

    /// Any one of `members`; those that begin `here` with an equal frame are one.
    fn merged_below(&mut self, tables: &Tables, members: &[StackId], here: &mut Here, depth: u32) -> StackId {
        let all = self.flat(members);
        if let Some(known) = here.merged.get(&all) {
            return *known;
        }
        let (begun, mut rest): (Vec<StackId>, Vec<StackId>) =
            all.iter().partition(|member| depth > 0 && here.begun.binary_search(member).is_ok());
        rest.extend(self.merged(tables, &begun, here, depth));
        rest.sort_unstable();
        rest.dedup();
        let merged = self.one_of(rest);
        here.merged.insert(all, merged);
        merged
    }

    /// Whether that state of a machine remembers texts.
    fn distinct(&self, machine: u32, state: u32) -> bool {
        self.seen.get(state as usize).is_some_and(|(of, seen, _)| *of == machine && !seen.used.is_empty())
    }

    fn hold(&mut self, stack: Stack, cost: u32) -> StackId {
        if let Some(known) = self.stack_ids.get(&stack) {
            return *known;
        }
        let id = self.stacks.len() as StackId;
        self.bytes += match &stack {
            Stack::Any(members) => 80 + members.len() * 8,
            _ => 80,
        };
        let mut held = Held { stack: stack.clone(), cost, single: true, captures: 0, compares: false, hides: false };
        let below = match &stack {
            Stack::Bottom => &[],
            Stack::Pushed(frame, below) => {
                match *frame {
                    Frame::Capture { start, .. } => {
                        held.captures = 1;
                        (held.compares, held.hides) = (start != HIDDEN, start == HIDDEN);
                    }
                    Frame::Turn { state, machine } | Frame::Comma { state, machine }
                        if self.distinct(machine, state) =>
                    {
                        let seen = self.seen.get(state as usize);
                        held.hides = seen.is_some_and(|(_, seen, _)| *seen.used == [HIDDEN]);
                        held.compares = !held.hides;
                    }
                    _ => {}
                }
                std::slice::from_ref(below)
            }
            Stack::Any(members) => &**members,
        };
        held.single = below.len() < 2 && below.iter().all(|below| self.is_single(*below));
        for below in below {
            held.captures += self.captures(*below);
            held.compares |= self.compares(*below);
            held.hides |= self.hides(*below);
        }
        self.stacks.push(held);
        self.stack_ids.insert(stack, id);
        id
    }

    /// The threads of `state` with their stacks, to carry them to another graph.
    pub fn loose(&self, tables: &Tables, state: StateId) -> Loose {
        let threads = &self.state(state).threads;
        let mut found: BTreeSet<StackId> = BTreeSet::new();
        let mut pending: Vec<StackId> = threads.iter().map(|thread| thread.stack).collect();
        while let Some(id) = pending.pop() {
            if id != BOTTOM && found.insert(id) {
                match self.stack(id) {
                    Stack::Bottom => {}
                    Stack::Pushed(_, below) => pending.push(*below),
                    Stack::Any(members) => pending.extend(members),
                }
            }
        }
        // What lies below was held earlier, so it has the smaller number.
        let found: Vec<StackId> = found.into_iter().collect();
        let place = |id: &StackId| found.binary_search(id).map_or(BOTTOM, |at| at as StackId + 1);
        let mut out = Loose { stacks: Vec::new(), threads: Vec::new(), seen: Vec::new(), texts: Vec::new(), text: 0 };
        out.text = self.loose_text(self.state(state).text, &mut out.texts);
        for id in &found {
            let stack = match self.stack(*id) {
                Stack::Bottom => Stack::Bottom,
                Stack::Pushed(frame, below) => Stack::Pushed(self.loose_frame(tables, *frame, &mut out), place(below)),
                Stack::Any(members) => Stack::Any(members.iter().map(place).collect()),
            };
            out.stacks.push(stack);
        }
        out.threads = threads.iter().map(|thread| Thread { node: thread.node, stack: place(&thread.stack) }).collect();
        out
    }

    fn loose_text(&self, text: TextId, out: &mut Vec<Arc<[u8]>>) -> TextId {
        out.push(self.text(text));
        out.len() as TextId - 1
    }

    fn loose_frame(&self, tables: &Tables, frame: Frame, out: &mut Loose) -> Frame {
        let mut loose = |machine: u32, state: u32| {
            if remembering(tables, machine).is_none() {
                return state;
            }
            let Some((_, seen, _)) = self.seen.get(state as usize) else { return state };
            let mut seen = seen.clone();
            for text in &mut seen.used {
                *text = self.loose_text(*text, &mut out.texts);
            }
            out.seen.push((machine, seen));
            out.seen.len() as u32 - 1
        };
        match frame {
            Frame::Turn { machine, state } => Frame::Turn { machine, state: loose(machine, state) },
            Frame::Comma { machine, state } => Frame::Comma { machine, state: loose(machine, state) },
            Frame::Literal { text, at, then } => {
                Frame::Literal { text: self.loose_text(text, &mut out.texts), at, then }
            }
            frame => frame,
        }
    }

    /// The place of threads from another graph.
    pub fn carry(&mut self, tables: &Tables, loose: &Loose, complete: bool) -> StateId {
        let texts: Vec<TextId> = loose.texts.iter().map(|text| self.text_id(text)).collect();
        let text = |id: &TextId| texts.get(*id as usize).copied().unwrap_or(0);
        let mut states = Vec::with_capacity(loose.seen.len());
        for (machine, seen) in &loose.seen {
            let seen = Seen { used: seen.used.iter().map(text).collect(), ..seen.clone() };
            let turns = remembering(tables, *machine);
            states.push(turns.map_or(0, |turns| self.number(tables, *machine, turns, seen).0));
        }
        let state = |machine: u32, state: u32| match remembering(tables, machine) {
            Some(_) => states.get(state as usize).copied().unwrap_or(0),
            None => state,
        };
        let mut ids = vec![BOTTOM];
        for stack in &loose.stacks {
            let own = |place: &StackId| ids.get(*place as usize).copied().unwrap_or(BOTTOM);
            let id = match stack {
                Stack::Bottom => BOTTOM,
                Stack::Pushed(frame, below) => {
                    let frame = match *frame {
                        Frame::Turn { machine, state: at } => Frame::Turn { machine, state: state(machine, at) },
                        Frame::Comma { machine, state: at } => Frame::Comma { machine, state: state(machine, at) },
                        Frame::Literal { text: id, at, then } => Frame::Literal { text: text(&id), at, then },
                        frame => frame,
                    };
                    self.push(tables, frame, own(below))
                }
                Stack::Any(members) => self.any(&members.iter().map(own).collect::<Vec<_>>()),
            };
            ids.push(id);
        }
        let stack = |thread: &Thread| ids.get(thread.stack as usize).copied().unwrap_or(BOTTOM);
        let mut threads: Vec<Thread> =
            loose.threads.iter().map(|thread| Thread { node: thread.node, stack: stack(thread) }).collect();
        threads.sort_unstable();
        self.intern(tables, threads.into(), text(&loose.text), complete, false)
    }
}

/// The machine, if its states are more than numbers.
pub(super) fn remembering(tables: &Tables, machine: u32) -> Option<&Turns> {
    match tables.net.machines.get(machine as usize) {
        Some(Machine::Turns(turns)) if turns.remembers() => Some(turns),
        _ => None,
    }
}

/// What these bytes cost.
fn spelling<'a>(tables: &Tables, bytes: impl Iterator<Item = &'a u8>) -> u32 {
    bytes.map(|byte| if tables.vocabulary.has_byte(*byte) { 1 } else { UNSPELLED }).fold(0, cost::sum)
}

/// Whether `byte`, behind the beginning `text` of a JSON text, is white space outside of strings.
pub(super) fn is_filler(text: &[u8], byte: u8) -> bool {
    is_space(byte) && !is_quoted(text)
}

/// Whether `byte` is white space to JSON.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether the beginning `text` of a JSON text ends inside a string.
pub(super) fn is_quoted(text: &[u8]) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    for byte in text {
        escaped = match byte {
            b'"' if !escaped => {
                quoted = !quoted;
                false
            }
            b'\\' => quoted && !escaped,
            _ => false,
        };
    }
    quoted
}
