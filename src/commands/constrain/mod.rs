//! `sglc constrain`: a developer's window on constrained decoding. Arguments in; one text's fate, or the figures of many cases, out.

mod cases;
mod window;
mod within;

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use sgl_diag::plain;
use sgl_trial::cases::Source;
use sgl_trial::{Spread, Tokens};
use sgl_wire::{Draft, Formats, KeyOrder, SchemaOptions, WhiteSpace};

use crate::args::{self, ConstrainArgs, Order, Space};
use crate::models::{self, table::DEFAULT};
use crate::project::Found;
use crate::terminal::{Bars, Complaint, DIM, Exit, NAME};
use crate::{files, load};

/// Holds texts against a constraint.
pub fn run(args: &ConstrainArgs) -> Result<Exit, Complaint> {
    match (source(args)?, &args.within) {
        (Some(source), Some(within)) => within::run(args, &source, within),
        (Some(source), None) => window::run(args, &source),
        (None, _) => cases::run(args),
    }
}

/// What the command line names; none with `--cases`.
fn source(args: &ConstrainArgs) -> Result<Option<Source>, Complaint> {
    if let Some(schema) = &args.schema {
        return schema_of(schema).map(Some);
    }
    if let Some(regex) = &args.regex {
        return Ok(Some(Source::Regex(regex.as_str().into())));
    }
    let Some(path) = &args.grammar else { return Ok(None) };
    let text = read(path)?.into();
    Ok(Some(if args.lark { Source::Lark(text) } else { Source::Gbnf(text) }))
}

/// The schema in a file, or the schema itself.
fn schema_of(word: &str) -> Result<Source, Complaint> {
    let path = Path::new(word);
    let itself = word.trim_start().starts_with('{') || matches!(word.trim(), "true" | "false");
    let text = if itself && !path.is_file() { word.to_owned() } else { read(path)? };
    Ok(Source::Schema(text.into()))
}

/// The text to hold against it.
fn text(args: &ConstrainArgs) -> Result<Option<String>, Complaint> {
    let Some(word) = &args.text else { return Ok(None) };
    if matches!(word.as_str(), "-" | "@-") {
        let mut text = String::new();
        let cannot = |error| Complaint::usage(format!("cannot read standard input: {}", plain::io(&error)));
        return std::io::stdin().read_to_string(&mut text).map(|_| Some(text)).map_err(cannot);
    }
    match word.strip_prefix('@') {
        Some(rest) if !rest.starts_with('@') => read(Path::new(rest)).map(Some),
        Some(rest) => Ok(Some(rest.to_owned())),
        None => Ok(Some(word.clone())),
    }
}

fn read(path: &Path) -> Result<String, Complaint> {
    files::text(path).map_err(Complaint::usage)
}

/// The tokens of the model that the command line names, or else the project, or else the default one.
fn tokens(args: &ConstrainArgs) -> Result<Tokens, Complaint> {
    let found = Found::above(Path::new(""))?;
    let named = args.model.as_deref().or(found.project.model.as_deref());
    let model = found.model(named.unwrap_or(DEFAULT)).source;
    let path = models::resolve(&model, args.offline, &Bars::default())?;
    let tokenizer = load::tokenizer(&path)?;
    let vocabulary = Arc::new(sgl_engine::vocabulary(&tokenizer));
    Ok(Tokens::new(vocabulary, move |text| tokenizer.encode(text)))
}

/// How JSON is written, where the command line does not say.
fn options(args: &ConstrainArgs, order: Order, space: Space) -> SchemaOptions {
    SchemaOptions {
        order: match args.order.unwrap_or(order) {
            Order::Schema => KeyOrder::Schema,
            Order::Any => KeyOrder::Any,
        },
        space: match args.space.unwrap_or(space) {
            Space::Compact => WhiteSpace::Compact,
            Space::Flexible => WhiteSpace::Flexible,
        },
        lenient: args.lenient,
        draft: args.draft.map(|draft| match draft {
            args::Draft::D4 => Draft::D4,
            args::Draft::D6 => Draft::D6,
            args::Draft::D7 => Draft::D7,
            args::Draft::D2019 => Draft::D2019,
            args::Draft::D2020 => Draft::D2020,
        }),
        formats: match args.formats {
            Some(args::Formats::Annotated) => Formats::Annotated,
            _ => Formats::Asserted,
        },
        plain_numbers: false,
    }
}

/// The policies as they stand in JSON.
fn policies(options: SchemaOptions) -> [(&'static str, serde_json::Value); 4] {
    let order = match options.order {
        KeyOrder::Schema => "schema",
        KeyOrder::Any => "any",
    };
    let space = match options.space {
        WhiteSpace::Compact => "compact",
        WhiteSpace::Flexible => "flexible",
    };
    let formats = match options.formats {
        Formats::Asserted => "asserted",
        Formats::Annotated => "annotated",
    };
    [
        ("property_order", order.into()),
        ("white_space", space.into()),
        ("formats", formats.into()),
        ("lenient", options.lenient.into()),
    ]
}

/// Microseconds for people: `4.1 µs`, `1.20 ms`.
fn time(us: f64) -> String {
    match us {
        us if us < 1e3 => format!("{us:.1} µs"),
        us if us < 1e6 => format!("{:.2} ms", us / 1e3),
        us => format!("{:.2} s", us / 1e6),
    }
}

/// `12.5 %` of what there is; nothing of nothing.
fn share(part: usize, whole: usize) -> String {
    if whole == 0 { String::new() } else { format!("{:.1} %", 100.0 * part as f64 / whole as f64) }
}

/// A row of a table: its name in `width` columns, a figure, and what there is to say about it.
fn row(width: usize, name: &str, figure: &str, about: &str) -> String {
    let figure = if figure.is_empty() { String::new() } else { format!(" {figure:>9}") };
    let about = if about.is_empty() { String::new() } else { format!("  {DIM}{about}{DIM:#}") };
    format!("{NAME}{name:<width$}{NAME:#}{figure}{about}\n")
}

/// The median of times, and a line about the rest.
fn times(of: &Spread) -> (String, String) {
    let rest = [("mean", of.mean), ("p99", of.p99), ("max", of.max)].map(|(name, us)| format!("{name} {}", time(us)));
    (time(of.p50), rest.join(", "))
}
