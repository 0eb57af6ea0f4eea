//! A `match` with a gap in; the arms that it lacks out.

use sgl_check::types::{Const, Type};
use sgl_diag::Diagnostic;
use sgl_syntax::ast::{self, AstNode, TypeLiteral};

use super::fixes::placeholder;
use super::{Change, change, insert};
use crate::names::{cast, span, token_after};
use crate::workspace::File;

/// Arms are added for unions of at most so many members; more are covered by one `_`.
const MOST_ARMS: usize = 40;

/// The change that adds the arms that are missing.
pub(super) fn missing(file: &File, d: &Diagnostic) -> Option<Change> {
    let at = d.span()?;
    let token = token_after(&file.tree, at.start)?;
    let it = token.parent_ancestors().find_map(cast::<ast::Match>).filter(|it| it.span().start == at.start)?;
    let notes = &file.module.notes;
    let value = it.scrutinee()?.span();
    let ty = notes.type_at(span(value.start..value.end))?;
    let mut covered = Vec::new();
    for arm in it.arms().filter(|arm| arm.guard().is_none()) {
        arm.pattern().into_iter().for_each(|pattern| heads(&pattern, &mut covered));
    }
    let mut lacking: Vec<String> =
        patterns(ty, &notes.structs).into_iter().filter(|pattern| !covered.contains(pattern)).collect();
    // Where the gap lies deeper, or there are no such values, one arm takes all that is left.
    if lacking.is_empty() || lacking.len() > MOST_ARMS {
        lacking = vec!["_".into()];
    }
    let whole = it.span();
    let result = notes.type_at(span(whole.start..whole.end)).filter(|ty| !matches!(ty, Type::None | Type::Never));
    let body = result.map_or("{}".to_string(), |ty| placeholder(ty, &notes.structs));
    let close = whole.end.checked_sub(1)?;
    let before = file.slice(whole.start..close);
    let inside = before.trim_end();
    let end = whole.start + inside.len() as u32;
    let indent = file.indent(whole.start);
    let comma = if inside.ends_with([',', '{']) { "" } else { "," };
    let arms: String = lacking.iter().map(|pattern| format!("\n{indent}    {pattern} => {body},")).collect();
    let tail = if before.contains('\n') { String::new() } else { format!("\n{indent}") };
    let title = match lacking.as_slice() {
        [only] => format!("Add the arm `{only}`"),
        all => format!("Add the {} missing arms", all.len()),
    };
    let edits = match tail.is_empty() {
        true => vec![insert(end, format!("{comma}{arms}"))],
        false => vec![super::edit(end..close, format!("{comma}{arms}{tail}"))],
    };
    Some(change(file, title, edits))
}

/// The outermost patterns of an arm, as [`patterns`] writes them.
fn heads(pattern: &ast::Pattern, out: &mut Vec<String>) {
    match pattern {
        ast::Pattern::Or(or) => or.patterns().for_each(|pattern| heads(&pattern, out)),
        ast::Pattern::Literal(literal) => match literal.value() {
            Some(TypeLiteral::String(text)) => out.extend(text.text().map(|text| format!("{text:?}"))),
            Some(TypeLiteral::Value(_)) => out.push(literal.node().syntax().text().to_string()),
            None => {}
        },
        ast::Pattern::Struct(it) => out.extend(it.path().last().map(|name| name.text().to_string())),
        ast::Pattern::Name(it) => out.extend(it.path().last().map(|name| name.text().to_string())),
        _ => {}
    }
}

/// Patterns that cover a type, one for each of its members.
fn patterns(ty: &Type, structs: &[sgl_check::program::Struct]) -> Vec<String> {
    match ty {
        Type::Bool => vec!["true".into(), "false".into()],
        Type::Literals(members) => members.iter().map(Const::to_string).collect(),
        Type::OneOf(ids) => {
            ids.iter().filter_map(|id| structs.get(id.0 as usize)).map(|item| item.name.to_string()).collect()
        }
        Type::Optional(item) => {
            let mut all = patterns(item, structs);
            if all.is_empty() {
                all.push("_".into());
            }
            all.push("none".into());
            all
        }
        _ => Vec::new(),
    }
}
