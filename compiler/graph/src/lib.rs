//! Program to dataflow graph.

pub mod graph;
