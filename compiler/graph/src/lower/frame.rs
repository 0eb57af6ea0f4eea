//! Regions being built: variables to values, on-demand captures, and final numbers.
//!
//! While a region is built nobody knows its parameters: they are what it will have captured. So a captured value has a
//! provisional number (with the bit [`CAPTURED`]), and [`Frame::finish`] gives all values their final ones.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};
use sgl_check::program::LocalId;
use sgl_check::types::Const;
use sgl_diag::Span;

use super::Lowering;
use super::exits::Exit;
use crate::graph::{EdgeKind, HostOp, Node, NodeKind, Region, ValueId, ValueInfo};

/// A variable of the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Var {
    /// The current prompt.
    State,
    /// The order of effects.
    Effect,
    /// A local of the source.
    Local(LocalId),
    /// One that lowering made up.
    Temp(u32),
}

impl Var {
    pub(super) fn kind(self) -> EdgeKind {
        match self {
            Var::State => EdgeKind::State,
            Var::Effect => EdgeKind::Effect,
            Var::Local(_) | Var::Temp(_) => EdgeKind::Data,
        }
    }
}

/// A value in some frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Val {
    frame: u32,
    id: u32,
}

/// What a capture stands for in the frame around.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Source {
    /// The value that the variable has where the region begins.
    Var(Var),
    /// A value.
    Val(Val),
}

/// Captures by what they stand for, in order.
pub(super) type Captures = IndexMap<Source, ValueInfo>;

/// Marks the provisional number of a captured value; the rest is its index among the captures.
const CAPTURED: u32 = 1 << 31;

/// A region being built.
#[derive(Debug, Default)]
pub(super) struct Frame {
    number: u32,
    /// Parameters known from the start, before the captures.
    fixed: usize,
    nodes: Vec<Node>,
    /// The fixed parameters and the nodes' outputs.
    values: Vec<ValueInfo>,
    env: HashMap<Var, Val>,
    pub captures: Captures,
    /// Outer variables given a new value here.
    pub assigned: IndexSet<Var>,
    /// Variables that begin here.
    pub declared: IndexSet<Var>,
    /// Whether code after this region sees what it declares: it is a part of a block, not a block of its own.
    pub shares_scope: bool,
    /// How control may have left already.
    pub exit: Option<Exit>,
    /// The constant `none`, once it was needed.
    none: Option<Val>,
    /// Where the source was last: for nodes that the source does not have.
    span: Option<Span>,
}

impl Frame {
    /// The region, with `captures` (at least all of this frame's) as its last parameters.
    pub(super) fn finish(self, captures: &Captures, results: &[u32]) -> Region {
        let shift = captures.len() as u32;
        let fixed = self.fixed as u32;
        let places: Vec<u32> = (self.captures.keys())
            .map(|source| fixed + captures.get_index_of(source).unwrap_or_default() as u32)
            .collect();
        let renumber = |id: u32| {
            ValueId(match id {
                id if id & CAPTURED != 0 => places.get((id & !CAPTURED) as usize).copied().unwrap_or_default(),
                id if id < fixed => id,
                id => id + shift,
            })
        };
        let mut nodes = self.nodes;
        for node in &mut nodes {
            for input in &mut node.inputs {
                *input = renumber(input.0);
            }
            node.first_output = renumber(node.first_output.0);
        }
        let mut values = self.values;
        values.splice(self.fixed..self.fixed, captures.values().cloned());
        let results = results.iter().map(|&id| renumber(id)).collect();
        Region { params: fixed + shift, nodes, results, values, pure: false }
    }
}

impl Lowering<'_> {
    /// The region being built. There always is one between `push` and `pop`.
    pub(super) fn top(&mut self) -> &mut Frame {
        if self.frames.is_empty() {
            self.frames.push(Frame::default());
        }
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// Begins a region with these parameters; gives their values.
    pub(super) fn push(&mut self, params: Vec<ValueInfo>) -> Vec<Val> {
        self.made_frames += 1;
        let number = self.made_frames;
        let span = self.frames.last().and_then(|frame| frame.span);
        let fixed = params.len();
        self.frames.push(Frame { number, fixed, values: params, span, ..Frame::default() });
        (0..fixed as u32).map(|id| Val { frame: number, id }).collect()
    }

    /// Begins a region whose parameters are variables.
    pub(super) fn push_with(&mut self, params: Vec<(Var, ValueInfo)>) {
        let (vars, infos): (Vec<_>, Vec<_>) = params.into_iter().unzip();
        let values = self.push(infos);
        for (var, value) in vars.into_iter().zip(values) {
            self.declare(var, value);
        }
    }

    /// Goes back into a region.
    pub(super) fn push_again(&mut self, frame: Frame) {
        self.frames.push(frame);
    }

    /// Ends the region; `Frame::finish` makes it one.
    pub(super) fn pop(&mut self) -> Frame {
        self.frames.pop().unwrap_or_default()
    }

    /// The value that a variable has now.
    pub(super) fn get(&mut self, var: Var) -> Val {
        if let Some(&value) = self.top().env.get(&var) {
            return value;
        }
        let value = if self.frames.len() > 1 {
            self.capture(Source::Var(var))
        } else {
            match var {
                Var::State => self.emit_one(NodeKind::Empty, &[], EdgeKind::State),
                Var::Effect => self.emit_one(NodeKind::Start, &[], EdgeKind::Effect),
                Var::Local(_) | Var::Temp(_) => self.none(),
            }
        };
        self.top().env.insert(var, value);
        value
    }

    /// Gives a variable a new value.
    pub(super) fn set(&mut self, var: Var, value: Val) {
        let frame = self.top();
        if !frame.declared.contains(&var) {
            frame.assigned.insert(var);
        }
        frame.env.insert(var, value);
        self.name(value, var);
    }

    /// Begins a variable in this region.
    pub(super) fn declare(&mut self, var: Var, value: Val) {
        let frame = self.top();
        frame.declared.insert(var);
        frame.env.insert(var, value);
        self.name(value, var);
    }

    /// The value of a variable that begins in this region, if it got there.
    pub(super) fn declared_here(&mut self, var: Var) -> Option<Val> {
        let frame = self.top();
        if frame.declared.contains(&var) { frame.env.get(&var).copied() } else { None }
    }

    /// Runs `lower` with another current prompt; the own one is back afterwards, untouched.
    pub(super) fn with_state<T>(&mut self, state: Val, lower: impl FnOnce(&mut Self) -> T) -> T {
        let frame = self.top();
        let before = frame.env.insert(Var::State, state);
        let was_assigned = !frame.assigned.insert(Var::State);
        let result = lower(self);
        let frame = self.top();
        match before {
            Some(before) => frame.env.insert(Var::State, before),
            None => frame.env.remove(&Var::State),
        };
        if !was_assigned {
            frame.assigned.shift_remove(&Var::State);
        }
        result
    }

    /// The number of a value in this region: its own, or that of a capture.
    pub(super) fn import(&mut self, value: Val) -> u32 {
        if value.frame == self.top().number { value.id } else { self.capture(Source::Val(value)).id }
    }

    /// What a capture of an inner region stands for, in this region.
    pub(super) fn resolve(&mut self, source: Source) -> Val {
        match source {
            Source::Var(var) => self.get(var),
            Source::Val(value) => value,
        }
    }

    fn capture(&mut self, source: Source) -> Val {
        let info = self.source_info(source);
        let frame = self.top();
        let index = match frame.captures.get_index_of(&source) {
            Some(index) => index,
            None => frame.captures.insert_full(source, info).0,
        };
        Val { frame: frame.number, id: CAPTURED | index as u32 }
    }

    /// What the parameter for a capture carries.
    pub(super) fn source_info(&self, source: Source) -> ValueInfo {
        match source {
            Source::Var(var) => ValueInfo { kind: var.kind(), name: self.var_name(var) },
            Source::Val(value) => {
                let frame = self.frames.iter().rev().find(|frame| frame.number == value.frame);
                let info = frame.and_then(|frame| match value.id & CAPTURED {
                    0 => frame.values.get(value.id as usize),
                    _ => frame.captures.get_index((value.id & !CAPTURED) as usize).map(|(_, info)| info),
                });
                debug_assert!(info.is_some(), "a value of a region that ended");
                info.cloned().unwrap_or(ValueInfo { kind: EdgeKind::Data, name: None })
            }
        }
    }

    fn var_name(&self, var: Var) -> Option<Arc<str>> {
        match var {
            Var::Local(local) => self.local_name(local),
            Var::State | Var::Effect | Var::Temp(_) => None,
        }
    }

    /// The first variable that a value belongs to names it.
    fn name(&mut self, value: Val, var: Var) {
        let name = self.var_name(var);
        let frame = self.top();
        if value.frame == frame.number
            && let Some(info) = frame.values.get_mut(value.id as usize)
            && info.name.is_none()
        {
            info.name = name;
        }
    }

    /// Sets where the nodes that follow come from.
    pub(super) fn at(&mut self, span: Span) {
        self.top().span = Some(span);
    }

    /// Appends a node.
    pub(super) fn emit(&mut self, kind: NodeKind, inputs: &[Val], outputs: &[EdgeKind]) -> Vec<Val> {
        let inputs = inputs.iter().map(|&value| ValueId(self.import(value))).collect();
        let frame = self.top();
        let first = frame.values.len() as u32;
        let span = frame.span.unwrap_or(Span::new(sgl_diag::FileId(0), 0, 0));
        frame.values.extend(outputs.iter().map(|&kind| ValueInfo { kind, name: None }));
        let node = Node { kind, inputs, first_output: ValueId(first), outputs: outputs.len() as u32, span };
        frame.nodes.push(node);
        (first..first + outputs.len() as u32).map(|id| Val { frame: frame.number, id }).collect()
    }

    /// Appends a node with one output.
    pub(super) fn emit_one(&mut self, kind: NodeKind, inputs: &[Val], output: EdgeKind) -> Val {
        let outputs = self.emit(kind, inputs, &[output]);
        outputs.first().copied().unwrap_or(Val { frame: 0, id: 0 })
    }

    /// Appends a pure operation.
    pub(super) fn host(&mut self, op: HostOp, operands: &[Val]) -> Val {
        self.emit_one(NodeKind::Host(op), operands, EdgeKind::Data)
    }

    /// Appends a literal.
    pub(super) fn constant(&mut self, value: Const) -> Val {
        self.emit_one(NodeKind::Const(value), &[], EdgeKind::Data)
    }

    /// The literal `none`, once a region.
    pub(super) fn none(&mut self) -> Val {
        if let Some(none) = self.top().none {
            return none;
        }
        let none = self.constant(Const::None);
        self.top().none = Some(none);
        none
    }
}
