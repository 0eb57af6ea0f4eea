//! Names of fields: what tokens do in their tree is the same whichever of them may still be written.
//!
//! Which names a token leads to is found once for each node of a tree. The tokens of a place are those that lead to a name
//! that is left; those that go on behind a name are walked from there.

use std::sync::Arc;

use crate::graph::{Graph, StateId, Tables, Thread};
use crate::network::names::Place;
use crate::network::{Node, NodeId};
use crate::vocabulary::Trie;

/// What tokens do from a node in a tree of names.
#[derive(Debug, Default)]
pub(crate) struct Spelt {
    /// Tokens that stay in the tree or end with a name, and the names that begin like what they lead to.
    pub inside: Vec<(u32, Place)>,
    /// Nodes of the vocabulary's trie at which a name ends, with tokens below them; the end of the name.
    pub exits: Vec<(u32, NodeId, Place)>,
}

/// The names that `thread` is in, if it is in a tree of them.
pub(crate) fn is_inside(graph: &Graph, tables: &Tables, thread: &Thread) -> bool {
    graph.names(tables, thread).is_some()
}

/// What tokens do from `node`, in the tree of `machine`'s names.
pub(crate) fn spelt(graph: &mut Graph, tables: &Tables, machine: u32, node: NodeId) -> Arc<Spelt> {
    if let Some(known) = graph.spelt.get(&node) {
        return known.clone();
    }
    let mut out = Spelt::default();
    if let Some(turns) = tables.net.turns(machine) {
        let trie = &tables.vocabulary.trie;
        let mut path = vec![node; tables.vocabulary.most_bytes + 1];
        let mut at = 0;
        while let Some(here) = trie.nodes.get(at) {
            let depth = usize::from(here.depth);
            let found = next(tables, path[depth - 1], here.byte);
            let (Some(to), place) = (found, found.and_then(|to| turns.names.place(to))) else {
                at = here.end as usize;
                continue;
            };
            let Some(place) = place else { break };
            out.inside.extend(trie.at(here).iter().map(|id| (*id, place)));
            let ends = matches!(tables.net.nodes.get(to as usize), Some(Node::Named { .. }));
            if ends && Trie::goes_on(here) {
                out.exits.push((at as u32, to, place));
            }
            path[depth] = to;
            at = if ends { here.end as usize } else { at + 1 };
        }
    }
    graph.charge(out.inside.len() * 16 + out.exits.len() * 20 + 64);
    let out = Arc::new(out);
    graph.spelt.insert(node, out.clone());
    out
}

/// Where `byte` leads in the tree from `node`: to a node that reads bytes, or to the end of a name.
fn next(tables: &Tables, node: NodeId, byte: u8) -> Option<NodeId> {
    let edges = tables.net.edges_of(node);
    let edge = edges.get(edges.partition_point(|edge| edge.high < byte)).filter(|edge| edge.low <= byte)?;
    match tables.net.nodes.get(edge.to as usize) {
        Some(Node::Names { next, .. }) => Some(*next),
        _ => Some(edge.to),
    }
}

/// The names that are left for `thread`: how many there are before each, and the bytes to the end by the longest way of any.
pub(crate) struct Left {
    before: Vec<u32>,
    pub most: u32,
    pub machine: u32,
}

impl Left {
    /// Whether any of the names at `place` is left.
    pub fn any(&self, place: &Place) -> bool {
        self.before.get(place.first as usize) < self.before.get(place.last as usize)
    }
}

/// The names that are left for `thread`, which is in a tree of them.
pub(crate) fn left(graph: &Graph, tables: &Tables, thread: &Thread) -> Option<Left> {
    let (machine, named, below) = graph.names(tables, thread)?;
    let mut before = Vec::with_capacity(named.len() + 1);
    let (mut count, mut most) = (0, 0);
    before.push(0);
    for cost in named.iter() {
        if *cost < crate::network::cost::NEVER {
            (count, most) = (count + 1, most.max(*cost));
        }
        before.push(count);
    }
    Some(Left { before, most: crate::network::cost::sum(most, graph.stack_cost(below)), machine })
}

/// The place behind the name that ends at `end`.
pub(crate) fn behind(graph: &mut Graph, tables: &Tables, thread: &Thread, end: NodeId) -> StateId {
    graph.enter(tables, end, thread.stack, false)
}
