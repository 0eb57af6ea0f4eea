//! What the tests inside of the crate and outside of it share: the folder of large data, random numbers that repeat.

use std::path::PathBuf;

/// The folder of the large test data, where there is one.
pub fn data() -> Option<PathBuf> {
    let data = std::env::var_os("SGL_DATA").map(PathBuf::from);
    if data.is_none() {
        println!("skipped: SGL_DATA names no folder of test data");
    }
    data
}

/// A small random number generator (xorshift), so that tests repeat.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}
