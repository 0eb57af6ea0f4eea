//! `sglc doctor` on sound and on broken homes.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::sglc_in;

/// The findings, by what they are about: state and sentence.
fn findings(home: &Path) -> (i32, Vec<(String, String, String)>) {
    let run = sglc_in(home, &["doctor", "--json"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run}"));
    let found = report["findings"].as_array().unwrap().iter().map(|finding| {
        let text = |key: &str| finding[key].as_str().unwrap().to_string();
        (text("about"), text("state"), text("says"))
    });
    let found: Vec<_> = found.collect();
    let problems = found.iter().filter(|(_, state, _)| state == "problem").count();
    assert_eq!(report["problems"], problems);
    assert_eq!(run.code, i32::from(problems > 0), "{run}");
    (run.code, found)
}

fn about<'a>(found: &'a [(String, String, String)], name: &str) -> (&'a str, &'a str) {
    let (_, state, says) =
        found.iter().find(|(about, ..)| about == name).unwrap_or_else(|| panic!("{name} in {found:?}"));
    (state, says)
}

const SMOL: &str = "models/SmolLM2-135M-Instruct.Q4_1.gguf";

#[test]
fn an_empty_home_is_no_problem() {
    let home = tempfile::tempdir().unwrap();
    let (code, found) = findings(home.path());
    assert_eq!(code, 0, "{found:?}");
    assert_eq!(about(&found, "model smollm2:135m"), ("note", "not here yet: a run pulls it, 98.4 MB"));
    assert_eq!(about(&found, "model cache"), ("ok", "[home]/models, where SGL_HOME puts it; the first pull makes it"));
    assert!(about(&found, "processor").1.contains("core"), "{found:?}");
    assert!(about(&found, "network").1.starts_with("not asked"), "{found:?}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn a_damaged_model_is_found_whatever_its_length() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("models")).unwrap();
    for (length, why) in [(1000, "it has 1000 bytes"), (98_362_432, "the right length and other bytes")] {
        fs::File::create(home.path().join(SMOL)).unwrap().set_len(length).unwrap();
        let (code, found) = findings(home.path());
        let (state, says) = about(&found, "model smollm2:135m");
        assert!((code, state) == (1, "problem") && says.contains(why), "{found:?}");
    }
    let run = sglc_in(home.path(), &["doctor"]);
    assert!(run.stdout.contains("help: `sglc model rm smollm2:135m`, then `sglc model pull smollm2:135m`"), "{run}");
    assert!(run.stdout.ends_with("\n1 problem\n") || run.stdout.contains("\n1 problem, "), "{run}");
}

#[test]
fn what_a_pull_left_and_what_is_nobodys_is_told() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("models")).unwrap();
    fs::write(home.path().join(format!("{SMOL}.partial")), "x").unwrap();
    fs::write(home.path().join("models/mine.gguf"), "12345").unwrap();
    let (code, found) = findings(home.path());
    assert_eq!(code, 0, "{found:?}");
    assert_eq!(about(&found, "model smollm2:135m"), ("note", "a pull of it was interrupted"));
    assert_eq!(about(&found, "other files"), ("note", "5 B in 1 file of no built-in model"));
}

#[test]
fn a_home_that_is_a_file_is_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    fs::write(&home, "").unwrap();
    for home in [home.clone(), home.join("deeper")] {
        let (code, found) = findings(&home);
        let (state, says) = about(&found, "model cache");
        assert!((code, state) == (1, "problem") && says.ends_with("is no folder"), "{found:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_home_in_which_nothing_can_be_made_is_a_problem() {
    // Not even the administrator can put files there.
    let (code, found) = findings(Path::new("/proc/self"));
    let (state, says) = about(&found, "model cache");
    assert!((code, state) == (1, "problem") && says.starts_with("nothing can be written"), "{found:?}");
}

#[test]
fn places_that_cannot_be_reached_are_told_where_that_is_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let run = sglc_in(home.path(), &["doctor", "--online"]);
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stdout.contains("problem  network") && run.stdout.contains("Hugging Face"), "{run}");
}

#[test]
fn the_model_that_a_run_here_asks_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let run = |model: &str| {
        fs::write(path("sgl.toml"), format!("model = \"{model}\"\n")).unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sglc"));
        let output =
            command.args(["doctor", "--json"]).current_dir(&folder).env("SGL_HOME", path("home")).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let all = report["findings"].as_array().unwrap().clone();
        let found = all.into_iter().find(|finding| finding["about"].as_str().unwrap().starts_with("model of"));
        (output.status.code(), found.map(|finding| finding["state"].clone()))
    };
    assert_eq!(run("smollm2:135m"), (Some(0), None));
    assert_eq!(run("./mine.gguf"), (Some(1), Some("problem".into())));
    fs::write(path("mine.gguf"), "x").unwrap();
    assert_eq!(run("./mine.gguf"), (Some(0), Some("ok".into())));
    assert_eq!(run("smolm2:135m"), (Some(1), Some("problem".into())));
}

#[test]
fn editors_that_nobody_set_up_are_not_named() {
    let home = tempfile::tempdir().unwrap();
    let run = sglc_in(home.path(), &["doctor"]);
    assert!(!run.stdout.contains("editor "), "{run}");
    assert!(run.stdout.contains("SGL_HOME"), "{run}");
}
