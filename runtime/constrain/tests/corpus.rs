//! Every regular expression of the test data: its matching texts are accepted byte by byte, the others refused.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod common;

use std::time::Instant;

use common::{bytes_and, data, matcher, regex};

#[test]
fn every_text_of_the_regex_files_is_judged_rightly() {
    let Some(folder) = data() else { return };
    let vocabulary = bytes_and(&[]);
    let mut wrong = Vec::new();
    for file in ["own", "rust-regex", "schema-pattern", "lookaround"] {
        let text = std::fs::read_to_string(folder.join("regex").join(file).with_extension("jsonl")).unwrap();
        let (mut cases, mut valid, mut invalid, mut slowest) = (0, 0, 0, 0);
        let mut refused = Vec::new();
        for line in text.lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            cases += 1;
            let started = Instant::now();
            let machine = match matcher(&regex(case["regex"].as_str().unwrap()), &vocabulary) {
                Ok(machine) => machine,
                Err(error) => {
                    // A pattern may match nothing at all, and then is rightly refused.
                    let none = case["tests"].as_array().unwrap().iter().all(|test| test["valid"] == false);
                    if !(none && error.to_string().contains("matches nothing")) {
                        refused.push(format!("{}: {error}", case["id"]));
                    }
                    continue;
                }
            };
            slowest = slowest.max(started.elapsed().as_micros());
            for test in case["tests"].as_array().unwrap() {
                let (text, expected) = (test["text"].as_str().unwrap(), test["valid"] == true);
                *(if expected { &mut valid } else { &mut invalid }) += 1;
                if machine.completes(text.as_bytes()) != expected {
                    wrong.push(format!("{} {text:?} should be {expected}", case["id"]));
                }
            }
        }
        println!(
            "{file}: {cases} patterns, {valid} valid and {invalid} other texts, slowest build {slowest} us, refused: {refused:#?}"
        );
        assert!(file == "lookaround" || refused.is_empty(), "{refused:#?}");
    }
    assert!(wrong.is_empty(), "{} wrong: {wrong:#?}", wrong.len());
}
