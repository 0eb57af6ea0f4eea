//! [`Rules`] → [`Network`]: nodes are built from the end backwards, each in front of the nodes that follow it.

use std::sync::Arc;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};
use regex_syntax::utf8::{Utf8Sequence, Utf8Sequences};

use crate::error::ConstrainError;
use crate::groups;
use crate::hash::QuickMap;
use crate::lower::Rules;
use crate::lower::expr::{self, Brackets, Branch, Expr, Listed, Measured, Part, Repeat, TurnOrder};
use crate::lower::regex;
use crate::network::meter::Meter;
use crate::network::names::{Names, Place};
use crate::network::turns::{Cells, Move, Slot, Supply, Turns};
use crate::network::variants::Variants;
use crate::network::{Counter, Edge, MOST_NODES, Machine, Network, Node, NodeId, Slice};

/// Optional parts of an object in a row that stand beside each other at one place, at most; more are a tree of names.
const MOST_BESIDE: usize = 8;

/// Builds the network of `rules`.
pub(crate) fn build(rules: &Rules) -> Result<Network, ConstrainError> {
    let mut builder = Builder { net: Network::default(), known: QuickMap::default(), single: QuickMap::default() };
    for (_, rule) in &rules.rules {
        builder.rule(rule)?;
    }
    builder.rule(&rules.root)?;
    builder.net.classify();
    builder.net.find_small();
    Ok(builder.net)
}

struct Builder {
    net: Network,
    /// Byte nodes of the current rule, so that equal ones are built once.
    known: QuickMap<Vec<Edge>, NodeId>,
    /// Those of one byte.
    single: QuickMap<(u8, NodeId), NodeId>,
}

type Built = Result<NodeId, ConstrainError>;

/// The fields of an object as turns of a machine, in their order.
fn in_turns(listed: &Listed) -> expr::Turns {
    let way = |then: &Expr| vec![Branch { fresh: None, then: then.clone(), hits: 0 }];
    let slot = |part: &Part| expr::Slot { name: part.name.clone(), required: !part.optional, ways: way(&part.then) };
    expr::Turns {
        at: Arc::from(""),
        brackets: listed.brackets,
        order: TurnOrder::Fields,
        slots: listed.parts.iter().map(slot).collect(),
        rest: listed.rest.as_ref().map_or_else(Vec::new, |(rest, ..)| way(rest)),
        counts: vec![(0, None)],
        distinct: false,
        variants: Vec::new(),
        within: Vec::new(),
    }
}

impl Builder {
    fn rule(&mut self, expr: &Expr) -> Result<(), ConstrainError> {
        self.known.clear();
        self.single.clear();
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
            Expr::Listed(listed) => self.listed(listed, next),
            Expr::Turns(turns) => self.turns(turns, next),
            Expr::Rule(rule) => self.node(Node::Call { rule: *rule as u32, next }),
            Expr::Machine(machine) => self.machine(machine, next),
            Expr::Measured(measured) => self.measured(measured, next),
            Expr::AllBut(names) => self.all_but(names, next),
        }
    }

    fn text(&mut self, bytes: &[u8], next: NodeId) -> Built {
        bytes.iter().rev().try_fold(next, |to, &byte| {
            if let Some(known) = self.single.get(&(byte, to)) {
                return Ok(*known);
            }
            let node = self.fresh_bytes(&[Edge { low: byte, high: byte, to }])?;
            self.single.insert((byte, to), node);
            Ok(node)
        })
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
        let ranges = class.ranges().iter();
        let sequences: Vec<Utf8Sequence> =
            ranges.flat_map(|range| Utf8Sequences::new(range.start(), range.end())).collect();
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
        sequences: &[Utf8Sequence],
        depth: usize,
        next: NodeId,
    ) -> Result<Vec<Edge>, ConstrainError> {
        let mut edges: Vec<Edge> = Vec::new();
        for same in sequences.chunk_by(|a, b| a.as_slice().get(depth) == b.as_slice().get(depth)) {
            let Some(range) = same.first().and_then(|sequence| sequence.as_slice().get(depth)) else { continue };
            let (low, high) = (range.start, range.end);
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
                let machine = self.reserve();
                let head = self.node(Node::Head { machine })?;
                let body = self.expr(body, head, turn(true))?;
                let again = self.text(separator, body)?;
                self.fill(machine, Machine::Repeat(Counter { body, again, exit: next, min: *min, max: *max }));
                self.node(Node::Push { machine, later: false })
            }
        }
    }

    /// A number for a machine whose nodes are still to be built.
    fn reserve(&mut self) -> u32 {
        let nowhere = Counter { body: 0, again: 0, exit: 0, min: 0, max: Some(0) };
        self.net.machines.push(Machine::Repeat(nowhere));
        self.net.machines.len() as u32 - 1
    }

    fn fill(&mut self, machine: u32, with: Machine) {
        if let Some(place) = self.net.machines.get_mut(machine as usize) {
            *place = with;
        }
    }

    /// White space, if some may stand there.
    fn space(&mut self, brackets: Brackets, next: NodeId) -> Built {
        match brackets.space {
            None => Ok(next),
            Some(rule) => {
                let body = self.node(Node::Call { rule: rule as u32, next })?;
                self.node(Node::Skip { body, exit: next })
            }
        }
    }

    fn comma(&mut self, brackets: Brackets, next: NodeId) -> Built {
        let next = self.space(brackets, next)?;
        let next = self.text(b",", next)?;
        self.space(brackets, next)
    }

    /// The parts of `listed`, each built once. What follows the parts before one is told apart: nothing was written yet
    /// (`first`), something was (`later`), or a comma, so that there must be another part (`some`).
    fn listed(&mut self, listed: &Listed, next: NodeId) -> Built {
        if listed.parts.chunk_by(|a, b| a.optional && b.optional).any(|run| run.len() > MOST_BESIDE) && !listed.prefix {
            return self.turns(&in_turns(listed), next);
        }
        let by = listed.brackets;
        let empty = self.text(&[by.close], next)?;
        let end = self.space(by, empty)?;
        let (mut first, mut later, mut some) = (empty, end, None);
        // Whether another part must follow.
        let mut must = false;
        if let Some((body, min, max)) = &listed.rest {
            must = *min > 0;
            let (start, again, node) = match (min, max) {
                (0 | 1, None) => {
                    let head = self.node(Node::Return)?;
                    let body = self.expr(body, head, None)?;
                    let again = self.comma(by, body)?;
                    self.set(head, Node::Skip { body: again, exit: end });
                    (body, again, body)
                }
                _ => {
                    let machine = self.reserve();
                    let head = self.node(Node::Head { machine })?;
                    let body = self.expr(body, head, None)?;
                    let again = self.comma(by, body)?;
                    let counter = Counter { body, again, exit: end, min: (*min).max(1), max: *max };
                    self.fill(machine, Machine::Repeat(counter));
                    let start = self.node(Node::Push { machine, later: false })?;
                    (start, self.node(Node::Push { machine, later: true })?, start)
                }
            };
            (first, later, some) = match must {
                true => (start, again, Some(node)),
                false => (
                    self.node(Node::Skip { body: start, exit: empty })?,
                    self.node(Node::Skip { body: again, exit: end })?,
                    Some(node),
                ),
            };
        }
        for Part { name, then, optional } in listed.parts.iter().rev() {
            let then = self.expr(then, later, None)?;
            let body = self.text(name, then)?;
            let onward = match some {
                Some(some) if *optional && !listed.prefix => {
                    let split = self.split(&[body, some])?;
                    self.net.narrow.push(split);
                    split
                }
                _ => body,
            };
            let past = if listed.prefix { empty } else { first };
            first = if *optional { self.node(Node::Skip { body, exit: past })? } else { body };
            must = !optional || (must && !listed.prefix);
            let comma = self.comma(by, onward)?;
            later = if must { comma } else { self.node(Node::Skip { body: comma, exit: end })? };
            some = Some(onward);
        }
        let first = match (by.space, listed.parts.is_empty() && listed.rest.is_none()) {
            // Between the brackets of an empty one there is one stretch of white space.
            (_, true) => end,
            _ => self.space(by, first)?,
        };
        self.text(&[by.open], first)
    }

    fn turns(&mut self, turns: &expr::Turns, next: NodeId) -> Built {
        let by = turns.brackets;
        let empty = self.text(&[by.close], next)?;
        let exit = self.space(by, empty)?;
        let machine = self.reserve();
        let head = self.node(Node::Head { machine })?;
        let mut moves = Vec::new();
        let mut slots = Vec::with_capacity(turns.slots.len());
        let mut required = Vec::new();
        for (at, slot) in (0..).zip(&turns.slots) {
            let first = moves.len() as u32;
            self.branches(&slot.ways, head, Some(at), &mut moves)?;
            slots.push(Slot { name: slot.name.as_slice().into(), first, count: moves.len() as u32 - first });
            required.extend(slot.required.then_some(at));
        }
        let rest = moves.len() as u32;
        self.branches(&turns.rest, head, None, &mut moves)?;
        let names = self.names(machine, &turns.slots)?;
        let choose = self.node(Node::Choose { machine })?;
        let comma = self.comma(by, choose)?;
        let cells = Cells::new(&turns.counts, turns.slots.len() + 1)?;
        let turns = Turns {
            at: turns.at.clone(),
            order: turns.order,
            distinct: turns.distinct,
            supply: Supply::default(),
            variants: Variants::new(&turns.variants, moves.len())?,
            within: turns.within.as_slice().into(),
            moves,
            slots: slots.into(),
            required: required.into(),
            names,
            rest,
            cells,
            comma,
            exit,
            empty,
        };
        self.fill(machine, Machine::Turns(turns));
        let push = self.node(Node::Push { machine, later: false })?;
        let push = self.space(by, push)?;
        self.text(&[by.open], push)
    }

    /// The tree of the names of `slots`: built along the sorted names, each node when all that begin like it are known.
    fn names(&mut self, machine: u32, slots: &[expr::Slot]) -> Result<Names, ConstrainError> {
        let mut order: Vec<u32> = (0..slots.len() as u32).collect();
        let name = |slot: &u32| slots.get(*slot as usize).map_or(&[][..], |slot| &slot.name);
        order.sort_by_key(|slot| name(slot));
        if order.first().is_none_or(|slot| name(slot).is_empty()) {
            return Ok(Names::default());
        }
        let mut tree = Names { root: None, first: self.net.nodes.len() as NodeId, places: Vec::new(), order };
        // The beginnings of the last name: the steps on from each, and the first name that begins so.
        let mut path: Vec<(Vec<Edge>, u32)> = Vec::new();
        let mut last: &[u8] = &[];
        for at in 0..=tree.order.len() {
            let next = tree.order.get(at).map(name);
            let common = next.map(|next| last.iter().zip(next).take_while(|(a, b)| a == b).count());
            while path.len() > common.map_or(0, |common| common + 1) {
                let Some((edges, first)) = path.pop() else { break };
                let place = Place { first, last: at as u32, read: path.len() as u32 };
                let mut node = match edges.is_empty() {
                    true => self.node(Node::Named { machine })?,
                    false => self.fresh_bytes(&edges)?,
                };
                tree.places.push(place);
                // Where others begin like what is before, it must be asked whether these are left.
                let parts = path.last().is_none_or(|(_, before)| *before != first) || common == Some(path.len() - 1);
                if parts && !edges.is_empty() {
                    node = self.node(Node::Names { machine, next: node })?;
                    tree.places.push(place);
                }
                let byte = path.len().checked_sub(1).and_then(|at| last.get(at));
                match (path.last_mut(), byte) {
                    (Some((edges, _)), Some(byte)) => edges.push(Edge { low: *byte, high: *byte, to: node }),
                    _ => tree.root = Some(node),
                }
            }
            if let Some(next) = next {
                path.resize(next.len() + 1, (Vec::new(), at as u32));
                last = next;
            }
        }
        Ok(tree)
    }

    fn branches(
        &mut self,
        ways: &[Branch],
        head: NodeId,
        slot: Option<u32>,
        out: &mut Vec<Move>,
    ) -> Result<(), ConstrainError> {
        for way in ways {
            let then = self.expr(&way.then, head, None)?;
            let body = match &way.fresh {
                None => then,
                Some(fresh) => {
                    let captured = self.node(Node::Captured { next: then })?;
                    let body = self.expr(fresh, captured, None)?;
                    self.node(Node::Capture { body, end: captured })?
                }
            };
            out.push(Move { index: out.len() as u32, body, slot, before: 0, hits: way.hits });
        }
        Ok(())
    }

    fn measured(&mut self, measured: &Measured, next: NodeId) -> Built {
        let machine = self.reserve();
        let head = self.node(Node::Head { machine })?;
        let mut moves = Vec::with_capacity(measured.steps.len());
        for (state, steps) in measured.steps.iter().enumerate() {
            let mut out = Vec::with_capacity(steps.len());
            for (class, to) in steps {
                let stays = (*to as usize == state).then_some(true);
                out.push((self.expr(&regex::spell_class(class, measured.spelling), head, stays)?, *to));
            }
            moves.push(out);
        }
        self.fill(machine, Machine::Meter(Meter::new(measured, moves, next)?));
        self.node(Node::Push { machine, later: false })
    }

    fn machine(&mut self, machine: &expr::Machine, next: NodeId) -> Built {
        let mut nodes = Vec::with_capacity(machine.steps.len());
        for _ in &machine.steps {
            nodes.push(self.node(Node::Return)?);
        }
        let at = |state: usize| nodes.get(state).copied().unwrap_or(next);
        for (state, steps) in machine.steps.iter().enumerate() {
            let mut targets = if state == machine.last { vec![next] } else { Vec::new() };
            for (label, to) in steps {
                // A class that leads back reads many characters at once.
                let stays = (*to == state).then_some(false);
                targets.push(self.expr(label, at(*to), stays)?);
            }
            let first = self.net.targets.len() as u32;
            let count = targets.len() as u32;
            self.net.targets.extend(targets);
            self.set(at(state), Node::Split { first, count });
            self.net.narrow.push(at(state));
        }
        Ok(at(machine.start))
    }

    /// All JSON strings but `names`: the tree of their beginnings, from which every other character leads to where all
    /// texts are right.
    fn all_but(&mut self, names: &[Arc<str>], next: NodeId) -> Built {
        let (any, quick) = (regex::json_plain(), ('\x20', '\x7f'));
        let free = self.expr(&expr::repeat(regex::all_spelled(), 0, None), next, None)?;
        let mut plain = any.clone();
        plain.intersect(&ClassUnicode::new([ClassUnicodeRange::new(quick.0, quick.1)]));
        let plain: Vec<(u8, u8)> =
            plain.ranges().iter().map(|range| (range.start() as u8, range.end() as u8)).collect();
        // What leads to any text from everywhere in the tree: characters outside ASCII, and escapes.
        let mut wide = any;
        wide.intersect(&ClassUnicode::new([ClassUnicodeRange::new('\u{80}', char::MAX)]));
        let wide = self.class(&wide, free, None)?;
        let escapes = self.expr(&regex::all_escapes(), free, None)?;
        let escape = self.text(b"\\", escapes)?;
        self.not_names(names, 0, (&plain, free), &[wide, escape], next)
    }

    /// The place in the tree of `names` that all of them pass after `depth` bytes.
    fn not_names(
        &mut self,
        names: &[Arc<str>],
        depth: usize,
        (plain, free): (&[(u8, u8)], NodeId),
        others: &[NodeId],
        next: NodeId,
    ) -> Built {
        let byte = |name: &Arc<str>| name.as_bytes().get(depth).copied();
        let mut children: Vec<(u8, NodeId)> = Vec::new();
        let mut is_name = false;
        for alike in names.chunk_by(|a, b| byte(a) == byte(b)) {
            match alike.first().and_then(byte) {
                None => is_name = true,
                Some(byte) => children.push((byte, self.not_names(alike, depth + 1, (plain, free), others, next)?)),
            }
        }
        let mut edges = Vec::with_capacity(2 * children.len() + plain.len());
        let mut children = children.into_iter().peekable();
        for (low, high) in plain {
            let mut low = *low;
            while let Some((byte, to)) = children.next_if(|(byte, _)| byte <= high) {
                if low < byte {
                    edges.push(Edge { low, high: byte - 1, to: free });
                }
                edges.push(Edge { low: byte, high: byte, to });
                low = byte + 1;
            }
            if low <= *high {
                edges.push(Edge { low, high: *high, to: free });
            }
        }
        let mut targets = vec![self.fresh_bytes(&edges)?];
        targets.extend(others);
        if !is_name {
            targets.push(next);
        }
        let split = self.split(&targets)?;
        self.net.narrow.push(split);
        Ok(split)
    }
}
