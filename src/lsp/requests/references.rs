//! `textDocument/references`: a name in, where it is used out.

use lsp_server::ResponseError;
use lsp_types::{Location, ReferenceParams};

use super::Ask;
use crate::lsp::convert::location;

pub fn answer(ask: &Ask, params: ReferenceParams) -> Result<Option<Vec<Location>>, ResponseError> {
    let Some((name, _, offset)) = ask.place(&params.text_document_position) else { return Ok(None) };
    let found = ask.analysis.references(&name, offset, params.context.include_declaration);
    Ok(Some(found.iter().filter_map(|at| location(ask, at)).collect()))
}
