//! Places from which many tokens lead on whatever they say: groups of characters that cannot lead to a dead end.
//!
//! An automaton inside which every letter is welcome is not walked letter by letter: the few places that a token of
//! such characters leads to are looked at once, then all those tokens are known to be allowed.

use std::sync::Arc;

use regex_syntax::utf8::Utf8Sequences;

use crate::graph::{Graph, StateId, Tables, Thread};
use crate::groups;
use crate::network::{Machine, Node, NodeId, cost};

/// Places that are looked at to find a region at most, and further ones for each character of a token. Where so many characters of a
/// kind must follow each other, each character adds a few; where places multiply, it is not worth it.
const MOST_PLACES: usize = 32;
const MORE_PLACES: usize = 3;
/// Looks at places, some more than once, at most.
const MOST_LOOKS: usize = 512;
/// Times that a region is looked for in vain, for each that is found, before that is given up.
const PATIENCE: u32 = 24;
/// Different bytes of ASCII, about, that are read where a region is looked for at least.
const MANY_BYTES: u32 = 24;
/// Groups that make a region worth looking for at least.
const FEW_GROUPS: u32 = 3;
/// Groups with which characters outside ASCII are looked at, too …
const MANY_GROUPS: u32 = 20;
/// … and places at most: few tokens have such characters, and each place costs much then.
const FEW_PLACES: usize = 8;
/// Characters of a token that are followed at most: longer tokens are few.
const DEEPEST: usize = 20;
/// Threads of a place with which they are not: each of their bytes costs much there.
const MANY_THREADS: usize = 64;

/// Tokens that are all allowed at a place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Region {
    /// The groups that they are of.
    pub groups: u64,
    /// Characters that they have at most.
    pub chars: u32,
    /// Most bytes that are left after one of them.
    pub left: u32,
}

/// What characters do at a place.
#[derive(Debug)]
pub(crate) struct Alive {
    /// The groups of which every character leads on.
    groups: u64,
    /// Where they lead, and the groups that have a character that leads there.
    next: Vec<(u64, StateId)>,
}

impl Alive {
    fn add(&mut self, groups: u64, to: StateId) {
        match self.next.iter_mut().find(|(_, known)| *known == to) {
            Some((known, _)) => *known |= groups,
            None => self.next.push((groups, to)),
        }
    }
}

/// The tokens that are allowed at `state` because a pattern that is measured there reads them, whatever the order of their characters.
pub(crate) fn metered(graph: &Graph, tables: &Tables, state: StateId) -> Option<Vec<Region>> {
    let threads = &graph.state(state).threads;
    let of = |thread: &Thread| {
        let (machine, _, below) = graph.turn(thread.stack)?;
        matches!(tables.net.machines.get(machine as usize), Some(Machine::Meter(_))).then_some((machine, below))
    };
    let (machine, below) = threads.iter().find_map(of)?;
    let Some(Machine::Meter(meter)) = tables.net.machines.get(machine as usize) else { return None };
    let own = threads.iter().filter(|thread| of(thread) == Some((machine, below)));
    let begun: Vec<(NodeId, u32)> = own.filter_map(|own| Some((own.node, graph.turn(own.stack)?.1))).collect();
    let after: Vec<u32> = begun.iter().map(|(_, after)| *after).collect();
    let before = meter.before(&after, |body, to| is_begun(tables, body, &|node| begun.contains(&(node, to))))?;
    let rest = |state| tables.costs.rest(&tables.net, machine, state);
    let regions = meter.regions(before, |groups| tables.vocabulary.longest(groups), rest).into_iter();
    let behind = graph.stack_cost(below);
    Some(regions.map(|(groups, chars, left)| Region { groups, chars, left: cost::sum(left, behind) }).collect())
}

/// Whether all that `node` goes to is `there`.
fn is_begun(tables: &Tables, node: NodeId, there: &dyn Fn(NodeId) -> bool) -> bool {
    match tables.net.nodes.get(node as usize) {
        Some(Node::Split { first, count }) => {
            tables.net.targets(*first, *count).iter().all(|to| is_begun(tables, *to, there))
        }
        _ => there(node),
    }
}

/// Whether so many characters are read at `state` that it is worth looking at what they do.
pub(crate) fn is_wide(graph: &Graph, tables: &Tables, state: StateId) -> bool {
    let threads = graph.state(state).threads.iter();
    let edges = threads.flat_map(|thread| graph.edges(tables, thread));
    edges.map(|edge| u32::from(edge.high.min(0x7f)).saturating_sub(edge.low.into())).sum::<u32>() >= MANY_BYTES
}

/// Whether it is worth looking for a region: it was found often enough.
fn is_likely(graph: &Graph) -> bool {
    let (missed, found) = graph.regions;
    missed < PATIENCE || missed < PATIENCE * found
}

/// What characters do at `state`, those outside ASCII only where it is `wide`.
fn alive(graph: &mut Graph, tables: &Tables, state: StateId, wide: bool) -> Arc<Alive> {
    if let Some(known) = graph.alive.get(&(state, wide)) {
        return known.clone();
    }
    let mut alive = Alive { groups: groups::ALL & !groups::WIDE, next: Vec::new() };
    let mut last = None;
    for byte in 0..0x80u8 {
        let (group, to) = (groups::group(byte.into()), graph.step(tables, state, byte));
        if !Graph::is_live(to) || graph.is_unsure(to) {
            alive.groups &= !group;
        } else if last != Some((group, to)) {
            alive.add(group, to);
            last = Some((group, to));
        }
    }
    if wide
        && graph.state(state).threads.len() <= MANY_THREADS
        && let Some(places) = beyond_ascii(graph, tables, state)
    {
        alive.groups |= groups::WIDE;
        places.into_iter().for_each(|to| alive.add(groups::WIDE, to));
    }
    let alive = Arc::new(alive);
    graph.charge(alive.next.len() * 16 + 48);
    graph.alive.insert((state, wide), alive.clone());
    alive
}

/// Where characters outside ASCII lead; none if one of them is refused.
fn beyond_ascii(graph: &mut Graph, tables: &Tables, state: StateId) -> Option<Vec<StateId>> {
    let mut out = Vec::new();
    for sequence in Utf8Sequences::new('\u{80}', char::MAX) {
        let mut places = vec![state];
        for range in sequence.as_slice() {
            let mut next = Vec::new();
            for place in places {
                for byte in range.start..=range.end {
                    let to = graph.step(tables, place, byte);
                    if !Graph::is_live(to) || graph.is_unsure(to) {
                        return None;
                    }
                    if next.last() != Some(&to) && !next.contains(&to) {
                        next.push(to);
                    }
                }
            }
            places = next;
        }
        places.into_iter().for_each(|to| {
            if !out.contains(&to) {
                out.push(to);
            }
        });
    }
    Some(out)
}

/// The tokens that are allowed at `state` whatever the order of their characters, as far as that is easily seen: the more
/// groups, the shorter.
pub(crate) fn regions(graph: &mut Graph, tables: &Tables, state: StateId) -> Vec<Region> {
    if !is_likely(graph) || !is_wide(graph, tables, state) {
        return Vec::new();
    }
    let (mut regions, places) = search(graph, tables, state, false);
    let many = |region: &Region| region.chars == u32::MAX && region.groups.count_ones() >= MANY_GROUPS;
    if places <= FEW_PLACES && regions.last().is_some_and(many) {
        let (wide, _) = search(graph, tables, state, true);
        if wide.last().is_some_and(many) {
            regions = wide;
        }
    }
    match regions.is_empty() {
        true => graph.regions.0 += 1,
        false => graph.regions.1 += 1,
    }
    regions
}

/// The regions that begin at `state`, and the places that were looked at for the last of them.
fn search(graph: &mut Graph, tables: &Tables, state: StateId, wide: bool) -> (Vec<Region>, usize) {
    let mut groups = alive(graph, tables, state, wide).groups;
    let (mut looked_at, mut out) = (0, Vec::new());
    'smaller: loop {
        if groups.count_ones() < FEW_GROUPS {
            return (out, MOST_PLACES);
        }
        let longest = tables.vocabulary.longest(groups) as usize;
        let mut chars = if longest > DEEPEST { DEEPEST as u32 } else { u32::MAX };
        let mut places = vec![state];
        let (mut level, mut left) = (0..1, graph.state(state).cost);
        // The places after a token's last character must be alive, but what they read does not matter.
        for depth in 0..longest.min(DEEPEST) {
            for at in level.clone() {
                let Some(place) = places.get(at).copied() else { continue };
                let alive = alive(graph, tables, place, wide);
                looked_at += 1;
                if looked_at > MOST_LOOKS || places.len() > MOST_PLACES + MORE_PLACES * depth {
                    return (out, MOST_PLACES);
                }
                if groups & !alive.groups != 0 {
                    if depth > 1 {
                        out.push(Region { groups, chars: depth as u32, left });
                    }
                    groups &= alive.groups;
                    continue 'smaller;
                }
                for (by, to) in alive.next.iter().filter(|(by, _)| by & groups != 0) {
                    if places.contains(to) {
                        continue;
                    }
                    // What leads where little else is alive is better left out.
                    let lost = groups & !self::alive(graph, tables, *to, wide).groups;
                    if lost.count_ones() > (by & groups).count_ones() {
                        groups &= !by;
                        continue 'smaller;
                    }
                    left = left.max(graph.state(*to).cost);
                    places.push(*to);
                }
            }
            level = level.end..places.len();
            if level.is_empty() {
                chars = u32::MAX;
                break;
            }
        }
        out.push(Region { groups, chars, left });
        return (out, places.len());
    }
}
