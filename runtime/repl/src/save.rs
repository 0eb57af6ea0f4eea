//! The entries of a session in; one program that does the same out.
//!
//! Items stand as they were entered, statements one after another in `prompt main()`; where the session went to an earlier prompt, they
//! go on in `from` that prompt. There every name stands for one thing, so
//! what a later entry declared anew takes another name (`double_1`) up to there. A last expression, whose value a session shows, is
//! printed. What was set stands in each `gen` for which it counted.

use std::collections::HashSet;
use std::ops::Range;

use sgl_check::types::Type;
use sgl_diag::FileId;
use sgl_syntax::ast::{self, AstNode};
use sgl_syntax::{Parse, SyntaxKind, SyntaxToken};

use crate::Entry;

/// Replacements in a text, in any order, none inside another.
#[derive(Default)]
struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    fn put(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.0.push((range, text.into()));
    }

    /// The stretch of the text with the edits in it made. What is put between two stretches belongs to the second.
    fn made(&mut self, text: &str, part: Range<usize>) -> String {
        self.0.sort_by_key(|(range, _)| (range.start, range.end));
        let mut out = String::new();
        let mut at = part.start;
        let is_in = |range: &Range<usize>| {
            part.start <= range.start && (range.start < part.end || part.end == text.len()) && range.end <= part.end
        };
        for (range, new) in self.0.iter().filter(|(range, _)| is_in(range)) {
            out.push_str(text.get(at..range.start).unwrap_or_default());
            out.push_str(new);
            at = range.end.max(at);
        }
        out.push_str(text.get(at..part.end).unwrap_or_default());
        out
    }
}

/// The parts of a program that entries make.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// Imports.
    pub imports: String,
    /// All other items.
    pub items: String,
    /// Statements, one entry after another, as if none had gone to an earlier prompt.
    pub statements: String,
}

/// The program. `about` are the lines of its documentation.
pub fn program(entries: &[Entry], about: &[String]) -> String {
    let (parts, bodies, words) = pieces(entries);
    let about: String = about.iter().map(|line| format!("//! {line}\n")).collect();
    let (ret, body) = body(entries, &bodies, &words);
    let Parts { imports, items, .. } = parts;
    let text = format!("{about}\n{imports}\n{items}\nprompt main(){ret} {{\n{body}}}\n");
    let laid_out = sgl_syntax::format(&sgl_syntax::parse(FileId(0), &text)).ok();
    laid_out.unwrap_or(text)
}

/// What an entry that comes now knows, as text.
pub fn parts(entries: &[Entry]) -> Parts {
    pieces(entries).0
}

/// The parts, the statements of each entry, and all names in them.
fn pieces(entries: &[Entry]) -> (Parts, Vec<String>, HashSet<String>) {
    let parses: Vec<Parse> = entries.iter().map(|entry| sgl_syntax::parse_snippet(FileId(0), &entry.text)).collect();
    let mut edits: Vec<Edits> = entries.iter().map(|_| Edits::default()).collect();
    drop_twins(&parses, &mut edits);
    rename(entries, &parses, &mut edits);
    write_settings(entries, &parses, &mut edits);
    let mut parts = Parts::default();
    let mut bodies = Vec::new();
    for ((entry, parse), edits) in entries.iter().zip(&parses).zip(&mut edits) {
        let (text, file) = (&entry.text, parse.file());
        let docs = tokens(parse).filter(|token| token.kind() == SyntaxKind::FILE_DOC);
        docs.for_each(|token| edits.put(range(&token), ""));
        show_value(entry, file.body().as_ref(), edits);
        let first = file.body().and_then(|body| body.stmts().next());
        let begin = first.map_or(text.len(), |first| first.span().start as usize);
        let last_import = file.items().filter(|item| matches!(item, ast::Item::Import(_))).last();
        let imported = last_import.map_or(0, |import| import.span().end as usize).min(begin);
        let mut statements = String::new();
        let places = [
            (&mut parts.imports, 0..imported),
            (&mut parts.items, imported..begin),
            (&mut statements, begin..text.len()),
        ];
        for (to, part) in places {
            let part = edits.made(text, part);
            if !part.trim().is_empty() {
                to.push_str(part.trim_matches('\n'));
                to.push('\n');
            }
        }
        parts.items.push('\n');
        parts.statements.push_str(&statements);
        bodies.push(statements);
    }
    (parts, bodies, words(&parses))
}

/// The result type and the statements of `main`: each entry on the prompt that it ran on.
fn body(entries: &[Entry], bodies: &[String], words: &HashSet<String>) -> (&'static str, String) {
    let mut prefix = "prompt_".to_string();
    while words.iter().any(|word| word.starts_with(&prefix)) {
        prefix.insert_str(0, "at_");
    }
    // The prompts that entries return to.
    let ends = [0].into_iter().chain(entries.iter().map(|entry| entry.after));
    let visited_again = entries.iter().zip(ends).filter(|(entry, end)| entry.on != *end).map(|(entry, _)| entry.on);
    let visited_again: HashSet<usize> = visited_again.collect();
    let keep = |stop: usize| format!("let {prefix}{stop} = here\n");
    let (mut at, mut open) = (0, 0);
    let mut out = if visited_again.contains(&0) { keep(0) } else { String::new() };
    for (entry, statements) in entries.iter().zip(bodies) {
        if entry.on != at {
            out.push_str(&format!("from {prefix}{} {{\n", entry.on));
            open += 1;
        }
        out.push_str(statements);
        if entry.after != entry.on && visited_again.contains(&entry.after) {
            out.push_str(&keep(entry.after));
        }
        at = entry.after;
    }
    if open == 0 {
        return ("", out);
    }
    out.push_str("here\n");
    out.push_str(&"}\n".repeat(open));
    (" -> prompt", out)
}

fn tokens(parse: &Parse) -> impl Iterator<Item = SyntaxToken> + use<> {
    parse.tree.descendants_with_tokens().filter_map(|element| element.into_token())
}

/// All names that stand anywhere.
fn words(parses: &[Parse]) -> HashSet<String> {
    parses
        .iter()
        .flat_map(tokens)
        .filter(|token| token.kind() == SyntaxKind::IDENT)
        .map(|token| token.text().to_string())
        .collect()
}

fn range(token: &SyntaxToken) -> Range<usize> {
    usize::from(token.text_range().start())..usize::from(token.text_range().end())
}

fn bytes(span: sgl_diag::Span) -> Range<usize> {
    span.start as usize..span.end as usize
}

/// An import that was entered before is not needed again.
fn drop_twins(parses: &[Parse], edits: &mut [Edits]) {
    let mut seen = HashSet::new();
    for (parse, edits) in parses.iter().zip(edits) {
        for item in parse.file().items().filter(|item| matches!(item, ast::Item::Import(_))) {
            let Some(node) = import_of(&item) else { continue };
            if !seen.insert(node.syntax().text().to_string().trim().to_string()) {
                edits.put(bytes(item.span()), "");
            }
        }
    }
}

fn import_of(item: &ast::Item) -> Option<&ast::Node> {
    match item {
        ast::Item::Import(import) => Some(import.node()),
        _ => None,
    }
}

/// The value of the last statement is printed, where it has a text; otherwise it is bound to nothing.
fn show_value(entry: &Entry, body: Option<&ast::Block>, edits: &mut Edits) {
    let Some(expr) = body.and_then(ast::Block::tail) else { return };
    let is_plain = !matches!(
        expr,
        ast::Expr::Role(_)
            | ast::Expr::Gen(_)
            | ast::Expr::Select(_)
            | ast::Expr::If(_)
            | ast::Expr::Match(_)
            | ast::Expr::Try(_)
            | ast::Expr::Block(_)
            | ast::Expr::From(_)
            | ast::Expr::Fork(_)
    );
    let is_template = matches!(&expr, ast::Expr::String(text) if text.flavor() != ast::Flavor::Regex);
    if !is_plain || is_template || entry.value == Type::None {
        return;
    }
    let at = bytes(expr.span());
    if has_text(&entry.value) {
        edits.put(at.start..at.start, "print(");
        edits.put(at.end..at.end, ")");
    } else {
        edits.put(at.start..at.start, "let _ = ");
    }
}

fn has_text(ty: &Type) -> bool {
    match ty {
        Type::Prompt | Type::Image | Type::Model | Type::Tool | Type::Call | Type::Regex | Type::Fn(..) => false,
        Type::Optional(item) | Type::List { item, .. } | Type::Map(item) => has_text(item),
        Type::Tuple(items) => items.iter().all(has_text),
        Type::Record(fields) => fields.iter().all(|(_, ty)| has_text(ty)),
        _ => true,
    }
}

/// Writes what was set into each `gen` that does not say it: in statements what was set when they ran, in items what was set last.
fn write_settings(entries: &[Entry], parses: &[Parse], edits: &mut [Edits]) {
    let Some(last) = entries.last() else { return };
    for ((entry, parse), edits) in entries.iter().zip(parses).zip(edits) {
        let items: Vec<Range<usize>> = parse.file().items().map(|item| bytes(item.span())).collect();
        let nodes = parse.tree.descendants().filter(|node| node.kind() == SyntaxKind::GEN);
        for generation in nodes.filter_map(|node| ast::Gen::cast(ast::Node::new(node, FileId(0)))) {
            let at = bytes(generation.span());
            let in_item = items.iter().any(|item| item.contains(&at.start));
            let set = if in_item { &last.set } else { &entry.set };
            let args = generation.args();
            let says = |key: &str| args.as_ref().is_some_and(|args| args.named(key).is_some());
            let model = args.as_ref().and_then(|args| args.named("model")).and_then(|arg| arg.value());
            let Some(of_model) = model.map_or(Some(Vec::new()), |model| defaults_of(&model, parses)) else { continue };
            // Saved programs run with the seed that was set last.
            let seed = (set.seed != last.set.seed && i64::try_from(set.seed).is_ok()).then(|| set.seed.to_string());
            let arguments = set.arguments.iter().map(|(key, value)| (key.as_str(), value.as_str()));
            let all = arguments.chain(seed.as_deref().map(|seed| ("seed", seed)));
            let missing: Vec<String> = all
                .filter(|(key, _)| !says(key) && !of_model.iter().any(|known| known == key))
                .map(|(key, value)| format!("{key}: {value}"))
                .collect();
            if missing.is_empty() {
                continue;
            }
            let missing = missing.join(", ");
            match args {
                Some(args) => {
                    let begin = bytes(args.node().span()).start + 1;
                    let comma = if args.args().next().is_some() { ", " } else { "" };
                    edits.put(begin..begin, format!("{missing}{comma}"));
                }
                None => edits.put(at.end..at.end, format!("({missing})")),
            }
        }
    }
}

/// The arguments that a model item sets; none where it is not one of the session.
fn defaults_of(model: &ast::Expr, parses: &[Parse]) -> Option<Vec<String>> {
    let ast::Expr::Name(name) = model else { return None };
    let name = name.name()?;
    let items = parses.iter().flat_map(|parse| parse.file().items().collect::<Vec<_>>());
    let item = items.filter_map(|item| match item {
        ast::Item::Model(item) if item.name().is_some_and(|other| other.text() == name.text()) => Some(item),
        _ => None,
    });
    let tree = item.last()?.node().syntax().clone();
    let fields = tree.descendants().filter(|node| node.kind() == SyntaxKind::RECORD_FIELD);
    let keys = fields.filter_map(|field| field.first_token()).map(|token| token.text().to_string());
    Some(keys.collect())
}

/// The names that an entry declares for all that come.
fn declared(parse: &Parse, edits: &Edits) -> Vec<String> {
    let mut names = Vec::new();
    for item in parse.file().items() {
        let name = match &item {
            ast::Item::Type(item) => item.name(),
            ast::Item::Struct(item) => item.name(),
            ast::Item::Const(item) => item.name(),
            ast::Item::Function(item) => item.name(),
            ast::Item::Model(item) => item.name(),
            ast::Item::Test(_) => None,
            ast::Item::Import(import) => {
                if edits.0.iter().any(|(range, _)| *range == bytes(item.span())) {
                    continue;
                }
                let inner = import.names().unwrap_or_default();
                names.extend(
                    inner.iter().filter_map(|name| name.alias().or(name.name())).map(|name| name.text().to_string()),
                );
                match (import.alias(), import.source()) {
                    (None, Some(ast::ImportSource::Module(path))) if inner.is_empty() => path.last().cloned(),
                    (alias, _) => alias,
                }
            }
        };
        names.extend(name.map(|name| name.text().to_string()));
    }
    names
}

/// Gives each name that is declared more than once a name of its own up to where it is declared anew.
fn rename(entries: &[Entry], parses: &[Parse], edits: &mut [Edits]) {
    let mut declarations: Vec<(usize, String)> = Vec::new();
    for (number, (parse, edits)) in parses.iter().zip(edits.iter()).enumerate() {
        declarations.extend(declared(parse, edits).into_iter().map(|name| (number, name)));
    }
    // The statements become an item of this name.
    declarations.push((entries.len(), "main".to_string()));
    let words = words(parses);
    let names: HashSet<&str> = declarations.iter().map(|(_, name)| name.as_str()).collect();
    for name in names {
        let places: Vec<usize> =
            declarations.iter().filter(|(_, other)| other == name).map(|(number, _)| *number).collect();
        for (number, (parse, edits)) in parses.iter().zip(edits.iter_mut()).enumerate() {
            let version = places.iter().filter(|place| **place <= number).count();
            if version == places.len() {
                continue;
            }
            let fresh = (version.max(1)..).map(|n| format!("{name}_{n}")).find(|fresh| !words.contains(fresh));
            let fresh = fresh.unwrap_or_else(|| name.to_string());
            for token in tokens(parse).filter(|token| token.kind() == SyntaxKind::IDENT && token.text() == name) {
                if let Some(new) = renamed(&token, &fresh) {
                    edits.put(range(&token), new);
                }
            }
        }
    }
}

/// What stands for a name in its place; none where it is no name of an item or a variable.
fn renamed(token: &SyntaxToken, fresh: &str) -> Option<String> {
    use SyntaxKind::*;
    let parent = token.parent()?;
    let has_colon =
        parent.children_with_tokens().any(|child| child.as_token().is_some_and(|token| token.text() == ":"));
    match parent.kind() {
        MEMBER | FIELD | BRANCH => None,
        ARG | RECORD_FIELD | FIELD_PAT if has_colon => None,
        RECORD_FIELD | FIELD_PAT => Some(format!("{}: {fresh}", token.text())),
        IMPORT_NAME if parent.children().any(|child| child.kind() == IMPORT_ALIAS) => None,
        IMPORT_NAME => Some(format!("{} as {fresh}", token.text())),
        MODULE_PATH => None,
        _ => Some(fresh.to_string()),
    }
}
