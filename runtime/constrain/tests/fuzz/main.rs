//! Random search for faults: schemas against a plain validator, masks against trying each token.
//!
//! By default the same few cases each time. `SGL_FUZZ_SECONDS=1800` hunts that long with each target, `SGL_FUZZ_SEED=7` elsewhere;
//! only a hunt takes what is slow for a fault.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;
mod generate;
mod masks;
mod schemas;
mod validator;
mod value;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::Random;

/// Something to try, and smaller things like it.
trait Case: Clone {
    /// What is wrong, beginning with its kind and a colon.
    fn run(&self, tally: &mut Tally) -> Result<(), String>;
    fn smaller(&self) -> Vec<Self>;
    fn show(&self) -> String;
}

/// Work on one case at most, made small or not.
const LONGEST: Duration = Duration::from_secs(90);

/// How often what happened.
#[derive(Default)]
struct Tally(BTreeMap<&'static str, usize>);

impl Tally {
    fn add(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }
}

thread_local! {
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Time that this thread has worked, which a busy machine does not change.
fn worked() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = stat.and_then(|stat| stat.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| BEGUN.elapsed(), Duration::from_nanos)
}

static BEGUN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);

/// Whether what takes more time than `limit` is a fault: in a hunt it is, in a test of a busy machine it is counted.
fn slow(taken: Duration, limit: Duration, tally: &mut Tally) -> bool {
    let slow = taken > limit;
    if slow {
        tally.add("slow");
    }
    slow && ["SGL_FUZZ_SECONDS", "SGL_FUZZ_CASE"].iter().any(|name| number(name).is_some())
}

fn run_case(case: &impl Case, tally: &mut Tally) -> Result<(), String> {
    panic::catch_unwind(AssertUnwindSafe(|| case.run(tally)))
        .unwrap_or_else(|_| Err(format!("panic: {}", PANIC.with(|text| text.borrow().clone()))))
}

/// What makes two faults the same.
fn kind(fault: &str) -> String {
    let kind = fault.split(": ").next().unwrap_or_default();
    let panic = if kind == "panic" { fault.split('|').next().unwrap_or_default() } else { kind };
    panic.to_owned()
}

fn minimised<C: Case>(case: C, fault: String) -> (C, String) {
    let (mut case, mut fault, begun) = (case, fault, Instant::now());
    loop {
        let smaller = case.smaller().into_iter().find_map(|smaller| {
            if begun.elapsed() > Duration::from_secs(25) {
                return None;
            }
            let again = run_case(&smaller, &mut Tally::default()).err()?;
            (kind(&again) == kind(&fault)).then_some((smaller, again))
        });
        match smaller {
            Some(next) => (case, fault) = next,
            None => return (case, fault),
        }
    }
}

/// Runs so many cases, or until the time of a hunt is over; a fault is made small and printed.
fn drive<C: Case + Send>(name: &str, few: u64, mut make: impl FnMut(&mut Random) -> C) {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(|place| format!("{}:{}", place.file(), place.line())).unwrap_or_default();
        let said = info.payload().downcast_ref::<String>().cloned();
        let said = said.or(info.payload().downcast_ref::<&str>().map(|said| said.to_string())).unwrap_or_default();
        PANIC.with(|text| *text.borrow_mut() = format!("{place}|{said}"));
        if std::thread::current().name().is_some_and(|name| name.contains("fuzz")) || !place.contains("tests/fuzz/main")
        {
            return;
        }
        println!("{place}: {said}");
    }));
    let seconds = number("SGL_FUZZ_SECONDS");
    let (seed, only) = (number("SGL_FUZZ_SEED").unwrap_or(1), number("SGL_FUZZ_CASE"));
    let begun = Instant::now();
    let goes_on = |cases| seconds.map_or(cases < few, |seconds| begun.elapsed().as_secs() < seconds);
    let now = Arc::new(Mutex::new((worked_in_all(), String::new())));
    watch(now.clone());
    let (mut tally, mut faults) = (Tally::default(), BTreeMap::<String, usize>::new());
    let mut cases = 0u64;
    while goes_on(cases) && faults.len() < 25 {
        let index = only.unwrap_or(cases);
        cases += 1;
        let mut random = Random((seed << 32 | index).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        (0..4).for_each(|_| {
            random.below(2);
        });
        let case = make(&mut random);
        *now.lock().unwrap() = (worked_in_all(), format!("case {index}: {}", case.show()));
        let begun = worked();
        let ran = run_case(&case, &mut tally);
        if std::env::var_os("SGL_FUZZ_TIMES").is_some() && worked() - begun > Duration::from_millis(300) {
            println!("{:?}: {}", worked() - begun, case.show());
        }
        if let Err(fault) = ran {
            let count = faults.entry(kind(&fault)).or_default();
            *count += 1;
            if *count <= 3 {
                println!("{name}, seed {seed}, case {index}: {fault}");
                now.lock().unwrap().0 = worked_in_all() + Duration::from_secs(120);
                let (case, fault) = minimised(case, fault);
                println!("made small: {fault}\n{}\n", case.show());
            }
        }
        if only.is_some() {
            break;
        }
    }
    now.lock().unwrap().1.clear();
    println!("{name}: {cases} cases, {:?}", tally.0);
    let _ = panic::take_hook();
    assert!(faults.is_empty(), "{faults:?}");
    assert!(cases > 0, "no case in the time");
}

/// Time that the process has worked.
fn worked_in_all() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which may hold spaces; in hundredths of a second.
    let after = stat.rsplit(')').next().unwrap_or_default();
    let times: Vec<u64> = after.split(' ').skip(12).take(2).filter_map(|time| time.parse().ok()).collect();
    if times.len() == 2 { Duration::from_millis(10 * times.iter().sum::<u64>()) } else { BEGUN.elapsed() }
}

/// Ends the process where a case goes on without end or takes all memory.
fn watch(now: Arc<Mutex<(Duration, String)>>) {
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_millis(200));
            let (since, case) = &*now.lock().unwrap();
            let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
            let held = status
                .lines()
                .find_map(|line| line.strip_prefix("VmRSS:")?.trim().split(' ').next()?.parse::<u64>().ok());
            if case.is_empty() {
                return;
            }
            if worked_in_all().saturating_sub(*since) > LONGEST || held.unwrap_or(0) > 4 << 20 {
                println!("without end, {} KiB held: {case}", held.unwrap_or(0));
                std::process::exit(1);
            }
        }
    });
}

#[test]
fn schemas_mean_what_a_validator_says() {
    let mut make = schemas::maker();
    drive("schemas", 600, move |random| make(random));
}

#[test]
fn masks_are_what_trying_each_token_gives() {
    let mut make = masks::maker();
    drive("masks", 600, move |random| make(random));
}
