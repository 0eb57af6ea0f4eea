//! `sglc lsp`: messages of an editor in; answers and diagnostics out, over standard input and output.
//!
//! 1. [`run`] shakes hands and runs the one loop: an `Event` comes in, over the `wire`, and the `server` does what it asks.
//! 2. Changes of texts are applied at once and in order (`documents`, `position`).
//! 3. Every request takes a picture of the texts with it and is answered by a worker (`pool`), in a file of its own in `requests`.
//! 4. When nothing was typed for a moment, one worker checks what is open, and what it finds is published.
//!
//! Architecture invariant: only this folder knows the protocol. What is answered is found in `sgl-ide`.
//! Architecture invariant: nothing can take the server with it: a panic becomes an error of its request, or, where it is of none, a
//! message that the editor shows.

mod capabilities;
mod convert;
mod disk;
mod documents;
mod pending;
mod pool;
mod position;
mod requests;
mod server;
mod wire;

use std::io::IsTerminal;
use std::time::Instant;

use crossbeam_channel::{Receiver, after, never, select, unbounded};
use lsp_server::{ErrorCode, Message, RequestId, Response};
use lsp_types::InitializeParams;

use crate::args::LspArgs;
use crate::terminal::{self, Complaint, DIM, Exit};
use pool::{Done, error};
use server::{Next, Server};
use wire::Wire;

/// Everything that can happen.
enum Event {
    /// The editor says something.
    Client(Message),
    /// A worker is done.
    Done(Done),
    /// It is time to check what was typed.
    Due,
}

/// Serves one editor until it leaves.
pub fn run(args: &LspArgs) -> Result<Exit, Complaint> {
    if std::io::stdin().is_terminal() {
        terminal::write_error(&format!(
            "{DIM}this is for editors: it waits for messages of the Language Server Protocol. Ctrl-C leaves.{DIM:#}\n"
        ));
    }
    let lost =
        |error: std::io::Error| Complaint::failed(format!("the editor is gone: {}", sgl_diag::plain::io(&error)));
    let wire = Wire::stdio().map_err(lost)?;
    let left = serve(&wire, args);
    wire.close().map_err(lost)?;
    left
}

fn serve(wire: &Wire, args: &LspArgs) -> Result<Exit, Complaint> {
    let gone = |before| Complaint::failed(format!("the editor is gone: standard input ended before `{before}`"));
    let Some((id, params)) = greeting(wire) else { return Err(gone("initialize")) };
    let (done, results) = unbounded();
    let mut server = Server::new(&params, args, wire.sender.clone(), done).map_err(|error| {
        Complaint::failed(format!("the system gives no thread to answer on: {}", sgl_diag::plain::io(&error)))
    })?;
    // An editor that is gone is noticed where the next message is read.
    let response_result = requests::written(server.capabilities());
    let _ = wire.sender.send(Response { id, response_result }.into());
    loop {
        let Some(event) = next(wire, &results, server.due()) else { return Err(gone("exit")) };
        match server.on(event) {
            Next::Go => {}
            Next::Leave(exit) => return Ok(exit),
        }
    }
}

/// The first thing that an editor says: what it can do, and the request that wants to know what we can. None, if it leaves before.
fn greeting(wire: &Wire) -> Option<(RequestId, InitializeParams)> {
    for message in &wire.receiver {
        let (id, wrong) = match message {
            Message::Request(request) if request.method == "initialize" => match requests::read(request.params) {
                Ok(params) => return Some((request.id, params)),
                Err(wrong) => (request.id, wrong),
            },
            Message::Request(request) => {
                let why = format!("`{}` comes before `initialize`", request.method);
                (request.id, error(ErrorCode::ServerNotInitialized, &why))
            }
            Message::Notification(told) if told.method == "exit" => return None,
            Message::Notification(_) | Message::Response(_) => continue,
        };
        let _ = wire.sender.send(Response { id, response_result: Err(wrong) }.into());
    }
    None
}

/// Waits for the next event. None, if the editor is gone.
fn next(wire: &Wire, results: &Receiver<Done>, due: Option<Instant>) -> Option<Event> {
    let due = due.map_or_else(never, |due| after(due.saturating_duration_since(Instant::now())));
    select! {
        recv(wire.receiver) -> message => message.ok().map(Event::Client),
        recv(results) -> done => done.ok().map(Event::Done),
        recv(due) -> _ => Some(Event::Due),
    }
}
