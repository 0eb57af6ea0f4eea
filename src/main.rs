//! The command line of sgl: arguments in, results and diagnostics on the terminal out.
fn main() {}
