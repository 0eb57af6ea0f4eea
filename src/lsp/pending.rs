//! Requests that are not answered yet in; which of them a change of a text makes worthless, and which answers no longer fit, out.

use std::collections::HashMap;

use lsp_server::RequestId;
use lsp_types::request::{self as asked, Request as _};
use serde_json::Value;
use sgl_ide::Analysis;

use super::disk::name_of;
use super::pool::Wanted;
use super::requests::Handler;

/// Their answers name places in any file.
const ACROSS_FILES: &[&str] = &[
    asked::References::METHOD,
    asked::Rename::METHOD,
    asked::WorkspaceSymbolRequest::METHOD,
    asked::CallHierarchyIncomingCalls::METHOD,
    asked::CallHierarchyOutgoingCalls::METHOD,
];

/// A request that is worked on.
#[derive(Clone)]
pub struct Asked {
    /// Who answers it.
    pub handler: Handler,
    /// What it says.
    pub params: Value,
    /// Whether somebody still waits for the answer.
    pub wanted: Wanted,
    /// The text that it is about.
    about: Option<String>,
    across_files: bool,
    /// Other texts that were changed since its picture of them was taken.
    changed: Vec<String>,
}

impl Asked {
    pub fn new(method: &str, params: Value, handler: Handler) -> Self {
        let address = ["textDocument", "item"].iter().find_map(|key| params.get(key)?.get("uri")).or(params.get("uri"));
        let about = address.and_then(Value::as_str).and_then(|address| Some(name_of(&address.parse().ok()?)));
        let across_files = ACROSS_FILES.contains(&method);
        Asked { handler, params, wanted: Wanted::default(), about, across_files, changed: Vec::new() }
    }

    /// Whether its answer would be another one now.
    fn is_stale(&self, now: &Analysis) -> bool {
        let depends = |other: &String| self.about.as_ref().is_none_or(|about| now.depends_on(about, other));
        !self.changed.is_empty() && (self.across_files || self.changed.iter().any(depends))
    }
}

/// What becomes of an answer.
pub enum Fate {
    /// Somebody waits for it.
    Fits,
    /// Somebody waits for another one: the work is to be done again.
    Again(Asked),
    /// Nobody waits for it.
    Unwanted,
}

/// All requests that are not answered yet.
#[derive(Default)]
pub struct Pending(HashMap<RequestId, Asked>);

impl Pending {
    /// One more.
    pub fn add(&mut self, id: RequestId, asked: Asked) {
        self.0.insert(id, asked);
    }

    /// Nobody waits for this one any more; whether somebody did.
    pub fn give_up(&mut self, id: &RequestId) -> bool {
        self.0.remove(id).inspect(|asked| asked.wanted.give_up()).is_some()
    }

    /// A text has changed. Gives the requests about it: what was asked of the text before has no answer that still fits.
    pub fn changed(&mut self, name: &str) -> Vec<RequestId> {
        let mut about = Vec::new();
        for (id, asked) in &mut self.0 {
            match asked.about.as_deref() == Some(name) {
                true => about.push(id.clone()),
                false if !asked.changed.iter().any(|known| known == name) => asked.changed.push(name.to_string()),
                false => {}
            }
        }
        about
    }

    /// A request was worked on: what becomes of the answer, with the texts as they are now.
    pub fn worked(&mut self, id: &RequestId, now: &Analysis) -> Fate {
        let Some(asked) = self.0.get_mut(id) else { return Fate::Unwanted };
        if asked.is_stale(now) {
            asked.changed.clear();
            return Fate::Again(asked.clone());
        }
        self.0.remove(id);
        Fate::Fits
    }
}
