//! What all items of a program know of each other: files in, names and item heads (types of fields, parameters,
//! results) out. Bodies are checked against this.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indexmap::IndexMap;
use sgl_diag::{Diagnostic, FileId, Fix, Span};
use sgl_syntax::ast::{self, FunctionKind, HasDocs, ImportSource};

use crate::Editor;
use crate::generics::{Generic, Origin, TypeArgs};
use crate::load::{Files, LoadedFile};
use crate::notes::Notes;
use crate::program::{
    ConstId, ConstItem, FnId, Function, Local, ModelId, ModelItem, Program, Struct, StructField, StructId, Test,
};
use crate::schema::SchemaFile;
use crate::similar::nearest;
use crate::types::Type;
use crate::written::BUILTIN_TYPES;

/// What a name of a file stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item {
    Struct(StructId),
    Alias(usize),
    /// Index into [`World::const_decls`].
    Const(usize),
    Function(FnId),
    /// Index into [`World::generics`].
    Generic(usize),
    Model(ModelId),
    /// Index of a file.
    Module(usize),
    /// Something that was reported: using it is not another mistake.
    Broken,
}

/// A name of a file.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub item: Item,
    pub span: Span,
    pub imported: bool,
    /// Whether anything in the file asked for it.
    used: Cell<bool>,
}

impl Entry {
    /// What the name stands for, for something that uses it.
    pub(crate) fn read(&self) -> Item {
        self.used.set(true);
        self.item
    }
}

pub(crate) type Names = IndexMap<Arc<str>, Entry>;

pub(crate) enum AliasState {
    Waiting,
    Open,
    Done(Type),
}

pub(crate) struct Alias {
    pub file: usize,
    pub ast: ast::TypeItem,
    pub state: AliasState,
}

pub(crate) struct ConstDecl {
    pub file: usize,
    pub ast: ast::ConstItem,
    /// Its type and place in the program, once it was checked.
    pub done: Option<(ConstId, Type)>,
}

/// The head of a `fn` or `prompt`.
#[derive(Clone)]
pub(crate) struct FnHead {
    pub file: usize,
    pub ast: ast::Function,
    pub name: Arc<str>,
    pub is_prompt: bool,
    pub params: Vec<ParamHead>,
    pub ret: Type,
    pub returns_state: bool,
    pub span: Span,
    /// The type parameters that its body knows, and what they stand for.
    pub types: TypeArgs,
    /// Of which generic item it is one, and for whom.
    pub origin: Option<Origin>,
    /// Of a `tool` item: its number among the tools.
    pub tool: Option<usize>,
}

/// The head of a parameter.
#[derive(Clone)]
pub(crate) struct ParamHead {
    pub name: Arc<str>,
    pub ty: Type,
    pub default: Option<ast::Expr>,
    pub doc: String,
    pub span: Span,
}

/// Everything but the bodies, and the program as far as it is built.
pub(crate) struct World {
    pub files: Vec<LoadedFile>,
    /// The names that each file declares or imports.
    pub names: Vec<Names>,
    /// The file that each goes on from: see [`World::goes_on`].
    before: Vec<Option<usize>>,
    /// By [`StructId`]; none of those that schemas are made into.
    pub struct_asts: Vec<Option<(usize, ast::StructItem)>>,
    pub aliases: Vec<Alias>,
    pub const_decls: Vec<ConstDecl>,
    pub models: Vec<(usize, ast::ModelItem)>,
    /// Of functions, by [`FnId`]; those of generic items join them as they are asked for.
    pub heads: Vec<FnHead>,
    pub generics: Vec<Generic>,
    /// The functions of the `tool` items.
    pub tool_heads: Vec<FnId>,
    /// The functions that generic items have become, by item and types.
    pub instances: HashMap<(usize, String), Option<FnId>>,
    /// How many of them were asked for by others of them.
    pub nested: usize,
    /// Whether they turned out to have no end: that is told once, and no more of them are made.
    pub endless: bool,
    /// The type parameters of the item that is checked now.
    pub type_scope: TypeArgs,
    /// Of each `var` of a generic item that has a type parameter in its type: that type.
    pub var_types: HashMap<Span, Type>,
    /// The function of a generic item that is checked now.
    pub current: Option<FnId>,
    /// Whether the fields of all structs are known.
    pub fields_known: bool,
    /// Unions of structs written before the fields were known.
    pub unions: Vec<(Vec<StructId>, Span)>,
    pub program: Program,
    pub diagnostics: Vec<Diagnostic>,
    /// What editors want to know, where somebody asked for it.
    pub notes: Option<Notes>,
    /// Says that nobody waits for the check any more.
    given_up: Arc<AtomicBool>,
    /// Schema files, until they are types.
    pub schemas: Vec<SchemaFile>,
    /// By the numbers that [`LoadedFile::schemas`] has.
    pub schema_types: Vec<Type>,
    /// What was there before the files that are worked on now.
    begun: Begun,
}

/// How much of a world was done with before more files came: nothing, except in a session.
#[derive(Debug, Clone, Copy, Default)]
struct Begun {
    files: usize,
    aliases: usize,
    structs: usize,
    heads: usize,
    generics: usize,
}

impl World {
    /// Gives every item of every file its name and its number.
    pub(crate) fn declare(loaded: Files, editor: Option<Editor>) -> Self {
        let mut world = World::new();
        if let Some(Editor { notes, given_up }) = editor {
            (world.notes, world.given_up) = (Some(notes), given_up);
        }
        world.diagnostics = loaded.diagnostics;
        world.schemas = loaded.schemas;
        loaded.files.into_iter().for_each(|file| world.file(file));
        world
    }

    /// Whether nobody waits for it any more: bodies that are not checked then never are.
    pub(crate) fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::Relaxed)
    }

    /// Nothing is known yet.
    pub(crate) fn new() -> Self {
        World {
            files: Vec::new(),
            names: Vec::new(),
            before: Vec::new(),
            struct_asts: Vec::new(),
            aliases: Vec::new(),
            const_decls: Vec::new(),
            models: Vec::new(),
            heads: Vec::new(),
            generics: Vec::new(),
            tool_heads: Vec::new(),
            instances: HashMap::new(),
            nested: 0,
            endless: false,
            type_scope: Vec::new(),
            var_types: HashMap::new(),
            current: None,
            fields_known: false,
            unions: Vec::new(),
            program: Program::default(),
            diagnostics: Vec::new(),
            notes: None,
            given_up: Arc::default(),
            schemas: Vec::new(),
            schema_types: Vec::new(),
            begun: Begun::default(),
        }
    }

    /// More files come, which know what is there: everything up to here is done with.
    pub(crate) fn begin(&mut self) {
        // What schemas were made into has numbers among those of items.
        self.struct_asts.resize(self.program.structs.len(), None);
        self.fields_known = false;
        self.begun = Begun {
            files: self.files.len(),
            aliases: self.aliases.len(),
            structs: self.struct_asts.len(),
            heads: self.heads.len(),
            generics: self.generics.len(),
        };
    }

    /// Gives every item of a file its name and its number.
    pub(crate) fn file(&mut self, loaded: LoadedFile) {
        let file = self.files.len();
        self.names.push(Names::new());
        self.before.push(None);
        for (import, target) in &loaded.imports {
            self.import(file, import, *target);
        }
        for item in loaded.ast.items() {
            self.item(file, item);
        }
        self.files.push(loaded);
    }

    /// The last file goes on from another: it also knows what that one knows, as far as it has no name of its own for it.
    pub(crate) fn goes_on(&mut self, from: usize) {
        if let Some(before) = self.before.last_mut() {
            *before = Some(from);
        }
    }

    /// What a name stands for in a file.
    pub(crate) fn entry(&self, file: usize, name: &str) -> Option<&Entry> {
        self.line_of(file).find_map(|names| names.get(name))
    }

    /// The names that a file knows; one that is hidden comes after the one that hides it.
    pub(crate) fn known(&self, file: usize) -> impl Iterator<Item = (&Arc<str>, &Entry)> {
        self.line_of(file).flatten()
    }

    /// The names of a file, of the one that it goes on from, and so on.
    fn line_of(&self, file: usize) -> impl Iterator<Item = &Names> {
        let files = std::iter::successors(Some(file), |file| self.before.get(*file).copied().flatten());
        files.filter_map(|file| self.names.get(file))
    }

    pub(crate) fn report(&mut self, mut diagnostic: Diagnostic) {
        diagnostic.title = with_articles(&diagnostic.title);
        for label in &mut diagnostic.labels {
            label.text = with_articles(&label.text);
        }
        diagnostic.hint = diagnostic.hint.map(|hint| with_articles(&hint));
        self.diagnostics.push(diagnostic);
    }

    /// Adds to what was reported last that something else could stand there.
    pub(crate) fn instead(&mut self, at: Span, text: Option<&str>) {
        if let (Some(last), Some(text)) = (self.diagnostics.last_mut(), text) {
            last.fixes.push(Fix { title: format!("Write `{text}`"), edits: vec![(at, text.to_string())] });
        }
    }

    fn name(&mut self, file: usize, name: &ast::Name, item: Item, imported: bool) {
        if matches!(item, Item::Struct(_) | Item::Alias(_)) && BUILTIN_TYPES.contains(&name.text()) {
            let d = Diagnostic::error("E0102", format!("`{}` is a type of the language", name.text()));
            let hint = "give this one another name: a capital letter at its start is usual";
            self.report(d.at(name.span(), "declared again here").hint(hint));
            return;
        }
        let Some(names) = self.names.get_mut(file) else { return };
        if let Some(first) = names.get(name.text()) {
            let d = Diagnostic::error("E0102", format!("`{}` stands for two things in this file", name.text()))
                .at(name.span(), "again here")
                .also(first.span, "first here")
                .hint("rename one of them; an import takes another name with `as`");
            self.report(d);
            return;
        }
        names.insert(name.text().into(), Entry { item, span: name.span(), imported, used: Cell::new(false) });
    }

    fn item(&mut self, file: usize, item: ast::Item) {
        match item {
            ast::Item::Import(_) | ast::Item::Test(_) => {}
            ast::Item::Type(ast) => {
                self.takes_no_types("`type`", ast.type_params(), "write one for each type that it is needed for");
                if let Some(name) = ast.name() {
                    self.name(file, &name, Item::Alias(self.aliases.len()), false);
                }
                self.aliases.push(Alias { file, ast, state: AliasState::Waiting });
            }
            ast::Item::Struct(ast) => {
                self.takes_no_types(
                    "`struct`",
                    ast.type_params(),
                    "only `fn` and `prompt` have them: write a struct for each type",
                );
                let id = StructId(self.program.structs.len() as u32);
                let (text, span) = ast.name().map_or(("_".into(), ast.span()), |n| (n.text().into(), n.span()));
                if let Some(name) = ast.name() {
                    self.name(file, &name, Item::Struct(id), false);
                }
                let doc = ast.docs().unwrap_or_default();
                self.program.structs.push(Struct { name: text, doc, fields: Vec::new(), open: false, span });
                self.struct_asts.push(Some((file, ast)));
            }
            ast::Item::Const(ast) => {
                if let Some(name) = ast.name() {
                    self.name(file, &name, Item::Const(self.const_decls.len()), false);
                }
                self.const_decls.push(ConstDecl { file, ast, done: None });
            }
            ast::Item::Function(ast) => {
                let is_tool = ast.kind() == FunctionKind::Tool;
                let is_generic = !is_tool && ast.type_params().next().is_some();
                if is_tool {
                    self.takes_no_types("`tool`", ast.type_params(), "write the types that its parameters have");
                }
                let item = match is_generic {
                    true => Item::Generic(self.generics.len()),
                    false => Item::Function(FnId(self.heads.len() as u32)),
                };
                let (text, span) = ast.name().map_or(("_".into(), ast.span()), |n| (n.text().into(), n.span()));
                if let Some(name) = ast.name() {
                    self.name(file, &name, item, false);
                }
                let head = FnHead {
                    file,
                    is_prompt: ast.kind() == FunctionKind::Prompt,
                    ast,
                    name: text,
                    params: Vec::new(),
                    ret: Type::None,
                    returns_state: false,
                    span,
                    types: Vec::new(),
                    origin: None,
                    tool: is_tool.then_some(self.tool_heads.len()),
                };
                if is_tool {
                    self.tool_heads.push(FnId(self.heads.len() as u32));
                }
                match is_generic {
                    true => self.generics.push(Generic { head, broken: false }),
                    false => self.heads.push(head),
                }
            }
            ast::Item::Model(ast) => {
                let id = ModelId(self.models.len() as u32);
                if let Some(name) = ast.name() {
                    self.name(file, &name, Item::Model(id), false);
                }
                self.models.push((file, ast));
            }
        }
    }

    /// Reports the type parameters of an item that has none.
    fn takes_no_types(&mut self, what: &str, mut params: impl Iterator<Item = ast::TypeParam>, hint: &str) {
        if let Some(param) = params.next() {
            let d = Diagnostic::error("E0113", format!("a {what} cannot have type parameters"));
            self.report(d.at(param.span(), "stands for no type here").hint(hint));
        }
    }

    fn import(&mut self, file: usize, import: &ast::Import, target: Option<usize>) {
        let item = target.map_or(Item::Broken, Item::Module);
        if let Some(ImportSource::File(path) | ImportSource::Mcp(path)) = import.source() {
            self.note_item(path.span(), item);
        }
        if let Some(names) = import.names() {
            for imported in names {
                let Some(name) = imported.name() else { continue };
                let item = target.map_or(Item::Broken, |target| self.exported(target, &name));
                if let Some(alias) = imported.alias() {
                    self.note_item(alias.span(), item);
                }
                self.name(file, &imported.alias().unwrap_or(name), item, true);
            }
            if let Some(alias) = import.alias() {
                self.note_item(alias.span(), item);
                self.name(file, &alias, item, true);
            }
        } else if let Some(alias) = import.alias() {
            self.note_item(alias.span(), item);
            self.name(file, &alias, item, true);
        } else if let Some(ImportSource::Module(path)) = import.source() {
            if let Some(last) = path.last() {
                self.note_item(last.span(), item);
                self.name(file, last, item, true);
            }
        } else if matches!(import.source(), Some(ImportSource::File(_))) {
            let d = Diagnostic::error("E0105", "this import brings no name into the file")
                .at(import.span(), "no `as` and no `.{…}`")
                .hint("name the module (`as util`) or what you need of it (`.{parse, render}`)");
            self.report(d);
        }
    }

    /// What a name means in another file that uses it.
    pub(crate) fn exported(&mut self, module: usize, name: &ast::Name) -> Item {
        let Some(names) = self.names.get(module) else { return Item::Broken };
        let text = name.text();
        match names.get(text) {
            Some(entry) if !entry.imported && text.starts_with('_') => {
                let d = Diagnostic::error("E0106", format!("`{text}` is private to its file"))
                    .at(name.span(), "used from outside")
                    .also(entry.span, "declared here")
                    .hint("a name that begins with `_` cannot be imported; rename it to share it");
                self.report(d);
                Item::Broken
            }
            Some(entry) if !entry.imported => {
                let item = entry.item;
                self.note_item(name.span(), item);
                item
            }
            _ => {
                let own = names.iter().filter(|(name, entry)| !entry.imported && !name.starts_with('_'));
                let own: Vec<&str> = own.map(|(name, _)| &**name).collect();
                let near = nearest(text, own.iter().copied()).map(str::to_string);
                let hint = match &near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if own.is_empty() => "the module has nothing to import".to_string(),
                    None => format!("the module has: {}", own.join(", ")),
                };
                let d = Diagnostic::error("E0105", format!("the module has no `{text}`"));
                self.report(d.at(name.span(), "not found there").hint(hint));
                self.instead(name.span(), near.as_deref());
                Item::Broken
            }
        }
    }

    /// Whether a struct was made of a schema: the program may have no name for it.
    pub(crate) fn is_of_schema(&self, id: StructId) -> bool {
        self.struct_asts.get(id.0 as usize).is_none_or(Option::is_none)
    }

    /// Finds the types of fields, parameters and results.
    pub(crate) fn resolve_heads(&mut self) {
        self.import_schemas();
        for alias in self.begun.aliases..self.aliases.len() {
            self.alias(alias, 0);
        }
        for index in self.begun.structs..self.struct_asts.len() {
            let Some((file, ast)) = self.struct_asts.get(index).cloned().flatten() else { continue };
            self.type_scope = misplaced(ast.type_params());
            let fields = self.fields(file, &ast);
            self.type_scope.clear();
            if let Some(item) = self.program.structs.get_mut(index) {
                item.fields = fields;
            }
        }
        self.fields_known = true;
        for (ids, span) in std::mem::take(&mut self.unions) {
            self.check_union(&ids, span);
        }
        self.check_finite();
        for index in self.begun.heads..self.heads.len() {
            let Some(mut head) = self.heads.get(index).cloned() else { continue };
            if head.tool.is_some() {
                head.types = misplaced(head.ast.type_params());
                self.type_scope.clone_from(&head.types);
            }
            let head = self.resolved(head);
            self.type_scope.clear();
            if let Some(slot) = self.heads.get_mut(index) {
                *slot = head;
            }
        }
        self.describe_tools();
        for index in self.begun.generics..self.generics.len() {
            let Some(mut head) = self.generics.get(index).map(|generic| generic.head.clone()) else { continue };
            head.types = self.type_params(head.file, &head.ast);
            self.type_scope.clone_from(&head.types);
            let head = self.resolved(head);
            self.type_scope.clear();
            if let Some(generic) = self.generics.get_mut(index) {
                generic.head = head;
            }
        }
    }

    /// The head with the types that are written in it.
    fn resolved(&mut self, mut head: FnHead) -> FnHead {
        head.params = self.params(head.file, &head.ast);
        let written = head.ast.ret();
        head.returns_state = head.is_prompt && written.is_none();
        head.ret = match written {
            Some(ty) => self.ty(head.file, &ty),
            None if head.is_prompt => Type::Prompt,
            None => Type::None,
        };
        head
    }

    fn declared(&mut self, file: usize, ty: Option<ast::Type>, optional: bool) -> Type {
        let ty = ty.map_or(Type::Error, |ty| self.ty(file, &ty));
        if optional { Type::optional(ty) } else { ty }
    }

    fn fields(&mut self, file: usize, ast: &ast::StructItem) -> Vec<StructField> {
        let mut fields: IndexMap<Arc<str>, StructField> = IndexMap::new();
        for field in ast.fields() {
            let Some(name) = field.name() else { continue };
            let ty = self.declared(file, field.ty(), field.is_meant_optional());
            if let Some(default) = field.default() {
                let d = Diagnostic::error("E0223", "a field has no default value")
                    .at(default.span(), "this value")
                    .hint("make the field optional (`T?`) and write `value.field ?? default` where it is read");
                self.report(d);
            }
            if let Some(first) = fields.get(name.text()) {
                let d = Diagnostic::error("E0102", format!("two fields are called `{}`", name.text()))
                    .at(name.span(), "again here")
                    .also(first.span, "first here");
                self.report(d.hint("rename one of them"));
                continue;
            }
            let doc = field.docs().unwrap_or_default();
            let text: Arc<str> = name.text().into();
            fields.insert(text.clone(), StructField { name: text, ty, doc, always: false, span: name.span() });
        }
        fields.into_values().collect()
    }

    fn params(&mut self, file: usize, ast: &ast::Function) -> Vec<ParamHead> {
        let mut params: IndexMap<Arc<str>, ParamHead> = IndexMap::new();
        let mut optional: Option<Span> = None;
        for param in ast.params() {
            let Some(name) = param.name() else { continue };
            let ty = self.declared(file, param.ty(), param.is_meant_optional());
            let (text, span): (Arc<str>, Span) = (name.text().into(), name.span());
            let default = param.default();
            match (&default, optional) {
                (Some(_), None) => optional = Some(span),
                (None, Some(before)) => {
                    let d =
                        Diagnostic::error("E0206", format!("`{text}` has no default but stands after one that has"))
                            .at(span, "this parameter")
                            .also(before, "this one may be left out");
                    self.report(d.hint("put the parameters with defaults last"));
                }
                _ => {}
            }
            let doc = param.docs().unwrap_or_default();
            let head = ParamHead { name: text.clone(), ty, default, doc, span };
            if let Some(first) = params.get(&text) {
                let d = Diagnostic::error("E0102", format!("two parameters are called `{text}`"))
                    .at(span, "again here")
                    .also(first.span, "first here");
                self.report(d.hint("rename one of them"));
                continue;
            }
            params.insert(text, head);
        }
        params.into_values().collect()
    }

    /// The item called `main` of the root file.
    pub(crate) fn main(&self) -> Option<FnId> {
        match self.names.last()?.get("main")?.item {
            Item::Function(id) => Some(id),
            _ => None,
        }
    }

    /// Warns of imports and private items that nothing asks for. A file with mistakes may ask for more than was found.
    pub(crate) fn warn_unused_names(&mut self) {
        if self.diagnostics.iter().any(Diagnostic::is_error) {
            return;
        }
        let mut found = Vec::new();
        for (name, entry) in self.names.iter().flatten().filter(|(_, entry)| !entry.used.get()) {
            let d = match entry.imported {
                true => Diagnostic::warning("W0510", format!("`{name}` is imported and not used"))
                    .at(entry.span, "nothing here needs it")
                    .hint("remove it from the import"),
                false if name.starts_with('_') => Diagnostic::warning("W0511", format!("`{name}` is not used"))
                    .at(entry.span, "private, and nothing here needs it")
                    .hint("remove it, or take the `_` from its name so that others can import it"),
                false => continue,
            };
            found.push(d);
        }
        self.diagnostics.extend(found);
    }

    /// A command line gives texts and a batch gives JSON: other parameters cannot be given.
    fn check_main(&mut self) {
        self.program.main = self.main();
        self.check_main_is_plain();
        let head = self.program.main.and_then(|id| self.heads.get(id.0 as usize));
        let params: Vec<ParamHead> = head.map(|head| head.params.clone()).unwrap_or_default();
        for param in params {
            let is_picture = param.ty == Type::Image || param.ty == Type::optional(Type::Image);
            if !is_picture && !self.is_data(&param.ty) {
                let ty = param.ty.show(&self.program.structs).to_string();
                let d = Diagnostic::error("E0227", format!("a command line cannot give `{}`", param.name))
                    .at(param.span, format!("this is a `{ty}`"))
                    .hint("parameters of `main` are texts, numbers, truth values, lists, maps, structs and pictures");
                self.report(d);
            }
        }
    }

    /// Whether a value of the type is plain data: it has a text, and JSON that says all of it.
    pub(crate) fn is_data(&self, ty: &Type) -> bool {
        let mut seen = std::collections::HashSet::new();
        let mut todo = vec![ty.clone()];
        while let Some(ty) = todo.pop() {
            match ty {
                Type::Regex | Type::Image | Type::Prompt | Type::Tool | Type::Call => return false,
                Type::Fn(..) | Type::Model => return false,
                Type::Optional(item) | Type::List { item, .. } | Type::Map(item) => todo.push(*item),
                Type::Tuple(items) => todo.extend(items),
                Type::Record(fields) => todo.extend(fields.into_iter().map(|(_, ty)| ty)),
                Type::Struct(id) if seen.insert(id) => {
                    let fields = self.program.structs.get(id.0 as usize).map(|item| item.fields.as_slice());
                    todo.extend(fields.unwrap_or_default().iter().map(|field| field.ty.clone()));
                }
                Type::OneOf(ids) => todo.extend(ids.into_iter().map(Type::Struct)),
                _ => {}
            }
        }
        true
    }

    pub(crate) fn struct_item(&self, id: StructId) -> Option<&Struct> {
        self.program.structs.get(id.0 as usize)
    }

    /// The type as people write it.
    pub(crate) fn show(&self, ty: &Type) -> String {
        ty.show(&self.program.structs).to_string()
    }

    /// The constant items and the model items, checked: constants in the order of the files, each seeing those before.
    pub(crate) fn check_constants(&mut self) {
        for index in self.program.consts.len()..self.const_decls.len() {
            let Some((file, ast)) = self.const_decls.get(index).map(|decl| (decl.file, decl.ast.clone())) else {
                continue;
            };
            let written = ast.ty().map(|ty| self.ty(file, &ty));
            let (body, locals) = crate::body::constant(self, file, ast.value(), written.as_ref());
            let (name, span) = ast.name().map_or(("_".into(), ast.span()), |n| (n.text().into(), n.span()));
            let ty = written.unwrap_or_else(|| body.ty.clone());
            let id = ConstId(self.program.consts.len() as u32);
            if let Some(decl) = self.const_decls.get_mut(index) {
                decl.done = Some((id, ty.clone()));
            }
            self.program.consts.push(ConstItem { name, ty, body, locals, span });
        }
        for (file, ast) in self.models.iter().skip(self.program.models.len()).cloned().collect::<Vec<_>>() {
            let (name, span) = ast.name().map_or(("_".into(), ast.span()), |n| (n.text().into(), n.span()));
            let (source, defaults) = crate::body::model(self, file, &ast);
            self.program.models.push(ModelItem { name, source, defaults, span });
        }
    }

    /// The bodies of all functions, and of tests. The tests of the first file belong to the program.
    pub(crate) fn check_bodies(&mut self) {
        self.check_generics(self.begun.generics);
        self.check_functions();
        let root = self.files.len().saturating_sub(1);
        let tests = self.tests_of_root();
        let body = self.files.get(root).and_then(|file| file.ast.body());
        let snippet = body.map(|body| crate::body::snippet(self, root, &body));
        // What has no name of its own comes last: until then the numbers of functions are those of heads.
        self.check_functions();
        for (name, function) in tests {
            let span = function.span;
            let id = self.last(function);
            self.program.tests.push(Test { name, function: id, span });
        }
        self.check_test_names();
        match snippet {
            Some(snippet) => self.program.main = Some(self.last(snippet)),
            None => self.check_main(),
        }
    }

    /// Checks the tests of all files; those of the last one are given back.
    fn tests_of_root(&mut self) -> Vec<(Arc<str>, Function)> {
        let tests: Vec<_> = self
            .files
            .iter()
            .enumerate()
            .skip(self.begun.files)
            .flat_map(|(file, loaded)| {
                loaded.ast.items().filter_map(move |item| match item {
                    ast::Item::Test(test) => Some((file, test)),
                    _ => None,
                })
            })
            .collect();
        let root = self.files.len().saturating_sub(1);
        let tests = tests.into_iter().filter_map(|(file, test)| {
            let checked = crate::body::test(self, file, &test)?;
            (file == root).then_some(checked)
        });
        tests.collect()
    }

    /// The bodies of the last file's functions and of what it imports, and its statements, which know the variables `before`.
    /// The statements are not among the program's functions, so that the numbers of these stay what they are.
    pub(crate) fn check_entry(&mut self, before: &[Local]) -> crate::body::EntryBody {
        self.check_generics(self.begun.generics);
        self.check_functions();
        // They are checked, and run where the program is saved.
        self.tests_of_root();
        let root = self.files.len().saturating_sub(1);
        let ast = self.files.get(root).map(|file| file.ast.clone());
        let (span, body) = match ast {
            Some(ast) => (ast.span(), ast.body()),
            None => (Span::new(FileId(0), 0, 0), None),
        };
        let entry = crate::body::entry(self, root, body.as_ref(), before, span);
        self.check_functions();
        entry
    }

    /// Puts a function behind all others.
    pub(crate) fn last(&mut self, function: Function) -> FnId {
        self.program.functions.push(function);
        FnId(self.program.functions.len() as u32 - 1)
    }
}

impl World {
    /// A failure names its test, and `--filter` picks by name: two of one name would be one.
    fn check_test_names(&mut self) {
        let mut first: HashMap<Arc<str>, Span> = HashMap::new();
        for test in self.program.tests.clone() {
            if let Some(before) = first.get(&test.name) {
                let d = Diagnostic::error("E0102", format!("two tests are called {:?}", test.name))
                    .at(test.span, "again here")
                    .also(*before, "first here");
                self.report(d.hint("rename one of them"));
            } else {
                first.insert(test.name, test.span);
            }
        }
    }
}

/// Type parameters where none may be. That was reported, and their uses are no further mistakes.
pub(crate) fn misplaced(params: impl Iterator<Item = ast::TypeParam>) -> TypeArgs {
    params.filter_map(|param| param.name()).map(|name| (name.text().into(), Type::Error)).collect()
}

/// "a `int`" as it is said: "an `int`".
fn with_articles(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    let mut rest = text;
    while let Some(at) = rest.find("a `") {
        let (before, after) = rest.split_at(at + 1);
        out.push_str(before);
        let is_word = !before.trim_end_matches('a').ends_with(char::is_alphanumeric) && !before.ends_with("aa");
        if is_word && after.trim_start_matches([' ', '`']).starts_with(['a', 'e', 'i', 'o', 'A', 'E', 'I', 'O']) {
            out.push('n');
        }
        rest = after;
    }
    out.push_str(rest);
    out
}
