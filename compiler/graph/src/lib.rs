//! Program to dataflow graph: lowering, passes, text and DOT.
