//! The pest grammar of .sgl and the words that people see for its rules.
