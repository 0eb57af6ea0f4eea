//! Items with type parameters: a call or a value of one in, a function of the program for its types out.
//!
//! A generic item is checked twice. Its own body is checked once with each parameter as a type of its own
//! ([`Type::Param`]) that can do what all data can: that finds the item's mistakes where they stand, even where nobody calls
//! it. Then there is one function for each set of types that it is used with. What still goes wrong in such a body (a model
//! cannot write a `prompt`) is a mistake of the call. So nothing after the checker knows of type parameters.

use std::sync::Arc;

use sgl_diag::{Diagnostic, Span};
use sgl_syntax::ast;

use crate::arguments::Written;
use crate::body::{Body, Prompting};
use crate::builtins::Builtin;
use crate::program::{Block, Expr, ExprKind, FnId, Function};
use crate::relate::widen;
use crate::signature::Signature;
use crate::types::{Const, Type, is_small};
use crate::world::{FnHead, Item, World};

/// Functions may ask for functions of other types this deep: an item that calls itself with ever larger types never ends.
const MAX_DEPTH: u32 = 24;

/// Functions that generic items may ask each other for, all together: so many, and so many more for each that the program
/// itself asks for.
const MAX_NESTED: (usize, usize) = (1024, 16);

/// Numbers from here on are those of generic items, not of functions: they stand in bodies that are thrown away.
const OPEN: u32 = 1 << 31;

/// The type parameters that a body knows, and what they stand for.
pub(crate) type TypeArgs = Vec<(Arc<str>, Type)>;

/// A generic item.
pub(crate) struct Generic {
    /// Its head; its parameters stand for themselves.
    pub head: FnHead,
    /// Whether a mistake was found in its body: its uses would only repeat it.
    pub broken: bool,
}

/// Where a function comes from that a generic item has become.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin {
    generic: usize,
    /// What asked for it first, in the source.
    call: Span,
    /// The function in which that stands, where it is itself one of a generic item.
    parent: Option<FnId>,
    depth: u32,
}

impl Type {
    /// The type with these in place of type parameters.
    pub(crate) fn with(&self, args: &[(Arc<str>, Type)]) -> Type {
        let all = |types: &[Type]| types.iter().map(|ty| ty.with(args)).collect();
        match self {
            Type::Param(name) => {
                let found = args.iter().find(|(param, _)| param == name);
                found.map_or_else(|| self.clone(), |(_, ty)| ty.clone())
            }
            Type::Optional(item) => Type::optional(item.with(args)),
            Type::List { item, min, max } => Type::List { item: Box::new(item.with(args)), min: *min, max: *max },
            Type::Map(item) => Type::Map(Box::new(item.with(args))),
            Type::Tuple(items) => Type::Tuple(all(items)),
            Type::Record(fields) => {
                Type::Record(fields.iter().map(|(name, ty)| (name.clone(), ty.with(args))).collect())
            }
            Type::Fn(params, ret) => Type::Fn(all(params), Box::new(ret.with(args))),
            ty => ty.clone(),
        }
    }

    /// Whether some part of the type is one for which this holds.
    pub(crate) fn has(&self, is: &dyn Fn(&Type) -> bool) -> bool {
        is(self)
            || match self {
                Type::Optional(item) | Type::List { item, .. } | Type::Map(item) => item.has(is),
                Type::Tuple(items) => items.iter().any(|item| item.has(is)),
                Type::Record(fields) => fields.iter().any(|(_, ty)| ty.has(is)),
                Type::Fn(params, ret) => params.iter().any(|param| param.has(is)) || ret.has(is),
                _ => false,
            }
    }

    fn mentions(&self, name: &str) -> bool {
        self.has(&|ty| matches!(ty, Type::Param(param) if **param == *name))
    }
}

/// What stands for `target`, a type parameter or a variable of inference, where a value of type `found` is given for one of
/// type `param`. What a closure takes says nothing: it takes wider types, too.
pub(crate) fn stands_for(param: &Type, found: &Type, target: &Type, out: &mut Vec<Type>) {
    match (param, found) {
        (param, found) if param == target => out.push(found.clone()),
        (Type::Optional(param), Type::Optional(found)) => stands_for(param, found, target, out),
        (Type::Optional(_), Type::None) => {}
        (Type::Optional(param), found) => stands_for(param, found, target, out),
        (Type::List { item: param, .. }, Type::List { item: found, .. }) | (Type::Map(param), Type::Map(found)) => {
            stands_for(param, found, target, out);
        }
        (Type::Tuple(params), Type::Tuple(found)) => {
            params.iter().zip(found).for_each(|(param, found)| stands_for(param, found, target, out));
        }
        (param, Type::Schema(schema)) => stands_for(param, &schema.view, target, out),
        (Type::Fn(_, param), Type::Fn(_, found)) => stands_for(param, found, target, out),
        _ => {}
    }
}

impl World {
    /// The head of a function, or of a generic item in a body that is thrown away.
    pub(crate) fn head(&self, id: FnId) -> Option<&FnHead> {
        match id.0.checked_sub(OPEN) {
            Some(generic) => self.generics.get(generic as usize).map(|generic| &generic.head),
            None => self.heads.get(id.0 as usize),
        }
    }

    /// The type parameters that stand in the head of an item.
    pub(crate) fn type_params(&mut self, file: usize, ast: &ast::Function) -> TypeArgs {
        let mut params: TypeArgs = Vec::new();
        for name in ast.type_params().filter_map(|param| param.name()) {
            let text = name.text();
            let item = self.entry(file, text).map(|entry| entry.span);
            let twice = params.iter().any(|(other, _)| **other == *text);
            let builtin = crate::written::BUILTIN_TYPES.contains(&text);
            if twice || builtin || item.is_some() {
                let d = Diagnostic::error("E0102", format!("`{text}` stands for two types here"));
                let d = d.at(name.span(), if builtin { "a type of the language" } else { "again here" });
                let d = item.map_or(d.clone(), |span| d.also(span, "first here"));
                self.report(d.hint("give the type parameter another name: one capital letter is usual"));
            }
            if !twice {
                let name: Arc<str> = text.into();
                params.push((name.clone(), Type::Param(name)));
            }
        }
        params
    }

    /// Checks generic items as such, from the one of this number on.
    pub(crate) fn check_generics(&mut self, first: usize) {
        for index in first..self.generics.len() {
            if self.is_given_up() {
                return;
            }
            let Some(head) = self.generics.get(index).map(|generic| generic.head.clone()) else { continue };
            let before = self.diagnostics.len();
            crate::body::function(self, head);
            let broken = self.diagnostics.iter().skip(before).any(Diagnostic::is_error);
            if let Some(generic) = self.generics.get_mut(index) {
                generic.broken = broken;
            }
        }
    }

    /// Checks the bodies of functions that were not checked yet, and of those that they ask for.
    pub(crate) fn check_functions(&mut self) {
        while let Some(head) = self.heads.get(self.program.functions.len()).filter(|_| !self.is_given_up()).cloned() {
            let id = FnId(self.program.functions.len() as u32);
            let function = match head.origin {
                None => crate::body::function(self, head),
                Some(origin) => self.check_instance(id, head, origin),
            };
            self.program.functions.push(function);
        }
    }

    fn check_instance(&mut self, id: FnId, head: FnHead, origin: Origin) -> Function {
        let broken = self.generics.get(origin.generic).is_none_or(|generic| generic.broken);
        if broken || (self.endless && origin.depth > 0) {
            let body = Block { stmts: Vec::new(), value: None, span: head.span };
            let (name, is_prompt, ret, span) = (head.name, head.is_prompt, head.ret, head.span);
            let (doc, params, locals, returns_state) = (String::new(), Vec::new(), Vec::new(), head.returns_state);
            return Function { name, doc, is_prompt, params, ret, returns_state, locals, body, span };
        }
        let (name, before) = (head.name.clone(), self.diagnostics.len());
        self.current = Some(id);
        // An editor shows the item as such.
        let notes = self.notes.take();
        let function = crate::body::function(self, head);
        self.notes = notes;
        self.current = None;
        // Warnings were given for the item as such; so were most mistakes. What is left is a mistake of its use.
        let found = self.diagnostics.split_off(before);
        // What this body asks for and cannot have was reported where the program asks for this body.
        let (told, found): (Vec<_>, Vec<_>) = found.into_iter().partition(|d| matches!(d.code, "E0234" | "E0235"));
        self.diagnostics.extend(told);
        if let Some(inner) = found.into_iter().find(Diagnostic::is_error) {
            let d = Diagnostic::error("E0234", format!("`{name}` does not work: {}", inner.title));
            let (outer, label) = (self.outermost(origin), inner.labels.first());
            let mut d = d.at(outer, "with these types");
            if outer != origin.call {
                d = d.also(origin.call, "which asks for it here");
            }
            let d = label.map_or(d.clone(), |label| d.also(label.span, format!("inside: {}", label.text)));
            self.report(d.hint("use it with other types, or change what it does with them"));
        }
        function
    }

    /// The use in the source that a function of a generic item goes back to.
    fn outermost(&self, mut origin: Origin) -> Span {
        while let Some(above) = origin.parent.and_then(|parent| self.heads.get(parent.0 as usize)?.origin) {
            origin = above;
        }
        origin.call
    }

    /// The function that a generic item is for these types. `None` where there is none: that was reported.
    fn instance(&mut self, generic: usize, args: Vec<Type>, call: Span) -> Option<FnId> {
        if args.iter().any(|arg| arg.has(&|ty| *ty == Type::Error)) {
            return None;
        }
        if args.iter().any(|arg| arg.has(&|ty| matches!(ty, Type::Param(_)))) {
            return Some(FnId(OPEN | generic as u32));
        }
        let key = (generic, format!("{args:?}"));
        if let Some(known) = self.instances.get(&key) {
            return *known;
        }
        let parent = self.current;
        let above = parent.and_then(|parent| self.heads.get(parent.0 as usize)?.origin);
        let depth = above.map_or(0, |above| above.depth + 1);
        let origin = Origin { generic, call, parent, depth };
        let head = self.generics.get(generic)?.head.clone();
        let (least, each) = MAX_NESTED;
        let most = least + each * self.instances.len().saturating_sub(self.nested);
        self.nested += usize::from(depth > 0);
        if self.endless && depth > 0 {
            return None;
        }
        if depth > MAX_DEPTH || self.nested > most || !args.iter().all(is_small) {
            let title = format!("`{}` is needed for more and more types, without end", head.name);
            let d = Diagnostic::error("E0235", title).at(self.outermost(origin), "this use begins it");
            let d = d.also(call, "each asks for the next here");
            self.report(d.hint("let it call itself with the same types"));
            self.instances.insert(key, None);
            self.endless = true;
            return None;
        }
        let id = FnId(self.heads.len() as u32);
        self.instances.insert(key, Some(id));
        let shown: Vec<String> = args.iter().map(|arg| self.show(arg)).collect();
        let types: TypeArgs = head.types.iter().map(|(name, _)| name.clone()).zip(args).collect();
        let mut params = head.params.clone();
        for param in &mut params {
            param.ty = param.ty.with(&types);
        }
        let name = format!("{}<{}>", head.name, shown.join(", ")).into();
        let ret = head.ret.with(&types);
        self.heads.push(FnHead { name, params, ret, types, origin: Some(origin), ..head });
        Some(id)
    }

    /// `main` is run by the command line, which has no types to give.
    pub(crate) fn check_main_is_plain(&mut self) {
        let main = self.names.last().and_then(|names| names.get("main"));
        if let Some((Item::Generic(_), span)) = main.map(|entry| (entry.item, entry.span)) {
            let d =
                Diagnostic::error("E0113", "`main` cannot have type parameters").at(span, "the program starts here");
            self.report(d.hint("write the types that its arguments have"));
        }
    }
}

impl Body<'_> {
    /// Reports types in `<…>` behind something that takes none.
    pub(crate) fn no_types(&mut self, types: Option<&ast::TypeArgs>, name: &ast::Name) {
        if let Some(types) = types {
            let hint = "only items that are declared with `<T>` take types";
            self.error("E0228", format!("`{}` takes no types in `<…>`", name.text()), types.span(), "too much", hint);
        }
    }

    /// The one type that a function of the library takes between `<` and `>`.
    pub(crate) fn only_type(&mut self, types: &ast::TypeArgs, name: &ast::Name) -> Option<Type> {
        let written: Vec<Type> = types.types().map(|ty| self.w.ty(self.file, &ty)).collect();
        if written.len() > 1 {
            let title = format!("`{}` takes one type in `<…>`, not {}", name.text(), written.len());
            self.error("E0228", title, types.span(), "these types", "leave one of them");
            return Some(Type::Error);
        }
        written.into_iter().next()
    }

    /// `json.schema<T>()` is known here: the text of the schema, parsed.
    pub(crate) fn json_schema(
        &mut self,
        signature: &'static Signature,
        named: Option<Type>,
        written: Written,
        name: &ast::Name,
    ) -> Expr {
        let span = written.span;
        let call = self.call_library(signature, None, written, None);
        let Some(ty) = named else {
            let hint = "write the type: `json.schema<Person>()`";
            self.error("E0112", "nothing says of which type the schema is", name.span(), "of which type?", hint);
            return self.broken(span);
        };
        if !self.w.is_data(&ty) {
            let title = format!("no JSON is a `{}`", self.show(&ty));
            let hint = "texts, numbers, truth values, lists, maps and structs have a schema";
            self.error("E0232", title, name.span(), "it has no schema", hint);
            return self.broken(span);
        }
        let text = crate::schema::write::of(&ty, &self.w.program.structs).to_string();
        let text = Expr { kind: ExprKind::Const(Const::Str(text.into())), ty: Type::STR, span };
        Expr { kind: ExprKind::Builtin(Builtin::JsonParse, vec![text]), ..call }
    }

    /// The types that stand for the parameters of a generic item at this use: those written, or new variables.
    fn open(&mut self, head: &FnHead, types: Option<&ast::TypeArgs>, span: Span) -> Option<TypeArgs> {
        let names = head.types.iter().map(|(name, _)| name.clone());
        let Some(types) = types else {
            return Some(names.map(|name| (name, self.infer.fresh(span))).collect());
        };
        let written: Vec<Type> = types.types().map(|ty| self.w.ty(self.file, &ty)).collect();
        let (given, wanted) = (written.len(), head.types.len());
        if given != wanted {
            let s = if wanted == 1 { "" } else { "s" };
            let title = format!("`{}` takes {wanted} type{s} in `<…>`, not {given}", head.name);
            let d = Diagnostic::error("E0228", title).at(types.span(), "these types").also(head.span, "declared here");
            self.report(d.hint("give one for each parameter, or none: most follow from the arguments"));
            return None;
        }
        Some(names.zip(written).collect())
    }

    /// The type of a `var` for which none is written: a wide one, since another value may be assigned later. In a generic item
    /// a type parameter is not made wider, whatever it stands for: `var answer = gen<T>()` is a `T`.
    pub(crate) fn var_type(&mut self, at: Span, found: &Type) -> Type {
        let wide = widen(&self.infer.resolve(found));
        if wide.has(&|ty| matches!(ty, Type::Param(_))) && !wide.has(&|ty| matches!(ty, Type::Var(_))) {
            self.w.var_types.insert(at, wide.clone());
        }
        self.w.var_types.get(&at).map_or(wide, |open| open.with(&self.w.type_scope))
    }

    /// Reports a parameter for which nothing says what it stands for; otherwise the types, in order.
    fn close(&mut self, head: &FnHead, types: &TypeArgs, span: Span, hint: &str) -> Option<Vec<Type>> {
        let resolved: Vec<Type> = types.iter().map(|(_, ty)| self.infer.resolve(ty)).collect();
        let open = types.iter().zip(&resolved).find(|(_, ty)| self.infer.open_var(ty).is_some());
        if let Some(((name, _), _)) = open {
            let title = format!("nothing says what `{name}` of `{}` is here", head.name);
            let d = Diagnostic::error("E0112", title).at(span, "of which type?").also(head.span, "declared here");
            self.report(d.hint(hint));
            return None;
        }
        Some(resolved)
    }

    /// A call of a generic item. Types that are not written follow from the arguments, and what these leave open from the
    /// type that is wanted of the result.
    pub(crate) fn call_generic(
        &mut self,
        generic: usize,
        types: Option<&ast::TypeArgs>,
        at: Span,
        written: Written,
        want: Option<&Type>,
    ) -> Expr {
        let span = written.span;
        let Some(head) = self.w.generics.get(generic).map(|generic| generic.head.clone()) else {
            return self.broken(span);
        };
        if self.prompting == Prompting::Constant {
            self.not_constant(span, "functions");
            return self.broken(span);
        }
        let Some(mut args) = self.open(&head, types, at) else {
            self.each_argument(written);
            return self.broken(span);
        };
        let ret = head.ret.with(&args);
        let in_params = |name: &str| head.params.iter().any(|param| param.ty.mentions(name));
        let decided_by_want = args.iter().all(|(name, _)| !head.ret.mentions(name) || !in_params(name));
        if let (Some(want), None, true) = (want, types, decided_by_want) {
            let _ = self.infer.fits(&ret, want);
        }
        let slots: Vec<_> =
            head.params.iter().map(|param| (&*param.name, param.ty.with(&args), param.default.is_some())).collect();
        self.note_parameters(&head.params, &written);
        let values = self.arguments(&format!("`{}`", head.name), &slots, written, Some(head.span));
        if types.is_none() {
            for (name, ty) in &mut args {
                let param = Type::Param(name.clone());
                let mut found = Vec::new();
                for (slot, value) in head.params.iter().zip(&values) {
                    if let Some(value) = value {
                        stands_for(&slot.ty, &self.infer.resolve(&value.ty), &param, &mut found);
                    }
                }
                if let Some(exact) = self.exact(ty, &found) {
                    *ty = exact;
                }
            }
            if let (Some(want), true) = (want, args.iter().any(|(_, ty)| self.infer.open_var(ty).is_some())) {
                let _ = self.infer.fits(&ret, want);
            }
        }
        // Nothing can be said of what a closure with a mistake gives, either.
        let broken = values.iter().flatten().any(|value| self.infer.resolve(&value.ty).has(&|ty| *ty == Type::Error));
        if broken && args.iter().any(|(_, ty)| self.infer.open_var(ty).is_some()) {
            return self.broken(span);
        }
        let example: Vec<&str> = head.types.iter().map(|_| "int").collect();
        let hint = format!("write it: `{}<{}>(…)`", head.name, example.join(", "));
        let Some(resolved) = self.close(&head, &args, at, &hint) else { return self.broken(span) };
        let args: TypeArgs = args.into_iter().map(|(name, _)| name).zip(resolved.iter().cloned()).collect();
        let ty = head.ret.with(&args);
        match self.w.instance(generic, resolved, at) {
            Some(function) => {
                self.sized(Expr { kind: ExprKind::Call { function, args: values, splice: false }, ty, span })
            }
            None => self.broken(span),
        }
    }

    /// The type of all that was found to stand for a type parameter. Inference alone gives base types, since a later argument
    /// may be wider than the first; once all are known, a refined type that holds them all says more.
    pub(crate) fn exact(&mut self, base: &Type, found: &[Type]) -> Option<Type> {
        let joined = found.iter().try_fold(Type::Never, |all, ty| self.infer.join(&all, ty))?;
        let plain = !matches!(joined, Type::Never | Type::Error | Type::None | Type::Var(_));
        (plain && self.infer.open_var(&joined).is_none() && self.infer.fits(&joined, base)).then_some(joined)
    }

    /// A generic item as a value: the function type that is wanted says for which types.
    pub(crate) fn generic_value(&mut self, generic: usize, span: Span, want: Option<&Type>) -> Expr {
        let Some(head) = self.w.generics.get(generic).map(|generic| generic.head.clone()) else {
            return self.broken(span);
        };
        if self.prompting == Prompting::Constant {
            self.not_constant(span, "functions");
            return self.broken(span);
        }
        let Some(args) = self.open(&head, None, span) else { return self.broken(span) };
        if let Some(Type::Fn(params, ret)) = want.map(|want| self.infer.shallow(want)) {
            for (wanted, param) in params.iter().zip(&head.params) {
                let _ = self.infer.bind_exact(wanted, &param.ty.with(&args));
            }
            if args.iter().any(|(_, ty)| self.infer.open_var(ty).is_some()) {
                let _ = self.infer.fits(&head.ret.with(&args), &ret);
            }
        }
        let example: TypeArgs = args.iter().map(|(name, _)| (name.clone(), Type::INT)).collect();
        let (params, names): (Vec<_>, Vec<_>) = (head.params.iter())
            .map(|param| (format!("{}: {}", param.name, self.w.show(&param.ty.with(&example))), &*param.name))
            .unzip();
        let closure = format!("|{}| {}({})", params.join(", "), head.name, names.join(", "));
        let hint = format!("write a closure, whose types are known: `{closure}`");
        let Some(resolved) = self.close(&head, &args, span, &hint) else { return self.broken(span) };
        let args: TypeArgs = args.into_iter().map(|(name, _)| name).zip(resolved.iter().cloned()).collect();
        let params = head.params.iter().map(|param| param.ty.with(&args)).collect();
        let ty = Type::Fn(params, Box::new(head.ret.with(&args)));
        match self.w.instance(generic, resolved, span) {
            Some(function) => Expr { kind: ExprKind::Function(function), ty, span },
            None => self.broken(span),
        }
    }
}
