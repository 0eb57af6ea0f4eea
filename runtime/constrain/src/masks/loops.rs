//! Places that differ in the turn of a counted loop only.
//!
//! Past the least count, each further turn leaves fewer ways on. So what is allowed in one turn and in a later one is allowed
//! in all between, and one mask serves long stretches of them.

use std::sync::Arc;

use crate::graph::{Frame, Graph, StateId, Tables, Thread};
use crate::masks::walk::Kept;
use crate::network::NodeId;

/// A thread of such a place: the loop that it is in, and the stack below that.
pub(crate) type InLoop = (NodeId, u32, Option<u32>);

/// A place, but for the turn.
pub(crate) struct Turning {
    pub key: Box<[InLoop]>,
    pub turn: u32,
    /// The last turn but one.
    last: u32,
}

/// `state` without its turn, where its threads are in one turn, past the least count, of one loop.
pub(crate) fn turning(graph: &Graph, tables: &Tables, state: StateId) -> Option<Turning> {
    let place = graph.state(state);
    let (mut found, mut key) = (None, Vec::with_capacity(place.threads.len()));
    for thread in place.threads.iter() {
        let counted = graph.turn(thread.stack).and_then(|(machine, turn, below)| {
            let by = tables.net.counter(machine).filter(|by| turn >= by.min)?;
            Some((machine, turn, below, by.max?))
        });
        key.push(match counted {
            Some((machine, turn, below, max)) => {
                if *found.get_or_insert((machine, turn, max)) != (machine, turn, max) {
                    return None;
                }
                (thread.node, below, Some(machine))
            }
            None => (thread.node, thread.stack, None),
        });
    }
    let (_, turn, max) = found.filter(|_| !place.complete && !place.lean)?;
    key.sort_unstable();
    Some(Turning { key: key.into(), turn, last: max.checked_sub(1)? })
}

/// A mask that is known for the turn, where one is.
pub(crate) fn known(
    graph: &mut Graph,
    tables: &Tables,
    of: &Turning,
    keep: impl Fn(&mut Graph, &Tables, StateId) -> Arc<Kept>,
) -> Option<Arc<Kept>> {
    let (first, last, kept) = graph.loops.get(&of.key)?.clone();
    if of.turn < first {
        return None;
    }
    if of.turn > last {
        // Once it is asked for again, it is looked at how far it goes.
        if last > first || of.turn >= of.last {
            return None;
        }
        let threads = of.key.iter().map(|(node, below, machine)| match machine {
            Some(machine) => (*node, Some(Frame::Turn { machine: *machine, state: of.last }), *below),
            None => (*node, None, *below),
        });
        let threads: Vec<(NodeId, Option<Frame>, u32)> = threads.collect();
        let threads = threads
            .into_iter()
            .map(|(node, frame, below)| {
                let stack = frame.map_or(below, |frame| graph.push(tables, frame, below));
                Thread { node, stack }
            })
            .collect();
        let place = graph.gather(tables, threads);
        let end = keep(graph, tables, place);
        if end.mask != kept.mask {
            return None;
        }
        graph.loops.insert(of.key.clone(), (first, of.last, kept.clone()));
    }
    Some(kept)
}
