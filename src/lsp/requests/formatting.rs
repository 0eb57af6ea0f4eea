//! `textDocument/formatting` and `rangeFormatting`: a file in, the changes that lay it out in the one style out.

use lsp_server::ResponseError;
use lsp_types::{DocumentFormattingParams, DocumentRangeFormattingParams, TextEdit};

use super::Ask;
use crate::lsp::convert::edit;

pub fn answer(ask: &Ask, params: DocumentFormattingParams) -> Result<Option<Vec<TextEdit>>, ResponseError> {
    let Some((name, lines)) = ask.file(&params.text_document.uri) else { return Ok(None) };
    let edits = ask.analysis.layout(&name);
    Ok(edits.map(|edits| edits.iter().map(|change| edit(&lines, change)).collect()))
}

pub fn of_range(ask: &Ask, params: DocumentRangeFormattingParams) -> Result<Option<Vec<TextEdit>>, ResponseError> {
    let Some((name, lines)) = ask.file(&params.text_document.uri) else { return Ok(None) };
    let edits = ask.analysis.layout_of(&name, lines.bytes(params.range));
    Ok(edits.map(|edits| edits.iter().map(|change| edit(&lines, change)).collect()))
}
