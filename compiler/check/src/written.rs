//! Types as written in, checked types out.

use std::sync::Arc;

use regex_automata::nfa::thompson;
use sgl_constrain::ConstrainError;
use sgl_diag::{Diagnostic, Span};
use sgl_syntax::ast::{self, AstNode, Flavor, LiteralValue, TypeLiteral};
use sgl_wire::Constraint;

use crate::program::{Struct, StructId};
use crate::similar::nearest;
use crate::types::{Const, Type, is_small};
use crate::world::{AliasState, Item, World, misplaced};

/// Aliases may stand for each other this deep.
const MAX_ALIAS_DEPTH: u32 = 64;

/// Bytes that the automaton of a regular expression may take: that is what searching in a text, and a `stop`, work with.
const MOST_BYTES: usize = 8 << 20;

const TOO_LARGE: &str = "this regular expression is too large";
const SMALLER: &str =
    "make its counts smaller: `\\w{200}` is 200 copies of a class of many characters, `[a-z]` a class of few";

/// The types that have a name of their own.
pub const BUILTIN_TYPES: &[&str] = &[
    "str", "int", "float", "bool", "list", "map", "json", "image", "prompt", "tool", "call", "regex", "schema",
    "grammar",
];

impl World {
    /// The type that stands there; what is wrong with it is reported and reads as [`Type::Error`].
    pub(crate) fn ty(&mut self, file: usize, ast: &ast::Type) -> Type {
        self.ty_at(file, ast, 0)
    }

    fn ty_at(&mut self, file: usize, ast: &ast::Type, depth: u32) -> Type {
        let ty = self.ty_here(file, ast, depth);
        if let Some(notes) = &mut self.notes {
            notes.add_type(ast.span(), ty.clone());
        }
        ty
    }

    fn ty_here(&mut self, file: usize, ast: &ast::Type, depth: u32) -> Type {
        match ast {
            ast::Type::Union(union) => self.union(file, union, depth),
            ast::Type::Optional(optional) => match optional.inner() {
                Some(inner) => Type::optional(self.ty_at(file, &inner, depth)),
                None => Type::Error,
            },
            ast::Type::Fn(function) => {
                let params = function.params().map(|param| self.ty_at(file, &param, depth)).collect();
                let ret = function.ret().map_or(Type::None, |ret| self.ty_at(file, &ret, depth));
                Type::Fn(params, Box::new(ret))
            }
            ast::Type::Tuple(tuple) => match tuple.in_parens() {
                Some(inner) => self.ty_at(file, &inner, depth),
                None => Type::Tuple(tuple.types().map(|item| self.ty_at(file, &item, depth)).collect()),
            },
            ast::Type::Named(named) => self.named(file, named, depth),
            ast::Type::Grammar(grammar) => self.inline_grammar(grammar),
            ast::Type::Literal(literal) => match literal.value() {
                Some(TypeLiteral::String(string)) if string.flavor() == Flavor::Regex => self.pattern(&string),
                Some(value) => self.constant_of(&value).map_or(Type::Error, |value| match value {
                    Const::None => Type::None,
                    value => Type::Literals(vec![value]),
                }),
                None => Type::Error,
            },
        }
    }

    fn pattern(&mut self, string: &ast::StringLit) -> Type {
        let Some(pattern) = self.regex(string) else { return Type::Error };
        match sgl_constrain::prove(&Constraint::Regex(pattern.clone())) {
            Ok(()) => Type::Pattern(pattern),
            Err(error) => {
                let (title, hint) = match error {
                    ConstrainError::Unsatisfiable { .. } => (
                        "no text matches this pattern from end to end".to_string(),
                        "what stands before or after an anchor cannot be there: take one of them out",
                    ),
                    ConstrainError::Limit { .. } => (TOO_LARGE.to_string(), SMALLER),
                    error => {
                        (format!("this regular expression does not work as a type: {error}"), "write it in another way")
                    }
                };
                self.report(Diagnostic::error("E0224", title).at(string.span(), "this pattern").hint(hint));
                Type::Error
            }
        }
    }

    /// The pattern of a `re"…"`, if it is one.
    pub(crate) fn regex(&mut self, string: &ast::StringLit) -> Option<Arc<str>> {
        let pattern = string.text()?;
        let problem = match regex_syntax::parse(&pattern) {
            Ok(hir) if hir.properties().minimum_len().is_none() => "no text can match it".to_string(),
            Ok(_) => {
                let limits = thompson::Config::new().nfa_size_limit(Some(MOST_BYTES));
                if thompson::Compiler::new().configure(limits).build(&pattern).is_ok() {
                    return Some(pattern.into());
                }
                self.report(Diagnostic::error("E0224", TOO_LARGE).at(string.span(), "this pattern").hint(SMALLER));
                return None;
            }
            Err(regex_syntax::Error::Parse(error)) => error.kind().to_string(),
            Err(regex_syntax::Error::Translate(error)) => error.kind().to_string(),
            Err(_) => "it is not valid".to_string(),
        };
        let d = Diagnostic::error("E0224", format!("this regular expression does not work: {problem}"));
        let hint = "the syntax is that of Rust's regex crate: no look-around and no back-references";
        self.report(d.at(string.span(), "this pattern").hint(hint));
        None
    }

    /// The constant that a literal of a type or a pattern stands for.
    pub(crate) fn constant_of(&mut self, literal: &TypeLiteral) -> Option<Const> {
        match literal {
            TypeLiteral::Value(value) => Some(constant(*value)),
            TypeLiteral::String(string) if string.has_holes() => {
                let d = Diagnostic::error("E0223", "a text in a type or pattern has no holes");
                self.report(d.at(string.span(), "computed at run time").hint("write `\\{` for a brace"));
                None
            }
            TypeLiteral::String(string) => {
                // Text that is broken was reported by the parser.
                Some(Const::Str(string.text().unwrap_or_default().into()))
            }
        }
    }

    fn union(&mut self, file: usize, union: &ast::UnionType, depth: u32) -> Type {
        let (mut literals, mut structs, mut optional): (Vec<Const>, Vec<StructId>, bool) =
            (Vec::new(), Vec::new(), false);
        let mut seen = std::collections::HashSet::new();
        let mut broken = false;
        let members: Vec<ast::Type> = union.types().collect();
        if let [only] = members.as_slice() {
            return self.ty_at(file, only, depth);
        }
        let is_none = |member: &ast::Type| member.node().syntax().text() == "none";
        let beside_none = members.len() == 2 && members.iter().any(is_none);
        for member in members {
            let span = member.span();
            let mut ty = self.ty_at(file, &member, depth);
            if let Type::Optional(item) = ty {
                (ty, optional) = (*item, true);
            }
            match ty {
                Type::Literals(members) => {
                    for member in members {
                        if seen.insert(format!("{member:?}")) {
                            literals.push(member);
                        } else {
                            self.member_twice(&member.to_string(), span);
                        }
                    }
                }
                Type::Struct(id) => self.add_structs(&mut structs, &[id], span),
                Type::OneOf(ids) => self.add_structs(&mut structs, &ids, span),
                Type::None => optional = true,
                Type::Error => broken = true,
                other => {
                    let shown = self.show(&other);
                    let d = Diagnostic::error("E0221", format!("`{shown}` cannot be a member of a union"))
                        .at(span, "neither a literal nor a struct");
                    self.report(
                        d.hint(match beside_none {
                            true => format!("what may be `none` is written `{shown}?`"),
                            false => {
                                "unions are of literals (\"a\" | \"b\") or of structs that a literal field tells apart"
                                    .to_string()
                            }
                        }),
                    );
                    broken = true;
                }
            }
        }
        let ty = match (literals.is_empty(), structs.as_slice()) {
            _ if broken => return Type::Error,
            (false, []) => Type::Literals(literals),
            (true, []) => Type::None,
            (true, [only]) => Type::Struct(*only),
            (true, _) => {
                self.check_union(&structs, union.span());
                Type::OneOf(structs)
            }
            (false, _) => {
                let d = Diagnostic::error("E0221", "this union mixes literals and structs")
                    .at(union.span(), "values of both kinds")
                    .hint("make it a union of structs, with the literals in a field");
                self.report(d);
                return Type::Error;
            }
        };
        if optional { Type::optional(ty) } else { ty }
    }

    /// Adds structs to the members of a union.
    fn add_structs(&mut self, members: &mut Vec<StructId>, ids: &[StructId], span: Span) {
        for id in ids {
            if members.contains(id) {
                let shown = self.show(&Type::Struct(*id));
                self.member_twice(&format!("`{shown}`"), span);
            } else {
                members.push(*id);
            }
        }
    }

    fn member_twice(&mut self, member: &str, span: Span) {
        let d = Diagnostic::error("E0102", format!("{member} is in this union twice"));
        self.report(d.at(span, "again here").hint("remove one of them"));
    }

    /// A union of structs needs a field that all have, with different literals: the tag.
    pub(crate) fn check_union(&mut self, ids: &[StructId], span: Span) {
        if !self.fields_known {
            self.unions.push((ids.to_vec(), span));
            return;
        }
        let items: Vec<_> = ids.iter().filter_map(|id| self.struct_item(*id)).collect();
        if !is_tagged(&items) && items.iter().all(|item| item.fields.iter().all(|field| field.ty != Type::Error)) {
            let names: Vec<_> = items.iter().map(|item| format!("`{}`", item.name)).collect();
            let d = Diagnostic::error("E0221", format!("nothing tells {} apart", names.join(" and ")))
                .at(span, "this union needs a tag")
                .hint("give each struct a field of the same name with its own literal: kind: \"circle\"");
            self.report(d);
        }
    }

    /// The type that an alias stands for.
    pub(crate) fn alias(&mut self, index: usize, depth: u32) -> Type {
        let Some(alias) = self.aliases.get_mut(index) else { return Type::Error };
        let (file, ast) = (alias.file, alias.ast.clone());
        let problem = match std::mem::replace(&mut alias.state, AliasState::Open) {
            AliasState::Done(ty) => {
                alias.state = AliasState::Done(ty.clone());
                return ty;
            }
            AliasState::Open => Some("stands for itself"),
            AliasState::Waiting if depth >= MAX_ALIAS_DEPTH => Some("stands for too long a chain of other types"),
            AliasState::Waiting => None,
        };
        let ty = match (problem, ast.ty()) {
            (Some(problem), _) => {
                let (name, span) = ast.name().map_or(("_".to_string(), ast.span()), |n| (n.text().into(), n.span()));
                let d = Diagnostic::error("E0111", format!("the type `{name}` {problem}"));
                self.report(d.at(span, "declared here").hint("a type that holds itself is written as a struct"));
                Type::Error
            }
            (None, Some(written)) => {
                let outer = std::mem::replace(&mut self.type_scope, misplaced(ast.type_params()));
                let ty = self.ty_at(file, &written, depth + 1);
                self.type_scope = outer;
                match ty {
                    ty if is_small(&ty) => ty,
                    _ => {
                        let title = "this type has too many parts once its names are written out";
                        self.error_at("E0299", title, written.span(), "this type", "use structs for its parts");
                        Type::Error
                    }
                }
            }
            (None, None) => Type::Error,
        };
        if let Some(alias) = self.aliases.get_mut(index) {
            alias.state = AliasState::Done(ty.clone());
        }
        ty
    }

    fn named(&mut self, file: usize, named: &ast::NamedType, depth: u32) -> Type {
        let path = named.path();
        let (Some(first), Some(last)) = (path.first(), path.last()) else { return Type::Error };
        let own = if path.len() == 1 { self.entry(file, first.text()) } else { None };
        if own.is_none() && path.len() == 1 && BUILTIN_TYPES.contains(&first.text()) {
            return self.builtin_type(file, first.text(), named, depth);
        }
        let param = self.type_scope.iter().find(|(name, _)| path.len() == 1 && **name == *first.text());
        if let Some((_, ty)) = param {
            let ty = ty.clone();
            return self.no_args(ty, named, last);
        }
        let item = match own {
            Some(entry) => {
                let item = entry.read();
                self.note_item(first.span(), item);
                Some(item)
            }
            None => self.path(file, &path, true),
        };
        // What wrongly has type parameters was reported: that they are given is no further mistake.
        let wrongly = match item {
            Some(Item::Struct(id)) => self
                .struct_asts
                .get(id.0 as usize)
                .is_some_and(|item| item.as_ref().is_some_and(|(_, ast)| ast.type_params().next().is_some())),
            Some(Item::Alias(at)) => self.aliases.get(at).is_some_and(|alias| alias.ast.type_params().next().is_some()),
            _ => false,
        };
        let ty = match item {
            Some(Item::Struct(id)) => Type::Struct(id),
            Some(Item::Alias(index)) => self.alias(index, depth),
            Some(Item::Broken) | None => Type::Error,
            Some(_) => {
                let d = Diagnostic::error("E0110", format!("`{}` is not a type", last.text()));
                self.report(d.at(named.span(), "a type is wanted here").hint("types are made by `struct` and `type`"));
                Type::Error
            }
        };
        if wrongly { ty } else { self.no_args(ty, named, last) }
    }

    fn no_args(&mut self, ty: Type, named: &ast::NamedType, name: &ast::Name) -> Type {
        let extra = named.type_args().next().map(|ty| ty.span()).or_else(|| named.args().map(|args| args.span()));
        if let (Some(span), true) = (extra, ty != Type::Error) {
            let d = Diagnostic::error("E0228", format!("`{}` takes no arguments", name.text()));
            self.report(d.at(span, "too much").hint("only `str`, `int`, `float`, `list` and `map` have arguments"));
        }
        ty
    }

    /// The struct, alias or other item that a path names. `None` where it was reported.
    pub(crate) fn path(&mut self, file: usize, path: &[ast::Name], is_type: bool) -> Option<Item> {
        let (first, rest) = path.split_first()?;
        let Some(entry) = self.entry(file, first.text()) else {
            if self.type_scope.iter().any(|(name, _)| **name == *first.text()) {
                let d = Diagnostic::error("E0110", format!("`{}` stands for any type, not for a struct", first.text()));
                self.report(d.at(first.span(), "a type parameter").hint("take a value of it as a parameter"));
                return None;
            }
            let (what, code) = if is_type { ("type", "E0109") } else { ("name", "E0101") };
            let wanted = |item: Item| !is_type || matches!(item, Item::Struct(_) | Item::Alias(_) | Item::Module(_));
            let known = self.known(file).filter(|(_, entry)| wanted(entry.item)).map(|(name, _)| &**name);
            let near = nearest(first.text(), known.chain(BUILTIN_TYPES.iter().copied())).map(str::to_string);
            let instead = match first.text() {
                "string" | "String" | "text" if is_type => Some("str"),
                "Any" | "any" | "object" if is_type => Some("json"),
                "boolean" | "Bool" | "Boolean" if is_type => Some("bool"),
                "i64" | "i32" | "u64" | "u32" | "usize" | "integer" | "long" if is_type => Some("int"),
                "double" | "f64" if is_type => Some("float"),
                "Vec" | "Array" | "array" if is_type => Some("list"),
                "dict" | "Dict" | "Map" | "HashMap" if is_type => Some("map"),
                _ => near.as_deref(),
            };
            let hint = match (near.as_deref(), first.text()) {
                (_, "string" | "String" | "text") if is_type => "text is of type `str`".to_string(),
                (_, "dict" | "Dict" | "Map" | "HashMap") if is_type => "maps are `map<str, T>`".to_string(),
                (_, "Optional" | "Option" | "Maybe") if is_type => "what may be `none` is of type `T?`".to_string(),
                (_, "Vec" | "Array" | "array") if is_type => "lists are `list<T>`".to_string(),
                (_, "tuple" | "Tuple") if is_type => "tuples are written `(A, B)`".to_string(),
                (_, "Literal" | "Union" | "enum") if is_type => "a choice is written `\"a\" | \"b\"`".to_string(),
                (_, "Any" | "any" | "object") if is_type => "any JSON value is of type `json`".to_string(),
                (_, "boolean" | "Bool" | "Boolean") if is_type => "truth values are of type `bool`".to_string(),
                (_, "void" | "Void" | "unit") if is_type => "a function that gives nothing has no `->`".to_string(),
                (_, "None" | "null" | "nil") if is_type => "what may be `none` is of type `T?`".to_string(),
                (_, "i64" | "i32" | "u64" | "u32" | "usize" | "integer" | "long") if is_type => {
                    "integers are of type `int`".to_string()
                }
                (_, "number" | "double" | "f64") if is_type => "numbers are of type `int` or `float`".to_string(),
                (Some(near), _) => format!("did you mean `{near}`?"),
                (None, _) => format!("declare it in this file or import it; is the {what} spelt right?"),
            };
            let d = Diagnostic::error(code, format!("there is no {what} `{}`", first.text()));
            self.report(d.at(first.span(), "not known here").hint(hint));
            self.instead(first.span(), instead);
            return None;
        };
        let (mut item, mut at) = (entry.read(), first);
        self.note_item(first.span(), item);
        for name in rest {
            item = match item {
                Item::Module(module) => self.exported(module, name),
                Item::Broken => Item::Broken,
                _ => {
                    let d = Diagnostic::error("E0110", format!("`{}` is not a module", at.text()));
                    self.report(d.at(at.span(), "has nothing after a `.`").hint("only imported modules do"));
                    return None;
                }
            };
            at = name;
        }
        Some(item)
    }

    fn builtin_type(&mut self, file: usize, name: &str, named: &ast::NamedType, depth: u32) -> Type {
        let args: Vec<ast::Type> = named.type_args().collect();
        let wanted = match name {
            "list" => 1,
            "map" => 2,
            _ => 0,
        };
        if name == "schema" {
            return self.schema_type(file, named);
        }
        if name == "grammar" {
            return self.grammar_file(file, named);
        }
        if args.len() != wanted {
            let example = match name {
                "list" => "list<str>",
                "map" => "map<str, int>",
                name => name,
            };
            let d = Diagnostic::error(
                "E0228",
                format!("`{name}` takes {wanted} types in `<…>`, not {}", args.len()).replace("1 types", "1 type"),
            );
            self.report(d.at(named.span(), "this type").hint(format!("write it as `{example}`")));
            return Type::Error;
        }
        let mut items = args.into_iter();
        let mut item = |world: &mut World| items.next().map_or(Type::Error, |ty| world.ty_at(file, &ty, depth));
        let refinements = named.args();
        let base = match name {
            "str" => return self.refined_str(refinements.as_ref()),
            "int" => {
                let Some(args) = &refinements else { return Type::INT };
                return self.range(args, false).map_or(Type::Error, |range| match range {
                    (Const::Int(min), Const::Int(max)) => Type::Int { min: Some(min), max: Some(max) },
                    _ => Type::Error,
                });
            }
            "float" => {
                let Some(args) = &refinements else { return Type::FLOAT };
                return self.range(args, true).map_or(Type::Error, |range| match range {
                    (Const::Float(min), Const::Float(max)) => Type::Float { min: Some(min), max: Some(max) },
                    _ => Type::Error,
                });
            }
            "list" => {
                let item = item(self);
                let Some(args) = &refinements else { return Type::list(item) };
                return match self.range(args, false) {
                    Some((Const::Int(min), Const::Int(max))) => match (u32::try_from(min), u32::try_from(max)) {
                        (Ok(min), Ok(max)) => Type::List { item: Box::new(item), min, max: Some(max) },
                        _ => self.bad_refinement(
                            args.span(),
                            "a list cannot have so many elements",
                            "begin at 0 or more: 0..=5",
                        ),
                    },
                    _ => Type::Error,
                };
            }
            "map" => {
                let (key, value) = (item(self), item(self));
                if key != Type::STR && key != Type::Error {
                    let d = Diagnostic::error("E0228", "the keys of a map are of type `str`");
                    self.report(d.at(named.span(), "this map").hint("write `map<str, T>`"));
                    return Type::Error;
                }
                Type::Map(Box::new(value))
            }
            "bool" => Type::Bool,
            "json" => Type::Json,
            "tool" => Type::Tool,
            "call" => Type::Call,
            "image" => Type::Image,
            "prompt" => Type::Prompt,
            _ => Type::Regex,
        };
        if let Some(args) = refinements {
            let d = Diagnostic::error("E0228", format!("`{name}` takes no arguments"));
            self.report(d.at(args.span(), "too much").hint("only `str`, `int`, `float` and `list` have arguments"));
        }
        base
    }

    /// `schema("file.json")`: what the file says was read and understood before.
    fn schema_type(&mut self, file: usize, named: &ast::NamedType) -> Type {
        let Some(path) = schema_path(named) else {
            let d = Diagnostic::error("E0228", "`schema` takes the path of a file").at(named.span(), "this type");
            self.report(d.hint("write it as a text without holes: `schema(\"ticket.json\")`"));
            return Type::Error;
        };
        let number = self.files.get(file).and_then(|file| file.schemas.get(&path));
        number.and_then(|number| self.schema_types.get(*number)).cloned().unwrap_or(Type::Error)
    }

    fn error_at(&mut self, code: &'static str, title: &str, span: Span, text: &str, hint: &str) {
        self.report(Diagnostic::error(code, title).at(span, text).hint(hint));
    }

    fn bad_refinement(&mut self, span: Span, title: &str, hint: &str) -> Type {
        self.report(Diagnostic::error("E0223", title).at(span, "this bound").hint(hint));
        Type::Error
    }

    fn refined_str(&mut self, args: Option<&ast::Args>) -> Type {
        let (mut min_len, mut max_len) = (None, None);
        for arg in args.into_iter().flat_map(ast::Args::args) {
            let name = arg.name();
            let slot = match name.as_ref().map(ast::Name::text) {
                Some("min_len") => &mut min_len,
                Some("max_len") => &mut max_len,
                _ => {
                    let hint = "write `str(max_len: 300)` or `str(min_len: 1, max_len: 80)`";
                    return self.bad_refinement(arg.span(), "`str` is refined by `min_len` and `max_len` only", hint);
                }
            };
            let value = arg.value().and_then(|value| number(&value));
            let len = match value {
                Some(LiteralValue::Int(len)) => u32::try_from(len).ok(),
                _ => None,
            };
            match (len, *slot) {
                (Some(len), None) => *slot = Some(len),
                (Some(_), Some(_)) => {
                    return self.bad_refinement(arg.span(), "this bound is given twice", "remove one of them");
                }
                (None, _) => {
                    return self.bad_refinement(
                        arg.span(),
                        "a length is a whole number from 0",
                        "write it as a literal",
                    );
                }
            }
        }
        if let (Some(min), Some(max), Some(args)) = (min_len, max_len, args)
            && min > max
        {
            let title = format!("no text has at least {min} and at most {max} characters");
            return self.bad_refinement(args.span(), &title, "swap the two bounds");
        }
        Type::Str { min_len: min_len.unwrap_or(0), max_len }
    }

    /// The ends of the `a..=b` in the parentheses.
    fn range(&mut self, args: &ast::Args, is_float: bool) -> Option<(Const, Const)> {
        let example = if is_float { "float(0.0..=1.0)" } else { "1..=5" };
        let hint = format!("write two numbers: {example}");
        let mut all = args.args();
        let (range, more) = (all.next().filter(|arg| arg.name().is_none()).and_then(|arg| arg.value()), all.next());
        let (Some(ast::Expr::Binary(range)), None) = (range, more) else {
            self.bad_refinement(args.span(), "a range is wanted here", &hint);
            return None;
        };
        let inclusive = match range.op() {
            Some(ast::BinaryOp::RangeInclusive) => true,
            Some(ast::BinaryOp::Range) => false,
            _ => {
                self.bad_refinement(args.span(), "a range is wanted here", &hint);
                return None;
            }
        };
        let ends = range.left().and_then(|e| number(&e)).zip(range.right().and_then(|e| number(&e)));
        let float = |value: LiteralValue| match value {
            LiteralValue::Int(n) => Some(n as f64),
            LiteralValue::Float(x) => Some(x),
            _ => None,
        };
        let (empty, min, max) = match ends {
            Some((LiteralValue::Int(a), LiteralValue::Int(b))) if !is_float => {
                let last = if inclusive { Some(b) } else { b.checked_sub(1) };
                (last.is_none_or(|last| a > last), Const::Int(a), Const::Int(last.unwrap_or(b)))
            }
            Some((a, b)) if is_float => match (float(a), float(b)) {
                (Some(_), Some(_)) if !inclusive => {
                    self.bad_refinement(range.span(), "a range of floats includes its end", "write `..=`");
                    return None;
                }
                (Some(a), Some(b)) => (a > b, Const::Float(a), Const::Float(b)),
                _ => {
                    self.bad_refinement(range.span(), "the ends of a range are numbers", &hint);
                    return None;
                }
            },
            _ => {
                self.bad_refinement(range.span(), "the ends of this range are whole numbers, written out", &hint);
                return None;
            }
        };
        if empty {
            self.bad_refinement(range.span(), "nothing lies in this range", "the smaller number stands first");
            return None;
        }
        Some((min, max))
    }

    /// A struct needs a value of finite size: a way to build it that does not need one of itself first.
    pub(crate) fn check_finite(&mut self) {
        let finite = finite(&self.program.structs);
        let endless: Vec<_> = self.program.structs.iter().zip(&finite).filter(|(_, f)| !**f).map(|(s, _)| s).collect();
        let found: Vec<_> = endless
            .iter()
            .map(|item| {
                let field = item.fields.iter().find(|field| !has_finite(&field.ty, &finite));
                let d = Diagnostic::error("E0222", format!("no value of `{}` is finite", item.name));
                let d = d.at(item.span, "each would hold another, and so on");
                let d = match field {
                    Some(field) => d.also(field.span, "through this field"),
                    None => d,
                };
                d.hint("make the field optional (`T?`) or a list")
            })
            .collect();
        self.diagnostics.extend(found);
    }
}

/// Of each struct, whether one of its values is finite.
pub(crate) fn finite(structs: &[Struct]) -> Vec<bool> {
    let count = structs.len();
    let mut finite = vec![false; count];
    // One that turns out to be finite may make those finite that hold it: these are looked at again.
    let mut holders: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (index, item) in structs.iter().enumerate() {
        for field in &item.fields {
            each_struct(&field.ty, &mut |id| {
                if let Some(holders) = holders.get_mut(id.0 as usize) {
                    holders.push(index);
                }
            });
        }
    }
    let mut todo: Vec<usize> = (0..count).collect();
    while let Some(index) = todo.pop() {
        let Some(item) = structs.get(index) else { continue };
        let known = finite.get(index).copied().unwrap_or(true);
        if !known && item.fields.iter().all(|field| has_finite(&field.ty, &finite)) {
            if let Some(slot) = finite.get_mut(index) {
                *slot = true;
            }
            todo.extend(holders.get(index).into_iter().flatten());
        }
    }
    finite
}

/// Whether a field that all have tells the structs apart.
pub(crate) fn is_tagged(items: &[&Struct]) -> bool {
    let Some((first, rest)) = items.split_first() else { return true };
    first.fields.iter().any(|field| {
        let Type::Literals(members) = &field.ty else { return false };
        let mut seen: std::collections::HashSet<String> = members.iter().map(|m| format!("{m:?}")).collect();
        rest.iter().all(|item| {
            let other = item.fields.iter().find(|other| other.name == field.name);
            match other.map(|other| &other.ty) {
                Some(Type::Literals(members)) => members.iter().all(|m| seen.insert(format!("{m:?}"))),
                _ => false,
            }
        })
    })
}

/// The structs that decide whether the type has a finite value.
fn each_struct(ty: &Type, visit: &mut impl FnMut(StructId)) {
    match ty {
        Type::Struct(id) => visit(*id),
        Type::OneOf(ids) => ids.iter().copied().for_each(visit),
        Type::List { item, .. } => each_struct(item, visit),
        Type::Tuple(items) => items.iter().for_each(|item| each_struct(item, visit)),
        _ => {}
    }
}

fn has_finite(ty: &Type, finite: &[bool]) -> bool {
    let known = |id: &StructId| finite.get(id.0 as usize).copied().unwrap_or(true);
    match ty {
        Type::Struct(id) => known(id),
        Type::OneOf(ids) => ids.iter().any(known),
        Type::List { item, min, .. } => *min == 0 || has_finite(item, finite),
        Type::Tuple(items) => items.iter().all(|item| has_finite(item, finite)),
        _ => true,
    }
}

/// The path in `schema("path")`, if that is what the type is.
pub(crate) fn schema_path(named: &ast::NamedType) -> Option<String> {
    let (path, args) = (named.path(), named.args()?);
    let mut args = args.args();
    match (path.as_slice(), args.next()?.value()?, args.next()) {
        ([name], ast::Expr::String(text), None) if name.text() == "schema" && !text.has_holes() => text.text(),
        _ => None,
    }
}

/// The constant of a literal.
pub(crate) fn constant(value: LiteralValue) -> Const {
    match value {
        LiteralValue::Int(n) => Const::Int(n),
        LiteralValue::Float(x) => Const::Float(x),
        LiteralValue::Bool(b) => Const::Bool(b),
        LiteralValue::None => Const::None,
    }
}

/// The number written there, with its sign.
fn number(expr: &ast::Expr) -> Option<LiteralValue> {
    match expr {
        ast::Expr::Literal(literal) => literal.value(),
        ast::Expr::Unary(unary) => unary.literal(),
        ast::Expr::Paren(paren) => number(&paren.inner()?),
        _ => None,
    }
}
