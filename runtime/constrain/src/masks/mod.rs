//! Place → which tokens may come next, and the fewest of them to the end.
//!
//! [`walk`] walks the vocabulary's trie along the graph, [`texts`] where texts must differ. Not walked are tokens that stay in
//! repeated classes ([`open`], by groups of characters), that cannot meet a dead end ([`region`]), and those inside [`words`] and
//! names ([`spelt`]) that stand everywhere. One [`mask`] serves many turns of a loop ([`loops`]). [`fewest`] counts tokens to the end.

pub(crate) mod fewest;
pub(crate) mod loops;
pub(crate) mod mask;
pub(crate) mod open;
pub(crate) mod region;
pub(crate) mod spelt;
mod texts;
pub(crate) mod walk;
pub(crate) mod words;
