//! `textDocument/documentHighlight`: a name in, where it stands in the file out.

use lsp_server::ResponseError;
use lsp_types::{DocumentHighlight, DocumentHighlightKind, DocumentHighlightParams};

use super::Ask;

pub fn answer(ask: &Ask, params: DocumentHighlightParams) -> Result<Option<Vec<DocumentHighlight>>, ResponseError> {
    let Some((name, lines, offset)) = ask.place(&params.text_document_position_params) else { return Ok(None) };
    let found = ask.analysis.highlights(&name, offset).into_iter();
    let kind = |writes| if writes { DocumentHighlightKind::WRITE } else { DocumentHighlightKind::READ };
    let shown = found.map(|(range, writes)| DocumentHighlight { range: lines.range(&range), kind: Some(kind(writes)) });
    Ok(Some(shown.collect()))
}
