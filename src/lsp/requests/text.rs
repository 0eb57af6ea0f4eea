//! `sgl/text`: a file in, what the server takes it to say out. For whoever wants to know whether a client and the server agree.

use lsp_server::ResponseError;
use lsp_types::TextDocumentIdentifier;
use lsp_types::request::Request;

use super::Ask;
use crate::lsp::disk::name_of;

/// The request, which is not of the protocol.
pub enum Text {}

impl Request for Text {
    type Params = TextDocumentIdentifier;
    type Result = Option<String>;
    const METHOD: &'static str = "sgl/text";
}

pub fn answer(ask: &Ask, params: TextDocumentIdentifier) -> Result<Option<String>, ResponseError> {
    Ok(ask.analysis.text(&name_of(&params.uri)).map(|text| text.to_string()))
}
