//! `textDocument/hover`: a place in, what is to be known of it out.

use lsp_server::ResponseError;
use lsp_types::{Hover, HoverContents, HoverParams};

use super::Ask;
use crate::lsp::convert::markdown;

pub fn answer(ask: &Ask, params: HoverParams) -> Result<Option<Hover>, ResponseError> {
    let Some((name, lines, offset)) = ask.place(&params.text_document_position_params) else { return Ok(None) };
    let hover = ask.analysis.hover(&name, offset);
    Ok(hover.map(|hover| Hover {
        contents: HoverContents::Markup(markdown(hover.text)),
        range: Some(lines.range(&hover.range)),
    }))
}
