//! What is certain before a token is paid for: types without texts, stops that cannot match, options that begin with others, texts
//! that cannot be read.

use std::sync::Arc;

use regex_syntax::hir::{Class, Hir, HirKind};
use sgl_constrain::{ConstrainError, Proof};
use sgl_diag::{Diagnostic, Span};
use sgl_wire::{Constraint, Json, SelectBy};

use crate::body::Body;
use crate::program::{Expr, ExprKind};
use crate::texts;
use crate::types::{Const, Type};

/// Lengths from which a shortest text may be longer than any automaton follows.
const LONG: u32 = 16;

impl Body<'_> {
    /// Says so where no text is a value of what is to be generated.
    pub(crate) fn check_has_texts(&mut self, constraint: &Constraint, ty: &Type, at: Span) {
        let may_be_empty = match constraint {
            Constraint::Text { min_len, .. } => *min_len >= LONG,
            Constraint::Json(schema) => {
                may_have_none(&schema.root) || schema.defs.iter().any(|(_, shape)| may_have_none(shape))
            }
            // Patterns and grammars that stand alone are proved where they are written, and the others always have texts.
            _ => false,
        };
        if !may_be_empty {
            return;
        }
        let (reason, hint) = match sgl_constrain::prove(constraint) {
            Ok(()) => return,
            Err(error @ ConstrainError::Limit { .. }) => (
                error.to_string(),
                "make least lengths and counts in patterns smaller, or generate its parts one by one",
            ),
            Err(ConstrainError::Unsatisfiable { what, reason }) => {
                (format!("{what}: {reason}"), "widen the bounds until something lies between them")
            }
            Err(error) => (error.to_string(), "take another type"),
        };
        let d = Diagnostic::error("E0247", format!("no `{}` can be generated: {reason}", self.w.show(ty)));
        self.report(d.at(at, "this type").hint(hint));
    }

    /// Stops of a `str` that can never match, or that match before anything is written.
    pub(crate) fn check_stop(&mut self, value: &Expr, ty: &Type) {
        let Type::Str { min_len: 0, max_len } = ty else { return };
        let parts = match &value.kind {
            ExprKind::List(items) => items.iter().collect(),
            _ => vec![value],
        };
        self.check_stops_together(&parts);
        for part in parts {
            let least = match self.constant_value(part) {
                Some(Const::Str(text)) => text.chars().count() as u64,
                Some(Const::Regex(pattern)) => match regex_syntax::parse(&pattern) {
                    Ok(hir) if hir.properties().minimum_len() == Some(0) && hir.properties().look_set().is_empty() => {
                        let d =
                            Diagnostic::error("E0248", "this `stop` matches the empty text, and so ends everything");
                        let d = d.at(part.span, "matches before anything is written");
                        self.report(d.hint("let it match at least one character: `+` in place of `*`"));
                        continue;
                    }
                    Ok(hir) => least_chars(&hir),
                    // Told where it is written.
                    Err(_) => continue,
                },
                _ => continue,
            };
            if let Some(most) = max_len.filter(|most| least > u64::from(*most)) {
                let shown = self.show(ty);
                let title =
                    format!("this `stop` can never match: it has {least} characters, a `{shown}` at most {most}");
                let d = Diagnostic::error("E0248", title).at(part.span, "longer than the whole text");
                self.report(d.hint("leave it out, or raise `max_len`"));
            }
        }
    }

    /// Stops that end the text after another one has ended it already.
    fn check_stops_together(&mut self, stops: &[&Expr]) {
        let known: Vec<(Arc<str>, Span)> = stops
            .iter()
            .filter_map(|stop| match self.constant_value(stop) {
                Some(Const::Str(text)) if !text.is_empty() => Some((text, stop.span)),
                _ => None,
            })
            .collect();
        for (late, span) in &known {
            // What of it stands before its last character.
            let before = late.char_indices().next_back().and_then(|(at, _)| late.get(..at)).unwrap_or_default();
            if let Some((early, first)) = known.iter().find(|(early, _)| before.contains(&**early)) {
                let d = Diagnostic::warning(
                    "W0516",
                    format!("the text has always ended before this `stop`: {late:?} holds {early:?}"),
                );
                let d = d.at(*span, "never reached").also(*first, "ends the text first");
                self.report(d.hint("remove one of them"));
            }
        }
    }

    /// A text that is read as a type of which none of its texts can be.
    pub(crate) fn check_read(&mut self, text: &Expr, ty: &Type) {
        let found = match self.constant_value(text) {
            Some(value @ Const::Str(_)) => Type::Literals(vec![value]),
            _ => self.infer.resolve(&text.ty),
        };
        let ty = self.infer.resolve(ty);
        let Some(json) = written_as(&ty).filter(|_| found != Type::STR) else { return };
        let json = Type::Pattern(format!(r"\x{{feff}}?[ \t\r\n]*(?:{json})[ \t\r\n]*").into());
        if let Proof::No(example) = texts::included(&found, &json)
            && texts::disjoint(&found, &json) == Proof::Yes
        {
            let shown = self.w.show(&ty);
            let d = Diagnostic::error("E0249", format!("no such text is JSON of the type `{shown}`"));
            let label = match found {
                Type::Literals(members) if members.len() == 1 => "not JSON of that type".to_owned(),
                _ => format!("{example:?} is one of its texts"),
            };
            self.report(d.at(text.span, label).hint(
                "read what was written for this type: `gen` writes it where it is wanted, and `to_json(x)` spells it",
            ));
        }
    }

    /// Options that begin with another one: which of them wins is seldom what their author thinks.
    pub(crate) fn check_prefixes(&mut self, options: &[(Arc<str>, Span)], by: SelectBy) {
        let mut sorted: Vec<_> = options.iter().collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        // Options that the next one may begin with.
        let mut before: Vec<&(Arc<str>, Span)> = Vec::new();
        for option in sorted {
            let (long, second) = option;
            while before.pop_if(|(short, _)| !long.starts_with(&**short)).is_some() {}
            let shorter = before.last().copied();
            before.push(option);
            let Some((short, first)) = shorter else { continue };
            let what = match by {
                SelectBy::TokenLengthNormalized => {
                    "by their mean, the longer one wins where what it adds is likelier than what both begin with"
                }
                SelectBy::UnconditionalNormalized => {
                    "by their mean, the longer one wins where the prompt makes what it adds likelier still"
                }
                SelectBy::GreedyToken => "past its end, the shorter one goes on with the mean of its tokens",
                SelectBy::Sample => {
                    "the shorter one is never the less likely: every text of the longer one begins with it"
                }
            };
            let d = Diagnostic::warning("W0507", format!("the option {long:?} begins with the option {short:?}"));
            let d = d.at(*second, what).also(*first, "the shorter one");
            self.report(
                d.hint(format!("write what ends each: \"{short}\\n\" and \"{long}\\n\", or choose other words")),
            );
        }
    }
}

/// How JSON of a type looks from outside, as a regular expression that has all of its texts; none where nothing is known.
fn written_as(ty: &Type) -> Option<String> {
    const TEXT: &str = r#""(?s:.)*""#;
    const NUMBER: &str = r"-?[0-9][0-9.eE+-]*";
    let of = |value: &Const| match value {
        Const::Str(_) => Some(TEXT),
        Const::Int(_) | Const::Float(_) => Some(NUMBER),
        Const::Bool(true) => Some("true"),
        Const::Bool(false) => Some("false"),
        Const::None => Some("null"),
        Const::Regex(_) => None,
    };
    Some(match ty {
        Type::Str { .. } | Type::Pattern(_) | Type::Grammar(_) => TEXT.to_owned(),
        Type::Int { .. } | Type::Float { .. } => NUMBER.to_owned(),
        Type::Bool => "true|false".to_owned(),
        Type::None => "null".to_owned(),
        Type::Optional(item) => format!("null|{}", written_as(item)?),
        Type::Schema(schema) => written_as(&schema.view)?,
        Type::Literals(members) => members.iter().map(of).collect::<Option<Vec<_>>>()?.join("|"),
        Type::List { .. } | Type::Tuple(_) => r"\[(?s:.)*\]".to_owned(),
        Type::Map(_) | Type::Struct(_) | Type::OneOf(_) | Type::Record(_) => r"\{(?s:.)*\}".to_owned(),
        Type::Json => format!(r"{TEXT}|{NUMBER}|true|false|null|\[(?s:.)*\]|\{{(?s:.)*\}}"),
        _ => return None,
    })
}

/// Whether a shape may be one without texts, or with none that is short enough.
fn may_have_none(shape: &Json) -> bool {
    match shape {
        // Each was proved alone; together, and spelt as JSON, they may be too much.
        Json::Pattern(_) | Json::Grammar(_) | Json::Lark(_) | Json::Schema(_) => true,
        Json::Float { min, max } => min.is_some() && max.is_some(),
        Json::Str { min_len, .. } => *min_len >= LONG,
        Json::List { item, min, .. } => *min >= LONG || may_have_none(item),
        Json::Tuple(items) | Json::AnyOf(items) => items.iter().any(may_have_none),
        Json::Map(item) => may_have_none(item),
        Json::Object(fields) => fields.iter().any(|field| may_have_none(&field.json)),
        _ => false,
    }
}

/// The fewest characters that the expression matches.
fn least_chars(hir: &Hir) -> u64 {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => String::from_utf8_lossy(&literal.0).chars().count() as u64,
        HirKind::Class(Class::Unicode(_) | Class::Bytes(_)) => 1,
        HirKind::Repetition(repeat) => u64::from(repeat.min).saturating_mul(least_chars(&repeat.sub)),
        HirKind::Capture(capture) => least_chars(&capture.sub),
        HirKind::Concat(items) => items.iter().map(least_chars).fold(0, u64::saturating_add),
        HirKind::Alternation(items) => items.iter().map(least_chars).min().unwrap_or(0),
    }
}
