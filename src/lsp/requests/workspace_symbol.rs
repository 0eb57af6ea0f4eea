//! `workspace/symbol`: a few letters in, what is called so in any program out.

use lsp_server::ResponseError;
use lsp_types::{OneOf, WorkspaceSymbol, WorkspaceSymbolParams, WorkspaceSymbolResponse};

use super::Ask;
use crate::lsp::convert::{location, symbol_kind};

pub fn answer(ask: &Ask, params: WorkspaceSymbolParams) -> Result<Option<WorkspaceSymbolResponse>, ResponseError> {
    let found = ask.analysis.search(&params.query).into_iter().filter_map(|(declared, container_name)| {
        Some(WorkspaceSymbol {
            location: OneOf::Left(location(ask, &declared.at)?),
            kind: symbol_kind(declared.kind),
            name: declared.name,
            tags: None,
            container_name,
            data: None,
        })
    });
    Ok(Some(WorkspaceSymbolResponse::Nested(found.collect())))
}
