//! `sglc lsp`: messages of an editor in; answers and diagnostics out, over standard input and output.
//!
//! 1. [`run`] shakes hands and runs the one loop: an `Event` comes in, the `server` does what it asks.
//! 2. Changes of texts are applied at once and in order (`documents`, `position`).
//! 3. Every request takes a picture of the texts with it and is answered by a worker (`pool`), in a file of its own in `requests`.
//! 4. When nothing was typed for a moment, one worker checks what is open, and what it finds is published.
//!
//! Architecture invariant: only this folder knows the protocol. What is answered is found in `sgl-ide`.
//! Architecture invariant: no request can take the server with it: a panic becomes an error of its request.

mod capabilities;
mod convert;
mod disk;
mod documents;
mod pool;
mod position;
mod requests;
mod server;

use std::time::Instant;

use crossbeam_channel::{Receiver, after, never, select, unbounded};
use lsp_server::{Connection, Message};

use crate::args::LspArgs;
use crate::terminal::{Complaint, Exit};
use pool::Done;
use server::{Next, Server};

/// Everything that can happen.
enum Event {
    /// The editor says something.
    Client(Message),
    /// A worker is done.
    Done(Done),
    /// It is time to check what was typed.
    Due,
    /// The editor is gone.
    Gone,
}

/// Serves one editor until it leaves.
pub fn run(args: &LspArgs) -> Result<Exit, Complaint> {
    let (connection, threads) = Connection::stdio();
    let left =
        serve(&connection, args).map_err(|why| Complaint::failed(format!("the editor was not understood: {why}")))?;
    drop(connection);
    threads.join().map_err(|error| Complaint::failed(format!("the editor is gone: {error}")))?;
    Ok(left)
}

fn serve(connection: &Connection, args: &LspArgs) -> Result<Exit, String> {
    let (id, params) = connection.initialize_start().map_err(|error| error.to_string())?;
    let params = serde_json::from_value(params).map_err(|error| error.to_string())?;
    let (done, results) = unbounded();
    let mut server = Server::new(&params, args, connection.sender.clone(), done);
    let answer = serde_json::to_value(server.capabilities()).map_err(|error| error.to_string())?;
    connection.initialize_finish(id, answer).map_err(|error| error.to_string())?;
    server.begin(&params);
    loop {
        match server.on(next(connection, &results, server.due())) {
            Next::Go => {}
            Next::Leave(exit) => return Ok(exit),
        }
    }
}

/// Waits for the next event.
fn next(connection: &Connection, results: &Receiver<Done>, due: Option<Instant>) -> Event {
    let due = due.map_or_else(never, |due| after(due.saturating_duration_since(Instant::now())));
    select! {
        recv(connection.receiver) -> message => message.map_or(Event::Gone, Event::Client),
        recv(results) -> done => done.map_or(Event::Gone, Event::Done),
        recv(due) -> _ => Event::Due,
    }
}
