//! The worst moment of a counter: its peak over a sampling period, beside the second around it.
//!
//! Every step of the counter is a candidate: it rose by `d`, `s` after the sample before, `g` after its last
//! step. Over what time is `d` to be counted? Over `s`, if the counter is always up to date; but a counter
//! that its kernel refreshes every four milliseconds has gathered `d` over all four, and calling that a
//! millisecond's rate would quadruple it. So over `max(s, min(g, R))`, where `R` is the refresh period,
//! learnt from all the distances `g` of the run. `R` is only known at the end, so the best candidates are
//! kept for each class of `g`, once by `d` and once by `d / s`: one of those wins, whatever `R` will be.
//!
//! A candidate is judged half a second late, when the second around it has gone by and is still in the ring; and
//! many are judged together, because a thread that wakes once a millisecond finds nothing in the caches: taking
//! a sample touches no memory but the end of the ring.

use std::time::Duration;

use super::gaps::{CLASSES, Gaps, class};
use super::series::{Plot, Series};
use super::source::Refresh;

/// At 1 kHz, two seconds: the one around the candidate and one to spare. Faster sampling shortens the time around a peak that is compared with.
const RING: u64 = 2048;

/// How many samples are taken before the next candidates are judged.
const BATCH: u64 = 64;

const HALF_A_SECOND_NS: u64 = 500_000_000;

/// Below this many distances, it is not claimed that a live counter is a slow one.
const SLOW_MIN: u64 = 3;

/// No distance yet. Longer than any.
const NEVER: u64 = u64::MAX;

/// Finds the worst moment of one counter, its update period, and its course over the run.
///
/// Constant time and no allocation per sample; 90 KiB.
///
/// ```
/// use flipside_sources::host::{Burst, Refresh};
///
/// let mut burst = Burst::new(Refresh::Live);
/// let mut count = 0;
/// for ms in 0..2000_u64 {
///     count += if ms == 700 { 500 } else { 2 };
///     burst.observe(ms * 1_000_000, ms * 1_000_000, count);
/// }
/// let report = burst.report();
/// let peak = report.peak.unwrap();
/// assert_eq!((peak.at_ns, peak.over_ns), (699_000_000, 1_000_000));
/// assert_eq!(peak.rate, 500_000.0);
/// assert_eq!(report.update_period_ns, Some(1_000_000));
/// ```
#[derive(Debug, Clone)]
pub struct Burst {
    live: bool,
    floor_ns: u64,
    ring: Box<[Point]>,
    /// Samples taken so far. The ring holds the last of them; the indices below count like this one.
    taken: u64,
    /// The next candidate.
    centre: u64,
    /// The last sample up to half a second after the candidate.
    ahead: u64,
    /// The last sample half a second before the candidate, or the oldest there is.
    back: u64,
    /// The last sample that is at least the floor before the candidate.
    base: u64,
    last_value: u64,
    gaps: Gaps,
    best: Box<[[Candidate; 2]]>,
    plot: Plot,
    first_ns: u64,
}

/// One sample, with the counter turned into one that starts at zero and never falls.
#[derive(Debug, Clone, Copy, Default)]
struct Point {
    from_ns: u64,
    to_ns: u64,
    total: u64,
    /// `from_ns` of the last sample, this one included, that differed from the one before it.
    changed_ns: u64,
}

/// A step that may be the peak.
#[derive(Debug, Clone, Copy, Default)]
struct Candidate {
    rise: u64,
    span_ns: u64,
    gap_ns: u64,
    to_ns: u64,
    mean: f64,
}

/// What a [`Burst`] has found so far.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BurstReport {
    /// The worst moment; `None` if the counter never rose in a way that tells how fast.
    pub peak: Option<Peak>,
    /// The rate per second over the whole run.
    pub mean: f64,
    /// By how much the counter rose during the run.
    pub total: u64,
    /// How many samples were taken.
    pub samples: u64,
    /// The median distance of samples at which the counter had changed: the sampling period for one that is
    /// always up to date, the kernel's refresh period for a slow one, the distance of events for a rare one.
    /// `None` if it did not change twice.
    pub update_period_ns: Option<u64>,
    /// The course of the rate over the run.
    pub series: Series,
}

/// The worst moment of a counter.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Peak {
    /// Its rate per second: at least this much, see [`Sample::from_ns`](super::Sample::from_ns).
    pub rate: f64,
    /// The time over which that is stated: from one sample to the next, or the update period of a slow
    /// counter.
    pub over_ns: u64,
    /// When that time began, in nanoseconds since the origin of the samples.
    pub at_ns: u64,
    /// The rate per second of the second around it, or of as much of that as there was.
    pub mean: f64,
}

impl Burst {
    /// A tracker for a counter that is kept up to date in this way: see
    /// [`Source::refresh`](super::Source::refresh).
    #[must_use]
    pub fn new(refresh: Refresh) -> Self {
        let (live, floor) = match refresh {
            Refresh::Live => (true, Duration::ZERO),
            Refresh::Timed { floor } => (false, floor),
        };
        let floor_ns = u64::try_from(floor.as_nanos()).unwrap_or(u64::MAX).min(HALF_A_SECOND_NS);
        Self {
            live,
            floor_ns,
            ring: vec![Point::default(); RING as usize].into(),
            taken: 0,
            centre: 1,
            ahead: 1,
            back: 0,
            base: 0,
            last_value: 0,
            gaps: Gaps::new(),
            best: vec![[Candidate::default(); 2]; CLASSES + 1].into(),
            plot: Plot::new(),
            first_ns: 0,
        }
    }

    /// Takes the next sample: the counter had this value at some time between `from_ns` and `to_ns`. A
    /// counter that falls, because it wrapped or began anew, counts as unchanged. Times that fall are pulled
    /// up.
    pub fn observe(&mut self, from_ns: u64, to_ns: u64, value: u64) {
        let point = self.next_point(from_ns, to_ns, value);
        self.make_room();
        self.ring[(self.taken % RING) as usize] = point;
        self.taken += 1;
        if self.taken.is_multiple_of(BATCH) {
            while self.centre < self.taken && half_a_second_apart(self.point(self.centre), &point) {
                self.judge();
            }
        }
    }

    /// What has been found so far. Copies the tracker; the run goes on undisturbed.
    #[must_use]
    pub fn report(&self) -> BurstReport {
        let mut all = self.clone();
        while all.centre < all.taken {
            all.judge();
        }
        all.finished()
    }

    fn next_point(&mut self, from_ns: u64, to_ns: u64, value: u64) -> Point {
        if self.taken == 0 {
            self.last_value = value;
            self.first_ns = to_ns;
            self.plot.start(to_ns);
            return Point { from_ns: from_ns.min(to_ns), to_ns, total: 0, changed_ns: NEVER };
        }
        let last = *self.point(self.taken - 1);
        let to_ns = to_ns.max(last.to_ns);
        let from_ns = from_ns.clamp(last.from_ns, to_ns);
        let rise = value.saturating_sub(self.last_value);
        self.last_value = value;
        let changed_ns = if rise > 0 { from_ns } else { last.changed_ns };
        Point { from_ns, to_ns, total: last.total.wrapping_add(rise), changed_ns }
    }

    fn point(&self, index: u64) -> &Point {
        &self.ring[(index % RING) as usize]
    }

    /// Makes sure that the oldest sample in the ring is not needed any more. Only sampling faster than the
    /// ring was made for gives work here, and costs some of the second around the peak.
    fn make_room(&mut self) {
        while self.taken - self.back >= RING {
            if self.centre - self.back > RING / 2 {
                self.back += 1;
            } else {
                self.judge();
            }
        }
    }

    /// Judges the next candidate, with the samples so far as what came after it.
    fn judge(&mut self) {
        let candidate = *self.point(self.centre);
        while self.back + 1 < self.centre && half_a_second_apart(self.point(self.back + 1), &candidate) {
            self.back += 1;
        }
        self.base = self.base.max(self.back);
        while self.base + 1 < self.centre
            && candidate.to_ns.saturating_sub(self.point(self.base + 1).from_ns) >= self.floor_ns
        {
            self.base += 1;
        }
        self.ahead = self.ahead.max(self.centre);
        while self.ahead + 1 < self.taken
            && self.point(self.ahead + 1).to_ns - candidate.to_ns <= HALF_A_SECOND_NS
        {
            self.ahead += 1;
        }
        let before = *self.point(self.centre - 1);
        self.centre += 1;
        self.plot.add(candidate.to_ns, candidate.total.wrapping_sub(before.total));
        if candidate.total == before.total {
            return;
        }
        if before.changed_ns != NEVER {
            self.gaps.add(candidate.from_ns.saturating_sub(before.changed_ns));
        }
        let base = *self.point(self.base);
        let span_ns = candidate.to_ns.saturating_sub(base.from_ns);
        let rise = candidate.total.wrapping_sub(base.total);
        if span_ns < self.floor_ns.max(1) {
            return;
        }
        let gap_ns =
            if base.changed_ns == NEVER { NEVER } else { candidate.to_ns.saturating_sub(base.changed_ns) };
        let (back, ahead) = (self.point(self.back), self.point(self.ahead));
        let mean = per_second(ahead.total.wrapping_sub(back.total), ahead.to_ns - back.to_ns);
        self.keep(Candidate { rise, span_ns, gap_ns, to_ns: candidate.to_ns, mean });
    }

    fn keep(&mut self, candidate: Candidate) {
        let class = if candidate.gap_ns == NEVER { CLASSES } else { class(candidate.gap_ns) };
        let [by_rise, by_rate] = &mut self.best[class];
        if candidate.rise > by_rise.rise {
            *by_rise = candidate;
        }
        if candidate.rate_over(0) > by_rate.rate_over(0) {
            *by_rate = candidate;
        }
    }

    fn finished(&self) -> BurstReport {
        let update_period_ns = self.gaps.quantile(50);
        let refresh_ns = match self.live {
            true if self.gaps.total() < SLOW_MIN => Some(0),
            true => self.gaps.quantile(10),
            // The first step of a slow counter may have gathered for any time before the run.
            false => update_period_ns,
        };
        let peak = refresh_ns.and_then(|refresh_ns| {
            let candidates = self.best.iter().flatten().filter(|candidate| candidate.rise > 0);
            let best =
                candidates.max_by(|a, b| a.rate_over(refresh_ns).total_cmp(&b.rate_over(refresh_ns)))?;
            let over_ns = best.over(refresh_ns);
            let at_ns = best.to_ns.saturating_sub(over_ns);
            Some(Peak { rate: best.rate_over(refresh_ns), over_ns, at_ns, mean: best.mean })
        });
        let last = if self.taken == 0 { Point::default() } else { *self.point(self.taken - 1) };
        BurstReport {
            peak,
            mean: per_second(last.total, last.to_ns.saturating_sub(self.first_ns)),
            total: last.total,
            samples: self.taken,
            update_period_ns,
            series: self.plot.series(),
        }
    }
}

impl Candidate {
    fn over(&self, refresh_ns: u64) -> u64 {
        self.span_ns.max(self.gap_ns.min(refresh_ns))
    }

    fn rate_over(&self, refresh_ns: u64) -> f64 {
        per_second(self.rise, self.over(refresh_ns))
    }
}

fn half_a_second_apart(early: &Point, late: &Point) -> bool {
    late.to_ns - early.to_ns >= HALF_A_SECOND_NS
}

fn per_second(count: u64, ns: u64) -> f64 {
    if ns == 0 { 0.0 } else { count as f64 * 1e9 / ns as f64 }
}
