//! Program to dataflow graph.
//!
//! 1. [`lower`] turns a checked [`Program`](sgl_check::program::Program) into a [`Graph`].
//! 2. [`optimize`] makes it smaller ([`passes`]).
//! 3. [`lints()`] says what the first graph tells about the program.
//! 4. [`bound()`] says which generations end up in which variable.
//! 5. [`print::text`], [`dot::dot`] and [`picture::picture`] show it at any stage; [`verify::verify`] says whether it is well formed, and
//!    [`needs::needs`] what it needs to be allowed to do outside.
//! 6. [`number`] gives each node a number, by which runs tell what happened to it.
//!
//! **Architecture invariant:** nothing here runs a program, computes a value or knows a backend. What an operation means
//! is in `sgl-host` (pure ones) and `sgl-exec` (the rest).
//!
//! **Architecture invariant:** lowering and passes cannot fail, and keep the depth of nested regions within a constant
//! factor of the depth of the source: a long flat function stays flat.

mod bound;
pub mod dot;
pub mod graph;
mod label;
mod lints;
mod lower;
pub mod needs;
pub mod number;
pub mod passes;
pub mod picture;
pub mod print;
mod sites;
pub mod verify;

pub use bound::{Bound, bound};
pub use graph::Graph;
pub use lints::{lints, lints_on};
pub use lower::{lower, lower_from};
pub use passes::optimize;
pub use sites::next_site;
