//! A constraint on a text → the tokens that may come next, with the token budget kept.
//!
//! The steps, each a folder:
//! 1. [`lower`]: a constraint → rules, which are made of [`Expr`](lower::expr::Expr)s. [`schema`] does it for a JSON Schema, [`grammar`] for
//!    a grammar; [`regular`] is where regular languages meet.
//! 2. [`network`]: rules → a recursive transition network over bytes, in which what takes turns (counts, the parts of an array
//!    or object) is a machine; how far each node is from the end.
//! 3. [`graph`]: the places that texts lead to, found as they are needed: a set of threads, each a node and a stack. Where parts
//!    must differ, a place also holds the text being written.
//! 4. [`masks`]: a place → its [`Mask`], by a walk of the [`Vocabulary`]'s trie that spares itself most of it, and the fewest tokens
//!    to the end.
//!
//! [`Automaton`] holds all that for one constraint, [`Matcher`] the place of one text, [`Trail`] one that can go
//! back; [`accepts`], [`prove`] and the questions about two constraints of [`include`](mod@include) need no model.
//!
//! What is decided: JSON of a type is written compactly, without white space outside strings; its strings may spell a character
//! in any way that JSON allows, patterns inside strings, keys and constants only in the shortest; its numbers are
//! decimals without exponent, with at most 17 digits ([`sgl_wire::Json::Any`] also allows short exponents). What a JSON Schema allows
//! more, its options and [`regular`] say. The keys of an object may repeat where nothing counts them: a reader takes the
//! last. Look-around (`^ $ \b \B` …) is supported, back-references are not.
//!
//! Architecture invariant: nothing here knows models, logits or sampling; a vocabulary is a list of byte strings.
//! Architecture invariant: no text is ever allowed that the constraint does not have; limits only refuse more.

#![allow(rustdoc::private_intra_doc_links, reason = "the steps link to the code of each")]

mod accept;
mod error;
mod grammar;
mod graph;
mod groups;
mod hash;
mod include;
mod lower;
mod masks;
mod matcher;
mod network;
mod regular;
mod schema;
#[cfg(test)]
mod tests;
mod trail;
mod vocabulary;

pub use accept::{accepts, prove};
pub use error::{ConstrainError, Dropped, GrammarError, Rejected};
pub use include::{Proof, disjoint, included};
pub use masks::mask::Mask;
pub use matcher::{Automaton, Matcher};
pub use trail::Trail;
pub use vocabulary::Vocabulary;
