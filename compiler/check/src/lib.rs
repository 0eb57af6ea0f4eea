//! Tree to [`program::Program`]: names, types and argument checks.

pub mod builtins;
pub mod program;
pub mod types;
