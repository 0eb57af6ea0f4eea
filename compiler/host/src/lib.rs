//! Values, and the pure operations that graph nodes perform on them.
//!
//! 1. [`Program::new`] makes a graph ready to run; interpreter and executor share it.
//! 2. [`Machine`] interprets a pure region: no model, no prompt, no effect.
//! 3. [`operate`] performs one pure node, [`compute`] one operation; [`demand`] says how much of each input it needs first.
//! 4. [`json`] brings texts and JSON in as values of a type, and values out as JSON; [`text_of`] is what a hole writes.
//!
//! An error is a value too ([`Outcome`]): it stays where it happened, in an edge or in an element of a list, until something
//! reads it.
//!
//! **Architecture invariant:** synchronous and pure. No runtime, no backend, no file, no clock; prompts are carried and
//! compared here, never extended.

mod asserts;
pub mod code;
mod fault;
mod interp;
pub mod json;
mod later;
mod methods;
mod ops;
mod order;
mod regex;
mod text;
pub mod tool;
mod value;

pub use asserts::refuted;
pub use code::Program;
pub use fault::{Fault, FaultData, HostError};
pub use interp::{Iteration, MAX_CALLS, Machine, iteration};
pub use later::{Later, Setter, Wait, laters};
pub use ops::{Demand, compute, demand, operate, supply, template};
pub use regex::Regex;
pub use text::{text_of, wrap};
pub use value::{Fields, Function, MAX_NESTING, Outcome, Partial, Seq, Tool, Value};
