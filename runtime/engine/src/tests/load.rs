//! Far more work than there is room for.

use std::collections::{HashMap, HashSet};

use super::bench::{Bench, Dice, is_done};
use super::*;

/// Steps from one wave of requests to the next.
const WAVE: usize = 150;

/// A time for which a request waited: since it came, or since it was put back.
#[derive(Clone, Copy)]
struct Wait {
    /// Its first step, less those that the request had waited before.
    since: usize,
    /// The step in which its turn came.
    until: usize,
}

/// Who waits, step by step.
#[derive(Default)]
struct Waits {
    open: HashMap<u64, usize>,
    /// Steps that each has waited.
    waited: HashMap<u64, usize>,
    over: Vec<Wait>,
}

impl Waits {
    /// Notes who waits after this step, and who came before it.
    fn note(&mut self, step: usize, came: impl Iterator<Item = u64>, bench: &Bench) {
        let now: HashSet<u64> = bench.engine.scheduler.waiting.iter().map(|sequence| sequence.request).collect();
        for id in came.chain(now.iter().copied()) {
            self.open.entry(id).or_insert(step);
        }
        let entered: Vec<_> = self.open.extract_if(|id, _| !now.contains(id)).collect();
        for (id, from) in entered {
            let waited = self.waited.entry(id).or_default();
            self.over.push(Wait { since: from - *waited, until: step });
            *waited += step - from;
        }
    }

    /// How much later somebody came who was served first.
    fn overtaken(&self) -> usize {
        let by = |wait: &Wait| {
            let first = self.over.iter().filter(|other| other.until < wait.until);
            first.map(|other| other.since.saturating_sub(wait.since)).max()
        };
        self.over.iter().filter_map(by).max().unwrap_or(0)
    }
}

#[test]
fn two_thousand_requests_in_a_tenth_of_the_room_all_end_and_nobody_starves() {
    let mut dice = Dice::new(1);
    let texts: Vec<Prompt> = (0..20).map(|n| text(&format!("{n} {}", "the essay and the world ".repeat(n)))).collect();
    let (mut requests, mut needed) = (Vec::new(), 0);
    for n in 0..2_000u64 {
        let prompt = match dice.below(3) {
            0 => text(&format!("{n}{}", "x".repeat(dice.below(300)))),
            _ => texts[dice.below(texts.len())].push(Part::Text(format!("{n}").into())),
        };
        let tokens = 1 + dice.below(if n % 10 == 0 { 200 } else { 20 }) as u32;
        let mut request = generate(prompt, n, |g| {
            g.max_tokens = Some(tokens);
            g.ignore_eos = true;
        });
        request.priority = dice.below(3) as i32;
        requests.push((request, tokens));
    }
    let mut bench = {
        let door = backend(EngineOptions::default());
        for (request, tokens) in &requests {
            needed += door.render(&request.prompt).unwrap().tokens.len() + *tokens as usize;
        }
        let distinct = needed / 10;
        Bench::new(EngineOptions { max_batch: 64, ..slots(distinct.min(1024)) })
    };
    // Ten waves: the later ones come while the first still wait.
    let mut waits = Waits::default();
    let mut requests = (0..).zip(requests);
    let (mut pending, mut step, began) = (Vec::<(u32, Reply)>::new(), 0, std::time::Instant::now());
    loop {
        let mut came = Vec::new();
        if step % WAVE == 0 {
            for (id, (request, tokens)) in requests.by_ref().take(200) {
                came.push(id);
                pending.push((tokens, bench.submit(request)));
            }
        }
        let busy = bench.step();
        if !busy && pending.is_empty() {
            break;
        }
        step += 1;
        waits.note(step, came.into_iter(), &bench);
        pending.retain_mut(|(tokens, reply)| match is_done(reply) {
            Some(outcome) => {
                assert_eq!(generated(outcome).output.tokens.len() as u32, *tokens);
                false
            }
            None => true,
        });
        assert!(step < 100_000, "it does not end");
    }
    // A request can be overtaken by one that comes so much later, and by none that comes after that.
    let overtaken = waits.overtaken();
    let stats = bench.stats();
    println!(
        "{needed} tokens in {} slots: {step} steps in {:?}, the longest wait {} steps, overtaken by who came up to {overtaken} \
         steps later, {} put back, hit rate {:.2}",
        stats.slots,
        began.elapsed(),
        stats.longest_wait,
        stats.retracted,
        stats.hit_rate()
    );
    assert_eq!((stats.answered, waits.open.len()), (2_000, 0));
    assert!(stats.retracted > 0, "nobody waited twice");
    assert!(stats.slots * 10 <= needed);
    assert_eq!(stats.free + stats.cached, stats.slots);
    // Two levels of priority and the longest prefix, in steps of waiting.
    assert!(overtaken > 0 && overtaken <= (2 * 4096 + 700) / 16, "somebody starves: {overtaken}");
}

#[test]
fn a_pool_of_the_least_size_serves_one_after_the_other() {
    let mut bench = Bench::new(slots(8));
    let mut replies: Vec<Reply> = (0..20)
        .map(|seed| {
            bench.submit(generate(text("Hi"), seed, |g| {
                g.max_tokens = Some(6);
                g.ignore_eos = true;
            }))
        })
        .collect();
    while bench.step() {}
    for reply in &mut replies {
        assert_eq!(generated(is_done(reply).unwrap()).output.tokens.len(), 6);
    }
    let mut refused = bench.submit(generate(text("Hi"), 0, |g| g.max_tokens = Some(7)));
    assert!(matches!(is_done(&mut refused), Some(Err(Failure::ContextFull { .. }))));
}
