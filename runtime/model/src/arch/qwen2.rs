//! A block of Qwen 2 and 2.5 (Yang et al. 2024): that of Llama, with a bias on queries, keys and values. Its heads turn
//! by halves, which [`Architecture::rope_style`](super::Architecture::rope_style) says.

use super::kv::KvLayer;
use super::step::Step;
use super::weights::{Bias, Tensors};
use super::{ArchitectureError, Hyper, decoder, llama};

/// See the module's text.
pub(super) struct Block(llama::Block);

impl decoder::Block for Block {
    fn load(tensors: &mut Tensors<'_>, hyper: &Hyper, index: usize) -> Result<Self, ArchitectureError> {
        llama::Block::read(tensors, hyper, index, Bias::Always).map(Self)
    }

    fn run(&self, step: &mut Step<'_>, kv: &mut KvLayer) {
        self.0.run(step, kv);
    }
}
