//! Regions of which one runs: what each assigns becomes a result of all.

use indexmap::IndexSet;
use sgl_check::types::Const;

use super::Lowering;
use super::exits::{Exit, Kinds};
use super::frame::{Captures, Frame, Val, Var};
use crate::graph::{EdgeKind, NodeKind, Region, exit};

/// One region of a branch, lowered, and the values that it gives.
pub(super) struct Arm {
    pub frame: Frame,
    pub values: Vec<Val>,
}

impl Lowering<'_> {
    /// Lowers one region of a branch.
    pub(super) fn arm(&mut self, lower: impl FnOnce(&mut Self) -> Vec<Val>) -> Arm {
        self.push(Vec::new());
        let values = lower(self);
        Arm { frame: self.pop(), values }
    }

    /// An arm that only gives a literal.
    pub(super) fn constant_arm(&mut self, value: Const) -> Arm {
        self.arm(|this| vec![this.constant(value)])
    }

    /// `selector` says which arm runs: gives the arms' values and the variables that any of them assigns.
    pub(super) fn switch(&mut self, selector: Val, arms: Vec<Arm>) -> Vec<Val> {
        self.branch(&[selector], arms, NodeKind::Switch)
    }

    /// A branch with the value of `condition`'s arm. The arm for false comes first.
    pub(super) fn choose(&mut self, condition: Val, otherwise: Arm, then: Arm) -> Val {
        let values = self.switch(condition, vec![otherwise, then]);
        values.first().copied().unwrap_or_else(|| self.none())
    }

    /// `try`: the value of what is tried, or of the fallback.
    pub(super) fn attempt(&mut self, tried: Arm, fallback: Arm) -> Val {
        let values = self.branch(&[], vec![tried, fallback], |regions| {
            let mut regions = regions.into_iter();
            NodeKind::Try { body: regions.next().unwrap_or_default(), handler: regions.next().unwrap_or_default() }
        });
        values.first().copied().unwrap_or_else(|| self.none())
    }

    /// A node of several regions with the same parameters and results.
    pub(super) fn branch(
        &mut self,
        inputs: &[Val],
        arms: Vec<Arm>,
        node: impl FnOnce(Vec<Region>) -> NodeKind,
    ) -> Vec<Val> {
        let given = arms.iter().map(|arm| arm.values.len()).max().unwrap_or_default();
        let mut assigned: IndexSet<Var> = arms.iter().flat_map(|arm| arm.frame.assigned.iter().copied()).collect();
        assigned.sort();
        let declared: IndexSet<Var> = (arms.iter().filter(|arm| arm.frame.shares_scope))
            .flat_map(|arm| arm.frame.declared.iter().copied())
            .collect();
        let exits: Vec<Exit> = arms.iter().filter_map(|arm| arm.frame.exit).collect();
        let certain = exits.len() == arms.len() && exits.iter().all(|exit| exit.certain);
        let kinds = exits.iter().fold(Kinds::default(), |all, exit| all.with(exit.kinds));

        let mut captures = Captures::new();
        let mut finished = Vec::with_capacity(arms.len());
        for Arm { frame, values } in arms {
            self.push_again(frame);
            // An arm that has left before it had them gives no values.
            let mut results = values;
            while results.len() < given {
                results.push(self.none());
            }
            results.extend(assigned.iter().map(|&var| self.get(var)));
            for &var in &declared {
                let value = self.declared_here(var).unwrap_or_else(|| self.none());
                results.push(value);
            }
            if !exits.is_empty() {
                let (flag, result) = match self.top().exit {
                    Some(exit) => (exit.flag, exit.result),
                    None => (self.constant(Const::Int(exit::NONE)), self.none()),
                };
                results.extend([flag, result]);
            }
            let results: Vec<u32> = results.into_iter().map(|value| self.import(value)).collect();
            let frame = self.pop();
            for (&source, info) in &frame.captures {
                captures.entry(source).or_insert_with(|| info.clone());
            }
            finished.push((frame, results));
        }
        let regions = finished.into_iter().map(|(frame, results)| frame.finish(&captures, &results)).collect();

        let mut inputs = inputs.to_vec();
        inputs.extend(captures.keys().map(|&source| self.resolve(source)));
        let mut kinds_out = vec![EdgeKind::Data; given];
        kinds_out.extend(assigned.iter().chain(&declared).map(|var| var.kind()));
        if !exits.is_empty() {
            kinds_out.extend([EdgeKind::Data; 2]);
        }
        let outputs = self.emit(node(regions), &inputs, &kinds_out);

        let mut outputs = outputs.into_iter();
        let values = outputs.by_ref().take(given).collect();
        for &var in &assigned {
            if let Some(value) = outputs.next() {
                self.set(var, value);
            }
        }
        for &var in &declared {
            if let Some(value) = outputs.next() {
                self.declare(var, value);
            }
        }
        if let (Some(flag), Some(result)) = (outputs.next(), outputs.next()) {
            self.top().exit = Some(Exit { flag, result, going_on: None, kinds, certain });
        }
        values
    }
}
