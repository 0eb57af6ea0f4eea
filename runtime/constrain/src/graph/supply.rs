//! Which texts there are for turns that must be taken and must differ.
//!
//! Where turns are missing, texts are counted on for them: of each language the shortest, as many as can be used until
//! none is missing. A language that has fewer has *few* texts, and all of them are known; those that the same languages
//! have are counted together, by a count of the machine like any other, so that its distances say whether turns can
//! still be filled. A machine that cannot be filled is no way.
//!
//! Texts inside which such a machine stands are looked at when that one is settled. Where machines stand inside each
//! other without end, the texts without them must do.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::distinct::captured;
use super::stack::is_filler;
use super::{BOTTOM, BTreeSet, Graph, NodeId, StateId, Tables};
use crate::error::ConstrainError;
use crate::graph::equal::{self, Value};
use crate::lower::expr::TurnOrder;
use crate::network::cost::{self, Costs, NEVER};
use crate::network::turns::{Draw, Turns};
use crate::network::{Machine, Network, Node};

/// Turns that bring the end no nearer while others are missing, at most; then the others follow.
const MOST_OTHERS: usize = 256;
/// Places looked at to list the texts of one language at most.
const MOST_LOOKED: usize = 1 << 16;

/// The language of a move's texts.
struct Language {
    /// The move.
    index: u32,
    end: NodeId,
    /// The shortest texts.
    texts: Vec<Box<[u8]>>,
    /// Whether there are no others that can be counted on.
    few: bool,
    /// Whether a machine that is not settled stands inside some.
    open: bool,
    /// Whether one that may have no texts stands in what follows the text in its turn: the value behind a name.
    leads: bool,
}

impl Graph {
    /// Finds the texts that the machines of `tables` can count on, and takes out those that have too few. Gives whether
    /// there were any to look at.
    pub fn supply(tables: &mut Tables) -> Result<bool, ConstrainError> {
        let asks = |of: &Machine| matches!(of, Machine::Turns(turns) if wanted(turns) > 0);
        let machines = (0..).zip(&tables.net.machines).filter(|(_, of)| asks(of));
        let mut waiting: Vec<u32> = machines.map(|(machine, _)| machine).collect();
        if waiting.is_empty() {
            return Ok(false);
        }
        // Those that are known to have texts, though not yet which they can count on.
        let (mut inhabited, mut stuck): (Vec<u32>, bool) = (Vec::new(), false);
        while !waiting.is_empty() {
            let unknown: Vec<u32> = waiting.iter().filter(|machine| !inhabited.contains(machine)).copied().collect();
            let mut net = tables.net.clone();
            net.shut(&unknown);
            let costs = Costs::new(&mut net, |_| 1)?;
            let shut = Tables { net, costs, vocabulary: tables.vocabulary.clone(), spelled: true, captures: true };
            let mut graph = Graph::new(&shut);
            let (mut empty, mut settled, mut refused, known) = (Vec::new(), Vec::new(), None, inhabited.len());
            for &machine in &waiting {
                let Some(Machine::Turns(turns)) = shut.net.machines.get(machine as usize) else { continue };
                let languages = graph.languages(&shut, &tables.net, turns, (&waiting, &unknown))?;
                let filled = fill(turns, &languages)?;
                let possible = is_possible(&filled);
                let few = languages.iter().any(|language| language.few);
                if few && languages.iter().any(|language| language.open) {
                    refused = refused.or(possible.then(|| turns.at.clone()));
                    continue;
                }
                let enough = stuck && inhabited.contains(&machine);
                if few && !enough && languages.iter().any(|language| language.leads) {
                    inhabited.extend(Some(machine).filter(|_| possible && unknown.contains(&machine)));
                    continue;
                }
                settled.push(machine);
                if !possible {
                    empty.push(machine);
                }
                if let Some(place) = tables.net.machines.get_mut(machine as usize) {
                    *place = Machine::Turns(filled);
                }
            }
            waiting.retain(|machine| !settled.contains(machine));
            let nothing = settled.is_empty() && inhabited.len() == known;
            if nothing && !stuck && refused.is_some() && waiting.iter().any(|machine| inhabited.contains(machine)) {
                // What is known of them must do.
                stuck = true;
                continue;
            }
            stuck = false;
            if nothing {
                if let Some(at) = refused {
                    return Err(ConstrainError::Schema {
                        at: at.to_string(),
                        keyword: "uniqueItems".into(),
                        reason: "values that must differ hold others like them, and too few hold none".into(),
                        hint: "take `uniqueItems` out, or allow more plain values".into(),
                    });
                }
                // Each would need another one inside.
                let gone = if unknown.is_empty() { waiting.clone() } else { unknown };
                waiting.retain(|machine| !gone.contains(machine));
                empty.extend(gone);
            }
            tables.net.shut(&empty);
        }
        tables.costs = Costs::new(&mut tables.net, |_| 1)?;
        Ok(true)
    }

    /// The languages of the texts of turns that may be missing.
    fn languages(
        &mut self,
        shut: &Tables,
        whole: &Network,
        turns: &Turns,
        (waiting, unknown): (&[u32], &[u32]),
    ) -> Result<Vec<Language>, ConstrainError> {
        let most = wanted(turns);
        let mut out: Vec<Language> = Vec::new();
        for way in turns.moves.iter().filter(|way| turns.cells.asks(way.hits)) {
            let Some((body, end)) = captured(shut, way) else { continue };
            let texts = self.list(shut, body, most)?;
            let (few, open) = (texts.len() < most, holds(whole, body, Some(end), waiting));
            let leads = few && holds(whole, end, None, unknown);
            out.push(Language { index: way.index, end, texts, few, open, leads });
        }
        // Texts of which there are few are not counted on where there are others.
        loop {
            let all = out.iter().filter(|language| language.few).flat_map(|language| &language.texts);
            let scarce: BTreeSet<Box<[u8]>> = all.cloned().collect();
            let mut changed = false;
            for language in out.iter_mut().filter(|language| !language.few) {
                let way = turns.moves.get(language.index as usize);
                let Some((body, _)) = way.and_then(|way| captured(shut, way)) else { continue };
                let texts = self.list(shut, body, most + scarce.len())?;
                let others: Vec<Box<[u8]>> = texts.iter().filter(|text| !scarce.contains(*text)).cloned().collect();
                if others.len() < most {
                    (language.few, language.texts, changed) = (true, texts, true);
                } else {
                    language.texts = others.into_iter().take(most).collect();
                }
            }
            if !changed {
                return Ok(out);
            }
        }
    }

    /// The `most` shortest texts that `body` captures, or all.
    fn list(&mut self, tables: &Tables, body: NodeId, most: usize) -> Result<Vec<Box<[u8]>>, ConstrainError> {
        // Properties in another order make the same value; no other texts do.
        let mut met: BTreeSet<(StateId, Vec<u8>)> = BTreeSet::new();
        let mut found: Vec<Box<[u8]>> = Vec::new();
        let mut ahead = Ahead::default();
        let start = self.enter(tables, body, BOTTOM, false);
        if Self::is_live(start) {
            ahead.push(Begun { cost: self.state(start).cost, text: Vec::new(), state: start, whole: false });
        }
        let mut looked = 0;
        while found.len() < most
            && let Some(Begun { text, state, whole, .. }) = ahead.pop()
        {
            if whole {
                let value = equal::sorted(&text);
                if !text.contains(&b'{') || !found.iter().any(|known| **known == *value) {
                    found.push(value.into());
                }
                continue;
            }
            if text.contains(&b'{') && !met.insert((state, equal::sorted(&text).into_owned())) {
                continue;
            }
            // Of each there is a text as near as it says, so no more than are wanted are kept.
            let wanted = most - found.len();
            if self.state(state).complete {
                ahead.push(Begun { cost: text.len() as u32, text: text.clone(), state, whole: true });
            }
            for byte in self.bytes_at(tables, state, &text) {
                looked += 1;
                let to = self.step(tables, state, byte);
                if Self::is_live(to) && !is_filler(&text, byte) {
                    let cost = cost::sum(self.state(to).cost, text.len() as u32 + 1);
                    if !ahead.has(wanted, cost) {
                        let text = text.iter().copied().chain([byte]).collect();
                        ahead.push(Begun { cost, text, state: to, whole: false });
                    }
                }
            }
            if looked > MOST_LOOKED {
                return Err(ConstrainError::Limit {
                    what: "places looked at for values that differ",
                    limit: MOST_LOOKED,
                });
            }
        }
        Ok(found)
    }
}

/// The beginning of a text.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Begun {
    /// Bytes of the shortest text that begins so.
    cost: u32,
    text: Vec<u8>,
    /// Where it leads.
    state: StateId,
    /// Whether it is the whole text.
    whole: bool,
}

/// Beginnings of texts, the nearest first.
#[derive(Default)]
struct Ahead {
    all: BinaryHeap<Reverse<Begun>>,
    /// How many of each cost lead to values that are like no others: those in which no object has begun.
    costs: BTreeMap<u32, usize>,
}

impl Ahead {
    fn push(&mut self, begun: Begun) {
        if !begun.text.contains(&b'{') {
            *self.costs.entry(begun.cost).or_default() += 1;
        }
        self.all.push(Reverse(begun));
    }

    fn pop(&mut self) -> Option<Begun> {
        let Reverse(begun) = self.all.pop()?;
        if !begun.text.contains(&b'{')
            && let Some(count) = self.costs.get_mut(&begun.cost)
        {
            *count -= 1;
            if *count == 0 {
                self.costs.remove(&begun.cost);
            }
        }
        Some(begun)
    }

    /// Whether it is sure that as many different values as `wanted` are no farther than `cost`.
    fn has(&self, wanted: usize, cost: u32) -> bool {
        let mut sum = 0;
        self.costs.range(..=cost).any(|(_, count)| {
            sum += count;
            sum >= wanted
        })
    }
}

/// How many texts can be used while turns of `turns` are missing, these included; 0 where any text does.
fn wanted(turns: &Turns) -> usize {
    let missing = turns.missing(&turns.start());
    match turns.cells.counts_hits() {
        _ if !turns.distinct || missing == 0 => 0,
        true => missing + MOST_OTHERS,
        false if missing == 1 => 0,
        false => missing,
    }
}

/// `turns`, which count on the texts of `languages`.
fn fill(turns: &Turns, languages: &[Language]) -> Result<Turns, ConstrainError> {
    let mut out = turns.clone();
    // The languages that have each text of which there are few.
    let mut owners: BTreeMap<&[u8], Vec<u32>> = BTreeMap::new();
    for language in languages.iter().filter(|language| language.few) {
        language.texts.iter().for_each(|text| owners.entry(text).or_default().push(language.index));
    }
    let mut kinds: BTreeMap<&[u32], Vec<&[u8]>> = BTreeMap::new();
    owners.iter().for_each(|(text, of)| kinds.entry(of).or_default().push(text));
    let most: Vec<u32> = kinds.values().map(|texts| texts.len() as u32).collect();
    let (cells, first) = turns.cells.and(&most, turns.slots.len() + 1)?;
    // Only what is counted stays beside the new counts.
    out.moves.iter_mut().for_each(|way| way.hits &= first - 1);
    let longest = |texts: &[&[u8]]| texts.iter().map(|text| text.len() as u32).max().unwrap_or(NEVER);
    let mut draws = vec![Vec::new(); turns.moves.len()];
    for language in languages {
        let Some(draws) = draws.get_mut(language.index as usize) else { continue };
        if !language.few || language.texts.is_empty() {
            let bytes = longest(&language.texts.iter().map(AsRef::as_ref).collect::<Vec<_>>());
            draws.push(Draw { hits: 0, bytes, end: language.end });
        }
    }
    for (at, (of, texts)) in kinds.iter().enumerate() {
        let hits = first << at;
        out.supply.scarce.extend(texts.iter().map(|text| (Value::of((*text).into()), hits)));
        for language in languages.iter().filter(|language| of.contains(&language.index)) {
            if let Some(draws) = draws.get_mut(language.index as usize) {
                draws.push(Draw { hits, bytes: longest(texts), end: language.end });
            }
        }
    }
    out.supply.scarce.sort_by(|(a, _), (b, _)| a.text().cmp(b.text()));
    (out.cells, out.supply.draws, out.supply.enough) = (cells, draws, wanted(turns));
    Ok(out)
}

/// Whether there are texts for all turns that must be taken.
fn is_possible(turns: &Turns) -> bool {
    let start = turns.start();
    let cost = |_: &_, draw: Option<&Draw>| draw.map_or(1, |draw| draw.bytes);
    let from = turns.distances(0, cost, (turns.order == TurnOrder::Any).then_some(&start));
    from.first().is_some_and(|cost| *cost < NEVER)
}

/// Whether any of `machines` stands in the texts from `body` to `end`, or to that of its turn.
fn holds(net: &Network, body: NodeId, end: Option<NodeId>, machines: &[u32]) -> bool {
    let (mut pending, mut seen) = (vec![body], vec![false; net.nodes.len()]);
    while let Some(at) = pending.pop() {
        if Some(at) == end || seen.get(at as usize).is_none_or(|seen| *seen) {
            continue;
        }
        if let Some(seen) = seen.get_mut(at as usize) {
            *seen = true;
        }
        match net.nodes.get(at as usize) {
            Some(Node::Bytes { first, count }) => pending.extend(net.edges(*first, *count).iter().map(|edge| edge.to)),
            Some(Node::Split { first, count }) => pending.extend(net.targets(*first, *count)),
            Some(Node::Skip { body, exit }) => pending.extend([*body, *exit]),
            Some(Node::Call { rule, next }) => {
                pending.push(*next);
                pending.extend(net.starts.get(*rule as usize));
            }
            Some(Node::Capture { body, .. }) => pending.push(*body),
            Some(Node::Captured { next } | Node::Names { next, .. }) => pending.push(*next),
            Some(Node::Push { machine, .. }) if machines.contains(machine) => return true,
            Some(Node::Push { machine, .. }) => match net.machines.get(*machine as usize) {
                Some(Machine::Repeat(by)) => pending.extend([by.body, by.again, by.exit]),
                Some(Machine::Turns(turns)) => {
                    pending.extend(turns.moves.iter().map(|way| way.body).chain([
                        turns.comma,
                        turns.exit,
                        turns.empty,
                    ]));
                }
                Some(Machine::Meter(meter)) => pending.extend(meter.bodies().chain([meter.exit])),
                None => {}
            },
            Some(Node::Head { .. } | Node::Choose { .. } | Node::Named { .. } | Node::Return) | None => {}
        }
    }
    false
}
