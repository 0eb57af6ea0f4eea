//! Files of cases, a JSON object a line, packed with gzip or not → [`Case`]s, with the line of what is wrong.
//!
//! A case has an `id`, `tests`, and one of `schema`, `regex`, or `grammar` with `kind` (`gbnf` or `lark`). A test has `valid`
//! and either `data`, any JSON, or `text`. Fields that are not needed are passed over.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use sgl_wire::{Constraint, Draft, Formats, SchemaOptions};

use crate::python;

/// Bytes of a line at most.
const LONGEST_LINE: u64 = 64 << 20;

/// What the source of a case of JSON Schema's own test suite begins with. Its formats are annotations, but where it says so.
const SUITE: &str = "JSON-Schema-Test-Suite";

/// What the texts of a case are held to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A JSON Schema, as its text.
    Schema(Arc<str>),
    /// A regular expression, matched from end to end.
    Regex(Arc<str>),
    /// A grammar in llama.cpp's notation.
    Gbnf(Arc<str>),
    /// A grammar in the notation of Lark.
    Lark(Arc<str>),
}

impl Source {
    /// The constraint; `options` are for schemas.
    pub fn constraint(&self, options: SchemaOptions) -> Constraint {
        match self {
            Source::Schema(text) => Constraint::JsonSchema { text: text.clone(), options },
            Source::Regex(text) => Constraint::Regex(text.clone()),
            Source::Gbnf(text) => Constraint::Grammar(text.clone()),
            Source::Lark(text) => Constraint::Lark(text.clone()),
        }
    }
}

/// A constraint with texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its name in the file.
    pub id: String,
    /// What texts are held to.
    pub source: Source,
    /// The draft of a schema that names none.
    pub draft: Option<Draft>,
    /// Whether `format` is asserted, where the case says it.
    pub formats: Option<Formats>,
    /// Whether no text at all is right, so that compiling it is a mistake.
    pub unsatisfiable: bool,
    /// The texts.
    pub tests: Vec<Test>,
}

impl Case {
    /// The options of a run, with what the case itself says.
    pub fn options(&self, run: SchemaOptions) -> SchemaOptions {
        SchemaOptions { draft: self.draft.or(run.draft), formats: self.formats.unwrap_or(run.formats), ..run }
    }
}

/// A text and whether it is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// Whether it should be accepted.
    pub valid: bool,
    /// Whether the other answer is right, too.
    pub either: bool,
    /// Whether it is invalid only where `format` is asserted.
    pub needs_format: bool,
    /// The text; JSON is written as Python writes it.
    pub text: String,
}

impl Test {
    /// Whether both answers are right where schemas are read so.
    pub fn either_under(&self, options: SchemaOptions) -> bool {
        self.either || self.needs_format && options.formats == Formats::Annotated
    }
}

/// A line that holds no case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

/// The cases of a file, one after the other; only one is held at a time.
pub struct Cases<'a> {
    reader: Box<dyn BufRead + 'a>,
    line: usize,
    done: bool,
}

impl<'a> Cases<'a> {
    /// Of a file's bytes; gzip is known by its first two.
    pub fn new(file: impl Read + 'a) -> io::Result<Self> {
        let mut plain = BufReader::new(file);
        let packed = plain.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let reader: Box<dyn BufRead> =
            if packed { Box::new(BufReader::new(MultiGzDecoder::new(plain))) } else { Box::new(plain) };
        Ok(Self { reader, line: 0, done: false })
    }

    /// The next line that is not blank, as its bytes; an error is the last item.
    fn next_line(&mut self) -> Option<Result<Vec<u8>, String>> {
        loop {
            let mut bytes = Vec::new();
            self.line += 1;
            let outcome = Read::take(&mut self.reader, LONGEST_LINE + 1).read_until(b'\n', &mut bytes);
            match outcome {
                Err(error) => {
                    self.done = true;
                    return Some(Err(format!("the file cannot be read on: {error}")));
                }
                Ok(0) => return None,
                Ok(read) if read as u64 > LONGEST_LINE => {
                    self.done = true;
                    return Some(Err(format!("the line is longer than {} MiB", LONGEST_LINE >> 20)));
                }
                Ok(_) if bytes.trim_ascii().is_empty() => {}
                Ok(_) => return Some(Ok(bytes)),
            }
        }
    }
}

impl Iterator for Cases<'_> {
    type Item = Result<Case, BadLine>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let line = self.next_line()?;
        let case = line.and_then(|bytes| {
            let text = std::str::from_utf8(&bytes)
                .map_err(|error| format!("byte {} of the line is not UTF-8", error.valid_up_to() + 1))?;
            read(text.trim(), self.line)
        });
        Some(case.map_err(|problem| BadLine { line: self.line, problem }))
    }
}

#[derive(Deserialize)]
struct RawCase<'a> {
    id: Option<String>,
    kind: Option<String>,
    #[serde(borrow, default, deserialize_with = "present")]
    schema: Option<&'a RawValue>,
    regex: Option<String>,
    grammar: Option<String>,
    source: Option<String>,
    draft: Option<String>,
    #[serde(default)]
    format_assert: bool,
    #[serde(default)]
    unsatisfiable: bool,
    #[serde(borrow)]
    tests: Vec<RawTest<'a>>,
}

#[derive(Deserialize)]
struct RawTest<'a> {
    valid: bool,
    #[serde(borrow, default, deserialize_with = "present")]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "truthy")]
    format_fails: bool,
    #[serde(default, deserialize_with = "truthy")]
    edge_ignore: bool,
    #[serde(default, deserialize_with = "truthy")]
    needs_format: bool,
}

/// `null` is a value, too.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

/// Marks are booleans in some files and lists of reasons in others.
fn truthy<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    let value = <&RawValue>::deserialize(from)?;
    Ok(!matches!(value.get(), "false" | "null" | "0" | "\"\"" | "[]" | "{}"))
}

/// The draft of a name as `draft7` or `draft2020-12`.
fn draft(name: &str) -> Option<Draft> {
    Some(match name.strip_prefix("draft")? {
        "4" => Draft::D4,
        "6" => Draft::D6,
        "7" => Draft::D7,
        "2019-09" => Draft::D2019,
        "2020-12" => Draft::D2020,
        _ => return None,
    })
}

fn read(text: &str, line: usize) -> Result<Case, String> {
    let raw: RawCase<'_> = serde_json::from_str(text).map_err(|error| {
        let said = error.to_string();
        let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(said, _)| said);
        format!("{said}, at column {}", error.column())
    })?;
    let source = match (raw.schema, raw.regex, raw.grammar, raw.kind.as_deref()) {
        (Some(schema), None, None, _) => Source::Schema(schema.get().into()),
        (None, Some(regex), None, _) => Source::Regex(regex.into()),
        (None, None, Some(grammar), Some("gbnf")) => Source::Gbnf(grammar.into()),
        (None, None, Some(grammar), Some("lark")) => Source::Lark(grammar.into()),
        (None, None, Some(_), _) => return Err("the `kind` of a `grammar` is `gbnf` or `lark`".into()),
        (None, None, None, _) => return Err("a case needs one of `schema`, `regex` and `grammar`".into()),
        _ => return Err("a case has only one of `schema`, `regex` and `grammar`".into()),
    };
    let tests = raw.tests.into_iter().enumerate().map(|(index, test)| {
        let text = match (test.data, test.text) {
            (Some(data), None) => python::dumps(data.get()),
            (None, Some(text)) => Ok(text.into_owned()),
            _ => Err("it needs either `data` or `text`".into()),
        };
        let text = text.map_err(|problem| format!("test {index}: {problem}"))?;
        let either = test.format_fails || test.edge_ignore;
        Ok(Test { valid: test.valid, either, needs_format: test.needs_format, text })
    });
    let suite = raw.source.is_some_and(|source| source.starts_with(SUITE));
    let formats = match raw.format_assert {
        true => Some(Formats::Asserted),
        false => suite.then_some(Formats::Annotated),
    };
    Ok(Case {
        id: raw.id.unwrap_or_else(|| format!("line {line}")),
        source,
        draft: raw.draft.as_deref().and_then(draft),
        formats,
        unsatisfiable: raw.unsatisfiable,
        tests: tests.collect::<Result<_, String>>()?,
    })
}
