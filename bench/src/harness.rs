//! Rounds, interleaved; their statistics; and the time that all of it may take.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How much of everything.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) quick: bool,
    /// Rounds of each contender.
    pub(crate) rounds: usize,
    /// Short passes by which each reader is judged in the warm-up; the median decides.
    pub(crate) trials: usize,
    /// The longest that a round is meant to take.
    pub(crate) round: Duration,
    /// What the whole program may take.
    pub(crate) total: Duration,
    /// A pass that takes longer hangs, or might as well.
    pub(crate) patience: Duration,
}

impl Plan {
    pub(crate) const fn new(quick: bool) -> Self {
        if quick {
            Self {
                quick,
                rounds: 7,
                trials: 1,
                round: Duration::from_millis(40),
                // Well below the 60 s of the contract: a table may overrun its share a little.
                total: Duration::from_secs(44),
                patience: Duration::from_secs(5),
            }
        } else {
            Self {
                quick,
                rounds: 11,
                trials: 3,
                round: Duration::from_millis(150),
                total: Duration::from_secs(570),
                patience: Duration::from_secs(30),
            }
        }
    }
}

/// Divides the time among the tables. Who is late takes from those who follow, not from the deadline.
pub(crate) struct Budget {
    end: Instant,
    shares: usize,
}

impl Budget {
    pub(crate) fn new(plan: &Plan, shares: usize) -> Self {
        let end = Instant::now() + plan.total;
        Self { end, shares }
    }

    /// The time for the next `shares` shares, as things stand.
    pub(crate) fn share(&mut self, shares: usize) -> Duration {
        let left = self.end.saturating_duration_since(Instant::now());
        let share = left.mul_f64(shares as f64 / self.shares.max(shares) as f64);
        self.shares -= shares.min(self.shares);
        share
    }
}

/// Calls `sample(contender)` in turn for all of them, `rounds` times over: A B C A B C. What drifts in the
/// machine drifts for all. Returns the samples of each; `None` for one that failed to give a sample, which is
/// not asked again.
pub(crate) fn interleave<T>(
    contenders: usize,
    rounds: usize,
    mut sample: impl FnMut(usize) -> Option<T>,
) -> Vec<Option<Vec<T>>> {
    let mut all: Vec<_> = (0..contenders).map(|_| Some(Vec::with_capacity(rounds))).collect();
    for _ in 0..rounds {
        for (index, samples) in all.iter_mut().enumerate() {
            let Some(mut its) = samples.take() else { continue };
            *samples = sample(index).map(|sample| {
                its.push(sample);
                its
            });
        }
    }
    all
}

/// Smallest, middle and largest of some samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Summary {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

impl Summary {
    /// Of at least one sample. The median of an even number of them is the mean of the two in the middle.
    pub(crate) fn of(samples: &[f64]) -> Self {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = if sorted.len().is_multiple_of(2) {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        } else {
            sorted[middle]
        };
        Self { min: sorted[0], median, max: sorted[sorted.len() - 1] }
    }
}

/// Finds how many records take about `target`, by passes that grow; returns that number and the rate, in records
/// per second, of the last pass. `pass(n)` is the time for `n` records; `None` if it does not end.
pub(crate) fn calibrate(
    target: Duration,
    first: usize,
    mut pass: impl FnMut(usize) -> Option<Duration>,
) -> Option<(usize, f64)> {
    let target = target.as_secs_f64();
    let mut records = first.max(1);
    loop {
        let took = pass(records)?.as_secs_f64().max(1e-7);
        let wanted = (records as f64 * target / took).max(1.0);
        if took >= target / 4.0 {
            return Some((wanted as usize, records as f64 / took));
        }
        // A short pass says little about a long one, so not all the way at once.
        records = (wanted.min(records as f64 * 16.0) as usize).max(records + 1);
    }
}

/// How much the next round has after one that took this long. A machine that has become slower must not cost more
/// time than there is; and one bad moment, in calibration as well, must not leave a contender with rounds of a few
/// operations, which the next bad moment would spoil.
pub(crate) fn resized(count: usize, took: Duration, round: Duration) -> usize {
    let ratio = round.as_secs_f64() / took.as_secs_f64().max(1e-9);
    if (0.5..=2.0).contains(&ratio) { count } else { ((count as f64 * ratio.min(8.0)) as usize).max(1) }
}

/// Runs a pass in a thread of its own; `None` if it has not ended within `patience`.
///
/// A thread that hangs cannot be stopped, only left behind. So a contender that loses a wake-up loses its place
/// in the table and not everybody else's; if what it left behind spins, the others pay for it, and the reader of
/// the table is told.
pub(crate) fn within<T: Send + 'static>(
    patience: Duration,
    pass: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, result) = mpsc::channel();
    // The receiver may have gone by then, which is nobody's loss.
    let thread = thread::spawn(move || drop(done.send(pass())));
    match result.recv_timeout(patience) {
        Ok(result) => Some(result),
        Err(RecvTimeoutError::Timeout) => None,
        Err(RecvTimeoutError::Disconnected) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => unreachable!("it sends before it ends"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_in_the_middle() {
        let summary = Summary::of(&[3.0, 1.0, 2.0]);
        assert_eq!((summary.min, summary.median, summary.max), (1.0, 2.0, 3.0));
        assert_eq!(Summary::of(&[4.0, 1.0, 2.0, 3.0]).median, 2.5);
        assert_eq!(Summary::of(&[7.0]).median, 7.0);
    }

    #[test]
    fn rounds_take_turns_without_those_who_failed() {
        let mut order = Vec::new();
        let samples = interleave(3, 2, |index| {
            order.push(index);
            (index != 1).then_some(order.len())
        });
        assert_eq!(order, [0, 1, 2, 0, 2]);
        assert_eq!(samples, [Some(vec![1, 4]), None, Some(vec![3, 5])]);
    }

    #[test]
    fn calibration_ends_near_its_target() {
        // 1 us for each record and 100 us for nothing.
        let pass = |records: usize| Some(Duration::from_micros(100 + records as u64));
        let (records, rate) = calibrate(Duration::from_millis(10), 10, pass).unwrap();
        assert!((5_000..=10_000).contains(&records), "{records}");
        assert!((0.9e6..=1e6).contains(&rate), "{rate}");
        // A pass that takes for ever at once is not repeated.
        let slow = calibrate(Duration::from_millis(1), 10, |_| Some(Duration::from_secs(1)));
        assert_eq!(slow.unwrap().0, 1);
        assert_eq!(calibrate(Duration::from_millis(1), 10, |_| None), None);
    }

    #[test]
    fn rounds_are_cut_and_grow_again() {
        let (ms, round) = (Duration::from_millis, Duration::from_millis(20));
        assert_eq!(resized(100, ms(30), round), 100);
        assert_eq!(resized(100, ms(200), round), 10);
        assert_eq!(resized(1, ms(2000), round), 1);
        assert_eq!(resized(10, ms(5), round), 40);
        assert_eq!(resized(10, Duration::ZERO, round), 80);
    }

    #[test]
    fn who_is_late_takes_from_those_who_follow() {
        let mut budget = Budget::new(&Plan::new(true), 4);
        let first = budget.share(1);
        assert!(first <= Plan::new(true).total / 4);
        budget.end -= Duration::from_secs(30);
        assert!(budget.share(3) < Duration::from_secs(20));
        assert_eq!(budget.shares, 0);
        budget.share(1);
    }

    #[test]
    fn who_hangs_is_left_behind() {
        let patience = Duration::from_millis(200);
        assert_eq!(within(patience, || 7), Some(7));
        assert_eq!(within(patience, move || thread::sleep(5 * patience)), None);
    }

    #[test]
    #[should_panic(expected = "bytes lost")]
    fn a_pass_that_panics_is_not_taken_for_one_that_hangs() {
        let _: Option<()> = within(Duration::from_secs(9), || panic!("bytes lost"));
    }

    #[test]
    fn plans_keep_the_contract() {
        for quick in [true, false] {
            let plan = Plan::new(quick);
            assert!(plan.rounds >= 7);
            assert!(!quick || plan.total < Duration::from_secs(60));
        }
    }
}
