//! Size, depth and well-formedness of graphs, of long programs and of any program.

mod support;

use proptest::prelude::*;
use sgl_check::program::*;
use sgl_check::types::{Const, Type};
use sgl_graph::graph::{NodeKind, Region};
use sgl_graph::{Graph, lower, optimize, verify};
use support::{any, *};

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

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_program_has_a_graph(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let graph = lowered(&any::program(&bytes, false));
        let text = sgl_graph::print::text(&graph);
        prop_assert!(!text.contains('?'), "{text}");
        prop_assert_eq!(sgl_graph::dot::dot(&graph).matches("subgraph").count() > 2, true);
    }
}
