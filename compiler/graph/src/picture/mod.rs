//! Graph in, a picture for people out: what happens, where it lies, and what leads to what.
//!
//! 1. Pure computing is left out: what depends on it depends on what it was computed of. What writes one message is one
//!    box; the markup around a generation belongs to its box.
//! 2. Loops, branches and handlers are groups around what is inside of them; items of the program stand below each other.
//! 3. [`layers`] lays out each region, inner ones first.

pub mod layers;
pub mod types;

use std::collections::BTreeMap;

use sgl_check::program::FnId;
use sgl_diag::Span;

use crate::Bound;
use crate::graph::{EdgeKind, Graph, LoopOrigin, Node, NodeKind, Region, TextPart};
use crate::number;
use layers::{Layout, Point, layout};

/// The picture of a program. Lengths are in pixels.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Picture {
    /// What happens.
    pub boxes: Vec<Drawn>,
    /// What is around it; outer ones come first.
    pub groups: Vec<Drawn>,
    /// What leads to what.
    pub edges: Vec<Edge>,
    /// Width and height.
    pub size: Point,
}

/// A box or a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// The [numbers](crate::number) of the nodes in it: of a group the one that it is.
    pub nodes: Vec<u32>,
    /// What it is: `message`, `gen`, `select`, `call`, `effect`; `prompt`, `fn`, `fork`, `for`, `while`, `each`, `if`, `try`, `closure`.
    pub kind: &'static str,
    /// Its first line.
    pub title: String,
    /// What there is more to say.
    pub detail: String,
    /// Of a generation what it is held to, as a program has it: see [`types`].
    pub ty: String,
    /// Where it stands in the source.
    pub span: Span,
    /// Its upper left corner.
    pub at: Point,
    /// Width and height.
    pub size: Point,
}

/// A line from one box or group to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// What it carries.
    pub kind: EdgeKind,
    /// Its points, from top to bottom.
    pub points: Vec<Point>,
}

const WIDTH: f64 = 230.0;
const LINE: f64 = 17.0;
const PAD: f64 = 16.0;
const HEADER: f64 = 30.0;
/// Characters of a detail's line, and lines.
const CHARS: usize = 31;

/// Draws the items that `main` leads to. `bound` are variables that generations end up in: see [`crate::bound`].
pub fn picture(graph: &Graph, bound: &[Bound]) -> Picture {
    let (firsts, _) = number::firsts(graph);
    let drawing = Drawing { graph, bound, shown: shown_items(graph) };
    let mut picture = Picture::default();
    let all: Vec<usize> = (0..graph.functions.len()).collect();
    let main = graph.main.map(|id| id.0 as usize);
    let order = main.into_iter().chain(all.into_iter().filter(|&index| Some(index) != main));
    let mut y = 0.0;
    for index in order.filter(|&index| drawing.shown.get(index) == Some(&true)) {
        let (Some(item), Some(first)) = (graph.functions.get(index), firsts.get(index)) else { continue };
        let plate = drawing.plate(&item.body, *first);
        let params: Vec<&str> = item.params.iter().map(|param| &*param.name).collect();
        let word = if item.is_prompt { "prompt" } else { "fn" };
        let frame = Item {
            nodes: Vec::new(),
            kind: word,
            title: format!("{word} {}", item.name),
            detail: params.join(", "),
            ty: String::new(),
            span: item.span,
            size: around(&plate),
            inside: vec![(PAD, HEADER, plate)],
        };
        let size = frame.size;
        frame.draw((0.0, y), &mut picture);
        picture.size = (picture.size.0.max(size.0), y + size.1);
        y += size.1 + PAD * 2.0;
    }
    picture
}

/// Which items do anything that is shown, of those that `main` leads to.
fn shown_items(graph: &Graph) -> Vec<bool> {
    let count = graph.functions.len();
    let calls = |index: usize| {
        let mut found = Vec::new();
        let mut pending: Vec<&Region> = graph.functions.get(index).map(|item| &item.body).into_iter().collect();
        let mut acts = false;
        while let Some(region) = pending.pop() {
            for node in &region.nodes {
                acts |= acts_itself(&node.kind);
                match &node.kind {
                    NodeKind::Call { function: FnId(id), .. } | NodeKind::Function(FnId(id)) => {
                        found.push(*id as usize)
                    }
                    NodeKind::Tool(id) => {
                        found.extend(graph.tools.get(id.0 as usize).map(|tool| tool.function.0 as usize));
                    }
                    _ => {}
                }
                pending.extend(node.kind.regions());
            }
        }
        (acts, found)
    };
    let all: Vec<(bool, Vec<usize>)> = (0..count).map(calls).collect();
    let mut reached = vec![false; count];
    let mut pending: Vec<usize> = graph.main.map(|id| id.0 as usize).into_iter().collect();
    while let Some(index) = pending.pop() {
        if let Some(seen) = reached.get_mut(index).filter(|seen| !**seen) {
            *seen = true;
            pending.extend(all.get(index).iter().flat_map(|(_, called)| called.iter().copied()));
        }
    }
    // What calls something that acts, acts.
    let mut acts: Vec<bool> = all.iter().map(|(acts, _)| *acts).collect();
    loop {
        let more = |index: &usize| !acts[*index] && all[*index].1.iter().any(|called| acts.get(*called) == Some(&true));
        match (0..count).find(more) {
            Some(index) => acts[index] = true,
            None => return acts.into_iter().zip(reached).map(|(acts, reached)| acts && reached).collect(),
        }
    }
}

fn acts_itself(kind: &NodeKind) -> bool {
    matches!(
        kind,
        NodeKind::Text(_)
            | NodeKind::Open(_)
            | NodeKind::Close
            | NodeKind::Extend
            | NodeKind::Gen(_)
            | NodeKind::Select(_)
            | NodeKind::Effect(_)
            | NodeKind::Print
            | NodeKind::Assert { .. }
            | NodeKind::CallValue { .. }
            | NodeKind::CallTool { .. }
    )
}

struct Drawing<'a> {
    graph: &'a Graph,
    bound: &'a [Bound],
    shown: Vec<bool>,
}

/// A region that is laid out.
struct Plate {
    items: Vec<Item>,
    kinds: Vec<EdgeKind>,
    layout: Layout,
}

/// A box, or a group with plates inside.
struct Item {
    nodes: Vec<u32>,
    kind: &'static str,
    title: String,
    detail: String,
    ty: String,
    span: Span,
    size: Point,
    inside: Vec<(f64, f64, Plate)>,
}

fn around(plate: &Plate) -> Point {
    let (width, height) = plate.layout.size;
    (width.max(WIDTH) + PAD * 2.0, height + HEADER + PAD)
}

impl Item {
    fn draw(self, at: Point, picture: &mut Picture) {
        let Item { nodes, kind, title, detail, ty, span, size, inside } = self;
        let drawn = Drawn { nodes, kind, title, detail, ty, span, at, size };
        if inside.is_empty() {
            picture.boxes.push(drawn);
            return;
        }
        picture.groups.push(drawn);
        for (x, y, Plate { items, kinds, layout }) in inside {
            let moved = |point: Point| (at.0 + x + point.0, at.1 + y + point.1);
            for (kind, points) in kinds.into_iter().zip(layout.edges) {
                picture.edges.push(Edge { kind, points: points.into_iter().map(moved).collect() });
            }
            for (item, place) in items.into_iter().zip(layout.boxes) {
                item.draw(moved(place), picture);
            }
        }
    }
}

impl Drawing<'_> {
    fn acts(&self, node: &Node) -> bool {
        let inside = |region: &Region| region.nodes.iter().any(|node| self.acts(node));
        match &node.kind {
            NodeKind::Call { function, .. } => self.shown.get(function.0 as usize) == Some(&true),
            kind => acts_itself(kind) || kind.regions().any(inside),
        }
    }

    fn plate(&self, region: &Region, first: u32) -> Plate {
        let numbers = number::numbers(region, first);
        let heads = self.folded(region);
        let mut items: Vec<Item> = Vec::new();
        // The item of each node, and for each value the items that it comes from.
        let mut item_of: Vec<Option<usize>> = vec![None; region.nodes.len()];
        for (index, node) in region.nodes.iter().enumerate().filter(|(_, node)| self.acts(node)) {
            let Some(&number) = numbers.get(index) else { continue };
            let head = heads.get(index).copied().unwrap_or(index);
            match item_of.get(head).copied().flatten().filter(|_| head != index) {
                Some(item) => {
                    item_of[index] = Some(item);
                    self.join(&mut items[item], region, node, number);
                }
                None => {
                    item_of[index] = Some(items.len());
                    items.push(self.item(region, node, number));
                }
            }
        }
        let mut from: Vec<Vec<usize>> = vec![Vec::new(); region.values.len().max(region.params as usize)];
        let mut edges: BTreeMap<(usize, usize), EdgeKind> = BTreeMap::new();
        for (index, node) in region.nodes.iter().enumerate() {
            let own = item_of.get(index).copied().flatten();
            let mut sources = Vec::new();
            for input in &node.inputs {
                let kind = region.values.get(input.0 as usize).map_or(EdgeKind::Data, |value| value.kind);
                for &source in from.get(input.0 as usize).into_iter().flatten() {
                    match own {
                        Some(own) if own != source => {
                            let edge = edges.entry((source, own)).or_insert(kind);
                            *edge = stronger(*edge, kind);
                        }
                        Some(_) => {}
                        None => sources.push(source),
                    }
                }
            }
            sources.sort_unstable();
            sources.dedup();
            let given = own.map_or(sources, |own| vec![own]);
            for output in node.output_ids() {
                if let Some(slot) = from.get_mut(output.0 as usize) {
                    slot.clone_from(&given);
                }
            }
        }
        let sizes: Vec<Point> = items.iter_mut().map(Item::measured).collect();
        let pairs: Vec<(usize, usize)> = edges.keys().copied().collect();
        Plate { items, kinds: edges.into_values().collect(), layout: layout(&sizes, &pairs) }
    }

    /// For each node the first of those that are drawn as one with it: parts of a message, and the markup around a
    /// generation. They follow each other on one prompt that nothing else uses in between.
    fn folded(&self, region: &Region) -> Vec<usize> {
        let mut uses = vec![0usize; region.values.len()];
        let inputs = region.nodes.iter().flat_map(|node| &node.inputs);
        for value in inputs.chain(&region.results) {
            if let Some(count) = uses.get_mut(value.0 as usize) {
                *count += 1;
            }
        }
        let mut maker: Vec<Option<usize>> = vec![None; region.values.len()];
        let mut heads: Vec<usize> = (0..region.nodes.len()).collect();
        for (index, node) in region.nodes.iter().enumerate() {
            for output in node.output_ids() {
                if let Some(slot) = maker.get_mut(output.0 as usize) {
                    *slot = Some(index);
                }
            }
            let state = node.inputs.first().map_or(usize::MAX, |value| value.0 as usize);
            let only = uses.get(state) == Some(&1);
            let Some(before) = maker.get(state).copied().flatten().filter(|_| only) else { continue };
            let (was, is) = (&region.nodes[before].kind, &node.kind);
            let text = |kind: &NodeKind| matches!(kind, NodeKind::Open(_) | NodeKind::Text(_) | NodeKind::Extend);
            let asks = |kind: &NodeKind| matches!(kind, NodeKind::Gen(_) | NodeKind::Select(_));
            let fold = match is {
                NodeKind::Text(_) | NodeKind::Extend => text(was),
                NodeKind::Close => text(was) || asks(was),
                NodeKind::Gen(_) | NodeKind::Select(_) => {
                    matches!(was, NodeKind::Open(_)) && heads.get(before) == Some(&before)
                }
                _ => false,
            };
            if fold {
                heads[index] = heads[before];
            }
        }
        heads
    }

    fn item(&self, region: &Region, node: &Node, number: u32) -> Item {
        let mut item = Item {
            nodes: vec![number],
            kind: "effect",
            title: String::new(),
            detail: String::new(),
            ty: String::new(),
            span: node.span,
            size: (WIDTH, 0.0),
            inside: Vec::new(),
        };
        match &node.kind {
            NodeKind::Loop(each) => {
                item.kind = match each.origin {
                    LoopOrigin::Fork => "fork",
                    LoopOrigin::For => "for",
                    LoopOrigin::While => "while",
                    LoopOrigin::Comprehension => "each",
                };
                item.title = item.kind.into();
            }
            NodeKind::Switch(_) => (item.kind, item.title) = ("if", "branch".into()),
            NodeKind::Try { .. } => (item.kind, item.title) = ("try", "try".into()),
            NodeKind::Closure { .. } => (item.kind, item.title) = ("closure", "function".into()),
            NodeKind::Call { function, .. } => {
                let name = self.graph.functions.get(function.0 as usize).map_or("?", |item| &*item.name);
                (item.kind, item.title) = ("call", format!("call {name}"));
            }
            NodeKind::CallValue { .. } => (item.kind, item.title) = ("call", "call of a function value".into()),
            NodeKind::CallTool { .. } => (item.kind, item.title) = ("call", "call of a tool".into()),
            NodeKind::Effect(builtin) => item.title = builtin.name().into(),
            NodeKind::Print => item.title = "print".into(),
            NodeKind::Assert { .. } => item.title = "assert".into(),
            NodeKind::Text(_) | NodeKind::Open(_) | NodeKind::Close | NodeKind::Extend => {
                (item.kind, item.title) = ("message", "text".into());
            }
            _ => {}
        }
        self.say(&mut item, region, node);
        item.inside = self.inside(node, number);
        item
    }

    /// One more node of a box.
    fn join(&self, item: &mut Item, region: &Region, node: &Node, number: u32) {
        item.nodes.push(number);
        self.say(item, region, node);
        let (span, other) = (item.span, node.span);
        if span.file == other.file {
            item.span = Span { start: span.start.min(other.start), end: span.end.max(other.end), ..span };
        }
    }

    /// What a node adds to the words of its box.
    fn say(&self, item: &mut Item, region: &Region, node: &Node) {
        let name = |value: Option<crate::graph::ValueId>| {
            let info = value.and_then(|value| region.values.get(value.0 as usize));
            info.and_then(|info| info.name.as_deref()).unwrap_or("…").to_owned()
        };
        match &node.kind {
            NodeKind::Open(role) => item.title = role.name().into(),
            NodeKind::Extend => item.detail.push_str("{…}"),
            NodeKind::Text(parts) => {
                let mut holes = node.inputs.iter().skip(1);
                for part in parts {
                    match part {
                        TextPart::Literal(text) => item.detail.push_str(text),
                        TextPart::Hole => item.detail.push_str(&format!("{{{}}}", name(holes.next().copied()))),
                    }
                }
            }
            NodeKind::Gen(generation) => {
                item.kind = "gen";
                item.title = format!("gen<{}>", generation.value_ty.show(&self.graph.structs));
                item.span = node.span;
                item.detail = self.named(node, region);
                item.ty = types::written(&generation.value_ty, &self.graph.structs);
            }
            NodeKind::Select(_) => {
                (item.kind, item.title, item.span) = ("select", "select".into(), node.span);
                item.detail = self.named(node, region);
            }
            _ => {}
        }
    }

    /// The plates of a group, beside each other.
    fn inside(&self, node: &Node, number: u32) -> Vec<(f64, f64, Plate)> {
        let (mut plates, mut next, mut x) = (Vec::new(), number.saturating_add(1), PAD);
        for region in node.kind.regions() {
            let first = next;
            next = next.saturating_add(number::size(region));
            if region.nodes.iter().any(|node| self.acts(node)) {
                let plate = self.plate(region, first);
                let width = plate.layout.size.0;
                plates.push((x, HEADER, plate));
                x += width + PAD * 2.0;
            }
        }
        plates
    }

    /// The variable that a generation's value goes to.
    fn named(&self, node: &Node, region: &Region) -> String {
        let info = region.values.get(node.first_output.0 as usize).and_then(|info| info.name.as_deref());
        let bound = || self.bound.iter().find(|bound| bound.span == node.span).map(|bound| &*bound.name);
        info.or_else(bound).map(|name| format!("→ {name}")).unwrap_or_default()
    }
}

impl Item {
    /// Cuts the words to what is shown, and says how large it is.
    fn measured(&mut self) -> Point {
        self.size = if self.inside.is_empty() {
            let words = self.detail.split_whitespace().collect::<Vec<_>>().join(" ");
            self.detail = cut(&words, CHARS * 2);
            self.title = cut(&self.title, CHARS - 4);
            let lines = match (self.kind, self.detail.chars().count()) {
                // The last line says how it went.
                ("gen" | "select", 0) => 1.0,
                ("gen" | "select", _) => 2.0,
                (_, 0) => 0.0,
                (_, count) if count > CHARS => 2.0,
                _ => 1.0,
            };
            (WIDTH, 26.0 + lines * LINE + if lines > 0.0 { 6.0 } else { 0.0 })
        } else {
            let width = self.inside.iter().map(|(x, _, plate)| x + plate.layout.size.0 + PAD).fold(0.0, f64::max);
            let height = self.inside.iter().map(|(_, y, plate)| y + plate.layout.size.1 + PAD).fold(0.0, f64::max);
            (width, height)
        };
        self.size
    }
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A prompt is more than a value, and a value more than an order.
fn stronger(a: EdgeKind, b: EdgeKind) -> EdgeKind {
    match (a, b) {
        (EdgeKind::State, _) | (_, EdgeKind::State) => EdgeKind::State,
        (EdgeKind::Data, _) | (_, EdgeKind::Data) => EdgeKind::Data,
        _ => EdgeKind::Effect,
    }
}
