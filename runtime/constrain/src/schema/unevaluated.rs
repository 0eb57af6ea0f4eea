//! `unevaluatedProperties` and `unevaluatedItems` → formulas without them.
//!
//! Whatever a value's parts have been looked at by depends on which branches hold. For each set of branches that may hold there is
//! a case: these hold, and what none of them has looked at satisfies the keyword. A case never looks at more than really was
//! looked at, and one looks at all of it, so "any of the cases" is exact.

use std::sync::Arc;

use sgl_wire::Draft;

use super::formula::{Formula, Items, Kind, Lit, Properties};
use super::keywords::{Place, Translator};
use super::problem::Problem;
use super::read::{Id, Value};

/// Cases of one keyword at most.
const CASES: usize = 512;
/// References and branches inside each other at most.
const DEPTH: usize = 32;

/// Branches that hold, and what they have looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Case {
    holds: Vec<Lit>,
    names: Vec<Arc<str>>,
    patterns: Vec<Arc<str>>,
    all_properties: bool,
    /// This many items from the first.
    prefix: usize,
    all_items: bool,
    /// Items of which one of these holds.
    contains: Vec<Lit>,
}

impl Case {
    fn and(&self, other: &Self) -> Self {
        let join = |a: &[Arc<str>], b: &[Arc<str>]| {
            let mut all = a.to_vec();
            all.extend(b.iter().filter(|name| !a.contains(name)).cloned());
            all
        };
        let lits = |a: &[Lit], b: &[Lit]| {
            let mut all = a.to_vec();
            all.extend(b.iter().filter(|lit| !a.contains(lit)));
            all
        };
        Self {
            holds: lits(&self.holds, &other.holds),
            names: join(&self.names, &other.names),
            patterns: join(&self.patterns, &other.patterns),
            all_properties: self.all_properties || other.all_properties,
            prefix: self.prefix.max(other.prefix),
            all_items: self.all_items || other.all_items,
            contains: lits(&self.contains, &other.contains),
        }
    }

    fn assuming(mut self, lit: Lit) -> Self {
        if lit != Lit::ALWAYS && !self.holds.contains(&lit) {
            self.holds.push(lit);
        }
        self
    }

    /// Whether it has looked at nothing.
    fn is_blind(&self) -> bool {
        *self == Self { holds: self.holds.clone(), ..Self::default() }
    }
}

impl Translator {
    /// The keyword `key` of the schema at `at`.
    pub(super) fn unevaluated(&mut self, at: Place, key: &str, value: Id) -> Result<Lit, Problem> {
        let rest = self.schema(value, at.scope)?;
        if rest == Lit::ALWAYS {
            return Ok(Lit::ALWAYS);
        }
        let cases = self.cases(at, Some(key), 0)?;
        let mut ways = Vec::new();
        for case in cases {
            let said = if key == "unevaluatedItems" {
                let rest = self.formulas.any(case.contains.iter().copied().chain([rest]))?;
                let rest = if case.all_items { Lit::ALWAYS } else { rest };
                self.formulas.add(Formula::Items(Items { prefix: vec![Lit::ALWAYS; case.prefix], rest }))?
            } else {
                let always = |names: &[Arc<str>]| names.iter().map(|name| (name.clone(), Lit::ALWAYS)).collect();
                let (named, patterns) = (always(&case.names), always(&case.patterns));
                let rest = if case.all_properties { Lit::ALWAYS } else { rest };
                self.formulas.add(Formula::Properties(Properties { named, patterns, rest }))?
            };
            ways.push(self.formulas.all(case.holds.into_iter().chain([said]))?);
        }
        self.formulas.any(ways)
    }

    /// The cases of a schema that holds, without its keyword `own`.
    fn cases(&mut self, at: Place, own: Option<&str>, depth: usize) -> Result<Vec<Case>, Problem> {
        let mut all = vec![Case::default()];
        let Value::Object(members) = self.document.get(at.id) else { return Ok(all) };
        let members = members.clone();
        if depth > DEPTH {
            return Err(Problem::limit("branches and references below an `unevaluated` keyword", DEPTH));
        }
        let only_reference = at.draft <= Draft::D7 && members.iter().any(|(key, _)| **key == *"$ref");
        for (key, value) in members {
            if Some(&*key) == own || only_reference && *key != *"$ref" {
                continue;
            }
            let choices = self.choices(at, &key, value, depth)?;
            if choices.iter().all(Case::is_blind) {
                continue;
            }
            let mut product: Vec<Case> = Vec::new();
            for case in all.iter().flat_map(|case| choices.iter().map(move |choice| case.and(choice))) {
                if !product.contains(&case) {
                    product.push(case);
                }
                if product.len() > CASES {
                    return Err(self.problem(
                        at.id,
                        own.unwrap_or(&key),
                        &format!("what is evaluated depends on more than {CASES} combinations of branches"),
                        "make fewer branches of `anyOf`, or name the properties in one place",
                    ));
                }
            }
            all = product;
        }
        Ok(all)
    }

    /// The cases that a keyword makes.
    fn choices(&mut self, at: Place, key: &str, value: Id, depth: usize) -> Result<Vec<Case>, Problem> {
        let one = |case: Case| Ok(vec![case]);
        let parts = match self.document.get(value) {
            Value::Array(items) => items.clone(),
            _ => Vec::new(),
        };
        match key {
            "properties" => one(Case {
                names: self.members(at, key)?.into_iter().map(|(name, _)| name).collect(),
                ..Case::default()
            }),
            "patternProperties" => one(Case {
                patterns: self.members(at, key)?.into_iter().map(|(pattern, _)| pattern).collect(),
                ..Case::default()
            }),
            // What the draft around it does not know looks at nothing.
            "unevaluatedProperties" | "unevaluatedItems" | "dependentSchemas" if at.draft < Draft::D2019 => {
                one(Case::default())
            }
            "$recursiveRef" if at.draft != Draft::D2019 => one(Case::default()),
            "$dynamicRef" if at.draft < Draft::D2020 => one(Case::default()),
            "if" if at.draft < Draft::D7 => one(Case::default()),
            "additionalProperties" | "unevaluatedProperties" => one(Case { all_properties: true, ..Case::default() }),
            "prefixItems" | "items" | "additionalItems" => {
                let (list, rest) = self.item_keys(at);
                let prefix = match list.map(|(_, list)| self.document.get(list)) {
                    Some(Value::Array(items)) => items.len(),
                    _ => 0,
                };
                one(Case { prefix, all_items: rest.is_some(), ..Case::default() })
            }
            "unevaluatedItems" => one(Case { all_items: true, ..Case::default() }),
            "contains" if at.draft >= Draft::D2020 => {
                one(Case { contains: vec![self.schema(value, at.scope)?], ..Case::default() })
            }
            "allOf" => {
                let mut all = vec![Case::default()];
                for part in parts {
                    let cases = self.below(at, part, depth)?;
                    all = all.iter().flat_map(|case| cases.iter().map(move |other| case.and(other))).collect();
                    self.bounded(at, key, &all)?;
                }
                Ok(all)
            }
            "anyOf" => {
                let mut all = vec![Case::default()];
                for part in parts {
                    let cases = self.assumed(at, part, depth)?;
                    let with: Vec<Case> =
                        all.iter().flat_map(|case| cases.iter().map(move |other| case.and(other))).collect();
                    all.extend(with);
                    self.bounded(at, key, &all)?;
                }
                Ok(all)
            }
            "oneOf" => {
                let mut all = vec![Case::default()];
                for part in parts {
                    all.extend(self.assumed(at, part, depth)?);
                }
                Ok(all)
            }
            "if" => {
                let condition = self.schema(value, at.scope)?;
                let mut held: Vec<Case> = self.below(at, value, depth)?;
                if let Some(then) = self.document.member(at.id, "then") {
                    let then = self.below(at, then, depth)?;
                    held = held.iter().flat_map(|case| then.iter().map(move |other| case.and(other))).collect();
                }
                let other = match self.document.member(at.id, "else") {
                    Some(other) => self.below(at, other, depth)?,
                    None => vec![Case::default()],
                };
                let held = held.into_iter().map(|case| case.assuming(condition));
                Ok(held.chain(other.into_iter().map(|case| case.assuming(!condition))).collect())
            }
            "dependentSchemas" => {
                let mut all = vec![Case::default()];
                for (name, part) in self.members(at, key)? {
                    let there = self.formulas.add(Formula::Required(vec![name]))?;
                    let objects = self.kind(Kind::Object)?;
                    let cases = self.assumed(at, part, depth)?;
                    let with: Vec<Case> = all
                        .iter()
                        .flat_map(|case| {
                            cases.iter().map(move |other| case.and(other).assuming(objects).assuming(there))
                        })
                        .collect();
                    all.extend(with);
                    self.bounded(at, key, &all)?;
                }
                Ok(all)
            }
            "$ref" | "$dynamicRef" | "$recursiveRef" => {
                let id = self.referred(at, key, value)?;
                self.below(at, id, depth)
            }
            _ => one(Case::default()),
        }
    }

    fn bounded(&self, at: Place, key: &str, cases: &[Case]) -> Result<(), Problem> {
        if cases.len() <= CASES {
            return Ok(());
        }
        let reason = format!("what is evaluated depends on more than {CASES} combinations of branches");
        Err(self.problem(at.id, key, &reason, "make fewer branches, or name the properties in one place"))
    }

    /// The cases of a branch that holds where its schema does.
    fn below(&mut self, at: Place, part: Id, depth: usize) -> Result<Vec<Case>, Problem> {
        let place = self.place(part, at.scope);
        self.cases(place, None, depth + 1)
    }

    /// The cases of a branch that may hold, with that it holds; none if it looks at nothing.
    fn assumed(&mut self, at: Place, part: Id, depth: usize) -> Result<Vec<Case>, Problem> {
        let cases = self.below(at, part, depth)?;
        if cases.iter().all(Case::is_blind) {
            return Ok(Vec::new());
        }
        let holds = self.schema(part, at.scope)?;
        Ok(cases.into_iter().map(|case| case.assuming(holds)).collect())
    }
}
