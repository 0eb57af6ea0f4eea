//! The loop that owns the model: jobs come in by a channel, events go out to their clients.
//!
//! One [`Engine::step`]: drop what nobody waits for → [plan](Scheduler::plan) → [forward](Rows::run) → [read](active::read) → emit.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sgl_model::Model;
use sgl_shelf::Name;
use sgl_wire::{Failure, Outcome, Usage};

use crate::active::{self, Active, Part, Reading, Unread};
use crate::batch::Rows;
use crate::job::{Job, Message, overdue};
use crate::kept::{BLOCK, Keeper};
use crate::schedule::Scheduler;
use crate::stats::EngineStats;
use crate::watch::Watching;

/// From one branch of a fork to the next, at most, as long as nothing else is to be done.
const MOMENT: Duration = Duration::from_millis(1);

/// See the module's text.
pub(crate) struct Engine {
    model: Box<dyn Model>,
    pub scheduler: Scheduler,
    jobs: HashMap<u64, Active>,
    inbox: Receiver<Message>,
    next_job: u64,
    /// Who hands prefixes on to other processes, where that is wanted.
    pub keeper: Option<Keeper>,
    /// Jobs that wait until a block was read once more, by its name.
    awaited: HashMap<Name, Vec<Job>>,
    /// How long one branch of a fork waits for the next.
    pub moment: Duration,
    rows: Rows,
    numbers: EngineStats,
    /// Where others read the numbers.
    published: Arc<Mutex<EngineStats>>,
}

impl Engine {
    /// A loop over `model`, whose KV pool has the scheduler's slots.
    pub fn new(
        model: Box<dyn Model>,
        scheduler: Scheduler,
        inbox: Receiver<Message>,
        published: Arc<Mutex<EngineStats>>,
    ) -> Self {
        Engine {
            model,
            scheduler,
            jobs: HashMap::new(),
            inbox,
            next_job: 0,
            keeper: None,
            awaited: HashMap::new(),
            moment: MOMENT,
            rows: Rows::default(),
            numbers: EngineStats::default(),
            published,
        }
    }

    /// Runs until every client's end of the channel is gone.
    pub fn run(mut self) {
        while self.take_messages() {
            self.step(Instant::now());
        }
        let waiting = self.awaited.into_values().flatten().map(|job| job.reply);
        for reply in self.jobs.into_values().map(|active| active.job.reply).chain(waiting) {
            reply.done(Err(Failure::Gone));
        }
    }

    /// Takes what arrived, and waits for something where there is nothing to do; `false`: nobody is left.
    pub fn take_messages(&mut self) -> bool {
        if self.is_idle() {
            self.publish();
            match self.inbox.recv() {
                Ok(message) => self.gather(message),
                Err(_) => return false,
            }
        }
        self.take_messages_now()
    }

    /// Takes a message, and where it is a branch of a fork those of the others, which come within moments: if the first began
    /// without them, they would wait for a step, and then do apart from it what they could do together.
    fn gather(&mut self, message: Message) {
        let branches_of = |message: &Message| match message {
            Message::Job(job) => job.branches,
            Message::Peek { .. } => 0,
        };
        let mut wanted = branches_of(&message).saturating_sub(1);
        self.take(message);
        while wanted > 0
            && let Ok(message) = self.inbox.recv_timeout(self.moment)
        {
            wanted -= usize::from(branches_of(&message) > 1);
            self.take(message);
        }
    }

    /// Takes what arrived; `false`: nobody is left to send more.
    pub fn take_messages_now(&mut self) -> bool {
        loop {
            match self.inbox.try_recv() {
                Ok(message) => self.take(message),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    /// Whether there is nothing to do.
    pub fn is_idle(&self) -> bool {
        self.scheduler.is_idle()
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Job(job) => self.receive(job),
            Message::Peek { salt, tokens, reply } => {
                // Who asked may be gone.
                let _ = reply.send(self.scheduler.peek(salt, &tokens));
            }
        }
    }

    /// Admits a job, unless what is kept of its prompt was evicted: then it comes again when that was read, and those that
    /// wait for the same with it.
    fn receive(&mut self, mut job: Box<Job>) {
        if let Some(missing) = self.evicted(&mut job) {
            if let Some(waiting) = self.awaited.get_mut(&missing) {
                waiting.push(*job);
            } else if let Some(again) = job.again.take() {
                job.kept.awaited = Some(missing);
                self.awaited.insert(missing, Vec::new());
                again(job);
            }
            return;
        }
        let waiting = job.kept.awaited.and_then(|missing| self.awaited.remove(&missing));
        self.admit(*job);
        waiting.into_iter().flatten().for_each(|job| self.admit(job));
    }

    /// The first block of a job's prompt that is on disk and no more in the cache, if it can be read.
    fn evicted(&mut self, job: &mut Job) -> Option<Name> {
        let (keeper, first) = (self.keeper.as_mut()?, job.sequences.first()?);
        keeper.learn(&job.kept.names[..job.kept.read], &job.kept.gone);
        job.again.as_ref()?;
        let kept = keeper.kept(&job.kept.names);
        let found = self.scheduler.peek(first.salt, first.tokens.get(..kept)?);
        let comes = job.kept.from..job.kept.from + job.kept.bytes.len() / self.model.config().kv_bytes_per_slot.max(1);
        let have = if comes.contains(&found) { comes.end } else { found };
        if have / BLOCK >= kept / BLOCK {
            return None;
        }
        job.kept.names.truncate(kept / BLOCK);
        job.kept.from = found / BLOCK * BLOCK;
        job.kept.bytes.clear();
        job.kept.names.get(found / BLOCK).copied()
    }

    fn admit(&mut self, mut job: Job) {
        let id = self.next_job;
        self.next_job += 1;
        if let (true, Some(first)) = (self.keeper.is_some(), job.sequences.first()) {
            let kept = std::mem::take(&mut job.kept);
            self.numbers.restored += self.scheduler.restore(&mut *self.model, first, &kept) as u64;
        }
        for mut sequence in std::mem::take(&mut job.sequences) {
            sequence.request = id;
            self.scheduler.submit(sequence);
        }
        let over = job.is_over();
        let last_token = job.submitted;
        let (entered, tokens) = (false, Vec::new());
        let active = Active { job, first_token: None, entered, last_token, cached: 0, tokens, drafted: 0, accepted: 0 };
        self.jobs.insert(id, active);
        if over {
            // A constraint that only the empty text fulfils: there is nothing to ask the model.
            self.emit(HashSet::from([id]));
        }
    }

    /// Moves everything on by one step of the model. `now` is held against the requests' timeouts.
    pub fn step(&mut self, now: Instant) {
        let began = Instant::now();
        self.drop_lost(now);
        self.scheduler.plan();
        let (rows, planned) = (self.scheduler.generated_rows(), Instant::now());
        let ended = self.forward_and_sample(began);
        if let Some(rows) = rows {
            self.scheduler.costs.step(rows, planned.elapsed());
        }
        self.emit(ended);
        debug_assert!(self.scheduler.audit(), "a KV slot has no owner, or two");
        self.numbers.step_seconds += began.elapsed().as_secs_f64();
        self.publish();
    }

    /// Ends jobs whose client went away, or whose time is up.
    fn drop_lost(&mut self, now: Instant) {
        let mut lost = HashMap::new();
        for (&id, Active { job, .. }) in &self.jobs {
            if job.reply.is_cancelled() {
                lost.insert(id, None);
            } else if let Some(failure) = overdue(job.submitted, job.timeout, now) {
                lost.insert(id, Some(failure));
            }
        }
        self.end(lost);
    }

    /// Takes jobs out of the loop, with their failure or because nobody waits for them.
    fn end(&mut self, ended: HashMap<u64, Option<Failure>>) {
        if ended.is_empty() {
            return;
        }
        self.scheduler.end(|sequence| ended.contains_key(&sequence.request));
        for (id, failure) in ended {
            let Some(active) = self.jobs.remove(&id) else { continue };
            match failure {
                Some(failure) => {
                    self.numbers.failed += 1;
                    active.job.reply.done(Err(failure));
                }
                None => self.numbers.cancelled += 1,
            }
        }
    }

    /// Runs the planned rows and lets the jobs read them; gives the jobs that moved.
    fn forward_and_sample(&mut self, step_began: Instant) -> HashSet<u64> {
        let batch = self.scheduler.running.iter().filter(|s| s.planned() > 0).count();
        let Scheduler { running, waiting, .. } = &self.scheduler;
        let job = |id| self.jobs.get(&id).map(|active| &active.job);
        let mut watching = Watching::new(step_began, running, waiting.len(), job);
        let began = Instant::now();
        for sequence in running.iter().filter(|s| s.planned() > 0) {
            let Some(active) = self.jobs.get_mut(&sequence.request).filter(|active| !active.entered) else { continue };
            active.entered = true;
            self.numbers.queue.note(began.saturating_duration_since(active.job.submitted));
        }
        let ran = match batch {
            0 => return self.refuse_the_stuck(),
            _ => self.rows.run(&mut *self.model, &self.scheduler.running),
        };
        let forward = began.elapsed();
        self.numbers.forward_seconds += forward.as_secs_f64();
        let spent = self.model.spent();
        self.numbers.matmul_seconds = spent.matmul.as_secs_f64();
        self.numbers.attention_seconds = spent.attention.as_secs_f64();
        if let Some(watching) = &mut watching {
            watching.forward(forward);
        }
        self.numbers.steps += 1;
        self.numbers.rows += self.rows.len() as u64;
        self.numbers.batched += batch as u64;
        self.numbers.largest_batch = self.numbers.largest_batch.max(batch);
        match ran {
            Ok(own) => {
                let moved = self.sample(&own, watching.as_mut());
                // Before any answer goes out: who has one finds its last step told.
                if let Some(watching) = watching {
                    watching.tell();
                }
                moved
            }
            Err(error) => {
                let failure = Failure::Model(error.to_string());
                let running = self.scheduler.running.iter();
                let concerned = running.filter(|s| s.planned() > 0);
                let lost = concerned.map(|s| (s.request, Some(failure.clone()))).collect();
                self.end(lost);
                HashSet::new()
            }
        }
    }

    /// No row could be planned. Every job was checked to fit the pool, so this cannot last: but if it did, the loop
    /// would spin for ever, so the oldest is told.
    fn refuse_the_stuck(&mut self) -> HashSet<u64> {
        let sequences = self.scheduler.waiting.iter().chain(&self.scheduler.running);
        if let Some(oldest) = sequences.min_by_key(|sequence| sequence.id) {
            debug_assert!(false, "nothing can move");
            let failure = Failure::Model("its KV pool is too small for this request".into());
            self.end(HashMap::from([(oldest.request, Some(failure))]));
        }
        HashSet::new()
    }

    /// Hands each job the logits it wanted, and the store what was computed.
    fn sample(&mut self, own: &[Range<usize>], mut watching: Option<&mut Watching>) -> HashSet<u64> {
        let now = Instant::now();
        let (mut moved, mut failed, mut distrusted) = (HashSet::new(), HashMap::new(), HashSet::new());
        let readings = active::read(&mut *self.model, &mut self.jobs, &mut self.scheduler.running, own, &self.rows);
        for Reading { request, active, parts } in readings {
            let masks = active.job.masks();
            self.numbers.mask_seconds += masks.as_secs_f64();
            for Part { sequence, first, failure, .. } in &parts {
                if let Some(Unread { failure, no_numbers }) = failure {
                    failed.insert(request, Some(failure.clone()));
                    distrusted.extend(no_numbers.then_some(sequence.salt));
                }
                if let Some(watching) = &mut watching {
                    watching.read(&mut active.job, masks, |index| sequence.was_guessed(first + 1 + index));
                }
            }
            if parts.iter().any(|part| part.moved) {
                moved.insert(request);
                let waited = now.saturating_duration_since(active.last_token);
                match active.first_token {
                    Some(_) => self.numbers.between_tokens.note(waited),
                    None => {
                        self.numbers.first_token.note(waited);
                        active.first_token = Some(waited);
                    }
                }
                active.last_token = now;
            }
        }
        // Before anything is kept: what failed gives back its rows, and nobody shall find them.
        self.end(failed);
        distrusted.into_iter().for_each(|salt| self.scheduler.distrust(salt));
        self.scheduler.commit();
        moved
    }

    /// Sends out what the jobs that moved have to say, and ends those that are over.
    fn emit(&mut self, moved: HashSet<u64>) {
        let mut over = HashSet::new();
        for id in moved {
            let Some(active) = self.jobs.get_mut(&id) else { continue };
            let text = active.job.stream();
            if !text.is_empty() {
                active.job.reply.text(text);
            }
            if active.job.is_over() {
                over.insert(id);
            }
        }
        let Scheduler { running, waiting, .. } = &mut self.scheduler;
        if let Some(keeper) = &mut self.keeper {
            for sequence in running.iter().filter(|s| s.part == 0 && over.contains(&s.request)) {
                let Some(active) = self.jobs.get(&sequence.request) else { continue };
                // Prompts alone: an answer that is read again is part of one by then.
                let prompt = active.job.prompt_tokens.min(sequence.stored);
                keeper.keep(&*self.model, sequence.salt, &sequence.tokens[..prompt], &sequence.slots[..prompt]);
            }
        }
        // Who was put back in this step may be over as well.
        let put_back = waiting.iter_mut().filter(|s| over.contains(&s.request));
        for sequence in running.iter_mut().filter(|s| s.is_done()).chain(put_back) {
            if let Some(active) = self.jobs.get_mut(&sequence.request)
                && sequence.part == 0
            {
                active.cached = sequence.cached;
                active.tokens = std::mem::take(&mut sequence.tokens);
                (active.drafted, active.accepted) = (sequence.drafted, sequence.accepted);
            }
        }
        self.scheduler.end(|sequence| sequence.is_done() || over.contains(&sequence.request));
        let mut done = Vec::with_capacity(over.len());
        for id in over {
            let Some(Active { job, first_token, cached, tokens, drafted, accepted, .. }) = self.jobs.remove(&id) else {
                continue;
            };
            let usage = Usage {
                requests: 1,
                prompt_tokens: job.prompt_tokens as u64,
                cached_tokens: cached.min(job.prompt_tokens) as u64,
                drafted_tokens: drafted as u64,
                accepted_tokens: accepted as u64,
                first_token_seconds: first_token.unwrap_or_default().as_secs_f64(),
                ..Usage::default()
            };
            let reply = job.reply.clone();
            let outcome = job.result(&tokens, usage);
            self.count(&outcome);
            done.push((reply, outcome));
        }
        // Numbers first: who has an answer finds it counted.
        self.publish();
        for (reply, outcome) in done {
            reply.done(Ok(outcome));
        }
    }

    fn count(&mut self, outcome: &Outcome) {
        let usage = match outcome {
            Outcome::Generated(generated) => generated.usage,
            Outcome::Selected(selected) => selected.usage,
        };
        self.numbers.answered += 1;
        self.numbers.prompt_tokens += usage.prompt_tokens;
        self.numbers.cached_tokens += usage.cached_tokens;
        self.numbers.output_tokens += usage.output_tokens;
        self.numbers.forced_tokens += usage.forced_tokens;
    }

    fn publish(&mut self) {
        let (slots, free, cached) = self.scheduler.slots();
        self.numbers.waiting = self.scheduler.waiting.len();
        self.numbers.running = self.scheduler.running.len();
        self.numbers.slots = slots;
        self.numbers.free = free;
        self.numbers.cached = cached;
        self.numbers.evicted = self.scheduler.evicted;
        self.numbers.retracted = self.scheduler.retracted;
        self.numbers.drafted = self.scheduler.drafted;
        self.numbers.accepted = self.scheduler.accepted;
        self.numbers.longest_wait = self.scheduler.longest_wait;
        *self.published.lock().unwrap_or_else(PoisonError::into_inner) = self.numbers;
    }
}
