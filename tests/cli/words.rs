//! What is said when something is not there, or is not what it should be: in plain words, whatever a library called it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Run, sglc};

/// A folder with `p.sgl`, whose `main` takes one value of each kind.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = "fn main(n: int = 1, j: json = 1, b: bool = true, xs: list<int> = [], s: str = \"\") -> int { n }\n";
    fs::write(folder.path().join("p.sgl"), text).unwrap();
    folder
}

fn at(folder: &tempfile::TempDir, name: &str) -> String {
    folder.path().join(name).display().to_string()
}

#[test]
fn arguments_are_refused_in_plain_words() {
    let folder = folder();
    let program = at(&folder, "p.sgl");
    let said = |words: &[&str]| {
        let run = sglc(&[&["run", &program], words].concat());
        assert_eq!(run.code, 2, "{words:?}\n{run}");
        run.stderr
    };
    assert_eq!(said(&["--n", "x"]), "error: argument `n`: expected a 64-bit integer, found \"x\"\n");
    assert_eq!(said(&["--b", "maybe"]), "error: argument `b`: expected true or false, found \"maybe\"\n");
    let json = said(&["--j", "{a"]);
    assert!(json.contains("found text that is not JSON: a key is not in double quotes, at column 2"), "{json}");
    let list = said(&["--xs", "[1,"]);
    assert!(list.contains("it ends too early, at column 3"), "{list}");
    for seed in ["-1", "x", "1.5"] {
        let said = said(&["--seed", seed]);
        assert!(said.contains(&format!("'{seed}'")) && said.contains("a whole number from 0 to"), "{said}");
    }
    assert!(said(&["--jobs", "-2"]).contains("it must be a whole number"));
}

#[test]
fn the_name_of_a_file_is_told_from_what_stands_in_it() {
    let folder = folder();
    let (program, notes, reads) = (at(&folder, "p.sgl"), at(&folder, "notes.txt"), at(&folder, "reads.sgl"));
    fs::write(&notes, "hello").unwrap();
    fs::write(&reads, "fn main(s: str) -> str { fs.read(s) }\n").unwrap();
    let said = |words: &[&str]| sglc(&[&["run"], words].concat()).stderr;
    let warned = said(&[&program, "--s", &notes]);
    assert_eq!(warned, format!("warning: `--s` is the name of a file; for what stands in it: `--s @{notes}`\n"));
    assert_eq!(said(&[&program, "--s", &format!("@{notes}")]), "");
    assert_eq!(said(&[&program, "--s", &at(&folder, "no.txt")]), "");
    // Who opens files may well want a name.
    let allowed = format!("--allow-read={notes}");
    assert_eq!(said(&[&reads, &allowed, "--s", &notes]), "");
}

#[test]
fn no_number_of_the_operating_system_is_shown() {
    let folder = folder();
    let (program, missing, here) = (at(&folder, "p.sgl"), at(&folder, "no/such"), at(&folder, ""));
    let reads = at(&folder, "reads.sgl");
    let text = "fn main(path: str) -> str { fs.read(path) }\nfn f() -> int { 1 }\n";
    fs::write(&reads, text).unwrap();
    let needs = at(&folder, "needs.sgl");
    fs::write(&needs, "import \"gone.sgl\" as gone\ntype T = schema(\"gone.json\")\nfn main() -> int { 1 }\n").unwrap();
    let starts = at(&folder, "starts.sgl");
    fs::write(&starts, "fn main() -> int { process.run(\"no-such-program\").code }\n").unwrap();
    let asks = at(&folder, "asks.sgl");
    fs::write(&asks, "fn main() -> str { http.get(\"http://127.0.0.1:9/\").body }\n").unwrap();
    let words: &[&[&str]] = &[
        &["run", &missing],
        &["run", &here],
        &["run", &program, "--s", &format!("@{missing}")],
        &["run", &program, "--batch", &missing],
        &["run", &program, "--batch", &here],
        &["run", &program, &format!("--stats={missing}/x")],
        &["run", &reads, "--allow-read", "--path", &missing],
        &["run", &starts, "--allow-run"],
        &["run", &asks, "--allow-net"],
        &["run", &program, "--model", &here],
        &["check", &missing],
        &["check", &needs],
        &["test", &missing],
        &["test", &program, "--junit", &missing],
        &["fmt", &missing],
        &["graph", &missing],
        &["doc", &missing],
        &["doc", "std", "-o", &program],
        &["new", &program],
        &["model", "check", "--reference", &missing],
    ];
    for words in words {
        let run = sglc(words);
        assert!(!run.stderr.contains("os error") && !run.stderr.contains("No such"), "{words:?}\n{run}");
    }
    assert!(sglc(&["fmt", &missing]).stderr.ends_with(": there is no such file or folder\n"));
    assert!(sglc(&["run", &starts, "--allow-run"]).stderr.contains("cannot be run: there is no such file or folder"));
    assert!(sglc(&["run", &asks, "--allow-net"]).stderr.contains("does not answer: the connection is refused"));
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), format!("\u{feff}{text}")).unwrap();
    write("point.json", r#"{"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}"#);
    let main = "type Point = schema(\"point.json\")\nfn main(point: Point, more: str = \"\") -> str {\n    \
                let parsed: json = json.parse(fs.read(\"point.json\"))\n    \"{point.x}{more}{parsed != none}\"\n}\n";
    write("p.sgl", &main.replace("fs.read(\"point.json\")", &format!("fs.read({:?})", at(&folder, "point.json"))));
    write("sgl.toml", "[project]\nmain = \"p.sgl\"\n");
    write("arg.json", r#"{"x": 3}"#);
    write("more.txt", "!");
    write("lines.jsonl", "{\"point\": {\"x\": 1}}\n{\"point\": {\"x\": 2}}\n");
    write("asks.sgl", "test \"none asked\" { assert true }\n");
    write("asks.recorded.jsonl", "");
    let (program, lines) = (at(&folder, "p.sgl"), at(&folder, "lines.jsonl"));
    let given = format!("@{}", at(&folder, "arg.json"));
    let more = format!("@{}", at(&folder, "more.txt"));
    let run = sglc(&["run", "--allow-read", &program, "--point", &given, "--more", &more]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "3!true\n"), "{run}");
    let run = sglc(&["run", "--allow-read", &program, "--batch", &lines]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "\"1true\"\n\"2true\"\n"), "{run}");
    assert_eq!(sglc(&["test", &at(&folder, "asks.sgl")]).code, 0);
}

/// sglc with a text on its standard input.
fn fed(words: &[&str], input: &str) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sglc"))
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Who refuses its words may end before it reads.
    let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn a_dash_is_standard_input_for_a_batch() {
    let folder = folder();
    let program = at(&folder, "p.sgl");
    let run = fed(&["run", &program, "--batch", "-"], "{\"n\": 4}\n\n{\"n\": 5}\n");
    assert_eq!((run.code, run.stdout.as_str()), (0, "4\n5\n"), "{run}");
    let run = fed(&["run", &program, "--batch", "-", "--s", "@-"], "{\"n\": 4}\n");
    assert!(run.code == 2 && run.stderr.contains("both"), "{run}");
    // Nothing that changes would mend it, so nothing is waited for.
    let run = fed(&["run", &program, "--batch", "-", "--watch"], "{\"n\": 4}\n");
    assert!(run.code == 2 && run.stderr.contains("`--watch` runs again"), "{run}");
}

#[test]
fn check_takes_folders() {
    let folder = folder();
    fs::create_dir(folder.path().join("more")).unwrap();
    let run = sglc(&["check", &at(&folder, "more")]);
    assert!(run.code == 2 && run.stderr.contains("there is no .sgl file in"), "{run}");
    fs::write(folder.path().join("more/q.sgl"), "fn main() -> int { no }\n").unwrap();
    let run = sglc(&["check", &at(&folder, ""), "--json"]);
    assert_eq!(run.code, 3, "{run}");
    let reports: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let oks: Vec<_> = reports.as_array().unwrap().iter().map(|report| report["ok"].as_bool().unwrap()).collect();
    assert_eq!(oks, [false, true]);
}

#[test]
fn a_code_is_explained_however_it_is_spelt() {
    let page = sglc(&["explain", "E0101"]).stdout;
    for spelling in ["101", "e0101", "E101", "0101"] {
        assert_eq!(sglc(&["explain", spelling]).stdout, page, "{spelling}");
    }
    assert!(sglc(&["explain", "501"]).stdout.starts_with("W0501"));
    let run = sglc(&["explain", "E01o1"]);
    assert!(run.code == 2 && run.stderr.contains("did you mean E0101?"), "{run}");
}

#[test]
fn a_folder_without_a_test_does_not_pass() {
    let folder = folder();
    for path in [at(&folder, ""), at(&folder, "p.sgl")] {
        let run = sglc(&["test", &path]);
        assert!(run.code == 2 && run.stderr.contains("there is no test in"), "{run}");
    }
}

#[test]
fn pages_of_another_run_go_and_other_files_stay() {
    let folder = folder();
    let pages = folder.path().join("doc");
    let names = |pages: &Path| {
        let mut names: Vec<_> =
            fs::read_dir(pages).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let output = pages.display().to_string();
    assert_eq!(sglc(&["doc", "std", "-o", &output]).code, 0);
    let of_std = names(&pages);
    fs::write(pages.join("mine.html"), "<p>mine</p>").unwrap();
    assert_eq!(sglc(&["doc", &at(&folder, "p.sgl"), "-o", &output]).code, 0);
    assert!(names(&pages).iter().any(|name| name != "index.html" && name.contains('p')), "{:?}", names(&pages));
    assert_eq!(sglc(&["doc", "std", "-o", &output]).code, 0);
    let expected: Vec<_> = {
        let mut names = of_std;
        names.push("mine.html".into());
        names.sort();
        names
    };
    assert_eq!(names(&pages), expected);
}
