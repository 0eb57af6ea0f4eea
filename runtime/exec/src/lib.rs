//! Runs a graph against backends: a node starts as soon as the inputs it needs are there.
//!
//! 1. A [`Runner`] holds a program and the [`Backends`] it may ask. [`Runner::arguments`] types what a caller gives;
//!    [`Runner::run`] runs the program once, many runs beside each other; [`Runner::resume`] goes on
//!    with a prompt that is there.
//! 2. `frame` walks a region in order: what is ready runs at once, what must wait becomes a task and a value that comes
//!    later ([`sgl_host::Later`]). Pure regions go through the interpreter of `sgl-host`.
//! 3. `loops` begins iterations as early as what they carry allows.
//! 4. `generate` makes requests of `gen` and `select` and brings their answers back as typed values; `busy` is the time of that.
//! 5. `tools` says what a model may write to call one, and calls it. Effects are handed to the [`World`] of the run; `race`
//!    lets go of what came too late.
//! 6. `preflight` finds what is certain to fail on the models before they are asked.
//! 7. [`Path`] is a place in the run: seeds are made of it, and [`Transcript`] orders streamed text by it.
//!
//! An error is a value: it flows along edges and surfaces where it is read. A task is dropped when nobody holds what it
//! computes, and with it its requests: that is all there is to cancellation.
//!
//! **Architecture invariant:** knows no particular backend, parses no program, samples no token, writes to no terminal.

mod args;
mod arguments;
mod backends;
mod busy;
mod frame;
mod generate;
mod loops;
mod path;
mod preflight;
mod race;
mod runner;
mod scripted;
mod spawn;
mod stream;
mod tools;
mod world;

pub use arguments::Given;
pub use backends::Backends;
pub use path::Path;
pub use preflight::Ask;
pub use runner::{Finished, OnPrint, OnProgress, Resumed, RunError, RunOptions, Runner, Watching};
pub use scripted::{Answer, ScriptedBackend};
pub use stream::{Line, Progress, Transcript};
pub use world::{Performed, World};
