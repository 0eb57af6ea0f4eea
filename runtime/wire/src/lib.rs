//! What an executor and a backend say to each other.
//!
//! 1. The executor builds a [`Prompt`]: an immutable value that grows by sharing its past.
//! 2. It sends a [`Request`]: that prompt and what to do with it ([`Generate`] or [`Select`]).
//! 3. A [`Backend`] answers with a [`Reply`]: a stream of [`Event`]s that ends in one outcome or one [`Failure`].
//! 4. Somebody may [`Watch`] what becomes of requests.
//!
//! A type of the language reaches the backend as a [`Constraint`], plain data that says what text is allowed.
//!
//! **Architecture invariant:** everything here is data, and two traits, of who answers and of who watches. No tokenizer, no automaton, no graph, no socket.

mod backend;
mod batch;
mod constraint;
mod picture;
mod prompt;
mod request;
mod watch;

pub use backend::{Backend, Event, Failure, Outcome, Rendered, Reply, ReplySender, reply};
pub use batch::{Batch, OfBatch};
pub use constraint::{Constraint, Draft, Field, Formats, Json, KeyOrder, Literal, Schema, SchemaOptions, WhiteSpace};
pub use picture::{MAX_PICTURE_BYTES, NoPicture, Picture};
pub use prompt::{Message, Output, Part, Prompt, PromptLife, Role};
pub use request::{
    Ask, Finish, Generate, Generated, OptionScore, Request, Sampling, Select, SelectBy, Selected, Stop, TokenLogprob,
    Usage,
};
pub use watch::{
    ALTERNATIVES, NewToken, NoTokens, Origin, Place, Rows, Sight, Source, Spell, Spelling, Step, Watch, Watched,
};
