//! The text of a grammar in the notation of the Python package lark → its rules, or where it is wrong and why.
//!
//! The texts are those that lark's Earley parser with the lexer `dynamic_complete` takes: every way to cut a text into
//! terminals counts. What `%ignore` names may stand before and after any terminal. [`read`] gives the definitions, this
//! module finds what names stand for; a terminal is one regular expression ([`python`]), and [`first`] finds its texts.

mod common;
mod first;
mod python;
mod read;

use std::collections::HashMap;

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Repetition};

use self::first::Why;
use self::python::Check;
use self::read::{Definition, Kind, Node, Statement, is_terminal};
use super::cursor::{Place, Read, wrong};
use super::{Grammar, Item, MOST_RULES, Rule};
use crate::expr::Expr;
use crate::regex::Spelling;

/// Parts of all terminals at most.
const MOST_PARTS: usize = 500_000;
/// Parts of a terminal inside each other at most.
const MOST_DEPTH: usize = 500;
/// Terminals named inside each other at most.
const CHAIN: usize = 60;
/// Names shown in a hint.
const SHOWN: usize = 12;

/// Reads the rules of `text`; terminals are spelled as `spelling` says.
pub(super) fn parse(text: &str, spelling: Spelling) -> Read<Grammar> {
    let (own, ignored) = definitions(text)?;
    let resolver = Resolver {
        text,
        spelling,
        own,
        common: common_terminals(),
        expressions: HashMap::new(),
        parts: 0,
        checks: Vec::new(),
        rules: Vec::new(),
        known: HashMap::new(),
        pending: Vec::new(),
        ignored: Item::Seq(Vec::new()),
    };
    resolver.check_names()?;
    resolver.grammar(&ignored)
}

/// The definitions by name, and what is ignored.
fn definitions(text: &str) -> Read<(HashMap<String, Definition>, Vec<Node>)> {
    let mut own: HashMap<String, Definition> = HashMap::new();
    let (mut ignored, mut later) = (Vec::new(), Vec::new());
    for statement in read::read(text)? {
        let new = match statement {
            Statement::Define(definition) => vec![definition],
            Statement::Import { path, at, names } => imported(text, &path, at, names)?,
            Statement::Ignore(node) => {
                ignored.push(node);
                continue;
            }
            Statement::Override(definition) => {
                later.push((definition, true));
                continue;
            }
            Statement::Extend(definition) => {
                later.push((definition, false));
                continue;
            }
        };
        for definition in new {
            let kind = if is_terminal(&definition.name) { "terminal" } else { "rule" };
            let (at, problem) = (definition.at, format!("the {kind} `{}` is defined twice", definition.name));
            if own.insert(definition.name.clone(), definition).is_some() {
                let hint = "join the two with `|`, or give one another name; %override replaces what was imported";
                return Err(wrong(text, at, problem, hint));
            }
        }
    }
    for (definition, replaces) in later {
        let Some(known) = own.get_mut(&definition.name) else {
            let problem = format!("there is no `{}` yet", definition.name);
            return Err(wrong(text, definition.at, problem, "define it without %override or %extend"));
        };
        if replaces {
            *known = definition;
            continue;
        }
        let names = |of: &Definition| of.params.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        if names(known) != names(&definition) {
            let problem = format!("`{}` has other parameters where it is defined", definition.name);
            return Err(wrong(text, definition.at, problem, "give it the same parameters"));
        }
        let at = definition.body.at;
        let before = std::mem::replace(&mut known.body, Node { at, kind: Kind::Alt(Vec::new()) });
        known.body.kind = Kind::Alt(vec![definition.body, before]);
    }
    Ok((own, ignored))
}

/// Definitions for what an `%import` names.
fn imported(text: &str, path: &str, at: Place, names: Vec<(String, String, Place)>) -> Read<Vec<Definition>> {
    let common = common_terminals();
    let known = || {
        let mut names: Vec<&str> = common.keys().map(String::as_str).filter(|name| !name.starts_with('_')).collect();
        names.sort_unstable();
        names.join(", ")
    };
    if path != "common" {
        let hint = format!("only `common` can be imported, as %import common.INT; it has: {}", known());
        let problem = match path {
            "" => "this import names no grammar to import from".to_owned(),
            _ => format!("the grammar `{path}` cannot be imported"),
        };
        return Err(wrong(text, at, problem, hint));
    }
    let one = |(name, own, at): (String, String, Place)| {
        if !common.contains_key(&name) {
            let problem = format!("there is no `{name}` in `common`");
            return Err(wrong(text, at, problem, format!("it has: {}", known())));
        }
        if !is_terminal(&own) {
            let problem = format!("`{name}` is a terminal, and `{own}` the name of a rule");
            return Err(wrong(text, at, problem, "give it a name in upper case"));
        }
        Ok(Definition { name: own, at, params: Vec::new(), body: Node { at, kind: Kind::Common(name) } })
    };
    names.into_iter().map(one).collect()
}

/// The terminals of `common`.
fn common_terminals() -> HashMap<String, Definition> {
    let statements = read::read(common::COMMON).unwrap_or_default();
    let definitions = statements.into_iter().filter_map(|statement| match statement {
        Statement::Define(definition) => Some((definition.name.clone(), definition)),
        _ => None,
    });
    definitions.collect()
}

/// A name of a terminal: whether it is one of `common`, and the name.
type Terminal = (bool, String);

/// A rule to be made: its number, the name of its definition, and what its parameters stand for.
type Pending = (usize, String, HashMap<String, Item>);

struct Resolver<'a> {
    text: &'a str,
    spelling: Spelling,
    own: HashMap<String, Definition>,
    common: HashMap<String, Definition>,
    /// Of each terminal met: its expression and the number of its parts; none while it is being found.
    expressions: HashMap<Terminal, Option<(Hir, usize)>>,
    /// Parts of expressions made so far.
    parts: usize,
    checks: Vec<Check>,
    rules: Vec<Rule>,
    /// What is known for a rule with its arguments, a terminal or a pattern.
    known: HashMap<String, Item>,
    pending: Vec<Pending>,
    /// What may follow each terminal.
    ignored: Item,
}

impl Resolver<'_> {
    fn wrong<T>(&self, place: Place, problem: impl Into<String>, hint: impl Into<String>) -> Read<T> {
        Err(wrong(self.text, place, problem, hint))
    }

    /// The names of all rules, or of all terminals.
    fn names(&self, terminals: bool) -> String {
        let mut names: Vec<&str> = self.own.keys().map(String::as_str).collect();
        names.retain(|name| is_terminal(name) == terminals);
        names.sort_unstable();
        let what = if terminals { "terminals" } else { "rules" };
        match names.len() {
            0 => format!("there are no {what}"),
            count => {
                let more = if count > SHOWN { ", …" } else { "" };
                names.truncate(SHOWN);
                format!("the {what} are: {}{more}", names.join(", "))
            }
        }
    }

    /// Checks every name in every definition, also in those that are never used.
    fn check_names(&self) -> Read<()> {
        let mut definitions: Vec<&Definition> = self.own.values().collect();
        definitions.sort_unstable_by_key(|definition| definition.at);
        for definition in definitions {
            for (index, (param, at)) in definition.params.iter().enumerate() {
                let twice = definition.params.iter().take(index).any(|(other, _)| other == param);
                if twice || self.own.contains_key(param) {
                    let problem = format!("the parameter `{param}` has a name that is taken");
                    return self.wrong(*at, problem, "give it another name");
                }
            }
            if is_terminal(&definition.name) && !definition.params.is_empty() {
                return self.wrong(definition.at, "a terminal has no parameters", "make it a rule");
            }
            let mut pending = vec![&definition.body];
            while let Some(node) = pending.pop() {
                match &node.kind {
                    Kind::Seq(items) | Kind::Alt(items) => pending.extend(items.iter().rev()),
                    Kind::Repeat(body, ..) => pending.push(body),
                    Kind::Name(name) => self.check_name(definition, name, None, node.at)?,
                    Kind::Use(name, args) => {
                        self.check_name(definition, name, Some(args.len()), node.at)?;
                        pending.extend(args.iter().rev());
                    }
                    Kind::Text { .. } | Kind::Regex { .. } | Kind::Range(..) | Kind::Common(_) => {}
                }
            }
        }
        Ok(())
    }

    fn check_name(&self, inside: &Definition, name: &str, args: Option<usize>, at: Place) -> Read<()> {
        if inside.params.iter().any(|(param, _)| param == name) {
            return match args {
                None => Ok(()),
                Some(_) => self.wrong(at, format!("the parameter `{name}` is no template"), "use it without { }"),
            };
        }
        let Some(definition) = self.own.get(name) else {
            let terminal = is_terminal(name);
            let kind = if terminal { "terminal" } else { "rule" };
            let hint = match self.common.contains_key(name) {
                true => format!("import it: %import common.{name}"),
                false => self.names(terminal),
            };
            return self.wrong(at, format!("there is no {kind} `{name}`"), hint);
        };
        if is_terminal(&inside.name) && !is_terminal(name) {
            let problem = format!("the terminal `{}` cannot have the rule `{name}` in it", inside.name);
            let hint = "a terminal is a regular expression; make it a rule with a name in lower case";
            return self.wrong(at, problem, hint);
        }
        let (wanted, given) = (definition.params.len(), args.unwrap_or(0));
        match (wanted == given, args) {
            (true, None) => Ok(()),
            (true, Some(_)) if wanted > 0 => Ok(()),
            _ if wanted == 0 => self.wrong(at, format!("`{name}` is no template"), "use it without { }"),
            _ => {
                let problem = format!("the template `{name}` takes {wanted} arguments, not {given}");
                self.wrong(at, problem, format!("write {name}{{…}} with {wanted} arguments"))
            }
        }
    }

    fn grammar(mut self, ignored: &[Node]) -> Read<Grammar> {
        let start = match self.own.get("start") {
            Some(start) if start.params.is_empty() => start.at,
            Some(start) => return self.wrong(start.at, "the rule `start` has parameters", "name another rule `start`"),
            None => {
                return self.wrong(
                    (0, 0),
                    "there is no rule `start`",
                    "name the rule that everything begins with `start`",
                );
            }
        };
        let nodes = ignored.iter().map(|node| self.ignored_terminal(node)).collect::<Read<Vec<_>>>()?;
        if !nodes.is_empty() {
            let body = Item::Repeat(Box::new(one_of(nodes)), 0, None);
            self.ignored = self.shared("%ignore", ignored.first().map_or((0, 0), |node| node.at), body)?;
        }
        let root = self.rules.len();
        let whole = Item::Seq(vec![self.ignored.clone(), Item::Rule(root + 1)]);
        self.rules.push(Rule { name: "start".into(), at: start, body: whole });
        self.rule("start", HashMap::new(), String::new(), start)?;
        while let Some((index, name, values)) = self.pending.pop() {
            let Some(body) = self.own.get(&name).map(|definition| definition.body.clone()) else { continue };
            let body = self.item(&body, &values)?;
            if let Some(rule) = self.rules.get_mut(index) {
                rule.body = body;
            }
        }
        Ok(Grammar { rules: self.rules, root })
    }

    /// `body` as a rule of its own, unless it is short.
    fn shared(&mut self, name: &str, at: Place, body: Item) -> Read<Item> {
        if is_short(&body) {
            return Ok(body);
        }
        Ok(Item::Rule(self.add_rule(name, at, body)?))
    }

    fn add_rule(&mut self, name: &str, at: Place, body: Item) -> Read<usize> {
        if self.rules.len() >= MOST_RULES {
            let hint = "write fewer; a template that uses itself with ever new arguments has no end";
            return self.wrong(at, format!("there are more than {MOST_RULES} rules"), hint);
        }
        self.rules.push(Rule { name: name.to_owned(), at, body });
        Ok(self.rules.len() - 1)
    }

    /// The rule of a definition, with `values` for its parameters, which `key` tells apart.
    fn rule(&mut self, name: &str, values: HashMap<String, Item>, key: String, at: Place) -> Read<Item> {
        let key = format!("{name}{{{key}}}");
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let at = self.own.get(name).map_or(at, |definition| definition.at);
        let index = self.add_rule(name, at, Item::Seq(Vec::new()))?;
        self.known.insert(key, Item::Rule(index));
        self.pending.push((index, name.to_owned(), values));
        Ok(Item::Rule(index))
    }

    /// A part of a rule, where the parameters stand for `values`.
    fn item(&mut self, node: &Node, values: &HashMap<String, Item>) -> Read<Item> {
        Ok(match &node.kind {
            Kind::Seq(items) => Item::Seq(items.iter().map(|item| self.item(item, values)).collect::<Read<_>>()?),
            Kind::Alt(items) => one_of(items.iter().map(|item| self.item(item, values)).collect::<Read<_>>()?),
            Kind::Repeat(body, min, max) => Item::Repeat(Box::new(self.item(body, values)?), *min, *max),
            Kind::Name(name) => match values.get(name) {
                Some(value) => value.clone(),
                None if is_terminal(name) => {
                    let terminal = self.terminal(node, name, name)?;
                    self.then_ignored(terminal)
                }
                None => self.rule(name, HashMap::new(), String::new(), node.at)?,
            },
            Kind::Use(name, args) => {
                let args = args.iter().map(|arg| self.item(arg, values)).collect::<Read<Vec<_>>>()?;
                let key = format!("{args:?}");
                let params = self.own.get(name).map(|definition| definition.params.clone()).unwrap_or_default();
                let values = params.into_iter().map(|(param, _)| param).zip(args).collect();
                self.rule(name, values, key, node.at)?
            }
            Kind::Text { text, fold: false } => self.then_ignored(Item::Text(text.clone())),
            Kind::Range(from, to) => self.then_ignored(Item::Class(range(*from, *to))),
            Kind::Text { text, fold: true } => {
                let terminal = self.terminal(node, text, &format!("\"{text}\"i"))?;
                self.then_ignored(terminal)
            }
            Kind::Regex { pattern, flags } => {
                let terminal = self.terminal(node, pattern, &format!("/{pattern}/{flags}"))?;
                self.then_ignored(terminal)
            }
            Kind::Common(name) => {
                let terminal = self.terminal(node, name, &format!("common.{name}"))?;
                self.then_ignored(terminal)
            }
        })
    }

    fn then_ignored(&self, terminal: Item) -> Item {
        match &self.ignored {
            Item::Seq(nothing) if nothing.is_empty() => terminal,
            ignored => Item::Seq(vec![terminal, ignored.clone()]),
        }
    }

    fn ignored_terminal(&mut self, node: &Node) -> Read<Item> {
        let mut pending = vec![node];
        while let Some(part) = pending.pop() {
            match &part.kind {
                Kind::Seq(items) | Kind::Alt(items) => pending.extend(items.iter().rev()),
                Kind::Repeat(body, ..) => pending.push(body),
                Kind::Name(name) | Kind::Use(name, _) if !is_terminal(name) => {
                    let hint = "%ignore takes a terminal: give it a name in upper case";
                    return self.wrong(part.at, format!("the rule `{name}` cannot be ignored"), hint);
                }
                Kind::Name(name) if !self.own.contains_key(name) => {
                    let hint = match self.common.contains_key(name) {
                        true => format!("import it: %import common.{name}"),
                        false => self.names(true),
                    };
                    return self.wrong(part.at, format!("there is no terminal `{name}`"), hint);
                }
                _ => {}
            }
        }
        self.terminal(node, "%ignore", &format!("%ignore {:?}", node.at))
    }

    /// The texts of a terminal, which `key` tells apart from others.
    fn terminal(&mut self, node: &Node, name: &str, key: &str) -> Read<Item> {
        if let Some(known) = self.known.get(key) {
            return Ok(known.clone());
        }
        let hir = self.expression(node, false, 0)?;
        let (place, what) = match &node.kind {
            Kind::Name(name) => {
                (self.own.get(name).map_or(node.at, |definition| definition.at), format!("the terminal `{name}`"))
            }
            _ => (node.at, "this terminal".to_owned()),
        };
        let expr = match first::lower(&hir, &self.checks, self.spelling) {
            Ok(expr) => expr,
            Err(why) => {
                let (problem, hint) = explain(&what, &why);
                return self.wrong(place, problem, hint);
            }
        };
        let item = self.shared(name, place, Item::Terminal(expr))?;
        self.known.insert(key.to_owned(), item.clone());
        Ok(item)
    }

    /// The regular expression of a part of a terminal; one of `common` where `common`.
    fn expression(&mut self, node: &Node, common: bool, chain: usize) -> Read<Hir> {
        self.parts += 1;
        Ok(match &node.kind {
            Kind::Seq(items) => {
                let items = items.iter().map(|item| self.expression(item, common, chain));
                Hir::concat(items.collect::<Read<_>>()?)
            }
            Kind::Alt(items) => {
                let mut items =
                    items.iter().map(|item| self.expression(item, common, chain)).collect::<Read<Vec<_>>>()?;
                // The longest is tried first, as in lark.
                let width = |hir: &Hir| {
                    let most = hir.properties().maximum_len().unwrap_or(usize::MAX);
                    (most, hir.properties().minimum_len().unwrap_or(0))
                };
                items.sort_by_key(|item| std::cmp::Reverse(width(item)));
                Hir::alternation(items)
            }
            Kind::Repeat(body, min, max) => {
                let sub = Box::new(self.expression(body, common, chain)?);
                Hir::repetition(Repetition { min: *min, max: *max, greedy: true, sub })
            }
            Kind::Text { text, fold: false } => Hir::literal(text.as_bytes()),
            Kind::Text { text, fold: true } => self.pattern(&regex_syntax::escape(text), "i", node.at)?,
            Kind::Regex { pattern, flags } => self.pattern(pattern, flags, node.at)?,
            Kind::Range(from, to) => Hir::class(Class::Unicode(range(*from, *to))),
            Kind::Name(name) => self.named(common, name, node.at, chain)?,
            Kind::Common(name) => self.named(true, name, node.at, chain)?,
            Kind::Use(name, _) => {
                return self.wrong(
                    node.at,
                    format!("the template `{name}` cannot stand in a terminal"),
                    "write it out",
                );
            }
        })
    }

    fn pattern(&mut self, pattern: &str, flags: &str, at: Place) -> Read<Hir> {
        let parsed = python::parse(pattern, flags, &mut self.checks);
        parsed.or_else(|reason| {
            let hint = "patterns are written as Python writes them, without references back";
            self.wrong(at, format!("this pattern cannot be used: {reason}"), hint)
        })
    }

    /// The regular expression of a terminal with a name.
    fn named(&mut self, common: bool, name: &str, at: Place, chain: usize) -> Read<Hir> {
        let large = |this: &Self| {
            let hint = "write them shorter, or make rules of some";
            this.wrong(
                at,
                format!("the terminals have more than {MOST_PARTS} parts, or too many inside each other"),
                hint,
            )
        };
        let key = (common, name.to_owned());
        match self.expressions.get(&key) {
            Some(Some((hir, parts))) => {
                self.parts += parts;
                if self.parts > MOST_PARTS {
                    return large(self);
                }
                return Ok(hir.clone());
            }
            Some(None) => {
                let hint = "a terminal is a regular expression; make it a rule with a name in lower case";
                return self.wrong(at, format!("the terminal `{name}` contains itself"), hint);
            }
            None => {}
        }
        if chain > CHAIN {
            return large(self);
        }
        self.expressions.insert(key.clone(), None);
        let from = if common { &self.common } else { &self.own };
        let Some(body) = from.get(name).map(|definition| definition.body.clone()) else {
            return self.wrong(at, format!("there is no terminal `{name}`"), self.names(true));
        };
        let hir = self.expression(&body, common, chain + 1)?;
        let Some(parts) = parts(&hir, 0) else { return large(self) };
        self.expressions.insert(key, Some((hir.clone(), parts)));
        Ok(hir)
    }
}

/// Why a terminal cannot be used, and what to do.
fn explain(what: &str, why: &Why) -> (String, &'static str) {
    match why {
        Why::Never => (format!("{what} matches no text"), "an assertion or class in it can never hold"),
        Why::Empty => (
            format!("{what} matches the empty text"),
            "a terminal has at least one character: write + for *, and ? where it is used",
        ),
        Why::Before => (
            format!("{what} asks what stands before it"),
            "look-around sees the text of its terminal alone: take what stands before into the pattern, or the assertion out",
        ),
        Why::Behind => (
            format!("{what} asks what follows it"),
            "look-around sees the text of its terminal alone: take what follows into the pattern, or the assertion out",
        ),
        Why::Unsupported(part) => (format!("{what} has {part}, which is not supported"), "write it without"),
        Why::Large => (format!("{what} is too large"), "use smaller counts, or make a rule of it"),
    }
}

fn one_of(mut items: Vec<Item>) -> Item {
    if items.len() == 1 { items.remove(0) } else { Item::Alt(items) }
}

/// Whether it is written where it is used, and not as a rule to call.
fn is_short(item: &Item) -> bool {
    match item {
        Item::Terminal(Expr::Text(_) | Expr::Class(_)) => true,
        Item::Terminal(Expr::Texts(texts)) => texts.len() <= 4,
        Item::Terminal(Expr::Repeat(repeat)) => matches!(repeat.body, Expr::Class(_)),
        Item::Repeat(body, 0, None) => is_short(body),
        _ => false,
    }
}

fn range(from: char, to: char) -> ClassUnicode {
    ClassUnicode::new([ClassUnicodeRange::new(from, to)])
}

/// The number of parts of an expression; none if too many stand inside each other.
fn parts(hir: &Hir, depth: usize) -> Option<usize> {
    if depth > MOST_DEPTH {
        return None;
    }
    let inner = match hir.kind() {
        HirKind::Repetition(repetition) => parts(&repetition.sub, depth + 1)?,
        HirKind::Capture(capture) => parts(&capture.sub, depth + 1)?,
        HirKind::Concat(items) | HirKind::Alternation(items) => {
            items.iter().map(|item| parts(item, depth + 1)).sum::<Option<usize>>()?
        }
        _ => 0,
    };
    Some(inner + 1)
}
