//! The prompts of a session as a tree.

use sgl_wire::Prompt;

use crate::Session;

/// A prompt of the tree.
#[derive(Debug, Clone)]
pub struct Branch {
    /// Its number, for [`Session::go`].
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
    /// The prompts, each after the one that it goes on from, the newest branch last.
    pub fn tree(&self) -> Vec<Branch> {
        let mut after: Vec<Vec<usize>> = vec![Vec::new(); self.stops.len()];
        for (number, stop) in self.stops.iter().enumerate() {
            if let Some(after) = stop.made.and_then(|(before, _)| after.get_mut(before)) {
                after.push(number);
            }
        }
        let mut tree = Vec::new();
        let mut next = vec![(0, 0)];
        while let Some((number, depth)) = next.pop() {
            let (Some(stop), Some(after)) = (self.stops.get(number), after.get(number)) else { continue };
            let entry =
                stop.made.and_then(|(_, entry)| self.entries().get(entry)).map_or("", |entry| entry.first_line());
            let (entry, prompt, here) = (entry.to_string(), stop.prompt.clone(), number == self.at);
            tree.push(Branch { number, depth, entry, prompt, here });
            let deeper = depth + usize::from(after.len() > 1);
            next.extend(after.iter().rev().map(|after| (*after, deeper)));
        }
        tree
    }
}
