//! `textDocument/signatureHelp`: a place in the arguments of a call in, what is called out.

use lsp_server::ResponseError;
use lsp_types::{ParameterInformation, ParameterLabel, SignatureHelp, SignatureHelpParams, SignatureInformation};

use super::Ask;
use crate::lsp::convert::docs;

pub fn answer(ask: &Ask, params: SignatureHelpParams) -> Result<Option<SignatureHelp>, ResponseError> {
    let Some((name, _, offset)) = ask.place(&params.text_document_position_params) else { return Ok(None) };
    let Some(found) = ask.analysis.signature(&name, offset) else { return Ok(None) };
    let encoding = ask.encoding();
    let column = |at: u32| {
        let before = found.label.get(..at as usize).unwrap_or_default();
        before.chars().map(|c| encoding.width(c)).sum()
    };
    let parameters = found.parameters.iter().map(|(range, text)| ParameterInformation {
        label: ParameterLabel::LabelOffsets([column(range.start), column(range.end)]),
        documentation: docs(text),
    });
    let active = found.active.map(|at| at as u32);
    let information = SignatureInformation {
        label: found.label.clone(),
        documentation: docs(&found.docs),
        parameters: Some(parameters.collect()),
        active_parameter: active,
    };
    Ok(Some(SignatureHelp { signatures: vec![information], active_signature: Some(0), active_parameter: active }))
}
