//! One file for each request: what the editor asks in, the answer out.

mod call_hierarchy;
mod code_action;
mod code_lens;
mod completion;
mod definition;
mod document_link;
mod document_symbol;
mod folding;
mod formatting;
mod highlight;
mod hover;
mod inlay_hint;
mod prepare_rename;
mod references;
mod rename;
mod selection;
pub(super) mod semantic_tokens;
mod signature;
mod text;
mod type_definition;
mod workspace_symbol;

use std::sync::Arc;

use lsp_server::{ErrorCode, ResponseError};
use lsp_types::request::{self, Request};
use lsp_types::{TextDocumentPositionParams, Uri};
use serde_json::Value;
use sgl_ide::Analysis;

use super::disk::{name_of, std_file, uri_of};
use super::pool::error;
use super::position::{Encoding, Lines};
use super::server::Client;

/// A request's picture of the texts, and what is known of the editor.
#[derive(Clone)]
pub struct Ask {
    /// The texts.
    pub analysis: Analysis,
    /// The editor.
    pub client: Arc<Client>,
}

impl Ask {
    /// A text with its lines.
    pub fn lines(&self, name: &str) -> Option<Lines> {
        Some(Lines::new(self.analysis.text(name)?, self.client.encoding))
    }

    /// What the columns of positions count.
    pub fn encoding(&self) -> Encoding {
        self.client.encoding
    }

    /// The address of a file, also of one that comes with the compiler.
    pub fn uri(&self, name: &str) -> Option<Uri> {
        match name.starts_with('<') {
            true => uri_of(&std_file(name, &self.analysis.text(name)?)?.display().to_string()),
            false => uri_of(name),
        }
    }

    /// The place that a request is about: name of the file, its lines, the byte.
    pub fn place(&self, at: &TextDocumentPositionParams) -> Option<(String, Lines, u32)> {
        let name = name_of(&at.text_document.uri);
        let lines = self.lines(&name)?;
        let offset = lines.offset(at.position);
        Some((name, lines, offset))
    }

    /// The file that a request is about.
    pub fn file(&self, uri: &Uri) -> Option<(String, Lines)> {
        let name = name_of(uri);
        let lines = self.lines(&name)?;
        Some((name, lines))
    }
}

/// Answers a request.
pub type Handler = fn(&Ask, Value) -> Result<Value, ResponseError>;

macro_rules! handlers {
    ($($request:ty => $answer:path,)*) => {
        /// Who answers requests of a method.
        pub fn handler(method: &str) -> Option<Handler> {
            Some(match method {
                $(<$request as Request>::METHOD => |ask, params| {
                    let params = read(params)?;
                    let answer: Result<<$request as Request>::Result, ResponseError> = $answer(ask, params);
                    written(answer?)
                },)*
                _ => return None,
            })
        }
    };
}

handlers! {
    request::HoverRequest => hover::answer,
    request::Completion => completion::answer,
    request::GotoDefinition => definition::answer,
    request::GotoTypeDefinition => type_definition::answer,
    request::SignatureHelpRequest => signature::answer,
    request::References => references::answer,
    request::DocumentHighlightRequest => highlight::answer,
    request::PrepareRenameRequest => prepare_rename::answer,
    request::Rename => rename::answer,
    request::DocumentSymbolRequest => document_symbol::answer,
    request::WorkspaceSymbolRequest => workspace_symbol::answer,
    request::SemanticTokensFullRequest => semantic_tokens::answer,
    request::SemanticTokensRangeRequest => semantic_tokens::of_range,
    request::InlayHintRequest => inlay_hint::answer,
    request::FoldingRangeRequest => folding::answer,
    request::SelectionRangeRequest => selection::answer,
    request::Formatting => formatting::answer,
    request::RangeFormatting => formatting::of_range,
    request::CodeActionRequest => code_action::answer,
    request::CodeLensRequest => code_lens::answer,
    request::DocumentLinkRequest => document_link::answer,
    request::CallHierarchyPrepare => call_hierarchy::prepare,
    request::CallHierarchyIncomingCalls => call_hierarchy::incoming,
    request::CallHierarchyOutgoingCalls => call_hierarchy::outgoing,
    text::Text => text::answer,
}

/// What a request says, as the protocol has it.
pub(super) fn read<T: serde::de::DeserializeOwned>(params: Value) -> Result<T, ResponseError> {
    serde_json::from_value(params).map_err(|why| error(ErrorCode::InvalidParams, &why.to_string()))
}

/// An answer as JSON.
pub(super) fn written(answer: impl serde::Serialize) -> Result<Value, ResponseError> {
    serde_json::to_value(answer).map_err(|why| error(ErrorCode::InternalError, &why.to_string()))
}
