//! Spans and diagnostics: what went wrong, where, and what to do.
