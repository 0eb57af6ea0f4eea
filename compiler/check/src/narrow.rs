//! What conditions say about variables: a checked condition in, narrower types of the paths it asks about out.
//!
//! A path is a variable and fields inside it. What is known of a `var` is forgotten where it is assigned, and where a loop
//! or closure begins (the body may run after an assignment further down).

use std::sync::Arc;

use crate::body::Body;
use crate::program::{BinaryOp, Expr, ExprKind, LocalId, ShortCircuit, UnaryOp};
use crate::types::{Const, Type};

/// A variable and fields inside it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Path {
    pub local: LocalId,
    pub fields: Vec<Arc<str>>,
}

/// Inside some scope a path has a narrower type.
#[derive(Debug, Clone)]
pub(crate) struct Fact {
    pub path: Path,
    pub ty: Type,
    /// Number of scopes where it became known.
    pub depth: usize,
}

/// The path that an expression reads, if it only reads one.
pub(crate) fn path_of(expr: &Expr) -> Option<Path> {
    let (mut fields, mut at) = (Vec::new(), expr);
    loop {
        match &at.kind {
            ExprKind::Local(local) => {
                fields.reverse();
                return Some(Path { local: *local, fields });
            }
            ExprKind::Field(base, name) => {
                fields.push(name.clone());
                at = base;
            }
            _ => return None,
        }
    }
}

/// The paths that are not `none` where the condition has the value `outcome`.
fn present<'a>(condition: &'a Expr, outcome: bool, found: &mut Vec<&'a Expr>) {
    match &condition.kind {
        ExprKind::Unary(UnaryOp::Not, inner) => present(inner, !outcome, found),
        ExprKind::ShortCircuit(ShortCircuit::And, a, b) if outcome => {
            present(a, true, found);
            present(b, true, found);
        }
        ExprKind::ShortCircuit(ShortCircuit::Or, a, b) if !outcome => {
            present(a, false, found);
            present(b, false, found);
        }
        ExprKind::Binary(op @ (BinaryOp::Eq | BinaryOp::Ne), a, b) if (*op == BinaryOp::Ne) == outcome => {
            let none = |expr: &Expr| matches!(expr.kind, ExprKind::Const(Const::None));
            match (none(a), none(b)) {
                (false, true) => found.push(a),
                (true, false) => found.push(b),
                _ => {}
            }
        }
        _ => {}
    }
}

impl Body<'_> {
    /// Takes in what holds where the condition has the value `outcome`, for the rest of the current scope.
    pub(crate) fn learn(&mut self, condition: &Expr, outcome: bool) {
        let mut found = Vec::new();
        present(condition, outcome, &mut found);
        for expr in found {
            if let Some(path) = path_of(expr)
                && let Type::Optional(item) = self.infer.shallow(&expr.ty)
            {
                self.know(path, *item);
            }
        }
    }

    /// From here to the end of the scope, the path has this type.
    pub(crate) fn know(&mut self, path: Path, ty: Type) {
        self.facts.push(Fact { path, ty, depth: self.scopes.len() });
    }

    /// The narrower type that a path is known to have.
    pub(crate) fn known(&self, path: &Path) -> Option<Type> {
        self.facts.iter().rev().find(|fact| fact.path == *path).map(|fact| fact.ty.clone())
    }

    /// Forgets what is known of a variable: it has a new value.
    pub(crate) fn forget(&mut self, local: LocalId) {
        self.facts.retain(|fact| fact.path.local != local);
    }

    /// Forgets what is known of every `var`.
    pub(crate) fn forget_vars(&mut self) {
        let locals = &self.locals;
        self.facts.retain(|fact| !locals.get(fact.path.local.0 as usize).is_some_and(|local| local.mutable));
    }
}
