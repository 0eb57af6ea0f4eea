//! The byte strings of a tokenizer as a trie, with what masks need to know about whole subtrees.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use crate::groups::{self, PARTIAL};
use crate::hash::QuickMap;
use crate::lower::regex;
use crate::masks::mask::Mask;

/// Tokens longer than this never pass a mask: no tokenizer has them, and they would only cost memory.
const LONGEST_TOKEN: usize = 1024;
/// Masks of plain text kept at most.
const PLAIN_MASKS: usize = 512;
/// Tries of endings kept at most.
const ENDINGS: usize = 64;
/// Times that endings are asked for before they are looked for: finding them takes as long as about so many masks without them.
const SELDOM: u32 = 32;

/// Byte strings of a vocabulary as a trie; built once per tokenizer.
#[derive(Debug)]
pub struct Vocabulary {
    tokens: Vec<Option<Box<[u8]>>>,
    ends: Vec<u32>,
    pub(crate) trie: Trie,
    /// Whether the byte alone is a token.
    single: [bool; 256],
    /// Tokens that are whole UTF-8 text, by the groups of their characters: (characters, id).
    by_groups: Vec<(u64, Vec<(u32, u32)>)>,
    /// The other tokens.
    partial: Vec<u32>,
    /// Tokens of these groups alone.
    plain: Mutex<HashMap<u64, Arc<Plain>>>,
    /// What follows characters of these groups alone in tokens that begin with some.
    endings: Mutex<HashMap<u64, Endings>>,
    /// Whole UTF-8 tokens with at most so many characters, for each number of characters that occurs.
    up_to: Vec<(u32, Mask)>,
    /// No token.
    none: Mask,
    /// Characters of the longest token.
    pub(crate) most_chars: u32,
    /// Bytes of the longest token.
    pub(crate) most_bytes: usize,
}

/// What follows characters of some groups in tokens.
#[derive(Debug)]
enum Endings {
    /// Asked for so often.
    Asked(u32),
    Known(Arc<Trie>),
}

/// Byte strings with the tokens they stand for.
#[derive(Debug, Default)]
pub(crate) struct Trie {
    pub nodes: Vec<TrieNode>,
    /// Tokens in the order of the nodes, so that each node's own are a run.
    ids: Vec<u32>,
    /// First bytes, each with where its subtree begins and ends.
    roots: Vec<(u8, u32, u32)>,
}

impl Trie {
    /// The tokens that stand at `node`.
    pub fn at(&self, node: &TrieNode) -> &[u32] {
        self.ids.get(node.first as usize..(node.first + node.count) as usize).unwrap_or(&[])
    }

    /// The tokens that stand at `node` or below it.
    pub fn below(&self, node: &TrieNode) -> &[u32] {
        self.ids.get(node.first as usize..node.last as usize).unwrap_or(&[])
    }

    /// Whether tokens stand below `node`.
    pub fn goes_on(node: &TrieNode) -> bool {
        node.last > node.first + node.count
    }

    /// The subtrees below the root, by their first bytes.
    pub fn roots(&self) -> impl Iterator<Item = (u8, Range<usize>)> {
        self.roots.iter().map(|(byte, at, end)| (*byte, *at as usize..*end as usize))
    }
}

/// The tokens of some groups.
#[derive(Debug)]
pub(crate) struct Plain {
    pub mask: Mask,
    /// Whether they are most of the vocabulary.
    pub most: bool,
    /// The numbers of characters that they have, ascending, and the first token of each.
    lengths: Box<[(u32, u32)]>,
}

impl Plain {
    /// The numbers of characters, up to `most`, that the tokens have, ascending, and a token of each.
    pub fn lengths(&self, most: u32) -> &[(u32, u32)] {
        self.lengths.get(..self.lengths.partition_point(|(chars, _)| *chars <= most)).unwrap_or(&[])
    }
}

/// One node of a trie; nodes stand in depth-first order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TrieNode {
    /// Union of the character groups of all tokens at or below.
    pub groups: u64,
    /// Index of the first node after this subtree.
    pub end: u32,
    /// The node's own tokens: a run of ids.
    pub first: u32,
    pub count: u32,
    /// The run goes on to here with the tokens below.
    pub last: u32,
    /// Most characters of a token at or below.
    pub chars: u16,
    /// Bytes from the root, this one included.
    pub depth: u16,
    /// The byte that leads here.
    pub byte: u8,
}

impl Vocabulary {
    /// `tokens` in the order of their ids, `None` for special and unused ones, which no mask ever allows;
    /// `ends`: the tokens that end a generation.
    pub fn new(tokens: impl IntoIterator<Item = Option<Vec<u8>>>, ends: Vec<u32>) -> Self {
        let tokens: Vec<Option<Box<[u8]>>> = tokens
            .into_iter()
            .enumerate()
            .map(|(id, bytes)| {
                bytes
                    .filter(|b| !b.is_empty() && b.len() <= LONGEST_TOKEN && !ends.contains(&(id as u32)))
                    .map(Vec::into_boxed_slice)
            })
            .collect();
        let mut sorted: Vec<(&[u8], u32)> =
            tokens.iter().enumerate().filter_map(|(id, b)| Some((b.as_deref()?, id as u32))).collect();
        sorted.sort_unstable();

        let mut single = [false; 256];
        let mut by_groups: QuickMap<u64, Vec<(u32, u32)>> = QuickMap::default();
        let mut partial = Vec::new();
        let mut builder = TrieBuilder::default();
        let (mut most_chars, mut most_bytes) = (1, 1);
        for &(bytes, id) in &sorted {
            if let [byte] = bytes {
                single[usize::from(*byte)] = true;
            }
            let (groups, chars) = about(bytes);
            match groups {
                PARTIAL => partial.push(id),
                _ => by_groups.entry(groups).or_default().push((chars, id)),
            }
            most_chars = most_chars.max(chars);
            most_bytes = most_bytes.max(bytes.len());
            builder.add(bytes, id, groups, chars as u16);
        }
        let trie = builder.finish();
        let ends = ends.into_iter().filter(|id| (*id as usize) < tokens.len()).collect();
        let mut built = Self {
            ends,
            trie,
            single,
            up_to: by_length(&by_groups, tokens.len()),
            none: Mask::empty(tokens.len()),
            by_groups: sorted_groups(by_groups),
            partial,
            plain: Mutex::default(),
            endings: Mutex::default(),
            most_chars,
            most_bytes,
            tokens,
        };
        // The classes that nearly every constraint has: the characters of JSON strings, and all.
        for class in [regex::json_plain(), ClassUnicode::new([ClassUnicodeRange::new('\0', char::MAX)])] {
            let groups = groups::within(&class);
            built.plain(groups);
            let endings = Endings::Known(Arc::new(built.find_endings(groups)));
            built.endings.get_mut().unwrap_or_else(PoisonError::into_inner).insert(groups, endings);
        }
        built
    }

    /// Number of token ids, special ones included.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there are no tokens.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The tokens that end a generation.
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// The text of `token`; none for special, unused and unknown tokens.
    pub fn bytes(&self, token: u32) -> Option<&[u8]> {
        self.tokens.get(token as usize)?.as_deref()
    }

    /// Whether a token of exactly this byte exists.
    pub(crate) fn has_byte(&self, byte: u8) -> bool {
        self.single[usize::from(byte)]
    }

    /// Characters of the longest token that is of these `groups`; 0 if there is none.
    pub(crate) fn longest(&self, groups: u64) -> u32 {
        let alike = self.by_groups.iter().filter(|(own, ..)| own & !groups == 0);
        alike.flat_map(|(_, tokens)| tokens.last()).map(|(chars, _)| *chars).max().unwrap_or(0)
    }

    /// Tokens all of whose characters are in `groups`.
    pub(crate) fn plain(&self, groups: u64) -> Arc<Plain> {
        let mut known = self.plain.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plain) = known.get(&groups) {
            return plain.clone();
        }
        let mut mask = Mask::empty(self.len());
        let (mut count, mut lengths) = (0, BTreeMap::new());
        for (own, tokens) in &self.by_groups {
            if own & !groups == 0 {
                tokens.iter().for_each(|(_, id)| mask.allow(*id));
                for (chars, id) in tokens {
                    let first = lengths.entry(*chars).or_insert(*id);
                    *first = (*first).min(*id);
                }
                count += tokens.len();
            }
        }
        if known.len() >= PLAIN_MASKS {
            known.clear();
        }
        let plain = Plain { mask, most: 2 * count > self.trie.ids.len(), lengths: lengths.into_iter().collect() };
        known.entry(groups).or_insert(Arc::new(plain)).clone()
    }

    /// The tokens that begin with characters of these `groups` and go on otherwise, by what follows those; none where they were
    /// seldom asked for.
    pub(crate) fn endings(&self, groups: u64) -> Option<Arc<Trie>> {
        let mut known = self.endings.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= ENDINGS {
            known.retain(|_, endings| matches!(endings, Endings::Known(_)));
        }
        if known.len() >= ENDINGS {
            known.clear();
        }
        let asked = match known.entry(groups).or_insert(Endings::Asked(0)) {
            Endings::Known(endings) => return Some(endings.clone()),
            Endings::Asked(times) => {
                *times += 1;
                *times
            }
        };
        (asked > SELDOM).then(|| {
            let endings = Arc::new(self.find_endings(groups));
            known.insert(groups, Endings::Known(endings.clone()));
            endings
        })
    }

    fn find_endings(&self, groups: u64) -> Trie {
        let mut sorted: Vec<(&[u8], u32)> = Vec::new();
        let mut add = |id: u32| {
            let Some(bytes) = self.bytes(id) else { return };
            let begins = groups::prefix(bytes, groups);
            if begins > 0 && begins < bytes.len() {
                sorted.push((bytes.get(begins..).unwrap_or_default(), id));
            }
        };
        let mixed = self.by_groups.iter().filter(|(own, _)| own & !groups != 0 && own & groups != 0);
        mixed.flat_map(|(_, tokens)| tokens).for_each(|(_, id)| add(*id));
        self.partial.iter().for_each(|id| add(*id));
        sorted.sort_unstable();
        let mut builder = TrieBuilder::default();
        for (bytes, id) in sorted {
            let (groups, chars) = about(bytes);
            builder.add(bytes, id, groups, chars as u16);
        }
        builder.finish()
    }

    /// Whole UTF-8 tokens with at most `chars` characters; none where that is no restriction.
    pub(crate) fn up_to(&self, chars: u32) -> Option<&Mask> {
        if chars >= self.most_chars {
            return None;
        }
        let at = self.up_to.partition_point(|(most, _)| *most <= chars);
        Some(at.checked_sub(1).and_then(|at| self.up_to.get(at)).map_or(&self.none, |(_, mask)| mask))
    }
}

/// The tokens of each set of groups, the shortest first.
fn sorted_groups(by_groups: QuickMap<u64, Vec<(u32, u32)>>) -> Vec<(u64, Vec<(u32, u32)>)> {
    let mut out: Vec<_> = by_groups.into_iter().collect();
    out.iter_mut().for_each(|(_, tokens)| tokens.sort_unstable());
    out
}

/// The groups of a byte string's characters, and their number.
fn about(bytes: &[u8]) -> (u64, u32) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (groups::groups(text), text.chars().count() as u32),
        Err(_) => (PARTIAL, bytes.len() as u32),
    }
}

/// The masks of [`Vocabulary::up_to`].
fn by_length(by_groups: &QuickMap<u64, Vec<(u32, u32)>>, len: usize) -> Vec<(u32, Mask)> {
    let mut all: Vec<(u32, u32)> = by_groups.values().flatten().copied().collect();
    all.sort_unstable();
    let mut mask = Mask::empty(len);
    let mut out = Vec::new();
    for same in all.chunk_by(|a, b| a.0 == b.0) {
        same.iter().for_each(|(_, id)| mask.allow(*id));
        out.extend(same.first().map(|(chars, _)| (*chars, mask.clone())));
    }
    out
}

#[derive(Default)]
struct TrieBuilder<'a> {
    nodes: Vec<TrieNode>,
    ids: Vec<u32>,
    /// Nodes from the root to the last added token.
    path: Vec<usize>,
    last: &'a [u8],
}

impl<'a> TrieBuilder<'a> {
    /// Adds the next token in sorted order.
    fn add(&mut self, bytes: &'a [u8], id: u32, groups: u64, chars: u16) {
        let common = self.last.iter().zip(bytes).take_while(|(a, b)| a == b).count();
        self.close(common);
        for (depth, byte) in bytes.iter().enumerate().skip(common) {
            self.path.push(self.nodes.len());
            let first = self.ids.len() as u32;
            let depth = depth as u16 + 1;
            self.nodes.push(TrieNode { groups: 0, end: 0, first, count: 0, last: 0, chars: 0, depth, byte: *byte });
        }
        self.ids.push(id);
        if let Some(node) = self.path.last().and_then(|at| self.nodes.get_mut(*at)) {
            node.count += 1;
            node.groups |= groups;
            node.chars = node.chars.max(chars);
        }
        self.last = bytes;
    }

    /// Ends the nodes of the path deeper than `depth`, and tells their parents about them.
    fn close(&mut self, depth: usize) {
        while self.path.len() > depth {
            let Some(at) = self.path.pop() else { return };
            let (end, last) = (self.nodes.len() as u32, self.ids.len() as u32);
            let Some(node) = self.nodes.get_mut(at) else { return };
            (node.end, node.last) = (end, last);
            let (groups, chars) = (node.groups, node.chars);
            if let Some(parent) = self.path.last().and_then(|at| self.nodes.get_mut(*at)) {
                parent.groups |= groups;
                parent.chars = parent.chars.max(chars);
            }
        }
    }

    fn finish(mut self) -> Trie {
        self.close(0);
        let firsts = self.nodes.iter().zip(0..).filter(|(node, _)| node.depth == 1);
        let roots = firsts.map(|(node, at)| (node.byte, at, node.end)).collect();
        Trie { nodes: self.nodes, ids: self.ids, roots }
    }
}
