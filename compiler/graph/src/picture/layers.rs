//! Boxes with sizes and edges between them in; where each box and each edge lies, in layers from top to bottom, out.
//!
//! Sugiyama, Tagawa, Toda: "Methods for Visual Understanding of Hierarchical System Structures" (1981): layers by the longest
//! path, an edge over several layers gets a bend in each, order within a layer by the mean of the neighbours. Within a layer
//! boxes come as near to their neighbours' mean as their order lets them: least squares, by pooling adjacent violators.

/// A point, in pixels.
pub type Point = (f64, f64);

/// Where everything lies.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layout {
    /// The upper left corner of each box.
    pub boxes: Vec<Point>,
    /// The points of each edge, from the lower side of its first box to the upper side of its second.
    pub edges: Vec<Vec<Point>>,
    /// Width and height of it all.
    pub size: Point,
}

const GAP: f64 = 26.0;
const LAYER_GAP: f64 = 34.0;
/// The room of an edge that passes by.
const BEND: f64 = 12.0;
const SWEEPS: usize = 8;

/// A box, or the bend of an edge in a layer that it crosses.
struct Place {
    layer: usize,
    width: f64,
    /// Its middle.
    x: f64,
    above: Vec<usize>,
    below: Vec<usize>,
}

/// Lays out boxes of these widths and heights.
pub fn layout(sizes: &[Point], edges: &[(usize, usize)]) -> Layout {
    let layers = layers(sizes.len(), edges);
    let count = layers.iter().max().map_or(0, |last| last + 1);
    let place = |layer: usize, width: f64| Place { layer, width, x: 0.0, above: Vec::new(), below: Vec::new() };
    let mut places: Vec<Place> = sizes.iter().zip(&layers).map(|(size, layer)| place(*layer, size.0)).collect();
    // The places of each edge, its two boxes first and last.
    let mut ways = Vec::with_capacity(edges.len());
    for &(from, to) in edges {
        let mut way = vec![from];
        for layer in layers[from] + 1..layers[to] {
            way.push(places.len());
            places.push(place(layer, BEND));
        }
        way.push(to);
        for pair in way.windows(2) {
            places[pair[0]].below.push(pair[1]);
            places[pair[1]].above.push(pair[0]);
        }
        ways.push(way);
    }
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (index, place) in places.iter().enumerate() {
        rows[place.layer].push(index);
    }
    order(&mut rows, &mut places);
    for sweep in 0..SWEEPS {
        for at in 0..count {
            let (row, down) = if sweep % 2 == 0 { (&rows[at], true) } else { (&rows[count - 1 - at], false) };
            align(row, &mut places, down);
        }
    }
    finish(sizes, &places, &rows, &ways)
}

/// The layer of each box: one more than the lowest of those above it; boxes that nothing is above come down to what they
/// are used by.
fn layers(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut layers = vec![0usize; count];
    let (mut waits, mut below) = (vec![0usize; count], vec![Vec::new(); count]);
    for &(from, to) in edges {
        waits[to] += 1;
        below[from].push(to);
    }
    let mut ready: Vec<usize> = (0..count).filter(|&index| waits[index] == 0).collect();
    let sources = ready.clone();
    while let Some(from) = ready.pop() {
        for &to in &below[from] {
            layers[to] = layers[to].max(layers[from] + 1);
            waits[to] -= 1;
            if waits[to] == 0 {
                ready.push(to);
            }
        }
    }
    for index in sources {
        if let Some(first) = below[index].iter().map(|&to| layers[to]).min() {
            layers[index] = first.saturating_sub(1);
        }
    }
    layers
}

/// Orders each layer by the mean place of its neighbours, down and up again.
fn order(rows: &mut [Vec<usize>], places: &mut [Place]) {
    for sweep in 0..SWEEPS {
        for at in 0..rows.len() {
            let at = if sweep % 2 == 0 { at } else { rows.len() - 1 - at };
            for (index, &place) in rows[at].iter().enumerate() {
                places[place].x = index as f64;
            }
            let wanted = |index: usize| {
                let place = &places[index];
                mean(if sweep % 2 == 0 { &place.above } else { &place.below }, places).unwrap_or(place.x)
            };
            rows[at].sort_by(|a, b| wanted(*a).total_cmp(&wanted(*b)));
            for (index, &place) in rows[at].iter().enumerate() {
                places[place].x = index as f64;
            }
        }
    }
}

fn mean(neighbours: &[usize], places: &[Place]) -> Option<f64> {
    let sum: f64 = neighbours.iter().map(|&index| places[index].x).sum();
    (!neighbours.is_empty()).then(|| sum / neighbours.len() as f64)
}

/// Moves the boxes of a layer to their neighbours, in their order and without touching.
fn align(row: &[usize], places: &mut [Place], down: bool) {
    // What is left of each when all are pushed together, and where it would like to be beyond that.
    let (mut pushed, mut pools): (f64, Vec<(f64, usize)>) = (0.0, Vec::new());
    let mut offsets = Vec::with_capacity(row.len());
    for (at, &index) in row.iter().enumerate() {
        if at > 0 {
            pushed += (places[row[at - 1]].width + places[index].width) / 2.0 + GAP;
        }
        offsets.push(pushed);
        let place = &places[index];
        let near = if down { &place.above } else { &place.below };
        let far = if down { &place.below } else { &place.above };
        let wanted = mean(near, places).or_else(|| mean(far, places)).unwrap_or(place.x);
        pools.push((wanted - pushed, 1));
        while let [.., (a, n), (b, m)] = pools[..]
            && a > b
        {
            pools.truncate(pools.len() - 2);
            pools.push(((a * n as f64 + b * m as f64) / (n + m) as f64, n + m));
        }
    }
    let settled = pools.into_iter().flat_map(|(x, count)| std::iter::repeat_n(x, count));
    for ((&index, x), offset) in row.iter().zip(settled).zip(offsets) {
        places[index].x = x + offset;
    }
}

fn finish(sizes: &[Point], places: &[Place], rows: &[Vec<usize>], ways: &[Vec<usize>]) -> Layout {
    let left = places.iter().map(|place| place.x - place.width / 2.0).fold(f64::INFINITY, f64::min);
    let right = places.iter().map(|place| place.x + place.width / 2.0).fold(f64::NEG_INFINITY, f64::max);
    let mut tops = Vec::with_capacity(rows.len());
    let mut y = 0.0;
    for row in rows {
        let height = row.iter().filter_map(|&index| sizes.get(index)).map(|size| size.1).fold(0.0, f64::max);
        tops.push((y, height));
        y += height + LAYER_GAP;
    }
    let middle = |index: usize| (places[index].x - left).round();
    let boxes: Vec<Point> = sizes
        .iter()
        .enumerate()
        .map(|(index, size)| (middle(index) - (size.0 / 2.0).round(), tops[places[index].layer].0))
        .collect();
    let edges = ways.iter().map(|way| {
        let mut points = Vec::with_capacity(way.len() * 2);
        for (at, &index) in way.iter().enumerate() {
            let (top, height) = tops[places[index].layer];
            match sizes.get(index) {
                Some(size) if at == 0 => points.push((middle(index), top + size.1)),
                Some(_) => points.push((middle(index), top)),
                None => points.extend([(middle(index), top), (middle(index), top + height)]),
            }
        }
        points
    });
    let size = if places.is_empty() { (0.0, 0.0) } else { ((right - left).ceil(), (y - LAYER_GAP).max(0.0)) };
    Layout { edges: edges.collect(), boxes, size }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn boxes_do_not_touch_and_edges_go_down(
            sizes in proptest::collection::vec((20.0..200.0f64, 10.0..90.0f64), 1..24),
            pairs in proptest::collection::vec((0usize..24, 0usize..24), 0..40),
        ) {
            let count = sizes.len();
            let edges: Vec<(usize, usize)> =
                pairs.into_iter().map(|(a, b)| (a % count, b % count)).filter(|(a, b)| a < b).collect();
            let found = layout(&sizes, &edges);
            prop_assert_eq!((found.boxes.len(), found.edges.len()), (count, edges.len()));
            for (i, (a, s)) in found.boxes.iter().zip(&sizes).enumerate() {
                prop_assert!(a.0 >= -1.0 && a.1 >= 0.0 && a.0 + s.0 <= found.size.0 + 2.0 && a.1 + s.1 <= found.size.1 + 0.5);
                for (b, t) in found.boxes.iter().zip(&sizes).skip(i + 1) {
                    let apart = a.0 + s.0 <= b.0 + 1.0 || b.0 + t.0 <= a.0 + 1.0 || a.1 + s.1 <= b.1 || b.1 + t.1 <= a.1;
                    prop_assert!(apart, "{:?} {:?} touches {:?} {:?}", a, s, b, t);
                }
            }
            for ((from, to), points) in edges.iter().zip(&found.edges) {
                prop_assert!(points.windows(2).all(|pair| pair[0].1 <= pair[1].1));
                prop_assert!(found.boxes[*from].1 + sizes[*from].1 <= found.boxes[*to].1);
            }
        }
    }

    #[test]
    fn a_chain_is_a_straight_line() {
        let found = layout(&[(100.0, 40.0); 4], &[(0, 1), (1, 2), (2, 3), (0, 3)]);
        let straight: Vec<f64> = found.boxes[1..3].iter().map(|point| point.0).collect();
        assert_eq!(straight[0], straight[1]);
        assert_eq!(found.edges[3].len(), 6, "the long edge bends around two layers");
    }
}
