//! What a store of computed prefixes does for the scheduler: tokens in, slots that already hold their KV out.
//!
//! [`crate::radix::Radix`] is the real one; [`Nothing`] is its plain twin, which remembers nothing.

use sgl_model::Slot;

use crate::policy::Reader;

/// A place in the store: the prefix that ends there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Place(pub(crate) u32);

/// A store of prefixes. It owns the slots it has taken; whoever stands at a place keeps the whole path to it from
/// being evicted.
pub(crate) trait Prefixes: Send {
    /// Stands at the empty prefix of a tenant.
    fn enter(&mut self, salt: u64) -> Place;

    /// How many of `tokens`, from the empty prefix on, are stored, and the place there if somebody stood there before.
    /// Changes nothing.
    fn peek(&self, salt: u64, tokens: &[u32]) -> (usize, Option<Place>);

    /// Walks on from `at` as far as `tokens` are stored, appends their slots, and stands at the new place.
    fn follow(&mut self, at: Place, tokens: &[u32], slots: &mut Vec<Slot>) -> Place;

    /// Stores `tokens` after `at`, computed in `slots`, and stands at their end; `None`: it does not want them.
    ///
    /// It owns the slots from then on. Where it has a token already, the entry of `slots` is re-pointed to the
    /// stored one, and the caller's own is put into `spare`, to be freed.
    fn extend(&mut self, at: Place, tokens: &[u32], slots: &mut [Slot], spare: &mut Vec<Slot>) -> Option<Place>;

    /// Stands there no longer.
    fn leave(&mut self, at: Place);

    /// Notes for whom the one who stands at `at` worked: what is kept longest may depend on it.
    fn note(&mut self, at: Place, reader: &Reader<'_>);

    /// Forgets everything of a tenant for whom nobody stands anywhere, and puts the slots into `spare`.
    fn clear(&mut self, salt: u64, spare: &mut Vec<Slot>);

    /// Forgets up to `n` tokens where nobody stands, and puts their slots into `spare`.
    fn evict(&mut self, n: usize, spare: &mut Vec<Slot>);

    /// Slots it owns.
    fn cached(&self) -> usize;

    /// Of those, how many could be evicted now.
    fn evictable(&self) -> usize;

    /// Whether two sequences at one place with the same next token do the same work.
    fn shares(&self) -> bool;

    /// Recounts everything that is kept as a running number, and gives the slots that it owns.
    #[cfg(test)]
    fn check(&self) -> Vec<Slot>;
}

/// The store that stores nothing.
#[derive(Debug, Default)]
pub(crate) struct Nothing;

impl Prefixes for Nothing {
    fn enter(&mut self, _salt: u64) -> Place {
        Place(0)
    }

    fn peek(&self, _salt: u64, _tokens: &[u32]) -> (usize, Option<Place>) {
        (0, None)
    }

    fn follow(&mut self, at: Place, _tokens: &[u32], _slots: &mut Vec<Slot>) -> Place {
        at
    }

    fn extend(&mut self, _at: Place, _tokens: &[u32], _slots: &mut [Slot], _spare: &mut Vec<Slot>) -> Option<Place> {
        None
    }

    fn leave(&mut self, _at: Place) {}

    fn note(&mut self, _at: Place, _reader: &Reader<'_>) {}

    fn clear(&mut self, _salt: u64, _spare: &mut Vec<Slot>) {}

    fn evict(&mut self, _n: usize, _spare: &mut Vec<Slot>) {}

    fn cached(&self) -> usize {
        0
    }

    fn evictable(&self) -> usize {
        0
    }

    fn shares(&self) -> bool {
        false
    }

    #[cfg(test)]
    fn check(&self) -> Vec<Slot> {
        Vec::new()
    }
}
