//! `textDocument/rename`: a name and another one in, the changes of all files out.

use lsp_server::{ErrorCode, ResponseError};
use lsp_types::{RenameParams, WorkspaceEdit};

use super::Ask;
use crate::lsp::convert::workspace_edit;
use crate::lsp::pool::error;

pub fn answer(ask: &Ask, params: RenameParams) -> Result<Option<WorkspaceEdit>, ResponseError> {
    let Some((name, _, offset)) = ask.place(&params.text_document_position) else { return Ok(None) };
    let changes = ask.analysis.rename(&name, offset, params.new_name.trim());
    changes.map(|changes| Some(workspace_edit(ask, &changes))).map_err(|why| error(ErrorCode::RequestFailed, &why))
}
