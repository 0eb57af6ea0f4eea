//! A plain twin of what is built from [`Shapes`]: whether a JSON value is one of theirs, by trying everything.

use std::collections::{BTreeSet, HashMap};

use super::read::{Document, Id, Value};
use crate::lower::expr::{self, Expr};
use crate::lower::regex::{self, Spelling};
use crate::lower::shape::{Array, Count, Object, Order, Shapes, Way};

/// A value as `json.dumps(value, ensure_ascii=False)` writes it.
pub(super) fn dumped(document: &Document, id: Id) -> String {
    match document.get(id) {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(text) => text.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(|item| dumped(document, *item)).collect::<Vec<_>>().join(", "))
        }
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| format!("{}: {}", quoted(key), dumped(document, *value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", String::from_utf8(regex::spell(text, Spelling::Json)).unwrap())
}

/// Judges values.
pub(super) struct Twin<'a> {
    pub shapes: &'a Shapes,
    pub document: &'a Document,
    known: HashMap<(usize, Id), bool>,
}

impl<'a> Twin<'a> {
    pub fn new(shapes: &'a Shapes, document: &'a Document) -> Self {
        Self { shapes, document, known: HashMap::new() }
    }

    pub fn admits(&mut self, shape: usize, value: Id) -> bool {
        if let Some(known) = self.known.get(&(shape, value)) {
            return *known;
        }
        let shapes = self.shapes;
        let own = &shapes.shapes[shape];
        let fits = match self.document.get(value) {
            Value::Array(items) => own.arrays.iter().any(|array| self.array(array, items)),
            Value::Object(members) => own.objects.iter().any(|object| {
                self.object(object, &members.iter().map(|(key, value)| (key.to_string(), *value)).collect::<Vec<_>>())
            }),
            _ => matches(&own.scalars, &dumped(self.document, value)),
        };
        self.known.insert((shape, value), fits);
        fits
    }

    fn array(&mut self, array: &Array, items: &[Id]) -> bool {
        let texts: BTreeSet<String> = items.iter().map(|item| dumped(self.document, *item)).collect();
        let parts = items.iter().enumerate().map(|(at, item)| (array.prefix.get(at).unwrap_or(&array.rest), *item));
        within(items.len(), array.min, array.max)
            && (!array.distinct || texts.len() == items.len())
            && self.counted(&array.counters, &parts.collect::<Vec<_>>())
    }

    fn object(&mut self, object: &Object, members: &[(String, Id)]) -> bool {
        let there = |name: &str| members.iter().any(|(key, _)| key == name);
        if !within(members.len(), object.min, object.max)
            || object.fields.iter().any(|field| field.required && !there(&field.name))
        {
            return false;
        }
        let (mut parts, mut last) = (Vec::new(), 0);
        for (key, value) in members {
            let place = object.fields.iter().position(|field| *field.name == **key);
            if self.shapes.order == Order::Schema && place.unwrap_or(usize::MAX) < last {
                return false;
            }
            last = place.unwrap_or(usize::MAX);
            let spelled = quoted(key);
            let others = object.others.iter().find(|others| matches(&others.keys, &spelled[1..spelled.len() - 1]));
            match place.map(|place| &object.fields[place].ways).or(others.map(|others| &others.ways)) {
                Some(ways) => parts.push((ways, *value)),
                None => return false,
            }
        }
        self.counted(&object.counters, &parts)
    }

    /// Whether ways can be chosen so that the counters come right.
    fn counted(&mut self, counters: &[Count], parts: &[(&Vec<Way>, Id)]) -> bool {
        let mut reached: BTreeSet<Vec<u32>> = BTreeSet::from([vec![0; counters.len()]]);
        for (ways, value) in parts {
            let ways: Vec<Way> = ways.iter().copied().filter(|way| self.admits(way.shape, *value)).collect();
            let step = |counts: &Vec<u32>, way: &Way| -> Vec<u32> {
                counts.iter().enumerate().map(|(bit, count)| count + (way.hits >> bit & 1) as u32).collect()
            };
            reached = reached
                .iter()
                .flat_map(|counts| ways.iter().map(|way| step(counts, way)).collect::<Vec<_>>())
                .collect();
        }
        reached.iter().any(|counts| {
            counts.iter().zip(counters).all(|(count, counter)| within(*count as usize, counter.min, counter.max))
        })
    }
}

fn within(count: usize, min: u32, max: Option<u32>) -> bool {
    count >= min as usize && max.is_none_or(|max| count <= max as usize)
}

/// Whether `text` is one of the expression's.
pub(super) fn matches(expr: &Expr, text: &str) -> bool {
    ends(expr, text.as_bytes(), 0).contains(&text.len())
}

/// Where a text of `expr` that begins at `from` can end.
fn ends(expr: &Expr, text: &[u8], from: usize) -> BTreeSet<usize> {
    let literal = |literal: &[u8]| text[from..].starts_with(literal).then_some(from + literal.len());
    match expr {
        Expr::Never => BTreeSet::new(),
        Expr::Text(bytes) => literal(bytes).into_iter().collect(),
        Expr::Texts(texts) => texts.iter().filter_map(|bytes| literal(bytes)).collect(),
        Expr::Class(class) => {
            let c = std::str::from_utf8(&text[from..]).unwrap().chars().next();
            let c = c.filter(|c| class.ranges().iter().any(|range| range.start() <= *c && *c <= range.end()));
            c.map(|c| from + c.len_utf8()).into_iter().collect()
        }
        Expr::Seq(items) => items.iter().fold(BTreeSet::from([from]), |starts, item| {
            starts.into_iter().flat_map(|start| ends(item, text, start)).collect()
        }),
        Expr::Alt(items) => items.iter().flat_map(|item| ends(item, text, from)).collect(),
        Expr::Repeat(repeat) => {
            let mut out = BTreeSet::new();
            let mut now = BTreeSet::from([from]);
            let mut turn = 0u32;
            loop {
                if turn >= repeat.min {
                    out.extend(now.iter().copied());
                }
                if now.is_empty() || repeat.max == Some(turn) || turn > repeat.min.saturating_add(text.len() as u32) {
                    return out;
                }
                let body = if turn > 0 && !repeat.separator.is_empty() {
                    expr::seq([Expr::Text(repeat.separator.clone()), repeat.body.clone()])
                } else {
                    repeat.body.clone()
                };
                now = now.into_iter().flat_map(|start| ends(&body, text, start)).collect();
                turn += 1;
            }
        }
        Expr::Machine(machine) => {
            let mut seen = BTreeSet::from([(machine.start, from)]);
            let mut pending = vec![(machine.start, from)];
            while let Some((state, at)) = pending.pop() {
                for (step, to) in &machine.steps[state] {
                    for end in ends(step, text, at) {
                        if seen.insert((*to, end)) {
                            pending.push((*to, end));
                        }
                    }
                }
            }
            seen.into_iter().filter(|(state, _)| *state == machine.last).map(|(_, at)| at).collect()
        }
        Expr::Measured(measured) => {
            let mut out = BTreeSet::new();
            let mut now: BTreeSet<(u32, usize)> = BTreeSet::from([(measured.start, from)]);
            let mut length = 0;
            while !now.is_empty() && measured.max.is_none_or(|max| length <= max) {
                if length >= measured.min {
                    out.extend(now.iter().filter(|(state, _)| measured.accepts[*state as usize]).map(|(_, at)| *at));
                }
                let step = |(state, at): (u32, usize)| {
                    let steps = measured.steps[state as usize].iter();
                    steps.flat_map(move |(class, to)| {
                        let one = regex::spell_class(class, measured.spelling);
                        ends(&one, text, at).into_iter().map(|end| (*to, end)).collect::<Vec<_>>()
                    })
                };
                now = now.into_iter().flat_map(step).collect();
                length += 1;
            }
            out
        }
        Expr::AllBut(names) => {
            let any = expr::repeat(regex::all_spelled(), 0, None);
            let is_name = |end: &usize| names.iter().any(|name| name.as_bytes() == &text[from..*end]);
            ends(&any, text, from).into_iter().filter(|end| !is_name(end)).collect()
        }
        Expr::Listed(_) | Expr::Turns(_) | Expr::Rule(_) => panic!("no scalar"),
    }
}
