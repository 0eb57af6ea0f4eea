//! Places without the texts that they compare, so that masks serve many texts.
//!
//! Most tokens are right whatever texts were used: those inside a text that is like none of them already, and those that
//! end it. Where a known text would decide, at the beginning of another one, the thread is left out, and the place says
//! so; then the place with its texts is looked at.

use super::stack::Stack;
use super::{BTreeSet, Frame, Graph, HIDDEN, StackId, State, StateId, Tables, Thread, UNSURE};
use crate::hash::QuickMap;
use crate::network::turns::{Seen, Turns};

impl Graph {
    /// The place without its texts; none if it has none, or is inside one that may become like a known one.
    pub fn without_texts(&mut self, tables: &Tables, state: StateId) -> Option<StateId> {
        if !tables.captures || self.state(state).lean {
            return None;
        }
        if let Some(known) = self.hidden.get(&state) {
            return (*known != state).then_some(*known);
        }
        let place = self.state(state).clone();
        let compares = place.threads.iter().any(|thread| self.compares(thread.stack));
        let to = if !compares || self.is_touched(tables, &place.threads, place.text) {
            state
        } else {
            self.hidden_twin(tables, &place)
        };
        self.bytes += 16;
        self.hidden.insert(state, to);
        (to != state).then_some(to)
    }

    /// Where `byte` leads from `state`, without texts, if what is captured is like no known text from there on; none where texts
    /// may decide, or none is captured.
    pub fn untouched(&mut self, tables: &Tables, state: StateId, byte: u8) -> Option<StateId> {
        if !self.is_capturing(state) || self.state(state).lean {
            return None;
        }
        let (twin, touching) = match self.twins.get(&state) {
            Some(known) => *known,
            None => {
                let place = self.state(state).clone();
                let touching = self.touched_by(tables, &place.threads, place.text);
                let twin = self.hidden_twin(tables, &place);
                self.bytes += 64;
                self.twins.insert(state, (twin, touching));
                (twin, touching)
            }
        };
        if touching[usize::from(byte) / 64] >> (byte % 64) & 1 == 1 {
            return None;
        }
        let to = self.step(tables, twin, byte);
        (!self.is_unsure(to)).then_some(to)
    }

    /// The place without its texts, where these do not decide.
    fn hidden_twin(&mut self, tables: &Tables, place: &State) -> StateId {
        let mut threads = Vec::with_capacity(place.threads.len());
        for thread in place.threads.iter() {
            threads.push(Thread { node: thread.node, stack: self.stack_without_texts(tables, thread.stack) });
        }
        threads.sort_unstable();
        threads.dedup();
        self.intern(tables, threads.into(), HIDDEN, place.complete, false)
    }

    /// Whether threads were left out at `state`.
    pub fn is_unsure(&self, state: StateId) -> bool {
        self.state(state).text == UNSURE
    }

    /// Whether nothing goes on or ends at `state`, but for threads that were left out.
    pub fn is_empty(&self, state: StateId) -> bool {
        let place = self.state(state);
        !Self::is_live(state) || (place.threads.is_empty() && !place.complete)
    }

    fn stack_without_texts(&mut self, tables: &Tables, stack: StackId) -> StackId {
        let hide = |graph: &mut Self, frame| graph.frame_without_texts(tables, frame);
        self.rewritten(tables, stack, |graph| &mut graph.hidden_stacks, hide)
    }

    /// `stack` with each of its frames as `rewrite` says; `known` are those that were rewritten so before.
    pub(super) fn rewritten(
        &mut self,
        tables: &Tables,
        stack: StackId,
        known: impl Fn(&mut Self) -> &mut QuickMap<StackId, StackId>,
        mut rewrite: impl FnMut(&mut Self, Frame) -> Frame,
    ) -> StackId {
        let (mut pending, mut found) = (vec![stack], BTreeSet::new());
        while let Some(id) = pending.pop() {
            if !self.compares(id) || known(self).contains_key(&id) || !found.insert(id) {
                continue;
            }
            match self.stack(id) {
                Stack::Bottom => {}
                Stack::Pushed(_, below) => pending.push(*below),
                Stack::Any(members) => pending.extend(members),
            }
        }
        // What lies below was held earlier, so it has the smaller number.
        for id in found {
            let to = match self.stack(id).clone() {
                Stack::Bottom => id,
                Stack::Pushed(frame, below) => {
                    let frame = rewrite(self, frame);
                    let below = known(self).get(&below).copied().unwrap_or(below);
                    self.push(tables, frame, below)
                }
                Stack::Any(members) => {
                    let members: Vec<StackId> =
                        members.iter().map(|id| known(self).get(id).copied().unwrap_or(*id)).collect();
                    self.any(&members)
                }
            };
            known(self).insert(id, to);
        }
        known(self).get(&stack).copied().unwrap_or(stack)
    }

    fn frame_without_texts(&mut self, tables: &Tables, frame: Frame) -> Frame {
        match frame {
            Frame::Capture { end, .. } => Frame::Capture { start: HIDDEN, end },
            frame => self.with_used(tables, frame, |_, _, seen, _| Seen { used: [HIDDEN].into(), ..seen }),
        }
    }

    /// `frame` where what its turns have seen, if they used texts, is what `rewrite` says; that is also told whether a
    /// comma was read, so that another turn comes.
    pub(super) fn with_used(
        &mut self,
        tables: &Tables,
        frame: Frame,
        rewrite: impl FnOnce(&mut Self, (u32, &Turns), Seen, bool) -> Seen,
    ) -> Frame {
        let (Frame::Turn { machine, state } | Frame::Comma { machine, state }) = frame else { return frame };
        let Some(turns) = tables.net.turns(machine).filter(|turns| turns.distinct) else { return frame };
        let seen = self.seen(turns, state);
        if seen.used.is_empty() {
            return frame;
        }
        let more = matches!(frame, Frame::Comma { .. });
        let seen = rewrite(self, (machine, turns), seen, more);
        let (state, _) = self.number(tables, machine, turns, seen);
        if more { Frame::Comma { machine, state } } else { Frame::Turn { machine, state } }
    }
}
