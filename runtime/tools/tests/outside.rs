//! Effects on a folder, a server and programs of the test's own.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use sgl_check::builtins::Builtin;
use sgl_exec::World;
use sgl_host::{Value, json};
use sgl_tools::{Allowed, Outside, Permissions};

fn these(names: &[&str]) -> Allowed {
    Allowed::These(names.iter().map(ToString::to_string).collect())
}

fn texts(texts: &[&str]) -> Vec<Value> {
    texts.iter().map(|text| Value::str(*text)).collect()
}

/// The value as JSON, or code and title of the error.
async fn perform(permissions: &Permissions, effect: Builtin, arguments: Vec<Value>) -> String {
    match Outside::new(permissions.clone()).perform(effect, arguments).await {
        Ok(value) => json::write(&value).unwrap(),
        Err(fault) => format!("{} {}", fault.code, fault.title),
    }
}

fn within(dir: &Path) -> Permissions {
    let dir = [dir.to_str().unwrap()];
    Permissions { read: these(&dir), write: these(&dir), ..Permissions::default() }
}

#[tokio::test]
async fn files_are_written_read_and_listed() {
    let dir = tempfile::tempdir().unwrap();
    let all = within(dir.path());
    let path = |name: &str| dir.path().join(name).display().to_string();
    let file = path("new/folder/a.txt");
    assert_eq!(perform(&all, Builtin::FsExists, texts(&[&file])).await, "false");
    assert_eq!(perform(&all, Builtin::FsWrite, texts(&[&file, "one\n"])).await, "null");
    assert_eq!(perform(&all, Builtin::FsAppend, texts(&[&file, "two\n"])).await, "null");
    assert_eq!(perform(&all, Builtin::FsRead, texts(&[&file])).await, r#""one\ntwo\n""#);
    assert_eq!(perform(&all, Builtin::FsWrite, texts(&[&file, "3"])).await, "null");
    assert_eq!(perform(&all, Builtin::FsRead, texts(&[&file])).await, r#""3""#);
    std::fs::write(path("new/b"), b"\xff").unwrap();
    assert_eq!(perform(&all, Builtin::FsList, texts(&[&path("new")])).await, r#"["b","folder"]"#);
    let no_picture = perform(&all, Builtin::Image, texts(&[&file])).await;
    assert!(no_picture.starts_with("E0412") && no_picture.contains("is no picture that a model reads"), "{no_picture}");
    std::fs::write(path("new/c.gif"), b"GIF89a").unwrap();
    let world = Outside::new(within(dir.path()));
    let picture = world.perform(Builtin::Image, texts(&[&path("new/c.gif")])).await.unwrap();
    assert_eq!(picture, Value::picture(b"GIF89a".to_vec()).unwrap());
    std::fs::remove_file(path("new/c.gif")).unwrap();
    let bad = perform(&all, Builtin::FsRead, texts(&[&path("new/b")])).await;
    assert!(bad.starts_with("E0412") && bad.ends_with("is not UTF-8 text: byte 0 is wrong"), "{bad}");
    for (effect, name) in [(Builtin::FsRead, "none"), (Builtin::FsRead, "new"), (Builtin::FsList, "none")] {
        let error = perform(&all, effect, texts(&[&path(name)])).await;
        assert!(error.starts_with("E0412"), "{name}: {error}");
    }
    for effect in [Builtin::FsRead, Builtin::Image] {
        let refused = perform(&all, effect, texts(&["/etc/hostname"])).await;
        assert_eq!(refused, "E0411 this run may not read `/etc/hostname`");
    }
}

/// What loses a race before it has begun does nothing.
#[test]
fn an_effect_that_nobody_waits_for_is_not_begun() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.txt");
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let busy = tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(200)));
        let outside = Outside::new(within(dir.path()));
        let write = outside.perform(Builtin::FsWrite, texts(&[file.to_str().unwrap(), "late"]));
        assert!(tokio::time::timeout(Duration::from_millis(20), write).await.is_err(), "it waits for the busy thread");
        busy.await.unwrap();
        tokio::task::spawn_blocking(|| {}).await.unwrap();
    });
    assert!(!file.exists());
}

/// Answers each request by what `answer` makes of its first line and body.
fn server(answer: impl Fn(&str, &str) -> String + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut text = String::new();
            let mut buffer = [0; 4096];
            let complete = |text: &str| {
                text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
                    let length = head
                        .lines()
                        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
                    body.len() >= length.unwrap_or(0)
                })
            };
            while !complete(&text) {
                match stream.read(&mut buffer) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => text.push_str(std::str::from_utf8(&buffer[..read]).unwrap()),
                }
            }
            let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
            let _ = stream.write_all(answer(head, body).as_bytes());
        }
    });
    port
}

fn page(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}", body.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_answers_and_every_redirect_is_asked_about() {
    let other =
        server(|head, _| page("200 OK", "", if head.to_lowercase().contains("secret") { "leaked" } else { "other" }));
    let port = server(move |head, body| match head.split(' ').nth(1).unwrap() {
        "/echo" => {
            page("201 Created", "X-Kind: a\r\nX-Kind: b\r\n", &format!("{} {body}", head.lines().next().unwrap()))
        }
        "/away" => page("302 Found", &format!("Location: http://127.0.0.1:{other}/\r\n"), ""),
        "/near/by" => page("301 Moved", "Location: ../echo\r\n", ""),
        "/loop" => page("302 Found", "Location: /loop\r\n", ""),
        "/keep" => page("307 Temporary", "Location: /echo\r\n", ""),
        _ => page("404 Not Found", "", "no"),
    });
    let url = |path: &str| format!("http://127.0.0.1:{port}{path}");
    let one = Permissions { net: these(&[&format!("127.0.0.1:{port}")]), ..Permissions::default() };
    let answer = perform(&one, Builtin::HttpPost, texts(&[&url("/echo"), "hi"])).await;
    assert!(answer.starts_with(r#"{"status":201,"body":"POST /echo HTTP/1.1 hi","#), "{answer}");
    assert!(answer.contains(r#""x-kind":"a, b""#), "{answer}");
    assert!(perform(&one, Builtin::HttpPost, texts(&[&url("/keep"), "hi"])).await.contains("POST /echo HTTP/1.1 hi"));
    assert!(perform(&one, Builtin::HttpGet, texts(&[&url("/none")])).await.starts_with(r#"{"status":404,"body":"no""#));
    let away = perform(&one, Builtin::HttpGet, texts(&[&url("/away")])).await;
    assert_eq!(away, format!("E0411 this run may not talk to `127.0.0.1:{other}`"));
    assert!(perform(&one, Builtin::HttpGet, texts(&[&url("/loop")])).await.contains("more than 8 times"));
    let none = Permissions::default();
    let refused = perform(&none, Builtin::HttpGet, texts(&[&format!("http://user@127.0.0.1:{port}/")])).await;
    assert_eq!(refused, format!("E0411 this run may not talk to `127.0.0.1:{port}`"));

    // What is for one server is not passed on to another.
    let both = Permissions { net: these(&["127.0.0.1"]), ..Permissions::default() };
    let mut headers: IndexMap<_, Value> = IndexMap::new();
    headers.insert("Authorization".into(), Value::str("secret"));
    let arguments = vec![Value::str(url("/away")), Value::map(headers).unwrap()];
    assert!(perform(&both, Builtin::HttpGet, arguments).await.contains(r#""body":"other""#));
    for wrong in ["ftp://127.0.0.1/", "no address", "http:///x", "file:///etc/passwd"] {
        let error = perform(&both, Builtin::HttpGet, texts(&[wrong])).await;
        assert!(error.starts_with("E0412"), "{wrong}: {error}");
    }
}

/// What loses a race while a server thinks about it is not sent on to where that server leads.
#[tokio::test]
async fn nobody_follows_a_redirect_that_nobody_waits_for() {
    let (sender, asked) = std::sync::mpsc::channel();
    let port = server(move |head, _| {
        let path = head.split(' ').nth(1).unwrap().to_string();
        let first = path == "/first";
        sender.send(path).unwrap();
        if first {
            std::thread::sleep(Duration::from_millis(200));
        }
        page("302 Found", "Location: /second\r\n", "")
    });
    let outside = Outside::new(Permissions { net: these(&["127.0.0.1"]), ..Permissions::default() });
    let get = outside.perform(Builtin::HttpGet, texts(&[&format!("http://127.0.0.1:{port}/first")]));
    assert!(tokio::time::timeout(Duration::from_millis(100), get).await.is_err(), "it waits for the server");
    assert_eq!(asked.recv_timeout(Duration::from_secs(5)).unwrap(), "/first");
    assert!(asked.recv_timeout(Duration::from_millis(800)).is_err(), "the redirect was followed");
}

#[cfg(unix)]
#[tokio::test]
async fn a_program_runs_to_its_end_or_until_nobody_waits() {
    let allowed = Permissions { run: these(&["cat", "sh", "sleep"]), ..Permissions::default() };
    let arguments = vec![Value::str("cat"), Value::list(Vec::new()).unwrap(), Value::str("in")];
    assert_eq!(perform(&allowed, Builtin::ProcessRun, arguments).await, r#"{"code":0,"output":"in","error":""}"#);
    let script = |text: &str| vec![Value::str("sh"), Value::list(texts(&["-c", text])).unwrap()];
    let said = perform(&allowed, Builtin::ProcessRun, script("echo out; echo bad >&2; exit 3")).await;
    assert_eq!(said, r#"{"code":3,"output":"out\n","error":"bad\n"}"#);
    assert!(perform(&allowed, Builtin::ProcessRun, script("kill -9 $$")).await.starts_with("E0412"));
    let refused = perform(&allowed, Builtin::ProcessRun, texts(&["ls"])).await;
    assert_eq!(refused, "E0411 this run may not start `ls`");

    let dir = tempfile::tempdir().unwrap();
    let mark = dir.path().join("mark");
    let late = script(&format!("sleep 1; touch {}", mark.display()));
    let world = Outside::new(allowed);
    let running = tokio::time::timeout(Duration::from_millis(200), world.perform(Builtin::ProcessRun, late));
    assert!(running.await.is_err());
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(!mark.exists(), "the program went on");
}

#[tokio::test]
async fn the_clock_and_the_environment() {
    let path = Permissions { env: these(&["PATH", "NOT_THERE_AT_ALL", "A=B"]), ..Permissions::default() };
    let value = std::env::var("PATH").unwrap();
    assert_eq!(perform(&path, Builtin::EnvGet, texts(&["PATH"])).await, serde_json_text(&value));
    assert_eq!(perform(&path, Builtin::EnvGet, texts(&["NOT_THERE_AT_ALL"])).await, "null");
    assert_eq!(perform(&path, Builtin::EnvGet, texts(&["A=B"])).await, "null");
    assert!(perform(&path, Builtin::EnvGet, texts(&["HOME"])).await.starts_with("E0411"));
    let none = Permissions::default();
    let now: f64 = perform(&none, Builtin::TimeNow, vec![]).await.parse().unwrap();
    assert!(now > 1.7e9);
    let before = Instant::now();
    assert_eq!(perform(&none, Builtin::TimeSleep, vec![Value::Float(0.05)]).await, "null");
    assert!(before.elapsed() >= Duration::from_millis(50));
    for seconds in [-1.0, 1e300] {
        assert!(perform(&none, Builtin::TimeSleep, vec![Value::Float(seconds)]).await.starts_with("E0412"));
    }
}

fn serde_json_text(text: &str) -> String {
    json::write(&Value::str(text)).unwrap()
}
