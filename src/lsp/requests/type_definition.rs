//! `textDocument/typeDefinition`: a value in, where its type is declared out.

use lsp_server::ResponseError;
use lsp_types::request::{GotoTypeDefinitionParams, GotoTypeDefinitionResponse};

use super::Ask;
use crate::lsp::convert::location;

pub fn answer(
    ask: &Ask,
    params: GotoTypeDefinitionParams,
) -> Result<Option<GotoTypeDefinitionResponse>, ResponseError> {
    let Some((name, _, offset)) = ask.place(&params.text_document_position_params) else { return Ok(None) };
    let declared = ask.analysis.type_definitions(&name, offset);
    let places = declared.iter().filter_map(|declared| location(ask, &declared.at));
    Ok(Some(GotoTypeDefinitionResponse::Array(places.collect())))
}
