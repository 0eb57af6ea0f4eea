//! Atoms of objects → [`Object`].
//!
//! Names that keywords list become fields, in the order in which they are first listed. All other names are told apart by the patterns
//! that they match. A formula of properties that must fail becomes a counter: at least one property violates it.

use std::collections::HashSet;
use std::sync::Arc;

use super::arrays::COUNTERS;
use super::formula::{Formula, Kind, Lit, Properties};
use super::normal::{Node, Normal};
use super::problem::Problem;
use crate::lower::expr::Expr;
use crate::lower::regex::{self, Spelling};
use crate::lower::shape::{Count, Field, Object, Order, Others, Way};
use crate::regular::Lang;

/// Names that are counted, so that they come in any order where the schema gives none, at most.
const LOOSE: usize = 4;
/// Names of a pattern that are counted, at most; more are as good as endless.
const COUNTED: usize = 1000;
/// Bytes of a name that is told from others byte by byte, at most.
const LONGEST_NAME: usize = 256;
/// Patterns that tell names apart, at most.
const PATTERNS: usize = 64;

/// What is counted over the properties.
enum Counter {
    /// Properties of which this does not hold.
    Violates(Properties),
    /// Names of which this does not hold.
    Misnamed(Lit),
    /// Properties of these names; not all of them.
    Present(Vec<Arc<str>>),
}

/// The atoms of an object, sorted.
#[derive(Default)]
struct Atoms {
    all: Vec<Properties>,
    names: Vec<Lit>,
    required: Vec<Arc<str>>,
    counters: Vec<Counter>,
    min: u32,
    max: Option<u32>,
}

/// What tells names apart.
#[derive(Clone, PartialEq)]
enum Splitter {
    Pattern(Arc<str>),
    Names(Lit),
}

impl Normal {
    /// The objects of which all of `atoms` hold; none where there plainly are none.
    pub(super) fn object(&mut self, node: &Node, atoms: &[Lit]) -> Result<Option<Object>, Problem> {
        let atoms = self.sorted(atoms);
        let canonical = node.canonical;
        if atoms.counters.len() > COUNTERS {
            return Err(Problem {
                at: node.at.to_string(),
                ..Problem::limit("things counted in one object", COUNTERS)
            });
        }
        let mut names: Vec<Arc<str>> = Vec::new();
        let mut known = HashSet::new();
        let own = atoms.all.iter().flat_map(|all| all.named.iter().map(|(name, _)| name));
        let counted = atoms.counters.iter().flat_map(|counter| match counter {
            Counter::Violates(all) => all.named.iter().map(|(name, _)| name.clone()).collect(),
            Counter::Present(names) => names.clone(),
            Counter::Misnamed(_) => Vec::new(),
        });
        for name in own.chain(&atoms.required).cloned().chain(counted) {
            if known.insert(name.clone()) {
                names.push(name);
            }
        }
        let required: HashSet<&Arc<str>> = atoms.required.iter().collect();
        let mut fields = Vec::with_capacity(names.len());
        for name in &names {
            let field = self.field(&atoms, name, required.contains(name), canonical)?;
            if field.ways.is_empty() && field.required {
                let value: Vec<Lit> = atoms.all.iter().flat_map(|all| self.translator.at_name(all, name)).collect();
                let at = self.places(value);
                self.because(node, || format!("the property `{name}` must be there, and no value is right for it{at}"));
                return Ok(None);
            }
            if !field.ways.is_empty() {
                fields.push(field);
            }
        }
        let (listed, mut others) = self.others(&atoms, &names, node)?;
        for name in listed {
            let field = self.field(&atoms, &name, false, canonical)?;
            if !field.ways.is_empty() {
                fields.push(field);
            }
        }
        let mut counters: Vec<Count> = atoms
            .counters
            .iter()
            .map(|counter| match counter {
                Counter::Violates(_) | Counter::Misnamed(_) => Count { min: 1, max: None },
                Counter::Present(names) => Count { min: 0, max: Some(names.len() as u32 - 1) },
            })
            .collect();
        let most = if others.is_empty() { Some(fields.len() as u32) } else { None };
        let least = fields.iter().filter(|field| field.required).count() as u32;
        let (min, max) = (atoms.min.max(least), atoms.max);
        if let Some(max) = [max, most].into_iter().flatten().min()
            && min > max
        {
            self.because(node, || format!("at least {min} properties are asked for, and there can be at most {max}"));
            return Ok(None);
        }
        // What holds anyway need not be counted.
        let min = if atoms.min <= least { 0 } else { atoms.min };
        let max = max.filter(|max| most.is_none_or(|most| *max < most));
        let ordered = atoms.all.iter().any(|all| all.named.iter().any(|(_, value)| *value != Lit::NEVER));
        if !ordered && self.order == Order::Schema {
            loosen(&mut fields, &mut others, &mut counters);
        }
        Ok(Some(Object { fields, others, min, max, counters, once: canonical }))
    }

    fn sorted(&mut self, atoms: &[Lit]) -> Atoms {
        let mut out = Atoms::default();
        let mut absent: Vec<Vec<Arc<str>>> = Vec::new();
        for atom in atoms {
            match (&*self.translator.formulas.get(*atom), atom.is_positive()) {
                (Formula::Properties(properties), true) => out.all.push(properties.clone()),
                (Formula::Properties(properties), false) => out.counters.push(Counter::Violates(properties.clone())),
                (Formula::Required(names), true) => out.required.extend(names.iter().cloned()),
                (Formula::Required(names), false) => absent.push(names.clone()),
                (Formula::Names(names), true) => out.names.push(*names),
                (Formula::Names(names), false) => out.counters.push(Counter::Misnamed(*names)),
                (Formula::Size(min, max), true) => {
                    out.min = out.min.max(*min);
                    out.max = [out.max, *max].into_iter().flatten().min();
                }
                _ => {}
            }
        }
        let required: HashSet<Arc<str>> = out.required.iter().cloned().collect();
        for mut names in absent {
            names.retain(|name| !required.contains(name));
            match names.as_slice() {
                [] => (out.min, out.max) = (1, Some(0)),
                [name] => {
                    let named = vec![(name.clone(), Lit::NEVER)];
                    out.all.push(Properties { named, patterns: Vec::new(), rest: Lit::ALWAYS });
                }
                _ => out.counters.push(Counter::Present(names)),
            }
        }
        out
    }

    fn field(&mut self, atoms: &Atoms, name: &Arc<str>, required: bool, canonical: bool) -> Result<Field, Problem> {
        let none = Field { name: name.clone(), required, ways: Vec::new() };
        for names in &atoms.names {
            if !self.allows_text(*names, name) {
                return Ok(none);
            }
        }
        let lits: Vec<Lit> = atoms.all.iter().flat_map(|all| self.translator.at_name(all, name)).collect();
        let mut hits = Vec::with_capacity(atoms.counters.len());
        for counter in &atoms.counters {
            hits.push(match counter {
                Counter::Violates(all) => {
                    let all = self.translator.at_name(all, name);
                    (self.not_all(&all)?, false)
                }
                Counter::Misnamed(names) if self.allows_text(*names, name) => (Lit::NEVER, false),
                Counter::Misnamed(_) => (Lit::ALWAYS, false),
                Counter::Present(names) if names.contains(name) => (Lit::ALWAYS, false),
                Counter::Present(_) => (Lit::NEVER, false),
            });
        }
        Ok(Field { ways: self.ways(&lits, &hits, canonical)?, ..none })
    }

    /// What holds where not all of `lits` do.
    fn not_all(&mut self, lits: &[Lit]) -> Result<Lit, Problem> {
        let lits: Vec<Lit> = lits.iter().map(|lit| self.translator.formulas.resolved(*lit)).collect();
        Ok(!self.translator.formulas.all(lits)?)
    }

    /// The names that are not among `known`: a few that become fields, and the others by what their values must be.
    fn others(
        &mut self,
        atoms: &Atoms,
        known: &[Arc<str>],
        node: &Node,
    ) -> Result<(Vec<Arc<str>>, Vec<Others>), Problem> {
        let mut splitters: Vec<Splitter> = Vec::new();
        let patterns = |all: &Properties| {
            all.patterns.iter().map(|(pattern, _)| Splitter::Pattern(pattern.clone())).collect::<Vec<_>>()
        };
        for splitter in
            atoms.all.iter().flat_map(patterns).chain(atoms.counters.iter().flat_map(|counter| match counter {
                Counter::Violates(all) => patterns(all),
                Counter::Misnamed(names) => vec![Splitter::Names(*names)],
                Counter::Present(_) => Vec::new(),
            }))
        {
            if !splitters.contains(&splitter) {
                splitters.push(splitter);
            }
        }
        if splitters.len() > PATTERNS {
            return Err(Problem::limit("patterns for the names of one object", PATTERNS));
        }
        let mut langs = Vec::with_capacity(splitters.len());
        for splitter in &splitters {
            langs.push(match splitter {
                Splitter::Pattern(pattern) => self.translator.patterns.get(pattern).cloned().unwrap_or_else(Lang::any),
                Splitter::Names(names) => self.lang(Kind::String, &[*names], false)?,
            });
        }
        let (mut listed, mut others) = (Vec::new(), Vec::new());
        let universe =
            if atoms.names.is_empty() { None } else { Some(self.lang(Kind::String, &atoms.names, false)?) };
        // Which splitters have the names, and the names so far; none: any.
        let mut cells: Vec<(Vec<usize>, Option<Lang>)> = vec![(Vec::new(), universe)];
        for (at, lang) in langs.iter().enumerate() {
            let mut next = Vec::with_capacity(cells.len());
            for (inside, names) in cells {
                let with = match &names {
                    Some(names) => names.and(lang).map_err(|reason| self.refused(&node.lits, reason))?,
                    None => lang.clone(),
                };
                if !with.is_empty() {
                    next.push((inside.iter().copied().chain([at]).collect(), Some(with)));
                }
                next.push((inside, names));
            }
            if next.len() > 256 {
                return Err(Problem { at: node.at.to_string(), ..Problem::limit("kinds of names in one object", 256) });
            }
            cells = next;
        }
        for (inside, names) in cells {
            let ways = self.cell(atoms, &splitters, &inside, node.canonical)?;
            if ways.is_empty() {
                continue;
            }
            let mut names = names.unwrap_or_else(Lang::any);
            for (_, lang) in langs.iter().enumerate().filter(|(at, _)| !inside.contains(at)) {
                // Disjoint from it already, most often.
                if inside.is_empty() || !names.and(lang).map_err(|reason| self.refused(&node.lits, reason))?.is_empty()
                {
                    names = names.minus(lang).map_err(|reason| self.refused(&node.lits, reason))?;
                }
            }
            let mut taken: Vec<&str> = known.iter().map(AsRef::as_ref).filter(|name| names.contains(name)).collect();
            if names.is_any() {
                taken.sort_unstable();
                let taken: Vec<Arc<str>> = taken.into_iter().map(Arc::from).collect();
                let keys = self.all_but(&node.lits, taken)?;
                others.push(Others { keys, endless: true, ways });
                continue;
            }
            if !taken.is_empty() {
                names = names.minus(&Lang::texts(taken)).map_err(|reason| self.refused(&node.lits, reason))?;
            }
            if names.is_empty() {
                continue;
            }
            match names.members(COUNTED) {
                Some(few) if few.len() == 1 => listed.extend(few.into_iter().map(Arc::from)),
                few => {
                    let keys = names.expr(Spelling::Json).map_err(|reason| self.refused(&node.lits, reason))?;
                    others.push(Others { keys, endless: few.is_none(), ways });
                }
            }
        }
        Ok((listed, others))
    }

    /// All names but these, sorted.
    fn all_but(&mut self, lits: &[Lit], names: Vec<Arc<str>>) -> Result<Expr, Problem> {
        if let Some(known) = self.names.get(&names) {
            return Ok(known.clone());
        }
        let plain = |c: char| matches!(c, ' '..='~') && c != '"' && c != '\\';
        let keys =
            if !names.is_empty() && names.iter().all(|name| name.len() <= LONGEST_NAME && name.chars().all(plain)) {
                Expr::AllBut(names.as_slice().into())
            } else {
                let others = Lang::any().minus(&Lang::texts(names.iter().map(AsRef::as_ref)));
                others.and_then(|others| others.expr(Spelling::Json)).map_err(|reason| self.refused(lits, reason))?
            };
        self.names.insert(names, keys.clone());
        Ok(keys)
    }

    /// The ways of the values whose names are in the splitters `inside`, and in no others.
    fn cell(
        &mut self,
        atoms: &Atoms,
        splitters: &[Splitter],
        inside: &[usize],
        canonical: bool,
    ) -> Result<Vec<Way>, Problem> {
        let has = |splitter: &Splitter| inside.iter().any(|at| splitters.get(*at) == Some(splitter));
        let at = |all: &Properties| {
            let matched = all.patterns.iter().filter(|(pattern, _)| has(&Splitter::Pattern(pattern.clone())));
            let matched: Vec<Lit> = matched.map(|(_, lit)| *lit).collect();
            if matched.is_empty() { vec![all.rest] } else { matched }
        };
        let lits: Vec<Lit> = atoms.all.iter().flat_map(at).collect();
        let mut hits = Vec::with_capacity(atoms.counters.len());
        for counter in &atoms.counters {
            hits.push(match counter {
                Counter::Violates(all) => (self.not_all(&at(all))?, false),
                Counter::Misnamed(names) if has(&Splitter::Names(*names)) => (Lit::NEVER, false),
                Counter::Misnamed(_) => (Lit::ALWAYS, false),
                Counter::Present(_) => (Lit::NEVER, false),
            });
        }
        self.ways(&lits, &hits, canonical)
    }
}

/// Makes others of a few fields: no `properties` give them an order. A counter sees to it that each comes once.
fn loosen(fields: &mut Vec<Field>, others: &mut Vec<Others>, counters: &mut Vec<Count>) {
    if fields.len() < 2 || fields.len() > LOOSE || counters.len() + fields.len() > COUNTERS {
        return;
    }
    for mut field in fields.drain(..) {
        let bit = 1u64.checked_shl(counters.len() as u32).unwrap_or(0);
        field.ways.iter_mut().for_each(|way| way.hits |= bit);
        counters.push(Count { min: u32::from(field.required), max: Some(1) });
        let keys = Expr::Text(regex::spell(&field.name, Spelling::Json));
        others.push(Others { keys, endless: false, ways: field.ways });
    }
}
