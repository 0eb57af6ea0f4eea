//! A range of a file in; changes that would help there out.
//!
//! What the checker proposes itself comes with its diagnostics. `fixes` finds more by their codes and the tree, `arms` what
//! a `match` lacks, `import` what could be brought in; `extract` and `inline` change what is not wrong.

mod arms;
mod extract;
mod fixes;
pub(crate) mod import;
mod inline;

use std::ops::Range;

use sgl_diag::Diagnostic;

use crate::Edit;
use crate::rename::Changes;
use crate::workspace::{Analysis, File, ROOT};

/// What a change is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sort {
    /// It makes a diagnostic go away.
    Fix,
    /// It gives a part a name.
    Extract,
    /// It takes a name away.
    Inline,
    /// It writes the same in another way.
    Rewrite,
}

/// A change that an editor can offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it does, as a request.
    pub title: String,
    /// What it is for.
    pub sort: Sort,
    /// The code of the diagnostic that it is for.
    pub code: Option<&'static str>,
    /// Whether it is the one that is meant most likely.
    pub is_preferred: bool,
    /// What changes.
    pub changes: Changes,
}

impl Analysis {
    /// The changes that a range of a file offers.
    pub fn actions(&self, file: &str, range: Range<u32>) -> Vec<Change> {
        let Some(file) = self.file(file) else { return Vec::new() };
        let mut found = Vec::new();
        for diagnostic in file.module.diagnostics() {
            let at = diagnostic.span().filter(|at| at.start <= range.end && range.start <= at.end);
            if at.is_some() {
                found.extend(self.fixes(&file, diagnostic));
            }
        }
        found.extend(extract::variable(&file, &range));
        found.extend(extract::prompt(&file, &range));
        found.extend(inline::variable(self, &file, &range));
        found.extend(inline::written_type(&file, &range));
        let mut seen: Vec<Change> = Vec::new();
        for change in found {
            if !seen.iter().any(|other| other.changes == change.changes) {
                seen.push(change);
            }
        }
        seen
    }

    /// Everything that would make a diagnostic go away.
    fn fixes(&self, file: &File, diagnostic: &Diagnostic) -> Vec<Change> {
        let proposed = diagnostic.fixes.iter().filter(|fix| fix.edits.iter().all(|(at, _)| at.file == ROOT));
        let mut found: Vec<Change> = proposed
            .map(|fix| {
                let edits = fix.edits.iter().map(|(at, text)| Edit { range: at.start..at.end, text: text.clone() });
                change(file, fix.title.clone(), edits.collect())
            })
            .collect();
        found.extend(fixes::of(file, diagnostic));
        if diagnostic.code == "E0214" {
            found.extend(arms::missing(file, diagnostic));
        }
        if matches!(diagnostic.code, "E0101" | "E0109") {
            found.extend(self.imports(file, diagnostic));
        }
        let only = found.len() == 1;
        for change in &mut found {
            (change.code, change.is_preferred) = (Some(diagnostic.code), only);
        }
        found
    }
}

/// A change of one file that makes a diagnostic go away.
fn change(file: &File, title: impl Into<String>, edits: Vec<Edit>) -> Change {
    let changes = Changes::from([(file.name.clone(), edits)]);
    Change { title: title.into(), sort: Sort::Fix, code: None, is_preferred: false, changes }
}

/// What is put in a place.
fn edit(range: Range<u32>, text: impl Into<String>) -> Edit {
    Edit { range, text: text.into() }
}

/// Something put between two bytes.
fn insert(at: u32, text: impl Into<String>) -> Edit {
    edit(at..at, text)
}

impl File {
    /// The space at the beginning of the line of a place.
    fn indent(&self, at: u32) -> &str {
        let before = self.text.get(..at as usize).unwrap_or_default();
        let line = self.text.get(before.rfind('\n').map_or(0, |at| at + 1)..).unwrap_or_default();
        line.get(..line.len() - line.trim_start_matches([' ', '\t']).len()).unwrap_or_default()
    }

    /// A stretch with the line that it stands on, where nothing else does.
    fn with_line(&self, range: Range<u32>) -> Range<u32> {
        let before = self.text.get(..range.start as usize).unwrap_or_default();
        let after = self.text.get(range.end as usize..).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let alone = before.get(line_start..).is_some_and(|before| before.trim().is_empty());
        match (alone, after.find('\n')) {
            (true, Some(end)) if after.get(..end).is_some_and(|rest| rest.trim().is_empty()) => {
                line_start as u32..range.end + end as u32 + 1
            }
            _ => range,
        }
    }
}
