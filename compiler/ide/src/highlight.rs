//! A file in; its words, each with what it is, out: for colours that know what names stand for.

use std::collections::HashMap;
use std::ops::Range;

use sgl_check::notes::Target;
use sgl_check::{BUILTIN_TYPES, builtins::NAMESPACES};
use sgl_syntax::ast;
use sgl_syntax::{SyntaxKind, SyntaxToken};

use crate::names::{Kind, around, declares, range, token_at};
use crate::workspace::{Analysis, File, ROOT};

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Class {
    Keyword,
    Number,
    Text,
    Regex,
    Comment,
    Operator,
    Type,
    Struct,
    TypeParam,
    Function,
    Method,
    Field,
    Param,
    Variable,
    Constant,
    Module,
}

impl Class {
    /// All of them.
    pub const ALL: [Class; 16] = [
        Class::Keyword,
        Class::Number,
        Class::Text,
        Class::Regex,
        Class::Comment,
        Class::Operator,
        Class::Type,
        Class::Struct,
        Class::TypeParam,
        Class::Function,
        Class::Method,
        Class::Field,
        Class::Param,
        Class::Variable,
        Class::Constant,
        Class::Module,
    ];
}

/// A word and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colored {
    /// Where it stands. Texts and comments may run over several lines.
    pub range: Range<u32>,
    /// What it is.
    pub class: Class,
    /// Whether it is declared here.
    pub declares: bool,
    /// Whether it comes with the language.
    pub of_library: bool,
    /// Whether it does not change.
    pub fixed: bool,
}

impl Analysis {
    /// The words of a file that stand in a range, in order.
    pub fn colors(&self, file: &str, within: Range<u32>) -> Vec<Colored> {
        let Some(file) = self.file(file) else { return Vec::new() };
        let tokens = file.tree.descendants_with_tokens().filter_map(|element| element.into_token());
        let mut known = HashMap::new();
        let inside = tokens.filter(|token| {
            let at = range(token);
            at.start < within.end && at.end > within.start
        });
        inside.take_while(|_| !self.is_over()).filter_map(|token| self.color(&file, &token, &mut known)).collect()
    }

    fn color(&self, file: &File, token: &SyntaxToken, known: &mut HashMap<Target, Option<Kind>>) -> Option<Colored> {
        let plain =
            |class| Some(Colored { range: range(token), class, declares: false, of_library: false, fixed: false });
        let parent = token.parent()?;
        match token.kind() {
            SyntaxKind::KEYWORD => plain(Class::Keyword),
            SyntaxKind::NUMBER => plain(Class::Number),
            SyntaxKind::COMMENT | SyntaxKind::DOC_COMMENT | SyntaxKind::FILE_DOC => plain(Class::Comment),
            SyntaxKind::OPERATOR if token.text() == "in" => plain(Class::Keyword),
            SyntaxKind::OPERATOR => plain(Class::Operator),
            SyntaxKind::QUOTE | SyntaxKind::TEXT => {
                let regex = around::<ast::StringLit>(token).is_some_and(|text| text.flavor() == ast::Flavor::Regex);
                plain(if regex { Class::Regex } else { Class::Text })
            }
            SyntaxKind::IDENT if parent.kind() == SyntaxKind::ROLE => plain(Class::Keyword),
            SyntaxKind::IDENT => {
                let declares = declares(token);
                let target = file.targets(token).last().copied();
                let of_library =
                    |class| Colored { range: range(token), class, declares: false, of_library: true, fixed: true };
                let kind = match (declares.as_ref(), target) {
                    (Some((kind, _)), _) => Some(*kind),
                    (None, Some(Target::Module(_))) => return plain(Class::Module),
                    (None, Some(Target::Argument(_))) => return Some(of_library(Class::Param)),
                    (None, Some(Target::Builtin(builtin))) => {
                        let is_method = parent.kind() == SyntaxKind::MEMBER && !builtin.name().contains('.');
                        let class = match (builtin.is_constant(), is_method) {
                            (true, _) => Class::Constant,
                            (_, true) => Class::Method,
                            _ => Class::Function,
                        };
                        return Some(of_library(class));
                    }
                    (None, Some(target)) => *known.entry(target).or_insert_with(|| self.kind_of(file, target)),
                    (None, None) => None,
                };
                match kind {
                    Some(kind) => {
                        let (declares, fixed) = (declares.is_some(), kind == Kind::Const);
                        Some(Colored { range: range(token), class: class_of(kind), declares, of_library: false, fixed })
                    }
                    None => unknown(token, parent.kind()).map(|(class, library)| Colored {
                        range: range(token),
                        class,
                        declares: false,
                        of_library: library,
                        fixed: false,
                    }),
                }
            }
            _ => None,
        }
    }
}

impl Analysis {
    /// What is declared where a target is. Of the file itself its tree is at hand.
    fn kind_of(&self, file: &File, target: Target) -> Option<Kind> {
        match target {
            Target::At(at) if at.file == ROOT => {
                let token = token_at(&file.tree, at.start).filter(|token| range(token) == (at.start..at.end))?;
                declares(&token).map(|(kind, _)| kind)
            }
            target => self.declaration(&self.location(file, target)?).map(|declared| declared.kind),
        }
    }
}

fn class_of(kind: Kind) -> Class {
    match kind {
        Kind::Module => Class::Module,
        Kind::Struct => Class::Struct,
        Kind::Type => Class::Type,
        Kind::Const | Kind::Model => Class::Constant,
        Kind::Fn | Kind::Prompt | Kind::Tool | Kind::Test => Class::Function,
        Kind::Field => Class::Field,
        Kind::Param => Class::Param,
        Kind::TypeParam => Class::TypeParam,
        Kind::Variable => Class::Variable,
    }
}

/// What a name is by where it stands, and whether it comes with the language.
fn unknown(token: &SyntaxToken, around: SyntaxKind) -> Option<(Class, bool)> {
    match around {
        SyntaxKind::TYPE_PATH => Some((Class::Type, BUILTIN_TYPES.contains(&token.text()))),
        SyntaxKind::MODULE_PATH => Some((Class::Module, true)),
        SyntaxKind::MEMBER | SyntaxKind::RECORD_FIELD | SyntaxKind::BRANCH => Some((Class::Field, false)),
        SyntaxKind::ARG => Some((Class::Param, false)),
        SyntaxKind::NAME_EXPR if NAMESPACES.contains(&token.text()) => Some((Class::Module, true)),
        SyntaxKind::NAME_EXPR if token.text() == "print" => Some((Class::Function, true)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_every_class_once() {
        let mut all = Class::ALL.to_vec();
        all.sort();
        all.dedup();
        assert_eq!(all, Class::ALL);
    }
}
