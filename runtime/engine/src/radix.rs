//! The radix cache: runs of tokens and their KV slots go in, the longest stored prefix of a prompt comes out.
//!
//! A tree at the grain of one token (page size 1), after RadixAttention (Zheng et al. 2024). An edge is a run of
//! tokens with the slot of each. Every node counts who stands at or below it; a node that nobody needs and that has no
//! children is a leaf to evict, kept in an ordered set by the rank its [`Policy`] gives, so the tree is never scanned.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;

use sgl_model::Slot;

use crate::cache::{Place, Prefixes};
use crate::policy::{Eviction, Policy, Reader, Use};

/// Leaves that are looked at together, for whether their rank fell.
const LOOKED_AT: usize = 64;

/// The rank of a leaf, and which.
type Victim = ((u64, u64), Place);

#[derive(Debug, Default)]
struct Node {
    /// None: the root of a tenant.
    parent: Option<Place>,
    /// The tenant.
    salt: u64,
    tokens: Vec<u32>,
    slots: Vec<Slot>,
    /// By the first token of their run.
    children: HashMap<u32, Place>,
    /// How many stand here or below.
    locks: usize,
    used: Use,
    /// Its key in `leaves`, while it is in there.
    rank: Option<(u64, u64)>,
}

/// See the module's text.
pub(crate) struct Radix {
    nodes: Vec<Node>,
    vacant: Vec<Place>,
    roots: HashMap<u64, Place>,
    /// Evictable leaves, the next victim first.
    leaves: BTreeSet<Victim>,
    /// Of the leaves whose rank may fall, the last that was looked at.
    looked: Option<Victim>,
    cached: usize,
    evictable: usize,
    clock: u64,
    policy: Box<dyn Policy>,
}

/// Where a walk ended: inside `node`, after `within` of its tokens, having matched `matched` in all.
struct Walk {
    node: Place,
    within: usize,
    matched: usize,
}

impl Radix {
    /// An empty tree that makes room in this way.
    pub fn new(eviction: Eviction) -> Self {
        Radix {
            nodes: Vec::new(),
            vacant: Vec::new(),
            roots: HashMap::new(),
            leaves: BTreeSet::new(),
            looked: None,
            cached: 0,
            evictable: 0,
            clock: 0,
            policy: Box::new(eviction),
        }
    }

    fn node(&self, at: Place) -> &Node {
        &self.nodes[at.0 as usize]
    }

    fn node_mut(&mut self, at: Place) -> &mut Node {
        &mut self.nodes[at.0 as usize]
    }

    fn add(&mut self, node: Node) -> Place {
        if let Some(place) = self.vacant.pop() {
            *self.node_mut(place) = node;
            return place;
        }
        self.nodes.push(node);
        Place((self.nodes.len() - 1) as u32)
    }

    fn walk(&self, from: Place, tokens: &[u32]) -> Walk {
        let mut walk = Walk { node: from, within: self.node(from).tokens.len(), matched: 0 };
        while let Some(next) = tokens.get(walk.matched) {
            let node = self.node(walk.node);
            let Some(&child) = node.children.get(next) else {
                break;
            };
            let run = &self.node(child).tokens;
            let rest = &tokens[walk.matched..];
            let common = run.iter().zip(rest).take_while(|(a, b)| a == b).count();
            walk = Walk { node: child, within: common, matched: walk.matched + common };
            if common < run.len() {
                break;
            }
        }
        walk
    }

    /// Splits `node` after `within` tokens, if it goes on, and gives the upper part.
    ///
    /// The lower part keeps the name, because that is where others stand.
    fn split(&mut self, node: Place, within: usize) -> Place {
        if within == self.node(node).tokens.len() {
            return node;
        }
        let lower = self.node_mut(node);
        let rest = lower.tokens.split_off(within);
        let rest_slots = lower.slots.split_off(within);
        let upper = Node {
            parent: lower.parent,
            salt: lower.salt,
            tokens: std::mem::replace(&mut lower.tokens, rest),
            slots: std::mem::replace(&mut lower.slots, rest_slots),
            children: HashMap::from([(lower.tokens[0], node)]),
            locks: lower.locks,
            used: lower.used.clone(),
            rank: None,
        };
        let (parent, first) = (upper.parent, upper.tokens[0]);
        let place = self.add(upper);
        self.node_mut(node).parent = Some(place);
        if let Some(parent) = parent {
            self.node_mut(parent).children.insert(first, place);
        }
        place
    }

    /// Counts one more standing on each node from `to` up to, and without, `from`.
    fn lock(&mut self, from: Option<Place>, to: Place) {
        let mut at = Some(to);
        while at != from
            && let Some(place) = at
        {
            let node = self.node_mut(place);
            node.locks += 1;
            node.used.hits += 1;
            at = node.parent;
            if node.locks == 1 {
                let (len, rank) = (node.tokens.len(), node.rank.take());
                self.evictable -= len;
                if let Some(rank) = rank {
                    self.leaves.remove(&(rank, place));
                }
            }
        }
    }

    /// Puts a node that became an unneeded leaf among the victims.
    fn offer(&mut self, place: Place) {
        let node = self.node(place);
        if node.locks == 0 && node.children.is_empty() && node.parent.is_some() {
            let rank = self.policy.rank(&node.used);
            self.node_mut(place).rank = Some(rank);
            self.leaves.insert((rank, place));
        }
    }

    /// Ranks anew the next of the leaves whose rank may have fallen, round and round; says whether one fell.
    fn look_again(&mut self) -> bool {
        let Some(from) = self.policy.falls_from() else { return false };
        let from = match self.looked.take() {
            Some(last) => Bound::Excluded(last),
            None => Bound::Included((from, Place(0))),
        };
        let next: Vec<Victim> = self.leaves.range((from, Bound::Unbounded)).take(LOOKED_AT).copied().collect();
        self.looked = next.last().filter(|_| next.len() == LOOKED_AT).copied();
        let mut fell = false;
        for (rank, place) in next {
            if self.policy.rank(&self.node(place).used) < rank {
                self.leaves.remove(&(rank, place));
                self.offer(place);
                fell = true;
            }
        }
        fell
    }

    /// Takes a run without children out of the tree, and says what it hung on. Its tokens are counted already.
    fn remove(&mut self, place: Place) -> Option<Place> {
        let node = std::mem::take(self.node_mut(place));
        if let Some(rank) = node.rank {
            self.leaves.remove(&(rank, place));
        }
        self.vacant.push(place);
        match (node.parent, node.tokens.first()) {
            (Some(parent), Some(first)) => {
                self.node_mut(parent).children.remove(first);
            }
            _ => {
                self.roots.remove(&node.salt);
            }
        }
        node.parent
    }

    /// Lets go of a tenant of whom nothing is left.
    fn close(&mut self, place: Place) {
        let node = self.node(place);
        if node.parent.is_none() && node.locks == 0 && node.children.is_empty() {
            self.remove(place);
        }
    }
}

impl Prefixes for Radix {
    fn enter(&mut self, salt: u64) -> Place {
        let root = match self.roots.get(&salt) {
            Some(&root) => root,
            None => {
                let root = self.add(Node { salt, ..Node::default() });
                self.roots.insert(salt, root);
                root
            }
        };
        self.lock(None, root);
        root
    }

    fn peek(&self, salt: u64, tokens: &[u32]) -> (usize, Option<Place>) {
        let Some(&root) = self.roots.get(&salt) else { return (0, None) };
        let walk = self.walk(root, tokens);
        let whole = walk.within == self.node(walk.node).tokens.len();
        (walk.matched, whole.then_some(walk.node))
    }

    fn follow(&mut self, at: Place, tokens: &[u32], slots: &mut Vec<Slot>) -> Place {
        let walk = self.walk(at, tokens);
        if walk.matched == 0 {
            return at;
        }
        let to = self.split(walk.node, walk.within);
        self.lock(Some(at), to);
        let before = slots.len();
        let mut place = to;
        while place != at {
            let node = self.node(place);
            slots.extend(node.slots.iter().rev());
            let Some(parent) = node.parent else { break };
            place = parent;
        }
        slots[before..].reverse();
        to
    }

    fn extend(&mut self, at: Place, tokens: &[u32], slots: &mut [Slot], spare: &mut Vec<Slot>) -> Option<Place> {
        let mut stored = Vec::new();
        let at = self.follow(at, tokens, &mut stored);
        for (own, stored) in slots.iter_mut().zip(&stored) {
            spare.push(std::mem::replace(own, *stored));
        }
        let (tokens, slots) = (&tokens[stored.len()..], &slots[stored.len()..]);
        let Some(&first) = tokens.first() else {
            return Some(at);
        };
        self.cached += tokens.len();
        let salt = self.node(at).salt;
        let node = self.node_mut(at);
        if node.locks == 1 && node.children.is_empty() && node.parent.is_some() {
            // Ours alone: the run grows instead of becoming a chain of chunks.
            node.tokens.extend_from_slice(tokens);
            node.slots.extend_from_slice(slots);
            return Some(at);
        }
        let leaf = self.add(Node {
            parent: Some(at),
            salt,
            tokens: tokens.to_vec(),
            slots: slots.to_vec(),
            locks: 1,
            ..Node::default()
        });
        self.node_mut(at).children.insert(first, leaf);
        Some(leaf)
    }

    fn leave(&mut self, at: Place) {
        self.clock += 1;
        let mut next = Some(at);
        while let Some(place) = next {
            let clock = self.clock;
            let node = self.node_mut(place);
            node.locks -= 1;
            node.used.last = clock;
            next = node.parent;
            if node.locks == 0 {
                self.evictable += self.node(place).tokens.len();
                self.offer(place);
                self.close(place);
            }
        }
    }

    fn note(&mut self, at: Place, reader: &Reader<'_>) {
        let mut next = Some(at);
        while let Some(place) = next {
            let node = self.node_mut(place);
            node.used.left_by(reader);
            next = node.parent;
        }
    }

    fn clear(&mut self, salt: u64, spare: &mut Vec<Slot>) {
        let mut open: Vec<Place> = self.roots.get(&salt).copied().into_iter().collect();
        let mut places = Vec::new();
        while let Some(place) = open.pop() {
            open.extend(self.node(place).children.values());
            places.push(place);
        }
        // Those below were found after those above.
        for place in places.into_iter().rev() {
            let node = self.node_mut(place);
            if node.locks > 0 {
                continue;
            }
            let gone = node.slots.len();
            spare.append(&mut node.slots);
            self.cached -= gone;
            self.evictable -= gone;
            self.remove(place);
        }
    }

    fn evict(&mut self, n: usize, spare: &mut Vec<Slot>) {
        let (mut left, mut looks) = (n, true);
        while left > 0
            && let Some(&(rank, place)) = self.leaves.first()
        {
            if looks && self.policy.falls_from().is_some_and(|from| rank >= from) {
                looks = self.look_again();
                continue;
            }
            let node = self.node_mut(place);
            // Only the tail that is needed goes: the head of a long run stays useful.
            let keep = node.tokens.len().saturating_sub(left);
            let gone = node.tokens.len() - keep;
            spare.extend(node.slots.drain(keep..));
            left -= gone;
            self.cached -= gone;
            self.evictable -= gone;
            if keep > 0 {
                self.node_mut(place).tokens.truncate(keep);
            } else if let Some(parent) = self.remove(place) {
                self.offer(parent);
                self.close(parent);
            }
        }
    }

    fn cached(&self) -> usize {
        self.cached
    }

    fn evictable(&self) -> usize {
        self.evictable
    }

    fn shares(&self) -> bool {
        true
    }

    #[cfg(test)]
    fn check(&self) -> Vec<Slot> {
        let (mut cached, mut evictable, mut leaves) = (0, 0, BTreeSet::new());
        let mut open: Vec<Place> = self.roots.values().copied().collect();
        let mut slots = std::collections::HashSet::new();
        while let Some(place) = open.pop() {
            let node = self.node(place);
            assert_eq!(node.tokens.len(), node.slots.len());
            assert!(node.slots.iter().all(|&slot| slots.insert(slot)), "a slot twice");
            cached += node.tokens.len();
            if node.locks == 0 {
                evictable += node.tokens.len();
            }
            if node.locks == 0 && node.children.is_empty() && node.parent.is_some() {
                leaves.insert((node.rank.unwrap(), place));
            } else {
                assert_eq!(node.rank, None);
            }
            let mut below = 0;
            for (first, &child) in &node.children {
                assert_eq!(self.node(child).parent, Some(place));
                assert_eq!(self.node(child).tokens.first(), Some(first));
                below += self.node(child).locks;
                open.push(child);
            }
            assert!(node.locks >= below, "more stand below a node than on its path");
        }
        assert_eq!((cached, evictable), (self.cached, self.evictable));
        assert_eq!(leaves, self.leaves);
        slots.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use sgl_wire::{Batch, Part, Prompt, PromptLife};

    use super::*;

    fn store(tree: &mut Radix, salt: u64, tokens: &[u32], slots: &[Slot]) -> Vec<Slot> {
        let at = tree.enter(salt);
        let (mut slots, mut spare) = (slots.to_vec(), Vec::new());
        let at = tree.extend(at, tokens, &mut slots, &mut spare).unwrap();
        tree.check();
        tree.leave(at);
        tree.check();
        spare
    }

    fn read(tree: &mut Radix, salt: u64, tokens: &[u32]) -> Vec<Slot> {
        let (at, mut slots) = (tree.enter(salt), Vec::new());
        let at = tree.follow(at, tokens, &mut slots);
        tree.check();
        tree.leave(at);
        slots
    }

    #[test]
    fn the_longest_stored_prefix_is_found_and_runs_are_split() {
        let mut tree = Radix::new(Eviction::Lru);
        assert!(store(&mut tree, 0, &[1, 2, 3, 4], &[10, 11, 12, 13]).is_empty());
        assert_eq!(store(&mut tree, 0, &[1, 2, 9], &[20, 21, 22]), [20, 21]);
        assert_eq!(read(&mut tree, 0, &[1, 2, 9, 9]), [10, 11, 22]);
        assert_eq!(read(&mut tree, 0, &[1, 2, 3]), [10, 11, 12]);
        assert_eq!(tree.peek(0, &[1, 2, 3, 4, 5]).0, 4);
        assert_eq!(tree.cached(), 5);
    }

    #[test]
    fn tenants_do_not_see_each_other() {
        let mut tree = Radix::new(Eviction::Lru);
        store(&mut tree, 1, &[1, 2, 3], &[0, 1, 2]);
        assert_eq!(tree.peek(2, &[1, 2, 3]), (0, None));
        assert!(store(&mut tree, 2, &[1, 2, 3], &[3, 4, 5]).is_empty());
        assert_eq!(read(&mut tree, 1, &[1, 2, 3]), [0, 1, 2]);
    }

    #[test]
    fn the_least_recently_used_tail_goes_first_and_what_is_held_stays() {
        let mut tree = Radix::new(Eviction::Lru);
        store(&mut tree, 0, &[1, 2, 3, 4], &[0, 1, 2, 3]);
        store(&mut tree, 0, &[1, 2, 7, 8], &[4, 5, 6, 7]);
        read(&mut tree, 0, &[1, 2, 3, 4]);
        let (held, mut slots, mut spare) = (tree.enter(0), Vec::new(), Vec::new());
        let held = tree.follow(held, &[1, 2, 3], &mut slots);
        tree.evict(1, &mut spare);
        assert_eq!(spare, [7], "the tail of the older leaf");
        tree.evict(100, &mut spare);
        tree.check();
        assert_eq!(spare, [7, 6, 3]);
        assert_eq!((tree.cached(), tree.evictable()), (3, 0));
        tree.leave(held);
        tree.evict(100, &mut spare);
        tree.check();
        assert_eq!((tree.cached(), spare.len()), (0, 6));
    }

    #[test]
    fn a_run_that_is_ours_alone_grows_in_place() {
        let mut tree = Radix::new(Eviction::Lru);
        let (mut at, mut spare) = (tree.enter(0), Vec::new());
        for token in 0..5u32 {
            at = tree.extend(at, &[token], &mut [token], &mut spare).unwrap();
        }
        assert_eq!(tree.nodes.len(), 2);
        tree.leave(at);
        tree.check();
    }

    #[test]
    fn a_tenant_of_whom_nothing_is_left_leaves_nothing() {
        let mut tree = Radix::new(Eviction::Lru);
        for salt in 0..100 {
            let at = tree.enter(salt);
            tree.leave(at);
            store(&mut tree, salt, &[1, 2], &[0, 1]);
            tree.evict(2, &mut Vec::new());
            tree.check();
        }
        assert!(tree.roots.is_empty() && tree.nodes.len() == tree.vacant.len() && tree.nodes.len() < 4);
    }

    #[test]
    fn one_tenant_is_cleared_and_the_others_stay() {
        let (mut tree, mut spare) = (Radix::new(Eviction::Lru), Vec::new());
        store(&mut tree, 0, &[1, 2, 3, 4], &[0, 1, 2, 3]);
        store(&mut tree, 0, &[1, 2, 7, 8], &[4, 5, 6, 7]);
        store(&mut tree, 9, &[1, 2], &[8, 9]);
        tree.clear(0, &mut spare);
        tree.clear(5, &mut spare);
        spare.sort_unstable();
        assert_eq!(spare, [0, 1, 2, 3, 6, 7]);
        assert_eq!(tree.check().len(), 2);
        assert_eq!((tree.peek(0, &[1]).0, tree.peek(9, &[1, 2]).0), (0, 2));
    }

    /// Two texts, each used so often and last by such a request; which of them is evicted first?
    fn first_out(eviction: Eviction, uses: [(usize, i32); 2], prompts: [&PromptLife; 2]) -> u32 {
        let mut tree = Radix::new(eviction);
        for (token, ((times, priority), prompt)) in (0u32..).zip(uses.into_iter().zip(prompts)) {
            store(&mut tree, 0, &[token], &[token]);
            for _ in 0..times {
                let (root, mut slots) = (tree.enter(0), Vec::new());
                let at = tree.follow(root, &[token], &mut slots);
                tree.note(at, &Reader { priority, prompt, batch: None });
                tree.leave(at);
            }
        }
        let mut spare = Vec::new();
        tree.evict(1, &mut spare);
        tree.check();
        spare[0]
    }

    /// As many texts of one token as there are prompts, the one used last at the end.
    fn texts_of(prompts: &[Prompt]) -> Radix {
        let mut tree = Radix::new(Eviction::Held);
        for (token, prompt) in (0u32..).zip(prompts) {
            let (root, mut spare) = (tree.enter(0), Vec::new());
            let at = tree.extend(root, &[token], &mut [token], &mut spare).unwrap();
            tree.note(at, &Reader { priority: 0, prompt: &prompt.life(), batch: None });
            tree.leave(at);
        }
        tree
    }

    fn evicted(tree: &mut Radix, n: usize) -> Vec<Slot> {
        let mut spare = Vec::new();
        tree.evict(n, &mut spare);
        tree.check();
        spare
    }

    #[test]
    fn however_many_are_held_the_least_recently_used_goes_first() {
        let prompts: Vec<Prompt> = (0..1000).map(|_| Prompt::empty().push(Part::Close)).collect();
        let mut tree = texts_of(&prompts);
        assert_eq!(read(&mut tree, 0, &[0]), [0]);
        let order: Vec<Slot> = (0..1000).flat_map(|_| evicted(&mut tree, 1)).collect();
        assert!(order.iter().copied().eq((1..1000).chain([0])), "{order:?}");
    }

    #[test]
    fn what_nobody_holds_any_more_goes_before_what_is_held() {
        let mut prompts: Vec<Prompt> = (0..1000).map(|_| Prompt::empty().push(Part::Close)).collect();
        let mut tree = texts_of(&prompts);
        prompts.retain({
            let mut token = 0u32..;
            move |_| token.next().unwrap() % 100 != 99
        });
        // Ten of a thousand are dead: after so many looks all of them are known.
        let mut order: Vec<Slot> = (0..1000 / LOOKED_AT + 10).flat_map(|_| evicted(&mut tree, 1)).collect();
        order.retain(|slot| slot % 100 == 99);
        assert_eq!(order, (0..10).map(|n| 100 * n + 99).collect::<Vec<_>>());
        let left = evicted(&mut tree, 1000);
        assert!(left.is_sorted(), "{left:?}");
    }

    #[test]
    fn what_two_runs_of_a_batch_read_is_held_until_the_batch_ends() {
        let (batch, other, nobody) = (Batch::default(), Batch::default(), PromptLife::default());
        let mut tree = texts_of(&vec![Prompt::empty(); 6]);
        // Of the six texts one is read twice by one run, one by runs of two batches, and two by two runs of one each.
        let twice = [(1, &batch, 0), (1, &batch, 0), (2, &batch, 0), (2, &other, 1)];
        let readers = twice.into_iter().chain([(3, &other, 0), (3, &other, 1), (4, &batch, 0), (4, &batch, 1)]);
        for (token, batch, run) in readers {
            let (root, mut slots) = (tree.enter(0), Vec::new());
            let at = tree.follow(root, &[token], &mut slots);
            tree.note(at, &Reader { priority: 0, prompt: &nobody, batch: Some(&batch.run(run)) });
            tree.leave(at);
        }
        assert_eq!(read(&mut tree, 0, &[5]), [5]);
        assert_eq!(evicted(&mut tree, 4), [0, 1, 2, 5]);
        drop(batch);
        assert_eq!(evicted(&mut tree, 2), [4, 3]);
    }

    #[test]
    fn each_policy_evicts_by_what_it_looks_at() {
        let (held, nobody) = (Prompt::empty().push(Part::Text("x".into())), PromptLife::default());
        let dead = [&nobody, &nobody];
        assert_eq!(first_out(Eviction::Lru, [(9, 9), (1, 0)], dead), 0);
        assert_eq!(first_out(Eviction::Lfu, [(9, 0), (1, 9)], dead), 1);
        assert_eq!(first_out(Eviction::Lfu, [(2, 0), (2, 9)], dead), 0);
        assert_eq!(first_out(Eviction::Priority, [(1, 1), (9, 0)], dead), 1);
        assert_eq!(first_out(Eviction::Held, [(1, 0), (1, 0)], dead), 0);
        assert_eq!(first_out(Eviction::Held, [(1, 0), (1, 0)], [&held.life(), &nobody]), 1);
        assert_eq!(first_out(Eviction::Held, [(1, 0), (1, 0)], [&held.life(), &held.life()]), 0);
    }
}
