//! `textDocument/prepareCallHierarchy`, `callHierarchy/incomingCalls` and `outgoingCalls`: a function in, who calls it and whom
//! it calls out.

use lsp_server::ResponseError;
use lsp_types::{
    CallHierarchyIncomingCall, CallHierarchyIncomingCallsParams, CallHierarchyItem, CallHierarchyOutgoingCall,
    CallHierarchyOutgoingCallsParams, CallHierarchyPrepareParams,
};
use sgl_ide::{Declaration, Location};

use super::Ask;
use crate::lsp::convert::symbol_kind;
use crate::lsp::disk::name_of;

pub fn prepare(ask: &Ask, params: CallHierarchyPrepareParams) -> Result<Option<Vec<CallHierarchyItem>>, ResponseError> {
    let Some((name, _, offset)) = ask.place(&params.text_document_position_params) else { return Ok(None) };
    let function = ask.analysis.function_at(&name, offset);
    Ok(function.and_then(|function| item(ask, &function)).map(|item| vec![item]))
}

pub fn incoming(
    ask: &Ask,
    params: CallHierarchyIncomingCallsParams,
) -> Result<Option<Vec<CallHierarchyIncomingCall>>, ResponseError> {
    let Some(at) = place(ask, &params.item) else { return Ok(None) };
    let calls = ask.analysis.callers(&at).into_iter().filter_map(|call| {
        let lines = ask.lines(&call.function.at.file)?;
        let from_ranges = call.places.iter().map(|place| lines.range(place)).collect();
        Some(CallHierarchyIncomingCall { from: item(ask, &call.function)?, from_ranges })
    });
    Ok(Some(calls.collect()))
}

pub fn outgoing(
    ask: &Ask,
    params: CallHierarchyOutgoingCallsParams,
) -> Result<Option<Vec<CallHierarchyOutgoingCall>>, ResponseError> {
    let Some(at) = place(ask, &params.item) else { return Ok(None) };
    let Some(lines) = ask.lines(&at.file) else { return Ok(None) };
    let calls = ask.analysis.callees(&at).into_iter().filter_map(|call| {
        let from_ranges = call.places.iter().map(|place| lines.range(place)).collect();
        Some(CallHierarchyOutgoingCall { to: item(ask, &call.function)?, from_ranges })
    });
    Ok(Some(calls.collect()))
}

fn item(ask: &Ask, function: &Declaration) -> Option<CallHierarchyItem> {
    let lines = ask.lines(&function.at.file)?;
    Some(CallHierarchyItem {
        name: function.name.clone(),
        kind: symbol_kind(function.kind),
        tags: None,
        detail: Some(function.signature.clone()),
        uri: ask.uri(&function.at.file)?,
        range: lines.range(&function.whole),
        selection_range: lines.range(&function.at.range),
        data: None,
    })
}

/// The place of an item that the editor gives back.
fn place(ask: &Ask, item: &CallHierarchyItem) -> Option<Location> {
    let file = name_of(&item.uri);
    let range = ask.lines(&file)?.bytes(item.selection_range);
    Some(Location { file, range })
}
