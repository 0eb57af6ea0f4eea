//! Scheduler, radix cache, slots, step and sampler: requests come in, text and tokens go out.
//!
//! On the client's side, in [`front`], or in a thread of its own where something has to be compiled first:
//! 1. [`render`] turns a prompt into tokens, with the model's chat markup.
//! 2. [`check`] holds a request against its ranges; constraints and [`stops`] are [`compiled`] once and shared.
//! 3. What another process [kept] of the prompt's beginning is read from disk, where there is a shelf for it.
//! 4. A [`job`] goes to the loop by a channel: a [`generation`] or a [`selection`], and its [`sequence`]s.
//!
//! In the loop, one thread, each step of [`engine::Engine::step`]:
//! 1. [`schedule`] gives each running sequence its rows and their [`slots`], and lets waiting ones enter; prefixes
//!    that were computed before come from the [`cache`], which is a [`radix`] tree with a [`policy`]. A [`draft`], or a
//!    [`small`] model, guesses what is generated next, as far as the [`costs`] of it pay.
//! 2. [`batch`] runs them through the model.
//! 3. Each [job reads](active) its logits, on the threads of the kernels: the [`sampler`] draws, the constraint
//!    [forces](forced), the stops cut, [`text`] grows.
//! 4. Those who [`watch`] are told what the step did; nothing is worked out for requests that nobody watches.
//! 5. Text and results go out; what a finished sequence computed stays in the cache.
//!
//! Architecture invariant: no programs here. What runs is a prompt and an ask; who wants it and why is `sgl-exec`'s.
//! Architecture invariant: the loop compiles nothing and tokenizes no prompt; it spells what a constraint forces, and
//! anew what a stop left of a token.
//! Architecture invariant: the tree of cached prefixes, the pool of free slots and the running sequences each own
//! their slots and no others; at idle `free + cached == total`, and debug builds count after each step.
//! Architecture invariant: a result is a function of the prompt's tokens, the ask and the seed. Batch, cache, chunks,
//! schedule and threads are no arguments of it.

#![allow(rustdoc::private_intra_doc_links, reason = "the steps link to the code of each")]

mod active;
mod batch;
mod cache;
mod check;
mod compiled;
mod costs;
mod draft;
mod engine;
mod forced;
mod front;
mod generation;
mod job;
mod kept;
mod lexicon;
mod memo;
mod policy;
mod radix;
mod render;
mod sampler;
mod schedule;
mod selection;
mod sequence;
mod slots;
mod small;
mod stats;
mod stops;
mod text;
mod times;
mod watch;

#[cfg(test)]
mod tests;

pub use front::{Beside, EngineOptions, LocalBackend};
pub use lexicon::vocabulary;
pub use policy::Eviction;
pub use sgl_shelf::Shelf;
pub use stats::EngineStats;
pub use times::Times;
