//! `grammar("file.gbnf")`, `grammar("file.lark")` and `grammar r"""…"""` → types; what is wrong with a grammar is said where it stands.

use std::sync::Arc;

use sgl_constrain::ConstrainError;
use sgl_diag::{Diagnostic, Span};
use sgl_syntax::ast;

use crate::load::{TextFile, named_file};
use crate::types::{Grammar, Type};
use crate::world::World;

/// Characters of an inline grammar that are shown.
const SHOWN: usize = 24;

impl World {
    /// The type `grammar("file.gbnf")` of a file.
    pub(crate) fn grammar_file(&mut self, file: usize, named: &ast::NamedType) -> Type {
        let span = named.span();
        let mut args = named.args().into_iter().flat_map(|args| args.args());
        let alone = args.next().is_some_and(|arg| arg.name().is_none()) && args.next().is_none();
        let path = named_file(named).filter(|_| alone && named.type_args().next().is_none());
        let Some(path) = path.and_then(|path| path.text()) else {
            let d = Diagnostic::error("E0228", "`grammar` takes the path of a file");
            self.report(
                d.at(span, "this type").hint("write grammar(\"sum.gbnf\"), or the grammar itself: grammar r\"…\""),
            );
            return Type::Error;
        };
        // A file that cannot be read was reported when it was loaded.
        let Some(TextFile { file, text }) = self.files.get(file).and_then(|loaded| loaded.texts.get(&path)).cloned()
        else {
            return Type::Error;
        };
        let shown = format!("grammar({path:?})");
        let lark = path.ends_with(".lark");
        self.grammar(text, lark, shown, |start, end| Span::new(file, start as u32, end as u32), Some(span))
    }

    /// The type `grammar r"…"`.
    pub(crate) fn inline_grammar(&mut self, written: &ast::GrammarType) -> Type {
        let Some((string, text)) = written.text().and_then(|string| Some((string.clone(), string.text()?))) else {
            return Type::Error;
        };
        let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
        let cut = line.char_indices().nth(SHOWN).map_or(line, |(at, _)| line.get(..at).unwrap_or_default());
        let rest = if cut.len() < text.trim().len() { "…" } else { "" };
        let shown = format!("grammar r\"{cut}{rest}\"");
        self.grammar(text.into(), false, shown, |start, end| string.span_of_text(start, end), None)
    }

    fn grammar(
        &mut self,
        text: Arc<str>,
        lark: bool,
        shown: String,
        place: impl Fn(usize, usize) -> Span,
        named: Option<Span>,
    ) -> Type {
        let grammar = Grammar { text, lark, shown };
        let d = match sgl_constrain::prove(&grammar.constraint()) {
            Ok(()) => return Type::Grammar(Arc::new(grammar)),
            Err(ConstrainError::Grammar(error)) => Diagnostic::error("E0246", error.problem)
                .at(place(error.start, error.end), "in this grammar")
                .hint(error.hint),
            Err(error) => Diagnostic::error("E0246", format!("this grammar cannot be used: {error}"))
                .at(place(0, 0), "in this grammar")
                .hint("make it smaller"),
        };
        self.report(match named {
            Some(span) => d.also(span, "named here"),
            None => d,
        });
        Type::Error
    }
}
