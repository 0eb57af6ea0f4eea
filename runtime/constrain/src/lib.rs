//! Constraint to automaton to token mask.
