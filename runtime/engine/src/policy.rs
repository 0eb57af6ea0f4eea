//! Which leaf of the prefix tree is evicted first: what is known about its use in, a rank out.

use sgl_wire::{OfBatch, PromptLife};

/// How the prefix cache makes room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Eviction {
    /// First what no living prompt of a program begins with and no batch reads again and again; of the rest, and of equals, the least recently used. A
    /// program that still holds a prompt may read it again; one that dropped it cannot.
    #[default]
    Held,
    /// The least recently used.
    Lru,
    /// The least often used; of equals the least recently used.
    Lfu,
    /// What the least urgent requests used; of equals the least recently used.
    Priority,
}

/// What a policy may look at.
#[derive(Debug, Clone)]
pub(crate) struct Use {
    /// When somebody last left this run; counts up by one an event.
    pub last: u64,
    /// How often somebody came to stand on it.
    pub hits: u64,
    /// The highest priority of those who left it.
    pub priority: i32,
    /// The prompts of those who left it, the latest last.
    pub prompts: Vec<PromptLife>,
    /// The run of a batch for which it was last left, and whether another run of that batch left it too.
    batch: Option<(OfBatch, bool)>,
}

/// Somebody who leaves a run.
pub(crate) struct Reader<'a> {
    pub priority: i32,
    /// What they worked on.
    pub prompt: &'a PromptLife,
    /// The run of a batch for which they worked.
    pub batch: Option<&'a OfBatch>,
}

impl Default for Use {
    fn default() -> Self {
        Use { last: 0, hits: 0, priority: i32::MIN, prompts: Vec::new(), batch: None }
    }
}

/// Prompts that are watched for one run.
const WATCHED: usize = 4;

impl Use {
    /// Notes who leaves.
    pub fn left_by(&mut self, &Reader { priority, prompt, batch }: &Reader<'_>) {
        self.priority = self.priority.max(priority);
        if let Some(now) = batch {
            let known = self.batch.take().filter(|(before, _)| before.same_batch(now));
            let shared = known.is_some_and(|(before, shared)| shared || !before.same_run(now));
            self.batch = Some((now.clone(), shared));
        }
        if self.prompts.iter().any(|known| known.same(prompt)) {
            return;
        }
        self.prompts.retain(PromptLife::is_held);
        if self.prompts.len() >= WATCHED {
            self.prompts.remove(0);
        }
        self.prompts.push(prompt.clone());
    }

    /// Whether it may be read again: a prompt that begins with it is still in use, or several runs of a batch that goes
    /// on have read it.
    fn is_held(&self) -> bool {
        self.prompts.iter().any(PromptLife::is_held)
            || self.batch.as_ref().is_some_and(|(batch, shared)| *shared && batch.goes_on())
    }
}

/// Which leaf goes first.
pub(crate) trait Policy: Send {
    /// The leaf with the smallest rank is evicted first. The rank of a leaf may fall while nobody uses it, and never grows.
    fn rank(&self, used: &Use) -> (u64, u64);

    /// From which rank on it may have fallen.
    fn falls_from(&self) -> Option<(u64, u64)> {
        None
    }
}

impl Policy for Eviction {
    fn rank(&self, used: &Use) -> (u64, u64) {
        match self {
            Eviction::Held => (u64::from(used.is_held()), used.last),
            Eviction::Lru => (0, used.last),
            Eviction::Lfu => (used.hits, used.last),
            Eviction::Priority => ((i64::from(used.priority) - i64::from(i32::MIN)).unsigned_abs(), used.last),
        }
    }

    fn falls_from(&self) -> Option<(u64, u64)> {
        (*self == Eviction::Held).then_some((1, 0))
    }
}
