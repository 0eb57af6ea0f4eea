//! Runs a graph against a backend.
