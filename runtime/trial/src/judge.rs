//! A case → what the constraint says of each of its texts, and what that cost.

use std::sync::Arc;

use serde::Serialize;
use sgl_constrain::{Automaton, ConstrainError, Matcher};
use sgl_wire::SchemaOptions;

use crate::clock::Watch;
use crate::line::{Case, Source};
use crate::walk::{Tokens, forced, walk};

/// Why a constraint was not compiled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The keyword concerned, or what else stands in the way: a limit, or the notation, where the text is none.
    pub about: String,
    /// The whole message.
    pub message: String,
    /// Whether it says that no text is right.
    pub unsatisfiable: bool,
}

impl Refusal {
    fn of(error: &ConstrainError, source: &Source) -> Refusal {
        let about = match error {
            ConstrainError::Schema { keyword, reason, .. } if keyword.is_empty() => reason.clone(),
            ConstrainError::Schema { keyword, .. } => keyword.clone(),
            ConstrainError::Limit { what, .. } => format!("limit: {what}"),
            ConstrainError::Unsatisfiable { .. } => "unsatisfiable".into(),
            ConstrainError::Unspellable | ConstrainError::Unspelled => "unspellable".into(),
            _ => notation(source).into(),
        };
        let unsatisfiable = matches!(error, ConstrainError::Unsatisfiable { .. });
        Refusal { about, message: error.to_string(), unsatisfiable }
    }
}

/// What a constraint is written in.
fn notation(source: &Source) -> &'static str {
    match source {
        Source::Schema(_) => "schema",
        Source::Regex(_) => "regex",
        Source::Gbnf(_) => "gbnf",
        Source::Lark(_) => "lark",
    }
}

/// A wrong answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// Which test of the case, from 0.
    pub test: usize,
    /// Whether its text is valid; it was judged otherwise.
    pub valid: bool,
    /// The byte at which a valid text was left; none where all of it fits, but it may not end.
    pub at: Option<usize>,
}

/// What was found out about a case.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// The case.
    pub id: String,
    /// Why there are no answers.
    pub error: Option<Refusal>,
    /// Time to compile, in microseconds.
    pub compile_us: f64,
    /// Time of each mask along the valid instances, in microseconds; none of them was asked for before.
    pub mask_us: Vec<f64>,
    /// Whether each text was accepted.
    pub accepted: Vec<bool>,
    /// Whether each text's other answer is right, too.
    pub either: Vec<bool>,
    /// The answers that are wrong.
    pub mistakes: Vec<Mistake>,
    /// Tokens of the valid instances that were accepted.
    pub tokens: usize,
    /// Those of them that lie in text that had to be written.
    pub forced: usize,
    /// Texts that the vocabulary cannot spell: held against the constraint as bytes, without masks.
    pub unspellable: usize,
    /// Keywords that a lenient run dropped: name and place.
    pub dropped: Vec<(String, String)>,
    /// Bytes that the compiled constraint held after all that.
    pub held: usize,
}

/// Compiles a case and walks all its texts, the valid ones first, so that what others teach the automaton speeds up no
/// mask that is timed.
pub fn judge(case: &Case, of: &Tokens, options: SchemaOptions) -> Verdict {
    let options = case.options(options);
    let mut verdict = Verdict {
        id: case.id.clone(),
        error: None,
        compile_us: 0.0,
        mask_us: Vec::new(),
        accepted: vec![false; case.tests.len()],
        either: case.tests.iter().map(|test| test.either_under(options)).collect(),
        mistakes: Vec::new(),
        tokens: 0,
        forced: 0,
        unspellable: 0,
        dropped: Vec::new(),
        held: 0,
    };
    let watch = Watch::start();
    let automaton = Automaton::new(&case.source.constraint(options), of.vocabulary.clone());
    verdict.compile_us = watch.us();
    let automaton = match automaton {
        Ok(automaton) => automaton,
        Err(error) => {
            verdict.accepted.clear();
            verdict.error = Some(Refusal::of(&error, &case.source));
            return verdict;
        }
    };
    verdict.dropped = automaton.dropped().iter().map(|dropped| (dropped.keyword.clone(), dropped.at.clone())).collect();
    let texts: Vec<Option<Vec<u32>>> = case.tests.iter().map(|test| of.encode(&test.text)).collect();
    for wanted in [true, false] {
        for (index, (test, tokens)) in case.tests.iter().zip(&texts).enumerate().filter(|(_, (t, _))| t.valid == wanted)
        {
            let (accepted, at, times) = hold(&automaton, &test.text, tokens.as_deref(), of);
            verdict.unspellable += usize::from(tokens.is_none());
            if wanted {
                verdict.mask_us.extend(times);
            }
            if let Some(answer) = verdict.accepted.get_mut(index) {
                *answer = accepted;
            }
            if accepted != wanted && !test.either_under(options) {
                verdict.mistakes.push(Mistake { test: index, valid: wanted, at });
            }
        }
    }
    let right = case.tests.iter().zip(&texts).zip(&verdict.accepted).filter(|((test, _), yes)| test.valid && **yes);
    for ((_, tokens), _) in right {
        let tokens = tokens.as_deref().unwrap_or_default();
        verdict.tokens += tokens.len();
        verdict.forced += forced(&automaton, tokens, of).1;
    }
    verdict.held = automaton.held();
    verdict
}

/// Whether a text is accepted, the byte where it is left, and what the masks took.
fn hold(
    automaton: &Arc<Automaton>,
    text: &str,
    tokens: Option<&[u32]>,
    of: &Tokens,
) -> (bool, Option<usize>, Vec<f64>) {
    let Some(tokens) = tokens else {
        return (Matcher::new(automaton.clone()).completes(text.as_bytes()), None, Vec::new());
    };
    let walked = walk(automaton, tokens);
    let at = (!walked.fits).then(|| of.places(tokens).get(walked.taken).copied().unwrap_or_default());
    (walked.whole, at, walked.mask_us)
}
