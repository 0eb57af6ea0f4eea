//! The pool of KV slots: numbers go out to rows that need a place, and come back when nobody needs what is in them.

use sgl_model::Slot;

/// Which slots are free. It does not know what the others hold, nor for whom.
#[derive(Debug)]
pub(crate) struct Slots {
    free: Vec<Slot>,
    total: usize,
    #[cfg(debug_assertions)]
    is_free: Vec<bool>,
}

impl Slots {
    /// A pool of the slots `0..total`, all free.
    pub fn new(total: usize) -> Self {
        let total = total.min(Slot::MAX as usize);
        Slots {
            free: (0..total as Slot).rev().collect(),
            total,
            #[cfg(debug_assertions)]
            is_free: vec![true; total],
        }
    }

    /// Slots in the pool.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Slots nobody holds.
    pub fn free(&self) -> usize {
        self.free.len()
    }

    /// Those that are free.
    #[cfg(test)]
    pub fn list(&self) -> &[Slot] {
        &self.free
    }

    /// Appends `n` slots to `to`; takes none and says `false` where fewer are free.
    pub fn take(&mut self, n: usize, to: &mut Vec<Slot>) -> bool {
        let Some(left) = self.free.len().checked_sub(n) else {
            return false;
        };
        // From the end of the list backwards: a fresh pool hands out neighbours, which is kind to memory.
        let taken = self.free.drain(left..).rev();
        #[cfg(debug_assertions)]
        let is_free = &mut self.is_free;
        to.extend(taken.inspect(|_slot| {
            #[cfg(debug_assertions)]
            {
                is_free[*_slot as usize] = false;
            }
        }));
        true
    }

    /// Takes slots back.
    pub fn give(&mut self, slots: impl IntoIterator<Item = Slot>) {
        for slot in slots {
            #[cfg(debug_assertions)]
            {
                let was = std::mem::replace(&mut self.is_free[slot as usize], true);
                debug_assert!(!was, "slot {slot} was given back twice");
            }
            self.free.push(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_all_or_nothing_and_takes_back() {
        let mut pool = Slots::new(4);
        let mut mine = Vec::new();
        assert!(pool.take(3, &mut mine));
        assert_eq!((mine.as_slice(), pool.free()), (&[0, 1, 2][..], 1));
        assert!(!pool.take(2, &mut mine));
        assert_eq!((mine.len(), pool.free()), (3, 1));
        pool.give(mine);
        assert_eq!(pool.free(), pool.total());
    }

    #[test]
    #[should_panic(expected = "given back twice")]
    fn a_slot_given_back_twice_is_noticed() {
        Slots::new(4).give([1]);
    }
}
