//! Diagnostics for people and for programs: [`sgl_diag::Diagnostic`]s in, text with a drawing of the source or JSON out.

use std::fmt::{self, Write as _};
use std::ops::Range;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents,
};
use serde_json::{Value, json};
use sgl_diag::{Diagnostic, FileId, Severity, SourceFile, SourceMap, Span};

use crate::terminal::{DIM, ERROR, GOOD, WARNING, counted, folded};
use crate::visible::{self, marked, visible};
use crate::window::Window;

/// Columns of a drawing where there is no terminal to ask.
const WIDTH: usize = 100;

/// Columns beside the lines of a drawing: their numbers, and the lines of the marks.
const NUMBERS: usize = 12;

/// Columns of a line that are drawn on the narrowest terminal.
const NARROWEST: usize = 12;

/// Diagnostics that are drawn; nobody reads more at once, and each drawing goes through its whole file.
const DRAWN: usize = 50;

/// The diagnostics of a run, the first ones drawn, with a line that counts them all. Empty if there are none.
pub fn draw(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let drawn = diagnostics.iter().take(DRAWN);
    let mut out: String = drawn.map(|diagnostic| draw_one(diagnostic, sources)).collect();
    if diagnostics.len() > DRAWN {
        out.push_str(&format!("{DIM}and {} more, which `--json` lists{DIM:#}\n\n", diagnostics.len() - DRAWN));
    }
    if !diagnostics.is_empty() {
        out.push_str(&count(diagnostics));
    }
    out
}

/// One diagnostic: what is wrong, the places in the source, what to do.
pub fn draw_one(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let (word, style) = match diagnostic.severity {
        Severity::Error => ("error", ERROR),
        Severity::Warning => ("warning", WARNING),
    };
    let before = word.len() + diagnostic.code.len() + " : ".len();
    let title = folded(&diagnostic.title, before, 2);
    let mut out = format!("{style}{word}{style:#} {DIM}{}{DIM:#}: {title}\n", diagnostic.code);
    // One drawing a file, the file of the mistake first.
    let mut files: Vec<FileId> = Vec::new();
    for label in &diagnostic.labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    for file in files {
        out.push_str(&draw_file(diagnostic, file, sources));
    }
    if let Some(hint) = &diagnostic.hint {
        out.push_str(&format!("  {GOOD}help{GOOD:#}: {}\n", folded(hint, 8, 8)));
    }
    out.push('\n');
    out
}

/// How many there are of each kind.
fn count(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let warnings = diagnostics.len() - errors;
    let mut parts = Vec::new();
    if errors > 0 {
        parts.push(format!("{ERROR}{}{ERROR:#}", counted(errors, "error")));
    }
    if warnings > 0 {
        parts.push(format!("{WARNING}{}{WARNING:#}", counted(warnings, "warning")));
    }
    format!("{}\n", parts.join(", "))
}

/// The labels of one file, drawn into its source.
fn draw_file(diagnostic: &Diagnostic, file: FileId, sources: &SourceMap) -> String {
    let Some(source) = sources.file(file) else { return String::new() };
    // All escapes of the drawing are then miette's.
    let mut seen = SourceMap::new();
    let lines = source.text.strip_suffix('\n').map_or(&*source.text, |text| text.strip_suffix('\r').unwrap_or(text));
    let spans = diagnostic.labels.iter().map(|label| label.span).filter(|span| span.file == file);
    let is_at_end = spans.map(|span| said(span, lines)).any(|(start, _)| start == lines.len());
    // A mark at the end needs a column there.
    let end = if is_at_end { " " } else { "" };
    let seen_file = seen.add(visible(&source.name), visible(lines).into_owned() + end);
    let Some(shown) = seen.file(seen_file) else { return String::new() };
    let mut labels: Vec<_> = diagnostic.labels.iter().filter(|label| label.span.file == file).collect();
    // Of a long line the part is drawn that the first of its labels is about.
    labels.sort_by_key(|label| !label.primary);
    let marks = labels.iter().map(|label| {
        let (start, len) = said(label.span, lines);
        visible::place(lines, start)..visible::place(lines, start + len)
    });
    let marks: Vec<Range<usize>> = marks.collect();
    let terminal = terminal_size::terminal_size_of(std::io::stderr()).map(|(width, _)| usize::from(width.0));
    let width = terminal.unwrap_or(WIDTH);
    let window = Window::onto(&shown.text, &marks, width.saturating_sub(NUMBERS).max(NARROWEST));
    // What is said of a mark stands beside it, or below all where a terminal has no room there.
    let mut below = String::new();
    let labels = labels.iter().zip(marks).map(|(label, mark)| {
        let mut text = (!label.text.is_empty()).then(|| visible(&label.text).into_owned());
        let start = window.place(mark.start);
        let len = window.place(mark.end) - start;
        let needed = |text: &String| NUMBERS + column(&window.text, start, len) + text.chars().count();
        if let Some(text) = text.take_if(|text| terminal.is_some_and(|width| needed(text) > width)) {
            let before = format!("line {}: ", source.line_col(label.span.start).line);
            let _ = writeln!(below, "  {DIM}{before}{DIM:#}{}", folded(&text, before.len() + 2, 4));
        }
        if label.primary {
            LabeledSpan::new_primary_with_span(text, (start, len))
        } else {
            LabeledSpan::new_with_span(text, (start, len))
        }
    });
    let labels = labels.collect();
    let snippet = Snippet { severity: diagnostic.severity, source: Source { shown, window: &window }, labels };
    let mut theme = GraphicalTheme::unicode();
    theme.characters.error = String::new();
    theme.characters.warning = String::new();
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(width).with_context_lines(1);
    let mut out = String::new();
    if handler.render_report(&mut out, &snippet).is_err() {
        let at = source.line_col(diagnostic.span().map_or(0, |span| span.start));
        return format!("  at {}:{}:{}\n", source.name, at.line, at.col);
    }
    // The header is ours: what miette writes above the drawing is blank.
    let skip = out.lines().take_while(|line| anstream::adapter::strip_str(line).to_string().trim().is_empty()).count();
    marked(&out.lines().skip(skip).flat_map(|line| [line.trim_end(), "\n"]).collect::<String>()) + &below
}

/// The column, from 0, where what is said of a mark begins: below the middle of it, or on the left of one over several lines.
fn column(text: &str, start: usize, len: usize) -> usize {
    let of = |range: Range<usize>| text.get(range).unwrap_or_default();
    match of(start..start + len) {
        marked if marked.contains('\n') => 0,
        marked => of(0..start).chars().rev().take_while(|c| *c != '\n').count() + marked.chars().count() / 2,
    }
}

/// The span without the white space at its ends, inside the text, and at least one byte long if there is one.
fn said(span: Span, text: &str) -> (usize, usize) {
    let start = (span.start as usize).min(text.len());
    let end = (span.end as usize).clamp(start, text.len());
    match text.get(start..end) {
        Some(part) if !part.trim().is_empty() => {
            let left = part.len() - part.trim_start().len();
            (start + left, part.trim().len())
        }
        _ => (start, 0),
    }
}

/// What miette draws.
struct Snippet<'a> {
    severity: Severity,
    source: Source<'a>,
    labels: Vec<LabeledSpan>,
}

/// A file for miette, with columns counted in characters as everywhere else, and as long lines have them as a whole.
struct Source<'a> {
    shown: &'a SourceFile,
    window: &'a Window<'a>,
}

impl SourceCode for Source<'_> {
    fn read_span<'s>(
        &'s self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'s> + 's>, MietteError> {
        let found = self.window.text.read_span(span, before, after)?;
        let at = self.window.origin(found.span().offset());
        let at = self.shown.line_col(u32::try_from(at).unwrap_or(u32::MAX));
        let (line, column) = (at.line as usize - 1, at.col as usize - 1);
        Ok(Box::new(MietteSpanContents::new_named(
            self.shown.name.clone(),
            found.data(),
            *found.span(),
            line,
            column,
            found.line_count(),
        )))
    }
}

impl fmt::Debug for Snippet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Snippet")
    }
}

impl fmt::Display for Snippet<'_> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Snippet<'_> {}

impl miette::Diagnostic for Snippet<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

/// One diagnostic for a program that reads it: lines and columns count from one, columns in characters.
pub fn json(diagnostic: &Diagnostic, sources: &SourceMap) -> Value {
    let labels = diagnostic.labels.iter().map(|label| {
        let place = |offset: u32| {
            let at = sources.line_col(Span { start: offset, ..label.span });
            json!({ "line": at.line, "column": at.col, "offset": offset })
        };
        json!({
            "file": sources.name(label.span.file),
            "start": place(label.span.start),
            "end": place(label.span.end),
            "text": label.text,
            "primary": label.primary,
        })
    });
    json!({
        "severity": if diagnostic.is_error() { "error" } else { "warning" },
        "code": diagnostic.code,
        "title": diagnostic.title,
        "hint": diagnostic.hint,
        "labels": labels.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (SourceMap, Vec<Diagnostic>) {
        let mut sources = SourceMap::new();
        let text = "prompt judge(essay: str) {\n    user \"Read {esay}\"\n    let größe = gen<Repotr>()\n}\n";
        let main = sources.add("judge.sgl", text);
        let other = sources.add("util.sgl", "struct Report {}\n");
        let at = |word: &str| {
            let start = text.find(word).unwrap() as u32;
            Span::new(main, start, start + word.len() as u32)
        };
        let diagnostics = vec![
            Diagnostic::error("E0101", "there is no name `esay` here")
                .at(at("esay"), "not known")
                .also(at("essay"), "this one is spelt almost the same")
                .hint("did you mean `essay`?"),
            Diagnostic::warning("W0501", "there is no type `Repotr`")
                .at(at("Repotr"), "not known")
                .also(Span::new(other, 7, 13), "this one is spelt almost the same"),
            Diagnostic::error("E0003", "the file ends too soon").at(Span::new(main, 999, 999), ""),
            Diagnostic::error("E0004", "there is no `main`"),
        ];
        (sources, diagnostics)
    }

    #[test]
    fn a_long_line_is_drawn_around_what_is_wrong() {
        let text = format!("user \"{} {{esay}} {}\"\nuser \"{}\"\n", "a".repeat(300), "b".repeat(300), "c".repeat(300));
        let mut sources = SourceMap::new();
        let file = sources.add("judge.sgl", &text);
        let start = text.find("esay").unwrap() as u32;
        let wrong = Diagnostic::error("E0101", "there is no name `esay` here");
        let drawn = draw(&[wrong.at(Span::new(file, start, start + 4), "not known")], &sources);
        insta::assert_snapshot!(visible::plain(&drawn));
    }

    #[test]
    fn drawn_for_people() {
        let (sources, diagnostics) = sample();
        let text = draw(&diagnostics, &sources);
        insta::assert_snapshot!(visible::plain(&text));
    }

    #[test]
    fn written_for_programs() {
        let (sources, diagnostics) = sample();
        let value = json(&diagnostics[0], &sources);
        assert_eq!(value["labels"][0]["start"], json!({"line": 2, "column": 17, "offset": 43}));
        assert_eq!(value["labels"][1]["primary"], json!(false));
        assert_eq!(value["hint"], json!("did you mean `essay`?"));
        let later = json(&diagnostics[1], &sources);
        assert_eq!(later["labels"][0]["start"]["column"], json!(21), "columns count characters");
    }

    #[test]
    fn no_diagnostics_are_no_text() {
        assert_eq!(draw(&[], &SourceMap::new()), "");
    }
}
