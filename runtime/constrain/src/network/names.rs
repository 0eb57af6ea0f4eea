//! The names of an object's fields as one tree, in which a text is in all those at once that begin like it.
//!
//! Which of them may still be written depends on what was written before. So a step of the tree that rules some out asks
//! whether any of the others is left ([`Node::Names`](crate::network::Node::Names)), and the end of a name which field it is
//! ([`Node::Named`](crate::network::Node::Named)): a place in the tree is one thread, however many names it stands for.

use std::ops::Range;

use crate::network::NodeId;

/// The tree of a machine.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    /// Where it begins; none where turns have no names.
    pub root: Option<NodeId>,
    /// Its nodes stand in a row from here.
    pub first: NodeId,
    /// What each of them stands for.
    pub places: Vec<Place>,
    /// The slots in the order of their names.
    pub order: Vec<u32>,
}

/// What a node of the tree stands for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// The names that begin so, as places in [`Names::order`].
    pub first: u32,
    pub last: u32,
    /// Bytes read so far.
    pub read: u32,
}

impl Names {
    /// What `node` stands for, if it is one of the tree.
    pub fn place(&self, node: NodeId) -> Option<Place> {
        self.places.get(node.checked_sub(self.first)? as usize).copied()
    }

    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }
}

impl Place {
    /// The names that begin so.
    pub fn range(self) -> Range<usize> {
        self.first as usize..self.last as usize
    }
}
