//! JSON Schemas in, types of the language out; [`write`] goes the other way.
//!
//! [`convert`](convert::convert) reads a schema (drafts 7 to 2020-12) and says what it means as a [`Type`]; objects become
//! structs of the program. [`pattern`] carries regular expressions over, [`spans`] knows where in the file each part stands.
//!
//! **Architecture invariant:** nothing that a program names is weakened in silence. What a type cannot say exactly becomes a
//! [`Schema`]: programs see a [`widened`] type, models and whoever reads values hold the whole text. What no automaton holds is a
//! [`Problem`] that names the keyword and its JSON pointer; only keywords that JSON Schema itself calls annotations are passed over.
//! Schemas of MCP servers, which check what they are given, are widened alone.
//!
//! **Architecture invariant:** any JSON value is read without a panic, in time bounded by its size.

mod convert;
mod pattern;
mod spans;
pub(crate) mod write;

use std::sync::Arc;

use serde_json::Value;
use sgl_constrain::ConstrainError;
use sgl_diag::{Diagnostic, FileId, Severity, Span, plain};

pub(crate) use convert::{convert, type_name, widened};
pub(crate) use spans::{Spans, escape};

use crate::types::{Schema, Type};
use crate::world::World;

/// Something that is wrong with a schema, or that no type can say.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    /// `E0115` and its kin, `W0513`.
    pub code: &'static str,
    /// What is wrong, as a sentence.
    pub title: String,
    /// Where, as a JSON pointer into the schema.
    pub pointer: String,
    /// What to do about it.
    pub hint: String,
}

impl Problem {
    /// The problem as it is told, at its place.
    pub fn diagnostic(self, at: Span, label: &str) -> Diagnostic {
        let severity = if self.code.starts_with('W') { Severity::Warning } else { Severity::Error };
        let d = Diagnostic { severity, ..Diagnostic::error(self.code, self.title) };
        d.at(at, label).hint(self.hint)
    }
}

/// A schema file that the program names.
pub(crate) struct SchemaFile {
    pub file: FileId,
    /// What it says; empty of a server's.
    pub text: Arc<str>,
    pub value: Arc<Value>,
    /// The JSON pointer of the part that a tool of a server takes as an argument; none of a schema of the program.
    pub argument: Option<String>,
    pub spans: Spans,
    /// What its object is called where it has no `title`: the alias, or the file's name.
    pub name: String,
    /// How the program names it first: `schema("ticket.json")`, and where.
    pub shown: String,
    /// See `shown`.
    pub used: Span,
}

impl SchemaFile {
    /// Reads the text of a schema file.
    pub fn read(file: FileId, text: &str, name: String, path: &str, used: Span) -> Result<Self, Diagnostic> {
        match serde_json::from_str(text) {
            Ok(value) => Ok(SchemaFile {
                file,
                text: text.into(),
                value: Arc::new(value),
                argument: None,
                spans: Spans::of(text),
                name,
                shown: format!("schema({path:?})"),
                used,
            }),
            Err(error) => {
                let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len);
                let at = (lines.sum::<usize>() + error.column().saturating_sub(1)).min(text.len());
                let said = error.to_string();
                // The place is drawn.
                let said = plain::json(&said.split(" at line ").next().unwrap_or_default());
                let d = Diagnostic::error("E0114", format!("this schema is not JSON: {said}"));
                let d = d.at(Span::new(file, at as u32, at as u32), "here").also(used, "read for this type");
                Err(d.hint("a schema file holds one JSON value"))
            }
        }
    }
}

impl World {
    /// The types of all schema files, in the order in which they were read.
    pub(crate) fn import_schemas(&mut self) {
        for schema in std::mem::take(&mut self.schemas) {
            let place = |pointer: &str| schema.spans.place(schema.file, pointer);
            if let Some(at) = &schema.argument {
                let ty = widened(&mut self.program.structs, &schema.value, at, &schema.name, &place);
                self.schema_types.push(ty);
                continue;
            }
            let first = self.program.structs.len();
            let (mut ty, mut problems) = convert(&mut self.program.structs, &schema.value, &schema.name, &place);
            if problems.iter().any(|problem| problem.code.starts_with('E')) {
                self.program.structs.truncate(first);
                let whole = Schema { text: schema.text.clone(), shown: schema.shown.clone(), view: Type::Json };
                match sgl_constrain::prove(&whole.constraint()) {
                    Ok(()) => {
                        let view = widened(&mut self.program.structs, &schema.value, "", &schema.name, &place);
                        ty = Some(Type::Schema(Arc::new(Schema { view, ..whole })));
                        problems.retain(|problem| problem.code.starts_with('W'));
                    }
                    Err(error) => refused(error, &mut problems),
                }
            }
            for problem in problems {
                // Of a keyword that means nothing, its value is no matter.
                let at = match problem.code {
                    "W0513" => schema.spans.key(schema.file, &problem.pointer),
                    _ => place(&problem.pointer),
                };
                let (at, pointer) = (at, format!("at {}", shown(&problem.pointer)));
                let d = problem.diagnostic(at, &pointer).also(schema.used, "read for this type");
                self.report(d);
            }
            self.schema_types.push(ty.unwrap_or(Type::Error));
        }
    }
}

/// What is told of a schema that no automaton holds: what is not valid in it, or else what the automaton cannot do.
fn refused(error: ConstrainError, problems: &mut Vec<Problem>) {
    problems.retain(|problem| problem.code != "E0115");
    if problems.iter().any(|problem| problem.code.starts_with('E')) {
        return;
    }
    problems.push(match error {
        ConstrainError::Schema { at, keyword, reason, hint } => {
            let pointer = match keyword.as_str() {
                "" => at.trim_start_matches('#').to_owned(),
                keyword => format!("{}/{}", at.trim_start_matches('#'), escape(keyword)),
            };
            Problem { code: "E0115", title: format!("`{keyword}` cannot be held to here: {reason}"), pointer, hint }
        }
        error @ ConstrainError::Unsatisfiable { .. } => Problem {
            code: "E0116",
            title: error.to_string(),
            pointer: String::new(),
            hint: "loosen one of the keywords that contradict each other".to_owned(),
        },
        error => Problem {
            code: "E0115",
            title: error.to_string(),
            pointer: String::new(),
            hint: "write a smaller schema, or check part of it with an `assert`".to_owned(),
        },
    });
}

/// A JSON pointer for people: the root has none.
fn shown(pointer: &str) -> &str {
    if pointer.is_empty() { "the root" } else { pointer }
}
