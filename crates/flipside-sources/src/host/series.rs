//! A counter's rate over the whole run, in few enough points for a small plot.

/// Wide enough for a terminal, narrow enough for a glance.
const POINTS_MAX: usize = 120;

/// The width of a point at the start; it doubles whenever the points run out, first after 15 seconds.
const WIDTH_NS: u64 = 125_000_000;

/// Rates over equal stretches of time, from the first sample to the last.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Series {
    /// The rate per second of each stretch, at most 120 of them. The last may be shorter than the others; its
    /// rate is that of the time it covers.
    pub points: Vec<f64>,
    /// How long a stretch is.
    pub seconds_per_point: f64,
}

/// Collects a [`Series`] without allocating: pairs of points are merged when there is no room for more.
#[derive(Debug, Clone)]
pub(super) struct Plot {
    sums: Vec<f64>,
    width_ns: u64,
    start_ns: u64,
    end_ns: u64,
}

impl Plot {
    pub(super) fn new() -> Self {
        Self { sums: Vec::with_capacity(POINTS_MAX), width_ns: WIDTH_NS, start_ns: 0, end_ns: 0 }
    }

    pub(super) fn start(&mut self, ns: u64) {
        self.start_ns = ns;
        self.end_ns = ns;
    }

    /// The counter rose by `delta` since the last call (or the start), which was at a time before `to_ns`.
    /// What covers several points is divided among them evenly.
    pub(super) fn add(&mut self, to_ns: u64, delta: u64) {
        let (from, to) = (self.end_ns - self.start_ns, to_ns.saturating_sub(self.start_ns));
        if to_ns <= self.end_ns {
            return self.add_to(self.sums.len().saturating_sub(1), delta as f64);
        }
        self.end_ns = to_ns;
        while (to - 1) / self.width_ns >= POINTS_MAX as u64 {
            self.merge();
        }
        let (first, last) = (from / self.width_ns, (to - 1) / self.width_ns);
        if first == last {
            return self.add_to(last as usize, delta as f64);
        }
        for point in first..=last {
            let begin = from.max(point * self.width_ns);
            let end = to.min((point + 1) * self.width_ns);
            let share = (end - begin) as f64 / (to - from) as f64;
            self.add_to(point as usize, delta as f64 * share);
        }
    }

    fn add_to(&mut self, point: usize, delta: f64) {
        if self.sums.len() <= point {
            self.sums.resize(point + 1, 0.0);
        }
        self.sums[point] += delta;
    }

    fn merge(&mut self) {
        let half = self.sums.len().div_ceil(2);
        for point in 0..half {
            self.sums[point] = self.sums[2 * point] + self.sums.get(2 * point + 1).copied().unwrap_or(0.0);
        }
        self.sums.truncate(half);
        self.width_ns *= 2;
    }

    pub(super) fn series(&self) -> Series {
        let length_ns = self.end_ns - self.start_ns;
        let rate = |(point, sum): (usize, &f64)| {
            let covered = self.width_ns.min(length_ns.saturating_sub(point as u64 * self.width_ns));
            if covered == 0 { 0.0 } else { sum * 1e9 / covered as f64 }
        };
        let points = self.sums.iter().enumerate().map(rate).collect();
        Series { points, seconds_per_point: self.width_ns as f64 / 1e9 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_constant_rate_stays_constant_through_every_merge() {
        let mut plot = Plot::new();
        plot.start(7);
        for ms in 1..=100_010 {
            plot.add(7 + ms * MS, 3);
            let points = plot.sums.len();
            assert!(points <= POINTS_MAX && plot.sums.capacity() == POINTS_MAX);
        }
        let series = plot.series();
        assert_eq!(series.seconds_per_point, 1.0);
        assert_eq!(series.points.len(), 101);
        assert!(series.points.iter().all(|rate| (rate - 3000.0).abs() < 1e-6), "{series:?}");
    }

    #[test]
    fn a_long_silence_is_spread_and_a_late_burst_is_not() {
        let mut plot = Plot::new();
        plot.start(0);
        plot.add(1000 * MS, 800);
        plot.add(1001 * MS, 50);
        let series = plot.series();
        assert_eq!(series.points.len(), 9);
        assert!(series.points[..8].iter().all(|rate| (rate - 800.0).abs() < 1e-6));
        assert!((series.points[8] - 50_000.0).abs() < 1e-6);
    }

    #[test]
    fn nothing_and_an_hour_at_once() {
        let mut plot = Plot::new();
        assert!(plot.series().points.is_empty());
        plot.start(0);
        plot.add(0, 5);
        plot.add(3_600_000 * MS, 3600);
        let series = plot.series();
        assert!(series.points.len() > 60 && series.points.len() <= POINTS_MAX);
        assert_eq!(series.seconds_per_point, 32.0);
    }
}
