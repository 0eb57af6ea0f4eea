//! Whether the arms of a `match` cover every value, and which arms nothing reaches.
//!
//! The algorithm is that of Maranget, "Warnings for pattern matching" (2007): a row of patterns is useful after a matrix of
//! others if some values fit it and none of them. Ranges are split where they overlap. It is exponential in the worst
//! case, so it works with a budget.

use std::sync::Arc;

use sgl_diag::Span;

use crate::program::{Pattern, Struct, StructId};
use crate::types::{Const, Type};

/// Steps allowed for one `match`.
const BUDGET: u32 = 200_000;

/// Parts that may be matched inside each other or side by side in one pattern.
const MAX_DEPTH: usize = 200;

/// What the arms leave uncovered.
pub(crate) enum Missing {
    Nothing,
    /// A value that fits no arm, as a pattern.
    Value(String),
    /// The patterns are too many to tell.
    Unknown,
}

pub(crate) struct Coverage {
    pub missing: Missing,
    pub unreachable: Vec<Span>,
}

/// Checks arms without a guard against the type of what is matched.
pub(crate) fn check(ty: &Type, rows: &[(Vec<Pattern>, Span)], structs: &[Struct]) -> Coverage {
    let mut search = Search { structs, budget: BUDGET, depth: 0 };
    let mut matrix: Vec<Vec<Pattern>> = Vec::new();
    let mut unreachable = Vec::new();
    for (patterns, span) in rows {
        let mut useful = false;
        for pattern in patterns {
            let row = vec![pattern.clone()];
            useful |= search.useful(&matrix, &row, std::slice::from_ref(ty)).is_some();
            matrix.push(row);
        }
        if !useful && search.budget > 0 {
            unreachable.push(*span);
        }
    }
    let missing = search.useful(&matrix, &[Pattern::Any], std::slice::from_ref(ty));
    let missing = match missing {
        _ if search.budget == 0 => Missing::Unknown,
        Some(witness) => Missing::Value(witness.into_iter().next().unwrap_or_default()),
        None => Missing::Nothing,
    };
    if matches!(missing, Missing::Unknown) {
        unreachable.clear();
    }
    Coverage { missing, unreachable }
}

/// A way to build a value; its parts are matched on.
#[derive(Clone, PartialEq)]
enum Ctor {
    /// One constant.
    Const(Const),
    /// Integers from..=to.
    Ints(i64, i64),
    /// Floats between the two, without them; none is without a bound.
    Between(Option<f64>, Option<f64>),
    /// The value of an optional type that is not `none`.
    Present,
    Struct(StructId),
    Tuple(usize),
    /// Everything that no pattern names.
    Other,
}

struct Search<'a> {
    structs: &'a [Struct],
    budget: u32,
    depth: usize,
}

impl Search<'_> {
    /// Values that fit `row` and no row of the matrix, as patterns; one type a column.
    fn useful(&mut self, matrix: &[Vec<Pattern>], row: &[Pattern], types: &[Type]) -> Option<Vec<String>> {
        // Columns in which nothing is asked need no step of their own.
        let asked = |index: usize| {
            let column = matrix.iter().filter_map(|row| row.get(index));
            column.chain(row.get(index)).any(|pattern| !is_any(pattern))
        };
        let skipped = (0..row.len()).take_while(|index| !asked(*index)).count();
        let cost = (matrix.len() + 1).saturating_mul(row.len() + 1);
        self.budget = self.budget.saturating_sub(u32::try_from(cost).unwrap_or(u32::MAX));
        if self.budget == 0 || self.depth >= MAX_DEPTH {
            self.budget = 0;
            return None;
        }
        let rest = |row: &[Pattern]| row.get(skipped..).unwrap_or_default().to_vec();
        let matrix: Vec<Vec<Pattern>> = matrix.iter().map(|row| rest(row)).collect();
        self.depth += 1;
        let witness = self.first_column(&matrix, &rest(row), types.get(skipped..).unwrap_or_default());
        self.depth -= 1;
        witness.map(|tail| std::iter::repeat_n("_".to_string(), skipped).chain(tail).collect())
    }

    /// [`Search::useful`] where something is asked of the first column, or there is none.
    fn first_column(&mut self, matrix: &[Vec<Pattern>], row: &[Pattern], types: &[Type]) -> Option<Vec<String>> {
        let (Some((first, rest)), Some((ty, rest_types))) = (row.split_first(), types.split_first()) else {
            return matrix.is_empty().then(Vec::new);
        };
        let ty = ty.view();
        let column: Vec<&Pattern> = matrix.iter().filter_map(|row| row.first()).collect();
        for ctor in self.ctors(ty, &column, first) {
            let parts = self.part_types(&ctor, ty);
            let Some(mut inner) = self.specialize(first, &ctor, parts.len()) else { continue };
            inner.extend(rest.iter().cloned());
            let mut matrix_in = Vec::new();
            for row in matrix {
                if let Some((head, tail)) = row.split_first()
                    && let Some(mut parts) = self.specialize(head, &ctor, parts.len())
                {
                    parts.extend(tail.iter().cloned());
                    matrix_in.push(parts);
                }
            }
            let count = parts.len();
            let types_in: Vec<Type> = parts.into_iter().chain(rest_types.iter().cloned()).collect();
            if let Some(mut witness) = self.useful(&matrix_in, &inner, &types_in) {
                let tail = witness.split_off(count.min(witness.len()));
                let mut all = vec![self.show(&ctor, &witness, ty)];
                all.extend(tail);
                return Some(all);
            }
            if self.budget == 0 {
                return None;
            }
        }
        None
    }

    /// A complete set of ways to build a value of the type, split as finely as the patterns tell values apart.
    fn ctors(&self, ty: &Type, column: &[&Pattern], row: &Pattern) -> Vec<Ctor> {
        match ty {
            Type::Bool => vec![Ctor::Const(Const::Bool(true)), Ctor::Const(Const::Bool(false))],
            Type::Literals(members) => members.iter().cloned().map(Ctor::Const).collect(),
            Type::None => vec![Ctor::Const(Const::None)],
            Type::Optional(_) => vec![Ctor::Const(Const::None), Ctor::Present],
            Type::Struct(id) => vec![Ctor::Struct(*id)],
            Type::OneOf(ids) => ids.iter().copied().map(Ctor::Struct).collect(),
            Type::Tuple(items) => vec![Ctor::Tuple(items.len())],
            Type::Int { min, max } => {
                let (min, max) = (min.unwrap_or(i64::MIN), max.unwrap_or(i64::MAX));
                let mut starts = vec![i128::from(min)];
                for pattern in column.iter().copied().chain([row]) {
                    if let Some((from, to)) = ints(pattern) {
                        starts.extend([i128::from(from), i128::from(to) + 1]);
                    }
                }
                starts.retain(|start| *start >= i128::from(min) && *start <= i128::from(max));
                starts.sort_unstable();
                starts.dedup();
                let ends = starts.iter().skip(1).map(|start| start - 1).chain([i128::from(max)]);
                starts.iter().zip(ends).map(|(from, to)| Ctor::Ints(*from as i64, to as i64)).collect()
            }
            Type::Float { min, max } => {
                let mut points: Vec<f64> = min.iter().chain(max).copied().collect();
                for pattern in column.iter().copied().chain([row]) {
                    points.extend(floats(pattern).into_iter().flat_map(|(from, to)| [from, to]).flatten());
                }
                points.retain(|x| min.is_none_or(|min| min <= *x) && max.is_none_or(|max| *x <= max));
                points.sort_by(f64::total_cmp);
                points.dedup();
                let mut all: Vec<Ctor> = points.iter().map(|x| Ctor::Const(Const::Float(*x))).collect();
                all.extend(points.windows(2).filter_map(|pair| match pair {
                    [from, to] => Some(Ctor::Between(Some(*from), Some(*to))),
                    _ => None,
                }));
                if min.is_none() {
                    all.push(Ctor::Between(None, points.first().copied()));
                }
                if max.is_none() && (min.is_some() || !points.is_empty()) {
                    all.push(Ctor::Between(points.last().copied(), None));
                }
                all
            }
            _ => {
                let mut all: Vec<Ctor> = Vec::new();
                for pattern in column.iter().copied().chain([row]) {
                    let ctor = match pattern {
                        Pattern::Const(value) => Ctor::Const(value.clone()),
                        Pattern::Struct(id, _) => Ctor::Struct(*id),
                        _ => continue,
                    };
                    if !all.contains(&ctor) {
                        all.push(ctor);
                    }
                }
                all.push(Ctor::Other);
                all
            }
        }
    }

    fn part_types(&self, ctor: &Ctor, ty: &Type) -> Vec<Type> {
        match (ctor, ty) {
            (Ctor::Present, Type::Optional(item)) => vec![(**item).clone()],
            (Ctor::Struct(id), _) => {
                let fields =
                    self.structs.get(id.0 as usize).map(|item| item.fields.iter().map(|f| f.ty.clone()).collect());
                fields.unwrap_or_default()
            }
            (Ctor::Tuple(_), Type::Tuple(items)) => items.clone(),
            _ => Vec::new(),
        }
    }

    /// The patterns that the parts of a value built so must fit; none where it does not fit at all.
    fn specialize(&self, pattern: &Pattern, ctor: &Ctor, parts: usize) -> Option<Vec<Pattern>> {
        if is_any(pattern) {
            return Some(vec![Pattern::Any; parts]);
        }
        match (pattern, ctor) {
            (Pattern::Const(Const::None), Ctor::Present) => None,
            (pattern, Ctor::Present) => Some(vec![pattern.clone()]),
            (_, Ctor::Ints(from, to)) => {
                let (a, b) = ints(pattern)?;
                (a <= *from && *to <= b).then(Vec::new)
            }
            (_, Ctor::Const(Const::Float(x))) => {
                let (from, to) = floats(pattern)?;
                (from.is_none_or(|from| from <= *x) && to.is_none_or(|to| *x <= to)).then(Vec::new)
            }
            (_, Ctor::Between(lower, upper)) => {
                let (from, to) = floats(pattern)?;
                let above = from.is_none_or(|from| lower.is_some_and(|lower| from <= lower));
                let below = to.is_none_or(|to| upper.is_some_and(|upper| upper <= to));
                (above && below).then(Vec::new)
            }
            (Pattern::Const(a), Ctor::Const(b)) => (a == b).then(Vec::new),
            (Pattern::Struct(a, fields), Ctor::Struct(b)) if a == b => {
                let item = self.structs.get(a.0 as usize)?;
                let part = |name: &Arc<str>| fields.iter().find(|(field, _)| field == name).map(|(_, p)| p.clone());
                Some(item.fields.iter().map(|field| part(&field.name).unwrap_or(Pattern::Any)).collect())
            }
            (Pattern::Tuple(items), Ctor::Tuple(count)) if items.len() == *count => Some(items.clone()),
            _ => None,
        }
    }

    fn show(&self, ctor: &Ctor, parts: &[String], ty: &Type) -> String {
        match ctor {
            Ctor::Const(value) => value.to_string(),
            Ctor::Ints(from, to) if from == to => from.to_string(),
            Ctor::Ints(i64::MIN, i64::MAX) => "_".to_string(),
            Ctor::Ints(i64::MIN, to) => format!("numbers up to {to}"),
            Ctor::Ints(from, i64::MAX) => format!("numbers from {from}"),
            Ctor::Ints(from, to) => format!("{from}..={to}"),
            Ctor::Between(..) => "other numbers".to_string(),
            Ctor::Present => match parts.first().map(String::as_str) {
                Some("_") | None => "a value that is not `none`".to_string(),
                Some(part) => part.to_string(),
            },
            Ctor::Struct(id) => {
                let Some(item) = self.structs.get(id.0 as usize) else { return "_".to_string() };
                let told = item.fields.iter().zip(parts).filter(|(_, part)| *part != "_");
                let told: Vec<_> = told.map(|(field, part)| format!("{}: {part}", field.name)).collect();
                if told.is_empty() {
                    format!("`{}`", item.name)
                } else {
                    format!("{} {{ {} }}", item.name, told.join(", "))
                }
            }
            Ctor::Tuple(_) => format!("({})", parts.join(", ")),
            Ctor::Other if matches!(ty, Type::Str { .. } | Type::Pattern(_) | Type::Grammar(_)) => {
                "other texts".to_string()
            }
            Ctor::Other => "_".to_string(),
        }
    }
}

fn is_any(pattern: &Pattern) -> bool {
    matches!(pattern, Pattern::Any | Pattern::Bind(_))
}

fn ints(pattern: &Pattern) -> Option<(i64, i64)> {
    match pattern {
        Pattern::Const(Const::Int(n)) => Some((*n, *n)),
        Pattern::Range(from, to) => {
            let from = match from {
                Some(Const::Int(from)) => *from,
                None => i64::MIN,
                _ => return None,
            };
            let to = match to {
                Some(Const::Int(to)) => *to,
                None => i64::MAX,
                _ => return None,
            };
            Some((from, to))
        }
        _ => None,
    }
}

/// The floats that a pattern fits, from and to; none is without a bound.
fn floats(pattern: &Pattern) -> Option<(Option<f64>, Option<f64>)> {
    let end = |value: &Const| match value {
        Const::Float(x) => Some(*x),
        Const::Int(n) => Some(*n as f64),
        _ => None,
    };
    match pattern {
        Pattern::Const(value) => end(value).map(|x| (Some(x), Some(x))),
        Pattern::Range(from, to) => match (from.as_ref().map(end), to.as_ref().map(end)) {
            (Some(None), _) | (_, Some(None)) => None,
            (from, to) => Some((from.flatten(), to.flatten())),
        },
        _ => None,
    }
}
