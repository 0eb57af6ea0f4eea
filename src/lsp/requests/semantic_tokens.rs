//! `textDocument/semanticTokens/full` and `/range`: a file in, its words with what they are out.

use std::ops::Range;

use lsp_server::ResponseError;
use lsp_types::{
    SemanticToken, SemanticTokenModifier, SemanticTokenType, SemanticTokens, SemanticTokensLegend,
    SemanticTokensParams, SemanticTokensRangeParams, SemanticTokensRangeResult, SemanticTokensResult,
};
use sgl_ide::{Class, Colored};

use super::Ask;
use crate::lsp::position::Lines;

pub fn answer(ask: &Ask, params: SemanticTokensParams) -> Result<Option<SemanticTokensResult>, ResponseError> {
    let Some((name, lines)) = ask.file(&params.text_document.uri) else { return Ok(None) };
    let whole = 0..lines.text().len() as u32;
    Ok(Some(SemanticTokensResult::Tokens(tokens(ask, &name, &lines, whole))))
}

pub fn of_range(
    ask: &Ask,
    params: SemanticTokensRangeParams,
) -> Result<Option<SemanticTokensRangeResult>, ResponseError> {
    let Some((name, lines)) = ask.file(&params.text_document.uri) else { return Ok(None) };
    let range = lines.bytes(params.range);
    Ok(Some(SemanticTokensRangeResult::Tokens(tokens(ask, &name, &lines, range))))
}

/// The names by which the numbers of tokens go.
pub fn legend() -> SemanticTokensLegend {
    SemanticTokensLegend {
        token_types: Class::ALL.into_iter().map(token_type).collect(),
        token_modifiers: vec![
            SemanticTokenModifier::DECLARATION,
            SemanticTokenModifier::DEFAULT_LIBRARY,
            SemanticTokenModifier::READONLY,
        ],
    }
}

fn token_type(class: Class) -> SemanticTokenType {
    match class {
        Class::Keyword => SemanticTokenType::KEYWORD,
        Class::Number => SemanticTokenType::NUMBER,
        Class::Text => SemanticTokenType::STRING,
        Class::Regex => SemanticTokenType::REGEXP,
        Class::Comment => SemanticTokenType::COMMENT,
        Class::Operator => SemanticTokenType::OPERATOR,
        Class::Type => SemanticTokenType::TYPE,
        Class::Struct => SemanticTokenType::STRUCT,
        Class::TypeParam => SemanticTokenType::TYPE_PARAMETER,
        Class::Function => SemanticTokenType::FUNCTION,
        Class::Method => SemanticTokenType::METHOD,
        Class::Field => SemanticTokenType::PROPERTY,
        Class::Param => SemanticTokenType::PARAMETER,
        Class::Variable | Class::Constant => SemanticTokenType::VARIABLE,
        Class::Module => SemanticTokenType::NAMESPACE,
    }
}

fn tokens(ask: &Ask, name: &str, lines: &Lines, range: Range<u32>) -> SemanticTokens {
    let (mut data, mut line, mut column) = (Vec::new(), 0, 0);
    for word in ask.analysis.colors(name, range) {
        for part in on_lines(lines.text(), &word.range) {
            let (start, end) = (lines.position(part.start), lines.position(part.end));
            let delta_line = start.line - line;
            let delta_start = if delta_line == 0 { start.character - column } else { start.character };
            (line, column) = (start.line, start.character);
            data.push(SemanticToken {
                delta_line,
                delta_start,
                length: end.character.saturating_sub(start.character),
                token_type: Class::ALL.iter().position(|class| *class == word.class).unwrap_or_default() as u32,
                token_modifiers_bitset: modifiers(&word),
            });
        }
    }
    SemanticTokens { result_id: None, data }
}

fn modifiers(word: &Colored) -> u32 {
    u32::from(word.declares) | u32::from(word.of_library) << 1 | u32::from(word.fixed) << 2
}

/// The parts of a word on each of its lines, without the space before them: many editors know no token of several lines.
fn on_lines(text: &str, range: &Range<u32>) -> Vec<Range<u32>> {
    let whole = text.get(range.start as usize..range.end as usize).unwrap_or_default();
    let mut at = range.start;
    let parts = whole.split_inclusive('\n').map(|line| {
        let start = at + (line.len() - line.trim_start().len()) as u32;
        let end = at + line.trim_end().len() as u32;
        at += line.len() as u32;
        start..end
    });
    parts.filter(|part| part.start < part.end).collect()
}
