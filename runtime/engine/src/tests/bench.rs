//! An engine that is stepped by hand, and the naive twin that it is held against.

use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use sgl_shelf::Name;
use sgl_wire::Usage;

use super::*;
use crate::cache::{Nothing, Prefixes};
use crate::engine::Engine;
use crate::job::{Job, Message};
use crate::kept::{Blocks, Keeper, Reader};
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
    /// Jobs that have not come to the loop yet, or that it has sent to be read once more.
    away: Arc<Mutex<Vec<Job>>>,
    reader: Option<Reader>,
    stats: Arc<Mutex<crate::EngineStats>>,
    /// When all began, and steps since then: a step takes a second.
    began: Instant,
    steps: u32,
}

impl Bench {
    pub fn new(options: EngineOptions) -> Self {
        Bench::on(Box::new(SimModel::new(VOCABULARY, WINDOW)), options)
    }

    pub fn on(model: Box<dyn Model>, options: EngineOptions) -> Self {
        Bench::beside(model, options, None)
    }

    /// With a disk, unless there is no cache.
    pub fn beside(mut model: Box<dyn Model>, options: EngineOptions, disk: Option<Arc<Disk>>) -> Self {
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
        let slot_bytes = model.config().kv_bytes_per_slot;
        let mut engine = Engine::new(model, scheduler, outbox, Arc::clone(&stats));
        let disk = disk.filter(|_| options.cache).map(|disk| disk as Arc<dyn Blocks>);
        engine.keeper = disk.clone().map(|disk| Keeper::new(disk, IDENTITY));
        let reader = disk.clone().map(|disk| Reader::new(disk, IDENTITY, slot_bytes));
        let door = door(options, disk.map(|disk| (disk, IDENTITY)));
        Bench { door, engine, inbox, away: Arc::default(), reader, stats, began: Instant::now(), steps: 0 }
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
        let (reply, job) = self.at_the_door(salt, request);
        job.into_iter().for_each(|job| self.send(job));
        reply
    }

    /// Submits a request that [arrives](Bench::arrive) later: others overtake it on its way.
    pub fn submit_late(&self, salt: u64, request: Request) -> Reply {
        let (reply, job) = self.at_the_door(salt, request);
        self.away.lock().unwrap().extend(job);
        reply
    }

    fn at_the_door(&self, salt: u64, request: Request) -> (Reply, Option<Job>) {
        let (sender, reply) = sgl_wire::reply();
        match self.door.tenant(salt).job(request, sender.clone(), self.now()) {
            Ok(mut job) => {
                let away = self.away.clone();
                job.again = job.again.map(|_| Box::new(move |job: Box<Job>| away.lock().unwrap().push(*job)) as _);
                (reply, Some(job))
            }
            Err(failure) => {
                sender.done(Err(failure));
                (reply, None)
            }
        }
    }

    fn send(&self, job: Job) {
        self.inbox.send(Message::Job(Box::new(job))).unwrap();
    }

    /// How many jobs are away.
    pub fn away(&self) -> usize {
        self.away.lock().unwrap().len()
    }

    /// Lets one of them come to the loop; whether it was read once more.
    pub fn arrive(&self, index: usize) -> bool {
        let mut job = self.away.lock().unwrap().swap_remove(index);
        let awaited = self.reader.as_ref().filter(|_| job.kept.awaited.is_some());
        awaited.inspect(|reader| reader.again(&mut job.kept));
        self.send(job);
        awaited.is_some()
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

    /// One step, and who is away comes, if there is anything to do or anybody away.
    pub fn moves(&mut self) -> bool {
        if self.away() > 0 {
            self.arrive(0);
        }
        self.step() || self.away() > 0
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

/// The model's, as far as disks know.
const IDENTITY: [u8; 32] = [7; 32];
/// Blocks that may wait to be written.
const QUEUE: usize = 3;

/// A disk that writes when it is told to, and loses what it is told to lose.
#[derive(Default)]
pub(super) struct Disk {
    written: Mutex<BTreeMap<Name, Vec<u8>>>,
    queue: Mutex<VecDeque<(Name, Vec<u8>)>>,
}

impl Blocks for Disk {
    fn get(&self, name: &Name, into: &mut Vec<u8>) -> bool {
        let written = self.written.lock().unwrap();
        written.get(name).inspect(|bytes| into.extend_from_slice(bytes)).is_some()
    }

    fn put(&self, name: Name, bytes: Vec<u8>) -> bool {
        let mut queue = self.queue.lock().unwrap();
        let is_taken = queue.len() < QUEUE;
        queue.extend(is_taken.then_some((name, bytes)));
        is_taken
    }
}

impl Disk {
    /// Writes the first block that waits for it.
    pub fn write(&self) {
        let first = self.queue.lock().unwrap().pop_front();
        self.written.lock().unwrap().extend(first);
    }

    /// Loses the block at about this index.
    pub fn lose(&self, index: usize) {
        let mut written = self.written.lock().unwrap();
        let name = written.keys().nth(index % written.len().max(1)).copied();
        name.inspect(|name| _ = written.remove(name));
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
