//! Graphs by hand, for tests: a region is written node by node.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sgl_check::program::{BinaryOp, FnId};
use sgl_check::types::{Const, Type};
use sgl_diag::{FileId, Span};
use sgl_exec::{Answer, Finished, RunOptions, Runner, ScriptedBackend};
use sgl_graph::graph::*;
use sgl_host::Value;
use sgl_wire::{Ask, Constraint, Request};

pub type V = ValueId;

pub fn span() -> Span {
    Span::new(FileId(0), 0, 0)
}

/// A region in the making.
#[derive(Default)]
pub struct Build(pub Region);

impl Build {
    pub fn new(params: u32) -> (Build, Vec<V>) {
        let mut build = Build(Region { params, ..Region::default() });
        let params = (0..params).map(|_| build.value()).collect();
        (build, params)
    }

    fn value(&mut self) -> V {
        self.0.values.push(ValueInfo { kind: EdgeKind::Data, name: None });
        ValueId(self.0.values.len() as u32 - 1)
    }

    pub fn nodes(&mut self, kind: NodeKind, inputs: &[V], outputs: u32) -> Vec<V> {
        let first_output = ValueId(self.0.values.len() as u32);
        let values = (0..outputs).map(|_| self.value()).collect();
        self.0.nodes.push(Node { kind, inputs: inputs.to_vec(), first_output, outputs, span: span() });
        values
    }

    pub fn node(&mut self, kind: NodeKind, inputs: &[V]) -> V {
        self.nodes(kind, inputs, 1)[0]
    }

    pub fn int(&mut self, value: i64) -> V {
        self.node(NodeKind::Const(Const::Int(value)), &[])
    }

    pub fn str(&mut self, text: &str) -> V {
        self.node(NodeKind::Const(Const::Str(text.into())), &[])
    }

    pub fn host(&mut self, op: HostOp, inputs: &[V]) -> V {
        self.node(NodeKind::Host(op), inputs)
    }

    pub fn binary(&mut self, op: BinaryOp, a: V, b: V) -> V {
        self.host(HostOp::Binary(op), &[a, b])
    }

    /// A division by zero.
    pub fn fails(&mut self) -> V {
        let (one, zero) = (self.int(1), self.int(0));
        self.binary(BinaryOp::Div, one, zero)
    }

    pub fn empty(&mut self) -> V {
        self.node(NodeKind::Empty, &[])
    }

    pub fn text(&mut self, state: V, text: &str) -> V {
        self.node(NodeKind::Text(vec![TextPart::Literal(text.into())]), &[state])
    }

    /// Appends the text of a value.
    pub fn emit(&mut self, state: V, value: V) -> V {
        self.node(NodeKind::Text(vec![TextPart::Hole]), &[state, value])
    }

    /// Value and state.
    pub fn generate(&mut self, site: u32, state: V) -> (V, V) {
        self.generate_as(site, state, Type::STR)
    }

    pub fn generate_as(&mut self, site: u32, state: V, value_ty: Type) -> (V, V) {
        let ask = Gen { site, value_ty, constraint: Constraint::FREE, args: vec![], full: false, tools: None };
        let out = self.nodes(NodeKind::Gen(Box::new(ask)), &[state], 2);
        (out[0], out[1])
    }

    /// The value of a generation on a prompt of its own.
    pub fn ask(&mut self, site: u32, text: &str) -> V {
        let empty = self.empty();
        let state = self.text(empty, text);
        self.generate(site, state).0
    }

    /// The value of a generation on a prompt that is the text of a value.
    pub fn ask_about(&mut self, site: u32, value: V) -> V {
        let empty = self.empty();
        let state = self.emit(empty, value);
        self.generate(site, state).0
    }

    pub fn switch(&mut self, selector: V, captures: &[V], arms: Vec<Region>) -> Vec<V> {
        let outputs = arms[0].results.len() as u32;
        self.nodes(NodeKind::Switch(arms), &[&[selector], captures].concat(), outputs)
    }

    pub fn call(&mut self, function: u32, inputs: &[V], outputs: u32) -> Vec<V> {
        self.nodes(NodeKind::Call { function: FnId(function), site: 900 }, inputs, outputs)
    }

    pub fn each(&mut self, each: Loop, inputs: &[V]) -> Vec<V> {
        let outputs =
            each.carried + u32::from(each.collect) + 2 * u32::from(each.exits) + u32::from(each.joins_effects);
        self.nodes(NodeKind::Loop(Box::new(each)), inputs, outputs)
    }

    pub fn end(mut self, results: &[V]) -> Region {
        self.0.results = results.to_vec();
        self.0
    }

    pub fn end_pure(mut self, results: &[V]) -> Region {
        self.0.pure = true;
        self.end(results)
    }
}

/// A loop over a list with nothing special.
pub fn over(body: Region) -> Loop {
    Loop {
        site: 500,
        origin: LoopOrigin::For,
        is_while: false,
        carried: 0,
        collect: false,
        filter: false,
        exits: false,
        joins_effects: false,
        body,
    }
}

pub fn function(name: &str, params: usize, body: Region) -> Function {
    let param = |n: usize| Param { name: format!("p{n}").into(), ty: Type::INT, default: None, doc: String::new() };
    Function {
        name: name.into(),
        is_prompt: false,
        params: (0..params).map(param).collect(),
        ret: Type::INT,
        body,
        effectful: false,
        span: span(),
    }
}

/// A program: the first function is `main`.
pub fn graph(functions: Vec<Function>) -> Arc<Graph> {
    Arc::new(Graph { functions, main: Some(FnId(0)), ..Graph::default() })
}

/// A program of `main` alone, without parameters.
pub fn main_of(body: Region) -> Arc<Graph> {
    graph(vec![function("main", 0, body)])
}

/// A program of source text, as lowered and as optimized.
pub fn compiled(source: &str) -> [Arc<Graph>; 2] {
    let mut sources = sgl_diag::SourceMap::new();
    let file = sources.add("test.sgl", source);
    let checked = sgl_check::check(file, &mut sgl_check::NoFiles, &mut sources);
    let Some(program) = checked.program else { panic!("{:#?}\n{source}", checked.diagnostics) };
    let lowered = sgl_graph::lower(&program);
    let optimized = sgl_graph::optimize(lowered.clone());
    [Arc::new(lowered), Arc::new(optimized)]
}

/// Runs a program of source text without arguments, twice; both ways must agree.
pub fn run_source(source: &str, backend: &ScriptedBackend) -> String {
    let [lowered, optimized] = compiled(source);
    let run = |graph: &Arc<Graph>| {
        let (lines, options) = printed();
        let arguments = runner(graph, backend).arguments(graph.main.unwrap(), []).unwrap();
        let value = shown(&run_with(graph, backend, arguments, options));
        let lines = lines.lock().unwrap().iter().map(|line| format!("{line}\n")).collect::<String>();
        lines + &value
    };
    let value = run(&lowered);
    assert_eq!(value, run(&optimized), "optimized");
    value
}

/// The text before the answer.
pub fn prompt(request: &Request) -> String {
    ScriptedBackend::text(&request.prompt)
}

/// Answers `prompt` by `[prompt]`; a selection by its first option.
pub fn echo() -> ScriptedBackend {
    ScriptedBackend::new(|request| match request.ask {
        Ask::Generate(_) => Answer::text(format!("[{}]", prompt(request))),
        Ask::Select(_) => Answer::option(0),
    })
}

pub fn runner(graph: &Arc<Graph>, backend: &ScriptedBackend) -> Runner {
    Runner::new(graph.clone(), Arc::new(backend.clone()))
}

/// Runs `main`; a test that hangs fails.
pub fn run(graph: &Arc<Graph>, backend: &ScriptedBackend, arguments: Vec<Value>) -> Finished {
    run_with(graph, backend, arguments, RunOptions::default())
}

pub fn run_with(graph: &Arc<Graph>, backend: &ScriptedBackend, arguments: Vec<Value>, options: RunOptions) -> Finished {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let runner = runner(graph, backend);
    runtime.block_on(async {
        runner.backend(None).await.unwrap();
        let running = runner.run(arguments, options);
        tokio::time::timeout(Duration::from_secs(60), running).await.expect("the run hangs")
    })
}

/// The result as JSON text, or the error's sentence.
pub fn shown(finished: &Finished) -> String {
    match &finished.result {
        Ok(value) => sgl_host::json::write(value).unwrap(),
        Err(fault) => format!("{}: {}", fault.code, fault.title),
    }
}

/// The result of a program that asks nothing.
pub fn value_of(body: Region) -> String {
    shown(&run(&main_of(body), &echo(), vec![]))
}

/// Lines printed, for [`RunOptions::on_print`].
pub fn printed() -> (Arc<Mutex<Vec<String>>>, RunOptions) {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let sink = lines.clone();
    let on_print = move |line: &str| sink.lock().unwrap().push(line.into());
    (lines, RunOptions { on_print: Some(Arc::new(on_print)), ..RunOptions::default() })
}
