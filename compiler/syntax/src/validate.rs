//! What the grammar cannot say: numbers that do not fit, escapes that mean nothing, chained comparisons, holes where
//! text must be constant. Tree in, errors out.

use rowan::{GreenNode, NodeOrToken, WalkEvent};
use sgl_diag::{Diagnostic, FileId, Span};

use crate::ast::{AstNode, Binary, BinaryOp, Expr, Flavor, Node, StringLit, escape_mistakes};
use crate::kind::{SyntaxKind, SyntaxNode, SyntaxToken};

/// The mistakes in the text of a tree. Each lies in an item, and depends on that item alone.
pub(crate) fn mistakes(green: &GreenNode, file: FileId) -> Vec<Diagnostic> {
    let root = Node::new(SyntaxNode::new_root(green.clone()), file);
    let mut found = Vec::new();
    validate(&root, &mut found);
    found
}

fn validate(root: &Node, errors: &mut Vec<Diagnostic>) {
    for event in root.syntax().preorder_with_tokens() {
        match event {
            WalkEvent::Enter(NodeOrToken::Node(raw)) => node(Node::new(raw, root.file()), errors),
            WalkEvent::Enter(NodeOrToken::Token(token)) if token.kind() == SyntaxKind::NUMBER => {
                number(root.token_span(&token), &token, errors);
            }
            _ => {}
        }
    }
}

fn node(node: Node, errors: &mut Vec<Diagnostic>) {
    if let Some(string) = StringLit::cast(node.clone()) {
        escapes(&string, errors);
        constant_text(&string, errors);
    } else if let Some(binary) = Binary::cast(node) {
        chained(&binary, errors);
    }
}

fn number(span: Span, token: &SyntaxToken, errors: &mut Vec<Diagnostic>) {
    let before = token.siblings_with_tokens(rowan::Direction::Prev).nth(1);
    let parent = token.parent().filter(|node| node.kind() == SyntaxKind::LITERAL);
    let before = before.or_else(|| parent.and_then(|node| node.prev_sibling_or_token()));
    let negative = before.and_then(NodeOrToken::into_token).is_some_and(|token| {
        token.text() == "-" && token.parent().is_some_and(|node| node.kind() != SyntaxKind::BINARY)
    });
    if crate::ast::read_number(token.text(), negative).is_some() {
        return;
    }
    let is_float = token.text().contains(['.', 'e', 'E']);
    let (most, hint) = if is_float {
        ("about 1.8e308", "write a smaller number")
    } else {
        ("9223372036854775807", "write it as a float (with `.0` at its end) where it need not be exact")
    };
    errors.push(
        Diagnostic::error("E0007", "this number does not fit in 64 bits")
            .at(span, format!("the greatest that fits is {most}"))
            .hint(hint),
    );
}

fn escapes(string: &StringLit, errors: &mut Vec<Diagnostic>) {
    if string.flavor() != Flavor::Template {
        return;
    }
    for token in string.node().tokens().filter(|token| token.kind() == SyntaxKind::TEXT) {
        let text = string.node().token_span(&token);
        for (at, len) in escape_mistakes(token.text()) {
            let start = text.start + at as u32;
            let escape = token.text().get(at..at + len).unwrap_or_default();
            let first_line = escape.lines().next().unwrap_or_default().len();
            let span = Span::new(text.file, start, start + first_line as u32);
            errors.push(
                Diagnostic::error("E0008", format!("{} is no escape", on_one_line(escape)))
                    .at(span, "here")
                    .hint(r#"there are \n \t \r \" \\ \{ \} and \u{…}; write \\ for a backslash, or r"…" for text without escapes"#),
            );
        }
    }
}

/// The escape in a sentence: what stands behind the `\` may be the end of the line.
fn on_one_line(escape: &str) -> String {
    match escape.chars().nth(1) {
        Some('\n' | '\r') => r"a `\` at the end of a line".to_string(),
        Some('u') if escape.contains(char::is_control) => r"`\u{…}` over several lines".to_string(),
        Some(c) if c.is_control() => format!("`\\` before the character {:#04x}", u32::from(c)),
        _ => format!("`{escape}`"),
    }
}

/// Text that the compiler must know cannot have holes.
fn constant_text(string: &StringLit, errors: &mut Vec<Diagnostic>) {
    let place = match string.node().parent().map(|parent| parent.kind()) {
        Some(SyntaxKind::LITERAL_TYPE) => "a type",
        Some(SyntaxKind::GRAMMAR_TYPE) => "a grammar",
        Some(SyntaxKind::LITERAL_PAT) => "a pattern",
        Some(SyntaxKind::IMPORT) => "an import",
        Some(SyntaxKind::TEST_ITEM) => "the name of a test",
        _ => return,
    };
    if let Some(hole) = string.node().child_of(SyntaxKind::HOLE) {
        errors.push(
            Diagnostic::error("E0009", format!("the text of {place} cannot have holes"))
                .at(hole.span(), "this is only known when the program runs")
                .hint(r"write \{ for a brace"),
        );
    }
}

fn chained(binary: &Binary, errors: &mut Vec<Diagnostic>) {
    let is_comparison = |op| {
        use BinaryOp::*;
        matches!(op, Some(Eq | Ne | Lt | Gt | Le | Ge | In))
    };
    if !is_comparison(binary.op()) {
        return;
    }
    if let (Some(Expr::Binary(left)), Some(span)) = (binary.left(), binary.op_span())
        && is_comparison(left.op())
        && let Some(first) = left.op_span()
    {
        errors.push(
            Diagnostic::error("E0010", "comparisons do not chain")
                .at(span, "the second comparison")
                .also(first, "the first, whose value is a bool")
                .hint("join them with `&&`, or put one in parentheses"),
        );
    }
}
