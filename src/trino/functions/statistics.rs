//! Distributions.

use super::{Function, plain, unexpected};
use crate::trino::error::EvalError;
use crate::trino::value::{Eval, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    plain("normal_cdf", &["(double, double, double) -> double"], normal_cdf),
    plain("inverse_normal_cdf", &["(double, double, double) -> double"], inverse_normal_cdf),
    plain("beta_cdf", &["(double, double, double) -> double"], beta_cdf),
    plain("inverse_beta_cdf", &["(double, double, double) -> double"], inverse_beta_cdf),
    plain("wilson_interval_lower", &["(bigint, bigint, double) -> double"], |values| {
        wilson_interval(values, -1.0)
    }),
    plain("wilson_interval_upper", &["(bigint, bigint, double) -> double"], |values| {
        wilson_interval(values, 1.0)
    }),
];

/// The share of the standard normal distribution up to a point.
fn standard_normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

fn normal_cdf<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Double(mean), Value::Double(deviation), Value::Double(x)] = values else {
        return unexpected(values);
    };
    if deviation.is_nan() || *deviation <= 0.0 {
        return Err(EvalError::argument("standardDeviation must be > 0"));
    }
    Ok(Value::Double(standard_normal_cdf((x - mean) / deviation)))
}

fn inverse_normal_cdf<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Double(mean), Value::Double(deviation), Value::Double(p)] = values else {
        return unexpected(values);
    };
    if !(*p > 0.0 && *p < 1.0) {
        return Err(EvalError::argument("p must be in the interval (0, 1)"));
    }
    if deviation.is_nan() || *deviation <= 0.0 {
        return Err(EvalError::argument("standardDeviation must be > 0"));
    }
    Ok(Value::Double(mean + deviation * standard_normal_quantile(*p)))
}

/// Acklam's approximation, good to nine digits, and Halley's step to all of them, twice.
fn standard_normal_quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969683028665376e+01,
        2.209460984245205e+02,
        -2.759285104469687e+02,
        1.38357751867269e+02,
        -3.066479806614716e+01,
        2.506628277459239e+00,
    ];
    const B: [f64; 5] = [
        -5.447609879822406e+01,
        1.615858368580409e+02,
        -1.556989798598866e+02,
        6.680131188771972e+01,
        -1.328068155288572e+01,
    ];
    const C: [f64; 6] = [
        -7.784894002430293e-03,
        -3.223964580411365e-01,
        -2.400758277161838e+00,
        -2.549732539343734e+00,
        4.374664141464968e+00,
        2.938163982698783e+00,
    ];
    const D: [f64; 4] =
        [7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00];
    const TAIL: f64 = 0.02425;
    let polynomial = |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    let tail = |p: f64| {
        let q = (-2.0 * p.ln()).sqrt();
        polynomial(&C, q) / (polynomial(&D, q) * q + 1.0)
    };
    let mut x = if p < TAIL {
        tail(p)
    } else if p > 1.0 - TAIL {
        -tail(1.0 - p)
    } else {
        let q = p - 0.5;
        let r = q * q;
        polynomial(&A, r) * q / (polynomial(&B, r) * r + 1.0)
    };
    for _ in 0..2 {
        let error = standard_normal_cdf(x) - p;
        let step = error * (2.0 * std::f64::consts::PI).sqrt() * (x * x / 2.0).exp();
        x -= step / (1.0 + x * step / 2.0);
    }
    x
}

fn check_beta(a: f64, b: f64) -> Result<(), EvalError> {
    if a.is_nan() || a <= 0.0 || b.is_nan() || b <= 0.0 {
        return Err(EvalError::argument("a, b must be > 0"));
    }
    Ok(())
}

fn beta_cdf<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Double(a), Value::Double(b), Value::Double(x)] = values else { return unexpected(values) };
    check_beta(*a, *b)?;
    if !(0.0..=1.0).contains(x) {
        return Err(EvalError::argument("value must be in the interval [0, 1]"));
    }
    Ok(Value::Double(incomplete_beta(*a, *b, *x)))
}

/// The point at which the distribution reaches a share: halving finds it to the last bit.
fn inverse_beta_cdf<'a>(values: &[Value<'a>]) -> Eval<'a> {
    let [Value::Double(a), Value::Double(b), Value::Double(p)] = values else { return unexpected(values) };
    check_beta(*a, *b)?;
    if !(0.0..=1.0).contains(p) {
        return Err(EvalError::argument("p must be in the interval [0, 1]"));
    }
    let (mut low, mut high) = (0.0, 1.0);
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return Ok(Value::Double(middle));
        }
        if incomplete_beta(*a, *b, middle) < *p {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// The regularized incomplete beta function, by its continued fraction (Lentz's method).
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    /// Below this a number would divide to infinity.
    const TINY: f64 = 1e-300;
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    // The fraction converges on one side of the mean; the function is symmetric.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let log_beta = libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
    let front = (a * x.ln() + b * (-x).ln_1p() - log_beta).exp() / a;
    let away_from_zero = |x: f64| if x.abs() < TINY { TINY } else { x };
    let (mut fraction, mut c, mut d) = (1.0, 1.0, 0.0);
    for i in 0..500 {
        let m = f64::from(i / 2);
        let numerator = match i {
            0 => 1.0,
            i if i % 2 == 0 => m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            _ => -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        };
        d = 1.0 / away_from_zero(1.0 + numerator * d);
        c = away_from_zero(1.0 + numerator / c);
        fraction *= c * d;
        if (1.0 - c * d).abs() < 1e-16 {
            break;
        }
    }
    front * (fraction - 1.0)
}

fn wilson_interval<'a>(values: &[Value<'a>], side: f64) -> Eval<'a> {
    let [Value::Integer(successes), Value::Integer(trials), Value::Double(z)] = values else {
        return unexpected(values);
    };
    let reason = if *successes < 0 {
        "number of successes must not be negative"
    } else if *trials <= 0 {
        "number of trials must be positive"
    } else if successes > trials {
        "number of successes must not be larger than number of trials"
    } else if *z < 0.0 {
        "z-score must not be negative"
    } else {
        ""
    };
    if !reason.is_empty() {
        return Err(EvalError::argument(reason));
    }
    let (s, n) = (*successes as f64, *trials as f64);
    let p = s / n;
    let squared = z * z;
    let centre = p + squared / (2.0 * n);
    let reach = z * (p * (1.0 - p) / n + squared / (4.0 * n * n)).sqrt();
    Ok(Value::Double((centre + side * reach) / (1.0 + squared / n)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trino::testing::check;

    #[test]
    fn quantiles_invert_the_distribution() {
        for p in [1e-300, 1e-10, 0.01, 0.3, 0.5, 0.975, 1.0 - 1e-10] {
            let back = standard_normal_cdf(standard_normal_quantile(p));
            assert!((back - p).abs() <= 1e-13 * p, "{p} {back}");
        }
        check("round(beta_cdf(2, 2, 0.5), 12)", "5E-1");
        check("round(beta_cdf(3, 3.6, 0.9), 12)", "9.97250288161E-1");
        check("round(inverse_beta_cdf(2, 5, beta_cdf(2, 5, 0.3)), 12)", "3E-1");
        check("beta_cdf(0, 1, 0.5)", "! a, b must be > 0");
        check("inverse_normal_cdf(0, 1, 0.5)", "0E0");
        check("inverse_normal_cdf(0, 1, 1)", "! p must be in the interval (0, 1)");
        check("normal_cdf(0, 0, 1)", "! standardDeviation must be > 0");
        check("wilson_interval_lower(0, 0, 1.96)", "! number of trials must be positive");
        check("round(wilson_interval_lower(5, 10, 1.96), 6)", "2.3659E-1");
    }
}
