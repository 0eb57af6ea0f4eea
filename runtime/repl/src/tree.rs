//! The states of a session as a tree of prompts.

use sgl_wire::Prompt;

use crate::Session;

/// A prompt of the tree.
#[derive(Debug, Clone)]
pub struct Branch {
    /// The number of its state, for [`Session::go`].
    pub number: usize,
    /// How many times the tree parted above it.
    pub depth: usize,
    /// The first line of the entry that made it.
    pub entry: String,
    /// The prompt.
    pub prompt: Prompt,
    /// Whether it is the current one.
    pub here: bool,
}

impl Session {
    /// The prompts, each after the one that it goes on from, the newest branch last. Entries that wrote nothing to the prompt are
    /// no prompts of their own.
    pub fn tree(&self) -> Vec<Branch> {
        let prompts: Vec<usize> = (0..self.states.len()).map(|number| self.prompt_of(number)).collect();
        let here = prompts.get(self.at).copied();
        let mut inner: Vec<Vec<usize>> = vec![Vec::new(); self.states.len()];
        for (number, state) in self.states.iter().enumerate() {
            let above = state.before.and_then(|before| prompts.get(before));
            if let Some(inner) = above.and_then(|above| inner.get_mut(*above)).filter(|_| prompts.get(number) == Some(&number)) {
                inner.push(number);
            }
        }
        let mut tree = Vec::new();
        let mut next = vec![(0, 0)];
        while let Some((number, depth)) = next.pop() {
            let (Some(state), Some(inner)) = (self.states.get(number), inner.get(number)) else { continue };
            let entry = state.entry.as_ref().map_or("", |entry| entry.text.trim().lines().next().unwrap_or_default());
            let prompt = state.prompt.clone();
            tree.push(Branch { number, depth, entry: entry.to_string(), prompt, here: here == Some(number) });
            let deeper = depth + usize::from(inner.len() > 1);
            next.extend(inner.iter().rev().map(|inner| (*inner, deeper)));
        }
        tree
    }

    /// The state that made the prompt of this one.
    fn prompt_of(&self, number: usize) -> usize {
        let mut number = number;
        while let Some((state, before)) = self.states.get(number).and_then(|state| Some((state, state.before?))) {
            let is_same = self.states.get(before).is_some_and(|above| above.prompt.same(&state.prompt));
            if !is_same {
                break;
            }
            number = before;
        }
        number
    }
}
