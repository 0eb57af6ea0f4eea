//! A type in; what a person would write for it, with the structs that it names, out.

use sgl_check::program::{Struct, StructId};
use sgl_check::types::Type;

/// Structs that are written out at most, and lines of each.
const MOST: usize = 12;
const LINES: usize = 40;

/// A type, then the declaration of each struct in it; of one that is a struct, the declarations alone. Free text is nothing to
/// tell.
pub fn written(ty: &Type, structs: &[Struct]) -> String {
    if *ty == Type::STR {
        return String::new();
    }
    let mut named = Vec::new();
    names(ty, &mut named);
    let mut at = 0;
    while let Some(id) = named.get(at).copied().filter(|_| at < MOST) {
        for field in structs.get(id.0 as usize).iter().flat_map(|item| &item.fields) {
            names(&field.ty, &mut named);
        }
        at += 1;
    }
    let head = Some(ty.show(structs).to_string()).filter(|_| !matches!(ty, Type::Struct(_)));
    let declared = named.iter().take(MOST).filter_map(|id| Some(declaration(structs.get(id.0 as usize)?, structs)));
    let more = Some(format!("… {} more structs", named.len().saturating_sub(MOST))).filter(|_| named.len() > MOST);
    head.into_iter().chain(declared).chain(more).collect::<Vec<_>>().join("\n\n")
}

fn declaration(item: &Struct, structs: &[Struct]) -> String {
    let fields =
        item.fields.iter().take(LINES).map(|field| format!("    {}: {},\n", field.name, field.ty.show(structs)));
    let more = if item.fields.len() > LINES { "    …\n" } else { "" };
    format!("struct {} {{\n{}{more}}}", item.name, fields.collect::<String>())
}

/// The structs in a type that are not known yet.
fn names(ty: &Type, found: &mut Vec<StructId>) {
    let mut add = |id: StructId| {
        if !found.contains(&id) {
            found.push(id);
        }
    };
    match ty {
        Type::Struct(id) => add(*id),
        Type::OneOf(ids) => ids.iter().copied().for_each(add),
        Type::Optional(item) | Type::Map(item) | Type::List { item, .. } => names(item, found),
        Type::Tuple(items) => items.iter().for_each(|item| names(item, found)),
        Type::Record(fields) => fields.iter().for_each(|(_, ty)| names(ty, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {

    use sgl_check::program::StructField;
    use sgl_diag::{FileId, Span};

    use super::*;

    #[test]
    fn structs_stand_below_the_type_that_names_them() {
        let span = Span::new(FileId(0), 0, 0);
        let field = |name: &str, ty| StructField { name: name.into(), ty, doc: String::new(), always: false, span };
        let item = |name: &str, fields| Struct { name: name.into(), doc: String::new(), fields, open: false, span };
        let list = |id| Type::list(Type::Struct(StructId(id)));
        let structs = [
            item(
                "Node",
                vec![field("children", list(0)), field("leaf", Type::Optional(Box::new(Type::Struct(StructId(1)))))],
            ),
            item("Leaf", vec![field("n", Type::INT)]),
        ];
        let both = "struct Node {\n    children: list<Node>,\n    leaf: Leaf?,\n}\n\nstruct Leaf {\n    n: int,\n}";
        assert_eq!(written(&Type::Struct(StructId(0)), &structs), both);
        assert_eq!(written(&list(0), &structs), format!("list<Node>\n\n{both}"));
        assert_eq!((written(&Type::STR, &structs), written(&Type::Bool, &structs)), (String::new(), "bool".into()));
    }
}
