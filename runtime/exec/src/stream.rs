//! What a run tells while it goes on: events in the order in which they happen in, text in an order to read out.

use std::collections::BTreeMap;
use std::sync::Arc;

use sgl_diag::Span;

/// Something that happened in a run.
#[derive(Debug, Clone)]
pub enum Progress {
    /// A generation began.
    Begin {
        /// Which: unique in its run, and ordered as the program is.
        place: Arc<[[u64; 2]]>,
        /// Where it stands in the source.
        span: Span,
    },
    /// It wrote more.
    Text {
        /// Which.
        place: Arc<[[u64; 2]]>,
        /// What it wrote.
        delta: String,
    },
    /// It ended, well or not.
    End {
        /// Which.
        place: Arc<[[u64; 2]]>,
    },
}

/// Orders the texts of generations that run beside each other: one at a time, each in one piece.
///
/// The generation shown is shown live until it ends; then the first in program order among those that have begun
/// follows, with what it has written so far.
#[derive(Debug, Default)]
pub struct Transcript {
    shown: Option<Arc<[[u64; 2]]>>,
    waiting: BTreeMap<Arc<[[u64; 2]]>, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    span: Span,
    text: String,
    ended: bool,
}

/// What to write next.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// The text of the generation there begins.
    Begin(Span),
    /// More of it.
    Text(String),
    /// It ends.
    End,
}

impl Transcript {
    /// Takes an event and says what to write now.
    pub fn push(&mut self, event: Progress) -> Vec<Line> {
        let mut lines = Vec::new();
        match event {
            Progress::Begin { place, span } => {
                self.waiting.insert(place, Waiting { span, text: String::new(), ended: false });
            }
            Progress::Text { place, delta } => match self.waiting.get_mut(&place) {
                Some(_) if self.shown.as_ref() == Some(&place) => lines.push(Line::Text(delta)),
                Some(waiting) => waiting.text.push_str(&delta),
                None => {}
            },
            Progress::End { place } => {
                if self.shown.as_ref() == Some(&place) {
                    lines.push(Line::End);
                    self.shown = None;
                    self.waiting.remove(&place);
                } else if let Some(waiting) = self.waiting.get_mut(&place) {
                    waiting.ended = true;
                }
            }
        }
        while self.shown.is_none() {
            let Some(mut next) = self.waiting.first_entry() else { break };
            lines.push(Line::Begin(next.get().span));
            let text = std::mem::take(&mut next.get_mut().text);
            if !text.is_empty() {
                lines.push(Line::Text(text));
            }
            if next.get().ended {
                lines.push(Line::End);
                next.remove();
            } else {
                self.shown = Some(next.key().clone());
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_do_not_mix_and_follow_the_program() {
        let place = |n: u64| -> Arc<[[u64; 2]]> { [[1, n]].into() };
        let span = |n: u64| Span::new(sgl_diag::FileId(0), n as u32, n as u32);
        let begin = |n| Progress::Begin { place: place(n), span: span(n) };
        let text = |n, delta: &str| Progress::Text { place: place(n), delta: delta.into() };
        let end = |n| Progress::End { place: place(n) };
        let mut transcript = Transcript::default();
        let mut lines = Vec::new();
        let events =
            [begin(2), begin(3), begin(1), text(1, "a"), text(2, "b"), text(3, "c"), end(3), text(2, "B"), end(2)];
        for event in events.into_iter().chain([text(1, "A"), end(1)]) {
            lines.extend(transcript.push(event));
        }
        let (text, end) = (|t: &str| Line::Text(t.into()), Line::End);
        let begin = |n| Line::Begin(span(n));
        let expected = [begin(2), text("b"), text("B"), end.clone(), begin(1), text("a"), text("A"), end.clone()];
        assert_eq!(lines[..8], expected);
        assert_eq!(lines[8..], [begin(3), text("c"), end]);
    }
}
