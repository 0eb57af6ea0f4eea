//! `textDocument/prepareRename`: a place in, the name there that can be changed out.

use lsp_server::{ErrorCode, ResponseError};
use lsp_types::{PrepareRenameResponse, TextDocumentPositionParams};

use super::Ask;
use crate::lsp::pool::error;

pub fn answer(ask: &Ask, params: TextDocumentPositionParams) -> Result<Option<PrepareRenameResponse>, ResponseError> {
    let Some((name, lines, offset)) = ask.place(&params) else { return Ok(None) };
    match ask.analysis.prepare_rename(&name, offset) {
        Ok((range, placeholder)) => {
            Ok(Some(PrepareRenameResponse::RangeWithPlaceholder { range: lines.range(&range), placeholder }))
        }
        Err(why) => Err(error(ErrorCode::RequestFailed, &why)),
    }
}
