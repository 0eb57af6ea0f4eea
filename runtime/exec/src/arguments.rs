//! Arguments of a program: names with texts or JSON in, one typed value a parameter out, or everything that is wrong.

use std::sync::Arc;

use sgl_check::program::FnId;
use sgl_host::{Demand, Fault, Machine, Program, Value, json, supply};

use crate::runner::{RunError, Runner};

/// One argument as a caller has it.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// As typed on a command line: the text itself for text types, JSON for others.
    Text(String),
    /// The contents of a file.
    File(Vec<u8>),
    /// A JSON value.
    Json(serde_json::Value),
}

impl Runner {
    /// The arguments of an item by name as one value a parameter, checked against the parameters' types; defaults where
    /// none is given.
    pub fn arguments(
        &self,
        function: FnId,
        given: impl IntoIterator<Item = (String, Given)>,
    ) -> Result<Vec<Value>, Vec<RunError>> {
        let graph = &self.program.graph;
        let Some(item) = graph.functions.get(function.0 as usize) else {
            return Err(vec![wrong("the program has no such item".into())]);
        };
        let mut values: Vec<Option<Value>> = item.params.iter().map(|_| None).collect();
        let mut errors = Vec::new();
        for (name, given) in given {
            let at = item.params.iter().position(|param| *param.name == *name);
            let Some((param, slot)) = at.and_then(|at| item.params.get(at).zip(values.get_mut(at))) else {
                let names: Vec<&str> = item.params.iter().map(|param| &*param.name).collect();
                let known = if names.is_empty() { "none".into() } else { names.join(", ") };
                errors.push(
                    wrong(format!("`{}` has no parameter `{name}`", item.name))
                        .hint(format!("its parameters: {known}")),
                );
                continue;
            };
            let value = match given {
                Given::Text(text) => json::argument(&text, &param.ty, &graph.structs),
                Given::File(bytes) => json::file(bytes, &param.ty, &graph.structs),
                Given::Json(value) => json::from_json(&value, &param.ty, &graph.structs),
            };
            match value {
                Ok(value) => *slot = Some(value),
                Err(mismatch) => errors.push(wrong(format!("argument `{name}`: {mismatch}"))),
            }
        }
        let mut complete = Vec::with_capacity(values.len());
        for (at, (value, param)) in values.into_iter().zip(&item.params).enumerate() {
            match value.map_or_else(|| default_of(&self.program, function, at), |value| Some(Ok(value))) {
                Some(Ok(value)) => complete.push(value),
                Some(Err(fault)) => errors.push(fault),
                // Already told if what was given did not fit.
                None if errors.iter().any(|error| error.title.starts_with(&format!("argument `{}`", param.name))) => {}
                None => errors.push(
                    wrong(format!("argument `{}` is missing", param.name)).hint(format!("give it: --{} …", param.name)),
                ),
            }
        }
        if errors.is_empty() { Ok(complete) } else { Err(errors) }
    }
}

/// The default value of a parameter, where it has one.
pub(crate) fn default_of(program: &Arc<Program>, function: FnId, parameter: usize) -> Option<Result<Value, Fault>> {
    let code = program.defaults.get(function.0 as usize)?.get(parameter)?.clone()?;
    let value = Machine::new(program.clone(), code, Vec::new()).finish().into_iter().next()?;
    Some(supply(value, Demand::Whole).map_err(|_| wrong("the default value cannot be computed".into())))
}

fn wrong(title: String) -> Fault {
    Fault::new("E0408", title)
}
