//! One constraint, and perhaps a text, looked at from all sides: the developer's window.

use std::sync::Arc;

use sgl_constrain::{Automaton, ConstrainError, Dropped, Matcher};
use sgl_wire::Constraint;

use crate::clock::Watch;
use crate::expected::{Expected, expected};
use crate::stats::Spread;
use crate::walk::{Stretch, Tokens, forced, shortest, walk};

/// What was found.
#[derive(Debug, Clone)]
pub struct Probe {
    /// The text that was walked: the one given, or else the shortest there is.
    pub text: String,
    /// Whether that text was given.
    pub given: bool,
    /// Number of its tokens.
    pub tokens: usize,
    /// Why it is not accepted; none where it is, or where there was no text to walk.
    pub rejection: Option<Rejection>,
    /// Parts of the text that had to be written, in bytes.
    pub forced: Vec<Stretch>,
    /// Tokens that lie in these parts.
    pub tokens_forced: usize,
    /// Fewest tokens of a text.
    pub fewest: u32,
    /// A text of so few tokens; none if it is very long.
    pub shortest: Option<String>,
    /// Keywords of a schema that a lenient run does not keep.
    pub dropped: Vec<Dropped>,
    /// Time to compile, in microseconds.
    pub compile_us: f64,
    /// Times of the masks along the text, in microseconds.
    pub mask_us: Spread,
    /// Masks made.
    pub masks: usize,
    /// Bytes that the compiled constraint holds.
    pub held: usize,
}

/// Where a text is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The token that is not allowed, its place among the tokens, and where it begins in bytes; none if the text fits so
    /// far, but may not end.
    pub token: Option<(u32, usize, usize)>,
    /// The byte up to which some valid text goes.
    pub at: usize,
    /// What may stand there.
    pub expected: Expected,
}

/// Compiles a constraint and holds `text` against it; without one, the shortest text it has.
pub fn probe(constraint: &Constraint, text: Option<&str>, of: &Tokens) -> Result<Probe, ConstrainError> {
    let watch = Watch::start();
    let automaton = Automaton::new(constraint, of.vocabulary.clone())?;
    let compile_us = watch.us();
    let own = Automaton::new(constraint, of.vocabulary.clone())?;
    let fewest = Matcher::new(own.clone()).fewest();
    let shortest = shortest(&own).map(|(text, _)| text);
    let walked = text.or(shortest.as_deref()).unwrap_or_default();
    let mut out = Probe {
        text: walked.to_owned(),
        given: text.is_some(),
        tokens: 0,
        rejection: None,
        forced: Vec::new(),
        tokens_forced: 0,
        fewest,
        dropped: automaton.dropped().to_vec(),
        compile_us,
        mask_us: Spread::default(),
        masks: 0,
        held: 0,
        shortest: None,
    };
    match of.encode(walked) {
        Some(tokens) if text.is_some() || shortest.is_some() => out.walk(&automaton, &tokens, of),
        Some(_) => {}
        // Held against the constraint as bytes: no mask can allow what has no tokens.
        None => out.rejection = rejection(&automaton, walked, None),
    }
    out.held = automaton.held();
    out.shortest = shortest;
    Ok(out)
}

impl Probe {
    fn walk(&mut self, automaton: &Arc<Automaton>, tokens: &[u32], of: &Tokens) {
        let mut walk = walk(automaton, tokens);
        self.tokens = tokens.len();
        self.masks = walk.mask_us.len();
        self.mask_us = Spread::of(&mut walk.mask_us);
        (self.forced, self.tokens_forced) = forced(automaton, tokens.get(..walk.taken).unwrap_or_default(), of);
        if !walk.whole {
            let token = (!walk.fits).then(|| {
                let begins = of.places(tokens).get(walk.taken).copied().unwrap_or_default();
                (tokens.get(walk.taken).copied().unwrap_or_default(), walk.taken, begins)
            });
            self.rejection = rejection(automaton, &self.text, token);
        }
    }
}

/// Where `text` is left, byte by byte; none if it is whole.
fn rejection(automaton: &Arc<Automaton>, text: &str, token: Option<(u32, usize, usize)>) -> Option<Rejection> {
    let matcher = Matcher::new(automaton.clone());
    if token.is_none() && matcher.completes(text.as_bytes()) {
        return None;
    }
    // What fits is closed under prefixes, so the longest that does is found by halving.
    let (mut fits, mut past) = (0, text.len() + 1);
    while past - fits > 1 {
        let middle = fits + (past - fits) / 2;
        match matcher.accepts(text.as_bytes().get(..middle).unwrap_or_default()) {
            true => fits = middle,
            false => past = middle,
        }
    }
    let at = text.floor_char_boundary(fits);
    let prefix = text.as_bytes().get(..at).unwrap_or_default();
    let expected = expected(&matcher, prefix);
    Some(Rejection { token, at, expected })
}
