//! Tools in a run: what a model may write when it is offered some, what it wrote as a value, and calls of tools with
//! arguments by name.

use std::sync::Arc;

use indexmap::IndexMap;
use sgl_check::program::{GenArg, Struct, Tools};
use sgl_check::types::Type;
use sgl_diag::Span;
use sgl_host::code::Code;
use sgl_host::tool::{CALL, call};
use sgl_host::{Fault, Outcome, Tool, Value, json, text_of};
use sgl_wire::Constraint;

use crate::arguments::default_of;
use crate::runner::Context;
use crate::spawn::{start, whole};

/// The tools of one generation.
pub(crate) struct Offer {
    how: Tools,
    tools: Vec<Arc<Tool>>,
}

impl Offer {
    /// The tools among the arguments of a `gen`: at least one, each with its own name.
    pub(crate) fn new(how: Tools, args: &[GenArg], values: &[Value], span: Span) -> Result<Offer, Fault> {
        let bad = |title: String| Err(Fault::new("E0407", title).at(span));
        let list = args.iter().zip(values).find(|(arg, _)| **arg == GenArg::Tools).map(|(_, value)| value);
        let mut tools: Vec<Arc<Tool>> = Vec::new();
        if let Some(Value::List(list)) = list {
            for value in list.items() {
                let Value::Tool(tool) = value else {
                    return Err(Fault::internal(format!("{} among tools", value.kind()), span));
                };
                if tools.iter().any(|other| other.name == tool.name) {
                    return bad(format!("two of the tools that are offered are called `{}`", tool.name));
                }
                tools.push(tool.clone());
            }
        }
        if tools.is_empty() {
            bad("there is no tool in the list that is offered".into())
        } else {
            Ok(Offer { how, tools })
        }
    }

    /// What the model may write: a call of one of the tools, or an answer that cannot be taken for one.
    pub(crate) fn constraint(&self, answer: &Constraint) -> Constraint {
        let calls = self.tools.iter().map(|tool| {
            let literal = |text: String| Constraint::Choice(vec![text.into()]);
            Constraint::Seq(vec![literal(tool.opening()), tool.arguments.clone(), literal(Tool::closing())])
        });
        let answer = match self.how {
            Tools::Demanded => None,
            Tools::Offered if answer.is_free() => Some(Constraint::NotBeginning(CALL.0.into())),
            Tools::Offered => Some(answer.clone()),
        };
        Constraint::AnyOf(answer.into_iter().chain(calls).collect())
    }

    /// What the model wrote: `{ answer, call }`, or the call that was demanded.
    pub(crate) fn read(&self, text: &str, answer: &Type, structs: &[Struct]) -> Result<Value, String> {
        let found = call(text).and_then(|(name, arguments)| {
            let tool = self.tools.iter().find(|tool| *tool.name == *name)?;
            Some((tool, arguments))
        });
        let written = match found {
            None => None,
            Some((tool, arguments)) => {
                let arguments = json::from_json(&arguments, &Type::Json, structs).map_err(|error| error.to_string())?;
                let fields = [
                    ("name", Value::Str(tool.name.clone())),
                    ("arguments", arguments),
                    ("tool", Value::Tool(tool.clone())),
                ];
                Some(record(fields)?)
            }
        };
        match (self.how, written) {
            (Tools::Demanded, Some(call)) => Ok(call),
            (Tools::Demanded, None) => Err("it calls no tool".into()),
            (Tools::Offered, Some(call)) => record([("answer", Value::None), ("call", call)]),
            (Tools::Offered, None) => {
                let answer = json::parse_as(text, answer, structs).map_err(|mismatch| mismatch.to_string())?;
                record([("answer", answer), ("call", Value::None)])
            }
        }
    }
}

fn record<const N: usize>(fields: [(&str, Value); N]) -> Result<Value, String> {
    let fields: IndexMap<Arc<str>, Value> = fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
    Value::record(None, fields).map_err(|error| error.to_string())
}

/// The function of a tool with the parameters of its code: `[effect, arguments…]`.
pub(crate) fn prepared(
    context: &Context,
    mut inputs: impl Iterator<Item = Value>,
    span: Span,
) -> Result<(Arc<Code>, Vec<Outcome>), Fault> {
    let program = &context.run.program;
    let (Some(Value::Tool(tool)), Some(effect), Some(arguments)) = (inputs.next(), inputs.next(), inputs.next()) else {
        return Err(Fault::internal("a call of what is no tool", span));
    };
    let item = program.graph.functions.get(tool.function.0 as usize);
    let (Some(item), Some((code, _))) = (item, program.item_value(tool.function)) else {
        return Err(Fault::internal("a tool without a function", span));
    };
    let names: Vec<&str> = item.params.iter().map(|param| &*param.name).collect();
    let wrong = |what: String| {
        let fault =
            Fault::new("E0413", format!("these arguments do not fit the tool `{}`: {what}", tool.name)).at(span);
        fault.hint(if names.is_empty() { "it takes none".into() } else { format!("it takes: {}", names.join(", ")) })
    };
    let given = json::to_json(&arguments).map_err(|error| Fault::of(error, span))?;
    let Some(given) = given.as_object() else {
        return Err(wrong(format!("an object is wanted, not {}", arguments.kind())));
    };
    if let Some(name) = given.keys().find(|name| !names.contains(&name.as_str())) {
        return Err(wrong(format!("there is no parameter `{name}`")));
    }
    let mut params = vec![effect.outcome()];
    for (at, param) in item.params.iter().enumerate() {
        let default = || default_of(program, tool.function, at);
        let value = match given.get(&*param.name) {
            Some(value) => match (json::from_json(value, &param.ty, &program.graph.structs), value.is_null()) {
                (Ok(value), _) => Ok(value),
                (Err(mismatch), false) => return Err(wrong(format!("`{}`: {mismatch}", param.name))),
                (Err(mismatch), true) => default().ok_or_else(|| wrong(format!("`{}`: {mismatch}", param.name)))?,
            },
            None => match (default(), &param.ty) {
                (Some(value), _) => value,
                (None, Type::Optional(_) | Type::Json) => Ok(Value::None),
                (None, _) => return Err(wrong(format!("`{}` is missing", param.name))),
            },
        };
        params.push(value);
    }
    Ok((code.clone(), params))
}

/// The results `[value, effect]` of a tool's function, the value as text.
pub(crate) fn as_text(context: &Context, results: Vec<Outcome>, span: Span) -> Vec<Outcome> {
    let mut results = results.into_iter();
    let (value, effect) = (results.next().unwrap_or(Ok(Value::None)), results.next().unwrap_or(Ok(Value::None)));
    start(&context.run.tasks, 2, async move {
        let text = whole(value).await.and_then(|value| match value {
            Value::None => Ok(Value::str("")),
            value => text_of(&value).map(Value::Str).map_err(|error| Fault::of(error, span)),
        });
        vec![text, effect]
    })
}
