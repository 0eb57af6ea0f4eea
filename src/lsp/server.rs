//! An event in; texts changed, work handed out, messages sent out. What is known of the editor and its texts is here.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::notification::{self, Notification as _};
use lsp_types::{InitializeParams, InitializeResult, PublishDiagnosticsParams, ServerInfo};
use serde_json::{Value, json};
use sgl_ide::{Finding, Workspace};

use super::Event;
use super::disk::{Folders, Shared, name_of};
use super::documents::{Document, Documents};
use super::pending::{Asked, Fate, Pending};
use super::pool::{Done, Pool, Wanted, error, isolated};
use super::position::Encoding;
use super::requests::{self, Ask};
use super::{capabilities, convert};
use crate::args::LspArgs;
use crate::project::Found;
use crate::terminal::Exit;
use crate::{load, models};

/// Who types goes on within this time; until then nothing is checked.
const PAUSE: Duration = Duration::from_millis(20);
/// Who types without a pause sees what is wrong after this time.
const PATIENCE: Duration = Duration::from_millis(200);
/// Threads that answer.
const ANSWERERS: usize = 2;

/// What an editor can do.
pub struct Client {
    /// What the columns of positions count.
    pub encoding: Encoding,
    /// Whether completions may have places to go to.
    pub snippets: bool,
    watches: bool,
}

/// What to do after an event.
pub enum Next {
    /// Wait for the next one.
    Go,
    /// The editor has left.
    Leave(Exit),
}

/// One editor, its texts, and the work that is going on.
pub struct Server {
    client: Arc<Client>,
    folders: Arc<Folders>,
    workspace: Workspace,
    documents: Documents,
    sender: Sender<Message>,
    done: Sender<Done>,
    answerers: Pool,
    checker: Pool,
    /// Requests that are not answered yet.
    pending: Pending,
    /// Texts that were changed since they were checked; since when, and when that will be.
    waiting: Option<(Instant, Instant)>,
    /// The last check of the texts: with the next one nobody waits for it.
    checking: Wanted,
    /// What was published last of each text, and of which state.
    published: HashMap<String, (i32, Vec<Finding>)>,
    /// The last mistake of ours that was told.
    said: String,
    /// Whether the editor has said that it will leave.
    leaving: bool,
}

/// Who has to know when an event makes a panic.
#[derive(Debug, PartialEq, Eq)]
enum Concerned {
    /// Who waits for the answer to this request.
    Request(RequestId),
    /// Who writes this text.
    Text(String),
    /// Nobody in particular.
    Nobody,
}

impl Concerned {
    fn by(event: &Event) -> Concerned {
        match event {
            Event::Client(Message::Request(request)) => Concerned::Request(request.id.clone()),
            Event::Done(Done::Answered(id, _)) => Concerned::Request(id.clone()),
            Event::Client(Message::Notification(told)) => {
                let is_text = told.method == notification::DidOpenTextDocument::METHOD
                    || told.method == notification::DidChangeTextDocument::METHOD;
                let uri = told.params["textDocument"]["uri"].as_str().filter(|_| is_text);
                let name = uri.and_then(|uri| uri.parse().ok()).map(|uri| name_of(&uri));
                name.map_or(Concerned::Nobody, Concerned::Text)
            }
            _ => Concerned::Nobody,
        }
    }
}

impl Server {
    pub fn new(
        params: &InitializeParams,
        args: &LspArgs,
        sender: Sender<Message>,
        done: Sender<Done>,
    ) -> io::Result<Self> {
        let general = params.capabilities.general.as_ref();
        let text = params.capabilities.text_document.as_ref();
        let item = text.and_then(|text| text.completion.as_ref()?.completion_item.as_ref());
        let watched = params.capabilities.workspace.as_ref().and_then(|able| able.did_change_watched_files.as_ref());
        let client = Arc::new(Client {
            encoding: Encoding::negotiate(general.and_then(|general| general.position_encodings.as_deref())),
            snippets: item.and_then(|item| item.snippet_support).unwrap_or(false),
            watches: watched.and_then(|watched| watched.dynamic_registration).unwrap_or(false),
        });
        let folders = Arc::new(Folders::new(folders(params)));
        let disk = Shared(folders.clone());
        let workspace = match tokenizer(args, folders.first()) {
            Some(tokenizer) => Workspace::with_tokens(disk, move |text| tokenizer.encode(text).len()),
            None => Workspace::new(disk),
        };
        Ok(Server {
            client,
            folders,
            workspace,
            documents: Documents::default(),
            sender,
            done,
            answerers: Pool::new("answer", ANSWERERS)?,
            checker: Pool::new("check", 1)?,
            pending: Pending::default(),
            waiting: None,
            checking: Wanted::default(),
            published: HashMap::new(),
            said: String::new(),
            leaving: false,
        })
    }

    /// What the server says of itself.
    pub fn capabilities(&self) -> InitializeResult {
        InitializeResult {
            capabilities: capabilities::all(self.client.encoding),
            server_info: Some(ServerInfo { name: "sglc".into(), version: Some(env!("CARGO_PKG_VERSION").into()) }),
        }
    }

    /// The editor is ready to be asked.
    fn begin(&self) {
        if self.client.watches {
            let watchers = json!([{ "globPattern": "**/*.{sgl,json,gbnf,lark}" }]);
            let registration = json!({
                "id": "files",
                "method": notification::DidChangeWatchedFiles::METHOD,
                "registerOptions": { "watchers": watchers },
            });
            let params = json!({ "registrations": [registration] });
            let id = RequestId::from("files".to_string());
            self.send(Request { id, method: "client/registerCapability".into(), params });
        }
    }

    /// When the texts are to be checked.
    pub fn due(&self) -> Option<Instant> {
        self.waiting.map(|(_, due)| due)
    }

    /// Does what an event asks for. A panic in it is told, and the session goes on.
    pub fn on(&mut self, event: Event) -> Next {
        let concerned = Concerned::by(&event);
        self.isolated(concerned, |server| server.take(event))
    }

    fn isolated(&mut self, concerned: Concerned, work: impl FnOnce(&mut Self) -> Next) -> Next {
        isolated(|| Ok(work(self))).unwrap_or_else(|error| {
            self.failed(concerned, error);
            Next::Go
        })
    }

    fn take(&mut self, event: Event) -> Next {
        match event {
            Event::Due => self.check(),
            Event::Done(done) => self.done(done),
            Event::Client(Message::Request(request)) => self.request(request),
            Event::Client(Message::Notification(notification)) => return self.notification(notification),
            // The one request of ours needs no answer.
            Event::Client(Message::Response(_)) => {}
        }
        Next::Go
    }

    fn send(&self, message: impl Into<Message>) {
        // An editor that is gone is noticed where the next message is read.
        let _ = self.sender.send(message.into());
    }

    /// A mistake of ours: whoever waits for an answer has it, and a text that may not be as the editor has it is let go.
    fn failed(&mut self, concerned: Concerned, error: lsp_server::ResponseError) {
        match concerned {
            Concerned::Request(id) => {
                self.pending.give_up(&id);
                self.answer(id, Err(error));
            }
            Concerned::Text(name) => {
                self.close(&name);
                self.say(&format!("{}; {name} is not followed until it is closed and opened again", error.message));
            }
            Concerned::Nobody => self.say(&error.message),
        }
    }

    /// Tells the person in front of the editor of a mistake of ours: not again and again of the same.
    fn say(&mut self, message: &str) {
        if self.said != message {
            self.said = message.to_string();
            let params = json!({ "type": lsp_types::MessageType::ERROR, "message": message });
            self.send(Notification::new(notification::ShowMessage::METHOD.into(), params));
        }
    }

    fn answer(&self, id: RequestId, answer: Result<Value, lsp_server::ResponseError>) {
        self.send(Response { id, response_result: answer });
    }

    // ---- requests ----

    fn request(&mut self, request: Request) {
        let Request { id, method, params } = request;
        if method == "shutdown" {
            self.leaving = true;
            return self.answer(id, Ok(Value::Null));
        }
        if self.leaving {
            return self.answer(id, Err(error(ErrorCode::InvalidRequest, "the server is shutting down")));
        }
        if method == "initialize" {
            return self.answer(id, Err(error(ErrorCode::InvalidRequest, "the server is initialized already")));
        }
        let Some(handler) = requests::handler(&method) else {
            return self.answer(id, Err(error(ErrorCode::MethodNotFound, &format!("there is no request {method}"))));
        };
        let asked = Asked::new(&method, params, handler);
        self.pending.add(id.clone(), asked.clone());
        self.work_on(id, asked);
    }

    /// Has a request answered, with the texts as they are now.
    fn work_on(&self, id: RequestId, asked: Asked) {
        let analysis = self.workspace.analysis().until(asked.wanted.given_up());
        let ask = Ask { analysis, client: self.client.clone() };
        let done = self.done.clone();
        self.answerers.run(Box::new(move || {
            if !asked.wanted.is_given_up() {
                let answer = isolated(|| (asked.handler)(&ask, asked.params));
                let _ = done.send(Done::Answered(id, answer));
            }
        }));
    }

    /// Answers that a request is not worked on any more; its work is passed over.
    fn give_up(&mut self, id: RequestId, code: ErrorCode, why: &str) {
        if self.pending.give_up(&id) {
            self.answer(id, Err(error(code, why)));
        }
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Answered(id, answer) => match self.pending.worked(&id, &self.workspace.analysis()) {
                Fate::Fits => self.answer(id, answer),
                Fate::Again(asked) => self.work_on(id, asked),
                Fate::Unwanted => {}
            },
            Done::Failed(error) => self.failed(Concerned::Nobody, error),
            Done::Checked { name, opening, version, findings } => {
                let is_of = |document: &&Document| (document.opening, document.version) == (opening, version);
                let Some(document) = self.documents.get(&name).filter(is_of) else { return };
                let known = self.published.get(&name);
                if known.is_some_and(|(of, said)| *of == version && *said == findings) {
                    return;
                }
                let ask = Ask { analysis: self.workspace.analysis(), client: self.client.clone() };
                let Some(lines) = ask.lines(&name) else { return };
                let found = findings.iter().map(|finding| convert::diagnostic(&ask, &lines, finding));
                self.publish(document.uri.clone(), found.collect(), Some(version));
                self.published.insert(name, (version, findings));
            }
        }
    }

    fn publish(&self, uri: lsp_types::Uri, diagnostics: Vec<lsp_types::Diagnostic>, version: Option<i32>) {
        let params = PublishDiagnosticsParams { uri, diagnostics, version };
        self.send(Notification::new(notification::PublishDiagnostics::METHOD.into(), params));
    }

    // ---- what the editor tells ----

    fn notification(&mut self, told: Notification) -> Next {
        match told.method.as_str() {
            notification::Exit::METHOD => {
                return Next::Leave(if self.leaving { Exit::Done } else { Exit::Failed });
            }
            notification::Initialized::METHOD => self.begin(),
            notification::Cancel::METHOD => {
                if let Some(id) = read::<lsp_types::CancelParams>(told.params).map(|params| match params.id {
                    lsp_types::NumberOrString::Number(number) => RequestId::from(number),
                    lsp_types::NumberOrString::String(text) => RequestId::from(text),
                }) {
                    self.give_up(id, ErrorCode::RequestCanceled, "cancelled");
                }
            }
            notification::DidOpenTextDocument::METHOD => {
                if let Some(params) = read::<lsp_types::DidOpenTextDocumentParams>(told.params) {
                    let lsp_types::TextDocumentItem { uri, version, text, .. } = params.text_document;
                    let (name, text): (_, Arc<str>) = (name_of(&uri), text.into());
                    self.workspace.set(&name, text.clone());
                    self.documents.open(&name, uri, version, text);
                    self.drop_stale(&name);
                    self.check_soon();
                }
            }
            notification::DidChangeTextDocument::METHOD => {
                if let Some(params) = read::<lsp_types::DidChangeTextDocumentParams>(told.params) {
                    let name = name_of(&params.text_document.uri);
                    let (version, changes) = (params.text_document.version, params.content_changes);
                    if let Some(text) = self.documents.change(&name, version, changes, self.client.encoding) {
                        self.workspace.set(&name, text);
                        self.drop_stale(&name);
                        self.check_soon();
                    }
                }
            }
            notification::DidCloseTextDocument::METHOD => {
                if let Some(params) = read::<lsp_types::DidCloseTextDocumentParams>(told.params) {
                    self.close(&name_of(&params.text_document.uri));
                }
            }
            notification::DidSaveTextDocument::METHOD | notification::DidChangeWatchedFiles::METHOD => {
                self.folders.look_again();
                self.workspace.touch();
                self.check_soon();
            }
            _ => {}
        }
        Next::Go
    }

    /// A text is not open any more.
    fn close(&mut self, name: &str) {
        self.workspace.close(name);
        self.drop_stale(name);
        self.published.remove(name);
        if let Some(document) = self.documents.close(name) {
            self.publish(document.uri, Vec::new(), None);
        }
        self.check_soon();
    }

    /// A text has changed: what was asked of it is not worked on any more. Requests about others are answered, on the new
    /// state where they depend on it.
    fn drop_stale(&mut self, name: &str) {
        for id in self.pending.changed(name) {
            self.give_up(id, ErrorCode::ContentModified, "the text has changed");
        }
    }

    // ---- diagnostics ----

    fn check_soon(&mut self) {
        let now = Instant::now();
        let since = self.waiting.map_or(now, |(since, _)| since);
        self.waiting = Some((since, (now + PAUSE).min(since + PATIENCE)));
    }

    /// Checks every text that is open. Those that did not change, nor anything that they import, take no time.
    fn check(&mut self) {
        self.waiting = None;
        self.checking.give_up();
        self.checking = Wanted::default();
        for (name, document) in self.documents.iter() {
            let (name, opening, version) = (name.to_string(), document.opening, document.version);
            let (analysis, done, wanted) = (self.workspace.analysis(), self.done.clone(), self.checking.clone());
            let analysis = analysis.until(wanted.given_up());
            self.checker.run(Box::new(move || {
                let found = isolated(|| Ok(analysis.diagnostics(&name)));
                // What was given up is not whole.
                if !wanted.is_given_up() {
                    let checked = |findings| Done::Checked { name, opening, version, findings };
                    let _ = done.send(found.map_or_else(Done::Failed, checked));
                }
            }));
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(params: Value) -> Option<T> {
    serde_json::from_value(params).ok()
}

/// The folders that the editor has open.
fn folders(params: &InitializeParams) -> Vec<PathBuf> {
    let named = params.workspace_folders.iter().flatten().map(|folder| &folder.uri);
    #[allow(deprecated, reason = "editors without workspace folders still have a root")]
    let root = params.root_uri.iter();
    let mut found: Vec<PathBuf> = named.chain(root).map(|uri| PathBuf::from(name_of(uri))).collect();
    found.dedup();
    found
}

/// The tokenizer of the model that the command line names, else of the one that a run in the editor's folder asks. Where its file
/// is not here, characters are counted: nothing is downloaded because somebody opens an editor.
fn tokenizer(args: &LspArgs, folder: Option<&Path>) -> Option<sgl_model::Tokenizer> {
    let project = folder.and_then(|folder| Found::above(folder).ok()).unwrap_or_default();
    let named = args.model.as_deref().or(project.project.model.as_deref());
    let source = project.model(named.unwrap_or(models::table::DEFAULT)).source;
    load::tokenizer(&models::resolve(&source, true, &models::Silent).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::{Receiver, unbounded};

    use super::*;

    /// A server whose workers' results nobody hands on but the test, with what it says and what they find.
    fn server() -> (Server, Receiver<Message>, Receiver<Done>) {
        let ((sender, said), (done, results)) = (unbounded(), unbounded());
        let args = LspArgs { model: Some("./none.gguf".into()), stdio: true };
        (Server::new(&InitializeParams::default(), &args, sender, done).unwrap(), said, results)
    }

    fn tell(server: &mut Server, method: &str, params: Value) {
        server.on(Event::Client(Notification::new(method.into(), params).into()));
    }

    fn open(server: &mut Server, name: &str, text: &str) {
        let document = json!({ "uri": format!("file:///{name}"), "languageId": "sgl", "version": 1, "text": text });
        tell(server, "textDocument/didOpen", json!({ "textDocument": document }));
    }

    fn change(server: &mut Server, name: &str, text: &str) {
        let document = json!({ "uri": format!("file:///{name}"), "version": 2 });
        let params = json!({ "textDocument": document, "contentChanges": [{ "text": text }] });
        tell(server, "textDocument/didChange", params);
    }

    /// Asks for the symbols or the inlay hints of a whole file.
    fn ask(server: &mut Server, id: i32, method: &str, name: &str) {
        let all = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 99, "character": 0 } });
        let params = json!({ "textDocument": { "uri": format!("file:///{name}") }, "range": all });
        server.on(Event::Client(Request::new(id.into(), method.into(), params).into()));
    }

    fn answers(said: &Receiver<Message>) -> Vec<Response> {
        let answer = |message| match message {
            Message::Response(response) => Some(response),
            _ => None,
        };
        said.try_iter().filter_map(answer).collect()
    }

    #[test]
    fn an_edit_drops_what_was_asked_of_that_text_alone() {
        let (mut server, said, results) = server();
        open(&mut server, "a.sgl", "fn a() -> int { 1 }\n");
        open(&mut server, "b.sgl", "fn b() -> int { 1 }\n");
        ask(&mut server, 1, "textDocument/documentSymbol", "a.sgl");
        ask(&mut server, 2, "textDocument/documentSymbol", "b.sgl");
        change(&mut server, "a.sgl", "fn c() -> int { 1 }\n");
        let dropped = answers(&said);
        assert_eq!(dropped.len(), 1);
        assert_eq!(dropped[0].id, 1.into());
        assert_eq!(dropped[0].response_result.as_ref().unwrap_err().code, ErrorCode::ContentModified as i32);
        let mut answered = Vec::new();
        while answered.is_empty() {
            server.on(Event::Done(results.recv_timeout(Duration::from_secs(60)).unwrap()));
            answered = answers(&said);
        }
        assert_eq!(answered[0].id, 2.into());
        assert_eq!(answered[0].response_result.as_ref().unwrap()[0]["name"], "b");
    }

    #[test]
    fn what_depends_on_an_edited_text_is_answered_on_its_new_state() {
        let (mut server, said, results) = server();
        open(&mut server, "util.sgl", "fn one() -> int { 1 }\n");
        open(
            &mut server,
            "b.sgl",
            "import \"./util.sgl\" as util\nfn b() -> int {\n    let x = util.one()\n    1\n}\n",
        );
        ask(&mut server, 1, "textDocument/inlayHint", "b.sgl");
        // The answer is found before the edit, and comes after it.
        let found = results.recv_timeout(Duration::from_secs(60)).unwrap();
        change(&mut server, "util.sgl", "fn one() -> str { \"\" }\n");
        server.on(Event::Done(found));
        assert!(answers(&said).is_empty(), "of a state that is over");
        server.on(Event::Done(results.recv_timeout(Duration::from_secs(60)).unwrap()));
        assert_eq!(answers(&said)[0].response_result.as_ref().unwrap()[0]["label"], ": str");
    }

    /// The errors that the person in front of the editor is told.
    fn told(said: &Receiver<Message>) -> Vec<String> {
        let text = |message| match message {
            Message::Notification(told) if told.method == "window/showMessage" => {
                assert_eq!(told.params["type"], 1);
                told.params["message"].as_str().map(str::to_string)
            }
            _ => None,
        };
        said.try_iter().filter_map(text).collect()
    }

    #[test]
    fn a_panic_of_the_loop_is_told_and_the_session_goes_on() {
        let (mut server, said, results) = server();
        open(&mut server, "a.sgl", "fn a() -> int { 1 }\n");
        ask(&mut server, 1, "textDocument/documentSymbol", "a.sgl");
        let found = results.recv_timeout(Duration::from_secs(60)).unwrap();
        // Whoever waits for an answer has one.
        server.isolated(Concerned::Request(1.into()), |_| panic!("no answer"));
        let answered = answers(&said);
        assert_eq!(answered[0].response_result.as_ref().unwrap_err().message, "a mistake in sglc itself: no answer");
        server.on(Event::Done(found));
        assert!(answers(&said).is_empty(), "it is answered once");
        // Who writes is told, once; what is found of the text afterwards is of no state of the editor.
        for _ in 0..2 {
            server.isolated(Concerned::Text("/a.sgl".into()), |_| panic!("in the middle"));
        }
        let lost = told(&said);
        assert_eq!(lost.len(), 1);
        assert!(lost[0].contains("in the middle; /a.sgl is not followed until"), "{lost:?}");
        change(&mut server, "a.sgl", "fn b() -> int { nothing }\n");
        assert!(server.documents.get("/a.sgl").is_none());
        server.isolated(Concerned::Nobody, |_| panic!("while it is drawn"));
        server.on(Event::Done(Done::Failed(error(ErrorCode::InternalError, "while it is checked"))));
        let errors = told(&said);
        assert!(errors[0].ends_with("while it is drawn") && errors[1].ends_with("while it is checked"), "{errors:?}");
        // Opened again, all is as it was.
        open(&mut server, "a.sgl", "fn c() -> int { 1 }\n");
        ask(&mut server, 2, "textDocument/documentSymbol", "a.sgl");
        server.on(Event::Done(results.recv_timeout(Duration::from_secs(60)).unwrap()));
        assert_eq!(answers(&said)[0].response_result.as_ref().unwrap()[0]["name"], "c");
    }

    #[test]
    fn a_panic_concerns_whom_the_event_came_from() {
        let message = |method: &str| {
            let params = json!({ "textDocument": { "uri": "file:///a%20b.sgl" } });
            Event::Client(Notification::new(method.into(), params).into())
        };
        let text = Concerned::Text("/a b.sgl".into());
        assert_eq!(Concerned::by(&message("textDocument/didChange")), text);
        assert_eq!(Concerned::by(&message("textDocument/didOpen")), text);
        assert_eq!(Concerned::by(&message("textDocument/didSave")), Concerned::Nobody);
        let request = Request::new(7.into(), "textDocument/hover".into(), Value::Null);
        assert_eq!(Concerned::by(&Event::Client(request.into())), Concerned::Request(7.into()));
        assert_eq!(
            Concerned::by(&Event::Done(Done::Answered(8.into(), Ok(Value::Null)))),
            Concerned::Request(8.into())
        );
        assert_eq!(Concerned::by(&Event::Due), Concerned::Nobody);
    }

    #[test]
    fn a_text_that_was_opened_again_does_not_get_what_was_found_before() {
        let (mut server, said, results) = server();
        open(&mut server, "a.sgl", "fn main() -> int { nothing }\n");
        server.on(Event::Due);
        let found = results.recv_timeout(Duration::from_secs(60)).unwrap();
        tell(&mut server, "textDocument/didClose", json!({ "textDocument": { "uri": "file:///a.sgl" } }));
        open(&mut server, "a.sgl", "fn main() -> int { 1 }\n");
        let _ = said.try_iter().count();
        server.on(Event::Done(found));
        assert_eq!(said.try_iter().count(), 0, "of the text that is closed");
        server.on(Event::Due);
        server.on(Event::Done(results.recv_timeout(Duration::from_secs(60)).unwrap()));
        assert_eq!(said.try_iter().count(), 1);
    }
}
