//! The numeric kernels of the engine: views of numbers go in, numbers come out, the same bits in every home.
//!
//! The steps of a layer, in the order a model calls them on [`Kernels`]:
//! 1. [`Kernels::add_norm`] and [`Kernels::quantise`] prepare rows as the [`Input`] of a product.
//! 2. [`Kernels::matmul`] multiplies them with one or more packed weight matrices ([`Matrix`]).
//! 3. [`Kernels::rope`] turns queries and keys, [`Kernels::mix_heads`] and [`Kernels::code_heads`] make them small where they are
//!    kept so;
//!    [`Kernels::attention`] reads keys and values by slot.
//! 4. [`Kernels::gate`] makes the input of the block's last product, whose results the next [`Kernels::add_norm`] adds.
//! 5. [`log_sum_exp`] and [`exp_below`] make logits probabilities, for whoever draws from them.
//!
//! Three homes run them: `portable`, plain Rust and the truth, `avx2` and `avx512`. `SGL_CPU` chooses one by name; the
//! widest that the machine has runs otherwise.
//!
//! Architecture invariant: a row's result never depends on its neighbours, on the home or on the number of threads.
//! SIMD lanes are *outputs* (weight rows, or elements), so the sum behind one output has one order, written down in
//! the portable twin, and no fused multiply-add is used anywhere.
//! Architecture invariant: kernels take views and scratch and allocate nothing that outlives warm-up; they know no
//! model, no file and no sequence.
//! Architecture invariant: integer sums are exact, so only the order of the f32 sums has to be fixed.

mod activations;
mod attention;
mod block;
mod cpu;
mod disjoint;
mod kv;
mod math;
mod matmul;
mod matrix;
mod pool;
mod prepare;
mod roof;
mod spent;
mod sync;
mod types;
mod vector;

pub use activations::ActivationBlock;
pub use attention::{AttentionPlan, AttentionShape, AttentionSpan};
pub use block::dequantise_row;
pub use cpu::{Home, HomeError};
pub use kv::{KV_BLOCK, KvView, kv_blocks};
pub use matmul::{Input, Product};
pub use matrix::{Matrix, MatrixError};
pub use pool::Pool;
pub use prepare::Gate;
pub use spent::Spent;
pub use types::TensorType;
pub use vector::{RopeStyle, exp_below, log_sum_exp, softmax};

/// The kernels of one home, run by one pool of threads.
pub struct Kernels {
    home: Home,
    pool: Pool,
    /// Working memory of the attention kernel, one piece a thread.
    scratch: Vec<std::sync::Mutex<attention::Scratch>>,
    spent: Spent,
}

impl Kernels {
    /// Kernels of `home` on `threads` threads (0: as many as the machine offers), the caller's included.
    pub fn new(home: Home, threads: usize) -> Self {
        let threads = match threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            n => n,
        };
        let pool = Pool::new(threads);
        let scratch = (0..pool.threads()).map(|_| std::sync::Mutex::default()).collect();
        Self { home, pool, scratch, spent: Spent::default() }
    }

    /// The home these kernels run in.
    pub fn home(&self) -> Home {
        self.home
    }

    /// Threads at work, the caller's included.
    pub fn threads(&self) -> usize {
        self.pool.threads()
    }

    /// Calls `task` once for each of `0..count`, on any of the threads, and returns when all are done.
    ///
    /// # Panics
    /// If a task panics.
    pub fn share(&mut self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        self.pool.run(count, &|item, _| task(item));
    }

    /// Time in the kernels that do the most work, since these were made.
    pub fn spent(&self) -> Spent {
        self.spent
    }
}
