//! The library that every program has, as a module: the table of builtins in, items out.

use sgl_check::builtins::Builtin;

use crate::code::pieces;
use crate::{Item, Kind, Module};

/// Methods and functions of the library, in the order of its table.
pub fn library() -> Module {
    let items = Builtin::ALL.iter().map(|builtin| {
        let signature = builtin.signature();
        let name = signature.split('(').next().unwrap_or(signature);
        Item {
            kind: Kind::Fn,
            name: name.to_string(),
            signature: pieces(signature),
            docs: builtin.doc().to_string(),
            members: Vec::new(),
            offset: 0,
        }
    });
    Module {
        name: "library".into(),
        docs: "What every program has without an import. A method's receiver stands before the dot; a parameter with `?` after its \
               name may be left out."
            .into(),
        items: items.collect(),
    }
}
