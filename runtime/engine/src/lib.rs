//! Scheduler, radix cache, slots, step and sampler: tokens in, tokens out.
