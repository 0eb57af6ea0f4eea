//! An engine that is stepped by hand, and the naive twin that it is held against.

use std::pin::pin;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use sgl_wire::Usage;

use super::*;
use crate::cache::{Nothing, Prefixes};
use crate::engine::Engine;
use crate::job::{Job, Message};
use crate::radix::Radix;
use crate::sampler::uniform;
use crate::schedule::{Limits, Scheduler};
use crate::sequence::Sequence;
use crate::slots::Slots;

/// See the module's text.
pub(super) struct Bench {
    door: LocalBackend,
    pub engine: Engine,
    inbox: Sender<Message>,
    stats: Arc<Mutex<crate::EngineStats>>,
    /// When all began, and steps since then: a step takes a second.
    began: Instant,
    steps: u32,
}

impl Bench {
    pub fn new(options: EngineOptions) -> Self {
        Bench::on(Box::new(SimModel::new(VOCABULARY, WINDOW)), options)
    }

    pub fn on(mut model: Box<dyn Model>, options: EngineOptions) -> Self {
        let slots = options.kv_slots.unwrap();
        model.reserve(slots).unwrap();
        let cache: Box<dyn Prefixes> = match options.cache {
            true => Box::new(Radix::new(options.eviction)),
            false => Box::new(Nothing),
        };
        let mut scheduler = Scheduler::new(cache, Slots::new(slots), Limits::from(options));
        scheduler.costs = Costs::fixed();
        let stats = Arc::default();
        let (inbox, outbox) = channel();
        let engine = Engine::new(model, scheduler, outbox, Arc::clone(&stats));
        Bench { door: backend(options), engine, inbox, stats, began: Instant::now(), steps: 0 }
    }

    fn now(&self) -> Instant {
        self.began + Duration::from_secs(self.steps.into())
    }

    pub fn submit(&self, request: Request) -> Reply {
        self.submit_as(0, request)
    }

    /// Where requests come from, for another thread.
    pub fn sender(&self) -> impl Fn(Request) -> Reply + Send + use<> {
        let (door, inbox, now) = (self.door.clone(), self.inbox.clone(), self.now());
        move |request| {
            let (sender, reply) = sgl_wire::reply();
            let job = door.job(request, sender, now).unwrap();
            inbox.send(Message::Job(Box::new(job))).unwrap();
            reply
        }
    }

    /// Submits a request of a tenant.
    pub fn submit_as(&self, salt: u64, request: Request) -> Reply {
        let (sender, reply) = sgl_wire::reply();
        match self.door.tenant(salt).job(request, sender.clone(), self.now()) {
            Ok(job) => self.inbox.send(Message::Job(Box::new(job))).unwrap(),
            Err(failure) => sender.done(Err(failure)),
        }
        reply
    }

    /// One step, if there is anything to do.
    pub fn step(&mut self) -> bool {
        self.engine.take_messages_now();
        let busy = !self.engine.is_idle();
        if busy {
            self.steps += 1;
            self.engine.step(self.now());
        }
        busy
    }

    pub fn stats(&self) -> crate::EngineStats {
        *self.stats.lock().unwrap()
    }

    /// The answer as it is defined: each row's logits from its own text, one after the other, and nothing beside it.
    pub fn alone(&self, model: &SimModel, request: Request) -> Result<Outcome, Failure> {
        let (sender, _reply) = sgl_wire::reply();
        let Job { work, sequences, .. } = self.door.job(request.clone(), sender.clone(), self.began)?;
        let mut job = self.door.job(request, sender, self.began)?;
        (job.work, job.sequences) = (work, Vec::new());
        let mut first = Vec::new();
        for mut sequence in sequences {
            let mut row = sequence.want;
            while row < sequence.goal {
                let logits = model.after(&text_of(&sequence, row));
                job.read(&mut sequence, row, &logits)?;
                row += 1;
            }
            if sequence.part == 0 {
                first = sequence.tokens;
            }
        }
        assert!(job.is_over());
        Ok(job.result(&first, Usage::default()))
    }
}

/// The tokens up to a row, on its way from the root of its tree.
fn text_of(sequence: &Sequence, row: usize) -> Vec<u32> {
    match sequence.branches.iter().rfind(|branch| branch.begin <= row) {
        None => sequence.tokens[..=row].to_vec(),
        Some(branch) => [&text_of(sequence, branch.after), &sequence.tokens[branch.begin..=row]].concat(),
    }
}

/// The answer, if it is there.
pub(super) fn is_done(reply: &mut Reply) -> Option<Result<Outcome, Failure>> {
    match pin!(reply.next()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(sgl_wire::Event::Done(result)) => Some(*result),
        _ => None,
    }
}

/// Numbers of a fixed seed.
pub(super) struct Dice {
    seed: u64,
    thrown: u64,
}

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice { seed, thrown: 0 }
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.thrown += 1;
        (uniform(self.seed, self.thrown) * n as f64) as usize
    }
}
