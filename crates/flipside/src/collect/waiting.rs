//! The reader's blocking calls.

use std::time::{Duration, Instant};

use super::batch::Batch;
use super::closing::deadline_after;
use super::collector::Shared;
use super::drain::{Drain, Next, Step};
use super::lanes::Lanes;
use crate::substrate::atomic::{Backoff, Ordering::Relaxed, TIMED_SLEEPS, sleep};

/// The first and the longest pause between two looks at a straggler.
const STRAGGLER_PAUSE: [Duration; 2] = [Duration::from_micros(50), Duration::from_millis(2)];
/// The longest sleep of a reader that nobody would wake.
const NAP: Duration = Duration::from_millis(100);

impl Drain {
    /// Waits for something to drain; `None` when the collector is closed and everything is drained.
    ///
    /// Idle it sleeps and costs no processor time: the first record of an epoch wakes it. Stragglers it awaits
    /// with pauses that grow to 2 ms, for they do not ring.
    ///
    /// ```
    /// # use flipside::collect::{Builder, Overflow, Record};
    /// # let (collector, mut drain) = Builder::new(Overflow::Block).build()?;
    /// let mut writer = collector.writer()?;
    /// writer.write(b"one")?;
    /// drop((writer, collector)); // Nobody is left who could write: the reader finishes.
    /// while let Some(batch) = drain.next() {
    ///     for record in batch.records() {
    ///         assert_eq!(record, Record::Data { source: 0, tag: 0, body: b"one" });
    ///     }
    ///     batch.release();
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[expect(clippy::should_implement_trait, reason = "a batch borrows the drain, which no iterator can say")]
    pub fn next(&mut self) -> Option<Batch<'_>> {
        self.await_step(None);
        match self.batch() {
            Next::Batch(batch) => Some(batch),
            Next::Pending | Next::Finished => None,
        }
    }

    /// As [`next`](Self::next), for at most `timeout`; then [`Next::Pending`].
    pub fn next_timeout(&mut self, timeout: Duration) -> Next<'_> {
        match self.await_step(deadline_after(timeout)) {
            Step::Finished => Next::Finished,
            _ => self.batch(),
        }
    }

    /// Drains into `sink` until the collector is closed and everything is drained.
    ///
    /// A batch is released when the sink returns `Ok`.
    ///
    /// # Errors
    ///
    /// The sink's first error. Its batch is not released: a later call hands it out again. Dropping the drain
    /// instead closes the collector and counts what is left as abandoned.
    ///
    /// # Panics
    ///
    /// If the sink does; the batch is not released either.
    pub fn run<E>(&mut self, mut sink: impl FnMut(&Batch<'_>) -> Result<(), E>) -> Result<(), E> {
        while let Some(batch) = self.next() {
            sink(&batch)?;
            batch.release();
        }
        Ok(())
    }

    /// Waits until there is a batch, or none will ever come, or the deadline has passed.
    fn await_step(&mut self, deadline: Option<Instant>) -> Step {
        self.rouse();
        let mut straggling = Straggling::default();
        loop {
            let step = self.step();
            if step == Step::Straggling {
                if !straggling.pause(deadline) {
                    return step;
                }
                continue;
            }
            if matches!(step, Step::Ready | Step::Finished) || is_over(deadline) {
                return step;
            }
            self.doze(deadline, &mut straggling);
        }
    }

    /// Sleeps until somebody rings, the linger is over, or the deadline. While somebody is just writing who has not
    /// seen that he must ring, it does so with pauses that grow up to the linger; what others write rings.
    ///
    /// A reader that was busy a moment ago expects the next record soon: it sleeps until the linger would be over
    /// if that came at once, and only the watermark wakes it. So a busy epoch costs one wake-up instead of two. A
    /// reader that finds nothing even then sleeps without end, and the first record wakes it.
    fn doze(&mut self, deadline: Option<Instant>, inside: &mut Straggling) {
        let shared = self.shared.clone();
        let lingered = self.seen_empty.checked_add(shared.linger);
        let idle = !TIMED_SLEEPS || lingered.is_some_and(|lingered| Instant::now() >= lingered);
        // A flight recorder is woken when there is much, or when somebody asks, and by nothing else.
        let deep = idle && !self.is_flight() && shared.falls_asleep();
        let ticket = shared.reader.announce();
        let step = self.step();
        let until = match step {
            Step::Idle | Step::Inside | Step::Lingering if self.is_flight() => deadline,
            Step::Idle if deep => deadline,
            Step::Inside if deep => {
                if !inside.is_to_nap() || !TIMED_SLEEPS {
                    shared.reader.cancel(ticket);
                    shared.wakes();
                    inside.pause(deadline);
                    return;
                }
                earlier(deadline, deadline_after(inside.nap(shared.longest_nap())))
            }
            Step::Idle | Step::Inside if idle => earlier(deadline, deadline_after(shared.longest_nap())),
            Step::Idle | Step::Inside | Step::Lingering => earlier(deadline, lingered),
            Step::Ready | Step::Finished | Step::Straggling => {
                shared.reader.cancel(ticket);
                shared.wakes();
                return;
            }
        };
        shared.reader.sleep(ticket, until);
        shared.wakes();
        if step != Step::Inside {
            *inside = Straggling::default();
        }
        if step == Step::Idle && deep {
            // The first record has just rung: its linger begins.
            self.seen_empty = Instant::now();
        }
    }
}

impl Shared {
    /// How long a reader may sleep that nobody would wake: no record is to wait for longer than the linger, but an eager
    /// reader must not spin either.
    fn longest_nap(&self) -> Duration {
        self.linger.clamp(STRAGGLER_PAUSE[1], NAP)
    }

    /// The reader is about to sleep without end: from now on a first record rings. False if the writers cannot be
    /// told, for the system has begun to refuse the fence that it takes.
    pub(super) fn falls_asleep(&self) -> bool {
        match &self.lanes {
            Lanes::Shared(_) => self.tally.in_deep_sleep.store(true, Relaxed),
            Lanes::Own(lanes) => {
                self.gate.sleeps(true);
                if self.gate.heavy(lanes).is_err() {
                    self.gate.sleeps(false);
                    return false;
                }
            }
        }
        true
    }

    pub(super) fn wakes(&self) {
        match &self.lanes {
            Lanes::Shared(_) => self.tally.in_deep_sleep.store(false, Relaxed),
            Lanes::Own(_) => self.gate.sleeps(false),
        }
    }
}

fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    [one, other].into_iter().flatten().min()
}

fn is_over(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| Instant::now() >= deadline)
}

/// How far the wait for a straggler has got: pauses, then yields, then sleeps.
#[derive(Default)]
pub(super) struct Straggling {
    backoff: Backoff,
    nap: Option<Duration>,
}

impl Straggling {
    /// Lets others run for a moment; false if the deadline has passed.
    pub(super) fn pause(&mut self, deadline: Option<Instant>) -> bool {
        if !self.backoff.is_spent() {
            self.backoff.snooze();
            return true;
        }
        if is_over(deadline) {
            return false;
        }
        sleep(self.nap(STRAGGLER_PAUSE[1]));
        true
    }

    fn is_to_nap(&self) -> bool {
        self.backoff.is_spent()
    }

    /// The next nap's length.
    fn nap(&mut self, longest: Duration) -> Duration {
        let nap = self.nap.map_or(STRAGGLER_PAUSE[0], |nap| (nap * 2).min(longest));
        self.nap = Some(nap);
        nap
    }
}
