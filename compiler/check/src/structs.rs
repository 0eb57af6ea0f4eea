//! Values of structs: a struct's name, or a schema's struct that is wanted, and the fields as written in; the checked value out.

use std::sync::Arc;

use indexmap::IndexMap;
use sgl_diag::{Diagnostic, Span};
use sgl_syntax::ast;

use crate::body::Body;
use crate::notes::Target;
use crate::program::{Expr, ExprKind, StructId};
use crate::similar::nearest;
use crate::types::{Const, Type};
use crate::world::Item;

/// A field as written: after its name, or after a text, where its name is no identifier.
pub(crate) struct Field {
    name: String,
    at: Span,
    value: FieldValue,
}

enum FieldValue {
    Record(ast::RecordField, ast::Name),
    Entry(ast::Expr),
}

impl Field {
    /// `name: value`
    pub fn named(field: ast::RecordField) -> Option<Field> {
        let name = field.name()?;
        Some(Field { name: name.text().to_string(), at: name.span(), value: FieldValue::Record(field, name) })
    }

    /// `"first-name": value`. A text with holes is no field's name: it is then unknown as it stands.
    pub fn keyed(entry: ast::MapEntry) -> Option<Field> {
        let (key, value) = (entry.key()?, entry.value()?);
        let name = key.text().unwrap_or_else(|| "{…}".into());
        Some(Field { name, at: key.span(), value: FieldValue::Entry(value) })
    }
}

impl Body<'_> {
    pub(crate) fn struct_literal(&mut self, literal: &ast::StructLit) -> Expr {
        let span = literal.span();
        match self.struct_at(&literal.path(), span) {
            Some(id) => self.struct_of(id, literal.fields().filter_map(Field::named), span),
            None => {
                for field in literal.fields() {
                    if let Some(name) = field.name() {
                        self.field_value(&field, &name, None);
                    }
                }
                self.broken(span)
            }
        }
    }

    /// The struct of a schema that is wanted, if one is: the program may have no name for it, so braces without one build it.
    pub(crate) fn wanted_of_schema(&self, want: Option<&Type>) -> Option<StructId> {
        let want = match self.infer.shallow(want?) {
            Type::Optional(item) => self.infer.shallow(&item),
            other => other,
        };
        match want {
            Type::Struct(id) if self.w.is_of_schema(id) => Some(id),
            _ => None,
        }
    }

    /// A value of a struct with these fields.
    pub(crate) fn struct_of(&mut self, id: StructId, fields: impl Iterator<Item = Field>, span: Span) -> Expr {
        let Some(item) = self.w.struct_item(id).cloned() else { return self.broken(span) };
        let mut given: IndexMap<Arc<str>, (Expr, Span)> = IndexMap::new();
        let mut unknown = false;
        for field in fields {
            let (name, at) = (field.name.clone(), field.at);
            let known = item.fields.iter().find(|known| *known.name == *name);
            if let Some(known) = known {
                self.w.note(at, Target::At(known.span));
            }
            let want = known.map(|known| &known.ty);
            let value = match field.value {
                FieldValue::Record(field, name) => self.field_value(&field, &name, want),
                FieldValue::Entry(value) => self.expr(&value, want),
            };
            if known.is_none() {
                unknown = true;
                self.unknown_field(&item.name, item.fields.iter().map(|f| &*f.name), &name, at);
            } else if let Some((_, first)) = given.get(&*name) {
                let d = Diagnostic::error("E0208", format!("the field `{name}` is given twice"));
                self.report(d.at(at, "again here").also(*first, "first here").hint("remove one of them"));
            } else {
                given.insert(name.into(), (value, at));
            }
        }
        let required = item.fields.iter().filter(|f| !matches!(f.ty, Type::Optional(_) | Type::Error | Type::Json));
        let missing: Vec<_> =
            required.filter(|f| !given.contains_key(&f.name)).map(|f| format!("`{}`", f.name)).collect();
        if !missing.is_empty() && !unknown {
            let title = format!("this `{}` lacks {}", item.name, missing.join(", "));
            let d =
                Diagnostic::error("E0209", title).at(span, "not all fields are given").also(item.span, "declared here");
            self.report(d.hint("only optional fields (`T?`) may be left out"));
        }
        let fields = item.fields.iter().map(|field| {
            let value = given.swap_remove(&field.name).map(|(value, _)| value);
            let none = Expr { kind: ExprKind::Const(Const::None), ty: Type::None, span };
            (field.name.clone(), value.unwrap_or(none))
        });
        let kind = ExprKind::Record(Some(id), fields.collect());
        Expr { kind, ty: Type::Struct(id), span }
    }

    pub(crate) fn unknown_field<'n>(&mut self, of: &str, known: impl Iterator<Item = &'n str>, name: &str, at: Span) {
        let known: Vec<&str> = known.collect();
        let near = nearest(name, known.iter().copied());
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "it has no fields".to_string(),
            None => format!("its fields are: {}", known.join(", ")),
        };
        let d = Diagnostic::error("E0204", format!("`{of}` has no field `{name}`"));
        self.report(d.at(at, "not one of its fields").hint(hint));
        self.w.instead(at, near);
    }

    /// The struct that a path names.
    pub(crate) fn struct_at(&mut self, path: &[ast::Name], span: Span) -> Option<StructId> {
        let item = self.w.path(self.file, path, true)?;
        let ty = match item {
            Item::Struct(id) => Type::Struct(id),
            Item::Alias(index) => self.w.alias(index, 0),
            Item::Broken => return None,
            _ => Type::None,
        };
        match ty.view() {
            Type::Struct(id) => Some(*id),
            Type::Error => None,
            _ => {
                let name = path.last().map(|name| name.text().to_string()).unwrap_or_default();
                self.error(
                    "E0110",
                    format!("`{name}` is not a struct"),
                    span,
                    "a struct is wanted here",
                    "name one of its structs",
                );
                None
            }
        }
    }
}
