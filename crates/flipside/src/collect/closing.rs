//! Flush, close and the straggler report: what needs a clock and a thread to wait on.

use alloc::vec::Vec;
use std::time::{Duration, Instant};

use super::collector::{Collector, Shared};
use super::error::FlushError;
use super::slot::Slot;
use super::stats::{Report, Straggler};
use crate::substrate::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, thread_token};
use crate::substrate::side::Side;

/// Points in time that the reader and others tell each other, in nanoseconds after `birth`, 0 for none.
#[derive(Debug)]
pub(crate) struct Timing {
    birth: Instant,
    /// Since when the reader has been waiting for stragglers, and (lowest bit) on which side.
    straggling: AtomicU64,
    /// When a close stops waiting for stragglers.
    give_up: AtomicU64,
    /// The reader has stopped: somebody was left behind on a side.
    left_behind: AtomicBool,
}

impl Timing {
    pub(crate) fn new() -> Self {
        Self {
            birth: Instant::now(),
            straggling: AtomicU64::new(0),
            give_up: AtomicU64::new(0),
            left_behind: AtomicBool::new(false),
        }
    }

    fn stamp(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.birth).as_nanos()).unwrap_or(u64::MAX).max(2)
    }

    /// The reader waits for the stragglers of `side`, from now on or already.
    pub(crate) fn straggling(&self, side: Side) {
        if self.straggling.load(Relaxed) == 0 {
            self.straggling.store(self.stamp(Instant::now()) & !1 | side.bit() as u64, Relaxed);
        }
    }

    /// Nobody is waited for any more. Who was left behind stays in the report.
    pub(crate) fn vacant(&self) {
        if !self.has_left_behind() {
            self.straggling.store(0, Relaxed);
        }
    }

    /// The reader stops waiting for the stragglers of a side.
    pub(crate) fn leave_behind(&self) {
        self.left_behind.store(true, Relaxed);
    }

    fn has_left_behind(&self) -> bool {
        self.left_behind.load(Relaxed)
    }

    pub(super) fn give_up_at(&self, deadline: Instant) {
        self.give_up.store(self.stamp(deadline), Relaxed);
    }

    /// Whether a close has run out of patience.
    pub(crate) fn gives_up(&self) -> bool {
        match self.give_up.load(Relaxed) {
            0 => false,
            stamp => self.stamp(Instant::now()) >= stamp,
        }
    }
}

impl Shared {
    /// Who is on the side that the reader waits for; after it gave up, who still holds a claim.
    fn stragglers(&self) -> Vec<Straggler> {
        let since = self.timing.straggling.load(Relaxed);
        if since == 0 {
            return Vec::new();
        }
        let side = Side::from_bit((since & 1) as usize);
        let held = Duration::from_nanos(self.timing.stamp(Instant::now()).saturating_sub(since & !1));
        let on = self.slots.iter().enumerate().filter(|&(index, slot)| match self.timing.has_left_behind() {
            true => self.lanes.holds(index, slot),
            false => self.lanes.may_straggle(index, slot, side),
        });
        on.map(|(slot, its)| Straggler { slot, source: its.source().unwrap_or_default(), held }).collect()
    }

    /// Sleeps on the answers until `done`, or until `deadline`; false if that came first.
    fn await_answer(&self, deadline: Option<Instant>, done: impl Fn() -> bool) -> bool {
        loop {
            if done() {
                return true;
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return false;
            }
            let ticket = self.answers.announce();
            if done() {
                self.answers.cancel(ticket);
                return true;
            }
            self.answers.sleep(ticket, deadline);
        }
    }

    /// The slot in which the calling thread holds a claim.
    fn claimed_here(&self) -> Option<usize> {
        let here = thread_token();
        let mine = |slot: &Slot| here != 0 && slot.claimed_by.load(Relaxed) == here;
        self.slots.iter().position(|slot| mine(slot))
    }

    /// Whether the calling thread is the one that drains.
    pub(crate) fn is_draining_here(&self) -> bool {
        let here = thread_token();
        here != 0 && self.tally.draining.load(Relaxed) == here
    }
}

/// A deadline so far away that it cannot be told is none.
pub(crate) fn deadline_after(wait: Duration) -> Option<Instant> {
    Instant::now().checked_add(wait)
}

impl Collector {
    /// Waits until every record committed before, by this thread or by one that this thread has heard of, is
    /// drained and the sink has answered for it.
    ///
    /// Blocks on the reader, and on stragglers.
    ///
    /// # Errors
    ///
    /// [`FlushError::InsideClaim`] and [`FlushError::FromSink`] where it would wait for itself,
    /// [`FlushError::Abandoned`] if the reader went away.
    pub fn flush(&self) -> Result<(), FlushError> {
        self.flush_until(None)
    }

    /// As [`flush`](Self::flush), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// [`FlushError::Timeout`], besides those of `flush`.
    pub fn flush_timeout(&self, timeout: Duration) -> Result<(), FlushError> {
        self.flush_until(deadline_after(timeout))
    }

    fn flush_until(&self, deadline: Option<Instant>) -> Result<(), FlushError> {
        let shared = &*self.shared;
        if shared.is_draining_here() {
            return Err(FlushError::FromSink);
        }
        if let Some(slot) = shared.claimed_here() {
            return Err(FlushError::InsideClaim { slot });
        }
        let ticket = shared.request_flush();
        if !shared.await_answer(deadline, || shared.answered() >= ticket || shared.is_finished()) {
            return Err(FlushError::Timeout);
        }
        // Finished: the reader took every side it could. What it left behind is in the counts.
        if shared.answered() < ticket && shared.stats().total().abandoned != 0 {
            return Err(FlushError::Abandoned);
        }
        Ok(())
    }

    /// Closes: waits until everything accepted is drained and the sink has answered, for at most `patience`;
    /// then the reader gives up on stragglers, abandons what it cannot take, and the report says so.
    ///
    /// Blocks on the reader. Called by the thread that drains (from the sink, say) it cannot wait, nor without end
    /// by one that holds a claim itself: it asks, as [`request_close`](Self::request_close) does, and reports what is there.
    ///
    /// ```
    /// use flipside::collect::{Builder, Overflow};
    /// use std::time::Duration;
    ///
    /// let (collector, mut drain) = Builder::new(Overflow::Block).build()?;
    /// let reader = std::thread::spawn(move || drain.run(|_batch| Ok::<(), std::io::Error>(())));
    /// collector.writer()?.write(b"one")?;
    /// let report = collector.close(Duration::from_secs(1));
    /// assert!(report.complete);
    /// assert_eq!(report.stats.total().drained, 1);
    /// # reader.join().unwrap()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close(&self, patience: Duration) -> Report {
        let shared = &*self.shared;
        let deadline = deadline_after(patience);
        if let Some(deadline) = deadline {
            shared.timing.give_up_at(deadline);
        }
        shared.request_close();
        let for_itself = deadline.is_none() && shared.claimed_here().is_some();
        let can_wait = !shared.is_draining_here() && !for_itself;
        if can_wait && !shared.await_answer(deadline, || shared.is_finished()) {
            // The reader looks at the clock every few milliseconds while it waits for stragglers, so this is
            // short, unless the sink itself hangs.
            shared.await_answer(deadline_after(Duration::from_millis(100)), || shared.is_finished());
        }
        let stats = shared.stats();
        let complete =
            shared.is_finished() && stats.total().abandoned == 0 && !shared.timing.has_left_behind();
        // A reader that gave up leaves the mark of whom it waited for.
        let stragglers = if complete { Vec::new() } else { shared.stragglers() };
        Report { complete, stragglers, stats }
    }

    /// Who keeps the reader waiting at present, and for how long. Empty while it waits for nobody.
    #[must_use]
    pub fn stragglers(&self) -> Vec<Straggler> {
        self.shared.stragglers()
    }
}
