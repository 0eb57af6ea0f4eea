//! A text that is there already → whether a constraint has it.

use std::sync::{Arc, OnceLock};

use sgl_wire::Constraint;

use crate::error::ConstrainError;
use crate::matcher::{Automaton, Matcher};
use crate::vocabulary::Vocabulary;

/// Whether `text` is one of the texts of `constraint`, from end to end. An error says that the constraint has none.
pub fn accepts(constraint: &Constraint, text: &str) -> Result<bool, ConstrainError> {
    Ok(Matcher::new(Automaton::new(constraint, bytes())?).completes(text.as_bytes()))
}

/// A vocabulary of the single bytes.
fn bytes() -> Arc<Vocabulary> {
    static BYTES: OnceLock<Arc<Vocabulary>> = OnceLock::new();
    BYTES.get_or_init(|| Arc::new(Vocabulary::new((0..=255).map(|byte| Some(vec![byte])), Vec::new()))).clone()
}
