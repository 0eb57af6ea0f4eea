//! Stops: the bytes of a generation go in as they come, the first match comes out.
//!
//! All stops of a request, texts and regular expressions alike, are one automaton. It is walked once over the bytes,
//! so a match across token borders costs nothing extra. The match that is complete first wins; of those that are
//! complete at the same byte, the one that began first. Bytes that may still be part of a match are held back.

use std::ops::Range;

use regex_automata::hybrid::{
    LazyStateID,
    dfa::{Cache, DFA},
    regex::Regex,
};
use regex_automata::nfa::thompson;
use regex_automata::util::start;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};
use sgl_wire::{Failure, Stop};

/// Bytes of compiled automaton that one request may ask for.
const SIZE_LIMIT: usize = 8 << 20;

/// The stops of a request, compiled; shared by all that ask for the same.
#[derive(Debug)]
pub(crate) struct Stops {
    regex: Regex,
    /// Some pattern looks at the byte after it, so a match at the end of what is there is not yet one.
    looks_ahead: bool,
}

impl Stops {
    /// Compiles stops; `None` where there are none.
    pub fn new(stops: &[Stop]) -> Result<Option<Self>, Failure> {
        if stops.is_empty() {
            return Ok(None);
        }
        let mut patterns = Vec::with_capacity(stops.len());
        for stop in stops {
            patterns.push(match stop {
                Stop::Text(text) if text.is_empty() => {
                    return Err(Failure::BadRequest("a stop must not be empty".into()));
                }
                Stop::Text(text) => regex_syntax::escape(text),
                Stop::Regex(regex) => regex.to_string(),
            });
        }
        let refuse = |reason: String| Failure::BadRequest(format!("the stops cannot be used: {reason}"));
        let regex = Regex::builder()
            .syntax(syntax::Config::new().utf8(false))
            .thompson(thompson::Config::new().utf8(false).nfa_size_limit(Some(SIZE_LIMIT)))
            .dfa(DFA::config().match_kind(MatchKind::All).skip_cache_capacity_check(true))
            .build_many(&patterns)
            .map_err(|error| refuse(chain(&error)))?;
        let looks_ahead = !regex.forward().get_nfa().look_set_any().is_empty();
        let stops = Stops { regex, looks_ahead };
        let matches_nothing = stops
            .regex
            .try_search(&mut stops.regex.create_cache(), &Input::new("").earliest(true))
            .map_err(|error| refuse(error.to_string()))?;
        if matches_nothing.is_some() {
            return Err(refuse("one of them matches the empty text, so nothing would be generated".into()));
        }
        Ok(Some(stops))
    }

    fn forward(&self) -> &DFA {
        self.regex.forward()
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Where one generation stands in its [`Stops`].
#[derive(Debug)]
pub(crate) struct StopWalk {
    forward: Cache,
    backward: Cache,
    state: Option<LazyStateID>,
    /// Bytes walked.
    seen: usize,
    /// The last place where no match was under way.
    settled: usize,
}

impl StopWalk {
    /// At the start of a text.
    pub fn new(stops: &Stops) -> Self {
        StopWalk {
            forward: stops.forward().create_cache(),
            backward: stops.regex.reverse().create_cache(),
            state: None,
            seen: 0,
            settled: 0,
        }
    }

    /// Bytes that can no longer become part of a match.
    pub fn settled(&self) -> usize {
        self.settled
    }

    /// Walks over what is new at the end of `text`. A match that is complete before `from` bytes does not count.
    /// `ended`: nothing follows.
    pub fn advance(
        &mut self,
        stops: &Stops,
        text: &[u8],
        from: usize,
        ended: bool,
    ) -> Result<Option<Range<usize>>, Failure> {
        let failed = |what: &dyn std::fmt::Display| Failure::BadRequest(format!("the stops cannot be matched: {what}"));
        let dfa = stops.forward();
        let config = start::Config::new().anchored(Anchored::No);
        let mut state = match self.state {
            Some(state) => state,
            None => dfa.start_state(&mut self.forward, &config).map_err(|e| failed(&e))?,
        };
        while let Some(&byte) = text.get(self.seen) {
            state = dfa.next_state(&mut self.forward, state, byte).map_err(|e| failed(&e))?;
            // The automaton says one byte late that a match is complete.
            if state.is_match() && self.seen >= from.max(1) {
                return self.found(stops, text, self.seen).map(Some);
            }
            if state.is_quit() {
                return Err(failed(&format!("byte {byte:#04x} stopped the automaton")));
            }
            self.seen += 1;
            let fresh = dfa.start_state(&mut self.forward, &config).map_err(|e| failed(&e))?;
            if state == fresh || state.is_dead() {
                self.settled = self.seen;
            }
        }
        self.state = Some(state);
        if (ended || !stops.looks_ahead) && self.seen >= from.max(1) {
            let end = dfa.next_eoi_state(&mut self.forward, state).map_err(|e| failed(&e))?;
            if end.is_match() {
                return self.found(stops, text, self.seen).map(Some);
            }
        }
        Ok(None)
    }

    /// The match that ends at `end`, with the earliest beginning.
    fn found(&mut self, stops: &Stops, text: &[u8], end: usize) -> Result<Range<usize>, Failure> {
        let input = Input::new(text).range(..end).anchored(Anchored::Yes);
        let begin = stops
            .regex
            .reverse()
            .try_search_rev(&mut self.backward, &input)
            .map_err(|e| Failure::BadRequest(format!("the stops cannot be matched: {e}")))?;
        Ok(begin.map_or(end, |half| half.offset())..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Stop {
        Stop::Text(text.into())
    }

    fn regex(text: &str) -> Stop {
        Stop::Regex(text.into())
    }

    /// The match in `text` when it comes in pieces of `step` bytes.
    fn first(stops: &[Stop], text: &str, step: usize) -> Option<Range<usize>> {
        let stops = Stops::new(stops).unwrap().unwrap();
        let mut walk = StopWalk::new(&stops);
        let mut end = 0;
        loop {
            end = (end + step).min(text.len());
            let bytes = &text.as_bytes()[..end];
            if let Some(found) = walk.advance(&stops, bytes, 0, end == text.len()).unwrap() {
                assert!(walk.settled() <= found.start, "part of a match was let go");
                return Some(found);
            }
            if end == text.len() {
                return None;
            }
        }
    }

    #[test]
    fn the_first_complete_match_is_found_however_the_text_is_cut() {
        type Case<'a> = (&'a [Stop], &'a str, Option<Range<usize>>);
        let cases: &[Case] = &[
            (&[text("\n\n")], "one\n\ntwo", Some(3..5)),
            (&[text("END"), text("DE")], "xxENDE", Some(2..5)),
            (&[text("abcde"), text("cd")], "xabcdex", Some(3..5)),
            (&[text("bc"), text("abc")], "xabc", Some(1..4)),
            (&[regex(r"\d+\.")], "a 12.", Some(2..5)),
            (&[regex(r"\d+\."), text("é")], "aé 12.", Some(1..3)),
            (&[regex(r"(?-u:\bfoo\b)")], "food foo!", Some(5..8)),
            (&[regex(r"(?m:x$)")], "xy\nax\nb", Some(4..5)),
            (&[text("a.c")], "abc a.c", Some(4..7)),
            (&[text("</s-1>")], "x</s-1>", Some(1..7)),
            (&[text("zz")], "abc", None),
        ];
        for (stops, text, expected) in cases {
            for step in 1..=text.len() {
                assert_eq!(first(stops, text, step), *expected, "{stops:?} in {text:?} by {step}");
            }
        }
    }

    #[test]
    fn only_what_may_become_a_match_is_held_back() {
        let stops = Stops::new(&[text("\n\n"), text("STOP")]).unwrap().unwrap();
        let mut walk = StopWalk::new(&stops);
        for (text, settled) in [("ab", 2), ("ab\n", 2), ("ab\nS", 2), ("ab\nST", 2), ("ab\nSTx", 6)] {
            assert_eq!(walk.advance(&stops, text.as_bytes(), 0, false).unwrap(), None);
            assert_eq!(walk.settled(), settled, "{text:?}");
        }
    }

    #[test]
    fn matches_before_the_least_length_do_not_count() {
        let stops = Stops::new(&[text(".")]).unwrap().unwrap();
        let mut walk = StopWalk::new(&stops);
        assert_eq!(walk.advance(&stops, b"a.b.", 4, false).unwrap(), Some(3..4));
        let mut walk = StopWalk::new(&stops);
        assert_eq!(walk.advance(&stops, b"a.b.", 5, false).unwrap(), None);
    }

    #[test]
    fn stops_that_cannot_work_are_refused() {
        for bad in [text(""), regex("("), regex("a*"), regex(r"\bword\b"), regex("(?:a{1000}){1000}{1000}")] {
            let failure = Stops::new(&[bad]).unwrap_err();
            assert!(matches!(failure, Failure::BadRequest(_)), "{failure}");
        }
    }
}
