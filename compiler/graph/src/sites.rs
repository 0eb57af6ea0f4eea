//! A region in, the places that it hands out to generations, calls and loops counted.

use crate::graph::{NodeKind, Region};

/// The first number that no place of this body has; `first` where it has none.
pub fn next_site(body: &Region, first: u32) -> u32 {
    let mut next = first;
    let mut pending = vec![body];
    while let Some(region) = pending.pop() {
        for node in &region.nodes {
            let site = match &node.kind {
                NodeKind::Gen(generation) => Some(generation.site),
                NodeKind::Select(select) => Some(select.site),
                NodeKind::Loop(each) => Some(each.site),
                NodeKind::Call { site, .. } | NodeKind::CallValue { site } | NodeKind::CallTool { site } => Some(*site),
                _ => None,
            };
            next = next.max(site.map_or(0, |site| site + 1));
            pending.extend(node.kind.regions());
        }
    }
    next
}
