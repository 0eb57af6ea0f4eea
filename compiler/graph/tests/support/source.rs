//! The plain twin: runs checked programs as they are written, statement after statement.

use std::collections::HashMap;
use std::rc::Rc;

use sgl_check::builtins::Builtin;
use sgl_check::program::*;
use sgl_check::types::Type;

use super::value::{Value, Value::*};

/// More turns than this no `while` takes.
pub const TURNS: usize = 3;

#[derive(Debug, Clone, Default)]
pub struct Env {
    locals: HashMap<LocalId, Value>,
    state: Value,
}

pub enum Left {
    Break,
    Continue,
    Return(Value),
}

type Ran = Result<Value, Left>;

pub struct Source<'a> {
    pub program: &'a Program,
    pub effect: Value,
    pub gens: usize,
}

impl Source<'_> {
    /// Value and final prompt.
    pub fn call(&mut self, id: FnId, args: Vec<Value>, state: Value) -> (Value, Value) {
        let function = &self.program.functions[id.0 as usize];
        let params = function.params.iter().map(|param| param.local);
        let mut env = Env { locals: params.zip(args).collect(), state };
        let value = match self.block(&mut env, &function.body) {
            Ok(value) | Err(Left::Return(value)) => value,
            Err(_) => unreachable!("left a function by break"),
        };
        (if function.returns_state { env.state.clone() } else { value }, env.state)
    }

    fn block(&mut self, env: &mut Env, block: &Block) -> Ran {
        for stmt in &block.stmts {
            self.stmt(env, &stmt.kind)?;
        }
        block.value.as_ref().map_or(Ok(None), |value| self.expr(env, value))
    }

    fn stmt(&mut self, env: &mut Env, stmt: &StmtKind) -> Result<(), Left> {
        match stmt {
            StmtKind::Let(pattern, value) => {
                let value = self.expr(env, value)?;
                bind(env, pattern, &value);
            }
            StmtKind::Assign(place, op, value) => {
                let mut path = Vec::new();
                for step in &place.path {
                    if let PlaceStep::Index(index) = step {
                        path.push(self.expr(env, index)?);
                    }
                }
                let mut value = self.expr(env, value)?;
                let mut bases = vec![env.locals[&place.local].clone()];
                for index in &path {
                    bases.push(bases[bases.len() - 1].at(index));
                }
                let old = bases.pop().unwrap_or_default();
                if op.is_some() {
                    value = old.plus(&value);
                }
                for (base, index) in bases.iter().zip(&path).rev() {
                    value = base.with(index, value);
                }
                env.locals.insert(place.local, value);
            }
            StmtKind::Append(appended) => {
                let value = self.expr(env, appended)?;
                env.state = if appended.ty == Type::Prompt {
                    value.trace().into_iter().fold(env.state.clone(), |state, part| state.written(part))
                } else {
                    env.state.written(value.show())
                };
            }
            StmtKind::Expr(expr) => drop(self.expr(env, expr)?),
            StmtKind::For(pattern, list, body) => {
                for item in self.expr(env, list)?.items() {
                    bind(env, pattern, &item);
                    match self.block(env, body) {
                        Ok(_) | Err(Left::Continue) => {}
                        Err(Left::Break) => break,
                        Err(left) => return Err(left),
                    }
                }
            }
            StmtKind::While(condition, body) => {
                for _ in 0..TURNS {
                    if !self.expr(env, condition)?.holds() {
                        break;
                    }
                    match self.block(env, body) {
                        Ok(_) | Err(Left::Continue) => {}
                        Err(Left::Break) => break,
                        Err(left) => return Err(left),
                    }
                }
            }
        }
        Ok(())
    }

    fn exprs<'e>(&mut self, env: &mut Env, exprs: impl IntoIterator<Item = &'e Expr>) -> Result<Vec<Value>, Left> {
        exprs.into_iter().map(|expr| self.expr(env, expr)).collect()
    }

    /// Runs something on copies of all variables.
    fn apart(
        &mut self,
        env: &Env,
        params: &[Pattern],
        args: &[Value],
        run: impl FnOnce(&mut Self, &mut Env) -> Ran,
    ) -> Value {
        let mut env = env.clone();
        params.iter().zip(args).for_each(|(param, arg)| bind(&mut env, param, arg));
        run(self, &mut env).unwrap_or_else(|_| unreachable!("left where nothing can"))
    }

    fn apply(&mut self, function: &Value, args: &[Value]) -> Value {
        let Source(closure) = function else { return None };
        let (params, body, env) = &**closure;
        self.apart(env, params, args, |this, env| this.expr(env, body))
    }

    fn expr(&mut self, env: &mut Env, expr: &Expr) -> Ran {
        Ok(match &expr.kind {
            ExprKind::Const(value) => Value::of(value),
            ExprKind::Local(local) => env.locals.get(local).cloned().unwrap_or_default(),
            ExprKind::Template(parts) => {
                let mut text = String::new();
                for part in parts {
                    match part {
                        TemplatePart::Text(literal) => text.push_str(literal),
                        TemplatePart::Hole(hole) => text.push_str(&self.expr(env, hole)?.show()),
                    }
                }
                Text(text)
            }
            ExprKind::List(items) => List(self.exprs(env, items)?),
            ExprKind::Binary(_, a, b) => {
                let (a, b) = (self.expr(env, a)?, self.expr(env, b)?);
                a.plus(&b)
            }
            ExprKind::ShortCircuit(op, a, b) => {
                let a = self.expr(env, a)?;
                match op {
                    ShortCircuit::And if !a.holds() => Bool(false),
                    ShortCircuit::Coalesce if !a.is_none() => a,
                    _ => self.expr(env, b)?,
                }
            }
            ExprKind::Call { function, args, splice } => {
                let args = self.exprs(env, args.iter().flatten())?;
                let is_prompt = self.program.functions[function.0 as usize].is_prompt;
                let state = if *splice && is_prompt { env.state.clone() } else { Trace(Vec::new()) };
                let (value, state) = self.call(*function, args, state);
                if *splice && is_prompt {
                    env.state = state;
                }
                value
            }
            ExprKind::CallValue(function, args) => {
                let function = self.expr(env, function)?;
                let args = self.exprs(env, args)?;
                self.apply(&function, &args)
            }
            ExprKind::Closure(params, body) => Source(Rc::new((params.clone(), (**body).clone(), env.clone()))),
            ExprKind::Gen(_) => {
                self.gens += 1;
                let value = env.state.said();
                env.state = env.state.written(format!("gen {}", value.show()));
                value
            }
            ExprKind::Role(_, body) => {
                env.state = env.state.written("open".into());
                let value = self.block(env, body);
                env.state = env.state.written("close".into());
                value?
            }
            ExprKind::Fork(fork) => match &**fork {
                Fork::Each(pattern, list, body) => {
                    let list = self.expr(env, list)?.items();
                    let pattern = std::slice::from_ref(pattern);
                    let run = |item| self.apart(env, pattern, &[item], |this, env| this.block(env, body));
                    List(list.into_iter().map(run).collect())
                }
                Fork::Named(named) => List(
                    named
                        .iter()
                        .map(|(_, body)| self.apart(env, &[], &[], |this, env| this.block(env, body)))
                        .collect(),
                ),
                Fork::Times(..) => unreachable!("not made"),
            },
            ExprKind::Here => env.state.clone(),
            ExprKind::From(prompt, body) => {
                let prompt = self.expr(env, prompt)?;
                let before = std::mem::replace(&mut env.state, prompt);
                let value = self.block(env, body);
                env.state = before;
                value?
            }
            ExprKind::PromptField(prompt, _) => Int(self.expr(env, prompt)?.written_len()),
            ExprKind::If(condition, then, otherwise) => {
                if self.expr(env, condition)?.holds() {
                    self.block(env, then)?
                } else {
                    otherwise.as_ref().map_or(Ok(None), |block| self.block(env, block))?
                }
            }
            ExprKind::Match(value, arms) => {
                let value = self.expr(env, value)?;
                for arm in arms {
                    if !arm.patterns.iter().any(|pattern| fits(pattern, &value)) {
                        continue;
                    }
                    arm.patterns.iter().for_each(|pattern| bind(env, pattern, &value));
                    let holds = match &arm.guard {
                        Some(guard) => self.expr(env, guard)?.holds(),
                        Option::None => true,
                    };
                    if holds {
                        return self.expr(env, &arm.body);
                    }
                }
                None
            }
            ExprKind::Block(block) => self.block(env, block)?,
            ExprKind::Comprehension { pattern, iterable, condition, value } => {
                let mut items = Vec::new();
                for item in self.expr(env, iterable)?.items() {
                    bind(env, pattern, &item);
                    let keep = condition.as_ref().map_or(Ok(Bool(true)), |condition| self.expr(env, condition))?;
                    if keep.holds() {
                        items.push(self.expr(env, value)?);
                    }
                }
                List(items)
            }
            ExprKind::Try(tried, _) => self.expr(env, tried)?,
            ExprKind::Return(value) => {
                let value = value.as_ref().map_or(Ok(None), |value| self.expr(env, value))?;
                return Err(Left::Return(value));
            }
            ExprKind::Break => return Err(Left::Break),
            ExprKind::Continue => return Err(Left::Continue),
            ExprKind::Print(values) => {
                let values = self.exprs(env, values)?;
                self.effect = self.effect.written(List(values).show());
                None
            }
            ExprKind::Assert(assert) => {
                let condition = self.expr(env, &assert.condition)?;
                self.effect = self.effect.written(format!("assert {}", condition.show()));
                None
            }
            ExprKind::Builtin(Builtin::ListFold, args) => {
                let values = self.exprs(env, args)?;
                let items = values[0].items();
                items.into_iter().fold(values[1].clone(), |before, item| self.apply(&values[2], &[before, item]))
            }
            ExprKind::Builtin(_, args) => {
                let values = self.exprs(env, args)?;
                List(values[0].items().into_iter().map(|item| self.apply(&values[1], &[item])).collect())
            }
            other => unreachable!("not made: {other:?}"),
        })
    }
}

fn fits(pattern: &Pattern, value: &Value) -> bool {
    match pattern {
        Pattern::Any | Pattern::Bind(_) => true,
        Pattern::Const(constant) => value.is(constant),
        Pattern::Range(from, _) => value.is_at_least(from),
        Pattern::Struct(..) => false,
        Pattern::Tuple(items) => {
            let item = |(at, pattern): (usize, &Pattern)| fits(pattern, &value.at(&Int(at as i64)));
            !value.is_none() && items.iter().enumerate().all(item)
        }
    }
}

fn bind(env: &mut Env, pattern: &Pattern, value: &Value) {
    match pattern {
        Pattern::Bind(local) => drop(env.locals.insert(*local, value.clone())),
        Pattern::Tuple(items) => {
            for (at, pattern) in items.iter().enumerate() {
                bind(env, pattern, &value.at(&Int(at as i64)));
            }
        }
        _ => {}
    }
}
