//! Random shapes against plain twins: a parser that tries everything, masks by trying each token, ends by trying all ways.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../tests/common/basics.rs"]
pub(crate) mod basics;

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use basics::Random;
use proptest::prelude::*;

use crate::graph::equal;
use crate::lower::Rules;
use crate::lower::expr::{self, Expr, Measured};
use crate::lower::regex::Spelling;
use crate::lower::shape::{Array, Count, Field, Object, Order, Others, Shape, Shapes, Space, Way};
use crate::lower::shapes;
use crate::masks::mask::Mask;
use crate::matcher::{Automaton, Matcher};
use crate::trail::Trail;
use crate::vocabulary::Vocabulary;

/// Where texts of `expr` that begin at `from` end.
fn ends(expr: &Expr, text: &[u8], from: usize) -> BTreeSet<usize> {
    let rest = &text[from..];
    match expr {
        Expr::Never => BTreeSet::new(),
        Expr::Text(own) => rest.starts_with(own).then_some(from + own.len()).into_iter().collect(),
        Expr::Texts(all) => all.iter().filter(|own| rest.starts_with(own)).map(|own| from + own.len()).collect(),
        Expr::Class(class) => {
            let c = std::str::from_utf8(rest).ok().and_then(|rest| rest.chars().next());
            let inside = |c: &char| class.ranges().iter().any(|range| range.start() <= *c && *c <= range.end());
            c.filter(inside).map(|c| from + c.len_utf8()).into_iter().collect()
        }
        Expr::Seq(items) => items
            .iter()
            .fold(BTreeSet::from([from]), |at, item| at.into_iter().flat_map(|at| ends(item, text, at)).collect()),
        Expr::Alt(items) => items.iter().flat_map(|item| ends(item, text, from)).collect(),
        Expr::Repeat(repeat) => {
            let (mut at, mut out) = (BTreeSet::from([from]), BTreeSet::new());
            for turn in 0..=repeat.max.unwrap_or(text.len() as u32) {
                if turn >= repeat.min {
                    out.extend(at.iter().copied());
                }
                at = at.into_iter().flat_map(|at| ends(&repeat.body, text, at)).collect();
            }
            out
        }
        Expr::Measured(by) => {
            let (mut at, mut out) = (BTreeSet::from([(from, by.start)]), BTreeSet::new());
            for count in 0..=by.max.unwrap_or(text.len() as u32) {
                let whole = |(_, state): &&(usize, u32)| count >= by.min && by.accepts[*state as usize];
                out.extend(at.iter().filter(whole).map(|(at, _)| *at));
                at = at
                    .into_iter()
                    .flat_map(|(at, state)| {
                        by.steps[state as usize]
                            .iter()
                            .flat_map(move |(class, to)| {
                                ends(&crate::lower::regex::spell_class(class, by.spelling), text, at)
                                    .into_iter()
                                    .map(|end| (end, *to))
                            })
                            .collect::<Vec<_>>()
                    })
                    .collect();
            }
            out
        }
        other => panic!("{other:?}"),
    }
}

/// The twin of what shapes are lowered to: where values end, found by trying everything.
struct Twin<'a> {
    shapes: &'a Shapes,
    text: &'a [u8],
}

impl Twin<'_> {
    fn space(&self, at: usize) -> Vec<usize> {
        let mut out = vec![at];
        if self.shapes.space == Space::Flexible {
            match self.text.get(at) {
                Some(b' ') => out.push(at + 1),
                Some(b'\n') => {
                    out.push(at + 1);
                    let indent = self.text[at + 1..].iter().take(40).take_while(|b| matches!(b, b' ' | b'\t')).count();
                    out.extend((1..=indent).map(|more| at + 1 + more));
                }
                _ => {}
            }
        }
        out
    }

    fn byte(&self, at: usize, byte: u8) -> Option<usize> {
        (self.text.get(at) == Some(&byte)).then_some(at + 1)
    }

    fn shape(&self, index: usize, at: usize) -> BTreeSet<usize> {
        let shape = &self.shapes.shapes[index];
        let mut out = ends(&shape.scalars, self.text, at);
        for array in &shape.arrays {
            out.extend(self.array(array, at));
        }
        for object in &shape.objects {
            out.extend(self.object(object, at));
        }
        out
    }

    fn counted(hits: &[u64], min: u32, max: Option<u32>, counters: &[Count]) -> bool {
        let within = |n: u32, min: u32, max: Option<u32>| n >= min && max.is_none_or(|max| n <= max);
        let hit = |at: usize| hits.iter().filter(|hits| **hits >> at & 1 == 1).count() as u32;
        within(hits.len() as u32, min, max)
            && counters.iter().enumerate().all(|(at, count)| within(hit(at), count.min, count.max))
    }

    fn array(&self, array: &Array, at: usize) -> BTreeSet<usize> {
        let mut out = BTreeSet::new();
        let Some(at) = self.byte(at, b'[') else { return out };
        // Items so far, each with its text and its hits.
        type Items = Vec<(usize, usize, u64)>;
        let mut pending: Vec<(usize, Items)> = self.space(at).into_iter().map(|at| (at, Vec::new())).collect();
        while let Some((at, items)) = pending.pop() {
            let hits: Vec<u64> = items.iter().map(|(.., hits)| *hits).collect();
            let value = |from: usize, to: usize| equal::sorted(&compact(&self.text[from..to])).into_owned();
            let texts: BTreeSet<Vec<u8>> = items.iter().map(|(from, to, _)| value(*from, *to)).collect();
            if array.distinct && texts.len() < items.len() {
                continue;
            }
            let closed = if items.is_empty() { vec![at] } else { self.space(at) };
            if Self::counted(&hits, array.min, array.max, &array.counters) {
                out.extend(closed.into_iter().filter_map(|at| self.byte(at, b']')));
            }
            let starts = match items.is_empty() {
                true => vec![at],
                false => self
                    .space(at)
                    .into_iter()
                    .filter_map(|at| self.byte(at, b','))
                    .flat_map(|at| self.space(at))
                    .collect(),
            };
            for start in starts {
                for way in array.prefix.get(items.len()).unwrap_or(&array.rest) {
                    for end in self.shape(way.shape, start) {
                        let mut items = items.clone();
                        items.push((start, end, way.hits));
                        pending.push((end, items));
                    }
                }
            }
        }
        out
    }

    fn object(&self, object: &Object, at: usize) -> BTreeSet<usize> {
        let mut out = BTreeSet::new();
        let Some(at) = self.byte(at, b'{') else { return out };
        // Properties so far: the field or none, the name's text, the hits.
        type Property = (Option<usize>, (usize, usize), u64);
        let mut pending: Vec<(usize, Vec<Property>)> = self.space(at).into_iter().map(|at| (at, Vec::new())).collect();
        let watched = object.min as usize > object.fields.iter().filter(|field| field.required).count() + 1
            || shapes::counts_names(object)
            || object.once;
        while let Some((at, properties)) = pending.pop() {
            let fields: Vec<usize> = properties.iter().filter_map(|(field, ..)| *field).collect();
            let places = properties.iter().map(|(field, ..)| field.unwrap_or(usize::MAX));
            let ordered = match self.shapes.order {
                Order::Schema => places.is_sorted(),
                Order::Any => true,
            };
            let once = fields.iter().collect::<BTreeSet<_>>().len() == fields.len();
            let others = properties.iter().filter(|(field, ..)| field.is_none());
            let names: Vec<&[u8]> = others.map(|(_, (from, to), _)| &self.text[*from..*to]).collect();
            let different = names.iter().collect::<BTreeSet<_>>().len() == names.len();
            if !ordered || !once || (watched && !different) {
                continue;
            }
            let hits: Vec<u64> = properties.iter().map(|(.., hits)| *hits).collect();
            let all = object.fields.iter().enumerate().all(|(at, field)| !field.required || fields.contains(&at));
            let closed = if properties.is_empty() { vec![at] } else { self.space(at) };
            if all && Self::counted(&hits, object.min, object.max, &object.counters) {
                out.extend(closed.into_iter().filter_map(|at| self.byte(at, b'}')));
            }
            let starts: Vec<usize> = match properties.is_empty() {
                true => vec![at],
                false => self
                    .space(at)
                    .into_iter()
                    .filter_map(|at| self.byte(at, b','))
                    .flat_map(|at| self.space(at))
                    .collect(),
            };
            for start in starts {
                let Some(open) = self.byte(start, b'"') else { continue };
                let mut named: Vec<(Option<usize>, usize, &Vec<Way>)> = Vec::new();
                for (at, field) in object.fields.iter().enumerate() {
                    named.extend(
                        ends(&expr::text(field.name.as_bytes()), self.text, open)
                            .into_iter()
                            .map(|end| (Some(at), end, &field.ways)),
                    );
                }
                for others in &object.others {
                    named.extend(ends(&others.keys, self.text, open).into_iter().map(|end| (None, end, &others.ways)));
                }
                for (field, end, ways) in named {
                    let Some(closed) = self.byte(end, b'"') else { continue };
                    let values = self
                        .space(closed)
                        .into_iter()
                        .filter_map(|at| self.byte(at, b':'))
                        .flat_map(|at| self.space(at));
                    for value in values.collect::<Vec<_>>() {
                        for way in ways {
                            for after in self.shape(way.shape, value) {
                                let mut properties = properties.clone();
                                properties.push((field, (open, end), way.hits));
                                pending.push((after, properties));
                            }
                        }
                    }
                }
            }
        }
        out
    }
}

/// A value without the white space between its parts.
fn compact(text: &[u8]) -> Vec<u8> {
    let mut quoted = false;
    let mut kept = |byte: &&u8| {
        quoted ^= **byte == b'"';
        quoted || !byte.is_ascii_whitespace()
    };
    text.iter().filter(|byte| kept(byte)).copied().collect()
}

fn scalars() -> impl Strategy<Value = Expr> {
    let quoted = |body: Expr| expr::seq([expr::text("\""), body, expr::text("\"")]);
    let measured = |min: u32, more: Option<u32>, closed: bool| {
        let class =
            |from, to| regex_syntax::hir::ClassUnicode::new([regex_syntax::hir::ClassUnicodeRange::new(from, to)]);
        // (ab|b)*, or a*b.
        let steps = match closed {
            true => vec![vec![(class('a', 'a'), 1), (class('b', 'b'), 0)], vec![(class('b', 'b'), 0)]],
            false => vec![vec![(class('a', 'a'), 0), (class('b', 'b'), 1)], vec![]],
        };
        let accepts = vec![closed, !closed];
        let max = more.map(|more| min + more);
        Expr::Measured(Arc::new(Measured { steps, accepts, start: 0, min, max, spelling: Spelling::Json }))
    };
    prop_oneof![
        Just(expr::text("1")),
        Just(Expr::Never),
        Just(expr::alt([expr::text("1"), expr::text("2"), expr::text("12")])),
        Just(expr::alt([expr::text("true"), expr::text("null")])),
        Just(quoted(expr::repeat(expr::chars(&[('a', 'b')]), 0, None))),
        Just(quoted(expr::repeat(expr::chars(&[('a', 'b')]), 1, Some(2)))),
        (0u32..3, prop::option::of(0u32..3), any::<bool>())
            .prop_map(move |(min, more, closed)| quoted(measured(min, more, closed))),
    ]
}

fn count() -> impl Strategy<Value = (u32, Option<u32>)> {
    (0u32..3, prop::option::of(0u32..3)).prop_map(|(min, more)| (min, more.map(|more| min + more)))
}

/// Shapes that name each other freely.
fn shapes_of(count_of: usize) -> impl Strategy<Value = Shapes> {
    let ways = move || {
        prop::collection::vec((0..count_of, 0u64..4), 1..3).prop_map(|ways| {
            let mut ways: Vec<Way> = ways.into_iter().map(|(shape, hits)| Way { shape, hits }).collect();
            ways.sort_by_key(|way| (way.shape, way.hits));
            ways.dedup();
            ways
        })
    };
    let counters = || prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(count().prop_map(|(min, max)| Count { min: min.min(1), max }), 1..3)];
    let array = (
        prop::collection::vec(ways(), 0..3),
        prop_oneof![Just(Vec::new()), ways()],
        count(),
        counters(),
        any::<bool>(),
    )
        .prop_map(|(prefix, rest, (min, max), counters, distinct)| {
            // What counts for a counter is told apart by the text, as shapes have it.
            let distinct = distinct && counters.is_empty();
            Array { prefix, rest, min, max, counters, distinct }
        });
    let object = (
        prop::collection::vec((any::<bool>(), prop_oneof![1 => Just(Vec::new()), 6 => ways()]), 0..4),
        prop::option::of(ways()),
        count(),
        counters(),
        any::<bool>(),
    )
        .prop_map(|(fields, others, (min, max), counters, once)| {
            let names = ["a", "ab", "b", "c"];
            let fields = fields.into_iter().zip(names).map(|((required, ways), name)| Field {
                name: name.into(),
                required,
                ways,
            });
            let keys = || expr::seq([expr::text("x"), expr::repeat(expr::chars(&[('a', 'b')]), 0, None)]);
            let others = others.map(|ways| Others { keys: keys(), endless: true, ways });
            Object { fields: fields.collect(), others: others.into_iter().collect(), min, max, counters, once }
        });
    let shape = (scalars(), prop::collection::vec(array, 0..2), prop::collection::vec(object, 0..2)).prop_map(
        |(scalars, arrays, objects)| Shape { at: "#".into(), scalars, arrays, objects, asked: Box::default() },
    );
    (prop::collection::vec(shape, count_of), any::<bool>(), any::<bool>()).prop_map(|(mut shapes, any, flexible)| {
        (0..).zip(&mut shapes).for_each(|(at, shape)| shape.asked = [at].into());
        // Of the last, more is asked than of the first.
        if let [first, .., last] = shapes.as_mut_slice() {
            let scalars = if first.objects.is_empty() { first.scalars.clone() } else { Expr::Never };
            *last = Shape {
                scalars,
                objects: Vec::new(),
                asked: [0, 1 + *last.asked.last().unwrap()].into(),
                ..first.clone()
            };
        }
        let order = if any { Order::Any } else { Order::Schema };
        Shapes { shapes, root: 0, order, space: if flexible { Space::Flexible } else { Space::Compact } }
    })
}

fn vocabulary() -> Arc<Vocabulary> {
    let longer = [
        "[1", "1,", "1,1", "],", "\"a", "a\"", "\",\"", "{\"a\":", "\":", "\": ", ", ", "}}", "]]", "ab", "12", "\n  ",
        "[[", "{}", "true", "null", "\"}", "aa",
    ];
    let tokens =
        (0..=255u8).map(|byte| Some(vec![byte])).chain(longer.iter().map(|text| Some(text.as_bytes().to_vec())));
    Arc::new(Vocabulary::new(tokens.chain([None]), vec![256 + longer.len() as u32]))
}

fn automaton(shapes: &Shapes) -> Option<Matcher> {
    let mut out = Rules { rules: Vec::new(), root: Expr::Never, dropped: Vec::new() };
    out.root = shapes::lower(shapes, &mut out.rules).ok()?;
    Automaton::of_rules(out, vocabulary()).ok().map(Matcher::new)
}

/// A random text along the masks, kept inside a budget where there is one, and checked at each step.
fn write(
    start: &Matcher,
    random: &mut Random,
    budget: Option<u32>,
    check: bool,
) -> Result<Option<Vec<u8>>, TestCaseError> {
    let words = vocabulary();
    let (mut at, mut text, mut left) = (start.clone(), Vec::new(), budget);
    for _ in 0..60 {
        if at.is_final() {
            return Ok(Some(text));
        }
        let mask = at.mask(left);
        if check {
            let mut brute = Mask::empty(words.len());
            for token in 0..words.len() as u32 {
                let mut next = at.clone();
                let fits = || {
                    next.advance(token).is_ok()
                        && (words.ends().contains(&token) || left.is_none_or(|left| next.fewest() < left))
                };
                if { fits }() {
                    brute.allow(token);
                }
            }
            prop_assert_eq!(&*mask, &brute, "after {:?} with {:?}", String::from_utf8_lossy(&text), left);
        }
        let allowed: Vec<u32> = mask.iter().collect();
        prop_assert!(!allowed.is_empty(), "a dead end after {:?} with {:?} left", String::from_utf8_lossy(&text), left);
        let token = allowed[random.below(allowed.len())];
        if words.ends().contains(&token) {
            return Ok(Some(text));
        }
        text.extend(words.bytes(token).unwrap());
        prop_assert!(at.advance(token).is_ok());
        left = left.map(|left| left - 1);
        if left == Some(0) {
            prop_assert!(at.is_complete(), "{:?} is not complete", String::from_utf8_lossy(&text));
            return Ok(Some(text));
        }
    }
    Ok(None)
}

fn change(text: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = text.to_vec();
    let bytes = b"[]{},:\"ab12 \nx";
    let at = random.below(out.len() + 1);
    match random.below(3) {
        0 => out.insert(at, bytes[random.below(bytes.len())]),
        1 if at < out.len() => drop(out.remove(at)),
        _ => {
            let (from, to) = (random.below(out.len() + 1), random.below(out.len() + 1));
            let piece = out[from.min(to)..from.max(to)].to_vec();
            out.splice(at..at, piece);
        }
    }
    out
}

/// The same shapes each time; `PROPTEST_CASES` and `PROPTEST_RNG_SEED` ask for others.
fn settings() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, max_shrink_iters: 300, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_RNG_SEED").is_none() {
        config.rng_seed = proptest::test_runner::RngSeed::Fixed(2);
    }
    config
}

fn hash(at: &Matcher) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    at.hash(&mut hasher);
    hasher.finish()
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn texts_of_shapes_are_those_of_the_twin(shapes in shapes_of(4), seed: u64) {
        let Some(at) = automaton(&shapes) else { return Ok(()) };
        let mut random = Random(seed | 1);
        for _ in 0..12 {
            let budget = at.fewest() + random.below(12) as u32;
            let Some(text) = write(&at, &mut random, Some(budget), false)? else { continue };
            if text.len() > 60 {
                continue;
            }
            let whole = |text: &[u8]| Twin { shapes: &shapes, text }.shape(shapes.root, 0).contains(&text.len());
            prop_assert!(whole(&text), "{:?} is none", String::from_utf8_lossy(&text));
            for _ in 0..6 {
                let other = change(&text, &mut random);
                prop_assert_eq!(at.completes(&other), whole(&other), "{:?}", String::from_utf8_lossy(&other));
            }
        }
    }

    #[test]
    fn masks_of_shapes_are_brute_masks(shapes in shapes_of(4), seed: u64) {
        let Some(at) = automaton(&shapes) else { return Ok(()) };
        write(&at, &mut Random(seed | 1), None, true)?;
    }

    #[test]
    fn a_trail_goes_back_to_where_replaying_leads(shapes in shapes_of(4), seed: u64) {
        let Some(start) = automaton(&shapes) else { return Ok(()) };
        let mut random = Random(seed | 1);
        let (mut trail, mut tokens): (Trail, Vec<u32>) = (Trail::new(start.clone()), Vec::new());
        for _ in 0..40 {
            let allowed: Vec<u32> = trail.mask(None).iter().collect();
            if random.below(4) == 0 || allowed.is_empty() {
                let back = random.below(tokens.len() + 2);
                prop_assert_eq!(trail.rollback(back), back <= tokens.len());
                tokens.truncate(tokens.len().checked_sub(back).unwrap_or(tokens.len()));
            } else {
                let token = allowed[random.below(allowed.len())];
                prop_assert_eq!(trail.advance(token), Ok(()));
                tokens.push(token);
            }
            prop_assert_eq!(trail.len(), tokens.len());
            let mut again = start.clone();
            tokens.iter().for_each(|token| again.advance(*token).unwrap());
            prop_assert_eq!(trail.place(), &again);
            prop_assert_eq!(trail.mask(None), again.mask(None));
            if let Some(before) = tokens.len().checked_sub(1) {
                let mut shorter = start.clone();
                tokens[..before].iter().for_each(|token| shorter.advance(*token).unwrap());
                prop_assert_eq!(shorter == again, shorter.place() == again.place());
            }
            if random.below(8) == 0 {
                let mut moved = again.clone();
                moved.fill_graph();
                moved.leave_full_graph();
                prop_assert_eq!(&moved, &again);
                prop_assert_eq!(hash(&moved), hash(&again));
                prop_assert_eq!(moved.mask(None), again.mask(None));
            }
        }
    }

    #[test]
    fn shapes_end_within_the_budget(shapes in shapes_of(4), seed: u64, more in 0u32..4) {
        let Some(at) = automaton(&shapes) else { return Ok(()) };
        write(&at, &mut Random(seed | 1), Some(at.fewest() + more), true)?;
    }
}

/// A graph that takes no more places, as after a mask that had to look at very many, answers as an empty one does.
#[test]
fn a_full_graph_is_left_by_whoever_asks() {
    let rules = |text: &str| Rules { rules: Vec::new(), root: Expr::Text(text.as_bytes().into()), dropped: Vec::new() };
    let automaton = Automaton::of_rules(rules("true, x"), vocabulary()).unwrap();
    let at = Matcher::new(automaton.clone());
    at.fill_graph();
    assert_eq!((at.fewest(), at.fits(3), at.fits(2)), (3, true, false));
    assert_eq!(at.forced(), b"true, x");
    assert!(at.accepts(b"tr") && at.completes(b"true, x") && at.goes_past(b"tr"));
    at.fill_graph();
    Matcher::new(automaton.clone()).fill_graph();
    assert_eq!(Matcher::new(automaton).mask(None).count(), at.clone().mask(None).count());
    assert!(at.clone().mask(None).count() > 0);
}
