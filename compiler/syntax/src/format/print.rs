//! A document in, text out: one pass measures, one prints.

use super::doc::{Fold, Op};

/// Columns that a line should not exceed.
pub(super) const WIDTH: usize = 100;
/// Columns of one level of indentation.
pub(super) const INDENT: usize = 4;

/// What the measuring pass finds out about each op.
struct Measures {
    /// Of a group: its columns on one line, up to the first line of a string in it; `None` where it must break.
    width: Vec<Option<usize>>,
    /// Of a group: whether a string in it has several lines.
    has_rows: Vec<bool>,
    /// Of a group: where its end is.
    end: Vec<usize>,
    /// Columns from the op to the next place where a line may end.
    tail: Vec<usize>,
}

struct Open {
    at: usize,
    start: usize,
    /// Columns up to the first line end inside a string.
    stop: Option<usize>,
    must_break: bool,
}

fn measure(ops: &[Op]) -> Measures {
    let mut measures = Measures {
        width: vec![None; ops.len()],
        has_rows: vec![false; ops.len()],
        end: vec![0; ops.len()],
        tail: vec![0; ops.len() + 1],
    };
    let mut open: Vec<Open> = Vec::new();
    let mut total = 0;
    for (at, op) in ops.iter().enumerate() {
        match op {
            Op::Text(text) => total += columns(text),
            Op::Break { flat, .. } => total += columns(flat),
            Op::Begin(fold) => {
                open.push(Open { at, start: total, stop: None, must_break: *fold == Fold::Broken });
            }
            Op::End => {
                let Some(group) = open.pop() else { continue };
                measures.width[group.at] = (!group.must_break).then(|| group.stop.unwrap_or(total) - group.start);
                measures.has_rows[group.at] = group.stop.is_some();
                measures.end[group.at] = at;
                if let Some(parent) = open.last_mut() {
                    parent.must_break |= group.must_break;
                    parent.stop = parent.stop.or(group.stop);
                }
            }
            Op::Newline { .. } | Op::Comment { .. } | Op::ItemGap { .. } => {
                if let Some(group) = open.last_mut() {
                    group.must_break = true;
                }
            }
            Op::Row { .. } | Op::Verbatim(_) => {
                let first = if let Op::Verbatim(text) = op { columns(text.lines().next().unwrap_or("")) } else { 0 };
                if let Some(group) = open.last_mut() {
                    group.stop.get_or_insert(total + first);
                }
            }
            Op::IfBroken(_) | Op::Indent | Op::Dedent | Op::OpenString | Op::CloseString | Op::Nothing => {}
        }
    }
    measure_tails(ops, &mut measures);
    measures
}

fn measure_tails(ops: &[Op], measures: &mut Measures) {
    let mut flat_ends = vec![false; ops.len()];
    for (at, op) in ops.iter().enumerate() {
        if let Op::Begin(Fold::Flat) = op {
            flat_ends[measures.end[at]] = true;
        }
    }
    let mut flat_around = 0;
    for (at, op) in ops.iter().enumerate().rev() {
        let after = measures.tail[at + 1];
        measures.tail[at] = match op {
            Op::Text(text) => columns(text) + after,
            Op::IfBroken(text) => columns(text) + after,
            Op::Break { flat, .. } if flat_around > 0 => columns(flat) + after,
            Op::Break { .. } | Op::Newline { .. } | Op::Comment { .. } | Op::ItemGap { .. } | Op::Row { .. } => 0,
            Op::Verbatim(text) => columns(text.lines().next().unwrap_or("")),
            Op::End => {
                flat_around += usize::from(flat_ends[at]);
                after
            }
            Op::Begin(Fold::Flat) => {
                flat_around -= 1;
                after
            }
            _ => after,
        };
    }
}

/// Prints a document. Lines have no space at their ends, and there is one newline at the end of the text.
pub(super) fn print(ops: &[Op]) -> String {
    let measures = measure(ops);
    let mut printer = Printer {
        out: String::new(),
        column: 0,
        line_indent: 0,
        at_line_start: true,
        lines: 0,
        broken: vec![true],
        indents: vec![0],
        strings: Vec::new(),
        item_line: 0,
    };
    for (at, op) in ops.iter().enumerate() {
        printer.op(at, op, ops, &measures);
    }
    let end = printer.out.trim_end_matches('\n').len();
    printer.out.truncate(end);
    if !printer.out.is_empty() {
        printer.out.push('\n');
    }
    printer.out
}

struct Printer {
    out: String,
    column: usize,
    /// How far the current line is indented.
    line_indent: usize,
    at_line_start: bool,
    /// Newlines so far.
    lines: usize,
    /// Of each open group, whether it is broken.
    broken: Vec<bool>,
    indents: Vec<usize>,
    /// How far the lines of the open strings are indented.
    strings: Vec<usize>,
    /// The line where the current item begins.
    item_line: usize,
}

impl Printer {
    fn op(&mut self, at: usize, op: &Op, ops: &[Op], measures: &Measures) {
        let is_broken = self.broken.last().copied().unwrap_or(true);
        match op {
            Op::Text(text) => self.write(text),
            Op::Comment { text, trailing } => {
                if *trailing {
                    self.write(" ");
                }
                self.write(text);
            }
            Op::IfBroken(text) if is_broken => self.write(text),
            Op::Begin(fold) => {
                if self.broken.len() == 1 {
                    self.item_line = self.lines;
                }
                let column = if self.at_line_start { self.indent() } else { self.column };
                let fits = measures.width[at].is_some_and(|width| {
                    column + width + if measures.has_rows[at] { 0 } else { measures.tail[measures.end[at]] } <= WIDTH
                });
                self.broken.push(*fold != Fold::Flat && is_broken && !fits);
            }
            Op::End => {
                self.broken.pop();
            }
            Op::Indent => self.indents.push(self.indent() + if is_broken { INDENT } else { 0 }),
            Op::Dedent => {
                self.indents.pop();
            }
            Op::Break { blank, .. } if is_broken => self.newline(*blank),
            Op::Break { flat, .. } => self.write(flat),
            Op::Newline { blank } => self.newline(*blank),
            Op::ItemGap { blank } => {
                let has_lines_before = self.lines > self.item_line;
                self.newline(*blank || has_lines_before || has_lines(at, ops, measures));
            }
            Op::OpenString => {
                let indent = if self.at_line_start { self.indent() } else { self.line_indent };
                self.strings.push(indent + INDENT);
            }
            Op::Row { indented } => {
                self.end_line();
                if let Some(&indent) = self.strings.last().filter(|_| *indented) {
                    self.start_line(indent);
                }
                self.at_line_start = false;
            }
            Op::CloseString => {
                self.strings.pop();
            }
            Op::Verbatim(text) => {
                self.write(text);
                self.lines += text.matches('\n').count();
                self.column = columns(text.rsplit('\n').next().unwrap_or(text));
            }
            Op::IfBroken(_) | Op::Nothing => {}
        }
    }

    fn indent(&self) -> usize {
        self.indents.last().copied().unwrap_or(0)
    }

    fn write(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.at_line_start {
            self.start_line(self.indent());
        }
        self.out.push_str(text);
        self.column += columns(text);
    }

    fn start_line(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
        self.line_indent = indent;
        self.at_line_start = false;
    }

    fn end_line(&mut self) {
        self.out.push('\n');
        self.lines += 1;
        self.column = 0;
        self.at_line_start = true;
    }

    fn newline(&mut self, blank: bool) {
        self.end_line();
        if blank {
            self.end_line();
        }
    }
}

/// Whether the item after a gap has several lines.
fn has_lines(gap: usize, ops: &[Op], measures: &Measures) -> bool {
    let next = ops.iter().enumerate().skip(gap).find(|(_, op)| matches!(op, Op::Begin(_)));
    next.is_some_and(|(at, _)| measures.has_rows[at] || measures.width[at].is_none_or(|width| width > WIDTH))
}

/// Columns that a text takes: one a character.
fn columns(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}
