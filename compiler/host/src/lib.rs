//! Values, and the pure operations that graph nodes perform on them.
