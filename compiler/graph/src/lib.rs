//! Program to dataflow graph.
//!
//! 1. [`lower`] turns a checked [`Program`](sgl_check::program::Program) into a [`Graph`].
//! 2. [`optimize`] makes it smaller ([`passes`]).
//! 3. [`verify::verify`](verify()) says whether a graph is well formed.
//!
//! **Architecture invariant:** nothing here runs a program, computes a value or knows a backend. What an operation means
//! is in `sgl-host` (pure ones) and `sgl-exec` (the rest).
//!
//! **Architecture invariant:** lowering and passes cannot fail, and keep the depth of nested regions within a constant
//! factor of the depth of the source: a long flat function stays flat.

pub mod graph;
mod lower;
pub mod passes;
pub mod verify;

pub use graph::Graph;
pub use lower::lower;
pub use passes::optimize;
