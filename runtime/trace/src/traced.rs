//! A backend in front of another one: requests and answers pass through, and a log is told of them.

use std::sync::Arc;

use sgl_wire::{Backend, Constraint, Failure, Prompt, Rendered, Reply, Request, Watch, Watched, reply};

use crate::backend::pass_on;
use crate::record::Answer;
use crate::{Key, Log};

pub(crate) struct TracedBackend {
    log: Arc<Log>,
    model: Arc<str>,
    asks: Arc<dyn Backend>,
}

impl TracedBackend {
    pub(crate) fn new(log: Arc<Log>, model: &str, asks: Arc<dyn Backend>) -> TracedBackend {
        TracedBackend { log, model: model.into(), asks }
    }
}

/// Tells that a request was given up, unless it was answered.
struct Open {
    log: Arc<Log>,
    id: u64,
    answered: bool,
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.answered {
            self.log.lost(self.id);
        }
    }
}

impl Backend for TracedBackend {
    fn model(&self) -> &str {
        self.asks.model()
    }

    fn submit(&self, mut request: Request) -> Reply {
        let watched = request.watched.take().unwrap_or_else(|| {
            let watch: Arc<dyn Watch> = self.log.clone();
            Watched { id: watch.number(), watch }
        });
        self.log.asks(watched.id, &self.model, &Key::of_request(&self.model, &request), &request);
        let mut open = Open { log: self.log.clone(), id: watched.id, answered: false };
        let (sender, answer) = reply();
        let asked = self.asks.submit(Request { watched: Some(watched), ..request });
        tokio::spawn(async move {
            let Some(outcome) = pass_on(asked, &sender).await else { return };
            open.answered = true;
            open.log.answered(open.id, &outcome);
            sender.done(outcome);
        });
        answer
    }

    fn render(&self, prompt: &Prompt) -> Result<Rendered, Failure> {
        let rendered = self.asks.render(prompt);
        if let Some(answer) = Answer::of_rendered(&rendered) {
            self.log.told(&self.model, &Key::of_prompt(&self.model, prompt), &answer);
        }
        rendered
    }

    fn fewest_tokens(&self, constraint: &Constraint) -> Result<u32, Failure> {
        let fewest = self.asks.fewest_tokens(constraint);
        if let Some(answer) = Answer::of_fewest(&fewest) {
            self.log.told(&self.model, &Key::of_constraint(&self.model, constraint), &answer);
        }
        fewest
    }

    fn context_window(&self) -> Option<usize> {
        self.asks.context_window()
    }

    fn cached(&self, prompt: &Prompt) -> Option<usize> {
        self.asks.cached(prompt)
    }
}
