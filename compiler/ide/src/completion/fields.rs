//! What may stand before a `:` in brackets: arguments of calls, fields of structs.

use sgl_check::builtins::Builtin;
use sgl_check::gen_rules;
use sgl_check::notes::Target;
use sgl_check::program::GenArg;
use sgl_check::types::Type;
use sgl_syntax::ast::{self, AstNode};
use sgl_syntax::{SyntaxKind, SyntaxNode};

use super::{Completion, CompletionKind as K, Place};
use crate::names::{Kind, cast, span, token_at};
use crate::words;

impl Place<'_> {
    /// An argument: its name, or a value where one may stand without a name.
    pub(super) fn arguments(&self, argument: &SyntaxNode, is_value: bool) -> Vec<Completion> {
        let name = cast::<ast::Arg>(argument.clone()).and_then(|arg| arg.name()).map(|name| name.text().to_string());
        let call = argument.ancestors().nth(2);
        if is_value && let Some(name) = name.filter(|name| !name.ends_with(super::WORD)) {
            return self.value_of_argument(&name, call.as_ref());
        }
        let mut found = match &call {
            Some(call) => self.names_of_arguments(call),
            None => Vec::new(),
        };
        if is_value && call.is_none_or(|call| call.kind() != SyntaxKind::GEN) {
            found.extend(self.names());
        }
        found
    }

    fn value_of_argument(&self, name: &str, call: Option<&SyntaxNode>) -> Vec<Completion> {
        let of_model = call.is_some_and(|call| matches!(call.kind(), SyntaxKind::GEN | SyntaxKind::SELECT));
        match name {
            "by" if call.is_some_and(|call| call.kind() == SyntaxKind::SELECT) => {
                let ways = words::SELECT_BY.iter();
                ways.map(|(way, docs)| Completion { docs: docs.to_string(), ..self.offer(*way, K::Value, "", 0) })
                    .collect()
            }
            "model" if of_model => self.items(|kind| kind == Kind::Model),
            "ignore_eos" if of_model => {
                ["true", "false"].into_iter().map(|word| self.offer(word, K::Keyword, "", 0)).collect()
            }
            _ => self.names(),
        }
    }

    fn names_of_arguments(&self, call: &SyntaxNode) -> Vec<Completion> {
        let args: Vec<ast::Arg> =
            call.descendants().find_map(cast::<ast::Args>).map(|args| args.args().collect()).unwrap_or_default();
        let given: Vec<String> = args.iter().filter_map(|arg| Some(arg.name()?.text().to_string())).collect();
        let in_place =
            args.iter().filter(|arg| arg.name().is_none() && self.before(arg.node().syntax()).is_some()).count();
        let named = |name: &str, detail: &str, docs: &str| Completion {
            insert: format!("{name}: "),
            docs: docs.to_string(),
            ..self.offer(name, K::Argument, detail, 0)
        };
        let mut found: Vec<Completion> = match call.kind() {
            SyntaxKind::GEN | SyntaxKind::SELECT => {
                let is_select = call.kind() == SyntaxKind::SELECT;
                let rules = gen_rules::all().filter(|rule| !is_select || rule.is_of_select());
                let mut found: Vec<_> = rules.map(|rule| self.gen_argument(rule.arg)).collect();
                if is_select {
                    found.push(named("by", "how the options are scored", ""));
                }
                found
            }
            SyntaxKind::CALL => {
                let callee = cast::<ast::Call>(call.clone()).and_then(|call| call.callee());
                let callee = callee.and_then(|callee| match callee {
                    ast::Expr::Name(name) => name.name(),
                    ast::Expr::Member(member) => member.name(),
                    _ => None,
                });
                let Some(callee) = callee else { return Vec::new() };
                let params = self.parameters(callee.span().start);
                params.into_iter().skip(in_place).map(|(name, ty, docs)| named(&name, &ty, &docs)).collect()
            }
            _ => Vec::new(),
        };
        found.retain(|offer| !given.contains(&offer.label));
        found
    }

    fn gen_argument(&self, arg: GenArg) -> Completion {
        let (ty, docs) = words::argument(arg);
        let name = gen_rules::name(arg);
        let offer = self.offer(name, K::Argument, ty, 0);
        Completion { insert: format!("{name}: "), docs: docs.to_string(), ..offer }
    }

    /// The parameters of what the name there stands for: name, type as written, documentation.
    fn parameters(&self, callee: u32) -> Vec<(String, String, String)> {
        let Some(token) = token_at(&self.file.tree, callee) else { return Vec::new() };
        for target in self.file.targets(&token) {
            match target {
                Target::Builtin(builtin) => return builtin_parameters(builtin),
                target => {
                    let at = self.analysis.location(&self.file, target);
                    let found = at.and_then(|at| self.analysis.parameters_at(&at));
                    if let Some(found) = found {
                        return found;
                    }
                }
            }
        }
        Vec::new()
    }

    /// A field of a struct value or a struct pattern, or an argument of a model item.
    pub(super) fn fields(&self, field: &SyntaxNode) -> Vec<Completion> {
        let Some(around) = field.parent() else { return Vec::new() };
        if around.parent().is_some_and(|node| node.kind() == SyntaxKind::MODEL_ITEM) {
            let rules = gen_rules::all().filter(|rule| !matches!(rule.arg, GenArg::Model | GenArg::Tools));
            return rules.map(|rule| self.gen_argument(rule.arg)).collect();
        }
        let path = match (cast::<ast::StructLit>(around.clone()), cast::<ast::StructPat>(around.clone())) {
            (Some(literal), _) => literal.path(),
            (_, Some(pattern)) => pattern.path(),
            _ => return Vec::new(),
        };
        let Some(name) = path.last() else { return Vec::new() };
        let is_value = around.kind() == SyntaxKind::STRUCT_LIT;
        let given: Vec<String> = around
            .children()
            .filter(|child| child != field)
            .filter_map(|child| child.children_with_tokens().find_map(|element| element.into_token()))
            .map(|token| token.text().to_string())
            .collect();
        let notes = &self.file.module.notes;
        let id = self.struct_called(name);
        let fields = id.map(|id| self.fields_of(&Type::Struct(id))).unwrap_or_default();
        let offers = fields.into_iter().filter(|(name, ..)| !given.contains(name)).map(|(name, ty, docs)| {
            let insert = if is_value { format!("{name}: ") } else { name.clone() };
            Completion { insert, docs, ..self.offer(name, K::Field, notes.show(&ty), 0) }
        });
        offers.collect()
    }

    fn struct_called(&self, name: &ast::Name) -> Option<sgl_check::program::StructId> {
        let notes = &self.file.module.notes;
        let at = |wanted: sgl_diag::Span| notes.structs.iter().position(|item| item.span == wanted);
        let found = notes.targets_at(span(name.span().start..name.span().end)).find_map(|target| match target {
            Target::At(declared) => at(declared).or_else(|| match notes.type_at(declared) {
                Some(Type::Struct(id)) => Some(id.0 as usize),
                _ => None,
            }),
            _ => None,
        });
        // In text that is broken there the name may stand for nothing.
        let found = found.or_else(|| notes.structs.iter().position(|item| *item.name == *name.text()));
        found.map(|at| sgl_check::program::StructId(at as u32))
    }
}

/// The parameters of a function of the library, as its signature has them.
pub(crate) fn builtin_parameters(builtin: Builtin) -> Vec<(String, String, String)> {
    let signature = builtin.signature();
    let parts = crate::signature::parameters_in(signature);
    let split = parts.into_iter().filter_map(|range| {
        let (name, ty) = signature.get(range)?.split_once(':')?;
        Some((name.trim_end_matches('?').trim().to_string(), ty.trim().to_string(), String::new()))
    });
    split.collect()
}
