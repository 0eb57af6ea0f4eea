//! Places where something is wrong in; sentences for people out.

use sgl_diag::{Diagnostic, FileId, Span};

use crate::build::{Problem, Wrong};

pub(crate) fn describe(file: FileId, _text: &str, problems: &[Problem]) -> Vec<Diagnostic> {
    problems
        .iter()
        .map(|p| {
            let span = Span::new(file, p.range.start as u32, p.range.end as u32);
            let d = match p.wrong {
                Wrong::Recovered(rule) => Diagnostic::error("E0001", format!("{rule:?} in {:?}", p.parent)),
                wrong => Diagnostic::error("E0002", format!("{wrong:?}")),
            };
            d.at(span, "")
        })
        .collect()
}
