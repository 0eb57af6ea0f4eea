//! Character classes → groups of characters that none of the classes tells apart.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use crate::hash::QuickMap;

/// Index of a group of characters; 0 is the group of the last character.
pub(super) type Group = u32;

/// All characters, cut into intervals, each in a group.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Alphabet {
    /// Where each interval begins; it ends before the next. Sorted, from 0.
    starts: Vec<u32>,
    /// The group of each interval.
    groups: Vec<Group>,
    /// Number of groups.
    count: usize,
}

impl Alphabet {
    /// The coarsest alphabet of which each of `classes` is a union of groups, and those groups.
    pub fn of(classes: &[ClassUnicode]) -> (Self, Vec<Vec<Group>>) {
        let mut starts = vec![0];
        for range in classes.iter().flat_map(ClassUnicode::ranges) {
            starts.push(range.start().into());
            starts.extend(after(range.end()));
        }
        starts.sort_unstable();
        starts.dedup();
        // Partition refinement: each class splits the blocks that it contains in part.
        let mut block: Vec<usize> = vec![0; starts.len()];
        let mut size = vec![starts.len()];
        let mut hits: Vec<usize> = vec![0];
        let mut halves: Vec<usize> = vec![0];
        let mut touched = Vec::new();
        for class in classes {
            for interval in intervals(&starts, class) {
                if hits[block[interval]] == 0 {
                    touched.push(block[interval]);
                }
                hits[block[interval]] += 1;
            }
            for &old in &touched {
                halves[old] = old;
                if hits[old] < size[old] {
                    halves[old] = size.len();
                    size.push(hits[old]);
                    size[old] -= hits[old];
                    hits.push(0);
                    halves.push(0);
                }
            }
            for interval in intervals(&starts, class) {
                block[interval] = halves[block[interval]];
            }
            touched.drain(..).for_each(|old| hits[old] = 0);
        }
        let alphabet = Self::new(starts, &block);
        let mut seen = vec![usize::MAX; alphabet.count];
        let groups = classes.iter().enumerate().map(|(index, class)| {
            let mut out = Vec::new();
            for range in class.ranges() {
                let first = alphabet.interval(range.start());
                for at in first..alphabet.starts.len() {
                    if alphabet.starts[at] > u32::from(range.end()) {
                        break;
                    }
                    let group = alphabet.groups[at];
                    if std::mem::replace(&mut seen[group as usize], index) != index {
                        out.push(group);
                    }
                }
            }
            out.sort_unstable();
            out
        });
        let groups = groups.collect();
        (alphabet, groups)
    }

    /// One group for each of `chars`, which are sorted and distinct, in order from 1, and group 0 for all others.
    pub fn singles(chars: &[char]) -> Self {
        let (mut starts, mut blocks) = (vec![0], vec![0]);
        for (index, c) in chars.iter().enumerate() {
            if starts.last() == Some(&u32::from(*c)) {
                starts.pop();
                blocks.pop();
            }
            starts.push(u32::from(*c));
            blocks.push(index as Group + 1);
            if let Some(next) = after(*c) {
                starts.push(next);
                blocks.push(0);
            }
        }
        Self { starts, groups: blocks, count: chars.len() + 1 }
    }

    /// Intervals that begin at `starts`, each in a group; none unless they are sorted and from 0.
    pub fn from_parts(starts: Vec<u32>, groups: Vec<Group>) -> Option<Self> {
        let count = *groups.iter().max()? as usize + 1;
        let fits = starts.len() == groups.len() && starts.first() == Some(&0) && groups.last() == Some(&0);
        (fits && starts.is_sorted_by(|a, b| a < b)).then_some(Self { starts, groups, count })
    }

    /// Where the intervals begin, and their groups.
    #[cfg(test)]
    pub fn parts(&self) -> (&[u32], &[Group]) {
        (&self.starts, &self.groups)
    }

    /// Numbers `blocks` anew, with 0 for the last, and joins neighbours of the same.
    fn new(starts: Vec<u32>, blocks: &[usize]) -> Self {
        let most = blocks.iter().max().map_or(0, |most| most + 1);
        let mut numbers = vec![Group::MAX; most];
        let mut count = 1;
        blocks.last().into_iter().for_each(|last| numbers[*last] = 0);
        let mut out = Self { starts: Vec::new(), groups: Vec::new(), count: 1 };
        for (start, block) in starts.into_iter().zip(blocks) {
            if numbers[*block] == Group::MAX {
                numbers[*block] = count;
                count += 1;
            }
            out.push(start, numbers[*block]);
        }
        out.count = count as usize;
        out
    }

    fn push(&mut self, start: u32, group: Group) {
        if self.groups.last() != Some(&group) {
            self.starts.push(start);
            self.groups.push(group);
        }
    }

    /// Number of groups.
    pub fn count(&self) -> usize {
        self.count
    }

    fn interval(&self, c: char) -> usize {
        self.starts.partition_point(|start| *start <= u32::from(c)).saturating_sub(1)
    }

    /// The group of `c`.
    pub fn group(&self, c: char) -> Group {
        self.groups[self.interval(c)]
    }

    /// The characters of the groups for which `wanted` holds.
    pub fn class(&self, wanted: impl Fn(Group) -> bool) -> ClassUnicode {
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        for (at, start) in self.starts.iter().enumerate().filter(|(at, _)| wanted(self.groups[*at])) {
            let end = self.starts.get(at + 1).map_or(u32::from(char::MAX), |next| before(*next));
            ranges.push((*start, end));
        }
        let char = |code: u32| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        ClassUnicode::new(ranges.into_iter().map(|(from, to)| ClassUnicodeRange::new(char(from), char(to))))
    }

    /// The coarsest alphabet that is finer than both, and the two groups that each of its groups lies in.
    pub fn refine(&self, other: &Self) -> (Self, Vec<(Group, Group)>) {
        let mut known: QuickMap<(Group, Group), Group> = QuickMap::default();
        let mut pairs = vec![(0, 0)];
        known.insert((0, 0), 0);
        let mut out = Self { starts: Vec::new(), groups: Vec::new(), count: 1 };
        let (mut a, mut b) = (0, 0);
        while let (Some(x), Some(y)) = (self.starts.get(a), other.starts.get(b)) {
            let pair = (self.groups[a], other.groups[b]);
            let group = *known.entry(pair).or_insert_with(|| {
                pairs.push(pair);
                pairs.len() as Group - 1
            });
            out.push(*x.max(y), group);
            // On to the interval that begins first.
            let (next_a, next_b) = (self.starts.get(a + 1), other.starts.get(b + 1));
            match (next_a, next_b) {
                (None, None) => break,
                (Some(x), Some(y)) if x == y => (a, b) = (a + 1, b + 1),
                (Some(x), Some(y)) if x < y => a += 1,
                (Some(_), None) => a += 1,
                _ => b += 1,
            }
        }
        out.count = pairs.len();
        (out, pairs)
    }

    /// The alphabet in which groups of the same value in `merged` are one; `merged[0]` is 0.
    pub fn merge(&self, merged: &[Group]) -> Self {
        let mut out = Self { starts: Vec::new(), groups: Vec::new(), count: 1 };
        for (start, group) in self.starts.iter().zip(&self.groups) {
            out.push(*start, merged[*group as usize]);
        }
        out.count = merged.iter().max().map_or(1, |most| *most as usize + 1);
        out
    }

    /// How many characters each group has.
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.count];
        for (at, start) in self.starts.iter().enumerate() {
            let end = self.starts.get(at + 1).copied().unwrap_or(u32::from(char::MAX) + 1);
            let surrogates = if *start <= 0xd800 && end >= 0xe000 { 0x800 } else { 0 };
            sizes[self.groups[at] as usize] += (end - start - surrogates) as usize;
        }
        sizes
    }
}

/// The intervals that make up `class`; its ends are ends of intervals.
fn intervals<'a>(starts: &'a [u32], class: &'a ClassUnicode) -> impl Iterator<Item = usize> + 'a {
    class.ranges().iter().flat_map(|range| {
        let first = starts.partition_point(|start| *start < u32::from(range.start()));
        (first..starts.len()).take_while(|at| starts[*at] <= u32::from(range.end()))
    })
}

/// The character after `c`, over the gap of the surrogates.
fn after(c: char) -> Option<u32> {
    match c {
        '\u{d7ff}' => Some(0xe000),
        char::MAX => None,
        c => Some(u32::from(c) + 1),
    }
}

/// The character before the one at `code`, which is not the first.
fn before(code: u32) -> u32 {
    if code == 0xe000 { 0xd7ff } else { code - 1 }
}
