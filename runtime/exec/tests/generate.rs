//! Requests and answers: what is sent, what comes back as a value, what is refused before anything is sent.

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::*;
use sgl_check::program::{BinaryOp, GenArg, ModelId, ModelItem, PromptField};
use sgl_check::types::{Const, Type};
use sgl_exec::{Answer, Given, Line, RunOptions, Runner, ScriptedBackend, Transcript};
use sgl_graph::graph::*;
use sgl_host::Value;
use sgl_wire::{Ask, Constraint, Role, SelectBy, Stop};

/// `gen(args…)` on the prompt "ask", with constants as arguments.
fn gen_with(args: &[(GenArg, Const)], full: bool, ty: Type) -> Region {
    let (mut main, _) = Build::new(0);
    let empty = main.empty();
    let state = main.text(empty, "ask");
    let mut inputs = vec![state];
    for (_, value) in args {
        inputs.push(main.node(NodeKind::Const(value.clone()), &[]));
    }
    let args = args.iter().map(|(arg, _)| *arg).collect();
    let ask = Gen { site: 1, value_ty: ty, constraint: Constraint::FREE, args, full, tools: None };
    let out = main.nodes(NodeKind::Gen(Box::new(ask)), &inputs, 2);
    main.end(&out[..1])
}

#[test]
fn arguments_reach_the_request() {
    let args = [
        (GenArg::MaxTokens, Const::Int(7)),
        (GenArg::Stop, Const::Regex("x+".into())),
        (GenArg::Temperature, Const::Float(0.5)),
        (GenArg::TopK, Const::None),
        (GenArg::Seed, Const::Int(42)),
        (GenArg::Timeout, Const::Float(1.5)),
        (GenArg::Priority, Const::Int(-3)),
    ];
    let backend = echo();
    let graph = main_of(gen_with(&args, false, Type::STR));
    assert_eq!(shown(&run(&graph, &backend, vec![])), "\"[ask]\"");
    let request = backend.seen().remove(0);
    let Ask::Generate(generate) = &request.ask else { panic!("{request:?}") };
    assert_eq!(generate.max_tokens, Some(7));
    assert_eq!(generate.stop, [Stop::Regex("x+".into())]);
    assert_eq!(generate.sampling.temperature, 0.5);
    assert_eq!(generate.sampling.top_k, None);
    assert_eq!((request.timeout, request.priority), (Some(Duration::from_millis(1500)), -3));
    // `seed:` replaces the program's seed.
    run_with(&graph, &backend, vec![], RunOptions { seed: 99, ..RunOptions::default() });
    assert_eq!(backend.seen()[1].seed, request.seed);
}

#[test]
fn arguments_out_of_range_are_refused_before_anything_is_sent() {
    for (arg, value, sentence) in [
        (GenArg::MaxTokens, Const::Int(0), "E0407: `max_tokens` cannot be 0"),
        (GenArg::TopP, Const::Float(1.5), "E0407: `top_p` cannot be 1.5"),
        (GenArg::TopP, Const::Int(0), "E0407: `top_p` cannot be 0"),
        (GenArg::Stop, Const::Str("".into()), "E0407: `stop` is an empty text, which would end every answer at once"),
        (GenArg::Timeout, Const::Float(-1.0), "E0407: `timeout` cannot be -1"),
    ] {
        let backend = echo();
        assert_eq!(shown(&run(&main_of(gen_with(&[(arg, value)], false, Type::STR)), &backend, vec![])), sentence);
        assert!(backend.seen().is_empty());
    }
}

#[test]
fn answers_are_typed_values() {
    let typed = |ty: Type, text: &'static str| {
        let backend = ScriptedBackend::new(move |_| Answer::text(text));
        shown(&run(&main_of(gen_with(&[], false, ty)), &backend, vec![]))
    };
    assert_eq!(typed(Type::list(Type::INT), "[1,2]"), "[1,2]");
    let wrong = typed(Type::Int { min: Some(1), max: Some(5) }, "6");
    assert_eq!(
        wrong,
        "E0499: internal error: what scripted wrote is not of its type: expected an integer in 1..=5, found 6"
    );
}

#[test]
fn full_answers_are_records() {
    let backend = ScriptedBackend::new(|_| Answer::text("42"));
    let value = shown(&run(&main_of(gen_with(&[], true, Type::INT)), &backend, vec![]));
    let record: serde_json::Value = serde_json::from_str(&value).unwrap();
    let keys: Vec<&str> = record.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["value", "text", "tokens", "logprob", "top_logprobs", "finish", "thinking"]);
    assert_eq!((&record["value"], &record["text"], &record["tokens"]), (&42.into(), &"42".into(), &2.into()));
}

fn selection(options: &[&str], full: bool) -> Region {
    let (mut main, _) = Build::new(0);
    let empty = main.empty();
    let state = main.text(empty, "pick: ");
    let options: Vec<V> = options.iter().map(|option| main.str(option)).collect();
    let options = main.host(HostOp::List, &options);
    let ask = Select { site: 1, by: SelectBy::Sample, args: vec![], full };
    let out = main.nodes(NodeKind::Select(Box::new(ask)), &[state, options], 2);
    let text = main.node(NodeKind::PromptField(PromptField::Text), &[out[1]]);
    let pair = main.host(HostOp::Tuple, &[out[0], text]);
    main.end(&[pair])
}

#[test]
fn a_selection_appends_what_it_chose() {
    let backend = ScriptedBackend::new(|_| Answer::option(1));
    let shown_for = |options: &[&str]| shown(&run(&main_of(selection(options, false)), &backend, vec![]));
    assert_eq!(shown_for(&["a", "b"]), r#"["b","pick: b"]"#);
    assert_eq!(shown_for(&[]), "E0407: this selection has no options to choose from");
    assert_eq!(shown_for(&["a", ""]), "E0407: an option of this selection is an empty text");
    let full = shown(&run(&main_of(selection(&["a", "b"], true)), &backend, vec![]));
    assert!(full.starts_with(r#"[{"value":"b","text":"b","tokens":1,"logprob":-0.69"#), "{full}");
    assert!(full.contains(r#""scores":[{"option":"a","tokens":1,"logprob":-1.0,"score":-1.0,"probability":1.0}"#));
}

#[test]
fn roles_wrap_and_prompts_are_values() {
    let (mut main, _) = Build::new(0);
    let empty = main.empty();
    let open = main.node(NodeKind::Open(Role::User), &[empty]);
    let text = main.text(open, "hello");
    let closed = main.node(NodeKind::Close, &[text]);
    let answer = main.node(NodeKind::Open(Role::Assistant), &[closed]);
    let (_, answered) = main.generate(1, answer);
    let spliced = main.node(NodeKind::Extend, &[answered, text]);
    let fields = [PromptField::Text, PromptField::Tokens, PromptField::Messages, PromptField::Logprob];
    let fields: Vec<V> = fields.map(|field| main.node(NodeKind::PromptField(field), &[spliced])).to_vec();
    let all = main.host(HostOp::Tuple, &fields);
    let backend = ScriptedBackend::new(|_| Answer::text("hi"));
    let value = shown(&run(&main_of(main.end(&[all])), &backend, vec![]));
    let messages =
        r#"[{"role":"user","content":"hello"},{"role":"assistant","content":"hi"},{"role":"user","content":"hello"}]"#;
    let text = "<user>hello</user><assistant>hi<user>hello";
    assert_eq!(value, format!(r#"["{text}",{},{messages},-1.3862943611198906]"#, text.len()));
}

#[test]
fn model_items_bring_their_defaults_and_are_loaded_once() {
    struct Counting(ScriptedBackend, Mutex<Vec<Option<String>>>);
    impl sgl_exec::Backends for Counting {
        fn backend(&self, model: Option<&ModelItem>) -> Result<Arc<dyn sgl_wire::Backend>, String> {
            self.1.lock().unwrap().push(model.map(|item| item.name.to_string()));
            match model {
                Some(item) if &*item.source == "missing" => Err("there is no model `missing`".into()),
                _ => Ok(Arc::new(self.0.clone())),
            }
        }
    }
    let item = |name: &str, source: &str| ModelItem {
        name: name.into(),
        source: source.into(),
        defaults: vec![],
        span: span(),
    };
    let (mut default, _) = Build::new(0);
    let cold = default.node(NodeKind::Const(Const::Float(0.25)), &[]);
    let defaults = vec![(GenArg::Temperature, default.end_pure(&[cold]))];
    let program = |model: u32| {
        let (mut body, p) = Build::new(2);
        let empty = body.empty();
        let state = body.emit(empty, p[0]);
        let model = body.node(NodeKind::Model(ModelId(model)), &[]);
        let args = vec![GenArg::Model];
        let ask = Gen { site: 1, value_ty: Type::STR, constraint: Constraint::FREE, args, full: false, tools: None };
        let out = body.nodes(NodeKind::Gen(Box::new(ask)), &[state, model], 2);
        let (mut main, _) = Build::new(0);
        let n = main.int(20);
        let list = main.host(HostOp::Count, &[n]);
        let all = main.each(Loop { collect: true, ..over(body.end(&out[..1])) }, &[list]);
        let mut graph = Graph::clone(&main_of(main.end(&all)));
        graph.models = vec![item("cold", "x"), item("gone", "missing")];
        graph.model_defaults = vec![defaults.clone(), vec![]];
        Arc::new(graph)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let counting = Arc::new(Counting(echo(), Mutex::default()));
    let finished = runtime.block_on(Runner::new(program(0), counting.clone()).run(vec![], RunOptions::default()));
    assert!(finished.result.is_ok());
    assert_eq!(*counting.1.lock().unwrap(), [Some("cold".to_string())]);
    for request in counting.0.seen() {
        let Ask::Generate(generate) = request.ask else { panic!() };
        assert_eq!(generate.sampling.temperature, 0.25);
    }
    let finished = runtime.block_on(Runner::new(program(1), counting).run(vec![], RunOptions::default()));
    assert_eq!(shown(&finished), "E0410: there is no model `missing`");
}

#[test]
fn streamed_text_is_whole_and_in_the_order_of_the_program() {
    let (mut body, p) = Build::new(2);
    let answer = body.ask_about(1, p[0]);
    let each = Loop { collect: true, ..over(body.end(&[answer])) };
    let (mut main, _) = Build::new(0);
    let three = main.int(3);
    let list = main.host(HostOp::Count, &[three]);
    let answers = main.each(each, &[list])[0];
    let graph = main_of(main.end(&[answers]));
    // They begin together and answer in the opposite order.
    let backend = ScriptedBackend::new(|request| {
        let text = prompt(request);
        let delay = 60 - 20 * text.parse::<u64>().unwrap_or(0);
        Answer::text(format!("answer {text}")).when_in_flight(3).after(Duration::from_millis(delay))
    });
    let told: Arc<Mutex<(Transcript, String)>> = Arc::default();
    let sink = told.clone();
    let on_progress = move |event| {
        let (transcript, text) = &mut *sink.lock().unwrap();
        for line in transcript.push(event) {
            match line {
                Line::Begin(_) => text.push('<'),
                Line::Text(delta) => text.push_str(&delta),
                Line::End => text.push('>'),
            }
        }
    };
    let options = RunOptions { on_progress: Some(Arc::new(on_progress)), ..RunOptions::default() };
    run_with(&graph, &backend, vec![], options);
    assert_eq!(told.lock().unwrap().1, "<answer 0><answer 1><answer 2>");
}

#[test]
fn program_arguments_are_typed_and_every_mistake_is_told() {
    let (mut main, p) = Build::new(2);
    let sum = main.binary(BinaryOp::Add, p[0], p[1]);
    let mut item = function("main", 2, main.end(&[sum]));
    let (mut default, _) = Build::new(0);
    let ten = default.int(10);
    item.params[1].default = Some(default.end_pure(&[ten]));
    let graph = graph(vec![item]);
    let runner = runner(&graph, &echo());
    let id = graph.main.unwrap();
    let text = |name: &str, text: &str| (name.to_string(), Given::Text(text.into()));
    assert_eq!(runner.arguments(id, [text("p0", "5")]).unwrap(), [Value::Int(5), Value::Int(10)]);
    assert_eq!(
        runner.arguments(id, [text("p0", "5"), ("p1".into(), Given::Json(6.into()))]).unwrap()[1],
        Value::Int(6)
    );
    let errors = runner.arguments(id, [text("p1", "x"), text("p2", "1")]).unwrap_err();
    let titles: Vec<&str> = errors.iter().map(|error| error.title.as_str()).collect();
    assert_eq!(titles.len(), 3);
    assert!(titles[0].starts_with("argument `p1`: expected a 64-bit integer"), "{titles:?}");
    assert_eq!(titles[1..], ["`main` has no parameter `p2`", "argument `p0` is missing"]);
    assert_eq!(errors[1].hint.as_deref(), Some("its parameters: p0, p1"));
}
