//! A run again without a model: what the program asks in; what a trace says was answered, or what is different now, out.
//!
//! Answers come in the order in which they came then, so that what depends on it (`race`) goes the same way. Where the
//! program is another one, an answer may wait for one that is never asked for: then the order is given up as far as needed.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value as Json;
use sgl_wire::{
    Backend, Constraint, Failure, Generated, Outcome, Part, Place, Prompt, Rendered, Reply, Request, Sight, Spell,
    Watch, reply,
};
use tokio::sync::watch;

use crate::key::{self, hex};
use crate::read::{Asked, Effect, Piece};
use crate::record::Answer;
use crate::{Key, Trace};

/// Answers wait this long for an earlier one that nobody asks for.
const PATIENCE: Duration = Duration::from_millis(40);
/// A request that the trace does not answer fails when no other was answered for so long.
const QUIET: Duration = Duration::from_millis(500);
/// Characters that a difference shows.
const SHOWN: usize = 60;

/// See the module's text. It watches the requests of the run, to know where they are made.
pub struct Replay {
    trace: Trace,
    /// For each key, where the answers to it are in the trace.
    answers: HashMap<Key, VecDeque<usize>>,
    told: HashMap<Key, Answer>,
    state: Mutex<State>,
    next: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    numbers: u64,
    /// How often each key was asked for.
    used: HashMap<Key, usize>,
    places: HashMap<u64, Place>,
    waiting: BTreeSet<usize>,
    effects: Vec<bool>,
    /// The number of the nearest request in the trace, and what is different from it; no number for effects.
    differences: Vec<(Option<u64>, String)>,
}

impl Replay {
    /// Of what a trace holds.
    pub fn new(mut trace: Trace) -> Arc<Replay> {
        let mut answers: HashMap<Key, VecDeque<usize>> = HashMap::new();
        for (order, asked) in trace.asked.iter().enumerate() {
            answers.entry(asked.key.clone()).or_default().push_back(order);
        }
        let told = std::mem::take(&mut trace.told).into_iter().collect();
        let state = State { effects: vec![false; trace.effects.len()], ..State::default() };
        Arc::new(Replay { trace, answers, told, state: Mutex::new(state), next: watch::Sender::new(0) })
    }

    /// The trace.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// What was asked that the trace does not hold, one sentence each: effects, then requests in the order of the trace.
    pub fn differences(&self) -> Vec<String> {
        let mut all = self.state().differences.clone();
        all.sort();
        all.into_iter().map(|(_, difference)| difference).collect()
    }

    /// A backend that answers as the model of this name did.
    pub fn backend(self: &Arc<Self>, model: &str) -> Arc<dyn Backend> {
        Arc::new(ReplayBackend { replay: self.clone(), model: model.into() })
    }

    /// What an effect gave then: `{"value": …}` or `{"fault": …}`. The error says what is different.
    pub async fn effect(&self, place: &Place, name: &str, arguments: &Json) -> Result<Json, String> {
        let (order, result) = {
            let mut state = self.state();
            let same = |effect: &Effect| effect.name == name && effect.args == *arguments && effect.run == place.run;
            let here = |effect: &Effect| effect.node == place.node && effect.path == place.path[..];
            let free = |index: &usize| state.effects.get(*index) == Some(&false);
            let find = |wanted: &dyn Fn(&Effect) -> bool| {
                let mut all = self.trace.effects.iter().enumerate();
                all.find(|(index, effect)| free(index) && wanted(effect))
            };
            let Some((index, effect)) = find(&|effect| same(effect) && here(effect)).or_else(|| find(&same)) else {
                let was = find(&here).map(|(_, was)| format!("; there, `{}` was given {}", was.name, was.args));
                let why = format!("the trace has no `{name}` of {arguments}{}", was.unwrap_or_default());
                state.differences.push((None, why.clone()));
                return Err(why);
            };
            let found = (effect.order, effect.result.clone());
            if let Some(used) = state.effects.get_mut(index) {
                *used = true;
            }
            found
        };
        self.turn(order).await;
        Ok(result)
    }

    /// Waits until everything before `order` was answered.
    async fn turn(&self, order: usize) {
        let mut next = self.next.subscribe();
        self.state().waiting.insert(order);
        while *next.borrow_and_update() < order {
            let moved = tokio::time::timeout(PATIENCE, next.changed()).await;
            if moved.is_err() && self.state().waiting.first() == Some(&order) {
                self.next.send_if_modified(|next| std::mem::replace(next, order.max(*next)) < order);
            }
        }
        self.state().waiting.remove(&order);
    }

    /// Waits until no answer has gone out for a while.
    async fn quiet(&self) {
        let mut next = self.next.subscribe();
        while tokio::time::timeout(QUIET, next.changed()).await.is_ok() {}
    }

    fn answered(&self, order: usize) {
        self.next.send_if_modified(|next| std::mem::replace(next, (order + 1).max(*next)) <= order);
    }

    /// The answer to a request: where it is in the trace.
    fn find(&self, key: &Key) -> Option<usize> {
        let orders = self.answers.get(key)?;
        let mut state = self.state();
        let used = state.used.entry(key.clone()).or_default();
        let order = orders.get(*used).or(orders.back()).copied();
        *used += 1;
        order
    }

    /// Why a request is not in the trace: what is different from the nearest that is.
    fn difference(&self, model: &str, request: &Request) -> String {
        let mut state = self.state();
        let place = request.watched.as_ref().and_then(|watched| state.places.get(&watched.id));
        let said = pieces(&request.prompt);
        let nearness = |asked: &&Asked| {
            let here = place.is_some_and(|place| place.run == asked.run && asked.path == place.path[..]);
            let node = place.is_some_and(|place| place.node == asked.node);
            let common = said.iter().zip(&asked.prompt).take_while(|(a, b)| a == b).count();
            (here && node, here, common, std::cmp::Reverse(asked.id))
        };
        let nearest = self.trace.asked.iter().max_by_key(nearness);
        let difference = match nearest {
            None => "the trace holds no request at all".to_string(),
            Some(asked) => format!("request {} of the trace {}", asked.id, different(asked, model, request, &said)),
        };
        state.differences.push((nearest.map(|asked| asked.id), difference.clone()));
        difference
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch for Replay {
    fn number(&self) -> u64 {
        let mut state = self.state();
        state.numbers += 1;
        state.numbers - 1
    }

    fn saw(&self, sight: Sight<'_>, _: &dyn Spell) {
        if let Sight::Asks { request, place } = sight {
            self.state().places.insert(request, place.clone());
        }
    }
}

/// What is different between a request and the one of the trace.
fn different(asked: &Asked, model: &str, request: &Request, said: &[Piece]) -> String {
    if asked.model != model {
        return format!("asks {}, and now {model} is asked", asked.model);
    }
    let whole = |pieces: &[Piece]| pieces.iter().map(|(kind, text)| shown_piece(kind, text)).collect::<String>();
    let (was, is) = (whole(&asked.prompt), whole(said));
    if was != is {
        let same = was.char_indices().zip(is.chars()).find(|((_, a), b)| a != b).map(|((at, _), _)| at);
        let at = same.unwrap_or(was.len().min(is.len()));
        return format!("has the prompt {}, and now it is {}", around(&was, at), around(&is, at));
    }
    let now = key::settings(&request.ask);
    let gone = asked.settings.iter().find(|line| !now.contains(line));
    let new = now.iter().find(|line| !asked.settings.contains(line));
    let cut = |line: &String| shortened(line);
    match (gone, new) {
        (Some(gone), Some(new)) => format!("has `{}`, and now it is `{}`", cut(gone), cut(new)),
        (Some(gone), None) => format!("has `{}`, and now that is not asked", cut(gone)),
        (None, Some(new)) => format!("does not have `{}`, and now that is asked", cut(new)),
        (None, None) => format!("has the seed {}, and now it is {}", asked.seed, request.seed),
    }
}

fn shown_piece(kind: &str, text: &str) -> String {
    match kind {
        "open" => format!("<{text}>"),
        "close" => "</>".into(),
        "image" => format!("<image {text}>"),
        _ => text.to_owned(),
    }
}

/// The text around a place, in quotes.
fn around(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or_default();
    let begin = before.char_indices().rev().nth(SHOWN / 3).map_or(0, |(at, _)| at);
    let rest = text.get(begin..).unwrap_or_default();
    let dots = if begin > 0 { "…" } else { "" };
    format!("{:?}", format!("{dots}{}", shortened(rest)))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A prompt as a log has it.
fn pieces(prompt: &Prompt) -> Vec<Piece> {
    let pieces = prompt.parts().into_iter().map(|part| match part {
        Part::Open(role) => ("open".into(), role.name().into()),
        Part::Close => ("close".into(), String::new()),
        Part::Text(text) => ("text".into(), text.to_string()),
        Part::Output(output) => ("output".into(), output.text.clone()),
        Part::Image(picture) => ("image".into(), hex(&<sha2::Sha256 as sha2::Digest>::digest(picture.bytes()))),
    });
    pieces.collect()
}

fn not_recorded(what: String) -> Failure {
    let help = "`sglc run` asks the model; with `--trace` it writes a new trace";
    Failure::NotRecorded { what, help: help.into() }
}

struct ReplayBackend {
    replay: Arc<Replay>,
    model: Arc<str>,
}

impl ReplayBackend {
    fn told(&self, key: &Key) -> Option<Answer> {
        self.replay.told.get(key).cloned()
    }

    fn untold(&self, what: &str) -> Failure {
        not_recorded(format!("the trace does not hold {what}"))
    }
}

impl Backend for ReplayBackend {
    fn model(&self) -> &str {
        &self.model
    }

    fn submit(&self, request: Request) -> Reply {
        let (sender, answer) = reply();
        let Some(order) = self.replay.find(&Key::of_request(&self.model, &request)) else {
            let why = self.replay.difference(&self.model, &request);
            sender.done(Err(not_recorded(format!("this request is not in the trace: {why}"))));
            return answer;
        };
        let replay = self.replay.clone();
        tokio::spawn(async move {
            let Some(asked) = replay.trace.asked.get(order) else { return };
            let Some(outcome) = asked.answer.as_ref().and_then(Answer::outcome) else {
                // Either it was given up then, and is given up again; or the trace ends before its answer.
                return tokio::select! {
                    () = sender.cancelled() => {}
                    () = replay.quiet() => sender.done(Err(not_recorded(format!(
                        "the trace does not hold the answer to request {}: it ends before, or nobody waited for it",
                        asked.id
                    )))),
                };
            };
            replay.turn(order).await;
            if let (true, Ok(Outcome::Generated(Generated { output, .. }))) = (request.stream, &outcome) {
                sender.text(output.text.clone());
            }
            sender.done(outcome);
            // Who waits for this answer has it before the next one goes out.
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
            replay.answered(order);
        });
        answer
    }

    fn render(&self, prompt: &Prompt) -> Result<Rendered, Failure> {
        match self.told(&Key::of_prompt(&self.model, prompt)) {
            Some(Answer::Rendered { text, tokens }) => Ok(Rendered { text, tokens }),
            Some(Answer::Failure(failure)) => Err(failure),
            _ => Err(self.untold("the text of this prompt")),
        }
    }

    fn fewest_tokens(&self, constraint: &Constraint) -> Result<u32, Failure> {
        match self.told(&Key::of_constraint(&self.model, constraint)) {
            Some(Answer::Fewest(fewest)) => Ok(fewest),
            Some(Answer::Failure(failure)) => Err(failure),
            _ => Err(self.untold("the fewest tokens of this constraint")),
        }
    }

    fn context_window(&self) -> Option<usize> {
        None
    }
}
