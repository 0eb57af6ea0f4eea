//! What runs together, what waits for what, where errors surface, what is cancelled.

mod common;

use std::time::Duration;

use common::*;
use sgl_check::builtins::Builtin;
use sgl_check::program::BinaryOp;
use sgl_check::types::Const;
use sgl_exec::{Answer, RunOptions, ScriptedBackend};
use sgl_graph::graph::*;
use sgl_host::Value;
use sgl_wire::Batch;

/// `[asks site 1 about x for x in xs]`, and what is asked is the element.
fn ask_each() -> Loop {
    let (mut body, p) = Build::new(2);
    let answer = body.ask_about(1, p[0]);
    Loop { collect: true, origin: LoopOrigin::Fork, ..over(body.end(&[answer])) }
}

fn strings(build: &mut Build, texts: &[&str]) -> V {
    let texts: Vec<V> = texts.iter().map(|text| build.str(text)).collect();
    build.host(HostOp::List, &texts)
}

#[test]
fn all_branches_of_a_fork_are_in_flight_before_any_answers() {
    let (mut main, _) = Build::new(0);
    let eight = main.int(8);
    let list = main.host(HostOp::Count, &[eight]);
    let answers = main.each(ask_each(), &[list]);
    let graph = main_of(main.end(&answers));
    let backend = ScriptedBackend::new(|request| Answer::text(prompt(request)).when_in_flight(8));
    let finished = run(&graph, &backend, vec![]);
    assert_eq!(shown(&finished), r#"["0","1","2","3","4","5","6","7"]"#);
    assert_eq!(finished.usage.requests, 8);
    let order: Vec<String> = backend.seen().iter().map(prompt).collect();
    assert_eq!(order, ["0", "1", "2", "3", "4", "5", "6", "7"], "requests leave in program order");
    assert!(backend.seen().iter().all(|request| request.branches == 8), "each says how many there are");
}

#[test]
fn requests_say_of_which_run_of_a_batch_they_are() {
    let (mut main, _) = Build::new(0);
    let list = strings(&mut main, &["a", "b"]);
    let answers = main.each(ask_each(), &[list]);
    let graph = main_of(main.end(&answers));
    let batch = Batch::default();
    for run in 0..2 {
        let backend = ScriptedBackend::new(|request| Answer::text(prompt(request)));
        run_with(&graph, &backend, vec![], RunOptions { batch: Some(batch.run(run)), ..RunOptions::default() });
        let seen = backend.seen();
        let marks = seen.iter().map(|request| request.batch.as_ref().unwrap());
        assert!(seen.len() == 2 && marks.into_iter().all(|mark| mark.same_run(&batch.run(run))), "{seen:?}");
    }
}

#[test]
fn only_the_first_request_of_a_branch_says_how_many_there_are() {
    // Each element is asked about, and the answer again; and then one question more.
    let (mut body, p) = Build::new(2);
    let answer = body.ask_about(1, p[0]);
    let again = body.ask_about(2, answer);
    let (mut main, _) = Build::new(0);
    let list = strings(&mut main, &["a", "b", "c"]);
    let each = Loop { collect: true, origin: LoopOrigin::Fork, ..over(body.end(&[again])) };
    let answers = main.each(each, &[list])[0];
    let at = main.int(0);
    let first = main.host(HostOp::Index, &[answers, at]);
    let last = main.ask_about(3, first);
    let all = main.host(HostOp::Tuple, &[answers, last]);
    let backend = ScriptedBackend::new(|request| Answer::text(format!("{}!", prompt(request))));
    assert_eq!(shown(&run(&main_of(main.end(&[all])), &backend, vec![])), r#"[["a!!","b!!","c!!"],"a!!!"]"#);
    let branches = backend.seen().into_iter().map(|request| (prompt(&request), request.branches));
    let mut branches: Vec<(String, usize)> = branches.collect();
    branches.sort();
    let wanted = [("a", 3), ("a!", 1), ("a!!", 1), ("b", 3), ("b!", 1), ("c", 3), ("c!", 1)];
    assert_eq!(branches, wanted.map(|(text, branches)| (text.to_owned(), branches)));
}

#[test]
fn a_branch_does_not_wait_for_its_neighbours() {
    // Each element of the fork is asked about again; "b" answers only after the second question about "a" was asked.
    let (mut main, _) = Build::new(0);
    let list = strings(&mut main, &["a", "b"]);
    let first = main.each(ask_each(), &[list])[0];
    let (mut body, p) = Build::new(2);
    let answer = body.ask_about(2, p[0]);
    let second = main.each(Loop { collect: true, site: 501, ..over(body.end(&[answer])) }, &[first]);
    let graph = main_of(main.end(&second));
    let backend = ScriptedBackend::new(|request| {
        let text = prompt(request);
        match text.as_str() {
            "a" => Answer::text("A"),
            "b" => Answer::text("B").after(Duration::from_millis(200)),
            "A" => Answer::text("AA"),
            _ => Answer::text("BB"),
        }
    });
    assert_eq!(shown(&run(&graph, &backend, vec![])), r#"["AA","BB"]"#);
    assert_eq!(backend.seen().iter().map(prompt).collect::<Vec<_>>(), ["a", "b", "A", "B"]);
    assert_eq!(backend.most_in_flight(), 2);
}

#[test]
fn iterations_of_for_overlap_where_they_can_and_keep_order_where_they_must() {
    // for x in xs { let answer = ask(x); log = log + answer }
    let (mut body, p) = Build::new(3);
    let answer = body.ask_about(1, p[0]);
    let log = body.binary(BinaryOp::Add, p[2], answer);
    let (mut main, _) = Build::new(0);
    let list = strings(&mut main, &["a", "b", "c"]);
    let empty = main.str("");
    let log = main.each(Loop { carried: 1, ..over(body.end(&[log])) }, &[list, empty]);
    let graph = main_of(main.end(&log));
    let backend = ScriptedBackend::new(|request| {
        let text = prompt(request);
        let delay = if text == "a" { 60 } else { 0 };
        Answer::text(text).when_in_flight(3).after(Duration::from_millis(delay))
    });
    assert_eq!(shown(&run(&graph, &backend, vec![])), r#""abc""#);
}

#[test]
fn a_hundred_thousand_iterations_do_not_start_at_once() {
    let (mut main, _) = Build::new(0);
    let many = main.int(100_000);
    let list = main.host(HostOp::Count, &[many]);
    let answers = main.each(ask_each(), &[list])[0];
    let len = main.host(HostOp::Template(vec![TextPart::Hole]), &[answers]);
    let len = main.host(HostOp::Builtin(Builtin::StrLen), &[len]);
    let backend = ScriptedBackend::new(|_| Answer::text(""));
    assert_eq!(shown(&run(&main_of(main.end(&[len])), &backend, vec![])), "300001");
    assert!(backend.most_in_flight() < 20_000, "{}", backend.most_in_flight());
    assert_eq!(backend.seen().len(), 100_000);
}

#[test]
fn a_failed_branch_stays_in_its_element() {
    let (mut main, _) = Build::new(0);
    let list = strings(&mut main, &["good", "bad"]);
    let answers = main.each(ask_each(), &[list])[0];
    let at = main.int(0);
    let good = main.host(HostOp::Index, &[answers, at]);
    let len = main.host(HostOp::Builtin(Builtin::ListLen), &[answers]);
    let pair = main.host(HostOp::Tuple, &[good, len]);
    let good = main.0.clone();
    let backend = ScriptedBackend::new(|request| match prompt(request).as_str() {
        "bad" => Answer::fail(sgl_wire::Failure::Model("it broke".into())),
        text => Answer::text(text),
    });
    assert_eq!(shown(&run(&main_of(Build(good).end(&[pair])), &backend, vec![])), r#"["good",2]"#);
    let finished = run(&main_of(main.end(&[answers])), &backend, vec![]);
    let fault = finished.result.unwrap_err();
    assert_eq!((fault.code, fault.title.as_str()), ("E0406", "the model failed: it broke"));
    assert_eq!(fault.notes, ["the prompt ends: bad"]);
    assert_eq!(fault.span, Some(span()));
}

#[test]
fn the_first_error_in_order_surfaces_whichever_came_first() {
    let (mut main, _) = Build::new(0);
    let list = strings(&mut main, &["slow", "fast"]);
    let answers = main.each(ask_each(), &[list])[0];
    let graph = main_of(main.end(&[answers]));
    let backend = ScriptedBackend::new(|request| {
        let text = prompt(request);
        let delay = if text == "slow" { 50 } else { 0 };
        Answer::fail(sgl_wire::Failure::Model(text)).after(Duration::from_millis(delay))
    });
    assert_eq!(shown(&run(&graph, &backend, vec![])), "E0406: the model failed: slow");
}

#[test]
fn try_catches_what_fails_in_any_element() {
    let (mut body, _) = Build::new(0);
    let list = strings(&mut body, &["x"]);
    let answers = body.each(ask_each(), &[list])[0];
    let body = body.end(&[answers]);
    let (mut handler, _) = Build::new(0);
    let caught = handler.str("caught");
    let handler = handler.end_pure(&[caught]);
    let (mut main, _) = Build::new(0);
    let value = main.node(NodeKind::Try { body, handler }, &[]);
    let graph = main_of(main.end(&[value]));
    let failing = ScriptedBackend::new(|_| Answer::fail(sgl_wire::Failure::Gone));
    assert_eq!(shown(&run(&graph, &failing, vec![])), r#""caught""#);
    assert_eq!(shown(&run(&graph, &echo(), vec![])), r#"["[x]"]"#);
}

#[test]
fn what_nobody_reads_is_cancelled() {
    // The first answer is returned; the other generation never answers, and nobody waits for it.
    let (mut main, _) = Build::new(0);
    let wanted = main.ask(1, "wanted");
    main.ask(2, "unread");
    let graph = main_of(main.end(&[wanted]));
    let backend = ScriptedBackend::new(|request| match prompt(request).as_str() {
        "unread" => Answer::never(),
        text => Answer::text(text).after(Duration::from_millis(20)),
    });
    assert_eq!(shown(&run(&graph, &backend, vec![])), r#""wanted""#);
    assert_eq!((backend.seen().len(), backend.cancelled(), backend.in_flight()), (2, 1, 0));
}

#[test]
fn a_dropped_run_cancels_its_requests() {
    let (mut main, _) = Build::new(0);
    let list = strings(&mut main, &["a", "b", "c"]);
    let answers = main.each(ask_each(), &[list])[0];
    let joined = main.host(HostOp::Template(vec![TextPart::Hole]), &[answers]);
    let again = main.ask_about(9, joined);
    let graph = main_of(main.end(&[again]));
    let backend = ScriptedBackend::new(|_| Answer::never());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let running = runner(&graph, &backend).run(vec![], RunOptions::default());
        assert!(tokio::time::timeout(Duration::from_millis(50), running).await.is_err());
        assert_eq!(backend.most_in_flight(), 3);
        while backend.cancelled() < 3 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(backend.in_flight(), 0);
    });
}

#[test]
fn prints_keep_their_order_and_an_assertion_stops_what_follows() {
    let program = |holds: bool| {
        let (mut main, p) = Build::new(1);
        let slow = main.ask(1, "slow");
        let one = main.node(NodeKind::Print, &[p[0], slow]);
        let fast = main.str("fast");
        let two = main.node(NodeKind::Print, &[one, fast]);
        let condition = main.node(NodeKind::Const(Const::Bool(holds)), &[]);
        let message = main.str("no luck");
        let three = main.node(NodeKind::Assert { has_message: true, shown: Vec::new() }, &[two, condition, message]);
        let four = main.node(NodeKind::Print, &[three, fast, fast]);
        let value = main.int(5);
        let body = main.end(&[value, four]);
        graph(vec![Function { effectful: true, ..function("main", 0, body) }])
    };
    for (holds, value, last) in [(true, "5", Some("fast fast")), (false, "E0405: no luck", None)] {
        let (lines, options) = printed();
        let backend = ScriptedBackend::new(|_| Answer::text("slow").after(Duration::from_millis(30)));
        assert_eq!(shown(&run_with(&program(holds), &backend, vec![], options)), value);
        let expected: Vec<&str> = ["slow", "fast"].into_iter().chain(last).collect();
        assert_eq!(*lines.lock().unwrap(), expected);
    }
}

#[test]
fn seeds_belong_to_places_not_to_time() {
    let (mut main, _) = Build::new(0);
    let list = strings(&mut main, &["a", "b", "c", "d"]);
    let answers = main.each(ask_each(), &[list])[0];
    let graph = main_of(main.end(&[answers]));
    let seeds = |seed: u64, delays: [u64; 4]| {
        let backend = ScriptedBackend::new(move |request| {
            let at = prompt(request).bytes().next().unwrap_or(b'a') - b'a';
            Answer::text(request.seed.to_string()).after(Duration::from_millis(delays[usize::from(at)]))
        });
        shown(&run_with(&graph, &backend, vec![], RunOptions { seed, ..RunOptions::default() }))
    };
    let once = seeds(1, [0, 10, 20, 30]);
    assert_eq!(once, seeds(1, [30, 20, 10, 0]));
    assert_ne!(once, seeds(2, [0; 4]));
    let json: Vec<String> = serde_json::from_str(&once).unwrap();
    assert_eq!(json.iter().collect::<std::collections::HashSet<_>>().len(), 4);
}

#[test]
fn a_loop_with_exits_begins_an_iteration_when_the_one_before_has_stayed() {
    // for x in xs { if ask(x) == "stop" { break }; n += 1 }
    let program = |leave: i64| {
        let (mut body, p) = Build::new(3);
        let answer = body.ask_about(1, p[0]);
        let stops = body.host(HostOp::IsConst(Const::Str("stop".into())), &[answer]);
        let arm = |exit: i64, grows: bool| {
            let (mut arm, p) = Build::new(1);
            let one = arm.int(i64::from(grows));
            let n = arm.binary(BinaryOp::Add, p[0], one);
            let flag = arm.int(exit);
            let result = arm.str("left");
            arm.end_pure(&[n, flag, result])
        };
        let out = body.switch(stops, &[p[2]], vec![arm(exit::NONE, true), arm(leave, false)]);
        let (mut main, _) = Build::new(0);
        let list = strings(&mut main, &["go", "go", "stop", "go"]);
        let zero = main.int(0);
        let out = main.each(Loop { carried: 1, exits: true, ..over(body.end(&out)) }, &[list, zero]);
        let all = main.host(HostOp::Tuple, &out);
        main_of(main.end(&[all]))
    };
    for (leave, value, asked) in
        [(exit::BREAK, "[2,0,null]", 3), (exit::CONTINUE, "[3,0,null]", 4), (exit::RETURN, "[2,3,\"left\"]", 3)]
    {
        let backend = ScriptedBackend::new(|request| Answer::text(prompt(request)));
        assert_eq!(shown(&run(&program(leave), &backend, vec![])), value);
        assert_eq!(backend.seen().len(), asked);
        assert_eq!(backend.most_in_flight(), 1);
    }
}

#[test]
fn a_filter_keeps_order_and_lets_elements_come_later() {
    // [ask(x) for x in 0..4 if x != 1]
    let (mut body, p) = Build::new(2);
    let answer = body.ask_about(1, p[0]);
    let one = body.int(1);
    let keep = body.binary(BinaryOp::Ne, p[0], one);
    let each = Loop { collect: true, filter: true, ..over(body.end(&[answer, keep])) };
    let (mut main, _) = Build::new(0);
    let four = main.int(4);
    let list = main.host(HostOp::Count, &[four]);
    let answers = main.each(each, &[list]);
    assert_eq!(shown(&run(&main_of(main.end(&answers)), &echo(), vec![])), r#"["[0]","[2]","[3]"]"#);
}

#[test]
fn effects_of_branches_fail_their_own_element() {
    // fork x in [1, 0] { assert x == 1; x }
    let (mut body, p) = Build::new(3);
    let one = body.int(1);
    let holds = body.binary(BinaryOp::Eq, p[0], one);
    let effect = body.node(NodeKind::Assert { has_message: false, shown: Vec::new() }, &[p[2], holds]);
    let each = Loop { collect: true, joins_effects: true, origin: LoopOrigin::Fork, ..over(body.end(&[effect, p[0]])) };
    let (mut main, p) = Build::new(1);
    let (one, zero) = (main.int(1), main.int(0));
    let list = main.host(HostOp::List, &[one, zero]);
    let out = main.each(each, &[list, p[0]]);
    let first = main.host(HostOp::Index, &[out[0], zero]);
    let region = main.0.clone();
    let program = |main: Build, value: V| {
        graph(vec![Function { effectful: true, ..function("main", 0, main.end(&[value, out[1]])) }])
    };
    assert_eq!(shown(&run(&program(Build(region), first), &echo(), vec![])), "1");
    assert_eq!(shown(&run(&program(main, out[0]), &echo(), vec![])), "E0405: the assertion does not hold");
}

#[test]
fn many_runs_share_a_runner_and_keep_apart() {
    let (mut main, p) = Build::new(1);
    let answer = main.ask_about(1, p[0]);
    let graph = graph(vec![function("main", 1, main.end(&[answer]))]);
    let backend = ScriptedBackend::new(|request| Answer::text(prompt(request)).when_in_flight(50));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let runner = runner(&graph, &backend);
    runtime.block_on(async {
        let runs = (0..50).map(|n| tokio::spawn(runner.run(vec![Value::Int(n)], RunOptions::default())));
        for (n, run) in runs.collect::<Vec<_>>().into_iter().enumerate() {
            let finished = run.await.unwrap();
            assert_eq!(shown(&finished), format!("\"{n}\""));
            assert_eq!(finished.usage.requests, 1);
        }
    });
}
