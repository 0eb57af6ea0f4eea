//! New numbers after values went.

use crate::graph::{Region, ValueId};

/// Takes the values out for which `keep` is false, and numbers the others anew. A parameter goes only if its `keep` is
/// false, an output likewise; nothing that stays may use one that goes.
pub(super) fn retain_values(region: &mut Region, keep: &[bool]) {
    let kept = |id: usize| keep.get(id).copied().unwrap_or(false);
    let mut next = 0;
    let numbers: Vec<ValueId> = (0..region.values.len())
        .map(|id| {
            let number = ValueId(next);
            next += u32::from(kept(id));
            number
        })
        .collect();
    let renumber = |id: &mut ValueId| {
        if let Some(number) = numbers.get(id.0 as usize) {
            *id = *number;
        }
    };
    let after = ValueId(next);
    for node in &mut region.nodes {
        node.inputs.iter_mut().for_each(renumber);
        node.outputs = node.output_ids().filter(|id| kept(id.0 as usize)).count() as u32;
        node.first_output = numbers.get(node.first_output.0 as usize).copied().unwrap_or(after);
    }
    region.results.iter_mut().for_each(renumber);
    region.params = (0..region.params as usize).filter(|&id| kept(id)).count() as u32;
    let mut id = 0;
    region.values.retain(|_| {
        id += 1;
        kept(id - 1)
    });
}
