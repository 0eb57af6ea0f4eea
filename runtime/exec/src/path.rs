//! Places in a run: call sites and loop indices in, seeds and an order out.

use std::sync::Arc;

/// The way to a place: the sites of the calls and loops around it, with the index of each iteration. Cloning is one
/// reference count.
#[derive(Debug, Clone, Default)]
pub struct Path(Option<Arc<Node>>);

#[derive(Debug)]
struct Node {
    before: Path,
    step: [u64; 2],
    hash: u64,
}

impl Path {
    /// Inside the call at this site.
    pub fn call(&self, site: u32) -> Path {
        self.push([u64::from(site), 0])
    }

    /// Inside an iteration of the loop at this site.
    pub fn iteration(&self, site: u32, index: usize) -> Path {
        self.push([u64::from(site), index as u64 + 1])
    }

    /// The sites and indices, outermost first. Compared as lists, they are in the order of the program.
    pub fn steps(&self) -> Vec<[u64; 2]> {
        let mut steps = Vec::new();
        let mut at = self;
        while let Some(node) = &at.0 {
            steps.push(node.step);
            at = &node.before;
        }
        steps.reverse();
        steps
    }

    /// The seed of the generation at this site here: a function of the program's seed and of the place, of nothing else.
    pub fn seed(&self, program: u64, site: u32) -> u64 {
        mix(mix(mix(program) ^ self.hash()) ^ u64::from(site))
    }

    fn push(&self, step: [u64; 2]) -> Path {
        let hash = mix(mix(self.hash() ^ step[0]) ^ step[1]);
        Path(Some(Arc::new(Node { before: self.clone(), step, hash })))
    }

    fn hash(&self) -> u64 {
        self.0.as_ref().map_or(0, |node| node.hash)
    }
}

/// Calls nest deep: a path is taken apart in a loop.
impl Drop for Path {
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(node) = next {
            next = Arc::try_unwrap(node).ok().and_then(|mut node| node.before.0.take());
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014).
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_has_its_own_seed_and_keeps_it() {
        let root = Path::default();
        let places = [root.clone(), root.call(1), root.call(1).call(1), root.iteration(1, 0), root.iteration(1, 1)];
        let seeds: std::collections::HashSet<u64> =
            places.iter().flat_map(|path| [path.seed(7, 0), path.seed(7, 1), path.seed(8, 0)]).collect();
        assert_eq!(seeds.len(), 15);
        assert_eq!(root.call(3).iteration(2, 5).seed(7, 4), root.call(3).iteration(2, 5).seed(7, 4));
    }

    #[test]
    fn a_deep_path_is_dropped_without_recursion() {
        let path = (0..1_000_000).fold(Path::default(), |path, _| path.call(1));
        assert_eq!(path.steps().len(), 1_000_000);
    }
}
