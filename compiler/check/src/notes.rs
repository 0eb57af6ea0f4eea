//! What checking learns of the places of a program, kept for editors: types of expressions and variables, and what names
//! stand for. They are there whether or not the program has errors.
//!
//! A declaration is known by the place of its name, so notes need no program to be read.

use std::collections::HashMap;

use sgl_diag::{FileId, Span};

use crate::builtins::Builtin;
use crate::program::{GenArg, Struct};
use crate::types::Type;
use crate::world::{AliasState, Item, World};

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// What is declared by the name that stands there: an item, a field, a parameter or a variable.
    At(Span),
    /// A module: its file.
    Module(FileId),
    /// A function, method or constant of the library.
    Builtin(Builtin),
    /// An argument of `gen`, `select` or a model item.
    Argument(GenArg),
}

/// What checking learned.
#[derive(Debug, Clone, Default)]
pub struct Notes {
    /// The structs of the program: types refer to them.
    pub structs: Vec<Struct>,
    /// Types of expressions by their places, of variables and parameters by the places of their names, and types that are written by
    /// theirs. Of a generic item they are those of the item as such.
    types: HashMap<Span, Type>,
    /// By place.
    names: Vec<(Span, Target)>,
}

impl Notes {
    /// The type of the expression that stands exactly there, of the variable that is declared there, or that is written there.
    pub fn type_at(&self, span: Span) -> Option<&Type> {
        self.types.get(&span).filter(|ty| **ty != Type::Error)
    }

    /// What the name stands for that stands exactly there. In `Point { x }` and in a pattern like it, `x` stands for two things.
    pub fn targets_at(&self, span: Span) -> impl Iterator<Item = Target> + '_ {
        let start = self.names.partition_point(|(at, _)| *at < span);
        self.names.iter().skip(start).take_while(move |(at, _)| *at == span).map(|(_, target)| *target)
    }

    /// Every name with what it stands for, by place. Names where something is declared are not among them.
    pub fn names(&self) -> impl Iterator<Item = (Span, Target)> + '_ {
        self.names.iter().copied()
    }

    /// The type as people write it.
    pub fn show(&self, ty: &Type) -> String {
        ty.show(&self.structs).to_string()
    }

    pub(crate) fn add_type(&mut self, span: Span, ty: Type) {
        self.types.insert(span, ty);
    }

    pub(crate) fn finish(&mut self, structs: &[Struct]) {
        self.structs = structs.to_vec();
        self.names.sort_unstable();
        self.names.dedup();
    }
}

impl World {
    /// Notes what the name there stands for.
    pub(crate) fn note(&mut self, at: Span, target: Target) {
        if let Some(notes) = &mut self.notes {
            notes.names.push((at, target));
        }
    }

    /// Notes that the name there stands for an item.
    pub(crate) fn note_item(&mut self, at: Span, item: Item) {
        if self.notes.is_some()
            && let Some(target) = self.target(item)
        {
            self.note(at, target);
        }
    }

    /// Notes the types that stand in heads: of fields, parameters, constants and what `type` names.
    pub(crate) fn note_heads(&mut self) {
        let Some(mut notes) = self.notes.take() else { return };
        let fields = self.program.structs.iter().flat_map(|item| &item.fields).map(|field| (field.span, &field.ty));
        let generic = self.generics.iter().map(|generic| &generic.head);
        let params =
            self.heads.iter().filter(|head| head.origin.is_none()).chain(generic).flat_map(|head| &head.params);
        let params = params.map(|param| (param.span, &param.ty));
        let consts = self.program.consts.iter().map(|item| (item.span, &item.ty));
        let aliases = self.aliases.iter().filter_map(|alias| match &alias.state {
            AliasState::Done(ty) => Some((alias.ast.name()?.span(), ty)),
            _ => None,
        });
        for (span, ty) in fields.chain(params).chain(consts).chain(aliases) {
            notes.types.insert(span, ty.clone());
        }
        self.notes = Some(notes);
    }

    /// Where an item is declared.
    fn target(&self, item: Item) -> Option<Target> {
        let name = |name: Option<sgl_syntax::ast::Name>| name.map(|name| name.span());
        let at = match item {
            Item::Struct(id) => self.struct_item(id).map(|item| item.span),
            Item::Alias(at) => name(self.aliases.get(at)?.ast.name()),
            Item::Const(at) => name(self.const_decls.get(at)?.ast.name()),
            Item::Function(id) => self.heads.get(id.0 as usize).map(|head| head.span),
            Item::Generic(at) => self.generics.get(at).map(|generic| generic.head.span),
            Item::Model(id) => name(self.models.get(id.0 as usize)?.1.name()),
            Item::Module(at) => return self.files.get(at).map(|file| Target::Module(file.ast.span().file)),
            Item::Broken => None,
        };
        at.map(Target::At)
    }
}
