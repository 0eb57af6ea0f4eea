//! `textDocument/documentLink`: a file in, the files that it names out.

use lsp_server::ResponseError;
use lsp_types::{DocumentLink, DocumentLinkParams};

use super::Ask;

pub fn answer(ask: &Ask, params: DocumentLinkParams) -> Result<Option<Vec<DocumentLink>>, ResponseError> {
    let Some((name, lines)) = ask.file(&params.text_document.uri) else { return Ok(None) };
    let found = ask.analysis.links(&name).into_iter().map(|link| DocumentLink {
        range: lines.range(&link.range),
        target: ask.uri(&link.file),
        tooltip: None,
        data: None,
    });
    Ok(Some(found.collect()))
}
