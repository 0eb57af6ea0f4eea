//! Interpreter and executor agree on random pure programs, whatever has come when.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::*;
use proptest::prelude::*;
use sgl_check::builtins::Builtin;
use sgl_check::program::BinaryOp;
use sgl_check::types::{Const, Type};
use sgl_exec::{Answer, ScriptedBackend};
use sgl_graph::graph::*;
use sgl_host::code::Code;
use sgl_host::{Demand, Fault, Machine, Partial, Program, Value, supply};

#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    Int,
    Bool,
    List,
}
use Kind::{Bool, Int, List};

/// A random program, written along a tape of random bytes.
struct Writer<'a> {
    tape: std::iter::Cycle<std::slice::Iter<'a, u8>>,
    left: usize,
}

impl Writer<'_> {
    fn pick(&mut self, below: usize) -> usize {
        usize::from(*self.tape.next().unwrap_or(&0)) % below.max(1)
    }

    /// A value of this kind out of the pool; there is one.
    fn any(&mut self, pool: &[(V, Kind)], kind: Kind) -> V {
        let fitting: Vec<V> = pool.iter().filter(|(_, other)| *other == kind).map(|(value, _)| *value).collect();
        // Mostly one of the latest: what is computed is to matter.
        let recent = self.pick(fitting.len().min(3));
        fitting[fitting.len() - 1 - recent]
    }

    /// A region with parameters and results of these kinds.
    fn region(&mut self, params: &[Kind], results: &[Kind], depth: usize) -> Region {
        let (mut build, values) = Build::new(params.len() as u32);
        let mut pool: Vec<(V, Kind)> = values.into_iter().zip(params.iter().copied()).collect();
        let number = build.int(self.pick(5) as i64);
        let flag = self.pick(2) == 1;
        let flag = build.node(NodeKind::Const(Const::Bool(flag)), &[]);
        let list = build.host(HostOp::List, &[number]);
        pool.extend([(number, Int), (flag, Bool), (list, List)]);
        for _ in 0..3 + self.pick(6) {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            self.write(&mut build, &mut pool, depth);
        }
        let results: Vec<V> = results
            .iter()
            .map(|kind| match self.pick(4) {
                0..3 => pool.iter().rev().find(|(_, other)| other == kind).map(|(value, _)| *value).unwrap_or(number),
                _ => self.any(&pool, *kind),
            })
            .collect();
        build.0.pure = self.pick(2) == 1;
        build.end(&results)
    }

    fn write(&mut self, build: &mut Build, pool: &mut Vec<(V, Kind)>, depth: usize) {
        let choice = self.pick(if depth == 0 { 8 } else { 16 });
        let (a, b) = (self.any(pool, Int), self.any(pool, Int));
        let (flag, list) = (self.any(pool, Bool), self.any(pool, List));
        let captures = [a, flag, list];
        let kinds = [Int, Bool, List];
        let inner = depth.saturating_sub(1);
        match choice {
            0 | 1 => {
                let ops = [BinaryOp::Add, BinaryOp::Sub, BinaryOp::Div, BinaryOp::Rem];
                let op = ops[self.pick(4)];
                pool.push((build.binary(op, a, b), Int));
            }
            2 => pool.push((build.host(HostOp::List, &[a, b, a]), List)),
            3 => pool.push((build.host(HostOp::Index, &[list, a]), Int)),
            4 => pool.push((build.binary(BinaryOp::Lt, a, b), Bool)),
            5 => pool.push((build.binary(BinaryOp::Add, list, list), List)),
            6 => {
                let methods = [Builtin::ListReverse, Builtin::ListSort, Builtin::ListUnique];
                let method = methods[self.pick(3)];
                pool.push((build.host(HostOp::Builtin(method), &[list]), List));
            }
            7 => {
                let methods = [Builtin::ListLen, Builtin::ListSum];
                let method = methods[self.pick(2)];
                pool.push((build.host(HostOp::Builtin(method), &[list]), Int));
            }
            8 | 9 => {
                let arms = (0..2).map(|_| self.region(&kinds, &[Int, List], inner)).collect();
                let out = build.switch(flag, &captures, arms);
                pool.extend([(out[0], Int), (out[1], List)]);
            }
            10 => {
                let body = self.region(&[Int, Int, Int, Int, Bool, List], &[Int, Int], inner);
                let each = Loop { carried: 1, collect: true, ..over(body) };
                let out = build.each(each, &[&[list, b][..], &captures[..]].concat());
                pool.extend([(out[0], Int), (out[1], List)]);
            }
            11 => {
                let body = self.region(&[Int, Int, Int, Bool, List], &[Int, Bool], inner);
                let each = Loop { collect: true, filter: true, ..over(body) };
                let out = build.each(each, &[&[list][..], &captures[..]].concat());
                pool.push((out[0], List));
            }
            12 => {
                let body = self.region(&[Int, Int, List, Int, Bool, List], &[List, Int, Int], inner);
                let each = Loop { carried: 1, exits: true, ..over(body) };
                let out = build.each(each, &[&[list, list][..], &captures[..]].concat());
                pool.extend([(out[0], List), (out[1], Int)]);
            }
            13 => {
                // while i < 4 { i += 1; x = … }
                let step = self.region(&[Int, Int, Bool, List], &[Int], inner);
                let (mut body, p) = Build::new(5);
                let (four, one) = (body.int(4), body.int(1));
                let again = body.binary(BinaryOp::Lt, p[0], four);
                let next = body.binary(BinaryOp::Add, p[0], one);
                let x = body.switch(again, &[p[1], p[2], p[3], p[4]], vec![step.clone(), step]);
                body.0.pure = self.pick(2) == 1;
                let each = Loop { is_while: true, carried: 2, ..over(body.end(&[again, next, x[0]])) };
                let zero = build.int(0);
                let out = build.each(each, &[&[zero, b][..], &captures[..]].concat());
                pool.extend([(out[0], Int), (out[1], Int)]);
            }
            14 => {
                let body = self.region(&kinds, &[Int, List], inner);
                let handler = self.region(&kinds, &[Int, List], inner);
                let out = build.nodes(NodeKind::Try { body, handler }, &captures, 2);
                pool.extend([(out[0], Int), (out[1], List)]);
            }
            _ => {
                let inside = self.region(&[Int, Int, Bool, List], &[Int], inner);
                let (mut body, p) = Build::new(5);
                let one = body.node(NodeKind::Const(Const::Bool(true)), &[]);
                let x = body.switch(one, &p[1..], vec![inside.clone(), inside]);
                let body = body.end(&[x[0], p[0]]);
                let closure = build.node(NodeKind::Closure { arity: 1, body }, &captures);
                let start = build.node(NodeKind::Start, &[]);
                let out = build.nodes(NodeKind::CallValue { site: 800 }, &[closure, start, b], 2);
                pool.push((out[0], Int));
            }
        }
    }
}

/// The plain twin: everything at once in the interpreter.
fn interpreted(region: &Region, a: i64, b: i64) -> String {
    let program = Arc::new(Program::new(graph(vec![])));
    let params = vec![Ok(Value::Int(a)), Ok(Value::Int(b))];
    let result = Machine::new(program, Arc::new(Code::new(region)), params).finish().remove(0);
    match supply(result, Demand::Whole) {
        Ok(value) => sgl_host::json::write(&value).unwrap(),
        Err(Partial::Failed(fault)) => said(&fault),
        Err(other) => format!("{other:?}"),
    }
}

fn said(fault: &Fault) -> String {
    format!("{}: {}", fault.code, fault.title)
}

/// The executor, the two numbers answered by a model that takes its time.
fn executed(region: &Region, a: i64, b: i64, delays: (u64, u64)) -> String {
    let (mut main, _) = Build::new(0);
    let numbers = ["a", "b"].map(|name| {
        let empty = main.empty();
        let state = main.text(empty, name);
        main.generate_as(1, state, Type::INT).0
    });
    let value = main.call(1, &numbers, 1);
    let mut region = region.clone();
    region.pure = false;
    let program = graph(vec![function("main", 0, main.end(&value)), function("random", 2, region)]);
    let backend = ScriptedBackend::new(move |request| match prompt(request).as_str() {
        "a" => Answer::text(a.to_string()).after(Duration::from_micros(delays.0)),
        _ => Answer::text(b.to_string()).after(Duration::from_micros(delays.1)),
    });
    shown(&run(&program, &backend, vec![]))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn interpreter_and_executor_agree(
        tape in proptest::collection::vec(any::<u8>(), 40..400),
        a in -3i64..6,
        b in -3i64..6,
        delays in (0u64..1500, 0u64..1500),
    ) {
        let mut writer = Writer { tape: tape.iter().cycle(), left: 150 };
        let kind = [Int, List][writer.pick(2)];
        let region = writer.region(&[Int, Int], &[kind], 3);
        prop_assert_eq!(interpreted(&region, a, b), executed(&region, a, b, delays));
    }
}
