//! The one interface between programs and engines: a request in, a stream of events out.

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::{Constraint, Generated, Prompt, Request, Selected, Spell};

/// Something that runs requests: the built-in engine, or one somewhere else.
pub trait Backend: Send + Sync {
    /// Name of the model, for messages.
    fn model(&self) -> &str;

    /// Starts a request and returns at once. Dropping the reply cancels it.
    fn submit(&self, request: Request) -> Reply;

    /// The exact text and tokens that this prompt is for the model.
    fn render(&self, prompt: &Prompt) -> Result<Rendered, Failure>;

    /// The fewest tokens that a text of this constraint can have.
    fn fewest_tokens(&self, constraint: &Constraint) -> Result<u32, Failure>;

    /// Tokens that a prompt and its answer may have together; none where that is not known.
    fn context_window(&self) -> Option<usize>;

    /// How many of a prompt's tokens are computed already and kept; none where that is not known. Waits for what runs now to
    /// take a step.
    fn cached(&self, _prompt: &Prompt) -> Option<usize> {
        None
    }

    /// Who knows what tokens stand for; none where nobody does.
    fn speller(&self) -> Option<&dyn Spell> {
        None
    }
}

/// A prompt as the model sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The text, chat markup included.
    pub text: String,
    /// The tokens.
    pub tokens: Vec<u32>,
}

/// What happens to a request.
#[derive(Debug)]
pub enum Event {
    /// More of the text, whole characters, in order. Sent only where the request asked for a stream.
    Text(String),
    /// The end: nothing follows.
    Done(Box<Result<Outcome, Failure>>),
}

/// How a request ended well.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Answer to a generation.
    Generated(Generated),
    /// Answer to a selection.
    Selected(Selected),
}

/// Why a request failed. Each sentence says what to do where something can be done.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// Prompt and answer are longer than the model's context window.
    #[error(
        "the context window of {model} holds {window} tokens, but the prompt takes {prompt} and the answer needs {answer} more"
    )]
    ContextFull {
        /// Tokens of the prompt.
        prompt: usize,
        /// Fewest tokens of the answer.
        answer: usize,
        /// Tokens that fit.
        window: usize,
        /// Name of the model.
        model: String,
    },
    /// No valid text is short enough.
    #[error("max_tokens is {max_tokens}, but the shortest value that fits the type has {fewest} tokens")]
    BudgetTooSmall {
        /// What the request allowed.
        max_tokens: u32,
        /// What is needed at least.
        fewest: u32,
    },
    /// The request itself is wrong: an unsatisfiable constraint, an option without text, an argument out of range.
    #[error("{0}")]
    BadRequest(String),
    /// The prompt has a picture, and the model reads only text.
    #[error("{model} cannot see pictures")]
    NoPictures {
        /// Name of the model.
        model: String,
    },
    /// It took longer than its `timeout`.
    #[error("no answer within the timeout of {seconds} s")]
    Timeout {
        /// The timeout.
        seconds: f64,
    },
    /// The chat template of the model refused the messages.
    #[error("the chat template of the model refused this conversation: {0}")]
    Template(String),
    /// The model or the machine under it failed.
    #[error("the model failed: {0}")]
    Model(String),
    /// A recording or a trace is replayed, and this is not in it.
    #[error("{what}")]
    NotRecorded {
        /// What is missing, as a sentence.
        what: String,
        /// What to do about it.
        help: String,
    },
    /// The backend is gone.
    #[error("the engine stopped before it answered")]
    Gone,
}

/// The receiving end of one request. Dropping it cancels the request and gives back what it held.
#[derive(Debug)]
pub struct Reply(mpsc::UnboundedReceiver<Event>);

/// The backend's end of one request.
#[derive(Debug, Clone)]
pub struct ReplySender(mpsc::UnboundedSender<Event>);

/// Both ends of one request.
pub fn reply() -> (ReplySender, Reply) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (ReplySender(sender), Reply(receiver))
}

impl Reply {
    /// The next event. A backend that went away reads as [`Failure::Gone`].
    pub async fn next(&mut self) -> Event {
        match self.0.recv().await {
            Some(event) => event,
            None => Event::Done(Box::new(Err(Failure::Gone))),
        }
    }

    /// Waits for the end, passing text on as it comes.
    pub async fn finish(mut self, mut on_text: impl FnMut(String)) -> Result<Outcome, Failure> {
        loop {
            match self.next().await {
                Event::Text(text) => on_text(text),
                Event::Done(result) => return *result,
            }
        }
    }
}

impl ReplySender {
    /// Sends more text; lost if the client went away.
    pub fn text(&self, text: String) {
        let _ = self.0.send(Event::Text(text));
    }

    /// Sends the end; lost if the client went away.
    pub fn done(&self, result: Result<Outcome, Failure>) {
        let _ = self.0.send(Event::Done(Box::new(result)));
    }

    /// Waits until the client drops its end.
    pub async fn cancelled(&self) {
        self.0.closed().await;
    }

    /// Whether the client dropped its end: the request should be cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_closed()
    }
}
