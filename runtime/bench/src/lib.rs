//! Kernels and models measured: something that runs goes in, times and shares of what the machine can do come out.
//!
//! 1. [`time()`] takes the time of one piece of work; [`median`] of several.
//! 2. [`Roof::measure`] finds what the machine can do at most: bytes read, 8-bit numbers multiplied.
//! 3. [`kernels()`] measures single kernels, [`engine()`] the steps of a model: prompts, and tokens of many sequences.
//!
//! Architecture invariant: no terminal and no files; whoever asks draws the figures. No scheduler either: a step is what
//! [`Model::forward`](sgl_model::Model::forward) gets, so that a figure is the model's and nobody else's.

mod clock;
mod engine;
mod kernels;
mod roof;

pub use clock::{Time, median, time};
pub use engine::{Figure, Plan, Work, engine};
pub use kernels::{KernelFigure, KernelPlan, kernels};
pub use roof::Roof;
