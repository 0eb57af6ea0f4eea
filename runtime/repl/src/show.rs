//! A value in; its text, as a program would write it, out.

use std::fmt::Write;

use sgl_check::program::Struct;
use sgl_check::types::Type;
use sgl_host::Value;

/// Lines of values are this long, where that is possible.
const WIDTH: usize = 96;

/// A value and its type: `[1, 2]: list<int>`. None where there is nothing to show.
pub fn typed(value: &Value, ty: &Type, structs: &[Struct]) -> Option<String> {
    if *ty == Type::None {
        return None;
    }
    Some(format!("{}: {}", text(value, structs), ty.show(structs)))
}

/// A value as it is written; texts of several lines, and values that are too long for one, stand in several.
pub fn text(value: &Value, structs: &[Struct]) -> String {
    match value {
        Value::Str(text) if text.trim_end().contains('\n') => block(text),
        value => {
            let mut out = String::new();
            write(value, structs, 0, &mut out);
            out
        }
    }
}

/// A value in one line; of a long text the beginning.
pub fn line(value: &Value, structs: &[Struct]) -> String {
    match value {
        Value::Str(text) if text.chars().nth(WIDTH).is_some() => {
            let beginning: String = text.chars().take(WIDTH).collect();
            format!("{}… of {} characters", quoted(&beginning), text.chars().count())
        }
        value => inline(value, structs),
    }
}

/// The value in one line.
fn inline(value: &Value, structs: &[Struct]) -> String {
    let parts = |values: &[Value]| values.iter().map(|value| inline(value, structs)).collect::<Vec<_>>().join(", ");
    match value {
        Value::None => "none".into(),
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(_) => sgl_host::text_of(value).map_or_else(|_| "?".into(), |text| text.to_string()),
        Value::Str(text) => quoted(text),
        Value::Regex(regex) => pattern(regex.pattern()),
        Value::List(items) => format!("[{}]", parts(items.items())),
        Value::Tuple(items) => format!("({})", parts(items.items())),
        Value::Map(fields) if fields.items().is_empty() => "{}".into(),
        Value::Map(_) | Value::Record(..) => {
            let (name, fields) = named(value, structs);
            let fields: Vec<String> =
                fields.map(|(name, value)| format!("{name}: {}", inline(value, structs))).collect();
            format!("{name}{{ {} }}", fields.join(", "))
        }
        Value::Prompt(prompt) => match prompt.messages().len() {
            0 => "an empty prompt".into(),
            1 => "a prompt of 1 message".into(),
            messages => format!("a prompt of {messages} messages"),
        },
        Value::Image(_) => "a picture".into(),
        Value::Function(_) => "a function".into(),
        Value::Model(_) => "a model".into(),
        Value::Tool(tool) => format!("tool {}", tool.name),
        Value::Later(_) => "…".into(),
    }
}

/// The name of a struct with a space behind it, and the names and values of a map or a record.
fn named<'a>(value: &'a Value, structs: &[Struct]) -> (String, Box<dyn Iterator<Item = (String, &'a Value)> + 'a>) {
    match value {
        Value::Map(fields) => {
            (String::new(), Box::new(fields.items().iter().map(|(name, value)| (quoted(name), value))))
        }
        Value::Record(ty, fields) => {
            let name =
                ty.and_then(|ty| structs.get(ty.0 as usize)).map_or(String::new(), |item| format!("{} ", item.name));
            (name, Box::new(fields.items().iter().map(|(name, value)| (name.to_string(), value))))
        }
        _ => (String::new(), Box::new(std::iter::empty())),
    }
}

fn write(value: &Value, structs: &[Struct], level: usize, out: &mut String) {
    let line = inline(value, structs);
    let begun = out.len() - out.rfind('\n').map_or(0, |at| at + 1);
    if begun + line.chars().count() <= WIDTH {
        out.push_str(&line);
        return;
    }
    let (open, parts, close): (String, Vec<(String, &Value)>, &str) = match value {
        Value::List(items) => ("[".into(), items.items().iter().map(|item| (String::new(), item)).collect(), "]"),
        Value::Tuple(items) => ("(".into(), items.items().iter().map(|item| (String::new(), item)).collect(), ")"),
        Value::Map(_) | Value::Record(..) => {
            let (name, fields) = named(value, structs);
            (format!("{name}{{"), fields.map(|(name, value)| (format!("{name}: "), value)).collect(), "}")
        }
        _ => {
            out.push_str(&line);
            return;
        }
    };
    out.push_str(&open);
    for (name, part) in parts {
        let _ = write!(out, "\n{:1$}{name}", "", (level + 1) * 4);
        write(part, structs, level + 1, out);
        out.push(',');
    }
    let _ = write!(out, "\n{:1$}{close}", "", level * 4);
}

/// A text between quotes, with what a program must escape.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    text.chars().for_each(|c| escape(c, &mut out));
    out.push('"');
    out
}

/// A text of several lines between triple quotes. What a program would take for its indentation is escaped.
fn block(text: &str) -> String {
    let is_blank = |line: &str| line.chars().all(char::is_whitespace);
    let mut lines = text.split('\n').filter(|line| !is_blank(line));
    // One line that does not begin with a space is enough.
    let mut is_indented = lines.all(|line| line.starts_with(' '));
    let mut out = String::from("\"\"\"\n");
    for line in text.split('\n') {
        let mut rest = line;
        if is_blank(line) || is_indented {
            let mut chars = line.chars();
            if let Some(c) = chars.next() {
                code(c, &mut out);
            }
            rest = chars.as_str();
            is_indented &= is_blank(line);
        }
        for (index, part) in rest.split("\"\"\"").enumerate() {
            out.push_str(if index > 0 { "\\\"\\\"\\\"" } else { "" });
            part.chars().for_each(|c| match c {
                '"' => out.push(c),
                c => escape(c, &mut out),
            });
        }
        out.push('\n');
    }
    out + "\"\"\""
}

/// A character of a text between quotes.
fn escape(c: char, out: &mut String) {
    match c {
        '"' | '\\' | '{' | '}' => out.extend(['\\', c]),
        '\n' => out.push_str("\\n"),
        '\t' => out.push_str("\\t"),
        '\r' => out.push_str("\\r"),
        c if c.is_control() => code(c, out),
        c => out.push(c),
    }
}

/// A character by its number.
fn code(c: char, out: &mut String) {
    let _ = write!(out, "\\u{{{:X}}}", c as u32);
}

/// A regular expression. Nothing in it can be escaped: one that does not fit between quotes stands between triple ones.
fn pattern(pattern: &str) -> String {
    let (mut fits, mut escaped) = (true, false);
    for c in pattern.chars() {
        fits &= c != '\n' && (c != '"' || escaped);
        escaped = c == '\\' && !escaped;
    }
    if fits { format!("re\"{pattern}\"") } else { format!("re\"\"\"\n{pattern}\n\"\"\"") }
}
