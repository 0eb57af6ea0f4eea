//! `sglc graph FILE`: the dataflow graph of a program, as text or DOT.

use sgl_tools::Outside;

use crate::args::GraphArgs;
use crate::compile::compile_with;
use crate::project::Found;
use crate::terminal::{self, Complaint, Exit};

/// Prints the graph after all passes.
pub fn run(args: &GraphArgs) -> Result<Exit, Complaint> {
    let project = Found::of_program(&args.file)?;
    let compiled = compile_with(&args.file, &Outside::new(args.allow.permissions(&project)))?;
    compiled.report();
    let Some(program) = &compiled.program else { return Ok(Exit::DoesNotCompile) };
    let graph = compiled.graph(program);
    let text = if args.dot { sgl_graph::dot::dot(&graph) } else { sgl_graph::print::text(&graph) };
    terminal::write_text(&text);
    Ok(Exit::Done)
}
