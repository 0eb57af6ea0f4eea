//! Formulas of null, booleans, numbers and strings → their JSON texts.

use std::sync::Arc;

use super::formula::{Formula, Kind, Lit, Properties};
use super::keywords::Translator;
use super::normal::{Node, Normal};
use super::problem::Problem;
use super::tableau::Reduced;
use crate::lower::expr::{self, Expr};
use crate::lower::json;
use crate::lower::regex::Spelling;
use crate::regular::{Decimal, Lang, Numbers, Reason};

impl Translator {
    /// What a property of this name must be.
    pub(super) fn at_name(&self, properties: &Properties, name: &str) -> Vec<Lit> {
        let named = properties.named.iter().filter(|(other, _)| **other == *name).map(|(_, lit)| *lit);
        let has = |pattern: &Arc<str>| self.patterns.get(pattern).is_some_and(|lang| lang.contains(name));
        let patterns = properties.patterns.iter().filter(|(pattern, _)| has(pattern)).map(|(_, lit)| *lit);
        let all: Vec<Lit> = named.chain(patterns).collect();
        if all.is_empty() { vec![properties.rest] } else { all }
    }
}

impl Normal {
    /// The texts of all scalars that a node allows.
    pub(super) fn scalars(&mut self, node: &Node) -> Result<Expr, Problem> {
        let lits = &node.lits;
        let mut out = Vec::new();
        if lits.iter().all(|lit| self.translator.formulas.truth(*lit, Kind::Null) == Some(true)) {
            out.push(expr::text("null"));
        }
        for value in [true, false] {
            if lits.iter().all(|lit| self.allows(*lit, value)) {
                out.push(expr::text(value.to_string()));
            }
        }
        for kind in [Kind::Number, Kind::String] {
            let truths: Vec<_> = lits.iter().map(|lit| self.translator.formulas.truth(*lit, kind)).collect();
            if truths.contains(&Some(false)) {
                continue;
            }
            let open: Vec<Lit> =
                lits.iter().zip(truths).filter(|(_, truth)| truth.is_none()).map(|(lit, _)| *lit).collect();
            let key = (kind as u8, node.canonical, open);
            if let Some(known) = self.scalars.get(&key) {
                out.push(known.clone());
                continue;
            }
            let texts = self.texts_of(kind, &key.2, node.canonical)?;
            if texts == Expr::Never && out.is_empty() {
                let kind = if kind == Kind::String { "string" } else { "number" };
                self.because(node, || format!("no {kind} satisfies all that is asked of it"));
            }
            out.push(texts.clone());
            self.scalars.insert(key, texts);
        }
        Ok(expr::alt(out))
    }

    fn texts_of(&mut self, kind: Kind, lits: &[Lit], canonical: bool) -> Result<Expr, Problem> {
        if kind == Kind::String
            && !canonical
            && let Some((min, max)) = self.only_length(lits)
        {
            return Ok(json::string(min, max));
        }
        let plain = kind == Kind::Number && self.translator.options.plain_numbers;
        let lang = self.lang(kind, lits, canonical || plain)?;
        if lang.is_empty() {
            return Ok(Expr::Never);
        }
        if kind == Kind::Number {
            return lang.expr(Spelling::Plain).map_err(|reason| self.refused(lits, reason));
        }
        Ok(json::quoted(lang.expr(Spelling::Json).map_err(|reason| self.refused(lits, reason))?))
    }

    /// The lengths of strings of which nothing else is asked.
    fn only_length(&self, lits: &[Lit]) -> Option<(u32, Option<u32>)> {
        let (mut min, mut max) = (0, None);
        for lit in self.flat(lits) {
            match &*self.translator.formulas.get(lit) {
                Formula::Length(least, most) if lit.is_positive() => (min, max) = both((min, max), (*least, *most)),
                _ => return None,
            }
        }
        Some((min, max))
    }

    /// The numbers' texts, or the strings, that satisfy all of `lits`.
    pub(super) fn lang(&mut self, kind: Kind, lits: &[Lit], canonical: bool) -> Result<Lang, Problem> {
        let refuse = |this: &Self| {
            let (this, lits) = (this.place(lits), lits.to_vec());
            move |reason| refused(this.clone(), &lits, reason)
        };
        let refuse = refuse(self);
        if let Some(few) = self.few(kind, lits, canonical)? {
            return Ok(few);
        }
        let mut numbers = Numbers { canonical, ..Numbers::default() };
        let mut lengths = (0, None);
        let (mut within, mut without, mut choices) = (Vec::new(), Vec::new(), Vec::new());
        for lit in self.flat(lits) {
            match self.translator.formulas.truth(lit, kind) {
                Some(true) => continue,
                Some(false) => return Ok(Lang::never()),
                None => {}
            }
            let formula = self.translator.formulas.get(lit);
            let lang = match &*formula {
                Formula::Number(more) if lit.is_positive() => {
                    merge(&mut numbers, more);
                    continue;
                }
                Formula::Length(least, most) if lit.is_positive() => {
                    lengths = both(lengths, (*least, *most));
                    continue;
                }
                Formula::Number(numbers) => Lang::number(numbers).map_err(&refuse)?,
                Formula::Length(least, most) => Lang::lengths(*least, *most),
                Formula::Pattern(pattern) => self.translator.patterns.get(pattern).cloned().unwrap_or_else(Lang::any),
                Formula::Format(name) => Lang::format(name).unwrap_or_else(Lang::any),
                Formula::Texts(texts) => Lang::texts(texts.iter().map(AsRef::as_ref)),
                _ => {
                    choices.push(lit);
                    continue;
                }
            };
            if lit.is_positive() { within.push(lang) } else { without.push(lang) }
        }
        if numbers.integer && self.translator.options.plain_numbers {
            merge(&mut numbers, &Numbers::of_64_bits());
        }
        let mut all = match kind {
            Kind::Number => Lang::number(&numbers).map_err(&refuse)?,
            _ if lengths.1.is_some_and(|max| lengths.0 > max) => return Ok(Lang::never()),
            _ => Lang::lengths(lengths.0, lengths.1),
        };
        for lang in within {
            all = all.and(&lang).map_err(&refuse)?;
        }
        for choice in choices {
            let options = match self.reduce(choice, kind)? {
                Reduced::Any(options) => options,
                Reduced::All(parts) => vec![parts],
                Reduced::Atom => continue,
            };
            let mut any = Vec::with_capacity(options.len());
            for option in options {
                any.push(self.lang(kind, &option, canonical)?);
            }
            all = all.and(&union(any).map_err(&refuse)?).map_err(&refuse)?;
        }
        for lang in without {
            all = all.minus(&lang).map_err(&refuse)?;
        }
        Ok(all)
    }

    /// The same, where the values are listed.
    fn few(&mut self, kind: Kind, lits: &[Lit], canonical: bool) -> Result<Option<Lang>, Problem> {
        if kind == Kind::String {
            let Some(texts) = lits.iter().find_map(|lit| self.texts(*lit)) else { return Ok(None) };
            let texts = texts.iter().filter(|text| lits.iter().all(|lit| self.allows_text(*lit, text)));
            return Ok(Some(Lang::texts(texts.map(AsRef::as_ref).collect::<Vec<_>>())));
        }
        let Some(points) = lits.iter().find_map(|lit| self.points(*lit)) else { return Ok(None) };
        let mut all = Vec::with_capacity(points.len());
        for point in points {
            for texts in self.spellings(lits, &point, canonical)? {
                if self.allows_number(lits, &point, &texts)? {
                    all.push(texts);
                }
            }
        }
        Ok(Some(union(all).map_err(|reason| self.refused(lits, reason))?))
    }

    /// Whether `lit` holds of a boolean.
    pub(super) fn allows(&mut self, lit: Lit, value: bool) -> bool {
        self.holds(lit, Kind::Boolean, &|formula, _| match formula {
            Formula::Boolean(own) => *own == value,
            _ => true,
        })
    }

    /// Whether `lit` holds of a string.
    pub(super) fn allows_text(&mut self, lit: Lit, text: &str) -> bool {
        let length = text.chars().count() as u32;
        self.holds(lit, Kind::String, &|formula, translator| match formula {
            Formula::Length(min, max) => *min <= length && max.is_none_or(|max| length <= max),
            Formula::Pattern(pattern) => translator.patterns.get(pattern).is_some_and(|lang| lang.contains(text)),
            Formula::Format(name) => Lang::format(name).is_none_or(|lang| lang.contains(text)),
            Formula::Texts(texts) => texts.binary_search_by(|other| (**other).cmp(text)).is_ok(),
            _ => true,
        })
    }

    /// The texts of a number; apart those that `lits` may tell apart, as they do by draft 4.
    pub(super) fn spellings(&self, lits: &[Lit], number: &Decimal, canonical: bool) -> Result<Vec<Lang>, Problem> {
        let bound = Some((number.clone(), false));
        let point = Numbers { min: bound.clone(), max: bound, canonical, ..Numbers::default() };
        let told_apart = || -> Result<Vec<Lang>, Reason> {
            let all = Lang::number(&point)?;
            if !lits.iter().any(|lit| self.asks_for_plain(*lit)) {
                return Ok(vec![all]);
            }
            let plain = Lang::number(&Numbers { integer: true, plain: true, ..point })?;
            let others = all.minus(&plain)?;
            Ok([plain, others].into_iter().filter(|texts| !texts.is_empty()).collect())
        };
        told_apart().map_err(|reason| self.refused(lits, reason))
    }

    /// Whether `lit` asks for whole numbers that are plainly written.
    fn asks_for_plain(&self, lit: Lit) -> bool {
        match &*self.translator.formulas.get(self.translator.formulas.resolved(lit)) {
            Formula::Number(numbers) => numbers.plain,
            Formula::All(parts) | Formula::One(parts) => parts.iter().any(|part| self.asks_for_plain(*part)),
            Formula::If(condition, then, other) => {
                [condition, then, other].into_iter().any(|part| self.asks_for_plain(*part))
            }
            _ => false,
        }
    }

    /// Whether all of `lits` hold of a number that is written in any way of `texts`.
    pub(super) fn allows_number(&mut self, lits: &[Lit], number: &Decimal, texts: &Lang) -> Result<bool, Problem> {
        let failed = std::cell::RefCell::new(None);
        let atom = |formula: &Formula, _: &Translator| match formula {
            Formula::Number(numbers) => contains(numbers, number, texts).unwrap_or_else(|reason| {
                *failed.borrow_mut() = Some(reason);
                false
            }),
            _ => true,
        };
        let holds = lits.iter().all(|lit| self.holds(*lit, Kind::Number, &atom));
        match failed.into_inner() {
            Some(reason) => Err(self.refused(lits, reason)),
            None => Ok(holds),
        }
    }

    /// Whether `lit` holds of a value that `atom` knows.
    fn holds(&mut self, lit: Lit, kind: Kind, atom: &dyn Fn(&Formula, &Translator) -> bool) -> bool {
        let lit = self.translator.formulas.resolved(lit);
        if let Some(truth) = self.translator.formulas.truth(lit, kind) {
            return truth;
        }
        let formula = self.translator.formulas.get(lit);
        let truth = match &*formula {
            Formula::All(parts) => parts.iter().all(|part| self.holds(*part, kind, atom)),
            Formula::If(condition, then, other) => {
                let part = if self.holds(*condition, kind, atom) { then } else { other };
                self.holds(*part, kind, atom)
            }
            Formula::One(parts) => parts.iter().filter(|part| self.holds(**part, kind, atom)).count() == 1,
            formula => atom(formula, &self.translator),
        };
        truth == lit.is_positive()
    }

    fn place(&self, lits: &[Lit]) -> String {
        lits.iter().find_map(|lit| self.translator.place_of(*lit)).unwrap_or_else(|| "#".into())
    }

    /// A language that cannot be built.
    pub(super) fn refused(&self, lits: &[Lit], reason: Reason) -> Problem {
        refused(self.place(lits), lits, reason)
    }
}

fn refused(at: String, _: &[Lit], reason: Reason) -> Problem {
    let hint = "ask for less of one string or number: shorter patterns, fewer of them together, rounder steps";
    Problem { at, keyword: String::new(), reason: reason.to_string(), hint: hint.into() }
}

/// Whether `number`, written in any way of `texts`, is in `numbers`.
fn contains(numbers: &Numbers, number: &Decimal, texts: &Lang) -> Result<bool, Reason> {
    let above = |(min, left_out): &(Decimal, bool)| if *left_out { number > min } else { number >= min };
    let below = |(max, left_out): &(Decimal, bool)| if *left_out { number < max } else { number <= max };
    if !numbers.min.iter().all(above) || !numbers.max.iter().all(below) {
        return Ok(false);
    }
    if !numbers.integer && numbers.multiple_of.is_empty() {
        return Ok(true);
    }
    Ok(!texts.and(&Lang::number(numbers)?)?.is_empty())
}

/// Narrows `numbers` to those in `more`.
fn merge(numbers: &mut Numbers, more: &Numbers) {
    numbers.integer |= more.integer;
    numbers.plain |= more.plain;
    // Of equal bounds, the one that leaves the bound out is the narrower.
    numbers.min = [numbers.min.take(), more.min.clone()].into_iter().flatten().max();
    let narrow = |(max, left_out): (Decimal, bool)| (max, !left_out);
    numbers.max = [numbers.max.take(), more.max.clone()].into_iter().flatten().map(narrow).min().map(narrow);
    numbers.multiple_of.extend(
        more.multiple_of.iter().filter(|step| !numbers.multiple_of.contains(step)).cloned().collect::<Vec<_>>(),
    );
}

fn both(one: (u32, Option<u32>), other: (u32, Option<u32>)) -> (u32, Option<u32>) {
    (one.0.max(other.0), [one.1, other.1].into_iter().flatten().min())
}

/// Any of `langs`, joined in pairs so that none grows early.
fn union(mut langs: Vec<Lang>) -> Result<Lang, Reason> {
    while langs.len() > 1 {
        langs = langs
            .chunks(2)
            .map(|pair| match pair {
                [one, other] => one.or(other),
                one => Ok(one.first().cloned().unwrap_or_else(Lang::never)),
            })
            .collect::<Result<_, _>>()?;
    }
    Ok(langs.pop().unwrap_or_else(Lang::never))
}
