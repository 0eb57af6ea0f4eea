//! Tree to Program: names, types and argument checks.
