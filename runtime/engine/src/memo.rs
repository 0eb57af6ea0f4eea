//! Work that is done once: a key goes in, what was built for it comes out, built now if nobody did before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Values by text key, the longest unused forgotten first.
///
/// Two generations: what was used since the last change of generation is young, the rest is old, and the old ones are
/// dropped together when the young ones weigh too much. So a look-up costs one or two hash look-ups, and no list.
pub(crate) struct Memo<V> {
    most: usize,
    state: Mutex<State<V>>,
}

struct State<V> {
    weight: usize,
    young: HashMap<String, Entry<V>>,
    old: HashMap<String, Entry<V>>,
}

/// Whoever comes while it is being built waits for it.
type Entry<V> = Arc<OnceLock<V>>;

impl<V: Clone> Memo<V> {
    /// Keeps values whose keys have up to `most` bytes together, and as much again.
    pub fn new(most: usize) -> Self {
        let state = State { weight: 0, young: HashMap::new(), old: HashMap::new() };
        Memo { most, state: Mutex::new(state) }
    }

    /// The value of `key`.
    pub fn get(&self, key: &str, build: impl FnOnce() -> V) -> V {
        let entry = self.entry(key);
        entry.get_or_init(build).clone()
    }

    fn entry(&self, key: &str) -> Entry<V> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = state.young.get(key) {
            return entry.clone();
        }
        let entry = state.old.remove(key).unwrap_or_default();
        state.weight += key.len() + size_of::<V>();
        if state.weight > self.most {
            state.weight = key.len() + size_of::<V>();
            state.old = std::mem::take(&mut state.young);
        }
        state.young.insert(key.to_owned(), entry.clone());
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_used_stay_and_the_unused_go() {
        let memo: Memo<u64> = Memo::new(100);
        let mut built = 0;
        for round in 0..20 {
            for key in ["used", &format!("{round:04}")] {
                memo.get(key, || {
                    built += 1;
                    built
                });
            }
        }
        assert_eq!(memo.get("used", || 0), 1, "it was never forgotten");
        assert_eq!(memo.get("0000", || 99), 99, "it was");
    }
}
