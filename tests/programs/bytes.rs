//! Same program, same inputs, same seed: the same bytes, whatever is cached, batched or how many threads there are.

use std::fs;

use crate::sglc_run;

/// Each example with arguments that keep it short.
const PROGRAMS: [&[&str]; 5] = [
    &[
        "examples/judge.sgl",
        "--essay",
        "Walking is good. It is slow, and that is why.",
        "--dimensions",
        r#"["style","logic"]"#,
    ],
    &["examples/extract.sgl"],
    &["examples/qa.sgl"],
    &["examples/chat.sgl", "--turns", r#"["Name a colour.", "Another one."]"#],
    &["examples/tree.sgl"],
];

const WAYS: [&[&str]; 3] = [&["--no-cache"], &["--max-batch", "1", "--chunk", "7"], &["--threads", "1"]];

#[test]
fn the_way_a_program_runs_does_not_change_its_result() {
    for (n, program) in PROGRAMS.into_iter().enumerate() {
        let seed = (n as u64 + 1).to_string();
        let Some(usual) = sglc_run(&[&["--seed", &seed], program].concat()) else { return };
        assert_eq!(usual.code, 0, "{}", usual.stderr);
        // One other way a program: all ways of all programs, with more seeds, are in the test below, which `.ci/run` runs.
        let way = WAYS[n % WAYS.len()];
        let other = sglc_run(&[&["--seed", &seed], way, program].concat()).unwrap();
        assert_eq!(other.stdout, usual.stdout, "{program:?} {way:?}");
    }
}

#[test]
#[ignore = "takes minutes; .ci/run runs it: cargo test --test programs -- --ignored"]
fn every_way_of_every_program_with_three_seeds() {
    for program in PROGRAMS {
        for seed in ["1", "2", "3"] {
            let Some(usual) = sglc_run(&[&["--seed", seed], program].concat()) else { return };
            assert_eq!(usual.code, 0, "{}", usual.stderr);
            for way in WAYS {
                let other = sglc_run(&[&["--seed", seed], way, program].concat()).unwrap();
                assert_eq!(other.stdout, usual.stdout, "{program:?} {way:?} seed {seed}");
            }
        }
    }
}

#[test]
fn a_line_of_a_batch_is_the_program_alone() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.jsonl");
    let turns = [r#"["Name a fish."]"#, r#"["Name a bird."]"#, r#"["Name a fish."]"#];
    fs::write(&input, turns.map(|turns| format!("{{\"turns\": {turns}}}\n")).concat()).unwrap();
    let Some(batch) = sglc_run(&["--seed", "5", "--batch", input.to_str().unwrap(), "examples/chat.sgl"]) else {
        return;
    };
    for (turns, line) in turns.iter().zip(batch.stdout.lines()) {
        let alone = sglc_run(&["--seed", "5", "--json", "examples/chat.sgl", "--turns", turns]).unwrap();
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(line), read(&alone.stdout));
    }
    assert_eq!(batch.stdout.lines().count(), 3);
}

#[test]
fn another_seed_is_another_result() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        "prompt main() -> str {\n    user \"Invent a word.\"\n    assistant gen(max_tokens: 12, temperature: 1.2)\n}\n";
    let path = crate::program(folder.path(), text);
    let Some(one) = sglc_run(&["--seed", "1", &path]) else { return };
    let two = sglc_run(&["--seed", "2", &path]).unwrap();
    assert_ne!(one.stdout, two.stdout);
}
