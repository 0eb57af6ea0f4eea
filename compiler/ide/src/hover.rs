//! A place in; what is to be known of what stands there out: its type, its documentation, and of a constraint the shortest
//! text.

use std::ops::Range;

use sgl_check::BUILTIN_TYPES;
use sgl_check::gen_rules;
use sgl_check::notes::Target;
use sgl_check::types::Type;
use sgl_syntax::ast::{self, AstNode};
use sgl_syntax::{SyntaxKind, SyntaxToken};

use crate::definition::named;
use crate::names::{Declaration, Kind, around, node_range, range, span, token_at};
use crate::workspace::{Analysis, File};
use crate::{example, words};

/// What is shown beside a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hover {
    /// The place.
    pub range: Range<u32>,
    /// Markdown.
    pub text: String,
}

impl Analysis {
    /// What there is to know of what stands at a place.
    pub fn hover(&self, file: &str, offset: u32) -> Option<Hover> {
        let file = self.file(file)?;
        let token = token_at(&file.tree, offset)?;
        let parts = self.about(&file, &token)?;
        let text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n");
        (!text.is_empty()).then(|| Hover { range: range(&token), text })
    }

    fn about(&self, file: &File, token: &SyntaxToken) -> Option<Vec<String>> {
        let targets = file.targets(token);
        // Of a field and the variable that has its name, the variable has the type that counts here.
        if let Some(target) = targets.last() {
            return self.about_target(file, token, *target);
        }
        if let Some(parts) = self.about_written(file, token) {
            return Some(parts);
        }
        match token.kind() {
            SyntaxKind::KEYWORD => Some(self.about_keyword(file, token)),
            SyntaxKind::IDENT => self.about_name(file, token),
            SyntaxKind::QUOTE | SyntaxKind::TEXT => self.about_text(file, token),
            SyntaxKind::NUMBER | SyntaxKind::OPERATOR => {
                let (_, ty) = file.type_around(token.text_range().start().into())?;
                Some(vec![code(&file.module.notes.show(&ty))])
            }
            _ => None,
        }
    }

    fn about_target(&self, file: &File, token: &SyntaxToken, target: Target) -> Option<Vec<String>> {
        let notes = &file.module.notes;
        match target {
            Target::Builtin(builtin) => {
                let example = builtin.example().map(|example| format!("For example: `{example}`"));
                Some(vec![code(builtin.signature()), builtin.doc().to_string(), example.unwrap_or_default()])
            }
            Target::Argument(arg) => {
                let (ty, what) = words::argument(arg);
                let rule = gen_rules::all().find(|rule| rule.arg == arg);
                let default = rule.map_or(String::new(), |rule| format!("Where it is not given: {}.", rule.default));
                Some(vec![code(&format!("{}: {ty}", gen_rules::name(arg))), what.to_string(), default])
            }
            Target::At(at) => {
                let declared = self.declaration(&self.location(file, target)?)?;
                // Here the type may be known better than where it was declared.
                let here = self.type_of_use(file, token).or_else(|| notes.type_at(at)).cloned();
                let head = match (declared.kind, &here) {
                    (Kind::Variable, Some(ty)) => format!("{}: {}", declared.name, notes.show(ty)),
                    (Kind::Param, Some(ty)) => format!("{}: {}", declared.name, notes.show(ty)),
                    (Kind::Const, Some(ty)) if !declared.signature.contains(": ") => {
                        format!("{}\n// {}", declared.signature, notes.show(ty))
                    }
                    (Kind::Struct, _) => self.source(&declared),
                    _ => declared.signature.clone(),
                };
                let constraint = match declared.kind {
                    Kind::Struct => {
                        let at = notes.structs.iter().position(|item| item.span == at);
                        let id = at.map(|at| sgl_check::program::StructId(at as u32));
                        id.and_then(|id| self.measured(file, &Type::Struct(id)))
                    }
                    Kind::Type | Kind::Field => notes.type_at(at).and_then(|ty| self.measured(file, ty)),
                    _ => None,
                };
                Some(vec![code(&head), constraint.unwrap_or_default(), declared.docs])
            }
            Target::Module(_) => {
                let declared = self.declaration(&self.location(file, target)?)?;
                Some(vec![code(&declared.signature), declared.docs])
            }
        }
    }

    fn type_of_use<'f>(&self, file: &'f File, token: &SyntaxToken) -> Option<&'f Type> {
        let node = token.parent().filter(|node| ast::Expr::fits(node.kind()))?;
        file.module.notes.type_at(span(node_range(&node)))
    }

    /// The declaration as it stands in the source, without comments.
    fn source(&self, declared: &Declaration) -> String {
        let text = self.text(&declared.at.file).unwrap_or_default();
        let whole = text.get(declared.whole.start as usize..declared.whole.end as usize).unwrap_or_default();
        let lines = whole.lines().filter(|line| !line.trim_start().starts_with("//") && !line.trim().is_empty());
        lines.collect::<Vec<_>>().join("\n")
    }

    fn about_keyword(&self, file: &File, token: &SyntaxToken) -> Vec<String> {
        let mut parts = Vec::new();
        let node = token.parent();
        if let Some(node) = node.filter(|node| matches!(node.kind(), SyntaxKind::GEN | SyntaxKind::SELECT))
            && let Some(ty) = file.module.notes.type_at(span(node_range(&node)))
        {
            parts.push(code(&format!("{}: {}", token.text(), file.module.notes.show(ty))));
            parts.extend(self.measured(file, ty));
        }
        parts.extend(words::meaning(token.text()).map(str::to_string));
        parts
    }

    /// A type that is written out, in which the token stands: the innermost one.
    fn about_written(&self, file: &File, token: &SyntaxToken) -> Option<Vec<String>> {
        let node = token.parent_ancestors().find(|node| ast::Type::fits(node.kind()))?;
        let ty = file.module.notes.type_at(span(node_range(&node)))?;
        let name = token.text();
        let meaning = BUILTIN_TYPES.contains(&name).then(|| words::type_meaning(name)).flatten().unwrap_or_default();
        let shown = code(&file.module.notes.show(ty));
        Some(vec![shown, self.measured(file, ty).unwrap_or_default(), meaning.to_string()])
    }

    fn about_name(&self, file: &File, token: &SyntaxToken) -> Option<Vec<String>> {
        let name = token.text();
        if token.parent().is_some_and(|node| node.kind() == SyntaxKind::ROLE) {
            return Some(vec![words::meaning(name)?.to_string()]);
        }
        if let Some(by) = words::SELECT_BY.iter().find(|(by, _)| *by == name)
            && around::<ast::Select>(token).is_some()
        {
            return Some(vec![code(by.0), by.1.to_string()]);
        }
        let (_, ty) = file.type_around(token.text_range().start().into())?;
        Some(vec![code(&format!("{name}: {}", file.module.notes.show(&ty)))])
    }

    /// A text that is known here: how long it is.
    fn about_text(&self, file: &File, token: &SyntaxToken) -> Option<Vec<String>> {
        let literal = around::<ast::StringLit>(token)?;
        if let Some(declared) = file.module.notes.targets_at(literal.span()).next() {
            return self.about_target(file, token, declared);
        }
        let text = literal.text()?;
        Some(vec![self.size(&text)])
    }

    /// What a model may write for a type, at its shortest.
    fn measured(&self, file: &File, ty: &Type) -> Option<String> {
        let shortest = example::shortest(ty, &file.module.notes.structs)?;
        let size = self.size(&shortest);
        let shown = if shortest.contains('`') { format!("`` {shortest} ``") } else { format!("`{shortest}`") };
        let mut out = format!("Shortest: {shown}, {size}");
        if !named(ty).is_empty() {
            out.push_str(" of JSON");
        }
        Some(out)
    }

    /// How long a text is: in tokens, where there is a tokenizer.
    pub(crate) fn size(&self, text: &str) -> String {
        let (count, what) = match &self.shared.tokens {
            Some(count) => (count(text), "token"),
            None => (text.chars().count(), "character"),
        };
        format!("{count} {what}{}", if count == 1 { "" } else { "s" })
    }
}

pub(crate) fn code(text: &str) -> String {
    format!("```sgl\n{text}\n```")
}
