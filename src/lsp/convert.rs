//! What `sgl-ide` says in, what the protocol has for it out.

use lsp_types::{
    CompletionItemKind, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Documentation,
    InsertTextFormat, MarkupContent, MarkupKind, NumberOrString, SymbolKind, TextEdit, WorkspaceEdit,
};
use sgl_diag::Severity;
use sgl_ide::completion::{Completion, CompletionKind};
use sgl_ide::{Changes, Edit, Finding, Kind, Location};

use super::position::Lines;
use super::requests::Ask;

/// A place in some file.
pub fn location(ask: &Ask, at: &Location) -> Option<lsp_types::Location> {
    let lines = ask.lines(&at.file)?;
    Some(lsp_types::Location { uri: ask.uri(&at.file)?, range: lines.range(&at.range) })
}

/// A diagnostic.
pub fn diagnostic(ask: &Ask, lines: &Lines, finding: &Finding) -> Diagnostic {
    let mut message = finding.title.clone();
    if !finding.label.is_empty() {
        message.push_str(&format!(": {}", finding.label));
    }
    if let Some(hint) = &finding.hint {
        message.push_str(&format!("\n{hint}"));
    }
    let related = finding.related.iter().filter_map(|related| {
        Some(DiagnosticRelatedInformation { location: location(ask, &related.at)?, message: related.text.clone() })
    });
    let related: Vec<_> = related.collect();
    Diagnostic {
        range: lines.range(&finding.range),
        severity: Some(match finding.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
        }),
        code: Some(NumberOrString::String(finding.code.to_string())),
        source: Some("sglc".into()),
        message,
        related_information: (!related.is_empty()).then_some(related),
        tags: finding.is_unnecessary().then(|| vec![DiagnosticTag::UNNECESSARY]),
        ..Diagnostic::default()
    }
}

/// Markdown.
pub fn markdown(text: impl Into<String>) -> MarkupContent {
    MarkupContent { kind: MarkupKind::Markdown, value: text.into() }
}

/// Documentation, where there is some.
pub fn docs(text: &str) -> Option<Documentation> {
    (!text.is_empty()).then(|| Documentation::MarkupContent(markdown(text)))
}

/// A change of a text.
pub fn edit(lines: &Lines, edit: &Edit) -> TextEdit {
    TextEdit { range: lines.range(&edit.range), new_text: edit.text.clone() }
}

/// Changes of files.
#[allow(clippy::mutable_key_type, reason = "the type of the protocol; no address is ever changed")]
pub fn workspace_edit(ask: &Ask, changes: &Changes) -> WorkspaceEdit {
    let files = changes.iter().filter_map(|(name, edits)| {
        let lines = ask.lines(name)?;
        Some((ask.uri(name)?, edits.iter().map(|change| edit(&lines, change)).collect()))
    });
    WorkspaceEdit { changes: Some(files.collect()), ..WorkspaceEdit::default() }
}

/// An offer; `snippets`: whether the editor knows places to go to in what is inserted.
pub fn completion(lines: &Lines, offer: Completion, at: usize, snippets: bool) -> lsp_types::CompletionItem {
    let is_snippet = offer.has_stop && snippets;
    let new_text = match is_snippet {
        true => offer.insert.replace('\\', "\\\\").replace('}', "\\}"),
        false => offer.insert.replace("$0", ""),
    };
    lsp_types::CompletionItem {
        label: offer.label,
        kind: Some(match offer.kind {
            CompletionKind::Argument => CompletionItemKind::PROPERTY,
            CompletionKind::Field => CompletionItemKind::FIELD,
            CompletionKind::Variable => CompletionItemKind::VARIABLE,
            CompletionKind::Method => CompletionItemKind::METHOD,
            CompletionKind::Function | CompletionKind::Prompt | CompletionKind::Tool => CompletionItemKind::FUNCTION,
            CompletionKind::Constant => CompletionItemKind::CONSTANT,
            CompletionKind::Model | CompletionKind::Value => CompletionItemKind::VALUE,
            CompletionKind::Struct => CompletionItemKind::STRUCT,
            CompletionKind::Type => CompletionItemKind::CLASS,
            CompletionKind::Module => CompletionItemKind::MODULE,
            CompletionKind::Keyword => CompletionItemKind::KEYWORD,
            CompletionKind::File => CompletionItemKind::FILE,
        }),
        detail: (!offer.detail.is_empty()).then_some(offer.detail),
        documentation: docs(&offer.docs),
        // Editors sort by letters: this keeps the order.
        sort_text: Some(format!("{at:05}")),
        insert_text_format: Some(if is_snippet { InsertTextFormat::SNIPPET } else { InsertTextFormat::PLAIN_TEXT }),
        text_edit: Some(lsp_types::CompletionTextEdit::Edit(TextEdit { range: lines.range(&offer.range), new_text })),
        additional_text_edits: offer.also.map(|also| vec![edit(lines, &also)]),
        ..lsp_types::CompletionItem::default()
    }
}

/// The kind of a symbol.
pub fn symbol_kind(kind: Kind) -> SymbolKind {
    match kind {
        Kind::Module => SymbolKind::MODULE,
        Kind::Struct => SymbolKind::STRUCT,
        Kind::Type => SymbolKind::CLASS,
        Kind::Const => SymbolKind::CONSTANT,
        Kind::Fn | Kind::Prompt | Kind::Tool => SymbolKind::FUNCTION,
        Kind::Model => SymbolKind::OBJECT,
        Kind::Test => SymbolKind::METHOD,
        Kind::Field => SymbolKind::FIELD,
        Kind::Param | Kind::Variable => SymbolKind::VARIABLE,
        Kind::TypeParam => SymbolKind::TYPE_PARAMETER,
    }
}
