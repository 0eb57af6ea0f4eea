//! What conditions say about variables: a checked condition in, narrower types of the paths it asks about out.
//!
//! A path is a variable and fields inside it. A condition may say that a path is not `none`, that it is one of some constants or
//! none of them, and so, where it is the tag of a union, which structs are left. What is known of a `var` is forgotten where
//! it is assigned, and where a loop or closure begins (the body may run after an assignment further down).

use std::collections::HashMap;
use std::sync::Arc;

use crate::body::Body;
use crate::program::{BinaryOp, Block, Expr, ExprKind, LocalId, ShortCircuit, StmtKind, StructId, UnaryOp};
use crate::types::{Const, Type};

/// A variable and fields inside it; the parts of a tuple are called by their numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Path {
    pub local: LocalId,
    pub fields: Vec<Arc<str>>,
}

/// Inside some scope a path has a narrower type.
#[derive(Debug, Clone)]
struct Fact {
    fields: Vec<Arc<str>>,
    ty: Type,
    /// Number of scopes where it became known.
    depth: usize,
}

/// What is known at the current place. Each step costs what it changes, however much else is known.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Of variables that never change.
    fixed: HashMap<LocalId, Vec<Fact>>,
    /// Of those that may.
    vars: HashMap<LocalId, Vec<Fact>>,
    /// What became known, in order: the variable and the number of scopes.
    log: Vec<(LocalId, usize)>,
}

impl Facts {
    /// Forgets what became known in scopes deeper than this.
    pub(crate) fn leave(&mut self, depth: usize) {
        while let Some((local, _)) = self.log.pop_if(|(_, at)| *at > depth) {
            for facts in [&mut self.fixed, &mut self.vars] {
                if let Some(facts) = facts.get_mut(&local) {
                    while facts.pop_if(|fact| fact.depth > depth).is_some() {}
                }
            }
        }
    }
}

/// The path that an expression reads, if it only reads one.
pub(crate) fn path_of(expr: &Expr) -> Option<Path> {
    let (mut fields, mut at): (Vec<Arc<str>>, _) = (Vec::new(), expr);
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
            ExprKind::Index(base, index) => match (&base.ty, &index.kind) {
                (Type::Tuple(_), ExprKind::Const(Const::Int(index))) => {
                    fields.push(index.to_string().into());
                    at = base;
                }
                _ => return None,
            },
            _ => return None,
        }
    }
}

fn constant(expr: &Expr) -> Option<&Const> {
    match &expr.kind {
        ExprKind::Const(value) => Some(value),
        _ => None,
    }
}

/// The type of a value that is (or is not) one of the constants, where that says something.
fn among(ty: &Type, values: &[&Const], outcome: bool) -> Option<Type> {
    let none = values.contains(&&Const::None);
    match ty {
        // A value that equals something else than `none` is there; so is one that does not equal `none`.
        Type::Optional(item) if none != outcome => {
            Some(among(item, values, outcome).unwrap_or_else(|| (**item).clone()))
        }
        Type::Optional(item) if !outcome => among(item, values, false).map(Type::optional),
        Type::Literals(members) => {
            let left: Vec<Const> =
                members.iter().filter(|member| values.contains(member) == outcome).cloned().collect();
            (!left.is_empty() && left.len() < members.len()).then_some(Type::Literals(left))
        }
        _ => None,
    }
}

impl Body<'_> {
    /// The narrower types that paths have where the condition has the value `outcome`; later ones are the narrower.
    fn told(&mut self, condition: &Expr, outcome: bool) -> Vec<(Path, Type)> {
        match &condition.kind {
            ExprKind::Unary(UnaryOp::Not, inner) => self.told(inner, !outcome),
            ExprKind::ShortCircuit(op @ (ShortCircuit::And | ShortCircuit::Or), a, b) => {
                let (mut first, second) = (self.told(a, outcome), self.told(b, outcome));
                if (*op == ShortCircuit::And) == outcome {
                    first.extend(second);
                    return first;
                }
                // One of the two holds: what both tell of a path is known.
                let mut both = Vec::new();
                for (path, ty) in second {
                    if let Some((_, other)) = first.iter().rev().find(|(other, _)| *other == path)
                        && let Some(ty) = self.infer.join(other, &ty)
                    {
                        both.push((path, ty));
                    }
                }
                both
            }
            ExprKind::Binary(op @ (BinaryOp::Eq | BinaryOp::Ne), a, b) => {
                let equal = (*op == BinaryOp::Eq) == outcome;
                let mut found = self.compared(a, b, equal);
                found.extend(self.compared(b, a, equal));
                found
            }
            ExprKind::Binary(BinaryOp::In, a, list) => {
                let ExprKind::List(items) = &list.kind else { return Vec::new() };
                let values: Option<Vec<&Const>> = items.iter().map(constant).collect();
                let ty = self.infer.resolve(&a.ty).view().clone();
                let narrower = values.and_then(|values| among(&ty, &values, outcome));
                path_of(a).zip(narrower).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// What a comparison tells of its one side.
    fn compared(&mut self, side: &Expr, other: &Expr, equal: bool) -> Vec<(Path, Type)> {
        let Some(path) = path_of(side) else { return Vec::new() };
        let (ty, other_ty) = (self.infer.resolve(&side.ty), self.infer.resolve(&other.ty));
        let (ty, other_ty) = (ty.view(), other_ty.view());
        let narrower = match (constant(other), &ty) {
            (Some(value), ty) => among(ty, &[value], equal),
            // What equals a value that is there is there.
            (None, Type::Optional(item))
                if equal
                    && !matches!(
                        other_ty,
                        Type::Optional(_) | Type::None | Type::Json | Type::Error | Type::Var(_)
                    ) =>
            {
                Some((**item).clone())
            }
            _ => None,
        };
        narrower.map(|ty| (path, ty)).into_iter().collect()
    }

    /// Takes in what holds where the condition has the value `outcome`, for the rest of the current scope.
    pub(crate) fn learn(&mut self, condition: &Expr, outcome: bool) {
        for (path, ty) in self.told(condition, outcome) {
            self.know(path, ty);
        }
    }

    /// Takes in what holds after an `if` of which only some ways go on.
    pub(crate) fn learn_after(&mut self, condition: &Expr, then: &Block, otherwise: Option<&Block>) {
        let (then_left, else_left) = (leaves(then), otherwise.is_some_and(leaves));
        if then_left == else_left {
            return;
        }
        self.learn(condition, !then_left);
        // `else if`: the next condition was asked as well.
        if then_left
            && let Some(Block { stmts, value, .. }) = otherwise
            && let Some(ExprKind::If(condition, then, otherwise)) = match (stmts.as_slice(), value) {
                ([], Some(value)) => Some(&value.kind),
                ([only], None) => match &only.kind {
                    StmtKind::Expr(expr) => Some(&expr.kind),
                    _ => None,
                },
                _ => None,
            }
        {
            self.learn_after(condition, then, otherwise.as_ref());
        }
    }

    /// From here to the end of the scope, the path has this type. A tag says which structs of a union are left.
    pub(crate) fn know(&mut self, path: Path, ty: Type) {
        if let (Some((tag, above)), Type::Literals(members)) = (path.fields.split_last(), &ty) {
            let base = Path { local: path.local, fields: above.to_vec() };
            if let Some(Type::OneOf(ids)) = self.path_type(&base) {
                let may = |id: &StructId| {
                    let fields = self.w.struct_item(*id).map(|item| item.fields.as_slice()).unwrap_or_default();
                    match fields.iter().find(|field| field.name == *tag).map(|field| &field.ty) {
                        Some(Type::Literals(tags)) => tags.iter().any(|value| members.contains(value)),
                        _ => true,
                    }
                };
                let left: Vec<StructId> = ids.iter().copied().filter(may).collect();
                match left.as_slice() {
                    [only] => self.know(base, Type::Struct(*only)),
                    [_, ..] if left.len() < ids.len() => self.know(base, Type::OneOf(left)),
                    _ => {}
                }
            }
        }
        let depth = self.scopes.len();
        let mutable = self.local(path.local).is_some_and(|local| local.mutable);
        let facts = if mutable { &mut self.facts.vars } else { &mut self.facts.fixed };
        let facts = facts.entry(path.local).or_default();
        if let Some(fact) = facts.iter_mut().rev().find(|fact| fact.depth == depth && fact.fields == path.fields) {
            fact.ty = ty;
            return;
        }
        facts.push(Fact { fields: path.fields, ty, depth });
        self.facts.log.push((path.local, depth));
    }

    /// The narrower type that a path is known to have.
    pub(crate) fn known(&self, path: &Path) -> Option<Type> {
        let facts = self.facts.fixed.get(&path.local).or_else(|| self.facts.vars.get(&path.local))?;
        facts.iter().rev().find(|fact| fact.fields == path.fields).map(|fact| fact.ty.clone())
    }

    /// The type of a path, with what is known of it.
    fn path_type(&self, path: &Path) -> Option<Type> {
        match self.known(path) {
            Some(known) => Some(self.infer.shallow(&known)),
            None => self.declared_type(path),
        }
    }

    /// The type that a path has whatever is known of it (but with what is known of the path before its last field).
    pub(crate) fn declared_type(&self, path: &Path) -> Option<Type> {
        let Some((field, above)) = path.fields.split_last() else {
            return self.local(path.local).map(|local| self.infer.shallow(&local.ty));
        };
        let ty = match self.path_type(&Path { local: path.local, fields: above.to_vec() })? {
            Type::Struct(id) => self.w.struct_item(id)?.fields.iter().find(|other| other.name == *field)?.ty.clone(),
            Type::Record(fields) => fields.into_iter().find(|(other, _)| other == field)?.1,
            Type::Tuple(items) => items.get(field.parse::<usize>().ok()?)?.clone(),
            _ => return None,
        };
        Some(self.infer.shallow(&ty))
    }

    /// Forgets what is known of a variable: it has a new value.
    pub(crate) fn forget(&mut self, local: LocalId) {
        self.facts.vars.remove(&local);
    }

    /// Forgets what is known of every `var`.
    pub(crate) fn forget_vars(&mut self) {
        self.facts.vars.clear();
    }
}

/// Whether the end of the block is not reached.
fn leaves(block: &Block) -> bool {
    let never = |expr: &Expr| expr.ty == Type::Never;
    block.value.as_ref().is_some_and(|value| never(value))
        || block.stmts.iter().any(|stmt| matches!(&stmt.kind, StmtKind::Expr(expr) if never(expr)))
}
