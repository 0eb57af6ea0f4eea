//! Every example runs and gives a value of its type.

use std::fs;

use serde_json::Value;

use crate::{program, result, sglc_run};

#[test]
fn judge() {
    let Some(report) = result(&["examples/judge.sgl", "--essay", "@examples/essay.txt"]) else { return };
    assert!(report["summary"].as_str().unwrap().chars().count() <= 300);
    assert!(["A", "B", "C", "D"].contains(&report["grade"].as_str().unwrap()));
    assert!((1..=5).contains(&report["confidence"].as_i64().unwrap()));
}

#[test]
fn extract() {
    let Some(event) = result(&["examples/extract.sgl"]) else { return };
    assert!((1..=12).contains(&event["date"]["month"].as_i64().unwrap()), "{event}");
    assert!(event["title"].as_str().unwrap().contains("Stars"), "{event}");
    assert!(event["free"].is_boolean(), "{event}");
}

#[test]
fn qa() {
    let Some(answers) = result(&["examples/qa.sgl"]) else { return };
    let answers = answers.as_array().unwrap();
    assert_eq!(answers.len(), 4);
    for answer in answers {
        assert!(["geography", "history", "nature", "sport"].contains(&answer["topic"].as_str().unwrap()), "{answer}");
    }
    assert!(answers[0]["answer"].as_str().unwrap().contains("Paris"), "{}", answers[0]);
}

#[test]
fn chat() {
    let Some(turns) = result(&["examples/chat.sgl", "--turns", r#"["Say hello.", "And goodbye."]"#]) else { return };
    assert_eq!(turns.as_array().unwrap().len(), 2);
    assert_eq!(turns[1]["user"], "And goodbye.");
    assert!(!turns[1]["assistant"].as_str().unwrap().is_empty());
}

#[test]
fn tree() {
    let Some(answer) = result(&["examples/tree.sgl"]) else { return };
    assert!(!answer.as_str().unwrap().is_empty());
}

#[test]
fn the_essay_is_read_once_by_all_reviewers() {
    let folder = tempfile::tempdir().unwrap();
    let stats = folder.path().join("stats.json");
    let dimensions = r#"["clarity","originality","evidence","style","structure","logic","honesty","depth"]"#;
    let stats_flag = format!("--stats={}", stats.display());
    let words = ["examples/judge.sgl", "--essay", "@examples/essay.txt", "--dimensions", dimensions, &stats_flag];
    let Some(_) = result(&words) else { return };
    let stats: Value = serde_json::from_str(&fs::read_to_string(stats).unwrap()).unwrap();
    let count = program(folder.path(), "prompt main(essay: str) -> int {\n    emit essay\n    here.tokens\n}\n");
    let tokens = result(&[&count, "--essay", "@examples/essay.txt"]).unwrap().as_u64().unwrap();
    assert!(tokens >= 600, "an essay of {tokens} tokens is too short to show anything");
    let cached = stats["tokens_cached"].as_u64().unwrap();
    assert!(cached >= 7 * tokens, "{cached} cached tokens, an essay of {tokens}: {stats}");
    assert_eq!(stats["requests"], 9, "{stats}");
}

#[test]
fn batches_keep_their_order_and_go_on_after_a_failed_line() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.jsonl"), folder.path().join("out.jsonl"));
    let lines = ["{\"turns\": [\"Say one.\"]}", "{\"turns\": 3}", "no json", "{\"turns\": [\"Say two.\"]}"];
    fs::write(&input, lines.join("\n")).unwrap();
    let words = ["--batch", input.to_str().unwrap(), "-o", output.to_str().unwrap(), "examples/chat.sgl"];
    let Some(run) = sglc_run(&words) else { return };
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{}", run.stderr);
    let out: Vec<Value> =
        fs::read_to_string(output).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(out.len(), 4);
    assert_eq!((&out[0][0]["user"], &out[3][0]["user"]), (&"Say one.".into(), &"Say two.".into()));
    assert!(out[1]["error"]["message"].as_str().unwrap().contains("turns"), "{}", out[1]);
    assert!(out[2]["error"]["message"].as_str().unwrap().contains("not JSON"), "{}", out[2]);
}

#[test]
fn help_of_a_program_lists_its_arguments() {
    let Some(run) = sglc_run(&["examples/judge.sgl", "--help"]) else { return };
    assert_eq!(run.code, 0);
    for part in ["Judges an essay", "--essay <str>", "The essay to judge", "--dimensions", "may be left out"] {
        assert!(run.stdout.contains(part), "{part}:\n{}", run.stdout);
    }
}

#[test]
fn missing_and_wrong_arguments_are_usage() {
    for (words, part) in [
        (&["examples/judge.sgl"][..], "argument `essay` is missing"),
        (&["examples/judge.sgl", "--essay", "x", "--dimensions", "clarity"], "argument `dimensions`: "),
        (&["examples/judge.sgl", "--esay", "x"], "--essay"),
        (&["examples/judge.sgl", "--essay", "@no such file"], "no such file"),
        (&["examples/judge.sgl", "--essay", "x", "-o", "y"], "--batch"),
    ] {
        let Some(run) = sglc_run(words) else { return };
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{words:?}\n{}", run.stderr);
        assert!(run.stderr.contains(part), "{part}:\n{}", run.stderr);
    }
}
