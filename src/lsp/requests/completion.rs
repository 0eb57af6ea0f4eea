//! `textDocument/completion`: a place in, what may stand there out.

use lsp_server::ResponseError;
use lsp_types::{CompletionParams, CompletionResponse};

use super::Ask;
use crate::lsp::convert::completion;

pub fn answer(ask: &Ask, params: CompletionParams) -> Result<Option<CompletionResponse>, ResponseError> {
    let Some((name, lines, offset)) = ask.place(&params.text_document_position) else { return Ok(None) };
    let offers = ask.analysis.completions(&name, offset).into_iter().enumerate();
    let snippets = ask.client.snippets;
    let items = offers.map(|(at, offer)| completion(&lines, offer, at, snippets));
    Ok(Some(CompletionResponse::Array(items.collect())))
}
