//! `textDocument/inlayHint`: a range in, types and token counts that nobody wrote out.

use lsp_server::ResponseError;
use lsp_types::{InlayHint, InlayHintKind, InlayHintLabel, InlayHintParams, TextEdit};

use super::Ask;

pub fn answer(ask: &Ask, params: InlayHintParams) -> Result<Option<Vec<InlayHint>>, ResponseError> {
    let Some((name, lines)) = ask.file(&params.text_document.uri) else { return Ok(None) };
    let found = ask.analysis.inlays(&name, lines.bytes(params.range)).into_iter().map(|inlay| {
        let position = lines.position(inlay.at);
        let range = lsp_types::Range { start: position, end: position };
        InlayHint {
            position,
            text_edits: inlay.is_written.then(|| vec![TextEdit { range, new_text: inlay.text.clone() }]),
            label: InlayHintLabel::String(inlay.text),
            kind: inlay.is_type.then_some(InlayHintKind::TYPE),
            tooltip: None,
            padding_left: Some(!inlay.is_type),
            padding_right: None,
            data: None,
        }
    });
    Ok(Some(found.collect()))
}
