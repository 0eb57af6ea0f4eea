//! `for`, `while`, comprehensions, `fork`.

use std::sync::Arc;

use sgl_check::program::{Block, Expr, ExprKind, Fork, Pattern};
use sgl_check::types::Const;

use super::Lowering;
use super::exits::{Exit, Kinds, Tail};
use super::frame::{Captures, Source, Val, Var};
use crate::graph::{EdgeKind, HostOp, Loop, LoopOrigin, NodeKind, ValueInfo, exit};

/// What a loop is, apart from its body.
pub(super) struct Shape {
    pub origin: LoopOrigin,
    /// What it runs over; none for `while`.
    pub list: Option<Val>,
    pub site: u32,
    pub collect: bool,
    pub filter: bool,
    /// Whether an iteration's effects come after those of the one before.
    pub ordered: bool,
    /// Whether what the body assigns and writes stays inside: a branch or a function has copies of everything.
    pub isolated: bool,
}

impl Shape {
    pub(super) fn each(origin: LoopOrigin, list: Val) -> Shape {
        Shape { origin, list: Some(list), site: 0, collect: false, filter: false, ordered: false, isolated: false }
    }
}

impl Lowering<'_> {
    pub(super) fn for_each(&mut self, pattern: &Pattern, iterable: &Expr, body: &Block) {
        let list = self.expr(iterable);
        self.then_all(Tail::No, |this| {
            let shape = Shape { site: this.site(), ordered: true, ..Shape::each(LoopOrigin::For, list) };
            let element = this.push_each(Some(pattern));
            this.bind(pattern, element);
            this.block(body, Tail::No);
            this.finish_loop(shape, None, &[]);
            Vec::new()
        });
    }

    pub(super) fn while_loop(&mut self, condition: &Expr, body: &Block) {
        let shape = Shape {
            origin: LoopOrigin::While,
            list: None,
            site: self.site(),
            collect: false,
            filter: false,
            ordered: true,
            isolated: false,
        };
        self.push(Vec::new());
        let again = self.expr(condition);
        self.then_all(Tail::No, |this| {
            let stop = this.arm(|_| Vec::new());
            let go_on = this.arm(|this| {
                this.block(body, Tail::No);
                Vec::new()
            });
            this.switch(again, vec![stop, go_on]);
            Vec::new()
        });
        // Nothing stands behind a loop that only `return` leaves: what the function gives is what the loop returns, so the
        // loop is waited for, be it for ever.
        let breaks = self.top().exit.is_some_and(|exit| exit.kinds.breaks);
        let only_returns = matches!(condition.kind, ExprKind::Const(Const::Bool(true))) && !breaks;
        if only_returns {
            let exit = match self.top().exit {
                Some(exit) => Exit { kinds: exit.kinds.with(Kinds::RETURN), ..exit },
                None => {
                    let (flag, result) = (self.constant(Const::Int(exit::NONE)), self.none());
                    Exit { flag, result, going_on: None, kinds: Kinds::RETURN, certain: false }
                }
            };
            self.top().exit = Some(exit);
        }
        self.finish_loop(shape, Some(again), &[]);
        if let (true, Some(exit)) = (only_returns, &mut self.top().exit) {
            exit.certain = true;
        }
    }

    pub(super) fn comprehension(
        &mut self,
        pattern: &Pattern,
        iterable: &Expr,
        condition: Option<&Expr>,
        value: &Expr,
    ) -> Val {
        let list = self.expr(iterable);
        self.then(Tail::No, |this| {
            let filter = condition.is_some();
            let site = this.site();
            let shape = Shape { site, collect: true, filter, ..Shape::each(LoopOrigin::Comprehension, list) };
            let element = this.push_each(Some(pattern));
            this.bind(pattern, element);
            let items = match condition {
                None => vec![this.expr(value)],
                Some(condition) => {
                    let keep = this.expr(condition);
                    let item = this.then(Tail::No, |this| {
                        let (no, yes) = (this.arm(|this| vec![this.none()]), this.arm(|this| vec![this.expr(value)]));
                        this.choose(keep, no, yes)
                    });
                    vec![item, keep]
                }
            };
            this.finish_loop(shape, None, &items)
        })
    }

    pub(super) fn fork(&mut self, fork: &Fork) -> Val {
        match fork {
            Fork::Each(pattern, iterable, body) => {
                let list = self.expr(iterable);
                self.then(Tail::No, |this| {
                    this.branches(list, Some(pattern), |this, element| {
                        this.bind(pattern, element);
                        this.block(body, Tail::No)
                    })
                })
            }
            Fork::Times(count, body) => {
                let count = self.expr(count);
                self.then(Tail::No, |this| {
                    let list = this.host(HostOp::Count, &[count]);
                    this.branches(list, None, |this, _| this.block(body, Tail::No))
                })
            }
            Fork::Named(named) => self.named_branches(named),
        }
    }

    fn branches(&mut self, list: Val, pattern: Option<&Pattern>, body: impl FnOnce(&mut Self, Val) -> Val) -> Val {
        let shape = Shape { site: self.site(), collect: true, isolated: true, ..Shape::each(LoopOrigin::Fork, list) };
        let element = self.push_each(pattern);
        let item = body(self, element);
        self.finish_loop(shape, None, &[item])
    }

    /// As many branches as there are names; which one runs what is a switch on its number.
    fn named_branches(&mut self, named: &[(Arc<str>, Block)]) -> Val {
        let count = self.constant(Const::Int(named.len() as i64));
        let list = self.host(HostOp::Count, &[count]);
        let items = self.branches(list, None, |this, number| {
            let arms = named.iter().map(|(_, body)| this.arm(|this| vec![this.block(body, Tail::No)])).collect();
            let values = this.switch(number, arms);
            values.first().copied().unwrap_or_else(|| this.none())
        });
        self.then(Tail::No, |this| {
            let fields: Vec<Val> = (0..named.len() as i64)
                .map(|number| {
                    let number = this.constant(Const::Int(number));
                    this.host(HostOp::Index, &[items, number])
                })
                .collect();
            this.host(HostOp::Record(None, named.iter().map(|(name, _)| name.clone()).collect()), &fields)
        })
    }

    /// Begins the body of a loop over a list; gives the element.
    pub(super) fn push_each(&mut self, pattern: Option<&Pattern>) -> Val {
        let name = if let Some(Pattern::Bind(local)) = pattern { self.local_name(*local) } else { None };
        let element = ValueInfo { kind: EdgeKind::Data, name };
        let index = ValueInfo { kind: EdgeKind::Data, name: Some("index".into()) };
        let params = self.push(vec![element, index]);
        params.first().copied().unwrap_or_else(|| self.none())
    }

    /// Ends the body, whose frame is on top, and makes the node. `items` is the item and whether it is kept, as far as
    /// the shape has them; gives the collected list.
    pub(super) fn finish_loop(&mut self, shape: Shape, again: Option<Val>, items: &[Val]) -> Val {
        let exit = self.top().exit.filter(|exit| exit.kinds.breaks || exit.kinds.returns);
        let mut assigned: Vec<Var> = self.top().assigned.iter().copied().collect();
        assigned.sort();
        // Iterations that write one prompt after the other are in order anyway.
        let in_order = shape.ordered || (!shape.isolated && assigned.contains(&Var::State));
        let joins_effects = !in_order && assigned.contains(&Var::Effect);
        assigned.retain(|&var| match var {
            Var::Effect => in_order,
            Var::State | Var::Local(_) => !shape.isolated,
            Var::Temp(_) => true,
        });

        // This order, and that of the captures, inputs and outputs below, is the one that [`Loop`] states.
        let mut results: Vec<Val> = again.into_iter().collect();
        if joins_effects {
            results.push(self.get(Var::Effect));
        }
        results.extend(assigned.iter().map(|&var| self.get(var)).collect::<Vec<_>>());
        results.extend(items);
        results.extend(exit.iter().flat_map(|exit| [exit.flag, exit.result]));
        let results: Vec<u32> = results.into_iter().map(|value| self.import(value)).collect();
        let frame = self.pop();

        let mut captures = Captures::new();
        for &var in assigned.iter().chain(joins_effects.then_some(&Var::Effect)) {
            captures.insert(Source::Var(var), self.source_info(Source::Var(var)));
        }
        for (&source, info) in &frame.captures {
            captures.entry(source).or_insert_with(|| info.clone());
        }
        let body = frame.finish(&captures, &results);

        let mut inputs: Vec<Val> = shape.list.into_iter().collect();
        inputs.extend(captures.keys().map(|&source| self.resolve(source)));
        let mut outputs: Vec<EdgeKind> = assigned.iter().map(|var| var.kind()).collect();
        outputs.extend(shape.collect.then_some(EdgeKind::Data));
        if exit.is_some() {
            outputs.extend([EdgeKind::Data; 2]);
        }
        outputs.extend(joins_effects.then_some(EdgeKind::Effect));
        let node = Loop {
            site: shape.site,
            origin: shape.origin,
            is_while: shape.list.is_none(),
            carried: assigned.len() as u32,
            collect: shape.collect,
            filter: shape.filter,
            exits: exit.is_some(),
            joins_effects,
            body,
        };
        let mut outputs = self.emit(NodeKind::Loop(Box::new(node)), &inputs, &outputs).into_iter();

        for var in assigned {
            if let Some(value) = outputs.next() {
                self.set(var, value);
            }
        }
        let collected = if shape.collect { outputs.next() } else { None };
        if let Some(exit) = exit
            && let (Some(flag), Some(result)) = (outputs.next(), outputs.next())
            && exit.kinds.returns
        {
            let kinds = Kinds::RETURN;
            self.top().exit = Some(Exit { flag, result, going_on: None, kinds, certain: false });
        }
        if joins_effects && let Some(effect) = outputs.next() {
            self.set(Var::Effect, effect);
        }
        collected.unwrap_or_else(|| self.none())
    }
}
