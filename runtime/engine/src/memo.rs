//! Work that is done once: a key goes in, what was built for it comes out, built now if nobody did before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Values by text key, the longest unused forgotten first.
///
/// Two generations: what was used since the last change of generation is young, the rest is old, and the old ones are
/// dropped together when the young ones weigh too much. So a look-up costs one or two hash look-ups, and no list.
pub(crate) struct Memo<V> {
    most: usize,
    weigh: fn(&V) -> usize,
    state: Mutex<State<V>>,
}

struct State<V> {
    /// Of the young ones.
    weight: usize,
    young: HashMap<String, Entry<V>>,
    old: HashMap<String, Entry<V>>,
}

struct Entry<V> {
    /// Whoever comes while it is being built waits for it.
    value: Arc<OnceLock<V>>,
    /// When it was last asked for.
    weight: usize,
}

impl<V: Clone> Memo<V> {
    /// Keeps keys and values of up to `most` bytes together, and as much again. `weigh`: bytes that a value holds; they
    /// may grow while it is used, and are looked at whenever it is asked for.
    pub fn new(most: usize, weigh: fn(&V) -> usize) -> Self {
        let state = State { weight: 0, young: HashMap::new(), old: HashMap::new() };
        Memo { most, weigh, state: Mutex::new(state) }
    }

    /// The value of `key`.
    pub fn get(&self, key: &str, build: impl FnOnce() -> V) -> V {
        let value = self.entry(key).get_or_init(build).clone();
        // Weighed without the lock: it may wait for whoever works with the value.
        let weight = key.len() + size_of::<V>() + (self.weigh)(&value);
        self.note(key, weight);
        value
    }

    /// Whether the value of `key` is there, built.
    pub fn has(&self, key: &str) -> bool {
        let state = self.state();
        state.young.get(key).or_else(|| state.old.get(key)).is_some_and(|entry| entry.value.get().is_some())
    }

    fn state(&self) -> MutexGuard<'_, State<V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The entry of `key`, which is young from now on.
    fn entry(&self, key: &str) -> Arc<OnceLock<V>> {
        let mut state = self.state();
        if let Some(entry) = state.young.get(key) {
            return entry.value.clone();
        }
        let entry = state.old.remove(key).unwrap_or_else(|| Entry { value: Arc::default(), weight: 0 });
        let value = entry.value.clone();
        state.weight += entry.weight;
        state.young.insert(key.to_owned(), entry);
        value
    }

    /// Notes what `key` weighs now, and drops the old ones where the young ones have become too many.
    fn note(&self, key: &str, weight: usize) {
        let state = &mut *self.state();
        if let Some(entry) = state.young.get_mut(key) {
            state.weight = (state.weight + weight).saturating_sub(entry.weight);
            entry.weight = weight;
        }
        if state.weight > self.most {
            state.weight = 0;
            state.old = std::mem::take(&mut state.young);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn the_used_stay_and_the_unused_go() {
        let memo: Memo<u64> = Memo::new(100, |_| 0);
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

    #[test]
    fn who_asks_at_once_gets_what_one_of_them_built() {
        let (memo, built) = (Memo::<usize>::new(1 << 20, |_| 0), AtomicUsize::new(0));
        let together = std::sync::Barrier::new(8);
        let ask = || {
            together.wait();
            let build = || {
                // Long enough for the others to come.
                std::thread::sleep(std::time::Duration::from_millis(1));
                built.fetch_add(1, Ordering::Relaxed)
            };
            (0..20).map(|key| memo.get(&format!("{key}"), build)).collect::<Vec<_>>()
        };
        let found: Vec<Vec<usize>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(built.into_inner(), 20);
        assert!(found.iter().all(|values| *values == found[0]), "{found:?}");
    }

    /// Clients that are interrupted between what each does under the lock, in many orders.
    #[test]
    fn in_whatever_order_they_go_on_weights_are_right() {
        let memo: Memo<String> = Memo::new(400, String::len);
        let (mut asking, mut number) = (Vec::new(), 0_u64);
        let mut below = |n: usize| {
            number += 1;
            (crate::sampler::uniform(9, number) * n as f64) as usize
        };
        for _ in 0..20_000 {
            if asking.len() < 8 && below(2) == 0 {
                let key = format!("{}", below(12));
                asking.push((memo.entry(&key), key));
            } else if !asking.is_empty() {
                let (entry, key) = asking.swap_remove(below(asking.len()));
                assert_eq!(*entry.get_or_init(|| key.clone()), key);
                memo.note(&key, 10 + below(90));
            }
            let state = memo.state();
            let weight =
                |entries: &HashMap<String, Entry<String>>| entries.values().map(|entry| entry.weight).sum::<usize>();
            assert_eq!(state.weight, weight(&state.young));
            assert!(state.weight + weight(&state.old) <= 2 * 400 + 100);
            assert!(state.young.keys().all(|key| !state.old.contains_key(key)));
        }
    }

    #[test]
    fn what_grows_while_it_is_used_is_weighed_as_it_is() {
        let memo: Memo<Arc<AtomicUsize>> = Memo::new(1000, |held| held.load(Ordering::Relaxed));
        for round in 0..100 {
            let held = memo.get(&format!("{round}"), Arc::default);
            held.store(300, Ordering::Relaxed);
            memo.get(&format!("{round}"), Arc::default);
            let state = memo.state();
            let values = state.young.values().chain(state.old.values());
            let kept: usize =
                values.filter_map(|entry| entry.value.get()).map(|held| held.load(Ordering::Relaxed)).sum();
            assert!(kept <= 2000 + 300, "{kept} bytes in round {round}");
        }
        assert!(memo.get("0", Arc::default).load(Ordering::Relaxed) == 0, "the first was forgotten");
        assert!(memo.get("99", Arc::default).load(Ordering::Relaxed) == 300, "the last was not");
    }
}
