//! A recursive transition network over bytes, as [`crate::network::build`] makes it of rules.
//!
//! A rule is called by pushing where to go on; what takes turns (a counted repetition, the parts of an object) pushes
//! how far it has come. So a place in a text is a node and a stack.

pub(crate) mod build;
pub(crate) mod cost;
pub(crate) mod meter;
pub(crate) mod names;
pub(crate) mod turns;
pub(crate) mod variants;

use std::collections::HashMap;
use std::ops::Range;

use crate::network::meter::Meter;
use crate::network::turns::Turns;

/// Nodes of a network at most.
pub(crate) const MOST_NODES: usize = 500_000;

/// Different bytes that a small rule reads at most.
const FEW_BYTES: usize = 16;

/// Index of a node.
pub(crate) type NodeId = u32;

/// One node: what can be done in it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Node {
    /// Reads a byte: `count` edges from `first`, sorted by byte, disjoint.
    Bytes { first: u32, count: u32 },
    /// Goes to any of `count` targets from `first`.
    Split { first: u32, count: u32 },
    /// Does `body` or goes past it; a shortest text goes past.
    Skip { body: NodeId, exit: NodeId },
    /// Follows a rule, then goes on at `next`.
    Call { rule: u32, next: NodeId },
    /// Begins the turns of a machine; `later` where something was written before that they are separated from.
    Push { machine: u32, later: bool },
    /// Between two turns of a machine.
    Head { machine: u32 },
    /// Behind the comma: there is another turn.
    Choose { machine: u32 },
    /// In the tree of the names of a machine: goes on if any of those that begin so may be written.
    Names { machine: u32, next: NodeId },
    /// At the end of a name.
    Named { machine: u32 },
    /// Begins a text that no other turn of its machine may have.
    Capture { body: NodeId, end: NodeId },
    /// Ends it.
    Captured { next: NodeId },
    /// The end of the rule, or of the whole text.
    Return,
}

/// Reads a byte of `low..=high` and goes `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Edge {
    pub low: u8,
    pub high: u8,
    pub to: NodeId,
}

/// What takes turns.
#[derive(Debug, Clone)]
pub(crate) enum Machine {
    /// The same again and again.
    Repeat(Counter),
    /// The parts of an array or an object.
    Turns(Turns),
    /// The characters of a text of measured length.
    Meter(Meter),
}

/// A counted repetition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counter {
    /// The first turn.
    pub body: NodeId,
    /// Any later turn: the separator, then the body.
    pub again: NodeId,
    pub exit: NodeId,
    pub min: u32,
    pub max: Option<u32>,
}

impl Counter {
    /// The turn `more` turns after `turn`: an unbounded loop counts no further than it must.
    pub fn forward(&self, turn: u32, more: u32) -> u32 {
        let most = if self.max.is_none() { self.min.max(1) } else { u32::MAX };
        turn.saturating_add(more).min(most)
    }
}

/// What a node of a repeated character class tells about whole tokens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice {
    /// Character groups that the class contains.
    pub groups: u64,
    /// Whether the turns are counted, by the machine on top of the stack.
    pub counted: bool,
    /// Where the node leads after one character.
    pub after: NodeId,
}

/// A constraint as nodes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Network {
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
    /// Targets of splits.
    pub targets: Vec<NodeId>,
    pub machines: Vec<Machine>,
    /// Where each rule starts; the root is the last.
    pub starts: Vec<NodeId>,
    /// First node of each rule; rules are built one after the other.
    pub firsts: Vec<NodeId>,
    pub slices: HashMap<NodeId, Slice>,
    /// The nodes of each small rule: one that calls no other and reads few different bytes.
    pub small: Vec<Range<NodeId>>,
    /// Splits of which a shortest text considers the shortest ways only: between the spellings of a character, and in
    /// a [`Machine`], which may go round.
    pub narrow: Vec<NodeId>,
    /// Bytes that no node tells apart have one class.
    pub classes: Vec<u8>,
    /// Number of byte classes.
    pub stride: usize,
}

impl Network {
    /// The counted repetition of this number.
    pub fn counter(&self, machine: u32) -> Option<&Counter> {
        match self.machines.get(machine as usize)? {
            Machine::Repeat(counter) => Some(counter),
            _ => None,
        }
    }

    /// The turns of an array or object of this number.
    pub fn turns(&self, machine: u32) -> Option<&Turns> {
        match self.machines.get(machine as usize)? {
            Machine::Turns(turns) => Some(turns),
            _ => None,
        }
    }

    /// Whether this machine repeats characters: it is no array or object.
    pub fn is_loop(&self, machine: u32) -> bool {
        matches!(self.machines.get(machine as usize), Some(Machine::Repeat(_) | Machine::Meter(_)))
    }

    /// The edges of a byte node.
    pub fn edges(&self, first: u32, count: u32) -> &[Edge] {
        self.edges.get(first as usize..(first + count) as usize).unwrap_or(&[])
    }

    /// The edges out of `node`; none unless it reads bytes.
    pub fn edges_of(&self, node: NodeId) -> &[Edge] {
        match self.nodes.get(node as usize) {
            Some(Node::Bytes { first, count }) => self.edges(*first, *count),
            _ => &[],
        }
    }

    /// The targets of a split.
    pub fn targets(&self, first: u32, count: u32) -> &[NodeId] {
        self.targets.get(first as usize..(first + count) as usize).unwrap_or(&[])
    }

    /// The nodes of a rule.
    pub fn range(&self, rule: usize) -> Range<usize> {
        let first = |rule: usize| self.firsts.get(rule).map_or(self.nodes.len(), |first| *first as usize);
        first(rule)..first(rule + 1)
    }

    /// Leaves no way into these machines.
    pub fn shut(&mut self, machines: &[u32]) {
        for node in &mut self.nodes {
            if matches!(node, Node::Push { machine, .. } if machines.contains(machine)) {
                *node = Node::Split { first: 0, count: 0 };
            }
        }
    }

    /// Takes out what leads nowhere: `dead` says so of nodes.
    pub fn prune(&mut self, dead: impl Fn(NodeId) -> bool) {
        if !(0..self.nodes.len() as NodeId).any(&dead) {
            return;
        }
        for at in 0..self.nodes.len() {
            let Some(node) = self.nodes.get_mut(at) else { continue };
            match node {
                Node::Bytes { first, count } => {
                    let from = *first as usize;
                    let kept: Vec<Edge> = (self.edges.get(from..from + *count as usize).unwrap_or(&[]).iter())
                        .filter(|edge| !dead(edge.to))
                        .copied()
                        .collect();
                    *count = kept.len() as u32;
                    self.edges.iter_mut().skip(from).zip(kept).for_each(|(edge, kept)| *edge = kept);
                }
                Node::Split { first, count } => {
                    let from = *first as usize;
                    let kept: Vec<NodeId> = (self.targets.get(from..from + *count as usize).unwrap_or(&[]).iter())
                        .filter(|to| !dead(**to))
                        .copied()
                        .collect();
                    *count = kept.len() as u32;
                    self.targets.iter_mut().skip(from).zip(kept).for_each(|(to, kept)| *to = kept);
                }
                Node::Skip { body, exit } if dead(*body) => *body = *exit,
                Node::Skip { body, exit } if dead(*exit) => *exit = *body,
                _ => {}
            }
        }
    }

    /// The start of the whole.
    pub fn start(&self) -> NodeId {
        self.starts.last().copied().unwrap_or(0)
    }

    /// The end of the small rule that `node` is in.
    pub fn small_end(&self, node: NodeId) -> Option<NodeId> {
        let at = self.small.partition_point(|rule| rule.end <= node);
        self.small.get(at).filter(|rule| rule.contains(&node)).map(|rule| rule.start)
    }

    /// Finds the small rules.
    pub fn find_small(&mut self) {
        for rule in 0..self.starts.len().saturating_sub(1) {
            let range = self.range(rule);
            if self.is_small(range.clone()) {
                self.small.push(range.start as NodeId..range.end as NodeId);
            }
        }
    }

    fn is_small(&self, nodes: Range<usize>) -> bool {
        let mut reads = [false; 256];
        let own = self.nodes.get(nodes).unwrap_or(&[]).iter().all(|node| match node {
            Node::Bytes { first, count } => {
                let edges = self.edges(*first, *count).iter();
                edges.for_each(|edge| reads[usize::from(edge.low)..=usize::from(edge.high)].fill(true));
                true
            }
            Node::Push { machine, .. } | Node::Head { machine } => {
                !matches!(self.machines.get(*machine as usize), Some(Machine::Turns(_)))
            }
            Node::Split { .. } | Node::Skip { .. } | Node::Return => true,
            Node::Call { .. } | Node::Choose { .. } | Node::Names { .. } | Node::Named { .. } => false,
            Node::Capture { .. } | Node::Captured { .. } => false,
        });
        own && reads.iter().filter(|reads| **reads).count() <= FEW_BYTES
    }

    /// Sorts bytes into classes.
    pub fn classify(&mut self) {
        let mut cut = [false; 257];
        for edge in &self.edges {
            cut[usize::from(edge.low)] = true;
            cut[usize::from(edge.high) + 1] = true;
        }
        let mut class = 0u8;
        self.classes = (0..256usize)
            .map(|byte| {
                class += u8::from(byte > 0 && cut[byte]);
                class
            })
            .collect();
        self.stride = usize::from(class) + 1;
    }
}
