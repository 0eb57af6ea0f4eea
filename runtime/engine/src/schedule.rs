//! Who runs in the next step: waiting and running sequences in, a number of rows with slots for each out.
//!
//! 1. Running sequences that generate get their rows, then those that prefill get a chunk, the oldest first.
//! 2. While rows, slots and places are left, waiting ones enter: the longest cached prefix first, with ageing.
//! 3. Two sequences that would compute the same next token of the same prefix do not both run: the later one waits a
//!    step and finds it in the store.
//! 4. Where slots run out, the store evicts; where that is not enough, the youngest running sequence is put back. The
//!    oldest is never put back, so something always moves.
//! 5. A step that is small all the same is filled with [guesses](crate::draft) of what the sequences generate next.
//!
//! The store owns prefixes, the pool owns free slots, sequences own the rest: [`Scheduler::audit`] counts them.

use std::collections::HashSet;
use std::time::Instant;

use sgl_model::{Model, Slot};

use crate::cache::{Place, Prefixes};
use crate::costs::Costs;
use crate::draft::{Source, lookup};
use crate::kept::Kept;
use crate::policy::Reader;
use crate::sequence::Sequence;
use crate::slots::Slots;
use crate::small::{Ask, Small};

/// One level of priority weighs as much as this many cached tokens.
const PRIORITY: i64 = 4096;
/// A step of waiting weighs as much as this many cached tokens, so everybody comes first one day.
const AGE: i64 = 16;
/// Slots kept for each running sequence to grow into, before another may enter.
const HEADROOM: usize = 16;

/// Sequences of the queue that are looked up in the store in a step.
const LOOKED_UP: usize = 128;

/// How much one step may do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Rows of one sequence.
    pub chunk: usize,
    /// Rows of all.
    pub step_tokens: usize,
    /// Sequences that run at once.
    pub max_batch: usize,
    /// Rows up to which a step is filled with guesses.
    pub draft: usize,
}

/// See the module's text.
pub(crate) struct Scheduler {
    pub waiting: Vec<Sequence>,
    /// Oldest first.
    pub running: Vec<Sequence>,
    cache: Box<dyn Prefixes>,
    pool: Slots,
    limits: Limits,
    /// Who guesses where a text does not repeat itself.
    pub small: Option<Small>,
    /// What guesses cost.
    pub costs: Costs,
    next_id: u64,
    /// Tokens evicted so far.
    pub evicted: u64,
    /// Sequences put back so far.
    pub retracted: u64,
    /// Tokens guessed so far, and those that were right.
    pub drafted: u64,
    pub accepted: u64,
    /// Most steps that a sequence has waited for its turn, those after it was put back included.
    pub longest_wait: u32,
    spare: Vec<Slot>,
}

/// Takes what others have computed of this sequence's text since it last looked.
fn catch_up(cache: &mut dyn Prefixes, sequence: &mut Sequence) {
    if let Some(at) = sequence.at
        && sequence.stored == sequence.computed
        && sequence.is_prefilling()
    {
        let rest = &sequence.tokens[sequence.computed..sequence.want];
        sequence.at = Some(cache.follow(at, rest, &mut sequence.slots));
        let found = sequence.slots.len() - sequence.computed;
        sequence.computed += found;
        sequence.stored += found;
        if !sequence.resumed {
            sequence.cached += found;
        }
    }
}

/// A guess in the making.
struct Guess {
    /// Of which running sequence.
    index: usize,
    draft: Vec<u32>,
    /// Tokens that the small model is asked for; 0: it is not.
    asked: usize,
}

/// What one step may still do.
struct Left {
    rows: usize,
    /// What the sequences of this step prefill: where they stand and the next token.
    taken: HashSet<(Place, u32)>,
}

impl Scheduler {
    /// Nothing waits, nothing runs.
    pub fn new(cache: Box<dyn Prefixes>, pool: Slots, limits: Limits) -> Self {
        Scheduler {
            waiting: Vec::new(),
            running: Vec::new(),
            cache,
            pool,
            limits,
            small: None,
            costs: Costs::default(),
            next_id: 0,
            evicted: 0,
            retracted: 0,
            drafted: 0,
            accepted: 0,
            longest_wait: 0,
            spare: Vec::new(),
        }
    }

    /// How many of `tokens` are kept for a tenant.
    pub fn peek(&self, salt: u64, tokens: &[u32]) -> usize {
        self.cache.peek(salt, tokens).0
    }

    /// Slots: all, free, cached.
    pub fn slots(&self) -> (usize, usize, usize) {
        (self.pool.total(), self.pool.free(), self.cache.cached())
    }

    /// Rows of the planned step, if none of them reads a prompt.
    pub fn generated_rows(&self) -> Option<usize> {
        let planned = || self.running.iter().filter(|sequence| sequence.planned() > 0);
        let rows = planned().map(Sequence::planned).sum();
        planned().all(|sequence| !sequence.is_prefilling() && sequence.drafters.is_some()).then_some(rows)
    }

    /// Whether there is nothing to do.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.running.is_empty()
    }

    /// A new sequence waits.
    pub fn submit(&mut self, mut sequence: Sequence) {
        sequence.id = self.next_id;
        self.next_id += 1;
        self.waiting.push(sequence);
    }

    /// Gives every sequence that runs in the next step its rows.
    pub fn plan(&mut self) {
        let mut left = Left { rows: self.limits.step_tokens.max(1), taken: HashSet::new() };
        for prefill in [false, true] {
            // A sequence may be put back on the way; only younger ones than the current one are.
            let mut index = 0;
            while index < self.running.len() {
                if self.running[index].is_prefilling() == prefill {
                    self.give_rows(index, &mut left);
                }
                index += 1;
            }
        }
        self.admit(&mut left);
        for sequence in &mut self.waiting {
            sequence.waited = sequence.waited.saturating_add(1);
            self.longest_wait = self.longest_wait.max(sequence.waited);
        }
        let planned = self.limits.step_tokens.max(1).saturating_sub(left.rows);
        self.guess(self.limits.draft.saturating_sub(planned).min(left.rows));
    }

    /// Takes over what another process computed of the beginning of a sequence; says of how many tokens.
    pub fn restore(&mut self, model: &mut dyn Model, sequence: &Sequence, kept: &Kept) -> usize {
        let slot_bytes = model.config().kv_bytes_per_slot.max(1);
        let end = kept.from + kept.bytes.len() / slot_bytes;
        if end == kept.from || end > sequence.tokens.len() || !self.cache.shares() {
            return 0;
        }
        let (at, mut slots) = (self.cache.enter(sequence.salt), Vec::new());
        let mut at = self.cache.follow(at, &sequence.tokens[..end], &mut slots);
        let (begin, mut restored) = (slots.len(), 0);
        slots.clear();
        // What comes before may have been evicted since it was read.
        if (kept.from..end).contains(&begin) {
            let room = self.make_room(end - begin);
            self.pool.take(room, &mut slots);
            let bytes = &kept.bytes[(begin - kept.from) * slot_bytes..][..room * slot_bytes];
            let tokens = &sequence.tokens[begin..begin + room];
            let written = room > 0 && model.write_slots(&slots, bytes).is_ok();
            match written.then(|| self.cache.extend(at, tokens, &mut slots, &mut self.spare)).flatten() {
                Some(end) => (at, restored) = (end, room),
                None => self.pool.give(slots),
            }
        }
        self.cache.leave(at);
        restored
    }

    /// Lets waiting sequences enter while there is room.
    fn admit(&mut self, left: &mut Left) {
        if self.waiting.is_empty() || left.rows == 0 || self.running.len() >= self.limits.max_batch.max(1) {
            return;
        }
        let order = self.ranked();
        // Whoever is put back meanwhile waits for the next step.
        let mut queue = std::mem::take(&mut self.waiting);
        let mut entered = Vec::new();
        for index in order {
            if left.rows == 0 || self.running.len() >= self.limits.max_batch.max(1) {
                break;
            }
            let is_taken = |work: Option<(Place, u32)>| work.is_some_and(|work| left.taken.contains(&work));
            if is_taken(queue[index].work) {
                continue;
            }
            self.enter(&mut queue[index]);
            let fits = self.running.is_empty() || self.fits(&queue[index]);
            if !fits || is_taken(self.shared_work(&queue[index])) {
                self.release(&mut queue[index]);
                if !queue[index].resumed {
                    queue[index].cached = 0;
                }
                if !fits {
                    // Nobody overtakes the first that does not fit, or a large one would never enter.
                    break;
                }
                continue;
            }
            let sequence = std::mem::replace(&mut queue[index], Sequence::new(Vec::new(), 0));
            entered.push(index);
            let older = |other: &Sequence| other.id < sequence.id;
            let place = self.running.partition_point(older);
            self.running.insert(place, sequence);
            self.give_rows(place, left);
        }
        entered.sort_unstable();
        for index in entered.into_iter().rev() {
            queue.swap_remove(index);
        }
        queue.append(&mut self.waiting);
        self.waiting = queue;
    }

    /// Those who wait, by their index, the one whose turn it is first.
    fn ranked(&mut self) -> Vec<usize> {
        // Of a long queue each is looked up every few steps: what others have stored since only makes it a better guess.
        let rounds = self.waiting.len().div_ceil(LOOKED_UP) as u64;
        for sequence in &mut self.waiting {
            if sequence.waited == 0 || sequence.id % rounds == u64::from(sequence.waited) % rounds {
                let (found, at) = self.cache.peek(sequence.salt, &sequence.tokens[..sequence.want]);
                let next = sequence.tokens.get(found).filter(|_| found < sequence.want && self.cache.shares());
                (sequence.found, sequence.work) = (found, at.zip(next.copied()));
            }
        }
        let rank = |sequence: &Sequence| {
            let age = i64::from(sequence.waited) * AGE;
            i64::from(sequence.priority) * PRIORITY + sequence.found as i64 + age
        };
        let ranks = self.waiting.iter().enumerate();
        let mut ranks: Vec<_> = ranks.map(|(index, s)| (std::cmp::Reverse(rank(s)), s.id, index)).collect();
        ranks.sort_unstable();
        ranks.into_iter().map(|(_, _, index)| index).collect()
    }

    /// Whether a sequence can run to its goal beside those that run.
    fn fits(&self, sequence: &Sequence) -> bool {
        let promised: usize = self.running.iter().map(|s| s.goal.saturating_sub(s.slots.len())).sum();
        let headroom = HEADROOM * (self.running.len() + 1);
        let needed = sequence.goal.saturating_sub(sequence.computed) + headroom + promised;
        needed <= self.pool.free() + self.cache.evictable()
    }

    /// Stands in the store and takes what is there.
    fn enter(&mut self, sequence: &mut Sequence) {
        sequence.at = Some(self.cache.enter(sequence.salt));
        catch_up(&mut *self.cache, sequence);
    }

    /// Gives a running sequence rows of the next step, as many as there are rows and slots for.
    fn give_rows(&mut self, index: usize, left: &mut Left) {
        let sequence = &mut self.running[index];
        catch_up(&mut *self.cache, sequence);
        let work = self.shared_work(&self.running[index]);
        let sequence = &self.running[index];
        let rows = (sequence.goal.saturating_sub(sequence.computed)).min(self.limits.chunk.max(1)).min(left.rows);
        if rows == 0 || work.is_some_and(|work| left.taken.contains(&work)) {
            return;
        }
        let rows = self.room(index, rows);
        if rows > 0 && self.pool.take(rows, &mut self.running[index].slots) {
            left.rows -= rows;
            left.taken.extend(work);
        }
    }

    /// What a sequence would do next that another one might do too: where it stands and the token it reads.
    fn shared_work(&self, sequence: &Sequence) -> Option<(Place, u32)> {
        if !self.cache.shares() || !sequence.is_prefilling() {
            return None;
        }
        Some((sequence.at?, *sequence.tokens.get(sequence.computed)?))
    }

    /// Lets sequences that generate guess, up to `rows` rows for all of them: what followed the same words before, else
    /// what the small model says.
    fn guess(&mut self, mut rows: usize) {
        let mut guesses = Vec::new();
        let asks_small = rows > 0 && self.small.is_some() && self.costs.asks_small();
        for (index, sequence) in self.running.iter_mut().enumerate() {
            let ready = sequence.planned() > 0 && sequence.slots.len() == sequence.tokens.len();
            let Some(drafters) = sequence.drafters.as_mut().filter(|_| ready) else { continue };
            // The last token of an answer needs no row.
            let most = sequence.most.saturating_sub(sequence.tokens.len() + 1).min(rows);
            if most == 0 {
                continue;
            }
            let draft = lookup(&sequence.tokens, most.min(drafters.text.reach()));
            let asked = if draft.is_empty() && asks_small { most.min(drafters.small.reach()) } else { 0 };
            rows -= draft.len() + asked;
            guesses.push(Guess { index, draft, asked });
        }
        self.ask_small(&mut guesses);
        for Guess { index, mut draft, asked } in guesses {
            draft.truncate(self.make_room(draft.len()));
            let sequence = &mut self.running[index];
            if self.pool.take(draft.len(), &mut sequence.slots) {
                sequence.draft = draft;
                sequence.drafted_by = if asked > 0 { Source::Small } else { Source::Text };
            }
        }
    }

    /// Fills in the guesses of those who found nothing in their own text.
    fn ask_small(&mut self, guesses: &mut [Guess]) {
        let Some(small) = &mut self.small else { return };
        let open = guesses.iter_mut().filter(|guess| guess.asked > 0);
        let (open, asks): (Vec<_>, Vec<_>) = open
            .map(|guess| {
                let Sequence { salt, tokens, .. } = &self.running[guess.index];
                (&mut guess.draft, Ask { salt: *salt, tokens, most: guess.asked })
            })
            .unzip();
        if asks.is_empty() {
            return;
        }
        let began = Instant::now();
        match small.guess(&asks) {
            Ok((found, read)) => {
                let guessed: usize = found.iter().map(Vec::len).sum();
                // Who reads a text for the first time does so once; what is asked is what a guess costs.
                if read <= guessed + asks.len() {
                    self.costs.small(guessed, began.elapsed());
                }
                open.into_iter().zip(found).for_each(|(draft, found)| *draft = found);
            }
            // Whoever cannot guess is asked no more.
            Err(_) => self.small = None,
        }
    }

    /// Makes up to `wanted` slots free for the running sequence at `index`; says how many there are.
    fn room(&mut self, index: usize, wanted: usize) -> usize {
        loop {
            let rows = self.make_room(wanted);
            let youngest = self.running.len() - 1;
            if rows > 0 || youngest <= index {
                return rows;
            }
            let sequence = self.running.remove(youngest);
            self.put_back(sequence);
        }
    }

    /// Makes up to `wanted` slots free without putting anybody back; says how many there are.
    pub fn make_room(&mut self, wanted: usize) -> usize {
        let missing = wanted.saturating_sub(self.pool.free());
        self.cache.evict(missing, &mut self.spare);
        self.evicted += self.spare.len() as u64;
        self.pool.give(self.spare.drain(..));
        wanted.min(self.pool.free())
    }

    /// Takes back everything a sequence holds.
    fn release(&mut self, sequence: &mut Sequence) {
        self.pool.give(sequence.slots.drain(sequence.stored..));
        sequence.slots.clear();
        sequence.draft.clear();
        sequence.computed = 0;
        sequence.stored = 0;
        if let Some(at) = sequence.at.take() {
            let Sequence { priority, prompt, batch, .. } = &*sequence;
            self.cache.note(at, &Reader { priority: *priority, prompt, batch: batch.as_ref() });
            self.cache.leave(at);
        }
    }

    /// The planned rows are computed and read: the store may have those that are [right](Sequence::is_right).
    pub fn commit(&mut self) {
        let mut spare = std::mem::take(&mut self.spare);
        let pays = self.costs.pays(self.running.iter().filter(|s| s.planned() > 0).count());
        for sequence in &mut self.running {
            if sequence.planned() == 0 {
                continue;
            }
            let before = (sequence.drafted, sequence.accepted);
            self.pool.give(sequence.settle(pays));
            self.drafted += (sequence.drafted - before.0) as u64;
            self.accepted += (sequence.accepted - before.1) as u64;
            let (from, to) = (sequence.stored, sequence.computed.min(sequence.trunk()));
            if let Some(at) = sequence.at
                && from < to
                && let Some(at) =
                    self.cache.extend(at, &sequence.tokens[from..to], &mut sequence.slots[from..to], &mut spare)
            {
                sequence.at = Some(at);
                sequence.stored = to;
            }
        }
        self.pool.give(spare.drain(..));
        self.spare = spare;
    }

    /// What was computed for a tenant cannot be trusted: those of its sequences that run begin again, and nothing of it is
    /// kept.
    pub fn distrust(&mut self, salt: u64) {
        for sequence in std::mem::take(&mut self.running) {
            if sequence.salt == salt {
                self.put_back(sequence);
            } else {
                self.running.push(sequence);
            }
        }
        self.cache.clear(salt, &mut self.spare);
        self.pool.give(self.spare.drain(..));
    }

    /// A running sequence waits again.
    fn put_back(&mut self, mut sequence: Sequence) {
        self.release(&mut sequence);
        sequence.resumed = true;
        self.retracted += 1;
        self.waiting.push(sequence);
    }

    /// Ends the sequences for which `ended` holds; what they computed stays in the store.
    pub fn end(&mut self, ended: impl Fn(&Sequence) -> bool) {
        self.waiting.retain(|sequence| !ended(sequence));
        let mut kept = Vec::with_capacity(self.running.len());
        for mut sequence in std::mem::take(&mut self.running) {
            if ended(&sequence) {
                self.release(&mut sequence);
            } else {
                kept.push(sequence);
            }
        }
        self.running = kept;
    }

    /// Whether every slot has exactly one owner, by count.
    pub fn audit(&self) -> bool {
        let own: usize = self.running.iter().map(|s| s.slots.len() - s.stored).sum();
        self.pool.free() + self.cache.cached() + own == self.pool.total()
    }

    /// Whether every slot has exactly one owner, by name.
    #[cfg(test)]
    pub fn check(&self) {
        let mut slots = self.cache.check();
        slots.extend(self.running.iter().flat_map(|s| &s.slots[s.stored..]));
        slots.extend(self.pool.list());
        slots.sort_unstable();
        assert!(slots.iter().copied().eq(0..self.pool.total() as Slot), "a KV slot has no owner, or two: {slots:?}");
        assert!(self.waiting.iter().all(|s| s.slots.is_empty() && s.at.is_none()), "who waits holds something");
    }
}
