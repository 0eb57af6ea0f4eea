//! `textDocument/codeLens`: a file in, what can be done with its items out. The editor has the commands.

use lsp_server::ResponseError;
use lsp_types::{CodeLens, CodeLensParams, Command};
use serde_json::{Value, json};
use sgl_ide::Action;

use super::Ask;

pub fn answer(ask: &Ask, params: CodeLensParams) -> Result<Option<Vec<CodeLens>>, ResponseError> {
    let uri = &params.text_document.uri;
    let Some((name, lines)) = ask.file(uri) else { return Ok(None) };
    let found = ask.analysis.lenses(&name).into_iter().map(|lens| {
        let (title, command, more) = match lens.action {
            Action::Run => ("Run", "sgl.run", None),
            Action::Graph => ("Show graph", "sgl.graph", None),
            Action::Test(name) => ("Run test", "sgl.test", Some(Value::String(name))),
        };
        let arguments = std::iter::once(json!(uri)).chain(more).collect();
        let command = Command { title: title.into(), command: command.into(), arguments: Some(arguments) };
        CodeLens { range: lines.range(&lens.range), command: Some(command), data: None }
    });
    Ok(Some(found.collect()))
}
