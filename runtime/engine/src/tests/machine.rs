//! Cache, scheduler and slots as one state machine: random operations, and after each of them every slot has one owner;
//! every answer is the one that the naive twin gives, which runs the request alone and knows no slots.
//!
//! `SGL_OPERATIONS` says how many operations there are.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::time::Duration;

use sgl_model::{Batch, ModelConfig, ModelError, Segment, Slot};
use sgl_wire::SelectBy;

use super::bench::{Bench, Dice, Disk, is_done};
use super::*;
use crate::Eviction;

/// How strongly the model repeats itself, so that some guesses are right.
const ECHO: f32 = 6.0;

/// Options that branch off each other at several depths.
const OPTIONS: [&str; 9] =
    ["the a", "the b", "the say so", "the say", "the bab", "the world a", "and", "ando", "andes o"];

/// What the model does wrong in its next step.
#[derive(Clone, Copy, Default, PartialEq)]
enum Fault {
    #[default]
    None,
    /// It fails, and has written something else into the slots of the batch.
    OutOfMemory,
    /// What the first sequence writes is no numbers, and so is all that attends to it.
    Poison,
}

#[derive(Default)]
struct Orders {
    next: Fault,
    /// Rows of logits that were no numbers, and steps that failed.
    poisoned: usize,
    failed: usize,
}

/// A model with faults to order.
struct Faulty {
    model: SimModel,
    orders: Arc<Mutex<Orders>>,
    poisoned: HashSet<Slot>,
}

impl Model for Faulty {
    fn config(&self) -> &ModelConfig {
        self.model.config()
    }

    fn reserve(&mut self, slots: usize) -> Result<(), ModelError> {
        self.model.reserve(slots)
    }

    fn share(&mut self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        // Threads may take them in any order: the last first.
        (0..count).rev().for_each(task);
    }

    fn read_slots(&self, slots: &[Slot]) -> Vec<u8> {
        assert!(slots.iter().all(|slot| !self.poisoned.contains(slot)), "what is no numbers is kept on disk");
        self.model.read_slots(slots)
    }

    fn write_slots(&mut self, slots: &[Slot], bytes: &[u8]) -> Result<(), ModelError> {
        slots.iter().for_each(|slot| _ = self.poisoned.remove(slot));
        self.model.write_slots(slots, bytes)
    }

    fn forward(&mut self, batch: &Batch<'_>, logits: &mut [f32]) -> Result<(), ModelError> {
        let mut orders = self.orders.lock().unwrap();
        let fault = std::mem::take(&mut orders.next);
        if fault == Fault::OutOfMemory {
            let tokens: Vec<u32> = batch.tokens.iter().map(|token| (token + 1) % VOCABULARY as u32).collect();
            self.model.forward(&Batch { tokens: &tokens, ..*batch }, logits)?;
            orders.failed += 1;
            return Err(ModelError::OutOfMemory { slots: 1, bytes: 2 });
        }
        self.model.forward(batch, logits)?;
        let mut segments: Vec<&Segment> = batch.segments.iter().collect();
        segments.sort_by_key(|segment| segment.context.len() - segment.rows.len());
        let mut strike = fault == Fault::Poison;
        for segment in segments {
            let (earlier, own) = segment.context.split_at(segment.context.len() - segment.rows.len());
            let mut bad = std::mem::take(&mut strike) || earlier.iter().any(|slot| self.poisoned.contains(slot));
            for (row, slot) in segment.rows.clone().zip(own) {
                match bad {
                    true => self.poisoned.insert(*slot),
                    false => self.poisoned.remove(slot),
                };
                bad |= self.poisoned.contains(slot);
                if let Some(index) = batch.logits.iter().position(|&wanted| wanted == row).filter(|_| bad) {
                    logits[index * VOCABULARY..(index + 1) * VOCABULARY].fill(f32::NAN);
                    orders.poisoned += 1;
                }
            }
        }
        Ok(())
    }
}

/// A request under way.
struct Pending {
    salt: u64,
    request: Request,
    reply: Reply,
}

/// What happened in all.
#[derive(Debug, Default)]
struct Tally {
    answered: usize,
    refused: usize,
    timed_out: usize,
    broken: usize,
    cancelled: usize,
    evicted: u64,
    retracted: u64,
    accepted: u64,
    drafted: u64,
    hits: u64,
    restored: u64,
    reread: usize,
}

/// One engine's life.
struct Life {
    dice: Dice,
    bench: Bench,
    model: SimModel,
    orders: Arc<Mutex<Orders>>,
    faults: bool,
    prompts: Vec<Prompt>,
    batch: sgl_wire::Batch,
    disk: Arc<Disk>,
    pending: Vec<Pending>,
    tally: Tally,
}

impl Life {
    /// Another process may have written to the disk before.
    fn new(seed: u64, disk: Arc<Disk>) -> Life {
        let mut dice = Dice::new(seed);
        let options = EngineOptions {
            chunk: 1 + dice.below(40),
            step_tokens: 1 + dice.below(80),
            max_batch: 1 + dice.below(12),
            eviction: [Eviction::Held, Eviction::Lru, Eviction::Lfu, Eviction::Priority][dice.below(4)],
            cache: dice.below(8) > 0,
            draft: dice.below(3) * 12,
            ..slots(64 + dice.below(200))
        };
        let disk_beside = (dice.below(3) == 0).then(|| disk.clone());
        let sim = || SimModel::echoing(VOCABULARY, WINDOW, ECHO);
        let orders = Arc::<Mutex<Orders>>::default();
        let faulty = Faulty { model: sim(), orders: orders.clone(), poisoned: HashSet::new() };
        Life {
            bench: Bench::beside(Box::new(faulty), options, disk_beside),
            model: sim(),
            orders,
            faults: dice.below(2) == 0,
            prompts: vec![text("Hello"), text("the the"), text(&"the essay and ".repeat(12))],
            batch: sgl_wire::Batch::default(),
            disk,
            pending: Vec::new(),
            tally: Tally::default(),
            dice,
        }
    }

    /// Some request: on a new prompt, or one that goes on where another ended.
    fn request(&mut self) -> Request {
        let dice = &mut self.dice;
        let prompt = self.prompts[dice.below(self.prompts.len())].clone();
        let words = &"the essay says a word "[..1 + dice.below(21)];
        let prompt = if dice.below(4) == 0 { prompt } else { prompt.push(Part::Text(words.into())) };
        let seed = dice.below(4) as u64;
        let mut request = match dice.below(4) {
            0 => {
                let by = [SelectBy::UnconditionalNormalized, SelectBy::TokenLengthNormalized][dice.below(2)];
                select(prompt, seed, &OPTIONS, by)
            }
            _ => generate(prompt, seed, |g| {
                g.max_tokens = Some(1 + dice.below(30) as u32);
                g.ignore_eos = seed > 1;
                g.sampling.temperature = [0.0, 1.0][dice.below(2)];
                if dice.below(6) == 0 {
                    g.constraint = sgl_wire::Constraint::Regex("(the|and) world[a-z]{1,9}".into());
                    g.max_tokens = Some(30);
                }
            }),
        };
        request.priority = dice.below(3) as i32 - 1;
        if dice.below(100) == 0 {
            self.batch = sgl_wire::Batch::default();
        }
        request.batch = (dice.below(3) > 0).then(|| self.batch.run(dice.below(3) as u64));
        request.timeout = (dice.below(12) == 0).then(|| Duration::from_secs(dice.below(30) as u64));
        request
    }

    fn submit(&mut self, salt: u64, request: Request) {
        let reply = match self.dice.below(4) {
            0 => self.bench.submit_late(salt, request.clone()),
            _ => self.bench.submit_as(salt, request.clone()),
        };
        self.pending.push(Pending { salt, request, reply });
    }

    /// One random operation.
    fn operate(&mut self, known: &mut HashMap<String, String>) {
        match self.dice.below(40) {
            0..6 if self.pending.len() < 24 => {
                let salt = self.dice.below(6) as u64 / 4;
                let request = self.request();
                self.submit(salt, request);
            }
            // A fork: the same prompt, many samples.
            6 if self.pending.len() < 16 => {
                let request = self.request();
                for seed in 0..2 + self.dice.below(5) as u64 {
                    self.submit(0, Request { seed, ..request.clone() });
                }
            }
            7 if !self.pending.is_empty() => {
                let index = self.dice.below(self.pending.len());
                self.pending.swap_remove(index);
                self.tally.cancelled += 1;
            }
            // A storm of cancellations.
            8 if self.dice.below(40) == 0 => {
                self.tally.cancelled += self.pending.len();
                self.pending.clear();
            }
            9 => {
                let wanted = self.dice.below(40);
                self.bench.engine.scheduler.make_room(wanted);
            }
            10 if self.faults && self.dice.below(20) == 0 => {
                let fault = [Fault::OutOfMemory, Fault::Poison][self.dice.below(2)];
                self.orders.lock().unwrap().next = fault;
            }
            11 if self.prompts.len() > 2 => {
                let index = self.dice.below(self.prompts.len());
                self.prompts.remove(index);
            }
            12..16 if self.bench.away() > 0 => {
                let index = self.dice.below(self.bench.away());
                self.tally.reread += usize::from(self.bench.arrive(index));
            }
            16..18 => self.disk.write(),
            18 if self.dice.below(10) == 0 => self.disk.lose(self.dice.below(1000)),
            _ => {
                self.bench.step();
                self.collect(known);
            }
        }
        self.bench.engine.scheduler.check();
    }

    /// Takes the answers that are there, and holds them against the twin's.
    fn collect(&mut self, known: &mut HashMap<String, String>) {
        let mut index = 0;
        while index < self.pending.len() {
            let Some(outcome) = is_done(&mut self.pending[index].reply) else {
                index += 1;
                continue;
            };
            let Pending { salt, request, .. } = self.pending.swap_remove(index);
            match &outcome {
                Err(Failure::Timeout { .. }) => {
                    assert!(request.timeout.is_some());
                    self.tally.timed_out += 1;
                    continue;
                }
                Err(Failure::Model(_)) => {
                    self.tally.broken += 1;
                    continue;
                }
                Err(Failure::ContextFull { .. }) => {
                    self.tally.refused += 1;
                    continue;
                }
                _ => {}
            }
            let (prompt, seed) = (request.prompt.clone(), request.seed);
            let key = format!("{:?} {:?} {seed}", prompt.parts(), request.ask);
            let expected = known.entry(key).or_insert_with(|| content(&self.bench.alone(&self.model, request.clone())));
            assert_eq!(&content(&outcome), expected, "tenant {salt}: {request:?}");
            self.tally.answered += 1;
            match outcome {
                Ok(Outcome::Generated(g)) if prompt.len() < 5 => self.prompts.push(prompt.push(Part::Output(g.output))),
                Ok(Outcome::Selected(s)) if prompt.len() < 5 => self.prompts.push(prompt.push(Part::Output(s.output))),
                _ => {}
            }
            if self.prompts.len() > 20 {
                self.prompts.remove(2);
            }
        }
    }

    /// Whatever broke, whoever comes then may meet what was left of it once, and nobody after.
    fn heals(&mut self) {
        self.orders.lock().unwrap().next = Fault::None;
        for round in 0..2 {
            for prompt in self.prompts.clone() {
                let mut reply = self.bench.submit(generate(prompt, 0, |g| g.max_tokens = Some(1)));
                while self.bench.moves() {}
                let healed = !matches!(is_done(&mut reply), None | Some(Err(Failure::Model(_))));
                assert!(healed || round == 0, "a fault goes on and on");
            }
        }
    }

    /// Lets everything end; nothing is lost.
    fn end(mut self, known: &mut HashMap<String, String>) -> Tally {
        let mut steps = 0;
        while self.bench.moves() {
            self.collect(known);
            self.bench.engine.scheduler.check();
            steps += 1;
            assert!(steps < 20_000, "it does not end: {:?}", self.bench.stats());
        }
        self.collect(known);
        assert!(self.pending.is_empty(), "a request was lost");
        self.heals();
        let stats = self.bench.stats();
        assert_eq!(stats.free + stats.cached, stats.slots);
        let orders = self.orders.lock().unwrap();
        assert!(self.tally.broken == 0 || orders.poisoned + orders.failed > 0, "a fault that nobody ordered");
        Tally {
            evicted: stats.evicted,
            retracted: stats.retracted,
            accepted: stats.accepted,
            drafted: stats.drafted,
            hits: stats.cached_tokens,
            restored: stats.restored,
            ..self.tally
        }
    }
}

#[test]
fn random_operations_lose_no_slot_and_change_no_answer() {
    let wanted = std::env::var("SGL_OPERATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(20_000);
    let (mut known, disk) = (HashMap::new(), Arc::<Disk>::default());
    let mut total = Tally::default();
    let (mut done, mut seed) = (0, 0);
    let began = std::time::Instant::now();
    while done < wanted {
        let mut life = Life::new(seed, disk.clone());
        for _ in 0..2_000 {
            life.operate(&mut known);
        }
        let tally = life.end(&mut known);
        total.answered += tally.answered;
        total.refused += tally.refused;
        total.timed_out += tally.timed_out;
        total.broken += tally.broken;
        total.cancelled += tally.cancelled;
        total.evicted += tally.evicted;
        total.retracted += tally.retracted;
        total.accepted += tally.accepted;
        total.drafted += tally.drafted;
        total.hits += tally.hits;
        total.restored += tally.restored;
        total.reread += tally.reread;
        known.clear();
        (done, seed) = (done + 2_000, seed + 1);
    }
    println!("{done} operations in {:?}: {total:?}", began.elapsed());
    let Tally { answered, timed_out, broken, cancelled, evicted, retracted, accepted, hits, restored, reread, .. } =
        total;
    assert!(answered > 500 && timed_out > 0 && broken > 0 && cancelled > 100, "{total:?}");
    assert!(evicted > 1000 && retracted > 5 && accepted > 100 && hits > 1000, "{total:?}");
    assert!(restored > 100 && reread > 5, "{total:?}");
}

/// The part of a prompt that was poisoned is stored before anybody can notice: once it was met, it is gone.
#[test]
fn what_was_poisoned_unnoticed_fails_once_and_never_again() {
    let orders = Arc::<Mutex<Orders>>::default();
    let model = Faulty { model: SimModel::new(VOCABULARY, WINDOW), orders: orders.clone(), poisoned: HashSet::new() };
    let mut bench = Bench::on(Box::new(model), EngineOptions { chunk: 10, ..slots(400) });
    let prompt = text(&"the essay ".repeat(20));
    let request = || generate(prompt.clone(), 0, |_| ());
    orders.lock().unwrap().next = Fault::Poison;
    let mut lost = bench.submit(request());
    bench.step();
    assert_eq!(orders.lock().unwrap().poisoned, 0, "no logits were wanted yet");
    // Another tenant does not read what is poisoned.
    let mut other = bench.submit_as(1, request());
    while bench.step() {}
    assert!(matches!(is_done(&mut lost), Some(Err(Failure::Model(why))) if why.contains("not numbers")));
    let answers = [is_done(&mut other), {
        let mut again = bench.submit(request());
        while bench.step() {}
        is_done(&mut again)
    }];
    let expected = content(&bench.alone(&SimModel::new(VOCABULARY, WINDOW), request()));
    answers.into_iter().for_each(|answer| assert_eq!(content(&answer.unwrap()), expected));
    bench.engine.scheduler.check();
}
