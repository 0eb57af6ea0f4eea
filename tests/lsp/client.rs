//! Messages of a test in, the answers of a server of its own out.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// Seconds that a server may take for anything.
const PATIENCE: usize = 60;

/// A server with a folder of its own.
pub struct Client {
    child: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    folder: tempfile::TempDir,
    last: i64,
    versions: HashMap<String, i64>,
    /// What was published, by file: version and diagnostics.
    published: HashMap<String, (i64, Vec<Value>)>,
}

/// A text with the cursor taken out: the text, line and column of the cursor.
pub fn cursor(text: &str) -> (String, u64, u64) {
    let at = text.find("<|>").expect("a cursor");
    let before = &text[..at];
    let line = before.matches('\n').count() as u64;
    let column = before.rsplit('\n').next().unwrap_or_default().encode_utf16().count() as u64;
    (text.replacen("<|>", "", 1), line, column)
}

impl Client {
    /// A server that counts columns in UTF-16.
    pub fn new() -> Self {
        Self::with(json!({ "textDocument": { "completion": { "completionItem": { "snippetSupport": true } } } }))
    }

    /// A server for an editor that can do this.
    pub fn with(capabilities: Value) -> Self {
        Self::at_folder(capabilities, tempfile::tempdir().unwrap())
    }

    /// A server in a folder that is filled first.
    pub fn in_folder(fill: impl FnOnce(&std::path::Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path());
        Self::at_folder(json!({}), folder)
    }

    fn at_folder(capabilities: Value, folder: tempfile::TempDir) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sglc"))
            .arg("lsp")
            // No model is there: lengths are in characters, whatever this machine has.
            .env("SGL_HOME", folder.path().join(".home"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let input = child.stdin.take();
        let mut client =
            Client { child, input, messages, folder, last: 0, versions: HashMap::new(), published: HashMap::new() };
        let root = client.uri("");
        client.ask(
            "initialize",
            json!({ "capabilities": capabilities, "workspaceFolders": [{ "uri": root, "name": "w" }] }),
        );
        client.tell("initialized", json!({}));
        client
    }

    /// What the server holds in memory, in KiB.
    pub fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    /// A file of its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The address of a file of its folder.
    pub fn uri(&self, name: &str) -> String {
        format!("file://{}", self.path(name).display())
    }

    fn send(&mut self, message: &Value) {
        self.send_body(&message.to_string());
    }

    /// Sends what may be no message.
    pub fn send_body(&mut self, body: &str) {
        let input = self.input.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        input.flush().unwrap();
    }

    /// Tells something.
    pub fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Asks something, without waiting for the answer.
    pub fn begin(&mut self, method: &str, params: Value) -> i64 {
        self.last += 1;
        let id = self.last;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    /// The next message. It is waited for a second at a time: while test and server are stopped together, no time is lost.
    fn next(&self, what: &str) -> Value {
        for _ in 0..PATIENCE {
            match self.messages.recv_timeout(Duration::from_secs(1)) {
                Ok(message) => return message,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => panic!("the server is gone, and {what} did not come"),
            }
        }
        panic!("{what} did not come; the threads of the server:\n{}", self.threads());
    }

    /// What each thread of the server does, where the system tells it: its name, its state, and what it waits for.
    fn threads(&self) -> String {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).into_iter().flatten().flatten();
        let of = |task: &std::path::Path, file: &str| std::fs::read_to_string(task.join(file)).unwrap_or_default();
        let thread = |task: std::fs::DirEntry| {
            let status = of(&task.path(), "status");
            let state = status.lines().find(|line| line.starts_with("State")).unwrap_or_default();
            let (name, waits) = (of(&task.path(), "comm"), of(&task.path(), "wchan"));
            format!("{} {state} {waits} {}\n", name.trim(), of(&task.path(), "syscall").trim())
        };
        tasks.map(thread).collect()
    }

    /// The answer to a request: its result, or its error.
    pub fn finish(&mut self, id: i64) -> Result<Value, Value> {
        loop {
            let message = self.next("an answer");
            if message["id"] == id && message.get("method").is_none() {
                return match message.get("error") {
                    Some(error) if !error.is_null() => Err(error.clone()),
                    _ => Ok(message["result"].clone()),
                };
            }
            self.note(&message);
        }
    }

    /// The next message that has no number: the error that answers what is no request.
    pub fn next_error(&mut self) -> Value {
        loop {
            let message = self.next("an error");
            if message.get("method").is_none() && message["id"].is_null() {
                return message["error"].clone();
            }
            self.note(&message);
        }
    }

    fn note(&mut self, message: &Value) {
        if message["method"] == "textDocument/publishDiagnostics" {
            let params = &message["params"];
            let version = params["version"].as_i64().unwrap_or(-1);
            let found = params["diagnostics"].as_array().unwrap().clone();
            self.published.insert(params["uri"].as_str().unwrap().to_string(), (version, found));
        }
    }

    /// Asks something and waits for the result.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.begin(method, params);
        self.finish(id).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Opens a file.
    pub fn open(&mut self, name: &str, text: &str) {
        let uri = self.uri(name);
        self.versions.insert(name.to_string(), 1);
        self.tell(
            "textDocument/didOpen",
            json!({ "textDocument": { "uri": uri, "languageId": "sgl", "version": 1, "text": text } }),
        );
    }

    /// Changes a file.
    pub fn change(&mut self, name: &str, changes: Value) -> i64 {
        let uri = self.uri(name);
        let version = self.versions.get_mut(name).unwrap();
        *version += 1;
        let version = *version;
        self.tell(
            "textDocument/didChange",
            json!({ "textDocument": { "uri": uri, "version": version }, "contentChanges": changes }),
        );
        version
    }

    /// What was published last for a file, once that is of its last version.
    pub fn diagnostics(&mut self, name: &str) -> Vec<Value> {
        let (uri, version) = (self.uri(name), self.versions[name]);
        loop {
            if let Some((of, found)) = self.published.get(&uri) {
                assert!(*of <= version, "of a version that was never sent");
                if *of == version {
                    return found.clone();
                }
            }
            let message = self.next("diagnostics");
            self.note(&message);
        }
    }

    /// Takes in what came until now, and gives the version for which diagnostics were published last.
    pub fn published(&mut self, name: &str) -> Option<i64> {
        while let Ok(message) = self.messages.try_recv() {
            self.note(&message);
        }
        self.published.get(&self.uri(name)).map(|(version, _)| *version)
    }

    /// A request about a place of a file, which is opened with a text that has the cursor in it.
    pub fn at(&mut self, method: &str, name: &str, text: &str) -> Value {
        let (text, line, character) = cursor(text);
        self.open(name, &text);
        let params =
            json!({ "textDocument": { "uri": self.uri(name) }, "position": { "line": line, "character": character } });
        self.ask(method, params)
    }

    /// A request about a whole file, which is opened.
    pub fn of(&mut self, method: &str, name: &str, text: &str) -> Value {
        self.open(name, text);
        self.ask(method, json!({ "textDocument": { "uri": self.uri(name) } }))
    }

    /// Says goodbye; the exit code of the server.
    pub fn leave(mut self) -> Option<i32> {
        self.ask("shutdown", Value::Null);
        self.tell("exit", Value::Null);
        self.input = None;
        self.child.wait().unwrap().code()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        output.read_line(&mut line).ok().filter(|read| *read > 0)?;
        match line.trim_end().split_once(": ") {
            Some(("Content-Length", number)) => length = number.parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
