//! How far each node is from the end, in bytes, and the finite part of the language that shortest texts stay in.
//!
//! Distances are least fixpoints (Knuth's generalisation of Dijkstra's algorithm to grammars): rule after rule, those
//! that are called first, again where what they call has come nearer. A byte that is no token of its own costs
//! [`UNSPELLED`], so a distance below that is a number of tokens that suffices.
//!
//! The *lean* language keeps every alternative that is flat (of the others, of the spellings of one character and of the
//! turns of a machine, the shortest), but cuts each repetition to its least count, leaves out what is optional, and calls
//! only rules that bring the end nearer. It is finite and holds a text of least distance. What is flat adds few frames to
//! the stack: alternatives that nest would be met on every combination of stacks, a power of the depth.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::ops::Range;

use crate::error::ConstrainError;
use crate::lower::expr::TurnOrder;
use crate::network::turns::{Draw, Move, Seen, Turns};
use crate::network::{Edge, Machine, Network, Node, NodeId};

/// Cost of a byte that the vocabulary has no token for.
pub(crate) const UNSPELLED: u32 = 1 << 20;
/// Frames that an alternative adds to the stack, from which on it is not flat.
const NESTED: u8 = 3;
/// No way at all.
pub(crate) const NEVER: u32 = u32::MAX;

/// The sum of two distances; only no way and anything makes no way.
pub(crate) fn sum(one: u32, other: u32) -> u32 {
    if one == NEVER || other == NEVER { NEVER } else { one.saturating_add(other).min(NEVER - 1) }
}

/// Distances of a network.
#[derive(Debug)]
pub(crate) struct Costs {
    /// From each node to the end of its rule, or of its turn inside a machine.
    pub nodes: Vec<u32>,
    /// From the start of each rule to its end.
    pub rules: Vec<u32>,
    /// The targets of each split that a lean text may take, in place of all; by the split's first target.
    pub lean: Vec<bool>,
    /// The nodes from which the end is reached by calls of earlier rules only.
    reach: Vec<bool>,
    /// Distances between turns, as each machine numbers its states.
    pub machines: Vec<Vec<u32>>,
    /// Whether the lean language is the whole one.
    pub all_lean: bool,
}

impl Costs {
    /// Computes the distances of `net`, where `edge_cost` is what reading a byte costs, and takes out of it what leads
    /// to no end.
    pub fn new(net: &mut Network, edge_cost: impl Fn(&Edge) -> u32) -> Result<Self, ConstrainError> {
        let mut costs = Self {
            nodes: vec![NEVER; net.nodes.len()],
            rules: vec![NEVER; net.starts.len()],
            lean: vec![true; net.targets.len()],
            reach: vec![false; net.nodes.len()],
            machines: vec![Vec::new(); net.machines.len()],
            all_lean: false,
        };
        let edge_costs: Vec<u32> = net.edges.iter().map(&edge_cost).collect();
        let name =
            |name: &[u8]| name.iter().map(|byte| edge_cost(&Edge { low: *byte, high: *byte, to: 0 })).fold(0, sum);
        for machine in &mut net.machines {
            let Machine::Turns(Turns { moves, slots, .. }) = machine else { continue };
            for way in moves {
                let slot = way.slot.and_then(|slot| slots.get(slot as usize));
                way.before = slot.map_or(0, |slot| name(&slot.name));
            }
        }
        let mut inputs = vec![Vec::new(); net.machines.len()];
        let users = Users::of(net);
        let (order, callers) = calls(net);
        // When a rule got its final distance orders rules so that a shortest text calls earlier ones only.
        let mut stamps = vec![0usize; net.starts.len()];
        let mut waiting = vec![true; net.starts.len()];
        let mut queue: VecDeque<usize> = order.iter().copied().collect();
        let mut time = 0;
        while let Some(rule) = queue.pop_front() {
            waiting[rule] = false;
            costs.settle(net, &users, rule, &edge_costs, &mut inputs)?;
            let cost = costs.node(net.starts[rule]);
            if cost < costs.rules[rule] {
                time += 1;
                (costs.rules[rule], stamps[rule]) = (cost, time);
                for caller in &callers[rule] {
                    if !std::mem::replace(&mut waiting[*caller], true) {
                        queue.push_back(*caller);
                    }
                }
            }
        }
        if let Some(root) = stamps.last_mut() {
            *root = usize::MAX;
        }
        net.prune(|node| costs.node(node) == NEVER);
        costs.choose_lean(net, &users, &stamps, &order);
        costs.all_lean = costs.lean.iter().all(|lean| *lean)
            && !net.nodes.iter().any(|node| matches!(node, Node::Skip { .. }))
            && net.machines.iter().all(|machine| match machine {
                Machine::Repeat(counter) => counter.max == Some(counter.min),
                _ => false,
            });
        Ok(costs)
    }

    /// Bytes of the distances between turns.
    pub fn held(&self) -> usize {
        self.machines.iter().map(|table| size_of_val(&**table)).sum()
    }

    /// Distance of `node`.
    pub fn node(&self, node: NodeId) -> u32 {
        self.nodes.get(node as usize).copied().unwrap_or(NEVER)
    }

    /// Whether a lean text may go through `node`.
    pub fn is_near(&self, node: NodeId) -> bool {
        self.reach.get(node as usize).copied().unwrap_or(false)
    }

    /// Distance from inside a turn, its end not counted, to behind the machine. For states that are numbers only.
    pub fn rest(&self, net: &Network, machine: u32, state: u32) -> u32 {
        match net.machines.get(machine as usize) {
            Some(Machine::Repeat(counter)) => {
                let turns = match (self.node(counter.again), counter.min.saturating_sub(state)) {
                    (_, 0) => 0,
                    (NEVER, _) => NEVER,
                    (again, turns) => again.saturating_mul(turns).min(NEVER - 1),
                };
                sum(turns, self.node(counter.exit))
            }
            Some(Machine::Turns(_)) => self.known(machine, state),
            Some(Machine::Meter(meter)) => sum(meter.distance(state, self.table(machine)), self.node(meter.exit)),
            None => NEVER,
        }
    }

    /// The same for any state of the turns of an array or object. Where texts must differ, so many that turns that must
    /// be taken find one of them.
    pub fn after(&self, machine: u32, turns: &Turns, seen: &Seen) -> u32 {
        match turns.order {
            TurnOrder::Any if turns.cells.len > 1 => {
                self.row(turns, seen).get(seen.cell as usize).copied().unwrap_or(NEVER)
            }
            TurnOrder::Any if !turns.variants.is_empty() => {
                turns.nearest_variant(self.node(turns.exit), &|way| self.turn(turns, way, None), seen)
            }
            TurnOrder::Any => {
                let missing = turns.required.iter().filter(|slot| !seen.has(**slot as usize));
                let missing = missing.filter_map(|slot| turns.slots.get(*slot as usize));
                let least =
                    |slot| turns.ways(slot).iter().map(|way| self.turn(turns, way, None)).min().unwrap_or(NEVER);
                missing.fold(self.node(turns.exit), |cost, slot| sum(cost, least(slot)))
            }
            _ => self.known(machine, turns.index(seen)),
        }
    }

    /// The same for all counts, where slots come in any order.
    pub fn row(&self, turns: &Turns, seen: &Seen) -> Vec<u32> {
        turns.distances(self.node(turns.exit), |way, draw| self.turn(turns, way, draw), Some(seen))
    }

    /// The distances of a machine.
    pub fn table(&self, machine: u32) -> &[u32] {
        self.machines.get(machine as usize).map_or(&[], Vec::as_slice)
    }

    fn known(&self, machine: u32, state: u32) -> u32 {
        self.table(machine).get(state as usize).copied().unwrap_or(NEVER)
    }

    /// What a turn costs with its comma.
    fn turn(&self, turns: &Turns, way: &Move, draw: Option<&Draw>) -> u32 {
        sum(self.node(turns.comma), self.body(way, draw))
    }

    fn body(&self, way: &Move, draw: Option<&Draw>) -> u32 {
        let body = draw.map_or(self.node(way.body), |draw| sum(draw.bytes, self.node(draw.end)));
        sum(way.before, body)
    }

    /// For each slot by its name, the distance from before the name to behind the machine where it is filled after
    /// `seen`; [`NEVER`] where that leads nowhere.
    pub fn named(&self, machine: u32, turns: &Turns, seen: &Seen) -> Vec<u32> {
        let mut by_slot = match turns.order {
            TurnOrder::Any if !turns.variants.is_empty() => {
                let (body, turn) = (|way: &Move| self.body(way, None), |way: &Move| self.turn(turns, way, None));
                turns.filling_variants(self.node(turns.exit), &body, &turn, seen)
            }
            TurnOrder::Any => turns.filling(self.node(turns.exit), |way, draw| self.turn(turns, way, draw), seen),
            _ => vec![NEVER; turns.slots.len()],
        };
        match turns.order {
            TurnOrder::Any if !turns.variants.is_empty() => {}
            TurnOrder::Any => {
                // The first turn has no comma, or it is read.
                let comma = self.node(turns.comma);
                by_slot.iter_mut().filter(|cost| **cost < NEVER).for_each(|cost| *cost = cost.saturating_sub(comma));
            }
            _ => {
                for way in turns.open(seen).flat_map(|slot| turns.ways(slot)) {
                    let cost = turns.next(seen, way).map_or(NEVER, |next| self.from(machine, turns, way, &next));
                    if let Some(best) = way.slot.and_then(|slot| by_slot.get_mut(slot as usize)) {
                        *best = cost.min(*best);
                    }
                }
            }
        }
        turns.names.order.iter().map(|slot| by_slot.get(*slot as usize).copied().unwrap_or(NEVER)).collect()
    }

    /// The first turn of a shortest way after `seen` by one of the variants of `turns`, what is seen after it, and its distance.
    pub fn leading_variant(&self, turns: &Turns, seen: &Seen) -> Option<(Move, Seen, u32)> {
        let (body, turn) = (|way: &Move| self.body(way, None), |way: &Move| self.turn(turns, way, None));
        let near = |way: &Move| self.is_near(way.body);
        turns.leading_variant(self.node(turns.exit), (&body, &turn), &near, seen)
    }

    /// Distance from before any turn after `seen` to behind the machine.
    pub fn another(&self, machine: u32, turns: &Turns, seen: &Seen) -> u32 {
        let mut best = NEVER;
        // What may be repeated fills no slot.
        let counted = turns.order == TurnOrder::Any && turns.cells.len > 1 && turns.repeated(seen).len() > 1;
        let row = if counted { self.row(turns, seen) } else { Vec::new() };
        for way in turns.repeated(seen) {
            let after = |next: &Seen| match counted {
                true => row.get(next.cell as usize).copied().unwrap_or(NEVER),
                false => self.after(machine, turns, next),
            };
            if let Some(next) = turns.next(seen, way) {
                best = best.min(self.distance_by(turns, way, &next, after));
            }
        }
        let by = |way: &Move| {
            // What it costs to the end of the turn is less than all.
            if self.node(way.body) < best
                && let Some(next) = turns.next(seen, way)
            {
                best = best.min(self.from(machine, turns, way, &next));
            }
        };
        if turns.names.is_empty() {
            turns.open(seen).flat_map(|slot| turns.ways(slot)).for_each(by);
            return best;
        }
        self.named(machine, turns, seen).into_iter().min().unwrap_or(NEVER).min(best)
    }

    /// Distance from before a turn of `way`, after which `next` is seen, to behind the machine.
    pub fn from(&self, machine: u32, turns: &Turns, way: &Move, next: &Seen) -> u32 {
        self.distance_by(turns, way, next, |seen| self.after(machine, turns, seen))
    }

    /// The same, where `after` tells the distance behind the turn.
    pub fn distance_by(&self, turns: &Turns, way: &Move, next: &Seen, mut after: impl FnMut(&Seen) -> u32) -> u32 {
        let by = |draw: &Draw| match turns.cells.draw(next.cell, draw.hits) {
            Some(cell) => sum(self.body(way, Some(draw)), after(&Seen { cell, ..next.clone() })),
            None => NEVER,
        };
        match turns.draws(way) {
            [] if self.node(way.body) == NEVER => NEVER,
            [] => sum(self.body(way, None), after(next)),
            draws => draws.iter().map(by).min().unwrap_or(NEVER),
        }
    }

    /// Distance from before any turn of a machine; `later` where the first turn is separated from what was before.
    fn push(&self, net: &Network, machine: u32, later: bool) -> u32 {
        match net.machines.get(machine as usize) {
            Some(Machine::Repeat(by)) if by.min == 0 => self.node(by.exit),
            Some(Machine::Repeat(by)) => {
                sum(self.node(if later { by.again } else { by.body }), self.rest(net, machine, 1))
            }
            Some(Machine::Turns(turns)) => {
                let start = turns.start();
                let empty = if turns.accepts(&start) { self.node(turns.empty) } else { NEVER };
                if turns.order == TurnOrder::Any && turns.cells.len == 1 && !turns.required.is_empty() {
                    // The first turn has no comma.
                    let all = self.after(machine, turns, &start);
                    return if all == NEVER { NEVER } else { all.saturating_sub(self.node(turns.comma)) };
                }
                self.another(machine, turns, &start).min(empty)
            }
            Some(Machine::Meter(meter)) => self.rest(net, machine, meter.start),
            None => NEVER,
        }
    }

    /// Computes the distances between the turns of `machine`, if those they are made of have changed.
    fn tabulate(&mut self, net: &Network, machine: u32, inputs: &mut [Vec<u32>]) -> Result<(), ConstrainError> {
        let of: Vec<u32> = match net.machines.get(machine as usize) {
            Some(Machine::Turns(turns)) if turns.order != TurnOrder::Any => {
                let ends = turns.supply.draws.iter().flatten().map(|draw| draw.end);
                let nodes = turns.moves.iter().map(|way| way.body).chain(ends).chain([turns.comma, turns.exit]);
                nodes.map(|node| self.node(node)).collect()
            }
            Some(Machine::Meter(meter)) => meter.bodies().map(|node| self.node(node)).collect(),
            _ => return Ok(()),
        };
        let Some(known) = inputs.get_mut(machine as usize).filter(|known| **known != of) else { return Ok(()) };
        *known = of;
        let table = match net.machines.get(machine as usize) {
            Some(Machine::Turns(turns)) => {
                turns.distances(self.node(turns.exit), |way, draw| self.turn(turns, way, draw), None)
            }
            Some(Machine::Meter(meter)) => meter.distances(|node| self.node(node))?,
            _ => Vec::new(),
        };
        if let Some(place) = self.machines.get_mut(machine as usize) {
            *place = table;
        }
        Ok(())
    }

    /// Relaxes the distances of a rule's nodes until they stay, the rules' distances as they are.
    fn settle(
        &mut self,
        net: &Network,
        users: &Users,
        rule: usize,
        edge_costs: &[u32],
        inputs: &mut [Vec<u32>],
    ) -> Result<(), ConstrainError> {
        users.relax(net.range(rule), |index| {
            let cost = match net.nodes[index] {
                Node::Return | Node::Head { .. } | Node::Choose { .. } => 0,
                Node::Captured { next } => self.node(next),
                Node::Bytes { first, count } => (first..first + count)
                    .map(|at| sum(edge_costs[at as usize], self.node(net.edges[at as usize].to)))
                    .min()
                    .unwrap_or(NEVER),
                Node::Split { first, count } => {
                    net.targets(first, count).iter().map(|to| self.node(*to)).min().unwrap_or(NEVER)
                }
                Node::Names { next, .. } => self.node(next),
                Node::Named { machine } => {
                    named(net, machine, index as NodeId).map(|way| self.node(way.body)).min().unwrap_or(NEVER)
                }
                Node::Skip { body, exit } => self.node(body).min(self.node(exit)),
                Node::Call { rule, next } => sum(self.rules[rule as usize], self.node(next)),
                Node::Capture { body, .. } => self.node(body),
                Node::Push { machine, later } => {
                    self.tabulate(net, machine, inputs)?;
                    self.push(net, machine, later)
                }
            };
            let nearer = cost < self.nodes[index];
            if nearer {
                self.nodes[index] = cost;
            }
            Ok(nearer)
        })
    }

    /// Marks the nodes and split targets from which the end is reached by calls of earlier rules only.
    fn choose_lean(&mut self, net: &Network, users: &Users, stamps: &[usize], order: &[usize]) {
        for rule in 0..net.starts.len() {
            let near = |index: usize| {
                let found = !self.reach[index] && self.reaches(net, rule, index, stamps);
                self.reach[index] |= found;
                Ok::<bool, Infallible>(found)
            };
            let Ok(()) = users.relax(net.range(rule), near);
        }
        let frames = self.frames(net, users, order);
        let mut narrow = vec![false; net.nodes.len()];
        net.narrow.iter().for_each(|split| narrow[*split as usize] = true);
        for (node, narrow) in net.nodes.iter().zip(narrow) {
            let Node::Split { first, count } = *node else { continue };
            let targets = net.targets(first, count);
            // What is not near may call its own rule again: it is followed where nothing is near only.
            let some_near = targets.iter().any(|to| self.is_near(*to));
            if !some_near && !narrow {
                continue;
            }
            let may = |to: NodeId| self.is_near(to) || !some_near;
            let least = targets.iter().filter(|to| may(**to)).map(|to| self.node(*to)).min();
            let flat = |to: NodeId| !narrow && frames.get(to as usize).is_some_and(|frames| *frames < NESTED);
            let lean: Vec<bool> =
                targets.iter().map(|to| may(*to) && (flat(*to) || Some(self.node(*to)) == least)).collect();
            self.lean.iter_mut().skip(first as usize).zip(lean).for_each(|(known, lean)| *known = lean);
        }
    }

    /// Most frames that a lean text adds to the stack between each node and the end of its rule or turn.
    fn frames(&self, net: &Network, users: &Users, order: &[usize]) -> Vec<u8> {
        let mut nodes = vec![0u8; net.nodes.len()];
        // A rule that calls itself adds any number.
        let mut rules = vec![NESTED; net.starts.len()];
        for &rule in order {
            let deepen = |index: usize| {
                let of = |node: NodeId| nodes.get(node as usize).copied().unwrap_or(NESTED);
                let near = |node: NodeId| if self.is_near(node) { of(node) } else { 0 };
                let frames = match net.nodes[index] {
                    Node::Return | Node::Head { .. } | Node::Choose { .. } => 0,
                    Node::Captured { next: to } | Node::Capture { body: to, .. } | Node::Skip { exit: to, .. } => {
                        of(to)
                    }
                    Node::Bytes { first, count } => {
                        net.edges(first, count).iter().map(|edge| near(edge.to)).max().unwrap_or(0)
                    }
                    Node::Split { first, count } => {
                        net.targets(first, count).iter().map(|to| near(*to)).max().unwrap_or(0)
                    }
                    Node::Names { next, .. } => of(next),
                    Node::Named { machine } => {
                        named(net, machine, index as NodeId).map(|way| near(way.body)).max().unwrap_or(0)
                    }
                    Node::Call { rule, next } => (rules[rule as usize] + 1).max(of(next)),
                    Node::Push { machine, .. } => match &net.machines[machine as usize] {
                        Machine::Repeat(by) if by.min == 0 => of(by.exit),
                        Machine::Repeat(by) => (of(by.body).max(of(by.again)) + 1).max(of(by.exit)),
                        Machine::Meter(meter) => (meter.bodies().map(of).max().unwrap_or(0) + 1).max(of(meter.exit)),
                        Machine::Turns(turns) if turns.accepts(&turns.start()) => of(turns.empty),
                        Machine::Turns(_) => NESTED,
                    },
                };
                let more = frames.min(NESTED) > nodes[index];
                nodes[index] = nodes[index].max(frames.min(NESTED));
                Ok::<bool, Infallible>(more)
            };
            let Ok(()) = users.relax(net.range(rule), deepen);
            rules[rule] = nodes.get(net.starts[rule] as usize).copied().unwrap_or(NESTED);
        }
        nodes
    }

    fn reaches(&self, net: &Network, rule: usize, index: usize, stamps: &[usize]) -> bool {
        match net.nodes[index] {
            Node::Return | Node::Head { .. } | Node::Choose { .. } => true,
            Node::Bytes { first, count } => net.edges(first, count).iter().any(|edge| self.is_near(edge.to)),
            Node::Split { first, count } => net.targets(first, count).iter().any(|to| self.is_near(*to)),
            Node::Skip { exit, .. } => self.is_near(exit),
            Node::Names { next, .. } => self.is_near(next),
            Node::Named { machine } => named(net, machine, index as NodeId).any(|way| self.is_near(way.body)),
            Node::Call { rule: called, next } => stamps[called as usize] < stamps[rule] && self.is_near(next),
            // The text is given.
            Node::Capture { end, .. } => self.is_near(end),
            Node::Captured { next } => self.is_near(next),
            Node::Push { machine, .. } => match &net.machines[machine as usize] {
                Machine::Repeat(by) => self.is_near(by.exit) && (by.min == 0 || self.is_near(by.body)),
                Machine::Meter(meter) => self.is_near(meter.exit),
                Machine::Turns(turns) => self.is_near(turns.exit) && self.near_turns(turns),
            },
        }
    }

    /// Whether a shortest way through the turns takes near bodies only.
    fn near_turns(&self, turns: &Turns) -> bool {
        if turns.moves.iter().all(|way| self.is_near(way.body)) {
            return true;
        }
        let turn = |way: &Move, draw: Option<&Draw>| self.turn(turns, way, draw);
        let near = |way: &Move, draw: Option<&Draw>| if self.is_near(way.body) { turn(way, draw) } else { NEVER };
        let exit = self.node(turns.exit);
        let filled = turns.start();
        let start = |cost: &dyn Fn(&Move, Option<&Draw>) -> u32| {
            if !turns.variants.is_empty() {
                return turns.nearest_variant(exit, &|way| cost(way, None), &filled);
            }
            let row = turns.distances(exit, cost, (turns.order == TurnOrder::Any).then_some(&filled));
            row.first().copied().unwrap_or(NEVER)
        };
        start(&near) == start(&turn)
    }
}

/// For each node, those whose distances are made of its.
struct Users {
    firsts: Vec<u32>,
    users: Vec<NodeId>,
}

impl Users {
    fn of(net: &Network) -> Self {
        let mut firsts = vec![0u32; net.nodes.len() + 1];
        each_use(net, |of, _| firsts[of as usize + 1] += 1);
        for at in 1..firsts.len() {
            firsts[at] += firsts[at - 1];
        }
        let mut places = firsts.clone();
        let mut users = vec![0; firsts.last().map_or(0, |count| *count as usize)];
        each_use(net, |of, by| {
            users[places[of as usize] as usize] = by;
            places[of as usize] += 1;
        });
        Self { firsts, users }
    }

    /// Updates the `nodes` of a rule until nothing changes; `update` says whether it changed one.
    fn relax<E>(&self, nodes: Range<usize>, mut update: impl FnMut(usize) -> Result<bool, E>) -> Result<(), E> {
        let first = nodes.start;
        let mut waiting = vec![true; nodes.len()];
        let mut queue: VecDeque<usize> = nodes.collect();
        while let Some(index) = queue.pop_front() {
            waiting[index - first] = false;
            if update(index)? {
                for user in &self.users[self.firsts[index] as usize..self.firsts[index + 1] as usize] {
                    let user = *user as usize;
                    if !std::mem::replace(&mut waiting[user - first], true) {
                        queue.push_back(user);
                    }
                }
            }
        }
        Ok(())
    }
}

/// The moves whose names end at `node`.
fn named(net: &Network, machine: u32, node: NodeId) -> impl Iterator<Item = &Move> {
    let turns = match net.machines.get(machine as usize) {
        Some(Machine::Turns(turns)) => Some(turns),
        _ => None,
    };
    turns.into_iter().flat_map(move |turns| turns.ways_at(node))
}

/// Calls `visit` with each node whose distance another one's is made of, and that one; both are of one rule.
fn each_use(net: &Network, mut visit: impl FnMut(NodeId, NodeId)) {
    for (by, node) in (0..).zip(&net.nodes) {
        match node {
            Node::Return | Node::Head { .. } | Node::Choose { .. } => {}
            Node::Captured { next: to } | Node::Call { next: to, .. } | Node::Capture { body: to, .. } => {
                visit(*to, by)
            }
            Node::Bytes { first, count } => {
                // Neighbours often lead to the same.
                let edges = net.edges(*first, *count).chunk_by(|a, b| a.to == b.to);
                edges.filter_map(|same| same.first()).for_each(|edge| visit(edge.to, by));
            }
            Node::Split { first, count } => net.targets(*first, *count).iter().for_each(|to| visit(*to, by)),
            Node::Skip { body, exit } => [*body, *exit].into_iter().for_each(|to| visit(to, by)),
            Node::Names { next, .. } => visit(*next, by),
            Node::Named { machine } => named(net, *machine, by).for_each(|way| visit(way.body, by)),
            Node::Push { machine, .. } => match net.machines.get(*machine as usize) {
                Some(Machine::Repeat(counter)) => {
                    [counter.body, counter.again, counter.exit].into_iter().for_each(|to| visit(to, by));
                }
                Some(Machine::Turns(turns)) => {
                    let bodies = turns.moves.iter().map(|way| way.body);
                    bodies.chain([turns.comma, turns.exit, turns.empty]).for_each(|to| visit(to, by));
                }
                Some(Machine::Meter(meter)) => meter.bodies().chain([meter.exit]).for_each(|to| visit(to, by)),
                None => {}
            },
        }
    }
}

/// The rules so that what is called comes before what calls it, as far as that is possible, and the callers of each.
fn calls(net: &Network) -> (Vec<usize>, Vec<Vec<usize>>) {
    let rules = net.starts.len();
    let mut callers: Vec<Vec<usize>> = vec![Vec::new(); rules];
    let mut called: Vec<Vec<usize>> = vec![Vec::new(); rules];
    for (rule, own) in called.iter_mut().enumerate() {
        for node in net.nodes.get(net.range(rule)).unwrap_or(&[]) {
            if let Node::Call { rule: to, .. } = *node
                && callers[to as usize].last() != Some(&rule)
            {
                callers[to as usize].push(rule);
                own.push(to as usize);
            }
        }
    }
    let mut order = Vec::with_capacity(rules);
    let mut seen = vec![false; rules];
    for root in 0..rules {
        let mut path = vec![(root, 0)];
        while let Some((rule, at)) = path.last_mut() {
            if *at == 0 && std::mem::replace(&mut seen[*rule], true) {
                path.pop();
                continue;
            }
            match called[*rule].get(*at) {
                Some(next) => {
                    *at += 1;
                    if !seen[*next] {
                        path.push((*next, 0));
                    }
                }
                None => {
                    order.push(*rule);
                    path.pop();
                }
            }
        }
    }
    (order, callers)
}
