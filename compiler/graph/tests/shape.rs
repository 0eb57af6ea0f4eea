//! Size, depth and well-formedness of graphs, of long programs and of any program.

mod support;

use proptest::prelude::*;
use sgl_check::builtins::Builtin;
use sgl_check::program::*;
use sgl_check::types::{Const, Type};
use sgl_graph::graph::{NodeKind, Region};
use sgl_graph::{Graph, lower, optimize, verify};
use support::*;

fn size(region: &Region) -> usize {
    let inner = |kind: &NodeKind| kind.regions().map(size).sum::<usize>();
    region.values.len() + region.nodes.iter().map(|node| node.inputs.len() + 1 + inner(&node.kind)).sum::<usize>()
}

fn depth(region: &Region) -> usize {
    1 + region.nodes.iter().flat_map(|node| node.kind.regions()).map(depth).max().unwrap_or(0)
}

fn count(region: &Region, what: &dyn Fn(&NodeKind) -> bool) -> usize {
    let inner = |kind: &NodeKind| kind.regions().map(|region| count(region, what)).sum::<usize>();
    region.nodes.iter().map(|node| usize::from(what(&node.kind)) + inner(&node.kind)).sum()
}

fn is_gen(kind: &NodeKind) -> bool {
    matches!(kind, NodeKind::Gen(_))
}

fn lowered(program: &Program) -> Graph {
    let graph = lower(program);
    assert_eq!(verify::verify(&graph), Ok(()));
    let graph = optimize(graph);
    assert_eq!(verify::verify(&graph), Ok(()));
    graph
}

/// `n` times `"…"; let v = gen(); if 1 { return v }`: may leave after every statement.
fn many_exits(n: u32) -> Program {
    let stmts = (0..n).flat_map(|id| {
        let leave = when(local(id), block(Vec::new(), Some(returns(local(id)))));
        [text("more"), stmt(StmtKind::Let(Pattern::Bind(LocalId(id)), generation())), stmt(StmtKind::Expr(leave))]
    });
    program(vec![function("f", true, n as usize, 0, block(stmts.collect(), Some(int(0))))])
}

#[test]
fn exits_in_a_row_stay_flat_and_are_not_copied() {
    let few = lower(&many_exits(50));
    let many = lower(&many_exits(500));
    assert_eq!(depth(&few.functions[0].body), depth(&many.functions[0].body));
    assert!(size(&many.functions[0].body) < 11 * size(&few.functions[0].body));
    assert_eq!(count(&many.functions[0].body, &is_gen), 500);
    assert_eq!(count(&optimize(many).functions[0].body, &is_gen), 500);
}

#[test]
fn exits_inside_each_other_are_not_copied() {
    fn nested(depth: u32) -> Block {
        let leave = when(local(0), block(Vec::new(), Some(returns(int(1)))));
        let mut stmts = vec![stmt(StmtKind::Expr(leave)), stmt(StmtKind::Expr(generation()))];
        if depth > 0 {
            stmts.push(stmt(StmtKind::Expr(when(local(0), nested(depth - 1)))));
            stmts.push(stmt(StmtKind::Expr(generation())));
        }
        block(stmts, None)
    }
    let graph = lowered(&program(vec![function("f", true, 1, 1, nested(30))]));
    assert_eq!(count(&graph.functions[0].body, &is_gen), 61);
}

#[test]
fn a_long_function_lowers_in_linear_time() {
    let time = |n: u32| {
        let stmts = (0..n).map(|id| match id {
            0 => stmt(StmtKind::Let(Pattern::Bind(LocalId(0)), int(0))),
            id if id % 3 == 0 => text("some text"),
            id => {
                let sum = ExprKind::Binary(BinaryOp::Add, Box::new(local(0)), Box::new(int(i64::from(id))));
                stmt(StmtKind::Assign(Place { local: LocalId(0), path: Vec::new() }, None, expr(sum, Type::INT)))
            }
        });
        let body = block(stmts.collect(), Some(local(0)));
        let program = program(vec![function("f", true, 1, 0, body)]);
        let start = std::time::Instant::now();
        let graph = optimize(lower(&program));
        assert_eq!(count(&graph.functions[0].body, &|kind| matches!(kind, NodeKind::Text(_))), 1);
        start.elapsed()
    };
    time(500);
    let (short, long) = (time(500), time(50_000));
    // A hundred times as long; a quadratic step would make it thousands of times as slow.
    assert!(long < short * 1_500, "{short:?} for 500 statements, {long:?} for 50,000");
}

#[test]
fn many_arms_do_not_nest_without_end() {
    let arms = |n: i64| {
        let arm = |value| Arm { patterns: vec![Pattern::Const(Const::Int(value))], guard: None, body: int(value) };
        let rest = Arm { patterns: vec![Pattern::Any], guard: None, body: returns(generation()) };
        let arms = (0..n).map(arm).chain([rest]).collect();
        let matched = expr(ExprKind::Match(Box::new(local(0)), arms), Type::INT);
        lowered(&program(vec![function("f", true, 1, 1, block(Vec::new(), Some(matched)))]))
    };
    assert!(depth(&arms(1000).functions[0].body) <= depth(&arms(40).functions[0].body));
    assert_eq!(count(&arms(1000).functions[0].body, &is_gen), 1);
}

#[test]
fn what_nobody_reads_goes_and_effects_stay() {
    let print = expr(ExprKind::Print(vec![int(1)]), Type::None);
    let from = ExprKind::From(
        Box::new(expr(ExprKind::Here, Type::Prompt)),
        block(vec![stmt(StmtKind::Expr(generation()))], Some(int(2))),
    );
    let unread = Fork::Times(int(3), block(vec![stmt(StmtKind::Expr(print.clone()))], Some(generation())));
    let body = block(
        vec![
            stmt(StmtKind::Expr(expr(from, Type::INT))),
            stmt(StmtKind::Expr(expr(ExprKind::Fork(Box::new(unread)), Type::list(Type::STR)))),
        ],
        Some(int(0)),
    );
    let graph = lowered(&program(vec![function("f", true, 0, 0, body)]));
    assert_eq!(count(&graph.functions[0].body, &is_gen), 0);
    assert_eq!(count(&graph.functions[0].body, &|kind| matches!(kind, NodeKind::Print)), 1);
}

/// Makes a program of bytes: every byte string is one.
struct Tape<'a> {
    bytes: std::slice::Iter<'a, u8>,
    locals: u32,
    fuel: u32,
}

impl Tape<'_> {
    fn byte(&mut self) -> u8 {
        self.bytes.next().copied().unwrap_or(0)
    }

    fn declare(&mut self) -> LocalId {
        self.locals += 1;
        LocalId(self.locals - 1)
    }

    fn block(&mut self, depth: u32) -> Block {
        let stmts = (0..self.byte() % 4).map(|_| self.stmt(depth)).collect();
        let value = (self.byte() % 3 != 0).then(|| self.expr(depth));
        block(stmts, value)
    }

    fn pattern(&mut self) -> Pattern {
        match self.byte() % 4 {
            0 => Pattern::Any,
            1 => Pattern::Tuple(vec![Pattern::Bind(self.declare()), Pattern::Any]),
            _ => Pattern::Bind(self.declare()),
        }
    }

    fn stmt(&mut self, depth: u32) -> Stmt {
        stmt(match self.byte() % 8 {
            0 | 1 => {
                let value = self.expr(depth);
                StmtKind::Let(self.pattern(), value)
            }
            2 => {
                let path = (0..self.byte() % 3).map(|_| PlaceStep::Index(self.expr(depth + 2))).collect();
                let op = (self.byte() % 2 == 0).then_some(BinaryOp::Add);
                StmtKind::Assign(Place { local: LocalId(0), path }, op, self.expr(depth))
            }
            3 => StmtKind::Append(self.expr(depth)),
            4 => {
                let list = self.expr(depth + 1);
                StmtKind::For(self.pattern(), list, self.block(depth + 1))
            }
            5 => StmtKind::While(self.expr(depth + 1), self.block(depth + 1)),
            _ => StmtKind::Expr(self.expr(depth)),
        })
    }

    fn boxed(&mut self, depth: u32) -> Box<Expr> {
        Box::new(self.expr(depth))
    }

    fn expr(&mut self, depth: u32) -> Expr {
        self.fuel = self.fuel.saturating_sub(1);
        if depth > 6 || self.fuel == 0 {
            return local(0);
        }
        let d = depth + 1;
        let kind = match self.byte() % 30 {
            0 => ExprKind::Const(Const::Int(i64::from(self.byte()))),
            1 => ExprKind::Local(LocalId(0)),
            2 => ExprKind::Template(vec![TemplatePart::Text("a".into()), TemplatePart::Hole(self.expr(d))]),
            3 => ExprKind::List(vec![self.expr(d), self.expr(d)]),
            4 => ExprKind::Binary(BinaryOp::Add, self.boxed(d), self.boxed(d)),
            5 => ExprKind::ShortCircuit(ShortCircuit::And, self.boxed(d), self.boxed(d)),
            6 => ExprKind::ShortCircuit(ShortCircuit::Coalesce, self.boxed(d), self.boxed(d)),
            7 => {
                let callee = u32::from(self.byte() % 3);
                ExprKind::Call { function: FnId(callee), args: vec![Some(self.expr(d))], splice: self.byte() % 2 == 0 }
            }
            8 => ExprKind::CallValue(self.boxed(d), vec![self.expr(d)]),
            9 => ExprKind::Closure(vec![self.pattern()], self.boxed(d)),
            10 => return generation(),
            11 => ExprKind::Role(sgl_wire::Role::User, self.block(d)),
            12 => ExprKind::Fork(Box::new(Fork::Each(self.pattern(), self.expr(d), self.block(d)))),
            13 => ExprKind::Fork(Box::new(Fork::Named(vec![("a".into(), self.block(d)), ("b".into(), self.block(d))]))),
            14 => ExprKind::Here,
            15 => ExprKind::From(self.boxed(d), self.block(d)),
            16 | 17 => ExprKind::If(self.boxed(d), self.block(d), Some(self.block(d))),
            18 => {
                let arms = (0..1 + self.byte() % 20).map(|_| self.arm(d)).collect();
                ExprKind::Match(self.boxed(d), arms)
            }
            19 => ExprKind::Block(self.block(d)),
            20 => ExprKind::Comprehension {
                pattern: self.pattern(),
                iterable: self.boxed(d),
                condition: (self.byte() % 2 == 0).then(|| self.boxed(d)),
                value: self.boxed(d),
            },
            21 => ExprKind::Try(self.boxed(d), self.boxed(d)),
            22 => ExprKind::Return(Some(self.boxed(d))),
            23 => ExprKind::Break,
            24 => ExprKind::Continue,
            25 => ExprKind::Print(vec![self.expr(d)]),
            26 => ExprKind::Assert(self.boxed(d), None),
            27 => {
                let function = expr(ExprKind::Closure(vec![self.pattern()], self.boxed(d)), Type::Error);
                ExprKind::Builtin(Builtin::ListFilter, vec![self.expr(d), function])
            }
            28 => {
                let params = vec![self.pattern(), self.pattern()];
                let function = expr(ExprKind::Closure(params, self.boxed(d)), Type::Error);
                ExprKind::Builtin(Builtin::ListFold, vec![self.expr(d), self.expr(d), function])
            }
            _ => ExprKind::PromptField(self.boxed(d), PromptField::Text),
        };
        let ty = match kind {
            ExprKind::Return(_) | ExprKind::Break | ExprKind::Continue => Type::Never,
            ExprKind::Here => Type::Prompt,
            _ if self.byte() % 4 == 0 => Type::None,
            _ => Type::INT,
        };
        expr(kind, ty)
    }

    fn arm(&mut self, depth: u32) -> Arm {
        let patterns = match self.byte() % 4 {
            0 => vec![Pattern::Const(Const::Int(1)), Pattern::Range(Some(Const::Int(3)), None)],
            1 => vec![Pattern::Struct(
                StructId(0),
                vec![("a".into(), Pattern::Tuple(vec![Pattern::Const(Const::None)]))],
            )],
            2 => vec![Pattern::Any],
            _ => vec![Pattern::Bind(self.declare())],
        };
        let guard = (self.byte() % 3 == 0).then(|| self.expr(depth));
        Arm { patterns, guard, body: self.expr(depth) }
    }
}

fn any_program(bytes: &[u8]) -> Program {
    let mut tape = Tape { bytes: bytes.iter(), locals: 0, fuel: 400 };
    let functions = (0..3).map(|number| {
        tape.locals = 1;
        tape.fuel = 400;
        let body = tape.block(0);
        let mut function = function("f", number > 0, tape.locals as usize, 1, body);
        function.returns_state = number == 2;
        function
    });
    let field = StructField { name: "a".into(), ty: Type::INT, doc: String::new(), span: span() };
    let item = Struct { name: "S".into(), doc: String::new(), fields: vec![field], span: span() };
    Program { functions: functions.collect(), structs: vec![item], ..Program::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_program_has_a_graph(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let graph = lowered(&any_program(&bytes));
        let text = sgl_graph::print::text(&graph);
        prop_assert!(!text.contains('?'), "{text}");
        prop_assert_eq!(sgl_graph::dot::dot(&graph).matches("subgraph").count() > 2, true);
    }
}
