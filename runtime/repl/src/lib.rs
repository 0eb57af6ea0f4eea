//! A session: entries in, one after another; their values, the prompt that they wrote and the program that they make out.
//!
//! 1. [`input`] says whether what was typed is an entry, a command, or goes on in the next line.
//! 2. [`Session::check`] checks an entry in the environment of those before it; [`Ready::run`] runs it, alone, on the current
//!    prompt and with the values of the variables; [`Session::accept`] takes over what it gave. Until then the session is as it
//!    was, however the run ends.
//! 3. Prompts are values: [`Session::back`] and [`Session::go`] return to an earlier one, [`Session::tree`] shows them all.
//! 4. [`save`] writes the entries that led here as one program, [`show`] values as people write them.
//! 5. [`command`] reads the lines that begin with a colon.
//!
//! **Architecture invariant:** no second meaning of the language: an entry goes through checker, graph and executor as a program does.
//! **Architecture invariant:** no terminal, no file, no model: what is printed and where models come from is up to the caller.

pub mod command;
pub mod input;
pub mod save;
mod session;
pub mod show;
mod tree;

pub use session::{Accepted, Checked, Entry, Name, Ready, Session, Set, TooFar};
pub use tree::Branch;
