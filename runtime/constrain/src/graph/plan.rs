//! The turns that the lean language takes where texts must differ: one way, which is found once for all places from which it
//! is the way out.
//!
//! Which texts were used makes a difference only where the way would use them again; the others are left out of lean places. So
//! the many texts that a token may begin lead to few of these.

use std::sync::Arc;

use super::distinct::{Goal, Way, captured};
use super::{BOTTOM, Frame, Graph, StackId, Tables, TextId, Thread};
use crate::graph::equal;
use crate::network::cost::NEVER;
use crate::network::turns::{Move, Seen, Turns};

/// A turn of the lean language.
#[derive(Debug)]
pub(super) struct Planned {
    way: Move,
    /// What is seen after it, but for the text.
    next: Seen,
    /// The text, where it is captured.
    text: Option<Way>,
}

impl Graph {
    /// The one turn that the lean language takes after `seen`.
    pub(super) fn planned_turn(
        &mut self,
        tables: &Tables,
        (machine, turns): (u32, &Turns),
        seen: &Seen,
        stack: StackId,
    ) -> Option<Thread> {
        let planned = self.planned(tables, (machine, turns), seen)?;
        let Planned { way, next, text } = &*planned;
        let Some(text) = text else {
            let (state, _) = self.number(tables, machine, turns, next.clone());
            let stack = self.push(tables, Frame::Turn { machine, state }, stack);
            return Some(self.begin(tables, turns, way, stack));
        };
        let end = captured(tables, way).map_or(0, |(_, end)| end);
        let goal = Goal { machine, turns, next: next.clone(), end, below: 0 };
        let next = self.used_up(turns, next, &text.text)?;
        self.written(tables, &goal, (text, next), stack)
    }

    /// The best turn after `seen`. What follows the machine makes no difference to which it is.
    fn planned(&mut self, tables: &Tables, of: (u32, &Turns), seen: &Seen) -> Option<Arc<Planned>> {
        let key = (of.0, seen.clone());
        if let Some(known) = self.plans.get(&key) {
            return known.clone();
        }
        let mut best: Option<(u32, Move, Goal<'_>)> = None;
        for (way, goal, cost) in self.goals(tables, of, seen, 0) {
            let cost = match captured(tables, &way) {
                Some((body, _)) => {
                    let start = self.enter(tables, body, BOTTOM, false);
                    self.from(tables, start, &[], &goal).map_or(NEVER, |begun| begun.cost)
                }
                None => cost,
            };
            if cost < best.as_ref().map_or(NEVER, |(least, ..)| *least) {
                best = Some((cost, way, goal));
            }
        }
        let planned = best.and_then(|(_, way, goal)| {
            let text = match captured(tables, &way) {
                None => None,
                Some((body, _)) => {
                    let start = self.enter(tables, body, BOTTOM, false);
                    Some(self.way(tables, start, &[], &goal)?)
                }
            };
            Some(Arc::new(Planned { way, next: goal.next, text }))
        });
        self.bytes += 256 + seen.used.len() * 8;
        self.plans.insert(key, planned.clone());
        planned
    }

    /// `seen` with those of its used texts only that the turns planned after it keep clear of: the others make no difference
    /// to the lean language. `more` where there is another turn though none is missing.
    fn lean_seen(&mut self, tables: &Tables, of: (u32, &Turns), seen: &Seen, more: bool) -> Seen {
        self.kept(tables, of, seen, (more, &[])).unwrap_or_else(|| seen.clone())
    }

    /// The same; none if not all turns after it can be planned, or one of them writes `barred`.
    fn kept(&mut self, tables: &Tables, of: (u32, &Turns), seen: &Seen, (more, barred): (bool, &[u8])) -> Option<Seen> {
        let mut kept = Seen { used: Box::default(), ..seen.clone() };
        loop {
            let (mut at, mut more) = (kept.clone(), more);
            let mut met: Vec<TextId> = Vec::new();
            while std::mem::take(&mut more) || !of.1.accepts(&at) {
                let planned = self.planned(tables, of, &at)?;
                at = match &planned.text {
                    None => planned.next.clone(),
                    Some(way) => {
                        let text = equal::sorted(&way.text);
                        if *text == *barred {
                            return None;
                        }
                        let text = self.text_id(&text);
                        met.extend((seen.used.contains(&text) && !kept.used.contains(&text)).then_some(text));
                        self.used_up(of.1, &planned.next, &way.text)?
                    }
                };
            }
            if met.is_empty() {
                return Some(kept);
            }
            kept.used =
                seen.used.iter().filter(|text| kept.used.contains(text) || met.contains(text)).copied().collect();
        }
    }

    /// What is seen after `text` was captured, with those used texts only that make a difference; none if it is barred.
    fn lean_after(&mut self, tables: &Tables, goal: &Goal<'_>, text: &[u8]) -> Option<Seen> {
        let (of, next) = ((goal.machine, goal.turns), &goal.next);
        let sorted = equal::sorted(text);
        let (_, cell) = self.unlike(goal.turns, next, &sorted)?;
        // It is kept only where the turns that are planned without it would write it.
        let without = Seen { cell, ..next.clone() };
        match self.kept(tables, of, &without, (false, &sorted)) {
            Some(kept) => Some(kept),
            None => {
                let seen = self.used_up(goal.turns, next, text)?;
                Some(self.lean_seen(tables, of, &seen, false))
            }
        }
    }

    /// `stack` with those of its used texts only that make a difference to the lean language.
    pub(super) fn lean_stack(&mut self, tables: &Tables, stack: StackId) -> StackId {
        let lean = |graph: &mut Self, frame| {
            graph.with_used(tables, frame, |graph, of, seen, more| graph.lean_seen(tables, of, &seen, more))
        };
        self.rewritten(tables, stack, |graph| &mut graph.lean_stacks, lean)
    }

    /// `threads` with each capture on the way to one given text, and with few used texts, for the lean language.
    pub(super) fn settled(&mut self, tables: &Tables, threads: &[Thread], text: TextId) -> Vec<Thread> {
        let mut out = Vec::with_capacity(threads.len());
        let whole = self.text(text);
        for thread in threads {
            if self.captures(thread.stack) == 0 {
                let stack = self.lean_stack(tables, thread.stack);
                out.push(Thread { node: thread.node, stack });
                continue;
            }
            let Some(outer) = self.outer(tables, thread.stack) else { continue };
            let written = whole.get(outer.start..).unwrap_or(&[]);
            let inside = self.within(tables, &[*thread], &whole, 0);
            if let Some(way) = self.way(tables, inside, written, &outer.goal)
                && let Some(next) = self.lean_after(tables, &outer.goal, &way.text)
            {
                let below = self.lean_stack(tables, outer.below);
                out.extend(self.written(tables, &outer.goal, (&way, next), below));
            }
        }
        out.sort_unstable();
        out.dedup();
        out
    }
}
