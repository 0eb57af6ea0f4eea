//! Prefixes on disk: answers are the same with them, without them, and with whatever became of their files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use sgl_wire::{Constraint, SelectBy};

use super::*;
use crate::Shelf;

const MODEL: [u8; 32] = [7; 32];

/// What becomes of the bytes of a file.
type Damage<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;

type Told = Arc<Mutex<Vec<String>>>;

/// An engine of its own process, as far as the folder can tell, and what it warned of.
fn process(folder: &Path, identity: [u8; 32], options: EngineOptions) -> (LocalBackend, Told) {
    let told = Told::default();
    let warn = Arc::clone(&told);
    let shelf = Shelf::new(folder, 1 << 30, Box::new(move |what| warn.lock().unwrap().push(what)));
    let template = ChatTemplate::new(CHATML, "", "").unwrap();
    let model = Box::new(SimModel::new(VOCABULARY, WINDOW));
    let fitting = Fitting { shelf: Some((Arc::new(shelf), identity)), ..fitting() };
    let backend = LocalBackend::start(model, lexicon(), template, options, fitting).unwrap();
    (backend, told)
}

fn requests() -> Vec<Request> {
    let essay = "the essay and the world ".repeat(30);
    let shared = message(&Prompt::empty(), Role::User, &essay);
    let mut all = Vec::new();
    for seed in 0..3 {
        let prompt = message(&shared, Role::User, &format!("{seed} ").repeat(40)).push(Part::Open(Role::Assistant));
        all.push(generate(prompt.clone(), seed, |_| ()));
        all.push(generate(prompt.clone(), seed, |g| g.constraint = Constraint::Regex("[a-z]{3,9} the [0-9]+".into())));
        all.push(select(prompt, seed, &["the world", "the essay", "no"], SelectBy::UnconditionalNormalized));
    }
    all
}

/// What a process that uses this folder answers to everything at once, and its numbers.
fn answers(
    folder: &Path,
    identity: [u8; 32],
    options: EngineOptions,
) -> (Vec<String>, crate::EngineStats, Vec<String>) {
    let (backend, told) = process(folder, identity, options);
    let replies: Vec<_> = requests().into_iter().map(|request| backend.submit(request)).collect();
    let found = replies.into_iter().map(|reply| content(&wait(reply))).collect();
    assert_all_given_back(&backend);
    let stats = backend.stats();
    drop(backend);
    let told = std::mem::take(&mut *told.lock().unwrap());
    (found, stats, told)
}

fn plain() -> Vec<String> {
    let backend = backend(EngineOptions { cache: false, ..slots(4096) });
    requests().into_iter().map(|request| content(&run(&backend, request))).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn the_second_process_computes_only_what_fills_no_block() {
    let folder = tempfile::tempdir().unwrap();
    let expected = plain();
    let (found, first, told) = answers(folder.path(), MODEL, slots(4096));
    assert_eq!((found, told.len(), first.restored), (expected.clone(), 0, 0));
    let (found, second, told) = answers(folder.path(), MODEL, slots(4096));
    assert_eq!((found, told.len()), (expected.clone(), 0));
    assert!(second.restored > 400 && second.rows + second.restored <= first.rows, "{second:?} after {first:?}");
    let prompts = second.prompt_tokens - second.cached_tokens;
    assert!(prompts < 9 * 64, "{second:?}");
    // A pool that is too small for what is there, and other ways to run.
    for options in [slots(700), EngineOptions { chunk: 7, max_batch: 2, ..slots(900) }] {
        let (found, stats, _) = answers(folder.path(), MODEL, options);
        assert_eq!(found, expected, "{stats:?}");
        assert!(stats.restored > 0);
    }
    let (found, stats, _) = answers(folder.path(), MODEL, EngineOptions { cache: false, ..slots(4096) });
    assert_eq!((found, stats.restored), (expected, 0));
}

/// Waits until the disk has so many blocks.
fn wait_for(folder: &Path, blocks: usize) {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while files(folder).iter().filter(|file| file.extension().is_some_and(|ending| ending == "block")).count() < blocks
    {
        assert!(std::time::Instant::now() < until, "they are not written");
        std::thread::yield_now();
    }
}

#[test]
fn what_was_evicted_is_read_again_in_the_same_process() {
    let folder = tempfile::tempdir().unwrap();
    let prompts = ["the essay", "the world", "and then"].map(|words| text(&format!("{words} ").repeat(60)));
    let alone = backend(EngineOptions { cache: false, ..slots(4096) });
    let expected = prompts.clone().map(|prompt| content(&run(&alone, generate(prompt, 0, |_| ()))));
    let blocks: usize = prompts.iter().map(|prompt| (alone.render(prompt).unwrap().tokens.len() - 1) / 32).sum();
    // Room for one of them.
    let (backend, told) = process(folder.path(), MODEL, slots(420));
    for round in 0..3 {
        for (prompt, expected) in prompts.iter().zip(&expected) {
            // Several at once: what one of them waits for is read once.
            let replies = [0; 4].map(|seed| backend.submit(generate(prompt.clone(), seed, |_| ())));
            for reply in replies {
                assert_eq!(&content(&wait(reply)), expected, "round {round}");
            }
        }
        wait_for(folder.path(), blocks);
        let stats = backend.stats();
        println!("round {round}: {} rows, {} tokens read, {} evicted", stats.rows, stats.restored, stats.evicted);
        assert!(stats.evicted > 200 || round == 0, "{stats:?}");
        // What four ask for is read once, and what is still cached is not.
        let most = round * blocks * 32;
        assert!((most * 7 / 10..=most).contains(&(stats.restored as usize)), "{} of {most}", stats.restored);
    }
    assert_all_given_back(&backend);
    // Who comes when the disk has nothing any more computes it.
    files(folder.path()).iter().for_each(|file| fs::remove_file(file).unwrap());
    for (prompt, expected) in prompts.iter().zip(&expected) {
        assert_eq!(&content(&run(&backend, generate(prompt.clone(), 0, |_| ()))), expected);
    }
    // All but what was in the cache all the time.
    wait_for(folder.path(), blocks / 2);
    assert!(told.lock().unwrap().is_empty());
    // Clients that go while what they need is read.
    for n in 0..30 {
        let replies: Vec<Reply> =
            (0..6).map(|k| backend.submit(generate(prompts[(n + k) % 3].clone(), 0, |_| ()))).collect();
        drop(replies);
    }
    assert_eq!(&content(&run(&backend, generate(prompts[1].clone(), 0, |_| ()))), &expected[1]);
    assert_all_given_back(&backend);
    // And who is there when the engine stops is told so.
    let reply = backend.submit(generate(prompts[0].clone(), 0, |_| ()));
    drop(backend);
    assert!(matches!(wait(reply), Ok(_) | Err(Failure::Gone)));
}

#[test]
fn another_model_or_tenant_finds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    answers(folder.path(), MODEL, slots(4096));
    let (found, stats, told) = answers(folder.path(), [8; 32], slots(4096));
    assert_eq!((found, stats.restored, told.len()), (plain(), 0, 0));
    let (backend, _) = process(folder.path(), MODEL, slots(4096));
    let tenant = backend.tenant(3);
    run(&tenant, requests().remove(0)).unwrap();
    assert_eq!(tenant.stats().restored, 0);
}

#[test]
fn damaged_and_foreign_files_change_no_answer_and_are_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let expected = plain();
    answers(folder.path(), MODEL, slots(4096));
    let whole: Vec<(PathBuf, Vec<u8>)> =
        files(folder.path()).into_iter().map(|p| (p.clone(), fs::read(p).unwrap())).collect();
    let other = whole[0].1.clone();
    let damages: [Damage; 5] = [
        &|bytes| bytes[..bytes.len() / 2].to_vec(),
        &|bytes| [&bytes[..100], &vec![0; bytes.len() - 100]].concat(),
        &|_| Vec::new(),
        &|bytes| bytes.iter().map(|byte| !byte).collect(),
        // What lay under another name: another model's, or another revision's.
        &|bytes| if bytes == other { bytes[..9].to_vec() } else { other.clone() },
    ];
    for (n, damage) in damages.iter().enumerate() {
        for every in [1, 3] {
            for (path, bytes) in &whole {
                fs::write(path, bytes).unwrap();
            }
            for (path, bytes) in whole.iter().step_by(every) {
                fs::write(path, damage(bytes)).unwrap();
            }
            let (found, _, told) = answers(folder.path(), MODEL, slots(4096));
            assert_eq!(found, expected, "damage {n} of every {every}");
            assert!(told.len() <= 1 && (every > 1 || told.len() == 1), "{told:?}");
        }
    }
    // What was damaged was written anew.
    let (_, stats, told) = answers(folder.path(), MODEL, slots(4096));
    assert!(stats.restored > 400 && told.is_empty(), "{stats:?} {told:?}");
}

#[test]
fn a_folder_that_is_none_changes_no_answer_and_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for folder in [&*file, Path::new("/proc/nothing/here")] {
        let (found, stats, told) = answers(folder, MODEL, slots(4096));
        assert_eq!((found, stats.restored, told.len()), (plain(), 0, 1));
    }
}
