//! `textDocument/selectionRange`: places in, what a growing selection takes in out.

use lsp_server::ResponseError;
use lsp_types::{SelectionRange, SelectionRangeParams};

use super::Ask;

pub fn answer(ask: &Ask, params: SelectionRangeParams) -> Result<Option<Vec<SelectionRange>>, ResponseError> {
    let Some((name, lines)) = ask.file(&params.text_document.uri) else { return Ok(None) };
    let grown = params.positions.iter().map(|position| {
        let parts = ask.analysis.selections(&name, lines.offset(*position));
        let nothing = SelectionRange { range: lsp_types::Range { start: *position, end: *position }, parent: None };
        let mut whole: Option<SelectionRange> = None;
        for part in parts.iter().rev() {
            whole = Some(SelectionRange { range: lines.range(part), parent: whole.map(Box::new) });
        }
        whole.unwrap_or(nothing)
    });
    Ok(Some(grown.collect()))
}
