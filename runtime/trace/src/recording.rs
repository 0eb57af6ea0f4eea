//! The records of one file: lines in, answers by key out; answers in, lines out.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sgl_wire::Backend;

use crate::backend::RecordedBackend;
use crate::record::{Answer, Record};
use crate::{BadRecord, Key};

/// Answers of models: all that there are, where they are replayed, or those given so far, where they are recorded.
#[derive(Debug, Default)]
pub struct Recording {
    /// What the file held.
    old: BTreeMap<Key, Record>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What was asked and answered now.
    new: BTreeMap<Key, Record>,
    used: HashSet<Key>,
}

impl Recording {
    /// Reads the lines of a file. Blank lines are nothing; of two records of one key the first counts.
    pub fn read(text: &str) -> Result<Recording, BadRecord> {
        let mut old = BTreeMap::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let record = Record::read(index + 1, line)?;
            old.entry(record.key.clone()).or_insert(record);
        }
        Ok(Recording { old, state: Mutex::default() })
    }

    /// A backend that answers from the records; with `asks`, one that asks it and keeps what it answers. `model` is the name
    /// in keys and messages.
    pub fn backend(self: &Arc<Self>, model: &str, asks: Option<Arc<dyn Backend>>) -> Arc<dyn Backend> {
        Arc::new(RecordedBackend::new(self.clone(), model, asks))
    }

    /// How many records there are that nothing asked for.
    pub fn unused(&self) -> usize {
        let state = self.state();
        self.old.keys().filter(|key| !state.used.contains(key) && !state.new.contains_key(key)).count()
    }

    /// The lines of the file after a run that recorded, sorted by prompt and key, so that a change of one answer is a change
    /// of one line. With `keep`, the records that nothing asked for stay: not everything that asks was run.
    pub fn text(&self, keep: bool) -> String {
        let state = self.state();
        let mut records: BTreeMap<&Key, &Record> = BTreeMap::new();
        if keep {
            records.extend(&self.old);
        }
        records.extend(&state.new);
        let mut records: Vec<&Record> = records.into_values().collect();
        records.sort_by(|a, b| (&a.prompt, &a.key).cmp(&(&b.prompt, &b.key)));
        records.iter().map(|record| record.write() + "\n").collect()
    }

    /// The models whose answers the file holds.
    pub(crate) fn models(&self) -> BTreeSet<&str> {
        self.old.values().map(|record| record.model.as_str()).collect()
    }

    pub(crate) fn find(&self, key: &Key) -> Option<Answer> {
        let record = self.old.get(key)?;
        self.state().used.insert(key.clone());
        Some(record.answer.clone())
    }

    /// Equal requests have equal answers; should a backend not keep to that, the first one stays.
    pub(crate) fn keep(&self, record: Record) {
        self.state().new.entry(record.key.clone()).or_insert(record);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
