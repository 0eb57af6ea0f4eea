//! A backend for tests: a closure answers each request, when it is told to.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sgl_check::program::ModelItem;
use sgl_wire::{
    Ask, Backend, Constraint, Failure, Finish, Generated, OptionScore, Outcome, Output, Part, Prompt, Rendered, Reply,
    ReplySender, Request, Selected, Usage, reply,
};
use tokio::sync::watch;

use crate::Backends;

/// What a [`ScriptedBackend`] answers, and when.
#[derive(Debug, Clone)]
pub struct Answer {
    what: What,
    delay: Duration,
    until_in_flight: usize,
}

#[derive(Debug, Clone)]
enum What {
    Text(String),
    Option(usize),
    Fail(Failure),
    Never,
}

impl Answer {
    fn new(what: What) -> Answer {
        Answer { what, delay: Duration::ZERO, until_in_flight: 0 }
    }

    /// This text.
    pub fn text(text: impl Into<String>) -> Answer {
        Answer::new(What::Text(text.into()))
    }

    /// The option of this index.
    pub fn option(index: usize) -> Answer {
        Answer::new(What::Option(index))
    }

    /// A failure.
    pub fn fail(failure: Failure) -> Answer {
        Answer::new(What::Fail(failure))
    }

    /// Nothing, ever: for tests of cancellation.
    pub fn never() -> Answer {
        Answer::new(What::Never)
    }

    /// Only after this long.
    pub fn after(self, delay: Duration) -> Answer {
        Answer { delay, ..self }
    }

    /// Only when this many requests have been in flight together.
    pub fn when_in_flight(self, requests: usize) -> Answer {
        Answer { until_in_flight: requests, ..self }
    }
}

/// A backend that answers as a closure says. It needs a tokio runtime around it.
#[derive(Clone)]
pub struct ScriptedBackend(Arc<Shared>);

struct Shared {
    script: Box<dyn Fn(&Request) -> Answer + Send + Sync>,
    seen: Mutex<Vec<Request>>,
    in_flight: AtomicUsize,
    /// The most requests that were in flight together.
    most: watch::Sender<usize>,
    cancelled: AtomicUsize,
}

impl ScriptedBackend {
    /// A backend that answers each request by this closure.
    pub fn new(script: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> ScriptedBackend {
        ScriptedBackend(Arc::new(Shared {
            script: Box::new(script),
            seen: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            most: watch::Sender::new(0),
            cancelled: AtomicUsize::new(0),
        }))
    }

    /// The requests so far, in the order of their submission.
    pub fn seen(&self) -> Vec<Request> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The most requests that were in flight together.
    pub fn most_in_flight(&self) -> usize {
        *self.0.most.borrow()
    }

    /// Requests in flight now.
    pub fn in_flight(&self) -> usize {
        self.0.in_flight.load(Ordering::SeqCst)
    }

    /// Requests whose client went away before the answer.
    pub fn cancelled(&self) -> usize {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    /// The text of a prompt as this backend renders it: `<user>…</user>`.
    pub fn text(prompt: &Prompt) -> String {
        let mut text = String::new();
        let mut open = "";
        for part in prompt.parts() {
            match part {
                Part::Open(role) => {
                    open = role.name();
                    text += &format!("<{open}>");
                }
                Part::Close => text += &format!("</{open}>"),
                Part::Image(picture) => text += &format!("<{picture:?}>"),
                part => text += part.text(),
            }
        }
        text
    }
}

impl Backend for ScriptedBackend {
    fn model(&self) -> &str {
        "scripted"
    }

    fn submit(&self, request: Request) -> Reply {
        let shared = self.0.clone();
        let answer = (shared.script)(&request);
        shared.seen.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        let now = shared.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        shared.most.send_if_modified(|most| {
            let more = now > *most;
            *most = now.max(*most);
            more
        });
        let (sender, receiver) = reply();
        tokio::spawn(async move {
            let mut most = shared.most.subscribe();
            let due = async {
                let _ = most.wait_for(|most| *most >= answer.until_in_flight).await;
                // Without a timer where there is no delay: on one thread, the order of answers is then that of the requests.
                if !answer.delay.is_zero() {
                    tokio::time::sleep(answer.delay).await;
                }
                if matches!(answer.what, What::Never) {
                    std::future::pending::<()>().await;
                }
            };
            let answered = tokio::select! {
                () = due => true,
                () = gone(&sender) => false,
            };
            shared.in_flight.fetch_sub(1, Ordering::SeqCst);
            if answered {
                finish(&sender, &request, answer);
            } else {
                shared.cancelled.fetch_add(1, Ordering::SeqCst);
            }
        });
        receiver
    }

    fn render(&self, prompt: &Prompt) -> Result<Rendered, Failure> {
        let text = ScriptedBackend::text(prompt);
        Ok(Rendered { tokens: text.chars().map(u32::from).collect(), text })
    }

    fn fewest_tokens(&self, _: &Constraint) -> Result<u32, Failure> {
        Ok(1)
    }

    fn context_window(&self) -> Option<usize> {
        None
    }
}

/// The only backend of a program.
impl Backends for ScriptedBackend {
    fn backend(&self, _: Option<&ModelItem>) -> Result<Arc<dyn Backend>, String> {
        Ok(Arc::new(self.clone()))
    }
}

/// Looks now and then whether the client went away.
async fn gone(sender: &ReplySender) {
    while !sender.is_cancelled() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn finish(sender: &ReplySender, request: &Request, answer: Answer) {
    // One token a character, each with probability one half.
    let output = |text: &str| {
        let tokens: Vec<u32> = text.chars().map(u32::from).collect();
        let logprob = -std::f64::consts::LN_2 * tokens.len() as f64;
        Arc::new(Output { tokens, text: text.into(), logprob })
    };
    let usage = |text: &str| Usage { requests: 1, output_tokens: text.chars().count() as u64, ..Usage::default() };
    let result = match (answer.what, &request.ask) {
        (What::Text(text), Ask::Generate(_)) => {
            if request.stream {
                text.split_inclusive(' ').for_each(|word| sender.text(word.into()));
            }
            Ok(Outcome::Generated(Generated {
                output: output(&text),
                finish: Finish::End,
                logprobs: Vec::new(),
                thinking: None,
                usage: usage(&text),
            }))
        }
        (What::Option(index), Ask::Select(select)) => match select.options.get(index) {
            Some(option) => Ok(Outcome::Selected(Selected {
                index,
                output: output(option),
                scores: select.options.iter().map(|option| score(option)).collect(),
                usage: usage(option),
            })),
            None => Err(Failure::Model(format!("the script chose option {index} of {}", select.options.len()))),
        },
        (What::Fail(failure), _) => Err(failure),
        _ => Err(Failure::Model("the script answers a generation with an option, or the other way round".into())),
    };
    sender.done(result);
}

fn score(option: &str) -> OptionScore {
    OptionScore { tokens: option.chars().count(), logprob: -1.0, score: -1.0, probability: 1.0 }
}
