//! Texts that nothing comes between become one: `a` then `b` on the same prompt is `ab`.

use crate::graph::{Graph, NodeKind, Region, TextPart};

/// Joins each chain of [`NodeKind::Text`] in which every text but the last is used by the next alone.
pub fn merge_text(graph: &mut Graph) {
    super::outermost(graph).for_each(merge_region);
}

fn merge_region(region: &mut Region) {
    region.nodes.iter_mut().flat_map(|node| node.kind.regions_mut()).for_each(merge_region);

    let mut uses = vec![0u32; region.values.len()];
    let used = region.nodes.iter().flat_map(|node| &node.inputs).chain(&region.results);
    used.for_each(|id| uses[id.0 as usize] += 1);
    let mut writer = vec![None; region.values.len()];
    for (number, node) in region.nodes.iter().enumerate() {
        if matches!(node.kind, NodeKind::Text(_)) && uses[node.first_output.0 as usize] == 1 {
            writer[node.first_output.0 as usize] = Some(number);
        }
    }
    let before = |region: &Region, number: usize| -> Option<usize> {
        region.nodes[number].inputs.first().and_then(|state| writer[state.0 as usize])
    };

    // From the end, so that a chain is met at its last text.
    let mut keep = vec![true; region.nodes.len()];
    let mut keep_values = vec![true; region.values.len()];
    for last in (0..region.nodes.len()).rev() {
        if !keep[last] || !matches!(region.nodes[last].kind, NodeKind::Text(_)) {
            continue;
        }
        let mut chain = vec![last];
        while let Some(number) = chain.last().and_then(|&number| before(region, number)) {
            chain.push(number);
        }
        let [_, .., first] = chain[..] else { continue };
        let mut inputs = vec![region.nodes[first].inputs[0]];
        let mut parts = Vec::new();
        for &number in chain.iter().rev() {
            let node = &mut region.nodes[number];
            inputs.extend(node.inputs.drain(..).skip(1));
            if let NodeKind::Text(own) = &mut node.kind {
                parts.append(own);
            }
            keep[number] = number == last;
            keep_values[node.first_output.0 as usize] = number == last;
        }
        let node = &mut region.nodes[last];
        (node.inputs, node.kind) = (inputs, NodeKind::Text(TextPart::joined(parts)));
    }

    let mut kept = keep.into_iter();
    region.nodes.retain(|_| kept.next().unwrap_or(true));
    super::renumber::retain_values(region, &keep_values);
}
