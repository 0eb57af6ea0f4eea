//! Documentation: the text of a module in; its items with signatures and docs, as data and as HTML pages, out.
//!
//! 1. [`module`] finds what a file offers: each item with its signature in [`code`] pieces and its documentation.
//! 2. [`library`] is the same for what every program has without an import.
//! 3. [`html`] makes pages of both; `markdown` turns documentation into HTML.
//!
//! Architecture invariant: texts in, texts out: no file is read or written. Whatever documentation holds, no page holds a
//! script or a tag that is not ours.

pub mod code;
pub mod html;
mod items;
mod library;
mod markdown;

pub use items::{Item, Kind, Member, Module, module};
pub use library::library;
