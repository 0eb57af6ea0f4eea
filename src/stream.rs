//! `--stream`: what happens in a run in; generated text on standard error, while it comes, out.

use std::sync::{Arc, Mutex, PoisonError};

use sgl_diag::{SourceMap, Span};
use sgl_exec::{Line, OnProgress, Progress, Transcript};

use crate::compile::Compiled;
use crate::terminal::{self, Complaint, DIM};

/// Which generations are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stream {
    /// All.
    All,
    /// Those that stand here.
    These(Vec<Span>),
}

impl Stream {
    /// All generations, or those that variables of this name get.
    pub fn new(name: Option<&str>, compiled: &Compiled) -> Result<Stream, Complaint> {
        let Some(name) = name else { return Ok(Stream::All) };
        let bound = compiled.bound();
        let spans: Vec<Span> = bound.iter().filter(|bound| *bound.name == *name).map(|bound| bound.span).collect();
        if !spans.is_empty() {
            return Ok(Stream::These(spans));
        }
        let mut names: Vec<&str> = bound.iter().map(|bound| &*bound.name).collect();
        names.dedup();
        let help = match names.as_slice() {
            [] => "no variable of this program does; `--stream` alone shows all that is generated".to_string(),
            names => format!("these do: {}; `--stream` alone shows all that is generated", names.join(", ")),
        };
        Err(Complaint::usage(format!("no variable `{name}` gets what a model writes")).help(help))
    }

    /// Writes text while it comes, one generation after the other.
    pub fn listener(&self, sources: SourceMap) -> OnProgress {
        let transcript = Mutex::new(Transcript::default());
        let stream = self.clone();
        Arc::new(move |event| {
            // The transcript passes over what a generation writes that never began for it.
            if let (Progress::Begin { span, .. }, Stream::These(spans)) = (&event, &stream)
                && !spans.contains(span)
            {
                return;
            }
            let mut transcript = transcript.lock().unwrap_or_else(PoisonError::into_inner);
            for line in transcript.push(event) {
                match line {
                    Line::Begin(span) => {
                        let at = sources.line_col(span);
                        terminal::write_error(&format!("{DIM}── {}:{}{DIM:#}\n", sources.name(span.file), at.line));
                    }
                    Line::Text(text) => terminal::write_error(&text),
                    Line::End => terminal::write_error("\n"),
                }
            }
        })
    }
}
