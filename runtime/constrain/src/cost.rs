//! How far each node is from the end, in bytes, and the finite part of the language that shortest texts stay in.
//!
//! Distances are least fixpoints (Knuth's generalisation of Dijkstra's algorithm to grammars, by rounds). A byte
//! that is no token of its own costs [`UNSPELLED`], so a distance below that is a number of tokens that suffices.
//!
//! The *lean* language keeps every alternative (of the spellings of one character, the shortest), but cuts each repetition to its least count, leaves out what is
//! optional, and calls only rules that bring the end nearer. It is finite and holds a text of least distance.

use crate::network::{Edge, Network, Node, NodeId};

/// Cost of a byte that the vocabulary has no token for.
pub(crate) const UNSPELLED: u32 = 1 << 20;
/// No way at all.
pub(crate) const NEVER: u32 = u32::MAX;

/// The sum of two distances; only no way and anything makes no way.
pub(crate) fn sum(one: u32, other: u32) -> u32 {
    if one == NEVER || other == NEVER { NEVER } else { one.saturating_add(other).min(NEVER - 1) }
}

/// Distances of a network.
#[derive(Debug)]
pub(crate) struct Costs {
    /// From each node to the end of its rule, or of its turn inside a counted loop.
    pub nodes: Vec<u32>,
    /// From the start of each rule to its end.
    pub rules: Vec<u32>,
    /// The targets of each split that a lean text may take, in place of all; by the split's first target.
    pub lean: Vec<bool>,
    /// Whether the lean language is the whole one.
    pub all_lean: bool,
}

impl Costs {
    /// Computes the distances of `net`, where `edge_cost` is what reading a byte costs.
    pub fn new(net: &Network, edge_cost: impl Fn(&Edge) -> u32) -> Self {
        let mut costs = Self {
            nodes: vec![NEVER; net.nodes.len()],
            rules: vec![NEVER; net.starts.len()],
            lean: vec![true; net.targets.len()],
            all_lean: false,
        };
        let edge_costs: Vec<u32> = net.edges.iter().map(edge_cost).collect();
        // The round in which a rule got its final distance orders rules so that a shortest text calls earlier ones only.
        let mut rounds = vec![0usize; net.starts.len()];
        for round in 1.. {
            costs.settle(net, &edge_costs);
            let mut changed = false;
            for (rule, start) in net.starts.iter().enumerate() {
                let cost = costs.node(*start);
                if cost < costs.rules[rule] {
                    (costs.rules[rule], rounds[rule], changed) = (cost, round, true);
                }
            }
            if !changed {
                break;
            }
        }
        if let Some(root) = rounds.last_mut() {
            *root = usize::MAX;
        }
        costs.choose_lean(net, &rounds);
        costs.all_lean = costs.lean.iter().all(|lean| *lean)
            && !net.nodes.iter().any(|node| matches!(node, Node::Skip { .. }))
            && net.counters.iter().all(|counter| counter.max == Some(counter.min));
        costs
    }

    /// Distance of `node`.
    pub fn node(&self, node: NodeId) -> u32 {
        self.nodes.get(node as usize).copied().unwrap_or(NEVER)
    }

    /// Distance from inside turn `turn` of a counted loop, its end not counted, to behind the loop.
    pub fn rest(&self, net: &Network, counter: u32, turn: u32) -> u32 {
        let Some(counter) = net.counters.get(counter as usize) else { return NEVER };
        let turns = counter.min.saturating_sub(turn);
        let turns = match (self.node(counter.again), turns) {
            (_, 0) => 0,
            (NEVER, _) => NEVER,
            (again, turns) => again.saturating_mul(turns).min(NEVER - 1),
        };
        sum(turns, self.node(counter.exit))
    }

    /// Relaxes node distances until they stay, the rules' distances as they are.
    fn settle(&mut self, net: &Network, edge_costs: &[u32]) {
        loop {
            let mut changed = false;
            for (index, node) in net.nodes.iter().enumerate() {
                let cost = match *node {
                    Node::Return | Node::Head { .. } => 0,
                    Node::Bytes { first, count } => (first..first + count)
                        .map(|at| sum(edge_costs[at as usize], self.node(net.edges[at as usize].to)))
                        .min()
                        .unwrap_or(NEVER),
                    Node::Split { first, count } => {
                        net.targets(first, count).iter().map(|to| self.node(*to)).min().unwrap_or(NEVER)
                    }
                    Node::Skip { body, exit } => self.node(body).min(self.node(exit)),
                    Node::Call { rule, next } => sum(self.rules[rule as usize], self.node(next)),
                    Node::Push { counter } => {
                        let Some(by) = net.counters.get(counter as usize) else { continue };
                        match by.min {
                            0 => self.node(by.exit),
                            _ => sum(self.node(by.body), self.rest(net, counter, 1)),
                        }
                    }
                };
                if cost < self.nodes[index] {
                    self.nodes[index] = cost;
                    changed = true;
                }
            }
            if !changed {
                return;
            }
        }
    }

    /// Marks the split targets from which the end is reached by calls of earlier rules only.
    fn choose_lean(&mut self, net: &Network, rounds: &[usize]) {
        let mut reach = vec![false; net.nodes.len()];
        let mut changed = true;
        while changed {
            changed = false;
            for (index, node) in net.nodes.iter().enumerate() {
                if reach[index] {
                    continue;
                }
                let known = |node: NodeId| reach[node as usize];
                let reached = match *node {
                    Node::Return | Node::Head { .. } => true,
                    Node::Bytes { first, count } => net.edges(first, count).iter().any(|edge| known(edge.to)),
                    Node::Split { first, count } => net.targets(first, count).iter().any(|to| known(*to)),
                    Node::Skip { exit, .. } => known(exit),
                    Node::Call { rule, next } => {
                        rounds[rule as usize] < rounds[net.rule_of(index as NodeId)] && known(next)
                    }
                    Node::Push { counter } => {
                        let counter = net.counters[counter as usize];
                        known(counter.exit) && (counter.min == 0 || known(counter.body))
                    }
                };
                reach[index] = reached;
                changed |= reached;
            }
        }
        for node in &net.nodes {
            if let Node::Split { first, count } = *node
                && net.targets(first, count).iter().any(|to| reach[*to as usize])
            {
                for at in first..first + count {
                    self.lean[at as usize] = reach[net.targets[at as usize] as usize];
                }
            }
        }
        for split in &net.narrow {
            if let Node::Split { first, count } = net.nodes[*split as usize] {
                for at in first..first + count {
                    self.lean[at as usize] = self.node(net.targets[at as usize]) == self.node(*split);
                }
            }
        }
    }
}
