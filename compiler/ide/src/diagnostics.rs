//! A file in; what there is to say about it out, with the changes that would help.

use std::ops::Range;

use sgl_diag::{Diagnostic, Severity};

use crate::Location;
use crate::cache::Module;
use crate::workspace::Analysis;

/// Something to tell the author of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The key of `sglc explain`.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// Where.
    pub range: Range<u32>,
    /// One plain sentence without a full stop.
    pub title: String,
    /// A few words on the place; may be empty.
    pub label: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Other places that explain it, each with a few words.
    pub related: Vec<Related>,
}

/// A place that explains a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// The place.
    pub at: Location,
    /// A few words.
    pub text: String,
}

impl Finding {
    /// Whether the place could as well not be there.
    pub fn is_unnecessary(&self) -> bool {
        matches!(self.code, "W0501" | "W0503" | "W0505" | "W0508" | "W0510" | "W0511")
    }
}

impl Analysis {
    /// What there is to say about a file, by place.
    pub fn diagnostics(&self, file: &str) -> Vec<Finding> {
        let Some(module) = self.module(file) else { return Vec::new() };
        module.diagnostics().iter().map(|diagnostic| finding(&module, diagnostic)).collect()
    }
}

pub(crate) fn finding(module: &Module, diagnostic: &Diagnostic) -> Finding {
    let mut labels = diagnostic.labels.iter();
    let first = labels.next();
    let related = labels.filter(|label| !label.text.is_empty()).map(|label| {
        let at =
            Location { file: module.sources.name(label.span.file).into(), range: label.span.start..label.span.end };
        Related { at, text: label.text.clone() }
    });
    // No server is started while somebody types: that its tools are not known is no mistake of the program.
    let severity = if diagnostic.code == "E0120" { Severity::Warning } else { diagnostic.severity };
    Finding {
        code: diagnostic.code,
        severity,
        range: first.map_or(0..0, |label| label.span.start..label.span.end),
        title: diagnostic.title.clone(),
        label: first.map(|label| label.text.clone()).unwrap_or_default(),
        hint: diagnostic.hint.clone(),
        related: related.collect(),
    }
}
