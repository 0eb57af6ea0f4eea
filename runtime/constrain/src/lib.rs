//! A constraint on a text → the tokens that may come next, with the token budget kept.
//!
//! The steps:
//! 1. [`lower`] lowers a constraint to rules, [`json`] those of a type, [`schema`] those of a JSON Schema (through [`shape`]s), [`grammar`] those of a grammar, [`regex`] (with [`look`]), [`number`]
//!    and [`regular`], where languages meet, their leaves: all
//!    become [`expr::Expr`].
//! 2. [`network`] makes a recursive transition network over bytes of them.
//! 3. [`cost`] finds how far each node is from the end, and the finite language that shortest texts stay in.
//! 4. [`graph`] finds the places that texts lead to, as they are needed: a set of threads, each a node and a stack.
//! 5. [`walk`] walks the [`Vocabulary`]'s trie along the graph: the [`Mask`]; [`fewest`] counts tokens to the end.
//! 6. [`Automaton`] holds all that for one constraint, [`Matcher`] the place of one text; [`accepts`] and [`prove`] need no model.
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
mod build;
mod cost;
mod error;
mod expr;
mod fewest;
mod grammar;
mod graph;
mod groups;
mod hash;
mod json;
mod look;
mod lower;
mod mask;
mod matcher;
mod meter;
mod network;
mod number;
mod regex;
mod regular;
mod schema;
mod shape;
mod shapes;
#[cfg(test)]
mod tests;
mod turns;
mod vocabulary;
mod walk;

pub use accept::{accepts, prove};
pub use error::{ConstrainError, Dropped, GrammarError, Rejected};
pub use mask::Mask;
pub use matcher::{Automaton, Matcher};
pub use vocabulary::Vocabulary;
