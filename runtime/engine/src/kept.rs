//! Prefixes that outlive the process: a prompt's tokens in, the keys and values that another process computed for its
//! beginning out, and those of this one handed on.
//!
//! A prompt is cut into blocks of [`BLOCK`] tokens. The name of a block is a hash of all that its bytes depend on: the
//! model's identity, the tenant, and every token up to its end. So nothing has to be compared or kept in order: a block
//! that has the name is the block, and prompts that begin alike share the blocks of what they share.
//!
//! Reading happens at the door ([`Reader`]), on the client's thread; the loop only copies bytes ([`Keeper`]). A job whose
//! prefix was kept but evicted since goes from the loop to the thread that compiles, and comes back with it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use sgl_model::{Model, Slot};
use sgl_shelf::{Name, Shelf, digest};

/// Tokens of a block. A prefix is kept but for its last tokens that fill none.
pub(crate) const BLOCK: usize = 32;

/// Where blocks lie.
pub(crate) trait Blocks: Send + Sync {
    /// Puts the block of this name behind what `into` holds; `false`: it is not there, and `into` is as it was.
    fn get(&self, name: &Name, into: &mut Vec<u8>) -> bool;

    /// Lets a block be written, some time; `false`: too many wait for that.
    fn put(&self, name: Name, bytes: Vec<u8>) -> bool;
}

impl Blocks for Shelf {
    fn get(&self, name: &Name, into: &mut Vec<u8>) -> bool {
        Shelf::get(self, name, into)
    }

    fn put(&self, name: Name, bytes: Vec<u8>) -> bool {
        Shelf::put(self, name, bytes)
    }
}

/// The names of the whole blocks of these tokens.
fn names(identity: &[u8; 32], salt: u64, tokens: &[u32]) -> impl Iterator<Item = Name> {
    let mut before = digest(&[b"kv", identity, &salt.to_le_bytes()]);
    let (blocks, _) = tokens.as_chunks::<BLOCK>();
    blocks.iter().map(move |block| {
        before = digest(&[&before, block.map(u32::to_le_bytes).as_flattened()]);
        before
    })
}

/// Keys and values that were found for a prompt.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The first token that they are of. Those before it are in the engine's own cache, or were.
    pub from: usize,
    /// One slot's after the other's.
    pub bytes: Vec<u8>,
    /// The names of the prompt's blocks, and how many of them from the first one on were on disk.
    pub names: Vec<Name>,
    pub read: usize,
    /// The one of them for whose sake all this was read [once more](Reader::again).
    pub awaited: Option<Name>,
    /// Those of them that were found to be gone by then.
    pub gone: Vec<Name>,
}

/// The side of clients: asks for each block once.
pub(crate) struct Reader {
    shelf: Arc<dyn Blocks>,
    identity: [u8; 32],
    /// Bytes of a slot.
    slot_bytes: usize,
    /// The blocks that were asked for, and whether they were there.
    asked: Mutex<HashMap<Name, bool>>,
}

impl Reader {
    /// Reads the blocks of a model of this identity.
    pub fn new(shelf: Arc<dyn Blocks>, identity: [u8; 32], slot_bytes: usize) -> Self {
        Reader { shelf, identity, slot_bytes, asked: Mutex::default() }
    }

    /// What is kept of the beginning of `tokens` and was not read before.
    pub fn find(&self, salt: u64, tokens: &[u32]) -> Kept {
        let mut kept = Kept { names: names(&self.identity, salt, tokens).collect(), ..Kept::default() };
        // Whoever asks for the same at the same time waits, and then finds it in the engine.
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        for (block, name) in kept.names.iter().enumerate() {
            let is_kept = *asked.entry(*name).or_insert_with(|| {
                let first = kept.bytes.is_empty();
                let is_kept = self.read(name, &mut kept.bytes);
                if first && is_kept {
                    kept.from = block * BLOCK;
                }
                is_kept
            });
            if !is_kept {
                break;
            }
            kept.read += 1;
        }
        kept
    }

    /// Reads what is kept from `kept.from` on once more, because it was evicted.
    pub fn again(&self, kept: &mut Kept) {
        let mut names = kept.names.iter().skip(kept.from / BLOCK);
        while let Some(name) = names.next() {
            if !self.read(name, &mut kept.bytes) {
                // Without this one, those after it are of no use and may be gone as well.
                kept.gone = std::iter::once(name).chain(names).copied().collect();
                break;
            }
        }
    }

    /// Puts a block behind what `into` holds; `false`: it is not there.
    fn read(&self, name: &Name, into: &mut Vec<u8>) -> bool {
        let begin = into.len();
        let is_there = self.shelf.get(name, into) && into.len() - begin == BLOCK * self.slot_bytes;
        if !is_there {
            into.truncate(begin);
        }
        is_there
    }
}

/// The side of the loop: hands on what was computed.
pub(crate) struct Keeper {
    shelf: Arc<dyn Blocks>,
    identity: [u8; 32],
    /// The blocks that are on the shelf, or on their way.
    kept: HashSet<Name>,
}

impl Keeper {
    /// Keeps blocks of a model of this identity.
    pub fn new(shelf: Arc<dyn Blocks>, identity: [u8; 32]) -> Self {
        Keeper { shelf, identity, kept: HashSet::new() }
    }

    /// These blocks were read, and these are gone.
    pub fn learn(&mut self, read: &[Name], gone: &[Name]) {
        self.kept.extend(read);
        for name in gone {
            self.kept.remove(name);
        }
    }

    /// Tokens of the blocks that are kept, from the first one on.
    pub fn kept(&self, names: &[Name]) -> usize {
        names.iter().take_while(|name| self.kept.contains(*name)).count() * BLOCK
    }

    /// Keeps the blocks of `tokens`, which were computed in `slots`.
    pub fn keep(&mut self, model: &dyn Model, salt: u64, tokens: &[u32], slots: &[Slot]) {
        let (blocks, _) = slots.as_chunks::<BLOCK>();
        for (name, slots) in names(&self.identity, salt, tokens).zip(blocks) {
            if self.kept.contains(&name) {
                continue;
            }
            if !self.shelf.put(name, model.read_slots(slots)) {
                // The disk is behind. Without this block those after it could not be used.
                return;
            }
            self.kept.insert(name);
        }
    }
}
