//! `tool` items as models are told of them: heads in, JSON Schemas and constraints of their arguments out.

use std::sync::Arc;

use sgl_diag::Diagnostic;
use sgl_syntax::ast::HasDocs;
use sgl_wire::Constraint;

use crate::program::Tool;
use crate::schema::write;
use crate::types::Type;
use crate::world::World;

impl World {
    /// Says what each `tool` item takes, once the types in the heads are known.
    pub(crate) fn describe_tools(&mut self) {
        let new: Vec<_> = self.tool_heads.iter().skip(self.program.tools.len()).copied().collect();
        for function in new {
            let Some(head) = self.heads.get(function.0 as usize).cloned() else { continue };
            let unfit = head.params.iter().find(|param| !self.is_data(&param.ty));
            if let Some(param) = unfit {
                let shown = self.show(&param.ty);
                let d = Diagnostic::error("E0317", format!("a model cannot give `{}`", param.name))
                    .at(param.span, format!("a `{shown}`"));
                self.report(d.hint("parameters of a tool are texts, numbers, truth values, lists, maps and structs"));
            }
            if !self.is_data(&head.ret) {
                let (shown, span) = (self.show(&head.ret), head.ast.ret().map_or(head.span, |ret| ret.span()));
                let d = Diagnostic::error("E0317", format!("the result of `{}` has no text", head.name));
                let d = d.at(span, format!("a `{shown}`"));
                self.report(d.hint("a model reads what a tool gives: return text, or data that has one"));
            }
            // A parameter with a default may be left out, as one of type `T?`.
            let fields: Vec<(Arc<str>, Type)> = (head.params.iter())
                .map(|param| {
                    let ty = if param.default.is_some() { Type::optional(param.ty.clone()) } else { param.ty.clone() };
                    (param.name.clone(), ty)
                })
                .collect();
            let docs: Vec<&str> = head.params.iter().map(|param| param.doc.as_str()).collect();
            let structs = &self.program.structs;
            let arguments = crate::constraint::constraint(&Type::Record(fields.clone()), structs);
            let tool = Tool {
                name: head.name.clone(),
                doc: head.ast.docs().unwrap_or_default().into(),
                function,
                parameters: write::object(&fields, &docs, structs),
                arguments: arguments.unwrap_or(Constraint::FREE),
            };
            self.program.tools.push(tool);
        }
    }
}
