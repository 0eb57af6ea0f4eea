//! `textDocument/definition`: a name in, where it is declared out.

use lsp_server::ResponseError;
use lsp_types::{GotoDefinitionParams, GotoDefinitionResponse};

use super::Ask;
use crate::lsp::convert::location;

pub fn answer(ask: &Ask, params: GotoDefinitionParams) -> Result<Option<GotoDefinitionResponse>, ResponseError> {
    let Some((name, _, offset)) = ask.place(&params.text_document_position_params) else { return Ok(None) };
    let declared = ask.analysis.definitions(&name, offset);
    let places = declared.iter().filter_map(|declared| location(ask, &declared.at));
    Ok(Some(GotoDefinitionResponse::Array(places.collect())))
}
