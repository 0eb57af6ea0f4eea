//! Small pieces the plain kernels share; inlined into each home, so every home runs the same operations.

/// Lanes of a sum: element `i` goes to lane `i % 8`.
pub(crate) const LANES: usize = 8;

/// The one order in which eight lanes become a number.
#[inline(always)]
pub(crate) fn tree_sum(lanes: [f32; LANES]) -> f32 {
    let four: [f32; 4] = std::array::from_fn(|i| lanes[i] + lanes[i + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// `Σ f(x)` in lanes.
#[inline(always)]
pub(crate) fn sum_by(values: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for i in 0..LANES {
            lanes[i] += f(chunk[i]);
        }
    }
    for (lane, &value) in lanes.iter_mut().zip(rest) {
        *lane += f(value);
    }
    tree_sum(lanes)
}

/// `e^x` within 2 units in the last place; 0 below -87.3, infinity above 88.7 (Cephes, Moshier 1992).
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let (fraction, whole) = exp_parts(x.clamp(-87.3, 88.7));
    // Two factors, as 2^128 has no exponent of its own.
    let half = whole >> 1;
    let value = fraction * power_of_two(half) * power_of_two(whole.wrapping_sub(half));
    if x < -87.3 {
        0.0
    } else if x > 88.7 {
        f32::INFINITY
    } else {
        value
    }
}

/// The same bits for a number that is not above 0, or is none: the exponent of a softmax.
#[inline(always)]
pub(crate) fn exp_to_one(x: f32) -> f32 {
    // NaN is no larger than the limit, but it is not below it either.
    let (fraction, whole) = exp_parts(if x < -87.3 { -87.3 } else { x });
    let value = fraction * power_of_two(whole);
    if x < -87.3 { 0.0 } else { value }
}

/// `e^x` as a number near 1 and the power of two that it is multiplied with.
#[inline(always)]
#[expect(clippy::excessive_precision, reason = "the constants as published")]
fn exp_parts(x: f32) -> (f32, i32) {
    const ROUND: f32 = 12_582_912.0;
    // The sum holds the whole number in its low bits; a conversion of floats would not be vectorised.
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let (n, whole) = (shifted - ROUND, shifted.to_bits().wrapping_sub(ROUND.to_bits()) as i32);
    let r = (x - n * 0.693_359_375) - n * -2.121_944_4e-4;
    let mut poly = 1.987_569_15e-4;
    poly = poly * r + 1.398_199_95e-3;
    poly = poly * r + 8.333_451_9e-3;
    poly = poly * r + 4.166_579_6e-2;
    poly = poly * r + 1.666_666_55e-1;
    poly = poly * r + 5.000_000_12e-1;
    ((poly * (r * r) + r) + 1.0, whole)
}

#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

/// `tanh x` within 3 units in the last place (Cephes, Moshier 1992).
#[inline(always)]
#[expect(clippy::excessive_precision, reason = "the constants as published")]
pub(crate) fn tanh(x: f32) -> f32 {
    let z = x * x;
    let mut poly = -5.704_988_727_45e-3;
    poly = poly * z + 2.063_908_879_54e-2;
    poly = poly * z - 5.373_971_555_31e-2;
    poly = poly * z + 1.333_144_220_36e-1;
    poly = poly * z - 3.333_328_194_22e-1;
    let near = poly * z * x + x;
    let far = (1.0 - 2.0 / (exp(2.0 * x.abs()) + 1.0)).copysign(x);
    if x.abs() < 0.625 { near } else { far }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_two_units_in_the_last_place() {
        for i in -870_000..887_000 {
            let x = i as f32 * 1e-4;
            let truth = f64::from(x).exp() as f32;
            let units = (i64::from(exp(x).to_bits()) - i64::from(truth.to_bits())).abs();
            assert!(units <= 2, "exp({x}) = {} and not {truth}", exp(x));
            assert!(x > 0.0 || exp_to_one(x).to_bits() == exp(x).to_bits(), "exp({x})");
        }
        assert_eq!([exp(0.0), exp(f32::NEG_INFINITY), exp(f32::INFINITY)], [1.0, 0.0, f32::INFINITY]);
        assert!(exp(f32::NAN).is_nan());
        assert_eq!([exp_to_one(-0.0), exp_to_one(-88.0), exp_to_one(f32::NEG_INFINITY)], [1.0, 0.0, 0.0]);
        assert!(exp_to_one(f32::NAN).is_nan());
    }

    #[test]
    fn tanh_is_within_three_units_in_the_last_place() {
        for i in -120_000..120_000 {
            let x = i as f32 * 1e-4;
            let truth = f64::from(x).tanh() as f32;
            let units = (i64::from(tanh(x).to_bits()) - i64::from(truth.to_bits())).abs();
            assert!(units <= 3, "tanh({x}) = {} and not {truth}", tanh(x));
        }
        assert_eq!([tanh(0.0), tanh(f32::INFINITY), tanh(f32::NEG_INFINITY)], [0.0, 1.0, -1.0]);
        assert!(tanh(f32::NAN).is_nan());
    }
}
