//! How far apart the changes of a counter are: a histogram of times in quarter octaves.

/// From 16 us, shorter than any sampling, to 17 s; what lies outside goes to the ends.
const FIRST_OCTAVE: u32 = 14;
const OCTAVES: u32 = 20;

/// How many classes of times there are.
pub(super) const CLASSES: usize = (OCTAVES * 4) as usize;

/// The class of a time: its power of two, divided in four. Two times of one class differ by a quarter at
/// most.
pub(super) fn class(ns: u64) -> usize {
    let octave = ns.max(1).ilog2();
    if octave < FIRST_OCTAVE {
        return 0;
    }
    let quarter = (ns >> (octave - 2)) & 3;
    let class = u64::from(octave - FIRST_OCTAVE) * 4 + quarter;
    (class as usize).min(CLASSES - 1)
}

/// Counts distances; knows their quantiles to within a quarter, and exactly if they are all alike.
#[derive(Debug, Clone)]
pub(super) struct Gaps {
    counts: [u64; CLASSES],
    sums_ns: [u64; CLASSES],
    total: u64,
}

impl Gaps {
    pub(super) fn new() -> Self {
        Self { counts: [0; CLASSES], sums_ns: [0; CLASSES], total: 0 }
    }

    pub(super) fn add(&mut self, ns: u64) {
        let class = class(ns);
        self.counts[class] += 1;
        self.sums_ns[class] = self.sums_ns[class].saturating_add(ns);
        self.total += 1;
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The distance that a fraction of all distances, in per cent, does not exceed: the mean of its class.
    pub(super) fn quantile(&self, percent: u64) -> Option<u64> {
        let rank = (self.total * percent).div_ceil(100).max(1);
        let mut seen = 0;
        for (count, sum_ns) in self.counts.iter().zip(self.sums_ns) {
            seen += count;
            if *count > 0 && seen >= rank {
                return Some(sum_ns / count);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_rise_with_time_and_stay_inside() {
        let mut last = 0;
        for exponent in 0..64 {
            for part in [4_u64, 5, 6, 7] {
                let ns = if exponent < 2 { 1 << exponent } else { part << (exponent - 2) };
                let class = class(ns);
                assert!(class >= last && class < CLASSES, "{ns}");
                last = class;
            }
        }
        assert_eq!((class(0), class(u64::MAX)), (0, CLASSES - 1));
        assert_ne!(class(4_000_000), class(5_500_000));
    }

    #[test]
    fn quantiles_of_equal_and_of_mixed_distances() {
        let mut gaps = Gaps::new();
        assert_eq!(gaps.quantile(50), None);
        for _ in 0..89 {
            gaps.add(4_000_000);
        }
        for _ in 0..11 {
            gaps.add(1_000_000);
        }
        assert_eq!(gaps.quantile(50), Some(4_000_000));
        assert_eq!(gaps.quantile(10), Some(1_000_000));
        assert_eq!(gaps.total(), 100);
    }
}
