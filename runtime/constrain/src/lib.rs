//! A constraint on a text → the tokens that may come next, with the token budget kept.
//!
//! The steps:
//! 1. [`lower`] lowers a constraint to rules, [`json`] those of a type, [`schema`] those of a JSON Schema (through [`shape`]s), [`grammar`] those of a grammar, [`regex`] (with [`look`]), [`number`]
//!    and [`regular`], where languages meet, their leaves: all
//!    become [`expr::Expr`].
//! 2. [`shapes`] lowers the shapes of JSON values to rules: each that is used more than once becomes one, and so does each large leaf.
//! 3. [`build`] makes a recursive transition [`network`] over bytes of the rules. What takes turns is a machine in it: a counted repetition, the parts
//!    of an array or object with their counts ([`turns`]) and [`names`], the characters of a text of measured length ([`meter`]).
//! 4. [`cost`] finds how far each node is from the end, and the finite language that shortest texts stay in.
//! 5. [`graph`] finds the places that texts lead to, as they are needed: a set of threads, each a node and a stack. Where parts must differ, the place
//!    also holds the text being written. Such places have no row in the table of steps, since most see few bytes;
//!    masks are those of places without such texts, but for the few tokens about which a text decides. Objects are [`equal`]
//!    whatever the order of their properties.
//! 6. [`walk`] walks the [`Vocabulary`]'s trie along the graph: the [`Mask`]. Not walked are tokens that stay in repeated classes
//!    ([`open`], by [`groups`] of characters), that cannot meet a dead end ([`region`]), and those inside [`words`] and names ([`spelt`]) that stand
//!    everywhere. One mask serves many turns of a loop ([`loops`]).
//!    Where texts must differ, [`texts`] walks. [`fewest`] counts tokens to the end.
//! 7. [`Automaton`] holds all that for one constraint, [`Matcher`] the place of one text, [`Trail`] one that can go
//!    back; [`accepts`], [`prove`] and the questions about two constraints of [`include`](mod@include) need no model.
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
mod equal;
mod error;
mod expr;
mod fewest;
mod grammar;
mod graph;
mod groups;
mod hash;
mod include;
mod json;
mod look;
mod loops;
mod lower;
mod mask;
mod matcher;
mod meter;
mod names;
mod network;
mod number;
mod open;
mod regex;
mod region;
mod regular;
mod schema;
mod shape;
mod shapes;
mod spelt;
#[cfg(test)]
mod tests;
mod texts;
mod trail;
mod turns;
mod vocabulary;
mod walk;
mod words;

pub use accept::{accepts, prove};
pub use error::{ConstrainError, Dropped, GrammarError, Rejected};
pub use include::{Proof, disjoint, included};
pub use mask::Mask;
pub use matcher::{Automaton, Matcher};
pub use trail::Trail;
pub use vocabulary::Vocabulary;
