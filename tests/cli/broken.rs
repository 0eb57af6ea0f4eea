//! Programs that do not compile: each file of `tests/broken` with what sglc says about it.

use std::path::Path;

use crate::sglc;

#[test]
fn every_broken_program_is_explained() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    assert!(files.len() >= 10);
    for file in files {
        let name = file.to_str().unwrap();
        let path = format!("tests/broken/{name}");
        let source = std::fs::read_to_string(&path).unwrap();
        let run = sglc(&["check", &path]);
        assert_eq!((run.code, run.stdout.as_str()), (3, ""), "{run}");
        let shown = format!("{source}\n{}\n{}", "-".repeat(60), run.stderr);
        insta::assert_snapshot!(name.trim_end_matches(".sgl"), shown);
        // A run says the same and starts nothing.
        let run = sglc(&["run", "--offline", &path]);
        assert_eq!(run.code, 3, "{run}");
    }
}
