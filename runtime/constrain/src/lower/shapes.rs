//! [`Shapes`] → rules: one for each shape that is used more than once, or by itself; the others stand where they are used.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::error::ConstrainError;
use crate::lower::expr::{self, Brackets, Branch, Expr, Listed, Part, Slot, TurnOrder, Turns};
use crate::lower::regex::{self, Spelling};
use crate::lower::shape::{Array, Count, Object, Order, Others, Shape, Shapes, Space, Way};
use crate::lower::united::{United, united};

/// Shapes written inside each other at most before one becomes a rule.
const DEEP: usize = 16;
/// Parts that must differ at most.
const MOST_DIFFERENT: u32 = 256;
/// States of what is counted in an object that is read as one with others, at most.
const MOST_UNITED: u32 = 256;
/// Ways to take one turn that are held against each other at most.
const MOST_HELD: usize = 256;
/// Spaces and tabs after a line break at most.
const INDENT: u32 = 40;

/// Adds a rule for each shape that needs one, and gives the shape of the whole. The shapes' own expressions name rules
/// by their place in `rules`.
pub(crate) fn lower(shapes: &Shapes, rules: &mut Vec<(String, Expr)>) -> Result<Expr, ConstrainError> {
    let mut uses = vec![0usize; shapes.shapes.len()];
    if let Some(root) = uses.get_mut(shapes.root) {
        *root += 1;
    }
    for shape in &shapes.shapes {
        ways(shape, |way| {
            if let Some(uses) = uses.get_mut(way.shape) {
                *uses += 1;
            }
        });
    }
    let space = (shapes.space == Space::Flexible).then(|| {
        let indent = expr::repeat(expr::chars(&[(' ', ' '), ('\t', '\t')]), 0, Some(INDENT));
        rules.push((String::new(), expr::alt([expr::text(" "), expr::seq([expr::text("\n"), indent])])));
        rules.len() - 1
    });
    let mut lowering =
        Lowering { shapes, uses, rules, known: HashMap::new(), waiting: Vec::new(), leaves: HashMap::new(), space };
    lowering.leaves();
    let root = lowering.shape(shapes.root, 0)?;
    // Rules are reserved where they are first used, and filled one after the other.
    while let Some((index, shape)) = lowering.waiting.pop() {
        let body = lowering.body(shape, 0)?;
        if let Some((_, rule)) = lowering.rules.get_mut(index) {
            *rule = body;
        }
    }
    Ok(root)
}

fn ways(shape: &Shape, mut visit: impl FnMut(&Way)) {
    for array in &shape.arrays {
        array.prefix.iter().flatten().chain(&array.rest).for_each(&mut visit);
    }
    for object in &shape.objects {
        let fields = object.fields.iter().flat_map(|field| &field.ways);
        fields.chain(object.others.iter().flat_map(|others| &others.ways)).for_each(&mut visit);
    }
}

struct Lowering<'a> {
    shapes: &'a Shapes,
    uses: Vec<usize>,
    rules: &'a mut Vec<(String, Expr)>,
    /// The rule of each shape that has one.
    known: HashMap<usize, usize>,
    /// Rules that are still to be filled, with their shapes.
    waiting: Vec<(usize, usize)>,
    /// Expressions that stand in many shapes, by their hash: the expression, how often, its rule.
    leaves: HashMap<u64, Vec<Leaf<'a>>>,
    /// The rule of white space.
    space: Option<usize>,
}

struct Leaf<'a> {
    expr: &'a Expr,
    uses: usize,
    rule: Option<usize>,
}

type Lowered = Result<Expr, ConstrainError>;

impl<'a> Lowering<'a> {
    /// Counts the expressions that many shapes share.
    fn leaves(&mut self) {
        let shapes = self.shapes;
        for (shape, times) in shapes.shapes.iter().zip(self.uses.clone()) {
            let keys = shape.objects.iter().flat_map(|object| &object.others).map(|others| &others.keys);
            for leaf in parts(&shape.scalars).iter().chain(keys).filter(|leaf| is_large(leaf)) {
                let alike = self.leaves.entry(hash(leaf)).or_default();
                match alike.iter_mut().find(|known| known.expr == leaf) {
                    Some(known) => known.uses += times,
                    None => alike.push(Leaf { expr: leaf, uses: times, rule: None }),
                }
            }
        }
    }

    /// `expr`, or the rule that it shares with others like it.
    fn leaf(&mut self, expr: &Expr) -> Expr {
        if !is_large(expr) {
            return expr.clone();
        }
        let leaf = self.leaves.get_mut(&hash(expr)).and_then(|all| all.iter_mut().find(|leaf| leaf.expr == expr));
        match leaf {
            Some(leaf) if leaf.uses > 1 && !expr::nullable(expr) => {
                let rule = *leaf.rule.get_or_insert_with(|| {
                    self.rules.push((String::new(), leaf.expr.clone()));
                    self.rules.len() - 1
                });
                Expr::Rule(rule)
            }
            _ => expr.clone(),
        }
    }

    /// The values of a shape, as a rule where it is used more than once.
    fn shape(&mut self, index: usize, depth: usize) -> Lowered {
        if let Some(rule) = self.known.get(&index) {
            return Ok(Expr::Rule(*rule));
        }
        let Some(shape) = self.shapes.shapes.get(index) else { return Ok(Expr::Never) };
        let simple = shape.arrays.is_empty() && shape.objects.is_empty();
        if simple || (depth < DEEP && self.uses.get(index) == Some(&1) && index != self.shapes.root) {
            return self.body(index, depth);
        }
        let rule = self.rules.len();
        self.rules.push((String::new(), Expr::Never));
        self.known.insert(index, rule);
        self.waiting.push((rule, index));
        Ok(Expr::Rule(rule))
    }

    fn body(&mut self, index: usize, depth: usize) -> Lowered {
        let shapes = self.shapes;
        let Some(shape) = shapes.shapes.get(index) else { return Ok(Expr::Never) };
        let mut out = Vec::new();
        for scalar in parts(&shape.scalars) {
            out.push(self.leaf(scalar));
        }
        for array in &shape.arrays {
            out.push(self.array(&shape.at, array, depth)?);
        }
        let (plain, mut others): (Vec<&Object>, Vec<&Object>) =
            shape.objects.iter().partition(|object| is_plain(object));
        match self.shapes.order {
            Order::Any if plain.len() > 1 && plain.iter().any(|object| !object.fields.is_empty()) => {
                out.push(self.united(&shape.at, &plain, depth)?);
            }
            _ => others = shape.objects.iter().collect(),
        }
        for object in others {
            out.push(self.object(&shape.at, object, depth)?);
        }
        Ok(expr::alt(out))
    }

    /// Any of `objects`, in any order of their properties.
    fn united(&mut self, at: &Arc<str>, objects: &[&Object], depth: usize) -> Lowered {
        let United { slots: named, rest: unnamed, mut variants } = united(objects);
        let (mut slots, mut within) = (Vec::with_capacity(named.len()), Within::default());
        for (place, (name, ways)) in (0..).zip(named) {
            within.add(self.shapes, &ways);
            let required = variants.iter().all(|variant| variant.required.contains(&place));
            let name = [b"\"".as_slice(), &regex::spell(name, Spelling::Json), b"\""].concat();
            let mut branches = Vec::with_capacity(ways.len());
            for shapes in ways {
                let value = self.any_of(shapes, depth)?;
                branches.push(Branch { fresh: None, then: expr::seq([self.colon(), value]), hits: 0 });
            }
            slots.push(Slot { name, required, ways: branches });
        }
        let mut rest = Vec::with_capacity(unnamed.len());
        for (keys, ways) in unnamed {
            within.add(self.shapes, &ways);
            let key = expr::seq([expr::text("\""), self.leaf(&keys), expr::text("\"")]);
            for shapes in ways {
                let value = self.any_of(shapes, depth)?;
                rest.push(Branch { fresh: None, then: expr::seq([key.clone(), self.colon(), value]), hits: 0 });
            }
        }
        if variants.len() == 1 && variants.iter().all(|variant| variant.counts.is_empty()) {
            variants.clear();
        }
        let (at, brackets, order, counts) = (at.clone(), self.brackets(b'{', b'}'), TurnOrder::Any, vec![(0, None)]);
        let (within, distinct) = (within.pairs, false);
        Ok(Expr::Turns(Box::new(Turns { at, brackets, order, slots, rest, counts, distinct, variants, within })))
    }

    /// Any value of `ways`.
    fn any(&mut self, ways: &[Way], depth: usize) -> Lowered {
        self.any_of(ways.iter().map(|way| way.shape).collect(), depth)
    }

    fn any_of(&mut self, mut shapes: Vec<usize>, depth: usize) -> Lowered {
        shapes.sort_unstable();
        shapes.dedup();
        let all = shapes.clone();
        let within = |one: usize, other: usize| one != other && self.shapes.is_within(one, other);
        // Of those that allow the same, the first is kept.
        shapes.retain(|one| !all.iter().any(|other| within(*one, *other) && (other < one || !within(*other, *one))));
        let values = shapes.into_iter().map(|shape| self.shape(shape, depth + 1)).collect::<Result<Vec<_>, _>>()?;
        Ok(expr::alt(values))
    }

    fn brackets(&self, open: u8, close: u8) -> Brackets {
        Brackets { open, close, space: self.space }
    }

    fn array(&mut self, at: &Arc<str>, array: &Array, depth: usize) -> Lowered {
        let brackets = self.brackets(b'[', b']');
        let Array { prefix, rest, min, max, counters, distinct } = array;
        // No more items than there are ways for.
        let most = if rest.is_empty() { Some(max.unwrap_or(u32::MAX).min(prefix.len() as u32)) } else { *max };
        if most.is_some_and(|most| most < *min) {
            return Ok(Expr::Never);
        }
        let prefix = prefix.get(..prefix.len().min(most.unwrap_or(u32::MAX) as usize)).unwrap_or(&[]);
        let given = prefix.len() as u32;
        let distinct = *distinct && most.is_none_or(|most| most > 1);
        if counts(counters) || distinct {
            if distinct && (*min > MOST_DIFFERENT || counters.iter().any(|count| count.min > MOST_DIFFERENT)) {
                return Err(ConstrainError::Limit { what: "items that all differ", limit: MOST_DIFFERENT as usize });
            }
            let (mut slots, mut within) = (Vec::with_capacity(prefix.len()), Within::default());
            for ways in prefix {
                let ways = self.items(ways, counters, distinct, depth, &mut within)?;
                slots.push(Slot { name: Vec::new(), required: false, ways });
            }
            let rest = match most == Some(given) {
                true => Vec::new(),
                false => self.items(rest, counters, distinct, depth, &mut within)?,
            };
            let own = if rest.is_empty() && *min == 0 { (0, None) } else { (*min, most) };
            let counts = limits(own, counters);
            return Ok(Expr::Turns(Box::new(Turns {
                at: at.clone(),
                brackets,
                order: TurnOrder::Items,
                slots,
                rest,
                counts,
                distinct,
                variants: Vec::new(),
                within: within.pairs,
            })));
        }
        let mut parts = Vec::with_capacity(prefix.len());
        for (at, ways) in prefix.iter().enumerate() {
            parts.push(Part { name: Vec::new(), then: self.any(ways, depth)?, optional: at as u32 >= *min });
        }
        let rest = if most == Some(given) { Expr::Never } else { self.any(rest, depth)? };
        let rest = (rest != Expr::Never)
            .then(|| (rest, min.saturating_sub(given), most.map(|most| most.saturating_sub(given))));
        if rest.is_none() && *min > given {
            return Ok(Expr::Never);
        }
        Ok(Expr::Listed(Box::new(Listed { brackets, parts, prefix: true, rest })))
    }

    fn items(
        &mut self,
        ways: &[Way],
        counters: &[Count],
        distinct: bool,
        depth: usize,
        within: &mut Within,
    ) -> Result<Vec<Branch>, ConstrainError> {
        let (mut out, mut kept) = (Vec::new(), Vec::new());
        for (hits, shapes) in by_hits(ways, counters) {
            let value = self.any_of(shapes.clone(), depth)?;
            if value != Expr::Never {
                kept.push(shapes);
                out.push(match distinct {
                    true => Branch { fresh: Some(value), then: expr::nothing(), hits },
                    false => Branch { fresh: None, then: value, hits },
                });
            }
        }
        within.add(self.shapes, &kept);
        Ok(out)
    }

    fn object(&mut self, at: &Arc<str>, object: &Object, depth: usize) -> Lowered {
        let brackets = self.brackets(b'{', b'}');
        let (mut fields, mut within) = (Vec::with_capacity(object.fields.len()), Within::default());
        for field in &object.fields {
            let (mut ways, mut kept) = (Vec::new(), Vec::new());
            for (hits, alike) in by_hits(&field.ways, &object.counters) {
                let value = self.any_of(alike.clone(), depth)?;
                if value != Expr::Never {
                    kept.push(alike);
                    ways.push(Branch { fresh: None, then: expr::seq([self.colon(), value]), hits });
                }
            }
            let name = [b"\"".as_slice(), &regex::spell(&field.name, Spelling::Json), b"\""].concat();
            match (ways.is_empty(), field.required) {
                (true, true) => return Ok(Expr::Never),
                (true, false) => {}
                (false, required) => {
                    within.add(self.shapes, &kept);
                    fields.push(Slot { name, required, ways });
                }
            }
        }
        let required = fields.iter().filter(|slot| slot.required).count() as u32;
        let most =
            if object.others.iter().any(|others| !others.ways.is_empty()) { None } else { Some(fields.len() as u32) };
        if object.max.is_some_and(|max| max < required) || most.is_some_and(|most| most < object.min) {
            return Ok(Expr::Never);
        }
        let min = if object.min <= required { 0 } else { object.min };
        let max = object.max.filter(|max| most.is_none_or(|most| *max < most));
        let counted = min > 0 || max.is_some() || counts(&object.counters);
        let open = max != Some(required) || counts(&object.counters);
        // They matter as well where objects are compared.
        let distinct = min > required + 1 || counts_names(object) || object.once;
        let mut others = Vec::new();
        for other in object.others.iter().filter(|_| open) {
            let (keys, mut kept) = (self.leaf(&other.keys), Vec::new());
            for (hits, alike) in by_hits(&other.ways, &object.counters) {
                let value = self.any_of(alike.clone(), depth)?;
                if value != Expr::Never && keys != Expr::Never {
                    kept.push(alike);
                    let key = expr::seq([expr::text("\""), keys.clone(), expr::text("\"")]);
                    others.push(match distinct {
                        true => Branch { fresh: Some(key), then: expr::seq([self.colon(), value]), hits },
                        false => Branch { fresh: None, then: expr::seq([key, self.colon(), value]), hits },
                    });
                }
            }
            within.add(self.shapes, &kept);
        }
        let distinct = distinct && !others.is_empty();
        if distinct && (min > MOST_DIFFERENT || object.counters.iter().any(|count| count.min > MOST_DIFFERENT)) {
            return Err(ConstrainError::Limit { what: "properties that are counted", limit: MOST_DIFFERENT as usize });
        }
        let any = self.shapes.order == Order::Any && fields.len() + others.len() > 1;
        if counted || any || distinct {
            let order = if any { TurnOrder::Any } else { TurnOrder::Fields };
            let own = if min > 0 || max.is_some() { (min, max) } else { (0, None) };
            let counts = limits(own, &object.counters);
            let (at, slots, rest, variants, within) = (at.clone(), fields, others, Vec::new(), within.pairs);
            return Ok(Expr::Turns(Box::new(Turns {
                at,
                brackets,
                order,
                slots,
                rest,
                counts,
                distinct,
                variants,
                within,
            })));
        }
        let merged = |ways: Vec<Branch>| expr::alt(ways.into_iter().map(|way| way.then));
        let part = |slot: Slot| Part { name: slot.name, then: merged(slot.ways), optional: !slot.required };
        let parts = fields.into_iter().map(part).collect();
        let rest = (!others.is_empty()).then(|| (merged(others), 0, None));
        Ok(Expr::Listed(Box::new(Listed { brackets, parts, prefix: false, rest })))
    }

    /// The colon after a name.
    fn colon(&self) -> Expr {
        let space = || self.space.map_or_else(expr::nothing, |rule| expr::optional(Expr::Rule(rule)));
        expr::seq([space(), expr::text(":"), space()])
    }
}

/// The branches of turns all of whose texts are texts of another one in the same place.
#[derive(Default)]
struct Within {
    branches: usize,
    pairs: Vec<(u32, u32)>,
}

impl Within {
    /// Adds the branches of a place, each the shapes of its values.
    fn add(&mut self, of: &Shapes, branches: &[Vec<usize>]) {
        let within = |one: &[usize], other: &[usize]| {
            one.iter().all(|one| other.iter().any(|other| one == other || of.is_within(*one, *other)))
        };
        for (at, one) in (self.branches..).zip(branches).take(MOST_HELD) {
            let others =
                (self.branches..).zip(branches).take(MOST_HELD).filter(|(by, other)| at != *by && within(one, other));
            self.pairs.extend(others.map(|(by, _)| (at as u32, by as u32)));
        }
        self.branches += branches.len();
    }
}

/// Whether `object` can be read as one with others: how many properties there are does not matter, nor that a name comes twice.
fn is_plain(object: &Object) -> bool {
    let Object { fields, others, min, max, counters, once } = object;
    let required = fields.iter().filter(|field| field.required);
    let possible = required.clone().all(|field| !field.ways.is_empty());
    let cells = counters.iter().map(|count| count.max.unwrap_or(count.min).saturating_add(1));
    let few = counters.len() < 63 && cells.fold(1, u32::saturating_mul) <= MOST_UNITED;
    let mut places = fields.iter().map(|field| &field.ways).chain(others.iter().map(|others| &others.ways));
    // A value that counts in more than one way makes more than one move.
    let one = |ways: &Vec<Way>| (1..ways.len()).all(|at| ways[..at].iter().all(|way| way.shape != ways[at].shape));
    let counted =
        *min as usize > required.count() || max.is_some() || counts_names(object) || (*once && !others.is_empty());
    possible && few && !counted && places.all(one)
}

/// Whether it matters to the counters that a name comes twice. A reader takes the last value of a name; one more than the required
/// properties is there if any is, and a name that counts for a counter whatever its value is counts the first time it comes.
pub(crate) fn counts_names(object: &Object) -> bool {
    (0..).zip(&object.counters).filter(|(_, count)| count.min > 0 || count.max.is_some()).any(|(at, count)| {
        let hits = |way: &Way| way.hits >> at & 1 == 1;
        let first = |others: &Others| count.min <= 1 && count.max.is_none() && others.ways.iter().all(hits);
        object.others.iter().any(|others| others.ways.iter().any(hits) && !first(others))
    })
}

/// The alternatives of an expression.
fn parts(expr: &Expr) -> &[Expr] {
    match expr {
        Expr::Alt(items) => items,
        Expr::Never => &[],
        other => std::slice::from_ref(other),
    }
}

/// The shapes of the ways by what they count for, of what is asked for.
fn by_hits(ways: &[Way], counters: &[Count]) -> Vec<(u64, Vec<usize>)> {
    let asked = (0..).zip(counters).filter(|(_, count)| count.min > 0 || count.max.is_some());
    let asked = asked.fold(0, |bits, (at, _)| bits | 1u64.checked_shl(at).unwrap_or(0));
    let mut out: Vec<(u64, Vec<usize>)> = Vec::new();
    for way in ways {
        let own = way.hits & asked;
        match out.iter_mut().find(|(hits, _)| *hits == own) {
            Some((_, alike)) => alike.push(way.shape),
            None => out.push((own, vec![way.shape])),
        }
    }
    out
}

/// Whether any of the counters asks for something.
fn counts(counters: &[Count]) -> bool {
    counters.iter().any(|count| count.min > 0 || count.max.is_some())
}

fn limits(own: (u32, Option<u32>), counters: &[Count]) -> Vec<(u32, Option<u32>)> {
    std::iter::once(own).chain(counters.iter().map(|count| (count.min, count.max))).collect()
}

/// Whether an expression is worth a rule of its own.
fn is_large(expr: &Expr) -> bool {
    !matches!(expr, Expr::Never | Expr::Text(_) | Expr::Class(_) | Expr::Rule(_))
        && !matches!(expr, Expr::Texts(texts) if texts.len() < 4)
}

fn hash(expr: &Expr) -> u64 {
    let mut state = DefaultHasher::new();
    add(expr, &mut state);
    state.finish()
}

fn add(expr: &Expr, state: &mut impl Hasher) {
    std::mem::discriminant(expr).hash(state);
    match expr {
        Expr::Text(text) => text.hash(state),
        Expr::Texts(texts) => texts.hash(state),
        Expr::Class(class) => class.ranges().iter().for_each(|range| (range.start(), range.end()).hash(state)),
        Expr::Seq(items) | Expr::Alt(items) => items.iter().for_each(|item| add(item, state)),
        Expr::Repeat(repeat) => {
            (repeat.min, repeat.max, &repeat.separator).hash(state);
            add(&repeat.body, state);
        }
        Expr::Rule(rule) => rule.hash(state),
        Expr::Machine(machine) => (machine.steps.len(), machine.start).hash(state),
        Expr::Measured(measured) => (measured.steps.len(), measured.min, measured.max).hash(state),
        Expr::AllBut(names) => names.hash(state),
        Expr::Never | Expr::Listed(_) | Expr::Turns(_) => {}
    }
}
