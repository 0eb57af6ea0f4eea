//! Rotary positions (Su et al. 2021): the base and stretching a file names in, the angle of each pair per position out.

use sgl_kernels::RopeStyle;

use super::ArchitectureError;
use super::hyper::{Keys, check};
use super::weights::read_vector;

/// How heads turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Rope {
    /// Which elements of a head turn together.
    pub style: RopeStyle,
    /// The angle of each turning pair per position.
    pub frequencies: Vec<f32>,
}

impl Rope {
    /// All of a head's pairs, by this base.
    pub(super) fn new(style: RopeStyle, base: f32, dims: usize) -> Self {
        let angle = |pair: usize| f64::from(base).powf(-(2.0 * pair as f64) / dims as f64);
        Self { style, frequencies: (0..dims / 2).map(|pair| angle(pair) as f32).collect() }
    }

    /// As the file says.
    pub(super) fn read(keys: &Keys<'_>, style: RopeStyle, head_dim: usize) -> Result<Self, ArchitectureError> {
        let dims = keys.find::<usize>("rope.dimension_count")?.unwrap_or(head_dim);
        check(
            &keys.name("rope.dimension_count"),
            dims,
            dims > 0 && dims.is_multiple_of(2) && dims <= head_dim,
            || format!("even and at most {head_dim}"),
        )?;
        let base = keys.find::<f32>("rope.freq_base")?.unwrap_or(10_000.0);
        check(&keys.name("rope.freq_base"), base, base.is_finite() && base >= 1.0, || {
            "a finite number of at least 1".into()
        })?;
        let mut rope = Self::new(style, base, dims);
        rope.stretch(keys)?;
        Ok(rope)
    }

    /// Makes room for more positions.
    fn stretch(&mut self, keys: &Keys<'_>) -> Result<(), ArchitectureError> {
        match keys.find::<&str>("rope.scaling.type")? {
            None | Some("none") => {}
            Some("linear") => {
                let factor: f32 = keys.need("rope.scaling.factor")?;
                check(&keys.name("rope.scaling.factor"), factor, factor.is_finite() && factor >= 1.0, || {
                    "at least 1".into()
                })?;
                self.frequencies.iter_mut().for_each(|frequency| *frequency /= factor);
            }
            Some(kind) => return Err(ArchitectureError::RopeScaling { kind: kind.to_owned() }),
        }
        // Llama 3.1 brings a divisor for each frequency.
        if keys.gguf.tensor("rope_freqs.weight").is_some() {
            let factors = read_vector(keys.gguf, "rope_freqs.weight", self.frequencies.len())?;
            for (frequency, factor) in self.frequencies.iter_mut().zip(factors) {
                check("rope_freqs.weight", factor, factor.is_finite() && factor > 0.0, || "above 0".into())?;
                *frequency /= factor;
            }
        }
        Ok(())
    }
}
