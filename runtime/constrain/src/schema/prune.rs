//! [`Shapes`] → the same without what no value can be: shapes that need themselves without end, ways to them, and shapes that nothing uses.

use std::collections::HashMap;

use crate::error::ConstrainError;
use crate::lower::expr::Expr;
use crate::lower::shape::{Array, Count, Object, Shape, Shapes, Way};

/// Prunes `shapes`, or says why there is no value at all; `causes` are known reasons why a shape has nothing.
pub(super) fn prune(mut shapes: Shapes, causes: &HashMap<usize, String>) -> Result<Shapes, ConstrainError> {
    let live = live(&shapes);
    if !live.get(shapes.root).copied().unwrap_or(false) {
        return Err(cause(&shapes, &live, causes));
    }
    let keep = |ways: &mut Vec<Way>| ways.retain(|way| live[way.shape]);
    for shape in &mut shapes.shapes {
        shape.arrays.retain(|array| lives_array(array, &live));
        shape.objects.retain(|object| lives_object(object, &live));
        for array in &mut shape.arrays {
            array.prefix.iter_mut().for_each(keep);
            keep(&mut array.rest);
            if let Some(end) = array.prefix.iter().position(Vec::is_empty) {
                array.prefix.truncate(end);
                array.rest.clear();
            }
            if array.rest.is_empty() {
                let end = array.prefix.len() as u32;
                array.max = Some(array.max.map_or(end, |max| max.min(end)));
            }
        }
        for object in &mut shape.objects {
            object.fields.iter_mut().for_each(|field| keep(&mut field.ways));
            object.fields.retain(|field| !field.ways.is_empty());
            object.others.iter_mut().for_each(|others| keep(&mut others.ways));
            object.others.retain(|others| !others.ways.is_empty());
        }
    }
    Ok(reachable(shapes))
}

/// Which shapes have a value: the least fixpoint.
fn live(shapes: &Shapes) -> Vec<bool> {
    let mut live = vec![false; shapes.shapes.len()];
    loop {
        let mut changed = false;
        for (index, shape) in shapes.shapes.iter().enumerate().rev() {
            if !live[index] && lives(shape, &live) {
                (live[index], changed) = (true, true);
            }
        }
        if !changed {
            return live;
        }
    }
}

fn lives(shape: &Shape, live: &[bool]) -> bool {
    shape.scalars != Expr::Never
        || shape.arrays.iter().any(|array| lives_array(array, live))
        || shape.objects.iter().any(|object| lives_object(object, live))
}

fn any(ways: &[Way], live: &[bool]) -> bool {
    ways.iter().any(|way| live.get(way.shape).copied().unwrap_or(false))
}

/// Whether each counter can be hit, if it must.
fn hit<'a>(counters: &[Count], ways: impl Iterator<Item = &'a Way> + Clone, live: &[bool]) -> bool {
    let hits = |bit: usize| ways.clone().any(|way| way.hits >> bit & 1 == 1 && any(&[*way], live));
    counters.iter().enumerate().all(|(bit, count)| count.min == 0 || hits(bit))
}

fn lives_array(array: &Array, live: &[bool]) -> bool {
    let closed = array.prefix.iter().position(|ways| !any(ways, live));
    let most = closed.or((!any(&array.rest, live)).then_some(array.prefix.len()));
    let most = most.map(|most| most as u32).into_iter().chain(array.max).min();
    let ways = array.prefix.iter().flatten().chain(&array.rest);
    most.is_none_or(|most| array.min <= most) && hit(&array.counters, ways, live)
}

fn lives_object(object: &Object, live: &[bool]) -> bool {
    let required = object.fields.iter().filter(|field| field.required);
    let there = object.fields.iter().filter(|field| any(&field.ways, live)).count();
    let open = object.others.iter().any(|others| any(&others.ways, live));
    let ways = object.fields.iter().flat_map(|field| &field.ways);
    required.clone().all(|field| any(&field.ways, live))
        && object.max.is_none_or(|max| required.count() <= max as usize && object.min <= max)
        && (open || there >= object.min as usize)
        && hit(&object.counters, ways.chain(object.others.iter().flat_map(|others| &others.ways)), live)
}

/// Why the root has no value: the innermost reason.
fn cause(shapes: &Shapes, live: &[bool], causes: &HashMap<usize, String>) -> ConstrainError {
    let (mut at, mut seen) = (shapes.root, Vec::new());
    let reason = loop {
        let Some(shape) = shapes.shapes.get(at) else { break "it allows nothing".to_owned() };
        if seen.contains(&at) {
            break "every value would contain another one, without end".to_owned();
        }
        seen.push(at);
        let field = shape.objects.iter().flat_map(|object| &object.fields);
        let field =
            field.filter(|field| field.required && !any(&field.ways, live)).find_map(|field| field.ways.first());
        let item = shape.arrays.iter().find_map(|array| {
            let needed = array.prefix.iter().chain([&array.rest]).take(array.min as usize);
            needed.filter(|ways| !any(ways, live)).find_map(|ways| ways.first())
        });
        match field.or(item) {
            Some(way) => at = way.shape,
            None => {
                break causes.get(&at).cloned().unwrap_or_else(|| "its keywords contradict each other".to_owned());
            }
        }
    };
    let at = shapes.shapes.get(at).map_or("#", |shape| &shape.at);
    ConstrainError::Unsatisfiable { what: format!("the schema at {at}"), reason }
}

/// Only the shapes that the root needs.
fn reachable(mut shapes: Shapes) -> Shapes {
    let mut places: HashMap<usize, usize> = HashMap::from([(shapes.root, 0)]);
    let mut order = vec![shapes.root];
    let mut next = 0;
    while let Some(shape) = order.get(next).and_then(|index| shapes.shapes.get(*index)) {
        for way in ways(shape) {
            if let std::collections::hash_map::Entry::Vacant(place) = places.entry(way.shape) {
                place.insert(order.len());
                order.push(way.shape);
            }
        }
        next += 1;
    }
    let mut all: Vec<Option<Shape>> = shapes.shapes.into_iter().map(Some).collect();
    shapes.shapes = order.iter().filter_map(|index| all.get_mut(*index).and_then(Option::take)).collect();
    for shape in &mut shapes.shapes {
        for way in ways_mut(shape) {
            way.shape = places.get(&way.shape).copied().unwrap_or_default();
        }
    }
    shapes.root = 0;
    shapes
}

fn ways(shape: &Shape) -> impl Iterator<Item = &Way> {
    let arrays = shape.arrays.iter().flat_map(|array| array.prefix.iter().flatten().chain(&array.rest));
    let fields = shape.objects.iter().flat_map(|object| object.fields.iter().flat_map(|field| &field.ways));
    arrays.chain(fields).chain(shape.objects.iter().flat_map(|object| object.others.iter().flat_map(|o| &o.ways)))
}

fn ways_mut(shape: &mut Shape) -> impl Iterator<Item = &mut Way> {
    let arrays = shape.arrays.iter_mut().flat_map(|array| array.prefix.iter_mut().flatten().chain(&mut array.rest));
    let objects = shape.objects.iter_mut().flat_map(|object| {
        let fields = object.fields.iter_mut().flat_map(|field| &mut field.ways);
        fields.chain(object.others.iter_mut().flat_map(|others| &mut others.ways))
    });
    arrays.chain(objects)
}
