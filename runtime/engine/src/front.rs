//! The engine's door: wire requests in, jobs in tokens to the loop; all that is text or compiling happens here, on the
//! client's side.

use std::sync::mpsc::{SendError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Instant;

use sgl_constrain::Matcher;
use sgl_model::{ChatTemplate, Loaded, Model, Tokenizer};
use sgl_shelf::Shelf;
use sgl_wire::{
    Ask, Backend, Constraint, Failure, Generate, Part, Prompt, Rendered, Reply, ReplySender, Request, Select, Sight,
    Source, Spell,
};

use crate::cache::{Nothing, Prefixes};
use crate::check;
use crate::compiled::Compiled;
use crate::costs::Costs;
use crate::draft::Drafters;
use crate::engine::Engine;
use crate::generation::{Bounds, Generation};
use crate::job::{Again, Job, Message, Work, overdue};
use crate::kept::{Blocks, Keeper, Kept, Reader};
use crate::lexicon::Lexicon;
use crate::policy::Eviction;
use crate::radix::Radix;
use crate::render::Renderer;
use crate::sampler::Sampler;
use crate::schedule::{Limits, Scheduler};
use crate::selection::Selection;
use crate::sequence::Sequence;
use crate::slots::Slots;
use crate::small::Small;
use crate::stats::EngineStats;

/// Most tokens of a generation whose request does not say.
const MAX_TOKENS: usize = 1024;
/// Bytes of keys and values in a pool whose size nobody said.
const POOL_BYTES: usize = 1 << 30;
/// Contexts in a pool whose size nobody said.
const POOL_CONTEXTS: usize = 8;
/// How an engine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineOptions {
    /// KV slots in the pool; none: eight contexts, or what fits in 1 GiB.
    pub kv_slots: Option<usize>,
    /// Most rows of one sequence in a step: the size of a prefill chunk.
    pub chunk: usize,
    /// Most rows in a step.
    pub step_tokens: usize,
    /// Most sequences that run at once.
    pub max_batch: usize,
    /// Whether computed prefixes are kept for others.
    pub cache: bool,
    /// Which of them go first where room is needed.
    pub eviction: Eviction,
    /// Rows up to which a step is filled with guesses of what is generated next; 0: nothing is guessed. Answers do not
    /// depend on it.
    pub draft: usize,
    /// Whether text that a constraint forces is written in the tokenizer's tokens without asking the model for each.
    /// Off, which is for measuring, the model chooses how to spell it, so that answers are other ones.
    pub jump: bool,
}

impl Default for EngineOptions {
    fn default() -> Self {
        EngineOptions {
            kv_slots: None,
            chunk: 512,
            step_tokens: 1024,
            max_batch: 256,
            cache: true,
            eviction: Eviction::default(),
            draft: 16,
            jump: true,
        }
    }
}

impl From<EngineOptions> for Limits {
    fn from(options: EngineOptions) -> Self {
        let EngineOptions { chunk, step_tokens, max_batch, draft, .. } = options;
        Limits { chunk, step_tokens, max_batch, draft }
    }
}

/// What an engine may have beside its model. No answer depends on any of it.
#[derive(Default)]
pub struct Beside {
    /// Where the prefixes of prompts are kept, and read if they are there. A model without an
    /// [identity](Loaded::identity) keeps nothing, nor does an engine without a cache.
    pub shelf: Option<Shelf>,
    /// A small model of the same tokenizer, which guesses where a text does not repeat itself.
    pub small: Option<Loaded>,
}

/// What of that fits the model: a shelf with the model's identity, and a small model of the same tokens.
#[derive(Default)]
pub(crate) struct Fitting {
    pub shelf: Option<(Arc<dyn Blocks>, [u8; 32])>,
    pub small: Option<Box<dyn Model>>,
    /// What guesses cost, as far as it is known.
    pub costs: Costs,
}

/// Whether two tokenizers have the same tokens.
fn same_tokens(one: &Tokenizer, other: &Tokenizer) -> bool {
    one.vocab_size() == other.vocab_size()
        && (0..one.vocab_size() as u32).all(|id| one.token_bytes(id) == other.token_bytes(id))
}

/// The built-in engine as a [`Backend`]. Clones are handles to the same engine; when the last is dropped the engine
/// stops, and what is pending fails with [`Failure::Gone`].
#[derive(Clone)]
pub struct LocalBackend {
    shared: Arc<Shared>,
    salt: u64,
}

struct Shared {
    name: String,
    /// Positions the model reads, and tokens a sequence may have, which the pool can make fewer.
    window: usize,
    limit: usize,
    /// See [`EngineOptions::jump`].
    jump: bool,
    /// Whether anything is guessed.
    drafts: bool,
    lexicon: Arc<Lexicon>,
    renderer: Renderer,
    compiled: Compiled,
    stats: Arc<Mutex<EngineStats>>,
    /// Where prefixes of other processes are, if anywhere.
    kept: Option<Reader>,
    /// Where requests wait for what has to be compiled, or read, first.
    compiler: Sender<Later>,
    /// None only while it is dropped.
    inbox: Option<Sender<Message>>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread beside the loop does for a request before it goes there; the engine may stop meanwhile.
enum Later {
    /// Compiles what it must fulfil.
    Compile { shared: Weak<Shared>, salt: u64, request: Box<Request>, reply: ReplySender, submitted: Instant },
    /// Reads what is kept of its prompt.
    Read { shared: Weak<Shared>, job: Box<Job> },
}

impl Later {
    fn run(self) {
        match self {
            Later::Compile { shared, salt, request, reply, submitted } => match shared.upgrade() {
                _ if reply.is_cancelled() => {}
                _ if let Some(failure) = overdue(submitted, request.timeout, Instant::now()) => {
                    reply.done(Err(failure))
                }
                Some(shared) => LocalBackend { shared, salt }.enter(*request, reply, submitted),
                None => reply.done(Err(Failure::Gone)),
            },
            Later::Read { shared, mut job } => match shared.upgrade() {
                Some(shared) => {
                    if let Some(reader) = &shared.kept {
                        reader.again(&mut job.kept);
                    }
                    shared.send(job);
                }
                None => job.reply.done(Err(Failure::Gone)),
            },
        }
    }
}

impl Shared {
    /// Gives a job to the loop, or its failure to the client.
    fn send(&self, job: Box<Job>) {
        let reply = job.reply.clone();
        let sent = self.inbox.as_ref().map(|inbox| inbox.send(Message::Job(job)));
        if !matches!(sent, Some(Ok(()))) {
            reply.done(Err(Failure::Gone));
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The loop ends when its channel has no other end.
        self.inbox = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl LocalBackend {
    /// Starts an engine on a loaded model.
    pub fn new(loaded: Loaded, options: EngineOptions) -> Result<Self, Failure> {
        Self::with(loaded, options, Beside::default())
    }

    /// Starts an engine with what it may have beside its model.
    pub fn with(loaded: Loaded, options: EngineOptions, beside: Beside) -> Result<Self, Failure> {
        let small = match beside.small {
            Some(small) if !same_tokens(&small.tokenizer, &loaded.tokenizer) => {
                let (small, large) = (&small.model.config().name, &loaded.model.config().name);
                let reason = format!("{small} cannot guess for {large}, because its tokens are other ones");
                return Err(Failure::BadRequest(reason));
            }
            small => small.map(|small| small.model),
        };
        let lexicon = Lexicon::of(Arc::new(loaded.tokenizer))?;
        let shelf =
            beside.shelf.filter(|_| options.cache).map(|shelf| Arc::new(shelf) as Arc<dyn Blocks>).zip(loaded.identity);
        Self::start(loaded.model, lexicon, loaded.template, options, Fitting { shelf, small, ..Fitting::default() })
    }

    pub(crate) fn start(
        mut model: Box<dyn Model>,
        lexicon: Lexicon,
        template: ChatTemplate,
        options: EngineOptions,
        Fitting { shelf, small, costs }: Fitting,
    ) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::Model(error.to_string());
        let (name, window) = (model.config().name.clone(), model.config().context_length);
        let slots_of = |model: &dyn Model| {
            let fit = POOL_BYTES / model.config().kv_bytes_per_slot.max(1);
            options.kv_slots.unwrap_or_else(|| window.saturating_mul(POOL_CONTEXTS).min(fit)).max(1)
        };
        let slots = slots_of(&*model);
        model.reserve(slots).map_err(|error| failed(&error))?;
        let cache: Box<dyn Prefixes> = match options.cache {
            true => Box::new(Radix::new(options.eviction)),
            false => Box::new(Nothing),
        };
        let mut scheduler = Scheduler::new(cache, Slots::new(slots), Limits::from(options));
        scheduler.costs = costs;
        if let Some(small) = small {
            let slots = slots_of(&*small);
            scheduler.small = Some(Small::new(small, slots).map_err(|error| failed(&error))?);
        }
        let stats = Arc::new(Mutex::new(EngineStats::default()));
        let (inbox, outbox) = channel();
        let slot_bytes = model.config().kv_bytes_per_slot;
        let mut engine = Engine::new(model, scheduler, outbox, stats.clone());
        engine.keeper = shelf.clone().map(|(shelf, identity)| Keeper::new(shelf, identity));
        let thread = std::thread::Builder::new()
            .name("sgl-engine".into())
            .spawn(move || engine.run())
            .map_err(|error| failed(&error))?;
        let (compiler, later) = channel::<Later>();
        std::thread::Builder::new()
            .name("sgl-compile".into())
            .spawn(move || later.into_iter().for_each(Later::run))
            .map_err(|error| failed(&error))?;
        let lexicon = Arc::new(lexicon);
        let shared = Shared {
            name,
            window,
            limit: window.min(slots),
            jump: options.jump,
            drafts: options.draft > 0,
            compiled: Compiled::new(lexicon.vocabulary.clone()),
            renderer: Renderer::new(lexicon.clone(), template),
            lexicon,
            stats,
            kept: shelf.map(|(shelf, identity)| Reader::new(shelf, identity, slot_bytes)),
            compiler,
            inbox: Some(inbox),
            thread: Some(thread),
        };
        Ok(LocalBackend { shared: Arc::new(shared), salt: 0 })
    }

    /// A handle whose requests share cached prefixes only with those of the same `salt`.
    pub fn tenant(&self, salt: u64) -> Self {
        LocalBackend { shared: self.shared.clone(), salt }
    }

    /// What the engine did so far and holds now.
    pub fn stats(&self) -> EngineStats {
        let stats = *self.shared.stats.lock().unwrap_or_else(PoisonError::into_inner);
        EngineStats { compile_seconds: self.shared.compiled.took().as_secs_f64(), ..stats }
    }

    /// Sends a request to the loop, or its failure to the client.
    fn enter(&self, request: Request, reply: ReplySender, submitted: Instant) {
        match self.job(request, reply.clone(), submitted) {
            Err(failure) => reply.done(Err(failure)),
            Ok(job) => self.shared.send(Box::new(job)),
        }
    }

    /// The request in tokens.
    pub(crate) fn job(&self, request: Request, reply: ReplySender, submitted: Instant) -> Result<Job, Failure> {
        let (prompt, sources) = match &request.watched {
            None => (self.rendered(&request.prompt)?.tokens, Vec::new()),
            Some(_) => self.rendered_with_sources(&request.prompt)?,
        };
        let prompt_tokens = prompt.len();
        let prompt = if prompt.is_empty() { self.nothing()? } else { prompt };
        let shown = request.watched.as_ref().map(|_| prompt.clone());
        let (mut work, mut sequences) = match &request.ask {
            Ask::Generate(generate) => self.generate(generate, request.seed, prompt)?,
            Ask::Select(select) => self.select(select, request.seed, prompt)?,
        };
        for sequence in &mut sequences {
            sequence.salt = self.salt;
            sequence.priority = request.priority;
            sequence.prompt = request.prompt.life();
            sequence.batch = request.batch.clone();
        }
        let Request { timeout, stream, branches, .. } = request;
        let watched = request.watched;
        if let (Some(watched), Some(tokens)) = (&watched, shown) {
            if let Work::Generate(generation) = &mut work {
                generation.watched(watched.id);
            }
            let sight = Sight::Prompt { request: watched.id, tokens: &tokens, sources: &sources };
            watched.watch.saw(sight, &*self.shared.lexicon);
        }
        let watched = watched.map(|watched| (watched, self.shared.lexicon.clone()));
        // The last token of a prompt is always computed, for its logits.
        let kept = match (&self.shared.kept, sequences.first()) {
            (Some(reader), Some(first)) => reader.find(self.salt, &first.tokens[..first.want.min(prompt_tokens)]),
            _ => Kept::default(),
        };
        let again = (!kept.names.is_empty()).then(|| self.again());
        Ok(Job { reply, work, sequences, prompt_tokens, kept, again, submitted, timeout, branches, stream, watched })
    }

    /// See [`Job::again`].
    fn again(&self) -> Again {
        let (shared, compiler) = (Arc::downgrade(&self.shared), self.shared.compiler.clone());
        Box::new(move |job| {
            if let Err(SendError(later)) = compiler.send(Later::Read { shared, job }) {
                later.run();
            }
        })
    }

    /// The context that stands for no prompt at all.
    fn nothing(&self) -> Result<Vec<u32>, Failure> {
        let nothing = self.shared.lexicon.nothing.map(|token| vec![token]);
        nothing.ok_or_else(|| {
            Failure::BadRequest("the prompt is empty, and the model has no token that starts a text".into())
        })
    }

    fn generate(&self, generate: &Generate, seed: u64, mut tokens: Vec<u32>) -> Result<(Work, Vec<Sequence>), Failure> {
        check::sampling(&generate.sampling)?;
        check::lengths(generate)?;
        let lexicon = &self.shared.lexicon;
        let bias = check::bias(&generate.sampling.logit_bias, lexicon)?;
        let stops = self.shared.compiled.stops(&generate.stop)?;
        let matcher = self.shared.compiled.automaton(&generate.constraint)?.map(Matcher::new);
        let fewest = matcher.as_ref().map_or(1, |matcher| matcher.fewest().max(1));
        if let Some(max_tokens) = generate.max_tokens
            && max_tokens < fewest
        {
            return Err(Failure::BudgetTooSmall { max_tokens, fewest });
        }
        let thinking = generate.thinking.map(|most| most as usize);
        let span = thinking.map_or(0, |most| most.saturating_add(lexicon.think_end_tokens.len()));
        let needed = span.saturating_add(generate.max_tokens.unwrap_or(fewest) as usize);
        let left = self.room(tokens.len(), needed)? - span;
        let max_tokens = match generate.max_tokens {
            Some(most) => most as usize,
            None => MAX_TOKENS.max(fewest as usize).min(left),
        };
        let prompt = tokens.len();
        let sampler = Sampler::new(generate.sampling.clone(), bias, seed);
        let bounds = Bounds::new(generate, max_tokens, self.shared.jump);
        let mut generation = Generation::new(lexicon.clone(), sampler, bounds, stops, matcher, thinking, prompt);
        self.shared.compiled.timed(|| generation.start(&mut tokens))?;
        // What the loop counts begins in the loop.
        generation.masks();
        let mut sequence = Sequence::new(tokens, prompt.saturating_sub(1));
        sequence.goal = generation.goal(&sequence.tokens);
        sequence.most = prompt + span + max_tokens;
        sequence.drafters = self.shared.drafts.then(Drafters::default);
        Ok((Work::Generate(Box::new(generation)), vec![sequence]))
    }

    fn select(&self, select: &Select, seed: u64, prompt: Vec<u32>) -> Result<(Work, Vec<Sequence>), Failure> {
        check::options(&select.options)?;
        let options: Vec<Vec<u32>> = select.options.iter().map(|option| self.shared.lexicon.encode(option)).collect();
        let longest = options.iter().map(Vec::len).max().unwrap_or(0);
        self.room(prompt.len(), longest)?;
        let nothing = self.nothing().or_else(|_| prompt.first().map(|&token| vec![token]).ok_or(Failure::Gone))?;
        let texts = select.options.clone();
        let (selection, sequences) =
            Selection::new(texts, options, select.by, seed, &prompt, &nothing, self.shared.limit);
        Ok((Work::Select(Box::new(selection)), sequences))
    }

    /// Text and tokens of a prompt, all of which is text.
    fn rendered(&self, prompt: &Prompt) -> Result<Rendered, Failure> {
        self.only_text(prompt)?;
        self.shared.renderer.render(prompt)
    }

    /// The tokens of a prompt, and where each comes from.
    fn rendered_with_sources(&self, prompt: &Prompt) -> Result<(Vec<u32>, Vec<Source>), Failure> {
        self.only_text(prompt)?;
        let (rendered, sources) = self.shared.renderer.render_with_sources(prompt)?;
        Ok((rendered.tokens, sources))
    }

    fn only_text(&self, prompt: &Prompt) -> Result<(), Failure> {
        match prompt.parts().iter().any(|part| matches!(part, Part::Image(_))) {
            true => Err(Failure::NoPictures { model: self.shared.name.clone() }),
            false => Ok(()),
        }
    }

    /// Tokens left after a prompt, or why `needed` do not fit.
    fn room(&self, prompt: usize, needed: usize) -> Result<usize, Failure> {
        let limit = self.shared.limit;
        match limit.checked_sub(prompt) {
            Some(left) if left >= needed => Ok(left),
            _ => {
                let name = &self.shared.name;
                let model =
                    if limit < self.shared.window { format!("{name} (with this KV pool)") } else { name.clone() };
                Err(Failure::ContextFull { prompt, answer: needed, window: limit, model })
            }
        }
    }
}

impl Backend for LocalBackend {
    fn model(&self) -> &str {
        &self.shared.name
    }

    fn submit(&self, request: Request) -> Reply {
        let (sender, reply) = sgl_wire::reply();
        let submitted = Instant::now();
        if self.shared.compiled.has(&request.ask) {
            self.enter(request, sender, submitted);
            return reply;
        }
        // A large constraint takes a while: neither its client nor other requests wait for it.
        let shared = Arc::downgrade(&self.shared);
        let later = Later::Compile { shared, salt: self.salt, request: Box::new(request), reply: sender, submitted };
        if let Err(SendError(later)) = self.shared.compiler.send(later) {
            later.run();
        }
        reply
    }

    fn render(&self, prompt: &Prompt) -> Result<Rendered, Failure> {
        self.rendered(prompt)
    }

    fn fewest_tokens(&self, constraint: &Constraint) -> Result<u32, Failure> {
        Ok(self.shared.compiled.automaton(constraint)?.map_or(0, |automaton| Matcher::new(automaton).fewest()))
    }

    fn context_window(&self) -> Option<usize> {
        Some(self.shared.limit)
    }

    fn speller(&self) -> Option<&dyn Spell> {
        Some(&*self.shared.lexicon)
    }

    fn cached(&self, prompt: &Prompt) -> Option<usize> {
        let tokens = self.rendered(prompt).ok()?.tokens;
        let (reply, answer) = channel();
        self.shared.inbox.as_ref()?.send(Message::Peek { salt: self.salt, tokens, reply }).ok()?;
        answer.recv().ok()
    }
}
