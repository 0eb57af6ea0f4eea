//! Checked program in, graph out.
//!
//! Variables become values: a [`Frame`](frame::Frame) is a region being built, with an environment that says which value
//! each variable has now. The current prompt and the order of effects are variables, too. A nested region reads outer
//! variables by capturing them on demand, and what it assigns becomes its results. So lowering is one walk over the
//! source, and every region carries only what it uses.
//!
//! 1. [`effects`] finds the items with effects.
//! 2. Defaults, constants and bodies are lowered, each from a root frame: [`block`], [`expr`], [`prompt`], [`loops`],
//!    [`matching`]; [`exits`] keeps what follows an early exit from running.
//! 3. [`purity`] marks the regions that can run in one go.

mod block;
mod branch;
mod closures;
mod effects;
mod exits;
mod expr;
mod frame;
mod loops;
mod matching;
mod prompt;
mod purity;

use std::sync::Arc;

use sgl_check::program::{self, ConstItem, Expr, FnId, Local, LocalId, Program};
use sgl_check::types::Type;

use crate::graph::{EdgeKind, Function, Graph, Param, Region, ValueInfo};
use frame::{Frame, Val, Var};

/// Turns a checked program into its graph. In debug builds the result is verified.
pub fn lower(program: &Program) -> Graph {
    lower_from(program, 0)
}

/// Likewise, with the places in `main` numbered from `first_site` on. So the entries of a session, each a `main`, draw what they
/// would draw as one program.
pub fn lower_from(program: &Program, first_site: u32) -> Graph {
    let work = || lower_here(program, first_site);
    sgl_check::on_large_stack("lower", work).unwrap_or_else(|_| work())
}

fn lower_here(program: &Program, first_site: u32) -> Graph {
    let effectful = effects::effectful(program);
    let context = Context { program, effectful: &effectful };
    let functions = (0u32..).zip(&program.functions).map(|(id, function)| {
        let is_main = program.main == Some(FnId(id));
        context.function(FnId(id), function, if is_main { first_site } else { 0 })
    });
    let mut graph = Graph {
        functions: functions.collect(),
        consts: program.consts.iter().map(|ConstItem { locals, body, .. }| context.closed(locals, body)).collect(),
        structs: program.structs.clone(),
        tools: program.tools.clone(),
        models: program.models.clone(),
        model_defaults: (program.models.iter())
            .map(|model| model.defaults.iter().map(|(arg, value)| (*arg, context.closed(&[], value))).collect())
            .collect(),
        main: program.main,
    };
    purity::mark(&mut graph);
    debug_assert_eq!(crate::verify::verify(&graph), Ok(()));
    graph
}

fn name_and_type(function: &program::Function, param: &program::Param) -> (Arc<str>, Type) {
    match function.locals.get(param.local.0 as usize) {
        Some(local) => (local.name.clone(), local.ty.clone()),
        None => ("_".into(), Type::Error),
    }
}

/// What all items share.
struct Context<'a> {
    program: &'a Program,
    /// By [`FnId`].
    effectful: &'a [bool],
}

impl Context<'_> {
    fn function(&self, id: FnId, function: &program::Function, first_site: u32) -> Function {
        let effectful = self.is_effectful(id);
        let mut lowering = Lowering { sites: first_site, ..Lowering::new(self, &function.locals) };
        let data = |local| ValueInfo { kind: EdgeKind::Data, name: lowering.local_name(local) };
        let mut params = Vec::new();
        params.extend(function.is_prompt.then_some((Var::State, ValueInfo { kind: EdgeKind::State, name: None })));
        params.extend(effectful.then_some((Var::Effect, ValueInfo { kind: EdgeKind::Effect, name: None })));
        params.extend(function.params.iter().map(|param| (Var::Local(param.local), data(param.local))));
        lowering.push_with(params);

        let mut value = lowering.block(&function.body, exits::Tail::Yes);
        if function.returns_state {
            value = lowering.get(Var::State);
        }
        let mut results = vec![value];
        results.extend(function.is_prompt.then(|| lowering.get(Var::State)));
        results.extend(effectful.then(|| lowering.get(Var::Effect)));

        Function {
            name: function.name.clone(),
            is_prompt: function.is_prompt,
            params: (function.params.iter())
                .map(|param| {
                    let (name, ty) = name_and_type(function, param);
                    let default = param.default.as_ref().map(|value| self.closed(&[], value));
                    Param { name, ty, default, doc: param.doc.clone() }
                })
                .collect(),
            ret: function.ret.clone(),
            body: lowering.finish_root(&results),
            effectful,
            span: function.span,
        }
    }

    /// A region without parameters and with the value of `expr` as its result.
    fn closed(&self, locals: &[Local], expr: &Expr) -> Region {
        let mut lowering = Lowering::new(self, locals);
        lowering.push_with(Vec::new());
        let value = lowering.tail(expr);
        lowering.finish_root(&[value])
    }

    fn is_effectful(&self, id: FnId) -> bool {
        self.effectful.get(id.0 as usize).copied().unwrap_or(false)
    }
}

/// One item on its way into a graph.
struct Lowering<'a> {
    context: &'a Context<'a>,
    locals: &'a [Local],
    /// Regions being built, outermost first.
    frames: Vec<Frame>,
    /// Frames made so far: each has its own number.
    made_frames: u32,
    /// Places handed out so far.
    sites: u32,
    /// Variables made up so far.
    temps: u32,
}

impl<'a> Lowering<'a> {
    fn new(context: &'a Context<'a>, locals: &'a [Local]) -> Self {
        Lowering { context, locals, frames: Vec::new(), made_frames: 0, sites: 0, temps: 0 }
    }

    /// The next place in the function.
    fn site(&mut self) -> u32 {
        self.sites += 1;
        self.sites - 1
    }

    /// A variable that the source does not have.
    fn temp(&mut self) -> Var {
        self.temps += 1;
        Var::Temp(self.temps - 1)
    }

    fn local_name(&self, local: LocalId) -> Option<Arc<str>> {
        self.locals.get(local.0 as usize).map(|local| local.name.clone())
    }

    fn finish_root(mut self, results: &[Val]) -> Region {
        let results: Vec<u32> = results.iter().map(|&value| self.import(value)).collect();
        let frame = self.pop();
        debug_assert!(frame.captures.is_empty(), "the outermost region has nothing to capture from");
        frame.finish(&frame::Captures::new(), &results)
    }
}
