//! The typed view of the tree: nodes in, names, types, expressions and spans out.
//!
//! Every part of a node is an `Option` or an iterator, since a broken program has a tree too. A tree whose parse gave no
//! errors has all parts that the grammar asks for.
//!
//! | view | its parts |
//! | --- | --- |
//! | [`File`] | `items() docs()` |
//! | [`Item`] | `Import Type Struct Const Function Model Test` |
//! | [`Import`] | `source() -> ImportSource, names() -> Option<Vec<ImportName>>, alias()` |
//! | [`TypeItem`] | `name() ty() docs()` |
//! | [`StructItem`] | `name() fields() docs()`; [`Field`]: `name() ty() default() docs()` |
//! | [`ConstItem`] | `name() ty() value() docs()` |
//! | [`Function`] | `kind() name() type_params() params() ret() body() docs()`; [`Param`]: `name() ty() default() docs()` |
//! | [`ModelItem`] | `name() model() options() docs()` |
//! | [`TestItem`] | `name() body()` |
//! | [`Type`] | `Union Optional Fn Tuple Named Grammar Literal` |
//! | [`Pattern`] | `Or Range Literal Tuple Struct Name Wildcard` |
//! | [`Stmt`] | `Let For While Emit Assert Splice Assign Expr`; [`Block`]: `stmts() tail()` |
//! | [`Expr`] | `Literal String Name Here Binary Unary Call Index Member Gen Select Fork From If Match Try Return Break Continue Closure Paren Tuple List Comprehension Record Map Struct Block Role` |
//! | [`StringLit`] | `flavor() template_parts() -> Vec<Part> text()` |
//!
//! All have `span()`, all are cheap to clone, and `==` and hashing tell places in the tree apart.

mod exprs;
mod items;
mod literals;
mod node;
mod statements;
mod types;

pub use exprs::*;
pub use items::*;
pub use literals::{Flavor, LiteralValue, Part, StringLit};
pub(crate) use literals::{escape_mistakes, read_number};
pub use node::{AstNode, HasDocs, Name, Node};
pub use statements::*;
pub use types::*;
