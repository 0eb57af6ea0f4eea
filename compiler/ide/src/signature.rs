//! A place in the arguments of a call in; what is called, and which of its parameters is being written, out.

use std::ops::Range;

use sgl_check::gen_rules;
use sgl_check::notes::Target;
use sgl_check::types::Type;
use sgl_syntax::SyntaxKind;
use sgl_syntax::ast::{self, AstNode, HasDocs};

use crate::names::{cast, head, node_range, range, span, token_at, token_before};
use crate::workspace::{Analysis, File};
use crate::{Location, words};

/// What is called at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The whole on one line: `judge(essay: str) -> Report`.
    pub label: String,
    /// Documentation, Markdown.
    pub docs: String,
    /// Its parameters: where they stand in the label, with their documentation.
    pub parameters: Vec<(Range<u32>, String)>,
    /// Which of them is being written.
    pub active: Option<usize>,
}

impl Analysis {
    /// The call around a place, where the place is in its parentheses.
    pub fn signature(&self, file: &str, offset: u32) -> Option<Signature> {
        let file = self.file(file)?;
        let token = token_before(&file.tree, offset.min(file.tree.text_range().end().into()))?;
        for args in token.parent_ancestors().filter_map(cast::<ast::Args>) {
            let inside = node_range(args.node().syntax());
            let closed = file.slice(inside.clone()).ends_with(')');
            if offset <= inside.start || (closed && offset >= inside.end) {
                continue;
            }
            let found = self.of_call(&file, &args)?;
            let active = active(&file, &args, offset, &found);
            return Some(Signature { active, ..found });
        }
        None
    }

    fn of_call(&self, file: &File, args: &ast::Args) -> Option<Signature> {
        let around = args.node().parent()?;
        match around.kind() {
            SyntaxKind::GEN | SyntaxKind::SELECT => {
                let is_select = around.kind() == SyntaxKind::SELECT;
                let name = if is_select { "select" } else { "gen" };
                let rules = gen_rules::all().filter(|rule| !is_select || rule.is_of_select());
                let mut params = Vec::new();
                if is_select {
                    params.push(("options: list<str>".to_string(), "The texts to choose from.".to_string()));
                    params.push(("by: way".to_string(), "How they are scored.".to_string()));
                }
                params.extend(rules.map(|rule| {
                    let (ty, docs) = words::argument(rule.arg);
                    (format!("{}: {ty}", rule.name), docs.to_string())
                }));
                Some(built(name, &params, "", words::meaning(name)?))
            }
            SyntaxKind::CALL => {
                let callee = cast::<ast::Call>(around.syntax().clone())?.callee()?;
                let name = match &callee {
                    ast::Expr::Name(name) => name.name(),
                    ast::Expr::Member(member) => member.name(),
                    _ => None,
                };
                let token = name.and_then(|name| token_at(&file.tree, name.span().start));
                let targets = token.map(|token| file.targets(&token)).unwrap_or_default();
                let known = targets.into_iter().find_map(|target| match target {
                    Target::Builtin(builtin) => {
                        let label = builtin.signature().to_string();
                        let parameters = parameters_in(&label).into_iter();
                        let parameters =
                            parameters.map(|range| (range.start as u32..range.end as u32, String::new())).collect();
                        Some(Signature { label, docs: builtin.doc().into(), parameters, active: None })
                    }
                    target => self.signature_at(&self.location(file, target)?),
                });
                known.or_else(|| {
                    let at = callee.node().syntax();
                    let ty = file.module.notes.type_at(span(node_range(at)))?;
                    let Type::Fn(params, ret) = ty else { return None };
                    let shown = |ty: &Type| file.module.notes.show(ty);
                    let params: Vec<_> = params.iter().map(|ty| (shown(ty), String::new())).collect();
                    Some(built("fn", &params, &format!(" -> {}", shown(ret)), ""))
                })
            }
            _ => None,
        }
    }

    fn declared_function(&self, at: &Location) -> Option<(std::sync::Arc<str>, ast::Function)> {
        let (text, parse) = self.parse(&at.file)?;
        let token = token_at(&parse.tree, at.range.start).filter(|token| range(token) == at.range)?;
        Some((text, cast(token.parent()?)?))
    }

    fn signature_at(&self, at: &Location) -> Option<Signature> {
        let (text, function) = self.declared_function(at)?;
        let params: Vec<_> = self.parameters_at(at)?;
        let params: Vec<_> = params.into_iter().map(|(name, ty, docs)| (format!("{name}: {ty}"), docs)).collect();
        let ret = function.ret().map(|ty| ty.span());
        let ret = ret.map(|at| format!(" -> {}", head(&text, at.start..at.end))).unwrap_or_default();
        Some(built(function.name()?.text(), &params, &ret, &function.docs().unwrap_or_default()))
    }

    /// The parameters of the function that is declared at a place: name, type with default, documentation.
    pub(crate) fn parameters_at(&self, at: &Location) -> Option<Vec<(String, String, String)>> {
        let (text, function) = self.declared_function(at)?;
        let params = function.params().filter_map(|param| {
            let name = param.name()?;
            let after = head(&text, name.span().end..param.span().end);
            let ty = after.trim_start_matches(':').trim().to_string();
            Some((name.text().to_string(), ty, param.docs().unwrap_or_default()))
        });
        Some(params.collect())
    }
}

fn built(name: &str, params: &[(String, String)], ret: &str, docs: &str) -> Signature {
    let mut label = format!("{name}(");
    let mut parameters = Vec::new();
    for (i, (param, docs)) in params.iter().enumerate() {
        if i > 0 {
            label.push_str(", ");
        }
        let start = label.len() as u32;
        label.push_str(param);
        parameters.push((start..label.len() as u32, docs.clone()));
    }
    label.push(')');
    label.push_str(ret);
    Signature { label, docs: docs.to_string(), parameters, active: None }
}

/// Which parameter is being written: by its name, else by the commas before the place.
fn active(file: &File, args: &ast::Args, offset: u32, signature: &Signature) -> Option<usize> {
    let commas = args.node().syntax().children_with_tokens().filter_map(|element| element.into_token());
    let before = commas.filter(|token| token.text() == "," && range(token).end <= offset).count();
    let name = |at: usize| {
        let range = signature.parameters.get(at)?.0.clone();
        let param = signature.label.get(range.start as usize..range.end as usize)?;
        param.split([':', '?']).next().map(str::trim)
    };
    let started = file.slice(args.span().start + 1..offset).rsplit(',').next().unwrap_or_default();
    if let Some((written, _)) = started.split_once(':') {
        let named = (0..signature.parameters.len()).find(|at| name(*at) == Some(written.trim()));
        if named.is_some() {
            return named;
        }
    }
    // The value that a pipe gives stands first.
    let piped = args.node().parent().and_then(|call| call.parent()).and_then(ast::Binary::cast);
    let piped = piped.is_some_and(|binary| {
        binary.op() == Some(ast::BinaryOp::Pipe)
            && binary.right().is_some_and(|right| right.span().end >= args.span().end)
    });
    Some(before + usize::from(piped)).filter(|at| *at < signature.parameters.len())
}

/// Where the parameters stand in a signature: `str.split(sep: str) -> list<str>`.
pub(crate) fn parameters_in(signature: &str) -> Vec<Range<usize>> {
    // A receiver may stand in parentheses itself.
    let from = signature.rfind(").").map_or(0, |at| at + 2);
    let Some(open) = signature.get(from..).and_then(|rest| rest.find('(')).map(|at| from + at + 1) else {
        return Vec::new();
    };
    let (mut depth, mut start, mut found) = (0i32, open, Vec::new());
    for (at, c) in signature.get(open..).unwrap_or_default().char_indices().map(|(at, c)| (at + open, c)) {
        match c {
            '(' | '<' | '{' => depth += 1,
            // The arrow of a function's type is no bracket.
            '>' if signature.get(..at).is_some_and(|before| before.ends_with('-')) => {}
            ')' if depth == 0 => {
                if !signature.get(start..at).unwrap_or_default().trim().is_empty() {
                    found.push(start..at);
                }
                break;
            }
            ')' | '>' | '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(start..at);
                start = at + 2;
            }
            _ => {}
        }
    }
    found
}
