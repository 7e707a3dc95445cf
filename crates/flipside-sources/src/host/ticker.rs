//! A clock that ticks at fixed times and can be stopped in its sleep.

use std::time::{Duration, Instant};

use crate::stop::Stop;

/// Ticks at `start + n * period`, whatever the work in between takes: what one tick is late does not move the
/// next one. Ticks that can no longer be on time are skipped and counted.
///
/// Threads that tick from the same start wake together, which costs less than waking one after the other, and
/// their samples can be compared.
///
/// ```
/// use flipside_sources::{host::Ticker, stop};
/// use std::time::Duration;
///
/// let (handle, stop) = stop::pair()?;
/// let mut ticker = Ticker::new(Duration::from_millis(1));
/// for _ in 0..3 {
///     assert!(ticker.wait(&stop).is_some());
/// }
/// drop(handle);
/// assert!(ticker.wait(&stop).is_none());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Ticker {
    period: Duration,
    next: Instant,
    ticks: u64,
    late: u64,
    missed: u64,
}

/// One tick.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Tick {
    /// When it happened.
    pub at: Instant,
    /// How long after its time.
    pub behind: Duration,
    /// How many ticks are skipped because of that.
    pub missed: u64,
}

impl Ticker {
    /// A ticker whose first tick is one period from now. A period of less than a microsecond is taken as one.
    #[must_use]
    pub fn new(period: Duration) -> Self {
        Self::starting_at(Instant::now(), period)
    }

    /// A ticker whose first tick is one period after `start`.
    #[must_use]
    pub fn starting_at(start: Instant, period: Duration) -> Self {
        let period = period.max(Duration::from_micros(1));
        Self { period, next: start + period, ticks: 0, late: 0, missed: 0 }
    }

    /// Sleeps until the next tick; `None` at once when the run is stopped. One system call per tick, also
    /// when there is nothing to sleep, so that a thread that is always late can be stopped too.
    pub fn wait(&mut self, stop: &Stop) -> Option<Tick> {
        loop {
            let left = self.next.saturating_duration_since(Instant::now());
            // An interrupted sleep is over before its time and begins again. So does one that failed because
            // the kernel is short of memory.
            if stop.poll_once(Some(left)) == Ok(true) {
                return None;
            }
            let at = Instant::now();
            if at >= self.next {
                return Some(self.tick(at));
            }
        }
    }

    fn tick(&mut self, at: Instant) -> Tick {
        let behind = at.saturating_duration_since(self.next);
        let mut missed = 0;
        if behind > self.period {
            self.late += 1;
            missed = u64::try_from(behind.as_nanos() / self.period.as_nanos()).unwrap_or(u64::MAX);
            self.missed = self.missed.saturating_add(missed);
            let rest = behind.as_nanos() % self.period.as_nanos();
            self.next = at - Duration::from_nanos(u64::try_from(rest).unwrap_or(0));
        }
        self.next += self.period;
        self.ticks += 1;
        Tick { at, behind, missed }
    }

    /// The time between ticks.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.period
    }

    /// Ticks that happened.
    #[must_use]
    pub fn ticks(&self) -> u64 {
        self.ticks
    }

    /// Ticks that happened more than a period after their time.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Ticks that were skipped.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed
    }
}
