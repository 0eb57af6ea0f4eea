//! A backend made of records: requests in; answers from the file, or from another backend and into the file, out.

use std::sync::Arc;

use sgl_wire::{
    Backend, Constraint, Event, Failure, Generated, Outcome, Prompt, Rendered, Reply, ReplySender, Request, reply,
};

use crate::record::{Answer, Record, tail};
use crate::{Key, Recording};

pub(crate) struct RecordedBackend {
    recording: Arc<Recording>,
    model: Arc<str>,
    asks: Option<Arc<dyn Backend>>,
}

impl RecordedBackend {
    pub(crate) fn new(recording: Arc<Recording>, model: &str, asks: Option<Arc<dyn Backend>>) -> RecordedBackend {
        RecordedBackend { recording, model: model.into(), asks }
    }

    fn missing(&self) -> Failure {
        let models = self.recording.models();
        let what = match models.is_empty() || models.contains(&*self.model) {
            true => format!("this request to {} is not in the recording", self.model),
            false => {
                let models: Vec<_> = models.into_iter().collect();
                format!("the recording has answers of {}, not of {}", models.join(" and "), self.model)
            }
        };
        let help =
            "run `sglc test --update` to ask the model and record its answer, or `--live` to ask without recording";
        Failure::NotRecorded { what, help: help.into() }
    }

    fn keep(&self, key: Key, prompt: String, answer: Option<Answer>) {
        if let Some(answer) = answer {
            self.recording.keep(Record { key, model: self.model.to_string(), prompt, answer });
        }
    }
}

impl Backend for RecordedBackend {
    fn model(&self) -> &str {
        &self.model
    }

    /// Where no model is at hand nobody knows: what was too long when it was recorded is a recorded failure.
    fn context_window(&self) -> Option<usize> {
        self.asks.as_ref().and_then(|asks| asks.context_window())
    }

    fn submit(&self, request: Request) -> Reply {
        let key = Key::of_request(&self.model, &request);
        let (sender, answer) = reply();
        match &self.asks {
            None => {
                let found = self.recording.find(&key).and_then(|answer| answer.outcome());
                let found = found.unwrap_or_else(|| Err(self.missing()));
                if let (true, Ok(Outcome::Generated(Generated { output, .. }))) = (request.stream, &found) {
                    sender.text(output.text.clone());
                }
                sender.done(found);
            }
            Some(asks) => {
                let (recording, model, prompt) = (self.recording.clone(), self.model.clone(), tail(&request.prompt));
                let asked = asks.submit(request);
                tokio::spawn(async move {
                    let Some(outcome) = pass_on(asked, &sender).await else { return };
                    if let Some(answer) = Answer::of(&outcome) {
                        recording.keep(Record { key, model: model.to_string(), prompt, answer });
                    }
                    sender.done(outcome);
                });
            }
        }
        answer
    }

    fn render(&self, prompt: &Prompt) -> Result<Rendered, Failure> {
        let key = Key::of_prompt(&self.model, prompt);
        let Some(asks) = &self.asks else {
            return match self.recording.find(&key) {
                Some(Answer::Rendered { text, tokens }) => Ok(Rendered { text, tokens }),
                Some(Answer::Failure(failure)) => Err(failure),
                _ => Err(self.missing()),
            };
        };
        let rendered = asks.render(prompt);
        self.keep(key, tail(prompt), Answer::of_rendered(&rendered));
        rendered
    }

    fn fewest_tokens(&self, constraint: &Constraint) -> Result<u32, Failure> {
        let key = Key::of_constraint(&self.model, constraint);
        let Some(asks) = &self.asks else {
            return match self.recording.find(&key) {
                Some(Answer::Fewest(fewest)) => Ok(fewest),
                Some(Answer::Failure(failure)) => Err(failure),
                _ => Err(self.missing()),
            };
        };
        let fewest = asks.fewest_tokens(constraint);
        self.keep(key, String::new(), Answer::of_fewest(&fewest));
        fewest
    }
}

/// Hands on what comes until the end. None where the client went away: dropping the request then cancels it.
pub(crate) async fn pass_on(mut asked: Reply, sender: &ReplySender) -> Option<Result<Outcome, Failure>> {
    loop {
        let event = tokio::select! {
            event = asked.next() => event,
            () = sender.cancelled() => return None,
        };
        match event {
            Event::Text(text) => sender.text(text),
            Event::Done(outcome) => return Some(*outcome),
        }
    }
}
