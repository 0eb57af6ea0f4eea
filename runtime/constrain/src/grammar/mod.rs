//! A grammar's rules → [`Expr`]s that a recursive transition network can follow: no rule allows the empty text, none
//! begins with itself.
//!
//! A rule that may be empty stands for its other texts, and is called optionally. Rules that begin with themselves,
//! directly or through each other, are a left-linear system `A = base | A step | B step …`; its solution is a graph with
//! a state for each of them: begin with some base, then go by steps (Arden's lemma). Alternatives with equal
//! beginnings share them, so that what follows is told apart only where it differs.

mod cursor;
mod gbnf;
mod lark;

use regex_syntax::hir::ClassUnicode;

use crate::error::{ConstrainError, GrammarError};
use crate::lower::expr::{self, Expr};
use crate::lower::regex::{self, Spelling};
use cursor::Place;

/// Brackets inside each other at most.
const DEPTH: usize = 100;
/// Rules at most.
const MOST_RULES: usize = 4096;

/// How a grammar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notation {
    /// That of llama.cpp.
    Gbnf,
    /// That of the Python package lark.
    Lark,
}

/// The rules of a grammar.
#[derive(Debug)]
struct Grammar {
    rules: Vec<Rule>,
    /// The index of the start rule.
    root: usize,
}

/// A name for texts.
#[derive(Debug)]
struct Rule {
    name: String,
    /// Where its name stands.
    at: Place,
    body: Item,
}

/// A part of a rule.
#[derive(Debug, Clone, PartialEq)]
enum Item {
    Text(String),
    Class(ClassUnicode),
    /// A terminal, spelled as the texts are; never empty.
    Terminal(Expr),
    Rule(usize),
    Seq(Vec<Item>),
    Alt(Vec<Item>),
    Repeat(Box<Item>, u32, Option<u32>),
}

/// Adds the rules of the grammar `text` to `rules`, and gives what its start rule allows.
pub(crate) fn lower(
    text: &str,
    notation: Notation,
    spelling: Spelling,
    rules: &mut Vec<(String, Expr)>,
) -> Result<Expr, ConstrainError> {
    let grammar = match notation {
        Notation::Gbnf => gbnf::parse(text),
        Notation::Lark => lark::parse(text, spelling),
    };
    let grammar = grammar.map_err(ConstrainError::Grammar)?;
    let finite = fixpoint(&grammar, finite);
    if let Some(endless) = grammar.rules.iter().zip(&finite).find(|(_, finite)| !**finite).map(|(rule, _)| rule) {
        let problem = format!("every text of the rule `{}` would contain another one, without end", endless.name);
        let hint = "give it an alternative that does without itself";
        return Err(ConstrainError::Grammar(GrammarError::new(text, endless.at.0, endless.at.1, problem, hint)));
    }
    let first = rules.len();
    let lowering =
        Lowering { first, spelling, empty: fixpoint(&grammar, may_be_empty), text: fixpoint(&grammar, has_text) };
    let mut bodies: Vec<Expr> = grammar.rules.iter().map(|rule| lowering.item(&rule.body)).collect();
    within_limit(bodies.iter().map(weight).sum())?;
    bodies.iter_mut().for_each(|body| *body = filled(body));
    let mut helpers = Vec::new();
    for group in groups(&bodies, first) {
        within_limit(group.iter().map(|index| weight(&bodies[*index]).saturating_mul(group.len())).sum())?;
        lowering.straighten(&group, &mut bodies, &mut helpers);
    }
    let name = |index: usize| grammar.rules.get(index).map(|rule| rule.name.clone()).unwrap_or_default();
    rules.extend(bodies.into_iter().enumerate().map(|(index, body)| (name(index), body)));
    rules.extend(helpers.into_iter().map(|(index, body)| (name(index), body)));
    // A rule with the empty text alone is never called, and no rule may be without texts.
    for (_, body) in rules.iter_mut().skip(first) {
        if *body == Expr::Never {
            *body = expr::text(" ");
        }
    }
    Ok(lowering.call(grammar.root))
}

/// The least truth about each rule that `holds` finds from what is known of the others.
fn fixpoint(grammar: &Grammar, holds: impl Fn(&Item, &[bool]) -> bool) -> Vec<bool> {
    let mut known = vec![false; grammar.rules.len()];
    loop {
        let mut changed = false;
        for (index, rule) in grammar.rules.iter().enumerate() {
            if !known[index] && holds(&rule.body, &known) {
                (known[index], changed) = (true, true);
            }
        }
        if !changed {
            return known;
        }
    }
}

fn is_known(rule: usize, known: &[bool]) -> bool {
    known.get(rule).copied().unwrap_or(false)
}

/// Whether some text of it is finite.
fn finite(item: &Item, known: &[bool]) -> bool {
    match item {
        Item::Text(_) | Item::Class(_) | Item::Terminal(_) => true,
        Item::Rule(rule) => is_known(*rule, known),
        Item::Seq(items) => items.iter().all(|item| finite(item, known)),
        Item::Alt(items) => items.iter().any(|item| finite(item, known)),
        Item::Repeat(body, min, _) => *min == 0 || finite(body, known),
    }
}

/// Whether the empty text is one of its texts.
fn may_be_empty(item: &Item, known: &[bool]) -> bool {
    match item {
        Item::Text(text) => text.is_empty(),
        Item::Class(_) | Item::Terminal(_) => false,
        Item::Rule(rule) => is_known(*rule, known),
        Item::Seq(items) => items.iter().all(|item| may_be_empty(item, known)),
        Item::Alt(items) => items.iter().any(|item| may_be_empty(item, known)),
        Item::Repeat(body, min, _) => *min == 0 || may_be_empty(body, known),
    }
}

/// Whether it has a text that is not empty.
fn has_text(item: &Item, known: &[bool]) -> bool {
    match item {
        Item::Text(text) => !text.is_empty(),
        Item::Class(_) | Item::Terminal(_) => true,
        Item::Rule(rule) => is_known(*rule, known),
        Item::Seq(items) | Item::Alt(items) => items.iter().any(|item| has_text(item, known)),
        Item::Repeat(body, _, max) => *max != Some(0) && has_text(body, known),
    }
}

struct Lowering {
    /// Index of the grammar's first rule among all.
    first: usize,
    spelling: Spelling,
    /// Of each rule: whether it allows the empty text, and any other.
    empty: Vec<bool>,
    text: Vec<bool>,
}

impl Lowering {
    fn call(&self, rule: usize) -> Expr {
        match (is_known(rule, &self.text), is_known(rule, &self.empty)) {
            (false, _) => expr::nothing(),
            (true, false) => Expr::Rule(self.first + rule),
            (true, true) => expr::optional(Expr::Rule(self.first + rule)),
        }
    }

    fn item(&self, item: &Item) -> Expr {
        match item {
            Item::Text(text) => Expr::Text(regex::spell(text, self.spelling)),
            Item::Class(class) => regex::spell_class(class, self.spelling),
            Item::Terminal(expr) => expr.clone(),
            Item::Rule(rule) => self.call(*rule),
            Item::Seq(items) => expr::seq(items.iter().map(|item| self.item(item))),
            Item::Alt(items) => factored(items.iter().map(|item| self.item(item)).collect()),
            Item::Repeat(body, min, max) => expr::repeat(self.item(body), *min, *max),
        }
    }

    /// Rewrites rules that begin with each other, each directly or through others with itself.
    fn straighten(&self, group: &[usize], bodies: &mut [Expr], helpers: &mut Vec<(usize, Expr)>) {
        let ids: Vec<usize> = group.iter().map(|index| self.first + index).collect();
        // What each rule begins with otherwise, and by which steps it goes on after one of the group.
        let mut bases = Vec::new();
        let mut steps: Vec<Vec<(Expr, usize)>> = vec![Vec::new(); group.len()];
        for (to, index) in group.iter().enumerate() {
            let split = split(&bodies[*index], &ids);
            bases.push(split.base);
            for (from, step) in split.steps {
                if step != expr::nothing() || from != to {
                    steps[from].push((step, to));
                }
            }
        }
        // A base is used in several places: it becomes a rule of its own.
        for (base, index) in bases.iter_mut().zip(group) {
            if !matches!(base, Expr::Never | Expr::Text(_) | Expr::Rule(_) | Expr::Class(_)) {
                let id = self.first + bodies.len() + helpers.len();
                helpers.push((*index, std::mem::replace(base, Expr::Rule(id))));
            }
        }
        if let ([index], [own], [base], [steps]) = (group, ids.as_slice(), bases.as_slice(), steps.as_slice()) {
            // In `A = base (w A)*` the inner `A` adds nothing to `base (w base)*`, but ways to read the same text.
            let turns = steps.iter().map(|(step, _)| with_last(step.clone(), *own, base));
            bodies[*index] = expr::seq([base.clone(), expr::repeat(factored(turns.collect()), 0, None)]);
            return;
        }
        for (last, index) in group.iter().enumerate() {
            bodies[*index] = machine(&bases, &steps, last);
        }
    }
}

/// The graph that begins with any base, goes by steps, and ends in the state `last`.
fn machine(bases: &[Expr], steps: &[Vec<(Expr, usize)>], last: usize) -> Expr {
    let start = bases.len();
    let mut all: Vec<Vec<(Expr, usize)>> = steps.to_vec();
    all.push(bases.iter().enumerate().map(|(state, base)| (base.clone(), state)).collect());
    expr::machine(all, start, last)
}

/// `step` with a call of `rule` at its end replaced by `by`.
fn with_last(step: Expr, rule: usize, by: &Expr) -> Expr {
    match step {
        Expr::Rule(last) if last == rule => by.clone(),
        Expr::Seq(mut items) => {
            let last = items.pop().map(|last| with_last(last, rule, by));
            expr::seq(items.into_iter().chain(last))
        }
        Expr::Alt(items) => factored(items.into_iter().map(|item| with_last(item, rule, by)).collect()),
        other => other,
    }
}

/// A body, told apart by what it begins with.
struct Split {
    /// Its texts that begin with no rule of the group.
    base: Expr,
    /// Rules of the group that it begins with, by place, and what follows them.
    steps: Vec<(usize, Expr)>,
}

/// Splits a body without the empty text.
fn split(body: &Expr, group: &[usize]) -> Split {
    let plain = |base: &Expr| Split { base: base.clone(), steps: Vec::new() };
    match body {
        Expr::Rule(rule) => match group.iter().position(|member| member == rule) {
            Some(member) => Split { base: Expr::Never, steps: vec![(member, expr::nothing())] },
            None => plain(body),
        },
        Expr::Seq(items) => {
            let mut out = Split { base: Expr::Never, steps: Vec::new() };
            for (at, item) in items.iter().enumerate() {
                let rest = || expr::seq(items.iter().skip(at + 1).cloned());
                let head = split(&filled(item), group);
                out.base = factored(vec![out.base, expr::seq([head.base, rest()])]);
                out.steps.extend(head.steps.into_iter().map(|(rule, step)| (rule, expr::seq([step, rest()]))));
                if !expr::nullable(item) {
                    break;
                }
            }
            out
        }
        Expr::Alt(items) => {
            let parts: Vec<Split> = items.iter().map(|item| split(&filled(item), group)).collect();
            let steps = parts.iter().flat_map(|part| part.steps.iter().cloned()).collect();
            Split { base: factored(parts.into_iter().map(|part| part.base).collect()), steps }
        }
        Expr::Repeat(repeat) => {
            let most = repeat.max.map(|max| max.saturating_sub(1));
            let rest = || expr::repeat(repeat.body.clone(), repeat.min.saturating_sub(1), most);
            let head = split(&filled(&repeat.body), group);
            let steps = head.steps.into_iter().map(|(rule, step)| (rule, expr::seq([step, rest()]))).collect();
            Split { base: expr::seq([head.base, rest()]), steps }
        }
        _ => plain(body),
    }
}

/// `body` without the empty text.
fn filled(body: &Expr) -> Expr {
    if !expr::nullable(body) {
        return body.clone();
    }
    match body {
        Expr::Texts(texts) => expr::alt(texts.iter().filter(|text| !text.is_empty()).map(expr::text)),
        Expr::Seq(items) => {
            // All of them may be empty: one of them is the first that is not.
            let rest = |at: usize| items.iter().skip(at + 1).cloned();
            let ways = items.iter().enumerate();
            expr::alt(ways.map(|(at, item)| expr::seq(std::iter::once(filled(item)).chain(rest(at)))))
        }
        Expr::Alt(items) => expr::alt(items.iter().map(filled)),
        Expr::Repeat(repeat) if expr::nullable(&repeat.body) => expr::repeat(filled(&repeat.body), 1, repeat.max),
        Expr::Repeat(repeat) => expr::repeat(repeat.body.clone(), 1, repeat.max),
        _ => Expr::Never,
    }
}

/// Parts of a grammar at most while its rules are rewritten.
const MOST_PARTS: usize = 1_000_000;

fn within_limit(parts: usize) -> Result<(), ConstrainError> {
    match parts {
        ..=MOST_PARTS => Ok(()),
        _ => Err(ConstrainError::Limit { what: "parts of a grammar", limit: MOST_PARTS }),
    }
}

/// The parts that [`filled`] and [`split`] make of `body` at most: what follows a part that may be empty is written anew.
fn weight(body: &Expr) -> usize {
    match body {
        Expr::Seq(items) => {
            let sizes: Vec<usize> = items.iter().map(size).collect();
            let mut rest: usize = sizes.iter().sum();
            let mut total: usize = 1;
            for (item, size) in items.iter().zip(sizes) {
                rest -= size;
                total = total.saturating_add(weight(item)).saturating_add(rest);
                if !expr::nullable(item) {
                    break;
                }
            }
            total
        }
        Expr::Alt(items) => items.iter().map(weight).fold(1, usize::saturating_add),
        Expr::Repeat(repeat) => weight(&repeat.body).saturating_add(size(&repeat.body)),
        _ => 1,
    }
}

fn size(body: &Expr) -> usize {
    match body {
        Expr::Seq(items) | Expr::Alt(items) => items.iter().map(size).sum::<usize>() + 1,
        Expr::Repeat(repeat) => size(&repeat.body) + 1,
        _ => 1,
    }
}

/// Any one of `items`; those with an equal beginning share it.
fn factored(items: Vec<Expr>) -> Expr {
    let mut shared: Vec<(Expr, Vec<Expr>)> = Vec::new();
    let mut rest = Vec::new();
    for item in items {
        let (head, tail) = match item {
            Expr::Seq(mut parts) if !parts.is_empty() => {
                let head = parts.remove(0);
                (head, expr::seq(parts))
            }
            item @ Expr::Rule(_) => (item, expr::nothing()),
            item => {
                rest.push(item);
                continue;
            }
        };
        match shared.iter_mut().find(|(known, _)| *known == head) {
            Some((_, tails)) => tails.push(tail),
            None => shared.push((head, vec![tail])),
        }
    }
    let shared = shared.into_iter().map(|(head, mut tails)| match tails.len() {
        1 => expr::seq([head, tails.remove(0)]),
        _ => expr::seq([head, factored(tails)]),
    });
    expr::alt(shared.chain(rest).collect::<Vec<_>>())
}

/// The groups of rules that begin with each other, each at last with itself.
fn groups(bodies: &[Expr], first: usize) -> Vec<Vec<usize>> {
    let begins: Vec<Vec<usize>> = bodies
        .iter()
        .map(|body| {
            let mut out = Vec::new();
            beginnings(body, first, &mut out);
            out.sort_unstable();
            out.dedup();
            out
        })
        .collect();
    let reached: Vec<Vec<bool>> = (0..bodies.len())
        .map(|from| {
            let mut reached = vec![false; bodies.len()];
            let mut pending = begins[from].clone();
            while let Some(rule) = pending.pop() {
                if let Some(known @ false) = reached.get_mut(rule) {
                    *known = true;
                    pending.extend(&begins[rule]);
                }
            }
            reached
        })
        .collect();
    let mut out: Vec<Vec<usize>> = Vec::new();
    for rule in (0..bodies.len()).filter(|rule| reached[*rule][*rule]) {
        match out.iter_mut().find(|group| reached[group[0]][rule] && reached[rule][group[0]]) {
            Some(group) => group.push(rule),
            None => out.push(vec![rule]),
        }
    }
    out
}

/// The rules that texts of `body` may begin with.
fn beginnings(body: &Expr, first: usize, out: &mut Vec<usize>) {
    match body {
        Expr::Rule(rule) => out.extend(rule.checked_sub(first)),
        Expr::Seq(items) => {
            for item in items {
                beginnings(item, first, out);
                if !expr::nullable(item) {
                    return;
                }
            }
        }
        Expr::Alt(items) => items.iter().for_each(|item| beginnings(item, first, out)),
        Expr::Repeat(repeat) => beginnings(&repeat.body, first, out),
        _ => {}
    }
}
