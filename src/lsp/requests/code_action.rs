//! `textDocument/codeAction`: a range in, the changes that would help there out.

use lsp_server::ResponseError;
use lsp_types::{CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, NumberOrString};
use sgl_ide::actions::Sort;

use super::Ask;
use crate::lsp::convert::workspace_edit;

pub fn answer(ask: &Ask, params: CodeActionParams) -> Result<Option<Vec<CodeActionOrCommand>>, ResponseError> {
    let Some((name, lines)) = ask.file(&params.text_document.uri) else { return Ok(None) };
    let wanted = params.context.only.unwrap_or_default();
    let mut found = Vec::new();
    for change in ask.analysis.actions(&name, lines.bytes(params.range)) {
        let kind = match change.sort {
            Sort::Fix => CodeActionKind::QUICKFIX,
            Sort::Extract => CodeActionKind::REFACTOR_EXTRACT,
            Sort::Inline => CodeActionKind::REFACTOR_INLINE,
            Sort::Rewrite => CodeActionKind::REFACTOR_REWRITE,
        };
        let is_of = |wanted: &CodeActionKind| {
            kind == *wanted || kind.as_str().starts_with(&format!("{}.", wanted.as_str())) || wanted.as_str().is_empty()
        };
        if !wanted.is_empty() && !wanted.iter().any(is_of) {
            continue;
        }
        let of = |d: &&lsp_types::Diagnostic| matches!((&d.code, change.code), (Some(NumberOrString::String(code)), Some(of)) if code == of);
        let diagnostics: Vec<_> = params.context.diagnostics.iter().filter(of).cloned().collect();
        found.push(CodeActionOrCommand::CodeAction(CodeAction {
            title: change.title.clone(),
            kind: Some(kind.clone()),
            diagnostics: (!diagnostics.is_empty()).then_some(diagnostics),
            edit: Some(workspace_edit(ask, &change.changes)),
            is_preferred: change.is_preferred.then_some(true),
            ..CodeAction::default()
        }));
    }
    Ok(Some(found))
}
