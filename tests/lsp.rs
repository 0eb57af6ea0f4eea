//! `sglc lsp` from outside: a client that speaks the protocol, and what the server answers to each request.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "lsp/client.rs"]
mod client;
#[path = "lsp/edits.rs"]
mod edits;
#[path = "lsp/neovim.rs"]
mod neovim;
#[path = "lsp/requests.rs"]
mod requests;
#[path = "lsp/session.rs"]
mod session;
#[path = "support/mod.rs"]
mod support;
