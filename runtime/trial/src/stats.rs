//! Many numbers in, the four that people ask for out.

/// How numbers lie. All are 0 where there are none.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Spread {
    /// Their mean.
    pub mean: f64,
    /// Half of them are at most this.
    pub p50: f64,
    /// 99 of 100 are at most this.
    pub p99: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// Of these numbers, which are sorted on the way.
    pub fn of(numbers: &mut [f64]) -> Spread {
        numbers.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| {
            let index = (share * numbers.len() as f64) as usize;
            numbers.get(index.min(numbers.len().saturating_sub(1))).copied().unwrap_or(0.0)
        };
        let mean = if numbers.is_empty() { 0.0 } else { numbers.iter().sum::<f64>() / numbers.len() as f64 };
        Spread { mean: tenth(mean), p50: tenth(at(0.5)), p99: tenth(at(0.99)), max: tenth(at(1.0)) }
    }
}

/// Rounded to a tenth: more digits would only be noise.
pub(crate) fn tenth(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_of_a_hundred_numbers() {
        let mut numbers: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(Spread::of(&mut numbers), Spread { mean: 50.5, p50: 51.0, p99: 100.0, max: 100.0 });
        assert_eq!(Spread::of(&mut []), Spread::default());
    }
}
