//! Programs made of bytes: every byte string is one.

use sgl_check::builtins::Builtin;
use sgl_check::program::*;
use sgl_check::types::{Const, Type};

use super::*;

/// Three items. With `strict`, control leaves only from where a checked program may, and calls do not recurse.
pub fn program(bytes: &[u8], strict: bool) -> Program {
    let mut bytes = bytes.iter();
    let mut functions = Vec::new();
    for number in 0..3 {
        let may_leave = Leave { returns: true, breaks: !strict };
        let mut tape =
            Tape { bytes, strict, number, locals: 1, scope: vec![LocalId(0)], fixed: Vec::new(), fuel: 300, may_leave };
        let body = tape.block(0);
        let mut function = function(&format!("f{number}"), number > 0, tape.locals as usize, 1, body);
        function.returns_state = number == 2 && tape.byte().is_multiple_of(2);
        functions.push(function);
        bytes = tape.bytes;
    }
    let field = StructField { name: "a".into(), ty: Type::INT, doc: String::new(), always: false, span: span() };
    let item = Struct { name: "S".into(), doc: String::new(), fields: vec![field], open: false, span: span() };
    Program { functions, structs: vec![item], ..Program::default() }
}

#[derive(Clone, Copy)]
struct Leave {
    returns: bool,
    breaks: bool,
}

struct Tape<'a> {
    bytes: std::slice::Iter<'a, u8>,
    strict: bool,
    number: u32,
    locals: u32,
    scope: Vec<LocalId>,
    /// Names of arms: nothing assigns them.
    fixed: Vec<LocalId>,
    fuel: u32,
    may_leave: Leave,
}

impl Tape<'_> {
    fn byte(&mut self) -> u8 {
        self.bytes.next().copied().unwrap_or(0)
    }

    fn declare(&mut self) -> LocalId {
        self.locals += 1;
        self.scope.push(LocalId(self.locals - 1));
        LocalId(self.locals - 1)
    }

    fn variable(&mut self) -> LocalId {
        let at = self.byte() as usize % self.scope.len();
        self.scope[at]
    }

    fn scoped<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.scope.len();
        let made = make(self);
        self.scope.truncate(before);
        made
    }

    /// Where control cannot leave.
    fn kept<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.may_leave;
        if self.strict {
            self.may_leave = Leave { returns: false, breaks: false };
        }
        let made = self.scoped(make);
        self.may_leave = before;
        made
    }

    fn in_loop<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.may_leave;
        self.may_leave.breaks = true;
        let made = self.scoped(make);
        self.may_leave = before;
        made
    }

    fn block(&mut self, depth: u32) -> Block {
        self.scoped(|this| {
            let count = this.byte() % 5;
            let stmts = (0..count).map(|_| this.stmt(depth)).collect();
            let value = (this.byte() % 3 != 0).then(|| this.expr(depth));
            block(stmts, value)
        })
    }

    fn pattern(&mut self) -> Pattern {
        match self.byte() % 4 {
            0 => Pattern::Any,
            1 => Pattern::Tuple(vec![Pattern::Bind(self.declare()), Pattern::Any]),
            _ => Pattern::Bind(self.declare()),
        }
    }

    fn stmt(&mut self, depth: u32) -> Stmt {
        stmt(match self.byte() % 10 {
            0 | 1 => {
                let value = self.expr(depth);
                StmtKind::Let(self.pattern(), value)
            }
            2 | 3 => {
                let path = (0..self.byte() % 3).map(|_| PlaceStep::Index(self.expr(depth + 2))).collect();
                let op = (self.byte().is_multiple_of(2)).then_some(BinaryOp::Add);
                let local = Some(self.variable()).filter(|local| !self.fixed.contains(local)).unwrap_or(LocalId(0));
                StmtKind::Assign(Place { local, path }, op, self.expr(depth))
            }
            4 => StmtKind::Append(self.expr(depth)),
            5 => {
                let list = self.expr(depth + 1);
                self.in_loop(|this| {
                    let pattern = this.pattern();
                    StmtKind::For(pattern, list, this.block(depth + 1))
                })
            }
            6 => {
                let condition = self.kept(|this| this.expr(depth + 1));
                self.in_loop(|this| StmtKind::While(condition, this.block(depth + 1)))
            }
            _ => StmtKind::Expr(self.expr(depth)),
        })
    }

    fn boxed(&mut self, depth: u32) -> Box<Expr> {
        Box::new(self.expr(depth))
    }

    fn closure(&mut self, params: usize, depth: u32) -> ExprKind {
        self.kept(|this| {
            let params = (0..params).map(|_| this.pattern()).collect();
            ExprKind::Closure(params, this.boxed(depth))
        })
    }

    fn expr(&mut self, depth: u32) -> Expr {
        self.fuel = self.fuel.saturating_sub(1);
        if depth > 6 || self.fuel == 0 {
            return local(self.variable().0);
        }
        let d = depth + 1;
        let kind = match self.byte() % 34 {
            0 | 1 => ExprKind::Const(Const::Int(i64::from(self.byte() % 3))),
            2 | 3 => ExprKind::Local(self.variable()),
            4 => ExprKind::Template(vec![TemplatePart::Text("a".into()), TemplatePart::Hole(self.expr(d))]),
            5 | 6 => ExprKind::List(vec![self.expr(d), self.expr(d)]),
            7 => ExprKind::Binary(BinaryOp::Add, self.boxed(d), self.boxed(d)),
            8 => ExprKind::ShortCircuit(ShortCircuit::And, self.boxed(d), self.boxed(d)),
            9 => ExprKind::ShortCircuit(ShortCircuit::Coalesce, self.boxed(d), self.boxed(d)),
            10 if self.strict && self.number == 0 => ExprKind::Const(Const::None),
            10 => {
                let callees = if self.strict { self.number } else { 3 };
                let function = FnId(u32::from(self.byte()) % callees);
                ExprKind::Call { function, args: vec![Some(self.expr(d))], splice: self.byte().is_multiple_of(2) }
            }
            11 => ExprKind::CallValue(self.boxed(d), vec![self.expr(d)]),
            12 => self.closure(1, d),
            13 => return generation(),
            14 => ExprKind::Role(sgl_wire::Role::User, self.block(d)),
            15 => {
                let list = self.expr(d);
                self.kept(|this| {
                    let pattern = this.pattern();
                    ExprKind::Fork(Box::new(Fork::Each(pattern, list, this.block(d))))
                })
            }
            16 => self.kept(|this| {
                let named = vec![("a".into(), this.block(d)), ("b".into(), this.block(d))];
                ExprKind::Fork(Box::new(Fork::Named(named)))
            }),
            17 => ExprKind::Here,
            18 => ExprKind::From(self.boxed(d), self.block(d)),
            19 | 20 => ExprKind::If(self.boxed(d), self.block(d), Some(self.block(d))),
            21 => {
                let value = self.boxed(d);
                let arms = (0..1 + self.byte() % 20).map(|_| self.scoped(|this| this.arm(d))).collect::<Vec<_>>();
                let rest = Arm { patterns: vec![Pattern::Any], guard: None, body: self.expr(d) };
                ExprKind::Match(value, arms.into_iter().chain([rest]).collect())
            }
            22 => ExprKind::Block(self.block(d)),
            23 => {
                let iterable = self.boxed(d);
                self.kept(|this| ExprKind::Comprehension {
                    pattern: this.pattern(),
                    iterable,
                    condition: (this.byte().is_multiple_of(2)).then(|| this.boxed(d)),
                    value: this.boxed(d),
                })
            }
            24 => ExprKind::Try(self.boxed(d), self.boxed(d)),
            25 | 26 if self.may_leave.returns => ExprKind::Return(Some(self.boxed(d))),
            27 if self.may_leave.breaks => ExprKind::Break,
            28 if self.may_leave.breaks => ExprKind::Continue,
            29 => ExprKind::Print(vec![self.expr(d)]),
            30 => ExprKind::Assert(Box::new(Assert { condition: *self.boxed(d), message: None, shown: Vec::new() })),
            31 => {
                let list = self.expr(d);
                let function = expr(self.closure(1, d), Type::Error);
                ExprKind::Builtin(Builtin::ListMap, vec![list, function])
            }
            32 => {
                let operands = [self.expr(d), self.expr(d)];
                let function = expr(self.closure(2, d), Type::Error);
                ExprKind::Builtin(Builtin::ListFold, operands.into_iter().chain([function]).collect())
            }
            _ => ExprKind::PromptField(self.boxed(d), PromptField::Tokens),
        };
        let ty = match kind {
            ExprKind::Return(_) | ExprKind::Break | ExprKind::Continue => Type::Never,
            ExprKind::Here => Type::Prompt,
            _ => Type::INT,
        };
        expr(kind, ty)
    }

    fn arm(&mut self, depth: u32) -> Arm {
        let patterns = match self.byte() % 4 {
            0 => vec![Pattern::Const(Const::Int(1)), Pattern::Range(Some(Const::Int(3)), None)],
            1 => vec![Pattern::Struct(StructId(0), vec![("a".into(), Pattern::Const(Const::None))])],
            2 => vec![Pattern::Tuple(vec![Pattern::Const(Const::Int(1)), Pattern::Any])],
            _ => {
                let local = self.declare();
                self.fixed.push(local);
                vec![Pattern::Bind(local)]
            }
        };
        let guard = (self.byte().is_multiple_of(2)).then(|| self.expr(depth));
        Arm { patterns, guard, body: self.expr(depth) }
    }
}
