//! Signatures of the host library: their text in the table of builtins in, parameter and result types out.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::builtins::Builtin;
use crate::types::Type;

/// A builtin with its types. `T`, `U` and `K` are the variables 0, 1 and 2.
#[derive(Debug)]
pub(crate) struct Signature {
    /// Which builtin.
    pub builtin: Builtin,
    /// What a method is called on.
    pub receiver: Option<Type>,
    /// Parameters after the receiver: name and type.
    pub params: Vec<(&'static str, Type)>,
    /// How many of them must be given.
    pub required: usize,
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
}

/// Number of variables of any signature.
pub(crate) const VARS: usize = 3;

/// What the variables of a builtin must be able to do: variable and need.
pub(crate) fn need(builtin: Builtin) -> Option<(usize, Need)> {
    use Builtin::*;
    match builtin {
        ListSum | ListMean => Some((0, Need::Number)),
        ListSort | ListMin | ListMax | Min | Max => Some((0, Need::Order)),
        ListSortBy | ListMinBy | ListMaxBy => Some((2, Need::Order)),
        ListJoin | ToText | ToJson => Some((0, Need::Text)),
        _ => None,
    }
}

/// Functions by name and methods by the family of their receiver and their name.
struct Library {
    functions: HashMap<&'static str, Signature>,
    methods: HashMap<(&'static str, &'static str), Signature>,
}

static LIBRARY: LazyLock<Library> = LazyLock::new(|| {
    let mut library = Library { functions: HashMap::new(), methods: HashMap::new() };
    for builtin in Builtin::ALL {
        if let Some((name, signature)) = parse(*builtin) {
            match signature.receiver.as_ref().and_then(family) {
                Some(family) => library.methods.insert((family, name), signature),
                None => library.functions.insert(name, signature),
            };
        }
    }
    library
});

/// The free function of this name.
pub(crate) fn function(name: &str) -> Option<&'static Signature> {
    LIBRARY.functions.get(name)
}

/// The names of all free functions.
pub(crate) fn functions() -> impl Iterator<Item = &'static str> {
    LIBRARY.functions.keys().copied()
}

/// The method of this name on values of this type.
pub(crate) fn method(receiver: &Type, name: &str) -> Option<&'static Signature> {
    LIBRARY.methods.iter().find(|((f, n), _)| *n == name && family(receiver) == Some(f)).map(|(_, s)| s)
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
        _ => None,
    }
}

fn parse(builtin: Builtin) -> Option<(&'static str, Signature)> {
    let text = builtin.signature();
    let (head, rest) = text.split_once('(')?;
    let (receiver, name) = match head.rsplit_once('.') {
        Some((receiver, name)) => (Some(Reader(receiver).ty()?), name),
        None => (None, head),
    };
    let mut reader = Reader(rest);
    let mut params = Vec::new();
    let mut required = 0;
    while !reader.eat(")") {
        let param = reader.word()?;
        if !reader.eat("?") {
            required = params.len() + 1;
        }
        reader.eat(":").then_some(())?;
        params.push((param, reader.ty()?));
        reader.eat(",");
    }
    reader.eat("->").then_some(())?;
    let ret = reader.ty()?;
    Some((name, Signature { builtin, receiver, params, required, ret }))
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

    fn ty(&mut self) -> Option<Type> {
        let ty = if self.eat("(") {
            Type::Tuple(self.list()?)
        } else {
            match self.word()? {
                "str" => Type::STR,
                "int" => Type::INT,
                "float" => Type::FLOAT,
                "bool" => Type::Bool,
                "regex" => Type::Regex,
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
        assert_eq!(LIBRARY.functions.len() + LIBRARY.methods.len(), Builtin::ALL.len(), "two of the same name");
    }

    #[test]
    fn a_signature_has_the_types_it_spells() {
        let fold = method(&Type::list(Type::INT), "fold").expect("fold");
        let f = Type::Fn(vec![Type::Var(1), Type::Var(0)], Box::new(Type::Var(1)));
        assert_eq!(fold.params, [("start", Type::Var(1)), ("f", f)]);
        assert!(method(&Type::INT, "fold").is_none());
    }
}
