//! What lies outside of a program, as far as it is allowed: effects in, values out.
//!
//! 1. [`Permissions`] says what a run may reach; nothing, where nobody said more.
//! 2. [`Outside`] is the `World` of a run: each effect is checked against the permissions and then performed, in `files`,
//!    `http`, `process`, `mcp` or here. It also tells the checker which tools an MCP server has.
//! 3. [`Traced`] tells a log what was performed, and [`Replayed`] gives the same again without reaching anything.
//!
//! A refusal is the error `E0411` and names the flag that would allow what was refused. Whatever else goes wrong is `E0412`.
//!
//! **Architecture invariant:** nothing is reached before `permissions` has allowed it, and what it allowed is what is
//! reached: paths are those that it resolved, and every redirect of a server is asked about again.
//!
//! **Architecture invariant:** every effect ends: what is read has a greatest size, what is waited for a longest time.

mod files;
mod http;
mod mcp;
mod outside;
mod permissions;
mod process;
mod traced;

pub use http::said;
pub use mcp::Patience;
pub use outside::Outside;
pub use permissions::{Allowed, Permissions};
pub use traced::{Replayed, Traced};

use sgl_host::Fault;

/// Most bytes that one effect brings into a program.
pub(crate) const MAX_BYTES: u64 = 64 << 20;

/// Something outside failed.
pub(crate) fn failed(title: impl Into<String>) -> Fault {
    Fault::new("E0412", title)
}
