//! What may stand behind a dot.

use sgl_check::builtins::{Builtin, NAMESPACES};
use sgl_check::notes::Target;
use sgl_check::records;
use sgl_check::std_modules;
use sgl_check::types::Type;
use sgl_syntax::ast::{self, AstNode};
use sgl_syntax::{SyntaxKind, SyntaxNode};

use super::{Completion, CompletionKind as K, Place};
use crate::names::{Kind, cast, declaration};
use crate::scope;

impl Place<'_> {
    pub(super) fn members(&self, member: &SyntaxNode) -> Vec<Completion> {
        let Some(base) = cast::<ast::Member>(member.clone()).and_then(|member| member.base()) else {
            return Vec::new();
        };
        match &base {
            ast::Expr::Gen(_) => {
                return self
                    .variants(&[("full", "the record of how it came about"), ("call", "a call of one of the tools")]);
            }
            ast::Expr::Select(_) => return self.variants(&[("full", "the record with the scores")]),
            _ => {}
        }
        let Some(at) = self.before(base.node().syntax()) else { return Vec::new() };
        for target in self.file.module.notes.targets_at(at) {
            if let Target::Module(id) = target {
                return self.exports(self.file.module.sources.name(id), |_| true);
            }
        }
        if let ast::Expr::Name(name) = &base
            && let Some(name) = name.name()
        {
            let known = |known: &scope::Known| known.token.text() == name.text();
            let hidden = scope::locals(&self.file.tree, self.offset).iter().any(known);
            if NAMESPACES.contains(&name.text()) && !hidden && !scope::items(&self.file.tree).iter().any(known) {
                return Builtin::in_namespace(name.text())
                    .into_iter()
                    .map(|builtin| self.builtin(builtin, 0))
                    .collect();
            }
        }
        match self.file.module.notes.type_at(at) {
            Some(ty) => self.members_of(&ty.clone()),
            None => Vec::new(),
        }
    }

    fn variants(&self, names: &[(&str, &str)]) -> Vec<Completion> {
        names.iter().map(|(name, what)| self.offer(*name, K::Keyword, *what, 0)).collect()
    }

    fn members_of(&self, ty: &Type) -> Vec<Completion> {
        let notes = &self.file.module.notes;
        let mut found = Vec::new();
        for (name, ty, docs) in self.fields_of(ty) {
            found.push(Completion { docs, ..self.offer(name, K::Field, notes.show(&ty), 0) });
        }
        found.extend(Builtin::methods_of(ty).into_iter().map(|method| self.builtin(method, 1)));
        found
    }

    /// The fields of a value: name, type, documentation.
    pub(super) fn fields_of(&self, ty: &Type) -> Vec<(String, Type, String)> {
        let structs = &self.file.module.notes.structs;
        let plain = |fields: &[(&str, Type)]| {
            fields.iter().map(|(name, ty)| (name.to_string(), ty.clone(), String::new())).collect::<Vec<_>>()
        };
        let of_struct = |id: usize| {
            let fields = structs.get(id).map(|item| item.fields.as_slice()).unwrap_or_default();
            fields.iter().map(|field| (field.name.to_string(), field.ty.clone(), field.doc.clone())).collect::<Vec<_>>()
        };
        match ty {
            Type::Struct(id) => of_struct(id.0 as usize),
            Type::OneOf(ids) => {
                let mut shared = ids.first().map(|id| of_struct(id.0 as usize)).unwrap_or_default();
                for id in ids.iter().skip(1) {
                    let other = of_struct(id.0 as usize);
                    shared.retain(|(name, ..)| other.iter().any(|(other, ..)| other == name));
                }
                shared
            }
            Type::Record(fields) => {
                fields.iter().map(|(name, ty)| (name.to_string(), ty.clone(), String::new())).collect()
            }
            Type::Tuple(items) => {
                items.iter().enumerate().map(|(i, ty)| (i.to_string(), ty.clone(), String::new())).collect()
            }
            Type::Prompt => plain(&[
                ("text", Type::STR),
                ("tokens", Type::INT),
                ("messages", Type::list(records::message())),
                ("logprob", Type::FLOAT),
            ]),
            Type::Tool => plain(&records::tool_fields()),
            Type::Call => plain(&records::call_fields()),
            _ => Vec::new(),
        }
    }

    pub(super) fn builtin(&self, builtin: Builtin, rank: u8) -> Completion {
        let name = builtin.name();
        let name = name.rsplit_once('.').map_or(name, |(_, name)| name);
        let kind = match (builtin.is_constant(), builtin.before_dot()) {
            (true, _) => K::Constant,
            (false, Some(before)) if !NAMESPACES.contains(&before) => K::Method,
            _ => K::Function,
        };
        let offer = self.offer(name, kind, builtin.signature(), rank);
        let offer = Completion { docs: builtin.doc().to_string(), ..offer };
        if builtin.is_constant() { offer } else { self.called(offer, builtin.signature().contains("()")) }
    }

    /// With parentheses, and the cursor in them where there are arguments; without where some stand there.
    pub(super) fn called(&self, offer: Completion, takes_nothing: bool) -> Completion {
        let after = self.file.text.get(self.offset as usize..).unwrap_or_default();
        if after.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').starts_with(['(', '<']) {
            return offer;
        }
        let insert = if takes_nothing { format!("{}()", offer.insert) } else { format!("{}($0)", offer.insert) };
        Completion { insert, has_stop: !takes_nothing, ..offer }
    }

    /// What a file offers to those that import it.
    pub(super) fn exports(&self, file: &str, wanted: impl Fn(Kind) -> bool) -> Vec<Completion> {
        let Some((text, parse)) = self.analysis.parse(file) else { return Vec::new() };
        let items = scope::items(&parse.tree).into_iter().filter(|item| wanted(item.kind));
        let public = items.filter(|item| !item.token.text().starts_with('_') && item.kind != Kind::Test);
        public
            .map(|item| {
                let declared = declaration(file, &text, item.kind, &item.token, &item.node);
                self.declared(declared, 0)
            })
            .collect()
    }

    pub(super) fn declared(&self, declared: crate::Declaration, rank: u8) -> Completion {
        let kind = match declared.kind {
            Kind::Module => K::Module,
            Kind::Struct => K::Struct,
            Kind::Type | Kind::TypeParam => K::Type,
            Kind::Const => K::Constant,
            Kind::Fn => K::Function,
            Kind::Prompt => K::Prompt,
            Kind::Tool => K::Tool,
            Kind::Model => K::Model,
            Kind::Test => K::Value,
            Kind::Field => K::Field,
            Kind::Param | Kind::Variable => K::Variable,
        };
        let takes_nothing = declared.signature.contains("()");
        let offer = Completion { docs: declared.docs, ..self.offer(declared.name, kind, declared.signature, rank) };
        let is_value = self
            .token
            .parent()
            .is_some_and(|node| matches!(node.kind(), SyntaxKind::NAME_EXPR | SyntaxKind::MEMBER | SyntaxKind::ARG));
        match kind {
            K::Function | K::Prompt if is_value => self.called(offer, takes_nothing),
            _ => offer,
        }
    }

    /// `import std.|`
    pub(super) fn modules(&self, path: &SyntaxNode) -> Vec<Completion> {
        let start = node_start(path);
        let written = self.file.slice(start..self.offset);
        if !written.contains('.') {
            return vec![self.offer("std", K::Module, "modules that come with the compiler", 0)];
        }
        let modules = std_modules().map(|(name, text)| {
            let docs = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect::<Vec<_>>();
            Completion { docs: docs.join("\n"), ..self.offer(name, K::Module, format!("std.{name}"), 0) }
        });
        modules.collect()
    }

    /// `import std.reason.{|}`
    pub(super) fn exports_to_import(&self, name: &SyntaxNode) -> Vec<Completion> {
        let Some(import) = name.ancestors().find_map(cast::<ast::Import>) else { return Vec::new() };
        let file = match import.source() {
            Some(ast::ImportSource::Module(path)) => {
                let name: Vec<_> = path.iter().map(ast::Name::text).collect();
                name.join(".").strip_prefix("std.").map(|name| format!("<std/{name}>"))
            }
            Some(ast::ImportSource::File(path)) => {
                path.text().map(|path| self.analysis.shared.disk.locate(&self.file.name, &path))
            }
            _ => None,
        };
        let given: Vec<String> =
            import.names().into_iter().flatten().filter_map(|name| Some(name.name()?.text().to_string())).collect();
        let found = file.map(|file| self.exports(&file, |_| true)).unwrap_or_default();
        found.into_iter().filter(|offer| !given.contains(&offer.label)).collect()
    }
}

fn node_start(node: &SyntaxNode) -> u32 {
    node.text_range().start().into()
}
