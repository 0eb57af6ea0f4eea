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
use std::sync::Arc;

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Repetition};

use self::first::{Terminal, Why};
use self::python::Check;
use self::read::{Definition, Kind, Node, Statement, is_terminal};
use super::cursor::{Place, Read, wrong};
use super::{Grammar, Item, MOST_RULES, Rule};
use crate::lower::expr::Expr;
use crate::lower::regex::Spelling;

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
        terminals: HashMap::new(),
        ignored: Ignored::Nothing,
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
type Named = (bool, String);

/// A rule to be made: its number, the name of its definition, and what its parameters stand for.
type Pending = (usize, String, HashMap<String, Item>);

struct Resolver<'a> {
    text: &'a str,
    spelling: Spelling,
    own: HashMap<String, Definition>,
    common: HashMap<String, Definition>,
    /// Of each terminal met: its expression and the number of its parts; none while it is being found.
    expressions: HashMap<Named, Option<(Hir, usize)>>,
    /// Parts of expressions made so far.
    parts: usize,
    checks: Vec<Check>,
    rules: Vec<Rule>,
    /// What is known for a rule with its arguments, and for a terminal where it is used.
    known: HashMap<String, Item>,
    pending: Vec<Pending>,
    /// What is known of each terminal or pattern.
    terminals: HashMap<String, Arc<Terminal>>,
    ignored: Ignored,
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
        self.find_ignored(ignored)?;
        let root = self.add_rule("start", start, Item::Seq(Vec::new()))?;
        let inner = self.rule("start", HashMap::new(), String::new(), start)?;
        let body = match &self.ignored {
            Ignored::Nothing => inner,
            Ignored::Behind(ignored) => Item::Seq(vec![ignored.clone(), inner]),
            Ignored::Before(ways) => {
                let ends = Item::Alt(ways.iter().map(|(_, way)| way.clone()).collect());
                Item::Seq(vec![inner, Item::Repeat(Box::new(ends), 0, Some(1))])
            }
        };
        if let Some(rule) = self.rules.get_mut(root) {
            rule.body = body;
        }
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
                None if is_terminal(name) => self.used(node)?,
                None => self.rule(name, HashMap::new(), String::new(), node.at)?,
            },
            Kind::Use(name, args) => {
                let args = args.iter().map(|arg| self.item(arg, values)).collect::<Read<Vec<_>>>()?;
                let key = format!("{args:?}");
                let params = self.own.get(name).map(|definition| definition.params.clone()).unwrap_or_default();
                let values = params.into_iter().map(|(param, _)| param).zip(args).collect();
                self.rule(name, values, key, node.at)?
            }
            Kind::Text { .. } | Kind::Range(..) | Kind::Regex { .. } | Kind::Common(_) => self.used(node)?,
        })
    }

    /// A terminal in a rule, with what is ignored beside it.
    fn used(&mut self, node: &Node) -> Read<Item> {
        let key = key(node);
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let terminal = self.terminal(node)?;
        let whole = self.texts(node, terminal.expr(self.spelling))?;
        let item = match self.ignored.clone() {
            Ignored::Nothing => whole,
            Ignored::Behind(ignored) => Item::Seq(vec![whole, ignored]),
            Ignored::Before(ways) => {
                let (mut free, mut all) = (Vec::new(), Vec::new());
                for (longer, way) in ways {
                    if disjoint(&longer, &terminal.begins()) {
                        free.push(way);
                        continue;
                    }
                    let rest = self.texts(node, terminal.part(&longer, None, self.spelling))?;
                    all.push(Item::Seq(vec![way, rest]));
                }
                let free = Item::Repeat(Box::new(Item::Alt(free)), 0, Some(1));
                all.push(Item::Seq(vec![free, whole]));
                self.shared("terminal", node.at, one_of(all))?
            }
        };
        self.known.insert(key, item.clone());
        Ok(item)
    }

    /// Texts of a terminal as a part of a rule.
    fn texts(&mut self, node: &Node, texts: Result<Expr, Why>) -> Read<Item> {
        match texts {
            Ok(Expr::Never) => Ok(Item::Alt(Vec::new())),
            Ok(expr) => {
                let (name, at) = match &node.kind {
                    Kind::Name(name) => (&**name, self.own.get(name).map_or(node.at, |definition| definition.at)),
                    _ => ("terminal", node.at),
                };
                self.shared(name, at, Item::Terminal(expr))
            }
            Err(why) => self.unusable(node, &why),
        }
    }

    /// Finds what may stand between terminals.
    ///
    /// As in lark, what is ignored is ignored as far as its pattern reaches: after `# note`, `%ignore /#.*/` leaves no
    /// rest of the line for a terminal. So the texts of an ignored terminal are told apart by the characters that
    /// would make them longer. Where no terminal begins with such a one, the ignored texts simply follow each terminal;
    /// otherwise they stand before, and the terminal begins with another.
    fn find_ignored(&mut self, ignored: &[Node]) -> Read<()> {
        if ignored.is_empty() {
            return Ok(());
        }
        let mut begins = ClassUnicode::empty();
        let mut kinds: Vec<(Arc<Terminal>, &Node, ClassUnicode, Vec<usize>)> = Vec::new();
        for node in ignored {
            self.check_ignored(node)?;
            let terminal = self.terminal(node)?;
            match terminal.longest() {
                Ok(longest) => {
                    kinds.extend(longest.into_iter().map(|(longer, ends)| (terminal.clone(), node, longer, ends)));
                }
                Err(why) => return self.unusable(node, &why),
            }
        }
        let bodies: Vec<Definition> = self.own.values().filter(|own| !is_terminal(&own.name)).cloned().collect();
        for definition in &bodies {
            let mut pending = vec![&definition.body];
            while let Some(node) = pending.pop() {
                match &node.kind {
                    Kind::Seq(items) | Kind::Alt(items) | Kind::Use(_, items) => pending.extend(items),
                    Kind::Repeat(body, ..) => pending.push(body),
                    Kind::Name(name) if !is_terminal(name) || definition.params.iter().any(|(own, _)| own == name) => {}
                    _ => begins.union(&self.terminal(node)?.begins()),
                }
            }
        }
        let place = ignored.first().map_or((0, 0), |node| node.at);
        // A kind may follow another of which it does not begin with what would make that longer.
        let mut ways = Vec::new();
        for (index, (terminal, node, longer, ends)) in kinds.iter().enumerate() {
            let mut after = Vec::new();
            for (other, (_, _, longer, _)) in kinds.iter().enumerate() {
                let part = self.texts(node, terminal.part(longer, Some(ends), self.spelling))?;
                after.push(Item::Seq(vec![Item::Rule(other), part]));
            }
            let alone = self.texts(node, terminal.part(&ClassUnicode::empty(), Some(ends), self.spelling))?;
            after.push(alone);
            ways.push((index, longer.clone(), after));
        }
        // The rules of the kinds come behind those of their parts.
        let first = self.rules.len();
        for (_, _, after) in &mut ways {
            for item in after.iter_mut() {
                if let Item::Seq(items) = item
                    && let Some(Item::Rule(other)) = items.first_mut()
                {
                    *other += first;
                }
            }
        }
        let mut chains = Vec::new();
        for (_, longer, after) in ways {
            let rule = self.add_rule("%ignore", place, Item::Alt(after))?;
            chains.push((longer, Item::Rule(rule)));
        }
        self.ignored = if chains.iter().all(|(longer, _)| disjoint(longer, &begins)) {
            let any = Item::Alt(chains.into_iter().map(|(_, chain)| chain).collect());
            Ignored::Behind(Item::Repeat(Box::new(any), 0, Some(1)))
        } else {
            Ignored::Before(chains)
        };
        Ok(())
    }

    fn check_ignored(&self, node: &Node) -> Read<()> {
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
        Ok(())
    }

    /// What is known of a terminal.
    fn terminal(&mut self, node: &Node) -> Read<Arc<Terminal>> {
        let key = key(node);
        if let Some(known) = self.terminals.get(&key) {
            return Ok(known.clone());
        }
        let hir = self.expression(node, false, 0)?;
        match Terminal::new(&hir, &self.checks) {
            Ok(terminal) => {
                let terminal = Arc::new(terminal);
                self.terminals.insert(key, terminal.clone());
                Ok(terminal)
            }
            Err(why) => self.unusable(node, &why),
        }
    }

    fn unusable<T>(&self, node: &Node, why: &Why) -> Read<T> {
        let (place, what) = match &node.kind {
            Kind::Name(name) => {
                (self.own.get(name).map_or(node.at, |definition| definition.at), format!("the terminal `{name}`"))
            }
            _ => (node.at, "this terminal".to_owned()),
        };
        let (problem, hint) = explain(&what, why);
        self.wrong(place, problem, hint)
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

/// What may stand between terminals, and how that is written.
#[derive(Debug, Clone)]
enum Ignored {
    Nothing,
    /// This follows each terminal.
    Behind(Item),
    /// Any one of these stands before a terminal that does not begin with a character of the class.
    Before(Vec<(ClassUnicode, Item)>),
}

/// What tells a terminal from others.
fn key(node: &Node) -> String {
    match &node.kind {
        Kind::Name(name) => name.clone(),
        Kind::Text { text, fold } => format!("{text:?} {fold}"),
        Kind::Regex { pattern, flags } => format!("/{pattern}/{flags}"),
        Kind::Range(from, to) => format!("{from:?}..{to:?}"),
        Kind::Common(name) => format!("common.{name}"),
        _ => format!("{:?}", node.at),
    }
}

fn disjoint(one: &ClassUnicode, other: &ClassUnicode) -> bool {
    let mut both = one.clone();
    both.intersect(other);
    both.ranges().is_empty()
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
        HirKind::Literal(literal) => literal.0.len(),
        _ => 0,
    };
    Some(inner + 1)
}
