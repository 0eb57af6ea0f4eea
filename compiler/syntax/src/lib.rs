//! Source text to a lossless tree, its errors, and a typed view of it.
