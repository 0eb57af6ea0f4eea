//! The words of small rules: what tokens do in them is the same wherever the rule is called.
//!
//! Such a rule calls no other and reads few different bytes: white space, numbers. The threads inside a call of one are set
//! apart from a place; what tokens do from them until the rule ends is found out once, with nothing below them on the
//! stack. Tokens that go on behind the rule are walked from there.

use std::sync::Arc;

use crate::graph::{BOTTOM, Frame, Graph, StateId, Tables, Thread};
use crate::vocabulary::Trie;
use crate::{masks::spelt, masks::walk};

/// What tokens do from a place in a rule until its end.
#[derive(Debug)]
pub(crate) struct Words {
    /// Tokens that stay inside, or end where the rule ends.
    pub inside: Vec<u32>,
    /// Nodes of the vocabulary's trie at which the rule may end, with tokens below them.
    pub exits: Vec<u32>,
    /// Most bytes to the end of the rule after any token inside.
    pub left: u32,
}

/// The threads of a place, by what is known about them.
pub(crate) struct Apart {
    /// The place of all others.
    pub others: StateId,
    /// For each small rule that threads are in, the place inside and the one behind it.
    pub words: Vec<(StateId, StateId)>,
    /// Threads in trees of names.
    pub names: Vec<Thread>,
}

/// The threads of `state` in small rules, in names, and elsewhere.
pub(crate) fn apart(graph: &mut Graph, tables: &Tables, state: StateId) -> Apart {
    let mut threads: Vec<Thread> = graph.state(state).threads.to_vec();
    let names: Vec<Thread> = match graph.state(state).lean {
        true => Vec::new(),
        false => threads.extract_if(.., |thread| spelt::is_inside(graph, tables, thread)).collect(),
    };
    if !threads.iter().any(|thread| tables.net.small_end(thread.node).is_some()) {
        let others = if names.is_empty() { state } else { graph.gather(tables, threads) };
        return Apart { others, words: Vec::new(), names };
    }
    let mut others = Vec::with_capacity(threads.len());
    // Calls: the end of the rule on the stack of the call, and the threads inside, on no stack.
    let mut calls: Vec<(Thread, Vec<Thread>)> = Vec::new();
    for thread in threads.iter() {
        let Some((call, stack)) = call(graph, tables, thread) else {
            others.push(*thread);
            continue;
        };
        let own = Thread { node: thread.node, stack };
        match calls.iter_mut().find(|(known, _)| *known == call) {
            Some((_, inside)) => inside.push(own),
            None => calls.push((call, vec![own])),
        }
    }
    // Calls at the same place inside are left together.
    let mut places: Vec<(StateId, Vec<Thread>)> = Vec::new();
    for (call, inside) in calls {
        let own = graph.gather(tables, inside);
        match places.iter_mut().find(|(known, _)| *known == own) {
            Some((_, behind)) => behind.push(call),
            None => places.push((own, vec![call])),
        }
    }
    let words = places.into_iter().map(|(own, behind)| (own, graph.gather(tables, behind))).collect();
    Apart { others: graph.gather(tables, others), words, names }
}

/// The call of a small rule that `thread` is in: the rule's end on the stack of the call; and the thread's stack without that.
fn call(graph: &mut Graph, tables: &Tables, thread: &Thread) -> Option<(Thread, u32)> {
    let end = tables.net.small_end(thread.node)?;
    let mut turns = Vec::new();
    let mut stack = thread.stack;
    while let Some((machine, state, below)) = graph.turn(stack) {
        turns.push(Frame::Turn { machine, state });
        stack = below;
    }
    if stack == BOTTOM {
        return None;
    }
    let own = turns.into_iter().rev().fold(BOTTOM, |below, frame| graph.push(tables, frame, below));
    Some((Thread { node: end, stack }, own))
}

/// What tokens do from the place `own` inside a rule.
pub(crate) fn words(graph: &mut Graph, tables: &Tables, own: StateId) -> Arc<Words> {
    if let Some(known) = graph.words.get(&own) {
        return known.clone();
    }
    let trie = &tables.vocabulary.trie;
    let mut words = Words { inside: Vec::new(), exits: Vec::new(), left: 0 };
    let mut path = vec![own; tables.vocabulary.most_bytes + 1];
    for (byte, range) in trie.roots() {
        if graph.is_known_dead(tables, own, byte) {
            continue;
        }
        walk::explore(graph, tables, (trie, range), (own, &mut path), &[], |graph, at, node, to| {
            let live = Graph::is_live(to);
            if live {
                let place = graph.state(to);
                words.inside.extend(trie.at(node));
                words.left = words.left.max(place.cost);
                if place.complete && Trie::goes_on(node) {
                    words.exits.push(at as u32);
                }
            }
            !live
        });
    }
    graph.charge(words.inside.len() * 4 + words.exits.len() * 4 + 64);
    let words = Arc::new(words);
    graph.words.insert(own, words.clone());
    words
}
