//! A file in; the changes that lay it out, or a part of it, in the one style out.

use std::ops::Range;

use similar::{DiffOp, TextDiff};

use crate::Edit;
use crate::workspace::Analysis;

impl Analysis {
    /// The changes that lay a file out; none where it has mistakes that leave no layout. Each is as small as its lines allow, so that
    /// cursors stay where they are.
    pub fn layout(&self, file: &str) -> Option<Vec<Edit>> {
        let (text, parse) = self.parse(file)?;
        let laid_out = sgl_syntax::format(&parse).ok()?;
        let diff = TextDiff::from_lines(&*text, laid_out.as_str());
        let (old, new) = (offsets(&text), offsets(&laid_out));
        let at = |starts: &[usize], line: usize| starts.get(line).copied().unwrap_or_default();
        let edits = diff.ops().iter().filter(|op| !matches!(op, DiffOp::Equal { .. })).map(|op| {
            let (from, to) = (op.old_range(), op.new_range());
            Edit {
                range: at(&old, from.start) as u32..at(&old, from.end) as u32,
                text: laid_out.get(at(&new, to.start)..at(&new, to.end)).unwrap_or_default().to_string(),
            }
        });
        Some(edits.collect())
    }

    /// Those of the changes that touch a range.
    pub fn layout_of(&self, file: &str, within: Range<u32>) -> Option<Vec<Edit>> {
        let mut edits = self.layout(file)?;
        edits.retain(|edit| edit.range.start <= within.end && edit.range.end >= within.start);
        Some(edits)
    }
}

/// Where each line begins, and where the last one ends.
fn offsets(text: &str) -> Vec<usize> {
    let mut starts: Vec<usize> = text
        .split_inclusive('\n')
        .scan(0, |at, line| {
            let start = *at;
            *at += line.len();
            Some(start)
        })
        .collect();
    starts.push(text.len());
    starts
}
