//! Names that may stand as a value, a type or the beginning of an item.

use sgl_check::BUILTIN_TYPES;
use sgl_check::Root;
use sgl_check::builtins::{Builtin, NAMESPACES};
use sgl_check::notes::Target;
use sgl_check::std_modules;
use sgl_syntax::ast::{self, AstNode};
use sgl_syntax::{SyntaxKind, SyntaxNode};

use super::{Completion, CompletionKind as K, Place};
use crate::actions::import::importing;
use crate::names::{Kind, declaration, range, shown_name, span};
use crate::{scope, words};

/// Names that would have to be imported are offered after so many letters.
const FEWEST_LETTERS: usize = 3;

impl Place<'_> {
    /// A value, a statement or an item.
    pub(super) fn names(&self) -> Vec<Completion> {
        let in_block = self.token.parent_ancestors().any(|node| node.kind() == SyntaxKind::BLOCK);
        let in_value = self.token.parent_ancestors().any(|node| ast::Expr::fits(node.kind()));
        if !in_block && !in_value {
            return self.keywords(words::ITEM_WORDS);
        }
        let notes = &self.file.module.notes;
        let mut found = Vec::new();
        for known in scope::locals(&self.file.tree, self.offset) {
            if known.kind == Kind::TypeParam {
                continue;
            }
            let ty = notes.type_at(span(range(&known.token))).map(|ty| notes.show(ty)).unwrap_or_default();
            found.push(self.offer(known.token.text(), K::Variable, ty, 1));
        }
        found.extend(self.items(|kind| kind != Kind::Test));
        found.extend(Builtin::in_namespace("").into_iter().map(|function| self.builtin(function, 4)));
        let print = self.offer("print", K::Function, "print(value, …)", 4);
        found.push(Completion { docs: "Writes its arguments to standard error.".into(), ..self.called(print, false) });
        found.extend(NAMESPACES.iter().map(|name| self.offer(*name, K::Module, "of the library", 4)));
        if self.begins_statement() {
            found.extend(self.keywords(words::STATEMENT_WORDS));
        }
        let prompting = self.analysis.kind(&self.file.name) == Root::Snippet
            || self
                .token
                .parent_ancestors()
                .any(|node| matches!(node.kind(), SyntaxKind::PROMPT_ITEM | SyntaxKind::FROM | SyntaxKind::FORK));
        if prompting {
            found.extend(self.keywords(words::PROMPT_WORDS));
        }
        found.extend(self.keywords(words::VALUE_WORDS));
        found.extend(self.of_library());
        found
    }

    /// What the modules of the library offer and the file does not import yet, once some letters of it stand there.
    fn of_library(&self) -> Vec<Completion> {
        let written = self.file.slice(self.range.clone()).to_lowercase();
        if written.len() < FEWEST_LETTERS {
            return Vec::new();
        }
        let imported = scope::imported(&self.file.tree);
        let mut found = Vec::new();
        for (module, _) in std_modules() {
            for offer in self.exports(&format!("<std/{module}>"), |_| true) {
                let is_there = imported.iter().any(|(name, _)| name.text() == offer.label);
                if offer.label.to_lowercase().starts_with(&written) && !is_there {
                    let also = Some(importing(&self.file, &format!("std.{module}"), &offer.label));
                    let detail = format!("{} (import from std.{module})", offer.detail);
                    found.push(Completion { also, detail, rank: 6, ..offer });
                }
            }
        }
        found
    }

    /// Whether the word stands where a statement begins: nothing but space before it on its line, or a brace.
    fn begins_statement(&self) -> bool {
        let before = self.file.text.get(..self.range.start as usize).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default().trim_end();
        line.is_empty() || line.ends_with('{')
    }

    fn keywords(&self, list: &[&'static str]) -> Vec<Completion> {
        let word = |word: &&str| Completion {
            docs: words::meaning(word).unwrap_or_default().to_string(),
            ..self.offer(*word, K::Keyword, "", 5)
        };
        list.iter().map(word).collect()
    }

    /// The items of the file and those that it imports.
    pub(super) fn items(&self, wanted: impl Fn(Kind) -> bool) -> Vec<Completion> {
        let mut found = Vec::new();
        for item in scope::items(&self.file.tree).into_iter().filter(|item| wanted(item.kind)) {
            let declared = declaration(&self.file.name, &self.file.text, item.kind, &item.token, &item.node);
            found.push(self.declared(declared, 2));
        }
        for (name, _) in scope::imported(&self.file.tree) {
            let at = span(name.span().start..name.span().end);
            let target = self.file.module.notes.targets_at(at).next();
            match target {
                Some(Target::Module(id)) if wanted(Kind::Module) => {
                    let file = self.file.module.sources.name(id);
                    found.push(self.offer(name.text(), K::Module, shown_name(file), 3));
                }
                Some(target) => {
                    let at = self.analysis.location(&self.file, target);
                    let declared = at.and_then(|at| self.analysis.declaration(&at)).filter(|item| wanted(item.kind));
                    if let Some(mut declared) = declared {
                        declared.name = name.text().to_string();
                        found.push(self.declared(declared, 3));
                    }
                }
                None => {}
            }
        }
        found
    }

    /// A type, or a pattern that names one.
    pub(super) fn types(&self, path: &SyntaxNode) -> Vec<Completion> {
        let is_type = |kind| matches!(kind, Kind::Struct | Kind::Type);
        let tokens = path.children_with_tokens().filter_map(|element| element.into_token());
        let first = tokens.into_iter().find(|token| token.kind() == SyntaxKind::IDENT);
        if let Some(first) = first.filter(|first| *first != self.token) {
            let modules = self.file.module.notes.targets_at(span(range(&first)));
            let module = modules.into_iter().find_map(|target| match target {
                Target::Module(id) => Some(self.file.module.sources.name(id).to_string()),
                _ => None,
            });
            return module.map(|file| self.exports(&file, is_type)).unwrap_or_default();
        }
        let in_pattern = path.parent().is_some_and(|node| ast::Pattern::fits(node.kind()));
        let mut found = self.items(|kind| is_type(kind) || kind == Kind::Module || (in_pattern && kind == Kind::Const));
        if in_pattern {
            found.extend(self.keywords(&["true", "false", "none"]));
            return found;
        }
        for known in
            scope::locals(&self.file.tree, self.offset).into_iter().filter(|known| known.kind == Kind::TypeParam)
        {
            found.push(self.offer(known.token.text(), K::Type, "type parameter", 1));
        }
        found.extend(BUILTIN_TYPES.iter().filter(|name| **name != "regex").map(|name| Completion {
            docs: words::type_meaning(name).unwrap_or_default().to_string(),
            ..self.offer(*name, K::Type, "", 4)
        }));
        found.push(self.offer("none", K::Keyword, "", 5));
        found
    }
}
