//! `textDocument/foldingRange`: a file in, the parts of it that can be folded out.

use lsp_server::ResponseError;
use lsp_types::{FoldingRange, FoldingRangeKind, FoldingRangeParams};
use sgl_ide::FoldKind;

use super::Ask;

pub fn answer(ask: &Ask, params: FoldingRangeParams) -> Result<Option<Vec<FoldingRange>>, ResponseError> {
    let Some((name, lines)) = ask.file(&params.text_document.uri) else { return Ok(None) };
    let found = ask.analysis.folds(&name).into_iter().map(|fold| {
        let range = lines.range(&fold.range);
        FoldingRange {
            start_line: range.start.line,
            start_character: None,
            // The line with what closes it stays to be seen.
            end_line: match fold.kind {
                FoldKind::Code => range.end.line.saturating_sub(1).max(range.start.line),
                FoldKind::Comment | FoldKind::Imports => range.end.line,
            },
            end_character: None,
            kind: match fold.kind {
                FoldKind::Code => None,
                FoldKind::Comment => Some(FoldingRangeKind::Comment),
                FoldKind::Imports => Some(FoldingRangeKind::Imports),
            },
            collapsed_text: None,
        }
    });
    Ok(Some(found.collect()))
}
