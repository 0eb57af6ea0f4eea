//! The engine from its door inwards, on a model without weights and a small vocabulary.

mod answers;
mod bench;
mod forced;
mod kept;
mod load;
mod machine;
mod pool;
mod rendering;
mod same_bytes;
mod speculation;
mod watched;

use std::sync::Arc;

use sgl_constrain::Vocabulary;
use sgl_model::{CHATML, ChatTemplate, Model, SimModel};
use sgl_wire::{
    Ask, Backend, Failure, Generate, Generated, Outcome, Part, Prompt, Reply, Request, Role, Select, Selected,
};

use crate::costs::Costs;
use crate::front::Fitting;
use crate::kept::Blocks;
use crate::lexicon::Lexicon;
use crate::{EngineOptions, LocalBackend};

/// Tokens beside the 256 bytes.
const WORDS: [&str; 24] = [
    "the",
    " the",
    "and",
    "ing",
    "er",
    " a",
    "es",
    "say",
    "\n\n",
    "\n",
    "{\"",
    "\":",
    "\",\"",
    "\"}",
    "true",
    "false",
    "null",
    "user",
    "assistant",
    "Hello",
    "wor",
    "ld",
    " world",
    "</think>",
];
/// The special ones after them.
const SPECIALS: [&str; 3] = ["<|im_start|>", "<|im_end|>", "<|endoftext|>"];

const START: u32 = 256 + WORDS.len() as u32;
const END: u32 = START + 1;
const VOCABULARY: usize = START as usize + SPECIALS.len();
const WINDOW: usize = 2048;

fn token_bytes(id: u32) -> Option<Vec<u8>> {
    match id {
        0..256 => Some(vec![id as u8]),
        _ => WORDS.get(id as usize - 256).map(|word| word.as_bytes().to_vec()),
    }
}

/// Longest match first: enough to make the cut of a text matter.
fn encode(text: &str) -> Vec<u32> {
    let (bytes, mut at, mut tokens) = (text.as_bytes(), 0, Vec::new());
    while at < bytes.len() {
        let words = (256u32..).zip(WORDS).filter(|(_, word)| bytes[at..].starts_with(word.as_bytes()));
        let (token, length) =
            words.map(|(id, word)| (id, word.len())).max_by_key(|(_, n)| *n).unwrap_or((u32::from(bytes[at]), 1));
        tokens.push(token);
        at += length;
    }
    tokens
}

fn lexicon() -> Lexicon {
    let tokens = (0..VOCABULARY as u32).map(token_bytes);
    let specials = (START..).zip(SPECIALS).map(|(id, name)| (name.to_owned(), id)).collect();
    Lexicon::new(Arc::new(Vocabulary::new(tokens, vec![END, END + 1])), specials, encode).unwrap()
}

fn spell(tokens: &[u32]) -> String {
    let bytes: Vec<u8> = tokens.iter().flat_map(|&t| token_bytes(t).unwrap()).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn backend_of(model: impl Model + 'static, options: EngineOptions) -> LocalBackend {
    let template = ChatTemplate::new(CHATML, "", "").unwrap();
    LocalBackend::start(Box::new(model), lexicon(), template, options, fitting()).unwrap()
}

/// Nothing beside the model; no time decides what is guessed.
fn fitting() -> Fitting {
    Fitting { costs: Costs::fixed(), ..Fitting::default() }
}

/// The side of clients of an engine, whose prefixes may be on disk.
fn door(options: EngineOptions, shelf: Option<(Arc<dyn Blocks>, [u8; 32])>) -> LocalBackend {
    let template = ChatTemplate::new(CHATML, "", "").unwrap();
    let model = Box::new(SimModel::new(VOCABULARY, WINDOW));
    LocalBackend::start(model, lexicon(), template, options, Fitting { shelf, ..fitting() }).unwrap()
}

/// An engine with a model that guesses for the other.
fn backend_beside(model: SimModel, small: SimModel, options: EngineOptions) -> LocalBackend {
    let template = ChatTemplate::new(CHATML, "", "").unwrap();
    let fitting = Fitting { small: Some(Box::new(small)), ..fitting() };
    LocalBackend::start(Box::new(model), lexicon(), template, options, fitting).unwrap()
}

fn backend(options: EngineOptions) -> LocalBackend {
    backend_of(SimModel::new(VOCABULARY, WINDOW), options)
}

fn slots(n: usize) -> EngineOptions {
    EngineOptions { kv_slots: Some(n), ..EngineOptions::default() }
}

fn text(text: &str) -> Prompt {
    Prompt::empty().push(Part::Text(text.into()))
}

fn message(prompt: &Prompt, role: Role, text: &str) -> Prompt {
    prompt.push(Part::Open(role)).push(Part::Text(text.into())).push(Part::Close)
}

fn request(prompt: Prompt, ask: Ask, seed: u64) -> Request {
    Request::new(prompt, ask, seed)
}

fn generate(prompt: Prompt, seed: u64, change: impl FnOnce(&mut Generate)) -> Request {
    let mut generate = Generate { max_tokens: Some(20), ..Generate::default() };
    change(&mut generate);
    request(prompt, Ask::Generate(generate), seed)
}

fn select(prompt: Prompt, seed: u64, options: &[&str], by: sgl_wire::SelectBy) -> Request {
    let options = options.iter().map(|&option| option.into()).collect();
    request(prompt, Ask::Select(Select { options, by }), seed)
}

fn wait_all(reply: Reply, on_text: impl FnMut(String)) -> Result<Outcome, Failure> {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(reply.finish(on_text))
}

fn wait(reply: Reply) -> Result<Outcome, Failure> {
    wait_all(reply, |_| ())
}

fn generated(outcome: Result<Outcome, Failure>) -> Generated {
    match outcome.unwrap() {
        Outcome::Generated(generated) => generated,
        other => panic!("not generated: {other:?}"),
    }
}

fn selected(outcome: Result<Outcome, Failure>) -> Selected {
    match outcome.unwrap() {
        Outcome::Selected(selected) => selected,
        other => panic!("not selected: {other:?}"),
    }
}

/// All of an answer but what it cost.
fn content(outcome: &Result<Outcome, Failure>) -> String {
    match outcome {
        Ok(Outcome::Generated(g)) => {
            format!("{:?} {:?} {:?} {:?}", g.output, g.finish, g.logprobs, g.thinking)
        }
        Ok(Outcome::Selected(s)) => format!("{} {:?} {:?}", s.index, s.output, s.scores),
        Err(failure) => format!("{failure:?}"),
    }
}

fn run(backend: &LocalBackend, request: Request) -> Result<Outcome, Failure> {
    wait(backend.submit(request))
}

/// Waits until the engine has nothing to do, and checks that nothing leaked.
#[track_caller]
fn assert_all_given_back(backend: &LocalBackend) {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        let stats = backend.stats();
        if stats.waiting + stats.running == 0 && stats.free + stats.cached == stats.slots {
            return;
        }
        assert!(std::time::Instant::now() < until, "slots are missing: {stats:?}");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}
