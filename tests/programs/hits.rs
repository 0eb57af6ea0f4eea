//! How much of what a perfect cache would keep the engine's cache keeps, on the workloads.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use sgl_engine::EngineOptions;
use sgl_exec::Watching;
use sgl_wire::{Sight, Source, Spell, Watch};

use crate::cases::{Case, WORKLOADS};
use crate::support::sim;

/// The prompts of a run: their tokens, and whether a model wrote them.
#[derive(Default)]
struct Prompts {
    numbers: AtomicU64,
    heard: Mutex<Vec<(Vec<u32>, Vec<Source>)>>,
}

impl Watch for Prompts {
    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    fn saw(&self, sight: Sight<'_>, _: &dyn Spell) {
        if let Sight::Prompt { tokens, sources, .. } = sight {
            self.heard.lock().unwrap().push((tokens.to_vec(), sources.to_vec()));
        }
    }
}

impl Prompts {
    /// The most tokens that could have been taken from a cache: of every prompt all but the last, whose logits are
    /// wanted, less each prefix once, unless a model wrote it and so computed it. (Not the last token of an answer, which has
    /// no row: where a prompt goes on from there, this is one more than there is.)
    fn most(&self) -> u64 {
        let mut nodes: HashMap<(usize, u32), usize> = HashMap::new();
        let mut most = 0;
        for (tokens, sources) in self.heard.lock().unwrap().iter() {
            let mut at = 0;
            for (token, source) in tokens.iter().zip(sources).take(tokens.len().saturating_sub(1)) {
                let new = nodes.len() + 1;
                let node = *nodes.entry((at, *token)).or_insert(new);
                most += u64::from(node != new || *source == Source::Written);
                at = node;
            }
        }
        most
    }
}

#[test]
fn the_cache_keeps_nearly_all_that_can_be_kept() {
    for name in WORKLOADS {
        let Some(case) = Case::workload(name, 20) else { return };
        let prompts = Arc::new(Prompts::default());
        let backend = sim::engine_with(EngineOptions::default());
        case.run(Arc::new(backend.clone()), Some(Watching { watch: prompts.clone(), run: 0 }));
        let (stats, most) = (backend.stats(), prompts.most());
        let share = |part: u64| 100.0 * part as f64 / stats.prompt_tokens as f64;
        println!(
            "{name:>12}: {:6} prompt tokens, {:.2} % cached, {:.2} % at best; {} of {} guessed tokens were right",
            stats.prompt_tokens,
            share(stats.cached_tokens),
            share(most),
            stats.accepted,
            stats.drafted
        );
        assert!(stats.cached_tokens <= most, "more than there is");
        assert!(stats.cached_tokens as f64 >= 0.96 * most as f64, "{name}: {} of {most}", stats.cached_tokens);
    }
}
