//! The numeric kernels of the engine: one interface, a portable twin and SIMD homes.
