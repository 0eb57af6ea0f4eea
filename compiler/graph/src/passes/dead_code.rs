//! What nobody reads goes: nodes, results of branches, lists that loops collect, captures.
//!
//! Every effect is an edge that ends in a result of its item, so "nobody reads it" is all there is to ask. A generation
//! whose value and prompt nobody reads is not run.

use crate::graph::{Graph, Loop, Node, NodeKind, Region};

use super::renumber::retain_values;

/// Takes out what nobody reads, everywhere.
pub fn dead_code(graph: &mut Graph) {
    for region in super::outermost(graph) {
        let results = vec![true; region.results.len()];
        sweep(region, &results);
    }
}

/// Takes out of a region what does not lead to the results to keep; says which parameters are used.
fn sweep(region: &mut Region, keep_results: &[bool]) -> Vec<bool> {
    retain_by(&mut region.results, keep_results);
    let mut used = vec![false; region.values.len()];
    for id in &region.results {
        used[id.0 as usize] = true;
    }
    let mut keep_values = vec![false; region.values.len()];
    let mut keep_nodes = vec![false; region.nodes.len()];
    for (node, keep) in region.nodes.iter_mut().zip(&mut keep_nodes).rev() {
        let first = node.first_output.0 as usize;
        let outputs = &mut used[first..first + node.outputs as usize];
        *keep = outputs.contains(&true);
        if *keep {
            sweep_node(node, outputs);
            keep_values[first..first + outputs.len()].copy_from_slice(outputs);
            for id in &node.inputs {
                used[id.0 as usize] = true;
            }
        }
    }
    let params = region.params as usize;
    keep_values[..params].fill(true);
    retain_by(&mut region.nodes, &keep_nodes);
    retain_values(region, &keep_values);
    used.truncate(params);
    used
}

/// Makes a node smaller for what of its outputs is used; sets the flag of those that stay anyway.
fn sweep_node(node: &mut Node, outputs: &mut [bool]) {
    match &mut node.kind {
        NodeKind::Switch(arms) => {
            let used = arms.iter_mut().map(|arm| sweep(arm, outputs)).reduce(either).unwrap_or_default();
            drop_captures(node, used, 0, 1);
        }
        NodeKind::Loop(each) => {
            let (carried, before) = (each.carried as usize, if each.is_while { 0 } else { 1 });
            let used = sweep_loop(each, outputs);
            let own = if before == 1 { 2 } else { 0 };
            drop_captures(node, used, own + carried, before + carried);
        }
        NodeKind::Closure { arity, body } => {
            let own = 1 + *arity as usize;
            let used = sweep(body, &[true, true]);
            drop_captures(node, used, own, 0);
        }
        // Any result that fails brings in the handler, so none goes.
        NodeKind::Try { body, handler } => {
            outputs.fill(true);
            let used = either(sweep(body, outputs), sweep(handler, outputs));
            drop_captures(node, used, 0, 0);
        }
        _ => outputs.fill(true),
    }
}

/// Only the list that a loop collects can go: the next iteration may need the rest.
fn sweep_loop(each: &mut Loop, outputs: &mut [bool]) -> Vec<bool> {
    let carried = each.carried as usize;
    let collected = each.collect && outputs.get(carried).copied().unwrap_or(false);
    outputs.fill(true);
    if each.collect
        && let Some(output) = outputs.get_mut(carried)
    {
        *output = collected;
    }
    let mut results = vec![true; each.body.results.len()];
    if each.collect && !collected {
        let first = usize::from(each.is_while) + usize::from(each.joins_effects) + carried;
        let count = 1 + usize::from(each.filter);
        results.iter_mut().skip(first).take(count).for_each(|keep| *keep = false);
        (each.collect, each.filter) = (false, false);
    }
    sweep(&mut each.body, &results)
}

/// Takes out the captures that no region uses: the parameters from `own` on, the inputs from `before` on.
fn drop_captures(node: &mut Node, mut used: Vec<bool>, own: usize, before: usize) {
    used.iter_mut().take(own).for_each(|used| *used = true);
    for region in node.kind.regions_mut() {
        let mut keep = vec![true; region.values.len()];
        keep[..used.len()].copy_from_slice(&used);
        retain_values(region, &keep);
    }
    let mut keep = vec![true; before];
    keep.extend(used.iter().skip(own));
    retain_by(&mut node.inputs, &keep);
}

fn either(mut left: Vec<bool>, right: Vec<bool>) -> Vec<bool> {
    for (left, right) in left.iter_mut().zip(right) {
        *left |= right;
    }
    left
}

fn retain_by<T>(items: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    items.retain(|_| keep.next().copied().unwrap_or(true));
}
