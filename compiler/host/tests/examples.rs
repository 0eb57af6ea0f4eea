//! The examples of the library's table are true.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fmt::Write;
use std::sync::Arc;

use sgl_check::builtins::Builtin;
use sgl_check::{NoFiles, check};
use sgl_diag::SourceMap;
use sgl_host::{Machine, Program, Value};

#[test]
fn every_example_of_the_library_is_true() {
    let examples: Vec<_> = Builtin::ALL.iter().filter_map(|builtin| Some((builtin, builtin.example()?))).collect();
    let mut source = String::new();
    for (n, (_, example)) in examples.iter().enumerate() {
        writeln!(source, "fn example_{n}() -> bool {{ {example} }}").unwrap();
    }
    let mut sources = SourceMap::new();
    let root = sources.add("examples.sgl", source.as_str());
    let checked = check(root, &mut NoFiles, &mut sources);
    let said: Vec<_> = checked.diagnostics.iter().filter(|d| d.code != "W0501").collect();
    let said: Vec<_> = said.iter().map(|d| (d.code, &d.title, d.span().map(|span| sources.text(span)))).collect();
    assert!(said.is_empty(), "{said:#?}");

    let program = Arc::new(Program::new(Arc::new(sgl_graph::lower(&checked.program.unwrap()))));
    let mut wrong = Vec::new();
    for (code, (builtin, example)) in program.functions.iter().zip(examples) {
        let result = Machine::new(program.clone(), code.clone(), Vec::new()).finish().remove(0);
        if result != Ok(Value::Bool(true)) {
            wrong.push(format!("{builtin:?}: {example} is {result:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What asks a model, reaches outside or needs an item cannot be shown by an expression; everything else is.
#[test]
fn every_builtin_that_can_have_an_example_has_one() {
    let missing = Builtin::ALL.iter().filter(|builtin| builtin.example().is_none() && !builtin.has_effect());
    let missing: Vec<_> = missing
        .filter(|builtin| !matches!(builtin, Builtin::StrTokens | Builtin::Race | Builtin::ToolsDescribe))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
