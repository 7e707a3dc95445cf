//! The distribution of sizes and times: quantiles to 1 per cent, and exact extremes.

use hdrhistogram::Histogram;

/// What is beyond counts as this: an hour in nanoseconds, 3.6 TB in bytes.
const MOST: u64 = 3_600_000_000_000;

/// Counts values. All of its memory, about 20 KiB, is allocated at the start.
#[derive(Clone, Debug, PartialEq)]
pub struct Dist {
    buckets: Histogram<u64>,
    min: u64,
    max: u64,
}

impl Dist {
    /// No values yet.
    #[must_use]
    pub fn new() -> Self {
        let buckets = Histogram::new_with_bounds(1, MOST, 2);
        let buckets = buckets.unwrap_or_else(|_| unreachable!("the bounds are constants, and valid"));
        Self { buckets, min: u64::MAX, max: 0 }
    }

    /// Counts `value`. Never allocates.
    #[inline]
    pub fn add(&mut self, value: u64) {
        self.buckets.saturating_record(value);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// Adds another distribution to this one.
    pub fn merge(&mut self, other: &Self) {
        // All have the same bounds, so that adding cannot fail.
        self.buckets += &other.buckets;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// The smallest value, exactly; 0 if there is none.
    #[must_use]
    pub fn min(&self) -> u64 {
        if self.is_empty() { 0 } else { self.min }
    }

    /// The largest value, exactly; 0 if there is none.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The value that a share of `quantile` (0 to 1) of all values does not exceed, to 1 per cent.
    #[must_use]
    pub fn quantile(&self, quantile: f64) -> u64 {
        if self.is_empty() { 0 } else { self.buckets.value_at_quantile(quantile).clamp(self.min, self.max) }
    }
}

impl Default for Dist {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_are_exact_and_quantiles_near() {
        let mut dist = Dist::new();
        assert_eq!((dist.min(), dist.quantile(0.5), dist.max()), (0, 0, 0));
        (10..=10_000).for_each(|value| dist.add(value));
        assert_eq!((dist.min(), dist.max()), (10, 10_000));
        assert!(dist.quantile(0.5).abs_diff(5005) <= 50);
        assert_eq!(dist.quantile(1.0), 10_000);
        let mut other = Dist::new();
        other.add(u64::MAX);
        dist.merge(&other);
        assert_eq!(dist.max(), u64::MAX);
    }
}
