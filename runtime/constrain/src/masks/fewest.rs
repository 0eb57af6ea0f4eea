//! Fewest tokens from a place to a valid end.
//!
//! Exact where the whole automaton is small: breadth-first over the places that tokens lead to. Else it is the fewest
//! within the lean language (see [`crate::network::cost`]), which is finite, where far from the end the longest token of a
//! class that is open stands for all others: an upper bound that keeps its word, for after the first token of such a way
//! the place allows at least the rest of that way.

use std::sync::Arc;

use crate::graph::{Graph, StateId, Tables};
use crate::network::Machine;
use crate::network::cost::{self, NEVER, UNSPELLED};
use crate::{masks::open, masks::walk};

/// Places of an automaton that counts as small.
const SMALL: usize = 256;
/// Tokens to an end that are searched for one by one; farther, the distance is computed.
const DEEP: u32 = 128;
/// Bytes to an end from which on the longest token of a class is taken where one is open, and no others are looked at.
const LONG: u32 = 64;
/// Bytes to an end from which on tokens are not looked for: no shortest text of a constraint is as long.
const FAR: u32 = 1 << 20;

/// Whether `most` tokens suffice from `state`: the same as comparing [`fewest`], but it stops when that is sure.
pub(crate) fn at_most(graph: &mut Graph, tables: &Tables, state: StateId, most: u32) -> bool {
    if let Some(sure) = obvious(graph, tables, state, most) {
        return sure;
    }
    let lean = graph.lean(tables, state);
    if in_runs(graph, tables, lean) <= most || lean_at_most(graph, tables, lean, most) {
        return true;
    }
    !tables.costs.all_lean && is_small(graph, tables) && fewest(graph, tables, state) <= most
}

/// What is known about `most` tokens without looking at any.
fn obvious(graph: &Graph, tables: &Tables, state: StateId, most: u32) -> Option<bool> {
    let place = graph.state(state);
    if let Some(bound) = far(tables, place.cost).filter(|_| !place.complete) {
        return Some(bound <= most);
    }
    // Where every byte can be spelled and no text is compared, the distance is that of the shortest text.
    let reach = (most as usize).saturating_mul(tables.vocabulary.most_bytes);
    if tables.spelled && !tables.captures && !place.complete && place.cost as usize > reach {
        return Some(false);
    }
    match (place.complete || (place.cost < UNSPELLED && place.cost <= most), most) {
        (true, _) => Some(true),
        (false, 0) => Some(false),
        (false, _) => None,
    }
}

/// The tokens that suffice where the end is `cost` bytes away, if that is too far to look for fewer.
fn far(tables: &Tables, cost: u32) -> Option<u32> {
    match tables.spelled {
        true => (cost > FAR).then_some(cost),
        // That many bytes without a token of their own will not all be spelled.
        false => (cost > UNSPELLED << 10).then_some(NEVER),
    }
}

/// Whether `most` tokens suffice within the lean language: the places with the fewest bytes left are tried first.
fn lean_at_most(graph: &mut Graph, tables: &Tables, state: StateId, most: u32) -> bool {
    if let Some(sure) = obvious(graph, tables, state, most) {
        return sure;
    }
    if let Some(known) = graph.fewest.get(&state) {
        return *known <= most;
    }
    if graph.more_than.get(&state).is_some_and(|bound| most <= *bound) {
        return false;
    }
    if most > DEEP {
        return lean_fewest(graph, tables, state) <= most;
    }
    let targets = token_targets(graph, tables, state);
    if targets.iter().any(|to| lean_at_most(graph, tables, *to, most - 1)) {
        return true;
    }
    graph.more_than.insert(state, most);
    false
}

/// Fewest tokens from `state` to an end; `u32::MAX` if no tokens spell one.
pub(crate) fn fewest(graph: &mut Graph, tables: &Tables, state: StateId) -> u32 {
    if graph.state(state).complete {
        return 0;
    }
    if let Some(bound) = far(tables, graph.state(state).cost) {
        return bound;
    }
    if let Some(known) = graph.exact.get(&state) {
        return *known;
    }
    let lean = graph.lean(tables, state);
    // Where texts must differ, a shortest text may not be lean.
    let bytes = Some(graph.state(state).cost).filter(|bytes| *bytes < UNSPELLED);
    let bound = lean_fewest(graph, tables, lean).min(bytes.unwrap_or(NEVER));
    if bound <= 1 || tables.costs.all_lean || !is_small(graph, tables) {
        return bound;
    }
    let exact = search(graph, tables, state, bound);
    graph.exact.insert(state, exact);
    exact
}

/// Breadth-first search for an end nearer than `bound`.
fn search(graph: &mut Graph, tables: &Tables, from: StateId, bound: u32) -> u32 {
    let mut seen = vec![from];
    let mut level = vec![from];
    let mut depth = 0;
    while depth + 1 < bound && !level.is_empty() {
        depth += 1;
        let mut next = Vec::new();
        for state in level {
            for &to in token_targets(graph, tables, state).iter() {
                if graph.state(to).complete {
                    return depth;
                }
                if !seen.contains(&to) {
                    seen.push(to);
                    next.push(to);
                }
            }
        }
        level = next;
    }
    bound
}

/// Whether all places, over all texts, are few.
fn is_small(graph: &mut Graph, tables: &Tables) -> bool {
    if let Some(known) = graph.small {
        return known;
    }
    // Nearly every node is a place of some text, and where texts are compared there is a place for each.
    if tables.net.nodes.len() > 2 * SMALL || tables.captures {
        graph.small = Some(false);
        return false;
    }
    let classes = &tables.net.classes;
    let bytes: Vec<u8> = (0..=255u8)
        .filter(|byte| *byte == 0 || classes.get(usize::from(*byte)) != classes.get(usize::from(*byte) - 1))
        .collect();
    let mut places = vec![graph.start(tables)];
    let mut at = 0;
    while let Some(&state) = places.get(at).filter(|_| places.len() <= SMALL) {
        for &byte in &bytes {
            let to = graph.step(tables, state, byte);
            if Graph::is_live(to) && !places.contains(&to) {
                places.push(to);
            }
        }
        at += 1;
    }
    let small = places.len() <= SMALL;
    graph.small = Some(small);
    small
}

/// Tokens on one way from a lean place that is found without looking at any others: runs, then a token for each byte.
fn in_runs(graph: &mut Graph, tables: &Tables, state: StateId) -> u32 {
    let (mut at, mut way) = (state, Vec::new());
    let mut tokens = loop {
        if let Some(known) = graph.in_runs.get(&at) {
            break *known;
        }
        way.push(at);
        match run(graph, tables, at) {
            Some(to) => at = to,
            None => break Some(graph.state(at).cost).filter(|bytes| *bytes < UNSPELLED).unwrap_or(NEVER),
        }
    };
    graph.charge(32 * way.len());
    // The last of them has no run: it is as far as its bytes.
    for (after, state) in way.into_iter().rev().enumerate() {
        if after > 0 || run(graph, tables, state).is_some() {
            tokens = cost::sum(tokens, 1);
        }
        graph.in_runs.insert(state, tokens);
    }
    tokens
}

/// Where the longest token of a repeated class leads that is open at a lean place, if all of it must be read to the end.
fn run(graph: &mut Graph, tables: &Tables, state: StateId) -> Option<StateId> {
    if let Some(known) = graph.runs.get(&state) {
        return *known;
    }
    let alone = alone(graph, tables, state);
    let slices = alone.map_or_else(|| open::open(graph, tables, state), |slice| vec![slice]);
    let here = graph.state(state).cost;
    let mut found = None;
    for slice in slices {
        let plain = tables.vocabulary.plain(slice.groups);
        // One that is too long for the class may do better with what follows it.
        let Some((length, token)) = plain.lengths(u32::MAX).last().copied() else { continue };
        if length > slice.chars {
            continue;
        }
        let to = match alone {
            // The places between need not be met.
            Some(_) => open::after(graph, tables, &slice, length, true),
            None => {
                let bytes = tables.vocabulary.bytes(token).unwrap_or_default();
                bytes.iter().fold(state, |at, byte| graph.step(tables, at, *byte))
            }
        };
        let left = graph.state(to).cost;
        if Graph::is_live(to) && left < here && left.saturating_add(length) <= here {
            found = Some(to);
            break;
        }
    }
    graph.charge(32);
    graph.runs.insert(state, found);
    found
}

/// The places that one token leads to.
fn token_targets(graph: &mut Graph, tables: &Tables, state: StateId) -> Arc<[StateId]> {
    if let Some(known) = graph.targets.get(&state) {
        return known.clone();
    }
    let alone = alone(graph, tables, state);
    // Where a byte has no token of its own, what is read before it may have to end in the token that holds both.
    let far = match tables.spelled {
        true => graph.state(state).cost > LONG,
        false => alone.is_some_and(|slice| slice.chars as usize > SMALL),
    };
    if far
        && let Some(to) = run(graph, tables, state)
        && !is_small(graph, tables)
    {
        return kept_targets(graph, state, vec![to]);
    }
    let mut targets = Vec::new();
    if let Some(slice) = &alone {
        let plain = tables.vocabulary.plain(slice.groups);
        let lengths = plain.lengths(slice.chars);
        targets.extend(lengths.iter().map(|(length, _)| open::after(graph, tables, slice, *length, true)));
    }
    let skip = alone.map(|slice| slice.skip());
    walk::walk(graph, tables, state, skip.as_slice(), |_, _, to| {
        if targets.last() != Some(&to) {
            targets.push(to);
        }
    });
    targets.sort_unstable();
    targets.dedup();
    targets.sort_by_key(|to| graph.state(*to).cost);
    kept_targets(graph, state, targets)
}

fn kept_targets(graph: &mut Graph, state: StateId, targets: Vec<StateId>) -> Arc<[StateId]> {
    let targets: Arc<[StateId]> = targets.into();
    graph.charge(targets.len() * 4 + 64);
    graph.targets.insert(state, targets.clone());
    targets
}

/// The counted class that alone reads its characters at a lean place, for as many of them as it must read: one token
/// of each length stands for all others then.
fn alone(graph: &mut Graph, tables: &Tables, state: StateId) -> Option<open::Open> {
    if !graph.state(state).lean {
        return None;
    }
    let mut slice = open::open(graph, tables, state).into_iter().find(|slice| slice.counted)?;
    let (machine, turn, _) = graph.turn(slice.stack)?;
    let min = tables.net.counter(machine)?.min;
    slice.chars = slice.chars.min(min.saturating_add(1).saturating_sub(turn).max(1));
    // The places after one and after more characters differ in the turn only.
    let next = open::after(graph, tables, &slice, 1, true);
    let exclusive = open::readers(graph, tables, state, &slice) == 1
        && (slice.chars == 1 || open::readers(graph, tables, next, &slice) == 1);
    open::seal(graph, tables, state, &mut slice);
    exclusive.then_some(slice)
}

/// Fewest tokens within the lean language, at most as many as bytes where all are tokens: depth-first, each place once.
fn lean_fewest(graph: &mut Graph, tables: &Tables, from: StateId) -> u32 {
    struct Visit {
        state: StateId,
        targets: Arc<[StateId]>,
        at: usize,
        best: u32,
    }
    let longest = longest(graph, tables);
    let mut path: Vec<Visit> = Vec::new();
    let mut entering = Some(from);
    let mut result = NEVER;
    loop {
        if let Some(state) = entering.take() {
            if let Some(known) = known(graph, tables, state) {
                result = known;
            } else {
                // Until it is known; the lean language is finite, so nothing asks for it meanwhile.
                graph.fewest.insert(state, NEVER);
                let targets = token_targets(graph, tables, state);
                let ends = targets.iter().any(|to| graph.state(*to).complete);
                let (at, best) = if ends { (targets.len(), 1) } else { (0, in_runs(graph, tables, state)) };
                path.push(Visit { state, targets, at, best });
            }
        }
        let Some(visit) = path.last_mut() else { return result };
        if result != NEVER {
            visit.best = visit.best.min(result.saturating_add(1));
            result = NEVER;
        }
        match visit.targets.get(visit.at) {
            Some(to) => {
                visit.at += 1;
                // As many tokens as its bytes take at least are too many.
                let least = graph.state(*to).cost.div_ceil(longest).saturating_add(1);
                entering = Some(*to).filter(|_| !tables.spelled || least < visit.best);
            }
            None => {
                result = visit.best;
                graph.fewest.insert(visit.state, result);
                path.pop();
                if path.is_empty() {
                    return result;
                }
            }
        }
    }
}

/// Bytes of the longest token that may be read anywhere.
fn longest(graph: &mut Graph, tables: &Tables) -> u32 {
    if let Some(known) = graph.longest {
        return known;
    }
    let named = |of: &Machine| matches!(of, Machine::Turns(turns) if !turns.slots.is_empty());
    let mut longest = tables.vocabulary.most_bytes as u32;
    // Names and known texts are read without edges.
    if !tables.captures && !tables.net.machines.iter().any(named) {
        let mut reads = [false; 256];
        for edge in &tables.net.edges {
            (edge.low..=edge.high).for_each(|byte| reads[usize::from(byte)] = true);
        }
        let trie = &tables.vocabulary.trie.nodes;
        let mut at = 0;
        longest = 1;
        while let Some(node) = trie.get(at) {
            let reads = reads[usize::from(node.byte)];
            longest = longest.max(if reads && node.count > 0 { node.depth.into() } else { 0 });
            at = if reads { at + 1 } else { node.end as usize };
        }
    }
    graph.longest = Some(longest);
    longest
}

fn known(graph: &Graph, tables: &Tables, state: StateId) -> Option<u32> {
    let place = graph.state(state);
    if place.complete { Some(0) } else { far(tables, place.cost).or_else(|| graph.fewest.get(&state).copied()) }
}
