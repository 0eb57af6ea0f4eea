//! [`Rules`] → a recursive transition network over bytes.
//!
//! Nodes are built from the end backwards, each in front of the nodes that follow it. A rule is called by
//! pushing where to go on; a counted repetition pushes its counter. So a place in a text is a node and a stack.

use std::collections::HashMap;

use regex_syntax::hir::ClassUnicode;
use regex_syntax::utf8::Utf8Sequences;

use crate::error::ConstrainError;
use crate::expr::{Expr, Machine, Repeat};
use crate::groups;
use crate::lower::Rules;

/// Nodes of a network at most.
pub(crate) const MOST_NODES: usize = 500_000;

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
    /// Starts counting the turns of a loop.
    Push { counter: u32 },
    /// Between two turns of a counted loop.
    Head { counter: u32 },
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

/// What a node of a repeated character class tells about whole tokens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice {
    /// Character groups that the class contains.
    pub groups: u64,
    /// Whether the turns are counted, by the counter on top of the stack.
    pub counted: bool,
    /// Where the node leads after one character.
    pub after: NodeId,
}

/// A constraint as nodes.
#[derive(Debug, Default)]
pub(crate) struct Network {
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
    /// Targets of splits.
    pub targets: Vec<NodeId>,
    pub counters: Vec<Counter>,
    /// Where each rule starts; the root is the last.
    pub starts: Vec<NodeId>,
    /// First node of each rule; rules are built one after the other.
    pub firsts: Vec<NodeId>,
    pub slices: HashMap<NodeId, Slice>,
    /// Splits of which a shortest text considers the shortest ways only: between the spellings of a character, and in
    /// a [`Machine`], which may go round.
    pub narrow: Vec<NodeId>,
    /// Bytes that no node tells apart have one class.
    pub classes: Vec<u8>,
    /// Number of byte classes.
    pub stride: usize,
}

impl Network {
    /// Builds the network of `rules`.
    pub fn new(rules: &Rules) -> Result<Self, ConstrainError> {
        let mut builder = Builder { net: Self::default(), known: HashMap::new() };
        for (_, rule) in &rules.rules {
            builder.rule(rule)?;
        }
        builder.rule(&rules.root)?;
        let mut net = builder.net;
        net.classify();
        Ok(net)
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

    /// The rule that a node is in.
    pub fn rule_of(&self, node: NodeId) -> usize {
        self.firsts.partition_point(|first| *first <= node).saturating_sub(1)
    }

    /// The start of the whole.
    pub fn start(&self) -> NodeId {
        self.starts.last().copied().unwrap_or(0)
    }

    fn classify(&mut self) {
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

struct Builder {
    net: Network,
    /// Byte nodes of the current rule, so that equal ones are built once.
    known: HashMap<Vec<Edge>, NodeId>,
}

type Built = Result<NodeId, ConstrainError>;

impl Builder {
    fn rule(&mut self, expr: &Expr) -> Result<(), ConstrainError> {
        self.known.clear();
        self.net.firsts.push(self.net.nodes.len() as NodeId);
        let end = self.node(Node::Return)?;
        let start = self.expr(expr, end, None)?;
        self.net.starts.push(start);
        Ok(())
    }

    fn node(&mut self, node: Node) -> Built {
        if self.net.nodes.len() >= MOST_NODES || self.net.edges.len() >= 4 * MOST_NODES {
            return Err(ConstrainError::Limit { what: "automaton states", limit: MOST_NODES });
        }
        self.net.nodes.push(node);
        Ok(self.net.nodes.len() as NodeId - 1)
    }

    fn set(&mut self, at: NodeId, node: Node) {
        if let Some(place) = self.net.nodes.get_mut(at as usize) {
            *place = node;
        }
    }

    fn bytes(&mut self, edges: Vec<Edge>) -> Built {
        if let Some(known) = self.known.get(&edges) {
            return Ok(*known);
        }
        let node = self.fresh_bytes(&edges)?;
        self.known.insert(edges, node);
        Ok(node)
    }

    fn fresh_bytes(&mut self, edges: &[Edge]) -> Built {
        let first = self.net.edges.len() as u32;
        self.net.edges.extend(edges);
        self.node(Node::Bytes { first, count: edges.len() as u32 })
    }

    fn split(&mut self, targets: &[NodeId]) -> Built {
        if let [only] = targets {
            return Ok(*only);
        }
        let first = self.net.targets.len() as u32;
        self.net.targets.extend(targets);
        self.node(Node::Split { first, count: targets.len() as u32 })
    }

    /// The nodes of `expr` in front of `next`. `turn` is set where `expr` is a whole
    /// turn of a loop that goes on with the same at once: whether its turns are counted.
    fn expr(&mut self, expr: &Expr, next: NodeId, turn: Option<bool>) -> Built {
        match expr {
            Expr::Never => self.split(&[]),
            Expr::Text(bytes) => self.text(bytes, next),
            Expr::Texts(texts) => self.texts(texts, next),
            Expr::Class(class) => self.class(class, next, turn),
            Expr::Seq(items) => items.iter().rev().try_fold(next, |next, item| self.expr(item, next, None)),
            Expr::Alt(items) => {
                let targets = items.iter().map(|item| self.expr(item, next, turn)).collect::<Result<Vec<_>, _>>()?;
                let split = self.split(&targets)?;
                if items.iter().any(|item| matches!(item, Expr::Class(_))) {
                    self.net.narrow.push(split);
                }
                Ok(split)
            }
            Expr::Repeat(repeat) => self.repeat(repeat, next),
            Expr::Fields(fields) => self.fields(fields, next),
            Expr::Rule(rule) => self.node(Node::Call { rule: *rule as u32, next }),
            Expr::Machine(machine) => self.machine(machine, next),
            Expr::Measured(_) => Err(ConstrainError::Limit { what: "measured texts", limit: 0 }),
        }
    }

    fn text(&mut self, bytes: &[u8], next: NodeId) -> Built {
        bytes.iter().rev().try_fold(next, |to, &byte| self.bytes(vec![Edge { low: byte, high: byte, to }]))
    }

    /// The texts as a tree of common beginnings, its equal endings shared.
    fn texts(&mut self, texts: &[Vec<u8>], next: NodeId) -> Built {
        // The path to the last text: edges so far, and whether a text ends here.
        let mut path: Vec<(Vec<Edge>, bool)> = vec![(Vec::new(), false)];
        let mut last: &[u8] = &[];
        for text in texts {
            let common = last.iter().zip(text).take_while(|(a, b)| a == b).count();
            self.close(&mut path, last, common, next)?;
            path.resize(text.len() + 1, (Vec::new(), false));
            if let Some((_, ends)) = path.last_mut() {
                *ends = true;
            }
            last = text;
        }
        self.close(&mut path, last, 0, next)?;
        let root = path.pop().unwrap_or_default();
        self.tree_node(root, next)
    }

    /// Builds the nodes of `path` deeper than `depth`; `bytes` are the steps along it.
    fn close(
        &mut self,
        path: &mut Vec<(Vec<Edge>, bool)>,
        bytes: &[u8],
        depth: usize,
        next: NodeId,
    ) -> Result<(), ConstrainError> {
        while path.len() > depth + 1 {
            let Some(done) = path.pop() else { break };
            let to = self.tree_node(done, next)?;
            let byte = bytes.get(path.len() - 1).copied();
            if let (Some((edges, _)), Some(byte)) = (path.last_mut(), byte) {
                edges.push(Edge { low: byte, high: byte, to });
            }
        }
        Ok(())
    }

    fn tree_node(&mut self, (edges, ends): (Vec<Edge>, bool), next: NodeId) -> Built {
        match (edges.is_empty(), ends) {
            (true, _) => Ok(next),
            (false, false) => self.bytes(edges),
            (false, true) => {
                let on = self.bytes(edges)?;
                self.split(&[on, next])
            }
        }
    }

    /// One UTF-8 character of `class`.
    fn class(&mut self, class: &ClassUnicode, next: NodeId, turn: Option<bool>) -> Built {
        let mut sequences: Vec<Vec<(u8, u8)>> = Vec::new();
        for range in class.ranges() {
            for sequence in Utf8Sequences::new(range.start(), range.end()) {
                sequences.push(sequence.into_iter().map(|part| (part.start, part.end)).collect());
            }
        }
        let edges = self.sequence_edges(&sequences, 0, next)?;
        let Some(counted) = turn else { return self.bytes(edges) };
        let node = self.fresh_bytes(&edges)?;
        let groups = groups::within(class);
        if groups != 0 {
            self.net.slices.insert(node, Slice { groups, counted, after: next });
        }
        Ok(node)
    }

    /// The edges for the bytes from `depth` on; sequences that share a first range stand together.
    fn sequence_edges(
        &mut self,
        sequences: &[Vec<(u8, u8)>],
        depth: usize,
        next: NodeId,
    ) -> Result<Vec<Edge>, ConstrainError> {
        let mut edges: Vec<Edge> = Vec::new();
        for same in sequences.chunk_by(|a, b| a.get(depth) == b.get(depth)) {
            let Some(&(low, high)) = same.first().and_then(|sequence| sequence.get(depth)) else { continue };
            let to = if same.iter().all(|sequence| sequence.len() == depth + 1) {
                next
            } else {
                let rest = self.sequence_edges(same, depth + 1, next)?;
                self.bytes(rest)?
            };
            match edges.last_mut() {
                Some(last) if last.to == to && u16::from(last.high) + 1 == u16::from(low) => last.high = high,
                _ => edges.push(Edge { low, high, to }),
            }
        }
        Ok(edges)
    }

    fn repeat(&mut self, repeat: &Repeat, next: NodeId) -> Built {
        let Repeat { body, separator, min, max } = repeat;
        let turn = |counted: bool| separator.is_empty().then_some(counted);
        match (min, max) {
            (0, Some(1)) => {
                let body = self.expr(body, next, None)?;
                self.node(Node::Skip { body, exit: next })
            }
            (0 | 1, None) => {
                let head = self.node(Node::Return)?;
                let first = self.expr(body, head, turn(false))?;
                let again = self.text(separator, first)?;
                self.set(head, Node::Skip { body: again, exit: next });
                match (min, separator.is_empty()) {
                    (1, _) => Ok(first),
                    (_, true) => Ok(head),
                    (_, false) => self.node(Node::Skip { body: first, exit: next }),
                }
            }
            _ => {
                let counter = self.net.counters.len() as u32;
                self.net.counters.push(Counter { body: next, again: next, exit: next, min: *min, max: *max });
                let head = self.node(Node::Head { counter })?;
                let first = self.expr(body, head, turn(true))?;
                let again = self.text(separator, first)?;
                if let Some(counter) = self.net.counters.get_mut(counter as usize) {
                    (counter.body, counter.again) = (first, again);
                }
                self.node(Node::Push { counter })
            }
        }
    }

    /// Fields in order: each is built once, and entered with a comma or, as the first one present, without.
    fn fields(&mut self, fields: &[(Expr, bool)], next: NodeId) -> Built {
        let end = self.text(b"}", next)?;
        let (mut first, mut later) = (end, end);
        for (field, optional) in fields.iter().rev() {
            let body = self.expr(field, later, None)?;
            let comma = self.text(b",", body)?;
            if *optional {
                first = self.node(Node::Skip { body, exit: first })?;
                later = self.node(Node::Skip { body: comma, exit: later })?;
            } else {
                (first, later) = (body, comma);
            }
        }
        self.text(b"{", first)
    }

    fn machine(&mut self, machine: &Machine, next: NodeId) -> Built {
        let mut nodes = Vec::with_capacity(machine.steps.len());
        for _ in &machine.steps {
            nodes.push(self.node(Node::Return)?);
        }
        let at = |state: usize| nodes.get(state).copied().unwrap_or(next);
        for (state, steps) in machine.steps.iter().enumerate() {
            let mut targets = if state == machine.last { vec![next] } else { Vec::new() };
            for (label, to) in steps {
                targets.push(self.expr(label, at(*to), None)?);
            }
            let first = self.net.targets.len() as u32;
            let count = targets.len() as u32;
            self.net.targets.extend(targets);
            self.set(at(state), Node::Split { first, count });
            self.net.narrow.push(at(state));
        }
        Ok(at(machine.start))
    }
}
