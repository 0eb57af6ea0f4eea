//! Pairs of the grammar in; a lossless tree and the places where something is wrong out.
//!
//! Works without recursion: a stack of [`Frame`]s, one for each pair that is open. Space and comments are held back until
//! the next token or node begins, so a node spans its own tokens and nothing else.

use std::ops::Range;

use pest::iterators::{Pair, Pairs};
use rowan::{Checkpoint, GreenNode, GreenNodeBuilder, Language as _};
use sgl_grammar::{Rule, is_recovery};

use crate::kind::{Sgl, Shape, SyntaxKind, shape};

/// How many nodes may stand inside each other in one expression before another operator is refused: later stages walk
/// the tree by recursion.
pub(crate) const MAX_HEIGHT: u32 = 600;

/// The parser's own stack where the caller's is too small for [`sgl_grammar::MAX_NESTING`] in a debug build.
const STACK_BYTES: usize = 256 << 20;

/// What is wrong, before it is put in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// A recovery rule matched.
    Recovered(Rule),
    /// Things stand too deep inside each other.
    TooDeep,
    /// Too many operators stand inside each other.
    TooTall,
    /// The file is bigger than offsets count.
    TooBig,
}

/// A place where something is wrong.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub wrong: Wrong,
    /// The bytes that it is about; empty where something is missing.
    pub range: Range<usize>,
    /// The rule that was open around it, and its bytes.
    pub parent: Rule,
    pub parent_range: Range<usize>,
}

pub(crate) struct Built {
    pub green: GreenNode,
    pub problems: Vec<Problem>,
}

/// What a text is to be read as: [`sgl_grammar::parse`] or [`sgl_grammar::parse_snippet`].
pub(crate) type Grammar = fn(&str) -> Result<Pairs<'_, Rule>, sgl_grammar::OutOfStack>;

pub(crate) fn build(text: &str, grammar: Grammar) -> Built {
    if u32::try_from(text.len()).is_err() {
        return unreadable("", Wrong::TooBig, 0);
    }
    let built = try_build(text, grammar).or_else(|| on_a_big_stack(text, grammar));
    built.unwrap_or_else(|| unreadable(text, Wrong::TooDeep, 0))
}

/// The first item of a text, with what stands before it. `None` where the native stack is too small.
pub(crate) fn build_piece(text: &str) -> Option<Built> {
    try_build(text, sgl_grammar::parse_piece)
}

/// `None` where the native stack is too small.
fn try_build(text: &str, grammar: Grammar) -> Option<Built> {
    let mut pairs = grammar(text).ok()?;
    let file = pairs.next()?;
    Some(Builder::new(text).run(file))
}

fn on_a_big_stack(text: &str, grammar: Grammar) -> Option<Built> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        thread.spawn_scoped(scope, || try_build(text, grammar)).ok()?.join().ok()?
    })
}

/// One error node that holds all of the text.
fn unreadable(text: &str, wrong: Wrong, at: usize) -> Built {
    let mut green = GreenNodeBuilder::new();
    green.start_node(Sgl::kind_to_raw(SyntaxKind::FILE));
    green.start_node(Sgl::kind_to_raw(SyntaxKind::ERROR));
    if !text.is_empty() {
        green.token(Sgl::kind_to_raw(SyntaxKind::JUNK), text);
    }
    green.finish_node();
    green.finish_node();
    let problem = Problem { wrong, range: at..at, parent: Rule::file, parent_range: 0..text.len() };
    Built { green: green.finish(), problems: vec![problem] }
}

/// A pair that is open.
struct Frame<'a> {
    inner: Pairs<'a, Rule>,
    rule: Rule,
    shape: Shape,
    range: Range<usize>,
    /// Where the pair's node begins.
    start: Checkpoint,
    /// Nodes inside each other below this one.
    height: u32,
    /// Children that are neither space nor comments.
    children: u32,
    /// The rule of the last of them.
    last: Option<Rule>,
    /// A comma stands among them.
    comma: bool,
    /// A `|` stands among them, be it before the only one.
    bar: bool,
    operands: Vec<Operand>,
    operators: Vec<Operator>,
}

/// A part of an expression, already in the tree: where it begins and how high it is.
struct Operand {
    start: Checkpoint,
    height: u32,
}

/// An operator whose right operand is not complete.
struct Operator {
    /// Where a prefix operator begins; `None` for an infix operator.
    prefix: Option<Checkpoint>,
    /// How strongly it holds what stands to its right.
    right: u8,
}

struct Builder<'a> {
    text: &'a str,
    green: GreenNodeBuilder<'static>,
    frames: Vec<Frame<'a>>,
    trivia: Vec<(SyntaxKind, Range<usize>)>,
    /// All bytes before it are in the tree or in `trivia`.
    cursor: usize,
    /// The end of the last token that is no trivia.
    last_end: usize,
    problems: Vec<Problem>,
    deep_at: Option<usize>,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str) -> Self {
        Builder {
            text,
            green: GreenNodeBuilder::new(),
            frames: Vec::new(),
            trivia: Vec::new(),
            cursor: 0,
            last_end: 0,
            problems: Vec::new(),
            deep_at: None,
        }
    }

    fn run(mut self, file: Pair<'a, Rule>) -> Built {
        self.push(file, self.green.checkpoint());
        while let Some(frame) = self.frames.last_mut() {
            match frame.inner.next() {
                Some(pair) => self.open(pair),
                None => self.close(),
            }
            if let Some(at) = self.deep_at {
                return unreadable(self.text, Wrong::TooDeep, at);
            }
        }
        Built { green: self.green.finish(), problems: self.problems }
    }

    fn push(&mut self, pair: Pair<'a, Rule>, start: Checkpoint) {
        let rule = pair.as_rule();
        let span = pair.as_span();
        self.frames.push(Frame {
            rule,
            shape: shape(rule),
            range: span.start()..span.end(),
            inner: pair.into_inner(),
            start,
            height: 0,
            children: 0,
            last: None,
            comma: false,
            bar: false,
            operands: Vec::new(),
            operators: Vec::new(),
        });
    }

    fn open(&mut self, pair: Pair<'a, Rule>) {
        let rule = pair.as_rule();
        let span = pair.as_span();
        let range = span.start()..span.end();
        self.punctuation(range.start);
        if rule == Rule::EOI {
            return;
        }
        if let Shape::Token(kind) = shape(rule)
            && (kind.is_trivia())
        {
            self.cursor = range.end;
            return self.trivia.push((comment_kind(kind, pair.as_str()), range));
        }
        if is_recovery(rule) {
            self.problem(Wrong::Recovered(rule), range.clone());
        }
        if rule == Rule::deep {
            self.deep_at = Some(range.start);
            return;
        }
        // What the operator ends is complete before the space and the comments that stand between them.
        if let Rule::infix_op | Rule::bad_op = rule {
            self.reduce(binding(pair.as_str()).0);
        }
        if !range.is_empty() {
            self.flush();
        }
        let mut start = self.green.checkpoint();
        if let Some(parent) = self.frames.last_mut() {
            parent.children += 1;
            parent.last = Some(rule);
            match parent.shape {
                Shape::Suffixed if parent.children > 1 => start = parent.start,
                Shape::Expr if !is_operator(rule) && rule != Rule::bad_role => {
                    parent.operands.push(Operand { start, height: 0 });
                }
                _ => {}
            }
        }
        match shape(rule) {
            Shape::Token(kind) => {
                if is_operator(rule) {
                    self.operator(rule, pair.as_str(), start);
                }
                self.token(kind, range);
            }
            _ => self.push(pair, start),
        }
    }

    fn close(&mut self) {
        let Some(end) = self.frames.last().map(|frame| frame.range.end) else { return };
        self.punctuation(end);
        if self.frames.len() == 1 {
            self.flush();
        }
        self.reduce(0);
        let Some(frame) = self.frames.pop() else { return };
        let mut height = frame.operands.iter().map(|operand| operand.height).fold(frame.height, u32::max);
        let suffix_of = self.frames.last().filter(|parent| parent.shape == Shape::Suffixed && parent.children > 1);
        let too_tall = match suffix_of {
            Some(parent) => {
                height = height.max(parent.height);
                height >= MAX_HEIGHT
            }
            None => false,
        };
        if too_tall {
            self.problem(Wrong::TooTall, frame.range.clone());
        } else if let Some(kind) = kind_of(&frame) {
            self.wrap(frame.start, kind);
            height += 1;
        }
        if let Some(parent) = self.frames.last_mut() {
            match parent.operands.last_mut() {
                Some(operand) if parent.shape == Shape::Expr => operand.height = height,
                _ => parent.height = parent.height.max(height),
            }
        }
    }

    /// Meets an operator; what stands to its left and holds more strongly is complete.
    fn operator(&mut self, rule: Rule, op: &str, start: Checkpoint) {
        let operator = match rule {
            Rule::prefix_op => Operator { prefix: Some(start), right: PREFIX },
            // Where people write it, it turns all of a comparison round.
            Rule::bad_not => Operator { prefix: Some(start), right: binding("&&").1 },
            _ => Operator { prefix: None, right: binding(op).1 },
        };
        if let Some(frame) = self.frames.last_mut() {
            frame.operators.push(operator);
        }
    }

    /// Nests the operators of the innermost expression that hold what stands to their right more strongly than `than`.
    fn reduce(&mut self, than: u8) {
        while let Some(frame) = self.frames.last_mut() {
            let Some(operator) = frame.operators.pop_if(|operator| operator.right > than) else { return };
            let Some(right) = frame.operands.pop() else { return };
            let (left, kind) = match operator.prefix {
                Some(start) => (Operand { start, height: 0 }, SyntaxKind::UNARY),
                None => match frame.operands.pop() {
                    Some(left) => (left, SyntaxKind::BINARY),
                    None => return,
                },
            };
            let below = left.height.max(right.height);
            let too_tall = below >= MAX_HEIGHT;
            let height = if too_tall { below } else { below + 1 };
            frame.operands.push(Operand { start: left.start, height });
            if too_tall {
                let range = frame.range.clone();
                self.problem(Wrong::TooTall, range);
            } else {
                self.wrap(left.start, kind);
            }
        }
    }

    fn wrap(&mut self, start: Checkpoint, kind: SyntaxKind) {
        self.green.start_node_at(start, Sgl::kind_to_raw(kind));
        self.green.finish_node();
    }

    fn token(&mut self, kind: SyntaxKind, range: Range<usize>) {
        self.cursor = range.end;
        self.last_end = range.end;
        self.green.token(Sgl::kind_to_raw(kind), self.text.get(range).unwrap_or_default());
    }

    /// The text up to `end` that no pair of its own covers: brackets and the like, or junk.
    fn punctuation(&mut self, end: usize) {
        let rule = self.frames.last().map(|frame| frame.rule);
        let is_junk = matches!(
            rule,
            Some(
                Rule::junk_run
                    | Rule::bad_run
                    | Rule::bad_param_run
                    | Rule::bad_type_run
                    | Rule::bad_hole
                    | Rule::bad_semi
            )
        );
        while let Some(rest) = self.text.get(self.cursor..end).filter(|rest| !rest.is_empty()) {
            let mark = if is_junk { None } else { PUNCTUATION.iter().find(|mark| rest.starts_with(**mark)) };
            let (kind, len) = mark.map_or((SyntaxKind::JUNK, rest.len()), |mark| (SyntaxKind::PUNCT, mark.len()));
            self.flush();
            self.token(kind, self.cursor..self.cursor + len);
            if let Some(frame) = self.frames.last_mut() {
                frame.comma |= rest.starts_with(',');
                frame.bar |= rest.starts_with('|');
            }
        }
    }

    fn flush(&mut self) {
        for (kind, range) in self.trivia.drain(..) {
            self.green.token(Sgl::kind_to_raw(kind), self.text.get(range).unwrap_or_default());
        }
    }

    fn problem(&mut self, wrong: Wrong, range: Range<usize>) {
        let range = if range.is_empty() { self.last_end..self.last_end } else { range };
        let around = self.frames.iter().rev().find(|frame| frame.shape != Shape::Inline);
        let (parent, parent_range) =
            around.map_or((Rule::file, 0..self.text.len()), |frame| (frame.rule, frame.range.clone()));
        self.problems.push(Problem { wrong, range, parent, parent_range });
    }
}

/// The marks that the grammar writes out; a mark stands before those that it begins with.
const PUNCTUATION: &[&str] = &["...", "->", "=>", "(", ")", "[", "]", "{", "}", "<", ">", ",", ":", ".", "=", "|", "?"];

fn is_operator(rule: Rule) -> bool {
    matches!(rule, Rule::infix_op | Rule::prefix_op | Rule::bad_op | Rule::bad_not)
}

const PREFIX: u8 = 130;

/// How strongly an infix operator holds its left and its right operand. As in Rust; `**` holds most, `|>` least, and
/// `??` more than a comparison.
pub(crate) fn binding(op: &str) -> (u8, u8) {
    match op {
        "**" => (141, 140),
        "*" | "/" | "%" => (120, 121),
        "+" | "-" => (110, 111),
        "<<" | ">>" => (100, 101),
        "&" => (90, 91),
        "^" => (80, 81),
        "|" => (70, 71),
        "??" => (61, 60),
        "&&" | "and" => (40, 41),
        "||" | "or" => (30, 31),
        ".." | "..=" => (20, 21),
        "|>" => (10, 11),
        _ => (50, 51),
    }
}

fn kind_of(frame: &Frame) -> Option<SyntaxKind> {
    use SyntaxKind::*;
    let several = frame.children > 1;
    Some(match (frame.shape, frame.rule, frame.last) {
        (Shape::Node(kind), ..) => kind,
        (Shape::Alternatives(kind), ..) if several || frame.bar => kind,
        (Shape::Late, Rule::expr_stmt, _) if several => ASSIGN,
        (Shape::Late, Rule::expr_stmt, _) => EXPR_STMT,
        (Shape::Late, Rule::list, Some(Rule::comp_for | Rule::comp_if)) => COMPREHENSION,
        (Shape::Late, Rule::list, _) => LIST,
        (Shape::Late, ..) if frame.comma || frame.children != 1 => TUPLE,
        (Shape::Late, ..) => PAREN,
        _ => return None,
    })
}

fn comment_kind(kind: SyntaxKind, text: &str) -> SyntaxKind {
    match kind {
        SyntaxKind::COMMENT if text.starts_with("//!") => SyntaxKind::FILE_DOC,
        SyntaxKind::COMMENT if text.starts_with("///") && !text.starts_with("////") => SyntaxKind::DOC_COMMENT,
        kind => kind,
    }
}
