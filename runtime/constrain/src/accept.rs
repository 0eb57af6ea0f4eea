//! A constraint, or a text that is there already → whether it has texts, or this one; without a model.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use sgl_wire::Constraint;

use crate::error::ConstrainError;
use crate::lower::Rules;
use crate::lower::expr::Expr;
use crate::matcher::{Automaton, Matcher};
use crate::vocabulary::Vocabulary;

/// Automata kept for the next text.
const KEPT: usize = 16;

/// Whether `text` is one of the texts of `constraint`, from end to end. An error says that the constraint has none.
pub fn accepts(constraint: &Constraint, text: &str) -> Result<bool, ConstrainError> {
    Ok(Matcher::new(automaton(constraint)?).completes(text.as_bytes()))
}

/// Says why no text at all satisfies `constraint`, or why it cannot be worked with.
pub fn prove(constraint: &Constraint) -> Result<(), ConstrainError> {
    automaton(constraint).map(drop)
}

/// Whether `text` is one of the texts of `expr`, which calls no rules.
pub(crate) fn reads(expr: Expr, text: &str) -> Result<bool, ConstrainError> {
    let rules = Rules { rules: Vec::new(), root: expr, dropped: Vec::new() };
    Ok(Matcher::new(Automaton::of_rules(rules, bytes())?).completes(text.as_bytes()))
}

/// A vocabulary of single bytes.
fn bytes() -> Arc<Vocabulary> {
    static BYTES: OnceLock<Arc<Vocabulary>> = OnceLock::new();
    BYTES.get_or_init(|| Arc::new(Vocabulary::new((0..=255).map(|byte| Some(vec![byte])), Vec::new()))).clone()
}

/// The automaton of `constraint` over single bytes.
pub(crate) fn automaton(constraint: &Constraint) -> Result<Arc<Automaton>, ConstrainError> {
    static KNOWN: Mutex<Vec<(Constraint, Arc<Automaton>)>> = Mutex::new(Vec::new());
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, automaton)) = known().iter().find(|(other, _)| other == constraint) {
        return Ok(automaton.clone());
    }
    let automaton = Automaton::new(constraint, bytes())?;
    let mut known = known();
    if known.len() >= KEPT {
        known.remove(0);
    }
    known.push((constraint.clone(), automaton.clone()));
    Ok(automaton)
}
