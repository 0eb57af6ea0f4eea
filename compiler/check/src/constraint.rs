//! A type to generate -> the constraint that its texts obey.
//!
//! Text types are written as they are; every other type is written as JSON. A struct becomes a named definition of the
//! schema, so recursive structs are finite here.

use std::sync::Arc;

use sgl_wire::{Constraint, Field, Json, Literal, Schema};

use crate::program::{Struct, StructId};
use crate::types::{Const, Type};

/// The constraint of `gen<ty>`; `Err` is the part of the type that no model can write.
pub fn constraint(ty: &Type, structs: &[Struct]) -> Result<Constraint, Type> {
    match ty {
        Type::Str { min_len, max_len } => Ok(Constraint::Text { min_len: *min_len, max_len: *max_len }),
        Type::Pattern(pattern) => Ok(Constraint::Regex(pattern.clone())),
        Type::Grammar(grammar) => Ok(grammar.constraint()),
        Type::Schema(schema) => Ok(schema.constraint()),
        Type::Literals(members) => match members.iter().map(text_of).collect::<Option<Vec<_>>>() {
            Some(texts) => Ok(Constraint::Choice(texts)),
            None => json(ty, structs),
        },
        _ => json(ty, structs),
    }
}

/// A member that can be written without quotes and leaves something to write.
fn text_of(member: &Const) -> Option<Arc<str>> {
    match member {
        Const::Str(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

fn json(ty: &Type, structs: &[Struct]) -> Result<Constraint, Type> {
    let mut builder = Builder { structs, defs: Vec::new(), refs: Vec::new() };
    let root = builder.shape(ty)?;
    // Bodies are built one by one, not inside each other: a chain of structs of any length needs no deep stack.
    let mut done = 0;
    while let Some(id) = builder.refs.get(done).copied() {
        let body = builder.body(id)?;
        builder.defs.push(body);
        done += 1;
    }
    Ok(Constraint::Json(Arc::new(Schema { root, defs: builder.defs })))
}

struct Builder<'a> {
    structs: &'a [Struct],
    defs: Vec<(Arc<str>, Json)>,
    /// The struct of each definition.
    refs: Vec<StructId>,
}

impl Builder<'_> {
    fn reference(&mut self, id: StructId) -> Json {
        let at = self.refs.iter().position(|other| *other == id).unwrap_or_else(|| {
            self.refs.push(id);
            self.refs.len() - 1
        });
        Json::Ref(at)
    }

    fn body(&mut self, id: StructId) -> Result<(Arc<str>, Json), Type> {
        let Some(item) = self.structs.get(id.0 as usize) else { return Err(Type::Struct(id)) };
        let fields = item.fields.iter().map(|field| self.field(field.name.clone(), &field.ty, field.always));
        let fields = fields.collect::<Result<_, _>>()?;
        Ok((item.name.clone(), Json::Object(fields)))
    }

    fn field(&mut self, name: Arc<str>, ty: &Type, always: bool) -> Result<Field, Type> {
        match ty {
            Type::Optional(item) if !always => Ok(Field { name, json: self.shape(item)?, optional: true }),
            ty => Ok(Field { name, json: self.shape(ty)?, optional: false }),
        }
    }

    fn shape(&mut self, ty: &Type) -> Result<Json, Type> {
        Ok(match ty {
            Type::Str { min_len, max_len } => Json::Str { min_len: *min_len, max_len: *max_len },
            Type::Pattern(pattern) => Json::Pattern(pattern.clone()),
            Type::Grammar(grammar) if grammar.lark => Json::Lark(grammar.text.clone()),
            Type::Grammar(grammar) => Json::Grammar(grammar.text.clone()),
            Type::Schema(schema) => Json::Schema(schema.text.clone()),
            Type::Int { min, max } => Json::Int { min: *min, max: *max },
            Type::Float { min, max } => Json::Float { min: *min, max: *max },
            Type::Bool => Json::Bool,
            Type::Literals(members) => {
                Json::Literals(members.iter().map(|m| literal(m).ok_or_else(|| ty.clone())).collect::<Result<_, _>>()?)
            }
            Type::None => Json::Null,
            Type::Optional(item) => Json::AnyOf(vec![self.shape(item)?, Json::Null]),
            Type::List { item, min, max } => Json::List { item: Box::new(self.shape(item)?), min: *min, max: *max },
            Type::Tuple(items) => Json::Tuple(items.iter().map(|item| self.shape(item)).collect::<Result<_, _>>()?),
            Type::Map(item) => Json::Map(Box::new(self.shape(item)?)),
            Type::Struct(id) => self.reference(*id),
            Type::OneOf(ids) => Json::AnyOf(ids.iter().map(|id| self.reference(*id)).collect()),
            Type::Record(fields) => {
                let fields = fields.iter().map(|(name, ty)| self.field(name.clone(), ty, false));
                Json::Object(fields.collect::<Result<_, _>>()?)
            }
            // A type parameter is checked here, not written: its constraint is made where it stands for a type.
            Type::Json | Type::Param(_) => Json::Any,
            Type::Regex | Type::Image | Type::Prompt | Type::Tool | Type::Call | Type::Fn(..) | Type::Model => {
                return Err(ty.clone());
            }
            Type::Never | Type::Error | Type::Var(_) => return Err(ty.clone()),
        })
    }
}

fn literal(member: &Const) -> Option<Literal> {
    match member {
        Const::None => Some(Literal::Null),
        Const::Bool(value) => Some(Literal::Bool(*value)),
        Const::Int(value) => Some(Literal::Int(*value)),
        Const::Float(value) => Some(Literal::Float(*value)),
        Const::Str(text) => Some(Literal::Str(text.clone())),
        Const::Regex(_) => None,
    }
}
