//! `--metrics`: what a client is shown while a batch runs, on the real model that `SGL_TEST_MODEL` names.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use crate::sglc;

#[test]
fn a_batch_shows_its_numbers_while_it_runs() {
    let Some(model) = std::env::var_os("SGL_TEST_MODEL") else {
        return println!("skipped: SGL_TEST_MODEL names no model file");
    };
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("say.sgl");
    std::fs::write(
        &program,
        "prompt main(what: str) -> str {\n    what\n    gen(max_tokens: 2, ignore_eos: true)\n}\n",
    )
    .unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_sglc"))
        .arg("run")
        .arg("--model")
        .arg(model)
        .args(["--metrics", "127.0.0.1:0", "--batch", "-"])
        .arg(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = run.stdin.take().unwrap();
    let mut said = BufReader::new(run.stderr.take().unwrap()).lines();
    let address = said
        .find_map(|line| Some(line.unwrap().strip_prefix("metrics: http://")?.strip_suffix("/metrics")?.to_owned()));
    writeln!(lines, "{{\"what\":\"Once upon a time\"}}").unwrap();
    let mut result = String::new();
    BufReader::new(run.stdout.take().unwrap()).read_line(&mut result).unwrap();
    let mut client = TcpStream::connect(address.unwrap()).unwrap();
    client.write_all(b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n").unwrap();
    let mut page = String::new();
    client.read_to_string(&mut page).unwrap();
    for wanted in ["sgl_answered_requests_total", "sgl_first_token_seconds_count"] {
        let line = page.lines().find(|line| line.starts_with(&format!("{wanted}{{model="))).unwrap();
        assert!(line.ends_with(" 1"), "{page}");
    }
    drop(lines);
    assert!(run.wait().unwrap().success(), "{result}");
}

#[test]
fn a_taken_address_is_said_before_anything_runs() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = sglc(&["run", "--offline", "--metrics", &address, "-e", "gen()"]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains(&format!("cannot listen at {address}: ")), "{run}");
}
