//! `textDocument/documentSymbol`: a file in, what it declares out.

use lsp_server::ResponseError;
use lsp_types::{DocumentSymbol, DocumentSymbolParams, DocumentSymbolResponse};
use sgl_ide::Symbol;

use super::Ask;
use crate::lsp::convert::symbol_kind;
use crate::lsp::position::Lines;

pub fn answer(ask: &Ask, params: DocumentSymbolParams) -> Result<Option<DocumentSymbolResponse>, ResponseError> {
    let Some((name, lines)) = ask.file(&params.text_document.uri) else { return Ok(None) };
    let symbols = ask.analysis.outline(&name);
    Ok(Some(DocumentSymbolResponse::Nested(symbols.into_iter().map(|symbol| nested(&lines, symbol)).collect())))
}

fn nested(lines: &Lines, symbol: Symbol) -> DocumentSymbol {
    let children: Vec<_> = symbol.children.into_iter().map(|child| nested(lines, child)).collect();
    // An editor takes no symbol without a name, which is what there is while one is written.
    let name = if symbol.name.is_empty() { "_".to_string() } else { symbol.name };
    #[allow(deprecated, reason = "the field has to be there")]
    DocumentSymbol {
        name,
        detail: (!symbol.detail.is_empty()).then_some(symbol.detail),
        kind: symbol_kind(symbol.kind),
        tags: None,
        deprecated: None,
        range: lines.range(&symbol.range),
        selection_range: lines.range(&symbol.at),
        children: (!children.is_empty()).then_some(children),
    }
}
