//! Signatures of the host library: their text in the table of builtins in, parameter and result types out.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use crate::builtins::{Builtin, NAMESPACES, parts};
use crate::types::Type;

/// A builtin with its types. `T`, `U` and `K` are the variables 0, 1 and 2; the variable 3 is `str | regex` or `int | float`.
#[derive(Debug)]
pub(crate) struct Signature {
    /// Which builtin.
    pub builtin: Builtin,
    /// What a method is called on.
    pub receiver: Option<Type>,
    /// The word before the dot of a function that is no method.
    pub namespace: Option<&'static str>,
    /// Parameters after the receiver: name and type. One that may be left out is then `none`.
    pub params: Vec<(&'static str, Type)>,
    /// How many of them must be given.
    pub required: usize,
    /// Whether it is a constant: a name without a call.
    pub constant: bool,
    /// The variable that is one of two types, and what it needs for that.
    pub either: Option<(usize, Need)>,
    /// Result.
    pub ret: Type,
}

/// What a type variable of a builtin must be able to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Be added up.
    Number,
    /// Be compared with `<`.
    Order,
    /// Have a text.
    Text,
    /// Say what to look for: be a text or a regular expression.
    Search,
}

/// Number of variables of any signature.
pub(crate) const VARS: usize = 4;

/// The variable that `str | regex` or `int | float` is.
const EITHER: usize = 3;

/// What the variables of a builtin must be able to do: variable and need.
pub(crate) fn need(builtin: Builtin) -> Option<(usize, Need)> {
    use Builtin::*;
    match builtin {
        ListSum | ListProduct | ListMean | ListMedian | ListVariance | ListStddev | ListPercentile => {
            Some((0, Need::Number))
        }
        ListSort | ListIsSorted | ListMin | ListMax | Min | Max => Some((0, Need::Order)),
        ListSortBy | ListMinBy | ListMaxBy | ListTop | MapSortBy => Some((2, Need::Order)),
        ListJoin | ListBullets | ListNumbered | ListCounts | MapInvert | ToText | ToJson | JsonRead => {
            Some((0, Need::Text))
        }
        _ => None,
    }
}

/// Functions by namespace (empty for those without) and name, methods by the family of their receiver and their name.
struct Library {
    all: HashMap<Builtin, Signature>,
    functions: HashMap<&'static str, HashMap<&'static str, Builtin>>,
    methods: HashMap<(&'static str, &'static str), Builtin>,
}

static LIBRARY: LazyLock<Library> = LazyLock::new(|| {
    let mut library = Library { all: HashMap::new(), functions: HashMap::new(), methods: HashMap::new() };
    for builtin in Builtin::ALL {
        if let Some((name, signature)) = parse(*builtin) {
            match signature.receiver.as_ref().and_then(family) {
                Some(family) => library.methods.insert((family, name), *builtin),
                None => {
                    let namespace = library.functions.entry(signature.namespace.unwrap_or_default()).or_default();
                    namespace.insert(name, *builtin)
                }
            };
            library.all.insert(*builtin, signature);
        }
    }
    library
});

/// The types of a builtin.
pub(crate) fn of(builtin: Builtin) -> Option<&'static Signature> {
    LIBRARY.all.get(&builtin)
}

/// The function of this name that stands in no namespace.
pub(crate) fn function(name: &str) -> Option<&'static Signature> {
    namespaced("", name)
}

/// The names of all functions outside of namespaces.
pub(crate) fn functions() -> impl Iterator<Item = &'static str> {
    in_namespace("")
}

/// The namespace of this name.
pub(crate) fn namespace(name: &str) -> Option<&'static str> {
    LIBRARY.functions.keys().copied().find(|namespace| *namespace == name)
}

/// The function of this name in a namespace.
pub(crate) fn namespaced(namespace: &str, name: &str) -> Option<&'static Signature> {
    of(*LIBRARY.functions.get(namespace)?.get(name)?)
}

/// The names of the functions of a namespace.
pub(crate) fn in_namespace(namespace: &str) -> impl Iterator<Item = &'static str> {
    LIBRARY.functions.get(namespace).into_iter().flat_map(|functions| functions.keys().copied())
}

/// The method of this name on values of this type.
pub(crate) fn method(receiver: &Type, name: &str) -> Option<&'static Signature> {
    let (_, builtin) = LIBRARY.methods.iter().find(|((f, n), _)| *n == name && family(receiver) == Some(f))?;
    of(*builtin)
}

/// The names of the methods of this type.
pub(crate) fn methods(receiver: &Type) -> impl Iterator<Item = &'static str> {
    let family = family(receiver);
    LIBRARY.methods.keys().filter(move |(f, _)| Some(*f) == family).map(|(_, name)| *name)
}

/// What kind of value has the methods: refined types have those of their base.
fn family(ty: &Type) -> Option<&'static str> {
    match crate::relate::widen(ty) {
        Type::Str { .. } => Some("str"),
        Type::List { .. } => Some("list"),
        Type::Map(_) => Some("map"),
        Type::Int { .. } => Some("int"),
        Type::Float { .. } => Some("float"),
        Type::Json => Some("json"),
        Type::Tool => Some("tool"),
        Type::Call => Some("call"),
        _ => None,
    }
}

fn parse(builtin: Builtin) -> Option<(&'static str, Signature)> {
    read(builtin, builtin.signature())
}

fn read(builtin: Builtin, text: &'static str) -> Option<(&'static str, Signature)> {
    let (before, name) = parts(text);
    let rest = text.get(before.map_or(0, |before| before.len() + 1) + name.len()..)?;
    let (receiver, namespace) = match before {
        Some(namespace) if NAMESPACES.contains(&namespace) => (None, Some(namespace)),
        Some(receiver) => {
            let plain = receiver.strip_prefix('(').and_then(|receiver| receiver.strip_suffix(')'));
            (Some(Reader(plain.unwrap_or(receiver)).ty()?), None)
        }
        None => (None, None),
    };
    let mut params = Vec::new();
    let mut required = 0;
    let either = match text {
        _ if text.contains("str | regex") => Some((EITHER, Need::Search)),
        _ if text.contains("int | float") => Some((EITHER, Need::Number)),
        _ => None,
    };
    if let Some(ty) = rest.strip_prefix(':') {
        let ret = Reader(ty).ty()?;
        return Some((name, Signature { builtin, receiver, namespace, params, required, constant: true, either, ret }));
    }
    let rest = rest.strip_prefix('(')?;
    let mut reader = Reader(rest);
    while !reader.eat(")") {
        let param = reader.word()?;
        let optional = reader.eat("?");
        reader.eat(":").then_some(())?;
        let ty = reader.ty()?;
        params.push((param, if optional { Type::optional(ty) } else { ty }));
        if !optional {
            required = params.len();
        }
        reader.eat(",");
    }
    reader.eat("->").then_some(())?;
    let ret = reader.ty()?;
    Some((name, Signature { builtin, receiver, namespace, params, required, constant: false, either, ret }))
}

/// What is left of a signature.
struct Reader(&'static str);

impl Reader {
    fn eat(&mut self, token: &str) -> bool {
        let rest = self.0.trim_start().strip_prefix(token);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn word(&mut self) -> Option<&'static str> {
        let text = self.0.trim_start();
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        self.0 = text.get(end..)?;
        text.get(..end).filter(|word| !word.is_empty())
    }

    fn list(&mut self) -> Option<Vec<Type>> {
        let mut items = Vec::new();
        while !self.eat(")") {
            items.push(self.ty()?);
            self.eat(",");
        }
        Some(items)
    }

    fn fields(&mut self) -> Option<Vec<(Arc<str>, Type)>> {
        let mut fields = Vec::new();
        while !self.eat("}") {
            let name = self.word()?;
            self.eat(":").then_some(())?;
            fields.push((name.into(), self.ty()?));
            self.eat(",");
        }
        Some(fields)
    }

    fn ty(&mut self) -> Option<Type> {
        let ty = if self.eat("(") {
            Type::Tuple(self.list()?)
        } else if self.eat("{") {
            Type::Record(self.fields()?)
        } else {
            match self.word()? {
                "str" if self.eat("| regex") => Type::Var(EITHER as u32),
                "int" if self.eat("| float") => Type::Var(EITHER as u32),
                "str" => Type::STR,
                "int" => Type::INT,
                "float" => Type::FLOAT,
                "bool" => Type::Bool,
                "regex" => Type::Regex,
                "json" => Type::Json,
                "tool" => Type::Tool,
                "call" => Type::Call,
                "none" => Type::None,
                "image" => Type::Image,
                "date" => Reader(crate::builtins::DATE).ty()?,
                "T" => Type::Var(0),
                "U" => Type::Var(1),
                "K" => Type::Var(2),
                "list" => {
                    let item = self.eat("<").then(|| self.ty())??;
                    self.eat(">").then_some(Type::list(item))?
                }
                "map" => {
                    let item = (self.eat("<") && self.eat("str") && self.eat(",")).then(|| self.ty())??;
                    self.eat(">").then_some(Type::Map(Box::new(item)))?
                }
                "fn" => {
                    let params = self.eat("(").then(|| self.list())??;
                    let ret = self.eat("->").then(|| self.ty())??;
                    Type::Fn(params, Box::new(ret))
                }
                _ => return None,
            }
        };
        Some(if self.eat("?") { Type::optional(ty) } else { ty })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signature_of_the_table_is_understood() {
        for builtin in Builtin::ALL {
            assert!(parse(*builtin).is_some(), "{}", builtin.signature());
        }
        let functions: usize = LIBRARY.functions.values().map(HashMap::len).sum();
        assert_eq!(functions + LIBRARY.methods.len(), Builtin::ALL.len(), "two of the same name");
        let receiver = read(Builtin::Min, "(json).keys() -> list<str>").and_then(|(_, signature)| signature.receiver);
        assert_eq!(receiver, Some(Type::Json));
    }

    #[test]
    fn a_signature_has_the_types_it_spells() {
        let fold = method(&Type::list(Type::INT), "fold").expect("fold");
        let f = Type::Fn(vec![Type::Var(1), Type::Var(0)], Box::new(Type::Var(1)));
        assert_eq!(fold.params, [("start", Type::Var(1)), ("f", f)]);
        assert!(method(&Type::INT, "fold").is_none());
    }
}
