//! Types of texts against each other: whether the texts of one are all of another, or none of them is.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use sgl_constrain::Proof;
use sgl_wire::Constraint;

use crate::constraint::constraint;
use crate::types::Type;

/// Whether every text of type `from` is one of type `to`; no for other types.
pub(crate) fn included(from: &Type, to: &Type) -> Proof {
    ask(from, to, Question::Included)
}

/// Whether no text is of both types.
pub(crate) fn disjoint(a: &Type, b: &Type) -> Proof {
    ask(a, b, Question::Disjoint)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Question {
    Included,
    Disjoint,
}

fn ask(a: &Type, b: &Type, question: Question) -> Proof {
    match (of(a), of(b)) {
        (Some(a), Some(b)) => answer(a, b, question),
        _ => Proof::Unknown,
    }
}

/// The texts of a type whose values are texts.
fn of(ty: &Type) -> Option<Constraint> {
    match ty {
        Type::Str { .. } | Type::Pattern(_) | Type::Grammar(_) => constraint(ty, &[]).ok(),
        Type::Literals(_) => constraint(ty, &[]).ok().filter(|found| matches!(found, Constraint::Choice(_))),
        _ => None,
    }
}

/// Each pair is asked about once. A type that does not work was reported where it stands.
fn answer(a: Constraint, b: Constraint, question: Question) -> Proof {
    type Known = HashMap<(String, Question), Proof>;
    static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
    let key = (format!("{a:?} {b:?}"), question);
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(proof) = known().get(&key) {
        return proof.clone();
    }
    let proof = match question {
        Question::Included => sgl_constrain::included(&a, &b),
        Question::Disjoint => sgl_constrain::disjoint(&a, &b),
    };
    let proof = proof.unwrap_or(Proof::Unknown);
    known().insert(key, proof.clone());
    proof
}
