//! Long loops, deep recursion, large values: they work or end in a clean error, and never in a full stack.

mod common;

use common::*;
use sgl_check::program::BinaryOp;
use sgl_exec::{Answer, ScriptedBackend};
use sgl_graph::graph::*;
use sgl_host::Value;

/// `while i < n { i += 1 }`
fn count_to(n: i64, pure: bool) -> Region {
    let (mut arm, p) = Build::new(1);
    let one = arm.int(1);
    let next = arm.binary(BinaryOp::Add, p[0], one);
    let arm = arm.end_pure(&[next]);
    let (stay, p) = Build::new(1);
    let stay = stay.end_pure(&p);
    let (mut body, p) = Build::new(1);
    let n = body.int(n);
    let again = body.binary(BinaryOp::Lt, p[0], n);
    let next = body.switch(again, &[p[0]], vec![stay, arm]);
    body.0.pure = pure;
    let body = body.end(&[again, next[0]]);
    let (mut main, _) = Build::new(0);
    let zero = main.int(0);
    let end = main.each(Loop { is_while: true, carried: 1, ..over(body) }, &[zero]);
    main.0.pure = pure;
    main.end(&end)
}

#[test]
fn a_million_iterations() {
    assert_eq!(value_of(count_to(1_000_000, true)), "1000000");
    assert_eq!(value_of(count_to(1_000_000, false)), "1000000");
}

/// `fn down(n) { if n == 0 { start } else { wrap(down(n - 1)) } }`, called with `n`.
fn recursion(
    n: i64,
    pure: bool,
    start: impl Fn(&mut Build) -> V,
    wrap: impl Fn(&mut Build, V) -> V,
) -> std::sync::Arc<Graph> {
    let (mut go, p) = Build::new(1);
    let one = go.int(1);
    let less = go.binary(BinaryOp::Sub, p[0], one);
    let inner = go.call(1, &[less], 1)[0];
    let wrapped = wrap(&mut go, inner);
    go.0.pure = pure;
    let go = go.end(&[wrapped]);
    let (mut stop, _) = Build::new(1);
    let first = start(&mut stop);
    stop.0.pure = pure;
    let stop = stop.end(&[first]);
    let (mut down, p) = Build::new(1);
    let zero = down.int(0);
    let ends = down.binary(BinaryOp::Eq, p[0], zero);
    let value = down.switch(ends, &[p[0]], vec![go, stop]);
    down.0.pure = pure;
    let down = down.end(&value);
    let (mut main, _) = Build::new(0);
    let n = main.int(n);
    let value = main.call(1, &[n], 1);
    main.0.pure = pure;
    graph(vec![function("main", 0, main.end(&value)), function("down", 1, down)])
}

#[test]
fn ten_thousand_calls() {
    for pure in [true, false] {
        let plus_one = |build: &mut Build, value: V| {
            let one = build.int(1);
            build.binary(BinaryOp::Add, value, one)
        };
        let program = recursion(10_000, pure, |build| build.int(0), plus_one);
        assert_eq!(shown(&run(&program, &echo(), vec![])), "10000");
        let endless = recursion(-1, pure, |build| build.int(0), plus_one);
        let finished = shown(&run(&endless, &echo(), vec![]));
        assert_eq!(finished, "E0404: functions call each other more than 20000 levels deep");
    }
}

#[test]
fn ten_thousand_calls_that_wait_for_a_model() {
    let program = recursion(10_000, false, |build| build.ask(1, "bottom"), |_, value| value);
    let backend = ScriptedBackend::new(|_| Answer::text("done"));
    assert_eq!(shown(&run(&program, &backend, vec![])), "\"done\"");
}

#[test]
fn a_value_nested_without_end_is_a_clean_error() {
    for pure in [true, false] {
        let nest = |build: &mut Build, value: V| build.host(HostOp::List, &[value]);
        let program = recursion(10_000, pure, |build| build.int(0), nest);
        assert_eq!(shown(&run(&program, &echo(), vec![])), "E0404: a value is nested more than 200 levels deep");
    }
    // The same, each level coming later: nothing knows how deep it is before all of it has come.
    let nest = |build: &mut Build, value: V| build.host(HostOp::List, &[value]);
    let program = recursion(10_000, false, |build| build.ask(1, "bottom"), nest);
    assert_eq!(shown(&run(&program, &echo(), vec![])), "E0404: a value is nested more than 200 levels deep");
}

#[test]
fn a_list_that_grows_in_a_loop_grows_in_place() {
    // for i in 0..100000 { xs = xs + [i] }
    for pure in [true, false] {
        let (mut body, p) = Build::new(3);
        let one = body.host(HostOp::List, &[p[0]]);
        let grown = body.binary(BinaryOp::Add, p[2], one);
        body.0.pure = pure;
        let body = body.end(&[grown]);
        let (mut main, p) = Build::new(1);
        let list = main.host(HostOp::Count, &[p[0]]);
        let empty = main.host(HostOp::List, &[]);
        let grown = main.each(Loop { carried: 1, ..over(body) }, &[list, empty])[0];
        let len = main.host(HostOp::Builtin(sgl_check::builtins::Builtin::ListLen), &[grown]);
        main.0.pure = pure;
        let program = graph(vec![function("main", 1, main.end(&[len]))]);
        let begun = std::time::Instant::now();
        assert_eq!(shown(&run(&program, &echo(), vec![Value::Int(100_000)])), "100000");
        assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    }
}
