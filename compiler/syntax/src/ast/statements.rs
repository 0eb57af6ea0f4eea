//! Blocks and statements.

use sgl_diag::Span;

use super::node::{choice, nodes};
use super::{AstNode, Expr, Node, Pattern, Type};
use crate::kind::SyntaxKind;

nodes! {
    /// `{ … }`: statements, one a line.
    Block = BLOCK;
    /// `let x: T = e` or `var x: T = e`.
    Let = LET;
    /// `for x in xs { … }`.
    For = FOR;
    /// `while c { … }`.
    While = WHILE;
    /// `emit e`.
    Emit = EMIT;
    /// `assert c, "message"`.
    Assert = ASSERT;
    /// `...e`: the current prompt goes on with `e`.
    Splice = SPLICE;
    /// `place = e`, `place += e`.
    Assign = ASSIGN;
    /// An expression that stands as a statement.
    ExprStmt = EXPR_STMT;
}

choice! {
    /// A statement.
    enum Stmt {
        /// `let …`, `var …`
        Let(Let),
        /// `for …`
        For(For),
        /// `while …`
        While(While),
        /// `emit …`
        Emit(Emit),
        /// `assert …`
        Assert(Assert),
        /// `...e`
        Splice(Splice),
        /// `place = e`
        Assign(Assign),
        /// an expression
        Expr(ExprStmt),
    }
}

impl Block {
    /// The statements, in order.
    pub fn stmts(&self) -> impl Iterator<Item = Stmt> + use<> {
        self.0.children()
    }

    /// The last statement, where it is an expression: the block's value.
    pub fn tail(&self) -> Option<Expr> {
        match self.stmts().last()? {
            Stmt::Expr(stmt) => stmt.expr(),
            _ => None,
        }
    }
}

impl Let {
    /// `var`: it may be assigned to.
    pub fn is_var(&self) -> bool {
        self.0.has(SyntaxKind::KEYWORD, "var")
    }

    /// What it binds: a name, `_`, or a tuple of these.
    pub fn pattern(&self) -> Option<Pattern> {
        self.0.child()
    }

    /// The type, where one is written.
    pub fn ty(&self) -> Option<Type> {
        self.0.child()
    }

    /// The value.
    pub fn value(&self) -> Option<Expr> {
        self.0.child()
    }
}

impl For {
    /// What it binds: a name, `_`, or a tuple of these.
    pub fn pattern(&self) -> Option<Pattern> {
        self.0.child()
    }

    /// What it goes over.
    pub fn iter(&self) -> Option<Expr> {
        self.0.slot(0)
    }

    /// The body.
    pub fn body(&self) -> Option<Block> {
        self.0.slot(1)
    }
}

impl While {
    /// The condition.
    pub fn cond(&self) -> Option<Expr> {
        self.0.slot(0)
    }

    /// The body.
    pub fn body(&self) -> Option<Block> {
        self.0.slot(1)
    }
}

impl Emit {
    /// What is appended.
    pub fn value(&self) -> Option<Expr> {
        self.0.child()
    }
}

impl Assert {
    /// What must hold.
    pub fn cond(&self) -> Option<Expr> {
        self.0.slot(0)
    }

    /// What to say where it does not.
    pub fn message(&self) -> Option<Expr> {
        self.0.slot(1)
    }
}

impl Splice {
    /// What the prompt goes on with.
    pub fn value(&self) -> Option<Expr> {
        self.0.child()
    }
}

/// How an assignment changes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the operators")]
pub enum AssignOp {
    Set,
    Add,
    Sub,
    Mul,
    Div,
    Rem,
}

impl Assign {
    /// The place: a name, an index or a field.
    pub fn place(&self) -> Option<Expr> {
        self.0.slot(0)
    }

    /// `=`, `+=`, …
    pub fn op(&self) -> AssignOp {
        let token = self.0.token(SyntaxKind::OPERATOR);
        match token.as_ref().map_or("=", |token| token.text()) {
            "+=" => AssignOp::Add,
            "-=" => AssignOp::Sub,
            "*=" => AssignOp::Mul,
            "/=" => AssignOp::Div,
            "%=" => AssignOp::Rem,
            _ => AssignOp::Set,
        }
    }

    /// The value.
    pub fn value(&self) -> Option<Expr> {
        self.0.slot(1)
    }
}

impl ExprStmt {
    /// The expression.
    pub fn expr(&self) -> Option<Expr> {
        self.0.child()
    }
}
